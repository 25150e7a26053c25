#include "common/drv/queue_kafka_run.h"

#include "common/base/cleanup.h"

static int64_t *at(const struct queue_run *r, size_t i)
{
    return &r->v[(r->head + i) & (r->cap - 1)];
}

static int64_t offset_at(const struct queue_run *r, size_t i)
{
    return *at(r, i) >> 1;
}

void queue_run_init(struct queue_run *r)
{
    *r = (struct queue_run){.end = -1};
}

void queue_run_release(struct queue_run *r)
{
    free(r->v);
    queue_run_init(r);
}

static void grow(struct queue_run *r)
{
    size_t cap = r->cap ? 2 * r->cap : 64;
    int64_t *v = xalloc(cap * sizeof(*v));
    for (size_t i = 0; i < r->n; i++)
        v[i] = *at(r, i);
    free(r->v);
    r->v = v;
    r->cap = cap;
    r->head = 0;
}

void queue_run_add(struct queue_run *r, int64_t offset)
{
    while (r->n && offset_at(r, r->n - 1) >= offset) /* set back */
        r->n--;
    if (r->n == r->cap)
        grow(r);
    r->n++;
    *at(r, r->n - 1) = offset << 1;
}

/* Index of the first entry that is not below offset. */
static size_t find(const struct queue_run *r, int64_t offset)
{
    size_t lo = 0, hi = r->n;
    if (r->n && offset >= offset_at(r, 0)) {
        /* Gaps only move an entry towards the front, so this is where it is, or beyond it. */
        uint64_t guess = (uint64_t)(offset - offset_at(r, 0));
        if (guess < r->n)
            hi = (size_t)guess + 1;
        if (guess < r->n && offset_at(r, (size_t)guess) == offset)
            return (size_t)guess;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (offset_at(r, mid) < offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool queue_run_ack(struct queue_run *r, int64_t offset)
{
    size_t i = find(r, offset);
    if (i == r->n || offset_at(r, i) != offset)
        return false;
    *at(r, i) |= 1;
    if (i > 0)
        return false;
    while (r->n && (*at(r, 0) & 1)) {
        r->end = offset_at(r, 0) + 1;
        r->head = (r->head + 1) & (r->cap - 1);
        r->n--;
    }
    return true;
}
