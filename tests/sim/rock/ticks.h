/*
 * ticks: naive local date-times as .NET counts and prints them.
 */
#ifndef SIM_ROCK_TICKS_H
#define SIM_ROCK_TICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKS_TEXT 36

/* "2026-01-05T01:02:03.517": fraction without trailing zeros, no zone. Returns out. */
const char *ticks_format(int64_t ticks, char out[TICKS_TEXT]);
/* Inside of datetime'...': date, T, hour:minute[:second[.1-7 digits]]; false for zones and whatever
 * else. */
bool ticks_parse(const char *s, size_t n, int64_t *ret);
int64_t ticks_of_date(int year, int month, int day);
void ticks_to_date(int64_t ticks, int *year, int *month, int *day);

#endif
