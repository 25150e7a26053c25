#include "tests/unit/run_support.h"

static const char *const ann = "ann@church.example", *const bob = "bob@church.example";

/* Ann (40) follows ten people, Bob (41) follows five of them; all is synced. */
static void two_users(struct run_rig *r)
{
    a_user(r, 40, ann, souls(0, 10));
    a_user(r, 41, bob, souls(5, 10));
    run_ok(r);
    plan_store_fake_synced(r->f);
}

/* ---- what a run does ---- */

Test(run, a_first_run_wants_everybody_and_says_so_once_each)
{
    RUN_RIG(r);
    two_users(&r);
    cr_expect_eq(r.c.users, 2u);
    cr_expect_eq(r.c.wanted, 15u);
    cr_expect_eq(r.c.added, 15u);
    cr_expect_eq(r.c.messages, 15u);
    cr_expect_eq(r.applies, 2u);
    const struct fake_link *l = link_to(&r, ann, 3);
    cr_assert_not_null(l);
    cr_expect(l->wanted && l->offer && !l->hold && !l->urgent);
    cr_expect_str_eq(l->cats, "Following");
    cr_expect_null(link_to(&r, bob, 3));
    cr_expect(r.f->offers.v[0].delivered);
}

Test(run, an_unchanged_night_reads_no_rows_and_sends_nothing)
{
    RUN_RIG(r);
    two_users(&r);
    clock_fake_advance(&r.clock, 3600 * 1000);
    run_ok(&r);
    cr_expect_eq(r.c.messages, 0u);
    cr_expect_eq(r.applies, 0u);
    cr_expect_eq(r.links_read, 0u);
    cr_expect_eq(r.c.unchanged_mailboxes, 2u);
    cr_expect_eq(r.c.wanted, 15u);
}

Test(run, a_new_number_reaches_every_mailbox_that_holds_the_person)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[7].mobile = "5550100";
    run_ok(&r);
    cr_expect_eq(r.c.changed, 2u);
    cr_expect_eq(r.c.messages, 2u);
    r.church.soul[2].mobile = "5550101";
    run_ok(&r);
    cr_expect_eq(r.c.messages, 1u);
    cr_expect_eq(r.c.unchanged_mailboxes, 1u);
}

Test(run, reasons_become_categories_and_a_renamed_group_renames)
{
    RUN_RIG(r);
    a_user(&r, 40, ann, souls(0, 2));
    r.church.soul[1].staff = r.church.soul[1].member[0] = true;
    chooses(&r, 40, true, true, true);
    run_ok(&r);
    cr_expect_str_eq(link_to(&r, ann, 0)->cats, "Following");
    cr_expect_str_eq(link_to(&r, ann, 1)->cats, "Choir\nFollowing\nStaff");
    plan_store_fake_synced(r.f);
    r.church.group_name[0] = "Singers";
    run_ok(&r);
    cr_expect_eq(r.c.messages, 1u);
    cr_expect_str_eq(link_to(&r, ann, 1)->cats, "Following\nSingers\nStaff");
}

Test(run, a_run_for_somebody_who_waits_is_urgent_and_leaves_the_others_alone)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[7].mobile = "5550100";
    r.church.soul[41].follows = souls(7, 9);
    r.o.one_user = r.o.urgent = true;
    r.o.person_key = guid_of(41);
    run_ok(&r);
    cr_expect_eq(r.applies, 1u);
    cr_expect_eq(r.c.mailboxes, 1u);
    cr_expect(link_to(&r, bob, 7)->urgent);
    cr_expect_not(link_to(&r, bob, 5)->wanted);
    cr_expect_not(link_to(&r, ann, 7)->urgent);
    r.o.one_user = r.o.urgent = false;
    run_ok(&r);
    cr_expect_eq(r.applies, 1u, "Ann's turn comes with the night");
}

Test(run, delete_old_contacts_off_keeps_and_on_later_removes)
{
    RUN_RIG(r);
    two_users(&r);
    r.s.delete_old = false;
    r.church.soul[40].follows = souls(0, 8);
    run_ok(&r);
    cr_expect_eq(r.c.kept, 2u);
    cr_expect_eq(r.c.messages, 0u);
    cr_expect_eq(link_to(&r, ann, 9)->state, LINK_KEPT);
    plan_store_fake_synced(r.f);
    cr_expect(link_to(&r, ann, 9)->has_item);
    r.s.delete_old = true;
    run_ok(&r);
    cr_expect_eq(r.c.dropped, 2u);
    cr_expect_eq(r.c.messages, 2u);
    cr_expect_eq(link_to(&r, ann, 9)->state, LINK_ACTIVE);
}

Test(run, who_was_kept_and_is_wanted_again_comes_back_as_such)
{
    RUN_RIG(r);
    two_users(&r);
    r.s.delete_old = false;
    r.church.soul[40].follows = souls(0, 9);
    run_ok(&r);
    cr_assert_eq(link_to(&r, ann, 9)->state, LINK_KEPT);
    r.church.soul[40].follows = souls(0, 11);
    run_ok(&r);
    cr_expect_eq(link_to(&r, ann, 9)->state, LINK_ACTIVE);
    cr_expect(link_to(&r, ann, 9)->back, "a picture of theirs may be due");
    cr_expect_not(link_to(&r, ann, 8)->back);
    cr_expect_not(link_to(&r, ann, 10)->back, "a new one");
}

Test(run, what_a_worker_makes_while_the_run_is_under_way_is_kept_too)
{
    RUN_RIG(r);
    a_user(&r, 40, ann, souls(0, 10));
    run_ok(&r);
    r.f->busy = true;
    r.s.delete_old = false;
    r.church.soul[40].follows = souls(0, 8);
    run_ok(&r);
    cr_expect_eq(link_to(&r, ann, 9)->state, LINK_KEPT);
    cr_expect(link_to(&r, ann, 9)->has_item);
}

Test(run, who_opted_out_goes_even_when_old_contacts_are_kept)
{
    RUN_RIG(r);
    two_users(&r);
    r.s.delete_old = false;
    r.church.soul[6].opted_out = true;
    run_ok(&r);
    cr_expect_eq(r.c.messages, 2u);
    cr_expect_eq(link_to(&r, ann, 6)->state, LINK_ACTIVE);
    cr_expect_not(link_to(&r, ann, 6)->wanted);
}

Test(run, a_kept_contact_goes_when_its_person_opts_out_later)
{
    RUN_RIG(r);
    two_users(&r);
    r.s.delete_old = false;
    r.church.soul[40].follows = souls(0, 8);
    run_ok(&r);
    plan_store_fake_synced(r.f);
    cr_assert_eq(link_to(&r, ann, 9)->state, LINK_KEPT);
    r.church.soul[9].opted_out = true;
    run_ok(&r);
    cr_expect_eq(r.c.dropped, 1u);
    cr_expect_eq(r.c.messages, 2u, "and Bob's, who had it until now");
    cr_expect_eq(link_to(&r, ann, 9)->state, LINK_ACTIVE);
    cr_expect_not(link_to(&r, ann, 9)->wanted);
    plan_store_fake_synced(r.f);
    run_ok(&r);
    cr_expect_eq(r.c.messages, 0u);
    cr_expect_eq(r.c.unchanged_mailboxes, r.c.mailboxes);
}

Test(run, who_died_is_kept_when_old_contacts_are_and_goes_uncounted_else)
{
    RUN_RIG(r);
    two_users(&r);
    r.s.delete_old = false;
    r.church.soul[1].deceased = true;
    run_ok(&r);
    cr_expect_eq(link_to(&r, ann, 1)->state, LINK_KEPT);
    r.s.delete_old = true;
    for (int i = 2; i < 10; i++)
        r.church.soul[i].deceased = true;
    run_ok(&r);
    cr_expect_eq(r.c.held, 0u);
    cr_expect_eq(link_to(&r, ann, 9)->fell_at, 0);
}

/* ---- merges ---- */

Test(run, a_merged_persons_item_becomes_the_survivors)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[3].merged_into = 20;
    r.church.soul[40].follows = souls(0, 3) | souls(4, 10) | souls(20, 21);
    run_ok(&r);
    cr_expect_eq(r.c.rekeyed, 1u);
    cr_expect(link_to(&r, ann, 20)->has_item, "taken over");
    cr_expect_not(link_to(&r, ann, 3)->has_item);
    cr_expect_not(link_to(&r, ann, 3)->wanted);
    cr_expect_eq(r.c.held, 0u);
    cr_expect_eq(link_to(&r, ann, 3)->fell_at, 0);
}

Test(run, a_survivor_with_an_item_keeps_it_and_the_second_one_goes)
{
    for (int delete_old = 0; delete_old < 2; delete_old++) {
        RUN_RIG(r);
        two_users(&r);
        r.s.delete_old = delete_old;
        r.church.soul[3].merged_into = 4;
        run_ok(&r);
        cr_expect_eq(r.c.rekeyed, 0u);
        cr_expect(link_to(&r, ann, 4)->has_item);
        cr_expect_not(link_to(&r, ann, 3)->wanted);
        cr_expect_eq(link_to(&r, ann, 3)->state, LINK_ACTIVE, "delete_old %d: a double",
                     delete_old);
    }
}

Test(run, no_item_changes_hands_while_a_write_is_open)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[3].merged_into = 20;
    r.church.soul[40].follows = souls(0, 10) | souls(20, 21);
    link_to(&r, ann, 3)->intent = true;
    run_ok(&r);
    cr_expect_eq(r.c.rekeyed, 0u);
}

Test(run, two_merged_into_one_give_it_one_item)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[3].merged_into = r.church.soul[4].merged_into = 20;
    r.church.soul[40].follows = souls(0, 10) | souls(20, 21);
    run_ok(&r);
    cr_expect_eq(r.c.rekeyed, 1u);
    cr_expect(link_to(&r, ann, 20)->has_item);
    cr_expect_eq(link_to(&r, ann, 3)->has_item + link_to(&r, ann, 4)->has_item, 1);
}

Test(run, a_merged_users_choices_go_to_the_survivor)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[41].merged_into = 50;
    r.church.soul[50] = r.church.soul[41];
    r.church.soul[50].merged_into = NOBODY;
    run_ok(&r);
    cr_expect_eq(r.c.users, 2u);
    cr_expect_eq(r.c.messages, 0u, "the same address, the same people");
    cr_expect_str_eq(state_of(&r, 50), "ok");
}

/* ---- addresses ---- */

Test(run, only_an_address_of_ones_own_in_a_domain_of_the_church_gets_a_mailbox)
{
    RUN_RIG(r);
    static const char *const domains[] = {"church.example"};
    r.s.mail_domains = domains;
    r.s.n_mail_domains = 1;
    a_user(&r, 40, ann, souls(0, 3));
    a_user(&r, 41, "ANN@Church.Example", souls(0, 3));
    a_user(&r, 42, NULL, souls(0, 3));
    a_user(&r, 43, "cat@gmail.example", souls(0, 3));
    a_user(&r, 44, "dan@church.example", souls(0, 3));
    a_user(&r, 45, "@church.example", souls(0, 3));
    r.church.soul[44].eligible = false;
    run_ok(&r);
    cr_expect_str_eq(state_of(&r, 40), "ok");
    cr_expect_str_eq(state_of(&r, 41), "address_taken");
    cr_expect_str_eq(state_of(&r, 42), "no_address");
    cr_expect_str_eq(state_of(&r, 43), "foreign_domain");
    cr_expect_str_eq(state_of(&r, 44), "not_eligible");
    cr_expect_str_eq(state_of(&r, 45), "foreign_domain");
    cr_expect_eq(r.f->mailboxes.n, 1u);
    cr_expect_eq(r.c.users, 1u);
    cr_expect_eq(r.c.address_taken + r.c.no_address + r.c.foreign_domain + r.c.not_eligible, 5u);
}

Test(run, a_new_address_empties_the_old_mailbox_and_fills_the_new_one)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[41].email = "robert@church.example";
    run_ok(&r);
    cr_expect(link_to(&r, "robert@church.example", 7)->wanted);
    cr_expect_not(link_to(&r, bob, 7)->wanted);
    cr_expect_eq(r.c.messages, 10u);
    cr_expect_eq(r.c.held, 0u);
}

Test(run, who_is_not_eligible_any_more_loses_what_was_synced_and_what_was_to_be)
{
    RUN_RIG(r);
    a_user(&r, 40, ann, souls(0, 5));
    run_ok(&r); /* nothing of it was written yet */
    r.church.soul[40].eligible = false;
    run_ok(&r);
    cr_expect_not(link_to(&r, ann, 2)->wanted);
    run_ok(&r);
    cr_expect_eq(r.applies, 0u);
}

Test(run, who_is_not_eligible_any_more_keeps_what_is_there_when_old_contacts_are_kept)
{
    RUN_RIG(r);
    two_users(&r);
    r.s.delete_old = false;
    r.church.soul[41].eligible = false;
    run_ok(&r);
    cr_expect_eq(link_to(&r, bob, 7)->state, LINK_KEPT);
    cr_expect_eq(r.c.messages, 0u);
}

/* ---- failures ---- */

Test(run, half_a_snapshot_plans_nothing)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[40].follows = 0;
    r.church.fail_snapshot = true;
    cr_expect_eq(run_it(&r), -1);
    cr_expect_not_null(strstr(r.err.text, "nothing was planned"));
    cr_expect_eq(r.writes, 0u);
}

Test(run, who_would_leave_is_read_again_and_if_that_fails_nothing_is_planned)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[6].gone = true;
    r.church.fail_resolve = true;
    cr_expect_eq(run_it(&r), -1);
    cr_expect_eq(r.applies, 0u);
    cr_expect(link_to(&r, ann, 6)->wanted);
}

Test(run, rows_out_of_reach_fail_the_run_and_the_next_one_does_it_all)
{
    static const char *const names[] = {"subscribers",   "subscribers_seen", "mailboxes", "persons",
                                        "persons_write", "bodies",           "links",     "totals",
                                        "emptied",       "offer_make",       "apply"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        RUN_RIG(r);
        r.church.soul[2].mobile = "5550100";
        two_users(&r);
        r.church.soul[2].mobile = NULL;
        r.church.soul[11].mobile = "5550111";
        r.church.soul[40].follows = souls(1, 12);
        r.f->fail = names[i];
        cr_expect_eq(run_it(&r), -1, "%s", names[i]);
        cr_expect_null(r.f->fail, "%s was not called", names[i]);
        run_ok(&r);
        cr_expect_eq(r.c.messages, 4u, "%s: %zu messages", names[i], r.c.messages);
        cr_expect_not(link_to(&r, ann, 0)->wanted);
        run_ok(&r);
        cr_expect_eq(r.applies, 0u);
    }
}

Test(run, choices_saved_meanwhile_win_over_the_plan)
{
    RUN_RIG(r);
    two_users(&r);
    r.church.soul[40].follows = souls(0, 3);
    r.f->stale = true;
    run_ok(&r);
    cr_expect_eq(r.c.stale_mailboxes, 1u);
    cr_expect_eq(r.c.messages, 0u);
    cr_expect_eq(r.c.dropped, 0u);
    cr_expect(link_to(&r, ann, 9)->wanted);
}

Test(run, a_queue_that_is_away_costs_no_row)
{
    RUN_RIG(r);
    a_user(&r, 40, ann, souls(0, 5));
    a_user(&r, 41, bob, souls(0, 5));
    r.queue->ops->close(r.queue, 0);
    run_ok(&r);
    cr_expect(r.c.queue_away);
    cr_expect_eq(r.c.messages, 0u);
    cr_expect_eq(r.applies, 2u);
    cr_expect(link_to(&r, bob, 4)->wanted);
    cr_expect_not(r.f->offers.v[0].delivered);
}

/* ---- dry runs ---- */

struct previews {
    struct run_preview v[4];
    char address[4][64];
    size_t n;
};

static void keep_preview(const struct run_preview *p, void *user)
{
    struct previews *ps = user;
    ps->v[ps->n] = *p;
    snprintf(ps->address[ps->n++], 64, "%s", p->address);
}

Test(run, a_dry_run_writes_nothing_and_shows_each_mailbox)
{
    RUN_RIG(r);
    struct previews ps = {.n = 0};
    two_users(&r);
    a_user(&r, 42, "abe@church.example", souls(0, 2));
    r.church.soul[40].follows = souls(0, 3);
    r.church.soul[44].mobile = "5550144";
    r.o.dry = true;
    r.o.preview = keep_preview;
    r.o.user = &ps;
    run_ok(&r);
    cr_expect_eq(r.writes, 0u);
    cr_assert_eq(ps.n, 3u);
    cr_expect_str_eq(ps.address[0], "abe@church.example");
    cr_expect_eq(ps.v[0].counts.added, 2u);
    cr_expect_str_eq(ps.address[1], ann);
    cr_expect_eq(ps.v[1].counts.dropped, 7u);
    cr_expect_eq(ps.v[1].held, 7u);
    cr_expect(ps.v[2].unchanged);
    cr_expect_eq(r.c.messages, 0u);
}
