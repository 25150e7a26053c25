#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/loop.h"

static struct clock_fake fake;
static struct str_log {
    char text[512];
    size_t n;
} trace;

/* A callback's argument: what it notes, and what else it does. */
struct act {
    struct loop *l;
    char name;
    void (*also)(struct act *a);
    struct act *other;
    struct loop_watch *watch;
    struct loop_timer *timer;
    int fd, peer;
    bool flag;
};

static void note(char c)
{
    cr_assert(trace.n + 1 < sizeof(trace.text));
    trace.text[trace.n++] = c;
}

static char *taken(void)
{
    static char copy[sizeof(trace.text)];
    snprintf(copy, sizeof(copy), "%s", trace.text);
    trace = (struct str_log){0};
    return copy;
}

static void on_call(void *user)
{
    struct act *a = user;
    note(a->name);
    if (a->also)
        a->also(a);
}

static void on_fd(int fd, int events, void *user)
{
    struct act *a = user;
    char c;
    cr_expect(fd == a->fd && events != 0);
    if (events & LOOP_READ)
        note(read(fd, &c, 1) == 1 ? c : '-');
    else
        note('w');
    if (a->also)
        a->also(a);
}

static struct act pair_act(struct loop *l)
{
    int fds[2];
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    return (struct act){.l = l, .fd = fds[0], .peer = fds[1]};
}

static void watch_act(struct act *a, int events)
{
    a->watch = loop_watch(a->l, a->fd, events, on_fd, a);
}

static void end_pair(struct act *a)
{
    loop_unwatch(a->watch);
    close(a->fd);
    close(a->peer);
}

static struct loop *fake_loop(void)
{
    clock_fake_init(&fake, 1700000000000);
    return loop_new(&fake.clock);
}

static void advance_and_turn(struct loop *l, int64_t ms)
{
    clock_fake_advance(&fake, ms);
    loop_turn(l, -1);
}

TestSuite(loop, .timeout = 20);

/* ---- timers ---- */

Test(loop, timers_fire_by_deadline_and_then_by_age)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act a[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}};
    loop_after(l, 20, on_call, &a[3]);
    loop_after(l, 10, on_call, &a[0]);
    loop_after(l, 10, on_call, &a[1]);
    loop_after(l, 15, on_call, &a[2]);
    cr_expect(eq(int, loop_turn(l, -1), 0));
    advance_and_turn(l, 9);
    cr_expect(eq(str, taken(), ""));
    advance_and_turn(l, 1);
    cr_expect(eq(str, taken(), "ab"));
    advance_and_turn(l, 100);
    cr_expect(eq(str, taken(), "cd"));
}

Test(loop, cancelled_timer_does_not_fire)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act a = {.name = 'a'}, b = {.name = 'b'};
    struct loop_timer *t = loop_after(l, 5, on_call, &a);
    loop_after(l, 5, on_call, &b);
    loop_cancel(t);
    loop_cancel(NULL);
    advance_and_turn(l, 5);
    cr_expect(eq(str, taken(), "b"));
}

static void cancel_other(struct act *a)
{
    loop_cancel(a->other->timer);
}

Test(loop, timer_cancelled_by_an_earlier_one_of_the_same_turn_does_not_fire)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act b = {.name = 'b'}, a = {.name = 'a', .also = cancel_other, .other = &b};
    loop_after(l, 5, on_call, &a);
    b.timer = loop_after(l, 5, on_call, &b);
    advance_and_turn(l, 5);
    cr_expect(eq(str, taken(), "a"));
}

static int64_t last_due;
static size_t n_fired;
static void on_ordered(void *user)
{
    int64_t due = *(const int64_t *)user;
    cr_expect(due >= last_due && due <= fake.now);
    last_due = due;
    n_fired++;
}

Test(loop, thousands_of_timers_with_cancels_keep_their_order)
{
    enum { N = 5000 };
    static int64_t due[N];
    static struct loop_timer *timers[N];
    autoptr(loop_free) struct loop *l = fake_loop();
    uint32_t random = 12345;
    size_t n_cancelled = 0;
    for (size_t i = 0; i < N; i++) {
        random = random * 1664525 + 1013904223;
        due[i] = fake.now + random % 1000;
        timers[i] = loop_after(l, due[i] - fake.now, on_ordered, &due[i]);
    }
    for (size_t i = 0; i < N; i += 3, n_cancelled++)
        loop_cancel(timers[i]);
    while (loop_next_due_ms(l) >= 0)
        advance_and_turn(l, loop_next_due_ms(l) + 7);
    cr_expect(eq(sz, n_fired, N - n_cancelled));
}

static void again(struct act *a)
{
    loop_after(a->l, 0, on_call, a);
}

Test(loop, timer_of_0_ms_started_by_a_timer_waits_for_the_next_turn)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act a = {.l = l, .name = 'a', .also = again};
    loop_after(l, -5, on_call, &a);
    cr_expect(eq(int, loop_turn(l, 0), 1));
    cr_expect(eq(i64, loop_next_due_ms(l), 0));
    cr_expect(eq(int, loop_turn(l, 0), 1));
    cr_expect(eq(str, taken(), "aa"));
}

Test(loop, fake_clock_says_when_the_next_timer_is_due_and_is_not_moved)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act a = {.name = 'a'};
    int64_t before = fake.now;
    cr_expect(eq(i64, loop_next_due_ms(l), -1));
    loop_after(l, 86400000, on_call, &a);
    cr_expect(eq(i64, loop_next_due_ms(l), 86400000));
    cr_expect(eq(int, loop_turn(l, 3600000), 0)); /* would sleep an hour otherwise */
    cr_expect(eq(i64, fake.now, before));
    loop_defer(l, on_call, &a);
    cr_expect(eq(i64, loop_next_due_ms(l), 0));
}

Test(loop, real_timer_fires_after_its_time)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = {.name = 'a'};
    int64_t start = clock_now(clock_real());
    loop_after(l, 15, on_call, &a);
    while (!loop_turn(l, -1))
        ;
    cr_expect(ge(i64, clock_now(clock_real()) - start, 15));
    cr_expect(eq(str, taken(), "a"));
}

/* ---- deferred calls ---- */

static void defer_again(struct act *a)
{
    a->also = NULL;
    loop_defer(a->l, on_call, a);
}

Test(loop, call_deferred_during_a_turn_runs_on_the_next_without_sleep)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = {.l = l, .name = 'a', .also = defer_again}, b = {.l = l, .name = 'b'};
    loop_defer(l, on_call, &a);
    loop_defer(l, on_call, &b);
    cr_expect(eq(int, loop_turn(l, -1), 2));
    cr_expect(eq(str, taken(), "ab"));
    cr_expect(eq(int, loop_turn(l, -1), 1));
    cr_expect(eq(str, taken(), "a"));
}

static uint64_t n_counted;
static void count(void *user)
{
    cr_expect(n_counted == (uint64_t)(uintptr_t)user);
    n_counted++;
}

Test(loop, deferred_calls_keep_their_order_while_the_queue_grows_and_wraps)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    uintptr_t next = 0;
    for (int round = 1; round <= 200; round++) {
        for (int i = 0; i < round; i++)
            loop_defer(l, count, (void *)next++);
        loop_turn(l, 0);
    }
    cr_expect(eq(u64, n_counted, next));
}

/* ---- descriptors ---- */

Test(loop, watch_is_called_while_its_descriptor_is_ready)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = pair_act(l);
    watch_act(&a, LOOP_READ);
    cr_expect(eq(int, loop_turn(l, 0), 0));
    cr_assert(write(a.peer, "xy", 2) == 2);
    loop_turn(l, -1);
    loop_turn(l, -1);
    cr_expect(eq(str, taken(), "xy"));
    cr_expect(eq(int, loop_turn(l, 0), 0));
    loop_watch_events(a.watch, LOOP_WRITE);
    loop_turn(l, -1);
    cr_expect(eq(str, taken(), "w"));
    loop_watch_events(a.watch, 0);
    cr_expect(eq(int, loop_turn(l, 0), 0));
    end_pair(&a);
}

static void unwatch_other(struct act *a)
{
    loop_unwatch(a->other->watch);
    a->other->watch = NULL;
}

Test(loop, watch_removed_by_an_earlier_callback_of_the_turn_is_not_called)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = pair_act(l), b = pair_act(l);
    a.also = b.also = unwatch_other;
    a.other = &b;
    b.other = &a;
    watch_act(&a, LOOP_READ);
    watch_act(&b, LOOP_READ);
    cr_assert(write(a.peer, "a", 1) == 1 && write(b.peer, "b", 1) == 1);
    cr_expect(eq(int, loop_turn(l, -1), 1));
    cr_expect(eq(int, loop_turn(l, 0), 0));
    end_pair(&a);
    end_pair(&b);
}

/* The other descriptor is replaced by a new one of the same number, on which nothing is ready. */
static void replace_other(struct act *a)
{
    struct act *b = a->other;
    int old = b->fd;
    end_pair(b);
    *b = pair_act(a->l);
    if (b->fd != old && b->peer != old)
        cr_assert(dup2(b->fd, old) == old);
    watch_act(b, LOOP_READ);
}

Test(loop, stale_readiness_does_not_reach_a_new_watch_of_the_same_number)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = pair_act(l), b = pair_act(l);
    a.also = b.also = replace_other;
    a.other = &b;
    b.other = &a;
    watch_act(&a, LOOP_READ);
    watch_act(&b, LOOP_READ);
    cr_assert(write(a.peer, "a", 1) == 1 && write(b.peer, "b", 1) == 1);
    cr_expect(eq(int, loop_turn(l, -1), 1));
    end_pair(&a);
    end_pair(&b);
}

Test(loop, hang_up_of_a_quiet_descriptor_neither_calls_nor_spins)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = pair_act(l);
    watch_act(&a, LOOP_READ);
    loop_turn(l, 0);
    loop_watch_events(a.watch, 0);
    loop_turn(l, 0);
    close(a.peer);
    a.peer = -1;
    loop_turn(l, 0); /* finds out */
    int64_t start = clock_now(clock_real());
    cr_expect(eq(int, loop_turn(l, 20), 0));
    cr_expect(ge(i64, clock_now(clock_real()) - start, 19)); /* slept: no event came */
    loop_watch_events(a.watch, LOOP_READ);
    cr_expect(eq(int, loop_turn(l, -1), 1));
    cr_expect(eq(str, taken(), "-"));
    end_pair(&a);
}

/* ---- turning inside callbacks ---- */

static void set_flag(struct act *a)
{
    a->flag = true;
}

static void wait_for_other(struct act *a)
{
    note('(');
    cr_expect(eq(int, loop_wait(a->l, &a->other->flag, -1), 0));
    note(')');
    a->flag = true;
}

Test(loop, waits_nest_and_the_inner_one_ends_first)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act c = {.l = l, .name = 'c', .also = set_flag};
    struct act b = {.l = l, .name = 'b', .also = wait_for_other, .other = &c};
    struct act a = {.l = l, .name = 'a', .also = wait_for_other, .other = &c};
    loop_after(l, 0, on_call, &a);
    loop_after(l, 1, on_call, &b);
    loop_after(l, 5, on_call, &c);
    cr_expect(eq(int, loop_wait(l, &a.flag, -1), 0));
    cr_expect(eq(str, taken(), "a(b(c))"));
}

static void turn_once(struct act *a)
{
    a->also = NULL;
    a->other->also = NULL;
    loop_turn(a->l, 0);
}

Test(loop, events_made_stale_by_an_inner_turn_are_dropped)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = pair_act(l), b = pair_act(l);
    a.also = b.also =
        turn_once; /* the first one called turns, and both find their byte read afterwards */
    a.other = &b;
    b.other = &a;
    watch_act(&a, LOOP_READ);
    watch_act(&b, LOOP_READ);
    cr_assert(write(a.peer, "x", 1) == 1 && write(b.peer, "x", 1) == 1);
    loop_turn(l, -1);
    loop_turn(l, 0);
    cr_expect(eq(str, taken(), "xx")); /* a third call would have noted '-' */
    end_pair(&a);
    end_pair(&b);
}

Test(loop, deferred_call_of_the_outer_turn_runs_in_the_inner_one_and_only_once)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act b = {.l = l, .name = 'b'}, a = {.l = l, .name = 'a', .also = turn_once, .other = &b};
    loop_defer(l, on_call, &a);
    loop_defer(l, on_call, &b);
    loop_turn(l, 0);
    loop_turn(l, 0);
    cr_expect(eq(str, taken(), "ab"));
}

/* ---- ends of waiting ---- */

Test(loop, wait_gives_up_after_its_time)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    bool never = false;
    int64_t start = clock_now(clock_real());
    cr_expect(eq(int, loop_wait(l, &never, 10), -1));
    cr_expect(ge(i64, clock_now(clock_real()) - start, 10));
}

Test(loop, wait_on_a_fake_clock_gives_up_when_nothing_is_left_to_do)
{
    autoptr(loop_free) struct loop *l = fake_loop();
    struct act a = {.l = l, .name = 'a'}, b = {.l = l, .name = 'b', .also = set_flag};
    loop_after(l, 1000, on_call, &a);
    cr_expect(eq(int, loop_wait(l, &a.flag, -1), -1));
    loop_defer(l, on_call, &b);
    cr_expect(eq(int, loop_wait(l, &b.flag, 0), -1)); /* no time given */
    cr_expect(eq(int, loop_wait(l, &b.flag, -1), 0));
    cr_expect(eq(str, taken(), "b"));
}

static void quit(struct act *a)
{
    loop_quit(a->l);
}

Test(loop, quit_ends_waits_and_run_and_is_then_used_up)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act q = {.l = l, .name = 'q', .also = quit}, c = {.l = l, .name = 'c', .also = set_flag};
    struct act never = {0}, a = {.l = l, .name = 'a', .also = NULL, .other = &never};
    loop_defer(l, on_call, &q);
    cr_expect(eq(int, loop_wait(l, &a.other->flag, -1), -1));
    cr_expect(loop_quitting(l));
    loop_run(l); /* asked before: returns at once */
    cr_expect(not(loop_quitting(l)));
    loop_defer(l, on_call, &c);
    cr_expect(eq(int, loop_wait(l, &c.flag, -1), 0));
}

/* ---- other threads and signals ---- */

static void *wake_from_thread(void *l)
{
    loop_wake(l);
    return NULL;
}

static void *quit_from_thread(void *l)
{
    loop_quit(l);
    return NULL;
}

Test(loop, wake_from_another_thread_ends_the_sleep)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    pthread_t t;
    cr_assert(pthread_create(&t, NULL, wake_from_thread, l) == 0);
    loop_turn(l, -1);
    pthread_join(t, NULL);
    cr_assert(pthread_create(&t, NULL, quit_from_thread, l) == 0);
    loop_run(l);
    pthread_join(t, NULL);
}

Test(loop, each_stop_signal_calls_back_once_on_the_loop)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct act a = {.l = l, .name = 's'};
    loop_catch_stop_signals(l, on_call, &a);
    raise(SIGTERM);
    raise(SIGINT);
    cr_expect(eq(str, taken(), ""));
    loop_turn(l, -1);
    loop_turn(l, -1);
    cr_expect(eq(str, taken(), "ss"));
    cr_expect(not(loop_quitting(l)));
}

Test(loop, stop_signal_without_a_callback_quits)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    loop_catch_stop_signals(l, NULL, NULL);
    raise(SIGTERM);
    loop_run(l);
}
