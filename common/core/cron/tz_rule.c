/*
 * tz_rule: "EST5EDT,M3.2.0,M11.1.0", written out into transitions, so that a zone has one way of
 * looking up. Two transitions a year for 402 years take 7 KiB.
 */
#include <string.h>

#include "common/base/banned.h"
#include "common/base/tm.h"

#include "common/core/cron/tz_p.h"

enum { YEARS = 401, MAX_HOURS = 167 /* @source RFC 8536 3.3.1 */ };

struct date { /* day of a year on which clocks change */
    enum { MONTH_WEEK_DAY, JULIAN, DAY_OF_YEAR } kind;
    int month, week, day; /* week 5: the last. day: 0 Sunday; or of the year */
    int32_t time;         /* seconds of the local day, may be negative or beyond 24 h */
};

struct rule {
    struct tz_type std, dst;
    struct date start, end; /* of daylight saving time */
};

struct in {
    const char *p, *end;
};

static bool take(struct in *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool number(struct in *s, int lo, int hi, int *ret)
{
    const char *begin = s->p;
    int v = 0;

    for (; s->p < s->end && s->p - begin < 4 && *s->p >= '0' && *s->p <= '9'; s->p++)
        v = v * 10 + (*s->p - '0');
    *ret = v;
    return s->p > begin && v >= lo && v <= hi;
}

/* [+-]hh[:mm[:ss]] */
static bool clock_time(struct in *s, int32_t *ret)
{
    int h = 0, m = 0, sec = 0, sign = 1;

    if (take(s, '-'))
        sign = -1;
    else
        take(s, '+');
    if (!number(s, 0, MAX_HOURS, &h))
        return false;
    if (take(s, ':') && (!number(s, 0, 59, &m) || (take(s, ':') && !number(s, 0, 59, &sec))))
        return false;
    *ret = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "EST" or "<-03>"; added to the zone's abbreviations. */
static bool name(struct in *s, struct tz *z, struct tz_type *t)
{
    bool quoted = take(s, '<');
    const char *begin = s->p;

    while (s->p < s->end && (quoted ? *s->p != '>' : is_letter(*s->p)))
        s->p++;
    size_t n = (size_t)(s->p - begin);
    if (n == 0 || z->abbrevs_n + n + 1 > sizeof(z->abbrevs) || memchr(begin, 0, n) ||
        (quoted && !take(s, '>')))
        return false;
    t->abbrev = (uint16_t)z->abbrevs_n;
    memcpy(z->abbrevs + z->abbrevs_n, begin, n);
    z->abbrevs[z->abbrevs_n + n] = '\0';
    z->abbrevs_n += n + 1;
    return true;
}

/* POSIX counts offsets west of Greenwich. */
static bool offset(struct in *s, struct tz_type *t)
{
    int32_t west;

    if (!clock_time(s, &west) || west <= -TZ_MAX_OFFSET || west >= TZ_MAX_OFFSET)
        return false;
    t->offset = -west;
    return true;
}

static bool date(struct in *s, struct date *d)
{
    *d = (struct date){.time = 2 * 3600};
    if (!take(s, ','))
        return false;
    bool ok;
    if (take(s, 'M')) {
        ok = number(s, 1, 12, &d->month) && take(s, '.') && number(s, 1, 5, &d->week) &&
             take(s, '.') && number(s, 0, 6, &d->day);
    } else {
        d->kind = take(s, 'J') ? JULIAN : DAY_OF_YEAR;
        ok = number(s, d->kind == JULIAN, 365, &d->day);
    }
    return ok && (!take(s, '/') || clock_time(s, &d->time));
}

static bool parse(struct in *s, struct tz *z, struct rule *r)
{
    if (!name(s, z, &r->std) || !offset(s, &r->std))
        return false;
    if (s->p == s->end)
        return true;
    if (!name(s, z, &r->dst))
        return false;
    r->dst.dst = true;
    r->dst.offset = r->std.offset + 3600;
    if (s->p < s->end && *s->p != ',' && !offset(s, &r->dst))
        return false;
    return date(s, &r->start) && date(s, &r->end) && s->p == s->end;
}

/* ---- writing it out ---- */

static int64_t day_of(const struct date *d, int year)
{
    int64_t jan1 = tm_days_from_civil(year, 1, 1);

    if (d->kind == DAY_OF_YEAR)
        return jan1 + d->day;
    if (d->kind == JULIAN) /* 1-365: 29 February is never counted */
        return jan1 + d->day - 1 + (d->day > 59 && tm_date_valid(year, 2, 29));
    int64_t first = tm_days_from_civil(year, d->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
    if (d->week == 5 && !tm_date_valid(year, d->month, (int)day + 1))
        day -= 7;
    return first + day;
}

static int64_t instant(const struct date *d, int year, int32_t offset_before)
{
    return day_of(d, year) * 86400 + d->time - offset_before;
}

static bool same_type(const struct tz *z, const struct tz_type *a, const struct tz_type *b)
{
    return a->offset == b->offset && a->dst == b->dst &&
           strcmp(z->abbrevs + a->abbrev, z->abbrevs + b->abbrev) == 0;
}

/* Index of t among the zone's types; -1: there is no room. */
static int type_index(struct tz *z, const struct tz_type *t)
{
    for (size_t i = 0; i < z->n_types; i++)
        if (same_type(z, &z->types[i], t))
            return (int)i;
    if (z->n_types == TZ_MAX_TYPES)
        return -1;
    z->types[z->n_types] = *t;
    return (int)z->n_types++;
}

static void write_year(struct tz *z, const struct rule *r, int year, uint8_t std, uint8_t dst)
{
    int64_t on = instant(&r->start, year, r->std.offset);
    int64_t off = instant(&r->end, year, r->dst.offset);

    if (on < off) {
        tz_add(z, on, dst);
        tz_add(z, off, std);
    } else {
        tz_add(z, off, std);
        tz_add(z, on, dst);
    }
}

/* tz_add drops what is before the table's last change: the table knows better. */
static void write_out(struct tz *z, const struct rule *r, uint8_t std, uint8_t dst)
{
    int first = TZ_YEAR_0, month, day;

    if (z->n)
        tm_civil_from_days(z->at[z->n - 1] / 86400, &first, &month, &day);
    if (first < TZ_YEAR_0)
        first = TZ_YEAR_0;
    for (int year = first; year <= first + YEARS; year++)
        write_year(z, r, year, std, dst);
    z->end = z->at[z->n - 1];
}

int tz_rule_expand(struct tz *z, const char *s, size_t n, struct err *err)
{
    struct rule r = {0};
    struct in in = {s, s + n};

    if (n == 0)
        return 0;
    if (!parse(&in, z, &r))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "tz", "its last line is no rule");
    if (!r.dst.dst)
        return 0; /* the last type counts for ever, which the table says too */
    int std = type_index(z, &r.std), dst = type_index(z, &r.dst);
    if (std < 0 || dst < 0)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "tz", "too many kinds of local time");
    write_out(z, &r, (uint8_t)std, (uint8_t)dst);
    return 0;
}
