/*
 * odata_p: tokens, and what the parts of the OData reader share.
 */
#ifndef SIM_ROCK_ODATA_P_H
#define SIM_ROCK_ODATA_P_H

#include "tests/sim/rock/odata.h"

enum token_type {
    TOKEN_END,
    TOKEN_NAME,    /* identifier, keyword or function */
    TOKEN_LITERAL, /* value is set */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_SLASH,
    TOKEN_BAD
};

struct token {
    enum token_type type;
    const char *p;
    size_t n;
    struct odata_value value;
};

struct lexer {
    struct odata_context *ctx;
    const char *text, *at;
    struct token now; /* the token under the cursor */
};

bool lexer_start(struct lexer *lx,
                 struct odata_context *ctx,
                 const char *text); /* false: refused, reason set */
bool lexer_next(struct lexer *lx);
bool lexer_is(const struct lexer *lx, const char *name); /* the current token is this word */
/* Sets the reason; always false. */
bool odata_fail(struct odata_context *ctx, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool odata_syntax(const struct lexer *lx); /* "Syntax error at position ..."; always false */

/* Binds "A/B/Column" at the cursor. */
struct odata_node *odata_property(struct lexer *lx, const struct entity *e);
const char *edm_name(enum edm_type t); /* "Edm.Int32" */
enum edm_type edm_of(const struct column *col);
int odata_compare(const struct odata_value *a,
                  const struct odata_value *b); /* neither null, one type */
struct odata_value odata_eval(struct church *c, const struct odata_node *n, const void *row);

#endif
