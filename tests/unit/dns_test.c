#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/net/dns.h"
#include "common/net/loop.h"
#include "tests/support/dns_fake.h"

static struct dns_fake *fake;
static struct loop *loop;
static struct dns *dns;

#define NAME "_autodiscover._tcp.church.example"

static void up(void)
{
    struct err err;
    fake = dns_fake_start();
    loop = loop_new(clock_real());
    cr_assert(dns_new(loop, dns_fake_servers(fake), &dns, &err) == 0, "%s", err.text);
}

static void down(void)
{
    dns_free(dns);
    loop_free(loop);
    dns_fake_stop(fake);
}

TestSuite(dns, .init = up, .fini = down, .timeout = 30);

struct result {
    bool done;
    struct dns_srv v[DNS_MAX_SRV];
    size_t n;
    char code[48];
};

static void on_srv(const struct dns_srv *v, size_t n, const struct err *err, void *user)
{
    struct result *r = user;
    cr_expect(!r->done);
    r->done = true;
    r->n = n;
    memcpy(r->v, v, n * sizeof(*v));
    snprintf(r->code, sizeof(r->code), "%s", err ? err->code : "");
}

static struct result ask(uint32_t timeout_ms)
{
    struct result r = {0};
    dns_srv(dns, NAME, timeout_ms, on_srv, &r);
    cr_expect(!r.done, "not from inside");
    cr_assert(loop_wait(loop, &r.done, 20000) == 0);
    return r;
}

Test(dns, records_come_best_first)
{
    dns_fake_srv(fake, NAME, 20, 0, 443, "last.church.example");
    dns_fake_srv(fake, NAME, 10, 5, 443, "Second.Church.Example");
    dns_fake_srv(fake, NAME, 10, 50, 8443, "first.church.example");
    struct result r = ask(5000);
    cr_assert_str_eq(r.code, "");
    cr_assert(r.n == 3);
    cr_expect_str_eq(r.v[0].target, "first.church.example");
    cr_expect(r.v[0].port == 8443 && r.v[0].priority == 10 && r.v[0].weight == 50);
    cr_expect_str_eq(r.v[1].target, "second.church.example");
    cr_expect_str_eq(r.v[2].target, "last.church.example");
}

Test(dns, no_such_name_is_no_error)
{
    struct result r = ask(5000);
    cr_expect_str_eq(r.code, "");
    cr_expect(r.n == 0);
}

Test(dns, a_target_that_is_no_host_name_is_passed_over)
{
    dns_fake_srv(fake, NAME, 1, 1, 443, "a b.church.example");
    dns_fake_srv(fake, NAME, 1, 1, 443, "x@church.example");
    dns_fake_srv(fake, NAME, 1, 1, 443, "m\xc3\xbc.church.example");
    dns_fake_srv(fake, NAME, 1, 1, 443, "");
    dns_fake_srv(fake, NAME, 1, 1, 443, "good.church.example");
    struct result r = ask(5000);
    cr_assert(r.n == 1);
    cr_expect_str_eq(r.v[0].target, "good.church.example");
}

Test(dns, more_records_than_the_limit_are_cut)
{
    char target[64];
    for (unsigned i = 0; i < 18; i++) {
        snprintf(target, sizeof(target), "%c.e", 'a' + (int)i);
        dns_fake_srv(fake, NAME, 1, i, 443, target);
    }
    struct result r = ask(5000);
    cr_expect(r.n == DNS_MAX_SRV, "%zu %s", r.n, r.code);
}

static const struct {
    enum dns_fake_mood mood;
    const char *code;
} moods[] = {
    {DNS_FAKE_SILENT, "dns.timeout"}, {DNS_FAKE_REFUSES, "dns.refused"},
    {DNS_FAKE_FAILS, "dns.refused"},  {DNS_FAKE_GARBAGE, "dns.timeout"},
    {DNS_FAKE_CUT, "dns.bad_answer"}, {DNS_FAKE_LOOPS, "dns.bad_answer"},
    {DNS_FAKE_OTHER_TYPE, ""},
};

Test(dns, a_server_that_misbehaves_ends_in_an_error_or_in_nothing)
{
    for (size_t i = 0; i < ARRAY_LEN(moods); i++) {
        dns_fake_clear(fake);
        dns_fake_srv(fake, NAME, 1, 1, 443, "mail.church.example");
        dns_fake_mood(fake, moods[i].mood);
        struct result r = ask(300);
        cr_expect_str_eq(r.code, moods[i].code, "mood %d: %s", moods[i].mood, r.code);
        cr_expect(r.n == 0, "mood %d", moods[i].mood);
    }
}

static void fail_if_called(const struct dns_srv *v, size_t n, const struct err *err, void *user)
{
    (void)v, (void)n, (void)err, (void)user;
    cr_expect_fail("called after cancel");
}

Test(dns, a_canceled_question_calls_nobody)
{
    dns_fake_srv(fake, NAME, 1, 1, 443, "mail.church.example");
    dns_cancel(dns_srv(dns, NAME, 5000, fail_if_called, NULL));
    cr_expect(ask(5000).n == 1);
}

static void free_dns(const struct dns_srv *v, size_t n, const struct err *err, void *user)
{
    (void)v, (void)n, (void)err;
    dns_free(dns);
    dns = NULL;
    *(bool *)user = true;
}

Test(dns, freeing_inside_the_callback_with_others_open)
{
    bool done = false;
    dns_fake_mood(fake, DNS_FAKE_SILENT);
    dns_srv(dns, "slow.church.example", 5000, fail_if_called, NULL);
    dns_srv(dns, NAME, 1, free_dns, &done);
    cr_assert(loop_wait(loop, &done, 20000) == 0);
}

Test(dns, servers_that_are_none_are_refused)
{
    struct dns *d;
    struct err err;
    cr_expect(dns_new(loop, "no server", &d, &err) < 0);
    cr_expect_str_eq(err.code, "conf");
}
