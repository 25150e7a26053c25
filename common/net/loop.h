/*
 * loop: the one poll loop of a program: file descriptors, timers, deferred calls
 * (docs/adr/0002-one-loop.md; why epoll: docs/adr/0010-epoll-or-curl-poll.md).
 *
 * Everything runs on the thread that calls loop_turn, loop_run or loop_wait; only loop_wake and
 * loop_quit may be called from other threads. Callbacks must not block for more than a few
 * milliseconds. One turn is: wait for descriptors (not at all when deferred calls or due timers
 * exist), their callbacks, timers that are due by deadline and then by age, then the calls that
 * were deferred before the turn began. Callbacks may add and remove watches and timers and may turn
 * the loop themselves.
 *
 * Time comes from the clock handed in. With any clock but clock_real() a turn never sleeps and
 * never moves the clock: the test advances it, to loop_next_due_ms (loop_host.h) for instance, and
 * turns.
 *
 * loop_wait is how sequential code (a producer run, a CLI verb) waits: it turns the loop until its
 * flag is set; everything else goes on meanwhile. Waits nest (a timer's callback may itself wait),
 * the inner one ends first; worker code never waits.
 */
#ifndef SYNC_NET_LOOP_H
#define SYNC_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop;
struct loop_watch;
struct loop_timer;
/* An error or a hang-up on fd comes as the events asked for: the next read or write tells. */
typedef void (*loop_fd_fn)(int fd, int events, void *user);
typedef void (*loop_fn)(void *user);

/* Borrows the clock. Ends the process when the kernel has no descriptors left. */
struct loop *loop_new(const struct clock *clock);
/* Not from inside a callback. Watches, timers and deferred calls go unrun; no descriptor closes. */
void loop_free(struct loop *l);
const struct clock *loop_clock(const struct loop *l);

/*
 * Calls fn whenever fd is ready (level-triggered: again on each turn until it was read or written).
 *
 * @fd  one watch per descriptor (asserted); non-blocking, for a call may find nothing to read;
 *      unwatch before closing it. A library that may close its socket and open another one of the
 *      same number (libpq while it connects) needs a new watch after each step.
 */
struct loop_watch *loop_watch(struct loop *l, int fd, int events, loop_fd_fn fn, void *user);
/* 0 = quiet. The kernel hears of the last change of a turn only, so changing often is cheap. */
void loop_watch_events(struct loop_watch *w, int events);
void loop_unwatch(struct loop_watch *w); /* NULL is fine; allowed inside callbacks */

/* One shot. The handle is valid until the callback starts or loop_cancel; NULL is fine for cancel.
 * ms < 0 counts as 0: the next turn, without sleep. */
struct loop_timer *loop_after(struct loop *l, int64_t ms, loop_fn fn, void *user);
void loop_cancel(struct loop_timer *t);
/* In order, on the next turn, which does not sleep; cannot be taken back. */
void loop_defer(struct loop *l, loop_fn fn, void *user);

/* One round, waiting at most max_wait_ms for something to do (< 0: no limit). Returns the number of
 * callbacks made. */
int loop_turn(struct loop *l, int64_t max_wait_ms);
/* Turns until loop_quit, also one from before. The request is used up: the loop can be turned
 * again. */
void loop_run(struct loop *l);
/* loop_run returns after this round, waits give up. @thread any (wakes the loop); fine in a signal
 * handler */
void loop_quit(struct loop *l);
bool loop_quitting(const struct loop *l);
/*
 * Turns until *done, or until the loop quits or timeout_ms (< 0: none) have passed.
 *
 * @return  0 when *done, -1 otherwise; with a clock that is not the real one also -1 as soon as
 * nothing is left that could set the flag without the clock moving
 */
int loop_wait(struct loop *l, const bool *done, int64_t timeout_ms);
/* Ends the current or the next sleep of the loop. @thread any; fine in a signal handler */
void loop_wake(struct loop *l);
CLEANUP_DEFINE(struct loop, loop_free);

#include "common/net/loop_host.h"

#endif
