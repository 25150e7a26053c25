#include "common/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"

struct digest {
    EVP_MD_CTX *ctx;
};

/*
 * Fetching an algorithm and making a context cost more than hashing a contact: once per process,
 * once per thread.
 */
static EVP_MD *md;
static pthread_key_t ctx_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void must(bool ok)
{
    if (ok)
        return;
    out_of_memory("libcrypto"); /* or it has no SHA-256 */
}

static void free_ctx(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

static void load(void)
{
    md = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(md != NULL);
    must(pthread_key_create(&ctx_key, free_ctx) == 0);
}

static EVP_MD_CTX *thread_ctx(void)
{
    static _Thread_local EVP_MD_CTX *ctx; /* the key only sees to it that threads give it back */

    if (!ctx) {
        pthread_once(&once, load);
        ctx = EVP_MD_CTX_new();
        must(ctx != NULL && pthread_setspecific(ctx_key, ctx) == 0);
    }
    return ctx;
}

void sha256_of(const void *p, size_t n, struct sha256 *ret)
{
    EVP_MD_CTX *ctx = thread_ctx();

    must(EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, p, n) == 1 &&
         EVP_DigestFinal_ex(ctx, ret->b, NULL) == 1);
}

void hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, struct sha256 *ret)
{
    /* libcrypto takes a NULL key for "the same as before" */
    must(key_len <= INT32_MAX);
    pthread_once(&once, load);
    must(HMAC(md, key_len ? key : "", (int)key_len, n ? p : (const void *)"", n, ret->b, NULL) !=
         NULL);
}

struct digest *digest_new(void)
{
    struct digest *d = xalloc(sizeof(*d));

    pthread_once(&once, load);
    d->ctx = EVP_MD_CTX_new();
    must(d->ctx != NULL && EVP_DigestInit_ex2(d->ctx, md, NULL) == 1);
    return d;
}

void digest_add(struct digest *d, const void *p, size_t n)
{
    must(EVP_DigestUpdate(d->ctx, p, n) == 1);
}

void digest_finish(struct digest *d, struct sha256 *ret)
{
    must(EVP_DigestFinal_ex(d->ctx, ret->b, NULL) == 1 &&
         EVP_DigestInit_ex2(d->ctx, md, NULL) == 1);
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

void hex_encode(const void *p, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++) {
        *out++ = hex[b[i] >> 4];
        *out++ = hex[b[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *s, size_t n_out, void *out)
{
    uint8_t *o = out;

    for (size_t i = 0; i < n_out; i++) {
        int hi = hex_value(s[2 * i]);
        int lo = hi < 0 ? -1 : hex_value(s[2 * i + 1]); /* never look behind a NUL */

        if (lo < 0)
            return false;
        o[i] = (uint8_t)(hi << 4 | lo);
    }
    return s[2 * n_out] == '\0';
}

void base64_encode(struct str *s, const void *p, size_t n)
{
    enum { STEP = 3 * 256 };
    const uint8_t *b = p;
    unsigned char buf[STEP / 3 * 4 + 1];

    for (size_t i = 0; i < n; i += STEP) {
        int len = EVP_EncodeBlock(buf, b + i, (int)(n - i < STEP ? n - i : STEP));
        str_add(s, buf, (size_t)len);
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/*
 * Decodes 4 characters of which the last `pad` are padding into 24 bits; -1 when they are not
 * base64.
 */
static int32_t decode_quad(const char *s, int pad)
{
    int32_t bits = 0;

    for (int i = 0; i < 4; i++) {
        int v = i < 4 - pad ? base64_value(s[i]) : 0;
        if (v < 0)
            return -1;
        bits = bits << 6 | v;
    }
    return bits & ((1 << (8 * pad)) - 1) ? -1
                                         : bits; /* one text per value: left-over bits are zero */
}

long base64_decode(const char *s, size_t n, void *out, size_t max)
{
    uint8_t *o = out;
    int pad = 0;

    if (n % 4 != 0)
        return -1;
    if (n && s[n - 1] == '=')
        pad = s[n - 2] == '=' ? 2 : 1;
    size_t len = n / 4 * 3 - (size_t)pad;

    if (len > max)
        return -1;
    for (size_t i = 0; i < n; i += 4) {
        int skip = i + 4 == n ? pad : 0;
        int32_t bits = decode_quad(s + i, skip);

        if (bits < 0)
            return -1;
        for (int j = 0; j < 3 - skip; j++)
            *o++ = (uint8_t)(bits >> (16 - 8 * j));
    }
    return (long)len;
}
