/*
 * lava_filters_encode: HTML, URLs, base64 and digests.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/base/digest.h"

#include "common/core/lava/lava_filters_p.h"

/* ---- HTML ---- */

static const char *html_name(int32_t cp)
{
    switch (cp) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static int add_numbered(struct lava_build *b, int32_t cp)
{
    char text[DECIMAL_TEXT];
    struct decimal d = decimal_from_i64(cp);
    size_t len = decimal_format(&d, text);

    if (lava_build_puts(b, "&#") < 0 || lava_build_add(b, text, len) < 0)
        return -1;
    return lava_build_puts(b, ";");
}

/* @source .NET WebUtility.HtmlEncode: the five, U+00A0 to U+00FF, and beyond 16 bits */
static int html_encode(struct lava_build *b, struct lava_str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = lava_char_at(s.p + i, s.p + s.n, &n);
        bool numbered = (cp >= 0xa0 && cp <= 0xff) || cp > 0xffff;
        int r = html_name(cp) ? lava_build_puts(b, html_name(cp))
                : numbered    ? add_numbered(b, cp)
                              : lava_build_add(b, s.p + i, n);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* The names of U+00A0 to U+00FF in order, then others. */
static const char latin1[] =
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn "
    "sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave "
    "Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml "
    "ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN "
    "szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave "
    "iacute "
    "icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml "
    "yacute thorn yuml ";

static int32_t named_entity(struct lava_str name)
{
    static const struct {
        const char *name;
        int32_t cp;
    } rows[] = {
        {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
        {"apos", '\''},    {"OElig", 0x152},  {"oelig", 0x153},  {"Scaron", 0x160},
        {"scaron", 0x161}, {"Yuml", 0x178},   {"ndash", 0x2013}, {"mdash", 0x2014},
        {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"sbquo", 0x201a}, {"ldquo", 0x201c},
        {"rdquo", 0x201d}, {"bdquo", 0x201e}, {"bull", 0x2022},  {"hellip", 0x2026},
        {"euro", 0x20ac},  {"trade", 0x2122}, {"larr", 0x2190},  {"rarr", 0x2192},
    };
    int32_t cp = 0xa0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (lava_str_is(name, rows[i].name))
            return rows[i].cp;
    }
    for (const char *p = latin1; *p; cp++) {
        size_t n = strcspn(p, " ");
        if (n == name.n && memcmp(p, name.p, n) == 0)
            return cp;
        p += n + 1;
    }
    return -1;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* 8217 or x2019; -1: no character */
static int32_t numbered_entity(struct lava_str s)
{
    int base = s.n && (*s.p | 32) == 'x' ? 16 : 10;
    size_t i = base == 16;
    int32_t cp = 0;

    for (; i < s.n && cp <= 0x10ffff; i++) {
        int digit = digit_of(s.p[i]);
        if (digit >= base)
            return -1;
        cp = cp * base + digit;
    }
    return cp == 0 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) ? -1 : cp;
}

/* The character that the entity at s.p[0] = & stands for; *n: its bytes. -1: none. */
static int32_t read_entity(struct lava_str s, size_t *n)
{
    size_t end = 1;

    while (end < s.n && end < 12 && s.p[end] != ';' && s.p[end] != '&')
        end++;
    if (end >= s.n || s.p[end] != ';' || end == 1)
        return -1;
    *n = end + 1;
    return s.p[1] == '#' ? numbered_entity((struct lava_str){s.p + 2, end - 2})
                         : named_entity((struct lava_str){s.p + 1, end - 1});
}

static int html_decode(struct lava_build *b, struct lava_str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = s.p[i] == '&' ? read_entity((struct lava_str){s.p + i, s.n - i}, &n) : -1;
        if (cp < 0)
            n = 1;
        if ((cp < 0 ? lava_build_add(b, s.p + i, 1) : lava_build_char(b, (uint32_t)cp)) < 0)
            return -1;
    }
    return 0;
}

typedef int transform_fn(struct lava_build *b, struct lava_str s);

static int
transform(struct lava_ctx *c, const struct lava_value *in, transform_fn *fn, struct lava_value *ret)
{
    struct lava_build b = {.c = c};
    struct lava_str s;

    if (lava_in_text(c, in, &s) < 0 || lava_step(c, s.n / 16) < 0 || fn(&b, s) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}

int lava_do_Escape(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    (void)args;
    return transform(c, in, html_encode, ret);
}

int lava_do_HtmlDecode(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    (void)args;
    return transform(c, in, html_decode, ret);
}

int lava_do_EscapeOnce(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_value plain;

    (void)args;
    if (transform(c, in, html_decode, &plain) < 0)
        return -1;
    return transform(c, &plain, html_encode, ret);
}

static int strip_html(struct lava_build *b, struct lava_str s)
{
    bool inside = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '<')
            inside = true;
        else if (s.p[i] == '>')
            inside = false;
        else if (!inside && lava_build_add(b, s.p + i, 1) < 0)
            return -1;
    }
    return 0;
}

int lava_do_StripHtml(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    (void)args;
    return transform(c, in, strip_html, ret);
}

/* ---- URLs ---- */

static int url_encode(struct lava_build *b, struct lava_str s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char u = (unsigned char)s.p[i];
        bool plain = (u | 32) >= 'a' && (u | 32) <= 'z';
        plain |= (u >= '0' && u <= '9') || (u && strchr("-_.~", u));
        char coded[3] = {'%', hex[u >> 4], hex[u & 15]};
        if ((plain ? lava_build_add(b, s.p + i, 1) : lava_build_add(b, coded, 3)) < 0)
            return -1;
    }
    return 0;
}

static int url_decode(struct lava_build *b, struct lava_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        int high = i + 2 < s.n && s.p[i] == '%' ? digit_of(s.p[i + 1]) : 99;
        int low = high < 16 ? digit_of(s.p[i + 2]) : 99;
        char c = low < 16 ? (char)(high << 4 | low) : s.p[i];
        if (lava_build_add(b, &c, 1) < 0)
            return -1;
        i += low < 16 ? 2 : 0;
    }
    return 0;
}

int lava_do_EscapeDataString(struct lava_ctx *c,
                             const struct lava_value *in,
                             const struct lava_args *args,
                             struct lava_value *ret)
{
    (void)args;
    return transform(c, in, url_encode, ret);
}

int lava_do_UnescapeDataString(struct lava_ctx *c,
                               const struct lava_value *in,
                               const struct lava_args *args,
                               struct lava_value *ret)
{
    (void)args;
    return transform(c, in, url_decode, ret);
}

struct url {
    struct lava_str whole, scheme, host, path, query, path_and_query;
    int32_t port;
};

static int32_t default_port(struct lava_str scheme)
{
    static const struct {
        const char *scheme;
        int32_t port;
    } rows[] = {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ws", 80}, {"wss", 443}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (lava_str_is(scheme, rows[i].scheme))
            return rows[i].port;
    }
    return -1;
}

static struct lava_str part(struct lava_str s, size_t from, size_t to)
{
    return (struct lava_str){s.p + from, to - from};
}

/* host:port, user left out. False: a port that is none. */
static bool parse_authority(struct lava_str a, struct url *u)
{
    size_t at = lava_str_find(a, LAVA_STR("@"), 0);
    struct decimal d;
    int64_t port;

    if (at < a.n)
        a = part(a, at + 1, a.n);
    size_t colon = a.n;
    while (colon > 0 && a.p[colon - 1] >= '0' && a.p[colon - 1] <= '9')
        colon--;
    u->host = a;
    if (colon == 0 || a.p[colon - 1] != ':')
        return a.n > 0;
    u->host = part(a, 0, colon - 1);
    if (colon == a.n)
        return u->host.n > 0;
    if (!decimal_parse(a.p + colon, a.n - colon, 0, &d) || !decimal_to_i64(&d, &port) ||
        port > 65535)
        return false;
    u->port = (int32_t)port;
    return u->host.n > 0;
}

/* Where the first of the marks is, from on; s.n: nowhere. */
static size_t find_mark(struct lava_str s, const char *marks, size_t from)
{
    while (from < s.n && (s.p[from] == '\0' || !strchr(marks, s.p[from])))
        from++;
    return from;
}

/* scheme://host/path?query#fragment; other forms are no URL here. */
static bool parse_url(struct lava_str s, struct url *u)
{
    size_t colon = lava_str_find(s, LAVA_STR("://"), 0);

    if (colon == 0 || colon == s.n)
        return false;
    *u = (struct url){.whole = s, .scheme = part(s, 0, colon)};
    size_t begin = colon + 3, path = find_mark(s, "/?#", begin);
    size_t query = find_mark(s, "?#", path), end = find_mark(s, "#", query);
    u->port = default_port(u->scheme);
    u->path = query > path ? part(s, path, query) : LAVA_STR("/");
    u->query = query < end ? part(s, query + 1, end) : part(s, end, end);
    u->path_and_query = end > path ? part(s, path, end) : LAVA_STR("/");
    return parse_authority(part(s, begin, path), u);
}

/* "/", "WorkflowEntry/", "35" */
static int segments(struct lava_ctx *c, struct lava_str path, struct lava_value *ret)
{
    size_t n = 0, from = 0;
    struct lava_value *v = lava_alloc(c, (path.n + 1) * sizeof(*v));

    if (!v)
        return -1;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '/' || i + 1 == path.n) {
            v[n++] = lava_string(path.p + from, i + 1 - from);
            from = i + 1;
        }
    }
    *ret = lava_array(v, n);
    return 0;
}

/* The value of key in a query, decoded; empty when it is not there. */
static int
query_value(struct lava_ctx *c, struct lava_str query, struct lava_str key, struct lava_value *ret)
{
    struct lava_build b = {.c = c};

    *ret = lava_string("", 0);
    for (size_t from = 0; from < query.n;) {
        size_t end = lava_str_find(query, LAVA_STR("&"), from);
        struct lava_str pair = part(query, from, end);
        size_t eq = lava_str_find(pair, LAVA_STR("="), 0);
        if (eq < pair.n && lava_str_eq(part(pair, 0, eq), key)) {
            if (url_decode(&b, part(pair, eq + 1, pair.n)) < 0)
                return -1;
            *ret = lava_build_value(&b);
            return 0;
        }
        from = end + 1;
    }
    return 0;
}

int lava_do_Url(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    struct lava_str s, what, key;
    struct url u;

    if (lava_in_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &what) < 0 ||
        lava_at_text(c, args, 1, "", &key) < 0)
        return -1;
    *ret = lava_string("", 0);
    if (s.n == 0 || what.n == 0) {
        *ret = lava_string(s.p, s.n);
        return 0;
    }
    if (!parse_url(s, &u))
        return 0;
    if (lava_str_is_like(what, "port")) {
        *ret = lava_int(u.port);
        return 0;
    }
    if (lava_str_is_like(what, "segments"))
        return segments(c, u.path, ret);
    if (lava_str_is_like(what, "queryparameter"))
        return query_value(c, u.query, key, ret);
    const struct {
        const char *name;
        struct lava_str text;
    } parts[] = {{"host", u.host},      {"scheme", u.scheme}, {"protocol", u.scheme},
                 {"localpath", u.path}, {"url", u.whole},     {"pathandquery", u.path_and_query}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (lava_str_is_like(what, parts[i].name))
            *ret = lava_string(parts[i].text.p, parts[i].text.n);
    }
    return 0;
}

/* ---- base64, digests ---- */

int lava_do_ToBase64(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (lava_net_text(c, in, &s) < 0 || lava_step(c, s.n / 16) < 0)
        return -1;
    char *out = lava_alloc(c, (s.n / 3 + 1) * 4 + 1);
    if (!out)
        return -1;
    int n =
        EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)(s.n ? s.p : ""), (int)s.n);
    *ret = lava_string(out, (size_t)n);
    return 0;
}

int lava_do_FromBase64(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (lava_in_text(c, in, &s) < 0 || lava_step(c, s.n / 16) < 0)
        return -1;
    char *out = lava_alloc(c, s.n + 1);
    if (!out)
        return -1;
    long n = base64_decode(s.n ? s.p : "", s.n, out, s.n);
    if (n < 0)
        return lava_fail(c, "FromBase64: the input is not base64");
    *ret = lava_string(out, (size_t)n);
    return 0;
}

static int give_hex(struct lava_ctx *c, const unsigned char *p, size_t n, struct lava_value *ret)
{
    char hex[2 * EVP_MAX_MD_SIZE + 1];

    hex_encode(p, n, hex);
    char *text = lava_copy(c, hex, 2 * n);
    if (!text)
        return -1;
    *ret = lava_string(text, 2 * n);
    return 0;
}

static int
digest(struct lava_ctx *c, const struct lava_value *in, const EVP_MD *md, struct lava_value *ret)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct lava_str s;

    if (lava_net_text(c, in, &s) < 0 || lava_step(c, 10 + s.n / 16) < 0)
        return -1;
    if (EVP_Digest(s.n ? s.p : "", s.n, out, &n, md, NULL) != 1)
        return lava_fail(c, "this digest is not available");
    return give_hex(c, out, n, ret);
}

int lava_do_Md5(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    (void)args;
    return digest(c, in, EVP_md5(), ret);
}

int lava_do_Sha1(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    (void)args;
    return digest(c, in, EVP_sha1(), ret);
}

int lava_do_Sha256(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    (void)args;
    return digest(c, in, EVP_sha256(), ret);
}

/* Encoding.ASCII: one question mark for each UTF-16 unit beyond it. */
static int to_ascii(struct lava_build *b, struct lava_str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        int32_t cp = lava_char_at(s.p + i, s.p + s.n, &n);
        if ((cp >= 0 && cp < 0x80 ? lava_build_add(b, s.p + i, 1)
                                  : lava_build_puts(b, cp > 0xffff ? "??" : "?")) < 0)
            return -1;
    }
    return 0;
}

static int hmac(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                const EVP_MD *md,
                struct lava_value *ret)
{
    struct lava_build text = {.c = c, .p = NULL}, key = text;
    struct lava_str s, k;
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (lava_net_text(c, in, &s) < 0 || lava_at_text(c, args, 0, "", &k) < 0 ||
        lava_step(c, 10 + (s.n + k.n) / 16) < 0 || to_ascii(&text, s) < 0 || to_ascii(&key, k) < 0)
        return -1;
    if (!HMAC(md, key.n ? key.p : "", (int)key.n, (const unsigned char *)(text.n ? text.p : ""),
              text.n, out, &n))
        return lava_fail(c, "this digest is not available");
    return give_hex(c, out, n, ret);
}

int lava_do_HmacSha1(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    return hmac(c, in, args, EVP_sha1(), ret);
}

int lava_do_HmacSha256(struct lava_ctx *c,
                       const struct lava_value *in,
                       const struct lava_args *args,
                       struct lava_value *ret)
{
    return hmac(c, in, args, EVP_sha256(), ret);
}
