#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "cli/cli.h"
#include "common/app/app_pg.h"
#include "common/core/cron/tz.h"
#include "common/drv/pg.h"
#include "common/drv/report_runs_pg.h"
#include "common/drv/tz_load.h"

enum { DEFAULT_LIMIT = 20, MAX_LIMIT = 10000, ARENA_MAX = 64 << 20 };

struct runs {
    struct tz *zone;
    struct report_past_run *v;
    size_t n;
};

/* Who asked, in an operator's words. */
static const char *asker(const char *trigger)
{
    static const char *const words[][2] = {{"cron", "schedule"},
                                           {"cli", "command line"},
                                           {"save", "settings page"},
                                           {"hint", "change in Rock"},
                                           {"clear", "Clear and Remove"}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!strcmp(trigger, words[i][0]))
            return words[i][1];
    return trigger;
}

/* The local time by Rock's zone, NULL when there is none yet. */
static const char *when(const struct runs *r, int64_t ms, char out[TZ_TEXT])
{
    return ms ? tz_format(r->zone, ms / 1000, out) : NULL;
}

static json_t *run_json(const struct runs *r, const struct report_past_run *x)
{
    char requested[TZ_TEXT], started[TZ_TEXT], finished[TZ_TEXT], fire[TZ_TEXT];
    json_t *counts = json_loads(x->counts_json, 0, NULL);

    return json_pack("{s:I, s:s, s:s, s:s?, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:o}", "id",
                     (json_int_t)x->id, "asked_by", asker(x->trigger), "trigger", x->trigger,
                     "user", x->user, "status", x->state, "message", x->message, "fire_time",
                     when(r, x->fire_ms, fire), "requested", when(r, x->requested_ms, requested),
                     "start", when(r, x->started_ms, started), "end",
                     when(r, x->finished_ms, finished), "counts", counts ? counts : json_object());
}

static void print_json(const struct runs *r)
{
    json_t *all = json_array();

    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(all, run_json(r, &r->v[i]));
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

static void took(const struct report_past_run *x, char out[32])
{
    int64_t s = (x->finished_ms - x->started_ms + 500) / 1000;

    if (!x->started_ms || !x->finished_ms)
        snprintf(out, 32, "-");
    else if (s < 120)
        snprintf(out, 32, "%lld s", (long long)s);
    else
        snprintf(out, 32, "%lld min", (long long)(s / 60));
}

static void print_text(const struct runs *r)
{
    if (r->n == 0)
        puts("no run yet; `contact-sync run` asks for one");
    else
        printf("%8s  %-25s  %7s  %-9s  %s\n", "run", "start", "took", "status",
               "asked by: message");
    for (size_t i = 0; i < r->n; i++) {
        const struct report_past_run *x = &r->v[i];
        const char *message = *x->message ? x->message : x->phase;
        char start[TZ_TEXT], time[32];
        took(x, time);
        printf("%8lld  %-25s  %7s  %-9s  %s%s%s%s%s\n", (long long)x->id,
               x->started_ms ? when(r, x->started_ms, start) : "-", time, x->state,
               asker(x->trigger), x->user ? ", for " : "", x->user ? x->user : "",
               *message ? ": " : "", message);
    }
}

static int collect(struct app *app, struct arena *a, size_t limit, struct runs *r, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;

    if (tz_load(conf_str(app->conf, "rock.time_zone"), &r->zone, err) < 0 ||
        app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0)
        return -1;
    return report_runs(pg, a, limit, &r->v, &r->n, err);
}

static int read_args(const struct app *app, int argc, char **argv, bool *json, size_t *limit)
{
    for (int i = 1; i < argc; i++) {
        const char *v = app_option("--limit", argc, argv, &i);
        char *end;
        if (!v && !strcmp(argv[i], "--json")) {
            *json = true;
        } else if (v) {
            long n = strtol(v, &end, 10);
            if (*end || n < 1 || n > MAX_LIMIT)
                return cli_usage(app, &cli_runs, "--limit takes 1 to 10000, not", v);
            *limit = (size_t)n;
        } else {
            return cli_usage(app, &cli_runs, "unknown argument", argv[i]);
        }
    }
    return 0;
}

static int run(struct app *app, int argc, char **argv)
{
    autoptr(arena_free) struct arena *a = arena_new("runs", ARENA_MAX);
    struct runs r = {0};
    struct err err;
    bool json = false;
    size_t limit = DEFAULT_LIMIT;
    int code = read_args(app, argc, argv, &json, &limit);

    if (code)
        return code;
    if (collect(app, a, limit, &r, &err) < 0)
        code = app_fail(app, &err);
    else if (json)
        print_json(&r);
    else
        print_text(&r);
    tz_free(r.zone);
    return code;
}

const struct cli_verb cli_runs = {
    "runs", "history of runs: when, who asked, how it ended",
    "Usage: contact-sync runs [--limit N] [--json]\n"
    "\n"
    "The last 20 runs, or --limit, youngest first; times by rock.time_zone. A run is over when all "
    "is\n"
    "planned and published; `contact-sync status` tells what the workers have left of it.\n"
    "Runs are kept for 90 days.\n"
    "\n"
    "Example:\n"
    "  contact-sync runs --json | jq '.[] | select(.status == \"failed\")'\n",
    run};
