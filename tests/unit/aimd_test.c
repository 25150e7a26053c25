#include <criterion/criterion.h>

#include "common/core/aimd.h"
#include "tests/unit/core_support.h"

enum { MAX = 100, TARGET = 5000, MIN = 5 };

/* One full request against a server with that latency and cost of an item. */
static void request(struct aimd *a, uint32_t latency_ms, uint32_t item_ms)
{
    aimd_clean(a, a->size, latency_ms + a->size * item_ms, MAX, TARGET);
}

Test(aimd, starts_where_told_and_at_least_at_one)
{
    struct aimd a;
    aimd_init(&a, 50);
    cr_expect_eq(a.size, 50);
    aimd_init(&a, 0);
    cr_expect_eq(a.size, 1);
}

Test(aimd, grows_to_the_limit_while_all_is_quick)
{
    struct aimd a;
    aimd_init(&a, 50);
    for (int i = 0; i < 10; i++)
        request(&a, 20, 5);
    cr_expect_eq(a.size, MAX);
}

Test(aimd, stays_where_a_request_would_take_longer_than_the_target)
{
    struct aimd a;
    aimd_init(&a, 50);
    for (int i = 0; i < 200; i++) {
        request(&a, 250, 80);
        cr_assert(250 + a.size * 80 <= TARGET + 80, "%u items", a.size);
    }
    cr_expect_geq(a.size, 55);
}

Test(aimd, shrinks_at_once_when_the_server_turns_slow)
{
    struct aimd a;
    aimd_init(&a, 50);
    aimd_clean(&a, 50, 30000, MAX, TARGET);
    cr_expect_eq(a.size, 8);
}

Test(aimd, reaches_one_for_a_server_that_takes_longer_than_the_target_for_one)
{
    struct aimd a;
    aimd_init(&a, 50);
    for (int i = 0; i < 20; i++)
        request(&a, 100, 60000);
    cr_expect_eq(a.size, 1);
}

Test(aimd, trouble_halves_down_to_the_minimum_and_growth_is_slow_afterwards)
{
    struct aimd a;
    aimd_init(&a, 50);
    aimd_trouble(&a, MIN);
    cr_expect_eq(a.size, 25);
    for (int i = 0; i < 19; i++)
        request(&a, 20, 5);
    cr_expect_eq(a.size, 25);
    request(&a, 20, 5);
    cr_expect_eq(a.size, 35);
    for (int i = 0; i < 10; i++)
        aimd_trouble(&a, MIN);
    cr_expect_eq(a.size, MIN);
}

Test(aimd, trouble_below_the_minimum_does_not_grow)
{
    struct aimd a;
    aimd_init(&a, 2);
    aimd_trouble(&a, MIN);
    cr_expect_eq(a.size, 2);
    aimd_trouble(&a, 0);
    aimd_trouble(&a, 0);
    cr_expect_eq(a.size, 1);
}

/* A single contact in a quarter of a second says that the way is long, not that fifty take twelve
 * seconds. */
Test(aimd, a_small_request_neither_shrinks_nor_grows)
{
    struct aimd a;
    aimd_init(&a, 50);
    for (int i = 0; i < 100; i++)
        aimd_clean(&a, 1, 250, MAX, TARGET);
    cr_expect_eq(a.size, 50);
    request(&a, 250, 80);
    cr_expect_eq(a.size, 50);
    for (int i = 0; i < 100; i++)
        aimd_clean(&a, 1, 250, MAX, TARGET);
    cr_expect_eq(a.size, 50);
}

Test(aimd, size_stays_within_one_and_the_limit)
{
    uint64_t seed = 9;
    struct aimd a;
    aimd_init(&a, 50);
    for (int i = 0; i < 100000; i++) {
        uint32_t max = (uint32_t)rnd_below(&seed, 200),
                 items = 1 + (uint32_t)rnd_below(&seed, a.size);
        if (rnd_below(&seed, 10) == 0) {
            aimd_trouble(&a, (uint32_t)rnd_below(&seed, 10));
            cr_assert_geq(a.size, 1);
            continue;
        }
        aimd_clean(&a, items, (uint32_t)rnd(&seed) >> rnd_below(&seed, 32), max,
                   (uint32_t)rnd_below(&seed, 10000));
        cr_assert(a.size >= 1 && a.size <= (max ? max : 1), "%u of %u", a.size, max);
    }
}
