#include "worker/batch.h"

#include <string.h>

#include "common/base/arena.h"

enum { ALONE_AFTER = 3 };

enum batch_need batch_need_of(const struct ledger_link *l)
{
    if (l->intent || l->look)
        return BATCH_SETTLE;
    if (!l->dirty)
        return BATCH_NOTHING;
    if (l->want.set)
        return l->want.body ? BATCH_WRITE : BATCH_NO_CONTENT;
    return l->have.set ? BATCH_WRITE : BATCH_NOTHING;
}

enum store_verb batch_verb(const struct ledger_link *l)
{
    if (!l->want.set)
        return STORE_DELETE;
    return l->have.set ? STORE_UPDATE : STORE_CREATE;
}

static size_t verb_limit(const struct store_limits *lim, enum store_verb v)
{
    return v == STORE_CREATE   ? lim->max_create
           : v == STORE_UPDATE ? lim->max_update
                               : lim->max_delete;
}

static const struct contact *decode(const char *body, struct arena *a)
{
    if (!body)
        return NULL;
    struct contact *c = arena_alloc(a, sizeof(*c));
    struct err err;
    return contact_decode(body, strlen(body), a, c, &err) == 0 ? c : NULL;
}

static const char *hash_text(const struct link_side *s, const char *folder_id, struct arena *a)
{
    struct sha256 state;
    link_state_hash(&s->key, &s->content, s->cats, &state);
    char *text = arena_alloc(a, ITEM_HASH_TEXT);
    item_hash_format(folder_id, &state, text);
    return text;
}

static bool content_known(const struct link_side *s)
{
    static const struct sha256 none;
    return s->set && memcmp(&s->content, &none, sizeof(none)) != 0;
}

/* false: the content cannot be read. */
static bool build_op(const struct ledger_link *l,
                     enum store_verb verb,
                     const char *folder_id,
                     struct arena *a,
                     struct store_op *op)
{
    op->key = l->want.set ? l->want.key : l->have.key;
    op->item_id = l->item_id;
    op->version = l->version;
    op->cats_before = l->have.set && l->have.cats ? l->have.cats : "";
    op->cats_after = l->want.set && l->want.cats ? l->want.cats : "";
    if (verb == STORE_DELETE)
        return true;
    op->after = decode(l->want.body, a);
    if (!op->after)
        return false;
    op->hash = hash_text(&l->want, folder_id, a);
    if (verb == STORE_UPDATE) {
        bool known = content_known(&l->have);
        op->hash_before = known ? hash_text(&l->have, folder_id, a) : NULL;
        op->inherits = !known;
        op->before = decode(l->have.body, a);
        op->changed = contact_changed(op->before, op->after) | l->lacks;
    }
    return true;
}

static void
build_intent(const struct ledger_link *l, enum store_verb verb, struct ledger_intent *in)
{
    in->person = l->person;
    in->op = verb == STORE_CREATE   ? INTENT_CREATE
             : verb == STORE_UPDATE ? INTENT_UPDATE
                                    : INTENT_DELETE;
    in->key = l->want.set ? l->want.key : l->have.key;
    in->content = l->want.content;
    in->cats = l->want.set ? l->want.cats : "";
}

/* A rough upper bound of what one operation adds to a request. */
static size_t op_bytes(const struct ledger_link *l, enum store_verb verb)
{
    size_t id = l->item_id ? strlen(l->item_id) : 0;
    if (verb == STORE_DELETE)
        return id + 128;
    return id + 2048 + 4 * strlen(l->want.body) + 2 * strlen(l->want.cats);
}

static bool same_kind(const struct batch *b, bool urgent, const struct ledger_link *l)
{
    return batch_verb(l) == b->verb && l->urgent == urgent;
}

/* @source reference/ews.md section 11, ErrorInternalServerError: three times, then by itself */
static bool goes_alone(const struct ledger_link *l)
{
    return l->attempts >= ALONE_AFTER;
}

/* The first link says which verb the request has, and so how much it may hold. */
static size_t open_batch(struct batch *b,
                         const struct ledger_link *l,
                         const struct store_limits *lim,
                         uint32_t size,
                         struct arena *a)
{
    b->verb = batch_verb(l);
    size_t max = verb_limit(lim, b->verb) < size ? verb_limit(lim, b->verb) : size;
    b->ops = arena_alloc(a, max * sizeof(*b->ops));
    b->intents = arena_alloc(a, max * sizeof(*b->intents));
    return max;
}

/* Adds the operation, or marks a link whose content cannot be read. */
static void add_op(struct batch *b,
                   const struct ledger_link *links,
                   size_t i,
                   unsigned char *marks,
                   const char *folder_id,
                   struct arena *a)
{
    struct store_op *op = &b->ops[b->n];
    memset(op, 0, sizeof(*op));
    op->tag = i;
    marks[i] = BATCH_UNUSABLE;
    if (!build_op(&links[i], b->verb, folder_id, a, op))
        return;
    marks[i] = BATCH_TAKEN;
    build_intent(&links[i], b->verb, &b->intents[b->n++]);
}

bool batch_next(const struct ledger_link *links,
                unsigned char *marks,
                size_t n,
                const struct store_limits *lim,
                uint32_t size,
                const char *folder_id,
                struct arena *a,
                struct batch *ret)
{
    memset(ret, 0, sizeof(*ret));
    size_t bytes = 0, max = 1;
    bool urgent = false;
    for (size_t i = 0; i < n && ret->n < max; i++) {
        const struct ledger_link *l = &links[i];
        if (marks[i] != BATCH_OPEN || batch_need_of(l) != BATCH_WRITE)
            continue;
        if (!ret->ops) {
            max = open_batch(ret, l, lim, size, a);
            urgent = l->urgent;
        }
        if (!same_kind(ret, urgent, l) || (ret->n && goes_alone(l)))
            continue;
        if (goes_alone(l))
            max = 1;
        bytes += op_bytes(l, ret->verb);
        if (ret->n && bytes > lim->max_bytes)
            break;
        add_op(ret, links, i, marks, folder_id, a);
    }
    return ret->n > 0;
}
