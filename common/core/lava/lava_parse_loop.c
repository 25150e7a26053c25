/*
 * Tags that repeat: for, cycle; include and render, which may do so too.
 */
#include "common/core/lava/lava_parser_p.h"

static int word(struct lava_parser *p, struct lava_lex *l, struct lava_str *ret)
{
    if (l->token != TOKEN_WORD)
        return lava_parse_fail(p, lava_lex_at(l), "expected a name, found %s", lava_lex_name(l));
    *ret = lava_lex_text(l);
    lava_lex_next(l);
    return 0;
}

/* Behind the name of a parameter: ':' and its value. */
static const struct lava_expr *parameter(struct lava_parser *p, struct lava_lex *l)
{
    lava_lex_next(l);
    if (l->token != TOKEN_COLON) {
        lava_parse_fail(p, lava_lex_at(l), "expected ':', found %s", lava_lex_name(l));
        return NULL;
    }
    lava_lex_next(l);
    return lava_parse_primary(p, l);
}

/* Loops over the same thing with the same variable go on from one another. */
static uint32_t resume_number(struct lava_parser *p, uint32_t from, uint32_t end)
{
    uintptr_t known = (uintptr_t)map_get(p->resumes, p->src->text + from, end - from);

    if (!known) {
        known = map_count(p->resumes) + 1;
        map_put(p->resumes, p->src->text + from, end - from, (void *)known);
    }
    return (uint32_t)(known - 1);
}

static int for_option(struct lava_parser *p, struct lava_lex *l, struct lava_for *f)
{
    if (lava_lex_is(l, "reversed")) {
        f->reversed = true;
        lava_lex_next(l);
        return 0;
    }
    if (lava_lex_is(l, "limit"))
        return (f->limit = parameter(p, l)) ? 0 : -1;
    if (!lava_lex_is(l, "offset"))
        return lava_parse_fail(p, lava_lex_at(l), "expected limit, offset or reversed, found %s",
                               lava_lex_name(l));
    struct lava_lex after = *l;
    lava_lex_next(&after);
    lava_lex_next(&after);
    f->resumes = lava_lex_is(&after, "continue");
    if (f->resumes) {
        lava_lex_next(&after);
        *l = after;
        return 0;
    }
    return (f->offset = parameter(p, l)) ? 0 : -1;
}

static struct lava_str
loop_name(const struct lava_parser *p, struct lava_str item, struct lava_str items)
{
    char *s = arena_alloc(p->a, item.n + 1 + items.n);

    if (item.n)
        memcpy(s, item.p, item.n);
    s[item.n] = '-';
    if (items.n)
        memcpy(s + item.n + 1, items.p, items.n);
    return (struct lava_str){s, item.n + 1 + items.n};
}

static int for_head(struct lava_parser *p, const struct lava_item *item, struct lava_for *f)
{
    struct lava_str name = {NULL, 0};
    struct lava_lex l;

    lava_lex_init(&l, p->src->text, item->from, item->end, p->dialect != NULL);
    uint32_t from = l.at;
    if (word(p, &l, &name) < 0)
        return -1;
    if (!lava_lex_is(&l, "in"))
        return lava_parse_fail(p, lava_lex_at(&l), "expected 'in', found %s", lava_lex_name(&l));
    lava_lex_next(&l);
    uint32_t in = l.at;
    f->in = lava_parse_primary(p, &l);
    if (!f->in)
        return -1;
    f->name = loop_name(p, name, (struct lava_str){p->src->text + in, l.before - in});
    f->slot = lava_parse_slot(p, name);
    f->forloop_slot = lava_parse_slot(p, LAVA_STR("forloop"));
    f->resume = resume_number(p, from, l.before);
    while (l.token != TOKEN_END) {
        if (l.token == TOKEN_COMMA)
            lava_lex_next(&l);
        else if (for_option(p, &l, f) < 0)
            return -1;
    }
    return 0;
}

int lava_parse_for(struct lava_parser *p,
                   struct lava_reader *r,
                   const struct lava_item *item,
                   struct lava_body *body)
{
    static const char *const ends[] = {"else", "endfor", NULL};
    struct lava_node *n = lava_parse_node(p, body, NODE_FOR, item->at, false);
    struct lava_for *f = n ? lava_parse_new(p, item->at, sizeof(*f), 1) : NULL;
    struct lava_body bodies[2] = {{0}, {0}}, *both[] = {&bodies[0], &bodies[1]};
    struct lava_item end;

    if (!f || for_head(p, item, f) < 0 || lava_parse_items(p, r, ends, &bodies[0], &end) < 0)
        return -1;
    while (lava_str_eq(end.name, LAVA_STR("else")))
        if (lava_parse_items(p, r, ends, &bodies[1], &end) < 0)
            return -1;
    lava_parse_quiet(p, both, 2);
    f->body = bodies[0].first;
    f->otherwise = bodies[1].first;
    body->prints |= bodies[0].prints || bodies[1].prints;
    n->loop = f;
    return 0;
}

/* --- cycle --- */

/* What a cycle without a name is known by: in Lava all are one, in dialects by their values. */
static struct lava_str cycle_key(const struct lava_parser *p, uint32_t from, uint32_t end)
{
    return p->dialect ? (struct lava_str){p->src->text + from, end - from}
                      : (struct lava_str){"", 0};
}

struct cycle {
    const struct lava_expr *group;
    vec(const struct lava_expr *) values;
};

/* [group:] value, value ...; a comma may stand at the end. */
static int cycle_values(struct lava_parser *p, struct lava_lex *l, struct cycle *c)
{
    for (bool more = true; more;) {
        const struct lava_expr *e = lava_parse_primary(p, l);
        if (!e)
            return -1;
        if (l->token == TOKEN_COLON && !c->group && !c->values.n) {
            c->group = e;
            lava_lex_next(l);
            continue;
        }
        vec_push(&c->values, e);
        more = l->token == TOKEN_COMMA;
        if (more)
            lava_lex_next(l);
        more &= l->token != TOKEN_END;
    }
    return lava_parse_end(p, l, "'cycle'");
}

int lava_parse_cycle(struct lava_parser *p,
                     struct lava_reader *r,
                     const struct lava_item *item,
                     struct lava_body *body)
{
    struct lava_node *n = lava_parse_node(p, body, NODE_CYCLE, item->at, true);
    const struct lava_expr **copy = NULL;
    struct cycle c = {0};
    struct lava_lex l;

    (void)r;
    if (!n)
        return -1;
    lava_lex_init(&l, p->src->text, item->from, item->end, p->dialect != NULL);
    n->cycle.key = cycle_key(p, l.at, item->end);
    if (cycle_values(p, &l, &c) == 0)
        copy = lava_parse_new(p, item->at, sizeof(*copy), c.values.n);
    if (copy)
        memcpy(copy, c.values.v, c.values.n * sizeof(*copy));
    n->cycle.group = c.group;
    n->cycle.values = copy;
    n->cycle.n = (uint32_t)c.values.n;
    vec_release(&c.values);
    return copy ? 0 : -1;
}

/* --- include, render --- */

/* `with value`, `for values`, both with `as name` */
static int include_bound(struct lava_parser *p, struct lava_lex *l, struct lava_include *in)
{
    in->each = lava_lex_is(l, "for");
    if (!in->each && !lava_lex_is(l, "with"))
        return 0;
    lava_lex_next(l);
    in->with = lava_parse_primary(p, l);
    if (!in->with)
        return -1;
    if (!lava_lex_is(l, "as"))
        return 0;
    lava_lex_next(l);
    if (word(p, l, &in->as) < 0)
        return -1;
    (void)lava_parse_slot(p, in->as);
    return 0;
}

static int include_arguments(struct lava_parser *p, struct lava_lex *l, struct lava_include *in)
{
    vec(struct lava_binding) args = {0};
    struct lava_binding *copy = NULL;

    while (l->token != TOKEN_END) {
        if (l->token == TOKEN_COMMA) {
            lava_lex_next(l);
            continue;
        }
        struct lava_binding b = {0};
        if (l->token != TOKEN_WORD) {
            lava_parse_fail(p, lava_lex_at(l), "expected a name, found %s", lava_lex_name(l));
            goto out;
        }
        b.slot = lava_parse_slot(p, lava_lex_text(l));
        b.value = parameter(p, l);
        if (!b.value)
            goto out;
        vec_push(&args, b);
    }
    copy = lava_parse_new(p, l->at, sizeof(*copy), args.n);
    if (copy && args.n)
        memcpy(copy, args.v, args.n * sizeof(*copy));
    in->args = copy;
    in->n = (uint32_t)args.n;
out:
    vec_release(&args);
    return copy ? 0 : -1;
}

int lava_parse_include(struct lava_parser *p,
                       struct lava_reader *r,
                       const struct lava_item *item,
                       struct lava_body *body)
{
    struct lava_node *n = lava_parse_node(p, body, NODE_INCLUDE, item->at, true);
    struct lava_include *in = n ? lava_parse_new(p, item->at, sizeof(*in), 1) : NULL;
    struct lava_lex l;

    (void)r;
    if (!in)
        return -1;
    lava_lex_init(&l, p->src->text, item->from, item->end, p->dialect != NULL);
    in->isolated = lava_str_eq(item->name, LAVA_STR("render"));
    in->forloop_slot = lava_parse_slot(p, LAVA_STR("forloop"));
    if (in->isolated && l.token != TOKEN_STRING)
        return lava_parse_fail(p, lava_lex_at(&l), "'render' takes a name in quotes");
    in->name = lava_parse_primary(p, &l);
    if (!in->name)
        return -1;
    if (in->name->kind == EXPR_CONST && in->name->value.type == LAVA_STRING)
        (void)lava_parse_slot(p, lava_str_of(&in->name->value)); /* what `with` is bound to */
    if (include_bound(p, &l, in) < 0 || include_arguments(p, &l, in) < 0)
        return -1;
    n->include = in;
    return 0;
}
