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

int lava_order(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    struct lava_str x, y;
    int r = 0;

    if (a->type == LAVA_NIL || b->type == LAVA_NIL)
        return (a->type != LAVA_NIL) - (b->type != LAVA_NIL);
    if (a->type == LAVA_BOOL && b->type == LAVA_BOOL)
        return a->b - b->b;
    if (a->type == LAVA_STRING && b->type == LAVA_STRING)
        return order_texts(lava_str_of(a), lava_str_of(b));
    if (lava_compare(c, a, b, &r))
        return r;
    if (lava_text(c, a, &x) < 0 || lava_text(c, b, &y) < 0)
        return 0;
    return order_texts(x, y);
}

static int order_ordinal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    struct lava_str x, y;

    if (lava_text(c, a, &x) < 0 || lava_text(c, b, &y) < 0)
        return 0;
    size_t n = x.n < y.n ? x.n : y.n;
    int r = n ? memcmp(x.p, y.p, n) : 0;
    return r ? r : (x.n > y.n) - (x.n < y.n);
}

static int order_no_case(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    struct walk w = {.i = 0};

    if (lava_text(c, a, &w.a) < 0 || lava_text(c, b, &w.b) < 0)
        return 0;
    while (walk(&w)) {
        int32_t x = w.x < 0 ? w.x : utf8proc_toupper(w.x),
                y = w.y < 0 ? w.y : utf8proc_toupper(w.y);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return order_rest(&w);
}

typedef int order_fn(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b);

/* One thing to sort: its keys, in the order they count. */
struct row {
    const struct lava_value *item;
    const struct lava_value *keys;
};

struct sort {
    struct lava_ctx *c;
    order_fn *order;
    const bool *descending; /* per key; NULL: none */
    size_t n_keys;
};

static int order_rows(const struct sort *s, const struct row *a, const struct row *b)
{
    for (size_t i = 0; i < s->n_keys; i++) {
        int r = s->order(s->c, &a->keys[i], &b->keys[i]);
        if (r)
            return s->descending && s->descending[i] ? -r : r;
    }
    return 0;
}

/* Merge sort: stable, and charged by the comparison. */
static int sort_rows(const struct sort *s, struct row *v, struct row *spare, size_t n)
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

static int sort_items(const struct sort *s,
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
    if (sort_rows(s, rows, rows + n, n) < 0)
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
    s.order = lava_order;
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
    struct sort s = {c, lava_order, by.descending, by.n};
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
    struct sort s = {c, lava_order, &descending, 1};
    return sort_items(&s, items, keys, n, ret);
}
