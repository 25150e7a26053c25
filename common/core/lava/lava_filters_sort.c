/*
 * lava_filters_sort: how values are ordered, and the filters that do.
 */
#include <string.h>
#include <utf8proc.h>

#include "common/core/lava/lava_filters_p.h"

/* The next character of each text, folded by fn; false when one of them is at its end. */
struct walk {
    struct lava_str a, b;
    size_t i, j;
    int32_t x, y;
};

static bool walk(struct walk *w)
{
    size_t n, m;

    if (w->i == w->a.n || w->j == w->b.n)
        return false;
    w->x = lava_char_at(w->a.p + w->i, w->a.p + w->a.n, &n);
    w->y = lava_char_at(w->b.p + w->j, w->b.p + w->b.n, &m);
    w->i += n;
    w->j += m;
    return true;
}

static int32_t lower(int32_t cp)
{
    return cp < 0 ? cp : utf8proc_tolower(cp);
}

/* What is left when one text is the beginning of the other. */
static int order_rest(const struct walk *w)
{
    return (w->i < w->a.n) - (w->j < w->b.n);
}

/* As .NET's culture does it: by letters, then small before capital. */
static int order_texts(struct lava_str a, struct lava_str b)
{
    struct walk w = {.a = a, .b = b};
    int tie = 0;

    while (walk(&w)) {
        if (lower(w.x) != lower(w.y))
            return lower(w.x) < lower(w.y) ? -1 : 1;
        if (w.x != w.y && tie == 0)
            tie = w.x == lower(w.x) ? -1 : 1;
    }
    return order_rest(&w) ? order_rest(&w) : tie;
}

struct sort;

/* Failures are noted in s; what is returned then is no matter. */
typedef int order_fn(struct sort *s, const struct lava_value *a, const struct lava_value *b);

struct sort {
    struct lava_ctx *c;
    order_fn *order;
    const bool *descending; /* per key; NULL: none */
    size_t n_keys;
    bool failed;
};

/* The texts of both, the comparing of which is paid for. False: failed. */
static bool
take_texts(struct sort *s, const struct lava_value *a, const struct lava_value *b, struct walk *ret)
{
    s->failed |= lava_text(s->c, a, &ret->a) < 0 || lava_text(s->c, b, &ret->b) < 0;
    if (s->failed)
        return false;
    s->failed = lava_step(s->c, (ret->a.n < ret->b.n ? ret->a.n : ret->b.n) / 32) < 0;
    return !s->failed;
}

/* How .NET orders two values: nil, then by kind. */
static int order_values(struct sort *s, const struct lava_value *a, const struct lava_value *b)
{
    struct walk w = {.i = 0};
    int r = 0;

    if (a->type == LAVA_NIL || b->type == LAVA_NIL)
        return (a->type != LAVA_NIL) - (b->type != LAVA_NIL);
    if (a->type == LAVA_BOOL && b->type == LAVA_BOOL)
        return a->b - b->b;
    bool texts = a->type == LAVA_STRING && b->type == LAVA_STRING;
    if (!texts && lava_compare(s->c, a, b, &r))
        return r;
    return take_texts(s, a, b, &w) ? order_texts(w.a, w.b) : 0;
}

static int order_ordinal(struct sort *s, const struct lava_value *a, const struct lava_value *b)
{
    struct walk w = {.i = 0};

    if (!take_texts(s, a, b, &w))
        return 0;
    size_t n = w.a.n < w.b.n ? w.a.n : w.b.n;
    int r = n ? memcmp(w.a.p, w.b.p, n) : 0;
    return r ? r : (w.a.n > w.b.n) - (w.a.n < w.b.n);
}

static int order_no_case(struct sort *s, const struct lava_value *a, const struct lava_value *b)
{
    struct walk w = {.i = 0};

    if (!take_texts(s, a, b, &w))
        return 0;
    while (walk(&w)) {
        int32_t x = w.x < 0 ? w.x : utf8proc_toupper(w.x),
                y = w.y < 0 ? w.y : utf8proc_toupper(w.y);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return order_rest(&w);
}

/* One thing to sort: its keys, in the order they count. */
struct row {
    const struct lava_value *item;
    const struct lava_value *keys;
};

static int order_rows(struct sort *s, const struct row *a, const struct row *b)
{
    for (size_t i = 0; i < s->n_keys; i++) {
        int r = s->order(s, &a->keys[i], &b->keys[i]);
        if (r)
            return s->descending && s->descending[i] ? -r : r;
    }
    return 0;
}

/* Merge sort: stable, and charged by the comparison. */
static int sort_rows(struct sort *s, struct row *v, struct row *spare, size_t n)
{
    if (n < 2)
        return 0;
    size_t half = n / 2, i = 0, j = half, k = 0;
    if (lava_step(s->c, n * s->n_keys * 2) < 0 || sort_rows(s, v, spare, half) < 0 ||
        sort_rows(s, v + half, spare, n - half) < 0)
        return -1;
    while (i < half && j < n)
        spare[k++] = order_rows(s, &v[i], &v[j]) <= 0 ? v[i++] : v[j++];
    while (i < half)
        spare[k++] = v[i++];
    memcpy(v, spare, k * sizeof(*v)); /* what is left of the second half is in place */
    return 0;
}

static int sort_items(struct sort *s,
                      const struct lava_value *items,
                      const struct lava_value *keys,
                      size_t n,
                      struct lava_value *ret)
{
    struct row *rows = lava_alloc(s->c, (2 * n + 1) * sizeof(*rows));
    struct lava_value *out = lava_room(s->c, n);

    if (!rows || !out)
        return -1;
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct row){&items[i], &keys[i * s->n_keys]};
    if (sort_rows(s, rows, rows + n, n) < 0 || s->failed)
        return -1;
    for (size_t i = 0; i < n; i++)
        out[i] = *rows[i].item;
    *ret = lava_array(out, n);
    return 0;
}

/* Sort and SortNatural: by the items' texts, or by a member. */
static int sort_by(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   order_fn *order,
                   struct lava_value *ret)
{
    struct sort s = {.c = c, .order = order, .n_keys = 1};
    const struct lava_value *items;
    struct lava_str path;
    size_t n;

    if (!lava_is_list(in)) {
        *ret = *in;
        return 0;
    }
    if (lava_take_items(c, in, &items, &n) < 0 || lava_at_text(c, args, 0, NULL, &path) < 0)
        return -1;
    if (!path.p)
        return sort_items(&s, items, items, n, ret);
    struct lava_value *keys = lava_room(c, n);
    if (!keys)
        return -1;
    for (size_t i = 0; i < n; i++)
        keys[i] = lava_path(c, &items[i], path);
    s.order = order_values;
    return sort_items(&s, items, keys, n, ret);
}

int lava_do_Sort(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    return sort_by(c, in, args, order_ordinal, ret);
}

int lava_do_SortNatural(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    return sort_by(c, in, args, order_no_case, ret);
}

enum { MAX_KEYS = 16 };

struct order_by {
    struct lava_str paths[MAX_KEYS];
    bool descending[MAX_KEYS];
    size_t n;
};

/* "Order, Nested.Name desc" */
static void parse_order(struct lava_str s, struct order_by *o)
{
    for (size_t from = 0; from <= s.n && o->n < MAX_KEYS;) {
        size_t end = lava_str_find(s, LAVA_STR(","), from);
        struct lava_str key = lava_trim((struct lava_str){s.p + from, end - from}, true, true);
        size_t space = lava_str_find(key, LAVA_STR(" "), 0);
        struct lava_str rest =
            lava_trim((struct lava_str){key.p + space, key.n - space}, true, true);
        if (space > 0) {
            o->paths[o->n] = (struct lava_str){key.p, space};
            o->descending[o->n++] = lava_str_is_like(rest, "desc");
        }
        from = end + 1;
    }
}

int lava_do_OrderBy(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    struct order_by by = {.n = 0};
    const struct lava_value *items;
    struct lava_str text;
    size_t n;

    if (lava_take_items(c, in, &items, &n) < 0 || lava_at_text(c, args, 0, "", &text) < 0)
        return -1;
    parse_order(text, &by);
    if (by.n == 0) {
        *ret = *in;
        return 0;
    }
    struct lava_value *keys = lava_step(c, n * by.n) < 0 ? NULL : lava_room(c, n * by.n);
    if (!keys)
        return -1;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < by.n; k++)
            keys[i * by.n + k] = lava_path(c, &items[i], by.paths[k]);
    }
    struct sort s = {c, order_values, by.descending, by.n, false};
    return sort_items(&s, items, keys, n, ret);
}

/* By an attribute of each: what Attribute gives for it. */
int lava_do_SortByAttribute(struct lava_ctx *c,
                            const struct lava_value *in,
                            const struct lava_args *args,
                            struct lava_value *ret)
{
    struct lava_str direction;
    const struct lava_value *items;
    size_t n;

    if (lava_take_items(c, in, &items, &n) < 0 || lava_at_text(c, args, 1, "asc", &direction) < 0)
        return -1;
    bool descending = lava_str_is_like(direction, "desc");
    struct lava_value *keys = lava_room(c, n);
    if (!keys)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (lava_do_Attribute(c, &items[i], args, &keys[i]) < 0)
            return -1;
    }
    struct sort s = {c, order_values, &descending, 1, false};
    return sort_items(&s, items, keys, n, ret);
}
