/* worker_rig_p: what the files of the rig share: the rig itself (worker_rig.c), the three taps. */
#ifndef SYNC_TESTS_SUPPORT_WORKER_RIG_P_H
#define SYNC_TESTS_SUPPORT_WORKER_RIG_P_H

#include <sys/queue.h>

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/base/metrics.h"
#include "common/base/vec.h"

#include "common/net/loop.h"
#include "tests/support/worker_rig.h"

enum rig_delivery_fault { /* of one message to a worker */
                          RIG_DELIVERED,
                          RIG_LOST, /* the queue has let it go */
                          RIG_TWICE,
                          RIG_OUT_OF_ORDER /* before those that wait */
};

struct rig_wire; /* one call of the store */
TAILQ_HEAD(rig_wires, rig_wire);

struct rig_tap_store {
    struct contact_store base;
    struct rig_worker *w;
};

struct rig_asleep { /* results of a worker that sleeps before it records them */
    struct loop_timer *timer;
    struct arena *arena;
    struct ledger_lease lease;
    struct ledger_result *results;
    struct ledger_photo_result *photos; /* or these */
    size_t n;
    bool flight_over;
    ledger_done done;
    void *user;
};

struct rig_tap_ledger {
    struct ledger base;
    struct rig_worker *w;
    struct ledger *inner;
    struct rig_asleep asleep; /* timer NULL: not */
};

struct rig_delivery { /* a message or a revocation on its way to a worker */
    bool revoked;
    struct queue_message m;
    char *value;
};

struct rig_tap_queue {
    struct queue base;
    struct rig_worker *w;
    struct queue *inner;
    struct queue_handlers h;
    vec(struct rig_delivery) line;
    struct loop_timer *timer;
};

struct rig_clock { /* the rig's, so much off */
    struct clock base;
    const struct clock *from;
    int64_t skew_ms; /* of the wall clock */
};

struct rig_worker {
    struct rig *r;
    struct loop *loop;
    struct worker *worker;
    struct metrics *metrics;
    struct rig_tap_store store;
    struct rig_tap_ledger ledger;
    struct rig_tap_queue queue;
    int64_t frozen_until;
    struct rig_clock clock;
    bool dead, leaving;
};

struct rig_message { /* published; by topic and partition, at its offset */
    int64_t mailbox, person, gen;
    bool acked;
};

struct rig_box {
    int64_t id;
    size_t foreign;     /* items without our key to be there */
    size_t outstanding; /* messages published and not acked */
    int64_t photo_offered_at;
};

struct rig {
    struct rig_options o;
    struct clock_fake clock;
    struct loop *server; /* loop of store and queue */
    struct ledger_memory_rows *rows;
    struct memory_store *store; /* NULL: another server */
    struct contact_store *port;
    struct queue *queue;
    vec(struct rig_worker *) workers;
    vec(struct rig_box) boxes;
    vec(struct rig_message) messages[2][8];
    struct rig_wires wires;
    struct map *creates; /* key -> count */
    struct map *located; /* mailboxes whose server was found */
    struct map *photos;  /* person to their picture, as rig_photo.c has it */
    size_t writes, early_acks, bytes_acked, zombies;
    rig_decide decide;
    void *decide_user;
    const char *first; /* of rig_fault_first; NULL: none, or it was there */
    struct rig_fault first_fault;
    int64_t sent_at; /* when the call that the server serves left its worker */
    uint64_t calls[RIG_PORTS], started;
    int64_t away_since; /* the rows were away since then: answers took so long; 0: they were not */
    bool redrive;
    int64_t next_tick, tick_ms;
    void (*on_tick)(void *user); /* the re-driver of somebody else */
    void *on_tick_user;
    enum rig_delivery_fault (*on_delivery)(const struct queue_message *m, void *user);
    void *on_delivery_user;
    char wrong[400];
};

struct rig_box *rig_box(struct rig *r, int64_t mailbox); /* NULL: there is none */
struct rig_fault rig_fault_for(struct rig *r, struct rig_call *c);
void rig_die(struct rig_worker *w); /* from anywhere: swallows all from now on, buried later */
void rig_freeze(struct rig_worker *w, uint32_t ms);

/* rig_photo.c */
void rig_photo_redrive(struct rig *r, struct rig_box *b);
bool rig_photo_open(const struct rig *r, const struct rig_box *b);
bool rig_photo_right(const struct rig *r,
                     const struct ledger_memory_link *l,
                     const struct memory_item *it);

void rig_tap_store_init(struct rig_worker *w);
void rig_tap_store_end(struct rig_worker *w); /* calls that are out go on without it */
void rig_tap_store_free(struct rig *r);       /* the rest */
void rig_tap_ledger_init(struct rig_worker *w);
void rig_tap_ledger_end(struct rig_worker *w);
void rig_tap_queue_init(struct rig_worker *w);
void rig_tap_queue_end(struct rig_worker *w);

#endif
