/*
 * users: from an address that a person types to the person it belongs to.
 */
#ifndef SYNC_CLI_USERS_H
#define SYNC_CLI_USERS_H

#include "common/app/app.h"
#include "common/port/directory_source.h"
#include "common/port/plan_store.h"

/* Among those who have choices. Not found: a plain line that says what to do. */
int users_subscriber_by_address(struct plan_store *store,
                                const char *address,
                                struct guid *ret,
                                struct err *err) must_check;
/* The eligible people, as Rock has them now. */
int users_eligible(struct app *app,
                   struct directory_source *source,
                   struct directory **ret,
                   struct err *err) must_check;
/* Index into d->users; -1 with *err when nobody or more than one has that address. */
long users_find(const struct directory *d, const char *address, struct err *err);

#endif
