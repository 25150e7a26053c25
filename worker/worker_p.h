/*
 * worker_p: the worker's own structures, and what its files share:
 *
 *   dispatch.c       messages -> mailboxes
 *   slots.c          which mailbox may work, which may send
 *   mailbox.c        the mailbox's state machine: take, load, decide, release
 *   mailbox_list.c   states that read Exchange: identify, list, settle
 *   mailbox_tidy.c   doubles and copies away, then what a listing said into the rows
 *   clear.c          Clear and Remove
 *   hand.c           contacts of the program before this one
 *   mailbox_write.c  states that write: flight, send, record
 *   mailbox_photo.c  pictures, when nothing else is to be done
 *   observe.c        metrics, /debug/state
 *   worker.c         life cycle, drain, heartbeat
 */
#ifndef SYNC_WORKER_WORKER_P_H
#define SYNC_WORKER_WORKER_P_H

#include <sys/queue.h>

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/base/metrics.h"
#include "common/base/vec.h"

#include "common/core/aimd.h"
#include "worker/batch.h"
#include "worker/servers.h"
#include "worker/settle.h"
#include "worker/worker.h"

/* X(name). Order matters only for the debug page. */
#define MAILBOX_STATES(X)                                                                          \
    X(QUEUED)      /* waits for a slot */                                                          \
    X(TAKING)      /* the lease */                                                                 \
    X(LOADING)     /* due rows */                                                                  \
    X(LOCATING)    /* which server it is on: a search, without a send slot */                      \
    X(IDENTIFYING) /* folder id from the store, then into the row */                               \
    X(LISTING)     /* keys in the folder: first contact, or settling */                            \
    X(TIDYING)     /* doubles and copies away */                                                   \
    X(WAITING)     /* holds the lease, waits for a time or a send slot */                          \
    X(FLIGHT)      /* intents and deadline into the rows */                                        \
    X(SENDING)     /* a request is out */                                                          \
    X(RECORDING)   /* results into the rows */                                                     \
    X(PHOTOS)      /* pictures that are due, or the word that there are none */                    \
    X(PHOTO_FLIGHT)                                                                                \
    X(PHOTO_SENDING)                                                                               \
    X(PHOTO_RECORDING)                                                                             \
    X(RELEASING)

enum mailbox_state {
#define X(n) MB_##n,
    MAILBOX_STATES(X)
#undef X
        MB_STATE_COUNT
};

struct obligation { /* a message to be acked */
    enum queue_topic topic;
    int32_t partition;
    int64_t offset;
};

/* What of a mailbox concerns pictures (mailbox_photo.c). */
struct mailbox_photos {
    bool turn;      /* it has its place in hand for them */
    bool open;      /* the row said so when it was taken */
    bool asked;     /* a message said so since */
    int64_t end_ms; /* of the turn */
    int64_t requested;
    struct aimd aimd;          /* pictures a call */
    struct ledger_photo *due;  /* of the call under way; in the arena of the work */
    struct store_photo *calls; /* the same for the store */
    size_t n;
    uint32_t timeout_ms;
    bool flight_over; /* no picture can land any more */
    vec(struct ledger_photo_result) results;
};

struct mailbox {
    int64_t id;
    struct worker *w;
    enum mailbox_state state;
    int64_t since_ms; /* in this state */
    struct loop_timer *timer;
    struct loop_timer *renewal;         /* while a lease is held */
    void (*resume)(struct mailbox *mb); /* what to do when WAITING ends */
    struct server *server;              /* where its requests go; NULL: not known yet */
    bool located;                       /* server was found just now */
    bool waits_for_slot;                /* in server->senders */
    enum line line;                     /* QUEUED: which one it stands in; older places are stale */
    unsigned lined;                     /* places in the lines of w; stale ones are skipped */
    bool has_slot;                      /* counts in w->sending and server->sending */
    bool photo_slot;                    /* that slot is one for pictures */
    bool urgent;                        /* an urgent message waits */
    bool again;                         /* messages came since the last load */
    bool leased, fenced;
    struct ledger_lease lease;
    int64_t lease_until_ms; /* our own, cautious copy */
    int64_t take_sent_ms;
    int64_t flight_until_ms; /* a write of ours may land until then; 0 none */
    int64_t gen;             /* of the row */
    int64_t gen_seen;        /* highest in a message */
    int64_t poke;
    bool verified, more;
    uint32_t park_attempts;
    uint32_t away;              /* ledger calls in a row without an answer */
    uint32_t soon;              /* retries in memory in a row */
    uint32_t fruitless;         /* write requests in a row that did nothing */
    uint32_t alone;             /* write requests of one link in a row that came to nothing yet */
    uint32_t split, split_left; /* smaller batches until so many items are through */
    char *address, *endpoint, *folder_id, *former; /* former: LF-joined folder ids of before */
    bool folder_checked;        /* the folder was seen since the lease was taken */
    bool clear;                 /* a Clear is to be finished */
    unsigned clear_waits;       /* in a row: something was left after a sweep */
    struct store_mailbox reach; /* for the store, while a call of its is open */
    struct aimd aimd;
    struct mailbox_photos photo;
    vec(struct obligation) owed;
    size_t covered; /* the first so many are covered by the call under way */

    struct arena *rows; /* of the load */
    struct ledger_link *links;
    unsigned char *marks; /* enum batch_mark per link */
    size_t n_links;

    struct arena *work; /* of the batch or listing under way */
    struct batch batch;
    struct settle_plan settle;
    struct ledger_known *known;
    size_t n_known;
    bool listing_all;
    const struct store_listed *listed; /* of the listing under way */
    size_t n_listed;
    store_list_done then_listed;
    const struct store_legacy
        *legacy; /* of the program before this one; n_legacy 0: none to adopt */
    size_t n_legacy;
    size_t extras_done;
    vec(struct ledger_result) results;
    bool flight_over;
    /* after recording */
    uint32_t pause_ms;
    char pause_code[48];
    bool pause_parks, folder_lost;
    int64_t sent_ms;
};

struct renewal;

struct learned { /* of a mailbox that had trouble and is not in hand */
    struct aimd aimd, photo;
};

struct worker_series {
    struct metric_series *messages, *bad_messages, *fenced, *settled, *stopped;
    struct metric_family *outcomes, *photos, *calls, *parked, *moves;
    struct metric_series *request_seconds, *active, *queued, *sending, *pending;
    struct metric_series *photo_active, *photo_queued;
};

struct worker {
    struct worker_parts p;
    struct worker_settings s;
    char owner[64];
    struct map *mailboxes;            /* id -> struct mailbox */
    struct map *learned;              /* id -> struct learned */
    struct mailbox_line ready[LINES]; /* QUEUED */
    struct servers servers;
    size_t turn; /* which server is first when send slots are given out */
    size_t active, sending, pending;
    size_t active_photos, sending_photos; /* those of them in the lane of pictures */
    size_t by_state[MB_STATE_COUNT];
    uint32_t alive;                /* workers, by the last heartbeat */
    LIST_HEAD(, renewal) renewals; /* under way */
    struct loop_timer *beat;
    bool subscribed, paused, draining, pumping;
    char trouble[256];
    loop_fn drained;
    void *drained_user;
    struct loop_timer *pump; /* due on the next turn; NULL: not */
    struct loop_timer *drain_timer, *drain_look;
    uint64_t rnd;
    struct worker_series m;
};

int64_t worker_now(const struct worker *w);
uint32_t worker_random(struct worker *w);
void worker_probe(const struct worker *w, const char *point);

#endif
