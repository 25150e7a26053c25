/*
 * world_exchange: a model of Exchange for fault runs, behind the port contact_store. It shares no
 * code with the product's stores, and judges what it is told to do: a write to an item that is not
 * ours is a fault found.
 *
 * As Exchange does: a create never refuses a key that is there; a write takes effect when the
 * request comes in and is answered latency_ms later; an item under an id that is not there is gone;
 * a change that meets another version looks at the hash. A call for pictures looks, and takes off
 * what is not wanted, when the request comes in; it puts the new one half of latency_ms later, if
 * the item is still as it was: a conflict otherwise.
 */
#ifndef SYNC_TESTS_SUPPORT_WORLD_EXCHANGE_H
#define SYNC_TESTS_SUPPORT_WORLD_EXCHANGE_H

#include "common/base/vec.h"

#include "common/net/loop.h"
#include "common/port/contact_store.h"

struct exchange;

enum { EXCHANGE_PHOTOS = 4, EXCHANGE_PHOTO_BYTES = 64, OWN_PICTURES = 200 };

struct exchange_photo {
    char mark[STORE_PHOTO_MARK + 1]; /* "": the user's */
    unsigned char jpeg[EXCHANGE_PHOTO_BYTES];
    size_t len;
};

struct exchange_item {
    char id[24], version[24], hash[64];
    struct guid key;
    bool ours;
    char field[CONTACT_FIELD_COUNT][64]; /* "" none */
    char cats[128];                      /* LF-joined */
    int64_t created_ms;
    enum store_place place;
    uint64_t edited; /* fields that the user wrote last */
    bool copied;     /* by the user, our properties with it */
    struct exchange_photo photo[EXCHANGE_PHOTOS];
    size_t n_photos;
    bool hand; /* the user was the last to put a picture on it, or to take one off ... */
    int own;   /* ... this one of theirs; 0: off */
};

struct exchange_box {
    char address[32], folder_id[24];
    vec(struct exchange_item *) items;
};

/* Asked before each write of an item, for creates right after; says what is wrong with it, NULL:
 * nothing. */
typedef const char *(*exchange_judge)(const struct exchange_box *b,
                                      const struct exchange_item *it,
                                      enum store_verb verb,
                                      void *user);

/* Asked before a picture is put (p->mark) or ours taken off; says what the server answers to the
 * putting, OUT_DONE: it takes it. */
typedef enum outcome (*exchange_photo_judge)(const struct exchange_box *b,
                                             const struct exchange_item *it,
                                             const struct store_photo *p,
                                             void *user);

struct exchange_counts { /* of pictures: see WORLD_SIGHTS */
    uint32_t put, off, own, refused, crossed;
};

struct exchange *exchange_new(struct loop *l, uint32_t latency_ms);
struct contact_store *exchange_port(struct exchange *x); /* frees x when it is freed */
void exchange_judged_by(struct exchange *x,
                        exchange_judge fn,
                        exchange_photo_judge photo,
                        void *user);
const struct exchange_counts *exchange_counts(const struct exchange *x);
/* Are these the bytes of that picture of the user's own? */
bool exchange_is_own(const struct exchange_photo *p, int number);
const char *exchange_wrong(const struct exchange *x); /* the first fault found; NULL: none */
struct exchange_box *exchange_box(struct exchange *x, const char *address); /* made when missing */

/* What a user does. */
void exchange_user_adds(struct exchange *x, struct exchange_box *b, const char *name);
void exchange_user_edits(struct exchange_box *b,
                         struct exchange_item *it,
                         enum contact_field f,
                         const char *text);
void exchange_user_deletes(struct exchange *x,
                           struct exchange_box *b,
                           struct exchange_item *it,
                           bool into_trash);
/* A picture of their own, number from 1; 0: they take off what is there. */
void exchange_user_pictures(struct exchange *x, struct exchange_item *it, int number);
void exchange_user_copies(struct exchange *x,
                          const struct exchange_item *it,
                          struct exchange_box *to);
/* The target folder is another one from now on, its items with it. */
void exchange_new_folder(struct exchange *x, struct exchange_box *b);

#endif
