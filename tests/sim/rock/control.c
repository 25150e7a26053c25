#include "tests/sim/rock/control.h"

#include <string.h>

#include "common/base/clock.h"

#include "tests/sim/rock/control_p.h"
#include "tests/sim/rock/entities.h"

#define SCRATCH_MAX ((size_t)1 << 30)
#define ANSWER_MAX  ((size_t)4 << 30)

void control_json(struct control_call *call, int status, json_t *value)
{
    autofree char *text = json_dumps(value, JSON_INDENT(1) | JSON_ENCODE_ANY);
    call->ret->status = status;
    str_clear(&call->ret->body);
    str_puts(&call->ret->body, text ? text : "null");
    json_decref(value);
}

void control_error(struct control_call *call, int status, const char *text)
{
    control_json(call, status, json_pack("{s:b,s:s}", "ok", 0, "error", text));
}

static void get_health(struct control_call *call)
{
    control_json(call, 200, json_pack("{s:b}", "ok", 1));
}

static size_t living(const struct church *c, enum table_id t)
{
    size_t n = 0;
    for (const void *r = NULL; (r = church_next(c, t, r));)
        n++;
    return n;
}

static void get_church(struct control_call *call)
{
    struct church *c = call->church;
    char eligible[GUID_TEXT], campus[GUID_TEXT];
    const struct group *g = church_row(c, TABLE_GROUP, c->known.eligible_group);
    const struct campus *main_campus = church_row(c, TABLE_CAMPUS, c->known.campus);
    json_t *rows = json_object();
    for (int t = 0; t < TABLE_COUNT; t++) {
        const struct entity *e = entity_of((enum table_id)t);
        json_object_set_new(rows, e->controller ? e->controller : "BinaryFiles",
                            json_integer((json_int_t)living(c, (enum table_id)t)));
    }
    control_json(call, 200,
                 json_pack("{s:s,s:s,s:s,s:I,s:I,s:o}", "eligible_group",
                           g ? guid_format(&g->row.guid, eligible) : "", "domain", c->domain,
                           "campus", guid_format(&main_campus->row.guid, campus), "seed",
                           (json_int_t)call->sim->seed, "choices", (json_int_t)c->choices.n, "rows",
                           rows));
}

static void get_stats(struct control_call *call)
{
    const struct counters *n = &call->sim->counters;
    struct sim_http_stats http = sim_http_stats(call->sim->http);
    json_t *by = json_object();
    for (size_t i = 0; i < n->n; i++)
        json_object_set_new(by, n->by[i].endpoint,
                            json_pack("{s:I,s:I,s:I,s:I}", "requests",
                                      (json_int_t)n->by[i].requests, "status_2xx",
                                      (json_int_t)n->by[i].status_2xx, "status_4xx",
                                      (json_int_t)n->by[i].status_4xx, "status_5xx",
                                      (json_int_t)n->by[i].status_5xx));
    control_json(call, 200,
                 json_pack("{s:I,s:I,s:i,s:I,s:I,s:I,s:I,s:I,s:o}", "requests",
                           (json_int_t)n->requests, "faults", (json_int_t)n->faults,
                           "max_concurrent", (int)n->max_concurrent, "longest_query",
                           (json_int_t)n->longest_query, "most_filter_terms",
                           (json_int_t)n->most_terms, "bytes_out", (json_int_t)n->bytes_out,
                           "connections", (json_int_t)http.connections, "reused_requests",
                           (json_int_t)http.reused_requests, "by_endpoint", by));
}

static void reset_stats(struct control_call *call)
{
    unsigned concurrent = call->sim->counters.concurrent;
    call->sim->counters = (struct counters){.concurrent = concurrent};
    get_health(call);
}

static void get_faults(struct control_call *call)
{
    control_json(call, 200, faults_list(&call->sim->faults));
}

/* Body: one rule, or an array of rules. */
static void add_faults(struct control_call *call)
{
    size_t n = json_is_array(call->body) ? json_array_size(call->body) : 1;
    for (size_t i = 0; i < n; i++) {
        const json_t *rule = json_is_array(call->body) ? json_array_get(call->body, i) : call->body;
        const char *wrong = faults_add(&call->sim->faults, rule, clock_now(clock_real()));
        if (wrong) {
            control_error(call, 400, wrong);
            return;
        }
    }
    get_faults(call);
}

static void clear_faults(struct control_call *call)
{
    faults_clear(&call->sim->faults);
    get_health(call);
}

/* {"deny":["People"]}: sets the flag of each named controller; false when one is unknown. */
static bool set_flags(const json_t *names, bool *flags, bool value)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        const struct entity *e = name ? entity_by_controller(name) : NULL;
        if (!e)
            return false;
        flags[e->table] = value;
    }
    return true;
}

static void set_bool(const json_t *body, const char *key, bool *flag)
{
    const json_t *v = json_object_get(body, key);
    if (json_is_boolean(v))
        *flag = json_is_true(v);
}

static void set_text(const json_t *v, const char **text)
{
    if (!v)
        return;
    char *copy = xstrdup(json_string_value(v));
    free((void *)(uintptr_t)*text);
    *text = copy;
}

static void post_settings(struct control_call *call)
{
    struct api *api = &call->sim->api;
    const json_t *b = call->body, *v;
    if (!set_flags(json_object_get(b, "deny"), api->denied, true) ||
        !set_flags(json_object_get(b, "allow"), api->denied, false) ||
        !set_flags(json_object_get(b, "empty"), api->empty, true) ||
        !set_flags(json_object_get(b, "full"), api->empty, false)) {
        control_error(call, 400, "unknown controller");
        return;
    }
    set_bool(b, "v4", &api->v4);
    set_bool(b, "may_render", &api->may_render);
    set_bool(b, "images_need_login", &api->images_need_login);
    set_bool(b, "no_ids", &api->no_ids);
    set_text(json_object_get(b, "rendered"), &api->rendered);
    if ((v = json_object_get(b, "render_broken")))
        api->render_broken = (int32_t)json_integer_value(v);
    if ((v = json_object_get(b, "latency_ms")))
        call->sim->latency_ms = (uint32_t)json_integer_value(v);
    if ((v = json_object_get(b, "max_query")))
        api->max_query = (size_t)json_integer_value(v);
    if ((v = json_object_get(b, "token"))) {
        free(call->sim->token);
        call->sim->token = xstrdup(json_string_value(v));
        api->token = call->sim->token;
    }
    get_health(call);
}

void control_forget(struct sim_rock *s)
{
    free((void *)(uintptr_t)s->api.rendered);
    s->api.rendered = NULL;
}

static const struct {
    const char *method, *path;
    void (*answer)(struct control_call *call);
    bool wants_body;
} routes[] = {
    {"GET", "health", get_health, false},
    {"GET", "church", get_church, false},
    {"GET", "stats", get_stats, false},
    {"DELETE", "stats", reset_stats, false},
    {"GET", "faults", get_faults, false},
    {"POST", "faults", add_faults, true},
    {"DELETE", "faults", clear_faults, false},
    {"POST", "settings", post_settings, true},
    {"GET", "prefs", control_prefs, false},
    {"POST", "prefs", control_set_prefs, true},
    {"GET", "expected", control_expected, false},
    {"POST", "expected", control_expected, true},
    {"GET", "person", control_person, false},
    {"GET", "pick", control_pick, false},
    {"POST", "change", control_change, true},
    {"POST", "demo-changes", control_demo_changes, false},
};

static void
dispatch(struct control_call *call, const char *method, const char *path, const char *body)
{
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (strcmp(routes[i].path, path) != 0 || strcmp(routes[i].method, method) != 0)
            continue;
        json_error_t why;
        json_t *doc =
            *body ? json_loads(body, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why) : NULL;
        call->body = doc;
        if ((*body && !doc) || (routes[i].wants_body && !doc))
            control_error(call, 400, *body ? why.text : "a JSON body is needed");
        else
            routes[i].answer(call);
        json_decref(doc);
        return;
    }
    control_error(call, 404, "no such route; see tests/sim/README-rock.md");
}

void control_handle(struct sim_rock *s,
                    const char *method,
                    const char *target,
                    const char *body,
                    struct control_answer *ret)
{
    autoptr(arena_free) struct arena *arena = arena_new("control", SCRATCH_MAX);
    struct control_call call = {.sim = s, .church = s->church, .arena = arena, .ret = ret};
    ret->status = 200;
    str_init(&ret->body, ANSWER_MAX);
    size_t path_bytes = strcspn(target, "?");
    char *path = api_decode(arena, target, path_bytes, false);
    api_query_parse(arena, target[path_bytes] ? target + path_bytes + 1 : "", &call.query);
    dispatch(&call, method, strncmp(path, "/control/", 9) == 0 ? path + 9 : path, body);
}
