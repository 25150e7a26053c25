/*
 * worker: consumes task messages and makes each mailbox hold what its rows say (design section 6).
 *
 * Owns the mailboxes it works on; borrows loop, queue, ledger, store and metrics, which must
 * outlive it. All on the loop's thread.
 */
#ifndef SYNC_WORKER_WORKER_H
#define SYNC_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/core/retry.h"
#include "common/net/loop.h"
#include "common/port/contact_store.h"
#include "common/port/ledger.h"
#include "common/port/queue.h"

struct conf;
struct metrics;
struct str;
struct worker;

enum worker_legacy {                /* contacts that the program before this one made */
                     LEGACY_WAIT,   /* taken over once that program has stopped */
                     LEGACY_ADOPT,  /* taken over at once */
                     LEGACY_IGNORE, /* the user's own */
};

struct worker_settings {
    uint32_t connections;  /* requests to Exchange in flight, at most; also this worker's share of
                              endpoint_cap is respected */
    uint32_t endpoint_cap; /* requests in flight to one server, over all workers alive; 0: no cap */
    uint32_t lease_ttl_ms; /* of a mailbox */
    uint32_t lease_margin_ms;    /* our copy of the lease ends so much earlier */
    uint32_t server_deadline_ms; /* what the server may still do with a request after we sent it */
    uint32_t hold_ms; /* a wait of at most this is waited out with the lease held, a longer one in
                         the row */
    uint32_t batch_start, batch_min;
    uint32_t batch_target_ms; /* a request takes at most about this */
    uint32_t settle_gap_ms;   /* between the two looks for an unknown create */
    uint32_t look_again_ms;   /* later look at a create that had to be done again */
    bool recreate;            /* contacts that users delete are made anew */
    enum worker_legacy legacy;
    uint32_t
        legacy_quiet_ms;  /* so long the marks of the program before this one must stand still */
    uint32_t pending_max; /* messages waiting for their mailbox; beyond: the queue pauses */
    uint32_t beat_ms;     /* heartbeat of this worker */
    uint32_t drain_ms;    /* wait for requests in flight when stopping */
    struct retry_policy retry;
};

void worker_settings_from(const struct conf *c,
                          struct worker_settings *ret); /* names in common/app/settings.c */

struct worker_parts { /* borrowed */
    struct loop *loop;
    struct queue *queue;
    struct ledger *ledger;
    struct contact_store *store;
    struct metrics *metrics;
    /* Somebody asked for a test of a mailbox (op probe); it is in a row, so the message is over
     * once this was told. NULL: nobody here can. */
    void (*test_mailbox)(int64_t mailbox, void *user);
    void *test_user;
    /* Tests: called at named points of the protocol ("lease", "intent", "sent", "answered",
     * "recorded"); NULL otherwise. */
    void (*probe)(const char *point, void *user);
    void *probe_user;
};

struct worker *worker_new(const struct worker_parts *parts, const struct worker_settings *s);
int worker_start(struct worker *w, struct err *err) must_check; /* joins the consumer group */
/* Takes no more; waits for what is in flight at most drain_ms, leaves the rest unknown, gives up
 * leases; then calls done. */
void worker_drain(struct worker *w, loop_fn done, void *user);
void worker_free(struct worker *w); /* NULL is fine; without drain everything under way is left as a
                                       crash would leave it */
bool worker_idle(const struct worker *w); /* no mailbox in hand */
/* The Exchange account, stopped by OUT_STOP, may be used again. */
void worker_account_resumed(struct worker *w);
/* Ready to work? Otherwise why: one line. */
bool worker_ready(const struct worker *w, struct str *why);
void worker_debug(const struct worker *w,
                  struct str *json); /* mailboxes by state with age, slots, breaker */
CLEANUP_DEFINE(struct worker, worker_free);

#endif
