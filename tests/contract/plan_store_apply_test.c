/* plan_store_pg: one mailbox's plan as one transaction, and what the links say afterwards. */
#include "tests/contract/plan_store_fixture.h"

#define PLAN_TEST(name)                                                                            \
    Test(plan_store_apply, name, .init = fx_setup_leading, .fini = fx_teardown, .timeout = 60)

static int64_t box;

static struct plan_row *links(size_t *n)
{
    struct plan_row *rows;
    OK(S->ops->links(S, arena, box, &rows, n, &err));
    return rows;
}

static void want_one(struct plan_want w, int64_t offer)
{
    struct plan p = a_plan(box);
    p.wants = &w;
    p.n_wants = 1;
    p.offer = offer;
    apply(&p);
}

/* A mailbox that has person 1 in it. */
static void one_synced(void)
{
    box = a_mailbox("a@example.org");
    int64_t p = a_person(1);
    wanted(box, &p, 1, an_offer("q"));
    written(box);
}

static void an_intent(int64_t person, const char *op)
{
    SQL("INSERT INTO intent (mailbox, person, op, key, epoch)"
        " SELECT %lld, id, '%s', key, 1 FROM person WHERE id = %lld",
        (long long)box, op, (long long)person);
}

PLAN_TEST(wants_become_rows_of_the_next_generation)
{
    box = a_mailbox("a@example.org");
    int64_t p[] = {a_person(2), a_person(1)}, offer = an_offer("q");
    cr_expect(eq(i64, wanted(box, p, 2, offer), 1));
    size_t n;
    struct plan_row *rows = links(&n);
    cr_assert(eq(sz, n, 2));
    cr_expect(eq(i64, rows[0].row.person, 1));
    struct sha256 state = want(1).state, digest = hash_of(77);
    cr_expect(rows[0].row.wanted && memcmp(&rows[0].row.want, &state, sizeof(state)) == 0);
    cr_expect(not(rows[0].row.has_item || rows[0].held || rows[0].row.state != LINK_ACTIVE));
    COL("gen", box, 1, "1");
    COL("want_cats", box, 1, "Staff");
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM link WHERE offer = %lld", (long long)offer), 2));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer WHERE queue_id = 'q'"), 1));
    struct plan_mailbox *m;
    OK(stores[1]->ops->mailboxes(stores[1], arena, &m, &n, &err));
    cr_assert(eq(sz, n, 1));
    cr_expect(m->has_digest && memcmp(&m->digest, &digest, sizeof(digest)) == 0);
    cr_expect(m->synced == 0 && m->fell == 0);
}

PLAN_TEST(a_plan_without_changes_writes_the_digest_and_no_offer)
{
    box = a_mailbox("a@example.org");
    struct plan p = a_plan(box);
    p.void_digest = true;
    cr_expect(eq(i64, apply(&p), 1));
    cr_expect(eq(i64, COUNT("SELECT count(want_digest) FROM mailbox"), 0));
    p.void_digest = false;
    cr_expect(eq(i64, apply(&p), 2));
    cr_expect(eq(i64, COUNT("SELECT count(want_digest) FROM mailbox"), 1));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer"), 0));
}

PLAN_TEST(an_older_snapshot_is_stale)
{
    one_synced();
    struct plan_want w = want(1);
    struct plan p = a_plan(box);
    p.read_at_ms--;
    p.wants = &w;
    p.n_wants = 1;
    w.cats = "other";
    cr_expect(is_stale(&p));
    COL("want_cats", box, 1, "Staff");
    cr_expect(eq(i64, COUNT("SELECT gen FROM mailbox"), 1));
    p.read_at_ms++;
    cr_expect(eq(i64, apply(&p), 2), "the same snapshot is not older");
}

PLAN_TEST(a_save_in_between_makes_the_plan_stale)
{
    box = a_mailbox("a@example.org");
    int64_t person = a_person(1), offer = an_offer("q");
    struct plan p = a_plan(box);
    struct plan_want w = want(person);
    struct guid who = key_of(7);
    struct prefs prefs = {.staff = true};
    p.subscriber = a_subscriber(7);
    p.subscriber_version = 1;
    p.wants = &w;
    p.n_wants = 1;
    p.offer = offer;
    OK(stores[1]->ops->subscriber_save(stores[1], &who, NULL, &prefs, &err));
    cr_expect(is_stale(&p));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM link"), 0));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer"), 0));
    p.subscriber_version = 2;
    apply(&p);
    cr_expect(eq(i64, COUNT("SELECT planned_version FROM mailbox"), 2));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM offer WHERE id = %lld", (long long)offer), 1));
}

struct racer {
    bool done;
    enum pg_status st;
};

static void raced(enum pg_status st, const struct pg_result *r, const struct err *e, void *user)
{
    (void)r;
    (void)e;
    struct racer *racer = user;
    racer->done = true;
    racer->st = st;
}

/* Somebody holds the mailbox row; meanwhile a save is committed. What counts is what is true when
 * the row is ours. */
PLAN_TEST(a_save_while_the_plan_waits_for_the_mailbox_makes_it_stale)
{
    static const struct pg_stmt hold = {"hold_box", "SELECT 1 FROM mailbox FOR NO KEY UPDATE"};
    static const struct pg_stmt nap = {"nap", "SELECT 1 FROM pg_sleep(0.3)"};
    static const struct pg_stmt save = {"save", "UPDATE subscriber SET version = version + 1"};
    const struct pg_step steps[] = {{&hold, NULL}, {&nap, NULL}, {&save, NULL}};
    box = a_mailbox("a@example.org");
    struct plan p = a_plan(box);
    p.subscriber = a_subscriber(7);
    p.subscriber_version = 1;
    struct racer racer = {0};
    pg_exec_steps(pools[1], steps, 3, raced, &racer);
    while (COUNT("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 0)
        loop_turn(loop, 10);
    cr_expect(is_stale(&p));
    cr_expect(eq(int, loop_wait(loop, &racer.done, 10000), 0));
    cr_expect(eq(int, racer.st, PG_OK));
    cr_expect(eq(i64, COUNT("SELECT gen FROM mailbox"), 0));
}

/* The same with another leader: its epoch is committed while we wait for the mailbox. */
PLAN_TEST(a_leader_who_waits_while_another_takes_over_is_deposed)
{
    static const struct pg_stmt hold = {"hold_box", "SELECT 1 FROM mailbox FOR NO KEY UPDATE"};
    static const struct pg_stmt nap = {"nap", "SELECT 1 FROM pg_sleep(0.3)"};
    static const struct pg_stmt take = {"take", "UPDATE cluster SET plan_epoch = plan_epoch + 1"};
    const struct pg_step steps[] = {{&hold, NULL}, {&nap, NULL}, {&take, NULL}};
    box = a_mailbox("a@example.org");
    struct plan p = a_plan(box);
    struct racer racer = {0};
    enum plan_applied applied;
    int64_t gen;
    pg_exec_steps(pools[1], steps, 3, raced, &racer);
    while (COUNT("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 0)
        loop_turn(loop, 10);
    REFUSED(S->ops->apply(S, &p, &applied, &gen, &err), "plan.deposed");
    cr_expect(eq(int, loop_wait(loop, &racer.done, 10000), 0));
    cr_expect(eq(i64, COUNT("SELECT gen FROM mailbox"), 0));
}

/* A new leader waits until what the old one has begun is over: nothing of it comes later. */
static struct racer successor;

static void take_over(void *user)
{
    (void)user;
    static const struct pg_stmt take = {"take", "UPDATE cluster SET plan_epoch = plan_epoch + 1"};
    pg_exec(pools[1], &take, NULL, raced, &successor);
}

static void let_go(void *user)
{
    *(bool *)user = successor.done;
    SQL("COMMIT");
}

PLAN_TEST(a_new_epoch_waits_for_a_plan_under_way)
{
    one_synced();
    bool too_early = true;
    SQL("BEGIN; SELECT 1 FROM link FOR UPDATE"); /* the plan waits in its middle */
    loop_after(loop, 150, take_over, NULL);
    loop_after(loop, 300, let_go, &too_early);
    want_one(want(1), 0);
    cr_expect(not(too_early));
    cr_expect(eq(int, loop_wait(loop, &successor.done, 10000), 0));
    cr_expect(eq(int, successor.st, PG_OK));
}

PLAN_TEST(a_want_clears_what_the_old_one_left)
{
    one_synced();
    SQL("UPDATE link SET retry_at = now(), attempts = 3, dead_for = want, dead_code = 'x',"
        " fell_at = now(), state = 'kept'");
    want_one(want(1), 0);
    COL("dead_code", box, 1, "x"); /* the same want: still refused */
    struct plan_want w = want(1);
    w.state = hash_of(5);
    w.hold = COUNT("INSERT INTO hold (kind) VALUES ('total') RETURNING id");
    want_one(w, an_offer("q"));
    COL("num_nulls(retry_at, dead_for, dead_code, fell_at, offer)", box, 1, "5");
    COL("attempts", box, 1, "0");
    COL("state", box, 1, "active");
    COL("hold IS NOT NULL", box, 1, "true");
    want_one(want(1), 0);
    COL("hold IS NULL", box, 1, "true");
}

PLAN_TEST(hidden_rows_stay_hidden)
{
    one_synced();
    SQL("UPDATE link SET state = 'hidden', have = NULL, have_content = NULL");
    struct plan_want w = want(1);
    w.state = hash_of(5);
    want_one(w, 0);
    COL("state", box, 1, "hidden");
    drop(box, (struct plan_drop){.person = 1, .counted = true});
    COL("state", box, 1, "hidden");
    COL("num_nulls(want, want_content, want_cats, fell_at)", box, 1, "4");
}

PLAN_TEST(a_counted_drop_is_remembered_from_its_first_time)
{
    one_synced();
    struct plan_drop d = {.person = 1, .counted = true};
    d.hold = COUNT("INSERT INTO hold (kind) VALUES ('total') RETURNING id");
    drop(box, d);
    COL("want IS NULL AND state = 'active' AND hold IS NOT NULL", box, 1, "true");
    SQL("UPDATE link SET fell_at = '2026-01-01'");
    drop(box, d);
    COL("fell_at = '2026-01-01'", box, 1, "true");
    SQL("UPDATE link SET fell_at = now() - interval '1 hour'");
    size_t n;
    struct plan_row *rows = links(&n);
    cr_expect(rows->fell_recently && rows->held && rows->row.has_item && !rows->row.wanted);
    struct plan_totals t;
    OK(S->ops->totals(S, &t, &err));
    cr_expect(t.synced == 1 && t.fell == 1);
    struct plan_mailbox *m;
    OK(S->ops->mailboxes(S, arena, &m, &n, &err));
    cr_expect(m->synced == 1 && m->fell == 1);
    SQL("UPDATE link SET fell_at = now() - interval '25 hours'");
    OK(S->ops->totals(S, &t, &err));
    cr_expect(eq(sz, t.fell, 0));
}

PLAN_TEST(what_was_never_written_does_not_count_as_lost)
{
    box = a_mailbox("a@example.org");
    int64_t p = a_person(1);
    wanted(box, &p, 1, an_offer("q"));
    drop(box, (struct plan_drop){.person = 1, .counted = true});
    COL("fell_at IS NULL", box, 1, "true");
}

PLAN_TEST(what_was_never_written_is_neither_held_nor_kept)
{
    box = a_mailbox("a@example.org");
    int64_t p = a_person(1);
    wanted(box, &p, 1, an_offer("q"));
    int64_t hold = COUNT("INSERT INTO hold (kind) VALUES ('total') RETURNING id");
    drop(box, (struct plan_drop){.person = 1, .counted = true, .hold = hold});
    COL("hold IS NULL AND state = 'active'", box, 1, "true");
    want_one(want(1), 0);
    drop(box, (struct plan_drop){.person = 1, .counted = true, .keep = true});
    COL("hold IS NULL AND state = 'active'", box, 1, "true");
}

PLAN_TEST(an_open_write_counts_as_an_item)
{
    box = a_mailbox("a@example.org");
    int64_t p = a_person(1);
    size_t n;
    wanted(box, &p, 1, an_offer("q"));
    an_intent(1, "create");
    cr_expect(links(&n)->row.has_item && links(&n)->intent);
    drop(box, (struct plan_drop){.person = 1, .counted = true, .keep = true});
    COL("state = 'kept' AND fell_at IS NOT NULL", box, 1, "true");
}

/* The mailbox has another folder than it had: what was in it may have moved along. */
PLAN_TEST(what_may_be_there_unseen_counts_as_an_item_and_is_looked_for)
{
    size_t n;
    one_synced();
    SQL("UPDATE link SET have = NULL, have_content = NULL, item_id = NULL");
    cr_expect(not(links(&n)->row.has_item), "a first contact: nothing was there before");
    SQL("UPDATE mailbox SET folder_id = 'another', verified = 0");
    cr_expect(links(&n)->row.has_item);
    drop(box, (struct plan_drop){.person = 1, .counted = true, .keep = true});
    COL("state = 'kept' AND fell_at IS NOT NULL AND look_at <= now()", box, 1, "true");
    cr_expect(not(links(&n)->row.has_item), "the look will tell");
    want_one(want(1), 0);
    SQL("UPDATE link SET look_at = NULL");
    SQL("UPDATE mailbox SET verified = (SELECT generation FROM cluster)");
    drop(box, (struct plan_drop){.person = 1, .keep = true});
    COL("state = 'active' AND look_at IS NULL", box, 1, "true");
}

PLAN_TEST(kept_rows_keep_their_item_until_deletes_are_wanted)
{
    one_synced();
    drop(box, (struct plan_drop){.person = 1, .keep = true, .hold = 0});
    COL("state", box, 1, "kept");
    COL("want IS NULL AND have IS NOT NULL AND item_id = 'item-1'", box, 1, "true");
    size_t n;
    cr_expect(eq(int, links(&n)->row.state, LINK_KEPT));
    drop(box, (struct plan_drop){.person = 1});
    COL("state", box, 1, "active");
    drop(box, (struct plan_drop){.person = 2});
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM link"), 1), "no row, nothing to drop");
}

/* ---- merges ---- */

static void rekey(int64_t from, int64_t to, bool with_wants)
{
    struct plan_rekey k = {from, to};
    struct plan_want w = want(to);
    struct plan_drop d = {.person = from, .keep = true};
    struct plan p = a_plan(box);
    p.rekeys = &k;
    p.n_rekeys = 1;
    p.wants = &w;
    p.n_wants = with_wants;
    p.drops = &d;
    p.n_drops = with_wants;
    p.offer = an_offer("q");
    apply(&p);
}

PLAN_TEST(a_merge_moves_the_item_to_a_survivor_without_a_row)
{
    one_synced();
    a_person(2);
    rekey(1, 2, true);
    COL("num_nulls(want, have, have_content, have_cats, have_key, item_id, version)", box, 1, "7");
    COL("state", box, 1, "active"); /* keep: nothing is left to be kept */
    COL("item_id", box, 2, "item-1");
    COL("have_key = (SELECT key FROM person WHERE id = 1)", box, 2, "true");
    COL("have = (SELECT have FROM link WHERE person = 2) AND have <> want", box, 2, "true");
    COL("gen", box, 2, "2");
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM link WHERE person = 2 AND offer = (SELECT max(id)"
                       " FROM offer)"),
                 1));
}

PLAN_TEST(a_merge_moves_the_item_to_a_survivor_with_a_row)
{
    one_synced();
    int64_t p = a_person(2);
    wanted(box, &p, 1, an_offer("q"));
    rekey(1, 2, false);
    COL("item_id", box, 2, "item-1");
    COL("item_id IS NULL", box, 1, "true");
}

PLAN_TEST(a_merge_shows_a_hidden_survivor_whose_other_self_the_user_kept)
{
    one_synced();
    int64_t p = a_person(2);
    wanted(box, &p, 1, an_offer("q"));
    SQL("UPDATE link SET state = 'hidden' WHERE person = 2");
    rekey(1, 2, true);
    COL("item_id", box, 2, "item-1");
    COL("state", box, 2, "active");
}

/* It would record what it listed before: that the item is the other's. */
PLAN_TEST(a_worker_that_holds_the_mailbox_is_fenced_by_a_merge)
{
    one_synced();
    int64_t p = a_person(2);
    wanted(box, &p, 1, an_offer("q"));
    SQL("UPDATE mailbox SET lease_owner = 'w', lease_epoch = 7, lease_until = now() + '1 minute'");
    rekey(1, 2, true);
    cr_expect(eq(i64, COUNT("SELECT lease_epoch FROM mailbox"), 8));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM mailbox WHERE lease_until IS NULL"), 1));
    SQL("UPDATE mailbox SET lease_owner = 'w', lease_until = now() + '1 minute'");
    rekey(1, 2, true);
    cr_expect(eq(i64, COUNT("SELECT lease_epoch FROM mailbox"), 8), "nothing was moved");
}

/* The mailbox is to be listed anew: what has no item now has given it away. */
PLAN_TEST(what_gave_its_item_to_a_survivor_is_not_looked_for)
{
    one_synced();
    a_person(2);
    SQL("UPDATE mailbox SET folder_id = 'f', verified = 0");
    rekey(1, 2, true);
    COL("look_at IS NULL AND state = 'active' AND want IS NULL", box, 1, "true");
}

PLAN_TEST(a_merge_leaves_rows_with_open_writes_alone)
{
    one_synced();
    a_person(2);
    an_intent(1, "update");
    rekey(1, 2, false);
    COL("item_id", box, 1, "item-1");
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM link"), 1));
}

PLAN_TEST(a_merge_never_takes_the_survivors_own_item)
{
    one_synced();
    int64_t p = a_person(2);
    wanted(box, &p, 1, an_offer("q"));
    written(box);
    rekey(1, 2, false);
    COL("item_id", box, 1, "item-1");
    COL("item_id", box, 2, "item-2");
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
