/*
 * pg_session: a connection of its own, made by waiting. A lost one stays lost: each call fails with
 * "pg.away", the owner frees it and opens another. One call at a time. Freeing it ends the
 * connection: what was begun and not committed is undone, its locks are gone.
 */
#ifndef SYNC_DRV_PG_SESSION_H
#define SYNC_DRV_PG_SESSION_H

#include "common/drv/pg.h"

struct pg_session;

struct pg_session *pg_session_open(struct pg *pg, struct err *err);
void pg_session_free(struct pg_session *s); /* NULL is fine */
bool pg_session_alive(const struct pg_session *s);
int pg_session_call(struct pg_session *s,
                    const struct pg_stmt *st,
                    const struct pg_params *p,
                    struct pg_result **ret,
                    struct err *err) must_check;
/* Fixed text without parameters: "BEGIN", "COMMIT", "ROLLBACK", a script of several statements. */
int pg_session_run(struct pg_session *s, const char *sql, struct err *err) must_check;
/* sql: a whole COPY ... FROM STDIN statement; data: rows in the format that it names. */
int pg_session_copy(
    struct pg_session *s, const char *sql, const void *data, size_t n, struct err *err) must_check;
CLEANUP_DEFINE(struct pg_session, pg_session_free);

#endif
