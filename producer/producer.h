/*
 * producer: the standing program: leads when it can, executes requested runs, re-drives, sweeps.
 *
 * Sequential: producer_run is the program's main line and turns the loop while it waits; a worker
 * on the same loop (contact-sync up) goes on meanwhile.
 */
#ifndef SYNC_PRODUCER_PRODUCER_H
#define SYNC_PRODUCER_PRODUCER_H

#include "common/base/metrics.h"

#include "producer/job.h"
#include "producer/redrive.h"
#include "producer/run.h"

struct producer;

struct producer_settings {
    struct run_settings run;
    struct job *job; /* borrowed, the caller's to make (job_new) and to set; NULL: no schedule */
    uint32_t redrive_ms, undelivered_ms, sweep_ms, journal_days;
};

int producer_settings_from(const struct conf *c,
                           struct producer_settings *ret,
                           struct err *err) must_check;

/* Borrows parts (queue not NULL), s and metrics. */
struct producer *producer_new(const struct run_parts *parts,
                              const struct producer_settings *s,
                              struct metrics *metrics);
void producer_free(struct producer *p);
void producer_run(struct producer *p); /* until the loop quits */
/* One pass of producer_run: leads if it can, runs what is asked for and what the schedule says,
 * does the rest that is due. Returns the milliseconds until the next pass. For tests on a fake
 * clock. */
uint32_t producer_step(struct producer *p);
void producer_wake(void *producer); /* a run was requested: look now; loop thread */
bool producer_ready(const struct producer *p, struct str *why);
void producer_debug(const struct producer *p, struct str *json);
CLEANUP_DEFINE(struct producer, producer_free);

#endif
