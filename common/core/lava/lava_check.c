/*
 * The check: a walk over the parsed template.
 */
#include "common/core/lava/lava_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "common/base/map.h"
#include "common/base/str.h"

#include "common/core/lava/lava_check_p.h"
#include "common/core/lava/lava_known.h"
#include "common/core/lava/lava_p.h"

enum { PATH_MAX_LEN = 200, MAX_PATHS = 1000 };

/* What a part of a path is, as far as the product's own objects go. */
enum kind {
    KIND_ANY, /* not known: nothing is said about its members */
    KIND_PLAIN,
    KIND_PERSON,
    KIND_PHONES,
    KIND_PHONE,
    KIND_DEFINED,
    KIND_ALIAS
};

/* Members that lead on, or that not all of a kind have. Those of a person and a phone that are
 * plain are in the lists below. */
static const struct member {
    enum kind of;
    uint16_t known;
    enum kind is;
} members[] = {
    {KIND_PERSON, LAVA_KNOWN_PhoneNumbers, KIND_PHONES},
    {KIND_PERSON, LAVA_KNOWN_TitleValue, KIND_DEFINED},
    {KIND_PERSON, LAVA_KNOWN_SuffixValue, KIND_DEFINED},
    {KIND_PERSON, LAVA_KNOWN_PrimaryAlias, KIND_ALIAS},
    {KIND_PERSON, LAVA_KNOWN_Id, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_FirstName, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_NickName, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_MiddleName, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_LastName, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_FullName, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_FullNameReversed, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_Email, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_IsEmailActive, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_BirthDay, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_BirthMonth, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_BirthYear, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_BirthDate, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_AnniversaryDate, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_IsDeceased, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_IsBusiness, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_AgeClassification, KIND_PLAIN},
    {KIND_PERSON, LAVA_KNOWN_PhotoId, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_NumberTypeValue, KIND_DEFINED},
    {KIND_PHONE, LAVA_KNOWN_Id, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_CountryCode, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_Number, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_NumberFormatted, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_NumberFormattedWithCountryCode, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_FullNumber, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_Extension, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_IsMessagingEnabled, KIND_PLAIN},
    {KIND_PHONE, LAVA_KNOWN_IsUnlisted, KIND_PLAIN},
    {KIND_DEFINED, LAVA_KNOWN_Value, KIND_PLAIN},
    {KIND_ALIAS, LAVA_KNOWN_Guid, KIND_PLAIN},
    {KIND_PHONES, LAVA_KNOWN_first, KIND_PHONE},
    {KIND_PHONES, LAVA_KNOWN_last, KIND_PHONE},
    {KIND_PHONES, LAVA_KNOWN_size, KIND_PLAIN},
    {KIND_PLAIN, LAVA_KNOWN_size, KIND_PLAIN},
};

/* What a variable stands for, as far as that can be told. */
struct meaning {
    bool set; /* assigned, captured, looped over somewhere */
    enum kind kind;
    const char *path; /* "Person.PhoneNumbers[]"; NULL: not one */
};

struct check {
    struct arena *a;
    const struct lava_template *t;
    struct lava_findings *findings;
    struct meaning *slots;
    struct map *seen;
    vec(const char *) paths;
};

void lava_finding_add(struct lava_findings *f,
                      enum lava_finding_kind kind,
                      uint32_t line,
                      uint32_t column,
                      const char *text)
{
    if (f->v.n >= LAVA_MAX_FINDINGS)
        return;
    vec_push(&f->v, (struct lava_finding){kind, line, column, arena_strdup(f->a, text)});
}

static void find(struct check *k, enum lava_finding_kind kind, uint32_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void find(struct check *k, enum lava_finding_kind kind, uint32_t at, const char *fmt, ...)
{
    char text[240];
    uint32_t line, column;
    va_list ap;

    if (k->findings->v.n >= LAVA_MAX_FINDINGS)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    lava_source_where(&k->t->source, at, &line, &column);
    lava_finding_add(k->findings, kind, line, column, text);
}

/* --- paths --- */

static void add_path(struct check *k, const char *path)
{
    size_t n = strlen(path);

    if (k->paths.n >= MAX_PATHS || map_get(k->seen, path, n))
        return;
    const char *copy = arena_strdup(k->a, path);
    map_put(k->seen, path, n, (void *)(uintptr_t)copy);
    vec_push(&k->paths, copy);
}

static bool step_into(enum kind *kind, uint16_t known)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (members[i].of != *kind || members[i].known != known)
            continue;
        *kind = members[i].is;
        return true;
    }
    return false;
}

static void walk(struct check *k, const struct lava_expr *e);

/* One segment: the text grows, the kind changes. */
static void follow(struct check *k,
                   const struct lava_expr *e,
                   const struct lava_segment *s,
                   enum kind *kind,
                   struct str *path)
{
    if (s->index) {
        walk(k, s->index);
        *kind = *kind == KIND_PHONES ? KIND_PHONE : KIND_ANY;
        str_puts(path, "[]");
        return;
    }
    str_putc(path, '.');
    str_add(path, s->name.p, s->name.n);
    if (*kind == KIND_ANY || step_into(kind, s->name.known))
        return;
    *kind = KIND_ANY;
    find(k, LAVA_SERVER, e->at, "'%.*s' is not among what is read from Rock",
         (int)(path->n < 100 ? path->n : 100), path->p);
}

/* A variable that is set nowhere and given by nobody prints nothing. */
static void root(struct check *k, const struct lava_expr *e, enum kind *kind, struct str *path)
{
    const struct lava_name *name = &k->t->names[e->path.slot];
    const struct meaning *m = &k->slots[e->path.slot];

    *kind = KIND_ANY;
    if (m->set) {
        *kind = m->kind;
        if (m->path)
            str_puts(path, m->path);
        return;
    }
    str_add(path, name->p, name->n);
    if (name->known == LAVA_KNOWN_Person)
        *kind = KIND_PERSON;
    else if (name->known == LAVA_KNOWN_CurrentPerson)
        find(k, LAVA_UNSTEADY, e->at, "CurrentPerson differs from mailbox to mailbox");
    else if (name->known != LAVA_KNOWN_forloop)
        find(k, LAVA_WARNING, e->at, "nothing is known by the name '%.*s'",
             (int)(name->n < 60 ? name->n : 60), name->p);
}

/* Looks at a path; its text in *path ("" when it does not begin at something that is known). */
static enum kind check_path(struct check *k, const struct lava_expr *e, struct str *path)
{
    enum kind kind = KIND_ANY;

    if (e->path.slot == LAVA_NO_SLOT)
        walk(k, e->path.root);
    else
        root(k, e, &kind, path);
    bool known = path->n > 0;
    for (uint32_t i = 0; i < e->path.n; i++)
        follow(k, e, &e->path.segments[i], &kind, path);
    if (known && !path->over)
        add_path(k, path->p);
    if (!known)
        str_clear(path);
    return kind;
}

/* --- filters --- */

static bool says_now(const struct lava_expr *e)
{
    return e->kind == EXPR_CONST && e->value.type == LAVA_STRING && e->value.n == 3 &&
           strncasecmp(e->value.s, "now", 3) == 0;
}

static void check_name(struct check *k, const struct lava_call *c)
{
    const struct lava_filter *near = lava_filter_nearest(c->name);
    int n = (int)(c->name.n < 60 ? c->name.n : 60);

    if (near)
        find(k, LAVA_WARNING, c->at, "there is no filter '%.*s', it does nothing; '%s'?", n,
             c->name.p, near->name);
    else
        find(k, LAVA_WARNING, c->at, "there is no filter '%.*s', it does nothing", n, c->name.p);
}

static void check_call(struct check *k, const struct lava_call *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        walk(k, c->args[i]);
    if (!c->filter) {
        check_name(k, c);
        return;
    }
    if (c->filter->flags & LAVA_USES_RANDOM)
        find(k, LAVA_UNSTEADY, c->at, "the filter '%s' depends on chance", c->filter->name);
    else if (c->filter->flags & LAVA_USES_CLOCK)
        find(k, LAVA_UNSTEADY, c->at, "the filter '%s' depends on the time it is", c->filter->name);
    else if (!c->filter->fn)
        find(k, LAVA_SERVER, c->at, "the filter '%s' needs the Rock server", c->filter->name);
    for (uint32_t i = 0; i < c->n; i++)
        if (says_now(c->args[i]))
            find(k, LAVA_UNSTEADY, c->at, "'Now' is another time each night");
}

/* Person | Attribute:'Employer' is a path, too. */
static void attribute_path(struct check *k, const struct str *of, const struct lava_call *c)
{
    struct str path = STR_INIT(PATH_MAX_LEN);

    if (!c->filter || strcmp(c->filter->name, "Attribute") != 0)
        return;
    str_addf(&path, "%s | Attribute", of->p);
    if (c->n && c->args[0]->kind == EXPR_CONST && c->args[0]->value.type == LAVA_STRING)
        str_addf(&path, ":'%.*s'", (int)(c->args[0]->value.n & 0xffff), c->args[0]->value.s);
    if (!path.over)
        add_path(k, path.p);
    str_release(&path);
}

static void check_filtered(struct check *k, const struct lava_expr *e)
{
    autovalue(str_release) struct str path = STR_INIT(PATH_MAX_LEN);
    const struct lava_expr *in = e->filtered.in;

    if (says_now(in))
        find(k, LAVA_UNSTEADY, in->at, "'Now' is another time each night");
    if (in->kind == EXPR_PATH)
        (void)check_path(k, in, &path);
    else
        walk(k, in);
    if (in->kind == EXPR_CONST && in->value.type == LAVA_STRING)
        str_addf(&path, "'%.*s'", (int)(in->value.n & 0xffff), in->value.s);
    if (path.n && !path.over)
        attribute_path(k, &path, &e->filtered.calls[0]);
    for (uint32_t i = 0; i < e->filtered.n; i++)
        check_call(k, &e->filtered.calls[i]);
}

static void walk(struct check *k, const struct lava_expr *e)
{
    struct str path = STR_INIT(PATH_MAX_LEN);

    for (; e && e->kind >= EXPR_COMPARE; e = e->pair.b)
        walk(k, e->pair.a);
    if (!e)
        return;
    switch (e->kind) {
    case EXPR_PATH:
        (void)check_path(k, e, &path);
        break;
    case EXPR_RANGE:
        walk(k, e->pair.a);
        walk(k, e->pair.b);
        break;
    case EXPR_FILTERED:
        check_filtered(k, e);
        break;
    default:
        break;
    }
    str_release(&path);
}

/* --- nodes --- */

/* The variable means what the expression is; each: one of its items. */
static void mean(struct check *k, uint32_t slot, const struct lava_expr *e, bool each)
{
    autovalue(str_release) struct str path = STR_INIT(PATH_MAX_LEN);
    struct meaning m = {.set = true};

    if (e->kind == EXPR_PATH) {
        m.kind = check_path(k, e, &path);
        if (each) {
            m.kind = m.kind == KIND_PHONES ? KIND_PHONE : KIND_ANY;
            str_puts(&path, "[]");
        }
        if (path.n > 2 && !path.over)
            m.path = arena_strdup(k->a, path.p);
    } else {
        walk(k, e);
    }
    if (k->slots[slot].set && k->slots[slot].kind != m.kind)
        m = (struct meaning){.set = true}; /* now this, now that */
    k->slots[slot] = m;
}

static void walk_nodes(struct check *k, const struct lava_node *n);

static void walk_branches(struct check *k, const struct lava_branch *b)
{
    for (; b; b = b->next) {
        for (uint32_t i = 0; i < b->n; i++)
            walk(k, b->conditions[i]);
        walk_nodes(k, b->body);
    }
}

static void walk_for(struct check *k, const struct lava_for *f)
{
    mean(k, f->slot, f->in, true);
    k->slots[f->forloop_slot].set = true;
    walk(k, f->limit);
    walk(k, f->offset);
    walk_nodes(k, f->body);
    walk_nodes(k, f->otherwise);
}

static void walk_set(struct check *k, const struct lava_node *n)
{
    if (n->kind == NODE_ASSIGN) {
        mean(k, n->set.slot, n->set.value, false);
        return;
    }
    walk_nodes(k, n->set.body);
    k->slots[n->set.slot] = (struct meaning){.set = true};
}

static void walk_cycle(struct check *k, const struct lava_node *n)
{
    walk(k, n->cycle.group);
    for (uint32_t i = 0; i < n->cycle.n; i++)
        walk(k, n->cycle.values[i]);
}

static void walk_node(struct check *k, const struct lava_node *n)
{
    switch (n->kind) {
    case NODE_OUTPUT:
        walk(k, n->output);
        break;
    case NODE_IF:
        walk_branches(k, n->branches);
        break;
    case NODE_CASE:
        walk(k, n->choice.value);
        walk_branches(k, n->choice.branches);
        break;
    case NODE_FOR:
        walk_for(k, n->loop);
        break;
    case NODE_ASSIGN:
    case NODE_CAPTURE:
        walk_set(k, n);
        break;
    case NODE_CYCLE:
        walk_cycle(k, n);
        break;
    case NODE_INCLUDE:
        find(k, LAVA_SERVER, n->at, "the files of '%s' are on the Rock server",
             n->include->isolated ? "render" : "include");
        break;
    default:
        break;
    }
}

static void walk_nodes(struct check *k, const struct lava_node *n)
{
    for (; n; n = n->next)
        walk_node(k, n);
}

/* --- report --- */

static int by_place(const void *a, const void *b)
{
    const struct lava_finding *x = a, *y = b;

    return x->line != y->line       ? (x->line > y->line) - (x->line < y->line)
           : x->column != y->column ? (x->column > y->column) - (x->column < y->column)
                                    : (x->kind > y->kind) - (x->kind < y->kind);
}

/* The error's text begins with its place. */
static void add_error(struct lava_findings *f, const struct err *err)
{
    unsigned line = 1, column = 1;
    int skip = 0;

    if (sscanf(err->text, "%u:%u: %n", &line, &column, &skip) < 2)
        skip = 0;
    lava_finding_add(f, LAVA_ERROR, line, column, err->text + skip);
}

static void check_template(struct check *k, struct lava_report *ret)
{
    k->slots = xalloc(k->t->n_slots * sizeof(*k->slots));
    k->seen = map_new();
    walk_nodes(k, k->t->body);
    const char **paths = arena_alloc(k->a, k->paths.n * sizeof(*paths));
    if (k->paths.n)
        memcpy(paths, k->paths.v, k->paths.n * sizeof(*paths));
    ret->paths = paths;
    ret->n_paths = k->paths.n;
    vec_release(&k->paths);
    map_free(k->seen);
    free(k->slots);
}

void lava_check(const char *text, size_t n, struct arena *a, struct lava_report *ret)
{
    struct lava_findings f = {.a = a};
    struct lava_template *t = NULL;
    struct err err;

    *ret = (struct lava_report){0};
    if (lava_parse_checked(text, n, NULL, &f, &t, &err) < 0) {
        add_error(&f, &err);
    } else {
        struct check k = {.a = a, .t = t, .findings = &f};
        check_template(&k, ret);
        lava_template_free(t);
    }
    struct lava_finding *copy = arena_alloc(a, f.v.n * sizeof(*copy));
    if (f.v.n) {
        memcpy(copy, f.v.v, f.v.n * sizeof(*copy));
        qsort(copy, f.v.n, sizeof(*copy), by_place);
    }
    ret->findings = copy;
    ret->n = f.v.n;
    vec_release(&f.v);
}

enum lava_finding_kind lava_report_worst(const struct lava_report *r)
{
    enum lava_finding_kind worst = LAVA_WARNING;

    for (size_t i = 0; i < r->n; i++)
        if (r->findings[i].kind < worst)
            worst = r->findings[i].kind;
    return worst;
}
