/*
 * Known results: Rock's filters, Golden Liquid in its dialect, and every beginning of every one of
 * their templates.
 */
#include "cli/lava_liquid.h"
#include "cli/lava_vectors.h"
#include "tests/unit/lava_support.h"

/* What the suite has and Lava has not: see docs/lava.md. */
static const char *const absent[] = {"tags, tablerow,", "tags, ifchanged,", "tags, doc,"};

static void expect_all(const char *path, size_t passed)
{
    struct lava_vectors_sum sum;
    struct err err = {0};

    cr_assert(eq(int, lava_vectors_run(path, stderr, &sum, &err), 0), "%s", err.text);
    cr_expect(eq(sz, sum.failed, 0));
    cr_expect(eq(sz, sum.passed, passed));
}

Test(lava_vectors, give_what_rocks_own_tests_expect)
{
    expect_all("tests/golden/lava/rock-filters-public.json", 268);
}

Test(lava_vectors, give_what_liquid_gives_where_the_suite_says_nothing)
{
    expect_all("tests/golden/lava/liquid-more.json", 29);
}

Test(lava_vectors, fail_only_where_lava_has_no_such_tag)
{
    struct lava_vectors_sum sum;
    struct err err = {0};
    char *out = NULL;
    size_t n = 0, known = 0;
    FILE *f = open_memstream(&out, &n);

    cr_assert(
        eq(int, lava_vectors_run("tests/golden/lava/golden-liquid-public.json", f, &sum, &err), 0),
        "%s", err.text);
    fclose(f);
    for (char *rest = out, *line; (line = strsep(&rest, "\n"));) {
        bool ours = *line != '\0';
        for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
            if (strncmp(line, absent[i], strlen(absent[i])) == 0) {
                ours = false;
                known++;
            }
        }
        cr_expect(not(ours), "%s", line);
    }
    cr_expect(eq(sz, sum.failed, known));
    cr_expect(eq(sz, sum.passed + sum.failed, 738));
    free(out);
}

Test(lava_vectors, refuse_a_file_of_another_kind)
{
    struct lava_vectors_sum sum;
    struct err err = {0};

    cr_expect(
        lt(int, lava_vectors_run("tests/golden/lava/golden-liquid-LICENSE.txt", stderr, &sum, &err),
           0));
    cr_expect(eq(str, err.code, "vectors"));
    cr_expect(lt(int, lava_vectors_run("tests/golden/lava/none.json", stderr, &sum, &err), 0));
    cr_expect(eq(str, err.code, "input"));
}

/* Every beginning of a template is parsed and rendered, or refused with a place. */
static void cut(const struct lava_dialect *dialect, const json_t *template, const char *data)
{
    const char *s = json_string_value(template);

    for (size_t n = 0; n < json_string_length(template); n++) {
        unsigned line, column;
        const char *out = lava_rendered(dialect, s, n, data, NULL);
        if (strncmp(out, "error ", 6) == 0)
            cr_expect(eq(int, sscanf(out, "error %u:%u: ", &line, &column), 2), "%s", out);
    }
}

static void cut_all(const char *path, const char *list, const char *vars)
{
    json_t *all = json_load_file(path, JSON_ALLOW_NUL, NULL), *one;
    size_t i;

    cr_assert(all != NULL);
    json_array_foreach(json_object_get(all, list), i, one)
    {
        char *data = json_dumps(json_object_get(one, vars), 0);
        cut(strcmp(list, "tests") ? NULL : &lava_liquid, json_object_get(one, "template"), data);
        free(data);
    }
    json_decref(all);
}

Test(lava_vectors, of_liquid_are_refused_or_rendered_wherever_they_are_cut)
{
    cut_all("tests/golden/lava/golden-liquid-public.json", "tests", "data");
}

Test(lava_vectors, of_lava_are_refused_or_rendered_wherever_they_are_cut)
{
    cut_all("tests/golden/lava/rock-filters-public.json", "vectors", "context");
}
