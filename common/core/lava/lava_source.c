#include "common/core/lava/lava_source.h"

struct cutter {
    const char *raw;
    uint32_t n, at;
    char *out;
    uint32_t out_n;
    struct lava_cut *cuts;
    uint32_t n_cuts;
    bool no_block_end, no_raw_end; /* looked for and not found: do not look again */
};

static uint32_t skip_space(const char *s, uint32_t n, uint32_t at)
{
    while (at < n && lava_is_space(s[at]))
        at++;
    return at;
}

static uint32_t skip_dash(const char *s, uint32_t n, uint32_t at)
{
    return at < n && s[at] == '-' ? at + 1 : at;
}

uint32_t lava_source_tag(const char *s, uint32_t n, uint32_t at, const char *name)
{
    uint32_t len = (uint32_t)strlen(name);

    if (n - at < 2 || s[at] != '{' || s[at + 1] != '%')
        return 0;
    at = skip_space(s, n, skip_dash(s, n, at + 2));
    if (n - at < len || memcmp(s + at, name, len) != 0)
        return 0;
    at = skip_dash(s, n, skip_space(s, n, at + len));
    return n - at >= 2 && s[at] == '%' && s[at + 1] == '}' ? at + 2 : 0;
}

static void copy_to(struct cutter *c, uint32_t end)
{
    memcpy(c->out + c->out_n, c->raw + c->at, end - c->at);
    c->out_n += end - c->at;
    c->at = end;
}

static void cut_to(struct cutter *c, uint32_t end)
{
    c->at = end;
    c->cuts[c->n_cuts++] = (struct lava_cut){c->out_n, end - c->out_n};
}

/* Where {% endraw %} of the raw block at c->at begins; 0 when there is none. */
static uint32_t raw_end(struct cutter *c)
{
    uint32_t body = c->no_raw_end ? 0 : lava_source_tag(c->raw, c->n, c->at, "raw");

    if (!body)
        return 0;
    for (uint32_t i = body; i + 1 < c->n; i++)
        if (c->raw[i] == '{' && lava_source_tag(c->raw, c->n, i, "endraw"))
            return i;
    c->no_raw_end = true;
    return 0;
}

/* Where the comment at c->at ends; 0 when it is not closed. */
static uint32_t comment_end(struct cutter *c)
{
    if (c->raw[c->at + 1] == '/') {
        const char *line = memchr(c->raw + c->at, '\n', c->n - c->at);
        return line ? (uint32_t)(line - c->raw) : c->n;
    }
    const char *end =
        c->no_block_end ? NULL : memmem(c->raw + c->at + 2, c->n - c->at - 2, "-/", 2);
    if (end)
        return (uint32_t)(end - c->raw) + 2;
    c->no_block_end = true;
    return 0;
}

static bool comment_begins(const struct cutter *c)
{
    const char *p = c->raw + c->at;
    uint32_t left = c->n - c->at;

    return (left >= 2 && p[0] == '/' && p[1] == '-') ||
           (left >= 3 && p[0] == '/' && p[1] == '/' && p[2] == '-');
}

static void step(struct cutter *c)
{
    uint32_t end;

    if (c->raw[c->at] == '{' && (end = raw_end(c))) {
        copy_to(c, end);
        return;
    }
    if (comment_begins(c) && (end = comment_end(c))) {
        cut_to(c, end);
        return;
    }
    end = c->at + 1;
    while (end < c->n && c->raw[end] != '{' && c->raw[end] != '/')
        end++;
    copy_to(c, end);
}

static uint32_t count(const char *s, uint32_t n, const char *what)
{
    uint32_t found = 0;

    for (const char *p = s; (p = memmem(p, n - (size_t)(p - s), what, 2)); p += 2)
        found++;
    return found;
}

void lava_source_init(
    struct lava_source *s, struct arena *a, const char *raw, size_t n, bool comments)
{
    uint32_t most;

    s->raw = arena_memdup(a, raw, n);
    s->raw_n = (uint32_t)n;
    s->text = s->raw;
    s->n = s->raw_n;
    most = comments ? count(s->raw, s->raw_n, "/-") : 0;
    if (!most)
        return;
    struct cutter c = {.raw = s->raw, .n = s->raw_n, .out = arena_alloc(a, n)};
    c.cuts = arena_alloc(a, most * sizeof(*c.cuts));
    while (c.at < c.n)
        step(&c);
    s->text = c.out;
    s->n = c.out_n;
    s->cuts = c.cuts;
    s->n_cuts = c.n_cuts;
}

void lava_source_where(const struct lava_source *s, uint32_t at, uint32_t *line, uint32_t *column)
{
    uint32_t skipped = 0;

    for (uint32_t i = 0; i < s->n_cuts && s->cuts[i].at <= at; i++)
        skipped = s->cuts[i].skipped;
    at += skipped;
    if (at > s->raw_n)
        at = s->raw_n;
    *line = 1;
    *column = 1;
    for (uint32_t i = 0; i < at; i++) {
        ++*column;
        if (s->raw[i] == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

int lava_source_fail(
    const struct lava_source *s, uint32_t at, const char *code, struct err *err, const char *text)
{
    uint32_t line, column;

    lava_source_where(s, at, &line, &column);
    if (s->name.n)
        return err_set(err, SCOPE_ITEM, WHEN_NEVER, code, "%u:%u: in a partial: %s", line, column,
                       text);
    return err_set(err, SCOPE_ITEM, WHEN_NEVER, code, "%u:%u: %s", line, column, text);
}
