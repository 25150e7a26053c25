/*
 * Expressions: literals, paths, ranges, filters, conditions.
 */
#include <strings.h>

#include "common/core/lava/lava_known.h"
#include "common/core/lava/lava_parser_p.h"
#include "common/core/lava/lava_source.h"

static struct lava_expr *
new_expr(struct lava_parser *p, const struct lava_lex *l, enum lava_expr_kind kind)
{
    struct lava_expr *e = lava_parse_new(p, l->at, sizeof(*e), 1);

    if (e) {
        e->kind = (uint8_t)kind;
        e->at = lava_lex_at(l);
    }
    return e;
}

static int expected(struct lava_parser *p, const struct lava_lex *l, const char *what)
{
    return lava_parse_fail(p, lava_lex_at(l), "expected %s, found %s", what, lava_lex_name(l));
}

int lava_parse_end(struct lava_parser *p, const struct lava_lex *l, const char *where)
{
    if (l->token == TOKEN_END)
        return 0;
    return lava_parse_fail(p, lava_lex_at(l), "%s ends too late: unexpected %s", where,
                           lava_lex_name(l));
}

/* --- texts --- */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

static bool read_hex(const char *s, size_t n, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        unsigned digit = lava_is_digit(c)                     ? (unsigned)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a' + 10)
                                                              : 16;
        if (digit > 15)
            return false;
        *ret = *ret << 4 | digit;
    }
    return *ret < 0xd800 || *ret > 0xdfff;
}

/* One escape at s (behind the backslash); returns the bytes it takes, 0 when it is none. */
static size_t unescape(const char *s, size_t left, char *out, size_t *out_n)
{
    static const char from[] = "'\"\\nrt0bfv", to[] = "'\"\\\n\r\t\0\b\f\v";
    const char *simple = left && *s ? strchr(from, *s) : NULL;
    uint32_t code;

    if (simple) {
        out[(*out_n)++] = to[simple - from];
        return 1;
    }
    size_t digits = left && *s == 'u' ? 4 : left && *s == 'x' ? 2 : 0;
    if (!digits || left <= digits || !read_hex(s + 1, digits, &code))
        return 0;
    *out_n += put_utf8(out + *out_n, code);
    return digits + 1;
}

/*
 * Fluid's parser reads the escapes of C#; others it refuses, and the engine before it left all of
 * them alone. Here those that it knows are read and others stay, so that old templates go on.
 */
static struct lava_value text_value(struct lava_parser *p, struct lava_str s)
{
    const char *slash = s.n ? memchr(s.p, '\\', s.n) : NULL;

    if (p->dialect || !slash)
        return lava_string(s.p, s.n);
    char *out = arena_alloc(p->a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        size_t used = s.p[i] == '\\' ? unescape(s.p + i + 1, s.n - i - 1, out, &n) : 0;
        if (!used)
            out[n++] = s.p[i];
        i += used;
    }
    return lava_string(out, n);
}

/* --- words and paths --- */

static bool word_value(const struct lava_parser *p, struct lava_str s, struct lava_value *ret)
{
    static const struct {
        const char *word;
        uint8_t type;
        bool b;
    } words[] = {{"true", LAVA_BOOL, true},    {"false", LAVA_BOOL, false},
                 {"nil", LAVA_NIL, false},     {"null", LAVA_NIL, false},
                 {"empty", LAVA_EMPTY, false}, {"blank", LAVA_BLANK, false}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i].word) != s.n || strncasecmp(words[i].word, s.p, s.n) != 0)
            continue;
        if (p->dialect && memcmp(words[i].word, s.p, s.n) != 0)
            return false;
        *ret = (struct lava_value){.type = words[i].type, .b = words[i].b};
        return true;
    }
    return false;
}

struct lava_name lava_parse_name(struct lava_str text)
{
    return (struct lava_name){text.p, (uint32_t)text.n, lava_known_find(text.p, text.n)};
}

/* .name or [index]; 0 when the path ends here. */
static int parse_segment(struct lava_parser *p, struct lava_lex *l, struct lava_segment *ret)
{
    *ret = (struct lava_segment){0};
    if (l->token == TOKEN_DOT) {
        lava_lex_next(l);
        if (l->token != TOKEN_WORD)
            return expected(p, l, "a name after '.'");
        ret->name = lava_parse_name(lava_lex_text(l));
        lava_lex_next(l);
        return 1;
    }
    if (l->token != TOKEN_OPEN_BRACKET)
        return 0;
    lava_lex_next(l);
    ret->index = lava_parse_primary(p, l);
    if (!ret->index)
        return -1;
    if (l->token != TOKEN_CLOSE_BRACKET)
        return expected(p, l, "']'");
    lava_lex_next(l);
    if (ret->index->kind == EXPR_CONST && ret->index->value.type == LAVA_STRING) {
        ret->name = lava_parse_name(lava_str_of(&ret->index->value));
        ret->index = NULL;
    }
    return 1;
}

static int parse_segments(struct lava_parser *p, struct lava_lex *l, struct lava_expr *e)
{
    vec(struct lava_segment) segments = {0};
    struct lava_segment one;
    int r;

    while ((r = parse_segment(p, l, &one)) > 0)
        vec_push(&segments, one);
    struct lava_segment *copy = r < 0 ? NULL : lava_parse_new(p, e->at, sizeof(*copy), segments.n);
    if (copy && segments.n)
        memcpy(copy, segments.v, segments.n * sizeof(*copy));
    e->path.segments = copy;
    e->path.n = (uint32_t)segments.n;
    vec_release(&segments);
    return copy ? 0 : -1;
}

static const struct lava_expr *parse_path(struct lava_parser *p, struct lava_lex *l)
{
    struct lava_expr *e = new_expr(p, l, EXPR_PATH);

    if (!e)
        return NULL;
    if (l->token == TOKEN_WORD) {
        e->path.slot = lava_parse_slot(p, lava_lex_text(l));
        lava_lex_next(l);
    } else { /* ['a name'] or [name] */
        struct lava_segment root;
        if (parse_segment(p, l, &root) < 0)
            return NULL;
        e->path.slot = root.index ? LAVA_NO_SLOT
                                  : lava_parse_slot(p, (struct lava_str){root.name.p, root.name.n});
        e->path.root = root.index;
    }
    return parse_segments(p, l, e) < 0 ? NULL : e;
}

static const struct lava_expr *parse_word(struct lava_parser *p, struct lava_lex *l)
{
    struct lava_value v;

    if (word_value(p, lava_lex_text(l), &v)) {
        struct lava_lex after = *l;
        lava_lex_next(&after);
        if (after.token != TOKEN_DOT && after.token != TOKEN_OPEN_BRACKET) {
            struct lava_expr *e = new_expr(p, l, EXPR_CONST);
            if (e)
                e->value = v;
            *l = after;
            return e;
        }
    }
    return parse_path(p, l);
}

static const struct lava_expr *parse_range(struct lava_parser *p, struct lava_lex *l)
{
    struct lava_expr *e = new_expr(p, l, EXPR_RANGE);

    if (!e)
        return NULL;
    lava_lex_next(l);
    e->pair.a = lava_parse_primary(p, l);
    if (!e->pair.a)
        return NULL;
    if (l->token != TOKEN_DOTS) {
        expected(p, l, "'..'");
        return NULL;
    }
    lava_lex_next(l);
    e->pair.b = lava_parse_primary(p, l);
    if (!e->pair.b)
        return NULL;
    if (l->token != TOKEN_CLOSE_PAREN) {
        expected(p, l, "')'");
        return NULL;
    }
    lava_lex_next(l);
    return e;
}

static const struct lava_expr *parse_constant(struct lava_parser *p, struct lava_lex *l)
{
    struct lava_expr *e = new_expr(p, l, EXPR_CONST);
    struct lava_str s = lava_lex_text(l);
    struct decimal d;

    if (!e)
        return NULL;
    if (l->token == TOKEN_STRING) {
        e->value = text_value(p, s);
    } else if (decimal_parse(s.p, s.n, DECIMAL_PLAIN, &d)) {
        e->value = lava_number(d);
    } else {
        lava_parse_fail(p, lava_lex_at(l), "this number is too large");
        return NULL;
    }
    lava_lex_next(l);
    return e;
}

static const struct lava_expr *parse_any(struct lava_parser *p, struct lava_lex *l)
{
    switch (l->token) {
    case TOKEN_WORD:
        return parse_word(p, l);
    case TOKEN_STRING:
    case TOKEN_NUMBER:
        return parse_constant(p, l);
    case TOKEN_OPEN_PAREN:
        return parse_range(p, l);
    case TOKEN_OPEN_BRACKET:
        if (p->dialect)
            return parse_path(p, l);
        break;
    default:
        break;
    }
    expected(p, l, "a value");
    return NULL;
}

const struct lava_expr *lava_parse_primary(struct lava_parser *p, struct lava_lex *l)
{
    if (lava_parse_deeper(p, l->at) < 0)
        return NULL;
    const struct lava_expr *e = parse_any(p, l);

    p->depth--;
    return e;
}
