#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/str.h"

static char *hex_of(const struct sha256 *h)
{
    static char out[65];

    hex_encode(h->b, sizeof(h->b), out);
    return out;
}

/* @source FIPS 180-4 examples */
static const struct {
    const char *text;
    char *want;
} sha_rows[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

Test(digest, sha256_agrees_with_the_standard_at_once_and_in_pieces)
{
    struct digest *d = digest_new();

    for (size_t i = 0; i < ARRAY_LEN(sha_rows); i++) {
        const char *s = sha_rows[i].text;
        struct sha256 h;

        sha256_of(s, strlen(s), &h);
        cr_expect(eq(str, hex_of(&h), sha_rows[i].want));
        for (; *s; s++)
            digest_add(d, s, 1);
        memset(&h, 0, sizeof(h));
        digest_finish(d, &h); /* and it is open again for the next row */
        cr_expect(eq(str, hex_of(&h), sha_rows[i].want));
    }
    digest_free(d);
    digest_free(NULL);
}

/* @source RFC 4231 test cases 1, 2, 6 */
Test(digest, hmac_agrees_with_the_standard)
{
    struct sha256 h;
    unsigned char key[131];

    memset(key, 0x0b, 20);
    hmac_sha256(key, 20, "Hi There", 8, &h);
    cr_expect(
        eq(str, hex_of(&h), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, &h);
    cr_expect(
        eq(str, hex_of(&h), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 0xaa, sizeof(key));
    hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, &h);
    cr_expect(
        eq(str, hex_of(&h), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

Test(digest, hmac_of_nothing_with_no_key_forgets_the_key_before)
{
    struct sha256 h;

    hmac_sha256("Jefe", 4, "x", 1, &h);
    hmac_sha256(NULL, 0, NULL, 0, &h);
    cr_expect(
        eq(str, hex_of(&h), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

static void *hash_in_thread(void *arg)
{
    for (int i = 0; i < 1000; i++)
        sha256_of("abc", 3, arg);
    return NULL;
}

Test(digest, threads_do_not_share_a_context)
{
    pthread_t t[4];
    struct sha256 h[4];

    for (int i = 0; i < 4; i++)
        cr_assert(eq(int, pthread_create(&t[i], NULL, hash_in_thread, &h[i]), 0));
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        cr_expect(eq(str, hex_of(&h[i]), sha_rows[1].want));
    }
}

Test(digest, hex_refuses_wrong_digits_and_lengths)
{
    unsigned char out[3];

    cr_expect(hex_decode("00fFa9", 3, out));
    cr_expect(eq(int, memcmp(out, "\x00\xff\xa9", 3), 0));
    cr_expect(hex_decode("", 0, out));
    cr_expect(not(hex_decode("00ffa", 3, out)));
    cr_expect(not(hex_decode("00ffa90", 3, out)));
    cr_expect(not(hex_decode("00ff a9", 3, out)));
    cr_expect(not(hex_decode("00fg00", 3, out)));
    cr_expect(not(hex_decode("", 3, out)));
    for (int c = 1; c < 256; c++) {
        char s[3] = {(char)c, '0', 0};
        bool want = strchr("0123456789abcdefABCDEF", c) != NULL;
        cr_expect(eq(int, hex_decode(s, 1, out), want), "byte %d", c);
    }
}

/* @source RFC 4648 section 10 */
Test(digest, base64_agrees_with_the_standard)
{
    static const struct {
        const char *plain;
        char *coded;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        autovalue(str_release) struct str s = STR_INIT(100);
        size_t n = strlen(rows[i].plain);
        char out[16];

        base64_encode(&s, rows[i].plain, n);
        cr_expect(eq(str, s.p, rows[i].coded));
        cr_expect(eq(long, base64_decode(s.p, s.n, out, n), (long)n));
        cr_expect(eq(int, memcmp(out, rows[i].plain, n), 0));
        if (n)
            cr_expect(eq(long, base64_decode(s.p, s.n, out, n - 1), -1), "no room");
    }
}

Test(digest, base64_round_trips_random_bytes_of_every_length)
{
    unsigned seed = 1;
    unsigned char in[2000], out[2000];

    for (size_t n = 0; n < sizeof(in); n++) {
        autovalue(str_release) struct str s = STR_INIT(3000);

        for (size_t i = 0; i < n; i++)
            in[i] = (unsigned char)rand_r(&seed);
        base64_encode(&s, in, n);
        cr_assert(eq(sz, s.n, (n + 2) / 3 * 4));
        cr_assert(eq(long, base64_decode(s.p, s.n, out, sizeof(out)), (long)n));
        cr_assert(eq(int, memcmp(in, out, n), 0));
    }
}

Test(digest, base64_refuses_bad_text)
{
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",  "=",        "====", "Zg==Zg==",   "Zm9v\n", "Zm 9",
        "Z===", "Zh==", "Zm9=", "Zm8=Zm8=", "Zm-_", "Z\xc3\xa9=", "Zg=a",   "=Zg="};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char out[16];
        cr_expect(eq(long, base64_decode(bad[i], strlen(bad[i]), out, sizeof(out)), -1), "%s",
                  bad[i]);
    }
}
