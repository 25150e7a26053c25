/*
 * States that read Exchange: which folder this mailbox is (IDENTIFYING), which items carry our keys
 * (LISTING), and taking doubles and copies away (TIDYING).
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { SAME_MAILBOX_PARK_MS = 3600 * 1000, TIDY_TIMEOUT_MS = 60000, TIDY_MAX = 50 };

/* A read failed: waits as the outcome says, then starts over from the rows. */
static void read_failed(struct mailbox *mb, enum outcome o, const struct err *err)
{
    if (o == OUT_UNKNOWN || o == OUT_RETRY_SOON || o == OUT_NOT_TRIED)
        o = OUT_RETRY_SOON;
    mailbox_request_result(mb, o, err);
    if (!mb->pause_ms && o != OUT_FOLDER_LOST)
        mb->pause_ms = mailbox_jitter(mb, OUT_RETRY_LATER, mb->park_attempts + 1, err->after_ms);
    if (mb->folder_lost) {
        free(mb->folder_id);
        mb->folder_id = NULL;
        mb->folder_lost = false;
    }
    uint32_t ms = mb->pause_ms;
    mb->pause_ms = 0;
    if (mb->pause_parks)
        mailbox_park(mb, ms, err->code);
    else
        mailbox_pause(mb, ms ? ms : 1, err->code, mailbox_load);
}

/* --- identify -------------------------------------------------------------------------- */

static void identity_recorded(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (st != LEDGER_OK) { /* ours only once the row says so: another mailbox may have it */
        free(mb->folder_id);
        mb->folder_id = NULL;
    }
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    if (st == LEDGER_CONFLICT) {
        log_warn("two addresses of one mailbox; the second one rests", kv("mailbox", mb->id));
        mailbox_park(mb, SAME_MAILBOX_PARK_MS, "mailbox.same_folder");
        return;
    }
    mb->verified = false; /* the row knows better: the next take or this listing says so */
    mailbox_list_all(mb);
}

static void
identified(const struct store_identity *id, enum outcome outcome, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    dispatch_slot_free(mb);
    observe_call(w, "identify", 0);
    if (mb->fenced) {
        mailbox_lost(mb);
        return;
    }
    if (outcome != OUT_DONE) {
        read_failed(mb, outcome, err);
        return;
    }
    mailbox_request_result(mb, OUT_DONE, NULL);
    free(mb->folder_id);
    mb->folder_id = xstrdup(id->folder_id);
    w->p.ledger->ops->identify(w->p.ledger, mb->lease, id->folder_id, id->server_version,
                               identity_recorded, mb);
}

void mailbox_identify(struct mailbox *mb)
{
    struct worker *w = mb->w;
    if (!dispatch_slot(mb, mailbox_decide))
        return;
    mailbox_enter(mb, MB_IDENTIFYING);
    w->p.store->ops->identify(w->p.store, mailbox_store(mb), identified, mb);
}

/* --- tidy: extras away, then results into the rows --------------------------------------- */

static void adopted(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    mb->verified = true;
    mailbox_load(mb);
}

static void listing_recorded(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    metric_add(w->m.settled, (double)mb->results.n);
    vec_clear(&mb->results);
    if (mb->listing_all)
        w->p.ledger->ops->adopt(w->p.ledger, mb->lease, mb->settle.found.v, mb->settle.found.n,
                                true, adopted, mb);
    else
        mailbox_load(mb);
}

static void listing_record(struct mailbox *mb)
{
    struct worker *w = mb->w;
    dispatch_slot_free(mb);
    mailbox_enter(mb, MB_RECORDING);
    vec_clear(&mb->results);
    for (size_t i = 0; i < mb->settle.results.n; i++) {
        vec_push(&mb->results, mb->settle.results.v[i]);
        observe_outcome(w, "settle", OUT_DONE);
    }
    w->p.ledger->ops->record(w->p.ledger, mb->lease, mb->results.v, mb->results.n, true,
                             listing_recorded, mb);
}

static void tidy(struct mailbox *mb);

static void tidied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    observe_call(w, "tidy", took_ms);
    for (size_t i = 0; i < n; i++) {
        observe_outcome(w, mb->batch.verb == STORE_DELETE ? "double" : "strip", r[i].outcome);
        if (r[i].outcome != OUT_DONE && r[i].outcome != OUT_GONE) {
            dispatch_slot_free(mb);
            /* nothing was recorded: the listing is done again from the start, after any late effect
             */
            if (r[i].outcome == OUT_UNKNOWN)
                mb->flight_until_ms = worker_now(w) + w->s.server_deadline_ms;
            read_failed(mb, r[i].outcome, &r[i].err);
            return;
        }
    }
    mb->extras_done += n;
    tidy(mb);
}

static void tidy_flown(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (st != LEDGER_OK)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    w->p.store->ops->apply(w->p.store, mailbox_store(mb), mb->batch.verb, mb->batch.ops,
                           mb->batch.n, TIDY_TIMEOUT_MS, tidied, mb);
}

/* The next run of extras of one kind, or on to the rows. */
static void tidy(struct mailbox *mb)
{
    struct worker *w = mb->w;
    size_t first = mb->extras_done, n = mb->settle.extras.n - first;
    if (!n) {
        listing_record(mb);
        return;
    }
    const struct settle_extra *x = &mb->settle.extras.v[first];
    size_t k = 1;
    while (k < n && k < TIDY_MAX && x[k].is_double == x[0].is_double)
        k++;
    mb->batch = (struct batch){.verb = x[0].is_double ? STORE_DELETE : STORE_STRIP, .n = k};
    mb->batch.ops = arena_alloc(mb->work, k * sizeof(*mb->batch.ops));
    for (size_t i = 0; i < k; i++)
        mb->batch.ops[i] = (struct store_op){.tag = i,
                                             .key = x[i].key,
                                             .item_id = x[i].item_id,
                                             .version = x[i].version,
                                             .cats_before = "",
                                             .cats_after = ""};
    mailbox_enter(mb, MB_TIDYING);
    mb->sent_ms = worker_now(w);
    w->p.ledger->ops->flight(w->p.ledger, mb->lease, mailbox_deadline(mb), w->s.lease_ttl_ms, NULL,
                             0, tidy_flown, mb);
}

/* --- list ------------------------------------------------------------------------------ */

static struct store_listed *
keep_items(struct mailbox *mb, const struct store_listed *items, size_t n)
{
    struct store_listed *copy = arena_memdup(mb->work, items, n * sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        copy[i].item_id = arena_strdup(mb->work, copy[i].item_id);
        copy[i].version = arena_strdup(mb->work, copy[i].version);
        copy[i].hash = arena_strdup(mb->work, copy[i].hash);
    }
    return copy;
}

/* Ends a listing that failed; true: it did not. */
static bool listing_ok(struct mailbox *mb, enum outcome outcome, const struct err *err)
{
    observe_call(mb->w, "list", 0);
    if (mb->fenced) {
        dispatch_slot_free(mb);
        mailbox_lost(mb);
        return false;
    }
    if (outcome != OUT_DONE) {
        dispatch_slot_free(mb);
        read_failed(mb, outcome, err);
        return false;
    }
    mailbox_request_result(mb, OUT_DONE, NULL);
    settle_plan_release(&mb->settle);
    mb->extras_done = 0;
    return true;
}

static void settle_listed(const struct store_listed *items,
                          size_t n,
                          enum outcome outcome,
                          const struct err *err,
                          void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (!listing_ok(mb, outcome, err))
        return;
    const struct settle_rules rules = {w->s.settle_gap_ms, w->s.look_again_ms,
                                       clock_wall(loop_clock(w->p.loop))};
    const struct store_listed *kept = keep_items(mb, items, n);
    mb->listing_all = false;
    settle_links(mb->links, mb->n_links, kept, n, mb->folder_id, &rules, &mb->settle);
    tidy(mb);
}

void mailbox_settle(struct mailbox *mb)
{
    struct worker *w = mb->w;
    int64_t now = worker_now(w);
    if (mb->flight_until_ms > now) { /* rule 2: wait for what may still land */
        mailbox_pause(mb, (uint32_t)(mb->flight_until_ms - now), "flight", mailbox_load);
        return;
    }
    if (!dispatch_slot(mb, mailbox_decide))
        return;
    mailbox_enter(mb, MB_LISTING);
    arena_reset(mb->work);
    struct guid *keys = arena_alloc(mb->work, (2 * mb->n_links + 1) * sizeof(*keys));
    size_t n = settle_keys(mb->links, mb->n_links, keys);
    w->p.store->ops->list(w->p.store, mailbox_store(mb), keys, n, settle_listed, mb);
}

/* A first contact: what the folder holds, against what the rows know. */
static void all_listed(const struct store_listed *items,
                       size_t n,
                       enum outcome outcome,
                       const struct err *err,
                       void *user)
{
    struct mailbox *mb = user;
    if (!listing_ok(mb, outcome, err))
        return;
    const struct store_listed *kept = keep_items(mb, items, n);
    mb->listing_all = true;
    settle_mailbox(mb->known, mb->n_known, kept, n, mb->folder_id, &mb->settle);
    tidy(mb);
}

static void known_loaded(enum ledger_status st,
                         const struct ledger_known *rows,
                         size_t n,
                         const struct err *err,
                         void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (st != LEDGER_OK)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    mb->known = arena_memdup(mb->work, rows, n * sizeof(*rows));
    mb->n_known = n;
    for (size_t i = 0; i < n; i++)
        mb->known[i].item_id = arena_strdup(mb->work, rows[i].item_id);
    w->p.store->ops->list(w->p.store, mailbox_store(mb), NULL, 0, all_listed, mb);
}

void mailbox_list_all(struct mailbox *mb)
{
    struct worker *w = mb->w;
    int64_t now = worker_now(w);
    if (mb->flight_until_ms > now) {
        mailbox_pause(mb, (uint32_t)(mb->flight_until_ms - now), "flight", mailbox_load);
        return;
    }
    if (!dispatch_slot(mb, mailbox_decide))
        return;
    mailbox_enter(mb, MB_LISTING);
    arena_reset(mb->work);
    w->p.ledger->ops->known(w->p.ledger, mb->lease, known_loaded, mb);
}
