/*
 * lava_filters_convert: values as other types, JSON.
 */
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

static int
to_decimal(struct lava_ctx *c, const struct lava_value *in, bool integer, struct lava_value *ret)
{
    struct lava_str s;
    struct decimal d;

    if (in->type == LAVA_NIL)
        return 0;
    if (lava_net_text(c, in, &s) < 0)
        return -1;
    if (!lava_rock_decimal(s, &d))
        return 0;
    *ret = lava_number(integer ? decimal_round(&d, 0, DECIMAL_DOWN) : d);
    return 0;
}

int lava_do_AsInteger(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    (void)args;
    return to_decimal(c, in, true, ret);
}

int lava_do_AsDecimal(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    (void)args;
    return to_decimal(c, in, false, ret);
}

/* A double has no zeros at its end. */
int lava_do_AsDouble(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    (void)args;
    if (to_decimal(c, in, false, ret) < 0)
        return -1;
    if (ret->type == LAVA_NUMBER)
        *ret = lava_number(decimal_trim(&ret->num));
    return 0;
}

int lava_do_AsString(struct lava_ctx *c,
                     const struct lava_value *in,
                     const struct lava_args *args,
                     struct lava_value *ret)
{
    struct lava_str s;

    (void)args;
    if (in->type == LAVA_NIL)
        return 0;
    if (lava_net_text(c, in, &s) < 0)
        return -1;
    *ret = lava_string(s.p, s.n);
    return 0;
}

int lava_do_AsBoolean(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    struct lava_str s;

    if (lava_net_text(c, in, &s) < 0)
        return -1;
    int b = lava_net_bool(s);
    if (b >= 0)
        *ret = lava_bool(b);
    else if (lava_at(args, 0))
        *ret = lava_bool(lava_truthy(lava_at(args, 0)));
    return 0;
}

/* The text without what may stand around a Guid; n is 0 when it cannot be one. */
static struct lava_str bare_guid(struct lava_str s)
{
    s = lava_trim(s, true, true);
    if (s.n == 38 && ((s.p[0] == '{' && s.p[37] == '}') || (s.p[0] == '(' && s.p[37] == ')')))
        s = (struct lava_str){s.p + 1, 36};
    return s.n == 36 || s.n == 32 ? s : (struct lava_str){"", 0};
}

static char hex_digit(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
        return c;
    return c >= 'A' && c <= 'F' ? (char)(c | 32) : 0;
}

/* 32 digits, dashes between them at all four places or at none. */
static bool read_guid(struct lava_str s, char out[36])
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (n == 8 || n == 13 || n == 18 || n == 23) {
            out[n++] = '-';
            if (s.n == 36 && s.p[i++] != '-')
                return false;
        }
        out[n] = hex_digit(s.p[i]);
        if (!out[n++])
            return false;
    }
    return n == 36;
}

int lava_do_AsGuid(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    char out[36];
    struct lava_str s;

    (void)args;
    if (lava_net_text(c, in, &s) < 0)
        return -1;
    if (!read_guid(bare_guid(s), out))
        return 0;
    char *text = lava_copy(c, out, sizeof(out));
    if (!text)
        return -1;
    *ret = lava_string(text, sizeof(out));
    return 0;
}

/* ---- JSON out ---- */

enum { MAX_DEPTH = 40 };

static int indent(struct lava_build *b, int depth)
{
    if (lava_build_puts(b, "\n") < 0)
        return -1;
    for (; depth > 0; depth--) {
        if (lava_build_puts(b, "  ") < 0)
            return -1;
    }
    return 0;
}

static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    default:
        return NULL;
    }
}

static int write_string(struct lava_build *b, struct lava_str s)
{
    static const char hex[] = "0123456789abcdef";

    if (lava_build_puts(b, "\"") < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char u = (unsigned char)s.p[i];
        const char *escape = escape_of(u);
        char coded[6] = {'\\', 'u', '0', '0', hex[u >> 4], hex[u & 15]};
        int r = escape     ? lava_build_puts(b, escape)
                : u < 0x20 ? lava_build_add(b, coded, 6)
                           : lava_build_add(b, s.p + i, 1);
        if (r < 0)
            return -1;
    }
    return lava_build_puts(b, "\"");
}

static int write_json(struct lava_build *b, const struct lava_value *v, int depth);

static int write_array(struct lava_build *b, const struct lava_value *v, int depth)
{
    const struct lava_value *items;
    size_t n;

    if (lava_items(b->c, v, &items, &n) < 0 || lava_build_puts(b, "[") < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if ((i && lava_build_puts(b, ",") < 0) || indent(b, depth + 1) < 0 ||
            write_json(b, &items[i], depth + 1) < 0)
            return -1;
    }
    if (n && indent(b, depth) < 0)
        return -1;
    return lava_build_puts(b, "]");
}

static int write_object(struct lava_build *b, const struct lava_value *v, int depth)
{
    size_t n = v->obj.ops->count(v->obj.self);
    struct lava_str key;
    struct lava_value member;

    if (lava_build_puts(b, "{") < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        member = lava_nil();
        v->obj.ops->entry(v->obj.self, i, b->c, &key, &member);
        if ((i && lava_build_puts(b, ",") < 0) || indent(b, depth + 1) < 0 ||
            write_string(b, key) < 0 || lava_build_puts(b, ": ") < 0 ||
            write_json(b, &member, depth + 1) < 0)
            return -1;
    }
    if (n && indent(b, depth) < 0)
        return -1;
    return lava_build_puts(b, "}");
}

/* yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz, as Newtonsoft writes it */
static int write_date(struct lava_build *b, const struct lava_value *v)
{
    static const char format[] = "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz";
    char text[64];
    long n = lava_date_format(&v->date, format, sizeof(format) - 1, text, sizeof(text));

    return n < 0 ? 0 : write_string(b, (struct lava_str){text, (size_t)n});
}

static int write_json(struct lava_build *b, const struct lava_value *v, int depth)
{
    struct lava_str s;

    if (depth > MAX_DEPTH)
        return lava_fail(b->c, "ToJSON: nested too deeply");
    if (lava_step(b->c, 1) < 0)
        return -1;
    switch (v->type) {
    case LAVA_NIL:
    case LAVA_EMPTY:
    case LAVA_BLANK:
        return lava_build_puts(b, "null");
    case LAVA_ARRAY:
    case LAVA_RANGE:
        return write_array(b, v, depth);
    case LAVA_OBJECT:
        return write_object(b, v, depth);
    case LAVA_DATE:
        return write_date(b, v);
    default:
        break;
    }
    if (lava_text(b->c, v, &s) < 0)
        return -1;
    return v->type == LAVA_STRING ? write_string(b, s) : lava_build_add(b, s.p, s.n);
}

int lava_do_ToJSON(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    struct lava_build b = {.c = c};

    (void)args;
    if (write_json(&b, in, 0) < 0)
        return -1;
    *ret = lava_build_value(&b);
    return 0;
}
