#include "common/core/retry.h"

const struct retry_policy retry_default_policy = {
    .soon_base_ms = 500,
    .soon_cap_ms = 5 * 1000,
    .later_base_ms = 10 * 1000,
    .later_cap_ms = 15 * 60 * 1000,
    .park_base_ms = 60 * 1000,
    .park_cap_ms = 24 * 60 * 60 * 1000,
    .dead_after = 12, /* the better part of an hour: an outage should not make rows dead */
};

struct range {
    uint32_t base, cap;
};

static struct range range_of(const struct retry_policy *p, enum outcome o)
{
    switch (o) {
    case OUT_NOT_TRIED:
    case OUT_RETRY_SOON:
    case OUT_GONE:
    case OUT_CONFLICT:
    case OUT_SPLIT:
    case OUT_FOLDER_LOST:
        return (struct range){p->soon_base_ms, p->soon_cap_ms};
    case OUT_UNKNOWN:
    case OUT_RETRY_LATER:
        return (struct range){p->later_base_ms, p->later_cap_ms};
    case OUT_PARK:
    case OUT_STOP:
        return (struct range){p->park_base_ms, p->park_cap_ms};
    case OUT_DONE:
    case OUT_DEAD:
        break;
    }
    return (struct range){p->park_cap_ms, p->park_cap_ms};
}

/* Uniform in low..high; high >= low. */
static uint64_t uniform(uint64_t low, uint64_t high, uint32_t rnd)
{
    return low + ((high - low + 1) * rnd >> 32);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint32_t retry_delay_ms(
    const struct retry_policy *p, enum outcome o, uint32_t attempt, uint32_t after_ms, uint32_t rnd)
{
    struct range r = range_of(p, o);
    uint64_t base = r.base ? r.base : 1, cap = r.cap > base ? r.cap : base, ms;

    if (after_ms) {
        uint64_t jitter = after_ms / 4 > base ? after_ms / 4 : base;
        ms = after_ms + uniform(0, min64(jitter, cap), rnd);
    } else {
        uint32_t doublings = attempt > 32 ? 31 : attempt > 1 ? attempt - 1 : 0;
        ms = uniform((base + 1) / 2, min64(base << doublings, cap), rnd);
    }
    return (uint32_t)min64(ms, UINT32_MAX);
}
