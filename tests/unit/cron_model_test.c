/*
 * Random schedules against a model that shares nothing with the engine: it reads the text with
 * sscanf, asks the C library for zones, and walks days and seconds one by one.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/str.h"

#include "common/core/cron/cron.h"
#include "common/drv/tz_load.h"

enum { DAY = 86400, ROUNDS = 250, HORIZON_DAYS = 366 * 9 };

static uint64_t seed;

static uint64_t rnd(uint64_t n)
{
    uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (z ^ z >> 31) % n;
}

static int between(int lo, int hi)
{
    return lo + (int)rnd((uint64_t)(hi - lo + 1));
}

/* ---- schedules ---- */

struct expr {
    char field[7][40];
    char text[300];
};

static void random_item(char *out, size_t size, int lo, int hi)
{
    switch (rnd(6)) {
    case 0:
        snprintf(out, size, "%d-%d", between(lo, hi), between(lo, hi));
        break;
    case 1:
        snprintf(out, size, "%d/%d", between(lo, hi), between(1, hi));
        break;
    case 2:
        snprintf(out, size, "%d-%d/%d", between(lo, hi), between(lo, hi), between(1, hi));
        break;
    case 3:
        snprintf(out, size, rnd(2) ? "*/%d" : "/%d", between(1, hi));
        break;
    default:
        snprintf(out, size, "%d", between(lo, hi));
    }
}

static void random_set(char *out, size_t size, int lo, int hi, unsigned stars)
{
    char a[16], b[16];

    random_item(a, sizeof(a), lo, hi);
    random_item(b, sizeof(b), lo, hi);
    if (rnd(10) < stars)
        snprintf(out, size, "*");
    else if (rnd(3) == 0)
        snprintf(out, size, "%s,%s", a, b);
    else
        snprintf(out, size, "%s", a);
}

static void random_day(struct expr *e)
{
    static const char *const weekdays[] = {"MON-FRI", "L", "SUN", "sat-mon", "FRIL", "TUE,THU"};
    char *d = e->field[3], *w = e->field[5];

    strcpy(d, "?");
    strcpy(w, "?");
    switch (rnd(9)) {
    case 0:
        snprintf(d, 40, rnd(2) ? "L" : "L-%d", between(0, 30));
        break;
    case 1:
        snprintf(d, 40, rnd(2) ? "LW" : "%dW", between(1, 28));
        break;
    case 2:
        snprintf(w, 40, "%dL", between(1, 7));
        break;
    case 3:
        snprintf(w, 40, "%d#%d", between(1, 7), between(1, 5));
        break;
    case 4:
        snprintf(w, 40, "%s", weekdays[rnd(6)]);
        break;
    case 5:
    case 6:
        random_set(w, 40, 1, 7, 5);
        break;
    default:
        random_set(d, 40, 1, 31, 3);
    }
}

static struct expr random_expr(void)
{
    struct expr e = {0};

    random_set(e.field[0], 40, 0, 59, 2);
    random_set(e.field[1], 40, 0, 59, 3);
    random_set(e.field[2], 40, 0, 23, 3);
    random_day(&e);
    random_set(e.field[4], 40, 1, 12, 7);
    snprintf(e.field[6], 40, rnd(4) ? "*" : "%d-%d", 2021, 2021 + between(0, 8));
    snprintf(e.text, sizeof(e.text), "%s %s %s %s %s %s %s", e.field[0], e.field[1], e.field[2],
             e.field[3], e.field[4], e.field[5], e.field[6]);
    return e;
}

/* ---- the model: fields ---- */

static int weekday_number(const char *s)
{
    static const char names[] = "SUNMONTUEWEDTHUFRISAT";

    for (int i = 0; i < 7; i++)
        if (strncasecmp(s, names + i * 3L, 3) == 0)
            return i + 1;
    return atoi(s);
}

static bool model_item(const char *s, int v, int lo, int hi)
{
    int a = lo, b = hi, n = 1, size = hi - lo + 1;
    const char *slash = strchr(s, '/'), *dash = strchr(s, '-');

    if (*s != '*' && *s != '/') {
        a = weekday_number(s);
        b = dash ? weekday_number(dash + 1) : slash ? hi : a;
    }
    if (slash)
        n = atoi(slash + 1);
    for (int x = a; x <= (b >= a ? b : b + size); x += n)
        if ((x > hi ? x - size : x) == v)
            return true;
    return false;
}

static bool model_field(const char *field, int v, int lo, int hi)
{
    char copy[40], *save = NULL;

    strcpy(copy, field);
    for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save))
        if (model_item(s, v, lo, hi))
            return true;
    return false;
}

static int month_days(const struct tm *day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = day->tm_year + 1900;

    return days[day->tm_mon] + (day->tm_mon == 1 && y % 4 == 0 && (y % 100 || y % 400 == 0));
}

/* The day nearest to n that is Monday to Friday, looked for outwards, within the month. */
static int model_nearest(const struct tm *day, int n)
{
    static const int order[] = {0, -1, 1, -2, 2};

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        int d = n + order[i];
        int w = ((day->tm_wday + d - day->tm_mday) % 7 + 7) % 7;
        if (d >= 1 && d <= month_days(day) && w != 0 && w != 6)
            return d;
    }
    return 0;
}

static bool model_day_of_month(const char *f, const struct tm *day)
{
    int last = month_days(day), n = 0;

    if (strcmp(f, "LW") == 0)
        return day->tm_mday == model_nearest(day, last);
    if (*f == 'L')
        return day->tm_mday == last - (f[1] ? atoi(f + 2) : 0);
    if (sscanf(f, "%d", &n) == 1 && f[strlen(f) - 1] == 'W')
        return day->tm_mday == model_nearest(day, n);
    return model_field(f, day->tm_mday, 1, 31);
}

static bool model_day_of_week(const char *f, const struct tm *day)
{
    int w = day->tm_wday + 1, last = month_days(day);

    if (strcmp(f, "L") == 0)
        return w == 7;
    if (strchr(f, '#'))
        return w == atoi(f) && (day->tm_mday - 1) / 7 + 1 == atoi(strchr(f, '#') + 1);
    if (f[strlen(f) - 1] == 'L')
        return w == weekday_number(f) && day->tm_mday + 7 > last;
    return model_field(f, w, 1, 7);
}

static bool model_day(const struct expr *e, const struct tm *day)
{
    if (!model_field(e->field[4], day->tm_mon + 1, 1, 12))
        return false;
    if (strcmp(e->field[6], "*") != 0 && !model_item(e->field[6], day->tm_year + 1900, 1970, 2099))
        return false;
    return *e->field[3] == '?' ? model_day_of_week(e->field[5], day)
                               : model_day_of_month(e->field[3], day);
}

/* ---- the model: zones ---- */

static int64_t libc_offset(int64_t t)
{
    time_t libc_t = (time_t)t;
    struct tm tm;

    localtime_r(&libc_t, &tm);
    return tm.tm_gmtoff;
}

/* The first instant that shows this wall clock; when there is none, the wall clock by the offset
 * that counted the day before. */
static int64_t libc_instant(int64_t wall)
{
    int64_t best = INT64_MAX;

    for (int64_t h = -30; h <= 30; h += 2) {
        int64_t t = wall - libc_offset(wall + h * 3600);
        if (libc_offset(t) == wall - t && t < best)
            best = t;
    }
    return best == INT64_MAX ? wall - libc_offset(wall - 30 * 3600L) : best;
}

/* INT64_MAX: not within the horizon. */
static int64_t model_next(const struct expr *e, int64_t after)
{
    bool sec[60], min[60], hour[24];

    for (int v = 0; v < 60; v++) {
        sec[v] = model_field(e->field[0], v, 0, 59);
        min[v] = model_field(e->field[1], v, 0, 59);
        if (v < 24)
            hour[v] = model_field(e->field[2], v, 0, 23);
    }
    int64_t from = after + libc_offset(after) + 1;
    for (int64_t day = from / DAY; day < from / DAY + HORIZON_DAYS; day++) {
        time_t midnight = (time_t)(day * DAY);
        struct tm tm;
        gmtime_r(&midnight, &tm);
        if (!model_day(e, &tm))
            continue;
        for (int s = 0; s < DAY; s++) {
            if (day * DAY + s < from || !hour[s / 3600] || !min[s / 60 % 60] || !sec[s % 60])
                continue;
            int64_t t = libc_instant(day * DAY + s);
            if (t > after)
                return t;
        }
    }
    return INT64_MAX;
}

/* ---- the comparison ---- */

static const struct {
    const char *zone;
    int64_t change; /* an instant of a change nearby; the next ones are half a year on */
} zones[] = {
    {"America/New_York", 1710054000}, /* 2024-03-10T07:00Z */
    {"America/New_York", 1730613600}, /* 2024-11-03T06:00Z */
    {"Europe/London", 1711846800},       {"Europe/London", 1729990800},
    {"Australia/Lord_Howe", 1728142200}, {"Australia/Lord_Howe", 1712415600},
    {"Africa/Cairo", 1714082400},        {"America/Havana", 1710046800},
    {"Pacific/Apia", 1325239200},        {"Europe/Dublin", 1711846800},
    {"America/Santiago", 1725768000},    {"Asia/Kolkata", 1720000000},
};

static void compare(const struct expr *e, const struct cron *c, const struct tz *z, int64_t after)
{
    int64_t want = model_next(e, after), got = INT64_MAX;
    bool fires = cron_next(c, z, after, &got);

    if (want == INT64_MAX) { /* not within the horizon; the model knows nothing beyond */
        want = got;
        fires = fires ? got > after + (HORIZON_DAYS - 3) * (int64_t)DAY : true;
    }
    if (!fires || got != want)
        cr_assert(false, "\"%s\" in %s after %lld: %lld, wanted %lld", e->text, tz_name(z),
                  (long long)after, (long long)got, (long long)want);
}

ParameterizedTestParameters(cron_model, agrees_with_the_slow_model)
{
    size_t *i = cr_malloc(ARRAY_LEN(zones) * sizeof(*i));

    for (size_t k = 0; k < ARRAY_LEN(zones); k++)
        i[k] = k;
    return cr_make_param_array(size_t, i, ARRAY_LEN(zones));
}

ParameterizedTest(const size_t *i, cron_model, agrees_with_the_slow_model)
{
    struct tz *z = NULL;
    struct err err = {0};

    cr_assert(eq(int, tz_load(zones[*i].zone, &z, &err), 0), "%s", err.text);
    setenv("TZ", zones[*i].zone, 1);
    tzset();
    seed = 2026 + *i;
    for (int round = 0; round < ROUNDS; round++) {
        struct expr e = random_expr();
        struct cron c;
        cr_assert(eq(int, cron_parse(e.text, &c, NULL, &err), 0), "\"%s\": %s", e.text, err.text);
        compare(&e, &c, z, zones[*i].change + between(-3 * 3600, 3 * 3600));
        compare(&e, &c, z, zones[*i].change + between(-400 * DAY, 400 * DAY));
    }
    tz_free(z);
}
