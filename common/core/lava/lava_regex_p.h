/*
 * lava_regex_p: what the files of lava_regex share.
 */
#ifndef SYNC_CORE_LAVA_REGEX_P_H
#define SYNC_CORE_LAVA_REGEX_P_H

#include "common/base/str.h"

#include "common/core/lava/lava_regex.h"

/* Rewrites .NET's pattern as PCRE2's; -1 with *err for what one of the two does not have. */
int lava_regex_translate(const char *pattern, size_t n, struct str *out, struct err *err);

/* .NET's number of the group of that name; -1: none. */
int lava_regex_group_named(const struct lava_regex *re, const char *name, size_t n);

/* Takes one match; not 0 ends. */
typedef int lava_each_fn(void *user, const struct lava_match *groups);

/* Every match in turn. 0, -1 with *err, or 1: each ended it. */
int lava_regex_each(const struct lava_regex *re,
                    uint64_t *budget,
                    const char *s,
                    size_t n,
                    lava_each_fn *each,
                    void *user,
                    struct err *err);

#endif
