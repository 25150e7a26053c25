#include "common/core/scan.h"

#include <string.h>

#include "common/base/text.h"

static bool fail(struct scan *s, const char *why)
{
    if (!s->why)
        s->why = why;
    s->end = s->p; /* nothing more to read: loops end by themselves */
    return false;
}

void scan_init(struct scan *s, const char *p, size_t n)
{
    *s = (struct scan){.start = p, .p = p, .end = p + n};
    if (!text_is_utf8(p, n))
        fail(s, "is not UTF-8");
}

size_t scan_offset(const struct scan *s)
{
    return (size_t)(s->p - s->start);
}

static void blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

bool scan_end(struct scan *s)
{
    blanks(s);
    if (!s->why && s->p < s->end)
        fail(s, "goes on after its end");
    return !s->why;
}

char scan_peek(struct scan *s)
{
    blanks(s);
    if (s->p == s->end)
        return 0;
    switch (*s->p) {
    case '{':
    case '[':
    case '"':
    case 'n':
        return *s->p;
    case 't':
    case 'f':
        return 't';
    default:
        return (*s->p >= '0' && *s->p <= '9') || *s->p == '-' ? '0' : 0;
    }
}

static bool take(struct scan *s, char c)
{
    blanks(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static struct scan_seq open_seq(struct scan *s, char c)
{
    if (!take(s, c))
        return (struct scan_seq){.open = fail(s, c == '{' ? "wants an object" : "wants an array")};
    if (++s->depth > SCAN_MAX_DEPTH)
        return (struct scan_seq){.open = fail(s, "is nested too deep")};
    return (struct scan_seq){.open = true};
}

struct scan_seq scan_object(struct scan *s)
{
    return open_seq(s, '{');
}

struct scan_seq scan_array(struct scan *s)
{
    return open_seq(s, '[');
}

/* Steps over the comma, or the closing mark, of an open container. */
static bool next(struct scan *s, struct scan_seq *q, char close)
{
    if (!q->open || s->why)
        return false;
    if (take(s, close)) {
        s->depth--;
        return q->open = false;
    }
    if (q->any && !take(s, ','))
        return fail(s, "wants a comma or an end");
    q->any = true;
    return true;
}

bool scan_next_item(struct scan *s, struct scan_seq *a)
{
    return next(s, a, ']');
}

/* Four hex digits; -1 when they are none. */
static long hex4(struct scan *s)
{
    if (s->end - s->p < 4)
        return -1;
    long v = 0;
    for (int i = 0; i < 4; i++) {
        char c = *s->p++;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* After "\u": one code point, of one escape or of a pair. 0 = refused. */
static uint32_t unicode_escape(struct scan *s)
{
    long v = hex4(s);
    if (v <= 0 || (v >= 0xDC00 && v <= 0xDFFF))
        return 0;
    if (v < 0xD800 || v > 0xDFFF)
        return (uint32_t)v;
    if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
        return 0;
    s->p += 2;
    long low = hex4(s);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    return 0x10000 + (((uint32_t)v - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
}

static size_t utf8_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* After the backslash. Returns the bytes it stands for, 0 when it stands for nothing. */
static size_t escape(struct scan *s, char out[4])
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (s->p == s->end)
        return 0;
    char c = *s->p++;
    if (c == 'u') {
        uint32_t code = unicode_escape(s);
        return code ? utf8_put(code, out) : 0;
    }
    const char *at = c ? strchr(from, c) : NULL;
    if (!at)
        return 0;
    out[0] = to[at - from];
    return 1;
}

static long no_string(struct scan *s, const char *why)
{
    fail(s, why);
    return -1;
}

/* Puts n bytes at buf[at..] as far as they fit into size. */
static void put(char *buf, size_t size, size_t at, const char *p, size_t n)
{
    if (buf && at + n <= size)
        memcpy(buf + at, p, n);
}

/* Reads a string, unescaped into buf as far as it fits (buf may be NULL, then size is 0). Returns
 * its length, or -1 after a failure. */
static long string(struct scan *s, char *buf, size_t size)
{
    size_t n = 0;

    if (!take(s, '"'))
        return no_string(s, "wants a string");
    for (;;) {
        const char *run = s->p;
        while (s->p < s->end && *s->p != '"' && *s->p != '\\' && (unsigned char)*s->p >= 0x20)
            s->p++;
        put(buf, size, n, run, (size_t)(s->p - run));
        n += (size_t)(s->p - run);
        if (s->p == s->end)
            return no_string(s, "ends inside a string");
        char mark = *s->p++, bytes[4];
        if (mark == '"')
            break;
        size_t k = mark == '\\' ? escape(s, bytes) : 0;
        if (k == 0)
            return no_string(s, "has a bad escape or a control character in a string");
        put(buf, size, n, bytes, k);
        n += k;
    }
    put(buf, size, n, "", 1);
    return (long)n;
}

bool scan_next_key(struct scan *s, struct scan_seq *o, char *key, size_t size)
{
    if (!next(s, o, '}'))
        return false;
    long n = string(s, key, size);
    if (n < 0)
        return false;
    if (!take(s, ':'))
        return fail(s, "wants a colon");
    if ((size_t)n >= size)
        key[0] = 0;
    return true;
}

static size_t digits(struct scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - from);
}

struct number { /* the parts of a number, as slices of the text */
    bool negative;
    const char *whole, *fraction;
    size_t n_whole, n_fraction;
    int exponent; /* limited to +-9999: beyond what any text here can hold */
};

static bool exponent(struct scan *s, int *ret)
{
    bool negative = false;
    if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
        negative = *s->p++ == '-';
    const char *at = s->p;
    size_t n = digits(s);
    if (n == 0)
        return false;
    int v = 0;
    for (size_t i = 0; i < n && v < 9999; i++)
        v = v * 10 + (at[i] - '0');
    v = v > 9999 ? 9999 : v;
    *ret = negative ? -v : v;
    return true;
}

static bool number(struct scan *s, struct number *ret)
{
    *ret = (struct number){.negative = take(s, '-')};
    ret->whole = s->p;
    ret->n_whole = digits(s);
    if (ret->n_whole == 0 || (ret->n_whole > 1 && *ret->whole == '0'))
        return fail(s, "has a bad number");
    if (s->p < s->end && *s->p == '.') {
        ret->fraction = ++s->p;
        ret->n_fraction = digits(s);
        if (ret->n_fraction == 0)
            return fail(s, "has a bad number");
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (!exponent(s, &ret->exponent))
            return fail(s, "has a bad number");
    }
    return true;
}

static int digit_at(const struct number *v, size_t i)
{
    return (i < v->n_whole ? v->whole[i] : v->fraction[i - v->n_whole]) - '0';
}

/* The exact value when it is an integer of at most 18 digits. */
static bool integral(const struct number *v, int64_t *ret)
{
    size_t first = 0, last = v->n_whole + v->n_fraction;
    while (first < last && digit_at(v, first) == 0)
        first++;
    if (first == last) {
        *ret = 0;
        return true;
    }
    while (digit_at(v, last - 1) == 0)
        last--;
    /* value = digits[first..last) * 10^zeros */
    long zeros = (long)v->exponent + (long)v->n_whole - (long)last;
    if (zeros < 0 || (long)(last - first) + zeros > 18)
        return false;
    int64_t n = 0;
    for (size_t i = first; i < last; i++)
        n = n * 10 + digit_at(v, i);
    for (; zeros > 0; zeros--)
        n *= 10;
    *ret = v->negative ? -n : n;
    return true;
}

static bool word(struct scan *s, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
        return fail(s, "has a word that is no value");
    s->p += n;
    return true;
}

void scan_skip(struct scan *s)
{
    struct number v;
    struct scan_seq q;

    switch (scan_peek(s)) {
    case '{':
        for (q = scan_object(s); scan_next_key(s, &q, (char[1]){0}, 1);)
            scan_skip(s);
        break;
    case '[':
        for (q = scan_array(s); scan_next_item(s, &q);)
            scan_skip(s);
        break;
    case '"':
        string(s, NULL, 0);
        break;
    case 't':
        word(s, *s->p == 't' ? "true" : "false");
        break;
    case 'n':
        word(s, "null");
        break;
    case '0':
        number(s, &v);
        break;
    default:
        fail(s, "wants a value");
    }
}

/* True when a value of that kind comes; passes over one of another kind. */
static bool is(struct scan *s, char kind)
{
    if (scan_peek(s) == kind)
        return true;
    scan_skip(s);
    return false;
}

bool scan_string(struct scan *s, char *buf, size_t size)
{
    if (!is(s, '"'))
        return false;
    long n = string(s, buf, size);
    return n >= 0 && (size_t)n < size;
}

bool scan_int(struct scan *s, int64_t min, int64_t max, int64_t *ret)
{
    struct number v;
    int64_t n;

    if (!is(s, '0') || !number(s, &v) || !integral(&v, &n) || n < min || n > max)
        return false;
    *ret = n;
    return true;
}

bool scan_bool(struct scan *s, bool *ret)
{
    if (!is(s, 't'))
        return false;
    bool yes = *s->p == 't';
    if (!word(s, yes ? "true" : "false"))
        return false;
    *ret = yes;
    return true;
}
