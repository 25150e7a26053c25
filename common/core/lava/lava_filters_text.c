/*
 * lava_filters_text: filters that cut, join and replace.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

static int give(struct lava_value *ret, struct lava_str s)
{
    *ret = lava_string(s.p, s.n);
    return 0;
}

/* ---- joining ---- */

int lava_do_Append(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    struct lava_str parts[2] = {{"", 0}, {"", 0}};

    if (lava_net_text(c, in, &parts[0]) < 0)
        return -1;
    if (in->type != LAVA_NIL && lava_at(args, 0) &&
        lava_net_text(c, lava_at(args, 0), &parts[1]) < 0)
        return -1;
    return lava_concat(c, parts, 2, ret);
}

int lava_do_Prepend(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct lava_str parts[2] = {{"", 0}, {"", 0}};

    if (lava_net_text(c, in, &parts[1]) < 0)
        return -1;
    if (in->type != LAVA_NIL && lava_at_text(c, args, 0, "", &parts[0]) < 0)
        return -1;
    return lava_concat(c, parts, 2, ret);
}

int lava_do_WithFallback(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    struct lava_str text, good, fallback, order;

    if (lava_net_text(c, in, &text) < 0 || lava_at_text(c, args, 0, "", &good) < 0 ||
        lava_at_text(c, args, 1, "", &fallback) < 0 ||
        lava_at_text(c, args, 2, "prepend", &order) < 0)
        return -1;
    if (lava_is_blank(text))
        return give(ret, fallback);
    bool before = lava_str_is(order, "prepend");
    return lava_concat(c, (struct lava_str[]){before ? good : text, before ? text : good}, 2, ret);
}

int lava_do_Default(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct lava_str s;

    if (in->type != LAVA_NIL && in->type != LAVA_STRING) {
        *ret = *in;
        return 0;
    }
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    if (!lava_is_blank(s))
        *ret = *in;
    else if (lava_at(args, 0))
        *ret = *lava_at(args, 0);
    return 0;
}

/* ---- cutting ---- */

static bool starts_with(struct lava_str s, struct lava_str what)
{
    return what.n <= s.n && memcmp(s.p, what.p, what.n) == 0;
}

static int trim(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                bool start,
                bool end,
                struct lava_value *ret)
{
    struct lava_str s, what;

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, NULL, &what) < 0)
        return -1;
    if (what.p == NULL)
        return give(ret, lava_trim(s, start, end));
    while (start && what.n && starts_with(s, what)) {
        s.p += what.n;
        s.n -= what.n;
    }
    while (end && what.n && s.n >= what.n &&
           starts_with((struct lava_str){s.p + s.n - what.n, what.n}, what))
        s.n -= what.n;
    return give(ret, s);
}

int lava_do_Trim(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    return trim(c, in, args, true, true, ret);
}

int lava_do_TrimStart(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    return trim(c, in, args, true, false, ret);
}

int lava_do_TrimEnd(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    return trim(c, in, args, false, true, ret);
}

int lava_do_Right(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct lava_str s;

    if (lava_net_text(c, in, &s) < 0)
        return -1;
    size_t count = lava_char_count(s);
    int32_t want = lava_at_int(args, 0, 0);
    if (want < 0)
        want = 0;
    if (count > (size_t)want) {
        size_t skip = lava_char_offset(s, count - (size_t)want);
        s.p += skip;
        s.n -= skip;
    }
    return give(ret, s);
}

/* Where a slice lies in n items; false: nowhere. */
static bool slice_bounds(size_t n, int64_t start, int64_t length, size_t *ret_start, size_t *ret_n)
{
    if (start < 0)
        start += (int64_t)n;
    if (start < 0 || length <= 0)
        return false;
    *ret_start = (uint64_t)start > n ? n : (size_t)start;
    *ret_n = (uint64_t)length > n - *ret_start ? n - *ret_start : (size_t)length;
    return true;
}

int lava_do_Slice(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    int32_t start = lava_at_int(args, 0, 0), length = lava_at_int(args, 1, 1);
    struct lava_str s;
    size_t from = 0, n = 0;

    if (in->type == LAVA_ARRAY || in->type == LAVA_RANGE) {
        const struct lava_value *items;
        size_t count;
        if (lava_items(c, in, &items, &count) < 0)
            return -1;
        if (!slice_bounds(count, start, length, &from, &n))
            n = 0;
        *ret = lava_array(items + from, n);
        return 0;
    }
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    if (!slice_bounds(lava_char_count(s), start, length, &from, &n))
        return give(ret, (struct lava_str){"", 0});
    from = lava_char_offset(s, from);
    s.p += from;
    s.n -= from;
    s.n = lava_char_offset(s, n);
    return give(ret, s);
}

int lava_do_Truncate(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    int32_t length = lava_at_int(args, 0, 50);
    struct lava_str s, dots;

    if (lava_in_text(c, in, &s) < 0 || lava_at_text(c, args, 1, "...", &dots) < 0)
        return -1;
    if ((int64_t)lava_char_count(s) <= length)
        return give(ret, s);
    int64_t keep = length - (int64_t)lava_char_count(dots);
    s.n = keep > 0 ? lava_char_offset(s, (size_t)keep) : 0;
    return lava_concat(c, (struct lava_str[]){s, dots}, 2, ret);
}

/* The next run without white space at or after *at; false: none. */
static bool next_word(struct lava_str s, size_t *at, struct lava_str *word)
{
    size_t n, i = *at;

    while (i < s.n && lava_char_is_space(lava_char_at(s.p + i, s.p + s.n, &n)))
        i += n;
    size_t start = i;
    while (i < s.n && !lava_char_is_space(lava_char_at(s.p + i, s.p + s.n, &n)))
        i += n;
    *word = (struct lava_str){s.p + start, i - start};
    *at = i;
    return i > start;
}

int lava_do_TruncateWords(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    int32_t left = lava_at_int(args, 0, 15);
    struct lava_str s, dots, word;
    size_t at = 0;

    if (lava_in_text(c, in, &s) < 0 || lava_at_text(c, args, 1, "...", &dots) < 0)
        return -1;
    for (left = left < 1 ? 1 : left; left > 0 && next_word(s, &at, &word); left--) {
        if ((b.n && lava_build_puts(&b, " ") < 0) || lava_build_add(&b, word.p, word.n) < 0)
            return -1;
    }
    if (left == 0 && next_word(s, &at, &word) && lava_build_add(&b, dots.p, dots.n) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

/* ---- splitting ---- */

struct pieces {
    struct lava_value *v; /* room for all that there can be */
    size_t n;
    bool keep_empty;
};

static void add_piece(struct pieces *out, const char *p, size_t n)
{
    if (n > 0 || out->keep_empty)
        out->v[out->n++] = lava_string(p, n);
}

/* Without a separator .NET splits at white space. */
static void split_words(struct lava_str s, size_t max, struct pieces *out)
{
    size_t at = 0;
    struct lava_str word;

    while (out->n + 1 < max && next_word(s, &at, &word))
        add_piece(out, word.p, word.n);
    add_piece(out, s.p + at, s.n - at);
}

static void split_at(struct lava_str s, struct lava_str by, size_t max, struct pieces *out)
{
    size_t from = 0;

    while (out->n + 1 < max) {
        size_t hit = lava_str_find(s, by, from);
        if (hit == s.n)
            break;
        add_piece(out, s.p + from, hit - from);
        from = hit + by.n;
    }
    add_piece(out, s.p + from, s.n - from);
}

/* Split: separator, leave out what is empty (true), at most so many pieces. */
int lava_do_Split(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct lava_str s, by, remove;
    struct pieces out = {0};
    int32_t max = lava_at_int(args, 2, INT32_MAX);

    if (lava_in_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &by) < 0 ||
        lava_at_text(c, args, 1, "true", &remove) < 0)
        return -1;
    out.keep_empty = lava_net_bool(remove) == 0;
    *ret = lava_array(NULL, 0);
    if (max <= 0)
        return 0;
    size_t room = 2;
    for (size_t at = 0; by.n && (at = lava_str_find(s, by, at)) < s.n; at += by.n)
        room++;
    if (by.n == 0)
        room = s.n / 2 + 2;
    out.v = lava_step(c, room) < 0 ? NULL : lava_alloc(c, room * sizeof(*out.v));
    if (!out.v)
        return -1;
    if (by.n)
        split_at(s, by, (size_t)max, &out);
    else
        split_words(s, (size_t)max, &out);
    *ret = lava_array(out.v, out.n);
    return 0;
}

/* ---- replacing ---- */

/* Every `what` of s becomes `by`. what is not empty. */
static int replace_all(struct lava_ctx *c,
                       struct lava_str s,
                       struct lava_str what,
                       struct lava_str by,
                       struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    size_t from = 0, hit;

    while ((hit = lava_str_find(s, what, from)) < s.n) {
        if (lava_build_add(&b, s.p + from, hit - from) < 0 || lava_build_add(&b, by.p, by.n) < 0)
            return -1;
        from = hit + what.n;
    }
    if (from == 0)
        return give(ret, s);
    if (lava_build_add(&b, s.p + from, s.n - from) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_Remove(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    struct lava_str s, what;

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &what) < 0)
        return -1;
    return what.n ? replace_all(c, s, what, (struct lava_str){"", 0}, ret) : give(ret, s);
}

static int emit(void *user, const char *p, size_t n)
{
    return lava_build_add(user, p, n) < 0 ? 1 : 0;
}

/*
 * Rock replaces by an escaped regular expression, so that $ in the replacement means what it means
 * there ($$ a dollar sign, $& what was found).
 */
static int replace_with_dollar(struct lava_ctx *c,
                               struct lava_str s,
                               struct lava_str what,
                               struct lava_str by,
                               struct lava_value *ret)
{
    struct lava_build pattern = {.c = c}, b = {.c = c};
    uint64_t budget = LAVA_REGEX_BUDGET;
    struct err err;

    for (size_t i = 0; i < what.n; i++) {
        bool meta = what.p[i] && strchr("\\^$.[]|()*+?{}-#", what.p[i]);
        if ((meta && lava_build_puts(&pattern, "\\") < 0) ||
            lava_build_add(&pattern, what.p + i, 1) < 0)
            return -1;
    }
    autoptr(lava_regex_free) struct lava_regex *re =
        lava_regex_new(NULL, pattern.p, pattern.n, 0, &err);
    if (!re)
        return lava_fail(c, "Replace: %s", err.text);
    int r = lava_regex_replace(re, &budget, s.p, s.n, by.p, by.n, emit, &b, &err);
    if (r < 0)
        return lava_fail(c, "Replace: %s", err.text);
    if (r > 0 || lava_step(c, LAVA_REGEX_BUDGET - budget) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_Replace(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct lava_str s, what, by = {"", 0};

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &what) < 0)
        return -1;
    if (lava_at(args, 1) && lava_net_text(c, lava_at(args, 1), &by) < 0)
        return -1;
    if (what.n == 0 || s.n == 0)
        return give(ret, s);
    if (by.n && memchr(by.p, '$', by.n))
        return replace_with_dollar(c, s, what, by, ret);
    return replace_all(c, s, what, by, ret);
}

int lava_do_ReplaceLast(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    struct lava_str s, what, by;
    size_t last = SIZE_MAX;

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &what) < 0 ||
        lava_at_text(c, args, 1, "", &by) < 0)
        return -1;
    for (size_t i = s.n + 1; what.n && i-- > what.n;) {
        if (memcmp(s.p + i - what.n, what.p, what.n) == 0) {
            last = i - what.n;
            break;
        }
    }
    if (last == SIZE_MAX)
        return give(ret, s);
    return lava_concat(
        c, (struct lava_str[]){{s.p, last}, by, {s.p + last + what.n, s.n - last - what.n}}, 3,
        ret);
}

/* One of the two is written for another: first the line ends, then all else. */
static int replace_lines(struct lava_ctx *c,
                         const struct lava_value *in,
                         const char *by,
                         struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;

    if (lava_in_text(c, in, &s) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        bool crlf = s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n';
        bool end = s.p[i] == '\n' || crlf || (s.p[i] == '\r' && !*by);
        i += crlf;
        if ((end ? lava_build_puts(&b, by) : lava_build_add(&b, s.p + i, 1)) < 0)
            return -1;
    }
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_NewlineToBr(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    (void)args;
    return replace_lines(c, in, "<br />", ret);
}

int lava_do_StripNewlines(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    (void)args;
    return replace_lines(c, in, "", ret);
}

int lava_do_SanitizeSql(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    return replace_all(c, s, LAVA_STR("'"), LAVA_STR("''"), ret);
}

int lava_do_ObfuscateEmail(struct lava_ctx *c,
                           const struct lava_value *in,
                           const struct lava_args *args,
                           struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    size_t at = lava_str_find(s, LAVA_STR("@"), 0);
    if (at == 0 || at == s.n || lava_str_find(s, LAVA_STR("@"), at + 1) < s.n)
        return give(ret, s);
    struct lava_str first = {s.p, lava_char_offset(s, 1)}, rest = {s.p + at, s.n - at};
    return lava_concat(c, (struct lava_str[]){first, LAVA_STR("xxxxx"), rest}, 3, ret);
}

int lava_do_XamlWrap(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    if (lava_is_blank(s))
        return give(ret, s);
    return lava_concat(c, (struct lava_str[]){LAVA_STR("<![CDATA["), s, LAVA_STR("]]>")}, 3, ret);
}
