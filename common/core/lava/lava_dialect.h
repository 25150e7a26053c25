/*
 * lava_dialect: how the same core is judged by public Liquid suites.
 *
 * The product renders Lava and nothing else: production code passes no dialect. A test runner may
 * pass one, in which the few places where Lava and Shopify's Liquid part ways (DIALECT.md) are
 * decided by its own table of filters and by hooks. What the parser and the renderer themselves do
 * differently when a dialect is given:
 * - unknown filters, a wrong number of arguments and expressions in `{{ }}` that compare are
 * errors;
 * - words of the language keep their case, names are ASCII and do not begin with a digit, texts
 * have no escapes, a path may begin with a bracket;
 * - there are no //- and /- -/ comments, no shortcodes and no `startswith`, but {% # comments %};
 *   comments nest; a line of {% liquid %} is a tag;
 * - blocks of white space and assignments alone print nothing;
 * - increment and decrement share their numbers with variables, decrement begins with -1; a cycle
 *   without a name is known by its values.
 */
#ifndef SYNC_CORE_LAVA_DIALECT_H
#define SYNC_CORE_LAVA_DIALECT_H

#include "common/core/lava/lava_filter.h"

struct lava_dialect {
    /* Replaces the table of Lava's filters; NULL result: unknown, which then is an error. */
    const struct lava_filter *(*find_filter)(struct lava_str name);
    /* Replaces lava_equal and lava_compare. compare: as lava_compare, or -2 in *ret and false for
     * "these cannot be compared", which fails the render. */
    bool (*equal)(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b);
    bool (*compare)(struct lava_ctx *c,
                    const struct lava_value *a,
                    const struct lava_value *b,
                    int *ret);
    bool (*contains)(struct lava_ctx *c, const struct lava_value *in, const struct lava_value *of);
    /* Text of what is printed differently: 1 done, 0 as Lava prints it, -1 failed (set in c). */
    int (*text)(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
};

#endif
