/*
 * contact_store: the port to a place that holds contacts (Exchange by EWS, Graph later, memory in
 * tests).
 *
 * Written so that Graph fits (reference/graph.md section 16): results carry the caller's tag and
 * need not come in order; ids and versions are opaque bytes; updates hand over old and new content;
 * categories are "ours to add, ours to remove".
 *
 * Promises:
 *  1. done is called exactly once per call, from the loop, never before the call returns; the
 * arguments of a call stay valid (the caller's duty) until done.
 *  2. One result per operation; one without an answer is OUT_UNKNOWN. Nothing is ever sent twice
 * after a body byte left.
 *  3. may_send is asked right before the first byte of each request leaves; after false nothing is
 * sent and every result is OUT_NOT_TRIED with code "fenced".
 *  4. cancel: every call under way ends with OUT_UNKNOWN (or what is known) before cancel returns,
 * by its done callback.
 *  5. Only items that carry our key are ever deleted or stripped; an update touches only fields in
 * `changed`, our properties and our categories. What else a user wrote into an item, notes above
 * all, is never touched.
 *  6. Users move and delete what we made. A listing covers every contacts folder of the mailbox and
 * what the user threw away, and says where each item lies; what that means is the caller's affair.
 */
#ifndef SYNC_PORT_CONTACT_STORE_H
#define SYNC_PORT_CONTACT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/guid.h"

#include "common/core/contact.h"
#include "common/core/outcome.h"

struct store_mailbox {     /* how to reach one mailbox; borrowed for the call */
    int64_t id;            /* row id, for the driver's own per-mailbox state */
    const char *address;   /* SMTP address */
    const char *folder_id; /* of the target folder, opaque; NULL before identify */
    const char *endpoint;  /* URL; NULL: the driver's configured one */
    bool (*may_send)(void *user);
    void *user;
};

enum store_verb {
    STORE_CREATE,
    STORE_UPDATE,
    STORE_DELETE,
    STORE_STRIP /* take our properties off an item that is not ours */
};

struct store_op {
    uint64_t tag;                 /* the caller's, returned with the result */
    struct guid key;              /* RockSyncKey */
    const char *hash;             /* RockSyncHash text (item_hash_format); create and update */
    const char *hash_before;      /* update: the text that the item carries by our knowledge, NULL
                                     unknown: decides when the item has changed meanwhile */
    const struct contact *before; /* update: what the item holds by our knowledge; NULL unknown */
    const struct contact *after;  /* create, update */
    uint64_t changed; /* update: fields to write (contact_changed and what an open intent may have
                         written) */
    const char *cats_before; /* LF-joined; ours that may be on the item ("" none) */
    const char *cats_after;
    const char *item_id, *version; /* update, delete, strip; version may be NULL */
    bool inherits; /* update: the item may carry the marks of a predecessor (legacy): off with them
                    */
};

struct store_result {
    uint64_t tag;
    enum outcome outcome;
    struct err err;      /* when not OUT_DONE: code, server's own back-off in after_ms */
    const char *item_id; /* create (and update where the id changed); borrowed during the callback;
                            NULL otherwise */
    const char *version;
    uint64_t lacks; /* create, update that is done: but for these fields (bits of contact_field),
                       which the store does not take; err says with what words */
};

enum store_place {
    STORE_IN_TARGET, /* the folder that store_mailbox names */
    STORE_IN_OTHER,  /* another contacts folder of the mailbox: the user moved it there */
    STORE_IN_TRASH   /* thrown away, by the user or (limits: own_trash) by us */
};

struct store_listed { /* one item with our key */
    const char *item_id, *version;
    struct guid key;
    const char *hash;   /* RockSyncHash text; NULL when absent */
    int64_t created_ms; /* wall clock of creation by the server; 0 unknown */
    enum store_place place;
};

/* A contact that the program before this one made (reference/rock.md section 15). */
struct store_legacy {
    const char *item_id, *version;
    int64_t rock_person; /* Person.Id, maybe of somebody merged since; 0: not to be read */
    const char *mark;    /* when that program wrote it last, as it says; "" none */
    int64_t mark_ms;     /* the same as Unix milliseconds; 0 not to be read */
};

/*
 * The picture of one contact. A picture of ours carries its mark on it (EWS: the attachment's
 * ContentId), so that what an item holds can be asked of the item. Every call begins with that
 * question: what is there already is not written again, and a picture that carries no mark of ours
 * is the user's and stays.
 */
struct store_photo {
    uint64_t tag;                  /* the caller's, returned with the result */
    const char *item_id, *version; /* version may be NULL */
    const char *mark; /* lower-case hex of the picture's hash, STORE_PHOTO_MARK bytes; NULL: ours
                         has to go */
    const void *jpeg; /* NULL with mark NULL */
    size_t len;       /* bytes; 0 with mark NULL */
};

enum { STORE_PHOTO_MARK = 64 };

/* Results of `photo` that are OUT_DONE say in err.code, "" otherwise: a picture of the user's is
 * there, it stays and ours is not put; */
#define STORE_PHOTO_OWN "photo.own"
/* this mailbox's server takes none, nothing was written. */
#define STORE_PHOTO_UNSUPPORTED "photo.unsupported"

struct store_identity {
    const char *folder_id;      /* target folder: this is what a mailbox is known by */
    const char *server_version; /* free text */
};

struct store_limits {
    uint32_t max_create, max_update, max_delete; /* operations a request */
    size_t max_bytes;                            /* of a request */
    uint32_t max_photos;    /* of one call of `photo`; 0 where the store knows none */
    size_t max_photo_bytes; /* of the pictures of one call together, and so of one; as they are,
                               before any encoding */
    bool own_trash;         /* what we delete lands where users' deleted items are */
    bool named_folder; /* the target is a folder that users can remove: identify it now and then */
};

/* took_ms: server time of the request, for the batch size controller. A request-level failure
 * appears in every result. */
typedef void (*store_apply_done)(const struct store_result *r,
                                 size_t n,
                                 uint32_t took_ms,
                                 void *user);
/* err NULL: all items with our key (of the keys asked for), each id once. Otherwise err and what it
 * means. */
typedef void (*store_list_done)(const struct store_listed *items,
                                size_t n,
                                enum outcome outcome,
                                const struct err *err,
                                void *user);
typedef void (*store_identify_done)(const struct store_identity *id,
                                    enum outcome outcome,
                                    const struct err *err,
                                    void *user);
typedef void (*store_legacy_done)(const struct store_legacy *items,
                                  size_t n,
                                  enum outcome outcome,
                                  const struct err *err,
                                  void *user);
/* url is borrowed for the callback; NULL: outcome and err say what that means. */
typedef void (*store_locate_done)(const char *url,
                                  enum outcome outcome,
                                  const struct err *err,
                                  void *user);

struct contact_store;
struct contact_store_ops {
    const char *name; /* "ews", "memory" */
    const struct store_limits *(*limits)(struct contact_store *s);
    /* Applies ops of one verb to one mailbox, in order. n is within limits. deadline: give up after
     * timeout_ms. An item that is not there under its id is OUT_GONE, for deletes too: the user may
     * have moved it. An item that changed since `version`: the driver looks at its hash. The new
     * one: done. hash_before: written again, once. Another one: OUT_CONFLICT. */
    void (*apply)(struct contact_store *s,
                  const struct store_mailbox *mb,
                  enum store_verb verb,
                  const struct store_op *ops,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user);
    /* keys NULL: every item with our key. In all contacts folders and the trash; with a
     * store_mailbox that names no folder: in the default one alone. A target folder that is not
     * there, or thrown away, is OUT_FOLDER_LOST. */
    void (*list)(struct contact_store *s,
                 const struct store_mailbox *mb,
                 const struct guid *keys,
                 size_t n_keys,
                 store_list_done done,
                 void *user);
    /* The target folder: the default one, or the one with the configured name, which is made where
     * it is missing. A folder of that name that we did not make and that holds others' items:
     * OUT_PARK, code "folder.foreign". */
    void (*identify)(struct contact_store *s,
                     const struct store_mailbox *mb,
                     store_identify_done done,
                     void *user);
    /* Contacts of the program before this one, in the default folder. NULL: the store knows of
     * none. */
    void (*legacy)(struct contact_store *s,
                   const struct store_mailbox *mb,
                   store_legacy_done done,
                   void *user);
    /* Makes each item carry the picture named, in as many requests as that takes; n and the bytes
     * are within limits. Promises 1 to 4 hold as for apply; timeout_ms is of the whole call. The
     * item is not there: OUT_GONE. A result that is OUT_DONE carries the item's version where a
     * write changed it (NULL: nothing was written), and so does any other result after which it is
     * known. Written in part (ours taken off, the new one not put): the outcome of what failed. No
     * lost answer needs settling: the next call looks. NULL: the store knows no pictures. */
    void (*photo)(struct contact_store *s,
                  const struct store_mailbox *mb,
                  const struct store_photo *photos,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user);
    /* The URL of the server that a call for this mailbox goes to; borrowed until the loop turns.
     * NULL: it has to be found first, which a call does by itself, and may take its time over. Both
     * of these NULL: the store has one place for all. */
    const char *(*where)(struct contact_store *s, const struct store_mailbox *mb);
    /* Finds it, without a word to the mailbox's server. */
    void (*locate)(struct contact_store *s,
                   const struct store_mailbox *mb,
                   store_locate_done done,
                   void *user);
    void (*cancel)(struct contact_store *s); /* promise 4; the store stays usable */
    void (*free)(struct contact_store *s);   /* cancels first; NULL is fine */
};

struct contact_store { /* every driver's struct begins with this */
    const struct contact_store_ops *ops;
};

static inline void contact_store_free(struct contact_store *s)
{
    if (s)
        s->ops->free(s);
}
CLEANUP_DEFINE(struct contact_store, contact_store_free);

#endif
