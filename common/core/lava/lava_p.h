/*
 * lava_p: what a parsed template is made of, shared by parser, renderer and check.
 *
 * A tree of nodes and expressions in the template's arena, never changed after parsing. Names of
 * root variables are numbered: a render holds its variables in an array of slots.
 */
#ifndef SYNC_CORE_LAVA_P_H
#define SYNC_CORE_LAVA_P_H

#include "common/base/arena.h"

#include "common/core/lava/lava.h"
#include "common/core/lava/lava_dialect.h"
#include "common/core/lava/lava_filter.h"

enum { LAVA_NO_SLOT = UINT32_MAX };

/* Comments taken out of a text: at `at` of what is left, `skipped` bytes are missing so far. */
struct lava_cut {
    uint32_t at, skipped;
};

/* One text: the template itself or a partial. */
struct lava_source {
    struct lava_str name; /* of a partial; empty for the template */
    const char *raw;      /* as it was written, for line and column */
    uint32_t raw_n;
    const char *text; /* without Lava's comments; what positions count in */
    uint32_t n;
    const struct lava_cut *cuts;
    uint32_t n_cuts;
};

void lava_source_where(const struct lava_source *s, uint32_t at, uint32_t *line, uint32_t *column);
/* Fills *err with "line:column: text"; returns -1. */
int lava_source_fail(
    const struct lava_source *s, uint32_t at, const char *code, struct err *err, const char *text);

enum lava_expr_kind {
    EXPR_CONST,
    EXPR_PATH,
    EXPR_RANGE,
    EXPR_FILTERED,
    EXPR_COMPARE,
    EXPR_AND,
    EXPR_OR
};
enum lava_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_CONTAINS, OP_STARTSWITH, OP_ENDSWITH };

struct lava_expr;

struct lava_segment {              /* .name or [index] */
    const struct lava_expr *index; /* NULL: name */
    struct lava_name name;
};

struct lava_call {                    /* | filter: arguments */
    const struct lava_filter *filter; /* NULL: there is none of this name */
    struct lava_str name;
    uint32_t at, n;
    const struct lava_expr *const *args;
    const struct lava_value *constants; /* all arguments, when all of them are literals */
    const struct lava_str *names;       /* NULL when all are positional */
    const void *prepared;
};

struct lava_expr {
    uint8_t kind, op; /* enum lava_expr_kind, enum lava_op */
    uint32_t at;
    union {
        struct lava_value value;
        struct {
            uint32_t slot, n;
            const struct lava_expr *root; /* when slot is LAVA_NO_SLOT: gives the name */
            const struct lava_segment *segments;
        } path;
        struct { /* range, comparison, and, or */
            const struct lava_expr *a, *b;
        } pair;
        struct {
            const struct lava_expr *in;
            const struct lava_call *calls;
            uint32_t n;
        } filtered;
    };
};

enum lava_node_kind {
    NODE_TEXT,
    NODE_OUTPUT,
    NODE_IF, /* elsif, else, unless too */
    NODE_CASE,
    NODE_FOR,
    NODE_ASSIGN,
    NODE_CAPTURE,
    NODE_COUNT, /* increment, decrement */
    NODE_CYCLE,
    NODE_BREAK,
    NODE_CONTINUE,
    NODE_RETURN,
    NODE_INCLUDE /* render too */
};

struct lava_node;

struct lava_branch {
    const struct lava_expr *const *conditions; /* any of them; n = 0: else */
    uint32_t n;
    bool negate; /* unless */
    const struct lava_node *body;
    struct lava_branch *next;
};

struct lava_for {
    uint32_t slot, forloop_slot;
    uint32_t resume; /* number of the position that `offset: continue` goes on from */
    bool reversed, resumes;
    struct lava_str name;                        /* "item-items", for forloop.name */
    const struct lava_expr *in, *limit, *offset; /* the last two may be NULL */
    const struct lava_node *body, *otherwise;
};

struct lava_binding { /* name: value of include and render */
    uint32_t slot;
    const struct lava_expr *value;
};

struct lava_include {
    const struct lava_expr *name;
    const struct lava_expr *with; /* NULL: nothing bound */
    struct lava_str as;           /* name of what is bound; p NULL: that of the partial */
    bool each;                    /* `for`: once per item */
    bool isolated;                /* render: sees nothing but its arguments */
    const struct lava_binding *args;
    uint32_t n, forloop_slot;
};

struct lava_node {
    uint8_t kind; /* enum lava_node_kind */
    uint32_t at;
    const struct lava_node *next;
    union {
        struct lava_str text;
        const struct lava_expr *output;
        const struct lava_branch *branches; /* if */
        struct {
            const struct lava_expr *value;
            const struct lava_branch *branches;
        } choice;
        const struct lava_for *loop;
        struct {
            uint32_t slot;
            const struct lava_expr *value; /* assign */
            const struct lava_node *body;  /* capture */
        } set;
        struct {
            uint32_t slot;
            bool down;
        } count;
        struct {
            const struct lava_expr *group; /* NULL: none */
            struct lava_str key;           /* then: what it is known by */
            const struct lava_expr *const *values;
            uint32_t n;
        } cycle;
        const struct lava_include *include;
    };
};

struct lava_part { /* a partial after parsing */
    struct lava_source source;
    const struct lava_node *body;
    bool bad; /* does not parse: fails when it is rendered */
};

struct lava_template {
    struct arena *arena; /* owns everything, itself too */
    const struct lava_dialect *dialect;
    struct lava_source source;
    const struct lava_node *body;
    const struct lava_name *names; /* of root variables, by slot */
    uint32_t n_slots, n_resumes;
    const struct lava_part *parts;
    size_t n_parts;
};

/* -1 when there is none of that name. */
long lava_slot_find(const struct lava_template *t, struct lava_str name);

#endif
