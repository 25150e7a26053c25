/*
 * ews_categories: an item's categories are the user's and ours together; a write replaces them all.
 * Pure.
 *
 * Names that are equal but for case are one category. The user's own stay, in their order; of ours
 * those in `after` are added behind, those only in `before` go.
 * @source  reference/ews.md section 6 (Categories); design section 11
 */
#ifndef SYNC_WORKER_EWS_CATEGORIES_H
#define SYNC_WORKER_EWS_CATEGORIES_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Does the step from before to after (LF-joined, "" or NULL for none) need the item's categories
 * read and written? */
bool ews_categories_differ(const char *before, const char *after);

struct ews_names {
    const char *const *v;
    size_t n;
};

/*
 * @have  names that the item has now
 * @ret   all names that it shall have, in a; set only when that differs
 * @return  true: it differs, the categories must be written
 */
bool ews_categories_merge(struct arena *a,
                          struct ews_names have,
                          const char *before,
                          const char *after,
                          struct ews_names *ret);

#endif
