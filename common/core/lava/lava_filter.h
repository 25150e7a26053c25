/*
 * lava_filter: the table of filters, bound to templates when they are parsed.
 *
 * The table names every filter that Rock has, also those that cannot run away from the server, so
 * that the check can tell a misspelt name from one that it has to refuse.
 */
#ifndef SYNC_CORE_LAVA_FILTER_H
#define SYNC_CORE_LAVA_FILTER_H

#include "common/core/lava/lava_ctx.h"

/* Arguments in the order they were written. */
struct lava_args {
    const struct lava_value *v;
    const struct lava_str *names; /* NULL when all are positional; else names[i].p is NULL for a
                                     positional one and the name for `name: value` */
    uint32_t n;
    const void *prepared; /* what lava_prepare_fn made of constant arguments, or NULL */
};

/* The i-th positional argument; NULL when it was left out. */
const struct lava_value *lava_arg(const struct lava_args *args, size_t i);
/* The argument `name: value`; NULL when it was left out. */
const struct lava_value *lava_arg_named(const struct lava_args *args, const char *name);

/*
 * @in      input, never NULL
 * @ret     nil when called; may be a copy of *in
 * @return  0, or -1 after lava_fail (or after a function of lava_ctx.h that failed)
 */
typedef int lava_filter_fn(struct lava_ctx *c,
                           const struct lava_value *in,
                           const struct lava_args *args,
                           struct lava_value *ret);
/*
 * Called once, at parse, when every argument is constant (a literal): makes of them what is costly
 * to make, such as a compiled regular expression. The result is shared by all renders of all
 * threads and lives in the template's arena.
 * @return  0 (*ret may stay NULL: nothing to prepare), -1 with *err: the template is refused
 */
typedef int
lava_prepare_fn(struct arena *a, const struct lava_args *args, const void **ret, struct err *err);

enum lava_filter_flag {
    LAVA_NEEDS_SERVER = 1, /* fn is NULL: data, keys or state that only Rock has */
    LAVA_QUERIES = 2,      /* beside LAVA_NEEDS_SERVER: looks something up in Rock's database */
    LAVA_USES_CLOCK = 4,   /* the result depends on when it runs */
    LAVA_USES_RANDOM = 8   /* fn is NULL: the result depends on chance */
};

struct lava_filter {
    const char *name;
    uint8_t min_args, max_args; /* for warnings; Lava gives defaults and ignores a surplus */
    uint8_t flags;              /* or of enum lava_filter_flag */
    lava_filter_fn *fn;         /* NULL: cannot run here */
    lava_prepare_fn *prepare;   /* NULL: nothing to prepare */
};

/* All of Lava's filters, ascending by name (strcmp). */
extern const struct lava_filter lava_filters[];
extern const size_t lava_filters_count;

/* Names are case sensitive, as in Lava. NULL when there is none. */
const struct lava_filter *lava_filter_find(struct lava_str name);
/* The filter whose name is most like this one; NULL when none is near. */
const struct lava_filter *lava_filter_nearest(struct lava_str name);

#endif
