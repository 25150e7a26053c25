/*
 * log: events with fields, one line each, to stderr.
 *
 *   log_info("batch applied", kv("mailbox", id), kv("items", n), kv("ms", took));
 *
 * Event names are constant text; fields hold ids, counts and codes, never names, addresses,
 * numbers, bodies or secrets. error = someone must act, warn = handled but unusual (says what
 * happens next), info = one line per run or batch, debug = free. Only programs log (main.c's
 * libraries report through struct err). Thread safe (one write per line).
 *
 * Values are cut at 1024 bytes, lines at 16 KiB (then `cut=true` is the last field). A literal true
 * is an int in C17: kv("x", (bool)true).
 */
#ifndef SYNC_BASE_LOG_H
#define SYNC_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

struct log_kv {
    const char *key;
    enum { LOG_KV_INT, LOG_KV_UINT, LOG_KV_STR, LOG_KV_BOOL, LOG_KV_DOUBLE } type;
    union {
        int64_t i;
        uint64_t u;
        const char *s;
        bool b;
        double d;
    };
};

static inline struct log_kv log_kv_i(const char *k, int64_t v)
{
    return (struct log_kv){k, LOG_KV_INT, {.i = v}};
}
static inline struct log_kv log_kv_u(const char *k, uint64_t v)
{
    return (struct log_kv){k, LOG_KV_UINT, {.u = v}};
}
static inline struct log_kv log_kv_s(const char *k, const char *v)
{
    return (struct log_kv){k, LOG_KV_STR, {.s = v}};
}
static inline struct log_kv log_kv_b(const char *k, bool v)
{
    return (struct log_kv){k, LOG_KV_BOOL, {.b = v}};
}
static inline struct log_kv log_kv_d(const char *k, double v)
{
    return (struct log_kv){k, LOG_KV_DOUBLE, {.d = v}};
}
#define kv(k, v)                                                                                   \
    _Generic((v),                                                                                                      \
        bool: log_kv_b, char *: log_kv_s, const char *: log_kv_s, float: log_kv_d, double: log_kv_d,                   \
        int: log_kv_i, long: log_kv_i, long long: log_kv_i, short: log_kv_i, signed char: log_kv_i, char: log_kv_i,    \
        unsigned char: log_kv_u, unsigned short: log_kv_u, unsigned: log_kv_u, unsigned long: log_kv_u,                \
        unsigned long long: log_kv_u)(k, v)

/* format: key=value lines, or JSON lines. program: short name put on each line. Call once at start.
 */
void log_init(const char *program, enum log_level level, bool json);
bool log_enabled(enum log_level level);
bool log_level_parse(const char *s, enum log_level *ret); /* error, warn, info, debug */
void log_event(enum log_level level, const char *event, const struct log_kv *kvs, int n);
/* Tests: send lines to fd instead of stderr; -1 = stderr again. */
void log_to_fd(int fd);

#define LOG_(level, event, ...)                                                                    \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_kv kvs_[] = {{0}, ##__VA_ARGS__};                                     \
            log_event(level, event, kvs_ + 1, (int)(sizeof(kvs_) / sizeof(kvs_[0])) - 1);          \
        }                                                                                          \
    } while (0)
#define log_error(event, ...) LOG_(LOG_LVL_ERROR, event, ##__VA_ARGS__)
#define log_warn(event, ...)  LOG_(LOG_LVL_WARN, event, ##__VA_ARGS__)
#define log_info(event, ...)  LOG_(LOG_LVL_INFO, event, ##__VA_ARGS__)
#define log_debug(event, ...) LOG_(LOG_LVL_DEBUG, event, ##__VA_ARGS__)

struct err;
/*
 * The fields of an error: code, text, scope. Use: log_warn("x failed", log_err(&err)); expands to
 * several kvs.
 */
#define log_err(e) kv("code", (const char *)(e)->code), kv("error", (const char *)(e)->text)

#endif
