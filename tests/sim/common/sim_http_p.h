/*
 * sim_http_p: what sim_http.c, its timers and its compression share.
 */
#ifndef SYNC_SIM_HTTP_P_H
#define SYNC_SIM_HTTP_P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

/* Timers: a binary heap by due time, then by order of arrival. */
struct sim_timer {
    int64_t due_us;
    uint64_t seq;
    void (*fn)(void *user);
    void *user;
};
struct sim_timers {
    struct sim_timer *v;
    size_t n, cap;
    uint64_t seq;
};
int64_t sim_now_us(void); /* CLOCK_MONOTONIC */
void sim_timers_add(struct sim_timers *t, int64_t due_us, void (*fn)(void *user), void *user);
bool sim_timers_pop(struct sim_timers *t,
                    int64_t now_us,
                    struct sim_timer *ret);          /* false: none is due */
int64_t sim_timers_next(const struct sim_timers *t); /* due time, -1 when empty */

/* Appends the gzip form of p[0..n). False when zlib is not on this machine: send it as it is. */
bool sim_gzip(const void *p, size_t n, struct str *out);

#endif
