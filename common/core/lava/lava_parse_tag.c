/*
 * Tags: those that choose, set and print; the table of all of them; those that only Rock has.
 */
#include <stdio.h>

#include "common/core/lava/lava_parser_p.h"
#include "common/core/lava/lava_source.h"

static void lex_of(struct lava_parser *p, const struct lava_item *item, struct lava_lex *l)
{
    lava_lex_init(l, p->src->text, item->from, item->end, p->dialect != NULL);
}

static const struct lava_expr *one_condition(struct lava_parser *p, const struct lava_item *item)
{
    struct lava_lex l;

    lex_of(p, item, &l);
    const struct lava_expr *e = lava_parse_condition(p, &l);
    return e && lava_parse_end(p, &l, "this condition") == 0 ? e : NULL;
}

/* --- if, unless --- */

struct branches {
    struct lava_branch *first, **link;
    vec(struct lava_body *) bodies; /* for lava_parse_quiet */
};

static struct lava_branch *
add_branch(struct lava_parser *p, struct branches *all, uint32_t at, size_t conditions)
{
    struct lava_branch *b = lava_parse_new(p, at, sizeof(*b), 1);
    const struct lava_expr **list = b ? lava_parse_new(p, at, sizeof(*list), conditions) : NULL;

    if (!list)
        return NULL;
    b->conditions = list;
    b->n = (uint32_t)conditions;
    *(all->link ? all->link : &all->first) = b;
    all->link = &b->next;
    return b;
}

/* The body of a branch, up to the next tag of the block. b NULL: nobody gets to see it. */
static int branch_body(struct lava_parser *p,
                       struct lava_reader *r,
                       const char *const *ends,
                       struct branches *all,
                       struct lava_branch *b,
                       struct lava_item *end)
{
    struct lava_body *body = arena_alloc(p->a, sizeof(*body));

    if (lava_parse_items(p, r, ends, body, end) < 0)
        return -1;
    if (b) {
        b->body = body->first;
        vec_push(&all->bodies, body);
    }
    return 0;
}

/* Bodies may lose their white space once the whole block is known to print nothing else. */
static void close_branches(struct lava_parser *p, struct branches *all, struct lava_body *body)
{
    lava_parse_quiet(p, all->bodies.v, all->bodies.n);
    struct lava_branch *b = all->first;
    for (size_t i = 0; i < all->bodies.n; i++, b = b->next) {
        b->body = all->bodies.v[i]->first;
        body->prints |= all->bodies.v[i]->prints;
    }
}

static bool is_name(const struct lava_item *item, const char *name)
{
    return lava_str_eq(item->name, (struct lava_str){name, strlen(name)});
}

static int parse_branches(struct lava_parser *p,
                          struct lava_reader *r,
                          const struct lava_item *item,
                          struct branches *all)
{
    bool unless = is_name(item, "unless"), over = false;
    const char *const ends[] = {"elsif", "elseif", "else", unless ? "endunless" : "endif", NULL};
    struct lava_item tag = *item;

    for (;;) {
        bool otherwise = is_name(&tag, "else");
        struct lava_branch *b = over ? NULL : add_branch(p, all, tag.at, !otherwise);
        if (!over && !b)
            return -1;
        if (b && !otherwise) {
            const struct lava_expr *condition = one_condition(p, &tag);
            if (!condition)
                return -1;
            *(const struct lava_expr **)(uintptr_t)b->conditions = condition;
            b->negate = unless && b == all->first;
        }
        over |= otherwise; /* what follows the first else is ignored */
        if (branch_body(p, r, ends, all, b, &tag) < 0)
            return -1;
        if (is_name(&tag, ends[3]))
            return 0;
    }
}

static int parse_if(struct lava_parser *p,
                    struct lava_reader *r,
                    const struct lava_item *item,
                    struct lava_body *body)
{
    struct branches all = {0};
    struct lava_node *n = lava_parse_node(p, body, NODE_IF, item->at, false);
    int result = n ? parse_branches(p, r, item, &all) : -1;

    if (result == 0) {
        close_branches(p, &all, body);
        n->branches = all.first;
    }
    vec_release(&all.bodies);
    return result;
}

/* --- case --- */

/* when 'a', 'b' or 'c'; NULL with the error set. */
static struct lava_branch *
parse_when(struct lava_parser *p, const struct lava_item *item, struct branches *all)
{
    vec(const struct lava_expr *) values = {0};
    struct lava_branch *b = NULL;
    struct lava_lex l;
    bool more = true;

    lex_of(p, item, &l);
    while (more) {
        const struct lava_expr *e = lava_parse_primary(p, &l);
        if (!e)
            goto out;
        vec_push(&values, e);
        more = l.token == TOKEN_COMMA || lava_lex_is(&l, "or");
        if (more)
            lava_lex_next(&l);
    }
    if (!p->dialect && lava_parse_end(p, &l, "'when'") < 0)
        goto out;
    b = add_branch(p, all, item->at, values.n);
    if (b)
        memcpy((void *)(uintptr_t)b->conditions, values.v, values.n * sizeof(*values.v));
out:
    vec_release(&values);
    return b;
}

static int parse_whens(struct lava_parser *p, struct lava_reader *r, struct branches *all)
{
    static const char *const ends[] = {"when", "else", "endcase", NULL};
    struct lava_item tag;

    if (branch_body(p, r, ends, all, NULL, &tag) < 0) /* before the first when */
        return -1;
    while (!is_name(&tag, "endcase")) {
        struct lava_branch *b =
            is_name(&tag, "when") ? parse_when(p, &tag, all) : add_branch(p, all, tag.at, 0);
        if (!b || branch_body(p, r, ends, all, b, &tag) < 0)
            return -1;
    }
    return 0;
}

static int parse_case(struct lava_parser *p,
                      struct lava_reader *r,
                      const struct lava_item *item,
                      struct lava_body *body)
{
    struct branches all = {0};
    struct lava_node *n = lava_parse_node(p, body, NODE_CASE, item->at, false);

    if (!n || !(n->choice.value = one_condition(p, item)))
        return -1;
    int result = parse_whens(p, r, &all);
    if (result == 0) {
        close_branches(p, &all, body);
        n->choice.branches = all.first;
    }
    vec_release(&all.bodies);
    return result;
}

/* --- variables --- */

static int target(struct lava_parser *p, struct lava_lex *l, uint32_t *ret)
{
    struct lava_str name = lava_lex_text(l);
    bool quoted = l->token == TOKEN_STRING || (p->dialect && l->token == TOKEN_NUMBER);

    if ((l->token != TOKEN_WORD && !quoted) || (!quoted && name.p[name.n - 1] == '?'))
        return lava_parse_fail(p, lava_lex_at(l), "expected the name of a variable, found %s",
                               lava_lex_name(l));
    *ret = lava_parse_slot(p, name);
    lava_lex_next(l);
    return 0;
}

static int parse_assign(struct lava_parser *p,
                        struct lava_reader *r,
                        const struct lava_item *item,
                        struct lava_body *body)
{
    struct lava_node *n = lava_parse_node(p, body, NODE_ASSIGN, item->at, false);
    struct lava_lex l;

    (void)r;
    lex_of(p, item, &l);
    if (!n || target(p, &l, &n->set.slot) < 0)
        return -1;
    if (l.token != TOKEN_ASSIGN)
        return lava_parse_fail(p, lava_lex_at(&l), "expected '=', found %s", lava_lex_name(&l));
    lava_lex_next(&l);
    n->set.value = lava_parse_value(p, &l);
    return n->set.value ? lava_parse_end(p, &l, "'assign'") : -1;
}

static int parse_capture(struct lava_parser *p,
                         struct lava_reader *r,
                         const struct lava_item *item,
                         struct lava_body *body)
{
    static const char *const ends[] = {"endcapture", NULL};
    struct lava_node *n = lava_parse_node(p, body, NODE_CAPTURE, item->at, false);
    struct lava_body inner = {0};
    struct lava_item end;
    struct lava_lex l;

    lex_of(p, item, &l);
    if (!n || target(p, &l, &n->set.slot) < 0 || lava_parse_end(p, &l, "'capture'") < 0 ||
        lava_parse_items(p, r, ends, &inner, &end) < 0)
        return -1;
    n->set.body = inner.first;
    return 0;
}

static int parse_count(struct lava_parser *p,
                       struct lava_reader *r,
                       const struct lava_item *item,
                       struct lava_body *body)
{
    struct lava_node *n = lava_parse_node(p, body, NODE_COUNT, item->at, true);
    struct lava_lex l;

    (void)r;
    lex_of(p, item, &l);
    if (!n || target(p, &l, &n->count.slot) < 0)
        return -1;
    n->count.down = is_name(item, "decrement");
    return lava_parse_end(p, &l, n->count.down ? "'decrement'" : "'increment'");
}

static int parse_echo(struct lava_parser *p,
                      struct lava_reader *r,
                      const struct lava_item *item,
                      struct lava_body *body)
{
    struct lava_node *n = lava_parse_node(p, body, NODE_OUTPUT, item->at, true);
    struct lava_lex l;

    (void)r;
    if (!n)
        return -1;
    lex_of(p, item, &l);
    if (p->dialect && l.token == TOKEN_END) {
        n->kind = NODE_TEXT;
        n->text = (struct lava_str){"", 0};
        return 0;
    }
    n->output = lava_parse_value(p, &l);
    return n->output ? lava_parse_end(p, &l, "'echo'") : -1;
}

static int parse_jump(struct lava_parser *p,
                      struct lava_reader *r,
                      const struct lava_item *item,
                      struct lava_body *body)
{
    (void)r;
    enum lava_node_kind kind = is_name(item, "break")      ? NODE_BREAK
                               : is_name(item, "continue") ? NODE_CONTINUE
                                                           : NODE_RETURN;
    return lava_parse_node(p, body, kind, item->at, true) ? 0 : -1;
}

/* --- comment, raw, lava --- */

/* Dialects count comments in comments, and what looks like a tag in them has to end. */
static int skip_nested(struct lava_parser *p, struct lava_reader *r, const struct lava_item *item)
{
    struct lava_item inner;
    struct lava_str ignored;

    for (unsigned depth = 1; depth;) {
        lava_reader_next(r, &inner);
        if (inner.kind == ITEM_END || inner.kind == ITEM_OPEN)
            return lava_parse_fail(p, item->at, "this comment does not end");
        if (inner.kind != ITEM_TAG)
            continue;
        if (is_name(&inner, "raw") && !lava_reader_skip_to(r, "endraw", &ignored))
            return lava_parse_fail(p, inner.at, "'raw' does not end");
        depth += is_name(&inner, "comment");
        depth -= is_name(&inner, "endcomment");
    }
    return 0;
}

static int parse_comment(struct lava_parser *p,
                         struct lava_reader *r,
                         const struct lava_item *item,
                         struct lava_body *body)
{
    struct lava_str ignored;

    (void)body;
    if (p->dialect && !r->lines)
        return skip_nested(p, r, item);
    if (r->lines ? lava_reader_skip_lines(r, "endcomment", "comment")
                 : lava_reader_skip_to(r, "endcomment", &ignored))
        return 0;
    return lava_parse_fail(p, item->at, "{%% endcomment %%} is missing");
}

static int parse_raw(struct lava_parser *p,
                     struct lava_reader *r,
                     const struct lava_item *item,
                     struct lava_body *body)
{
    struct lava_str text;

    if (r->lines || !lava_reader_skip_to(r, "endraw", &text))
        return lava_parse_fail(p, item->at, "{%% endraw %%} is missing");
    struct lava_node *n = lava_parse_node(p, body, NODE_TEXT, item->at, text.n > 0);
    if (!n)
        return -1;
    n->text = text;
    return 0;
}

static int parse_lava(struct lava_parser *p,
                      struct lava_reader *r,
                      const struct lava_item *item,
                      struct lava_body *body)
{
    struct lava_reader lines = {.src = r->src,
                                .pos = item->from,
                                .end = item->end,
                                .dialect = r->dialect,
                                .lines = true,
                                .is_tag = r->is_tag};
    struct lava_item end;

    return lava_parse_items(p, &lines, NULL, body, &end);
}

/* {% # ... %}: each of its lines begins with '#'. */
static int parse_hash(struct lava_parser *p,
                      struct lava_reader *r,
                      const struct lava_item *item,
                      struct lava_body *body)
{
    const char *s = p->src->text;

    (void)r;
    (void)body;
    for (uint32_t i = item->from; i < item->end; i++) {
        if (s[i] != '\n')
            continue;
        while (i < item->end && lava_is_space(s[i]))
            i++;
        if (i < item->end && s[i] != '#')
            return lava_parse_fail(p, i, "each line of this comment has to begin with '#'");
    }
    return 0;
}

/* --- what only Rock has --- */

/* Commands, and entities that Rock's data commands are called by. A tag that is not here is taken
 * for a typing error, which is refused all the same. */
static const char *const server_tags[] = {"adaptivemessage",
                                          "attendance",
                                          "attribute",
                                          "attributematrix",
                                          "binaryfile",
                                          "block",
                                          "cache",
                                          "calendarevents",
                                          "campus",
                                          "communication",
                                          "contentchannel",
                                          "contentchannelitem",
                                          "dataview",
                                          "dbtransaction",
                                          "definedtype",
                                          "definedvalue",
                                          "deleteentity",
                                          "entity",
                                          "eventitem",
                                          "eventoccurrence",
                                          "eventscheduledinstance",
                                          "execute",
                                          "financialaccount",
                                          "financialtransaction",
                                          "group",
                                          "grouplocation",
                                          "groupmember",
                                          "grouptype",
                                          "httpresponse",
                                          "interaction",
                                          "interactioncontentchannelitemwrite",
                                          "interactionintentwrite",
                                          "interactionwrite",
                                          "javascript",
                                          "jsonproperty",
                                          "jsonpropertyset",
                                          "location",
                                          "metric",
                                          "modifyentity",
                                          "note",
                                          "observe",
                                          "page",
                                          "person",
                                          "personalias",
                                          "personalize",
                                          "prayerrequest",
                                          "printzpl",
                                          "registration",
                                          "renderlavaendpoint",
                                          "schedule",
                                          "search",
                                          "setculture",
                                          "sql",
                                          "step",
                                          "stylesheet",
                                          "taglist",
                                          "webrequest",
                                          "workflow",
                                          "workflowactivate",
                                          "workflowtype"};

static bool needs_server(struct lava_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(server_tags); i++)
        if (lava_str_eq(name, (struct lava_str){server_tags[i], strlen(server_tags[i])}))
            return true;
    return false;
}

/* A command with its content: what is in it is not ours to judge. */
static int
refuse_command(struct lava_parser *p, struct lava_reader *r, const struct lava_item *item)
{
    char end[48];
    struct lava_str ignored;
    int refused = lava_parse_refuse(p, item, "command");

    if (refused < 0)
        return -1;
    snprintf(end, sizeof(end), "end%.*s", (int)item->name.n, item->name.p);
    if (refused == 0 && !r->lines)
        (void)lava_reader_skip_to(r, end, &ignored);
    return 0;
}

static int parse_stray(struct lava_parser *p, const struct lava_item *item)
{
    int n = (int)(item->name.n < 40 ? item->name.n : 40);

    if (!n)
        return lava_parse_fail(p, item->at, "expected the name of a tag");
    if (lava_is_tag(item->name))
        return lava_parse_fail(p, item->at, "'%.*s' has no place here", n, item->name.p);
    return lava_parse_fail(p, item->at, "there is no tag '%.*s'", n, item->name.p);
}

typedef int parse_fn(struct lava_parser *p,
                     struct lava_reader *r,
                     const struct lava_item *item,
                     struct lava_body *body);

static const struct tag {
    const char *name;
    parse_fn *parse;
} tags[] = {{"assign", parse_assign},
            {"break", parse_jump},
            {"capture", parse_capture},
            {"case", parse_case},
            {"comment", parse_comment},
            {"continue", parse_jump},
            {"cycle", lava_parse_cycle},
            {"decrement", parse_count},
            {"echo", parse_echo},
            {"for", lava_parse_for},
            {"if", parse_if},
            {"include", lava_parse_include},
            {"increment", parse_count},
            {"lava", parse_lava},
            {"liquid", parse_lava},
            {"raw", parse_raw},
            {"render", lava_parse_include},
            {"return", parse_jump},
            {"unless", parse_if}};

static const char *const block_parts[] = {"else",    "elseif",    "elsif",      "endcapture",
                                          "endcase", "endfor",    "endcomment", "endif",
                                          "endraw",  "endunless", "when"};

static const struct tag *find_tag(struct lava_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (lava_str_eq(name, (struct lava_str){tags[i].name, strlen(tags[i].name)}))
            return &tags[i];
    return NULL;
}

bool lava_is_tag(struct lava_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(block_parts); i++)
        if (lava_str_eq(name, (struct lava_str){block_parts[i], strlen(block_parts[i])}))
            return true;
    return find_tag(name) != NULL || needs_server(name);
}

int lava_parse_tag(struct lava_parser *p,
                   struct lava_reader *r,
                   const struct lava_item *item,
                   struct lava_body *body)
{
    const struct tag *tag = find_tag(item->name);

    if (tag)
        return tag->parse(p, r, item, body);
    if (p->dialect && is_name(item, "#"))
        return parse_hash(p, r, item, body);
    if (!p->dialect && needs_server(item->name))
        return refuse_command(p, r, item);
    return parse_stray(p, item);
}
