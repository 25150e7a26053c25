#include "producer/job.h"

#include <jansson.h>

#include "common/base/conf.h"
#include "common/base/str.h"

#include "common/core/cron/cron.h"
#include "common/drv/tz_load.h"
#include "common/port/plan_store.h"

enum {
    MAX_COUNTED = 10000, /* fire times that a tick counts one by one, about a millisecond */
    TEXT_MAX = 8192,
    DAY_S = 86400
};

struct job {
    bool active;
    char *expr;
    struct cron cron;
    struct tz *zone;
    int64_t late_s;
    int64_t seen_s; /* fire times up to this one are dealt with; 0: not known */
    int64_t next_s; /* the first one after seen_s, as far as known; 0: not known, -1: none */
    int64_t tick_s; /* of the last tick: a clock that goes back makes us look again */
};

/* ---- settings ---- */

static int bad_setting(const struct conf *c, const char *name, struct err *err)
{
    struct err why = *err;

    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s (%s): %s", name,
                   conf_origin(c, name), why.text);
}

int job_new(const struct conf *c, struct job **ret, struct err *err)
{
    autoptr(job_free) struct job *j = xalloc(sizeof(*j));

    j->active = conf_bool(c, "job.active");
    j->expr = xstrdup(conf_str(c, "job.cron"));
    j->late_s = conf_int(c, "job.late") / 1000;
    if (cron_parse(j->expr, &j->cron, NULL, err) < 0)
        return bad_setting(c, "job.cron", err);
    if (tz_load(conf_str(c, "rock.time_zone"), &j->zone, err) < 0)
        return bad_setting(c, "rock.time_zone", err);
    *ret = steal(j);
    return 0;
}

void job_free(struct job *j)
{
    if (!j)
        return;
    tz_free(j->zone);
    free(j->expr);
    free(j);
}

/* ---- firing ---- */

void job_lead(struct job *j)
{
    j->seen_s = j->next_s = 0;
}

/*
 * Where to search from for what comes after t. In the hour after clocks were put forward lie the
 * fire times of the hour that was left out, and they are found from before the change only: a
 * producer that starts or takes over in between goes on as one that was there all the time.
 */
static int64_t search_from(const struct job *j, int64_t t)
{
    int32_t now = tz_offset(j->zone, t), size = now - tz_offset(j->zone, t - DAY_S);

    if (size <= 0)
        return t;
    struct tz_local left_out = tz_local(j->zone, t + now - size);
    return left_out.kind == TZ_GAP ? left_out.change - 1 : t;
}

static int64_t next_after(const struct job *j, int64_t t)
{
    int64_t next = search_from(j, t);

    do {
        if (!cron_next(&j->cron, j->zone, next, &next))
            return -1;
    } while (next <= t);
    return next;
}

/* The latest fire time that is due, 0 when none is; how many before it are not run; and the first
 * one that is not due yet. */
static int64_t find_due(const struct job *j, int64_t now, size_t *skipped, int64_t *next)
{
    int64_t window = now - j->late_s - 1, from = j->seen_s ? j->seen_s : window, due = 0;

    *next = next_after(j, from);
    for (size_t n = 0; *next >= 0 && *next <= now; *next = next_after(j, *next)) {
        *skipped = n++;
        due = *next;
        if (n == MAX_COUNTED && *next < window)
            *next = window;
    }
    if (due && due <= window) { /* all of them are too old */
        ++*skipped;
        return 0;
    }
    return due;
}

int job_tick(
    struct job *j, struct plan_store *store, int64_t wall_ms, struct job_tick *ret, struct err *err)
{
    int64_t now = wall_ms / 1000, due, next;

    *ret = (struct job_tick){0};
    if (!j->active)
        return 0;
    if (now < j->tick_s)
        job_lead(j);
    j->tick_s = now;
    if (j->next_s && (j->next_s < 0 || now < j->next_s))
        return 0;
    due = find_due(j, now, &ret->skipped, &next);
    if (due && store->ops->run_fire(store, due, &ret->made, err) < 0)
        return -1;
    ret->fire_s = due;
    j->seen_s = now;
    j->next_s = next;
    return 0;
}

/* ---- showing ---- */

int64_t job_next(const struct job *j, int64_t wall_ms)
{
    return j->active ? next_after(j, wall_ms / 1000) : -1;
}

void job_json(const struct job *j, int64_t wall_ms, struct str *out)
{
    autovalue(str_release) struct str text = STR_INIT(TEXT_MAX);
    int64_t next = job_next(j, wall_ms);
    char iso[TZ_TEXT];

    cron_describe(&j->cron, &text);
    json_t *o = json_pack("{s:b, s:s, s:s, s:s, s:s?}", "active", (int)j->active, "cron", j->expr,
                          "zone", tz_name(j->zone), "description", text.p, "next",
                          next < 0 ? NULL : tz_format(j->zone, next, iso));
    autofree char *dump = json_dumps(o, JSON_COMPACT);
    str_puts(out, dump);
    json_decref(o);
}

void job_text(const struct job *j, int64_t wall_ms, struct str *out)
{
    int64_t next = job_next(j, wall_ms);
    char iso[TZ_TEXT];

    if (!j->active) {
        str_puts(out, "off (job.active = false); set to ");
        cron_describe(&j->cron, out);
        return;
    }
    cron_describe(&j->cron, out);
    str_addf(out, " (%s), next ", tz_name(j->zone));
    str_puts(out, next < 0 ? "never again" : tz_format(j->zone, next, iso));
}
