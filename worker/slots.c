/*
 * Who may work: at most so many mailboxes are in hand, at most so many requests are out, of these
 * at most so many to one server. Urgent ones go first in all lines.
 *
 * Pictures (docs/adr/0019-photo-lane.md) go when nothing else waits for a place. They have a
 * quarter of the requests at most, leave another quarter free for contacts that come meanwhile, and
 * have places in hand of their own, so many that each may send: a mailbox with pictures never has
 * the place of one with contacts.
 */
#include <string.h>

#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum {
    URGENT_EXTRA = 8,
    LOCATING_EXTRA = 64,
    PHOTO_SHARE = 4, /* one part of so many */
    PHOTO_TURN_MS = 5000
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

static bool line_waits(const struct mailbox_line *l)
{
    return line_length(l) > 0;
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

void dispatch_queue(struct mailbox *mb, enum line line)
{
    mb->line = line;
    line_push(&mb->w->ready[line], mb);
}

void dispatch_forget(struct mailbox *mb)
{
    struct worker *w = mb->w;
    for (int line = 0; line < LINES && mb->lined; line++) {
        line_forget(&w->ready[line], mb);
        vec_foreach (v, &w->servers.all)
            line_forget(&(*v)->senders[line], mb);
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

/* What pictures may have of n. */
static size_t photos_of(size_t n)
{
    return n > PHOTO_SHARE ? n / PHOTO_SHARE : 1;
}

/* Mailboxes in hand, but for those that a search keeps from working, and those for pictures. */
static size_t at_work(const struct worker *w)
{
    size_t n = w->active - w->active_photos, away = w->by_state[MB_LOCATING];
    away = away < LOCATING_EXTRA ? away : LOCATING_EXTRA;
    return n > away ? n - away : 0;
}

static bool contacts_wait(const struct worker *w)
{
    return line_waits(&w->ready[LINE_URGENT]) || line_waits(&w->ready[LINE_USUAL]);
}

static bool has_place(const struct worker *w, enum line line)
{
    size_t max = w->s.connections + w->s.connections / 4 + 2;
    if (line == LINE_PHOTOS)
        return !contacts_wait(w) && w->active_photos < photos_of(w->s.connections);
    return at_work(w) < max + (line == LINE_URGENT ? URGENT_EXTRA : 0);
}

static void into_hand(struct mailbox *mb, enum line line)
{
    struct worker *w = mb->w;
    w->active++;
    mb->photo.turn = line == LINE_PHOTOS;
    mb->photo.end_ms = worker_now(w) + PHOTO_TURN_MS;
    w->active_photos += mb->photo.turn;
    mailbox_take(mb);
}

void dispatch_leave_photos(struct mailbox *mb)
{
    mb->w->active_photos -= mb->photo.turn;
    mb->photo.turn = false;
}

static void pump_ready(struct worker *w)
{
    struct mailbox *mb;
    for (int line = LINES; line-- > 0;)
        while (has_place(w, (enum line)line) && line_pop(&w->ready[line], &mb))
            if (mb && mb->state == MB_QUEUED && mb->line == (enum line)line)
                into_hand(mb, (enum line)line);
}

/* Of max requests some are out, some of these with pictures. One more with pictures leaves enough
 * for contacts that come while it is out, or there are no contacts. */
static bool room_for_photos(size_t max, size_t out, size_t photos)
{
    size_t part = photos_of(max);
    return photos < part && (out + part < max || out == photos);
}

static bool has_room(const struct worker *w, const struct server *v, enum line line)
{
    if (line == LINE_PHOTOS &&
        (contacts_wait(w) || !room_for_photos(w->s.connections, w->sending, w->sending_photos) ||
         !room_for_photos(share(w), v->sending, v->sending_photos)))
        return false;
    return w->sending < w->s.connections && v->sending < share(w);
}

void dispatch_stop_waiting(struct mailbox *mb)
{
    mb->waits_for_slot = false;
    loop_cancel(mb->timer);
    mb->timer = NULL;
}

/* The next one in the line goes; false: there is none, or no room. */
static bool pump_one(struct worker *w, struct server *v, enum line line)
{
    struct mailbox *mb;
    while (has_room(w, v, line) && line_pop(&v->senders[line], &mb)) {
        if (!mb || !mb->waits_for_slot)
            continue;
        dispatch_stop_waiting(mb);
        mb->resume(mb);
        return true;
    }
    return false;
}

/* One mailbox of each server in turn: a server with many does not hold up one with few. */
static void pump_senders(struct worker *w)
{
    for (int line = LINES; line-- > 0;) {
        size_t idle = 0;
        while (idle < w->servers.all.n) {
            struct server *v = w->servers.all.v[w->turn++ % w->servers.all.n];
            idle = pump_one(w, v, (enum line)line) ? 0 : idle + 1;
        }
    }
}

static void pump(void *user)
{
    struct worker *w = user;
    w->pump = NULL;
    if (!w->draining)
        pump_ready(w);
    w->pumping = true;
    pump_senders(w);
    w->pumping = false;
    flow(w);
}

void dispatch_pump(struct worker *w)
{
    if (!w->pump)
        w->pump = loop_after(w->p.loop, 0, pump, w);
}

/* --- send slots ------------------------------------------------------------------------ */

bool dispatch_hurries(const struct mailbox *mb)
{
    for (size_t i = 0; i < mb->n_links; i++)
        if (mb->links[i].urgent && mb->marks[i] == BATCH_OPEN)
            return true;
    return mb->urgent;
}

/* A mailbox that just had its turn does not go before those in the lines that could go. */
static bool others_wait(const struct worker *w, enum line line)
{
    vec_foreach (it, &w->servers.all) {
        const struct server *v = *it;
        for (int l = line; l < LINES; l++)
            if (has_room(w, v, (enum line)l) && line_waits(&v->senders[l]))
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

/* Another worker may want the mailbox for its contacts: the lease is not kept for long. */
static void tired(void *user)
{
    struct mailbox *mb = user;
    mb->timer = NULL;
    dispatch_stop_waiting(mb);
    mailbox_release(mb);
}

static void wait_in(enum line line, struct mailbox *mb, void (*resume)(struct mailbox *))
{
    mailbox_enter(mb, MB_WAITING);
    mb->resume = resume;
    mb->waits_for_slot = true;
    if (line == LINE_PHOTOS)
        mb->timer = loop_after(mb->w->p.loop, mb->w->s.hold_ms, tired, mb);
    line_push(&mb->server->senders[line], mb);
    dispatch_pump(mb->w);
}

static bool slot(struct mailbox *mb, enum line line, void (*resume)(struct mailbox *))
{
    struct worker *w = mb->w;
    if (mb->has_slot)
        return true;
    if (!locate(mb, resume))
        return false;
    struct server *v = mb->server;
    if (!has_room(w, v, line) || (!w->pumping && others_wait(w, line))) {
        wait_in(line, mb, resume);
        return false;
    }
    int64_t wait = breaker_ask(&v->breaker, worker_now(w));
    if (wait > 0) {
        uint32_t ms = wait < 3600 * 1000 ? (uint32_t)wait : 3600 * 1000;
        mailbox_pause(mb, ms + worker_random(w) % (ms / 4 + 1), v->breaker.why, resume);
        return false;
    }
    mb->has_slot = true;
    mb->photo_slot = line == LINE_PHOTOS;
    w->sending++;
    v->sending++;
    w->sending_photos += mb->photo_slot;
    v->sending_photos += mb->photo_slot;
    return true;
}

bool dispatch_slot(struct mailbox *mb, void (*resume)(struct mailbox *))
{
    return slot(mb, dispatch_hurries(mb) ? LINE_URGENT : LINE_USUAL, resume);
}

bool dispatch_photo_slot(struct mailbox *mb, void (*resume)(struct mailbox *))
{
    return slot(mb, LINE_PHOTOS, resume);
}

void dispatch_slot_free(struct mailbox *mb)
{
    if (!mb->has_slot)
        return;
    mb->has_slot = false;
    mb->w->sending--;
    mb->server->sending--;
    mb->w->sending_photos -= mb->photo_slot;
    mb->server->sending_photos -= mb->photo_slot;
    mb->photo_slot = false;
    breaker_unused(&mb->server->breaker);
    dispatch_pump(mb->w);
}
