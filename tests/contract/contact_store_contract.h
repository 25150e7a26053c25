/*
 * contact_store_contract: what every driver of common/port/contact_store.h must do. A test of a
 * driver sets up a host, and runs each case against it; the cases are the promises of the port's
 * header, one by one.
 */
#ifndef SYNC_TESTS_CONTRACT_CONTACT_STORE_CONTRACT_H
#define SYNC_TESTS_CONTRACT_CONTACT_STORE_CONTRACT_H

#include <stddef.h>

#include "common/net/loop.h"
#include "common/port/contact_store.h"

/* One mailbox, empty at first, behind the store under test, and a way around the store to see and
 * to do what a user would. Strings that are returned are malloc'd; NULL where there is nothing. */
struct contract_host {
    struct loop *loop;
    struct contact_store *store;
    const char *address;
    void *state;                              /* the host's own */
    size_t (*count)(struct contract_host *h); /* items in the contacts folder, foreign ones too */
    char *(*field)(struct contract_host *h, const char *id, enum contact_field f);
    char *(*categories)(struct contract_host *h,
                        const char *id); /* LF-joined, "" none; NULL: no such item */
    char *(*user_adds)(struct contract_host *h,
                       const char *surname); /* id of a contact without our properties */
    void (*user_edits)(struct contract_host *h,
                       const char *id,
                       enum contact_field f,
                       const char *value);
    void (*user_sorts)(struct contract_host *h, const char *id, const char *categories);
    void (*user_deletes)(struct contract_host *h, const char *id); /* into the trash */
    void (*user_moves)(struct contract_host *h, const char *id);   /* to another contacts folder */
    char *(*photo)(struct contract_host *h,
                   const char *id); /* SHA-256 in hex of the one that is shown */
    void (*user_sets_photo)(struct contract_host *h,
                            const char *id,
                            bool there); /* another one, or none */
};

struct contract_case {
    const char *name;
    void (*run)(struct contract_host *h);
};
extern const struct contract_case contact_store_contract[];
extern const size_t contact_store_contract_count;

#endif
