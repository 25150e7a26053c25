/*
 * loop_host: what only the owner of a loop needs, a program's start or a test's harness.
 */
#ifndef SYNC_NET_LOOP_HOST_H
#define SYNC_NET_LOOP_HOST_H

#include "common/net/loop.h"

/*
 * SIGTERM and SIGINT become calls of fn on the loop, one per signal; SIGPIPE is ignored. fn
 * decides: it calls loop_quit at once or when it has drained. fn NULL: loop_quit. One loop per
 * process may call this, before other threads start (they inherit the blocked signals). loop_free
 * gives the signals back to the thread.
 */
void loop_catch_stop_signals(struct loop *l, loop_fn fn, void *user);

/* Milliseconds until the next timer, 0 when one is due or calls are deferred, -1 when there is
 * neither. */
int64_t loop_next_due_ms(const struct loop *l);

#endif
