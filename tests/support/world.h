/*
 * world: a whole installation on a fake clock, for fault runs: a church, two producers, workers, a
 * queue, rows and a model of Exchange (tests/crash/README.md).
 *
 * A schedule is a list of events: changes in the church, what users and operators do, and faults.
 * It comes from a seed, and each event carries all that it needs, so that a schedule still means
 * something when events are taken out of it: that is how a failing one is made short.
 *
 * Nothing is left to chance beyond the seed. No test library is used here: what is found wrong is a
 * text.
 */
#ifndef SYNC_TESTS_SUPPORT_WORLD_H
#define SYNC_TESTS_SUPPORT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/cleanup.h"

/* X(name, what it does). Numbers in an event: a, b, c. */
#define WORLD_EVENTS(X)                                                                            \
    X(WAIT, "time passes: a ms")                                                                   \
    X(PHONE, "person a gets phone b (0: none)")                                                    \
    X(TITLE, "person a gets title b (0: none)")                                                    \
    X(GROUP, "person a joins or leaves group b")                                                   \
    X(FOLLOW, "user a follows person b, or not any more")                                          \
    X(STAFF, "person a joins or leaves the staff")                                                 \
    X(LEAVE, "b people, from person a on, leave all groups")                                       \
    X(MERGE, "person a is merged into person b")                                                   \
    X(MERGE_USER, "user a is merged into person b")                                                \
    X(GONE, "person a is deleted, or is back")                                                     \
    X(DECEASED, "person a dies, or did not")                                                       \
    X(OPT_OUT, "person a opts out, or in")                                                         \
    X(ELIGIBLE, "user a gets or loses eligibility")                                                \
    X(ADDRESS, "user a gets another address (b 0: none)")                                          \
    X(SAVE, "user a saves the choices b")                                                          \
    X(CLEAR, "user a asks for Clear and Remove")                                                   \
    X(UNHIDE, "user a wants back what they deleted")                                               \
    X(AUDIT, "the mailbox of user a is to be listed again")                                        \
    X(KEEP, "Delete Old Contacts is switched off, or on")                                          \
    X(RUN, "producer a runs: b dies at its call, c the other one takes over at that call")         \
    X(RUN_SLOW, "producer a runs, each call takes b ms")                                           \
    X(RUN_USER, "producer a runs for user b alone, urgently")                                      \
    X(RUN_STALE, "producer a runs on what a replica knew at the last read (b 1: the one before)")  \
    X(RUN_UNREAD, "producer a runs: Rock cannot be read (b 1: those who left not once more)")      \
    X(APPROVE, "an operator approves what is held")                                                \
    X(USER_ADDS, "user a adds a contact of their own")                                             \
    X(USER_EDITS, "user a edits field c of the item at b")                                         \
    X(USER_DELETES, "user a deletes the item at b (c: into the trash)")                            \
    X(USER_COPIES, "user a copies the item at b into mailbox c")                                   \
    X(NEW_FOLDER, "mailbox a gets another folder id")                                              \
    X(KILL, "worker a is killed")                                                                  \
    X(ASLEEP, "the worker that has the b-th results to record from now on sleeps a ms first")      \
    X(DRAIN, "worker a is stopped in order")                                                       \
    X(WORKERS, "a workers from now on")                                                            \
    X(SKEW, "the wall clock of worker a jumps by b ms")                                            \
    X(ROWS_AWAY, "PostgreSQL is away for a ms")                                                    \
    X(QUEUE_AWAY, "the queue is away for a ms")                                                    \
    X(QUEUE_NEW, "the queue loses all and is another one")                                         \
    X(MESSAGE, "the a-th message from now on: b 0 lost, 1 twice, 2 late")                          \
    X(STORE_FAULT, "the a-th call of the store from now on: fault b, numbers from c")              \
    X(LEDGER_FAULT, "the a-th call of the ledger from now on: fault b, numbers from c")            \
    X(PICTURE, "person a gets picture b (0: none)")                                                \
    X(USER_PICTURE, "user a takes the picture off the item at b (c: puts one of their own)")       \
    X(USER_BETWEEN, "the user puts picture b of their own between look and hand of the a-th call") \
    X(PHOTOS, "contacts.photos is switched off, or on")                                            \
    X(PICTURE_UNREAD, "the a-th picture asked of Rock: b 0 away, 1 not there, 2 refused, 3 none")

enum world_event_kind {
#define X(n, what) WORLD_##n,
    WORLD_EVENTS(X)
#undef X
        WORLD_EVENT_COUNT
};

/* X(name, what was seen to happen): so that what a schedule is for does take place. */
#define WORLD_SIGHTS(X)                                                                            \
    X(DROPPED, "contacts dropped by a plan")                                                       \
    X(HELD, "drops held by the guard")                                                             \
    X(HELD_UPDATE, "updates held by the guard")                                                    \
    X(APPROVED, "rows approved, or tried again")                                                   \
    X(KEPT, "contacts kept, Delete Old Contacts being off")                                        \
    X(REKEYED, "items given to the survivor of a merge")                                           \
    X(USERS_MERGED, "users merged")                                                                \
    X(MOVED, "users who got another mailbox")                                                      \
    X(LOST, "users read without eligibility or address")                                           \
    X(CLEARED, "Clears done")                                                                      \
    X(CLEAR_CROSSED, "Clears during which something was wanted again")                             \
    X(UNREAD, "runs that failed since Rock could not be read")                                     \
    X(STALE, "plans refused as older than what was planned")                                       \
    X(RUN_FAILED, "runs that failed, for any reason")                                              \
    X(TAKEN_OVER, "runs during which the other producer took over")                                \
    X(STORE_FAULT, "calls of the store that went wrong")                                           \
    X(LEDGER_FAULT, "calls of the ledger that went wrong")                                         \
    X(LATE, "writes that came late")                                                               \
    X(ZOMBIE, "workers that recorded after their lease had run out")                               \
    X(MESSAGE_FAULT, "messages lost, repeated or out of order")                                    \
    X(HIDDEN, "contacts taken for deleted by the user")                                            \
    X(UNHIDDEN, "contacts deleted by the user and wanted back")                                    \
    X(PICTURE_PUT, "pictures put on items")                                                        \
    X(PICTURE_OFF, "pictures taken off items")                                                     \
    X(PICTURE_OWN, "items whose picture is the user's, found by a write")                          \
    X(PICTURE_REFUSED, "pictures that the server did not take")                                    \
    X(PICTURE_CROSSED, "pictures not put since the item had changed since the look")               \
    X(PICTURE_LATE, "calls for pictures that came late")                                           \
    X(PICTURE_FAULT, "calls for pictures that went wrong")                                         \
    X(PICTURE_UNREAD, "pictures that Rock did not give")                                           \
    X(PICTURE_DEATH, "producers that died in a call about pictures")

enum world_sight {
#define X(n, what) WORLD_SAW_##n,
    WORLD_SIGHTS(X)
#undef X
        WORLD_SIGHT_COUNT
};

struct world_event {
    enum world_event_kind kind;
    uint32_t a, b, c;
};

struct world_schedule {
    uint64_t seed;
    uint32_t workers, connections, batch, latency_ms;
    struct world_event *v;
    size_t n;
};

/* The events of a seed, in v (free it). */
struct world_schedule world_schedule_of(uint64_t seed);
void world_schedule_print(const struct world_schedule *s, FILE *out);
/* One line of such a print; false: it is none. */
bool world_event_parse(const char *line, struct world_event *ret);

struct world_found {
    char text[400]; /* "" nothing wrong */
    uint64_t calls; /* of store and ledger */
    uint32_t seen[WORLD_SIGHT_COUNT];
};
const char *world_sight_text(enum world_sight s);
/* pg: the rows are in a PostgreSQL database of their own (tests/support/world_pg.h); long waits are
 * cut short. */
void world_run(const struct world_schedule *s, bool pg, struct world_found *ret);
/* Takes events out as long as it still fails; s->v is shortened in place. Returns runs made. */
size_t world_shrink(struct world_schedule *s, bool pg);

#endif
