/*
 * app_pg: the database that postgres.dsn names, for programs and verbs.
 */
#ifndef SYNC_APP_APP_PG_H
#define SYNC_APP_APP_PG_H

#include "common/app/app.h"

struct pg;

/*
 * @name         application_name, seen in pg_stat_activity
 * @connections  of the pool
 * @schema       refuse a schema that this program does not know, with the command that mends it
 */
int app_pg_open(struct app *a,
                const char *name,
                unsigned connections,
                bool schema,
                struct pg **ret,
                struct err *err) must_check;
/* For a worker: with a schema it knows, and pg_options.by_key. */
int app_pg_open_by_key(struct app *a,
                       const char *name,
                       unsigned connections,
                       struct pg **ret,
                       struct err *err) must_check;

#endif
