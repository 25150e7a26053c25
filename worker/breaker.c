#include "worker/breaker.h"

#include <stdio.h>
#include <string.h>

enum {
    THRESHOLD = 5,
    OPEN_BASE_MS = 1000,
    OPEN_CAP_MS = 60000,
    STOP_BASE_MS = 10000,
    STOP_CAP_MS = 5 * 60 * 1000
};

void breaker_init(struct breaker *b)
{
    memset(b, 0, sizeof(*b));
}

int64_t breaker_ask(struct breaker *b, int64_t now_ms)
{
    if (b->state == BREAKER_CLOSED)
        return 0;
    if (b->state == BREAKER_OPEN) {
        if (now_ms < b->until_ms)
            return b->until_ms - now_ms;
        b->state = BREAKER_HALF_OPEN;
        b->probing = false;
    }
    if (b->probing)
        return OPEN_BASE_MS;
    b->probing = true;
    return 0;
}

void breaker_success(struct breaker *b)
{
    if (b->stopped && b->state == BREAKER_OPEN) /* an answer to a request sent before */
        return;
    b->state = BREAKER_CLOSED;
    b->failures = b->opened = 0;
    b->probing = b->stopped = false;
    b->why[0] = 0;
}

static void open_until(struct breaker *b, const char *code, int64_t until_ms)
{
    b->state = BREAKER_OPEN;
    b->until_ms = until_ms;
    b->probing = false;
    snprintf(b->why, sizeof(b->why), "%s", code);
}

void breaker_failure(
    struct breaker *b, const char *code, uint32_t after_ms, int64_t now_ms, uint32_t rnd)
{
    b->failures++;
    if (b->state == BREAKER_OPEN) /* an answer to a request sent before it opened */
        return;
    if (b->state == BREAKER_CLOSED && b->failures < THRESHOLD && !after_ms)
        return;
    uint32_t shift = b->opened < 6 ? b->opened : 6;
    uint32_t cap = OPEN_BASE_MS << shift;
    if (cap > OPEN_CAP_MS)
        cap = OPEN_CAP_MS;
    b->opened++;
    open_until(b, code, now_ms + after_ms + cap / 2 + rnd % (cap / 2 + 1));
}

void breaker_stop(struct breaker *b, const char *code, int64_t now_ms)
{
    if (b->stopped && b->state == BREAKER_OPEN) /* an answer to a request sent before */
        return;
    uint32_t ms = STOP_BASE_MS << (b->opened < 6 ? b->opened : 6);
    b->opened++;
    open_until(b, code, now_ms + (ms < STOP_CAP_MS ? ms : STOP_CAP_MS));
    b->stopped = true;
}

void breaker_unused(struct breaker *b)
{
    if (b->state == BREAKER_HALF_OPEN)
        b->probing = false;
}
