#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/report_pg.h"

static int approve(struct app *app, int64_t hold, const char *digest, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    int64_t links;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        report_approve(pg, hold, digest, &links, err) < 0)
        return -1;
    if (!links)
        return err_set(
            err, SCOPE_PROCESS, WHEN_NEVER, "approve.other",
            "there is no such hold, or it has changed since; look at `contact-sync status` again");
    printf("approved: %lld changes go out now\n", (long long)links);
    return 0;
}

static int run(struct app *app, int argc, char **argv)
{
    long long hold;
    char digest[9];
    if (argc != 2 || sscanf(argv[1], "%lld:%8[0-9a-f]", &hold, digest) != 2)
        return cli_usage(app, &cli_approve, "write HOLD:DIGEST as `contact-sync status` shows it",
                         NULL);
    struct err err;
    return approve(app, hold, digest, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_approve = {
    "approve", "let changes go that the mass-delete guard holds",
    "Usage: contact-sync approve HOLD:DIGEST\n"
    "\n"
    "`contact-sync status` lists what is held and the word to write here. The digest names the "
    "very set of\n"
    "changes that was shown: when it has changed meanwhile, nothing is approved.\n"
    "\n"
    "Example:\n"
    "  contact-sync approve 3:9f86d081\n",
    run};
