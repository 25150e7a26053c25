#include "cli/lava_vectors.h"

#include <jansson.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"

#include "cli/lava_clock.h"
#include "cli/lava_liquid.h"
#include "common/core/lava/lava.h"
#include "common/core/lava/lava_json.h"

enum { ARENA_MAX = 64 << 20, MAX_PARTIALS = 64, SHOWN = 300 };

struct runner {
    FILE *out;
    struct lava_vectors_sum *sum;
    struct arena *a;
    struct lava_work *work;
    struct tz *zone; /* of the file */
};

/* One case: what goes in, what came out. */
struct trial {
    struct lava_str template, output;
    struct lava_env env;
    struct lava_parse_options options;
    struct lava_partial partials[MAX_PARTIALS];
    struct err err;
};

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static struct lava_str str_of(const json_t *s)
{
    const char *p = json_string_value(s);

    return (struct lava_str){p ? p : "", json_string_length(s)};
}

static int try(struct runner *r, struct trial *t)
{
    autoptr(lava_template_free) struct lava_template *template = NULL;

    if (lava_parse(t->template.p, t->template.n, &t->options, &template, &t->err) < 0)
        return -1;
    return lava_render(template, &t->env, NULL, r->work, &t->output, &t->err);
}

static void passed(struct runner *r)
{
    r->sum->passed++;
}

static void print_cut(FILE *f, struct lava_str s)
{
    fputc('"', f);
    for (size_t i = 0; i < s.n && i < SHOWN; i++) {
        if (s.p[i] == '\n')
            fputs("\\n", f);
        else
            fputc(s.p[i], f);
    }
    fputs(s.n > SHOWN ? "\"..." : "\"", f);
}

static void
failed(struct runner *r, const char *name, const struct trial *t, int result, const json_t *want)
{
    r->sum->failed++;
    fprintf(r->out, "%s: ", name);
    if (result < 0)
        fprintf(r->out, "error %s", t->err.text);
    else
        print_cut(r->out, t->output);
    fputs(", wanted ", r->out);
    if (json_is_string(want))
        print_cut(r->out, str_of(want));
    else if (json_is_array(want))
        json_dumpf(want, r->out, JSON_COMPACT);
    else
        fputs("an error", r->out);
    fputc('\n', r->out);
}

/* --- Golden Liquid --- */

static void set_partials(struct trial *t, const json_t *templates)
{
    json_t *o = json_incref((json_t *)(uintptr_t)templates);
    const char *name;
    json_t *v;

    json_object_foreach(o, name, v)
    {
        if (t->options.n_partials == MAX_PARTIALS)
            break;
        t->partials[t->options.n_partials++] =
            (struct lava_partial){{name, strlen(name)}, str_of(v)};
    }
    t->options.partials = t->partials;
    json_decref(o);
}

/* "result" is one text, "results" any of several; neither: it has to fail. */
static bool as_wanted(const struct trial *t, const json_t *want)
{
    if (json_is_string(want))
        return lava_str_eq(t->output, str_of(want));
    for (size_t i = 0; i < json_array_size(want); i++)
        if (lava_str_eq(t->output, str_of(json_array_get(want, i))))
            return true;
    return false;
}

static void run_golden(struct runner *r, const json_t *test)
{
    struct trial t = {.template = str_of(json_object_get(test, "template")),
                      .options.dialect = &lava_liquid};
    const json_t *want = json_object_get(test, "result");
    bool invalid = json_is_true(json_object_get(test, "invalid"));

    if (!want)
        want = json_object_get(test, "results");
    arena_reset(r->a);
    if (json_is_object(json_object_get(test, "templates")))
        set_partials(&t, json_object_get(test, "templates"));
    t.env.vars = lava_json_value(r->a, &(struct js){.v = json_object_get(test, "data")});
    (void)lava_clock_set(NULL, (int64_t)1767225600000, tz_utc(), &t.env.clock);
    int result = try(r, &t);
    if (invalid ? result < 0 : result == 0 && as_wanted(&t, want))
        passed(r);
    else
        failed(r, text(test, "name"), &t, result, invalid ? NULL : want);
}

/* --- Lava --- */

static bool next_visible(struct lava_str s, size_t *i)
{
    while (*i < s.n && strchr(" \t\r\n", s.p[*i]))
        ++*i;
    return *i < s.n;
}

static bool same_but_space(struct lava_str a, struct lava_str b)
{
    size_t i = 0, j = 0;

    for (;;) {
        bool more_a = next_visible(a, &i), more_b = next_visible(b, &j);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (a.p[i++] != b.p[j++])
            return false;
    }
}

static bool same_date(const struct trial *t, struct lava_str want)
{
    struct lava_date a, b;

    return lava_date_parse(t->output.p, t->output.n, &t->env.clock, &a) &&
           lava_date_parse(want.p, want.n, &t->env.clock, &b) && a.ticks == b.ticks;
}

static bool same_number(struct lava_str a, struct lava_str b)
{
    struct decimal x, y;

    return decimal_parse(a.p, a.n, DECIMAL_FLOAT, &x) &&
           decimal_parse(b.p, b.n, DECIMAL_FLOAT, &y) && decimal_cmp(&x, &y) == 0;
}

static bool same(const struct trial *t, const char *how, struct lava_str want)
{
    if (!strcmp(how, "no-whitespace"))
        return same_but_space(t->output, want);
    if (!strcmp(how, "datetime"))
        return same_date(t, want);
    if (!strcmp(how, "number"))
        return same_number(t->output, want);
    return lava_str_eq(t->output, want);
}

static void run_lava(struct runner *r, const json_t *vector)
{
    struct trial t = {.template = str_of(json_object_get(vector, "template"))};
    const json_t *want = json_object_get(vector, "expect");
    const char *now = json_string_value(json_object_get(vector, "now"));
    char name[80];

    arena_reset(r->a);
    t.env.vars = lava_json_value(r->a, &(struct js){.v = json_object_get(vector, "context")});
    snprintf(name, sizeof(name), "%s %s", text(vector, "id"), text(vector, "name"));
    int result = -1;
    if (lava_clock_set(now, (int64_t)1767225600000, r->zone ? r->zone : tz_utc(), &t.env.clock))
        result = try(r, &t);
    else
        err_set(&t.err, SCOPE_ITEM, WHEN_NEVER, "vectors", "\"now\" is no time");
    if (result == 0 && same(&t, text(vector, "compare"), str_of(want)))
        passed(r);
    else
        failed(r, name, &t, result, want);
}

/* --- files --- */

static int run_file(struct runner *r, const char *path, const json_t *all, struct err *err)
{
    const json_t *tests = json_object_get(all, "tests"), *vectors = json_object_get(all, "vectors");
    const char *zone = json_string_value(json_object_get(all, "tz"));

    if (!json_is_array(tests) && !json_is_array(vectors))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "vectors",
                       "%s: there are neither \"tests\" nor \"vectors\" in it", path);
    if (zone && tz_load(zone, &r->zone, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(tests); i++)
        run_golden(r, json_array_get(tests, i));
    for (size_t i = 0; i < json_array_size(vectors); i++)
        run_lava(r, json_array_get(vectors, i));
    return 0;
}

int lava_vectors_run(const char *path, FILE *out, struct lava_vectors_sum *ret, struct err *err)
{
    struct runner r = {.out = out, .sum = ret};
    json_error_t why;
    json_t *all = json_load_file(path, JSON_ALLOW_NUL, &why);

    *ret = (struct lava_vectors_sum){0};
    if (!all)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, why.line < 0 ? "input" : "vectors", "%s: %s",
                       path, why.line < 0 ? "cannot be read" : "is no JSON");
    r.a = arena_new("lava vectors", ARENA_MAX);
    r.work = lava_work_new();
    int result = run_file(&r, path, all, err);
    lava_work_free(r.work);
    arena_free(r.a);
    tz_free(r.zone);
    json_decref(all);
    return result;
}
