#include "common/net/httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/loop.h"

enum {
    MAX_REPLY_BYTES = 16 << 20,
    MAX_CONNECTIONS = 64,
    CONNECTION_TIMEOUT_S = 10,
    CONNECTION_MEMORY =
        16 << 10, /* head of a request included: a longer one gets 431 from the library */
};

struct route {
    char *path;
    httpd_fn fn;
    void *user;
};

struct httpd {
    struct loop *l;
    struct MHD_Daemon *daemon;
    struct loop_watch *watch;
    struct loop_timer *timer;
    uint16_t port;
    struct route *routes;
    size_t n_routes;
};

static struct route *find_route(const struct httpd *h, const char *path)
{
    for (size_t i = 0; i < h->n_routes; i++) {
        if (strcmp(h->routes[i].path, path) == 0)
            return &h->routes[i];
    }
    return NULL;
}

static enum MHD_Result
answer(struct MHD_Connection *conn, int status, const char *type, char *body, size_t n)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result r = MHD_queue_response(conn, (unsigned)status, response);
    MHD_destroy_response(response);
    return r;
}

static enum MHD_Result answer_plain(struct MHD_Connection *conn, int status, const char *text)
{
    return answer(conn, status, "text/plain; charset=utf-8", xstrdup(text), strlen(text));
}

static enum MHD_Result answer_route(struct MHD_Connection *conn, const struct route *route)
{
    struct httpd_reply reply = {.status = 200, .content_type = "text/plain; charset=utf-8"};
    str_init(&reply.body, MAX_REPLY_BYTES);
    route->fn(&reply, route->user);
    if (reply.body.over) {
        str_release(&reply.body);
        return answer_plain(conn, MHD_HTTP_INTERNAL_SERVER_ERROR, "page too long\n");
    }
    size_t n = reply.body.n;
    return answer(conn, reply.status, reply.content_type, str_steal(&reply.body), n);
}

/* Called once when the head is in, then for each piece of a body, then once more: the answer. */
static enum MHD_Result on_request(void *user,
                                  struct MHD_Connection *conn,
                                  const char *path,
                                  const char *method,
                                  const char *version,
                                  const char *data,
                                  size_t *n_data,
                                  void **seen)
{
    const struct httpd *h = user;
    (void)version, (void)data;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_plain(conn, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
    if (!*seen) {
        *seen = user;
        return MHD_YES;
    }
    if (*n_data) { /* nobody reads the body of a GET */
        *n_data = 0;
        return MHD_YES;
    }
    const struct route *route = find_route(h, path);
    return route ? answer_route(conn, route)
                 : answer_plain(conn, MHD_HTTP_NOT_FOUND, "no such page\n");
}

static void run(struct httpd *h);

static void on_timer(void *user)
{
    struct httpd *h = user;
    h->timer = NULL;
    run(h);
}

static void on_ready(int fd, int events, void *user)
{
    (void)fd, (void)events;
    run(user);
}

static void run(struct httpd *h)
{
    MHD_UNSIGNED_LONG_LONG ms;
    MHD_run(h->daemon);
    loop_cancel(h->timer);
    h->timer = NULL;
    if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
        h->timer = loop_after(h->l, ms < 60000 ? (int64_t)ms : 60000, on_timer, h);
}

/* Ours rather than the library's, for the error and for the chosen port. */
static int listen_on(uint16_t port, struct err *err)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_set(err, SCOPE_PROCESS, WHEN_LATER, "httpd.listen", "127.0.0.1:%u: %s", port,
            strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in a = {0};
    socklen_t n = sizeof(a);
    getsockname(fd, (struct sockaddr *)&a, &n);
    return ntohs(a.sin_port);
}

struct httpd *httpd_new(struct loop *l, uint16_t port, struct err *err)
{
    int fd = listen_on(port, err);
    if (fd < 0)
        return NULL;
    struct httpd *h = xalloc(sizeof(*h));
    h->l = l;
    h->port = port_of(fd);
    h->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    if (!h->daemon) {
        close(fd);
        free(h);
        err_set(err, SCOPE_PROCESS, WHEN_LATER, "httpd.listen",
                "127.0.0.1:%u: the web server does not start", port);
        return NULL;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    h->watch = loop_watch(l, info->epoll_fd, LOOP_READ, on_ready, h);
    return h;
}

uint16_t httpd_port(const struct httpd *h)
{
    return h->port;
}

void httpd_route(struct httpd *h, const char *path, httpd_fn fn, void *user)
{
    struct route *r = find_route(h, path);
    if (!r) {
        h->routes = xrealloc(h->routes, (h->n_routes + 1) * sizeof(*h->routes));
        r = &h->routes[h->n_routes++];
        r->path = xstrdup(path);
    }
    r->fn = fn;
    r->user = user;
}

void httpd_free(struct httpd *h)
{
    if (!h)
        return;
    loop_unwatch(h->watch);
    loop_cancel(h->timer);
    MHD_stop_daemon(h->daemon); /* closes the listening socket too */
    for (size_t i = 0; i < h->n_routes; i++)
        free(h->routes[i].path);
    free(h->routes);
    free(h);
}
