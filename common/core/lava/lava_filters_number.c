/*
 * lava_filters_number: arithmetic, and numbers in words.
 */
#include <stdio.h>
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

/* What Rock's own filters say when they cannot compute; a template sees it as text. */
static int say(struct lava_value *ret, const char *text)
{
    *ret = lava_cstring(text);
    return 0;
}

static int overflow(struct lava_ctx *c, const char *filter)
{
    return lava_fail(c, "%s: the result is too large", filter);
}

/* The two sides of a computation. False: *ret is what Rock gives without them (nil stays). */
enum sides { SIDES_NUMBERS, SIDES_OTHER, SIDES_NIL };

static enum sides sides(const struct lava_value *in,
                        const struct lava_args *args,
                        struct decimal *a,
                        struct decimal *b)
{
    const struct lava_value *operand = lava_at(args, 0);

    if (in->type == LAVA_NIL || !operand || operand->type == LAVA_NIL)
        return SIDES_NIL;
    return lava_net_decimal(in, a) && lava_net_decimal(operand, b) ? SIDES_NUMBERS : SIDES_OTHER;
}

/* Numbers add, other texts join. */
int lava_do_Plus(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct decimal a, b;
    struct lava_str parts[2];

    switch (sides(in, args, &a, &b)) {
    case SIDES_NIL:
        *ret = *in;
        return 0;
    case SIDES_NUMBERS:
        if (!decimal_add(&a, &b, &a))
            return overflow(c, "Plus");
        *ret = lava_number(a);
        return 0;
    case SIDES_OTHER:
        break;
    }
    if (lava_net_text(c, in, &parts[0]) < 0 || lava_net_text(c, lava_at(args, 0), &parts[1]) < 0)
        return -1;
    return lava_concat(c, parts, 2, ret);
}

int lava_do_Minus(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct decimal a, b;
    enum sides s = sides(in, args, &a, &b);

    if (s == SIDES_NUMBERS && !decimal_sub(&a, &b, &a))
        return overflow(c, "Minus");
    *ret = s == SIDES_NIL ? *in : s == SIDES_NUMBERS ? lava_number(a) : lava_int(0);
    return 0;
}

/* Numbers multiply, a text is repeated: as a list, which prints as one. */
int lava_do_Times(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct decimal a, b;
    struct lava_str text;
    int32_t times;

    switch (sides(in, args, &a, &b)) {
    case SIDES_NIL:
        *ret = *in;
        return 0;
    case SIDES_NUMBERS:
        if (!decimal_mul(&a, &b, &a))
            return overflow(c, "Times");
        *ret = lava_number(a);
        return 0;
    case SIDES_OTHER:
        break;
    }
    if (!lava_net_int(lava_at(args, 0), &times) || times < 0)
        times = 0;
    if (lava_net_text(c, in, &text) < 0 || lava_step(c, (uint64_t)times) < 0)
        return -1;
    struct lava_value *v = lava_alloc(c, ((size_t)times + 1) * sizeof(*v));
    if (!v)
        return -1;
    for (int32_t i = 0; i < times; i++)
        v[i] = lava_string(text.p, text.n);
    *ret = lava_array(v, (size_t)times);
    return 0;
}

/*
 * Without a precision, a divisor without decimals floors and another gives two decimals; with one,
 * the result is rounded to it.
 * @source DIALECT.md 5; Rock LavaFilters.cs for the rest
 */
int lava_do_DividedBy(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct decimal a, b;
    enum sides s = sides(in, args, &a, &b);
    int32_t places = lava_at_int(args, 1, 2);

    if (s == SIDES_NIL)
        return 0;
    if (s == SIDES_OTHER)
        return say(ret, "Could not convert input to number");
    if (decimal_is_zero(&b))
        return say(ret, "Attempted to divide by zero.");
    bool floors = !lava_at(args, 1) && b.scale == 0;
    if (!decimal_div(&a, &b, &a))
        return overflow(c, "DividedBy");
    *ret = lava_number(floors ? decimal_round(&a, 0, DECIMAL_FLOOR)
                              : decimal_round(&a, places, DECIMAL_TO_EVEN));
    return 0;
}

/* Fluid's own filters: what is no number is 0. */
static struct decimal fluid_number(const struct lava_value *v)
{
    struct decimal d;

    if (v && v->type == LAVA_STRING && v->n <= LAVA_MAX_NUMBER &&
        decimal_parse(v->s, v->n, DECIMAL_ANY, &d))
        return d;
    if (v && v->type != LAVA_STRING && lava_to_number(v, &d))
        return d;
    return decimal_from_i64(v && v->type == LAVA_BOOL && v->b ? 1 : 0);
}

int lava_do_Modulo(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    struct decimal a = fluid_number(in), b = fluid_number(lava_at(args, 0));

    if (!decimal_mod(&a, &b, &a))
        return lava_fail(c, "Modulo: division by zero");
    *ret = lava_number(a);
    return 0;
}

int lava_do_Abs(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct decimal a = fluid_number(in);

    (void)c;
    (void)args;
    a.neg = false;
    *ret = lava_number(a);
    return 0;
}

int lava_do_Round(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct decimal a = fluid_number(in);

    (void)c;
    *ret = lava_number(decimal_round(&a, lava_at_int(args, 0, 0), DECIMAL_TO_EVEN));
    return 0;
}

static int whole(const struct lava_value *in, enum decimal_rounding how, struct lava_value *ret)
{
    struct decimal a;

    if (in->type == LAVA_NIL)
        return 0;
    if (!lava_net_decimal(in, &a))
        return say(ret, "Could not convert input to number to round");
    *ret = lava_number(decimal_round(&a, 0, how));
    return 0;
}

int lava_do_Floor(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    (void)c;
    (void)args;
    return whole(in, DECIMAL_FLOOR, ret);
}

int lava_do_Ceiling(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    (void)c;
    (void)args;
    return whole(in, DECIMAL_CEILING, ret);
}

static int
clamp(const struct lava_value *in, const struct lava_args *args, int sign, struct lava_value *ret)
{
    struct decimal a, b;

    switch (sides(in, args, &a, &b)) {
    case SIDES_NIL:
        *ret = *in;
        return 0;
    case SIDES_OTHER:
        return say(ret, "Could not convert input to number");
    case SIDES_NUMBERS:
        break;
    }
    *ret = lava_number(decimal_cmp(&a, &b) * sign > 0 ? b : a);
    return 0;
}

int lava_do_AtMost(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    (void)c;
    return clamp(in, args, 1, ret);
}

int lava_do_AtLeast(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    (void)c;
    return clamp(in, args, -1, ret);
}

static int convert_length(struct lava_ctx *c,
                          const struct lava_value *in,
                          const char *factor,
                          bool divide,
                          struct lava_value *ret)
{
    struct decimal a = fluid_number(in), f;

    decimal_parse(factor, strlen(factor), 0, &f);
    if (!(divide ? decimal_div(&a, &f, &a) : decimal_mul(&a, &f, &a)))
        return overflow(c, "conversion of a length");
    *ret = lava_number(decimal_round(&a, 15, DECIMAL_TO_EVEN));
    return 0;
}

int lava_do_MetersToMiles(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    (void)args;
    return convert_length(c, in, "1609.344", true, ret);
}

int lava_do_MilesToMeters(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    (void)args;
    return convert_length(c, in, "1609.344", false, ret);
}

/* ---- words ---- */

static const char *const units[] = {"zero",    "one",     "two",       "three",    "four",
                                    "five",    "six",     "seven",     "eight",    "nine",
                                    "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                                    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
static const char *const unit_ordinals[] = {
    "zeroth",     "first",     "second",    "third",       "fourth",     "fifth",     "sixth",
    "seventh",    "eighth",    "ninth",     "tenth",       "eleventh",   "twelfth",   "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"};
static const char *const tens[] = {"",      "",      "twenty",  "thirty", "forty",
                                   "fifty", "sixty", "seventy", "eighty", "ninety"};

struct words {
    char text[256];
    size_t n;
};

static void word(struct words *w, const char *z, const char *glue)
{
    int n = snprintf(w->text + w->n, sizeof(w->text) - w->n, "%s%s", w->n ? glue : "", z);

    w->n += (size_t)n; /* the longest there is: 20 words */
}

/* Below 1000. */
static void small_words(struct words *w, int64_t v, bool ordinal)
{
    if (v >= 100) {
        word(w, units[v / 100], " ");
        word(w, ordinal && v % 100 == 0 ? "hundredth" : "hundred", " ");
        v %= 100;
        if (v == 0)
            return;
    }
    if (w->n)
        word(w, "and", " ");
    if (v < 20) {
        word(w, ordinal ? unit_ordinals[v] : units[v], " ");
        return;
    }
    word(w, tens[v / 10], " ");
    if (v % 10) {
        word(w, ordinal ? unit_ordinals[v % 10] : units[v % 10], "-");
    } else if (ordinal) {
        w->n--; /* twenty, twentieth */
        word(w, "ieth", "");
    }
}

/* @source Humanizer EnglishNumberToWordsConverter */
static void number_words(struct words *w, int64_t v, bool ordinal)
{
    static const struct {
        int64_t size;
        const char *name, *ordinal;
    } groups[] = {{1000000000, "billion", "billionth"},
                  {1000000, "million", "millionth"},
                  {1000, "thousand", "thousandth"}};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (v / groups[i].size == 0)
            continue;
        struct words part = {.n = 0};
        small_words(&part, v / groups[i].size, false);
        word(w, part.text, " ");
        v %= groups[i].size;
        word(w, ordinal && v == 0 ? groups[i].ordinal : groups[i].name, " ");
    }
    if (v > 0 || w->n == 0)
        small_words(w, v, ordinal);
}

/* What is no int32 comes back as text. */
static bool int_or_text(
    struct lava_ctx *c, const struct lava_value *in, int32_t *v, int *r, struct lava_value *ret)
{
    struct lava_str s;

    if (lava_net_int(in, v))
        return true;
    *r = lava_net_text(c, in, &s);
    if (*r == 0)
        *ret = lava_string(s.p, s.n);
    return false;
}

static int
in_words(struct lava_ctx *c, const struct lava_value *in, bool ordinal, struct lava_value *ret)
{
    struct words w = {.n = 0};
    int32_t v;
    int r;

    if (!int_or_text(c, in, &v, &r, ret))
        return r;
    number_words(&w, v < 0 ? -(int64_t)v : v, ordinal);
    const char *text = w.text;
    if (ordinal && strncmp(text, "one ", 4) == 0) /* hundredth, not one hundredth */
        text += 4;
    struct lava_str parts[2] = {{v < 0 ? "minus " : "", v < 0 ? 6 : 0}, {text, strlen(text)}};
    return lava_concat(c, parts, 2, ret);
}

int lava_do_NumberToWords(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    (void)args;
    return in_words(c, in, false, ret);
}

int lava_do_NumberToOrdinalWords(struct lava_ctx *c,
                                 const struct lava_value *in,
                                 const struct lava_args *args,
                                 struct lava_value *ret)
{
    (void)args;
    return in_words(c, in, true, ret);
}

int lava_do_NumberToOrdinal(struct lava_ctx *c,
                            const struct lava_value *in,
                            const struct lava_args *args,
                            struct lava_value *ret)
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};
    char text[32];
    int32_t v;
    int r;

    (void)args;
    if (!int_or_text(c, in, &v, &r, ret))
        return r;
    int last = v % 100 < 0 ? -(v % 100) : v % 100;
    int n = snprintf(text, sizeof(text), "%d%s", v,
                     last / 10 == 1 || last % 10 > 3 ? "th" : ends[last % 10]);
    char *copy = lava_copy(c, text, (size_t)n);
    if (!copy)
        return -1;
    *ret = lava_string(copy, (size_t)n);
    return 0;
}

int lava_do_NumberToRomanNumerals(struct lava_ctx *c,
                                  const struct lava_value *in,
                                  const struct lava_args *args,
                                  struct lava_value *ret)
{
    static const struct {
        int32_t v;
        const char *text;
    } rows[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                {5, "V"},    {4, "IV"},   {1, "I"}};
    struct lava_build b = {.c = c};
    int32_t v;
    int r;

    (void)args;
    if (!int_or_text(c, in, &v, &r, ret))
        return r;
    if (v < 1 || v > 3999)
        return lava_fail(c, "NumberToRomanNumerals: numbers from 1 to 3999");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (; v >= rows[i].v; v -= rows[i].v) {
            if (lava_build_puts(&b, rows[i].text) < 0)
                return -1;
        }
    }
    *ret = lava_build_value(&b);
    return 0;
}
