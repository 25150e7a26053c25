/* $filter: recursive descent, binding names and checking types on the way. */
#include <string.h>

#include "tests/sim/rock/odata_p.h"

#define DEPTH_MAX 100

struct parser {
    struct lexer lx;
    const struct entity *entity;
    int depth;
};

static struct odata_node *parse_or(struct parser *ps);

static const char *const op_words[] = {
    [OP_OR] = "or", [OP_AND] = "and", [OP_EQ] = "eq", [OP_NE] = "ne",
    [OP_GT] = "gt", [OP_GE] = "ge",   [OP_LT] = "lt", [OP_LE] = "le"};
static const char *const op_kinds[] = {
    [OP_OR] = "Or",          [OP_AND] = "And",
    [OP_EQ] = "Equal",       [OP_NE] = "NotEqual",
    [OP_GT] = "GreaterThan", [OP_GE] = "GreaterThanOrEqual",
    [OP_LT] = "LessThan",    [OP_LE] = "LessThanOrEqual",
};

static const struct {
    const char *name;
    enum edm_type result;
    size_t n_args;
    enum edm_type arg[2];
} functions[] = {
    [CALL_SUBSTRINGOF] = {"substringof", EDM_BOOLEAN, 2, {EDM_STRING, EDM_STRING}},
    [CALL_STARTSWITH] = {"startswith", EDM_BOOLEAN, 2, {EDM_STRING, EDM_STRING}},
    [CALL_ENDSWITH] = {"endswith", EDM_BOOLEAN, 2, {EDM_STRING, EDM_STRING}},
    [CALL_TOLOWER] = {"tolower", EDM_STRING, 1, {EDM_STRING}},
    [CALL_TOUPPER] = {"toupper", EDM_STRING, 1, {EDM_STRING}},
    [CALL_TRIM] = {"trim", EDM_STRING, 1, {EDM_STRING}},
    [CALL_LENGTH] = {"length", EDM_INT32, 1, {EDM_STRING}},
    [CALL_YEAR] = {"year", EDM_INT32, 1, {EDM_DATETIME}},
    [CALL_MONTH] = {"month", EDM_INT32, 1, {EDM_DATETIME}},
    [CALL_DAY] = {"day", EDM_INT32, 1, {EDM_DATETIME}},
};

const char *edm_name(enum edm_type t)
{
    static const char *const names[] = {[EDM_NULL] = "<null>",     [EDM_BOOLEAN] = "Edm.Boolean",
                                        [EDM_INT32] = "Edm.Int32", [EDM_STRING] = "Edm.String",
                                        [EDM_GUID] = "Edm.Guid",   [EDM_DATETIME] = "Edm.DateTime"};
    return names[t];
}

static void *refuse(bool always_false)
{
    (void)always_false;
    return NULL;
}

static struct odata_node *new_node(struct parser *ps, enum odata_kind kind, enum edm_type type)
{
    struct odata_node *n = arena_alloc(ps->lx.ctx->arena, sizeof(*n));
    n->kind = kind;
    n->type = type;
    return n;
}

static bool ordered(enum edm_type t)
{
    return t == EDM_INT32 || t == EDM_STRING || t == EDM_DATETIME;
}

static bool types_fit(enum odata_op op, enum edm_type a, enum edm_type b)
{
    if (op == OP_AND || op == OP_OR)
        return a == EDM_BOOLEAN && b == EDM_BOOLEAN;
    if (a != EDM_NULL && b != EDM_NULL && a != b)
        return false;
    return op == OP_EQ || op == OP_NE ||
           ((a == EDM_NULL || ordered(a)) && (b == EDM_NULL || ordered(b)));
}

/* An enum column compares with its member names only. */
static bool enum_fits(struct parser *ps, const struct odata_node *a, const struct odata_node *b)
{
    if (a->kind != NODE_PROPERTY || a->column->type != COLUMN_ENUM || b->kind != NODE_LITERAL ||
        b->type != EDM_STRING)
        return true;
    for (const char *const *name = a->column->names; *name; name++)
        if (strcmp(*name, b->literal.s) == 0)
            return true;
    return odata_fail(ps->lx.ctx, "The string '%.60s' is not a valid enumeration type constant.",
                      b->literal.s);
}

static struct odata_node *
operate(struct parser *ps, enum odata_op op, struct odata_node *a, struct odata_node *b)
{
    if (!types_fit(op, a->type, b->type))
        return refuse(odata_fail(
            ps->lx.ctx,
            "A binary operator with incompatible types was detected. Found operand types '%s' and "
            "'%s' for operator kind '%s'.",
            edm_name(a->type), edm_name(b->type), op_kinds[op]));
    if (!enum_fits(ps, a, b) || !enum_fits(ps, b, a))
        return NULL;
    struct odata_node *n = new_node(ps, NODE_OPERATOR, EDM_BOOLEAN);
    n->op = op;
    n->arg[0] = a;
    n->arg[1] = b;
    n->n_args = 2;
    return n;
}

enum edm_type edm_of(const struct column *col)
{
    static const enum edm_type types[] = {
        [COLUMN_INT] = EDM_INT32,   [COLUMN_TEXT] = EDM_STRING,  [COLUMN_BOOL] = EDM_BOOLEAN,
        [COLUMN_ENUM] = EDM_STRING, [COLUMN_GUID] = EDM_GUID,    [COLUMN_TIME] = EDM_DATETIME,
        [COLUMN_NULL] = EDM_STRING, [COLUMN_COMPUTED] = EDM_NULL};
    return types[col->type];
}

/* One step of a path: to a column (n->column set) or through a navigation property; NULL: refused.
 */
static const struct entity *
property_step(struct lexer *lx, const struct entity *e, struct odata_node *n)
{
    struct token name = lx->now;
    if (name.type != TOKEN_NAME)
        return refuse(odata_syntax(lx));
    int col = entity_column(e, name.p, name.n), nav = entity_nav(e, name.p, name.n);
    if (col >= 0 && e->columns[col].type != COLUMN_COMPUTED) {
        n->column = &e->columns[col];
        return e;
    }
    if (nav < 0 || e->navs[nav].is_list || e->navs[nav].target < 0 ||
        n->n_path == ARRAY_LEN(n->path))
        return refuse(odata_fail(lx->ctx, "Could not find a property named '%.*s' on type '%s'.",
                                 (int)name.n, name.p, e->type_name));
    n->path[n->n_path++] = &e->navs[nav];
    return entity_of((enum table_id)e->navs[nav].target);
}

struct odata_node *odata_property(struct lexer *lx, const struct entity *e)
{
    struct odata_node *n = arena_alloc(lx->ctx->arena, sizeof(*n));
    n->kind = NODE_PROPERTY;
    for (;;) {
        e = property_step(lx, e, n);
        if (!e || !lexer_next(lx))
            return NULL;
        if (n->column) {
            n->type = edm_of(n->column);
            n->nullable = n->column->nullable || n->n_path > 0;
            return n;
        }
        if (lx->now.type != TOKEN_SLASH)
            return refuse(odata_syntax(lx));
        if (!lexer_next(lx))
            return NULL;
    }
}

static struct odata_node *parse_call(struct parser *ps, enum odata_function f)
{
    struct odata_node *n = new_node(ps, NODE_CALL, functions[f].result);
    n->call = f;
    n->nullable = true;
    bool more = lexer_next(&ps->lx); /* over the parenthesis */
    for (size_t i = 0; more && i < functions[f].n_args; i++) {
        struct odata_node *arg = parse_or(ps);
        if (!arg)
            return NULL;
        if (arg->type != functions[f].arg[i] && arg->type != EDM_NULL)
            return refuse(
                odata_fail(ps->lx.ctx,
                           "No function signature for the function with name '%s' matches the "
                           "specified arguments.",
                           functions[f].name));
        n->arg[n->n_args++] = arg;
        enum token_type wanted = i + 1 < functions[f].n_args ? TOKEN_COMMA : TOKEN_CLOSE;
        if (ps->lx.now.type != wanted)
            return refuse(odata_syntax(&ps->lx));
        more = lexer_next(&ps->lx);
    }
    return more ? n : NULL;
}

static struct odata_node *parse_name(struct parser *ps)
{
    struct token name = ps->lx.now;
    const char *after = ps->lx.at;
    while (*after == ' ')
        after++;
    if (*after != '(')
        return odata_property(&ps->lx, ps->entity);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        if (lexer_is(&ps->lx, functions[i].name))
            return lexer_next(&ps->lx) ? parse_call(ps, (enum odata_function)i) : NULL;
    }
    return refuse(
        odata_fail(ps->lx.ctx,
                   "An unknown function with name '%.*s' was found. This may also be a key lookup "
                   "on a navigation property, which is not allowed.",
                   (int)name.n, name.p));
}

static struct odata_node *parse_group(struct parser *ps)
{
    if (!lexer_next(&ps->lx))
        return NULL;
    struct odata_node *n = parse_or(ps);
    if (!n)
        return NULL;
    if (ps->lx.now.type != TOKEN_CLOSE)
        return refuse(odata_syntax(&ps->lx));
    return lexer_next(&ps->lx) ? n : NULL;
}

static struct odata_node *parse_not(struct parser *ps)
{
    if (!lexer_is(&ps->lx, "not")) {
        if (ps->lx.now.type == TOKEN_NAME)
            return parse_name(ps);
        if (ps->lx.now.type == TOKEN_OPEN)
            return parse_group(ps);
        if (ps->lx.now.type != TOKEN_LITERAL)
            return refuse(odata_syntax(&ps->lx));
        struct odata_node *n = new_node(ps, NODE_LITERAL, ps->lx.now.value.type);
        n->literal = ps->lx.now.value;
        n->nullable = n->type == EDM_NULL || n->type == EDM_STRING;
        return lexer_next(&ps->lx) ? n : NULL;
    }
    struct odata_node *inner = lexer_next(&ps->lx) ? parse_not(ps) : NULL;
    if (!inner)
        return NULL;
    if (inner->type != EDM_BOOLEAN)
        return refuse(
            odata_fail(ps->lx.ctx,
                       "A unary operator with an incompatible type was detected. Found operand "
                       "type '%s' for operator kind 'Not'.",
                       edm_name(inner->type)));
    struct odata_node *n = new_node(ps, NODE_OPERATOR, EDM_BOOLEAN);
    n->op = OP_NOT;
    n->arg[n->n_args++] = inner;
    return n;
}

/* Left-associative operators between first and last, operands one level tighter. */
static struct odata_node *parse_level(struct parser *ps,
                                      enum odata_op first,
                                      enum odata_op last,
                                      struct odata_node *(*tighter)(struct parser *))
{
    struct odata_node *left = tighter(ps);
    while (left) {
        int op = (int)first;
        while (op <= (int)last && !lexer_is(&ps->lx, op_words[op]))
            op++;
        if (op > (int)last)
            return left;
        struct odata_node *right = lexer_next(&ps->lx) ? tighter(ps) : NULL;
        left = right ? operate(ps, (enum odata_op)op, left, right) : NULL;
    }
    return NULL;
}

static struct odata_node *parse_compare(struct parser *ps)
{
    return parse_level(ps, OP_EQ, OP_LE, parse_not);
}

static struct odata_node *parse_and(struct parser *ps)
{
    return parse_level(ps, OP_AND, OP_AND, parse_compare);
}

static struct odata_node *parse_or(struct parser *ps)
{
    if (++ps->depth > DEPTH_MAX)
        return refuse(odata_fail(ps->lx.ctx, "Recursion limit reached."));
    struct odata_node *n = parse_level(ps, OP_OR, OP_OR, parse_and);
    ps->depth--;
    return n;
}

/*
 * Nodes as the library's validator counts them: an operator, a call, a constant are one each; a
 * property is one, plus one for each step of its path and one for the row variable; a conversion
 * between nullable and not is one.
 * @source System.Web.Http.OData FilterQueryValidator (default MaxNodeCount 100)
 */
static int count_nodes(const struct odata_node *n)
{
    if (n->kind == NODE_LITERAL)
        return 1;
    if (n->kind == NODE_PROPERTY)
        return 2 + (int)n->n_path;
    int sum = 1;
    for (size_t i = 0; i < n->n_args; i++)
        sum += count_nodes(n->arg[i]);
    if (n->kind == NODE_OPERATOR && n->op >= OP_EQ && n->op <= OP_LE &&
        n->arg[0]->nullable != n->arg[1]->nullable)
        sum++;
    return sum;
}

bool odata_filter(struct odata_context *ctx,
                  const struct entity *e,
                  const char *text,
                  struct odata_node **ret)
{
    *ret = NULL;
    if (!*text)
        return true;
    struct parser ps = {.entity = e};
    struct odata_node *n = lexer_start(&ps.lx, ctx, text) ? parse_or(&ps) : NULL;
    if (!n)
        return false;
    if (ps.lx.now.type != TOKEN_END)
        return odata_syntax(&ps.lx);
    if (n->type != EDM_BOOLEAN)
        return odata_fail(ctx, "The $filter expression must evaluate to a single boolean value.");
    if (count_nodes(n) > ODATA_NODES_MAX)
        return odata_fail(
            ctx,
            "The node count limit of '%d' has been exceeded. To increase the limit, set the "
            "'MaxNodeCount' property on EnableQueryAttribute or ODataValidationSettings.",
            ODATA_NODES_MAX);
    *ret = n;
    return true;
}
