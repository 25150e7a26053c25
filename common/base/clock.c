#include "common/base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t real_now(const struct clock *c)
{
    (void)c;
    return read_ms(CLOCK_BOOTTIME);
}

static int64_t real_wall(const struct clock *c)
{
    (void)c;
    return read_ms(CLOCK_REALTIME);
}

const struct clock *clock_real(void)
{
    static const struct clock real = {.now_ms = real_now, .wall_ms = real_wall};

    return &real;
}

static int64_t fake_now(const struct clock *c)
{
    return ((const struct clock_fake *)c)->now;
}

static int64_t fake_wall(const struct clock *c)
{
    return ((const struct clock_fake *)c)->wall;
}

void clock_fake_init(struct clock_fake *f, int64_t wall_ms)
{
    *f = (struct clock_fake){
        .clock = {.now_ms = fake_now, .wall_ms = fake_wall}, .now = 1000, .wall = wall_ms};
}

void clock_fake_advance(struct clock_fake *f, int64_t ms)
{
    f->now += ms;
    f->wall += ms;
}
