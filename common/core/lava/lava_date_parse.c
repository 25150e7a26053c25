/*
 * lava_date_parse: texts as dates, as DateTime.Parse takes them in en-US. Part of lava_date.
 *
 * The text is read as a sequence of times, zones, names and numbers; what the numbers mean is
 * decided at the end by how many there are, how many digits they have and whether a month's name
 * stands among them. The order of date and time does not matter, as in .NET.
 *
 * @source .NET runtime, DateTimeParse.cs (its table of states, by what it accepts)
 */
#include <string.h>
#include <strings.h>

#include "common/core/lava/lava_date.h"

enum { MAX_TEXT = 100, MAX_NUMBERS = 3, TWO_DIGIT_YEAR_MAX = 2029 };

struct number {
    int v, digits;
    char before; /* what separates it from the number before: / - . , or a blank */
};

struct parse {
    const char *p, *end;
    struct number n[MAX_NUMBERS];
    int n_numbers;
    int month;    /* by name; 0: none */
    int month_at; /* numbers before it */
    int weekday;  /* -1: none */
    bool have_time, have_zone;
    int hour, minute, second, ticks;
    int half; /* 0 none, 1 AM, 2 PM */
    int offset_min;
    char sep; /* since the last number or name */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_spaces(struct parse *s)
{
    while (s->p < s->end && is_space(*s->p))
        s->p++;
}

static bool at(const struct parse *s, char c)
{
    return s->p < s->end && *s->p == c;
}

/* Digits, at most 9 of them; how many were read, 0: none or too many. */
static int read_digits(struct parse *s, int *ret)
{
    int v = 0, n = 0;

    for (; s->p < s->end && is_digit(*s->p); s->p++) {
        if (++n > 9)
            return 0;
        v = v * 10 + (*s->p - '0');
    }
    *ret = v;
    return n;
}

/* .1234567: ticks; more digits are rounded. */
static bool read_fraction(struct parse *s)
{
    int n = 0;

    for (; s->p < s->end && is_digit(*s->p); s->p++, n++) {
        if (n < 7)
            s->ticks = s->ticks * 10 + (*s->p - '0');
        else if (n == 7 && *s->p >= '5' && s->ticks < 9999999)
            s->ticks++;
    }
    for (int i = n; i < 7; i++)
        s->ticks *= 10;
    return n > 0;
}

/* Behind a first number that a colon follows. */
static bool read_time(struct parse *s, int hour)
{
    if (s->have_time)
        return false;
    s->have_time = true;
    s->hour = hour;
    s->p++;
    int n = read_digits(s, &s->minute);
    if (n < 1 || n > 2)
        return false;
    if (!at(s, ':'))
        return true;
    s->p++;
    n = read_digits(s, &s->second);
    if (n < 1 || n > 2)
        return false;
    if (!at(s, '.') && !at(s, ','))
        return true;
    if (at(s, ',') && (s->p + 1 == s->end || !is_digit(s->p[1])))
        return true; /* 18:30:00, May 1 */
    s->p++;
    return read_fraction(s);
}

/* +hh +hhmm +hh:mm */
static bool read_offset(struct parse *s)
{
    int sign = *s->p++ == '-' ? -1 : 1, hours, minutes = 0;
    int n = read_digits(s, &hours);

    if (n == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (n < 1 || n > 2) {
        return false;
    } else if (at(s, ':')) {
        s->p++;
        if (read_digits(s, &minutes) != 2)
            return false;
    }
    if (minutes > 59 || hours * 60 + minutes > 14 * 60)
        return false;
    s->offset_min = sign * (hours * 60 + minutes);
    s->have_zone = true;
    return true;
}

/* Index of the name that the word is, whole or as its first three letters; -1: none. */
static int find_name(const char *w, size_t n, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if ((n == 3 || n == strlen(names[i])) && strncasecmp(w, names[i], n) == 0)
            return i;
    }
    return -1;
}

static bool word_is(const char *w, size_t n, const char *z)
{
    return n == strlen(z) && strncasecmp(w, z, n) == 0;
}

static bool take_month(struct parse *s, int index)
{
    if (s->month)
        return false;
    s->month = index + 1;
    s->month_at = s->n_numbers;
    s->sep = 0;
    return true;
}

static bool take_half(struct parse *s, int half)
{
    if (s->half || !s->have_time)
        return false;
    s->half = half;
    return true;
}

static bool take_utc(struct parse *s)
{
    bool first = !s->have_zone;

    s->have_zone = true;
    return first;
}

/* A word that belongs to the time. */
static bool take_time_word(struct parse *s, const char *w, size_t n)
{
    if (word_is(w, n, "am"))
        return take_half(s, 1);
    if (word_is(w, n, "pm"))
        return take_half(s, 2);
    if (word_is(w, n, "z") || word_is(w, n, "gmt") || word_is(w, n, "utc"))
        return take_utc(s);
    /* the T of ISO 8601 stands between date and time */
    return word_is(w, n, "t") && s->n_numbers > 0 && s->p < s->end && is_digit(*s->p);
}

static bool take_word(struct parse *s)
{
    const char *w = s->p;

    while (s->p < s->end && is_letter(*s->p))
        s->p++;
    size_t n = (size_t)(s->p - w);
    int i = find_name(w, n, lava_month_names, 12);
    if (i >= 0)
        return take_month(s, i);
    i = find_name(w, n, lava_day_names, 7);
    if (i >= 0) {
        if (s->weekday >= 0)
            return false;
        s->weekday = i;
        return true;
    }
    return take_time_word(s, w, n);
}

/* The hour of "6 PM" and "6PM": a number before AM or PM. */
static bool half_follows(const struct parse *s)
{
    const char *p = s->p;

    while (p < s->end && is_space(*p))
        p++;
    return s->end - p >= 2 && ((*p | 32) == 'a' || (*p | 32) == 'p') && (p[1] | 32) == 'm' &&
           (s->end - p == 2 || !is_letter(p[2]));
}

static bool take_number(struct parse *s)
{
    int v, digits = read_digits(s, &v);

    if (digits == 0)
        return false;
    if (at(s, ':'))
        return digits <= 2 && read_time(s, v);
    if (half_follows(s)) {
        if (s->have_time || digits > 2)
            return false;
        s->have_time = true;
        s->hour = v;
        return true;
    }
    if (s->n_numbers == MAX_NUMBERS || digits > 4)
        return false;
    s->n[s->n_numbers++] = (struct number){v, digits, s->sep};
    s->sep = 0;
    return true;
}

/* A sign behind the time, or behind a blank and the whole date, is an offset. */
static bool offset_follows(const struct parse *s)
{
    if (s->have_zone || s->end - s->p < 2 || !is_digit(s->p[1]))
        return false;
    if (*s->p == '+')
        return true;
    return *s->p == '-' && (s->have_time || (s->sep == ' ' && s->n_numbers + (s->month > 0) == 3));
}

/* A mark between parts, one at a time and not at the beginning. */
static bool take_mark(struct parse *s)
{
    bool begun = s->n_numbers > 0 || s->month || s->weekday >= 0 || s->have_time;

    if (offset_follows(s))
        return read_offset(s);
    if (!begun || *s->p == '\0' || !strchr("/-.,", *s->p) || (s->sep && s->sep != ' '))
        return false;
    s->sep = *s->p++;
    return true;
}

static bool take_parts(struct parse *s)
{
    while (s->p < s->end) {
        bool ok;
        if (is_space(*s->p)) {
            skip_spaces(s);
            if (!s->sep)
                s->sep = ' ';
            continue;
        }
        if (is_digit(*s->p))
            ok = take_number(s);
        else if (is_letter(*s->p))
            ok = take_word(s);
        else
            ok = take_mark(s);
        if (!ok)
            return false;
    }
    return s->sep == 0 || s->sep == ' ' || s->sep == ',';
}

static bool is_year(const struct number *n)
{
    return n->digits > 2 || n->v > 31;
}

static int full_year(const struct number *n)
{
    if (n->digits > 2)
        return n->v;
    return n->v + (n->v + 2000 > TWO_DIGIT_YEAR_MAX ? 1900 : 2000);
}

/* With the month's name. The year stays -1 where the clock has to say it. */
static bool settle_named(const struct parse *s, struct lava_civil *c)
{
    const struct number *n = s->n;

    c->month = s->month;
    if (s->n_numbers == 1) {
        if (is_year(&n[0])) {
            c->year = full_year(&n[0]);
            c->day = 1;
        } else {
            c->day = n[0].v;
        }
        return true;
    }
    if (s->n_numbers != 2)
        return false;
    bool year_first = n[0].digits > 2;
    c->year = full_year(&n[year_first ? 0 : 1]);
    c->day = n[year_first ? 1 : 0].v;
    return n[year_first ? 1 : 0].digits <= 2;
}

static bool settle_two(const struct number *n, struct lava_civil *c)
{
    if (n[1].before != '/' && n[1].before != '-')
        return false;
    if (n[0].digits > 2) { /* 2018-05 */
        c->year = n[0].v;
        c->month = n[1].v;
        c->day = 1;
    } else if (n[1].digits > 2) { /* 05/2018 */
        c->year = n[1].v;
        c->month = n[0].v;
        c->day = 1;
    } else {
        c->month = n[0].v;
        c->day = n[1].v;
    }
    return true;
}

static bool settle_numbers(const struct parse *s, struct lava_civil *c)
{
    const struct number *n = s->n;

    if (s->n_numbers == 2)
        return settle_two(n, c);
    if (s->n_numbers != 3 || n[1].digits > 2)
        return false;
    if (n[0].digits > 2) {
        c->year = n[0].v;
        c->month = n[1].v;
        c->day = n[2].v;
        return n[2].digits <= 2;
    }
    c->month = n[0].v;
    c->day = n[1].v;
    c->year = full_year(&n[2]);
    return true;
}

/* What is missing comes from today. */
static bool settle_date(const struct parse *s, const struct lava_clock *clock, struct lava_civil *c)
{
    struct lava_civil today;

    if (s->month && !settle_named(s, c))
        return false;
    if (!s->month && s->n_numbers > 0 && !settle_numbers(s, c))
        return false;
    if (c->year >= 0) /* 0 too, which is none */
        return true;
    if (clock == NULL || !clock->known || !(s->have_time || s->n_numbers > 0))
        return false;
    lava_date_split(clock->now.ticks, &today);
    c->year = today.year;
    if (c->month == 0) { /* a time alone */
        c->month = today.month;
        c->day = today.day;
    }
    return true;
}

static bool settle_time(const struct parse *s, struct lava_civil *c)
{
    c->hour = s->hour;
    c->minute = s->minute;
    c->second = s->second;
    c->ticks = s->ticks;
    if (s->half && (s->hour > (s->half == 1 ? 12 : 23)))
        return false;
    if (s->half == 1 && s->hour == 12)
        c->hour = 0;
    if (s->half == 2 && s->hour < 12)
        c->hour += 12;
    return true;
}

/* Without the white space around; false when nothing is left, or too much for a date. */
static bool trim(struct parse *s)
{
    skip_spaces(s);
    while (s->end > s->p && is_space(s->end[-1]))
        s->end--;
    return s->p < s->end && s->end - s->p <= MAX_TEXT;
}

bool lava_date_parse(const char *text,
                     size_t n,
                     const struct lava_clock *clock,
                     struct lava_date *ret)
{
    struct parse s = {.p = text, .end = text + n, .weekday = -1};
    struct lava_civil c = {.year = -1}, check;
    int64_t ticks;

    if (!trim(&s) || !take_parts(&s))
        return false;
    if (!settle_date(&s, clock, &c) || !settle_time(&s, &c) || !lava_date_join(&c, &ticks))
        return false;
    lava_date_split(ticks, &check);
    if (s.weekday >= 0 && s.weekday != check.weekday)
        return false;
    ret->ticks = ticks;
    if (s.have_zone)
        ret->offset_min = s.offset_min;
    else
        ret->offset_min = clock && clock->offset ? clock->offset(clock->zone, ticks) : 0;
    return true;
}
