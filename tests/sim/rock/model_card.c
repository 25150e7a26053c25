/* One person's contact: which column becomes which field. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/lookups.h"
#include "tests/sim/rock/model.h"

#define MAX_TEXT   255
#define MAX_PHONE  64
#define MAX_STREET 1024

const char *const model_field_names[FIELD_COUNT] = {
    [FIELD_FILE_AS] = "FileAs",
    [FIELD_DISPLAY_NAME] = "DisplayName",
    [FIELD_GIVEN_NAME] = "GivenName",
    [FIELD_MIDDLE_NAME] = "MiddleName",
    [FIELD_SURNAME] = "Surname",
    [FIELD_GENERATION] = "Generation",
    [FIELD_TITLE] = "Title",
    [FIELD_COMPANY_NAME] = "CompanyName",
    [FIELD_JOB_TITLE] = "JobTitle",
    [FIELD_EMAIL] = "EmailAddress1",
    [FIELD_MOBILE_PHONE] = "MobilePhone",
    [FIELD_HOME_PHONE] = "HomePhone",
    [FIELD_HOME_PHONE2] = "HomePhone2",
    [FIELD_OTHER_TELEPHONE] = "OtherTelephone",
    [FIELD_HOME_STREET] = "HomeStreet",
    [FIELD_HOME_CITY] = "HomeCity",
    [FIELD_HOME_STATE] = "HomeState",
    [FIELD_HOME_POSTAL_CODE] = "HomePostalCode",
    [FIELD_HOME_COUNTRY] = "HomeCountryOrRegion",
    [FIELD_BUSINESS_STREET] = "BusinessStreet",
    [FIELD_BUSINESS_CITY] = "BusinessCity",
    [FIELD_BUSINESS_STATE] = "BusinessState",
    [FIELD_BUSINESS_POSTAL_CODE] = "BusinessPostalCode",
    [FIELD_BUSINESS_COUNTRY] = "BusinessCountryOrRegion",
    [FIELD_BIRTHDAY] = "Birthday",
    [FIELD_WEDDING_ANNIVERSARY] = "WeddingAnniversary",
};

static bool blank(const char *s)
{
    if (!s)
        return true;
    while (*s == ' ')
        s++;
    return *s == '\0';
}

static void
set_names(struct church *c, const struct person *p, struct arena *a, struct model_card *card)
{
    const char **v = card->value;
    const char *last = model_text(a, p->last_name, MAX_TEXT);
    if (p->record_type_id == c->known.business_record) {
        v[FIELD_COMPANY_NAME] = v[FIELD_FILE_AS] = v[FIELD_DISPLAY_NAME] = last;
        return;
    }
    const char *given = model_text(a, p->nick_name, MAX_TEXT);
    if (!given)
        given = model_text(a, p->first_name, MAX_TEXT);
    v[FIELD_GIVEN_NAME] = given;
    v[FIELD_SURNAME] = last;
    v[FIELD_MIDDLE_NAME] = model_text(a, p->middle_name, MAX_TEXT);
    v[FIELD_GENERATION] = model_text(a, lookups_value(c, p->suffix_id), MAX_TEXT);
    v[FIELD_TITLE] = model_text(a, lookups_value(c, p->title_id), MAX_TEXT);
    const char *both = given && last ? arena_printf(a, "%s, %s", last, given) : last ? last : given;
    v[FIELD_FILE_AS] = v[FIELD_DISPLAY_NAME] = model_text(a, both, MAX_TEXT);
}

static const char *
attribute_text(struct church *c, int32_t person_id, int32_t attribute_id, struct arena *a)
{
    struct attribute_value *v = NULL;
    church_each_by(c, TABLE_ATTRIBUTE_VALUE, attribute_value, entity_id, person_id, v)
    {
        if (v->attribute_id == attribute_id)
            return model_text(a, v->value, MAX_TEXT);
    }
    return NULL;
}

/* What stands after the " x": somebody may have typed the mark too ("x22", "ext. 4"). */
static const char *extension_of(struct arena *a, const struct phone_number *p)
{
    const char *text = model_text(a, p->extension, MAX_PHONE);
    if (!text)
        return NULL;
    const char *s = text + (strncasecmp(text, "ext", 3) == 0 ? 3 : *text == 'x' || *text == 'X');
    while (*s == '.' || *s == ' ')
        s++;
    return isdigit((unsigned char)*s) ? s : text;
}

/* What Rock's stock rules for code 1 and the church's own for 44 make of digits; the number itself
 * otherwise. */
static const char *shown_by_rock(struct arena *a, const char *code, const char *digits)
{
    size_t n = strlen(digits);
    if (strcmp(code, "44") == 0 && n == 10)
        return arena_printf(a, "0%.4s %s", digits, digits + 4);
    if (strcmp(code, "1") != 0)
        return digits;
    if (n == 11 && digits[0] == '1')
        digits++, n--;
    if (n == 10)
        return arena_printf(a, "(%.3s) %.3s-%s", digits, digits + 3, digits + 6);
    return n == 7 ? arena_printf(a, "%.3s-%s", digits, digits + 3) : digits;
}

/* Digits behind the code that its country's numbers have. The generator uses these; for other codes
 * the judge asks no more than E.164 does. */
static bool fits_country(const char *code, size_t n)
{
    static const struct {
        const char *code;
        size_t min, max;
    } widths[] = {{"1", 10, 10}, {"44", 7, 10}, {"49", 4, 13}, {"91", 10, 11}};
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        if (strcmp(widths[i].code, code) == 0)
            return n >= widths[i].min && n <= widths[i].max;
    }
    return strlen(code) + n >= 7 && strlen(code) + n <= 15;
}

/* "+1..." when the digits can be a number of that country; else what Rock shows. */
const char *model_phone(struct arena *a, const struct phone_number *p)
{
    if (blank(p->number))
        return NULL;
    const char *code = blank(p->country_code) ? "1" : p->country_code, *digits = p->number;
    size_t n = strlen(digits);
    if (strcmp(code, "1") == 0 && n == 11 && digits[0] == '1') /* carries the code already */
        digits++, n--;
    bool fits = fits_country(code, n) && (digits[0] != '0' || strcmp(code, "39") == 0);
    const char *text = fits                  ? arena_printf(a, "+%s%s", code, digits)
                       : blank(p->formatted) ? shown_by_rock(a, code, p->number)
                                             : p->formatted;
    text = model_text(a, text, MAX_PHONE);
    const char *extension = extension_of(a, p);
    return extension ? model_text(a, arena_printf(a, "%s x%s", text, extension), MAX_PHONE) : text;
}

static void
set_phones(struct church *c, const struct person *person, struct arena *a, struct model_card *card)
{
    static const enum model_field slots[2][2] = {{FIELD_MOBILE_PHONE, FIELD_OTHER_TELEPHONE},
                                                 {FIELD_HOME_PHONE, FIELD_HOME_PHONE2}};
    int used[2] = {0, 0};
    struct phone_number *p = NULL;
    church_each_by(c, TABLE_PHONE_NUMBER, phone_number, person_id, person->row.id, p)
    {
        int kind = p->type_id == c->known.mobile ? 0 : p->type_id == c->known.home_phone ? 1 : -1;
        if (kind < 0 || p->is_unlisted || used[kind] == 2)
            continue;
        const char *text = model_phone(a, p);
        if (text)
            card->value[slots[kind][used[kind]++]] = text;
    }
}

/* Families in Rock's order: GroupOrder with null last, then by row; the primary family closes the
 * list. */
static size_t families_of(struct church *c, const struct person *p, int32_t *ids, size_t max)
{
    int64_t order[16];
    size_t n = 0;
    struct group_member *m = NULL;
    max = max < 16 ? max : 16;
    church_each_by(c, TABLE_GROUP_MEMBER, group_member, person_id, p->row.id, m)
    {
        const struct group *g = church_row(c, TABLE_GROUP, m->group_id);
        if (!g || g->group_type_id != c->known.family || g->is_archived || m->is_archived ||
            n == max - 1)
            continue;
        int64_t rank = m->group_order == NULL_INT ? INT64_MAX : m->group_order;
        size_t at = n++;
        for (; at > 0 && order[at - 1] > rank; at--) {
            order[at] = order[at - 1];
            ids[at] = ids[at - 1];
        }
        order[at] = rank;
        ids[at] = m->group_id;
    }
    if (p->primary_family_id != NULL_INT)
        ids[n++] = p->primary_family_id;
    return n;
}

static const struct location *
first_location(struct church *c, const int32_t *families, size_t n, int32_t type)
{
    for (size_t i = 0; i < n; i++) {
        struct group_location *gl = NULL;
        church_each_by(c, TABLE_GROUP_LOCATION, group_location, group_id, families[i], gl)
        {
            if (gl->type_id == type)
                return church_row(c, TABLE_LOCATION, gl->location_id);
        }
    }
    return NULL;
}

static void set_address(const struct location *l, struct arena *a, const char **five)
{
    if (!l)
        return;
    const char *one = model_text(a, l->street1, MAX_STREET),
               *two = model_text(a, l->street2, MAX_STREET);
    five[0] = one && two ? arena_printf(a, "%s\n%s", one, two) : one ? one : two;
    const char *const rest[] = {l->city, l->state, l->postal_code, l->country};
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        five[i + 1] = model_text(a, rest[i], MAX_TEXT);
}

static bool date_exists(int32_t year, int32_t month, int32_t day)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

static const char *ticks_date(struct arena *a, int64_t ticks)
{
    int64_t days = ticks / TICKS_DAY; /* from 0001-01-01; count years, then months */
    int32_t year = (int32_t)(days / 366) + 1, month = 1, day = 1;
    int64_t y = year - 1;
    int64_t left = days - (y * 365 + y / 4 - y / 100 + y / 400);
    while (left > 0) {
        left--;
        day++;
        if (!date_exists(year, month, day)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
    return arena_printf(a, "%04d-%02d-%02d", year, month, day);
}

void model_card(struct church *c, int32_t person_id, struct arena *a, struct model_card *ret)
{
    *ret = (struct model_card){0};
    const struct person *p = church_row(c, TABLE_PERSON, person_id);
    if (!p)
        return;
    const struct person_alias *alias = church_row(c, TABLE_PERSON_ALIAS, p->primary_alias_id);
    if (alias)
        ret->key = alias->row.guid;
    set_names(c, p, a, ret);
    if (p->record_type_id != c->known.business_record) { /* a business has neither */
        ret->value[FIELD_COMPANY_NAME] = attribute_text(c, person_id, c->known.employer, a);
        ret->value[FIELD_JOB_TITLE] = attribute_text(c, person_id, c->known.position, a);
    }
    if (p->is_email_active)
        ret->value[FIELD_EMAIL] = model_text(a, p->email, MAX_TEXT);
    set_phones(c, p, a, ret);
    int32_t families[16];
    size_t n = families_of(c, p, families, ARRAY_LEN(families));
    set_address(first_location(c, families, n, c->known.home_address), a,
                &ret->value[FIELD_HOME_STREET]);
    set_address(first_location(c, families, n, c->known.work_address), a,
                &ret->value[FIELD_BUSINESS_STREET]);
    if (date_exists(p->birth_year, p->birth_month, p->birth_day))
        ret->value[FIELD_BIRTHDAY] =
            arena_printf(a, "%04d-%02d-%02d", p->birth_year, p->birth_month, p->birth_day);
    if (p->anniversary != NULL_TICKS)
        ret->value[FIELD_WEDDING_ANNIVERSARY] = ticks_date(a, p->anniversary);
}
