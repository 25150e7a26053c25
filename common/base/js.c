#include "common/base/js.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/str.h"

enum { PATH_MAX_BYTES = 160, KEY_MAX_BYTES = 48 };

/* jansson's own texts quote the document, which holds people's data: we say the kind and the place.
 */
static const char *parse_problem(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_premature_end_of_input:
        return "ends too early";
    case json_error_end_of_input_expected:
        return "has something behind its end";
    case json_error_invalid_utf8:
        return "is not valid UTF-8";
    case json_error_duplicate_key:
        return "has a key twice in one object";
    case json_error_numeric_overflow:
        return "has a number that is out of range";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "has a NUL character in a string";
    case json_error_stack_overflow:
        return "is nested too deeply";
    default:
        return "has a syntax error";
    }
}

json_t *js_parse(const char *text, size_t n, size_t max_bytes, struct err *err)
{
    json_error_t e;
    json_t *v;

    if (n > max_bytes) {
        err_set(err, SCOPE_ITEM, WHEN_NEVER, "json",
                "JSON of %zu bytes is longer than the %zu allowed", n, max_bytes);
        return NULL;
    }
    v = json_loadb(n ? text : "", n, JSON_REJECT_DUPLICATES, &e);
    if (!v)
        err_set(err, SCOPE_ITEM, WHEN_NEVER, "json", "JSON %s (line %d, column %d, byte %d)",
                parse_problem(&e), e.line, e.column, e.position);
    return v;
}

static void put_step(struct str *path, const char *key, size_t index)
{
    if (!key)
        str_addf(path, "[%zu]", index);
    else
        str_addf(path, "%s%.*s", path->n ? "." : "", KEY_MAX_BYTES, key);
}

static void put_path(struct str *path, const struct js *o)
{
    if (!o->up)
        return;
    put_path(path, o->up);
    put_step(path, o->key, o->index);
}

int js_fail(const struct js *o, const char *key, const char *fmt, ...)
{
    autovalue(str_release) struct str path = STR_INIT(PATH_MAX_BYTES);
    char why[160];
    va_list ap;

    if (*o->failed)
        return -1;
    *o->failed = true;
    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    put_path(&path, o);
    if (key)
        put_step(&path, key, 0);
    return err_set(o->err, SCOPE_ITEM, WHEN_NEVER, "json", "%s: %s", path.n ? path.p : "top level",
                   why);
}

static const char *type_name(const json_t *v)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "an array",
        [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a whole number",
        [JSON_REAL] = "a number with a fraction",
        [JSON_TRUE] = "true or false",
        [JSON_FALSE] = "true or false",
        [JSON_NULL] = "null",
    };

    return names[json_typeof(v)];
}

/* The value at o[key] (key NULL: o itself); NULL when absent or null, or after an error. */
static json_t *look(const struct js *o, const char *key)
{
    json_t *v = o->v;

    if (!v || *o->failed)
        return NULL;
    if (key) {
        if (!json_is_object(v)) {
            js_fail(o, NULL, "expected an object, found %s", type_name(v));
            return NULL;
        }
        v = json_object_get(v, key);
    }
    return v && !json_is_null(v) ? v : NULL;
}

/* The same, of one type; absent is an error when required. `type` of a boolean is JSON_TRUE. */
static json_t *want(const struct js *o, const char *key, json_type type, bool required)
{
    json_t *v = look(o, key);

    if (!v) {
        if (required)
            js_fail(o, key, "missing");
        return NULL;
    }
    if (json_typeof(v) == type || (type == JSON_TRUE && json_is_false(v)))
        return v;
    static const char *const expected[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array",
        [JSON_STRING] = "a string",    [JSON_INTEGER] = "a whole number",
        [JSON_TRUE] = "true or false",
    };

    js_fail(o, key, "expected %s, found %s", expected[type], type_name(v));
    return NULL;
}

static struct js child(const struct js *o, const char *key, json_t *v)
{
    return (struct js){.v = v, .up = o, .key = key, .err = o->err, .failed = o->failed};
}

struct js js_object(const struct js *o, const char *key)
{
    return child(o, key, want(o, key, JSON_OBJECT, true));
}

struct js js_object_opt(const struct js *o, const char *key)
{
    return child(o, key, want(o, key, JSON_OBJECT, false));
}

struct js js_array(const struct js *o, const char *key)
{
    return child(o, key, want(o, key, JSON_ARRAY, true));
}

struct js js_array_opt(const struct js *o, const char *key)
{
    return child(o, key, want(o, key, JSON_ARRAY, false));
}

size_t js_len(const struct js *a)
{
    return json_array_size(want(a, NULL, JSON_ARRAY, false));
}

const char *js_str(const struct js *o, const char *key)
{
    json_t *v = want(o, key, JSON_STRING, true);

    return v ? json_string_value(v) : "";
}

const char *js_str_opt(const struct js *o, const char *key)
{
    return json_string_value(want(o, key, JSON_STRING, false));
}

static bool
get_int(const struct js *o, const char *key, int64_t min, int64_t max, bool required, int64_t *ret)
{
    json_t *v = want(o, key, JSON_INTEGER, required);

    if (!v)
        return false;
    int64_t i = json_integer_value(v);

    if (i < min || i > max) {
        js_fail(o, key, "the number is out of range (%lld to %lld)", (long long)min,
                (long long)max);
        return false;
    }
    *ret = i;
    return true;
}

int64_t js_int(const struct js *o, const char *key, int64_t min, int64_t max)
{
    int64_t i = 0;

    get_int(o, key, min, max, true, &i);
    return i;
}

bool js_int_opt(const struct js *o, const char *key, int64_t min, int64_t max, int64_t *ret)
{
    return get_int(o, key, min, max, false, ret);
}

bool js_bool(const struct js *o, const char *key)
{
    return json_is_true(want(o, key, JSON_TRUE, true));
}

bool js_bool_opt(const struct js *o, const char *key, bool otherwise)
{
    json_t *v = want(o, key, JSON_TRUE, false);

    return v ? json_is_true(v) : otherwise;
}

static bool get_guid(const struct js *o, const char *key, bool required, struct guid *ret)
{
    json_t *v = want(o, key, JSON_STRING, required);

    if (!v)
        return false;
    if (!guid_parse(json_string_value(v), ret)) {
        js_fail(o, key, "expected a Guid, found another string");
        return false;
    }
    return true;
}

bool js_guid(const struct js *o, const char *key, struct guid *ret)
{
    return get_guid(o, key, true, ret);
}

bool js_guid_opt(const struct js *o, const char *key, struct guid *ret)
{
    return get_guid(o, key, false, ret);
}
