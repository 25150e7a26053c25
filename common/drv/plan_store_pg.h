/*
 * plan_store_pg: the plan_store port over PostgreSQL.
 *
 * What the port leaves open, here:
 *  - Leading is a session-level advisory lock on a connection of its own, and cluster.plan_epoch. A
 * statement that changes rows begins with a look at that epoch which also locks its row (FOR
 * SHARE): a new leader's epoch waits for what is under way and stops what comes later. When the
 * session is lost, or the epoch is not ours, calls fail with "plan.deposed" until lead() succeeds
 * again.
 *  - Need no leadership: run_request, subscribers, subscriber_save, mailboxes, persons, links,
 * bodies, totals, oldest_dirty_ms. CLI verbs use these and never call lead.
 *  - An offer gets its row with the first links that refer to it; one that redrive found nothing
 * for is handed out again. So an idle producer writes nothing.
 *  - An offer without a row is spent. The sweep deletes old ones that no dirty link refers to.
 *  - plan_totals.users counts those who are in order now: losses come on top.
 *  - PLAN_STALE and "plan.deposed" are refusals of the server (SQLSTATE CS002 and CS001, function
 * demand of the schema): the whole transaction is undone.
 */
#ifndef SYNC_DRV_PLAN_STORE_PG_H
#define SYNC_DRV_PLAN_STORE_PG_H

/* Advisory lock of the scheduling producer, in its own database; migrations have another one. ASCII
 * "producer". */
#define PLAN_STORE_PG_LEADER_LOCK "8102661156849804658"

#include "common/port/plan_store.h"

struct loop;
struct pg;

/* Borrows both, which must outlive it. The schema is checked by migrate_check at start. */
struct plan_store *plan_store_pg_new(struct loop *l, struct pg *pg);

/*
 * Calls fn from the loop when a run was requested, by whatever program, and after each (re)connect,
 * when a request may have been missed. At most once per store. The pool goes on listening: do not
 * turn the loop between freeing the store and freeing the pool.
 */
void plan_store_pg_on_request(struct plan_store *s, void (*fn)(void *user), void *user);

#endif
