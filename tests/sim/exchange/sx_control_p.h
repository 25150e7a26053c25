/*
 * sx_control_p: the parts of the control API. Each returns an HTTP status and a new JSON value.
 */
#ifndef SYNC_SIM_SX_CONTROL_P_H
#define SYNC_SIM_SX_CONTROL_P_H

#include "tests/sim/exchange/sx_p.h"

int sx_control_compare(struct sx *x, json_t *body, json_t **ret);
int sx_control_mailboxes(struct sx *x, const char *method, json_t *body, json_t **ret);
/* path: what follows /control/mailboxes/: "a@x", "a@x/items", "a@x/actions" ... */
int sx_control_mailbox(
    struct sx *x, const char *method, const char *path, json_t *body, json_t **ret);
int sx_control_duplicates(struct sx *x, json_t **ret);
int sx_control_foreign(struct sx *x, json_t **ret);
int sx_control_stats(struct sx *x, const char *method, json_t **ret);
/* {"error": "..."} */
int sx_control_refuse(int status, const char *text, json_t **ret);

#endif
