/*
 * sim_http: the HTTP/1.1 server under both simulators (libmicrohttpd, keep-alive, one thread).
 *
 * One loop thread per server runs the handler, the timers and all connections, so a simulator needs
 * no locks. A request is answered exactly once, inside the handler or later (from a timer): until
 * then its connection is suspended and costs no thread and no polling, and all others go on.
 * Listens on 127.0.0.1 only. In a test process the server runs beside the test; in a program main()
 * blocks in sim_signals_wait().
 *
 * A client that goes away while its request is suspended is noticed only when the answer is
 * written: the work is done all the same, as on a real server.
 */
#ifndef SYNC_SIM_HTTP_H
#define SYNC_SIM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct sim_http;

struct sim_req { /* one request; valid in the handler and until it is answered; all memory belongs
                    to the server */
    struct sim_http *server;
    const char *method; /* "GET" */
    const char *path;   /* percent-decoded, without the query */
    const char *target; /* as sent, with the query: "/api/People?$top=2" */
    const char *body;   /* never NULL; a NUL follows */
    size_t n_body;
    uint64_t connection; /* number of the connection since start, from 1 */
    uint64_t nth; /* number of this request on its connection, from 1; above 1: the connection was
                     reused */
    void *state;  /* the simulator's own, starts NULL */
};

enum sim_abort {
    SIM_ABORT_NONE,
    SIM_ABORT_CLOSE,    /* close the connection without one byte of answer (curl 52) */
    SIM_ABORT_RESET,    /* the same by RST (curl 56) */
    SIM_ABORT_TRUNCATE, /* status, headers with the whole Content-Length, cut_at bytes of the body,
                           then close (curl 18) */
};

struct sim_answer {
    int status;               /* 0 = 200 */
    const char *content_type; /* NULL = none */
    const char *headers;      /* further lines, "Name: value\nName: value\n"; NULL = none */
    const char *body;         /* borrowed for the call */
    size_t n_body;            /* 0 with a body: its strlen */
    uint32_t delay_ms;        /* wait so long before the first byte */
    enum sim_abort abort;
    size_t cut_at;     /* bytes of the body before the truncation or the stall */
    uint32_t stall_ms; /* pause after cut_at bytes, then go on (no abort) */
    bool plain;        /* never compress this one */
};

struct sim_http_options {
    uint16_t port;         /* 0: the system picks one */
    const char *port_file; /* receives "PORT\n" (by rename) once the server listens; NULL = none */
    size_t max_body;       /* bytes of a request body, more is answered 413; 0 = 64 MB */
    const char *tls_cert, *tls_key; /* PEM, borrowed for the call; both: https instead of http */
    bool gzip; /* compress answers of 256 bytes and more for clients that accept gzip */
    void (*handler)(struct sim_req *req,
                    void *user); /* thread: loop; borrows req; answers now or later */
    void *user;
};

struct sim_http_stats {
    uint64_t connections;     /* accepted since start */
    uint64_t requests;        /* complete requests */
    uint64_t reused_requests; /* of these, not the first on their connection */
    uint64_t open_now;        /* connections */
    uint64_t suspended_now;   /* requests that wait for their answer */
};

/* Starts the thread and listens. NULL with *err (port taken ...). Blocks no signals itself: see
 * sim_signals_block. */
struct sim_http *sim_http_start(const struct sim_http_options *options, struct err *err) must_check;
uint16_t sim_http_port(const struct sim_http *s);
/*
 * Stops: timers that are not due yet fire at once, in order; requests still unanswered are closed;
 * answers under way get up to half a second. NULL is fine. @thread any but the loop
 */
void sim_http_stop(struct sim_http *s);

/* First value of a header (any case) or of a query argument (decoded); NULL when absent. */
const char *sim_req_header(const struct sim_req *req, const char *name);
const char *sim_req_query(const struct sim_req *req, const char *name);
/* Answers. @thread loop. The request may be gone when this returns. */
void sim_http_answer(struct sim_req *req, const struct sim_answer *answer);
void sim_http_answer_text(struct sim_req *req,
                          int status,
                          const char *content_type,
                          const char *body);

/* Runs fn(user) on the loop, us microseconds from now, earliest first. @thread loop (use
 * sim_http_call from elsewhere) */
void sim_http_after(struct sim_http *s, int64_t us, void (*fn)(void *user), void *user);
/* Runs fn(user) on the loop and waits for it. @thread any but the loop */
void sim_http_call(struct sim_http *s, void (*fn)(void *user), void *user);
bool sim_http_stopping(const struct sim_http *s);
struct sim_http_stats sim_http_stats(const struct sim_http *s); /* @thread loop */

/* For main(): block SIGTERM and SIGINT before sim_http_start, then wait for one of them. Ignores
 * SIGPIPE. */
void sim_signals_block(void);
int sim_signals_wait(void); /* the signal's number */

#endif
