/* A person of the directory as templates see one. */
#include "common/core/directory.h"
#include "common/core/lava/lava_known.h"
#include "common/core/lava/lava_person.h"
#include "tests/unit/lava_support.h"

static const struct dir_phone phones[] = {
    {.id = 1,
     .type = DIR_PHONE_MOBILE,
     .type_name = "Mobile",
     .country_code = "1",
     .number = "6025550134",
     .formatted = "(602) 555-0134",
     .messaging = true},
    {.id = 2,
     .type = DIR_PHONE_WORK,
     .type_name = "Work",
     .country_code = "44",
     .number = "2075550135",
     .formatted = "20 7555 0135",
     .extension = "114"},
    {.id = 3, .type_name = "Work", .number = "5550136", .formatted = "555-0136", .unlisted = true},
    {.id = 4, .type_name = NULL, .number = "5550137"},
    {.id = 5, .type_name = "Extension", .number = "114", .formatted = "114"}};

static const struct dir_person ted = {.rock_id = 4,
                                      .first_name = "Theodore",
                                      .nick_name = "Ted",
                                      .last_name = "Decker",
                                      .suffix = "Jr.",
                                      .email = "ted@church.example",
                                      .email_active = true,
                                      .age_class = 1,
                                      .birth_day = 10,
                                      .birth_month = 2,
                                      .birth_year = 1980,
                                      .phones = phones,
                                      .n_phones = ARRAY_LEN(phones)};

static const struct lava_entry attributes[] = {
    {LAVA_STR("Employer"), {.type = LAVA_STRING, .n = 11, .s = "Rock Solid "}}};
static const struct lava_dict attribute_dict = {attributes, 1};
static const struct lava_entry globals[] = {
    {LAVA_STR("OrganizationPhone"), {.type = LAVA_STRING, .n = 14, .s = "(602) 555-0100"}}};
static const struct lava_dict global_dict = {globals, 1};

static const char *of(const struct dir_person *p, const char *template)
{
    static char out[4096];
    struct lava_person lp = {.person = p, .attributes = &attribute_dict};
    struct lava_entry e = {LAVA_STR("Person"), lava_person_value(&lp)};
    struct lava_dict d = {&e, 1};
    struct lava_env env = {.vars = lava_object(&lava_dict_ops, &d),
                           .global = lava_object(&lava_dict_ops, &global_dict)};
    struct lava_work *w = lava_work_new();
    struct lava_template *t = NULL;
    struct lava_str text;
    struct err err;

    if (lava_parse(template, strlen(template), NULL, &t, &err) < 0 ||
        lava_render(t, &env, NULL, w, &text, &err) < 0)
        snprintf(out, sizeof(out), "error %s", err.text);
    else
        snprintf(out, sizeof(out), "%.*s", (int)text.n, text.p);
    lava_template_free(t);
    lava_work_free(w);
    return out;
}

/* The first five are those of reference/rock.md: what churches write. */
static const struct person_case {
    const char *template, *want;
} cases[] = {
    {"{{ Person | PhoneNumber:'Work' }}", "20 7555 0135"},
    {"{{ Person | PhoneNumber:'Work',true }}", "+44 20 7555 0135"},
    {"{% assign n = Person | PhoneNumber:'Mobile' %}{% if n and n != '' %}{{ n | Remove:'(' | "
     "Remove:')' | Replace:' ','-' }}{% endif %}",
     "602-555-0134"},
    {"{% for p in Person.PhoneNumbers %}{% if p.NumberTypeValue.Value == 'Work' and p.IsUnlisted "
     "== false %}{{ p.NumberFormatted }}{% if p.Extension != '' %} x{{ p.Extension }}{% endif %}"
     "{% endif %}{% endfor %}",
     "20 7555 0135 x114"},
    {"{{ 'Global' | Attribute:'OrganizationPhone' }} x{{ Person | PhoneNumber:'Extension' }}",
     "(602) 555-0100 x114"},
    {"[{{ Person | PhoneNumber:'Fax' }}]", "[]"},
    {"{{ Person }}", "Ted Decker Jr."},
    {"{{ Person.FullNameReversed }}", "Decker Jr., Ted"},
    {"{{ Person.FirstName }} {{ Person.MiddleName }}{{ Person.TitleValue.Value }}", "Theodore "},
    {"{{ Person.SuffixValue }} {{ Person.SuffixValue.Value }}", "Jr. Jr."},
    {"{{ Person.BirthDate | Date:'yyyy-MM-dd' }} {{ Person.AnniversaryDate }}", "1980-02-10 "},
    {"{{ Person.AgeClassification }} {{ Person.IsEmailActive }} {{ Person.Id }}", "Adult true 4"},
    {"{{ Person.PhoneNumbers.size }} {{ Person.PhoneNumbers[1].FullNumber }}", "5 442075550135"},
    {"{{ Person.PhoneNumbers[2] }} {{ Person.PhoneNumbers[2].NumberFormatted }}",
     "Unlisted 555-0136"},
    {"[{{ Person.PhoneNumbers[3].NumberTypeValue.Value }}{{ Person.PhoneNumbers[3] }}]", "[]"},
    {"{{ Person.PhoneNumbers[0].NumberFormattedWithCountryCode }}", "+1 (602) 555-0134"},
    {"{{ Person.nickname }}{{ Person.Nonsense }}", ""},
    {"{% assign m = 'NickName' %}{{ Person[m] }}{{ Person['LastName'] }}", "TedDecker"},
    {"{{ Person | Attribute:'employer' }}|{{ Person | Attribute:'None' }}", "Rock Solid |"},
    {"{{ Person | Property:'SuffixValue.Value' }}", "Jr."},
};

ParameterizedTestParameters(lava_person, table)
{
    return lava_rows(ARRAY_LEN(cases));
}
ParameterizedTest(size_t *i, lava_person, table)
{
    cr_expect(
        eq(str, (char *)(uintptr_t)of(&ted, cases[*i].template), (char *)(uintptr_t)cases[*i].want),
        "%s", cases[*i].template);
}

Test(lava_person, a_business_has_its_last_name_only)
{
    struct dir_person p = {.business = true, .first_name = "x", .last_name = "Rock Solid"};

    cr_expect(eq(str,
                 (char *)(uintptr_t)of(&p, "{{ Person.FullName }}|{{ Person.FullNameReversed }}"),
                 "Rock Solid|Rock Solid"));
}

Test(lava_person, nothing_known_prints_nothing)
{
    struct dir_person p = {0};

    cr_expect(
        eq(str,
           (char *)(uintptr_t)of(&p, "{% for m in Person %}{{ m[0] }}{% endfor %}|{{ Person }}|"
                                     "{{ Person | PhoneNumber:'Work' }}{{ Person.Email }}"),
           "IdFirstNameNickNameMiddleNameLastNameFullNameFullNameReversedTitleValue"
           "SuffixValueEmailIsEmailActiveBirthDayBirthMonthBirthYearBirthDateAnniversaryDate"
           "IsDeceasedIsBusinessAgeClassificationPhotoIdPrimaryAliasPhoneNumbers||"));
}

Test(lava_person, known_names_are_found_by_their_text)
{
    for (uint16_t i = 1; i < LAVA_KNOWN_COUNT; i++) {
        const char *text = lava_known_text(i);
        cr_expect(eq(u16, lava_known_find(text, strlen(text)), i), "%s", text);
    }
    cr_expect(eq(u16, lava_known_find("NickNam", 7), LAVA_KNOWN_NONE));
    cr_expect(eq(u16, lava_known_find("", 0), LAVA_KNOWN_NONE));
}
