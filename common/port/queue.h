/*
 * queue: the port to the message queue. Drivers: Kafka (drv/queue_kafka.c) and one inside the
 * process (drv/queue_memory.c).
 *
 * The queue carries work, PostgreSQL holds the truth (design section 3): a lost, repeated or
 * reordered message does no harm. What the port promises:
 *  1. publish is asynchronous; a published message is delivered to a consumer of the group at least
 * once, in order within its partition, while the queue lives.
 *  2. Equal keys go to the same partition.
 *  3. A consumed message is redelivered (to whoever owns its partition next) until it is acked;
 * acks may come in any order: what is committed is the end of the contiguous acked run of each
 * partition, and librdkafka itself commits it (reference/platform.md section 3).
 *  4. Messages of the urgent topic are handed over before waiting ones of the tasks topic.
 *  5. Acks for a partition that was revoked meanwhile are ignored.
 *  6. All callbacks come from the loop, never from inside a call of this port.
 */
#ifndef SYNC_PORT_QUEUE_H
#define SYNC_PORT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct metrics;
struct str;

enum queue_topic { QUEUE_TASKS, QUEUE_URGENT, QUEUE_CHANGES, QUEUE_DEAD, QUEUE_TOPIC_COUNT };
const char *
queue_topic_name(enum queue_topic t); /* "contact-sync.tasks", ... without the configured prefix */

struct queue_message {
    enum queue_topic topic;
    int32_t partition;
    int64_t offset;
    int64_t at_ms; /* broker's or producer's timestamp, wall clock */
    const char *key;
    size_t key_len;
    const char *value; /* borrowed during the callback */
    size_t value_len;
};

struct queue_end { /* where a group of published messages ends */
    enum queue_topic topic;
    int32_t partition;
    int64_t end; /* highest offset of the group in this partition, plus one */
};

struct queue_position { /* of the consumer group */
    enum queue_topic topic;
    int32_t partition;
    int64_t committed; /* next offset the group would read; 0 when it never committed */
    int64_t end;       /* next offset that will be written */
};

struct queue_handlers {
    /* A message for us. Ownership of the *obligation* to ack it passes. */
    void (*message)(const struct queue_message *m, void *user);
    /* These partitions are no longer ours: drop what was not started, acks for them are ignored
     * from now on. */
    void (*revoked)(enum queue_topic topic, int32_t partition, void *user);
    /* Something needs a human (fatal client error, topic missing, authentication): the program
     * becomes unready and says why. May repeat. */
    void (*trouble)(const struct err *err, void *user);
    void *user;
};

/* Called once per group: err NULL when every message of it is on the queue; ends then holds one
 * entry per touched partition. */
typedef void (*queue_group_done)(const struct queue_end *ends,
                                 size_t n,
                                 const struct err *err,
                                 void *user);
/* err NULL: positions of all partitions of the two task topics. */
typedef void (*queue_positions_done)(const struct queue_position *p,
                                     size_t n,
                                     const struct err *err,
                                     void *user);

struct queue;
struct queue_ops {
    const char *name; /* "kafka", "memory" */
    /*
     * Takes one message into the producer's buffer.
     * @group   messages published under the same number are confirmed together by group_end; any
     * number, 0 = nobody waits
     * @return  0; 1 back-pressure: the buffer is full, turn the loop and try again; -1 *err
     * (SCOPE_PROCESS: the client is broken for good)
     */
    int (*publish)(struct queue *q,
                   enum queue_topic t,
                   const char *key,
                   size_t key_len,
                   const char *value,
                   size_t value_len,
                   uint64_t group,
                   struct err *err);
    /* No more messages under that group: done is called when all are delivered, or with the first
     * failure. */
    void (*group_end)(struct queue *q, uint64_t group, queue_group_done done, void *user);
    /* Starts consuming tasks and urgent as a member of the group. Handlers are copied. */
    int (*subscribe)(struct queue *q, const struct queue_handlers *h, struct err *err);
    /* The result is durable: this message never needs to come again. */
    void (*ack)(struct queue *q, enum queue_topic t, int32_t partition, int64_t offset);
    /* Stops / restarts the flow of messages (memory limit, PostgreSQL away). Idempotent. The member
     * stays in the group. */
    void (*pause)(struct queue *q, bool on);
    void (*positions)(struct queue *q, queue_positions_done done, void *user);
    /* Identity of this queue's content: an offer made to another id is spent (its messages are
     * gone). Kafka: cluster id + group; memory: random per process. */
    const char *(*id)(struct queue *q);
    /* Leaves the group after committing what is stored, flushes the producer for at most
     * timeout_ms. Blocking; only at the end. */
    void (*close)(struct queue *q, uint32_t timeout_ms);
    void (*free)(struct queue *q); /* NULL is fine */
    /* Lines for /debug/state, JSON object. */
    void (*debug)(struct queue *q, struct str *out);
};

struct queue { /* every driver's struct begins with this */
    const struct queue_ops *ops;
};

static inline void queue_free(struct queue *q)
{
    if (q)
        q->ops->free(q);
}
CLEANUP_DEFINE(struct queue, queue_free);

#endif
