#include "common/base/text.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include "common/base/arena.h"
#include "common/base/banned.h"
#include "common/base/str.h"

enum {
    REPLACEMENT = 0xfffd,
    CGJ = 0x034f,       /* COMBINING GRAPHEME JOINER: harmless, and stops reordering */
    MARKS_IN_A_ROW = 30 /* @source UAX #15 section 13, Stream-Safe Text Format */
};

/* Smallest code point that needs this many bytes: less is an overlong form. */
static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

static int sequence_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if ((lead & 0xf0) == 0xe0)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/*
 * Decodes the character at s[0..n), n > 0. Returns its length, or minus the bytes to skip when it
 * is not valid UTF-8 (one replacement per broken start, as browsers do).
 */
static int decode(const unsigned char *s, size_t n, uint32_t *ret)
{
    int len = sequence_length(s[0]);

    *ret = s[0];
    if (len <= 1)
        return len ? 1 : -1;
    uint32_t cp = s[0] & (0x7fu >> len);

    for (int i = 1; i < len; i++) {
        if ((size_t)i >= n || (s[i] & 0xc0) != 0x80)
            return -i;
        cp = cp << 6 | (s[i] & 0x3fu);
        if (i == 1) { /* overlong, surrogate or above U+10FFFF shows in the second byte */
            uint32_t low = cp << (6 * (len - 2)), high = low | ((1u << (6 * (len - 2))) - 1);

            if (high < least[len] || low > 0x10ffff || (low >= 0xd800 && low <= 0xdfff))
                return -1;
        }
    }
    *ret = cp;
    return len;
}

/* Most texts are, and so it is told eight bytes at a time. */
static bool is_ascii_word(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return !(word & UINT64_C(0x8080808080808080));
}

bool text_is_utf8(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    uint32_t cp;

    for (size_t i = 0; i < n;) {
        if (n - i >= sizeof(uint64_t) && is_ascii_word(p + i)) {
            i += sizeof(uint64_t);
            continue;
        }
        int len = decode(p + i, n - i, &cp);
        if (len <= 0)
            return false;
        i += (size_t)len;
    }
    return true;
}

size_t text_cut(const char *s, size_t n, size_t max)
{
    if (n <= max)
        return n;
    while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
        max--;
    return max;
}

static bool is_line_break(uint32_t cp)
{
    return cp == '\n' || cp == '\r' || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

static bool is_blank(uint32_t cp)
{
    return cp == ' ' || cp == '\n' ||
           (cp > 0x7f && utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_ZS);
}

/* What stands for cp in clean text. */
static uint32_t clean_char(uint32_t cp, bool multiline)
{
    if (is_line_break(cp))
        return multiline ? '\n' : ' ';
    if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
        return ' ';
    if (cp == 0xfffe || cp == 0xffff) /* what XML forbids and valid UTF-8 can still hold */
        return REPLACEMENT;
    return cp;
}

static void put_char(struct str *out, uint32_t cp)
{
    utf8proc_uint8_t buf[4];

    str_add(out, buf, (size_t)utf8proc_encode_char((utf8proc_int32_t)cp, buf));
}

/* Reads the next character of p[*i..n) as it shall be in clean text. */
static uint32_t next_clean(const unsigned char *p, size_t n, size_t *i, bool multiline)
{
    uint32_t cp;
    int len = decode(p + *i, n - *i, &cp);

    *i += (size_t)(len > 0 ? len : -len);
    if (cp == '\r' && *i < n && p[*i] == '\n')
        ++*i;
    return len > 0 ? clean_char(cp, multiline) : REPLACEMENT;
}

/*
 * Writes clean, not yet composed characters to out until `limit` bytes, leading blanks left out.
 * Returns true when the result may change under NFC. Runs of combining marks are broken up: sorting
 * them takes quadratic time.
 */
static bool sanitise(struct str *out, const char *s, size_t n, size_t limit, bool multiline)
{
    bool compose = false;
    int marks = 0;

    for (size_t i = 0; i < n && out->n < limit;) {
        uint32_t cp = next_clean((const unsigned char *)s, n, &i, multiline);
        bool mark = false;

        if (out->n == 0 && is_blank(cp))
            continue;
        if (cp >= 0x300 &&
            cp != REPLACEMENT) { /* everything below is a starter, composed already */
            compose = true;
            mark = utf8proc_get_property((utf8proc_int32_t)cp)->combining_class != 0;
        }
        marks = mark ? marks + 1 : 0;
        if (marks > MARKS_IN_A_ROW) {
            put_char(out, CGJ);
            marks = 1;
        }
        put_char(out, cp);
    }
    return compose;
}

/* Length of s[0..n) (valid UTF-8) without blanks at its end. */
static size_t trimmed(const char *s, size_t n)
{
    while (n > 0) {
        size_t start = text_cut(s, n, n - 1);
        uint32_t cp;

        decode((const unsigned char *)s + start, n - start, &cp);
        if (!is_blank(cp))
            break;
        n = start;
    }
    return n;
}

/* Most text is: then cleaning is trimming and cutting. */
static bool is_printable_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    return true;
}

static const char *clean_ascii(struct arena *a, const char *s, size_t n, size_t max_bytes)
{
    for (; n && *s == ' '; n--)
        s++;
    n = trimmed(s, n < max_bytes ? n : max_bytes);
    return n ? arena_strndup(a, s, n) : NULL;
}

const char *text_clean(struct arena *a, const char *s, size_t n, size_t max_bytes, bool multiline)
{
    /* NFC makes text shorter by a factor of 3 at most (Hangul), so nothing behind 4 * max_bytes can
     * be in the result. */
    size_t limit = max_bytes < SIZE_MAX / 16 ? max_bytes * 4 + 64 : SIZE_MAX / 4;
    autovalue(str_release) struct str raw = STR_INIT(SIZE_MAX / 2 - 1);
    autofree utf8proc_uint8_t *composed = NULL;

    if (!s)
        return NULL;
    if (is_printable_ascii(s, n))
        return clean_ascii(a, s, n, max_bytes);
    const char *r;
    size_t len;

    if (sanitise(&raw, s, n, limit, multiline)) {
        utf8proc_ssize_t got =
            utf8proc_map((const utf8proc_uint8_t *)raw.p, (utf8proc_ssize_t)raw.n, &composed,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        if (got < 0)
            out_of_memory("utf8proc"); /* the input is valid UTF-8: only memory can be missing */
        r = (const char *)composed;
        len = (size_t)got;
    } else {
        r = raw.p;
        len = raw.n;
    }
    len = trimmed(r, text_cut(r, len, max_bytes));
    return len ? arena_strndup(a, r, len) : NULL;
}

static const char *fold_ascii(struct arena *a, const char *s)
{
    char *out = arena_strdup(a, s);

    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return out;
}

const char *text_fold(struct arena *a, const char *s)
{
    const utf8proc_option_t nfkc_casefold = UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                            UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    autofree utf8proc_uint8_t *folded = NULL;
    bool ascii = true;

    if (!s)
        return NULL;
    for (const char *p = s; *p && ascii; p++)
        ascii = (unsigned char)*p < 0x80;
    /* utf8proc_NFKC_Casefold would not tell whether the text is bad or memory is short. */
    if (!ascii && utf8proc_map((const utf8proc_uint8_t *)s, 0, &folded, nfkc_casefold) ==
                      UTF8PROC_ERROR_NOMEM)
        out_of_memory("utf8proc");
    return folded ? arena_strdup(a, (const char *)folded) : fold_ascii(a, s);
}
