/*
 * ews_gate: may a call go out now? The door of a store: shut until a login is known to work, then
 * open for all.
 *
 * A login that is not proven is tried by one call (common/port/login.h says whose), on a fresh
 * connection when it was refused before: a 401 can be a lost login or throttling too, and it proves
 * that nothing was done. The other calls wait for what comes of it, but not long: a write must not
 * leave long after its flight was recorded. A second refusal stops the account: every call ends
 * with OUT_STOP, "auth.refused", until the port says otherwise, which is looked for now and then.
 */
#ifndef SYNC_WORKER_EWS_GATE_H
#define SYNC_WORKER_EWS_GATE_H

#include <stdbool.h>

#include "common/base/err.h"

struct ews_call;
struct ews_gate;
struct ews_store;
struct http_response;
struct login;

/* port: NULL: refusals are counted in this process alone. resumed: the account works again after a
 * stop; may be NULL. */
struct ews_gate *
ews_gate_new(struct ews_store *s, struct login *port, void (*resumed)(void *user), void *user);
void ews_gate_free(struct ews_gate *g); /* after the last call; NULL is fine */

/* The password is another one: what was known of it, and what is on its way, counts no more. */
void ews_gate_renew(struct ews_gate *g);

/* true: send c now. false: it waits; ews_call_go or ews_call_fail_later will be called for it. */
bool ews_gate_pass(struct ews_call *c);
/* c was answered 401. It goes again, waits or fails: through ews_call_go, ews_call_fail_later. */
void ews_gate_refused(struct ews_call *c, const struct http_response *r);
/* c was answered otherwise; accepted false: not at all. */
void ews_gate_answered(struct ews_call *c, bool accepted);
/* c goes away. */
void ews_gate_forget(struct ews_call *c);
/* The token that calls wait for is there, or not (err). */
void ews_gate_token(struct ews_gate *g, const struct err *err);

#endif
