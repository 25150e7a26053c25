#include "common/core/lava/lava_json.h"

#include <jansson.h>

#include "common/base/arena.h"
#include "common/base/js.h"

enum { MAX_DEPTH = 100 };

static struct lava_value value(struct arena *a, const json_t *j, unsigned depth);

static struct lava_value real_value(double v)
{
    struct decimal d, one = {.lo = 10, .scale = 1};

    if (!decimal_from_double(v, &d))
        return lava_nil();
    if (d.scale == 0)
        (void)decimal_mul(&d, &one, &d);
    return lava_number(d);
}

static struct lava_value array_value(struct arena *a, const json_t *j, unsigned depth)
{
    size_t n = json_array_size(j);
    struct lava_value *items = arena_alloc(a, n * sizeof(*items));

    for (size_t i = 0; i < n; i++)
        items[i] = value(a, json_array_get(j, i), depth);
    return lava_array(items, n);
}

static struct lava_value object_value(struct arena *a, const json_t *j, unsigned depth)
{
    json_t *o = (json_t *)(uintptr_t)j; /* jansson's iterators take no const */
    struct lava_dict *d = arena_alloc(a, sizeof(*d));
    struct lava_entry *e = arena_alloc(a, json_object_size(j) * sizeof(*e));

    d->v = e;
    for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
        const char *key = json_object_iter_key(it);
        e->key = (struct lava_str){arena_strdup(a, key), strlen(key)};
        e->value = value(a, json_object_iter_value(it), depth);
        e++;
        d->n++;
    }
    return lava_object(&lava_dict_ops, d);
}

static struct lava_value value(struct arena *a, const json_t *j, unsigned depth)
{
    if (depth >= MAX_DEPTH || !j)
        return lava_nil();
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return object_value(a, j, depth + 1);
    case JSON_ARRAY:
        return array_value(a, j, depth + 1);
    case JSON_STRING:
        return lava_string(arena_memdup(a, json_string_value(j), json_string_length(j)),
                           json_string_length(j));
    case JSON_INTEGER:
        return lava_int(json_integer_value(j));
    case JSON_REAL:
        return real_value(json_real_value(j));
    case JSON_TRUE:
        return lava_bool(true);
    case JSON_FALSE:
        return lava_bool(false);
    default:
        return lava_nil();
    }
}

struct lava_value lava_json_value(struct arena *a, const struct js *j)
{
    return value(a, j->v, 0);
}
