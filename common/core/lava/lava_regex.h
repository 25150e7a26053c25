/*
 * lava_regex: regular expressions as .NET has them, on PCRE2.
 *
 * A pattern is compiled once and used from any thread. A budget of steps and bounds on memory make
 * a pattern that backtracks an error and never a stall. What .NET and PCRE2 write differently is
 * rewritten (\uXXXX, \v, [ in a class); what .NET does not know is refused, and so is what PCRE2
 * does not have: balancing groups, subtraction in a class, lookbehind of no fixed length, blocks
 * (\p{IsGreek}).
 *
 * @source .NET regular expression language; pcre2pattern(3), pcre2api(3)
 */
#ifndef SYNC_CORE_LAVA_REGEX_H
#define SYNC_CORE_LAVA_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct arena;
struct lava_regex;

enum {
    LAVA_REGEX_MAX_PATTERN = 2048,   /* bytes */
    LAVA_REGEX_MAX_COMPILED = 16384, /* bytes; repeats of repeats grow */
    LAVA_REGEX_MAX_GROUPS = 50,
    LAVA_REGEX_BUDGET = 4000000 /* steps of one use; a step is about 10 ns */
};

enum lava_regex_option { LAVA_REGEX_IGNORE_CASE = 1, LAVA_REGEX_MULTILINE = 2 };

struct lava_match {
    size_t start, end; /* bytes in the subject; start > end: group took no part */
};

/*
 * @options  or of enum lava_regex_option
 * @a        NULL: on the heap, to be freed with lava_regex_free; else in the arena and never freed
 * @return   NULL with *err: no pattern of .NET's, or beyond a bound
 */
struct lava_regex *lava_regex_new(
    struct arena *a, const char *pattern, size_t n, unsigned options, struct err *err) must_check;
void lava_regex_free(struct lava_regex *re); /* NULL is fine; only what came from the heap */
CLEANUP_DEFINE(struct lava_regex, lava_regex_free);

/* Bytes of the compiled pattern. */
size_t lava_regex_size(const struct lava_regex *re);
/* Groups with the whole match, which is group 0: 1 at least, LAVA_REGEX_MAX_GROUPS at most. */
size_t lava_regex_groups(const struct lava_regex *re);

/*
 * The first match at or after `from`.
 * @budget  steps left; goes down by what was used
 * @s       any bytes; what is not UTF-8 matches nothing
 * @groups  lava_regex_groups() of them, in .NET's order: those with a name come last
 * @return  1 found, 0 not, -1 with *err (budget used up)
 */
int lava_regex_match(const struct lava_regex *re,
                     uint64_t *budget,
                     const char *s,
                     size_t n,
                     size_t from,
                     struct lava_match *groups,
                     struct err *err) must_check;

/* Where to look for the match behind this one: an empty match steps over one character. */
size_t lava_regex_next(const struct lava_match *whole, const char *s, size_t n);

/* Takes a piece of a replaced text; not 0 ends the replacing. */
typedef int lava_emit_fn(void *user, const char *p, size_t n);

/*
 * Every match replaced, as Regex.Replace does it. In the replacement stand $1, ${1}, ${name} for
 * groups, $& for the match, $` and $' for what is around it, $+ for the last group, $_ for all of s
 * and $$ for a dollar sign; what names no group stays as it is.
 * @return  0, -1 with *err, or what emit returned
 */
int lava_regex_replace(const struct lava_regex *re,
                       uint64_t *budget,
                       const char *s,
                       size_t n,
                       const char *replacement,
                       size_t replacement_len,
                       lava_emit_fn *emit,
                       void *user,
                       struct err *err) must_check;

#endif
