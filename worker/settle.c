#include "worker/settle.h"

#include <string.h>

#include "common/base/str.h"

#include "worker/settle_p.h"

void settle_plan_release(struct settle_plan *p)
{
    vec_release(&p->results);
    vec_release(&p->extras);
    vec_release(&p->found);
    vec_foreach (text, &p->texts)
        free(*text);
    vec_release(&p->texts);
}

enum {
    CLOCKS_DIFFER_MS = 5 * 60 * 1000, /* Exchange's clock, the database's and ours */
    FOLDER_ID_MAX = 1025,
    CATEGORIES_MAX = 1 << 20, /* of one item, ours */
    LOOKS_AT_MANY = 2,        /* the two of any write; then one more, much later */
};

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

/* --- whose an item is ------------------------------------------------------------------ */

static const struct sha256 none;

enum item_hash_match settle_match(const char *hash,
                                  const char *folder_id,
                                  const char *former,
                                  const struct sha256 *state)
{
    enum item_hash_match m = item_hash_match(hash, folder_id, state);
    char id[FOLDER_ID_MAX];
    while (m == ITEM_HASH_OTHER && former && *former) {
        size_t n = strcspn(former, "\n");
        if (n < sizeof(id)) {
            memcpy(id, former, n);
            id[n] = 0;
            m = item_hash_match(hash, id, state);
        }
        former += n + (former[n] == '\n');
    }
    return m;
}

bool settle_is_strange(const struct store_listed *it,
                       const char *folder_id,
                       const struct settle_rules *rules)
{
    return it->hash && settle_match(it->hash, folder_id, rules->former, &none) == ITEM_HASH_OTHER;
}

static bool named(const struct store_listed *it, const char *item_id)
{
    return item_id && !strcmp(it->item_id, item_id);
}

/* The item of a link: its own id first, else the oldest with one of the keys, rather in the target
 * folder. */
static bool carries(const struct store_listed *it, const struct guid *x, const struct guid *y)
{
    return (x && !guid_cmp(&it->key, x)) || (y && !guid_cmp(&it->key, y));
}

static bool
better(const struct store_listed *it, const struct store_listed *than, const char *item_id)
{
    if (!than || named(it, item_id))
        return true;
    if (named(than, item_id))
        return false;
    if (it->place != than->place)
        return it->place < than->place;
    return it->created_ms < than->created_ms;
}

static const struct store_listed *
pick_item(const struct listing *in, const struct guid *x, const struct guid *y, const char *item_id)
{
    const struct store_listed *best = NULL;
    for (size_t i = 0; i < in->n; i++) {
        const struct store_listed *it = &in->items[i];
        if (it->place == STORE_IN_TRASH || !carries(it, x, y))
            continue;
        if (settle_is_strange(it, in->folder_id, in->rules) && !named(it, item_id))
            continue;
        if (better(it, best, item_id))
            best = it;
    }
    return best;
}

static void state_of(const struct link_side *s, struct sha256 *ret)
{
    link_state_hash(&s->key, &s->content, s->cats ? s->cats : "", ret);
}

static bool
hash_is(const struct store_listed *it, const struct link_side *s, const struct listing *in)
{
    if (!s->set || !it->hash)
        return false;
    struct sha256 state;
    state_of(s, &state);
    return item_hash_match(it->hash, in->folder_id, &state) == ITEM_HASH_SAME;
}

static bool content_known(const struct link_side *s)
{
    return s->set && memcmp(&s->content, &none, sizeof(none)) != 0;
}

/* --- one link -------------------------------------------------------------------------- */

/* What may be ours among the categories of an item that holds neither what we knew of it nor what
 * was sent last: both. */
static const char *may_be_ours(const struct ledger_link *l, struct settle_plan *plan)
{
    const char *had = l->have.cats ? l->have.cats : "";
    const char *sent = l->intent && l->intended.cats ? l->intended.cats : "";
    if (!*had || !*sent)
        return *had ? had : sent;
    struct str s;
    str_init(&s, CATEGORIES_MAX);
    str_addf(&s, "%s\n%s", had, sent);
    char *text = str_steal(&s);
    vec_push(&plan->texts, text);
    return text;
}

static void adopt(struct ledger_result *r,
                  const struct ledger_link *l,
                  const struct store_listed *it,
                  const struct listing *in,
                  struct settle_plan *plan)
{
    r->set_have = true;
    r->item_id = it->item_id;
    r->version = it->version;
    if (l->intent && hash_is(it, &l->intended, in)) {
        r->have = l->intended;
    } else if (hash_is(it, &l->have, in)) {
        r->have = l->have;
    } else {
        r->have = (struct link_side){.set = true, .cats = may_be_ours(l, plan)};
        r->have_content_unknown = true;
    }
    r->have.key = it->key;
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
        if (it == keep || it->place == STORE_IN_TRASH || !carries(it, x, y))
            continue;
        bool same = keep && (hash_is(it, &l->intended, in) || hash_is(it, &l->have, in));
        vec_push(&plan->extras, (struct settle_extra){it->item_id, it->version, it->key,
                                                      same && made_since(it, l, in->rules)});
    }
}

/* Does the trash hold what the link's item was? */
static bool in_trash(const struct ledger_link *l,
                     const struct listing *in,
                     const struct guid *x,
                     const struct guid *y)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct store_listed *it = &in->items[i];
        if (it->place != STORE_IN_TRASH || !carries(it, x, y))
            continue;
        if (hash_is(it, &l->have, in) || (l->intent && hash_is(it, &l->intended, in)) ||
            (!content_known(&l->have) && !settle_is_strange(it, in->folder_id, in->rules)))
            return true;
    }
    return false;
}

static void nothing_there(struct ledger_result *r, const struct ledger_link *l)
{
    r->set_have = true; /* have.set = false: nothing is there */
    r->clear_intent = l->intent;
    r->look_done = !l->intent;
}

static void hide(struct ledger_result *r, struct settle_plan *plan)
{
    r->hide = true;
    r->op = "hide";
    r->code = "user.deleted";
    plan->hidden++;
}

/* Many are missing: once more after a good while, then they are made anew. */
static bool
wait_for_many(struct ledger_result *r, const struct ledger_link *l, const struct listing *in)
{
    if (!l->intent || l->intent_looks >= LOOKS_AT_MANY)
        return false;
    r->look_done = true;
    r->retry_in_ms = in->rules->look_again_ms;
    r->outcome = "retry_later";
    r->code = "many.missing";
    return true;
}

/* An item that was there is nowhere to be seen. false: no result yet. */
static bool was_there(const struct ledger_link *l,
                      const struct listing *in,
                      bool trashed,
                      struct ledger_result *r,
                      struct settle_plan *plan)
{
    bool unkeyed = !content_known(&l->have) && !trashed;
    if (in->rules->recreate || unkeyed) {
        nothing_there(r, l);
        plan->relist |= unkeyed;
        plan->rebuilt++;
        return true;
    }
    if (trashed || in->rules->missing == SETTLE_FEW) {
        nothing_there(r, l);
        hide(r, plan);
        return true;
    }
    if (in->rules->missing == SETTLE_ASK) {
        plan->missing++;
        return false;
    }
    if (wait_for_many(r, l, in)) {
        plan->later++;
        return true;
    }
    nothing_there(r, l);
    plan->rebuilt++;
    return true;
}

/* No item with the keys in any contacts folder. false: no result yet. */
static bool not_there(const struct ledger_link *l,
                      const struct listing *in,
                      bool trashed,
                      struct ledger_result *r,
                      struct settle_plan *plan)
{
    if (l->intent && !l->intent_looks && !trashed) {
        r->look_done = true; /* one more look, a little later */
        r->retry_in_ms = in->rules->gap_ms;
        r->outcome = "unknown";
        return true;
    }
    bool ours = l->intent && l->intent_op == INTENT_DELETE; /* wanted again since we deleted it */
    if (l->have.set && l->want.set && !ours)
        return was_there(l, in, trashed, r, plan);
    nothing_there(r, l);
    if (l->intent && l->intent_op == INTENT_CREATE)
        r->look_in_ms = in->rules->look_again_ms;
    return true;
}

static void
settle_one(const struct ledger_link *l, const struct listing *in, struct settle_plan *plan)
{
    const struct guid *x = l->intent && l->intended.set ? &l->intended.key : &l->want.key;
    const struct guid *y = l->have.set ? &l->have.key : NULL;
    const struct store_listed *it = pick_item(in, x, y, l->item_id);
    struct ledger_result r = {.person = l->person, .op = "settle", .outcome = "done", .code = ""};
    extras_of(l, in, x, y, it, plan);
    if (it) {
        adopt(&r, l, it, in, plan);
        r.clear_intent = l->intent;
        r.look_done = !l->intent;
    } else if (!not_there(l, in, l->have.set && in_trash(l, in, x, y), &r, plan)) {
        return;
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
