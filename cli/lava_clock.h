/*
 * lava_clock: the clock that templates see when they are tried out: a time and a zone by name.
 */
#ifndef SYNC_CLI_LAVA_CLOCK_H
#define SYNC_CLI_LAVA_CLOCK_H

#include "common/core/lava/lava_date.h"
#include "common/drv/tz_load.h"

/*
 * @iso     a time with an offset or Z, or a local one of the zone; NULL: now_ms
 * @now_ms  Unix time
 * @z       in *ret for as long as ret is used
 * @return  false: iso is no time
 */
bool lava_clock_set(const char *iso, int64_t now_ms, const struct tz *z, struct lava_clock *ret);

#endif
