/*
 * tz: a time zone as a value: UTC to local time and back, without the C library's zone state.
 *
 * Pure: built from the bytes of a TZif file (version 2 and up) that the caller has read
 * (common/drv/tz_load.h reads /usr/share/zoneinfo). A zone never changes after it was built, any
 * number of users may share it. Beyond the file's table the rule of its last line counts, for ever:
 * daylight saving time in 2090 is where today's law puts it.
 *
 * Units: Unix seconds for instants. A *local second* is a wall clock reading counted as though it
 * were UTC: 1970-01-02T00:00:00 on the wall is 86400 in every zone.
 *
 * @source RFC 8536 (TZif); POSIX.1 "TZ environment variable" and RFC 8536 3.3.1 for the last line
 */
#ifndef SYNC_CORE_CRON_TZ_H
#define SYNC_CORE_CRON_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

enum {
    TZ_MAX_BYTES = 64 << 10, /* of a file; the longest zone there is has under 4 KiB */
    TZ_NAME_MAX = 64,        /* with its NUL */
    TZ_TEXT = 40
};

struct tz;

/* What counts at an instant. abbrev ("EST", "+1030") is borrowed from the zone. */
struct tz_at {
    int32_t offset; /* seconds east of Greenwich: local = UTC + offset */
    bool dst;
    const char *abbrev;
};

enum tz_kind {
    TZ_ONCE, /* the local time occurs once */
    TZ_GAP,  /* never: clocks were put forward over it */
    TZ_TWICE /* twice: clocks were put back to it */
};

struct tz_local {
    enum tz_kind kind;
    /* ONCE: the instant. GAP: the local time read by the offset before the change, so later on the
     * wall by the size of the change (02:30 -> 03:30). TWICE: the first of the two. */
    int64_t first;
    int64_t second; /* TWICE: the later instant; else as first */
    int64_t change; /* GAP, TWICE: the instant of the change; else as first */
};

/*
 * @name    kept, for tz_name and error texts; cut to TZ_NAME_MAX
 * @return  0; -1 with code "tz" when the bytes are no such file, or count leap seconds ("right/")
 */
int tz_parse(const void *bytes, size_t n, const char *name, struct tz **ret, struct err *err)
    must_check;
/* Static; tz_free leaves it alone. */
const struct tz *tz_utc(void);
void tz_free(struct tz *z); /* NULL is fine */
CLEANUP_DEFINE(struct tz, tz_free);

const char *tz_name(const struct tz *z);
int32_t tz_offset(const struct tz *z, int64_t unix_s);
struct tz_at tz_at(const struct tz *z, int64_t unix_s);
struct tz_local tz_local(const struct tz *z, int64_t local_s);

/* "2026-11-23T01:00:00-05:00", or with Z where the offset is nothing; returns out. */
const char *tz_format(const struct tz *z, int64_t unix_s, char out[TZ_TEXT]);

/*
 * The IANA name of a Windows zone ("Eastern Standard Time" -> "America/New_York"): what .NET, and
 * so Rock's OrgTimeZone, calls it. Case does not matter. Any other name is returned as it is.
 *
 * @source Unicode CLDR, windowsZones.xml, territory 001
 */
const char *tz_iana(const char *name);
/* "America/New_York": relative, no "." or ".." part, only letters, digits and "+-_/". */
bool tz_name_valid(const char *name);

#endif
