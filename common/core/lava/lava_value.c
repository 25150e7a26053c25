/*
 * Values: numbers and dates in texts, equality, order.
 */
#include "common/core/lava/lava_value.h"

#include <strings.h>

#include "common/core/lava/lava_ctx.h"
#include "common/core/lava/lava_source.h"

/* Comparing two texts is worth a step, and one more for every 64 bytes. */
static bool pay(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    uint64_t n =
        (a->type == LAVA_STRING ? a->n : 0) + (uint64_t)(b->type == LAVA_STRING ? b->n : 0);

    return lava_step(c, 1 + n / 64) == 0;
}

bool lava_to_number(const struct lava_value *v, struct decimal *ret)
{
    if (v->type == LAVA_NUMBER) {
        *ret = v->num;
        return true;
    }
    return v->type == LAVA_STRING && decimal_parse(v->s, v->n, DECIMAL_NUMBER, ret);
}

bool lava_to_date(struct lava_ctx *c, const struct lava_value *v, struct lava_date *ret)
{
    if (v->type == LAVA_DATE) {
        *ret = v->date;
        return true;
    }
    return v->type == LAVA_STRING && lava_date_parse(v->s, v->n, lava_now(c), ret);
}

/* --- equality --- */

static bool only_space(const struct lava_value *v)
{
    for (uint32_t i = 0; i < v->n; i++)
        if (!lava_is_space(v->s[i]))
            return false;
    return true;
}

static bool no_members(const struct lava_value *v)
{
    return (v->type == LAVA_ARRAY && v->n == 0) ||
           (v->type == LAVA_OBJECT && v->obj.ops->count(v->obj.self) == 0);
}

/* `empty` and `blank`: w is the word, v what it is compared with. */
static bool equals_word(const struct lava_value *w, const struct lava_value *v)
{
    if (v->type == w->type)
        return true;
    if (no_members(v))
        return true;
    if (w->type == LAVA_EMPTY)
        return v->type == LAVA_STRING && v->n == 0;
    return (v->type == LAVA_STRING && only_space(v)) || (v->type != LAVA_BLANK && !lava_truthy(v));
}

static bool is_list(const struct lava_value *v)
{
    return v->type == LAVA_ARRAY || v->type == LAVA_RANGE;
}

static bool equal_lists(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    const struct lava_value *x, *y;
    size_t n, m;

    if (a->type == LAVA_RANGE && b->type == LAVA_RANGE)
        return a->range.from == b->range.from && a->range.to == b->range.to;
    if (lava_items(c, a, &x, &n) < 0 || lava_items(c, b, &y, &m) < 0 || n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!lava_equal(c, &x[i], &y[i]))
            return false;
    return true;
}

static bool
equal_objects(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    const struct lava_object_ops *x = a->obj.ops, *y = b->obj.ops;
    size_t n = x->count(a->obj.self);

    if (x == y && a->obj.self == b->obj.self)
        return true;
    if (n != y->count(b->obj.self) || n == 0)
        return x == y && n == 0 && x == &lava_dict_ops;
    for (size_t i = 0; i < n; i++) {
        struct lava_value v = lava_nil(), w = lava_nil();
        struct lava_str key;
        x->entry(a->obj.self, i, c, &key, &v);
        struct lava_name name = {key.p, (uint32_t)key.n, 0};
        if (!y->get(b->obj.self, &name, c, &w) || !lava_equal(c, &v, &w))
            return false;
    }
    return true;
}

static bool equal_dates(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    struct lava_date x, y;

    return lava_to_date(c, a, &x) && lava_to_date(c, b, &y) &&
           lava_date_utc(&x) == lava_date_utc(&y);
}

static bool equal_same(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    switch (a->type) {
    case LAVA_NIL:
        return true;
    case LAVA_BOOL:
        return a->b == b->b;
    case LAVA_NUMBER:
        return decimal_cmp(&a->num, &b->num) == 0;
    case LAVA_STRING:
        return lava_str_eq(lava_str_of(a), lava_str_of(b));
    default:
        return equal_dates(c, a, b);
    }
}

/* A boolean on the left equals booleans only; on the right a text that says the same, too. */
static bool equal_boolean(const struct lava_value *a, const struct lava_value *b)
{
    const char *word = b->type == LAVA_BOOL && b->b ? "true" : "false";

    return a->type == LAVA_STRING && a->n == strlen(word) && strncasecmp(a->s, word, a->n) == 0;
}

static bool equal_other(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    struct decimal x, y;

    if (a->type == LAVA_BOOL || b->type == LAVA_BOOL)
        return equal_boolean(a, b);
    if (a->type == LAVA_NUMBER || b->type == LAVA_NUMBER)
        return lava_to_number(a, &x) && lava_to_number(b, &y) && decimal_cmp(&x, &y) == 0;
    if (a->type == LAVA_DATE || b->type == LAVA_DATE)
        return equal_dates(c, a, b);
    return false;
}

static bool is_word(const struct lava_value *v)
{
    return v->type == LAVA_EMPTY || v->type == LAVA_BLANK;
}

static bool equal_deep(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    if (!lava_ctx_deeper(c))
        return false;
    bool same = a->type == LAVA_OBJECT ? equal_objects(c, a, b) : equal_lists(c, a, b);
    lava_ctx_shallower(c);
    return same;
}

bool lava_equal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    if (!pay(c, a, b))
        return false;
    if (is_word(a))
        return equals_word(a, b);
    if (is_word(b))
        return equals_word(b, a);
    if ((is_list(a) && is_list(b)) || (a->type == LAVA_OBJECT && b->type == LAVA_OBJECT))
        return equal_deep(c, a, b);
    return a->type == b->type ? equal_same(c, a, b) : equal_other(c, a, b);
}

/* --- order --- */

int lava_collate(struct lava_str a, struct lava_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int exact = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];
        unsigned char fx = lava_is_letter(a.p[i]) ? x | 32 : x;
        unsigned char fy = lava_is_letter(b.p[i]) ? y | 32 : y;
        if (fx != fy)
            return fx < fy ? -1 : 1;
        if (!exact && x != y)
            exact = x > y ? -1 : 1; /* lower case, the greater code, is first */
    }
    return a.n != b.n ? (a.n < b.n ? -1 : 1) : exact;
}

/* As Fluid's ToNumberValue: what is no number counts as 0. */
static struct decimal counted(const struct lava_value *v)
{
    struct decimal d;

    if (lava_to_number(v, &d))
        return d;
    return decimal_from_i64(v->type == LAVA_BOOL && v->b);
}

static int64_t instant(struct lava_ctx *c, const struct lava_value *v)
{
    struct lava_date d;

    return lava_to_date(c, v, &d) ? lava_date_utc(&d) : 0;
}

static bool has_order(const struct lava_value *v)
{
    return v->type == LAVA_BOOL || v->type == LAVA_NUMBER || v->type == LAVA_STRING ||
           v->type == LAVA_DATE;
}

bool lava_compare(struct lava_ctx *c,
                  const struct lava_value *a,
                  const struct lava_value *b,
                  int *ret)
{
    if (!pay(c, a, b))
        return false;
    if (a->type == LAVA_NUMBER || b->type == LAVA_NUMBER) {
        struct decimal x = counted(a), y = counted(b);
        *ret = decimal_cmp(&x, &y);
        return has_order(a) && has_order(b);
    }
    if (a->type == LAVA_DATE || b->type == LAVA_DATE) {
        int64_t x = instant(c, a), y = instant(c, b);
        *ret = (x > y) - (x < y);
        return has_order(a) && has_order(b);
    }
    if (a->type != b->type || !has_order(a))
        return false;
    *ret = a->type == LAVA_BOOL ? a->b - b->b : lava_collate(lava_str_of(a), lava_str_of(b));
    return true;
}

bool lava_contains(struct lava_ctx *c, const struct lava_value *in, const struct lava_value *what)
{
    const struct lava_value *items;
    struct lava_value ignored;
    struct lava_str text;
    size_t n;

    if (is_list(in)) {
        if (lava_items(c, in, &items, &n) < 0)
            return false;
        for (size_t i = 0; i < n; i++)
            if (lava_equal(c, &items[i], what))
                return true;
        return false;
    }
    if (what->type == LAVA_NIL || lava_text(c, what, &text) < 0)
        return false;
    if (in->type == LAVA_OBJECT) {
        struct lava_name name = {text.p, (uint32_t)text.n, 0};
        return in->obj.ops->get(in->obj.self, &name, c, &ignored);
    }
    if (in->type != LAVA_STRING || !pay(c, in, what))
        return false;
    return text.n == 0 || memmem(in->s, in->n, text.p, text.n) != NULL;
}
