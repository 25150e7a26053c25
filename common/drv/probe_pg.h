/*
 * probe_pg: tests of the way to one mailbox (Test Connection), as rows: somebody asks, a worker
 * runs it and writes down each step as it ends, who asked reads along.
 *
 * The first part is for the tool and the pages, sequential (turns the loop); the re-driver puts an
 * open one on the queue, usually within a second. The second part is the worker's.
 */
#ifndef SYNC_DRV_PROBE_PG_H
#define SYNC_DRV_PROBE_PG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/base/guid.h"

struct arena;
struct pg;

/* ---- asking ---- */

/*
 * One that is open for the mailbox is joined: two who ask at once get one test.
 *
 * @by      "cli", or who it is; kept in the row
 * @ret_id  for probe_pg_state
 */
int probe_pg_ask(struct pg *pg, int64_t mailbox, const char *by, int64_t *ret_id, struct err *err)
    must_check;

struct probe_state {
    bool begun, done;
    bool ok;            /* nothing failed so far; final when done */
    const char *answer; /* checkup.h's JSON of the steps that have ended */
};
/* answer lives in the arena. A row that is gone: done, not ok, no steps. */
int probe_pg_state(struct pg *pg,
                   struct arena *a,
                   int64_t id,
                   struct probe_state *ret,
                   struct err *err) must_check;

/* ---- running ---- */

struct probe_book;
/* id 0: there is nothing to run (done, somebody else's, or the rows are out of reach: then it is
 * offered again). address is borrowed for the call. From the loop, never from inside. */
typedef void (*probe_claimed)(int64_t id, const char *address, void *user);

struct probe_book *probe_book_new(struct pg *pg);
void probe_book_free(struct probe_book *b); /* open claims end without callbacks; NULL is fine */
/* The open test of that mailbox becomes ours for alive_ms; probe_book_write prolongs that. */
void probe_book_claim(struct probe_book *b,
                      int64_t mailbox,
                      const struct guid *runner,
                      uint32_t alive_ms,
                      probe_claimed claimed,
                      void *user);
/* How far it is. Sent and forgotten: what is lost, the next one makes good; a lost end is run
 * again. Changes nothing when the test is not this runner's any more. */
void probe_book_write(struct probe_book *b,
                      int64_t id,
                      const struct guid *runner,
                      uint32_t alive_ms,
                      const char *answer,
                      bool ok,
                      bool done);
CLEANUP_DEFINE(struct probe_book, probe_book_free);

#endif
