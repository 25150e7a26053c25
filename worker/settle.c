#include "worker/settle.h"

#include <string.h>

#include "common/base/map.h"

void settle_plan_release(struct settle_plan *p)
{
    vec_release(&p->results);
    vec_release(&p->extras);
    vec_release(&p->found);
}

enum { CLOCKS_DIFFER_MS = 5 * 60 * 1000 }; /* Exchange's clock, the database's and ours */

struct listing {
    const struct store_listed *items;
    size_t n;
    const char *folder_id;
    const struct settle_rules *rules;
};

static bool needs_settling(const struct ledger_link *l)
{
    return l->intent || l->look;
}

size_t settle_keys(const struct ledger_link *links, size_t n, struct guid *keys)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        const struct ledger_link *l = &links[i];
        if (!needs_settling(l))
            continue;
        size_t first = used;
        if (l->intent && l->intended.set)
            keys[used++] = l->intended.key;
        if (l->have.set && (used == first || guid_cmp(&keys[first], &l->have.key)))
            keys[used++] = l->have.key;
        if (used == first) /* an open delete, or a look whose item is gone */
            keys[used++] = l->want.key;
    }
    return used;
}

/* The item of a link: its own id first, else the oldest with one of the keys. */
struct pick {
    const struct store_listed *item;
    bool by_id;
};

static bool carries(const struct store_listed *it, const struct guid *x, const struct guid *y)
{
    return (x && !guid_cmp(&it->key, x)) || (y && !guid_cmp(&it->key, y));
}

static bool better(const struct store_listed *it, const struct pick *p, const char *item_id)
{
    if (!p->item)
        return true;
    if (p->by_id)
        return false;
    if (item_id && !strcmp(it->item_id, item_id))
        return true;
    return it->created_ms < p->item->created_ms;
}

static struct pick pick_item(const struct store_listed *items,
                             size_t n,
                             const struct guid *x,
                             const struct guid *y,
                             const char *item_id)
{
    struct pick p = {0};
    for (size_t i = 0; i < n; i++) {
        if (!carries(&items[i], x, y) || !better(&items[i], &p, item_id))
            continue;
        p.item = &items[i];
        p.by_id = item_id && !strcmp(items[i].item_id, item_id);
    }
    return p;
}

static void state_of(const struct link_side *s, struct sha256 *ret)
{
    link_state_hash(&s->key, &s->content, s->cats ? s->cats : "", ret);
}

static bool hash_is(const struct store_listed *it, const struct link_side *s, const char *folder_id)
{
    if (!s->set || !it->hash)
        return false;
    struct sha256 state;
    state_of(s, &state);
    return item_hash_match(it->hash, folder_id, &state) == ITEM_HASH_SAME;
}

static void adopt(struct ledger_result *r,
                  const struct ledger_link *l,
                  const struct pick *p,
                  const char *folder_id)
{
    r->set_have = true;
    r->item_id = p->item->item_id;
    r->version = p->item->version;
    if (l->intent && hash_is(p->item, &l->intended, folder_id)) {
        r->have = l->intended;
    } else if (hash_is(p->item, &l->have, folder_id)) {
        r->have = l->have;
    } else {
        r->have = (struct link_side){.set = true, .key = p->item->key, .cats = ""};
        r->have_content_unknown = true;
        /* what may be ours among its categories */
        if (l->have.set && l->have.cats && *l->have.cats)
            r->have.cats = l->have.cats;
        else if (l->intent && l->intended.cats)
            r->have.cats = l->intended.cats;
    }
    r->have.key = p->item->key;
    r->have.set = true;
}

/* Made since the write in question was sent, by the server's clock. What was made before, or nobody
 * knows when, is a copy that the user made. */
static bool made_since(const struct store_listed *it,
                       const struct ledger_link *l,
                       const struct settle_rules *rules)
{
    int64_t age = l->intent ? l->intent_age_ms : 2 * (int64_t)rules->look_again_ms;
    return it->created_ms && it->created_ms + CLOCKS_DIFFER_MS >= rules->now_ms - age;
}

static void extras_of(const struct ledger_link *l,
                      const struct listing *in,
                      const struct guid *x,
                      const struct guid *y,
                      const struct store_listed *keep,
                      struct settle_plan *plan)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct store_listed *it = &in->items[i];
        if (it == keep || !carries(it, x, y))
            continue;
        bool same =
            hash_is(it, &l->intended, in->folder_id) || hash_is(it, &l->have, in->folder_id);
        vec_push(&plan->extras, (struct settle_extra){it->item_id, it->version, it->key,
                                                      same && made_since(it, l, in->rules)});
    }
}

static void
settle_one(const struct ledger_link *l, const struct listing *in, struct settle_plan *plan)
{
    const struct guid *x = l->intent && l->intended.set ? &l->intended.key : &l->want.key;
    const struct guid *y = l->have.set ? &l->have.key : NULL;
    struct pick p = pick_item(in->items, in->n, x, y, l->item_id);
    struct ledger_result r = {.person = l->person, .op = "settle", .outcome = "done", .code = ""};
    if (p.item) {
        adopt(&r, l, &p, in->folder_id);
        r.clear_intent = l->intent;
        r.look_done = !l->intent;
        extras_of(l, in, x, y, p.item, plan);
    } else if (l->intent && !l->intent_looks) {
        r.look_done = true; /* one more look, a little later */
        r.retry_in_ms = in->rules->gap_ms;
        r.outcome = "unknown";
    } else {
        r.set_have = true; /* have.set = false: nothing is there */
        r.clear_intent = l->intent;
        r.look_done = !l->intent;
        if (l->intent && l->intent_op == INTENT_CREATE)
            r.look_in_ms = in->rules->look_again_ms;
    }
    vec_push(&plan->results, r);
}

void settle_links(const struct ledger_link *links,
                  size_t n,
                  const struct store_listed *items,
                  size_t n_items,
                  const char *folder_id,
                  const struct settle_rules *rules,
                  struct settle_plan *ret)
{
    const struct listing in = {items, n_items, folder_id, rules};
    for (size_t i = 0; i < n; i++)
        if (needs_settling(&links[i]))
            settle_one(&links[i], &in, ret);
}

/* --- a whole mailbox ------------------------------------------------------------------- */

static void
found_item(const struct store_listed *it, const char *folder_id, struct settle_plan *plan)
{
    static const struct sha256 none;
    if (it->hash && item_hash_match(it->hash, folder_id, &none) != ITEM_HASH_OTHER)
        vec_push(&plan->found, (struct ledger_found){it->key, it->item_id, it->version});
    else /* a copy that came from elsewhere: the user's own from now on */
        vec_push(&plan->extras, (struct settle_extra){it->item_id, it->version, it->key, false});
}

static void settle_row(const struct ledger_known *row,
                       const struct store_listed *it,
                       const char *folder_id,
                       struct settle_plan *plan)
{
    struct ledger_result r = {.person = row->person, .op = "adopt", .outcome = "done", .code = ""};
    r.set_have = true;
    if (!it) {
        if (row->has)
            vec_push(&plan->results, r); /* gone */
        return;
    }
    bool same = row->has && row->item_id && !strcmp(row->item_id, it->item_id) && it->hash &&
                item_hash_match(it->hash, folder_id, &row->have) == ITEM_HASH_SAME;
    if (same)
        return;
    r.have = (struct link_side){.set = true, .key = it->key, .cats = ""};
    r.have_content_unknown = true;
    r.item_id = it->item_id;
    r.version = it->version;
    vec_push(&plan->results, r);
}

/* Which listed item belongs to which row: by id where the row has one, else the oldest with its
 * key. */
static void match_items(const struct ledger_known *rows,
                        const struct store_listed *items,
                        size_t n_items,
                        struct map *row_of_key,
                        const struct store_listed **mine)
{
    for (size_t i = 0; i < n_items; i++) {
        void *slot = map_get(row_of_key, items[i].key.b, 16);
        if (!slot)
            continue;
        size_t r = (size_t)(uintptr_t)slot - 1;
        const char *id = rows[r].item_id;
        bool by_id = id && mine[r] && !strcmp(mine[r]->item_id, id);
        if (!mine[r] || (id && !strcmp(items[i].item_id, id)) ||
            (!by_id && items[i].created_ms < mine[r]->created_ms))
            mine[r] = &items[i];
    }
}

void settle_mailbox(const struct ledger_known *rows,
                    size_t n,
                    const struct store_listed *items,
                    size_t n_items,
                    const char *folder_id,
                    struct settle_plan *ret)
{
    autoptr(map_free) struct map *row_of_key = map_new();
    const struct store_listed **mine = xalloc((n + 1) * sizeof(*mine));
    for (size_t i = 0; i < n; i++)
        map_put(row_of_key, rows[i].key.b, 16, (void *)(uintptr_t)(i + 1));
    match_items(rows, items, n_items, row_of_key, mine);
    for (size_t i = 0; i < n; i++)
        if (!rows[i].intent)
            settle_row(&rows[i], mine[i], folder_id, ret);
    for (size_t i = 0; i < n_items; i++) {
        void *slot = map_get(row_of_key, items[i].key.b, 16);
        if (!slot) {
            found_item(&items[i], folder_id, ret);
            continue;
        }
        size_t r = (size_t)(uintptr_t)slot - 1;
        if (mine[r] != &items[i] && !rows[r].intent)
            vec_push(&ret->extras, (struct settle_extra){items[i].item_id, items[i].version,
                                                         items[i].key, false});
    }
    free(mine);
}
