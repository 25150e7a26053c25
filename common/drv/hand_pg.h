/*
 * hand_pg: what a user (or an operator for them) asks of a mailbox: Clear and Remove, and contacts
 * that were deleted by hand to come back. For the tool and the pages. Sequential (turns the loop).
 *
 * Nothing here reaches Exchange: rows change, the re-driver tells a worker, usually within a
 * second.
 */
#ifndef SYNC_DRV_HAND_PG_H
#define SYNC_DRV_HAND_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/guid.h"

struct arena;
struct pg;

/* The mailbox of that address, in any case; 0: there is none (nothing was ever synced to it). */
int hand_mailbox(struct pg *pg, const char *address, int64_t *ret, struct err *err) must_check;

/* ---- Clear and Remove (design section 6, rule 10) ---- */

/*
 * One transaction: the choices of everybody who syncs into the mailbox are blanked (version + 1, so
 * that a plan under way is dropped), nothing is wanted in it any more, and the Clear is asked for.
 * What the guard held, what was kept and what was hidden goes too: it is the user's own wish.
 *
 * @ret_items  contacts that the rows know to be there; NULL: not wanted
 */
int hand_clear(struct pg *pg, int64_t mailbox, int64_t *ret_items, struct err *err) must_check;

struct hand_clear_state {
    bool asked, done;
    int64_t left;     /* contacts that are still there by the rows */
    int64_t open;     /* writes whose outcome is not known yet */
    const char *wait; /* why the mailbox rests, a code; NULL: it does not */
};
int hand_clear_state(struct pg *pg,
                     struct arena *a,
                     int64_t mailbox,
                     struct hand_clear_state *ret,
                     struct err *err) must_check;

/* ---- contacts that the user deleted (rule 9) ---- */

struct hand_hidden {
    int64_t person, rock_id; /* row; Person.Id, 0 not known */
    struct guid key;
    bool wanted;      /* it would come back; else it would not be synced any more anyway */
    const char *body; /* canonical contact as it is wanted; NULL: not wanted, or erased */
};
int hand_hidden(struct pg *pg,
                struct arena *a,
                int64_t mailbox,
                struct hand_hidden **ret,
                size_t *n,
                struct err *err) must_check;
/* They are synced again: all of the mailbox (person 0), or one. *ret_n: how many. */
int hand_restore(struct pg *pg, int64_t mailbox, int64_t person, int64_t *ret_n, struct err *err)
    must_check;

#endif
