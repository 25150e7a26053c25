#include <criterion/criterion.h>

#include "common/base/text.h"

#include "common/core/directory.h"
#include "common/core/phone.h"
#include "tests/unit/core_support.h"

enum { MAX = 64 };

static struct arena *arena;

static void setup(void)
{
    arena = arena_new("phone", 64 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(phone, .init = setup, .fini = teardown);

#define expect_text(got, want, name)                                                               \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        cr_expect((!got_ && !want_) || (got_ && want_ && strcmp(got_, want_) == 0),                \
                  "%s: found \"%s\", want \"%s\"", name, got_ ? got_ : "NULL",                     \
                  want_ ? want_ : "NULL");                                                         \
    } while (0)

/* One row per oddity of a church's numbers. */
static const struct text_case {
    const char *name, *country, *number, *formatted, *extension;
    enum phone_extension rule;
    const char *want;
    enum phone_doubt doubt;
} text_cases[] = {
    {"plain", "1", "6235550123", "(623) 555-0123", NULL, 0, "+16235550123", 0},
    {"no country code", NULL, "6235550123", "(623) 555-0123", NULL, 0, "+16235550123", 0},
    {"blank country code", " ", "6235550123", NULL, NULL, 0, "+16235550123", 0},
    {"country code with a plus", "+1", "6235550123", NULL, NULL, 0, "+16235550123", 0},
    {"code carried already", "1", "16235550123", NULL, NULL, 0, "+16235550123", 0},
    {"eleven digits of something else", "1", "25555550123", "255-5555-0123", NULL, 0,
     "255-5555-0123", PHONE_LONG},
    {"seven digits, formatted", "1", "5550123", "555-0123", NULL, 0, "555-0123", PHONE_SHORT},
    {"seven digits, not formatted", "1", "5550123", NULL, NULL, 0, "5550123", PHONE_SHORT},
    {"seven digits, formatted blank", "1", "5550123", "  ", NULL, 0, "5550123", PHONE_SHORT},
    {"twelve digits", "1", "115555550123", NULL, NULL, 0, "115555550123", PHONE_LONG},
    {"another country under code 1", "1", "917894563210", "917894563210", NULL, 0, "917894563210",
     PHONE_LONG},
    {"an area that cannot be", "1", "1235550123", "(123) 555-0123", NULL, 0, "+11235550123",
     PHONE_AREA},
    {"an exchange that cannot be", "1", "6231550123", NULL, NULL, 0, "+16231550123", PHONE_AREA},
    {"number with marks", "1", "(623) 555-0123", NULL, NULL, 0, "+16235550123", 0},
    {"Germany", "49", "30901820", "030 901820", NULL, 0, "+4930901820", 0},
    {"Germany with the 0 of inside", "49", "030901820", "030 901820", NULL, 0, "030 901820",
     PHONE_ZERO},
    {"code that may as well be an area", "49", "4930901820", NULL, NULL, 0, "+494930901820", 0},
    {"longest in Germany", "49", "1234567890123", NULL, NULL, 0, "+491234567890123", 0},
    {"too long", "49", "12345678901234", NULL, NULL, 0, "12345678901234", PHONE_LONG},
    {"Britain", "44", "2079460123", NULL, NULL, 0, "+442079460123", 0},
    {"Britain, code carried for certain", "44", "442079460123", NULL, NULL, 0, "+442079460123", 0},
    {"Britain, code and 0", "44", "4402079460123", "+44 (0)20 7946 0123", NULL, 0,
     "+44 (0)20 7946 0123", PHONE_LONG},
    {"India, code carried for certain", "91", "917894563210", NULL, NULL, 0, "+917894563210", 0},
    {"France, code carried for certain", "33", "33123456789", NULL, NULL, 0, "+33123456789", 0},
    {"the other way to dial abroad", "44", "00442079460123", NULL, NULL, 0, "00442079460123",
     PHONE_ZERO},
    {"Italy keeps its 0", "39", "0612345678", NULL, NULL, 0, "+390612345678", 0},
    {"Faroe Islands", "298", "201234", NULL, NULL, 0, "+298201234", 0},
    {"too short", "298", "2012", "20 12", NULL, 0, "20 12", PHONE_SHORT},
    {"code of four digits", "1234", "5550123", "555-0123", NULL, 0, "555-0123", PHONE_NO_COUNTRY},
    {"code that begins with 0", "044", "2079460000", "020 7946 0000", NULL, 0, "020 7946 0000",
     PHONE_NO_COUNTRY},
    {"code of nobody", "999", "2079460000", NULL, NULL, 0, "2079460000", PHONE_NO_COUNTRY},
    {"foreign digits are none", "1", "\u0665\u0665\u06655550123", "\u0665\u0665\u0665 555-0123",
     NULL, 0, "\u0665\u0665\u0665 555-0123", PHONE_SHORT},
    {"words", "1", "call the office", NULL, NULL, 0, "call the office", PHONE_NO_DIGITS},
    {"extension", "1", "6235550123", NULL, "114", 0, "+16235550123 x114", 0},
    {"extension after a number as formatted", "1", "5550123", "555-0123", "114", 0, "555-0123 x114",
     PHONE_SHORT},
    {"extension with its own mark", "1", "6235550123", NULL, "x114", 0, "+16235550123 x114", 0},
    {"extension with a long mark", "1", "6235550123", NULL, " Ext. 114 ", 0, "+16235550123 x114",
     0},
    {"extension of words", "1", "6235550123", NULL, "front desk", 0, "+16235550123 xfront desk", 0},
    {"blank extension", "1", "6235550123", NULL, "  ", 0, "+16235550123", 0},
    {"extension to dial", "1", "6235550123", NULL, "Ext. 114", PHONE_EXT_PAUSE, "+16235550123,114",
     0},
    {"extension without a digit to dial", "1", "6235550123", NULL, "front", PHONE_EXT_PAUSE,
     "+16235550123", PHONE_EXTENSION},
    {"extension left out", "1", "6235550123", NULL, "114", PHONE_EXT_OMIT, "+16235550123", 0},
    {"extension that does not fit", "1", "6235550123", NULL,
     "ask for the front desk and then for the office of the choir, please", 0, "+16235550123",
     PHONE_EXTENSION},
    {"nothing", "1", NULL, NULL, "114", 0, NULL, PHONE_NO_DIGITS},
    {"blank", "1", " ", "", NULL, 0, NULL, PHONE_NO_DIGITS},
    {"only formatted", "1", "", "(623) 555-0123", NULL, 0, "(623) 555-0123", PHONE_NO_DIGITS},
};

Test(phone, every_oddity_has_its_text_and_its_reason)
{
    for (size_t i = 0; i < ARRAY_LEN(text_cases); i++) {
        const struct text_case *c = &text_cases[i];
        const struct phone_rules rules = {.extension = c->rule, .default_country = "1"};
        const struct dir_phone ph = {.country_code = c->country,
                                     .number = c->number,
                                     .formatted = c->formatted,
                                     .extension = c->extension};
        enum phone_doubt doubt = PHONE_DOUBT_COUNT;
        expect_text(phone_text(&ph, &rules, MAX, arena, &doubt), c->want, c->name);
        cr_expect_str_eq(phone_doubt_word(doubt), phone_doubt_word(c->doubt), "%s", c->name);
    }
}

Test(phone, a_church_elsewhere_has_its_own_country_code)
{
    struct phone_rules r = {.default_country = "64"};
    struct dir_phone ph = {.number = "211234567"};
    expect_text(phone_text(&ph, &r, MAX, arena, NULL), "+64211234567", "New Zealand");
    r.default_country = NULL;
    ph.number = "6235550123";
    expect_text(phone_text(&ph, &r, MAX, arena, NULL), "+16235550123", "no setting: 1");
}

Test(phone, a_report_shows_two_digits)
{
    expect_text(phone_masked(arena, "(623) 555-0123"), "(***) ***-**23", "formatted");
    expect_text(phone_masked(arena, "+16235550123"), "+*********23", "E.164");
    expect_text(phone_masked(arena, "ask Pat, 7"), "*** ***, 7", "words");
    expect_text(phone_masked(arena, "\u00e9"), "**", "not ASCII");
    expect_text(phone_masked(arena, NULL), "", "nothing");
}

Test(phone, every_country_has_room_within_fifteen_digits)
{
    char code[16];
    size_t n = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(code, sizeof(code), "%d", i);
        const struct phone_plan *p = phone_plan_of(code);
        if (!p)
            continue;
        n++;
        cr_expect(p->code == (unsigned)i && p->min <= p->max && strlen(code) + p->max <= 15, "%s",
                  code);
    }
    cr_expect_gt(n, 200u);
    cr_expect_null(phone_plan_of(""));
    cr_expect_null(phone_plan_of("1 "));
    cr_expect_null(phone_plan_of("01"));
    cr_expect_null(phone_plan_of("10001"));
}

Test(phone, each_doubt_says_what_to_do)
{
    for (int d = PHONE_NONE + 1; d < PHONE_DOUBT_COUNT; d++) {
        cr_expect(*phone_doubt_word(d) && *phone_doubt_what(d) && *phone_doubt_advice(d));
        for (int e = 0; e < d; e++)
            cr_expect_str_neq(phone_doubt_word(d), phone_doubt_word(e));
    }
}

Test(phone, whatever_is_in_rock_gives_a_clean_text_or_none)
{
    static const char *const parts[] = {"1",        "44",     "0",   "x",  "ext. ", "(623) ",
                                        "555-0123", " ",      "\n",  "\1", "\xff",  "+",
                                        "39",       "\u0665", "999", ","};
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        const char *t[4];
        for (size_t k = 0; k < ARRAY_LEN(t); k++) {
            const char *s = "";
            for (uint32_t n = rnd_below(&seed, 6); n > 0; n--)
                s = arena_printf(arena, "%s%s", s, parts[rnd_below(&seed, ARRAY_LEN(parts))]);
            t[k] = rnd_below(&seed, 8) ? s : NULL;
        }
        const struct phone_rules rules = {.extension = rnd_below(&seed, 3), .default_country = "1"};
        const struct dir_phone ph = {
            .country_code = t[0], .number = t[1], .formatted = t[2], .extension = t[3]};
        enum phone_doubt doubt;
        const char *text = phone_text(&ph, &rules, MAX, arena, &doubt);
        if (text)
            cr_assert_str_eq(text_clean(arena, text, strlen(text), MAX, false), text);
        cr_assert(doubt != PHONE_NONE || (text && *text == '+'));
        arena_reset(arena);
    }
}
