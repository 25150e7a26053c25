/* migrate: see migrate.h. */
#include "common/drv/migrate.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/digest.h"

#include "common/drv/pg_session.h"

/* Any constant will do, as long as nothing else in this database uses it: "csmigrat". */
#define LOCK_KEY "7166478693953364340"

static const struct pg_stmt make_table = {
    "migrate_table", "CREATE TABLE IF NOT EXISTS schema_version ("
                     " version integer PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,"
                     " applied_at timestamptz NOT NULL DEFAULT now())"};

static const struct pg_stmt table_there = {"migrate_there",
                                           "SELECT to_regclass('schema_version') IS NOT NULL"};

static const struct pg_stmt read_versions = {
    "migrate_versions", "SELECT version, checksum FROM schema_version ORDER BY version"};

static const struct pg_stmt add_version = {"migrate_add",
                                           "INSERT INTO schema_version (version, name, checksum)"
                                           " VALUES ($1::integer, $2::text, $3::bytea)"};

static void checksum(const struct migrate_script *s, struct sha256 *ret)
{
    sha256_of(s->sql, s->len, ret);
}

/* Compares what was applied with what we carry. *ret: the newest version applied. */
static int judge(const struct pg_result *rows, int *ret, struct err *err)
{
    int newest = 0;
    for (size_t i = 0; i < pg_rows(rows); i++) {
        struct sha256 theirs, ours;
        newest = (int)pg_i64(rows, i, 0);
        if (newest != (int)i + 1)
            return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "migrate.gap",
                           "schema_version is not a row of versions without gaps");
        if (i >= migrate_script_count)
            continue; /* newer than we know */
        checksum(&migrate_scripts[i], &ours);
        if (!pg_sha(rows, i, 1, &theirs) || memcmp(&theirs, &ours, sizeof(ours)) != 0)
            return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "migrate.checksum",
                           "schema version %d of the database is not the one of this program",
                           newest);
    }
    *ret = newest;
    return 0;
}

static int apply(struct pg_session *s, const struct migrate_script *m, struct err *err)
{
    struct sha256 sum;
    checksum(m, &sum);
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i32(&p, m->version);
    pg_put_text(&p, m->name);
    pg_put_sha(&p, &sum);
    if (pg_session_run(s, "BEGIN", err) < 0 || pg_session_run(s, m->sql, err) < 0 ||
        pg_session_call(s, &add_version, &p, NULL, err) < 0 || pg_session_run(s, "COMMIT", err) < 0)
        return err_prefix(err, "migration %04d_%s", m->version, m->name);
    return 0;
}

int migrate_run(struct pg *pg, int *ret_from, int *ret_to, struct err *err)
{
    autoptr(pg_session_free) struct pg_session *s = pg_session_open(pg, err);
    autoptr(pg_result_free) struct pg_result *rows = NULL;
    int from = 0;
    /* The lock ends with the session. The table is made under it: IF NOT EXISTS alone can race. */
    if (!s || pg_session_run(s, "SELECT pg_advisory_lock(" LOCK_KEY ")", err) < 0 ||
        pg_session_call(s, &make_table, NULL, NULL, err) < 0 ||
        pg_session_call(s, &read_versions, NULL, &rows, err) < 0 || judge(rows, &from, err) < 0)
        return -1;
    if ((size_t)from > migrate_script_count)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "migrate.newer",
                       "the database has schema version %d, this program knows %zu: use the newer "
                       "program",
                       from, migrate_script_count);
    if ((size_t)from < migrate_script_count &&
        pg_session_run(s, "SET statement_timeout = 0", err) < 0)
        return -1;
    for (size_t i = (size_t)from; i < migrate_script_count; i++) {
        if (apply(s, &migrate_scripts[i], err) < 0)
            return -1;
    }
    *ret_from = from;
    *ret_to = (int)migrate_script_count;
    return 0;
}

int migrate_check(struct pg *pg, struct err *err)
{
    autoptr(pg_result_free) struct pg_result *there = NULL, *rows = NULL;
    int ours = (int)migrate_script_count, theirs = 0;
    if (pg_call(pg, &table_there, NULL, &there, err) < 0)
        return -1;
    if (pg_bool(there, 0, 0) &&
        (pg_call(pg, &read_versions, NULL, &rows, err) < 0 || judge(rows, &theirs, err) < 0))
        return -1;
    if (theirs == 0)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "migrate.version",
                       "the database is empty: run `contact-sync migrate`");
    if (theirs < ours - 1)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "migrate.version",
                       "the database has schema version %d, this program wants %d: run "
                       "`contact-sync migrate`",
                       theirs, ours);
    if (theirs > ours + 1)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "migrate.version",
                       "the database has schema version %d (by `contact-sync migrate` of a newer "
                       "release), this program wants %d: use the newer program",
                       theirs, ours);
    return 0;
}

/*
 * A worker or producer that still runs from before the restore may hold any epoch given out since
 * the backup, so a plain + 1 could hand the same number to somebody else. A mailbox's gen jumps
 * too: messages from after the backup are then not ahead of it, and the mailbox is listed once (by
 * generation), not once more for each of them.
 */
static const struct pg_stmt restore_cluster = {
    "migrate_restore_cluster",
    "UPDATE cluster SET generation = generation + 1, plan_epoch = plan_epoch + 1000000"};

static const struct pg_stmt restore_mailboxes = {
    "migrate_restore_mailboxes",
    "UPDATE mailbox SET want_digest = NULL, gen = gen + 1000000,"
    " lease_owner = NULL, lease_until = NULL, lease_epoch = lease_epoch + 1000000,"
    " flight_until = greatest(flight_until, now() + $1::bigint * interval '1 millisecond'),"
    " parked_until = NULL, parked_why = NULL, park_attempts = 0"};

int migrate_after_restore(struct pg *pg, uint32_t flight_ms, struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, flight_ms);
    const struct pg_step steps[] = {{&restore_cluster, NULL}, {&restore_mailboxes, &p}};
    return pg_call_steps(pg, steps, ARRAY_LEN(steps), NULL, err);
}
