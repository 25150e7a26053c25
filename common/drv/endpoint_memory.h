/*
 * endpoint_memory: the endpoint cache (common/port/endpoint_cache.h) in plain memory, by the loop's
 * clock: for tests, and for a worker without a database.
 */
#ifndef SYNC_DRV_ENDPOINT_MEMORY_H
#define SYNC_DRV_ENDPOINT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct endpoint_cache;
struct loop;

struct endpoint_cache *endpoint_memory_new(struct loop *l);
/* Calls from now on fail, or no longer. */
void endpoint_memory_break(struct endpoint_cache *c, bool broken);
size_t endpoint_memory_calls(const struct endpoint_cache *c); /* so far */

#endif
