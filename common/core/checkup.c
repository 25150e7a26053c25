#include "common/core/checkup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"

enum { TEXT_MAX = 2000, JSON_MAX = 1 << 20 };

static const char *const states[] = {"ok", "warning", "failed", "skipped"};

static struct checkup_step *
add(struct checkup *c, const char *part, const char *name, enum checkup_state state, uint32_t ms)
{
    struct checkup_step s = {.part = part,
                             .name = name,
                             .state = state,
                             .ms = ms,
                             .text = STR_INIT(TEXT_MAX),
                             .remedy = STR_INIT(TEXT_MAX)};

    vec_push(&c->steps, s);
    return &c->steps.v[c->steps.n - 1];
}

void checkup_release(struct checkup *c)
{
    vec_foreach (s, &c->steps) {
        str_release(&s->text);
        str_release(&s->remedy);
    }
    vec_release(&c->steps);
}

void checkup_ok(
    struct checkup *c, const char *part, const char *name, uint32_t ms, const char *fmt, ...)
{
    struct checkup_step *s = add(c, part, name, CHECKUP_OK, ms);
    char text[TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    str_puts(&s->text, text);
}

void checkup_bad(struct checkup *c,
                 const char *part,
                 const char *name,
                 enum checkup_state state,
                 uint32_t ms,
                 const struct err *err,
                 const struct diagnosis_facts *facts)
{
    struct checkup_step *s = add(c, part, name, state, ms);

    snprintf(s->code, sizeof(s->code), "%s", err->code);
    diagnosis_of(err, facts, &s->text, &s->remedy);
}

void checkup_skip(struct checkup *c, const char *part, const char *name, const char *why)
{
    str_puts(&add(c, part, name, CHECKUP_SKIPPED, 0)->text, why);
}

bool checkup_failed(const struct checkup *c)
{
    vec_foreach (s, &c->steps)
        if (s->state == CHECKUP_FAILED)
            return true;
    return false;
}

void checkup_text(const struct checkup *c, bool colour, struct str *out)
{
    static const char *const words[] = {"ok", "WARNING", "FAILED", "-"};
    static const char *const paint[] = {"\033[32m", "\033[33m", "\033[31m", "\033[2m"};
    const char *part = "";

    vec_foreach (s, &c->steps) {
        if (strcmp(part, s->part) != 0)
            str_addf(out, "%s%s\n", *part ? "\n" : "", s->part);
        part = s->part;
        str_addf(out, "  %-16s %s%-8s%s ", s->name, colour ? paint[s->state] : "", words[s->state],
                 colour ? "\033[0m" : "");
        if (s->state == CHECKUP_SKIPPED)
            str_addf(out, "%9s%s\n", "", s->text.p);
        else
            str_addf(out, "%5u ms %s\n", s->ms, s->text.p);
        if (s->remedy.n)
            str_addf(out, "%36sTo do: %s\n", "", s->remedy.p);
    }
}

void checkup_json(const struct checkup *c, struct str *out)
{
    json_t *steps = json_array();

    vec_foreach (s, &c->steps)
        json_array_append_new(steps, json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "part",
                                               s->part, "name", s->name, "state", states[s->state],
                                               "ms", (json_int_t)s->ms, "code", s->code, "text",
                                               s->text.p, "remedy", s->remedy.p));
    json_t *all = json_pack("{s:b, s:o}", "ok", !checkup_failed(c), "steps", steps);
    char *text = json_dumps(all, JSON_COMPACT);

    str_puts(out, text ? text : "{}");
    free(text);
    json_decref(all);
}

static enum checkup_state state_of(const struct js *o)
{
    const char *word = js_str(o, "state");

    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        if (strcmp(states[i], word) == 0)
            return (enum checkup_state)i;
    js_fail(o, "state", "is no state of a step");
    return CHECKUP_SKIPPED;
}

static void read_step(struct arena *a, const struct js *o, struct checkup *c)
{
    const char *part = arena_strdup(a, js_str(o, "part"));
    const char *name = arena_strdup(a, js_str(o, "name"));
    enum checkup_state state = state_of(o);
    struct checkup_step *s = add(c, part, name, state, (uint32_t)js_int(o, "ms", 0, UINT32_MAX));

    snprintf(s->code, sizeof(s->code), "%s", js_str(o, "code"));
    str_puts(&s->text, js_str(o, "text"));
    str_puts(&s->remedy, js_str(o, "remedy"));
}

int checkup_from_json(struct arena *a, const char *text, struct checkup *c, struct err *err)
{
    bool failed;
    json_t *doc = js_parse(text, strlen(text), JSON_MAX, err);

    if (!doc)
        return -1;
    struct js root = js_root(doc, err, &failed), steps = js_array(&root, "steps");
    for (size_t i = 0; i < js_len(&steps); i++) {
        struct js o = js_at(&steps, i);
        read_step(a, &o, c);
    }
    json_decref(doc);
    return failed ? -1 : 0;
}
