/*
 * vec: a typed growable array. Elements move when it grows: keep indexes, not pointers.
 *
 *   vec(int) xs = {0};
 *   vec_push(&xs, 3);
 *   vec_foreach (x, &xs)
 *       use(*x);
 *   vec_release(&xs);
 */
#ifndef SYNC_BASE_VEC_H
#define SYNC_BASE_VEC_H

#include <string.h>

#include "common/base/cleanup.h"

#define vec(T)                                                                                     \
    struct {                                                                                       \
        T *v;                                                                                      \
        size_t n, cap;                                                                             \
    }

#define vec_reserve(x, want)                                                                       \
    do {                                                                                           \
        if ((x)->cap < (want)) {                                                                   \
            size_t cap_ = (x)->cap ? (x)->cap : 8;                                                 \
            while (cap_ < (want))                                                                  \
                cap_ *= 2;                                                                         \
            (x)->v = xrealloc((x)->v, cap_ * sizeof(*(x)->v));                                     \
            (x)->cap = cap_;                                                                       \
        }                                                                                          \
    } while (0)
#define vec_push(x, ...)                                                                           \
    do {                                                                                           \
        vec_reserve(x, (x)->n + 1);                                                                \
        (x)->v[(x)->n++] = (__VA_ARGS__);                                                          \
    } while (0)
#define vec_clear(x) ((x)->n = 0)
#define vec_release(x)                                                                             \
    do {                                                                                           \
        free((x)->v);                                                                              \
        (x)->v = NULL;                                                                             \
        (x)->n = (x)->cap = 0;                                                                     \
    } while (0)
#define vec_foreach(it, x) for (__typeof__(*(x)->v) *it = (x)->v; it && it < (x)->v + (x)->n; it++)
/* Removes element i by moving the last one there. */
#define vec_swap_remove(x, i) ((x)->v[(i)] = (x)->v[--(x)->n])
/* Removes element i, order kept. */
#define vec_remove(x, i)                                                                           \
    do {                                                                                           \
        memmove(&(x)->v[(i)], &(x)->v[(i) + 1], ((x)->n - (i)-1) * sizeof(*(x)->v));               \
        (x)->n--;                                                                                  \
    } while (0)

#endif
