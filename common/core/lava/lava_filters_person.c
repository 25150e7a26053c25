/*
 * lava_filters_person: what filters read of a person, and of objects in general.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"
#include "common/core/lava/lava_known.h"
#include "common/core/lava/lava_person.h"

#define NAME(word)                                                                                 \
    {                                                                                              \
#        word, sizeof(#        word) - 1, LAVA_KNOWN_##word                                        \
    }

static const struct lava_name phone_numbers = NAME(PhoneNumbers),
                              type_value = NAME(NumberTypeValue), value_name = NAME(Value),
                              formatted = NAME(NumberFormatted),
                              with_code = NAME(NumberFormattedWithCountryCode),
                              country_code = NAME(CountryCode);

static bool text_is_like(const struct lava_value *v, struct lava_str s)
{
    if (v->type != LAVA_STRING || v->n != s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char a = v->s[i], b = s.p[i];
        if (a != b && ((a | 32) != (b | 32) || (a | 32) < 'a' || (a | 32) > 'z'))
            return false;
    }
    return true;
}

/* The number of a row as Rock shows it, with "+1 " before it when asked and known. */
static int
shown_number(struct lava_ctx *c, const struct lava_value *row, bool code, struct lava_value *ret)
{
    struct lava_value cc = code ? lava_member(c, row, &country_code) : lava_nil();

    if (cc.type == LAVA_STRING && cc.n > 0) {
        *ret = lava_member(c, row, &with_code);
        if (ret->type != LAVA_NIL)
            return 0;
        struct lava_value number = lava_member(c, row, &formatted);
        struct lava_str s;
        if (lava_text(c, &number, &s) < 0)
            return -1;
        return lava_concat(
            c, (struct lava_str[]){LAVA_STR("+"), lava_str_of(&cc), LAVA_STR(" "), s}, 4, ret);
    }
    *ret = lava_member(c, row, &formatted);
    return 0;
}

/*
 * The first number of a type; Rock's database compares the type without regard to case, and does
 * not ask whether the number is unlisted.
 * @source DIALECT.md 7
 */
int lava_do_PhoneNumber(struct lava_ctx *c,
                        const struct lava_value *in,
                        const struct lava_args *args,
                        struct lava_value *ret)
{
    const struct lava_value *rows;
    struct lava_str type;
    size_t n;

    if (in->type != LAVA_OBJECT)
        return 0;
    if (lava_at_text(c, args, 0, "Home", &type) < 0)
        return -1;
    struct lava_value numbers = lava_member(c, in, &phone_numbers);
    if (lava_items(c, &numbers, &rows, &n) < 0 || lava_step(c, n) < 0)
        return -1;
    bool code = lava_at(args, 1) && lava_truthy(lava_at(args, 1));
    for (size_t i = 0; i < n; i++) {
        struct lava_value value = lava_member(c, &rows[i], &type_value);
        if (value.type == LAVA_OBJECT)
            value = lava_member(c, &value, &value_name);
        if (text_is_like(&value, type))
            return shown_number(c, &rows[i], code, ret);
    }
    return 0;
}

/* Member of an object, its name compared without regard to case. */
static struct lava_value
member_like(struct lava_ctx *c, const struct lava_value *v, struct lava_str key)
{
    struct lava_str name;

    if (v->type != LAVA_OBJECT || lava_step(c, v->obj.ops->count(v->obj.self)) < 0)
        return lava_nil();
    for (size_t i = 0; i < v->obj.ops->count(v->obj.self); i++) {
        struct lava_value member = lava_nil();
        v->obj.ops->entry(v->obj.self, i, c, &name, &member);
        struct lava_value text = lava_string(name.p, name.n);
        if (text_is_like(&text, key))
            return member;
    }
    return lava_nil();
}

/* In data from a file: Attributes or AttributeValues, each a text or an object with a Value. */
static struct lava_value
attribute_of(struct lava_ctx *c, const struct lava_value *in, struct lava_str key)
{
    static const struct lava_str places[] = {LAVA_STR("AttributeValues"), LAVA_STR("Attributes")};
    struct lava_value found = lava_nil();

    for (size_t i = 0; i < 2 && found.type == LAVA_NIL; i++) {
        struct lava_value all = lava_path(c, in, places[i]);
        found = member_like(c, &all, key);
    }
    if (found.type == LAVA_OBJECT) {
        struct lava_value shown = lava_path(c, &found, LAVA_STR("ValueFormatted"));
        found = shown.type != LAVA_NIL ? shown : lava_member(c, &found, &value_name);
    }
    return found;
}

/* Of a person, or of the church: 'Global' | Attribute:'OrganizationPhone'. Empty when not there. */
int lava_do_Attribute(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    const struct lava_person *p = lava_person_of(in);
    struct lava_str key;

    if (lava_at_text(c, args, 0, "", &key) < 0)
        return -1;
    if (p)
        *ret = lava_person_attribute(p, key);
    else if (text_is_like(in, LAVA_STR("Global")))
        *ret = lava_global(c, key);
    else
        *ret = attribute_of(c, in, key);
    if (ret->type == LAVA_NIL)
        *ret = lava_string("", 0);
    return 0;
}

int lava_do_Property(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_str path;

    if (lava_at_text(c, args, 0, "", &path) < 0)
        return -1;
    *ret = in->type == LAVA_NIL ? lava_string("", 0) : lava_path(c, in, path);
    return 0;
}

/* A pair, as iterating over a dictionary gives it, as an object with Key and Value. */
int lava_do_PropertyToKeyValue(struct lava_ctx *c,
                               const struct lava_value *in,
                               const struct lava_args *args,
                               struct lava_value *ret)
{
    struct lava_dict *dict = lava_alloc(c, sizeof(*dict));
    struct lava_entry *e = lava_alloc(c, 2 * sizeof(*e));
    struct lava_str key;

    (void)args;
    if (!dict || !e)
        return -1;
    if (in->type == LAVA_ARRAY && in->n == 2) {
        if (lava_net_text(c, &in->items[0], &key) < 0)
            return -1;
        e[0] = (struct lava_entry){LAVA_STR("Key"), lava_string(key.p, key.n)};
        e[1] = (struct lava_entry){LAVA_STR("Value"), in->items[1]};
        *dict = (struct lava_dict){e, 2};
    }
    *ret = lava_object(&lava_dict_ops, dict);
    return 0;
}
