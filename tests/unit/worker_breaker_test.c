#include <criterion/criterion.h>

#include "worker/breaker.h"

static void fail(struct breaker *b, int n, int64_t now)
{
    for (int i = 0; i < n; i++)
        breaker_failure(b, "http.503", 0, now, 0);
}

static struct breaker an_open_one(int64_t now)
{
    struct breaker b;
    breaker_init(&b);
    fail(&b, 5, now);
    return b;
}

Test(worker_breaker, five_failures_in_a_row_open_it)
{
    struct breaker b;
    breaker_init(&b);
    fail(&b, 4, 0);
    cr_expect_eq(breaker_ask(&b, 0), 0);
    breaker_success(&b);
    fail(&b, 4, 0);
    cr_expect_eq(breaker_ask(&b, 0), 0, "a success between them");
    fail(&b, 1, 0);
    cr_expect_gt(breaker_ask(&b, 0), 0);
    cr_expect_str_eq(b.why, "http.503");
}

Test(worker_breaker, a_server_that_names_a_time_is_obeyed_at_once)
{
    struct breaker b;
    breaker_init(&b);
    breaker_failure(&b, "http.503", 30000, 1000, 0);
    cr_expect_geq(breaker_ask(&b, 1000), 30000);
    cr_expect_gt(breaker_ask(&b, 30999), 0);
}

Test(worker_breaker, half_open_lets_one_request_through)
{
    struct breaker b = an_open_one(0);
    int64_t then = breaker_ask(&b, 0);
    cr_assert_gt(then, 0);
    cr_expect_gt(breaker_ask(&b, then - 1), 0);
    cr_expect_eq(breaker_ask(&b, then), 0);
    cr_expect_gt(breaker_ask(&b, then), 0, "the second one waits");
    breaker_success(&b);
    cr_expect_eq(breaker_ask(&b, then), 0);
    cr_expect_eq(breaker_ask(&b, then), 0);
}

Test(worker_breaker, a_probe_that_was_not_sent_makes_room_for_another)
{
    struct breaker b = an_open_one(0);
    int64_t then = breaker_ask(&b, 0);
    cr_assert_eq(breaker_ask(&b, then), 0);
    breaker_unused(&b);
    cr_expect_eq(breaker_ask(&b, then), 0);
}

Test(worker_breaker, a_probe_that_fails_opens_it_for_longer_up_to_a_minute)
{
    struct breaker b = an_open_one(0);
    int64_t now = 0, last = 0;
    for (int i = 0; i < 12; i++) {
        int64_t wait = breaker_ask(&b, now);
        cr_expect(wait >= last / 2 && wait <= 60000, "%d: %lld", i, (long long)wait);
        last = wait;
        now += wait;
        cr_assert_eq(breaker_ask(&b, now), 0);
        fail(&b, 1, now);
    }
    cr_expect_geq(last, 30000);
    breaker_success(&b);
    fail(&b, 5, now);
    cr_expect_leq(breaker_ask(&b, now), 1000, "after a success it begins anew");
}

Test(worker_breaker, late_answers_to_older_requests_do_not_prolong_it)
{
    struct breaker b = an_open_one(0);
    int64_t then = breaker_ask(&b, 0);
    fail(&b, 50, then - 1);
    cr_expect_eq(breaker_ask(&b, then), 0);
}

Test(worker_breaker, jitter_stays_within_half_and_whole)
{
    for (uint32_t rnd = 0; rnd < 5000; rnd += 7) {
        struct breaker b;
        breaker_init(&b);
        fail(&b, 4, 0);
        breaker_failure(&b, "x", 0, 0, rnd);
        int64_t wait = breaker_ask(&b, 0);
        cr_assert(wait >= 500 && wait <= 1000, "%u: %lld", rnd, (long long)wait);
    }
}

Test(worker_breaker, a_stopped_account_is_probed_later_and_ever_later)
{
    struct breaker b;
    breaker_init(&b);
    breaker_stop(&b, "http.403", 0);
    cr_expect(b.stopped);
    int64_t then = breaker_ask(&b, 0), now = 0, last = 0;
    cr_expect_geq(then, 1000);
    cr_expect_eq(breaker_ask(&b, then), 0);
    breaker_success(&b);
    cr_expect_not(b.stopped);
    for (int i = 0; i < 9; i++) {
        breaker_stop(&b, "http.403", now);
        int64_t wait = breaker_ask(&b, now);
        cr_expect(wait >= last && wait <= 300000, "%d: %lld", i, (long long)wait);
        now += last = wait;
        cr_assert_eq(breaker_ask(&b, now), 0, "its probe");
    }
    cr_expect_eq(last, 300000);
}

/* Requests that were out when the password was refused come back well or ill: the account stays
 * stopped. */
Test(worker_breaker, answers_to_older_requests_do_not_start_a_stopped_account)
{
    struct breaker b;
    breaker_init(&b);
    breaker_stop(&b, "auth.refused", 0);
    breaker_success(&b);
    cr_expect(b.stopped);
    int64_t wait = breaker_ask(&b, 0);
    cr_expect_gt(wait, 1000);
    breaker_failure(&b, "http.503", 0, 0, 0);
    breaker_stop(&b, "http.403", 500);
    cr_expect_eq(breaker_ask(&b, 0), wait);
    cr_expect_str_eq(b.why, "auth.refused");
}
