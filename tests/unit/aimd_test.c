#include <criterion/criterion.h>

#include "common/core/aimd.h"
#include "tests/sim/exchange/sx_budget.h"
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

/* ---- pace: one mailbox with work for ever, against a server that keeps a budget for it ---- */

struct server {
    struct sx_budget_rules rules;
    struct sx_budget budget;
    double latency_ms, item_ms;
    struct aimd a;
    uint64_t seed;
    int64_t now;
    uint64_t requests, refused, items;
};

static void one_request(struct server *s)
{
    uint32_t n = s->a.size, back;
    int64_t us = (int64_t)((s->latency_ms + s->item_ms * n) * 1000);
    s->now += aimd_wait(&s->a, s->now);
    us = sx_budget_charge(&s->budget, &s->rules, us, s->now, &back);
    s->requests++;
    if (us < 0) {
        s->refused++;
        s->now += 5;
        aimd_trouble(&s->a, MIN);
        aimd_busy(&s->a, back, s->now);
        s->now += back + (int64_t)rnd_below(&s->seed, back / 4 + 1000);
        return;
    }
    s->now += us / 1000;
    s->items += n;
    aimd_paced(&s->a, n, (uint32_t)(us / 1000), s->now);
    aimd_clean(&s->a, n, (uint32_t)(us / 1000), MAX, TARGET);
}

static void go_on(struct server *s, int64_t ms)
{
    int64_t until = s->now + ms;
    s->requests = s->refused = s->items = 0;
    while (s->now < until)
        one_request(s);
}

static const struct budget_case {
    struct sx_budget_rules rules;
    double latency_ms, item_ms;
} budget_cases[] = {
    {{3000, 0.25, 2000}, 50, 5},       {{10000, 0.25, 5000}, 50, 20},
    {{30000, 0.5, 20000}, 100, 20},    {{2000, 0.3, 500}, 50, 10},
    {{5000, 0.4, 3000}, 250, 10},      {{8000, 0.3, 4000}, 20, 40},
    {{300000, 0.25, 3000000}, 50, 80},
};

static struct server server_of(const struct budget_case *c, uint64_t seed)
{
    struct server s = {.rules = c->rules,
                       .latency_ms = c->latency_ms,
                       .item_ms = c->item_ms,
                       .seed = seed,
                       .now = 1000};
    aimd_init(&s.a, 50);
    return s;
}

Test(aimd, a_budget_is_used_up_and_not_overdrawn)
{
    for (size_t i = 0; i < ARRAY_LEN(budget_cases); i++) {
        const struct budget_case *c = &budget_cases[i];
        struct server s = server_of(c, i);
        go_on(&s, 300 * 1000);
        go_on(&s, 1200 * 1000);
        double most = 1200 * 1000 * c->rules.recharge / (c->item_ms + c->latency_ms / 30);
        cr_expect(s.refused * 100 <= s.requests + 100, "%zu: %llu of %llu refused", i,
                  (unsigned long long)s.refused, (unsigned long long)s.requests);
        cr_expect((double)s.items >= 0.85 * most, "%zu: %llu contacts of %.0f", i,
                  (unsigned long long)s.items, most);
    }
}

Test(aimd, a_budget_that_comes_back_is_used_within_half_a_minute)
{
    for (size_t i = 0; i < ARRAY_LEN(budget_cases); i++) {
        const struct budget_case *c = &budget_cases[i];
        struct server s = server_of(c, i + 100);
        go_on(&s, 600 * 1000);
        s.rules.burst_ms = 0;
        go_on(&s, 30 * 1000);
        go_on(&s, 10 * 1000);
        double full = 10 * 1000 / (c->item_ms + c->latency_ms / s.a.size);
        cr_expect((double)s.items >= 0.9 * full - s.a.size, "%zu: %llu contacts of %.0f", i,
                  (unsigned long long)s.items, full);
    }
}

Test(aimd, keeps_no_pace_where_the_server_never_was_busy)
{
    struct aimd a;
    aimd_init(&a, 50);
    for (int i = 0; i < 100; i++) {
        aimd_paced(&a, 50, i % 10 ? 300 : 3000, i * 4000);
        cr_assert_eq(aimd_wait(&a, i * 4000), 0);
    }
}

Test(aimd, a_night_without_work_is_no_slow_server)
{
    struct aimd a;
    aimd_init(&a, 50);
    aimd_paced(&a, 50, 500, 1000);
    aimd_paced(&a, 50, 500, 1500);
    aimd_busy(&a, 1000, 1500 + 24 * 3600 * 1000);
    aimd_paced(&a, 50, 500, 4000 + 24 * 3600 * 1000);
    cr_expect_leq(aimd_wait(&a, 4000 + 24 * 3600 * 1000), 1500);
}

Test(aimd, small_requests_do_not_slow_it_down)
{
    struct aimd a;
    aimd_init(&a, 50);
    aimd_paced(&a, 50, 500, 1000);
    aimd_busy(&a, 1000, 2000);
    uint32_t before = a.pace;
    for (int i = 0; i < 50; i++)
        aimd_paced(&a, 1, 250, 3000 + i * 300);
    cr_expect_geq(a.pace, before);
}
