/* The judge: each rule on a church of a few people whose answer is plain to see. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/sim/rock/model.h"
#include "tests/unit/sim_rock_support.h"

#define USER "uma@church.example"

static int by_person(const void *a, const void *b)
{
    return ((const struct model_item *)a)->person_id - ((const struct model_item *)b)->person_id;
}

/* "Ann=Following,Staff Bob=Choir": a mailbox by person id; "none" when there is no such mailbox.
 * malloc'd. */
static char *
holds_with(struct church *c, const char *address, const struct model_pref *prefs, size_t n)
{
    autoptr(model_free) struct model *m = model_new(c, prefs, n, address);
    struct str out;
    str_init(&out, 1 << 20);
    if (m->n_mailboxes == 0)
        return xstrdup("none");
    struct model_mailbox *mb = &m->mailboxes[0];
    qsort(mb->items, mb->n_items, sizeof(*mb->items), by_person);
    for (size_t i = 0; i < mb->n_items; i++) {
        str_addf(&out, "%s%s=", i ? " " : "", person_of(c, mb->items[i].person_id)->first_name);
        for (size_t k = 0; k < mb->items[i].n_categories; k++)
            str_addf(&out, "%s%s", k ? "," : "", mb->items[i].categories[k]);
    }
    return out.n ? str_steal(&out) : xstrdup("");
}

static char *holds(struct church *c, const char *address)
{
    return holds_with(c, address, NULL, 0);
}

#define expect_holds(c, want)                                                                      \
    do {                                                                                           \
        autofree char *got_ = holds(c, USER);                                                      \
        cr_expect_str_eq(got_, want);                                                              \
    } while (0)

Test(sim_rock_model, following_staff_and_groups_add_up_to_categories)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A"),
            bob = a_person(c, "Bob", "B");
    int32_t unit = a_group(c, c->known.unit, "Care"),
            choir = a_group(c, c->known.small_group, "Choir");
    a_member(c, unit, ann);
    a_member(c, unit, uma);
    a_member(c, choir, ann);
    a_member(c, choir, bob);
    mutate_follow(c, uma, ann);
    chooses(c, uma, true, true, choir);
    expect_holds(c, "Uma=Staff Ann=Choir,Following,Staff Bob=Choir");
    chooses(c, uma, false, false, 0);
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, only_active_members_of_active_groups_count)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), choir = a_group(c, c->known.small_group, "Choir");
    a_member(c, choir, a_person(c, "Ann", "A"))->status = MEMBER_INACTIVE;
    a_member(c, choir, a_person(c, "Bob", "B"))->status = MEMBER_PENDING;
    a_member(c, choir, a_person(c, "Cyd", "C"))->is_archived = true;
    int32_t dora = a_person(c, "Dora", "D"), eve = a_person(c, "Eve", "E");
    a_member(c, choir, dora);
    a_member(c, choir, dora)->group_role_id = c->known.small_leader; /* twice, by role */
    a_member(c, choir, eve);
    person_of(c, eve)->is_deceased = true;
    chooses(c, uma, false, false, choir);
    expect_holds(c, "Dora=Choir");
    mutate_group_state(c, choir, false, false);
    expect_holds(c, "");
    mutate_group_state(c, choir, true, true);
    expect_holds(c, "");
    mutate_group_state(c, choir, true, false);
    expect_holds(c, "Dora=Choir");
    church_delete(c, TABLE_GROUP, church_row(c, TABLE_GROUP, choir));
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, inactive_records_children_and_businesses_are_in)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), choir = a_group(c, c->known.small_group, "Choir");
    int32_t ann = a_person(c, "Ann", "A"), kid = a_person(c, "Kid", "K"),
            shop = a_person(c, "Shop", "S");
    a_member(c, choir, ann);
    a_member(c, choir, kid);
    a_member(c, choir, shop);
    person_of(c, ann)->record_status_id = c->known.inactive_record;
    person_of(c, kid)->age_classification = 2;
    person_of(c, shop)->record_type_id = c->known.business_record;
    chooses(c, uma, false, false, choir);
    expect_holds(c, "Ann=Choir Kid=Choir Shop=Choir");
    church_free(c);
}

Test(sim_rock_model, staff_means_active_units_of_exactly_that_type)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER);
    int32_t closed = a_group(c, c->known.unit, "Closed"),
            below = a_group(c, c->known.unit, "Below");
    ((struct group *)church_row(c, TABLE_GROUP, closed))->is_active = false;
    ((struct group *)church_row(c, TABLE_GROUP, below))->parent_group_id = closed;
    a_member(c, closed, a_person(c, "Ann", "A"));
    a_member(c, below, a_person(c, "Bob", "B"));
    a_member(c, a_group(c, c->known.unit_child, "Campus"), a_person(c, "Cyd", "C"));
    chooses(c, uma, false, true, 0);
    expect_holds(c, "Bob=Staff");
    church_free(c);
}

static struct following *last_following(struct church *c)
{
    struct table *t = &c->table[TABLE_FOLLOWING];
    return (struct following *)t->rows + (t->n - 1);
}

Test(sim_rock_model, followings_by_alias_and_by_person_without_a_purpose)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A"),
            bob = a_person(c, "Bob", "B");
    int32_t cyd = a_person(c, "Cyd", "C"), dora = a_person(c, "Dora", "D");
    mutate_follow(c, uma, ann);
    last_following(c)->purpose_key = "";
    mutate_follow(c, uma, bob);
    last_following(c)->purpose_key = "board";
    mutate_follow(c, uma, cyd);
    last_following(c)->entity_type_id = c->known.person_type;
    last_following(c)->entity_id = cyd;
    mutate_follow(c, uma, dora);
    last_following(c)->entity_type_id = c->known.group_entity_type;
    mutate_follow(c, ann, dora); /* somebody else's */
    chooses(c, uma, true, false, 0);
    expect_holds(c, "Ann=Following Cyd=Following");
    cr_expect(mutate_unfollow(c, uma, ann));
    expect_holds(c, "Cyd=Following");
    church_free(c);
}

Test(sim_rock_model, merged_followers_and_merged_followed_people)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), old = a_person(c, "Old", "O"),
            ann = a_person(c, "Ann", "A");
    int32_t bob = a_person(c, "Bob", "B");
    mutate_follow(c, old, ann); /* by Uma's other record */
    mutate_follow(c, uma, ann);
    mutate_follow(c, uma, bob);
    chooses(c, uma, true, false, 0);
    mutate_merge(c, old, uma);
    expect_holds(c, "Ann=Following Bob=Following");
    mutate_merge(c, ann, bob);
    expect_holds(c, "Bob=Following");
    mutate_delete_person(c, bob);
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, merged_users_keep_the_survivors_choices_else_the_others)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), other = a_user(c, "Other", "other@church.example");
    int32_t ann = a_person(c, "Ann", "A");
    mutate_follow(c, other, ann);
    chooses(c, other, true, false, 0);
    mutate_merge(c, other, uma);
    expect_holds(c, "Ann=Following");
    int32_t third = a_user(c, "Third", "third@church.example");
    chooses(c, third, false, false, 0);
    mutate_merge(c, third, uma);
    expect_holds(c, "Ann=Following");
    church_free(c);
}

static const struct {
    const char *first, *second, *want; /* names of two groups with the same member */
} name_cases[] = {
    {"Choir", "CHOIR", "CHOIR"},                    /* the first by name, bytewise */
    {"staff", "Hikers", "Hikers,Staff"},            /* Staff comes before groups */
    {"A, B; C", "Z", "A  B  C,Z"},                  /* separators become blanks */
    {" Padded ", "b", "Padded,b"},                  /* bytewise: capitals first */
    {"Jose\xCC\x81", "Jos\xC3\x89", "Jos\xC3\x89"}, /* NFC, then case */
    {"Straße", "STRASSE", "STRASSE"},
};

Test(sim_rock_model, categories_are_cleaned_and_equal_but_for_case_is_one)
{
    for (size_t i = 0; i < ARRAY_LEN(name_cases); i++) {
        struct church *c = a_church();
        int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A");
        int32_t ids[] = {a_group(c, c->known.small_group, name_cases[i].first),
                         a_group(c, c->known.small_group, name_cases[i].second)};
        struct guid guids[2];
        for (size_t k = 0; k < 2; k++) {
            a_member(c, ids[k], ann);
            guids[k] = ((struct group *)church_row(c, TABLE_GROUP, ids[k]))->row.guid;
        }
        a_member(c, a_group(c, c->known.unit, "Unit"), ann);
        bool staff = i == 1;
        struct choice ch = {uma, false, staff, guids, 2};
        mutate_choice(c, &ch);
        char want[128];
        snprintf(want, sizeof(want), "Ann=%s", name_cases[i].want);
        expect_holds(c, want);
        church_free(c);
    }
}

Test(sim_rock_model, who_has_a_mailbox)
{
    struct church *c = a_church();
    a_user(c, "Uma", USER);
    a_user(c, "None", NULL);
    a_user(c, "Blank", "  ");
    a_user(c, "Far", "far@elsewhere.example.net");
    a_user(c, "Twin", "UMA@church.example");
    a_user(c, "Big", " Big@CHURCH.example ");
    int32_t gone = a_user(c, "Gone", "gone@church.example"),
            dead = a_user(c, "Dead", "dead@church.example");
    mutate_leave(c, c->known.eligible_group, gone, LEAVE_INACTIVE);
    mutate_deceased(c, dead, true);
    autoptr(model_free) struct model *m = model_new(c, NULL, 0, NULL);
    cr_assert(eq(sz, m->n_mailboxes, 2));
    cr_expect_str_eq(m->mailboxes[0].address, USER);
    cr_expect_str_eq(m->mailboxes[1].address, "Big@CHURCH.example");
    cr_assert(eq(sz, m->n_skipped, 4));
    const char *why[] = {"no address", "no address", "address outside the domain",
                         "address of another user"};
    for (size_t i = 0; i < 4; i++)
        cr_expect_str_eq(m->skipped[i].why, why[i]);
    mutate_group_state(c, c->known.eligible_group, false, false);
    autofree char *none = holds(c, USER);
    cr_expect_str_eq(none, "none");
    church_free(c);
}

Test(sim_rock_model, posted_choices_replace_the_churchs_own)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A");
    mutate_follow(c, uma, ann);
    struct model_pref pref = {"Uma@Church.Example", {.follow = true}};
    autofree char *with = holds_with(c, USER, &pref, 1);
    autofree char *without = holds(c, USER);
    cr_expect_str_eq(with, "Ann=Following");
    cr_expect_str_eq(without, "");
    church_free(c);
}

/* ---- one contact's fields ---- */

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

Test(sim_rock_model, names)
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

Test(sim_rock_model, businesses_have_a_company_name_only)
{
    struct fixture f;
    setup(&f);
    f.p->record_type_id = f.c->known.business_record;
    f.p->last_name = "Harbor & Sons";
    f.p->nick_name = f.p->first_name = NULL;
    mutate_attribute(f.c, f.ann, f.c->known.employer, "Somebody");
    cr_expect_str_eq(field(&f, FIELD_COMPANY_NAME), "Harbor & Sons");
    cr_expect_str_eq(field(&f, FIELD_FILE_AS), "Harbor & Sons");
    cr_expect_str_eq(field(&f, FIELD_DISPLAY_NAME), "Harbor & Sons");
    cr_expect_str_eq(field(&f, FIELD_SURNAME), "-");
    cr_expect_str_eq(field(&f, FIELD_GIVEN_NAME), "-");
    teardown(&f);
}

Test(sim_rock_model, employer_position_and_email)
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
    {"1", "5553322", NULL, NULL, "5553322"},
    {"1", "917894563210", "917894563210", NULL, "917894563210"},
    {"1", "26235553322", "26235553322", NULL, "26235553322"},
    {"44", "2079460000", "2079460000", NULL, "+442079460000"},
    {"44", "1234", "1234", NULL, "1234"},
    {"44", "12345", "12345", NULL, "+4412345"},
    {"44", "12345678901234", "12345678901234", NULL, "12345678901234"},
    {"44", "1234567890123", NULL, NULL, "+441234567890123"},
    {"1", "6235553322", NULL, "114", "+16235553322 x114"},
    {"1", "6235553322", NULL, " 7 ", "+16235553322 x7"},
    {"1", "5553322", "555-3322", "9", "555-3322 x9"},
    {"1", "", NULL, "9", NULL},
    {"1", NULL, NULL, NULL, NULL},
};

Test(sim_rock_model, phone_numbers_as_e164_where_they_can_be)
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

Test(sim_rock_model, two_of_a_type_go_by_id_and_unlisted_stay_out)
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

Test(sim_rock_model, home_and_work_address_of_the_first_family_that_has_one)
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

Test(sim_rock_model, the_primary_family_is_the_last_resort)
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

Test(sim_rock_model, birthdays_need_all_three_parts)
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

Test(sim_rock_model, anniversary_is_the_date)
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

Test(sim_rock_model, text_is_normalised_trimmed_and_cut_at_whole_characters)
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

Test(sim_rock_model, the_key_is_the_primary_alias)
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
