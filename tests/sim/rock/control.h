/*
 * control: the simulator's own API under /control/, JSON in and out. tests/sim/README-rock.md lists
 * it.
 */
#ifndef SIM_ROCK_CONTROL_H
#define SIM_ROCK_CONTROL_H

#include "common/base/str.h"

struct sim_rock;

struct control_answer {
    int status;
    struct str body; /* the caller releases */
};

/* Answers one request; target with its query, body never NULL. @thread loop */
void control_handle(struct sim_rock *s,
                    const char *method,
                    const char *target,
                    const char *body,
                    struct control_answer *ret);
void control_forget(struct sim_rock *s); /* frees what settings left in the server's state */

#endif
