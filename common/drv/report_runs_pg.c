#include "common/drv/report_runs_pg.h"

#include "common/base/arena.h"

#include "common/drv/pg.h"

static void
read_row(const struct pg_result *r, size_t i, struct arena *a, struct report_past_run *x)
{
    *x = (struct report_past_run){
        .id = pg_i64(r, i, 0),
        .trigger = arena_strdup(a, pg_text(r, i, 1)),
        .state = arena_strdup(a, pg_text(r, i, 2)),
        .message = arena_strdup(a, pg_text(r, i, 3)),
        .phase = arena_strdup(a, pg_text(r, i, 4)),
        .counts_json = arena_strdup(a, pg_text(r, i, 5)),
        .user = pg_null(r, i, 6) ? NULL : arena_strdup(a, pg_text(r, i, 6)),
        .fire_ms = pg_ms(r, i, 7), /* null: 0 */
        .requested_ms = pg_ms(r, i, 8),
        .started_ms = pg_ms(r, i, 9),
        .finished_ms = pg_ms(r, i, 10),
    };
}

int report_runs(struct pg *pg,
                struct arena *a,
                size_t limit,
                struct report_past_run **ret,
                size_t *n,
                struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_runs", "SELECT r.id, r.trigger, r.state, r.message, r.phase, r.counts::text,"
                       " coalesce(nullif(s.address, ''), r.person_key::text),"
                       " r.fire_at, r.requested_at, r.started_at, r.finished_at"
                       " FROM run r LEFT JOIN subscriber s ON s.person_key = r.person_key"
                       " ORDER BY r.id DESC LIMIT $1::bigint"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, (int64_t)limit);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        read_row(r, i, a, &(*ret)[i]);
    return 0;
}
