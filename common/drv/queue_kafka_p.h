/*
 * queue_kafka_p: what the files of queue_kafka share.
 *
 *   queue_kafka.c            life, the turn of the loop, the port's table
 *   queue_kafka_conf.c       settings of the two clients
 *   queue_kafka_topics.c     what there is on the brokers: topics, cluster id
 *   queue_kafka_produce.c    messages out, groups of them
 *   queue_kafka_consume.c    messages in, rebalances, offsets, pause
 *   queue_kafka_positions.c  how far the group is
 *   queue_kafka_says.c       logs, errors and statistics of librdkafka
 *
 * Two clients: the producer (always there; also asks the brokers) and the consumer. Everything is
 * the loop's, but the asker's thread in queue_kafka_positions.c.
 */
#ifndef SYNC_DRV_QUEUE_KAFKA_P_H
#define SYNC_DRV_QUEUE_KAFKA_P_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "common/base/vec.h"

#include "common/drv/queue_kafka.h"
#include "common/drv/queue_kafka_run.h"
#include "common/net/loop.h"

enum {
    KQ_TASK_TOPICS = 2, /* QUEUE_TASKS and QUEUE_URGENT: those that are consumed */
    KQ_TURN_MESSAGES = 1000,
    KQ_TURN_MS = 5,
    KQ_TICK_MS = 1000, /* polled at least so often: max.poll.interval.ms of the consumer */
    KQ_PARTITIONS_MAX = 100000
};

struct kq_group { /* messages that are confirmed together */
    uint64_t id;
    size_t outstanding;
    bool ended, failed, told;
    struct err err; /* the first failure */
    queue_group_done done;
    void *user;
    vec(int64_t) end[QUEUE_TOPIC_COUNT]; /* by partition; 0: none */
};

struct kq_part { /* a partition that is ours */
    enum queue_topic topic;
    int32_t partition;
    struct queue_run run;
    bool paused; /* by us; each pause has its resume */
    bool dirty;  /* run.end is not stored yet */
};

struct kq_waiter {
    queue_positions_done done;
    void *user;
};

struct kq_positions { /* an answer */
    bool failed;
    struct err err;
    vec(struct queue_position) v;
    int partitions[KQ_TASK_TOPICS];
};

struct kq_said { /* the last line of one facility of librdkafka */
    char what[24];
    int64_t at_ms;
    uint64_t kept_back;
};

struct kq {
    struct queue q;
    struct loop *loop;
    struct metrics *metrics;
    struct loop_watch *watch;
    struct loop_timer *kick, *tick;
    int wake_fd; /* eventfd that librdkafka's queues write to */
    bool serving, again;
    bool closed;
    atomic_bool closing;

    char *group, *identity;
    char *names[QUEUE_TOPIC_COUNT];
    int partitions[KQ_TASK_TOPICS];

    rd_kafka_t *producer;
    rd_kafka_queue_t *producer_queue;
    rd_kafka_topic_t *topics[QUEUE_TOPIC_COUNT];
    struct map *groups; /* open for publishing, by id */
    struct kq_group *last_group;
    vec(struct kq_group *) all_groups;
    bool groups_due;
    uint64_t published, delivered, undelivered, reports;
    int64_t report_until_ms; /* delivery reports yield to the loop then */

    rd_kafka_t *consumer;
    rd_kafka_queue_t *consumer_queue, *urgent_queue;
    struct queue_handlers h;
    bool subscribed, paused;
    vec(struct kq_part *) parts[KQ_TASK_TOPICS]; /* by partition; NULL: not ours */
    size_t assigned;
    vec(struct kq_part *) dirty;
    uint64_t consumed, consumed_urgent;

    rd_kafka_t *observer; /* asks how far the group is; the consumer where there is one */
    struct kq_asker *asker;
    _Atomic(struct kq_positions *) answer; /* from the asker's thread, waiting for the loop */
    struct kq_positions *cache;
    int64_t cached_ms;
    bool asking;
    vec(struct kq_waiter) waiters;

    bool troubled; /* the handler is to hear of `trouble` */
    struct err trouble;
    char fatal[208];      /* the producer is broken for good */
    char last_error[208]; /* what a client reported last, for texts */
    rd_kafka_resp_err_t last_code;
    struct kq_said said[16];
    struct metric_family *lag;
    struct metric_series *lost, *rebalances;
};

/* queue_kafka.c */
void kq_kick(struct kq *q); /* a turn soon, without waiting for librdkafka */
int64_t kq_now(const struct kq *q);
/* -1; code is librdkafka's name of e, context: what was tried. */
int kq_err(struct err *err,
           rd_kafka_resp_err_t e,
           enum err_scope scope,
           enum err_when when,
           const char *context,
           const char *text);

/* queue_kafka_conf.c */
int kq_conf(const struct queue_kafka_config *cfg,
            const struct kq *q,
            bool consumer,
            rd_kafka_conf_t **ret,
            struct err *err) must_check;

/* For a client that only asks how far the group is. */
int kq_conf_observer(const struct queue_kafka_config *cfg,
                     const struct kq *q,
                     rd_kafka_conf_t **ret,
                     struct err *err) must_check;

/* queue_kafka_topics.c: reaches the brokers, makes what is missing, fills names, partitions and
 * identity. Blocks. With ret_seen: only looks. */
int kq_topics_prepare(struct kq *q,
                      const struct queue_kafka_config *cfg,
                      struct queue_kafka_seen *ret_seen,
                      struct err *err) must_check;

/* queue_kafka_produce.c */
int kq_publish(struct queue *base,
               enum queue_topic t,
               const char *key,
               size_t key_len,
               const char *value,
               size_t value_len,
               uint64_t group,
               struct err *err);
void kq_group_end(struct queue *base, uint64_t group, queue_group_done done, void *user);
void kq_on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);
/* Delivery reports, and what else the producer says, until deadline_ms; true: there may be more. */
bool kq_produce_serve(struct kq *q, int64_t deadline_ms);
void kq_groups_settle(struct kq *q);
/* Ends every group, with an error where messages are out, and forgets them all. */
void kq_groups_abandon(struct kq *q);

/* queue_kafka_consume.c */
int kq_subscribe(struct queue *base, const struct queue_handlers *h, struct err *err);
void kq_ack(struct queue *base, enum queue_topic t, int32_t partition, int64_t offset);
void kq_pause(struct queue *base, bool on);
bool kq_consume_serve(struct kq *q, int64_t deadline_ms);
void kq_store_offsets(struct kq *q);
void kq_parts_drop_all(struct kq *q);
void kq_on_rebalance(rd_kafka_t *rk,
                     rd_kafka_resp_err_t e,
                     rd_kafka_topic_partition_list_t *list,
                     void *opaque);

/* queue_kafka_positions.c */
void kq_positions(struct queue *base, queue_positions_done done, void *user);
void kq_positions_serve(struct kq *q);
void kq_positions_abandon(struct kq *q);
/* Waits for the asker's thread to end; `closing` is set. Before the observer is destroyed. */
void kq_positions_stop(struct kq *q);

/* queue_kafka_says.c */
void kq_says_init(struct kq *q);
void kq_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);
void kq_on_error(rd_kafka_t *rk, int e, const char *reason, void *opaque);
int kq_on_stats(rd_kafka_t *rk, char *json, size_t n, void *opaque);
/* What needs a human: to the handler with the next turn, or to the log where nobody subscribed. */
void kq_trouble(struct kq *q, rd_kafka_resp_err_t e, const char *text);
/* True for errors that do not mend themselves. */
bool kq_needs_human(rd_kafka_resp_err_t e);
void kq_lag_gone(struct kq *q, const struct kq_part *p);

#endif
