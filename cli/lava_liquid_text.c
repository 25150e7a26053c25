/*
 * Liquid's filters of texts.
 */
#include <utf8proc.h>

#include "cli/lava_liquid_p.h"

static bool space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The input as text, and nil left alone: 1 go on, 0 nil, -1 failed. */
static int input(struct lava_ctx *c, const struct lava_value *in, struct lava_str *ret)
{
    return liquid_text(c, in, ret) < 0 ? -1 : lava_step(c, ret->n / 64) < 0 ? -1 : 1;
}

static struct lava_value text_of(struct lava_str s)
{
    return lava_string(s.p, s.n);
}

/* --- letter case --- */

static int recased(struct lava_ctx *c,
                   struct lava_str s,
                   utf8proc_int32_t (*first)(utf8proc_int32_t),
                   utf8proc_int32_t (*rest)(utf8proc_int32_t),
                   struct lava_value *ret)
{
    char *p = lava_alloc(c, s.n * 2 + 4);
    size_t n = 0;
    bool begun = false;

    if (!p)
        return -1;
    for (size_t i = 0; i < s.n;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)s.p + i, (utf8proc_ssize_t)(s.n - i), &code);
        if (used < 1) {
            p[n++] = s.p[i++];
            continue;
        }
        i += (size_t)used;
        code = (begun ? rest : first)(code);
        begun = true;
        n += (size_t)utf8proc_encode_char(code, (utf8proc_uint8_t *)p + n);
    }
    *ret = lava_string(p, n);
    return 0;
}

int liquid_upcase(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    return input(c, in, &s) < 0 ? -1 : recased(c, s, utf8proc_toupper, utf8proc_toupper, ret);
}

int liquid_downcase(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    return input(c, in, &s) < 0 ? -1 : recased(c, s, utf8proc_tolower, utf8proc_tolower, ret);
}

int liquid_capitalize(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    return input(c, in, &s) < 0 ? -1 : recased(c, s, utf8proc_toupper, utf8proc_tolower, ret);
}

/* --- white space --- */

static int stripped(
    struct lava_ctx *c, const struct lava_value *in, bool left, bool right, struct lava_value *ret)
{
    struct lava_str s;

    if (input(c, in, &s) < 0)
        return -1;
    while (left && s.n && space(*s.p)) {
        s.p++;
        s.n--;
    }
    while (right && s.n && (space(s.p[s.n - 1]) || !s.p[s.n - 1]))
        s.n--;
    *ret = text_of(s);
    return 0;
}

int liquid_strip(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    (void)args;
    return stripped(c, in, true, true, ret);
}

int liquid_lstrip(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    (void)args;
    return stripped(c, in, true, false, ret);
}

int liquid_rstrip(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    (void)args;
    return stripped(c, in, false, true, ret);
}

/* Every line's end replaced. */
static int replace_lines(struct lava_ctx *c,
                         const struct lava_value *in,
                         struct lava_str with,
                         struct lava_value *ret)
{
    struct lava_str s;

    if (input(c, in, &s) < 0)
        return -1;
    size_t n = 0;
    char *p = lava_alloc(c, s.n * (with.n + 1));
    if (!p)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
            continue;
        if (s.p[i] != '\n') {
            p[n++] = s.p[i];
            continue;
        }
        memcpy(p + n, with.p, with.n);
        n += with.n;
    }
    *ret = lava_string(p, n);
    return 0;
}

int liquid_newline_to_br(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    (void)args;
    return replace_lines(c, in, LAVA_STR("<br />\n"), ret);
}

int liquid_strip_newlines(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    (void)args;
    return replace_lines(c, in, LAVA_STR(""), ret);
}

/* --- append, prepend, replace, remove --- */

static int add(struct lava_ctx *c,
               const struct lava_value *first,
               const struct lava_value *second,
               struct lava_value *ret)
{
    struct lava_str pieces[2];

    if (liquid_text(c, first, &pieces[0]) < 0 || liquid_text(c, second, &pieces[1]) < 0)
        return -1;
    return lava_concat(c, pieces, 2, ret);
}

int liquid_append(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    return add(c, in, args->v, ret);
}

int liquid_prepend(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    return add(c, args->v, in, ret);
}

enum which { ALL, FIRST, LAST };

static const char *find_last(struct lava_str s, struct lava_str what)
{
    for (size_t i = s.n - what.n + 1; what.n <= s.n && i-- > 0;)
        if (!what.n || memcmp(s.p + i, what.p, what.n) == 0)
            return s.p + i;
    return NULL;
}

/* The empty text is found before every character and at the end. */
static const char *find_next(struct lava_str s, struct lava_str what)
{
    return what.n ? memmem(s.p, s.n, what.p, what.n) : s.p;
}

/* Bytes of the first character. */
static size_t one_character(struct lava_str s)
{
    size_t n = s.n ? 1 : 0;

    while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* The empty text: between all characters, and at both ends. */
static int
weave(struct lava_ctx *c, struct lava_str s, struct lava_str with, struct lava_value *ret)
{
    struct lava_str *pieces = lava_alloc(c, (2 * s.n + 1) * sizeof(*pieces));
    size_t n = 0;

    if (!pieces)
        return -1;
    pieces[n++] = with;
    while (s.n) {
        size_t k = one_character(s);
        pieces[n++] = (struct lava_str){s.p, k};
        pieces[n++] = with;
        s.p += k;
        s.n -= k;
    }
    return lava_concat(c, pieces, n, ret);
}

static int replace_all(struct lava_ctx *c,
                       struct lava_str s,
                       struct lava_str what,
                       struct lava_str with,
                       struct lava_value *ret)
{
    if (!what.n)
        return weave(c, s, with, ret);
    struct lava_str *pieces = lava_alloc(c, (2 * (s.n / what.n) + 1) * sizeof(*pieces));
    size_t n = 0;
    if (!pieces)
        return -1;
    for (const char *at; (at = memmem(s.p, s.n, what.p, what.n)); n += 2) {
        size_t before = (size_t)(at - s.p);
        pieces[n] = (struct lava_str){s.p, before};
        pieces[n + 1] = with;
        s.p += before + what.n;
        s.n -= before + what.n;
    }
    pieces[n++] = s;
    return lava_concat(c, pieces, n, ret);
}

static int replaced(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    enum which which,
                    bool remove,
                    struct lava_value *ret)
{
    struct lava_value by = remove ? lava_nil() : liquid_arg(args, 1);
    struct lava_str s, what, with;

    if (input(c, in, &s) < 0 || liquid_text(c, args->v, &what) < 0 ||
        liquid_text(c, &by, &with) < 0)
        return -1;
    if (which == ALL)
        return replace_all(c, s, what, with, ret);
    const char *at = which == FIRST ? find_next(s, what) : find_last(s, what);
    if (!at) {
        *ret = text_of(s);
        return 0;
    }
    size_t before = (size_t)(at - s.p);
    struct lava_str pieces[] = {{s.p, before}, with, {at + what.n, s.n - before - what.n}};
    return lava_concat(c, pieces, ARRAY_LEN(pieces), ret);
}

#define REPLACE(name, which, remove)                                                               \
    int liquid_##name(struct lava_ctx *c, const struct lava_value *in,                             \
                      const struct lava_args *args, struct lava_value *ret)                        \
    {                                                                                              \
        return replaced(c, in, args, which, remove, ret);                                          \
    }
REPLACE(replace, ALL, false)
REPLACE(replace_first, FIRST, false)
REPLACE(replace_last, LAST, false)
REPLACE(remove, ALL, true)
REPLACE(remove_first, FIRST, true)
REPLACE(remove_last, LAST, true)

/* --- slices --- */

/* Bytes of the first n characters. */
static size_t first_bytes(struct lava_str s, int64_t n)
{
    size_t i = 0;

    for (; i < s.n; i++)
        if (((unsigned char)s.p[i] & 0xc0) != 0x80 && n-- == 0)
            break;
    return i;
}

static int64_t characters(struct lava_str s)
{
    int64_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* Which part of `total` is meant; false: none. */
static bool part(int64_t total, int64_t *from, int64_t *n)
{
    if (*from < 0)
        *from += total;
    if (*from < 0 || *from > total || *n < 0)
        return false;
    if (*n > total - *from)
        *n = total - *from;
    return true;
}

int liquid_slice(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct lava_value count = liquid_arg(args, 1);
    int64_t from, n = 1;
    struct lava_str s;

    if (liquid_integer(c, args->v, &from) < 0 ||
        (count.type != LAVA_NIL && liquid_integer(c, &count, &n) < 0))
        return -1;
    if (in->type == LAVA_ARRAY) {
        bool any = part(in->n, &from, &n);
        *ret = any ? lava_array(in->items + from, (size_t)n) : lava_array(NULL, 0);
        return 0;
    }
    if (input(c, in, &s) < 0)
        return -1;
    if (!part(characters(s), &from, &n)) {
        *ret = lava_string("", 0);
        return 0;
    }
    size_t skip = first_bytes(s, from);
    s = (struct lava_str){s.p + skip, s.n - skip};
    s.n = first_bytes(s, n);
    *ret = text_of(s);
    return 0;
}

int liquid_truncate(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct lava_str pieces[2] = {{NULL, 0}, LAVA_STR("...")};
    int64_t n = 50;

    if (in->type == LAVA_NIL)
        return 0;
    if (input(c, in, &pieces[0]) < 0 || (args->n && liquid_integer(c, &args->v[0], &n) < 0) ||
        (args->n > 1 && liquid_text(c, &args->v[1], &pieces[1]) < 0))
        return -1;
    if (characters(pieces[0]) <= n) {
        *ret = text_of(pieces[0]);
        return 0;
    }
    n -= characters(pieces[1]);
    pieces[0].n = n > 0 ? first_bytes(pieces[0], n) : 0;
    return lava_concat(c, pieces, 2, ret);
}

/* The next word of *s, without the space around; false when there is none. */
static bool next_word(struct lava_str *s, struct lava_str *ret)
{
    size_t i = 0, from;

    while (i < s->n && space(s->p[i]))
        i++;
    for (from = i; i < s->n && !space(s->p[i]);)
        i++;
    *ret = (struct lava_str){s->p + from, i - from};
    s->p += i;
    s->n -= i;
    return ret->n > 0;
}

/* The first n words, a blank between them, and the end; the whole when there are no more. */
static int first_words(
    struct lava_ctx *c, struct lava_str s, int64_t n, struct lava_str end, struct lava_value *ret)
{
    struct lava_str whole = s, word;
    char *p = lava_alloc(c, s.n + 1);
    size_t k = 0;

    if (!p)
        return -1;
    for (int64_t i = 0; next_word(&s, &word); i++) {
        if (i == n) {
            struct lava_str pieces[] = {{p, k}, end};
            return lava_concat(c, pieces, 2, ret);
        }
        if (k)
            p[k++] = ' ';
        memcpy(p + k, word.p, word.n);
        k += word.n;
    }
    *ret = text_of(whole);
    return 0;
}

int liquid_truncatewords(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    struct lava_str s, end = LAVA_STR("...");
    int64_t n = 15;

    if (in->type == LAVA_NIL)
        return 0;
    if (input(c, in, &s) < 0 || (args->n && liquid_integer(c, &args->v[0], &n) < 0) ||
        (args->n > 1 && liquid_text(c, &args->v[1], &end) < 0))
        return -1;
    return first_words(c, s, n < 1 ? 1 : n, end, ret);
}

/* --- split --- */

/* The next piece of *s up to the separator; false when there is none left. */
static bool next_piece(struct lava_str *s, struct lava_str by, bool words, struct lava_str *ret)
{
    size_t n = 0;

    while (words && s->n && space(*s->p)) {
        s->p++;
        s->n--;
    }
    if (!s->n)
        return false;
    const char *at = NULL;
    size_t skip = by.n;
    if (words) {
        while (n < s->n && !space(s->p[n]))
            n++;
        skip = n < s->n;
    } else if (!by.n) {
        n = first_bytes(*s, 1);
    } else {
        at = memmem(s->p, s->n, by.p, by.n);
        n = at ? (size_t)(at - s->p) : s->n;
        skip = at ? by.n : 0;
    }
    *ret = (struct lava_str){s->p, n};
    s->p += n + skip;
    s->n -= n + skip;
    return true;
}

int liquid_split(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct lava_str s, by, piece;

    if (input(c, in, &s) < 0 || liquid_text(c, args->v, &by) < 0)
        return -1;
    bool words = lava_str_eq(by, LAVA_STR(" "));
    struct lava_str again = s;
    size_t n = 0, k = 0;
    while (next_piece(&again, by, words, &piece))
        n++;
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    if (!out)
        return -1;
    while (next_piece(&s, by, words, &piece))
        out[k++] = text_of(piece);
    while (k && !out[k - 1].n) /* empty pieces at the end are not kept */
        k--;
    *ret = lava_array(out, k);
    return 0;
}

/* --- default --- */

int liquid_default(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    const struct lava_value *allow = lava_arg_named(args, "allow_false");
    bool keep_false = allow && lava_truthy(allow) && in->type == LAVA_BOOL;

    (void)c;
    if ((!lava_truthy(in) && !keep_false) || liquid_is_empty(in)) {
        *ret = liquid_arg(args, 0);
        if (!args->n)
            *ret = lava_string("", 0);
    } else {
        *ret = *in;
    }
    return 0;
}
