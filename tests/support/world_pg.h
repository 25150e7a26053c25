/*
 * world_pg: the rows of a world in a real PostgreSQL, each worker and each producer with
 * connections of their own. The database's clock is the world's: now() and its like are functions
 * that read it from a file.
 */
#ifndef SYNC_TESTS_SUPPORT_WORLD_PG_H
#define SYNC_TESTS_SUPPORT_WORLD_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

#include "common/port/plan_store.h"

struct ledger;
struct loop;
struct rig_worker;
struct world_pg;

/* On the server that CONTACT_SYNC_TEST_DSN names. Borrows the clock. */
struct world_pg *world_pg_new(const struct clock *clock);
void world_pg_free(struct world_pg *p); /* after its ledgers; NULL is fine */
/* A worker's ledger: called and answering on that loop, which does not wait. */
struct ledger *world_pg_ledger(struct loop *l, void *world_pg);
void world_pg_lose(struct ledger *l, bool after_effect); /* the next answer is LEDGER_AWAY */
void world_pg_fence(struct ledger *l, int64_t mailbox);
/* A producer's store; the former one of that number is freed, its session with it. */
struct plan_store *world_pg_plan(struct world_pg *p, int producer);
void world_pg_end_leader(
    struct world_pg *p);                     /* whoever holds the leader's lock loses its session */
void world_pg_tell_time(struct world_pg *p); /* before each call */

/* What operators and the verdict ask. */
bool world_pg_quiet(struct world_pg *p);
bool world_pg_held(struct world_pg *p);
/* Lines of address, item and mark ("-": none of ours) of what is known of pictures; NULL: nothing.
 * Valid until the next question. */
const char *world_pg_pictures(struct world_pg *p);
int64_t world_pg_mailbox(struct world_pg *p, const char *address); /* 0: there is none */
bool world_pg_run_done(struct world_pg *p, int64_t run);
/* Clear and Remove; true: somebody's choices are blank now. */
bool world_pg_clear(struct world_pg *p, int64_t mailbox);
void world_pg_unhide(struct world_pg *p, int64_t mailbox);
void world_pg_audit(struct world_pg *p, int64_t mailbox);
size_t world_pg_approve(struct world_pg *p); /* all that is held, and tries again what is dead */

#endif
