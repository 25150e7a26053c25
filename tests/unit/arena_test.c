#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/vec.h"

static bool all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

Test(arena, memory_is_zero_aligned_and_apart_also_after_reset)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 64 << 20);

    for (int round = 0; round < 3; round++) {
        unsigned char *before = NULL;
        size_t before_n = 0, sum = 0;

        for (size_t n = 0; n < 3000; n += 1 + n / 7) {
            unsigned char *p = arena_alloc(a, n);

            cr_assert(eq(sz, (uintptr_t)p % 16, 0));
            cr_assert(all_zero(p, n), "%zu bytes in round %d", n, round);
            cr_assert(before == NULL || p >= before + before_n || p + n <= before);
            memset(p, 0xff, n);
            before = p;
            before_n = n;
            sum += n;
        }
        cr_assert(eq(sz, arena_bytes(a), sum));
        arena_reset(a);
        cr_assert(eq(sz, arena_bytes(a), 0));
    }
}

Test(arena, takes_objects_larger_than_its_blocks)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 64 << 20);
    unsigned char *small = arena_alloc(a, 10), *big = arena_alloc(a, 20 << 20);

    memset(small, 1, 10);
    cr_expect(all_zero(big, 20 << 20));
    memset(big, 2, 20 << 20);
    cr_expect(eq(int, small[9], 1));
}

Test(arena, keeps_what_is_put_in)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 8 << 20);
    vec(char *) texts = {0};

    for (int i = 0; i < 20000; i++)
        vec_push(&texts, arena_printf(a, "text number %d", i));
    for (int i = 0; i < 20000; i++) {
        char want[64];
        snprintf(want, sizeof(want), "text number %d", i);
        cr_assert(eq(str, texts.v[i], want));
    }
    vec_release(&texts);
}

Test(arena, copies_strings_and_memory)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1000);

    cr_expect(arena_strdup(a, NULL) == NULL);
    cr_expect(eq(str, arena_strdup(a, ""), ""));
    cr_expect(eq(str, arena_strndup(a, "abcdef", 3), "abc"));
    cr_expect(eq(str, arena_strndup(a, "ab", 100), "ab"), "stops at the NUL");
    cr_expect(eq(int, memcmp(arena_memdup(a, "x\0y", 3), "x\0y", 3), 0));
    cr_expect(arena_memdup(a, NULL, 0) != NULL);
}

Test(arena, may_be_filled_to_the_last_byte)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1001);

    memset(arena_alloc(a, 1001), 1, 1001);
    cr_expect(eq(sz, arena_bytes(a), 1001));
}

Test(arena, too_much_ends_the_process, .signal = SIGABRT)
{
    struct arena *a = arena_new("too small", 1000);

    arena_alloc(a, 600);
    arena_alloc(a, 401);
}

Test(arena, a_size_that_wraps_ends_the_process, .signal = SIGABRT)
{
    arena_alloc(arena_new("huge", SIZE_MAX), SIZE_MAX - 3);
}

Test(arena, free_and_reset_of_nothing)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 10);

    arena_free(NULL);
    arena_reset(a);
    cr_expect(eq(sz, arena_bytes(a), 0));
}

Test(vec, grows_removes_and_iterates)
{
    vec(int) xs = {0};
    int sum = 0;

    vec_foreach (x, &xs)
        sum += *x;
    cr_expect(eq(int, sum, 0), "an empty one has no elements");
    for (int i = 0; i < 100; i++)
        vec_push(&xs, i);
    vec_remove(&xs, 0);
    vec_swap_remove(&xs, 0);
    cr_expect(eq(int, xs.v[0], 99));
    cr_expect(eq(int, xs.v[1], 2));
    cr_expect(eq(sz, xs.n, 98));
    vec_foreach (x, &xs)
        sum += *x;
    cr_expect(eq(int, sum, 4950 - 1));
    vec_clear(&xs);
    cr_expect(eq(sz, xs.n, 0));
    vec_release(&xs);
    cr_expect(xs.v == NULL);
}

Test(alloc, results_are_zeroed_and_null_stays_null)
{
    autofree unsigned char *p = xalloc(1000), *none = xalloc(0);
    autofree char *copy = xstrndup("abcdef", 2);

    cr_expect(all_zero(p, 1000));
    cr_expect(none != NULL);
    cr_expect(xstrdup(NULL) == NULL);
    cr_expect(eq(str, copy, "ab"));
}

Test(alloc, steal_empties_the_variable)
{
    char *p = xstrdup("x");
    autofree char *q = steal(p);

    cr_expect(p == NULL);
    cr_expect(eq(str, q, "x"));
}
