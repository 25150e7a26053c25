/*
 * ledger_pg_p: what the files of ledger_pg share: statements (ledger_pg_sql.c), operations
 * (ledger_pg.c) and the rows that they read (ledger_pg_read.c).
 */
#ifndef SYNC_DRV_LEDGER_PG_P_H
#define SYNC_DRV_LEDGER_PG_P_H

#include "common/drv/pg.h"
#include "common/port/ledger.h"

/* $1 and $2 are the mailbox and the lease's epoch where nothing else is said. */
extern const struct pg_stmt ledger_sql_lock;        /* the mailbox row; no row: fenced */
extern const struct pg_stmt ledger_sql_lock_folder; /* the same, to change folder_id */

extern const struct pg_stmt ledger_sql_take;  /* mailbox, owner, ttl */
extern const struct pg_stmt ledger_sql_taken; /* mailbox */
extern const struct pg_stmt ledger_sql_poke;
extern const struct pg_stmt ledger_sql_load; /* mailbox, max */
extern const struct pg_stmt ledger_sql_flight;
extern const struct pg_stmt ledger_sql_record;
extern const struct pg_stmt ledger_sql_renew;
extern const struct pg_stmt ledger_sql_release;
extern const struct pg_stmt ledger_sql_identify;
extern const struct pg_stmt ledger_sql_known; /* mailbox */
extern const struct pg_stmt ledger_sql_adopt_persons;
extern const struct pg_stmt ledger_sql_adopt;
extern const struct pg_stmt ledger_sql_unverify;
extern const struct pg_stmt ledger_sql_clear_rows;
extern const struct pg_stmt ledger_sql_cleared;
extern const struct pg_stmt ledger_sql_legacy; /* $3 marks, $4 how many */
extern const struct pg_stmt ledger_sql_beat;   /* owner, ttl */
extern const struct pg_stmt ledger_sql_alive;  /* none */

/* ledger_pg_read.c. Texts are borrowed from r; arrays are the caller's (free). */
void ledger_read_mailbox(const struct pg_result *r, struct ledger_mailbox *ret);
struct ledger_link *ledger_read_links(const struct pg_result *r, size_t n);
struct ledger_known *ledger_read_known(const struct pg_result *r);

/* ledger_pg_put.c: the columns of a batch, as arrays. */
void ledger_put_intents(struct pg_params *p, const struct ledger_intent *in, size_t n);
void ledger_put_results(struct pg_params *p, const struct ledger_result *r, size_t n);
void ledger_put_found(struct pg_params *p, const struct ledger_found *f, size_t n, bool all);

#endif
