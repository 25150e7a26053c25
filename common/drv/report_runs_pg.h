/*
 * report_runs_pg: the history of runs, as the rows have it. Sequential (turns the loop).
 */
#ifndef SYNC_DRV_REPORT_RUNS_PG_H
#define SYNC_DRV_REPORT_RUNS_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct arena;
struct pg;

struct report_past_run {
    int64_t id;
    const char *trigger; /* cron, cli, save, hint, clear */
    const char *state;   /* requested, running, success, failed */
    const char *message, *phase, *counts_json;
    const char *user; /* of a run for one user: their address, else their person key; NULL: all */
    int64_t fire_ms;  /* the schedule's fire time; 0: somebody asked */
    int64_t requested_ms, started_ms, finished_ms; /* Unix ms; 0: not yet */
};

/* The last `limit` runs, youngest first. */
int report_runs(struct pg *pg,
                struct arena *a,
                size_t limit,
                struct report_past_run **ret,
                size_t *n,
                struct err *err) must_check;

#endif
