/*
 * Templates: their text, their items, their names; partials.
 */
#include <stdarg.h>
#include <stdio.h>

#include "common/core/lava/lava_parser_p.h"
#include "common/core/lava/lava_source.h"

/* What a template may take in memory at most; texts and LAVA_MAX_NODES keep it far below. */
enum { TEMPLATE_ARENA_MAX = 512 << 20 };

int lava_parse_fail(struct lava_parser *p, uint32_t at, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return lava_source_fail(p->src, at, "lava.syntax", p->err, text);
}

void *lava_parse_new(struct lava_parser *p, uint32_t at, size_t size, size_t n)
{
    if (n > LAVA_MAX_NODES - p->n_nodes) {
        lava_parse_fail(p, at, "the template has too many parts");
        return NULL;
    }
    p->n_nodes += (uint32_t)n;
    return arena_alloc(p->a, size * n);
}

int lava_parse_deeper(struct lava_parser *p, uint32_t at)
{
    if (p->depth >= LAVA_MAX_NESTING)
        return lava_parse_fail(p, at, "too deep: more than %d things in one another",
                               LAVA_MAX_NESTING);
    p->depth++;
    return 0;
}

uint32_t lava_parse_slot(struct lava_parser *p, struct lava_str name)
{
    uintptr_t known = (uintptr_t)map_get(p->slots, name.p, name.n);

    if (known)
        return (uint32_t)(known - 1);
    vec_push(&p->names, lava_parse_name(name));
    map_put(p->slots, name.p, name.n, (void *)(uintptr_t)p->names.n);
    return (uint32_t)p->names.n - 1;
}

struct lava_node *lava_parse_node(struct lava_parser *p,
                                  struct lava_body *body,
                                  enum lava_node_kind kind,
                                  uint32_t at,
                                  bool prints)
{
    struct lava_node *n = lava_parse_new(p, at, sizeof(*n), 1);

    if (!n)
        return NULL;
    n->kind = (uint8_t)kind;
    n->at = at;
    if (body->last)
        body->last->next = n;
    else
        body->first = n;
    body->last = n;
    body->prints |= prints;
    return n;
}

static bool only_space(struct lava_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!lava_is_space(s.p[i]))
            return false;
    return true;
}

static int parse_text(struct lava_parser *p, const struct lava_item *item, struct lava_body *body)
{
    struct lava_str s = {p->src->text + item->from, item->end - item->from};
    struct lava_node *n = lava_parse_node(p, body, NODE_TEXT, item->at, !only_space(s));

    if (!n)
        return -1;
    n->text = s;
    return 0;
}

static int parse_output(struct lava_parser *p, const struct lava_item *item, struct lava_body *body)
{
    struct lava_lex l;
    struct lava_node *n = lava_parse_node(p, body, NODE_OUTPUT, item->at, true);

    if (!n)
        return -1;
    lava_lex_init(&l, p->src->text, item->from, item->end, p->dialect != NULL);
    if (p->dialect && l.token == TOKEN_END) {
        n->kind = NODE_TEXT; /* {{ }} */
        n->text = (struct lava_str){"", 0};
        return 0;
    }
    n->output = lava_parse_value(p, &l);
    return n->output ? lava_parse_end(p, &l, "this output") : -1;
}

int lava_parse_refuse(struct lava_parser *p, const struct lava_item *item, const char *what)
{
    char text[120];
    uint32_t line, column;

    snprintf(text, sizeof(text), "the %s '%.*s' needs the Rock server", what,
             (int)(item->name.n < 40 ? item->name.n : 40), item->name.p);
    if (!p->findings)
        return lava_parse_fail(p, item->at, "%s", text);
    if (p->findings->v.n >= LAVA_MAX_FINDINGS) /* do not look for more: each takes a look back */
        return 1;
    lava_source_where(p->src, item->at, &line, &column);
    lava_finding_add(p->findings, LAVA_SERVER, line, column, text);
    return 0;
}

static bool among(const char *const *names, struct lava_str name)
{
    for (; *names; names++)
        if (lava_str_eq(name, (struct lava_str){*names, strlen(*names)}))
            return true;
    return false;
}

static int at_end(struct lava_parser *p, const struct lava_item *item, const char *const *ends)
{
    if (!ends)
        return 0;
    while (ends[1])
        ends++; /* the last one closes the block */
    return lava_parse_fail(p, item->at, "the template ends where {%% %s %%} is still to come",
                           *ends);
}

/* One item; 1 when it is one of the ends. */
static int parse_item(struct lava_parser *p,
                      struct lava_reader *r,
                      const char *const *ends,
                      const struct lava_item *item,
                      struct lava_body *body)
{
    switch (item->kind) {
    case ITEM_TEXT:
        return parse_text(p, item, body);
    case ITEM_OUTPUT:
        return parse_output(p, item, body);
    case ITEM_TAG:
        return ends && among(ends, item->name) ? 1 : lava_parse_tag(p, r, item, body);
    case ITEM_SHORTCODE:
        return lava_parse_refuse(p, item, "shortcode") < 0 ? -1 : 0;
    case ITEM_OPEN:
        return lava_parse_fail(p, item->at, "'%.2s' is not closed", p->src->text + item->at);
    case ITEM_END:
        break;
    }
    return at_end(p, item, ends) < 0 ? -1 : 1;
}

int lava_parse_items(struct lava_parser *p,
                     struct lava_reader *r,
                     const char *const *ends,
                     struct lava_body *body,
                     struct lava_item *end)
{
    int done = 0;

    if (lava_parse_deeper(p, r->pos) < 0)
        return -1;
    while (done == 0) {
        lava_reader_next(r, end);
        done = parse_item(p, r, ends, end, body);
    }
    p->depth--;
    return done < 0 ? -1 : 0;
}

void lava_parse_quiet(struct lava_parser *p, struct lava_body *const *bodies, size_t n)
{
    if (!p->dialect)
        return;
    for (size_t i = 0; i < n; i++)
        if (bodies[i]->prints)
            return;
    for (size_t i = 0; i < n; i++) {
        const struct lava_node **link = &bodies[i]->first;
        struct lava_node *last = NULL;
        while (*link) {
            if ((*link)->kind == NODE_TEXT) {
                *link = (*link)->next;
                continue;
            }
            last = (struct lava_node *)(uintptr_t)*link; /* still ours to link */
            link = &last->next;
        }
        bodies[i]->last = last;
    }
}

static int
parse_source(struct lava_parser *p, const struct lava_source *src, struct lava_body *body)
{
    struct lava_reader r = {
        .src = src, .end = src->n, .dialect = p->dialect != NULL, .is_tag = lava_is_tag};
    struct lava_item end;

    p->src = src;
    p->depth = 0;
    return lava_parse_items(p, &r, NULL, body, &end);
}

/* Partials are parsed with the template, since they share its variables. A bad one only fails the
 * render that comes to it. */
static int
parse_partials(struct lava_parser *p, const struct lava_parse_options *o, struct lava_part *parts)
{
    struct err *err = p->err, ignored;

    for (size_t i = 0; i < o->n_partials; i++) {
        const struct lava_partial *in = &o->partials[i];
        struct lava_body body = {0};
        if (in->text.n > LAVA_MAX_TEMPLATE)
            return err_set(err, SCOPE_ITEM, WHEN_NEVER, "lava.syntax",
                           "1:1: a partial is too long");
        parts[i].source.name =
            (struct lava_str){arena_memdup(p->a, in->name.p, in->name.n), in->name.n};
        lava_source_init(&parts[i].source, p->a, in->text.p, in->text.n, !p->dialect);
        p->err = &ignored;
        parts[i].bad = parse_source(p, &parts[i].source, &body) < 0;
        p->err = err;
        parts[i].body = body.first;
    }
    return 0;
}

static int parse_all(struct lava_parser *p, const struct lava_parse_options *o)
{
    struct lava_body body = {0};
    struct lava_template *t = p->t;
    struct lava_part *parts = arena_alloc(p->a, o->n_partials * sizeof(*parts));
    struct lava_name *names;

    if (parse_source(p, &t->source, &body) < 0 || parse_partials(p, o, parts) < 0)
        return -1;
    t->body = body.first;
    t->parts = parts;
    t->n_parts = o->n_partials;
    t->n_resumes = (uint32_t)map_count(p->resumes);
    t->n_slots = (uint32_t)p->names.n;
    names = arena_alloc(p->a, p->names.n * sizeof(*names));
    if (p->names.n)
        memcpy(names, p->names.v, p->names.n * sizeof(*names));
    t->names = names;
    return 0;
}

int lava_parse_checked(const char *text,
                       size_t n,
                       const struct lava_parse_options *o,
                       struct lava_findings *findings,
                       struct lava_template **ret,
                       struct err *err)
{
    static const struct lava_parse_options none = {0};

    if (n > LAVA_MAX_TEMPLATE)
        return err_set(err, SCOPE_ITEM, WHEN_NEVER, "lava.syntax",
                       "1:1: the template is longer than %d bytes", LAVA_MAX_TEMPLATE);
    o = o ? o : &none;
    struct lava_parser p = {.a = arena_new("lava template", TEMPLATE_ARENA_MAX),
                            .dialect = o->dialect,
                            .err = err,
                            .findings = findings,
                            .slots = map_new(),
                            .resumes = map_new()};
    p.t = arena_alloc(p.a, sizeof(*p.t));
    p.t->arena = p.a;
    p.t->dialect = o->dialect;
    lava_source_init(&p.t->source, p.a, text, n, !o->dialect);
    int r = parse_all(&p, o);
    map_free(p.slots);
    map_free(p.resumes);
    vec_release(&p.names);
    if (r < 0)
        lava_template_free(p.t);
    else
        *ret = p.t;
    return r;
}

int lava_parse(const char *text,
               size_t n,
               const struct lava_parse_options *o,
               struct lava_template **ret,
               struct err *err)
{
    return lava_parse_checked(text, n, o, NULL, ret, err);
}

void lava_template_free(struct lava_template *t)
{
    if (t)
        arena_free(t->arena);
}

long lava_slot_find(const struct lava_template *t, struct lava_str name)
{
    for (uint32_t i = 0; i < t->n_slots; i++)
        if (lava_str_eq((struct lava_str){t->names[i].p, t->names[i].n}, name))
            return (long)i;
    return -1;
}
