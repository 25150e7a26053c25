/*
 * rock_table: rows that belong to a set of ids, by whichever way needs fewer requests: batches of
 * ids in the filter, or a walk over the whole list in a few ranges of Id side by side.
 *
 * On a walk rows of other ids come too: the row callback takes what it wants. Rows may come twice
 * where a batch is read again; callers drop doubles by Id.
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_TABLE_H
#define SYNC_PRODUCER_ROCK_ROCK_TABLE_H

#include "producer/rock/rock_fetch.h"
#include "producer/rock/rock_ids.h"

struct rock_table {
    const struct rock_list *list;
    const struct rock_filter *base; /* for every request; NULL = none */
    const struct rock_column *key;  /* the column that names the ids */
    const struct rock_ids *ids;     /* sorted */
    bool unique;                    /* an id has one row at most: a full batch is the end */
    size_t rows_max;                /* what a walk can find at most, where known; 0: unknown */
    rock_row row;
    void *user;
};

/* Pure: does a walk over rows_max rows need fewer requests than batches of per_batch ids? */
bool rock_table_walk_is_cheaper(
    size_t n_ids, size_t per_batch, bool unique, uint64_t rows_max, unsigned page, unsigned ranges);

int rock_table_read(struct rock_fetch *f,
                    const struct rock_table *t,
                    const struct rock_progress *progress,
                    struct err *err) must_check;
/* The same by Guid, always in batches. Each Guid has one row at most; those without one are asked
 * for once more. */
int rock_table_read_guids(struct rock_fetch *f,
                          const struct rock_list *list,
                          const struct guid *guids,
                          size_t n,
                          rock_row row,
                          void *user,
                          struct err *err) must_check;
/* Every row that the filter (NULL: none) lets through. */
int rock_table_walk(struct rock_fetch *f,
                    const struct rock_list *list,
                    const struct rock_filter *filter,
                    rock_row row,
                    void *user,
                    struct err *err) must_check;
/* Largest Id of the whole list, 0 when it is empty. */
int rock_table_last_id(struct rock_fetch *f,
                       const struct rock_list *list,
                       int64_t *ret,
                       struct err *err) must_check;

#endif
