/*
 * Expressions: what they are while a template renders.
 */
#include "common/core/lava/lava_render_p.h"

enum { ARGS_AT_HAND = 6, BYTES_A_STEP = 64 };
#define RANGE_LIMIT INT64_C(1000000000000000)

/* The caller's variable, asked for once a render. */
static void fetch(struct lava_ctx *c, uint32_t slot)
{
    struct lava_slot *s = &c->slots[slot];
    const struct lava_value *vars = &c->env->vars;

    s->given = lava_nil();
    if (vars->type == LAVA_OBJECT && !c->hidden)
        (void)vars->obj.ops->get(vars->obj.self, &c->t->names[slot], c, &s->given);
    c->has[slot] |= SLOT_GIVEN;
}

const struct lava_value *lava_slot_ref(struct lava_ctx *c, uint32_t slot, struct lava_value *room)
{
    unsigned has = c->has[slot];
    struct lava_slot *s = &c->slots[slot];

    if (has & SLOT_OVER)
        return &s->over;
    if (has & SLOT_ASSIGNED)
        return &s->assigned;
    if ((has & SLOT_COUNTER) && c->t->dialect) {
        *room = lava_int(s->counter);
        return room;
    }
    if (!(has & SLOT_GIVEN))
        fetch(c, slot);
    return &s->given;
}

/* A variable whose name is computed: one of the template's, or the caller's. */
static int eval_named(struct lava_ctx *c, const struct lava_expr *e, struct lava_value *ret)
{
    struct lava_value name;
    struct lava_str text;

    if (lava_eval(c, e, &name) < 0 || lava_text(c, &name, &text) < 0 ||
        lava_step(c, c->t->n_slots / 16) < 0)
        return -1;
    long slot = lava_slot_find(c->t, text);
    if (slot >= 0) {
        *ret = *lava_slot_ref(c, (uint32_t)slot, ret);
        return 0;
    }
    *ret = lava_nil();
    const struct lava_value *vars = &c->env->vars;
    struct lava_name n = {text.p, (uint32_t)text.n, 0};
    if (vars->type == LAVA_OBJECT && !c->hidden)
        (void)vars->obj.ops->get(vars->obj.self, &n, c, ret);
    return 0;
}

static int eval_path(struct lava_ctx *c, const struct lava_expr *e, struct lava_value *ret)
{
    struct lava_value room[2], index;
    const struct lava_value *at = &room[1];

    if (e->path.slot != LAVA_NO_SLOT)
        at = lava_slot_ref(c, e->path.slot, &room[1]);
    else if (eval_named(c, e->path.root, &room[1]) < 0)
        return -1;
    for (uint32_t i = 0; i < e->path.n; i++) {
        const struct lava_segment *s = &e->path.segments[i];
        struct lava_value *next = i + 1 == e->path.n ? ret : &room[i & 1];
        if (s->index) {
            if (lava_eval(c, s->index, &index) < 0)
                return -1;
            *next = lava_index(c, at, &index);
        } else {
            lava_member_into(c, at, &s->name, next);
        }
        at = next;
    }
    if (!e->path.n)
        *ret = *at;
    return c->failed ? -1 : 0;
}

/* An end of a range: what is no number is 0, a fraction is cut off. */
static int64_t range_end(const struct lava_value *v)
{
    struct decimal d;
    int64_t i = 0;

    if (lava_to_number(v, &d) && !decimal_to_i64(&d, &i))
        i = d.neg ? -RANGE_LIMIT : RANGE_LIMIT;
    return i < -RANGE_LIMIT ? -RANGE_LIMIT : i > RANGE_LIMIT ? RANGE_LIMIT : i;
}

static int eval_range(struct lava_ctx *c, const struct lava_expr *e, struct lava_value *ret)
{
    struct lava_value a, b;

    if (lava_eval(c, e->pair.a, &a) < 0 || lava_eval(c, e->pair.b, &b) < 0)
        return -1;
    *ret = (struct lava_value){.type = LAVA_RANGE, .range = {range_end(&a), range_end(&b)}};
    return 0;
}

/* What a filter has to look at, for its price: texts and lists by their length. */
static uint64_t weight(const struct lava_value *v)
{
    return v->type == LAVA_STRING || v->type == LAVA_ARRAY ? v->n : 0;
}

static int charge(struct lava_ctx *c, const struct lava_value *in, const struct lava_args *args)
{
    uint64_t w = weight(in);

    for (uint32_t i = 0; i < args->n; i++)
        w += weight(&args->v[i]);
    return w < BYTES_A_STEP ? 0 : lava_step(c, w / BYTES_A_STEP);
}

static int call(struct lava_ctx *c, const struct lava_call *k, struct lava_value *v)
{
    struct lava_value at_hand[ARGS_AT_HAND], *values = at_hand, in = *v;
    struct lava_args args = {.names = k->names, .n = k->n, .prepared = k->prepared};

    c->at = k->at;
    if (!k->filter) /* Lava lets what it does not know pass */
        return 0;
    if (!k->filter->fn)
        return lava_fail(c, "the filter '%s' needs the Rock server", k->filter->name);
    if (!k->constants) {
        if (k->n > ARGS_AT_HAND && !(values = lava_alloc(c, k->n * sizeof(*values))))
            return -1;
        for (uint32_t i = 0; i < k->n; i++)
            if (lava_eval(c, k->args[i], &values[i]) < 0)
                return -1;
        c->at = k->at;
    }
    args.v = k->constants ? k->constants : values;
    *v = lava_nil();
    return charge(c, &in, &args) < 0 ? -1 : k->filter->fn(c, &in, &args, v);
}

static int eval_filtered(struct lava_ctx *c, const struct lava_expr *e, struct lava_value *ret)
{
    if (lava_eval(c, e->filtered.in, ret) < 0)
        return -1;
    for (uint32_t i = 0; i < e->filtered.n; i++)
        if (!lava_ctx_step(c) || call(c, &e->filtered.calls[i], ret) < 0)
            return -1;
    return c->failed ? -1 : 0;
}

bool lava_eval_equal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b)
{
    const struct lava_dialect *d = c->t->dialect;

    return d && d->equal ? d->equal(c, a, b) : lava_equal(c, a, b);
}

static int
ordered(struct lava_ctx *c, enum lava_op op, const struct lava_value *a, const struct lava_value *b)
{
    const struct lava_dialect *d = c->t->dialect;
    int order = 0;
    bool any = d && d->compare ? d->compare(c, a, b, &order) : lava_compare(c, a, b, &order);

    if (!any)
        return order == -2 ? lava_fail(c, "these two cannot be compared") : 0;
    switch (op) {
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* startswith, endswith: of texts, or the first or last item of a list. */
static int
edge(struct lava_ctx *c, enum lava_op op, const struct lava_value *a, const struct lava_value *b)
{
    struct lava_str s, part;
    const struct lava_value *items;
    size_t n;

    if (a->type == LAVA_ARRAY || a->type == LAVA_RANGE) {
        if (lava_items(c, a, &items, &n) < 0)
            return -1;
        return n && lava_equal(c, &items[op == OP_STARTSWITH ? 0 : n - 1], b);
    }
    if (a->type != LAVA_STRING)
        return 0;
    if (lava_text(c, b, &part) < 0)
        return -1;
    s = lava_str_of(a);
    if (part.n > s.n || lava_step(c, part.n / BYTES_A_STEP) < 0)
        return 0;
    return memcmp(op == OP_STARTSWITH ? s.p : s.p + s.n - part.n, part.p, part.n) == 0;
}

static int eval_compare(struct lava_ctx *c, const struct lava_expr *e)
{
    const struct lava_dialect *d = c->t->dialect;
    struct lava_value a, b;
    int r;

    if (lava_eval(c, e->pair.a, &a) < 0 || lava_eval(c, e->pair.b, &b) < 0)
        return -1;
    c->at = e->at;
    switch (e->op) {
    case OP_EQ:
    case OP_NE:
        r = lava_eval_equal(c, &a, &b) == (e->op == OP_EQ);
        break;
    case OP_CONTAINS:
        r = d && d->contains ? d->contains(c, &a, &b) : lava_contains(c, &a, &b);
        break;
    case OP_STARTSWITH:
    case OP_ENDSWITH:
        r = edge(c, e->op, &a, &b);
        break;
    default:
        r = ordered(c, e->op, &a, &b);
    }
    return c->failed ? -1 : r;
}

int lava_eval_truth(struct lava_ctx *c, const struct lava_expr *e)
{
    struct lava_value v;

    for (; e->kind == EXPR_AND || e->kind == EXPR_OR; e = e->pair.b) {
        int r = lava_eval_truth(c, e->pair.a); /* never and/or itself: no deep recursion */
        if (r < 0 || r == (e->kind == EXPR_OR))
            return r;
    }
    if (!lava_ctx_step(c))
        return -1;
    if (e->kind == EXPR_COMPARE)
        return eval_compare(c, e);
    return lava_eval(c, e, &v) < 0 ? -1 : lava_truthy(&v);
}

int lava_eval(struct lava_ctx *c, const struct lava_expr *e, struct lava_value *ret)
{
    int r;

    if (e->kind == EXPR_CONST) {
        *ret = e->value;
        return 0;
    }
    if (!lava_ctx_step(c))
        return -1;
    switch (e->kind) {
    case EXPR_PATH:
        return eval_path(c, e, ret);
    case EXPR_FILTERED:
        return eval_filtered(c, e, ret);
    case EXPR_RANGE:
        return eval_range(c, e, ret);
    default:
        r = lava_eval_truth(c, e);
        *ret = lava_bool(r > 0);
        return r < 0 ? -1 : 0;
    }
}
