/*
 * Any bytes as a file of settings (first byte F), as the environment (E, one assignment a line), as
 * arguments of --set (A): no crash; and what is printed afterwards can be read again to the same.
 * Nothing of a secret stands in what is printed or in an error.
 *
 * The table is the first row of each kind (type and flags) of the real one: a run with all of its
 * rows costs ten times as much, and goes no other way. That the rows themselves are in order is
 * for tests/unit/settings_test.c.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/conf.h"
#include "common/base/str.h"

#include "common/app/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 64, MAX_KINDS = 32 };

static struct conf_def kinds[MAX_KINDS];
static size_t n_kinds;

static bool kind_is_new(const struct conf_def *d)
{
    for (size_t i = 0; i < n_kinds; i++)
        if (kinds[i].type == d->type && kinds[i].flags == d->flags)
            return false;
    return true;
}

static void choose_kinds(void)
{
    for (size_t i = 0; i < settings_count; i++) {
        if (!kind_is_new(&settings_table[i]))
            continue;
        assert(n_kinds < MAX_KINDS);
        kinds[n_kinds++] = settings_table[i];
    }
}

static int load_bytes(struct conf *c, const void *p, size_t n, struct err *err)
{
    static int fd = -1; /* one file for all runs */
    static char path[64];

    if (fd < 0) {
        fd = memfd_create("settings", 0);
        assert(fd >= 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    assert(ftruncate(fd, 0) == 0 && pwrite(fd, p, n, 0) == (ssize_t)n);
    return conf_load_file(c, path, err);
}

/* The lines of the text, in place; NULL-terminated. */
static size_t split(char *text, char *ret[MAX_LINES + 1])
{
    size_t n = 0;

    for (char *line = strtok(text, "\n"); line && n < MAX_LINES; line = strtok(NULL, "\n"))
        ret[n++] = line;
    ret[n] = NULL;
    return n;
}

static int load(struct conf *c, const uint8_t *data, size_t size, struct err *err)
{
    autofree char *text = NULL;
    char *lines[MAX_LINES + 1];
    int r = 0;

    if (*data == 'F')
        return load_bytes(c, data + 1, size - 1, err);
    text = xstrndup((const char *)data + 1, size - 1);
    size_t n = split(text, lines);
    if (*data == 'E')
        return conf_load_env(c, lines, err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = conf_set(c, lines[i], err);
    return r;
}

/* Origins stand in comments and differ; secrets are masked and are left out on the way. */
static void check_printed(const struct conf *c)
{
    autoptr(conf_free) struct conf *again = conf_new(kinds, n_kinds);
    autovalue(str_release) struct str printed = STR_INIT(4 << 20);
    struct err err;

    conf_print(c, &printed);
    assert(!printed.over);
    if (load_bytes(again, printed.p, printed.n, &err) < 0)
        return; /* a value that no file can hold, from the environment */
    for (size_t i = 0; i < n_kinds; i++) {
        const struct conf_def *d = &kinds[i];
        if (d->flags & CONF_SECRET)
            continue;
        if (d->type == CONF_BOOL)
            assert(conf_bool(c, d->name) == conf_bool(again, d->name));
        else if (d->type == CONF_INT || d->type == CONF_DURATION || d->type == CONF_BYTES)
            assert(conf_int(c, d->name) == conf_int(again, d->name));
        else if (d->type != CONF_LIST)
            assert(strcmp(conf_str(c, d->name), conf_str(again, d->name)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autoptr(conf_free) struct conf *c = NULL;
    struct err err;

    if (!size)
        return 0;
    if (!n_kinds)
        choose_kinds();
    c = conf_new(kinds, n_kinds);
    if (load(c, data, size, &err) < 0)
        assert(strcmp(err.code, "conf") == 0 && err.scope == SCOPE_PROCESS && err.text[0]);
    else
        check_printed(c);
    return 0;
}
