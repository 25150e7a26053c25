/*
 * Any bytes as two numbers: no crash; a number comes back the same from its own text; sums,
 * products and quotients agree with long double as far as that is exact enough; order is order.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/core/lava/lava_decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct decimal *d)
{
    char text[DECIMAL_TEXT], again[DECIMAL_TEXT];
    struct decimal back;
    size_t n = decimal_format(d, text);

    assert(n == strlen(text) && n < sizeof(text) && d->scale <= DECIMAL_MAX_SCALE);
    bool ok = decimal_parse(text, n, DECIMAL_PLAIN, &back);
    assert(ok && back.scale == d->scale && decimal_cmp(d, &back) == 0);
    decimal_format(&back, again);
    assert(strcmp(text, again) == 0);
}

static void check_near(const struct decimal *d, double want)
{
    double got = decimal_to_double(d);

    assert(fabs(got - want) <= fabs(want) * 1e-12 + 1e-27);
}

static void check_pair(const struct decimal *a, const struct decimal *b)
{
    double x = decimal_to_double(a), y = decimal_to_double(b);
    struct decimal r, back;

    assert(decimal_cmp(a, b) == -decimal_cmp(b, a));
    if (decimal_add(a, b, &r)) {
        check_text(&r);
        assert(fabs(decimal_to_double(&r) - (x + y)) <= (fabs(x) + fabs(y)) * 1e-12 + 1e-27);
    }
    if (decimal_sub(a, b, &r)) {
        check_text(&r);
        assert((decimal_cmp(a, b) > 0) >= (decimal_cmp(&r, &(struct decimal){0}) > 0));
    }
    if (decimal_mul(a, b, &r)) {
        check_text(&r);
        check_near(&r, x * y);
    }
    if (decimal_div(a, b, &r)) {
        check_text(&r);
        check_near(&r, x / y);
    }
    if (decimal_mod(a, b, &r)) {
        check_text(&r);
        struct decimal abs_r = r, abs_b = *b;
        abs_r.neg = abs_b.neg = false;
        assert(decimal_cmp(&abs_r, &abs_b) < 0);
        if (decimal_sub(a, &r, &back) && back.scale <= 10)
            check_text(&back);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
    size_t n = cut ? (size_t)(cut - data) : size;
    struct decimal a, b;
    unsigned styles = n ? data[0] & DECIMAL_ANY : 0;

    bool have_a = decimal_parse(text, n, styles, &a);
    bool have_b = cut && decimal_parse(text + n + 1, size - n - 1, DECIMAL_ANY, &b);
    if (have_a) {
        check_text(&a);
        for (int how = DECIMAL_TO_EVEN; how <= DECIMAL_CEILING; how++) {
            struct decimal r = decimal_round(&a, (int)(size % 30), (enum decimal_rounding)how);
            check_text(&r);
        }
        struct decimal t = decimal_trim(&a);
        assert(decimal_cmp(&t, &a) == 0);
    }
    if (have_a && have_b)
        check_pair(&a, &b);
    return 0;
}
