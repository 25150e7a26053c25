/* Secrets of Exchange, given through the database: sealed here, opened by workers. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/app/app_pg.h"
#include "common/app/sealed.h"
#include "common/drv/pg.h"
#include "common/drv/sealed_pg.h"
#include "worker/account.h"

enum { LINE_MAX_BYTES = 4096 };

static int fail(struct err *err, const char *what, const char *text)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%.200s: %s", what, text);
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Never over a file that is there: a key that is lost closes what was sealed for it for ever. */
static int write_key(const char *path, const struct secret *key, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, path, "cannot be made; a key that is there is not overwritten");
    const char *text = secret_text(key);
    bool ok = dprintf(fd, "%s\n", text) == (int)strlen(text) + 1 && fsync(fd) == 0;
    if (close(fd) != 0 || !ok) {
        unlink(path);
        return fail(err, path, "cannot be written");
    }
    return 0;
}

static int keys(struct app *app, const char *path, struct err *err)
{
    (void)app;
    struct seal_public public;
    char text[SEAL_KEY_TEXT];
    autoptr(secret_free) struct secret *key = seal_keys(&public);
    if (write_key(path, key, err) < 0)
        return -1;
    seal_public_format(&public, text);
    printf("# workers, and nobody else; the file belongs to the user they run as\n"
           "secrets.private_key_file = %s\n"
           "# every program that gives secrets\n"
           "secrets.public_key = %s\n",
           path, text);
    return 0;
}

/* --- set, list, remove ----------------------------------------------------------------------- */

/* A terminal does not show what is typed from here on. false: it is none. */
static bool hide(const char *name, struct termios *shown)
{
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, shown) != 0)
        return false;
    struct termios hidden = *shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", name);
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

/* Bytes of the first line, without its end; 0: none that can be used. */
static size_t first_line(char *line, size_t max)
{
    size_t n = 0;
    ssize_t got = 1;
    while (n < max && !memchr(line, '\n', n) && got > 0) {
        got = read(STDIN_FILENO, line + n, max - n);
        n += got > 0 ? (size_t)got : 0;
    }
    const char *end = memchr(line, '\n', n);
    if (!end && got != 0)
        return 0;
    n = end ? (size_t)(end - line) : n;
    n -= n && line[n - 1] == '\r';
    return memchr(line, '\0', n) ? 0 : n;
}

static int read_line(const char *name, struct secret **ret, struct err *err)
{
    char line[LINE_MAX_BYTES];
    struct termios shown;
    bool hidden = hide(name, &shown);
    size_t n = first_line(line, sizeof(line));
    if (hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    if (n)
        *ret = secret_new(line, n);
    explicit_bzero(line, sizeof(line));
    return n ? 0 : fail(err, name, "wanted as one line on standard input");
}

static int set(struct app *app, const char *name, struct err *err)
{
    autovalue(account_secret_release) struct account_secret what = {0};
    autoptr(secret_free) struct secret *secret = NULL;
    autoptr(pg_free) struct pg *pg = NULL;
    struct seal_public key;
    uint8_t box[SEALED_BOX_MAX];
    size_t n;
    secret_no_core();
    if (account_secret_for(app->conf, name, &what, err) < 0 || sealed_public(app, &key, err) < 0 ||
        app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        read_line(name, &secret, err) < 0 ||
        sealed_close(&key, &what.f, secret, box, &n, err) < 0 ||
        sealed_pg_put(pg, what.f.name, box, n, "cli", "auth.refused", err) < 0)
        return -1;
    printf("%s is sealed for the workers; those that run take it at once\n", name);
    return 0;
}

static void show(const struct sealed_row *row, void *user)
{
    char at[32];
    time_t s = (time_t)(row->at_ms / 1000);
    struct tm tm;
    *(bool *)user = true;
    gmtime_r(&s, &tm);
    strftime(at, sizeof(at), "%Y-%m-%d %H:%M UTC", &tm);
    printf("%-24s given %s by %s\n", row->name, at, row->by);
}

static int list(struct app *app, const char *name, struct err *err)
{
    (void)name;
    autoptr(pg_free) struct pg *pg = NULL;
    bool any = false;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        sealed_pg_each(pg, show, &any, err) < 0)
        return -1;
    if (!any)
        puts("none is given");
    return 0;
}

static int take_away(struct app *app, const char *name, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    bool was_there;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        sealed_pg_remove(pg, name, &was_there, err) < 0)
        return -1;
    puts(was_there ? "removed; workers that run keep it until they end" : "there was none");
    return 0;
}

/* --- the verb -------------------------------------------------------------------------------- */

static const struct action {
    const char *name, *wants; /* wants NULL: no argument */
    int (*run)(struct app *app, const char *argument, struct err *err);
} actions[] = {{"keys", "the private key's FILE", keys},
               {"set", "the secret's NAME", set},
               {"list", NULL, list},
               {"remove", "the secret's NAME", take_away}};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (!strcmp(actions[i].name, name))
            return &actions[i];
    return NULL;
}

static int run(struct app *app, int argc, char **argv)
{
    const struct action *a = argc > 1 ? find_action(argv[1]) : NULL;
    if (!a)
        return cli_usage(app, &cli_secret, "keys, set, list or remove?", argc > 1 ? argv[1] : NULL);
    int wanted = a->wants ? 3 : 2;
    if (argc < wanted)
        return cli_usage(app, &cli_secret, "missing:", a->wants);
    if (argc > wanted)
        return cli_usage(app, &cli_secret, "unknown argument", argv[wanted]);
    struct err err;
    return a->run(app, argv[2], &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_secret = {
    "secret", "give workers a password through the database, sealed",
    "Usage: contact-sync secret keys FILE\n"
    "       contact-sync secret set NAME < LINE\n"
    "       contact-sync secret list\n"
    "       contact-sync secret remove NAME\n"
    "\n"
    "Another way than exchange.password_file: the password lies in the database, closed with a "
    "public key\n"
    "so that only workers can read it. It is bound to the account and to the server: when "
    "exchange.user,\n"
    "exchange.domain or where the password may go changes, it has to be given again. Workers that "
    "run take a\n"
    "new one at once, and an account that was stopped by a wrong one goes on.\n"
    "\n"
    "  keys FILE    makes a pair: the private key into FILE (0600, never over another one), the "
    "settings for\n"
    "               both to standard output\n"
    "  set NAME     exchange.password or exchange.oauth_secret; one line from standard input, "
    "asked for on a\n"
    "               terminal without showing it\n"
    "  list         names and times, never a secret\n"
    "  remove NAME\n"
    "\n"
    "A file or a systemd credential, where there is one, wins over the sealed secret.\n"
    "\n"
    "Example:\n"
    "  contact-sync secret keys /etc/contact-sync/worker.key >> "
    "/etc/contact-sync/contact-sync.conf\n"
    "  contact-sync secret set exchange.password\n",
    run};
