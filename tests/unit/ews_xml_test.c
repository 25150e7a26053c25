#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "tests/unit/ews_support.h"
#include "worker/ews/ews_xml.h"

#define BAD "\xEF\xBF\xBD"

static const struct xml_case {
    const char *name, *in, *text, *attribute;
} xml_cases[] = {
    {"plain", "Aiko", "Aiko", "Aiko"},
    {"markup", "a<b>&\"'", "a&lt;b&gt;&amp;\"'", "a&lt;b&gt;&amp;&quot;'"},
    {"line breaks", "a\r\n1\r2\n3\t4", "a\n1\n2\n3\t4", "a&#10;1&#10;2&#10;3&#9;4"},
    {"control characters", "\x01x\x0B\x1F", BAD "x" BAD BAD, BAD "x" BAD BAD},
    {"emoji and right-to-left", "\U0001F600 \u05D0\u202E", "\U0001F600 \u05D0\u202E",
     "\U0001F600 \u05D0\u202E"},
    {"broken bytes", "a\xFFz\x80", "a" BAD "z" BAD, "a" BAD "z" BAD},
    {"cut short", "a\xE2\x82", "a" BAD BAD, "a" BAD BAD},
    {"overlong", "\xC0\xAF\xE0\x80\xAF", BAD BAD BAD BAD BAD, BAD BAD BAD BAD BAD},
    {"surrogate", "\xED\xA0\x80", BAD BAD BAD, BAD BAD BAD},
    {"noncharacters", "\xEF\xBF\xBE\xEF\xBF\xBF", BAD BAD BAD BAD BAD BAD, BAD BAD BAD BAD BAD BAD},
    {"the ends of what is allowed", "\xEE\x80\x80\xEF\xBF\xBD\xF4\x8F\xBF\xBF",
     "\xEE\x80\x80\xEF\xBF\xBD\xF4\x8F\xBF\xBF", "\xEE\x80\x80\xEF\xBF\xBD\xF4\x8F\xBF\xBF"},
    {"beyond Unicode", "\xF4\x90\x80\x80", BAD BAD BAD BAD, BAD BAD BAD BAD},
    {"delete is a Char", "\x7F", "\x7F", "\x7F"},
};

static struct criterion_test_params indexes(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}

ParameterizedTestParameters(ews_xml, escapes)
{
    return indexes(ARRAY_LEN(xml_cases));
}
ParameterizedTest(size_t *i, ews_xml, escapes)
{
    const struct xml_case *c = &xml_cases[*i];
    autovalue(str_release) struct str text, attribute;
    str_init(&text, 1000);
    str_init(&attribute, 1000);
    ews_xml_text(&text, c->in);
    ews_xml_attr(&attribute, c->in);
    cr_expect_str_eq(text.p, c->text, "%s", c->name);
    cr_expect_str_eq(attribute.p, c->attribute, "%s", c->name);
}

/* No two bytes, wherever they stand, make a document that cannot be read. */
Test(ews_xml, makes_every_pair_of_bytes_readable)
{
    struct str s;
    str_init(&s, 1 << 24);
    str_puts(&s, "<r>");
    for (unsigned a = 1; a < 256; a++) {
        for (unsigned b = 1; b < 256; b++) {
            char in[] = {(char)a, (char)b};
            str_puts(&s, "<e a=\"");
            ews_xml_attr_n(&s, in, 2);
            str_puts(&s, "\">");
            ews_xml_text_n(&s, in, 2);
            str_puts(&s, "</e>");
        }
    }
    str_puts(&s, "</r>");
    autofree char *count = ews_test_xpath(&s, "count(/r/e)");
    cr_expect_str_eq(count, "65025");
    str_release(&s);
}
