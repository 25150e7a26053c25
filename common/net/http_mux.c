#include <stdlib.h>
#include <unistd.h>

#include "common/net/http_p.h"

/*
 * curl's multi handle by curl_multi_socket_action: each descriptor is a watch of the loop, the next
 * time-out a timer. Watches of connections live as long as the connection and are only made quiet
 * between two requests: when the next one starts in the same turn, the kernel never hears of it.
 * All other descriptors of curl's (its resolver's, sockets that never got connected) close without
 * notice, so their watches go as soon as curl loses interest.
 */

static struct http_sock *sock_at(struct http_client *c, curl_socket_t fd)
{
    while (c->socks.n <= (size_t)fd)
        vec_push(&c->socks, (struct http_sock){0});
    return &c->socks.v[fd];
}

/* A multi handle that ran out of memory has told neither sockets nor time-outs: its requests would
 * never end. */
static void act(struct http_client *c, curl_socket_t fd, int mask)
{
    int running;

    http_enter(c);
    if (curl_multi_socket_action(c->multi, fd, mask, &running) == CURLM_OUT_OF_MEMORY)
        out_of_memory("curl");
    http_drain(c);
    http_leave(c);
}

static void on_ready(int fd, int events, void *user)
{
    struct http_client *c = user;
    int mask = ((events & LOOP_READ) ? CURL_CSELECT_IN : 0) |
               ((events & LOOP_WRITE) ? CURL_CSELECT_OUT : 0);
    act(c, fd, mask);
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *user, void *unused)
{
    struct http_client *c = user;
    struct http_sock *s = sock_at(c, fd);
    (void)easy, (void)unused;
    /* A socket that is still connecting only waits to write; when curl gives it up (time-out,
     * cancel) it is closed without http_mux_close. */
    s->established |= s->connection && (what & CURL_POLL_IN);
    if (what == CURL_POLL_REMOVE && !s->established) {
        loop_unwatch(s->watch);
        *s = (struct http_sock){0};
        return 0;
    }
    int events =
        ((what & CURL_POLL_IN) ? LOOP_READ : 0) | ((what & CURL_POLL_OUT) ? LOOP_WRITE : 0);
    if (what == CURL_POLL_REMOVE)
        events = 0;
    if (s->watch)
        loop_watch_events(s->watch, events);
    else if (events)
        s->watch = loop_watch(c->l, fd, events, on_ready, c);
    return 0;
}

static bool may_connect(struct http_call *call, const struct sockaddr *address)
{
    const struct http_limits *limits = &call->c->limits;
    char *url = NULL, *host = NULL;
    if (!limits->may_connect)
        return true;
    CURLU *u = curl_url();
    if (!u)
        out_of_memory("curl");
    curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url);
    bool ok = url && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              limits->may_connect(host, address, limits->may_connect_user);
    curl_free(host);
    curl_url_cleanup(u);
    return ok;
}

curl_socket_t http_mux_open(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct http_call *call = user;
    (void)purpose;
    if (!may_connect(call, &a->addr)) {
        call->wrong_address = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    sock_at(call->c, fd)->connection = true;
    return fd;
}

int http_mux_close(void *client, curl_socket_t fd)
{
    struct http_sock *s = sock_at(client, fd);
    loop_unwatch(s->watch);
    *s = (struct http_sock){0};
    return close(fd);
}

static void arm(struct http_client *c, int64_t now);

static void on_timer(void *user)
{
    struct http_client *c = user;
    int64_t now = clock_now(loop_clock(c->l));
    c->timer = NULL;
    if (c->due_ms < 0)
        return;
    if (c->due_ms > now) {
        arm(c, now);
        return;
    }
    c->due_ms = -1;
    act(c, CURL_SOCKET_TIMEOUT, 0);
}

static void arm(struct http_client *c, int64_t now)
{
    c->timer_at = c->due_ms;
    c->timer = loop_after(c->l, c->due_ms - now, on_timer, c);
}

/* curl moves its time-out with each request, mostly back and forth by a little: a timer that comes
 * too early is left alone and looks again when it comes. */
static int on_timeout_change(CURLM *multi, long ms, void *user)
{
    struct http_client *c = user;
    int64_t now = clock_now(loop_clock(c->l));
    (void)multi;
    c->due_ms =
        ms < 0 ? -1
               : now + ms +
                     (ms > 0); /* + 1: our clock counts whole ms, curl would find it too early */
    if (c->due_ms < 0 || (c->timer && c->timer_at <= c->due_ms))
        return 0;
    loop_cancel(c->timer);
    arm(c, now);
    return 0;
}

static void *for_curl(size_t n)
{
    return xrealloc(NULL, n);
}

static void *zeroed_for_curl(size_t n, size_t size)
{
    size_t all;

    return xalloc(__builtin_mul_overflow(n, size, &all) ? SIZE_MAX : all);
}

void http_curl_start(void)
{
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, for_curl, free, xrealloc, xstrdup, zeroed_for_curl);
}

void http_mux_init(struct http_client *c)
{
    http_curl_start(); /* undone by http_leave */
    c->multi = curl_multi_init();
    if (!c->multi)
        out_of_memory("curl");
    c->due_ms = -1;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)c->limits.max_connections);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)c->limits.max_connections);
}

void http_mux_release(struct http_client *c)
{
    curl_multi_cleanup(c->multi);
    c->multi = NULL;
    loop_cancel(c->timer);
    c->timer = NULL;
    vec_foreach (s, &c->socks)
        loop_unwatch(s->watch);
    vec_release(&c->socks);
}
