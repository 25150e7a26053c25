#include <criterion/criterion.h>

#include "common/base/cleanup.h"

#include "common/core/retry.h"
#include "tests/unit/core_support.h"

static const struct retry_policy *policy = &retry_default_policy;

Test(retry, delays_by_outcome_and_attempt)
{
    static const struct {
        const char *name;
        enum outcome o;
        uint32_t attempt, after_ms, rnd, want;
    } cases[] = {
        {"soon, first, luckiest", OUT_RETRY_SOON, 1, 0, 0, 250},
        {"soon, first, unluckiest", OUT_RETRY_SOON, 1, 0, UINT32_MAX, 500},
        {"soon, second, unluckiest", OUT_RETRY_SOON, 2, 0, UINT32_MAX, 1000},
        {"soon, capped", OUT_RETRY_SOON, 30, 0, UINT32_MAX, 5000},
        {"not tried is soon", OUT_NOT_TRIED, 1, 0, UINT32_MAX, 500},
        {"gone is soon", OUT_GONE, 1, 0, UINT32_MAX, 500},
        {"conflict is soon", OUT_CONFLICT, 1, 0, UINT32_MAX, 500},
        {"split is soon", OUT_SPLIT, 1, 0, UINT32_MAX, 500},
        {"folder lost is soon", OUT_FOLDER_LOST, 1, 0, UINT32_MAX, 500},
        {"later, first", OUT_RETRY_LATER, 1, 0, UINT32_MAX, 10000},
        {"later, middle of the range", OUT_RETRY_LATER, 1, 0, 1u << 31, 7500},
        {"later, fourth", OUT_RETRY_LATER, 4, 0, UINT32_MAX, 80000},
        {"later, capped", OUT_RETRY_LATER, 100, 0, UINT32_MAX, 900000},
        {"later, floor stays", OUT_RETRY_LATER, 100, 0, 0, 5000},
        {"unknown is later", OUT_UNKNOWN, 1, 0, 0, 5000},
        {"park, first", OUT_PARK, 1, 0, UINT32_MAX, 60000},
        {"park, capped at a day", OUT_PARK, UINT32_MAX, 0, UINT32_MAX, 86400000},
        {"stop is park", OUT_STOP, 1, 0, UINT32_MAX, 60000},
        {"attempt 0 counts as first", OUT_RETRY_SOON, 0, 0, UINT32_MAX, 500},
        {"server's wish is obeyed in full", OUT_RETRY_LATER, 1, 300000, 0, 300000},
        {"jitter on top, a quarter", OUT_RETRY_LATER, 1, 300000, UINT32_MAX, 375000},
        {"jitter at least base", OUT_RETRY_LATER, 1, 1, UINT32_MAX, 10001},
        {"jitter of base where a quarter is less", OUT_RETRY_LATER, 1, 30000, UINT32_MAX, 40000},
        {"a quarter just below base", OUT_RETRY_LATER, 1, 36000, UINT32_MAX, 46000},
        {"a quarter just above base", OUT_RETRY_LATER, 1, 44000, UINT32_MAX, 55000},
        {"jitter at most cap", OUT_RETRY_SOON, 1, 1000000, UINT32_MAX, 1005000},
        {"a wish beyond all limits", OUT_PARK, 1, UINT32_MAX, UINT32_MAX, UINT32_MAX},
        {"done is not retried", OUT_DONE, 1, 0, UINT32_MAX, 86400000},
        {"dead is not retried", OUT_DEAD, 1, 0, UINT32_MAX, 86400000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_expect_eq(
            retry_delay_ms(policy, cases[i].o, cases[i].attempt, cases[i].after_ms, cases[i].rnd),
            cases[i].want, "%s: %u", cases[i].name,
            retry_delay_ms(policy, cases[i].o, cases[i].attempt, cases[i].after_ms, cases[i].rnd));
}

Test(retry, defaults_are_those_of_the_header)
{
    cr_expect(policy->soon_base_ms == 500 && policy->soon_cap_ms == 5000);
    cr_expect(policy->later_base_ms == 10000 && policy->later_cap_ms == 900000);
    cr_expect(policy->park_base_ms == 60000 && policy->park_cap_ms == 86400000);
    cr_expect_eq(policy->dead_after, 12);
}

Test(retry, a_policy_of_zeros_waits_a_millisecond)
{
    const struct retry_policy zero = {0};
    cr_expect_eq(retry_delay_ms(&zero, OUT_RETRY_SOON, 1, 0, UINT32_MAX), 1);
    cr_expect_eq(retry_delay_ms(&zero, OUT_RETRY_SOON, 9, 0, UINT32_MAX), 1);
}

Test(retry, doubles_thirty_one_times_at_most)
{
    const struct retry_policy slow = {.later_base_ms = 1, .later_cap_ms = UINT32_MAX};
    for (uint32_t attempt = 1; attempt < 40; attempt++)
        cr_expect_eq(retry_delay_ms(&slow, OUT_RETRY_LATER, attempt, 0, UINT32_MAX),
                     1u << (attempt < 32 ? attempt - 1 : 31), "attempt %u", attempt);
}

Test(retry, a_delay_is_never_below_one_nor_below_the_servers_wish)
{
    uint64_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        struct retry_policy p = {(uint32_t)rnd(&seed) >> rnd_below(&seed, 32),
                                 (uint32_t)rnd(&seed) >> rnd_below(&seed, 32),
                                 (uint32_t)rnd_below(&seed, 3),
                                 (uint32_t)rnd_below(&seed, 3),
                                 0,
                                 0,
                                 0};
        uint32_t after = (uint32_t)rnd(&seed) >> rnd_below(&seed, 32);
        uint32_t ms = retry_delay_ms(&p, (enum outcome)rnd_below(&seed, OUT_FOLDER_LOST + 1),
                                     (uint32_t)rnd(&seed) >> rnd_below(&seed, 32), after,
                                     (uint32_t)rnd(&seed));
        cr_assert(ms >= 1 && ms >= after);
    }
}

Test(retry, many_clients_spread_over_the_range)
{
    uint64_t seed = 4;
    int buckets[10] = {0};
    for (int i = 0; i < 10000; i++) {
        uint32_t ms = retry_delay_ms(policy, OUT_RETRY_LATER, 3, 0, (uint32_t)rnd(&seed));
        cr_assert(ms >= 5000 && ms <= 40000);
        buckets[(ms - 5000) * 10 / 35001]++;
    }
    for (int i = 0; i < 10; i++)
        cr_expect(buckets[i] > 800 && buckets[i] < 1200, "bucket %d has %d", i, buckets[i]);
}
