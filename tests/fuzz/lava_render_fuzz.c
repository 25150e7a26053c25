/*
 * A template and its data: the bytes up to the first NUL are the template, the rest is JSON. Where
 * the bytes hold no template of their own, one that asks for everything is taken. Renders twice:
 * the same must come out.
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"

#include "common/core/lava/lava.h"
#include "common/core/lava/lava_json.h"

static const char everything[] =
    "{% for p in Person.PhoneNumbers %}{% if p.NumberTypeValue.Value == 'Work' and p.IsUnlisted == "
    "false %}{{ p.NumberFormatted }}{% if p.Extension != '' %} x{{ p.Extension }}{% endif %}"
    "{% endif %}{% endfor %}{{ Person | PhoneNumber:'Work',true }}{{ Person | Attribute:'Employer' "
    "}}"
    "{% assign n = Person | PhoneNumber:'Work' %}{% if n and n != '' %}{{ n | Remove:'(' | "
    "Remove:')' | Replace:' ','-' | RegExReplace:'[^0-9]','' }}{% endif %}{{ a | Times: 2.5 | "
    "Format:'#,##0.00' }}{{ a | Date:'yyyy-MM-dd' }}{{ a | Sort | Join:',' }}{{ a | Size }}"
    "{{ a | Slice: 1, 2 }}{{ a | Split:',' | First }}{{ a | ToJSON }}{{ a | AsInteger }}"
    "{% if a == b or a < b or a contains b %}x{% endif %}{% case a %}{% when b %}y{% endcase %}";

static const struct lava_limits limits = {
    .output = 1 << 16, .memory = 4 << 20, .steps = 3000, .nested = 5};

static struct lava_work *work;
static struct lava_template *common; /* of `everything` */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render_twice(const struct lava_template *t, const struct lava_env *env)
{
    struct lava_str out;
    struct err err, again;
    char *first = NULL;
    size_t n = 0;
    int r = lava_render(t, env, &limits, work, &out, &err);

    if (r == 0) {
        n = out.n;
        first = malloc(n + 1);
        assert(first);
        memcpy(first, out.p, n);
    }
    int s = lava_render(t, env, &limits, work, &out, &again);
    assert(r == s);
    if (r == 0)
        assert(out.n == n && memcmp(out.p, first, n) == 0);
    else
        assert(strcmp(err.text, again.text) == 0);
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : 0, skip = nul ? n + 1 : 0;
    struct lava_env env = {.vars = lava_nil()};
    struct lava_template *t;
    struct err err;

    if (!work) {
        work = lava_work_new();
        int r = lava_parse(everything, strlen(everything), NULL, &common, &err);
        assert(r == 0);
    }
    if (n && lava_parse((const char *)data, n, NULL, &t, &err) < 0)
        return 0;
    if (!n)
        t = common;
    struct arena *a = arena_new("fuzz", 64 << 20);
    json_t *j = json_loadb((const char *)data + skip, size - skip, JSON_ALLOW_NUL, NULL);
    if (j)
        env.vars = lava_json_value(a, &(struct js){.v = j});
    env.global = env.vars;
    render_twice(t, &env);
    json_decref(j);
    arena_free(a);
    if (t != common)
        lava_template_free(t);
    return 0;
}
