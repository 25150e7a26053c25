/*
 * Contacts that the original plugin made, by its own marks, page by page. It knew the default
 * contacts folder only.
 * @source  reference/rock.md section 15
 */
#include <string.h>

#include "common/base/map.h"
#include "common/base/tm.h"
#include "common/base/vec.h"

#include "worker/ews/ews_p.h"

enum { MAX_LISTED = 20000, MAX_PAGES = 200 };

struct legacy {
    struct ews_call call;
    struct map *seen; /* ids */
    vec(struct store_legacy) items;
    uint32_t offset, pages;
    store_legacy_done done;
    void *user;
};

static void finish(struct legacy *l, enum outcome o, const struct err *err)
{
    store_legacy_done done = l->done;
    void *user = l->user;
    struct store_legacy *items = l->items.v;
    size_t n = o == OUT_DONE ? l->items.n : 0;
    struct arena *keep = steal(l->call.keep);
    map_free(l->seen);
    ews_call_free(&l->call);
    done(items, n, o, err, user);
    free(items);
    arena_free(keep);
}

static void send_find(struct legacy *l)
{
    struct ews_call *c = &l->call;
    str_clear(&c->body);
    ews_encode_find_legacy(&c->body, &c->target, l->offset);
    ews_call_send(c, &(struct ews_request){EWS_FIND, "FindItemResponse", 1, c->s->read_timeout_ms});
}

/* The plugin ran inside Rock, on .NET: a time as text may have no zone. 0: cannot be read. */
static int64_t mark_ms(const char *mark)
{
    int64_t ms = 0;
    struct tm_civil c;
    if (!mark)
        return 0;
    if (tm_parse_utc(mark, &ms))
        return ms;
    if (!tm_parse_naive(mark, &c))
        return 0;
    int64_t seconds = (int64_t)c.hour * 3600 + (int64_t)c.minute * 60 + c.second;
    return (tm_days_from_civil(c.year, c.month, c.day) * 86400 + seconds) * 1000;
}

static void take(struct legacy *l, const struct ews_item *it)
{
    struct arena *keep = l->call.keep;
    if (!it->legacy || !it->id || map_put(l->seen, it->id, strlen(it->id), l))
        return;
    vec_push(&l->items, (struct store_legacy){
                            .item_id = arena_strdup(keep, it->id),
                            .version = arena_strdup(keep, it->change_key),
                            .rock_person = it->legacy_person,
                            .mark = it->legacy_mark ? arena_strdup(keep, it->legacy_mark) : "",
                            .mark_ms = mark_ms(it->legacy_mark),
                        });
}

static void on_page(struct ews_call *c, const struct ews_response *r)
{
    struct legacy *l = (struct legacy *)c;
    const struct ews_message *page = &r->messages[0];
    struct err err;
    if (!page->ok) {
        enum outcome o = ews_error_item(&page->problem, EWS_FIND, &err);
        finish(l, o, &err);
        return;
    }
    for (size_t i = 0; i < page->n_items && l->items.n < MAX_LISTED; i++)
        take(l, &page->items[i]);
    if (page->last_page) {
        finish(l, OUT_DONE, NULL);
    } else if (page->next_offset <= (int64_t)l->offset || ++l->pages >= MAX_PAGES) {
        err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "ews.paging",
                "the server's paging does not come to an end");
        finish(l, OUT_RETRY_LATER, &err);
    } else {
        l->offset = (uint32_t)page->next_offset;
        send_find(l);
    }
}

static void on_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    finish((struct legacy *)c, o, err);
}

static const struct ews_call_ops legacy_ops = {on_page, on_failed};

void ews_legacy(struct contact_store *base,
                const struct store_mailbox *mb,
                store_legacy_done done,
                void *user)
{
    struct legacy *l =
        (struct legacy *)ews_call_new((struct ews_store *)base, &legacy_ops, sizeof(*l), mb);
    l->seen = map_new();
    l->done = done;
    l->user = user;
    send_find(l);
}
