/*
 * sx_auth_p: what the parts of sx_auth share.
 */
#ifndef SYNC_SIM_SX_AUTH_P_H
#define SYNC_SIM_SX_AUTH_P_H

#include "common/base/map.h"

#include "tests/sim/exchange/sx_auth.h"
#include "tests/sim/exchange/sx_ntlm.h"

enum sx_method { SX_BASIC, SX_NTLM, SX_NEGOTIATE, SX_BEARER, SX_METHODS };

struct sx_gss_call; /* a security context under way */

struct sx_login {               /* of one connection */
    unsigned epoch;             /* logged in before the last "forget" is not logged in */
    bool in, challenged, fresh; /* fresh: the login came with the very request */
    enum sx_method by;
    uint8_t challenge[SX_NTLM_CHALLENGE];
    unsigned begun, done;
    struct sx_gss_call *gss;
    char *token; /* Negotiate's last word, for the answer */
};

struct sx_token {
    char text[40];
    double until_s; /* monotonic */
};

struct sx_oauth {
    char *client, *tenant;
    double token_s, promise_s;
    int status;
    struct sx_token *v;
    size_t n;
    uint64_t issued, refused, expired; /* expired: requests with a token past its time */
};

struct sx_auth_counts {
    uint64_t refused; /* whole logins with a wrong user, password, token or ticket */
    uint64_t asked;   /* 401 to a request that brought no login, or a first leg */
    uint64_t ok[SX_METHODS], begun[SX_METHODS]; /* logins; begun: first legs */
    uint64_t v1, malformed;
};

struct sx_auth {
    char *user, *password, *domain;
    bool offers[SX_METHODS];
    unsigned epoch;
    struct map *logins; /* connection -> struct sx_login */
    struct sx_auth_counts counts;
    struct sx_oauth oauth;
    char *keytab;
};

double sx_auth_now(void);

/* sx_oauth.c */
enum sx_bearer { SX_TOKEN_GOOD, SX_TOKEN_EXPIRED, SX_TOKEN_UNKNOWN };
enum sx_bearer sx_oauth_check(struct sx_oauth *o, const char *token);
void sx_oauth_expire(struct sx_oauth *o);
void sx_oauth_release(struct sx_oauth *o);

/*
 * sx_negotiate.c: accepts one token. 1: signed in, 0: another leg, -1: refused. *ret_answer is
 * base64 or NULL, caller frees. Without GSS-API in this build every token is refused.
 */
int sx_negotiate_accept(struct sx_gss_call **call,
                        const char *keytab,
                        const char *user,
                        const char *token,
                        char **ret_answer);
void sx_negotiate_end(struct sx_gss_call **call);
bool sx_negotiate_there(void);

#endif
