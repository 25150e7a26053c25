#include "tests/unit/lava_filters_support.h"

/* The text v as JSON; what is not JSON gives nothing. */
Test(lava_filters_json, is_read_as_the_standard_says)
{
    static const struct filter_case rows[] = {
        {"{% assign o = v | FromJSON %}{{ o[0] }}", "\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac",
         "{\"v\":\"[\\\"\\\\u00E9\\\\ud83d\\\\uDE00\\\\u20ac\\\"]\"}"},
        {"{% assign o = v | FromJSON %}{{ o[0] }}", "\xef\xbf\xbdx",
         "{\"v\":\"[\\\"\\\\ud83dx\\\"]\"}"},
        {"{% assign o = v | FromJSON %}{{ o[0] }}",
         "\xef\xbf\xbd"
         "A",
         "{\"v\":\"[\\\"\\\\ud83d\\\\u0041\\\"]\"}"},
        {"{% assign o = v | FromJSON %}{{ o[0] }}", "\xef\xbf\xbd\xf0\x9f\x98\x80",
         "{\"v\":\"[\\\"\\\\ud83d\\\\ud83d\\\\ude00\\\"]\"}"},
        {"{% assign o = v | FromJSON %}{{ o[0] }}", "\xef\xbf\xbd!",
         "{\"v\":\"[\\\"\\\\ude00!\\\"]\"}"},
        {"{% assign o = v | FromJSON %}{{ o[0] }}", "\"\\/\b\f\n\r\t",
         "{\"v\":\"[\\\"\\\\\\\"\\\\\\\\\\\\/\\\\b\\\\f\\\\n\\\\r\\\\t\\\"]\"}"},
        {"{% assign o = v | FromJSON %}{{ o.a }}{{ o.b }}", "23",
         "{\"v\":\"{\\\"a\\\":1,\\\"b\\\":3,\\\"a\\\":2}\"}"},
        {"{% assign o = v | FromJSON %}{{ o | Size }}", "0", "{\"v\":\" [ ] \"}"},
        {"{% assign o = v | FromJSON %}{{ o[0] }},{{ o[1] }},{{ o[2] }}", "true,false,",
         "{\"v\":\"[\\ttrue ,\\r\\nfalse, null]\"}"},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_json, that_is_none_gives_nothing)
{
    static const char *const texts[] = {
        "[\\\"\\\\u12g4\\\"]",
        "[\\\"\\\\u12\\\"]",
        "[\\\"\\\\u12",
        "[\\\"\\\\ud83d\\\\u00zz\\\"]",
        "[\\\"\\\\x\\\"]",
        "[\\\"abc",
        "[\\\"abc\\\\",
        "[nul]",
        "[1 2]",
        "{a:1}",
        "{\\\"a\\\" 1}",
        "{\\\"a\\\":1 \\\"b\\\":2}",
        "{\\\"a\\\":}",
        "[1e]",
        "[--1]",
        "{\\\"a\\\":1,}",
        "]",
        "[\\\"a\\\"",
        "{\\\"a\\\":[1}]",
    };
    char json[128];
    struct err err = {.text = ""};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        snprintf(json, sizeof(json), "{\"v\":\"%s\"}", texts[i]);
        const char *got = filters_render("{{ v | FromJSON }}", json, true, &err);
        cr_assert(got != NULL, "%s: %s", texts[i], err.text);
        cr_expect(eq(str, (char *)(intptr_t)got, ""), "%s", texts[i]);
    }
}

/* As deep as the depth that is allowed, and one deeper. */
Test(lava_filters_json, has_a_depth)
{
    char json[256];
    struct err err = {.text = ""};

    for (int depth = 40; depth <= 42; depth++) {
        char open[64] = "", close[64] = "";
        memset(open, '[', (size_t)depth);
        memset(close, ']', (size_t)depth);
        snprintf(json, sizeof(json), "{\"v\":\"%s%s\"}", open, close);
        const char *got = filters_render("{{ v | FromJSON | Size }}", json, true, &err);
        cr_assert(got != NULL, "%s", err.text);
        cr_expect(eq(str, (char *)(intptr_t)got, depth <= 41 ? "1" : "0"), "%d", depth);
    }
}

Test(lava_filters_json, is_written_so_that_it_can_be_read_again)
{
    static const struct filter_case rows[] = {
        {"{{ v | ToJSON }}", "\"a\\u0001\\b\\f\\r\\t\\n\\\"\\\\/\xc3\xa9\"",
         "{\"v\":\"a\\u0001\\b\\f\\r\\t\\n\\\"\\\\/\xc3\xa9\"}"},
        {"{% assign w = v | ToJSON | FromJSON %}{% if w == v %}same{% endif %}", "same",
         "{\"v\":[\"a\\u0001\\b\\f\\r\\t\\n\\\"\\\\/\",{\"k\\t\":null},[],{},-1.5,true]}"},
        {"{{ (1..2) | ToJSON | Remove:' ' | StripNewlines }}", "[1,2]", NULL},
        {"{{ none | ToJSON }}", "null", NULL},
    };

    FILTERS_CHECK(rows);
}
