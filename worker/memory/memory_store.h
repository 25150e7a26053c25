/*
 * memory_store: contact_store (common/port/contact_store.h) in plain memory, with a look inside.
 *
 * For deterministic tests and `--store=memory`. It behaves as Exchange does where the port leaves
 * room: a create never refuses a key that is there already (that is how doubles become visible),
 * ids are opaque, never used again, and change when an item moves, a folder id that is not the
 * mailbox's is OUT_FOLDER_LOST. A request takes effect on the loop's next turn,
 * after may_send, and is answered latency_ms later; cancel in between is OUT_UNKNOWN, before it
 * OUT_NOT_TRIED.
 *
 * Unlike a server it does what it is told to foreign items too (those without our key), and counts
 * it: a caller that touches them is found out by memory_store_foreign_touched.
 */
#ifndef SYNC_WORKER_MEMORY_STORE_H
#define SYNC_WORKER_MEMORY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/port/contact_store.h"

struct loop;
struct memory_store;

struct memory_options {
    uint32_t latency_ms; /* of each request */
    bool any_mailbox; /* mailboxes come to be when they are first used; else an unknown address is
                         OUT_PARK */
};

struct memory_item { /* strings are the store's; valid until the item is written or goes */
    const char *id, *version;
    bool ours; /* carries our key */
    struct guid key;
    const char *hash;                       /* NULL none */
    const char *field[CONTACT_FIELD_COUNT]; /* NULL none */
    const char *categories;                 /* LF-joined; "" none */
    int64_t created_ms;
    enum store_place place;
    const char *note;        /* what the user wrote into it; NULL none */
    const char *photo;       /* mark of our picture; NULL none */
    bool own_photo;          /* the user has put another one: that is the one that is shown */
    int64_t legacy_person;   /* carries the marks of a program before this one; 0 not */
    const char *legacy_mark; /* NULL none */
    int64_t legacy_ms;
};

struct memory_stats {                   /* since the start */
    uint64_t requests[STORE_STRIP + 1]; /* by verb; a request that was fenced is not one */
    uint64_t items[STORE_STRIP + 1];
    uint64_t lists, identifies;
    uint64_t photo_calls, photo_writes; /* pictures put or taken off */
};

struct memory_store *memory_store_new(struct loop *l, const struct memory_options *o);
struct contact_store *memory_store_port(struct memory_store *m); /* frees m when it is freed */

/* Mailboxes. Addresses in any case. */
void memory_store_add(struct memory_store *m, const char *address);
void memory_store_alias(struct memory_store *m,
                        const char *address,
                        const char *alias); /* a second name of the same mailbox */
/* The contacts folder gets another id, as after a move (keep_items) or when the mailbox was made
 * anew. */
void memory_store_new_folder(struct memory_store *m, const char *address, bool keep_items);

/* A look inside: what lies in the contacts folders. */
size_t memory_store_items(const struct memory_store *m,
                          const char *address,
                          const struct memory_item *const **ret);
const struct memory_item *
memory_store_by_key(const struct memory_store *m, const char *address, const struct guid *key);
size_t memory_store_doubles(
    const struct memory_store *m); /* items beyond the first of their key, in all mailboxes */
size_t memory_store_foreign_touched(
    const struct memory_store *m); /* writes through the port to items without our key */
struct memory_stats memory_store_stats(const struct memory_store *m);

#include "worker/memory/memory_user.h"

#endif
