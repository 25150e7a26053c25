#include <string.h>
#include <utf8proc.h>

#include "tests/sim/rock/model.h"

#define REPLACEMENT 0xFFFD

/* Control characters and line and paragraph separators show as a blank. */
static utf8proc_int32_t allowed(utf8proc_int32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x2028 || cp == 0x2029)
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
        } else if (cp == '\r' && n > 1 && p[1] == '\n') {
            used = 2; /* one line break */
        }
        out += (size_t)utf8proc_encode_char(allowed(cp), (utf8proc_uint8_t *)to + out);
        p += used;
        n -= (size_t)used;
    }
    to[out] = '\0';
    return to;
}

/* Bytes of the blank (any of Unicode's) that s[0..n) begins with, 0 when it begins with none. */
static size_t blank_at(const char *s, size_t n)
{
    utf8proc_int32_t cp;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &cp);
    return used > 0 && utf8proc_category(cp) == UTF8PROC_CATEGORY_ZS ? (size_t)used : 0;
}

/* Where the character that ends right before s[n] starts. */
static size_t char_before(const char *s, size_t n)
{
    while (n > 0 && ((unsigned char)s[--n] & 0xC0) == 0x80)
        continue;
    return n;
}

const char *model_text(struct arena *a, const char *s, size_t max)
{
    if (!s)
        return NULL;
    autofree char *clean = without_controls(s);
    autofree char *nfc = (char *)utf8proc_NFC((const utf8proc_uint8_t *)clean);
    const char *p = nfc ? nfc : clean;
    size_t n = strlen(p);
    for (size_t used; n > 0 && (used = blank_at(p, n)) > 0; n -= used)
        p += used;
    if (n > max) {
        n = max;
        while (n > 0 && ((unsigned char)p[n] & 0xC0) == 0x80)
            n--;
    }
    while (n > 0) {
        size_t at = char_before(p, n);
        if (blank_at(p + at, n - at) == 0)
            break;
        n = at;
    }
    return n ? arena_strndup(a, p, n) : NULL;
}

const char *model_fold(struct arena *a, const char *s)
{
    autofree char *folded = (char *)utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)s);
    return arena_strdup(a, folded ? folded : s);
}
