/* plan_store_pg: what is due and on no queue, offers, the sweep. */
#include "tests/contract/plan_store_fixture.h"

#define PLAN_TEST(suite, name)                                                                     \
    Test(suite, name, .init = fx_setup_leading, .fini = fx_teardown, .timeout = 60)
#define UNDELIVERED_MS 60000

static int64_t box, offered_last;
static struct queue_position pos[2];

/* Two persons wanted in a mailbox by one offer. */
static int64_t two_wanted(void)
{
    box = a_mailbox("a@example.org");
    int64_t p[] = {a_person(1), a_person(2)}, offer = an_offer("q");
    wanted(box, p, 2, offer);
    return offer;
}

/* In partition 3 of tasks up to 10, in partition 0 of urgent up to 4. */
static void delivered(int64_t offer)
{
    const struct queue_end ends[] = {{QUEUE_TASKS, 3, 10}, {QUEUE_URGENT, 0, 4}};
    OK(S->ops->offer_delivered(S, offer, ends, 2, &err));
}

static void positions(int64_t tasks, int64_t urgent)
{
    pos[0] = (struct queue_position){QUEUE_TASKS, 3, tasks, 10};
    pos[1] = (struct queue_position){QUEUE_URGENT, 0, urgent, 4};
}

static struct plan_offered *redrive_n(size_t max, size_t *n, bool *more)
{
    struct plan_offered *v = NULL;
    offered_last = an_offer("q");
    OK(S->ops->redrive(S, arena, "q", pos, 2, offered_last, UNDELIVERED_MS, max, &v, n, more,
                       &err));
    return v;
}

static size_t redrive(void)
{
    size_t n;
    bool more;
    redrive_n(100, &n, &more);
    return n;
}

static void free_indexes(struct criterion_test_params *p)
{
    cr_free(p->params);
}

static struct criterion_test_params case_indexes(size_t n)
{
    size_t *i = cr_malloc(n * sizeof(*i));
    for (size_t k = 0; k < n; k++)
        i[k] = k;
    return cr_make_param_array(size_t, i, n, free_indexes);
}

static void forget_offers(void)
{
    SQL("UPDATE link SET offer = NULL");
}

PLAN_TEST(plan_store_redrive, what_is_on_the_queue_is_not_offered_again)
{
    int64_t offer = two_wanted();
    positions(0, 0);
    cr_expect(eq(sz, redrive(), 0), "not confirmed, but young");
    delivered(offer);
    cr_expect(eq(sz, redrive(), 0), "in both partitions");
    positions(10, 3);
    cr_expect(eq(sz, redrive(), 0), "in one partition");
    positions(9, 4);
    cr_expect(eq(sz, redrive(), 0), "in the other");
}

PLAN_TEST(plan_store_redrive, what_the_group_has_consumed_is_offered_again_once)
{
    int64_t offer = two_wanted();
    SQL("UPDATE link SET urgent = true WHERE person = 2");
    delivered(offer);
    positions(10, 4);
    size_t n;
    bool more;
    struct plan_offered *v = redrive_n(100, &n, &more);
    cr_assert(eq(sz, n, 2));
    cr_expect(not(more));
    cr_expect(v[0].mailbox == box && v[0].person == 1 && v[0].gen == 1);
    cr_expect(not(v[0].urgent || v[0].deletes));
    cr_expect(v[1].person == 2 && v[1].urgent);
    cr_expect(
        eq(i64, COUNT("SELECT count(*) FROM link WHERE offer = %lld", (long long)offered_last), 2));
    cr_expect(eq(sz, redrive(), 0), "the new offer is young");
    delivered(offered_last);
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer WHERE delivered"), 1),
              "the empty offer has no row");
}

PLAN_TEST(plan_store_redrive, an_offer_that_was_never_made_is_made)
{
    two_wanted();
    forget_offers();
    cr_expect(eq(sz, redrive(), 2));
}

PLAN_TEST(plan_store_redrive, an_offer_to_another_queue_is_spent)
{
    two_wanted();
    SQL("UPDATE offer SET queue_id = 'another'");
    cr_expect(eq(sz, redrive(), 2));
}

PLAN_TEST(plan_store_redrive, an_offer_without_a_row_is_spent)
{
    two_wanted();
    SQL("DELETE FROM offer");
    cr_expect(eq(sz, redrive(), 2));
}

PLAN_TEST(plan_store_redrive, an_offer_never_confirmed_is_lost_after_a_while)
{
    int64_t offer = two_wanted();
    positions(0, 0);
    SQL("UPDATE offer SET made_at = now() - interval '61 s'");
    delivered(offer);
    cr_expect(eq(sz, redrive(), 0), "confirmed: it is on the queue however old");
    SQL("UPDATE offer SET delivered = false");
    cr_expect(eq(sz, redrive(), 2));
}

/* A topic made anew ends before the offer does, and everything in it was consumed. */
PLAN_TEST(plan_store_redrive, nothing_left_on_the_queue_spends_old_offers_only)
{
    int64_t offer = two_wanted();
    const struct queue_end ends[] = {{QUEUE_TASKS, 3, 5000}};
    OK(S->ops->offer_delivered(S, offer, ends, 1, &err));
    positions(10, 4);
    cr_expect(eq(sz, redrive(), 0), "made after the positions were read");
    SQL("UPDATE offer SET made_at = now() - interval '61 s'");
    positions(9, 4);
    cr_expect(eq(sz, redrive(), 0), "not everything");
    positions(10, 4);
    cr_expect(eq(sz, redrive(), 2));
}

PLAN_TEST(plan_store_redrive, without_positions_nothing_counts_as_consumed)
{
    delivered(two_wanted());
    SQL("UPDATE offer SET made_at = now() - interval '1 day'");
    struct plan_offered *v;
    size_t n;
    bool more;
    OK(S->ops->redrive(S, arena, "q", NULL, 0, an_offer("q"), UNDELIVERED_MS, 9, &v, &n, &more,
                       &err));
    cr_expect(eq(sz, n, 0));
}

static const struct not_due_case {
    const char *name, *sql;
} not_due_cases[] = {
    {"clean", "UPDATE link SET have = want"},
    {"held", "UPDATE link SET hold = (SELECT id FROM hold)"},
    {"kept", "UPDATE link SET state = 'kept', have = '\\x00', want = NULL, want_content = NULL"},
    {"hidden", "UPDATE link SET state = 'hidden'"},
    {"refused for good", "UPDATE link SET dead_for = want"},
    {"delete refused for good",
     "UPDATE link SET dead_for = '\\x00', have = want, want = NULL, want_content = NULL"},
    {"to be tried later", "UPDATE link SET retry_at = now() + interval '1 minute'"},
    {"mailbox parked", "UPDATE mailbox SET parked_until = now() + interval '1 minute'"},
    {"clean, to be looked at later",
     "UPDATE link SET have = want, look_at = now() + interval '1 minute'"},
    {"clean, to be looked at, but tried later",
     "UPDATE link SET have = want, look_at = now(), retry_at = now() + interval '1 minute'"},
};

ParameterizedTestParameters(plan_store_redrive, not_due)
{
    return case_indexes(ARRAY_LEN(not_due_cases));
}

ParameterizedTest(const size_t *i,
                  plan_store_redrive,
                  not_due,
                  .init = fx_setup_leading,
                  .fini = fx_teardown,
                  .timeout = 60)
{
    const struct not_due_case *c = &not_due_cases[*i];
    two_wanted();
    SQL("INSERT INTO hold (kind) VALUES ('total')");
    forget_offers();
    SQL("%s", c->sql);
    cr_expect(eq(sz, redrive(), 0), "%s", c->name);
}

static const struct due_case {
    const char *name, *sql;
    size_t n;
} due_cases[] = {
    {"deletes", "UPDATE link SET have = want, want = NULL, want_content = NULL", 2},
    {"another want than the one refused", "UPDATE link SET dead_for = '\\x01'", 2},
    {"retry is over", "UPDATE link SET retry_at = now() - interval '1 s'", 2},
    {"park is over", "UPDATE mailbox SET parked_until = now() - interval '1 s'", 2},
    {"looks are due, whatever state and hold say",
     "UPDATE link SET have = want, look_at = now() - interval '1 s', state = 'hidden'", 2},
    {"an open intent is due, whatever state and hold say",
     "UPDATE link SET have = want, hold = (SELECT id FROM hold);"
     "INSERT INTO intent (mailbox, person, op, key, epoch)"
     " SELECT mailbox, person, 'create', gen_random_uuid(), 1 FROM link WHERE person = 1",
     1},
    {"a dirty link with an open intent goes out once",
     "INSERT INTO intent (mailbox, person, op, key, epoch)"
     " SELECT mailbox, person, 'create', gen_random_uuid(), 1 FROM link;"
     "UPDATE link SET look_at = now() - interval '1 s'",
     2},
    {"leased, but never offered", "UPDATE mailbox SET lease_until = now() + interval '1 minute'",
     2},
};

ParameterizedTestParameters(plan_store_redrive, due)
{
    return case_indexes(ARRAY_LEN(due_cases));
}

ParameterizedTest(const size_t *i,
                  plan_store_redrive,
                  due,
                  .init = fx_setup_leading,
                  .fini = fx_teardown,
                  .timeout = 60)
{
    const struct due_case *c = &due_cases[*i];
    two_wanted();
    SQL("INSERT INTO hold (kind) VALUES ('total')");
    forget_offers();
    SQL("%s", c->sql);
    cr_expect(eq(sz, redrive(), c->n), "%s", c->name);
    cr_expect(eq(sz, redrive(), 0), "%s, again", c->name);
}

PLAN_TEST(plan_store_redrive, what_a_lease_holder_works_on_is_not_offered_meanwhile)
{
    delivered(two_wanted());
    positions(10, 4);
    SQL("UPDATE mailbox SET lease_until = now() + interval '1 minute'");
    cr_expect(eq(sz, redrive(), 0));
    SQL("UPDATE mailbox SET lease_until = now() - interval '1 s'");
    cr_expect(eq(sz, redrive(), 2));
}

PLAN_TEST(plan_store_redrive, an_intent_waits_for_the_lease_and_for_its_offer)
{
    int64_t offer = two_wanted();
    SQL("UPDATE link SET have = want; INSERT INTO intent (mailbox, person, op, key, epoch)"
        " SELECT mailbox, person, 'create', gen_random_uuid(), 1 FROM link WHERE person = 1;"
        "UPDATE mailbox SET lease_until = now() + interval '1 minute'");
    delivered(offer);
    positions(10, 4);
    cr_expect(eq(sz, redrive(), 0));
    SQL("UPDATE mailbox SET lease_until = NULL");
    positions(9, 4);
    cr_expect(eq(sz, redrive(), 0));
    positions(10, 4);
    cr_expect(eq(sz, redrive(), 1));
}

PLAN_TEST(plan_store_redrive, a_pass_takes_no_more_than_it_may_and_says_so)
{
    enum { BOXES = 7, EACH = 5, MAX = 8 };
    int64_t p[EACH];
    for (int k = 0; k < EACH; k++)
        p[k] = a_person(k + 1);
    for (int b = 0; b < BOXES; b++) {
        char address[32];
        snprintf(address, sizeof(address), "%d@example.org", b);
        wanted(a_mailbox(address), p, EACH, b % 2 ? an_offer("gone") : an_offer("lost"));
    }
    size_t total = 0, n = 0;
    bool more = true;
    int passes = 0;
    for (; more; passes++) {
        redrive_n(MAX, &n, &more);
        cr_assert(n <= MAX);
        total += n;
    }
    cr_expect(eq(sz, total, BOXES * EACH));
    cr_expect(eq(int, passes, 5));
}

PLAN_TEST(plan_store_redrive, rows_that_somebody_writes_are_left_for_the_next_pass)
{
    two_wanted();
    forget_offers();
    SQL("BEGIN; SELECT 1 FROM link WHERE person = 1 FOR UPDATE");
    cr_expect(eq(sz, redrive(), 1));
    SQL("COMMIT");
    cr_expect(eq(sz, redrive(), 1));
}

/* Every change locks the row of the epoch, which leaves its mark there. */
PLAN_TEST(plan_store_redrive, an_idle_pass_writes_nothing)
{
    two_wanted();
    redrive();
    int64_t mark = COUNT("SELECT xmax::text FROM cluster"), offer = offered_last;
    struct plan_run run;
    bool found;
    for (int i = 0; i < 20; i++) {
        cr_assert(eq(sz, redrive(), 0));
        cr_assert(eq(i64, offered_last, offer));
        OK(S->ops->run_next(S, arena, &run, &found, &err));
    }
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer"), 1));
    cr_expect(eq(i64, COUNT("SELECT xmax::text FROM cluster"), mark));
    forget_offers();
    cr_expect(eq(sz, redrive(), 2));
    cr_expect(ne(i64, COUNT("SELECT xmax::text FROM cluster"), mark));
}

PLAN_TEST(plan_store_redrive, a_deposed_leader_offers_nothing)
{
    two_wanted();
    forget_offers();
    int64_t offer = an_offer("q");
    SQL("UPDATE cluster SET plan_epoch = plan_epoch + 1");
    struct plan_offered *v;
    size_t n;
    bool more;
    REFUSED(S->ops->redrive(S, arena, "q", NULL, 0, offer, UNDELIVERED_MS, 9, &v, &n, &more, &err),
            "plan.deposed");
    cr_expect(eq(i64, COUNT("SELECT count(offer) FROM link"), 0));
}

PLAN_TEST(plan_store_redrive, the_oldest_dirty_links_age_is_that_of_its_offer)
{
    int64_t ms = -1;
    OK(S->ops->oldest_dirty_ms(S, &ms, &err));
    cr_expect(eq(i64, ms, 0));
    two_wanted();
    int64_t p = a_person(3);
    wanted(a_mailbox("b@example.org"), &p, 1, an_offer("q"));
    SQL("UPDATE offer SET made_at = now() - id * interval '100 s'");
    int64_t oldest = COUNT("SELECT max(id) * 100000 FROM offer");
    OK(S->ops->oldest_dirty_ms(S, &ms, &err));
    cr_expect(ge(i64, ms, oldest));
    SQL("UPDATE link SET have = want WHERE person = 3");
    OK(S->ops->oldest_dirty_ms(S, &ms, &err));
    cr_expect(lt(i64, ms, oldest));
    SQL("UPDATE link SET retry_at = now() + interval '1 h'");
    OK(S->ops->oldest_dirty_ms(S, &ms, &err));
    cr_expect(eq(i64, ms, 0));
}

/* ---- sweep ---- */

static void sweep(void)
{
    OK(S->ops->sweep(S, 30, &err));
}

static int64_t contents_left(void)
{
    return COUNT("SELECT count(*) FROM content");
}

/* Contents 1 to 5: of a person, wanted, there, under way, nobody's. */
PLAN_TEST(plan_store_sweep, contents_that_nothing_refers_to_for_an_hour_go)
{
    int64_t p[] = {a_person(1), a_person(2), a_person(3), a_person(4), a_person(5)};
    box = a_mailbox("a@example.org");
    wanted(box, p + 1, 3, an_offer("q"));
    written(box);
    SQL("UPDATE person SET content = NULL WHERE id > 1;"
        "UPDATE link SET want = NULL, want_content = NULL WHERE person > 2;"
        "UPDATE link SET have = NULL, have_content = NULL WHERE person <> 3;"
        "INSERT INTO intent (mailbox, person, op, key, epoch, content)"
        " SELECT %lld, 4, 'create', gen_random_uuid(), 1, hash FROM content WHERE hash ="
        " sha256('\\x04000000')",
        (long long)box);
    sweep();
    sweep();
    cr_expect(eq(i64, contents_left(), 5), "a worker may be about to refer to it");
    SQL("UPDATE content SET unused_since = unused_since - interval '2 hours'");
    sweep();
    cr_expect(eq(i64, contents_left(), 4));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM content WHERE hash = sha256('\\x05000000')"), 0));
}

PLAN_TEST(plan_store_sweep, a_content_that_is_used_again_stays)
{
    struct plan_person_write w = {.key = key_of(1), .content = hash_of(1), .body = "{\"v\":1}"};
    a_person(1);
    SQL("UPDATE person SET content = NULL");
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(unused_since) FROM content"), 1));
    OK(S->ops->persons_write(S, &w, 1, 1000, &err));
    cr_expect(eq(i64, COUNT("SELECT count(unused_since) FROM content"), 0));
}

PLAN_TEST(plan_store_sweep, empty_links_go_when_nobody_needs_them)
{
    int64_t p[] = {a_person(1), a_person(2), a_person(3), a_person(4), a_person(5)};
    box = a_mailbox("a@example.org");
    wanted(box, p, 5, an_offer("q"));
    SQL("UPDATE link SET want = NULL, want_content = NULL;"
        "UPDATE link SET fell_at = now() - interval '25 hours' WHERE person = 1;"
        "UPDATE link SET fell_at = now() WHERE person = 2;"
        "UPDATE link SET state = 'hidden' WHERE person = 3;"
        "UPDATE link SET have = '\\x00' WHERE person = 4;"
        "INSERT INTO intent (mailbox, person, op, key, epoch)"
        " VALUES (%lld, 5, 'delete', gen_random_uuid(), 1)",
        (long long)box);
    sweep();
    cr_expect(eq(i64, COUNT("SELECT sum(person) FROM link"), 2 + 3 + 4 + 5));
}

PLAN_TEST(plan_store_sweep, old_offers_go_unless_a_dirty_link_asks_for_them)
{
    int64_t offer = two_wanted(), p = a_person(3);
    delivered(offer);
    wanted(a_mailbox("b@example.org"), &p, 1, an_offer("q"));
    SQL("UPDATE link SET have = want WHERE person < 3");
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer"), 2));
    SQL("UPDATE offer SET made_at = now() - interval '2 hours'");
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer WHERE id <> %lld", (long long)offer), 1));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer_end"), 0));
}

PLAN_TEST(plan_store_sweep, what_is_past_its_retention_goes)
{
    a_person(1);
    SQL("INSERT INTO journal (at, mailbox, person, op, outcome) SELECT now() - i * interval '1 "
        "day',"
        " 1, 1, 'create', 'done' FROM generate_series(1, 5000) i;"
        "INSERT INTO person_emptied VALUES (1, 'email', now() - interval '25 hours'),"
        " (1, 'surname', now());"
        "INSERT INTO worker_beat VALUES ('dead', now() - interval '1 day'), ('alive', now());"
        "INSERT INTO run (trigger, state, finished_at)"
        " SELECT 'cron', 'success', now() - i * interval '50 days' FROM generate_series(1, 3) i;"
        "INSERT INTO hold (kind, run) VALUES ('total', (SELECT max(id) FROM run))");
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM journal"), 29));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_emptied"), 1));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM worker_beat"), 1));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM run"), 2), "the open hold names one of the old");
}

PLAN_TEST(plan_store_sweep, holds_follow_their_links)
{
    two_wanted();
    SQL("INSERT INTO hold (id, kind, state, made_at) VALUES"
        " (101, 'total', 'open', now() - interval '2 hours'), (102, 'users', 'open', now()),"
        " (103, 'users', 'approved', now()),"
        " (104, 'emptied', 'open', now() - interval '1 year'),"
        " (105, 'total', 'approved', now() - interval '1 year');"
        "UPDATE link SET hold = 103 WHERE person = 1; UPDATE link SET hold = 104 WHERE person = 2");
    sweep();
    cr_expect(eq(str,
                 (char *)(uintptr_t)test_db_text(
                     db, "SELECT string_agg(id || state, ' ' ORDER BY id) FROM hold"),
                 "101empty 102open 103open 104open"));
}

/* ---- a Clear and Remove ---- */

static void clear_asked(void)
{
    box = a_mailbox("a@example.org");
    SQL("UPDATE mailbox SET clear_requested = now(), clear_done = NULL");
}

PLAN_TEST(plan_store_redrive, a_clear_is_offered_until_it_is_done)
{
    size_t n;
    bool more;
    clear_asked();
    struct plan_offered *v = redrive_n(100, &n, &more);
    cr_assert(eq(sz, n, 1));
    cr_expect(eq(i64, v[0].mailbox, box));
    cr_expect(eq(i64, v[0].person, 0));
    cr_expect(v[0].urgent);
    delivered(offered_last);
    positions(9, 4);
    cr_expect(eq(sz, redrive(), 0), "it is on the queue");
    positions(10, 4);
    cr_expect(eq(sz, redrive(), 1), "it was taken, and is not done");
    delivered(offered_last);
    SQL("UPDATE mailbox SET clear_done = now(), clear_offer = NULL");
    cr_expect(eq(sz, redrive(), 0));
}

PLAN_TEST(plan_store_redrive, a_clear_waits_for_who_rests_or_is_at_work_on_it)
{
    clear_asked();
    SQL("UPDATE mailbox SET parked_until = now() + interval '1 hour'");
    cr_expect(eq(sz, redrive(), 0));
    SQL("UPDATE mailbox SET parked_until = now() - interval '1 second'");
    cr_expect(eq(sz, redrive(), 1));
    delivered(offered_last);
    positions(10, 4);
    SQL("UPDATE mailbox SET lease_until = now() + interval '1 hour', lease_owner = 'w'");
    cr_expect(eq(sz, redrive(), 0));
}

PLAN_TEST(plan_store_redrive, a_clear_and_its_deletes_are_offered_together)
{
    two_wanted();
    SQL("UPDATE link SET have = '\\x01', want = NULL, want_content = NULL");
    forget_offers();
    SQL("UPDATE mailbox SET clear_requested = now()");
    size_t n;
    bool more;
    redrive_n(100, &n, &more);
    cr_expect(eq(sz, n, 3));
    cr_expect_not(more);
}

/* ---- a test of the way to a mailbox ---- */

PLAN_TEST(plan_store_redrive, a_probe_is_offered_until_somebody_runs_it)
{
    size_t n;
    bool more;
    box = a_mailbox("a@example.org");
    SQL("INSERT INTO probe (mailbox, requested_by) SELECT id, 'cli' FROM mailbox");
    struct plan_offered *v = redrive_n(100, &n, &more);
    cr_assert(eq(sz, n, 1));
    cr_expect(eq(i64, v[0].mailbox, box));
    cr_expect(eq(i64, v[0].person, PLAN_PROBE));
    cr_expect(v[0].urgent);
    delivered(offered_last);
    positions(9, 4);
    cr_expect(eq(sz, redrive(), 0), "it is on the queue");
    positions(10, 4);
    cr_expect(eq(sz, redrive(), 1), "it was taken, and nobody runs it");
    delivered(offered_last);
    SQL("UPDATE probe SET run_until = now() + interval '20 seconds'");
    cr_expect(eq(sz, redrive(), 0), "somebody runs it");
    SQL("UPDATE probe SET run_until = now() - interval '1 second'");
    cr_expect(eq(sz, redrive(), 1), "who ran it died");
    delivered(offered_last);
    SQL("UPDATE probe SET done_at = now()");
    cr_expect(eq(sz, redrive(), 0));
}

PLAN_TEST(plan_store_redrive,
          a_probe_does_not_wait_for_a_mailbox_that_rests_but_not_for_ever_for_anybody)
{
    box = a_mailbox("a@example.org");
    SQL("INSERT INTO probe (mailbox, requested_by) SELECT id, 'cli' FROM mailbox");
    SQL("UPDATE mailbox SET parked_until = now() + interval '1 hour', lease_owner = 'w',"
        " lease_until = now() + interval '1 hour'");
    cr_expect(eq(sz, redrive(), 1));
    SQL("UPDATE probe SET offer = NULL, requested_at = now() - interval '16 minutes'");
    cr_expect(eq(sz, redrive(), 0), "nobody waits any more");
}

PLAN_TEST(plan_store_redrive, old_probes_are_swept)
{
    box = a_mailbox("a@example.org");
    SQL("INSERT INTO probe (mailbox, requested_by, requested_at, done_at)"
        " SELECT id, 'cli', now() - d * interval '1 day', now() FROM mailbox, "
        "unnest('{1,40}'::int[]) d");
    OK(S->ops->sweep(S, 30, &err));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM probe"), 1));
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
