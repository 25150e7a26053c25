#include "common/drv/report_server.h"

#include <stdio.h>

#include "common/drv/pg.h"
#include "common/drv/pg_result.h"

int report_server(struct pg *pg, struct report_server *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_server",
        "SELECT current_setting('server_version'),"
        " current_setting('fsync')::bool, current_setting('synchronous_commit') <> 'off',"
        " EXISTS (SELECT FROM pg_db_role_setting, unnest(setconfig) c"
        "   WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = "
        "current_database()))"
        "   AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))"
        "   AND c = 'synchronous_commit=off')"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    snprintf(ret->version, sizeof(ret->version), "%s", pg_text(r, 0, 0));
    ret->fsync = pg_bool(r, 0, 1);
    ret->durable = pg_bool(r, 0, 2);
    ret->turned_off = pg_bool(r, 0, 3);
    return 0;
}
