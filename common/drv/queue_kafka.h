/*
 * queue_kafka: the queue over Apache Kafka (port: common/port/queue.h), by librdkafka 2.0.2 or
 * newer.
 *
 * All callbacks come from the loop's thread, which librdkafka wakes through a descriptor. What only
 * blocking calls can tell (how far the group is) is asked on a thread of the driver's.
 *
 * Offsets are stored up to the end of the acked run of each partition, a turn of the loop after the
 * ack, and committed by librdkafka once a second: a manual commit that crosses a rebalance loses
 * the whole assignment in 2.0.2. Urgent partitions have a queue of their own, which is emptied
 * first.
 *
 * Assignor: range, because it deals out each topic by itself and both alike. A member gets as many
 * task partitions as the others, and the urgent partitions of the same numbers: with equal counts
 * of partitions, all messages of a mailbox come to one member. Cooperative-sticky evens out the sum
 * over both topics only: with 2.0.2 the second of two members got all task partitions and left the
 * first one those of urgent. The price: all members stop for the 0.2 to 0.4 seconds of a
 * rebalance. Either is handled, by kafka.partition.assignment.strategy.
 *
 * Topics that are missing are made; those that exist are left as they are, and a line in the log
 * tells when their retention is short. The log also holds what librdkafka has to say.
 *
 * Errors: "kafka.<librdkafka's name>", "conf" for settings that cannot be. The handler `trouble`
 * hears what does not mend itself; brokers that are away do, that is only logged.
 *
 * Metrics: contact_sync_lag{topic,partition} (of the partitions that this member holds, from the
 * committed offset), contact_sync_assignment_lost_total, contact_sync_rebalances_total.
 */
#ifndef SYNC_DRV_QUEUE_KAFKA_H
#define SYNC_DRV_QUEUE_KAFKA_H

#include "common/port/queue.h"

struct conf;
struct loop;
struct metrics;

struct queue_kafka_property { /* of librdkafka, without "kafka." */
    const char *name, *value;
};

struct queue_kafka_config {      /* borrowed for the call */
    struct loop *loop;           /* must outlive the queue */
    struct metrics *metrics;     /* NULL: none kept; else must outlive the queue */
    const char *bootstrap;       /* host:port, comma separated */
    const char *topic_prefix;    /* in front of topics and group; NULL: none */
    int partitions, replication; /* of topics that are made; replication -1: the broker's default */
    bool consumer;               /* false: subscribe is refused */
    const struct queue_kafka_property *properties; /* win over our defaults; those that the port's
                                                      promises rest on are refused */
    size_t n_properties;
};

/*
 * Connects, makes or checks the topics. Blocks for at most about 10 seconds: for program starts.
 *
 * @return  -1 *err: SCOPE_PROCESS; WHEN_LATER where the brokers are only out of reach
 */
int queue_kafka_new(const struct queue_kafka_config *cfg,
                    struct queue **ret,
                    struct err *err) must_check;

/* What there is on the brokers. */
struct queue_kafka_seen {
    int partitions[QUEUE_TOPIC_COUNT]; /* 0: the topic is missing */
    const char *brief, *compacted; /* of the topics that are consumed: one that keeps messages for
                                      less than a day, one that is compacted; NULL none, or the
                                      brokers do not say. Names by queue_topic_name. */
};

/* Looks, makes nothing, subscribes to nothing; settings kafka.* of conf. Blocks like
 * queue_kafka_new. */
int queue_kafka_look(struct loop *l,
                     const struct conf *c,
                     struct queue_kafka_seen *ret,
                     struct err *err) must_check;

/*
 * NULL, or what this librdkafka cannot do although kafka.* ask for it: SCRAM before 2.6.1 is
 * refused by brokers 4.x.
 * @source  reference/platform.md section 3
 */
const char *queue_kafka_shortcoming(const struct conf *c);

/* queue_kafka_new from the settings kafka.* of conf. m may be NULL. */
int queue_kafka_open(struct loop *l,
                     const struct conf *c,
                     struct metrics *m,
                     bool consumer,
                     struct queue **ret,
                     struct err *err) must_check;

#endif
