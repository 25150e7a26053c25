#include "common/drv/migrate.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"

static int execute(struct app *app, bool after_restore, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    if (app_pg_open(app, "contact-sync", 1, false, &pg, err) < 0)
        return -1;
    int from, to;
    if (migrate_run(pg, &from, &to, err) < 0)
        return -1;
    if (from == to)
        printf("The database is at version %d already.\n", to);
    else
        printf("The database went from version %d to %d.\n", from, to);
    if (!after_restore)
        return 0;
    uint32_t flight_ms = (uint32_t)conf_int(app->conf, "exchange.server_deadline");
    if (migrate_after_restore(pg, flight_ms, err) < 0)
        return -1;
    puts("Restore noted: each mailbox is compared with its rows before anything is written to it.");
    return 0;
}

static int run(struct app *app, int argc, char **argv)
{
    bool after_restore = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--after-restore"))
            return cli_usage(app, &cli_migrate, "unknown argument", argv[i]);
        after_restore = true;
    }
    struct err err;
    return execute(app, after_restore, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_migrate = {
    "migrate", "bring the database to this version's schema",
    "Usage: contact-sync migrate [--after-restore] [--config FILE] [--set KEY=VALUE]...\n"
    "\n"
    "Makes or updates the tables in postgres.dsn. Safe to repeat; old and new programs of "
    "neighbouring\n"
    "versions may run meanwhile.\n"
    "\n"
    "  --after-restore   the database came back from a backup: every mailbox is listed by key "
    "before\n"
    "                    its next write, so that nothing is doubled\n"
    "\n"
    "Example:\n"
    "  contact-sync migrate --set postgres.dsn=postgresql:///contact_sync\n",
    run};
