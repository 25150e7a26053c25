/*
 * core_support: what the tests of common/core share: seeded random numbers and a small church in
 * memory.
 */
#ifndef SYNC_TESTS_UNIT_CORE_SUPPORT_H
#define SYNC_TESTS_UNIT_CORE_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/core/directory.h"

/* splitmix64: the same numbers on every machine. */
static inline uint64_t rnd(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static inline size_t rnd_below(uint64_t *seed, size_t n)
{
    return (size_t)(rnd(seed) % n);
}

/* Guids that ascend with i, so that index and key have one order. */
static inline struct guid guid_of(uint32_t i)
{
    struct guid g = {{0xa0, 0, 0, 0, 0, 0, 0x40, 0, 0x80}};
    g.b[12] = (uint8_t)(i >> 24);
    g.b[13] = (uint8_t)(i >> 16);
    g.b[14] = (uint8_t)(i >> 8);
    g.b[15] = (uint8_t)i;
    return g;
}

/* n people without anything but a key; the directory is its arena's. */
static inline struct directory *a_directory(size_t n_people)
{
    struct arena *a = arena_new("test directory", (size_t)1 << 30);
    struct directory *d = arena_alloc(a, sizeof(*d));
    struct dir_person *people = arena_alloc(a, (n_people + 1) * sizeof(*people));

    for (uint32_t i = 0; i < n_people; i++) {
        people[i].key = guid_of(i);
        people[i].rock_id = i + 1;
    }
    *d = (struct directory){.arena = a, .people = people, .n_people = n_people};
    return d;
}

/* Each person with a chance of 1 in `one_in`; ascending. */
static inline struct dir_list a_random_list(struct directory *d, uint64_t *seed, size_t one_in)
{
    uint32_t *v = arena_alloc(d->arena, (d->n_people + 1) * sizeof(*v));
    size_t n = 0;

    for (uint32_t i = 0; i < d->n_people; i++) {
        if (rnd_below(seed, one_in) == 0)
            v[n++] = i;
    }
    return (struct dir_list){v, n};
}

#endif
