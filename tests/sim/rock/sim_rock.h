/*
 * sim_rock: a make-believe Rock RMS server on 127.0.0.1, for tests in the same process and for
 * `sim-rock`.
 *
 * One loop thread answers everything, so the church needs no lock: other threads reach it through
 * sim_rock_with. See tests/sim/README-rock.md for what it does and refuses, and for the control
 * API.
 */
#ifndef SIM_ROCK_SIM_ROCK_H
#define SIM_ROCK_SIM_ROCK_H

#include "common/base/err.h"

#include "tests/sim/rock/generate.h"

#define SIM_ROCK_TOKEN "rock-rest-key" /* when the options name none */

struct sim_rock;

struct sim_rock_options {
    struct church_size size; /* of the generated church; looked at when church is NULL */
    struct church *church;   /* hand-made; ownership goes to the server */
    const char *token;       /* REST key; NULL = SIM_ROCK_TOKEN */
    uint16_t port;           /* 0: the system picks one */
    const char *port_file;   /* receives the port once it listens; NULL = none */
    uint32_t latency_ms;     /* before each answer */
    uint64_t fault_seed;     /* for rules with a rate */
};

/* Copies the options' strings. NULL with *err when the port is taken. */
struct sim_rock *sim_rock_start(const struct sim_rock_options *options, struct err *err) must_check;
void sim_rock_stop(struct sim_rock *s); /* NULL is fine */
CLEANUP_DEFINE(struct sim_rock, sim_rock_stop);
uint16_t sim_rock_port(const struct sim_rock *s);
const char *sim_rock_url(const struct sim_rock *s); /* "http://127.0.0.1:PORT" */
/* Runs fn on the loop and waits for it: the way to look at the church and to change it. @thread any
 * but the loop */
void sim_rock_with(struct sim_rock *s, void (*fn)(struct church *c, void *user), void *user);
/* The control API without HTTP: target "/control/stats". Returns malloc'd JSON, *status as over
 * HTTP. */
char *sim_rock_control(
    struct sim_rock *s, const char *method, const char *target, const char *body, int *status);

#endif
