/*
 * mutate_p: what mutate.c and mutate_merge.c share.
 */
#ifndef SIM_ROCK_MUTATE_P_H
#define SIM_ROCK_MUTATE_P_H

#include "tests/sim/rock/church.h"

struct attribute_value *
mutate_value_of(struct church *c, int32_t entity_id, int32_t attribute_id); /* or NULL */

#endif
