/*
 * mailbox_p: the steps of a mailbox's life. Each ends in a call whose answer takes the next step,
 * in a wait, or in the end of the mailbox: after calling one, return.
 */
#ifndef SYNC_WORKER_MAILBOX_P_H
#define SYNC_WORKER_MAILBOX_P_H

#include "worker/worker_p.h"

/* mailbox.c */
const char *mailbox_state_name(enum mailbox_state s);
void mailbox_enter(struct mailbox *mb, enum mailbox_state s);
void mailbox_take(struct mailbox *mb);
void mailbox_load(struct mailbox *mb);
void mailbox_decide(struct mailbox *mb); /* next step from the loaded rows */
void mailbox_release(struct mailbox *mb);
/* Waits ms with the lease (short) or parks the row (long), then resume (or a later message). */
void mailbox_pause(struct mailbox *mb,
                   uint32_t ms,
                   const char *code,
                   void (*resume)(struct mailbox *));
void mailbox_park(struct mailbox *mb, uint32_t ms, const char *code);
void mailbox_after(struct mailbox *mb, uint32_t ms, void (*resume)(struct mailbox *)); /* WAITING */
/* A ledger call came back with st. true: go on. false: handled (fenced, or the call is to be
 * repeated by `again`). */
bool mailbox_ledger_ok(struct mailbox *mb,
                       enum ledger_status st,
                       const struct err *err,
                       void (*again)(struct mailbox *));
/* Of a flight: what the server may do after the send, and how long that may come after the flight
 * (a machine sleeps, a connection takes its time); mailbox_may_send sees to the second. */
uint32_t mailbox_deadline(const struct mailbox *mb);
/* A call made at from_ms has renewed the lease. */
void mailbox_lease_extend(struct mailbox *mb, int64_t from_ms);
bool mailbox_may_send(void *mb);
const struct store_mailbox *mailbox_store(struct mailbox *mb);
void mailbox_renewals_free(struct worker *w);
void mailbox_lost(struct mailbox *mb); /* fenced: drop everything, take again */

/* mailbox_list.c */
void mailbox_identify(struct mailbox *mb);
void mailbox_list_all(struct mailbox *mb);
void mailbox_settle(struct mailbox *mb);
/* The target folder's id is not valid any more; what was written for it is ours all the same. */
void mailbox_forget_folder(struct mailbox *mb);
/* A read failed: waits as the outcome says, then starts over from the rows. */
void mailbox_read_failed(struct mailbox *mb, enum outcome o, const struct err *err);
struct settle_rules mailbox_settle_rules(const struct mailbox *mb);
/* Everything is listed, and what the program before this one left is known: into the plan. */
void mailbox_judge_all(struct mailbox *mb);

/* mailbox_tidy.c: mb->settle away and into the rows */
void mailbox_tidy(struct mailbox *mb);

/* mailbox_write.c */
void mailbox_write(struct mailbox *mb); /* next batch of the loaded rows */
bool mailbox_skip(
    struct mailbox *mb); /* records rows that cannot be written now (content gone); false: none */
void mailbox_record(struct mailbox *mb); /* mb->results, then what they ask for */
/* What an outcome that concerns more than one link means for mailbox and endpoint; called once per
 * request. */
void mailbox_request_result(struct mailbox *mb, enum outcome o, const struct err *err);
/* The same for all results of one request, by the one that says most about the mailbox. */
void mailbox_request_results(struct mailbox *mb, const struct store_result *r, size_t n);
uint32_t mailbox_jitter(struct mailbox *mb, enum outcome o, uint32_t attempt, uint32_t after_ms);

#endif
