/* cron: the next fire time. The search goes over readings on the wall; zones come in at both ends.
 */
#include "common/core/cron/cron.h"

#include "common/base/banned.h"
#include "common/base/tm.h"

#include "common/core/cron/cron_p.h"

struct wall {
    int year, month, day, hour, minute, second;
};

static int64_t wall_seconds(const struct wall *w)
{
    return tm_days_from_civil(w->year, w->month, w->day) * 86400 + w->hour * 3600 + w->minute * 60 +
           w->second;
}

static struct wall wall_of(int64_t local_s)
{
    struct wall w;
    int64_t days = local_s / 86400, rest = local_s % 86400;

    if (rest < 0)
        rest += 86400, days--;
    tm_civil_from_days(days, &w.year, &w.month, &w.day);
    w.hour = (int)(rest / 3600);
    w.minute = (int)(rest / 60 % 60);
    w.second = (int)(rest % 60);
    return w;
}

/* The lowest bit at or above v; -1: none. */
static int next_bit(uint64_t bits, int v)
{
    if (v > 63)
        return -1;
    bits &= ~UINT64_C(0) << v;
    return bits ? __builtin_ctzll(bits) : -1;
}

/* ---- days ---- */

struct month {
    int days;  /* 28 to 31 */
    int first; /* weekday of the 1st, 0 Sunday */
};

static struct month month_of(int year, int month)
{
    int64_t first = tm_days_from_civil(year, month, 1);
    int64_t next = tm_days_from_civil(month == 12 ? year + 1 : year, month % 12 + 1, 1);

    return (struct month){(int)(next - first), (int)((first + 4) % 7)}; /* from 1970 on: positive */
}

/* 0 Sunday to 6 */
static int weekday(struct month m, int day)
{
    return (m.first + day - 1) % 7;
}

/* Monday to Friday nearest the day, in the same month. */
static int near_weekday(struct month m, int day)
{
    int w = weekday(m, day);

    if (w == 6)
        return day == 1 ? 3 : day - 1;
    if (w == 0)
        return day == m.days ? day - 2 : day + 1;
    return day;
}

/* All days of the month that fall on weekday 1 (Sunday) to 7. */
static uint64_t all_on(struct month m, int n)
{
    uint64_t every_week = UINT64_C(0x1020408102); /* bits 1, 8, 15, 22, 29, 36 */

    return (every_week << (n - 1 - m.first + 7) % 7) & cron_bits(1, m.days);
}

static uint64_t day_bit(struct month m, int day)
{
    return day >= 1 && day <= m.days ? UINT64_C(1) << day : 0;
}

static uint64_t weekdays_of(const struct cron *c, struct month m)
{
    uint64_t days = 0;

    for (int n = 1; n <= 7; n++)
        if (c->weekdays >> n & 1)
            days |= all_on(m, n);
    return days;
}

/* Bits 1 to 31: the days of the month on which the schedule fires. */
static uint64_t days_of(const struct cron *c, int year, int month)
{
    struct month m = month_of(year, month);
    int last = m.days - c->n;
    uint64_t on;

    switch (c->day) {
    case CRON_DAYS:
        return c->days & cron_bits(1, m.days);
    case CRON_LAST:
        return day_bit(m, last);
    case CRON_LAST_WEEKDAY:
        return last >= 1 ? day_bit(m, near_weekday(m, last)) : 0;
    case CRON_NEAR_WEEKDAY:
        return c->n <= m.days ? day_bit(m, near_weekday(m, c->n)) : 0;
    case CRON_WEEKDAYS:
        return weekdays_of(c, m);
    case CRON_LAST_IN_MONTH:
        return all_on(m, c->n) & cron_bits(m.days - 6, m.days);
    default: /* the k-th one lies in the k-th seven days */
        on = all_on(m, c->n);
        return on & cron_bits(c->nth * 7 - 6, c->nth * 7);
    }
}

/* ---- the search ---- */

static void day_begins(struct wall *w)
{
    w->hour = w->minute = w->second = 0;
}

static bool find_year(const struct cron *c, struct wall *w)
{
    if (cron_has_year(c, w->year))
        return true;
    int y = w->year < CRON_YEAR_MIN ? 0 : w->year - CRON_YEAR_MIN + 1;

    for (; y < CRON_YEARS; y++) {
        if (!cron_has_year(c, CRON_YEAR_MIN + y))
            continue;
        *w = (struct wall){CRON_YEAR_MIN + y, 1, 1, 0, 0, 0};
        return true;
    }
    return false;
}

/* The first day at or after w's on which the schedule fires; at 00:00 unless it is w's own. */
static bool find_day(const struct cron *c, struct wall *w)
{
    while (find_year(c, w)) {
        int month = next_bit(c->months, w->month);
        if (month < 0) {
            *w = (struct wall){w->year + 1, 1, 1, 0, 0, 0};
            continue;
        }
        if (month != w->month)
            *w = (struct wall){w->year, month, 1, 0, 0, 0};
        int day = next_bit(days_of(c, w->year, month), w->day);
        if (day > w->day)
            day_begins(w);
        if (day >= 0) {
            w->day = day;
            return true;
        }
        *w = (struct wall){w->year, month + 1, 1, 0, 0, 0}; /* 13: no such bit */
    }
    return false;
}

/* The first time of w's day at or after w's. */
static bool find_time(const struct cron *c, struct wall *w)
{
    for (;;) {
        int hour = next_bit(c->hours, w->hour);
        if (hour < 0)
            return false;
        if (hour != w->hour)
            w->hour = hour, w->minute = w->second = 0;
        int minute = next_bit(c->minutes, w->minute);
        if (minute < 0) {
            w->hour++, w->minute = w->second = 0;
            continue;
        }
        if (minute != w->minute)
            w->minute = minute, w->second = 0;
        int second = next_bit(c->seconds, w->second);
        if (second >= 0) {
            w->second = second;
            return true;
        }
        w->minute++, w->second = 0;
    }
}

static bool find(const struct cron *c, struct wall *w)
{
    while (find_day(c, w)) {
        if (find_time(c, w))
            return true;
        w->day++; /* 32: no such bit */
        day_begins(w);
    }
    return false;
}

bool cron_next(const struct cron *c, const struct tz *z, int64_t after_s, int64_t *ret_s)
{
    const int64_t never = INT64_C(4102531200); /* 2100-01-02: no zone has 2099 any more */

    if (after_s >= never)
        return false;
    if (after_s < -2 * 86400)
        after_s = -2 * 86400;
    struct wall w = wall_of(after_s + tz_offset(z, after_s) + 1);

    while (find(c, &w)) {
        int64_t local = wall_seconds(&w);
        struct tz_local l = tz_local(z, local);
        if (l.first > after_s) {
            *ret_s = l.first;
            return true;
        }
        /* Clocks were put back and the first of the two times is over: go on where they reach what
         * they had shown before the change. */
        w = wall_of(l.kind == TZ_TWICE ? l.change + (local - l.first) : local + 1);
    }
    return false;
}
