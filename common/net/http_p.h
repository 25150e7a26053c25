/*
 * http_p: what the files of http share. http.c: clients, queue, delivery; http_easy.c: one request
 * as curl options and callbacks; http_mux.c: curl's multi handle on the loop; http_result.c: what
 * came out, as response or error; http_auth.c: how a request signs in.
 *
 * A call is queued -> active (in the multi) -> finished (waits for its callback) -> delivering,
 * then its struct and curl's easy handle serve another one.
 */
#ifndef SYNC_NET_HTTP_P_H
#define SYNC_NET_HTTP_P_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/net/http.h"
#include "common/net/loop.h"

enum {
    HTTP_DEFAULT_TIMEOUT_MS = 120000,
    HTTP_DEFAULT_CONNECT_MS = 10000,
    HTTP_DEFAULT_MAX_BYTES = 16 << 20,
};

enum http_call_state { CALL_IDLE, CALL_QUEUED, CALL_ACTIVE, CALL_FINISHED, CALL_DELIVERING };

struct http_call {
    struct http_client *c;
    TAILQ_ENTRY(http_call) list; /* the one of its state */
    enum http_call_state state;
    CURL *easy;
    struct curl_slist *headers;
    struct str answer;
    char *location;               /* curl_free */
    char reason[CURL_ERROR_SIZE]; /* curl's own words */

    const char *body; /* borrowed */
    size_t body_len, offset;
    bool has_callback_body; /* the body goes through on_read; otherwise curl has it whole */
    bool repeatable;        /* GET, HEAD: doing it twice does no harm */
    bool send_once;
    bool (*may_send)(void *user);
    void *may_send_user;
    http_done done;
    void *user;

    /* what happened */
    CURLcode result;
    unsigned attempts; /* requests begun; a second one when a reused connection was dead */
    bool handed;       /* a body byte was given to curl */
    bool allowed;      /* may_send was asked for the body of this attempt */
    bool disclaimed;   /* the answer is 401: the server did nothing with this attempt */
    bool refused;      /* curl wanted to begin again and was not let */
    bool fenced, too_big, bad_header;
    bool wrong_address; /* an address was passed over */
    unsigned offers;    /* of the last 401 */
    bool token_expired; /* likewise */
};
TAILQ_HEAD(http_calls, http_call);

/* A descriptor of curl's. */
struct http_sock {
    struct loop_watch *watch;
    bool connection;  /* made by http_mux_open; not so those of curl's resolver */
    bool established; /* a connection that was connected: its close is announced */
};

struct http_client {
    struct loop *l;
    struct http_limits limits;
    char *user_agent, *ca_file; /* behind the limits of that name */
    struct curl_slist *connect_to;
    CURLM *multi;
    /* curl wants to be called at due_ms (-1: not at all). The timer comes then or earlier. */
    int64_t due_ms, timer_at;
    struct loop_timer *timer;
    struct loop_timer *kick;     /* delivers what finished outside the loop */
    vec(struct http_sock) socks; /* index: descriptor */
    struct http_calls queued, active, finished, idle;
    size_t n_active, n_idle;
    int depth; /* our callbacks on the stack; the struct outlives them */
    bool freed;
};

/* http_easy.c */
void http_easy_init(struct http_call *call); /* what is the same for all requests */
/* The rest. Do not start the call when it has set call->result or bad_header. */
void http_easy_set(struct http_call *call, const struct http_request *r);

/* http_auth.c */
void http_auth_set(struct http_call *call, const struct http_request *r);
/* A line of an answer's head. */
void http_auth_line(struct http_call *call, const char *line, size_t n);

/* http_mux.c */
/* curl_global_init, counted; from then on curl stops the program where it has no memory. Left to
 * itself 7.88 sends some requests without their query then, and goes on. */
void http_curl_start(void);
void http_mux_init(struct http_client *c);
void http_mux_release(struct http_client *c);
curl_socket_t http_mux_open(void *call, curlsocktype purpose, struct curl_sockaddr *address);
int http_mux_close(void *client, curl_socket_t fd);

/* http.c: takes what curl has finished, starts what waits, calls back. The client may be freed
 * afterwards, unless depth > 0. */
void http_drain(struct http_client *c);
void http_enter(struct http_client *c);
void http_leave(struct http_client *c);

/* http_result.c */
/* Strings of *r borrow from the call. Returns 0, or -1 with *err. */
int http_result(struct http_call *call, struct http_response *r, struct err *err);
/*
 * A Retry-After value, seconds or a date, in ms from wall_ms on (at most a week); -1 for neither.
 * @source RFC 9110 section 10.2.3
 */
int64_t http_retry_after_ms(const char *value, int64_t wall_ms);

#endif
