#include "common/core/lava/lava_filter.h"
#include "tests/unit/lava_filters_support.h"

#define PEOPLE                                                                                     \
    "{\"p\":[{\"Name\":\"Ted\",\"Age\":30,\"Home\":{\"City\":\"B\"}},{\"Name\":\"ann\",\"Age\":9," \
    "\"Home\":{\"City\":\"A\"}},{\"Name\":\"Cindy\",\"Home\":{\"City\":\"B\"}},{\"Name\":\"Ted\"," \
    "\"Age\":4}]}"

Test(lava_filters_list, order)
{
    static const struct filter_case rows[] = {
        {"{{ 'b,A,a,B' | Split:',' | Sort | Join:'' }}", "ABab", NULL},
        {"{{ 'b,A,a,B' | Split:',' | SortNatural | Join:'' }}", "AabB", NULL},
        {"{{ p | OrderBy:'Name' | Map:'Name' | Join:',' }}", "ann,Cindy,Ted,Ted", PEOPLE},
        {"{{ p | OrderBy:'Age' | Map:'Age' | Join:',' }}", ",4,9,30", PEOPLE},
        {"{{ p | OrderBy:'Name desc, Age' | Map:'Age' | Join:',' }}", "4,30,,9", PEOPLE},
        {"{{ p | OrderBy:'Home.City, Age DESC' | Map:'Name' | Join:',' }}", "Ted,ann,Ted,Cindy",
         PEOPLE},
        {"{{ p | Sort:'Name' | Map:'Name' | Join:',' }}{{ 5 | Sort }}", "ann,Cindy,Ted,Ted5",
         PEOPLE},
        {"{{ p | OrderBy:'' | Size }}", "4", PEOPLE},
        {"{{ 'c,b,a' | Split:',' | Reverse | Join:'' }}{{ 'äb' | Reverse | Join:'-' }}", "abcb-ä",
         NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_list, choose)
{
    static const struct filter_case rows[] = {
        {"{{ p | Where:'Name','Ted' | Size }}{{ p | Where:'Name','Ted','notequal' | Size }}", "22",
         PEOPLE},
        {"{{ p | Where:'Age','30' | Size }}{{ p | Where:'Age',30 | Size }}", "11", PEOPLE},
        {"{{ p | Where:'Name == \"ann\"' | Size }}{{ p | Where:'Age != 30' | Size }}", "12",
         PEOPLE},
        {"{{ p | Where:'Age > 3 && Age < 5' }}", NULL, PEOPLE},
        {"{{ p | Select:'Age' | Join:',' }}|{{ p | Map:'Age' | Size }}", "30,9,4|4", PEOPLE},
        {"{{ p | Map:'Home.City' | Join:',' }}", "B,A,B,", PEOPLE},
        {"{{ p | Distinct:'Name' | Map:'Name' | Join:',' }}", "Ted,ann,Cindy", PEOPLE},
        {"{{ 'a,b,a' | Split:',' | Uniq | Join:',' }}{{ 'x' | Uniq }}", "a,bx", NULL},
        {"{{ 'a,b,a' | Split:',' | Distinct | Join:',' }}", "a,b", NULL},
        {"{{ l | Compact | Join:',' }}{{ l | Size }}{{ l | First }}{{ l | Last }}", "1,2312",
         "{\"l\":[1,null,2]}"},
        {"{{ l | Index:0 }}{{ l | Index:9 }}{{ l | Index:'1.5' }}{{ 'x' | Index:0 }}", "1x",
         "{\"l\":[1,2]}"},
        {"{{ l | Contains:2 }}{{ l | Contains:'2' }}{{ 'abc' | Contains:'a' }}", "truefalsefalse",
         "{\"l\":[1,2]}"},
        {"{{ l | Concat:m | Join:',' }}{{ 'x' | Concat:m }}", "1,2,3x", "{\"l\":[1,2],\"m\":[3]}"},
        {"{{ '' | AddToArray:'a' | AddToArray:'b' | RemoveFromArray:'a' | Join:',' }}", "b", NULL},
        {"{{ (1..3) | Join:'-' }}{{ none | Join:',' }}{{ (1..3) | Size }}", "1-2-33", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_list, dictionaries)
{
    static const struct filter_case rows[] = {
        {"{% assign d = '' | AddToDictionary:'a',1 | AddToDictionary:'b',2 | AddToDictionary:'a',3 "
         "%}{{ d.a }}{{ d.b }}{{ d | AllKeysFromDictionary | Join:',' }}{{ d | Size }}",
         "32a,b2", NULL},
        {"{% assign d = '' | AddToDictionary:'a',1 | RemoveFromDictionary:'a' %}{{ d | Size }}",
         "0", NULL},
        {"{{ 5 | AddToDictionary:'a',1 }}", NULL, NULL},
        {"{% assign g = p | GroupBy:'Home.City' %}{% for x in g %}{% assign kv = x | "
         "PropertyToKeyValue "
         "%}{{ kv.Key }}={{ kv.Value | Size }};{% endfor %}",
         "B=2;A=1;=1;", PEOPLE},
        {"{{ p | GroupBy:'' }}", NULL, PEOPLE},
        {"{{ p[0] | Property:'Home.City' }}{{ p[0] | Property:'No.City' }}{{ none | Property:'x' "
         "}}",
         "B", PEOPLE},
        {"{{ 5 | PropertyToKeyValue | Size }}", "0", NULL},
    };

    FILTERS_CHECK(rows);
}

#define TED                                                                                        \
    "{\"Person\":{\"PhoneNumbers\":[{\"NumberTypeValue\":{\"Value\":\"Home\"},"                    \
    "\"NumberFormatted\":\"(602) "                                                                 \
    "555-0101\",\"CountryCode\":\"1\"},{\"NumberTypeValue\":{\"Value\":"                           \
    "\"Work\"},\"NumberFormatted\":\"(602) "                                                       \
    "555-0134\",\"CountryCode\":\"\"}],\"AttributeValues\":{"                                      \
    "\"Employer\":{\"Value\":\"Rock\"},\"Shoe\":\"9\"}}}"

Test(lava_filters_list, people)
{
    static const struct filter_case rows[] = {
        {"{{ Person | PhoneNumber }}|{{ Person | PhoneNumber:'work' }}",
         "(602) 555-0101|(602) 555-0134", TED},
        {"{{ Person | PhoneNumber:'Home',true }}|{{ Person | PhoneNumber:'Work',true }}",
         "+1 (602) 555-0101|(602) 555-0134", TED},
        {"{{ Person | PhoneNumber:'Fax' }}{{ 'x' | PhoneNumber }}{{ none | PhoneNumber }}", "",
         TED},
        {"{{ Person | Attribute:'employer' }}{{ Person | Attribute:'Shoe' }}{{ Person | "
         "Attribute:'Nope' }}",
         "Rock9", TED},
        {"{{ 'Global' | Attribute:'OrganizationPhone' }}", "", TED},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_list, every_filter_takes_any_input)
{
    static const char *const inputs[] = {"none", "true", "''",   "'a b'",  "'2020-01-05'", "1.50",
                                         "-3",   "list", "dict", "(1..3)", "empty",        "date"};
    static const char *const args[] = {
        "",           ":'a'",      ":1",      ":none,none,none", ":'a','b','c','d'",
        ":list,dict", ":-5,-5,-5", ":'(',')'"};
    const char *json = "{\"list\":[1,\"a\",null,[2],{\"a\":1}],\"dict\":{\"a\":1,\"b\":[1]}}";
    char template[200];
    struct err err;

    for (size_t f = 0; f < lava_filters_count; f++) {
        for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
            for (size_t a = 0; a < sizeof(args) / sizeof(args[0]); a++) {
                snprintf(template, sizeof(template),
                         "{%% assign date = '2020-02-29 10:00' | AsDateTime %%}{{ %s | %s%s }}",
                         inputs[i], lava_filters[f].name, args[a]);
                err.text[0] = '\0';
                if (!filters_render(template, json, true, &err))
                    cr_expect(err.text[0] != '\0', "%s fails without a word", template);
            }
        }
    }
}

Test(lava_filters_list, the_table_is_sorted_and_says_what_cannot_run)
{
    for (size_t i = 0; i < lava_filters_count; i++) {
        const struct lava_filter *f = &lava_filters[i];
        if (i > 0)
            cr_expect(strcmp(lava_filters[i - 1].name, f->name) < 0, "%s", f->name);
        cr_expect(f->min_args <= f->max_args, "%s", f->name);
        bool here = !(f->flags & (LAVA_NEEDS_SERVER | LAVA_USES_RANDOM));
        cr_expect(here == (f->fn != NULL), "%s", f->name);
        cr_expect(lava_filter_find((struct lava_str){f->name, strlen(f->name)}) == f);
    }
}
