/*
 * include and render: partials.
 */
#include "common/core/lava/lava_render_p.h"

static const struct lava_part *find_part(struct lava_ctx *c, const struct lava_include *in)
{
    struct lava_value name;
    struct lava_str text;

    if (lava_eval(c, in->name, &name) < 0 || lava_text(c, &name, &text) < 0)
        return NULL;
    for (size_t i = 0; i < c->t->n_parts; i++) {
        const struct lava_part *part = &c->t->parts[i];
        if (!lava_str_eq(part->source.name, text))
            continue;
        if (part->bad)
            lava_fail(c, "this partial does not parse");
        return part->bad ? NULL : part;
    }
    lava_fail(c, "there is no such partial");
    return NULL;
}

/* What a partial is given: its arguments, what is bound to its name. */
struct given {
    struct lava_value v;
    uint32_t slot;
    struct lava_covered old;
};

struct call {
    const struct lava_include *in;
    const struct lava_part *part;
    struct given *given;
    uint32_t n;              /* of given */
    struct lava_value with;  /* what is bound, before it is taken apart */
    struct lava_slot *slots; /* isolated: the caller's variables, put aside */
    uint8_t *has;
    bool hidden;
};

static int evaluate(struct lava_ctx *c, struct call *k)
{
    const struct lava_include *in = k->in;

    k->given = lava_alloc(c, in->n * sizeof(*k->given));
    if (!k->given)
        return -1;
    for (; k->n < in->n; k->n++) {
        k->given[k->n].slot = in->args[k->n].slot;
        if (!lava_ctx_step(c) || lava_eval(c, in->args[k->n].value, &k->given[k->n].v) < 0)
            return -1;
    }
    k->with = lava_nil();
    return in->with ? lava_eval(c, in->with, &k->with) : 0;
}

/* What render gives may be assigned to; what include gives lies over the variables. */
static void give(struct lava_ctx *c, const struct call *k, struct given *g)
{
    if (!k->in->isolated) {
        g->old = lava_cover(c, g->slot, &g->v);
        return;
    }
    c->slots[g->slot].assigned = g->v;
    c->has[g->slot] |= SLOT_ASSIGNED;
}

static int enter(struct lava_ctx *c, struct call *k)
{
    if (k->in->isolated) {
        uint32_t n = c->t->n_slots;
        struct lava_slot *slots = lava_alloc(c, n * sizeof(*slots));
        uint8_t *has = slots ? lava_alloc(c, n) : NULL;
        if (!has || lava_step(c, n / 4) < 0)
            return -1;
        k->slots = c->slots;
        k->has = c->has;
        k->hidden = c->hidden;
        c->slots = slots;
        c->has = has;
        c->hidden = true;
    }
    for (uint32_t i = 0; i < k->n; i++)
        give(c, k, &k->given[i]);
    return 0;
}

static void leave(struct lava_ctx *c, struct call *k)
{
    if (k->in->isolated) {
        c->slots = k->slots;
        c->has = k->has;
        c->hidden = k->hidden;
        return;
    }
    for (uint32_t i = k->n; i-- > 0;)
        lava_uncover(c, k->given[i].slot, &k->given[i].old);
}

static enum lava_done run_part(struct lava_ctx *c, const struct lava_part *part)
{
    const struct lava_source *src = c->src;

    c->src = &part->source;
    enum lava_done done = lava_render_nodes(c, part->body);
    if (done != DONE_FAILED) /* else the position is the partial's */
        c->src = src;
    return done;
}

/* The partial with one value bound to its name; loop NULL: not one of several. */
static enum lava_done
run_with(struct lava_ctx *c, struct call *k, struct lava_value v, const struct lava_forloop *loop)
{
    struct lava_str name = k->in->as.p ? k->in->as : k->part->source.name;
    long slot = lava_slot_find(c->t, name); /* none: nobody looks at it */
    struct given g = {.v = v, .slot = (uint32_t)slot}, f = {.slot = k->in->forloop_slot};

    if (slot >= 0)
        give(c, k, &g);
    if (loop && k->in->isolated) {
        f.v = lava_object(&lava_forloop_ops, loop);
        give(c, k, &f);
    }
    enum lava_done done = lava_ctx_step(c) ? run_part(c, k->part) : DONE_FAILED;
    if (slot >= 0 && !k->in->isolated)
        lava_uncover(c, g.slot, &g.old);
    return done;
}

/* `with` and `for`; include takes a list apart after `with`, too. */
static enum lava_done run_bound(struct lava_ctx *c, struct call *k)
{
    bool list = k->with.type == LAVA_ARRAY || (k->in->each && k->with.type == LAVA_RANGE);
    enum lava_done done = DONE_NORMAL;
    struct lava_span s;

    if (!list || (!k->in->each && k->in->isolated))
        return run_with(c, k, k->with, NULL);
    struct lava_forloop *loop = lava_alloc(c, sizeof(*loop));
    if (!loop || lava_span_of(c, &k->with, &s) < 0)
        return DONE_FAILED;
    loop->length = s.n;
    for (int64_t i = 0; i < s.n && done == DONE_NORMAL; i++) {
        loop->index = i;
        done = run_with(c, k, s.items ? s.items[i] : lava_int(s.first + i), loop);
    }
    return done;
}

enum lava_done lava_render_include(struct lava_ctx *c, const struct lava_node *n)
{
    struct call k = {.in = n->include};

    k.part = find_part(c, k.in);
    if (!k.part || evaluate(c, &k) < 0)
        return DONE_FAILED;
    if (c->nested >= c->limits->nested) {
        lava_fail(c, "more than %u partials in one another", c->limits->nested);
        return DONE_FAILED;
    }
    if (enter(c, &k) < 0)
        return DONE_FAILED;
    c->nested++;
    enum lava_done done = k.in->with ? run_bound(c, &k) : run_part(c, k.part);
    c->nested--;
    leave(c, &k);
    return k.in->isolated && done != DONE_FAILED ? DONE_NORMAL : done;
}
