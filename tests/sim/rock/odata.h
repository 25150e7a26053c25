/*
 * odata: the query options that Rock's REST v1 understands: OData version 3, as Microsoft's Web API
 * library reads it.
 *
 * Parsing binds names to the entity's columns and checks types, so that what Rock refuses is
 * refused here, with the library's reason. Not there, and refused: any/all, arithmetic. All results
 * live in the arena.
 * @source reference/rock.md section 3.3; texts from section 3.5
 */
#ifndef SIM_ROCK_ODATA_H
#define SIM_ROCK_ODATA_H

#include "common/base/str.h"

#include "tests/sim/rock/entities.h"

#define ODATA_NODES_MAX   100
#define ODATA_ORDERBY_MAX 5

enum edm_type { EDM_NULL, EDM_BOOLEAN, EDM_INT32, EDM_STRING, EDM_GUID, EDM_DATETIME };

struct odata_value {
    enum edm_type type; /* EDM_NULL: null */
    union {
        bool b;
        int64_t i; /* number, or ticks */
        const char *s;
        struct guid g;
    };
};

enum odata_op { OP_OR, OP_AND, OP_EQ, OP_NE, OP_GT, OP_GE, OP_LT, OP_LE, OP_NOT };
enum odata_kind { NODE_LITERAL, NODE_PROPERTY, NODE_OPERATOR, NODE_CALL };
enum odata_function {
    CALL_SUBSTRINGOF,
    CALL_STARTSWITH,
    CALL_ENDSWITH,
    CALL_TOLOWER,
    CALL_TOUPPER,
    CALL_TRIM,
    CALL_LENGTH,
    CALL_YEAR,
    CALL_MONTH,
    CALL_DAY
};

struct odata_node {
    enum odata_kind kind;
    enum edm_type type; /* of the value it gives; an enum property is EDM_STRING */
    bool nullable;
    struct odata_value literal;
    const struct nav *path[2]; /* NODE_PROPERTY: through these ... */
    size_t n_path;
    const struct column *column; /* ... to this */
    enum odata_op op;
    enum odata_function call;
    struct odata_node *arg[2];
    size_t n_args;
};

/* What one entity shows in the answer. */
struct odata_shape {
    const struct entity *entity;
    bool narrowed;                    /* a $select named something at this level */
    bool columns[ENTITY_COLUMNS_MAX]; /* narrowed: these only */
    struct odata_shape *expanded[ENTITY_NAVS_MAX];
    bool kept[ENTITY_NAVS_MAX]; /* narrowed: expanded ones that $select named */
};

struct odata_order {
    struct odata_node *property;
    bool descending;
};

struct odata_query {
    const struct entity *entity;
    struct odata_node *filter; /* NULL: all */
    struct odata_shape *shape;
    struct odata_order order[ODATA_ORDERBY_MAX];
    size_t n_order;
    int64_t top, skip; /* top -1: no limit */
    bool include_deceased;
};

struct odata_context {
    struct arena *arena;
    struct str *reason;  /* receives why a query is refused, in the library's words */
    unsigned max_expand; /* levels; 2, or 4 for Groups/GetFamilies */
    bool v4;             /* the dialect of a development line: no typed literals, no slash paths */
};

/* Each returns false with ctx->reason filled. text may be "": then as if absent. */
bool odata_filter(struct odata_context *ctx,
                  const struct entity *e,
                  const char *text,
                  struct odata_node **ret);
bool odata_shape(struct odata_context *ctx,
                 const struct entity *e,
                 const char *expand,
                 const char *select,
                 struct odata_shape **ret);
bool odata_orderby(struct odata_context *ctx,
                   const struct entity *e,
                   const char *text,
                   struct odata_query *q);
bool odata_count(struct odata_context *ctx, const char *option, const char *text, int64_t *ret);

/* Whether the row passes, with SQL Server's comparison of text (any case, trailing blanks do not
 * count). */
bool odata_matches(struct church *c, const struct odata_node *filter, const void *row);
/* Runs the query: ids' rows in answer order, through emit. */
void odata_run(struct church *c,
               const struct odata_query *q,
               void (*emit)(void *user, const void *row),
               void *user);
/* Appends the row as JSON. */
void odata_write(struct church *c,
                 const struct odata_shape *shape,
                 const void *row,
                 struct str *out);

#endif
