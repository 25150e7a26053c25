/*
 * world_p: what the files of a world share:
 *
 *   world.c           life, time, producers, the verdict's quiet
 *   world_event.c     what each event does
 *   world_schedule.c  seeds to events, text, shrinking
 *   world_plan.c      the producer's port over the ledger's rows in memory; world_offer.c: offers;
 *                     world_runs.c: leaders, runs, merged users, what is kept, Clear
 *   world_photo.c     pictures, over the ledger's rows in memory
 *   world_picture.c   pictures: events, Rock's answers, what must hold
 *   world_tap.c       the producer's ports as a fault run has them: deaths, outages, the guard
 *   world_verdict.c   what must hold
 */
#ifndef SYNC_TESTS_SUPPORT_WORLD_P_H
#define SYNC_TESTS_SUPPORT_WORLD_P_H

#include "common/drv/ledger_memory_p.h"
#include "common/port/plan_store.h"
#include "producer/producer.h"
#include "tests/support/worker_rig_p.h"
#include "tests/support/worker_rig_use.h"
#include "tests/support/world.h"
#include "tests/support/world_church.h"
#include "tests/support/world_exchange.h"
#include "tests/support/world_pg.h"

enum {
    WORLD_PRODUCERS = 2,
    WORLD_BOXES = CHURCH_BOXES,
    WORLD_PEOPLE_MAX = 64,
    WORLD_ARMED = 64,
    WORLD_UNDELIVERED_MS = 30000,
    WORLD_PASTS = 2,
    WORLD_DAY_MS = 24 * 3600 * 1000
};

struct world;

/* ---- rows that the ledger's memory has no column for ---- */

struct world_row { /* of a link */
    int64_t offer, hold, fell_at;
};
struct world_mailbox {
    struct sha256 digest;
    int64_t planned_version, read_at_ms, clear_offer, photo_offered_at;
};
struct world_face { /* of a person: which picture, and how far it has come. Its bytes: rows->photos
                     */
    bool there, got, untold;
    struct photo_ref ref;
    int64_t read_at_ms, retry_at;
    uint32_t tries;
};
struct world_person { /* id: index + 1 */
    bool has_content;
    struct sha256 content;
    int64_t rock_id, read_at_ms;
};
struct world_hold { /* id: index + 1 */
    const char *kind, *field;
    int64_t mailbox;
    bool open;
};
struct world_offer { /* id: index + 1 */
    const char *queue_id;
    bool delivered;
    int64_t made_at;
    struct queue_end end[8];
    size_t n;
};
struct world_emptied {
    const char *field;
    int64_t person, at;
};
struct world_asked { /* a run; id: index + 1 */
    bool one_user, urgent;
    struct guid key;
    enum { WORLD_ASKED, WORLD_RUNNING, WORLD_DONE, WORLD_FAILED } state;
};
struct world_subscriber { /* id: index + 1; of user `index` */
    bool there;
    struct plan_subscriber row;
    struct guid groups[CHURCH_GROUPS];
    int64_t lost_at;
};

struct world_rows {
    struct ledger_memory_rows *rows;
    const struct clock *clock;
    int64_t plan_epoch;
    const struct plan_store *leader; /* has the lock; NULL: nobody */
    struct world_row row[WORLD_BOXES + 1][WORLD_PEOPLE_MAX + 1];
    struct world_mailbox mailbox[WORLD_BOXES + 1];
    size_t n_mailboxes;
    struct world_person person[WORLD_PEOPLE_MAX + 1];
    size_t n_persons;
    struct world_face face[WORLD_PEOPLE_MAX + 1];
    struct world_subscriber subscriber[CHURCH_USERS];
    vec(struct world_hold) holds;
    vec(struct world_offer) offers;
    vec(struct world_emptied) emptied;
    vec(struct world_asked) asked;
};

struct world_plan { /* a producer's connection to them */
    struct plan_store base;
    struct world_rows *r;
    int64_t epoch;
};

struct plan_store *world_plan_new(struct world_rows *r);
void world_plan_add_offer(struct plan_store_ops *o);
void world_plan_add_runs(struct plan_store_ops *o);
void world_plan_add_photos(struct plan_store_ops *o);
/* Of somebody of whose picture nothing is known: there is none. */
void world_photo_faceless(struct world_rows *r, int64_t person);
/* There may be pictures to write for that mailbox, from now on. */
void world_photo_requested(struct world_rows *r, int64_t mailbox);
int world_plan_leads(struct plan_store *s, struct err *err);
struct ledger_memory_link *world_link(struct world_rows *r, int64_t mailbox, int64_t person);
/* An item, or a write under way, or one that nobody has seen since the mailbox moved. */
bool world_may_have(const struct world_rows *r, const struct ledger_memory_link *l);
/* Clear and Remove, as hand_clear says it in SQL; true: somebody's choices are blank now. */
bool world_rows_clear(struct world_rows *r, int64_t mailbox);
/* What an operator does for a user; souls: whose contacts were hidden. */
uint32_t world_rows_unhide(struct world_rows *r, int64_t mailbox);
void world_rows_audit(struct world_rows *r, int64_t mailbox);
void world_rows_release(struct world_rows *r);
size_t world_rows_approve(struct world_rows *r); /* all that is held; returns how many links */

/* ---- producers ---- */

struct world_tap_plan { /* counts calls, dies, lets time pass, judges what is planned */
    struct plan_store base;
    struct world *w;
    struct plan_store *inner;
    int producer;
};
struct world_tap_queue {
    struct queue base;
    struct world *w;
    int producer;
};
struct world_source {
    struct directory_source base;
    struct world *w;
    int producer;
};

struct world_producer {
    struct world_tap_plan plan;
    struct world_tap_queue queue;
    struct world_source source;
    struct producer *it;
    struct metrics *metrics;
    bool dead, running;
    uint32_t calls, die_at, takeover_at, slow_ms;
    uint32_t stale; /* nth read of before, from 1; 0: now */
    enum { WORLD_READS, WORLD_NO_SNAPSHOT, WORLD_NO_SECOND_LOOK } unread;
    bool read_failed;   /* in this run: nothing may be planned */
    struct church read; /* of the last snapshot */
    int64_t read_at_ms;
};

/* ---- what the model remembers ---- */

struct world_loss { /* planned deletes that the guard counts */
    int64_t mailbox;
    int soul;
    int64_t at;
};

struct world_memory {
    vec(struct world_loss) losses;
    uint32_t user_deleted[WORLD_BOXES];         /* bit per soul */
    int64_t sent_at[WORLD_BOXES][CHURCH_SOULS]; /* of the newest write that has come */
    int64_t held_at[WORLD_BOXES + 1][WORLD_PEOPLE_MAX + 1];
    int64_t applied_read_at[WORLD_BOXES + 1];
    int64_t version[WORLD_BOXES + 1];    /* of the choices planned last */
    size_t foreign[WORLD_BOXES];         /* items of the users' own */
    int64_t lost_since[CHURCH_USERS];    /* users without eligibility or address, as read; 0: not */
    bool lost_unheld[CHURCH_USERS];      /* ... and a plan let their contacts go */
    int64_t cleared_at[WORLD_BOXES + 1]; /* a Clear was asked for and is not done; 0: none */
    int64_t pictured_at[WORLD_BOXES][CHURCH_SOULS]; /* the newest write of a picture was sent */
    uint32_t pictures[CHURCH_SOULS];                /* bit per number: they have or had it */
    struct photo_ref missed[CHURCH_SOULS];          /* Rock said that it is not there */
};

struct world_armed {
    enum rig_port port;
    uint32_t left; /* calls until it strikes */
    struct rig_fault fault;
};

struct world {
    const struct world_schedule *s;
    struct rig *r;
    struct exchange *x;
    struct church church, past[WORLD_PASTS]; /* the last read first */
    int64_t past_at[WORLD_PASTS];
    size_t n_past;
    struct world_rows rows; /* .rows NULL: see pg */
    struct world_pg *pg;
    struct world_producer producer[WORLD_PRODUCERS];
    struct producer_settings settings;
    int depth; /* producers at work, one inside the other's call */
    uint32_t seen[WORLD_SIGHT_COUNT];
    struct world_memory m;
    struct world_armed armed[WORLD_ARMED];
    size_t n_armed;
    int64_t rows_away_until, queue_away_until;
    char queue_id[32];
    uint32_t queues;
    int64_t queue_lost_at; /* messages until then are gone */
    struct {
        uint32_t left, how;
    } message; /* how + 1; 0: none */
    struct {
        uint32_t left, fate; /* fate + 1; 0: none */
    } unread;                /* picture of Rock */
    struct {
        uint32_t left;
        int number; /* of the user's picture; 0: none */
        struct exchange_box *box;
        char item[24];
    } between;                      /* a user is quicker than a call for pictures */
    uint32_t sleep_ms, sleep_after; /* of the worker that records after so many; 0 ms: none */
    uint32_t lost_pictures; /* bit per mailbox: a message of the lane of pictures, since the run */
    bool calm;              /* no faults any more */
    char wrong[400];
};

int64_t world_now(const struct world *w);
/* The first thing that is wrong stays. Returns false. */
bool world_bad(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_taps_init(struct world *w, int producer);
/* Around each call of a producer to its rows: -1: it is dead, or they are away. */
int world_tap_enter(struct plan_store *s, struct err *err);
int world_tap_leave(struct plan_store *s, int rc, struct err *err);
void world_tap_photos(struct plan_store_ops *o);
int world_source_photos(struct directory_source *s,
                        const struct photo_ref *refs,
                        size_t n,
                        struct arena *a,
                        struct source_photo *ret,
                        struct err *err);
/* user < 0: everybody. false: the run failed. */
bool world_produce(struct world *w, int producer, int user);
void world_revive(struct world *w,
                  int producer);       /* another process in the place of one that died */
size_t world_approve(struct world *w); /* and tries again what is dead; how many links */
void world_do(struct world *w, const struct world_event *e);
struct rig_fault world_fault(const struct rig_call *c, void *world);
const char *world_judge(const struct exchange_box *b,
                        const struct exchange_item *it,
                        enum store_verb verb,
                        void *world);
int64_t world_mailbox_of(struct world *w, int box); /* 0: none yet */
void world_watch_clears(struct world *w);           /* judges those that are done */
void world_verdict(struct world *w);
bool world_pictured(struct world *w); /* every item that is wanted has the right picture */

/* ---- pictures ---- */

void world_picture_event(struct world *w, const struct world_event *e);
enum outcome world_judge_photo(const struct exchange_box *b,
                               const struct exchange_item *it,
                               const struct store_photo *p,
                               void *world);
/* What is wrong with the picture on the item of that person; NULL: nothing. */
const char *world_picture_wrong(struct world *w, const struct exchange_item *it, int soul);
void world_judge_pictures(struct world *w); /* what the rows say of them */

#endif
