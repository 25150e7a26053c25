#include <criterion/criterion.h>

#include "common/base/str.h"

#include "common/core/catset.h"
#include "common/core/contact.h"
#include "tests/unit/core_support.h"

Test(catset, a_set_has_its_names_once_sorted_bytewise)
{
    autoptr(catsets_free) struct catsets *c = catsets_new(100, 10000);
    uint32_t b = catsets_category(c, "b"), a = catsets_category(c, "a"),
             ab = catsets_category(c, "a b"), set = 0;
    cr_expect_str_eq(catsets_text(c, 0), "");
    set = catsets_add(c, set, b);
    cr_expect_eq(set, b);
    set = catsets_add(c, set, a);
    cr_expect_str_eq(catsets_text(c, set), "a\nb");
    set = catsets_add(c, set, ab);
    cr_expect_str_eq(catsets_text(c, set), "a\na b\nb");
    cr_expect_eq(catsets_add(c, set, a), set);
    cr_expect_eq(catsets_add(c, set, b), set);
    cr_expect_eq(catsets_add(c, set, 0), set, "no category changes nothing");
    cr_expect_eq(catsets_add(c, 0, 0), 0);
}

Test(catset, the_way_to_a_set_does_not_matter)
{
    autoptr(catsets_free) struct catsets *c = catsets_new(100000, 10 << 20);
    uint64_t seed = 3;
    uint32_t category[12], known[1 << 12] = {0};
    for (uint32_t i = 0; i < 12; i++) {
        char name[] = {(char)('a' + i * 7 % 12), 0};
        category[i] = catsets_category(c, name);
        cr_assert_eq(catsets_category(c, name), category[i]);
    }
    for (int round = 0; round < 20000; round++) {
        uint32_t members = (uint32_t)rnd_below(&seed, 1 << 12), left = members, set = 0;
        while (left) {
            uint32_t i = (uint32_t)rnd_below(&seed, 12);
            if (left >> i & 1)
                set = catsets_add(c, set, category[i]);
            left &= ~(1u << i);
        }
        if (known[members])
            cr_assert_eq(set, known[members]);
        known[members] = set;
        cr_assert_eq(strlen(catsets_text(c, set)),
                     members ? 2 * (size_t)__builtin_popcount(members) - 1 : 0);
        struct sha256 hash;
        link_cats_hash(catsets_text(c, set), &hash);
        cr_assert_eq(memcmp(&hash, catsets_hash(c, set), sizeof(hash)), 0);
    }
}

Test(catset, no_more_sets_than_allowed)
{
    autoptr(catsets_free) struct catsets *c = catsets_new(3, 10000);
    uint32_t a = catsets_category(c, "a"), b = catsets_category(c, "b"), ab = catsets_add(c, a, b);
    cr_expect_neq(ab, CATSET_NONE);
    cr_expect_eq(catsets_category(c, "c"), CATSET_NONE);
    cr_expect_eq(catsets_add(c, a, b), ab, "what is there stays");
    cr_expect_eq(catsets_category(c, "b"), b);
}

Test(catset, no_more_bytes_than_allowed)
{
    autoptr(catsets_free) struct catsets *c = catsets_new(100, 9);
    uint32_t a = catsets_category(c, "aaa"), b = catsets_category(c, "bbb");
    cr_expect_eq(catsets_add(c, a, b), CATSET_NONE);
    cr_expect_neq(catsets_category(c, "ccc"), CATSET_NONE);
    cr_expect_eq(catsets_category(c, "d"), CATSET_NONE);
}
