/* The locator over the memory cache, on a clock that the test moves, with searches that the test
 * answers. */
#include "common/drv/endpoint_memory.h"
#include "common/port/endpoint_cache.h"
#include "tests/contract/autodiscover_fake.h"
#include "worker/autodiscover/locator.h"

#define ONE "https://mail.church.example/EWS/Exchange.asmx"
#define TWO "https://new.church.example/EWS/Exchange.asmx"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR, MINUTE = 60 * 1000 };

static struct clock_fake clock_;
static struct endpoint_cache *cache;
static struct locator *l;

static void up(void)
{
    clock_fake_init(&clock_, 1000000);
    clock_fake_advance(&clock_, 100LL * DAY);
    fake_loop = loop_new(&clock_.clock);
    cache = endpoint_memory_new(fake_loop);
    l = locator_new(fake_loop, &the_autodiscover, cache, &(struct locator_config){0});
}

static void down(void)
{
    locator_free(l);
    loop_free(fake_loop);
}

TestSuite(locator, .init = up, .fini = down, .timeout = 20);

static void turn(void)
{
    while (loop_turn(fake_loop, 0) > 0)
        ;
}

struct answer {
    int n;
    char url[200], code[48];
    enum outcome outcome;
};

static void on_found(const char *url, enum outcome outcome, const struct err *err, void *user)
{
    struct answer *a = user;
    a->n++;
    snprintf(a->url, sizeof(a->url), "%s", url ? url : "");
    snprintf(a->code, sizeof(a->code), "%s", err ? err->code : "");
    a->outcome = outcome;
}

static struct answer ask(int64_t mailbox, const char *address, const char *says)
{
    struct answer a = {0};
    locator_find(l, mailbox, address, on_found, &a);
    cr_expect(a.n == 0, "not from inside");
    turn();
    if (says) {
        cr_assert(searching.n == 1, "%zu searches", searching.n);
        search_answer(searching.v[0], says);
    }
    turn();
    return a;
}

static void no_error(const struct err *err, void *user)
{
    (void)user;
    cr_expect(!err);
}

static void put(int64_t mailbox, const char *url, const char *alt)
{
    cache->ops->put(cache, mailbox, "church.example", url, alt, NULL, no_error, NULL);
    turn();
}

Test(locator, what_a_search_found_is_at_hand_afterwards)
{
    cr_expect_null(locator_known(l, 1, "pat@church.example"));
    struct answer a = ask(1, "pat@church.example", ONE);
    cr_expect(a.n == 1 && a.outcome == OUT_DONE);
    cr_expect_str_eq(a.url, ONE);
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), ONE);
    cr_expect(searches == 1);
}

Test(locator, the_cache_spares_the_search)
{
    put(1, ONE, NULL);
    struct answer a = ask(1, "pat@church.example", NULL);
    cr_expect(a.n == 1);
    cr_expect_str_eq(a.url, ONE);
    cr_expect(searches == 0);
}

Test(locator, another_workers_find_is_seen_within_a_minute)
{
    put(1, ONE, NULL);
    ask(1, "pat@church.example", NULL);
    put(1, TWO, NULL);
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), ONE);
    clock_fake_advance(&clock_, MINUTE);
    cr_expect_null(locator_known(l, 1, "pat@church.example"));
    cr_expect_str_eq(ask(1, "pat@church.example", NULL).url, TWO);
}

Test(locator, a_cached_url_that_is_not_allowed_any_more_is_not_used)
{
    put(1, "https://mail.evil.example/e", NULL);
    cr_expect_str_eq(ask(1, "pat@church.example", ONE).url, ONE);
    put(2, "http://mail.church.example/e", NULL);
    cr_expect_str_eq(ask(2, "kim@church.example", ONE).url, ONE);
    put(3, ONE, "https://mail.evil.example/e");
    cr_expect_str_eq(ask(3, "lee@church.example", NULL).url, ONE);
    cr_expect(locator_report(l, 3, "curl.7") == LOCATOR_SAME, "the other one is not allowed");
}

Test(locator, an_old_url_is_used_while_it_is_looked_for_again)
{
    put(1, ONE, NULL);
    clock_fake_advance(&clock_, 8LL * DAY);
    struct answer a = ask(1, "pat@church.example", NULL);
    cr_expect_str_eq(a.url, ONE);
    cr_assert(searching.n == 1);
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), ONE);
    search_answer(searching.v[0], TWO);
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), TWO);
}

Test(locator, a_search_that_fails_keeps_the_url_and_is_not_repeated_at_once)
{
    put(1, ONE, NULL);
    clock_fake_advance(&clock_, 8LL * DAY);
    ask(1, "pat@church.example", "!autodiscover.not_found");
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), ONE);
    clock_fake_advance(&clock_, MINUTE);
    cr_expect_str_eq(ask(1, "pat@church.example", NULL).url, ONE);
    cr_expect(searches == 1);
    clock_fake_advance(&clock_, 5 * MINUTE);
    cr_expect_str_eq(ask(1, "pat@church.example", NULL).url, ONE);
    cr_expect(searches == 2);
}

static const struct {
    const char *code;
    bool doubt;
} codes[] = {
    {"curl.6", true},
    {"curl.7", true},
    {"http.address", true},
    {"http.503", true},
    {"http.404", true},
    {"http.302", true},
    {"curl.60", true},
    {"ews.ErrorConnectionFailed", true},
    {"ews.ErrorMailboxMoveInProgress", true},
    {"ews.ErrorCrossSiteRequest", true},
    {"ews.ErrorNoRespondingCASInDestinationSite", true},
    {"http.401", false},
    {"http.403", false},
    {"http.500", false},
    {"curl.28", false},
    {"curl.56", false},
    {"ews.ErrorServerBusy", false},
    {"ews.ErrorItemNotFound", false},
    {"", false},
};

Test(locator, failures_that_call_for_another_look_once_the_url_is_an_hour_old)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        int64_t mailbox = (int64_t)i + 1;
        put(mailbox, ONE, NULL);
        ask(mailbox, "pat@church.example", NULL);
        enum locator_says young = locator_report(l, mailbox, codes[i].code);
        cr_expect(young == (codes[i].doubt ? LOCATOR_SAME : LOCATOR_OTHERWISE), "%s: %d",
                  codes[i].code, young);
        cr_expect(searching.n == 0, "%s: looked for at once", codes[i].code);
        clock_fake_advance(&clock_, HOUR);
        enum locator_says old = locator_report(l, mailbox, codes[i].code);
        cr_expect(old == (codes[i].doubt ? LOCATOR_CHANGING : LOCATOR_OTHERWISE), "%s: %d",
                  codes[i].code, old);
        cr_expect((searching.n == 1) == codes[i].doubt, "%s", codes[i].code);
        if (searching.n)
            search_answer(searching.v[0], ONE);
        turn();
    }
}

Test(locator, the_other_url_is_tried_when_one_takes_no_connection)
{
    put(1, ONE, TWO);
    ask(1, "pat@church.example", NULL);
    cr_expect(locator_report(l, 1, "curl.7") == LOCATOR_CHANGING);
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), TWO);
    clock_fake_advance(&clock_, MINUTE);
    cr_expect_str_eq(ask(1, "pat@church.example", NULL).url, TWO, "the row does not turn it back");
    cr_expect(locator_report(l, 1, "http.503") == LOCATOR_SAME, "it answers: no reason to swap");
    cr_expect(locator_report(l, 1, "curl.6") == LOCATOR_CHANGING);
    cr_expect_str_eq(locator_known(l, 1, "pat@church.example"), ONE);
}

Test(locator, one_search_for_a_domain_that_nobody_knows)
{
    struct answer a[5] = {0};
    char address[40];
    for (int i = 0; i < 5; i++) {
        snprintf(address, sizeof(address), "u%d@church.example", i);
        locator_find(l, i + 1, address, on_found, &a[i]);
    }
    turn();
    cr_assert(searching.n == 1, "%zu", searching.n);
    search_answer(searching.v[0], ONE);
    turn();
    cr_assert(searching.n == 4, "its server is known: the others may go at once");
    for (int i = 0; i < 4; i++) {
        cr_expect_str_eq(searching.v[0]->known,
                         "https://church.example/autodiscover/autodiscover.svc");
        search_answer(searching.v[0], ONE);
    }
    turn();
    for (int i = 0; i < 5; i++)
        cr_expect(a[i].n == 1 && a[i].outcome == OUT_DONE);
}

Test(locator, what_a_domain_fails_with_holds_for_all_who_wait_and_for_a_while)
{
    struct answer a[3] = {0}, other = {0};
    locator_find(l, 1, "a@church.example", on_found, &a[0]);
    locator_find(l, 2, "b@church.example", on_found, &a[1]);
    locator_find(l, 3, "c@other.example", on_found, &other);
    turn();
    cr_assert(searching.n == 2, "one for each domain");
    search_answer(searching.v[strstr(searching.v[0]->address, "church") ? 0 : 1],
                  "!autodiscover.host");
    turn();
    for (int i = 0; i < 2; i++) {
        cr_expect(a[i].n == 1 && a[i].outcome == OUT_PARK);
        cr_expect_str_eq(a[i].code, "autodiscover.host");
    }
    cr_expect(other.n == 0);
    locator_find(l, 4, "d@church.example", on_found, &a[2]);
    turn();
    cr_expect_str_eq(a[2].code, "autodiscover.host");
    cr_expect(searches == 2);
    search_answer(searching.v[0], ONE);
    clock_fake_advance(&clock_, 30 * 1000);
    cr_expect_str_eq(ask(4, "d@church.example", ONE).url, ONE);
}

Test(locator, what_concerns_one_mailbox_is_no_verdict_on_its_domain)
{
    struct answer a = ask(1, "a@church.example", "!autodiscover.InvalidUser");
    cr_expect(a.outcome == OUT_PARK);
    cr_expect_str_eq(ask(2, "b@church.example", ONE).url, ONE);
}

static const struct {
    const char *code;
    enum outcome want;
} outcomes[] = {
    {"auth.refused", OUT_RETRY_LATER},
    {"autodiscover.busy", OUT_RETRY_LATER},
    {"autodiscover.deadline", OUT_RETRY_LATER},
    {"autodiscover.not_found", OUT_PARK},
    {"autodiscover.tls", OUT_PARK},
    {"auth.not_offered", OUT_PARK},
};

Test(locator, what_a_search_that_fails_means_for_a_call)
{
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        char says[64];
        snprintf(says, sizeof(says), "!%s", outcomes[i].code);
        struct answer a = ask((int64_t)i + 1, "a@church.example", says);
        cr_expect(a.outcome == outcomes[i].want, "%s: %d", outcomes[i].code, a.outcome);
        clock_fake_advance(&clock_, 31 * 1000);
    }
}

Test(locator, a_cache_that_does_not_answer)
{
    endpoint_memory_break(cache, true);
    struct answer a = ask(1, "a@church.example", NULL);
    cr_expect(a.outcome == OUT_RETRY_SOON && searches == 0);
    endpoint_memory_break(cache, false);
    ask(1, "a@church.example", ONE);
    endpoint_memory_break(cache, true);
    clock_fake_advance(&clock_, MINUTE);
    cr_expect_str_eq(ask(1, "a@church.example", NULL).url, ONE);
}

Test(locator, who_gave_up_is_not_called)
{
    struct answer a = {0}, b = {0};
    struct locator_wait *w = locator_find(l, 1, "a@church.example", on_found, &a);
    locator_find(l, 1, "a@church.example", on_found, &b);
    turn();
    locator_cancel(w);
    cr_assert(searching.n == 1);
    search_answer(searching.v[0], ONE);
    cr_expect(a.n == 0 && b.n == 1);
}

static struct answer again;
static void ask_again(const char *url, enum outcome outcome, const struct err *err, void *user)
{
    on_found(url, outcome, err, user);
    if (!url)
        locator_find(l, 1, "a@church.example", on_found, &again);
}

Test(locator, asking_again_from_the_callback)
{
    struct answer a = {0};
    locator_find(l, 1, "a@church.example", ask_again, &a);
    turn();
    search_answer(searching.v[0], "!autodiscover.not_found");
    turn();
    cr_expect(a.n == 1 && again.n == 1);
    cr_expect_str_eq(again.code, "autodiscover.not_found", "the domain is closed for a while");
}
