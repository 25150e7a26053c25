/* The judge, field by field: what one person's contact holds. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/sim/rock/model.h"
#include "tests/unit/sim_rock_support.h"

struct fixture {
    struct church *c;
    struct arena *a;
    int32_t ann;
    struct person *p;
};

static void setup(struct fixture *f)
{
    f->c = a_church();
    f->a = arena_new("test", 1 << 24);
    f->ann = a_person(f->c, "Ann", "Adams");
    f->p = person_of(f->c, f->ann);
}

static void teardown(struct fixture *f)
{
    arena_free(f->a);
    church_free(f->c);
}

/* "-" when the contact must not have the field. */
static const char *field(struct fixture *f, enum model_field which)
{
    struct model_card card;
    model_card(f->c, f->ann, f->a, &card);
    return card.value[which] ? card.value[which] : "-";
}

Test(sim_rock_card, names)
{
    struct fixture f;
    setup(&f);
    f.p->nick_name = "Annie";
    f.p->middle_name = "M.";
    cr_expect_str_eq(field(&f, FIELD_GIVEN_NAME), "Annie");
    cr_expect_str_eq(field(&f, FIELD_MIDDLE_NAME), "M.");
    cr_expect_str_eq(field(&f, FIELD_SURNAME), "Adams");
    cr_expect_str_eq(field(&f, FIELD_FILE_AS), "Adams, Annie");
    cr_expect_str_eq(field(&f, FIELD_DISPLAY_NAME), "Adams, Annie");
    f.p->nick_name = " ";
    cr_expect_str_eq(field(&f, FIELD_GIVEN_NAME), "Ann");
    f.p->last_name = NULL;
    cr_expect_str_eq(field(&f, FIELD_FILE_AS), "Ann");
    f.p->first_name = NULL;
    cr_expect_str_eq(field(&f, FIELD_FILE_AS), "-");
    f.p->last_name = "Adams";
    cr_expect_str_eq(field(&f, FIELD_FILE_AS), "Adams");
    struct defined_value *v = NULL;
    church_each(f.c, TABLE_DEFINED_VALUE, v)
    {
        if (strcmp(v->value, "Dr.") == 0)
            f.p->title_id = v->row.id;
        if (strcmp(v->value, "Jr.") == 0)
            f.p->suffix_id = v->row.id;
    }
    cr_expect_str_eq(field(&f, FIELD_TITLE), "Dr.");
    cr_expect_str_eq(field(&f, FIELD_GENERATION), "Jr.");
    teardown(&f);
}

Test(sim_rock_card, businesses_have_a_company_name_only)
{
    struct fixture f;
    setup(&f);
    f.p->record_type_id = f.c->known.business_record;
    f.p->last_name = "Harbor & Sons";
    f.p->nick_name = f.p->first_name = NULL;
    mutate_attribute(f.c, f.ann, f.c->known.employer, "Somebody");
    mutate_attribute(f.c, f.ann, f.c->known.position, "Something");
    cr_expect_str_eq(field(&f, FIELD_COMPANY_NAME), "Harbor & Sons");
    cr_expect_str_eq(field(&f, FIELD_FILE_AS), "Harbor & Sons");
    cr_expect_str_eq(field(&f, FIELD_DISPLAY_NAME), "Harbor & Sons");
    cr_expect_str_eq(field(&f, FIELD_SURNAME), "-");
    cr_expect_str_eq(field(&f, FIELD_GIVEN_NAME), "-");
    cr_expect_str_eq(field(&f, FIELD_JOB_TITLE), "-");
    teardown(&f);
}

Test(sim_rock_card, employer_position_and_email)
{
    struct fixture f;
    setup(&f);
    mutate_attribute(f.c, f.ann, f.c->known.employer, " Acme ");
    mutate_attribute(f.c, f.ann, f.c->known.position, "");
    f.p->email = " ann@example.org ";
    cr_expect_str_eq(field(&f, FIELD_COMPANY_NAME), "Acme");
    cr_expect_str_eq(field(&f, FIELD_JOB_TITLE), "-");
    cr_expect_str_eq(field(&f, FIELD_EMAIL), "ann@example.org");
    f.p->is_email_active = false;
    cr_expect_str_eq(field(&f, FIELD_EMAIL), "-");
    teardown(&f);
}

static const struct {
    const char *code, *number, *formatted, *extension, *want;
} phone_cases[] = {
    {"1", "6235553322", "(623) 555-3322", NULL, "+16235553322"},
    {NULL, "6235553322", NULL, "", "+16235553322"},
    {"", "6235553322", NULL, "  ", "+16235553322"},
    {"1", "16235553322", "(623) 555-3322", NULL, "+16235553322"},
    {"1", "5553322", "555-3322", NULL, "555-3322"},
    {"1", "5553322", NULL, NULL, "555-3322"},
    {"1", "917894563210", "917894563210", NULL, "917894563210"},
    {"1", "26235553322", "26235553322", NULL, "26235553322"},
    {"44", "2079460000", "2079460000", NULL, "+442079460000"},
    {"44", "1234", "1234", NULL, "1234"},
    {"44", "12345", "12345", NULL, "12345"},
    {"44", "02079460000", "020 7946 0000", NULL, "020 7946 0000"},
    {"39", "0612345678", NULL, NULL, "+390612345678"},
    {"44", "12345678901234", "12345678901234", NULL, "12345678901234"},
    {"49", "1234567890123", NULL, NULL, "+491234567890123"},
    {"44", "12345678901", NULL, NULL, "12345678901"},
    {"1", "6235553322", NULL, "114", "+16235553322 x114"},
    {"1", "6235553322", NULL, " 7 ", "+16235553322 x7"},
    {"1", "6235553322", NULL, "x22", "+16235553322 x22"},
    {"1", "6235553322", NULL, "Ext. 4", "+16235553322 x4"},
    {"1", "6235553322", NULL, "front desk", "+16235553322 xfront desk"},
    {"1", "5553322", "555-3322", "9", "555-3322 x9"},
    {"1", "", NULL, "9", NULL},
    {"1", NULL, NULL, NULL, NULL},
};

Test(sim_rock_card, phone_numbers_as_e164_where_they_can_be)
{
    struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(phone_cases); i++) {
        struct phone_number p = {.country_code = phone_cases[i].code,
                                 .number = phone_cases[i].number,
                                 .formatted = phone_cases[i].formatted,
                                 .extension = phone_cases[i].extension};
        const char *got = model_phone(a, &p);
        cr_expect_str_eq(got ? got : "(none)", phone_cases[i].want ? phone_cases[i].want : "(none)",
                         "case %zu", i);
    }
    arena_free(a);
}

Test(sim_rock_card, two_of_a_type_go_by_id_and_unlisted_stay_out)
{
    struct fixture f;
    setup(&f);
    const struct church_known *k = &f.c->known;
    a_phone(f.c, f.ann, k->mobile, "6235550100")->is_unlisted = true;
    a_phone(f.c, f.ann, k->mobile, "6235550101");
    a_phone(f.c, f.ann, k->work_phone, "6235550102");
    a_phone(f.c, f.ann, NULL_INT, "6235550103");
    a_phone(f.c, f.ann, k->home_phone, "6235550104");
    a_phone(f.c, f.ann, k->mobile, "6235550105");
    a_phone(f.c, f.ann, k->mobile, "6235550106");
    a_phone(f.c, f.ann, k->home_phone, "6235550107");
    a_phone(f.c, f.ann, k->home_phone, "6235550108");
    cr_expect_str_eq(field(&f, FIELD_MOBILE_PHONE), "+16235550101");
    cr_expect_str_eq(field(&f, FIELD_OTHER_TELEPHONE), "+16235550105");
    cr_expect_str_eq(field(&f, FIELD_HOME_PHONE), "+16235550104");
    cr_expect_str_eq(field(&f, FIELD_HOME_PHONE2), "+16235550107");
    mutate_clear_phone(f.c, f.ann, k->home_phone);
    cr_expect_str_eq(field(&f, FIELD_HOME_PHONE), "+16235550107");
    teardown(&f);
}

Test(sim_rock_card, home_and_work_address_of_the_first_family_that_has_one)
{
    struct fixture f;
    setup(&f);
    const struct church_known *k = &f.c->known;
    int32_t own = f.p->primary_family_id;
    struct location *l = an_address(f.c, own, k->previous_address, "1 Old Road");
    l = an_address(f.c, own, k->home_address, "2 First Lane");
    l->street2 = " Apt. 7 ";
    l->city = "Springdale";
    l->state = "AZ";
    l->postal_code = "85000";
    l->country = "US";
    an_address(f.c, own, k->home_address, "3 Second Lane");
    an_address(f.c, own, k->work_address, "4 Mill Street");
    cr_expect_str_eq(field(&f, FIELD_HOME_STREET), "2 First Lane\nApt. 7");
    cr_expect_str_eq(field(&f, FIELD_HOME_CITY), "Springdale");
    cr_expect_str_eq(field(&f, FIELD_HOME_STATE), "AZ");
    cr_expect_str_eq(field(&f, FIELD_HOME_POSTAL_CODE), "85000");
    cr_expect_str_eq(field(&f, FIELD_HOME_COUNTRY), "US");
    cr_expect_str_eq(field(&f, FIELD_BUSINESS_STREET), "4 Mill Street");
    cr_expect_str_eq(field(&f, FIELD_BUSINESS_CITY), "-");

    int32_t second = a_group(f.c, k->family, "Second");
    an_address(f.c, second, k->home_address, "5 Other House");
    a_member(f.c, second, f.ann);
    cr_expect_str_eq(field(&f, FIELD_HOME_STREET), "2 First Lane\nApt. 7", "null order: by row");
    struct group_member *m = NULL;
    church_each_by(f.c, TABLE_GROUP_MEMBER, group_member, group_id, second, m) m->group_order = 1;
    cr_expect_str_eq(field(&f, FIELD_HOME_STREET), "5 Other House", "null sorts last");
    cr_expect_str_eq(field(&f, FIELD_BUSINESS_STREET), "4 Mill Street",
                     "the next family that has one");
    teardown(&f);
}

Test(sim_rock_card, the_primary_family_is_the_last_resort)
{
    struct fixture f;
    setup(&f);
    int32_t other = a_group(f.c, f.c->known.family, "Other");
    an_address(f.c, other, f.c->known.home_address, "6 Fallback Way");
    cr_expect_str_eq(field(&f, FIELD_HOME_STREET), "-");
    f.p->primary_family_id = other;
    cr_expect_str_eq(field(&f, FIELD_HOME_STREET), "6 Fallback Way");
    teardown(&f);
}

static const struct {
    int32_t year, month, day;
    const char *want;
} birth_cases[] = {
    {1980, 2, 3, "1980-02-03"}, {NULL_INT, 2, 3, "-"},       {1980, NULL_INT, 3, "-"},
    {1980, 2, NULL_INT, "-"},   {1984, 2, 29, "1984-02-29"}, {1985, 2, 29, "-"},
    {1900, 2, 29, "-"},         {2000, 2, 29, "2000-02-29"}, {1980, 13, 1, "-"},
    {1980, 4, 31, "-"},         {1980, 0, 1, "-"},
};

Test(sim_rock_card, birthdays_need_all_three_parts)
{
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < ARRAY_LEN(birth_cases); i++) {
        f.p->birth_year = birth_cases[i].year;
        f.p->birth_month = birth_cases[i].month;
        f.p->birth_day = birth_cases[i].day;
        cr_expect_str_eq(field(&f, FIELD_BIRTHDAY), birth_cases[i].want, "case %zu", i);
    }
    teardown(&f);
}

Test(sim_rock_card, anniversary_is_the_date)
{
    static const struct {
        int64_t days;
        const char *want;
    } cases[] = {{731743, "2004-06-12"},
                 {739615, "2025-12-31"},
                 {739616, "2026-01-01"},
                 {738944, "2024-02-29"}};
    struct fixture f;
    setup(&f);
    cr_expect_str_eq(field(&f, FIELD_WEDDING_ANNIVERSARY), "-");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f.p->anniversary = cases[i].days * TICKS_DAY + 3 * TICKS_SEC;
        cr_expect_str_eq(field(&f, FIELD_WEDDING_ANNIVERSARY), cases[i].want);
    }
    teardown(&f);
}

Test(sim_rock_card, text_is_normalised_trimmed_and_cut_at_whole_characters)
{
    static const struct {
        const char *raw, *want;
        size_t max;
    } cases[] = {
        {"  a b  ", "a b", 255},
        {"\t\n", NULL, 255},
        {"Jose\xCC\x81", "Jos\xC3\xA9", 255},
        {"a\x07"
         "b\nc",
         "a b c", 255},
        {"ab\xC2\x85"
         "cd",
         "ab cd", 255},
        {"\xC3\xA9\xC3\xA9", "\xC3\xA9", 3},
        {"\xFFx", "\xEF\xBF\xBDx", 255},
        {"Sam \xF0\x9F\x8E\xB8", "Sam", 7},
        {"a\r\nb\xE2\x80\xA8"
         "c",
         "a b c", 255},
        {"\xC2\xA0x\xE3\x80\x80", "x", 255},
        {"\xEF\xBF\xBE", "\xEF\xBF\xBD", 255},
    };
    struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = model_text(a, cases[i].raw, cases[i].max);
        cr_expect_str_eq(got ? got : "(none)", cases[i].want ? cases[i].want : "(none)", "case %zu",
                         i);
    }
    cr_expect(model_text(a, NULL, 10) == NULL);
    arena_free(a);
}

Test(sim_rock_card, the_key_is_the_primary_alias)
{
    struct fixture f;
    setup(&f);
    struct model_card card;
    int32_t bob = a_person(f.c, "Bob", "B");
    model_card(f.c, bob, f.a, &card);
    struct guid before = card.key;
    mutate_merge(f.c, f.ann, bob);
    model_card(f.c, bob, f.a, &card);
    cr_expect(guid_cmp(&before, &card.key) == 0, "the survivor's stays");
    cr_expect(guid_is_nil(&card.key) == false);
    teardown(&f);
}
