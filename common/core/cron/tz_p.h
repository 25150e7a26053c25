/*
 * tz_p: what the files of tz share.
 *
 *   tz.c          the file's blocks; looking things up
 *   tz_rule.c     the rule of the last line, written out into the table
 *   tz_windows.c  names
 */
#ifndef SYNC_CORE_CRON_TZ_P_H
#define SYNC_CORE_CRON_TZ_P_H

#include "common/core/cron/tz.h"

enum {
    TZ_MAX_OFFSET = 26 * 3600, /* @source RFC 8536 3.2: beyond +-25:59:59 readers may refuse */
    TZ_MAX_TYPES = 256,        /* an index is a byte */
    TZ_ABBREV_BYTES = 512,
    TZ_YEAR_0 = 1900 /* a rule without a table before it counts from here */
};

/* The Gregorian calendar repeats after this, weekdays included: 146097 days are 20871 weeks. */
#define TZ_CYCLE (INT64_C(146097) * 86400)

struct tz_type {
    int32_t offset;
    bool dst;
    uint16_t abbrev; /* index into tz.abbrevs */
};

struct tz {
    char name[TZ_NAME_MAX];
    size_t n;      /* transitions */
    int64_t *at;   /* ascending; from at[i] on type[i] counts, before at[0] type 0 */
    uint8_t *type; /* index into types */
    /* The last transition when a rule was written out, 400 years and more of it: what is later is
     * looked up some cycles earlier. INT64_MAX: no rule, the last type counts for ever. */
    int64_t end;
    size_t n_types;
    struct tz_type types[TZ_MAX_TYPES];
    size_t abbrevs_n;
    char abbrevs[TZ_ABBREV_BYTES]; /* NUL-terminated each */
};

/* Adds a transition; one at or before the last is dropped, or replaces it when at the same time. */
void tz_add(struct tz *z, int64_t at, uint8_t type);

/*
 * Reads "EST5EDT,M3.2.0,M11.1.0" and writes its changes after the table's last one into the table.
 * "" means that nothing is known beyond the table.
 */
int tz_rule_expand(struct tz *z, const char *s, size_t n, struct err *err) must_check;

#endif
