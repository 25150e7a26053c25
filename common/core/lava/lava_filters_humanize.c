/*
 * lava_filters_humanize: spans of time in words.
 *
 * @source Humanizer 2: DateTimeHumanizeAlgorithms.cs, TimeSpanHumanizeExtensions.cs
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

static const char *const unit_names[] = {"millisecond", "second", "minute", "hour",
                                         "day",         "week",   "month",  "year"};
enum unit { MILLISECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, YEAR };

static int add_amount(struct lava_build *b, int64_t n, enum unit unit)
{
    char digits[DECIMAL_TEXT];
    struct decimal d = decimal_from_i64(n);
    size_t len = decimal_format(&d, digits);

    if (lava_build_add(b, digits, len) < 0 || lava_build_puts(b, " ") < 0 ||
        lava_build_puts(b, unit_names[unit]) < 0)
        return -1;
    return n == 1 ? 0 : lava_build_puts(b, "s");
}

struct amount {
    int64_t n;
    enum unit unit;
};

/* Below a day. */
static struct amount small_distance(int64_t seconds)
{
    if (seconds < 60)
        return (struct amount){seconds, SECOND};
    if (seconds < 3600)
        return (struct amount){seconds / 60, MINUTE};
    return (struct amount){seconds < 5400 ? 1 : seconds / 3600, HOUR};
}

/* Whether the two are the same day of neighbouring months. */
static bool a_month(int64_t input, int64_t base)
{
    struct lava_date other = {.ticks = base - base % LAVA_TICKS_DAY};

    return lava_date_add_months(&other, input > base ? 1 : -1) &&
           other.ticks == input - input % LAVA_TICKS_DAY;
}

/* How far the date lies from the other. @source Humanizer DateTimeHumanizeAlgorithms */
static struct amount distance(int64_t input, int64_t base)
{
    int64_t ticks = input > base ? input - base : base - input;
    int64_t days = ticks / LAVA_TICKS_DAY;
    int64_t calendar = input / LAVA_TICKS_DAY - base / LAVA_TICKS_DAY;

    if (days < 1)
        return small_distance(ticks / LAVA_TICKS_SECOND);
    if (days < 2)
        return (struct amount){calendar < 0 ? -calendar : calendar, DAY};
    if (days >= 28 && days < 30 && a_month(input, base))
        return (struct amount){1, MONTH};
    if (days < 30)
        return (struct amount){days, DAY};
    if (days < 345)
        return (struct amount){days * 10 / 295, MONTH};
    return (struct amount){days / 365 ? days / 365 : 1, YEAR};
}

static int humanize(struct lava_ctx *c, int64_t input, int64_t base, struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    bool future = input > base;
    struct amount a = distance(input, base);
    int r;

    if (a.n == 0) { /* below a second */
        *ret = lava_cstring("now");
        return 0;
    }
    if (a.unit == DAY && a.n == 1) {
        *ret = lava_cstring(future ? "tomorrow" : "yesterday");
        return 0;
    }
    if (a.n == 1) {
        r = lava_build_puts(&b, a.unit == HOUR ? "an " : a.unit == MINUTE ? "a " : "one ");
        r = r < 0 ? r : lava_build_puts(&b, unit_names[a.unit]);
    } else {
        r = add_amount(&b, a.n, a.unit);
    }
    if (r < 0 || lava_build_puts(&b, future ? " from now" : " ago") < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_HumanizeDateTime(struct lava_ctx *c,
                             const struct lava_value *in,
                             const struct lava_args *args,
                             struct lava_value *ret)
{
    struct lava_date d = {0}, base = {0};
    int found = lava_read_date(c, in, "HumanizeDateTime", &d);

    *ret = lava_string("", 0);
    if (found <= 0)
        return found;
    found = lava_read_date(c, lava_at(args, 0), "HumanizeDateTime", &base);
    if (found < 0)
        return -1;
    if (!found) {
        if (!lava_now(c)->known)
            return lava_no_clock(c, "HumanizeDateTime");
        base = lava_now(c)->now;
    }
    return humanize(c, lava_local_ticks(c, &d), lava_local_ticks(c, &base), ret);
}

/* How many of the unit a span has beside the larger ones. @source Humanizer
 * TimeSpanHumanizeExtensions */
static int64_t part_of(int64_t ms, enum unit unit, enum unit max)
{
    static const int64_t size[] = {1, 1000, 60000, 3600000};
    const double year = 365.2425, month = year / 12;
    int64_t days = ms / 86400000;
    bool largest = unit == max;

    switch (unit) {
    case YEAR:
        return (int64_t)((double)days / year);
    case MONTH:
        return (int64_t)((largest ? (double)days
                                  : (double)days - year * (double)(int64_t)((double)days / year)) /
                         month);
    case WEEK:
        return largest || (double)days < month ? days / 7 : 0;
    case DAY:
        if (largest)
            return days;
        if ((double)days < month || max == WEEK)
            return days % 7;
        return (int64_t)((double)days - month * (double)(int64_t)((double)days / month));
    default:
        break;
    }
    if (largest)
        return ms / size[unit];
    return ms % (unit == HOUR ? 86400000 : size[unit + 1]) / size[unit];
}

static int span_text(struct lava_ctx *c,
                     int64_t ms,
                     int precision,
                     enum unit min,
                     enum unit max,
                     struct lava_value *ret)
{
    struct lava_build b = {.c = c};

    if (ms < 0)
        ms = -ms;
    for (int unit = (int)max; unit >= (int)min && precision > 0; unit--) {
        int64_t n = part_of(ms, (enum unit)unit, max);
        if (n == 0)
            continue;
        if ((b.n && lava_build_puts(&b, ", ") < 0) || add_amount(&b, n, (enum unit)unit) < 0)
            return -1;
        precision--;
    }
    if (b.n == 0 && add_amount(&b, 0, min) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

static enum unit unit_named(struct lava_str s)
{
    static const char *const names[] = {"Second", "Minute", "Hour", "Day", "Week", "Month", "Year"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (lava_str_is(s, names[i]))
            return (enum unit)(SECOND + i);
    }
    return DAY;
}

/* By precision, or by a unit that is the smallest (or, with max, the largest). */
static int
humanize_span(struct lava_ctx *c, int64_t ms, const struct lava_args *args, struct lava_value *ret)
{
    struct lava_str unit, direction;
    int32_t precision;

    if (lava_at_text(c, args, 1, "Day", &unit) < 0 ||
        lava_at_text(c, args, 2, "min", &direction) < 0)
        return -1;
    if (lava_at(args, 1) && lava_net_int(lava_at(args, 1), &precision))
        return span_text(c, ms, precision, MILLISECOND, WEEK, ret);
    if (ms >= 0 && ms < 1000) {
        *ret = lava_cstring("just now");
        return 0;
    }
    if (lava_str_is_like(direction, "max"))
        return span_text(c, ms, 1, MILLISECOND, unit_named(unit), ret);
    return span_text(c, ms, 1, unit_named(unit), WEEK, ret);
}

int lava_do_HumanizeTimeSpan(struct lava_ctx *c,
                             const struct lava_value *in,
                             const struct lava_args *args,
                             struct lava_value *ret)
{
    struct lava_date start = {0}, end = {0};
    int a = lava_read_date(c, in, "HumanizeTimeSpan", &start);
    int b = a < 0 ? a : lava_read_date(c, lava_at(args, 0), "HumanizeTimeSpan", &end);

    if (a < 0 || b < 0)
        return -1;
    if (a && b)
        return humanize_span(
            c, (lava_date_utc(&end) - lava_date_utc(&start)) / (LAVA_TICKS_SECOND / 1000), args,
            ret);
    *ret = lava_cstring("Could not parse one or more of the dates provided into a valid DateTime");
    return 0;
}
