#include <criterion/hooks.h>

#include "common/drv/endpoint_pg.h"
#include "common/drv/pg.h"
#include "tests/contract/endpoint_contract.h"
#include "tests/support/test_db.h"

static struct test_db *db;
static struct pg *pg;

static void up(void)
{
    db = test_db_new(true);
    test_db_run(db, "INSERT INTO mailbox (id, address, address_fold) VALUES"
                    " (1, 'a@church.example', 'a@church.example'),"
                    " (2, 'b@church.example', 'b@church.example')");
    loop = loop_new(clock_real());
    const struct pg_options opt = {.dsn = test_db_dsn(db), .connections = 1};
    pg = pg_new(loop, &opt);
    cache = endpoint_pg_new(pg);
}

/* What was asked before is answered before, on one connection: no answer is still out. */
static void drain(void)
{
    static const struct pg_stmt stmt = {"endpoint_test_drain", "SELECT 1"};
    struct err err;
    (void)!pg_call(pg, &stmt, NULL, NULL, &err);
}

static void down(void)
{
    endpoint_cache_free(cache);
    drain();
    pg_free(pg);
    loop_free(loop);
    test_db_free(db);
}

TestSuite(endpoint, .init = up, .fini = down, .timeout = 120);

Test(endpoint, ages_are_the_databases)
{
    put(1, "church.example", "https://a/", NULL, NULL);
    test_db_run(db, "UPDATE endpoint SET found_at = now() - interval '8 days',"
                    " failed_at = now() - interval '1 hour'");
    struct got g = get(1, "church.example");
    cr_expect(g.age_ms / 1000 / 3600 == 8 * 24 && g.tried_ms / 1000 / 3600 == 1);
}

Test(endpoint, goes_with_its_mailbox)
{
    put(1, "church.example", "https://a/", NULL, NULL);
    test_db_run(db, "DELETE FROM mailbox WHERE id = 1");
    cr_expect(test_db_i64(db, "SELECT count(*) FROM endpoint") == 0);
}

Test(endpoint, a_database_that_is_away_is_an_error)
{
    struct got g = {0};
    get(1, "church.example");
    cache->ops->get(cache, 1, "church.example", on_got, &g);
    test_db_kick(db);
    cr_expect(wait_for(&g).done);
}
int main(int argc, char **argv)
{
    if (!test_db_available())
        return test_db_skip();
    struct criterion_test_set *tests = criterion_initialize();
    int code = criterion_handle_args(argc, argv, true) ? !criterion_run_all_tests(tests) : 0;
    criterion_finalize(tests);
    return code;
}
