/* The queue as a worker of the rig sees it: messages come by its own loop, acks are judged. */
#include <string.h>

#include "common/core/message.h"
#include "common/drv/ledger_memory_p.h"
#include "common/drv/queue_memory.h"
#include "tests/support/worker_rig_p.h"
#include "worker/worker_p.h"

enum { ANSWER_MAX_MS = 30000 };

static struct rig_tap_queue *self(struct queue *q)
{
    return (struct rig_tap_queue *)q;
}

/* ---- to the worker ---- */

static void deliver(void *user)
{
    struct rig_tap_queue *t = user;
    __typeof__(t->line) line = t->line;
    t->timer = NULL;
    memset(&t->line, 0, sizeof(t->line));
    vec_foreach (d, &line) {
        if (!t->w->dead && d->revoked)
            t->h.revoked(d->m.topic, d->m.partition, t->h.user);
        else if (!t->w->dead)
            t->h.message(&d->m, t->h.user);
        free(d->value);
    }
    vec_release(&line);
}

static void later(struct rig_tap_queue *t, struct rig_delivery d, bool first)
{
    if (t->w->dead) {
        free(d.value);
        return;
    }
    vec_push(&t->line, d);
    for (size_t i = t->line.n - 1; first && i > 0; i--) {
        t->line.v[i] = t->line.v[i - 1];
        t->line.v[i - 1] = d;
    }
    if (!t->timer)
        t->timer = loop_after(t->w->loop, 0, deliver, t);
}

/* At its first delivery a message is written down. */
static void remember(struct rig *r, const struct queue_message *m)
{
    __typeof__(r->messages[0][0]) *all = &r->messages[m->topic][m->partition];
    struct task t = {0};
    struct err err;
    if ((size_t)m->offset < all->n)
        return;
    if (task_decode(m->value, m->value_len, &t, &err) < 0)
        t = (struct task){0};
    vec_push(all, (struct rig_message){t.mailbox, t.person, t.gen, false});
}

static struct rig_delivery delivery_of(const struct queue_message *m)
{
    struct rig_delivery d = {.m = *m, .value = xalloc(m->value_len + 1)};
    memcpy(d.value, m->value, m->value_len);
    d.m.value = d.value;
    d.m.key = NULL;
    d.m.key_len = 0;
    return d;
}

static void on_message(const struct queue_message *m, void *user)
{
    struct rig_tap_queue *t = user;
    struct rig *r = t->w->r;
    enum rig_delivery_fault f =
        r->on_delivery ? r->on_delivery(m, r->on_delivery_user) : RIG_DELIVERED;
    remember(r, m);
    if (f == RIG_LOST) {
        t->inner->ops->ack(t->inner, m->topic, m->partition, m->offset);
        return;
    }
    later(t, delivery_of(m), f == RIG_OUT_OF_ORDER);
    if (f == RIG_TWICE)
        later(t, delivery_of(m), false);
}

static void on_revoked(enum queue_topic topic, int32_t partition, void *user)
{
    later(user,
          (struct rig_delivery){.revoked = true, .m = {.topic = topic, .partition = partition}},
          false);
}

static void on_trouble(const struct err *err, void *user)
{
    struct rig_tap_queue *t = user;
    if (!t->w->dead)
        t->h.trouble(err, t->h.user);
}

static int tap_subscribe(struct queue *q, const struct queue_handlers *h, struct err *err)
{
    struct rig_tap_queue *t = self(q);
    t->h = *h;
    return t->inner->ops->subscribe(
        t->inner, &(struct queue_handlers){on_message, on_revoked, on_trouble, t}, err);
}

/* ---- from the worker ---- */

/* A rest that ended while the answer to the release was on its way, or slept over. */
static bool just_over(const struct rig *r, int64_t until)
{
    int64_t asked = rig_now(r) - ANSWER_MAX_MS;
    if (r->away_since && r->away_since < asked)
        asked = r->away_since;
    return until && until <= rig_now(r) && until > asked;
}

/* The promise: a message goes once its row is done, rests for a known time, or is somebody else's.
 */
static bool may_ack(const struct rig_worker *w, const struct rig_message *m)
{
    struct rig *r = w->r;
    if (r->o.ledger)
        return true; /* whoever has the rows judges */
    const struct ledger_memory_link *l = ledger_memory_link(r->rows, m->mailbox, m->person);
    const struct ledger_memory_mailbox *mb = ledger_memory_mailbox(r->rows, m->mailbox);
    if (w->frozen_until && w->frozen_until >= rig_now(r))
        return true; /* an answer that it slept over: things were so when it was given */
    if (!l || l->gen > m->gen || !memory_due(r->rows, l) || mb->parked_until > rig_now(r))
        return true;
    if (just_over(r, l->retry_at) || just_over(r, l->look_at) || just_over(r, mb->parked_until))
        return true;
    return mb->lease_until > rig_now(r) && strcmp(mb->lease_owner, w->worker->owner) != 0;
}

static void tap_ack(struct queue *q, enum queue_topic t, int32_t partition, int64_t offset)
{
    struct rig_tap_queue *tap = self(q);
    struct rig *r = tap->w->r;
    if (tap->w->dead)
        return;
    if ((size_t)offset < r->messages[t][partition].n) {
        struct rig_message *m = &r->messages[t][partition].v[offset];
        struct rig_box *b = rig_box(r, m->mailbox);
        r->early_acks += !m->acked && !may_ack(tap->w, m);
        if (b && !m->acked)
            b->outstanding--;
        r->bytes_acked += !m->mailbox && !m->acked;
        m->acked = true;
    }
    tap->inner->ops->ack(tap->inner, t, partition, offset);
}

static int tap_publish(struct queue *q,
                       enum queue_topic t,
                       const char *key,
                       size_t key_len,
                       const char *value,
                       size_t value_len,
                       uint64_t group,
                       struct err *err)
{
    struct queue *inner = self(q)->inner;
    return inner->ops->publish(inner, t, key, key_len, value, value_len, group, err);
}

static void tap_group_end(struct queue *q, uint64_t group, queue_group_done done, void *user)
{
    struct queue *inner = self(q)->inner;
    inner->ops->group_end(inner, group, done, user);
}

static void tap_pause(struct queue *q, bool on)
{
    struct queue *inner = self(q)->inner;
    if (!self(q)->w->dead)
        inner->ops->pause(inner, on);
}

static const struct queue_ops ops = {
    .name = "rig",
    .subscribe = tap_subscribe,
    .ack = tap_ack,
    .publish = tap_publish,
    .group_end = tap_group_end,
    .pause = tap_pause,
};

void rig_tap_queue_init(struct rig_worker *w)
{
    w->queue = (struct rig_tap_queue){.base = {&ops}, .w = w};
    w->queue.inner = queue_memory_join(w->r->queue);
}

void rig_tap_queue_end(struct rig_worker *w)
{
    loop_cancel(w->queue.timer);
    vec_foreach (d, &w->queue.line)
        free(d->value);
    vec_release(&w->queue.line);
    queue_free(w->queue.inner);
}
