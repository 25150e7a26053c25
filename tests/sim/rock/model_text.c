#include <string.h>
#include <utf8proc.h>

#include "tests/sim/rock/model.h"

#define REPLACEMENT 0xFFFD

static utf8proc_int32_t allowed(utf8proc_int32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7F && cp <= 0x9F))
        return ' ';
    return cp == 0xFFFE || cp == 0xFFFF ? REPLACEMENT : cp;
}

/* Valid UTF-8 without control characters; the result may be three times as long. */
static char *without_controls(const char *s)
{
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
    size_t n = strlen(s), out = 0;
    char *to = xalloc(n * 3 + 1);
    while (n > 0) {
        utf8proc_int32_t cp;
        utf8proc_ssize_t used = utf8proc_iterate(p, (utf8proc_ssize_t)n, &cp);
        if (used <= 0) {
            used = 1;
            cp = REPLACEMENT;
        }
        out += (size_t)utf8proc_encode_char(allowed(cp), (utf8proc_uint8_t *)to + out);
        p += used;
        n -= (size_t)used;
    }
    to[out] = '\0';
    return to;
}

const char *model_text(struct arena *a, const char *s, size_t max)
{
    if (!s)
        return NULL;
    autofree char *clean = without_controls(s);
    autofree char *nfc = (char *)utf8proc_NFC((const utf8proc_uint8_t *)clean);
    const char *p = nfc ? nfc : clean;
    while (*p == ' ')
        p++;
    size_t n = strlen(p);
    while (n > 0 && p[n - 1] == ' ')
        n--;
    if (n > max) {
        n = max;
        while (n > 0 && ((unsigned char)p[n] & 0xC0) == 0x80)
            n--;
    }
    return n ? arena_strndup(a, p, n) : NULL;
}

const char *model_fold(struct arena *a, const char *s)
{
    autofree char *folded = (char *)utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)s);
    return arena_strdup(a, folded ? folded : s);
}
