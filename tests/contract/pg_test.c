/* pg and migrate against a real PostgreSQL: values, pipelines, loss and return of connections. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "common/drv/migrate.h"
#include "common/drv/pg_session.h"
#include "common/net/loop.h"
#include "tests/support/test_db.h"

static struct test_db *db;
static struct loop *loop;
static struct pg *pg;
static struct err err;

static void open_pool(unsigned connections)
{
    const struct pg_options opt = {.dsn = test_db_dsn(db), .connections = connections};
    pg = pg_new(loop, &opt);
}

static void setup(void)
{
    db = test_db_new(false);
    loop = loop_new(clock_real());
    open_pool(2);
}

static void teardown(void)
{
    pg_free(pg);
    loop_free(loop);
    test_db_free(db);
}

#define PG_TEST(name) Test(pg, name, .init = setup, .fini = teardown, .timeout = 60)

static struct pg_result *call(const struct pg_stmt *s, const struct pg_params *p)
{
    struct pg_result *r = NULL;
    cr_assert(eq(int, pg_call(pg, s, p, &r, &err), 0), "%s", err.text);
    return r;
}

PG_TEST(values_come_back_as_they_were_sent)
{
    static const struct pg_stmt echo = {
        "echo", "SELECT $1::bigint, $2::integer, $3::boolean, $4::text, $5::bytea, $6::uuid,"
                " $7::timestamptz, $8::text, $9::text, -$2::integer::smallint"};
    struct guid g = {{1, 2, 3, 255}}, g2;
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, INT64_MIN);
    pg_put_i32(&p, 7);
    pg_put_bool(&p, true);
    pg_put_text(&p, "a\xc3\xa9'\\");
    pg_put_bytes(&p, "\0\1\2", 3);
    pg_put_uuid(&p, &g);
    pg_put_ms(&p, 1764000000123);
    pg_put_text(&p, NULL);
    pg_put_text(&p, "");
    autoptr(pg_result_free) struct pg_result *r = call(&echo, &p);
    cr_expect(eq(i64, pg_i64(r, 0, 0), INT64_MIN));
    cr_expect(eq(i64, pg_i64(r, 0, 1), 7));
    cr_expect(eq(i64, pg_i64(r, 0, 9), -7));
    cr_expect(pg_bool(r, 0, 2) == true);
    cr_expect(eq(int, strcmp(pg_text(r, 0, 3), "a\xc3\xa9'\\"), 0));
    size_t n;
    const void *b = pg_bytes(r, 0, 4, &n);
    cr_assert(eq(sz, n, 3));
    cr_expect(eq(int, memcmp(b, "\0\1\2", 3), 0));
    cr_expect(pg_uuid(r, 0, 5, &g2) == true);
    cr_expect(eq(int, guid_cmp(&g, &g2), 0));
    cr_expect(eq(i64, pg_ms(r, 0, 6), 1764000000123));
    cr_expect(pg_null(r, 0, 7) == true);
    cr_expect(pg_null(r, 0, 8) == false);
    cr_expect(pg_null(r, 1, 0) == true);
}

PG_TEST(times_before_2000_and_infinite_ones_are_read)
{
    static const struct pg_stmt s = {
        "times", "SELECT '1999-12-31T23:59:59.9995Z'::timestamptz, '-infinity'::timestamptz,"
                 " 'infinity'::timestamptz"};
    autoptr(pg_result_free) struct pg_result *r = call(&s, NULL);
    cr_expect(eq(i64, pg_ms(r, 0, 0), 946684799999));
    cr_expect(eq(i64, pg_ms(r, 0, 1), INT64_MIN));
    cr_expect(eq(i64, pg_ms(r, 0, 2), INT64_MAX));
}

PG_TEST(arrays_of_every_type_unnest)
{
    static const struct pg_stmt s = {
        "arrays",
        "SELECT a, b, c, d, e, f FROM unnest($1::bigint[], $2::text[], $3::bytea[],"
        " $4::uuid[], $5::boolean[], $6::integer[]) WITH ORDINALITY AS t(a, b, c, d, e, f, n)"
        " ORDER BY n"};
    struct guid g = {{9}};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_array(&p, PG_INT8);
    pg_put_i64(&p, 1);
    pg_put_null(&p, PG_INT8);
    pg_array_end(&p);
    pg_array(&p, PG_TEXT);
    pg_put_text(&p, NULL);
    pg_put_text(&p, "two");
    pg_array_end(&p);
    pg_array(&p, PG_BYTEA);
    pg_put_bytes(&p, "", 0);
    pg_put_bytes(&p, "\xff", 1);
    pg_array_end(&p);
    pg_array(&p, PG_UUID);
    pg_put_uuid(&p, &g);
    pg_put_uuid(&p, &g);
    pg_array_end(&p);
    pg_array(&p, PG_BOOL);
    pg_put_bool(&p, false);
    pg_put_bool(&p, true);
    pg_array_end(&p);
    pg_array(&p, PG_INT4);
    pg_put_i32(&p, -1);
    pg_put_i32(&p, 2);
    pg_array_end(&p);
    autoptr(pg_result_free) struct pg_result *r = call(&s, &p);
    cr_assert(eq(sz, pg_rows(r), 2));
    cr_expect(eq(i64, pg_i64(r, 0, 0), 1));
    cr_expect(pg_null(r, 1, 0) == true);
    cr_expect(pg_null(r, 0, 1) == true);
    cr_expect(eq(str, (char *)(uintptr_t)pg_text(r, 1, 1), "two"));
    cr_expect(pg_null(r, 0, 2) == false);
    cr_expect(pg_bool(r, 1, 4) == true);
    cr_expect(eq(i64, pg_i64(r, 0, 5), -1));
}

PG_TEST(an_empty_array_has_no_rows)
{
    static const struct pg_stmt s = {"empty", "SELECT * FROM unnest($1::bigint[])"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_array(&p, PG_INT8);
    pg_array_end(&p);
    autoptr(pg_result_free) struct pg_result *r = call(&s, &p);
    cr_expect(eq(sz, pg_rows(r), 0));
}

PG_TEST(a_step_that_fails_undoes_the_steps_before_it)
{
    static const struct pg_stmt add = {"add", "INSERT INTO t SELECT 1"};
    static const struct pg_stmt bad = {"bad", "SELECT 1 / (count(*) - count(*)) FROM t"};
    test_db_run(db, "CREATE TABLE t (a int)");
    const struct pg_step steps[] = {{&add, NULL}, {&bad, NULL}, {&add, NULL}};
    cr_assert(eq(int, pg_call_steps(pg, steps, 3, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.22012"));
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM t"), 0));
    cr_assert(eq(int, pg_call_steps(pg, steps, 1, NULL, &err), 0));
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM t"), 1));
}

PG_TEST(errors_do_not_show_values)
{
    static const struct pg_stmt add = {"add", "INSERT INTO t VALUES ($1::text)"};
    static const struct pg_stmt cast = {"cast", "SELECT $1::text::integer"};
    test_db_run(db, "CREATE TABLE t (a text PRIMARY KEY)");
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_text(&p, "Grace Example");
    cr_assert(eq(int, pg_call(pg, &add, &p, NULL, &err), 0));
    cr_assert(eq(int, pg_call(pg, &add, &p, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.23505"));
    cr_expect(strstr(err.text, "Grace") == NULL);
    cr_assert(eq(int, pg_call(pg, &cast, &p, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.22P02"));
    cr_expect(strstr(err.text, "Grace") == NULL);
}

PG_TEST(a_statement_that_cannot_be_prepared_says_why_each_time)
{
    static const struct pg_stmt s = {"later", "SELECT a FROM made_later"};
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, pg_call(pg, &s, NULL, NULL, &err), -1));
        cr_expect(eq(str, err.code, "pg.42P01"));
    }
    test_db_run(db, "CREATE TABLE made_later (a int)");
    pg_result_free(call(&s, NULL));
}

PG_TEST(commits_are_durable_whatever_the_server_prefers)
{
    test_db_run(db, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET synchronous_commit = off',"
                    " current_database()); END $$");
    pg_free(pg);
    open_pool(1);
    static const struct pg_stmt s = {"show", "SELECT current_setting('synchronous_commit')"};
    autoptr(pg_result_free) struct pg_result *r = call(&s, NULL);
    cr_expect(eq(str, (char *)(uintptr_t)pg_text(r, 0, 0), "on"));
}

struct answers {
    int ok, error, away;
    bool all;
    int want;
};

static void count(enum pg_status st, const struct pg_result *r, const struct err *e, void *user)
{
    (void)r;
    (void)e;
    struct answers *a = user;
    a->ok += st == PG_OK;
    a->error += st == PG_ERROR;
    a->away += st == PG_AWAY;
    a->all = a->ok + a->error + a->away == a->want;
}

static const struct pg_stmt one = {"one", "SELECT 1"};
static const struct pg_stmt take_lock = {"lock", "SELECT a FROM t WHERE a = 1 FOR UPDATE"};

PG_TEST(a_lock_wait_holds_up_one_connection_only)
{
    test_db_run(db, "CREATE TABLE t AS SELECT 1 AS a");
    while (test_db_i64(db, "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle'"
                           " AND datname = current_database()") < 2)
        loop_turn(loop, 10);
    loop_turn(loop, 10);
    test_db_run(db, "BEGIN; SELECT a FROM t FOR UPDATE");
    struct answers blocked = {.want = 1};
    pg_exec(pg, &take_lock, NULL, count, &blocked);
    for (int i = 0; i < 20; i++)
        cr_assert(eq(int, pg_call(pg, &one, NULL, NULL, &err), 0));
    cr_expect(eq(int, blocked.ok, 0));
    test_db_run(db, "COMMIT");
    cr_assert(eq(int, loop_wait(loop, &blocked.all, 10000), 0));
    cr_expect(eq(int, blocked.ok, 1));
}

PG_TEST(more_calls_than_fit_are_all_answered)
{
    struct answers a = {.want = 1000};
    for (int i = 0; i < a.want; i++)
        pg_exec(pg, &one, NULL, count, &a);
    cr_expect(eq(int, a.ok, 0), "no callback from inside the call");
    cr_assert(eq(int, loop_wait(loop, &a.all, 20000), 0));
    cr_expect(eq(int, a.ok, 1000));
}

PG_TEST(a_lost_connection_ends_its_calls_as_away_and_comes_back)
{
    static const struct pg_stmt sleep_long = {"sleep", "SELECT pg_sleep(50)"};
    cr_assert(eq(int, pg_call(pg, &one, NULL, NULL, &err), 0));
    struct answers a = {.want = 4};
    for (int i = 0; i < a.want; i++)
        pg_exec(pg, &sleep_long, NULL, count, &a);
    test_db_kick(db);
    cr_assert(eq(int, loop_wait(loop, &a.all, 10000), 0));
    cr_expect(eq(int, a.away, 4));
    struct answers back = {0};
    while (back.ok == 0) {
        back = (struct answers){.want = 1};
        pg_exec(pg, &one, NULL, count, &back);
        cr_assert(eq(int, loop_wait(loop, &back.all, 10000), 0));
        loop_turn(loop, 20);
    }
    cr_expect(pg_healthy(pg) == true);
}

PG_TEST(without_a_server_calls_end_as_away)
{
    const struct pg_options opt = {.dsn = "host=127.0.0.1 port=1 dbname=none", .connections = 2};
    autoptr(pg_free) struct pg *none = pg_new(loop, &opt);
    cr_assert(eq(int, pg_call(none, &one, NULL, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.away"));
    cr_expect(eq(int, (int)err.when, WHEN_UNKNOWN));
    cr_assert(eq(int, pg_call(none, &one, NULL, NULL, &err), -1));
    cr_expect(pg_healthy(none) == false);
}

PG_TEST(an_unreadable_dsn_is_an_error_without_its_password)
{
    const struct pg_options opt = {.dsn = "host=127.0.0.1 password='secret", .connections = 1};
    autoptr(pg_free) struct pg *none = pg_new(loop, &opt);
    cr_assert(eq(int, pg_call(none, &one, NULL, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.away"));
    cr_expect(strstr(err.text, "secret") == NULL);
}

static void free_pool(enum pg_status st, const struct pg_result *r, const struct err *e, void *user)
{
    (void)st;
    (void)r;
    (void)e;
    *(bool *)user = true;
    pg_free(pg);
    pg = NULL;
}

PG_TEST(the_pool_may_be_freed_inside_a_callback)
{
    bool freed = false;
    struct answers a = {.want = 9};
    pg_exec(pg, &one, NULL, free_pool, &freed);
    for (int i = 0; i < 8; i++)
        pg_exec(pg, &one, NULL, count, &a);
    cr_assert(eq(int, loop_wait(loop, &freed, 10000), 0));
    while (loop_turn(loop, 0) > 0)
        ;
}

PG_TEST(a_silent_server_is_given_up)
{
    pg_free(pg);
    const struct pg_options opt = {
        .dsn = test_db_dsn(db), .connections = 1, .answer_timeout_ms = 300};
    pg = pg_new(loop, &opt);
    static const struct pg_stmt sleep_long = {"sleep", "SELECT pg_sleep(50)"};
    cr_assert(eq(int, pg_call(pg, &sleep_long, NULL, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.away"));
}

PG_TEST(a_pool_by_key_reads_no_whole_table_however_cheap_it_looks)
{
    static const struct pg_stmt plan = {"plan", "EXPLAIN SELECT FROM t WHERE a = 1"};
    test_db_run(db, "CREATE TABLE t (a int PRIMARY KEY)");
    test_db_run(db, "VACUUM t"); /* empty, by its statistics */
    for (int by_key = 0; by_key < 2; by_key++) {
        pg_free(pg);
        const struct pg_options opt = {.dsn = test_db_dsn(db), .connections = 1, .by_key = by_key};
        pg = pg_new(loop, &opt);
        struct pg_result *r = NULL;
        cr_assert(eq(int, pg_call(pg, &plan, NULL, &r, &err), 0));
        cr_expect(eq(int, strstr(pg_text(r, 0, 0), "Index") != NULL, by_key), "%s",
                  pg_text(r, 0, 0));
        pg_result_free(r);
    }
}

PG_TEST(a_session_holds_its_transaction_and_loses_it_when_freed)
{
    static const struct pg_stmt add = {"add", "INSERT INTO t VALUES ($1::integer)"};
    test_db_run(db, "CREATE TABLE t (a int)");
    struct pg_session *s = pg_session_open(pg, &err);
    cr_assert(s != NULL);
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i32(&p, 5);
    cr_assert(eq(int, pg_session_run(s, "BEGIN", &err), 0));
    cr_assert(eq(int, pg_session_call(s, &add, &p, NULL, &err), 0));
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM t"), 0));
    cr_assert(eq(int, pg_session_run(s, "COMMIT", &err), 0));
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM t"), 1));
    cr_assert(eq(int, pg_session_run(s, "BEGIN; DELETE FROM t", &err), 0));
    pg_session_free(s);
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM t"), 1));
}

PG_TEST(a_session_survives_a_failed_statement_and_not_a_lost_connection)
{
    struct pg_session *s = pg_session_open(pg, &err);
    cr_assert(s != NULL);
    cr_assert(eq(int, pg_session_run(s, "SELECT nothing_here", &err), -1));
    cr_expect(eq(str, err.code, "pg.42703"));
    cr_assert(eq(int, pg_session_call(s, &one, NULL, NULL, &err), 0));
    test_db_kick(db);
    cr_assert(eq(int, pg_session_call(s, &one, NULL, NULL, &err), -1));
    cr_expect(eq(str, err.code, "pg.away"));
    cr_expect(pg_session_alive(s) == false);
    pg_session_free(s);
}

PG_TEST(copy_takes_rows_in_bulk_and_reports_bad_ones)
{
    test_db_run(db, "CREATE TABLE t (a int, b text)");
    autoptr(pg_session_free) struct pg_session *s = pg_session_open(pg, &err);
    cr_assert(s != NULL);
    enum { N = 200000 };
    autofree char *data = xalloc(N * 16 + 1);
    size_t n = 0;
    for (int i = 0; i < N; i++)
        n += (size_t)snprintf(data + n, 16, "%d\tx%d\n", i % 1000, i % 1000);
    cr_assert(eq(int, pg_session_copy(s, "COPY t FROM STDIN", data, n, &err), 0), "%s", err.text);
    cr_expect(eq(i64, test_db_i64(db, "SELECT count(*) FROM t"), N));
    cr_assert(eq(int, pg_session_copy(s, "COPY t FROM STDIN", "oops\n", 5, &err), -1));
    cr_assert(eq(int, pg_session_call(s, &one, NULL, NULL, &err), 0));
}

struct heard {
    int resumed, said;
    bool done, connected;
};

static void hear(const char *payload, void *user)
{
    struct heard *h = user;
    h->resumed += !payload;
    h->said += payload && strcmp(payload, "hello") == 0;
    h->connected = h->resumed > 0;
    h->done = h->said > 0;
}

PG_TEST(notifications_are_heard_and_listening_resumes_after_a_loss)
{
    struct heard h = {0};
    pg_listen(pg, "runs", hear, &h);
    cr_assert(eq(int, loop_wait(loop, &h.connected, 10000), 0));
    test_db_run(db, "NOTIFY runs, 'hello'; NOTIFY other, 'hello'");
    cr_assert(eq(int, loop_wait(loop, &h.done, 10000), 0));
    cr_expect(eq(int, h.said, 1));
    h.connected = false;
    test_db_kick(db);
    while (h.resumed < 2)
        loop_turn(loop, 100);
    h.done = false;
    test_db_run(db, "NOTIFY runs, 'hello'");
    cr_assert(eq(int, loop_wait(loop, &h.done, 10000), 0));
    cr_expect(eq(int, h.said, 2));
}

PG_TEST(migrate_fills_an_empty_database_once)
{
    int from = -1, to = -1;
    cr_assert(eq(int, migrate_check(pg, &err), -1));
    cr_expect(eq(str, err.code, "migrate.version"));
    cr_expect(strstr(err.text, "contact-sync migrate") != NULL);
    cr_assert(eq(int, migrate_run(pg, &from, &to, &err), 0), "%s", err.text);
    cr_expect(eq(int, from, 0));
    cr_expect(eq(int, to, (int)migrate_script_count));
    cr_assert(eq(int, migrate_check(pg, &err), 0), "%s", err.text);
    cr_assert(eq(int, migrate_run(pg, &from, &to, &err), 0), "%s", err.text);
    cr_expect(eq(int, from, to));
}

PG_TEST(migrate_refuses_another_text_of_an_applied_version)
{
    int from, to;
    cr_assert(eq(int, migrate_run(pg, &from, &to, &err), 0));
    test_db_run(db, "UPDATE schema_version SET checksum = sha256('x') WHERE version = 1");
    cr_assert(eq(int, migrate_run(pg, &from, &to, &err), -1));
    cr_expect(eq(str, err.code, "migrate.checksum"));
    cr_assert(eq(int, migrate_check(pg, &err), -1));
}

PG_TEST(a_program_accepts_the_next_schema_version_and_not_the_one_after)
{
    int from, to;
    cr_assert(eq(int, migrate_run(pg, &from, &to, &err), 0));
    test_db_run(
        db, "INSERT INTO schema_version SELECT max(version) + 1, 'next', '' FROM schema_version");
    cr_expect(eq(int, migrate_check(pg, &err), 0));
    cr_expect(eq(int, migrate_run(pg, &from, &to, &err), -1));
    cr_expect(eq(str, err.code, "migrate.newer"));
    test_db_run(
        db, "INSERT INTO schema_version SELECT max(version) + 1, 'next', '' FROM schema_version");
    cr_expect(eq(int, migrate_check(pg, &err), -1));
    cr_expect(eq(str, err.code, "migrate.version"));
}

PG_TEST(after_a_restore_every_mailbox_is_listed_and_planned_again)
{
    int from, to;
    cr_assert(eq(int, migrate_run(pg, &from, &to, &err), 0));
    test_db_run(
        db, "INSERT INTO mailbox (address, address_fold, gen, want_digest, verified, lease_owner,"
            " lease_epoch, lease_until, parked_until, parked_why, park_attempts)"
            " VALUES ('a@church.example', 'a@church.example', 4, '\\x01', 1, 'w', 7,"
            " now() + interval '1 minute', now() + interval '1 day', 'quota', 3)");
    cr_assert(eq(int, migrate_after_restore(pg, 120000, &err), 0), "%s", err.text);
    cr_expect(eq(i64,
                 test_db_i64(db, "SELECT count(*) FROM mailbox, cluster WHERE verified < generation"
                                 " AND want_digest IS NULL AND lease_until IS NULL"
                                 " AND parked_until IS NULL AND park_attempts = 0"
                                 " AND lease_epoch > 1000 AND gen > 1000"
                                 " AND flight_until > now() + interval '100 s'"),
                 1));
}

int main(int argc, char **argv)
{
    if (!test_db_available())
        return test_db_skip();
    struct criterion_test_set *tests = criterion_initialize();
    int result = 1;
    if (criterion_handle_args(argc, argv, true))
        result = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return result;
}
