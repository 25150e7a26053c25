/*
 * ledger: the worker's port to the rows (design sections 3 and 6). Drivers: drv/ledger_pg.c
 * (PostgreSQL) and drv/ledger_memory.c.
 *
 * A link row says what a mailbox should hold for a person (`want`), what it does hold (`have`) and,
 * while a write is open, what may have been written (`intent`). Dirty is never stored, it is want
 * != have. Every call that writes names the lease's epoch and changes nothing when that epoch is no
 * longer the row's: FENCED.
 *
 * dirty(link) = state active, no hold, want != have, and want is not the state it died for.
 * due(link) = retry_at absent or past, and ( an intent is open, or look_at is past, or dirty ).
 * Intents and looks are due whatever state and hold say: else they would never be settled.
 *
 * Promises:
 *  1. done is called exactly once, from the loop, never from inside the call. Calls of one ledger
 * may complete out of order across mailboxes; the caller has one call per mailbox open at a time.
 * Arguments are copied before the call returns.
 *  2. A completed call is durable (synchronous_commit on) and atomic.
 *  3. status LEDGER_AWAY means that it is not known whether the call took effect (connection lost):
 * all calls are safe to repeat under the same epoch, and the driver reconnects by itself. A flight
 * that did take effect ends as CONFLICT when repeated (load shows its intents), a take is granted
 * anew, a record may count an attempt, a look or a journal row twice.
 *  4. take/release never lose a wake-up: when take finds the lease held, it leaves a poke in the
 * row, and a release that has not seen that poke is refused.
 */
#ifndef SYNC_PORT_LEDGER_H
#define SYNC_PORT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/guid.h"

#include "common/core/diff.h"

enum ledger_status {
    LEDGER_OK,
    LEDGER_BUSY,     /* take: somebody else holds the lease (a poke was left) */
    LEDGER_NO_ROW,   /* take: no such mailbox */
    LEDGER_FENCED,   /* the epoch is not ours any more: drop everything about this mailbox, send
                        nothing */
    LEDGER_MORE,     /* release: refused, there is (new) work: load again */
    LEDGER_CONFLICT, /* flight: an intent of another write is open for some person: load again;
                        identify: another mailbox has this folder */
    LEDGER_AWAY      /* not known; try again */
};

struct ledger_lease {
    int64_t mailbox;
    int64_t epoch;
};

struct ledger_mailbox { /* what take returns; strings borrowed during the callback */
    struct ledger_lease lease;
    const char *address;
    const char *folder_id; /* NULL before the first contact */
    const char *endpoint;  /* EWS URL; NULL: configured */
    int64_t gen;        /* plan generation: a message ahead of it means the database was restored */
    bool verified;      /* its keys were listed since the cluster's last restore */
    uint32_t flight_ms; /* somebody's write may still land for so long; 0: none */
    uint32_t parked_ms; /* parked for so long still; 0: not */
    const char *parked_why; /* code, NULL when not parked */
    uint32_t park_attempts; /* parks in a row, for back-off */
    const char *former; /* ids that the target folder had before, LF-joined, "" none: items written
                           for them are ours too */
    bool clear;         /* a Clear and Remove is asked for and not finished */
    bool photos;        /* there may be pictures to write, and it is time for them */
};

struct link_side {
    bool set;
    struct guid key;
    struct sha256 content;
    const char *body; /* canonical contact; NULL when the content is unknown (adopted item, erased
                         person) */
    const char *cats; /* LF-joined, "" none */
};

enum intent_op { INTENT_CREATE, INTENT_UPDATE, INTENT_DELETE };

struct ledger_link {
    int64_t person;
    int64_t gen;
    bool urgent;
    bool look;  /* look_at is past: a settled create to be looked at once more */
    bool dirty; /* as above: a write is needed and allowed */
    uint32_t attempts;
    struct link_side want, have;
    uint64_t lacks; /* fields of have (bits of contact_field) that the store did not take: written
                       again with the next change */
    const char *item_id, *version; /* NULL: no item */
    bool intent;                   /* a write is open: settle it first */
    enum intent_op intent_op;
    struct link_side intended; /* what that write carried (not for deletes) */
    uint32_t intent_looks;     /* looks done so far */
    int64_t intent_age_ms;     /* since it was sent, by the database's clock */
};

struct ledger_intent {
    int64_t person;
    enum intent_op op;
    struct guid key;
    struct sha256 content;
    const char *cats;
};

/* What is known after a write, a settle or a listing. Fields not named by `set_*` stay as they are.
 */
struct ledger_result {
    int64_t person;
    bool set_have;                 /* have := the side below (set=false: nothing there) */
    struct link_side have;         /* body is ignored: content hash only; content_unknown below */
    bool have_content_unknown;     /* adopted: an item is there, its content is not known */
    uint64_t lacks;                /* with have.set: but for these fields (bits of contact_field) */
    const char *item_id, *version; /* with set_have and have.set */
    bool clear_intent;
    bool look_done; /* counts one look of an open intent (intent_looks + 1), or clears look_at when
                       there is none */
    uint32_t look_in_ms; /* look_at := now + this; 0: leave (cleared by look_done) */
    bool dead;           /* refused for good: what the open intent carried, else the want */
    bool hide; /* the user deleted it: state hidden, until restored. Not with have.set, which shows
                  a hidden one again */
    uint32_t retry_in_ms; /* retry_at := now + this and attempts + 1; 0: clears both */
    const char *outcome;  /* outcome_name, for the journal */
    const char *code;     /* error code, "" when done */
    const char *op; /* "create", "update", "delete", "settle", "adopt", "hide", "strip"; for the
                       journal; NULL: no journal row */
    uint32_t flags; /* free for the driver's journal; 0 */
};

struct ledger_known { /* one row of a mailbox that has, or may have, an item: for comparing with a
                         listing */
    int64_t person;
    struct guid key;                    /* key the item carries (have.key), else the person's key */
    struct sha256 want, have, intended; /* link state hashes; all zero when not set */
    bool wanted, has, intent;
    enum intent_op intent_op;
    const char *item_id;
    const char *cats;   /* LF-joined: ours that the item may carry, by have and intent; "" none */
    int64_t rock_id;    /* Person.Id; 0 not known */
    const char *former; /* ids that mean the person too, since a merge: "12,17"; "" none */
    struct guid
        own; /* the person's key: another than `key` where a merge has not been written yet */
};

struct ledger_found { /* an item with our key that no row knows */
    struct guid key;
    const char *item_id, *version;
    bool remove; /* a Clear: the row is made active, so that the item goes */
};

/*
 * Pictures. A link's picture is due when its item is right but for that: state active, want = have,
 * and the picture that the person has is not the one that the item holds by our knowledge (which is
 * void when the item is another one than it was); neither resting nor left for good.
 *
 * There are no intents: each write begins with a look at the item (contact_store.h), so what came
 * of the one before needs not be known. `photo_flight` makes the knowledge void before the write,
 * so a picture whose fate is unknown is due again; and it sets a deadline of its own, before which
 * no other picture is written, while contacts need not wait for it.
 */
struct ledger_photo {
    int64_t person;
    const char *item_id, *version;
    bool set;           /* false: no picture of ours shall be there */
    struct sha256 hash; /* of the picture, with set */
    const void *jpeg;
    size_t len;
    uint32_t attempts;
};

enum ledger_photo_end {
    PHOTO_HELD,   /* the item is as asked: it holds the picture, or none of ours */
    PHOTO_LEFT,   /* nothing more to be done for this picture (the user's own is there, refused) */
    PHOTO_RESTS,  /* not done: again after retry_in_ms, attempts + 1 */
    PHOTO_UNKNOWN /* not done, or not known: due as it is */
};

struct ledger_photo_result {
    int64_t person;
    const char *item_id; /* as loaded */
    enum ledger_photo_end end;
    bool set; /* as loaded */
    struct sha256 hash;
    const char *version; /* the item's, when the write changed it; NULL: as it was */
    uint32_t retry_in_ms;
    const char *outcome; /* for the journal, op "photo"; NULL: no journal row */
    const char *code;
};

typedef void (*ledger_taken)(enum ledger_status st,
                             const struct ledger_mailbox *mb,
                             const struct err *err,
                             void *user);
/* poke: hand it to release. more: due rows beyond max. */
typedef void (*ledger_loaded)(enum ledger_status st,
                              const struct ledger_link *links,
                              size_t n,
                              int64_t poke,
                              bool more,
                              const struct err *err,
                              void *user);
typedef void (*ledger_listed)(enum ledger_status st,
                              const struct ledger_known *rows,
                              size_t n,
                              const struct err *err,
                              void *user);
typedef void (*ledger_done)(enum ledger_status st, const struct err *err, void *user);
typedef void (*ledger_legacy_done)(enum ledger_status st,
                                   int64_t quiet_ms,
                                   const struct err *err,
                                   void *user);
/* requested: hand it to photo_over. */
typedef void (*ledger_photos_done)(enum ledger_status st,
                                   const struct ledger_photo *photos,
                                   size_t n,
                                   int64_t requested,
                                   const struct err *err,
                                   void *user);
typedef void (*ledger_beat_done)(enum ledger_status st,
                                 uint32_t alive_workers,
                                 const struct err *err,
                                 void *user);

struct ledger;
struct ledger_ops {
    const char *name;
    /* One statement: epoch + 1, expiry by the database's clock. Count your own copy from before the
     * call. owner: unique per process; its own lease counts as free, since it asks only for what
     * it does not know to hold. A parked mailbox: LEDGER_OK with parked_ms > 0 and epoch 0, nothing
     * is changed or held. */
    void (*take)(struct ledger *l,
                 int64_t mailbox,
                 const char *owner,
                 uint32_t ttl_ms,
                 ledger_taken done,
                 void *user);
    /* Due rows, urgent first, then open intents, deletes, updates, creates; at most max. */
    void (*load)(
        struct ledger *l, struct ledger_lease lease, uint32_t max, ledger_loaded done, void *user);
    /* Before any write: the flight's deadline and one intent per item, and the lease is renewed for
     * ttl_ms; all or nothing. A create of what has an item by now, a change of what has none: a
     * merge moved it since the load, so LEDGER_CONFLICT too. */
    void (*flight)(struct ledger *l,
                   struct ledger_lease lease,
                   uint32_t deadline_ms,
                   uint32_t ttl_ms,
                   const struct ledger_intent *in,
                   size_t n,
                   ledger_done done,
                   void *user);
    /* Results first, then offsets. An item that has no picture yet and whose person has one: there
     * are pictures to write for this mailbox, from the same moment on. flight_over: no write of
     * this mailbox can land any more (every answer came). */
    void (*record)(struct ledger *l,
                   struct ledger_lease lease,
                   const struct ledger_result *r,
                   size_t n,
                   bool flight_over,
                   ledger_done done,
                   void *user);
    void (*renew)(
        struct ledger *l, struct ledger_lease lease, uint32_t ttl_ms, ledger_done done, void *user);
    /* park_ms 0: only when no due row and no new poke is there (else LEDGER_MORE). park_ms > 0:
     * always; the mailbox rests that long (why: code). */
    void (*release)(struct ledger *l,
                    struct ledger_lease lease,
                    int64_t poke,
                    uint32_t park_ms,
                    const char *why,
                    ledger_done done,
                    void *user);
    /* The target folder's id as the server says. A different one than before: every have is void,
     * verified is off, version of ids forgotten, the old id among the former ones; what had an item
     * and is not wanted is looked for (look_at := now). LEDGER_CONFLICT:
     * another mailbox row has it (two addresses of one mailbox). */
    void (*identify)(struct ledger *l,
                     struct ledger_lease lease,
                     const char *folder_id,
                     const char *server_version,
                     ledger_done done,
                     void *user);
    /* Every row of the mailbox that has an item or an open intent, or is wanted. */
    void (*known)(struct ledger *l, struct ledger_lease lease, ledger_listed done, void *user);
    /* Rows for found items that no row knows (persons by key; unknown keys get a person row without
     * content), have = content unknown, want = nothing, state kept, so that the next plan decides;
     * then verified := now when `verified`. Digest is voided when n > 0. */
    void (*adopt)(struct ledger *l,
                  struct ledger_lease lease,
                  const struct ledger_found *f,
                  size_t n,
                  bool verified,
                  ledger_done done,
                  void *user);
    /* Forgets that the mailbox was verified (a message was ahead of its row, an item that should be
     * there is not). */
    void (*unverify)(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user);
    /* A listing after the last write found nothing of ours that is not wanted: the Clear is done.
     * LEDGER_MORE, and nothing changes, while a write is open or a row that is not wanted has an
     * item. */
    void (*cleared)(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user);
    /* The marks of the program before this one, as they are now; n: how many contacts carry them.
     * Answers for how long they have been so. */
    void (*legacy)(struct ledger *l,
                   struct ledger_lease lease,
                   const struct sha256 *marks,
                   size_t n,
                   ledger_legacy_done done,
                   void *user);
    /* Pictures that are due now: at most max, together at most max_bytes (one goes whatever its
     * size). None while an earlier one may still land. */
    void (*photos)(struct ledger *l,
                   struct ledger_lease lease,
                   uint32_t max,
                   size_t max_bytes,
                   ledger_photos_done done,
                   void *user);
    /* Before pictures are written: their deadline, what is known of these items is void, and the
     * lease is renewed for ttl_ms; all or nothing. */
    void (*photo_flight)(struct ledger *l,
                         struct ledger_lease lease,
                         uint32_t deadline_ms,
                         uint32_t ttl_ms,
                         const struct ledger_photo *photos,
                         size_t n,
                         ledger_done done,
                         void *user);
    /* The version goes into the link too: the next update of the contact names it. flight_over: no
     * picture can land any more. */
    void (*photo_record)(struct ledger *l,
                         struct ledger_lease lease,
                         const struct ledger_photo_result *r,
                         size_t n,
                         bool flight_over,
                         ledger_done done,
                         void *user);
    /* Nothing is due: the mailbox is done with what was requested when `photos` said so, or rests
     * until the first picture may be tried again. LEDGER_MORE: something is due after all. */
    void (*photo_over)(struct ledger *l,
                       struct ledger_lease lease,
                       int64_t requested,
                       ledger_done done,
                       void *user);
    /* Heartbeat of this worker; returns how many are alive. */
    void (*beat)(
        struct ledger *l, const char *owner, uint32_t ttl_ms, ledger_beat_done done, void *user);
    bool (*healthy)(struct ledger *l); /* connected and of a known schema */
    void (*free)(struct ledger *l);    /* pending calls end without callbacks; NULL is fine */
};

struct ledger { /* every driver's struct begins with this */
    const struct ledger_ops *ops;
};

static inline void ledger_free(struct ledger *l)
{
    if (l)
        l->ops->free(l);
}
CLEANUP_DEFINE(struct ledger, ledger_free);

#endif
