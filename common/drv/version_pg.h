/*
 * version_pg: the RequestServerVersion that a mailbox's server takes, where it is not the one that
 * is set: a hybrid organisation has servers of several ages.
 */
#ifndef SYNC_DRV_VERSION_PG_H
#define SYNC_DRV_VERSION_PG_H

#include <stdint.h>

#include "common/base/err.h"

struct pg;

/* fn once per mailbox that has one; version is borrowed for the call. For sequential code. */
int version_pg_each(struct pg *pg,
                    void (*fn)(int64_t mailbox, const char *version, void *user),
                    void *user,
                    struct err *err) must_check;
/* Into the mailbox's row; nothing hangs on it, so a failure is not told: it is found out again. */
void version_pg_remember(struct pg *pg, int64_t mailbox, const char *version);

#endif
