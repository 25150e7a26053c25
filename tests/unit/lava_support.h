/* Renders in one line, for tests of the Lava engine. */
#ifndef TESTS_UNIT_LAVA_SUPPORT_H
#define TESTS_UNIT_LAVA_SUPPORT_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"

#include "common/core/lava/lava.h"
#include "common/core/lava/lava_json.h"

#define LAVA_TEST_ARENA (64 << 20)

/* Rows of a table by index: pointers in parameters would not survive (style guide, section 7). */
static inline struct criterion_test_params lava_rows(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));

    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}

/*
 * The output, or "error LINE:COLUMN: text". In a static buffer, good until the next call.
 * @data  JSON of the variables; NULL: none
 */
static inline const char *lava_rendered(const struct lava_dialect *dialect,
                                        const char *template,
                                        size_t n,
                                        const char *data,
                                        const struct lava_limits *limits)
{
    static char out[1 << 17];
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    struct lava_parse_options o = {.dialect = dialect};
    struct lava_work *w = lava_work_new();
    struct lava_template *t = NULL;
    struct lava_env env = {.vars = lava_nil()};
    struct lava_str text;
    struct err err;
    json_t *j = json_loads(data ? data : "{}", 0, NULL);

    cr_assert(j != NULL, "test data: %s", data);
    env.vars = lava_json_value(a, &(struct js){.v = j});
    if (lava_parse(template, n, &o, &t, &err) < 0 ||
        lava_render(t, &env, limits, w, &text, &err) < 0)
        snprintf(out, sizeof(out), "error %s", err.text);
    else
        snprintf(out, sizeof(out), "%.*s", (int)text.n, text.p);
    lava_template_free(t);
    lava_work_free(w);
    json_decref(j);
    arena_free(a);
    return out;
}

static inline const char *lava_says(const char *template, const char *data)
{
    return lava_rendered(NULL, template, strlen(template), data, NULL);
}

#endif
