/*
 * Liquid's filters of numbers.
 */
#include <math.h>
#include <stdio.h>

#include "cli/lava_liquid_p.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t digits(const char *s, size_t n, size_t i)
{
    while (i < n && digit(s[i]))
        i++;
    return i;
}

/* -?digits.digits as a whole is a decimal; else the whole number that the text begins with. */
static struct decimal text_number(const struct lava_value *v)
{
    struct decimal d = decimal_from_i64(0);
    const char *s = v->s;
    size_t n = v->n, from = 0;

    while (from < n && space(s[from]))
        from++;
    while (n > from && space(s[n - 1]))
        n--;
    size_t first = from + (from < n && (s[from] == '-' || s[from] == '+'));
    size_t end = digits(s, n, first);
    if (end == first)
        return d;
    if (end + 1 < n && s[end] == '.' && digits(s, n, end + 1) == n)
        end = n;
    (void)decimal_parse(s + from, end - from, DECIMAL_PLAIN, &d);
    return d;
}

struct decimal liquid_number(const struct lava_value *v)
{
    if (v->type == LAVA_NUMBER)
        return v->num;
    return v->type == LAVA_STRING ? text_number(v) : decimal_from_i64(0);
}

int liquid_integer(struct lava_ctx *c, const struct lava_value *v, int64_t *ret)
{
    struct decimal d;

    if (v->type == LAVA_NUMBER && v->num.scale == 0 && decimal_to_i64(&v->num, ret))
        return 0;
    if (v->type == LAVA_STRING && decimal_parse(v->s, v->n, DECIMAL_SPACES, &d) && d.scale == 0 &&
        decimal_to_i64(&d, ret))
        return 0;
    return lava_fail(c, "this is no whole number");
}

struct lava_value liquid_float(struct decimal d)
{
    struct decimal one = {.lo = 10, .scale = 1};

    d = decimal_trim(&d);
    if (d.scale == 0)
        (void)decimal_mul(&d, &one, &d);
    return lava_number(d);
}

typedef bool arithmetic_fn(const struct decimal *a, const struct decimal *b, struct decimal *ret);

static int apply(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 arithmetic_fn *f,
                 struct lava_value *ret)
{
    struct lava_value arg = liquid_arg(args, 0);
    struct decimal a = liquid_number(in), b = liquid_number(&arg), d;

    if (!f(&a, &b, &d))
        return lava_fail(c, "this has no result");
    *ret = a.scale || b.scale ? liquid_float(d) : lava_number(d);
    return 0;
}

int liquid_plus(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    return apply(c, in, args, decimal_add, ret);
}

int liquid_minus(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    return apply(c, in, args, decimal_sub, ret);
}

int liquid_times(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    return apply(c, in, args, decimal_mul, ret);
}

static bool divide(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    if (!decimal_div(a, b, ret))
        return false;
    if (!a->scale && !b->scale)
        *ret = decimal_round(ret, 0, DECIMAL_FLOOR);
    return true;
}

/* Ruby's: the sign of the divisor. */
static bool modulo(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    if (!decimal_mod(a, b, ret))
        return false;
    if (!decimal_is_zero(ret) && ret->neg != b->neg)
        return decimal_add(ret, b, ret);
    return true;
}

int liquid_divided_by(struct lava_ctx *c,
                      const struct lava_value *in,
                      const struct lava_args *args,
                      struct lava_value *ret)
{
    return apply(c, in, args, divide, ret);
}

int liquid_modulo(struct lava_ctx *c,
                  const struct lava_value *in,
                  const struct lava_args *args,
                  struct lava_value *ret)
{
    return apply(c, in, args, modulo, ret);
}

int liquid_abs(struct lava_ctx *c,
               const struct lava_value *in,
               const struct lava_args *args,
               struct lava_value *ret)
{
    struct decimal d = liquid_number(in);

    (void)c;
    (void)args;
    d.neg = false;
    *ret = lava_number(d);
    return 0;
}

static struct lava_value to_whole(const struct lava_value *in, enum decimal_rounding how)
{
    struct decimal d = liquid_number(in);

    return lava_number(decimal_round(&d, 0, how));
}

int liquid_ceil(struct lava_ctx *c,
                const struct lava_value *in,
                const struct lava_args *args,
                struct lava_value *ret)
{
    (void)c;
    (void)args;
    *ret = to_whole(in, DECIMAL_CEILING);
    return 0;
}

int liquid_floor(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    (void)c;
    (void)args;
    *ret = to_whole(in, DECIMAL_FLOOR);
    return 0;
}

/* To tens, hundreds ...: Ruby's round with a negative number of places. */
static struct decimal round_up_places(struct decimal d, int64_t places)
{
    struct decimal unit = decimal_from_i64(1), ten = decimal_from_i64(10);

    for (; places < 0; places++)
        if (!decimal_mul(&unit, &ten, &unit))
            return decimal_from_i64(0);
    if (!decimal_div(&d, &unit, &d))
        return decimal_from_i64(0);
    d = decimal_round(&d, 0, DECIMAL_AWAY);
    return decimal_mul(&d, &unit, &d) ? d : decimal_from_i64(0);
}

int liquid_round(struct lava_ctx *c,
                 const struct lava_value *in,
                 const struct lava_args *args,
                 struct lava_value *ret)
{
    struct lava_value arg = liquid_arg(args, 0);
    struct decimal d = liquid_number(in), n = liquid_number(&arg);
    int64_t places = 0;
    bool whole = d.scale == 0;

    (void)c;
    (void)decimal_to_i64(&n, &places);
    if (places < 0) {
        *ret = lava_number(round_up_places(d, places < -40 ? -40 : places));
        return 0;
    }
    d = decimal_round(&d, places > 28 ? 28 : (int)places, DECIMAL_AWAY);
    *ret = whole || places == 0 ? lava_number(d) : liquid_float(d);
    return 0;
}

static int
limit(const struct lava_value *in, const struct lava_args *args, int sign, struct lava_value *ret)
{
    struct lava_value arg = liquid_arg(args, 0);
    struct decimal a = liquid_number(in), b = liquid_number(&arg);

    *ret = lava_number(decimal_cmp(&b, &a) * sign > 0 ? b : a);
    return 0;
}

int liquid_at_least(struct lava_ctx *c,
                    const struct lava_value *in,
                    const struct lava_args *args,
                    struct lava_value *ret)
{
    (void)c;
    return limit(in, args, 1, ret);
}

int liquid_at_most(struct lava_ctx *c,
                   const struct lava_value *in,
                   const struct lava_args *args,
                   struct lava_value *ret)
{
    (void)c;
    return limit(in, args, -1, ret);
}

int liquid_sum(struct lava_ctx *c,
               const struct lava_value *in,
               const struct lava_args *args,
               struct lava_value *ret)
{
    const struct lava_value *items;
    struct decimal total = decimal_from_i64(0);
    bool whole = true;
    size_t n;

    if (liquid_list(c, in, &items, &n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct lava_value v = items[i];
        if (args->n && args->v[0].type != LAVA_NIL) {
            enum liquid_found f = liquid_property(c, &items[i], &args->v[0], &v);
            if (f == LIQUID_FAILED)
                return -1;
            if (f == LIQUID_NONE)
                v = lava_nil();
        }
        struct decimal d = liquid_number(&v);
        whole &= d.scale == 0;
        if (!decimal_add(&total, &d, &total))
            return lava_fail(c, "this sum is too large");
    }
    *ret = whole ? lava_number(total) : liquid_float(total);
    return 0;
}
