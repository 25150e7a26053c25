/*
 * lava_liquid_p: what the files of the Liquid dialect share. lava_liquid.c: comparisons, printing,
 * the table; lava_liquid_text.c, _list.c, _math.c: filters.
 *
 * Ruby's words: an Integer is a number of scale 0, a Float one of any other scale.
 */
#ifndef SYNC_CLI_LAVA_LIQUID_P_H
#define SYNC_CLI_LAVA_LIQUID_P_H

#include "common/base/cleanup.h"

#include "cli/lava_liquid.h"

/* X(name, least arguments, most): the filter `name` is the function liquid_name. Ascending. */
#define LIQUID_FILTERS(X)                                                                          \
    X(abs, 0, 0)                                                                                   \
    X(append, 1, 1)                                                                                \
    X(at_least, 1, 1)                                                                              \
    X(at_most, 1, 1)                                                                               \
    X(base64_decode, 0, 0)                                                                         \
    X(base64_encode, 0, 0)                                                                         \
    X(base64_url_safe_decode, 0, 0)                                                                \
    X(base64_url_safe_encode, 0, 0)                                                                \
    X(capitalize, 0, 0)                                                                            \
    X(ceil, 0, 0)                                                                                  \
    X(compact, 0, 1)                                                                               \
    X(concat, 1, 1)                                                                                \
    X(date, 1, 1)                                                                                  \
    X(default, 0, 1)                                                                               \
    X(divided_by, 1, 1)                                                                            \
    X(downcase, 0, 0)                                                                              \
    X(escape, 0, 0)                                                                                \
    X(escape_once, 0, 0)                                                                           \
    X(find, 1, 2)                                                                                  \
    X(find_index, 1, 2)                                                                            \
    X(first, 0, 0)                                                                                 \
    X(floor, 0, 0)                                                                                 \
    X(has, 1, 2)                                                                                   \
    X(join, 0, 1)                                                                                  \
    X(last, 0, 0)                                                                                  \
    X(lstrip, 0, 0)                                                                                \
    X(map, 1, 1)                                                                                   \
    X(minus, 1, 1)                                                                                 \
    X(modulo, 1, 1)                                                                                \
    X(newline_to_br, 0, 0)                                                                         \
    X(plus, 1, 1)                                                                                  \
    X(prepend, 1, 1)                                                                               \
    X(reject, 1, 2)                                                                                \
    X(remove, 1, 1)                                                                                \
    X(remove_first, 1, 1)                                                                          \
    X(remove_last, 1, 1)                                                                           \
    X(replace, 1, 2)                                                                               \
    X(replace_first, 1, 2)                                                                         \
    X(replace_last, 2, 2)                                                                          \
    X(reverse, 0, 0)                                                                               \
    X(round, 0, 1)                                                                                 \
    X(rstrip, 0, 0)                                                                                \
    X(size, 0, 0)                                                                                  \
    X(slice, 1, 2)                                                                                 \
    X(sort, 0, 1)                                                                                  \
    X(sort_natural, 0, 1)                                                                          \
    X(split, 1, 1)                                                                                 \
    X(strip, 0, 0)                                                                                 \
    X(strip_html, 0, 0)                                                                            \
    X(strip_newlines, 0, 0)                                                                        \
    X(sum, 0, 1)                                                                                   \
    X(times, 1, 1)                                                                                 \
    X(truncate, 0, 2)                                                                              \
    X(truncatewords, 0, 2)                                                                         \
    X(uniq, 0, 1)                                                                                  \
    X(upcase, 0, 0)                                                                                \
    X(url_decode, 0, 0)                                                                            \
    X(url_encode, 0, 0)                                                                            \
    X(where, 1, 2)

#define X(name, low, high) lava_filter_fn liquid_##name;
LIQUID_FILTERS(X)
#undef X

/* Ruby's to_s of a value inside a filter, where an array is not joined but shown: ["a", 1]. */
int liquid_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
/* As liquid_text, texts in quotes and nil as nil. */
int liquid_inspect(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
bool liquid_equal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b);
/* Utils.to_number: what a text begins with; 0 for anything else. */
struct decimal liquid_number(const struct lava_value *v);
/* Utils.to_integer; -1 (the render fails) for what is no whole number. */
int liquid_integer(struct lava_ctx *c, const struct lava_value *v, int64_t *ret);
/* A result of arithmetic: a Float once one of the operands was, rounded to what a double holds. */
struct lava_value liquid_float(struct decimal d);
/* InputIterator: items of an array (flattened) or range, a hash or anything else as one item. */
int liquid_list(struct lava_ctx *c,
                const struct lava_value *v,
                const struct lava_value **ret,
                size_t *ret_n);
/* item[key], as Ruby has it: NONE when the item has no such operation at all, FAILED (the render
 * fails) when it takes no such key. */
enum liquid_found { LIQUID_FAILED = -1, LIQUID_NONE, LIQUID_FOUND };
enum liquid_found liquid_property(struct lava_ctx *c,
                                  const struct lava_value *item,
                                  const struct lava_value *key,
                                  struct lava_value *ret);
/* At most max bytes; returns how many. */
size_t
lava_liquid_strftime(const struct lava_date *d, struct lava_str format, char *out, size_t max);
/* The i-th argument; nil when it was left out. */
struct lava_value liquid_arg(const struct lava_args *args, size_t i);
/* Is there nothing in it, as Ruby's empty? says? */
bool liquid_is_empty(const struct lava_value *v);

#endif
