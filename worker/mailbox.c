/*
 * The life of a mailbox in a worker:
 *
 *   QUEUED -> TAKING -> LOADING -> decide -> IDENTIFYING | LISTING (-> TIDYING) | FLIGHT -> SENDING
 * -> RECORDING -> decide ... -> RELEASING -> gone
 *
 * With a place in the lane of pictures decide goes on, when nothing else is due, with PHOTOS ->
 * PHOTO_FLIGHT -> PHOTO_SENDING -> PHOTO_RECORDING -> PHOTOS ...
 *
 * WAITING stands between any two of them when a time or a send slot has to come first. Losing the
 * lease leads back to TAKING from everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#include "worker/dispatch_p.h"
#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

static const char *const state_names[MB_STATE_COUNT] = {
#define X(n) #n,
    MAILBOX_STATES(X)
#undef X
};

/* Legal moves: bit s set in row r: r -> s. */
#define TO(n) (1u << MB_##n)
static const unsigned moves[MB_STATE_COUNT] = {
    [MB_QUEUED] = TO(TAKING),
    [MB_TAKING] = TO(LOADING) | TO(WAITING) | TO(QUEUED) | TO(RELEASING) | TO(TAKING),
    [MB_LOADING] = TO(LOCATING) | TO(IDENTIFYING) | TO(LISTING) | TO(FLIGHT) | TO(WAITING) |
                   TO(RELEASING) | TO(TAKING) | TO(LOADING) | TO(RECORDING) | TO(PHOTOS),
    [MB_LOCATING] = TO(IDENTIFYING) | TO(LISTING) | TO(FLIGHT) | TO(WAITING) | TO(RELEASING) |
                    TO(TAKING) | TO(LOADING) | TO(RECORDING) | TO(LOCATING) | TO(PHOTOS),
    [MB_IDENTIFYING] =
        TO(LOCATING) | TO(LISTING) | TO(LOADING) | TO(WAITING) | TO(RELEASING) | TO(TAKING),
    [MB_LISTING] = TO(LOCATING) | TO(TIDYING) | TO(RECORDING) | TO(LOADING) | TO(WAITING) |
                   TO(RELEASING) | TO(TAKING),
    [MB_TIDYING] = TO(TIDYING) | TO(RECORDING) | TO(WAITING) | TO(RELEASING) | TO(TAKING),
    [MB_WAITING] = ~0u,
    [MB_FLIGHT] = TO(SENDING) | TO(LOADING) | TO(WAITING) | TO(RELEASING) | TO(TAKING),
    [MB_SENDING] = TO(RECORDING) | TO(TAKING),
    [MB_RECORDING] = TO(LOADING) | TO(LOCATING) | TO(IDENTIFYING) | TO(LISTING) | TO(FLIGHT) |
                     TO(WAITING) | TO(RELEASING) | TO(TAKING) | TO(RECORDING) | TO(PHOTOS),
    [MB_PHOTOS] = TO(PHOTOS) | TO(PHOTO_FLIGHT) | TO(WAITING) | TO(RELEASING) | TO(TAKING),
    [MB_PHOTO_FLIGHT] = TO(PHOTO_SENDING) | TO(PHOTO_RECORDING) | TO(WAITING) | TO(TAKING),
    [MB_PHOTO_SENDING] = TO(PHOTO_RECORDING),
    [MB_PHOTO_RECORDING] = TO(PHOTOS) | TO(LOADING) | TO(LOCATING) | TO(IDENTIFYING) | TO(WAITING) |
                           TO(RELEASING) | TO(TAKING) | TO(PHOTO_RECORDING),
    [MB_RELEASING] = TO(LOADING) | TO(QUEUED) | TO(TAKING) | TO(WAITING),
};
#undef TO

const char *mailbox_state_name(enum mailbox_state s)
{
    return state_names[s];
}

void mailbox_enter(struct mailbox *mb, enum mailbox_state s)
{
    struct worker *w = mb->w;
    if (!(moves[mb->state] & (1u << s))) {
        log_error("illegal move of a mailbox", kv("mailbox", mb->id),
                  kv("from", state_names[mb->state]), kv("to", state_names[s]));
        abort();
    }
    if (mb->state != s)
        log_debug("mailbox", kv("mailbox", mb->id), kv("from", state_names[mb->state]),
                  kv("to", state_names[s]));
    w->by_state[mb->state]--;
    w->by_state[s]++;
    mb->state = s;
    mb->since_ms = worker_now(w);
}

/* --- waiting --------------------------------------------------------------------------- */

static void wait_over(void *user)
{
    struct mailbox *mb = user;
    mb->timer = NULL;
    mb->resume(mb);
}

void mailbox_after(struct mailbox *mb, uint32_t ms, void (*resume)(struct mailbox *))
{
    mailbox_enter(mb, MB_WAITING);
    mb->resume = resume;
    mb->timer = loop_after(mb->w->p.loop, ms, wait_over, mb);
}

void mailbox_pause(struct mailbox *mb,
                   uint32_t ms,
                   const char *code,
                   void (*resume)(struct mailbox *))
{
    if (ms <= mb->w->s.hold_ms && !mb->w->draining)
        mailbox_after(mb, ms, resume);
    else
        mailbox_park(mb, ms, code);
}

/* --- the lease ------------------------------------------------------------------------- */

uint32_t mailbox_deadline(const struct mailbox *mb)
{
    return mb->w->s.server_deadline_ms + mb->w->s.lease_margin_ms;
}

/* What is sent under a flight leaves soon after it: the flight's deadline counts on that. */
static bool too_late(const struct mailbox *mb, int64_t now)
{
    if (mb->state == MB_PHOTO_SENDING)
        return now >= mb->sent_ms + photo_window(mb);
    bool writes = mb->state == MB_SENDING || mb->state == MB_TIDYING;
    return writes && now >= mb->sent_ms + mb->w->s.lease_margin_ms;
}

bool mailbox_may_send(void *user)
{
    struct mailbox *mb = user;
    int64_t now = worker_now(mb->w);
    bool late = too_late(mb, now);
    bool ok = mb->leased && !mb->fenced && now < mb->lease_until_ms && !late;
    if (!ok) {
        metric_add(mb->w->m.fenced, 1);
        log_warn("lease or flight is over: nothing sent", kv("mailbox", mb->id),
                 kv("epoch", mb->lease.epoch));
    }
    return ok;
}

void mailbox_lease_extend(struct mailbox *mb, int64_t from_ms)
{
    const struct worker_settings *s = &mb->w->s;
    int64_t until = from_ms + s->lease_ttl_ms - s->lease_margin_ms;
    if (until > mb->lease_until_ms)
        mb->lease_until_ms = until;
}

static void renew_due(void *user);

static void renew_schedule(struct mailbox *mb)
{
    mb->renewal = loop_after(mb->w->p.loop, mb->w->s.lease_ttl_ms / 3, renew_due, mb);
}

/* The renewal runs beside the call of the mailbox's state; its answer finds the mailbox by id,
 * since it may be gone by then. */
struct renewal {
    LIST_ENTRY(renewal) list;
    struct worker *w;
    int64_t mailbox, epoch, sent_ms;
};

static void renewal_free(struct renewal *r)
{
    LIST_REMOVE(r, list);
    free(r);
}

void mailbox_renewals_free(struct worker *w)
{
    while (!LIST_EMPTY(&w->renewals))
        renewal_free(LIST_FIRST(&w->renewals));
}

static void renewed(enum ledger_status st, const struct err *err, void *user)
{
    struct renewal *r = user;
    (void)err;
    struct mailbox *mb = map_get_u64(r->w->mailboxes, (uint64_t)r->mailbox);
    if (mb && mb->leased && mb->lease.epoch == r->epoch) {
        if (st == LEDGER_OK)
            mailbox_lease_extend(mb, r->sent_ms);
        else if (st == LEDGER_FENCED)
            mb->fenced = true;
    }
    renewal_free(r);
}

static void renew_due(void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    struct renewal *r = xalloc(sizeof(*r));
    *r = (struct renewal){
        .w = w, .mailbox = mb->id, .epoch = mb->lease.epoch, .sent_ms = worker_now(w)};
    LIST_INSERT_HEAD(&w->renewals, r, list);
    w->p.ledger->ops->renew(w->p.ledger, mb->lease, w->s.lease_ttl_ms, renewed, r);
    renew_schedule(mb);
}

static void lease_drop(struct mailbox *mb)
{
    mb->leased = mb->fenced = false;
    loop_cancel(mb->renewal);
    mb->renewal = NULL;
    dispatch_slot_free(mb);
}

void mailbox_lost(struct mailbox *mb)
{
    log_warn("lease lost, taking it again", kv("mailbox", mb->id), kv("epoch", mb->lease.epoch));
    metric_add(mb->w->m.fenced, 1);
    lease_drop(mb);
    vec_clear(&mb->results);
    vec_clear(&mb->photo.results);
    mailbox_take(mb);
}

bool mailbox_ledger_ok(struct mailbox *mb,
                       enum ledger_status st,
                       const struct err *err,
                       void (*again)(struct mailbox *))
{
    if (st == LEDGER_FENCED) {
        mailbox_lost(mb);
        return false;
    }
    if (st == LEDGER_AWAY) {
        if (!mb->away++)
            log_warn("rows are out of reach, waiting", kv("mailbox", mb->id), log_err(err));
        uint32_t attempt = mb->away < 6 ? mb->away : 6;
        mailbox_after(mb, (100u << attempt) + worker_random(mb->w) % 200, again);
        return false;
    }
    mb->away = 0;
    return true;
}

/* --- take ------------------------------------------------------------------------------ */

static void keep_text(char **slot, const char *s)
{
    free(*slot);
    *slot = xstrdup(s);
}

static void granted(struct mailbox *mb, const struct ledger_mailbox *row)
{
    mb->lease = row->lease;
    mb->leased = true;
    mb->fenced = false;
    mb->lease_until_ms = 0;
    mailbox_lease_extend(mb, mb->take_sent_ms);
    loop_cancel(mb->renewal); /* a lease of ours that is taken anew */
    renew_schedule(mb);
    keep_text(&mb->address, row->address);
    keep_text(&mb->endpoint, row->endpoint);
    keep_text(&mb->folder_id, row->folder_id);
    keep_text(&mb->former, row->former);
    mb->clear = row->clear;
    mb->photo.open = row->photos && photos_possible(mb->w);
    mb->folder_checked = false;
    mb->gen = row->gen;
    /* A Clear lists first: while our items are there, a user's copy of one can be told from it. */
    mb->verified = row->verified && !row->clear;
    mb->park_attempts = row->park_attempts;
    mb->flight_until_ms = row->flight_ms ? worker_now(mb->w) + row->flight_ms : 0;
    worker_probe(mb->w, "lease");
}

static void unverified(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_take))
        return;
    mb->verified = false;
    mb->gen = mb->gen_seen;
    mailbox_load(mb);
}

static void
taken(enum ledger_status st, const struct ledger_mailbox *row, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_take))
        return;
    if (st != LEDGER_OK || row->parked_ms) {
        /* Held by another worker (it was poked), parked (the re-driver brings it back), or gone. */
        dispatch_finished(mb);
        return;
    }
    granted(mb, row);
    if (w->draining) {
        mailbox_release(mb);
        return;
    }
    if (mb->gen_seen > mb->gen) { /* a message ahead of its row: the database was restored */
        log_warn("message ahead of its row, listing the mailbox first", kv("mailbox", mb->id));
        w->p.ledger->ops->unverify(w->p.ledger, mb->lease, unverified, mb);
        return;
    }
    if (mb->flight_until_ms)
        mailbox_pause(mb, row->flight_ms, "flight", mailbox_load);
    else
        mailbox_load(mb);
}

void mailbox_take(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_TAKING);
    mb->covered = mb->owed.n;
    mb->again = mb->pause_parks = false;
    mb->photo.open = mb->photo.asked = false; /* the row says it */
    mb->take_sent_ms = worker_now(w);
    w->p.ledger->ops->take(w->p.ledger, mb->id, w->owner, w->s.lease_ttl_ms, taken, mb);
}

/* --- load and decide ------------------------------------------------------------------- */

static void copy_side(struct arena *a, struct link_side *s)
{
    s->body = arena_strdup(a, s->body);
    s->cats = arena_strdup(a, s->cats);
}

static void keep_links(struct mailbox *mb, const struct ledger_link *links, size_t n)
{
    arena_reset(mb->rows);
    mb->links = arena_memdup(mb->rows, links, n * sizeof(*links));
    mb->marks = arena_alloc(mb->rows, n + 1);
    mb->n_links = n;
    for (size_t i = 0; i < n; i++) {
        struct ledger_link *l = &mb->links[i];
        copy_side(mb->rows, &l->want);
        copy_side(mb->rows, &l->have);
        copy_side(mb->rows, &l->intended);
        l->item_id = arena_strdup(mb->rows, l->item_id);
        l->version = arena_strdup(mb->rows, l->version);
    }
}

static void loaded(enum ledger_status st,
                   const struct ledger_link *links,
                   size_t n,
                   int64_t poke,
                   bool more,
                   const struct err *err,
                   void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    keep_links(mb, links, n);
    mb->poke = poke;
    mb->more = more;
    mailbox_decide(mb);
}

void mailbox_load(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_LOADING);
    mb->again = mb->urgent = false;
    vec_clear(&mb->results);
    uint32_t max = mb->aimd.size * 2 > 100 ? mb->aimd.size * 2 : 100;
    w->p.ledger->ops->load(w->p.ledger, mb->lease, max, loaded, mb);
}

static bool any_that_needs(const struct mailbox *mb, enum batch_need need)
{
    for (size_t i = 0; i < mb->n_links; i++)
        if (mb->marks[i] == BATCH_OPEN && batch_need_of(&mb->links[i]) == need)
            return true;
    return false;
}

/* A folder that users can remove or throw away is looked at once in a lease: what is written into
 * one that lies in the trash is lost. */
static bool folder_may_be_gone(const struct mailbox *mb)
{
    const struct contact_store *s = mb->w->p.store;
    return !mb->folder_checked && s->ops->limits(mb->w->p.store)->named_folder;
}

/* What Exchange has to be asked or told next; somebody's urgent rows come first, in a new load. */
static void next_request(struct mailbox *mb, bool settle)
{
    dispatch_leave_photos(mb);
    if (mb->urgent && mb->again)
        mailbox_load(mb);
    else if (!mb->folder_id || folder_may_be_gone(mb))
        mailbox_identify(mb);
    else if (!mb->verified)
        mailbox_list_all(mb);
    else if (settle)
        mailbox_settle(mb);
    else
        mailbox_write(mb);
}

/* No row is due. */
static void nothing_due(struct mailbox *mb)
{
    if (mb->again) {
        mailbox_load(mb);
    } else if (mb->clear) {
        dispatch_leave_photos(mb);
        mailbox_sweep(mb);
    } else if (mb->photo.turn && mb->photo.open) {
        mailbox_photos(mb);
    } else {
        mailbox_release(mb);
    }
}

void mailbox_decide(struct mailbox *mb)
{
    bool settle = any_that_needs(mb, BATCH_SETTLE);
    bool write = any_that_needs(mb, BATCH_WRITE);
    bool stop = mb->w->draining;
    if (mb->fenced)
        mailbox_lost(mb);
    else if (!stop && (settle || write))
        next_request(mb, settle);
    else if (!stop && mailbox_skip(mb))
        return; /* the rows that cannot be written are recorded first */
    else if (!stop)
        nothing_due(mb);
    else
        mailbox_release(mb);
}

/* --- release --------------------------------------------------------------------------- */

static void release_send(struct mailbox *mb);

static void released(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (st == LEDGER_AWAY && mb->w->draining)
        st = LEDGER_OK; /* the lease runs out by itself */
    if (!mailbox_ledger_ok(mb, st, err, release_send))
        return;
    if (st == LEDGER_MORE && !mb->w->draining) {
        mailbox_load(mb);
        return;
    }
    lease_drop(mb);
    mb->soon = 0;
    dispatch_finished(mb);
}

static void release_send(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_RELEASING);
    uint32_t park_ms = mb->pause_parks ? mb->pause_ms : w->draining ? 1 : 0;
    const char *why = mb->pause_parks ? mb->pause_code : "stopping";
    w->p.ledger->ops->release(w->p.ledger, mb->lease, mb->poke, park_ms, why, released, mb);
}

/* Repeated, it covers no message that came after: the first one may have been heard. */
void mailbox_release(struct mailbox *mb)
{
    mb->covered = mb->owed.n;
    release_send(mb);
}

void mailbox_park(struct mailbox *mb, uint32_t ms, const char *code)
{
    log_info("mailbox parked", kv("mailbox", mb->id), kv("code", code), kv("ms", ms));
    metric_add(metrics_series(mb->w->m.parked, code, NULL), 1);
    mb->pause_parks = true;
    mb->photo.open = mb->photo.asked = false; /* they are offered again */
    mb->pause_ms = ms ? ms : 1;
    if (code != mb->pause_code)
        snprintf(mb->pause_code, sizeof(mb->pause_code), "%s", code);
    mailbox_release(mb);
}

const struct store_mailbox *mailbox_store(struct mailbox *mb)
{
    mb->reach = (struct store_mailbox){mb->id,       mb->address,      mb->folder_id,
                                       mb->endpoint, mailbox_may_send, mb};
    return &mb->reach;
}
