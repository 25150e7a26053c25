/*
 * diff: what a mailbox should hold against its link rows -> the rows to change. Never looks at
 * Exchange: `have` is the worker's business.
 *
 * Pure. Both inputs ascending by person key. The result says for each row that must change what its
 * new want is; rows already right are left out.
 */
#ifndef SYNC_CORE_DIFF_H
#define SYNC_CORE_DIFF_H

#include "common/base/digest.h"
#include "common/base/guid.h"
#include "common/base/vec.h"

enum link_state {
    LINK_ACTIVE,
    LINK_KEPT,
    LINK_HIDDEN
}; /* dead and held are columns of their own */

struct diff_want { /* what should be there */
    struct guid key;
    int64_t person; /* row id of person; 0 when the person has no row yet */
    struct sha256 content;
    const char *cats;
    const struct sha256 *state; /* link state hash of the above when the caller has it
                                   (expander_wants); NULL: computed here */
};

struct diff_row {    /* what the link row says now */
    struct guid key; /* the person's key */
    int64_t person;
    bool wanted;        /* want is not null */
    struct sha256 want; /* link state hash */
    bool has_item;      /* have is not null, or a write is open */
    enum link_state state;
};

enum diff_op {
    DIFF_WANT,
    DIFF_DROP,
    DIFF_KEEP
}; /* want it so / want nothing / leave the item as it is, no longer updated */

struct diff_change {
    enum diff_op op;
    const struct diff_want *want; /* DIFF_WANT */
    const struct diff_row *row;   /* NULL when there is no row yet */
    struct sha256 state;          /* DIFF_WANT: link state hash */
};

struct diff_counts { /* of one mailbox; added + changed + same = wanted */
    size_t wanted;
    size_t added;         /* no row, or a row that wanted nothing */
    size_t changed;       /* another state, or kept before */
    size_t dropped, kept; /* rows that turn so now */
    size_t same;
};

typedef vec(struct diff_change) diff_changes;

/*
 * Row by row (rows that are not mentioned need no change):
 *
 *   the person is wanted, and the row                                   | change
 *   is missing, or wants nothing                                        | WANT (added)
 *   wants another state, or is kept                                     | WANT (changed)
 *   the person is not wanted, and the row                               | change
 *   wants something, and delete_old is on or there is no item           | DROP
 *   wants something, has an item, and delete_old is off                 | KEEP
 *   is kept (wanted or not), and delete_old is on                       | DROP
 *
 * hidden rows stay hidden (row->state tells): their want follows, so that Restore is right, and the
 * worker ignores it.
 *
 * @want, @rows  strictly ascending by key (asserted); borrowed by the result
 * @delete_old   Delete Old Contacts
 * @out          appended to
 * @counts       set
 */
void diff_mailbox(const struct diff_want *want,
                  size_t n_want,
                  const struct diff_row *rows,
                  size_t n_rows,
                  bool delete_old,
                  diff_changes *out,
                  struct diff_counts *counts);

#endif
