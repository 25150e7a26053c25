/*
 * memory_p: mailboxes and items of memory_store, shared by the port (memory_store.c) and the look
 * inside (memory_inside.c).
 */
#ifndef SYNC_WORKER_MEMORY_P_H
#define SYNC_WORKER_MEMORY_P_H

#include <sys/queue.h>

#include "common/base/map.h"
#include "common/base/vec.h"

#include "worker/memory/memory_store.h"

struct memory_box {
    char *folder_id;
    uint64_t n_folders; /* ids given out for it */
    vec(struct memory_item *) items, trash;
};

struct memory_call;
TAILQ_HEAD(memory_calls, memory_call);

struct memory_store {
    struct contact_store base;
    struct loop *l;
    struct memory_options options;
    struct map *by_address;         /* folded address -> box; aliases too */
    vec(struct memory_box *) boxes; /* each once */
    struct memory_calls calls;
    struct memory_stats stats;
    uint64_t serial; /* of items and versions */
    size_t foreign_touched;
};

/* NULL when there is none (and any_mailbox is off). */
struct memory_box *memory_box_find(const struct memory_store *m, const char *address);
struct memory_box *memory_box_use(struct memory_store *m, const char *address);
void memory_box_free(struct memory_box *b);
void memory_box_folder(struct memory_box *b,
                       size_t nth); /* the next folder id of the store's nth box */

struct memory_item *memory_item_find(const struct memory_box *b, const char *id);
struct memory_item *memory_item_add(struct memory_store *m, struct memory_box *b);
void memory_item_rename(struct memory_store *m, struct memory_item *it); /* a new id: it moved */
void memory_item_touch(struct memory_store *m, struct memory_item *it);  /* a new version */
void memory_item_set(const char **field, const char *value); /* copies; NULL takes away */
void memory_item_remove(struct memory_box *b, struct memory_item *it);
/* Takes the names in before off and puts those in after on; equal but for case is equal; the others
 * stay in order. */
void memory_item_sort(struct memory_item *it, const char *before, const char *after);

#endif
