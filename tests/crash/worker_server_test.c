/*
 * Mailboxes on several servers: one that is down, one that is busy, one that has to be found.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#include "tests/support/worker_rig_use.h"

static const char *const urls[] = {"https://one.church.example/EWS/Exchange.asmx",
                                   "https://TWO.church.example:443/EWS/Exchange.asmx"};

static const char *by_id(int64_t mailbox)
{
    return urls[mailbox % 2];
}

static const char *one_of_two(int64_t mailbox)
{
    return mailbox % 2 ? urls[1] : NULL;
}

struct church {
    struct rig *r;
    int64_t boxes[2][4]; /* by server */
    int down;            /* requests to this server fail; -1: none */
    enum outcome outcome;
    int64_t writes[2]; /* times of the last good write */
    size_t asked[2], locates;
    size_t out[2], most[2]; /* requests at once */
};

static struct rig_fault judge(const struct rig_call *c, void *user)
{
    struct church *ch = user;
    int server = (int)(c->mailbox % 2);
    if (c->port != RIG_STORE)
        return (struct rig_fault){.kind = RIG_NONE};
    if (!strcmp(c->what, "locate")) {
        ch->locates++;
        return (struct rig_fault){.kind = RIG_NONE};
    }
    ch->asked[server]++;
    if (server == ch->down)
        return (struct rig_fault){.kind = RIG_OUTCOME,
                                  .outcome = ch->outcome,
                                  .scope = SCOPE_REMOTE,
                                  .code = ch->outcome == OUT_STOP ? "http.403" : "http.503"};
    ch->writes[server] = rig_now(ch->r);
    return (struct rig_fault){.kind = RIG_NONE};
}

static void fill(struct church *ch, const struct rig_options *o)
{
    *ch = (struct church){.r = rig_new(o), .down = -1};
    for (int i = 0; i < 8; i++) {
        char address[32];
        snprintf(address, sizeof(address), "user%d@church.example", i);
        int64_t id = rig_mailbox(ch->r, address);
        ch->boxes[id % 2][i / 2] = id;
    }
    rig_faults(ch->r, judge, ch);
}

static void want_all(struct church *ch, int version)
{
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < 4; i++)
            for (int p = 0; p < 5; p++)
                rig_want(ch->r, ch->boxes[s][i], p, version, false);
}

static bool all_there(struct church *ch, int server, int version)
{
    (void)version;
    for (int i = 0; i < 4; i++)
        for (int p = 0; p < 5; p++) {
            struct guid key = rig_key(p);
            const struct ledger_memory_link *l = ledger_memory_link(
                rig_rows(ch->r), ch->boxes[server][i], ledger_memory_person(rig_rows(ch->r), &key));
            if (!l->have.set || memcmp(&l->have.content, &l->want.content, sizeof(l->have.content)))
                return false;
        }
    return true;
}

static void finish(struct church *ch)
{
    const char *wrong = rig_finish(ch->r);
    cr_assert_null(wrong, "%s", wrong);
    rig_free(ch->r);
}

static struct str state_of(struct church *ch)
{
    struct str s = STR_INIT(1 << 16);
    worker_debug(rig_worker_of(rig_worker(ch->r, 0)), &s);
    return s;
}

/* ---- one is down ---- */

static void down(enum outcome outcome)
{
    struct church ch;
    fill(&ch, &(struct rig_options){.where = by_id});
    ch.down = 0;
    ch.outcome = outcome;
    want_all(&ch, 1);
    rig_run(ch.r, 10000);
    cr_assert(all_there(&ch, 1, 1), "the other server's mailboxes wait for the one that is down");
    cr_assert_not(all_there(&ch, 0, 1));
    size_t asked = ch.asked[0];
    rig_run(ch.r, 60000);
    cr_expect_leq(ch.asked[0] - asked, 20u, "%zu requests to a server that is down",
                  ch.asked[0] - asked);
    autovalue(str_release) struct str state = state_of(&ch);
    cr_expect(strstr(state.p, "\"host\":\"two.church.example\",\"breaker\":0"), "%s", state.p);
    want_all(&ch, 2);
    rig_run(ch.r, 10000);
    cr_expect(all_there(&ch, 1, 2), "nor later");
    ch.down = -1;
    finish(&ch);
}

Test(worker_server, one_that_is_down_stops_its_own_mailboxes_alone)
{
    down(OUT_RETRY_LATER);
}

Test(worker_server, one_where_the_account_is_stopped_stops_its_own_mailboxes_alone)
{
    down(OUT_STOP);
}

Test(worker_server, one_of_two_that_is_stopped_leaves_the_worker_ready)
{
    struct church ch;
    autovalue(str_release) struct str why = STR_INIT(1000);
    fill(&ch, &(struct rig_options){.where = by_id});
    ch.down = 0;
    ch.outcome = OUT_STOP;
    want_all(&ch, 1);
    rig_run(ch.r, 5000);
    cr_expect(worker_ready(rig_worker_of(rig_worker(ch.r, 0)), &why), "%s", why.p);
    ch.down = -1;
    worker_account_resumed(rig_worker_of(rig_worker(ch.r, 0)));
    finish(&ch);
}

Test(worker_server, its_return_is_found_out_by_one_request)
{
    struct church ch;
    fill(&ch, &(struct rig_options){.where = by_id, .connections = 8});
    ch.down = 0;
    ch.outcome = OUT_RETRY_LATER;
    want_all(&ch, 1);
    rig_run(ch.r, 30000);
    ch.down = -1;
    rig_run(ch.r, 130000); /* a minute at most, with jitter, and what the mailboxes rest */
    cr_expect(all_there(&ch, 0, 1));
    finish(&ch);
}

/* ---- to be found ---- */

Test(worker_server, a_search_holds_no_send_slot)
{
    struct church ch;
    fill(&ch, &(struct rig_options){.where = by_id, .locate_ms = 50000, .connections = 2});
    for (int i = 0; i < 4; i++) { /* known already: as after a search */
        rig_want(ch.r, ch.boxes[1][i], 0, 1, false);
    }
    rig_run(ch.r, 60000);
    size_t found = ch.locates;
    cr_expect_eq(found, 4u);
    want_all(&ch, 1); /* four more to be found, for 50 seconds */
    rig_run(ch.r, 5000);
    cr_expect_eq(ch.locates, 8u);
    cr_expect(all_there(&ch, 1, 1), "mailboxes wait for others' searches");
    cr_expect_not(all_there(&ch, 0, 1));
    autovalue(str_release) struct str state = state_of(&ch);
    cr_expect(strstr(state.p, "\"LOCATING\":4"), "%s", state.p);
    cr_expect(strstr(state.p, "\"sending\":0"), "%s", state.p);
    finish(&ch);
}

Test(worker_server, what_no_search_finds_rests_and_the_others_go_on)
{
    struct church ch;
    fill(&ch, &(struct rig_options){.where = one_of_two, .locate_ms = 2000});
    want_all(&ch, 1);
    rig_run(ch.r, 20000);
    cr_expect(all_there(&ch, 1, 1));
    cr_expect_not(all_there(&ch, 0, 1));
    for (int i = 0; i < 4; i++)
        cr_expect_str_eq(ledger_memory_mailbox(rig_rows(ch.r), ch.boxes[0][i])->parked_why,
                         "autodiscover.nobody");
    rig_free(ch.r);
}

Test(worker_server, a_worker_that_stops_or_dies_in_a_search_loses_nothing)
{
    for (int way = 0; way < 3; way++) {
        struct church ch;
        fill(&ch, &(struct rig_options){.where = by_id, .locate_ms = 4000});
        want_all(&ch, 1);
        rig_run(ch.r, 1000);
        if (way == 0)
            rig_kill(rig_worker(ch.r, 0));
        else if (way == 1)
            cr_assert_geq(rig_drain(ch.r, rig_worker(ch.r, 0)), 0);
        else
            rig_fault_first(ch.r, "locate",
                            (struct rig_fault){.kind = RIG_FREEZE, .delay_ms = 30000});
        finish(&ch);
    }
}

Test(worker_server, one_with_many_mailboxes_does_not_hold_up_one_with_few)
{
    struct church ch;
    fill(&ch,
         &(struct rig_options){.where = by_id, .connections = 4, .latency_ms = 200, .batch = 5});
    for (int i = 0; i < 4; i++)
        for (int p = 0; p < 100; p++)
            rig_want(ch.r, ch.boxes[0][i], p, 1, false);
    rig_run(ch.r, 1000);
    rig_want(ch.r, ch.boxes[1][0], 0, 1, false);
    rig_run(ch.r, 2500);
    struct guid key = rig_key(0);
    cr_expect(ledger_memory_link(rig_rows(ch.r), ch.boxes[1][0],
                                 ledger_memory_person(rig_rows(ch.r), &key))
                  ->have.set,
              "it waits behind the other server's four");
    cr_expect_not(all_there(&ch, 0, 1) && ch.asked[0] > 80);
    finish(&ch);
}
