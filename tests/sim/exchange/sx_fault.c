#include "tests/sim/exchange/sx_fault.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/js.h"
#include "common/base/vec.h"

#include "tests/sim/exchange/sx_content.h"

struct fault {
    struct sx_hit hit; /* code and shape belong to the fault */
    char *op, *mailbox, *code, *shape, *field, *location;
    double probability;
    uint64_t nth, times; /* from the nth matching call on, so often; times 0 = always */
    uint64_t seen, hits;
};

struct sx_faults {
    vec(struct fault) all;
    uint64_t seed;
};

static const char *const names[SX_FAULT_KINDS] = {
    "none",          "drop_after_save", "late_answer", "late_save",   "reset_before_save",
    "half_batch",    "half_batch_drop", "wrong_count", "http_503",    "http_502",
    "http_status",   "server_busy",     "item_error",  "soap_fault",  "html_200",
    "truncated_xml", "truncated_body",  "dtd",         "entity_bomb", "bad_charref",
    "long_ids",
};

const char *sx_fault_name(enum sx_fault_kind kind)
{
    return names[kind];
}

struct sx_faults *sx_faults_new(uint64_t seed)
{
    struct sx_faults *f = xalloc(sizeof(*f));
    f->seed = seed;
    return f;
}

static void fault_release(struct fault *x)
{
    free(x->op);
    free(x->mailbox);
    free(x->code);
    free(x->shape);
    free(x->field);
    free(x->location);
}

void sx_faults_clear(struct sx_faults *f)
{
    sx_foreach(x, &f->all)
    {
        fault_release(x);
    }
    vec_clear(&f->all);
}

void sx_faults_free(struct sx_faults *f)
{
    if (!f)
        return;
    sx_faults_clear(f);
    vec_release(&f->all);
    free(f);
}

static enum sx_fault_kind kind_of(const char *name)
{
    for (int i = 1; i < SX_FAULT_KINDS; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum sx_fault_kind)i;
    }
    return SX_FAULT_NONE;
}

static int64_t number(const struct js *o, const char *key, int64_t max, int64_t otherwise)
{
    int64_t v = otherwise;
    return js_int_opt(o, key, 0, max, &v) ? v : otherwise;
}

static int check_names(const struct js *o, const struct sx_hit *hit)
{
    static const char *const known[] = {
        "fault",    "op",          "mailbox",     "nth",  "times", "probability", "ms",    "status",
        "location", "retry_after", "back_off_ms", "code", "shape", "item",        "every", "field"};
    const char *key;
    json_t *value;
    json_object_foreach(o->v, key, value)
    {
        size_t i = 0;
        while (i < ARRAY_LEN(known) && strcmp(known[i], key) != 0)
            i++;
        if (i == ARRAY_LEN(known))
            return js_fail(o, key, "unknown member of a fault");
    }
    if (hit->kind == SX_FAULT_NONE)
        return js_fail(o, "fault", "unknown fault");
    if (strcmp(hit->shape, "fault") != 0 && strcmp(hit->shape, "message") != 0 &&
        strcmp(hit->shape, "item") != 0)
        return js_fail(o, "shape", "is fault, message or item");
    for (const char *c = hit->location; *c; c++)
        if ((unsigned char)*c <= ' ')
            return js_fail(o, "location", "holds a blank or a control character");
    return 0;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

int sx_faults_add(struct sx_faults *f, const json_t *fault, struct err *err)
{
    bool failed = false;
    struct js o = js_root((json_t *)(uintptr_t)fault, err, &failed);
    struct fault x = {.nth = (uint64_t)number(&o, "nth", INT64_MAX, 1),
                      .times = (uint64_t)number(&o, "times", INT64_MAX, 1),
                      .probability = 1};
    x.hit.kind = kind_of(js_str(&o, "fault"));
    x.hit.ms = (uint32_t)number(&o, "ms", 3600000, 1000);
    x.hit.status = (int)number(&o, "status", 599, 500);
    x.hit.retry_after = (int)number(&o, "retry_after", 86400, 0);
    bool busy = x.hit.kind == SX_FAULT_SERVER_BUSY;
    x.hit.back_off_ms = (uint32_t)number(&o, "back_off_ms", 86400000, busy ? 1000 : 0);
    x.hit.item_first = (unsigned)number(&o, "item", 100000, 1);
    x.hit.item_every = (unsigned)number(&o, "every", 100000, busy ? 1 : 0);
    x.shape = xstrdup(or_else(js_str_opt(&o, "shape"), "fault"));
    x.code = xstrdup(
        or_else(js_str_opt(&o, "code"), busy ? "ErrorServerBusy" : "ErrorInternalServerError"));
    x.field = xstrdup(or_else(js_str_opt(&o, "field"), ""));
    x.location = xstrdup(or_else(js_str_opt(&o, "location"), ""));
    x.op = xstrdup(js_str_opt(&o, "op"));
    x.mailbox = xstrdup(js_str_opt(&o, "mailbox"));
    x.hit.shape = x.shape;
    x.hit.code = x.code;
    x.hit.field = x.field;
    x.hit.location = x.location;
    json_t *p = json_object_get(fault, "probability");
    if (p)
        x.probability = json_number_value(p);
    if (!js_failed(&o))
        check_names(&o, &x.hit);
    vec_push(&f->all, x);
    if (!js_failed(&o))
        return 0;
    fault_release(&f->all.v[--f->all.n]);
    return -1;
}

/* "name,key=value,..." is the JSON object with the same members; values that look like numbers are
 * numbers. */
int sx_faults_add_text(struct sx_faults *f, const char *text, struct err *err)
{
    autofree char *copy = xstrdup(text);
    json_t *o = json_object();
    char *rest = copy;
    bool first = true;
    for (char *token; (token = strsep(&rest, ",")); first = false) {
        char *value = strchr(token, '='), *end;
        if (value)
            *value++ = 0;
        double v = value ? strtod(value, &end) : 0;
        if (first && !value)
            json_object_set_new(o, "fault", json_string(token));
        else if (!value)
            json_object_set_new(o, token, json_true()); /* wrong type for every member: refused */
        else if (*value && !*end)
            json_object_set_new(
                o, token, v == (double)(json_int_t)v ? json_integer((json_int_t)v) : json_real(v));
        else
            json_object_set_new(o, token, json_string(value));
    }
    int r = sx_faults_add(f, o, err);
    json_decref(o);
    return r;
}

json_t *sx_faults_json(const struct sx_faults *f)
{
    json_t *list = json_array();
    sx_foreach(x, &f->all)
    {
        json_t *o =
            json_pack("{s:s, s:I, s:I, s:f, s:I, s:I}", "fault", names[x->hit.kind], "nth",
                      (json_int_t)x->nth, "times", (json_int_t)x->times, "probability",
                      x->probability, "seen", (json_int_t)x->seen, "hits", (json_int_t)x->hits);
        if (x->op)
            json_object_set_new(o, "op", json_string(x->op));
        if (x->mailbox)
            json_object_set_new(o, "mailbox", json_string(x->mailbox));
        json_array_append_new(list, o);
    }
    return list;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0xff51afd7ed558ccdu;
    return h ^ (h >> 33);
}

/* A number in [0, 1) that depends on nothing but its arguments. */
static double chance(uint64_t seed, size_t fault, const char *address, uint64_t nth)
{
    uint64_t h = mix(0x9e3779b97f4a7c15u, seed);
    h = mix(h, fault);
    for (; address && *address; address++)
        h = mix(h, (uint8_t)*address);
    return (double)(mix(mix(h, nth), 0) >> 11) / 9007199254740992.0;
}

static bool fires(struct sx_faults *f, size_t i, const char *op, const char *address, uint64_t nth)
{
    struct fault *x = &f->all.v[i];
    if ((x->op && strcmp(x->op, op) != 0) ||
        (x->mailbox && (!address || strcasecmp(x->mailbox, address) != 0)))
        return false;
    x->seen++;
    if (x->seen < x->nth || (x->times && x->hits >= x->times))
        return false;
    return x->probability >= 1 || chance(f->seed, i, address, nth) < x->probability;
}

struct sx_hit
sx_faults_match(struct sx_faults *f, const char *op, const char *address, uint64_t nth_of_mailbox)
{
    struct fault *taken = NULL;
    for (size_t i = 0; i < f->all.n; i++) {
        if (fires(f, i, op, address, nth_of_mailbox) && !taken)
            taken = &f->all.v[i];
    }
    if (!taken)
        return (struct sx_hit){.kind = SX_FAULT_NONE};
    taken->hits++;
    return taken->hit;
}

bool sx_fault_item(const struct sx_hit *hit, size_t i)
{
    bool busy = hit->kind == SX_FAULT_SERVER_BUSY && strcmp(hit->shape, "item") == 0;
    if (hit->field && *hit->field)
        return false;
    if ((hit->kind != SX_FAULT_ITEM_ERROR && !busy) || i + 1 < hit->item_first)
        return false;
    size_t past = i + 1 - hit->item_first;
    return hit->item_every ? past % hit->item_every == 0 : past == 0;
}
