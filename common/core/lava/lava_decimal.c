/*
 * lava_decimal: see lava_decimal.h. Small numbers, which is nearly all that templates hold, take
 * 64-bit paths; the rest goes through 192 bits, the most that a product or an aligned sum needs.
 */
#include "common/core/lava/lava_decimal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/core/lava/lava_decimal_p.h"

static const uint64_t pow10_u64[20] = {UINT64_C(1),
                                       UINT64_C(10),
                                       UINT64_C(100),
                                       UINT64_C(1000),
                                       UINT64_C(10000),
                                       UINT64_C(100000),
                                       UINT64_C(1000000),
                                       UINT64_C(10000000),
                                       UINT64_C(100000000),
                                       UINT64_C(1000000000),
                                       UINT64_C(10000000000),
                                       UINT64_C(100000000000),
                                       UINT64_C(1000000000000),
                                       UINT64_C(10000000000000),
                                       UINT64_C(100000000000000),
                                       UINT64_C(1000000000000000),
                                       UINT64_C(10000000000000000),
                                       UINT64_C(100000000000000000),
                                       UINT64_C(1000000000000000000),
                                       UINT64_C(10000000000000000000)};

/* 10^n for n up to 38. */
static u128 pow10_u128(unsigned n)
{
    return n < 20 ? pow10_u64[n] : (u128)pow10_u64[19] * pow10_u64[n - 19];
}

static u128 magnitude(const struct decimal *d)
{
    return (u128)d->hi << 64 | d->lo;
}

static struct decimal make(u128 m, unsigned scale, bool neg)
{
    return (struct decimal){.lo = (uint64_t)m,
                            .hi = (uint32_t)(m >> 64),
                            .scale = (uint8_t)scale,
                            .neg = neg && m != 0};
}

/* ---- 192 bits ---- */

struct wide {
    uint64_t w[3]; /* least significant first */
};

static struct wide wide_of(u128 m)
{
    return (struct wide){{(uint64_t)m, (uint64_t)(m >> 64), 0}};
}

static void wide_mul(struct wide *x, uint64_t by)
{
    u128 carry = 0;

    for (int i = 0; i < 3; i++) {
        carry += (u128)x->w[i] * by;
        x->w[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void wide_mul_pow10(struct wide *x, unsigned n)
{
    for (; n > 19; n -= 19)
        wide_mul(x, pow10_u64[19]);
    wide_mul(x, pow10_u64[n]);
}

static void wide_add(struct wide *x, const struct wide *y)
{
    u128 carry = 0;

    for (int i = 0; i < 3; i++) {
        carry += (u128)x->w[i] + y->w[i];
        x->w[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* x >= y */
static void wide_sub(struct wide *x, const struct wide *y)
{
    uint64_t borrow = 0;

    for (int i = 0; i < 3; i++) {
        u128 d = (u128)x->w[i] - y->w[i] - borrow;
        x->w[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
}

static int wide_cmp(const struct wide *x, const struct wide *y)
{
    for (int i = 2; i >= 0; i--) {
        if (x->w[i] != y->w[i])
            return x->w[i] < y->w[i] ? -1 : 1;
    }
    return 0;
}

static uint64_t wide_div(struct wide *x, uint64_t by)
{
    u128 rem = 0;

    for (int i = 2; i >= 0; i--) {
        u128 cur = rem << 64 | x->w[i];
        x->w[i] = (uint64_t)(cur / by);
        rem = cur % by;
    }
    return (uint64_t)rem;
}

/*
 * Drops decimals until x fits into 96 bits and scale into its limit, and rounds once, to even.
 * False: too large even without decimals.
 */
static bool wide_fit(struct wide *x, unsigned scale, bool sticky, bool neg, struct decimal *ret)
{
    uint64_t last = 0; /* the digit dropped last; sticky: whether anything is below it */

    for (;;) {
        while (x->w[2] || x->w[1] >> 32 || scale > DECIMAL_MAX_SCALE) {
            if (scale == 0)
                return false;
            sticky |= last != 0;
            last = wide_div(x, 10);
            scale--;
        }
        if (last > 5 || (last == 5 && (sticky || x->w[0] & 1))) {
            static const struct wide one = {{1, 0, 0}};
            wide_add(x, &one);
        }
        if (!(x->w[1] >> 32))
            break;
        last = 0; /* 2^96 by the carry: once more, the dropped digits matter no longer */
        sticky = true;
    }
    *ret = make((u128)x->w[1] << 64 | x->w[0], scale, neg);
    return true;
}

/* ---- conversion ---- */

struct decimal decimal_from_i64(int64_t v)
{
    uint64_t m = v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;

    return (struct decimal){.lo = m, .neg = v < 0};
}

bool decimal_from_double(double v, struct decimal *ret)
{
    char text[40];

    if (!(fabs(v) < 7.9228162514264338e28))
        return false;
    int n = snprintf(text, sizeof(text), "%.14e", v);
    struct decimal d;
    if (!decimal_parse(text, (size_t)n, DECIMAL_FLOAT, &d))
        return false;
    *ret = decimal_trim(&d);
    return true;
}

double decimal_to_double(const struct decimal *d)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
                                    1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28};
    double v = (double)magnitude(d) / powers[d->scale];

    return d->neg ? -v : v;
}

bool decimal_to_i64(const struct decimal *d, int64_t *ret)
{
    u128 m = d->scale ? magnitude(d) / pow10_u128(d->scale) : magnitude(d);

    if (m > (u128)INT64_MAX + (d->neg ? 1 : 0))
        return false;
    *ret = d->neg ? (int64_t)((uint64_t)0 - (uint64_t)m) : (int64_t)m;
    return true;
}

size_t decimal_format(const struct decimal *d, char out[DECIMAL_TEXT])
{
    char digits[40];
    size_t n = 0, len = 0;
    u128 m = magnitude(d);

    while (m >> 64) { /* 19 digits at a time: division of 128 bits is slow */
        uint64_t low = (uint64_t)(m % pow10_u64[19]);
        m /= pow10_u64[19];
        for (int i = 0; i < 19; i++, low /= 10)
            digits[n++] = (char)('0' + low % 10);
    }
    for (uint64_t low = (uint64_t)m; low || n == 0; low /= 10)
        digits[n++] = (char)('0' + low % 10);
    while (n <= d->scale)
        digits[n++] = '0';
    if (d->neg && !decimal_is_zero(d))
        out[len++] = '-';
    while (n > 0) {
        if (n == d->scale)
            out[len++] = '.';
        out[len++] = digits[--n];
    }
    out[len] = '\0';
    return len;
}

/* ---- arithmetic ---- */

/* a + b, b's sign turned when asked. */
static bool sum(const struct decimal *a, const struct decimal *b, bool turn, struct decimal *ret)
{
    bool neg_b = b->neg != turn;

    if (a->scale == b->scale && !(a->hi | b->hi) && !((a->lo | b->lo) >> 62)) {
        int64_t x = a->neg ? -(int64_t)a->lo : (int64_t)a->lo;
        int64_t y = neg_b ? -(int64_t)b->lo : (int64_t)b->lo;
        struct decimal r = decimal_from_i64(x + y);
        r.scale = a->scale;
        *ret = r;
        return true;
    }
    struct wide x = wide_of(magnitude(a)), y = wide_of(magnitude(b));
    unsigned scale = a->scale > b->scale ? a->scale : b->scale;
    if (a->scale < scale)
        wide_mul_pow10(&x, scale - a->scale);
    if (b->scale < scale)
        wide_mul_pow10(&y, scale - b->scale);
    if (a->neg == neg_b) {
        wide_add(&x, &y);
        return wide_fit(&x, scale, false, a->neg, ret);
    }
    if (wide_cmp(&x, &y) >= 0) {
        wide_sub(&x, &y);
        return wide_fit(&x, scale, false, a->neg, ret);
    }
    wide_sub(&y, &x);
    return wide_fit(&y, scale, false, neg_b, ret);
}

bool decimal_add(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    return sum(a, b, false, ret);
}

bool decimal_sub(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    return sum(a, b, true, ret);
}

bool decimal_mul(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    struct wide x = wide_of(magnitude(a)), y = x;
    uint64_t low;
    unsigned scale = (unsigned)a->scale + b->scale;
    bool neg = a->neg != b->neg;

    if (!(a->hi | b->hi) && scale <= DECIMAL_MAX_SCALE &&
        !__builtin_mul_overflow(a->lo, b->lo, &low)) {
        *ret = make(low, scale, neg);
        return true;
    }
    wide_mul(&x, b->lo);
    wide_mul(&y, b->hi);
    /* y * 2^64: its third word would be above 2^192, and 96 bits times 32 has none */
    y = (struct wide){{0, y.w[0], y.w[1]}};
    wide_add(&x, &y);
    return wide_fit(&x, scale, false, neg, ret);
}

/*
 * Long division, a digit at a time as far as scale and 96 bits allow. What came out even keeps the
 * difference of the scales (6.00 / 2 is 3.00); what needed more digits has no trailing zeros.
 * @source DecCalc.VarDecDiv
 */
bool decimal_div(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    u128 den = magnitude(b), quo, rem;
    int scale = (int)a->scale - b->scale;
    bool more = false;

    if (den == 0)
        return false;
    quo = magnitude(a) / den;
    rem = magnitude(a) % den;
    while (scale < 0 || (rem != 0 && scale < DECIMAL_MAX_SCALE)) {
        u128 next = rem * 10;
        u128 grown = quo * 10 + next / den;
        if (grown >> 96) {
            if (scale < 0)
                return false;
            break;
        }
        more |= rem != 0;
        quo = grown;
        rem = next % den;
        scale++;
    }
    bool up = rem * 2 > den || (rem * 2 == den && (quo & 1));
    struct decimal d;
    if (!decimal_make(quo + up, scale, false, a->neg != b->neg, &d))
        return false;
    *ret = more || rem != 0 ? decimal_trim(&d) : d;
    return true;
}

bool decimal_mod(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    u128 x = magnitude(a), y = magnitude(b);
    unsigned scale = a->scale;
    bool neg = a->neg;

    if (y == 0)
        return false;
    if (a->scale > b->scale) {
        unsigned up = (unsigned)a->scale - b->scale;
        struct wide wx = wide_of(x), wy = wide_of(y);
        wide_mul_pow10(&wy, up);
        if (wide_cmp(&wx, &wy) < 0) {
            *ret = *a;
            return true;
        }
        x %= (u128)wy.w[1] << 64 | wy.w[0]; /* not above x: it fits */
    } else {
        struct decimal abs_a = *a, abs_b = *b;
        abs_a.neg = abs_b.neg = false;
        if (decimal_cmp(&abs_a, &abs_b) < 0) {
            *ret = *a;
            return true;
        }
        x %= y;
        for (; scale < b->scale; scale++)
            x = x * 10 % y;
    }
    *ret = make(x, scale, neg);
    return true;
}

int decimal_cmp(const struct decimal *a, const struct decimal *b)
{
    bool neg_a = a->neg && !decimal_is_zero(a), neg_b = b->neg && !decimal_is_zero(b);
    struct wide x = wide_of(magnitude(a)), y = wide_of(magnitude(b));

    if (neg_a != neg_b)
        return neg_a ? -1 : 1;
    if (a->scale < b->scale)
        wide_mul_pow10(&x, (unsigned)b->scale - a->scale);
    else if (b->scale < a->scale)
        wide_mul_pow10(&y, (unsigned)a->scale - b->scale);
    return neg_a ? -wide_cmp(&x, &y) : wide_cmp(&x, &y);
}

/* Whether quo goes up by one for rem of by (by > 1). */
static bool rounds_up(u128 quo, u128 rem, u128 by, bool neg, enum decimal_rounding how)
{
    switch (how) {
    case DECIMAL_TO_EVEN:
        return rem > by / 2 || (rem == by / 2 && (quo & 1));
    case DECIMAL_AWAY:
        return rem >= by / 2;
    case DECIMAL_FLOOR:
        return rem != 0 && neg;
    case DECIMAL_CEILING:
        return rem != 0 && !neg;
    case DECIMAL_DOWN:
        break;
    }
    return false;
}

struct decimal decimal_round(const struct decimal *d, int places, enum decimal_rounding how)
{
    if (places < 0)
        places = 0;
    if (d->scale <= places)
        return *d;
    u128 by = pow10_u128((unsigned)(d->scale - places));
    u128 quo = magnitude(d) / by, rem = magnitude(d) % by;
    if (rounds_up(quo, rem, by, d->neg, how))
        quo++; /* a digit at least went: no overflow */
    return make(quo, (unsigned)places, d->neg);
}

struct decimal decimal_trim(const struct decimal *d)
{
    u128 m = magnitude(d);
    unsigned scale = d->scale;

    while (scale > 0 && m % 10 == 0) {
        m /= 10;
        scale--;
    }
    return make(m, scale, d->neg);
}

bool decimal_make(u128 mag, int64_t scale, bool sticky, bool neg, struct decimal *ret)
{
    struct wide x = wide_of(mag);

    if (mag == 0 || scale > 2 * DECIMAL_MAX_SCALE + 16) {
        *ret = make(0,
                    scale < 0                   ? 0
                    : scale > DECIMAL_MAX_SCALE ? DECIMAL_MAX_SCALE
                                                : (unsigned)scale,
                    false);
        return true;
    }
    if (scale < 0) {
        if (scale < -DECIMAL_MAX_SCALE || mag >> 96)
            return false;
        wide_mul_pow10(&x, (unsigned)-scale);
        scale = 0;
    }
    return wide_fit(&x, (unsigned)scale, sticky, neg, ret);
}
