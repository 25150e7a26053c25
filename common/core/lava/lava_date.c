/*
 * lava_date: readings of clocks and their arithmetic. See lava_date.h.
 */
#include "common/core/lava/lava_date.h"

#include "common/base/tm.h"

/* Days from 0001-01-01 to 1970-01-01. */
#define DAYS_TO_1970 719162
#define MAX_TICKS    (3652059 * LAVA_TICKS_DAY) /* behind 9999-12-31 */

const char *const lava_month_names[12] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
const char *const lava_day_names[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

int lava_days_in_month(int year, int month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month < 1 || month > 12 || year < 1 || year > 9999)
        return 0;
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return days[month - 1];
}

void lava_date_split(int64_t ticks, struct lava_civil *ret)
{
    int64_t day = ticks / LAVA_TICKS_DAY;
    int64_t rest = ticks % LAVA_TICKS_DAY;
    int64_t seconds = rest / LAVA_TICKS_SECOND;

    tm_civil_from_days(day - DAYS_TO_1970, &ret->year, &ret->month, &ret->day);
    ret->hour = (int)(seconds / 3600);
    ret->minute = (int)(seconds / 60 % 60);
    ret->second = (int)(seconds % 60);
    ret->ticks = (int)(rest % LAVA_TICKS_SECOND);
    ret->weekday = (int)((day + 1) % 7); /* 0001-01-01 was a Monday */
    ret->yearday = (int)(day - DAYS_TO_1970 - tm_days_from_civil(ret->year, 1, 1)) + 1;
}

static bool in(int v, int low, int high)
{
    return v >= low && v <= high;
}

bool lava_date_join(const struct lava_civil *c, int64_t *ret_ticks)
{
    if (!in(c->day, 1, lava_days_in_month(c->year, c->month)) || !in(c->hour, 0, 23) ||
        !in(c->minute, 0, 59) || !in(c->second, 0, 59) || !in(c->ticks, 0, 9999999))
        return false;
    int64_t days = tm_days_from_civil(c->year, c->month, c->day) + DAYS_TO_1970;
    int64_t seconds = (int64_t)c->hour * 3600 + c->minute * 60 + c->second;
    *ret_ticks = days * LAVA_TICKS_DAY + seconds * LAVA_TICKS_SECOND + c->ticks;
    return true;
}

bool lava_date_add_ticks(struct lava_date *d, int64_t ticks)
{
    int64_t sum;

    if (__builtin_add_overflow(d->ticks, ticks, &sum) || sum < 0 || sum >= MAX_TICKS)
        return false;
    d->ticks = sum;
    return true;
}

bool lava_date_add_months(struct lava_date *d, int64_t months)
{
    struct lava_civil c;

    if (months < -120000 || months > 120000)
        return false;
    lava_date_split(d->ticks, &c);
    int64_t m = (int64_t)c.year * 12 + c.month - 1 + months;
    if (m < 12 || m >= 10000 * 12)
        return false;
    c.year = (int)(m / 12);
    c.month = (int)(m % 12) + 1;
    int last = lava_days_in_month(c.year, c.month);
    if (c.day > last)
        c.day = last;
    return lava_date_join(&c, &d->ticks);
}
