#include "producer/rock/rock_decode_person.h"

#include <string.h>

#include "common/base/arena.h"
#include "common/base/tm.h"

#include "producer/rock/rock_format.h"
#include "producer/rock/rock_ids.h"

static int by_id(const void *x, const void *y)
{
    const struct dir_phone *a = x, *b = y;
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool blank(const char *s)
{
    return !s || !s[strspn(s, " \t\r\n")];
}

static void
phone(const struct js *o, const struct rock_codes *codes, struct arena *a, struct dir_phone *ret)
{
    int64_t type = rock_decode_id_opt(o, "NumberTypeValueId");
    long known =
        rock_ids_row(codes->phone_types, codes->n_phone_types, sizeof(*codes->phone_types), type);

    *ret = (struct dir_phone){.id = rock_decode_id(o, "Id"),
                              .country_code = rock_decode_text(o, "CountryCode", a),
                              .number = rock_decode_text(o, "Number", a),
                              .formatted = rock_decode_text(o, "NumberFormatted", a),
                              .extension = rock_decode_text(o, "Extension", a),
                              .unlisted = js_bool(o, "IsUnlisted"),
                              .messaging = js_bool_opt(o, "IsMessagingEnabled", false)};
    if (!ret->number)
        ret->number = "";
    if (blank(ret->formatted))
        ret->formatted = rock_format_number(
            codes->formats, blank(ret->country_code) ? codes->default_country : ret->country_code,
            ret->number, a);
    if (known < 0)
        return;
    ret->type = codes->phone_types[known].type;
    ret->type_name = codes->phone_types[known].name;
}

static void phones(const struct js *row,
                   const struct rock_codes *codes,
                   struct arena *a,
                   struct dir_person *ret)
{
    struct js list = js_array(row, "PhoneNumbers");
    size_t n = js_len(&list);

    if (n > ROCK_LIST_MAX) {
        js_fail(row, "PhoneNumbers", "%zu numbers, more than the %d allowed", n, ROCK_LIST_MAX);
        return;
    }
    if (!n)
        return;
    struct dir_phone *v = arena_alloc(a, n * sizeof(*v));
    for (size_t i = 0; i < n && !js_failed(row); i++) {
        struct js o = js_at(&list, i);
        phone(&o, codes, a, &v[i]);
    }
    qsort(v, n, sizeof(*v), by_id);
    ret->phones = v;
    ret->n_phones = n;
}

/* Text of a defined value that was asked for along with the id: the one without the other would
 * empty the field of everybody. */
static const char *
value_text(const struct js *row, const char *id_key, const char *value_key, struct arena *a)
{
    struct js o = js_object_opt(row, value_key);

    if (o.v)
        return rock_decode_text(&o, "Value", a);
    if (rock_decode_id_opt(row, id_key))
        js_fail(row, value_key, "missing although %s is there", id_key);
    return NULL;
}

static int part(const struct js *row, const char *key, int64_t max)
{
    int64_t v = 0;

    js_int_opt(row, key, INT32_MIN, INT32_MAX, &v);
    return v >= 1 && v <= max ? (int)v : 0;
}

static void dates(const struct js *row, struct dir_person *ret)
{
    const char *anniversary = js_str_opt(row, "AnniversaryDate");
    struct tm_civil t;

    ret->birth_day = part(row, "BirthDay", 31);
    ret->birth_month = part(row, "BirthMonth", 12);
    ret->birth_year = part(row, "BirthYear", 9999);
    if (!anniversary)
        return;
    if (!tm_parse_naive(anniversary, &t)) {
        js_fail(row, "AnniversaryDate", "not a date of the form 2004-06-12T00:00:00");
        return;
    }
    ret->anniversary_day = t.day;
    ret->anniversary_month = t.month;
    ret->anniversary_year = t.year;
}

static void photo(const struct js *row, struct dir_person *ret)
{
    struct js o = js_object_opt(row, "Photo");

    ret->photo_id = rock_decode_id_opt(row, "PhotoId");
    if (o.v)
        js_guid(&o, "Guid", &ret->photo_guid);
}

void rock_decode_person(const struct js *row,
                        int64_t id,
                        const struct rock_codes *codes,
                        struct arena *a,
                        struct rock_person *ret)
{
    struct dir_person *p = &ret->p;

    *ret = (struct rock_person){.id = id,
                                .alias = rock_decode_id_opt(row, "PrimaryAliasId"),
                                .family = rock_decode_id_opt(row, "PrimaryFamilyId")};
    p->rock_id = id;
    p->business = rock_decode_id_opt(row, "RecordTypeValueId") == codes->business;
    p->deceased = js_bool_opt(row, "IsDeceased", false);
    p->email_active = js_bool_opt(row, "IsEmailActive", true);
    p->age_class = part(row, "AgeClassification", 2);
    p->first_name = rock_decode_text(row, "FirstName", a);
    p->nick_name = rock_decode_text(row, "NickName", a);
    p->middle_name = rock_decode_text(row, "MiddleName", a);
    p->last_name = rock_decode_text(row, "LastName", a);
    p->email = rock_decode_text(row, "Email", a);
    p->title = value_text(row, "TitleValueId", "TitleValue", a);
    p->suffix = value_text(row, "SuffixValueId", "SuffixValue", a);
    dates(row, p);
    photo(row, p);
    phones(row, codes, a, p);
}

bool rock_decode_yes(const char *text)
{
    static const char *const yes[] = {"true", "yes", "1"};

    if (!text)
        return false;
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (strlen(yes[i]) == n && strncasecmp(text, yes[i], n) == 0)
            return true;
    return false;
}
