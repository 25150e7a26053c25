/*
 * sim_rock_p: the server's state, for the control API.
 */
#ifndef SIM_ROCK_SIM_ROCK_P_H
#define SIM_ROCK_SIM_ROCK_P_H

#include "tests/sim/rock/faults.h"
#include "tests/sim/rock/sim_rock.h"

#define COUNTED_MAX 32

struct counted { /* one endpoint */
    const char *endpoint;
    uint64_t requests, status_2xx, status_4xx, status_5xx;
};

struct counters {
    struct counted by[COUNTED_MAX];
    size_t n;
    uint64_t requests, faults;
    unsigned concurrent, max_concurrent; /* requests that wait for their answer */
    size_t longest_query, most_terms;    /* bytes; "eq" in one $filter */
    uint64_t bytes_out;                  /* bodies, before compression */
};

struct sim_rock {
    struct church *church;
    struct api api;
    struct faults faults;
    struct counters counters;
    struct sim_http *http;
    uint32_t latency_ms;
    uint64_t seed;
    char *token, url[40];
};

#endif
