/*
 * Filters and their arguments; comparisons and what joins them.
 */
#include "common/core/lava/lava_parser_p.h"

struct arguments {
    vec(const struct lava_expr *) args;
    vec(struct lava_str) names;
    bool named, constant;
};

static void arguments_release(struct arguments *a)
{
    vec_release(&a->args);
    vec_release(&a->names);
}

/* `value` or `name: value` */
static int parse_argument(struct lava_parser *p, struct lava_lex *l, struct arguments *a)
{
    struct lava_str name = {NULL, 0};

    if (l->token == TOKEN_WORD) {
        struct lava_lex after = *l;
        lava_lex_next(&after);
        if (after.token == TOKEN_COLON) {
            name = lava_lex_text(l);
            a->named = true;
            lava_lex_next(&after);
            *l = after;
        }
    }
    const struct lava_expr *e = lava_parse_primary(p, l);
    if (!e)
        return -1;
    a->constant &= e->kind == EXPR_CONST;
    vec_push(&a->args, e);
    vec_push(&a->names, name);
    return 0;
}

static int parse_arguments(struct lava_parser *p, struct lava_lex *l, struct arguments *a)
{
    if (l->token != TOKEN_COLON)
        return 0;
    do {
        lava_lex_next(l);
        if (parse_argument(p, l, a) < 0)
            return -1;
    } while (l->token == TOKEN_COMMA);
    return 0;
}

static int keep_arguments(struct lava_parser *p, struct arguments *a, struct lava_call *call)
{
    size_t n = a->args.n;
    const struct lava_expr **args = lava_parse_new(p, call->at, sizeof(*args), n);
    struct lava_str *names = a->named ? lava_parse_new(p, call->at, sizeof(*names), n) : NULL;
    struct lava_value *values =
        a->constant ? lava_parse_new(p, call->at, sizeof(*values), n) : NULL;

    if (!args || (a->named && !names) || (a->constant && !values))
        return -1;
    for (size_t i = 0; i < n; i++) {
        args[i] = a->args.v[i];
        if (names)
            names[i] = a->names.v[i];
        if (values)
            values[i] = args[i]->value;
    }
    call->n = (uint32_t)n;
    call->args = args;
    call->names = names;
    call->constants = values;
    return 0;
}

/* A dialect knows all its filters and counts their arguments; the count fails when it is rendered.
 */
static int check_call(struct lava_parser *p, const struct lava_call *call)
{
    const struct lava_filter *f = call->filter;
    uint32_t positional = 0;

    if (!f)
        return lava_parse_fail(p, call->at, "there is no filter '%.*s'",
                               (int)(call->name.n < 40 ? call->name.n : 40), call->name.p);
    for (uint32_t i = 0; i < call->n; i++)
        positional += !call->names || !call->names[i].p;
    if (positional < f->min_args || positional > f->max_args)
        return lava_parse_fail(p, call->at, "filter '%s' takes %u to %u arguments, not %u", f->name,
                               f->min_args, f->max_args, positional);
    return 0;
}

static int bind(struct lava_parser *p, struct lava_call *call)
{
    struct err err;

    call->filter = p->dialect ? p->dialect->find_filter(call->name) : lava_filter_find(call->name);
    if (p->dialect && check_call(p, call) < 0)
        return -1;
    if (!call->filter || !call->filter->prepare || !call->constants)
        return 0;
    struct lava_args args = {.v = call->constants, .names = call->names, .n = call->n};
    if (call->filter->prepare(p->a, &args, &call->prepared, &err) < 0)
        return lava_parse_fail(p, call->at, "filter '%s': %s", call->filter->name, err.text);
    return 0;
}

static int parse_call(struct lava_parser *p, struct lava_lex *l, struct lava_call *call)
{
    struct arguments a = {.constant = true};

    lava_lex_next(l);
    *call = (struct lava_call){.at = l->at};
    if (l->token != TOKEN_WORD)
        return lava_parse_fail(p, lava_lex_at(l),
                               "expected the name of a filter behind '|', found %s",
                               lava_lex_name(l));
    call->name = lava_lex_text(l);
    lava_lex_next(l);
    int r = parse_arguments(p, l, &a);
    if (r == 0)
        r = keep_arguments(p, &a, call);
    arguments_release(&a);
    return r < 0 ? -1 : bind(p, call);
}

static const struct lava_expr *
parse_filters(struct lava_parser *p, struct lava_lex *l, const struct lava_expr *in)
{
    vec(struct lava_call) calls = {0};
    struct lava_call call;
    struct lava_expr *e = NULL;
    struct lava_call *copy = NULL;
    int r = 0;

    if (!in || l->token != TOKEN_PIPE)
        return in;
    while (r == 0 && l->token == TOKEN_PIPE) {
        r = parse_call(p, l, &call);
        vec_push(&calls, call);
    }
    if (r == 0 && (copy = lava_parse_new(p, in->at, sizeof(*copy), calls.n)))
        e = lava_parse_new(p, in->at, sizeof(*e), 1);
    if (e) {
        memcpy(copy, calls.v, calls.n * sizeof(*copy));
        *e = (struct lava_expr){.kind = EXPR_FILTERED, .at = in->at};
        e->filtered.in = in;
        e->filtered.calls = copy;
        e->filtered.n = (uint32_t)calls.n;
    }
    vec_release(&calls);
    return e;
}

/* Lava's filters may stand in conditions, too (Rock issue 5365). */
static const struct lava_expr *parse_operand(struct lava_parser *p, struct lava_lex *l)
{
    const struct lava_expr *e = lava_parse_primary(p, l);

    return p->dialect ? e : parse_filters(p, l, e);
}

static bool is_op(const struct lava_parser *p, const struct lava_lex *l, enum lava_op *ret)
{
    if (l->token == TOKEN_OP) {
        *ret = l->op;
        return true;
    }
    *ret = lava_lex_is(l, "contains")     ? OP_CONTAINS
           : p->dialect                   ? OP_EQ
           : lava_lex_is(l, "startswith") ? OP_STARTSWITH
           : lava_lex_is(l, "endswith")   ? OP_ENDSWITH
                                          : OP_EQ;
    return *ret != OP_EQ;
}

static struct lava_expr *new_pair(struct lava_parser *p,
                                  const struct lava_expr *a,
                                  enum lava_expr_kind kind,
                                  enum lava_op op)
{
    struct lava_expr *e = lava_parse_new(p, a->at, sizeof(*e), 1);

    if (e) {
        *e = (struct lava_expr){.kind = (uint8_t)kind, .op = (uint8_t)op, .at = a->at};
        e->pair.a = a;
    }
    return e;
}

static const struct lava_expr *parse_comparison(struct lava_parser *p, struct lava_lex *l)
{
    const struct lava_expr *a = parse_operand(p, l);
    enum lava_op op;

    if (!a || !is_op(p, l, &op))
        return a;
    struct lava_expr *e = new_pair(p, a, EXPR_COMPARE, op);
    if (!e)
        return NULL;
    lava_lex_next(l);
    e->pair.b = parse_operand(p, l);
    return e->pair.b ? e : NULL;
}

/* `and` and `or` bind equally and to the right: a and (b or (c and d)). */
const struct lava_expr *lava_parse_condition(struct lava_parser *p, struct lava_lex *l)
{
    const struct lava_expr *whole = NULL, **last = &whole;

    for (;;) {
        const struct lava_expr *one = parse_comparison(p, l);
        if (!one)
            return NULL;
        *last = one;
        bool and = lava_lex_is(l, "and");
        if (!and&&!lava_lex_is(l, "or"))
            return whole;
        struct lava_expr *e = new_pair(p, one, and? EXPR_AND : EXPR_OR, OP_EQ);
        if (!e)
            return NULL;
        *last = e;
        last = &e->pair.b;
        lava_lex_next(l);
    }
}

const struct lava_expr *lava_parse_value(struct lava_parser *p, struct lava_lex *l)
{
    if (p->dialect)
        return parse_filters(p, l, lava_parse_primary(p, l));
    return lava_parse_condition(p, l);
}
