#include "tests/unit/publish_support.h"

static struct publisher a_publisher(struct publish_rig *r)
{
    return (struct publisher){
        .loop = r->loop, .store = plan_store_fake_port(r->f), .queue = &r->q.base};
}

static int send_one(struct publish_rig *r, struct publisher *p, int64_t person, bool urgent)
{
    int64_t offer;
    if (publisher_offer(p, &offer, &r->err) < 0)
        return -1;
    return publisher_send(p, TASK_UPSERT, 12, person, 3, urgent, &r->err);
}

Test(publish, a_message_says_which_row_and_by_which_offer)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    cr_assert_eq(send_one(&r, &p, 812, false), 0);
    cr_assert_eq(send_one(&r, &p, 813, true), 0);
    cr_assert_eq(publisher_confirm(&p, &r.err), 0);
    cr_assert_eq(r.q.sent.n, 2u);
    const struct sent *m = &r.q.sent.v[0];
    cr_expect_eq(m->topic, QUEUE_TASKS);
    cr_expect_eq(r.q.sent.v[1].topic, QUEUE_URGENT);
    cr_expect_eq(m->task.mailbox, 12);
    cr_expect_eq(m->task.person, 812);
    cr_expect_eq(m->task.gen, 3);
    cr_expect_eq(m->task.at_ms, 1764000000000);
    cr_expect_neq(guid_cmp(&m->task.id, &r.q.sent.v[1].task.id), 0);
    cr_expect_eq(m->group, 1u);
    cr_expect_eq(r.f->offers.n, 1u);
    cr_expect(r.f->offers.v[0].delivered);
    cr_expect_eq(r.f->offers.v[0].ends, 2u);
    cr_expect_str_eq(r.f->offers.v[0].queue_id, "scripted");
    cr_expect_eq(p.total, 2u);
}

Test(publish, nothing_sent_is_nothing_to_confirm)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    cr_expect_eq(publisher_confirm(&p, &r.err), 0);
    cr_expect_eq(r.f->calls, 0u);
    cr_expect_eq(r.q.ended, 0u);
}

Test(publish, a_full_offer_makes_room_for_the_next_one)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    for (int i = 0; i < 2 * PUBLISH_OFFER_MAX + 5; i++)
        cr_assert_eq(send_one(&r, &p, i + 1, false), 0);
    cr_assert_eq(publisher_confirm(&p, &r.err), 0);
    cr_expect_eq(r.f->offers.n, 3u);
    vec_foreach (o, &r.f->offers)
        cr_expect(o->delivered);
    cr_expect_eq(r.q.sent.v[PUBLISH_OFFER_MAX - 1].group, 1u);
    cr_expect_eq(r.q.sent.v[PUBLISH_OFFER_MAX].group, 2u);
    cr_expect_eq(r.q.sent.v[2 * PUBLISH_OFFER_MAX].group, 3u);
    cr_expect_eq(p.total, (size_t)2 * PUBLISH_OFFER_MAX + 5);
}

Test(publish, ids_of_messages_differ_within_and_between_offers)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    for (int i = 0; i < 600; i++) {
        cr_assert_eq(send_one(&r, &p, 1, false), 0);
        if (i % 200 == 199)
            cr_assert_eq(publisher_confirm(&p, &r.err), 0);
    }
    for (size_t i = 0; i < r.q.sent.n; i++)
        for (size_t k = i + 1; k < r.q.sent.n; k++)
            cr_assert_neq(guid_cmp(&r.q.sent.v[i].task.id, &r.q.sent.v[k].task.id), 0);
}

Test(publish, a_full_queue_is_waited_for)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    r.q.full = 5;
    cr_expect_eq(send_one(&r, &p, 1, false), 0);
    cr_expect_eq(r.q.full, 0);
    cr_expect_eq(r.q.sent.n, 1u);
}

Test(publish, a_queue_that_stays_full_does_not_keep_a_program_that_stops)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    r.q.full = 1000000;
    loop_quit(r.loop);
    cr_expect_eq(send_one(&r, &p, 1, false), -1);
    cr_expect_str_eq(r.err.code, "publish.stopped");
    cr_expect_eq(p.total, 0u);
}

Test(publish, a_broken_queue_is_an_error)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    r.q.broken_after = 1;
    cr_expect_eq(send_one(&r, &p, 1, false), 0);
    cr_expect_eq(send_one(&r, &p, 2, false), -1);
    cr_expect_str_eq(r.err.code, "queue.broken");
    cr_expect_eq(p.total, 1u);
}

Test(publish, an_offer_that_was_not_delivered_stays_so)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    cr_assert_eq(send_one(&r, &p, 1, false), 0);
    r.q.fail_groups = true;
    cr_expect_eq(publisher_confirm(&p, &r.err), -1);
    cr_expect_str_eq(r.err.code, "queue.lost");
    cr_expect_not(r.f->offers.v[0].delivered);
    r.q.fail_groups = false;
    cr_expect_eq(publisher_confirm(&p, &r.err), 0, "said once");
    cr_assert_eq(send_one(&r, &p, 2, false), 0);
    cr_expect_eq(publisher_confirm(&p, &r.err), 0);
    cr_expect(r.f->offers.v[1].delivered);
}

Test(publish, the_first_failure_is_told_and_the_other_offers_are_settled)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    for (int i = 0; i < PUBLISH_OFFER_MAX + 1; i++)
        cr_assert_eq(send_one(&r, &p, i + 1, false), 0);
    r.f->fail = "offer_delivered";
    cr_expect_eq(publisher_confirm(&p, &r.err), -1);
    cr_expect_str_eq(r.err.code, "fake.fail");
    cr_expect_not(r.f->offers.v[0].delivered);
    cr_expect(r.f->offers.v[1].delivered);
}

Test(publish, a_confirmation_that_comes_after_all_finds_nobody)
{
    PUBLISH_RIG(r);
    {
        autovalue(publisher_release) struct publisher p = a_publisher(&r);
        r.q.mute = true;
        cr_assert_eq(send_one(&r, &p, 1, false), 0);
        cr_expect_eq(publisher_confirm(&p, &r.err), -1);
        cr_expect_str_eq(r.err.code, "publish.unconfirmed");
    }
    answer_group(&r.q);
    cr_expect_not(r.f->offers.v[0].delivered);
}

Test(publish, rows_out_of_reach_open_no_offer)
{
    PUBLISH_RIG(r);
    autovalue(publisher_release) struct publisher p = a_publisher(&r);
    r.f->fail = "offer_make";
    cr_expect_eq(send_one(&r, &p, 1, false), -1);
    cr_expect_eq(r.q.sent.n, 0u);
    cr_expect_eq(send_one(&r, &p, 1, false), 0);
}
