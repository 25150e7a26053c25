/*
 * worker_rig_use: what a test does with a rig (worker_rig.h): the planner's part, the workers'
 * life, time, and the verdict.
 */
#ifndef SYNC_TESTS_SUPPORT_WORKER_RIG_USE_H
#define SYNC_TESTS_SUPPORT_WORKER_RIG_USE_H

#include "tests/support/worker_rig.h"

/* ---- the planner ---- */

int64_t rig_mailbox(struct rig *r, const char *address);
struct guid rig_key(int person);
/* Person `person` (from 0) in that version (from 1), as the planner would want it; 0: not at all.
 * Then a message. */
struct ledger_memory_link *
rig_want(struct rig *r, int64_t mailbox, int person, int version, bool urgent);
/* The row alone, of a mailbox that the verdict leaves out. */
void rig_link_only(struct rig *r, int64_t mailbox, int person, int version);
void rig_message(struct rig *r, int64_t mailbox, int person, int64_t gen, bool urgent);
/* Clear and Remove: nothing is wanted any more, the row and the message say so. */
void rig_clear(struct rig *r, int64_t mailbox);
/* From now on the person has that picture (from 1), 0: none any more. Then a message. */
void rig_photo(struct rig *r, int64_t mailbox, int person, int version);
void rig_photo_only(struct rig *r, int person, int version); /* the rows alone */
void rig_photo_message(struct rig *r, int64_t mailbox);      /* also of one that is none */
void rig_photo_mark(int person, int version, char ret[STORE_PHOTO_MARK + 1]);
void rig_bytes(struct rig *r, const char *text); /* a message that is none */
size_t rig_bytes_acked(const struct rig *r);
void rig_redrive(struct rig *r, bool on); /* on at first */

/* ---- faults ---- */

/* fn NULL: none. A fault hits each call that fn names. */
void rig_faults(struct rig *r, rig_decide fn, void *user);
/* The first call of that name from now on. */
void rig_fault_first(struct rig *r, const char *what, struct rig_fault f);
void rig_count_from_here(struct rig *r); /* calls, creates, writes */
uint64_t rig_calls(const struct rig *r, enum rig_port p);

/* ---- workers and time ---- */

void rig_workers(struct rig *r, uint32_t n);            /* from now on; those beyond are killed */
struct rig_worker *rig_worker(struct rig *r, size_t i); /* NULL: there is none */
struct worker *rig_worker_of(struct rig_worker *w);
void rig_kill(struct rig_worker *w); /* not from inside a call */
/* Drains it and replaces it. Returns the milliseconds that took, -1: more than a minute, or it
 * died meanwhile. */
int64_t rig_drain(struct rig *r, struct rig_worker *w);
void rig_run(struct rig *r, int64_t ms);
/* Runs until nothing is to be done, a day at most, then judges. NULL: mailboxes and rows are as the
 * rows want it. */
const char *rig_finish(struct rig *r);

/* ---- the verdict ---- */

/* Without time: rows, mailboxes, pictures, doubles, foreign items. NULL: right. The text is r's. */
const char *rig_wrong(struct rig *r);
size_t rig_creates(const struct rig *r, int person); /* items made for that key, in all mailboxes */
size_t rig_writes(const struct rig *r);              /* requests that changed a mailbox */
size_t
rig_early_acks(const struct rig *r); /* messages acked while their row was still to be done */
void rig_foreign(struct rig *r, int64_t mailbox, size_t n); /* items without our key to be there */

#endif
