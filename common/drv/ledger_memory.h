/*
 * ledger_memory: the ledger port over rows in plain memory, for deterministic tests of the worker.
 *
 * The rows are one thing, the ledger another: several ledgers (workers) may share the rows, and
 * rows outlive a ledger that is freed in the middle of something, as PostgreSQL outlives a worker
 * that crashed. A call takes effect at once; its answer comes on a later turn of the ledger's loop.
 *
 * Tests set up and read rows through the structs below, which are the rows themselves: to let a
 * lease run out, move the clock or set lease_until; to fence a worker, do lease_epoch++. Times are
 * Unix milliseconds of the rows' clock, 0 where SQL has null. Strings belong to the rows and live
 * as long as they do: set them by ledger_memory_text.
 */
#ifndef SYNC_DRV_LEDGER_MEMORY_H
#define SYNC_DRV_LEDGER_MEMORY_H

#include "common/base/clock.h"

#include "common/net/loop.h"
#include "common/port/ledger.h"

struct ledger_memory_rows;

struct ledger_memory_mailbox {
    int64_t id;
    const char *address, *folder_id, *endpoint, *server_version;
    int64_t gen, verified; /* verified: compared with the rows' generation */
    bool planned;          /* has a digest */
    const char *lease_owner;
    int64_t lease_epoch, lease_until, poke, flight_until, parked_until;
    const char *parked_why;
    uint32_t park_attempts;
    const char *former; /* folder ids of before, LF-joined; NULL none */
    bool clear;         /* asked for and not done */
    int64_t photo_requested, photo_done, photo_at, photo_flight_until;
    struct sha256 legacy_marks;
    int64_t legacy_since;
    size_t legacy_count;
};

struct ledger_memory_link {
    int64_t mailbox, person;
    enum link_state state;
    bool held;
    struct link_side want, have; /* bodies unused: see ledger_memory_content */
    bool have_unknown;           /* an item whose content is not known */
    uint64_t lacks;              /* fields of have that the item does not hold */
    const char *item_id, *version;
    int64_t gen, run;
    bool urgent;
    int64_t retry_at, look_at;
    uint32_t attempts;
    bool dead;
    struct sha256 dead_for; /* link state hash; all zero: the delete */
    const char *dead_code;
    bool intent;
    enum intent_op intent_op;
    struct link_side intended;
    int64_t sent_at;
    uint32_t looks;
    const char *former; /* ids that mean the person too; NULL none */
    struct ledger_memory_held {
        const char *item_id; /* what is said here is of this item; NULL: nothing is */
        bool unknown, set;   /* a write may have come through; a picture of ours is there */
        struct sha256 hash;
        bool left; /* for this picture (left_set) there is nothing more to be done */
        bool left_set;
        struct sha256 left_for;
        const char *left_code;
        uint32_t attempts;
        int64_t retry_at;
    } photo;
};

struct ledger_memory_entry { /* of the journal */
    int64_t mailbox, person, run;
    const char *op, *outcome, *code;
};

/* Answers of the next calls of one ledger. Zero: none of this. */
struct ledger_memory_faults {
    uint32_t delay_ms; /* of every answer */
    uint32_t skip;     /* so many calls go well first */
    uint32_t away;     /* then so many end as LEDGER_AWAY */
    bool after_effect; /* those take effect all the same */
    uint32_t calls;    /* counts: made so far */
};

struct ledger_memory_rows *ledger_memory_rows_new(const struct clock *clock); /* borrows it */
void ledger_memory_rows_free(struct ledger_memory_rows *rows); /* after its ledgers; NULL is fine */
/* The cluster's generation, 1 at first: raising it is a restore. */
int64_t *ledger_memory_generation(struct ledger_memory_rows *rows);
const char *ledger_memory_text(struct ledger_memory_rows *rows, const char *s);

struct ledger_memory_mailbox *ledger_memory_mailbox_add(struct ledger_memory_rows *rows,
                                                        const char *address);
struct ledger_memory_mailbox *ledger_memory_mailbox(struct ledger_memory_rows *rows, int64_t id);
/* Finds or makes. Returns the person's id. */
int64_t ledger_memory_person(struct ledger_memory_rows *rows, const struct guid *key);
struct sha256 ledger_memory_content(struct ledger_memory_rows *rows, const char *body);
/* What the planner does: gen + 1 for mailbox and link. body NULL: nothing is wanted. */
struct ledger_memory_link *ledger_memory_want(struct ledger_memory_rows *rows,
                                              int64_t mailbox,
                                              int64_t person,
                                              const char *body,
                                              const char *cats);
/* What the producer does: the person's picture, from now on, and the mailboxes are told. len 0:
 * none any more. Returns its hash. */
struct sha256
ledger_memory_photo(struct ledger_memory_rows *rows, int64_t person, const void *jpeg, size_t len);
/* NULL: no such row. */
struct ledger_memory_link *
ledger_memory_link(struct ledger_memory_rows *rows, int64_t mailbox, int64_t person);
/* Links of a mailbox in the order in which they were made, NULL at the end. */
struct ledger_memory_link *
ledger_memory_link_at(struct ledger_memory_rows *rows, int64_t mailbox, size_t i);
const struct ledger_memory_entry *ledger_memory_journal(const struct ledger_memory_rows *rows,
                                                        size_t *ret_n);

/* A ledger over the rows, answering on l. */
struct ledger *ledger_memory_new(struct ledger_memory_rows *rows, struct loop *l);
struct ledger_memory_faults *ledger_memory_faults(struct ledger *l);

CLEANUP_DEFINE(struct ledger_memory_rows, ledger_memory_rows_free);

#endif
