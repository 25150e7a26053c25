/*
 * The ports of a producer in a world: it dies at a call or is overtaken there, rows and queue may
 * be away, and what it plans is judged by the model.
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/world_p.h"

/* Of the mailbox's guard in world.c: floor, since no mailbox here is large enough for the share. */
enum { GUARD_FLOOR = 3, GUARD_USERS = 1 };

static struct world_tap_plan *self(struct plan_store *s)
{
    return (struct world_tap_plan *)s;
}

static struct world_producer *producer_of(struct plan_store *s)
{
    return &self(s)->w->producer[self(s)->producer];
}

static int dead(struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_UNKNOWN, "world.dead", "this producer has died");
}

/* In real life the world goes on during each call. */
static void meanwhile(struct world *w, struct world_producer *p, int producer)
{
    if (p->dead || !p->running)
        return;
    if (p->calls == p->takeover_at && w->depth == 1) {
        w->seen[WORLD_SAW_TAKEN_OVER]++;
        world_produce(w, !producer, -1);
    }
    if (p->slow_ms)
        rig_run(w->r, p->slow_ms);
}

int world_tap_enter(struct plan_store *s, struct err *err)
{
    struct world_tap_plan *t = self(s);
    struct world_producer *p = producer_of(s);
    struct world *w = t->w;
    p->calls++;
    meanwhile(w, p, t->producer);
    if (p->calls == p->die_at && p->die_at % 2)
        p->dead = true;
    if (p->dead)
        return dead(err);
    if (w->pg)
        world_pg_tell_time(w->pg);
    if (w->rows_away_until > world_now(w))
        return err_set(err, SCOPE_REMOTE, WHEN_UNKNOWN, "world.away", "the rows are away");
    return 0;
}

/* Dies after the call took effect: its answer is not heard. */
int world_tap_leave(struct plan_store *s, int rc, struct err *err)
{
    struct world_producer *p = producer_of(s);
    p->dead |= p->calls == p->die_at;
    return p->dead ? dead(err) : rc;
}

#define TAP(op, ...)                                                                               \
    do {                                                                                           \
        if (world_tap_enter(s, err) < 0)                                                           \
            return -1;                                                                             \
        struct plan_store *in_ = self(s)->inner;                                                   \
        return world_tap_leave(s, in_->ops->op(in_, __VA_ARGS__), err);                            \
    } while (0)

static int t_lead(struct plan_store *s, bool *ret, struct err *err)
{
    TAP(lead, ret, err);
}
static int
t_next(struct plan_store *s, struct arena *a, struct plan_run *ret, bool *found, struct err *err)
{
    TAP(run_next, a, ret, found, err);
}
static int t_progress(struct plan_store *s,
                      int64_t run,
                      const char *phase,
                      int64_t done,
                      int64_t total,
                      struct err *err)
{
    TAP(run_progress, run, phase, done, total, err);
}
static int t_finish(struct plan_store *s,
                    int64_t run,
                    bool success,
                    const char *message,
                    const char *counts_json,
                    struct err *err)
{
    TAP(run_finish, run, success, message, counts_json, err);
}
static int t_oldest_dirty(struct plan_store *s, int64_t *ret_age_ms, struct err *err)
{
    TAP(oldest_dirty_ms, ret_age_ms, err);
}
static int t_sweep(struct plan_store *s, uint32_t journal_days, struct err *err)
{
    TAP(sweep, journal_days, err);
}
static int t_subscribers(
    struct plan_store *s, struct arena *a, struct plan_subscriber **ret, size_t *n, struct err *err)
{
    TAP(subscribers, a, ret, n, err);
}
static int t_seen(struct plan_store *s, struct plan_subscriber *subs, size_t n, struct err *err)
{
    TAP(subscribers_seen, subs, n, err);
}
static int
t_merge(struct plan_store *s, const struct guid *from, const struct guid *to, struct err *err)
{
    self(s)->w->seen[WORLD_SAW_USERS_MERGED]++;
    TAP(subscriber_merge, from, to, err);
}
static int t_mailboxes(
    struct plan_store *s, struct arena *a, struct plan_mailbox **ret, size_t *n, struct err *err)
{
    TAP(mailboxes, a, ret, n, err);
}
static int t_persons(
    struct plan_store *s, struct arena *a, struct plan_person **ret, size_t *n, struct err *err)
{
    TAP(persons, a, ret, n, err);
}
static int t_persons_write(struct plan_store *s,
                           struct plan_person_write *w,
                           size_t n,
                           int64_t read_at_ms,
                           struct err *err)
{
    TAP(persons_write, w, n, read_at_ms, err);
}
static int t_bodies(struct plan_store *s,
                    struct arena *a,
                    const struct sha256 *hashes,
                    size_t n,
                    const char **ret,
                    struct err *err)
{
    TAP(bodies, a, hashes, n, ret, err);
}
static int t_links(struct plan_store *s,
                   struct arena *a,
                   int64_t mailbox,
                   struct plan_row **ret,
                   size_t *n,
                   struct err *err)
{
    TAP(links, a, mailbox, ret, n, err);
}
static int t_kept(struct plan_store *s,
                  struct arena *a,
                  const int64_t *ids,
                  size_t n_ids,
                  struct plan_kept **ret,
                  size_t *n,
                  struct err *err)
{
    TAP(kept, a, ids, n_ids, ret, n, err);
}
static int t_totals(struct plan_store *s, struct plan_totals *ret, struct err *err)
{
    TAP(totals, ret, err);
}
static int t_emptied(struct plan_store *s,
                     const char *field,
                     const int64_t *persons,
                     size_t n,
                     size_t *ret_recent,
                     struct err *err)
{
    TAP(emptied, field, persons, n, ret_recent, err);
}
static int t_hold_make(struct plan_store *s,
                       const char *kind,
                       int64_t mailbox,
                       const char *field,
                       int64_t run,
                       int64_t *ret_id,
                       struct err *err)
{
    TAP(hold_make, kind, mailbox, field, run, ret_id, err);
}
static int
t_offer_make(struct plan_store *s, const char *queue_id, int64_t *ret_id, struct err *err)
{
    TAP(offer_make, queue_id, ret_id, err);
}
static int t_offer_delivered(
    struct plan_store *s, int64_t offer, const struct queue_end *ends, size_t n, struct err *err)
{
    TAP(offer_delivered, offer, ends, n, err);
}
static int t_redrive(struct plan_store *s,
                     struct arena *a,
                     const char *queue_id,
                     const struct queue_position *pos,
                     size_t n_pos,
                     int64_t offer,
                     uint32_t undelivered_ms,
                     size_t max,
                     struct plan_offered **ret,
                     size_t *n,
                     bool *more,
                     struct err *err)
{
    TAP(redrive, a, queue_id, pos, n_pos, offer, undelivered_ms, max, ret, n, more, err);
}

/* ---- what is planned, judged ---- */

/* Did the person fall out by what Rock says, as the producer read it? */
static bool fell_out(const struct world *w, const struct church *read, int soul)
{
    struct guid key = church_key(soul);
    if (church_there(read, soul))
        return !read->soul[soul].deceased && !read->soul[soul].opted_out;
    enum source_fate fate = church_resolve(&w->church, &key).fate;
    return fate == SOURCE_THERE || fate == SOURCE_GONE;
}

static void loss_forget(struct world *w, int64_t mailbox, int soul)
{
    for (size_t i = 0; i < w->m.losses.n; i++) {
        struct world_loss *l = &w->m.losses.v[i];
        if (l->mailbox == mailbox && l->soul == soul)
            l->at = 0;
    }
}

static void judge_losses(struct world *w, int64_t mailbox)
{
    size_t n = 0;
    vec_foreach (l, &w->m.losses)
        n += l->mailbox == mailbox && l->at > world_now(w) - WORLD_DAY_MS;
    if (n > GUARD_FLOOR)
        world_bad(w, "mailbox %lld: %zu deletes within a day by Rock's data, nobody approved",
                  (long long)mailbox, n);
}

/* Delete Old Contacts is off, and it is not somebody who goes all the same. */
static bool kept_if_off(const struct world *w, const struct world_producer *p, int soul)
{
    const struct church_soul *s = &p->read.soul[soul];
    return !w->settings.run.delete_old && s->merged_into == CHURCH_NOBODY &&
           w->church.soul[soul].merged_into == CHURCH_NOBODY && !s->opted_out;
}

static void count_drop(struct world *w, const struct plan_drop *d)
{
    w->seen[d->keep ? WORLD_SAW_KEPT : WORLD_SAW_DROPPED]++;
    w->seen[WORLD_SAW_HELD] += d->hold != 0;
}

static void judge_drop(struct world *w,
                       const struct world_producer *p,
                       const struct plan *plan,
                       const struct plan_drop *d,
                       bool item)
{
    int soul = church_soul_of(memory_key(w->rows.rows, d->person));
    if (soul == CHURCH_NOBODY)
        return;
    count_drop(w, d);
    if (!d->keep && item && kept_if_off(w, p, soul))
        world_bad(w, "person %d is dropped although Delete Old Contacts is off", soul);
    bool held = ledger_memory_link(w->rows.rows, plan->mailbox, d->person)->held;
    w->m.held_at[plan->mailbox][d->person] = held ? world_now(w) : 0;
    bool saved = w->m.version[plan->mailbox] != plan->subscriber_version;
    if (held || !item || saved || d->keep || !plan->subscriber || !fell_out(w, &p->read, soul))
        return;
    loss_forget(w, plan->mailbox, soul);
    vec_push(&w->m.losses, (struct world_loss){plan->mailbox, soul, world_now(w)});
}

/* Contacts of a user who lost eligibility or address go without an operator's yes: so many users
 * within a day and no more. */
static void judge_users(struct world *w, const struct plan *plan, const bool *items)
{
    int box = church_box_of(ledger_memory_mailbox(w->rows.rows, plan->mailbox)->address);
    size_t n = 0;
    bool guarded = !plan->subscriber && w->settings.run.delete_old;
    for (size_t i = 0; guarded && i < plan->n_drops; i++) {
        const struct plan_drop *d = &plan->drops[i];
        bool held = ledger_memory_link(w->rows.rows, plan->mailbox, d->person)->held;
        if (items[i] && !held && !d->keep && w->m.lost_since[box % CHURCH_USERS])
            w->m.lost_unheld[box % CHURCH_USERS] = true;
    }
    for (int u = 0; u < CHURCH_USERS; u++)
        n += w->m.lost_unheld[u] && w->m.lost_since[u] > world_now(w) - WORLD_DAY_MS;
    if (n > GUARD_USERS)
        world_bad(w, "%zu users lost their contacts within a day, nobody approved", n);
}

static void
judge(struct world *w, const struct world_producer *p, const struct plan *plan, const bool *items)
{
    int64_t *newest = &w->m.applied_read_at[plan->mailbox];
    if (p->read_at_ms < *newest)
        world_bad(w, "mailbox %lld: an older read overwrote a newer one", (long long)plan->mailbox);
    *newest = p->read_at_ms;
    for (size_t i = 0; i < plan->n_drops; i++)
        judge_drop(w, p, plan, &plan->drops[i], items[i]);
    w->seen[WORLD_SAW_REKEYED] += (uint32_t)plan->n_rekeys;
    for (size_t i = 0; i < plan->n_wants; i++) {
        w->seen[WORLD_SAW_HELD_UPDATE] += plan->wants[i].hold != 0;
        int soul = church_soul_of(memory_key(w->rows.rows, plan->wants[i].person));
        loss_forget(w, plan->mailbox, soul);
        w->m.held_at[plan->mailbox][plan->wants[i].person] = plan->wants[i].hold ? world_now(w) : 0;
    }
    judge_users(w, plan, items);
    w->m.version[plan->mailbox] = plan->subscriber_version;
    judge_losses(w, plan->mailbox);
}

static int t_apply(struct plan_store *s,
                   const struct plan *plan,
                   enum plan_applied *ret,
                   int64_t *ret_gen,
                   struct err *err)
{
    struct world *w = self(s)->w;
    struct plan_store *inner = self(s)->inner;
    bool items[WORLD_PEOPLE_MAX] = {false};
    if (world_tap_enter(s, err) < 0)
        return -1;
    for (size_t i = 0; w->rows.rows && i < plan->n_drops; i++) {
        const struct ledger_memory_link *l =
            ledger_memory_link(w->rows.rows, plan->mailbox, plan->drops[i].person);
        items[i] = l->want.set && world_may_have(&w->rows, l);
    }
    if (producer_of(s)->read_failed)
        world_bad(w, "mailbox %lld is planned although Rock could not be read",
                  (long long)plan->mailbox);
    int rc = inner->ops->apply(inner, plan, ret, ret_gen, err);
    w->seen[WORLD_SAW_STALE] += rc == 0 && *ret == PLAN_STALE;
    if (rc == 0 && *ret == PLAN_APPLIED && w->rows.rows)
        judge(w, producer_of(s), plan, items);
    return world_tap_leave(s, rc, err);
}

static struct plan_store_ops plan_ops = {
    .lead = t_lead,
    .run_next = t_next,
    .run_progress = t_progress,
    .run_finish = t_finish,
    .oldest_dirty_ms = t_oldest_dirty,
    .sweep = t_sweep,
    .kept = t_kept,
    .subscribers = t_subscribers,
    .subscribers_seen = t_seen,
    .subscriber_merge = t_merge,
    .mailboxes = t_mailboxes,
    .persons = t_persons,
    .persons_write = t_persons_write,
    .bodies = t_bodies,
    .links = t_links,
    .totals = t_totals,
    .emptied = t_emptied,
    .hold_make = t_hold_make,
    .offer_make = t_offer_make,
    .offer_delivered = t_offer_delivered,
    .apply = t_apply,
    .redrive = t_redrive,
};

/* ---- the queue, as a producer has it ---- */

static bool queue_gone(struct queue *q)
{
    const struct world_tap_queue *t = (struct world_tap_queue *)q;
    return t->w->queue_away_until > world_now(t->w) || t->w->producer[t->producer].dead;
}

static struct queue *broker(struct queue *q)
{
    return ((struct world_tap_queue *)q)->w->r->queue;
}

static int q_publish(struct queue *q,
                     enum queue_topic t,
                     const char *key,
                     size_t key_len,
                     const char *value,
                     size_t value_len,
                     uint64_t group,
                     struct err *err)
{
    if (queue_gone(q))
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "world.queue", "the queue is away");
    struct queue *b = broker(q);
    return b->ops->publish(b, t, key, key_len, value, value_len, group, err);
}

struct refusal { /* of a question to a queue that is away */
    queue_group_done group;
    queue_positions_done positions;
    void *user;
};

static void refuse(void *user)
{
    struct refusal *r = user;
    struct err err;
    err_set(&err, SCOPE_REMOTE, WHEN_LATER, "world.queue", "the queue is away");
    if (r->group)
        r->group(NULL, 0, &err, r->user);
    else
        r->positions(NULL, 0, &err, r->user);
    free(r);
}

static bool refused(struct queue *q, struct refusal r)
{
    if (!queue_gone(q))
        return false;
    struct refusal *copy = xalloc(sizeof(*copy));
    *copy = r;
    loop_defer(((struct world_tap_queue *)q)->w->r->server, refuse, copy);
    return true;
}

static void q_group_end(struct queue *q, uint64_t group, queue_group_done done, void *user)
{
    struct queue *b = broker(q);
    if (!refused(q, (struct refusal){done, NULL, user}))
        b->ops->group_end(b, group, done, user);
}

static void q_positions(struct queue *q, queue_positions_done done, void *user)
{
    struct queue *b = broker(q);
    if (!refused(q, (struct refusal){NULL, done, user}))
        b->ops->positions(b, done, user);
}

static const char *q_id(struct queue *q)
{
    return ((struct world_tap_queue *)q)->w->queue_id;
}

static const struct queue_ops queue_ops = {
    .name = "world",
    .publish = q_publish,
    .group_end = q_group_end,
    .positions = q_positions,
    .id = q_id,
};

/* ---- Rock ---- */

/* A page that failed, an answer that was cut off: the port knows no half reads. */
static int unread(struct world *w, struct world_producer *p, struct err *err)
{
    w->seen[WORLD_SAW_UNREAD]++;
    p->read_failed = true;
    return err_set(err, SCOPE_REMOTE, WHEN_LATER, "world.unread", "Rock cannot be read");
}

/* What replicas may still say later. */
static void remember(struct world *w)
{
    memmove(&w->past[1], &w->past[0], (WORLD_PASTS - 1) * sizeof(w->past[0]));
    memmove(&w->past_at[1], &w->past_at[0], (WORLD_PASTS - 1) * sizeof(w->past_at[0]));
    w->past[0] = w->church;
    w->past_at[0] = world_now(w);
    w->n_past += w->n_past < WORLD_PASTS;
}

/* Since which read a user may have no contacts any more. Merged users are no loss. */
static void note_lost(struct world *w, const struct church *read)
{
    for (int u = 0; u < CHURCH_USERS; u++) {
        bool lost = church_there(read, u) && (!read->soul[u].eligible || !read->soul[u].address);
        if (!lost)
            w->m.lost_unheld[u] = false;
        if (!lost || !w->m.lost_since[u])
            w->m.lost_since[u] = lost ? world_now(w) : 0;
        w->seen[WORLD_SAW_LOST] += lost;
    }
}

static int s_snapshot(struct directory_source *s,
                      const struct source_request *rq,
                      struct directory **ret,
                      struct err *err)
{
    const struct world_source *src = (struct world_source *)s;
    struct world *w = src->w;
    struct world_producer *p = &w->producer[src->producer];
    if (p->unread == WORLD_NO_SNAPSHOT)
        return unread(w, p, err);
    bool old = p->stale && p->stale <= w->n_past;
    p->read = old ? w->past[p->stale - 1] : w->church;
    p->read_at_ms = old ? w->past_at[p->stale - 1] : world_now(w);
    if (!old)
        remember(w);
    note_lost(w, &p->read);
    if (p->slow_ms)
        rig_run(w->r, p->slow_ms);
    *ret = church_directory(&p->read, rq, p->read_at_ms);
    return 0;
}

static int s_resolve(struct directory_source *s,
                     const struct guid *keys,
                     size_t n,
                     struct source_resolved *ret,
                     struct err *err)
{
    const struct world_source *src = (struct world_source *)s;
    struct world_producer *p = &src->w->producer[src->producer];
    if (p->unread == WORLD_NO_SECOND_LOOK)
        return unread(src->w, p, err);
    for (size_t i = 0; i < n; i++)
        ret[i] = church_resolve(&src->w->church, &keys[i]);
    return 0;
}

static const struct directory_source_ops source_ops = {
    .name = "world", .snapshot = s_snapshot, .resolve = s_resolve, .photos = world_source_photos};

void world_taps_init(struct world *w, int producer)
{
    struct world_producer *p = &w->producer[producer];
    world_tap_photos(&plan_ops);
    p->plan =
        (struct world_tap_plan){{&plan_ops},
                                w,
                                w->pg ? world_pg_plan(w->pg, producer) : world_plan_new(&w->rows),
                                producer};
    p->queue = (struct world_tap_queue){{&queue_ops}, w, producer};
    p->source = (struct world_source){{&source_ops}, w, producer};
}
