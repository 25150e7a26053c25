#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/banned.h"
#include "common/base/conf_p.h"
#include "common/base/str.h"
#include "common/base/text.h"

enum { FILE_MAX = 1 << 20, LINE_MAX = 8192, SECRET_MAX = 4096, NAME_MAX_BYTES = 64 };

static int fail(struct err *err, const char *where, const char *why)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s: %s", where, why);
}

/* Reads what fd holds, up to max bytes and one more, so that too much shows. */
static int read_fd(int fd, size_t max, struct str *out)
{
    char buf[4096];

    while (out->n <= max) {
        size_t room = max + 1 - out->n;
        ssize_t r = read(fd, buf, room < sizeof(buf) ? room : sizeof(buf));

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r < 0 ? -1 : 0;
        str_add(out, buf, (size_t)r);
        explicit_bzero(buf, sizeof(buf)); /* secrets come this way too */
    }
    return 0;
}

/* Opens path and checks that it is a plain file; fills *st. */
static int open_plain(const char *path, struct stat *st, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang the start */
    const char *why = NULL;

    if (fd < 0 || fstat(fd, st) < 0)
        why = strerror(errno);
    else if (!S_ISREG(st->st_mode))
        why = "not a plain file";
    if (!why)
        return fd;
    fail(err, path, why);
    if (fd >= 0)
        close(fd);
    return -1;
}

static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    for (size_t n = strlen(s); n && strchr(" \t\r", s[n - 1]); n--)
        s[n - 1] = '\0';
    return s;
}

/* Takes the quotes off a trimmed value in place; NULL: the closing one is missing. */
static char *unquote(char *s)
{
    size_t n = strlen(s);

    if (*s != '"')
        return s;
    if (n < 2 || s[n - 1] != '"')
        return NULL;
    s[n - 1] = '\0';
    return s + 1;
}

static int load_line(struct conf *c, char *line, const char *where, int number, struct err *err)
{
    char *key = trim(line);

    if (!*key || *key == '#')
        return 0;
    char *value = strchr(key, '=');

    if (!value)
        return fail(err, where, "expected \"key = value\"");
    *value++ = '\0';
    key = trim(key);
    value = unquote(trim(value));
    if (!*key)
        return fail(err, where, "the key is missing");
    if (!value)
        return fail(err, where, "the closing quote is missing");
    autovalue(str_release) struct str origin = STR_INIT(CONF_STRING_MAX + 64);

    str_addf(&origin, "file %s", where);
    return conf_assign(c, key, value, RANK_FILE, origin.p, where, number, err);
}

static int load_text(struct conf *c, const char *path, char *text, struct err *err)
{
    autovalue(str_release) struct str where = STR_INIT(CONF_STRING_MAX + 32);
    int number = 0;

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* Windows editors put a byte order mark there */
        text += 3;
    const char *end = text + strlen(text);

    for (char *line = text, *next; line; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (next)
            *next++ = '\0';
        str_clear(&where);
        str_addf(&where, "%s:%d", path, ++number);
        if (strlen(line) > LINE_MAX)
            return fail(err, where.p, "the line is longer than 8192 bytes");
        if (load_line(c, line, where.p, number, err) < 0)
            return -1;
    }
    return 0;
}

int conf_load_file(struct conf *c, const char *path, struct err *err)
{
    autovalue(str_release) struct str text = STR_INIT(FILE_MAX + 1);
    struct stat st;
    int fd = open_plain(path, &st, err);

    if (fd < 0)
        return -1;
    int r = read_fd(fd, FILE_MAX, &text);

    close(fd);
    if (r < 0)
        return fail(err, path, "cannot be read");
    if (text.n > FILE_MAX)
        return fail(err, path, "longer than 1 MiB");
    if (memchr(text.p, '\0', text.n) || !text_is_utf8(text.p, text.n))
        return fail(err, path, "not a text file in UTF-8");
    for (size_t i = 0; i < c->n; i++) /* doubles count within one file */
        c->slots[i].line = 0;
    vec_foreach (e, &c->extras)
        e->slot.line = 0;
    return load_text(c, path, text.p, err);
}

void conf_env_name(const char *name, struct str *out)
{
    str_puts(out, CONF_ENV_PREFIX);
    for (; *name; name++)
        str_putc(out, *name == '.' ? '_' : (char)toupper((unsigned char)*name));
}

static const struct conf_def *find_by_env(const struct conf *c, const char *name)
{
    autovalue(str_release) struct str s = STR_INIT(256);

    for (size_t i = 0; i < c->n; i++) {
        str_clear(&s);
        conf_env_name(c->defs[i].name, &s);
        if (strcmp(s.p, name) == 0)
            return &c->defs[i];
    }
    return NULL;
}

/* CONTACT_SYNC_KAFKA_LINGER_MS -> kafka.linger.ms: librdkafka's names have dots only. */
static void kafka_name(const char *env, struct str *out)
{
    str_puts(out, CONF_PREFIX);
    for (env += strlen(CONF_ENV_KAFKA); *env; env++)
        str_putc(out, *env == '_' ? '.' : (char)tolower((unsigned char)*env));
}

static int unknown_env(const struct conf *c, const char *name, struct err *err)
{
    const char *near = conf_nearest(c, name, true);
    autovalue(str_release) struct str hint = STR_INIT(256);

    if (near) {
        str_puts(&hint, " (did you mean ");
        conf_env_name(near, &hint);
        str_puts(&hint, "?)");
    }
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "environment: unknown setting %.*s%s",
                   NAME_MAX_BYTES, name, hint.p);
}

static int load_variable(struct conf *c, const char *name, const char *value, struct err *err)
{
    const struct conf_def *d = find_by_env(c, name);
    autovalue(str_release) struct str kafka = STR_INIT(256);

    if (!d && strncmp(name, CONF_ENV_KAFKA, strlen(CONF_ENV_KAFKA)) != 0)
        return unknown_env(c, name, err);
    if (!d)
        kafka_name(name, &kafka);
    return conf_assign(c, d ? d->name : kafka.p, value, RANK_ENV, "environment", "environment", 0,
                       err);
}

int conf_load_env(struct conf *c, char **envp, struct err *err)
{
    for (; *envp; envp++) {
        const char *eq = strchr(*envp, '=');

        if (!eq || strncmp(*envp, CONF_ENV_PREFIX, strlen(CONF_ENV_PREFIX)) != 0)
            continue;
        autofree char *name = xstrndup(*envp, (size_t)(eq - *envp));

        if (load_variable(c, name, eq + 1, err) < 0)
            return -1;
    }
    return 0;
}

/* Checks the file's text and cuts it to the secret: its first line without blanks at the end. */
static const char *check_secret(const struct str *text, const struct stat *st)
{
    if (st->st_mode & S_IROTH)
        return "holds a secret and others can read it; chmod o= it";
    if (text->n > SECRET_MAX)
        return "longer than 4096 bytes";
    size_t n = strcspn(text->p, "\r\n");

    if (n < text->n && !text->p[n])
        return "has a NUL byte";
    while (n && (text->p[n - 1] == ' ' || text->p[n - 1] == '\t'))
        n--;
    if (n == 0)
        return "the first line is empty";
    text->p[n] = '\0';
    return NULL;
}

int conf_secret(const struct conf *c, const char *name, char **ret, struct err *err)
{
    const char *path = conf_str(c, name), *why;
    autovalue(str_release) struct str text = STR_INIT(SECRET_MAX + 1);
    struct stat st;

    if (!*path)
        return fail(err, name, "not set");
    int fd = open_plain(path, &st, err);

    if (fd < 0)
        return err_prefix(err, "%s", name);
    why = read_fd(fd, SECRET_MAX, &text) < 0 ? "cannot be read" : check_secret(&text, &st);
    close(fd);
    if (!why)
        *ret = xstrdup(text.p);
    if (text.cap)
        explicit_bzero(text.p, text.cap);
    if (!why)
        return 0;
    fail(err, path, why);
    return err_prefix(err, "%s", name);
}
