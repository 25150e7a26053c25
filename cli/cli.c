#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

static const struct cli_verb *const verbs[] = {
    &cli_up,     &cli_migrate, &cli_prefs,   &cli_run,   &cli_plan,   &cli_status,
    &cli_doctor, &cli_audit,   &cli_approve, &cli_clear, &cli_hidden, &cli_resume,
    &cli_config, &cli_phones,  &cli_cron,    &cli_runs,  &cli_lava,   &cli_secret};

static const char intro[] =
    "Usage: contact-sync VERB [OPTIONS] [--config FILE] [--set KEY=VALUE]...\n"
    "\n"
    "Syncs people of Rock RMS to the phones of a church's staff, through Exchange.\n"
    "\n";

static const char outro[] =
    "\n"
    "  --config FILE      settings, `key = value` lines (default "
    "/etc/contact-sync/contact-sync.conf)\n"
    "  --set KEY=VALUE    one setting, wins over file and environment; repeatable\n"
    "  --version, --help  `contact-sync VERB --help` tells about one verb\n"
    "\n"
    "A small church needs PostgreSQL and one program:\n"
    "  contact-sync migrate --config site.conf\n"
    "  contact-sync up --config site.conf &\n"
    "  contact-sync prefs set --user pat@church.example --staff --config site.conf\n"
    "  contact-sync run --wait --config site.conf\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 64 usage, 65 input that cannot be read, 66 no such file, 75 try "
    "again later,\n"
    "78 settings.\n";

static void general_help(struct str *out)
{
    str_puts(out, intro);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        str_addf(out, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
    str_puts(out, outro);
}

static const struct cli_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (!strcmp(verbs[i]->name, name))
            return verbs[i];
    return NULL;
}

int cli_usage(const struct app *app, const struct cli_verb *v, const char *what, const char *arg)
{
    fprintf(stderr, "%s %s: %s%s%s; see %s %s --help\n", app->program, v->name, what,
            arg ? " " : "", arg ? arg : "", app->program, v->name);
    return APP_USAGE;
}

int cli_program(int argc, char **argv)
{
    autovalue(str_release) struct str help = STR_INIT(64 << 10);
    const struct cli_verb *v = argc > 1 ? find_verb(argv[1]) : NULL;
    if (v)
        str_puts(&help, v->help);
    else
        general_help(&help);
    struct app app;
    int code = app_init(&app, "contact-sync", help.p, &argc, argv);
    if (code >= 0) {
        app_free(&app);
        return code;
    }
    v = argc > 1 ? find_verb(argv[1]) : NULL;
    if (v) {
        code = v->run(&app, argc - 1, argv + 1);
    } else if (argc > 1) {
        fprintf(stderr, "contact-sync: unknown verb %s; see contact-sync --help\n", argv[1]);
        code = APP_USAGE;
    } else {
        fputs(help.p, stderr);
        code = APP_USAGE;
    }
    app_free(&app);
    return code;
}
