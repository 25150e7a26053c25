/*
 * pg: PostgreSQL on the loop: a pool of non-blocking connections in pipeline mode that reconnect by
 * themselves.
 *
 * Three ways to run statements:
 *  - pg_exec: any number at once, from the loop, answer by callback. Each call is one round trip
 * and one transaction: its steps go out together, closed by one Sync (all steps or none; READ
 * COMMITTED, so each step sees what was committed before it started, and locks of one step are held
 * until the last).
 *  - pg_call: the same for sequential code: turns the loop until the answer is there.
 *  - pg_session (pg_session.h): one connection of its own for sequential code: explicit
 * transactions, COPY, session-level advisory locks.
 *
 * A call goes to an idle connection when there is one, else to the one with the least open calls,
 * at most `depth` each, else it waits: a lock wait holds up what was sent behind it on the same
 * connection and nothing else.
 *
 * Statements are prepared once per connection, at first use, by name; a pooler between us and the
 * server must keep sessions apart. Parameters and results are binary (pg_params.h, pg_result.h).
 * synchronous_commit is on whatever the server's default says.
 *
 * Errors: code "pg.<sqlstate>" (the server's; text: primary message only, since DETAIL holds
 * values), "pg.away" (connection lost or not there: WHEN_UNKNOWN, the call may have been applied;
 * everything sent is built so that repeating is safe) and "pg.stopped" (the loop quits while a
 * sequential caller waits).
 */
#ifndef SYNC_DRV_PG_H
#define SYNC_DRV_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/drv/pg_params.h"
#include "common/drv/pg_result.h"
#include "common/net/loop.h"

#define PG_MAX_STEPS 8

struct pg;

struct pg_options {
    const char *dsn;               /* libpq connection string or URI; copied */
    const char *application_name;  /* NULL: "contact-sync" */
    unsigned connections;          /* 0: 4; sessions and listening have connections of their own */
    unsigned depth;                /* open calls a connection; 0: 8 */
    uint32_t connect_timeout_ms;   /* one attempt; 0: 10 s */
    uint32_t statement_timeout_ms; /* the server ends longer ones with 57014; 0: 60 s */
    uint32_t answer_timeout_ms;    /* silence after which a connection with open calls is given up;
                                      0: statement timeout + 15 s. Sessions: an hour */
    bool by_key; /* all statements find their rows by keys: none is planned to read a whole table.
                    Statistics of a table that is empty most of the time, as `intent` is, say that
                    this is cheap, and the plan stays when it has filled */
};

struct pg_stmt {      /* static storage: its address is its identity */
    const char *name; /* unique in the program, at most 60 bytes; see pg_prepared_statements */
    const char *sql;  /* parameter types come with the parameters (pg_params.h) */
};

struct pg_step {
    const struct pg_stmt *stmt;
    const struct pg_params *params; /* NULL: none; borrowed until the function returns */
};

enum pg_status {
    PG_OK,
    PG_ERROR, /* the server said no: nothing was changed */
    PG_AWAY   /* connection lost or not there: not known */
};

/*
 * @r    PG_OK: the last step's result, borrowed for the callback (other steps: pg_result_of);
 *       else NULL
 * @err  PG_ERROR, PG_AWAY: what; else NULL
 */
typedef void (*pg_done)(enum pg_status st,
                        const struct pg_result *r,
                        const struct err *err,
                        void *user);
typedef void (*pg_notified)(const char *payload, void *user);

/* Can it be read at all? The message does not quote it: it may hold a password. */
int pg_check_dsn(const char *dsn, struct err *err) must_check;

/* Starts connecting at once; calls made meanwhile wait for it. l must outlive the pool. */
struct pg *pg_new(struct loop *l, const struct pg_options *opt);
/* Open calls end without callbacks; sessions must have been freed before; NULL is fine. */
void pg_free(struct pg *pg);
/* At least one connection is up. */
bool pg_healthy(const struct pg *pg);

/*
 * done is called exactly once, from the loop, never from inside. With no connection up and none
 * being made it is called with PG_AWAY on the next turn.
 */
void pg_exec(
    struct pg *pg, const struct pg_stmt *s, const struct pg_params *p, pg_done done, void *user);
/* The same; the pool frees user (of malloc) when it ends before the call does. done frees it
 * otherwise. */
void pg_exec_owned(
    struct pg *pg, const struct pg_stmt *s, const struct pg_params *p, pg_done done, void *user);
/* @n  1..PG_MAX_STEPS */
void pg_exec_steps(struct pg *pg, const struct pg_step *steps, size_t n, pg_done done, void *user);

/* @ret  NULL: result not wanted; else freed by the caller (pg_result_free), set on success only. */
int pg_call(struct pg *pg,
            const struct pg_stmt *s,
            const struct pg_params *p,
            struct pg_result **ret,
            struct err *err) must_check;
int pg_call_steps(struct pg *pg,
                  const struct pg_step *steps,
                  size_t n,
                  struct pg_result **ret,
                  struct err *err) must_check;

/*
 * Calls fn from the loop for each NOTIFY on the channel, and once after each (re)connect with
 * payload NULL: something may have been missed. channel: static, lower case letters, digits and
 * underscores. For the life of the pool; one connection of its own serves all channels.
 */
void pg_listen(struct pg *pg, const char *channel, pg_notified fn, void *user);

CLEANUP_DEFINE(struct pg, pg_free);

#endif
