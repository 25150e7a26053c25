/* The driver against a server of its own: credentials, the login that all workers share, time,
 * traces. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/drv/login_memory.h"
#include "common/net/http.h"
#include "common/net/loop.h"
#include "tests/sim/common/sim_http.h"
#include "tests/support/test_ca.h"
#include "worker/autodiscover/autodiscover.h"

#define EWS "https://mail.church.example/EWS/Exchange.asmx"
#define SVC "https://church.example/autodiscover/autodiscover.svc"

static const char answer_xml[] =
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
    "<GetUserSettingsResponseMessage xmlns=\"http://schemas.microsoft.com/exchange/2010/"
    "Autodiscover\"><Response><UserResponses><UserResponse><UserSettings><UserSetting>"
    "<Name>ExternalEwsUrl</Name><Value>" EWS "</Value></UserSetting></UserSettings>"
    "</UserResponse></UserResponses></Response></GetUserSettingsResponseMessage></s:Body>"
    "</s:Envelope>";

/* The server's thread writes, the test reads when it is over. */
static struct {
    int requests, with_credentials, refuse;
    uint32_t delay_ms;
    char last_body[4096], soap_action[200], authorization[100];
} server;

struct event {
    enum ad_step step;
    bool sign, has_body;
    int status;
    char target[200], note[60], code[48];
};
static vec(struct event) events;

static struct test_ca *ca;
static struct sim_http *https;
static struct loop *loop;
static struct login *login_;
static char connect_to[80];
static const char *connect_list[] = {connect_to, "autodiscover.church.example:443:127.0.0.1:1",
                                     "autodiscover.church.example:80:127.0.0.1:1", NULL};

static void handle(struct sim_req *req, void *user)
{
    const char *authorization = sim_req_header(req, "Authorization");
    const char *action = sim_req_header(req, "SOAPAction");
    struct sim_answer a = {.content_type = "text/xml", .body = answer_xml};
    (void)user;
    server.requests++;
    server.with_credentials += authorization != NULL;
    snprintf(server.last_body, sizeof(server.last_body), "%s", req->body);
    snprintf(server.soap_action, sizeof(server.soap_action), "%s", action ? action : "");
    snprintf(server.authorization, sizeof(server.authorization), "%s",
             authorization ? authorization : "");
    a.delay_ms = server.delay_ms;
    if (!authorization || server.refuse-- > 0) {
        a.status = 401;
        a.headers = "WWW-Authenticate: Basic realm=\"x\"\n";
        a.body = "no";
    }
    sim_http_answer(req, &a);
}

static void up(void)
{
    struct err err;
    ca = test_ca_new();
    autovalue(test_ca_pair_release) struct test_ca_pair pair =
        test_ca_issue(ca, "DNS:church.example", 5);
    struct sim_http_options o = {.handler = handle, .tls_cert = pair.cert, .tls_key = pair.key};
    https = sim_http_start(&o, &err);
    cr_assert(https, "%s", err.text);
    loop = loop_new(clock_real());
    login_ = login_memory_new(loop);
    snprintf(connect_to, sizeof(connect_to), "church.example:443:127.0.0.1:%u",
             sim_http_port(https));
}

static void down(void)
{
    vec_release(&events);
    login_free(login_);
    loop_free(loop);
    sim_http_stop(https);
    test_ca_free(ca);
}

TestSuite(autodiscover, .init = up, .fini = down, .timeout = 60);

static void sign(struct http_request *r, void *user)
{
    (void)user;
    r->user = "svc-sync";
    r->password = "secret";
}

static bool no_way(unsigned offers, void *user)
{
    (void)user;
    cr_expect(offers == HTTP_OFFERS(HTTP_AUTH_BASIC));
    return false;
}

static struct autodiscover_config config(void)
{
    static const char *const domains[] = {"church.example", NULL};
    static struct address_range loopback;
    struct err err;
    cr_assert(address_range_parse("127.0.0.1", &loopback, &err) == 0);
    return (struct autodiscover_config){
        .policy = {.mail_domains = domains, .ranges = &loopback, .n_ranges = 1},
        .ca_file = test_ca_file(ca),
        .connect_to = connect_list,
        .dns_servers = "127.0.0.1:1",
        .deadline_ms = 15000,
        .sign = sign,
        .login = login_,
        .login_key = {.account = "svc-sync", .secret = "f"}};
}

static void on_event(const struct autodiscover_event *e, void *user)
{
    struct event copy = {
        .step = e->step, .sign = e->sign, .has_body = e->body_len > 0, .status = e->status};
    (void)user;
    snprintf(copy.target, sizeof(copy.target), "%s", e->target);
    snprintf(copy.note, sizeof(copy.note), "%s", e->note);
    snprintf(copy.code, sizeof(copy.code), "%s", e->code);
    vec_push(&events, copy);
}

struct result {
    bool done, found;
    struct ad_found ad;
    struct err err;
};

static void on_done(const struct ad_found *found, const struct err *err, void *user)
{
    struct result *r = user;
    cr_expect(!r->done);
    r->done = true;
    r->found = found != NULL;
    if (found)
        r->ad = *found;
    else
        r->err = *err;
}

static struct result find(struct autodiscover_config c)
{
    struct autodiscover *a;
    struct result r = {0};
    struct err err;
    cr_assert(autodiscover_new(loop, &c, &a, &err) == 0, "%s", err.text);
    autodiscover_find(a, "o'neil@church.example", NULL, on_event, on_done, &r);
    cr_expect(!r.done, "not from inside");
    cr_assert(loop_wait(loop, &r.done, 30000) == 0);
    autodiscover_free(a);
    return r;
}

Test(autodiscover, asks_first_and_signs_when_it_is_wanted)
{
    struct result r = find(config());
    cr_assert(r.found, "%s", r.err.text);
    cr_expect_str_eq(r.ad.url, EWS);
    cr_expect_str_eq(r.ad.via, SVC);
    cr_expect(server.requests == 2 && server.with_credentials == 1);
    cr_expect_not_null(strstr(server.last_body, "o&apos;neil@church.example"));
    cr_expect_not_null(strstr(server.soap_action, "GetUserSettings"));
    cr_expect(strncmp(server.authorization, "Basic ", 6) == 0);
}

Test(autodiscover, tells_each_step)
{
    find(config());
    cr_assert(events.n == 3, "%zu events", events.n);
    cr_expect(events.v[0].step == AD_ASK && events.v[0].status == 401 && !events.v[0].sign);
    cr_expect_str_eq(events.v[0].target, SVC);
    cr_expect(events.v[1].step == AD_ASK && events.v[1].status == 200 && events.v[1].sign);
    cr_expect(events.v[1].has_body);
    cr_expect_str_eq(events.v[1].note, "found");
    cr_expect(events.v[2].step == AD_FOUND);
    cr_expect_str_eq(events.v[2].target, EWS);
}

Test(autodiscover, a_stopped_account_signs_nothing)
{
    server.refuse = 99;
    struct result r = find(config());
    cr_expect(!r.found);
    cr_expect_str_eq(r.err.code, "auth.refused");
    r = find(config());
    cr_expect_str_eq(r.err.code, "auth.refused");
    cr_expect(server.with_credentials == 2, "%d", server.with_credentials);
    r = find(config()); /* now it is stopped for all */
    cr_expect_str_eq(r.err.code, "auth.refused");
    cr_expect(server.with_credentials == 2, "%d", server.with_credentials);
}

Test(autodiscover, no_way_to_sign_in_that_is_ours)
{
    struct autodiscover_config c = config();
    c.can_sign = no_way;
    struct result r = find(c);
    cr_expect_str_eq(r.err.code, "auth.not_offered");
    cr_expect(server.with_credentials == 0);
    c = config();
    c.sign = NULL;
    cr_expect_str_eq(find(c).err.code, "auth.not_offered");
    cr_expect(server.with_credentials == 0);
}

Test(autodiscover, ends_at_its_deadline)
{
    struct autodiscover_config c = config();
    server.delay_ms = 5000;
    c.deadline_ms = 300;
    struct result r = find(c);
    cr_expect_str_eq(r.err.code, "autodiscover.deadline");
    cr_expect(events.v[events.n - 1].step == AD_FAILED);
}

Test(autodiscover, a_certificate_of_nobody_we_know)
{
    struct autodiscover_config c = config();
    c.ca_file = NULL;
    struct result r = find(c);
    cr_expect_str_eq(r.err.code, "autodiscover.tls");
    cr_expect(server.requests == 0);
}

Test(autodiscover, without_the_range_loopback_is_refused)
{
    struct autodiscover_config c = config();
    c.policy.n_ranges = 0;
    struct result r = find(c);
    cr_expect_str_eq(r.err.code, "autodiscover.address");
    cr_expect(server.requests == 0);
}

static void never(const struct ad_found *found, const struct err *err, void *user)
{
    (void)found, (void)err, (void)user;
    cr_expect_fail("called");
}

Test(autodiscover, canceled_and_freed_at_every_step)
{
    for (int turns = 0; turns < 40; turns++) {
        struct autodiscover_config c = config();
        struct autodiscover *a;
        struct err err;
        cr_assert(autodiscover_new(loop, &c, &a, &err) == 0);
        struct autodiscover_search *s =
            autodiscover_find(a, "pat@church.example", NULL, NULL, never, NULL);
        struct result r = {0};
        autodiscover_find(a, "kim@church.example", NULL, NULL, on_done, &r);
        for (int i = 0; i < turns % 4; i++)
            loop_turn(loop, 0);
        autodiscover_cancel(s);
        autodiscover_free(a);
    }
}
