/*
 * Any bytes as a template: it is parsed and rendered, or refused with a place. The first byte says
 * how: 'L' in the dialect of public suites, 'C' checked first, else as Lava.
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"

#include "cli/lava_liquid.h"
#include "common/core/lava/lava.h"
#include "common/core/lava/lava_check.h"
#include "common/core/lava/lava_json.h"

static const char data_json[] =
    "{\"a\": [1, \"b\", null, 2.50, {\"c\": \"d\"}], \"s\": \"h\\u00e9llo, w\\u00f6rld 42\","
    " \"n\": 7, \"o\": {\"x\": 1, \"y\": [1, 2]}, \"t\": true, \"d\": \"2026-01-31T10:00:00\","
    " \"Person\": {\"NickName\": \"Ted\", \"PhoneNumbers\": [{\"NumberFormatted\": \"555-0134\","
    " \"NumberTypeValue\": {\"Value\": \"Work\"}, \"CountryCode\": \"1\"}]}}";

static const struct lava_limits limits = {
    .output = 1 << 16, .memory = 1 << 20, .steps = 2000, .nested = 5};

static struct arena *vars;
static struct lava_work *work;
static struct lava_env env;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(void)
{
    json_t *j = json_loads(data_json, 0, NULL);

    assert(j);
    vars = arena_new("fuzz", 1 << 20);
    env.vars = lava_json_value(vars, &(struct js){.v = j});
    env.clock = (struct lava_clock){.known = true, .now = {638000000000000000, -300}};
    json_decref(j);
    work = lava_work_new();
}

static void has_place(const struct err *err)
{
    unsigned line, column;
    int r = sscanf(err->text, "%u:%u: ", &line, &column);

    assert(r == 2 && line > 0 && column > 0);
}

static void check(const char *text, size_t n)
{
    struct arena *a = arena_new("fuzz check", 16 << 20);
    struct lava_report r;

    lava_check(text, n, a, &r);
    for (size_t i = 0; i < r.n; i++)
        assert(r.findings[i].line > 0 && r.findings[i].column > 0);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lava_parse_options o = {0};
    struct lava_template *t;
    struct lava_str out;
    struct err err;

    if (!work)
        set_up();
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    o.dialect = data[0] == 'L' ? &lava_liquid : NULL;
    o.partials = &(struct lava_partial){LAVA_STR("p"), {text, size - 1}};
    o.n_partials = memmem(text, size - 1, "'p'", 3) != NULL;
    if (data[0] == 'C')
        check(text, size - 1);
    if (lava_parse(text, size - 1, &o, &t, &err) < 0) {
        has_place(&err);
        return 0;
    }
    if (lava_render(t, &env, &limits, work, &out, &err) < 0)
        has_place(&err);
    else
        assert(out.n <= limits.output);
    lava_template_free(t);
    return 0;
}
