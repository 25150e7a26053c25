/*
 * lava_filters_format: .NET's formats of numbers in en-US, and the filters that use them.
 *
 * @source .NET: Standard and Custom numeric format strings; Number.Formatting.cs for the order in
 * which a custom format is worked through
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

enum { MAX_FORMAT = 200 }; /* bytes */

struct digits {
    char v[40]; /* significant digits, no zeros at either end */
    int n;
    int scale; /* digits before the point; below 0: zeros behind it */
    bool neg;
};

static void digits_of(const struct decimal *d, struct digits *ret)
{
    struct decimal abs = *d;
    char text[DECIMAL_TEXT];

    abs.neg = false;
    abs.scale = 0;
    size_t n = decimal_format(&abs, text);
    if (decimal_is_zero(d))
        n = 0;
    ret->scale = (int)n - d->scale;
    while (n > 0 && text[n - 1] == '0')
        n--;
    memcpy(ret->v, text, n);
    ret->n = (int)n;
    ret->neg = d->neg && n > 0;
    if (n == 0)
        ret->scale = 0;
}

/* One more in the last place that is left. */
static void carry(struct digits *d)
{
    while (d->n > 0 && d->v[d->n - 1] == '9')
        d->n--;
    if (d->n > 0) {
        d->v[d->n - 1]++;
        return;
    }
    d->v[0] = '1';
    d->n = 1;
    d->scale++;
}

/* Leaves the first keep digits, rounded half up in magnitude. */
static void round_to(struct digits *d, int keep)
{
    if (keep < d->n) {
        bool up = keep >= 0 && d->v[keep] >= '5';
        d->n = keep < 0 ? 0 : keep;
        if (up)
            carry(d);
    }
    while (d->n > 0 && d->v[d->n - 1] == '0')
        d->n--;
    if (d->n == 0) {
        d->scale = 0;
        d->neg = false;
    }
}

/* The digit of 10^-(at+1) counted from the first; 0 beyond. */
static char digit_at(const struct digits *d, int at)
{
    return at >= 0 && at < d->n ? d->v[at] : '0';
}

static int put(struct lava_build *b, char c)
{
    return lava_build_add(b, &c, 1);
}

/* ---- standard formats ---- */

/* Digits before the point, 0 when there are none. */
static int put_whole(struct lava_build *b, const struct digits *d, bool groups)
{
    int whole = d->scale > 0 ? d->scale : 1;

    for (int i = 0; i < whole; i++) {
        if (put(b, d->scale > 0 ? digit_at(d, i) : '0') < 0)
            return -1;
        if (groups && (whole - i) % 3 == 1 && i + 1 < whole && put(b, ',') < 0)
            return -1;
    }
    return 0;
}

/* Rounded to `places`, with or without separators; no sign. */
static int put_fixed(struct lava_build *b, const struct digits *d, int places, bool groups)
{
    if (put_whole(b, d, groups) < 0 || (places > 0 && put(b, '.') < 0))
        return -1;
    for (int i = 0; i < places; i++) {
        if (put(b, digit_at(d, d->scale + i)) < 0)
            return -1;
    }
    return 0;
}

static int put_exponent(struct lava_build *b, char letter, int exponent, bool plus, int min_digits)
{
    char text[DECIMAL_TEXT];
    struct decimal d = decimal_from_i64(exponent < 0 ? -exponent : exponent);
    int n = (int)decimal_format(&d, text);

    if (put(b, letter) < 0 || ((exponent < 0 || plus) && put(b, exponent < 0 ? '-' : '+') < 0))
        return -1;
    for (; n < min_digits; min_digits--) {
        if (put(b, '0') < 0)
            return -1;
    }
    return lava_build_add(b, text, (size_t)n);
}

static int put_scientific(
    struct lava_build *b, const struct digits *d, int places, char letter, int exponent_digits)
{
    if (put(b, digit_at(d, 0)) < 0 || (places > 0 && put(b, '.') < 0))
        return -1;
    for (int i = 1; i <= places; i++) {
        if (put(b, digit_at(d, i)) < 0)
            return -1;
    }
    return put_exponent(b, letter, d->n ? d->scale - 1 : 0, true, exponent_digits);
}

/* G with a precision: as short as that many digits allow. */
static int put_general(struct lava_build *b, struct digits *d, int precision, char letter)
{
    round_to(d, precision);
    if (d->neg && put(b, '-') < 0)
        return -1;
    if (d->scale > precision || d->scale < -4)
        return put_scientific(b, d, d->n > 1 ? d->n - 1 : 0, letter, 2);
    return put_fixed(b, d, d->n > d->scale ? d->n - d->scale : 0, false);
}

/* D and X; 1: no int32. */
static int put_integer(struct lava_build *b, const struct decimal *d, char letter, int min_digits)
{
    const char *digits = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    uint32_t base = (letter | 32) == 'x' ? 16 : 10;
    char text[112];
    size_t n = sizeof(text);
    int64_t v;

    if (!decimal_to_i64(d, &v) || v < INT32_MIN || v > INT32_MAX)
        return 1;
    bool minus = base == 10 && v < 0;
    uint32_t u = minus ? (uint32_t)-v : (uint32_t)v;
    for (; u || n == sizeof(text) || min_digits > 0; u /= base, min_digits--)
        text[--n] = digits[u % base]; /* a precision has two digits: 99 of these at most */
    if (minus)
        text[--n] = '-';
    return lava_build_add(b, text + n, sizeof(text) - n);
}

static int put_currency(struct lava_build *b, struct digits *d, int places)
{
    if (lava_build_puts(b, d->neg ? "($" : "$") < 0 || put_fixed(b, d, places, true) < 0)
        return -1;
    return d->neg ? put(b, ')') : 0;
}

/* C E F N P: rounded to a number of places. */
static int put_rounded(struct lava_build *b, struct digits *d, char letter, int places)
{
    char kind = letter & ~32;

    round_to(d, kind == 'E' ? places + 1 : d->scale + places);
    if (kind == 'C')
        return put_currency(b, d, places);
    if (d->neg && put(b, '-') < 0)
        return -1;
    if (kind == 'E')
        return put_scientific(b, d, places, letter, 3);
    if (put_fixed(b, d, places, kind != 'F') < 0)
        return -1;
    return kind == 'P' ? put(b, '%') : 0;
}

static int standard(struct lava_build *b, const struct decimal *value, char letter, int precision)
{
    char text[DECIMAL_TEXT];
    struct digits d;

    digits_of(value, &d);
    switch (letter & ~32) {
    case 'D':
    case 'X':
        return put_integer(b, value, letter, precision);
    case 'G':
        if (precision > 0)
            return put_general(b, &d, precision, letter == 'G' ? 'E' : 'e');
        return lava_build_add(b, text, decimal_format(value, text));
    case 'E':
        return put_rounded(b, &d, letter, precision >= 0 ? precision : 6);
    case 'P':
        d.scale += d.n ? 2 : 0;
        break;
    default:
        break;
    }
    return put_rounded(b, &d, letter, precision >= 0 ? precision : 2);
}

/* ---- custom formats ---- */

/* What a section of a custom format says. */
struct section {
    const char *p, *end;
    int placeholders, point; /* digits in all; those before the point */
    int first0, last0;       /* the first 0, and the one behind the last; -1: none */
    int scale;               /* powers of ten: % adds, commas before the point take */
    bool groups, scientific;
};

/* Behind what cannot be a placeholder at p: a quoted text, an escape. p itself when it can. */
static const char *skip_literal(const char *p, const char *end)
{
    if (*p == '\\')
        return end - p > 1 ? p + 2 : end;
    if (*p != '\'' && *p != '"')
        return p;
    const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
    return close ? close + 1 : end;
}

/* Behind an exponent (E0, E+00) at p; p when there is none. *digits: zeros, *plus: sign always. */
static const char *skip_exponent(const char *p, const char *end, int *digits, bool *plus)
{
    const char *q = p + 1;

    *plus = q < end && *q == '+';
    if (q < end && (*q == '+' || *q == '-'))
        q++;
    for (*digits = 0; q < end && *q == '0'; q++)
        ++*digits;
    return *digits ? q : p;
}

static void read_placeholder(struct section *s, char c, int *comma_at, int *commas)
{
    if (c == '0') {
        if (s->first0 < 0)
            s->first0 = s->placeholders;
        s->last0 = s->placeholders + 1;
    }
    if (c == '.') {
        if (s->point < 0)
            s->point = s->placeholders;
        return;
    }
    if (c == ',') {
        if (s->placeholders > 0 && s->point < 0) {
            if (*comma_at == s->placeholders)
                ++*commas;
            else
                s->groups |= *comma_at >= 0;
            if (*comma_at != s->placeholders)
                *commas = 1;
            *comma_at = s->placeholders;
        }
        return;
    }
    s->placeholders++;
}

static void read_section(struct section *s)
{
    int comma_at = -1, commas = 0, digits;
    bool plus;

    s->point = s->first0 = s->last0 = -1;
    for (const char *p = s->p; p < s->end;) {
        const char *next = skip_literal(p, s->end);
        if (next == p && (*p | 32) == 'e')
            next = skip_exponent(p, s->end, &digits, &plus);
        s->scientific |= next > p && (*p | 32) == 'e';
        if (next > p) {
            p = next;
            continue;
        }
        if (*p == '%')
            s->scale += 2;
        else if (*p && strchr("#0.,", *p))
            read_placeholder(s, *p, &comma_at, &commas);
        p++;
    }
    if (s->point < 0)
        s->point = s->placeholders;
    if (comma_at == s->point)
        s->scale -= 3 * commas;
    else
        s->groups |= comma_at >= 0;
    if (s->first0 < 0)
        s->first0 = INT32_MAX;
}

/* Where section i of the format lies; false (ret untouched): there is none, or it is empty. */
static bool find_section(struct lava_str format, int i, struct section *ret)
{
    const char *p = format.p, *end = format.p + format.n, *begin = p;

    while (p < end) {
        const char *next = skip_literal(p, end);
        if (next == p && *p == ';') {
            if (i-- == 0)
                break;
            begin = p + 1;
        }
        p = next > p ? next : p + 1;
    }
    if (i > 0 || p == begin)
        return false;
    *ret = (struct section){.p = begin, .end = p};
    return true;
}

struct writer {
    struct lava_build *b;
    const struct section *s;
    const struct digits *d;
    int at;     /* next digit */
    int pos;    /* digits still to come before the point */
    int adjust; /* digits beyond the placeholders (above 0), or placeholders beyond the digits */
    bool point;
};

static int write_digit(struct writer *w, char c)
{
    if (put(w->b, c) < 0)
        return -1;
    bool gap = w->s->groups && !w->s->scientific && w->pos > 1 && (w->pos - 1) % 3 == 0;
    return gap ? put(w->b, ',') : 0;
}

/* Digits for which the format has no placeholder stand before its first. */
static int write_surplus(struct writer *w)
{
    for (; w->adjust > 0; w->adjust--, w->pos--) {
        if (write_digit(w, digit_at(w->d, w->at++)) < 0)
            return -1;
    }
    return 0;
}

static int write_placeholder(struct writer *w)
{
    int first = w->s->first0 < w->s->point ? w->s->point - w->s->first0 : 0;
    int last = w->s->last0 > w->s->point ? w->s->point - w->s->last0 : 0;
    char c = 0;
    int r = 0;

    if (w->adjust < 0) {
        w->adjust++;
        c = w->pos <= first ? '0' : 0;
    } else if (w->at < w->d->n) {
        c = w->d->v[w->at++];
    } else {
        c = w->pos > last ? '0' : 0;
    }
    if (c)
        r = write_digit(w, c);
    w->pos--;
    return r;
}

static int write_point(struct writer *w)
{
    if (w->pos != 0 || w->point)
        return 0;
    w->point = true;
    bool digits =
        w->s->last0 > w->s->point || (w->s->point < w->s->placeholders && w->at < w->d->n);
    return digits ? put(w->b, '.') : 0;
}

/* A literal [p, next) without its marks. */
static int write_literal(struct writer *w, const char *p, const char *next)
{
    if (*p == '\\')
        return lava_build_add(w->b, p + 1, (size_t)(next - p - 1));
    bool closed = next - p > 1 && next[-1] == *p;
    return lava_build_add(w->b, p + 1, (size_t)(next - p - 1 - closed));
}

static int write_char(struct writer *w, char c)
{
    if (c == '#' || c == '0')
        return write_surplus(w) < 0 ? -1 : write_placeholder(w);
    if (c == '.')
        return write_surplus(w) < 0 ? -1 : write_point(w);
    return c == ',' ? 0 : put(w->b, c);
}

static int write_section(struct writer *w)
{
    int digits;
    bool plus;

    for (const char *p = w->s->p; p < w->s->end;) {
        const char *next = skip_literal(p, w->s->end);
        int r = 0;
        if (next > p) {
            r = write_literal(w, p, next);
        } else if ((*p | 32) == 'e' && (next = skip_exponent(p, w->s->end, &digits, &plus)) > p) {
            r = put_exponent(w->b, *p, w->d->n ? w->d->scale - w->s->point : 0, plus, digits);
        } else {
            r = write_char(w, *p);
            next = p + 1;
        }
        if (r < 0)
            return -1;
        p = next;
    }
    return 0;
}

/* Digits of value as section s shows them. */
static void digits_for(const struct decimal *value, const struct section *s, struct digits *d)
{
    digits_of(value, d);
    if (d->n)
        d->scale += s->scale;
    round_to(d, s->scientific ? s->placeholders : d->scale + s->placeholders - s->point);
}

/* The section for value, read; whether it says the sign itself. */
static bool choose_section(const struct decimal *value,
                           struct lava_str format,
                           struct section *s,
                           struct digits *d)
{
    bool zero = decimal_is_zero(value);

    *s = (struct section){.p = format.p, .end = format.p}; /* ";x" has an empty first section */
    bool own_sign = !zero && value->neg && find_section(format, 1, s);

    if (!own_sign && !(zero && find_section(format, 2, s)))
        find_section(format, 0, s);
    read_section(s);
    digits_for(value, s, d);
    if (d->n == 0 && !zero && find_section(format, 2, s)) { /* rounded to 0 */
        read_section(s);
        digits_for(value, s, d);
    }
    return own_sign;
}

static int custom(struct lava_build *b, const struct decimal *value, struct lava_str format)
{
    struct digits d;
    struct section s;
    bool own_sign = choose_section(value, format, &s, &d);
    struct writer w = {.b = b, .s = &s, .d = &d, .pos = s.point};

    if (!s.scientific) {
        w.pos = d.scale > s.point ? d.scale : s.point;
        w.adjust = d.scale - s.point;
    }
    if (d.neg && !own_sign && put(b, '-') < 0)
        return -1;
    return write_section(&w);
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* A letter and up to two digits; -2: it is something else. -1: no digits. */
static int standard_precision(struct lava_str f)
{
    int precision = -1;

    if (f.n == 0 || f.n > 3 || !is_letter(f.p[0]))
        return -2;
    for (size_t i = 1; i < f.n; i++) {
        if (f.p[i] < '0' || f.p[i] > '9')
            return -2;
        precision = (precision < 0 ? 0 : precision * 10) + f.p[i] - '0';
    }
    return precision;
}

int lava_format_number(struct lava_build *b, const struct decimal *value, struct lava_str format)
{
    int precision = standard_precision(format);

    if (precision >= -1)
        return strchr("cdefgnpxCDEFGNPX", format.p[0]) ? standard(b, value, format.p[0], precision)
                                                       : 1;
    return format.n > MAX_FORMAT ? 1 : custom(b, value, format);
}

/* ---- filters ---- */

bool lava_rock_decimal(struct lava_str s, struct decimal *ret)
{
    size_t n;

    if (s.n && !strchr("0123456789.-", *s.p)) {
        lava_char_at(s.p, s.p + s.n, &n);
        s.p += n;
        s.n -= n;
    }
    return s.n <= LAVA_MAX_NUMBER && decimal_parse(s.p, s.n, DECIMAL_NUMBER, ret);
}

/* A number, or a text that reads as one; others unchanged, and so is all by a bad format. */
int lava_do_Format(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s, format;
    struct decimal d;

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &format) < 0)
        return -1;
    *ret = lava_string(s.p, s.n);
    if (lava_is_blank(s) || lava_is_blank(format) || !lava_rock_decimal(s, &d))
        return 0;
    int r = lava_format_number(&b, &d, format);
    if (r == 0)
        *ret = lava_build_value(&b);
    return r < 0 ? -1 : 0;
}

int lava_do_FormatAsCurrency(struct lava_ctx *c,
                             const struct lava_value *in,
                             const struct lava_args *args,
                             struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s, symbol;
    struct decimal d;

    if (in->type == LAVA_NIL)
        return 0;
    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "$", &symbol) < 0 ||
        lava_build_add(&b, symbol.p, symbol.n) < 0)
        return -1;
    if (lava_rock_decimal(s, &d) ? lava_format_number(&b, &d, LAVA_STR("N")) < 0
                                 : lava_build_add(&b, s.p, s.n) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}
