/*
 * worker_rig: workers over memory drivers on a fake clock, where any call to a port may go wrong.
 *
 * The rows (ledger_memory), the mailboxes (memory_store) and the queue (queue_memory) outlive the
 * workers, as PostgreSQL, Exchange and Kafka do. A worker has a loop of its own, so that it can die
 * between any two steps, or stand still while the others go on. Calls of the store and of the
 * ledger are counted from 1, over all workers: a clean run tells how many there are, further runs
 * let one of them go wrong. A worker that died is replaced; a re-driver brings back what is due.
 *
 * Everything is deterministic, the workers' own jitter too. No test library is used here: what is
 * found wrong is a text.
 */
#ifndef SYNC_TESTS_SUPPORT_WORKER_RIG_H
#define SYNC_TESTS_SUPPORT_WORKER_RIG_H

#include "common/base/clock.h"

#include "common/drv/ledger_memory.h"
#include "worker/memory/memory_store.h"
#include "worker/worker.h"

enum rig_port { RIG_STORE, RIG_LEDGER, RIG_PORTS };

enum rig_fault_kind {
    RIG_NONE,
    RIG_STOP_BEFORE, /* the worker dies; the call never left */
    RIG_STOP_AFTER,  /* the call takes effect, the worker dies without an answer */
    RIG_STOP_LATE,   /* store: the worker dies, the call takes effect delay_ms later */
    RIG_FREEZE,      /* the worker stands still for delay_ms, then makes the call */
    /* ledger */
    RIG_AWAY_BEFORE, /* LEDGER_AWAY, without effect */
    RIG_AWAY_AFTER,  /* LEDGER_AWAY, with effect */
    RIG_ASLEEP, /* record, photo_record: the worker stands still for delay_ms, then the call goes
                   out */
    RIG_FENCE,  /* another worker takes the lease just before, and dies */
    /* store */
    RIG_OUTCOME,        /* nothing done, every operation answered `outcome` */
    RIG_UNKNOWN_BEFORE, /* nothing done, OUT_UNKNOWN */
    RIG_UNKNOWN_AFTER,  /* done, OUT_UNKNOWN */
    RIG_LATE,           /* OUT_UNKNOWN at once, done delay_ms later */
    RIG_PARTIAL,        /* the first `items` operations done, the others answered `outcome` */
    RIG_NEVER,          /* done, no answer until cancel */
};

struct rig_fault {
    enum rig_fault_kind kind;
    enum outcome outcome;
    enum err_scope scope; /* of the error; 0: SCOPE_MAILBOX, items of RIG_PARTIAL: SCOPE_ITEM */
    const char *code;     /* NULL: "rig.fault" */
    uint32_t after_ms;    /* the server's wish */
    uint32_t delay_ms;
    uint32_t sleep_ms; /* store: the worker stands still for so long first */
    size_t items;
};

struct rig;
struct rig_worker;

/* What the tests want to know of a call before it happens. */
struct rig_call {
    enum rig_port port;
    uint64_t number;  /* from 1 since rig_count_from_here */
    const char *what; /* "take", "flight", ...; "create", ..., "photo", "list", "identify" */
    int64_t mailbox;
    const struct store_op *ops; /* of writes */
    size_t n;
};
typedef struct rig_fault (*rig_decide)(const struct rig_call *c, void *user);

struct rig_options {
    uint32_t workers;         /* alive at all times; 0: 1 */
    uint32_t connections;     /* 0: 4 */
    uint32_t batch;           /* 0: 50 */
    uint32_t latency_ms;      /* of the store; 0: 20 */
    bool recreate;            /* what users delete is made anew */
    uint32_t legacy_quiet_ms; /* of the program before this one */
    /* Another place for contacts than memory_store, made on the rig's loop; the rig frees it. What
     * the tests see of the server, and the verdict, are the caller's then. NULL: memory_store. */
    struct contact_store *(*server)(struct loop *l, void *user);
    void *server_user;
    /* URL of the server that a mailbox is on (contact_store.h); NULL: one for all. */
    const char *(*where)(int64_t mailbox);
    uint32_t locate_ms; /* a search tells it, and takes so long; `where` says NULL: it finds
                           nothing. 0: known without one */
    /* Another ledger, made for each worker on its loop; the rig frees it. lose: its next answer is
     * LEDGER_AWAY. fence: somebody else has that lease. What the rig sees of the rows is the
     * caller's then. NULL: ledger_memory. */
    struct ledger *(*ledger)(struct loop *l, void *user);
    void (*ledger_lose)(struct ledger *l, bool after_effect);
    void (*ledger_fence)(struct ledger *l, int64_t mailbox);
    void *ledger_user;
};

/* Times of the workers: the defaults of the settings, a fifth of them. */
enum {
    RIG_LEASE_MS = 12000,
    RIG_DEADLINE_MS = 24000,
    RIG_HOLD_MS = 1000,
    RIG_LOOK_AGAIN_MS = 60000
};

struct rig *rig_new(const struct rig_options *o); /* o NULL: defaults. No worker runs yet */
void rig_free(struct rig *r);
CLEANUP_DEFINE(struct rig, rig_free);

struct ledger_memory_rows *rig_rows(struct rig *r);
struct memory_store *rig_server(struct rig *r);
int64_t rig_now(const struct rig *r); /* Unix milliseconds, the rows' clock */

#include "tests/support/worker_rig_use.h"

#endif
