/*
 * clock: time as a value that is handed in, so that tests own it.
 *
 * now_ms is monotonic and runs while the machine sleeps (CLOCK_BOOTTIME): leases depend on it
 * (design section 6 rule 1). wall_ms is Unix time in milliseconds.
 */
#ifndef SYNC_BASE_CLOCK_H
#define SYNC_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*now_ms)(const struct clock *c);
    int64_t (*wall_ms)(const struct clock *c);
};

const struct clock *clock_real(void);

struct clock_fake { /* starts at now_ms = 1000, wall as given; moves only by clock_fake_advance */
    struct clock clock;
    int64_t now, wall;
};
void clock_fake_init(struct clock_fake *f, int64_t wall_ms);
void clock_fake_advance(struct clock_fake *f, int64_t ms);

static inline int64_t clock_now(const struct clock *c)
{
    return c->now_ms(c);
}
static inline int64_t clock_wall(const struct clock *c)
{
    return c->wall_ms(c);
}

#endif
