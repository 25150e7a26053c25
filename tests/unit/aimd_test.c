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

/* ---- what it learns, to the number ---- */

Test(aimd, an_items_time_is_smoothed_and_small_requests_only_lower_it)
{
    static const struct {
        const char *name;
        uint32_t size, before_us, items, took_ms, want_us;
    } cases[] = {
        {"the first", 50, 0, 50, 5000, 100000},
        {"the first, half of a request", 50, 0, 25, 2500, 100000},
        {"the first, less than half", 50, 0, 24, 2400, 0},
        {"slower", 50, 100000, 50, 10000, 125000},
        {"quicker", 50, 100000, 50, 1000, 80000},
        {"slower, half of a request", 50, 100000, 25, 5000, 125000},
        {"slower, less than half", 50, 100000, 24, 9999, 100000},
        {"quicker, less than half", 50, 100000, 2, 120, 90000},
        {"in no time", 50, 0, 50, 0, 1},
        {"for ever", 1, 0, 1, UINT32_MAX, UINT32_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aimd a;
        aimd_init(&a, cases[i].size);
        a.item_us = cases[i].before_us;
        aimd_clean(&a, cases[i].items, cases[i].took_ms, MAX, UINT32_MAX);
        cr_expect_eq(a.item_us, cases[i].want_us, "%s: %u", cases[i].name, a.item_us);
    }
}

Test(aimd, the_limit_is_what_fits_and_what_is_allowed)
{
    static const struct {
        const char *name;
        uint32_t item_us, max, target_ms, want;
    } cases[] = {
        {"fits", 100000, 1000, 5000, 50},
        {"does not quite fit", 100001, 1000, 5000, 49},
        {"not one fits", 5000001, 1000, 5000, 1},
        {"just one fits", 5000000, 1000, 5000, 1},
        {"two", 2500000, 1000, 5000, 2},
        {"allowed", 100000, 49, 5000, 49},
        {"none allowed is one", 100000, 0, 5000, 1},
        {"nothing known", 0, 70, 5000, 70},
        {"more than fits a number", 1, UINT32_MAX, UINT32_MAX, 1000000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aimd a;
        aimd_init(&a, 1000000);
        a.item_us = cases[i].item_us;
        aimd_clean(&a, 1, UINT32_MAX, cases[i].max, cases[i].target_ms); /* teaches nothing */
        cr_expect_eq(a.size, cases[i].want, "%s: %u", cases[i].name, a.size);
        cr_expect_eq(a.clean, 0);
    }
}

Test(aimd, grows_by_ten_after_two_full_requests_and_by_less_to_the_limit)
{
    static const uint32_t sizes[] = {50, 60, 60, 70, 70, 80, 80, 85, 85, 85};
    struct aimd a;
    aimd_init(&a, 50);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        aimd_clean(&a, a.size - 1, 10, 85, TARGET); /* not full: does not count */
        aimd_clean(&a, a.size, 10, 85, TARGET);
        cr_expect_eq(a.size, sizes[i], "%zu: %u", i, a.size);
    }
    aimd_init(&a, 50);
    aimd_clean(&a, 50, 10, 60, TARGET);
    aimd_clean(&a, 50, 10, 60, TARGET);
    cr_expect_eq(a.size, 60, "exactly a step away");
    aimd_clean(&a, 60, 10, 100, TARGET);
    aimd_trouble(&a, MIN);
    cr_expect(a.size == 30 && a.clean == 0 && a.troubled);
}

Test(aimd, after_it_shrank_the_count_towards_growth_begins_anew)
{
    struct aimd a;
    aimd_init(&a, 50);
    aimd_clean(&a, 50, 10, MAX, TARGET);
    aimd_clean(&a, 50, 10, 40, TARGET); /* less is allowed */
    cr_expect(a.size == 40 && a.clean == 0);
    aimd_clean(&a, 40, 10, MAX, TARGET);
    cr_expect_eq(a.size, 40);
    aimd_clean(&a, 40, 10, MAX, TARGET);
    cr_expect_eq(a.size, 50);
}

Test(aimd, halves_to_the_minimum_exactly)
{
    static const struct {
        uint32_t size, min, want;
    } cases[] = {{10, 5, 5}, {11, 5, 5}, {9, 5, 5}, {5, 5, 5}, {4, 5, 4}, {3, 0, 1}, {1, 0, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct aimd a;
        aimd_init(&a, cases[i].size);
        aimd_trouble(&a, cases[i].min);
        cr_expect_eq(a.size, cases[i].want, "%zu: %u", i, a.size);
    }
}

/* One mailbox's story, reckoned by hand. */
static const struct pace_step {
    const char *name;
    uint32_t items, took_ms; /* items 0: busy, wants took_ms */
    int64_t now_ms;
    uint32_t pace;
    int64_t next_ms;
    uint64_t all_items, worked_ms, usual_us;
} pace_steps[] = {
    {"no pace before trouble", 50, 500, 1000, 0, 0, 50, 500, 10001},
    {"a second of work", 50, 500, 2000, 0, 0, 100, 1500, 10001},
    {"busy: 0.85 of what was through", 0, 500, 2000, 42478, 2500, 0, 0, 10001},
    {"grows for a second", 50, 500, 3500, 46088, 4084, 50, 1000, 10001},
    {"slow: back by as much", 50, 600, 4500, 38391, 5202, 100, 2000, 10063},
    {"very slow: back by 0.7", 50, 1000, 5500, 26873, 6360, 150, 3000, 10373},
    {"small: grows, for two seconds at most", 10, 100, 5600, 31441, 5818, 160, 3100, 10373},
    {"half of a request, the quickest so far", 25, 200, 5700, 31708, 6288, 185, 3300, 8001},
    {"the clock went back: no growth", 50, 400, 5000, 31708, 6176, 235, 3700, 8001},
    {"busy again", 0, 1000, 5000, 31708, 6000, 0, 0, 8001},
    {"busy and nothing through", 0, 2000, 6000, 15854, 8000, 0, 0, 8001},
    {"a minute without work", 50, 400, 68000, 18549, 70295, 50, 60000, 8001},
    {"more than a minute: only the request", 50, 400, 128001, 21702, 129904, 100, 60400, 8001},
};

Test(aimd, the_pace_to_the_number)
{
    struct aimd a;
    aimd_init(&a, 50);
    for (size_t i = 0; i < ARRAY_LEN(pace_steps); i++) {
        const struct pace_step *s = &pace_steps[i];
        if (s->items)
            aimd_paced(&a, s->items, s->took_ms, s->now_ms);
        else
            aimd_busy(&a, s->took_ms, s->now_ms);
        cr_expect_eq(a.pace, s->pace, "%s: pace %u", s->name, a.pace);
        cr_expect_eq(a.next_ms, s->next_ms, "%s: next %lld", s->name, (long long)a.next_ms);
        cr_expect_eq(a.items, s->all_items, "%s: items %llu", s->name, (unsigned long long)a.items);
        cr_expect_eq(a.worked_ms, s->worked_ms, "%s: worked %llu", s->name,
                     (unsigned long long)a.worked_ms);
        cr_expect_eq(a.usual_us, s->usual_us, "%s: usual %llu", s->name,
                     (unsigned long long)a.usual_us);
    }
}

Test(aimd, slow_is_what_took_a_good_deal_longer_than_it_should)
{
    static const uint64_t usual_us[] = {8801, 8791}; /* of 10001: 0.880 and 0.879 */
    for (size_t i = 0; i < 2; i++) {
        struct aimd a;
        aimd_init(&a, 50);
        a.pace = 40000;
        a.usual_us = usual_us[i];
        a.grown_ms = 1000;
        aimd_paced(&a, 50, 500, 1000);
        cr_expect_eq(a.pace, i ? 35160 : 40000, "%u", a.pace);
    }
}

Test(aimd, a_pace_has_bounds_and_ends_where_answers_are_slower)
{
    struct aimd a;
    aimd_init(&a, 50);
    a.pace = 600;
    a.usual_us = 1;
    aimd_paced(&a, 50, 500, 1000);
    cr_expect_eq(a.pace, 500);
    a.pace = 999999;
    a.usual_us = 0;
    a.grown_ms = 0;
    aimd_paced(&a, 50, 1, 2000);
    cr_expect_eq(a.pace, 1000000);
    a.pace = 500000;
    a.grown_ms = 3000;
    a.usual_us = 0;
    aimd_paced(&a, 50, 200, 3000);
    cr_expect_eq(a.pace, 500000, "twice the share is what it took");
    aimd_paced(&a, 50, 201, 3000);
    cr_expect_eq(a.pace, 0, "faster than answers come");
}

Test(aimd, waits_until_the_next_may_go_and_an_hour_at_most)
{
    struct aimd a;
    aimd_init(&a, 50);
    a.next_ms = 1000;
    cr_expect_eq(aimd_wait(&a, 0), 0, "no pace, no wait");
    a.pace = 500;
    cr_expect_eq(aimd_wait(&a, 0), 1000);
    cr_expect_eq(aimd_wait(&a, 999), 1);
    cr_expect_eq(aimd_wait(&a, 1000), 0);
    cr_expect_eq(aimd_wait(&a, 1001), 0);
    a.next_ms = 3600 * 1000 + 1;
    cr_expect_eq(aimd_wait(&a, 1), 3600 * 1000);
    cr_expect_eq(aimd_wait(&a, 0), 3600 * 1000);
    cr_expect_eq(aimd_wait(&a, 2), 3600 * 1000 - 1);
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
