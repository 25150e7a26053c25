#include "common/base/guid.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/banned.h"
#include "common/base/digest.h"

static bool dash_at(int i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool guid_parse(const char *s, struct guid *ret)
{
    char digits[33] = {0};
    int n = 0;

    for (int i = 0; i < GUID_TEXT - 1; i++) {
        if (dash_at(i) ? s[i] != '-' : !s[i]) /* also ends at a NUL that comes too early */
            return false;
        if (!dash_at(i))
            digits[n++] = s[i];
    }
    return s[GUID_TEXT - 1] == '\0' && hex_decode(digits, sizeof(ret->b), ret->b);
}

const char *guid_format(const struct guid *g, char out[GUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *o = out;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *o++ = '-';
        *o++ = hex[g->b[i] >> 4];
        *o++ = hex[g->b[i] & 15];
    }
    *o = '\0';
    return out;
}

void guid_random(struct guid *ret)
{
    if (getrandom(ret->b, sizeof(ret->b), 0) != (ssize_t)sizeof(ret->b)) {
        fprintf(stderr, "no random numbers from the system\n");
        abort();
    }
    ret->b[6] = (uint8_t)((ret->b[6] & 0x0f) | 0x40); /* version 4 */
    ret->b[8] = (uint8_t)((ret->b[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
}
