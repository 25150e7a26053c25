#include <stdlib.h>
#include <time.h>

#include "tests/unit/lava_filters_support.h"

/* A text of 500,000 bytes, put through one filter a million times. */
#define OFTEN(filter)                                                                              \
    "{% assign s = 'ab' | Times:250000 | Join:'' %}{% for i in (1..1000000) %}{% assign x = s "    \
    "| " filter " %}{% endfor %}"

Test(lava_filters_limits, work_that_grows_with_a_text_is_paid_for)
{
    static const char *const rows[] = {
        OFTEN("Remove:'zz'"), OFTEN("ReplaceLast:'zz','y'"),
        OFTEN("Size"),        OFTEN("Plus:1"),
        OFTEN("Trim"),        OFTEN("RegExMatch:'zz'"),
        OFTEN("Default:1"),   OFTEN("Url:'host'"),
        OFTEN("AsInteger"),   OFTEN("Split:'zz'"),
        OFTEN("Pluralize"),   OFTEN("FromJSON"),
    };
    struct err err;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct timespec begin, end;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
        cr_expect(filters_render(rows[i], NULL, true, &err) == NULL, "%s", rows[i]);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        cr_expect(end.tv_sec - begin.tv_sec < 20, "%s: a stall", rows[i]);
    }
}

Test(lava_filters_limits, what_multiplies_ends)
{
    static const struct filter_case rows[] = {
        {"{% assign s = 'ab' %}{% for i in (1..100) %}{% assign s = s | Append:s %}{% endfor %}",
         NULL, NULL},
        {"{% assign a = (1..20000) | Distinct %}", NULL, NULL},
        {"{% assign d = '' %}{% for i in (1..20000) %}{% assign d = d | AddToDictionary:i,i %}{% "
         "endfor %}",
         NULL, NULL},
        {"{{ 'a' | Times:2000000000 | Size }}", NULL, NULL},
        {"{% for i in (1..100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaa!' | RegExMatch:'(a|aa)+$' }}{% "
         "endfor %}",
         NULL, NULL},
        {"{% assign s = 'a,' | Times:9000 | Join:'' %}{% for i in (1..100000) %}{% assign x = s | "
         "Split:',' | SortNatural %}{% endfor %}",
         NULL, NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_limits, a_long_text_is_no_number)
{
    char json[2000], nines[1500];
    struct err err;

    memset(nines, '9', sizeof(nines));
    snprintf(json, sizeof(json), "{\"n\":\"0.%.*s\",\"m\":\"0.%.*s\"}", 1400, nines, 40, nines);
    const char *got = filters_render("{{ n | AsDecimal }}|{{ m | AsDecimal }}", json, true, &err);
    cr_expect(eq(str, (char *)(intptr_t)got, "|1.0000000000000000000000000000"));
}
