#include "tests/sim/common/sim_http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#include "tests/sim/common/sim_http_p.h"

enum {
    DEFAULT_MAX_BODY = 64 << 20,
    GZIP_FROM = 256,           /* bytes; below that it costs more than it saves */
    CONNECTION_LIMIT = 10000,  /* the process' own limit of descriptors comes first */
    CONNECTION_MEMORY = 65536, /* bytes MHD may use for headers and read buffer of one connection */
    STOP_FLUSH_US = 500 * 1000, /* for answers under way */
    BLOCK = 32768,
    MAX_PACKED = 1 << 30,
};

struct connection { /* MHD's socket context */
    uint64_t number, requests;
};

struct live {           /* one request, from its request line to the end of its answer */
    struct sim_req req; /* first: the simulator's view */
    struct MHD_Connection *c;
    char *target;
    struct str body;
    bool seen, complete, suspended, answered, abandoned;
    struct MHD_Response *response;
    unsigned status;
    enum sim_abort abort;
    struct live *prev, *next;
};

struct job { /* sim_http_call */
    void (*fn)(void *user);
    void *user;
    bool done;
    struct job *next;
};

struct sim_http {
    struct sim_http_options o;
    struct MHD_Daemon *daemon;
    int epoll_fd, wake_fd;
    uint16_t port;
    pthread_t thread;
    bool stopping;
    struct sim_timers timers;
    struct live *head;
    struct sim_http_stats stats;
    pthread_mutex_t lock; /* of jobs and stop_asked */
    pthread_cond_t job_done;
    struct job *jobs;
    bool stop_asked;
};

struct body_source { /* an answer that is cut or stalls */
    struct live *live;
    char *p;
    size_t n, cut_at;
    uint32_t stall_ms;
    bool truncate, stalled;
};

static void live_free(struct live *l)
{
    struct sim_http *s = l->req.server;
    if (l->prev)
        l->prev->next = l->next;
    else
        s->head = l->next;
    if (l->next)
        l->next->prev = l->prev;
    if (l->response)
        MHD_destroy_response(l->response);
    str_release(&l->body);
    free(l->target);
    free(l);
}

/* MHD calls this first, with the target as sent; what it returns is the request's closure. */
static void *on_target(void *cls, const char *uri, struct MHD_Connection *c)
{
    struct sim_http *s = cls;
    struct live *l = xalloc(sizeof(*l));
    l->target = xstrdup(uri);
    l->c = c;
    l->req.server = s;
    l->req.target = l->target;
    l->req.body = "";
    str_init(&l->body, s->o.max_body);
    l->next = s->head;
    if (s->head)
        s->head->prev = l;
    s->head = l;
    return l;
}

static void on_completed(void *cls,
                         struct MHD_Connection *c,
                         void **closure,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)c, (void)code;
    if (*closure)
        live_free(*closure);
    *closure = NULL;
}

static void on_connection(void *cls,
                          struct MHD_Connection *c,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct sim_http *s = cls;
    (void)c;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *k = xalloc(sizeof(*k));
        k->number = ++s->stats.connections;
        s->stats.open_now++;
        *socket_context = k;
    } else {
        s->stats.open_now--;
        free(*socket_context);
        *socket_context = NULL;
    }
}

/* A reset instead of an orderly end: disconnecting by AF_UNSPEC sends RST at once. MHD closes the
 * descriptor later. */
static void reset_socket(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    (void)!connect(info->connect_fd, &none, sizeof(none));
}

static enum MHD_Result send_answer(struct live *l)
{
    if (l->abort == SIM_ABORT_RESET)
        reset_socket(l->c);
    if (!l->response)
        return MHD_NO; /* MHD then closes without a byte */
    return MHD_queue_response(l->c, l->status, l->response);
}

static void begin(struct live *l, const char *path, const char *method)
{
    struct connection *k =
        MHD_get_connection_info(l->c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    l->seen = true;
    l->req.path = path;
    l->req.method = method;
    l->req.connection = k->number;
    l->req.nth = ++k->requests;
}

static enum MHD_Result finish_body(struct live *l)
{
    struct sim_http *s = l->req.server;
    l->complete = true;
    s->stats.requests++;
    s->stats.reused_requests += l->req.nth > 1;
    l->req.body = l->body.p;
    l->req.n_body = l->body.n;
    if (l->body.over)
        sim_http_answer_text(&l->req, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain", "too large\n");
    else
        s->o.handler(&l->req, s->o.user);
    if (l->answered)
        return send_answer(l);
    l->suspended = true;
    s->stats.suspended_now++;
    MHD_suspend_connection(l->c);
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls,
                                  struct MHD_Connection *c,
                                  const char *url,
                                  const char *method,
                                  const char *version,
                                  const char *upload,
                                  size_t *n_upload,
                                  void **closure)
{
    struct live *l = *closure;
    (void)cls, (void)c, (void)version;
    if (!l->seen) {
        begin(l, url, method);
        return MHD_YES;
    }
    if (*n_upload) {
        str_add(&l->body, upload, *n_upload);
        *n_upload = 0;
        return MHD_YES;
    }
    if (!l->complete)
        return finish_body(l);
    return l->answered ? send_answer(l) : MHD_NO;
}

static void wake(struct sim_http *s)
{
    uint64_t one = 1;
    (void)!write(s->wake_fd, &one, sizeof(one));
}

static void resume(struct live *l)
{
    l->suspended = false;
    l->req.server->stats.suspended_now--;
    MHD_resume_connection(l->c);
}

static void release(void *user)
{
    struct live *l = user;
    l->answered = true;
    if (l->suspended)
        resume(l);
}

static void unstall(void *user)
{
    resume(user);
}

/* Content reader of a cut or stalling answer. */
static ssize_t read_body(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct body_source *b = cls;
    size_t end = pos < b->cut_at ? b->cut_at : b->n;
    if (pos == b->cut_at && b->truncate)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (pos == b->cut_at && !b->stalled) {
        struct sim_http *s = b->live->req.server;
        b->stalled = b->live->suspended = true;
        s->stats.suspended_now++;
        MHD_suspend_connection(b->live->c);
        sim_http_after(s, (int64_t)b->stall_ms * 1000, unstall, b->live);
        return 0;
    }
    size_t n = end - (size_t)pos < max ? end - (size_t)pos : max;
    memcpy(buf, b->p + pos, n);
    return (ssize_t)n;
}

static void free_body(void *cls)
{
    struct body_source *b = cls;
    free(b->p);
    free(b);
}

static struct MHD_Response *
body_response(struct live *l, const struct sim_answer *a, const char *p, size_t n)
{
    bool truncate = a->abort == SIM_ABORT_TRUNCATE;
    if (!truncate && !a->stall_ms)
        return MHD_create_response_from_buffer(n, (void *)(uintptr_t)p, MHD_RESPMEM_MUST_COPY);
    struct body_source *b = xalloc(sizeof(*b));
    *b = (struct body_source){.live = l, .n = n, .stall_ms = a->stall_ms, .truncate = truncate};
    b->cut_at = a->cut_at < n ? a->cut_at : n;
    b->p = xstrndup("", 0);
    b->p = xrealloc(b->p, n + 1);
    memcpy(b->p, p, n);
    return MHD_create_response_from_callback(n, BLOCK, read_body, b, free_body);
}

static void add_headers(struct MHD_Response *r, const char *lines)
{
    while (lines && *lines) {
        size_t n = strcspn(lines, "\n");
        autofree char *line = xstrndup(lines, n);
        char *colon = strchr(line, ':');
        if (colon) {
            *colon = 0;
            MHD_add_response_header(r, line, colon + 1 + strspn(colon + 1, " "));
        }
        lines += n + (lines[n] == '\n');
    }
}

static bool wants_gzip(const struct live *l, const struct sim_answer *a, size_t n)
{
    if (!l->req.server->o.gzip || a->plain || n < GZIP_FROM)
        return false;
    const char *accept = sim_req_header(&l->req, "Accept-Encoding");
    return accept && strcasestr(accept, "gzip");
}

static struct MHD_Response *make_response(struct live *l, const struct sim_answer *a)
{
    autovalue(str_release) struct str packed = STR_INIT(MAX_PACKED);
    const char *p = a->body ? a->body : "";
    size_t n = a->body && !a->n_body ? strlen(a->body) : a->n_body;
    bool gzip = wants_gzip(l, a, n) && sim_gzip(p, n, &packed);
    struct MHD_Response *r =
        gzip ? body_response(l, a, packed.p, packed.n) : body_response(l, a, p, n);
    if (gzip) {
        MHD_add_response_header(r, "Content-Encoding", "gzip");
        MHD_add_response_header(r, "Vary", "Accept-Encoding");
    }
    if (a->content_type)
        MHD_add_response_header(r, "Content-Type", a->content_type);
    add_headers(r, a->headers);
    return r;
}

void sim_http_answer(struct sim_req *req, const struct sim_answer *answer)
{
    struct live *l = (struct live *)req;
    if (l->response || l->answered || l->abandoned)
        return; /* the server is stopping and has closed it */
    l->abort = answer->abort;
    l->status = answer->status ? (unsigned)answer->status : MHD_HTTP_OK;
    if (answer->abort != SIM_ABORT_CLOSE && answer->abort != SIM_ABORT_RESET)
        l->response = make_response(l, answer);
    if (answer->delay_ms)
        sim_http_after(req->server, (int64_t)answer->delay_ms * 1000, release, l);
    else
        release(l);
}

void sim_http_answer_text(struct sim_req *req,
                          int status,
                          const char *content_type,
                          const char *body)
{
    struct sim_answer a = {.status = status, .content_type = content_type, .body = body};
    sim_http_answer(req, &a);
}

const char *sim_req_header(const struct sim_req *req, const char *name)
{
    return MHD_lookup_connection_value(((const struct live *)req)->c, MHD_HEADER_KIND, name);
}

const char *sim_req_query(const struct sim_req *req, const char *name)
{
    return MHD_lookup_connection_value(((const struct live *)req)->c, MHD_GET_ARGUMENT_KIND, name);
}

void sim_http_after(struct sim_http *s, int64_t us, void (*fn)(void *user), void *user)
{
    sim_timers_add(&s->timers, sim_now_us() + (us > 0 ? us : 0), fn, user);
}

void sim_http_call(struct sim_http *s, void (*fn)(void *user), void *user)
{
    struct job job = {.fn = fn, .user = user};
    pthread_mutex_lock(&s->lock);
    struct job **end = &s->jobs;
    while (*end)
        end = &(*end)->next;
    *end = &job;
    wake(s);
    while (!job.done)
        pthread_cond_wait(&s->job_done, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

bool sim_http_stopping(const struct sim_http *s)
{
    return s->stopping;
}

struct sim_http_stats sim_http_stats(const struct sim_http *s)
{
    return s->stats;
}

uint16_t sim_http_port(const struct sim_http *s)
{
    return s->port;
}

static void run_jobs(struct sim_http *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->jobs) {
        struct job *job = s->jobs;
        s->jobs = job->next;
        pthread_mutex_unlock(&s->lock);
        job->fn(job->user);
        pthread_mutex_lock(&s->lock);
        job->done = true;
        pthread_cond_broadcast(&s->job_done);
    }
    s->stopping = s->stop_asked;
    pthread_mutex_unlock(&s->lock);
}

static void run_timers(struct sim_http *s, int64_t now_us)
{
    struct sim_timer t;
    while (sim_timers_pop(&s->timers, now_us, &t))
        t.fn(t.user);
}

/* Sleeps until a socket, a job or a timer is ready. */
static void wait_ready(struct sim_http *s, int64_t at_most_us)
{
    int64_t us = at_most_us, next = sim_timers_next(&s->timers);
    MHD_UNSIGNED_LONG_LONG ms;
    if (next >= 0) {
        int64_t left = next - sim_now_us();
        us = left < us ? (left > 0 ? left : 0) : us;
    }
    if (MHD_get_timeout(s->daemon, &ms) == MHD_YES && (int64_t)ms * 1000 < us)
        us = (int64_t)ms * 1000;
    struct pollfd fds[2] = {{.fd = s->epoll_fd, .events = POLLIN},
                            {.fd = s->wake_fd, .events = POLLIN}};
    struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    ppoll(fds, 2, &ts, NULL);
    uint64_t count;
    if (fds[1].revents)
        (void)!read(s->wake_fd, &count, sizeof(count));
}

/* Whatever still waits is answered now or closed, then the answers get a moment to leave. */
static void drain(struct sim_http *s)
{
    run_timers(s, INT64_MAX);
    for (struct live *l = s->head; l; l = l->next) {
        if (!l->suspended)
            continue;
        l->abandoned = !l->answered;
        l->abort = l->answered ? l->abort : SIM_ABORT_CLOSE;
        release(l);
    }
    for (int64_t end = sim_now_us() + STOP_FLUSH_US; s->head && sim_now_us() < end;) {
        MHD_run(s->daemon);
        run_timers(s, INT64_MAX);
        wait_ready(s, 10000);
    }
    MHD_run(s->daemon);
}

static void *loop(void *user)
{
    struct sim_http *s = user;
    while (!s->stopping) {
        wait_ready(s, 1000 * 1000);
        run_jobs(s);
        run_timers(s, sim_now_us());
        MHD_run(s->daemon);
    }
    drain(s);
    return NULL;
}

static int write_port_file(const char *path, uint16_t port, struct err *err)
{
    autovalue(str_release) struct str tmp = STR_INIT(4096);
    str_addf(&tmp, "%s.tmp", path);
    FILE *f = fopen(tmp.p, "w");
    int bad = !f || fprintf(f, "%u\n", port) < 0;
    if (f)
        bad |= fclose(f) != 0;
    if (bad || rename(tmp.p, path) != 0)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "sim.port_file", "cannot write %s: %m",
                       path);
    return 0;
}

static int listen_on(struct sim_http *s, struct err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(s->o.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)s->o.tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)s->o.tls_key},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    bool https = s->o.tls_cert && s->o.tls_key;
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (https ? MHD_USE_TLS : 0), s->o.port, NULL, NULL,
        on_request, s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_ARRAY,
        https ? tls : plain, MHD_OPTION_END);
    s->o.tls_cert = s->o.tls_key = NULL;
    if (!s->daemon)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "sim.listen", "cannot listen on port %u: %m",
                       s->o.port);
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    s->epoll_fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return 0;
}

static void http_free(struct sim_http *s)
{
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    while (s->head)
        live_free(s->head);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->job_done);
    free(s->timers.v);
    free(s);
}

struct sim_http *sim_http_start(const struct sim_http_options *options, struct err *err)
{
    struct sim_http *s = xalloc(sizeof(*s));
    s->o = *options;
    if (!s->o.max_body)
        s->o.max_body = DEFAULT_MAX_BODY;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->job_done, NULL);
    signal(SIGPIPE, SIG_IGN);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (listen_on(s, err) < 0)
        goto failed;
    if (pthread_create(&s->thread, NULL, loop, s) != 0) {
        err_set(err, SCOPE_PROCESS, WHEN_NEVER, "sim.thread", "cannot start a thread");
        goto failed;
    }
    if (s->o.port_file && write_port_file(s->o.port_file, s->port, err) < 0) {
        sim_http_stop(s);
        return NULL;
    }
    return s;
failed:
    http_free(s);
    return NULL;
}

void sim_http_stop(struct sim_http *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop_asked = true;
    pthread_mutex_unlock(&s->lock);
    wake(s);
    pthread_join(s->thread, NULL);
    http_free(s);
}

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void sim_signals_block(void)
{
    sigset_t set;
    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int sim_signals_wait(void)
{
    sigset_t set;
    stop_signals(&set);
    int sig;
    while ((sig = sigwaitinfo(&set, NULL)) < 0 && errno == EINTR)
        continue;
    return sig;
}
