/*
 * Messages to mailboxes, and who may work: at most so many mailboxes are in hand, at most so many
 * requests are out. Urgent ones go first in both lines.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#include "common/core/message.h"
#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { URGENT_EXTRA = 8, ROWS_MAX = 64 << 20, WORK_MAX = 64 << 20 };

/* --- lines ----------------------------------------------------------------------------- */

#define LINE_PUSH(line, mb) vec_push(line, mb)

static struct mailbox *line_pop(struct mailbox **v, size_t *n, size_t *head)
{
    if (*head == *n)
        return NULL;
    struct mailbox *mb = v[(*head)++];
    if (*head == *n)
        *head = *n = 0;
    return mb;
}

static struct mailbox *pop(struct worker *w, bool senders, bool urgent)
{
    if (senders)
        return line_pop(w->senders[urgent].v, &w->senders[urgent].n, &w->senders_head[urgent]);
    return line_pop(w->ready[urgent].v, &w->ready[urgent].n, &w->ready_head[urgent]);
}

static void line_forget(struct mailbox **v, size_t n, size_t head, const struct mailbox *mb)
{
    for (size_t i = head; i < n; i++)
        if (v[i] == mb)
            v[i] = NULL;
}

void dispatch_forget(struct mailbox *mb)
{
    struct worker *w = mb->w;
    for (int u = 0; u < 2; u++) {
        line_forget(w->ready[u].v, w->ready[u].n, w->ready_head[u], mb);
        line_forget(w->senders[u].v, w->senders[u].n, w->senders_head[u], mb);
    }
}

/* --- flow ------------------------------------------------------------------------------ */

static size_t share(const struct worker *w)
{
    size_t n = w->s.connections;
    if (w->s.endpoint_cap) {
        size_t part = w->s.endpoint_cap / (w->alive ? w->alive : 1);
        if (part < n)
            n = part ? part : 1;
    }
    return n;
}

/* The queue flows while there is memory, the rows are in reach and the account works. */
static void flow(struct worker *w)
{
    bool full = w->paused ? w->pending > w->s.pending_max / 2 : w->pending >= w->s.pending_max;
    bool stopped = w->breaker.stopped && w->breaker.until_ms == INT64_MAX;
    bool pause = full || stopped || w->draining || !w->p.ledger->ops->healthy(w->p.ledger);
    if (pause != w->paused) {
        w->paused = pause;
        w->p.queue->ops->pause(w->p.queue, pause);
    }
}

static void pump_ready(struct worker *w)
{
    size_t max = w->s.connections + w->s.connections / 4 + 2;
    for (int urgent = 1; urgent >= 0; urgent--) {
        while (w->active < max + (urgent ? URGENT_EXTRA : 0)) {
            struct mailbox *mb = pop(w, false, urgent);
            if (!mb && w->ready_head[urgent] == w->ready[urgent].n)
                break;
            if (!mb || mb->state != MB_QUEUED)
                continue;
            w->active++;
            mailbox_take(mb);
        }
    }
}

static void pump_senders(struct worker *w)
{
    for (int urgent = 1; urgent >= 0; urgent--) {
        while (w->sending < share(w)) {
            struct mailbox *mb = pop(w, true, urgent);
            if (!mb && w->senders_head[urgent] == w->senders[urgent].n)
                break;
            if (!mb || !mb->waits_for_slot)
                continue;
            mb->waits_for_slot = false;
            mb->resume(mb);
        }
    }
}

static void pump(void *user)
{
    struct worker *w = user;
    w->pump_due = false;
    if (!w->draining)
        pump_ready(w);
    pump_senders(w);
    flow(w);
}

void dispatch_pump(struct worker *w)
{
    if (w->pump_due)
        return;
    w->pump_due = true;
    loop_defer(w->p.loop, pump, w);
}

/* --- send slots ------------------------------------------------------------------------ */

bool dispatch_slot(struct mailbox *mb, void (*resume)(struct mailbox *))
{
    struct worker *w = mb->w;
    if (mb->has_slot)
        return true;
    if (w->sending >= share(w)) {
        mailbox_enter(mb, MB_WAITING);
        mb->resume = resume;
        mb->waits_for_slot = true;
        LINE_PUSH(&w->senders[mb->urgent], mb);
        return false;
    }
    int64_t wait = breaker_ask(&w->breaker, worker_now(w));
    if (wait > 0) {
        uint32_t ms = wait < 3600 * 1000 ? (uint32_t)wait : 3600 * 1000;
        mailbox_pause(mb, ms + worker_random(w) % (ms / 4 + 1), w->breaker.why, resume);
        return false;
    }
    mb->has_slot = true;
    w->sending++;
    return true;
}

void dispatch_slot_free(struct mailbox *mb)
{
    if (!mb->has_slot)
        return;
    mb->has_slot = false;
    mb->w->sending--;
    breaker_unused(&mb->w->breaker);
    dispatch_pump(mb->w);
}

/* --- mailboxes ------------------------------------------------------------------------- */

static struct mailbox *mailbox_new(struct worker *w, int64_t id)
{
    struct mailbox *mb = xalloc(sizeof(*mb));
    mb->id = id;
    mb->w = w;
    mb->state = MB_QUEUED;
    mb->since_ms = worker_now(w);
    w->by_state[MB_QUEUED]++;
    mb->rows = arena_new("rows of a mailbox", ROWS_MAX);
    mb->work = arena_new("work on a mailbox", WORK_MAX);
    aimd_init(&mb->aimd, w->s.batch_start);
    map_put_u64(w->mailboxes, (uint64_t)id, mb);
    return mb;
}

void mailbox_free(struct mailbox *mb)
{
    struct worker *w = mb->w;
    map_del_u64(w->mailboxes, (uint64_t)mb->id);
    w->by_state[mb->state]--;
    w->pending -= mb->owed.n;
    loop_cancel(mb->timer);
    loop_cancel(mb->renewal);
    arena_free(mb->rows);
    arena_free(mb->work);
    settle_plan_release(&mb->settle);
    vec_release(&mb->results);
    vec_release(&mb->owed);
    free(mb->address);
    free(mb->endpoint);
    free(mb->folder_id);
    free(mb);
}

static void ack_covered(struct mailbox *mb)
{
    struct worker *w = mb->w;
    for (size_t i = 0; i < mb->covered; i++) {
        const struct obligation *o = &mb->owed.v[i];
        w->p.queue->ops->ack(w->p.queue, o->topic, o->partition, o->offset);
    }
    w->pending -= mb->covered;
    mb->owed.n -= mb->covered;
    memmove(mb->owed.v, mb->owed.v + mb->covered, mb->owed.n * sizeof(*mb->owed.v));
    mb->covered = 0;
}

void dispatch_finished(struct mailbox *mb)
{
    struct worker *w = mb->w;
    w->active--;
    if (!w->draining)
        ack_covered(mb);
    if (mb->owed.n && !w->draining) { /* messages that came meanwhile */
        mailbox_enter(mb, MB_QUEUED);
        LINE_PUSH(&w->ready[mb->urgent], mb);
    } else {
        mailbox_free(mb);
    }
    dispatch_pump(w);
}

/* --- messages -------------------------------------------------------------------------- */

struct poison {
    struct worker *w;
    struct obligation o;
};

static void poison_stored(const struct queue_end *ends, size_t n, const struct err *err, void *user)
{
    struct poison *p = user;
    (void)ends;
    (void)n;
    if (err)
        log_error("a message that cannot be read could not be set aside; it comes again",
                  log_err(err));
    else
        p->w->p.queue->ops->ack(p->w->p.queue, p->o.topic, p->o.partition, p->o.offset);
    free(p);
}

static void set_aside(struct worker *w, const struct queue_message *m, const struct err *why)
{
    struct queue *q = w->p.queue;
    log_warn("message cannot be read, set aside", kv("topic", queue_topic_name(m->topic)),
             kv("partition", m->partition), kv("offset", m->offset), log_err(why));
    metric_add(w->m.bad_messages, 1);
    struct poison *p = xalloc(sizeof(*p));
    *p = (struct poison){w, {m->topic, m->partition, m->offset}};
    uint64_t group = ((uint64_t)worker_random(w) << 32 | worker_random(w)) | 1;
    struct err err;
    if (q->ops->publish(q, QUEUE_DEAD, m->key, m->key_len, m->value, m->value_len, group, &err))
        free(p); /* not acked: it comes again */
    else
        q->ops->group_end(q, group, poison_stored, p);
}

static void on_message(const struct queue_message *m, void *user)
{
    struct worker *w = user;
    struct task t;
    struct err err;
    metric_add(w->m.messages, 1);
    w->trouble[0] = 0;
    if (task_decode(m->value, m->value_len, &t, &err) < 0) {
        set_aside(w, m, &err);
        return;
    }
    struct mailbox *mb = map_get_u64(w->mailboxes, (uint64_t)t.mailbox);
    bool urgent = m->topic == QUEUE_URGENT;
    bool fresh = !mb;
    if (!mb)
        mb = mailbox_new(w, t.mailbox);
    vec_push(&mb->owed, (struct obligation){m->topic, m->partition, m->offset});
    w->pending++;
    mb->again = true;
    if (t.gen > mb->gen_seen)
        mb->gen_seen = t.gen;
    if (fresh || (urgent && !mb->urgent && mb->state == MB_QUEUED))
        LINE_PUSH(&w->ready[urgent], mb);
    mb->urgent |= urgent;
    dispatch_pump(w);
}

/* What of a mailbox's debts lay on that partition is somebody else's now; a mailbox at work
 * finishes (its lease tells the others). */
static void on_revoked(enum queue_topic topic, int32_t partition, void *user)
{
    struct worker *w = user;
    map_foreach (it, w->mailboxes) {
        struct mailbox *mb = it.value;
        if (mb->state != MB_QUEUED)
            continue;
        size_t kept = 0;
        for (size_t i = 0; i < mb->owed.n; i++)
            if (mb->owed.v[i].topic != topic || mb->owed.v[i].partition != partition)
                mb->owed.v[kept++] = mb->owed.v[i];
        w->pending -= mb->owed.n - kept;
        mb->owed.n = kept;
        if (!kept) {
            dispatch_forget(mb);
            mailbox_free(mb);
        }
    }
}

static void on_trouble(const struct err *err, void *user)
{
    struct worker *w = user;
    if (strcmp(w->trouble, err->text))
        log_error("queue trouble", log_err(err));
    snprintf(w->trouble, sizeof(w->trouble), "%s", err->text);
}

int dispatch_subscribe(struct worker *w, struct err *err)
{
    const struct queue_handlers h = {on_message, on_revoked, on_trouble, w};
    return w->p.queue->ops->subscribe(w->p.queue, &h, err);
}
