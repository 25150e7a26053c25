#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/str.h"
#include "common/base/tm.h"

#include "common/core/cron/tz.h"
#include "common/drv/tz_load.h"

static int64_t at(const char *iso)
{
    int64_t ms;

    cr_assert(tm_parse_utc(iso, &ms), "%s", iso);
    return ms / 1000;
}

static int64_t wall(const char *iso)
{
    struct tm_civil t;

    cr_assert(tm_parse_naive(iso, &t), "%s", iso);
    return tm_days_from_civil(t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.minute * 60 +
           t.second;
}

static struct tz *zone(const char *name)
{
    struct tz *z = NULL;
    struct err err = {0};

    cr_assert(eq(int, tz_load(name, &z, &err), 0), "%s: %s", name, err.text);
    return z;
}

/* ---- one by one ---- */

static const struct {
    const char *zone, *utc;
    int offset;
    bool dst;
    const char *abbrev;
} instants[] = {
    {"America/New_York", "2024-03-10T06:59:59Z", -18000, false, "EST"},
    {"America/New_York", "2024-03-10T07:00:00Z", -14400, true, "EDT"},
    {"America/New_York", "2024-11-03T05:59:59Z", -14400, true, "EDT"},
    {"America/New_York", "2024-11-03T06:00:00Z", -18000, false, "EST"},
    {"America/New_York", "2099-07-01T00:00:00Z", -14400, true, "EDT"},
    {"America/New_York", "2799-07-01T00:00:00Z", -14400, true, "EDT"},
    {"America/New_York", "9999-12-31T23:59:59Z", -18000, false, "EST"},
    {"Europe/London", "1970-06-01T00:00:00Z", 3600, false, "BST"}, /* the year-round experiment */
    {"Europe/London", "2050-03-27T00:59:59Z", 0, false, "GMT"},
    {"Europe/London", "2050-03-27T01:00:00Z", 3600, true, "BST"},
    {"Australia/Lord_Howe", "2024-10-05T15:29:59Z", 37800, false, "+1030"},
    {"Australia/Lord_Howe", "2024-10-05T15:30:00Z", 39600, true, "+11"},
    {"Europe/Dublin", "2060-01-01T00:00:00Z", 0, true, "GMT"}, /* winter is the exception there */
    {"Europe/Dublin", "2060-07-01T00:00:00Z", 3600, false, "IST"},
    {"America/Phoenix", "2090-07-01T00:00:00Z", -25200, false, "MST"},
    {"Asia/Kathmandu", "2024-01-01T00:00:00Z", 20700, false, "+0545"},
    {"Pacific/Apia", "2011-12-30T09:59:59Z", -36000, true, "-10"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z", 50400, true, "+14"},
    {"UTC", "2024-07-01T00:00:00Z", 0, false, "UTC"},
    {"Eastern Standard Time", "2024-07-01T00:00:00Z", -14400, true, "EDT"},
    {"w. europe standard time", "2024-07-01T00:00:00Z", 7200, true, "CEST"},
};

Test(tz, knows_the_offset_at_an_instant)
{
    for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
        autoptr(tz_free) struct tz *z = zone(instants[i].zone);
        struct tz_at a = tz_at(z, at(instants[i].utc));
        cr_expect(eq(int, a.offset, instants[i].offset), "%s %s", instants[i].zone,
                  instants[i].utc);
        cr_expect(eq(int, tz_offset(z, at(instants[i].utc)), instants[i].offset));
        cr_expect(eq(int, a.dst, instants[i].dst), "%s %s", instants[i].zone, instants[i].utc);
        cr_expect_str_eq(a.abbrev, instants[i].abbrev);
    }
}

static const struct {
    const char *zone, *wall;
    enum tz_kind kind;
    const char *first, *second;
} locals[] = {
    {"America/New_York", "2024-03-10T01:59:59", TZ_ONCE, "2024-03-10T06:59:59Z", NULL},
    {"America/New_York", "2024-03-10T02:00:00", TZ_GAP, "2024-03-10T07:00:00Z", NULL},
    {"America/New_York", "2024-03-10T02:30:00", TZ_GAP, "2024-03-10T07:30:00Z", NULL},
    {"America/New_York", "2024-03-10T03:00:00", TZ_ONCE, "2024-03-10T07:00:00Z", NULL},
    {"America/New_York", "2024-11-03T00:59:59", TZ_ONCE, "2024-11-03T04:59:59Z", NULL},
    {"America/New_York", "2024-11-03T01:00:00", TZ_TWICE, "2024-11-03T05:00:00Z",
     "2024-11-03T06:00:00Z"},
    {"America/New_York", "2024-11-03T01:59:59", TZ_TWICE, "2024-11-03T05:59:59Z",
     "2024-11-03T06:59:59Z"},
    {"America/New_York", "2024-11-03T02:00:00", TZ_ONCE, "2024-11-03T07:00:00Z", NULL},
    {"America/New_York", "2098-03-09T02:30:00", TZ_GAP, "2098-03-09T07:30:00Z", NULL},
    {"America/New_York", "8024-11-03T01:30:00", TZ_TWICE, "8024-11-03T05:30:00Z",
     "8024-11-03T06:30:00Z"},
    {"Australia/Lord_Howe", "2024-10-06T02:15:00", TZ_GAP, "2024-10-05T15:45:00Z", NULL},
    {"Australia/Lord_Howe", "2024-10-06T02:30:00", TZ_ONCE, "2024-10-05T15:30:00Z", NULL},
    {"Australia/Lord_Howe", "2024-04-07T01:45:00", TZ_TWICE, "2024-04-06T14:45:00Z",
     "2024-04-06T15:15:00Z"},
    {"Europe/Dublin", "2060-10-31T01:30:00", TZ_TWICE, "2060-10-31T00:30:00Z",
     "2060-10-31T01:30:00Z"},
    {"Pacific/Apia", "2011-12-30T12:00:00", TZ_GAP, "2011-12-30T22:00:00Z", NULL},
    {"Pacific/Apia", "2011-12-29T23:59:59", TZ_ONCE, "2011-12-30T09:59:59Z", NULL},
    {"Pacific/Apia", "2011-12-31T00:00:00", TZ_ONCE, "2011-12-30T10:00:00Z", NULL},
    {"Africa/Cairo", "2025-04-25T00:30:00", TZ_GAP, "2025-04-24T22:30:00Z", NULL},
};

Test(tz, reads_the_clock_on_the_wall)
{
    for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
        autoptr(tz_free) struct tz *z = zone(locals[i].zone);
        struct tz_local l = tz_local(z, wall(locals[i].wall));
        cr_expect(eq(int, l.kind, locals[i].kind), "%s %s", locals[i].zone, locals[i].wall);
        cr_expect(eq(i64, l.first, at(locals[i].first)), "%s %s", locals[i].zone, locals[i].wall);
        if (locals[i].second)
            cr_expect(eq(i64, l.second, at(locals[i].second)), "%s %s", locals[i].zone,
                      locals[i].wall);
    }
}

/* ---- against the C library ---- */

static void compare_at(const struct tz *z, int64_t t)
{
    time_t libc_t = (time_t)t;
    struct tm tm;

    localtime_r(&libc_t, &tm);
    struct tz_at a = tz_at(z, t);
    if (a.offset != tm.tm_gmtoff || a.dst != (tm.tm_isdst > 0) || strcmp(a.abbrev, tm.tm_zone) != 0)
        cr_assert(false, "%s at %lld: %d %d %s, libc %ld %d %s", tz_name(z), (long long)t, a.offset,
                  a.dst, a.abbrev, tm.tm_gmtoff, tm.tm_isdst, tm.tm_zone);
    /* and back: the instant is among the answers for its wall clock */
    struct tz_local l = tz_local(z, t + a.offset);
    if (l.kind == TZ_GAP || (l.first != t && l.second != t))
        cr_assert(false, "%s at %lld: not found again", tz_name(z), (long long)t);
    if ((l.kind == TZ_TWICE) != (l.first != l.second) || l.second < l.first)
        cr_assert(false, "%s at %lld: twice or not", tz_name(z), (long long)t);
}

static void compare_zone(const char *name)
{
    autoptr(tz_free) struct tz *z = zone(name);

    setenv("TZ", name, 1);
    tzset();
    for (int64_t day = tm_days_from_civil(1971, 1, 1); day < tm_days_from_civil(2110, 1, 1);
         day += 3)
        compare_at(z, day * 86400 + (day * 7919) % 86400);
    for (int year = 1995; year <= 2100; year += 7) {
        int64_t t = tm_days_from_civil(year, 3, 1) * 86400;
        for (int h = 0; h < 24 * 260; h += 1)
            if (tz_offset(z, t + (int64_t)h * 3600) != tz_offset(z, t + (int64_t)(h + 1) * 3600))
                for (int m = -95; m < 95; m++)
                    compare_at(z, t + (int64_t)h * 3600 + m * 60 + (m & 1 ? 59 : 0));
    }
}

static const char *const zones[] = {
    "America/New_York",    "America/Phoenix",     "America/Chicago",  "America/Anchorage",
    "America/St_Johns",    "America/Sao_Paulo",   "America/Santiago", "America/Nuuk",
    "America/Havana",      "Europe/London",       "Europe/Berlin",    "Europe/Dublin",
    "Europe/Moscow",       "Africa/Cairo",        "Africa/Lagos",     "Asia/Kolkata",
    "Asia/Jerusalem",      "Asia/Beirut",         "Asia/Tehran",      "Asia/Kathmandu",
    "Australia/Sydney",    "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham",
    "Pacific/Apia",        "Pacific/Kiritimati",  "Antarctica/Troll", "Etc/GMT+12",
    "America/Fort_Nelson", "Asia/Pyongyang",
};

Test(tz, agrees_with_the_c_library_from_1971_to_2110)
{
    for (size_t i = 0; i < ARRAY_LEN(zones); i++)
        compare_zone(zones[i]);
}

Test(tz, counts_for_ever_as_the_rule_says)
{
    autoptr(tz_free) struct tz *z = zone("America/New_York");

    for (int year = 2040; year < 6000; year += 37)
        for (int day = 0; day < 366; day += 5) {
            int64_t t = (tm_days_from_civil(year, 1, 1) + day) * 86400 + 43200;
            cr_assert(eq(i32, tz_offset(z, t), tz_offset(z, t + INT64_C(146097) * 86400)));
        }
}

/* ---- rules, in a file without a table ---- */

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Two blocks (RFC 8536 3.1), each with one kind of time and no change, then the rule. */
static int of_rule(const char *rule, struct tz **ret, struct err *err)
{
    enum { HEADER = 44, BLOCK = HEADER + 6 + 2 };
    uint8_t file[2 * BLOCK + 200] = {0};

    for (int i = 0; i < 2; i++) {
        uint8_t *b = file + i * BLOCK;
        memcpy(b, "TZif2", 5);
        put_u32(b + 36, 1); /* kinds of time */
        put_u32(b + 40, 2); /* bytes of names */
        b[HEADER + 6] = 'X';
    }
    int n = snprintf((char *)file + (size_t)(2 * BLOCK), 200, "\n%s\n", rule);
    cr_assert(n > 0 && n < 200);
    return tz_parse(file, 2 * BLOCK + (size_t)n, rule, ret, err);
}

static const char *const rules[] = {
    "EST5EDT,M3.2.0,M11.1.0",
    "EST5EDT,J60,J300",
    "EST5EDT,J59/1:30,J360/3:15:30",
    "EST5EDT,59,299",
    "EST5EDT,2/0,360/23",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "<-03>+3<-02>,M3.5.0/-2,M10.5.0/-1",
    "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
};

Test(tz, rules_of_every_form_agree_with_the_c_library)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct tz *z = NULL;
        struct err err = {0};
        cr_assert(eq(int, of_rule(rules[i], &z, &err), 0), "%s: %s", rules[i], err.text);
        setenv("TZ", rules[i], 1);
        tzset();
        for (int64_t t = at("2023-01-01T00:00:00Z"); t < at("2029-01-01T00:00:00Z"); t += 1799)
            compare_at(z, t);
        tz_free(z);
    }
}

static const char *const bad_rules[] = {
    "5",
    "EST",
    "EST26EDT,M3.2.0,M11.1.0",
    "EST5:60EDT,M3.2.0,M11.1.0",
    "EST5:30:60EDT,M3.2.0,M11.1.0",
    "<EST5EDT,M3.2.0,M11.1.0",
    "EST5<>,M3.2.0,M11.1.0",
    "EST5EDT",
    "EST5EDT26,M3.2.0,M11.1.0",
    "EST5EDT,M3.2.0",
    "EST5EDT,M0.2.0,M11.1.0",
    "EST5EDT,M13.2.0,M11.1.0",
    "EST5EDT,M3.0.0,M11.1.0",
    "EST5EDT,M3.6.0,M11.1.0",
    "EST5EDT,M3.2.7,M11.1.0",
    "EST5EDT,M3,M11.1.0",
    "EST5EDT,M3.2,M11.1.0",
    "EST5EDT,J0,J300",
    "EST5EDT,J366,J300",
    "EST5EDT,366,10",
    "EST5EDT,M3.2.0/168,M11.1.0",
    "EST5EDT,M3.2.0/,M11.1.0",
    "EST5EDT,M3.2.0,M11.1.0 ",
};

Test(tz, refuses_rules_that_are_none)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_rules); i++) {
        struct tz *z = NULL;
        struct err err = {0};
        cr_expect(eq(int, of_rule(bad_rules[i], &z, &err), -1), "%s", bad_rules[i]);
        cr_expect_str_eq(err.code, "tz");
        tz_free(z);
    }
}

/* ---- names ---- */

static const char *const bad_names[] = {
    "",
    "/etc/passwd",
    "../../../etc/passwd",
    "America/../../x",
    "America/",
    "America//New_York",
    "a.b",
    "zone.tab",
    "Mars/Olympus",
    "America",
    "tzdata.zi",
    "leapseconds",
    "right/Europe/London",
    "America/New York",
    "\xc3\xa9t\xc3\xa9",
};

Test(tz, refuses_names_that_are_none)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_names); i++) {
        struct tz *z = NULL;
        struct err err = {0};
        cr_expect(eq(int, tz_load(bad_names[i], &z, &err), -1), "\"%s\"", bad_names[i]);
        cr_expect_null(z);
        cr_expect_str_eq(err.code, "tz");
    }
}

Test(tz, maps_the_names_that_windows_uses)
{
    cr_expect_str_eq(tz_iana("Central Standard Time"), "America/Chicago");
    cr_expect_str_eq(tz_iana("US MOUNTAIN STANDARD TIME"), "America/Phoenix");
    cr_expect_str_eq(tz_iana("AUS Central Standard Time"), "Australia/Darwin");
    cr_expect_str_eq(tz_iana("Yukon Standard Time"), "America/Whitehorse");
    cr_expect_str_eq(tz_iana("Europe/Berlin"), "Europe/Berlin");
    cr_expect_str_eq(tz_iana("Nowhere Standard Time"), "Nowhere Standard Time");
    cr_expect_str_eq(tz_iana(""), "");
}

/* ---- hostile files ---- */

static size_t slurp(const char *path, uint8_t *buf, size_t max)
{
    FILE *f = fopen(path, "rb");

    cr_assert_not_null(f, "%s", path);
    size_t n = fread(buf, 1, max, f);
    fclose(f);
    return n;
}

static bool parses(const uint8_t *p, size_t n)
{
    struct tz *z = NULL;
    struct err err = {0};

    /* an exact copy, so that a sanitizer sees one byte too far */
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    int rc = tz_parse(copy, n, "test", &z, &err);
    free(copy);
    if (rc == 0) {
        (void)tz_at(z, at("2050-01-01T00:00:00Z"));
        (void)tz_local(z, wall("2050-01-01T00:00:00"));
    } else {
        cr_assert_str_eq(err.code, "tz");
    }
    tz_free(z);
    return rc == 0;
}

Test(tz, survives_every_truncation_and_any_byte)
{
    static uint8_t buf[8192];
    size_t n = slurp("/usr/share/zoneinfo/Europe/Dublin", buf, sizeof(buf));

    cr_expect(parses(buf, n));
    for (size_t i = 0; i < n; i++)
        cr_assert(not(parses(buf, i)), "%zu of %zu bytes", i, n);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            buf[i] ^= (uint8_t)(1u << bit);
            (void)parses(buf, n);
            buf[i] ^= (uint8_t)(1u << bit);
        }
    }
}

Test(tz, frees_nothing_and_utc_alike)
{
    tz_free(NULL);
    cr_expect_str_eq(tz_name(tz_utc()), "UTC");
    cr_expect(eq(i32, tz_offset(tz_utc(), at("2024-07-01T00:00:00Z")), 0));
    cr_expect(eq(i64, tz_local(tz_utc(), 5).first, 5));
}
