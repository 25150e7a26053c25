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

/* --- pace ------------------------------------------------------------------------------ */

enum {
    PACE_MIN = 500,         /* a contact in two seconds */
    PACE_MAX = 1000 * 1000, /* 1000 contacts a second: no server is that fast for one mailbox */
    GROWTH_PERMILLE = 85,   /* a second */
    SLOW_PERMILLE = 880,    /* so much of the time was due, or less: slow */
    BACK_PERMILLE = 700,    /* at most so far back at once */
    FIRST_PERMILLE = 850,   /* of what was let through */
    SILENCE_MS = 2000,
    IDLE_MS = 60 * 1000 /* nothing to write in the meantime: says nothing about the budget */
};

static uint32_t within(uint64_t pace)
{
    return (uint32_t)(pace < PACE_MIN ? PACE_MIN : pace > PACE_MAX ? PACE_MAX : pace);
}

/* Time in which the mailbox had work. */
static void pass(struct aimd *a, uint32_t took_ms, int64_t now_ms)
{
    int64_t ms = a->last_ms ? now_ms - a->last_ms : took_ms;

    a->worked_ms += (uint64_t)(ms < took_ms || ms > IDLE_MS ? took_ms : ms);
    a->last_ms = now_ms;
}

/* Mostly latency: tells nothing of what a contact costs. */
static bool is_small(const struct aimd *a, uint32_t items)
{
    return (uint64_t)items * 2 < a->size;
}

/*
 * What a contact costs when nothing slows the server down: down at once, up by little. Latency is
 * in it, so that small requests say nothing. Returns how much of the time a request took was due,
 * in thousandths.
 */
static uint64_t due_permille(struct aimd *a, uint32_t items, uint32_t took_ms)
{
    uint64_t us = (uint64_t)took_ms * 1000 / items + 1;
    if (is_small(a, items))
        return 1000;
    uint64_t due = a->usual_us && a->usual_us < us ? a->usual_us * 1000 / us : 1000;

    if (!a->usual_us || us < a->usual_us)
        a->usual_us = us;
    else
        a->usual_us += (us - a->usual_us) / 32;
    return due;
}

static void grow(struct aimd *a, int64_t now_ms)
{
    int64_t ms = now_ms - a->grown_ms;

    ms = ms < 0 ? 0 : ms > SILENCE_MS ? SILENCE_MS : ms; /* a long silence teaches nothing */
    a->grown_ms = now_ms;
    a->pace = within(a->pace + (uint64_t)a->pace * GROWTH_PERMILLE * (uint64_t)ms / 1000000);
}

void aimd_paced(struct aimd *a, uint32_t items, uint32_t took_ms, int64_t now_ms)
{
    pass(a, took_ms, now_ms);
    a->items += items;
    uint64_t due = due_permille(a, items, took_ms);
    if (!a->pace)
        return;
    if (due < SLOW_PERMILLE)
        a->pace = within(a->pace * (due < BACK_PERMILLE ? BACK_PERMILLE : due) / 1000);
    else
        grow(a, now_ms);
    uint64_t share_ms = (uint64_t)items * 1000000 / a->pace;
    a->next_ms = now_ms - took_ms + (int64_t)share_ms;
    if (share_ms * 2 < took_ms && !is_small(a, items))
        a->pace = 0;
}

void aimd_busy(struct aimd *a, uint32_t after_ms, int64_t now_ms)
{
    int64_t until = now_ms + after_ms;
    pass(a, 0, now_ms);
    uint64_t seen = a->items * 1000000 / (a->worked_ms + after_ms + 1);

    if (seen)
        seen = seen * FIRST_PERMILLE / 1000;
    else
        seen = a->pace / 2; /* nothing was through */
    if (seen && (!a->pace || seen < a->pace))
        a->pace = within(seen);
    a->items = a->worked_ms = 0;
    a->last_ms = a->grown_ms = a->next_ms = until;
}

uint32_t aimd_wait(const struct aimd *a, int64_t now_ms)
{
    int64_t ms = a->pace ? a->next_ms - now_ms : 0;

    return ms <= 0 ? 0 : ms > 3600 * 1000 ? 3600 * 1000 : (uint32_t)ms;
}
