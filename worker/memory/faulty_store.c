#include "worker/memory/faulty_store.h"

#include <sys/queue.h>

#include "common/base/arena.h"

#include "common/net/loop.h"

enum { CALL_BYTES = 64 << 20 };
enum kind { APPLY, PHOTO, LIST, IDENTIFY };

struct faulty_call {
    TAILQ_ENTRY(faulty_call) list;
    struct faulty_store *s;
    uint64_t number; /* from 1 */
    enum kind kind;
    struct faulty_fault fault;
    const struct store_mailbox *mb;
    enum store_verb verb;
    const struct store_op *ops;
    const struct store_photo *photos;
    const struct guid *keys;
    size_t n;
    uint32_t timeout_ms;
    store_apply_done apply_done;
    store_list_done list_done;
    store_identify_done identify_done;
    void *user;
    struct loop_timer *timer;
    struct arena *arena;
    struct store_result *result; /* of the wrapped store, copied */
    uint32_t took_ms;
    struct store_listed *listed;
    size_t n_listed;
    struct store_identity identity;
    enum outcome outcome; /* of a list or identify */
    struct err err;
    bool with_inner; /* the wrapped store has it and will call back */
    bool answered;   /* the caller has heard; what comes from the wrapped store is for nobody */
};
TAILQ_HEAD(faulty_calls, faulty_call);

struct faulty_store {
    struct contact_store base;
    struct contact_store_ops ops; /* ours, without what the wrapped one has not */
    struct loop *l;
    struct contact_store *inner;
    struct faulty_fault *faults;
    size_t n_faults;
    faulty_decide decide;
    void *decide_user;
    uint64_t calls;
    struct faulty_calls running;
};

static bool is_write(const struct faulty_call *c)
{
    return c->kind == APPLY || c->kind == PHOTO;
}

/* ---- answers ---- */

static void end(struct faulty_call *c)
{
    TAILQ_REMOVE(&c->s->running, c, list);
    loop_cancel(c->timer);
    arena_free(c->arena);
    free(c);
}

/* The caller hears what c holds. The call stays while the wrapped store, or a timer, still has it.
 */
static void answer(struct faulty_call *c)
{
    const struct err *err = c->outcome == OUT_DONE ? NULL : &c->err;
    c->answered = true;
    if (is_write(c))
        c->apply_done(c->result, c->n, c->took_ms, c->user);
    else if (c->kind == LIST)
        c->list_done(c->listed, err ? 0 : c->n_listed, c->outcome, err, c->user);
    else
        c->identify_done(err ? NULL : &c->identity, c->outcome, err, c->user);
}

static void answer_and_end(struct faulty_call *c)
{
    answer(c);
    if (!c->with_inner && !c->timer)
        end(c);
}

static void set_result(struct faulty_call *c, size_t i, enum outcome o, const char *code)
{
    struct store_result *r = &c->result[i];
    enum err_when when = o == OUT_UNKNOWN                 ? WHEN_UNKNOWN
                         : o == OUT_DEAD || o == OUT_STOP ? WHEN_NEVER
                                                          : WHEN_LATER;
    uint64_t tag = c->kind == PHOTO ? c->photos[i].tag : c->ops[i].tag;
    *r = (struct store_result){.tag = tag, .outcome = o};
    err_set(&r->err, SCOPE_MAILBOX, when, code, "by plan");
    r->err.after_ms = c->fault.after_ms;
}

/* From operation `from` on, or the list or identify as a whole. */
static void set_all(struct faulty_call *c, size_t from, enum outcome o, const char *code)
{
    for (size_t i = from; is_write(c) && i < c->n; i++)
        set_result(c, i, o, code);
    if (!is_write(c)) {
        c->outcome = o == OUT_UNKNOWN ? OUT_RETRY_LATER : o;
        err_set(&c->err, SCOPE_MAILBOX, WHEN_LATER, code, "by plan");
        c->err.after_ms = c->fault.after_ms;
    }
}

static void on_delayed(void *user)
{
    struct faulty_call *c = user;
    c->timer = NULL;
    answer_and_end(c);
}

/* The wrapped store has answered, and c holds that answer. */
static void on_inner(struct faulty_call *c)
{
    c->with_inner = false;
    if (c->answered) { /* FAULTY_LATE: nobody waits any more */
        end(c);
        return;
    }
    switch (c->fault.kind) {
    case FAULTY_DELAY:
        c->timer = loop_after(c->s->l, c->fault.delay_ms, on_delayed, c);
        return;
    case FAULTY_NEVER:
        return; /* cancel ends it */
    case FAULTY_UNKNOWN_AFTER:
        set_all(c, 0, OUT_UNKNOWN, "faulty.unknown");
        break;
    case FAULTY_PARTIAL:
        if (is_write(c))
            set_all(c, c->fault.items, c->fault.outcome, "faulty.partial");
        break;
    default:
        break;
    }
    answer_and_end(c);
}

static void on_applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct faulty_call *c = user;
    c->took_ms = took_ms;
    for (size_t i = 0; i < n; i++) {
        c->result[i] = r[i];
        c->result[i].item_id = arena_strdup(c->arena, r[i].item_id);
        c->result[i].version = arena_strdup(c->arena, r[i].version);
    }
    on_inner(c);
}

static void take_outcome(struct faulty_call *c, enum outcome o, const struct err *err)
{
    c->outcome = o;
    if (err)
        c->err = *err;
}

static void on_listed(
    const struct store_listed *items, size_t n, enum outcome o, const struct err *err, void *user)
{
    struct faulty_call *c = user;
    take_outcome(c, o, err);
    c->listed = arena_memdup(c->arena, items, n * sizeof(*items));
    c->n_listed = n;
    for (size_t i = 0; i < n; i++) {
        c->listed[i].item_id = arena_strdup(c->arena, items[i].item_id);
        c->listed[i].version = arena_strdup(c->arena, items[i].version);
        c->listed[i].hash = arena_strdup(c->arena, items[i].hash);
    }
    on_inner(c);
}

static void
on_identified(const struct store_identity *id, enum outcome o, const struct err *err, void *user)
{
    struct faulty_call *c = user;
    take_outcome(c, o, err);
    if (id)
        c->identity = (struct store_identity){arena_strdup(c->arena, id->folder_id),
                                              arena_strdup(c->arena, id->server_version)};
    on_inner(c);
}

/* ---- calls ---- */

static void pass_on(struct faulty_call *c)
{
    struct contact_store *inner = c->s->inner;
    size_t n = c->fault.kind == FAULTY_PARTIAL && c->fault.items < c->n ? c->fault.items : c->n;
    c->with_inner = true;
    if (c->kind == APPLY)
        inner->ops->apply(inner, c->mb, c->verb, c->ops, n, c->timeout_ms, on_applied, c);
    else if (c->kind == PHOTO)
        inner->ops->photo(inner, c->mb, c->photos, n, c->timeout_ms, on_applied, c);
    else if (c->kind == LIST)
        inner->ops->list(inner, c->mb, c->keys, c->n, on_listed, c);
    else
        inner->ops->identify(inner, c->mb, on_identified, c);
}

static void on_late(void *user)
{
    struct faulty_call *c = user;
    c->timer = NULL;
    pass_on(c);
}

static void copy_contact(struct arena *a, const struct contact **c)
{
    struct contact *copy = *c ? arena_memdup(a, *c, sizeof(**c)) : NULL;
    for (int f = 0; copy && f < CONTACT_FIELD_COUNT; f++)
        copy->f[f] = arena_strdup(a, copy->f[f]);
    *c = copy;
}

static void copy_ops(struct faulty_call *c)
{
    struct arena *a = c->arena;
    struct store_op *ops = arena_memdup(a, c->ops, c->n * sizeof(*ops));
    for (size_t i = 0; i < c->n; i++) {
        copy_contact(a, &ops[i].before);
        copy_contact(a, &ops[i].after);
        ops[i].hash = arena_strdup(a, ops[i].hash);
        ops[i].cats_before = arena_strdup(a, ops[i].cats_before);
        ops[i].cats_after = arena_strdup(a, ops[i].cats_after);
        ops[i].item_id = arena_strdup(a, ops[i].item_id);
        ops[i].version = arena_strdup(a, ops[i].version);
    }
    c->ops = ops;
}

static void copy_photos(struct faulty_call *c)
{
    struct arena *a = c->arena;
    struct store_photo *photos = arena_memdup(a, c->photos, c->n * sizeof(*photos));
    for (size_t i = 0; i < c->n; i++) {
        photos[i].item_id = arena_strdup(a, photos[i].item_id);
        photos[i].version = arena_strdup(a, photos[i].version);
        photos[i].mark = arena_strdup(a, photos[i].mark);
        photos[i].jpeg = photos[i].mark ? arena_memdup(a, photos[i].jpeg, photos[i].len) : NULL;
    }
    c->photos = photos;
}

/* The caller's arguments are his again once he has heard: what comes later works on copies, and
 * asks nobody for leave, for the bytes are long out. */
static void copy_arguments(struct faulty_call *c)
{
    struct arena *a = c->arena;
    struct store_mailbox *mb = arena_memdup(a, c->mb, sizeof(*mb));
    mb->address = arena_strdup(a, mb->address);
    mb->folder_id = arena_strdup(a, mb->folder_id);
    mb->endpoint = arena_strdup(a, mb->endpoint);
    mb->may_send = NULL;
    c->mb = mb;
    if (c->kind == PHOTO)
        copy_photos(c);
    else
        copy_ops(c);
}

/* What the caller hears of a call that is not passed on, or not yet. */
static void on_refused(void *user)
{
    struct faulty_call *c = user;
    c->timer = NULL;
    if (c->mb->may_send && !c->mb->may_send(c->mb->user)) {
        set_all(c, 0, OUT_NOT_TRIED, "fenced");
        answer_and_end(c);
        return;
    }
    if (c->fault.kind == FAULTY_FAIL) {
        set_all(c, 0, c->fault.outcome, "faulty.fail");
    } else if (c->fault.kind == FAULTY_PARTIAL) {
        set_all(c, 0, c->fault.outcome, "faulty.partial");
    } else {
        set_all(c, 0, OUT_UNKNOWN, "faulty.unknown");
    }
    if (c->fault.kind == FAULTY_LATE && is_write(c)) {
        copy_arguments(c);
        c->timer = loop_after(c->s->l, c->fault.delay_ms, on_late, c);
    }
    answer_and_end(c);
}

static bool is_refused(const struct faulty_call *c)
{
    switch (c->fault.kind) {
    case FAULTY_FAIL:
    case FAULTY_UNKNOWN_BEFORE:
        return true;
    case FAULTY_LATE:
        return is_write(c);
    case FAULTY_PARTIAL:
        return is_write(c) && c->fault.items == 0;
    default:
        return false;
    }
}

static struct faulty_fault fault_of(struct faulty_store *s, unsigned verb, size_t n)
{
    for (size_t i = 0; i < s->n_faults; i++) {
        const struct faulty_fault *f = &s->faults[i];
        if ((f->call == 0 || f->call == s->calls) &&
            (f->verbs == FAULTY_ANY_VERB || f->verbs & verb))
            return *f;
    }
    return s->decide ? s->decide(s->calls, verb, n, s->decide_user)
                     : (struct faulty_fault){.kind = FAULTY_NONE};
}

static struct faulty_call *new_call(struct contact_store *base,
                                    enum kind kind,
                                    const struct store_mailbox *mb,
                                    unsigned verb,
                                    size_t n)
{
    struct faulty_store *s = (struct faulty_store *)base;
    struct faulty_call *c = xalloc(sizeof(*c));
    c->number = ++s->calls;
    c->s = s;
    c->kind = kind;
    c->mb = mb;
    c->n = n;
    c->outcome = OUT_DONE;
    c->fault = fault_of(s, verb, n);
    c->arena = arena_new("faulty store call", CALL_BYTES);
    TAILQ_INSERT_TAIL(&s->running, c, list);
    return c;
}

static void begin(struct faulty_call *c)
{
    if (is_refused(c))
        c->timer = loop_after(c->s->l, 0, on_refused, c);
    else
        pass_on(c);
}

/* ---- the port ---- */

static const struct store_limits *limits(struct contact_store *base)
{
    struct contact_store *inner = ((struct faulty_store *)base)->inner;
    return inner->ops->limits(inner);
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
    struct faulty_call *c = new_call(base, APPLY, mb, FAULTY_VERB(verb), n);
    c->verb = verb;
    c->ops = ops;
    c->timeout_ms = timeout_ms;
    c->apply_done = done;
    c->user = user;
    c->result = arena_alloc(c->arena, n * sizeof(*c->result));
    begin(c);
}

static void photo(struct contact_store *base,
                  const struct store_mailbox *mb,
                  const struct store_photo *photos,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user)
{
    struct faulty_call *c = new_call(base, PHOTO, mb, FAULTY_PHOTO, n);
    c->photos = photos;
    c->timeout_ms = timeout_ms;
    c->apply_done = done;
    c->user = user;
    c->result = arena_alloc(c->arena, n * sizeof(*c->result));
    begin(c);
}

static void list(struct contact_store *base,
                 const struct store_mailbox *mb,
                 const struct guid *keys,
                 size_t n_keys,
                 store_list_done done,
                 void *user)
{
    struct faulty_call *c = new_call(base, LIST, mb, FAULTY_LIST, n_keys);
    c->keys = keys;
    c->list_done = done;
    c->user = user;
    begin(c);
}

static void identify(struct contact_store *base,
                     const struct store_mailbox *mb,
                     store_identify_done done,
                     void *user)
{
    struct faulty_call *c = new_call(base, IDENTIFY, mb, FAULTY_IDENTIFY, 0);
    c->identify_done = done;
    c->user = user;
    begin(c);
}

/* One that the caller waits for and the wrapped store has not (any more). */
static struct faulty_call *next_waiting(struct faulty_store *s, uint64_t until)
{
    for (struct faulty_call *c = TAILQ_FIRST(&s->running); c; c = TAILQ_NEXT(c, list)) {
        if (c->number <= until && !c->answered && !c->with_inner)
            return c;
    }
    return NULL;
}

/* What is to come late, comes. Calls that begin in callbacks stay. */
static void cancel(struct contact_store *base)
{
    struct faulty_store *s = (struct faulty_store *)base;
    uint64_t until = s->calls;
    struct faulty_call *c;
    s->inner->ops->cancel(
        s->inner); /* through on_inner: some calls end, some now wait for nothing */
    while ((c = next_waiting(s, until))) {
        loop_cancel(c->timer);
        c->timer = NULL;
        set_all(c, 0, OUT_UNKNOWN, "canceled");
        answer_and_end(c);
    }
}

static bool anybody_waits(const struct faulty_store *s)
{
    for (const struct faulty_call *c = TAILQ_FIRST(&s->running); c; c = TAILQ_NEXT(c, list)) {
        if (!c->answered)
            return true;
    }
    return false;
}

static void free_store(struct contact_store *base)
{
    struct faulty_store *s = (struct faulty_store *)base;
    struct faulty_call *c;
    if (!s)
        return;
    while (anybody_waits(s))
        cancel(base);
    contact_store_free(s->inner);
    while ((c = TAILQ_FIRST(&s->running)))
        end(c); /* late ones: their server is down now */
    free(s->faults);
    free(s);
}

static const struct contact_store_ops store_ops = {
    .name = "faulty",
    .limits = limits,
    .apply = apply,
    .list = list,
    .identify = identify,
    .photo = photo,
    .cancel = cancel,
    .free = free_store,
};

struct contact_store *
faulty_store_new(struct loop *l, struct contact_store *inner, const struct faulty_plan *plan)
{
    struct faulty_store *s = xalloc(sizeof(*s));
    s->ops = store_ops;
    if (!inner->ops->photo)
        s->ops.photo = NULL;
    s->base.ops = &s->ops;
    s->l = l;
    s->inner = inner;
    s->n_faults = plan->n;
    s->faults = xalloc((plan->n + 1) * sizeof(*s->faults));
    for (size_t i = 0; i < plan->n; i++)
        s->faults[i] = plan->faults[i];
    s->decide = plan->decide;
    s->decide_user = plan->user;
    TAILQ_INIT(&s->running);
    return &s->base;
}

uint64_t faulty_store_calls(const struct contact_store *base)
{
    return ((const struct faulty_store *)base)->calls;
}
