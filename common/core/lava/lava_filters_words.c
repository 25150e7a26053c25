/*
 * lava_filters_words: the letter case of words, their number, what Humanizer makes of names.
 *
 * @source Humanizer 2: StringHumanizeExtensions.cs, StringDehumanizeExtensions.cs, Transformer/
 */
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "common/core/lava/lava_filters_p.h"

enum kind { OTHER, UPPER, LOWER, DIGIT };

static enum kind kind_of(int32_t cp)
{
    if (cp < 0)
        return OTHER;
    if (cp >= '0' && cp <= '9')
        return DIGIT;
    switch (utf8proc_category(cp)) {
    case UTF8PROC_CATEGORY_LU:
        return UPPER;
    case UTF8PROC_CATEGORY_LL:
        return LOWER;
    default:
        return OTHER;
    }
}

static enum kind kind_at(struct lava_str s, size_t at, size_t *n)
{
    if (at >= s.n) {
        *n = 0;
        return OTHER;
    }
    return kind_of(lava_char_at(s.p + at, s.p + s.n, n));
}

static bool all_upper(struct lava_str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        if (kind_at(s, i, &n) != UPPER)
            return false;
    }
    return true;
}

static int add_cased(struct lava_build *b, struct lava_str s, bool upper)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = lava_char_at(s.p + i, s.p + s.n, &n);
        int r = cp < 0 ? lava_build_add(b, s.p + i, n)
                       : lava_build_char(
                             b, (uint32_t)(upper ? utf8proc_toupper(cp) : utf8proc_tolower(cp)));
        if (r < 0)
            return -1;
    }
    return 0;
}

/* End of the run of one kind that begins at `at`. */
static size_t run(struct lava_str s, size_t at, enum kind kind)
{
    size_t n;

    while (kind_at(s, at, &n) == kind && n)
        at += n;
    return at;
}

/*
 * The next word of a name in camel case at or after *at: Hello, world, 42nd, HTML before Page.
 * @source Humanizer: [\p{Lu}]?[\p{Ll}]+ | [0-9]+[\p{Ll}]* | [\p{Lu}]+(?=[\p{Lu}][\p{Ll}]|[0-9]|\b)
 */
static bool next_camel(struct lava_str s, size_t *at, struct lava_str *word)
{
    size_t n, i = *at, end;

    for (; i < s.n; i += n) {
        enum kind k = kind_at(s, i, &n);
        if (k == LOWER) {
            end = run(s, i, LOWER);
        } else if (k == DIGIT) {
            end = run(s, run(s, i, DIGIT), LOWER);
        } else if (k == UPPER) {
            end = run(s, i, UPPER);
            if (run(s, end, LOWER) > end) { /* the last capital belongs to the next word */
                size_t last = end - 1;
                while (last > i && ((unsigned char)s.p[last] & 0xc0) == 0x80)
                    last--;
                end = last > i ? last : run(s, end, LOWER);
            }
        } else {
            continue;
        }
        *word = (struct lava_str){s.p + i, end - i};
        *at = end;
        return true;
    }
    return false;
}

/* A word that stays in capitals: several letters, or one that stands alone. */
static bool keeps_capitals(struct lava_str s, struct lava_str word)
{
    return all_upper(word) && (lava_char_count(word) > 1 || (word.p > s.p && word.p[-1] == ' ') ||
                               lava_str_is(word, "I"));
}

static int from_camel(struct lava_build *b, struct lava_str s)
{
    struct lava_str word;
    size_t at = 0, first = b->n;

    while (next_camel(s, &at, &word)) {
        if (b->n > first && lava_build_puts(b, " ") < 0)
            return -1;
        size_t head = b->n == first ? lava_char_offset(word, 1) : 0; /* a sentence begins */
        int r = keeps_capitals(s, word)
                    ? lava_build_add(b, word.p, word.n)
                    : (add_cased(b, (struct lava_str){word.p, head}, true) |
                       add_cased(b, (struct lava_str){word.p + head, word.n - head}, false));
        if (r < 0)
            return -1;
    }
    return 0;
}

static bool is_dash(char c)
{
    return c == '-' || c == '_';
}

/* A dash or underscore with white space beside it. */
static bool has_free_dash(struct lava_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_dash(s.p[i]) && ((i > 0 && s.p[i - 1] == ' ') || (i + 1 < s.n && s.p[i + 1] == ' ')))
            return true;
    }
    return false;
}

static int humanize(struct lava_build *b, struct lava_str s)
{
    bool dashes = false;

    for (size_t i = 0; i < s.n; i++)
        dashes |= is_dash(s.p[i]);
    if (all_upper(s))
        return lava_build_add(b, s.p, s.n);
    if (!dashes)
        return from_camel(b, s);
    char *spaced = lava_copy(b->c, s.p, s.n);
    if (!spaced)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (is_dash(spaced[i]))
            spaced[i] = ' ';
    }
    if (has_free_dash(s))
        return from_camel(b, (struct lava_str){spaced, s.n});
    return lava_build_add(b, spaced, s.n);
}

int lava_do_Humanize(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0 || lava_step(c, s.n / 8) < 0 || humanize(&b, s) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

/* Each word with a capital, those in capitals as they are. */
int lava_do_TitleCase(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0 || lava_step(c, s.n / 8) < 0)
        return -1;
    for (size_t i = 0; i < s.n;) {
        size_t end = lava_str_find(s, LAVA_STR(" "), i);
        struct lava_str word = {s.p + i, end - i};
        size_t head = lava_char_offset(word, 1);
        int r = all_upper(word)
                    ? lava_build_add(&b, word.p, word.n)
                    : (add_cased(&b, (struct lava_str){word.p, head}, true) |
                       add_cased(&b, (struct lava_str){word.p + head, word.n - head}, false));
        if (r < 0 || (end < s.n && lava_build_puts(&b, " ") < 0))
            return -1;
        i = end + 1;
    }
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_SentenceCase(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    size_t head = lava_char_offset(s, 1);
    if (add_cased(&b, (struct lava_str){s.p, head}, true) < 0 ||
        lava_build_add(&b, s.p + head, s.n - head) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

/* A capital at the beginning and behind each underscore or blank, which go. */
static int pascalize(struct lava_build *b, struct lava_str s)
{
    bool first = true;
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        lava_char_at(s.p + i, s.p + s.n, &n);
        struct lava_str one = {s.p + i, n};
        if (*one.p == ' ' || *one.p == '_') {
            first = true;
            continue;
        }
        if ((first ? add_cased(b, one, true) : lava_build_add(b, one.p, n)) < 0)
            return -1;
        first = false;
    }
    return 0;
}

int lava_do_ToPascal(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0 || lava_step(c, s.n / 8) < 0)
        return -1;
    for (size_t i = 0; i < s.n;) {
        size_t end = lava_str_find(s, LAVA_STR(" "), i);
        struct lava_build word = {.c = c};
        if (humanize(&word, (struct lava_str){s.p + i, end - i}) < 0 ||
            pascalize(&b, (struct lava_str){word.p, word.n}) < 0)
            return -1;
        i = end + 1;
    }
    *ret = lava_build_value(&b);
    return 0;
}

/* White space and what CSS has to escape become dashes, one where many are. */
static int css_class(struct lava_build *b, struct lava_str s, bool *letter)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = lava_char_at(s.p + i, s.p + s.n, &n);
        bool ascii = cp > 0 && cp < 128;
        bool dash =
            lava_char_is_space(cp) || (ascii && strchr("&*!\"#$%'()+,./:;<=>?@[]^`{\\|}~-", cp));
        *letter |= cp == '_' || (ascii && (cp | 32) >= 'a' && (cp | 32) <= 'z');
        int r = !dash ? add_cased(b, (struct lava_str){s.p + i, n}, false)
                : b->n == 0 || b->p[b->n - 1] != '-' ? lava_build_puts(b, "-")
                                                     : 0;
        if (r < 0)
            return -1;
    }
    return 0;
}

int lava_do_ToCssClass(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;
    bool letter = false;

    (void)args;
    if (lava_in_text(c, in, &s) < 0 || lava_step(c, s.n / 8) < 0)
        return -1;
    if (lava_is_blank(s)) {
        *ret = lava_string("", 0);
        return 0;
    }
    if (css_class(&b, s, &letter) < 0)
        return -1;
    struct lava_str parts[2] = {{"-x-", letter ? 0 : 3}, {b.p, b.n}};
    return lava_concat(c, parts, 2, ret);
}

/* ---- number ---- */

static int in_number(struct lava_ctx *c, struct lava_str word, bool plural, struct lava_value *ret)
{
    struct lava_str s;

    if ((plural ? lava_pluralize(c, word, &s) : lava_singularize(c, word, &s)) < 0)
        return -1;
    *ret = lava_string(s.p, s.n);
    return 0;
}

int lava_do_Pluralize(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    if (lava_str_is(s, "CAMPUS")) { /* Rock's own exception */
        *ret = lava_cstring("CAMPUSES");
        return 0;
    }
    return in_number(c, s, true, ret);
}

int lava_do_Singularize(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    return lava_in_text(c, in, &s) < 0 ? -1 : in_number(c, s, false, ret);
}

static struct decimal quantity_of(const struct lava_args *args)
{
    struct decimal d;

    return lava_at(args, 0) && lava_net_decimal(lava_at(args, 0), &d) ? d : decimal_from_i64(0);
}

/* Plural above 1: 0 stays singular. @source reference/rock.md 12.3 */
int lava_do_PluralizeForQuantity(struct lava_ctx *c,
                                 const struct lava_value *in,
                                 const struct lava_args *args,
                                 struct lava_value *ret)
{
    struct decimal quantity = quantity_of(args), one = decimal_from_i64(1);
    struct lava_str s;

    if (decimal_cmp(&quantity, &one) > 0)
        return lava_do_Pluralize(c, in, args, ret);
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    *ret = lava_string(s.p, s.n);
    return 0;
}

static int
with_quantity(struct lava_ctx *c, struct lava_str word, int64_t n, struct lava_value *ret)
{
    struct lava_value form;
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld ", (long long)n);

    if (in_number(c, word, n != 1, &form) < 0)
        return -1;
    return lava_concat(c, (struct lava_str[]){{text, (size_t)len}, lava_str_of(&form)}, 2, ret);
}

int lava_do_ToQuantity(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct decimal quantity = quantity_of(args);
    struct lava_str s;
    int64_t n;

    if (lava_net_text(c, in, &s) < 0)
        return -1;
    if (lava_is_blank(s)) {
        *ret = lava_string(s.p, s.n);
        return 0;
    }
    if (!decimal_to_i64(&quantity, &n))
        return lava_fail(c, "ToQuantity: the quantity is too large");
    return with_quantity(c, s, n, ret);
}

int lava_do_Possessive(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_str s;
    const char *end;
    size_t n;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    if (s.n == 0)
        end = "";
    else if ((s.p[s.n - 1] | 32) == 's')
        end = "\xe2\x80\x99";
    else
        end = kind_at(s, s.n - 1, &n) == UPPER ? "\xe2\x80\x99S" : "\xe2\x80\x99s";
    return lava_concat(c, (struct lava_str[]){s, {end, strlen(end)}}, 2, ret);
}

/* ---- time to read ---- */

static int64_t count_words(struct lava_str s)
{
    int64_t words = 0;
    bool inside = false, tag = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '<')
            tag = true;
        bool gap = s.p[i] == ' ' || s.p[i] == '\r' || s.p[i] == '\n';
        if (!tag) {
            words += !gap && !inside;
            inside = !gap;
        }
        if (s.p[i] == '>')
            tag = false;
    }
    return words;
}

/* Each image a second less than the one before, three at least. */
static int64_t image_seconds(struct lava_str s, int64_t first)
{
    int64_t seconds = 0, i = 0;

    for (size_t at = 0; first > 0 && (at = lava_str_find(s, LAVA_STR("<img"), at)) < s.n;
         at += 4, i++)
        seconds += i < first - 2 ? first - i : 3;
    return seconds;
}

int lava_do_ReadTime(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    int64_t per_second = lava_at_int(args, 0, 275) / 60;
    struct lava_value hours, minutes;
    struct lava_str s;

    if (lava_net_text(c, in, &s) < 0 || lava_step(c, s.n / 8) < 0)
        return -1;
    if (in->type == LAVA_NIL) {
        *ret = lava_string("", 0);
        return 0;
    }
    int64_t t = count_words(s) / (per_second < 1 ? 1 : per_second) +
                image_seconds(s, lava_at_int(args, 1, 12));
    int64_t minute = t / 60 % 60;
    if (t <= 60)
        return with_quantity(c, LAVA_STR("sec"), t % 60, ret);
    if (t <= 3600)
        return with_quantity(c, LAVA_STR("min"), minute + (t - minute * 60 > 30), ret);
    if (minute == 0)
        return with_quantity(c, LAVA_STR("hr"), t / 3600 % 24, ret);
    if (with_quantity(c, LAVA_STR("hr"), t / 3600 % 24, &hours) < 0 ||
        with_quantity(c, LAVA_STR("min"), minute, &minutes) < 0)
        return -1;
    return lava_concat(
        c, (struct lava_str[]){lava_str_of(&hours), LAVA_STR(" "), lava_str_of(&minutes)}, 3, ret);
}
