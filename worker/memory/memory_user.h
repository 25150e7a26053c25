/*
 * memory_user: what a user does to the mailboxes of a memory_store, by hand.
 */
#ifndef SYNC_WORKER_MEMORY_USER_H
#define SYNC_WORKER_MEMORY_USER_H

#include "worker/memory/memory_store.h"

/* What a user does. Returned ids are valid as long as the item. The item must be there (asserted).
 */
const char *memory_store_user_adds(struct memory_store *m,
                                   const char *address,
                                   const struct contact *c,
                                   const char *categories);
void memory_store_user_edits(struct memory_store *m,
                             const char *address,
                             const char *id,
                             enum contact_field f,
                             const char *value);
void memory_store_user_sorts(struct memory_store *m,
                             const char *address,
                             const char *id,
                             const char *categories);
void memory_store_user_notes(struct memory_store *m,
                             const char *address,
                             const char *id,
                             const char *note);
/* Puts a picture in the place of whatever is there, or takes that away. */
void memory_store_user_photo(struct memory_store *m,
                             const char *address,
                             const char *id,
                             bool there);
/* For good, or into the trash; into another contacts folder. The ids of the latter are new. */
void memory_store_user_deletes(struct memory_store *m, const char *address, const char *id);
void memory_store_user_trashes(struct memory_store *m, const char *address, const char *id);
const char *memory_store_user_moves(struct memory_store *m, const char *address, const char *id);
/* Out of the trash again, the one with that key. false: there is none. */
bool memory_store_user_undoes(struct memory_store *m, const char *address, const struct guid *key);
/* Makes an item of the user's look like one that the program before this one wrote. */
void memory_store_legacy(struct memory_store *m,
                         const char *address,
                         const char *id,
                         int64_t person,
                         const char *mark,
                         int64_t mark_ms);
/* Drags a copy into a mailbox, our properties with it. */
const char *memory_store_user_copies(struct memory_store *m,
                                     const char *address,
                                     const char *id,
                                     const char *to_address);

#endif
