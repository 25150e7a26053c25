/*
 * redrive: offers again what is due and on no queue: links never published, lost with a queue,
 * consumed without being finished (retries, parked mailboxes, open intents).
 *
 * Together with "rows first, messages after" this is why no message is ever needed for correctness
 * (design section 3).
 */
#ifndef SYNC_PRODUCER_REDRIVE_H
#define SYNC_PRODUCER_REDRIVE_H

#include "common/net/loop.h"
#include "common/port/plan_store.h"
#include "common/port/queue.h"

struct redrive_parts { /* borrowed */
    struct loop *loop;
    struct plan_store *store;
    struct queue *queue;
    uint32_t undelivered_ms; /* an offer not confirmed for so long is lost */
};

/* One pass; turns the loop. @ret_messages: offered again. Errors: nothing is lost, the next pass
 * does it. */
int redrive_pass(const struct redrive_parts *p, size_t *ret_messages, struct err *err) must_check;

#endif
