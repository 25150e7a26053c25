/*
 * catset: interned sets of category names, and their union remembered. Part of expand; nobody else
 * needs it.
 *
 * A set is a number: 0 is the empty one, others count up. Its text is its names sorted bytewise,
 * joined by LF. A category is the number of a set of one.
 */
#ifndef SYNC_CORE_CATSET_H
#define SYNC_CORE_CATSET_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct catsets;
struct sha256;

#define CATSET_NONE UINT32_MAX

struct catsets *catsets_new(uint32_t max_sets, size_t max_bytes);
void catsets_free(struct catsets *c);
/* The category of that name (no LF in it, not ""). CATSET_NONE when there is no room; so the two
 * below. */
uint32_t catsets_category(struct catsets *c, const char *name);
/* The set with that category in it, too. */
uint32_t catsets_add(struct catsets *c, uint32_t set, uint32_t category);
/* link_cats_hash of its text. */
const struct sha256 *catsets_hash(const struct catsets *c, uint32_t set);
const char *catsets_text(const struct catsets *c, uint32_t set);
CLEANUP_DEFINE(struct catsets, catsets_free);

#endif
