#include <criterion/criterion.h>

#include "common/base/str.h"

#include "common/core/phone_lint.h"
#include "tests/unit/core_support.h"

static struct arena *arena;
static struct str *report;

static void setup(void)
{
    arena = arena_new("test", 16 << 20);
    report = arena_alloc(arena, sizeof(*report));
    str_init(report, 64 << 10);
}

static void teardown(void)
{
    str_release(report);
    arena_free(arena);
}
TestSuite(phone_lint, .init = setup, .fini = teardown);

static void note(const struct phone_finding *f, void *user)
{
    cr_expect(*f->what && *f->advice);
    str_addf(user, "%lld/%lld %s %s %s\n", (long long)f->person, (long long)f->phone, f->type,
             f->shown, f->reason);
}

#define PHONE(id_, type_, ...)                                                                     \
    {                                                                                              \
        .id = (id_), .type = DIR_PHONE_##type_, __VA_ARGS__                                        \
    }
static const struct dir_phone phones[] = {
    PHONE(1, MOBILE, .country_code = "1", .number = "6235550101", .formatted = "(623) 555-0101"),
    PHONE(2,
          MOBILE,
          .type_name = "Mobile",
          .country_code = "1",
          .number = "5550102",
          .formatted = "555-0102"),
    PHONE(3, MOBILE, .country_code = "1", .number = "6235550103"),
    PHONE(4, HOME, .type_name = "House", .country_code = "44", .number = "02079460123"),
    PHONE(5, HOME, .country_code = "999", .number = "5550105", .unlisted = true),
    PHONE(6, WORK, .country_code = "1", .number = "1"),
    PHONE(7, OTHER, .number = "1"),
    PHONE(8, HOME, .number = ""),
};
static const struct dir_person person = {
    .rock_id = 812, .phones = phones, .n_phones = ARRAY_LEN(phones)};
static const struct phone_rules rules = {.default_country = "1"};

Test(phone_lint, names_what_no_phone_matches_and_what_finds_no_room)
{
    cr_expect_eq(phone_lint_person(&person, false, &rules, NULL, arena, note, report), 5u);
    cr_expect_str_eq(report->p, "812/2 Mobile ***-**02 too-short\n"
                                "812/3 Mobile ********03 third\n"
                                "812/4 House *********23 leading-zero\n"
                                "812/8 Home  no-digits\n");
}

Test(phone_lint, unlisted_numbers_count_when_they_are_synced)
{
    cr_expect_eq(phone_lint_person(&person, true, &rules, NULL, arena, note, report), 6u);
    cr_expect(strstr(report->p, "812/5 Home *****05 no-country\n"), "%s", report->p);
}

static bool never(const char *e164)
{
    cr_expect_eq(*e164, '+');
    return false;
}

Test(phone_lint, a_stricter_judge_has_the_last_word)
{
    phone_lint_person(&person, false, &rules, never, arena, note, report);
    cr_expect(strstr(report->p, "812/1 Mobile (***) ***-**01 not-in-use\n"), "%s", report->p);
    cr_expect(strstr(report->p, "812/2 Mobile ***-**02 too-short\n"), "%s", report->p);
}

Test(phone_lint, business_numbers_are_what_the_template_made)
{
    static const struct {
        const char *text, *want;
        bool failed;
    } cases[] = {{NULL, "", false},
                 {" \n ", "", false},
                 {"(623) 555-0144 x12345", "", false},
                 {"555 0144", "", false},
                 {"x114", "812/0 Business **14 business-no-number\n", false},
                 {"front desk", "812/0 Business ***** **** business-no-number\n", false},
                 {NULL, "812/0 Business  business-fails\n", true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str_clear(report);
        phone_lint_business(&person, cases[i].text, cases[i].failed, arena, note, report);
        cr_expect_str_eq(report->n ? report->p : "", cases[i].want, "%zu", i);
    }
}
