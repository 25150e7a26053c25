#include "common/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#    include <sanitizer/asan_interface.h>
#else
#    define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#    define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

/* Memory behind `used` is zero and, in sanitized builds, not to be touched. */
struct block {
    struct block *older;
    size_t size, used;
    _Alignas(ALIGN) unsigned char data[];
};

struct arena {
    const char *name;
    size_t max, bytes;
    struct block *newest;
};

struct arena *arena_new(const char *name, size_t max_bytes)
{
    struct arena *a = xalloc(sizeof(*a));

    a->name = name;
    a->max = max_bytes;
    return a;
}

static void free_block(struct block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
    free(b);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->newest, *older; b; b = older) {
        older = b->older;
        free_block(b);
    }
    free(a);
}

void arena_reset(struct arena *a)
{
    struct block *b = a->newest;

    a->bytes = 0;
    if (!b)
        return;
    while (b->older) {
        struct block *older = b->older;
        free_block(b);
        b = older;
    }
    ASAN_UNPOISON_MEMORY_REGION(b->data, b->used);
    memset(b->data, 0, b->used);
    ASAN_POISON_MEMORY_REGION(b->data, b->used);
    b->used = 0;
    a->newest = b;
}

static void add_block(struct arena *a, size_t want)
{
    size_t size = a->newest ? a->newest->size * 2 : FIRST_BLOCK;

    if (size > LARGEST_STEP)
        size = LARGEST_STEP;
    if (size < want)
        size = want;
    struct block *b = xalloc(sizeof(*b) + size);

    b->size = size;
    b->older = a->newest;
    a->newest = b;
    ASAN_POISON_MEMORY_REGION(b->data, b->size);
}

static _Noreturn void full(const struct arena *a, size_t n)
{
    fprintf(stderr, "arena %s is full: %zu of %zu bytes used, %zu wanted\n", a->name, a->bytes,
            a->max, n);
    abort();
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > a->max - a->bytes)
        full(a, n);
    /* An empty object gets an address of its own. max < SIZE_MAX - 15 in every sane caller, but
     * count safely. */
    size_t step = n ? n + (ALIGN - n % ALIGN) % ALIGN : ALIGN;

    if (step < n)
        full(a, n);
    if (!a->newest || a->newest->size - a->newest->used < step)
        add_block(a, step);
    unsigned char *p = a->newest->data + a->newest->used;

    a->newest->used += step;
    a->bytes += n;
    ASAN_UNPOISON_MEMORY_REGION(p, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_memdup(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    n = strnlen(s, n);
    char *p = arena_alloc(a, n + 1);

    memcpy(p, s, n);
    return p;
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
    void *copy = arena_alloc(a, n);

    if (n)
        memcpy(copy, p, n);
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        full(a, 0);
    char *p = arena_alloc(a, (size_t)n + 1);

    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

size_t arena_bytes(const struct arena *a)
{
    return a->bytes;
}
