/*
 * rock_photo: reads people's pictures from Rock's GetImage.ashx, several side by side.
 *
 * Asked for small and as JPEG; Rock resizes. What comes is a picture when it begins like a JPEG,
 * whatever the server calls it. Nothing is tried a second time here and nothing is followed: each
 * picture has its own fate, the caller comes again. Where the file type demands the right to view,
 * Rock looks for a signed-in browser and at no REST key: such a picture cannot be had until the
 * church opens the type.
 * @source reference/rock.md section 4.6
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_PHOTO_H
#define SYNC_PRODUCER_ROCK_ROCK_PHOTO_H

#include <stdbool.h>

#include "common/base/cleanup.h"

#include "common/port/directory_source.h"

struct http_response;
struct loop;
struct str;
struct rock_photos;

struct rock_photo_options {
    const char *url;     /* of Rock, without a slash at its end; copied, like ca_file */
    const char *ca_file; /* NULL: the system's */
    unsigned connections;
    uint32_t timeout_ms; /* of one call; no more than 15 s is waited */
    bool allow_http;
};

struct rock_photos *rock_photos_new(struct loop *l, const struct rock_photo_options *o);
void rock_photos_free(struct rock_photos *p); /* not while a call runs; NULL is fine */
/* As directory_source_ops.photos; turns the loop. */
int rock_photos_read(struct rock_photos *p,
                     const struct photo_ref *refs,
                     size_t n,
                     struct arena *a,
                     struct source_photo *ret,
                     struct err *err) must_check;
CLEANUP_DEFINE(struct rock_photos, rock_photos_free);

/* Appends "/GetImage.ashx?guid=...": by Guid, or by Id where there is none; nil and 0: nothing. */
void rock_photo_path(const struct photo_ref *ref, struct str *out);
/* What an answer means; fills *err for SOURCE_PHOTO_REFUSED and SOURCE_PHOTO_AWAY. Pure. */
enum source_photo_fate rock_photo_judge(const struct http_response *r, struct err *err);

#endif
