#include "common/drv/trace_pg.h"

#include "common/drv/pg.h"

static void
forgotten(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    (void)st, (void)r, (void)err, (void)user;
}

void trace_pg_keep(struct pg *pg, const char *text)
{
    static const struct pg_stmt stmt = {
        "trace_keep", "INSERT INTO trace (body) VALUES ($1::text)"
                      " ON CONFLICT (one) DO UPDATE SET body = excluded.body, at = now()"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_text(&p, text);
    pg_exec(pg, &stmt, &p, forgotten, NULL);
}
