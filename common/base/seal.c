#include "common/base/seal.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC  "contact-sync-public-1:"
#define PRIVATE "contact-sync-private-1:"

_Static_assert(SEAL_KEY == crypto_box_PUBLICKEYBYTES && SEAL_KEY == crypto_box_SECRETKEYBYTES,
               "keys of libsodium");
_Static_assert(SEAL_EXTRA == crypto_box_SEALBYTES, "overhead of libsodium");

static void ready(void)
{
    if (sodium_init() < 0) /* no random numbers to be had */
        abort();
}

static void key_text(const char *prefix, const uint8_t key[SEAL_KEY], char buf[SEAL_KEY_TEXT])
{
    size_t n = strlen(prefix);
    memcpy(buf, prefix, n);
    sodium_bin2hex(buf + n, SEAL_KEY_TEXT - n, key, SEAL_KEY);
}

static bool key_parse(const char *prefix, const char *text, uint8_t ret[SEAL_KEY])
{
    size_t n = strlen(prefix), got = 0;
    const char *end;
    return strncmp(text, prefix, n) == 0 && strlen(text + n) == 2 * (size_t)SEAL_KEY &&
           sodium_hex2bin(ret, SEAL_KEY, text + n, 2 * (size_t)SEAL_KEY, NULL, &got, &end) == 0 &&
           got == SEAL_KEY;
}

struct secret *seal_keys(struct seal_public *ret)
{
    uint8_t key[SEAL_KEY];
    char text[SEAL_KEY_TEXT];
    ready();
    crypto_box_keypair(ret->b, key);
    key_text(PRIVATE, key, text);
    struct secret *s = secret_new(text, strlen(text));
    explicit_bzero(key, sizeof(key));
    explicit_bzero(text, sizeof(text));
    return s;
}

void seal_public_format(const struct seal_public *key, char buf[SEAL_KEY_TEXT])
{
    key_text(PUBLIC, key->b, buf);
}

static int no_key(const char *prefix, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "no key: it is %s and 64 hex digits, as `contact-sync secret keys` writes it",
                   prefix);
}

int seal_public_parse(const char *text, struct seal_public *ret, struct err *err)
{
    return key_parse(PUBLIC, text, ret->b) ? 0 : no_key(PUBLIC, err);
}

int seal_public_of(const char *private_key, struct seal_public *ret, struct err *err)
{
    uint8_t key[SEAL_KEY];
    ready();
    bool ok = key_parse(PRIVATE, private_key, key) && crypto_scalarmult_base(ret->b, key) == 0;
    explicit_bzero(key, sizeof(key));
    return ok ? 0 : no_key(PRIVATE, err);
}

void seal_close(const struct seal_public *key, const void *text, size_t n, uint8_t *ret)
{
    ready();
    if (n > SEAL_TEXT_MAX || crypto_box_seal(ret, text, n, key->b) != 0)
        abort();
}

static int
open_box(const char *private_key, const uint8_t *box, size_t n, uint8_t *text, struct err *err)
{
    struct seal_public public;
    uint8_t key[SEAL_KEY];
    if (seal_public_of(private_key, &public, err) < 0)
        return -1;
    bool ok = n >= SEAL_EXTRA && n <= SEAL_TEXT_MAX + SEAL_EXTRA &&
              key_parse(PRIVATE, private_key, key) &&
              crypto_box_seal_open(text, box, n, public.b, key) == 0;
    explicit_bzero(key, sizeof(key));
    if (ok)
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "seal.closed",
                   "sealed for another key, or damaged: give it again with `contact-sync secret "
                   "set` and the public key that belongs to secrets.private_key_file");
}

int seal_open(
    const char *private_key, const uint8_t *box, size_t n, struct secret **ret, struct err *err)
{
    uint8_t text[SEAL_TEXT_MAX];
    int r = open_box(private_key, box, n, text, err);
    if (r == 0)
        *ret = secret_new((const char *)text, n - SEAL_EXTRA);
    explicit_bzero(text, sizeof(text));
    return r;
}
