/*
 * lava_date: points in time as Lava has them: a clock's reading with the offset of that clock.
 *
 * The arithmetic, the parser and the formats are those of .NET's DateTimeOffset in the culture
 * en-US. Years 1 to 9999. Pure: neither knows what time it is, nor any zone; the caller says both.
 *
 * @source DIALECT.md 4; .NET custom date and time format strings
 */
#ifndef SYNC_CORE_LAVA_DATE_H
#define SYNC_CORE_LAVA_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAVA_TICKS_SECOND INT64_C(10000000) /* a tick is 100 ns */
#define LAVA_TICKS_DAY    (86400 * LAVA_TICKS_SECOND)

struct lava_date {
    int64_t ticks;      /* the clock's reading: ticks since 0001-01-01T00:00:00 */
    int32_t offset_min; /* that clock minus UTC */
};

/* The parts of a reading. */
struct lava_civil {
    int year, month, day; /* from 1 */
    int hour, minute, second;
    int ticks;   /* of the second: 0 to 9,999,999 */
    int weekday; /* 0 = Sunday */
    int yearday; /* from 1 */
};

/*
 * Offset in minutes of a reading on the organisation's clocks: what decides for texts without an
 * offset of their own. NULL stands for UTC.
 */
typedef int lava_offset_fn(const void *zone, int64_t ticks);

/* What reading and rendering dates needs from outside. */
struct lava_clock {
    bool known;             /* now may be asked for */
    struct lava_date now;   /* in the organisation's zone */
    lava_offset_fn *offset; /* NULL: UTC */
    const void *zone;       /* for offset */
};

void lava_date_split(int64_t ticks, struct lava_civil *ret);
/* False (ret untouched) for what is no date. Fields out of range are refused, weekday ignored. */
bool lava_date_join(const struct lava_civil *c, int64_t *ret_ticks);

/*
 * Reads what DateTime.Parse reads in en-US: ISO 8601, 5/1/2018 6:30 PM, 1-May-2018, May 1, 2018,
 * RFC 1123, a month and a year, a month and a day, a time alone, with an offset, Z or GMT behind.
 * Where a part is missing (year, date), the clock's is taken; without a known clock that is a
 * failure. White space around is no matter.
 * @clock   may be NULL: UTC, now unknown
 * @return  false: not a date; ret untouched
 */
bool lava_date_parse(const char *s,
                     size_t n,
                     const struct lava_clock *clock,
                     struct lava_date *ret);

/*
 * Formats by a .NET format: one letter of the standard ones (d D f F g G m M o O r R s t T u U y Y)
 * or a custom format.
 * @out     at most max bytes, no NUL; may be NULL when max is 0
 * @return  length of the whole text (as snprintf: compare with max), 0 for an empty result, -1 for
 * a format that .NET refuses
 */
long lava_date_format(
    const struct lava_date *d, const char *format, size_t format_len, char *out, size_t max);

/* Months are added by the calendar, the day cut to the month's last. False beyond years 1 to 9999.
 */
bool lava_date_add_months(struct lava_date *d, int64_t months);
bool lava_date_add_ticks(struct lava_date *d, int64_t ticks);

/* Ticks since 0001-01-01T00:00:00 UTC: what dates are compared by. */
static inline int64_t lava_date_utc(const struct lava_date *d)
{
    return d->ticks - (int64_t)d->offset_min * 60 * LAVA_TICKS_SECOND;
}

int lava_days_in_month(int year, int month);   /* 0 when there is no such month */
extern const char *const lava_month_names[12]; /* January .. */
extern const char *const lava_day_names[7];    /* Sunday .. */

#endif
