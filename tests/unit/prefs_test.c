#include <criterion/criterion.h>

#include "common/base/str.h"

#include "common/core/prefs.h"
#include "tests/unit/core_support.h"

#define G1 "0a6a3f6e-1111-4c39-9a53-0d6a3f1f1b11"
#define G2 "fb6a3f6e-2222-4c39-9a53-0d6a3f1f1b22"

static struct arena *arena;

static void setup(void)
{
    arena = arena_new("prefs", 16 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(prefs, .init = setup, .fini = teardown);

/* Decodes a copy of exactly n bytes, so that a sanitizer sees one byte too many. */
static int decode(const char *p, size_t n, struct prefs *ret, struct err *err)
{
    autofree char *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    return prefs_decode(copy, n, arena, ret, err);
}

static void expect_encoding(const struct prefs *p, const char *want)
{
    autovalue(str_release) struct str s;
    str_init(&s, PREFS_MAX_BYTES);
    prefs_encode(p, &s);
    cr_expect_str_eq(s.p, want);
}

Test(prefs, groups_are_sorted_and_without_doubles)
{
    static const char text[] =
        "{\"groups\":[\"" G2 "\",\"" G1 "\",\"FB6A3F6E-2222-4C39-9A53-0D6A3F1F1B22\"],\"staff\":"
        "false,\"follow\":true,\"v\":1,\"x\":[]}";
    struct prefs p;
    struct err err;
    cr_assert_eq(decode(text, strlen(text), &p, &err), 0);
    cr_expect_eq(p.n_groups, 2);
    expect_encoding(&p,
                    "{\"v\":1,\"follow\":true,\"staff\":false,\"groups\":[\"" G1 "\",\"" G2 "\"]}");
}

Test(prefs, choosing_nothing_is_told_from_choosing_something)
{
    struct guid g = guid_of(1);
    cr_expect(prefs_empty(&(struct prefs){0}));
    cr_expect(!prefs_empty(&(struct prefs){.follow = true}));
    cr_expect(!prefs_empty(&(struct prefs){.staff = true}));
    cr_expect(!prefs_empty(&(struct prefs){.groups = &g, .n_groups = 1}));
    expect_encoding(&(struct prefs){0}, "{\"v\":1,\"follow\":false,\"staff\":false,\"groups\":[]}");
}

Test(prefs, union_is_what_either_chooses)
{
    struct guid x[] = {guid_of(1), guid_of(3)}, y[] = {guid_of(2), guid_of(3), guid_of(9)};
    struct prefs a = {.follow = true, .groups = x, .n_groups = 2},
                 b = {.staff = true, .groups = y, .n_groups = 3}, u;
    prefs_union(&a, &b, arena, &u);
    cr_expect(u.follow && u.staff);
    cr_assert_eq(u.n_groups, 4);
    for (size_t i = 1; i < 4; i++)
        cr_expect_lt(guid_cmp(&u.groups[i - 1], &u.groups[i]), 0);
    prefs_union(&(struct prefs){0}, &(struct prefs){0}, arena, &u);
    cr_expect(prefs_empty(&u));
}

Test(prefs, errors_have_a_code_and_say_which_field)
{
    static const struct {
        const char *text, *code, *want;
    } cases[] = {
        {"{\"v\":2}", "prefs.version", "preferences: unknown version"},
        {"{\"v\":1,\"follows\":true,\"staff\":false,\"groups\":[]}", "prefs.bytes",
         "preferences: v, follow, staff and groups are all required"},
        {"{\"v\":1,\"follow\":1,\"staff\":false,\"groups\":[]}", "prefs.bytes",
         "preferences: bad value of follow"},
        {"{\"v\":1,\"follow\":true,\"staff\":true,\"staff\":false,\"groups\":[]}", "prefs.bytes",
         "preferences: bad value of staff"},
        {"{\"v\":1,\"follow\":true,\"staff\":false,\"groups\":[\"Choir\"]}", "prefs.bytes",
         "preferences: bad value of groups"},
        {"[]", "prefs.bytes", "preferences: the text wants an object"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct prefs p;
        struct err err;
        cr_expect_eq(decode(cases[i].text, strlen(cases[i].text), &p, &err), -1);
        cr_expect_str_eq(err.code, cases[i].code);
        cr_expect_str_eq(err.text, cases[i].want);
    }
}

Test(prefs, round_trips_every_truncation_and_every_flipped_bit)
{
    uint64_t seed = 21;
    for (int i = 0; i < 60; i++) {
        autovalue(str_release) struct str s;
        struct guid groups[8];
        struct prefs p = {.follow = rnd(&seed) & 1,
                          .staff = rnd(&seed) & 1,
                          .groups = groups,
                          .n_groups = rnd_below(&seed, 8)},
                     back;
        struct err err;
        for (size_t g = 0, at = 0; g < p.n_groups; g++)
            groups[g] = guid_of((uint32_t)(at += 1 + rnd_below(&seed, 1000)));
        str_init(&s, PREFS_MAX_BYTES);
        prefs_encode(&p, &s);
        cr_assert_eq(decode(s.p, s.n, &back, &err), 0);
        cr_expect(back.follow == p.follow && back.staff == p.staff && back.n_groups == p.n_groups);
        expect_encoding(&back, s.p);
        for (size_t n = 0; n < s.n; n++)
            cr_assert_eq(decode(s.p, n, &back, &err), -1);
        for (size_t bit = 0; bit < 8 * s.n; bit++) {
            s.p[bit / 8] = (char)(s.p[bit / 8] ^ 1 << bit % 8);
            if (decode(s.p, s.n, &back, &err) == 0)
                cr_assert_leq(back.n_groups, p.n_groups);
            s.p[bit / 8] = (char)(s.p[bit / 8] ^ 1 << bit % 8);
        }
    }
}
