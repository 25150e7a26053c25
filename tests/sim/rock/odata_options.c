/* $expand, $select, $orderby, $top and $skip. */
#include <errno.h>
#include <string.h>

#include "tests/sim/rock/odata_p.h"

static struct odata_shape *new_shape(struct odata_context *ctx, const struct entity *e)
{
    struct odata_shape *s = arena_alloc(ctx->arena, sizeof(*s));
    s->entity = e;
    return s;
}

static bool
no_such_property(struct odata_context *ctx, const struct entity *e, const struct token *name)
{
    return odata_fail(ctx, "Could not find a property named '%.*s' on type '%s'.", (int)name->n,
                      name->p, e->type_name);
}

/* A navigation property without rows behind it (Users, Schedule) still needs an entity to be
 * expanded. */
static const struct entity *target_of(const struct nav *nav)
{
    return nav->target < 0 ? entity_of(TABLE_CAMPUS) : entity_of((enum table_id)nav->target);
}

static bool expand_path(struct lexer *lx, struct odata_shape *shape)
{
    for (unsigned depth = 1;; depth++) {
        struct token name = lx->now;
        if (name.type != TOKEN_NAME)
            return odata_syntax(lx);
        if (depth > lx->ctx->max_expand)
            return odata_fail(lx->ctx,
                              "The request includes a $expand path which is too deep. The maximum "
                              "depth allowed is %u. To "
                              "increase the limit, set the 'MaxExpansionDepth' property on "
                              "EnableQueryAttribute or "
                              "ODataValidationSettings.",
                              lx->ctx->max_expand);
        int i = entity_nav(shape->entity, name.p, name.n);
        if (i < 0 && entity_column(shape->entity, name.p, name.n) >= 0)
            return odata_fail(
                lx->ctx,
                "Property '%.*s' on type '%s' is not a navigation property. Only navigation "
                "properties can be expanded.",
                (int)name.n, name.p, shape->entity->type_name);
        if (i < 0)
            return no_such_property(lx->ctx, shape->entity, &name);
        if (!shape->expanded[i])
            shape->expanded[i] = new_shape(lx->ctx, target_of(&shape->entity->navs[i]));
        shape = shape->expanded[i];
        if (!lexer_next(lx))
            return false;
        if (lx->now.type != TOKEN_SLASH)
            return true;
        if (lx->ctx->v4)
            return odata_syntax(lx);
        if (!lexer_next(lx))
            return false;
    }
}

/* The last step of a $select path: a column, or an expanded navigation property as a whole. */
static bool select_last(struct lexer *lx, struct odata_shape *shape, const struct token *name)
{
    int col = entity_column(shape->entity, name->p, name->n),
        nav = entity_nav(shape->entity, name->p, name->n);
    shape->narrowed = true;
    if (nav >= 0 && shape->expanded[nav]) {
        shape->kept[nav] = true;
        return true;
    }
    if (nav >= 0)
        return odata_fail(lx->ctx,
                          "The navigation property '%.*s' in $select must also be in $expand.",
                          (int)name->n, name->p);
    if (col < 0 || shape->entity->columns[col].type == COLUMN_COMPUTED)
        return no_such_property(lx->ctx, shape->entity, name);
    shape->columns[col] = true;
    return true;
}

static bool select_path(struct lexer *lx, struct odata_shape *shape)
{
    for (;;) {
        struct token name = lx->now;
        if (name.type != TOKEN_NAME)
            return odata_syntax(lx);
        if (!lexer_next(lx))
            return false;
        if (lx->now.type != TOKEN_SLASH)
            return select_last(lx, shape, &name);
        int nav = entity_nav(shape->entity, name.p, name.n);
        if (nav < 0)
            return no_such_property(lx->ctx, shape->entity, &name);
        if (!shape->expanded[nav])
            return odata_fail(lx->ctx,
                              "The navigation property '%.*s' in $select must also be in $expand.",
                              (int)name.n, name.p);
        shape->narrowed = true;
        shape->kept[nav] = true;
        shape = shape->expanded[nav];
        if (!lexer_next(lx))
            return false;
    }
}

static bool each_path(struct odata_context *ctx,
                      struct odata_shape *root,
                      const char *text,
                      bool (*path)(struct lexer *, struct odata_shape *))
{
    struct lexer lx;
    if (!*text)
        return true;
    if (!lexer_start(&lx, ctx, text))
        return false;
    for (;;) {
        if (!path(&lx, root))
            return false;
        if (lx.now.type == TOKEN_END)
            return true;
        if (lx.now.type != TOKEN_COMMA)
            return odata_syntax(&lx);
        if (!lexer_next(&lx))
            return false;
    }
}

bool odata_shape(struct odata_context *ctx,
                 const struct entity *e,
                 const char *expand,
                 const char *select,
                 struct odata_shape **ret)
{
    *ret = new_shape(ctx, e);
    if (!each_path(ctx, *ret, expand, expand_path))
        return false;
    return strcmp(select, "*") == 0 || each_path(ctx, *ret, select, select_path);
}

bool odata_orderby(struct odata_context *ctx,
                   const struct entity *e,
                   const char *text,
                   struct odata_query *q)
{
    struct lexer lx;
    if (!*text)
        return true;
    if (!lexer_start(&lx, ctx, text))
        return false;
    for (;;) {
        if (q->n_order == ODATA_ORDERBY_MAX)
            return odata_fail(ctx,
                              "The number of clauses in $orderby query option exceeded the maximum "
                              "number allowed. "
                              "The maximum number of $orderby clauses allowed is %d.",
                              ODATA_ORDERBY_MAX);
        struct odata_node *n = odata_property(&lx, e);
        if (!n)
            return false;
        bool descending = lexer_is(&lx, "desc");
        if ((descending || lexer_is(&lx, "asc")) && !lexer_next(&lx))
            return false;
        q->order[q->n_order++] = (struct odata_order){n, descending};
        if (lx.now.type == TOKEN_END)
            return true;
        if (lx.now.type != TOKEN_COMMA)
            return odata_syntax(&lx);
        if (!lexer_next(&lx))
            return false;
    }
}

bool odata_count(struct odata_context *ctx, const char *option, const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (!*text || *end || errno || v < 0 || v > INT32_MAX)
        return odata_fail(
            ctx,
            "Invalid value '%.60s' for %s query option found. The %s query option requires a "
            "non-negative integer value.",
            text, option, option);
    *ret = v;
    return true;
}
