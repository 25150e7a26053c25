#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"

static _Noreturn void no_memory(size_t n)
{
    fprintf(stderr, "out of memory (%zu bytes)\n", n);
    abort();
}

void out_of_memory(const char *what)
{
    fprintf(stderr, "out of memory (%s)\n", what);
    abort();
}

void *xalloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        no_memory(n);
    return p;
}

void *xrealloc(void *p, size_t n)
{
    p = realloc(p, n ? n : 1);
    if (!p)
        no_memory(n);
    return p;
}

char *xstrdup(const char *s)
{
    return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
    n = strnlen(s, n);
    char *p = xrealloc(NULL, n + 1);

    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

static void *for_jansson(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (!p)
        no_memory(n);
    return p;
}

/*
 * Without memory jansson 2.14 drops the byte that it was reading and goes on: a digit less in
 * somebody's number. Before anything is read, whoever reads it.
 */
__attribute__((constructor)) static void no_jansson_without_memory(void)
{
    json_set_alloc_funcs(for_jansson, free);
}
