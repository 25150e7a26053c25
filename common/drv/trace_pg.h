/*
 * trace_pg: the copy of the latest trace that the administration page shows.
 */
#ifndef SYNC_DRV_TRACE_PG_H
#define SYNC_DRV_TRACE_PG_H

struct pg;

/* Sent and forgotten: the next trace makes good what got lost. */
void trace_pg_keep(struct pg *pg, const char *text);

#endif
