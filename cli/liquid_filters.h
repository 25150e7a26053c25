/*
 * liquid_filters: the filters of Shopify's Liquid, for running public Liquid suites over the
 * engine.
 *
 * Only the vector runner uses them: production renders know Lava's table alone (lava_filter.h).
 * Each has Shopify's name, its counts of arguments (min_args and max_args are exact: what is
 * outside is an error in that dialect) and its semantics, where those are other than those of
 * Lava's twin.
 */
#ifndef SYNC_CLI_LIQUID_FILTERS_H
#define SYNC_CLI_LIQUID_FILTERS_H

#include "common/core/lava/lava_filter.h"

/* For struct lava_dialect.find_filter. NULL: Liquid has no filter of that name. */
const struct lava_filter *liquid_filter_find(struct lava_str name);

#endif
