/*
 * Writes: one request for creates, deletes and strips. An update is up to four: read the items
 * whose categories change or whose version is not known, update, and, for those that had changed
 * under us, read again and update once more. What is read tells by its hash whether it is the item
 * that we know: then only somebody else's fields have changed, and they stay.
 *
 * What is refused for good may be tried once more at the end (ews_error_again): as it was, or
 * without the one field that the server does not take.
 */
#include <assert.h>
#include <string.h>

#include "worker/ews/ews_categories.h"
#include "worker/ews/ews_p.h"

struct apply {
    struct ews_call call;
    enum store_verb verb;
    const struct store_op *ops;
    size_t n;
    store_apply_done done;
    void *user;
    int64_t deadline;            /* of the loop's clock */
    struct store_result *result; /* one per operation, OUT_UNKNOWN until known */
    /* Updates: those in work, in order. The first n_looks are the ones that are being read. */
    struct ews_change *changes, *looks;
    size_t n_changes, n_looks;
    bool second; /* after a conflict */
    /* Those that were refused and are worth one more try: copies of the operations, with what is
     * left out. */
    struct store_op *again;
    struct contact *again_after;
    struct ews_change *again_changes;
    size_t *again_of; /* which operation it is */
    uint64_t *lacks;
    size_t n_again;
    bool trying; /* they are in work now */
};

static struct apply *apply_of(struct ews_call *c)
{
    return (struct apply *)c;
}

static void finish(struct apply *a)
{
    store_apply_done done = a->done;
    void *user = a->user;
    struct store_result *result = a->result;
    size_t n = a->n;
    uint32_t took_ms = a->call.took_ms;
    struct arena *keep = steal(
        a->call.keep); /* results outlive the call: the callback may cancel or begin another */
    ews_call_free(&a->call);
    done(result, n, took_ms, user);
    arena_free(keep);
}

static bool is_again(const struct apply *a, const struct store_op *op)
{
    return a->again && op >= a->again && op < a->again + a->n_again;
}

static struct store_result *result_of(struct apply *a, const struct store_op *op)
{
    return &a->result[is_again(a, op) ? a->again_of[op - a->again] : (size_t)(op - a->ops)];
}

static void
set_result(struct apply *a, const struct store_op *op, enum outcome o, const struct err *err)
{
    struct store_result *r = result_of(a, op);
    r->outcome = o;
    if (o != OUT_DONE)
        r->err = *err;
}

static void unreadable(struct apply *a, const struct store_op *op)
{
    struct err why, err;
    err_set(&why, SCOPE_ITEM, WHEN_UNKNOWN, "ews.unreadable",
            "a result says success but names no item");
    set_result(a, op, ews_error_unreadable(&why, a->call.verb, &err), &err);
}

static void take_id(struct apply *a, const struct store_op *op, const struct ews_item *item)
{
    struct store_result *r = result_of(a, op);
    if (!op->item_id || strcmp(op->item_id, item->id) != 0)
        r->item_id = arena_strdup(a->call.keep, item->id);
    r->version = arena_strdup(a->call.keep, item->change_key);
}

/* One answered operation of the present write. */
static void settle(struct apply *a, const struct store_op *op, const struct ews_message *m)
{
    struct err err;
    const struct ews_item *item = m->n_items > 0 && m->items[0].id ? &m->items[0] : NULL;
    if (!m->ok) {
        enum outcome o = ews_error_item(&m->problem, a->call.verb, &err);
        set_result(a, op, o, &err);
    } else if (a->verb == STORE_CREATE && !item) {
        unreadable(a, op);
    } else {
        set_result(a, op, OUT_DONE, NULL);
        if (item && a->verb != STORE_DELETE)
            take_id(a, op, item);
        if (is_again(a, op))
            result_of(a, op)->lacks = a->lacks[op - a->again];
    }
}

/* ---- once more ---- */

static bool may_lack(const struct apply *a, const struct store_op *op, enum contact_field field)
{
    return a->verb == STORE_CREATE ? op->after->f[field] != NULL : op->changed >> field & 1;
}

static void begin_again_list(struct apply *a)
{
    struct arena *keep = a->call.keep;
    if (a->again)
        return;
    a->again = arena_alloc(keep, a->n * sizeof(*a->again));
    a->again_after = arena_alloc(keep, a->n * sizeof(*a->again_after));
    a->again_changes = arena_alloc(keep, a->n * sizeof(*a->again_changes));
    a->again_of = arena_alloc(keep, a->n * sizeof(*a->again_of));
    a->lacks = arena_alloc(keep, a->n * sizeof(*a->lacks));
}

/* An operation that was just refused for good: is it tried once more, and without what? change: of
 * an update, else NULL. */
static void want_again(struct apply *a,
                       const struct store_op *op,
                       const struct ews_change *change,
                       const struct ews_message *m)
{
    enum contact_field field;
    if (a->trying || result_of(a, op)->outcome != OUT_DEAD)
        return;
    enum ews_again how = ews_error_again(&m->problem, &field);
    if (how == EWS_AGAIN_NO || (how == EWS_AGAIN_WITHOUT && !may_lack(a, op, field)))
        return;
    begin_again_list(a);
    size_t i = a->n_again++;
    a->again_of[i] = (size_t)(op - a->ops);
    a->again[i] = *op;
    a->again_after[i] = *op->after;
    a->again[i].after = &a->again_after[i];
    a->lacks[i] = 0;
    if (change)
        a->again_changes[i] = *change;
    a->again_changes[i].op = &a->again[i];
    if (how != EWS_AGAIN_WITHOUT)
        return;
    a->lacks[i] = UINT64_C(1) << field;
    a->again[i].changed &= ~a->lacks[i];
    a->again_after[i].f[field] = NULL;
}

/* ---- updates ---- */

static void send_update(struct apply *a);
static void finish_or_try_again(struct apply *a);

static void send(struct apply *a, enum ews_verb verb, const char *operation, size_t n)
{
    int64_t left = a->deadline - clock_now(loop_clock(a->call.s->l));
    if (left <= 0) {
        struct err err;
        err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "ews.deadline",
                "no time was left to send the request");
        ews_call_fail_later(&a->call, OUT_NOT_TRIED, &err);
        return;
    }
    ews_call_send(&a->call, &(struct ews_request){verb, operation, n, (uint32_t)left});
}

static void send_looks(struct apply *a)
{
    str_clear(&a->call.body);
    ews_encode_get_state(&a->call.body, &a->call.target, a->looks, a->n_looks);
    send(a, EWS_GET, "GetItemResponse", a->n_looks);
}

static struct ews_names keep_names(struct arena *keep, struct ews_names names)
{
    const char **v = arena_alloc(keep, (names.n + 1) * sizeof(*v));
    for (size_t i = 0; i < names.n; i++)
        v[i] = arena_strdup(keep, names.v[i]);
    return (struct ews_names){v, names.n};
}

static bool same(const char *x, const char *y)
{
    return x && y && strcmp(x, y) == 0;
}

/* The item is there: its hash says whether to write. false: the operation has its result. */
static bool may_write(struct apply *a, const struct ews_change *c, const struct ews_item *item)
{
    const struct store_op *op = c->op;
    struct err err;
    if (!op->hash_before || same(item->hash, op->hash_before))
        return true;
    if (same(item->hash, op->hash)) { /* an earlier try that we have not heard of */
        set_result(a, op, OUT_DONE, NULL);
        take_id(a, op, item);
        return false;
    }
    err_set(&err, SCOPE_ITEM, WHEN_LATER, "ews.other_content",
            "the item does not hold what it held by our knowledge");
    set_result(a, op, OUT_CONFLICT, &err);
    return false;
}

/* What the item holds decides the categories to write. The answer's memory goes with the next
 * request. */
static void looked_at(struct apply *a, struct ews_change *c, const struct ews_item *item)
{
    struct ews_names have = {item->categories, item->n_categories}, names = {NULL, 0};
    c->change_key = arena_strdup(a->call.keep, item->change_key);
    if (ews_categories_differ(c->op->cats_before, c->op->cats_after)) {
        c->set_categories = ews_categories_merge(a->call.answer, have, c->op->cats_before,
                                                 c->op->cats_after, &names);
    }
    if (c->set_categories)
        c->categories = keep_names(a->call.keep, names);
}

static struct ews_change *change_of(struct apply *a, const struct store_op *op)
{
    for (size_t i = 0; i < a->n_changes; i++)
        if (a->changes[i].op == op)
            return &a->changes[i];
    return NULL;
}

/* Those that cannot be written leave the changes. */
static void on_looks(struct apply *a, const struct ews_response *r)
{
    struct err err;
    for (size_t i = 0; i < a->n_looks; i++) {
        const struct ews_message *m = &r->messages[i];
        struct ews_change *c = change_of(a, a->looks[i].op);
        bool there = m->ok && m->n_items > 0 && m->items[0].id;
        if (there && may_write(a, c, &m->items[0])) {
            looked_at(a, c, &m->items[0]);
            continue;
        }
        if (m->ok && !there) {
            unreadable(a, c->op);
        } else if (!m->ok) {
            enum outcome o = ews_error_item(&m->problem, EWS_GET, &err);
            set_result(a, c->op, o, &err);
        }
        memmove(c, c + 1, (size_t)(a->changes + a->n_changes - (c + 1)) * sizeof(*c));
        a->n_changes--;
    }
    a->n_looks = 0;
    send_update(a);
}

static void send_update(struct apply *a)
{
    if (a->n_changes == 0) {
        finish_or_try_again(a);
        return;
    }
    str_clear(&a->call.body);
    ews_encode_update(&a->call.body, &a->call.target, a->changes, a->n_changes);
    send(a, EWS_UPDATE, "UpdateItemResponse", a->n_changes);
}

static void finish_or_try_again(struct apply *a)
{
    if (!a->n_again || a->trying) {
        finish(a);
        return;
    }
    a->trying = true;
    if (a->verb == STORE_UPDATE) {
        a->changes = a->again_changes;
        a->n_changes = a->n_again;
        send_update(a);
        return;
    }
    str_clear(&a->call.body);
    ews_encode_create(&a->call.body, &a->call.target, a->again, a->n_again);
    send(a, EWS_CREATE, "CreateItemResponse", a->n_again);
}

/* Conflicts are read and written again, once. */
static void on_update(struct apply *a, const struct ews_response *r)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_changes; i++) {
        const struct store_op *op = a->changes[i].op;
        settle(a, op, &r->messages[i]);
        want_again(a, op, &a->changes[i], &r->messages[i]);
        if (result_of(a, op)->outcome == OUT_CONFLICT)
            a->changes[n++] = (struct ews_change){.op = op};
    }
    a->n_changes = n;
    if (n == 0 || a->second || a->trying) {
        finish_or_try_again(a);
        return;
    }
    a->second = true;
    memcpy(a->looks, a->changes, n * sizeof(*a->looks));
    a->n_looks = n;
    send_looks(a);
}

static void begin_update(struct apply *a)
{
    a->changes = arena_alloc(a->call.keep, a->n * sizeof(*a->changes));
    a->looks = arena_alloc(a->call.keep, a->n * sizeof(*a->looks));
    for (size_t i = 0; i < a->n; i++) {
        const struct store_op *op = &a->ops[i];
        a->changes[a->n_changes++] = (struct ews_change){.op = op, .change_key = op->version};
        if (!op->version || ews_categories_differ(op->cats_before, op->cats_after))
            a->looks[a->n_looks++] = a->changes[i];
    }
    if (a->n_looks > 0)
        send_looks(a);
    else
        send_update(a);
}

/* ---- all verbs ---- */

static void on_answered(struct ews_call *c, const struct ews_response *r)
{
    struct apply *a = apply_of(c);
    if (c->verb == EWS_GET) {
        on_looks(a, r);
        return;
    }
    if (a->verb == STORE_UPDATE) {
        on_update(a, r);
        return;
    }
    const struct store_op *ops = a->trying ? a->again : a->ops;
    size_t n = a->trying ? a->n_again : a->n;
    for (size_t i = 0; i < n; i++) {
        settle(a, &ops[i], &r->messages[i]);
        if (a->verb == STORE_CREATE)
            want_again(a, &ops[i], NULL, &r->messages[i]);
    }
    finish_or_try_again(a);
}

/* Concerns what is in work; results that are known stay. */
static void on_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    struct apply *a = apply_of(c);
    struct err waits;
    err_set(&waits, SCOPE_ITEM, WHEN_LATER, err->code, "its second try did not come");
    for (size_t i = 0; i < a->n_again && !a->trying; i++)
        set_result(a, &a->again[i], OUT_NOT_TRIED, &waits);
    if (a->verb == STORE_UPDATE)
        for (size_t i = 0; i < a->n_changes; i++)
            set_result(a, a->changes[i].op, o, err);
    else
        for (size_t i = 0; i < (a->trying ? a->n_again : a->n); i++)
            set_result(a, a->trying ? &a->again[i] : &a->ops[i], o, err);
    finish(a);
}

static const struct ews_call_ops apply_ops = {on_answered, on_failed};

static void begin(struct apply *a)
{
    struct ews_call *c = &a->call;
    switch (a->verb) {
    case STORE_CREATE:
        ews_encode_create(&c->body, &c->target, a->ops, a->n);
        send(a, EWS_CREATE, "CreateItemResponse", a->n);
        break;
    case STORE_UPDATE:
        begin_update(a);
        break;
    case STORE_DELETE:
        ews_encode_delete(&c->body, &c->target, c->s->delete_type, a->ops, a->n);
        send(a, EWS_DELETE, "DeleteItemResponse", a->n);
        break;
    case STORE_STRIP:
        ews_encode_strip(&c->body, &c->target, a->ops, a->n);
        send(a, EWS_UPDATE, "UpdateItemResponse", a->n);
        break;
    }
}

void ews_apply(struct contact_store *base,
               const struct store_mailbox *mb,
               enum store_verb verb,
               const struct store_op *ops,
               size_t n,
               uint32_t timeout_ms,
               store_apply_done done,
               void *user)
{
    struct ews_store *s = (struct ews_store *)base;
    assert(n > 0 && n <= s->limits.max_create);
    struct apply *a = (struct apply *)ews_call_new(s, &apply_ops, sizeof(*a), mb);
    a->verb = verb;
    a->ops = ops;
    a->n = n;
    a->done = done;
    a->user = user;
    a->deadline = clock_now(loop_clock(s->l)) + timeout_ms;
    a->result = arena_alloc(a->call.keep, n * sizeof(*a->result));
    for (size_t i = 0; i < n; i++) {
        a->result[i].tag = ops[i].tag;
        a->result[i].outcome = OUT_UNKNOWN;
    }
    begin(a);
}
