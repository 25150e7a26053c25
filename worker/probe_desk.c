#include "worker/probe_desk.h"

#include <string.h>
#include <sys/queue.h>

#include "common/base/guid.h"
#include "common/base/log.h"
#include "common/base/metrics.h"

#include "common/drv/probe_pg.h"
#include "common/net/loop.h"

enum {
    AT_ONCE = 4,
    WAITING_MAX = 1000, /* more are offered again */
    BEAT_MS = 5000,
    ALIVE_MS = 20000, /* a desk that was not heard of for so long is dead */
    ANSWER_MAX = 1 << 16
};

struct test { /* of one mailbox: waits, is being claimed (probe NULL), runs */
    TAILQ_ENTRY(test) list;
    struct probe_desk *d;
    int64_t mailbox, id;
    struct guid runner;
    struct checkup c;
    size_t written; /* steps that the row has */
    struct probe *probe;
    struct loop_timer *beat;
};
TAILQ_HEAD(tests, test);

struct probe_desk {
    struct probe_desk_parts p;
    struct probe_book *book;
    struct tests waiting, running;
    size_t n_waiting, n_running;
    struct metric_family *total;
};

struct probe_desk *probe_desk_new(const struct probe_desk_parts *parts)
{
    struct probe_desk *d = xalloc(sizeof(*d));
    d->p = *parts;
    d->book = probe_book_new(parts->pg);
    TAILQ_INIT(&d->waiting);
    TAILQ_INIT(&d->running);
    d->total = metrics_family(parts->metrics, METRIC_COUNTER, "contact_sync_probes_total",
                              "Tests of a mailbox that somebody asked for, by result.", "result",
                              NULL, NULL, 0);
    return d;
}

static void test_free(struct test *t)
{
    loop_cancel(t->beat);
    probe_free(t->probe);
    checkup_release(&t->c);
    free(t);
}

void probe_desk_free(struct probe_desk *d)
{
    struct test *t;
    if (!d)
        return;
    probe_book_free(d->book);
    TAILQ_CONCAT(&d->running, &d->waiting, list);
    while ((t = TAILQ_FIRST(&d->running))) {
        TAILQ_REMOVE(&d->running, t, list);
        test_free(t);
    }
    free(d);
}

static void start_waiting(struct probe_desk *d);

static void end(struct test *t)
{
    struct probe_desk *d = t->d;
    TAILQ_REMOVE(&d->running, t, list);
    d->n_running--;
    test_free(t);
    start_waiting(d);
}

/* ---- a test that runs ---- */

static void write_down(struct test *t, bool done)
{
    autovalue(str_release) struct str answer = STR_INIT(ANSWER_MAX);
    checkup_json(&t->c, &answer);
    probe_book_write(t->d->book, t->id, &t->runner, ALIVE_MS, answer.p, !checkup_failed(&t->c),
                     done);
    t->written = t->c.steps.n;
}

static void stepped(void *user)
{
    struct test *t = user;
    if (t->c.steps.n > t->written)
        write_down(t, false);
}

static void beat(void *user)
{
    struct test *t = user;
    t->beat = loop_after(t->d->p.loop, BEAT_MS, beat, t);
    write_down(t, false);
}

static void tested(void *user)
{
    struct test *t = user;
    bool ok = !checkup_failed(&t->c);
    write_down(t, true);
    log_info("a mailbox was tested", kv("mailbox", t->mailbox), kv("ok", ok));
    metric_add(metrics_series(t->d->total, ok ? "ok" : "failed", NULL), 1);
    end(t);
}

static void taken(int64_t id, const char *address, void *user)
{
    struct test *t = user;
    struct probe_desk *d = t->d;
    if (!id) {
        end(t);
        return;
    }
    struct probe_parts parts = d->p.probe;
    parts.mailbox_id = t->mailbox;
    parts.progress = stepped;
    parts.progress_user = t;
    t->id = id;
    t->beat = loop_after(d->p.loop, BEAT_MS, beat, t);
    t->probe = probe_start(&parts, address, &t->c, tested, t);
}

/* ---- those that wait ---- */

static void start_waiting(struct probe_desk *d)
{
    struct test *t;
    while (d->n_running < AT_ONCE && (t = TAILQ_FIRST(&d->waiting))) {
        TAILQ_REMOVE(&d->waiting, t, list);
        d->n_waiting--;
        TAILQ_INSERT_TAIL(&d->running, t, list);
        d->n_running++;
        guid_random(&t->runner);
        probe_book_claim(d->book, t->mailbox, &t->runner, ALIVE_MS, taken, t);
    }
}

static bool is_here(const struct tests *list, int64_t mailbox)
{
    const struct test *t;
    TAILQ_FOREACH(t, list, list)
    if (t->mailbox == mailbox)
        return true;
    return false;
}

void probe_desk_take(struct probe_desk *d, int64_t mailbox)
{
    if (is_here(&d->waiting, mailbox) || is_here(&d->running, mailbox) ||
        d->n_waiting >= WAITING_MAX)
        return;
    struct test *t = xalloc(sizeof(*t));
    t->d = d;
    t->mailbox = mailbox;
    TAILQ_INSERT_TAIL(&d->waiting, t, list);
    d->n_waiting++;
    start_waiting(d);
}
