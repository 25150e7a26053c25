#ifndef SYNC_DRV_QUEUE_MEMORY_H
#define SYNC_DRV_QUEUE_MEMORY_H
#include "common/port/queue.h"
struct loop;
struct queue *queue_memory_new(struct loop *l);
#endif
