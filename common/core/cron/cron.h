/*
 * cron: Quartz schedules, as Rock's jobs have them: `0 0 1 ? * MON-FRI *` is Monday to Friday at
 * 01:00.
 *
 * Six or seven fields, separated by blanks or tabs, letters in either case:
 *
 *   second minute hour day-of-month month day-of-week [year]
 *
 *   all            `a`  `a,b`  `a-b`  `*`  `a-b/n`  `a/n` from a to the field's end
 *                  `/n` from its start; a star may stand before it
 *   day of month   ?  L  L-n  LW  L-nW  nW
 *   month          JAN-DEC          day of week  1-7 or SUN-SAT, ?  L (Saturday)  nL  n#k
 *   year           1970-2099
 *
 * `a-b` with a > b wraps, years excepted. A step behind a name (`MON-FRI/2`) counts for nothing: so
 * Quartz has it, and Rock's schedules mean what Rock does. Exactly one of the two day fields is
 * `?`. `29W` to `31W` fire in months that have the day; elsewhere no two readings agree.
 *
 * Clock changes, as Quartz.NET answers: a local time that does not exist fires later by the size of
 * the change, one that occurs twice fires at the first only. What comes after a fire time is
 * searched from its reading on the wall: several times within one hour that is left out in spring
 * fire once, together.
 *
 * Pure values: no allocation, no clock, no process-wide zone.
 *
 * @source Quartz CronExpression; what is refused and where readings differ: docs/adr/0014-cron.md
 */
#ifndef SYNC_CORE_CRON_CRON_H
#define SYNC_CORE_CRON_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#include "common/core/cron/tz.h"

struct str;

enum { CRON_MAX = 512, CRON_YEAR_MIN = 1970, CRON_YEAR_MAX = 2099 };

enum cron_day {
    CRON_DAYS,          /* days of month in .days */
    CRON_LAST,          /* .n days before the last of the month */
    CRON_LAST_WEEKDAY,  /* Monday to Friday nearest that day */
    CRON_NEAR_WEEKDAY,  /* Monday to Friday nearest the .n-th */
    CRON_WEEKDAYS,      /* days of week in .weekdays */
    CRON_LAST_IN_MONTH, /* the month's last weekday .n */
    CRON_NTH_IN_MONTH   /* the .nth weekday .n */
};

/* A schedule. Made by cron_parse, copied freely; the fields are for the files of this module. */
struct cron {
    uint64_t seconds, minutes; /* bit v: value v, in all of these */
    uint32_t hours, days;
    uint16_t months;
    uint8_t weekdays; /* 1 Sunday to 7 Saturday */
    enum cron_day day;
    uint8_t n, nth;
    uint64_t years[3]; /* bit 0 of [0]: CRON_YEAR_MIN */
};

/*
 * @text    at most CRON_MAX bytes
 * @ret_at  byte of text where the trouble is, from 0; may be NULL
 * @return  0; -1 with code "cron" and a text that says which field, what is wrong, what is allowed
 */
int cron_parse(const char *text, struct cron *ret, size_t *ret_at, struct err *err) must_check;

/*
 * The first fire time after an instant, both Unix seconds. False: never again (the years are over,
 * or no month has such a day).
 */
bool cron_next(const struct cron *c, const struct tz *z, int64_t after_s, int64_t *ret_s);

/* "Monday to Friday at 01:00". Without the zone, which is the caller's to name. */
void cron_describe(const struct cron *c, struct str *out);

#endif
