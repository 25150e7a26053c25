#include <criterion/criterion.h>
#include <jansson.h>

#include "common/base/cleanup.h"

#include "common/core/scan.h"
#include "tests/unit/core_support.h"

static struct scan over(const char *text)
{
    struct scan s;
    scan_init(&s, text, strlen(text));
    return s;
}

Test(scan, numbers_are_integers_by_value)
{
    static const struct {
        const char *text;
        bool good;
        int64_t want;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"-0.000e99", true, 0},
        {"1", true, 1},
        {"1.0", true, 1},
        {"1.50", false, 0},
        {"15e-1", false, 0},
        {"150e-1", true, 15},
        {"1e3", true, 1000},
        {"0.001e3", true, 1},
        {"0.0012e3", false, 0},
        {"-12.0E+2", true, -1200},
        {"999999999999999999", true, 999999999999999999},
        {"1000000000000000000", false, 0},
        {"1e17", true, 100000000000000000},
        {"1e18", false, 0},
        {"1e99999999999999999999", false, 0},
        {"1e-99999999999999999999", false, 0},
        {"0e99999999999999999999", true, 0},
        {"1.00000000000000000000000000001", false, 0},
        {"1.00000000000000000000000000000", true, 1},
        {"true", false, 0},
        {"\"1\"", false, 0},
        {"[1]", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scan s = over(cases[i].text);
        int64_t v = 77;
        cr_expect_eq(scan_int(&s, INT64_MIN, INT64_MAX, &v), cases[i].good, "%s", cases[i].text);
        cr_expect_eq(v, cases[i].good ? cases[i].want : 77, "%s", cases[i].text);
        cr_expect(scan_end(&s), "%s: a value that does not fit is still JSON", cases[i].text);
    }
}

Test(scan, strings_are_unescaped)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\"\"", ""},
        {"\"abc\"", "abc"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e4\\u4E2d\\uD83D\\uDE00\"", "A\u00e4\u4e2d\U0001F600"},
        {"\"\u00e4\u4e2d\U0001F600\"", "\u00e4\u4e2d\U0001F600"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scan s = over(cases[i].text);
        char buf[64];
        cr_expect(scan_string(&s, buf, sizeof(buf)));
        cr_expect_str_eq(buf, cases[i].want);
        cr_expect(scan_end(&s));
    }
}

Test(scan, a_string_that_does_not_fit_is_passed_over)
{
    struct scan s = over("[\"abcd\",\"abc\",\"ab\\u00e4\"]");
    char buf[4];
    struct scan_seq a = scan_array(&s);
    cr_expect(scan_next_item(&s, &a) && !scan_string(&s, buf, sizeof(buf)));
    cr_expect(scan_next_item(&s, &a) && scan_string(&s, buf, sizeof(buf)));
    cr_expect_str_eq(buf, "abc");
    cr_expect(scan_next_item(&s, &a) && !scan_string(&s, buf, sizeof(buf)));
    cr_expect(!scan_next_item(&s, &a));
    cr_expect(scan_end(&s));
}

Test(scan, a_key_that_does_not_fit_reads_as_an_unknown_one)
{
    struct scan s = over("{\"a very long key\":1,\"k\":2}");
    char key[4];
    int64_t v;
    struct scan_seq o = scan_object(&s);
    cr_expect(scan_next_key(&s, &o, key, sizeof(key)));
    cr_expect_str_eq(key, "");
    scan_skip(&s);
    cr_expect(scan_next_key(&s, &o, key, sizeof(key)));
    cr_expect_str_eq(key, "k");
    cr_expect(scan_int(&s, 0, 9, &v) && v == 2);
    cr_expect(!scan_next_key(&s, &o, key, sizeof(key)) && scan_end(&s));
}

Test(scan, says_where_and_why_it_stopped)
{
    struct scan s = over("{\"a\": tru}");
    char key[4];
    struct scan_seq o = scan_object(&s);
    cr_expect(scan_next_key(&s, &o, key, sizeof(key)));
    scan_skip(&s);
    cr_expect(scan_failed(&s) && !scan_end(&s));
    cr_expect_str_eq(s.why, "has a word that is no value");
    cr_expect_eq(scan_offset(&s), 6);
    cr_expect(!scan_next_key(&s, &o, key, sizeof(key)));
}

/* jansson is the model: what it takes, we take, and the other way round, within what jansson can
 * hold and our depth. */
Test(scan, agrees_with_jansson_on_random_texts)
{
    static const char *const pieces[] = {
        "{",           "}",       "[",    "]",   ",",   ":",  "\"\"", "\"k\"", "\"\\u00e4\"",
        "\"\\ud800\"", "\"\\q\"", "0",    "-1",  "1.5", "01", "2e3",  "-",     "1.",
        "true",        "false",   "null", "nul", " ",   "\n", "\xff", "\u00e4"};
    uint64_t seed = 5;
    int taken = 0;
    for (int i = 0; i < 300000; i++) {
        char text[160] = "";
        size_t n = 1 + rnd_below(&seed, 12);
        for (size_t k = 0; k < n; k++) {
            const char *piece = pieces[rnd_below(&seed, ARRAY_LEN(pieces))];
            strncat(text, piece, sizeof(text) - strlen(text) - 1);
        }
        json_error_t e;
        json_t *v = json_loads(text, JSON_DECODE_ANY, &e);
        struct scan s = over(text);
        scan_skip(&s);
        bool good = scan_end(&s);
        if (v || json_error_code(&e) != json_error_numeric_overflow)
            cr_assert_eq(good, v != NULL, "%s: we say %d", text, good);
        taken += good;
        json_decref(v);
    }
    cr_expect_gt(taken, 1000);
}

Test(scan, depth_is_limited)
{
    char text[64] = "";
    for (int depth = 1; depth <= 20; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = 0;
        struct scan s = over(text);
        scan_skip(&s);
        cr_expect_eq(scan_end(&s), depth <= SCAN_MAX_DEPTH, "depth %d", depth);
    }
}

Test(scan, containers_side_by_side_are_not_depth)
{
    struct scan s = over("[[],{},[],{},[],{},[],{},[],{},[],{},[],{},[],{},[],{},[[{}]]]");
    scan_skip(&s);
    cr_expect(scan_end(&s));
}

Test(scan, broken_strings_are_refused)
{
    static const char *const cases[] = {
        "\"",
        "\"\\",
        "\"\\u",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\\x41\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud800A\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\ue000\"",
        "\"\\ud800\\udbff\"",
        "\"\\udc00\\ud800\"",
        "\"\n\"",
        "\"\x1f\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scan s = over(cases[i]);
        char buf[32];
        cr_expect(!scan_string(&s, buf, sizeof(buf)), "%s", cases[i]);
        cr_expect(scan_failed(&s) && !scan_end(&s), "%s", cases[i]);
    }
}
