/*
 * sx_budget: what a mailbox may use of the server's time, as Exchange 2013 and later keep it: a
 * balance that starts full (`burst_ms`), is charged the time of each call and grows by
 * `recharge` milliseconds a millisecond. Below nothing calls are slowed down, the more the lower;
 * at -`cutoff_ms` they are refused (ErrorServerBusy) until the balance is nothing again. What the
 * real delays are nobody outside knows; here a call takes up to twice its time.
 * @source  EwsMaxBurst, EwsRechargeRate, EwsCutoffBalance of New-ThrottlingPolicy
 */
#ifndef SYNC_SIM_SX_BUDGET_H
#define SYNC_SIM_SX_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct sx_budget_rules {
    double burst_ms, recharge, cutoff_ms; /* burst_ms 0: no budgets */
};

struct sx_budget {
    double used_ms; /* burst minus balance */
    int64_t at_ms;
    bool refused; /* until nothing is owed */
};

/*
 * A call that takes service_us comes in at now_ms.
 * @return  microseconds that it takes in the end, -1 when it is refused: *ret_back_off_ms
 */
int64_t sx_budget_charge(struct sx_budget *b,
                         const struct sx_budget_rules *r,
                         int64_t service_us,
                         int64_t now_ms,
                         uint32_t *ret_back_off_ms);

#endif
