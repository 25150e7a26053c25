#include "common/core/lava/lava_person.h"

#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/guid.h"

#include "common/core/directory.h"
#include "common/core/lava/lava_ctx.h"
#include "common/core/lava/lava_known.h"

static uint16_t known_of(const struct lava_name *name)
{
    return name->known ? name->known : lava_known_find(name->p, name->n);
}

static struct lava_value copied(struct lava_ctx *c, const char *text, size_t n)
{
    char *p = lava_copy(c, text, n);

    return p ? lava_string(p, n) : lava_nil();
}

static struct lava_value guid_value(struct lava_ctx *c, const struct guid *g)
{
    char text[GUID_TEXT];

    guid_format(g, text);
    return copied(c, text, strlen(text));
}

/* Midnight, as Rock has dates without a time. Nil when it is no date. */
static struct lava_value day_value(int year, int month, int day)
{
    struct lava_civil civil = {.year = year, .month = month, .day = day};
    struct lava_date d = {0};

    if (year <= 1 || !lava_date_join(&civil, &d.ticks))
        return lava_nil(); /* the year 1 is Rock's way of not knowing it */
    return lava_date_value(d);
}

static struct lava_value part_of_day(int v)
{
    return v ? lava_int(v) : lava_nil();
}

/* Text pieces joined, absent ones left out. */
static struct lava_str join(struct lava_ctx *c, const char *const *parts, size_t n, const char *sep)
{
    struct lava_str pieces[12];
    size_t k = 0;
    struct lava_value v;

    for (size_t i = 0; i < n; i++) {
        if (!parts[i] || !*parts[i])
            continue;
        if (k)
            pieces[k++] = (struct lava_str){sep, strlen(sep)};
        pieces[k++] = (struct lava_str){parts[i], strlen(parts[i])};
    }
    return lava_concat(c, pieces, k, &v) < 0 ? LAVA_STR("") : lava_str_of(&v);
}

/* --- objects that hold nothing but a text: DefinedValue, PrimaryAlias --- */

static bool value_get(const void *self,
                      const struct lava_name *name,
                      struct lava_ctx *c,
                      struct lava_value *ret)
{
    (void)c;
    if (known_of(name) != LAVA_KNOWN_Value)
        return false;
    *ret = lava_cstring(self);
    return true;
}

static size_t count_one(const void *self)
{
    (void)self;
    return 1;
}

static void value_entry(
    const void *self, size_t i, struct lava_ctx *c, struct lava_str *key, struct lava_value *ret)
{
    (void)i;
    (void)c;
    *key = LAVA_STR("Value");
    *ret = lava_cstring(self);
}

static struct lava_str value_text(const void *self, struct lava_ctx *c)
{
    (void)c;
    return (struct lava_str){self, strlen(self)};
}

static const struct lava_object_ops value_ops = {.name = "DefinedValue",
                                                 .get = value_get,
                                                 .count = count_one,
                                                 .entry = value_entry,
                                                 .text = value_text};

static struct lava_value defined_value(const char *text)
{
    return text ? lava_object(&value_ops, text) : lava_nil();
}

static bool alias_get(const void *self,
                      const struct lava_name *name,
                      struct lava_ctx *c,
                      struct lava_value *ret)
{
    if (known_of(name) != LAVA_KNOWN_Guid)
        return false;
    *ret = guid_value(c, self);
    return true;
}

static void alias_entry(
    const void *self, size_t i, struct lava_ctx *c, struct lava_str *key, struct lava_value *ret)
{
    (void)i;
    *key = LAVA_STR("Guid");
    *ret = guid_value(c, self);
}

static const struct lava_object_ops alias_ops = {
    .name = "PersonAlias", .get = alias_get, .count = count_one, .entry = alias_entry};

/* --- objects by their list of members --- */

/* Makes member `known` of self; false when there is none. */
typedef bool
member_fn(const void *self, uint16_t known, struct lava_ctx *c, struct lava_value *ret);

static void entry_of(member_fn *member,
                     uint16_t known,
                     const void *self,
                     struct lava_ctx *c,
                     struct lava_str *key,
                     struct lava_value *ret)
{
    const char *text = lava_known_text(known);

    *key = (struct lava_str){text, strlen(text)};
    *ret = lava_nil();
    (void)member(self, known, c, ret);
}

/* --- PhoneNumber --- */

static const uint16_t phone_members[] = {
    LAVA_KNOWN_CountryCode,     LAVA_KNOWN_Number,
    LAVA_KNOWN_NumberFormatted, LAVA_KNOWN_NumberFormattedWithCountryCode,
    LAVA_KNOWN_FullNumber,      LAVA_KNOWN_Extension,
    LAVA_KNOWN_NumberTypeValue, LAVA_KNOWN_IsMessagingEnabled,
    LAVA_KNOWN_IsUnlisted,      LAVA_KNOWN_Id};

/* @source reference/rock.md 5.2: `+{cc} {formatted}`; without a code, the number as it stands */
static struct lava_value with_code(const struct dir_phone *p, struct lava_ctx *c)
{
    if (!p->country_code || !*p->country_code)
        return lava_cstring(p->formatted);
    const char *parts[] = {"+", p->country_code, " ", p->formatted};
    struct lava_str s = join(c, parts, ARRAY_LEN(parts), "");

    return lava_string(s.p, s.n);
}

static struct lava_value full_number(const struct dir_phone *p, struct lava_ctx *c)
{
    const char *parts[] = {p->country_code, p->number};
    struct lava_str s = join(c, parts, ARRAY_LEN(parts), "");

    return lava_string(s.p, s.n);
}

static bool
phone_member(const void *self, uint16_t known, struct lava_ctx *c, struct lava_value *ret)
{
    const struct dir_phone *p = self;

    switch (known) {
    case LAVA_KNOWN_Id:
        *ret = lava_int(p->id);
        return true;
    case LAVA_KNOWN_CountryCode:
        *ret = lava_cstring(p->country_code);
        return true;
    case LAVA_KNOWN_Number:
        *ret = lava_cstring(p->number);
        return true;
    case LAVA_KNOWN_NumberFormatted:
        *ret = lava_cstring(p->formatted);
        return true;
    case LAVA_KNOWN_NumberFormattedWithCountryCode:
        *ret = with_code(p, c);
        return true;
    case LAVA_KNOWN_FullNumber:
        *ret = full_number(p, c);
        return true;
    case LAVA_KNOWN_Extension:
        *ret = lava_cstring(p->extension);
        return true;
    case LAVA_KNOWN_NumberTypeValue:
        *ret = defined_value(p->type_name);
        return true;
    case LAVA_KNOWN_IsMessagingEnabled:
        *ret = lava_bool(p->messaging);
        return true;
    case LAVA_KNOWN_IsUnlisted:
        *ret = lava_bool(p->unlisted);
        return true;
    default:
        return false;
    }
}

static bool phone_get(const void *self,
                      const struct lava_name *name,
                      struct lava_ctx *c,
                      struct lava_value *ret)
{
    return phone_member(self, known_of(name), c, ret);
}

static size_t phone_count(const void *self)
{
    (void)self;
    return ARRAY_LEN(phone_members);
}

static void phone_entry(
    const void *self, size_t i, struct lava_ctx *c, struct lava_str *key, struct lava_value *ret)
{
    entry_of(phone_member, phone_members[i], self, c, key, ret);
}

/* PhoneNumber.ToString() of Rock */
static struct lava_str phone_text(const void *self, struct lava_ctx *c)
{
    const struct dir_phone *p = self;
    const char *text = p->unlisted ? "Unlisted" : p->formatted ? p->formatted : "";

    (void)c;
    return (struct lava_str){text, strlen(text)};
}

static const struct lava_object_ops phone_ops = {.name = "PhoneNumber",
                                                 .get = phone_get,
                                                 .count = phone_count,
                                                 .entry = phone_entry,
                                                 .text = phone_text};

static struct lava_value phones_value(const struct dir_person *p, struct lava_ctx *c)
{
    struct lava_value *items = lava_alloc(c, p->n_phones * sizeof(*items));

    if (!items)
        return lava_nil();
    for (size_t i = 0; i < p->n_phones; i++)
        items[i] = lava_object(&phone_ops, &p->phones[i]);
    return lava_array(items, p->n_phones);
}

/* --- Person --- */

static const uint16_t person_members[] = {LAVA_KNOWN_Id,
                                          LAVA_KNOWN_FirstName,
                                          LAVA_KNOWN_NickName,
                                          LAVA_KNOWN_MiddleName,
                                          LAVA_KNOWN_LastName,
                                          LAVA_KNOWN_FullName,
                                          LAVA_KNOWN_FullNameReversed,
                                          LAVA_KNOWN_TitleValue,
                                          LAVA_KNOWN_SuffixValue,
                                          LAVA_KNOWN_Email,
                                          LAVA_KNOWN_IsEmailActive,
                                          LAVA_KNOWN_BirthDay,
                                          LAVA_KNOWN_BirthMonth,
                                          LAVA_KNOWN_BirthYear,
                                          LAVA_KNOWN_BirthDate,
                                          LAVA_KNOWN_AnniversaryDate,
                                          LAVA_KNOWN_IsDeceased,
                                          LAVA_KNOWN_IsBusiness,
                                          LAVA_KNOWN_AgeClassification,
                                          LAVA_KNOWN_PhotoId,
                                          LAVA_KNOWN_PrimaryAlias,
                                          LAVA_KNOWN_PhoneNumbers};

/* NickName LastName Suffix; of a business the last name alone. @source reference/rock.md 5.1 */
static struct lava_str full_name(const struct dir_person *p, struct lava_ctx *c)
{
    const char *nick = p->nick_name ? p->nick_name : p->first_name;
    const char *parts[] = {p->business ? NULL : nick, p->last_name, p->suffix};

    return join(c, parts, ARRAY_LEN(parts), " ");
}

static struct lava_str reversed_name(const struct dir_person *p, struct lava_ctx *c)
{
    const char *nick = p->nick_name ? p->nick_name : p->first_name;
    const char *last[] = {p->last_name, p->suffix};
    struct lava_str s = join(c, last, ARRAY_LEN(last), " ");

    if (p->business || !nick || !*nick)
        return s;
    struct lava_str pieces[] = {s, LAVA_STR(", "), {nick, strlen(nick)}};
    struct lava_value v;
    return lava_concat(c, pieces, ARRAY_LEN(pieces), &v) < 0 ? s : lava_str_of(&v);
}

static bool
person_name(const struct dir_person *p, uint16_t known, struct lava_ctx *c, struct lava_value *ret)
{
    struct lava_str s;

    switch (known) {
    case LAVA_KNOWN_FirstName:
        *ret = lava_cstring(p->first_name);
        return true;
    case LAVA_KNOWN_NickName:
        *ret = lava_cstring(p->nick_name ? p->nick_name : p->first_name);
        return true;
    case LAVA_KNOWN_MiddleName:
        *ret = lava_cstring(p->middle_name);
        return true;
    case LAVA_KNOWN_LastName:
        *ret = lava_cstring(p->last_name);
        return true;
    case LAVA_KNOWN_FullName:
        s = full_name(p, c);
        *ret = lava_string(s.p, s.n);
        return true;
    case LAVA_KNOWN_FullNameReversed:
        s = reversed_name(p, c);
        *ret = lava_string(s.p, s.n);
        return true;
    case LAVA_KNOWN_TitleValue:
        *ret = defined_value(p->title);
        return true;
    case LAVA_KNOWN_SuffixValue:
        *ret = defined_value(p->suffix);
        return true;
    case LAVA_KNOWN_Email:
        *ret = lava_cstring(p->email);
        return true;
    default:
        return false;
    }
}

static bool person_date(const struct dir_person *p, uint16_t known, struct lava_value *ret)
{
    switch (known) {
    case LAVA_KNOWN_BirthDay:
        *ret = part_of_day(p->birth_day);
        return true;
    case LAVA_KNOWN_BirthMonth:
        *ret = part_of_day(p->birth_month);
        return true;
    case LAVA_KNOWN_BirthYear:
        *ret = part_of_day(p->birth_year);
        return true;
    case LAVA_KNOWN_BirthDate:
        *ret = day_value(p->birth_year, p->birth_month, p->birth_day);
        return true;
    case LAVA_KNOWN_AnniversaryDate:
        *ret = day_value(p->anniversary_year, p->anniversary_month, p->anniversary_day);
        return true;
    default:
        return false;
    }
}

static struct lava_value age_class(int v)
{
    return v == 1   ? lava_cstring("Adult")
           : v == 2 ? lava_cstring("Child")
                    : lava_cstring("Unknown");
}

static bool
person_member(const void *self, uint16_t known, struct lava_ctx *c, struct lava_value *ret)
{
    const struct dir_person *p = ((const struct lava_person *)self)->person;

    switch (known) {
    case LAVA_KNOWN_PhoneNumbers:
        *ret = phones_value(p, c);
        return true;
    case LAVA_KNOWN_Id:
        *ret = lava_int(p->rock_id);
        return true;
    case LAVA_KNOWN_IsEmailActive:
        *ret = lava_bool(p->email_active);
        return true;
    case LAVA_KNOWN_IsDeceased:
        *ret = lava_bool(p->deceased);
        return true;
    case LAVA_KNOWN_IsBusiness:
        *ret = lava_bool(p->business);
        return true;
    case LAVA_KNOWN_AgeClassification:
        *ret = age_class(p->age_class);
        return true;
    case LAVA_KNOWN_PhotoId:
        *ret = p->photo_id ? lava_int(p->photo_id) : lava_nil();
        return true;
    case LAVA_KNOWN_PrimaryAlias:
        *ret = lava_object(&alias_ops, &p->key);
        return true;
    default:
        return person_name(p, known, c, ret) || person_date(p, known, ret);
    }
}

static bool person_get(const void *self,
                       const struct lava_name *name,
                       struct lava_ctx *c,
                       struct lava_value *ret)
{
    return person_member(self, known_of(name), c, ret);
}

static size_t person_count(const void *self)
{
    (void)self;
    return ARRAY_LEN(person_members);
}

static void person_entry(
    const void *self, size_t i, struct lava_ctx *c, struct lava_str *key, struct lava_value *ret)
{
    entry_of(person_member, person_members[i], self, c, key, ret);
}

static struct lava_str person_text(const void *self, struct lava_ctx *c)
{
    return full_name(((const struct lava_person *)self)->person, c);
}

static const struct lava_object_ops person_ops = {.name = "Person",
                                                  .get = person_get,
                                                  .count = person_count,
                                                  .entry = person_entry,
                                                  .text = person_text};

struct lava_value lava_person_value(const struct lava_person *p)
{
    return lava_object(&person_ops, p);
}

const struct lava_person *lava_person_of(const struct lava_value *v)
{
    return v->type == LAVA_OBJECT && v->obj.ops == &person_ops ? v->obj.self : NULL;
}

struct lava_value lava_person_attribute(const struct lava_person *p, struct lava_str key)
{
    for (size_t i = 0; p->attributes && i < p->attributes->n; i++) {
        const struct lava_entry *e = &p->attributes->v[i];
        if (e->key.n == key.n && strncasecmp(e->key.p, key.p, key.n) == 0)
            return e->value;
    }
    return lava_nil();
}
