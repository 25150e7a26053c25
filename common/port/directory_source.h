/*
 * directory_source: the port to where people come from. Drivers: producer/rock (REST) and
 * producer/fixture (files).
 *
 * Promises:
 *  1. A snapshot is whole or fails: a page that fails, HTML with status 200, a missing right, an
 * eligible group that is gone, null where a list was asked for: -1 with one plain line that names
 * the URL without secrets.
 *  2. Calls turn the loop while they wait (loop_wait) and return when done; other work of the loop
 * goes on meanwhile. One call at a time.
 */
#ifndef SYNC_PORT_DIRECTORY_SOURCE_H
#define SYNC_PORT_DIRECTORY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/guid.h"

#include "common/core/directory.h"

enum {
    SOURCE_ATTRIBUTES_MAX = 50,
    SOURCE_KEY_MAX = 100,
    SOURCE_PHOTOS_MAX = 16, /* of one call, read side by side */
    SOURCE_PHOTO_PIXELS = 240,
    SOURCE_PHOTO_BYTES_MAX = 1 << 20 /* of one picture */
};

struct source_request {
    struct guid eligible_group;
    const struct guid *followers; /* keys (primary or any alias Guid) of people whose followings are
                                     wanted; the source reads those who are eligible */
    size_t n_followers;
    bool staff;                /* anybody wants staff */
    const struct guid *groups; /* union of all chosen groups, ascending */
    size_t n_groups;
    bool opted_out; /* everybody who opted out, not only among the people of the snapshot */
    bool former;    /* merges, all that Rock knows of */
    /* Keys of person attributes that are wanted beside Employer and Position, at most
     * SOURCE_ATTRIBUTES_MAX, each at most SOURCE_KEY_MAX bytes. One that Rock does not have is no
     * error: nobody has a value then, and the directory names it. */
    const char *const *attributes;
    size_t n_attributes;
    /* Progress for people: how many rows of what; may be NULL. */
    void (*progress)(const char *what, size_t done, size_t of, void *user); /* of 0: unknown */
    void *user;
};

enum source_fate {
    SOURCE_THERE,  /* the person exists under this very key */
    SOURCE_MERGED, /* the key is an alias of another person now: survivor */
    SOURCE_DECEASED,
    SOURCE_GONE /* no such alias any more */
};

struct source_resolved { /* answer for keys[i] at the same index */
    enum source_fate fate;
    struct guid survivor; /* SOURCE_MERGED: primary alias Guid of the survivor */
};

/* The original plugin's stored choices of one person (reference/rock.md sections 8 and 15). */
struct source_old_prefs {
    struct guid person;
    bool follow, staff;
    const struct guid *groups;
    size_t n_groups;
};

struct source_rendered {
    const char *text; /* NULL: Rock reports an error in this one's rendering */
};

enum source_photo_fate {
    SOURCE_PHOTO_THERE,   /* bytes and len */
    SOURCE_PHOTO_GONE,    /* there is no such picture */
    SOURCE_PHOTO_REFUSED, /* there may be one, but not for us: a right is missing */
    SOURCE_PHOTO_UNFIT,   /* not a JPEG picture, or larger than SOURCE_PHOTO_BYTES_MAX */
    SOURCE_PHOTO_AWAY     /* not now: time-out, server error, no connection */
};

struct source_photo { /* answer for refs[i] at the same index */
    enum source_photo_fate fate;
    const void *bytes; /* SOURCE_PHOTO_THERE: a JPEG that begins with FF D8 FF; in the arena */
    size_t len;        /* 0 else */
};

struct directory_source;
struct directory_source_ops {
    const char *name; /* "rock", "fixture" */
    int (*snapshot)(struct directory_source *s,
                    const struct source_request *rq,
                    struct directory **ret,
                    struct err *err);
    /* Reads people again who would leave a mailbox, or whose key is unknown: merged, deceased, gone
     * or there. */
    int (*resolve)(struct directory_source *s,
                   const struct guid *keys,
                   size_t n,
                   struct source_resolved *ret,
                   struct err *err);
    /* Choices kept by the original plugin, for `prefs import --from-rock`; strings and lists in
     * *arena_ret's arena. */
    int (*old_prefs)(struct directory_source *s,
                     const struct guid *eligible_group,
                     struct arena *a,
                     struct source_old_prefs **ret,
                     size_t *n,
                     struct err *err);
    /*
     * Has Rock render a Lava template for each of these people (Person.Id), who are its `Person`.
     * Answers at the same index, texts in a. One person's error is that person's alone. NULL: this
     * source cannot.
     */
    int (*render)(struct directory_source *s,
                  const char *lava,
                  const int64_t *ids,
                  size_t n,
                  struct arena *a,
                  struct source_rendered *ret,
                  struct err *err);
    /*
     * Reads these pictures, no larger than SOURCE_PHOTO_PIXELS in any direction, at most
     * SOURCE_PHOTOS_MAX of them. One picture's failure is its own. -1: none of them can be had, for
     * a reason that has nothing to do with any (the host is unknown, the call was stopped). When
     * any is REFUSED, *err says in one plain line why and what to do, although the call
     * returns 0; else it is untouched. NULL: this source has no pictures.
     */
    int (*photos)(struct directory_source *s,
                  const struct photo_ref *refs,
                  size_t n,
                  struct arena *a,
                  struct source_photo *ret,
                  struct err *err);
    void (*free)(struct directory_source *s);
};

struct directory_source { /* every driver's struct begins with this */
    const struct directory_source_ops *ops;
};

static inline void directory_source_free(struct directory_source *s)
{
    if (s)
        s->ops->free(s);
}
CLEANUP_DEFINE(struct directory_source, directory_source_free);

#endif
