/* Values of filter nodes for one row. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/odata_p.h"
#include "tests/sim/rock/ticks.h"

static const struct odata_value null_value = {.type = EDM_NULL};

static struct odata_value of_bool(bool b)
{
    struct odata_value v = {.type = EDM_BOOLEAN};
    v.b = b;
    return v;
}

static struct odata_value of_int(int64_t i)
{
    struct odata_value v = {.type = EDM_INT32};
    v.i = i;
    return v;
}

static struct odata_value of_text(const char *s)
{
    struct odata_value v = {.type = s ? EDM_STRING : EDM_NULL};
    v.s = s;
    return v;
}

static struct odata_value column_value(const struct column *col, const void *row)
{
    const char *at = (const char *)row + col->offset;
    struct odata_value v = null_value;
    switch (col->type) {
    case COLUMN_INT:
        v = of_int(*(const int32_t *)(const void *)at);
        return v.i == NULL_INT ? null_value : v;
    case COLUMN_TEXT:
        return of_text(*(const char *const *)(const void *)at);
    case COLUMN_BOOL:
        return of_bool(*(const bool *)at);
    case COLUMN_ENUM:
        return of_text(col->names[*(const int8_t *)at]);
    case COLUMN_GUID:
        v.type = EDM_GUID;
        memcpy(&v.g, at, sizeof(v.g));
        return v;
    case COLUMN_TIME:
        v.i = *(const int64_t *)(const void *)at;
        v.type = v.i == NULL_TICKS ? EDM_NULL : EDM_DATETIME;
        return v;
    case COLUMN_NULL:
    case COLUMN_COMPUTED:
        break;
    }
    return v;
}

static struct odata_value
property_value(struct church *c, const struct odata_node *n, const void *row)
{
    for (size_t i = 0; i < n->n_path && row; i++) {
        int32_t id;
        memcpy(&id, (const char *)row + n->path[i]->offset, sizeof(id));
        row = church_row(c, (enum table_id)n->path[i]->target, id);
    }
    return row ? column_value(n->column, row) : null_value;
}

static size_t trimmed_length(const char *s)
{
    size_t n = strlen(s);
    while (n > 0 && s[n - 1] == ' ')
        n--;
    return n;
}

/* The default collation: case does not count, blanks at the end do not, accents do. */
static int compare_text(const char *a, const char *b)
{
    size_t n = trimmed_length(a), m = trimmed_length(b);
    int order = strncasecmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

int odata_compare(const struct odata_value *a, const struct odata_value *b)
{
    switch (a->type) {
    case EDM_STRING:
        return compare_text(a->s, b->s);
    case EDM_GUID:
        return guid_cmp(&a->g, &b->g);
    case EDM_BOOLEAN:
        return a->b - b->b;
    default:
        return (a->i > b->i) - (a->i < b->i);
    }
}

static bool holds(enum odata_op op, const struct odata_value *a, const struct odata_value *b)
{
    bool a_null = a->type == EDM_NULL, b_null = b->type == EDM_NULL;
    if (a_null || b_null) /* Entity Framework's null semantics: null equals null and nothing else */
        return op == OP_EQ ? a_null && b_null : op == OP_NE ? a_null != b_null : false;
    int order = odata_compare(a, b);
    switch (op) {
    case OP_EQ:
        return order == 0;
    case OP_NE:
        return order != 0;
    case OP_GT:
        return order > 0;
    case OP_GE:
        return order >= 0;
    case OP_LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

static bool is_true(struct church *c, const struct odata_node *n, const void *row)
{
    struct odata_value v = odata_eval(c, n, row);
    return v.type == EDM_BOOLEAN && v.b;
}

static bool contains(const char *text, const char *part, enum odata_function how)
{
    size_t n = strlen(text), m = strlen(part);
    if (m > n)
        return false;
    size_t from = how == CALL_ENDSWITH ? n - m : 0, to = how == CALL_STARTSWITH ? 0 : n - m;
    for (size_t i = from; i <= to; i++)
        if (strncasecmp(text + i, part, m) == 0)
            return true;
    return false;
}

static struct odata_value part_of_date(const struct odata_node *n, int64_t ticks)
{
    int year, month, day;
    ticks_to_date(ticks, &year, &month, &day);
    return of_int(n->call == CALL_YEAR ? year : n->call == CALL_MONTH ? month : day);
}

/* Comparison ignores case and trailing blanks anyway: tolower, toupper and trim need no copy. */
static struct odata_value call(struct church *c, const struct odata_node *n, const void *row)
{
    struct odata_value a = odata_eval(c, n->arg[0], row), b = null_value;
    if (n->n_args > 1)
        b = odata_eval(c, n->arg[1], row);
    if (a.type == EDM_NULL || (n->n_args > 1 && b.type == EDM_NULL))
        return n->type == EDM_BOOLEAN ? of_bool(false) : null_value;
    switch (n->call) {
    case CALL_SUBSTRINGOF:
        return of_bool(contains(b.s, a.s, n->call));
    case CALL_STARTSWITH:
    case CALL_ENDSWITH:
        return of_bool(contains(a.s, b.s, n->call));
    case CALL_TRIM:
        while (*a.s == ' ')
            a.s++;
        return a;
    case CALL_LENGTH:
        return of_int((int64_t)strlen(a.s));
    case CALL_TOLOWER:
    case CALL_TOUPPER:
        return a;
    default:
        return part_of_date(n, a.i);
    }
}

struct odata_value odata_eval(struct church *c, const struct odata_node *n, const void *row)
{
    switch (n->kind) {
    case NODE_LITERAL:
        return n->literal;
    case NODE_PROPERTY:
        return property_value(c, n, row);
    case NODE_CALL:
        return call(c, n, row);
    case NODE_OPERATOR:
        break;
    }
    if (n->op == OP_NOT)
        return of_bool(!is_true(c, n->arg[0], row));
    if (n->op == OP_AND || n->op == OP_OR) {
        bool left = is_true(c, n->arg[0], row);
        return of_bool(left == (n->op == OP_OR) ? left : is_true(c, n->arg[1], row));
    }
    struct odata_value a = odata_eval(c, n->arg[0], row), b = odata_eval(c, n->arg[1], row);
    return of_bool(holds(n->op, &a, &b));
}

bool odata_matches(struct church *c, const struct odata_node *filter, const void *row)
{
    return !filter || is_true(c, filter, row);
}
