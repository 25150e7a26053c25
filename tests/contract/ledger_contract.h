/*
 * ledger_contract: what every driver of common/port/ledger.h must do, as one suite of cases.
 *
 * A test program of a driver implements the functions below and includes ledger_contract.c. They
 * stand for everything around the worker: the planner, time, the loss of connections.
 */
#ifndef SYNC_TESTS_CONTRACT_LEDGER_CONTRACT_H
#define SYNC_TESTS_CONTRACT_LEDGER_CONTRACT_H

#include "common/net/loop.h"
#include "common/port/ledger.h"

enum fx_set {           /* of a link row */
              FX_STATE, /* enum link_state */
              FX_HELD,
              FX_URGENT,
              FX_RUN
};
enum fx_get {
    FX_JOURNAL_ROWS, /* of this link */
    FX_JOURNAL_RUN,  /* of its last journal row */
    FX_IS_URGENT,
    FX_PLANNED,  /* the mailbox has a digest (person ignored) */
    FX_STATE_NOW /* enum link_state */
};

void fx_setup(void); /* empty rows, two ledgers over them */
void fx_teardown(void);
struct loop *fx_loop(void);
struct ledger *fx_ledger(int i); /* 0 or 1: two workers */
void fx_free_ledger(int i);

int64_t fx_mailbox(const char *address); /* with a digest, not verified */
int64_t fx_person(const struct guid *key);
/* As the planner does. body NULL: nothing is wanted. */
void fx_want(int64_t mailbox, int64_t person, const char *body, const char *cats);
void fx_set(int64_t mailbox, int64_t person, enum fx_set what, int64_t value);
int64_t fx_get(int64_t mailbox, int64_t person, enum fx_get what);
void fx_pass(int64_t ms);       /* time passes */
void fx_clear(int64_t mailbox); /* a Clear and Remove is asked for */
/* The person's picture, and the mailboxes are told, as the producer does. len 0: none any more. */
void fx_photo(int64_t person, const char *jpeg, size_t len);
void fx_restore(void); /* the cluster's generation grows */
void fx_break(void);   /* the next call of ledger 0 ends as AWAY; later ones go well again */

#endif
