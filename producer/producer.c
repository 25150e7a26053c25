#include "producer/producer.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/str.h"

#include "producer/photos.h"

enum { IDLE_MS = 1000, STANDBY_MS = 2000, PROGRESS_MS = 500, AGE_MS = 5000 };

struct producer_series {
    struct metric_series *leading, *messages, *redriven, *oldest_dirty, *source_errors,
        *run_seconds, *skipped, *next_fire;
    struct metric_family *runs;
};

struct producer {
    struct run_parts parts;
    const struct producer_settings *s;
    struct producer_series m;
    struct photos *photos;
    bool leading, woken;
    char phase[64]; /* of the run under way; "" none */
    int64_t run;
    int64_t redrive_at, sweep_at, age_at, progress_at; /* loop clock, next time */
    struct str trouble;                                /* why not ready; "" ready */
    uint32_t fails;                                    /* passes in a row that failed */
    bool photos_failed, offers_failed;                 /* the last time, and that was told */
};

int producer_settings_from(const struct conf *c, struct producer_settings *ret, struct err *err)
{
    ret->redrive_ms = (uint32_t)conf_int(c, "redrive.every");
    ret->undelivered_ms = (uint32_t)conf_int(c, "redrive.undelivered");
    ret->sweep_ms = (uint32_t)conf_int(c, "sweep.every");
    ret->journal_days = (uint32_t)conf_int(c, "journal.days");
    return run_settings_from(c, &ret->run, err);
}

static int64_t now(const struct producer *p)
{
    return clock_now(loop_clock(p->parts.loop));
}

static int64_t wall(const struct producer *p)
{
    return clock_wall(loop_clock(p->parts.loop));
}

struct producer *producer_new(const struct run_parts *parts,
                              const struct producer_settings *s,
                              struct metrics *metrics)
{
    struct producer *p = xalloc(sizeof(*p));
    p->parts = *parts;
    p->s = s;
    str_init(&p->trouble, 512);
    str_puts(&p->trouble, "starting");
    p->m.leading = metrics_gauge(metrics, "contact_sync_leading", "1: this producer schedules.");
    p->m.messages =
        metrics_counter(metrics, "contact_sync_published_total", "Messages published by runs.");
    p->m.redriven =
        metrics_counter(metrics, "contact_sync_redriven_total", "Messages published again.");
    p->m.oldest_dirty = metrics_gauge(metrics, "contact_sync_oldest_dirty_seconds",
                                      "Age of the oldest link that is due and not right yet.");
    p->m.source_errors =
        metrics_counter(metrics, "contact_sync_source_errors_total", "Runs that failed.");
    p->m.run_seconds =
        metrics_gauge(metrics, "contact_sync_run_seconds", "Duration of the last run.");
    p->m.skipped = metrics_counter(metrics, "contact_sync_job_skipped_total",
                                   "Fire times of the schedule that were missed.");
    p->m.next_fire = metrics_gauge(metrics, "contact_sync_job_next_timestamp_seconds",
                                   "Unix time at which the schedule runs next; 0: never.");
    p->m.runs = metrics_family(metrics, METRIC_COUNTER, "contact_sync_runs_total",
                               "Runs by result.", "result", NULL, NULL, 0);
    p->photos = photos_new(parts, s->run.photos, metrics);
    return p;
}

void producer_free(struct producer *p)
{
    if (!p)
        return;
    photos_free(p->photos);
    str_release(&p->trouble);
    free(p);
}

void producer_wake(void *producer)
{
    ((struct producer *)producer)->woken = true;
}

/* --- re-drive, sweep, age -------------------------------------------------------------- */

static void redrive(struct producer *p)
{
    struct redrive_parts rp = {p->parts.loop, p->parts.store, p->parts.queue, p->s->undelivered_ms};
    struct err err;
    size_t n = 0;
    if (redrive_pass(&rp, &n, &err) < 0) {
        if (!p->fails++)
            log_warn("offering again failed, next pass soon", log_err(&err));
        if (!strcmp(err.code, "plan.deposed"))
            p->leading = false;
    } else {
        p->fails = 0;
    }
    if (n)
        log_info("offered again", kv("messages", n));
    metric_add(p->m.redriven, (double)n);
}

static void age(struct producer *p)
{
    int64_t ms;
    struct err err;
    if (p->parts.store->ops->oldest_dirty_ms(p->parts.store, &ms, &err) == 0)
        metric_set(p->m.oldest_dirty, (double)ms / 1000.0);
}

static void sweep(struct producer *p)
{
    struct err err;
    if (p->parts.store->ops->sweep(p->parts.store, p->s->journal_days, &err) < 0)
        log_warn("sweep failed, next one later", log_err(&err));
}

static void photos_ended(struct producer *p, bool *failed, int rc, const struct err *err)
{
    if (rc < 0 && !*failed)
        log_warn("pictures have to wait, next try soon", log_err(err));
    if (rc < 0 && !strcmp(err->code, "plan.deposed"))
        p->leading = false;
    *failed = rc < 0;
}

/* Without a queue that answers, mailboxes would be marked as offered that nobody hears of. */
static void tell_photos(struct producer *p)
{
    struct err err;
    if (p->leading && !p->fails)
        photos_ended(p, &p->offers_failed, photos_tell(p->photos, &err), &err);
}

/* What is due between two steps of sequential work. */
static void housekeeping(struct producer *p)
{
    int64_t t = now(p);
    if (t >= p->redrive_at) {
        redrive(p);
        p->redrive_at = now(p) + p->s->redrive_ms;
    }
    if (t >= p->age_at) {
        age(p);
        p->age_at = now(p) + AGE_MS;
    }
    if (t >= p->sweep_at && !p->run) {
        if (p->sweep_at)
            sweep(p);
        p->sweep_at = now(p) + p->s->sweep_ms;
    }
    tell_photos(p);
}

/* --- runs ------------------------------------------------------------------------------ */

/* Called by the run between its steps, never while the store is in a call. */
static void on_progress(const char *phase, size_t done, size_t of, void *user)
{
    struct producer *p = user;
    bool new_phase = strncmp(p->phase, phase, sizeof(p->phase) - 1) != 0;
    if (!new_phase && now(p) < p->progress_at)
        return;
    snprintf(p->phase, sizeof(p->phase), "%s", phase);
    p->progress_at = now(p) + PROGRESS_MS;
    struct err err; /* progress is a courtesy */
    (void)!p->parts.store->ops->run_progress(p->parts.store, p->run, phase, (int64_t)done,
                                             (int64_t)of, &err);
    housekeeping(p);
}

static void finish(struct producer *p,
                   const struct plan_run *run,
                   const struct run_counts *c,
                   const struct err *failure)
{
    autovalue(str_release) struct str json = STR_INIT(4096);
    autovalue(str_release) struct str text = STR_INIT(4096);
    struct err err;
    run_counts_json(c, &json);
    if (failure)
        str_puts(&text, failure->text);
    else
        run_counts_text(c, &text);
    if (p->parts.store->ops->run_finish(p->parts.store, run->id, !failure, text.p, json.p, &err) <
        0)
        log_warn("the run's result could not be saved", kv("run", run->id), log_err(&err));
}

static void execute(struct producer *p, const struct plan_run *run)
{
    struct run_options o = {.run = run->id,
                            .one_user = run->one_user,
                            .person_key = run->person_key,
                            .urgent = run->urgent,
                            .progress = on_progress,
                            .user = p};
    struct run_counts c;
    struct err err;
    int64_t start = now(p);
    p->run = run->id;
    log_info("run started", kv("run", run->id), kv("trigger", run->trigger));
    int rc = run_execute(&p->parts, &p->s->run, &o, &c, &err);
    finish(p, run, &c, rc < 0 ? &err : NULL);
    metric_add(metrics_series(p->m.runs, rc < 0 ? "failed" : "success", NULL), 1);
    metric_set(p->m.run_seconds, (double)(now(p) - start) / 1000.0);
    metric_add(p->m.messages, (double)c.messages);
    if (rc < 0) {
        metric_add(p->m.source_errors, 1);
        log_error("run failed", kv("run", run->id), log_err(&err));
    } else {
        photos_wake(p->photos);
        log_info("run planned", kv("run", run->id), kv("users", c.users), kv("people", c.people),
                 kv("wanted", c.wanted), kv("messages", c.messages), kv("held", c.held),
                 kv("ms", now(p) - start));
    }
    p->run = 0;
    p->phase[0] = 0;
}

/* Asks for the run of the schedule's fire time that is due. Between runs only: they never overlap.
 */
static void schedule(struct producer *p)
{
    struct job_tick t;
    struct err err;
    if (!p->s->job)
        return;
    if (job_tick(p->s->job, p->parts.store, wall(p), &t, &err) < 0) {
        log_warn("the scheduled run could not be asked for, next try soon", log_err(&err));
        if (!strcmp(err.code, "plan.deposed"))
            p->leading = false;
        return;
    }
    if (t.skipped) {
        log_warn("fire times of the schedule were missed", kv("skipped", t.skipped));
        metric_add(p->m.skipped, (double)t.skipped);
    }
    if (t.fire_s && !t.made)
        log_info("this fire time has had its run", kv("fire_s", t.fire_s));
}

/* Executes one requested run; false: there is none. */
static bool next_run(struct producer *p)
{
    autoptr(arena_free) struct arena *a = arena_new("a run's request", 1 << 20);
    struct plan_run run;
    struct err err;
    bool found = false;
    if (p->parts.store->ops->run_next(p->parts.store, a, &run, &found, &err) < 0) {
        if (!strcmp(err.code, "plan.deposed"))
            p->leading = false;
        return false;
    }
    if (found)
        execute(p, &run);
    return found;
}

static void lead(struct producer *p)
{
    struct err err;
    bool leading = false;
    str_clear(&p->trouble);
    if (p->parts.store->ops->lead(p->parts.store, &leading, &err) < 0)
        str_addf(&p->trouble, "PostgreSQL: %s", err.text);
    if (leading != p->leading)
        log_info(leading ? "leading" : "standing by");
    if (leading && !p->leading) {
        photos_wake(p->photos);
        if (p->s->job)
            job_lead(p->s->job);
    }
    p->leading = leading;
    metric_set(p->m.leading, leading);
}

static bool goes_on(const struct producer *p)
{
    return p->leading && !loop_quitting(p->parts.loop);
}

/* Until the next pass: a fire time is met to the second. Shows it on the way. */
static uint32_t until_next(const struct producer *p)
{
    int64_t wait = p->s->redrive_ms < IDLE_MS ? p->s->redrive_ms : IDLE_MS;
    int64_t fire_s = p->s->job ? job_next(p->s->job, wall(p)) : -1;
    metric_set(p->m.next_fire, fire_s < 0 ? 0 : (double)fire_s);
    if (fire_s >= 0 && fire_s * 1000 - wall(p) < wait)
        wait = fire_s * 1000 - wall(p);
    return (uint32_t)wait;
}

/* The next few pictures; true: there are more. */
static bool next_photos(struct producer *p)
{
    struct err err;
    bool more = false;
    photos_ended(p, &p->photos_failed, photos_step(p->photos, &more, &err), &err);
    if (!more && p->leading)
        tell_photos(p);
    return more;
}

uint32_t producer_step(struct producer *p)
{
    lead(p);
    p->woken = false;
    if (!p->leading)
        return STANDBY_MS;
    do
        schedule(p);
    while (goes_on(p) && next_run(p));
    if (p->leading)
        housekeeping(p);
    bool more = goes_on(p) && next_photos(p);
    uint32_t wait = until_next(p); /* shows the next fire time, too */
    return more ? 0 : wait;
}

void producer_run(struct producer *p)
{
    while (!loop_quitting(p->parts.loop)) {
        uint32_t wait = producer_step(p);
        (void)!loop_wait(p->parts.loop, &p->woken, wait);
    }
}

bool producer_ready(const struct producer *p, struct str *why)
{
    if (!p->trouble.n)
        return true;
    str_puts(why, p->trouble.p);
    return false;
}

void producer_debug(const struct producer *p, struct str *json)
{
    str_addf(json,
             "{\"leading\":%s,\"run\":%lld,\"phase\":\"%s\",\"redriven\":%.0f,\"published\":%.0f,"
             "\"job\":",
             p->leading ? "true" : "false", (long long)p->run, p->phase,
             metric_value(p->m.redriven), metric_value(p->m.messages));
    if (p->s->job)
        job_json(p->s->job, wall(p), json);
    else
        str_puts(json, "null");
    str_putc(json, '}');
}
