#include <time.h>

#include "common/base/cleanup.h"

#include "tests/sim/common/sim_http_p.h"

int64_t sim_now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool before(const struct sim_timer *a, const struct sim_timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void swap(struct sim_timer *a, struct sim_timer *b)
{
    struct sim_timer t = *a;
    *a = *b;
    *b = t;
}

void sim_timers_add(struct sim_timers *t, int64_t due_us, void (*fn)(void *user), void *user)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
    }
    size_t i = t->n++;
    t->v[i] = (struct sim_timer){.due_us = due_us, .seq = ++t->seq, .fn = fn, .user = user};
    for (; i > 0 && before(&t->v[i], &t->v[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&t->v[i], &t->v[(i - 1) / 2]);
}

bool sim_timers_pop(struct sim_timers *t, int64_t now_us, struct sim_timer *ret)
{
    if (t->n == 0 || t->v[0].due_us > now_us)
        return false;
    *ret = t->v[0];
    t->v[0] = t->v[--t->n];
    for (size_t i = 0;;) {
        size_t least = i, left = 2 * i + 1, right = left + 1;
        if (left < t->n && before(&t->v[left], &t->v[least]))
            least = left;
        if (right < t->n && before(&t->v[right], &t->v[least]))
            least = right;
        if (least == i)
            return true;
        swap(&t->v[i], &t->v[least]);
        i = least;
    }
}

int64_t sim_timers_next(const struct sim_timers *t)
{
    return t->n ? t->v[0].due_us : -1;
}
