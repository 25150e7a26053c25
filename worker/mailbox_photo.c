/*
 * PHOTOS -> PHOTO_FLIGHT -> PHOTO_SENDING -> PHOTO_RECORDING: pictures of contacts, a few a call
 * (docs/adr/0019-photo-lane.md). Only what has its place in the lane of pictures comes here, and
 * only when no row is due; contacts that come meanwhile go first, after the call under way.
 *
 * There are no intents and nothing to settle: each call looks at the items before it writes, and
 * what is not recorded is looked at again. A picture that may still land keeps back other pictures,
 * not contacts.
 */
#include <string.h>

#include "common/base/digest.h"

#include "worker/dispatch_p.h"
#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum {
    TIMEOUT_BASE_MS = 10000,
    TIMEOUT_PHOTO_MS = 2000,
    /* a call is several requests in a row in one send slot: short, so that contacts get it soon */
    TARGET_MS = 500,
    PACE_STEP_MS = 1000,
};

static const char too_large[] = "photo.size";

bool photos_possible(const struct worker *w)
{
    return w->p.ledger->ops->photos && w->p.store->ops->photo;
}

uint32_t photo_window(const struct mailbox *mb)
{
    return mb->w->s.lease_margin_ms + mb->photo.timeout_ms;
}

static const struct store_limits *limits(const struct mailbox *mb)
{
    return mb->w->p.store->ops->limits(mb->w->p.store);
}

/* --- results --------------------------------------------------------------------------- */

/* An item that is not there under its id is the contact's affair: it is found by its key, and has
 * another id then, for which nothing of this holds. */
static enum ledger_photo_end end_of(const struct mailbox *mb, const struct store_result *r)
{
    uint32_t limit = mb->w->s.retry.dead_after, tries = mb->photo.due[r->tag].attempts + 1;
    switch (r->outcome) {
    case OUT_DONE:
        return r->err.code[0] ? PHOTO_LEFT : PHOTO_HELD;
    case OUT_GONE:
    case OUT_DEAD:
        return PHOTO_LEFT;
    case OUT_SPLIT:
        return mb->photo.n == 1 ? PHOTO_LEFT : PHOTO_UNKNOWN;
    case OUT_RETRY_LATER:
        if (r->err.scope > SCOPE_ITEM)
            return PHOTO_UNKNOWN; /* the mailbox waits */
        return limit && tries >= limit ? PHOTO_LEFT : PHOTO_RESTS;
    case OUT_CONFLICT: /* somebody was there between the look and the write */
        return limit && tries >= limit ? PHOTO_LEFT : PHOTO_RESTS;
    case OUT_UNKNOWN:
    case OUT_NOT_TRIED:
    case OUT_RETRY_SOON:
    case OUT_PARK:
    case OUT_STOP:
    case OUT_FOLDER_LOST:
        return PHOTO_UNKNOWN;
    }
    return PHOTO_UNKNOWN;
}

/* Certainly not done, and not for a reason of its own: nothing to tell of. */
static bool told(enum outcome o)
{
    return o != OUT_NOT_TRIED && o != OUT_RETRY_SOON && o != OUT_PARK && o != OUT_STOP &&
           o != OUT_FOLDER_LOST;
}

static const char *outcome_told(const struct store_result *r)
{
    if (r->outcome != OUT_DONE || !r->err.code[0])
        return outcome_name(r->outcome);
    return strcmp(r->err.code, STORE_PHOTO_OWN) == 0 ? "own" : "unsupported";
}

static void result_of(struct mailbox *mb, const struct store_result *r)
{
    const struct ledger_photo *p = &mb->photo.due[r->tag];
    struct ledger_photo_result out = {.person = p->person,
                                      .item_id = p->item_id,
                                      .end = end_of(mb, r),
                                      .set = p->set,
                                      .hash = p->hash,
                                      .version = arena_strdup(mb->work, r->version),
                                      .outcome = told(r->outcome) ? outcome_name(r->outcome) : NULL,
                                      .code = arena_strdup(mb->work, r->err.code)};
    if (out.end == PHOTO_RESTS)
        out.retry_in_ms = mailbox_jitter(mb, OUT_RETRY_LATER, p->attempts + 1, r->err.after_ms);
    vec_push(&mb->photo.results, out);
    observe_photo(mb->w, outcome_told(r));
}

static void size_after(struct mailbox *mb, const struct store_result *r, size_t n)
{
    int64_t now = worker_now(mb->w);
    uint32_t took_ms = (uint32_t)(now - mb->sent_ms);
    size_t done = 0, split = 0;
    for (size_t i = 0; i < n; i++) {
        done += r[i].outcome == OUT_DONE;
        split += r[i].outcome == OUT_SPLIT;
    }
    if (split)
        aimd_trouble(&mb->photo.aimd, 1);
    if (done < n)
        return;
    aimd_paced(&mb->photo.aimd, (uint32_t)n, took_ms, now);
    aimd_clean(&mb->photo.aimd, (uint32_t)n, took_ms, limits(mb)->max_photos, TARGET_MS);
}

/* --- record ---------------------------------------------------------------------------- */

static void record(struct mailbox *mb);

static void look_for_folder(struct mailbox *mb)
{
    dispatch_leave_photos(mb);
    mailbox_identify(mb);
}

/* The turn is over then: what is left is offered again. */
static void rest(struct mailbox *mb, uint32_t ms)
{
    mb->photo.open = false;
    mailbox_pause(mb, ms, mb->pause_code, mb->folder_id ? mailbox_load : look_for_folder);
}

static void recorded(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, record))
        return;
    worker_probe(mb->w, "recorded");
    vec_clear(&mb->photo.results);
    if (mb->folder_lost)
        mailbox_forget_folder(mb);
    mb->folder_lost = false;
    uint32_t ms = mb->pause_ms;
    bool park = mb->pause_parks;
    mb->pause_ms = 0;
    mb->pause_parks = false;
    if (park)
        mailbox_park(mb, ms, mb->pause_code);
    else if (ms)
        rest(mb, ms);
    else
        mailbox_photos(mb);
}

static void record(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_PHOTO_RECORDING);
    w->p.ledger->ops->photo_record(w->p.ledger, mb->lease, mb->photo.results.v, mb->photo.results.n,
                                   mb->photo.flight_over, recorded, mb);
}

/* --- flight and send ------------------------------------------------------------------- */

static void answered(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct mailbox *mb = user;
    worker_probe(mb->w, "answered");
    dispatch_slot_free(mb);
    observe_call(mb->w, "photo", took_ms);
    mb->photo.flight_over = true;
    for (size_t i = 0; i < n; i++)
        result_of(mb, &r[i]);
    for (size_t i = 0; i < n; i++)
        mb->photo.flight_over &= r[i].outcome != OUT_UNKNOWN;
    mailbox_request_results(mb, r, n);
    size_after(mb, r, n);
    record(mb);
}

/* More than a call may carry, even alone. */
static bool is_too_large(const struct mailbox *mb)
{
    return mb->photo.n == 1 && mb->photo.due[0].len > limits(mb)->max_photo_bytes;
}

static void refuse(struct mailbox *mb)
{
    struct store_result r = {.outcome = OUT_DEAD};
    err_set(&r.err, SCOPE_ITEM, WHEN_NEVER, too_large, "the picture is too large");
    dispatch_slot_free(mb);
    mb->photo.flight_over = true;
    result_of(mb, &r);
    record(mb);
}

static void flown(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (st != LEDGER_OK)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_photos))
        return;
    mailbox_lease_extend(mb, mb->sent_ms);
    worker_probe(w, "intent");
    if (is_too_large(mb)) {
        refuse(mb);
        return;
    }
    mailbox_enter(mb, MB_PHOTO_SENDING);
    w->p.store->ops->photo(w->p.store, mailbox_store(mb), mb->photo.calls, mb->photo.n,
                           mb->photo.timeout_ms, answered, mb);
    worker_probe(w, "sent");
}

static void fly(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_PHOTO_FLIGHT);
    mb->sent_ms = worker_now(w);
    w->p.ledger->ops->photo_flight(w->p.ledger, mb->lease,
                                   w->s.server_deadline_ms + photo_window(mb), w->s.lease_ttl_ms,
                                   mb->photo.due, mb->photo.n, flown, mb);
}

/* --- what is due ----------------------------------------------------------------------- */

static void over(enum ledger_status st, const struct err *err, void *user);

static void ask_whether_over(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_PHOTOS);
    w->p.ledger->ops->photo_over(w->p.ledger, mb->lease, mb->photo.requested, over, mb);
}

/* What came to be due in between is offered again. */
static void over(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, ask_whether_over))
        return;
    mb->photo.open = false;
    mailbox_release(mb);
}

static void keep(struct mailbox *mb, const struct ledger_photo *photos, size_t n)
{
    arena_reset(mb->work);
    struct ledger_photo *due = arena_memdup(mb->work, photos, n * sizeof(*due));
    struct store_photo *calls = arena_alloc(mb->work, n * sizeof(*calls));
    for (size_t i = 0; i < n; i++) {
        struct ledger_photo *p = &due[i];
        char *mark = p->set ? arena_alloc(mb->work, STORE_PHOTO_MARK + 1) : NULL;
        p->item_id = arena_strdup(mb->work, p->item_id);
        p->version = arena_strdup(mb->work, p->version);
        p->jpeg = p->set ? arena_memdup(mb->work, p->jpeg, p->len) : NULL;
        if (mark)
            hex_encode(p->hash.b, sizeof(p->hash.b), mark);
        calls[i] = (struct store_photo){.tag = i,
                                        .item_id = p->item_id,
                                        .version = p->version,
                                        .mark = mark,
                                        .jpeg = p->jpeg,
                                        .len = mark ? p->len : 0};
    }
    mb->photo.due = due;
    mb->photo.calls = calls;
    mb->photo.n = n;
    mb->photo.timeout_ms = TIMEOUT_BASE_MS + TIMEOUT_PHOTO_MS * (uint32_t)n;
}

static void photos_loaded(enum ledger_status st,
                          const struct ledger_photo *photos,
                          size_t n,
                          int64_t requested,
                          const struct err *err,
                          void *user)
{
    struct mailbox *mb = user;
    bool stop = mb->w->draining;
    if (st != LEDGER_OK || !n || stop)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_photos))
        return;
    if (stop) {
        mailbox_release(mb);
        return;
    }
    mb->photo.requested = requested;
    if (!n) {
        ask_whether_over(mb);
        return;
    }
    keep(mb, photos, n);
    fly(mb);
}

static void load(struct mailbox *mb)
{
    struct worker *w = mb->w;
    const struct store_limits *lim = limits(mb);
    uint32_t max = mb->photo.aimd.size < lim->max_photos ? mb->photo.aimd.size : lim->max_photos;
    mailbox_enter(mb, MB_PHOTOS);
    w->p.ledger->ops->photos(w->p.ledger, mb->lease, max, lim->max_photo_bytes, photos_loaded, mb);
}

/* The server was busy with this mailbox. true: a wait has begun. */
static bool must_wait(struct mailbox *mb)
{
    uint32_t wait = aimd_wait(&mb->photo.aimd, worker_now(mb->w));
    if (!wait)
        return false;
    if (wait > mb->w->s.hold_ms) {
        mb->photo.open = false;
        mailbox_release(mb);
    } else { /* in short steps: contacts may come */
        mailbox_pause(mb, wait < PACE_STEP_MS ? wait : PACE_STEP_MS, "pace", mailbox_photos);
    }
    return true;
}

void mailbox_photos(struct mailbox *mb)
{
    struct worker *w = mb->w;
    if (mb->fenced)
        mailbox_lost(mb);
    else if (w->draining || worker_now(w) >= mb->photo.end_ms)
        mailbox_release(mb);
    else if (mb->again)
        mailbox_load(mb);
    else if (!must_wait(mb) && dispatch_photo_slot(mb, mailbox_photos))
        load(mb);
}
