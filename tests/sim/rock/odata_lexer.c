#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/rock/odata_p.h"
#include "tests/sim/rock/ticks.h"

bool odata_fail(struct odata_context *ctx, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    str_clear(ctx->reason);
    str_puts(ctx->reason, text);
    return false;
}

bool odata_syntax(const struct lexer *lx)
{
    return odata_fail(lx->ctx, "Syntax error at position %d in '%.200s'.",
                      (int)(lx->now.p - lx->text), lx->text);
}

static bool name_char(char ch)
{
    return isalnum((unsigned char)ch) || ch == '_';
}

/* 'text' with doubled quotes inside; the cursor stands on the first quote. Returns the end, NULL
 * when it never ends. */
static const char *quoted(struct lexer *lx, const char *s, const char **ret)
{
    char *out = arena_alloc(lx->ctx->arena, strlen(s) + 1);
    size_t n = 0;
    for (s++; *s; s++) {
        if (*s == '\'' && s[1] != '\'') {
            *ret = out;
            return s + 1;
        }
        if (*s == '\'')
            s++;
        out[n++] = *s;
    }
    return NULL;
}

static bool unrecognized(const struct lexer *lx, const char *edm)
{
    return odata_fail(lx->ctx, "Unrecognized '%s' literal '%.*s' at '%d' in '%.200s'.", edm,
                      (int)lx->now.n, lx->now.p, (int)(lx->now.p - lx->text), lx->text);
}

/* guid'...' and datetime'...'; other prefixes (time, datetimeoffset, binary) are legal in v3 but no
 * column has the type. */
static bool typed_literal(struct lexer *lx, const char *prefix, size_t n, const char *text)
{
    struct odata_value *v = &lx->now.value;
    lx->now.type = TOKEN_LITERAL;
    if (lx->ctx->v4)
        return odata_syntax(lx);
    if (n == 4 && strncmp(prefix, "guid", n) == 0) {
        v->type = EDM_GUID;
        return guid_parse(text, &v->g) || unrecognized(lx, "Edm.Guid");
    }
    if (n == 8 && strncmp(prefix, "datetime", n) == 0) {
        v->type = EDM_DATETIME;
        return ticks_parse(text, strlen(text), &v->i) || unrecognized(lx, "Edm.DateTime");
    }
    return odata_syntax(lx);
}

static bool word(struct lexer *lx, const char *s)
{
    const char *end = s;
    while (name_char(*end))
        end++;
    size_t n = (size_t)(end - s);
    lx->now = (struct token){.type = TOKEN_NAME, .p = s, .n = n};
    lx->at = end;
    if (*end == '\'') {
        const char *text = NULL;
        lx->at = quoted(lx, end, &text);
        if (!lx->at)
            return odata_fail(lx->ctx,
                              "There is an unterminated string literal at position %d in '%.200s'.",
                              (int)strlen(lx->text), lx->text);
        lx->now.n = (size_t)(lx->at - s);
        return typed_literal(lx, s, n, text);
    }
    if (lexer_is(lx, "null") || lexer_is(lx, "true") || lexer_is(lx, "false")) {
        lx->now.type = TOKEN_LITERAL;
        lx->now.value = (struct odata_value){.type = *s == 'n' ? EDM_NULL : EDM_BOOLEAN};
        lx->now.value.b = *s == 't';
    }
    return true;
}

/* v4 only: 2026-01-05T01:00:00 and aab2e9f4-... without a prefix. */
static bool bare_literal(struct lexer *lx, const char *s, const char *end)
{
    size_t n = (size_t)(end - s);
    autofree char *text = xstrndup(s, n);
    if (guid_parse(text, &lx->now.value.g))
        lx->now.value.type = EDM_GUID;
    else if (ticks_parse(s, n, &lx->now.value.i))
        lx->now.value.type = EDM_DATETIME;
    else
        return false;
    lx->now.type = TOKEN_LITERAL;
    lx->now.n = n;
    lx->at = end;
    return true;
}

static bool integer(struct lexer *lx, const char *s)
{
    const char *end = s;
    while (name_char(*end) || *end == '-' || *end == ':' || *end == '.')
        end++;
    lx->now = (struct token){.type = TOKEN_LITERAL, .p = s, .n = (size_t)(end - s)};
    if (lx->ctx->v4 && bare_literal(lx, s, end))
        return true;
    char *after;
    errno = 0;
    long long v = strtoll(s, &after, 10);
    if (after != end || errno || v > INT32_MAX || v < INT32_MIN)
        return odata_syntax(lx);
    lx->now.value = (struct odata_value){.type = EDM_INT32};
    lx->now.value.i = v;
    lx->at = end;
    return true;
}

static bool looks_like_guid(const char *s)
{
    for (int i = 0; i < 8; i++)
        if (!isxdigit((unsigned char)s[i]))
            return false;
    return s[8] == '-';
}

static bool other(struct lexer *lx, const char *s)
{
    static const struct {
        char ch;
        enum token_type type;
    } marks[] = {{'(', TOKEN_OPEN},
                 {')', TOKEN_CLOSE},
                 {',', TOKEN_COMMA},
                 {'/', TOKEN_SLASH},
                 {'\0', TOKEN_END}};
    lx->now = (struct token){.type = TOKEN_BAD, .p = s, .n = *s ? 1 : 0};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (*s == marks[i].ch)
            lx->now.type = marks[i].type;
    lx->at = s + lx->now.n;
    return lx->now.type != TOKEN_BAD || odata_syntax(lx);
}

bool lexer_next(struct lexer *lx)
{
    const char *s = lx->at;
    while (*s == ' ' || *s == '\t')
        s++;
    if (*s == '\'') {
        lx->now = (struct token){.type = TOKEN_LITERAL, .p = s};
        lx->now.value.type = EDM_STRING;
        const char *end = quoted(lx, s, &lx->now.value.s);
        if (!end)
            return odata_fail(lx->ctx,
                              "There is an unterminated string literal at position %d in '%.200s'.",
                              (int)strlen(lx->text), lx->text);
        lx->now.n = (size_t)(end - s);
        lx->at = end;
        return true;
    }
    if (isdigit((unsigned char)*s) || (*s == '-' && isdigit((unsigned char)s[1])) ||
        (lx->ctx->v4 && looks_like_guid(s)))
        return integer(lx, s);
    if (name_char(*s) || *s == '$')
        return word(lx, s);
    return other(lx, s);
}

bool lexer_start(struct lexer *lx, struct odata_context *ctx, const char *text)
{
    *lx = (struct lexer){.ctx = ctx, .text = text, .at = text};
    return lexer_next(lx);
}

bool lexer_is(const struct lexer *lx, const char *name)
{
    return lx->now.type == TOKEN_NAME && strlen(name) == lx->now.n &&
           strncmp(lx->now.p, name, lx->now.n) == 0;
}
