#include "common/drv/endpoint_memory.h"

#include <string.h>
#include <sys/queue.h>

#include "common/base/map.h"

#include "common/net/loop.h"
#include "common/port/endpoint_cache.h"

struct row {
    int64_t mailbox, found_ms, failed_ms;
    bool failed;
    char *url, *alt;
};

struct call {
    struct endpoint_memory *c;
    LIST_ENTRY(call) list;
    struct loop_timer *timer;
    int64_t mailbox;
    char *domain;
    bool broken;
    endpoint_got got;
    endpoint_done done;
    void *user;
};

struct endpoint_memory {
    struct endpoint_cache base;
    struct loop *l;
    struct map *rows, *sites; /* mailbox -> struct row; domain -> char * */
    LIST_HEAD(, call) calls;
    size_t n_calls;
    bool broken;
};

static struct endpoint_memory *self(struct endpoint_cache *c)
{
    return (struct endpoint_memory *)c;
}

static int64_t now(const struct endpoint_memory *c)
{
    return clock_now(loop_clock(c->l));
}

static void call_free(struct call *call)
{
    LIST_REMOVE(call, list);
    loop_cancel(call->timer);
    free(call->domain);
    free(call);
}

static void answer(void *user)
{
    struct call *call = user, copy = *call;
    struct endpoint_memory *c = call->c;
    struct endpoint e = {.tried_ms = -1};
    struct err err;
    call->timer = NULL;
    err_set(&err, SCOPE_REMOTE, WHEN_UNKNOWN, "memory.away", "the cache does not answer");
    const struct row *row = map_get_u64(c->rows, (uint64_t)call->mailbox);
    if (row) {
        e = (struct endpoint){.url = row->url,
                              .alt = row->alt,
                              .age_ms = row->url ? now(c) - row->found_ms : 0,
                              .tried_ms = row->failed ? now(c) - row->failed_ms : -1};
    }
    if (call->domain)
        e.site = map_get(c->sites, call->domain, strlen(call->domain));
    call_free(call);
    if (copy.got)
        copy.got(copy.broken ? NULL : &e, copy.broken ? &err : NULL, copy.user);
    else
        copy.done(copy.broken ? &err : NULL, copy.user);
}

static struct call *call_new(struct endpoint_memory *c, int64_t mailbox, void *user)
{
    struct call *call = xalloc(sizeof(*call));
    call->c = c;
    call->mailbox = mailbox;
    call->user = user;
    call->broken = c->broken;
    call->timer = loop_after(c->l, 0, answer, call);
    LIST_INSERT_HEAD(&c->calls, call, list);
    c->n_calls++;
    return call;
}

static void memory_get(
    struct endpoint_cache *base, int64_t mailbox, const char *domain, endpoint_got done, void *user)
{
    struct call *call = call_new(self(base), mailbox, user);
    call->domain = xstrdup(domain);
    call->got = done;
}

static struct row *row_of(struct endpoint_memory *c, int64_t mailbox)
{
    struct row *row = map_get_u64(c->rows, (uint64_t)mailbox);
    if (!row) {
        row = xalloc(sizeof(*row));
        row->mailbox = mailbox;
        map_put_u64(c->rows, (uint64_t)mailbox, row);
    }
    return row;
}

static void memory_put(struct endpoint_cache *base,
                       int64_t mailbox,
                       const char *domain,
                       const char *url,
                       const char *alt,
                       const char *site,
                       endpoint_done done,
                       void *user)
{
    struct endpoint_memory *c = self(base);
    call_new(c, mailbox, user)->done = done;
    if (c->broken)
        return;
    struct row *row = row_of(c, mailbox);
    free(row->url);
    free(row->alt);
    row->url = xstrdup(url);
    row->alt = xstrdup(alt);
    row->found_ms = now(c);
    row->failed = false;
    if (site)
        free(map_put(c->sites, domain, strlen(domain), xstrdup(site)));
}

static void memory_fail(
    struct endpoint_cache *base, int64_t mailbox, const char *code, endpoint_done done, void *user)
{
    struct endpoint_memory *c = self(base);
    (void)code;
    call_new(c, mailbox, user)->done = done;
    if (c->broken)
        return;
    struct row *row = row_of(c, mailbox);
    row->failed = true;
    row->failed_ms = now(c);
}

static void memory_free(struct endpoint_cache *base)
{
    struct endpoint_memory *c = self(base);
    if (!c)
        return;
    while (!LIST_EMPTY(&c->calls))
        call_free(LIST_FIRST(&c->calls));
    map_foreach (it, c->rows) {
        struct row *row = it.value;
        free(row->url);
        free(row->alt);
        free(row);
    }
    map_foreach (it, c->sites)
        free(it.value);
    map_free(c->rows);
    map_free(c->sites);
    free(c);
}

static const struct endpoint_cache_ops ops = {.name = "memory",
                                              .get = memory_get,
                                              .put = memory_put,
                                              .fail = memory_fail,
                                              .free = memory_free};

struct endpoint_cache *endpoint_memory_new(struct loop *l)
{
    struct endpoint_memory *c = xalloc(sizeof(*c));
    c->base.ops = &ops;
    c->l = l;
    c->rows = map_new();
    c->sites = map_new();
    LIST_INIT(&c->calls);
    return &c->base;
}

void endpoint_memory_break(struct endpoint_cache *c, bool broken)
{
    self(c)->broken = broken;
}

size_t endpoint_memory_calls(const struct endpoint_cache *c)
{
    return ((const struct endpoint_memory *)c)->n_calls;
}
