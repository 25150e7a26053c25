#include "common/base/str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char str_empty[1];

void str_init(struct str *s, size_t max)
{
    assert(max < SIZE_MAX / 2);
    *s = (struct str){.p = str_empty, .max = max};
}

void str_release(struct str *s)
{
    if (s->cap)
        free(s->p);
    str_init(s, s->max);
}

void str_clear(struct str *s)
{
    s->n = 0;
    s->over = false;
    if (s->cap)
        s->p[0] = '\0';
}

/*
 * Makes room for n more bytes; false (and over) when max forbids it or something was left out
 * before.
 */
static bool reserve(struct str *s, size_t n)
{
    size_t cap = s->cap ? s->cap : 64;

    if (s->over || n > s->max - s->n) {
        s->over = true;
        return false;
    }
    if (s->cap >= s->n + n && s->cap)
        return true;
    while (cap < s->n + n)
        cap *= 2;
    if (cap > s->max)
        cap = s->max ? s->max : 1;
    s->p = xrealloc(s->cap ? s->p : NULL, cap + 1);
    s->cap = cap;
    return true;
}

void str_add(struct str *s, const void *p, size_t n)
{
    if (!n || !reserve(s, n))
        return;
    memcpy(s->p + s->n, p, n);
    s->n += n;
    s->p[s->n] = '\0';
}

void str_puts(struct str *s, const char *z)
{
    str_add(s, z, strlen(z));
}

void str_putc(struct str *s, char c)
{
    str_add(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
    size_t room = s->cap ? s->cap - s->n + 1 : 0;
    va_list ap;
    int n;

    if (s->over)
        return;
    va_start(ap, fmt);
    n = vsnprintf(room ? s->p + s->n : NULL, room, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    if ((size_t)n < room) {
        s->n += (size_t)n;
        return;
    }
    if (room)
        s->p[s->n] = '\0'; /* the attempt above left a part behind */
    if (n == 0 || !reserve(s, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(s->p + s->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    s->n += (size_t)n;
}

void str_add_u64(struct str *s, uint64_t v)
{
    char buf[20];
    size_t i = sizeof(buf);

    do {
        buf[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    str_add(s, buf + i, sizeof(buf) - i);
}

char *str_steal(struct str *s)
{
    char *p = s->cap ? s->p : xstrdup("");

    str_init(s, s->max);
    return p;
}
