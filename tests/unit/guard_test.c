#include <criterion/criterion.h>
#include <stdint.h>

#include "common/base/cleanup.h"

#include "common/core/guard.h"
#include "tests/unit/core_support.h"

Test(guard, allows_the_floor_or_the_share_whichever_is_larger)
{
    static const struct {
        struct guard_limit limit;
        size_t of, allowed;
    } cases[] = {
        {{20, 10}, 0, 20},
        {{20, 10}, 199, 20},
        {{20, 10}, 200, 20},
        {{20, 10}, 209, 20},
        {{20, 10}, 210, 21},
        {{20, 10}, 5000, 500},
        {{100, 5}, 1999, 100},
        {{100, 5}, 100000, 5000},
        {{2, 10}, 5, 2},
        {{2, 10}, 39, 3},
        {{0, 0}, 1000, 0},
        {{0, 100}, 1000, 1000},
        {{20, 10}, SIZE_MAX, SIZE_MAX / 10},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t allowed = cases[i].allowed;
        cr_expect_eq(guard_allowed(&cases[i].limit, cases[i].of), allowed, "case %zu", i);
        cr_expect(!guard_exceeded(&cases[i].limit, allowed, cases[i].of), "case %zu", i);
        cr_expect(guard_exceeded(&cases[i].limit, allowed + 1, cases[i].of), "case %zu", i);
    }
}

Test(guard, beyond_means_more_than_floor_and_more_than_the_exact_share)
{
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        struct guard_limit l = {rnd_below(&seed, 50), (unsigned)rnd_below(&seed, 101)};
        size_t of = rnd_below(&seed, 3000), count = rnd_below(&seed, 400);
        cr_assert_eq(guard_exceeded(&l, count, of),
                     count > l.floor && count * 100 > of * l.percent);
    }
}

Test(guard, defaults_are_those_of_the_documentation)
{
    const struct guard_limits *d = &guard_default_limits;
    cr_expect(d->mailbox.floor == 20 && d->mailbox.percent == 10);
    cr_expect(d->total.floor == 100 && d->total.percent == 5);
    cr_expect(d->users.floor == 2 && d->users.percent == 10);
    cr_expect(d->emptied.floor == 20 && d->emptied.percent == 5);
}
