/*
 * publish: task messages onto the queue, with back-pressure and confirmation per offer.
 *
 * An offer is a group of messages that is confirmed together; its row tells the re-driver whether
 * its messages are still on the queue (design section 3). A publisher opens a new offer every
 * PUBLISH_OFFER_MAX messages. A crash leaves an offer undelivered: its links are offered again.
 */
#ifndef SYNC_PRODUCER_PUBLISH_H
#define SYNC_PRODUCER_PUBLISH_H

#include "common/core/message.h"
#include "common/net/loop.h"
#include "common/port/plan_store.h"
#include "common/port/queue.h"

enum { PUBLISH_OFFER_MAX = 10000 };

struct publisher {
    struct loop *loop;
    struct plan_store *store;
    struct queue *queue;
    int64_t offer;   /* open one; 0 none */
    size_t in_offer; /* messages in it */
    size_t total;
};

/* The offer that the next messages belong to: opens one when there is none or the open one is full
 * (which is confirmed first). */
int publisher_offer(struct publisher *p, int64_t *ret_offer, struct err *err) must_check;
/* Puts one message on the queue; turns the loop while the queue's buffer is full. */
int publisher_send(struct publisher *p,
                   enum task_op op,
                   int64_t mailbox,
                   int64_t person,
                   int64_t gen,
                   bool urgent,
                   struct err *err) must_check;
/* Waits until the open offer is delivered and writes where it ends. No-op without an open offer. */
int publisher_confirm(struct publisher *p, struct err *err) must_check;

#endif
