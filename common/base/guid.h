/*
 * guid: 16 bytes as written, compared as bytes. Text form is lower case with dashes (Rock's REST
 * form).
 */
#ifndef SYNC_BASE_GUID_H
#define SYNC_BASE_GUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define GUID_TEXT 37 /* with NUL */

struct guid {
    uint8_t b[16]; /* in text order */
};

/* Any case, dashes required, no braces, nothing behind. */
bool guid_parse(const char *s, struct guid *ret);
const char *guid_format(const struct guid *g, char out[GUID_TEXT]); /* returns out */
void guid_random(struct guid *ret); /* version 4, from the system's random source */

static inline int guid_cmp(const struct guid *a, const struct guid *b)
{
    return memcmp(a->b, b->b, 16);
}
static inline bool guid_is_nil(const struct guid *g)
{
    static const struct guid nil;
    return guid_cmp(g, &nil) == 0;
}

#endif
