#include "common/core/lava/lava_ctx.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/core/lava/lava_render_p.h"

int lava_fail(struct lava_ctx *c, const char *fmt, ...)
{
    va_list ap;

    if (c->failed) /* the first failure is the one that says why */
        return -1;
    c->failed = true;
    va_start(ap, fmt);
    vsnprintf(c->why, sizeof(c->why), fmt, ap);
    va_end(ap);
    return -1;
}

void *lava_alloc(struct lava_ctx *c, size_t n)
{
    size_t used = arena_bytes(c->mem);

    if (used > c->limits->memory || n > c->limits->memory - used) {
        lava_fail(c, "the template needs more than %zu bytes of memory", c->limits->memory);
        return NULL;
    }
    return arena_alloc(c->mem, n);
}

char *lava_copy(struct lava_ctx *c, const char *text, size_t n)
{
    char *p = lava_alloc(c, n);

    if (p && n)
        memcpy(p, text, n);
    return p;
}

int lava_concat(struct lava_ctx *c, const struct lava_str *pieces, size_t n, struct lava_value *ret)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        if (pieces[i].n > c->limits->memory)
            total = c->limits->memory;
        total += pieces[i].n;
    }
    char *p = lava_alloc(c, total);
    if (!p || lava_step(c, total / 64) < 0)
        return -1;
    *ret = lava_string(p, total);
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].n)
            memcpy(p, pieces[i].p, pieces[i].n);
        p += pieces[i].n;
    }
    return 0;
}

struct arena *lava_arena(struct lava_ctx *c)
{
    return c->mem;
}

bool lava_ctx_exhausted(struct lava_ctx *c)
{
    c->steps = 0;
    lava_fail(c, "the template does more than %llu steps", (unsigned long long)c->limits->steps);
    return true;
}

int lava_step(struct lava_ctx *c, uint64_t n)
{
    if (n > c->steps) {
        lava_ctx_exhausted(c);
        return -1;
    }
    c->steps -= n;
    return 0;
}

int lava_out_grow(struct lava_ctx *c, size_t n)
{
    size_t max = c->limits->output;

    if (n > max - c->out_n)
        return lava_fail(c, "the output is longer than %zu bytes", max);
    while (c->out_cap - c->out_n < n)
        c->out_cap *= 2;
    c->out = xrealloc(c->out, c->out_cap);
    c->out_end = c->out_cap < max ? c->out_cap : max;
    return 0;
}

const struct lava_clock *lava_now(const struct lava_ctx *c)
{
    return &c->env->clock;
}

struct lava_value lava_global(struct lava_ctx *c, struct lava_str key)
{
    struct lava_value v = lava_nil();
    const struct lava_value *g = &c->env->global;

    if (g->type == LAVA_OBJECT) {
        struct lava_name name = {key.p, (uint32_t)key.n, 0};
        (void)g->obj.ops->get(g->obj.self, &name, c, &v);
    }
    return v;
}

const struct lava_dialect *lava_dialect_of(const struct lava_ctx *c)
{
    return c->t->dialect;
}
