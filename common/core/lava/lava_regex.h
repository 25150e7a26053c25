/*
 * lava_regex: regular expressions as .NET has them, on PCRE2.
 *
 * A pattern is compiled once and used from any thread. Bounds on steps, depth and memory make a
 * pattern that backtracks an error and never a stall. Where .NET and PCRE2 write the same thing
 * differently ((?<name>..), \z, $ before the last newline, RegexOptions), the pattern is rewritten;
 * what PCRE2 does not have (balancing groups, character class subtraction) is refused.
 *
 * @source .NET regular expression language; pcre2pattern(3), pcre2api(3)
 */
#ifndef SYNC_CORE_LAVA_REGEX_H
#define SYNC_CORE_LAVA_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct arena;
struct lava_regex;
struct str;

enum { LAVA_REGEX_MAX_PATTERN = 4096, LAVA_REGEX_MAX_GROUPS = 64 };

struct lava_match {
    size_t start, end; /* bytes in the subject; start > end: group took no part */
};

/*
 * @options  letters as Lava's filters take them: i m n s x; others are an error. May be NULL.
 * @a        NULL: from the heap, to be freed with lava_regex_free; else the arena's, and never
 * freed
 * @return   NULL with *err
 */
struct lava_regex *lava_regex_new(struct arena *a,
                                  const char *pattern,
                                  size_t n,
                                  const char *options,
                                  size_t options_len,
                                  struct err *err);
void lava_regex_free(struct lava_regex *re); /* NULL is fine; only what came from the heap */

size_t
lava_regex_groups(const struct lava_regex *re); /* groups[0] is the whole match: 1 at least */

/*
 * The first match at or after `from`.
 * @a       for what a match needs meanwhile
 * @groups  at least lava_regex_groups() of them
 * @return  1 found, 0 not, -1 with *err (bound exceeded, subject not UTF-8)
 */
int lava_regex_match(const struct lava_regex *re,
                     struct arena *a,
                     const char *s,
                     size_t n,
                     size_t from,
                     struct lava_match *groups,
                     struct err *err) must_check;

/* Where to look for the match behind this one: an empty match steps over one character. */
size_t lava_regex_next(const struct lava_match *whole, const char *s, size_t n);

/*
 * Every match replaced, as Regex.Replace does: $1 ${1} ${name} $$ $& $` $' $+ $_; what is no known
 * group stays as it is.
 */
int lava_regex_replace(const struct lava_regex *re,
                       struct arena *a,
                       const char *s,
                       size_t n,
                       const char *replacement,
                       size_t replacement_len,
                       struct str *out,
                       struct err *err) must_check;

#endif
