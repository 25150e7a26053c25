/*
 * http_fixture: a scripted HTTP server of blocking sockets (a thread per connection, played by the
 * test's handler) and a client of one call at a time. For the http tests, which include it once
 * each; Criterion runs each test in a process of its own, so there is one of everything.
 */
#ifndef SYNC_TESTS_UNIT_HTTP_FIXTURE_H
#define SYNC_TESTS_UNIT_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/http.h"
#include "common/net/loop.h"

/* ---- a server of blocking sockets, one thread per connection, played by the test's handler ----
 */

enum { MAX_CONNS = 64 };

struct server;
typedef void (*handler)(struct server *s, int fd);

static struct server {
    handler fn;
    int fd, port;
    pthread_t thread, conn_threads[MAX_CONNS];
    int conn_fds[MAX_CONNS];
    char url[64];
    atomic_int conns, heads, bodies,
        closed; /* connections, heads and whole bodies read, connections over */
    atomic_size_t body_bytes;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside, max_inside; /* handlers between enter() and leave() */
    bool open;              /* the gate */
    char head[4096];        /* of the last request */
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void say(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, text, n, MSG_NOSIGNAL);
        if (k <= 0)
            return;
        text += k;
        n -= (size_t)k;
    }
}

static inline void say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

static inline size_t length_of_body(const char *head)
{
    const char *p = strcasestr(head, "\r\nContent-Length:");
    return p ? strtoul(p + 17, NULL, 10) : 0;
}

/* Reads a head, byte by byte so as to leave the body; false at the end of the connection. */
static inline bool read_head(struct server *s, int fd, size_t *body_len)
{
    char head[sizeof(s->head)];
    size_t n = 0;
    while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
        if (n + 1 >= sizeof(head) || recv(fd, head + n, 1, 0) != 1)
            return false;
        head[++n] = '\0';
    }
    pthread_mutex_lock(&s->lock);
    memcpy(s->head, head, n + 1);
    pthread_mutex_unlock(&s->lock);
    s->heads++;
    *body_len = length_of_body(head);
    return true;
}

static inline bool read_body(struct server *s, int fd, size_t n)
{
    char piece[65536];
    while (n > 0) {
        ssize_t k = recv(fd, piece, n < sizeof(piece) ? n : sizeof(piece), 0);
        if (k <= 0)
            return false;
        s->body_bytes += (size_t)k;
        n -= (size_t)k;
    }
    s->bodies++;
    return true;
}

static inline bool read_request(struct server *s, int fd)
{
    size_t n;
    return read_head(s, fd, &n) && read_body(s, fd, n);
}

static inline void wait_for_gate(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->open)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static inline void open_gate(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&server.lock);
    server.open = true;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.lock);
}

static inline void *serve_connection(void *arg)
{
    int *fd = arg;
    server.fn(&server, *fd);
    shutdown(*fd, SHUT_RDWR);
    pthread_mutex_lock(&server.lock);
    server.closed++;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.lock);
    return NULL;
}

static inline void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(server.fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        cr_assert(server.conns < MAX_CONNS);
        int i = server.conns++;
        server.conn_fds[i] = fd;
        pthread_create(&server.conn_threads[i], NULL, serve_connection, &server.conn_fds[i]);
    }
}

static inline void start_server(handler fn)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    server.fn = fn;
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(server.fd, (struct sockaddr *)&a, n) == 0 && listen(server.fd, 64) == 0);
    getsockname(server.fd, (struct sockaddr *)&a, &n);
    server.port = ntohs(a.sin_port);
    snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d/ews?token=secret", server.port);
    cr_assert(pthread_create(&server.thread, NULL, serve, NULL) == 0);
}

static inline void stop_server(void)
{
    if (!server.fn)
        return;
    open_gate(NULL);
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    for (int i = 0; i < server.conns; i++) {
        shutdown(server.conn_fds[i], SHUT_RDWR);
        pthread_join(server.conn_threads[i], NULL);
        close(server.conn_fds[i]);
    }
    close(server.fd);
}

/* ---- the client's side ---- */

static struct loop *l;
static struct http_client *c;
static struct http_limits limits = {
    .max_connections = 2, .max_response_bytes = 1 << 20, .user_agent = "test", .allow_http = true};

struct got { /* a response, copied */
    bool done, failed;
    int status, n_calls;
    char body[256], content_type[64], location[128];
    size_t body_len;
    int64_t retry_after_ms;
    bool reused;
    struct err err;
    void (*also)(struct got *g);
};

static inline void set_up(void)
{
    l = loop_new(clock_real());
    c = http_client_new(l, &limits);
}

static inline void tear_down(void)
{
    http_client_free(c);
    stop_server();
    loop_free(l);
}

static inline void on_done(const struct http_response *r, const struct err *err, void *user)
{
    struct got *g = user;
    g->n_calls++;
    g->status = r->status;
    g->body_len = r->body_len;
    snprintf(g->body, sizeof(g->body), "%s", r->body);
    snprintf(g->content_type, sizeof(g->content_type), "%s", r->content_type);
    snprintf(g->location, sizeof(g->location), "%s", r->location);
    g->retry_after_ms = r->retry_after_ms;
    g->reused = r->connection_reused;
    g->failed = err != NULL;
    if (err)
        g->err = *err;
    if (g->also)
        g->also(g);
    g->done = true;
}

static inline struct http_call *begin(struct http_request r, struct got *g)
{
    r.method = r.method ? r.method : "GET";
    r.url = r.url ? r.url : server.url;
    r.timeout_ms = r.timeout_ms ? r.timeout_ms : 20000;
    if (r.body && !r.body_len)
        r.body_len = strlen(r.body);
    return http_send(c, &r, on_done, g);
}

static inline struct got fetch_request(struct http_request r)
{
    struct got g = {0};
    begin(r, &g);
    cr_expect(not(g.done));
    cr_assert(eq(int, loop_wait(l, &g.done, 30000), 0));
    return g;
}
#define fetch(...) fetch_request((struct http_request){__VA_ARGS__})
#define POST_ONCE  .method = "POST", .body = "<create/>", .send_once = true

static inline void expect_error(struct got g, const char *code, enum err_when when)
{
    cr_expect(g.failed && g.status == 0 && g.err.scope == SCOPE_REMOTE);
    cr_expect(strcmp(g.err.code, code) == 0, "%s: %s, not %s", g.err.code, g.err.text, code);
    cr_expect(g.err.when == when, "%s: %s: when is %d", g.err.code, g.err.text, g.err.when);
    cr_expect(strstr(g.err.text, "secret") == NULL && strstr(g.err.text, "ews") == NULL, "%s",
              g.err.text);
    cr_expect(strstr(g.err.text, "127.0.0.1:") != NULL, "%s", g.err.text);
}

static inline void use_cap(size_t bytes)
{
    struct http_limits small = limits;
    http_client_free(c);
    small.max_response_bytes = bytes;
    c = http_client_new(l, &small);
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\nok";

static inline void answer_all(struct server *s, int fd)
{
    while (read_request(s, fd))
        say_text(fd, ok);
}

#endif
