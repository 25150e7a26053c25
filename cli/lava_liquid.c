#include "cli/lava_liquid.h"

#include <math.h>
#include <stdio.h>

#include "cli/lava_liquid_p.h"

static const struct lava_filter filters[] = {
#define X(name, low, high) {#name, low, high, 0, liquid_##name, NULL},
    LIQUID_FILTERS(X)
#undef X
};

static const struct lava_filter *find_filter(struct lava_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        if (lava_str_eq(name, (struct lava_str){filters[i].name, strlen(filters[i].name)}))
            return &filters[i];
    return NULL;
}

/* --- comparisons --- */

static bool is_word(const struct lava_value *v)
{
    return v->type == LAVA_EMPTY || v->type == LAVA_BLANK;
}

bool liquid_equal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    /* A word stands for the empty text, too. */
    return (is_word(a) || is_word(b) || a->type == b->type) && lava_equal(c, a, b);
}

static bool has_order(const struct lava_value *v)
{
    return v->type == LAVA_NUMBER || v->type == LAVA_STRING;
}

static bool
compare(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b, int *ret)
{
    (void)c;
    *ret = 0;
    if (!has_order(a) || !has_order(b))
        return false;
    if (a->type != b->type) {
        *ret = -2;
        return false;
    }
    if (a->type == LAVA_NUMBER) {
        *ret = decimal_cmp(&a->num, &b->num);
        return true;
    }
    size_t n = a->n < b->n ? a->n : b->n;
    int r = n ? memcmp(a->s, b->s, n) : 0;
    *ret = r ? (r > 0) - (r < 0) : (a->n > b->n) - (a->n < b->n);
    return true;
}

static bool contains(struct lava_ctx *c, const struct lava_value *in, const struct lava_value *what)
{
    const struct lava_value *items;
    struct lava_str text;
    size_t n;

    if (!lava_truthy(in) || !lava_truthy(what))
        return false;
    if (in->type == LAVA_STRING) {
        if (lava_text(c, what, &text) < 0)
            return false;
        return text.n == 0 || memmem(in->s, in->n, text.p, text.n) != NULL;
    }
    if (in->type == LAVA_OBJECT)
        return lava_contains(c, in, what);
    if ((in->type != LAVA_ARRAY && in->type != LAVA_RANGE) || lava_items(c, in, &items, &n) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (liquid_equal(c, &items[i], what))
            return true;
    return false;
}

/* --- printing --- */

static int copied(struct lava_ctx *c, const char *text, size_t n, struct lava_str *ret)
{
    *ret = (struct lava_str){lava_copy(c, text, n), n};
    return ret->p ? 1 : -1;
}

/* A Float as Ruby prints it: the shortest text that reads as the same, with one decimal at least.
 */
static int float_text(struct lava_ctx *c, const struct decimal *d, struct lava_str *ret)
{
    double v = decimal_to_double(d);
    char buf[400];
    int n = 0;

    if (fabs(v) >= 1e16 || (v != 0 && fabs(v) < 1e-4)) {
        for (int digits = 0; digits < 18; digits++) {
            n = snprintf(buf, sizeof(buf), "%.*e", digits < 1 ? 1 : digits, v);
            if (strtod(buf, NULL) == v)
                break;
        }
        return copied(c, buf, (size_t)n, ret);
    }
    for (int digits = 1; digits < 20; digits++) {
        n = snprintf(buf, sizeof(buf), "%.*f", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    return copied(c, buf, (size_t)n, ret);
}

static int range_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    char buf[64];
    int n =
        snprintf(buf, sizeof(buf), "%lld..%lld", (long long)v->range.from, (long long)v->range.to);

    return copied(c, buf, (size_t)n, ret);
}

static int print(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    switch (v->type) {
    case LAVA_NUMBER:
        return v->num.scale ? float_text(c, &v->num, ret) : 0;
    case LAVA_RANGE:
        return range_text(c, v, ret);
    case LAVA_OBJECT:
        if (v->obj.ops != &lava_dict_ops) /* a forloop: there is nothing else */
            return copied(c, "Liquid::ForloopDrop", strlen("Liquid::ForloopDrop"), ret);
        return liquid_inspect(c, v, ret) < 0 ? -1 : 1;
    default:
        return 0;
    }
}

static int joined(struct lava_ctx *c, const struct lava_str *pieces, size_t n, struct lava_str *ret)
{
    struct lava_value v;

    if (lava_concat(c, pieces, n, &v) < 0)
        return -1;
    *ret = lava_str_of(&v);
    return 0;
}

static int quoted(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    char *p = lava_alloc(c, 2 * (size_t)v->n + 2);
    size_t n = 0;

    if (!p)
        return -1;
    p[n++] = '"';
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->s[i] == '"' || v->s[i] == '\\')
            p[n++] = '\\';
        p[n++] = v->s[i];
    }
    p[n++] = '"';
    *ret = (struct lava_str){p, n};
    return 0;
}

static int entry(struct lava_ctx *c, const struct lava_value *pair, struct lava_str *ret)
{
    struct lava_str pieces[3] = {{NULL, 0}, LAVA_STR("=>"), {NULL, 0}};

    if (liquid_inspect(c, &pair->items[0], &pieces[0]) < 0 ||
        liquid_inspect(c, &pair->items[1], &pieces[2]) < 0)
        return -1;
    return joined(c, pieces, 3, ret);
}

static int inspect_items(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    bool object = v->type == LAVA_OBJECT;
    const struct lava_value *items;
    size_t n;

    if (lava_items(c, v, &items, &n) < 0 || !lava_ctx_deeper(c))
        return -1;
    struct lava_str *pieces = lava_alloc(c, (2 * n + 2) * sizeof(*pieces));
    size_t k = 0;
    if (!pieces)
        return -1;
    pieces[k++] = object ? LAVA_STR("{") : LAVA_STR("[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            pieces[k++] = LAVA_STR(", ");
        if ((object ? entry : liquid_inspect)(c, &items[i], &pieces[k++]) < 0)
            return -1;
    }
    pieces[k++] = object ? LAVA_STR("}") : LAVA_STR("]");
    lava_ctx_shallower(c);
    return joined(c, pieces, k, ret);
}

int liquid_inspect(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    if (v->type == LAVA_STRING)
        return quoted(c, v, ret);
    if (v->type == LAVA_NIL) {
        *ret = LAVA_STR("nil");
        return 0;
    }
    return liquid_text(c, v, ret);
}

int liquid_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    if (v->type == LAVA_ARRAY || (v->type == LAVA_OBJECT && v->obj.ops == &lava_dict_ops))
        return inspect_items(c, v, ret);
    return lava_text(c, v, ret);
}

/* --- arguments --- */

struct lava_value liquid_arg(const struct lava_args *args, size_t i)
{
    const struct lava_value *v = lava_arg(args, i);

    return v ? *v : lava_nil();
}

bool liquid_is_empty(const struct lava_value *v)
{
    switch (v->type) {
    case LAVA_STRING:
    case LAVA_ARRAY:
        return v->n == 0;
    case LAVA_OBJECT:
        return v->obj.ops->count(v->obj.self) == 0;
    default:
        return v->type == LAVA_EMPTY || v->type == LAVA_BLANK;
    }
}

const struct lava_dialect lava_liquid = {.find_filter = find_filter,
                                         .equal = liquid_equal,
                                         .compare = compare,
                                         .contains = contains,
                                         .text = print};
