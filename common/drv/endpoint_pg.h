/*
 * endpoint_pg: the endpoint cache (common/port/endpoint_cache.h) over PostgreSQL.
 */
#ifndef SYNC_DRV_ENDPOINT_PG_H
#define SYNC_DRV_ENDPOINT_PG_H

struct endpoint_cache;
struct pg;

/* Borrows the pool, which must outlive it. */
struct endpoint_cache *endpoint_pg_new(struct pg *pg);

#endif
