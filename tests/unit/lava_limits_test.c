/* Templates that want too much: each ends with an error that says what, and soon. */
#include <time.h>

#include "common/base/str.h"

#include "common/core/lava/lava_check.h"
#include "tests/unit/lava_support.h"

/* Far more than any of these takes, far less than a stall. */
#define SOON_MS 60000

static int64_t cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void repeat(struct str *s, const char *what, size_t bytes)
{
    size_t n = strlen(what);

    while (s->n + n <= bytes)
        str_add(s, what, n);
}

static const struct greedy_case {
    const char *name, *template, *want; /* want: how the result begins */
} greedy[] = {
    {"a loop in a loop in a loop",
     "{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}{% endfor %}"
     "{% endfor %}{% endfor %}",
     "error 1:49: the template does more than"},
    {"an endless loop", "{% for a in (1..999999999999) %}{% endfor %}",
     "error 1:1: the template does"},
    {"a range as a list", "{{ (1..999999999) | Join:',' }}", "error 1:21: this range is too long"},
    {"a text that doubles",
     "{% assign a = 'xxxxxxxx' %}{% for i in (1..99) %}{% assign a = a | Append: a %}{% endfor %}",
     "error 1:68: the template needs more than"},
    {"a capture that doubles",
     "{% for i in (1..99) %}{% capture a %}{{ a }}{{ a }}x{% endcapture %}{% endfor %}",
     "error 1:"},
    {"much output", "{% for i in (1..999999) %}0123456789{% endfor %}",
     "error 1:27: the output is longer than"},
    {"long texts, compared over and over",
     "{% assign a = 'xxxxxxxx' %}{% for i in (1..15) %}{% assign a = a | Append: a %}{% endfor %}"
     "{% assign b = a | Append: '' %}{% for i in (1..9999999) %}{% if a == b and a < b %}"
     "{% endif %}{% endfor %}",
     "error 1:"},
    {"long texts, looked through over and over",
     "{% assign a = 'xxxxxxxx' %}{% for i in (1..15) %}{% assign a = a | Append: a %}{% endfor %}"
     "{% for i in (1..9999999) %}{% assign n = a | Size %}{% assign n = a.size %}"
     "{% if a contains 'y' %}{% endif %}{% endfor %}",
     "error 1:"},
    {"a list in a list in a list",
     "{% assign a = 'a,b' | Split:',' %}{% for i in (1..999) %}{% assign a = a | AddToArray: a %}"
     "{% endfor %}{{ a }}",
     "error 1:"},
    {"many cycles", "{% for i in (1..999999) %}{% cycle i: 1, 2 %}{% endfor %}", "error 1:"},
    {"a pattern that backtracks",
     "{% for i in (1..99999) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | RegExMatch:'^(a+)+$' }}"
     "{% endfor %}",
     "error 1:"},
    {"sorting over and over",
     "{% capture s %}{% for i in (1..5000) %}{{ i }},{% endfor %}{% endcapture %}"
     "{% assign a = s | Split:',' %}{% for i in (1..99999) %}{% assign b = a | Sort %}{% endfor %}",
     "error 1:"},
};

ParameterizedTestParameters(lava_limits, greedy)
{
    return lava_rows(ARRAY_LEN(greedy));
}
ParameterizedTest(size_t *i, lava_limits, greedy)
{
    const struct greedy_case *c = &greedy[*i];
    int64_t from = cpu_ms();
    const char *out = lava_says(c->template, NULL);

    cr_expect(eq(int, strncmp(out, c->want, strlen(c->want)), 0), "%s: %.100s", c->name, out);
    cr_expect(lt(i64, cpu_ms() - from, SOON_MS), "%s", c->name);
}

Test(lava_limits, output_is_counted_to_the_byte)
{
    struct lava_limits l = lava_limits_default;

    l.output = 5;
    cr_expect(eq(str, (char *)(uintptr_t)lava_rendered(NULL, "12345", 5, NULL, &l), "12345"));
    cr_expect(eq(str, (char *)(uintptr_t)lava_rendered(NULL, "123{{ 45 }}6", 12, NULL, &l),
                 "error 1:12: the output is longer than 5 bytes"));
}

/* What a megabyte of this gives: the beginning of the result. */
static const struct large_case {
    const char *name, *part, *want;
} large[] = {
    {"text", "Lorem ipsum dolor sit amet. ", "Lorem"},
    {"outputs", "{{ 'a' }}", "aaaa"},
    {"braces", "{", "error 1:1: '{{' is not closed"},
    {"openings", "{{", "error 1:1: '{{' is not closed"},
    {"tag openings", "{% ", "error 1:1: '{%' is not closed"},
    {"blocks", "{% if 1 %}", "error 1:997: too deep"},
    {"loops", "{% for a in b %}", "error 1:1597: too deep"},
    {"brackets", "{{ a[", "error 1:1: '{{' is not closed"},
    {"comments", "{% comment %}", "error 1:1: {% endcomment %} is missing"},
    {"raws", "{% raw %}", "error 1:1: {% endraw %} is missing"},
    {"block comments", "/- ", "/- /- "},
    {"line comments", "//- a\n", "\n\n\n"},
    {"slashes", "/", "//////"},
    {"quotes", "{{ '", "error 1:1: '{{' is not closed"},
    {"both quotes", "{{ '\" }}", "error 1:13: this output ends too late"},
    {"assignments", "{% assign a = 1 %}", ""},
    {"filters", "{{ 1 | Plus: 1 }}", "2222"},
    {"commands", "{% sql %}", "error 1:1: the command 'sql' needs"},
    {"shortcodes", "{[ a ]}", "error 1:1: the shortcode 'a' needs"},
    {"cycles", "{% cycle 1, 2 %}", "1212"},
    {"bytes that are no text", "\xff\xfe{{ '\xc3' }}\x80", "\xff\xfe"},
};

static void large_one(const struct large_case *c, size_t bytes)
{
    autovalue(str_release) struct str s = STR_INIT(LAVA_MAX_TEMPLATE);
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    struct lava_report report;

    repeat(&s, c->part, bytes);
    int64_t from = cpu_ms();
    const char *out = lava_rendered(NULL, s.p, s.n, NULL, NULL);
    cr_expect(eq(int, strncmp(out, c->want, strlen(c->want)), 0), "%s: %.100s", c->name, out);
    lava_check(s.p, s.n, a, &report);
    cr_expect(lt(i64, cpu_ms() - from, SOON_MS), "%s", c->name);
    arena_free(a);
}

ParameterizedTestParameters(lava_limits, large)
{
    return lava_rows(ARRAY_LEN(large));
}
ParameterizedTest(size_t *i, lava_limits, large)
{
    large_one(&large[*i], LAVA_MAX_TEMPLATE - 16);
}

Test(lava_limits, one_long_expression_is_parsed_or_refused)
{
    static const struct {
        const char *begin, *part, *end, *want;
    } longs[] = {{"{{ a", ".b", " }}", ""},
                 {"{{ 1", " | Plus: 1", " }}", "104"},
                 {"{% if 1", " and 1", " %}y{% endif %}", "y"},
                 {"{{ ", "a[", " }}", "error 1:202: too deep"},
                 {"{{ ", "(", " }}", "error 1:103: too deep"},
                 {"{{ 1 | Plus: 1", ", 1", " }}", "2"},
                 {"{% case 1 %}{% when 2", ", 2", " %}y{% endcase %}", ""},
                 {"{{ 0", "9", " }}", "error 1:4: this number is too large"},
                 {"{% cycle 1", ", 1", " %}", "1"}};

    for (size_t i = 0; i < ARRAY_LEN(longs); i++) {
        autovalue(str_release) struct str s = STR_INIT(LAVA_MAX_TEMPLATE);
        str_puts(&s, longs[i].begin);
        repeat(&s, longs[i].part, LAVA_MAX_TEMPLATE - 100);
        str_puts(&s, longs[i].end);
        const char *out = lava_rendered(NULL, s.p, s.n, NULL, NULL);
        cr_expect(eq(int, strncmp(out, longs[i].want, strlen(longs[i].want)), 0), "%zu: %.100s", i,
                  out);
    }
}

Test(lava_limits, a_template_beyond_the_limit_is_not_looked_at)
{
    char *s = xalloc(LAVA_MAX_TEMPLATE + 1);

    memset(s, 'a', LAVA_MAX_TEMPLATE + 1);
    cr_expect(eq(int,
                 strncmp(lava_rendered(NULL, s, LAVA_MAX_TEMPLATE + 1, NULL, NULL),
                         "error 1:1: the template is longer than", 38),
                 0));
    free(s);
}

Test(lava_limits, steps_are_those_that_were_given)
{
    struct lava_limits l = lava_limits_default;
    static const char template[] = "{% for i in (1..10) %}{{ i }}{% endfor %}";

    l.steps = 100;
    cr_expect(eq(str, (char *)(uintptr_t)lava_rendered(NULL, template, strlen(template), NULL, &l),
                 "12345678910"));
    l.steps = 10;
    cr_expect(
        eq(int, strncmp(lava_rendered(NULL, template, strlen(template), NULL, &l), "error", 5), 0));
}
