/*
 * lava_filters: the table of Lava's filters and what they share. See lava_filters_p.h.
 */
#include <string.h>
#include <strings.h>

#include "common/core/lava/lava_filters_p.h"

enum { BYTES_PER_STEP = 32 }; /* of a text that a filter walks through */

#define ROW_F(name, low, high, flags)          {#name, low, high, flags, lava_do_##name, NULL},
#define ROW_P(name, low, high, flags, prepare) {#name, low, high, flags, lava_do_##name, prepare},
#define ROW_A(name, low, high, flags, same)    {#name, low, high, flags, lava_do_##same, NULL},
#define ROW_S(name, low, high, flags)          {#name, low, high, flags, NULL, NULL},

const struct lava_filter lava_filters[] = {LAVA_FILTER_LIST(ROW_F, ROW_P, ROW_A, ROW_S)};
const size_t lava_filters_count = sizeof(lava_filters) / sizeof(lava_filters[0]);

/* ---- arguments ---- */

int lava_in_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    return lava_text(c, v, ret) < 0 ? -1 : lava_step(c, ret->n / BYTES_PER_STEP);
}

int lava_net_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret)
{
    if (v->type == LAVA_BOOL) {
        *ret = v->b ? LAVA_STR("True") : LAVA_STR("False");
        return 0;
    }
    return lava_in_text(c, v, ret);
}

int lava_at_text(struct lava_ctx *c,
                 const struct lava_args *args,
                 size_t i,
                 const char *otherwise,
                 struct lava_str *ret)
{
    const struct lava_value *v = lava_at(args, i);

    if (v)
        return lava_in_text(c, v, ret);
    *ret = (struct lava_str){otherwise, otherwise ? strlen(otherwise) : 0};
    return 0;
}

int32_t lava_at_int(const struct lava_args *args, size_t i, int32_t otherwise)
{
    const struct lava_value *v = lava_at(args, i);
    struct decimal d;
    int64_t n;

    if (!v)
        return otherwise;
    if (!lava_to_number(v, &d) || !decimal_to_i64(&d, &n))
        return 0;
    return n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int32_t)n;
}

bool lava_net_decimal(const struct lava_value *v, struct decimal *ret)
{
    if (v->type == LAVA_NUMBER) {
        *ret = v->num;
        return true;
    }
    return v->type == LAVA_STRING && v->n <= LAVA_MAX_NUMBER &&
           decimal_parse(v->s, v->n, DECIMAL_NUMBER, ret);
}

bool lava_net_int(const struct lava_value *v, int32_t *ret)
{
    struct decimal d;
    int64_t n;

    if (v->type == LAVA_NUMBER)
        d = v->num;
    else if (v->type != LAVA_STRING || v->n > LAVA_MAX_NUMBER ||
             memchr(v->n ? v->s : "", '.', v->n) || !decimal_parse(v->s, v->n, DECIMAL_SPACES, &d))
        return false;
    if (d.scale != 0 || !decimal_to_i64(&d, &n) || n < INT32_MIN || n > INT32_MAX)
        return false;
    *ret = (int32_t)n;
    return true;
}

int lava_net_bool(struct lava_str s)
{
    static const char *const yes[] = {"true", "yes", "t", "y", "1"};

    if (lava_is_blank(s))
        return -1;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (lava_str_is_like(s, yes[i]))
            return 1;
    }
    return 0;
}

bool lava_is_blank(struct lava_str s)
{
    return lava_trim(s, true, false).n == 0;
}

struct lava_str lava_trim(struct lava_str s, bool start, bool end)
{
    size_t n;

    while (start && s.n && lava_char_is_space(lava_char_at(s.p, s.p + s.n, &n))) {
        s.p += n;
        s.n -= n;
    }
    while (end && s.n) {
        size_t back = 1;
        while (back < s.n && back < 4 && ((unsigned char)s.p[s.n - back] & 0xc0) == 0x80)
            back++;
        if (!lava_char_is_space(lava_char_at(s.p + s.n - back, s.p + s.n, &n)) || n != back)
            break;
        s.n -= back;
    }
    return s;
}

bool lava_str_is(struct lava_str s, const char *z)
{
    return strlen(z) == s.n && (s.n == 0 || memcmp(s.p, z, s.n) == 0);
}

bool lava_str_is_like(struct lava_str s, const char *z)
{
    return strlen(z) == s.n && (s.n == 0 || strncasecmp(s.p, z, s.n) == 0);
}

/* ---- a text that grows ---- */

int lava_build_add(struct lava_build *b, const char *p, size_t n)
{
    if (n == 0)
        return 0;
    if (n > b->cap - b->n) {
        size_t cap = b->cap * 2 > b->n + n ? b->cap * 2 : b->n + n + 32;
        char *grown = lava_step(b->c, cap / 64) < 0 ? NULL : lava_alloc(b->c, cap);
        if (!grown)
            return -1;
        if (b->n)
            memcpy(grown, b->p, b->n);
        b->p = grown;
        b->cap = cap;
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
    return 0;
}

int lava_build_puts(struct lava_build *b, const char *z)
{
    return lava_build_add(b, z, strlen(z));
}

int lava_build_char(struct lava_build *b, uint32_t cp)
{
    char u[4];

    if (cp < 0x80) {
        u[0] = (char)cp;
        return lava_build_add(b, u, 1);
    }
    if (cp < 0x800) {
        u[0] = (char)(0xc0 | cp >> 6);
        u[1] = (char)(0x80 | (cp & 63));
        return lava_build_add(b, u, 2);
    }
    if (cp < 0x10000) {
        u[0] = (char)(0xe0 | cp >> 12);
        u[1] = (char)(0x80 | (cp >> 6 & 63));
        u[2] = (char)(0x80 | (cp & 63));
        return lava_build_add(b, u, 3);
    }
    u[0] = (char)(0xf0 | cp >> 18);
    u[1] = (char)(0x80 | (cp >> 12 & 63));
    u[2] = (char)(0x80 | (cp >> 6 & 63));
    u[3] = (char)(0x80 | (cp & 63));
    return lava_build_add(b, u, 4);
}

struct lava_value lava_build_value(const struct lava_build *b)
{
    return lava_string(b->n ? b->p : "", b->n);
}

/* ---- characters ---- */

int32_t lava_char_at(const char *p, const char *end, size_t *n)
{
    unsigned char c = (unsigned char)*p;
    size_t len = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : 2;
    static const uint8_t mask[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};

    *n = 1;
    if (c >= 0xf8 || (c >= 0x80 && c < 0xc2) || (size_t)(end - p) < len)
        return -1;
    int32_t cp = c & mask[len];
    for (size_t i = 1; i < len; i++) {
        unsigned char d = (unsigned char)p[i];
        if ((d & 0xc0) != 0x80)
            return -1;
        cp = cp << 6 | (d & 63);
    }
    *n = len;
    return cp;
}

size_t lava_char_count(struct lava_str s)
{
    size_t count = 0, n;

    for (size_t i = 0; i < s.n; i += n, count++)
        lava_char_at(s.p + i, s.p + s.n, &n);
    return count;
}

size_t lava_char_offset(struct lava_str s, size_t count)
{
    size_t i = 0, n;

    for (; i < s.n && count > 0; i += n, count--)
        lava_char_at(s.p + i, s.p + s.n, &n);
    return i;
}

bool lava_char_is_space(int32_t cp)
{
    if (cp < 0x80)
        return cp == ' ' || (cp >= '\t' && cp <= '\r');
    if (cp >= 0x2000)
        return cp <= 0x200a || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
               cp == 0x3000;
    return cp == 0x85 || cp == 0xa0 || cp == 0x1680;
}

size_t lava_str_find(struct lava_str s, struct lava_str what, size_t from)
{
    if (from > s.n || what.n > s.n - from)
        return s.n;
    if (what.n == 0)
        return from;
    const char *hit = memmem(s.p + from, s.n - from, what.p, what.n);
    return hit ? (size_t)(hit - s.p) : s.n;
}
