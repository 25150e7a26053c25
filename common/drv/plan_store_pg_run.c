/* plan_store_pg_run: runs. A row is requested, running (of the one leader, one at a time), over. */
#include "common/drv/plan_store_pg_p.h"

static int op_request(struct plan_store *s,
                      const char *trigger,
                      const struct guid *person_key,
                      bool urgent,
                      int64_t *ret_id,
                      struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_run_request", "WITH made AS (INSERT INTO run (trigger, person_key, urgent)"
                            "  VALUES ($1::text, $2::uuid, $3::boolean) RETURNING id)"
                            " SELECT id, pg_notify('contact_sync_run', '') FROM made"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, trigger);
    pg_put_uuid(&p, person_key);
    pg_put_bool(&p, urgent);
    if (pg_call(plan_pg(s)->pg, &stmt, &p, &r, err) < 0)
        return -1;
    *ret_id = pg_i64(r, 0, 0);
    return 0;
}

/* The unique fire time decides, not a look before: the run of a dead leader counts too. */
static int op_fire(struct plan_store *s, int64_t fire_s, bool *ret_made, struct err *err)
{
    static const struct pg_stmt stmt = {"plan_run_fire",
                                        "INSERT INTO run (trigger, fire_at)"
                                        " VALUES ('cron', to_timestamp($1::bigint))"
                                        " ON CONFLICT (fire_at) DO NOTHING RETURNING id"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, fire_s);
    if (plan_pg_change(plan_pg(s), &stmt, &p, &r, err) < 0)
        return -1;
    *ret_made = pg_rows(r) > 0;
    return 0;
}

static void read_run(const struct pg_result *r, struct arena *a, struct plan_run *ret)
{
    *ret = (struct plan_run){.id = pg_i64(r, 0, 0),
                             .trigger = arena_strdup(a, pg_text(r, 0, 1)),
                             .urgent = pg_bool(r, 0, 3)};
    ret->one_user = pg_uuid(r, 0, 2, &ret->person_key);
}

static int op_next(
    struct plan_store *store, struct arena *a, struct plan_run *ret, bool *found, struct err *err)
{
    /* Asked every second: an idle producer only reads. */
    static const struct pg_stmt any = {
        "plan_run_any", "SELECT EXISTS (SELECT FROM run WHERE state IN ('requested', 'running'))"};
    /* Nobody runs while we ask for the next one: these were left by an earlier epoch. */
    static const struct pg_stmt left = {
        "plan_run_left", "UPDATE run SET state = 'failed', message = 'the producer stopped',"
                         " phase = '', finished_at = now() WHERE state = 'running'"};
    static const struct pg_stmt next = {
        "plan_run_next",
        "UPDATE run SET state = 'running', started_at = now() WHERE id = (SELECT id FROM run"
        "  WHERE state = 'requested' ORDER BY id LIMIT 1)"
        " RETURNING id, trigger, person_key, urgent"};
    struct plan_store_pg *s = plan_pg(store);
    autoptr(pg_result_free) struct pg_result *some = NULL, *r = NULL;
    const struct pg_step steps[] = {{&left, NULL}, {&next, NULL}};
    *found = false;
    if (plan_pg_leads(s, err) < 0 || pg_call(s->pg, &any, NULL, &some, err) < 0)
        return -1;
    if (!pg_bool(some, 0, 0))
        return 0;
    if (plan_pg_change_steps(s, steps, 2, &r, err) < 0)
        return -1;
    *found = pg_rows(r) > 0;
    if (*found)
        read_run(r, a, ret);
    return 0;
}

static int op_progress(struct plan_store *s,
                       int64_t run,
                       const char *phase,
                       int64_t done,
                       int64_t total,
                       struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_run_progress", "UPDATE run SET phase = $2::text, done = $3::bigint,"
                             " total = $4::bigint WHERE id = $1::bigint AND state = 'running'"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, run);
    pg_put_text(&p, phase);
    pg_put_i64(&p, done);
    pg_put_i64(&p, total);
    return plan_pg_change(plan_pg(s), &stmt, &p, NULL, err);
}

static int op_finish(struct plan_store *s,
                     int64_t run,
                     bool success,
                     const char *message,
                     const char *counts_json,
                     struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_run_finish",
        "UPDATE run SET state = CASE WHEN $2::boolean THEN 'success' ELSE 'failed' END,"
        " message = coalesce($3::text, ''), phase = '',"
        " counts = coalesce($4::text::jsonb, '{}'), finished_at = now() WHERE id = $1::bigint"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, run);
    pg_put_bool(&p, success);
    pg_put_text(&p, message);
    pg_put_text(&p, counts_json);
    return plan_pg_change(plan_pg(s), &stmt, &p, NULL, err);
}

void plan_pg_add_run(struct plan_store_ops *o)
{
    o->run_request = op_request;
    o->run_fire = op_fire;
    o->run_next = op_next;
    o->run_progress = op_progress;
    o->run_finish = op_finish;
}
