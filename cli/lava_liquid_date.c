/*
 * strftime as Ruby has it, for the date filter of the Liquid dialect.
 */
#include <stdio.h>
#include <string.h>

#include "cli/lava_liquid_p.h"
#include "common/core/lava/lava_date.h"

struct format {
    struct lava_civil t;
    const struct lava_date *d;
    char *out;
    size_t n, max;
};

/* %[flags][width]letter */
struct field {
    char letter, pad; /* pad: '0', ' ', '-' for none */
    bool upper, colon;
    int width;
};

static void put(struct format *f, const char *s, size_t n)
{
    if (n > f->max - f->n)
        n = f->max - f->n;
    memcpy(f->out + f->n, s, n);
    f->n += n;
}

static void put_number(struct format *f, const struct field *x, int64_t v, int width, char pad)
{
    char buf[64];

    if (x->pad)
        pad = x->pad;
    if (x->width)
        width = x->width > 40 ? 40 : x->width;
    int n = pad == '-'   ? snprintf(buf, sizeof(buf), "%lld", (long long)v)
            : pad == ' ' ? snprintf(buf, sizeof(buf), "%*lld", width, (long long)v)
                         : snprintf(buf, sizeof(buf), "%0*lld", width, (long long)v);
    put(f, buf, (size_t)n);
}

static void put_text(struct format *f, const struct field *x, const char *s, size_t n)
{
    for (int i = (int)n; i < x->width; i++)
        put(f, x->pad == '0' ? "0" : " ", 1);
    for (size_t i = 0; i < n; i++) {
        char c = x->upper && s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 32) : s[i];
        put(f, &c, 1);
    }
}

static void put_zone(struct format *f, const struct field *x)
{
    char buf[16];
    int m = f->d->offset_min, a = m < 0 ? -m : m;

    snprintf(buf, sizeof(buf), x->colon ? "%c%02d:%02d" : "%c%02d%02d", m < 0 ? '-' : '+', a / 60,
             a % 60);
    put_text(f, x, buf, strlen(buf));
}

static int64_t unix_seconds(const struct format *f)
{
    return lava_date_utc(f->d) / LAVA_TICKS_SECOND - INT64_C(62135596800);
}

/* Week of the year, weeks beginning with `first` (0 Sunday). */
static int week(const struct lava_civil *t, int first)
{
    return (t->yearday - 1 + 7 - (t->weekday - first + 7) % 7) / 7;
}

/* ISO 8601: week and the year it belongs to. */
static int iso_week(const struct lava_civil *t, int *year)
{
    int day = (t->weekday + 6) % 7, w = (t->yearday - 1 - day + 10) / 7;
    bool leap = lava_days_in_month(t->year, 2) == 29;
    int days = leap ? 366 : 365;

    *year = t->year;
    if (w < 1) {
        --*year;
        int before = lava_days_in_month(*year, 2) == 29 ? 366 : 365;
        return (t->yearday - 1 + before - day + 10) / 7;
    }
    if (w == 53 && t->yearday - 1 - day + 3 >= days) {
        ++*year;
        return 1;
    }
    return w;
}

static void put_fraction(struct format *f, const struct field *x)
{
    int digits = x->width ? x->width : x->letter == 'L' ? 3 : 9;
    char buf[40];

    snprintf(buf, sizeof(buf), "%07d00000000000000000000", f->t.ticks);
    put(f, buf, (size_t)(digits > 20 ? 20 : digits));
}

static void format_into(struct format *f, struct lava_str format);

static bool put_composed(struct format *f, char letter)
{
    static const struct {
        char letter;
        const char *format;
    } composed[] = {{'c', "%a %b %e %H:%M:%S %Y"},
                    {'D', "%m/%d/%y"},
                    {'x', "%m/%d/%y"},
                    {'F', "%Y-%m-%d"},
                    {'T', "%H:%M:%S"},
                    {'X', "%H:%M:%S"},
                    {'R', "%H:%M"},
                    {'r', "%I:%M:%S %p"},
                    {'v', "%e-%^b-%Y"},
                    {'+', "%a %b %e %H:%M:%S %Z %Y"}};

    for (size_t i = 0; i < ARRAY_LEN(composed); i++) {
        if (composed[i].letter != letter)
            continue;
        format_into(f, (struct lava_str){composed[i].format, strlen(composed[i].format)});
        return true;
    }
    return false;
}

/* Letters that are a number: its value, width and padding. */
static bool number_of(const struct format *f, char letter, int64_t *v, int *width, char *pad)
{
    const struct lava_civil *t = &f->t;
    int hour = t->hour % 12 ? t->hour % 12 : 12, year;
    int iso = iso_week(t, &year);
    const struct {
        char letter;
        int64_t v;
        int width;
        char pad;
    } numbers[] = {{'Y', t->year, 4, '0'},        {'C', t->year / 100, 2, '0'},
                   {'y', t->year % 100, 2, '0'},  {'m', t->month, 2, '0'},
                   {'d', t->day, 2, '0'},         {'e', t->day, 2, ' '},
                   {'j', t->yearday, 3, '0'},     {'H', t->hour, 2, '0'},
                   {'k', t->hour, 2, ' '},        {'I', hour, 2, '0'},
                   {'l', hour, 2, ' '},           {'M', t->minute, 2, '0'},
                   {'S', t->second, 2, '0'},      {'u', t->weekday ? t->weekday : 7, 1, '0'},
                   {'w', t->weekday, 1, '0'},     {'U', week(t, 0), 2, '0'},
                   {'W', week(t, 1), 2, '0'},     {'V', iso, 2, '0'},
                   {'G', year, 4, '0'},           {'g', year % 100, 2, '0'},
                   {'s', unix_seconds(f), 1, '0'}};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (numbers[i].letter != letter)
            continue;
        *v = numbers[i].v;
        *width = numbers[i].width;
        *pad = numbers[i].pad;
        return true;
    }
    return false;
}

static bool put_name(struct format *f, const struct field *x)
{
    const char *month = lava_month_names[f->t.month - 1], *day = lava_day_names[f->t.weekday];
    bool pm = f->t.hour >= 12;

    switch (x->letter) {
    case 'B':
        put_text(f, x, month, strlen(month));
        return true;
    case 'b':
    case 'h':
        put_text(f, x, month, 3);
        return true;
    case 'A':
        put_text(f, x, day, strlen(day));
        return true;
    case 'a':
        put_text(f, x, day, 3);
        return true;
    case 'p':
        put_text(f, x, pm ? "PM" : "AM", 2);
        return true;
    case 'P':
        put_text(f, x, pm ? "pm" : "am", 2);
        return true;
    case 'Z':
        put_text(f, x, f->d->offset_min ? "" : "UTC", f->d->offset_min ? 0 : 3);
        return true;
    default:
        return false;
    }
}

/* False: no such letter, which then is left as it is. */
static bool put_field(struct format *f, const struct field *x)
{
    int64_t v;
    int width;
    char pad;

    if (number_of(f, x->letter, &v, &width, &pad)) {
        put_number(f, x, v, width, pad);
        return true;
    }
    if (put_name(f, x) || put_composed(f, x->letter))
        return true;
    switch (x->letter) {
    case 'z':
        put_zone(f, x);
        return true;
    case 'L':
    case 'N':
        put_fraction(f, x);
        return true;
    case '%':
        put(f, "%", 1);
        return true;
    case 'n':
        put(f, "\n", 1);
        return true;
    case 't':
        put(f, "\t", 1);
        return true;
    default:
        return false;
    }
}

static bool read_flag(char c, struct field *x)
{
    switch (c) {
    case '-':
    case '0':
        x->pad = c;
        return true;
    case '_':
        x->pad = ' ';
        return true;
    case '^':
    case '#':
        x->upper = true;
        return true;
    case ':':
        x->colon = true;
        return true;
    default:
        return false;
    }
}

/* Reads a field at s (behind the %); its length, 0 when there is none. */
static size_t read_field(const char *s, size_t n, struct field *x)
{
    size_t i = 0;

    *x = (struct field){0};
    while (i < n && read_flag(s[i], x))
        i++;
    for (; i < n && s[i] >= '0' && s[i] <= '9' && x->width < 100; i++)
        x->width = x->width * 10 + (s[i] - '0');
    if (i == n)
        return 0;
    x->letter = s[i];
    return i + 1;
}

static void format_into(struct format *f, struct lava_str format)
{
    for (size_t i = 0; i < format.n; i++) {
        struct field x;
        size_t used = format.p[i] == '%' ? read_field(format.p + i + 1, format.n - i - 1, &x) : 0;
        if (used && put_field(f, &x))
            i += used;
        else
            put(f, &format.p[i], 1);
    }
}

size_t
lava_liquid_strftime(const struct lava_date *d, struct lava_str format, char *out, size_t max)
{
    struct format f = {.d = d, .out = out, .max = max};

    lava_date_split(d->ticks, &f.t);
    format_into(&f, format);
    return f.n;
}
