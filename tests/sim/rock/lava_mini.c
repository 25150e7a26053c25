#include "tests/sim/rock/lava_mini.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/lookups.h"

enum { VARIABLES = 32, ARGS = 4, DEPTH = 16 };

enum kind { NIL, TEXT, NUMBER, PERSON, CAMPUS, LIST };
struct value {
    enum kind kind;
    const char *text; /* TEXT; items of a LIST joined by \1 */
    int32_t id;       /* NUMBER, PERSON, CAMPUS */
};

struct mini {
    struct church *c;
    struct arena *a;
    int32_t broken;
    struct {
        const char *name;
        struct value value;
    } var[VARIABLES];
    size_t n_vars;
    int depth;
    const char *error; /* ends the rendering */
};

/* ---- variables ---- */

static void assign(struct mini *m, const char *name, struct value v)
{
    size_t i = 0;
    while (i < m->n_vars && strcmp(m->var[i].name, name) != 0)
        i++;
    if (i == VARIABLES) {
        m->error = "too many variables for this simulator";
        return;
    }
    m->var[i].name = name;
    m->var[i].value = v;
    if (i == m->n_vars)
        m->n_vars++;
}

static struct value text_value(const char *s)
{
    return s ? (struct value){.kind = TEXT, .text = s} : (struct value){0};
}

static struct value member(struct mini *m, struct value of, const char *name)
{
    if (of.kind == CAMPUS && strcmp(name, "Name") == 0)
        return text_value(((struct campus *)church_row(m->c, TABLE_CAMPUS, of.id))->name);
    const struct person *p = of.kind == PERSON ? church_row(m->c, TABLE_PERSON, of.id) : NULL;
    if (!p)
        return (struct value){0};
    if (strcmp(name, "Id") == 0)
        return (struct value){.kind = NUMBER, .id = of.id};
    const struct {
        const char *name, *text;
    } members[] = {{"NickName", p->nick_name},
                   {"FirstName", p->first_name},
                   {"LastName", p->last_name},
                   {"Email", p->email}};
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(members[i].name, name) == 0)
            return text_value(members[i].text);
    return (struct value){0};
}

/* 'text', 12, null, name or name.member. */
static struct value operand(struct mini *m, const char *s)
{
    size_t n = strlen(s);
    if (n >= 2 && (*s == '\'' || *s == '"') && s[n - 1] == *s)
        return text_value(arena_strndup(m->a, s + 1, n - 2));
    if (*s >= '0' && *s <= '9')
        return (struct value){.kind = NUMBER, .id = (int32_t)strtol(s, NULL, 10)};
    const char *dot = strchr(s, '.');
    const char *name = arena_strndup(m->a, s, dot ? (size_t)(dot - s) : n);
    for (size_t i = 0; i < m->n_vars; i++)
        if (strcmp(m->var[i].name, name) == 0)
            return dot ? member(m, m->var[i].value, dot + 1) : m->var[i].value;
    return (struct value){0};
}

static const char *shown(struct mini *m, struct value v)
{
    return v.kind == TEXT ? v.text : v.kind == NUMBER ? arena_printf(m->a, "%d", v.id) : "";
}

/* ---- filters ---- */

/* Where c stands outside of quotes in s; the end when it does not. */
static const char *outside_quotes(const char *s, char c)
{
    char quote = 0;
    for (; *s; s++) {
        if (quote ? *s == quote : *s == '\'' || *s == '"')
            quote = quote ? 0 : *s;
        else if (!quote && *s == c)
            break;
    }
    return s;
}

static const char *trimmed(struct arena *a, const char *s, size_t n)
{
    while (n && strchr(" \t\r\n", *s))
        s++, n--;
    while (n && strchr(" \t\r\n", s[n - 1]))
        n--;
    return arena_strndup(a, s, n);
}

/* @source reference/rock.md section 12.2: the first row of the type, listed or not */
static struct value phone_number(struct mini *m, int32_t person, const char *type, bool with_code)
{
    struct phone_number *p = NULL;
    church_each_by(m->c, TABLE_PHONE_NUMBER, phone_number, person_id, person, p)
    {
        const char *name = lookups_value(m->c, p->type_id);
        if (!name || strcasecmp(name, type) != 0)
            continue;
        if (with_code && p->country_code && *p->country_code)
            return text_value(
                arena_printf(m->a, "+%s %s", p->country_code, p->formatted ? p->formatted : ""));
        return text_value(p->formatted);
    }
    return (struct value){0};
}

static struct value attribute_of(struct mini *m, int32_t person, const char *key)
{
    struct attribute_value *v = NULL;
    church_each_by(m->c, TABLE_ATTRIBUTE_VALUE, attribute_value, entity_id, person, v)
    {
        const struct attribute *a = church_row(m->c, TABLE_ATTRIBUTE, v->attribute_id);
        if (a && a->entity_type_id == m->c->known.person_type && strcasecmp(a->key, key) == 0)
            return text_value(v->value);
    }
    return (struct value){0};
}

static const char *without(struct mini *m, const char *text, const char *what)
{
    struct str out;
    str_init(&out, 1 << 20);
    while (*text) {
        if (*what && strncmp(text, what, strlen(what)) == 0)
            text += strlen(what);
        else
            str_putc(&out, *text++);
    }
    const char *ret = arena_strndup(m->a, out.p, out.n);
    str_release(&out);
    return ret;
}

static const char *split(struct mini *m, const char *text, const char *at)
{
    struct str out;
    str_init(&out, 1 << 20);
    for (const char *next; *at && (next = strstr(text, at)); text = next + strlen(at)) {
        str_add(&out, text, (size_t)(next - text));
        str_putc(&out, '\1');
    }
    str_puts(&out, text);
    const char *ret = arena_strndup(m->a, out.p, out.n);
    str_release(&out);
    return ret;
}

static struct value
person_filter(struct mini *m, struct value in, const char *name, const struct value *arg, size_t n)
{
    const char *first = n ? shown(m, arg[0]) : "Home";
    if (in.id == m->broken)
        return text_value("Lava Error: Object reference not set to an instance of an object.");
    if (strcmp(name, "PhoneNumber") == 0)
        return phone_number(m, in.id, first, n > 1 && strcmp(shown(m, arg[1]), "true") == 0);
    if (strcmp(name, "Attribute") == 0)
        return attribute_of(m, in.id, first);
    if (strcmp(name, "Property") == 0)
        return member(m, in, first);
    if (strcmp(name, "Campus") == 0)
        return (struct value){.kind = CAMPUS, .id = m->c->known.campus};
    return in;
}

static struct value
apply(struct mini *m, struct value in, const char *name, const struct value *arg, size_t n)
{
    const char *first = n ? shown(m, arg[0]) : "";
    if (in.kind == PERSON)
        return person_filter(m, in, name, arg, n);
    if (in.kind == CAMPUS && strcmp(name, "Property") == 0)
        return member(m, in, first);
    if (strcmp(name, "Append") == 0)
        return text_value(arena_printf(m->a, "%s%s", shown(m, in), first));
    if (strcmp(name, "Remove") == 0)
        return text_value(without(m, shown(m, in), first));
    if (strcmp(name, "Split") == 0)
        return (struct value){.kind = LIST, .text = split(m, shown(m, in), first)};
    if (strcmp(name, "AsInteger") == 0)
        return (struct value){.kind = NUMBER, .id = (int32_t)strtol(shown(m, in), NULL, 10)};
    if (strcmp(name, "PersonById") == 0)
        return church_row(m->c, TABLE_PERSON, in.id) ? (struct value){.kind = PERSON, .id = in.id}
                                                     : (struct value){0};
    return in; /* Lava is silent about the unknown */
}

static struct value expression(struct mini *m, const char *s)
{
    const char *pipe = outside_quotes(s, '|');
    struct value v = operand(m, trimmed(m->a, s, (size_t)(pipe - s)));
    while (*pipe) {
        const char *at = pipe + 1;
        pipe = outside_quotes(at, '|');
        const char *call = trimmed(m->a, at, (size_t)(pipe - at)),
                   *colon = outside_quotes(call, ':');
        struct value args[ARGS] = {{0}};
        size_t n = 0;
        const char *name = trimmed(m->a, call, (size_t)(colon - call));
        while (*colon && n < ARGS) {
            const char *from = colon + 1;
            colon = outside_quotes(from, ',');
            const char *word = trimmed(m->a, from, (size_t)(colon - from));
            args[n++] = strcmp(word, "true") == 0 ? text_value("true") : operand(m, word);
        }
        v = apply(m, v, name, args, n);
    }
    return v;
}

static bool condition(struct mini *m, const char *s)
{
    const char *op = strstr(s, "==");
    bool equal = op != NULL;
    if (!op)
        op = strstr(s, "!=");
    struct value left = expression(m, op ? arena_strndup(m->a, s, (size_t)(op - s)) : s);
    if (!op)
        return left.kind != NIL;
    struct value right = expression(m, op + 2);
    bool same = left.kind == NIL || right.kind == NIL
                    ? left.kind == right.kind
                    : strcmp(shown(m, left), shown(m, right)) == 0;
    return same == equal;
}

/* ---- tags ---- */

static void render(struct mini *m, const char *p, const char *end, struct str *out);

struct tag {                 /* {% name rest %} */
    const char *begin, *end; /* of the whole tag */
    const char *name, *rest;
};

static bool next_tag(struct mini *m, const char *p, const char *end, struct tag *ret)
{
    const char *open = memmem(p, (size_t)(end - p), "{%", 2);
    const char *close = open ? memmem(open, (size_t)(end - open), "%}", 2) : NULL;
    if (!close)
        return false;
    const char *from = open + 2, *to = close;
    from += *from == '-';
    to -= to > from && to[-1] == '-';
    const char *inner = trimmed(m->a, from, (size_t)(to - from));
    size_t n = strcspn(inner, " \t\r\n");
    *ret = (struct tag){open, close + 2, arena_strndup(m->a, inner, n),
                        trimmed(m->a, inner + n, strlen(inner + n))};
    return true;
}

/* The end tag that belongs to a block whose body begins at p; *middle: its else, when it has one.
 */
static bool find_end(struct mini *m,
                     const char *p,
                     const char *end,
                     const char *name,
                     struct tag *last,
                     struct tag *middle)
{
    const char *closing = arena_printf(m->a, "end%s", name);
    int open = 0;
    struct tag t;
    middle->begin = NULL;
    while (next_tag(m, p, end, &t)) {
        if (strcmp(t.name, name) == 0)
            open++;
        else if (open == 0 && strcmp(t.name, "else") == 0)
            *middle = t;
        else if (strcmp(t.name, closing) == 0 && open-- == 0) {
            *last = t;
            return true;
        }
        p = t.end;
    }
    m->error = arena_printf(m->a, "'%s' was not closed", name);
    return false;
}

static void render_for(struct mini *m, const struct tag *t, const char *end, struct str *out)
{
    const char *in = strstr(t->rest, " in ");
    struct value list = in ? expression(m, in + 4) : (struct value){0};
    const char *name = in ? trimmed(m->a, t->rest, (size_t)(in - t->rest)) : "";
    const char *item = list.kind == LIST ? list.text : NULL;
    while (item && *item && !m->error) {
        size_t n = strcspn(item, "\1");
        assign(m, name, text_value(arena_strndup(m->a, item, n)));
        render(m, t->end, end, out);
        item += n + (item[n] == '\1');
    }
}

/* Returns where the template goes on. */
static const char *
render_block(struct mini *m, const struct tag *t, const char *end, struct str *out)
{
    struct tag last = {0}, middle = {0};
    if (!find_end(m, t->end, end, t->name, &last, &middle))
        return end;
    if (strcmp(t->name, "for") == 0) {
        render_for(m, t, last.begin, out);
    } else if (strcmp(t->name, "if") == 0) {
        if (condition(m, t->rest))
            render(m, t->end, middle.begin ? middle.begin : last.begin, out);
        else if (middle.begin)
            render(m, middle.end, last.begin, out);
    } else if (strcmp(t->name, "capture") == 0) {
        struct str text;
        str_init(&text, 1 << 20);
        render(m, t->end, last.begin, &text);
        assign(m, t->rest, text_value(arena_strndup(m->a, text.p, text.n)));
        str_release(&text);
    }
    return last.end;
}

static const char *render_tag(struct mini *m, const struct tag *t, const char *end, struct str *out)
{
    static const char *const blocks[] = {"for", "if", "capture", "comment"};
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        if (strcmp(blocks[i], t->name) == 0)
            return render_block(m, t, end, out);
    const char *equals = strchr(t->rest, '=');
    if (strcmp(t->name, "assign") == 0 && equals)
        assign(m, trimmed(m->a, t->rest, (size_t)(equals - t->rest)), expression(m, equals + 1));
    else
        m->error = arena_printf(m->a, "Unknown tag '%s'", t->name);
    return t->end;
}

static void render(struct mini *m, const char *p, const char *end, struct str *out)
{
    if (++m->depth > DEPTH)
        m->error = "nested too deeply for this simulator";
    while (p < end && !m->error) {
        const char *brace = memchr(p, '{', (size_t)(end - p));
        str_add(out, p, (size_t)((brace ? brace : end) - p));
        if (!brace)
            break;
        const char *close = memmem(brace, (size_t)(end - brace), "}}", 2);
        struct tag t;
        if (brace[1] == '{' && close) {
            str_puts(out, shown(m, expression(m, arena_strndup(m->a, brace + 2,
                                                               (size_t)(close - brace - 2)))));
            p = close + 2;
        } else if (brace[1] == '%' && next_tag(m, brace, end, &t)) {
            p = render_tag(m, &t, end, out);
        } else {
            str_putc(out, '{');
            p = brace + 1;
        }
    }
    m->depth--;
}

void lava_mini_render(struct church *c, const char *lava, int32_t broken, struct str *out)
{
    autoptr(arena_free) struct arena *a = arena_new("lava", (size_t)1 << 30);
    autovalue(str_release) struct str text = STR_INIT(64 << 20);
    struct mini m = {.c = c, .a = a, .broken = broken};
    render(&m, lava, lava + strlen(lava), &text);
    if (m.error)
        str_addf(out, "Lava Error: %s", m.error);
    else
        str_add(out, text.p, text.n);
}
