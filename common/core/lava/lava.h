/*
 * lava: Rock's template language. Parse once, render any number of times.
 *
 * Pure: no I/O, no clock of its own, no state outside of what the caller holds. A template is
 * immutable and may be rendered by several threads at once, each with a workspace of its own. All
 * input is hostile until it has been rendered: templates come from administrators, values from
 * whoever typed them into Rock. What goes beyond a limit ends with an error, never with a stall.
 *
 * Errors have code "lava.syntax" or "lava.render", SCOPE_ITEM, WHEN_NEVER, and a text that begins
 * with "line:column: " of the template (columns in bytes, both from 1). They quote names that the
 * template holds (tags, filters), never values.
 *
 * @source DIALECT.md, which says where Lava departs from Shopify's Liquid; docs/lava.md
 */
#ifndef SYNC_CORE_LAVA_H
#define SYNC_CORE_LAVA_H

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/core/lava/lava_value.h"

struct lava_dialect;
struct lava_template;
struct lava_work;

enum {
    LAVA_MAX_TEMPLATE = 1 << 20, /* bytes: what is longer is refused */
    LAVA_MAX_NESTING = 100,      /* blocks in blocks; brackets in brackets in an expression */
    LAVA_MAX_NODES = 1 << 20     /* parts of a template after parsing */
};

/* A file for `include` and `render`. Rock has files; a contact's template has none. */
struct lava_partial {
    struct lava_str name, text;
};

struct lava_parse_options {
    const struct lava_dialect *dialect;  /* NULL: Lava */
    const struct lava_partial *partials; /* borrowed for the call only */
    size_t n_partials;
};

/* @o may be NULL. The text is copied. */
int lava_parse(const char *text,
               size_t n,
               const struct lava_parse_options *o,
               struct lava_template **ret,
               struct err *err) must_check;
void lava_template_free(struct lava_template *t); /* NULL is fine */
CLEANUP_DEFINE(struct lava_template, lava_template_free);

struct lava_limits {
    size_t output;   /* bytes of text */
    size_t memory;   /* bytes of values made on the way */
    uint64_t steps;  /* about one per tag, expression part and item; what stands in for time */
    unsigned nested; /* partials in partials */
};
extern const struct lava_limits lava_limits_default; /* 1 MiB, 16 MiB, 10 M steps, 50: about 1 s */

/* What a template sees. */
struct lava_env {
    struct lava_value vars;   /* its root variables: an object; nil for none */
    struct lava_value global; /* global attributes: an object; nil for none */
    struct lava_clock clock;  /* .known = false: there is no clock, and asking for it fails */
};

/*
 * Memory that renders use one after the other. A render whose values take less than 64 KiB
 * allocates nothing, once the workspace has seen a template with as many variables and as much
 * output.
 */
struct lava_work *lava_work_new(void);
void lava_work_free(struct lava_work *w); /* NULL is fine */
CLEANUP_DEFINE(struct lava_work, lava_work_free);

/*
 * @limits  NULL: lava_limits_default
 * @out     text in w, valid until w's next use; not NUL-terminated
 * @return  -1 with *err: nothing of the output is given out
 */
int lava_render(const struct lava_template *t,
                const struct lava_env *env,
                const struct lava_limits *limits,
                struct lava_work *w,
                struct lava_str *out,
                struct err *err) must_check;

#endif
