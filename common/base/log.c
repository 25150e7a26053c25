#include "common/base/log.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/banned.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/base/text.h"
#include "common/base/tm.h"

enum { VALUE_MAX = 1024, LINE_MAX = 16 * 1024, TAIL_ROOM = 32 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static struct {
    char program[32];
    bool json;
    atomic_int level, fd;
} sink = {.level = LOG_LVL_INFO, .fd = STDERR_FILENO};

void log_init(const char *program, enum log_level level, bool json)
{
    snprintf(sink.program, sizeof(sink.program), "%s", program);
    sink.json = json;
    atomic_store_explicit(&sink.level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

bool log_level_parse(const char *s, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (strcmp(s, level_names[i]) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_to_fd(int fd)
{
    atomic_store(&sink.fd, fd < 0 ? STDERR_FILENO : fd);
}

/* Length of the character at s when it can stand as it is; 0: it must be escaped or replaced. */
static size_t plain_length(const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;

    if (c < 0x80)
        return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
    if (c == 0xc2 && n > 1 && (unsigned char)s[1] < 0xa0) /* C1 controls steer terminals */
        return 0;
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return len <= n && text_is_utf8(s, len) ? len : 0;
}

static void put_escaped(struct str *o, const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;

    if (c == '"' || c == '\\') {
        str_putc(o, '\\');
        str_putc(o, (char)c);
    } else if (c == '\n') {
        str_puts(o, "\\n");
    } else if (c == '\t') {
        str_puts(o, "\\t");
    } else if (c < 0x80) {
        str_addf(o, "\\u%04x", c);
    } else if (c == 0xc2 && n > 1 && ((unsigned char)s[1] & 0xc0) == 0x80) {
        str_addf(o, "\\u%04x", (unsigned char)s[1]);
    } else {
        str_puts(o, "\\ufffd");
    }
}

/* The escapes are those of JSON in both formats: a reader needs one rule. */
static void put_quoted(struct str *o, const char *s, size_t n)
{
    str_putc(o, '"');
    for (size_t i = 0; i < n;) {
        size_t len = plain_length(s + i, n - i);

        if (len) {
            str_add(o, s + i, len);
        } else {
            put_escaped(o, s + i, n - i);
            len = (unsigned char)s[i] == 0xc2 && n - i > 1 && text_is_utf8(s + i, 2) ? 2 : 1;
        }
        i += len;
    }
    str_putc(o, '"');
}

static bool needs_quotes(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = plain_length(s + i, n - i);
        if (len == 0 || s[i] == ' ' || s[i] == '=')
            return true;
        i += len;
    }
    return n == 0;
}

static void put_text(struct str *o, const char *s)
{
    if (!s) {
        str_puts(o, sink.json ? "null" : "-");
        return;
    }
    size_t n = strnlen(s, VALUE_MAX + 1);

    n = text_cut(s, n, VALUE_MAX);
    if (sink.json || needs_quotes(s, n))
        put_quoted(o, s, n);
    else
        str_add(o, s, n);
}

static void put_key(struct str *o, const char *key)
{
    if (sink.json)
        str_addf(o, "%s\"%s\":", o->n > 1 ? "," : "", key);
    else
        str_addf(o, "%s%s=", o->n > 0 ? " " : "", key);
}

static void put_kv(struct str *o, const struct log_kv *kv)
{
    put_key(o, kv->key);
    switch (kv->type) {
    case LOG_KV_INT:
        str_addf(o, "%lld", (long long)kv->i);
        break;
    case LOG_KV_UINT:
        str_add_u64(o, kv->u);
        break;
    case LOG_KV_STR:
        put_text(o, kv->s);
        break;
    case LOG_KV_BOOL:
        str_puts(o, kv->b ? "true" : "false");
        break;
    case LOG_KV_DOUBLE:
        if (isfinite(kv->d))
            str_addf(o, "%.9g", kv->d);
        else
            put_text(o, NULL);
        break;
    }
}

/* Adds the fields; one that does not fit is left out whole and the line says so. */
static void put_kvs(struct str *o, const struct log_kv *kvs, int n)
{
    for (int i = 0; i < n; i++) {
        size_t before = o->n;

        put_kv(o, &kvs[i]);
        if (o->over) {
            o->n = before;
            o->p[before] = '\0';
            o->over = false;
            o->max += TAIL_ROOM / 2;
            put_kv(o, &(struct log_kv){"cut", LOG_KV_BOOL, {.b = true}});
            return;
        }
    }
}

static void emit(const struct str *line)
{
    int saved = errno;
    ssize_t r;

    /* A pipe that nobody reads must not stop the program's work: what cannot be written is gone. */
    do {
        r = write(atomic_load(&sink.fd), line->p, line->n);
    } while (r < 0 && errno == EINTR);
    errno = saved;
}

void log_event(enum log_level level, const char *event, const struct log_kv *kvs, int n)
{
    autovalue(str_release) struct str line = STR_INIT(LINE_MAX - TAIL_ROOM);
    char ts[TM_TEXT];

    if (sink.json)
        str_putc(&line, '{');
    const struct log_kv head[] = {
        {"ts", LOG_KV_STR, {.s = tm_format_utc(clock_wall(clock_real()), ts)}},
        {"level", LOG_KV_STR, {.s = level_names[level]}},
        {"prog", LOG_KV_STR, {.s = sink.program}},
        {"event", LOG_KV_STR, {.s = event}},
    };

    put_kvs(&line, head, ARRAY_LEN(head));
    put_kvs(&line, kvs, n);
    line.max = LINE_MAX;
    str_puts(&line, sink.json ? "}\n" : "\n");
    emit(&line);
}
