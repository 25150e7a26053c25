/*
 * Renders: text, output, choices, variables; where a render begins and ends.
 */
#include "common/core/lava/lava_render_p.h"

/* What one render may keep before its workspace begins to allocate again. */
enum { WORK_FIRST = 64 << 10, OUT_FIRST = 4096 };

const struct lava_limits lava_limits_default = {
    .output = 1 << 20, .memory = 16 << 20, .steps = 10 * 1000 * 1000, .nested = 50};

static int render_number(struct lava_ctx *c, const struct decimal *d)
{
    char text[DECIMAL_TEXT];

    return lava_out(c, text, decimal_format(d, text));
}

int lava_render_value(struct lava_ctx *c, const struct lava_value *v)
{
    struct lava_str s;

    switch (v->type) {
    case LAVA_NIL:
        return 0;
    case LAVA_STRING:
        return lava_out(c, v->s, v->n);
    case LAVA_NUMBER:
        if (!c->t->dialect)
            return render_number(c, &v->num);
        break;
    default:
        break;
    }
    return lava_text(c, v, &s) < 0 ? -1 : lava_out(c, s.p, s.n);
}

static enum lava_done render_text(struct lava_ctx *c, const struct lava_node *n)
{
    return lava_out(c, n->text.p, n->text.n) < 0 ? DONE_FAILED : DONE_NORMAL;
}

static enum lava_done render_output(struct lava_ctx *c, const struct lava_node *n)
{
    struct lava_value v;

    if (lava_eval(c, n->output, &v) < 0 || lava_render_value(c, &v) < 0)
        return DONE_FAILED;
    return DONE_NORMAL;
}

static enum lava_done render_if(struct lava_ctx *c, const struct lava_node *n)
{
    for (const struct lava_branch *b = n->branches; b; b = b->next) {
        int r = b->n ? lava_eval_truth(c, b->conditions[0]) : 1;
        if (r < 0)
            return DONE_FAILED;
        if (r != b->negate)
            return lava_render_nodes(c, b->body);
    }
    return DONE_NORMAL;
}

/* Every `when` that matches is rendered, once for each of its values that does; else, where nothing
 * before it matched. */
static enum lava_done render_when(struct lava_ctx *c,
                                  const struct lava_branch *b,
                                  const struct lava_value *v,
                                  bool *matched)
{
    enum lava_done done = DONE_NORMAL;
    struct lava_value other;

    for (uint32_t i = 0; i < b->n && done == DONE_NORMAL; i++) {
        if (lava_eval(c, b->conditions[i], &other) < 0)
            return DONE_FAILED;
        bool same = lava_eval_equal(c, v, &other);
        if (c->failed)
            return DONE_FAILED;
        if (!same)
            continue;
        *matched = true;
        done = lava_render_nodes(c, b->body);
    }
    return done;
}

static enum lava_done render_case(struct lava_ctx *c, const struct lava_node *n)
{
    enum lava_done done = DONE_NORMAL;
    struct lava_value v;
    bool matched = false;

    if (lava_eval(c, n->choice.value, &v) < 0)
        return DONE_FAILED;
    for (const struct lava_branch *b = n->choice.branches; b && done == DONE_NORMAL; b = b->next) {
        if (b->n)
            done = render_when(c, b, &v, &matched);
        else if (!matched)
            done = lava_render_nodes(c, b->body);
    }
    return done;
}

static enum lava_done render_assign(struct lava_ctx *c, const struct lava_node *n)
{
    struct lava_value v;

    if (lava_eval(c, n->set.value, &v) < 0)
        return DONE_FAILED;
    c->slots[n->set.slot].assigned = v;
    c->has[n->set.slot] |= SLOT_ASSIGNED;
    return DONE_NORMAL;
}

static enum lava_done render_capture(struct lava_ctx *c, const struct lava_node *n)
{
    size_t from = c->out_n;
    enum lava_done done = lava_render_nodes(c, n->set.body);

    if (done == DONE_FAILED)
        return done;
    size_t len = c->out_n - from;
    char *text = lava_copy(c, c->out + from, len);
    c->out_n = from;
    if (!text)
        return DONE_FAILED;
    c->slots[n->set.slot].assigned = lava_string(text, len);
    c->has[n->set.slot] |= SLOT_ASSIGNED;
    return done;
}

/*
 * In Lava a counter is a thing of its own and begins with 0, whichever way it goes. Dialects begin
 * from what the caller gave, print a decrement after it was made, and show the counter as variable.
 */
static enum lava_done render_count(struct lava_ctx *c, const struct lava_node *n)
{
    struct lava_slot *s = &c->slots[n->count.slot];
    bool first = !(c->has[n->count.slot] & SLOT_COUNTER);
    struct decimal d;

    if (c->t->dialect) {
        struct lava_value room, given = *lava_slot_ref(c, n->count.slot, &room);
        if (first && ((c->has[n->count.slot] & SLOT_ASSIGNED) || given.type != LAVA_NUMBER ||
                      !decimal_to_i64(&given.num, &s->counter)))
            s->counter = 0;
        d = decimal_from_i64(n->count.down ? s->counter - 1 : s->counter);
        s->counter += n->count.down ? -1 : 1;
    } else {
        s->counter = first ? 0 : s->counter + (n->count.down ? -1 : 1);
        d = decimal_from_i64(s->counter);
    }
    c->has[n->count.slot] |= SLOT_COUNTER;
    return render_number(c, &d) < 0 ? DONE_FAILED : DONE_NORMAL;
}

static enum lava_done render_jump(struct lava_ctx *c, const struct lava_node *n)
{
    (void)c;
    return n->kind == NODE_BREAK      ? DONE_BREAK
           : n->kind == NODE_CONTINUE ? DONE_CONTINUE
                                      : DONE_RETURN;
}

typedef enum lava_done render_fn(struct lava_ctx *c, const struct lava_node *n);
static render_fn *const renderers[] = {[NODE_TEXT] = render_text,
                                       [NODE_OUTPUT] = render_output,
                                       [NODE_IF] = render_if,
                                       [NODE_CASE] = render_case,
                                       [NODE_FOR] = lava_render_for,
                                       [NODE_ASSIGN] = render_assign,
                                       [NODE_CAPTURE] = render_capture,
                                       [NODE_COUNT] = render_count,
                                       [NODE_CYCLE] = lava_render_cycle,
                                       [NODE_BREAK] = render_jump,
                                       [NODE_CONTINUE] = render_jump,
                                       [NODE_RETURN] = render_jump,
                                       [NODE_INCLUDE] = lava_render_include};

enum lava_done lava_render_nodes(struct lava_ctx *c, const struct lava_node *n)
{
    enum lava_done done = DONE_NORMAL;

    if (c->depth >= LAVA_MAX_RENDER_DEPTH) {
        lava_fail(c, "more than %d blocks in one another", LAVA_MAX_RENDER_DEPTH);
        return DONE_FAILED;
    }
    c->depth++;
    for (; n && done == DONE_NORMAL; n = n->next) {
        c->at = n->at;
        done = lava_ctx_step(c) ? renderers[n->kind](c, n) : DONE_FAILED;
    }
    c->depth--;
    return done;
}

/* --- workspace --- */

struct lava_work *lava_work_new(void)
{
    struct lava_work *w = xalloc(sizeof(*w));

    /* Renders stay below limits->memory; modules that take from the arena directly are bounded by
     * their inputs, which are below it, too. */
    w->c.mem = arena_new("lava render", SIZE_MAX / 2);
    (void)arena_alloc(w->c.mem, WORK_FIRST);
    arena_reset(w->c.mem);
    w->c.out_cap = OUT_FIRST;
    w->c.out = xalloc(OUT_FIRST);
    return w;
}

void lava_work_free(struct lava_work *w)
{
    if (!w)
        return;
    arena_free(w->c.mem);
    free(w->c.out);
    free(w->c.slots);
    free(w->c.has);
    free(w->c.resumes);
    vec_release(&w->c.cycles);
    free(w);
}

static void make_room(struct lava_ctx *c, const struct lava_template *t)
{
    if (c->slots_cap < t->n_slots) {
        c->slots_cap = t->n_slots;
        c->slots = xrealloc(c->slots, c->slots_cap * sizeof(*c->slots));
        c->has = xrealloc(c->has, c->slots_cap);
    }
    if (c->resumes_cap < t->n_resumes) {
        c->resumes_cap = t->n_resumes;
        c->resumes = xrealloc(c->resumes, c->resumes_cap * sizeof(*c->resumes));
    }
    if (t->n_slots)
        memset(c->has, 0, t->n_slots);
    if (t->n_resumes)
        memset(c->resumes, 0, t->n_resumes * sizeof(*c->resumes));
    vec_clear(&c->cycles);
}

int lava_render(const struct lava_template *t,
                const struct lava_env *env,
                const struct lava_limits *limits,
                struct lava_work *w,
                struct lava_str *out,
                struct err *err)
{
    struct lava_ctx *c = &w->c;

    arena_reset(c->mem);
    make_room(c, t);
    c->t = t;
    c->env = env;
    c->limits = limits ? limits : &lava_limits_default;
    c->steps = c->limits->steps;
    c->out_n = 0;
    c->out_end = c->out_cap < c->limits->output ? c->out_cap : c->limits->output;
    c->src = &t->source;
    c->at = 0;
    c->depth = c->nested = 0;
    c->hidden = c->failed = false;
    enum lava_done done = lava_render_nodes(c, t->body);
    if (done == DONE_FAILED || c->failed)
        return lava_source_fail(c->src, c->at, "lava.render", err, c->why);
    *out = (struct lava_str){c->out, c->out_n};
    return 0;
}
