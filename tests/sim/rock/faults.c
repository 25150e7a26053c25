#include "tests/sim/rock/faults.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/fault_body.h"

static const char *const kind_names[FAULT_KINDS] = {
    [FAULT_NONE] = "none",
    [FAULT_SLOW] = "slow",
    [FAULT_COLD] = "cold",
    [FAULT_HTML] = "html",
    [FAULT_BUSY] = "busy",
    [FAULT_ERROR] = "error",
    [FAULT_UNAUTHORISED] = "unauthorised",
    [FAULT_TRUNCATED] = "truncated",
    [FAULT_PARTIAL] = "partial",
    [FAULT_CUT] = "cut",
    [FAULT_CLOSE] = "close",
    [FAULT_RESET] = "reset",
    [FAULT_STALL] = "stall",
    [FAULT_WRONG_TYPES] = "wrong_types",
    [FAULT_NULL_ID] = "null_id",
    [FAULT_NULL_LIST] = "null_list",
    [FAULT_UNKNOWN_ENUM] = "unknown_enum",
    [FAULT_HUGE_FIELD] = "huge_field",
    [FAULT_EMPTY] = "empty",
    [FAULT_FORBIDDEN] = "forbidden",
    [FAULT_LOGIN] = "login",
    [FAULT_PNG] = "png",
};

void faults_init(struct faults *f, uint64_t seed)
{
    /* seeds that differ in the lowest bit only must not meet when that bit is set below */
    *f = (struct faults){.rng = seed * UINT64_C(0x9E3779B97F4A7C15) ^ seed << 1};
}

void faults_clear(struct faults *f)
{
    f->n = 0;
}

static int64_t number(const json_t *o, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? (int64_t)json_number_value(v) : otherwise;
}

const char *faults_add(struct faults *f, const json_t *rule, int64_t now_ms)
{
    const char *kind = json_string_value(json_object_get(rule, "kind"));
    const char *endpoint = json_string_value(json_object_get(rule, "endpoint"));
    const json_t *rate = json_object_get(rule, "rate");
    int64_t for_ms = number(rule, "for_ms", 0);
    struct fault_rule r = {.nth = (uint64_t)number(rule, "nth", 1),
                           .ms = (uint32_t)number(rule, "ms", 1000)};
    if (f->n == FAULT_RULES_MAX)
        return "too many rules";
    for (int k = 1; kind && k < FAULT_KINDS; k++)
        if (strcmp(kind_names[k], kind) == 0)
            r.kind = (enum fault_kind)k;
    if (r.kind == FAULT_NONE)
        return "unknown kind";
    if (endpoint)
        snprintf(r.endpoint, sizeof(r.endpoint), "%s", endpoint);
    r.rate = rate ? json_number_value(rate) : 1;
    r.times = (uint64_t)number(rule, "times", rate || for_ms ? 0 : 1);
    r.until_ms = for_ms ? now_ms + for_ms : 0;
    f->rule[f->n++] = r;
    return NULL;
}

json_t *faults_list(const struct faults *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->n; i++) {
        const struct fault_rule *r = &f->rule[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:I,s:I,s:f,s:I,s:I,s:I}", "kind",
                                              kind_names[r->kind], "endpoint", r->endpoint, "nth",
                                              (json_int_t)r->nth, "times", (json_int_t)r->times,
                                              "rate", r->rate, "ms", (json_int_t)r->ms, "seen",
                                              (json_int_t)r->seen, "fired", (json_int_t)r->fired));
    }
    return list;
}

/* xorshift64*, 0 to 1 */
static double dice(struct faults *f)
{
    f->rng |= 1;
    f->rng ^= f->rng >> 12;
    f->rng ^= f->rng << 25;
    f->rng ^= f->rng >> 27;
    return (double)(f->rng * UINT64_C(2685821657736338717) >> 11) / 9007199254740992.0;
}

const struct fault_rule *faults_pick(struct faults *f, const char *endpoint, int64_t now_ms)
{
    for (size_t i = 0; i < f->n; i++) {
        struct fault_rule *r = &f->rule[i];
        if (*r->endpoint && strcasecmp(r->endpoint, endpoint) != 0)
            continue;
        r->seen++;
        if (r->seen < r->nth || (r->times && r->fired >= r->times) ||
            (r->until_ms && now_ms > r->until_ms))
            continue;
        if (r->rate < 1 && dice(f) >= r->rate)
            continue;
        r->fired++;
        return r;
    }
    return NULL;
}

static void replace(struct api_answer *a, int status, const char *content_type, const char *body)
{
    a->status = status;
    a->content_type = content_type;
    str_clear(&a->body);
    str_puts(&a->body, body);
}

static void
apply_status(const struct fault_rule *rule, struct api_answer *a, struct sim_answer *out)
{
    static const char html[] = "<!DOCTYPE html><html><head><title>Please wait</title></head>"
                               "<body><h1>We will be right back</h1></body></html>";
    switch (rule->kind) {
    case FAULT_COLD:
        replace(a, 503, "text/html; charset=us-ascii", html);
        break;
    case FAULT_HTML:
        replace(a, 200, "text/html; charset=utf-8", html);
        break;
    case FAULT_BUSY:
        replace(a, 429, "text/html", "Too Many Requests");
        out->headers = fault_retry_after(rule->ms);
        break;
    case FAULT_UNAUTHORISED:
        replace(a, 401, NULL, "");
        break;
    case FAULT_FORBIDDEN:
        replace(a, 403, "text/html; charset=utf-8", html);
        break;
    case FAULT_LOGIN:
        replace(a, 302, "text/html; charset=utf-8", html);
        out->headers = "Location: /page/3?returnurl=%2fGetImage.ashx\n";
        break;
    case FAULT_PNG:
        replace(a, 200, "image/png", "\x89PNG\r\n\x1a\n and more");
        break;
    default:
        replace(a, 500, "application/json; charset=utf-8",
                "{\"Message\":\"An error has occurred.\"}");
        break;
    }
}

static void
apply_wire(const struct fault_rule *rule, const struct api_answer *a, struct sim_answer *out)
{
    switch (rule->kind) {
    case FAULT_CUT:
        out->abort = SIM_ABORT_TRUNCATE;
        out->cut_at = a->body.n / 2;
        out->plain = true;
        break;
    case FAULT_STALL:
        out->cut_at = a->body.n / 2;
        out->stall_ms = rule->ms;
        out->plain = true;
        break;
    case FAULT_CLOSE:
        out->abort = SIM_ABORT_CLOSE;
        break;
    default:
        out->abort = SIM_ABORT_RESET;
        break;
    }
}

void faults_apply(const struct fault_rule *rule, struct api_answer *a, struct sim_answer *out)
{
    switch (rule->kind) {
    case FAULT_NONE:
    case FAULT_KINDS:
    case FAULT_SLOW: /* the delay was the caller's */
        break;
    case FAULT_COLD:
    case FAULT_HTML:
    case FAULT_BUSY:
    case FAULT_ERROR:
    case FAULT_UNAUTHORISED:
    case FAULT_FORBIDDEN:
    case FAULT_LOGIN:
    case FAULT_PNG:
        apply_status(rule, a, out);
        break;
    case FAULT_CUT:
    case FAULT_CLOSE:
    case FAULT_RESET:
    case FAULT_STALL:
        apply_wire(rule, a, out);
        break;
    default:
        fault_body(rule->kind, &a->body);
        break;
    }
}
