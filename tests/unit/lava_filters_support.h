/*
 * lava_filters_support: templates rendered with JSON data at noon of 2020-06-15, UTC, and tables of
 * templates and what they give.
 */
#ifndef SYNC_TESTS_UNIT_LAVA_FILTERS_SUPPORT_H
#define SYNC_TESTS_UNIT_LAVA_FILTERS_SUPPORT_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"

#include "common/core/lava/lava.h"
#include "common/core/lava/lava_json.h"

struct filter_case {
    const char *template, *want; /* want NULL: must fail */
    const char *json;            /* variables; NULL: none */
};

/* What it gives, NULL when it fails; *err says why. Static memory. */
static inline const char *
filters_render(const char *template, const char *json, bool with_clock, struct err *err)
{
    static char out[1 << 16];
    autoptr(lava_work_free) struct lava_work *w = lava_work_new();
    autoptr(lava_template_free) struct lava_template *t = NULL;
    autoptr(arena_free) struct arena *a = arena_new("filter test", (size_t)64 << 20);
    struct lava_env env = {.clock = {.known = with_clock}};
    struct lava_civil noon = {.year = 2020, .month = 6, .day = 15, .hour = 12};
    struct lava_str text;

    lava_date_join(&noon, &env.clock.now.ticks);
    if (json) {
        json_t *doc = json_loads(json, JSON_DECODE_ANY, NULL);
        cr_assert(doc != NULL, "%s", json);
        env.vars = lava_json_value(a, &(struct js){.v = doc});
        json_decref(doc);
    }
    if (lava_parse(template, strlen(template), NULL, &t, err) < 0 ||
        lava_render(t, &env, NULL, w, &text, err) < 0)
        return NULL;
    cr_assert(text.n < sizeof(out));
    if (text.n)
        memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return out;
}

static inline void filters_check(const struct filter_case *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = {.text = ""};
        const char *got = filters_render(rows[i].template, rows[i].json, true, &err);
        if (!got && rows[i].want)
            cr_expect(false, "%s: %s", rows[i].template, err.text);
        else if (got && !rows[i].want)
            cr_expect(false, "%s: should fail, gives %s", rows[i].template, got);
        else if (got)
            cr_expect(eq(str, (char *)(intptr_t)got, (char *)(intptr_t)rows[i].want), "%s",
                      rows[i].template);
    }
}
#define FILTERS_CHECK(rows) filters_check(rows, sizeof(rows) / sizeof((rows)[0]))

#endif
