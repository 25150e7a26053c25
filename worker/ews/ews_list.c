/*
 * Reads: the items with our key, page by page, and the identity of a mailbox.
 */
#include <string.h>

#include "common/base/map.h"
#include "common/base/vec.h"

#include "worker/ews/ews_p.h"

enum {
    MAX_LISTED = 20000, /* items of ours in one mailbox */
    MAX_PAGES = 1000,   /* of one listing: a server that pages on and on without items is stopped */
    /* More keys than this: one listing of all and a filter is less work for the server than a scan
       for each EWS_FIND_KEYS. */
    MAX_KEYS_SEARCHED = 200,
};

struct listing {
    struct ews_call call;
    const struct guid *keys; /* NULL: all; borrowed */
    size_t n_keys, at;       /* keys[at..] are being searched */
    struct map *wanted;      /* the keys asked for; NULL: all */
    struct map *seen;        /* ids: the same one can come twice while the set moves */
    vec(struct store_listed) items;
    uint32_t offset, pages;
    store_list_done done;
    void *user;
};

static struct listing *listing_of(struct ews_call *c)
{
    return (struct listing *)c;
}

static void finish(struct listing *l, enum outcome o, const struct err *err)
{
    store_list_done done = l->done;
    void *user = l->user;
    struct store_listed *items = l->items.v;
    size_t n = o == OUT_DONE ? l->items.n : 0;
    struct arena *keep = steal(l->call.keep);
    map_free(l->wanted);
    map_free(l->seen);
    ews_call_free(&l->call);
    done(items, n, o, err, user);
    free(items);
    arena_free(keep);
}

static bool search_by_key(const struct listing *l)
{
    return l->keys && l->n_keys <= MAX_KEYS_SEARCHED;
}

static size_t keys_at_once(const struct listing *l)
{
    size_t left = l->n_keys - l->at;
    return left < EWS_FIND_KEYS ? left : EWS_FIND_KEYS;
}

static void send_find(struct listing *l)
{
    struct ews_call *c = &l->call;
    bool by_key = search_by_key(l);
    str_clear(&c->body);
    ews_encode_find(&c->body, &c->target, by_key ? l->keys + l->at : NULL,
                    by_key ? keys_at_once(l) : 0, l->offset);
    ews_call_send(c, &(struct ews_request){EWS_FIND, "FindItemResponse", 1, c->s->read_timeout_ms});
}

/* The key is compared here too: what a server calls equal is its own affair. */
static void take(struct listing *l, const struct ews_item *item)
{
    struct arena *keep = l->call.keep;
    if (!item->has_key || !item->id ||
        (l->wanted && !map_get(l->wanted, item->key.b, sizeof(item->key.b))))
        return;
    if (map_put(l->seen, item->id, strlen(item->id), l))
        return;
    vec_push(&l->items, (struct store_listed){
                            .item_id = arena_strdup(keep, item->id),
                            .version = arena_strdup(keep, item->change_key),
                            .key = item->key,
                            .hash = arena_strdup(keep, item->hash),
                            .created_ms = item->created_ms,
                        });
}

static void refuse(struct listing *l, const char *code, const char *text)
{
    struct err err;
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, code, "%s", text);
    finish(l, OUT_RETRY_LATER, &err);
}

static void on_page(struct ews_call *c, const struct ews_response *r)
{
    struct listing *l = listing_of(c);
    const struct ews_message *page = &r->messages[0];
    struct err err;
    if (!page->ok) {
        enum outcome o = ews_error_item(&page->problem, EWS_FIND, &err);
        finish(l, o, &err);
        return;
    }
    for (size_t i = 0; i < page->n_items && l->items.n <= MAX_LISTED; i++)
        take(l, &page->items[i]);
    if (l->items.n > MAX_LISTED) {
        refuse(l, "ews.too_many_items",
               "the folder holds more synced contacts than any mailbox should");
    } else if (!page->last_page &&
               (page->next_offset <= (int64_t)l->offset || ++l->pages >= MAX_PAGES)) {
        refuse(l, "ews.paging", "the server's paging does not come to an end");
    } else if (!page->last_page) {
        l->offset = (uint32_t)page->next_offset;
        send_find(l);
    } else if (search_by_key(l) && l->at + keys_at_once(l) < l->n_keys) {
        l->at += keys_at_once(l);
        l->offset = 0;
        send_find(l);
    } else {
        finish(l, OUT_DONE, NULL);
    }
}

static void on_list_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    finish(listing_of(c), o, o == OUT_DONE ? NULL : err);
}

static const struct ews_call_ops list_ops = {on_page, on_list_failed};

void ews_list(struct contact_store *base,
              const struct store_mailbox *mb,
              const struct guid *keys,
              size_t n_keys,
              store_list_done done,
              void *user)
{
    struct listing *l =
        (struct listing *)ews_call_new((struct ews_store *)base, &list_ops, sizeof(*l), mb);
    l->keys = keys;
    l->n_keys = n_keys;
    l->seen = map_new();
    l->done = done;
    l->user = user;
    if (keys) {
        l->wanted = map_new();
        for (size_t i = 0; i < n_keys; i++)
            map_put(l->wanted, keys[i].b, sizeof(keys[i].b), l);
    }
    if (keys && n_keys == 0)
        ews_call_fail_later(&l->call, OUT_DONE, &(struct err){0});
    else
        send_find(l);
}

struct identifying {
    struct ews_call call;
    store_identify_done done;
    void *user;
};

static void identified(struct ews_call *c,
                       const struct store_identity *id,
                       enum outcome o,
                       const struct err *err)
{
    struct identifying *i = (struct identifying *)c;
    store_identify_done done = i->done;
    void *user = i->user;
    struct arena *answer = steal(c->answer); /* the identity lives there */
    ews_call_free(c);
    done(id, o, err, user);
    arena_free(answer);
}

static void on_folder(struct ews_call *c, const struct ews_response *r)
{
    const struct ews_message *m = &r->messages[0];
    struct store_identity id = {m->folder_id, r->server_version ? r->server_version : ""};
    struct err err;
    if (!m->ok) {
        enum outcome o = ews_error_item(&m->problem, EWS_FIND, &err);
        if (o != OUT_DONE) {
            identified(c, NULL, o, &err);
            return;
        }
    }
    if (!id.folder_id) {
        err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "ews.unreadable", "the contacts folder has no id");
        identified(c, NULL, OUT_RETRY_LATER, &err);
        return;
    }
    identified(c, &id, OUT_DONE, NULL);
}

static void on_identify_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    identified(c, NULL, o, err);
}

static const struct ews_call_ops identify_ops = {on_folder, on_identify_failed};

void ews_identify(struct contact_store *base,
                  const struct store_mailbox *mb,
                  store_identify_done done,
                  void *user)
{
    struct ews_store *s = (struct ews_store *)base;
    struct identifying *i = (struct identifying *)ews_call_new(s, &identify_ops, sizeof(*i), mb);
    i->done = done;
    i->user = user;
    ews_encode_get_folder(&i->call.body, &i->call.target);
    ews_call_send(&i->call,
                  &(struct ews_request){EWS_FIND, "GetFolderResponse", 1, s->read_timeout_ms});
}
