/*
 * What strangers say in the head of an HTTP answer (first byte H, one line after the other), as an
 * answer of Rock (R) or of its pictures (P: status by the second byte), and as the answer of a
 * token endpoint (T): no crash, values in range, and an error that can be shown.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/secret.h"

#include "common/net/http_p.h"
#include "producer/rock/rock_answer.h"
#include "producer/rock/rock_photo.h"
#include "worker/ews/ews_oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int statuses[] = {200, 401, 400, 403, 404, 429, 500, 503, 302, 204};

static void check_err(const struct err *err)
{
    assert(err->code[0] && err->text[0]);
    assert(err->scope >= SCOPE_ITEM && err->scope <= SCOPE_PROCESS);
    assert(strlen(err->code) < sizeof(err->code) && strlen(err->text) < sizeof(err->text));
    for (const char *p = err->code; *p; p++)
        assert(*p > ' ' && *p < 127);
}

static void check_head(const char *p, size_t n)
{
    struct http_call call = {0};

    while (n) {
        const char *end = memchr(p, '\n', n);
        size_t line = end ? (size_t)(end - p) + 1 : n;
        autofree char *copy = malloc(line); /* so that a byte too far is seen */
        autofree char *value = xstrndup(p, line);
        memcpy(copy, p, line);
        http_auth_line(&call, copy, line);
        int64_t ms = http_retry_after_ms(value, INT64_C(1795400000000));
        assert(ms >= -1 && ms <= INT64_C(7) * 86400 * 1000);
        p += line;
        n -= line;
    }
    assert(call.offers < 16);
}

static struct http_response response(const char *body, size_t n, uint8_t byte)
{
    static const char *const types[] = {"application/json; charset=utf-8", "text/html",
                                        "image/jpeg", ""};
    return (struct http_response){.status = statuses[byte % ARRAY_LEN(statuses)],
                                  .content_type = types[byte / 16 % ARRAY_LEN(types)],
                                  .body = body,
                                  .body_len = n,
                                  .retry_after_ms = -1,
                                  .location = ""};
}

static void check_picture(const struct http_response *r)
{
    struct err err = {0};
    enum source_photo_fate fate = rock_photo_judge(r, &err);

    if (fate == SOURCE_PHOTO_THERE)
        assert(r->status == 200 && r->body_len > 3 && memcmp(r->body, "\xFF\xD8\xFF", 3) == 0);
    if (fate == SOURCE_PHOTO_REFUSED || fate == SOURCE_PHOTO_AWAY)
        check_err(&err);
}

static void check_token(const char *body, size_t n, uint8_t byte)
{
    autoptr(secret_free) struct secret *token = NULL;
    int64_t life = -1;
    struct err err;

    if (ews_oauth_parse(statuses[byte % ARRAY_LEN(statuses)], body, n, &token, &life, &err) < 0) {
        assert(!token);
        check_err(&err);
        return;
    }
    assert(token && secret_text(token)[0] && life > 0);
    for (const char *p = secret_text(token); *p; p++)
        assert(*p > ' ' && *p < 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = NULL;
    struct err err = {0};

    if (size < 2)
        return 0;
    text = xalloc(size - 1);
    memcpy(text, data + 2, size - 2);
    struct http_response r = response(text, size - 2, data[1]);
    switch (*data) {
    case 'H':
        check_head(text, size - 2);
        break;
    case 'R':
        if (rock_answer_judge(&r, "People", data[1] & 1, &err) != ROCK_ROWS)
            check_err(&err);
        break;
    case 'P':
        check_picture(&r);
        break;
    default:
        check_token(text, size - 2, data[1]);
        break;
    }
    return 0;
}
