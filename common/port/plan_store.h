/*
 * plan_store: the producer's port to the rows. Driver: drv/plan_store_pg.c.
 *
 * Promises:
 *  1. Calls turn the loop while they wait (loop_wait) and return when done; one call at a time per
 * plan_store.
 *  2. Everything that changes rows checks the scheduler's epoch in the same transaction: after
 * another producer took over, calls fail with code "plan.deposed".
 *  3. Set-based: no call costs a round trip per row.
 */
#ifndef SYNC_PORT_PLAN_STORE_H
#define SYNC_PORT_PLAN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/guid.h"

#include "common/core/diff.h"
#include "common/core/directory.h"
#include "common/core/guard.h"
#include "common/core/prefs.h"
#include "common/port/queue.h"

struct arena;

struct plan_subscriber {
    int64_t id;
    struct guid person_key;
    const char *address;
    struct prefs prefs;
    int64_t version;
    bool eligible;
    const char *state;  /* as in the table */
    int64_t mailbox;    /* 0: none yet */
    bool lost_recently; /* lost eligibility or address within the guard's window */
};

struct plan_mailbox {
    int64_t id;
    const char *address;
    bool has_digest;
    struct sha256 digest;
    size_t synced;           /* rows with an item */
    size_t fell;             /* counted losses within the guard's window */
    int64_t planned_version; /* subscriber.version of the last plan applied */
};

struct plan_person { /* ascending by key */
    struct guid key;
    int64_t id, rock_id;
    bool has_content;
    struct sha256 content;
};

struct plan_person_write {
    struct guid key;
    int64_t rock_id;
    struct sha256 content;
    const char *body; /* canonical contact */
    int64_t id;       /* filled by the call */
};

struct plan_row { /* one link, ascending by row.key */
    struct diff_row row;
    bool fell_recently, held, intent;
};

struct plan_want { /* a row whose want changes */
    int64_t person;
    struct sha256 state, content;
    const char *cats;
    int64_t hold; /* 0: none; otherwise the update waits for approval */
    bool back;    /* it was kept: with an item that may be right as it is, but for its picture */
};
struct plan_drop {
    int64_t person;
    bool keep;    /* leave the item, if there is one (Delete Old Contacts off) */
    bool counted; /* fell out by Rock's data: fell_at := now */
    int64_t hold; /* 0: none; otherwise the delete waits for approval, if there is an item */
};
struct plan_kept { /* a contact left as it is, since Delete Old Contacts was off */
    int64_t mailbox;
    struct guid key;
};
struct plan_former { /* whom an old Person.Id means now */
    int64_t was;
    struct guid key;
};
/* A merge: the item of `from` becomes the item of `to`, `from` wants nothing any more. Whoever has
 * the mailbox's lease loses it: what was listed before says otherwise. */
struct plan_rekey {
    int64_t from, to;
};

struct plan { /* of one mailbox: one transaction */
    int64_t mailbox, subscriber,
        subscriber_version; /* subscriber 0: the mailbox has none any more */
    int64_t run, offer;
    int64_t
        read_at_ms; /* of the snapshot: not applied when the mailbox was planned from a newer one */
    struct sha256 digest;
    bool void_digest; /* store null instead: plan again next time */
    bool urgent;
    const struct plan_want *wants;
    size_t n_wants;
    const struct plan_drop *drops;
    size_t n_drops;
    const struct plan_rekey *rekeys; /* done before wants and drops */
    size_t n_rekeys;
};
enum plan_applied {
    PLAN_APPLIED,
    PLAN_STALE /* choices or snapshot newer than ours: nothing changed */
};

struct plan_run {
    int64_t id;
    const char *trigger;
    bool one_user, urgent;
    struct guid person_key;
};

#define PLAN_PROBE (-1)
struct plan_offered { /* one message to publish again; person 0: a Clear of the mailbox; PLAN_PROBE:
                         a test of the way to it */
    int64_t mailbox, person, gen;
    bool urgent, deletes;
};

/*
 * Pictures (docs/adr/0019-photo-lane.md): what a run saw, what is to be fetched, what came of it;
 * then the mailboxes are told, and offered to the photo lane.
 */
struct plan_photo { /* as seen by a run, or wanted */
    int64_t person;
    struct photo_ref ref; /* id 0: the person has none */
    uint32_t tries;       /* of fetching this one that brought nothing */
};
enum plan_photo_end {
    PLAN_PHOTO_THERE,
    PLAN_PHOTO_NONE, /* this one is of no use, and the one before it is over */
    PLAN_PHOTO_AGAIN /* nothing is known: the one before stays, again after retry_in_ms */
};
struct plan_photo_got {
    int64_t person;
    struct photo_ref ref; /* as it was wanted: nothing changes when it is another one by now */
    enum plan_photo_end end;
    const void *jpeg; /* PLAN_PHOTO_THERE */
    size_t len;
    const char *failure; /* NULL: none */
    uint32_t retry_in_ms;
};
struct plan_photo_box { /* a mailbox that may have pictures to write */
    int64_t mailbox, gen;
};
struct plan_photo_counts {
    size_t people;    /* whose picture is to be fetched, and who have a contact somewhere */
    size_t mailboxes; /* that may have pictures to write */
};

struct plan_totals {
    size_t synced, fell;      /* all mailboxes */
    size_t users, users_lost; /* eligible with address now; lost within the window */
};

struct plan_store;
struct plan_store_ops {
    /* Tries to be the one scheduling producer: advisory lock, then plan_epoch + 1. *ret: are we?
     * Repeating it while we lead is cheap. */
    int (*lead)(struct plan_store *s, bool *ret, struct err *err);

    int (*run_request)(struct plan_store *s,
                       const char *trigger,
                       const struct guid *person_key,
                       bool urgent,
                       int64_t *ret_id,
                       struct err *err);
    /* Requests the run of a fire time of the schedule (Unix seconds), once for all times and all
     * producers: *ret_made false when that fire time has had its run. Only while we lead. */
    int (*run_fire)(struct plan_store *s, int64_t fire_s, bool *ret_made, struct err *err);
    int (*run_next)(
        struct plan_store *s,
        struct arena *a,
        struct plan_run *ret,
        bool *found,
        struct err *err); /* marks it running; also fails runs left by a dead producer */
    int (*run_progress)(struct plan_store *s,
                        int64_t run,
                        const char *phase,
                        int64_t done,
                        int64_t total,
                        struct err *err);
    int (*run_finish)(struct plan_store *s,
                      int64_t run,
                      bool success,
                      const char *message,
                      const char *counts_json,
                      struct err *err);

    int (*subscribers)(struct plan_store *s,
                       struct arena *a,
                       struct plan_subscriber **ret,
                       size_t *n,
                       struct err *err);
    int (*subscriber_save)(struct plan_store *s,
                           const struct guid *person_key,
                           const char *address,
                           const struct prefs *p,
                           struct err *err); /* version + 1 */
    /* What the snapshot says of each: address, eligible, state, mailbox by address (made when
     * missing); sets lost_at on a loss. Fills mailbox. */
    int (*subscribers_seen)(struct plan_store *s,
                            struct plan_subscriber *subs,
                            size_t n,
                            struct err *err);
    /* Moves choices of a merged user to the survivor unless that one has own choices. */
    int (*subscriber_merge)(struct plan_store *s,
                            const struct guid *from,
                            const struct guid *to,
                            struct err *err);
    int (*mailboxes)(struct plan_store *s,
                     struct arena *a,
                     struct plan_mailbox **ret,
                     size_t *n,
                     struct err *err); /* ascending by id */

    int (*persons)(struct plan_store *s,
                   struct arena *a,
                   struct plan_person **ret,
                   size_t *n,
                   struct err *err);
    int (*persons_write)(struct plan_store *s,
                         struct plan_person_write *w,
                         size_t n,
                         int64_t read_at_ms,
                         struct err *err);
    int (*bodies)(struct plan_store *s,
                  struct arena *a,
                  const struct sha256 *hashes,
                  size_t n,
                  const char **ret,
                  struct err *err); /* ret[i] NULL when absent */
    int (*links)(struct plan_store *s,
                 struct arena *a,
                 int64_t mailbox,
                 struct plan_row **ret,
                 size_t *n,
                 struct err *err);

    /* Is there a mailbox that was never looked into? Then contacts that the program before this one
     * made may be found there, which name people by ids of before a merge. NULL: never. */
    int (*former_wanted)(struct plan_store *s, bool *ret, struct err *err);
    /* Keys without a person row are left out; known ids are overwritten. */
    int (*former_write)(struct plan_store *s,
                        const struct plan_former *f,
                        size_t n,
                        struct err *err);
    /* The kept contacts of these people (Person.Id), ascending by mailbox, then key. NULL: the
     * store has none ever. */
    int (*kept)(struct plan_store *s,
                struct arena *a,
                const int64_t *rock_ids,
                size_t n_ids,
                struct plan_kept **ret,
                size_t *n,
                struct err *err);

    int (*totals)(struct plan_store *s, struct plan_totals *ret, struct err *err);
    /* Records fields emptied now; returns how many people had it emptied within the window, these
     * included. */
    int (*emptied)(struct plan_store *s,
                   const char *field,
                   const int64_t *persons,
                   size_t n,
                   size_t *ret_recent,
                   struct err *err);
    int (*hold_make)(struct plan_store *s,
                     const char *kind,
                     int64_t mailbox,
                     const char *field,
                     int64_t run,
                     int64_t *ret_id,
                     struct err *err); /* reuses an open one */

    int (*offer_make)(struct plan_store *s, const char *queue_id, int64_t *ret_id, struct err *err);
    int (*offer_delivered)(struct plan_store *s,
                           int64_t offer,
                           const struct queue_end *ends,
                           size_t n,
                           struct err *err);
    int (*apply)(struct plan_store *s,
                 const struct plan *p,
                 enum plan_applied *ret,
                 int64_t *ret_gen,
                 struct err *err);

    /* Takes up to max due rows (and rows of mailboxes whose park is over) that are on no queue any
     * more into the new offer: never offered, offered to another queue, never delivered for
     * undelivered_ms, or consumed by the group according to pos. One row per mailbox and person;
     * *more: there are further ones. */
    int (*redrive)(struct plan_store *s,
                   struct arena *a,
                   const char *queue_id,
                   const struct queue_position *pos,
                   size_t n_pos,
                   int64_t offer,
                   uint32_t undelivered_ms,
                   size_t max,
                   struct plan_offered **ret,
                   size_t *n,
                   bool *more,
                   struct err *err);
    int (*oldest_dirty_ms)(struct plan_store *s,
                           int64_t *ret_age_ms,
                           struct err *err); /* age of the oldest due dirty link's offer; 0: none */
    /*
     * All of these NULL: the store has no pictures.
     *
     * seen: which picture each of these people (at most once each) has by a read of that time. What
     * changed is to be fetched; what is gone is over at once. A row that changed by a newer read
     * stays as it is.
     */
    int (*photos_seen)(struct plan_store *s,
                       const struct plan_photo *p,
                       size_t n,
                       int64_t read_at_ms,
                       struct err *err);
    /* Nobody has a picture any more, so ours come off. Costs nothing when that is so already. */
    int (*photos_off)(struct plan_store *s, struct err *err);
    /* The next ones to be fetched now, of people who have a contact, ascending behind person
     * `after`. */
    int (*photos_wanted)(struct plan_store *s,
                         struct arena *a,
                         int64_t after,
                         size_t max,
                         struct plan_photo **ret,
                         size_t *n,
                         struct err *err);
    int (*photos_store)(struct plan_store *s,
                        const struct plan_photo_got *g,
                        size_t n,
                        struct err *err);
    /* Tells the mailboxes of at most max people whose picture became another one. *ret_n: how many
     * people; fewer than max: that was all. */
    int (*photos_raise)(struct plan_store *s, size_t max, size_t *ret_n, struct err *err);
    /* At most max mailboxes that may have pictures to write now, that nobody works on, and that
     * were not offered for a minute (or since there is something new). */
    int (*photos_offer)(struct plan_store *s,
                        struct arena *a,
                        size_t max,
                        struct plan_photo_box **ret,
                        size_t *n,
                        struct err *err);
    int (*photos_count)(struct plan_store *s, struct plan_photo_counts *ret, struct err *err);

    /* Deletes what nothing refers to and what is older than its retention: contents, spent offers,
     * journal, probes, runs, empty links, pictures of people who have no contact any more. */
    int (*sweep)(struct plan_store *s, uint32_t journal_days, struct err *err);
    bool (*healthy)(struct plan_store *s);
    void (*free)(struct plan_store *s); /* NULL is fine; gives up leadership */
};

struct plan_store { /* every driver's struct begins with this */
    const struct plan_store_ops *ops;
};

static inline void plan_store_free(struct plan_store *s)
{
    if (s)
        s->ops->free(s);
}
CLEANUP_DEFINE(struct plan_store, plan_store_free);

#endif
