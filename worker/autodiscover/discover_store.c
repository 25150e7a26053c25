#include "worker/autodiscover/discover_store.h"

#include <string.h>
#include <sys/queue.h>

#include "worker/autodiscover/locator.h"

enum kind { CALL_APPLY, CALL_LIST, CALL_IDENTIFY, CALL_LEGACY, CALL_PHOTO, CALL_LOCATE };

struct discover_store {
    struct contact_store base;
    struct contact_store_ops ops; /* ours, without what the inner one has not */
    struct contact_store *inner;
    struct locator *locator;
    TAILQ_HEAD(calls, call) waiting; /* for a URL; others are the inner store's */
};

struct call { /* the arguments stay valid until done: the caller's duty */
    TAILQ_ENTRY(call) list;
    struct discover_store *s;
    struct locator_wait *wait;
    enum kind kind;
    const struct store_mailbox *asked;
    struct store_mailbox mb; /* the same with the URL */
    char *endpoint;
    enum store_verb verb;
    const struct store_op *ops;
    const struct store_photo *photos;
    const struct guid *keys;
    size_t n;
    uint32_t timeout_ms;
    union {
        store_apply_done apply;
        store_list_done list;
        store_identify_done identify;
        store_legacy_done legacy;
        store_locate_done locate;
    } done;
    void *user;
};

static void call_free(struct call *c)
{
    free(c->endpoint);
    free(c);
}

/* ---- what came back ---- */

/* Failures that mean that this is not where Exchange is. */
static bool wrong_place(const char *code)
{
    static const char *const codes[] = {"curl.35",  "curl.51",  "curl.60",  "http.301", "http.302",
                                        "http.307", "http.308", "http.404", "http.410"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

/* Judges one failure of the URL that we found; true: *outcome and *err have changed. */
static bool judge(struct call *c, enum outcome *outcome, struct err *err)
{
    if (!c->endpoint)
        return false; /* it was not ours */
    enum locator_says says = locator_report(c->s->locator, c->mb.id, err->code);
    if (*outcome != OUT_STOP || !wrong_place(err->code))
        return false;
    *outcome = says == LOCATOR_CHANGING ? OUT_RETRY_LATER : OUT_PARK;
    err->scope = SCOPE_MAILBOX;
    err->when = WHEN_LATER;
    return true;
}

static void applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct call *c = user;
    struct store_result *copy = NULL;
    store_apply_done done = c->done.apply;
    void *to = c->user;
    /* what concerns the request as a whole is in every result */
    enum outcome outcome = n ? r[0].outcome : OUT_DONE;
    if (outcome != OUT_DONE) {
        struct err err = r[0].err;
        if (judge(c, &outcome, &err)) {
            copy = xalloc(n * sizeof(*copy));
            for (size_t i = 0; i < n; i++) {
                copy[i] = r[i];
                if (r[i].outcome != OUT_STOP)
                    continue;
                copy[i].outcome = outcome;
                copy[i].err = err;
            }
        }
    }
    call_free(c);
    done(copy ? copy : r, n, took_ms, to);
    free(copy);
}

static void listed(const struct store_listed *items,
                   size_t n,
                   enum outcome outcome,
                   const struct err *err,
                   void *user)
{
    struct call *c = user;
    store_list_done done = c->done.list;
    void *to = c->user;
    struct err copy;
    if (err) {
        copy = *err;
        judge(c, &outcome, &copy);
    }
    call_free(c);
    done(items, n, outcome, err ? &copy : NULL, to);
}

static void
identified(const struct store_identity *id, enum outcome outcome, const struct err *err, void *user)
{
    struct call *c = user;
    store_identify_done done = c->done.identify;
    void *to = c->user;
    struct err copy;
    if (err) {
        copy = *err;
        judge(c, &outcome, &copy);
    }
    call_free(c);
    done(id, outcome, err ? &copy : NULL, to);
}

static void legacy_listed(const struct store_legacy *items,
                          size_t n,
                          enum outcome outcome,
                          const struct err *err,
                          void *user)
{
    struct call *c = user;
    store_legacy_done done = c->done.legacy;
    void *to = c->user;
    struct err copy;
    if (err) {
        copy = *err;
        judge(c, &outcome, &copy);
    }
    call_free(c);
    done(items, n, outcome, err ? &copy : NULL, to);
}

static void tell_where(struct call *c)
{
    struct call copy = *c;
    free(c);
    copy.done.locate(copy.endpoint, OUT_DONE, NULL, copy.user);
    free(copy.endpoint);
}

/* ---- on to the inner store, or not ---- */

static void go_on(struct call *c)
{
    struct contact_store *inner = c->s->inner;
    c->mb = *c->asked;
    if (c->endpoint)
        c->mb.endpoint = c->endpoint;
    switch (c->kind) {
    case CALL_APPLY:
        inner->ops->apply(inner, &c->mb, c->verb, c->ops, c->n, c->timeout_ms, applied, c);
        break;
    case CALL_LIST:
        inner->ops->list(inner, &c->mb, c->keys, c->n, listed, c);
        break;
    case CALL_IDENTIFY:
        inner->ops->identify(inner, &c->mb, identified, c);
        break;
    case CALL_LEGACY:
        inner->ops->legacy(inner, &c->mb, legacy_listed, c);
        break;
    case CALL_PHOTO:
        inner->ops->photo(inner, &c->mb, c->photos, c->n, c->timeout_ms, applied, c);
        break;
    case CALL_LOCATE:
        tell_where(c);
        break;
    }
}

static uint64_t tag_of(const struct call *c, size_t i)
{
    return c->kind == CALL_PHOTO ? c->photos[i].tag : c->ops[i].tag;
}

static void nothing_applied(const struct call *c, enum outcome outcome, const struct err *why)
{
    autofree struct store_result *r = xalloc((c->n + 1) * sizeof(*r));
    for (size_t i = 0; i < c->n; i++)
        r[i] = (struct store_result){.tag = tag_of(c, i), .outcome = outcome, .err = *why};
    c->done.apply(r, c->n, 0, c->user);
}

/* Nothing was sent. */
static void give_up(struct call *c, enum outcome outcome, const struct err *err)
{
    struct call copy = *c;
    struct err why = *err;
    call_free(c);
    switch (copy.kind) {
    case CALL_APPLY:
    case CALL_PHOTO:
        nothing_applied(&copy, outcome, &why);
        break;
    case CALL_LIST:
        copy.done.list(NULL, 0, outcome, &why, copy.user);
        break;
    case CALL_IDENTIFY:
        copy.done.identify(NULL, outcome, &why, copy.user);
        break;
    case CALL_LEGACY:
        copy.done.legacy(NULL, 0, outcome, &why, copy.user);
        break;
    case CALL_LOCATE:
        copy.done.locate(NULL, outcome, &why, copy.user);
        break;
    }
}

static void located(const char *url, enum outcome outcome, const struct err *err, void *user)
{
    struct call *c = user;
    TAILQ_REMOVE(&c->s->waiting, c, list);
    c->wait = NULL;
    if (!url) {
        give_up(c, outcome, err);
        return;
    }
    c->endpoint = xstrdup(url);
    go_on(c);
}

static void begin(struct call *c)
{
    struct discover_store *s = c->s;
    if (c->asked->endpoint) {
        go_on(c);
        return;
    }
    const char *url = locator_known(s->locator, c->asked->id, c->asked->address);
    if (url) {
        c->endpoint = xstrdup(url);
        go_on(c);
        return;
    }
    TAILQ_INSERT_TAIL(&s->waiting, c, list);
    c->wait = locator_find(s->locator, c->asked->id, c->asked->address, located, c);
}

static struct call *
call_new(struct contact_store *base, enum kind kind, const struct store_mailbox *mb, void *user)
{
    struct call *c = xalloc(sizeof(*c));
    c->s = (struct discover_store *)base;
    c->kind = kind;
    c->asked = mb;
    c->user = user;
    return c;
}

/* ---- the port ---- */

static const struct store_limits *discover_limits(struct contact_store *base)
{
    struct contact_store *inner = ((struct discover_store *)base)->inner;
    return inner->ops->limits(inner);
}

static void discover_apply(struct contact_store *base,
                           const struct store_mailbox *mb,
                           enum store_verb verb,
                           const struct store_op *ops,
                           size_t n,
                           uint32_t timeout_ms,
                           store_apply_done done,
                           void *user)
{
    struct call *c = call_new(base, CALL_APPLY, mb, user);
    c->verb = verb;
    c->ops = ops;
    c->n = n;
    c->timeout_ms = timeout_ms;
    c->done.apply = done;
    begin(c);
}

static void discover_list(struct contact_store *base,
                          const struct store_mailbox *mb,
                          const struct guid *keys,
                          size_t n_keys,
                          store_list_done done,
                          void *user)
{
    struct call *c = call_new(base, CALL_LIST, mb, user);
    c->keys = keys;
    c->n = n_keys;
    c->done.list = done;
    begin(c);
}

static void discover_identify(struct contact_store *base,
                              const struct store_mailbox *mb,
                              store_identify_done done,
                              void *user)
{
    struct call *c = call_new(base, CALL_IDENTIFY, mb, user);
    c->done.identify = done;
    begin(c);
}

static void discover_legacy(struct contact_store *base,
                            const struct store_mailbox *mb,
                            store_legacy_done done,
                            void *user)
{
    struct call *c = call_new(base, CALL_LEGACY, mb, user);
    c->done.legacy = done;
    begin(c);
}

static void discover_photo(struct contact_store *base,
                           const struct store_mailbox *mb,
                           const struct store_photo *photos,
                           size_t n,
                           uint32_t timeout_ms,
                           store_apply_done done,
                           void *user)
{
    struct call *c = call_new(base, CALL_PHOTO, mb, user);
    c->photos = photos;
    c->n = n;
    c->timeout_ms = timeout_ms;
    c->done.apply = done;
    begin(c);
}

static const char *discover_where(struct contact_store *base, const struct store_mailbox *mb)
{
    const struct discover_store *s = (struct discover_store *)base;
    return mb->endpoint ? mb->endpoint : locator_known(s->locator, mb->id, mb->address);
}

/* For a mailbox whose server is not known: else `where` says it. */
static void discover_locate(struct contact_store *base,
                            const struct store_mailbox *mb,
                            store_locate_done done,
                            void *user)
{
    struct call *c = call_new(base, CALL_LOCATE, mb, user);
    c->done.locate = done;
    TAILQ_INSERT_TAIL(&c->s->waiting, c, list);
    c->wait = locator_find(c->s->locator, mb->id, mb->address, located, c);
}

/* Callbacks may begin new calls: those stay. */
static void discover_cancel(struct contact_store *base)
{
    struct discover_store *s = (struct discover_store *)base;
    struct calls ending = TAILQ_HEAD_INITIALIZER(ending);
    struct call *c;
    struct err err;
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "canceled", "the call was canceled");
    TAILQ_CONCAT(&ending, &s->waiting, list);
    while ((c = TAILQ_FIRST(&ending))) {
        TAILQ_REMOVE(&ending, c, list);
        locator_cancel(c->wait);
        give_up(c, OUT_NOT_TRIED, &err);
    }
    s->inner->ops->cancel(s->inner);
}

static void discover_free(struct contact_store *base)
{
    struct discover_store *s = (struct discover_store *)base;
    if (!s)
        return;
    do {
        discover_cancel(base); /* again for what the callbacks began */
    } while (!TAILQ_EMPTY(&s->waiting));
    contact_store_free(s->inner);
    locator_free(s->locator);
    free(s);
}

struct contact_store *discover_store_new(struct contact_store *inner, struct locator *locator)
{
    struct discover_store *s = xalloc(sizeof(*s));
    s->ops = (struct contact_store_ops){.name = inner->ops->name,
                                        .limits = discover_limits,
                                        .apply = discover_apply,
                                        .list = discover_list,
                                        .identify = discover_identify,
                                        .legacy = inner->ops->legacy ? discover_legacy : NULL,
                                        .photo = inner->ops->photo ? discover_photo : NULL,
                                        .where = discover_where,
                                        .locate = discover_locate,
                                        .cancel = discover_cancel,
                                        .free = discover_free};
    s->base.ops = &s->ops;
    s->inner = inner;
    s->locator = locator;
    TAILQ_INIT(&s->waiting);
    return &s->base;
}
