/*
 * js: typed reads from a jansson value whose shape is not trusted. Errors name the path
 * ("[3].PhoneNumbers[0].Number").
 *
 * A reader walks: js_root of a document, then by key; key NULL is the reader's own value, for
 * elements of arrays. A missing key or null is "absent" for the _opt forms and an error for the
 * others; a wrong type is always an error. The first error sticks in the reader; later reads give
 * zero values, so a decoder reads everything and checks js_failed once per object.
 *
 * Errors have code "json", SCOPE_ITEM, WHEN_NEVER (this document is bad); callers widen the reach
 * where it goes further. They never hold values, not even those that the parser stumbled over.
 */
#ifndef SYNC_BASE_JS_H
#define SYNC_BASE_JS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/guid.h"

struct js {    /* one object or array inside a document; values are borrowed from the document */
    json_t *v; /* may be NULL: all reads are then absent */
    const struct js *up; /* parent, for the path; must outlive this reader */
    const char *key;     /* key in the parent, or NULL */
    size_t index;        /* index in the parent array when key is NULL */
    struct err *err;     /* shared by the tree; the first failure fills it */
    bool *failed;
};

/*
 * Parses text[0..n), an object or array. Limits: n at most max_bytes, depth as jansson's (2048).
 * Refuses a key twice in one object, invalid UTF-8, \u0000, integers beyond 64 bits. NULL with
 * *err, else the caller json_decrefs.
 */
json_t *js_parse(const char *text, size_t n, size_t max_bytes, struct err *err) must_check;
static inline struct js js_root(json_t *v, struct err *err, bool *failed)
{
    *failed = false;
    return (struct js){.v = v, .err = err, .failed = failed};
}
struct js js_object(const struct js *o, const char *key);     /* required */
struct js js_object_opt(const struct js *o, const char *key); /* .v NULL when absent or null */
struct js js_array(const struct js *o, const char *key);      /* required */
struct js js_array_opt(const struct js *o, const char *key);
size_t js_len(const struct js *a);
/* Element i; absent when there are fewer. */
static inline struct js js_at(const struct js *a, size_t i)
{
    return (struct js){
        .v = json_array_get(a->v, i), .up = a, .index = i, .err = a->err, .failed = a->failed};
}
const char *js_str(const struct js *o, const char *key);     /* required string; "" after failure */
const char *js_str_opt(const struct js *o, const char *key); /* NULL when absent */
/* A number written with a fraction or an exponent is refused, whatever its value. */
int64_t js_int(const struct js *o, const char *key, int64_t min, int64_t max);
/* False, and *ret untouched, when absent or failed; js_guid_opt too. */
bool js_int_opt(const struct js *o, const char *key, int64_t min, int64_t max, int64_t *ret);
bool js_bool(const struct js *o, const char *key);
bool js_bool_opt(const struct js *o, const char *key, bool otherwise);
/* Required; false, and *ret untouched, after failure. */
bool js_guid(const struct js *o, const char *key, struct guid *ret);
bool js_guid_opt(const struct js *o, const char *key, struct guid *ret);
/* A failure of the caller's own check at o[key]; returns -1. */
int js_fail(const struct js *o, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool js_failed(const struct js *o)
{
    return *o->failed;
}

#endif
