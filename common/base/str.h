/*
 * str: a growing byte string with a maximum.
 *
 * Invariant: p is NUL-terminated whenever n > 0 or cap > 0; p may be "" (static) when nothing was
 * added, never NULL. Going beyond max adds nothing and sets `over`, which sticks (nothing more
 * is added, so that what is there is a prefix): encoders add freely and check once at the end.
 */
#ifndef SYNC_BASE_STR_H
#define SYNC_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct str {
    char *p;
    size_t n, cap, max; /* bytes, without the NUL */
    bool over;          /* something did not fit */
};

/*
 * `autovalue(str_release) struct str s = STR_INIT(100);`: initialised where it is declared, so that
 * no return in between can release what was never set.
 */
#define STR_INIT(max_bytes)                                                                        \
    {                                                                                              \
        .p = str_empty, .max = (max_bytes)                                                         \
    }
extern char str_empty[1]; /* private: what p points to while nothing is allocated; stays NUL */

void str_init(struct str *s, size_t max);
void str_release(struct str *s); /* contents; s is then as after str_init with the same max */
void str_clear(struct str *s);   /* n = 0, memory kept, over reset */
void str_add(struct str *s, const void *p, size_t n);
void str_puts(struct str *s, const char *z);
void str_putc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_add_u64(struct str *s, uint64_t v); /* decimal */
char *str_steal(struct str *s); /* malloc'd NUL-terminated contents; s is empty afterwards */
CLEANUP_VALUE(struct str, str_release);

#endif
