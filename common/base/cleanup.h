/*
 * cleanup: ownership by scope. gcc and clang only (docs/adr/0006).
 *
 *   autofree char *p = NULL;
 *   autoptr(batch_free) struct batch *b = batch_new();
 *   autovalue(str_release) struct str s = STR_INIT(100);
 *
 * Give each its value where it is declared: a return in between would release what was never set.
 */
#ifndef SYNC_BASE_CLEANUP_H
#define SYNC_BASE_CLEANUP_H

#include <stdlib.h>

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}
#define autofree __attribute__((cleanup(cleanup_free)))

/*
 * In a header, after the destructor: CLEANUP_DEFINE(struct batch, batch_free) makes
 * autoptr(batch_free) work.
 */
#define CLEANUP_DEFINE(type, func)                                                                 \
    static inline void func##_cleanup(type **p)                                                    \
    {                                                                                              \
        func(*p);                                                                                  \
    }                                                                                              \
    struct cleanup_semicolon
#define autoptr(func) __attribute__((cleanup(func##_cleanup)))
/*
 * For values with init/release: CLEANUP_VALUE(struct str, str_release) makes
 * autovalue(str_release) work.
 */
#define CLEANUP_VALUE(type, func)                                                                  \
    static inline void func##_cleanup_value(type *p)                                               \
    {                                                                                              \
        func(p);                                                                                   \
    }                                                                                              \
    struct cleanup_semicolon
#define autovalue(func) __attribute__((cleanup(func##_cleanup_value)))

/* Takes the pointer out of its variable: ownership leaves. */
#define steal(p)                                                                                   \
    ({                                                                                             \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Allocators that end the process when there is no memory (docs/adr/0004). Results are zeroed. */
void *xalloc(size_t n);
void *xrealloc(void *p, size_t n); /* new part not zeroed */
char *xstrdup(const char *s);      /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);
/* The same end where a library says that it has no memory; what: whose, one word. */
_Noreturn void out_of_memory(const char *what);

#endif
