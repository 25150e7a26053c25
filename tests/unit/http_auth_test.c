#include "tests/unit/http_fixture.h"

/* How a request signs in, and what a 401 tells. Whole handshakes: tests/contract/
 * contact_store_auth_test.c, against a server that checks them. */
TestSuite(http_auth, .init = set_up, .fini = tear_down, .timeout = 60);

enum {
    BASIC = HTTP_OFFERS(HTTP_AUTH_BASIC),
    NTLM = HTTP_OFFERS(HTTP_AUTH_NTLM),
    NEGOTIATE = HTTP_OFFERS(HTTP_AUTH_NEGOTIATE),
    BEARER = HTTP_OFFERS(HTTP_AUTH_BEARER),
};

static const struct offer_case {
    const char *lines;
    unsigned offers;
    bool expired;
} offers[] = {
    {"WWW-Authenticate: Basic realm=\"mail\"\r\n", BASIC, false},
    {"WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n", NEGOTIATE | NTLM, false},
    {"www-authenticate: nTlM, Basic realm=\"a, NTLMish\"\r\n", NTLM | BASIC, false},
    {"WWW-Authenticate:Bearer client_id=\"x\", trusted_issuers=\"y\"\r\n", BEARER, false},
    {"WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", BEARER, true},
    {"WWW-Authenticate: Bearer\r\nx-ms-diagnostics: 2000002;reason=\"old\"\r\n", BEARER, true},
    {"WWW-Authenticate: Bearer\r\nx-ms-diagnostics: 2000000;reason=\"bad\"\r\n", BEARER, false},
    {"WWW-Authenticate: Digest realm=\"m\"\r\n", 0, false},
    {"WWW-Authenticate:\r\n", 0, false},
    {"", 0, false},
};
static size_t offer_index;

static void unauthorized(struct server *s, int fd)
{
    char text[512];
    while (read_request(s, fd)) {
        snprintf(text, sizeof(text), "HTTP/1.1 401 No\r\n%sContent-Length: 0\r\n\r\n",
                 offers[offer_index].lines);
        say_text(fd, text);
    }
}

struct told {
    bool done, expired;
    int status;
    unsigned offers;
};

static void on_told(const struct http_response *r, const struct err *err, void *user)
{
    *(struct told *)user = (struct told){true, r->token_expired, err ? -1 : r->status, r->offers};
}

static struct told ask(struct http_request r)
{
    struct told t = {0};
    r.url = server.url;
    r.method = "POST";
    r.body = "<find/>";
    r.body_len = strlen(r.body);
    http_send(c, &r, on_told, &t);
    cr_assert(eq(int, loop_wait(l, &t.done, 30000), 0));
    return t;
}

Test(http_auth, a_401_tells_what_the_server_offers)
{
    start_server(unauthorized);
    for (offer_index = 0; offer_index < ARRAY_LEN(offers); offer_index++) {
        struct told t = ask((struct http_request){.user = "u", .password = "p"});
        cr_expect(t.status == 401 && t.offers == offers[offer_index].offers, "%s: %d, %x",
                  offers[offer_index].lines, t.status, t.offers);
        cr_expect(t.expired == offers[offer_index].expired, "%s", offers[offer_index].lines);
    }
}

static void head_as_body(struct server *s, int fd)
{
    while (read_request(s, fd))
        say_text(fd, ok);
}

Test(http_auth, a_token_goes_into_the_header_and_none_stays_for_the_next_request)
{
    start_server(head_as_body);
    ask((struct http_request){.auth = HTTP_AUTH_BEARER, .token = "abc.def"});
    cr_expect(strstr(server.head, "\r\nAuthorization: Bearer abc.def\r\n") != NULL, "%s",
              server.head);
    ask((struct http_request){.user = "u", .password = "p"});
    cr_expect(strstr(server.head, "\r\nAuthorization: Basic dTpw\r\n") != NULL, "%s", server.head);
    ask((struct http_request){0});
    cr_expect(strstr(server.head, "Authorization") == NULL, "%s", server.head);
}

Test(http_auth, the_first_leg_of_ntlm_carries_no_password_and_no_body)
{
    if (!http_can(HTTP_AUTH_NTLM))
        return;
    start_server(unauthorized);
    offer_index = 0; /* Basic only: the handshake ends there */
    struct told t =
        ask((struct http_request){.auth = HTTP_AUTH_NTLM, .user = "D\\u", .password = "pass"});
    cr_expect(eq(int, t.status, 401));
    cr_expect(eq(int, server.heads, 1));
    cr_expect(strstr(server.head, "\r\nAuthorization: NTLM TlRMTVNTUAAB") != NULL, "%s",
              server.head);
    cr_expect(strstr(server.head, "\r\nContent-Length: 0\r\n") != NULL, "%s", server.head);
}

/* A server that answers 401 before it drops the connection did nothing: no unknown outcome. */
static void refuse_then_drop(struct server *s, int fd)
{
    if (read_request(s, fd))
        say_text(fd, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 50\r\n\r\nx");
}

Test(http_auth, a_401_that_is_cut_off_is_certainly_not_done)
{
    start_server(refuse_then_drop);
    expect_error(fetch(POST_ONCE, .user = "u", .password = "p"), "curl.18", WHEN_LATER);
}
