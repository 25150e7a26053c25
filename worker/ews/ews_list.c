/*
 * The items with our key, wherever the user put them: first which contacts folders there are, then
 * page by page what they and Deleted Items hold.
 */
#include <string.h>

#include "common/base/map.h"
#include "common/base/vec.h"

#include "worker/ews/ews_p.h"

enum {
    MAX_LISTED = 20000, /* items of ours in one mailbox */
    MAX_PAGES = 1000,   /* of one listing: a server that pages on and on without items is stopped */
    MAX_FOLDERS = 50,   /* in one request */
    /* More keys than this: one listing of all and a filter is less work for the server than a scan
       for each EWS_FIND_KEYS. */
    MAX_KEYS_SEARCHED = 200,
};

struct place {
    const char *id; /* NULL: the default contacts folder, or Deleted Items itself (in_trash) */
    enum store_place place;
    uint32_t offset; /* of its next page */
    bool read;       /* to its end */
};

struct listing {
    struct ews_call call;
    const struct guid *keys; /* NULL: all; borrowed */
    size_t n_keys, at;       /* keys[at..] are being searched */
    struct map *wanted;      /* the keys asked for; NULL: all */
    struct map *seen;        /* ids: the same one can come twice while the set moves */
    vec(struct store_listed) items;
    vec(struct place) places;
    size_t asked[MAX_FOLDERS]; /* places of the request under way, in order */
    size_t n_asked;
    bool asks_folders;
    uint32_t pages;
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
    vec_release(&l->places);
    ews_call_free(&l->call);
    done(items, n, o, err, user);
    free(items);
    arena_free(keep);
}

static void refuse(struct listing *l, const char *code, const char *text)
{
    struct err err;
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, code, "%s", text);
    finish(l, OUT_RETRY_LATER, &err);
}

/* --- items --------------------------------------------------------------------------------- */

static bool search_by_key(const struct listing *l)
{
    return l->keys && l->n_keys <= MAX_KEYS_SEARCHED;
}

static size_t keys_at_once(const struct listing *l)
{
    size_t left = l->n_keys - l->at;
    return left < EWS_FIND_KEYS ? left : EWS_FIND_KEYS;
}

static bool is_trash(const struct place *p)
{
    return !p->id && p->place == STORE_IN_TRASH;
}

/* Those that are not read to their end and go on at the same row as the first such one. Deleted
 * Items itself stands last, as in the request. false: all are read. */
static bool choose_places(struct listing *l, uint32_t *ret_offset)
{
    l->n_asked = 0;
    for (size_t i = 0; i < l->places.n && l->n_asked < MAX_FOLDERS; i++) {
        const struct place *p = &l->places.v[i];
        if (p->read || (l->n_asked && p->offset != *ret_offset))
            continue;
        *ret_offset = p->offset;
        l->asked[l->n_asked++] = i;
    }
    return l->n_asked > 0;
}

static void send_find(struct listing *l, uint32_t offset)
{
    struct ews_call *c = &l->call;
    bool by_key = search_by_key(l);
    const char *ids[MAX_FOLDERS];
    struct ews_search s = {.folders = ids, .offset = offset};
    for (size_t i = 0; i < l->n_asked; i++) {
        const struct place *p = &l->places.v[l->asked[i]];
        if (is_trash(p))
            s.trash = true;
        else
            ids[s.n_folders++] = p->id;
    }
    if (by_key) {
        s.keys = l->keys + l->at;
        s.n_keys = keys_at_once(l);
    }
    str_clear(&c->body);
    ews_encode_find(&c->body, &c->target, &s);
    ews_call_send(
        c, &(struct ews_request){EWS_FIND, "FindItemResponse", l->n_asked, c->s->read_timeout_ms});
}

/* The next page, the next keys, or the end. */
static void go_on(struct listing *l)
{
    uint32_t offset = 0;
    if (choose_places(l, &offset)) {
        send_find(l, offset);
        return;
    }
    if (!search_by_key(l) || l->at + keys_at_once(l) >= l->n_keys) {
        finish(l, OUT_DONE, NULL);
        return;
    }
    l->at += keys_at_once(l);
    vec_foreach (p, &l->places) {
        p->read = false;
        p->offset = 0;
    }
    go_on(l);
}

/* The key is compared here too: what a server calls equal is its own affair. */
static void take(struct listing *l, const struct ews_item *item, enum store_place place)
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
                            .place = place,
                        });
}

/* A page of one folder. false: the listing has ended. */
static bool take_page(struct listing *l, struct place *p, const struct ews_message *page)
{
    struct err err;
    if (!page->ok) {
        enum outcome o = ews_error_item(&page->problem, EWS_FIND, &err);
        p->read = true; /* a folder that the user removed meanwhile; not the one we write to */
        if (o == OUT_DONE || (o == OUT_FOLDER_LOST && p->place != STORE_IN_TARGET))
            return true;
        finish(l, o, &err);
        return false;
    }
    for (size_t i = 0; i < page->n_items && l->items.n <= MAX_LISTED; i++)
        take(l, &page->items[i], p->place);
    if (l->items.n > MAX_LISTED) {
        refuse(l, "ews.too_many_items", "the mailbox holds more synced contacts than any should");
        return false;
    }
    p->read = page->last_page;
    if (!p->read && page->next_offset <= (int64_t)p->offset) {
        refuse(l, "ews.paging", "the server's paging does not come to an end");
        return false;
    }
    if (!p->read)
        p->offset = (uint32_t)page->next_offset;
    return true;
}

static void on_pages(struct listing *l, const struct ews_response *r)
{
    if (++l->pages > MAX_PAGES) {
        refuse(l, "ews.paging", "the server's paging does not come to an end");
        return;
    }
    for (size_t i = 0; i < l->n_asked; i++)
        if (!take_page(l, &l->places.v[l->asked[i]], &r->messages[i]))
            return;
    go_on(l);
}

/* --- folders ------------------------------------------------------------------------------- */

static bool holds(const struct ews_message *m, const char *id)
{
    for (size_t i = 0; i < m->n_folders; i++)
        if (m->folders[i].id && strcmp(m->folders[i].id, id) == 0)
            return true;
    return false;
}

static void add_place(struct listing *l, const char *id, enum store_place place)
{
    vec_push(&l->places, (struct place){.id = arena_strdup(l->call.keep, id), .place = place});
}

static void folder_lost(struct listing *l)
{
    struct err err;
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "ews.folder_deleted",
            "the folder for the contacts lies among the deleted items");
    finish(l, OUT_FOLDER_LOST, &err);
}

/* The target first, whatever its class; those below Deleted Items are found below the root too. */
static void on_folders(struct listing *l, const struct ews_response *r)
{
    const struct ews_message *all = &r->messages[0], *trash = &r->messages[1];
    const char *target = l->call.mb->folder_id;
    struct err err;
    if (!all->ok || !trash->ok) {
        const struct ews_message *bad = all->ok ? trash : all;
        finish(l, ews_error_item(&bad->problem, EWS_GET, &err), &err);
        return;
    }
    if (!all->last_page || !trash->last_page) {
        refuse(l, "ews.too_many_folders", "the mailbox has too many contacts folders");
        return;
    }
    if (holds(trash, target)) {
        folder_lost(l);
        return;
    }
    add_place(l, target, STORE_IN_TARGET);
    for (size_t i = 0; i < all->n_folders; i++) {
        const char *id = all->folders[i].id;
        if (id && strcmp(id, target) != 0)
            add_place(l, id, holds(trash, id) ? STORE_IN_TRASH : STORE_IN_OTHER);
    }
    vec_push(&l->places, (struct place){.place = STORE_IN_TRASH});
    go_on(l);
}

static void ask_folders(struct listing *l)
{
    struct ews_call *c = &l->call;
    l->asks_folders = true;
    ews_encode_find_folders(&c->body, &c->target);
    ews_call_send(c,
                  &(struct ews_request){EWS_FIND, "FindFolderResponse", 2, c->s->read_timeout_ms});
}

/* --- the call ------------------------------------------------------------------------------ */

static void on_list_answered(struct ews_call *c, const struct ews_response *r)
{
    struct listing *l = listing_of(c);
    bool folders = l->asks_folders;
    l->asks_folders = false;
    if (folders)
        on_folders(l, r);
    else
        on_pages(l, r);
}

static void on_list_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    finish(listing_of(c), o, o == OUT_DONE ? NULL : err);
}

static const struct ews_call_ops list_ops = {on_list_answered, on_list_failed};

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
    if (keys && n_keys == 0) {
        ews_call_fail_later(&l->call, OUT_DONE, &(struct err){0});
    } else if (mb->folder_id) {
        ask_folders(l);
    } else {
        vec_push(&l->places, (struct place){.place = STORE_IN_TARGET});
        go_on(l);
    }
}
