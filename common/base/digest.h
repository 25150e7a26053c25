/*
 * digest: SHA-256, HMAC-SHA-256, hex and base64 over libcrypto.
 */
#ifndef SYNC_BASE_DIGEST_H
#define SYNC_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

struct sha256 {
    uint8_t b[32];
};

struct digest; /* an open SHA-256 */

void sha256_of(const void *p, size_t n, struct sha256 *ret);
void hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, struct sha256 *ret);
struct digest *digest_new(void);
void digest_add(struct digest *d, const void *p, size_t n);
void digest_finish(struct digest *d, struct sha256 *ret); /* d is open again afterwards */
void digest_free(struct digest *d);

void hex_encode(const void *p, size_t n, char *out);     /* 2n digits, lower case, and a NUL */
bool hex_decode(const char *s, size_t n_out, void *out); /* exactly 2*n_out digits, then NUL */
void base64_encode(struct str *s, const void *p, size_t n);
/* Returns bytes written to out (at most max), -1 on bad input or lack of room. Padding required. */
long base64_decode(const char *s, size_t n, void *out, size_t max);

#endif
