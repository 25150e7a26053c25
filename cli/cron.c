#include "common/core/cron/cron.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/tm.h"

#include "cli/cli.h"
#include "cli/cron_vectors.h"
#include "common/drv/tz_load.h"

enum {
    DATA_ERROR = 65, /* @source sysexits.h, EX_DATAERR */
    DEFAULT_COUNT = 5,
    MAX_COUNT = 100000,
    TEXT_MAX = 8192
};

/* The schedule with a mark under the place, as compilers do. Tabs stand in the line below too. */
static int bad_expression(const struct app *app, const char *expr, size_t at, const struct err *err)
{
    fprintf(stderr, "%s: %s\n", app->program, err->text);
    if (strlen(expr) > CRON_MAX)
        return DATA_ERROR;
    fprintf(stderr, "  %s\n  ", expr);
    for (size_t i = 0; i < at; i++)
        fputc(expr[i] == '\t' ? '\t' : ' ', stderr);
    fputs("^\n", stderr);
    return DATA_ERROR;
}

/* ---- next ---- */

struct next_args {
    const char *expr, *zone, *after; /* after NULL: now */
    int64_t after_s;
    int64_t count;
    bool json;
};

/* 0: taken. Otherwise the exit code. */
static int read_value(const struct app *app, struct next_args *a, const char *name, const char *v)
{
    char *end;

    if (!*v)
        return cli_usage(app, &cli_cron, "a value is missing:", name);
    if (!strcmp(name, "--tz")) {
        a->zone = v;
    } else if (!strcmp(name, "--after")) {
        a->after = v;
    } else {
        a->count = strtoll(v, &end, 10);
        if (*end || a->count < 1 || a->count > MAX_COUNT)
            return cli_usage(app, &cli_cron, "--count takes 1 to 100000, not", v);
    }
    return 0;
}

static int read_args(const struct app *app, int argc, char **argv, struct next_args *a)
{
    static const char *const names[] = {"--tz", "--after", "--count"};

    for (int i = 2; i < argc; i++) {
        const char *v = NULL, *name = NULL;
        for (size_t k = 0; k < ARRAY_LEN(names) && !v; k++)
            v = app_option(name = names[k], argc, argv, &i);
        if (v) {
            int code = read_value(app, a, name, v);
            if (code)
                return code;
        } else if (!strcmp(argv[i], "--json")) {
            a->json = true;
        } else if (!a->expr && strncmp(argv[i], "--", 2) != 0) {
            a->expr = argv[i];
        } else {
            return cli_usage(app, &cli_cron, "unknown argument", argv[i]);
        }
    }
    return 0;
}

/* A time without an offset is one of the zone. */
static bool read_after(struct next_args *a, const struct tz *z, int64_t now_ms)
{
    struct tm_civil t;
    int64_t ms = now_ms;

    if (a->after && tm_parse_naive(a->after, &t)) {
        int64_t days = tm_days_from_civil(t.year, t.month, t.day);
        a->after_s = tz_local(z, days * 86400 + t.hour * 3600 + t.minute * 60 + t.second).first;
        return true;
    }
    if (a->after && !tm_parse_utc(a->after, &ms))
        return false;
    a->after_s = ms / 1000 - (ms % 1000 < 0);
    return true;
}

static void
print_json(const struct next_args *a, const struct cron *c, const struct tz *z, const json_t *next)
{
    autovalue(str_release) struct str text = STR_INIT(TEXT_MAX);
    char after[TZ_TEXT];

    cron_describe(c, &text);
    json_t *all =
        json_pack("{s:s, s:s, s:s, s:s, s:O}", "expr", a->expr, "description", text.p, "zone",
                  tz_name(z), "after", tz_format(z, a->after_s, after), "next", next);
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

static void print_next(const struct next_args *a, const struct cron *c, const struct tz *z)
{
    json_t *next = json_array();
    int64_t t = a->after_s, n = 0;
    char text[TZ_TEXT];

    for (; n < a->count && cron_next(c, z, t, &t); n++) {
        if (a->json)
            json_array_append_new(next, json_string(tz_format(z, t, text)));
        else
            puts(tz_format(z, t, text));
    }
    if (a->json)
        print_json(a, c, z, next);
    else if (n < a->count)
        fprintf(stderr, "never %s\n", n ? "again" : "from then on");
    json_decref(next);
}

static int run_next(struct app *app, int argc, char **argv)
{
    struct next_args a = {.zone = conf_str(app->conf, "rock.time_zone"), .count = DEFAULT_COUNT};
    autoptr(tz_free) struct tz *z = NULL;
    struct cron c;
    struct err err;
    size_t at = 0;

    int code = read_args(app, argc, argv, &a);
    if (code)
        return code;
    if (!a.expr)
        return cli_usage(app, &cli_cron, "give the schedule as one argument", NULL);
    if (cron_parse(a.expr, &c, &at, &err) < 0)
        return bad_expression(app, a.expr, at, &err);
    if (tz_load(a.zone, &z, &err) < 0) {
        fprintf(stderr, "%s: %s\n", app->program, err.text);
        return DATA_ERROR;
    }
    if (!read_after(&a, z, clock_wall(loop_clock(app->loop))))
        return cli_usage(app, &cli_cron, "--after takes a time such as 2026-01-31T09:00:00Z, not",
                         a.after);
    print_next(&a, &c, z);
    return APP_OK;
}

/* ---- explain, vectors ---- */

static int run_explain(struct app *app, int argc, char **argv)
{
    autovalue(str_release) struct str out = STR_INIT(TEXT_MAX);
    struct cron c;
    struct err err;
    size_t at = 0;
    int64_t t;

    if (argc != 3)
        return cli_usage(app, &cli_cron, "give the schedule as one argument", NULL);
    if (cron_parse(argv[2], &c, &at, &err) < 0)
        return bad_expression(app, argv[2], at, &err);
    cron_describe(&c, &out);
    if (!cron_next(&c, tz_utc(), clock_wall(loop_clock(app->loop)) / 1000, &t))
        str_puts(&out, " (never again from now on)");
    puts(out.p);
    return APP_OK;
}

static int run_vectors(struct app *app, int argc, char **argv)
{
    struct cron_vectors_sum sum;
    struct err err;

    if (argc != 3)
        return cli_usage(app, &cli_cron, "give one file", NULL);
    if (cron_vectors_run(argv[2], stdout, &sum, &err) < 0) {
        fprintf(stderr, "%s: %s\n", app->program, err.text);
        return DATA_ERROR;
    }
    printf("%zu passed, %zu failed\n", sum.passed, sum.failed);
    return sum.failed ? APP_FAILED : APP_OK;
}

static int run(struct app *app, int argc, char **argv)
{
    const char *sub = argc > 1 ? argv[1] : "";

    if (!strcmp(sub, "next"))
        return run_next(app, argc, argv);
    if (!strcmp(sub, "explain"))
        return run_explain(app, argc, argv);
    if (!strcmp(sub, "vectors"))
        return run_vectors(app, argc, argv);
    return cli_usage(app, &cli_cron, "say next, explain or vectors", NULL);
}

const struct cli_verb cli_cron = {
    "cron", "the job's schedule: next times, in plain words",
    "Usage: contact-sync cron next EXPR [--tz ZONE] [--after ISO] [--count N] [--json]\n"
    "       contact-sync cron explain EXPR\n"
    "       contact-sync cron vectors FILE.json\n"
    "\n"
    "EXPR is a Quartz schedule, one argument: second minute hour day-of-month month day-of-week "
    "[year].\n"
    "\n"
    "  next        5 fire times, or --count, strictly after --after (default: now), in ZONE "
    "(default:\n"
    "              rock.time_zone; IANA or Windows name). A time without an offset is one of the "
    "zone\n"
    "  explain     the schedule in English\n"
    "  vectors     compares a file of schedules and known fire times with what this program says\n"
    "\n"
    "Exit codes: 0 done, 1 vectors failed, 64 usage, 65 no such schedule or zone.\n"
    "\n"
    "Example:\n"
    "  contact-sync cron next '0 0 1 ? * MON-FRI *' --tz America/New_York\n",
    run};
