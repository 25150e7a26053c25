/*
 * run_p: what the files of a run share.
 *
 *   run.c          the order of steps
 *   run_users.c    subscribers against the snapshot: who is eligible, with which address, in which
 *                  mailbox
 *   run_business.c business numbers
 *   run_people.c   contacts and content hashes; which person rows change; which fields were emptied
 *   run_plan.c     expansion, digest and diff per mailbox; merges; the guard
 *   run_apply.c    rows and messages
 *   run_photos.c   which pictures people have
 */
#ifndef SYNC_PRODUCER_RUN_P_H
#define SYNC_PRODUCER_RUN_P_H

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/core/contact.h"
#include "producer/run.h"

struct person_state { /* per person of the directory, same index */
    int64_t id;       /* row; 0 not written yet */
    struct sha256 content;
    const char *body;     /* canonical form when the row has to change, else NULL */
    const char *business; /* as rendered; NULL none */
    bool known;           /* has a row */
    struct sha256 before; /* content of the row */
    bool had_content;
    int64_t hold; /* of kind emptied: updates of this person wait; 0 none */
};

struct leaver { /* a row that would lose its contact */
    struct guid key;
    struct source_resolved fate;
};

struct mailbox_plan {
    int64_t mailbox; /* 0: not made yet (dry run) */
    const char *address;
    const struct plan_subscriber *sub; /* NULL: nobody's any more */
    const struct dir_user *user;
    const struct plan_mailbox *row; /* NULL: new */
    struct sha256 digest;
    bool unchanged;
    struct diff_want *wants; /* everything wanted; arena */
    size_t n_wants;
    struct plan_row *rows;
    const struct diff_row *diff_rows; /* the same rows, for the diff; changes point into these */
    size_t n_rows;
    bool put_off; /* a change waits behind a hold: plan again next time */
    diff_changes changes;
    struct diff_counts counts;
    const struct plan_kept *leaving; /* kept contacts whose person opted out: they go */
    size_t n_leaving;
    size_t counted; /* drops that the guard counts */
    int64_t hold;   /* for the counted drops; 0 none */
    size_t held;
    vec(struct plan_rekey) rekeys;
};

struct run {
    const struct run_parts *p;
    const struct run_settings *s;
    const struct run_options *o;
    struct run_counts *c;
    struct arena *arena;
    struct directory *d;
    struct plan_subscriber *subs;
    size_t n_subs;
    struct plan_mailbox *boxes;
    size_t n_boxes;
    struct person_state *people;
    size_t have_now[CONTACT_FIELD_COUNT]; /* people who have the field in this snapshot */
    const struct sha256 *contents;        /* of people, for the expander */
    const int64_t *indexes;               /* 0, 1, 2, ... */
    struct expander *x;
    struct sha256 fingerprint;
    vec(struct mailbox_plan) plans;
    vec(struct leaver) leavers; /* ascending by key after resolving */
    size_t users_lost;          /* this run and the window before */
    bool users_held;
};

void run_progress(struct run *r, const char *phase, size_t done, size_t of);

int run_users_request(struct run *r, struct source_request *rq, struct err *err);
int run_users_match(struct run *r,
                    struct err *err); /* after the snapshot: subs, mailboxes, plans (empty) */

int run_people_contents(struct run *r, struct err *err);
/* Fills business of all people; before contents, after the rows are matched. */
int run_business(struct run *r, struct err *err);
int run_people_write(struct run *r,
                     struct err *err); /* rows for new and changed people; guard by field */

/* Kept contacts are in no digest: those that go all the same are looked for by person. */
int run_kept_leaving(struct run *r, struct err *err);
/* Whom ids of before a merge mean, while there are mailboxes that may name people so. */
int run_former_wanted(struct run *r, bool *ret, struct err *err);
int run_former_write(struct run *r, struct err *err); /* after the person rows */
void run_kept_drop(struct mailbox_plan *m);           /* after the diff */
int run_plan_mailboxes(struct run *r, struct err *err);
int run_plan_leavers(struct run *r, struct err *err);
int run_plan_guard(struct run *r, struct err *err);
const struct leaver *run_find_leaver(const struct run *r, const struct guid *key);
bool run_drop_counts(const struct run *r,
                     const struct mailbox_plan *m,
                     const struct diff_row *row); /* fell out by Rock's data? */
/* Goes even with Delete Old Contacts off: opted out, or merged into somebody who is wanted here. */
bool run_drop_always(const struct run *r, const struct mailbox_plan *m, const struct guid *key);

int run_apply(struct run *r, struct err *err);
int run_photos_seen(struct run *r, struct err *err);

#endif
