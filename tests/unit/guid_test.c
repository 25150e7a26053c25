#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/guid.h"

static char sample[] = "38b99066-ef57-4efc-a07f-0e0f6a97188e";

Test(guid, parses_either_case_and_writes_lower_case)
{
    struct guid g;
    char out[GUID_TEXT];

    cr_assert(guid_parse("38B99066-eF57-4EFC-A07F-0E0F6A97188E", &g));
    cr_expect(eq(int, g.b[0], 0x38));
    cr_expect(eq(int, g.b[15], 0x8e));
    cr_expect(guid_format(&g, out) == out);
    cr_expect(eq(str, out, sample));
}

Test(guid, refuses_what_is_not_one)
{
    static const char *const bad[] = {
        "",
        "38b99066ef574efca07f0e0f6a97188e",
        "{38b99066-ef57-4efc-a07f-0e0f6a97188e}",
        "38b99066-ef57-4efc-a07f-0e0f6a97188e ",
        " 38b99066-ef57-4efc-a07f-0e0f6a97188e",
        "38b99066-ef57-4efc-a07f-0e0f6a97188",
        "38b99066-ef57-4efc-a07f-0e0f6a97188g",
        "38b99066-ef57-4efc-a07f-0e0f6a9718-8e",
        "38b9906-6ef57-4efc-a07f-0e0f6a97188e",
        "38b99066-ef57-4efc-a07f-0e0f6a97188e0",
        "38b99066_ef57-4efc-a07f-0e0f6a97188e",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct guid g = {{1}};
        cr_expect(not(guid_parse(bad[i], &g)), "\"%s\"", bad[i]);
    }
}

Test(guid, refuses_every_truncation_and_every_broken_byte)
{
    char text[GUID_TEXT];
    struct guid g;

    for (size_t n = 0; n < GUID_TEXT - 1; n++) {
        char *cut = strndup(sample, n); /* on the heap, so that reading on is seen */
        cr_expect(not(guid_parse(cut, &g)), "cut at %zu", n);
        free(cut);
        memcpy(text, sample, sizeof(text));
        text[n] = '*';
        cr_expect(not(guid_parse(text, &g)), "broken at %zu", n);
    }
}

Test(guid, random_ones_are_version_4_differ_and_round_trip)
{
    struct guid last = {{0}};

    for (int i = 0; i < 1000; i++) {
        struct guid g, back;
        char out[GUID_TEXT];

        guid_random(&g);
        cr_assert(eq(int, g.b[6] >> 4, 4));
        cr_assert(eq(int, g.b[8] >> 6, 2));
        cr_assert(ne(int, guid_cmp(&g, &last), 0));
        cr_assert(not(guid_is_nil(&g)));
        cr_assert(guid_parse(guid_format(&g, out), &back));
        cr_assert(eq(int, guid_cmp(&g, &back), 0));
        last = g;
    }
}

Test(guid, compares_like_its_text)
{
    struct guid a, b;

    cr_assert(guid_parse("00000000-0000-0000-0000-000000000000", &a));
    cr_expect(guid_is_nil(&a));
    cr_assert(guid_parse("01000000-0000-0000-0000-000000000000", &a));
    cr_assert(guid_parse("00ffffff-ffff-ffff-ffff-ffffffffffff", &b));
    cr_expect(gt(int, guid_cmp(&a, &b), 0));
}
