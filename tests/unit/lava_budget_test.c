/*
 * Whatever a template may spend, of memory, of steps, of output: it gives the same text as with
 * plenty, or it fails and says which limit it was. Never another text. So it is for every template
 * of the known results, and for every filter with every kind of value, at every amount.
 */
#include "cli/lava_liquid.h"
#include "common/core/lava/lava_filter.h"
#include "tests/unit/lava_support.h"

enum { TEXT_MAX = 1 << 16 };

/* One template, parsed once, rendered again and again. */
struct spender {
    struct lava_template *t;
    struct lava_work *work;
    struct lava_env env;
    char plenty[TEXT_MAX];
    const char *source;
};

static bool names_a_limit(const char *text)
{
    static const char *const words[] = {"more than", "longer than", "too long"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(text, words[i]))
            return true;
    return false;
}

static int render(struct spender *s, const struct lava_limits *limits, struct err *err)
{
    struct lava_str text;
    int r = lava_render(s->t, &s->env, limits, s->work, &text, err);

    if (r < 0)
        cr_expect(strcmp(err->code, "lava.render") == 0 && names_a_limit(err->text), "%s: %s",
                  s->source, err->text);
    else
        cr_expect(text.n == strlen(s->plenty) && strncmp(text.p, s->plenty, text.n) == 0,
                  "%s: %.*s, with plenty: %s", s->source, (int)text.n, text.p, s->plenty);
    return r;
}

/* With ever more, until it is enough (true), or the last amount was not. */
static bool raise_limit(struct spender *s, int which, uint64_t step, unsigned tries)
{
    struct lava_limits limits = lava_limits_default;
    struct err err;

    for (unsigned i = 0; i < tries; i++) {
        if (which == 0)
            limits.memory = (size_t)(i * step);
        else if (which == 1)
            limits.steps = i * step;
        else
            limits.output = (size_t)(i * step);
        if (render(s, &limits, &err) == 0)
            return true;
    }
    return false;
}

static void spend(struct spender *s)
{
    struct lava_str text;
    struct err err;

    if (lava_render(s->t, &s->env, NULL, s->work, &text, &err) < 0)
        return; /* fails of itself */
    cr_assert(text.n < TEXT_MAX);
    memcpy(s->plenty, text.p, text.n);
    s->plenty[text.n] = '\0';
    raise_limit(s, 0, 1, 3000);
    raise_limit(s, 0, 512, 100);
    raise_limit(s, 1, 1, 200);
    /* What is captured is output too, for a while. */
    cr_expect(raise_limit(s, 2, 1, (unsigned)(text.n + strlen(s->source)) + 1),
              "%s: more output than text", s->source);
}

static struct lava_str str_of(const json_t *v)
{
    const char *p = json_string_value(v);

    return (struct lava_str){p ? p : "", json_string_length(v)};
}

static void spend_one(const json_t *row, const char *vars, bool liquid)
{
    static struct spender s;
    struct lava_str text = str_of(json_object_get(row, "template"));
    struct lava_parse_options o = {.dialect = liquid ? &lava_liquid : NULL};
    struct lava_civil noon = {.year = 2020, .month = 6, .day = 15, .hour = 12};
    struct err err;

    if (lava_parse(text.p, text.n, &o, &s.t, &err) < 0)
        return;
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    s.work = lava_work_new();
    s.source = text.p;
    s.env = (struct lava_env){
        .vars = lava_json_value(a, &(struct js){.v = json_object_get(row, vars)})};
    s.env.clock.known = true;
    lava_date_join(&noon, &s.env.clock.now.ticks);
    spend(&s);
    lava_work_free(s.work);
    lava_template_free(s.t);
    arena_free(a);
}

static void spend_all(const char *path, const char *list, const char *vars, bool liquid)
{
    json_t *all = json_load_file(path, JSON_ALLOW_NUL, NULL), *one;
    size_t i;

    cr_assert(all != NULL);
    cr_expect(json_array_size(json_object_get(all, list)) > 20);
    json_array_foreach(json_object_get(all, list), i, one) spend_one(one, vars, liquid);
    json_decref(all);
}

/* ---- every filter, every kind of value ---- */

static const char *const kinds[] = {
    "null",
    "true",
    "-7",
    "2.5",
    "7.9e27",
    "\"\"",
    "\"one two, three\"",
    "\"3\"",
    "\"<b>a &amp; b</b>\\n\\\"it's\\\"\"",
    "\"{\\\"a\\\":[1,{\\\"b\\\":\\\"\\\\u00e9\\\"}]}\"",
    "\"\\u00e7\\ud83d\\ude00 x\\u2003y\"",
    "\"2019-02-28T23:59:58\"",
    "\"https://u:p@church.example:8443/a/b?x=1&y=2#z\"",
    "[\"b\",\"a\",2,null,\"b\"]",
    "{\"a\":1,\"B\":\"x\",\"c\":[1]}",
    "[{\"a\":2,\"b\":\"y\"},{\"a\":1},{\"a\":2,\"b\":\"x\"}]",
    "[[1,2],[\"3\"]]",
};

static const char *const arguments[] = {
    "",          ": 'a'", ": 2",      ": ','",           ": x",          ": 'a',2",
    ": 2,'b',x", ": x,x", ": '\\w+'", ": 'a','b',x,'c'", ": 'b','desc'", ": '2018-01-31',x",
    ": ''",      ": 2.5", ": 'yyyy'", ": 'a','$1'",      ": x,2,'d'",    ": 'day',x",
};

static void spend_kinds(struct spender *s, struct arena *a)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char data[256];
        snprintf(data, sizeof(data), "{\"x\":%s}", kinds[i]);
        json_t *j = json_loads(data, 0, NULL);
        cr_assert(j != NULL, "%s", data);
        s->env.vars = lava_json_value(a, &(struct js){.v = j});
        spend(s);
        json_decref(j);
    }
}

static void spend_filter(const char *name)
{
    static struct spender s;
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    struct lava_civil noon = {.year = 2020, .month = 6, .day = 15, .hour = 12};
    struct err err;

    s.work = lava_work_new();
    s.env.clock.known = true;
    lava_date_join(&noon, &s.env.clock.now.ticks);
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
        char source[160];
        int n = snprintf(source, sizeof(source), "{%% assign r = x | %s%s %%}{{ r }}", name,
                         arguments[i]);
        if (lava_parse(source, (size_t)n, NULL, &s.t, &err) < 0)
            continue; /* a pattern that is none */
        s.source = source;
        spend_kinds(&s, a);
        lava_template_free(s.t);
    }
    lava_work_free(s.work);
    arena_free(a);
}

ParameterizedTestParameters(lava_budget, cuts_no_filter_short_unsaid_whatever_it_is_given)
{
    return lava_rows(lava_filters_count);
}
ParameterizedTest(size_t *i, lava_budget, cuts_no_filter_short_unsaid_whatever_it_is_given)
{
    if (lava_filters[*i].fn)
        spend_filter(lava_filters[*i].name);
}

Test(lava_budget, cuts_no_known_result_of_rock_short_unsaid)
{
    spend_all("tests/golden/lava/rock-filters-public.json", "vectors", "context", false);
}

Test(lava_budget, cuts_no_template_of_liquid_short_unsaid)
{
    spend_all("tests/golden/lava/golden-liquid-public.json", "tests", "data", true);
    spend_all("tests/golden/lava/liquid-more.json", "tests", "data", true);
}
