/*
 * fault_body: ways to spoil a JSON answer that is otherwise right.
 */
#ifndef SIM_ROCK_FAULT_BODY_H
#define SIM_ROCK_FAULT_BODY_H

#include "tests/sim/rock/faults.h"

void fault_body(enum fault_kind kind, struct str *body);
const char *fault_retry_after(uint32_t ms); /* header line, static */

#endif
