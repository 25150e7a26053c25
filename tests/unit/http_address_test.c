#include "common/net/address.h"
#include "tests/unit/http_fixture.h"

/* Which addresses a client may connect to, and where connections go instead. */

TestSuite(http_address, .timeout = 20);

static struct {
    int asked;
    bool allow;
    char host[64], address[ADDRESS_TEXT];
} gate;

static bool may_connect(const char *host, const struct sockaddr *a, void *user)
{
    cr_expect(user == &gate);
    gate.asked++;
    snprintf(gate.host, sizeof(gate.host), "%s", host);
    address_format(a, gate.address);
    return gate.allow;
}

static struct got get_url(const char *url)
{
    struct got g = {0};
    const struct http_request r = {.method = "GET", .url = url};
    http_send(c, &r, on_done, &g);
    cr_assert(loop_wait(l, &g.done, 10000) == 0);
    return g;
}

static void set_up_with(bool allow, const char *const *connect_to)
{
    gate.allow = allow;
    start_server(answer_all);
    limits.may_connect = may_connect;
    limits.may_connect_user = &gate;
    limits.connect_to = connect_to;
    set_up();
}

Test(http_address, one_that_is_not_allowed_gets_no_connection)
{
    set_up_with(false, NULL);
    struct got g = get_url(server.url);
    cr_expect(g.failed && g.err.when == WHEN_LATER);
    cr_expect_str_eq(g.err.code, "http.address");
    cr_expect_null(strstr(g.err.text, "token"));
    cr_expect_str_eq(gate.host, "127.0.0.1");
    cr_expect_str_eq(gate.address, "127.0.0.1");
    cr_expect(server.conns == 0);
    tear_down();
}

Test(http_address, one_that_is_allowed_is_asked_about_once_per_connection)
{
    set_up_with(true, NULL);
    cr_expect(get_url(server.url).status == 200);
    cr_expect(get_url(server.url).status == 200);
    cr_expect(gate.asked == 1 && server.conns == 1);
    tear_down();
}

Test(http_address, a_connection_goes_where_the_list_says_and_the_name_stays)
{
    char row[64];
    start_server(answer_all);
    snprintf(row, sizeof(row), "mail.church.example:80:127.0.0.1:%d", server.port);
    const char *rows[] = {row, NULL};
    gate.allow = true;
    limits.may_connect = may_connect;
    limits.may_connect_user = &gate;
    limits.connect_to = rows;
    set_up();
    rows[0] = NULL; /* copied */
    cr_expect(get_url("http://mail.church.example/x").status == 200);
    cr_expect_str_eq(gate.host, "mail.church.example");
    cr_expect_str_eq(gate.address, "127.0.0.1");
    cr_expect_not_null(strstr(server.head, "Host: mail.church.example\r\n"));
    tear_down();
}
