/*
 * plan_store_pg_p: what the files of plan_store_pg share.
 *
 *   plan_store_pg.c         leadership, the way to change rows
 *   plan_store_pg_run.c     runs
 *   plan_store_pg_users.c   subscribers and mailboxes, totals
 *   plan_store_pg_people.c  persons, contents, links as read; emptied fields, holds
 *   plan_store_pg_apply.c   one mailbox's plan
 *   plan_store_pg_offer.c   offers, what is due and on no queue
 *   plan_store_pg_photo.c   pictures
 *   plan_store_pg_sweep.c   what nothing refers to
 *
 * READ COMMITTED, and the same trap as in ledger_pg_sql.c: no statement both waits for a row and
 * decides by other rows. Lock order: mailbox rows, cluster, then subscribers, links, intents.
 */
#ifndef SYNC_DRV_PLAN_STORE_PG_P_H
#define SYNC_DRV_PLAN_STORE_PG_P_H

#include "common/base/arena.h"
#include "common/base/vec.h"

#include "common/drv/pg_session.h"
#include "common/drv/plan_store_pg.h"
#include "common/net/loop.h"

struct plan_offer { /* a number that was given out and has no row yet */
    int64_t id;
    char *queue_id;
    bool unused; /* nothing was due for it: the next offer_make gets it */
};

struct plan_store_pg {
    struct plan_store base;
    struct plan_store_ops ops;
    struct loop *loop;
    struct pg *pg;
    struct pg_session *session; /* holds the lock, or tries to */
    int64_t epoch;              /* ours while the session lives; 0: not leading */
    vec(struct plan_offer) offers;
    void (*on_request)(void *user);
    void *user;
};

static inline struct plan_store_pg *plan_pg(struct plan_store *s)
{
    return (struct plan_store_pg *)s;
}

/* How the schema's demand() refuses. */
#define PLAN_PG_DEPOSED "pg.CS001"
#define PLAN_PG_STALE   "pg.CS002"

#define PLAN_PG_MAX_STEPS (PG_MAX_STEPS - 1)

/* One transaction behind the check of our epoch, which is result 0: the steps' own begin at 1. */
int plan_pg_change_steps(struct plan_store_pg *s,
                         const struct pg_step *steps,
                         size_t n,
                         struct pg_result **ret,
                         struct err *err) must_check;
int plan_pg_change(struct plan_store_pg *s,
                   const struct pg_stmt *stmt,
                   const struct pg_params *p,
                   struct pg_result **ret,
                   struct err *err) must_check;
/* The same; `lock` comes before the check: mailbox rows before the cluster's. The step's result is
 * the last. */
int plan_pg_change_locked(struct plan_store_pg *s,
                          const struct pg_step *lock,
                          const struct pg_step *step,
                          struct pg_result **ret,
                          struct err *err) must_check;
/* 0 while we lead; else -1 and "plan.deposed". */
int plan_pg_leads(struct plan_store_pg *s, struct err *err) must_check;
/* Returns -1; what the server said of a change, in the port's words. */
int plan_pg_refused(struct plan_store_pg *s, struct err *err);

/* null for 0, as in bigint columns that refer to a row */
static inline void plan_pg_put_id(struct pg_params *p, int64_t id)
{
    if (id)
        pg_put_i64(p, id);
    else
        pg_put_null(p, PG_INT8);
}

/* The steps that give an offer its row, when it has none yet: 0 or 1 of them. */
size_t plan_pg_offer_step(struct plan_store_pg *s,
                          int64_t offer,
                          struct pg_params *p,
                          struct pg_step *step);
void plan_pg_offer_written(struct plan_store_pg *s, int64_t offer);
void plan_pg_offers_free(struct plan_store_pg *s);

/*
 * The part of `due` (common/port/ledger.h) that does not depend on time: the predicate of index
 * link_due, word for word. Whether a link without this is due because of an intent or a look is
 * asked from those.
 */
#define PLAN_PG_DIRTY                                                                              \
    "(l.state = 'active' AND l.hold IS NULL AND l.want IS DISTINCT FROM l.have"                    \
    " AND l.dead_for IS DISTINCT FROM coalesce(l.want, '\\x00'::bytea))"
/* The guard's window. */
#define PLAN_PG_WINDOW "now() - interval '24 hours'"
/*
 * Nobody knows what is in mailbox $1: its folder is another one, or the rows are an older copy, and
 * no listing has come since. What was wanted may be there.
 */
#define PLAN_PG_BLIND                                                                              \
    "(SELECT folder_id IS NOT NULL AND verified <> (SELECT generation FROM cluster)"               \
    " FROM mailbox WHERE id = $1::bigint)"

/* Each file adds its operations. */
void plan_pg_add_run(struct plan_store_ops *o);
void plan_pg_add_users(struct plan_store_ops *o);
void plan_pg_add_people(struct plan_store_ops *o);
void plan_pg_add_apply(struct plan_store_ops *o);
void plan_pg_add_offer(struct plan_store_ops *o);
void plan_pg_add_photo(struct plan_store_ops *o);
void plan_pg_add_sweep(struct plan_store_ops *o);

#endif
