#include <criterion/criterion.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/str.h"

#include "tests/sim/exchange/sx_ntlm.h"

/* @source  RFC 1320 A.5 */
static const struct {
    const char *text, *md4;
} sums[] = {
    {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
    {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
    {"message digest", "d9130a8164549fe818874806e1c7014b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "043f8582f241db351ce627e153e7f0e4"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "e33b4ddc9c38f2199c3e7b164fcc0536"},
};

Test(sim_ntlm, sums_as_the_standard_does)
{
    for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
        uint8_t sum[16];
        char text[33];
        sx_md4(sums[i].text, strlen(sums[i].text), sum);
        hex_encode(sum, sizeof(sum), text);
        cr_expect_str_eq(text, sums[i].md4);
    }
}

/* An AUTHENTICATE of user "User", domain "Domain", password "Password", with the proof and the
 * blob of the standard's example. @source MS-NLMP 4.2.4 */
static const char blob[] =
    "0101000000000000000000000000000"
    "0aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c00530065007200760065007200"
    "0000000000000000";
static const char proof[] = "68cd0ab851e51c96aabc927bebef6a1c";
static const uint8_t challenge[SX_NTLM_CHALLENGE] = {0x01, 0x23, 0x45, 0x67,
                                                     0x89, 0xab, 0xcd, 0xef};

static void put32(uint8_t *p, size_t v)
{
    for (size_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static size_t field(uint8_t *msg, size_t at, size_t from, const void *p, size_t n)
{
    msg[at] = msg[at + 2] = (uint8_t)n;
    put32(msg + at + 4, from);
    memcpy(msg + from, p, n);
    return from + n;
}

static size_t wide(uint8_t *out, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = (uint8_t)text[i];
        out[2 * i + 1] = 0;
    }
    return 2 * n;
}

static size_t message(uint8_t msg[512], const char *user, const char *domain)
{
    uint8_t nt[256], text[64];
    size_t n_blob = (sizeof(blob) - 1) / 2, end = 64;
    memset(msg, 0, 512);
    memcpy(msg, "NTLMSSP", 8);
    put32(msg + 8, 3);
    put32(msg + 60, 1);
    cr_assert(hex_decode(proof, 16, nt));
    cr_assert(hex_decode(blob, n_blob, nt + 16));
    end = field(msg, 20, end, nt, 16 + n_blob);
    end = field(msg, 28, end, text, wide(text, domain));
    return field(msg, 36, end, text, wide(text, user));
}

Test(sim_ntlm, takes_the_proof_of_the_standards_example)
{
    uint8_t msg[512];
    size_t n = message(msg, "User", "Domain");
    cr_expect_eq(sx_ntlm_type(msg, n), 3);
    cr_expect_eq(sx_ntlm_check(msg, n, challenge, "user", "DOMAIN", "Password"), SX_NTLM_OK);
}

Test(sim_ntlm, refuses_another_password_user_domain_or_challenge)
{
    uint8_t msg[512], other[SX_NTLM_CHALLENGE] = {1};
    size_t n = message(msg, "User", "Domain");
    cr_expect_eq(sx_ntlm_check(msg, n, challenge, "User", "Domain", "password"), SX_NTLM_WRONG);
    cr_expect_eq(sx_ntlm_check(msg, n, challenge, "Another", "Domain", "Password"), SX_NTLM_WRONG);
    cr_expect_eq(sx_ntlm_check(msg, n, challenge, "User", "Elsewhere", "Password"), SX_NTLM_WRONG);
    cr_expect_eq(sx_ntlm_check(msg, n, other, "User", "Domain", "Password"), SX_NTLM_WRONG);
}

Test(sim_ntlm, survives_every_truncation_and_fields_that_point_outside)
{
    uint8_t msg[512];
    size_t n = message(msg, "User", "Domain");
    for (size_t k = 0; k < n; k++) {
        uint8_t *cut = malloc(k ? k : 1); /* so that a read beyond it is seen */
        memcpy(cut, msg, k);
        cr_expect_neq(sx_ntlm_check(cut, k, challenge, "User", "Domain", "Password"), SX_NTLM_OK);
        free(cut);
    }
    put32(msg + 24, 0xfffffff0);
    cr_expect_eq(sx_ntlm_check(msg, n, challenge, "User", "Domain", "Password"), SX_NTLM_MALFORMED);
}
