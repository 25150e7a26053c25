#include "tests/unit/run_support.h"

static const char *const ann = "ann@church.example", *const bob = "bob@church.example";
static const int64_t hour_ms = 3600 * 1000;

static void synced(struct run_rig *r)
{
    a_user(r, 40, ann, souls(0, 20));
    a_user(r, 41, bob, souls(0, 20));
    run_ok(r);
    plan_store_fake_synced(r->f);
}

static size_t held_in(struct run_rig *r, const char *address)
{
    size_t n = 0;
    for (uint32_t i = 0; i < SOULS; i++) {
        const struct fake_link *l = link_to(r, address, i);
        n += l && l->hold;
    }
    return n;
}

Test(run_guard, so_many_deletes_of_a_mailbox_wait_and_the_rest_goes_on)
{
    RUN_RIG(r);
    synced(&r);
    r.church.soul[40].follows = souls(4, 20) | souls(30, 31); /* 4 of 20: more than 3 and 10 % */
    r.church.soul[41].follows = souls(3, 20);                 /* 3 */
    run_ok(&r);
    cr_expect_eq(held_in(&r, ann), 4u);
    cr_expect_eq(held_in(&r, bob), 0u);
    cr_expect_eq(r.c.held, 4u);
    cr_expect_eq(r.c.messages, 4u, "three deletes of Bob's, one new of Ann's");
    cr_assert_eq(r.f->holds.n, 1u);
    cr_expect_str_eq(r.f->holds.v[0].kind, "mailbox");
}

Test(run_guard, a_day_counts_as_one_however_many_runs_it_has)
{
    RUN_RIG(r);
    synced(&r);
    for (uint32_t i = 1; i <= 3; i++) {
        clock_fake_advance(&r.clock, hour_ms);
        r.church.soul[40].follows = souls(i, 20);
        run_ok(&r);
        plan_store_fake_synced(r.f);
        cr_expect_eq(r.c.held, 0u);
    }
    clock_fake_advance(&r.clock, hour_ms);
    r.church.soul[40].follows = souls(4, 20);
    run_ok(&r);
    cr_expect_eq(r.c.held, 1u, "the fourth of the day");
    clock_fake_advance(&r.clock, 25 * hour_ms);
    r.church.soul[40].follows = souls(6, 20);
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u, "another day");
}

Test(run_guard, what_a_worker_makes_while_the_run_is_under_way_is_held_too)
{
    RUN_RIG(r);
    a_user(&r, 40, ann, souls(0, 20));
    run_ok(&r);
    r.f->busy = true;
    r.church.soul[40].follows = souls(4, 20);
    run_ok(&r);
    cr_expect_eq(held_in(&r, ann), 4u);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect(link_to(&r, ann, i)->has_item);
}

Test(run_guard, who_comes_back_drops_out_of_the_hold)
{
    RUN_RIG(r);
    synced(&r);
    r.church.soul[40].follows = souls(5, 20);
    run_ok(&r);
    cr_expect_eq(held_in(&r, ann), 5u);
    r.church.soul[40].follows = souls(2, 20);
    run_ok(&r);
    cr_expect_eq(held_in(&r, ann), 2u);
    cr_expect(link_to(&r, ann, 3)->wanted);
}

Test(run_guard, what_users_choose_themselves_is_not_counted)
{
    RUN_RIG(r);
    synced(&r);
    chooses(&r, 40, false, false, false);
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u);
    cr_expect_eq(r.c.dropped, 20u);
    cr_expect_eq(link_to(&r, ann, 7)->fell_at, 0);
}

Test(run_guard, merged_deceased_and_opted_out_are_not_counted)
{
    RUN_RIG(r);
    synced(&r);
    for (uint32_t i = 0; i < 6; i++) {
        r.church.soul[i].deceased = i < 2;
        r.church.soul[i].opted_out = i == 2 || i == 3;
        r.church.soul[i].merged_into = i > 3 ? 10 : NOBODY;
    }
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u);
    cr_expect_eq(r.c.dropped, 12u);
}

Test(run_guard, people_gone_from_rock_are_counted)
{
    RUN_RIG(r);
    synced(&r);
    for (uint32_t i = 0; i < 4; i++)
        r.church.soul[i].gone = true;
    run_ok(&r);
    cr_expect_eq(r.c.held, 8u);
    cr_expect_eq(r.c.messages, 0u);
}

Test(run_guard, so_many_deletes_over_all_hold_them_all)
{
    RUN_RIG(r);
    synced(&r);
    r.s.guard.mailbox = (struct guard_limit){1000, 100};
    r.s.guard.total = (struct guard_limit){5, 10};
    r.church.soul[40].follows = souls(3, 20);
    r.church.soul[41].follows = souls(2, 20);
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u, "five of forty are allowed");
    plan_store_fake_synced(r.f);
    r.church.soul[41].follows = souls(3, 20);
    run_ok(&r);
    cr_expect_eq(r.c.held, 1u, "the sixth of the day is not");
    cr_expect_str_eq(r.f->holds.v[0].kind, "total");
}

Test(run_guard, so_many_users_lost_hold_what_they_had)
{
    RUN_RIG(r);
    synced(&r);
    a_user(&r, 42, "cat@church.example", souls(0, 5));
    run_ok(&r);
    plan_store_fake_synced(r.f);
    r.s.guard.users = (struct guard_limit){1, 10};
    r.church.soul[40].eligible = false;
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u);
    cr_expect_not(link_to(&r, ann, 0)->wanted);
    plan_store_fake_synced(r.f);
    clock_fake_advance(&r.clock, hour_ms);
    r.church.soul[41].email = NULL;
    run_ok(&r);
    cr_expect_eq(held_in(&r, bob), 20u, "the second of the day");
    cr_expect_eq(r.c.messages, 0u);
    cr_expect_str_eq(r.f->holds.v[0].kind, "users");
    r.church.soul[41].email = bob;
    run_ok(&r);
    cr_expect_eq(held_in(&r, bob), 0u);
    cr_expect(link_to(&r, bob, 3)->wanted);
}

Test(run_guard, users_lost_long_ago_are_not_counted_for_ever)
{
    RUN_RIG(r);
    synced(&r);
    r.s.guard.users = (struct guard_limit){1, 10};
    r.church.soul[40].eligible = false;
    run_ok(&r);
    plan_store_fake_synced(r.f);
    clock_fake_advance(&r.clock, 25 * hour_ms);
    r.church.soul[41].eligible = false;
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u);
}

Test(run_guard, a_field_emptied_on_so_many_waits_for_them_alone)
{
    RUN_RIG(r);
    for (uint32_t i = 0; i < 20; i++)
        r.church.soul[i].mobile = "5550100";
    synced(&r);
    r.s.guard.emptied = (struct guard_limit){3, 5};
    for (uint32_t i = 0; i < 4; i++)
        r.church.soul[i].mobile = NULL;
    r.church.soul[9].mobile = "5550109";
    a_user(&r, 42, "cat@church.example", souls(0, 2));
    run_ok(&r);
    cr_expect_eq(held_in(&r, ann), 4u);
    cr_expect_eq(held_in(&r, "cat@church.example"), 0u, "a new contact takes nothing away");
    cr_expect_eq(r.c.messages, 4u);
    cr_expect_str_eq(r.f->holds.v[0].kind, "emptied");
    cr_expect_str_eq(r.f->holds.v[0].field, "phoneMobile");
}

Test(run_guard, fields_emptied_one_by_one_add_up_over_the_day)
{
    RUN_RIG(r);
    for (uint32_t i = 0; i < 20; i++)
        r.church.soul[i].mobile = "5550100";
    synced(&r);
    r.s.guard.emptied = (struct guard_limit){3, 5};
    for (uint32_t i = 0; i < 4; i++) {
        clock_fake_advance(&r.clock, hour_ms);
        r.church.soul[i].mobile = NULL;
        run_ok(&r);
        cr_expect_eq(r.c.held, i == 3 ? 2u : 0u, "person %u", i);
        plan_store_fake_synced(r.f);
    }
}

Test(run_guard, a_changed_field_is_not_an_emptied_one)
{
    RUN_RIG(r);
    for (uint32_t i = 0; i < 20; i++)
        r.church.soul[i].mobile = "5550100";
    synced(&r);
    r.s.guard.emptied = (struct guard_limit){1, 1};
    for (uint32_t i = 0; i < 20; i++)
        r.church.soul[i].mobile = "5550101";
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u);
    cr_expect_eq(r.c.messages, 40u);
}

Test(run_guard, a_dry_run_shows_what_would_be_held)
{
    RUN_RIG(r);
    synced(&r);
    r.church.soul[40].follows = souls(4, 20);
    r.o.dry = true;
    run_ok(&r);
    cr_expect_eq(r.c.held, 4u);
    cr_expect_eq(r.f->holds.n, 0u);
}
