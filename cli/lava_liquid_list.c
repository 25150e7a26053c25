/*
 * Liquid's filters of lists.
 */
#include <strings.h>

#include "cli/lava_liquid_p.h"

/* Items in order, nested arrays taken apart. */
static int flatten(struct lava_ctx *c,
                   const struct lava_value *in,
                   size_t n,
                   struct lava_value *out,
                   size_t *count)
{
    if (!lava_ctx_deeper(c) || lava_step(c, n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (in[i].type == LAVA_ARRAY) {
            if (flatten(c, in[i].items, in[i].n, out, count) < 0)
                return -1;
            continue;
        }
        if (out)
            out[*count] = in[i];
        ++*count;
    }
    lava_ctx_shallower(c);
    return 0;
}

int liquid_list(struct lava_ctx *c,
                const struct lava_value *v,
                const struct lava_value **ret,
                size_t *ret_n)
{
    struct lava_value *out;
    size_t n = 0;

    if (v->type == LAVA_OBJECT) { /* a hash is one item */
        out = lava_alloc(c, sizeof(*out));
        if (!out)
            return -1;
        *out = *v;
        *ret = out;
        *ret_n = 1;
        return 0;
    }
    if (v->type != LAVA_ARRAY)
        return lava_items(c, v, ret, ret_n);
    if (flatten(c, v->items, v->n, NULL, &n) < 0)
        return -1;
    out = lava_alloc(c, n * sizeof(*out));
    *ret = out;
    *ret_n = 0;
    return out ? flatten(c, v->items, v->n, out, ret_n) : -1;
}

static int type_error(struct lava_ctx *c)
{
    lava_fail(c, "an item has no such property");
    return LIQUID_FAILED;
}

/* "zoo"['oo'] is 'oo' where it is in it; nil reads as the empty text, which is in all of them. */
static enum liquid_found
text_property(const struct lava_value *item, const struct lava_value *key, struct lava_value *ret)
{
    if (key->type == LAVA_NIL) {
        *ret = lava_string("", 0);
        return LIQUID_FOUND;
    }
    bool in = key->n == 0 || memmem(item->s, item->n, key->s, key->n) != NULL;

    *ret = in ? *key : lava_nil();
    return LIQUID_FOUND;
}

/* 5[0] is its lowest bit. */
static enum liquid_found
bit(const struct lava_value *item, const struct lava_value *key, struct lava_value *ret)
{
    int64_t v = 0, i = 0;

    (void)decimal_to_i64(&item->num, &v);
    (void)decimal_to_i64(&key->num, &i);
    *ret = lava_int(i < 0 ? 0 : i > 62 ? v < 0 : v >> i & 1);
    return LIQUID_FOUND;
}

enum liquid_found liquid_property(struct lava_ctx *c,
                                  const struct lava_value *item,
                                  const struct lava_value *key,
                                  struct lava_value *ret)
{
    struct lava_name name;

    *ret = lava_nil();
    switch (item->type) {
    case LAVA_OBJECT:
        if (key->type != LAVA_STRING)
            return LIQUID_FOUND;
        name = (struct lava_name){key->s, key->n, 0};
        (void)item->obj.ops->get(item->obj.self, &name, c, ret);
        return LIQUID_FOUND;
    case LAVA_STRING:
        if (key->type == LAVA_STRING || key->type == LAVA_NIL)
            return text_property(item, key, ret);
        if (key->type != LAVA_NUMBER)
            return type_error(c);
        *ret = lava_nil();
        return LIQUID_FOUND;
    case LAVA_ARRAY:
        if (key->type != LAVA_NUMBER)
            return type_error(c);
        *ret = lava_index(c, item, key);
        return LIQUID_FOUND;
    case LAVA_NUMBER:
        if (item->num.scale)
            return LIQUID_NONE;
        return key->type == LAVA_NUMBER ? bit(item, key, ret) : type_error(c);
    default:
        return LIQUID_NONE;
    }
}

/* --- where, reject, find, find_index, has --- */

/* Does the item match? LIQUID_NONE: it cannot be asked, and the whole filter gives nil. */
static enum liquid_found
matches(struct lava_ctx *c, const struct lava_value *item, const struct lava_args *args, bool *ret)
{
    struct lava_value key = liquid_arg(args, 0), want = liquid_arg(args, 1), v;
    enum liquid_found f = liquid_property(c, item, &key, &v);

    if (f == LIQUID_FOUND)
        *ret = want.type == LAVA_NIL ? lava_truthy(&v) : liquid_equal(c, &v, &want);
    return f;
}

static int select_items(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        bool wanted,
                        struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n, k = 0;
    bool match = false;

    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    if (!out)
        return -1;
    for (size_t i = 0; i < n; i++) {
        enum liquid_found f = matches(c, &items[i], args, &match);
        if (f == LIQUID_FAILED)
            return -1;
        if (f == LIQUID_NONE)
            return 0;
        if (match == wanted)
            out[k++] = items[i];
    }
    *ret = lava_array(out, k);
    return 0;
}

int liquid_where(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    return select_items(c, in, args, true, ret);
}

int liquid_reject(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    return select_items(c, in, args, false, ret);
}

/* The first item that matches; *at < 0 when there is none. 1: the filter gives nil. */
static int find_first(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      const struct lava_value **items,
                      long *at)
{
    bool match = false;
    size_t n;

    *at = -1;
    if (liquid_list(c, in, items, &n) < 0)
        return -1;
    for (size_t i = 0; i < n && !match; i++) {
        enum liquid_found f = matches(c, &(*items)[i], args, &match);
        if (f != LIQUID_FOUND)
            return f == LIQUID_FAILED ? -1 : 1;
        if (match)
            *at = (long)i;
    }
    return 0;
}

int liquid_find(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    const struct lava_value *items;
    long at;
    int r = find_first(c, in, args, &items, &at);

    if (r == 0 && at >= 0)
        *ret = items[at];
    return r < 0 ? -1 : 0;
}

int liquid_find_index(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    const struct lava_value *items;
    long at;
    int r = find_first(c, in, args, &items, &at);

    if (r == 0 && at >= 0)
        *ret = lava_int(at);
    return r < 0 ? -1 : 0;
}

int liquid_has(struct lava_ctx *c,
               const struct lava_value *in,
               const struct lava_args *args,
               struct lava_value *ret)
{
    const struct lava_value *items;
    long at;
    int r = find_first(c, in, args, &items, &at);

    if (r == 0)
        *ret = lava_bool(at >= 0);
    return r < 0 ? -1 : 0;
}

/* --- map, compact, uniq, concat, reverse --- */

int liquid_map(struct lava_ctx *c,
               const struct lava_value *in,
               const struct lava_args *args,
               struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n;

    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    if (!out)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (liquid_property(c, &items[i], &args->v[0], &out[i]) == LIQUID_FAILED)
            return -1;
    *ret = lava_array(out, n);
    return 0;
}

int liquid_compact(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    struct lava_value key = liquid_arg(args, 0), v;
    const struct lava_value *items;
    size_t n, k = 0;

    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    if (!out)
        return -1;
    for (size_t i = 0; i < n; i++) {
        v = items[i];
        if (key.type != LAVA_NIL && liquid_property(c, &items[i], &key, &v) == LIQUID_FAILED)
            return -1;
        if (v.type != LAVA_NIL)
            out[k++] = items[i];
    }
    *ret = lava_array(out, k);
    return 0;
}

/* Ruby's eql?: 1 and 1.0 are two. */
static bool same_key(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    if (a->type == LAVA_NUMBER && b->type == LAVA_NUMBER && !a->num.scale != !b->num.scale)
        return false;
    return a->type == b->type && lava_equal(c, a, b);
}

int liquid_uniq(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct lava_value key = liquid_arg(args, 0);
    const struct lava_value *items;
    size_t n, k = 0;

    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    struct lava_value *keys = lava_alloc(c, n * sizeof(*keys));
    if (!out || !keys)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct lava_value v = items[i];
        bool seen = false;
        if (key.type != LAVA_NIL && liquid_property(c, &items[i], &key, &v) == LIQUID_FAILED)
            return -1;
        for (size_t j = 0; j < k && !seen; j++)
            seen = same_key(c, &v, &keys[j]);
        if (seen)
            continue;
        keys[k] = v;
        out[k++] = items[i];
    }
    *ret = lava_array(out, k);
    return 0;
}

int liquid_concat(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    const struct lava_value *items, *more = args->v;
    size_t n;

    if (more->type != LAVA_ARRAY)
        return lava_fail(c, "concat takes an array");
    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *out = lava_alloc(c, (n + more->n) * sizeof(*out));
    if (!out)
        return -1;
    if (n)
        memcpy(out, items, n * sizeof(*out));
    if (more->n)
        memcpy(out + n, more->items, more->n * sizeof(*out));
    *ret = lava_array(out, n + more->n);
    return 0;
}

int liquid_reverse(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    const struct lava_value *items;
    size_t n;

    (void)args;
    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    if (!out)
        return -1;
    for (size_t i = 0; i < n; i++)
        out[i] = items[n - 1 - i];
    *ret = lava_array(out, n);
    return 0;
}

int liquid_join(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct lava_str glue = LAVA_STR(" ");
    const struct lava_value *items;
    size_t n;

    if (liquid_list(c, in, &items, &n) < 0 || (args->n && liquid_text(c, &args->v[0], &glue) < 0))
        return -1;
    struct lava_str *pieces = lava_alloc(c, 2 * n * sizeof(*pieces));
    size_t k = 0;
    if (!pieces)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (i)
            pieces[k++] = glue;
        if (liquid_text(c, &items[i], &pieces[k++]) < 0)
            return -1;
    }
    return lava_concat(c, pieces, k, ret);
}

/* --- first, last, size --- */

int liquid_first(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct lava_name name = {"first", 5, 0};
    const struct lava_value *items;
    size_t n;

    (void)args;
    if (in->type == LAVA_ARRAY || in->type == LAVA_RANGE) {
        *ret = lava_member(c, in, &name);
    } else if (in->type == LAVA_OBJECT) {
        if (lava_items(c, in, &items, &n) < 0)
            return -1;
        if (n)
            *ret = items[0];
    }
    return 0;
}

int liquid_last(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct lava_name name = {"last", 4, 0};

    (void)args;
    if (in->type == LAVA_ARRAY || in->type == LAVA_RANGE)
        *ret = lava_member(c, in, &name);
    return 0;
}

int liquid_size(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct lava_name name = {"size", 4, 0};

    (void)args;
    if (in->type == LAVA_OBJECT)
        *ret = lava_int((int64_t)in->obj.ops->count(in->obj.self));
    else if (in->type == LAVA_NUMBER)
        *ret = lava_int(in->num.scale ? 0 : 8); /* Integer#size: bytes of a machine word */
    else
        *ret = lava_member(c, in, &name);
    if (ret->type == LAVA_NIL)
        *ret = lava_int(0);
    return 0;
}

/* --- sort, sort_natural --- */

struct row {
    struct lava_value key, item;
    struct lava_str text; /* of the key, for sort_natural */
};

static int natural(struct lava_str a, struct lava_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int r = n ? strncasecmp(a.p, b.p, n) : 0;

    return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* Nils go last. *ret untouched and false: the two have no order. */
static bool
row_order(struct lava_ctx *c, const struct row *a, const struct row *b, bool by_text, int *ret)
{
    if (a->key.type == LAVA_NIL || b->key.type == LAVA_NIL) {
        *ret = (a->key.type == LAVA_NIL) - (b->key.type == LAVA_NIL);
        return true;
    }
    if (by_text) {
        *ret = natural(a->text, b->text);
        return true;
    }
    if (lava_liquid.compare(c, &a->key, &b->key, ret))
        return true;
    return false;
}

/* Insertion by halves: stable, and the order may fail at any comparison. */
static int sort_rows(struct lava_ctx *c, struct row *rows, size_t n, bool by_text)
{
    for (size_t i = 1; i < n; i++) {
        struct row one = rows[i];
        size_t low = 0, high = i;
        while (low < high) {
            size_t mid = (low + high) / 2;
            int order = 0;
            if (!row_order(c, &rows[mid], &one, by_text, &order))
                return lava_fail(c, "these items have no order");
            if (order <= 0)
                low = mid + 1;
            else
                high = mid;
        }
        if (lava_step(c, (i - low) / 16 + 1) < 0)
            return -1;
        memmove(&rows[low + 1], &rows[low], (i - low) * sizeof(*rows));
        rows[low] = one;
    }
    return 0;
}

static int sorted(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  bool by_text,
                  struct lava_value *ret)
{
    struct lava_value key = liquid_arg(args, 0);
    const struct lava_value *items;
    size_t n;

    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    struct row *rows = lava_alloc(c, n * sizeof(*rows));
    struct lava_value *out = lava_alloc(c, n * sizeof(*out));
    if (!rows || !out)
        return -1;
    for (size_t i = 0; i < n; i++) {
        rows[i] = (struct row){.key = items[i], .item = items[i]};
        if (key.type != LAVA_NIL &&
            liquid_property(c, &items[i], &key, &rows[i].key) == LIQUID_FAILED)
            return -1;
        if (by_text && liquid_text(c, &rows[i].key, &rows[i].text) < 0)
            return -1;
    }
    if (sort_rows(c, rows, n, by_text) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        out[i] = rows[i].item;
    *ret = lava_array(out, n);
    return 0;
}

int liquid_sort(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    return sorted(c, in, args, false, ret);
}

int liquid_sort_natural(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    return sorted(c, in, args, true, ret);
}
