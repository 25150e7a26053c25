/*
 * Running a query: rows by Id, by index where the filter names ids, else one walk over the table.
 *
 * A filter's conjuncts are searched for "Id gt n" (where the walk starts) and for "X eq a or X eq b
 * ..." on an indexed column (which rows can match at all). The whole filter is still evaluated for
 * each candidate.
 */
#include <string.h>

#include "tests/sim/rock/odata_p.h"

struct keys {
    const struct column *column; /* NULL: not usable */
    vec(int32_t) v;
};

struct plan {
    struct keys keys;
    int32_t above; /* Id must be greater */
};

struct run {
    struct church *c;
    const struct odata_query *q;
    void (*emit)(void *user, const void *row);
    void *user;
    int64_t skip, top;
    vec(const void *) sorted; /* only with an order of its own */
    bool by_id;
};

static const struct column *own_int(const struct odata_node *n)
{
    return n->kind == NODE_PROPERTY && n->n_path == 0 && n->column->type == COLUMN_INT ? n->column
                                                                                       : NULL;
}

static bool is_id(const struct column *col)
{
    return col && col->offset == offsetof(struct row, id);
}

/* "column eq number" on a column that rows can be found by; NULL when it is something else. */
static const struct column *key_column(const struct odata_node *n)
{
    if (n->op != OP_EQ || n->arg[1]->kind != NODE_LITERAL || n->arg[1]->type != EDM_INT32)
        return NULL;
    const struct column *col = own_int(n->arg[0]);
    return col && (col->indexed || is_id(col)) ? col : NULL;
}

/* Collects the literals of an "or" tree of equalities on one column; false when it is something
 * else. */
static bool collect_keys(const struct odata_node *n, struct keys *keys)
{
    if (n->kind != NODE_OPERATOR)
        return false;
    if (n->op == OP_OR)
        return collect_keys(n->arg[0], keys) && collect_keys(n->arg[1], keys);
    const struct column *col = key_column(n);
    if (!col || (keys->column && keys->column != col))
        return false;
    keys->column = col;
    vec_push(&keys->v, (int32_t)n->arg[1]->literal.i);
    return true;
}

static void plan_conjunct(const struct odata_node *n, struct plan *plan)
{
    if (n->kind != NODE_OPERATOR)
        return;
    if (n->op == OP_AND) {
        plan_conjunct(n->arg[0], plan);
        plan_conjunct(n->arg[1], plan);
        return;
    }
    if ((n->op == OP_GT || n->op == OP_GE) && is_id(own_int(n->arg[0])) &&
        n->arg[1]->kind == NODE_LITERAL && n->arg[1]->type == EDM_INT32) {
        int64_t above = n->arg[1]->literal.i - (n->op == OP_GE);
        if (above > plan->above)
            plan->above = (int32_t)above;
        return;
    }
    struct keys keys = {0};
    if (!plan->keys.column && collect_keys(n, &keys))
        plan->keys = keys;
    else
        vec_release(&keys.v);
}

static bool full(const struct run *r)
{
    return r->by_id && r->top == 0;
}

static void take(struct run *r, const void *row)
{
    if (r->skip > 0) {
        r->skip--;
    } else if (r->top != 0) {
        r->emit(r->user, row);
        r->top -= r->top > 0;
    }
}

static void offer(struct run *r, const void *row)
{
    const struct entity *e = r->q->entity;
    if (e->hidden && e->hidden(r->c, row, r->q->include_deceased))
        return;
    if (!odata_matches(r->c, r->q->filter, row))
        return;
    if (r->by_id)
        take(r, row);
    else
        vec_push(&r->sorted, row);
}

static int by_id(const void *a, const void *b)
{
    int32_t x = (*(const struct row *const *)a)->id, y = (*(const struct row *const *)b)->id;
    return (x > y) - (x < y);
}

static void walk_keys(struct run *r, const struct plan *plan)
{
    vec(const void *) rows = {0};
    enum table_id t = r->q->entity->table;
    for (size_t i = 0; i < plan->keys.v.n; i++) {
        int32_t key = plan->keys.v.v[i];
        const void *row = NULL;
        if (is_id(plan->keys.column)) {
            row = church_row(r->c, t, key);
            if (row)
                vec_push(&rows, row);
            continue;
        }
        while ((row = church_find(r->c, t, plan->keys.column->offset, key, row)))
            vec_push(&rows, row);
    }
    if (rows.n)
        qsort(rows.v, rows.n, sizeof(*rows.v), by_id);
    for (size_t i = 0; i < rows.n && !full(r); i++)
        if (i == 0 || rows.v[i] != rows.v[i - 1]) /* a key named twice */
            offer(r, rows.v[i]);
    vec_release(&rows);
}

/* Last row with an Id of at most `above`, NULL when there is none: where church_next goes on. */
static const void *row_at_most(const struct church *c, enum table_id t, int32_t above)
{
    const struct table *tab = &c->table[t];
    size_t lo = 0, hi = tab->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (((const struct row *)((const char *)tab->rows + mid * tab->row_size))->id <= above)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? (const char *)tab->rows + (lo - 1) * tab->row_size : NULL;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct run *r = arg;
    for (size_t i = 0; i < r->q->n_order; i++) {
        const struct odata_order *o = &r->q->order[i];
        struct odata_value x = odata_eval(r->c, o->property, *(const void *const *)a);
        struct odata_value y = odata_eval(r->c, o->property, *(const void *const *)b);
        int order;
        if (x.type == EDM_NULL || y.type == EDM_NULL) /* SQL Server: null sorts first */
            order = (x.type != EDM_NULL) - (y.type != EDM_NULL);
        else
            order = odata_compare(&x, &y);
        if (order)
            return o->descending ? -order : order;
    }
    return by_id(a, b);
}

void odata_run(struct church *c,
               const struct odata_query *q,
               void (*emit)(void *user, const void *row),
               void *user)
{
    struct plan plan = {.above = INT32_MIN};
    struct run r = {.c = c, .q = q, .emit = emit, .user = user, .skip = q->skip, .top = q->top};
    r.by_id = q->n_order == 0 || (is_id(own_int(q->order[0].property)) && !q->order[0].descending);
    if (q->filter)
        plan_conjunct(q->filter, &plan);
    if (plan.keys.column) {
        walk_keys(&r, &plan);
    } else {
        const void *row = row_at_most(c, q->entity->table, plan.above);
        while (!full(&r) && (row = church_next(c, q->entity->table, row)))
            offer(&r, row);
    }
    if (r.sorted.n)
        qsort_r(r.sorted.v, r.sorted.n, sizeof(*r.sorted.v), compare_rows, &r);
    for (size_t i = 0; i < r.sorted.n; i++)
        take(&r, r.sorted.v[i]);
    vec_release(&r.sorted);
    vec_release(&plan.keys.v);
}
