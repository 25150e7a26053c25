/*
 * table: what run and status print about mailboxes.
 */
#ifndef SYNC_CLI_TABLE_H
#define SYNC_CLI_TABLE_H

#include <stddef.h>

#include "common/drv/report_pg.h"

/* wanted, created, updated, deleted, unchanged, failed by mailbox, and a line of sums. */
void table_run(const struct report_mailbox *m, size_t n);
/* wanted, synced, pending, held, kept, dead and why a mailbox rests. */
void table_status(const struct report_mailbox *m, size_t n);

#endif
