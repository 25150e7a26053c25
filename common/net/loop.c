#include "common/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/vec.h"

enum {
    EVENTS_PER_TURN = 128,
    FAKE_WAIT_MS = 10, /* how long a wait on a fake clock sleeps for descriptors, in real time */
};

struct loop_watch {
    struct loop *l;
    int fd;
    int want;       /* what the owner asked for */
    int have;       /* what the kernel was told; -1: fd is not in the epoll set */
    bool changed;   /* is in l->changed */
    uint32_t stamp; /* tells this watch from an earlier one of the same fd */
    loop_fd_fn fn;
    void *user;
};

struct loop_timer {
    struct loop *l;
    int64_t due_ms;
    uint64_t seq;
    size_t at; /* index in l->heap */
    loop_fn fn;
    void *user;
};

struct call {
    loop_fn fn;
    void *user;
};

struct loop {
    const struct clock *clock;
    bool fake;
    int epoll_fd, wake_fd, signal_fd;
    struct loop_watch *wake_watch, *signal_watch;
    vec(struct loop_watch *) by_fd; /* index: fd; NULL where there is none */
    vec(int) changed;               /* descriptors whose want and have may differ */
    size_t n_watches, n_own;        /* all, and those of the loop itself */
    uint32_t last_stamp;
    vec(struct loop_timer *) heap; /* earliest (due_ms, seq) first */
    uint64_t last_seq;
    struct call *calls; /* ring of n_calls (a power of two); numbers run on from first to next */
    size_t n_calls;
    uint64_t first_call, next_call;
    uint64_t n_polls; /* counts polls, so that an outer turn sees that an inner one made its events
                         stale */
    int depth;
    atomic_bool quit;
    loop_fn on_signal;
    void *on_signal_user;
    sigset_t old_mask;
};

/* The kernel is out of descriptors or memory, or a caller broke the rules: nothing sensible can go
 * on (docs/adr/0004). */
static void check(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

/* ---- descriptors ---- */

static struct loop_watch *watch_of(const struct loop *l, int fd)
{
    return (size_t)fd < l->by_fd.n ? l->by_fd.v[fd] : NULL;
}

static void tell_kernel(struct loop *l, struct loop_watch *w)
{
    if (w->want == w->have || (w->want == 0 && w->have < 0))
        return;
    struct epoll_event ev = {.data.u64 = (uint64_t)w->stamp << 32 | (uint32_t)w->fd};
    ev.events = ((w->want & LOOP_READ) ? (uint32_t)EPOLLIN : 0) |
                ((w->want & LOOP_WRITE) ? (uint32_t)EPOLLOUT : 0);
    int r = epoll_ctl(l->epoll_fd, w->have < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, w->fd, &ev);
    check(r == 0, "loop: epoll_ctl");
    w->have = w->want;
}

static void tell_kernel_all(struct loop *l)
{
    vec_foreach (fd, &l->changed) {
        struct loop_watch *w = watch_of(l, *fd);
        if (w && w->changed) {
            w->changed = false;
            tell_kernel(l, w);
        }
    }
    vec_clear(&l->changed);
}

static void watch_changed(struct loop_watch *w)
{
    if (w->changed || w->want == w->have)
        return;
    w->changed = true;
    vec_push(&w->l->changed, w->fd);
}

struct loop_watch *loop_watch(struct loop *l, int fd, int events, loop_fd_fn fn, void *user)
{
    assert(fd >= 0 && !watch_of(l, fd));
    while (l->by_fd.n <= (size_t)fd)
        vec_push(&l->by_fd, NULL);
    struct loop_watch *w = xalloc(sizeof(*w));
    *w = (struct loop_watch){.l = l, .fd = fd, .want = events, .have = -1, .fn = fn, .user = user};
    w->stamp = ++l->last_stamp;
    l->by_fd.v[fd] = w;
    l->n_watches++;
    watch_changed(w);
    return w;
}

void loop_watch_events(struct loop_watch *w, int events)
{
    w->want = events;
    watch_changed(w);
}

void loop_unwatch(struct loop_watch *w)
{
    if (!w)
        return;
    /* At once, for the owner closes the descriptor next; it may be closed already, then the kernel
     * has forgotten it. */
    if (w->have >= 0)
        epoll_ctl(w->l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    w->l->by_fd.v[w->fd] = NULL;
    w->l->n_watches--;
    free(w);
}

/* A quiet descriptor can still report an error, on every poll: take it out until somebody wants it
 * again. */
static void hush(struct loop_watch *w)
{
    check(epoll_ctl(w->l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL) == 0, "loop: epoll_ctl");
    w->have = -1;
}

static int dispatch(struct loop *l, const struct epoll_event *ev)
{
    struct loop_watch *w = watch_of(l, (int)(uint32_t)ev->data.u64);
    if (!w || w->stamp != (uint32_t)(ev->data.u64 >> 32))
        return 0; /* unwatched by an earlier callback of this turn */
    int events =
        ((ev->events & EPOLLIN) ? LOOP_READ : 0) | ((ev->events & EPOLLOUT) ? LOOP_WRITE : 0);
    if (ev->events & (EPOLLERR | EPOLLHUP))
        events = LOOP_READ | LOOP_WRITE;
    if (w->want == 0 && w->have == 0) {
        hush(w);
        return 0;
    }
    events &= w->want;
    if (!events)
        return 0;
    w->fn(w->fd, events, w->user);
    return 1;
}

static int poll_descriptors(struct loop *l, int timeout_ms)
{
    struct epoll_event evs[EVENTS_PER_TURN];
    tell_kernel_all(l);
    uint64_t mine = ++l->n_polls;
    int n = epoll_wait(l->epoll_fd, evs, EVENTS_PER_TURN, timeout_ms);
    check(n >= 0 || errno == EINTR, "loop: epoll_wait");
    int made = 0;
    /* Readiness is level-triggered: what an inner turn made stale, or what is left over, the next
     * poll reports again. */
    for (int i = 0; i < n && l->n_polls == mine; i++)
        made += dispatch(l, &evs[i]);
    return made;
}

/* ---- timers ---- */

static bool earlier(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

static void heap_put(struct loop *l, size_t at, struct loop_timer *t)
{
    l->heap.v[at] = t;
    t->at = at;
}

static void heap_up(struct loop *l, size_t at, struct loop_timer *t)
{
    for (; at > 0 && earlier(t, l->heap.v[(at - 1) / 2]); at = (at - 1) / 2)
        heap_put(l, at, l->heap.v[(at - 1) / 2]);
    heap_put(l, at, t);
}

static void heap_down(struct loop *l, size_t at, struct loop_timer *t)
{
    for (size_t kid = 2 * at + 1; kid < l->heap.n; kid = 2 * at + 1) {
        if (kid + 1 < l->heap.n && earlier(l->heap.v[kid + 1], l->heap.v[kid]))
            kid++;
        if (!earlier(l->heap.v[kid], t))
            break;
        heap_put(l, at, l->heap.v[kid]);
        at = kid;
    }
    heap_put(l, at, t);
}

static void heap_remove(struct loop *l, struct loop_timer *t)
{
    size_t at = t->at;
    struct loop_timer *last = l->heap.v[--l->heap.n];
    if (last == t)
        return;
    if (at > 0 && earlier(last, l->heap.v[(at - 1) / 2]))
        heap_up(l, at, last);
    else
        heap_down(l, at, last);
}

struct loop_timer *loop_after(struct loop *l, int64_t ms, loop_fn fn, void *user)
{
    struct loop_timer *t = xalloc(sizeof(*t));
    *t = (struct loop_timer){.l = l, .seq = ++l->last_seq, .fn = fn, .user = user};
    t->due_ms = clock_now(l->clock) + (ms > 0 ? ms : 0);
    vec_push(&l->heap, t);
    heap_up(l, l->heap.n - 1, t);
    return t;
}

void loop_cancel(struct loop_timer *t)
{
    if (!t)
        return;
    heap_remove(t->l, t);
    free(t);
}

static int run_timers(struct loop *l)
{
    if (!l->heap.n)
        return 0;
    int made = 0;
    int64_t now = clock_now(l->clock);
    uint64_t newest = l->last_seq; /* timers that callbacks start wait for the next turn, or 0 ms
                                      could repeat for ever */
    while (l->heap.n && l->heap.v[0]->due_ms <= now && l->heap.v[0]->seq <= newest) {
        struct loop_timer *t = l->heap.v[0];
        struct call c = {t->fn, t->user};
        heap_remove(l, t);
        free(t);
        c.fn(c.user);
        made++;
    }
    return made;
}

/* ---- deferred calls ---- */

void loop_defer(struct loop *l, loop_fn fn, void *user)
{
    size_t n = (size_t)(l->next_call - l->first_call);
    if (n == l->n_calls) {
        size_t bigger = n ? 2 * n : 16;
        struct call *calls = xalloc(bigger * sizeof(*calls));
        for (uint64_t i = l->first_call; i < l->next_call; i++)
            calls[i & (bigger - 1)] = l->calls[i & (n - 1)];
        free(l->calls);
        l->calls = calls;
        l->n_calls = bigger;
    }
    l->calls[l->next_call++ & (l->n_calls - 1)] = (struct call){fn, user};
}

static int run_deferred(struct loop *l, uint64_t before)
{
    int made = 0;
    for (; l->first_call < before; made++) {
        struct call c = l->calls[l->first_call++ & (l->n_calls - 1)];
        c.fn(c.user);
    }
    return made;
}

/* ---- turning ---- */

int64_t loop_next_due_ms(const struct loop *l)
{
    if (l->first_call < l->next_call)
        return 0;
    if (!l->heap.n)
        return -1;
    int64_t ms = l->heap.v[0]->due_ms - clock_now(l->clock);
    return ms > 0 ? ms : 0;
}

/* max_ms < 0: no limit. */
static int sleep_ms(const struct loop *l, int64_t max_ms)
{
    int64_t due = loop_next_due_ms(l);
    if (due < 0 || (max_ms >= 0 && max_ms < due))
        due = max_ms;
    if (atomic_load_explicit(&l->quit, memory_order_relaxed))
        due = 0;
    return due > INT32_MAX ? INT32_MAX : (int)due;
}

static int turn(struct loop *l, int64_t max_ms)
{
    uint64_t before = l->next_call;
    l->depth++;
    int made = poll_descriptors(l, sleep_ms(l, max_ms));
    made += run_timers(l);
    made += run_deferred(l, before);
    l->depth--;
    return made;
}

static bool watches_something(const struct loop *l)
{
    return l->n_watches > l->n_own;
}

int loop_turn(struct loop *l, int64_t max_wait_ms)
{
    return turn(l, l->fake ? 0 : max_wait_ms);
}

void loop_run(struct loop *l)
{
    while (!atomic_load(&l->quit))
        turn(l, -1);
    atomic_store(&l->quit, false);
}

void loop_quit(struct loop *l)
{
    atomic_store(&l->quit, true);
    loop_wake(l);
}

bool loop_quitting(const struct loop *l)
{
    return atomic_load(&l->quit);
}

static int wait_fake(struct loop *l, const bool *done, int64_t until)
{
    while (!*done && !atomic_load(&l->quit)) {
        if (until >= 0 && clock_now(l->clock) >= until)
            return -1;
        if (!turn(l, watches_something(l) ? FAKE_WAIT_MS : 0) && !watches_something(l) &&
            loop_next_due_ms(l) != 0)
            break;
    }
    return *done ? 0 : -1;
}

int loop_wait(struct loop *l, const bool *done, int64_t timeout_ms)
{
    int64_t until = timeout_ms < 0 ? -1 : clock_now(l->clock) + timeout_ms;
    if (l->fake)
        return wait_fake(l, done, until);
    while (!*done && !atomic_load(&l->quit)) {
        int64_t left = until < 0 ? -1 : until - clock_now(l->clock);
        if (until >= 0 && left <= 0)
            break;
        turn(l, left);
    }
    return *done ? 0 : -1;
}

/* ---- waking and signals ---- */

void loop_wake(struct loop *l)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t n = write(l->wake_fd, &one, sizeof(one));
    (void)n; /* fails only when the counter is full, and then the loop is awake */
    errno = saved;
}

static void on_wake(int fd, int events, void *user)
{
    (void)events, (void)user;
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof(count));
    (void)n;
}

static void on_signal(int fd, int events, void *user)
{
    struct loop *l = user;
    struct signalfd_siginfo info;
    (void)events;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (l->on_signal)
        l->on_signal(l->on_signal_user);
    else
        loop_quit(l);
}

void loop_catch_stop_signals(struct loop *l, loop_fn fn, void *user)
{
    assert(l->signal_fd < 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, &l->old_mask);
    signal(SIGPIPE, SIG_IGN);
    l->on_signal = fn;
    l->on_signal_user = user;
    l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    check(l->signal_fd >= 0, "loop: signalfd");
    l->signal_watch = loop_watch(l, l->signal_fd, LOOP_READ, on_signal, l);
    l->n_own++;
}

/* ---- life ---- */

struct loop *loop_new(const struct clock *clock)
{
    struct loop *l = xalloc(sizeof(*l));
    l->clock = clock;
    l->fake = clock != clock_real();
    l->signal_fd = -1;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    check(l->epoll_fd >= 0, "loop: epoll_create1");
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    check(l->wake_fd >= 0, "loop: eventfd");
    l->wake_watch = loop_watch(l, l->wake_fd, LOOP_READ, on_wake, l);
    l->n_own++;
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    assert(l->depth == 0);
    if (l->signal_fd >= 0) {
        loop_unwatch(l->signal_watch);
        close(l->signal_fd);
        pthread_sigmask(SIG_SETMASK, &l->old_mask, NULL);
    }
    loop_unwatch(l->wake_watch);
    close(l->wake_fd);
    close(l->epoll_fd);
    vec_foreach (w, &l->by_fd)
        free(*w);
    vec_foreach (t, &l->heap)
        free(*t);
    vec_release(&l->by_fd);
    vec_release(&l->changed);
    vec_release(&l->heap);
    free(l->calls);
    free(l);
}

const struct clock *loop_clock(const struct loop *l)
{
    return l->clock;
}
