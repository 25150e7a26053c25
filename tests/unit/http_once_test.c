#include "tests/unit/http_fixture.h"

/* What is sent, how often and in which order: design section 6 rule 4, the queue, cancelling,
 * re-entrancy. */
TestSuite(http_once, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- send once ---- */

/* The fault that rule 4 is about: the second request of a kept-alive connection is read whole and
 * never answered. */
static void drop_second(struct server *s, int fd)
{
    if (!read_request(s, fd))
        return;
    say_text(fd, ok);
    if (atomic_load(&s->conns) > 1)
        answer_all(s, fd); /* a later connection works */
    else
        read_request(s, fd);
}

static void drop_second_after_head(struct server *s, int fd)
{
    size_t n;
    if (!read_request(s, fd))
        return;
    say_text(fd, ok);
    if (atomic_load(&s->conns) > 1)
        answer_all(s, fd);
    else
        read_head(s, fd, &n);
}

static void answer_once(struct server *s, int fd)
{
    if (read_request(s, fd))
        say_text(fd, ok);
}

static void count_body(struct server *s, int fd)
{
    size_t n;
    if (read_head(s, fd, &n))
        read_body(s, fd, n);
}

/* All that the server ever reads. libcurl may have connected a second time: it tries to rewind only
 * then. */
static void expect_arrived(int heads, int bodies)
{
    stop_server();
    server.fn = NULL;
    cr_expect(eq(int, server.heads, heads));
    cr_expect(eq(int, server.bodies, bodies));
}

Test(http_once, client_is_none_the_worse_for_a_dropped_connection)
{
    start_server(drop_second);
    fetch(POST_ONCE);
    fetch(POST_ONCE);
    cr_expect(eq(int, fetch(POST_ONCE).status, 200));
    cr_expect(eq(int, server.bodies, 3));
}

Test(http_once, connection_dropped_after_the_whole_body_sends_nothing_twice)
{
    start_server(drop_second);
    fetch(POST_ONCE);
    struct got g = fetch(POST_ONCE);
    expect_error(g, "curl.52", WHEN_UNKNOWN);
    expect_arrived(2, 2);
}

/* The counterpart: shows that libcurl would have repeated it, and that the server above counts
 * right. */
Test(http_once, without_send_once_libcurl_repeats_the_body)
{
    start_server(drop_second);
    fetch(.method = "POST", .body = "b");
    struct got g = fetch(.method = "POST", .body = "b");
    cr_expect(eq(int, g.status, 200));
    cr_expect(eq(int, server.bodies, 3));
}

static bool always(void *n_asked)
{
    ++*(int *)n_asked;
    return true;
}

Test(http_once, body_by_callback_may_be_repeated_when_not_send_once)
{
    int asked = 0;
    start_server(drop_second);
    fetch(.method = "POST", .body = "b");
    struct got g =
        fetch(.method = "POST", .body = "b", .may_send = always, .may_send_user = &asked);
    cr_expect(eq(int, g.status, 200));
    cr_expect(eq(int, server.bodies, 3));
    cr_expect(eq(int, asked, 2), "each time that it leaves is asked for");
}

static bool at_first(void *n_asked)
{
    return ++*(int *)n_asked == 1;
}

/* A connection may die long after the request went out, and the lease with it. */
Test(http_once, body_is_not_repeated_when_the_sender_lost_its_right_meanwhile)
{
    int asked = 0;
    start_server(drop_second);
    fetch(.method = "POST", .body = "b");
    struct got g =
        fetch(.method = "POST", .body = "b", .may_send = at_first, .may_send_user = &asked);
    expect_error(g, "http.fenced", WHEN_UNKNOWN);
    cr_expect(eq(int, asked, 2));
    stop_server();
    server.fn = NULL;
    cr_expect(eq(int, server.bodies, 2));
}

Test(http_once, connection_dropped_in_mid_body_sends_nothing_twice)
{
    enum { N = 8 << 20 };
    autofree char *big = xalloc(N);
    start_server(drop_second_after_head);
    fetch(POST_ONCE);
    struct got g = fetch(.method = "POST", .body = big, .body_len = N, .send_once = true);
    cr_expect(g.failed && g.err.when == WHEN_UNKNOWN, "%s", g.err.text);
    expect_arrived(2, 1);
}

Test(http_once, request_without_a_body_is_not_repeated_either_when_send_once)
{
    start_server(drop_second);
    fetch(POST_ONCE);
    struct got g = fetch(.method = "POST", .send_once = true);
    expect_error(g, "curl.52", WHEN_UNKNOWN);
    expect_arrived(2, 2);
}

Test(http_once, connection_that_closed_while_idle_is_replaced)
{
    start_server(answer_once);
    fetch(POST_ONCE);
    pthread_mutex_lock(&server.lock);
    while (!server.closed)
        pthread_cond_wait(&server.changed, &server.lock);
    pthread_mutex_unlock(&server.lock);
    struct got g = fetch(POST_ONCE);
    cr_expect(eq(int, g.status, 200), "%s", g.err.text);
    cr_expect(eq(int, server.bodies, 2));
}

static bool never(void *n_asked)
{
    ++*(int *)n_asked;
    return false;
}

Test(http_once, fenced_request_sends_no_byte_of_its_body)
{
    int asked = 0;
    start_server(count_body);
    struct got g = fetch(POST_ONCE, .may_send = never, .may_send_user = &asked);
    expect_error(g, "http.fenced", WHEN_LATER);
    g = fetch(.method = "DELETE", .may_send = never, .may_send_user = &asked);
    expect_error(g, "http.fenced", WHEN_LATER);
    stop_server();
    server.fn = NULL;
    cr_expect(eq(int, asked, 2));
    cr_expect(eq(sz, server.body_bytes, 0));
}

Test(http_once, permission_is_asked_once_and_with_each_request)
{
    int asked = 0;
    start_server(answer_all);
    cr_expect(eq(int, fetch(POST_ONCE, .may_send = always, .may_send_user = &asked).status, 200));
    cr_expect(eq(int, fetch(POST_ONCE, .may_send = always, .may_send_user = &asked).status, 200));
    cr_expect(eq(int, asked, 2));
}

/* ---- queue, cancel, re-entrancy ---- */

/* Answers when two requests are inside at once: proves that two really are. */
static void answer_in_pairs(struct server *s, int fd)
{
    while (read_request(s, fd)) {
        pthread_mutex_lock(&s->lock);
        int mine = s->inside++ / 2;
        pthread_cond_broadcast(&s->changed);
        while (s->inside < 2 * (mine + 1))
            pthread_cond_wait(&s->changed, &s->lock);
        pthread_mutex_unlock(&s->lock);
        say_text(fd, ok);
    }
}

Test(http_once, requests_beyond_the_connections_wait_their_turn)
{
    struct got g[6] = {{0}};
    start_server(answer_in_pairs);
    for (size_t i = 0; i < ARRAY_LEN(g); i++)
        begin((struct http_request){POST_ONCE}, &g[i]);
    for (size_t i = 0; i < ARRAY_LEN(g); i++) {
        cr_assert(eq(int, loop_wait(l, &g[i].done, 20000), 0));
        cr_expect(eq(int, g[i].status, 200));
    }
    cr_expect(eq(int, server.conns, 2));
}

static void wait_then_answer_all(struct server *s, int fd)
{
    while (read_request(s, fd)) {
        wait_for_gate(s);
        say_text(fd, ok);
    }
}

Test(http_once, time_out_does_not_count_while_queued)
{
    struct got a = {0}, b = {0}, queued = {0};
    start_server(wait_then_answer_all);
    begin((struct http_request){.method = "GET"}, &a);
    begin((struct http_request){.method = "GET"}, &b);
    begin((struct http_request){.method = "GET", .timeout_ms = 300}, &queued);
    loop_after(l, 400, open_gate, NULL);
    cr_assert(eq(int, loop_wait(l, &queued.done, 20000), 0));
    cr_expect(not(queued.failed), "%s", queued.err.text);
}

static void read_until_closed(struct server *s, int fd)
{
    char rest;
    if (!read_request(s, fd))
        return;
    open_gate(NULL);
    cr_expect(recv(fd, &rest, 1, 0) <= 0);
}

Test(http_once, cancelled_calls_call_nobody_and_close_their_connection)
{
    struct got active = {0}, queued = {0}, b = {0}, bad = {0};
    const char *headers[] = {"a: b\nc: d", NULL};
    start_server(read_until_closed);
    struct http_call *call = begin((struct http_request){POST_ONCE}, &active);
    begin((struct http_request){POST_ONCE}, &b);
    http_cancel(begin((struct http_request){POST_ONCE}, &queued));
    http_cancel(begin((struct http_request){.headers = headers}, &bad));
    while (server.bodies < 2)
        loop_turn(l, 10);
    http_cancel(call);
    http_cancel(NULL);
    pthread_mutex_lock(&server.lock);
    while (server.closed < 1)
        pthread_cond_wait(&server.changed, &server.lock);
    pthread_mutex_unlock(&server.lock);
    for (int i = 0; i < 3; i++)
        loop_turn(l, 0);
    cr_expect(eq(int, active.n_calls + queued.n_calls + bad.n_calls + b.n_calls, 0));
    cr_expect(eq(int, server.conns, 2));
}

static void answer_first_only(struct server *s, int fd)
{
    if (!read_request(s, fd))
        return;
    pthread_mutex_lock(&s->lock);
    bool first = s->inside++ == 0;
    pthread_mutex_unlock(&s->lock);
    if (first)
        say_text(fd, ok);
    wait_for_gate(s);
}

static bool freed;
static void free_client(struct got *g)
{
    (void)g;
    http_client_free(c);
    c = NULL;
    freed = true;
}

Test(http_once, client_may_be_freed_by_its_own_callback)
{
    struct got a = {.also = free_client}, b = {.also = free_client}, queued = {.also = free_client};
    start_server(answer_first_only);
    begin((struct http_request){POST_ONCE}, &a);
    begin((struct http_request){POST_ONCE}, &b);
    begin((struct http_request){POST_ONCE}, &queued);
    cr_assert(eq(int, loop_wait(l, &freed, 20000), 0));
    open_gate(NULL);
    for (int i = 0; i < 3; i++)
        loop_turn(l, 0);
    cr_expect(eq(int, a.n_calls + b.n_calls + queued.n_calls, 1));
}

static struct got inner;
static void fetch_inner(struct got *g)
{
    g->also = NULL;
    inner = fetch(POST_ONCE);
}

Test(http_once, callback_may_send_and_wait)
{
    struct got a = {.also = fetch_inner}, b = {.also = fetch_inner}, queued = {0};
    start_server(answer_all);
    begin((struct http_request){POST_ONCE}, &a);
    begin((struct http_request){POST_ONCE}, &b);
    begin((struct http_request){POST_ONCE}, &queued);
    while (!(a.done && b.done && queued.done))
        loop_turn(l, -1);
    cr_expect(eq(int, a.status + b.status + queued.status + inner.status, 800));
    cr_expect(eq(int, a.n_calls + b.n_calls + queued.n_calls, 3));
}
