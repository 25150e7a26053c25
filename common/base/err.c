#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/text.h"

/* Copies src as one line: control characters become blanks, cut on a character boundary. */
static void put_line(char *dst, size_t room, const char *src)
{
    size_t n = text_cut(src, strlen(src), room - 1);

    for (size_t i = 0; i < n; i++)
        dst[i] = (unsigned char)src[i] < 0x20 || src[i] == 0x7f ? ' ' : src[i];
    dst[n] = '\0';
}

int err_set(struct err *err,
            enum err_scope scope,
            enum err_when when,
            const char *code,
            const char *fmt,
            ...)
{
    struct err e = {.scope = scope, .when = when}; /* aside: the arguments may point into *err */
    char text[2 * sizeof(e.text)];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    put_line(e.text, sizeof(e.text), text);
    put_line(e.code, sizeof(e.code), code ? code : "");
    *err = e;
    return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
    char text[3 * sizeof(err->text)];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, 2 * sizeof(err->text), fmt, ap);
    va_end(ap);
    if (n < 0)
        return -1;
    n = (int)strlen(text);
    snprintf(text + n, sizeof(text) - (size_t)n, ": %s", err->text);
    put_line(err->text, sizeof(err->text), text);
    return -1;
}
