#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/tm.h"

#include "cli/cron_vectors.h"
#include "common/core/cron/cron.h"
#include "common/drv/tz_load.h"

static struct cron parsed(const char *expr)
{
    struct cron c = {0};
    struct err err = {0};

    cr_assert(eq(int, cron_parse(expr, &c, NULL, &err), 0), "\"%s\": %s", expr, err.text);
    return c;
}

static int64_t at(const char *iso)
{
    int64_t ms = 0;

    cr_assert(tm_parse_utc(iso, &ms), "%s", iso);
    return ms / 1000;
}

/* ---- the reference's answers ---- */

Test(cron, gives_the_fire_times_of_the_reference)
{
    struct cron_vectors_sum sum;
    struct err err = {0};

    cr_assert(
        eq(int, cron_vectors_run("tests/golden/cron/quartz-public.json", stderr, &sum, &err), 0),
        "%s", err.text);
    cr_expect(eq(sz, sum.failed, 0));
    cr_expect(eq(sz, sum.passed, 2080));
}

/* ---- clock changes ---- */

static const struct {
    const char *expr, *zone, *after, *next[3];
} changes[] = {
    {"0 30 2 * * ?",
     "America/New_York",
     "2024-03-09T12:00:00Z",
     {"2024-03-10T07:30:00Z", "2024-03-11T06:30:00Z", "2024-03-12T06:30:00Z"}},
    {"0 30 1 * * ?",
     "America/New_York",
     "2024-11-02T12:00:00Z",
     {"2024-11-03T05:30:00Z", "2024-11-04T06:30:00Z", "2024-11-05T06:30:00Z"}},
    {"0 0 1 ? * MON-FRI *",
     "Europe/London",
     "2024-10-25T12:00:00Z",
     {"2024-10-28T01:00:00Z", "2024-10-29T01:00:00Z", "2024-10-30T01:00:00Z"}},
    /* asked within the hour that comes again: not a second time */
    {"0 30 1 * * ?",
     "America/New_York",
     "2024-11-03T06:10:00Z",
     {"2024-11-04T06:30:00Z", "2024-11-05T06:30:00Z", "2024-11-06T06:30:00Z"}},
    {"0 0/10 * * * ?",
     "America/New_York",
     "2024-11-03T05:45:00Z",
     {"2024-11-03T05:50:00Z", "2024-11-03T07:00:00Z", "2024-11-03T07:10:00Z"}},
    /* every second, over the change to winter and the one to summer */
    {"* * * * * ?",
     "America/New_York",
     "2024-11-03T05:59:58Z",
     {"2024-11-03T05:59:59Z", "2024-11-03T07:00:00Z", "2024-11-03T07:00:01Z"}},
    {"* * * * * ?",
     "America/New_York",
     "2024-03-10T06:59:58Z",
     {"2024-03-10T06:59:59Z", "2024-03-10T07:00:00Z", "2024-03-10T07:00:01Z"}},
    {"0 15 2 * * ?",
     "Australia/Lord_Howe",
     "2024-10-05T12:00:00Z",
     {"2024-10-05T15:45:00Z", "2024-10-06T15:15:00Z", "2024-10-07T15:15:00Z"}},
    /* several times of the hour that is left out fire once */
    {"0 0/30 2 * * ?",
     "America/New_York",
     "2024-03-10T05:00:00Z",
     {"2024-03-10T07:00:00Z", "2024-03-11T06:00:00Z", "2024-03-11T06:30:00Z"}},
    /* midnight does not exist: still that day */
    {"0 0 0 * * ?",
     "Africa/Cairo",
     "2025-04-24T12:00:00Z",
     {"2025-04-24T22:00:00Z", "2025-04-25T21:00:00Z", "2025-04-26T21:00:00Z"}},
    /* a day that a zone jumped over */
    {"0 0 12 * * ?",
     "Pacific/Apia",
     "2011-12-29T12:00:00Z",
     {"2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"}},
};

Test(cron, counts_on_across_clock_changes)
{
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct cron c = parsed(changes[i].expr);
        autoptr(tz_free) struct tz *z = NULL;
        struct err err;
        cr_assert(eq(int, tz_load(changes[i].zone, &z, &err), 0));
        int64_t t = at(changes[i].after);
        for (size_t k = 0; k < ARRAY_LEN(changes[i].next); k++) {
            cr_assert(cron_next(&c, z, t, &t));
            cr_expect(eq(i64, t, at(changes[i].next[k])), "%s in %s, time %zu", changes[i].expr,
                      changes[i].zone, k + 1);
        }
    }
}

/* ---- ends ---- */

static const struct {
    const char *expr, *after, *next; /* NULL: never */
} ends[] = {
    {"0 0 0 30 2 ?", "2020-01-01T00:00:00Z", NULL},
    {"0 0 0 31 4,6,9,11 ?", "2020-01-01T00:00:00Z", NULL},
    {"0 0 0 ? 2 SUN#5 2026", "2020-01-01T00:00:00Z", NULL},
    {"0 0 0 29 2 ? 2097-2099", "2020-01-01T00:00:00Z", NULL},
    {"0 0 0 1 1 ? 2025", "2025-01-01T00:00:00Z", NULL},
    {"0 0 0 1 1 ? 2025", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z"},
    {"0 0 0 29 2 ?", "2096-03-01T00:00:00Z", NULL}, /* 2100 is no leap year, and beyond the end */
    {"59 59 23 31 12 ?", "2099-12-31T23:59:58Z", "2099-12-31T23:59:59Z"},
    {"59 59 23 31 12 ?", "2099-12-31T23:59:59Z", NULL},
    {"* * * * * ?", "2100-06-01T00:00:00Z", NULL},
    {"* * * * * ?", "1950-06-01T00:00:00Z", "1970-01-01T00:00:00Z"},
    {"0 0 0 L-30 * ?", "2026-01-02T00:00:00Z", "2026-03-01T00:00:00Z"},
    {"0 0 0 31W * ?", "2026-02-01T00:00:00Z", "2026-03-31T00:00:00Z"},
    {"0 0 0 1W 8 ?", "2026-01-01T00:00:00Z", "2026-08-03T00:00:00Z"},
    {"0 0 0 LW 5 ?", "2026-01-01T00:00:00Z", "2026-05-29T00:00:00Z"},
};

Test(cron, ends_when_nothing_comes_any_more)
{
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct cron c = parsed(ends[i].expr);
        int64_t t = -1;
        cr_expect(eq(int, cron_next(&c, tz_utc(), at(ends[i].after), &t), ends[i].next != NULL),
                  "%s", ends[i].expr);
        if (ends[i].next)
            cr_expect(eq(i64, t, at(ends[i].next)), "%s", ends[i].expr);
        else
            cr_expect(eq(i64, t, -1), "%s: untouched", ends[i].expr);
    }
}

Test(cron, takes_any_instant)
{
    static const int64_t instants[] = {INT64_MIN, -1, 0, 4102444799, 4102444800, INT64_MAX};
    struct cron c = parsed("0 0 0 * * ?");

    for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
        int64_t t = 0;
        if (cron_next(&c, tz_utc(), instants[i], &t))
            cr_expect(gt(i64, t, instants[i]));
    }
}

/* ---- refused ---- */

static const struct {
    const char *expr;
    size_t at;
    const char *says[2];
} refused[] = {
    {"0 60 0 * * ?", 2, {"minutes", "0 to 59"}},
    {"0 0 25 * * ?", 4, {"hours", "25"}},
    {"0 0 1 ? * MON-FUN", 14, {"day of week", "FUN"}},
    {"0 0 1 * * MON-FRI", 6, {"day of month", "?"}},
    {"0 0 1 5 * MON-FRI", 10, {"day of week", "?"}},
    {"0 0 12 ? * ?", 7, {"day of month", "both"}},
    {"0 0 1 * * *", 6, {"day of month", "?"}},
    {"0 1 * * *", 9, {"5 fields", "Unix"}},
    {"@daily", 0, {"@daily", "second minute hour"}},
    {"0 0 1 ? * MON 2026 x", 19, {"more than 7", "needed"}},
    {"0 0 0 1 1 ? 2200", 12, {"year", "job.active"}},
    {"0 0/60 0 * * ?", 4, {"minutes", "60"}},
    {"0 */0 0 * * ?", 4, {"minutes", "step 0"}},
    {"0 0 0 ? * 2,6L", 13, {"day of week", "alone"}},
    {"0 0 0 1,L * ?", 8, {"day of month", "L"}},
    {"0 0 0 L-31 * ?", 8, {"day of month", "0 to 30"}},
    {"0 0 0 ? * 3#6", 12, {"day of week", "1 to 5"}},
    {"0 0 0 ? * MON-3", 14, {"day of week", "both"}},
    {"0 0 0 1 1 ? 2030-2020", 12, {"year", "end"}},
    {"0 0 0 1 \xff\xfe ?", 8, {"month", "??"}},
    {"99999999999999999999 0 0 * * ?", 0, {"seconds", "0 to 59"}},
    {"\n0 0 0 * * ?", 0, {"seconds", "allowed"}},
};

Test(cron, says_what_is_wrong_and_where)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct cron c = {.n = 77};
        struct err err = {0};
        size_t where = 999;
        cr_assert(eq(int, cron_parse(refused[i].expr, &c, &where, &err), -1), "%s",
                  refused[i].expr);
        cr_expect_str_eq(err.code, "cron");
        cr_expect(eq(sz, where, refused[i].at), "%s: %s", refused[i].expr, err.text);
        for (size_t k = 0; k < 2; k++)
            cr_expect_not_null(strstr(err.text, refused[i].says[k]), "%s: \"%s\" is not in: %s",
                               refused[i].expr, refused[i].says[k], err.text);
        cr_expect(eq(int, c.n, 77), "%s: untouched", refused[i].expr);
    }
}

Test(cron, refuses_a_schedule_without_end)
{
    char text[CRON_MAX + 200];
    struct cron c;
    struct err err = {0};
    size_t where;

    memset(text, ' ', sizeof(text));
    memcpy(text, "0 0 0 * * ?", 11);
    text[CRON_MAX] = '\0';
    cr_expect(eq(int, cron_parse(text, &c, NULL, &err), 0), "blanks at the end are none");
    text[CRON_MAX] = ' ';
    text[CRON_MAX + 1] = '\0';
    cr_expect(eq(int, cron_parse(text, &c, &where, &err), -1));
    cr_expect(eq(sz, where, (size_t)CRON_MAX));
}

Test(cron, survives_every_truncation)
{
    static const char whole[] = "0-59/29 */7,3 22-2/3 L-3W JAN-DEC/2,7 ? 2024-2030/2";
    struct err err;

    for (size_t n = 0; n < sizeof(whole); n++) {
        char *cut = xstrndup(whole, n); /* exact, so that a sanitizer sees one byte too far */
        struct cron c;
        (void)!cron_parse(cut, &c, NULL, &err);
        free(cut);
    }
}

/* ---- equal, whatever the spelling ---- */

static const char *const equal[][2] = {
    {"0 0 1 ? * MON-FRI *", "0\t0  1 ? * mon-fri"},
    {"0 0/15 * * * ?", "0 0,15,30,45 * ? * *"},
    {"0 0 1 1/1 * ?", "0 0 1 ? * SUN-SAT 1970-2099"},
    {"0 0 22-2 * * ?", "0 0 22,23,0,1,2 * * ?"},
    {"0 0 1 ? * L", "0 0 1 ? * SAT"},
    {"0 0 1 L-0 * ?", "0 0 1 L * ?"},
    {"0 0 1 ? * MON-FRI/2", "0 0 1 ? * MON-FRI"}, /* a quirk that Rock's schedules have */
    {"0 0 1 ? * 2-6/2", "0 0 1 ? * MON,WED,FRI"},
};

Test(cron, reads_the_same_in_other_words)
{
    for (size_t i = 0; i < ARRAY_LEN(equal); i++) {
        struct cron a = parsed(equal[i][0]), b = parsed(equal[i][1]);
        int64_t ta = at("2026-02-20T00:00:00Z"), tb = ta;
        for (int k = 0; k < 200; k++) {
            cr_assert(cron_next(&a, tz_utc(), ta, &ta) && cron_next(&b, tz_utc(), tb, &tb));
            cr_assert(eq(i64, ta, tb), "\"%s\" and \"%s\", time %d", equal[i][0], equal[i][1], k);
        }
    }
}

/* ---- in English ---- */

static const struct {
    const char *expr, *text;
} texts[] = {
    {"0 0 1 ? * MON-FRI *", "Monday to Friday at 01:00"},
    {"0 0 1 1/1 * ? *", "Every day at 01:00"},
    {"0 0/15 * 1/1 * ? *", "Every 15 minutes"},
    {"0 * * * * ?", "Every minute"},
    {"* * * * * ?", "Every second"},
    {"0 0 * * * ?", "Every hour"},
    {"0 30 * * * ?", "Every hour at minute 30"},
    {"0 */7 * * * ?", "Every 7 minutes from minute 0"},
    {"0 3/20 * * * ?", "Every 20 minutes from minute 3"},
    {"0 10-40/10 * * * ?", "Every 10 minutes from minute 10 to 40"},
    {"0 0/45 * * * ?", "In minutes 0 and 45"},
    {"*/10 0/5 * * * ?", "Every 10 seconds, every 5 minutes"},
    {"30 * * * * ?", "In second 30 of every minute"},
    {"0 0/5 14 * * ?", "Every day, every 5 minutes from 14:00 to 14:59"},
    {"0 0/5 14,18 ? * SAT", "Every Saturday, every 5 minutes in the hours 14 and 18"},
    {"0 0 6-20 ? * MON-FRI", "Monday to Friday, every hour from 06:00 to 20:00"},
    {"0 30 6-20/2 ? * 2-6", "Monday to Friday, every 2 hours from 06:30 to 20:30"},
    {"0 0 22-2 * * ?", "Every day, every hour from 22:00 to 02:00"},
    {"0 0 8,12,17 ? * *", "Every day at 08:00, 12:00 and 17:00"},
    {"59 59 23 * * ?", "Every day at 23:59:59"},
    {"50-10 0 0 * * ?", "Every day, in seconds 50 to 10 of 00:00"},
    {"0 0 1 ? * SAT,SUN", "Every Saturday and Sunday at 01:00"},
    {"0 0 1 ? * FRI-MON", "Friday to Monday at 01:00"},
    {"0 0 1 ? * MON,WED,FRI", "Every Monday, Wednesday and Friday at 01:00"},
    {"0 0 1 ? * 6L", "On the last Friday of every month at 01:00"},
    {"0 0 1 ? 3,10 SUN#2", "On the second Sunday of March and October at 01:00"},
    {"0 0 1 L * ?", "On the last day of every month at 01:00"},
    {"0 0 1 L-1 * ?", "On the day before the last day of every month at 01:00"},
    {"0 0 1 L-3 2 ?", "On the day 3 days before the last day of February at 01:00"},
    {"0 0 1 LW * ?", "On the last weekday (Monday to Friday) of every month at 01:00"},
    {"0 0 1 15W * ?", "On the weekday (Monday to Friday) nearest the 15th of every month at 01:00"},
    {"0 0 1 1,2,3,22 * ?", "On the 1st to 3rd and 22nd of every month at 01:00"},
    {"0 0 1 11,12,21 6-8 ?", "On the 11th, 12th and 21st of June to August at 01:00"},
    {"0 0 1 ? NOV-FEB MON", "Every Monday in November to February at 01:00"},
    {"0 0 1 1 1 ? 2026", "On the 1st of January at 01:00, in 2026"},
    {"0 0 1 1 1 ? 2026-2028", "On the 1st of January at 01:00, in 2026 to 2028"},
    {"0 0 1 1 1 ? 2026,2029", "On the 1st of January at 01:00, in 2026 and 2029"},
    {"0 0 1 29 2 ? 2024/4", "On the 29th of February at 01:00, every 4 years from 2024 to 2096"},
};

Test(cron, says_it_in_english)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        autovalue(str_release) struct str out = STR_INIT(4096);
        struct cron c = parsed(texts[i].expr);
        cron_describe(&c, &out);
        cr_expect_str_eq(out.p, texts[i].text, "%s: %s", texts[i].expr, out.p);
    }
}
