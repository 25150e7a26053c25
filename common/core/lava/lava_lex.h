/*
 * lava_lex: the words of an expression: what stands between {{ and }}, or in a tag.
 */
#ifndef SYNC_CORE_LAVA_LEX_H
#define SYNC_CORE_LAVA_LEX_H

#include "common/core/lava/lava_p.h"

enum lava_token {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_NUMBER,
    TOKEN_STRING, /* text without its quotes */
    TOKEN_OP,     /* == != <> < > <= >= */
    TOKEN_DOT,
    TOKEN_DOTS, /* .. */
    TOKEN_OPEN_BRACKET,
    TOKEN_CLOSE_BRACKET,
    TOKEN_OPEN_PAREN,
    TOKEN_CLOSE_PAREN,
    TOKEN_PIPE,
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_ASSIGN,
    TOKEN_BAD /* a character that begins nothing, or a text without its closing quote */
};

struct lava_lex {
    const char *s;     /* the source's text */
    uint32_t pos, end; /* what comes after the token; where the expression ends */
    bool dialect;      /* names as Liquid has them */
    enum lava_token token;
    uint32_t at, n;  /* the token's bytes (a text's without quotes) */
    uint32_t before; /* where the token before ended */
    enum lava_op op; /* of TOKEN_OP */
};

/* Reads the first token of s[from..end). */
void lava_lex_init(struct lava_lex *l, const char *s, uint32_t from, uint32_t end, bool dialect);
void lava_lex_next(struct lava_lex *l);
/* The token is this word. */
bool lava_lex_is(const struct lava_lex *l, const char *word);
static inline struct lava_str lava_lex_text(const struct lava_lex *l)
{
    return (struct lava_str){l->s + l->at, l->n};
}
/* Where the token begins: a text at its quote. */
static inline uint32_t lava_lex_at(const struct lava_lex *l)
{
    return l->token == TOKEN_STRING ? l->at - 1 : l->at;
}
/* What the token is, for messages: "a number". */
const char *lava_lex_name(const struct lava_lex *l);

#endif
