/*
 * sim_client: a plain HTTP client for tests of the simulators: one libcurl easy handle, so one
 * kept-alive connection. It does nothing clever: what the server does to a connection shows in the
 * reply's curl code.
 */
#ifndef SYNC_TEST_SIM_CLIENT_H
#define SYNC_TEST_SIM_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct sim_client;

struct sim_reply {
    int curl;      /* CURLcode: 0, 52 nothing came, 56 reset, 18 cut off, 28 timed out */
    long status;   /* 0 when no answer came */
    char *headers; /* all lines, "" when none */
    char *body;    /* what came, never NULL */
    size_t n_body;
    long connects; /* new connections that this request needed: 0 = reused */
};

struct sim_client *
sim_client_new(uint16_t port); /* http://127.0.0.1:port, 10 s limit per request */
void sim_client_free(struct sim_client *c);
/*
 * Sends one request and waits.
 *
 * @headers  "Name: value\n..." or NULL
 * @body     NULL = none
 * @return   the caller releases it
 */
struct sim_reply sim_client_send(struct sim_client *c,
                                 const char *method,
                                 const char *target,
                                 const char *headers,
                                 const char *body);
void sim_reply_release(struct sim_reply *r);
size_t sim_count(const char *text, const char *what); /* occurrences */
/* The text between the nth (from 0) `before` and the next `after`; NULL when there is none. Caller
 * frees. */
char *sim_between(const char *text, const char *before, const char *after, size_t nth);
CLEANUP_DEFINE(struct sim_client, sim_client_free);
CLEANUP_VALUE(struct sim_reply, sim_reply_release);

#endif
