/*
 * sim_exchange: an Exchange server for tests: contacts over EWS (SOAP, Basic, NTLM, Kerberos,
 * OAuth2, impersonation), strict about what it is sent, with latency, fault plans and a JSON
 * control API that knows what every mailbox holds. See tests/sim/README.md.
 *
 * It shares no code with the product's EWS driver: it is the judge. A test starts it on a thread of
 * its own process, the program sim-exchange is the same thing with arguments.
 */
#ifndef SYNC_SIM_EXCHANGE_H
#define SYNC_SIM_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct sim_exchange;

struct sim_exchange_options { /* zeroed = defaults; strings are copied */
    uint16_t port;            /* 0: the system picks one */
    const char *port_file;    /* receives the port; NULL = none */
    const char
        *auth; /* ways to sign in: "basic" of basic, ntlm, negotiate, bearer; see sx_auth.h */
    const char *user;            /* default "svc-sync" */
    const char *password;        /* default "secret"; the OAuth2 client's secret too */
    const char *domain;          /* Windows domain; default "CHURCH" */
    const char *keytab;          /* of HTTP/host, for negotiate */
    const char *client, *tenant; /* OAuth2: "app-sync", "church" */
    double token_s, promise_s;   /* a token's life, and what is said of it; 3600, the same */
    const char *account;     /* address of the service account's own mailbox; NULL: it has none */
    const char *any_mailbox; /* domain whose mailboxes are made on first use; NULL = none */
    const char
        *schema; /* folder with the EWS schema (envelope/, mit/); NULL: structural check only */
    const char *max_version; /* newest RequestServerVersion it knows; default Exchange2016 */
    uint64_t seed;           /* ids, foreign contacts, probable faults */
    double latency_ms;       /* service time of every call ... */
    double item_ms;          /* ... and of each item in it; nothing is saved before it is over */
    unsigned concurrency;    /* calls per mailbox, more get ErrorExceededConnectionCount; 0 = any */
    size_t foreign;          /* the user's own contacts that each new mailbox starts with */
    bool no_gzip;
};

/* NULL with *err: port taken, no schema in the folder ... */
struct sim_exchange *sim_exchange_start(const struct sim_exchange_options *o,
                                        struct err *err) must_check;
uint16_t sim_exchange_port(const struct sim_exchange *s);
void sim_exchange_stop(
    struct sim_exchange *s); /* NULL is fine; what is still in service is finished first */
/*
 * The control API without HTTP: sim_exchange_control(s, "POST", "/control/mailboxes", "{...}",
 * &status).
 *
 * @body    JSON text, NULL = none
 * @return  JSON text, caller frees
 * @thread  any but the simulator's
 */
char *sim_exchange_control(struct sim_exchange *s,
                           const char *method,
                           const char *path,
                           const char *body,
                           int *ret_status);
CLEANUP_DEFINE(struct sim_exchange, sim_exchange_stop);

#endif
