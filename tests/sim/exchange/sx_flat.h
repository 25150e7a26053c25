/*
 * sx_flat: contacts as flat JSON, the language of the control API ("MobilePhone", "HomeCity",
 * "Birthday": a date).
 */
#ifndef SYNC_SIM_SX_FLAT_H
#define SYNC_SIM_SX_FLAT_H

#include <jansson.h>

#include "common/base/err.h"

#include "tests/sim/exchange/sx_content.h"

struct sx_item;

/* Flat name of a value: false for what has none (attributes of e-mail entries, list entries). */
bool sx_flat_name(uint32_t code, char out[64]);
json_t *sx_flat_fields(const struct sx_content *c);     /* {"GivenName":"Aiko",...}, Title too */
json_t *sx_flat_categories(const struct sx_content *c); /* sorted by arrival */
json_t *sx_flat_item(const struct sx_item *it);         /* the whole item with ids and dates */
/*
 * Sets members of a JSON object: flat names, "key", "hash", "categories", "extended" {identity:
 * value}. null removes. Members named in `skip` ("a|b") are passed over. -1 with *err: unknown
 * name, wrong type.
 */
int sx_flat_set(struct sx_content *c, const json_t *members, const char *skip, struct err *err)
    must_check;

#endif
