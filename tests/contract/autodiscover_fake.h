/*
 * autodiscover_fake: searches that the test answers, in the place of
 * worker/autodiscover/autodiscover.c (the linker takes these). Included once by each test that
 * wants them.
 */
#ifndef SYNC_TESTS_CONTRACT_AUTODISCOVER_FAKE_H
#define SYNC_TESTS_CONTRACT_AUTODISCOVER_FAKE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/vec.h"

#include "common/net/loop.h"
#include "worker/autodiscover/autodiscover.h"

struct autodiscover_search {
    char address[100], known[200];
    autodiscover_observe observe;
    autodiscover_done done;
    void *user;
    struct loop_timer *timer;
};

struct autodiscover {
    int unused;
};

static struct autodiscover the_autodiscover;
static const char *const fake_domains[] = {"church.example", "other.example", NULL};
static const struct ad_policy fake_policy = {.mail_domains = fake_domains};
static vec(struct autodiscover_search *) searching; /* not answered yet */
static size_t searches;                             /* in all */
static struct loop *fake_loop;
static const char *fake_answer; /* given at once, when set: a URL, or "!code" */

static void search_answer(struct autodiscover_search *s, const char *answer)
{
    struct ad_found found = {.protocol = AD_SOAP};
    struct err err;
    size_t i = 0;
    while (i < searching.n && searching.v[i] != s)
        i++;
    cr_assert(i < searching.n, "no such search");
    vec_remove(&searching, i);
    autodiscover_done done = s->done;
    void *user = s->user;
    const char *at = strchr(s->address, '@');
    snprintf(found.via, sizeof(found.via), "https://%s/autodiscover/autodiscover.svc",
             at ? at + 1 : "none");
    snprintf(found.address, sizeof(found.address), "%s", s->address);
    /* "URL ALT" */
    sscanf(answer, "%999s %999s", found.url, found.alt);
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, answer + 1, "as the test says");
    free(s);
    done(*answer == '!' ? NULL : &found, *answer == '!' ? &err : NULL, user);
}

static void fake_timer(void *user)
{
    struct autodiscover_search *s = user;
    s->timer = NULL;
    search_answer(s, fake_answer);
}

struct autodiscover_search *autodiscover_find(struct autodiscover *a,
                                              const char *address,
                                              const char *known,
                                              autodiscover_observe observe,
                                              autodiscover_done done,
                                              void *user)
{
    struct autodiscover_search *s = xalloc(sizeof(*s));
    cr_expect(a == &the_autodiscover);
    snprintf(s->address, sizeof(s->address), "%s", address);
    snprintf(s->known, sizeof(s->known), "%s", known ? known : "");
    s->observe = observe;
    s->done = done;
    s->user = user;
    if (fake_answer)
        s->timer = loop_after(fake_loop, 0, fake_timer, s);
    vec_push(&searching, s);
    searches++;
    return s;
}

void autodiscover_cancel(struct autodiscover_search *s)
{
    (void)s;
}

void autodiscover_free(struct autodiscover *a)
{
    cr_expect(a == &the_autodiscover);
    vec_foreach (s, &searching) {
        loop_cancel((*s)->timer);
        free(*s);
    }
    vec_release(&searching);
}

const struct ad_policy *autodiscover_policy(const struct autodiscover *a)
{
    (void)a;
    return &fake_policy;
}

#endif
