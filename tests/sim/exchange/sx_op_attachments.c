/*
 * CreateAttachment, DeleteAttachment, GetAttachment: files only.
 * @source reference: CreateAttachment, DeleteAttachment, GetAttachment operations; MS-OXWSATT
 */
#include <ctype.h>
#include <string.h>

#include "common/base/digest.h"

#include "tests/sim/exchange/sx_call.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_shape.h"
#include "tests/sim/exchange/sx_store.h"

enum { ID_MAX = 1024, NAME_MAX_CHARS = 255 };

/* --- CreateAttachment ---------------------------------------------------------------------- */

/* One parent for all attachments of a request. A client may leave its ChangeKey out; what it names
 * must be the item as it is. */
static bool attach_prepare(struct sx_call *c, struct sx_fail *fail)
{
    const xmlNode *parent = sx_child(c->body, "ParentItemId");
    const char *key = sx_attr(parent, "ChangeKey");
    struct sx_item *it = sx_call_item_named(c, sx_attr(parent, "Id"), fail);
    c->prepared = it;
    if (!it)
        return false;
    int64_t version = key && *key ? sx_item_key_version(it, key) : (int64_t)it->version;
    if (version < 0)
        return sx_refuse(fail, "ErrorInvalidChangeKey", "The change key is invalid.");
    return version == (int64_t)it->version ||
           sx_refuse(fail, c->x->settings.stale_code,
                     "The change key does not match the current change key for the item.");
}

static const char *optional(const xmlNode *file, const char *name, struct sx_call *c)
{
    const xmlNode *n = sx_child(file, name);
    return n ? sx_text(n, c->arena) : NULL;
}

static bool is_true(const xmlNode *file, const char *name, struct sx_call *c)
{
    const char *text = optional(file, name, c);
    return text && sx_one_of("true|1", text);
}

/* xs:base64Binary may be broken into lines. NULL with *fail. */
static uint8_t *
content_of(const xmlNode *file, struct sx_call *c, size_t *ret_n, struct sx_fail *fail)
{
    const char *text = optional(file, "Content", c);
    size_t n = text ? strlen(text) : 0, used = 0;
    char *plain = arena_alloc(c->arena, n + 1);
    uint8_t *bytes = arena_alloc(c->arena, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!isspace((unsigned char)text[i]))
            plain[used++] = text[i];
    long got = text ? base64_decode(plain, used, bytes, n) : -1;
    if (!text) {
        sx_refuse(fail, "ErrorRequiredPropertyMissing", "The attachment has no content.");
        return NULL;
    }
    if (got < 0) {
        sx_refuse(fail, "ErrorSchemaValidation", "The content is not base64.");
        return NULL;
    }
    *ret_n = (size_t)got;
    return bytes;
}

static bool answer_created(const struct sx_item *it, const struct sx_attachment *a, struct str *out)
{
    char key[SX_CHANGE_KEY];
    sx_item_change_key(it, key);
    str_puts(out, "<m:Attachments><t:FileAttachment><t:AttachmentId Id=\"");
    sx_attachment_id(out, it, a);
    str_addf(out, "\" RootItemId=\"%s\" RootItemChangeKey=\"%s\"/>", it->id, key);
    str_puts(out, "</t:FileAttachment></m:Attachments>");
    return true;
}

static void remove_counted(struct sx_call *c, struct sx_item *it, size_t i)
{
    const struct sx_attachment *a = &it->attachments.v[i];
    c->x->stats.users_photos_lost += a->photo && a->by_user;
    sx_attachment_remove(it, i, sx_wall_ms());
}

/* A contact has one photo. @source observed: newer servers take the one before away, whosever it
 * is; whether all do is not known, so a client is not to count on it */
static void make_room(struct sx_call *c, struct sx_item *it)
{
    c->x->stats.second_photos += sx_item_has_picture(it);
    for (size_t i = it->attachments.n; i-- > 0 && !c->x->settings.keep_photos;)
        if (it->attachments.v[i].photo)
            remove_counted(c, it, i);
}

static bool
attach_one(struct sx_call *c, const xmlNode *file, struct str *out, struct sx_fail *fail)
{
    struct sx_item *it = c->prepared;
    double max = c->x->settings.max_attachment;
    size_t n;
    if (!sx_is(file, SX_NS_T, "FileAttachment"))
        return sx_refuse(fail, "ErrorInvalidItemForOperationCreateItemAttachment",
                         "Only files can be attached here.");
    const struct sx_attachment what = {
        .name = (char *)(uintptr_t)optional(file, "Name", c),
        .content_type = (char *)(uintptr_t)optional(file, "ContentType", c),
        .content_id = (char *)(uintptr_t)optional(file, "ContentId", c),
        .location = (char *)(uintptr_t)optional(file, "ContentLocation", c),
        .photo = is_true(file, "IsContactPhoto", c),
        .is_inline = is_true(file, "IsInline", c),
    };
    if (!what.name || !*what.name || strlen(what.name) > NAME_MAX_CHARS)
        return sx_refuse(fail, "ErrorRequiredPropertyMissing", "An attachment needs a name.");
    const uint8_t *bytes = content_of(file, c, &n, fail);
    if (!bytes)
        return false;
    if (max > 0 && (double)n > max)
        return sx_refuse(fail, "ErrorAttachmentSizeLimitExceeded",
                         "The attachment is larger than the limit.");
    if (what.photo)
        make_room(c, it);
    c->x->stats.attached++;
    return answer_created(it, sx_attachment_add(it, &what, bytes, n, sx_wall_ms()), out);
}

/* --- the other two ------------------------------------------------------------------------- */

static bool well_formed(const char *id, struct sx_fail *fail)
{
    size_t n = strlen(id);
    if (n == 0)
        return sx_refuse(fail, "ErrorInvalidIdEmpty", "Id must be non-empty.");
    if (n > ID_MAX)
        return sx_refuse(fail, "ErrorInvalidIdMonikerTooLong", "The id is too long.");
    if (strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-") != n)
        return sx_refuse(fail, "ErrorInvalidIdMalformed", "Id is malformed.");
    return true;
}

/* False with *fail; else the attachment is (*ret)->attachments.v[*ret_i]. */
static bool find(
    struct sx_call *c, const xmlNode *id, struct sx_item **ret, size_t *ret_i, struct sx_fail *fail)
{
    const char *text = sx_attr(id, "Id"); /* the schema asks for it */
    if (!well_formed(text ? text : "", fail))
        return false;
    if (!sx_attachment_find(c->x->store, text, ret, ret_i))
        return sx_refuse(fail, "ErrorInvalidAttachmentId", "The id is not that of an attachment.");
    if (!*ret || (*ret)->folder->mailbox != c->mb)
        return sx_refuse(fail, "ErrorItemNotFound",
                         "The specified object was not found in the store.");
    if (*ret_i == SIZE_MAX)
        return sx_refuse(fail, "ErrorInvalidAttachmentId",
                         "The attachment is not among those of its item.");
    return true;
}

static bool detach_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    struct sx_item *it;
    char key[SX_CHANGE_KEY];
    size_t i;
    if (!find(c, id, &it, &i, fail))
        return false;
    remove_counted(c, it, i);
    sx_item_change_key(it, key);
    str_addf(out, "<m:RootItemId RootItemId=\"%s\" RootItemChangeKey=\"%s\"/>", it->id, key);
    c->x->stats.detached++;
    return true;
}

static bool get_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    struct sx_item *it;
    size_t i;
    if (!find(c, id, &it, &i, fail))
        return false;
    str_puts(out, "<m:Attachments>");
    sx_attachment_write(out, it, &it->attachments.v[i], c->old, true);
    str_puts(out, "</m:Attachments>");
    return true;
}

const struct sx_op sx_attachment_ops[] = {
    {"CreateAttachment", "Attachments", "<m:Attachments/>", true, attach_prepare, attach_one},
    {"DeleteAttachment", "AttachmentIds", "", true, NULL, detach_one},
    {"GetAttachment", "AttachmentIds", "<m:Attachments/>", false, NULL, get_one},
    {0},
};
