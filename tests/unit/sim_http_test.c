/*
 * The server under the simulators: what it does to connections is what the product's network code
 * is tested with.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

#include "tests/sim/common/sim_http.h"
#include "tests/support/sim_client.h"

enum { LONG_BODY = 100000 };

static int timers_run, jobs_run;

static void count_timer(void *user)
{
    (void)user;
    timers_run++;
}

static void answer_later(void *user)
{
    sim_http_answer_text(user, 200, "text/plain", "later");
}

static const struct path_case {
    const char *path;
    struct sim_answer answer; /* body: filled in, long when cut_at is set */
} paths[] = {
    {"/delay", {.delay_ms = 200}},
    {"/close", {.abort = SIM_ABORT_CLOSE}},
    {"/reset", {.abort = SIM_ABORT_RESET}},
    {"/truncate", {.abort = SIM_ABORT_TRUNCATE, .cut_at = 5000, .plain = true}},
    {"/stall", {.stall_ms = 30, .cut_at = 5000, .plain = true}},
    {"/long", {.cut_at = 1}},
    {"/timer", {0}},
};

static void echo(struct sim_req *req)
{
    const char *q = sim_req_query(req, "q"), *h = sim_req_header(req, "x-test");
    autovalue(str_release) struct str text;
    str_init(&text, 1 << 20);
    str_addf(&text, "%s|%s|%s|%s|%zu|%llu", req->method, req->target, q ? q : "-", h ? h : "-",
             req->n_body, (unsigned long long)req->nth);
    struct sim_answer a = {
        .content_type = "text/plain", .body = text.p, .headers = "X-One: 1\nX-Two: two words\n"};
    sim_http_answer(req, &a);
}

/* Paths name what happens. */
static void handler(struct sim_req *req, void *user)
{
    static char big[LONG_BODY + 1];
    (void)user;
    memset(big, 'x', LONG_BODY);
    if (strcmp(req->path, "/echo") == 0)
        echo(req);
    if (strcmp(req->path, "/later") == 0)
        sim_http_after(req->server, 20000, answer_later, req);
    if (strcmp(req->path, "/timer") == 0)
        sim_http_after(req->server, 3600LL * 1000000, count_timer, NULL);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct sim_answer a = paths[i].answer;
        if (strcmp(paths[i].path, req->path) != 0)
            continue;
        a.body = a.cut_at ? big : "short";
        sim_http_answer(req, &a);
        return;
    }
}

static struct sim_http *start(struct sim_http_options o)
{
    struct err err = {0};
    o.handler = handler;
    struct sim_http *s = sim_http_start(&o, &err);
    cr_assert(s != NULL, "%s", err.text);
    return s;
}

Test(sim_http, hands_over_method_target_query_header_and_body)
{
    struct sim_http *s = start((struct sim_http_options){0});
    autoptr(sim_client_free) struct sim_client *c = sim_client_new(sim_http_port(s));
    autovalue(sim_reply_release) struct sim_reply r =
        sim_client_send(c, "POST", "/echo?q=a%20b%2Bc", "X-Test: yes\n", "12345");
    cr_expect(eq(long, r.status, 200));
    cr_expect(eq(str, r.body, "POST|/echo?q=a%20b%2Bc|a b+c|yes|5|1"));
    cr_expect(strstr(r.headers, "X-Two: two words") != NULL);
    sim_http_stop(s);
}

Test(sim_http, keeps_connections_alive_and_counts_requests_on_them)
{
    struct sim_http *s = start((struct sim_http_options){0});
    autoptr(sim_client_free) struct sim_client *c = sim_client_new(sim_http_port(s));
    for (int i = 1; i <= 3; i++) {
        autovalue(sim_reply_release) struct sim_reply r =
            sim_client_send(c, "GET", "/echo", NULL, NULL);
        cr_expect(eq(long, r.connects, i == 1));
        cr_expect(eq(int, r.body[strlen(r.body) - 1], '0' + i));
    }
    sim_http_stop(s);
}

static const struct abort_case {
    const char *path;
    int curl;
} abort_cases[] = {
    {"/close", CURLE_GOT_NOTHING}, {"/reset", CURLE_RECV_ERROR}, {"/truncate", CURLE_PARTIAL_FILE},
    {"/stall", CURLE_OK},          {"/later", CURLE_OK},         {"/long", CURLE_OK},
};

Test(sim_http, breaks_connections_in_the_way_it_is_told)
{
    struct sim_http *s = start((struct sim_http_options){0});
    for (size_t i = 0; i < ARRAY_LEN(abort_cases); i++) {
        autoptr(sim_client_free) struct sim_client *c = sim_client_new(sim_http_port(s));
        autovalue(sim_reply_release) struct sim_reply r =
            sim_client_send(c, "POST", abort_cases[i].path, NULL, "x");
        cr_expect(eq(int, r.curl, abort_cases[i].curl), "%s", abort_cases[i].path);
        if (strcmp(abort_cases[i].path, "/truncate") == 0)
            cr_expect(eq(sz, r.n_body, 5000));
        if (strcmp(abort_cases[i].path, "/stall") == 0)
            cr_expect(eq(sz, r.n_body, LONG_BODY));
    }
    sim_http_stop(s);
}

Test(sim_http, compresses_for_clients_that_ask)
{
    struct sim_http *s = start((struct sim_http_options){.gzip = true});
    autoptr(sim_client_free) struct sim_client *c = sim_client_new(sim_http_port(s));
    autovalue(sim_reply_release) struct sim_reply r =
        sim_client_send(c, "GET", "/long", NULL, NULL);
    cr_expect(eq(sz, r.n_body, LONG_BODY));
    cr_expect(strstr(r.headers, "Content-Encoding: gzip") != NULL);
    autovalue(sim_reply_release) struct sim_reply small =
        sim_client_send(c, "GET", "/echo", NULL, NULL);
    cr_expect(strstr(small.headers, "Content-Encoding") == NULL,
              "short answers go out as they are");
    sim_http_stop(s);
}

Test(sim_http, refuses_a_body_above_the_maximum)
{
    struct sim_http *s = start((struct sim_http_options){.max_body = 10});
    autoptr(sim_client_free) struct sim_client *c = sim_client_new(sim_http_port(s));
    autovalue(sim_reply_release) struct sim_reply r =
        sim_client_send(c, "POST", "/echo", NULL, "12345678901");
    cr_expect(eq(long, r.status, 413));
    sim_http_stop(s);
}

Test(sim_http, writes_its_port_to_a_file)
{
    char path[] = "/tmp/sim_http_port_XXXXXX", text[16] = "";
    close(mkstemp(path));
    struct sim_http *s = start((struct sim_http_options){.port_file = path});
    FILE *f = fopen(path, "r");
    cr_assert(f && fgets(text, sizeof(text), f));
    fclose(f);
    unlink(path);
    cr_expect(eq(long, strtol(text, NULL, 10), sim_http_port(s)));
    sim_http_stop(s);
}

Test(sim_http, says_so_when_the_port_is_taken)
{
    struct sim_http *s = start((struct sim_http_options){0});
    struct sim_http_options o = {.port = sim_http_port(s), .handler = handler};
    struct err err = {0};
    cr_expect(sim_http_start(&o, &err) == NULL);
    cr_expect(eq(str, err.code, "sim.listen"));
    sim_http_stop(s);
}

static size_t discard(char *p, size_t size, size_t n, void *user)
{
    (void)p, (void)user;
    return size * n;
}

/* One after the other they would need 200 x 200 ms. */
Test(sim_http, holds_two_hundred_delayed_requests_at_once)
{
    enum { N = 200 };
    struct sim_http *s = start((struct sim_http_options){0});
    CURLM *multi = curl_multi_init();
    CURL *easy[N];
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/delay", sim_http_port(s));
    for (int i = 0; i < N; i++) {
        easy[i] = curl_easy_init();
        curl_easy_setopt(easy[i], CURLOPT_URL, url);
        curl_easy_setopt(easy[i], CURLOPT_PROXY, "");
        curl_easy_setopt(easy[i], CURLOPT_WRITEFUNCTION, discard);
        curl_easy_setopt(easy[i], CURLOPT_TIMEOUT_MS, 10000L);
        curl_multi_add_handle(multi, easy[i]);
    }
    int running = N, left, ok = 0;
    while (running && curl_multi_perform(multi, &running) == CURLM_OK && running)
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));)
        ok += m->data.result == CURLE_OK;
    cr_expect(eq(int, ok, N), "all are answered within the ten seconds that each has");
    for (int i = 0; i < N; i++) {
        curl_multi_remove_handle(multi, easy[i]);
        curl_easy_cleanup(easy[i]);
    }
    curl_multi_cleanup(multi);
    sim_http_stop(s);
}

Test(sim_http, runs_what_is_due_later_when_it_stops)
{
    struct sim_http *s = start((struct sim_http_options){0});
    autoptr(sim_client_free) struct sim_client *c = sim_client_new(sim_http_port(s));
    autovalue(sim_reply_release) struct sim_reply r =
        sim_client_send(c, "GET", "/timer", NULL, NULL);
    cr_expect(eq(long, r.status, 200));
    sim_http_stop(s);
    cr_expect(eq(int, timers_run, 1));
}

static void job(void *user)
{
    jobs_run += *(int *)user;
}

Test(sim_http, runs_calls_of_other_threads_on_its_own)
{
    struct sim_http *s = start((struct sim_http_options){0});
    int two = 2;
    sim_http_call(s, job, &two);
    sim_http_call(s, job, &two);
    cr_expect(eq(int, jobs_run, 4));
    sim_http_stop(s);
}
