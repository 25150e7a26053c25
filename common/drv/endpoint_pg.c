#include "common/drv/endpoint_pg.h"

#include <sys/queue.h>

#include "common/drv/pg.h"
#include "common/port/endpoint_cache.h"

struct call { /* an open call; outlives the cache when that is freed first */
    struct endpoint_pg *c;
    LIST_ENTRY(call) list;
    endpoint_got got;
    endpoint_done done;
    void *user;
};

struct endpoint_pg {
    struct endpoint_cache base;
    struct pg *pg;
    LIST_HEAD(, call) calls;
};

static struct endpoint_pg *self(struct endpoint_cache *c)
{
    return (struct endpoint_pg *)c;
}

static struct call *
call_new(struct endpoint_pg *c, endpoint_got got, endpoint_done done, void *user)
{
    struct call *call = xalloc(sizeof(*call));
    call->c = c;
    call->got = got;
    call->done = done;
    call->user = user;
    LIST_INSERT_HEAD(&c->calls, call, list);
    return call;
}

/* Takes the call off the list into *ret and frees it. false: the cache is gone, nobody to tell. */
static bool call_end(void *user, struct call *ret)
{
    struct call *call = user;
    *ret = *call;
    if (call->c)
        LIST_REMOVE(call, list);
    free(call);
    return ret->c != NULL;
}

/* ---- get ---- */

static void got(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct call call;
    struct endpoint e = {.tried_ms = -1};
    if (!call_end(user, &call))
        return;
    if (st != PG_OK) {
        call.got(NULL, err, call.user);
        return;
    }
    if (pg_rows(r)) {
        e.url = pg_text(r, 0, 0);
        e.alt = pg_text(r, 0, 1);
        e.age_ms = pg_i64(r, 0, 2);
        e.tried_ms = pg_null(r, 0, 3) ? -1 : pg_i64(r, 0, 3);
        e.site = pg_text(r, 0, 4);
    }
    call.got(&e, NULL, call.user);
}

static void endpoint_get(
    struct endpoint_cache *c, int64_t mailbox, const char *domain, endpoint_got done, void *user)
{
    static const struct pg_stmt stmt = {
        "endpoint_get",
        "SELECT e.url, e.alt,"
        " (extract(epoch FROM now() - e.found_at) * 1000)::bigint,"
        " (extract(epoch FROM now() - e.failed_at) * 1000)::bigint, s.url"
        " FROM (SELECT $1::bigint AS mailbox, $2::text AS domain) q"
        " LEFT JOIN endpoint e USING (mailbox) LEFT JOIN autodiscover_site s USING (domain)"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, mailbox);
    pg_put_text(&p, domain);
    pg_exec(self(c)->pg, &stmt, &p, got, call_new(self(c), done, NULL, user));
}

/* ---- put, fail ---- */

static void done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct call call;
    (void)r;
    if (call_end(user, &call))
        call.done(st == PG_OK ? NULL : err, call.user);
}

static void endpoint_put(struct endpoint_cache *c,
                         int64_t mailbox,
                         const char *domain,
                         const char *url,
                         const char *alt,
                         const char *site,
                         endpoint_done fn,
                         void *user)
{
    static const struct pg_stmt
        mailbox_stmt = {"endpoint_put",
                        "INSERT INTO endpoint (mailbox, url, alt, found_at)"
                        " SELECT m.id, $2::text, $3::text, now() FROM mailbox m"
                        " WHERE m.id = $1::bigint"
                        " ON CONFLICT (mailbox) DO UPDATE SET url = excluded.url,"
                        " alt = excluded.alt, found_at = excluded.found_at, failed_at = NULL,"
                        " failed_code = NULL"},
        site_stmt = {"endpoint_put_site",
                     "INSERT INTO autodiscover_site (domain, url)"
                     " SELECT $1::text, $2::text WHERE $2::text IS NOT NULL"
                     " ON CONFLICT (domain) DO UPDATE SET url = excluded.url, found_at = now()"
                     " WHERE autodiscover_site.url <> excluded.url"
                     " OR autodiscover_site.found_at < now() - interval '1 day'"};
    autovalue(pg_params_release) struct pg_params p = {0}, q = {0};
    pg_put_i64(&p, mailbox);
    pg_put_text(&p, url);
    pg_put_text(&p, alt);
    pg_put_text(&q, domain);
    pg_put_text(&q, site);
    const struct pg_step steps[] = {{&mailbox_stmt, &p}, {&site_stmt, &q}};
    pg_exec_steps(self(c)->pg, steps, 2, done, call_new(self(c), NULL, fn, user));
}

static void endpoint_fail(
    struct endpoint_cache *c, int64_t mailbox, const char *code, endpoint_done fn, void *user)
{
    static const struct pg_stmt stmt = {"endpoint_fail",
                                        "INSERT INTO endpoint (mailbox, failed_at, failed_code)"
                                        " SELECT m.id, now(), $2::text FROM mailbox m"
                                        " WHERE m.id = $1::bigint"
                                        " ON CONFLICT (mailbox) DO UPDATE SET failed_at = now(),"
                                        " failed_code = excluded.failed_code"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, mailbox);
    pg_put_text(&p, code);
    pg_exec(self(c)->pg, &stmt, &p, done, call_new(self(c), NULL, fn, user));
}

static void endpoint_free(struct endpoint_cache *base)
{
    struct endpoint_pg *c = self(base);
    struct call *call;
    if (!c)
        return;
    while ((call = LIST_FIRST(&c->calls))) {
        LIST_REMOVE(call, list);
        call->c = NULL;
    }
    free(c);
}

static const struct endpoint_cache_ops ops = {.name = "postgres",
                                              .get = endpoint_get,
                                              .put = endpoint_put,
                                              .fail = endpoint_fail,
                                              .free = endpoint_free};

struct endpoint_cache *endpoint_pg_new(struct pg *pg)
{
    struct endpoint_pg *c = xalloc(sizeof(*c));
    c->base.ops = &ops;
    c->pg = pg;
    LIST_INIT(&c->calls);
    return &c->base;
}
