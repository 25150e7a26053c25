#include "common/core/lava/lava_lex.h"

#include "common/core/lava/lava_source.h"

static bool word_begins(const struct lava_lex *l, char c)
{
    return lava_is_letter(c) || c == '_' || (!l->dialect && (signed char)c < 0);
}

static bool word_goes_on(const struct lava_lex *l, char c)
{
    return word_begins(l, c) || lava_is_digit(c) || c == '-';
}

static void take(struct lava_lex *l, enum lava_token token, uint32_t n)
{
    l->token = token;
    l->n = n;
    l->pos = l->at + n;
}

static void take_word(struct lava_lex *l)
{
    uint32_t i = l->at;

    while (i < l->end && word_goes_on(l, l->s[i]))
        i++;
    if (i < l->end && l->s[i] == '?')
        i++;
    take(l, TOKEN_WORD, i - l->at);
}

/* A number; or in Lava a name that begins with a digit (1st). */
static void take_number(struct lava_lex *l)
{
    uint32_t i = l->at + (l->s[l->at] == '-');

    while (i < l->end && lava_is_digit(l->s[i]))
        i++;
    if (!l->dialect && i < l->end && l->s[l->at] != '-' && word_begins(l, l->s[i])) {
        take_word(l);
        return;
    }
    if (i + 1 < l->end && l->s[i] == '.' && lava_is_digit(l->s[i + 1])) {
        i++;
        while (i < l->end && lava_is_digit(l->s[i]))
            i++;
    }
    take(l, TOKEN_NUMBER, i - l->at);
}

/* Lava's texts have escapes, so that a quote behind a backslash does not end one. */
static void take_string(struct lava_lex *l)
{
    char quote = l->s[l->at];
    uint32_t i = l->at + 1;

    while (i < l->end && l->s[i] != quote)
        i += l->s[i] == '\\' && !l->dialect ? 2 : 1;
    if (i >= l->end) {
        take(l, TOKEN_BAD, l->end - l->at);
        return;
    }
    l->token = TOKEN_STRING;
    l->at++;
    l->n = i - l->at;
    l->pos = i + 1;
}

static const struct op_text {
    char text[3];
    enum lava_op op;
} ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<>", OP_NE}, {"<=", OP_LE},
           {">=", OP_GE}, {"<", OP_LT},  {">", OP_GT}};

static bool take_op(struct lava_lex *l)
{
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        uint32_t n = (uint32_t)strlen(ops[i].text);
        if (l->end - l->at >= n && memcmp(l->s + l->at, ops[i].text, n) == 0) {
            take(l, TOKEN_OP, n);
            l->op = ops[i].op;
            return true;
        }
    }
    return false;
}

static void take_mark(struct lava_lex *l)
{
    static const char marks[] = ".[]()|:,=";
    static const enum lava_token tokens[] = {
        TOKEN_DOT,  TOKEN_OPEN_BRACKET, TOKEN_CLOSE_BRACKET, TOKEN_OPEN_PAREN, TOKEN_CLOSE_PAREN,
        TOKEN_PIPE, TOKEN_COLON,        TOKEN_COMMA,         TOKEN_ASSIGN};
    const char *mark = l->s[l->at] ? strchr(marks, l->s[l->at]) : NULL;

    if (!mark) {
        take(l, TOKEN_BAD, 1);
        return;
    }
    if (*mark == '.' && l->at + 1 < l->end && l->s[l->at + 1] == '.')
        take(l, TOKEN_DOTS, 2);
    else
        take(l, tokens[mark - marks], 1);
}

void lava_lex_next(struct lava_lex *l)
{
    l->before = l->pos;
    l->at = l->pos;
    while (l->at < l->end && lava_is_space(l->s[l->at]))
        l->at++;
    if (l->at == l->end) {
        take(l, TOKEN_END, 0);
        return;
    }
    char c = l->s[l->at];
    bool minus = c == '-' && l->at + 1 < l->end && lava_is_digit(l->s[l->at + 1]);

    if (word_begins(l, c))
        take_word(l);
    else if (lava_is_digit(c) || minus)
        take_number(l);
    else if (c == '\'' || c == '"')
        take_string(l);
    else if (!take_op(l))
        take_mark(l);
}

void lava_lex_init(struct lava_lex *l, const char *s, uint32_t from, uint32_t end, bool dialect)
{
    *l = (struct lava_lex){.s = s, .pos = from, .end = end, .dialect = dialect};
    lava_lex_next(l);
}

bool lava_lex_is(const struct lava_lex *l, const char *word)
{
    return l->token == TOKEN_WORD && l->n == strlen(word) && !memcmp(l->s + l->at, word, l->n);
}

const char *lava_lex_name(const struct lava_lex *l)
{
    static const char *const names[] = {
        [TOKEN_END] = "the end",       [TOKEN_WORD] = "a name",
        [TOKEN_NUMBER] = "a number",   [TOKEN_STRING] = "a text",
        [TOKEN_OP] = "a comparison",   [TOKEN_DOT] = "'.'",
        [TOKEN_DOTS] = "'..'",         [TOKEN_OPEN_BRACKET] = "'['",
        [TOKEN_CLOSE_BRACKET] = "']'", [TOKEN_OPEN_PAREN] = "'('",
        [TOKEN_CLOSE_PAREN] = "')'",   [TOKEN_PIPE] = "'|'",
        [TOKEN_COLON] = "':'",         [TOKEN_COMMA] = "','",
        [TOKEN_ASSIGN] = "'='",        [TOKEN_BAD] = "a character that has no meaning here",
    };

    if (l->token == TOKEN_BAD && (l->s[l->at] == '\'' || l->s[l->at] == '"'))
        return "a text without its closing quote";
    return names[l->token];
}
