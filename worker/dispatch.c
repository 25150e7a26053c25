/*
 * Messages to mailboxes, and who may work: at most so many mailboxes are in hand, at most so many
 * requests are out, of these at most so many to one server. Urgent ones go first in all lines.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#include "common/core/message.h"
#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum {
    URGENT_EXTRA = 8,
    LOCATING_EXTRA = 64,
    LEARNED_MAX = 10000,
    ROWS_MAX = 64 << 20,
    WORK_MAX = 64 << 20
};

/* --- lines ----------------------------------------------------------------------------- */

static void line_push(struct mailbox_line *l, struct mailbox *mb)
{
    if (l->head > 64 && l->head > l->q.n / 2) { /* a line that never runs empty */
        l->q.n -= l->head;
        memmove(l->q.v, l->q.v + l->head, l->q.n * sizeof(*l->q.v));
        l->head = 0;
    }
    vec_push(&l->q, mb);
    mb->lined++;
}

/* false: the line is empty. *ret NULL: that one left. */
static bool line_pop(struct mailbox_line *l, struct mailbox **ret)
{
    if (l->head == l->q.n)
        return false;
    *ret = l->q.v[l->head++];
    if (l->head == l->q.n)
        l->head = l->q.n = 0;
    if (*ret)
        (*ret)->lined--;
    return true;
}

static void line_forget(struct mailbox_line *l, const struct mailbox *mb)
{
    for (size_t i = l->head; i < l->q.n; i++)
        if (l->q.v[i] == mb)
            l->q.v[i] = NULL;
}

void dispatch_forget(struct mailbox *mb)
{
    struct worker *w = mb->w;
    for (int u = 0; u < 2 && mb->lined; u++) {
        line_forget(&w->ready[u], mb);
        vec_foreach (v, &w->servers.all)
            line_forget(&(*v)->senders[u], mb);
    }
    mb->lined = 0;
}

/* --- flow ------------------------------------------------------------------------------ */

/* Requests to one server, of ours. */
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

/* The queue flows while there is memory and the rows are in reach. */
static void flow(struct worker *w)
{
    bool full = w->paused ? w->pending > w->s.pending_max / 2 : w->pending >= w->s.pending_max;
    bool pause = full || w->draining || !w->p.ledger->ops->healthy(w->p.ledger);
    if (pause != w->paused) {
        w->paused = pause;
        w->p.queue->ops->pause(w->p.queue, pause);
    }
}

/* Mailboxes in hand, but for those that a search keeps from working. */
static size_t at_work(const struct worker *w)
{
    size_t away = w->by_state[MB_LOCATING];
    return w->active - (away < LOCATING_EXTRA ? away : LOCATING_EXTRA);
}

static void pump_ready(struct worker *w)
{
    size_t max = w->s.connections + w->s.connections / 4 + 2;
    for (int urgent = 1; urgent >= 0; urgent--) {
        while (at_work(w) < max + (urgent ? URGENT_EXTRA : 0)) {
            struct mailbox *mb;
            if (!line_pop(&w->ready[urgent], &mb))
                break;
            if (!mb || mb->state != MB_QUEUED)
                continue;
            w->active++;
            mailbox_take(mb);
        }
    }
}

static bool has_room(const struct worker *w, const struct server *v)
{
    return w->sending < w->s.connections && v->sending < share(w);
}

/* The next one in the line goes; false: there is none, or no room. */
static bool pump_one(struct worker *w, struct server *v, int urgent)
{
    struct mailbox *mb;
    while (has_room(w, v) && line_pop(&v->senders[urgent], &mb)) {
        if (!mb || !mb->waits_for_slot)
            continue;
        mb->waits_for_slot = false;
        mb->resume(mb);
        return true;
    }
    return false;
}

/* One mailbox of each server in turn: a server with many does not hold up one with few. */
static void pump_senders(struct worker *w)
{
    for (int urgent = 1; urgent >= 0; urgent--) {
        size_t idle = 0;
        while (idle < w->servers.all.n) {
            struct server *v = w->servers.all.v[w->turn++ % w->servers.all.n];
            idle = pump_one(w, v, urgent) ? 0 : idle + 1;
        }
    }
}

static void pump(void *user)
{
    struct worker *w = user;
    w->pump_due = false;
    if (!w->draining)
        pump_ready(w);
    w->pumping = true;
    pump_senders(w);
    w->pumping = false;
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

bool dispatch_hurries(const struct mailbox *mb)
{
    for (size_t i = 0; i < mb->n_links; i++)
        if (mb->links[i].urgent && mb->marks[i] == BATCH_OPEN)
            return true;
    return mb->urgent;
}

static bool line_waits(const struct mailbox_line *l)
{
    return l->head < l->q.n;
}

/* A mailbox that just had its turn does not go before those in the lines that could go. */
static bool others_wait(const struct worker *w, bool hurry)
{
    vec_foreach (it, &w->servers.all) {
        const struct server *v = *it;
        if (has_room(w, v) &&
            (line_waits(&v->senders[1]) || (!hurry && line_waits(&v->senders[0]))))
            return true;
    }
    return false;
}

static void located(const char *url, enum outcome o, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (mb->fenced) {
        mailbox_lost(mb);
        return;
    }
    if (!url) {
        mailbox_read_failed(mb, o, err);
        return;
    }
    mb->server = servers_of(&mb->w->servers, url);
    mb->located = true;
    mb->resume(mb);
}

/* Which server? false: that is being found out; resume is called then. No send slot is held
 * meanwhile: a search may take a minute. */
static bool locate(struct mailbox *mb, void (*resume)(struct mailbox *))
{
    struct worker *w = mb->w;
    struct contact_store *s = w->p.store;
    const struct store_mailbox *reach = mailbox_store(mb);
    const char *url = s->ops->where ? s->ops->where(s, reach) : NULL;
    bool just_found = mb->located;
    mb->located = false;
    if (url || !s->ops->locate) {
        mb->server = servers_of(&w->servers, url);
        return true;
    }
    if (just_found)
        return true;
    mb->server = NULL;
    mb->resume = resume;
    mailbox_enter(mb, MB_LOCATING);
    dispatch_pump(w); /* another one may have its place meanwhile */
    s->ops->locate(s, reach, located, mb);
    return false;
}

bool dispatch_slot(struct mailbox *mb, void (*resume)(struct mailbox *))
{
    struct worker *w = mb->w;
    if (mb->has_slot)
        return true;
    if (!locate(mb, resume))
        return false;
    struct server *v = mb->server;
    bool hurry = dispatch_hurries(mb);
    if (!has_room(w, v) || (!w->pumping && others_wait(w, hurry))) {
        mailbox_enter(mb, MB_WAITING);
        mb->resume = resume;
        mb->waits_for_slot = true;
        line_push(&v->senders[hurry], mb);
        dispatch_pump(w);
        return false;
    }
    int64_t wait = breaker_ask(&v->breaker, worker_now(w));
    if (wait > 0) {
        uint32_t ms = wait < 3600 * 1000 ? (uint32_t)wait : 3600 * 1000;
        mailbox_pause(mb, ms + worker_random(w) % (ms / 4 + 1), v->breaker.why, resume);
        return false;
    }
    mb->has_slot = true;
    w->sending++;
    v->sending++;
    return true;
}

void dispatch_slot_free(struct mailbox *mb)
{
    if (!mb->has_slot)
        return;
    mb->has_slot = false;
    mb->w->sending--;
    mb->server->sending--;
    breaker_unused(&mb->server->breaker);
    dispatch_pump(mb->w);
}

/* --- mailboxes ------------------------------------------------------------------------- */

/* What was learned of a mailbox that had trouble outlives its turn: else each turn would begin with
 * the same trouble. */
static void recall(struct mailbox *mb)
{
    struct aimd *known = map_del_u64(mb->w->learned, (uint64_t)mb->id);
    if (known)
        mb->aimd = *known;
    else
        aimd_init(&mb->aimd, mb->w->s.batch_start);
    free(known);
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
    if (!mb->aimd.troubled)
        return;
    struct worker *w = mb->w;
    if (map_count(w->learned) >= LEARNED_MAX) {
        dispatch_unlearn(w);
        w->learned = map_new();
    }
    struct aimd *copy = xalloc(sizeof(*copy));
    *copy = mb->aimd;
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
        line_push(&w->ready[mb->urgent], mb);
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
    if (t.op == TASK_PROBE) {
        test_asked(w, m, t.mailbox);
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
    mb->clear |= t.op == TASK_CLEAR;
    if (t.gen > mb->gen_seen)
        mb->gen_seen = t.gen;
    if (fresh || (urgent && !mb->urgent && mb->state == MB_QUEUED))
        line_push(&w->ready[urgent], mb);
    mb->urgent |= urgent;
    if (urgent && mb->waits_for_slot) { /* its rows first, and a place in the urgent line */
        mb->waits_for_slot = false;
        mailbox_load(mb);
    }
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
