/* ledger_pg against the contract, on a real PostgreSQL, and what only it can get wrong. */
#include "common/drv/ledger_pg.h"
#include "common/drv/ledger_pg_p.h"
#include "common/drv/pg.h"
#include "tests/contract/ledger_contract.c"
#include "tests/support/test_db.h"

static struct test_db *db;
static struct loop *loop;
static struct pg *pools[2];
static struct ledger *ledgers[2];

void fx_setup(void)
{
    db = test_db_new(true);
    loop = loop_new(clock_real());
    for (int i = 0; i < 2; i++) {
        const struct pg_options opt = {.dsn = test_db_dsn(db), .connections = 2, .by_key = true};
        pools[i] = pg_new(loop, &opt);
        ledgers[i] = ledger_pg_new(pools[i]);
    }
}

void fx_teardown(void)
{
    for (int i = 0; i < 2; i++) {
        ledger_free(ledgers[i]);
        pg_free(pools[i]);
    }
    loop_free(loop);
    test_db_free(db);
}

struct loop *fx_loop(void)
{
    return loop;
}

struct ledger *fx_ledger(int i)
{
    return ledgers[i];
}

void fx_free_ledger(int i)
{
    ledger_free(steal(ledgers[i]));
}

int64_t fx_mailbox(const char *address)
{
    return test_db_i64(db,
                       "INSERT INTO mailbox (address, address_fold, want_digest)"
                       " VALUES ('%s', '%s', '\\x01') RETURNING id",
                       address, address);
}

int64_t fx_person(const struct guid *key)
{
    char text[GUID_TEXT];
    guid_format(key, text);
    test_db_run(db, "INSERT INTO person (key) VALUES ('%s') ON CONFLICT DO NOTHING", text);
    return test_db_i64(db, "SELECT id FROM person WHERE key = '%s'", text);
}

static void key_of_person(int64_t p, struct guid *ret)
{
    const char *text = test_db_text(db, "SELECT key FROM person WHERE id = %lld", (long long)p);
    cr_assert(guid_parse(text, ret) == true);
}

void fx_want(int64_t mailbox, int64_t p, const char *body, const char *cats)
{
    long long m = mailbox, q = p;
    test_db_run(db, "INSERT INTO link (mailbox, person) VALUES (%lld, %lld) ON CONFLICT DO NOTHING",
                m, q);
    test_db_run(db, "UPDATE mailbox SET gen = gen + 1 WHERE id = %lld", m);
    test_db_run(db,
                "UPDATE link SET want = NULL, want_content = NULL, want_cats = NULL,"
                " gen = (SELECT gen FROM mailbox WHERE id = %lld)"
                " WHERE mailbox = %lld AND person = %lld",
                m, m, q);
    if (!body)
        return;
    struct guid key;
    struct sha256 content = hash_of(body), state;
    char content_hex[65], state_hex[65];
    key_of_person(p, &key);
    link_state_hash(&key, &content, cats, &state);
    hex_encode(&content, sizeof(content), content_hex);
    hex_encode(&state, sizeof(state), state_hex);
    test_db_run(db,
                "INSERT INTO content (hash, body) VALUES ('\\x%s', '%s') ON CONFLICT DO NOTHING",
                content_hex, body);
    test_db_run(db,
                "UPDATE link SET want = '\\x%s', want_content = '\\x%s', want_cats = '%s'"
                " WHERE mailbox = %lld AND person = %lld",
                state_hex, content_hex, cats, m, q);
}

void fx_set(int64_t mailbox, int64_t p, enum fx_set what, int64_t value)
{
    static const char *const states[] = {"active", "kept", "hidden"};
    long long m = mailbox, q = p;
    if (what == FX_HELD)
        test_db_run(db,
                    "WITH h AS (INSERT INTO hold (kind) VALUES ('total') RETURNING id)"
                    " UPDATE link SET hold = h.id FROM h"
                    " WHERE link.mailbox = %lld AND person = %lld",
                    m, q);
    else if (what == FX_STATE)
        test_db_run(db, "UPDATE link SET state = '%s' WHERE mailbox = %lld AND person = %lld",
                    states[value], m, q);
    else
        test_db_run(db, "UPDATE link SET %s WHERE mailbox = %lld AND person = %lld",
                    what == FX_URGENT ? "urgent = true" : "run = 42", m, q);
}

int64_t fx_get(int64_t mailbox, int64_t p, enum fx_get what)
{
    long long m = mailbox, q = p;
    switch (what) {
    case FX_JOURNAL_ROWS:
        return test_db_i64(
            db, "SELECT count(*) FROM journal WHERE mailbox = %lld AND person = %lld", m, q);
    case FX_JOURNAL_RUN:
        return test_db_i64(db, "SELECT run FROM journal WHERE mailbox = %lld AND person = %lld", m,
                           q);
    case FX_IS_URGENT:
        return test_db_i64(
            db, "SELECT urgent::int FROM link WHERE mailbox = %lld AND person = %lld", m, q);
    case FX_PLANNED:
        return test_db_i64(db, "SELECT (want_digest IS NOT NULL)::int FROM mailbox WHERE id = %lld",
                           m);
    case FX_STATE_NOW:
        return test_db_i64(db,
                           "SELECT array_position('{active,kept,hidden}', state) - 1 FROM link"
                           " WHERE mailbox = %lld AND person = %lld",
                           m, q);
    }
    return -1;
}

/* The past moves back instead of the clock going forward. */
void fx_pass(int64_t ms)
{
    test_db_run(db,
                "UPDATE mailbox SET lease_until = lease_until - d, flight_until = flight_until - d,"
                " parked_until = parked_until - d, legacy_since = legacy_since - d,"
                " photo_at = photo_at - d, photo_flight_until = photo_flight_until - d"
                " FROM (SELECT interval '%lld ms') AS t(d);"
                "UPDATE link SET retry_at = retry_at - d, look_at = look_at - d"
                " FROM (SELECT interval '%lld ms') AS t(d);"
                "UPDATE link_photo SET retry_at = retry_at - interval '%lld ms';"
                "UPDATE intent SET sent_at = sent_at - interval '%lld ms';"
                "UPDATE worker_beat SET until = until - interval '%lld ms'",
                (long long)ms, (long long)ms, (long long)ms, (long long)ms, (long long)ms);
}

void fx_photo(int64_t person_id, const char *jpeg, size_t len)
{
    struct sha256 h;
    char hex[65], value[80] = "NULL";
    sha256_of(jpeg, len, &h);
    hex_encode(&h, sizeof(h), hex);
    if (len) {
        snprintf(value, sizeof(value), "'\\x%s'", hex);
        test_db_run(db, "INSERT INTO photo (hash, jpeg) VALUES (%s, '%.*s') ON CONFLICT DO NOTHING",
                    value, (int)len, jpeg);
    }
    test_db_run(db,
                "INSERT INTO person_photo AS p (person, ref_id, read_at, got, hash)"
                " VALUES (%lld, 1, now(), true, %s)"
                " ON CONFLICT (person) DO UPDATE SET hash = excluded.hash;"
                "UPDATE mailbox SET photo_requested = photo_requested + 1, photo_at = NULL",
                (long long)person_id, value);
}

void fx_clear(int64_t mailbox)
{
    test_db_run(db, "UPDATE mailbox SET clear_requested = now(), clear_done = NULL WHERE id = %lld",
                (long long)mailbox);
}

void fx_restore(void)
{
    test_db_run(db, "UPDATE cluster SET generation = generation + 1");
}

void fx_break(void)
{
    test_db_kick(db);
}

/* ---- PostgreSQL only ---- */

static struct answer *release_begin(struct ledger_lease lease, int64_t poke)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->release(fx_ledger(0), lease, poke, 0, NULL, on_done, a);
    return a;
}

/* Turns the loop until another session waits for a lock of ours. */
static void until_somebody_waits(void)
{
    for (;;) {
        test_db_run(db, "SELECT pg_stat_clear_snapshot()"); /* else the first look lasts */
        if (test_db_i64(db, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            " AND datname = current_database()"))
            return;
        loop_turn(loop, 10);
    }
}

CASE(a_release_that_waited_for_the_planner_sees_its_rows)
{
    struct ledger_lease lease = taken();
    int64_t p = person(1);
    test_db_run(db, "BEGIN; SELECT 1 FROM mailbox WHERE id = %lld FOR UPDATE", (long long)box);
    struct answer *a = release_begin(lease, 0);
    until_somebody_waits();
    fx_want(box, p, ANN, "");
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_MORE));
}

CASE(a_release_that_waited_for_a_poke_sees_it)
{
    struct ledger_lease lease = taken();
    test_db_run(db, "BEGIN; UPDATE mailbox SET poke = poke + 1 WHERE id = %lld", (long long)box);
    struct answer *a = release_begin(lease, 0);
    until_somebody_waits();
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_MORE));
}

CASE(a_take_that_waited_for_a_release_is_granted)
{
    struct ledger_lease lease = taken();
    test_db_run(db,
                "BEGIN; UPDATE mailbox SET lease_until = NULL, lease_owner = NULL"
                " WHERE id = %lld",
                (long long)box);
    struct answer *a = answer_new();
    fx_ledger(1)->ops->take(fx_ledger(1), box, "worker-b", TTL, on_taken, a);
    until_somebody_waits();
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_OK));
    cr_expect(eq(i64, a->mb.lease.epoch, lease.epoch + 1));
}

CASE(a_take_that_waited_for_another_take_is_busy_and_pokes)
{
    test_db_run(db,
                "BEGIN; UPDATE mailbox SET lease_until = now() + interval '1 minute',"
                " lease_owner = 'x', lease_epoch = lease_epoch + 1 WHERE id = %lld",
                (long long)box);
    struct answer *a = answer_new();
    fx_ledger(1)->ops->take(fx_ledger(1), box, "worker-b", TTL, on_taken, a);
    until_somebody_waits();
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_BUSY));
    cr_expect(eq(i64, test_db_i64(db, "SELECT poke FROM mailbox"), 1));
}

CASE(a_record_that_waited_is_fenced_by_what_it_waited_for)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_result r = written(1, ANN);
    test_db_run(db, "BEGIN; UPDATE mailbox SET lease_epoch = lease_epoch + 1");
    struct answer *a = answer_new();
    fx_ledger(0)->ops->record(fx_ledger(0), lease, &r, 1, true, on_done, a);
    until_somebody_waits();
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_FENCED));
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM link WHERE have IS NOT NULL"), 0));
}

CASE(a_dead_mark_that_waited_for_the_planner_spares_the_new_want)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_result r = result(1, "dead");
    r.dead = r.clear_intent = true;
    test_db_run(db, "BEGIN; SELECT 1 FROM mailbox WHERE id = %lld FOR UPDATE", (long long)box);
    struct answer *a = answer_new();
    fx_ledger(0)->ops->record(fx_ledger(0), lease, &r, 1, true, on_done, a);
    until_somebody_waits();
    fx_want(box, in.person, BEN, "");
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_OK));
    cr_expect(eq(sz, due(lease), 1));
}

CASE(content_that_was_erased_during_the_write_does_not_stop_the_record)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    test_db_run(db, "UPDATE link SET want = NULL, want_content = NULL;"
                    "UPDATE intent SET content = NULL; DELETE FROM content");
    struct ledger_result r = written(1, ANN);
    cr_expect(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].have.set == true);
    cr_expect(rows->links[0].have.body == NULL);
}

CASE(two_mailboxes_that_find_one_folder_at_once_conflict)
{
    struct ledger_lease a = taken();
    int64_t first = box;
    box = fx_mailbox("ann.decker@church.example");
    struct ledger_lease b = take(1)->mb.lease;
    test_db_run(db, "BEGIN; UPDATE mailbox SET folder_id = 'F' WHERE id = %lld", (long long)first);
    struct answer *x = answer_new();
    fx_ledger(1)->ops->identify(fx_ledger(1), b, "F", "15.1", on_done, x);
    until_somebody_waits();
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(x)->st, LEDGER_CONFLICT));
    (void)a;
}

CASE(a_person_who_is_made_elsewhere_meanwhile_is_adopted_all_the_same)
{
    struct ledger_lease lease = taken();
    struct guid key = key_of(5);
    char text[GUID_TEXT];
    test_db_run(db, "BEGIN; INSERT INTO person (key) VALUES ('%s')", guid_format(&key, text));
    struct ledger_found f = {key, "item-5", "v", false};
    struct answer *a = answer_new();
    fx_ledger(0)->ops->adopt(fx_ledger(0), lease, &f, 1, true, on_done, a);
    until_somebody_waits();
    test_db_run(db, "COMMIT");
    cr_expect(eq(int, wait_for(a)->st, LEDGER_OK));
    cr_expect(eq(sz, known(lease)->n, 1));
}

CASE(due_rows_are_found_by_their_index)
{
    test_db_run(db,
                "INSERT INTO person (key) SELECT gen_random_uuid() FROM generate_series(1, 5000);"
                "INSERT INTO link (mailbox, person) SELECT %lld, id FROM person;"
                "ANALYZE link, intent, person, content",
                (long long)box);
    test_db_run(db, "SET plan_cache_mode = force_generic_plan; PREPARE load AS %s",
                ledger_sql_load.sql);
    const char *plan =
        test_db_text(db, "EXPLAIN (FORMAT JSON) EXECUTE load(%lld, 50)", (long long)box);
    cr_expect(strstr(plan, "link_dirty") != NULL, "%s", plan);
    cr_expect(strstr(plan, "Seq Scan on link") == NULL, "%s", plan);
}

int main(int argc, char **argv)
{
    if (!test_db_available())
        return test_db_skip();
    struct criterion_test_set *tests = criterion_initialize();
    int status = 1;
    if (criterion_handle_args(argc, argv, true))
        status = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return status;
}
