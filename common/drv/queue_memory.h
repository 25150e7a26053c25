/*
 * queue_memory: the queue inside one process (port: common/port/queue.h), for `contact-sync up` and
 * for tests. Nothing survives the process: the rows hold the truth, and the id is another one each
 * time, so that the re-driver knows.
 *
 * One loop, no locks, no time: what there is to do happens on the next turns of the loop. At most
 * QUEUE_MEMORY_MAX messages wait, then publish says 1. Messages of topics that nobody consumes here
 * (changes, dead) are counted and let go.
 */
#ifndef SYNC_DRV_QUEUE_MEMORY_H
#define SYNC_DRV_QUEUE_MEMORY_H

#include "common/port/queue.h"

enum { QUEUE_MEMORY_PARTITIONS = 4, QUEUE_MEMORY_MAX = 1000000 };

struct loop;

/* The first member of a new queue. l must outlive it. */
struct queue *queue_memory_new(struct loop *l);

/*
 * One more member of the same queue: partitions are dealt out anew whenever a member subscribes or
 * leaves. The queue lives as long as its last member.
 */
struct queue *queue_memory_join(struct queue *member);

#endif
