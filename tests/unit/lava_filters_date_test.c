#include "tests/unit/lava_filters_support.h"

Test(lava_filters_date, formats)
{
    static const struct filter_case rows[] = {
        {"{{ '5/1/2018 18:30' | Date }}", "5/1/2018 6:30:00 PM", NULL},
        {"{{ '5/1/2018' | Date:'dddd, MMMM d' }}", "Tuesday, May 1", NULL},
        {"{{ '5/1/2018 18:30' | Date:'sd' }} {{ '5/1/2018 18:30' | Date:'st' }}",
         "5/1/2018 6:30 PM", NULL},
        {"{{ '5/1/2018' | Date:'M' }}|{{ '5/1/2018' | Date:'d' }}|{{ '5/1/2018' | Date:'D' }}",
         "5|1|D", NULL},
        {"{{ '5/1/2018' | Date:'G' }}|{{ '5/1/2018' | Date:'g' }}", "G|A.D.", NULL},
        {"{{ 'NOW' | Date:'HH:mm' }}{{ 'soon' | Date:'yyyy' }}{{ none | Date:'yyyy' }}",
         "12:00soon", NULL},
        {"{{ '5/1/2018' | Date:\"yyyy 'unended\" }}", NULL, NULL},
        {"{{ '2018-05-01T18:30:00+02:00' | AsDateTime | Date:'HH:mm zzz' }}", "18:30 +02:00", NULL},
        {"{{ '2018-05-01T18:30:00+02:00' | AsDateTimeUtc | Date:'HH:mm zzz' }}", "16:30 +00:00",
         NULL},
        {"{{ 'x' | AsDateTime }}{{ 5 | AsDateTime }}{{ none | AsDateTimeUtc }}", "", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_date, arithmetic)
{
    static const struct filter_case rows[] = {
        {"{{ '2018-1-31' | DateAdd:1,'M' | Date:'sd' }}", "2/28/2018", NULL},
        {"{{ '2018-1-31' | DateAdd:-1,'y' | Date:'sd' }}", "1/31/2017", NULL},
        {"{{ '2018-1-31' | DateAdd:'90','m' | Date:'st' }}", "1:30 AM", NULL},
        {"{{ '2018-1-31' | DateAdd:1,'?' | Date:'sd' }}{{ 'x' | DateAdd:1 }}", "1/31/2018", NULL},
        {"{{ '9999-12-31' | DateAdd:1 }}", NULL, NULL},
        {"{{ '2018-1-31' | DateAdd:2147483647,'y' }}", NULL, NULL},
        {"{{ '2018-1-31' | DateDiff:'2018-3-1','d' }} {{ '2018-1-31' | DateDiff:'2018-3-1','M' }}",
         "29 1", NULL},
        {"{{ '2018-1-31' | DateDiff:'2020-2-1','Y' }} {{ '2018-1-1' | DateDiff:'2018-1-1 1:30','m' "
         "}}",
         "2 90", NULL},
        {"{{ '2018-1-31' | DateDiff:'2018-3-1','q' }}{{ 'x' | DateDiff:'2018-3-1','d' }}", "",
         NULL},
        {"{{ '2018-1-1' | DateDiff:'2018-1-20','w' }} {{ '2018-1-2' | DateDiff:'2018-1-1','h' }} "
         "{{ "
         "'2018-1-1' | DateDiff:'2018-1-1 0:01','s' }}",
         "2 -24 60", NULL},
        {"{{ '' | DaysInMonth:2,2016 }} {{ '2019-02-05' | DaysInMonth }} {{ '' | DaysInMonth:6 }}",
         "29 28 30", NULL},
        {"{{ '' | DaysInMonth:13,2016 }}", NULL, NULL},
        {"{{ '2018-5-1 15:00' | ToMidnight | Date }}", "5/1/2018 12:00:00 AM", NULL},
        {"{{ '5/1/2018' | NextDayOfTheWeek:'Friday' | Date:'sd' }}", "5/4/2018", NULL},
        {"{{ '5/1/2018' | NextDayOfTheWeek:'Noday' }}", "", NULL},
        {"{{ '5/1/2018' | SundayDate }} {{ '5/6/2018' | SundayDate }}", "5/6/2018 5/6/2018", NULL},
        {"{{ '2020-1-1 4:59' | TimeOfDay }},{{ '2020-1-1 5:00' | TimeOfDay }},{{ '2020-1-1 12:00' "
         "| "
         "TimeOfDay }},{{ '2020-1-1 17:00' | TimeOfDay }},{{ '2020-1-1 21:00' | TimeOfDay }}",
         "Night,Morning,Afternoon,Evening,Night", NULL},
        {"{{ '5/2/2018 10:00' | IsDateBetween:'5/1/2018','5/2/2018' }}", "true", NULL},
        {"{{ '5/3/2018' | IsDateBetween:'5/1/2018','5/2/2018' }}", "false", NULL},
        {"{{ 'x' | IsDateBetween:'5/1/2018','5/2/2018' }}", NULL, NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_date, words)
{
    static const struct filter_case rows[] = {
        {"{{ '2020-06-14' | DaysFromNow }},{{ '2020-06-10' | DaysFromNow }},{{ 'x' | DaysFromNow "
         "}}",
         "yesterday,5 days ago,", NULL},
        {"{{ '2020-06-15 11:59:30' | HumanizeDateTime }}", "30 seconds ago", NULL},
        {"{{ '2020-06-15 11:59' | HumanizeDateTime }}", "a minute ago", NULL},
        {"{{ '2020-06-15 12:05' | HumanizeDateTime }}", "5 minutes from now", NULL},
        {"{{ '2020-06-15 13:00' | HumanizeDateTime }}", "an hour from now", NULL},
        {"{{ '2020-06-10 12:00' | HumanizeDateTime }}", "5 days ago", NULL},
        {"{{ '2020-05-15 12:00' | HumanizeDateTime }}", "one month ago", NULL},
        {"{{ '2020-01-01' | HumanizeDateTime }}", "5 months ago", NULL},
        {"{{ '2019-06-15' | HumanizeDateTime }}", "one year ago", NULL},
        {"{{ '2010-06-15' | HumanizeDateTime }}", "10 years ago", NULL},
        {"{{ '2020-06-15 12:00' | HumanizeDateTime }}{{ 'x' | HumanizeDateTime }}", "now", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2020-1-20' }}", "2 weeks", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2020-1-20',2 }}", "2 weeks, 5 days", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2020-1-1 0:30' }}", "0 days", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2020-1-1 1:30','Minute' }}", "1 hour", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2021-3-1','Year','max' }}", "1 year", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2020-1-3','Hour','max' }}", "48 hours", NULL},
        {"{{ '2020-1-1' | HumanizeTimeSpan:'2020-1-1' }}", "just now", NULL},
        {"{{ 'x' | HumanizeTimeSpan:'2020-1-1' }}",
         "Could not parse one or more of the dates provided into a valid DateTime", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_date, fails_where_there_is_no_clock)
{
    static const char *const rows[] = {
        "{{ 'Now' | Date:'yyyy' }}",
        "{{ 'now' | DateAdd:1 }}",
        "{{ '2020-1-1' | DaysSince }}",
        "{{ '2020-1-1' | DaysUntil }}",
        "{{ '2020-1-1' | DaysFromNow }}",
        "{{ '2020-1-1' | HumanizeDateTime }}",
        "{{ '' | DaysInMonth:2 }}",
        "{{ 'Now' | ToMidnight }}",
        "{{ '2020-1-1' | DateDiff:'Now','d' }}",
    };
    struct err err;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect(filters_render(rows[i], NULL, false, &err) == NULL, "%s", rows[i]);
        cr_expect(strstr(err.text, "time is not available") != NULL, "%s: %s", rows[i], err.text);
    }
    const char *got = filters_render("{{ '5/1' | Date:'yyyy' }}", NULL, false, &err);
    cr_expect(eq(str, (char *)(intptr_t)got, "5/1"), "a date without a year is none");
}
