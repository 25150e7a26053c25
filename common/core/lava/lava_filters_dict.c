/*
 * lava_filters_dict: dictionaries.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

/* The members of v with room for `more`; nil and the empty text have none. */
static int copy_members(struct lava_ctx *c,
                        const struct lava_value *v,
                        size_t more,
                        struct lava_dict *ret,
                        const char *filter)
{
    bool empty = v->type == LAVA_NIL || (v->type == LAVA_STRING && v->n == 0);

    if (!empty && v->type != LAVA_OBJECT)
        return lava_fail(c, "%s: the input is not a dictionary", filter);
    size_t n = empty ? 0 : v->obj.ops->count(v->obj.self);
    struct lava_entry *e = lava_step(c, n) < 0 ? NULL : lava_alloc(c, (n + more + 1) * sizeof(*e));
    if (!e)
        return -1;
    for (size_t i = 0; i < n; i++)
        v->obj.ops->entry(v->obj.self, i, c, &e[i].key, &e[i].value);
    *ret = (struct lava_dict){e, n};
    return 0;
}

static int give(struct lava_ctx *c, const struct lava_dict *d, struct lava_value *ret)
{
    struct lava_dict *kept = lava_alloc(c, sizeof(*kept));

    if (!kept)
        return -1;
    *kept = *d;
    *ret = lava_object(&lava_dict_ops, kept);
    return 0;
}

/* The copying of d has been paid for, and key by its length. */
static size_t find(const struct lava_dict *d, struct lava_str key)
{
    size_t i = 0;

    while (i < d->n && !lava_str_eq(d->v[i].key, key))
        i++;
    return i;
}

int lava_do_AddToDictionary(struct lava_ctx *c,
                            const struct lava_value *in,
                            const struct lava_args *args,
                            struct lava_value *ret)
{
    struct lava_value value = lava_at(args, 1) ? *lava_at(args, 1) : lava_nil();
    struct lava_dict d;
    struct lava_str key;

    if (copy_members(c, in, 1, &d, "AddToDictionary") < 0 || lava_at_text(c, args, 0, "", &key) < 0)
        return -1;
    size_t i = find(&d, key);
    struct lava_entry *e = lava_alloc(c, (d.n + 1) * sizeof(*e));
    if (!e)
        return -1;
    memcpy(e, d.v, d.n * sizeof(*e));
    e[i] = (struct lava_entry){key, value};
    d = (struct lava_dict){e, i == d.n ? d.n + 1 : d.n};
    return give(c, &d, ret);
}

int lava_do_RemoveFromDictionary(struct lava_ctx *c,
                                 const struct lava_value *in,
                                 const struct lava_args *args,
                                 struct lava_value *ret)
{
    struct lava_dict d;
    struct lava_str key;

    if (copy_members(c, in, 0, &d, "RemoveFromDictionary") < 0 ||
        lava_at_text(c, args, 0, "", &key) < 0)
        return -1;
    size_t i = find(&d, key), kept = 0;
    struct lava_entry *e = lava_alloc(c, (d.n + 1) * sizeof(*e));
    if (!e)
        return -1;
    for (size_t k = 0; k < d.n; k++) {
        if (k != i)
            e[kept++] = d.v[k];
    }
    d = (struct lava_dict){e, kept};
    return give(c, &d, ret);
}

int lava_do_AllKeysFromDictionary(struct lava_ctx *c,
                                  const struct lava_value *in,
                                  const struct lava_args *args,
                                  struct lava_value *ret)
{
    struct lava_dict d;

    (void)args;
    if (copy_members(c, in, 0, &d, "AllKeysFromDictionary") < 0)
        return -1;
    struct lava_value *v = lava_alloc(c, (d.n + 1) * sizeof(*v));
    if (!v)
        return -1;
    for (size_t i = 0; i < d.n; i++)
        v[i] = lava_string(d.v[i].key.p, d.v[i].key.n);
    *ret = lava_array(v, d.n);
    return 0;
}

int lava_do_AsDictionary(struct lava_ctx *c,
                         const struct lava_value *in,
                         const struct lava_args *args,
                         struct lava_value *ret)
{
    struct lava_dict d;

    (void)args;
    return copy_members(c, in, 0, &d, "AsDictionary") < 0 ? -1 : give(c, &d, ret);
}

/* ---- groups ---- */

struct group {
    struct lava_str key;
    size_t n, filled;
    struct lava_value *items;
};

/* Which group each item belongs to; groups in the order of their first item. */
static int assign(struct lava_ctx *c,
                  const struct lava_value *items,
                  size_t n,
                  struct lava_str path,
                  struct group *groups,
                  size_t *of,
                  size_t *n_groups)
{
    for (size_t i = 0; i < n; i++) {
        struct lava_value v = lava_path(c, &items[i], path);
        struct lava_str key;
        size_t g = 0;
        if (lava_net_text(c, &v, &key) < 0 || lava_step(c, *n_groups * (1 + key.n / 256)) < 0)
            return -1;
        while (g < *n_groups && !lava_str_eq(groups[g].key, key))
            g++;
        if (g == *n_groups)
            groups[(*n_groups)++].key = key;
        groups[g].n++;
        of[i] = g;
    }
    return 0;
}

/* A dictionary from the member's text to the list of the items that have it. */
int lava_do_GroupBy(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    const struct lava_value *items;
    struct lava_str path;
    size_t n, n_groups = 0;

    if (lava_items(c, in, &items, &n) < 0 || lava_at_text(c, args, 0, "", &path) < 0)
        return -1;
    if (path.n == 0)
        return lava_fail(c, "GroupBy: the name of a member is missing");
    struct group *groups = lava_alloc(c, (n + 1) * sizeof(*groups));
    size_t *of = lava_alloc(c, (n + 1) * sizeof(*of));
    struct lava_value *all = lava_alloc(c, (n + 1) * sizeof(*all));
    if (!groups || !of || !all || assign(c, items, n, path, groups, of, &n_groups) < 0)
        return -1;
    struct lava_entry *e = lava_alloc(c, (n_groups + 1) * sizeof(*e));
    if (!e)
        return -1;
    for (size_t g = 0, at = 0; g < n_groups; at += groups[g++].n)
        groups[g].items = all + at;
    for (size_t i = 0; i < n; i++)
        groups[of[i]].items[groups[of[i]].filled++] = items[i];
    for (size_t g = 0; g < n_groups; g++)
        e[g] = (struct lava_entry){groups[g].key, lava_array(groups[g].items, groups[g].n)};
    return give(c, &(struct lava_dict){e, n_groups}, ret);
}
