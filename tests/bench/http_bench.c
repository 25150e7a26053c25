/*
 * http_bench: what a request costs the loop's thread.
 *
 * Posts 4 KB with send_once, answered with 1 KB by libmicrohttpd on a thread of its own, with 1, 32
 * and 200 under way, through common/net/http on the epoll loop and, for comparison, through a bare
 * curl_multi_poll + curl_multi_perform loop with the same options
 * (docs/adr/0010-epoll-or-curl-poll.md). Each answer is followed by the next request at once, so
 * all descriptors are busy; "late" holds 200 requests of which few are answered at a time, as with
 * a slow Exchange.
 *
 * JSON lines on standard output, a table on standard error. CPU time is that of the client's thread
 * alone.
 */
#include <curl/curl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/net/http.h"
#include "common/net/loop.h"

enum { BODY_BYTES = 4096, ANSWER_BYTES = 1024, MAX_CONCURRENT = 200 };

static char body[BODY_BYTES], answer[ANSWER_BYTES], url[64];

struct run {
    const char *name;
    unsigned concurrent;
    unsigned long total, begun, done, failed;
};

static double seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the server: answers at once, or (late) holds requests until enough of them wait ---- */

enum { HELD = 190 };
static bool late;
static struct MHD_Connection *held[HELD];
static unsigned n_held;

static enum MHD_Result reply(struct MHD_Connection *conn)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(ANSWER_BYTES, answer, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(conn, 200, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result on_request(void *user,
                                  struct MHD_Connection *conn,
                                  const char *path,
                                  const char *method,
                                  const char *version,
                                  const char *data,
                                  size_t *n,
                                  void **state)
{
    (void)user, (void)path, (void)method, (void)version, (void)data;
    if (!*state) {
        *state = answer;
        return MHD_YES;
    }
    if (*n) {
        *n = 0;
        return MHD_YES;
    }
    if (!late || *state == body)
        return reply(conn);
    *state = body; /* when resumed: answer */
    MHD_suspend_connection(conn);
    if (n_held == HELD) { /* the oldest goes */
        MHD_resume_connection(held[0]);
        memmove(held, held + 1, (HELD - 1) * sizeof(held[0]));
        n_held--;
    }
    held[n_held++] = conn;
    return MHD_YES;
}

static struct MHD_Daemon *start_server(void)
{
    struct MHD_Daemon *d =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         on_request, NULL, MHD_OPTION_CONNECTION_LIMIT, 1000U, MHD_OPTION_END);
    if (!d)
        abort();
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/ews",
             MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    return d;
}

/* ---- through common/net ---- */

static struct http_client *client;
static struct loop *loop;

static void on_done(const struct http_response *r, const struct err *err, void *user);

static void send_next(struct run *run)
{
    static const char *const headers[] = {"Content-Type: text/xml; charset=utf-8",
                                          "X-AnchorMailbox: a@church.example", NULL};
    struct http_request r = {.method = "POST",
                             .url = url,
                             .body = body,
                             .body_len = BODY_BYTES,
                             .headers = headers,
                             .user = "user",
                             .password = "password",
                             .send_once = true,
                             .timeout_ms = 60000};
    run->begun++;
    http_send(client, &r, on_done, run);
}

static void on_done(const struct http_response *r, const struct err *err, void *user)
{
    struct run *run = user;
    run->failed += err != NULL || r->status != 200;
    if (++run->done >= run->total)
        loop_quit(loop);
    else
        send_next(run);
}

static void run_net(struct run *run)
{
    struct http_limits limits = {
        .max_connections = MAX_CONCURRENT, .max_response_bytes = 1 << 20, .allow_http = true};
    loop = loop_new(clock_real());
    client = http_client_new(loop, &limits);
    for (unsigned i = 0; i < run->concurrent; i++)
        send_next(run);
    loop_run(loop);
    http_client_free(client);
    loop_free(loop);
}

/* ---- the bare loop ---- */

struct bare {
    size_t sent;
};

static size_t on_read(char *p, size_t size, size_t n, void *user)
{
    struct bare *b = user;
    size_t left = BODY_BYTES - b->sent;
    n = size * n < left ? size * n : left;
    memcpy(p, body + b->sent, n);
    b->sent += n;
    return n;
}

static size_t on_answer(char *p, size_t size, size_t n, void *user)
{
    (void)p, (void)user;
    return size * n;
}

static CURL *bare_new(struct bare *b, struct curl_slist *headers)
{
    CURL *e = curl_easy_init();
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(e, CURLOPT_USERNAME, "user");
    curl_easy_setopt(e, CURLOPT_PASSWORD, "password");
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)BODY_BYTES);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(e, CURLOPT_READDATA, b);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(e, CURLOPT_PRIVATE, b);
    return e;
}

static void bare_again(struct run *run, CURLM *multi, const struct CURLMsg *msg)
{
    CURL *e = msg->easy_handle;
    struct bare *b;
    run->failed += msg->data.result != CURLE_OK;
    run->done++;
    curl_multi_remove_handle(multi, e);
    curl_easy_getinfo(e, CURLINFO_PRIVATE, &b);
    b->sent = 0;
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_multi_add_handle(multi, e);
}

static void run_bare(struct run *run)
{
    static struct bare bares[MAX_CONCURRENT];
    CURL *easies[MAX_CONCURRENT];
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MAX_CONCURRENT);
    for (unsigned i = 0; i < run->concurrent; i++) {
        bares[i].sent = 0;
        easies[i] = bare_new(&bares[i], headers);
        curl_multi_add_handle(multi, easies[i]);
    }
    while (run->done < run->total) {
        int left;
        struct CURLMsg *msg;
        curl_multi_perform(multi, &left);
        while ((msg = curl_multi_info_read(multi, &left)))
            bare_again(run, multi, msg);
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (unsigned i = 0; i < run->concurrent; i++) {
        curl_multi_remove_handle(multi, easies[i]);
        curl_easy_cleanup(easies[i]);
    }
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
}

/* ---- report ---- */

static void measure(const char *name,
                    void (*fn)(struct run *),
                    bool is_late,
                    unsigned concurrent,
                    unsigned long total)
{
    struct run run = {.name = name, .concurrent = concurrent, .total = total};
    late = is_late;
    n_held = 0;
    struct MHD_Daemon *server = start_server();
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    fn(&run);
    cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    for (unsigned i = 0; i < n_held; i++)
        MHD_resume_connection(held[i]);
    n_held = 0;
    late = false;
    MHD_stop_daemon(server);
    printf("{\"bench\":\"http\",\"loop\":\"%s\",\"server\":\"%s\",\"concurrent\":%u,\"requests\":%"
           "lu,\"failed\":%lu,"
           "\"per_second\":%.0f,\"cpu_us\":%.1f}\n",
           name, is_late ? "late" : "prompt", concurrent, run.done, run.failed,
           (double)run.done / wall, cpu / (double)run.done * 1e6);
    fprintf(stderr, "%-10s %-7s %4u  %8.0f requests/s  %6.1f us CPU each  %lu failed\n", name,
            is_late ? "late" : "prompt", concurrent, (double)run.done / wall,
            cpu / (double)run.done * 1e6, run.failed);
    fflush(stdout);
}

int main(void)
{
    static const unsigned concurrent[] = {1, 32, 200};
    memset(body, 'b', sizeof(body));
    memset(answer, 'a', sizeof(answer));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (size_t i = 0; i < ARRAY_LEN(concurrent); i++) {
        measure("epoll", run_net, false, concurrent[i], 10000);
        measure("curl_poll", run_bare, false, concurrent[i], 10000);
    }
    measure("epoll", run_net, true, 200, 10000);
    measure("curl_poll", run_bare, true, 200, 10000);
    curl_global_cleanup();
    return 0;
}
