/*
 * ews_encode_photo: the requests about contacts' photos, which are attachments of their items.
 * Pure; as in ews_encode.h.
 *
 * A photo of ours has the mark EWS_PHOTO_MARK + store_photo.mark for its ContentId. There is no
 * request that replaces one, and CreateAttachment knows one item only: photos cost a request each,
 * and a look at many items and the removal of many photos one more together.
 * @source  reference/ews.md section 6 (Photo); the schema: CreateAttachmentType,
 *          FileAttachmentType, DeleteAttachmentType
 */
#ifndef SYNC_WORKER_EWS_ENCODE_PHOTO_H
#define SYNC_WORKER_EWS_ENCODE_PHOTO_H

#include "common/port/contact_store.h"
#include "worker/ews/ews_encode.h"

#define EWS_PHOTO_MARK "rocksync-"

enum { EWS_PHOTOS = 10, EWS_PHOTO_BYTES = 1 << 20 }; /* of one call of the port: store_limits */

/* What is attached to the items of photos, in order; not the files themselves. */
void ews_encode_get_attachments(struct str *out,
                                const struct ews_target *t,
                                const struct store_photo *photos,
                                size_t n);
void ews_encode_delete_attachments(struct str *out,
                                   const struct ews_target *t,
                                   const char *const *ids,
                                   size_t n);
/*
 * Not for Exchange 2007, which knows no photos.
 *
 * @change_key  the item as we saw it, or NULL. Newer servers take away every photo that is there:
 * one that the user has set since must be a conflict
 */
void ews_encode_create_photo(struct str *out,
                             const struct ews_target *t,
                             const struct store_photo *photo,
                             const char *change_key);

#endif
