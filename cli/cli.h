/*
 * cli: the operator's tool `contact-sync VERB`. One file per verb; each takes what follows the verb
 * and returns an exit code (common/app/app.h).
 */
#ifndef SYNC_CLI_CLI_H
#define SYNC_CLI_CLI_H

#include "common/app/app.h"

struct cli_verb {
    const char *name, *summary, *help;
    int (*run)(struct app *app, int argc, char **argv); /* argv[0]: the verb */
};

extern const struct cli_verb cli_up, cli_migrate, cli_run, cli_plan, cli_status, cli_prefs,
    cli_approve, cli_clear, cli_hidden, cli_resume, cli_config, cli_phones, cli_cron, cli_runs,
    cli_doctor, cli_lava, cli_audit, cli_secret;

int cli_program(int argc, char **argv);

/* An argument that no option of the verb takes: message, APP_USAGE. */
int cli_usage(const struct app *app, const struct cli_verb *v, const char *what, const char *arg);

#endif
