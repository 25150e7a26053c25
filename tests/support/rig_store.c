/*
 * The store as a worker of the rig sees it.
 *
 * A call goes out from the worker's loop (may_send is asked there), works on copies of its
 * arguments, and is answered by the worker's loop. A worker that dies leaves its calls behind:
 * those that are out still take effect, and nobody hears of it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/worker_rig_p.h"

enum { CALL_BYTES = 64 << 20 };
enum kind { APPLY, PHOTO, LIST, IDENTIFY, LEGACY, LOCATE };

struct rig_wire {
    TAILQ_ENTRY(rig_wire) list;
    struct rig *r;
    struct rig_worker *w; /* NULL: died */
    struct rig_fault fault;
    enum kind kind;
    const struct store_mailbox *asked; /* the caller's, for may_send */
    struct store_mailbox *mb;          /* a copy */
    enum store_verb verb;
    struct store_op *ops;
    struct store_photo *photos;
    struct guid *keys;
    size_t n, n_sent;
    store_apply_done apply_done;
    store_list_done list_done;
    store_identify_done identify_done;
    store_legacy_done legacy_done;
    store_locate_done locate_done;
    void *user;
    struct loop_timer *out, *back; /* on the worker's loop */
    struct loop_timer *late;       /* on the server's */
    bool with_server, answered, slept;
    int64_t sent_at;
    struct arena *arena;
    struct store_result *result;
    uint32_t took_ms;
    struct store_listed *listed;
    struct store_legacy *legacy;
    size_t n_listed;
    struct store_identity identity;
    enum outcome outcome; /* of a list or identify */
    struct err err;
};

static const char *const verbs[] = {"create", "update", "delete", "strip"};

static void wire_free(struct rig_wire *c)
{
    TAILQ_REMOVE(&c->r->wires, c, list);
    if (c->w) {
        loop_cancel(c->out);
        loop_cancel(c->back);
    }
    loop_cancel(c->late);
    arena_free(c->arena);
    free(c);
}

/* Whose answer is one result for each of n: only these change anything. */
static bool writes(const struct rig_wire *c)
{
    return c->kind == APPLY || c->kind == PHOTO;
}

/* ---- to the worker ---- */

static void tell(struct rig_wire *c)
{
    const struct err *err = c->outcome == OUT_DONE ? NULL : &c->err;
    switch (c->kind) {
    case APPLY:
    case PHOTO:
        c->apply_done(c->result, c->n, c->took_ms, c->user);
        break;
    case LIST:
        c->list_done(c->listed, err ? 0 : c->n_listed, c->outcome, err, c->user);
        break;
    case LEGACY:
        c->legacy_done(c->legacy, err ? 0 : c->n_listed, c->outcome, err, c->user);
        break;
    case IDENTIFY:
        c->identify_done(err ? NULL : &c->identity, c->outcome, err, c->user);
        break;
    case LOCATE:
        c->locate_done(err ? NULL : c->r->o.where(c->mb->id), c->outcome, err, c->user);
        break;
    }
}

static void hear(void *user)
{
    struct rig_wire *c = user;
    c->back = NULL;
    c->answered = true;
    if (!c->w->dead)
        tell(c);
    if (!c->with_server && !c->late)
        wire_free(c);
}

static void answer(struct rig_wire *c)
{
    c->back = loop_after(c->w->loop, 0, hear, c);
}

static void fail(struct rig_wire *c, size_t from, enum outcome o, const char *code)
{
    enum err_scope scope = c->fault.scope                 ? c->fault.scope
                           : c->fault.kind == RIG_PARTIAL ? SCOPE_ITEM
                                                          : SCOPE_MAILBOX;
    struct err err;
    err_set(&err, scope, o == OUT_UNKNOWN ? WHEN_UNKNOWN : WHEN_LATER, code, "by plan");
    err.after_ms = c->fault.after_ms;
    for (size_t i = from; writes(c) && i < c->n; i++)
        c->result[i] = (struct store_result){
            .tag = c->kind == PHOTO ? c->photos[i].tag : c->ops[i].tag, .outcome = o, .err = err};
    if (writes(c))
        return;
    c->outcome = o == OUT_UNKNOWN ? OUT_RETRY_LATER : o;
    c->err = err;
}

/* ---- from the server ---- */

static void count(struct rig_wire *c, const struct store_result *r, size_t n)
{
    for (size_t i = 0; i < n && c->kind == APPLY && c->verb == STORE_CREATE; i++) {
        const struct guid *key = &c->ops[i].key;
        if (r[i].outcome != OUT_DONE)
            continue;
        uintptr_t sofar = (uintptr_t)map_get(c->r->creates, key->b, sizeof(key->b));
        map_put(c->r->creates, key->b, sizeof(key->b), (void *)(sofar + 1)); /* NOLINT */
    }
}

/* The server has answered and c holds it. */
static void served(struct rig_wire *c)
{
    const char *code = c->fault.code ? c->fault.code : "rig.fault";
    c->with_server = false;
    if (!c->w || c->answered) {
        if (!c->w || !c->back)
            wire_free(c);
        return;
    }
    if (c->fault.kind == RIG_UNKNOWN_AFTER)
        fail(c, 0, OUT_UNKNOWN, code);
    else if (c->fault.kind == RIG_PARTIAL && writes(c))
        fail(c, c->n_sent, c->fault.outcome, code);
    if (c->fault.kind != RIG_NEVER && !c->back)
        answer(c);
}

static void on_applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct rig_wire *c = user;
    count(c, r, n);
    c->r->writes++;
    c->took_ms = took_ms;
    for (size_t i = 0; i < n && !c->back && !c->answered; i++) {
        c->result[i] = r[i];
        c->result[i].item_id = arena_strdup(c->arena, r[i].item_id);
        c->result[i].version = arena_strdup(c->arena, r[i].version);
    }
    served(c);
}

static void on_listed(
    const struct store_listed *items, size_t n, enum outcome o, const struct err *err, void *user)
{
    struct rig_wire *c = user;
    c->outcome = o;
    if (err)
        c->err = *err;
    c->listed = arena_memdup(c->arena, items, n * sizeof(*items));
    c->n_listed = n;
    for (size_t i = 0; i < n; i++) {
        c->listed[i].item_id = arena_strdup(c->arena, items[i].item_id);
        c->listed[i].version = arena_strdup(c->arena, items[i].version);
        c->listed[i].hash = arena_strdup(c->arena, items[i].hash);
    }
    served(c);
}

static void
on_identified(const struct store_identity *id, enum outcome o, const struct err *err, void *user)
{
    struct rig_wire *c = user;
    c->outcome = o;
    if (err)
        c->err = *err;
    if (id)
        c->identity = (struct store_identity){arena_strdup(c->arena, id->folder_id),
                                              arena_strdup(c->arena, id->server_version)};
    served(c);
}

static void on_legacy(
    const struct store_legacy *items, size_t n, enum outcome o, const struct err *err, void *user)
{
    struct rig_wire *c = user;
    c->outcome = o;
    if (err)
        c->err = *err;
    c->legacy = arena_memdup(c->arena, items, n * sizeof(*items));
    c->n_listed = n;
    for (size_t i = 0; i < n; i++) {
        c->legacy[i].item_id = arena_strdup(c->arena, items[i].item_id);
        c->legacy[i].version = arena_strdup(c->arena, items[i].version);
        c->legacy[i].mark = arena_strdup(c->arena, items[i].mark);
    }
    served(c);
}

static void on_located(void *user)
{
    struct rig_wire *c = user;
    c->late = NULL;
    if (c->r->o.where(c->mb->id))
        map_put_u64(c->r->located, (uint64_t)c->mb->id, c->r);
    else
        fail(c, 0, OUT_PARK, "autodiscover.nobody");
    served(c);
}

static void pass_on(struct rig_wire *c)
{
    struct contact_store *s = c->r->port;
    c->n_sent = c->fault.kind == RIG_PARTIAL && c->fault.items < c->n ? c->fault.items : c->n;
    c->with_server = true;
    c->r->sent_at = c->sent_at;
    if (writes(c) && !c->n_sent)
        served(c);
    else if (c->kind == APPLY)
        s->ops->apply(s, c->mb, c->verb, c->ops, c->n_sent, 0, on_applied, c);
    else if (c->kind == PHOTO)
        s->ops->photo(s, c->mb, c->photos, c->n_sent, 0, on_applied, c);
    else if (c->kind == LIST)
        s->ops->list(s, c->mb, c->keys, c->n, on_listed, c);
    else if (c->kind == LEGACY)
        s->ops->legacy(s, c->mb, on_legacy, c);
    else if (c->kind == LOCATE)
        c->late = loop_after(c->r->server, c->r->o.locate_ms, on_located, c);
    else
        s->ops->identify(s, c->mb, on_identified, c);
}

/* ---- out ---- */

static void on_late(void *user)
{
    struct rig_wire *c = user;
    c->late = NULL;
    pass_on(c);
}

static void send_late(struct rig_wire *c)
{
    if (writes(c))
        c->late = loop_after(c->r->server, c->fault.delay_ms, on_late, c);
}

static void act(struct rig_wire *c)
{
    const char *code = c->fault.code ? c->fault.code : "rig.fault";
    c->sent_at = rig_now(c->r);
    switch (c->fault.kind) {
    case RIG_STOP_BEFORE:
        rig_die(c->w);
        return;
    case RIG_STOP_AFTER:
        pass_on(c);
        rig_die(c->w);
        return;
    case RIG_STOP_LATE:
        send_late(c);
        rig_die(c->w);
        return;
    case RIG_OUTCOME:
        fail(c, 0, c->fault.outcome, code);
        answer(c);
        return;
    case RIG_UNKNOWN_BEFORE:
        fail(c, 0, OUT_UNKNOWN, code);
        answer(c);
        return;
    case RIG_LATE:
        fail(c, 0, OUT_UNKNOWN, code);
        answer(c);
        send_late(c);
        return;
    default:
        pass_on(c);
    }
}

static void go_out(void *user)
{
    struct rig_wire *c = user;
    c->out = NULL;
    if (c->w->dead)
        return;
    uint32_t sleep_ms = c->fault.kind == RIG_FREEZE ? c->fault.delay_ms : c->fault.sleep_ms;
    if (sleep_ms && !c->slept) {
        rig_freeze(c->w, sleep_ms);
        c->slept = true;
        c->out = loop_after(c->w->loop, 0, go_out, c);
        return;
    }
    bool asks = c->kind != LOCATE && c->asked->may_send;
    if (asks && !c->asked->may_send(c->asked->user)) {
        c->fault = (struct rig_fault){0};
        fail(c, 0, OUT_NOT_TRIED, "fenced");
        answer(c);
        return;
    }
    act(c);
}

/* ---- the port ---- */

static const struct store_limits *limits(struct contact_store *base)
{
    struct contact_store *s = ((struct rig_tap_store *)base)->w->r->port;
    return s->ops->limits(s);
}

static struct rig_wire *begin(struct contact_store *base,
                              enum kind kind,
                              const struct store_mailbox *mb,
                              struct rig_call *call,
                              void *user)
{
    struct rig_worker *w = ((struct rig_tap_store *)base)->w;
    if (w->dead)
        return NULL;
    struct rig_wire *c = xalloc(sizeof(*c));
    struct arena *a = c->arena = arena_new("rig wire", CALL_BYTES);
    c->r = w->r;
    c->w = w;
    c->kind = kind;
    c->asked = mb;
    c->mb = arena_memdup(a, mb, sizeof(*mb));
    c->mb->address = arena_strdup(a, mb->address);
    c->mb->folder_id = arena_strdup(a, mb->folder_id);
    c->mb->endpoint = NULL;
    c->mb->may_send = NULL;
    c->user = user;
    c->n = call->n;
    c->outcome = OUT_DONE;
    call->port = RIG_STORE;
    call->mailbox = mb->id;
    c->fault = rig_fault_for(w->r, call);
    c->out = loop_after(w->loop, 0, go_out, c);
    TAILQ_INSERT_TAIL(&w->r->wires, c, list);
    return c;
}

static const struct contact *copy_contact(struct arena *a, const struct contact *from)
{
    if (!from)
        return NULL;
    struct contact *c = arena_memdup(a, from, sizeof(*from));
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        c->f[f] = arena_strdup(a, c->f[f]);
    return c;
}

static void apply(struct contact_store *base,
                  const struct store_mailbox *mb,
                  enum store_verb verb,
                  const struct store_op *ops,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user)
{
    struct rig_call call = {.what = verbs[verb], .ops = ops, .n = n};
    struct rig_wire *c = begin(base, APPLY, mb, &call, user);
    (void)timeout_ms;
    if (!c)
        return;
    struct arena *a = c->arena;
    c->verb = verb;
    c->apply_done = done;
    c->result = arena_alloc(a, n * sizeof(*c->result));
    c->ops = arena_memdup(a, ops, n * sizeof(*ops));
    for (size_t i = 0; i < n; i++) {
        struct store_op *op = &c->ops[i];
        op->before = copy_contact(a, op->before);
        op->after = copy_contact(a, op->after);
        op->hash = arena_strdup(a, op->hash);
        op->hash_before = arena_strdup(a, op->hash_before);
        op->cats_before = arena_strdup(a, op->cats_before);
        op->cats_after = arena_strdup(a, op->cats_after);
        op->item_id = arena_strdup(a, op->item_id);
        op->version = arena_strdup(a, op->version);
    }
}

static void photo(struct contact_store *base,
                  const struct store_mailbox *mb,
                  const struct store_photo *photos,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user)
{
    struct rig_call call = {.what = "photo", .n = n};
    struct rig_wire *c = begin(base, PHOTO, mb, &call, user);
    (void)timeout_ms;
    if (!c)
        return;
    struct arena *a = c->arena;
    c->apply_done = done;
    c->result = arena_alloc(a, n * sizeof(*c->result));
    c->photos = arena_memdup(a, photos, n * sizeof(*photos));
    for (size_t i = 0; i < n; i++) {
        struct store_photo *p = &c->photos[i];
        p->item_id = arena_strdup(a, p->item_id);
        p->version = arena_strdup(a, p->version);
        p->mark = arena_strdup(a, p->mark);
        p->jpeg = p->len ? arena_memdup(a, p->jpeg, p->len) : NULL;
    }
}

static void list(struct contact_store *base,
                 const struct store_mailbox *mb,
                 const struct guid *keys,
                 size_t n_keys,
                 store_list_done done,
                 void *user)
{
    struct rig_call call = {.what = "list", .n = n_keys};
    struct rig_wire *c = begin(base, LIST, mb, &call, user);
    if (!c)
        return;
    c->keys = keys ? arena_memdup(c->arena, keys, n_keys * sizeof(*keys)) : NULL;
    c->list_done = done;
}

static void identify(struct contact_store *base,
                     const struct store_mailbox *mb,
                     store_identify_done done,
                     void *user)
{
    struct rig_call call = {.what = "identify"};
    struct rig_wire *c = begin(base, IDENTIFY, mb, &call, user);
    if (c)
        c->identify_done = done;
}

static void legacy(struct contact_store *base,
                   const struct store_mailbox *mb,
                   store_legacy_done done,
                   void *user)
{
    struct rig_call call = {.what = "legacy"};
    struct rig_wire *c = begin(base, LEGACY, mb, &call, user);
    if (c)
        c->legacy_done = done;
}

static const char *where(struct contact_store *base, const struct store_mailbox *mb)
{
    const struct rig *r = ((struct rig_tap_store *)base)->w->r;
    bool known = !r->o.locate_ms || map_get_u64(r->located, (uint64_t)mb->id);
    return r->o.where && known ? r->o.where(mb->id) : NULL;
}

static void locate(struct contact_store *base,
                   const struct store_mailbox *mb,
                   store_locate_done done,
                   void *user)
{
    struct rig_call call = {.what = "locate"};
    struct rig_wire *c = begin(base, LOCATE, mb, &call, user);
    if (c)
        c->locate_done = done;
}

static struct rig_wire *next_waiting(struct rig_worker *w)
{
    struct rig_wire *c;
    TAILQ_FOREACH(c, &w->r->wires, list)
    {
        if (c->w == w && !c->answered)
            return c;
    }
    return NULL;
}

/* What is out comes to its end without us. */
static void cancel(struct contact_store *base)
{
    struct rig_worker *w = ((struct rig_tap_store *)base)->w;
    struct rig_wire *c;
    while (!w->dead && (c = next_waiting(w))) {
        bool out = !c->out;
        loop_cancel(c->out);
        loop_cancel(c->back);
        c->out = NULL;
        fail(c, 0, out && writes(c) ? OUT_UNKNOWN : OUT_NOT_TRIED, "canceled");
        hear(c);
    }
}

#define OPS                                                                                        \
    .name = "rig", .limits = limits, .apply = apply, .photo = photo, .list = list,                 \
    .identify = identify, .legacy = legacy, .where = where, .cancel = cancel

static const struct contact_store_ops ops = {OPS}, searching = {OPS, .locate = locate};

void rig_tap_store_init(struct rig_worker *w)
{
    w->store = (struct rig_tap_store){{w->r->o.locate_ms ? &searching : &ops}, w};
}

void rig_tap_store_end(struct rig_worker *w)
{
    struct rig_wire *next;
    for (struct rig_wire *c = TAILQ_FIRST(&w->r->wires); c; c = next) {
        next = TAILQ_NEXT(c, list);
        if (c->w != w)
            continue;
        loop_cancel(c->out);
        loop_cancel(c->back);
        c->out = c->back = NULL;
        c->w = NULL;
        if (!c->with_server && !c->late)
            wire_free(c);
    }
}

void rig_tap_store_free(struct rig *r)
{
    struct rig_wire *c;
    while ((c = TAILQ_FIRST(&r->wires)))
        wire_free(c);
}
