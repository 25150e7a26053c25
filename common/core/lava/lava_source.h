/*
 * lava_source: the text of a template: Lava's comments taken out, positions put back.
 */
#ifndef SYNC_CORE_LAVA_SOURCE_H
#define SYNC_CORE_LAVA_SOURCE_H

#include "common/core/lava/lava_p.h"

/*
 * Copies raw[0..n) to a and takes out the comments `//-` to the end of the line (the line's end
 * stays) and `/- -/`, wherever they stand but in {% raw %}. One that is not closed is text.
 * @comments  false: leave them, for a dialect without them
 * @source    DIALECT.md 10
 */
void lava_source_init(
    struct lava_source *s, struct arena *a, const char *raw, size_t n, bool comments);

/* Where {% name %} (white space and dashes allowed) at s[at..n) ends; 0 when it is not there. */
uint32_t lava_source_tag(const char *s, uint32_t n, uint32_t at, const char *name);

static inline bool lava_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool lava_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool lava_is_letter(char c) /* of ASCII */
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#endif
