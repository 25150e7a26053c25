/*
 * lava_dialect: how the same core is judged by public Liquid suites.
 *
 * The product renders Lava and nothing else: production code passes no dialect. A test runner may
 * pass one, in which the few places where Lava and Shopify's Liquid part ways (DIALECT.md) are
 * decided by its own table of filters and by hooks. Nothing of Shopify's rules lives in this layer
 * but the places that ask.
 */
#ifndef SYNC_CORE_LAVA_DIALECT_H
#define SYNC_CORE_LAVA_DIALECT_H

#include "common/core/lava/lava_filter.h"

struct lava_parser;
struct lava_node;

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
    /* Text of what Lava and others print differently; false: print it as Lava does. */
    int (*text)(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
    bool strict;      /* unknown filters, wrong counts of arguments and loose syntax are errors */
    bool quiet_blank; /* blocks of white space and assignments alone print nothing */
    bool case_once;   /* `when a, a` renders once; text between case and when is skipped */
    bool counters;    /* increment and decrement share their numbers with variables */
    bool words_keep_case; /* only `true`, not `True`, is a word of the language */
    bool hash_comment;    /* {% # ... %} */
    bool no_lava_syntax;  /* no //- and /- -/ comments, no {[ shortcodes ]} */
};

#endif
