/*
 * cron_p: what the files of cron share.
 *
 *   cron_parse.c  text to struct cron
 *   cron.c        the next fire time
 *   cron_text.c   struct cron to English
 */
#ifndef SYNC_CORE_CRON_CRON_P_H
#define SYNC_CORE_CRON_CRON_P_H

#include "common/core/cron/cron.h"

enum { CRON_YEARS = CRON_YEAR_MAX - CRON_YEAR_MIN + 1 };

/* Bits lo to hi. */
static inline uint64_t cron_bits(int lo, int hi)
{
    return (~UINT64_C(0) >> (63 - hi)) & (~UINT64_C(0) << lo);
}

static inline bool cron_has_year(const struct cron *c, int year)
{
    int y = year - CRON_YEAR_MIN;

    return y >= 0 && y < CRON_YEARS && (c->years[y / 64] >> (y % 64) & 1);
}

#endif
