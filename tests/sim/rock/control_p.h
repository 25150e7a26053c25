/*
 * control_p: what the parts of the control API share.
 */
#ifndef SIM_ROCK_CONTROL_P_H
#define SIM_ROCK_CONTROL_P_H

#include <jansson.h>

#include "tests/sim/rock/api_query.h"
#include "tests/sim/rock/control.h"
#include "tests/sim/rock/model.h"
#include "tests/sim/rock/sim_rock_p.h"

struct control_call {
    struct sim_rock *sim;
    struct church *church;
    struct arena *arena;
    struct api_query query;
    const json_t *body; /* NULL when the request had none */
    struct control_answer *ret;
};

/* Each route answers by itself through one of these. */
void control_json(struct control_call *call, int status, json_t *value); /* takes the reference */
void control_error(struct control_call *call, int status, const char *text);

void control_expected(struct control_call *call);
void control_prefs(struct control_call *call);
void control_set_prefs(struct control_call *call);
void control_person(struct control_call *call);
void control_change(struct control_call *call);
void control_demo_changes(struct control_call *call);
void control_pick(struct control_call *call);

/* Reads {"v":1,"users":[...]} into the arena; false: answered with 400. */
bool control_read_prefs(struct control_call *call,
                        const json_t *file,
                        struct model_pref **ret,
                        size_t *n);
/* A person by id, primary or other alias Guid, or address; 0 when there is none. */
int32_t control_find_person(struct church *c, const json_t *who);
int32_t control_find_group(struct church *c,
                           const json_t *which); /* id, Guid or name; 0 when there is none */
const char *
control_label(struct church *c, struct arena *a, int32_t person_id); /* "Greta O'Hara (812)" */

#endif
