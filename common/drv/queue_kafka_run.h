/*
 * queue_kafka_run: which of the messages handed over from one partition are acked, and how far the
 * acked run reaches from the first one on. Pure.
 *
 * Offsets come in ascending order, gaps are fine (the broker keeps control records in some). A
 * lower one than before means that reading was set back: what was known from there on is forgotten,
 * for it comes again. 8 bytes a message that is neither acked nor waiting behind one that is not.
 */
#ifndef SYNC_DRV_QUEUE_KAFKA_RUN_H
#define SYNC_DRV_QUEUE_KAFKA_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_run {
    int64_t *v; /* ring of offset * 2 + acked; cap is a power of two */
    size_t cap, head, n;
    int64_t end; /* next offset to store: one past the acked run; -1: nothing acked yet */
};

void queue_run_init(struct queue_run *r);
void queue_run_release(struct queue_run *r);
/* offset >= 0 was handed over. */
void queue_run_add(struct queue_run *r, int64_t offset);
/* True when r->end moved. Offsets that are not (or no longer) known do nothing. */
bool queue_run_ack(struct queue_run *r, int64_t offset);

#endif
