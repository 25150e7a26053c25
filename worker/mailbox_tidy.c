/*
 * After a listing: TIDYING takes doubles and copies away, RECORDING writes what was found into the
 * rows.
 */
#include <string.h>

#include "common/base/log.h"

#include "worker/dispatch_p.h"
#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { TIDY_TIMEOUT_MS = 60000, TIDY_MAX = 50 };

/* --- results into the rows -------------------------------------------------------------- */

static void adopted(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    mb->verified = true;
    if (mb->clear && !mailbox_clear_found(mb))
        mailbox_swept(mb);
    else
        mailbox_load(mb);
}

/* An item that never carried our key is gone: what else is there shows a listing of everything. */
static void to_be_listed(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    mb->verified = false;
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
    else if (mb->settle.relist)
        w->p.ledger->ops->unverify(w->p.ledger, mb->lease, to_be_listed, mb);
    else
        mailbox_load(mb);
}

/* One line for what users did, or what nobody can have meant. */
static void tell(const struct mailbox *mb)
{
    const struct settle_plan *p = &mb->settle;
    if (p->hidden)
        log_info("contacts that the user deleted stay deleted", kv("mailbox", mb->id),
                 kv("contacts", p->hidden));
    if (p->later)
        log_warn("many contacts are missing at once; looking again before they are made anew",
                 kv("mailbox", mb->id), kv("ms", mb->w->s.look_again_ms));
    if (p->rebuilt)
        log_warn("contacts are missing and will be made anew", kv("mailbox", mb->id),
                 kv("contacts", p->rebuilt));
}

static void listing_record(struct mailbox *mb)
{
    struct worker *w = mb->w;
    dispatch_slot_free(mb);
    mailbox_enter(mb, MB_RECORDING);
    tell(mb);
    vec_clear(&mb->results);
    for (size_t i = 0; i < mb->settle.results.n; i++) {
        vec_push(&mb->results, mb->settle.results.v[i]);
        observe_outcome(w, mb->settle.results.v[i].hide ? "hide" : "settle", OUT_DONE);
    }
    w->p.ledger->ops->record(w->p.ledger, mb->lease, mb->results.v, mb->results.n, true,
                             listing_recorded, mb);
}

/* --- extras away ------------------------------------------------------------------------- */

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
            mailbox_read_failed(mb, r[i].outcome, &r[i].err);
            return;
        }
    }
    mb->extras_done += n;
    mailbox_tidy(mb);
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
void mailbox_tidy(struct mailbox *mb)
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
