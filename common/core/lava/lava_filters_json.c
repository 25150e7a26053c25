/*
 * lava_filters_json: FromJSON. A parser into the memory of the render: RFC 8259, with a limit on
 * depth.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

enum { MAX_DEPTH = 40 };

struct parse {
    struct lava_ctx *c;
    const char *p, *end;
    bool spent; /* the render has used up a limit: not the text's fault */
};

/* 0 read; -1: not JSON, or spent. */
static int read_value(struct parse *s, int depth, struct lava_value *ret);

static void skip(struct parse *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

static bool take(struct parse *s, char c)
{
    skip(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static int spent(struct parse *s)
{
    s->spent = true;
    return -1;
}

static int32_t hex4(struct parse *s)
{
    int32_t v = 0;

    if (s->end - s->p < 4)
        return -1;
    for (int i = 0; i < 4; i++, s->p++) {
        static const char digits[] = "0123456789abcdef";
        const char *d =
            *s->p ? strchr(digits, *s->p >= 'A' && *s->p <= 'F' ? *s->p | 32 : *s->p) : NULL;
        if (!d)
            return -1;
        v = v << 4 | (int32_t)(d - digits);
    }
    return v;
}

/* Behind \u: a character, of two halves where it is beyond 16 bits; what is half of one is U+FFFD.
 */
static int32_t read_unicode(struct parse *s)
{
    int32_t v = hex4(s), low;

    if (v < 0xd800 || v >= 0xe000)
        return v;
    if (v >= 0xdc00 || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u')
        return 0xfffd;
    const char *next = s->p;
    s->p += 2;
    low = hex4(s);
    if (low >= 0xdc00 && low < 0xe000)
        return 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    s->p = next; /* no other half: whatever it is, it stands for itself */
    return 0xfffd;
}

static int32_t read_escape(struct parse *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (s->p == s->end)
        return -1;
    char c = *s->p++;
    if (c == 'u')
        return read_unicode(s);
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : -1;
}

/* Behind the first quote. */
static int read_string(struct parse *s, struct lava_str *ret)
{
    struct lava_build b = {.c = s->c};
    const char *plain = s->p;

    for (;;) {
        while (s->p < s->end && *s->p != '"' && *s->p != '\\')
            s->p++;
        if (s->p == s->end)
            return -1;
        size_t n = (size_t)(s->p - plain);
        if (*s->p++ == '"') {
            if (b.n == 0) { /* no escapes: the input's own bytes */
                *ret = (struct lava_str){plain, n};
                return 0;
            }
            if (lava_build_add(&b, plain, n) < 0)
                return spent(s);
            *ret = (struct lava_str){b.p, b.n};
            return 0;
        }
        if (lava_build_add(&b, plain, n) < 0)
            return spent(s);
        int32_t cp = read_escape(s);
        if (cp < 0)
            return -1;
        if (lava_build_char(&b, (uint32_t)cp) < 0)
            return spent(s);
        plain = s->p;
    }
}

/* Room for twice as many of size bytes each. */
static void *grow(struct parse *s, const void *old, size_t n, size_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 4;
    void *p = lava_step(s->c, *cap) < 0 ? NULL : lava_alloc(s->c, *cap * size);

    if (!p)
        spent(s);
    else if (n)
        memcpy(p, old, n * size);
    return p;
}

static int read_array(struct parse *s, int depth, struct lava_value *ret)
{
    struct lava_value *v = NULL;
    size_t n = 0, cap = 0;

    *ret = lava_array(NULL, 0);
    if (take(s, ']'))
        return 0;
    do {
        if (n == cap && !(v = grow(s, v, n, &cap, sizeof(*v))))
            return -1;
        if (read_value(s, depth + 1, &v[n]) < 0)
            return -1;
        n++;
    } while (take(s, ','));
    *ret = lava_array(v, n);
    return take(s, ']') ? 0 : -1;
}

/* A name that comes again has the later value, at the earlier place. */
static void set_member(struct lava_entry *v, size_t *n, const struct lava_entry *e)
{
    for (size_t i = 0; i < *n && *n <= 64; i++) {
        if (lava_str_eq(v[i].key, e->key)) {
            v[i].value = e->value;
            return;
        }
    }
    v[(*n)++] = *e;
}

static int read_object(struct parse *s, int depth, struct lava_value *ret)
{
    struct lava_entry *v = NULL, e;
    size_t n = 0, cap = 0;
    bool more = !take(s, '}');

    while (more) {
        if (n == cap && !(v = grow(s, v, n, &cap, sizeof(*v))))
            return -1;
        if (!take(s, '"') || read_string(s, &e.key) < 0 || !take(s, ':') ||
            read_value(s, depth + 1, &e.value) < 0)
            return -1;
        set_member(v, &n, &e);
        more = take(s, ',');
        if (!more && !take(s, '}'))
            return -1;
    }
    struct lava_dict *dict = lava_alloc(s->c, sizeof(*dict));
    if (!dict)
        return spent(s);
    *dict = (struct lava_dict){v, n};
    *ret = lava_object(&lava_dict_ops, dict);
    return 0;
}

static int read_number(struct parse *s, struct lava_value *ret)
{
    const char *begin = s->p;
    struct decimal d;

    while (s->p < s->end && *s->p && strchr("+-0123456789.eE", *s->p))
        s->p++;
    if (!decimal_parse(begin, (size_t)(s->p - begin), DECIMAL_EXPONENT, &d))
        return -1;
    *ret = lava_number(d);
    return 0;
}

static int read_word(struct parse *s, struct lava_value *ret)
{
    static const struct {
        const char *word;
        uint8_t type;
        bool b;
    } words[] = {{"true", LAVA_BOOL, true}, {"false", LAVA_BOOL, false}, {"null", LAVA_NIL, false}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i].word);
        if ((size_t)(s->end - s->p) >= n && memcmp(s->p, words[i].word, n) == 0) {
            *ret = words[i].type == LAVA_BOOL ? lava_bool(words[i].b) : lava_nil();
            s->p += n;
            return 0;
        }
    }
    return -1;
}

static int read_value(struct parse *s, int depth, struct lava_value *ret)
{
    struct lava_str text;

    if (depth > MAX_DEPTH)
        return -1;
    if (take(s, '{'))
        return read_object(s, depth, ret);
    if (take(s, '['))
        return read_array(s, depth, ret);
    if (take(s, '"')) {
        if (read_string(s, &text) < 0)
            return -1;
        *ret = lava_string(text.p, text.n);
        return 0;
    }
    if (s->p < s->end && (*s->p == '-' || (*s->p >= '0' && *s->p <= '9')))
        return read_number(s, ret);
    return read_word(s, ret);
}

/* What is no JSON gives nil. */
int lava_do_FromJSON(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_str text;

    (void)args;
    if (lava_in_text(c, in, &text) < 0 || lava_step(c, text.n / 16) < 0)
        return -1;
    struct parse s = {.c = c, .p = text.p, .end = text.p + text.n};
    int r = read_value(&s, 0, ret);
    skip(&s);
    if (s.spent)
        return -1;
    if (r < 0 || s.p != s.end)
        *ret = lava_nil();
    return 0;
}
