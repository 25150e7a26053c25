/*
 * lava_filters_date: dates. What depends on the clock asks lava_now and fails where there is none.
 *
 * @source Rock LavaFilters.cs, TemplateFilters.DatesAndTimes.partial.cs, LavaDateTime.cs;
 * DIALECT.md 4
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

int lava_no_clock(struct lava_ctx *c, const char *filter)
{
    return lava_fail(c, "%s: the current time is not available", filter);
}

int lava_read_date(struct lava_ctx *c,
                   const struct lava_value *v,
                   const char *filter,
                   struct lava_date *ret)
{
    const struct lava_clock *clock = lava_now(c);

    if (!v)
        return 0;
    if (v->type == LAVA_DATE) {
        *ret = v->date;
        return 1;
    }
    if (v->type != LAVA_STRING)
        return 0;
    if (lava_str_is_like(lava_trim(lava_str_of(v), true, true), "now")) {
        if (!clock->known)
            return lava_no_clock(c, filter);
        *ret = clock->now;
        return 1;
    }
    return lava_date_parse(v->s, v->n, clock, ret);
}

int64_t lava_local_ticks(struct lava_ctx *c, const struct lava_date *d)
{
    const struct lava_clock *clock = lava_now(c);
    int64_t utc = lava_date_utc(d);
    int64_t minute = 60 * LAVA_TICKS_SECOND;

    if (!clock->offset)
        return utc;
    /* the offset is asked for by reading: the second guess is right but within a change of clocks
     */
    int64_t guess = utc + clock->offset(clock->zone, utc) * minute;
    return utc + clock->offset(clock->zone, guess) * minute;
}

static int format_date(struct lava_ctx *c,
                       const struct lava_date *d,
                       struct lava_str format,
                       struct lava_value *ret)
{
    char text[256];
    long n = lava_date_format(d, format.p, format.n, text, sizeof(text));

    if (n < 0)
        return lava_fail(c, "Date: the format is not one of .NET's");
    char *out = lava_alloc(c, (size_t)n + 1);
    if (!out)
        return -1;
    if ((size_t)n <= sizeof(text))
        memcpy(out, text, (size_t)n);
    else
        lava_date_format(d, format.p, format.n, out, (size_t)n);
    struct lava_str s = lava_trim((struct lava_str){out, (size_t)n}, true, true);
    *ret = lava_string(s.p, s.n);
    return 0;
}

/*
 * The format that Date means: sd and st are short date and time, nothing is the general one, and
 * one letter is a custom format: %d. A letter that no custom format has stands for itself: \\D.
 */
static struct lava_str net_format(struct lava_str f, char buf[2])
{
    if (lava_is_blank(f))
        return LAVA_STR("G");
    if (lava_str_is(f, "sd"))
        return LAVA_STR("d");
    if (lava_str_is(f, "st"))
        return LAVA_STR("t");
    if (f.n != 1)
        return f;
    buf[0] = strchr("dfFghHKmMstyz", *f.p) ? '%' : '\\';
    buf[1] = *f.p;
    return (struct lava_str){buf, 2};
}

int lava_do_Date(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct lava_str s, format;
    struct lava_date d = {0};
    char buf[2];

    if (in->type == LAVA_NIL)
        return 0;
    if (lava_at_text(c, args, 0, "", &format) < 0)
        return -1;
    int found = lava_read_date(c, in, "Date", &d);
    if (found < 0)
        return -1;
    if (found)
        return format_date(c, &d, net_format(format, buf), ret);
    if (lava_net_text(c, in, &s) < 0)
        return -1;
    s = lava_trim(s, true, true);
    *ret = lava_string(s.p, s.n);
    return 0;
}

int lava_do_AsDateTime(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_date d = {0};

    (void)args;
    if (in->type == LAVA_DATE)
        *ret = *in;
    else if (in->type == LAVA_STRING && lava_date_parse(in->s, in->n, lava_now(c), &d))
        *ret = lava_date_value(d);
    return 0;
}

int lava_do_AsDateTimeUtc(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    if (lava_do_AsDateTime(c, in, args, ret) < 0)
        return -1;
    if (ret->type == LAVA_DATE)
        *ret = lava_date_value((struct lava_date){.ticks = lava_date_utc(&ret->date)});
    return 0;
}

/* The amount as Rock's AsInteger reads it: what is no integer is 0. */
static int32_t amount_of(const struct lava_value *v)
{
    int32_t n;

    return v && lava_net_int(v, &n) ? n : 0;
}

static bool add_interval(struct lava_date *d, int64_t amount, struct lava_str unit)
{
    static const struct {
        char unit;
        int64_t seconds;
    } rows[] = {{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

    if (unit.n != 1)
        return true;
    if (*unit.p == 'y')
        return lava_date_add_months(d, amount * 12);
    if (*unit.p == 'M')
        return lava_date_add_months(d, amount);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ticks;
        if (rows[i].unit == *unit.p)
            return !__builtin_mul_overflow(amount, rows[i].seconds * LAVA_TICKS_SECOND, &ticks) &&
                   lava_date_add_ticks(d, ticks);
    }
    return true;
}

int lava_do_DateAdd(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct lava_str unit;
    struct lava_date d = {0};
    int found = lava_read_date(c, in, "DateAdd", &d);

    if (found <= 0 || lava_at_text(c, args, 1, "d", &unit) < 0)
        return found ? -1 : 0;
    if (!add_interval(&d, amount_of(lava_at(args, 0)), unit))
        return lava_fail(c, "DateAdd: beyond the years 1 to 9999");
    *ret = lava_date_value(d);
    return 0;
}

static int64_t months_between(struct lava_date from, struct lava_date to)
{
    struct lava_civil a, b;

    if (lava_date_utc(&from) > lava_date_utc(&to)) {
        struct lava_date swap = from;
        from = to;
        to = swap;
    }
    lava_date_split(from.ticks, &a);
    lava_date_split(to.ticks, &b);
    int64_t months = (int64_t)(b.year - a.year) * 12 + b.month - a.month;
    if (months < 0)
        months = -months;
    struct lava_date later = from;
    bool beyond =
        !lava_date_add_months(&later, months) || lava_date_utc(&later) > lava_date_utc(&to);
    return beyond || b.day < a.day ? months - 1 : months;
}

/* Whole years, below 0 when end is the earlier one. @source Rock.Common DateTimeExtensions */
static int64_t years_between(int64_t start, int64_t end)
{
    struct lava_civil a, b;

    lava_date_split(start, &a);
    lava_date_split(end, &b);
    int64_t years = b.year - a.year;
    struct lava_date anniversary = {.ticks = start};
    if (lava_date_add_months(&anniversary, years * 12) && anniversary.ticks > end)
        years--;
    return years;
}

int lava_do_DateDiff(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_date start = {0}, end = {0};
    struct lava_str unit;
    int a = lava_read_date(c, in, "DateDiff", &start);
    int b = a < 0 ? a : lava_read_date(c, lava_at(args, 0), "DateDiff", &end);

    if (a < 0 || b < 0 || lava_at_text(c, args, 1, "", &unit) < 0)
        return -1;
    if (!a || !b || unit.n != 1)
        return 0;
    int64_t seconds = (lava_date_utc(&end) - lava_date_utc(&start)) / LAVA_TICKS_SECOND;
    switch (*unit.p) {
    case 's':
        *ret = lava_int(seconds);
        break;
    case 'm':
        *ret = lava_int(seconds / 60);
        break;
    case 'h':
        *ret = lava_int(seconds / 3600);
        break;
    case 'd':
        *ret = lava_int(seconds / 86400);
        break;
    case 'w':
        *ret = lava_int(seconds / (7 * 86400));
        break;
    case 'M':
        *ret = lava_int(months_between(start, end));
        break;
    case 'Y':
        *ret = lava_int(years_between(lava_local_ticks(c, &start), lava_local_ticks(c, &end)));
        break;
    default:
        break;
    }
    return 0;
}

/* ---- days ---- */

/* Days from today to the date: 1 known, 0 no date, -1 error. */
static int
days_until(struct lava_ctx *c, const struct lava_value *in, const char *filter, int64_t *ret)
{
    struct lava_date d = {0};
    int found = lava_read_date(c, in, filter, &d);

    if (found <= 0)
        return found;
    if (!lava_now(c)->known)
        return lava_no_clock(c, filter);
    *ret = lava_local_ticks(c, &d) / LAVA_TICKS_DAY - lava_now(c)->now.ticks / LAVA_TICKS_DAY;
    return 1;
}

/*
 * Whole days between now and the date, what is begun not counted.
 * @source reference/rock.md 12.3, the generic filter of Rock; newer releases count calendar days
 */
static int whole_days(struct lava_ctx *c,
                      const struct lava_value *in,
                      const char *filter,
                      int sign,
                      struct lava_value *ret)
{
    struct lava_date d = {0};
    int found = lava_read_date(c, in, filter, &d);

    if (found <= 0)
        return found;
    if (!lava_now(c)->known)
        return lava_no_clock(c, filter);
    *ret = lava_int(sign * ((lava_local_ticks(c, &d) - lava_now(c)->now.ticks) / LAVA_TICKS_DAY));
    return 0;
}

int lava_do_DaysUntil(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    (void)args;
    return whole_days(c, in, "DaysUntil", 1, ret);
}

int lava_do_DaysSince(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    (void)args;
    return whole_days(c, in, "DaysSince", -1, ret);
}

static int count_text(
    struct lava_ctx *c, const char *before, int64_t n, const char *behind, struct lava_value *ret)
{
    char digits[DECIMAL_TEXT];
    struct decimal d = decimal_from_i64(n);
    size_t len = decimal_format(&d, digits);

    return lava_concat(
        c, (struct lava_str[]){{before, strlen(before)}, {digits, len}, {behind, strlen(behind)}},
        3, ret);
}

int lava_do_DaysFromNow(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    static const char *const near[] = {"yesterday", "today", "tomorrow"};
    int64_t days = 0;
    int found = days_until(c, in, "DaysFromNow", &days);

    (void)args;
    *ret = lava_string("", 0);
    if (found <= 0)
        return found;
    if (days >= -1 && days <= 1) {
        *ret = lava_cstring(near[days + 1]);
        return 0;
    }
    return days > 0 ? count_text(c, "in ", days, " days", ret)
                    : count_text(c, "", -days, " days ago", ret);
}

/* Of the date, or with an empty input of the month and year named (this year when none is). */
int lava_do_DaysInMonth(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    struct lava_civil civil = {0};
    struct lava_date d = {0};
    struct lava_str s;
    int32_t month = 0, year = 0;

    if (lava_net_text(c, in, &s) < 0)
        return -1;
    if (!lava_is_blank(s)) {
        int found = lava_read_date(c, in, "DaysInMonth", &d);
        if (found <= 0)
            return found;
        lava_date_split(d.ticks, &civil);
        month = civil.month;
        year = civil.year;
    } else {
        if (!lava_at(args, 0) || !lava_net_int(lava_at(args, 0), &month))
            return 0;
        if (lava_at(args, 1) && !lava_net_int(lava_at(args, 1), &year))
            return 0;
        if (!lava_at(args, 1)) {
            if (!lava_now(c)->known)
                return lava_no_clock(c, "DaysInMonth");
            lava_date_split(lava_now(c)->now.ticks, &civil);
            year = civil.year;
        }
    }
    int days = lava_days_in_month(year, month);
    if (!days)
        return lava_fail(c, "DaysInMonth: there is no such month");
    *ret = lava_int(days);
    return 0;
}

int lava_do_ToMidnight(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_date d = {0};
    int found = lava_read_date(c, in, "ToMidnight", &d);

    (void)args;
    if (found <= 0)
        return found;
    d.ticks -= d.ticks % LAVA_TICKS_DAY;
    *ret = lava_date_value(d);
    return 0;
}

/* Name or number of a day, as Enum.TryParse takes it; -1: none. */
static int day_of_week(struct lava_str s)
{
    s = lava_trim(s, true, true);
    for (int i = 0; i < 7; i++) {
        if (lava_str_is(s, lava_day_names[i]) || (s.n == 1 && *s.p == '0' + i))
            return i;
    }
    return -1;
}

/* NextDayOfTheWeek: day, today counts (false), weeks (1; below 0: back). */
int lava_do_NextDayOfTheWeek(struct lava_ctx *c,
                             const struct lava_value *in,
                             const struct lava_args *args,
                             struct lava_value *ret)
{
    struct lava_str name, current;
    struct lava_civil civil;
    struct lava_date d = {0};
    int32_t weeks = 1;

    if (lava_at_text(c, args, 0, "", &name) < 0 || lava_at_text(c, args, 1, "", &current) < 0)
        return -1;
    if (lava_at(args, 2) && !lava_net_int(lava_at(args, 2), &weeks))
        weeks = 1;
    int found = lava_read_date(c, in, "NextDayOfTheWeek", &d), day = day_of_week(name);
    if (found <= 0 || weeks == 0 || day < 0)
        return found < 0 ? -1 : 0;
    lava_date_split(d.ticks, &civil);
    int days = lava_net_bool(current) == 1 ? (day - civil.weekday + 7) % 7
                                           : (day - 1 - civil.weekday + 7) % 7 + 1;
    int64_t total = days + (int64_t)(weeks >= 1 ? weeks - 1 : weeks) * 7;
    if (!lava_date_add_ticks(&d, total * LAVA_TICKS_DAY))
        return lava_fail(c, "NextDayOfTheWeek: beyond the years 1 to 9999");
    *ret = lava_date_value(d);
    return 0;
}

/* The Sunday that ends the week of the date, as a short date. */
int lava_do_SundayDate(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_civil civil;
    struct lava_date d = {0};
    int found = lava_read_date(c, in, "SundayDate", &d);

    (void)args;
    if (found <= 0)
        return found;
    d = (struct lava_date){.ticks = lava_local_ticks(c, &d)};
    lava_date_split(d.ticks, &civil);
    if (!lava_date_add_ticks(&d, (7 - civil.weekday) % 7 * LAVA_TICKS_DAY))
        return lava_fail(c, "SundayDate: beyond the years 1 to 9999");
    return format_date(c, &d, LAVA_STR("d"), ret);
}

/* @source Rock RockDateTime.GetTimeOfDay */
int lava_do_TimeOfDay(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    static const struct {
        int from;
        const char *name;
    } parts[] = {{21, "Night"}, {17, "Evening"}, {12, "Afternoon"}, {5, "Morning"}, {0, "Night"}};
    struct lava_date d = {0};
    int found = lava_read_date(c, in, "TimeOfDay", &d);

    (void)args;
    *ret = lava_string("", 0);
    if (found <= 0)
        return found;
    int64_t hour = d.ticks % LAVA_TICKS_DAY / (3600 * LAVA_TICKS_SECOND);
    size_t i = 0;
    while (hour < parts[i].from)
        i++;
    *ret = lava_cstring(parts[i].name);
    return 0;
}

/* Texts count by the day, from the first to the last moment of it. */
int lava_do_IsDateBetween(struct lava_ctx *c,
                          const struct lava_value *in,
                          const struct lava_args *args,
                          struct lava_value *ret)
{
    const struct lava_value *v[3] = {in, lava_at(args, 0), lava_at(args, 1)};
    struct lava_date d[3] = {{0}};

    for (int i = 0; i < 3; i++) {
        int found = lava_read_date(c, v[i], "IsDateBetween", &d[i]);
        if (found < 0)
            return -1;
        if (!found)
            return lava_fail(c, "IsDateBetween: not a date");
        if (v[i]->type == LAVA_STRING && i > 0)
            d[i].ticks -= d[i].ticks % LAVA_TICKS_DAY;
        if (v[i]->type == LAVA_STRING && i == 2)
            d[i].ticks += LAVA_TICKS_DAY - LAVA_TICKS_SECOND;
    }
    *ret = lava_bool(d[0].ticks >= d[1].ticks && d[0].ticks <= d[2].ticks);
    return 0;
}
