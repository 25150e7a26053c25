#include "tests/sim/rock/api_query.h"

#include <string.h>
#include <strings.h>

#include "common/base/arena.h"

static int hex(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

char *api_decode(struct arena *a, const char *s, size_t n, bool plus)
{
    char *out = arena_alloc(a, n + 1), *to = out;
    for (size_t i = 0; i < n; i++) {
        int hi = s[i] == '%' && i + 2 < n ? hex(s[i + 1]) : -1;
        int lo = hi >= 0 ? hex(s[i + 2]) : -1;
        if (lo >= 0) {
            *to++ = (char)(hi * 16 + lo);
            i += 2;
        } else {
            *to++ = plus && s[i] == '+' ? ' ' : s[i];
        }
    }
    *to = '\0';
    return out;
}

void api_query_parse(struct arena *a, const char *encoded, struct api_query *ret)
{
    ret->n = 0;
    while (*encoded && ret->n < API_ARGUMENTS_MAX) {
        size_t len = strcspn(encoded, "&");
        size_t eq = strcspn(encoded, "=&");
        const char *value = eq < len ? encoded + eq + 1 : encoded + len;
        ret->name[ret->n] = api_decode(a, encoded, eq, true);
        ret->value[ret->n++] = api_decode(a, value, (size_t)(encoded + len - value), true);
        encoded += len + (encoded[len] == '&');
    }
}

const char *api_query_get(const struct api_query *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++)
        if (strcasecmp(q->name[i], name) == 0)
            return q->value[i];
    return NULL;
}
