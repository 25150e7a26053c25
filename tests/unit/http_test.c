#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <netdb.h>

#include "common/net/http.h"
#include "common/net/http_p.h"
#include "tests/unit/http_fixture.h"

TestSuite(http, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- plain requests ---- */

Test(http, answers_come_with_status_type_and_body_over_one_kept_connection)
{
    start_server(answer_all);
    struct got a = fetch(.method = "GET");
    struct got b = fetch(POST_ONCE);
    cr_expect(a.failed + b.failed == 0);
    cr_expect(eq(int, a.status, 200));
    cr_expect(eq(str, a.body, "ok"));
    cr_expect(eq(str, a.content_type, "text/xml"));
    cr_expect(a.reused == false && b.reused);
    cr_expect(eq(i64, a.retry_after_ms, -1));
    cr_expect(eq(int, server.conns, 1));
}

Test(http, head_of_a_request_holds_what_was_asked_and_nothing_that_was_not)
{
    start_server(answer_all);
    const char *headers[] = {"Content-Type: text/xml", "X-AnchorMailbox: a@church.example", NULL};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct got g = fetch(.method = "POST", .body = "x", .headers = headers, .user = "user",
                         .password = "pa:ss");
    cr_assert(not(g.failed), "%s", g.err.text);
    cr_expect(strstr(server.head, "POST /ews?token=secret HTTP/1.1\r\n") == server.head);
    cr_expect(strstr(server.head, "\r\nContent-Type: text/xml\r\n") != NULL);
    cr_expect(strstr(server.head, "\r\nX-AnchorMailbox: a@church.example\r\n") != NULL);
    cr_expect(strstr(server.head, "\r\nAuthorization: Basic dXNlcjpwYTpzcw==\r\n") != NULL);
    cr_expect(strstr(server.head, "\r\nAccept-Encoding: gzip\r\n") != NULL);
    cr_expect(strstr(server.head, "Expect:") == NULL);
    g = fetch(.method = "GET");
    cr_expect(strstr(server.head, "Authorization") == NULL &&
              strstr(server.head, "Anchor") == NULL);
}

static const struct method_case {
    const char *method, *body;
} method_cases[] = {
    {"GET", NULL}, {"HEAD", NULL}, {"POST", NULL},   {"POST", "b"},
    {"PUT", "b"},  {"PATCH", "b"}, {"DELETE", NULL}, {"DELETE", "b"},
};

static void answer_head_or_all(struct server *s, int fd)
{
    while (read_request(s, fd)) {
        bool head = strncmp(s->head, "HEAD", 4) == 0;
        say(fd, ok, strlen(ok) - (head ? 2 : 0));
    }
}

Test(http, methods_go_out_by_their_names_with_their_bodies)
{
    start_server(answer_head_or_all);
    for (size_t i = 0; i < ARRAY_LEN(method_cases); i++) {
        const struct method_case *m = &method_cases[i];
        size_t before = server.body_bytes;
        struct got g = fetch(.method = m->method, .body = m->body);
        cr_expect(eq(int, g.status, 200), "%s: %s", m->method, g.err.text);
        cr_expect(strncmp(server.head, m->method, strlen(m->method)) == 0);
        cr_expect(eq(sz, server.body_bytes - before, m->body ? 1 : 0), "%s", m->method);
    }
    cr_expect(eq(int, server.conns, 1));
}

static void answer_in_pieces(struct server *s, int fd)
{
    const char *answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n5\r\n body\r\n0\r\n\r\n";
    read_request(s, fd);
    for (; *answer; answer++)
        say(fd, answer, 1);
}

Test(http, answer_that_comes_byte_by_byte_is_put_together)
{
    start_server(answer_in_pieces);
    struct got g = fetch(.method = "GET");
    cr_expect(eq(str, g.body, "slow body"));
}

static void redirect(struct server *s, int fd)
{
    read_request(s, fd);
    say_text(fd, "HTTP/1.1 302 Found\r\nLocation: /owa/auth\r\nContent-Length: 0\r\n\r\n");
    read_request(s, fd);
}

Test(http, redirect_is_told_and_not_followed)
{
    char want[128];
    start_server(redirect);
    struct got g = fetch(.method = "GET", .user = "u", .password = "p");
    snprintf(want, sizeof(want), "http://127.0.0.1:%d/owa/auth", server.port);
    cr_expect(eq(int, g.status, 302));
    cr_expect(eq(str, g.location, want));
    cr_expect(eq(int, server.heads, 1));
}

Test(http, fresh_connection_is_a_new_one)
{
    start_server(answer_all);
    fetch(.method = "GET");
    struct got g = fetch(.method = "GET", .fresh_connection = true);
    cr_expect(not(g.reused));
    cr_expect(eq(int, server.conns, 2));
}

Test(http, idle_connection_makes_room_for_one_that_cannot_use_it)
{
    char other[64];
    start_server(answer_all);
    limits.max_connections = 1;
    use_cap(1000);
    fetch(.method = "GET");
    struct got fresh = fetch(.method = "GET", .fresh_connection = true);
    cr_expect(eq(int, fresh.status, 200), "%s", fresh.err.text);
    snprintf(other, sizeof(other), "http://localhost:%d/", server.port);
    struct got g = fetch(.method = "GET", .url = other);
    cr_expect(eq(int, g.status, 200), "%s", g.err.text);
}

static void gzip_answer(struct server *s, int fd)
{
    static const unsigned char gz[30] = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9,
        0x57, 0x48, 0xaf, 0xca, 0x2c, 0x00, 0x00, 0x19, 0x6a, 0xd2, 0xdf, 0x0a, 0x00, 0x00, 0x00};
    read_request(s, fd);
    say_text(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\n\r\n");
    say(fd, (const char *)gz, sizeof(gz));
}

Test(http, gzip_is_unpacked)
{
    start_server(gzip_answer);
    struct got g = fetch(.method = "GET");
    cr_expect(eq(str, g.body, "hello gzip"));
}

/* ---- caps ---- */

/* 100,000 zeros in 132 bytes. */
static void gzip_bomb(struct server *s, int fd)
{
    static const unsigned char gz[132] = {
        0x1f,         0x8b, 0x08, 0x00,        0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed,
        0xc1,         0x31, 0x01, [17] = 0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x0d, 0x0f, 0xa0,
        [121] = 0x80, 0x57, 0x03, 0x7d,        0x95, 0x11, 0xd4, 0xa0, 0x86, 0x01, 0x00};
    read_request(s, fd);
    say_text(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 132\r\n\r\n");
    say(fd, (const char *)gz, sizeof(gz));
}

Test(http, cap_counts_unpacked_bytes)
{
    start_server(gzip_bomb);
    use_cap(99999);
    struct got g = fetch(.method = "GET");
    expect_error(g, "http.too_big", WHEN_LATER);
    use_cap(100000);
    g = fetch(.method = "GET");
    cr_expect(not(g.failed));
    cr_expect(eq(sz, g.body_len, 100000));
}

static void endless_answer(struct server *s, int fd)
{
    static const char zeros[65536];
    char gone;
    read_request(s, fd);
    say_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
    while (send(fd, zeros, sizeof(zeros), MSG_NOSIGNAL) > 0)
        ;
    cr_expect(recv(fd, &gone, 1, 0) <= 0);
}

Test(http, endless_answer_is_cut_at_the_cap)
{
    start_server(endless_answer);
    use_cap(10 << 20);
    struct got g = fetch(POST_ONCE);
    expect_error(g, "http.too_big", WHEN_UNKNOWN);
    cr_expect(eq(sz, g.body_len, 0));
}

static void never_answer(struct server *s, int fd)
{
    read_request(s, fd);
    wait_for_gate(s);
}

/* ---- failures ---- */

static void cut_answer(struct server *s, int fd)
{
    read_request(s, fd);
    say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
}

Test(http, answer_cut_short_is_unknown_for_a_post_and_later_for_a_get)
{
    start_server(cut_answer);
    expect_error(fetch(POST_ONCE), "curl.18", WHEN_UNKNOWN);
    expect_error(fetch(.method = "POST", .body = "b"), "curl.18", WHEN_UNKNOWN);
    expect_error(fetch(.method = "GET"), "curl.18", WHEN_LATER);
}

Test(http, time_out_is_unknown_once_the_body_is_out)
{
    start_server(never_answer);
    expect_error(fetch(POST_ONCE, .timeout_ms = 400), "curl.28", WHEN_UNKNOWN);
    expect_error(fetch(.method = "GET", .timeout_ms = 20), "curl.28", WHEN_LATER);
}

static void refuse_all(struct server *s, int fd)
{
    (void)s, (void)fd;
}

Test(http, refused_connection_is_later_and_names_host_and_port)
{
    char port[16];
    start_server(refuse_all);
    stop_server();
    struct got g = fetch(POST_ONCE);
    server.fn = NULL;
    expect_error(g, "curl.7", WHEN_LATER);
    snprintf(port, sizeof(port), ":%d: ", server.port);
    cr_expect(strstr(g.err.text, port) != NULL, "%s", g.err.text);
}

Test(http, unknown_certificate_or_no_tls_at_all_is_later)
{
    char url[64];
    start_server(refuse_all);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/ews", server.port);
    struct got g = fetch(POST_ONCE, .url = url);
    expect_error(g, "curl.35", WHEN_LATER);
}

Test(http, wrong_requests_never_leave)
{
    const char *headers[] = {"X-AnchorMailbox: a@b\r\nX-Evil: 1", NULL};
    start_server(answer_all);
    expect_error(fetch(.method = "GET", .headers = headers), "http.header", WHEN_NEVER);
    expect_error(fetch(.method = "GET", .url = "ftp://127.0.0.1:1/ews?secret"), "curl.1",
                 WHEN_NEVER);
    struct got g = fetch(.method = "GET", .url = "http://bad host/secret");
    cr_expect(g.failed && g.err.when == WHEN_NEVER && strstr(g.err.text, "secret") == NULL);
    limits.allow_http = false;
    use_cap(1000);
    expect_error(fetch(.method = "GET"), "curl.1", WHEN_NEVER);
    cr_expect(eq(int, server.conns, 0));
}

/* libcurl's resolver thread calls this one instead of the C library's: it hangs until the gate
 * opens. */
int getaddrinfo(const char *name,
                const char *service,
                const struct addrinfo *hints,
                struct addrinfo **res)
{
    (void)name, (void)service, (void)hints;
    *res = NULL;
    wait_for_gate(&server);
    return EAI_NONAME;
}

Test(http, time_out_during_a_name_lookup_does_not_wait_for_the_resolver)
{
    struct got cancelled = {0};
    struct got g = fetch(.method = "GET", .url = "http://slow.invalid/", .timeout_ms = 50);
    cr_expect(eq(str, g.err.code, "curl.28"));
    cr_expect(eq(int, g.err.when, WHEN_LATER));
    struct http_call *call =
        begin((struct http_request){.url = "http://slow.invalid/"}, &cancelled);
    for (int i = 0; i < 3; i++)
        loop_turn(l, 1);
    http_cancel(call);
    open_gate(NULL);
    g = fetch(POST_ONCE, .url = "http://slow.invalid/");
    cr_expect(eq(str, g.err.code, "curl.6"));
    cr_expect(eq(int, g.err.when, WHEN_LATER));
}

/* ---- Retry-After ---- */

static void busy(struct server *s, int fd)
{
    read_request(s, fd);
    say_text(fd, "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n");
}

Test(http, retry_after_comes_with_the_response)
{
    start_server(busy);
    struct got g = fetch(.method = "GET");
    cr_expect(eq(int, g.status, 503));
    cr_expect(eq(i64, g.retry_after_ms, 120000));
}

static const struct retry_case {
    const char *value;
    int64_t want_ms;
} retry_cases[] = {
    {"0", 0},
    {"7", 7000},
    {" 30 ", 30000},
    {"99999999999999999999", INT64_C(604800000)},
    {"Tue, 14 Nov 2023 22:14:20 GMT", 60000}, /* the clock says 22:13:20 */
    {"Tue, 14 Nov 2023 22:00:00 GMT", 0},
    {"Fri, 14 Nov 2036 22:00:00 GMT", INT64_C(604800000)},
    {"Wed, 25 Nov 2099999999", INT64_C(604800000)}, /* more milliseconds than fit */
    {"soon", -1},
    {"-5", -1},
    {"", -1},
};

ParameterizedTestParameters(http, retry_after_is_seconds_or_a_date)
{
    size_t *index = cr_malloc(sizeof(retry_cases) / sizeof(retry_cases[0]) * sizeof(*index));
    for (size_t i = 0; i < ARRAY_LEN(retry_cases); i++)
        index[i] = i;
    return cr_make_param_array(size_t, index, ARRAY_LEN(retry_cases), NULL);
}

ParameterizedTest(const size_t *i, http, retry_after_is_seconds_or_a_date)
{
    const struct retry_case *r = &retry_cases[*i];
    cr_expect(eq(i64, http_retry_after_ms(r->value, 1700000000000), r->want_ms), "%s", r->value);
}
