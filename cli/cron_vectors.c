#include "cli/cron_vectors.h"

#include <jansson.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/tm.h"

#include "common/core/cron/cron.h"
#include "common/drv/tz_load.h"

enum { NEXT = 5, MAX_ZONES = 64 };

struct vectors {
    FILE *out;
    struct cron_vectors_sum *sum;
    struct tz *zones[MAX_ZONES]; /* loaded once each */
    size_t n_zones;
};

static int no_vectors(const char *path, const char *what, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "vectors", "%s: %s", path, what);
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static const struct tz *zone(struct vectors *v, const char *name, struct err *err)
{
    for (size_t i = 0; i < v->n_zones; i++)
        if (!strcmp(tz_name(v->zones[i]), tz_iana(name)))
            return v->zones[i];
    if (v->n_zones == MAX_ZONES) {
        err_set(err, SCOPE_PROCESS, WHEN_NEVER, "vectors", "more than %d zones", MAX_ZONES);
        return NULL;
    }
    if (tz_load(name, &v->zones[v->n_zones], err) < 0)
        return NULL;
    return v->zones[v->n_zones++];
}

static void judge(struct vectors *v, const json_t *vector, const char *zone, const char *failure)
{
    if (!failure) {
        v->sum->passed++;
        return;
    }
    v->sum->failed++;
    fprintf(v->out, "%s \"%s\"%s%s: %s\n", text(vector, "id"), text(vector, "expr"),
            *zone ? " in " : "", zone, failure);
}

static void say_time(struct str *out, bool fires, int64_t t)
{
    char iso[TM_TEXT];

    str_puts(out, fires ? tm_format_utc(t * 1000, iso) : "never again");
}

/* NULL: as wanted; else what is not, in out. */
static const char *compare(
    const struct cron *c, const struct tz *z, int64_t after, const json_t *next, struct str *out)
{
    size_t n = json_array_size(next);

    for (size_t i = 0; i < NEXT && i <= n; i++) {
        int64_t want = 0, got = 0;
        bool fires = cron_next(c, z, after, &got);
        if (i < n && !tm_parse_utc(json_string_value(json_array_get(next, i)), &want))
            return "a fire time of the file is no time";
        want /= 1000;
        if (fires == (i < n) && got == (fires ? want : got)) {
            after = got;
            continue;
        }
        str_addf(out, "time %zu is ", i + 1);
        say_time(out, fires, got);
        str_puts(out, ", wanted ");
        say_time(out, i < n, want);
        return out->p;
    }
    return NULL;
}

static void run_case(struct vectors *v, const json_t *vector, const struct cron *c, const json_t *o)
{
    autovalue(str_release) struct str out = STR_INIT(512);
    const json_t *next = json_object_get(o, "next");
    struct err err;
    int64_t after_ms;
    const struct tz *z = zone(v, text(o, "tz"), &err);
    const char *failure;

    if (!z)
        failure = err.text;
    else if (!json_is_array(next) || !tm_parse_utc(text(o, "after"), &after_ms))
        failure = "the case has no \"after\" and \"next\"";
    else
        failure = compare(c, z, after_ms / 1000, next, &out);
    judge(v, vector, text(o, "tz"), failure);
}

static void run_valid(struct vectors *v, const json_t *vector)
{
    const json_t *cases = json_object_get(vector, "cases");
    struct cron c;
    struct err err;
    size_t i;
    json_t *o;

    if (cron_parse(text(vector, "expr"), &c, NULL, &err) < 0) {
        for (i = 0; i < json_array_size(cases) || i == 0; i++)
            judge(v, vector, "", err.text);
        return;
    }
    json_array_foreach(cases, i, o)
    {
        run_case(v, vector, &c, o);
    }
}

static void run_invalid(struct vectors *v, const json_t *vector)
{
    struct cron c;
    struct err err;
    int rc = cron_parse(text(vector, "expr"), &c, NULL, &err);

    judge(v, vector, "", rc < 0 ? NULL : "was accepted");
}

int cron_vectors_run(const char *path, FILE *out, struct cron_vectors_sum *ret, struct err *err)
{
    json_error_t why;
    json_t *all = json_load_file(path, 0, &why), *o;
    struct vectors v = {.out = out, .sum = ret};
    size_t i;
    int rc = 0;

    *ret = (struct cron_vectors_sum){0};
    if (!all)
        return no_vectors(path, why.text, err);
    json_array_foreach(json_object_get(all, "valid"), i, o)
    {
        run_valid(&v, o);
    }
    json_array_foreach(json_object_get(all, "invalid"), i, o)
    {
        run_invalid(&v, o);
    }
    if (ret->passed + ret->failed == 0)
        rc = no_vectors(path, "holds no cron vectors", err);
    for (i = 0; i < v.n_zones; i++)
        tz_free(v.zones[i]);
    json_decref(all);
    return rc;
}
