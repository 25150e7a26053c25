/*
 * generate: a church from a seed. The same options give the same church, byte for byte.
 *
 * Everything that reference/rock.md section 17 items 8 to 15 asks for occurs in a church of 300
 * people and 12 users.
 */
#ifndef SIM_ROCK_GENERATE_H
#define SIM_ROCK_GENERATE_H

#include "tests/sim/rock/church.h"

struct church_size {
    uint64_t seed;
    uint32_t people;    /* about; families are not cut in half */
    uint32_t users;     /* members of the eligible group */
    const char *domain; /* mail domain of the users; NULL = church.example */
    const char
        *eligible_group; /* valid Guid for the eligible group; NULL = Rock's "Staff Members" */
};

struct church *church_generate(const struct church_size *size);

#endif
