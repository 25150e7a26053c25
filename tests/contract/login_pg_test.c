/* login_pg against the contract, on a real PostgreSQL, and what only it can get wrong. */
#include <criterion/hooks.h>
#include <stdio.h>

#include "common/drv/login_pg.h"
#include "common/drv/pg.h"
#include "common/drv/version_pg.h"
#include "tests/contract/login_contract.h"
#include "tests/support/test_db.h"

static struct test_db *db;
static struct pg *pools[2];

static void set_up(void)
{
    db = test_db_new(true);
    loop = loop_new(clock_real());
    for (int i = 0; i < 2; i++) {
        const struct pg_options opt = {.dsn = test_db_dsn(db), .connections = 2};
        pools[i] = pg_new(loop, &opt);
        logins[i] = login_pg_new(pools[i]);
    }
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++) {
        pg_free(pools[i]);
        login_free(logins[i]);
    }
    loop_free(loop);
    test_db_free(db);
}

static void resume(int64_t want_accounts, int64_t want_mailboxes)
{
    struct err err;
    int64_t accounts = -1, mailboxes = -1;
    cr_assert(eq(int, login_pg_resume(pools[0], "auth.refused", &accounts, &mailboxes, &err), 0));
    cr_expect(eq(long, accounts, want_accounts));
    cr_expect(eq(long, mailboxes, want_mailboxes));
}

static void resume_all(void)
{
    resume(1, 0);
}

TestSuite(login, .init = set_up, .fini = tear_down, .timeout = 120);

Test(login, two_at_the_same_moment_never_both_try)
{
    for (int round = 0; round < 30; round++) {
        struct heard h[2] = {0};
        test_db_run(db, "DELETE FROM login");
        logins[0]->ops->ask(logins[0], &one, hear, &h[0]);
        logins[1]->ops->ask(logins[1], &two, hear, &h[1]);
        enum login_answer a = wait_for(&h[0]);
        if (!h[1].done)
            cr_assert(eq(int, loop_wait(loop, &h[1].done, WAIT_MS), 0));
        cr_expect(eq(int, (a == LOGIN_TRY) + (h[1].a == LOGIN_TRY), 1), "round %d", round);
    }
}

Test(login, one_that_died_while_trying_is_not_waited_for_for_ever)
{
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(ask(&two), LOGIN_WAIT);
    test_db_run(db, "UPDATE login SET try_until = now() - interval '1 s'");
    EXPECT(ask(&two), LOGIN_TRY);
}

Test(login, what_was_proven_long_ago_is_tried_anew)
{
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_ACCEPTED), LOGIN_GO);
    test_db_run(db, "UPDATE login SET proven_at = now() - interval '1 day'");
    EXPECT(ask(&two), LOGIN_TRY);
    EXPECT(ask(&one), LOGIN_WAIT);
}

Test(login, resuming_makes_its_own_parked_mailboxes_due_and_no_others)
{
    resume(0, 0);
    test_db_run(db, "INSERT INTO mailbox (address, address_fold, parked_until, parked_why) VALUES"
                    " ('a', 'a', now() + interval '1 h', 'auth.refused'),"
                    " ('b', 'b', now() + interval '1 h', 'ews.ErrorQuotaExceeded')");
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_WAIT);
    EXPECT(ask(&one), LOGIN_TRY);
    EXPECT(report(&one, LOGIN_REFUSED), LOGIN_STOPPED);
    resume(1, 1);
    cr_expect(
        eq(long, test_db_i64(db, "SELECT count(*) FROM mailbox WHERE parked_until > now()"), 1));
}

struct seen {
    int n;
    int64_t mailbox;
    char version[64];
};

static void see(int64_t mailbox, const char *version, void *user)
{
    struct seen *s = user;
    s->n++;
    s->mailbox = mailbox;
    snprintf(s->version, sizeof(s->version), "%s", version);
}

Test(login, versions_of_mailboxes_are_remembered)
{
    struct seen seen = {0};
    struct err err;
    int64_t id = test_db_i64(
        db,
        "INSERT INTO mailbox (address, address_fold) VALUES ('a', 'a'), ('b', 'b') RETURNING id");
    version_pg_remember(pools[0], id, "Exchange2010_SP2");
    EXPECT(ask(&one), LOGIN_TRY); /* behind it on the same pool */
    for (int i = 0; i < 100 && !seen.n; i++)
        cr_assert(eq(int, version_pg_each(pools[0], see, &seen, &err), 0));
    cr_expect(eq(int, seen.n, 1));
    cr_expect(eq(long, seen.mailbox, id));
    cr_expect(eq(str, seen.version, "Exchange2010_SP2"));
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
