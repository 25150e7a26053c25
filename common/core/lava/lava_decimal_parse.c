/*
 * lava_decimal_parse: texts as numbers. Part of lava_decimal.
 *
 * @source .NET runtime, Number.Parsing.cs (TryParseNumber): signs, symbol and parentheses may stand
 * before or behind, white space between them
 */
#include <string.h>

#include "common/core/lava/lava_decimal_p.h"

struct scan {
    const char *p, *end;
    unsigned styles;
    bool sign, neg, paren, currency;
};

struct digits {
    u128 mag;
    int64_t scale;
    bool any, sticky;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One sign in all; parentheses are one. */
static bool take_sign(struct scan *s, bool leading)
{
    char c = *s->p;

    if (s->paren && !leading && c == ')') {
        s->paren = false;
        return true;
    }
    if (s->sign || !(leading || s->styles & DECIMAL_TRAILING_SIGN))
        return false;
    s->paren = leading && c == '(' && s->styles & DECIMAL_PARENS;
    s->neg = c == '-' || s->paren;
    s->sign = s->neg || c == '+';
    return s->sign;
}

/* Takes one of what may stand around the digits. */
static bool take_mark(struct scan *s, bool leading)
{
    bool took;

    if (is_space(*s->p)) {
        took = s->styles & DECIMAL_SPACES;
    } else if (*s->p == '$') {
        took = s->styles & DECIMAL_CURRENCY && !s->currency;
        s->currency = true;
    } else {
        took = take_sign(s, leading);
    }
    s->p += took;
    return took;
}

static void add_digit(struct digits *d, unsigned digit, bool fraction)
{
    d->any = true;
    if (d->mag >> 116) { /* 35 digits: more than will stay */
        d->sticky |= digit != 0;
        d->scale -= !fraction;
        return;
    }
    d->mag = d->mag * 10 + digit;
    d->scale += fraction;
}

static void take_digits(struct scan *s, struct digits *d)
{
    bool fraction = false;

    for (; s->p < s->end; s->p++) {
        if (is_digit(*s->p))
            add_digit(d, (unsigned)(*s->p - '0'), fraction);
        else if (*s->p == '.' && !fraction)
            fraction = true;
        else if (*s->p != ',' || fraction || !d->any || !(s->styles & DECIMAL_THOUSANDS))
            return;
    }
}

/* An e without a number behind it is left alone. */
static void take_exponent(struct scan *s, struct digits *d)
{
    const char *p = s->p;
    int64_t sign = 1, e = 0;

    if (!(s->styles & DECIMAL_EXPONENT) || s->end - p < 2 || (*p | 32) != 'e')
        return;
    p++;
    if (*p == '-' || *p == '+')
        sign = *p++ == '-' ? -1 : 1;
    if (p == s->end || !is_digit(*p))
        return;
    for (; p < s->end && is_digit(*p); p++) {
        if (e < 100000)
            e = e * 10 + (*p - '0');
    }
    d->scale -= sign * e;
    s->p = p;
}

bool decimal_parse(const char *s, size_t n, unsigned styles, struct decimal *ret)
{
    struct scan scan = {.p = s, .end = s + n, .styles = styles};
    struct digits d = {0};

    while (scan.p < scan.end && take_mark(&scan, true))
        continue;
    take_digits(&scan, &d);
    if (!d.any)
        return false;
    take_exponent(&scan, &d);
    while (scan.p < scan.end && take_mark(&scan, false))
        continue;
    if (scan.p != scan.end || scan.paren)
        return false;
    return decimal_make(d.mag, d.scale, d.sticky, scan.neg, ret);
}
