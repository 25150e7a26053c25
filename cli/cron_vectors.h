/*
 * cron_vectors: runs a file of cron vectors ("format": "cron-vectors/1") against the engine.
 *
 * valid[]    { id, expr, cases: [ { tz, after, next: [t1..t5] } ] }: fire times are compared as
 *            instants; fewer than five mean that the schedule never fires again after them
 * invalid[]  { id, expr }: parsing must fail
 *
 * Each case and each invalid expression counts as one. Other members are ignored.
 */
#ifndef SYNC_CLI_CRON_VECTORS_H
#define SYNC_CLI_CRON_VECTORS_H

#include <stddef.h>
#include <stdio.h>

#include "common/base/err.h"

struct cron_vectors_sum {
    size_t passed, failed;
};

/* Prints one line per failure to out. -1: the file cannot be read or is no such file. */
int cron_vectors_run(const char *path, FILE *out, struct cron_vectors_sum *ret, struct err *err)
    must_check;

#endif
