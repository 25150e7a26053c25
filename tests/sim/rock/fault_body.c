#include "tests/sim/rock/fault_body.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define HUGE_BYTES ((size_t)10 << 20)

const char *fault_retry_after(uint32_t ms)
{
    static char line[48];
    snprintf(line, sizeof(line), "Retry-After: %u\n", (unsigned)((ms + 999) / 1000));
    return line;
}

/* Puts text in place of the bytes from..to of the body. */
static void splice(struct str *body, size_t from, size_t to, const char *text)
{
    struct str out;
    str_init(&out, body->max + HUGE_BYTES);
    str_add(&out, body->p, from);
    str_puts(&out, text);
    str_add(&out, body->p + to, body->n - to);
    str_release(body);
    *body = out;
}

/* Where the value of the first key starts; 0 when there is none. */
static size_t value_of(const struct str *body, const char *key)
{
    const char *at = strstr(body->p, key);
    return at ? (size_t)(at - body->p) + strlen(key) : 0;
}

static size_t digits_end(const struct str *body, size_t at)
{
    while (isdigit((unsigned char)body->p[at]))
        at++;
    return at;
}

static void replace_number(struct str *body, const char *key, const char *text)
{
    size_t at = value_of(body, key);
    if (at)
        splice(body, at, digits_end(body, at), text);
}

/* The bracket that closes the one at `at`; strings are stepped over. */
static size_t closing(const struct str *body, size_t at)
{
    int depth = 0;
    bool text = false;
    for (; at < body->n; at++) {
        char ch = body->p[at];
        if (text && ch == '\\')
            at++;
        else if (ch == '"')
            text = !text;
        else if (!text && (ch == '[' || ch == '{'))
            depth++;
        else if (!text && (ch == ']' || ch == '}') && --depth == 0)
            return at + 1;
    }
    return body->n;
}

static void null_list(struct str *body)
{
    size_t at = value_of(body, "\":[");
    if (at)
        splice(body, at - 1, closing(body, at - 1), "null");
}

static void huge_field(struct str *body)
{
    size_t at = value_of(body, "\":\"");
    if (!at)
        return;
    autofree char *text = xalloc(HUGE_BYTES + 1);
    memset(text, 'x', HUGE_BYTES);
    splice(body, at, at, text);
}

static void unknown_enum(struct str *body)
{
    const char *const keys[] = {"\"GroupMemberStatus\":", "\"AgeClassification\":", "\"Gender\":"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        replace_number(body, keys[i], "99");
}

/* The rows of the first half, then what an exception handler prints. */
static void partial(struct str *body)
{
    size_t at = 1, half = body->n / 2;
    while (at < half && body->p[at] == '{') {
        at = closing(body, at);
        at += body->p[at] == ',';
    }
    splice(body, at, body->n, "{\"Message\":\"An error has occurred.\"}]");
}

void fault_body(enum fault_kind kind, struct str *body)
{
    if (body->n < 4 && kind != FAULT_EMPTY)
        return; /* nothing to spoil */
    switch (kind) {
    case FAULT_TRUNCATED:
        splice(body, body->n - body->n / 3 - 1, body->n, "");
        break;
    case FAULT_PARTIAL:
        partial(body);
        break;
    case FAULT_WRONG_TYPES:
        replace_number(body, "\"Id\":", "{\"a\":[1,\"x\"]}");
        break;
    case FAULT_NULL_ID:
        replace_number(body, "\"Id\":", "null");
        break;
    case FAULT_NULL_LIST:
        null_list(body);
        break;
    case FAULT_UNKNOWN_ENUM:
        unknown_enum(body);
        break;
    case FAULT_HUGE_FIELD:
        huge_field(body);
        break;
    default:
        str_clear(body);
        str_puts(body, "[]");
        break;
    }
}
