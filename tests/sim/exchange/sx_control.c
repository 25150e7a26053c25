/*
 * The control API: routes, settings, faults, statistics. Mailboxes are in sx_control_mailbox.c.
 */
#include <string.h>

#include "common/base/js.h"

#include "tests/sim/exchange/sx_auth.h"
#include "tests/sim/exchange/sx_autodiscover.h"
#include "tests/sim/exchange/sx_control_p.h"
#include "tests/sim/exchange/sx_store.h"

enum { MAX_BODY = 512 << 20 };

int sx_control_refuse(int status, const char *text, json_t **ret)
{
    *ret = json_pack("{s:s}", "error", text);
    return status;
}

/* --- settings --- */

static json_t *settings_json(const struct sx_settings *s)
{
    return json_pack("{s:f, s:f, s:f, s:I, s:f, s:f, s:f, s:b, s:b, s:b, s:s}", "latency_ms",
                     s->latency_ms, "item_ms", s->item_ms, "max_attachment", s->max_attachment,
                     "concurrency", (json_int_t)s->concurrency, "budget_burst_ms",
                     s->budget.burst_ms, "budget_recharge", s->budget.recharge, "budget_cutoff_ms",
                     s->budget.cutoff_ms, "impersonation", !s->no_role, "login", !s->reject_login,
                     "photo_replaces", !s->keep_photos, "stale_code", s->stale_code);
}

static int set_number(struct sx_settings *s, const char *name, double v)
{
    if (v < 0 || v > 1e9)
        return -1;
    if (strcmp(name, "latency_ms") == 0)
        s->latency_ms = v;
    else if (strcmp(name, "item_ms") == 0)
        s->item_ms = v;
    else if (strcmp(name, "concurrency") == 0)
        s->concurrency = (unsigned)v;
    else if (strcmp(name, "max_attachment") == 0)
        s->max_attachment = v;
    else if (strcmp(name, "budget_burst_ms") == 0)
        s->budget.burst_ms = v;
    else if (strcmp(name, "budget_recharge") == 0)
        s->budget.recharge = v;
    else if (strcmp(name, "budget_cutoff_ms") == 0)
        s->budget.cutoff_ms = v;
    else
        return -1;
    return 0;
}

static int set_flag(struct sx_settings *s, const char *name, bool on)
{
    if (strcmp(name, "impersonation") == 0)
        s->no_role = !on;
    else if (strcmp(name, "login") == 0)
        s->reject_login = !on;
    else if (strcmp(name, "photo_replaces") == 0)
        s->keep_photos = !on;
    else
        return -1;
    return 0;
}

static int set_one(struct sx_settings *s, const char *name, const json_t *v)
{
    static const char *const codes[] = {"ErrorIrresolvableConflict", "ErrorStaleObject"};
    if (json_is_number(v))
        return set_number(s, name, json_number_value(v));
    if (json_is_boolean(v))
        return set_flag(s, name, json_is_true(v));
    for (size_t i = 0; json_is_string(v) && i < ARRAY_LEN(codes); i++) {
        if (strcmp(name, "stale_code") == 0 && strcmp(codes[i], json_string_value(v)) == 0) {
            s->stale_code = codes[i];
            return 0;
        }
    }
    return -1;
}

static int settings(struct sx *x, const char *method, json_t *body, json_t **ret)
{
    struct sx_settings s = x->settings;
    const char *name;
    json_t *v;
    if (strcmp(method, "POST") == 0) {
        json_object_foreach(body, name, v)
        {
            if (set_one(&s, name, v) < 0)
                return sx_control_refuse(400, name, ret);
        }
        x->settings = s;
    }
    *ret = settings_json(&x->settings);
    return 200;
}

/* --- faults --- */

/* {"text": "name,key=value"} is the form of the command line. */
static int add_fault(struct sx *x, const json_t *one, struct err *err)
{
    const char *text = json_string_value(json_object_get(one, "text"));
    return text ? sx_faults_add_text(x->faults, text, err) : sx_faults_add(x->faults, one, err);
}

static int faults(struct sx *x, const char *method, json_t *body, json_t **ret)
{
    struct err err = {0};
    if (strcmp(method, "DELETE") == 0) {
        sx_faults_clear(x->faults);
    } else if (strcmp(method, "POST") == 0) {
        json_t *list = json_is_array(body) ? json_incref(body) : json_pack("[O]", body), *one;
        size_t i;
        int r = 0;
        json_array_foreach(list, i, one) r = r < 0 ? r : add_fault(x, one, &err);
        json_decref(list);
        if (r < 0)
            return sx_control_refuse(400, err.text, ret);
    }
    *ret = sx_faults_json(x->faults);
    return 200;
}

/* --- statistics --- */

static json_t *calls_json(const struct sx *x)
{
    json_t *o = json_object();
    const struct sx_op *op;
    for (size_t i = 0; (op = sx_op_at(i)); i++)
        json_object_set_new(o, op->name, json_integer((json_int_t)x->stats.calls[i]));
    return o;
}

static json_t *faults_json(const struct sx *x)
{
    json_t *o = json_object();
    for (int i = 1; i < SX_FAULT_KINDS; i++) {
        if (x->stats.faults[i])
            json_object_set_new(o, sx_fault_name((enum sx_fault_kind)i),
                                json_integer((json_int_t)x->stats.faults[i]));
    }
    return o;
}

static json_t *reasons_json(const struct sx *x)
{
    json_t *list = json_array();
    uint64_t n = x->stats.invalid, first = n > SX_REASONS ? n - SX_REASONS : 0;
    for (uint64_t i = first; i < n; i++)
        json_array_append_new(list, json_string(x->stats.reasons[i % SX_REASONS]));
    return list;
}

static unsigned max_creates(const struct sx *x)
{
    unsigned most = 0;
    for (size_t i = 0; i < sx_store_count(x->store); i++) {
        unsigned n = sx_store_at(x->store, i)->max_keys_created;
        most = n > most ? n : most;
    }
    return most;
}

static void reset_stats(struct sx *x)
{
    for (size_t i = 0; i < SX_REASONS; i++)
        free(x->stats.reasons[i]);
    unsigned now = x->stats.in_flight;
    x->stats = (struct sx_stats){.in_flight = now, .max_in_flight = now};
    x->http_base = sim_http_stats(x->http);
    for (size_t i = 0; i < sx_store_count(x->store); i++) {
        struct sx_mailbox *mb = sx_store_at(x->store, i);
        mb->max_in_flight = mb->in_flight;
    }
}

int sx_control_stats(struct sx *x, const char *method, json_t **ret)
{
    const struct sx_stats *st = &x->stats;
    if (strcmp(method, "DELETE") == 0)
        reset_stats(x);
    struct sim_http_stats h = sim_http_stats(x->http);
    json_t *o = json_object();
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"created", st->created},
        {"updated", st->updated},
        {"deleted", st->deleted},
        {"attached", st->attached},
        {"detached", st->detached},
        {"second_photos", st->second_photos},
        {"users_photos_lost", st->users_photos_lost},
        {"invalid", st->invalid},
        {"refused_values", st->refused_values},
        {"unauthorized", st->unauthorized},
        {"soap_faults", st->soap_faults},
        {"anchor_missing", st->anchor_missing},
        {"anchor_wrong", st->anchor_wrong},
        {"foreign_cookies", st->foreign_cookies},
        {"no_user_agent", st->no_user_agent},
        {"no_request_id", st->no_request_id},
        {"writes_over_late_saves", st->over_late_saves},
        {"throttled", st->throttled},
        {"in_flight", st->in_flight},
        {"max_in_flight", st->max_in_flight},
        {"max_per_mailbox", st->max_per_mailbox},
        {"max_creates_per_key", max_creates(x)},
        {"bytes_in", st->bytes_in},
        {"bytes_out", st->bytes_out},
        {"connections", h.connections - x->http_base.connections},
        {"requests", h.requests - x->http_base.requests},
        {"requests_on_reused_connections", h.reused_requests - x->http_base.reused_requests},
        {"connections_open", h.open_now},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        json_object_set_new(o, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    json_object_set_new(o, "calls", calls_json(x));
    json_object_set_new(o, "faults", faults_json(x));
    json_object_set_new(o, "invalid_reasons", reasons_json(x));
    *ret = o;
    return 200;
}

/* --- routes --- */

static int reset(struct sx *x, json_t **ret)
{
    for (size_t i = 0; i < sx_store_count(x->store); i++)
        sx_mailbox_empty(sx_store_at(x->store, i));
    reset_stats(x);
    sx_faults_clear(x->faults);
    *ret = json_object();
    return 200;
}

static int
route_elsewhere(struct sx *x, const char *method, const char *path, json_t *body, json_t **ret)
{
    if (strcmp(path, "auth") == 0)
        return sx_auth_control(x->auth, method, body, ret);
    if (strcmp(path, "autodiscover") == 0)
        return sx_autodiscover_control(x->autodiscover, method, body, ret);
    return sx_control_refuse(404, "no such path; see tests/sim/README.md", ret);
}

static int route(struct sx *x, const char *method, const char *path, json_t *body, json_t **ret)
{
    bool post = strcmp(method, "POST") == 0;
    if (strncmp(path, "mailboxes/", 10) == 0)
        return sx_control_mailbox(x, method, path + 10, body, ret);
    if (strcmp(path, "mailboxes") == 0)
        return sx_control_mailboxes(x, method, body, ret);
    if (strcmp(path, "settings") == 0)
        return settings(x, method, body, ret);
    if (strcmp(path, "faults") == 0)
        return faults(x, method, body, ret);
    if (strcmp(path, "stats") == 0)
        return sx_control_stats(x, method, ret);
    if (strcmp(path, "duplicates") == 0)
        return sx_control_duplicates(x, ret);
    if (strcmp(path, "foreign") == 0)
        return sx_control_foreign(x, ret);
    if (strcmp(path, "compare") == 0 && post)
        return sx_control_compare(x, body, ret);
    if (strcmp(path, "reset") == 0 && post)
        return reset(x, ret);
    return route_elsewhere(x, method, path, body, ret);
}

int sx_control(
    struct sx *x, const char *method, const char *path, const char *body, json_t **ret_body)
{
    struct err err = {0};
    json_t *doc = NULL;
    *ret_body = NULL;
    if (strncmp(path, "/control/", 9) != 0)
        return sx_control_refuse(404, "not a control path", ret_body);
    if (body && *body && !(doc = js_parse(body, strlen(body), MAX_BODY, &err)))
        return sx_control_refuse(400, err.text, ret_body);
    if (strcmp(method, "POST") == 0 && !doc)
        doc = json_object();
    int status = route(x, method, path + 9, doc, ret_body);
    json_decref(doc);
    return status;
}
