/*
 * lava_filters_case: small letters and capitals.
 */
#include <utf8proc.h>

#include "common/core/lava/lava_filters_p.h"

typedef int32_t case_fn(int32_t cp);

/* One character for one, as .NET: the sharp s stays small. */
static int32_t upper(int32_t cp)
{
    return cp == 0xdf ? cp : utf8proc_toupper(cp);
}

static int32_t lower(int32_t cp)
{
    return utf8proc_tolower(cp);
}

static int
map_case(struct lava_ctx *c, const struct lava_value *in, case_fn *fn, struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;
    size_t n;

    if (lava_in_text(c, in, &s) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = lava_char_at(s.p + i, s.p + s.n, &n);
        int r = cp < 0 ? lava_build_add(&b, s.p + i, n) : lava_build_char(&b, (uint32_t)fn(cp));
        if (r < 0)
            return -1;
    }
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_Upcase(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    (void)args;
    return map_case(c, in, upper, ret);
}

int lava_do_Downcase(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    (void)args;
    return map_case(c, in, lower, ret);
}

/* The first letter of each word; what else there is stays. @source Fluid StringFilters.cs */
int lava_do_Capitalize(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;
    int32_t before = ' ';
    size_t n;

    (void)args;
    if (lava_in_text(c, in, &s) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = lava_char_at(s.p + i, s.p + s.n, &n);
        bool first = lava_char_is_space(before) || before == '-' || before == '.';
        int r = first && cp >= 0 ? lava_build_char(&b, (uint32_t)upper(cp))
                                 : lava_build_add(&b, s.p + i, n);
        if (r < 0)
            return -1;
        before = cp;
    }
    *ret = lava_build_value(&b);
    return 0;
}
