/*
 * ledger_pg: the ledger port over PostgreSQL. Each operation is one round trip (pg.h): one
 * transaction, closed by one Sync.
 *
 * What the port leaves open, here:
 *  - A statement that the server refuses (deadlock, timeout, disk full, a flaw of ours) changed
 *    nothing and is reported as LEDGER_AWAY with the server's code: the caller waits and repeats.
 *  - A repeated flight finds the intents of the attempt that took effect: LEDGER_CONFLICT. A
 *    repeated record may count an attempt, a look or a journal row twice.
 *  - A parked mailbox is not granted and not poked: LEDGER_OK with parked_ms > 0 and epoch 0.
 *  - A lease of the same owner is granted anew, with the next epoch: its take was answered AWAY.
 */
#ifndef SYNC_DRV_LEDGER_PG_H
#define SYNC_DRV_LEDGER_PG_H

struct ledger;
struct pg;

/* Borrows the pool, which must outlive it. The schema is checked by migrate_check at start. */
struct ledger *ledger_pg_new(struct pg *pg);

#endif
