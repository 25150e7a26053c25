#include "common/app/secret_file.h"

#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

enum { PATH_BYTES = 4096 };

/* $CREDENTIALS_DIRECTORY/exchange.password; false: there is none. */
static bool credential(const char *setting, struct str *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!folder || !*folder)
        return false;
    str_puts(path, folder);
    str_putc(path, '/');
    str_add(path, setting, strlen(setting) - strlen("_file"));
    return !path->over && access(path->p, F_OK) == 0;
}

bool secret_file_there(const struct app *app, const char *setting)
{
    autovalue(str_release) struct str path = STR_INIT(PATH_BYTES);
    return conf_is_set(app->conf, setting) || credential(setting, &path);
}

static int
read_line(const struct conf *c, const char *setting, struct secret **ret, struct err *err)
{
    char *text = NULL;
    if (conf_secret(c, setting, &text, err) < 0)
        return -1;
    *ret = secret_new(text, strlen(text));
    explicit_bzero(text, strlen(text));
    free(text);
    return 0;
}

int secret_file_read(struct app *app, const char *setting, struct secret **ret, struct err *err)
{
    autovalue(str_release) struct str path = STR_INIT(PATH_BYTES), line = STR_INIT(2 * PATH_BYTES);
    if (conf_is_set(app->conf, setting))
        return read_line(app->conf, setting, ret, err);
    if (!credential(setting, &path)) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "%s is not set; write `%s = ...` in the settings file, give the program the "
                       "systemd credential %.*s, or seal it (contact-sync secret --help)",
                       setting, setting, (int)(strlen(setting) - strlen("_file")), setting);
    }
    const struct conf_def def = {.name = setting, .type = CONF_FILE, .help = ""};
    autoptr(conf_free) struct conf *c = conf_new(&def, 1);
    str_addf(&line, "%s=%s", setting, path.p);
    if (conf_set(c, line.p, err) < 0)
        return -1;
    return read_line(c, setting, ret, err);
}
