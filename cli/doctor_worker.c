/*
 * A mailbox tested by a worker: asked for in a row, as Test Connection does.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

#include "cli/doctor.h"
#include "cli/progress.h"
#include "common/app/app_pg.h"
#include "common/drv/hand_pg.h"
#include "common/drv/pg.h"
#include "common/drv/probe_pg.h"

enum {
    POLL_MS = 250,
    TAKEN_MS = 30000, /* somebody has begun by then */
    DONE_MS = 3 * 60 * 1000,
    POLL_BYTES = 1 << 20
};

static const char part[] = "Exchange";

static void failed(struct checkup *c, uint32_t ms, const struct err *err)
{
    static const struct diagnosis_facts nobody = {0};
    checkup_bad(c, part, "worker", CHECKUP_FAILED, ms, err, &nobody);
}

static void set_true(void *flag)
{
    *(bool *)flag = true;
}

static void rest(struct app *app)
{
    bool over = false;
    struct loop_timer *t = loop_after(app->loop, POLL_MS, set_true, &over);
    if (loop_wait(app->loop, &over, 2 * POLL_MS) < 0 && !over)
        loop_cancel(t);
}

/* The step that ended last, for who watches. */
static void show(struct progress *progress, const char *answer, struct arena *a, int64_t now)
{
    autovalue(checkup_release) struct checkup c = {0};
    struct err err;
    if (checkup_from_json(a, answer, &c, &err) == 0)
        progress_show(progress, c.steps.n ? c.steps.v[c.steps.n - 1].name : "waiting for a worker",
                      c.steps.n, 0, now);
}

/* false with *err: it came to no end. */
static bool
watch(struct app *app, struct pg *pg, struct arena *a, int64_t id, char **answer, struct err *err)
{
    autoptr(arena_free) struct arena *poll = arena_new("probe", POLL_BYTES);
    struct progress progress;
    struct probe_state s = {0};
    int64_t begin = clock_now(loop_clock(app->loop)), ms = 0;
    progress_init(&progress, false);
    for (;;) {
        arena_reset(poll);
        if (probe_pg_state(pg, poll, id, &s, err) < 0)
            break;
        ms = clock_now(loop_clock(app->loop)) - begin;
        if (s.done || loop_quitting(app->loop) || ms > (s.begun ? DONE_MS : TAKEN_MS))
            break;
        show(&progress, s.answer, poll, begin + ms);
        rest(app);
    }
    progress_end(&progress);
    *answer = s.answer ? arena_strdup(a, s.answer) : NULL;
    if (s.done)
        return true;
    if (s.answer)
        err_set(err, SCOPE_PROCESS, WHEN_LATER, s.begun ? "probe.no_end" : "probe.no_worker",
                "after %lld s", (long long)ms / 1000);
    return false;
}

static int ask(struct pg *pg, const char *address, int64_t *ret_id, struct err *err)
{
    int64_t mailbox;
    if (hand_mailbox(pg, address, &mailbox, err) < 0)
        return -1;
    if (!mailbox)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "probe.no_mailbox",
                       "nobody syncs to that address yet");
    return probe_pg_ask(pg, mailbox, "cli", ret_id, err);
}

void doctor_worker(struct app *app, struct arena *a, const char *mailbox, struct checkup *c)
{
    autoptr(pg_free) struct pg *pg = NULL;
    int64_t id = 0, begin = clock_now(loop_clock(app->loop));
    char *answer = NULL;
    struct err err;
    if (app_pg_open(app, "contact-sync doctor", 1, true, &pg, &err) < 0 ||
        ask(pg, mailbox, &id, &err) < 0) {
        failed(c, 0, &err);
        return;
    }
    bool done = watch(app, pg, a, id, &answer, &err);
    uint32_t ms = (uint32_t)(clock_now(loop_clock(app->loop)) - begin);
    if (done)
        checkup_ok(c, part, "worker", ms, "the test was run by a worker");
    else
        failed(c, ms, &err);
    if (answer && checkup_from_json(a, answer, c, &err) < 0)
        failed(c, ms, &err);
}
