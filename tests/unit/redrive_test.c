#include "tests/unit/publish_support.h"

static struct redrive_parts parts(struct publish_rig *r)
{
    return (struct redrive_parts){.loop = r->loop,
                                  .store = plan_store_fake_port(r->f),
                                  .queue = &r->q.base,
                                  .undelivered_ms = 60000};
}

static void due(struct publish_rig *r, int64_t n)
{
    for (int64_t i = 1; i <= n; i++)
        vec_push(&r->f->due, (struct plan_offered){.mailbox = 1 + i % 3,
                                                   .person = i,
                                                   .gen = 5,
                                                   .urgent = i % 10 == 0,
                                                   .deletes = i % 7 == 0});
}

Test(redrive, what_is_due_goes_out_again)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 99;
    due(&r, 20);
    cr_assert_eq(redrive_pass(&p, &n, &r.err), 0);
    cr_expect_eq(n, 20u);
    cr_assert_eq(r.q.sent.n, 20u);
    cr_expect_eq(r.q.sent.v[9].topic, QUEUE_URGENT);
    cr_expect_eq(r.q.sent.v[6].task.op, TASK_DELETE);
    cr_expect_eq(r.q.sent.v[7].task.op, TASK_UPSERT);
    cr_expect_eq(r.q.sent.v[7].task.person, 8);
    cr_expect(r.f->offers.v[0].delivered);
}

Test(redrive, a_clear_and_a_probe_go_out_as_what_they_are)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 0;
    vec_push(&r.f->due, (struct plan_offered){.mailbox = 1, .person = 0, .urgent = true});
    vec_push(&r.f->due, (struct plan_offered){.mailbox = 2, .person = PLAN_PROBE, .urgent = true});
    cr_assert_eq(redrive_pass(&p, &n, &r.err), 0);
    cr_assert_eq(r.q.sent.n, 2u);
    cr_expect_eq(r.q.sent.v[0].task.op, TASK_CLEAR);
    cr_expect_eq(r.q.sent.v[1].task.op, TASK_PROBE);
    cr_expect_eq(r.q.sent.v[1].task.person, 0);
    cr_expect_eq(r.q.sent.v[1].topic, QUEUE_URGENT);
}

Test(redrive, nothing_due_is_nothing_sent)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 99;
    cr_assert_eq(redrive_pass(&p, &n, &r.err), 0);
    cr_expect_eq(n, 0u);
    cr_expect_eq(r.q.sent.n, 0u);
    cr_expect_eq(r.q.ended, 0u);
}

Test(redrive, more_than_a_batch_goes_out_in_one_pass)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 0;
    due(&r, 12345);
    cr_assert_eq(redrive_pass(&p, &n, &r.err), 0);
    cr_expect_eq(n, 12345u);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(r.q.sent.v[i].task.person, (int64_t)i + 1);
    vec_foreach (o, &r.f->offers)
        cr_expect(o->delivered);
}

Test(redrive, without_the_groups_positions_nothing_is_offered)
{
    for (int mute = 0; mute < 2; mute++) {
        PUBLISH_RIG(r);
        const struct redrive_parts p = parts(&r);
        size_t n = 0;
        due(&r, 20);
        r.q.mute_positions = mute;
        r.q.fail_positions = true;
        cr_expect_eq(redrive_pass(&p, &n, &r.err), -1);
        cr_expect_str_eq(r.err.code, mute ? "redrive.positions" : "queue.away");
        cr_expect_eq(r.f->calls, 0u);
        cr_expect_eq(r.q.sent.n, 0u);
        if (mute)
            answer_positions(&r.q); /* after all; nobody waits */
    }
}

Test(redrive, a_queue_that_breaks_leaves_its_offer_undelivered)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 0;
    due(&r, 20);
    r.q.broken_after = 7;
    cr_expect_eq(redrive_pass(&p, &n, &r.err), -1);
    cr_expect_eq(n, 7u);
    cr_expect_not(r.f->offers.v[0].delivered);
}

Test(redrive, an_unconfirmed_pass_is_an_error_and_ends_there)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 0;
    due(&r, 12000);
    r.q.fail_groups = true;
    cr_expect_eq(redrive_pass(&p, &n, &r.err), -1);
    cr_expect_str_eq(r.err.code, "queue.lost");
    cr_expect_eq(n, 5000u);
}

Test(redrive, rows_out_of_reach_end_the_pass)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 0;
    due(&r, 20);
    r.f->fail = "redrive";
    cr_expect_eq(redrive_pass(&p, &n, &r.err), -1);
    cr_expect_eq(r.q.sent.n, 0u);
    cr_expect_eq(redrive_pass(&p, &n, &r.err), 0);
    cr_expect_eq(n, 20u);
}

Test(redrive, a_program_that_stops_stops_offering)
{
    PUBLISH_RIG(r);
    const struct redrive_parts p = parts(&r);
    size_t n = 0;
    due(&r, 20);
    loop_quit(r.loop);
    cr_expect_eq(redrive_pass(&p, &n, &r.err), -1);
    cr_expect_eq(r.q.sent.n, 0u);
    if (r.q.positions_done)
        answer_positions(&r.q);
}
