/*
 * retry: when to try again. Pure: outcome, attempts so far, the server's own wish, a random number
 * -> milliseconds.
 *
 * Full jitter: uniform in floor..limit, where limit doubles with each attempt from base to cap and
 * floor is half of base, so that nothing is hammered. A server's own back-off is obeyed in full;
 * jitter on top (up to a quarter of it, at least up to base, at most up to cap) keeps the crowd
 * that it sent away from coming back as one.
 *
 * Which row of the policy: soon for not_tried, retry_soon, gone, conflict, split, folder_lost;
 * later for unknown (settled once the flight's deadline is over, which the caller adds) and
 * retry_later; park for park and stop. done and dead are not retried: they get the longest park.
 * @source  reference/ews.md section 11 (peers), design section 6 rule 11
 */
#ifndef SYNC_CORE_RETRY_H
#define SYNC_CORE_RETRY_H

#include <stdint.h>

#include "common/core/outcome.h"

struct retry_policy {
    uint32_t soon_base_ms, soon_cap_ms;   /* 500, 5000 */
    uint32_t later_base_ms, later_cap_ms; /* 10 s, 15 min */
    uint32_t park_base_ms, park_cap_ms;   /* 60 s, 24 h: mailbox trouble (quota, missing right) */
    uint32_t dead_after; /* attempts after which an unexplained later becomes dead; 0 never. 12 */
};
extern const struct retry_policy retry_default_policy;

/*
 * @attempt   1 for the first failure
 * @after_ms  the server's wish, 0 none
 * @rnd       uniform 32 bits
 * @return    milliseconds from now, at least 1
 */
uint32_t retry_delay_ms(const struct retry_policy *p,
                        enum outcome o,
                        uint32_t attempt,
                        uint32_t after_ms,
                        uint32_t rnd);

#endif
