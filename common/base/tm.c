#include "common/base/tm.h"

#include <stddef.h>

#include "common/base/banned.h"

enum { MS_PER_DAY = 86400000, MAX_ZONE_MIN = 14 * 60 };

/* Both conversions count in eras of 400 years that begin on 1 March: the leap day comes last. */
int64_t tm_days_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

void tm_civil_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

bool tm_date_valid(int year, int month, int day)
{
    static const int len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return day <= len[month - 1] + (month == 2 && leap);
}

/*
 * Reads exactly n digits; NULL when they are not there. NULL in gives NULL out, so that reads
 * chain.
 */
static const char *digits(const char *s, int n, int *ret)
{
    int v = 0;

    if (!s)
        return NULL;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return NULL;
        v = v * 10 + (s[i] - '0');
    }
    *ret = v;
    return s + n;
}

static const char *expect(const char *s, char c)
{
    return s && *s == c ? s + 1 : NULL;
}

static const char *parse_date(const char *s, struct tm_civil *t)
{
    s = expect(digits(s, 4, &t->year), '-');
    s = expect(digits(s, 2, &t->month), '-');
    s = digits(s, 2, &t->day);
    return s && tm_date_valid(t->year, t->month, t->day) ? s : NULL;
}

/* ".5171234": 1 to 7 digits, cut to milliseconds. */
static const char *parse_fraction(const char *s, struct tm_civil *t)
{
    int n = 0, ms = 0;

    for (; n < 7 && s[n] >= '0' && s[n] <= '9'; n++)
        if (n < 3)
            ms = ms * 10 + (s[n] - '0');
    if (n == 0)
        return NULL;
    for (int i = n; i < 3; i++)
        ms *= 10;
    t->ms = ms;
    return s + n;
}

static const char *parse_time(const char *s, struct tm_civil *t)
{
    s = expect(digits(s, 2, &t->hour), ':');
    s = expect(digits(s, 2, &t->minute), ':');
    s = digits(s, 2, &t->second);
    if (!s || t->hour > 23 || t->minute > 59 || t->second > 59)
        return NULL;
    return *s == '.' ? parse_fraction(s + 1, t) : s;
}

bool tm_parse_naive(const char *s, struct tm_civil *ret)
{
    struct tm_civil t = {0};

    s = parse_date(s, &t);
    if (s && *s)
        s = parse_time(expect(s, 'T'), &t);
    if (!s || *s)
        return false;
    *ret = t;
    return true;
}

static const char *parse_zone(const char *s, int *ret_minutes)
{
    int h = 0, m = 0;
    int sign = *s == '-' ? -1 : 1;

    if (*s == 'Z') {
        *ret_minutes = 0;
        return s + 1;
    }
    if (*s != '+' && *s != '-')
        return NULL;
    s = digits(expect(digits(s + 1, 2, &h), ':'), 2, &m);
    if (!s || m > 59 || h * 60 + m > MAX_ZONE_MIN)
        return NULL;
    *ret_minutes = sign * (h * 60 + m);
    return s;
}

bool tm_parse_utc(const char *s, int64_t *ret_ms)
{
    struct tm_civil t = {0};
    int zone = 0;

    s = parse_time(expect(parse_date(s, &t), 'T'), &t);
    if (s)
        s = parse_zone(s, &zone);
    if (!s || *s)
        return false;
    *ret_ms = tm_days_from_civil(t.year, t.month, t.day) * MS_PER_DAY +
              ((int64_t)t.hour * 60 + t.minute - zone) * 60000 + t.second * 1000 + t.ms;
    return true;
}

/* Writes v with at least width digits; returns the end. */
static char *put(char *o, int v, int width)
{
    char buf[12];
    int n = 0;

    for (; v || n < width; v /= 10)
        buf[n++] = (char)('0' + v % 10);
    while (n)
        *o++ = buf[--n];
    return o;
}

const char *tm_format_utc(int64_t unix_ms, char out[TM_TEXT])
{
    int64_t days = unix_ms / MS_PER_DAY;
    int ms = (int)(unix_ms % MS_PER_DAY);
    int year, month, day;
    char *o = out;

    if (ms < 0) { /* C divides towards zero; a day has no negative time */
        ms += MS_PER_DAY;
        days--;
    }
    tm_civil_from_days(days, &year, &month, &day);
    if (year < 0) {
        *o++ = '-';
        year = -year;
    }
    o = put(o, year, 4);
    *o++ = '-';
    o = put(o, month, 2);
    *o++ = '-';
    o = put(o, day, 2);
    *o++ = 'T';
    o = put(o, ms / 3600000, 2);
    *o++ = ':';
    o = put(o, ms / 60000 % 60, 2);
    *o++ = ':';
    o = put(o, ms / 1000 % 60, 2);
    *o++ = '.';
    o = put(o, ms % 1000, 3);
    *o++ = 'Z';
    *o = '\0';
    return out;
}
