/*
 * probe_desk: runs the tests of mailboxes that somebody asked for (message op probe, table probe):
 * takes the row, does what `contact-sync doctor` does (probe.h), writes each step into the row as
 * it ends.
 *
 * It needs no lease: a test reads, and writes one contact of its own that no plan knows. A few at
 * once; they go past the send slots, for somebody waits, but not past a login that is refused. A
 * desk that dies leaves the row to another.
 */
#ifndef SYNC_WORKER_PROBE_DESK_H
#define SYNC_WORKER_PROBE_DESK_H

#include <stdint.h>

#include "common/base/cleanup.h"

#include "worker/probe.h"

struct metrics;
struct pg;
struct probe_desk;

struct probe_desk_parts { /* borrowed */
    struct loop *loop;
    struct pg *pg;
    struct probe_parts probe; /* without the mailbox's */
    struct metrics *metrics;
};

struct probe_desk *probe_desk_new(const struct probe_desk_parts *parts);
/* A message says that a test of the mailbox may be open. Told twice, it is run once. */
void probe_desk_take(struct probe_desk *d, int64_t mailbox);
void probe_desk_free(struct probe_desk *d); /* after the store is gone; NULL is fine */
CLEANUP_DEFINE(struct probe_desk, probe_desk_free);

#endif
