#include <criterion/criterion.h>

#include "producer/rock/rock_format.h"
#include "tests/unit/core_support.h"

static struct arena *arena;

static void setup(void)
{
    arena = arena_new("test", 16 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(rock_format, .init = setup, .fini = teardown);

/* As Rock ships them, and what a church may add. */
static const struct rock_format_rule stock[] = {
    {.id = 3,
     .order = 3,
     .code = "1",
     .match = "^1(\\d{3})(\\d{3})(\\d{4})$",
     .format = "($1) $2-$3"},
    {.id = 1, .order = 1, .code = "1", .match = "^(\\d{3})(\\d{4})$", .format = "$1-$2"},
    {.id = 2,
     .order = 2,
     .code = "1",
     .match = "^(\\d{3})(\\d{3})(\\d{4})$",
     .format = "($1) $2-$3"},
    {.id = 4,
     .order = 4,
     .code = "44",
     .match = "^(?<area>20)(\\d{4})(\\d{4})\\z",
     .format = "0${area} $1 $2"},
    {.id = 5, .order = 5, .code = "49", .match = NULL, .format = NULL},
    {.id = 6, .order = 6, .code = "33", .match = "^(\\d)(\\d{8})$", .format = "0$1 $2"},
    {.id = 7, .order = 7, .code = "33", .match = "(\\d{2})(?=\\d)", .format = "$1 "},
    {.id = 8, .order = 8, .code = "61", .match = "^(\\d+", .format = "$1"},
    {.id = 9,
     .order = 9,
     .code = "61",
     .match = "^(\\d)(\\d{4})(\\d{4})$",
     .format = "(0$1) $2 $3"},
    {.id = 10, .order = 10, .code = "90", .match = "^(\\d+)+[ab]$", .format = "$1"},
    {.id = 11,
     .order = 11,
     .code = "7",
     .match = "^",
     .format = "a very long text in front of every number "
               "of this country, "},
};

static const struct {
    const char *name, *code, *number, *want;
} cases[] = {
    {"ten digits", "1", "6235550123", "(623) 555-0123"},
    {"seven digits", "1", "5550123", "555-0123"},
    {"the code in front", "1", "16235550123", "(623) 555-0123"},
    {"marks do not count", "+1", "623.555.0123", "(623) 555-0123"},
    {"no rule fits", "1", "917894563210", "917894563210"},
    {"groups with names", "44", "2079460123", "020 7946 0123"},
    {"an entry without a rule", "49", "030 901820", "030901820"},
    {"each rule sees what the one before made", "33", "123456789", "01 23 45 67 89"},
    {"a rule that cannot be read is none", "61", "212345678", "(02) 1234 5678"},
    {"a country without entry", "420", "212345678", "212345678"},
    {"no digits", "1", "none", NULL},
    {"no number", "1", NULL, NULL},
    {"no code", NULL, "6235550123", "6235550123"},
    {"a rule that never ends", "90", "1111111111111111111111111111111111111111", NULL},
    {"longer than Rock's column", "7", "9161234567", NULL},
};

Test(rock_format, the_churchs_rules_in_the_lists_order)
{
    autoptr(rock_formats_free) struct rock_formats *f = rock_formats_new(stock, ARRAY_LEN(stock));
    cr_expect_eq(rock_formats_count(f), 9u);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = rock_format_number(f, cases[i].code, cases[i].number, arena);
        cr_expect_str_eq(got ? got : "(none)", cases[i].want ? cases[i].want : "(none)", "%s",
                         cases[i].name);
    }
}

Test(rock_format, a_church_without_rules_has_bare_digits)
{
    autoptr(rock_formats_free) struct rock_formats *f = rock_formats_new(NULL, 0);
    cr_expect_str_eq(rock_format_number(f, "1", "623-5550123", arena), "6235550123");
    cr_expect_null(rock_format_number(NULL, "1", "6235550123", arena));
}
