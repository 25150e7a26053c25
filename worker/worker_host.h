/*
 * worker_host: a worker with its drivers, built from settings: PostgreSQL ledger, EWS store,
 * worker. For contact-sync-worker and `contact-sync up`.
 *
 * Tests of crashes: the environment variable WORKER_KILL_AT=POINT:N ends the process with SIGKILL
 * when it passes the named point of the protocol for the N-th time (lease, intent, sent, answered,
 * recorded; worker.h).
 */
#ifndef SYNC_WORKER_WORKER_HOST_H
#define SYNC_WORKER_WORKER_HOST_H

#include "common/app/app.h"
#include "worker/worker.h"

struct contact_store;
struct worker_host;

/* The store that the settings name; opens no connection. */
int worker_host_store(struct app *app, struct contact_store **store, struct err *err) must_check;
/* What can be wrong with the settings alone, before anything is reached. */
int worker_host_check(struct app *app, struct err *err) must_check;
/* Borrows app and queue. Checks the schema; does not join the group yet (worker_start). */
int worker_host_new(struct app *app, struct queue *queue, struct worker_host **ret, struct err *err)
    must_check;
struct worker *worker_host_worker(const struct worker_host *h);
void worker_host_free(struct worker_host *h); /* after the worker was drained; NULL is fine */

/* main() of contact-sync-worker. */
int worker_program(int argc, char **argv);
CLEANUP_DEFINE(struct worker_host, worker_host_free);

#endif
