/*
 * cron_text: a schedule in English: days, months and years, then times. From the sets, not from the
 * text: `0/15` and `0,15,30,45` read the same.
 */
#include <string.h>

#include "common/base/banned.h"
#include "common/base/str.h"

#include "common/core/cron/cron_p.h"

enum { MAX_TIMES = 6 /* at 08:00, 12:00 and ...: more than these are said field by field */ };

static const char *const month_names[] = {"",        "January",  "February", "March",  "April",
                                          "May",     "June",     "July",     "August", "September",
                                          "October", "November", "December"};
static const char *const day_names[] = {"",          "Sunday",   "Monday", "Tuesday",
                                        "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const nth_names[] = {"", "first", "second", "third", "fourth", "fifth"};

/* ---- sets ---- */

struct set {
    uint64_t bits;
    int lo, hi; /* of the field */
};

static int count(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

static bool has(struct set s, int v)
{
    return s.bits >> v & 1;
}

static bool is_all(struct set s)
{
    return count(s.bits) == s.hi - s.lo + 1;
}

static int lowest(struct set s)
{
    return __builtin_ctzll(s.bits);
}

static int highest(struct set s)
{
    return 63 - __builtin_clzll(s.bits);
}

/* Three and more values that follow each other, perhaps around the field's end. */
static bool is_run(struct set s, int *first, int *last)
{
    int n = 0;

    if (count(s.bits) < 3 || is_all(s))
        return false;
    for (int v = s.lo; v <= s.hi; v++) {
        bool before = has(s, v == s.lo ? s.hi : v - 1), after = has(s, v == s.hi ? s.lo : v + 1);
        if (has(s, v) && !before)
            *first = v, n++;
        if (has(s, v) && !after)
            *last = v;
    }
    return n == 1;
}

/* Three and more values with the same distance of 2 and more. */
static bool is_steps(struct set s, int *step)
{
    int before = -1, by = 0;

    if (count(s.bits) < 3)
        return false;
    for (int v = s.lo; v <= s.hi; v++) {
        if (!has(s, v))
            continue;
        if (before >= 0 && by && v - before != by)
            return false;
        if (before >= 0)
            by = v - before;
        before = v;
    }
    *step = by;
    return by > 1;
}

/* ---- lists: "a, b and c", runs of three and more as "a to c" ---- */

typedef void say(struct str *out, int v);

static void say_number(struct str *out, int v)
{
    str_addf(out, "%d", v);
}

static void say_day(struct str *out, int v)
{
    str_puts(out, day_names[v]);
}

static void say_month(struct str *out, int v)
{
    str_puts(out, month_names[v]);
}

static void say_ordinal(struct str *out, int v)
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};
    int last = v % 10;

    str_addf(out, "%d%s", v, ends[last <= 3 && v / 10 != 1 ? last : 0]);
}

/* The end of the run that begins at v, when it is worth a "to". */
static int run_end(struct set s, int v)
{
    int last = v;

    while (last < s.hi && has(s, last + 1))
        last++;
    return last - v >= 2 ? last : v;
}

static void say_list(struct str *out, struct set s, say *one)
{
    int first = 0, last = 0;

    if (is_run(s, &first, &last)) {
        one(out, first);
        str_puts(out, " to ");
        one(out, last);
        return;
    }
    for (int v = s.lo, end; v <= s.hi; v = end + 1) {
        end = v;
        if (!has(s, v))
            continue;
        end = run_end(s, v);
        if (v != lowest(s))
            str_puts(out, end == highest(s) ? " and " : ", ");
        one(out, v);
        if (end != v) {
            str_puts(out, " to ");
            one(out, end);
        }
    }
}

/* The week as people write it, Monday first. */
static void say_weekdays(struct str *out, uint8_t weekdays)
{
    struct set s = {weekdays, 1, 7};
    int first = 0, last = 0, said = 0;

    if (is_run(s, &first, &last)) {
        str_addf(out, "%s to %s", day_names[first], day_names[last]);
        return;
    }
    str_puts(out, "every ");
    for (int i = 0; i < 7; i++) {
        int v = (i + 1) % 7 + 1;
        if (!has(s, v))
            continue;
        if (said)
            str_puts(out, said + 1 == count(s.bits) ? " and " : ", ");
        say_day(out, v);
        said++;
    }
}

/* ---- days ---- */

static void say_back(struct str *out, int n)
{
    if (n == 0)
        str_puts(out, "the last day");
    else if (n == 1)
        str_puts(out, "the day before the last day");
    else
        str_addf(out, "the day %d days before the last day", n);
}

#define WEEKDAY "weekday (Monday to Friday)"

/* A day that is said within its month. False: days that need none. */
static bool say_days(struct str *out, const struct cron *c)
{
    struct set days = {c->days, 1, 31};

    switch (c->day) {
    case CRON_WEEKDAYS:
        if (is_all((struct set){c->weekdays, 1, 7}))
            str_puts(out, "every day");
        else
            say_weekdays(out, c->weekdays);
        return false;
    case CRON_DAYS:
        if (is_all(days)) {
            str_puts(out, "every day");
            return false;
        }
        str_puts(out, "on the ");
        say_list(out, days, say_ordinal);
        return true;
    case CRON_LAST:
        str_puts(out, "on ");
        say_back(out, c->n);
        return true;
    case CRON_LAST_WEEKDAY:
        str_puts(out, c->n ? "on the " WEEKDAY " nearest " : "on the last " WEEKDAY);
        if (c->n)
            say_back(out, c->n);
        return true;
    case CRON_NEAR_WEEKDAY:
        str_puts(out, "on the " WEEKDAY " nearest the ");
        say_ordinal(out, c->n);
        return true;
    default:
        str_addf(out, "on the %s %s", c->day == CRON_NTH_IN_MONTH ? nth_names[c->nth] : "last",
                 day_names[c->n]);
        return true;
    }
}

static void say_months(struct str *out, const struct cron *c, bool within)
{
    struct set months = {c->months, 1, 12};

    if (is_all(months)) {
        if (within)
            str_puts(out, " of every month");
        return;
    }
    str_puts(out, within ? " of " : " in ");
    say_list(out, months, say_month);
}

struct years {
    int n, first, last, step; /* step 0: no constant distance */
};

static struct years years_of(const struct cron *c)
{
    struct years r = {0};

    for (int y = CRON_YEAR_MIN; y <= CRON_YEAR_MAX; y++) {
        if (!cron_has_year(c, y))
            continue;
        if (r.n == 1)
            r.step = y - r.first;
        else if (r.n > 1 && y - r.last != r.step)
            r.step = 0;
        r.first = r.n++ ? r.first : y;
        r.last = y;
    }
    return r;
}

static void say_years(struct str *out, const struct cron *c)
{
    struct years r = years_of(c);
    int said = 0;

    if (r.n == CRON_YEARS)
        return;
    if (r.n > 2 && r.step == 1) {
        str_addf(out, ", in %d to %d", r.first, r.last);
        return;
    }
    if (r.n > 3 && r.step) {
        str_addf(out, ", every %d years from %d to %d", r.step, r.first, r.last);
        return;
    }
    str_puts(out, ", in ");
    for (int y = r.first; y <= r.last; y++) {
        if (!cron_has_year(c, y))
            continue;
        if (said++)
            str_puts(out, said == r.n ? " and " : ", ");
        say_number(out, y);
    }
}

/* ---- times ---- */

static void say_clock(struct str *out, int hour, int minute, int second)
{
    str_addf(out, "%02d:%02d", hour, minute);
    if (second)
        str_addf(out, ":%02d", second);
}

struct times {
    struct set sec, min, hour;
};

/* "at 08:00, 12:00 and 17:00" */
static void say_times(struct str *out, const struct times *t)
{
    int n = count(t->sec.bits) * count(t->min.bits) * count(t->hour.bits), said = 0;

    str_puts(out, "at ");
    for (int i = 0; i < 86400; i++) {
        if (!has(t->hour, i / 3600) || !has(t->min, i / 60 % 60) || !has(t->sec, i % 60))
            continue;
        if (said++)
            str_puts(out, said == n ? " and " : ", ");
        say_clock(out, i / 3600, i / 60 % 60, i % 60);
    }
}

/* One minute and second in many hours: "every 2 hours from 06:00 to 20:00". False: not so regular.
 */
static bool say_hours(struct str *out, const struct times *t)
{
    int minute = lowest(t->min), second = lowest(t->sec), first = 0, last = 0, step = 0;

    if (is_all(t->hour)) {
        str_puts(out, "every hour");
        if (minute || second)
            str_addf(out, " at minute %d", minute);
        if (second)
            str_addf(out, ", second %d", second);
        return true;
    }
    if (is_run(t->hour, &first, &last)) {
        str_puts(out, "every hour");
    } else if (is_steps(t->hour, &step)) {
        str_addf(out, "every %d hours", step);
        first = lowest(t->hour), last = highest(t->hour);
    } else {
        return false;
    }
    str_puts(out, " from ");
    say_clock(out, first, minute, second);
    str_puts(out, " to ");
    say_clock(out, last, minute, second);
    return true;
}

/* "every 10 seconds", "every 20 seconds from second 5", "in seconds 3, 10 to 14 and 20" */
static void say_unit(struct str *out, struct set s, const char *unit)
{
    int step;

    if (is_all(s)) {
        str_addf(out, "every %s", unit);
    } else if (count(s.bits) == 1) {
        str_addf(out, "in %s %d", unit, lowest(s));
    } else if (is_steps(s, &step)) {
        str_addf(out, "every %d %ss", step, unit);
        if (highest(s) + step <= s.hi)
            str_addf(out, " from %s %d to %d", unit, lowest(s), highest(s));
        else if (lowest(s) != s.lo || (s.hi + 1 - s.lo) % step)
            str_addf(out, " from %s %d", unit, lowest(s));
    } else {
        str_addf(out, "in %ss ", unit);
        say_list(out, s, say_number);
    }
}

/* Whole hours, when minutes or seconds vary within them. */
static void say_span(struct str *out, struct set hours)
{
    int first = 0, last = 0;

    if (is_all(hours))
        return;
    if (count(hours.bits) == 1)
        first = last = lowest(hours);
    else if (!is_run(hours, &first, &last)) {
        str_puts(out, " in the hours ");
        say_list(out, hours, say_number);
        return;
    }
    str_addf(out, " from %02d:00 to %02d:59", first, last);
}

/* Nothing more regular fits: seconds, minutes, hours, each for itself. */
static void say_fields(struct str *out, const struct times *t)
{
    bool seconds = count(t->sec.bits) > 1 || !has(t->sec, 0);

    if (seconds)
        say_unit(out, t->sec, "second");
    if (seconds && count(t->min.bits) == 1 && count(t->hour.bits) == 1) {
        str_addf(out, " of %02d:%02d", lowest(t->hour), lowest(t->min));
        return;
    }
    if (!seconds || !is_all(t->min)) {
        str_puts(out, seconds ? ", " : "");
        say_unit(out, t->min, "minute");
    } else if (count(t->sec.bits) == 1) {
        str_puts(out, " of every minute");
    }
    say_span(out, t->hour);
}

/* Few enough to be named: "at 08:00, 12:00 and 17:00". */
static bool is_few(const struct times *t)
{
    int hours = count(t->hour.bits), first = 0, last = 0;
    bool one = count(t->sec.bits) == 1 && count(t->min.bits) == 1, step;

    if (one && hours > 3) {
        step = is_steps(t->hour, &first);
        return !step && !is_run(t->hour, &first, &last) && hours <= MAX_TIMES;
    }
    if (one)
        return !is_run(t->hour, &first, &last);
    return count(t->sec.bits) * count(t->min.bits) * hours <= MAX_TIMES;
}

static void say_time(struct str *out, const struct times *t)
{
    bool one = count(t->sec.bits) == 1 && count(t->min.bits) == 1;

    if (is_few(t))
        say_times(out, t);
    else if (!one || !say_hours(out, t))
        say_fields(out, t);
}

/* Nothing is to be said of days when only a rhythm counts: "Every 15 minutes". */
static bool is_rhythm(const struct cron *c, const struct times *t)
{
    bool every_day = c->day == CRON_DAYS       ? is_all((struct set){c->days, 1, 31})
                     : c->day == CRON_WEEKDAYS ? is_all((struct set){c->weekdays, 1, 7})
                                               : false;

    return every_day && is_all((struct set){c->months, 1, 12}) && is_all(t->hour);
}

void cron_describe(const struct cron *c, struct str *out)
{
    const struct times t = {{c->seconds, 0, 59}, {c->minutes, 0, 59}, {c->hours, 0, 23}};
    size_t begin = out->n;

    if (!is_rhythm(c, &t)) {
        say_months(out, c, say_days(out, c));
        str_puts(out, is_few(&t) ? " " : ", ");
    }
    say_time(out, &t);
    say_years(out, c);
    if (out->n > begin && out->p[begin] >= 'a' && out->p[begin] <= 'z')
        out->p[begin] = (char)(out->p[begin] - 'a' + 'A');
}
