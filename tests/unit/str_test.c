#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

Test(str, empty_is_a_string)
{
    struct str s;

    str_init(&s, 10);
    cr_expect(eq(str, s.p, ""));
    str_add(&s, NULL, 0);
    str_puts(&s, "");
    str_addf(&s, "%s", "");
    cr_expect(eq(sz, s.cap, 0), "nothing added, nothing allocated");
    str_release(&s);
    str_release(&s);
    cr_expect(eq(str, s.p, ""));
}

Test(str, adds_in_every_way)
{
    autovalue(str_release) struct str s;

    str_init(&s, 1000);
    str_puts(&s, "a");
    str_putc(&s, 'b');
    str_add(&s, "c\0d", 3);
    str_addf(&s, "%05d", 42);
    str_add_u64(&s, 0);
    str_add_u64(&s, UINT64_MAX);
    cr_expect(eq(sz, s.n, 5 + 5 + 1 + 20));
    cr_expect(eq(int, memcmp(s.p, "abc\0d00042018446744073709551615", s.n + 1), 0));
    cr_expect(not(s.over));
}

Test(str, exactly_max_fits_and_one_more_does_not)
{
    for (size_t max = 0; max < 200; max++) {
        autovalue(str_release) struct str s;

        str_init(&s, max);
        for (size_t i = 0; i < max; i++)
            str_putc(&s, 'x');
        cr_assert(eq(sz, s.n, max));
        cr_assert(not(s.over));
        cr_assert(le(sz, s.cap, max + (max == 0)));
        str_putc(&s, 'y');
        cr_assert(s.over);
        cr_assert(eq(sz, s.n, max));
        cr_assert(eq(sz, strlen(s.p), max));
    }
}

Test(str, over_sticks_so_that_what_is_there_is_a_prefix)
{
    autovalue(str_release) struct str s;

    str_init(&s, 5);
    str_puts(&s, "abc");
    str_puts(&s, "def");
    str_putc(&s, 'g');
    str_addf(&s, "%d", 1);
    cr_expect(s.over);
    cr_expect(eq(str, s.p, "abc"));
    str_clear(&s);
    cr_expect(not(s.over));
    cr_expect(eq(str, s.p, ""));
    str_puts(&s, "defgh");
    cr_expect(eq(str, s.p, "defgh"));
}

Test(str, format_that_does_not_fit_leaves_nothing_behind)
{
    autovalue(str_release) struct str s;

    str_init(&s, 70);
    str_puts(&s, "keep");
    str_addf(&s, "%0100d", 1);
    cr_expect(s.over);
    cr_expect(eq(str, s.p, "keep"));
    cr_expect(eq(sz, s.n, 4));
}

Test(str, format_grows_to_its_length)
{
    for (int n = 0; n < 300; n++) {
        autovalue(str_release) struct str s;
        char want[512];

        str_init(&s, 1000);
        str_puts(&s, "abc");
        str_addf(&s, "%0*d", n, 7);
        snprintf(want, sizeof(want), "abc%0*d", n, 7);
        cr_assert(eq(str, s.p, want));
        cr_assert(eq(sz, s.n, strlen(want)));
    }
}

Test(str, steal_gives_memory_away)
{
    struct str s;

    str_init(&s, 100);
    autofree char *none = str_steal(&s);

    cr_expect(eq(str, none, ""));
    str_puts(&s, "mine");
    autofree char *p = str_steal(&s);

    cr_expect(eq(str, p, "mine"));
    cr_expect(eq(str, s.p, ""));
    cr_expect(eq(sz, s.max, 100));
    str_release(&s);
}
