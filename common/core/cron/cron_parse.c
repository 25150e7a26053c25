/* cron_parse: one pass over the fields, each message with the field's name and the place. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"

#include "common/core/cron/cron_p.h"

enum field_id { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR, FIELDS };

static const char *const months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                     "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekdays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

static const struct field {
    const char *name;
    int lo, hi, max_step;
    const char *const *names; /* of lo, lo + 1, ...; NULL: numbers only */
    const char *allowed;
} fields[FIELDS] = {
    {"seconds", 0, 59, 59, NULL, "0-59"},
    {"minutes", 0, 59, 59, NULL, "0-59"},
    {"hours", 0, 23, 23, NULL, "0-23"},
    {"day of month", 1, 31, 31, NULL, "1-31, ?, L, L-n, LW, nW"},
    {"month", 1, 12, 12, months, "1-12 or JAN-DEC"},
    {"day of week", 1, 7, 7, weekdays, "1-7 (1 is Sunday) or SUN-SAT, ?, L, nL, n#k"},
    {"year", CRON_YEAR_MIN, CRON_YEAR_MAX, CRON_YEARS, NULL, "1970-2099"},
};

struct in {
    const char *text;
    const char *p, *begin, *end; /* of the field */
    enum field_id id;
    struct cron *c;
    size_t *ret_at;
    struct err *err;
};

/* ---- messages ---- */

static int refuse(struct in *in, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct in *in, const char *at, const char *fmt, ...)
{
    char what[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    *in->ret_at = (size_t)(at - in->text);
    return err_set(in->err, SCOPE_PROCESS, WHEN_NEVER, "cron", "character %zu, %s: %s",
                   *in->ret_at + 1, fields[in->id].name, what);
}

struct shown {
    char s[24];
};

/* A piece of the text that may stand in a message: printable and short. */
static struct shown show(const char *p, const char *end)
{
    struct shown r;
    size_t n = 0;

    for (; p < end && n < sizeof(r.s) - 4; p++)
        r.s[n++] = (char)(*p > ' ' && *p < 127 ? *p : '?');
    r.s[n] = '\0';
    if (p < end)
        memcpy(r.s + n, "...", 4);
    return r;
}

static int unexpected(struct in *in)
{
    const struct field *f = &fields[in->id];

    if (in->p == in->end)
        return refuse(in, in->p, "\"%s\" is not complete; allowed: %s", show(in->begin, in->end).s,
                      f->allowed);
    return refuse(in, in->p, "\"%s\" cannot stand here; allowed: %s", show(in->p, in->end).s,
                  f->allowed);
}

/* ---- values ---- */

static bool at_char(const struct in *in, char c)
{
    return in->p < in->end && (*in->p == c || (*in->p >= 'a' && *in->p <= 'z' && *in->p - 32 == c));
}

static bool take(struct in *in, char c)
{
    if (!at_char(in, c))
        return false;
    in->p++;
    return true;
}

static bool is_digit(const struct in *in)
{
    return in->p < in->end && *in->p >= '0' && *in->p <= '9';
}

static int number(struct in *in, int lo, int hi, int *ret)
{
    const char *begin = in->p;
    int v = 0;

    if (!is_digit(in))
        return unexpected(in);
    for (; is_digit(in); in->p++)
        if (v <= hi)
            v = v * 10 + (*in->p - '0');
    if (v < lo || v > hi)
        return refuse(in, begin, "%s is not one of %d to %d%s", show(begin, in->p).s, lo, hi,
                      in->id == YEAR ? " (to never run, set job.active = false)" : "");
    *ret = v;
    return 0;
}

static bool same_letters(const char *p, const char *name)
{
    for (int i = 0; i < 3; i++)
        if (p[i] != name[i] && p[i] - 32 != name[i])
            return false;
    return true;
}

static int value(struct in *in, int *ret)
{
    const struct field *f = &fields[in->id];

    if (is_digit(in))
        return number(in, f->lo, f->hi, ret);
    if (!f->names || in->end - in->p < 3)
        return unexpected(in);
    for (int i = 0; f->names[i]; i++) {
        if (!same_letters(in->p, f->names[i]))
            continue;
        in->p += 3;
        *ret = f->lo + i;
        return 0;
    }
    return unexpected(in);
}

/* ---- sets ---- */

static void set_year(struct cron *c, int year)
{
    int y = year - CRON_YEAR_MIN;

    c->years[y / 64] |= UINT64_C(1) << (y % 64);
}

static void set(struct cron *c, enum field_id id, int v)
{
    switch (id) {
    case SECOND:
        c->seconds |= UINT64_C(1) << v;
        break;
    case MINUTE:
        c->minutes |= UINT64_C(1) << v;
        break;
    case HOUR:
        c->hours |= UINT32_C(1) << v;
        break;
    case DAY:
        c->days |= UINT32_C(1) << v;
        break;
    case MONTH:
        c->months = (uint16_t)(c->months | 1u << v);
        break;
    case WEEKDAY:
        c->weekdays = (uint8_t)(c->weekdays | 1u << v);
        break;
    default:
        set_year(c, v);
    }
}

/* From a to b, around the field's end when a > b; then the step goes on counting, it does not begin
 * again. */
static void set_range(struct in *in, int a, int b, int step)
{
    const struct field *f = &fields[in->id];
    int size = f->hi - f->lo + 1;

    for (int v = a; v <= (b < a ? b + size : b); v += step)
        set(in->c, in->id, v > f->hi ? v - size : v);
}

static int step(struct in *in, int *ret)
{
    const char *at = in->p;
    int max = fields[in->id].max_step;

    if (!is_digit(in))
        return refuse(in, at, "a number is missing behind \"/\": 1 to %d", max);
    if (number(in, 0, 9999, ret) < 0 || *ret < 1 || *ret > max)
        return refuse(in, at, "the step %s is not one of 1 to %d", show(at, in->p).s, max);
    return 0;
}

/* `a`, `a-b`. *named: by names, and then Quartz takes no notice of a step. */
static int ends(struct in *in, int *a, int *b, bool *named)
{
    const char *begin = in->p;

    *named = !is_digit(in);
    if (value(in, a) < 0)
        return -1;
    *b = at_char(in, '/') && !*named ? fields[in->id].hi : *a;
    if (!take(in, '-'))
        return 0;
    if (in->p < in->end && is_digit(in) == *named)
        return refuse(in, in->p, "write both ends as numbers, or both as names");
    if (value(in, b) < 0)
        return -1;
    if (in->id == YEAR && *b < *a)
        return refuse(in, begin, "the years end before they begin");
    return 0;
}

static int item(struct in *in)
{
    int a = fields[in->id].lo, b = fields[in->id].hi, by = 1;
    bool named = false;

    if (!take(in, '*') && !at_char(in, '/') && ends(in, &a, &b, &named) < 0)
        return -1;
    if (take(in, '/') && step(in, &by) < 0)
        return -1;
    set_range(in, a, b, named ? 1 : by);
    return 0;
}

static int list(struct in *in)
{
    do {
        if (item(in) < 0)
            return -1;
    } while (take(in, ','));
    if (in->p == in->end)
        return 0;
    bool special = (in->id == DAY && (at_char(in, 'L') || at_char(in, 'W'))) ||
                   (in->id == WEEKDAY && (at_char(in, 'L') || at_char(in, '#')));
    if (special)
        return refuse(in, in->p, "L, W and # stand alone, not in a list or range");
    return unexpected(in);
}

/* ---- the two day fields ---- */

/* 0 when the field ends here. */
static int end(struct in *in)
{
    if (in->p == in->end)
        return 0;
    if (at_char(in, ',') || at_char(in, '-') || at_char(in, '/'))
        return refuse(in, in->p, "?, L, W and # stand alone, not in a list or range");
    return unexpected(in);
}

/* L, L-3, LW, L-3W */
static int last_day(struct in *in)
{
    int back = 0;

    if (take(in, '-') && number(in, 0, 30, &back) < 0)
        return -1;
    in->c->day = take(in, 'W') ? CRON_LAST_WEEKDAY : CRON_LAST;
    in->c->n = (uint8_t)back;
    return end(in);
}

static int day_of_month(struct in *in)
{
    int n = 0;

    if (take(in, 'L'))
        return last_day(in);
    if (is_digit(in)) {
        if (number(in, 1, 31, &n) < 0)
            return -1;
        if (take(in, 'W')) {
            in->c->day = CRON_NEAR_WEEKDAY;
            in->c->n = (uint8_t)n;
            return end(in);
        }
        in->p = in->begin;
    }
    in->c->day = CRON_DAYS;
    return list(in);
}

/* What stands behind the day in 6L and 6#3; 1: neither. */
static int of_month(struct in *in, int n)
{
    int nth = 0;

    in->c->n = (uint8_t)n;
    if (take(in, 'L')) {
        in->c->day = CRON_LAST_IN_MONTH;
        return end(in);
    }
    if (!take(in, '#'))
        return 1;
    if (!is_digit(in))
        return refuse(in, in->p, "a number is missing behind \"#\": 1 to 5");
    if (number(in, 1, 5, &nth) < 0)
        return -1;
    in->c->day = CRON_NTH_IN_MONTH;
    in->c->nth = (uint8_t)nth;
    return end(in);
}

static int day_of_week(struct in *in)
{
    int n = 0;

    in->c->day = CRON_WEEKDAYS;
    if (take(in, 'L')) { /* alone: every Saturday */
        set(in->c, WEEKDAY, 7);
        return end(in);
    }
    if (!at_char(in, '*') && !at_char(in, '/')) {
        if (value(in, &n) < 0)
            return -1;
        int r = of_month(in, n);
        if (r <= 0)
            return r;
        in->p = in->begin;
    }
    return list(in);
}

/* ---- the whole ---- */

struct token {
    const char *p, *end;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The number of fields; further ones than FIELDS + 1 are not looked at. */
static int split(const char *s, struct token t[FIELDS + 1])
{
    int n = 0;

    for (;;) {
        while (blank(*s))
            s++;
        if (!*s || n == FIELDS + 1)
            return n;
        t[n].p = s;
        while (*s && !blank(*s))
            s++;
        t[n++].end = s;
    }
}

static int check_count(const struct token *t, int n, size_t at, size_t *ret_at, struct err *err)
{
    static const char need[] = "second minute hour day-of-month month day-of-week [year]";

    if (n >= FIELDS - 1 && n <= FIELDS)
        return 0;
    bool word = n > 0 && t[0].p[0] == '@';
    *ret_at = word ? 0 : at;
    if (word)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "cron",
                       "words such as @daily are not known; needed: %s", need);
    if (n == 5)
        return err_set(
            err, SCOPE_PROCESS, WHEN_NEVER, "cron",
            "5 fields, 6 or 7 are needed: %s; in front of a Unix line stands the second, "
            "and one of its day fields becomes ?",
            need);
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "cron", "%s%d field%s, 6 or 7 are needed: %s",
                   n > FIELDS ? "more than " : "", n > FIELDS ? FIELDS : n, n == 1 ? "" : "s",
                   need);
}

static bool is_open(const struct token *t)
{
    return t->end - t->p == 1 && *t->p == '?';
}

/* Exactly one of the two says "?". */
static int check_days(struct in *in, const struct token *t)
{
    bool day = is_open(&t[DAY]), weekday = is_open(&t[WEEKDAY]);

    in->id = DAY;
    if (day && weekday)
        return refuse(in, t[DAY].p, "both day fields are ?; write * in one of them");
    if (day || weekday)
        return 0;
    bool star = t[DAY].end - t[DAY].p == 1 && *t[DAY].p == '*';
    in->id = star ? DAY : WEEKDAY;
    return refuse(in, t[in->id].p,
                  "both day fields name days; write ? here, or in the other one (%s)",
                  fields[star ? WEEKDAY : DAY].name);
}

static int parse_field(struct in *in, const struct token *t)
{
    in->p = in->begin = t->p;
    in->end = t->end;
    if (in->id == DAY)
        return is_open(t) ? 0 : day_of_month(in);
    if (in->id == WEEKDAY)
        return is_open(t) ? 0 : day_of_week(in);
    return list(in);
}

int cron_parse(const char *text, struct cron *ret, size_t *ret_at, struct err *err)
{
    struct token t[FIELDS + 1] = {0};
    struct cron c = {0};
    size_t nowhere = 0, len = strnlen(text, CRON_MAX + 1);
    struct in in = {.text = text, .c = &c, .ret_at = ret_at ? ret_at : &nowhere, .err = err};

    if (len > CRON_MAX) {
        *in.ret_at = CRON_MAX;
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "cron", "longer than %d characters",
                       CRON_MAX);
    }
    int n = split(text, t);
    if (check_count(t, n, n > FIELDS ? (size_t)(t[FIELDS].p - text) : len, in.ret_at, err) < 0)
        return -1;
    for (int i = 0; i < n; i++) {
        in.id = (enum field_id)i;
        if (parse_field(&in, &t[i]) < 0)
            return -1;
    }
    if (check_days(&in, t) < 0)
        return -1;
    for (int y = CRON_YEAR_MIN; n == YEAR && y <= CRON_YEAR_MAX; y++)
        set_year(&c, y);
    *ret = c;
    return 0;
}
