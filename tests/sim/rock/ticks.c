#include "tests/sim/rock/ticks.h"

#include <stdio.h>
#include <string.h>

#include "common/base/tm.h"

#include "tests/sim/rock/church.h"

#define EPOCH_DAYS INT64_C(719162) /* 0001-01-01 to 1970-01-01 */

int64_t ticks_of_date(int year, int month, int day)
{
    return (tm_days_from_civil(year, month, day) + EPOCH_DAYS) * TICKS_DAY;
}

void ticks_to_date(int64_t ticks, int *year, int *month, int *day)
{
    tm_civil_from_days(ticks / TICKS_DAY - EPOCH_DAYS, year, month, day);
}

const char *ticks_format(int64_t ticks, char out[TICKS_TEXT])
{
    int year, month, day;
    ticks_to_date(ticks, &year, &month, &day);
    int64_t in_day = ticks % TICKS_DAY, second = in_day / TICKS_SEC;
    int n = snprintf(out, TICKS_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%07d", year, month, day,
                     (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60),
                     (int)(in_day % TICKS_SEC));
    while (out[n - 1] == '0')
        out[--n] = '\0';
    if (out[n - 1] == '.')
        out[n - 1] = '\0';
    return out;
}

/* Reads exactly `digits` digits and then the separator (0 = none); false when they are not there.
 */
static bool number(const char **s, const char *end, int digits, char separator, int *ret)
{
    *ret = 0;
    for (int i = 0; i < digits; i++, (*s)++) {
        if (*s == end || **s < '0' || **s > '9')
            return false;
        *ret = *ret * 10 + (**s - '0');
    }
    if (!separator)
        return true;
    return *s < end && *(*s)++ == separator;
}

static bool fraction(const char *s, const char *end, int64_t *ticks)
{
    int64_t unit = TICKS_SEC / 10;
    if (s == end || end - s > 7)
        return false;
    for (; s < end; s++, unit /= 10) {
        if (*s < '0' || *s > '9')
            return false;
        *ticks += (*s - '0') * unit;
    }
    return true;
}

static bool date_part(const char **s, const char *end, int64_t *ticks)
{
    int year, month, day;
    if (!number(s, end, 4, '-', &year) || !number(s, end, 2, '-', &month) ||
        !number(s, end, 2, 'T', &day) || !tm_date_valid(year, month, day))
        return false;
    *ticks = ticks_of_date(year, month, day);
    return true;
}

/* hour:minute[:second] */
static bool time_part(const char **s, const char *end, int64_t *ticks)
{
    int hour, minute, second = 0;
    if (!number(s, end, 2, ':', &hour) || !number(s, end, 2, 0, &minute))
        return false;
    if (*s < end && (*(*s)++ != ':' || !number(s, end, 2, 0, &second)))
        return false;
    *ticks += ((hour * 60 + minute) * 60 + second) * TICKS_SEC;
    return hour <= 23 && minute <= 59 && second <= 59;
}

bool ticks_parse(const char *s, size_t n, int64_t *ret)
{
    const char *end = s + n;
    if (!date_part(&s, end, ret) || !time_part(&s, end, ret))
        return false;
    return s == end || (*s++ == '.' && fraction(s, end, ret));
}
