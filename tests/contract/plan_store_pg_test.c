/* plan_store_pg on a real PostgreSQL: leadership, runs, users, people. */
#include "tests/contract/plan_store_fixture.h"

#define PLAN_TEST(suite, name)                                                                     \
    Test(suite, name, .init = fx_setup_leading, .fini = fx_teardown, .timeout = 60)

/* ---- leadership ---- */

Test(plan_store_lead, one_of_two_leads, .init = fx_setup, .fini = fx_teardown, .timeout = 60)
{
    cr_expect(leads(0));
    cr_expect(leads(1) == false);
    cr_expect(leads(0), "repeating it changes nothing");
    cr_expect(eq(i64, COUNT("SELECT plan_epoch FROM cluster"), 1));
    plan_store_free(steal(stores[0]));
    bool yes = false;
    for (int i = 0; i < 500 && !yes; i++) {
        yes = leads(1); /* the server notices the end of a connection a moment later */
        loop_turn(loop, 10);
    }
    cr_expect(yes);
    cr_expect(eq(i64, COUNT("SELECT plan_epoch FROM cluster"), 2));
}

Test(plan_store_lead,
     nobody_changes_rows_without_leading,
     .init = fx_setup,
     .fini = fx_teardown,
     .timeout = 60)
{
    int64_t m = a_mailbox("a@example.org"), id;
    enum plan_applied applied;
    struct plan p = a_plan(m);
    REFUSED(S->ops->apply(S, &p, &applied, &id, &err), "plan.deposed");
    REFUSED(S->ops->offer_make(S, "q", &id, &err), "plan.deposed");
    REFUSED(S->ops->run_progress(S, 1, "x", 0, 0, &err), "plan.deposed");
    REFUSED(S->ops->sweep(S, 90, &err), "plan.deposed");
    cr_expect(eq(i64, COUNT("SELECT gen FROM mailbox"), 0));
}

PLAN_TEST(plan_store_lead, a_leader_of_another_epoch_is_deposed_and_may_lead_again)
{
    int64_t m = a_mailbox("a@example.org"), gen;
    enum plan_applied applied;
    struct plan p = a_plan(m);
    apply(&p);
    SQL("UPDATE cluster SET plan_epoch = plan_epoch + 1");
    REFUSED(S->ops->apply(S, &p, &applied, &gen, &err), "plan.deposed");
    REFUSED(S->ops->apply(S, &p, &applied, &gen, &err), "plan.deposed");
    cr_expect(eq(i64, COUNT("SELECT gen FROM mailbox"), 1));
    bool yes = false;
    for (int i = 0; i < 500 && !yes; i++) {
        yes = leads(0);
        loop_turn(loop, 10);
    }
    cr_expect(eq(i64, apply(&p), 2));
    cr_expect(eq(i64, COUNT("SELECT plan_epoch FROM cluster"), 3));
}

PLAN_TEST(plan_store_lead, a_lost_session_ends_leading)
{
    SQL("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'");
    int64_t id;
    while (S->ops->offer_make(S, "q", &id, &err) == 0)
        loop_turn(loop, 10);
    cr_expect(eq(str, err.code, "plan.deposed"));
    cr_expect(leads(1));
    cr_expect(leads(0) == false);
}

/* ---- runs ---- */

static bool next(struct plan_run *run)
{
    bool found = false;
    OK(S->ops->run_next(S, arena, run, &found, &err));
    return found;
}

PLAN_TEST(plan_store_run, the_oldest_request_is_next_and_runs)
{
    struct guid who = key_of(5);
    struct plan_run run;
    int64_t a, b;
    cr_expect(next(&run) == false);
    OK(stores[1]->ops->run_request(stores[1], "cron", NULL, false, &a, &err));
    OK(stores[1]->ops->run_request(stores[1], "save", &who, true, &b, &err));
    cr_assert(next(&run));
    cr_expect(eq(i64, run.id, a));
    cr_expect(eq(str, (char *)(uintptr_t)run.trigger, "cron"));
    cr_expect(not(run.one_user));
    cr_expect(not(run.urgent));
    OK(S->ops->run_progress(S, a, "reading Rock", 3, 9, &err));
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM run WHERE state = 'running' AND done = 3"
                       " AND total = 9 AND phase = 'reading Rock'"),
                 1));
    OK(S->ops->run_finish(S, a, true, "fine", "{\"users\":4}", &err));
    cr_expect(eq(i64,
                 COUNT("SELECT (counts->>'users')::int FROM run WHERE state = 'success'"
                       " AND message = 'fine' AND finished_at IS NOT NULL"),
                 4));
    cr_assert(next(&run));
    cr_expect(eq(i64, run.id, b));
    cr_expect(run.one_user && run.urgent && guid_cmp(&run.person_key, &who) == 0);
    OK(S->ops->run_finish(S, b, false, "no", NULL, &err));
    cr_expect(next(&run) == false);
}

PLAN_TEST(plan_store_run, what_a_dead_producer_left_is_failed)
{
    struct plan_run run;
    SQL("INSERT INTO run (trigger, state) VALUES ('cli', 'running')");
    cr_expect(next(&run) == false);
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM run WHERE state = 'failed'"
                       " AND message = 'the producer stopped' AND finished_at IS NOT NULL"),
                 1));
}

static void wake(void *user)
{
    ++*(int *)user;
}

PLAN_TEST(plan_store_run, a_request_wakes_the_producer)
{
    int woken = 0;
    int64_t id;
    plan_store_pg_on_request(S, wake, &woken);
    while (woken == 0) /* listening: something may have been missed */
        loop_turn(loop, 1000);
    OK(stores[1]->ops->run_request(stores[1], "cli", NULL, false, &id, &err));
    while (woken < 2)
        loop_turn(loop, 1000);
}

/* ---- subscribers ---- */

static struct plan_subscriber *subscribers(size_t *n)
{
    struct plan_subscriber *subs;
    OK(S->ops->subscribers(S, arena, &subs, n, &err));
    return subs;
}

static void seen(struct plan_subscriber *sub, const char *state, const char *address)
{
    sub->state = state;
    sub->address = address;
    sub->eligible = strcmp(state, "not_eligible") != 0;
    OK(S->ops->subscribers_seen(S, sub, 1, &err));
}

PLAN_TEST(plan_store_users, a_save_comes_back_and_counts_versions)
{
    struct guid groups[2] = {key_of(1), key_of(2)}, who = key_of(9);
    struct prefs p = {.follow = true, .groups = groups, .n_groups = 2};
    struct plan_store *cli = stores[1]; /* never leads */
    OK(cli->ops->subscriber_save(cli, &who, "u@example.org", &p, &err));
    p.staff = true;
    OK(cli->ops->subscriber_save(cli, &who, NULL, &p, &err));
    size_t n;
    struct plan_subscriber *subs = subscribers(&n);
    cr_assert(eq(sz, n, 1));
    cr_expect(eq(i64, subs->version, 2));
    cr_expect(eq(str, (char *)(uintptr_t)subs->address, "u@example.org"));
    cr_expect(subs->prefs.follow && subs->prefs.staff && subs->prefs.n_groups == 2);
    cr_expect(guid_cmp(&subs->prefs.groups[1], &groups[1]) == 0);
    cr_expect(eq(i64, subs->mailbox, 0));
    cr_expect(subs->eligible && !subs->lost_recently);
}

PLAN_TEST(plan_store_users, choices_that_cannot_be_read_are_not_taken_for_none)
{
    a_subscriber(1);
    SQL("UPDATE subscriber SET choices = '{\"v\":1}'");
    struct plan_subscriber *subs;
    size_t n;
    REFUSED(S->ops->subscribers(S, arena, &subs, &n, &err), "prefs.bytes");
}

PLAN_TEST(plan_store_users, a_mailbox_is_made_once_for_its_folded_address)
{
    a_subscriber(1);
    size_t n;
    struct plan_subscriber *subs = subscribers(&n);
    seen(subs, "ok", "Anna@Example.org");
    int64_t m = subs->mailbox;
    cr_assert(m > 0);
    seen(subs, "ok", "ANNA@example.ORG");
    cr_expect(eq(i64, subs->mailbox, m));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM mailbox"), 1));
    cr_expect(eq(str, (char *)(uintptr_t)test_db_text(db, "SELECT address FROM subscriber"),
                 "ANNA@example.ORG"));
}

PLAN_TEST(plan_store_users, losing_the_mailbox_is_remembered_until_it_is_back)
{
    a_subscriber(1);
    size_t n;
    struct plan_subscriber *subs = subscribers(&n);
    seen(subs, "no_address", "");
    cr_expect(not(subscribers(&n)->lost_recently), "never had one");
    seen(subs, "ok", "a@example.org");
    SQL("UPDATE mailbox SET want_digest = '\\x01'");
    seen(subs, "ok", "a@example.org");
    cr_expect(eq(i64, COUNT("SELECT count(want_digest) FROM mailbox"), 1), "nothing moved");
    seen(subs, "not_eligible", "");
    cr_expect(eq(i64, subs->mailbox, 0));
    cr_expect(eq(i64, COUNT("SELECT count(want_digest) FROM mailbox"), 0), "lost its owner");
    subs = subscribers(&n);
    cr_expect(subs->lost_recently && !subs->eligible);
    cr_expect(eq(str, (char *)(uintptr_t)subs->state, "not_eligible"));
    SQL("UPDATE mailbox SET want_digest = '\\x01'");
    seen(subs, "ok", "a@example.org");
    cr_expect(eq(i64, COUNT("SELECT count(want_digest) FROM mailbox"), 0), "got an owner");
    cr_expect(not(subscribers(&n)->lost_recently));
}

PLAN_TEST(plan_store_users, a_loss_long_ago_is_over)
{
    a_subscriber(1);
    SQL("UPDATE subscriber SET lost_at = now() - interval '25 hours', state = 'no_address'");
    size_t n;
    cr_expect(not(subscribers(&n)->lost_recently));
    struct plan_totals t;
    OK(S->ops->totals(S, &t, &err));
    cr_expect(eq(sz, t.users_lost, 0));
}

PLAN_TEST(plan_store_users, a_merge_gives_choices_unless_the_survivor_has_own)
{
    struct guid a = key_of(1), b = key_of(2), c = key_of(3);
    struct prefs staff = {.staff = true}, none = {0};
    size_t n;
    OK(S->ops->subscriber_save(S, &a, "a@example.org", &staff, &err));
    OK(S->ops->subscriber_save(S, &c, "c@example.org", &none, &err));
    struct plan_subscriber *subs = subscribers(&n);
    seen(subs, "ok", "a@example.org");
    SQL("UPDATE mailbox SET want_digest = '\\x01'");
    OK(S->ops->subscriber_merge(S, &a, &b, &err));
    subs = subscribers(&n);
    cr_assert(eq(sz, n, 3));
    cr_expect(eq(str, (char *)(uintptr_t)subs[0].state, "merged"));
    cr_expect(subs[0].mailbox == 0 && !subs[0].lost_recently);
    cr_expect(guid_cmp(&subs[2].person_key, &b) == 0 && subs[2].prefs.staff);
    cr_expect(eq(i64, COUNT("SELECT count(want_digest) FROM mailbox"), 0));
    OK(S->ops->subscriber_merge(S, &b, &c, &err));
    cr_expect(not(subscribers(&n)[1].prefs.staff), "choosing nothing is a choice");
}

/* ---- people ---- */

static void write_person(int n, int content, int64_t read_at_ms, int64_t *ret_id)
{
    struct plan_person_write w = {
        .key = key_of(n), .rock_id = 100 + n, .content = hash_of(content), .body = "{\"v\":1}"};
    OK(S->ops->persons_write(S, &w, 1, read_at_ms, &err));
    *ret_id = w.id;
}

static struct plan_person *persons(size_t *n)
{
    struct plan_person *p;
    OK(S->ops->persons(S, arena, &p, n, &err));
    return p;
}

PLAN_TEST(plan_store_people, an_older_read_changes_nothing_and_still_tells_the_id)
{
    int64_t id, again;
    size_t n;
    write_person(1, 10, 2000, &id);
    write_person(1, 11, 1000, &again);
    cr_expect(eq(i64, again, id));
    struct plan_person *p = persons(&n);
    struct sha256 ten = hash_of(10), eleven = hash_of(11);
    cr_assert(eq(sz, n, 1));
    cr_expect(p->has_content && memcmp(&p->content, &ten, sizeof(ten)) == 0);
    cr_expect(eq(i64, p->rock_id, 101));
    write_person(1, 11, 2000, &again);
    cr_expect(memcmp(&persons(&n)->content, &eleven, sizeof(eleven)) == 0);
}

PLAN_TEST(plan_store_people, many_are_written_in_order_with_their_ids)
{
    enum { N = 9001 };
    struct plan_person_write *w = arena_alloc(arena, N * sizeof(*w));
    SQL("INSERT INTO person (key) VALUES ('40000700-0000-0000-0000-000000000000')");
    for (int i = 0; i < N; i++)
        w[i] =
            (struct plan_person_write){.key = key_of(i), .content = hash_of(i % 500), .body = "x"};
    OK(S->ops->persons_write(S, w, N, 1000, &err));
    size_t n;
    struct plan_person *p = persons(&n);
    cr_assert(eq(sz, n, N));
    for (int i = 0; i < N; i++)
        cr_assert(p[i].id == w[i].id && guid_cmp(&p[i].key, &w[i].key) == 0 && w[i].id > 0);
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM content"), 500));
}

PLAN_TEST(plan_store_people, bodies_come_by_hash_and_absent_ones_are_null)
{
    a_person(1);
    struct sha256 h[2] = {hash_of(99), hash_of(1)};
    const char *body[2] = {"", NULL};
    OK(stores[1]->ops->bodies(stores[1], arena, h, 2, body, &err));
    cr_expect(body[0] == NULL);
    cr_expect(eq(str, (char *)(uintptr_t)body[1], "{\"v\":1}"));
}

PLAN_TEST(plan_store_people, emptied_fields_count_within_a_day)
{
    int64_t ids[] = {a_person(1), a_person(2), a_person(3)};
    size_t recent = 0;
    SQL("INSERT INTO person_emptied VALUES (3, 'email', now() - interval '25 hours'),"
        " (1, 'email', now() - interval '2 hours'), (2, 'surname', now())");
    OK(S->ops->emptied(S, "email", ids + 1, 1, &recent, &err));
    cr_expect(eq(sz, recent, 2));
    OK(S->ops->emptied(S, "email", ids, 3, &recent, &err));
    cr_expect(eq(sz, recent, 3));
}

PLAN_TEST(plan_store_people, an_open_hold_of_the_same_kind_is_used_again)
{
    int64_t m = a_mailbox("a@example.org"), a, b, c, d;
    OK(S->ops->hold_make(S, "mailbox", m, NULL, 0, &a, &err));
    OK(S->ops->hold_make(S, "mailbox", m, NULL, 0, &b, &err));
    OK(S->ops->hold_make(S, "emptied", 0, "email", 0, &c, &err));
    cr_expect(eq(i64, a, b));
    cr_expect(ne(i64, a, c));
    SQL("UPDATE hold SET state = 'approved'");
    OK(S->ops->hold_make(S, "mailbox", m, NULL, 0, &d, &err));
    cr_expect(ne(i64, a, d));
}

int main(int argc, char *argv[])
{
    if (!test_db_available())
        return test_db_skip();
    struct criterion_test_set *tests = criterion_initialize();
    int ok = criterion_handle_args(argc, argv, true) ? criterion_run_all_tests(tests) : 1;
    criterion_finalize(tests);
    return !ok;
}
