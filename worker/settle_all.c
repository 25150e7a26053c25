/* settle_all: what a listing of everything says about a whole mailbox. See settle.h. */
#include <string.h>

#include "common/base/map.h"

#include "worker/settle.h"
#include "worker/settle_p.h"

/*
 * So many contacts a user deletes in one go without our doubting it: no more than that are missing
 * in a mailbox that somebody restored, moved or emptied by mistake.
 */
enum { FEW_AT_LEAST = 5, FEW_OF = 10 };

struct census {
    const struct ledger_known *rows;
    size_t n;
    const struct store_listed *items;
    size_t n_items;
    struct map *row_of_item, *row_of_key;
    const struct store_listed **mine;  /* per row: its item; NULL none */
    const struct store_listed **trash; /* per row: what lies in the trash with its key and hash */
};

static bool better(const struct ledger_known *row,
                   const struct store_listed *it,
                   const struct store_listed *than)
{
    bool own = row->item_id && !strcmp(it->item_id, row->item_id);
    if (!than || own)
        return true;
    if (row->item_id && !strcmp(than->item_id, row->item_id))
        return false;
    if (it->place != than->place)
        return it->place < than->place;
    return it->created_ms < than->created_ms;
}

/* By id first: after a merge the item may carry either key, by what has been written so far. */
static long row_of(const struct census *c, const struct store_listed *it)
{
    void *slot = map_get(c->row_of_item, it->item_id, strlen(it->item_id));
    if (!slot)
        slot = map_get(c->row_of_key, it->key.b, sizeof(it->key.b));
    return slot ? (long)(uintptr_t)slot - 1 : -1;
}

/* Which listed item belongs to which row: by id where the row has one, else the oldest with its
 * key; none that was written for another mailbox. */
static void match_items(struct census *c, const char *folder_id, const struct settle_rules *rules)
{
    for (size_t i = 0; i < c->n_items; i++) {
        const struct store_listed *it = &c->items[i];
        long r = row_of(c, it);
        if (r < 0)
            continue;
        const struct ledger_known *row = &c->rows[r];
        bool own = row->item_id && !strcmp(it->item_id, row->item_id);
        if (it->place == STORE_IN_TRASH) {
            c->trash[r] = it;
            continue;
        }
        if (folder_id && !own && settle_is_strange(it, folder_id, rules))
            continue;
        if (better(row, it, c->mine[r]))
            c->mine[r] = it;
    }
}

static void census_init(struct census *c,
                        const struct ledger_known *rows,
                        size_t n,
                        const struct store_listed *items,
                        size_t n_items)
{
    *c = (struct census){.rows = rows, .n = n, .items = items, .n_items = n_items};
    c->row_of_item = map_new();
    c->row_of_key = map_new();
    c->mine = xalloc((n + 1) * sizeof(*c->mine));
    c->trash = xalloc((n + 1) * sizeof(*c->trash));
    for (size_t i = 0; i < n; i++) {
        void *slot = (void *)(uintptr_t)(i + 1);
        map_put(c->row_of_key, rows[i].key.b, sizeof(rows[i].key.b), slot);
        if (rows[i].item_id)
            map_put(c->row_of_item, rows[i].item_id, strlen(rows[i].item_id), slot);
    }
}

static void census_free(struct census *c)
{
    map_free(c->row_of_item);
    map_free(c->row_of_key);
    free(c->mine);
    free(c->trash);
}

/* --- first contact, restore, Clear ------------------------------------------------------ */

static void add_extra(const struct store_listed *it,
                      struct settle_plan *plan) /* the user's own from now on */
{
    vec_push(&plan->extras, (struct settle_extra){it->item_id, it->version, it->key, false});
}

static void add_double(const struct store_listed *it, struct settle_plan *plan) /* goes */
{
    vec_push(&plan->extras, (struct settle_extra){it->item_id, it->version, it->key, true});
}

/*
 * Keys of people whose item will be written with them, and their rows: it came from somebody they
 * were merged with and carries that key by our knowledge. Another item that has such a key already
 * was made by us at a time that the rows have forgotten (a restore): a second one of the same
 * person. Unless that write is open: then it may be the very item, under a new id.
 */
static struct map *awaited_keys(const struct census *c)
{
    struct map *keys = map_new();
    for (size_t i = 0; i < c->n; i++) {
        const struct ledger_known *row = &c->rows[i];
        if (row->has && row->wanted && memcmp(&row->own, &row->key, sizeof(row->own)) != 0)
            map_put(keys, row->own.b, sizeof(row->own.b), (void *)(uintptr_t)row);
    }
    return keys;
}

/* Items that no row knows: the oldest of a key is ours, in whatever folder; the others are copies,
 * and so is what came from elsewhere. */
static void found_items(const struct census *c,
                        const char *folder_id,
                        const struct settle_rules *rules,
                        struct settle_plan *plan)
{
    autoptr(map_free) struct map *first = map_new(), *awaited = awaited_keys(c);
    for (size_t i = 0; i < c->n_items; i++) {
        const struct store_listed *it = &c->items[i];
        if (row_of(c, it) >= 0 || it->place == STORE_IN_TRASH)
            continue;
        if (!it->hash || settle_is_strange(it, folder_id, rules)) {
            add_extra(it, plan);
            continue;
        }
        const struct ledger_known *row = map_get(awaited, it->key.b, sizeof(it->key.b));
        if (row) {
            if (!row->intent)
                add_double(it, plan);
            continue;
        }
        uintptr_t slot = (uintptr_t)map_get(first, it->key.b, sizeof(it->key.b));
        const struct store_listed *other = slot ? &c->items[slot - 1] : NULL;
        if (other && other->created_ms <= it->created_ms) {
            add_extra(it, plan);
            continue;
        }
        if (other)
            add_extra(other, plan);
        map_put(first, it->key.b, sizeof(it->key.b), (void *)(uintptr_t)(i + 1));
    }
    map_foreach (f, first) {
        const struct store_listed *it = &c->items[(uintptr_t)f.value - 1];
        vec_push(&plan->found, (struct ledger_found){it->key, it->item_id, it->version, false});
    }
}

/* The row has an item and it is not there. What lies in the trash as the row knows it, the user
 * threw away; when our own deletes go there too, that may have been us, before a restore. */
static void gone(const struct census *c,
                 size_t i,
                 const char *folder_id,
                 const struct settle_rules *rules,
                 struct settle_plan *plan)
{
    const struct ledger_known *row = &c->rows[i];
    struct ledger_result r = {
        .person = row->person, .set_have = true, .op = "adopt", .outcome = "done", .code = ""};
    bool thrown =
        c->trash[i] && c->trash[i]->hash && row->wanted && !rules->own_trash && !rules->recreate &&
        settle_match(c->trash[i]->hash, folder_id, rules->former, &row->have) == ITEM_HASH_SAME;
    if (thrown) {
        r.hide = true;
        r.op = "hide";
        r.code = "user.deleted";
        plan->hidden++;
    }
    vec_push(&plan->results, r);
}

/* That its content is not known is known. To say so again would be something new in every listing,
 * and a Clear lists until there is nothing new. */
static bool is_known_as_unknown(const struct ledger_known *row, const struct store_listed *it)
{
    static const struct sha256 unknown;
    return memcmp(&row->have, &unknown, sizeof(unknown)) == 0 &&
           memcmp(&row->key, &it->key, sizeof(row->key)) == 0;
}

static void settle_row(const struct ledger_known *row,
                       const struct store_listed *it,
                       const char *folder_id,
                       struct settle_plan *plan)
{
    bool own = row->has && row->item_id && !strcmp(row->item_id, it->item_id);
    bool same = it->hash && item_hash_match(it->hash, folder_id, &row->have) == ITEM_HASH_SAME;
    if (own && (same || is_known_as_unknown(row, it)))
        return;
    struct ledger_result r = {.person = row->person, .op = "adopt", .outcome = "done", .code = ""};
    r.set_have = true;
    /* names of ours that the item may carry: so that those that should go, go */
    r.have = (struct link_side){.set = true, .key = it->key, .cats = row->cats ? row->cats : ""};
    r.have_content_unknown = true;
    r.item_id = it->item_id;
    r.version = it->version;
    vec_push(&plan->results, r);
}

void settle_mailbox(const struct ledger_known *rows,
                    size_t n,
                    const struct store_listed *items,
                    size_t n_items,
                    const char *folder_id,
                    const struct settle_rules *rules,
                    struct settle_plan *ret)
{
    struct census c;
    census_init(&c, rows, n, items, n_items);
    match_items(&c, folder_id, rules);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].intent)
            continue;
        if (c.mine[i])
            settle_row(&rows[i], c.mine[i], folder_id, ret);
        else if (rows[i].has)
            gone(&c, i, folder_id, rules, ret);
    }
    for (size_t i = 0; i < n_items; i++) {
        long r = row_of(&c, &items[i]);
        if (r >= 0 && c.mine[r] != &items[i] && !rows[r].intent && items[i].place != STORE_IN_TRASH)
            add_extra(&items[i], ret);
    }
    found_items(&c, folder_id, rules, ret);
    census_free(&c);
}

/* --- how many are missing ---------------------------------------------------------------- */

/* Wanted, with an item by our knowledge, and that is neither in a contacts folder nor in the trash.
 */
static bool is_missing(const struct census *c, size_t i)
{
    return c->rows[i].has && c->rows[i].wanted && !c->mine[i] && !c->trash[i];
}

enum settle_missing settle_census(const struct ledger_known *rows,
                                  size_t n,
                                  const struct store_listed *items,
                                  size_t n_items)
{
    struct census c;
    size_t missing = 0, has = 0;
    census_init(&c, rows, n, items, n_items);
    match_items(&c, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        has += rows[i].has;
        missing += is_missing(&c, i);
    }
    census_free(&c);
    size_t few = has / FEW_OF > FEW_AT_LEAST ? has / FEW_OF : FEW_AT_LEAST;
    return missing <= few ? SETTLE_FEW : SETTLE_MANY;
}

void settle_rest(const struct ledger_known *rows,
                 size_t n,
                 const struct store_listed *items,
                 size_t n_items,
                 const struct settle_rules *rules,
                 struct settle_plan *ret)
{
    struct census c;
    bool few = rules->missing == SETTLE_FEW;
    census_init(&c, rows, n, items, n_items);
    match_items(&c, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].intent || !is_missing(&c, i))
            continue;
        struct ledger_result r = {
            .person = rows[i].person, .set_have = true, .outcome = "done", .code = ""};
        r.hide = few;
        r.op = few ? "hide" : "settle";
        r.code = few ? "user.deleted" : "many.missing";
        ret->hidden += few;
        ret->rebuilt += !few;
        vec_push(&ret->results, r);
    }
    census_free(&c);
}
