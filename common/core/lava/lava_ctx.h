/*
 * lava_ctx: what a filter or an object may ask of the render that runs.
 *
 * A render has a budget of memory, steps and output (struct lava_limits). A filter takes its memory
 * from lava_alloc only, and accounts for work that grows with its input by lava_step, so that no
 * template runs away. A failure is written into the render by lava_fail (or by the function that
 * failed) and returned as -1; the render then ends with the position of what was being evaluated.
 *
 * One thread at a time.
 */
#ifndef SYNC_CORE_LAVA_CTX_H
#define SYNC_CORE_LAVA_CTX_H

#include "common/base/err.h"

#include "common/core/lava/lava_value.h"

struct arena;
struct lava_dialect;
struct lava_ctx;

/* Zeroed memory until the render ends, aligned to 16; NULL when the budget is used up (set in c).
 */
void *lava_alloc(struct lava_ctx *c, size_t n) must_check;
/* Copy of text[0..n); NULL when the budget is used up. */
char *lava_copy(struct lava_ctx *c, const char *text, size_t n) must_check;
/* A text made of pieces, each of which may be empty. -1 when the budget is used up. */
int lava_concat(struct lava_ctx *c, const struct lava_str *pieces, size_t n, struct lava_value *ret)
    must_check;
/*
 * The same memory as an arena, for modules that know only those. They bound what they take to a few
 * times their input.
 */
struct arena *lava_arena(struct lava_ctx *c);

/* Charges n steps (one is about an item looked at, or 64 bytes moved). -1 when used up. */
int lava_step(struct lava_ctx *c, uint64_t n) must_check;
/*
 * Ends the render; returns -1. The text is for the administrator: it names the filter and what is
 * wrong with its use and never holds values, which may be a person's.
 */
int lava_fail(struct lava_ctx *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For what follows values into values: false (failed) when they are too deep. */
bool lava_ctx_deeper(struct lava_ctx *c);
void lava_ctx_shallower(struct lava_ctx *c);

/* Clock and zone; .known is false where the product renders for good (no clock there). */
const struct lava_clock *lava_now(const struct lava_ctx *c);
/* Global attribute by key ('Global' | Attribute:'OrganizationPhone'); nil when not given. */
struct lava_value lava_global(struct lava_ctx *c, struct lava_str key);
/* NULL: Lava itself. Production code has no other; see lava_dialect.h. */
const struct lava_dialect *lava_dialect_of(const struct lava_ctx *c);

#endif
