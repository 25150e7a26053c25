/* probe_pg: tests of mailboxes as rows, and the desk that runs them. */
#include "common/base/metrics.h"

#include "common/core/checkup.h"
#include "common/drv/hand_pg.h"
#include "common/drv/probe_pg.h"
#include "tests/contract/plan_store_fixture.h"
#include "worker/probe_desk.h"

#define PROBE_TEST(name) Test(probe_pg, name, .init = fx_setup, .fini = fx_teardown)

static int64_t box;
static struct probe_book *book;

struct claimed {
    bool told;
    int64_t id;
    char address[64];
};

static void on_claimed(int64_t id, const char *address, void *user)
{
    struct claimed *c = user;
    c->told = true;
    c->id = id;
    snprintf(c->address, sizeof(c->address), "%s", address ? address : "");
}

static struct claimed claim(int64_t mailbox, const struct guid *runner, uint32_t alive_ms)
{
    struct claimed c = {0};
    probe_book_claim(book, mailbox, runner, alive_ms, on_claimed, &c);
    cr_assert_not(c.told, "not from inside");
    cr_assert(eq(int, loop_wait(loop, &c.told, 5000), 0));
    return c;
}

static int64_t asked(const char *by)
{
    int64_t id = 0;
    OK(probe_pg_ask(pools[0], box, by, &id, &err));
    return id;
}

static struct probe_state state(int64_t id)
{
    struct probe_state s;
    OK(probe_pg_state(pools[0], arena, id, &s, &err));
    return s;
}

static void wrote(int64_t id, const struct guid *runner, const char *answer, bool done)
{
    probe_book_write(book, id, runner, 20000, answer, true, done);
    for (int i = 0; i < 200 && strcmp(state(id).answer, answer) != 0; i++)
        ;
}

PROBE_TEST(two_who_ask_at_once_get_one_test_and_later_another)
{
    box = a_mailbox("pat@church.example");
    int64_t first = asked("cli");
    cr_expect(eq(i64, asked("pat"), first));
    cr_expect_not(state(first).begun);
    SQL("UPDATE probe SET done_at = now(), ok = true");
    cr_expect(ne(i64, asked("pat"), first));
    SQL("UPDATE probe SET requested_at = now() - interval '16 minutes' WHERE done_at IS NULL");
    int64_t third = asked("pat");
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM probe WHERE done_at IS NULL"), 1));
    cr_expect_not(state(third).done);
    cr_expect(eq(int, probe_pg_ask(pools[0], box + 1, "cli", &third, &err), -1));
    cr_expect(eq(str, err.code, (char *)(uintptr_t) "user.unknown"));
}

PROBE_TEST(one_runs_it_and_who_lost_it_writes_nothing)
{
    struct guid a, b;
    guid_random(&a);
    guid_random(&b);
    book = probe_book_new(pools[1]);
    box = a_mailbox("pat@church.example");
    int64_t id = asked("cli");
    cr_expect(eq(i64, claim(box + 1, &a, 20000).id, 0));
    struct claimed c = claim(box, &a, 20000);
    cr_expect(eq(i64, c.id, id));
    cr_expect(eq(str, c.address, (char *)(uintptr_t) "pat@church.example"));
    cr_expect(eq(i64, claim(box, &b, 20000).id, 0), "somebody runs it");
    wrote(id, &a, "{\"ok\": true, \"steps\": [1]}", false);
    cr_expect(state(id).begun && !state(id).done && state(id).ok);
    SQL("UPDATE probe SET run_until = now() - interval '1 second'");
    cr_expect(eq(i64, claim(box, &b, 20000).id, id), "who ran it is dead");
    probe_book_write(book, id, &a, 20000, "{\"ok\": false, \"steps\": [9]}", false, true);
    wrote(id, &b, "{\"ok\": true, \"steps\": [2]}", true);
    cr_expect(state(id).done && state(id).ok);
    cr_expect(eq(str, (char *)(uintptr_t)state(id).answer,
                 (char *)(uintptr_t) "{\"ok\": true, \"steps\": [2]}"));
    cr_expect(eq(i64, claim(box, &b, 20000).id, 0), "it is done");
    probe_book_free(book);
}

PROBE_TEST(a_book_that_goes_leaves_its_claims_unanswered)
{
    struct guid a;
    struct claimed c = {0};
    guid_random(&a);
    book = probe_book_new(pools[1]);
    box = a_mailbox("pat@church.example");
    asked("cli");
    probe_book_claim(book, box, &a, 20000, on_claimed, &c);
    probe_book_free(book);
    for (int i = 0; i < 100 && !COUNT("SELECT count(*) FROM probe WHERE runner IS NOT NULL"); i++)
        state(1);
    cr_expect_not(c.told);
}

/* ---- the desk, against a server that takes no connection ---- */

PROBE_TEST(the_desk_runs_what_is_open_once_and_says_what_is_wrong)
{
    struct metrics *m = metrics_new();
    const struct probe_desk_parts parts = {
        .loop = loop,
        .pg = pools[1],
        .metrics = m,
        .probe = {.loop = loop, .url = "http://127.0.0.1:1/EWS/Exchange.asmx", .allow_http = true}};
    struct probe_desk *desk = probe_desk_new(&parts);
    box = a_mailbox("pat@church.example");
    int64_t id = asked("cli");
    probe_desk_take(desk, box);
    probe_desk_take(desk, box);
    probe_desk_take(desk, box + 1); /* nothing is open there */
    for (int i = 0; i < 5000 && !state(id).done; i++)
        ;
    struct probe_state s = state(id);
    cr_assert(s.done && !s.ok);
    autovalue(checkup_release) struct checkup c = {0};
    OK(checkup_from_json(arena, s.answer, &c, &err));
    cr_assert(checkup_failed(&c));
    cr_expect(eq(str, (char *)(uintptr_t)c.steps.v[1].name, (char *)(uintptr_t) "connection"));
    cr_expect(eq(str, c.steps.v[1].code, (char *)(uintptr_t) "curl.7"));
    cr_expect(c.steps.v[1].remedy.n > 0);
    autovalue(str_release) struct str page = STR_INIT(1 << 16);
    metrics_write(m, &page);
    cr_expect(strstr(page.p, "contact_sync_probes_total{result=\"failed\"} 1") != NULL, "%s",
              page.p);
    asked("cli");
    probe_desk_take(desk, box);
    probe_desk_free(desk); /* while it is being claimed */
    metrics_free(m);
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
