/*
 * lava_liquid: Shopify's Liquid as a dialect of the Lava core, for public test suites only.
 *
 * The product never renders with it (common/core/lava/lava_dialect.h): `contact-sync lava vectors`
 * does, to have the core judged by suites that others wrote. Its filters are Shopify's: where Lava
 * has a twin, the twin's implementation is used if the two mean the same.
 *
 * @source github.com/Shopify/liquid 5: standardfilters.rb, condition.rb, utils.rb
 */
#ifndef SYNC_CLI_LAVA_LIQUID_H
#define SYNC_CLI_LAVA_LIQUID_H

#include "common/core/lava/lava_dialect.h"

extern const struct lava_dialect lava_liquid;

#endif
