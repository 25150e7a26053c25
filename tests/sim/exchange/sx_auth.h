/*
 * sx_auth: signing in to the simulator: Basic, NTLM, Negotiate (Kerberos) and Bearer.
 *
 * NTLM and Negotiate log in the connection: later requests on it need no header, a request on
 * another connection does. Handshakes are counted by connection. Bearer tokens come from the
 * simulator's own token endpoint (POST /TENANT/oauth2/v2.0/token) and are good for token_s seconds,
 * whatever the answer promised.
 * @source  reference/ews.md section 3; MS-NLMP; RFC 4559, RFC 6749 4.4, RFC 6750
 */
#ifndef SYNC_SIM_SX_AUTH_H
#define SYNC_SIM_SX_AUTH_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/str.h"

#include "tests/sim/common/sim_http.h"

struct sx_auth;

struct sx_auth_options { /* strings are copied; NULL and 0: the default named */
    const char *methods; /* what is offered, comma separated: "basic" of basic, ntlm, negotiate,
                            bearer */
    const char *user, *password;
    const char *domain;        /* Windows domain: "CHURCH" */
    const char *keytab;        /* of HTTP/<host>, for negotiate */
    const char *client;        /* OAuth2 client id: "app-sync"; its secret is the password */
    const char *tenant;        /* "church" */
    double token_s, promise_s; /* 3600; promise_s: what expires_in says, default token_s */
};

/* NULL with *err: an unknown method, a keytab without Kerberos in this build ... */
struct sx_auth *sx_auth_new(const struct sx_auth_options *o, struct err *err) must_check;
void sx_auth_free(struct sx_auth *a); /* NULL is fine */

/* Is this request signed in? false: it was answered with 401. reject: whoever asks. */
bool sx_auth_login(struct sx_auth *a, struct sim_req *req, bool reject);
/* Lines that the answer to a request carries ("Name: value\n"). */
void sx_auth_headers(struct sx_auth *a, const struct sim_req *req, struct str *lines);
/* The token endpoint. false: this is not its path. */
bool sx_auth_token(struct sx_auth *a, struct sim_req *req);

/*
 * GET: counts. DELETE: counts from 0. POST: {"forget_logins": true} (connections must log in
 * again), {"expire_tokens": true}, {"password": "..."}, {"methods": "..."}, {"token_s": n},
 * {"promise_s": n}, {"token_status": 503} (the token endpoint answers so; 0: as it should).
 */
int sx_auth_control(struct sx_auth *a, const char *method, json_t *body, json_t **ret);
CLEANUP_DEFINE(struct sx_auth, sx_auth_free);

#endif
