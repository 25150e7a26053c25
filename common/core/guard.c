#include "common/core/guard.h"

const struct guard_limits guard_default_limits = {
    .mailbox = {20, 10},
    .total = {100, 5},
    .users = {2, 10},
    .emptied = {20, 5},
};

size_t guard_allowed(const struct guard_limit *l, size_t of)
{
    /* of * percent / 100 without the overflow */
    size_t share = of / 100 * l->percent + of % 100 * l->percent / 100;
    return share > l->floor ? share : l->floor;
}

bool guard_exceeded(const struct guard_limit *l, size_t count, size_t of)
{
    return count > guard_allowed(l, of);
}
