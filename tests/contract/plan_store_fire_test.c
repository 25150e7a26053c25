/* A fire time of the schedule gets one run: on a real PostgreSQL, with two producers. */
#include "common/drv/report_runs_pg.h"
#include "tests/contract/plan_store_fixture.h"

enum { FIRE = 1795420800 }; /* 2026-11-23T08:00:00Z */

static bool fires(struct plan_store *s, int64_t fire_s)
{
    bool made = false;
    OK(s->ops->run_fire(s, fire_s, &made, &err));
    return made;
}

static void take_over(int i)
{
    for (int k = 0; k < 500 && !leads(i); k++)
        loop_turn(loop, 10); /* the server notices the end of a connection a moment later */
}

Test(plan_store_fire,
     each_fire_time_is_requested_once,
     .init = fx_setup_leading,
     .fini = fx_teardown,
     .timeout = 60)
{
    cr_expect(fires(S, FIRE));
    cr_expect(fires(S, FIRE) == false);
    cr_expect(fires(S, FIRE + 1));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM run WHERE trigger = 'cron'"), 2));
    cr_expect(eq(i64, COUNT("SELECT extract(epoch FROM min(fire_at))::bigint FROM run"), FIRE));
}

Test(plan_store_fire,
     one_who_does_not_lead_requests_nothing,
     .init = fx_setup_leading,
     .fini = fx_teardown,
     .timeout = 60)
{
    bool made = false;
    REFUSED(stores[1]->ops->run_fire(stores[1], FIRE, &made, &err), "plan.deposed");
    SQL("UPDATE cluster SET plan_epoch = plan_epoch + 1"); /* another one leads meanwhile */
    REFUSED(S->ops->run_fire(S, FIRE, &made, &err), "plan.deposed");
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM run"), 0));
}

Test(plan_store_fire,
     the_run_of_a_leader_that_died_is_not_repeated,
     .init = fx_setup_leading,
     .fini = fx_teardown,
     .timeout = 60)
{
    struct plan_run run;
    bool found = false;
    cr_assert(fires(S, FIRE));
    OK(S->ops->run_next(S, arena, &run, &found, &err));
    cr_assert(found);
    plan_store_free(steal(stores[0]));
    take_over(1);
    cr_expect(fires(stores[1], FIRE) == false);
    OK(stores[1]->ops->run_next(stores[1], arena, &run, &found, &err));
    cr_expect(found == false);
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM run WHERE state = 'failed'"), 1));
}

Test(plan_store_fire,
     a_request_that_was_left_is_run_by_the_next_leader,
     .init = fx_setup_leading,
     .fini = fx_teardown,
     .timeout = 60)
{
    struct plan_run run;
    bool found = false;
    cr_assert(fires(S, FIRE));
    plan_store_free(steal(stores[0]));
    take_over(1);
    cr_expect(fires(stores[1], FIRE) == false);
    OK(stores[1]->ops->run_next(stores[1], arena, &run, &found, &err));
    cr_expect(found);
    cr_expect(eq(str, (char *)(uintptr_t)run.trigger, "cron"));
}

Test(plan_store_fire,
     the_history_tells_all_of_a_run,
     .init = fx_setup_leading,
     .fini = fx_teardown,
     .timeout = 60)
{
    struct guid who = key_of(5);
    struct report_past_run *runs;
    struct plan_run run;
    struct prefs p = {.follow = true};
    int64_t id;
    size_t n;
    bool found;
    cr_assert(fires(S, FIRE));
    OK(S->ops->run_next(S, arena, &run, &found, &err));
    OK(S->ops->run_finish(S, run.id, true, "fine", "{\"users\":4}", &err));
    OK(S->ops->subscriber_save(S, &who, "u@example.org", &p, &err));
    OK(S->ops->run_request(S, "save", &who, true, &id, &err));
    OK(report_runs(pools[1], arena, 10, &runs, &n, &err));
    cr_assert(eq(sz, n, 2));
    cr_expect_str_eq(runs[0].trigger, "save");
    cr_expect_str_eq(runs[0].state, "requested");
    cr_expect_str_eq(runs[0].user, "u@example.org");
    cr_expect(eq(i64, runs[0].fire_ms, 0));
    cr_expect(eq(i64, runs[0].started_ms, 0));
    cr_expect(gt(i64, runs[0].requested_ms, 0));
    cr_expect_str_eq(runs[1].trigger, "cron");
    cr_expect_str_eq(runs[1].state, "success");
    cr_expect_str_eq(runs[1].message, "fine");
    cr_expect_str_eq(runs[1].counts_json, "{\"users\": 4}");
    cr_expect_null(runs[1].user);
    cr_expect(eq(i64, runs[1].fire_ms, (int64_t)FIRE * 1000));
    cr_expect(runs[1].started_ms > 0 && runs[1].finished_ms >= runs[1].started_ms);
    OK(report_runs(pools[1], arena, 1, &runs, &n, &err));
    cr_expect(eq(sz, n, 1));
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
