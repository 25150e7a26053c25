/*
 * lava_render_p: a render that runs, shared by the files of the renderer. lava_render.c: nodes;
 * lava_render_loop.c: what repeats; lava_eval.c: expressions; lava_ctx.c: memory, limits, errors.
 */
#ifndef SYNC_CORE_LAVA_RENDER_P_H
#define SYNC_CORE_LAVA_RENDER_P_H

#include "common/base/vec.h"

#include "common/core/lava/lava_p.h"

enum { LAVA_MAX_RENDER_DEPTH = 400, LAVA_WHY = 160 };

/*
 * A root variable. It is looked up in this order: what a loop or an argument put over it, what was
 * assigned (dialects: then its counter), what the caller gave. `has` says which of them there are.
 */
enum lava_slot_has {
    SLOT_OVER = 1,
    SLOT_ASSIGNED = 2,
    SLOT_GIVEN = 4, /* asked of the caller's variables, whether they had it or not */
    SLOT_COUNTER = 8
};
struct lava_slot {
    struct lava_value over, assigned, given;
    int64_t counter;
};

struct lava_cycle_state {
    struct lava_str key;
    uint32_t next;
};

struct lava_ctx {
    const struct lava_template *t;
    const struct lava_env *env;
    const struct lava_limits *limits;
    struct arena *mem;
    uint64_t steps;                 /* left */
    char *out;                      /* the output so far; capture cuts its part off again */
    size_t out_n, out_cap, out_end; /* bytes; allocated; the least of that and the limit */
    struct lava_slot *slots;
    uint8_t *has; /* or of enum lava_slot_has, by slot */
    size_t slots_cap;
    int64_t *resumes; /* where loops ended, by number */
    size_t resumes_cap;
    vec(struct lava_cycle_state) cycles;
    const struct lava_source *src; /* what runs: for the position of an error */
    uint32_t at;
    unsigned depth, nested; /* blocks in blocks, partials in partials */
    bool hidden;            /* in an isolated partial: the caller's variables are not seen */
    bool failed;
    char why[LAVA_WHY];
};

struct lava_work {
    struct lava_ctx c;
};

enum lava_done { DONE_FAILED = -1, DONE_NORMAL, DONE_BREAK, DONE_CONTINUE, DONE_RETURN };

/* Charges one step; false when there is none left (failed is set). */
bool lava_ctx_exhausted(struct lava_ctx *c);
static inline bool lava_ctx_step(struct lava_ctx *c)
{
    if (__builtin_expect(c->steps-- == 0, 0))
        return !lava_ctx_exhausted(c);
    return true;
}
int lava_out_grow(struct lava_ctx *c, size_t n);
static inline int lava_out(struct lava_ctx *c, const char *p, size_t n)
{
    if (n == 0) /* p may be NULL then */
        return 0;
    if (__builtin_expect(n > c->out_end - c->out_n, 0) && lava_out_grow(c, n) < 0)
        return -1;
    memcpy(c->out + c->out_n, p, n);
    c->out_n += n;
    return 0;
}

int lava_eval(struct lava_ctx *c, const struct lava_expr *e, struct lava_value *ret);
/* -1 failed, else 0 or 1. */
int lava_eval_truth(struct lava_ctx *c, const struct lava_expr *e);
/* As lava_equal, or as the dialect has it. */
bool lava_eval_equal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b);
/* The variable's value where it lies (or in *room); it may change with the next assignment. */
const struct lava_value *lava_slot_ref(struct lava_ctx *c, uint32_t slot, struct lava_value *room);
/* lava_member without copies: ret is not v. */
void lava_member_into(struct lava_ctx *c,
                      const struct lava_value *v,
                      const struct lava_name *name,
                      struct lava_value *ret);

enum lava_done lava_render_nodes(struct lava_ctx *c, const struct lava_node *n);
enum lava_done lava_render_for(struct lava_ctx *c, const struct lava_node *n);
enum lava_done lava_render_cycle(struct lava_ctx *c, const struct lava_node *n);
enum lava_done lava_render_include(struct lava_ctx *c, const struct lava_node *n);
int lava_render_value(struct lava_ctx *c, const struct lava_value *v);

/* What is looped over: positions from..to of items or of a range. */
struct lava_span {
    const struct lava_value *items; /* NULL: a range that begins with `first` */
    int64_t first, n;
};

int lava_span_of(struct lava_ctx *c, const struct lava_value *v, struct lava_span *s);

/* A variable is put over another of the same name for the time of a block. */
struct lava_covered {
    struct lava_value value;
    uint8_t has;
};
struct lava_covered lava_cover(struct lava_ctx *c, uint32_t slot, const struct lava_value *v);
void lava_uncover(struct lava_ctx *c, uint32_t slot, const struct lava_covered *old);

/* The forloop object, for `each` positions 0..length. Lives in the render's memory. */
struct lava_forloop {
    int64_t index, length; /* index from 0 */
    struct lava_str name;  /* "item-items" */
    struct lava_value parent;
};
extern const struct lava_object_ops lava_forloop_ops;

#endif
