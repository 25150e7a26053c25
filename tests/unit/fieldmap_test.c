#include <criterion/criterion.h>

#include "common/base/text.h"

#include "common/core/fieldmap.h"
#include "tests/unit/core_support.h"

static struct arena *arena;

static void setup(void)
{
    arena = arena_new("fieldmap", 64 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(fieldmap, .init = setup, .fini = teardown);

static const struct fieldmap_rules defaults = {.dates = true, .phone.default_country = "1"};

static struct contact
mapped(const struct dir_person *p, const struct fieldmap_rules *r, const char *business)
{
    struct contact c;
    fieldmap_contact(p, r, business, arena, &c);
    return c;
}

#define expect_text(got, want, ...)                                                                \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        cr_expect((!got_ && !want_) || (got_ && want_ && strcmp(got_, want_) == 0),                \
                  "found \"%s\", want \"%s\"; " __VA_ARGS__, got_ ? got_ : "NULL",                 \
                  want_ ? want_ : "NULL");                                                         \
    } while (0)

Test(fieldmap, names)
{
    static const struct {
        const char *name, *first, *nick, *last;
        bool business, first_last;
        const char *file_as, *given, *surname, *company;
    } cases[] = {
        {"nick name is the given name", "Theodore", "Ted", "Decker", false, false, "Decker, Ted",
         "Ted", "Decker", "Rock Inc"},
        {"blank nick name", "Theodore", " \t", "Decker", false, false, "Decker, Theodore",
         "Theodore", "Decker", "Rock Inc"},
        {"no nick name", "Theodore", NULL, "Decker", false, false, "Decker, Theodore", "Theodore",
         "Decker", "Rock Inc"},
        {"first last", "Theodore", "Ted", "Decker", false, true, "Ted Decker", "Ted", "Decker",
         "Rock Inc"},
        {"only surname", NULL, NULL, "Decker", false, false, "Decker", NULL, "Decker", "Rock Inc"},
        {"only given name", "Ted", NULL, "", false, false, "Ted", "Ted", NULL, "Rock Inc"},
        {"only given name, first last", "Ted", NULL, NULL, false, true, "Ted", "Ted", NULL,
         "Rock Inc"},
        {"business", "x", "y", "Rock Solid Bank", true, false, "Rock Solid Bank", NULL, NULL,
         "Rock Solid Bank"},
        {"no name: company", NULL, NULL, NULL, false, false, "Rock Inc", NULL, NULL, "Rock Inc"},
        {"control characters and line breaks",
         "No\x01"
         "ra",
         NULL, "De\r\ncker", false, false, "De cker, No ra", "No ra", "De cker", "Rock Inc"},
        {"NFC", "Rene\u0301e", NULL, "A\u030angstro\u0308m", false, false,
         "\u00c5ngstr\u00f6m, Ren\u00e9e", "Ren\u00e9e", "\u00c5ngstr\u00f6m", "Rock Inc"},
        {"right to left and emoji", "\u05d3\u05d5\u05d3", NULL, "\U0001F600", false, false,
         "\U0001F600, \u05d3\u05d5\u05d3", "\u05d3\u05d5\u05d3", "\U0001F600", "Rock Inc"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fieldmap_rules r = defaults;
        struct dir_person p = {.first_name = cases[i].first,
                               .nick_name = cases[i].nick,
                               .last_name = cases[i].last,
                               .business = cases[i].business,
                               .employer = "Rock Inc",
                               .position = "Pastor",
                               .middle_name = "M",
                               .suffix = "Jr.",
                               .title = "Dr."};
        r.first_last = cases[i].first_last;
        struct contact c = mapped(&p, &r, NULL);
        expect_text(c.f[CONTACT_FILE_AS], cases[i].file_as, "%s", cases[i].name);
        expect_text(c.f[CONTACT_DISPLAY_NAME], cases[i].file_as, "%s", cases[i].name);
        expect_text(c.f[CONTACT_GIVEN_NAME], cases[i].given, "%s", cases[i].name);
        expect_text(c.f[CONTACT_SURNAME], cases[i].surname, "%s", cases[i].name);
        expect_text(c.f[CONTACT_COMPANY], cases[i].company, "%s", cases[i].name);
        expect_text(c.f[CONTACT_MIDDLE_NAME], cases[i].business ? NULL : "M", "%s", cases[i].name);
        expect_text(c.f[CONTACT_SUFFIX], cases[i].business ? NULL : "Jr.", "%s", cases[i].name);
        expect_text(c.f[CONTACT_TITLE], cases[i].business ? NULL : "Dr.", "%s", cases[i].name);
        expect_text(c.f[CONTACT_JOB_TITLE], cases[i].business ? NULL : "Pastor", "%s",
                    cases[i].name);
    }
}

Test(fieldmap, the_nameless_are_listed_under_what_there_is)
{
    struct dir_phone mobile = {
        .type = DIR_PHONE_MOBILE, .country_code = "1", .number = "5555550123"};
    struct dir_person p = {
        .email = "x@church.example", .email_active = true, .phones = &mobile, .n_phones = 1};
    expect_text(mapped(&p, &defaults, "555 0100").f[CONTACT_FILE_AS], "x@church.example", "email");
    p.email_active = false;
    expect_text(mapped(&p, &defaults, "555 0100").f[CONTACT_FILE_AS], "+15555550123",
                "first phone");
    p.n_phones = 0;
    expect_text(mapped(&p, &defaults, "555 0100").f[CONTACT_FILE_AS], "555 0100", "business phone");
    expect_text(mapped(&p, &defaults, NULL).f[CONTACT_FILE_AS], NULL, "nothing");
    expect_text(mapped(&p, &defaults, NULL).f[CONTACT_DISPLAY_NAME], NULL, "nothing");
    p.business = true;
    p.last_name = "  ";
    p.email_active = true;
    expect_text(mapped(&p, &defaults, NULL).f[CONTACT_FILE_AS], "x@church.example",
                "nameless business");
}

Test(fieldmap, an_inactive_email_is_left_out)
{
    struct dir_person p = {
        .last_name = "Decker", .email = " ted@church.example ", .email_active = true};
    expect_text(mapped(&p, &defaults, NULL).f[CONTACT_EMAIL], "ted@church.example", "active");
    p.email_active = false;
    expect_text(mapped(&p, &defaults, NULL).f[CONTACT_EMAIL], NULL, "inactive");
}

Test(fieldmap, several_numbers_of_a_type_go_by_id)
{
    struct dir_phone phones[] = {
        {.id = 1, .type = DIR_PHONE_WORK, .number = "5555550100"},
        {.id = 2, .type = DIR_PHONE_MOBILE, .number = "5555550101", .unlisted = true},
        {.id = 3, .type = DIR_PHONE_MOBILE, .number = ""},
        {.id = 4, .type = DIR_PHONE_MOBILE, .number = "5555550102"},
        {.id = 5, .type = DIR_PHONE_HOME, .number = "5555550103"},
        {.id = 6, .type = DIR_PHONE_OTHER, .number = "5555550104"},
        {.id = 7, .type = DIR_PHONE_MOBILE, .number = "5555550105"},
        {.id = 8, .type = DIR_PHONE_HOME, .number = "5555550106"},
        {.id = 9, .type = DIR_PHONE_HOME, .number = "5555550107"},
        {.id = 10, .type = DIR_PHONE_MOBILE, .number = "5555550108"},
    };
    struct dir_person p = {.last_name = "Decker", .phones = phones, .n_phones = ARRAY_LEN(phones)};
    struct fieldmap_rules r = defaults;
    struct contact c = mapped(&p, &r, " 555 0199 ");
    expect_text(c.f[CONTACT_PHONE_MOBILE], "+15555550102", "first listed mobile");
    expect_text(c.f[CONTACT_PHONE_OTHER], "+15555550105", "second");
    expect_text(c.f[CONTACT_PHONE_HOME], "+15555550103", "first home");
    expect_text(c.f[CONTACT_PHONE_HOME2], "+15555550106", "second home");
    expect_text(c.f[CONTACT_PHONE_BUSINESS], "555 0199", "business is the argument");
    r.unlisted = true;
    c = mapped(&p, &r, " \n ");
    expect_text(c.f[CONTACT_PHONE_MOBILE], "+15555550101", "unlisted counts now");
    expect_text(c.f[CONTACT_PHONE_OTHER], "+15555550102", "and moves the others");
    expect_text(c.f[CONTACT_PHONE_BUSINESS], NULL, "a blank business number is none");
}

Test(fieldmap, addresses)
{
    struct dir_address home = {.street1 = " 1 Way ",
                               .street2 = "Apt 2",
                               .city = "Phoenix",
                               .state = "AZ",
                               .postal = "85001",
                               .country = "US"};
    struct dir_address work = {.street1 = "", .street2 = "Floor\n3", .city = NULL, .country = "  "};
    struct dir_person p = {.last_name = "Decker", .home = &home, .work = &work};
    struct contact c = mapped(&p, &defaults, NULL);
    expect_text(c.f[CONTACT_HOME_STREET], "1 Way\nApt 2", "two lines");
    expect_text(c.f[CONTACT_HOME_CITY], "Phoenix", "city");
    expect_text(c.f[CONTACT_HOME_STATE], "AZ", "state");
    expect_text(c.f[CONTACT_HOME_POSTAL], "85001", "postal");
    expect_text(c.f[CONTACT_HOME_COUNTRY], "US", "country");
    expect_text(c.f[CONTACT_WORK_STREET], "Floor 3", "second line alone");
    expect_text(c.f[CONTACT_WORK_CITY], NULL, "absent");
    expect_text(c.f[CONTACT_WORK_COUNTRY], NULL, "blank");
    p.home = NULL;
    expect_text(mapped(&p, &defaults, NULL).f[CONTACT_HOME_STREET], NULL, "no address");
}

Test(fieldmap, dates)
{
    static const struct {
        const char *name;
        int year, month, day;
        bool dates, yearless;
        const char *birthday, *anniversary;
    } cases[] = {
        {"complete", 1970, 1, 2, true, false, "1970-01-02", "1970-01-02"},
        {"switched off", 1970, 1, 2, false, true, NULL, NULL},
        {"no year", 0, 1, 2, true, false, NULL, NULL},
        {"no year, 1604", 0, 1, 2, true, true, "1604-01-02", NULL},
        {"29 February without a year", 0, 2, 29, true, true, "1604-02-29", NULL},
        {"29 February of a leap year", 2000, 2, 29, true, false, "2000-02-29", "2000-02-29"},
        {"29 February of another year", 1900, 2, 29, true, true, NULL, NULL},
        {"30 February", 2000, 2, 30, true, true, NULL, NULL},
        {"month 13", 2000, 13, 1, true, true, NULL, NULL},
        {"no day", 2000, 5, 0, true, true, NULL, NULL},
        {"no month", 2000, 0, 5, true, true, NULL, NULL},
        {"nothing", 0, 0, 0, true, true, NULL, NULL},
        {"year 1 is no year", 1, 1, 2, true, false, NULL, NULL},
        {"year 1 is no year, 1604", 1, 1, 2, true, true, "1604-01-02", NULL},
        {"first year of Exchange", 1601, 1, 1, true, false, "1601-01-01", "1601-01-01"},
        {"year 20260", 20260, 1, 1, true, false, NULL, NULL},
        {"negative", -5, -1, -1, true, true, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fieldmap_rules r = defaults;
        struct dir_person p = {.last_name = "Decker",
                               .birth_year = cases[i].year,
                               .birth_month = cases[i].month,
                               .birth_day = cases[i].day,
                               .anniversary_year = cases[i].year,
                               .anniversary_month = cases[i].month,
                               .anniversary_day = cases[i].day};
        r.dates = cases[i].dates;
        r.yearless_1604 = cases[i].yearless;
        struct contact c = mapped(&p, &r, NULL);
        expect_text(c.f[CONTACT_BIRTHDAY], cases[i].birthday, "%s", cases[i].name);
        expect_text(c.f[CONTACT_ANNIVERSARY], cases[i].anniversary, "%s", cases[i].name);
    }
}

Test(fieldmap, values_are_cut_at_their_maximum_on_a_character)
{
    char *longest = arena_alloc(arena, 3001);
    for (int i = 0; i < 1000; i++)
        memcpy(longest + 3 * i, "\u4e2d", 3);
    struct dir_address home = {longest, longest, longest, longest, longest, longest};
    struct dir_phone phones[] = {
        {.type = DIR_PHONE_HOME, .formatted = longest, .extension = longest}};
    struct dir_person p = {.first_name = longest,
                           .middle_name = longest,
                           .last_name = longest,
                           .suffix = longest,
                           .title = longest,
                           .email = longest,
                           .email_active = true,
                           .employer = longest,
                           .position = longest,
                           .home = &home,
                           .work = &home,
                           .phones = phones,
                           .n_phones = 1};
    struct contact c = mapped(&p, &defaults, longest);
    for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
        if (!c.f[f])
            continue;
        cr_expect_leq(strlen(c.f[f]), contact_field_max((enum contact_field)f), "%s",
                      contact_field_name((enum contact_field)f));
        cr_expect(text_is_utf8(c.f[f], strlen(c.f[f])), "%s",
                  contact_field_name((enum contact_field)f));
    }
    cr_expect_eq(strlen(c.f[CONTACT_FILE_AS]), 255);
}

/* Whatever Rock holds, a contact is always clean, bounded and encodable. */
Test(fieldmap, random_people_give_valid_contacts)
{
    static const char *const texts[] = {
        NULL,         "",        " ",    "Ted", "\xff\xfe",     "a\x01z",     "\u202e\u05d0",
        "\U0001F600", "e\u0301", "x\ny", ",;",  "\xed\xa0\x80", "12345678901"};
    uint64_t seed = 51;
    for (int i = 0; i < 5000; i++) {
        const char *t[20];
        for (size_t k = 0; k < ARRAY_LEN(t); k++)
            t[k] = texts[rnd_below(&seed, ARRAY_LEN(texts))];
        struct dir_address home = {t[0], t[1], t[2], t[3], t[4], t[5]};
        struct dir_phone phones[] = {
            {.type = DIR_PHONE_HOME,
             .country_code = t[6],
             .number = t[7],
             .formatted = t[8],
             .extension = t[9]},
            {.type = DIR_PHONE_MOBILE, .number = t[8], .unlisted = rnd(&seed) & 1}};
        struct dir_person p = {.business = rnd(&seed) & 1,
                               .email_active = rnd(&seed) & 1,
                               .first_name = t[10],
                               .nick_name = t[11],
                               .middle_name = t[12],
                               .last_name = t[13],
                               .suffix = t[14],
                               .title = t[15],
                               .email = t[16],
                               .employer = t[17],
                               .position = t[18],
                               .home = &home,
                               .phones = phones,
                               .n_phones = 2,
                               .birth_year = (int)rnd(&seed) % 3000,
                               .birth_month = (int)rnd(&seed) % 14,
                               .birth_day = (int)rnd(&seed) % 33};
        struct fieldmap_rules r = {.unlisted = rnd(&seed) & 1,
                                   .phone.extension = rnd_below(&seed, 3),
                                   .first_last = rnd(&seed) & 1,
                                   .dates = true,
                                   .yearless_1604 = rnd(&seed) & 1};
        struct contact c = mapped(&p, &r, t[19]);
        bool named = false;
        for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
            const char *v = c.f[f];
            if (!v)
                continue;
            const char *clean =
                text_clean(arena, v, strlen(v), contact_field_max((enum contact_field)f),
                           f == CONTACT_HOME_STREET);
            cr_assert(clean && strcmp(clean, v) == 0, "%s is not clean",
                      contact_field_name((enum contact_field)f));
            named = named || f == CONTACT_COMPANY || f == CONTACT_SURNAME || f == CONTACT_EMAIL ||
                    f == CONTACT_PHONE_HOME;
        }
        cr_assert(!named || c.f[CONTACT_FILE_AS]);
        arena_reset(arena);
    }
}

Test(fieldmap, each_rule_changes_the_fingerprint)
{
    struct fieldmap_rules rules[] = {defaults, defaults, defaults, defaults,
                                     defaults, defaults, defaults, defaults};
    struct sha256 prints[ARRAY_LEN(rules)], again;
    rules[1].unlisted = true;
    rules[2].phone.extension = PHONE_EXT_PAUSE;
    rules[3].phone.extension = PHONE_EXT_OMIT;
    rules[4].first_last = true;
    rules[5].dates = false;
    rules[6].yearless_1604 = true;
    rules[7].phone.default_country = "49";
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        fieldmap_fingerprint(&rules[i], &prints[i]);
        fieldmap_fingerprint(&rules[i], &again);
        cr_expect_eq(memcmp(&prints[i], &again, sizeof(again)), 0);
        for (size_t j = 0; j < i; j++)
            cr_expect(memcmp(&prints[i], &prints[j], sizeof(again)) != 0, "%zu and %zu", i, j);
    }
}
