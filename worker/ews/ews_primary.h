/*
 * ews_primary: primary addresses of mailboxes that we know by another one, as their server told
 * them. Exchange lets nobody act for a mailbox by a second address.
 *
 * In this process' memory alone: after a restart it costs one request more for each.
 */
#ifndef SYNC_WORKER_EWS_PRIMARY_H
#define SYNC_WORKER_EWS_PRIMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

struct ews_primaries;

struct ews_primaries *ews_primaries_new(void);
void ews_primaries_free(struct ews_primaries *p); /* NULL is fine */
/* Of the mailbox (row id, > 0) that came with this address: the primary one, or address itself.
 * Borrowed until the next put or address. */
const char *ews_primaries_get(const struct ews_primaries *p, int64_t mailbox, const char *address);
void ews_primaries_put(struct ews_primaries *p,
                       int64_t mailbox,
                       const char *address,
                       const char *primary);

/* Puts another address into the envelope of an encoded request. false: there is none to replace, or
 * the request would be too long. */
bool ews_primary_rewrite(struct str *body, const char *primary);

#endif
