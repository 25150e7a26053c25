/*
 * names: invented names, streets and words that the generator draws from. Odd ones stand in lists
 * of their own.
 */
#ifndef SIM_ROCK_NAMES_H
#define SIM_ROCK_NAMES_H

#include <stddef.h>

struct names {
    const char *const *v;
    size_t n;
};

struct odd_name {
    const char *first, *last; /* UTF-8 as somebody once typed it: not normalised, not trimmed */
};

extern const struct names names_first, names_last, names_street, names_city, names_job,
    names_employer;
extern const struct names names_topic; /* small groups: "Young Families" */
extern const struct names names_unit;  /* staff departments */
extern const struct odd_name names_odd[];
extern const size_t names_odd_count;

#endif
