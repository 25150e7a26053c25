/*
 * What repeats: for and its forloop, cycle.
 */
#include "common/core/lava/lava_known.h"
#include "common/core/lava/lava_render_p.h"

/* --- forloop --- */

static bool forloop_get(const void *self,
                        const struct lava_name *name,
                        struct lava_ctx *c,
                        struct lava_value *ret)
{
    const struct lava_forloop *f = self;
    uint16_t known = name->known ? name->known : lava_known_find(name->p, name->n);

    (void)c;
    switch (known) {
    case LAVA_KNOWN_index:
        *ret = lava_int(f->index + 1);
        return true;
    case LAVA_KNOWN_index0:
        *ret = lava_int(f->index);
        return true;
    case LAVA_KNOWN_rindex:
        *ret = lava_int(f->length - f->index);
        return true;
    case LAVA_KNOWN_rindex0:
        *ret = lava_int(f->length - f->index - 1);
        return true;
    case LAVA_KNOWN_first:
        *ret = lava_bool(f->index == 0);
        return true;
    case LAVA_KNOWN_last:
        *ret = lava_bool(f->index == f->length - 1);
        return true;
    case LAVA_KNOWN_length:
        *ret = lava_int(f->length);
        return true;
    case LAVA_KNOWN_parentloop:
        *ret = f->parent;
        return true;
    case LAVA_KNOWN_name:
        *ret = lava_string(f->name.p, f->name.n);
        return true;
    default:
        return false;
    }
}

static size_t forloop_count(const void *self)
{
    (void)self;
    return 0;
}

static void forloop_entry(
    const void *self, size_t i, struct lava_ctx *c, struct lava_str *key, struct lava_value *ret)
{
    (void)self;
    (void)i;
    (void)c;
    *key = LAVA_STR("");
    *ret = lava_nil();
}

const struct lava_object_ops lava_forloop_ops = {
    .name = "forloop", .get = forloop_get, .count = forloop_count, .entry = forloop_entry};

/* --- for --- */

/* A text is one item, when there is any of it; what has no items has none. */
int lava_span_of(struct lava_ctx *c, const struct lava_value *v, struct lava_span *s)
{
    size_t n = 0;

    *s = (struct lava_span){0};
    switch (v->type) {
    case LAVA_RANGE:
        s->first = v->range.from;
        if (v->range.to < v->range.from)
            return 0;
        if (__builtin_sub_overflow(v->range.to, v->range.from, &s->n) || s->n > INT32_MAX)
            s->n = INT32_MAX; /* beyond any number of steps */
        s->n++;
        return 0;
    case LAVA_STRING:
        if (!v->n)
            return 0;
        break;
    case LAVA_ARRAY:
    case LAVA_OBJECT:
        break;
    default:
        return 0;
    }
    if (lava_items(c, v, &s->items, &n) < 0)
        return -1;
    s->n = (int64_t)n;
    return 0;
}

/* limit and offset: a number, or a text that reads as one; in Lava anything else counts as 0. */
static int whole(struct lava_ctx *c, const struct lava_expr *e, int64_t *ret)
{
    struct lava_value v;
    struct decimal d;

    *ret = 0;
    if (lava_eval(c, e, &v) < 0)
        return -1;
    if (!lava_to_number(&v, &d))
        return c->t->dialect && v.type != LAVA_NIL ? lava_fail(c, "this is no whole number") : 0;
    if (!decimal_to_i64(&d, ret) || *ret > INT32_MAX || *ret < -INT32_MAX)
        *ret = d.neg ? -INT32_MAX : INT32_MAX;
    return 0;
}

static int64_t clamp(int64_t v, int64_t max)
{
    return v < 0 ? 0 : v > max ? max : v;
}

static int narrow(struct lava_ctx *c, const struct lava_for *f, struct lava_span *s)
{
    int64_t offset = 0, limit;

    if (f->resumes)
        offset = c->resumes[f->resume];
    else if (f->offset && whole(c, f->offset, &offset) < 0)
        return -1;
    int64_t to = s->n;
    if (f->limit) {
        if (whole(c, f->limit, &limit) < 0)
            return -1;
        /* Fluid: a limit below 0 is all but the last ones. Liquid: it is none. */
        to = limit < 0 && !c->t->dialect ? s->n + limit : offset + limit;
    }
    to = clamp(to, s->n);
    offset = clamp(offset, to);
    s->n = to - offset;
    if (s->items)
        s->items += offset;
    else
        s->first += offset;
    c->resumes[f->resume] = offset + s->n;
    return 0;
}

struct lava_covered lava_cover(struct lava_ctx *c, uint32_t slot, const struct lava_value *v)
{
    struct lava_covered old = {c->slots[slot].over, c->has[slot] & SLOT_OVER};

    c->slots[slot].over = *v;
    c->has[slot] |= SLOT_OVER;
    return old;
}

void lava_uncover(struct lava_ctx *c, uint32_t slot, const struct lava_covered *old)
{
    c->slots[slot].over = old->value;
    c->has[slot] = (uint8_t)((c->has[slot] & ~SLOT_OVER) | old->has);
}

static struct lava_value span_at(const struct lava_for *f, const struct lava_span *s, int64_t i)
{
    int64_t at = f->reversed ? s->n - 1 - i : i;

    return s->items ? s->items[at] : lava_int(s->first + at);
}

static enum lava_done iterate(struct lava_ctx *c,
                              const struct lava_for *f,
                              const struct lava_span *s,
                              struct lava_forloop *loop)
{
    enum lava_done done = DONE_NORMAL;

    loop->length = s->n;
    for (int64_t i = 0; i < s->n; i++) {
        struct lava_value item = span_at(f, s, i);
        if (!lava_ctx_step(c))
            return DONE_FAILED;
        c->slots[f->slot].over = item;
        loop->index = i;
        done = lava_render_nodes(c, f->body);
        if (done != DONE_NORMAL && done != DONE_CONTINUE)
            break;
        done = DONE_NORMAL;
    }
    return done == DONE_BREAK ? DONE_NORMAL : done;
}

enum lava_done lava_render_for(struct lava_ctx *c, const struct lava_node *n)
{
    const struct lava_for *f = n->loop;
    struct lava_value v;
    struct lava_span s;

    if (lava_eval(c, f->in, &v) < 0 || lava_span_of(c, &v, &s) < 0 || narrow(c, f, &s) < 0)
        return DONE_FAILED;
    if (s.n <= 0)
        return lava_render_nodes(c, f->otherwise);
    struct lava_forloop *loop = lava_alloc(c, sizeof(*loop));
    if (!loop)
        return DONE_FAILED;
    v = lava_object(&lava_forloop_ops, loop);
    loop->name = f->name;
    struct lava_covered outer = lava_cover(c, f->forloop_slot, &v);
    struct lava_covered item = lava_cover(c, f->slot, &v);
    loop->parent = outer.has ? outer.value : lava_nil();
    enum lava_done done = iterate(c, f, &s, loop);
    lava_uncover(c, f->slot, &item);
    lava_uncover(c, f->forloop_slot, &outer);
    return done;
}

/* --- cycle --- */

static struct lava_cycle_state *cycle_state(struct lava_ctx *c, struct lava_str key)
{
    if (lava_step(c, c->cycles.n / 4) < 0)
        return NULL;
    vec_foreach (one, &c->cycles)
        if (lava_str_eq(one->key, key))
            return one;
    if (lava_step(c, sizeof(struct lava_cycle_state)) < 0)
        return NULL;
    vec_push(&c->cycles, (struct lava_cycle_state){.key = key});
    return &c->cycles.v[c->cycles.n - 1];
}

/* Lava goes around by how many values there are now; dialects by how many there were. */
static uint32_t cycle_turn(const struct lava_ctx *c, struct lava_cycle_state *s, uint32_t n)
{
    uint32_t i = c->t->dialect ? s->next : s->next % n;

    s->next = i + 1;
    if (c->t->dialect && s->next >= n)
        s->next = 0;
    return i;
}

enum lava_done lava_render_cycle(struct lava_ctx *c, const struct lava_node *n)
{
    struct lava_value group = lava_nil(), v = lava_nil();
    struct lava_str key = n->cycle.key, text;

    if (n->cycle.group) {
        if (lava_eval(c, n->cycle.group, &group) < 0 || lava_text(c, &group, &text) < 0)
            return DONE_FAILED;
        struct lava_str pieces[] = {c->t->dialect ? LAVA_STR("\1") : LAVA_STR(""), text};
        struct lava_value name;
        if (lava_concat(c, pieces, 2, &name) < 0)
            return DONE_FAILED;
        key = lava_str_of(&name);
    }
    struct lava_cycle_state *s = cycle_state(c, key);
    if (!s)
        return DONE_FAILED;
    uint32_t i = cycle_turn(c, s, n->cycle.n);
    if (i < n->cycle.n && lava_eval(c, n->cycle.values[i], &v) < 0)
        return DONE_FAILED;
    return lava_render_value(c, &v) < 0 ? DONE_FAILED : DONE_NORMAL;
}
