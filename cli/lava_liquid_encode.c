/*
 * Liquid's filters that escape and encode; dates.
 */
#include <stdio.h>
#include <strings.h>

#include "common/base/text.h"

#include "cli/lava_liquid_p.h"
#include "common/core/lava/lava_date.h"

struct out {
    char *p;
    size_t n;
};

static void put(struct out *o, const char *s, size_t n)
{
    memcpy(o->p + o->n, s, n);
    o->n += n;
}

/* The input, and room for `factor` bytes for each of its own. */
static int begin(struct lava_ctx *c,
                 const struct lava_value *in,
                 size_t factor,
                 struct lava_str *s,
                 struct out *o)
{
    *o = (struct out){NULL, 0};
    if (liquid_text(c, in, s) < 0 || lava_step(c, s->n / 16) < 0)
        return -1;
    o->p = lava_alloc(c, s->n * factor + 4);
    return o->p ? 0 : -1;
}

static int finish(const struct out *o, struct lava_value *ret)
{
    *ret = lava_string(o->p, o->n);
    return 0;
}

/* --- HTML --- */

static void put_escaped(struct out *o, char ch)
{
    const char *e = ch == '&'    ? "&amp;"
                    : ch == '<'  ? "&lt;"
                    : ch == '>'  ? "&gt;"
                    : ch == '"'  ? "&quot;"
                    : ch == '\'' ? "&#39;"
                                 : NULL;

    if (e)
        put(o, e, strlen(e));
    else
        put(o, &ch, 1);
}

int liquid_escape(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    struct lava_str s;
    struct out o;

    (void)args;
    if (in->type == LAVA_NIL)
        return 0;
    if (begin(c, in, 6, &s, &o) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++)
        put_escaped(&o, s.p[i]);
    return finish(&o, ret);
}

/* &name; or &#123; at s */
static bool is_entity(const char *s, size_t n)
{
    bool number = n > 1 && s[1] == '#';
    size_t from = number ? 2 : 1, i = from;

    while (i < n && ((!number && ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z')) ||
                     (number && s[i] >= '0' && s[i] <= '9')))
        i++;
    return i > from && i < n && s[i] == ';';
}

int liquid_escape_once(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_str s;
    struct out o;

    (void)args;
    if (begin(c, in, 6, &s, &o) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '&' && is_entity(s.p + i, s.n - i))
            put(&o, "&", 1);
        else
            put_escaped(&o, s.p[i]);
    }
    return finish(&o, ret);
}

/* Behind `end` when s begins with `begin` and it comes to an end; 0 otherwise. */
static size_t block(const char *s, size_t n, const char *begin, const char *end)
{
    size_t len = strlen(begin);

    if (n < len || memcmp(s, begin, len) != 0)
        return 0;
    const char *p = memmem(s + len, n - len, end, strlen(end));
    return p ? (size_t)(p - s) + strlen(end) : 0;
}

static size_t html_end(const char *s, size_t n)
{
    size_t r = block(s, n, "<script", "</script>");

    r = r ? r : block(s, n, "<!--", "-->");
    r = r ? r : block(s, n, "<style", "</style>");
    return r ? r : block(s, n, "<", ">");
}

int liquid_strip_html(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct lava_str s;
    struct out o;

    (void)args;
    if (begin(c, in, 1, &s, &o) < 0)
        return -1;
    for (size_t i = 0; i < s.n;) {
        size_t skip = s.p[i] == '<' ? html_end(s.p + i, s.n - i) : 0;
        if (s.p[i] == '<' && lava_step(c, (s.n - i) / 256) < 0)
            return -1;
        if (!skip)
            put(&o, &s.p[i++], 1);
        i += skip;
    }
    return finish(&o, ret);
}

/* --- URLs --- */

int liquid_url_encode(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
    struct lava_str s;
    struct out o;
    char hex[4];

    (void)args;
    if (in->type == LAVA_NIL)
        return 0;
    if (begin(c, in, 3, &s, &o) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] && strchr(plain, s.p[i])) {
            put(&o, &s.p[i], 1);
        } else if (s.p[i] == ' ') {
            put(&o, "+", 1);
        } else {
            snprintf(hex, sizeof(hex), "%%%02X", (unsigned char)s.p[i]);
            put(&o, hex, 3);
        }
    }
    return finish(&o, ret);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int liquid_url_decode(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct lava_str s;
    struct out o;

    (void)args;
    if (in->type == LAVA_NIL)
        return 0;
    if (begin(c, in, 1, &s, &o) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i] == '+' ? ' ' : s.p[i];
        int high = ch == '%' && s.n - i > 2 ? hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;
        if (low >= 0) {
            ch = (char)(high << 4 | low);
            i += 2;
        }
        put(&o, &ch, 1);
    }
    if (!text_is_utf8(o.p, o.n))
        return lava_fail(c, "this does not decode to a text");
    return finish(&o, ret);
}

/* --- base64 --- */

static const char alphabets[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

static int
encode64(struct lava_ctx *c, const struct lava_value *in, bool url, struct lava_value *ret)
{
    struct lava_str s;
    struct out o;

    if (begin(c, in, 2, &s, &o) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i += 3) {
        unsigned char group[3] = {0};
        size_t k = s.n - i < 3 ? s.n - i : 3;
        memcpy(group, s.p + i, k);
        uint32_t v = (uint32_t)group[0] << 16 | (uint32_t)group[1] << 8 | group[2];
        for (size_t j = 0; j < 4; j++)
            put(&o, j > k ? "=" : &alphabets[url][v >> (18 - 6 * j) & 63], 1);
    }
    return finish(&o, ret);
}

/* Digits without their padding. Strict: whole groups of four, padding at the end only; the URL form
 * may leave padding out. False: this is no base64. */
static bool unpadded(struct lava_str s, bool url, size_t *n)
{
    bool whole = s.n % 4 == 0;

    *n = s.n;
    while (*n && s.n - *n < 2 && s.p[*n - 1] == '=')
        --*n;
    return (url || whole) && *n % 4 != 1 && (*n == s.n || whole);
}

/* The value of a digit, of the URL alphabet too when url; -1: none. */
static int digit64(char c, bool url)
{
    const char *at = c ? strchr(alphabets[0], c) : NULL;

    if (!at && url && c)
        at = (at = strchr(alphabets[1], c)) ? alphabets[0] + (at - alphabets[1]) : NULL;
    return at ? (int)(at - alphabets[0]) : -1;
}

static int
decode64(struct lava_ctx *c, const struct lava_value *in, bool url, struct lava_value *ret)
{
    struct lava_str s;
    struct out o;
    uint32_t v = 0, bits = 0;
    size_t n;

    if (begin(c, in, 1, &s, &o) < 0)
        return -1;
    if (!unpadded(s, url, &n))
        return lava_fail(c, "this is no base64");
    for (size_t i = 0; i < n; i++) {
        int digit = digit64(s.p[i], url);
        if (digit < 0)
            return lava_fail(c, "this is no base64");
        v = v << 6 | (uint32_t)digit;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        char byte = (char)(v >> bits);
        put(&o, &byte, 1);
    }
    return finish(&o, ret);
}

#define BASE64(name, function, url)                                                                \
    int liquid_##name(struct lava_ctx *c, const struct lava_value *in,                             \
                      const struct lava_args *args, struct lava_value *ret)                        \
    {                                                                                              \
        (void)args;                                                                                \
        return function(c, in, url, ret);                                                          \
    }
BASE64(base64_encode, encode64, false)
BASE64(base64_decode, decode64, false)
BASE64(base64_url_safe_encode, encode64, true)
BASE64(base64_url_safe_decode, decode64, true)

/* --- dates --- */

static bool all_digits(struct lava_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static bool is_word(struct lava_str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool from_unix(const struct decimal *d, struct lava_date *ret)
{
    int64_t s;

    if (!decimal_to_i64(d, &s) || s < -INT64_C(62135596800) || s > INT64_C(253402300799))
        return false;
    *ret = (struct lava_date){(s + INT64_C(62135596800)) * LAVA_TICKS_SECOND, 0};
    return true;
}

static bool to_date(struct lava_ctx *c, const struct lava_value *in, struct lava_date *ret)
{
    struct lava_str s;
    struct decimal d;

    if (in->type == LAVA_DATE) {
        *ret = in->date;
        return true;
    }
    if (in->type == LAVA_NUMBER)
        return in->num.scale == 0 && from_unix(&in->num, ret);
    if (in->type != LAVA_STRING)
        return false;
    s = lava_str_of(in);
    if (all_digits(s))
        return decimal_parse(s.p, s.n, DECIMAL_PLAIN, &d) && from_unix(&d, ret);
    if (!is_word(s, "now") && !is_word(s, "today"))
        return lava_date_parse(s.p, s.n, lava_now(c), ret);
    *ret = lava_now(c)->now;
    return lava_now(c)->known;
}

int liquid_date(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    char buf[1024];
    struct lava_str format;
    struct lava_date d;

    if (liquid_text(c, args->v, &format) < 0)
        return -1;
    *ret = *in;
    if (!format.n || !to_date(c, in, &d))
        return 0;
    size_t n = lava_liquid_strftime(&d, format, buf, sizeof(buf));
    char *p = lava_copy(c, buf, n);
    if (!p)
        return -1;
    *ret = lava_string(p, n);
    return 0;
}
