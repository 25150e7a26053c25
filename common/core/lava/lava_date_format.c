/*
 * lava_date_format: .NET's date formats in en-US. Part of lava_date.
 *
 * @source .NET runtime, DateTimeFormat.cs; the culture's patterns as .NET Framework has them
 */
#include <string.h>

#include "common/core/lava/lava_date.h"

struct out {
    char *p;
    size_t n, max; /* n counts what does not fit too */
};

static void put(struct out *o, char c)
{
    if (o->n < o->max)
        o->p[o->n] = c;
    o->n++;
}

static void put_text(struct out *o, const char *z, size_t n)
{
    for (size_t i = 0; i < n && z[i]; i++)
        put(o, z[i]);
}

static void put_number(struct out *o, int v, int min_digits)
{
    char digits[12];
    int n = 0;

    for (unsigned u = (unsigned)v; u || n == 0; u /= 10)
        digits[n++] = (char)('0' + u % 10);
    for (; min_digits > n; min_digits--)
        put(o, '0');
    while (n > 0)
        put(o, digits[--n]);
}

/* z zz zzz */
static void put_offset(struct out *o, int offset_min, size_t width)
{
    int abs = offset_min < 0 ? -offset_min : offset_min;

    put(o, offset_min < 0 ? '-' : '+');
    put_number(o, abs / 60, width == 1 ? 1 : 2);
    if (width > 2) {
        put(o, ':');
        put_number(o, abs % 60, 2);
    }
}

/* f: all digits; F: none that are zero at the end, and then no point before either. */
static bool put_fraction(struct out *o, int ticks, size_t width, bool trim)
{
    size_t shown = width;

    if (width > 7)
        return false;
    for (size_t i = width; i < 7; i++)
        ticks /= 10;
    if (trim) {
        for (; shown > 0 && ticks % 10 == 0; shown--)
            ticks /= 10;
        if (shown == 0) {
            if (o->n > 0 && o->n <= o->max && o->p[o->n - 1] == '.')
                o->n--;
            return true;
        }
    }
    put_number(o, ticks, (int)shown);
    return true;
}

static void put_year(struct out *o, int year, size_t width)
{
    if (width <= 2)
        put_number(o, year % 100, (int)width);
    else
        put_number(o, year, (int)width);
}

static void put_day(struct out *o, const struct lava_civil *c, size_t width)
{
    if (width <= 2)
        put_number(o, c->day, (int)width);
    else
        put_text(o, lava_day_names[c->weekday], width == 3 ? 3 : 16);
}

static void put_month(struct out *o, const struct lava_civil *c, size_t width)
{
    if (width <= 2)
        put_number(o, c->month, (int)width);
    else
        put_text(o, lava_month_names[c->month - 1], width == 3 ? 3 : 16);
}

/* One specifier, its letter repeated width times. False: not one of them. */
static bool put_time(struct out *o, const struct lava_civil *c, char letter, size_t width)
{
    int digits = width == 1 ? 1 : 2;

    switch (letter) {
    case 'h':
        put_number(o, c->hour % 12 ? c->hour % 12 : 12, digits);
        return true;
    case 'H':
        put_number(o, c->hour, digits);
        return true;
    case 'm':
        put_number(o, c->minute, digits);
        return true;
    case 's':
        put_number(o, c->second, digits);
        return true;
    case 't':
        put_text(o, c->hour < 12 ? "AM" : "PM", width == 1 ? 1 : 2);
        return true;
    default:
        return false;
    }
}

enum spec { SPEC_DONE, SPEC_LITERAL, SPEC_BAD };

static enum spec put_spec(
    struct out *o, const struct lava_date *d, const struct lava_civil *c, char letter, size_t width)
{
    switch (letter) {
    case 'd':
        put_day(o, c, width);
        return SPEC_DONE;
    case 'M':
        put_month(o, c, width);
        return SPEC_DONE;
    case 'y':
        put_year(o, c->year, width);
        return SPEC_DONE;
    case 'f':
    case 'F':
        return put_fraction(o, c->ticks, width, letter == 'F') ? SPEC_DONE : SPEC_BAD;
    case 'g':
        put_text(o, "A.D.", 4);
        return SPEC_DONE;
    case 'K':
        for (; width > 0; width--)
            put_offset(o, d->offset_min, 3);
        return SPEC_DONE;
    case 'z':
        put_offset(o, d->offset_min, width);
        return SPEC_DONE;
    default:
        return put_time(o, c, letter, width) ? SPEC_DONE : SPEC_LITERAL;
    }
}

/* A text in quotes at f[0], escapes in it; its length with both quotes, 0 when it does not end. */
static size_t put_quoted(struct out *o, const char *f, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (f[i] == f[0])
            return i + 1;
        if (f[i] == '\\' && ++i == n)
            return 0;
        put(o, f[i]);
    }
    return 0;
}

/* A run of one letter; its length, 0 when .NET refuses it. */
static size_t put_run(
    struct out *o, const struct lava_date *d, const struct lava_civil *c, const char *f, size_t n)
{
    size_t width = 1;

    while (width < n && f[width] == f[0])
        width++;
    switch (put_spec(o, d, c, f[0], width)) {
    case SPEC_BAD:
        return 0;
    case SPEC_LITERAL:
        put_text(o, f, width);
        break;
    case SPEC_DONE:
        break;
    }
    return width;
}

static bool put_custom(struct out *o, const struct lava_date *d, const char *f, size_t n)
{
    struct lava_civil c;
    size_t width;

    lava_date_split(d->ticks, &c);
    for (size_t i = 0; i < n; i += width) {
        bool last = i + 1 == n;
        switch (f[i]) {
        case '\'':
        case '"':
            width = put_quoted(o, f + i, n - i);
            break;
        case '\\':
            if (!last)
                put(o, f[i + 1]);
            width = last ? 0 : 2;
            break;
        case '%': /* only makes a single letter custom */
            width = last || f[i + 1] == '%' ? 0 : 1;
            break;
        default:
            width = put_run(o, d, &c, f + i, n - i);
        }
        if (width == 0)
            return false;
    }
    return true;
}

/* NULL: no such standard format. */
static const char *standard(char letter)
{
    static const struct {
        char letter;
        const char *format;
    } rows[] = {
        {'d', "M/d/yyyy"},
        {'D', "dddd, MMMM d, yyyy"},
        {'f', "dddd, MMMM d, yyyy h:mm tt"},
        {'F', "dddd, MMMM d, yyyy h:mm:ss tt"},
        {'g', "M/d/yyyy h:mm tt"},
        {'G', "M/d/yyyy h:mm:ss tt"},
        {'m', "MMMM d"},
        {'M', "MMMM d"},
        {'o', "yyyy-MM-ddTHH:mm:ss.fffffffzzz"},
        {'O', "yyyy-MM-ddTHH:mm:ss.fffffffzzz"},
        {'r', "ddd, dd MMM yyyy HH:mm:ss 'GMT'"},
        {'R', "ddd, dd MMM yyyy HH:mm:ss 'GMT'"},
        {'s', "yyyy-MM-ddTHH:mm:ss"},
        {'t', "h:mm tt"},
        {'T', "h:mm:ss tt"},
        {'u', "yyyy-MM-dd HH:mm:ss'Z'"},
        {'y', "MMMM yyyy"},
        {'Y', "MMMM yyyy"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].letter == letter)
            return rows[i].format;
    }
    return NULL;
}

long lava_date_format(
    const struct lava_date *d, const char *format, size_t format_len, char *out, size_t max)
{
    struct out o = {.p = out, .max = max};
    struct lava_date at = *d;

    if (format_len == 1) {
        bool utc = strchr("rRu", format[0]) != NULL && format[0] != '\0';
        format = standard(format[0]);
        if (format == NULL)
            return -1;
        format_len = strlen(format);
        if (utc) {
            if (!lava_date_add_ticks(&at, -(int64_t)d->offset_min * 60 * LAVA_TICKS_SECOND))
                return -1;
            at.offset_min = 0;
        }
    }
    return put_custom(&o, &at, format, format_len) ? (long)o.n : -1;
}
