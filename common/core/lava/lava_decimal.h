/*
 * lava_decimal: Lava's numbers: what .NET calls System.Decimal.
 *
 * A 96-bit integer, a sign and a scale of 0 to 28 decimal places. The scale is part of the value as
 * it prints (3.0 times 2.0 is 6.00) and no part of it as it compares (6.00 equals 6). Exact where
 * 28 to 29 digits are enough; what does not fit is rounded to even, as .NET does it. Nothing here
 * allocates, and no float takes part but in decimal_from_double and decimal_to_double.
 *
 * @source .NET runtime, Decimal.DecCalc.cs; ECMA-335 has no word on it
 */
#ifndef SYNC_CORE_LAVA_DECIMAL_H
#define SYNC_CORE_LAVA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_MAX_SCALE = 28, DECIMAL_TEXT = 40 }; /* sign, 29 digits, a leading 0, point, NUL */

struct decimal {
    uint64_t lo; /* value = (neg ? -1 : 1) * (hi * 2^64 + lo) / 10^scale */
    uint32_t hi;
    uint8_t scale; /* at most DECIMAL_MAX_SCALE */
    bool neg;      /* a zero may be negative, as in .NET; it prints and compares as 0 */
};

/* What decimal_parse takes beside [-+]digits[.digits]. */
enum decimal_style {
    DECIMAL_PLAIN = 0,
    DECIMAL_SPACES = 1,    /* white space around */
    DECIMAL_THOUSANDS = 2, /* commas among the digits before the point, wherever they stand */
    DECIMAL_CURRENCY = 4,  /* one dollar sign */
    DECIMAL_EXPONENT = 8,  /* e+10 */
    DECIMAL_PARENS = 16,   /* (5) is -5 */
    DECIMAL_TRAILING_SIGN = 32,
    DECIMAL_FLOAT = DECIMAL_SPACES | DECIMAL_EXPONENT,
    DECIMAL_NUMBER = DECIMAL_SPACES | DECIMAL_THOUSANDS | DECIMAL_TRAILING_SIGN,
    DECIMAL_ANY = 63
};

enum decimal_rounding {
    DECIMAL_TO_EVEN,
    DECIMAL_AWAY,
    DECIMAL_DOWN,
    DECIMAL_FLOOR,
    DECIMAL_CEILING
};

/*
 * Reads a number, the whole of s[0..n). Keeps trailing zeros of the fraction as scale; digits
 * beyond what fits are rounded. False (ret untouched) when it is none or too large.
 * @styles  or of enum decimal_style
 */
bool decimal_parse(const char *s, size_t n, unsigned styles, struct decimal *ret);
/* Text without thousands separators or exponent, with all of the scale. Returns its length. */
size_t decimal_format(const struct decimal *d, char out[DECIMAL_TEXT]);

struct decimal decimal_from_i64(int64_t v);
/* 15 significant digits, no trailing zeros, as .NET converts. False when too large or not a number.
 */
bool decimal_from_double(double v, struct decimal *ret);
double decimal_to_double(const struct decimal *d);
/* The fraction is cut off. False when it does not fit. */
bool decimal_to_i64(const struct decimal *d, int64_t *ret);

/* Each gives false (ret untouched) on overflow, and for a divisor of 0. ret may be a or b. */
bool decimal_add(const struct decimal *a, const struct decimal *b, struct decimal *ret);
bool decimal_sub(const struct decimal *a, const struct decimal *b, struct decimal *ret);
bool decimal_mul(const struct decimal *a, const struct decimal *b, struct decimal *ret);
bool decimal_div(const struct decimal *a, const struct decimal *b, struct decimal *ret);
bool decimal_mod(const struct decimal *a,
                 const struct decimal *b,
                 struct decimal *ret); /* a's sign */

/* Below, equal, above: -1, 0, 1. 1.0 equals 1. */
int decimal_cmp(const struct decimal *a, const struct decimal *b);
/* To at most `places` decimals; a smaller scale stays. */
struct decimal decimal_round(const struct decimal *d, int places, enum decimal_rounding how);
/* The same value with the smallest scale. */
struct decimal decimal_trim(const struct decimal *d);

static inline bool decimal_is_zero(const struct decimal *d)
{
    return (d->lo | d->hi) == 0;
}

#endif
