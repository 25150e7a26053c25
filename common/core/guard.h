/*
 * guard: mass deletes and mass emptying wait for a human (design section 5, "Guard"), over a
 * rolling 24 hours and all runs.
 *
 * Pure arithmetic; the caller counts. Limits: floor or share, whichever is larger; "beyond" means
 * more than.
 */
#ifndef SYNC_CORE_GUARD_H
#define SYNC_CORE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct guard_limit {
    size_t floor;
    unsigned percent;
};

struct guard_limits { /* settings guard.*; these are the defaults */
    struct guard_limit
        mailbox; /* 20, 10 %: counted deletes of one mailbox against its synced contacts */
    struct guard_limit total; /* 100, 5 %: counted deletes of all against all synced contacts */
    struct guard_limit users; /* 2, 10 %: users who lose eligibility or address against all users */
    struct guard_limit
        emptied; /* 20, 5 %: people on whom one field was emptied against those who had it */
};
extern const struct guard_limits guard_default_limits;

/* More than allowed? @count in the last 24 hours including what is planned now, @of the population
 * before the loss */
bool guard_exceeded(const struct guard_limit *l, size_t count, size_t of);
size_t guard_allowed(const struct guard_limit *l, size_t of);

#endif
