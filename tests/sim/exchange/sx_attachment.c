#include "tests/sim/exchange/sx_attachment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/str.h"

#include "tests/sim/exchange/sx_store.h"

struct sx_blob {
    struct sx_blobs *of;
    struct sha256 sum;
    size_t n, refs;
    uint8_t bytes[];
};

struct sx_blobs {
    struct map *by_sum;
    uint64_t serial; /* of the last attachment */
};

struct sx_blobs *sx_blobs_new(void)
{
    struct sx_blobs *b = xalloc(sizeof(*b));
    b->by_sum = map_new();
    return b;
}

void sx_blobs_free(struct sx_blobs *b)
{
    assert(map_count(b->by_sum) == 0);
    map_free(b->by_sum);
    free(b);
}

static struct sx_blob *blob_of(struct sx_blobs *of, const void *bytes, size_t n)
{
    struct sha256 sum;
    sha256_of(bytes, n, &sum);
    struct sx_blob *b = map_get(of->by_sum, sum.b, sizeof(sum.b));
    if (!b) {
        b = xalloc(sizeof(*b) + n);
        b->of = of;
        b->sum = sum;
        b->n = n;
        if (n)
            memcpy(b->bytes, bytes, n);
        map_put(of->by_sum, sum.b, sizeof(sum.b), b);
    }
    b->refs++;
    return b;
}

static void blob_unref(struct sx_blob *b)
{
    if (--b->refs > 0)
        return;
    map_del(b->of->by_sum, b->sum.b, sizeof(b->sum.b));
    free(b);
}

static void release(struct sx_attachment *a)
{
    free(a->name);
    free(a->content_type);
    free(a->content_id);
    free(a->location);
    blob_unref(a->blob);
}

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

/* A new one like this, with b's bytes. */
static struct sx_attachment
made(const struct sx_attachment *what, struct sx_blob *b, int64_t now_ms)
{
    return (struct sx_attachment){.serial = ++b->of->serial,
                                  .name = copy(what->name),
                                  .content_type = copy(what->content_type),
                                  .content_id = copy(what->content_id),
                                  .location = copy(what->location),
                                  .blob = b,
                                  .modified_ms = now_ms,
                                  .photo = what->photo,
                                  .is_inline = what->is_inline,
                                  .by_user = what->by_user};
}

const struct sx_attachment *sx_attachment_add(struct sx_item *it,
                                              const struct sx_attachment *what,
                                              const void *bytes,
                                              size_t n,
                                              int64_t now_ms)
{
    struct sx_blob *b = blob_of(sx_store_blobs(it->folder->mailbox->store), bytes, n);
    vec_push(&it->attachments, made(what, b, now_ms));
    sx_item_touch(it, now_ms);
    return &it->attachments.v[it->attachments.n - 1];
}

void sx_attachment_remove(struct sx_item *it, size_t i, int64_t now_ms)
{
    release(&it->attachments.v[i]);
    vec_remove(&it->attachments, i);
    sx_item_touch(it, now_ms);
}

void sx_attachments_copy(struct sx_item *to, const struct sx_item *from)
{
    sx_foreach(a, &from->attachments)
    {
        a->blob->refs++;
        vec_push(&to->attachments, made(a, a->blob, a->modified_ms));
    }
}

void sx_attachments_release(struct sx_item *it)
{
    sx_foreach(a, &it->attachments) release(a);
    vec_release(&it->attachments);
}

/* The item's id with another last letter, and the attachment's own number: "AAMk...AAQB" + 16 hex
 * digits. */
enum { SERIAL_DIGITS = 16 };

void sx_attachment_id(struct str *out, const struct sx_item *it, const struct sx_attachment *a)
{
    str_add(out, it->id, strlen(it->id) - 1);
    str_addf(out, "B%016llx", (unsigned long long)a->serial);
}

bool sx_attachment_find(const struct sx_store *s,
                        const char *id,
                        struct sx_item **ret_item,
                        size_t *ret_i)
{
    size_t n = strlen(id);
    if (n < SERIAL_DIGITS + 8 || id[n - SERIAL_DIGITS - 1] != 'B' ||
        strspn(id + n - SERIAL_DIGITS, "0123456789abcdef") != SERIAL_DIGITS)
        return false;
    uint64_t serial = strtoull(id + n - SERIAL_DIGITS, NULL, 16);
    autofree char *item = xstrndup(id, n - SERIAL_DIGITS);
    item[n - SERIAL_DIGITS - 1] = '=';
    *ret_item = sx_item_by_id(s, item);
    *ret_i = SIZE_MAX;
    for (size_t i = 0; *ret_item && i < (*ret_item)->attachments.n; i++)
        if ((*ret_item)->attachments.v[i].serial == serial)
            *ret_i = i;
    return true;
}

const uint8_t *sx_attachment_bytes(const struct sx_attachment *a, size_t *ret_n)
{
    *ret_n = a->blob->n;
    return a->blob->bytes;
}

bool sx_item_has_picture(const struct sx_item *it)
{
    sx_foreach(a, &it->attachments)
    {
        if (a->photo)
            return true;
    }
    return false;
}

bool sx_item_has_attachments(const struct sx_item *it)
{
    sx_foreach(a, &it->attachments)
    {
        if (!a->is_inline)
            return true;
    }
    return false;
}

static void add_text(struct digest *d, const char *text)
{
    digest_add(d, text ? text : "", text ? strlen(text) + 1 : 1);
}

void sx_attachments_digest(const struct sx_item *it, struct digest *d)
{
    sx_foreach(a, &it->attachments)
    {
        digest_add(d, &a->serial, sizeof(a->serial));
        add_text(d, a->name);
        add_text(d, a->content_id);
        digest_add(d, a->blob->sum.b, sizeof(a->blob->sum.b));
    }
}

json_t *sx_attachments_json(const struct sx_item *it)
{
    json_t *list = json_array();
    char hex[65];
    sx_foreach(a, &it->attachments)
    {
        hex_encode(a->blob->sum.b, sizeof(a->blob->sum.b), hex);
        json_array_append_new(
            list, json_pack("{s:s, s:s?, s:s?, s:I, s:s, s:b, s:b, s:s}", "name", a->name,
                            "content_type", a->content_type, "content_id", a->content_id, "size",
                            (json_int_t)a->blob->n, "sha256", hex, "photo", a->photo, "inline",
                            a->is_inline, "by", a->by_user ? "user" : "client"));
    }
    return list;
}

bool sx_item_picture(const struct sx_item *it, char ret[65])
{
    bool there = false;
    sx_foreach(a, &it->attachments)
    {
        if (a->photo)
            hex_encode(a->blob->sum.b, sizeof(a->blob->sum.b), ret);
        there |= a->photo;
    }
    return there;
}
