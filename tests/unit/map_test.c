#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"

static int one, two, three;

Test(map, gets_what_was_put)
{
    autoptr(map_free) struct map *m = map_new();

    cr_expect(map_get(m, "a", 1) == NULL);
    cr_expect(map_put(m, "a", 1, &one) == NULL);
    cr_expect(map_put(m, "ab", 2, &two) == NULL);
    cr_expect(map_put(m, "", 0, &three) == NULL, "the empty key is a key");
    cr_expect(map_get(m, "a", 1) == &one);
    cr_expect(map_get(m, "ab", 2) == &two);
    cr_expect(map_get(m, NULL, 0) == &three);
    cr_expect(map_get(m, "b", 1) == NULL);
    cr_expect(eq(sz, map_count(m), 3));
}

Test(map, put_replaces_and_del_removes)
{
    autoptr(map_free) struct map *m = map_new();

    map_put(m, "k", 1, &one);
    cr_expect(map_put(m, "k", 1, &two) == &one);
    cr_expect(eq(sz, map_count(m), 1));
    cr_expect(map_del(m, "k", 1) == &two);
    cr_expect(map_del(m, "k", 1) == NULL);
    cr_expect(map_get(m, "k", 1) == NULL);
    cr_expect(eq(sz, map_count(m), 0));
}

Test(map, keys_are_copied_and_bytes)
{
    autoptr(map_free) struct map *m = map_new();
    char key[] = {'a', '\0', 'b', '\0'};

    map_put(m, key, 4, &one);
    key[2] = 'c';
    cr_expect(map_get(m, key, 4) == NULL);
    cr_expect(map_get(m, "a\0b\0", 4) == &one);
    cr_expect(map_get(m, "a\0b", 3) == NULL);
}

Test(map, holds_a_million_and_keeps_their_order)
{
    enum { N = 200000 };
    autoptr(map_free) struct map *m = map_new();
    static int values[N];
    size_t seen = 0;

    for (uint64_t i = 0; i < N; i++)
        map_put_u64(m, i * 0x9e3779b97f4a7c15u, &values[i]);
    for (uint64_t i = 0; i < N; i++)
        cr_assert(map_get_u64(m, i * 0x9e3779b97f4a7c15u) == &values[i]);
    map_foreach (it, m) {
        uint64_t k;

        cr_assert(eq(sz, it.key_len, sizeof(k)));
        memcpy(&k, it.key, sizeof(k));
        cr_assert(it.value == &values[seen]);
        cr_assert(eq(u64, k, seen * 0x9e3779b97f4a7c15u));
        seen++;
    }
    cr_expect(eq(sz, seen, N));
}

Test(map, the_current_entry_may_be_deleted_while_iterating)
{
    autoptr(map_free) struct map *m = map_new();
    size_t seen = 0;

    for (uint64_t i = 0; i < 1000; i++)
        map_put_u64(m, i, &one);
    map_foreach (it, m) {
        uint64_t k;

        memcpy(&k, it.key, sizeof(k));
        if (k % 3 != 0)
            cr_assert(map_del(m, it.key, it.key_len) == &one);
        seen++;
    }
    cr_expect(eq(sz, seen, 1000));
    cr_expect(eq(sz, map_count(m), 334));
    for (uint64_t i = 0; i < 1000; i++)
        cr_assert(eq(int, map_get_u64(m, i) != NULL, i % 3 == 0));
}

Test(map, iterating_nothing_ends_at_once_and_stays_ended)
{
    autoptr(map_free) struct map *m = map_new();
    struct map_iter it = {0};

    cr_expect(not(map_next(m, &it)));
    map_put(m, "x", 1, &one);
    cr_expect(map_next(m, &it));
    cr_expect(not(map_next(m, &it)));
    map_free(NULL);
}

Test(map, keys_of_every_length_are_told_apart)
{
    autoptr(map_free) struct map *m = map_new();
    static char zeros[100];
    static int values[100];

    for (size_t n = 0; n < 100; n++)
        map_put(m, zeros, n, &values[n]);
    cr_expect(eq(sz, map_count(m), 100));
    for (size_t n = 0; n < 100; n++)
        cr_expect(map_get(m, zeros, n) == &values[n]);
}
