/*
 * prefs: what one user chose: people I follow, staff, chosen groups. Wire form:
 * schemas/preferences.v1.json.
 *
 * {"v":1,"follow":true,"staff":false,"groups":["guid",...]} - unknown fields ignored, unknown
 * versions refused, groups at most PREFS_MAX_GROUPS, sorted and without doubles after decoding. All
 * four fields are required: a misspelt one must not read as "none of them", which would empty a
 * mailbox.
 */
#ifndef SYNC_CORE_PREFS_H
#define SYNC_CORE_PREFS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/guid.h"

struct arena;
struct str;

#define PREFS_MAX_GROUPS 500 /* entries of the list as sent */
#define PREFS_MAX_BYTES  (64 * 1024)

struct prefs {
    bool follow, staff;
    const struct guid *groups; /* ascending */
    size_t n_groups;
};

/*
 * Reads and checks the whole text (common/core/scan.h); a known field that stands there twice is
 * refused.
 * @return  0; -1 SCOPE_ITEM, WHEN_NEVER, code "prefs.version" or "prefs.bytes"
 */
int prefs_decode(const char *p, size_t n, struct arena *a, struct prefs *ret, struct err *err)
    must_check;
void prefs_encode(const struct prefs *p, struct str *out); /* canonical: fixed order, compact */
bool prefs_empty(const struct prefs *p);                   /* chooses nothing */
/* What either chooses. May hold more than PREFS_MAX_GROUPS: to expand from, not to store. */
void prefs_union(const struct prefs *x, const struct prefs *y, struct arena *a, struct prefs *ret);

#endif
