/*
 * aimd: batch size of one mailbox. Grows by addition while requests are clean and quick, halves
 * when they are not. Pure.
 *
 * Start 50, at most the store's limit, at least 1 (5 in steady state); aims at requests of at most
 * `target_ms` (5 s). A clean request counts towards growth when it was full: a small one says
 * nothing about a bigger one. +10 after 2 of them until the first trouble, then after 20.
 * @source  reference/ews.md section 10 (sizes)
 */
#ifndef SYNC_CORE_AIMD_H
#define SYNC_CORE_AIMD_H

#include <stdbool.h>
#include <stdint.h>

struct aimd {
    uint32_t size;    /* items for the next request */
    uint32_t clean;   /* clean requests since the last change */
    uint32_t item_us; /* smoothed server time per item, microseconds; 0 unknown */
    bool troubled;    /* since aimd_init: growth is slow */
};

void aimd_init(struct aimd *a, uint32_t start); /* 0 counts as 1 */
/* A request of items (> 0) came back without trouble after took_ms. Afterwards 1 <= size <=
 * max(max, 1). */
void aimd_clean(struct aimd *a, uint32_t items, uint32_t took_ms, uint32_t max, uint32_t target_ms);
void aimd_trouble(struct aimd *a, uint32_t min); /* busy, timeout, split: half of it, but not below
                                                    min (a size below min stays) */

#endif
