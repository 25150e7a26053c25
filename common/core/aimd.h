/*
 * aimd: how much to ask of one mailbox: contacts a request, and requests a time. Pure; time comes
 * in.
 *
 * Size. Grows by addition while requests are clean and quick, halves when they are not. Start 50,
 * at most the store's limit, at least 1 (5 in steady state); aims at requests of at most
 * `target_ms` (5 s). A clean request counts towards growth when it was full: a small one says
 * nothing about a bigger one. +10 after 2 of them until the first trouble, then after 20.
 * @source  reference/ews.md section 10 (sizes)
 *
 * Pace. As fast as answers come, until the server says that it is busy (its budget for the mailbox
 * is used up). From then on contacts a second: at first what was through since the trouble before,
 * with the pause that the server asked for counted in, which is what the budget lets through. It
 * grows by a few percent a second, so that a budget that comes back is used within half a minute; a
 * request that took a good deal longer than its contacts should (a server delays before it refuses)
 * takes some of it back. Faster than answers come: no pace again.
 * @source  reference/ews.md sections 10 (over budget the server delays) and 13
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

    uint32_t pace;   /* items per 1000 s; 0: as fast as answers come */
    int64_t next_ms; /* the next request may go then */
    int64_t grown_ms, last_ms;
    uint64_t items, worked_ms; /* through since the server was busy, and in what time */
    uint64_t usual_us;         /* of an item, when nothing slows the server down; 0 unknown */
};

void aimd_init(struct aimd *a, uint32_t start); /* 0 counts as 1 */
/* A request of items (> 0) came back without trouble after took_ms. Afterwards 1 <= size <=
 * max(max, 1). */
void aimd_clean(struct aimd *a, uint32_t items, uint32_t took_ms, uint32_t max, uint32_t target_ms);
void aimd_trouble(struct aimd *a, uint32_t min); /* busy, timeout, split: half of it, but not below
                                                    min (a size below min stays) */

/* The same request, for the pace: before aimd_clean (which learns from it). */
void aimd_paced(struct aimd *a, uint32_t items, uint32_t took_ms, int64_t now_ms);
/* The server is busy with this mailbox and wants nothing for after_ms (0: it named no time). */
void aimd_busy(struct aimd *a, uint32_t after_ms, int64_t now_ms);
/* Milliseconds until the next request may go. */
uint32_t aimd_wait(const struct aimd *a, int64_t now_ms);

#endif
