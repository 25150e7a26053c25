#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "common/core/lava/lava_date.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int zone_of_tests(const void *zone, int64_t ticks)
{
    (void)ticks;
    return *(const int *)zone;
}

static const int minus_five = -300;

/* Noon of 2020-06-15, five hours behind UTC. */
static struct lava_clock a_clock(bool known)
{
    struct lava_clock clock = {.known = known, .offset = zone_of_tests, .zone = &minus_five};
    struct lava_civil c = {.year = 2020, .month = 6, .day = 15, .hour = 12};

    lava_date_join(&c, &clock.now.ticks);
    clock.now.offset_min = minus_five;
    return clock;
}

static const char *format(const struct lava_date *d, const char *f)
{
    static char text[200];
    long n = lava_date_format(d, f, strlen(f), text, sizeof(text) - 1);

    if (n < 0)
        return "refused";
    text[n] = '\0';
    return text;
}

Test(lava_date, reads_what_dotnet_reads)
{
    static const struct {
        const char *text, *want; /* as format o; NULL: no date */
    } rows[] = {
        {"2018-05-01", "2018-05-01T00:00:00.0000000-05:00"},
        {"2018-05-01T18:30:00", "2018-05-01T18:30:00.0000000-05:00"},
        {"2018-05-01T18:30", "2018-05-01T18:30:00.0000000-05:00"},
        {"2018-05-01 18:30:00.1234567", "2018-05-01T18:30:00.1234567-05:00"},
        {"2018-05-01T18:30:00.12345678Z", "2018-05-01T18:30:00.1234568+00:00"},
        {"2018-05-01T18:30:00+0530", "2018-05-01T18:30:00.0000000+05:30"},
        {"2018-05-01 -07:00", "2018-05-01T00:00:00.0000000-07:00"},
        {"5/1/2018", "2018-05-01T00:00:00.0000000-05:00"},
        {"5/1/18 6:30 pm", "2018-05-01T18:30:00.0000000-05:00"},
        {"5-1-2018 12:00:01 AM", "2018-05-01T00:00:01.0000000-05:00"},
        {"5.1.2018", "2018-05-01T00:00:00.0000000-05:00"},
        {"2018/5/1", "2018-05-01T00:00:00.0000000-05:00"},
        {"12/31/29", "2029-12-31T00:00:00.0000000-05:00"},
        {"12/31/30", "1930-12-31T00:00:00.0000000-05:00"},
        {"1-May-2018 6:30 PM", "2018-05-01T18:30:00.0000000-05:00"},
        {"May 1, 2018", "2018-05-01T00:00:00.0000000-05:00"},
        {"may 1 2018 6PM", "2018-05-01T18:00:00.0000000-05:00"},
        {"2018 May 1", "2018-05-01T00:00:00.0000000-05:00"},
        {"May 2018", "2018-05-01T00:00:00.0000000-05:00"},
        {"5/2018", "2018-05-01T00:00:00.0000000-05:00"},
        {"2018-05", "2018-05-01T00:00:00.0000000-05:00"},
        {"Tuesday, May 1, 2018", "2018-05-01T00:00:00.0000000-05:00"},
        {"Tue, 01 May 2018 18:30:00 GMT", "2018-05-01T18:30:00.0000000+00:00"},
        {"6:30 PM 5/1/2018", "2018-05-01T18:30:00.0000000-05:00"},
        {"  5/1/2018\t", "2018-05-01T00:00:00.0000000-05:00"},
        {"May 5", "2020-05-05T00:00:00.0000000-05:00"},
        {"5/1", "2020-05-01T00:00:00.0000000-05:00"},
        {"18:30", "2020-06-15T18:30:00.0000000-05:00"},
        {"6 PM", "2020-06-15T18:00:00.0000000-05:00"},
        {"0001-01-01", "0001-01-01T00:00:00.0000000-05:00"},
        {"9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999-05:00"},
        {"Wednesday, May 1, 2018", NULL},
        {"29-Feb-2017", NULL},
        {"13/1/2018", NULL},
        {"5/32/2018", NULL},
        {"24:00", NULL},
        {"18:60", NULL},
        {"13:00 AM", NULL},
        {"2018", NULL},
        {"May", NULL},
        {"Tuesday", NULL},
        {"10.4", NULL},
        {"3.0.2", NULL},
        {"1152098955", NULL},
        {"602-555-0134", NULL},
        {"(602) 555-0134", NULL},
        {"1/2/3/4", NULL},
        {"5//1/2018", NULL},
        {"/5/1/2018", NULL},
        {"May 1, 2018 at 6", NULL},
        {"2018-05-01T18:30:00+15:00", NULL},
        {"2018-05-01T18:30:00ZZ", NULL},
        {"May June 1, 2018", NULL},
        {"hello", NULL},
        {"", NULL},
        {"   ", NULL},
        {"1/1/20200", NULL},
        {"0000-01-01", NULL},
    };
    struct lava_clock clock = a_clock(true);

    for (size_t i = 0; i < LEN(rows); i++) {
        struct lava_date d = {.ticks = 7};
        bool ok = lava_date_parse(rows[i].text, strlen(rows[i].text), &clock, &d);
        cr_expect(eq(int, ok, rows[i].want != NULL), "%s", rows[i].text);
        if (ok)
            cr_expect(strcmp(format(&d, "o"), rows[i].want) == 0, "%s gives %s", rows[i].text,
                      format(&d, "o"));
        else
            cr_expect(eq(i64, d.ticks, 7), "%s", rows[i].text);
    }
}

Test(lava_date, every_beginning_of_a_date_is_read_or_refused)
{
    static const char text[] = "Tue, 01 May 2018 06:30:00.1234567 PM -07:00";
    struct lava_clock clock = a_clock(true);
    struct lava_date d;

    for (size_t n = 0; n < sizeof(text); n++) {
        char *exact = malloc(n ? n : 1);
        memcpy(exact, text, n);
        if (lava_date_parse(exact, n, &clock, &d))
            cr_expect(d.ticks >= 0);
        free(exact);
    }
}

Test(lava_date, without_a_clock_what_is_missing_makes_no_date)
{
    struct lava_clock clock = a_clock(false);
    struct lava_date d;

    cr_expect(not(lava_date_parse("5/1", 3, &clock, &d)));
    cr_expect(not(lava_date_parse("18:30", 5, NULL, &d)));
    cr_expect(lava_date_parse("5/1/2018", 8, NULL, &d) && d.offset_min == 0);
}

Test(lava_date, writes_dotnet_formats)
{
    static const struct {
        const char *format, *want;
    } rows[] = {
        {"d", "5/1/2018"},
        {"D", "Tuesday, May 1, 2018"},
        {"f", "Tuesday, May 1, 2018 6:05 PM"},
        {"F", "Tuesday, May 1, 2018 6:05:09 PM"},
        {"g", "5/1/2018 6:05 PM"},
        {"G", "5/1/2018 6:05:09 PM"},
        {"m", "May 1"},
        {"Y", "May 2018"},
        {"o", "2018-05-01T18:05:09.1200000-05:00"},
        {"R", "Tue, 01 May 2018 23:05:09 GMT"},
        {"s", "2018-05-01T18:05:09"},
        {"t", "6:05 PM"},
        {"T", "6:05:09 PM"},
        {"u", "2018-05-01 23:05:09Z"},
        {"U", "refused"},
        {"q", "refused"},
        {"d dd ddd dddd", "1 01 Tue Tuesday"},
        {"M MM MMM MMMM", "5 05 May May"},
        {"y yy yyy yyyy yyyyy", "18 18 2018 2018 02018"},
        {"h hh H HH", "6 06 18 18"},
        {"m mm s ss t tt", "5 05 9 09 P PM"},
        {"f ff fff fffffff", "1 12 120 1200000"},
        {"F FF FFF FFFFFFF", "1 12 12 12"},
        {"ss.FFF", "09.12"},
        {"z zz zzz K", "-5 -05 -05:00 -05:00"},
        {"g gg", "A.D. A.D."},
        {"%d", "1"},
        {"%%", "refused"},
        {"d%", "refused"},
        {"d\\", "refused"},
        {"\\d\\\\", "d\\"},
        {"'day' d \"it's\"", "day 1 it's"},
        {"'day", "refused"},
        {"ffffffff", "refused"},
        {"x/y:z", "x/18:-5"},
        {"", ""},
    };
    struct lava_civil c = {
        .year = 2018, .month = 5, .day = 1, .hour = 18, .minute = 5, .second = 9, .ticks = 1200000};
    struct lava_date d = {.offset_min = -300};

    cr_assert(lava_date_join(&c, &d.ticks));
    for (size_t i = 0; i < LEN(rows); i++)
        cr_expect(strcmp(format(&d, rows[i].format), rows[i].want) == 0, "%s gives %s",
                  rows[i].format, format(&d, rows[i].format));
}

Test(lava_date, a_fraction_of_zero_takes_its_point_along)
{
    struct lava_date d = {0};

    cr_expect(strcmp(format(&d, "ss.FFF"), "00") == 0);
    cr_expect(strcmp(format(&d, "ss.fff"), "00.000") == 0);
    cr_expect(strcmp(format(&d, "hh tt"), "12 AM") == 0);
}

Test(lava_date, writes_no_more_than_there_is_room_for)
{
    struct lava_date d = {0};
    char text[8];

    memset(text, '!', sizeof(text));
    cr_expect(lava_date_format(&d, "yyyy-MM-dd", 10, text, 4) == 10);
    cr_expect(memcmp(text, "0001!!!!", 8) == 0);
    cr_expect(lava_date_format(&d, "yyyy", 4, NULL, 0) == 4);
}

Test(lava_date, months_are_cut_to_their_last_day)
{
    static const struct {
        const char *from;
        int64_t months;
        const char *want; /* NULL: beyond the calendar */
    } rows[] = {
        {"2018-01-31", 1, "2018-02-28"},  {"2016-01-31", 1, "2016-02-29"},
        {"2018-03-31", -1, "2018-02-28"}, {"2018-12-31", 1, "2019-01-31"},
        {"2016-02-29", 12, "2017-02-28"}, {"2016-02-29", -48, "2012-02-29"},
        {"9999-12-01", 1, NULL},          {"0001-01-31", -1, NULL},
        {"2018-01-01", 1000000, NULL},    {"2018-01-01", INT64_MIN, NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct lava_date d, before;
        cr_assert(lava_date_parse(rows[i].from, strlen(rows[i].from), NULL, &d));
        before = d;
        bool ok = lava_date_add_months(&d, rows[i].months);
        cr_expect(eq(int, ok, rows[i].want != NULL), "%s", rows[i].from);
        if (ok)
            cr_expect(strcmp(format(&d, "yyyy-MM-dd"), rows[i].want) == 0, "%s", rows[i].from);
        else
            cr_expect(eq(i64, d.ticks, before.ticks));
    }
}

Test(lava_date, every_day_splits_and_joins)
{
    struct lava_civil c, before = {.weekday = 0};
    int64_t ticks;

    for (int64_t day = 0; day < 3652059; day++) {
        lava_date_split(day * LAVA_TICKS_DAY + 1, &c);
        cr_assert(lava_date_join(&c, &ticks) && ticks == day * LAVA_TICKS_DAY + 1);
        cr_assert(c.weekday == (before.weekday + 1) % 7);
        cr_assert(c.yearday == (c.year == before.year ? before.yearday + 1 : 1));
        before = c;
    }
    struct lava_date end = {.ticks = 3652059 * LAVA_TICKS_DAY - 1};
    cr_expect(not(lava_date_add_ticks(&end, 1)));
    cr_expect(not(lava_date_add_ticks(&end, INT64_MIN)));
}
