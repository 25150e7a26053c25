#include "common/core/aimd.h"

#include <assert.h>

enum { STEP = 10, CLEAN_AT_FIRST = 2, CLEAN_AFTER_TROUBLE = 20 };

void aimd_init(struct aimd *a, uint32_t start)
{
    *a = (struct aimd){.size = start ? start : 1};
}

/*
 * The latency of a request is spread over its items, so a small request makes an item look dear. It
 * may correct the average downwards, never upwards.
 */
static void learn(struct aimd *a, uint32_t items, uint32_t took_ms)
{
    uint64_t us = (uint64_t)took_ms * 1000 / items;
    uint32_t sample = us == 0 ? 1 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    bool representative = (uint64_t)items * 2 >= a->size;

    if (a->item_us == 0 && representative)
        a->item_us = sample;
    else if (a->item_us != 0 && (representative || sample < a->item_us))
        a->item_us = (uint32_t)(((uint64_t)a->item_us * 3 + sample) / 4);
}

/* Items that fit into target_ms by what was learned. */
static uint32_t fitting(const struct aimd *a, uint32_t target_ms)
{
    if (a->item_us == 0)
        return UINT32_MAX;
    uint64_t fit = (uint64_t)target_ms * 1000 / a->item_us;
    return fit == 0 ? 1 : fit > UINT32_MAX ? UINT32_MAX : (uint32_t)fit;
}

void aimd_clean(struct aimd *a, uint32_t items, uint32_t took_ms, uint32_t max, uint32_t target_ms)
{
    assert(items > 0);
    bool full = items >= a->size;
    learn(a, items, took_ms);
    uint32_t fit = fitting(a, target_ms), limit = max == 0 ? 1 : max < fit ? max : fit;

    if (full)
        a->clean++;
    if (a->size > limit) {
        a->size = limit;
        a->clean = 0;
    } else if (a->clean >= (a->troubled ? CLEAN_AFTER_TROUBLE : CLEAN_AT_FIRST)) {
        a->size = limit - a->size < STEP ? limit : a->size + STEP;
        a->clean = 0;
    }
}

void aimd_trouble(struct aimd *a, uint32_t min)
{
    uint32_t half = a->size / 2, floor = min ? min : 1;

    if (half < floor)
        half = a->size < floor ? a->size : floor;
    a->size = half;
    a->clean = 0;
    a->troubled = true;
}
