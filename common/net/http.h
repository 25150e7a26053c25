/*
 * http: asynchronous HTTP requests on the loop, by libcurl.
 *
 * A client is a pool of connections to whatever hosts its requests name, with one set of limits.
 * Requests beyond max_connections wait in order inside the client; their time-out begins when they
 * start. HTTP/1.1 only. Redirects are never followed, cookies never kept, proxies never taken from
 * the environment, passwords never taken from a URL. Responses are capped. Neither a URL's path and
 * query, nor a secret, nor a body appears in an error.
 *
 * send_once (design section 6 rule 4): libcurl repeats a POST by itself when a reused connection
 * dies before the first answer byte. The body goes through a read callback whose seek refuses once
 * a byte was handed out, and no second attempt may begin after that; such a request fails with
 * WHEN_UNKNOWN instead of being sent again. One exception: a 401 that came as the answer to the
 * body proves that nothing was done with it, so a login handshake may begin again after it.
 *
 * Sign-in: NTLM and Negotiate log in the connection, in two or three legs that carry no body; what
 * follows on that connection needs no login. Connections are reused by the same user and password
 * only.
 * @source  libcurl 7.88.1: CURLOPT_SEEKFUNCTION, CURLOPT_PREREQFUNCTION, Curl_retry_request,
 * CURLOPT_HTTPAUTH; reference/ews.md section 3
 */
#ifndef SYNC_NET_HTTP_H
#define SYNC_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct loop;
struct sockaddr;
struct http_client;
struct http_call; /* a request under way */

struct http_limits {
    uint32_t max_connections;    /* in all, busy and idle; at least 1 */
    uint32_t connect_timeout_ms; /* 0: 10 s */
    size_t max_response_bytes;   /* after decompression; beyond: "http.too_big"; 0: 16 MiB */
    const char *user_agent;      /* copied; NULL: none is sent */
    const char *ca_file;         /* copied; PEM; NULL: the system's */
    bool allow_http;             /* https only otherwise */
    /*
     * Asked for every address right before a connection to it begins, with exactly the address that
     * is connected to (a name that resolves to something else a moment later gains nothing) and the
     * host of the request's URL. false: the address is passed over; when no other is left the call
     * fails with "http.address", WHEN_LATER. NULL: any address. Must not call back into http.
     */
    bool (*may_connect)(const char *host, const struct sockaddr *address, void *user);
    void *may_connect_user;
    /* "HOST:PORT:ADDRESS:PORT": connections to HOST:PORT go there instead, name and certificate
     * stay HOST's; copied, NULL-terminated; NULL for none. @source CURLOPT_CONNECT_TO */
    const char *const *connect_to;
};

/* How a request signs in. */
enum http_auth {
    HTTP_AUTH_BASIC,     /* user and password; none where user is NULL */
    HTTP_AUTH_NTLM,      /* user (DOMAIN\\user, a UPN, or a bare one) and password */
    HTTP_AUTH_NEGOTIATE, /* Kerberos; tickets as the process' environment says */
    HTTP_AUTH_BEARER,    /* token */
};
/* What a server that answered 401 names, bit 1 << enum http_auth each. */
#define HTTP_OFFERS(auth) (1u << (auth))

struct http_request {
    const char *method; /* "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE" */
    const char *url;    /* borrowed for the call to http_send, like everything here but body */
    /* "Name: value", NULL-terminated; NULL for none; a line break in one fails the call */
    const char *const *headers;
    const char *body; /* borrowed until done */
    size_t body_len;
    enum http_auth auth;
    const char *user, *password; /* Basic and NTLM; NULL for none */
    const char *token;           /* Bearer */
    uint32_t timeout_ms;         /* whole call, from its start; 0: 120 s */
    bool send_once;              /* nothing is ever sent a second time; see above */
    bool fresh_connection;       /* none that was used before; it stays in the pool afterwards */
    bool want_certificate;       /* with fresh_connection: the response tells of it */
    /* Asked right before the first body byte leaves (without a body: before the head), each time
     * that it does: curl repeats what is not send_once when a reused connection was dead. false
     * aborts with "http.fenced", nothing of the body sent: WHEN_LATER, WHEN_UNKNOWN where an
     * attempt had gone out before. Must not call back into http. May be NULL. */
    bool (*may_send)(void *user);
    void *may_send_user;
};

struct http_response {
    int status;               /* 0 when there was no answer (see err) */
    const char *content_type; /* "" when none */
    const char *body;         /* NUL-terminated; borrowed during the callback */
    size_t body_len;
    int64_t retry_after_ms; /* -1 when absent; seconds and HTTP dates understood */
    uint32_t took_ms;
    bool connection_reused;
    const char *location; /* of a 3xx, made absolute, without user and password; "" otherwise */
    unsigned offers;      /* of a 401: HTTP_OFFERS of each way to sign in that it names */
    bool token_expired;   /* of a 401: it says that the token is no longer good */
    char issuer[128];     /* of the server's certificate; "" when not asked for, or no TLS */
    int64_t expires_ms;   /* likewise, Unix time; 0 unknown */
};

/*
 * err is NULL when a whole HTTP answer arrived (any status). Otherwise r->status is 0 and *err
 * says, with SCOPE_REMOTE and a text that names host and port:
 * - WHEN_LATER: certainly not done. The connection failed, or no body byte had been handed out, or
 *   it is a GET or HEAD.
 * - WHEN_UNKNOWN: a byte of the body (without a body: of the head) may have left.
 * - WHEN_NEVER: the request itself is wrong ("curl.1", "curl.3", "http.header").
 *
 * Codes: "curl.28" and the like (CURLcode), "http.address", "http.fenced", "http.too_big",
 * "http.header".
 * Called once, from the loop, never from inside http_send. May send, cancel, wait (loop_wait) and
 * free the client.
 */
typedef void (*http_done)(const struct http_response *r, const struct err *err, void *user);

/*
 * Can this process' libcurl sign in so? NTLM left the default build in curl 8.20, Kerberos needs
 * GSS-API. Basic and Bearer always; all of them need TLS to be of use.
 */
bool http_can(enum http_auth auth);
bool http_can_tls(void);

/* max_connections also bounds what runs at once. */
struct http_client *http_client_new(struct loop *l, const struct http_limits *limits);
void http_client_free(struct http_client *c); /* cancels everything first, without callbacks */
/* The handle is valid until done starts or http_cancel. @return never NULL */
struct http_call *
http_send(struct http_client *c, const struct http_request *r, http_done done, void *user);
/* No callback afterwards. A connection in mid-request is closed. NULL is fine. */
void http_cancel(struct http_call *call);
CLEANUP_DEFINE(struct http_client, http_client_free);

#endif
