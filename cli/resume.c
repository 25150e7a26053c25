#include <stdio.h>

#include "cli/cli.h"
#include "common/app/app_pg.h"
#include "common/drv/login_pg.h"
#include "common/drv/pg.h"

static int resume(struct app *app, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    int64_t accounts, mailboxes;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        login_pg_resume(pg, "auth.refused", &accounts, &mailboxes, err) < 0)
        return -1;
    if (accounts)
        printf("resumed: one worker tries to log in; %lld mailboxes go on when it succeeds\n",
               (long long)mailboxes);
    else
        printf("no account is stopped\n");
    return 0;
}

static int run(struct app *app, int argc, char **argv)
{
    if (argc > 1)
        return cli_usage(app, &cli_resume, "unknown argument", argv[1]);
    struct err err;
    return resume(app, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_resume = {
    "resume", "let workers log in to Exchange again",
    "Usage: contact-sync resume\n"
    "\n"
    "When Exchange refuses the service account's password twice, no worker logs in any more, so "
    "that the\n"
    "account is not locked. That ends when the workers start with another password, or with this "
    "verb:\n"
    "write it once the account works again (unlocked, enabled) with the password as it is.\n"
    "\n"
    "Example:\n"
    "  contact-sync resume\n",
    run};
