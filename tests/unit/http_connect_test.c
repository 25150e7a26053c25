#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/http.h"
#include "common/net/loop.h"

/* A server that never takes a connection: its queue is full, so that connecting hangs. */
static int full, fillers[4];
static char url[64];
static struct loop *loop;
static struct http_client *client;

static void never(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    full = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(full, (void *)&a, n) == 0 && listen(full, 0) == 0);
    getsockname(full, (void *)&a, &n);
    for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (void *)&a, n);
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(a.sin_port));
    const struct http_limits limits = {
        .max_connections = 2, .connect_timeout_ms = 200, .allow_http = true};
    loop = loop_new(clock_real());
    client = http_client_new(loop, &limits);
}

static void down(void)
{
    http_client_free(client);
    loop_free(loop);
    for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
        close(fillers[i]);
    close(full);
}

TestSuite(http_connect, .init = never, .fini = down, .timeout = 20);

struct answer {
    bool done;
    struct err err;
};

static void on_done(const struct http_response *r, const struct err *err, void *user)
{
    struct answer *a = user;
    (void)r;
    a->done = true;
    if (err)
        a->err = *err;
}

/* The loop lives on: curl closes such a socket without telling. */
static void the_loop_goes_on(void)
{
    for (int i = 0; i < 20; i++)
        loop_turn(loop, 1);
}

Test(http_connect, one_that_hangs_is_given_up_in_time)
{
    struct answer a = {0};
    const struct http_request rq = {.method = "GET", .url = url};
    http_send(client, &rq, on_done, &a);
    cr_assert(loop_wait(loop, &a.done, 10000) == 0);
    cr_expect_str_eq(a.err.code, "curl.28");
    cr_expect_eq(a.err.when, WHEN_LATER, "nothing was sent");
    the_loop_goes_on();
}

Test(http_connect, one_that_hangs_can_be_cancelled)
{
    struct answer a = {0};
    const struct http_request rq = {.method = "GET", .url = url};
    struct http_call *call = http_send(client, &rq, on_done, &a);
    the_loop_goes_on();
    http_cancel(call);
    the_loop_goes_on();
    cr_expect(!a.done);
}
