/*
 * map: byte-string keys to pointers, over uthash (which stays inside map.c). Values are borrowed,
 * keys copied. Iteration is in order of insertion. Keys may come from outside: the hash is seeded.
 */
#ifndef SYNC_BASE_MAP_H
#define SYNC_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct map;
struct map_iter {
    void *next; /* private */
    const void *key;
    size_t key_len;
    void *value;
};

struct map *map_new(void);
void map_free(struct map *m); /* not the values; NULL is fine */
/* NULL when absent. The empty key is a key. */
void *map_get(const struct map *m, const void *key, size_t len);
/* Returns the value replaced, else NULL. */
void *map_put(struct map *m, const void *key, size_t len, void *value);
/* Returns the value removed, else NULL. */
void *map_del(struct map *m, const void *key, size_t len);
size_t map_count(const struct map *m);
/* Start with it zeroed. Deleting the current entry is fine, any other is not. */
bool map_next(const struct map *m, struct map_iter *it);

static inline void *map_get_u64(const struct map *m, uint64_t k)
{
    return map_get(m, &k, sizeof(k));
}
static inline void *map_put_u64(struct map *m, uint64_t k, void *value)
{
    return map_put(m, &k, sizeof(k), value);
}
static inline void *map_del_u64(struct map *m, uint64_t k)
{
    return map_del(m, &k, sizeof(k));
}
/* for (struct map_iter it = {0}; map_next(m, &it);) */
#define map_foreach(it, m) for (struct map_iter it = {0}; map_next((m), &(it));)
CLEANUP_DEFINE(struct map, map_free);

#endif
