/*
 * arena: a bump allocator whose memory is freed at once. For run- and batch-scoped data.
 *
 * Memory is zeroed and aligned to 16. Exceeding max ends the process: bound the inputs before, not
 * here. Not thread safe.
 */
#ifndef SYNC_BASE_ARENA_H
#define SYNC_BASE_ARENA_H

#include <stddef.h>

#include "common/base/cleanup.h"

struct arena;

/* name: static text, for the message when full */
struct arena *arena_new(const char *name, size_t max_bytes);
void arena_free(struct arena *a);  /* NULL is fine */
void arena_reset(struct arena *a); /* forget everything, keep the first block */
void *arena_alloc(struct arena *a, size_t n);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t arena_bytes(const struct arena *a); /* handed out since the last reset */
CLEANUP_DEFINE(struct arena, arena_free);

#endif
