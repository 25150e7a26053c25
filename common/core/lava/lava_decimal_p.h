/*
 * lava_decimal_p: what the files of lava_decimal share.
 */
#ifndef SYNC_CORE_LAVA_DECIMAL_P_H
#define SYNC_CORE_LAVA_DECIMAL_P_H

#include "common/core/lava/lava_decimal.h"

typedef unsigned __int128 u128;

/*
 * mag / 10^scale, rounded to what fits. sticky: digits below mag's last were dropped, not all 0;
 * mag then has more digits than fit. False when too large.
 */
bool decimal_make(u128 mag, int64_t scale, bool sticky, bool neg, struct decimal *ret);

#endif
