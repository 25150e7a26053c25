/*
 * POST /control/compare: what the mailboxes should hold against what they do hold. The expectation
 * comes from the test's own model, so the verdict owes nothing to the product.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"

#include "tests/sim/exchange/sx_control_p.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_flat.h"
#include "tests/sim/exchange/sx_store.h"

struct verdict {
    const json_t *fields; /* array of names to compare, NULL = all */
    const json_t *people; /* fields by key that several mailboxes share, NULL = none */
    size_t expected, found, missing, extra, doubled, different, foreign_touched;
    json_t *differences;
    size_t limit;
};

static void report(struct verdict *v,
                   const struct sx_mailbox *mb,
                   const char *key,
                   const char *what,
                   const char *field,
                   json_t *want,
                   json_t *have)
{
    if (json_array_size(v->differences) >= v->limit)
        return;
    json_t *o = json_pack("{s:s, s:s, s:s}", "mailbox", mb->address, "key", key, "what", what);
    if (field) {
        json_object_set_new(o, "field", json_string(field));
        json_object_set(o, "expected", want ? want : json_null());
        json_object_set(o, "found", have ? have : json_null());
    }
    json_array_append_new(v->differences, o);
}

static bool asked(const struct verdict *v, const char *field)
{
    size_t i;
    json_t *one;
    if (!v->fields)
        return true;
    json_array_foreach(v->fields, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), field) == 0)
            return true;
    }
    return false;
}

static bool empty(const json_t *v)
{
    return !v || json_is_null(v);
}

static bool same_set(const json_t *a, const json_t *b)
{
    size_t i, j;
    json_t *x, *y;
    if (json_array_size(a) != json_array_size(b))
        return false;
    json_array_foreach(a, i, x)
    {
        bool there = false;
        json_array_foreach(b, j, y) there |= json_equal(x, y) == 1;
        if (!there)
            return false;
    }
    return true;
}

/* Server-side defaults and what only the client's encoder decides are no content. */
static bool content_name(const char *name)
{
    return !sx_one_of("key|categories|hash|photo|ItemClass|FileAsMapping|PostalAddressIndex", name);
}

static bool compare_fields(struct verdict *v, const struct sx_item *it, json_t *want)
{
    json_t *have = sx_flat_fields(&it->content), *value;
    const struct sx_mailbox *mb = it->folder->mailbox;
    const char *name, *key = sx_item_key(it),
                      *hash = json_string_value(json_object_get(want, "hash"));
    bool same = true;
    json_object_foreach(want, name, value)
    {
        json_t *found = json_object_get(have, name);
        if (!content_name(name) || !asked(v, name) || (empty(value) && empty(found)) ||
            json_equal(value, found))
            continue;
        report(v, mb, key, "different", name, value, found);
        same = false;
    }
    json_object_foreach(have, name, value)
    {
        if (!content_name(name) || !asked(v, name) || json_object_get(want, name))
            continue;
        report(v, mb, key, "different", name, NULL, value);
        same = false;
    }
    json_decref(have);
    const char *found_hash = sx_content_extended(&it->content, SX_HASH_PROPERTY);
    if (hash && (!found_hash || strcmp(hash, found_hash) != 0)) {
        report(v, mb, key, "different", "hash", json_object_get(want, "hash"), NULL);
        same = false;
    }
    return same;
}

/* "photo": the SHA-256 of the one that is to be seen, null for none; looked at where it is given.
 */
static bool compare_photo(struct verdict *v, const struct sx_item *it, const json_t *want)
{
    json_t *value = json_object_get(want, "photo");
    char found[65];
    bool there = sx_item_picture(it, found);
    const char *text = json_string_value(value);
    if (!value || !asked(v, "photo") || (text ? there && strcmp(text, found) == 0 : !there))
        return true;
    json_t *have = there ? json_string(found) : json_null();
    report(v, it->folder->mailbox, sx_item_key(it), "different", "photo", value, have);
    json_decref(have);
    return false;
}

static bool compare_categories(struct verdict *v, const struct sx_item *it, json_t *want)
{
    json_t *have = sx_flat_categories(&it->content), *list = json_object_get(want, "categories");
    bool same = !asked(v, "categories") || (!list && v->fields) || same_set(list, have);
    if (!same)
        report(v, it->folder->mailbox, sx_item_key(it), "different", "categories", list, have);
    json_decref(have);
    return same;
}

/* Keyed items of the contact folders (Deleted Items and below are not looked at): key -> item.
 * Doubles are reported. */
static struct map *keyed_items(struct verdict *v, const struct sx_mailbox *mb)
{
    struct map *by_key = map_new();
    sx_foreach(f, &mb->folders)
    {
        if (!sx_folder_is_live(*f))
            continue;
        sx_foreach(it, &(*f)->items)
        {
            const char *key = sx_item_key(*it);
            if (!key)
                continue;
            v->found++;
            if (map_get(by_key, key, strlen(key))) {
                v->doubled++;
                report(v, mb, key, "doubled", NULL, NULL, NULL);
            } else {
                map_put(by_key, key, strlen(key), *it);
            }
        }
    }
    return by_key;
}

/* The members of an entry, with those that its key has under "people" behind them. New reference.
 */
static json_t *complete(const struct verdict *v, const char *key, json_t *entry)
{
    json_t *shared = key ? json_object_get(v->people, key) : NULL;
    if (!shared)
        return json_incref(entry);
    json_t *all = json_copy(shared);
    json_object_update(all, entry);
    return all;
}

static bool compare_item(struct verdict *v, const struct sx_item *it, json_t *entry)
{
    json_t *want = complete(v, sx_item_key(it), entry);
    bool same_categories = compare_categories(v, it, want),
         same_fields = compare_fields(v, it, want), same_photo = compare_photo(v, it, want);
    json_decref(want);
    return same_categories && same_fields && same_photo;
}

static void compare_mailbox(struct verdict *v, const struct sx_mailbox *mb, const json_t *wanted)
{
    autoptr(map_free) struct map *by_key = keyed_items(v, mb);
    struct sha256 sum;
    size_t i;
    json_t *want;
    json_array_foreach(wanted, i, want)
    {
        const char *key = json_string_value(json_object_get(want, "key"));
        struct sx_item *it = key ? map_del(by_key, key, strlen(key)) : NULL;
        v->expected++;
        if (!it) {
            v->missing++;
            report(v, mb, key ? key : "", "missing", NULL, NULL, NULL);
            continue;
        }
        v->different += !compare_item(v, it, want);
    }
    v->extra += map_count(by_key);
    map_foreach (left, by_key)
        report(v, mb, sx_item_key(left.value), "extra", NULL, NULL, NULL);
    size_t touched = sx_foreign_touched(mb, &sum);
    v->foreign_touched += touched;
    if (touched)
        report(v, mb, "", "foreign touched", NULL, NULL, NULL);
}

int sx_control_compare(struct sx *x, json_t *body, json_t **ret)
{
    json_t *mailboxes = json_object_get(body, "mailboxes"), *list;
    json_int_t limit = json_integer_value(json_object_get(body, "limit"));
    struct verdict v = {.fields = json_object_get(body, "fields"),
                        .people = json_object_get(body, "people"),
                        .differences = json_array(),
                        .limit = limit > 0 ? (size_t)limit : 20};
    const char *address;
    size_t unknown = 0;
    json_object_foreach(mailboxes, address, list)
    {
        if (!sx_store_find(x->store, address)) {
            unknown++;
            v.expected += json_array_size(list);
            v.missing += json_array_size(list);
        }
    }
    bool only = json_is_true(json_object_get(body, "only_listed"));
    for (size_t i = 0; i < sx_store_count(x->store); i++) {
        struct sx_mailbox *mb = sx_store_at(x->store, i);
        list = json_object_get(mailboxes, mb->address);
        if (list || !only)
            compare_mailbox(&v, mb, list);
    }
    bool ok = v.expected == v.found && !v.missing && !v.extra && !v.doubled && !v.different &&
              !v.foreign_touched;
    *ret = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "ok", ok, "expected",
                     (json_int_t)v.expected, "found", (json_int_t)v.found, "missing",
                     (json_int_t)v.missing, "extra", (json_int_t)v.extra, "doubled",
                     (json_int_t)v.doubled, "different", (json_int_t)v.different, "foreign_touched",
                     (json_int_t)v.foreign_touched, "unknown_mailboxes", (json_int_t)unknown,
                     "differences", v.differences);
    return 200;
}
