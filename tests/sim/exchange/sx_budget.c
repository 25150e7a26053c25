#include "tests/sim/exchange/sx_budget.h"

int64_t sx_budget_charge(struct sx_budget *b,
                         const struct sx_budget_rules *r,
                         int64_t service_us,
                         int64_t now_ms,
                         uint32_t *ret_back_off_ms)
{
    if (r->burst_ms <= 0)
        return service_us;
    b->used_ms -= (double)(now_ms - b->at_ms) * r->recharge;
    b->used_ms = b->used_ms < 0 ? 0 : b->used_ms;
    b->at_ms = now_ms;
    double owed = b->used_ms - r->burst_ms; /* above nothing: the balance is below it */
    b->refused = owed >= r->cutoff_ms || (b->refused && owed > 0);
    if (b->refused) {
        *ret_back_off_ms = (uint32_t)(owed / r->recharge) + 1;
        return -1;
    }
    b->used_ms += (double)service_us / 1000;
    return owed > 0 ? service_us + (int64_t)((double)service_us * owed / r->cutoff_ms) : service_us;
}
