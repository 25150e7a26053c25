#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <time.h>

#include "common/base/clock.h"

Test(clock, fake_moves_only_when_told)
{
    struct clock_fake f;

    clock_fake_init(&f, 1767225600000);
    cr_expect(eq(i64, clock_now(&f.clock), 1000));
    cr_expect(eq(i64, clock_wall(&f.clock), 1767225600000));
    clock_fake_advance(&f, 250);
    cr_expect(eq(i64, clock_now(&f.clock), 1250));
    cr_expect(eq(i64, clock_wall(&f.clock), 1767225600250));
}

Test(clock, wall_may_be_moved_alone)
{
    struct clock_fake f;

    clock_fake_init(&f, 5000);
    f.wall -= 4000; /* somebody set the machine's clock back */
    cr_expect(eq(i64, clock_now(&f.clock), 1000));
    cr_expect(eq(i64, clock_wall(&f.clock), 1000));
}

Test(clock, real_follows_the_system)
{
    const struct clock *c = clock_real();
    int64_t wall = clock_wall(c), seconds = time(NULL), now = clock_now(c);

    cr_expect(ge(i64, seconds, wall / 1000 - 1));
    cr_expect(le(i64, seconds, wall / 1000 + 5));
    cr_expect(gt(i64, now, 0));
    cr_expect(ge(i64, clock_now(c), now));
}
