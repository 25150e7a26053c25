/*
 * discover: Autodiscover by the settings: with exchange.url there is none; without it each
 * mailbox's server is found by its address, or by exchange.autodiscover_url.
 */
#ifndef SYNC_WORKER_DISCOVER_H
#define SYNC_WORKER_DISCOVER_H

#include "common/app/app.h"
#include "worker/account.h"
#include "worker/autodiscover/autodiscover.h"

struct contact_store;
struct discover;
struct pg;
struct trace;

/* The URL that the settings name, also when an administrator put it into exchange.autodiscover_url;
 * NULL: it has to be found. */
const char *discover_fixed_url(const struct conf *c);

/*
 * What searches for the account. Fills a->ews with what the store of that account needs to connect
 * only where it may.
 *
 * @a    login, if any, is asked for Autodiscover's sign-ins too
 * @err  code "conf"
 */
int discover_new(struct app *app, struct account *a, struct discover **ret, struct err *err)
    must_check;
/* The account's password is another one, for the store (also after discover_wrap) and for what
 * discover_open made; that may be NULL. */
void discover_secret(struct discover *d, const char *password, struct autodiscover *opened);
/* Each step of each search goes there too; t outlives the store. */
void discover_trace(struct discover *d, struct trace *t);
void discover_free(struct discover *d); /* not after discover_wrap; NULL is fine */
/*
 * The store around inner that finds its mailboxes' servers. Takes over both.
 *
 * @pg  the cache that all workers share; NULL: this process' memory
 */
struct contact_store *discover_wrap(struct discover *d, struct contact_store *inner, struct pg *pg);
/* For one search by hand (a doctor). NULL with *err. */
struct autodiscover *discover_open(struct discover *d, struct err *err);
CLEANUP_DEFINE(struct discover, discover_free);

#endif
