/* settle_p: what settle.c (links) and settle_all.c (whole mailboxes) share. */
#ifndef SYNC_WORKER_SETTLE_P_H
#define SYNC_WORKER_SETTLE_P_H

#include "worker/settle.h"

/* Written for another mailbox: dragged in by the user. Without a hash nobody can tell: false. */
bool settle_is_strange(const struct store_listed *it,
                       const char *folder_id,
                       const struct settle_rules *rules);
/* How an item's hash relates to this state, written for this folder or for one of before. */
enum item_hash_match settle_match(const char *hash,
                                  const char *folder_id,
                                  const char *former,
                                  const struct sha256 *state);

#endif
