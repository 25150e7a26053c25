#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#include "cli/cli.h"
#include "common/app/settings.h"

static int run(struct app *app, int argc, char **argv)
{
    autovalue(str_release) struct str out = STR_INIT(1 << 20);
    if (argc == 2 && !strcmp(argv[1], "print"))
        conf_print(app->conf, &out);
    else if (argc == 2 && !strcmp(argv[1], "reference"))
        conf_reference(settings_table, settings_count, &out);
    else
        return cli_usage(app, &cli_config, "say print or reference", NULL);
    fputs(out.p, stdout);
    return APP_OK;
}

const struct cli_verb cli_config = {
    "config", "settings in force, or the reference of all settings",
    "Usage: contact-sync config print | reference\n"
    "\n"
    "  print       every setting as it is in force, and where it comes from; secrets are masked\n"
    "  reference   all settings with defaults and ranges, as Markdown (docs/settings.md)\n"
    "\n"
    "Example:\n"
    "  contact-sync config print --config ./site.conf | grep rock\n",
    run};
