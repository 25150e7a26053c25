/*
 * discover_store: a contact_store around another one, which says where each mailbox's Exchange is.
 *
 * Calls for a mailbox whose URL is not at hand wait for it (locator.h); then they go on to the
 * inner store with that URL in store_mailbox.endpoint. A mailbox that comes with an endpoint of its
 * own goes there. What comes back is handed on as it is, but:
 *  - a failure that may be the URL's fault makes the locator look again;
 *  - what would stop the account because a URL is wrong (404, a redirect, a certificate) is one
 *    mailbox's trouble here: OUT_RETRY_LATER when another URL is on its way, else OUT_PARK.
 * Where no URL is found, every operation ends with what the locator says.
 *
 * An operation that the port gains has to be handed on here too.
 */
#ifndef SYNC_AUTODISCOVER_DISCOVER_STORE_H
#define SYNC_AUTODISCOVER_DISCOVER_STORE_H

#include "common/port/contact_store.h"

struct locator;

/* Takes over inner and locator. */
struct contact_store *discover_store_new(struct contact_store *inner, struct locator *locator);

#endif
