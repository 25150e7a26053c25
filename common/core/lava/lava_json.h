/*
 * lava_json: JSON data as Lava values, for templates that are tried out with data from a file.
 */
#ifndef SYNC_CORE_LAVA_JSON_H
#define SYNC_CORE_LAVA_JSON_H

#include "common/core/lava/lava_value.h"

struct arena;
struct js;

/*
 * Copies everything to a: the document may go afterwards. Objects become dictionaries with their
 * order; a number with a fraction or an exponent has a scale of 1 at least, so that 1.0 prints
 * as 1.0. Nesting beyond 100 levels becomes nil.
 */
struct lava_value lava_json_value(struct arena *a, const struct js *j);

#endif
