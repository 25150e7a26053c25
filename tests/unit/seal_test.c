#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "common/base/seal.h"

static struct err err;

static void close_text(const struct seal_public *key, const char *text, uint8_t *box)
{
    seal_close(key, text, strlen(text), box);
}

Test(seal, what_is_closed_opens_with_the_private_key)
{
    struct seal_public public;
    autoptr(secret_free) struct secret *key = seal_keys(&public), *opened = NULL;
    uint8_t box[5 + SEAL_EXTRA];
    close_text(&public, "hello", box);
    cr_assert(eq(int, seal_open(secret_text(key), box, sizeof(box), &opened, &err), 0));
    cr_expect(eq(int, strcmp(secret_text(opened), "hello"), 0));
}

Test(seal, two_boxes_of_one_text_have_nothing_in_common)
{
    struct seal_public public;
    autoptr(secret_free) struct secret *key = seal_keys(&public);
    uint8_t a[5 + SEAL_EXTRA], b[5 + SEAL_EXTRA];
    close_text(&public, "hello", a);
    close_text(&public, "hello", b);
    cr_expect(ne(int, memcmp(a, b, sizeof(a)), 0));
    cr_expect(eq(ptr, memmem(a, sizeof(a), "hello", 5), NULL));
}

Test(seal, each_changed_bit_and_each_missing_byte_is_noticed)
{
    struct seal_public public;
    autoptr(secret_free) struct secret *key = seal_keys(&public), *opened = NULL;
    uint8_t box[5 + SEAL_EXTRA];
    close_text(&public, "hello", box);
    for (size_t bit = 0; bit < 8 * sizeof(box); bit++) {
        box[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert(eq(int, seal_open(secret_text(key), box, sizeof(box), &opened, &err), -1),
                  "bit %zu", bit);
        cr_assert(eq(str, err.code, "seal.closed"));
        box[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < sizeof(box); n++)
        cr_assert(eq(int, seal_open(secret_text(key), box, n, &opened, &err), -1), "%zu bytes", n);
    cr_expect(eq(ptr, opened, NULL));
}

Test(seal, another_key_does_not_open)
{
    struct seal_public ours, theirs;
    autoptr(secret_free) struct secret *key = seal_keys(&ours), *other = seal_keys(&theirs);
    autoptr(secret_free) struct secret *opened = NULL;
    uint8_t box[5 + SEAL_EXTRA];
    close_text(&theirs, "hello", box);
    cr_assert(eq(int, seal_open(secret_text(key), box, sizeof(box), &opened, &err), -1));
    cr_expect(eq(str, err.code, "seal.closed"));
    cr_assert(eq(int, seal_open(secret_text(other), box, sizeof(box), &opened, &err), 0));
}

Test(seal, keys_survive_as_text)
{
    struct seal_public public, read, derived;
    autoptr(secret_free) struct secret *key = seal_keys(&public);
    char text[SEAL_KEY_TEXT];
    seal_public_format(&public, text);
    cr_assert(eq(int, seal_public_parse(text, &read, &err), 0));
    cr_expect(eq(int, memcmp(&read, &public, sizeof(read)), 0));
    cr_assert(eq(int, seal_public_of(secret_text(key), &derived, &err), 0));
    cr_expect(eq(int, memcmp(&derived, &public, sizeof(derived)), 0));
}

Test(seal, what_is_no_key_is_refused_and_not_quoted)
{
    static const char *const rows[] = {
        "",
        "contact-sync-public-1:",
        "contact-sync-public-1:5ec2e7",
        "contact-sync-public-2:"
        "5ec2e7d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",
        "contact-sync-public-1:"
        "5ec2e7d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0dx",
        "contact-sync-private-1:"
        "5ec2e7d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",
        " contact-sync-public-1:"
        "5ec2e7d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",
    };
    struct seal_public key;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect(eq(int, seal_public_parse(rows[i], &key, &err), -1), "row %zu", i);
        cr_expect(eq(str, err.code, "conf"), "row %zu", i);
        cr_expect(eq(ptr, strstr(err.text, "5ec2e7"), NULL), "row %zu: %s", i, err.text);
    }
}
