/*
 * What Exchange refuses: one contact among many, a password, everything for a while.
 */
#include "common/base/str.h"

#include "tests/crash/worker_support.h"

/* ---- one contact among many ---- */

struct bad_one {
    int person;
    const char *verb;
    struct rig_fault f;
    size_t requests;
};

static struct rig_fault refuse(const struct rig_call *c, void *user)
{
    struct bad_one *b = user;
    struct guid key = rig_key(b->person);
    if (c->port != RIG_STORE || strcmp(c->what, b->verb) != 0)
        return (struct rig_fault){.kind = RIG_NONE};
    b->requests++;
    for (size_t i = 0; i < c->n; i++)
        if (guid_cmp(&c->ops[i].key, &key) == 0)
            return b->f;
    return (struct rig_fault){.kind = RIG_NONE};
}

static void one_is_refused(int person)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct bad_one bad = {.person = person,
                          .verb = "create",
                          .f = {.kind = RIG_OUTCOME, .outcome = OUT_SPLIT, .code = "ews.Schema"}};
    int64_t mb = rig_mailbox(r, pat);
    rig_faults(r, refuse, &bad);
    for (int i = 0; i < 40; i++)
        rig_want(r, mb, i, 1, false);
    finish(r);
    cr_assert(link_of(r, mb, person)->dead, "person %d", person);
    cr_assert_str_eq(link_of(r, mb, person)->dead_code, "ews.Schema");
    for (int i = 0; i < 40; i++)
        cr_assert_eq(item_of(r, pat, i) != NULL, i != person, "person %d of %d", i, person);
    cr_assert_leq(bad.requests, 25u, "person %d: %zu requests", person, bad.requests);
    size_t before = bad.requests;
    rig_message(r, mb, person, ledger_memory_mailbox(rig_rows(r), mb)->gen, false);
    finish(r);
    cr_assert_eq(bad.requests, before, "what is dead is not tried again");
    rig_faults(r, NULL, NULL);
    rig_want(r, mb, person, 2, false);
    finish(r);
    cr_assert(item_of(r, pat, person), "another content may pass");
}

Test(worker_refusal, one_bad_contact_stands_alone_in_the_end)
{
    for (int person = 0; person < 40; person += 13)
        one_is_refused(person);
}

Test(worker_refusal, an_item_that_is_refused_for_good_is_dead_for_this_content)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct bad_one bad = {.person = 0,
                          .verb = "update",
                          .f = {.kind = RIG_OUTCOME, .outcome = OUT_DEAD, .scope = SCOPE_ITEM}};
    int64_t mb = rig_mailbox(r, pat);
    rig_want(r, mb, 0, 1, false);
    rig_want(r, mb, 1, 1, false);
    finish(r);
    rig_faults(r, refuse, &bad);
    rig_want(r, mb, 0, 2, false);
    finish(r);
    cr_expect(link_of(r, mb, 0)->dead);
    cr_expect_eq(bad.requests, 1u);
    rig_faults(r, NULL, NULL);
    rig_want(r, mb, 0, 1, false); /* what it holds */
    finish(r);
    cr_expect_not(link_of(r, mb, 0)->dead && link_of(r, mb, 0)->intent);
    rig_want(r, mb, 0, 0, false);
    finish(r);
    cr_expect_null(item_of(r, pat, 0), "a dead contact can still be deleted");
}

/* proof: others' contacts are written meanwhile. */
static size_t tries_until_dead(bool proof)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct bad_one bad = {
        .person = 0,
        .verb = "create",
        .f = {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_ITEM}};
    int64_t mb = rig_mailbox(r, pat), other = rig_mailbox(r, "kim@church.example"),
            from = rig_now(r);
    rig_faults(r, refuse, &bad);
    rig_want(r, mb, 0, 1, false);
    for (int i = 0; i < 600 && !link_of(r, mb, 0)->dead; i++) {
        if (proof)
            rig_want(r, other, 1, 1 + i % 2, false);
        rig_run(r, 10 * 60 * 1000);
    }
    cr_expect(link_of(r, mb, 0)->dead);
    cr_expect_gt(rig_now(r) - from, (proof ? 20 : 12 * 60) * 60 * 1000,
                 "an outage does not make rows dead");
    finish(r);
    return bad.requests - proof; /* one of them was the other one's */
}

Test(worker_refusal, what_fails_again_and_again_while_others_do_not_dies_at_last)
{
    cr_expect_eq(tries_until_dead(true), (size_t)retry_default_policy.dead_after);
}

Test(worker_refusal, what_may_be_the_servers_doing_is_tried_for_about_a_day)
{
    size_t tries = tries_until_dead(false);
    cr_expect(tries > 100 && tries < 250, "%zu", tries);
}

/* One contact makes the server stumble over the whole request it is in. */
Test(worker_refusal, one_that_spoils_the_requests_of_others_stands_alone_in_the_end)
{
    for (int person = 0; person < 40; person += 13) {
        autoptr(rig_free) struct rig *r = rig_new(NULL);
        struct bad_one bad = {.person = person,
                              .verb = "create",
                              .f = {.kind = RIG_OUTCOME,
                                    .outcome = OUT_RETRY_LATER,
                                    .scope = SCOPE_ITEM,
                                    .code = "ews.ErrorInternalServerError"}};
        int64_t mb = rig_mailbox(r, pat);
        rig_faults(r, refuse, &bad);
        for (int i = 0; i < 40; i++)
            rig_want(r, mb, i, 1, false);
        rig_run(r, 30 * 60 * 1000);
        for (int i = 0; i < 40; i++)
            cr_assert_eq(item_of(r, pat, i) != NULL, i != person, "person %d of %d", i, person);
        finish(r);
        cr_expect(link_of(r, mb, person)->dead);
        cr_expect_leq(bad.requests, 70u, "person %d: %zu requests", person, bad.requests);
    }
}

static struct rig_fault all_stumble(const struct rig_call *c, void *user)
{
    bool writes = c->port == RIG_STORE && c->n > 0;
    size_t *requests = user;
    if (!writes)
        return (struct rig_fault){.kind = RIG_NONE};
    ++*requests;
    return (struct rig_fault){.kind = RIG_OUTCOME,
                              .outcome = OUT_RETRY_LATER,
                              .scope = SCOPE_ITEM,
                              .code = "ews.ErrorInternalServerError"};
}

Test(worker_refusal, a_server_that_stumbles_over_everything_for_half_a_day_condemns_nothing)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    size_t requests = 0;
    rig_faults(r, all_stumble, &requests);
    for (int i = 0; i < 100; i++)
        rig_want(r, mb, i, 1, false);
    rig_run(r, 12 * 3600 * 1000);
    for (int i = 0; i < 100; i++)
        cr_assert_not(link_of(r, mb, i)->dead, "person %d", i);
    cr_expect_leq(requests, 400u, "%zu requests", requests);
    rig_faults(r, NULL, NULL);
    finish(r);
}

/* ---- the account ---- */

static struct rig_fault stopped(const struct rig_call *c, void *user)
{
    (void)user;
    if (c->port != RIG_STORE)
        return (struct rig_fault){.kind = RIG_NONE};
    return (struct rig_fault){
        .kind = RIG_OUTCOME, .outcome = OUT_STOP, .scope = SCOPE_PROCESS, .code = "auth.refused"};
}

Test(worker_refusal, a_stopped_account_is_asked_for_now_and_then_until_it_is_mended)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    char text[64];
    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof(text), "user%d@church.example", i);
        rig_want(r, rig_mailbox(r, text), 0, 1, false);
    }
    rig_faults(r, stopped, NULL);
    rig_run(r, 5000);
    autovalue(str_release) struct str why = STR_INIT(500);
    cr_expect_not(worker_ready(rig_worker_of(rig_worker(r, 0)), &why));
    cr_expect_not_null(strstr(why.p, "auth.refused"), "%s", why.p);
    rig_run(r, 12 * 3600 * 1000);
    cr_expect_leq(rig_calls(r, RIG_STORE), 160u, "%zu calls: more than once in five minutes",
                  (size_t)rig_calls(r, RIG_STORE));
    rig_faults(r, NULL, NULL);
    finish(r);
}

/* ---- an outage ---- */

struct outage {
    int64_t until;
    struct rig *r;
    size_t during, after;
};

static struct rig_fault down(const struct rig_call *c, void *user)
{
    struct outage *o = user;
    int64_t now = rig_now(o->r);
    if (c->port != RIG_STORE)
        return (struct rig_fault){.kind = RIG_NONE};
    o->during += now < o->until;
    o->after += now >= o->until && now < o->until + 1000;
    if (now >= o->until)
        return (struct rig_fault){.kind = RIG_NONE};
    return (struct rig_fault){
        .kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_REMOTE, .code = "http.503"};
}

Test(worker_refusal, an_outage_is_waited_out_without_a_storm)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 10, .latency_ms = 200});
    char text[64];
    int64_t mb[60];
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof(text), "user%d@church.example", i);
        mb[i] = rig_mailbox(r, text);
        rig_want(r, mb[i], 0, 1, false);
    }
    finish(r);
    struct outage o = {.r = r, .until = rig_now(r) + 30 * 60 * 1000};
    rig_faults(r, down, &o);
    for (int i = 0; i < 60; i++)
        rig_want(r, mb[i], 1, 1, false);
    rig_run(r, 31 * 60 * 1000);
    cr_expect_leq(o.during, 300u, "%zu requests in half an hour", o.during);
    cr_expect_leq(o.after, 12u, "%zu requests in the first second", o.after);
    finish(r);
    for (int i = 0; i < 60; i++)
        cr_expect_not(link_of(r, mb[i], 1)->dead);
}

static struct rig_fault all_away(const struct rig_call *c, void *user)
{
    (void)user;
    return (struct rig_fault){.kind = c->port == RIG_LEDGER ? RIG_AWAY_BEFORE : RIG_NONE};
}

Test(worker_refusal, rows_that_are_away_stop_all_sending)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    rig_want(r, mb, 0, 1, false);
    finish(r);
    rig_count_from_here(r);
    rig_faults(r, all_away, NULL);
    rig_want(r, mb, 1, 1, false);
    rig_run(r, 10 * 60 * 1000);
    cr_expect_eq(rig_calls(r, RIG_STORE), 0u);
    cr_expect_leq(rig_calls(r, RIG_LEDGER), 400u);
    rig_faults(r, NULL, NULL);
    finish(r);
}
