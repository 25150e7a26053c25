/*
 * report_pg: what the rows say, for people: status by mailbox, one run by mailbox, holds and their
 * approval. Sequential (turns the loop).
 */
#ifndef SYNC_DRV_REPORT_PG_H
#define SYNC_DRV_REPORT_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct arena;
struct pg;

struct report_mailbox {
    int64_t id;
    const char *address;
    int64_t wanted, synced; /* rows with a want; rows with an item */
    int64_t pending;        /* due or waiting for a retry */
    int64_t open;           /* writes whose outcome is not known yet */
    int64_t held, kept, dead, hidden;
    const char *parked_why; /* NULL: not parked */
    int64_t parked_ms;
    bool leased, verified;
    bool clearing; /* a Clear and Remove is asked for and not done */
    /* of one run (report_run), else 0 */
    int64_t created, updated, deleted, unchanged, failed;
};

struct report_run {
    int64_t id;
    const char *state, *message, *phase, *counts_json, *trigger;
    int64_t done, total, age_ms, took_ms;
    int64_t left; /* links of this run not right yet, that nobody has to approve and that are not
                     dead */
};

struct report_subscribers { /* users by state */
    int64_t ok, no_address, foreign_domain, address_taken, not_eligible;
};

int report_mailboxes(struct pg *pg,
                     struct arena *a,
                     struct report_mailbox **ret,
                     size_t *n,
                     struct err *err) must_check;
int report_run(struct pg *pg, struct arena *a, int64_t run, struct report_run *ret, struct err *err)
    must_check; /* run 0: the last one; id 0: none */
/* The mailboxes of a run with what was done in each, ascending by address. */
int report_run_mailboxes(struct pg *pg,
                         struct arena *a,
                         int64_t run,
                         struct report_mailbox **ret,
                         size_t *n,
                         struct err *err) must_check;
int report_subscribers(struct pg *pg, struct report_subscribers *ret, struct err *err) must_check;
/* Workers with a heartbeat, and whether a producer leads right now. */
int report_alive(struct pg *pg, int64_t *ret_workers, bool *ret_leader, struct err *err) must_check;

struct report_hold {
    int64_t id, links, age_ms;
    const char *kind, *address, *field;
    const char *digest; /* of the set of changes: an approval names it and fits no other set */
};
/* Lets the changes of a hold go, if they still are the set that digest names. *ret_links 0: they
 * are not (or there is no such hold). */
int report_approve(struct pg *pg,
                   int64_t hold,
                   const char *digest,
                   int64_t *ret_links,
                   struct err *err) must_check;
int report_holds(struct pg *pg,
                 struct arena *a,
                 struct report_hold **ret,
                 size_t *n,
                 struct err *err) must_check;

#endif
