/*
 * login_contract: what every driver of common/port/login.h must do. Included by the test of each,
 * which provides the fixture.
 */
#ifndef SYNC_TESTS_LOGIN_CONTRACT_H
#define SYNC_TESTS_LOGIN_CONTRACT_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "common/base/clock.h"

#include "common/net/loop.h"
#include "common/port/login.h"

/* The fixture: two views of the same account, as two workers have them. */
static struct loop *loop;
static struct login *logins[2];
static void resume_all(void);

enum { WAIT_MS = 10000 };

static const struct login_key one = {"svc at mail.example.org", "aabbccdd", "worker-1"};
static const struct login_key two = {"svc at mail.example.org", "aabbccdd", "worker-2"};

struct heard {
    enum login_answer a;
    bool done;
};

static inline void hear(enum login_answer a, void *user)
{
    *(struct heard *)user = (struct heard){a, true};
}

static inline enum login_answer wait_for(struct heard *h)
{
    cr_assert(not(h->done), "answered from inside the call");
    cr_assert(eq(int, loop_wait(loop, &h->done, WAIT_MS), 0));
    return h->a;
}

static inline enum login_answer ask(const struct login_key *k)
{
    struct login *l = logins[k == &two];
    struct heard h = {0};
    l->ops->ask(l, k, hear, &h);
    return wait_for(&h);
}

static inline enum login_answer report(const struct login_key *k, enum login_report what)
{
    struct login *l = logins[k == &two];
    struct heard h = {0};
    l->ops->report(l, k, what, hear, &h);
    return wait_for(&h);
}

#define EXPECT(call, want) cr_expect(eq(int, (int)(call), want))

Test(login, one_tries_while_the_others_wait)
{
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(ask(&two), LOGIN_WAIT);
    EXPECT(ask(&one), LOGIN_TRY); /* asking again changes nothing */
    EXPECT(report(&one, LOGIN_ACCEPTED), LOGIN_GO);
    EXPECT(ask(&two), LOGIN_GO);
    EXPECT(ask(&one), LOGIN_GO);
}

Test(login, a_try_that_came_to_nothing_is_anybodys)
{
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&two, LOGIN_UNCLEAR), LOGIN_WAIT); /* not theirs */
    EXPECT(ask(&two), LOGIN_WAIT);
    EXPECT(report(&one, LOGIN_UNCLEAR), LOGIN_WAIT);
    EXPECT(ask(&two), LOGIN_TRY);
}

Test(login, the_second_refusal_stops_it_for_all_until_it_is_resumed)
{
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_WAIT);
    EXPECT(ask(&two), LOGIN_TRY);
    EXPECT(report(&two, LOGIN_REFUSED), LOGIN_STOPPED);
    EXPECT(ask(&one), LOGIN_STOPPED);
    EXPECT(ask(&two), LOGIN_STOPPED);
    EXPECT(report(&one, LOGIN_ACCEPTED), LOGIN_STOPPED); /* late, of a request sent before */
    resume_all();
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_WAIT); /* counts from the beginning */
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_STOPPED);
}

Test(login, refusals_in_between_do_not_add_up)
{
    for (int i = 0; i < 5; i++) {
        EXPECT(ask(&one), LOGIN_TRY);
        EXPECT(report(&one, LOGIN_ACCEPTED), LOGIN_GO);
        EXPECT(report(&two, LOGIN_REFUSED), LOGIN_WAIT);
    }
}

Test(login, requests_that_were_out_already_count_once)
{
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_ACCEPTED), LOGIN_GO);
    for (int i = 0; i < 5; i++) /* all of these left before the first came back */
        EXPECT(report(&two, LOGIN_REFUSED), LOGIN_WAIT);
    EXPECT(ask(&two), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_WAIT); /* not the one that tries */
    EXPECT(report(&two, LOGIN_ACCEPTED), LOGIN_GO);
}

Test(login, another_password_is_another_matter)
{
    struct login_key other = one;
    other.secret = "00112233";
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_WAIT);
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_STOPPED);
    EXPECT(ask(&other), LOGIN_TRY);
    EXPECT(report(&other, LOGIN_ACCEPTED), LOGIN_GO);
    EXPECT(ask(&one), LOGIN_STOPPED);
}

Test(login, who_is_forgotten_hears_nothing)
{
    struct heard h = {0}, other = {0};
    logins[0]->ops->ask(logins[0], &one, hear, &h);
    logins[0]->ops->ask(logins[0], &one, hear, &other);
    logins[0]->ops->forget(logins[0], &h);
    EXPECT(wait_for(&other), LOGIN_TRY);
    EXPECT(ask(&two), LOGIN_WAIT); /* whatever was open has come by now */
    cr_expect(not(h.done));
}

#endif
