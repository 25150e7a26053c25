/*
 * publish: task messages onto the queue, with back-pressure and confirmation per offer.
 *
 * An offer is a group of messages that is confirmed together; its row tells the re-driver whether
 * its messages are still on the queue (design section 3). A publisher opens a new offer every
 * PUBLISH_OFFER_MAX messages and goes on while the one before is still on its way. A crash leaves
 * an offer undelivered: its links are offered again.
 */
#ifndef SYNC_PRODUCER_PUBLISH_H
#define SYNC_PRODUCER_PUBLISH_H

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/core/message.h"
#include "common/net/loop.h"
#include "common/port/plan_store.h"
#include "common/port/queue.h"

enum { PUBLISH_OFFER_MAX = 10000 };

struct confirmation;

struct publisher { /* loop, store and queue are borrowed; the rest zeroed; publisher_release */
    struct loop *loop;
    struct plan_store *store;
    struct queue *queue;
    int64_t offer;   /* open one; 0 none */
    size_t in_offer; /* messages in it */
    size_t total;
    struct guid base; /* of the message ids in it */
    struct str text;
    vec(struct confirmation *) ended; /* offers on their way, oldest first */
};

/* The offer that the next messages belong to: opens one when there is none or the open one is full.
 */
int publisher_offer(struct publisher *p, int64_t *ret_offer, struct err *err) must_check;
/* Puts one message on the queue; turns the loop while the queue's buffer is full. */
int publisher_send(struct publisher *p,
                   enum task_op op,
                   int64_t mailbox,
                   int64_t person,
                   int64_t gen,
                   bool urgent,
                   struct err *err) must_check;
/* Waits until all that was sent is delivered and writes where each offer ends. The first failure is
 * returned, the other offers are settled all the same. No-op when nothing was sent. */
int publisher_confirm(struct publisher *p, struct err *err) must_check;
void publisher_release(struct publisher *p); /* what is not confirmed stays so */
CLEANUP_VALUE(struct publisher, publisher_release);

#endif
