#include "worker/ews/ews_xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PLAIN = 0, AMP, LT, GT, QUOTE, TAB, LF, CR, BAD, LEAD };

/* What each byte asks for. Plain bytes are copied in runs. */
static const uint8_t byte_class[256] = {
    [0x00 ... 0x08] = BAD,
    ['\t'] = TAB,
    ['\n'] = LF,
    [0x0B ... 0x0C] = BAD,
    ['\r'] = CR,
    [0x0E ... 0x1F] = BAD,
    ['"'] = QUOTE,
    ['&'] = AMP,
    ['<'] = LT,
    ['>'] = GT,
    [0x80 ... 0xC1] = BAD,
    [0xC2 ... 0xF4] = LEAD,
    [0xF5 ... 0xFF] = BAD,
};

/* Bytes of the well-formed sequence at p that is a Char of XML 1.0; 0 when there is none. p[0] is a
 * lead byte. */
static size_t sequence(const unsigned char *p, size_t n)
{
    static const uint32_t least[] = {
        [2] = 0x80, [3] = 0x800, [4] = 0x10000}; /* shorter forms exist below */
    size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n < length)
        return 0;
    uint32_t c = p[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    bool forbidden = (c >= 0xD800 && c <= 0xDFFF) || c == 0xFFFE || c == 0xFFFF || c > 0x10FFFF;
    return c < least[length] || forbidden ? 0 : length;
}

/* The replacement for a byte of this class; NULL: stays as it is. */
static const char *replacement(uint8_t class, bool attribute)
{
    switch (class) {
    case AMP:
        return "&amp;";
    case LT:
        return "&lt;";
    case GT:
        return "&gt;";
    case QUOTE:
        return attribute ? "&quot;" : NULL;
    case TAB:
        return attribute ? "&#9;" : NULL;
    case LF:
    case CR:
        return attribute ? "&#10;" : "\n";
    default:
        return "\xEF\xBF\xBD";
    }
}

static void escape(struct str *out, const char *s, size_t n, bool attribute)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t from = 0; /* start of the run not yet copied */
    for (size_t i = 0; i < n;) {
        uint8_t class = byte_class[p[i]];
        if (class == PLAIN) {
            i++;
            continue;
        }
        size_t length = class == LEAD ? sequence(p + i, n - i) : 0;
        if (length > 0) {
            i += length;
            continue;
        }
        const char *instead = replacement(class, attribute);
        if (!instead) {
            i++;
            continue;
        }
        str_add(out, s + from, i - from);
        str_puts(out, instead);
        i += class == CR && i + 1 < n && p[i + 1] == '\n' ? 2 : 1;
        from = i;
    }
    str_add(out, s + from, n - from);
}

void ews_xml_text_n(struct str *out, const char *p, size_t n)
{
    escape(out, p, n, false);
}

void ews_xml_attr_n(struct str *out, const char *p, size_t n)
{
    escape(out, p, n, true);
}

void ews_xml_text(struct str *out, const char *z)
{
    if (z)
        escape(out, z, strlen(z), false);
}

void ews_xml_attr(struct str *out, const char *z)
{
    if (z)
        escape(out, z, strlen(z), true);
}
