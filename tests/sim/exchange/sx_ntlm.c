#include "tests/sim/exchange/sx_ntlm.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

enum {
    SIGNATURE = 8,
    NEGOTIATE_MIN = 16,
    AUTHENTICATE_MIN = 64,
    PROOF = 16,
    BLOB_MIN = 28,
    TEXT_MAX = 4096,
    FLAGS_AT = 60,
};
/* @source MS-NLMP 2.2.2.5 */
enum {
    UNICODE = 0x1,
    REQUEST_TARGET = 0x4,
    NTLM = 0x200,
    ALWAYS_SIGN = 0x8000,
    TARGET_TYPE_DOMAIN = 0x10000,
    EXTENDED_SECURITY = 0x80000,
    TARGET_INFO = 0x800000,
    KEY_128 = 0x20000000,
    KEY_EXCHANGE = 0x40000000,
};
static const uint32_t key_56 = 0x80000000;
/* @source MS-NLMP 2.2.2.1 */
enum { AV_END, AV_HOST, AV_DOMAIN, AV_DNS_HOST, AV_DNS_DOMAIN, AV_TIMESTAMP = 7 };

static const char signature[SIGNATURE] = "NTLMSSP";

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put(struct str *out, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        str_putc(out, (char)(v >> (8 * i) & 0xff));
}

int sx_ntlm_type(const uint8_t *msg, size_t n)
{
    if (n < NEGOTIATE_MIN || memcmp(msg, signature, SIGNATURE) != 0)
        return 0;
    uint32_t type = get32(msg + SIGNATURE);
    if (type == 3)
        return n >= AUTHENTICATE_MIN ? 3 : 0;
    return type == 1 ? 1 : 0;
}

static void wide_ascii(struct str *out, const char *text)
{
    for (; *text; text++)
        put(out, (unsigned char)*text, 2);
}

static void pair(struct str *out, unsigned id, const struct str *value)
{
    put(out, id, 2);
    put(out, value->n, 2);
    str_add(out, value->p, value->n);
}

static void pair_ascii(struct str *out, unsigned id, const char *text)
{
    autovalue(str_release) struct str wide = STR_INIT(TEXT_MAX);
    wide_ascii(&wide, text);
    pair(out, id, &wide);
}

static void target_info(struct str *out, const char *domain, const char *host, int64_t now_ms)
{
    autovalue(str_release) struct str time = STR_INIT(TEXT_MAX);
    put(&time, (uint64_t)(now_ms + INT64_C(11644473600000)) * 10000, 8); /* since 1601, 100 ns */
    pair_ascii(out, AV_DOMAIN, domain);
    pair_ascii(out, AV_HOST, host);
    pair_ascii(out, AV_DNS_DOMAIN, "church.example");
    pair_ascii(out, AV_DNS_HOST, "mail.church.example");
    pair(out, AV_TIMESTAMP, &time);
    put(out, AV_END, 4);
}

static void field(struct str *out, size_t n, size_t at)
{
    put(out, n, 2);
    put(out, n, 2);
    put(out, at, 4);
}

void sx_ntlm_challenge(struct str *out,
                       const uint8_t *negotiate,
                       size_t n,
                       const uint8_t challenge[SX_NTLM_CHALLENGE],
                       const char *domain,
                       const char *host,
                       int64_t now_ms)
{
    autovalue(str_release) struct str name = STR_INIT(TEXT_MAX), info = STR_INIT(TEXT_MAX);
    uint32_t asked = n >= NEGOTIATE_MIN ? get32(negotiate + 12) : 0;
    uint32_t flags = UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | TARGET_TYPE_DOMAIN |
                     EXTENDED_SECURITY | TARGET_INFO |
                     (asked & ((uint32_t)KEY_128 | (uint32_t)KEY_EXCHANGE | key_56));
    wide_ascii(&name, domain);
    target_info(&info, domain, host, now_ms);
    const size_t payload = 56; /* fields and version */
    str_add(out, signature, SIGNATURE);
    put(out, 2, 4);
    field(out, name.n, payload);
    put(out, flags, 4);
    str_add(out, challenge, SX_NTLM_CHALLENGE);
    put(out, 0, 8);
    field(out, info.n, payload + name.n);
    put(out, 0x0f00000000000a0aULL, 8); /* a version nobody looks at */
    str_add(out, name.p, name.n);
    str_add(out, info.p, info.n);
}

/* --- the proof --- */

struct part {
    const uint8_t *p;
    size_t n;
};

static bool part_of(const uint8_t *msg, size_t n, size_t at, struct part *ret)
{
    size_t len = (size_t)msg[at] | (size_t)msg[at + 1] << 8, from = get32(msg + at + 4);
    if (from > n || len > n - from)
        return false;
    *ret = (struct part){msg + from, len};
    return true;
}

static uint32_t next_utf8(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    unsigned more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
    uint32_t c = more ? *s & (0x3fu >> more) : *s;
    for (s++; more && *s; more--)
        c = c << 6 | (*s++ & 0x3f);
    *p = (const char *)s;
    return c;
}

static void wide_utf8(struct str *out, const char *text)
{
    while (*text) {
        uint32_t c = next_utf8(&text);
        if (c >= 0x10000) {
            put(out, 0xd7c0 + (c >> 10), 2);
            c = 0xdc00 | (c & 0x3ff);
        }
        put(out, c, 2);
    }
}

/* ASCII case only: the simulator's accounts have no others. */
static void upper(struct str *out, struct part wide)
{
    for (size_t i = 0; i + 1 < wide.n; i += 2) {
        uint8_t c = wide.p[i];
        put(out, wide.p[i + 1] || !islower(c) ? c : (unsigned)toupper(c), 1);
        put(out, wide.p[i + 1], 1);
    }
}

static bool same(struct part wide, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        if (2 * i + 1 >= wide.n || wide.p[2 * i + 1] ||
            tolower(wide.p[2 * i]) != tolower((unsigned char)text[i]))
            return false;
    }
    return wide.n == 2 * n || (wide.n > 2 * n && wide.p[2 * n] == '@');
}

static void hmac_md5(const uint8_t key[16], const struct str *a, struct part b, uint8_t ret[PROOF])
{
    autovalue(str_release) struct str all = STR_INIT(1 << 20);
    unsigned n = PROOF;
    str_add(&all, a->p, a->n);
    str_add(&all, b.p, b.n);
    HMAC(EVP_md5(), key, 16, (const uint8_t *)all.p, all.n, ret, &n);
}

static void proof_of(const char *password,
                     struct part user,
                     struct part domain,
                     const uint8_t challenge[SX_NTLM_CHALLENGE],
                     struct part blob,
                     uint8_t ret[PROOF])
{
    autovalue(str_release) struct str secret = STR_INIT(TEXT_MAX), who = STR_INIT(TEXT_MAX),
                                      server = STR_INIT(TEXT_MAX);
    uint8_t hash[16], key[PROOF];
    wide_utf8(&secret, password);
    sx_md4(secret.p, secret.n, hash);
    upper(&who, user);
    hmac_md5(hash, &who, domain, key);
    str_add(&server, challenge, SX_NTLM_CHALLENGE);
    hmac_md5(key, &server, blob, ret);
}

struct answer { /* of an AUTHENTICATE message */
    struct part nt, in, who;
};

static bool read_answer(const uint8_t *authenticate, size_t n, struct answer *ret)
{
    return n >= AUTHENTICATE_MIN && part_of(authenticate, n, 20, &ret->nt) &&
           part_of(authenticate, n, 28, &ret->in) && part_of(authenticate, n, 36, &ret->who) &&
           get32(authenticate + FLAGS_AT) & UNICODE;
}

enum sx_ntlm_verdict sx_ntlm_check(const uint8_t *authenticate,
                                   size_t n,
                                   const uint8_t challenge[SX_NTLM_CHALLENGE],
                                   const char *user,
                                   const char *domain,
                                   const char *password)
{
    struct answer a;
    uint8_t want[PROOF];
    if (!read_answer(authenticate, n, &a))
        return SX_NTLM_MALFORMED;
    if (a.nt.n == 24)
        return SX_NTLM_V1;
    if (a.nt.n < PROOF + BLOB_MIN)
        return a.nt.n ? SX_NTLM_MALFORMED : SX_NTLM_WRONG; /* nothing: an anonymous login */
    struct part blob = {a.nt.p + PROOF, a.nt.n - PROOF};
    if (blob.p[0] != 1 || blob.p[1] != 1)
        return SX_NTLM_MALFORMED;
    proof_of(password, a.who, a.in, challenge, blob, want);
    bool known = same(a.who, user) && (!a.in.n || same(a.in, domain));
    return known && memcmp(want, a.nt.p, PROOF) == 0 ? SX_NTLM_OK : SX_NTLM_WRONG;
}
