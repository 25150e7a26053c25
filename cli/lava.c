/*
 * contact-sync lava: templates tried out, checked, and compared with known results.
 */
#include "common/core/lava/lava.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"
#include "common/base/str.h"

#include "cli/cli.h"
#include "cli/lava_clock.h"
#include "cli/lava_vectors.h"
#include "common/core/lava/lava_check.h"
#include "common/core/lava/lava_json.h"

enum {
    BAD_DATA = 65, /* @source sysexits.h: EX_DATAERR, EX_NOINPUT */
    NO_INPUT = 66,
    DATA_MAX = 64 << 20,
    ARENA_MAX = 512 << 20,
    MAX_PARTIALS = 256
};

struct args {
    const char *template, *data, *templates, *now, *zone;
};

/* What a render needs, from files; released at once. */
struct inputs {
    struct arena *a;
    struct str template;
    json_t *data, *templates;
    struct tz *zone;
    struct lava_env env;
    struct lava_partial partials[MAX_PARTIALS];
    struct lava_parse_options options;
};

static void inputs_release(struct inputs *in)
{
    arena_free(in->a);
    str_release(&in->template);
    json_decref(in->data);
    json_decref(in->templates);
    tz_free(in->zone);
}

static int complain(const struct app *app, int code, const char *what, const char *why)
{
    fprintf(stderr, "%s lava: %s: %s\n", app->program, what, why);
    return code;
}

/* 0, or the exit code. */
static int read_file(const struct app *app, const char *path, struct str *out)
{
    assert(path); /* the arguments were checked */
    FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
    char buf[16384];
    size_t n;

    if (!f)
        return complain(app, NO_INPUT, path, strerror(errno));
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        str_add(out, buf, n);
    int failed = ferror(f) ? errno : 0;
    if (f != stdin)
        fclose(f);
    if (failed)
        return complain(app, NO_INPUT, path, strerror(failed));
    return out->over ? complain(app, BAD_DATA, path, "is too long") : 0;
}

static int read_json(const struct app *app, const char *path, json_t **ret)
{
    autovalue(str_release) struct str s = STR_INIT(DATA_MAX);
    json_error_t why;
    char text[120];
    int code = read_file(app, path, &s);

    if (code)
        return code;
    *ret = json_loadb(s.p, s.n, JSON_ALLOW_NUL, &why);
    if (json_is_object(*ret))
        return 0;
    snprintf(text, sizeof(text), "line %d: this is no JSON object", *ret ? 1 : why.line);
    return complain(app, BAD_DATA, path, text);
}

static int read_partials(const struct app *app, const char *path, struct inputs *in)
{
    const char *name;
    json_t *v;
    int code = read_json(app, path, &in->templates);

    if (code)
        return code;
    json_object_foreach(in->templates, name, v)
    {
        size_t n = in->options.n_partials;
        if (!json_is_string(v) || n == MAX_PARTIALS)
            return complain(app, BAD_DATA, path, "holds other things than texts, or too many");
        in->partials[n] = (struct lava_partial){{name, strlen(name)},
                                                {json_string_value(v), json_string_length(v)}};
        in->options.n_partials++;
    }
    in->options.partials = in->partials;
    return 0;
}

static int read_inputs(const struct app *app, const struct args *a, struct inputs *in)
{
    int64_t now_ms = clock_wall(loop_clock(app->loop));
    struct err err;
    int code = read_file(app, a->template, &in->template);

    if (!code && a->data)
        code = read_json(app, a->data, &in->data);
    if (!code && a->templates)
        code = read_partials(app, a->templates, in);
    if (code)
        return code;
    in->env.vars = lava_json_value(in->a, &(struct js){.v = in->data});
    if (tz_load(a->zone, &in->zone, &err) < 0)
        return complain(app, BAD_DATA, a->zone, err.text);
    if (!lava_clock_set(a->now, now_ms, in->zone, &in->env.clock))
        return cli_usage(app, &cli_lava, "--now takes a time such as 2026-01-31T09:00:00, not",
                         a->now);
    return 0;
}

static int bad_template(const struct args *a, const struct err *err)
{
    fprintf(stderr, "%s:%s\n", a->template, err->text);
    return BAD_DATA;
}

static int render(const struct args *a, const struct inputs *in)
{
    autoptr(lava_template_free) struct lava_template *t = NULL;
    autoptr(lava_work_free) struct lava_work *w = lava_work_new();
    struct lava_str out;
    struct err err;

    if (lava_parse(in->template.p, in->template.n, &in->options, &t, &err) < 0 ||
        lava_render(t, &in->env, NULL, w, &out, &err) < 0)
        return bad_template(a, &err);
    fwrite(out.p, 1, out.n, stdout);
    return APP_OK;
}

static int read_args(const struct app *app, int argc, char **argv, bool all, struct args *a)
{
    const struct {
        const char *name;
        const char **value;
        bool always;
    } options[] = {{"--template", &a->template, true},
                   {"--data", &a->data, all},
                   {"--templates", &a->templates, all},
                   {"--now", &a->now, all},
                   {"--tz", &a->zone, all}};

    for (int i = 2; i < argc; i++) {
        const char *v = NULL;
        for (size_t k = 0; k < ARRAY_LEN(options) && !v; k++) {
            v = options[k].always ? app_option(options[k].name, argc, argv, &i) : NULL;
            if (v && !*v)
                return cli_usage(app, &cli_lava, "a value is missing:", options[k].name);
            if (v)
                *options[k].value = v;
        }
        if (!v)
            return cli_usage(app, &cli_lava, "unknown argument", argv[i]);
    }
    if (a->template)
        return 0;
    (void)cli_usage(app, &cli_lava, "--template FILE is missing", NULL);
    return APP_USAGE;
}

static int run_render(struct app *app, int argc, char **argv)
{
    struct args a = {.zone = conf_str(app->conf, "rock.time_zone")};
    int code = read_args(app, argc, argv, true, &a);

    if (code)
        return code;
    struct inputs in = {.a = arena_new("lava", ARENA_MAX), .template = STR_INIT(DATA_MAX)};
    code = read_inputs(app, &a, &in);
    if (!code)
        code = render(&a, &in);
    inputs_release(&in);
    return code;
}

static const char *const kinds[] = {[LAVA_ERROR] = "error",
                                    [LAVA_SERVER] = "needs Rock",
                                    [LAVA_UNSTEADY] = "unsteady",
                                    [LAVA_WARNING] = "warning"};

static int run_check(struct app *app, int argc, char **argv)
{
    autovalue(str_release) struct str text = STR_INIT(DATA_MAX);
    autoptr(arena_free) struct arena *arena = arena_new("lava check", ARENA_MAX);
    struct args a = {0};
    struct lava_report r;
    int code = read_args(app, argc, argv, false, &a);

    if (!code)
        code = read_file(app, a.template, &text);
    if (code)
        return code;
    lava_check(text.p, text.n, arena, &r);
    for (size_t i = 0; i < r.n; i++)
        fprintf(stderr, "%s:%u:%u: %s: %s\n", a.template, r.findings[i].line, r.findings[i].column,
                kinds[r.findings[i].kind], r.findings[i].text);
    for (size_t i = 0; i < r.n_paths; i++)
        puts(r.paths[i]);
    return lava_report_worst(&r) == LAVA_WARNING ? APP_OK : BAD_DATA;
}

static int run_vectors(struct app *app, int argc, char **argv)
{
    struct lava_vectors_sum sum;
    struct err err;

    if (argc != 3)
        return cli_usage(app, &cli_lava, "give one file", NULL);
    if (lava_vectors_run(argv[2], stdout, &sum, &err) < 0) {
        fprintf(stderr, "%s lava: %s\n", app->program, err.text);
        return strcmp(err.code, "input") ? BAD_DATA : NO_INPUT;
    }
    printf("%zu passed, %zu failed\n", sum.passed, sum.failed);
    return sum.failed ? APP_FAILED : APP_OK;
}

static int run(struct app *app, int argc, char **argv)
{
    const char *sub = argc > 1 ? argv[1] : "";

    if (!strcmp(sub, "render"))
        return run_render(app, argc, argv);
    if (!strcmp(sub, "check"))
        return run_check(app, argc, argv);
    if (!strcmp(sub, "vectors"))
        return run_vectors(app, argc, argv);
    return cli_usage(app, &cli_lava, "say render, check or vectors", NULL);
}

const struct cli_verb cli_lava = {
    "lava", "a Lava template: tried out, checked",
    "Usage: contact-sync lava render --template FILE|- [--data FILE.json] [--templates FILE.json]\n"
    "                                [--now ISO] [--tz ZONE]\n"
    "       contact-sync lava check --template FILE|-\n"
    "       contact-sync lava vectors FILE.json\n"
    "\n"
    "  render      the template's text on stdout, as it is; errors as FILE:LINE:COLUMN: on stderr\n"
    "  --data      its variables, an object: {\"Person\": {\"NickName\": \"Ted\"}}\n"
    "  --templates files for include and render: {\"name\": \"text\"}\n"
    "  --now       the time it is (default: now); local time of --tz, or with an offset\n"
    "  --tz        IANA or Windows name (default: rock.time_zone)\n"
    "\n"
    "  check       what is wrong with it, on stderr: errors, what only the Rock server can do, "
    "what\n"
    "              differs by mailbox or by night, misspelt filters; on stdout what it looks at\n"
    "  vectors     compares a file of templates and known results with what this program renders\n"
    "\n"
    "Exit codes: 0 done (check: warnings at most), 1 vectors failed, 64 usage, 65 the template or "
    "data\n"
    "is no good, 66 no such file.\n"
    "\n"
    "Example:\n"
    "  echo '{{ Person | PhoneNumber:\"Work\" }}' | contact-sync lava check --template -\n",
    run};
