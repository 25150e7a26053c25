/*
 * conf: settings from a table. Order: default < file (`key = value`) < environment < argument
 * (`--set key=value`), whatever the order of the calls.
 *
 * Environment: CONTACT_SYNC_ROCK_URL is rock.url (dots become underscores, upper case). Names
 * ending in `_file` hold the path of a secret; the secret itself is never a setting. `kafka.*`
 * beyond the table passes through to librdkafka (CONTACT_SYNC_KAFKA_LINGER_MS: kafka.linger.ms).
 *
 * File: UTF-8, at most 1 MiB, lines of at most 8192 bytes; one `key = value` per line, `#` starts a
 * comment line, value trimmed, may be quoted with "..." to keep blanks. No key twice in one file.
 *
 * An unknown key, a value out of range, a wrong unit, a missing file: one line saying what and
 * where ("/etc/x.conf:3: unknown setting ..."); programs exit 78. All errors have code "conf",
 * SCOPE_PROCESS, WHEN_NEVER, and hold no value of a CONF_SECRET or pass-through row.
 */
#ifndef SYNC_BASE_CONF_H
#define SYNC_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

enum conf_type {
    CONF_STRING,   /* at most 4096 bytes */
    CONF_BOOL,     /* true/false, yes/no, on/off, 1/0 */
    CONF_INT,      /* decimal, min..max */
    CONF_DURATION, /* number with unit ms, s, m, h, d, or 0; held in ms; min..max in ms */
    CONF_BYTES,    /* number with optional unit KiB, MiB, GiB; min..max in bytes */
    CONF_ENUM,     /* one of the words in `words`, separated by | */
    CONF_LIST,     /* comma separated strings, trimmed, empty ones dropped */
    CONF_FILE      /* path; must be readable when used */
};
enum { CONF_SECRET = 1 }; /* flag: `config print` shows *** */

struct conf_def {
    const char *name;
    enum conf_type type;
    const char *def;   /* default as text; NULL: empty / unset */
    int64_t min, max;  /* CONF_INT, CONF_DURATION, CONF_BYTES */
    const char *words; /* CONF_ENUM */
    unsigned flags;
    const char *help; /* one line */
};

struct conf;

/* defs: n rows, static; names unique, defaults valid (else the program stops). */
struct conf *conf_new(const struct conf_def *defs, size_t n);
void conf_free(struct conf *c);
int conf_load_file(struct conf *c, const char *path, struct err *err) must_check;
/* Takes every CONTACT_SYNC_*; one that names no setting is an error. */
int conf_load_env(struct conf *c, char **envp, struct err *err) must_check;
/* "key=value", as of --set */
int conf_set(struct conf *c, const char *assignment, struct err *err) must_check;

/*
 * Reads; the name must be in the table and of that type (else the program stops). Strings are
 * borrowed until the next load. Unset rows give "", false, 0 and the empty list.
 */
/* CONF_STRING, CONF_ENUM, CONF_FILE */
const char *conf_str(const struct conf *c, const char *name);
bool conf_bool(const struct conf *c, const char *name);
/* CONF_INT, CONF_DURATION (ms), CONF_BYTES */
int64_t conf_int(const struct conf *c, const char *name);
/* Returns the count; (*ret)[count] is NULL. */
size_t conf_list(const struct conf *c, const char *name, const char *const **ret);
/* Anything but its default was given, or the default is not empty. */
bool conf_is_set(const struct conf *c, const char *name);
/* Where the value came from: "default", "file /etc/x:3", "environment", "argument". */
const char *conf_origin(const struct conf *c, const char *name);
/*
 * Reads the first line of the file that name (a *_file setting) points to into a malloc'd string;
 * trailing blanks cut. Refuses more than 4096 bytes, an empty line, and files that others (not
 * owner, not group) may read, with a clear text.
 */
int conf_secret(const struct conf *c, const char *name, char **ret, struct err *err) must_check;
/* Pass-through rows, for librdkafka, in order of name; name is without "kafka.". */
void conf_each_passthrough(const struct conf *c,
                           void (*fn)(const char *name, const char *value, void *user),
                           void *user);
struct str;
/* Effective settings in the form of the file, with origin, secrets masked. */
void conf_print(const struct conf *c, struct str *out);
/* A Markdown table for the reference page. */
void conf_reference(const struct conf_def *defs, size_t n, struct str *out);
CLEANUP_DEFINE(struct conf, conf_free);

#endif
