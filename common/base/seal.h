/*
 * seal: secrets that one program writes and another one reads: closed with a public key, opened
 * with the private one. Whoever holds only the public key can write and not read.
 *
 * Sealed boxes of libsodium: X25519 with a key made for each box, XSalsa20-Poly1305. A box that was
 * changed in one bit does not open.
 * @source  libsodium's documentation, "Sealed boxes"; docs/adr/0020-sealed-secrets.md
 */
#ifndef SYNC_BASE_SEAL_H
#define SYNC_BASE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/secret.h"

enum {
    SEAL_KEY = 32,
    SEAL_EXTRA = 48,      /* a box is so much longer than what is in it */
    SEAL_KEY_TEXT = 96,   /* of both keys' texts, with NUL */
    SEAL_TEXT_MAX = 16384 /* longest text in a box */
};

struct seal_public {
    uint8_t b[SEAL_KEY];
};

/* A new pair. The private key as text: "contact-sync-private-1:" and 64 hex digits. */
struct secret *seal_keys(struct seal_public *ret);
/* "contact-sync-public-1:" and 64 hex digits. */
void seal_public_format(const struct seal_public *key, char buf[SEAL_KEY_TEXT]);
/* err: code "conf", SCOPE_PROCESS; never quotes the text. */
int seal_public_parse(const char *text, struct seal_public *ret, struct err *err) must_check;
/* The public half of a private key's text. err: as above. */
int seal_public_of(const char *private_key, struct seal_public *ret, struct err *err) must_check;

/* ret: n + SEAL_EXTRA bytes. n: at most SEAL_TEXT_MAX. */
void seal_close(const struct seal_public *key, const void *text, size_t n, uint8_t *ret);
/*
 * @ret  what was closed, n - SEAL_EXTRA bytes
 * @err  code "conf": no such key; "seal.closed": closed for another key, or damaged
 */
int seal_open(const char *private_key,
              const uint8_t *box,
              size_t n,
              struct secret **ret,
              struct err *err) must_check;

#endif
