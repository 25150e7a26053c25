#include "common/app/sealed.h"

#include <string.h>

#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/sealed_pg.h"

#define VERSION     "contact-sync-sealed-1"
#define PRIVATE_KEY "secrets.private_key_file"
#define PUBLIC_KEY  "secrets.public_key"

bool sealed_can_open(const struct app *app)
{
    return conf_is_set(app->conf, PRIVATE_KEY);
}

static int private_key(const struct app *app, struct secret **ret, struct err *err)
{
    char *text = NULL;
    if (conf_secret(app->conf, PRIVATE_KEY, &text, err) < 0)
        return -1;
    *ret = secret_new(text, strlen(text));
    explicit_bzero(text, strlen(text));
    free(text);
    return 0;
}

int sealed_public(struct app *app, struct seal_public *ret, struct err *err)
{
    autoptr(secret_free) struct secret *key = NULL;
    if (conf_is_set(app->conf, PUBLIC_KEY))
        return seal_public_parse(conf_str(app->conf, PUBLIC_KEY), ret, err) < 0
                   ? err_prefix(err, PUBLIC_KEY)
                   : 0;
    if (!sealed_can_open(app))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       PUBLIC_KEY " is not set; `contact-sync secret keys` makes a pair");
    if (private_key(app, &key, err) < 0)
        return -1;
    return seal_public_of(secret_text(key), ret, err) < 0 ? err_prefix(err, PRIVATE_KEY) : 0;
}

/* --- what is in a box ---------------------------------------------------------------------- */

static bool put_line(char *buf, size_t *n, const char *line)
{
    size_t len = strlen(line);
    if (len >= SEAL_TEXT_MAX - *n || strchr(line, '\n'))
        return false;
    memcpy(buf + *n, line, len);
    buf[*n + len] = '\n';
    *n += len + 1;
    return true;
}

static bool put_all(char *buf, size_t *n, const struct sealed_for *f, const struct secret *text)
{
    bool ok = put_line(buf, n, VERSION) && put_line(buf, n, f->name);
    for (int i = 0; ok && i < SEALED_LINES; i++)
        ok = put_line(buf, n, f->lines[i]);
    return ok && put_line(buf, n, secret_text(text));
}

int sealed_close(const struct seal_public *key,
                 const struct sealed_for *f,
                 const struct secret *text,
                 uint8_t *box,
                 size_t *n,
                 struct err *err)
{
    char buf[SEAL_TEXT_MAX];
    size_t used = 0;
    bool ok = put_all(buf, &used, f, text);
    if (ok) {
        seal_close(key, buf, used, box);
        *n = used + SEAL_EXTRA;
    }
    explicit_bzero(buf, sizeof(buf));
    return ok ? 0
              : err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                        "%s: too long, or on more than one line", f->name);
}

/* Takes the line off *rest where it is the next one. */
static bool take_line(const char **rest, const char *line)
{
    size_t n = strlen(line);
    if (strncmp(*rest, line, n) != 0 || (*rest)[n] != '\n')
        return false;
    *rest += n + 1;
    return true;
}

static int bound(const struct sealed_for *f, const char *what, struct err *err)
{
    return err_set(
        err, SCOPE_PROCESS, WHEN_NEVER, "seal.bound",
        "the sealed %s was given for another %s: give it again with `contact-sync secret "
        "set %s`",
        f->name, what, f->name);
}

static int read_box(const struct sealed_for *f,
                    const struct secret *opened,
                    struct secret **ret,
                    struct err *err)
{
    const char *rest = secret_text(opened);
    if (!take_line(&rest, VERSION))
        return bound(f, "release of contact-sync", err);
    if (!take_line(&rest, f->name))
        return bound(f, "setting", err);
    for (int i = 0; i < SEALED_LINES; i++)
        if (!take_line(&rest, f->lines[i]))
            return bound(f, f->what[i], err);
    *ret = secret_new(rest, strcspn(rest, "\n"));
    return 0;
}

int sealed_open(struct app *app,
                const struct sealed_for *f,
                const uint8_t *box,
                size_t n,
                struct secret **ret,
                struct err *err)
{
    autoptr(secret_free) struct secret *key = NULL, *opened = NULL;
    if (private_key(app, &key, err) < 0)
        return -1;
    if (seal_open(secret_text(key), box, n, &opened, err) < 0)
        return err_prefix(err, "%s", f->name);
    return read_box(f, opened, ret, err);
}

int sealed_read(struct app *app, const struct sealed_for *f, struct secret **ret, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    uint8_t box[SEALED_BOX_MAX];
    size_t n;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        sealed_pg_get(pg, f->name, box, sizeof(box), &n, err) < 0)
        return -1;
    if (!n)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "%s was not given: `contact-sync secret set %s`, or a file by %s_file",
                       f->name, f->name, f->name);
    return sealed_open(app, f, box, n, ret, err);
}
