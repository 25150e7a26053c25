/* The ledger as a worker of the rig sees it. */
#include <string.h>

#include "tests/support/worker_rig_p.h"

enum enter { GO, GO_AND_DIE, SWALLOW, SLEEP };
enum { ASLEEP_BYTES = 16 << 20 };

static struct rig_tap_ledger *self(struct ledger *l)
{
    return (struct rig_tap_ledger *)l;
}

static void fence(struct rig_tap_ledger *t, int64_t mailbox)
{
    struct rig *r = t->w->r;
    if (r->o.ledger) {
        r->o.ledger_fence(t->inner, mailbox);
        return;
    }
    struct ledger_memory_mailbox *row = ledger_memory_mailbox(r->rows, mailbox);
    if (!row)
        return;
    row->lease_epoch++;
    row->lease_owner = "another";
    row->lease_until = rig_now(r) + RIG_LEASE_MS;
}

static void lose(struct rig_tap_ledger *t, bool after_effect)
{
    if (t->w->r->o.ledger) {
        t->w->r->o.ledger_lose(t->inner, after_effect);
        return;
    }
    struct ledger_memory_faults *away = ledger_memory_faults(t->inner);
    away->away = 1;
    away->after_effect = after_effect;
}

static enum enter enter(struct ledger *l, const char *what, int64_t mailbox)
{
    struct rig_tap_ledger *t = self(l);
    struct rig *r = t->w->r;
    if (t->w->dead)
        return SWALLOW;
    struct rig_call call = {.port = RIG_LEDGER, .what = what, .mailbox = mailbox};
    struct rig_fault f = rig_fault_for(r, &call);
    switch (f.kind) {
    case RIG_STOP_BEFORE:
        rig_die(t->w);
        return SWALLOW;
    case RIG_STOP_AFTER:
        return GO_AND_DIE;
    case RIG_FREEZE: /* the answer waits in the loop that stands still */
        rig_freeze(t->w, f.delay_ms);
        break;
    case RIG_ASLEEP:
        rig_freeze(t->w, f.delay_ms);
        return SLEEP;
    case RIG_AWAY_BEFORE:
    case RIG_AWAY_AFTER:
        lose(t, f.kind == RIG_AWAY_AFTER);
        break;
    case RIG_FENCE:
        fence(t, mailbox);
        break;
    default:
        break;
    }
    return GO;
}

#define CALL(what, mailbox, op, ...)                                                               \
    do {                                                                                           \
        enum enter how_ = enter(l, what, mailbox);                                                 \
        struct ledger *inner_ = self(l)->inner;                                                    \
        if (how_ != SWALLOW)                                                                       \
            inner_->ops->op(inner_, __VA_ARGS__);                                                  \
        if (how_ == GO_AND_DIE)                                                                    \
            rig_die(self(l)->w);                                                                   \
    } while (0)

static void tap_take(struct ledger *l,
                     int64_t mailbox,
                     const char *owner,
                     uint32_t ttl_ms,
                     ledger_taken done,
                     void *user)
{
    CALL("take", mailbox, take, mailbox, owner, ttl_ms, done, user);
}

static void
tap_load(struct ledger *l, struct ledger_lease lease, uint32_t max, ledger_loaded done, void *user)
{
    CALL("load", lease.mailbox, load, lease, max, done, user);
}

static void tap_flight(struct ledger *l,
                       struct ledger_lease lease,
                       uint32_t deadline_ms,
                       uint32_t ttl_ms,
                       const struct ledger_intent *in,
                       size_t n,
                       ledger_done done,
                       void *user)
{
    CALL("flight", lease.mailbox, flight, lease, deadline_ms, ttl_ms, in, n, done, user);
}

static struct link_side side_copy(struct arena *a, const struct link_side *s)
{
    struct link_side copy = *s;
    copy.cats = arena_strdup(a, s->cats);
    copy.body = NULL;
    return copy;
}

static void wake(void *user)
{
    struct rig_tap_ledger *t = user;
    struct rig_asleep s = t->asleep;
    t->asleep = (struct rig_asleep){0};
    t->w->r->zombies++;
    if (!t->w->dead && s.photos)
        t->inner->ops->photo_record(t->inner, s.lease, s.photos, s.n, s.flight_over, s.done,
                                    s.user);
    else if (!t->w->dead)
        t->inner->ops->record(t->inner, s.lease, s.results, s.n, s.flight_over, s.done, s.user);
    arena_free(s.arena);
}

/* The call is made, and its arguments copied, as the port says; the bytes leave when the machine is
 * awake again. */
static void record_asleep(struct rig_tap_ledger *t,
                          struct ledger_lease lease,
                          const struct ledger_result *res,
                          size_t n,
                          bool flight_over,
                          ledger_done done,
                          void *user)
{
    struct arena *a = arena_new("results of a sleeper", ASLEEP_BYTES);
    struct ledger_result *copy = arena_memdup(a, res, n * sizeof(*res));
    for (size_t i = 0; i < n; i++) {
        copy[i].have = side_copy(a, &res[i].have);
        copy[i].item_id = arena_strdup(a, res[i].item_id);
        copy[i].version = arena_strdup(a, res[i].version);
        copy[i].outcome = arena_strdup(a, res[i].outcome);
        copy[i].code = arena_strdup(a, res[i].code);
        copy[i].op = arena_strdup(a, res[i].op);
    }
    t->asleep = (struct rig_asleep){
        loop_after(t->w->loop, 0, wake, t), a, lease, copy, NULL, n, flight_over, done, user};
}

static void photo_record_asleep(struct rig_tap_ledger *t,
                                struct ledger_lease lease,
                                const struct ledger_photo_result *res,
                                size_t n,
                                bool flight_over,
                                ledger_done done,
                                void *user)
{
    struct arena *a = arena_new("results of a sleeper", ASLEEP_BYTES);
    struct ledger_photo_result *copy = arena_memdup(a, res, n * sizeof(*res));
    for (size_t i = 0; i < n; i++) {
        copy[i].item_id = arena_strdup(a, res[i].item_id);
        copy[i].version = arena_strdup(a, res[i].version);
        copy[i].outcome = arena_strdup(a, res[i].outcome);
        copy[i].code = arena_strdup(a, res[i].code);
    }
    t->asleep = (struct rig_asleep){
        loop_after(t->w->loop, 0, wake, t), a, lease, NULL, copy, n, flight_over, done, user};
}

static void tap_record(struct ledger *l,
                       struct ledger_lease lease,
                       const struct ledger_result *res,
                       size_t n,
                       bool flight_over,
                       ledger_done done,
                       void *user)
{
    struct rig_tap_ledger *t = self(l);
    enum enter how = enter(l, "record", lease.mailbox);
    if (how == SLEEP && !t->asleep.timer)
        record_asleep(t, lease, res, n, flight_over, done, user);
    else if (how != SWALLOW)
        t->inner->ops->record(t->inner, lease, res, n, flight_over, done, user);
    if (how == GO_AND_DIE)
        rig_die(t->w);
}

static void tap_renew(
    struct ledger *l, struct ledger_lease lease, uint32_t ttl_ms, ledger_done done, void *user)
{
    CALL("renew", lease.mailbox, renew, lease, ttl_ms, done, user);
}

static void tap_release(struct ledger *l,
                        struct ledger_lease lease,
                        int64_t poke,
                        uint32_t park_ms,
                        const char *why,
                        ledger_done done,
                        void *user)
{
    CALL("release", lease.mailbox, release, lease, poke, park_ms, why, done, user);
}

static void tap_identify(struct ledger *l,
                         struct ledger_lease lease,
                         const char *folder_id,
                         const char *server_version,
                         ledger_done done,
                         void *user)
{
    CALL("identify", lease.mailbox, identify, lease, folder_id, server_version, done, user);
}

static void tap_known(struct ledger *l, struct ledger_lease lease, ledger_listed done, void *user)
{
    CALL("known", lease.mailbox, known, lease, done, user);
}

static void tap_adopt(struct ledger *l,
                      struct ledger_lease lease,
                      const struct ledger_found *f,
                      size_t n,
                      bool verified,
                      ledger_done done,
                      void *user)
{
    CALL("adopt", lease.mailbox, adopt, lease, f, n, verified, done, user);
}

static void tap_unverify(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    CALL("unverify", lease.mailbox, unverify, lease, done, user);
}

/* Not counted: it concerns no mailbox and never ends. */
static void
tap_beat(struct ledger *l, const char *owner, uint32_t ttl_ms, ledger_beat_done done, void *user)
{
    struct ledger *inner = self(l)->inner;
    if (!self(l)->w->dead)
        inner->ops->beat(inner, owner, ttl_ms, done, user);
}

static void tap_cleared(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    CALL("cleared", lease.mailbox, cleared, lease, done, user);
}

static void tap_legacy(struct ledger *l,
                       struct ledger_lease lease,
                       const struct sha256 *marks,
                       size_t n,
                       ledger_legacy_done done,
                       void *user)
{
    CALL("legacy", lease.mailbox, legacy, lease, marks, n, done, user);
}

static void tap_photos(struct ledger *l,
                       struct ledger_lease lease,
                       uint32_t max,
                       size_t max_bytes,
                       ledger_photos_done done,
                       void *user)
{
    CALL("photos", lease.mailbox, photos, lease, max, max_bytes, done, user);
}

static void tap_photo_flight(struct ledger *l,
                             struct ledger_lease lease,
                             uint32_t deadline_ms,
                             uint32_t ttl_ms,
                             const struct ledger_photo *photos,
                             size_t n,
                             ledger_done done,
                             void *user)
{
    CALL("photo_flight", lease.mailbox, photo_flight, lease, deadline_ms, ttl_ms, photos, n, done,
         user);
}

static void tap_photo_record(struct ledger *l,
                             struct ledger_lease lease,
                             const struct ledger_photo_result *res,
                             size_t n,
                             bool flight_over,
                             ledger_done done,
                             void *user)
{
    struct rig_tap_ledger *t = self(l);
    enum enter how = enter(l, "photo_record", lease.mailbox);
    if (how == SLEEP && !t->asleep.timer)
        photo_record_asleep(t, lease, res, n, flight_over, done, user);
    else if (how != SWALLOW)
        t->inner->ops->photo_record(t->inner, lease, res, n, flight_over, done, user);
    if (how == GO_AND_DIE)
        rig_die(t->w);
}

static void tap_photo_over(
    struct ledger *l, struct ledger_lease lease, int64_t requested, ledger_done done, void *user)
{
    CALL("photo_over", lease.mailbox, photo_over, lease, requested, done, user);
}

static bool tap_healthy(struct ledger *l)
{
    struct ledger *inner = self(l)->inner;
    return inner->ops->healthy(inner);
}

static const struct ledger_ops ops = {
    .name = "rig",
    .take = tap_take,
    .load = tap_load,
    .flight = tap_flight,
    .record = tap_record,
    .renew = tap_renew,
    .release = tap_release,
    .identify = tap_identify,
    .known = tap_known,
    .adopt = tap_adopt,
    .unverify = tap_unverify,
    .cleared = tap_cleared,
    .legacy = tap_legacy,
    .photos = tap_photos,
    .photo_flight = tap_photo_flight,
    .photo_record = tap_photo_record,
    .photo_over = tap_photo_over,
    .beat = tap_beat,
    .healthy = tap_healthy,
};

void rig_tap_ledger_init(struct rig_worker *w)
{
    const struct rig_options *o = &w->r->o;
    struct ledger *inner =
        o->ledger ? o->ledger(w->loop, o->ledger_user) : ledger_memory_new(w->r->rows, w->loop);
    w->ledger = (struct rig_tap_ledger){.base = {&ops}, .w = w, .inner = inner};
}

void rig_tap_ledger_end(struct rig_worker *w)
{
    struct rig_asleep *s = &w->ledger.asleep;
    loop_cancel(s->timer);
    arena_free(s->arena);
    ledger_free(w->ledger.inner);
}
