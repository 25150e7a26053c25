/*
 * Messages to mailboxes: which there are, what each owes, when it goes. Who of them may work:
 * slots.c.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#include "common/core/message.h"
#include "worker/dispatch_p.h"
#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum {
    LEARNED_MAX = 10000,
    PHOTOS_WAITING_MAX = 10000, /* mailboxes; beyond: the row has them offered again */
    PHOTO_START = 4,
    ROWS_MAX = 64 << 20,
    WORK_MAX = 64 << 20
};

/* --- mailboxes ------------------------------------------------------------------------- */

/* What was learned of a mailbox that had trouble outlives its turn: else each turn would begin with
 * the same trouble. */
static void recall(struct mailbox *mb)
{
    autofree struct learned *known = map_del_u64(mb->w->learned, (uint64_t)mb->id);
    aimd_init(&mb->aimd, mb->w->s.batch_start);
    aimd_init(&mb->photo.aimd, PHOTO_START);
    if (!known)
        return;
    mb->aimd = known->aimd;
    mb->photo.aimd = known->photo;
}

void dispatch_unlearn(struct worker *w)
{
    map_foreach (it, w->learned)
        free(it.value);
    map_free(w->learned);
    w->learned = NULL;
}

static void learn(const struct mailbox *mb)
{
    if (!mb->aimd.troubled && !mb->photo.aimd.troubled)
        return;
    struct worker *w = mb->w;
    if (map_count(w->learned) >= LEARNED_MAX) {
        dispatch_unlearn(w);
        w->learned = map_new();
    }
    struct learned *copy = xalloc(sizeof(*copy));
    *copy = (struct learned){mb->aimd, mb->photo.aimd};
    map_put_u64(w->learned, (uint64_t)mb->id, copy);
}

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
    recall(mb);
    map_put_u64(w->mailboxes, (uint64_t)id, mb);
    return mb;
}

void mailbox_free(struct mailbox *mb)
{
    struct worker *w = mb->w;
    learn(mb);
    dispatch_leave_photos(mb);
    map_del_u64(w->mailboxes, (uint64_t)mb->id);
    dispatch_forget(mb);
    w->by_state[mb->state]--;
    w->pending -= mb->owed.n;
    loop_cancel(mb->timer);
    loop_cancel(mb->renewal);
    arena_free(mb->rows);
    arena_free(mb->work);
    settle_plan_release(&mb->settle);
    vec_release(&mb->results);
    vec_release(&mb->photo.results);
    vec_release(&mb->owed);
    free(mb->address);
    free(mb->endpoint);
    free(mb->folder_id);
    free(mb->former);
    free(mb);
}

static void ack_covered(struct mailbox *mb)
{
    struct worker *w = mb->w;
    if (!mb->covered)
        return;
    for (size_t i = 0; i < mb->covered; i++) {
        const struct obligation *o = &mb->owed.v[i];
        w->p.queue->ops->ack(w->p.queue, o->topic, o->partition, o->offset);
    }
    w->pending -= mb->covered;
    mb->owed.n -= mb->covered;
    memmove(mb->owed.v, mb->owed.v + mb->covered, mb->owed.n * sizeof(*mb->owed.v));
    mb->covered = 0;
}

static enum line line_of(const struct mailbox *mb)
{
    return !mb->owed.n ? LINE_PHOTOS : mb->urgent ? LINE_URGENT : LINE_USUAL;
}

void dispatch_finished(struct mailbox *mb)
{
    struct worker *w = mb->w;
    w->active--;
    dispatch_leave_photos(mb);
    if (!w->draining)
        ack_covered(mb);
    bool stays = mb->owed.n || mb->photo.open || mb->photo.asked; /* messages that came meanwhile */
    if (stays && !w->draining) {
        mailbox_enter(mb, MB_QUEUED);
        dispatch_queue(mb, line_of(mb));
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

/* It is in a row: the re-driver asks again until somebody runs it. */
static void test_asked(struct worker *w, const struct queue_message *m, int64_t mailbox)
{
    if (w->p.test_mailbox)
        w->p.test_mailbox(mailbox, w->p.test_user);
    w->p.queue->ops->ack(w->p.queue, m->topic, m->partition, m->offset);
}

/* The row is the truth: it has lost pictures offered again, so the message is over. A message kept
 * for long would hold up those of contacts behind it. */
static void photos_asked(struct worker *w, const struct queue_message *m, const struct task *t)
{
    struct mailbox *mb = map_get_u64(w->mailboxes, (uint64_t)t->mailbox);
    w->p.queue->ops->ack(w->p.queue, m->topic, m->partition, m->offset);
    if (!photos_possible(w) || (!mb && line_length(&w->ready[LINE_PHOTOS]) >= PHOTOS_WAITING_MAX))
        return;
    if (!mb) {
        mb = mailbox_new(w, t->mailbox);
        dispatch_queue(mb, LINE_PHOTOS);
    }
    mb->photo.asked = true;
    if (t->gen > mb->gen_seen)
        mb->gen_seen = t->gen;
    dispatch_pump(w);
}

static bool needs_place(const struct mailbox *mb, bool fresh, bool urgent)
{
    bool queued = mb->state == MB_QUEUED;
    return fresh || (queued && (mb->line == LINE_PHOTOS || (urgent && !mb->urgent)));
}

static void task_came(struct worker *w, const struct queue_message *m, const struct task *t)
{
    struct mailbox *mb = map_get_u64(w->mailboxes, (uint64_t)t->mailbox);
    bool urgent = m->topic == QUEUE_URGENT;
    bool fresh = !mb;
    if (!mb)
        mb = mailbox_new(w, t->mailbox);
    vec_push(&mb->owed, (struct obligation){m->topic, m->partition, m->offset});
    w->pending++;
    mb->again = true;
    mb->clear |= t->op == TASK_CLEAR;
    if (t->gen > mb->gen_seen)
        mb->gen_seen = t->gen;
    if (needs_place(mb, fresh, urgent))
        dispatch_queue(mb, urgent ? LINE_URGENT : LINE_USUAL);
    mb->urgent |= urgent;
    if (mb->waits_for_slot && (urgent || mb->photo.turn)) {
        dispatch_stop_waiting(mb); /* its rows first, and a place in their line */
        mailbox_load(mb);
    }
    dispatch_pump(w);
}

static void on_message(const struct queue_message *m, void *user)
{
    struct worker *w = user;
    struct task t;
    struct err err;
    if (w->draining) /* not acked: it comes again */
        return;
    metric_add(w->m.messages, 1);
    w->trouble[0] = 0;
    if (task_decode(m->value, m->value_len, &t, &err) < 0) {
        set_aside(w, m, &err);
        return;
    }
    switch (t.op) {
    case TASK_PROBE:
        test_asked(w, m, t.mailbox);
        return;
    case TASK_PHOTO:
        photos_asked(w, m, &t);
        return;
    case TASK_UPSERT:
    case TASK_DELETE:
    case TASK_CLEAR:
        task_came(w, m, &t);
        return;
    }
}

/* What of a mailbox's debts lay on that partition is somebody else's now; a mailbox at work
 * finishes (its lease tells the others). */
static void on_revoked(enum queue_topic topic, int32_t partition, void *user)
{
    struct worker *w = user;
    map_foreach (it, w->mailboxes) {
        struct mailbox *mb = it.value;
        if (mb->state != MB_QUEUED || !mb->owed.n)
            continue;
        size_t kept = 0;
        for (size_t i = 0; i < mb->owed.n; i++)
            if (mb->owed.v[i].topic != topic || mb->owed.v[i].partition != partition)
                mb->owed.v[kept++] = mb->owed.v[i];
        w->pending -= mb->owed.n - kept;
        mb->owed.n = kept;
        if (kept)
            continue;
        dispatch_forget(mb);
        if (mb->photo.open || mb->photo.asked)
            dispatch_queue(mb, LINE_PHOTOS);
        else
            mailbox_free(mb);
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
