#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/http.h"
#include "common/net/httpd.h"
#include "common/net/loop.h"

static struct loop *l;
static struct httpd *h;
static struct http_client *c;

static void set_up(void)
{
    struct err err;
    struct http_limits limits = {
        .max_connections = 4, .allow_http = true, .max_response_bytes = 32 << 20};
    l = loop_new(clock_real());
    h = httpd_new(l, 0, &err);
    cr_assert(h != NULL);
    c = http_client_new(l, &limits);
}

static void tear_down(void)
{
    http_client_free(c);
    httpd_free(h);
    loop_free(l);
}

TestSuite(httpd, .init = set_up, .fini = tear_down, .timeout = 30);

struct got {
    bool done;
    int status;
    char body[64], type[64];
    size_t body_len;
};

static void on_done(const struct http_response *r, const struct err *err, void *user)
{
    struct got *g = user;
    cr_expect(err == NULL, "%s", err ? err->text : "");
    g->status = r->status;
    g->body_len = r->body_len;
    snprintf(g->body, sizeof(g->body), "%s", r->body);
    snprintf(g->type, sizeof(g->type), "%s", r->content_type);
    g->done = true;
}

static struct got fetch(const char *method, const char *path, const char *body)
{
    char url[128];
    struct got g = {0};
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", httpd_port(h), path);
    struct http_request r = {
        .method = method, .url = url, .body = body, .body_len = body ? strlen(body) : 0};
    http_send(c, &r, on_done, &g);
    cr_assert(eq(int, loop_wait(l, &g.done, 20000), 0));
    return g;
}

static void metrics(struct httpd_reply *reply, void *user)
{
    str_addf(&reply->body, "calls %d\n", ++*(int *)user);
}

static void not_ready(struct httpd_reply *reply, void *user)
{
    (void)user;
    reply->status = 503;
    reply->content_type = "application/json";
    str_puts(&reply->body, "{\"ready\":false}");
}

static void add_mib(struct httpd_reply *reply, void *user)
{
    char kib[1024];
    memset(kib, 'x', sizeof(kib));
    for (int i = 0; i < 1024 * *(int *)user; i++)
        str_add(&reply->body, kib, sizeof(kib));
}

Test(httpd, route_answers_with_what_its_function_wrote)
{
    int calls = 0;
    httpd_route(h, "/metrics", metrics, &calls);
    httpd_route(h, "/readyz", not_ready, NULL);
    struct got g = fetch("GET", "/metrics", NULL);
    cr_expect(eq(int, g.status, 200));
    cr_expect(eq(str, g.body, "calls 1\n"));
    cr_expect(eq(str, g.type, "text/plain; charset=utf-8"));
    g = fetch("GET", "/readyz", NULL);
    cr_expect(eq(int, g.status, 503));
    cr_expect(eq(str, g.type, "application/json"));
    g = fetch("GET", "/metrics?with=query", NULL);
    cr_expect(eq(str, g.body, "calls 2\n"));
}

Test(httpd, later_route_of_a_path_replaces_the_first)
{
    int calls = 0;
    httpd_route(h, "/x", not_ready, NULL);
    httpd_route(h, "/x", metrics, &calls);
    cr_expect(eq(int, fetch("GET", "/x", NULL).status, 200));
}

Test(httpd, unknown_paths_and_other_methods_are_refused)
{
    int calls = 0;
    httpd_route(h, "/metrics", metrics, &calls);
    cr_expect(eq(int, fetch("GET", "/metrics/", NULL).status, 404));
    cr_expect(eq(int, fetch("GET", "/", NULL).status, 404));
    cr_expect(eq(int, fetch("POST", "/metrics", "body").status, 405));
    cr_expect(eq(int, fetch("DELETE", "/metrics", NULL).status, 405));
    cr_expect(eq(int, calls, 0));
    struct got g = fetch("HEAD", "/metrics", NULL);
    cr_expect(eq(int, g.status, 200));
    cr_expect(eq(sz, g.body_len, 0));
}

Test(httpd, page_of_16_mib_fits_and_a_longer_one_is_an_error)
{
    int mib = 16;
    httpd_route(h, "/large", add_mib, &mib);
    struct got g = fetch("GET", "/large", NULL);
    cr_expect(eq(int, g.status, 200));
    cr_expect(eq(sz, g.body_len, 16 << 20));
    mib = 17;
    cr_expect(eq(int, fetch("GET", "/large", NULL).status, 500));
}

Test(httpd, port_that_is_taken_is_an_error_that_names_it)
{
    struct err err = {0};
    char port[16];
    snprintf(port, sizeof(port), "127.0.0.1:%u", httpd_port(h));
    cr_expect(httpd_new(l, httpd_port(h), &err) == NULL);
    cr_expect(eq(str, err.code, "httpd.listen"));
    cr_expect(eq(int, err.scope, SCOPE_PROCESS));
    cr_expect(strstr(err.text, port) != NULL, "%s", err.text);
}

Test(httpd, only_loopback_is_listened_on)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(httpd_port(h))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.2", &a.sin_addr); /* would reach a socket bound to every address */
    cr_expect(connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0);
    close(fd);
}

Test(httpd, head_that_never_ends_is_refused)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(httpd_port(h))};
    char piece[1024], answer[64] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
    cr_assert(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
    memset(piece, 'a', sizeof(piece));
    memcpy(piece, "GET /metrics?", 13);
    ssize_t n = 1;
    for (int i = 0; i < 200 && n > 0; i++) {
        n = send(fd, piece, sizeof(piece), MSG_NOSIGNAL | MSG_DONTWAIT);
        loop_turn(l, 0);
        if (recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) > 0)
            break;
    }
    cr_expect(strncmp(answer, "HTTP/1.1 4", 10) == 0, "%s", answer);
    close(fd);
}
