/*
 * lava_check_p: findings, as the parser hands them to the check.
 */
#ifndef SYNC_CORE_LAVA_CHECK_P_H
#define SYNC_CORE_LAVA_CHECK_P_H

#include "common/base/vec.h"

#include "common/core/lava/lava_check.h"

struct lava_findings {
    struct arena *a;
    vec(struct lava_finding) v;
};

/* Adds one, unless there are LAVA_MAX_FINDINGS. The text is copied. */
void lava_finding_add(struct lava_findings *f,
                      enum lava_finding_kind kind,
                      uint32_t line,
                      uint32_t column,
                      const char *text);

struct lava_parse_options;
struct lava_template;
/* As lava_parse; what needs the server is added to findings instead of ending the parse. */
int lava_parse_checked(const char *text,
                       size_t n,
                       const struct lava_parse_options *o,
                       struct lava_findings *findings,
                       struct lava_template **ret,
                       struct err *err);

#endif
