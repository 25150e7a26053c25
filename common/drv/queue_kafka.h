#ifndef SYNC_DRV_QUEUE_KAFKA_H
#define SYNC_DRV_QUEUE_KAFKA_H
#include "common/port/queue.h"
struct loop;
struct conf;
struct metrics;
int queue_kafka_open(struct loop *l, const struct conf *c, struct metrics *m, bool consumer, struct queue **ret, struct err *err) must_check;
#endif
