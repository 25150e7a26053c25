/*
 * lava_mini: as much of Lava as POST Lava/RenderTemplate needs to be honest: output, assign,
 * capture, comment, if/else with one comparison, for over a list, and the filters Split, AsInteger,
 * PersonById, PhoneNumber, Attribute, Campus, Property, Append, Remove. Anything else is what Rock
 * makes of the unknown: an unknown filter returns its input, an unknown tag is a Lava error.
 *
 * Written for tests and shares nothing with the product's engine.
 */
#ifndef SIM_ROCK_LAVA_MINI_H
#define SIM_ROCK_LAVA_MINI_H

#include "common/base/str.h"

#include "tests/sim/rock/church.h"

/*
 * Adds what Rock would answer, which may be a Lava error.
 * @broken  Person.Id of somebody on whom every filter fails; 0: nobody
 */
void lava_mini_render(struct church *c, const char *lava, int32_t broken, struct str *out);

#endif
