#include <criterion/criterion.h>

#include "common/base/str.h"

#include "producer/rock/rock_render.h"
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
TestSuite(rock_render, .init = setup, .fini = teardown);

static const int64_t ids[] = {812, 815, 901};

Test(rock_render, one_text_asks_for_many_and_clears_what_it_assigned)
{
    autovalue(str_release) struct str out = STR_INIT(4096);
    rock_render_compose(
        "{% assign n = Person | Groups %}{%capture  m%}{% endcapture %}{{ n }} //- x", ids, 2,
        "csMARK", &out);
    cr_expect_str_eq(out.p,
                     "{% assign csIds = '812,815' | Split:',' %}{% for csId in csIds %}"
                     "{% assign n = null %}{% assign m = null %}"
                     "{% assign Person = csId | AsInteger | PersonById %}[[csMARK:{{ Person.Id }}:"
                     "{% assign n = Person | Groups %}{%capture  m%}{% endcapture %}{{ n }} //- x\n"
                     ":csMARK]]{% endfor %}");
}

Test(rock_render, state_that_cannot_be_cleared_is_rendered_alone)
{
    static const struct {
        const char *lava;
        size_t want;
    } cases[] = {{"{{ Person | Campus | Property:'Name' }}", ROCK_RENDER_AT_ONCE},
                 {"{% assign a = 1 %}{{ a }}", ROCK_RENDER_AT_ONCE},
                 {"{% increment n %}", 1},
                 {"{% cycle 'a','b' %}", 1},
                 {"{% webrequest url:'x' return:'r' %}{% endwebrequest %}", 1},
                 {"{[ shortcode ]}", 1},
                 {"{% for p in Person.PhoneNumbers %}{% break %}{% endfor %}", 1},
                 {"recycled", ROCK_RENDER_AT_ONCE}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_expect_eq(rock_render_at_once(cases[i].lava), cases[i].want, "%s", cases[i].lava);
}

static const struct split_case {
    const char *name, *json, *want[3]; /* NULL: did not come back */
    int rc;
} split_cases[] = {
    {"all", "\"[[csM:812:a\\n:csM]][[csM:815:b\\n:csM]][[csM:901:\\n:csM]]\"", {"a", "b", ""}, 0},
    {"another order", "\"[[csM:901:c\\n:csM]] [[csM:812:a\\n:csM]]\"", {"a", NULL, "c"}, 0},
    {"somebody whom Rock does not know",
     "\"[[csM::a\\n:csM]][[csM:815:b\\n:csM]]\"",
     {NULL, "b", NULL},
     0},
    {"an end that is missing", "\"[[csM:812:a\\n[[csM:815:b\\n:csM]]\"", {NULL, "b", NULL}, 0},
    {"a Lava error of one",
     "\"[[csM:812:Lava Error: x\\n:csM]][[csM:815:b\\n:csM]]\"",
     {NULL, "b", NULL},
     0},
    {"an error instead of all", "\"Lava Error: Unknown tag 'x'\"", {NULL, NULL, NULL}, 0},
    {"marks of others", "\"[[csN:812:a\\n:csN]]\"", {NULL, NULL, NULL}, 0},
    {"an Id of nobody who was asked for", "\"[[csM:5:a\\n:csM]]\"", {NULL, NULL, NULL}, 0},
    {"nothing", "\"\"", {NULL, NULL, NULL}, 0},
    {"cut", "\"[[csM:812:a", {NULL, NULL, NULL}, -1},
    {"an object", "{\"Message\":\"x\"}", {NULL, NULL, NULL}, -1},
    {"no JSON", "<html>", {NULL, NULL, NULL}, -1},
};

Test(rock_render, only_what_came_back_whole_counts)
{
    for (size_t i = 0; i < ARRAY_LEN(split_cases); i++) {
        const struct split_case *c = &split_cases[i];
        struct source_rendered got[3] = {{0}};
        cr_expect_eq(rock_render_split(c->json, strlen(c->json), "csM", ids, 3, arena, got), c->rc,
                     "%s", c->name);
        for (int k = 0; k < 3; k++)
            cr_expect_str_eq(got[k].text ? got[k].text : "(none)",
                             c->want[k] ? c->want[k] : "(none)", "%s, %d", c->name, k);
    }
}

Test(rock_render, every_truncation_of_an_answer_gives_whole_texts_or_none)
{
    const char *json = split_cases[0].json;
    for (size_t n = 0; n < strlen(json); n++) {
        struct source_rendered got[3] = {{0}};
        cr_expect_eq(rock_render_split(json, n, "csM", ids, 3, arena, got), -1);
    }
}
