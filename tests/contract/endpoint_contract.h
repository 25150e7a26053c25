/*
 * endpoint_contract: what every endpoint cache keeps (common/port/endpoint_cache.h). The test that
 * includes it sets `loop` and `cache`; mailboxes 1 and 2 exist.
 */
#ifndef SYNC_TESTS_CONTRACT_ENDPOINT_CONTRACT_H
#define SYNC_TESTS_CONTRACT_ENDPOINT_CONTRACT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/net/loop.h"
#include "common/port/endpoint_cache.h"

static struct loop *loop;
static struct endpoint_cache *cache;

struct got {
    bool done, failed;
    char url[100], alt[100], site[100];
    int64_t age_ms, tried_ms;
};

static void on_got(const struct endpoint *e, const struct err *err, void *user)
{
    struct got *g = user;
    cr_expect(!g->done && !e == !!err);
    g->done = true;
    g->failed = err != NULL;
    if (!e)
        return;
    snprintf(g->url, sizeof(g->url), "%s", e->url ? e->url : "-");
    snprintf(g->alt, sizeof(g->alt), "%s", e->alt ? e->alt : "-");
    snprintf(g->site, sizeof(g->site), "%s", e->site ? e->site : "-");
    g->age_ms = e->age_ms;
    g->tried_ms = e->tried_ms;
}

static void on_done(const struct err *err, void *user)
{
    struct got *g = user;
    cr_expect(!g->done);
    g->done = true;
    g->failed = err != NULL;
}

static struct got wait_for(struct got *g)
{
    cr_expect(!g->done, "not from inside");
    cr_assert(loop_wait(loop, &g->done, 20000) == 0);
    return *g;
}

static struct got get(int64_t mailbox, const char *domain)
{
    struct got g = {0};
    cache->ops->get(cache, mailbox, domain, on_got, &g);
    return wait_for(&g);
}

static void
put(int64_t mailbox, const char *domain, const char *url, const char *alt, const char *site)
{
    struct got g = {0};
    cache->ops->put(cache, mailbox, domain, url, alt, site, on_done, &g);
    cr_expect(!wait_for(&g).failed);
}

static void fail(int64_t mailbox, const char *code)
{
    struct got g = {0};
    cache->ops->fail(cache, mailbox, code, on_done, &g);
    cr_expect(!wait_for(&g).failed);
}

static void expect(struct got g, const char *url, const char *alt, const char *site)
{
    cr_expect_str_eq(g.url, url);
    cr_expect_str_eq(g.alt, alt);
    cr_expect_str_eq(g.site, site);
}

Test(endpoint, nothing_is_known_at_first)
{
    struct got g = get(1, "church.example");
    expect(g, "-", "-", "-");
    cr_expect(g.tried_ms == -1);
}

Test(endpoint, what_was_put_is_there_for_its_mailbox_and_its_domain)
{
    put(1, "church.example", "https://a/", "https://b/", "https://via/");
    struct got g = get(1, "church.example");
    expect(g, "https://a/", "https://b/", "https://via/");
    cr_expect(g.age_ms >= 0 && g.age_ms < 60000 && g.tried_ms == -1);
    expect(get(2, "church.example"), "-", "-", "https://via/");
    expect(get(1, "other.example"), "https://a/", "https://b/", "-");
}

Test(endpoint, the_last_put_counts_and_no_site_leaves_the_site)
{
    put(1, "church.example", "https://a/", "https://b/", "https://via/");
    put(1, "church.example", "https://c/", NULL, NULL);
    expect(get(1, "church.example"), "https://c/", "-", "https://via/");
    put(2, "church.example", "https://d/", NULL, "https://newer/");
    expect(get(1, "church.example"), "https://c/", "-", "https://newer/");
}

Test(endpoint, a_failure_keeps_the_url_until_the_next_find)
{
    fail(2, "autodiscover.not_found");
    struct got g = get(2, "church.example");
    expect(g, "-", "-", "-");
    cr_expect(g.tried_ms >= 0 && g.tried_ms < 60000);
    put(1, "church.example", "https://a/", NULL, NULL);
    fail(1, "autodiscover.deadline");
    g = get(1, "church.example");
    expect(g, "https://a/", "-", "-");
    cr_expect(g.tried_ms >= 0);
    put(1, "church.example", "https://a/", NULL, NULL);
    cr_expect(get(1, "church.example").tried_ms == -1);
}

Test(endpoint, a_mailbox_that_is_not_there_is_no_error)
{
    put(999, "church.example", "https://a/", NULL, "https://via/");
    fail(999, "x");
}

static void never(const struct endpoint *e, const struct err *err, void *user)
{
    (void)e, (void)err, (void)user;
    cr_expect_fail("called after free");
}

Test(endpoint, open_calls_end_without_callbacks)
{
    struct got g = {0};
    cache->ops->get(cache, 1, "church.example", never, NULL);
    cache->ops->put(cache, 1, "church.example", "https://a/", NULL, NULL, on_done, &g);
    endpoint_cache_free(cache);
    cache = NULL;
    loop_turn(loop, 0);
    cr_expect(!g.done);
}

#endif
