/*
 * lava_regex_translate: .NET's patterns as PCRE2 reads them. Part of lava_regex.
 *
 * It knows no more of the grammar than where classes, escapes, groups and quantifiers are. What
 * only PCRE2 knows (verbs, recursion, \K, possessive quantifiers ...) is refused, because .NET
 * does.
 */
#include <string.h>

#include "common/core/lava/lava_regex_p.h"

struct scan {
    const char *p, *end;
    struct str *out;
    struct err *err;
    bool in_class;
    bool class_first; /* ] would be a literal */
    int quantified;   /* what the last item was: 0 none, 1 a quantifier, 2 a lazy one */
};

static int bad(struct err *err, const char *what)
{
    return err_set(err, SCOPE_ITEM, WHEN_NEVER, "lava.regex", "regular expression: %s", what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static int hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = is_digit(c)                          ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* \uXXXX; two for a character beyond 16 bits. s->p is behind the u. */
static int take_unicode(struct scan *s)
{
    int v = hex4(s->p, s->end);

    if (v < 0)
        return bad(s->err, "\\u needs four hexadecimal digits");
    s->p += 4;
    if (v >= 0xd800 && v < 0xe000) {
        int low =
            s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s->p + 2, s->end) : -1;
        if (v >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
            return bad(s->err, "half of a surrogate pair");
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
        s->p += 6;
    }
    str_addf(s->out, "\\x{%x}", (unsigned)v);
    return 0;
}

static int take_escape(struct scan *s)
{
    if (s->end - s->p < 2)
        return bad(s->err, "ends with a backslash");
    char c = s->p[1];
    s->p += 2;
    s->quantified = 0;
    if (c == 'u')
        return take_unicode(s);
    if (c == 'v') {
        str_puts(s->out, "\\x0b");
        return 0;
    }
    bool letter = is_letter(c);
    if (letter && !strchr("abBAcdDefGknpPrsStwWxzZ", c))
        return bad(s->err, "unknown escape");
    if (s->in_class && letter && strchr("ABGkzZ", c))
        return bad(s->err, "this escape cannot be in a class");
    str_putc(s->out, '\\');
    str_putc(s->out, c);
    return 0;
}

static int take_in_class(struct scan *s)
{
    char c = *s->p++;
    bool first = s->class_first;

    s->class_first = false;
    if (c == ']' && !first) {
        s->in_class = false;
    } else if (c == '-' && s->p < s->end && *s->p == '[') {
        return bad(s->err, "subtraction in a class is not supported");
    } else if (c == '[') { /* no POSIX classes in .NET */
        str_putc(s->out, '\\');
    }
    str_putc(s->out, c);
    return 0;
}

static void open_class(struct scan *s)
{
    str_putc(s->out, *s->p++);
    if (s->p < s->end && *s->p == '^')
        str_putc(s->out, *s->p++);
    s->in_class = s->class_first = true;
    s->quantified = 0;
}

static int take_open(struct scan *s)
{
    str_putc(s->out, *s->p++);
    s->quantified = 0;
    if (s->p < s->end && *s->p == '*')
        return bad(s->err, "quantifier of nothing");
    if (s->p == s->end || *s->p != '?')
        return 0;
    str_putc(s->out, *s->p++);
    if (s->p == s->end || *s->p == '\0' || !strchr(":=!<>'imnsx-#(", *s->p))
        return bad(s->err, "unknown kind of group");
    if (*s->p == '#') {
        while (s->p < s->end && *s->p != ')')
            str_putc(s->out, *s->p++);
    } else if (*s->p != '(') {
        str_putc(s->out, *s->p++);
    }
    return 0;
}

/* Length of {n} {n,} {n,m}; 0: the brace is a literal. */
static size_t braces(const char *p, const char *end)
{
    const char *q = p + 1;

    while (q < end && is_digit(*q))
        q++;
    if (q == p + 1 || q == end)
        return 0;
    if (*q == ',') {
        for (q++; q < end && is_digit(*q); q++)
            continue;
    }
    return q < end && *q == '}' ? (size_t)(q - p) + 1 : 0;
}

static int take_quantifier(struct scan *s, size_t n)
{
    if (s->quantified == 1 && *s->p == '?')
        s->quantified = 2;
    else if (s->quantified)
        return bad(s->err, "quantifier of a quantifier");
    else
        s->quantified = 1;
    str_add(s->out, s->p, n);
    s->p += n;
    return 0;
}

static int take(struct scan *s)
{
    size_t n;

    if (*s->p == '\\') {
        s->class_first = false;
        return take_escape(s);
    }
    if (s->in_class)
        return take_in_class(s);
    switch (*s->p) {
    case '[':
        open_class(s);
        return 0;
    case '(':
        return take_open(s);
    case '*':
    case '+':
    case '?':
        return take_quantifier(s, 1);
    case '{':
        n = braces(s->p, s->end);
        if (n)
            return take_quantifier(s, n);
        break;
    default:
        break;
    }
    s->quantified = 0;
    str_putc(s->out, *s->p++);
    return 0;
}

int lava_regex_translate(const char *pattern, size_t n, struct str *out, struct err *err)
{
    struct scan s = {.p = pattern, .end = pattern + n, .out = out, .err = err};

    while (s.p < s.end) {
        if (take(&s) < 0)
            return -1;
    }
    return 0;
}
