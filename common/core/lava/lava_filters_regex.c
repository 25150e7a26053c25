/*
 * lava_filters_regex: filters by regular expressions. Constant ones are compiled when the template
 * is parsed.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

enum { PREPARED_MAX = 2048 }; /* compiled bytes that a template may keep for one filter */

/* A pattern in use: prepared, or made for this one call. */
struct use {
    const struct lava_regex *re;
    struct lava_regex *own;
    uint64_t budget;
};

static unsigned options_of(struct lava_str s)
{
    unsigned options = 0;

    for (size_t i = 0; i < s.n; i++)
        options |= s.p[i] == 'i'   ? LAVA_REGEX_IGNORE_CASE
                   : s.p[i] == 'm' ? LAVA_REGEX_MULTILINE
                                   : 0;
    return options;
}

static int prepare(
    struct arena *a, struct lava_str pattern, unsigned options, const void **ret, struct err *err)
{
    autoptr(lava_regex_free) struct lava_regex *probe =
        lava_regex_new(NULL, pattern.p, pattern.n, options, err);

    if (!probe)
        return -1;
    if (lava_regex_size(probe) > PREPARED_MAX)
        return 0; /* compiled at each use instead: templates stay small */
    *ret = lava_regex_new(a, pattern.p, pattern.n, options, err);
    return *ret ? 0 : -1;
}

static int prepare_with(struct arena *a,
                        const struct lava_args *args,
                        size_t options_at,
                        const void **ret,
                        struct err *err)
{
    struct lava_str options = {"", 0};

    if (args->n == 0 || args->v[0].type != LAVA_STRING)
        return 0;
    if (args->n > options_at) {
        if (args->v[options_at].type != LAVA_STRING)
            return 0;
        options = lava_str_of(&args->v[options_at]);
    }
    return prepare(a, lava_str_of(&args->v[0]), options_of(options), ret, err);
}

int lava_prepare_regex(struct arena *a,
                       const struct lava_args *args,
                       const void **ret,
                       struct err *err)
{
    return prepare_with(a, args, 1, ret, err);
}

int lava_prepare_replace(struct arena *a,
                         const struct lava_args *args,
                         const void **ret,
                         struct err *err)
{
    return prepare_with(a, args, 2, ret, err);
}

static bool has_meta(struct lava_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] && strchr(".$^{}[]()*\\+?|", s.p[i]))
            return true;
    }
    return false;
}

int lava_prepare_first(struct arena *a,
                       const struct lava_args *args,
                       const void **ret,
                       struct err *err)
{
    if (args->n == 0 || args->v[0].type != LAVA_STRING || args->v[0].n < 2 ||
        !has_meta(lava_str_of(&args->v[0])))
        return 0;
    return prepare(a, lava_str_of(&args->v[0]), 0, ret, err);
}

static void use_end(struct use *u)
{
    lava_regex_free(u->own);
}
CLEANUP_VALUE(struct use, use_end);

static int
use_begin(struct use *u, struct lava_ctx *c, const struct lava_args *args, size_t options_at)
{
    struct lava_str pattern, options;
    struct err err;

    u->budget = LAVA_REGEX_BUDGET;
    u->re = args->prepared;
    if (u->re)
        return 0;
    if (lava_at_text(c, args, 0, "", &pattern) < 0 ||
        lava_at_text(c, args, options_at, "", &options) < 0 ||
        lava_step(c, 500 + pattern.n * 20) < 0)
        return -1;
    u->own = lava_regex_new(NULL, pattern.p, pattern.n, options_of(options), &err);
    u->re = u->own;
    return u->own ? 0 : lava_fail(c, "%s", err.text);
}

/* As lava_regex_match; its steps are the render's. */
static int
find(struct use *u, struct lava_ctx *c, struct lava_str s, size_t from, struct lava_match *groups)
{
    uint64_t before = u->budget;
    struct err err;
    int found = lava_regex_match(u->re, &u->budget, s.p, s.n, from, groups, &err);

    if (found < 0)
        return lava_fail(c, "%s", err.text);
    return lava_step(c, before - u->budget) < 0 ? -1 : found;
}

int lava_do_RegExMatch(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    autovalue(use_end) struct use u = {0};
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    struct lava_str s;

    if (lava_in_text(c, in, &s) < 0 || use_begin(&u, c, args, 1) < 0)
        return -1;
    int found = find(&u, c, s, 0, groups);
    if (found < 0)
        return -1;
    *ret = lava_bool(found);
    return 0;
}

int lava_do_RegExMatchValue(struct lava_ctx *c,
                            const struct lava_value *in,
                            const struct lava_args *args,
                            struct lava_value *ret)
{
    autovalue(use_end) struct use u = {0};
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    struct lava_str s;

    if (lava_in_text(c, in, &s) < 0 || use_begin(&u, c, args, 1) < 0)
        return -1;
    int found = find(&u, c, s, 0, groups);
    if (found < 0)
        return -1;
    if (found)
        *ret = lava_string(s.p + groups[0].start, groups[0].end - groups[0].start);
    return 0;
}

struct list {
    struct lava_value *v;
    size_t n, cap;
};

static int list_add(struct lava_ctx *c, struct list *l, struct lava_value v)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        struct lava_value *grown =
            lava_step(c, cap) < 0 ? NULL : lava_alloc(c, cap * sizeof(*grown));
        if (!grown)
            return -1;
        if (l->n)
            memcpy(grown, l->v, l->n * sizeof(*grown));
        l->v = grown;
        l->cap = cap;
    }
    l->v[l->n++] = v;
    return 0;
}

/* All matches, each followed by its groups. */
int lava_do_RegExMatchValues(struct lava_ctx *c,
                             const struct lava_value *in,
                             const struct lava_args *args,
                             struct lava_value *ret)
{
    autovalue(use_end) struct use u = {0};
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    struct list out = {0};
    struct lava_str s;
    int found;

    if (lava_in_text(c, in, &s) < 0 || use_begin(&u, c, args, 1) < 0)
        return -1;
    for (size_t from = 0; from <= s.n; from = lava_regex_next(&groups[0], s.p, s.n)) {
        found = find(&u, c, s, from, groups);
        if (found < 0)
            return -1;
        if (!found)
            break;
        for (size_t g = 0; g < lava_regex_groups(u.re); g++) {
            bool part = groups[g].start <= groups[g].end;
            struct lava_value v =
                part ? lava_string(s.p + groups[g].start, groups[g].end - groups[g].start)
                     : lava_string("", 0);
            if (list_add(c, &out, v) < 0)
                return -1;
        }
    }
    *ret = lava_array(out.v, out.n);
    return 0;
}

static int emit(void *user, const char *p, size_t n)
{
    return lava_build_add(user, p, n) < 0 ? 1 : 0;
}

int lava_do_RegExReplace(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    autovalue(use_end) struct use u = {0};
    struct lava_build b = {.c = c};
    struct lava_str s, by;
    struct err err;

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 1, "", &by) < 0 ||
        use_begin(&u, c, args, 2) < 0)
        return -1;
    int r = lava_regex_replace(u.re, &u.budget, s.p, s.n, by.p, by.n, emit, &b, &err);
    if (r < 0)
        return lava_fail(c, "%s", err.text);
    if (r > 0 || lava_step(c, LAVA_REGEX_BUDGET - u.budget) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

/* Where the first match of what ReplaceFirst takes for a pattern is: 1, 0 or -1. */
static int find_first(struct lava_ctx *c,
                      struct lava_str s,
                      struct lava_str what,
                      const struct lava_args *args,
                      struct lava_match *ret)
{
    autovalue(use_end) struct use u = {0};
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];

    if (what.n < 2 || !has_meta(what)) { /* a single character is escaped by Rock */
        ret->start = lava_str_find(s, what, 0);
        ret->end = ret->start + what.n;
        return ret->start < s.n;
    }
    if (use_begin(&u, c, args, SIZE_MAX) < 0)
        return -1;
    int found = find(&u, c, s, 0, groups);
    if (found > 0)
        *ret = groups[0];
    return found;
}

static int replace_first(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_str by,
                         struct lava_value *ret)
{
    struct lava_str s, what;
    struct lava_match m = {0, 0};

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &what) < 0)
        return -1;
    int found = what.n ? find_first(c, s, what, args, &m) : 0;
    if (found < 0)
        return -1;
    if (!found) {
        *ret = lava_string(s.p, s.n);
        return 0;
    }
    return lava_concat(c, (struct lava_str[]){{s.p, m.start}, by, {s.p + m.end, s.n - m.end}}, 3,
                       ret);
}

int lava_do_ReplaceFirst(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    struct lava_str by;

    return lava_at_text(c, args, 1, "", &by) < 0 ? -1 : replace_first(c, in, args, by, ret);
}

int lava_do_RemoveFirst(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    return replace_first(c, in, args, (struct lava_str){"", 0}, ret);
}
