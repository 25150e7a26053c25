#include "common/app/app_pg.h"

#include "common/drv/migrate.h"
#include "common/drv/pg.h"

static int open_pool(
    struct app *a, const struct pg_options *given, bool schema, struct pg **ret, struct err *err)
{
    struct pg_options po = *given;
    po.dsn = conf_str(a->conf, "postgres.dsn");
    if (app_need(a, "postgres.dsn", err) < 0 || pg_check_dsn(po.dsn, err) < 0)
        return -1;
    autoptr(pg_free) struct pg *pg = pg_new(a->loop, &po);
    if (schema && migrate_check(pg, err) < 0)
        return -1;
    *ret = steal(pg);
    return 0;
}

int app_pg_open(struct app *a,
                const char *name,
                unsigned connections,
                bool schema,
                struct pg **ret,
                struct err *err)
{
    const struct pg_options po = {.application_name = name, .connections = connections};
    return open_pool(a, &po, schema, ret, err);
}

int app_pg_open_by_key(
    struct app *a, const char *name, unsigned connections, struct pg **ret, struct err *err)
{
    const struct pg_options po = {
        .application_name = name, .connections = connections, .by_key = true};
    return open_pool(a, &po, true, ret, err);
}
