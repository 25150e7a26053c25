/*
 * ews_encode: requests of Exchange Web Services as text. Pure.
 *
 * Each function appends one whole SOAP document. Every request that it makes is valid by the XSD.
 * What does not fit sets out->over, which the caller checks once. Values are escaped and made legal
 * here (ews_xml.h).
 * Encoded contacts are not kept for other mailboxes, though one person goes into hundreds: a
 * contact takes 1.5 us of the 100 that writing it may cost, so a cache has nothing to win
 * (tests/bench/ews_bench.c).
 * @source  reference/ews.md sections 2, 6-9; the samples of the schema folder
 */
#ifndef SYNC_WORKER_EWS_ENCODE_H
#define SYNC_WORKER_EWS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#include "common/port/contact_store.h"
#include "worker/ews/ews_categories.h"

enum {
    EWS_FIND_PAGE = 250,    /* a find with a restriction returns no more from Exchange 2013 on */
    EWS_FIND_KEYS = 20,     /* keys in one restriction */
    EWS_FIND_FOLDERS = 200, /* contacts folders of one mailbox, and of its deleted items */
};

struct ews_target {        /* whose mailbox, which folder */
    const char *version;   /* RequestServerVersion, e.g. "Exchange2013_SP1" */
    const char *address;   /* impersonated: PrimarySmtpAddress */
    const char *folder_id; /* NULL: the default contacts folder */
};

struct ews_search {             /* one page of items with our properties, oldest first */
    const char *const *folders; /* ids; n_folders 0: the default contacts folder */
    size_t n_folders;
    bool trash;              /* Deleted Items too, behind the folders */
    const struct guid *keys; /* NULL: all with our key */
    size_t n_keys;           /* at most EWS_FIND_KEYS */
    uint32_t offset;
};

struct ews_change { /* one item of an UpdateItem */
    const struct store_op *op;
    const char *change_key;      /* NULL: none */
    bool set_categories;         /* else they are left alone */
    struct ews_names categories; /* all that the item shall have; none takes them away */
};

/* All fields of op->after, key, hash, cats_after. */
void ews_encode_create(struct str *out,
                       const struct ews_target *t,
                       const struct store_op *ops,
                       size_t n);
/* Fields of op->changed: set, or deleted where op->after has none; key; hash; categories; the
 * original plugin's marks off where op->inherits. Refused by the server where the ChangeKey is not
 * the item's newest. */
void ews_encode_update(struct str *out,
                       const struct ews_target *t,
                       const struct ews_change *changes,
                       size_t n);
/* delete_type: "HardDelete", "SoftDelete" or "MoveToDeletedItems". */
void ews_encode_delete(struct str *out,
                       const struct ews_target *t,
                       const char *delete_type,
                       const struct store_op *ops,
                       size_t n);
/* Takes key and hash off the items. */
void ews_encode_strip(struct str *out,
                      const struct ews_target *t,
                      const struct store_op *ops,
                      size_t n);
/* One response message per folder. */
void ews_encode_find(struct str *out, const struct ews_target *t, const struct ews_search *s);
/* One page of what the original plugin made, in the default contacts folder; oldest first. */
void ews_encode_find_legacy(struct str *out, const struct ews_target *t, uint32_t offset);
/* The first item of a folder that does not carry our key. */
void ews_encode_find_foreign(struct str *out, const struct ews_target *t, const char *folder_id);
/* Categories, hash and ChangeKey of the items of changes, in order. */
void ews_encode_get_state(struct str *out,
                          const struct ews_target *t,
                          const struct ews_change *changes,
                          size_t n);
/* Id of the default contacts folder. */
void ews_encode_get_folder(struct str *out, const struct ews_target *t);
/* All contacts folders of the mailbox, then (second response message) those among the deleted
 * items. */
void ews_encode_find_folders(struct str *out, const struct ews_target *t);
/* The folder of that name directly below the default contacts folder, with our mark on it. */
void ews_encode_find_folder(struct str *out, const struct ews_target *t, const char *name);
void ews_encode_create_folder(struct str *out, const struct ews_target *t, const char *name);

#endif
