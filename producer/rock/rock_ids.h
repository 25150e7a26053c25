/*
 * rock_ids: a sorted set of Rock's row ids. Push with vec_push, then sort before asking.
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_IDS_H
#define SYNC_PRODUCER_ROCK_ROCK_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/vec.h"

struct rock_ids {
    int64_t *v;
    size_t n, cap;
};

void rock_ids_release(struct rock_ids *s);
void rock_ids_sort(struct rock_ids *s); /* ascending, without doubles */
bool rock_ids_has(const struct rock_ids *s, int64_t id);
/*
 * Index of the row with this id, -1 when there is none, in rows[0..n) of row_size bytes in
 * ascending order of the int64_t that each begins with. Of several, the first.
 */
long rock_ids_row(const void *rows, size_t n, size_t row_size, int64_t id);
/* Pushes the ids of asked that no row has; rows as above. */
void rock_ids_missing(const struct rock_ids *asked,
                      const void *rows,
                      size_t n,
                      size_t row_size,
                      struct rock_ids *out);
/* Orders such rows by id and keeps the first of each; returns how many are left. */
size_t rock_ids_unique_rows(void *rows, size_t n, size_t row_size);
CLEANUP_VALUE(struct rock_ids, rock_ids_release);

#endif
