/*
 * lava_filters_array: lists and dictionaries.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

static bool is_empty_text(const struct lava_value *v)
{
    return v->type == LAVA_NIL || (v->type == LAVA_STRING && v->n == 0);
}

/* ---- parts ---- */

int lava_do_Join(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    const struct lava_value *items;
    struct lava_str by, s;
    size_t n;

    if (!lava_is_list(in)) {
        *ret = *in;
        return 0;
    }
    if (lava_take_items(c, in, &items, &n) < 0 || lava_at_text(c, args, 0, "", &by) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if ((i && lava_build_add(&b, by.p, by.n) < 0) || lava_text(c, &items[i], &s) < 0 ||
            lava_build_add(&b, s.p, s.n) < 0)
            return -1;
    }
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_First(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    const struct lava_name name = {"first", 5, 0};

    (void)args;
    *ret = lava_member(c, in, &name);
    return 0;
}

int lava_do_Last(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    const struct lava_name name = {"last", 4, 0};

    (void)args;
    *ret = lava_member(c, in, &name);
    return 0;
}

int lava_do_Size(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n = 0;

    (void)args;
    if (in->type == LAVA_STRING && lava_step(c, in->n / 32) < 0)
        return -1;
    if (in->type == LAVA_STRING)
        n = lava_char_count(lava_str_of(in));
    else if (in->type == LAVA_OBJECT)
        n = in->obj.ops->count(in->obj.self);
    else if (lava_is_list(in) && lava_items(c, in, &items, &n) < 0)
        return -1;
    *ret = lava_int((int64_t)n);
    return 0;
}

int lava_do_Index(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    const struct lava_value *items, *index = lava_at(args, 0);
    int32_t i;
    size_t n;

    if (in->type == LAVA_NIL || !index || index->type == LAVA_NIL ||
        !(lava_is_list(in) || in->type == LAVA_OBJECT)) {
        *ret = *in;
        return 0;
    }
    if (lava_take_items(c, in, &items, &n) < 0)
        return -1;
    if (lava_net_int(index, &i) && i >= 0 && (size_t)i < n)
        *ret = items[i];
    return 0;
}

int lava_do_Reverse(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n, count, bytes;

    (void)args;
    *ret = *in;
    if (in->type == LAVA_STRING && in->n) { /* a list of its characters */
        struct lava_str s = lava_str_of(in);
        count = lava_char_count(s);
        struct lava_value *v = lava_step(c, count) < 0 ? NULL : lava_room(c, count);
        if (!v)
            return -1;
        for (size_t i = 0, k = count; k > 0; i += bytes) {
            lava_char_at(s.p + i, s.p + s.n, &bytes);
            v[--k] = lava_string(s.p + i, bytes);
        }
        *ret = lava_array(v, count);
        return 0;
    }
    if (!lava_is_list(in))
        return 0;
    if (lava_take_items(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *v = lava_room(c, n);
    if (!v)
        return -1;
    for (size_t i = 0; i < n; i++)
        v[i] = items[n - 1 - i];
    *ret = lava_array(v, n);
    return 0;
}

/* ---- members ---- */

static bool has_member(struct lava_ctx *c,
                       const struct lava_value *v,
                       struct lava_str key,
                       struct lava_value *ret)
{
    struct lava_name name = {key.p, (uint32_t)key.n, 0};

    return v->type == LAVA_OBJECT && v->obj.ops->get(v->obj.self, &name, c, ret);
}

/* One member of each: Select leaves out what has none, Map gives nil for it. */
static int members(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   bool all,
                   struct lava_value *ret)
{
    const struct lava_value *items;
    struct lava_str key;
    size_t n, kept = 0;

    if (!lava_is_list(in)) {
        *ret = *in;
        return 0;
    }
    if (lava_take_items(c, in, &items, &n) < 0 || lava_at_text(c, args, 0, "", &key) < 0)
        return -1;
    struct lava_value *v = lava_room(c, n);
    if (!v)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (has_member(c, &items[i], key, &v[kept]))
            kept++;
        else if (all)
            v[kept++] = lava_path(c, &items[i], key);
    }
    *ret = lava_array(v, kept);
    return 0;
}

int lava_do_Select(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    return members(c, in, args, false, ret);
}

int lava_do_Map(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    return members(c, in, args, true, ret);
}

/* Steps of comparing with v. */
static uint64_t compare_cost(const struct lava_value *v)
{
    return 1 + (v->type == LAVA_STRING ? v->n / 256 : 0);
}

/* Where: member, value, equal (or notequal). */
static int where(struct lava_ctx *c,
                 const struct lava_value *in,
                 struct lava_str key,
                 const struct lava_value *want,
                 bool equal,
                 struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n, kept = 0;

    if (lava_take_items(c, in, &items, &n) < 0 || lava_step(c, n * compare_cost(want)) < 0)
        return -1;
    struct lava_value *v = lava_room(c, n);
    if (!v)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct lava_value member = lava_nil();
        if (has_member(c, &items[i], key, &member) && lava_equal(c, &member, want) == equal)
            v[kept++] = items[i];
    }
    *ret = lava_array(v, kept);
    return 0;
}

/* "text", a number, true, false or null, as C# writes them. */
static bool read_literal(struct lava_str s, struct lava_value *ret)
{
    struct decimal d;

    if (s.n >= 2 && *s.p == '"' && s.p[s.n - 1] == '"')
        *ret = lava_string(s.p + 1, s.n - 2);
    else if (decimal_parse(s.p, s.n, DECIMAL_PLAIN, &d))
        *ret = lava_number(d);
    else if (lava_str_is(s, "true") || lava_str_is(s, "false"))
        *ret = lava_bool(*s.p == 't');
    else
        *ret = lava_nil();
    return ret->type != LAVA_NIL || lava_str_is(s, "null");
}

/* An expression in one text ("Id == 3") is C# to Rock: only a single comparison runs here. */
static int where_expression(struct lava_ctx *c,
                            const struct lava_value *in,
                            struct lava_str s,
                            struct lava_value *ret)
{
    size_t at = lava_str_find(s, LAVA_STR("=="), 0), ne = lava_str_find(s, LAVA_STR("!="), 0);
    bool equal = at < ne;
    struct lava_value want = lava_nil();

    if (!equal)
        at = ne;
    struct lava_str key = lava_trim((struct lava_str){s.p, at}, true, true);
    if (at < s.n && key.n && !memchr(s.p, '&', s.n) && !memchr(s.p, '|', s.n)) {
        struct lava_str value = {s.p + at + 2, s.n - at - 2};
        if (read_literal(lava_trim(value, true, true), &want))
            return where(c, in, key, &want, equal, ret);
    }
    return lava_fail(c, "Where: this expression needs Rock; use Where: 'Member', value");
}

int lava_do_Where(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct lava_str key, comparison;
    const struct lava_value *want = lava_at(args, 1);

    if (!lava_is_list(in)) {
        *ret = *in;
        return 0;
    }
    if (lava_at_text(c, args, 0, "", &key) < 0 ||
        lava_at_text(c, args, 2, "equal", &comparison) < 0)
        return -1;
    if (!want || want->type == LAVA_NIL)
        return where_expression(c, in, key, ret);
    return where(c, in, key, want, !lava_str_is_like(comparison, "notequal"), ret);
}

/* ---- equal items ---- */

static bool same(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    if (a->type == LAVA_OBJECT && b->type == LAVA_OBJECT && a->obj.self == b->obj.self)
        return true;
    return a->type == b->type && lava_equal(c, a, b);
}

/* Index of the first of keys[0..n) like k; n when there is none. */
static size_t
find_key(struct lava_ctx *c, const struct lava_value *keys, size_t n, const struct lava_value *k)
{
    size_t i = 0;

    while (i < n && !same(c, &keys[i], k))
        i++;
    return i;
}

/* The first of each kind, told apart by a member or by the items themselves. */
static int distinct(struct lava_ctx *c,
                    const struct lava_value *in,
                    struct lava_str path,
                    struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n, kept = 0;

    if (lava_take_items(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *v = lava_room(c, n), *keys = lava_room(c, n);
    if (!v || !keys)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct lava_value key = path.n ? lava_path(c, &items[i], path) : items[i];
        if (lava_step(c, kept * compare_cost(&key)) < 0)
            return -1;
        if (find_key(c, keys, kept, &key) == kept) {
            keys[kept] = key;
            v[kept++] = items[i];
        }
    }
    *ret = lava_array(v, kept);
    return 0;
}

int lava_do_Distinct(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_str path;

    return lava_at_text(c, args, 0, "", &path) < 0 ? -1 : distinct(c, in, path, ret);
}

int lava_do_Uniq(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    (void)args;
    if (lava_is_list(in))
        return distinct(c, in, (struct lava_str){"", 0}, ret);
    *ret = *in;
    return 0;
}

int lava_do_Contains(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    const struct lava_value *items, *want = lava_at(args, 0);
    size_t n;

    *ret = lava_bool(false);
    if (!want || want->type == LAVA_NIL || !lava_is_list(in))
        return 0;
    if (lava_take_items(c, in, &items, &n) < 0 || lava_step(c, n * compare_cost(want)) < 0)
        return -1;
    *ret = lava_bool(find_key(c, items, n, want) < n);
    return 0;
}

int lava_do_Compact(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n, kept = 0;

    (void)args;
    if (lava_take_items(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *v = lava_room(c, n);
    if (!v)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (items[i].type != LAVA_NIL)
            v[kept++] = items[i];
    }
    *ret = lava_array(v, kept);
    return 0;
}

/* The items of a (nothing for nil and the empty text) and behind them those of b. */
static int joined(struct lava_ctx *c,
                  const struct lava_value *a,
                  const struct lava_value *b,
                  size_t n_b,
                  struct lava_value *ret)
{
    const struct lava_value *items = NULL;
    size_t n = 0;

    if (!is_empty_text(a) && lava_take_items(c, a, &items, &n) < 0)
        return -1;
    struct lava_value *v = lava_step(c, n_b) < 0 ? NULL : lava_room(c, n + n_b);
    if (!v)
        return -1;
    if (n)
        memcpy(v, items, n * sizeof(*v));
    if (n_b)
        memcpy(v + n, b, n_b * sizeof(*v));
    *ret = lava_array(v, n + n_b);
    return 0;
}

int lava_do_Concat(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n;

    if (!lava_is_list(in) || !lava_at(args, 0) || !lava_is_list(lava_at(args, 0))) {
        *ret = *in;
        return 0;
    }
    if (lava_take_items(c, lava_at(args, 0), &items, &n) < 0)
        return -1;
    return joined(c, in, items, n, ret);
}

int lava_do_AddToArray(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_value item = lava_at(args, 0) ? *lava_at(args, 0) : lava_nil();

    return joined(c, in, &item, 1, ret);
}

int lava_do_RemoveFromArray(struct lava_ctx *c,
                            const struct lava_value *in,
                            const struct lava_args *args,
                            struct lava_value *ret)
{
    struct lava_value item = lava_at(args, 0) ? *lava_at(args, 0) : lava_nil(), all;
    size_t kept = 0;

    if (joined(c, in, NULL, 0, &all) < 0 || lava_step(c, all.n * compare_cost(&item)) < 0)
        return -1;
    struct lava_value *v = lava_room(c, all.n);
    if (!v)
        return -1;
    for (size_t i = 0; i < all.n; i++) {
        if (!same(c, &all.items[i], &item))
            v[kept++] = all.items[i];
    }
    *ret = lava_array(v, kept);
    return 0;
}

/* Numbers, or texts that read as some; others count 0. */
int lava_do_Sum(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct decimal sum = decimal_from_i64(0), d;
    const struct lava_value *items;
    bool texts = true;
    size_t n;

    (void)args;
    if (lava_take_items(c, in, &items, &n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        texts &= items[i].type == LAVA_STRING;
        if (lava_net_decimal(&items[i], &d) && !decimal_add(&sum, &d, &sum))
            return lava_fail(c, "Sum: the result is too large");
    }
    *ret = lava_number(texts ? decimal_trim(&sum) : sum);
    return 0;
}
