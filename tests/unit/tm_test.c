#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/tm.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

Test(tm, days_and_dates_convert_both_ways_for_all_years)
{
    int64_t day = tm_days_from_civil(1, 1, 1);

    cr_expect(eq(i64, tm_days_from_civil(1970, 1, 1), 0));
    cr_expect(eq(i64, day, -719162));
    for (int y = 1; y <= 9999; y++) {
        for (int m = 1; m <= 12; m++) {
            for (int d = 1; tm_date_valid(y, m, d); d++, day++) {
                int yy, mm, dd;

                tm_civil_from_days(day, &yy, &mm, &dd);
                if (yy != y || mm != m || dd != d || tm_days_from_civil(y, m, d) != day)
                    cr_assert(false, "%d-%d-%d is day %lld", y, m, d, (long long)day);
            }
        }
    }
    cr_expect(eq(i64, day, 2932897), "the first day of 10000");
}

Test(tm, knows_valid_dates)
{
    static const struct {
        int y, m, d;
        bool want;
    } rows[] = {
        {2024, 2, 29, true},  {2023, 2, 29, false}, {1900, 2, 29, false}, {2000, 2, 29, true},
        {2026, 4, 31, false}, {2026, 12, 31, true}, {2026, 0, 1, false},  {2026, 13, 1, false},
        {2026, 1, 0, false},  {1, 1, 1, true},      {0, 1, 1, false},     {10000, 1, 1, false},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        cr_expect(eq(int, tm_date_valid(rows[i].y, rows[i].m, rows[i].d), rows[i].want), "%d-%d-%d",
                  rows[i].y, rows[i].m, rows[i].d);
}

Test(tm, parses_times_without_a_zone)
{
    static const struct {
        const char *text;
        struct tm_civil want;
    } rows[] = {
        {"2026-01-05T01:02:03", {2026, 1, 5, 1, 2, 3, 0}},
        {"2026-01-05T01:02:03.5", {2026, 1, 5, 1, 2, 3, 500}},
        {"2026-01-05T01:02:03.51", {2026, 1, 5, 1, 2, 3, 510}},
        {"2026-01-05T01:02:03.517", {2026, 1, 5, 1, 2, 3, 517}},
        {"2026-01-05T01:02:03.5179999", {2026, 1, 5, 1, 2, 3, 517}},
        {"0001-05-09T00:00:00", {1, 5, 9, 0, 0, 0, 0}},
        {"2026-01-05", {2026, 1, 5, 0, 0, 0, 0}},
        {"9999-12-31T23:59:59.9999999", {9999, 12, 31, 23, 59, 59, 999}},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct tm_civil t;

        cr_assert(tm_parse_naive(rows[i].text, &t), "%s", rows[i].text);
        cr_expect(eq(int, memcmp(&t, &rows[i].want, sizeof(t)), 0), "%s", rows[i].text);
    }
}

Test(tm, refuses_what_is_not_a_time_without_a_zone)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-1-5",
        "2026-01-05T",
        "2026-01-05 01:02:03",
        "2026-01-05T01:02",
        "2026-01-05T24:00:00",
        "2026-01-05T01:60:00",
        "2026-01-05T01:02:60",
        "2026-02-30",
        "2026-01-05T01:02:03.",
        "2026-01-05T01:02:03.12345678",
        "2026-01-05T01:02:03Z",
        "2026-01-05T01:02:03+01:00",
        "-026-01-05",
        "+2026-01-05",
        "02026-01-05",
        "0000-01-05",
        "2026-01-05x",
        "2026-01-05T01:02:03 ",
        "2026-01-05T 1:02:03",
        "2026-01-05Z",
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct tm_civil t;
        cr_expect(not(tm_parse_naive(rows[i], &t)), "\"%s\"", rows[i]);
    }
}

Test(tm, parses_times_with_a_zone)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-23T02:54:06.123Z", 1795402446123},
        {"2026-11-23T02:54:06.123+00:00", 1795402446123},
        {"2026-11-22T19:54:06.123-07:00", 1795402446123},
        {"2026-11-23T08:39:06.123+05:45", 1795402446123},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2000-02-29T00:00:00+14:00", 951782400000 - 14 * 3600000ll},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        int64_t ms;

        cr_assert(tm_parse_utc(rows[i].text, &ms), "%s", rows[i].text);
        cr_expect(eq(i64, ms, rows[i].want), "%s", rows[i].text);
    }
}

Test(tm, refuses_what_has_no_zone_or_a_wrong_one)
{
    static const char *const rows[] = {
        "",
        "2026-01-05",
        "2026-01-05Z",
        "2026-01-05T01:02:03",
        "2026-01-05T01:02:03z",
        "2026-01-05T01:02:03ZZ",
        "2026-01-05T01:02:03+1:00",
        "2026-01-05T01:02:03+01",
        "2026-01-05T01:02:03+0100",
        "2026-01-05T01:02:03+14:01",
        "2026-01-05T01:02:03+01:60",
        "2026-01-05T01:02:03.+01:00",
        "2026-01-05T01:02:03 Z",
        "2026-01-05T01:02:03+01:00Z",
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        int64_t ms;
        cr_expect(not(tm_parse_utc(rows[i], &ms)), "\"%s\"", rows[i]);
    }
}

Test(tm, truncations_and_strange_bytes_are_refused)
{
    static const char full[] = "2026-01-05T01:02:03.517+01:00";
    int64_t ms;

    cr_assert(tm_parse_utc(full, &ms));
    for (size_t n = 0; n < sizeof(full) - 1; n++) {
        char *cut = strndup(full, n);
        cr_expect(not(tm_parse_utc(cut, &ms)), "cut at %zu", n);
        free(cut);
    }
    for (size_t n = 0; n < sizeof(full) - 1; n++) {
        char broken[sizeof(full)];
        memcpy(broken, full, sizeof(full));
        broken[n] = '\x80';
        cr_expect(not(tm_parse_utc(broken, &ms)), "broken at %zu", n);
    }
}

Test(tm, random_times_round_trip_and_agree_with_the_c_library)
{
    unsigned seed = 42;

    for (int i = 0; i < 20000; i++) {
        int64_t ms = ((int64_t)rand_r(&seed) << 16 ^ rand_r(&seed)) % 253402300800000, back;
        char out[TM_TEXT], want[40];
        time_t t = ms / 1000;
        struct tm tm;

        tm_format_utc(ms, out);
        cr_assert(tm_parse_utc(out, &back));
        cr_assert(eq(i64, back, ms));
        gmtime_r(&t, &tm);
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.", &tm);
        cr_assert(eq(int, strncmp(out, want, 20), 0), "%s, not %s", out, want);
    }
}

Test(tm, formats_the_ends_of_time)
{
    static const struct {
        int64_t ms;
        char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-62135596800000, "0001-01-01T00:00:00.000Z"},
        {-62135596800001, "0000-12-31T23:59:59.999Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
        {INT64_MIN, "-292275055-05-16T16:47:04.192Z"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char out[TM_TEXT];

        cr_expect(tm_format_utc(rows[i].ms, out) == out);
        cr_expect(eq(str, out, rows[i].want));
    }
}
