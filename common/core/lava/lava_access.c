/*
 * Values: their text, their items, their members; dictionaries.
 */
#include <stdio.h>

#include "common/core/lava/lava_known.h"
#include "common/core/lava/lava_render_p.h"

bool lava_ctx_deeper(struct lava_ctx *c)
{
    if (c->depth >= LAVA_MAX_RENDER_DEPTH) {
        lava_fail(c, "a value is more than %d levels deep", LAVA_MAX_RENDER_DEPTH);
        return false;
    }
    c->depth++;
    return true;
}

void lava_ctx_shallower(struct lava_ctx *c)
{
    c->depth--;
}

/* --- text --- */

static int text_of_number(struct lava_ctx *c, const struct decimal *d, struct lava_str *ret)
{
    char buf[DECIMAL_TEXT];
    size_t n = decimal_format(d, buf);

    *ret = (struct lava_str){lava_copy(c, buf, n), n};
    return ret->p ? 0 : -1;
}

static int text_of_date(struct lava_ctx *c, const struct lava_date *d, struct lava_str *ret)
{
    char buf[64];
    long n = lava_date_format(d, "G", 1, buf, sizeof(buf));

    if (n < 0 || (size_t)n > sizeof(buf))
        n = 0;
    *ret = (struct lava_str){lava_copy(c, buf, (size_t)n), (size_t)n};
    return ret->p ? 0 : -1;
}

static int text_of_list(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    const struct lava_value *items = NULL;
    struct lava_value whole;
    size_t n = 0;

    if (lava_items(c, v, &items, &n) < 0 || lava_step(c, n) < 0)
        return -1;
    struct lava_str *pieces = lava_alloc(c, n * sizeof(*pieces));
    if (!pieces || !lava_ctx_deeper(c))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (lava_text(c, &items[i], &pieces[i]) < 0)
            return -1;
    lava_ctx_shallower(c);
    if (lava_concat(c, pieces, n, &whole) < 0)
        return -1;
    *ret = lava_str_of(&whole);
    return 0;
}

static int dialect_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    const struct lava_dialect *d = c->t->dialect;

    return d && d->text ? d->text(c, v, ret) : 0;
}

int lava_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    if (v->type == LAVA_STRING) {
        *ret = lava_str_of(v);
        return 0;
    }
    *ret = LAVA_STR("");
    int done = dialect_text(c, v, ret);
    if (done)
        return done < 0 ? -1 : 0;
    switch (v->type) {
    case LAVA_BOOL:
        *ret = v->b ? LAVA_STR("true") : LAVA_STR("false");
        return 0;
    case LAVA_NUMBER:
        return text_of_number(c, &v->num, ret);
    case LAVA_DATE:
        return text_of_date(c, &v->date, ret);
    case LAVA_ARRAY:
    case LAVA_RANGE:
        return text_of_list(c, v, ret);
    case LAVA_OBJECT:
        if (v->obj.ops->text)
            *ret = v->obj.ops->text(v->obj.self, c);
        return c->failed ? -1 : 0;
    default:
        return 0;
    }
}

/* --- items --- */

static int range_items(struct lava_ctx *c,
                       const struct lava_value *v,
                       const struct lava_value **ret,
                       size_t *ret_n)
{
    int64_t n = v->range.to < v->range.from ? 0 : v->range.to - v->range.from + 1;

    if (n > (int64_t)(c->limits->memory / sizeof(**ret)) || lava_step(c, (uint64_t)n) < 0)
        return lava_fail(c, "this range is too long");
    struct lava_value *items = lava_alloc(c, (size_t)n * sizeof(*items));
    if (!items)
        return -1;
    for (int64_t i = 0; i < n; i++)
        items[i] = lava_int(v->range.from + i);
    *ret = items;
    *ret_n = (size_t)n;
    return 0;
}

/* Entry i as a pair of name and value. */
static int pair(struct lava_ctx *c, const struct lava_value *v, size_t i, struct lava_value *ret)
{
    struct lava_value *both = lava_alloc(c, 2 * sizeof(*both));
    struct lava_str key;

    if (!both)
        return -1;
    v->obj.ops->entry(v->obj.self, i, c, &key, &both[1]);
    both[0] = lava_string(key.p, key.n);
    *ret = lava_array(both, 2);
    return c->failed ? -1 : 0;
}

static int object_items(struct lava_ctx *c,
                        const struct lava_value *v,
                        const struct lava_value **ret,
                        size_t *ret_n)
{
    size_t n = v->obj.ops->count(v->obj.self);
    struct lava_value *items = lava_alloc(c, n * sizeof(*items));

    if (!items || lava_step(c, n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (pair(c, v, i, &items[i]) < 0)
            return -1;
    *ret = items;
    *ret_n = n;
    return 0;
}

int lava_items(struct lava_ctx *c,
               const struct lava_value *v,
               const struct lava_value **ret,
               size_t *ret_n)
{
    struct lava_value *one;

    switch (v->type) {
    case LAVA_ARRAY:
        *ret = v->items;
        *ret_n = v->n;
        return 0;
    case LAVA_RANGE:
        return range_items(c, v, ret, ret_n);
    case LAVA_OBJECT:
        return object_items(c, v, ret, ret_n);
    case LAVA_NIL:
    case LAVA_EMPTY:
    case LAVA_BLANK:
        *ret = NULL;
        *ret_n = 0;
        return 0;
    default:
        one = lava_alloc(c, sizeof(*one));
        if (!one)
            return -1;
        *one = *v; /* v may be a variable of the caller's that does not last */
        *ret = one;
        *ret_n = 1;
        return 0;
    }
}

/* --- members --- */

static struct lava_value item_at(const struct lava_value *v, int64_t i)
{
    int64_t n = v->type == LAVA_ARRAY ? (int64_t)v->n : v->range.to - v->range.from + 1;

    if (i < 0)
        i += n;
    if (i < 0 || i >= n)
        return lava_nil();
    return v->type == LAVA_ARRAY ? v->items[i] : lava_int(v->range.from + i);
}

static int64_t characters(const struct lava_value *v)
{
    int64_t n = 0;

    for (uint32_t i = 0; i < v->n; i++)
        n += ((unsigned char)v->s[i] & 0xc0) != 0x80;
    return n;
}

static int64_t size_of(struct lava_ctx *c, const struct lava_value *v)
{
    switch (v->type) {
    case LAVA_STRING:
        return lava_step(c, v->n / 64) < 0 ? 0 : characters(v);
    case LAVA_ARRAY:
        return v->n;
    case LAVA_RANGE:
        return v->range.to < v->range.from ? 0 : v->range.to - v->range.from + 1;
    default:
        return (int64_t)v->obj.ops->count(v->obj.self);
    }
}

/* size, first, last of whatever has them */
static void special(struct lava_ctx *c,
                    const struct lava_value *v,
                    const struct lava_name *name,
                    struct lava_value *ret)
{
    bool list = v->type == LAVA_ARRAY || v->type == LAVA_RANGE;

    if (!list && v->type != LAVA_STRING && v->type != LAVA_OBJECT)
        return;
    switch (name->known ? name->known : lava_known_find(name->p, name->n)) {
    case LAVA_KNOWN_size:
        *ret = lava_int(size_of(c, v));
        break;
    case LAVA_KNOWN_first:
        if (list)
            *ret = item_at(v, 0);
        else if (v->type == LAVA_OBJECT && v->obj.ops->count(v->obj.self))
            (void)pair(c, v, 0, ret);
        break;
    case LAVA_KNOWN_last:
        if (list)
            *ret = item_at(v, -1);
        break;
    default:
        break;
    }
}

void lava_member_into(struct lava_ctx *c,
                      const struct lava_value *v,
                      const struct lava_name *name,
                      struct lava_value *ret)
{
    if (v->type == LAVA_OBJECT && v->obj.ops->get(v->obj.self, name, c, ret))
        return;
    ret->type = LAVA_NIL;
    if (v->type != LAVA_NIL)
        special(c, v, name, ret);
}

struct lava_value
lava_member(struct lava_ctx *c, const struct lava_value *v, const struct lava_name *name)
{
    struct lava_value ret;

    lava_member_into(c, v, name, &ret);
    return ret;
}

struct lava_value
lava_index(struct lava_ctx *c, const struct lava_value *v, const struct lava_value *index)
{
    struct lava_str text;
    int64_t i;

    if (v->type == LAVA_ARRAY || v->type == LAVA_RANGE) {
        if (index->type == LAVA_NUMBER)
            return decimal_to_i64(&index->num, &i) ? item_at(v, i) : lava_nil();
        if (index->type != LAVA_STRING)
            return lava_nil();
    }
    if (v->type == LAVA_NIL || index->type == LAVA_NIL || lava_text(c, index, &text) < 0)
        return lava_nil();
    struct lava_name name = {text.p, (uint32_t)text.n, lava_known_find(text.p, text.n)};
    return lava_member(c, v, &name);
}

struct lava_value lava_path(struct lava_ctx *c, const struct lava_value *v, struct lava_str path)
{
    struct lava_value at = *v;

    for (const char *p = path.p, *end = path.p + path.n; p <= end && path.n;) {
        const char *dot = memchr(p, '.', (size_t)(end - p));
        size_t n = (size_t)((dot ? dot : end) - p);
        struct lava_name name = {p, (uint32_t)n, lava_known_find(p, n)};
        at = lava_member(c, &at, &name);
        if (!dot || lava_step(c, 1) < 0)
            break;
        p = dot + 1;
    }
    return at;
}

/* --- dictionaries --- */

static bool
dict_get(const void *self, const struct lava_name *name, struct lava_ctx *c, struct lava_value *ret)
{
    const struct lava_dict *d = self;
    struct lava_str want = {name->p, name->n};

    for (size_t i = 0; i < d->n; i++) {
        if (i % 64 == 63 && c && lava_step(c, 1) < 0)
            return false;
        if (lava_str_eq(d->v[i].key, want)) {
            *ret = d->v[i].value;
            return true;
        }
    }
    return false;
}

static size_t dict_count(const void *self)
{
    return ((const struct lava_dict *)self)->n;
}

static void dict_entry(
    const void *self, size_t i, struct lava_ctx *c, struct lava_str *key, struct lava_value *ret)
{
    const struct lava_dict *d = self;

    (void)c;
    *key = d->v[i].key;
    *ret = d->v[i].value;
}

const struct lava_object_ops lava_dict_ops = {
    .name = "Dictionary", .get = dict_get, .count = dict_count, .entry = dict_entry};
