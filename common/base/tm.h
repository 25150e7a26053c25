/*
 * tm: ISO 8601 and civil dates, without the C library's time zone state. Proleptic Gregorian
 * calendar.
 */
#ifndef SYNC_BASE_TM_H
#define SYNC_BASE_TM_H

#include <stdbool.h>
#include <stdint.h>

#define TM_TEXT 32

struct tm_civil {
    int year, month, day, hour, minute, second,
        ms; /* month and day from 1; year may be 1 (Rock: no birth year) */
};

int64_t tm_days_from_civil(int year, int month, int day); /* days since 1970-01-01 */
void tm_civil_from_days(int64_t days, int *year, int *month, int *day);
bool tm_date_valid(int year, int month, int day);
/*
 * "2026-01-05T01:02:03.517" with 0-7 fraction digits and no zone, or a bare date. Range-checked.
 * False if it is neither.
 */
bool tm_parse_naive(const char *s, struct tm_civil *ret);
/* The same with Z or +hh:mm required; Unix milliseconds. */
bool tm_parse_utc(const char *s, int64_t *ret_ms);
const char *tm_format_utc(int64_t unix_ms,
                          char out[TM_TEXT]); /* "2026-01-05T01:02:03.517Z"; returns out */

#endif
