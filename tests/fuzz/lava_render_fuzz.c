/*
 * A template and its data: the bytes up to the first NUL are the template, the rest is JSON. Where
 * the bytes hold no template of their own, one that asks for everything is taken; where they begin
 * with a byte 1, one of the filter that the next two bytes say, with as many of the data's a, b, c
 * as the fourth byte says: a search that has to spell their names never finds most of them. Renders
 * twice: the same must come out.
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
#include "common/core/lava/lava_filter.h"
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

struct input {
    const char *template, *data;
    size_t n, n_data;
    bool by_number;
    char own[128];
};

static void choose(const uint8_t *p, size_t size, struct input *ret)
{
    static const char *const arguments[] = {"", ":a", ":a,b", ":a,b,c", ":'a',b", ":a,2", ":''"};
    enum { HEAD = 4 };
    const uint8_t *nul = size ? memchr(p, 0, size) : NULL;
    size_t skip = nul ? (size_t)(nul - p) + 1 : 0;

    ret->by_number = size >= HEAD && p[0] == 1;
    if (ret->by_number) {
        size_t i = ((size_t)p[1] << 8 | p[2]) % lava_filters_count;
        ret->n = (size_t)snprintf(ret->own, sizeof(ret->own), "{{ x | %s%s }}",
                                  lava_filters[i].name, arguments[p[3] % ARRAY_LEN(arguments)]);
        ret->template = ret->own;
        skip = HEAD;
    } else {
        ret->template = (const char *)p;
        ret->n = skip ? skip - 1 : 0;
    }
    ret->data = (const char *)p + skip;
    ret->n_data = size - skip;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lava_env env = {.vars = lava_nil()};
    struct lava_template *t;
    struct input in;
    struct err err;

    if (!work) {
        work = lava_work_new();
        int r = lava_parse(everything, strlen(everything), NULL, &common, &err);
        assert(r == 0);
    }
    choose(data, size, &in);
    if (in.n && lava_parse(in.template, in.n, NULL, &t, &err) < 0)
        return 0;
    if (!in.n)
        t = common;
    struct arena *a = arena_new("fuzz", 64 << 20);
    json_t *j = json_loadb(in.data, in.n_data, JSON_ALLOW_NUL, NULL);
    if (j)
        env.vars = lava_json_value(a, &(struct js){.v = j});
    env.global = env.vars;
    env.clock.known = in.by_number;
    render_twice(t, &env);
    json_decref(j);
    arena_free(a);
    if (t != common)
        lava_template_free(t);
    return 0;
}
