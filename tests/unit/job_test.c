/*
 * The job on a fake clock: whole producers, over a fake plan store and a Rock that answers at once,
 * or as slowly as a test wants.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/str.h"
#include "common/base/tm.h"

#include "common/app/settings.h"
#include "common/drv/queue_memory.h"
#include "producer/producer.h"
#include "tests/support/plan_store_fake.h"
#include "tests/unit/core_support.h"

enum { PRODUCERS = 2, JUMP_MS = 29000, HOUR_MS = 3600000 };

struct rig {
    struct directory_source rock;
    struct clock_fake clock;
    struct loop *loop;
    struct plan_store_fake *rows;
    struct queue *queue;
    struct metrics *metrics[PRODUCERS];
    struct conf *conf;
    struct plan_store *port[PRODUCERS];
    struct producer_settings s[PRODUCERS];
    struct producer *p[PRODUCERS]; /* NULL: dead */
    int64_t rock_takes_ms;         /* the next time it is read */
    bool rock_kills;               /* the leader dies while it reads Rock */
    struct err err;
};

static void move(struct rig *r, int64_t ms)
{
    clock_fake_advance(&r->clock, ms);
    while (loop_turn(r->loop, 0) > 0)
        ;
}

static int rock_snapshot(struct directory_source *s,
                         const struct source_request *rq,
                         struct directory **ret,
                         struct err *err)
{
    struct rig *r = (struct rig *)s;
    (void)rq;
    move(r, r->rock_takes_ms);
    r->rock_takes_ms = 0;
    if (r->rock_kills) {
        plan_store_fake_kill(r->rows, r->rows->leader);
        r->rock_kills = false;
        return err_set(err, SCOPE_PROCESS, WHEN_LATER, "test", "killed");
    }
    *ret = a_directory(0);
    (*ret)->read_at_ms = clock_wall(&r->clock.clock);
    return 0;
}

static const struct directory_source_ops rock_ops = {.name = "rock", .snapshot = rock_snapshot};

static int64_t at(const char *iso)
{
    int64_t ms = 0;
    cr_assert(tm_parse_utc(iso, &ms), "%s", iso);
    return ms;
}

static void set(struct rig *r, const char *name, const char *value)
{
    autovalue(str_release) struct str line = STR_INIT(600);
    str_addf(&line, "%s=%s", name, value);
    cr_assert_eq(conf_set(r->conf, line.p, &r->err), 0, "%s", r->err.text);
}

static void add_producer(struct rig *r, int i)
{
    const struct run_parts parts = {r->loop, r->port[i], &r->rock, r->queue};
    cr_assert_eq(producer_settings_from(r->conf, &r->s[i], &r->err), 0, "%s", r->err.text);
    cr_assert_eq(job_new(r->conf, &r->s[i].job, &r->err), 0, "%s", r->err.text);
    r->metrics[i] = metrics_new();
    r->p[i] = producer_new(&parts, &r->s[i], r->metrics[i]);
}

static void kill_producer(struct rig *r, int i)
{
    plan_store_fake_kill(r->rows, r->port[i]);
    producer_free(r->p[i]);
    r->p[i] = NULL;
    job_free(r->s[i].job);
    r->s[i].job = NULL;
    metrics_free(r->metrics[i]);
    r->metrics[i] = NULL;
}

static void rig_open(struct rig *r, const char *cron, const char *zone, const char *now)
{
    memset(r, 0, sizeof(*r));
    log_init("job_test", LOG_LVL_ERROR, false);
    clock_fake_init(&r->clock, at(now));
    r->loop = loop_new(&r->clock.clock);
    r->rock.ops = &rock_ops;
    r->rows = plan_store_fake_new(&r->clock.clock);
    r->queue = queue_memory_new(r->loop);
    r->port[0] = plan_store_fake_port(r->rows);
    r->port[1] = plan_store_fake_peer(r->rows);
    r->conf = conf_new(settings_table, settings_count);
    set(r, "eligible_group", "11111111-2222-4333-8444-555555555555");
    set(r, "job.active", "true");
    set(r, "job.cron", cron);
    set(r, "rock.time_zone", zone);
    add_producer(r, 0);
}

static void rig_close(struct rig *r)
{
    for (int i = 0; i < PRODUCERS; i++)
        if (r->p[i])
            kill_producer(r, i);
    plan_store_free(r->port[1]);
    queue_free(r->queue);
    plan_store_free(r->port[0]);
    conf_free(r->conf);
    loop_free(r->loop);
}
#define RIG(name, cron, zone, now)                                                                 \
    __attribute__((cleanup(rig_close))) struct rig name;                                           \
    rig_open(&(name), cron, zone, now)

/* Both producers, as the clock runs. An idle one is left alone for longer than it asks for: a fire
 * time is found late, and still is the one that the schedule names. */
static void run_until(struct rig *r, int64_t wall_ms, int64_t jump_ms)
{
    while (clock_wall(&r->clock.clock) <= wall_ms) {
        int64_t wait = jump_ms;
        for (int i = 0; i < PRODUCERS; i++) {
            int64_t asked = r->p[i] ? producer_step(r->p[i]) : jump_ms;
            if (asked < wait && asked < 1000)
                wait = asked;
        }
        move(r, wait > 0 ? wait : 1);
    }
}

static void run_to(struct rig *r, const char *iso)
{
    run_until(r, at(iso), JUMP_MS);
}

static size_t count_runs(const struct rig *r, int state)
{
    size_t n = 0;
    vec_foreach (x, &r->rows->runs)
        n += (int)x->state == state;
    return n;
}

static double skipped(const struct rig *r, int i)
{
    return metric_value(metrics_counter(r->metrics[i], "contact_sync_job_skipped_total",
                                        "Fire times of the schedule that were missed."));
}

/* ---- when it fires ---- */

/* Beside those of the minute before, which a producer that starts makes good. */
static bool fires_are(const struct rig *r, int64_t after_ms, const json_t *next)
{
    const struct fake_run *x = r->rows->runs.v;
    size_t n = r->rows->runs.n;
    for (; n > 0 && x->fire_s * 1000 <= after_ms; n--)
        x++;
    if (n != json_array_size(next))
        return false;
    for (size_t i = 0; i < n; i++, x++) {
        if (x->fire_s * 1000 != at(json_string_value(json_array_get(next, i))) ||
            x->state != FAKE_SUCCESS || x->started_ms / 1000 - x->fire_s > 60)
            return false;
    }
    return true;
}

/* Five fire times within three days and minutes apart: what a producer can be left running for. */
static bool short_enough(int64_t after_ms, const json_t *next)
{
    int64_t last = after_ms;
    for (size_t i = 0; i < json_array_size(next); i++) {
        int64_t t = at(json_string_value(json_array_get(next, i)));
        if (i > 0 && t - last < 10 * 60000)
            return false;
        last = t;
    }
    return json_array_size(next) == 5 && last - after_ms < 72LL * HOUR_MS;
}

static void leave_running(const char *expr, const json_t *o)
{
    const char *after = json_string_value(json_object_get(o, "after"));
    const json_t *next = json_object_get(o, "next");
    RIG(r, expr, json_string_value(json_object_get(o, "tz")), after);
    run_until(&r, at(json_string_value(json_array_get(next, 4))) + JUMP_MS, JUMP_MS);
    if (!fires_are(&r, at(after), next))
        cr_assert(false, "\"%s\" after %s", expr, after);
}

Test(job, fires_at_the_times_of_the_reference_across_clock_changes, .timeout = 120)
{
    static const char *const nights[] = {"2024-03-10T04:10:00Z", "2024-11-03T03:10:00Z",
                                         "2024-03-30T23:10:00Z", "2024-10-26T22:10:00Z",
                                         "2024-10-05T13:10:00Z", "2024-04-06T12:10:00Z"};
    json_t *all = json_load_file("tests/golden/cron/quartz-public.json", 0, NULL), *v, *o;
    size_t i, k, ran[ARRAY_LEN(nights)] = {0};
    cr_assert_not_null(all);
    json_array_foreach(json_object_get(all, "valid"), i, v)
    {
        json_array_foreach(json_object_get(v, "cases"), k, o)
        {
            const char *after = json_string_value(json_object_get(o, "after"));
            for (size_t n = 0; n < ARRAY_LEN(nights); n++) {
                if (strcmp(after, nights[n]) != 0 || ran[n] == 100 ||
                    !short_enough(at(after), json_object_get(o, "next")))
                    continue;
                ran[n]++;
                leave_running(json_string_value(json_object_get(v, "expr")), o);
            }
        }
    }
    for (size_t n = 0; n < ARRAY_LEN(nights); n++)
        cr_expect(ge(sz, ran[n], 20), "%s: %zu schedules", nights[n], ran[n]);
    json_decref(all);
}

Test(job, fires_on_time)
{
    RIG(r, "0 0 1 ? * MON-FRI *", "America/Phoenix", "2026-11-23T07:59:30Z");
    run_until(&r, at("2026-11-23T08:00:01Z"), 1000);
    cr_assert(eq(sz, r.rows->runs.n, 1));
    cr_expect(eq(i64, r.rows->runs.v[0].started_ms, at("2026-11-23T08:00:00Z")));
    cr_expect_str_eq(r.rows->runs.v[0].trigger, "cron");
}

Test(job, does_nothing_when_it_is_off)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:00:30Z");
    kill_producer(&r, 0);
    set(&r, "job.active", "false");
    add_producer(&r, 0);
    run_to(&r, "2026-11-23T12:00:00Z");
    cr_expect(eq(sz, r.rows->runs.n, 0));
    cr_expect(eq(i64, job_next(r.s[0].job, clock_wall(&r.clock.clock)), -1));
}

Test(job, is_off_as_shipped)
{
    struct conf *c = conf_new(settings_table, settings_count);
    cr_expect(not(conf_bool(c, "job.active")));
    cr_expect_str_eq(conf_str(c, "job.cron"), "0 0 1 ? * MON-FRI *");
    conf_free(c);
}

/* ---- overlap, misfires ---- */

Test(job, never_overlaps_and_skips_what_it_missed)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:05:00Z");
    r.rock_takes_ms = 25 * 60000; /* 08:10 to 08:35: 08:20 and 08:30 are missed */
    run_to(&r, "2026-11-23T08:41:00Z");
    cr_assert(eq(sz, r.rows->runs.n, 2));
    cr_expect(eq(i64, r.rows->runs.v[0].fire_s * 1000, at("2026-11-23T08:10:00Z")));
    cr_expect(eq(i64, r.rows->runs.v[1].fire_s * 1000, at("2026-11-23T08:40:00Z")));
    cr_expect(eq(sz, count_runs(&r, FAKE_SUCCESS), 2));
    cr_expect(eq(dbl, skipped(&r, 0), 2.0));
}

Test(job, runs_what_came_less_than_a_minute_before_the_last_run_ended)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:05:00Z");
    r.rock_takes_ms = 20 * 60000 + 50000; /* 08:10:00 to 08:30:50 */
    run_until(&r, at("2026-11-23T08:10:01Z"), 1000);
    cr_assert(ge(sz, r.rows->runs.n, 2));
    cr_expect(eq(i64, r.rows->runs.v[1].fire_s * 1000, at("2026-11-23T08:30:00Z")));
    cr_expect(eq(dbl, skipped(&r, 0), 1.0), "08:20");
}

Test(job, skips_what_came_while_the_machine_slept)
{
    RIG(r, "0 0 1 * * ?", "Europe/London", "2026-11-22T22:00:00Z");
    run_to(&r, "2026-11-22T23:00:00Z");
    move(&r, 9LL * HOUR_MS);
    run_to(&r, "2026-11-23T12:00:00Z");
    cr_expect(eq(sz, r.rows->runs.n, 0));
    cr_expect(eq(dbl, skipped(&r, 0), 1.0));
    run_to(&r, "2026-11-24T02:00:00Z");
    cr_expect(eq(sz, r.rows->runs.n, 1));
}

Test(job, a_clock_that_goes_back_runs_nothing_twice)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:05:00Z");
    run_to(&r, "2026-11-23T08:31:00Z");
    cr_assert(eq(sz, r.rows->runs.n, 3));
    r.clock.wall -= 25LL * 60000; /* somebody sets the clock */
    run_to(&r, "2026-11-23T08:41:00Z");
    cr_assert(eq(sz, r.rows->runs.n, 4));
    cr_expect(eq(i64, r.rows->runs.v[3].fire_s * 1000, at("2026-11-23T08:40:00Z")));
    r.clock.wall += 400LL * 24 * HOUR_MS; /* a year ahead by mistake, and back */
    run_until(&r, clock_wall(&r.clock.clock) + 5000, 1000);
    r.clock.wall -= 400LL * 24 * HOUR_MS;
    run_to(&r, "2026-11-23T08:51:00Z");
    cr_expect(
        eq(i64, r.rows->runs.v[r.rows->runs.n - 1].fire_s * 1000, at("2026-11-23T08:50:00Z")));
}

Test(job, a_store_that_fails_is_asked_again_for_the_same_fire_time)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:09:50Z");
    r.rows->leader = r.port[0];
    r.rows->fail = "run_fire";
    run_until(&r, at("2026-11-23T08:10:20Z"), 1000);
    cr_assert_null(r.rows->fail);
    cr_assert(eq(sz, r.rows->runs.n, 1));
    cr_expect(eq(i64, r.rows->runs.v[0].fire_s * 1000, at("2026-11-23T08:10:00Z")));
}

/* ---- two producers ---- */

static void check_each_once(const struct rig *r, int64_t first_s, int64_t every_s)
{
    for (size_t i = 0; i < r->rows->runs.n; i++)
        cr_expect(eq(i64, r->rows->runs.v[i].fire_s, first_s + (int64_t)i * every_s), "run %zu", i);
}

Test(job, one_of_two_producers_runs_it)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:05:00Z");
    add_producer(&r, 1);
    run_to(&r, "2026-11-23T10:01:00Z");
    cr_expect(eq(sz, r.rows->runs.n, 12));
    check_each_once(&r, at("2026-11-23T08:10:00Z") / 1000, 600);
    vec_foreach (x, &r.rows->runs)
        cr_expect(x->by == r.port[0]);
}

Test(job, the_other_one_takes_over_and_no_run_is_done_twice)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:05:00Z");
    add_producer(&r, 1);
    run_to(&r, "2026-11-23T08:31:00Z");
    kill_producer(&r, 0);
    run_to(&r, "2026-11-23T09:01:00Z");
    add_producer(&r, 0);
    run_until(&r, at("2026-11-23T09:10:00Z"), 1000); /* right after the fire time */
    kill_producer(&r, 1);
    run_to(&r, "2026-11-23T09:31:00Z");
    cr_expect(eq(sz, r.rows->runs.n, 9));
    check_each_once(&r, at("2026-11-23T08:10:00Z") / 1000, 600);
    cr_expect(eq(sz, count_runs(&r, FAKE_SUCCESS), 9));
    cr_expect(r.rows->runs.v[3].by == r.port[1]);
    cr_expect(r.rows->runs.v[7].by == r.port[0]);
}

Test(job, takes_over_within_the_hour_that_clocks_left_out)
{
    RIG(r, "0 30 2 * * ?", "America/New_York", "2024-03-10T05:00:00Z");
    add_producer(&r, 1);
    run_to(&r, "2024-03-10T07:10:00Z"); /* 03:10; 02:30 is run at 03:30 today */
    kill_producer(&r, 0);
    run_to(&r, "2024-03-10T07:20:00Z");
    cr_expect(eq(i64, job_next(r.s[1].job, clock_wall(&r.clock.clock)),
                 at("2024-03-10T07:30:00Z") / 1000));
    run_to(&r, "2024-03-11T06:31:00Z");
    cr_assert(eq(sz, r.rows->runs.n, 2));
    cr_expect(eq(i64, r.rows->runs.v[0].fire_s * 1000, at("2024-03-10T07:30:00Z")));
    cr_expect(eq(i64, r.rows->runs.v[1].fire_s * 1000, at("2024-03-11T06:30:00Z")));
}

Test(job, the_run_of_a_leader_that_dies_in_it_is_failed_and_not_repeated)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:09:00Z");
    add_producer(&r, 1);
    r.rock_kills = true;
    run_until(&r, at("2026-11-23T08:10:00Z"), 1000);
    kill_producer(&r, 0);
    run_to(&r, "2026-11-23T08:21:00Z");
    cr_assert(eq(sz, r.rows->runs.n, 2));
    cr_expect(eq(int, r.rows->runs.v[0].state, FAKE_FAILED));
    cr_expect(eq(int, r.rows->runs.v[1].state, FAKE_SUCCESS));
    cr_expect(r.rows->runs.v[1].by == r.port[1]);
    check_each_once(&r, at("2026-11-23T08:10:00Z") / 1000, 600);
}

Test(job, a_leader_that_dies_between_asking_and_running_leaves_the_run_to_the_next)
{
    RIG(r, "0 0/10 * * * ?", "UTC", "2026-11-23T08:09:50Z");
    struct job_tick t;
    add_producer(&r, 1);
    (void)producer_step(r.p[0]);
    move(&r, 11000);
    cr_assert_eq(job_tick(r.s[0].job, r.port[0], clock_wall(&r.clock.clock), &t, &r.err), 0);
    cr_expect(t.made);
    kill_producer(&r, 0);
    run_until(&r, at("2026-11-23T08:10:20Z"), 1000);
    cr_assert(eq(sz, r.rows->runs.n, 1));
    cr_expect(eq(int, r.rows->runs.v[0].state, FAKE_SUCCESS));
    cr_expect(r.rows->runs.v[0].by == r.port[1]);
}

/* ---- settings and words ---- */

static const struct {
    const char *name, *value, *says;
} wrong[] = {
    {"job.cron", "0 1 * * *", "job.cron"},
    {"job.cron", "0 0 25 * * ?", "hours"},
    {"rock.time_zone", "Mars/Olympus", "rock.time_zone"},
    {"rock.time_zone", "../../etc/passwd", "rock.time_zone"},
};

Test(job, refuses_wrong_settings_also_when_it_is_off)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct conf *c = conf_new(settings_table, settings_count);
        struct job *j = NULL;
        struct err err;
        char line[128];
        snprintf(line, sizeof(line), "%s=%s", wrong[i].name, wrong[i].value);
        cr_assert_eq(conf_set(c, line, &err), 0);
        cr_assert_eq(job_new(c, &j, &err), -1, "%s", line);
        cr_expect_str_eq(err.code, "conf");
        cr_expect_not_null(strstr(err.text, wrong[i].says), "%s", err.text);
        conf_free(c);
    }
}

Test(job, says_when_it_runs_next)
{
    RIG(r, "0 0 1 ? * MON-FRI *", "Eastern Standard Time", "2026-11-20T12:00:00Z");
    autovalue(str_release) struct str json = STR_INIT(4096), text = STR_INIT(4096),
                                      debug = STR_INIT(4096);
    int64_t now = clock_wall(&r.clock.clock);
    job_text(r.s[0].job, now, &text);
    cr_expect_str_eq(
        text.p, "Monday to Friday at 01:00 (America/New_York), next 2026-11-23T01:00:00-05:00");
    job_json(r.s[0].job, now, &json);
    json_t *o = json_loads(json.p, 0, NULL);
    cr_expect_str_eq(json_string_value(json_object_get(o, "next")), "2026-11-23T01:00:00-05:00");
    cr_expect_str_eq(json_string_value(json_object_get(o, "cron")), "0 0 1 ? * MON-FRI *");
    json_decref(o);
    (void)producer_step(r.p[0]);
    cr_expect(
        eq(dbl,
           metric_value(metrics_gauge(r.metrics[0], "contact_sync_job_next_timestamp_seconds",
                                      "Unix time at which the schedule runs next; 0: never.")),
           (double)(at("2026-11-23T06:00:00Z") / 1000)));
    producer_debug(r.p[0], &debug);
    cr_expect_not_null(strstr(debug.p, "\"next\":\"2026-11-23T01:00:00-05:00\""), "%s", debug.p);
}
