/*
 * lava_parser_p: what the files of the parser share. lava_parse.c: texts, blocks; lava_parse_tag.c:
 * tags; lava_parse_expr.c: expressions.
 *
 * Everything that grows with the text is counted (LAVA_MAX_NODES) and everything that nests is
 * counted (LAVA_MAX_NESTING), so that any text is parsed or refused in time and memory proportional
 * to its length.
 */
#ifndef SYNC_CORE_LAVA_PARSER_P_H
#define SYNC_CORE_LAVA_PARSER_P_H

#include "common/base/map.h"
#include "common/base/vec.h"

#include "common/core/lava/lava_check_p.h"
#include "common/core/lava/lava_lex.h"
#include "common/core/lava/lava_p.h"
#include "common/core/lava/lava_reader.h"

struct lava_parser {
    struct arena *a;
    struct lava_template *t;
    const struct lava_dialect *dialect; /* NULL: Lava */
    const struct lava_source *src;
    struct err *err;
    struct lava_findings *findings; /* NULL: the first refusal is an error */
    struct map *slots;              /* name -> slot + 1 */
    struct map *resumes;            /* loop -> number + 1 */
    vec(struct lava_name) names;
    uint32_t n_nodes;
    unsigned depth;
};

/* A block's content while it is put together. */
struct lava_body {
    const struct lava_node *first;
    struct lava_node *last;
    bool prints; /* holds more than white space, assignments and the like */
};

/* Fills *p->err with the position; returns -1. */
int lava_parse_fail(struct lava_parser *p, uint32_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Memory of the template for n things of a size; NULL (err set) when the template has too many. */
void *lava_parse_new(struct lava_parser *p, uint32_t at, size_t size, size_t n);
int lava_parse_deeper(struct lava_parser *p, uint32_t at); /* -1 when too deep; p->depth-- after */
uint32_t lava_parse_slot(struct lava_parser *p, struct lava_str name);
struct lava_name lava_parse_name(struct lava_str text);

/* Expressions; NULL with *p->err. */
const struct lava_expr *lava_parse_primary(struct lava_parser *p, struct lava_lex *l);
/* Comparisons, and, or; each side with filters, where Lava allows them. */
const struct lava_expr *lava_parse_condition(struct lava_parser *p, struct lava_lex *l);
/* What {{ }} and assign take: a value with filters. */
const struct lava_expr *lava_parse_value(struct lava_parser *p, struct lava_lex *l);
/* -1 when something follows. */
int lava_parse_end(struct lava_parser *p, const struct lava_lex *l, const char *where);

/* Appends a node of a kind; NULL with *p->err. prints: see lava_body. */
struct lava_node *lava_parse_node(struct lava_parser *p,
                                  struct lava_body *body,
                                  enum lava_node_kind kind,
                                  uint32_t at,
                                  bool prints);
/*
 * Items up to a tag whose name is in `ends` (NULL-terminated; then *end is that tag) or, when ends
 * is NULL, to the end of the text.
 */
int lava_parse_items(struct lava_parser *p,
                     struct lava_reader *r,
                     const char *const *ends,
                     struct lava_body *body,
                     struct lava_item *end);
int lava_parse_tag(struct lava_parser *p,
                   struct lava_reader *r,
                   const struct lava_item *item,
                   struct lava_body *body);
/* What only Rock has: an error, or a finding (1: there are enough of them). */
int lava_parse_refuse(struct lava_parser *p, const struct lava_item *item, const char *what);
bool lava_is_tag(struct lava_str name); /* also the ends of blocks */
/* Takes the white space out of bodies of a block that prints nothing else (dialects). */
void lava_parse_quiet(struct lava_parser *p, struct lava_body *const *bodies, size_t n);

/* lava_parse_loop.c */
int lava_parse_for(struct lava_parser *p,
                   struct lava_reader *r,
                   const struct lava_item *item,
                   struct lava_body *body);
int lava_parse_cycle(struct lava_parser *p,
                     struct lava_reader *r,
                     const struct lava_item *item,
                     struct lava_body *body);
int lava_parse_include(struct lava_parser *p,
                       struct lava_reader *r,
                       const struct lava_item *item,
                       struct lava_body *body);

#endif
