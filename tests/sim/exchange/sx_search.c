#include "tests/sim/exchange/sx_search.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/base/tm.h"

#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_shape.h"
#include "tests/sim/exchange/sx_store.h"

enum op { AND, OR, NOT, EXISTS, CONTAINS, EQ, NE, GT, GE, LT, LE };
enum { MAX_SORT_COLUMNS = 6 }; /* more make Exchange refuse the query */

struct sx_search {
    enum op op;
    struct sx_search *child, *next; /* AND, OR, NOT */
    struct sx_path path, other;     /* other: a path to compare with, .node NULL when constant */
    const char *constant, *folded;
    const char *mode; /* CONTAINS */
    bool ignore_case;
};

typedef const char *(*value_of)(const void *thing, const struct sx_path *p, char *scratch);

static const char *item_value(const void *thing, const struct sx_path *p, char *scratch)
{
    return sx_item_value(thing, p, scratch);
}

static const char *folder_value(const void *thing, const struct sx_path *p, char *scratch)
{
    const struct sx_folder *f = thing;
    (void)scratch;
    if (p->kind != SX_PATH_FOLDER)
        return NULL;
    if (strcmp(p->uri, "folder:DisplayName") == 0)
        return f->name;
    return strcmp(p->uri, "folder:FolderClass") == 0 ? f->class_name : NULL;
}

static bool searchable(const struct sx_path *p, struct sx_fail *fail)
{
    if (p->kind == SX_PATH_FIELD) {
        const struct sx_field *f = sx_field_at(p->field);
        bool computed =
            f->kind == SX_COMPUTED &&
            !sx_one_of("DateTimeCreated|DateTimeReceived|DateTimeSent|LastModifiedTime", f->name);
        if (computed || f->kind == SX_BODY || f->kind == SX_DIRECTORY ||
            strcmp(f->name, "Companies") == 0) {
            sx_refuse(fail, "ErrorUnsupportedPathForQuery",
                      "The property can not be used in a restriction.");
            sx_path_blame(fail, p);
            return false;
        }
    }
    return true;
}

static bool
read_operands(struct sx_search *s, const xmlNode *n, struct arena *a, struct sx_fail *fail)
{
    const xmlNode *path = sx_first(n), *operand = sx_next(path);
    if (!sx_path_read(path, a, &s->path, fail) || !searchable(&s->path, fail))
        return false;
    if (s->op == EXISTS)
        return true;
    const xmlNode *constant = s->op == CONTAINS ? operand : sx_first(operand);
    if (sx_is_path(constant))
        return sx_path_read(constant, a, &s->other, fail) && searchable(&s->other, fail);
    s->constant = sx_attr(constant, "Value");
    if (!s->constant)
        return sx_refuse(fail, "ErrorInvalidRestriction", "The restriction has no value.");
    const char *comparison = sx_attr(n, "ContainmentComparison");
    s->ignore_case = comparison && strstr(comparison, "IgnoreCase");
    s->mode = sx_attr(n, "ContainmentMode");
    s->folded = s->ignore_case ? text_fold(a, s->constant) : s->constant;
    return true;
}

static struct sx_search *read_node(const xmlNode *n, struct arena *a, struct sx_fail *fail)
{
    static const struct {
        const char *name;
        enum op op;
    } ops[] = {{"And", AND},
               {"Or", OR},
               {"Not", NOT},
               {"Exists", EXISTS},
               {"Contains", CONTAINS},
               {"IsEqualTo", EQ},
               {"IsNotEqualTo", NE},
               {"IsGreaterThan", GT},
               {"IsGreaterThanOrEqualTo", GE},
               {"IsLessThan", LT},
               {"IsLessThanOrEqualTo", LE}};
    struct sx_search *s = arena_alloc(a, sizeof(*s));
    size_t i = 0;
    while (n && i < ARRAY_LEN(ops) && strcmp(ops[i].name, (const char *)n->name) != 0)
        i++;
    if (!n || i == ARRAY_LEN(ops)) {
        sx_refuse(fail, "ErrorUnsupportedQueryFilter", "This restriction is not simulated.");
        return NULL;
    }
    s->op = ops[i].op;
    if (s->op > NOT)
        return read_operands(s, n, a, fail) ? s : NULL;
    struct sx_search **end = &s->child;
    for (const xmlNode *c = sx_first(n); c; c = sx_next(c), end = &(*end)->next) {
        *end = read_node(c, a, fail);
        if (!*end)
            return NULL;
    }
    return s;
}

struct sx_search *sx_search_read(const xmlNode *restriction, struct arena *a, struct sx_fail *fail)
{
    return read_node(sx_first(restriction), a, fail);
}

/* Dates as instants, numbers as numbers, everything else byte by byte. */
static int compare(const struct sx_path *p, const char *a, const char *b)
{
    int64_t x, y;
    bool date =
        p->kind == SX_PATH_EXTENDED ? strcmp(p->type, "SystemTime") == 0 : strchr(a, 'T') != NULL;
    if (date && tm_parse_utc(a, &x) && tm_parse_utc(b, &y))
        return (x > y) - (x < y);
    if (p->kind == SX_PATH_EXTENDED &&
        sx_one_of("Short|Integer|Long|Double|Float|Currency", p->type)) {
        double u = strtod(a, NULL), v = strtod(b, NULL);
        return (u > v) - (u < v);
    }
    return strcmp(a, b);
}

static bool starts_word(const char *text, const char *what)
{
    size_t n = strlen(what);
    for (const char *p = text; p; p = strpbrk(p, " \t\n.,;-"), p = p ? p + 1 : NULL) {
        if (strncmp(p, what, n) == 0)
            return true;
    }
    return false;
}

static bool contains(const struct sx_search *s, const char *text, struct arena *a)
{
    const char *have = s->ignore_case ? text_fold(a, text) : text, *what = s->folded;
    if (!have || !what)
        return false;
    if (!s->mode || strcmp(s->mode, "FullString") == 0)
        return strcmp(have, what) == 0;
    if (strcmp(s->mode, "Prefixed") == 0)
        return strncmp(have, what, strlen(what)) == 0;
    return strcmp(s->mode, "PrefixOnWords") == 0 ? starts_word(have, what)
                                                 : strstr(have, what) != NULL;
}

static bool order_fits(enum op op, int c)
{
    switch (op) {
    case EQ:
        return c == 0;
    case GT:
        return c > 0;
    case GE:
        return c >= 0;
    case LT:
        return c < 0;
    default:
        return c <= 0;
    }
}

static bool
test_value(const struct sx_search *s, const char *text, const char *with, struct arena *a)
{
    if (s->op == EXISTS)
        return text != NULL;
    if (s->op == NE)
        return !text || !with || compare(&s->path, text, with) != 0;
    if (!text || !with)
        return false;
    if (s->op == CONTAINS)
        return contains(s, text, a);
    return order_fits(s->op, compare(&s->path, text, with));
}

/* Lists (Categories) match when one of their entries does. */
static bool
test_list(const struct sx_search *s, const struct sx_item *it, const char *with, struct arena *a)
{
    size_t first, end;
    sx_content_range(&it->content, s->path.field, &first, &end);
    for (; first < end; first++) {
        if (test_value(s, it->content.values.v[first].text, with, a))
            return true;
    }
    return false;
}

static bool test(const struct sx_search *s, const void *thing, value_of get, struct arena *a)
{
    if (s->op <= OR) {
        for (const struct sx_search *c = s->child; c; c = c->next) {
            if (test(c, thing, get, a) != (s->op == AND))
                return s->op == OR;
        }
        return s->op == AND;
    }
    if (s->op == NOT)
        return !test(s->child, thing, get, a);
    char one[TM_TEXT], two[TM_TEXT];
    const char *with = s->other.node ? get(thing, &s->other, two) : s->constant;
    if (get == item_value && s->path.kind == SX_PATH_FIELD &&
        sx_field_at(s->path.field)->kind == SX_LIST)
        return test_list(s, thing, with, a);
    return test_value(s, get(thing, &s->path, one), with, a);
}

bool sx_search_item(const struct sx_search *s, const struct sx_item *it, struct arena *a)
{
    return test(s, it, item_value, a);
}

bool sx_search_folder(const struct sx_search *s, const struct sx_folder *f, struct arena *a)
{
    return test(s, f, folder_value, a);
}

/* --- sorting --- */

struct column {
    struct sx_path path;
    int sign;
};
struct columns {
    struct column v[MAX_SORT_COLUMNS];
    size_t n;
};

static int by_columns(const void *x, const void *y, void *user)
{
    const struct sx_item *a = *(struct sx_item *const *)x, *b = *(struct sx_item *const *)y;
    const struct columns *cols = user;
    char one[TM_TEXT], two[TM_TEXT];
    for (size_t i = 0; i < cols->n; i++) {
        const char *u = sx_item_value(a, &cols->v[i].path, one);
        const char *v = sx_item_value(b, &cols->v[i].path, two);
        int c = !u || !v ? (u != NULL) - (v != NULL) : compare(&cols->v[i].path, u, v);
        if (c)
            return c * cols->v[i].sign;
    }
    return (a->serial > b->serial) - (a->serial < b->serial);
}

bool sx_sort(
    struct sx_item **items, size_t n, const xmlNode *order, struct arena *a, struct sx_fail *fail)
{
    struct columns cols = {.n = 0};
    for (const xmlNode *f = sx_first(order); f; f = sx_next(f)) {
        if (cols.n == MAX_SORT_COLUMNS)
            return sx_refuse(fail, "ErrorUnsupportedPathForSortGroup", "At most six sort columns.");
        struct column *c = &cols.v[cols.n++];
        const char *direction = sx_attr(f, "Order");
        c->sign = direction && strcmp(direction, "Descending") == 0 ? -1 : 1;
        if (!sx_path_read(sx_first(f), a, &c->path, fail))
            return false;
        if (!searchable(&c->path, fail)) {
            fail->code = "ErrorUnsupportedPathForSortGroup";
            return false;
        }
    }
    if (n > 1)
        qsort_r(items, n, sizeof(struct sx_item *), by_columns, &cols);
    return true;
}
