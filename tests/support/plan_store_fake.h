/*
 * plan_store_fake: the producer's port to the rows, over plain memory, for tests of runs and of
 * publishing. The rows are for tests to read and set; strings in them live as long as the store.
 *
 * It keeps the promises of common/port/plan_store.h as far as a run can tell: want rows and digest
 * change together, losses count for a day, a hold that is open is used again, a plan from older
 * choices is stale.
 */
#ifndef SYNC_TESTS_SUPPORT_PLAN_STORE_FAKE_H
#define SYNC_TESTS_SUPPORT_PLAN_STORE_FAKE_H

#include "common/base/arena.h"
#include "common/base/vec.h"

#include "common/port/plan_store.h"

struct fake_person {
    struct guid key;
    int64_t rock_id;
    bool has_content;
    struct sha256 content;
};

struct fake_link {
    int64_t mailbox, person;
    bool wanted;
    struct sha256 want, content;
    const char *cats;
    enum link_state state;
    bool has_item, intent, urgent;
    bool back; /* as the plan said that wanted it last */
    int64_t hold, offer, gen;
    int64_t fell_at; /* 0: never */
};

struct fake_mailbox { /* id: index + 1 */
    const char *address;
    bool has_digest;
    struct sha256 digest;
    int64_t planned_version, read_at_ms, gen;
};

struct fake_subscriber { /* id: index + 1 */
    struct plan_subscriber row;
    int64_t lost_at;
};

struct fake_hold {
    const char *kind, *field;
    int64_t mailbox;
};

struct fake_offer { /* id: index + 1 */
    const char *queue_id;
    bool delivered;
    size_t ends;
};

struct fake_emptied {
    const char *field;
    int64_t person, at;
};

struct fake_body {
    struct sha256 hash;
    const char *text;
};

struct fake_run { /* id: index + 1 */
    const char *trigger;
    int64_t fire_s; /* 0: somebody asked */
    enum { FAKE_REQUESTED, FAKE_RUNNING, FAKE_SUCCESS, FAKE_FAILED } state;
    const struct plan_store *by; /* the producer that ran it */
    int64_t started_ms;
};

struct fake_photo { /* of a person */
    struct plan_photo want;
    int64_t read_at_ms;
    bool got, raised;
    size_t len; /* of the last one that was of use; 0: none */
    const char *failure;
    int64_t retry_at;
};

struct fake_photo_box { /* a mailbox that may have pictures to write */
    int64_t mailbox, gen;
    bool offered;
};

struct plan_store_fake {
    struct plan_store base;
    struct plan_store_fake *rows; /* itself; another producer's port has only these two */
    const struct clock *clock;
    struct arena *a;
    vec(struct fake_person) persons; /* id: index + 1 */
    vec(struct fake_body) bodies;
    vec(struct fake_link) links;
    vec(struct fake_mailbox) mailboxes;
    vec(struct fake_subscriber) subscribers;
    vec(struct fake_hold) holds; /* open ones; id: index + 1 */
    vec(struct fake_offer) offers;
    vec(struct fake_emptied) emptied;
    vec(struct plan_offered) due; /* what redrive hands out, in order */
    vec(struct fake_run) runs;
    vec(struct fake_photo) photos;
    vec(struct fake_photo_box) photo_boxes; /* what photos_offer hands out, each once */
    const struct plan_store *leader;        /* NULL: nobody asked for it yet, all may write */
    size_t redriven;                        /* of due, handed out */
    size_t calls, writes, applies, links_read;
    const char *fail; /* the next call of that name fails */
    bool stale;       /* choices change before each apply */
    bool busy;        /* workers do all that is to be done before each apply */
};

struct plan_store_fake *plan_store_fake_new(const struct clock *clock); /* borrows the clock */
struct plan_store *plan_store_fake_port(struct plan_store_fake *f); /* frees f when it is freed */

/* A second producer's port to the same rows; free it before the first one. */
struct plan_store *plan_store_fake_peer(struct plan_store_fake *f);
/* The producer of that port is gone, and its lock with it. */
void plan_store_fake_kill(struct plan_store_fake *f, const struct plan_store *port);

/* The workers are done: what is wanted and not held is there, what is not wanted is gone. */
void plan_store_fake_synced(struct plan_store_fake *f);
/* NULL: no such row. */
struct fake_link *
plan_store_fake_link(struct plan_store_fake *f, const char *address, const struct guid *person);
struct fake_mailbox *plan_store_fake_mailbox(struct plan_store_fake *f, const char *address);
struct plan_subscriber *plan_store_fake_subscriber(struct plan_store_fake *f,
                                                   const struct guid *person);

/* Gives this store the operations of pictures; without, it has none. Failing by plan, and who
 * leads, go for them too ("photos_store"). */
void plan_store_fake_with_photos(struct plan_store_fake *f);
struct fake_photo *plan_store_fake_photo(struct plan_store_fake *f, int64_t person); /* or NULL */

/* Private: leadership and runs, plan_store_fake_run.c. */
void plan_store_fake_add_run(struct plan_store_ops *o);

#endif
