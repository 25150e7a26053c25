/*
 * FLIGHT -> SENDING -> RECORDING: intents and the flight's deadline into the rows, one request out,
 * results into the rows. Offsets follow at release.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum {
    TIMEOUT_BASE_MS = 10000,
    TIMEOUT_ITEM_MS = 500,
    PACE_STEP_MS = 1000,
    SKIP_RETRY_MS = 3600 * 1000,
    PROOF_MS = 3600 * 1000,
    /* so much more patience, about a day, with a server that may be the cause */
    UNPROVEN_FACTOR = 16
};

static const char *const verb_names[] = {"create", "update", "delete", "strip"};

uint32_t mailbox_jitter(struct mailbox *mb, enum outcome o, uint32_t attempt, uint32_t after_ms)
{
    return retry_delay_ms(&mb->w->s.retry, o, attempt, after_ms, worker_random(mb->w));
}

/* --- what one request means beyond its links ------------------------------------------ */

static void pause_for(struct mailbox *mb, uint32_t ms, const char *code, bool park)
{
    if ((mb->pause_parks || ms <= mb->pause_ms) && !park)
        return;
    mb->pause_ms = ms;
    mb->pause_parks = park;
    snprintf(mb->pause_code, sizeof(mb->pause_code), "%s", code);
}

static void stop_account(struct mailbox *mb, const struct err *err)
{
    struct worker *w = mb->w;
    struct breaker *b = &mb->server->breaker;
    if (!b->stopped)
        log_error("Exchange account stopped; nothing is sent there until it is mended",
                  kv("server", mb->server->host), log_err(err));
    int64_t now = worker_now(w);
    breaker_stop(b, err->code, now);
    int64_t left = b->until_ms - now;
    pause_for(mb, (uint32_t)left + worker_random(w) % 1000, err->code, true);
}

/* A server that was not found says nothing about the others. */
static bool of_the_search(const struct err *err)
{
    static const char search[] = "autodiscover.";
    return err && strncmp(err->code, search, strlen(search)) == 0;
}

/* What it says about the server. */
static void tell_server(struct mailbox *mb, enum outcome o, const struct err *err)
{
    struct worker *w = mb->w;
    struct server *v = mb->server;
    if (!v || (o != OUT_DONE && of_the_search(err)))
        return;
    if (o == OUT_STOP)
        stop_account(mb, err);
    else if (o != OUT_DONE && err && err->scope >= SCOPE_REMOTE)
        breaker_failure(&v->breaker, err->code, err->after_ms, worker_now(w), worker_random(w));
    else
        breaker_success(&v->breaker);
    metric_set(w->m.stopped, servers_stopped(&w->servers, false));
}

/* Pictures have a controller of their own: their trouble does not slow the contacts down. */
static struct aimd *controller(struct mailbox *mb)
{
    return mb->state == MB_PHOTO_SENDING ? &mb->photo.aimd : &mb->aimd;
}

static void too_much(struct mailbox *mb)
{
    aimd_trouble(controller(mb), mb->state == MB_PHOTO_SENDING ? 1 : mb->w->s.batch_min);
}

void mailbox_request_result(struct mailbox *mb, enum outcome o, const struct err *err)
{
    struct worker *w = mb->w;
    tell_server(mb, o, err);
    switch (o) {
    case OUT_DONE:
        mb->soon = 0;
        break;
    case OUT_PARK:
        pause_for(mb, mailbox_jitter(mb, o, mb->park_attempts + 1, err->after_ms), err->code, true);
        break;
    case OUT_RETRY_LATER:
        if (err->scope > SCOPE_ITEM) {
            too_much(mb);
            if (err->after_ms && err->scope == SCOPE_MAILBOX)
                aimd_busy(controller(mb), err->after_ms, worker_now(w));
            pause_for(mb, mailbox_jitter(mb, o, mb->park_attempts + 1, err->after_ms), err->code,
                      false);
        }
        break;
    case OUT_RETRY_SOON:
    case OUT_NOT_TRIED:
        pause_for(mb, mailbox_jitter(mb, o, ++mb->soon, err->after_ms), err->code, false);
        break;
    case OUT_UNKNOWN:
        too_much(mb);
        mb->flight_over &= mb->state == MB_PHOTO_SENDING;
        break;
    case OUT_FOLDER_LOST:
        mb->folder_lost = true;
        pause_for(mb, mailbox_jitter(mb, o, 1, err->after_ms), err->code, false);
        break;
    default:
        break;
    }
}

/* --- results --------------------------------------------------------------------------- */

static void result_done(const struct ledger_link *l,
                        const struct store_result *r,
                        enum store_verb verb,
                        struct ledger_result *out)
{
    out->set_have = true;
    out->clear_intent = true;
    if (verb == STORE_DELETE)
        return;
    out->have = l->want;
    out->item_id = r->item_id ? r->item_id : l->item_id;
    out->version = r->version;
    out->lacks = r->lacks;
}

/* The server writes others' contacts: then it is the contact that fails, not the server. */
static bool it_writes(const struct mailbox *mb)
{
    int64_t wrote = mb->server->wrote_ms;
    return wrote && worker_now(mb->w) - wrote < PROOF_MS;
}

static void result_later(struct mailbox *mb,
                         const struct ledger_link *l,
                         const struct store_result *r,
                         struct ledger_result *out)
{
    uint32_t limit = mb->w->s.retry.dead_after * (it_writes(mb) ? 1 : UNPROVEN_FACTOR);
    out->clear_intent = true;
    if (r->err.scope > SCOPE_ITEM)
        return; /* the mailbox waits, the link is as it was */
    if (limit && l->attempts + 1 >= limit)
        out->dead = true;
    else
        out->retry_in_ms = mailbox_jitter(mb, OUT_RETRY_LATER, l->attempts + 1, r->err.after_ms);
}

static void result_of(struct mailbox *mb, const struct store_result *r)
{
    const struct ledger_link *l = &mb->links[r->tag];
    enum store_verb verb = mb->batch.verb;
    struct ledger_result out = {.person = l->person,
                                .op = verb_names[verb],
                                .outcome = outcome_name(r->outcome),
                                .code = r->outcome == OUT_DONE && !r->lacks ? "" : r->err.code};
    switch (r->outcome) {
    case OUT_DONE:
        result_done(l, r, verb, &out);
        break;
    case OUT_UNKNOWN: /* the intent stays: settled after the deadline */
    case OUT_GONE:    /* the intent stays: looked for by key before anything else, a delete too: the
                         user may have moved it */
    case OUT_CONFLICT:
        break;
    case OUT_RETRY_LATER:
        result_later(mb, l, r, &out);
        break;
    case OUT_DEAD:
        out.clear_intent = out.dead = true;
        break;
    case OUT_SPLIT:
        out.clear_intent = true;
        out.dead = mb->batch.n == 1;
        break;
    default: /* certainly not done: as it was */
        out.clear_intent = true;
        out.op = NULL;
        break;
    }
    vec_push(&mb->results, out);
    observe_outcome(mb->w, verb_names[verb], r->outcome);
}

/* The result that says most about the mailbox as a whole. */
static int weight(const struct store_result *r)
{
    switch (r->outcome) {
    case OUT_STOP:
        return 9;
    case OUT_PARK:
        return 8;
    case OUT_FOLDER_LOST:
        return 7;
    case OUT_UNKNOWN:
        return 6;
    case OUT_RETRY_LATER:
        return r->err.scope > SCOPE_ITEM ? 5 : 1;
    case OUT_RETRY_SOON:
        return 4;
    case OUT_NOT_TRIED:
        return 3;
    default:
        return 0;
    }
}

static const struct store_result *heaviest(const struct store_result *r, size_t n)
{
    const struct store_result *top = &r[0];
    for (size_t i = 1; i < n; i++)
        if (weight(&r[i]) > weight(top))
            top = &r[i];
    return top;
}

void mailbox_request_results(struct mailbox *mb, const struct store_result *r, size_t n)
{
    const struct store_result *top = heaviest(r, n);
    if (top->outcome != OUT_NOT_TRIED || strcmp(top->err.code, "fenced") != 0)
        mailbox_request_result(mb, weight(top) ? top->outcome : OUT_DONE, &top->err);
}

/* Two that agree on nothing, an item that is there and is not: not without a pause for ever. */
static void slow_down(struct mailbox *mb, const struct store_result *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (r[i].outcome != OUT_GONE && r[i].outcome != OUT_CONFLICT) {
            mb->fruitless = 0;
            return;
        }
    }
    if (mb->fruitless++)
        pause_for(mb, mailbox_jitter(mb, r->outcome, mb->fruitless - 1, 0), r->err.code, false);
}

/* A request of which nothing came, for reasons that are each link's: one contact can be the cause,
 * and soon goes alone; the server can be, and is given a rest. Two contacts that failed alone are
 * not the cause. */
static void doubt(struct mailbox *mb, const struct store_result *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (r[i].outcome != OUT_RETRY_LATER || r[i].err.scope > SCOPE_ITEM) {
            mb->alone = 0;
            return;
        }
    }
    mb->alone += n == 1;
    if (n > 1 || mb->alone > 1)
        pause_for(mb, mailbox_jitter(mb, OUT_RETRY_LATER, mb->park_attempts + 1, 0), r[0].err.code,
                  false);
}

static void
batch_size_after(struct mailbox *mb, const struct store_result *r, size_t n, uint32_t took_ms)
{
    const struct store_limits *lim = mb->w->p.store->ops->limits(mb->w->p.store);
    size_t clean = 0, split = 0;
    for (size_t i = 0; i < n; i++) {
        clean += r[i].outcome == OUT_DONE;
        split += r[i].outcome == OUT_SPLIT;
    }
    if (split && n > 1) { /* halve until the one bad contact stands alone */
        mb->split = (uint32_t)(n + 1) / 2;
        mb->split_left = (uint32_t)n;
    } else if (mb->split_left) {
        mb->split_left -= n < mb->split_left ? (uint32_t)n : mb->split_left;
    }
    if (clean)
        mb->server->wrote_ms = worker_now(mb->w);
    if (clean == n)
        aimd_paced(&mb->aimd, (uint32_t)n, took_ms, worker_now(mb->w));
    if (clean == n)
        aimd_clean(&mb->aimd, (uint32_t)n, took_ms, lim->max_create, mb->w->s.batch_target_ms);
}

static void applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    worker_probe(w, "answered");
    dispatch_slot_free(mb);
    observe_call(w, verb_names[mb->batch.verb], took_ms);
    mb->flight_over = true;
    for (size_t i = 0; i < n; i++)
        result_of(mb, &r[i]);
    for (size_t i = 0; i < n; i++)
        if (r[i].outcome == OUT_UNKNOWN)
            mb->flight_over = false;
    mailbox_request_results(mb, r, n);
    slow_down(mb, r, n);
    doubt(mb, r, n);
    batch_size_after(mb, r, n, took_ms);
    if (!mb->flight_over)
        mb->flight_until_ms = worker_now(w) + w->s.server_deadline_ms;
    /* ids and codes are the store's, borrowed for this callback: a repeated record needs them
     * longer */
    for (size_t i = 0; i < mb->results.n; i++) {
        struct ledger_result *out = &mb->results.v[i];
        out->item_id = arena_strdup(mb->work, out->item_id);
        out->version = arena_strdup(mb->work, out->version);
        out->code = arena_strdup(mb->work, out->code);
    }
    mailbox_record(mb);
}

/* --- record ---------------------------------------------------------------------------- */

static void resume_after_pause(struct mailbox *mb)
{
    mb->pause_ms = 0;
    mailbox_load(mb);
}

static void recorded(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_record))
        return;
    worker_probe(w, "recorded");
    vec_clear(&mb->results);
    if (mb->folder_lost) {
        mailbox_forget_folder(mb);
        mb->folder_lost = false;
    }
    uint32_t ms = mb->pause_ms;
    bool park = mb->pause_parks;
    mb->pause_ms = 0;
    mb->pause_parks = false;
    int64_t now = worker_now(w);
    if (park)
        mailbox_park(mb, ms, mb->pause_code);
    else if (!mb->flight_over && mb->flight_until_ms > now)
        mailbox_pause(mb, (uint32_t)(mb->flight_until_ms - now), "flight", mailbox_load);
    else if (ms)
        mailbox_pause(mb, ms, mb->pause_code, resume_after_pause);
    else
        mailbox_decide(mb);
}

void mailbox_record(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mailbox_enter(mb, MB_RECORDING);
    w->p.ledger->ops->record(w->p.ledger, mb->lease, mb->results.v, mb->results.n, mb->flight_over,
                             recorded, mb);
}

bool mailbox_skip(struct mailbox *mb)
{
    for (size_t i = 0; i < mb->n_links; i++) {
        const struct ledger_link *l = &mb->links[i];
        bool unusable = mb->marks[i] == BATCH_UNUSABLE ||
                        (mb->marks[i] == BATCH_OPEN && batch_need_of(l) == BATCH_NO_CONTENT);
        if (!unusable)
            continue;
        mb->marks[i] = BATCH_TAKEN;
        vec_push(&mb->results, (struct ledger_result){.person = l->person,
                                                      .retry_in_ms = SKIP_RETRY_MS,
                                                      .op = "skip",
                                                      .outcome = "retry_later",
                                                      .code = "content.missing"});
    }
    if (!mb->results.n)
        return false;
    mb->flight_over = true;
    mailbox_record(mb);
    return true;
}

/* --- flight and send ------------------------------------------------------------------- */

static void flown(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (st != LEDGER_OK)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    if (st == LEDGER_CONFLICT) { /* an intent that the load did not show: settle it first */
        mailbox_load(mb);
        return;
    }
    mailbox_lease_extend(mb, mb->sent_ms);
    worker_probe(w, "intent");
    mailbox_enter(mb, MB_SENDING);
    w->p.store->ops->apply(w->p.store, mailbox_store(mb), mb->batch.verb, mb->batch.ops,
                           mb->batch.n, TIMEOUT_BASE_MS + TIMEOUT_ITEM_MS * (uint32_t)mb->batch.n,
                           applied, mb);
    worker_probe(w, "sent");
}

void mailbox_write(struct mailbox *mb)
{
    struct worker *w = mb->w;
    uint32_t wait = dispatch_hurries(mb) ? 0 : aimd_wait(&mb->aimd, worker_now(w));
    if (wait) { /* in short steps: somebody may come who does not want to wait */
        bool keep = wait <= w->s.hold_ms && wait > PACE_STEP_MS;
        mailbox_pause(mb, keep ? PACE_STEP_MS : wait, "pace", mailbox_decide);
        return;
    }
    if (!dispatch_slot(mb, mailbox_decide))
        return;
    uint32_t size = mb->aimd.size;
    if (mb->split_left && mb->split < size)
        size = mb->split;
    arena_reset(mb->work);
    if (!batch_next(mb->links, mb->marks, mb->n_links, w->p.store->ops->limits(w->p.store), size,
                    mb->folder_id, mb->work, &mb->batch)) {
        dispatch_slot_free(mb);
        mailbox_decide(mb); /* only unusable ones were left */
        return;
    }
    mailbox_enter(mb, MB_FLIGHT);
    mb->sent_ms = worker_now(w);
    w->p.ledger->ops->flight(w->p.ledger, mb->lease, mailbox_deadline(mb), w->s.lease_ttl_ms,
                             mb->batch.intents, mb->batch.n, flown, mb);
}
