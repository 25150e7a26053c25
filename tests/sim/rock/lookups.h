/*
 * lookups: the rows that every Rock server is born with: entity types, phone and address types,
 * titles, group types and roles, the attributes Employer and Position, the security role that makes
 * people eligible.
 * @source reference/rock.md section 2.1 (Guids), sections 5.2 and 8
 */
#ifndef SIM_ROCK_LOOKUPS_H
#define SIM_ROCK_LOOKUPS_H

#include "tests/sim/rock/church.h"

#define GUID_ELIGIBLE_GROUP                                                                        \
    "2c112948-ff4c-46e7-981a-0257681eadf4"                    /* "Staff Members" security role */
#define GUID_UNIT_TYPE "aab2e9f4-e828-4fee-8467-73dc9dab784c" /* group type Organization Unit */

void lookups_add(struct church *c); /* called by church_new; fills c->known */
/* The old preference store of the original plugin for one block: three attributes of
 * Rock.Model.Person.Value. */
void lookups_add_preferences(struct church *c, int block_id);
const char *lookups_value(const struct church *c,
                          int32_t defined_value_id); /* NULL when there is none */

#endif
