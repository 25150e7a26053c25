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
    EWS_FIND_PAGE = 250, /* a find with a restriction returns no more from Exchange 2013 on */
    EWS_FIND_KEYS = 20,  /* keys in one restriction */
};

struct ews_target {        /* whose mailbox, which folder */
    const char *version;   /* RequestServerVersion, e.g. "Exchange2013_SP1" */
    const char *address;   /* impersonated: PrimarySmtpAddress */
    const char *folder_id; /* NULL: the default contacts folder */
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
/* Fields of op->changed: set, or deleted where op->after has none; key; hash; categories. Last
 * writer wins. */
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
/* One page of the items with our key: all (keys NULL), or those with one of n_keys (at most
 * EWS_FIND_KEYS) keys. Oldest first. */
void ews_encode_find(struct str *out,
                     const struct ews_target *t,
                     const struct guid *keys,
                     size_t n_keys,
                     uint32_t offset);
/* Categories and ChangeKey of the items of changes, in order. */
void ews_encode_get_categories(struct str *out,
                               const struct ews_target *t,
                               const struct ews_change *changes,
                               size_t n);
/* Id of the default contacts folder. */
void ews_encode_get_folder(struct str *out, const struct ews_target *t);

#endif
