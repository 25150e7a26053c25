/*
 * sx_attachment: files attached to items, a contact's photo above all.
 *
 * Bytes lie once for all items that hold them: a church has a photo of each person, and each user a
 * copy. An attachment's id names its item and itself, so it changes when the item moves. Writing or
 * removing one is a write of the item: its ChangeKey changes.
 * @source MS-OXWSATT; reference: AttachmentId ("when an attachment is created, the change key of
 *         the root item is altered")
 */
#ifndef SYNC_SIM_SX_ATTACHMENT_H
#define SYNC_SIM_SX_ATTACHMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"

struct str;
struct sx_blob;
struct sx_item;
struct sx_store;

struct sx_attachment {
    uint64_t serial;
    char *name, *content_type, *content_id, *location; /* own; all but the name may be NULL */
    struct sx_blob *blob;
    int64_t modified_ms;
    bool photo, is_inline; /* IsContactPhoto, IsInline */
    bool by_user;          /* put there by the control API, not by a client */
};

/* Copies everything; only name, content_type, content_id, location, photo, is_inline and by_user of
 * what are read. The item has changed. */
const struct sx_attachment *sx_attachment_add(struct sx_item *it,
                                              const struct sx_attachment *what,
                                              const void *bytes,
                                              size_t n,
                                              int64_t now_ms);
void sx_attachment_remove(struct sx_item *it, size_t i, int64_t now_ms);  /* the item has changed */
void sx_attachments_copy(struct sx_item *to, const struct sx_item *from); /* a user's copy */
void sx_attachments_release(struct sx_item *it);                          /* with the item */

/* Id, without quotes. */
void sx_attachment_id(struct str *out, const struct sx_item *it, const struct sx_attachment *a);
/*
 * @ret_item  the item that the id names, NULL when there is none (any more)
 * @ret_i     its attachment, SIZE_MAX when it is gone
 * @return    false: not an attachment's id at all
 */
bool sx_attachment_find(const struct sx_store *s,
                        const char *id,
                        struct sx_item **ret_item,
                        size_t *ret_i);
const uint8_t *sx_attachment_bytes(const struct sx_attachment *a, size_t *ret_n);

bool sx_item_has_picture(const struct sx_item *it);
bool sx_item_has_attachments(const struct sx_item *it); /* inline ones do not count */
void sx_attachments_digest(const struct sx_item *it, struct digest *d);
/* Control API: [{"name","content_type","content_id","size","sha256","photo","inline","by"}] */
json_t *sx_attachments_json(const struct sx_item *it);
/* SHA-256 in hex of the photo that is shown, the last one set; false: none. */
bool sx_item_picture(const struct sx_item *it, char ret[65]);

/* The bytes that the items of one store share. */
struct sx_blobs;
struct sx_blobs *sx_blobs_new(void);
void sx_blobs_free(struct sx_blobs *b); /* nobody holds any */

#endif
