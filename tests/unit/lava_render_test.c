/* What templates render, and where they are wrong. */
#include "tests/unit/lava_support.h"

static const struct render_case {
    const char *name, *template, *data, *want;
} cases[] = {
    {"text", "a {b} c", NULL, "a {b} c"},
    {"nothing", "", NULL, ""},
    {"undefined", "[{{ nothing }}{{ nothing.at.all[0] }}]", NULL, "[]"},
    {"decimal keeps its scale", "{{ 1.50 }} {{ 2 }}", NULL, "1.50 2"},
    {"boolean prints small", "{{ true }} {{ False }}", NULL, "true false"},
    {"array is joined", "{{ a }}", "{\"a\": [1, \"b\", null, [2]]}", "1b2"},
    {"dictionary prints nothing", "[{{ a }}]", "{\"a\": {\"b\": 1}}", "[]"},
    {"names keep case", "{{ x }}{{ X }}", "{\"x\": 1, \"X\": 2}", "12"},
    {"name may begin with a digit", "{% assign 1st = 'a' %}{{ 1st }}", NULL, "a"},
    {"name in another script", "{{ größe }}", "{\"größe\": 7}", "7"},
    {"words in any case", "{% if Nil == NULL and TRUE %}y{% endif %}", NULL, "y"},
    {"index from the end", "{{ a[-1] }}{{ a[9] }}", "{\"a\": [1, 2]}", "2"},
    {"index by name", "{{ a['b c'] }}{{ a[k] }}", "{\"a\": {\"b c\": 1, \"d\": 2}, \"k\": \"d\"}",
     "12"},
    {"comparison in output", "{{ 1 < 2 }}", NULL, "true"},
    {"escapes in texts", "{{ 'a\\'b\\tc\\u00e9' }}", NULL, "a'b\tc\xc3\xa9"},
    {"unknown escapes stay", "{{ '\\d\\w' }}", NULL, "\\d\\w"},
    {"quotes hide the end", "{{ '}}' }}{% assign a = '%}' %}{{ a }}", NULL, "}}%}"},
    {"white space control", "a \n{%- if true -%}\n b \n{%- endif -%}\n c", NULL, "abc"},
    {"raw", "{% raw %}{{ a }} //- x{% endraw %}", NULL, "{{ a }} //- x"},
    {"raw with dashes", "a {%- raw -%} b {%- endraw -%} c", NULL, "abc"},
    {"line comment", "a //- b\nc", NULL, "a \nc"},
    {"block comment", "a/- b\n -/c", NULL, "ac"},
    {"comment in a text", "{{ 'a/- b -/c' }}", NULL, "ac"},
    {"comment that does not end is text", "5 /- 3", NULL, "5 /- 3"},
    {"empty comment", "a{% comment %}{% endcomment %}b", NULL, "ab"},
    {"comments do not nest", "{% comment %}{% comment %}{% endcomment %}a", NULL, "a"},
    {"unknown filters pass", "{{ 'a' | Nonsense: 1, 2 | upcase }}", NULL, "a"},
    {"filters in conditions", "{% if 'a,b' | Split:',' | Size == 2 %}y{% endif %}", NULL, "y"},
    {"surplus arguments", "{{ 'a' | Upcase: 1, 2 }}", NULL, "A"},
    {"elseif", "{% if false %}1{% elseif true %}2{% else %}3{% endif %}", NULL, "2"},
    {"unless", "{% unless false %}1{% else %}2{% endunless %}", NULL, "1"},
    {"and, or to the right", "{% if true or false and false %}y{% endif %}", NULL, "y"},
    {"text and number", "{% if '1' == 1 and 1 == '1.0' and '10' > 9 %}y{% endif %}", NULL, "y"},
    {"boolean and others", "{% if true == 1 or true == 'true' %}n{% else %}y{% endif %}", NULL,
     "y"},
    {"nil has no order", "{% if nil < 1 or nil >= 0 %}n{% else %}y{% endif %}", NULL, "y"},
    {"texts by letter", "{% if 'a' < 'B' and 'b' > 'A' and 'a' < 'A' %}y{% endif %}", NULL, "y"},
    {"<>", "{% if 1 <> 2 %}y{% endif %}", NULL, "y"},
    {"contains", "{% if 'abc' contains 'b' and a contains 2 %}y{% endif %}", "{\"a\": [1, 2]}",
     "y"},
    {"startswith", "{% if 'abc' startswith 'ab' and 'abc' endswith 'c' %}y{% endif %}", NULL, "y"},
    {"empty", "{% if a == empty and '' == blank and ' ' == blank %}y{% endif %}", "{\"a\": []}",
     "y"},
    {"case renders all that match",
     "{% case 1 %}x{% when 1 or 1 %}a{% when 2 %}b{% when 1 %}c"
     "{% else %}d{% endcase %}",
     NULL, "aac"},
    {"for", "{% for i in (1..3) %}{{ forloop.index }}{{ forloop.rindex0 }}{% endfor %}", NULL,
     "122130"},
    {"for, narrowed", "{% for i in (1..9) limit:2 offset:3 %}{{ i }}{% endfor %}", NULL, "45"},
    {"for, all but the last", "{% for i in (1..5) limit:-2 %}{{ i }}{% endfor %}", NULL, "123"},
    {"for, reversed", "{% for i in (1..3) reversed %}{{ i }}{% endfor %}", NULL, "321"},
    {"for, nothing there", "{% for i in x %}a{% else %}b{% endfor %}", NULL, "b"},
    {"for over a dictionary", "{% for p in d %}{{ p[0] }}{{ p[1] }}{% endfor %}",
     "{\"d\": {\"a\": 1, \"b\": 2}}", "a1b2"},
    {"for restores", "{% assign i = 'x' %}{% for i in (1..2) %}{% endfor %}{{ i }}", NULL, "x"},
    {"assignment goes around the loop's variable",
     "{% for i in (1..2) %}{% assign i = 9 %}{{ i }}{% endfor %}{{ i }}", NULL, "129"},
    {"break, continue",
     "{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}"
     "{% endif %}{{ i }}{% endfor %}",
     NULL, "13"},
    {"return", "a{% if true %}{% return %}{% endif %}b", NULL, "a"},
    {"cycle", "{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}", NULL, "aba"},
    {"counters are their own",
     "{% assign n = 5 %}{% increment n %}{% increment n %}{% decrement m %}{% decrement m %}{{ n "
     "}}",
     NULL, "010-15"},
    {"capture", "{% capture x %}a{{ 1 }}{% endcapture %}[{{ x }}]", NULL, "[a1]"},
    {"lava tag", "{% lava\n assign a = 1\n if a == 1\n echo 'y'\n else\n echo 'n'\n endif\n%}",
     NULL, "y"},
    {"lava tag goes on in the next line", "{% lava\n echo 'a'\n | Append:\n 'b'\n echo 'c' %}",
     NULL, "abc"},
    {"error: tag", "\n\n {% nonsense %}", NULL, "error 3:2: there is no tag 'nonsense'"},
    {"error: behind a comment", "/- a\n b -/ {{ 1 + 2 }}", NULL,
     "error 2:12: this output ends too late: unexpected a character that has no meaning here"},
    {"error: not closed", "a\n{{ b", NULL, "error 2:1: '{{' is not closed"},
    {"error: block not closed", "{% if a %}b", NULL,
     "error 1:12: the template ends where {% endif %} is still to come"},
    {"error: stray end", "a{% endfor %}", NULL, "error 1:2: 'endfor' has no place here"},
    {"error: no value", "{{ }}", NULL, "error 1:4: expected a value, found the end"},
    {"error: quote", "{{ 'a }}", NULL,
     "error 1:4: expected a value, found a text without its closing quote"},
    {"error: command", "{% sql %}SELECT 1{% endsql %}", NULL,
     "error 1:1: the command 'sql' needs the Rock server"},
    {"error: shortcode", "a {[ youtube id:'1' ]}", NULL,
     "error 1:3: the shortcode 'youtube' needs the Rock server"},
    {"error: filter of the server", "ab{{ 1 | Campus }}", NULL,
     "error 1:10: the filter 'Campus' needs the Rock server"},
    {"error: partial", "{% include 'a' %}", NULL, "error 1:1: there is no such partial"},
};

ParameterizedTestParameters(lava_render, table)
{
    return lava_rows(ARRAY_LEN(cases));
}
ParameterizedTest(size_t *i, lava_render, table)
{
    const struct render_case *c = &cases[*i];

    cr_expect(
        eq(str, (char *)(uintptr_t)lava_says(c->template, c->data), (char *)(uintptr_t)c->want),
        "%s", c->name);
}

Test(lava_render, partials_share_what_include_gives_and_render_does_not)
{
    static const struct lava_partial partials[] = {
        {LAVA_STR("p"), LAVA_STR("[{{ a }}{{ b }}{{ c }}]{% assign c = 3 %}")},
        {LAVA_STR("loop"), LAVA_STR("{% include 'loop' %}")},
        {LAVA_STR("bad"), LAVA_STR("{{ ")}};
    static const char template[] =
        "{% assign a = 1 %}{% include 'p', b: 2 %}{% include 'p' %}{% render 'p', b: 4 %}";
    struct lava_parse_options o = {.partials = partials, .n_partials = ARRAY_LEN(partials)};
    struct lava_template *t = NULL;
    struct lava_work *w = lava_work_new();
    struct lava_env env = {0};
    struct lava_str out;
    struct err err = {0};

    cr_assert(eq(int, lava_parse(template, strlen(template), &o, &t, &err), 0), "%s", err.text);
    cr_assert(eq(int, lava_render(t, &env, NULL, w, &out, &err), 0), "%s", err.text);
    cr_expect(lava_str_eq(out, LAVA_STR("[12][13][4]")), "%.*s", (int)out.n, out.p);
    lava_template_free(t);

    cr_assert(eq(int, lava_parse("{% include 'loop' %}", 20, &o, &t, &err), 0));
    cr_expect(lt(int, lava_render(t, &env, NULL, w, &out, &err), 0));
    cr_expect(eq(str, err.text, "1:1: in a partial: more than 50 partials in one another"));
    lava_template_free(t);

    cr_assert(eq(int, lava_parse("{% include 'bad' %}", 19, &o, &t, &err), 0));
    cr_expect(lt(int, lava_render(t, &env, NULL, w, &out, &err), 0));
    lava_template_free(t);
    lava_work_free(w);
}

Test(lava_render, a_workspace_serves_one_template_after_the_other_also_after_errors)
{
    static const char *const templates[] = {"{% for i in (1..3) %}{{ a }}{{ i }}{% endfor %}",
                                            "{% for i in (1..3) %}{{ 1 | Campus }}{% endfor %}",
                                            "{{ i }}{{ a }}{% cycle 1, 2 %}"};
    static const char *const want[] = {"123", "", "1"};
    struct lava_work *w = lava_work_new();
    struct lava_env env = {0};
    struct lava_template *t;
    struct lava_str out;
    struct err err;

    for (size_t i = 0; i < 30; i++) {
        const char *text = templates[i % 3];
        cr_assert(eq(int, lava_parse(text, strlen(text), NULL, &t, &err), 0));
        int r = lava_render(t, &env, NULL, w, &out, &err);
        cr_expect(eq(int, r, i % 3 == 1 ? -1 : 0));
        if (r == 0)
            cr_expect(lava_str_eq(out, (struct lava_str){want[i % 3], strlen(want[i % 3])}));
        lava_template_free(t);
    }
    lava_work_free(w);
}

static const struct operator_case {
    const char *condition;
    bool holds;
} operators[] = {
    {"l startswith 'a'", true},
    {"l startswith 'b'", false},
    {"l endswith 3", true},
    {"l endswith 'a'", false},
    {"l contains 'b'", true},
    {"l contains 3", true},
    {"l contains 'ab'", false},
    {"l contains none", false},
    {"e startswith 'a'", false},
    {"e contains 'a'", false},
    {"r endswith 3", true},
    {"r startswith 2", false},
    {"r contains 2", true},
    {"r contains 4", false},
    {"d contains 'k'", true},
    {"d contains 'v'", false},
    {"d startswith 'k'", false},
    {"none contains 'a'", false},
    {"none startswith 'a'", false},
    {"5 contains 5", false},
    {"5 endswith 5", false},
    {"'text' contains 'ex'", true},
    {"'text' contains ''", true},
    {"'text' contains none", false},
    {"'text' startswith 'te'", true},
    {"'text' endswith 'xt'", true},
    {"'text' endswith 'longer than it'", false},
    {"l == l", true},
    {"l == m", true},
    {"l == e", false},
    {"l != m", false},
};

ParameterizedTestParameters(lava_render, operators_of_lists_and_texts)
{
    return lava_rows(ARRAY_LEN(operators));
}
ParameterizedTest(size_t *i, lava_render, operators_of_lists_and_texts)
{
    const struct operator_case *c = &operators[*i];
    char template[160];

    snprintf(template, sizeof(template), "{%% assign r = (1..3) %%}{%% if %s %%}y{%% endif %%}",
             c->condition);
    const char *got = lava_says(template, "{\"l\":[\"a\",\"b\",3],\"m\":[\"a\",\"b\",3],"
                                          "\"e\":[],\"d\":{\"k\":\"v\"}}");
    cr_expect_str_eq(got, c->holds ? "y" : "", "%s", c->condition);
}
