/*
 * migrate: brings a database to this program's schema, and tells whether it is there.
 *
 * schemas/sql/NNNN_name.sql are part of the program (cmake/sql.cmake). Each runs once, in a
 * transaction of its own, and leaves a row with its SHA-256 in schema_version; a released file is
 * never edited. An advisory lock makes two migrations at once one after the other.
 *
 * A program accepts the schema version that it was built with and its neighbours, so that workers
 * can be replaced one by one before or after a migration: version n + 1 may add what version n does
 * not need, and takes away only what version n does not use either.
 *
 * All of these are for sequential code (they turn the loop).
 */
#ifndef SYNC_DRV_MIGRATE_H
#define SYNC_DRV_MIGRATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct pg;

struct migrate_script {
    int version; /* 1, 2, ... without gaps */
    const char *name;
    const char *sql;
    size_t len;
};
extern const struct migrate_script migrate_scripts[];
extern const size_t migrate_script_count;

/*
 * Applies what is missing; safe to repeat and to interrupt.
 *
 * @ret_from, ret_to  versions before and after; 0: empty database
 * @return            -1 also when the database is newer than this program, or a script that it
 * applied differs from ours (code "migrate.*")
 */
int migrate_run(struct pg *pg, int *ret_from, int *ret_to, struct err *err) must_check;

/* For programs at start. The message of a refusal (code "migrate.version") names `contact-sync
 * migrate`. */
int migrate_check(struct pg *pg, struct err *err) must_check;

/*
 * After a restore from a backup: the rows are older than the mailboxes. Every mailbox is listed by
 * key before its next create (generation + 1) and planned again (digests null), leases and parks
 * are gone, and epochs and generations jump ahead of anything that was given out after the backup
 * was made.
 *
 * @flight_ms  how long a write that was sent before the restore may still land (setting
 * server_deadline): nobody writes before that is over
 */
int migrate_after_restore(struct pg *pg, uint32_t flight_ms, struct err *err) must_check;

#endif
