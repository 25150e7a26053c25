#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"

#include "worker/ews/ews_categories.h"

static const struct merge_case {
    const char *name;
    const char *have[4]; /* to the first NULL */
    const char *before, *after;
    const char *want; /* joined by '|'; NULL: nothing to write */
} merge_cases[] = {
    {"first of all", {0}, "", "Following\nStaff", "Following|Staff"},
    {"the user's own stay first", {"Golf", "Red"}, "", "Staff", "Golf|Red|Staff"},
    {"ours goes", {"Golf", "Staff"}, "Staff", "", "Golf"},
    {"the last one goes", {"Staff"}, "Staff", "", ""},
    {"ours is replaced", {"Choir", "Golf"}, "Choir", "Band", "Golf|Band"},
    {"there already", {"Staff"}, "", "Staff", NULL},
    {"there already in another case", {"STAFF"}, "", "Staff", NULL},
    {"removed whatever its case", {"choir\u00C9"}, "CHOIR\u00E9", "", ""},
    {"removed by the user meanwhile", {"Golf"}, "Staff", "", NULL},
    {"removed by the user, still wanted", {"Golf"}, "Staff", "Staff\nBand", "Golf|Staff|Band"},
    {"stays where it stands", {"Staff", "Golf"}, "Staff", "Staff\nBand", "Staff|Golf|Band"},
    {"a name with a line break of the user's", {"a\nb"}, "", "Staff", "a\nb|Staff"},
};

ParameterizedTestParameters(ews_categories, merge)
{
    size_t n = ARRAY_LEN(merge_cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, ews_categories, merge)
{
    const struct merge_case *c = &merge_cases[*i];
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    struct ews_names have = {c->have, 0}, got = {NULL, 0};
    char joined[200] = "";
    while (have.n < 4 && c->have[have.n])
        have.n++;
    bool differs = ews_categories_merge(a, have, c->before, c->after, &got);
    cr_assert_eq(differs, c->want != NULL, "%s", c->name);
    for (size_t k = 0; k < got.n; k++) {
        strncat(joined, k ? "|" : "", sizeof(joined) - strlen(joined) - 1);
        strncat(joined, got.v[k], sizeof(joined) - strlen(joined) - 1);
    }
    cr_expect_str_eq(joined, c->want ? c->want : "", "%s", c->name);
}

Test(ews_categories, differ_only_when_the_lists_do)
{
    cr_expect_not(ews_categories_differ("", NULL));
    cr_expect_not(ews_categories_differ("Staff", "Staff"));
    cr_expect(ews_categories_differ("Staff", ""));
    cr_expect(ews_categories_differ(NULL, "Staff"));
}
