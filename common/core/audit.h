/*
 * audit: what lies in a mailbox against what the rows say lies there. Pure.
 *
 * Only what carries our key counts; what a user wrote into an item does not. The item's own
 * RockSyncHash says which content we wrote into it last (contact.h).
 */
#ifndef SYNC_CORE_AUDIT_H
#define SYNC_CORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/guid.h"
#include "common/base/vec.h"

enum audit_kind {
    AUDIT_MISSING,  /* the row has an item, the mailbox has none */
    AUDIT_STALE,    /* the item holds another content than the row believes */
    AUDIT_DOUBLED,  /* more than one item with the key */
    AUDIT_STRANGER, /* an item with a key that no row of this mailbox has */
    AUDIT_TRASHED,  /* the only item lies where users throw things */
    AUDIT_KINDS
};
const char *audit_kind_name(enum audit_kind k); /* "missing", ... */

struct audit_row {
    int64_t person;
    struct guid key;
    struct sha256 have; /* link state of the item by our knowledge; all zero: not known */
    bool hidden;        /* the user deleted it: none is expected */
};

struct audit_item {
    struct guid key;
    const char *hash; /* RockSyncHash text, or NULL */
    bool trashed;
};

struct audit_finding {
    enum audit_kind kind;
    int64_t person; /* row id; 0: a stranger */
};

struct audit {
    size_t intact; /* rows whose item is there, once, with what we wrote */
    size_t count[AUDIT_KINDS];
    vec(struct audit_finding) findings; /* rows in their order, then one for each strange key */
};

void audit_release(struct audit *a);
/* Keys of rows are unique. @folder_id  of the target folder: what hashes are bound to; an item that
 * was written for another one is a stale one */
void audit_compare(const struct audit_row *rows,
                   size_t n_rows,
                   const struct audit_item *items,
                   size_t n_items,
                   const char *folder_id,
                   struct audit *ret);
/* Is there anything that a listing by the worker mends? Trashed items are the user's affair. */
bool audit_repairable(const struct audit *a);
CLEANUP_VALUE(struct audit, audit_release);

#endif
