/*
 * What hostile servers, redirects and DNS answers can make Autodiscover do: nothing. The real
 * driver (curl, TLS, c-ares) runs in a network that is made up: every name has an address, every
 * address can be reached, and everything is written down: each connection with the address that was
 * wanted, each request with its host and whether it carried credentials. The judge below knows
 * nothing of the product's rules but what a church's administrator would say:
 *   - public addresses are 45.x here, private ones 10.x: the latter are fine for the church's own
 *     hosts; no other address is ever connected to;
 *   - only the church's hosts and mail.partner.example are ever spoken to, and get credentials, by
 *     https; their autodiscover.* is asked one thing by http, without anything of anybody's.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/net/http.h"
#include "common/net/loop.h"
#include "tests/sim/common/sim_http.h"
#include "tests/support/dns_fake.h"
#include "tests/support/test_ca.h"
#include "worker/autodiscover/autodiscover.h"

#define SOAP_URL "https://church.example/autodiscover/autodiscover.svc"
#define POX_URL  "https://church.example/autodiscover/autodiscover.xml"
#define GOOD_EWS "https://mail.church.example/EWS/Exchange.asmx"

enum { MAX_RULES = 12, PATIENCE_MS = 20000 };

struct rule {
    const char *url, *says;
};
struct scene {
    const char *name;
    const char *dns; /* "host=addr,addr|addr;host=..."; '|': answers of later lookups */
    struct rule rules[MAX_RULES];
    const char *srv;  /* "PRIORITY WEIGHT PORT TARGET;..." */
    const char *says; /* %s in rules: the hostile text */
};

/* ---- what happened ---- */

struct seen {
    bool tls, credentials, address; /* address: the user's, somewhere in the request */
    char host[300];
    char path[300];
};

static struct {
    pthread_mutex_t lock;
    const struct scene *scene;
    vec(struct sockaddr_storage) connects;
    vec(struct seen) requests;
    vec(char *) lookups;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint16_t dns_port, tls_port, plain_port;

/* ---- names: any name has a public address, unless the scene says otherwise ---- */

static const char *scene_addresses(const char *host, size_t nth, char *buf, size_t size)
{
    const char *p = world.scene && world.scene->dns ? world.scene->dns : "";
    size_t n = strlen(host);
    while (*p) {
        const char *end = p + strcspn(p, ";");
        if (strncasecmp(p, host, n) == 0 && p[n] == '=') {
            p += n + 1;
            for (const char *bar; nth > 0 && (bar = memchr(p, '|', (size_t)(end - p))); nth--)
                p = bar + 1;
            snprintf(buf, size, "%.*s", (int)(strcspn(p, "|;")), p);
            return buf;
        }
        p = *end ? end + 1 : end;
    }
    return strcmp(host, "nowhere.church.example") ? "45.0.0.1" : "";
}

static struct addrinfo *address_node(const char *text, uint16_t port)
{
    struct addrinfo *ai = calloc(1, sizeof(*ai) + sizeof(struct sockaddr_in6));
    struct sockaddr_in *v4 = (void *)(ai + 1);
    struct sockaddr_in6 *v6 = (void *)(ai + 1);
    ai->ai_addr = (void *)(ai + 1);
    ai->ai_socktype = SOCK_STREAM;
    ai->ai_protocol = IPPROTO_TCP;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        ai->ai_addrlen = sizeof(*v4);
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        ai->ai_addrlen = sizeof(*v6);
    } else {
        abort();
    }
    ai->ai_family = ai->ai_addr->sa_family;
    return ai;
}

/* In the place of the C library's: libcurl's resolver calls it from a thread. */
int getaddrinfo(const char *host,
                const char *service,
                const struct addrinfo *hints,
                struct addrinfo **ret)
{
    char text[512], buf[512], *save = NULL;
    size_t nth = 0;
    struct addrinfo **tail = ret;
    (void)hints;
    pthread_mutex_lock(&world.lock);
    vec_foreach (h, &world.lookups)
        nth += strcasecmp(*h, host) == 0;
    vec_push(&world.lookups, strdup(host));
    snprintf(buf, sizeof(buf), "%s", scene_addresses(host, nth, text, sizeof(text)));
    pthread_mutex_unlock(&world.lock);
    *ret = NULL;
    for (char *p = strtok_r(buf, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        *tail = address_node(p, service ? (uint16_t)atoi(service) : 0);
        tail = &(*tail)->ai_next;
    }
    return *ret ? 0 : EAI_NONAME;
}

/* ---- connections: noted, then made to the servers of this test ---- */

static uint16_t port_of(const struct sockaddr *a)
{
    return ntohs(a->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port
                                          : ((const struct sockaddr_in *)a)->sin_port);
}

int connect(int fd, const struct sockaddr *a, socklen_t n)
{
    int (*real)(int, const struct sockaddr *, socklen_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    bool ip = a->sa_family == AF_INET || a->sa_family == AF_INET6;
    int type = 0;
    socklen_t len = sizeof(type);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
    if (!ip || type == SOCK_DGRAM || !tls_port || port_of(a) == dns_port)
        return real(fd, a, n);
    struct sockaddr_storage copy = {0};
    memcpy(&copy, a, n);
    pthread_mutex_lock(&world.lock);
    vec_push(&world.connects, copy);
    pthread_mutex_unlock(&world.lock);
    uint16_t to = htons(port_of(a) == 80 ? plain_port : tls_port);
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = to, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = to};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
    return a->sa_family == AF_INET ? real(fd, (void *)&v4, sizeof(v4))
                                   : real(fd, (void *)&v6, sizeof(v6));
}

/* ---- servers ---- */

#define SOAP_OPEN                                                                                  \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"                   \
    "<GetUserSettingsResponseMessage xmlns=\"http://schemas.microsoft.com/exchange/2010/"          \
    "Autodiscover\"><Response><UserResponses><UserResponse>"
#define SOAP_CLOSE                                                                                 \
    "</UserResponse></UserResponses></Response></GetUserSettingsResponseMessage></s:Body>"         \
    "</s:Envelope>"
#define POX_OPEN                                                                                   \
    "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/"     \
    "2006\"><Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/"         \
    "responseschema/2006a\">"
#define POX_CLOSE "</Response></Autodiscover>"

static const char *after(const char *text, const char *word)
{
    size_t n = strlen(word);
    return strncmp(text, word, n) == 0 ? text + n : NULL;
}

static void add_escaped(struct str *s, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            str_puts(s, "&amp;");
        else if (*text == '<')
            str_puts(s, "&lt;");
        else
            str_putc(s, *text);
    }
}

static void wrap(struct str *s, const char *before, const char *text, const char *behind)
{
    str_puts(s, before);
    add_escaped(s, text);
    str_puts(s, behind);
}

static void fill(struct str *s, const char *piece, size_t n)
{
    while (s->n < n)
        str_puts(s, piece);
}

/* Fills body from what the rule says; the status and the header lines go to *a. */
static void
write_answer(const char *says, bool soap, struct str *body, struct str *head, struct sim_answer *a)
{
    const char *v;
    a->content_type = "text/xml; charset=utf-8";
    if ((v = after(says, "302 "))) {
        a->status = 302;
        a->content_type = "text/html";
        str_addf(head, "Location: %s\n", v);
    } else if ((v = after(says, "ews ")) && soap) {
        wrap(body, SOAP_OPEN "<UserSettings><UserSetting><Name>ExternalEwsUrl</Name><Value>", v,
             "</Value></UserSetting></UserSettings>" SOAP_CLOSE);
    } else if ((v = after(says, "ews "))) {
        wrap(body, POX_OPEN "<Account><Action>settings</Action><Protocol><Type>EXPR</Type><EwsUrl>",
             v, "</EwsUrl></Protocol></Account>" POX_CLOSE);
    } else if ((v = after(says, "url ")) && soap) {
        wrap(body, SOAP_OPEN "<ErrorCode>RedirectUrl</ErrorCode><RedirectTarget>", v,
             "</RedirectTarget>" SOAP_CLOSE);
    } else if ((v = after(says, "url "))) {
        wrap(body, POX_OPEN "<Account><Action>redirectUrl</Action><RedirectUrl>", v,
             "</RedirectUrl></Account>" POX_CLOSE);
    } else if ((v = after(says, "addr ")) && soap) {
        wrap(body, SOAP_OPEN "<ErrorCode>RedirectAddress</ErrorCode><RedirectTarget>", v,
             "</RedirectTarget>" SOAP_CLOSE);
    } else if ((v = after(says, "addr "))) {
        wrap(body, POX_OPEN "<Account><Action>redirectAddr</Action><RedirectAddr>", v,
             "</RedirectAddr></Account>" POX_CLOSE);
    } else if ((v = after(says, "raw "))) {
        str_puts(body, v);
    } else if ((v = after(says, "typed "))) { /* settings under another content type */
        a->content_type = *v ? v : NULL;
        write_answer("ews " GOOD_EWS, soap, body, head, &(struct sim_answer){0});
    } else if ((v = after(says, "status "))) {
        a->status = atoi(v);
        a->content_type = "text/html";
        str_puts(body, "<html><body>no</body></html>");
    } else if (after(says, "giant")) {
        fill(body, "<x>giant</x>", 3 << 20);
    } else if (after(says, "deep")) {
        fill(body, "<x>", 300000);
    } else if (after(says, "cut")) {
        write_answer("ews " GOOD_EWS, soap, body, head, &(struct sim_answer){0});
        a->abort = SIM_ABORT_TRUNCATE;
        a->cut_at = body->n / 2;
    } else if (after(says, "close")) {
        a->abort = SIM_ABORT_CLOSE;
    } else {
        cr_log_error("no answer for %s", says);
        a->status = 500;
    }
}

static const char *rule_for(const char *url)
{
    static char filled[4096];
    const struct scene *s = world.scene;
    for (size_t i = 0; s && i < MAX_RULES && s->rules[i].url; i++) {
        if (strcmp(s->rules[i].url, url))
            continue;
        const char *says = s->rules[i].says, *mark = strstr(says, "%s");
        if (!mark)
            return says;
        snprintf(filled, sizeof(filled), "%.*s%s%s", (int)(mark - says), says, s->says, mark + 2);
        return filled;
    }
    return NULL;
}

static bool inside(const char *host, const char *domain)
{
    size_t n = strlen(host), k = strlen(domain);
    return n >= k && !strcasecmp(host + n - k, domain) && (n == k || host[n - k - 1] == '.');
}

static bool friend(const char *host)
{
    return inside(host, "church.example") || !strcasecmp(host, "mail.partner.example");
}

static void note_request(struct sim_req *req, bool tls, const char *host)
{
    struct seen seen = {.tls = tls, .credentials = sim_req_header(req, "Authorization") != NULL};
    seen.address = strstr(req->body, "pat.rivera") || strstr(req->target, "pat.rivera");
    snprintf(seen.host, sizeof(seen.host), "%s", host);
    snprintf(seen.path, sizeof(seen.path), "%s", req->path);
    vec_push(&world.requests, seen);
}

/* Whoever is not the church lures: asks for credentials, then names a server of its own. */
static const char *luring(const struct sim_req *req, bool tls)
{
    if (!tls)
        return "302 https://evil.example/autodiscover/autodiscover.xml";
    return sim_req_header((struct sim_req *)(uintptr_t)req, "Authorization")
               ? "ews https://evil.example/EWS/Exchange.asmx"
               : "status 401";
}

static void handle(struct sim_req *req, void *user)
{
    bool tls = user == &tls_port, soap = strstr(req->path, ".svc") != NULL;
    autovalue(str_release) struct str body = STR_INIT(8 << 20), head = STR_INIT(8192),
                                      url = STR_INIT(8192);
    const char *header = sim_req_header(req, "Host");
    struct sim_answer a = {.plain = true};
    pthread_mutex_lock(&world.lock);
    note_request(req, tls, header ? header : "");
    str_addf(&url, "%s://%s%s", tls ? "https" : "http", header ? header : "", req->target);
    const char *says = rule_for(url.p), *then = says ? after(says, "401 then ") : NULL;
    if (then)
        says = sim_req_header(req, "Authorization") ? then : "status 401";
    if (!says)
        says = friend(header ? header : "") ? "status 404" : luring(req, tls);
    write_answer(says, soap, &body, &head, &a);
    pthread_mutex_unlock(&world.lock);
    if (a.status == 401)
        str_puts(&head, "WWW-Authenticate: Basic realm=\"x\"\n");
    a.body = body.p;
    a.n_body = body.n;
    a.headers = head.p;
    sim_http_answer(req, &a);
}

/* ---- the rig ---- */

static struct test_ca *ca;
static struct sim_http *https, *http;
static struct dns_fake *dns;
static struct loop *loop;

static void up(void)
{
    struct err err;
    ca = test_ca_new();
    autovalue(test_ca_pair_release) struct test_ca_pair pair = test_ca_issue(
        ca,
        "DNS:church.example,DNS:*.church.example,DNS:*.youth.church.example,"
        "DNS:mail.partner.example,DNS:partner.example,DNS:evil.example,DNS:*.evil.example,"
        "DNS:example,DNS:*.example,DNS:localhost,IP:127.0.0.1,IP:10.0.0.1,IP:45.6.6.6,"
        "IP:169.254.169.254,IP:::1",
        5);
    struct sim_http_options o = {
        .handler = handle, .user = &tls_port, .tls_cert = pair.cert, .tls_key = pair.key};
    https = sim_http_start(&o, &err);
    cr_assert(https, "%s", err.text);
    o = (struct sim_http_options){.handler = handle, .user = &plain_port};
    http = sim_http_start(&o, &err);
    cr_assert(http, "%s", err.text);
    dns = dns_fake_start();
    dns_port = (uint16_t)atoi(strchr(dns_fake_servers(dns), ':') + 1);
    plain_port = sim_http_port(http);
    tls_port = sim_http_port(https);
    loop = loop_new(clock_real());
}

static void down(void)
{
    loop_free(loop);
    tls_port = 0;
    sim_http_stop(https);
    sim_http_stop(http);
    dns_fake_stop(dns);
    test_ca_free(ca);
}

TestSuite(autodiscover_hostile, .init = up, .fini = down, .timeout = 150);

static void sign(struct http_request *r, void *user)
{
    (void)user;
    r->user = "svc-sync";
    r->password = "secret";
}

struct outcome_of {
    bool done, found;
    struct ad_found ad;
    struct err err;
};

static void on_done(const struct ad_found *found, const struct err *err, void *user)
{
    struct outcome_of *o = user;
    o->done = true;
    o->found = found != NULL;
    if (found)
        o->ad = *found;
    else
        o->err = *err;
}

static void set_scene(const struct scene *s)
{
    unsigned priority, weight, port;
    char target[300];
    dns_fake_clear(dns);
    for (const char *p = s->srv; p; p = strchr(p, ';') ? strchr(p, ';') + 1 : NULL) {
        cr_assert(sscanf(p, "%u %u %u %299[^;]", &priority, &weight, &port, target) == 4, "%s", p);
        dns_fake_srv(dns, "_autodiscover._tcp.church.example", priority, weight, port, target);
    }
    pthread_mutex_lock(&world.lock);
    world.scene = s;
    vec_clear(&world.connects);
    vec_clear(&world.requests);
    vec_foreach (h, &world.lookups)
        free(*h);
    vec_clear(&world.lookups);
    pthread_mutex_unlock(&world.lock);
}

static struct outcome_of play(const struct scene *s)
{
    static const char *const domains[] = {"church.example", NULL};
    static const char *const hosts[] = {"mail.partner.example", NULL};
    const struct autodiscover_config config = {
        .policy = {.mail_domains = domains, .hosts = hosts},
        .ca_file = test_ca_file(ca),
        .dns_servers = dns_fake_servers(dns),
        .deadline_ms = 8000,
        .request_ms = 3000,
        .sign = sign,
    };
    struct autodiscover *a;
    struct outcome_of o = {0};
    struct err err;
    set_scene(s);
    cr_assert(autodiscover_new(loop, &config, &a, &err) == 0, "%s", err.text);
    autodiscover_find(a, "pat.rivera@church.example", NULL, NULL, on_done, &o);
    cr_assert(loop_wait(loop, &o.done, PATIENCE_MS) == 0, "%s: no end", s->name);
    autodiscover_free(a);
    return o;
}

/* ---- the judge ---- */

static void judge_address(const struct scene *s, const struct sockaddr_storage *a)
{
    char text[INET6_ADDRSTRLEN] = "?";
    const void *p = a->ss_family == AF_INET
                        ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
                        : &((const struct sockaddr_in6 *)a)->sin6_addr;
    inet_ntop(a->ss_family, p, text, sizeof(text));
    bool fine = strncmp(text, "45.", 3) == 0 || strncmp(text, "10.", 3) == 0;
    uint16_t port = port_of((const void *)a);
    cr_expect(fine, "%s (%s): a connection to %s", s->name, s->says ? s->says : "", text);
    cr_expect(port == 443 || port == 80, "%s (%s): a connection to port %u", s->name,
              s->says ? s->says : "", port);
}

static void judge(const struct scene *s, const struct outcome_of *o)
{
    const char *what = s->says ? s->says : "";
    pthread_mutex_lock(&world.lock);
    vec_foreach (a, &world.connects)
        judge_address(s, a);
    vec_foreach (r, &world.requests) {
        cr_expect(friend(r->host), "%s (%s): a request to %s", s->name, what, r->host);
        cr_expect(r->tls || !strncmp(r->host, "autodiscover.", 13), "%s (%s): http to %s", s->name,
                  what, r->host);
        cr_expect(r->tls || (!r->credentials && !r->address),
                  "%s (%s): something of somebody's went out over http", s->name, what);
    }
    pthread_mutex_unlock(&world.lock);
    if (o->found) {
        const char *host = o->ad.url + 8;
        char name[300];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":/"), host);
        cr_expect(strncmp(o->ad.url, "https://", 8) == 0 && friend(name), "%s (%s): found %s",
                  s->name, what, o->ad.url);
    } else {
        cr_expect(!strstr(o->err.text, "pat.rivera") && !strstr(o->err.text, "secret"),
                  "%s (%s): %s", s->name, what, o->err.text);
    }
}

static struct outcome_of run(const struct scene *s)
{
    struct outcome_of o = play(s);
    judge(s, &o);
    return o;
}

/* ---- scenes ---- */

/* The network itself works: else nothing below means anything. */
Test(autodiscover_hostile, an_honest_server_is_found_and_gets_credentials)
{
    const struct scene s = {.name = "honest",
                            .dns = "church.example=10.0.0.1",
                            .rules = {{SOAP_URL, "401 then ews " GOOD_EWS}}};
    struct outcome_of o = run(&s);
    cr_expect(o.found, "%s", o.err.text);
    cr_expect_str_eq(o.ad.url, GOOD_EWS);
    cr_expect(world.requests.n == 2 && world.connects.n == 1);
    cr_expect(!world.requests.v[0].credentials && world.requests.v[1].credentials);
}

Test(autodiscover_hostile, a_lure_would_work_if_it_were_followed)
{
    const struct scene s = {.name = "partner",
                            .rules = {{SOAP_URL, "302 https://mail.partner.example/autodiscover/"
                                                 "autodiscover.svc"},
                                      {"https://mail.partner.example/autodiscover/"
                                       "autodiscover.svc",
                                       "401 then ews https://mail.partner.example/e"}}};
    struct outcome_of o = run(&s);
    cr_expect(o.found, "%s", o.err.text);
    cr_expect_str_eq(o.ad.url, "https://mail.partner.example/e");
}

/* Where a server may want to send us. %s of the scenes. */
static const char *const lures[] = {
    /* elsewhere */
    "https://evil.example/autodiscover/autodiscover.svc",
    "https://evil.example/autodiscover/autodiscover.xml",
    "https://autodiscover.evil.example/autodiscover/autodiscover.svc",
    "https://church.example.evil.example/autodiscover/autodiscover.svc",
    "https://churchxexample.evil.example/",
    "https://mychurch.example/autodiscover/autodiscover.svc",
    "https://example/autodiscover/autodiscover.svc",
    "https://partner.example/autodiscover/autodiscover.svc",
    "https://x.mail.partner.example/autodiscover/autodiscover.svc",
    "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc",
    /* not https */
    "http://mail.church.example/autodiscover/autodiscover.svc",
    "http://evil.example/autodiscover/autodiscover.svc",
    "HTTP://church.example/autodiscover/autodiscover.svc",
    "ftp://church.example/x",
    "file:///etc/passwd",
    "gopher://church.example:25/x",
    "ldap://church.example/x",
    "dict://church.example:11211/x",
    "javascript:alert(1)",
    "data:text/xml,x",
    "wss://church.example/x",
    "https:evil.example",
    "https:/evil.example/x",
    "https:///evil.example/x",
    "//evil.example/x",
    "\\\\evil.example\\x",
    /* users and passwords */
    "https://church.example@evil.example/",
    "https://church.example:443@evil.example/",
    "https://user:pw@church.example/autodiscover/autodiscover.svc",
    "https://church.example%40evil.example/",
    "https://church.example%2f@evil.example/",
    "https://evil.example\\@church.example/",
    "https://evil.example#@church.example/",
    "https://evil.example?@church.example/",
    "https://church.example;@evil.example/",
    /* IP addresses in every spelling */
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://45.6.6.6/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://127.0.0.1.church.example@127.0.0.1/",
    "https://localhost/",
    "https://localhost.localdomain./",
    "https://metadata.google.internal/computeMetadata/v1/",
    /* names that look alike, or are written oddly */
    "https://church.example./autodiscover/autodiscover.svc",
    "https://church.example../",
    "https://.church.example/",
    "https://church\xe3\x80\x82"
    "example.evil.example/",
    "https://chur\xd1\x81h.example/",
    "https://xn--churh-4ve.example/",
    "https://church.ex\xc3\xa4mple/",
    "https://church%2eexample/",
    "https://church.example%00.evil.example/",
    "https://evil.example%00.church.example/",
    "https://church_.example/",
    "https://-church.example/",
    "https://church example/",
    "https://evil.example\t.church.example/",
    /* ports */
    "https://church.example:22/",
    "https://church.example:25/x",
    "https://church.example:80/x",
    "https://church.example:6379/",
    "https://church.example:8443/autodiscover/autodiscover.svc",
    "https://church.example:0/",
    "https://church.example:65536/",
    "https://church.example:4294967739/",
    "https://church.example:443:22/",
    "https://church.example:-443/",
    "https://church.example: 443/",
    /* nonsense */
    "https://",
    "https://?",
    "https://#",
    "https://:443/",
    "https://@/",
    "x",
    "autodiscover.svc",
    "?a=b",
    "/autodiscover/autodiscover.svc",
    "https://church.example/autodiscover/autodiscover.svc",
};

static void play_lures(const char *name, const char *url, const char *says, bool may_find)
{
    size_t lookups = 0;
    for (size_t i = 0; i < ARRAY_LEN(lures); i++) {
        struct scene s = {.name = name, .rules = {{url, says}}, .says = lures[i]};
        struct outcome_of o = run(&s);
        lookups += world.lookups.n;
        if (!may_find)
            cr_expect(!o.found, "%s (%s): found %s", name, lures[i], o.ad.url);
        vec_foreach (h, &world.lookups)
            cr_expect(friend(*h), "%s (%s): a lookup of %s", name, lures[i], *h);
    }
    cr_expect(lookups > 0);
}

Test(autodiscover_hostile, lures_by_http_redirect)
{
    play_lures("302", SOAP_URL, "302 %s", false);
}

Test(autodiscover_hostile, lures_by_http_redirect_after_the_sign_in)
{
    play_lures("302 signed", SOAP_URL, "401 then 302 %s", false);
}

Test(autodiscover_hostile, lures_by_plain_http)
{
    play_lures("302 by http", "http://autodiscover.church.example/autodiscover/autodiscover.xml",
               "302 %s", false);
}

Test(autodiscover_hostile, lures_inside_soap)
{
    play_lures("soap url", SOAP_URL, "url %s", false);
}

Test(autodiscover_hostile, lures_inside_pox)
{
    play_lures("pox url", POX_URL, "url %s", false);
}

/* The last lure is a URL of the church's own: as Exchange's it is fine. */
Test(autodiscover_hostile, lures_as_the_address_of_exchange)
{
    play_lures("soap ews", SOAP_URL, "ews %s", true);
    play_lures("pox ews", POX_URL, "ews %s", true);
}

/* Addresses that a name may turn out to have. None of them is connected to. */
static const char *const addresses[] = {
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.255",
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::45.0.0.1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "2001:db8::1",
    "100::1",
    "2606:4700::5efe:127.0.0.1",
};

Test(autodiscover_hostile, forbidden_addresses_of_the_churchs_own_names)
{
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        char text[400];
        snprintf(text, sizeof(text), "church.example=%s;autodiscover.church.example=%s",
                 addresses[i], addresses[i]);
        struct scene s = {.name = "address",
                          .dns = text,
                          .says = addresses[i],
                          .rules = {{SOAP_URL, "ews " GOOD_EWS}}};
        struct outcome_of o = run(&s);
        cr_expect(!o.found && world.connects.n == 0 && world.requests.n == 0, "%s", addresses[i]);
        if (!strchr(addresses[i], ':')) /* where there is no IPv6, curl does not even look */
            cr_expect_str_eq(o.err.code, "autodiscover.address");
    }
}

Test(autodiscover_hostile, private_addresses_of_a_host_outside_the_mail_domains)
{
    static const char *const private[] = {"10.0.0.1",        "172.16.0.1",        "192.168.1.1",
                                          "100.64.0.1",      "fc00::1",           "fd12:3456::1",
                                          "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"};
    for (size_t i = 0; i < ARRAY_LEN(private); i++) {
        char text[400];
        snprintf(text, sizeof(text), "mail.partner.example=%s", private[i]);
        struct scene s = {.name = "private",
                          .dns = text,
                          .says = private[i],
                          .rules = {{SOAP_URL, "302 https://mail.partner.example/autodiscover/"
                                               "autodiscover.svc"}}};
        struct outcome_of o = play(&s);
        cr_expect(!o.found);
        vec_foreach (r, &world.requests)
            cr_expect(strcmp(r->host, "mail.partner.example") != 0, "%s", private[i]);
    }
}

/* Names whose addresses change, and answers that mix. */
static const struct scene dns_scenes[] = {
    {"rebinding at the second lookup",
     "church.example=45.0.0.1|127.0.0.1",
     {{SOAP_URL, "close"}, {POX_URL, "ews " GOOD_EWS}},
     NULL,
     NULL},
    {"rebinding at the third lookup",
     "church.example=45.0.0.1|45.0.0.1|169.254.169.254",
     {{SOAP_URL, "close"}, {POX_URL, "ews " GOOD_EWS}},
     NULL,
     NULL},
    {"rebinding between the question and the sign-in",
     "church.example=45.0.0.1|127.0.0.1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"a forbidden address first",
     "church.example=127.0.0.1,45.0.0.1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"a forbidden address last",
     "church.example=45.0.0.1,127.0.0.1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"forbidden addresses of both kinds around a good one",
     "church.example=::1,169.254.169.254,45.0.0.1,fe80::1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"the plain http host is this machine",
     "church.example=;autodiscover.church.example=45.0.0.1|127.0.0.1",
     {{"http://autodiscover.church.example/autodiscover/autodiscover.xml", "302 " SOAP_URL}},
     NULL,
     NULL},
    {"the redirect's host is this machine",
     "mail.church.example=127.0.0.1",
     {{SOAP_URL, "302 https://mail.church.example/autodiscover/autodiscover.svc"}},
     NULL,
     NULL},
    {"the redirect's host is the metadata service",
     "mail.church.example=169.254.169.254",
     {{SOAP_URL, "url https://mail.church.example/autodiscover/autodiscover.svc"}},
     NULL,
     NULL},
    {"no address at all", "church.example=;autodiscover.church.example=", {{0}}, NULL, NULL},
};

Test(autodiscover_hostile, addresses_that_change)
{
    for (size_t i = 0; i < ARRAY_LEN(dns_scenes); i++)
        run(&dns_scenes[i]);
    cr_expect(run(&dns_scenes[3]).found, "a good address among others is used");
}

/* What SRV may point to. */
static const char *const srv_lures[] = {
    "1 1 443 evil.example",
    "1 1 443 mail.evil.example",
    "1 1 443 church.example.evil.example",
    "1 1 443 127.0.0.1",
    "1 1 443 10.0.0.1",
    "1 1 443 2130706433",
    "1 1 443 0x7f000001",
    "1 1 443 localhost",
    "1 1 443 example",
    "1 1 443 .",
    "1 1 22 mail.church.example",
    "1 1 8443 mail.church.example",
    "1 1 80 mail.church.example",
    "1 1 0 mail.church.example",
    "1 1 65535 mail.church.example",
    "1 1 443 user@church.example",
    "1 1 443 church.example/x",
    "1 1 443 church.example:22",
    "1 1 443 chur\xd1\x81h.example",
    "1 1 443 church.example\\x",
    "1 1 443 a b.church.example",
    "1 1 443 -x.church.example",
    "1 1 443 x_y.church.example",
    "1 1 443 mail.partner.example.evil.example",
    "1 1 443 a.evil.example;2 1 443 b.evil.example;3 1 443 c.evil.example;4 1 443 d.evil.example",
};

Test(autodiscover_hostile, lures_by_srv)
{
    for (size_t i = 0; i < ARRAY_LEN(srv_lures); i++) {
        struct scene s = {.name = "srv", .srv = srv_lures[i], .says = srv_lures[i]};
        struct outcome_of o = run(&s);
        cr_expect(!o.found, "%s", srv_lures[i]);
    }
    const struct scene honest = {
        .name = "srv",
        .srv = "1 1 443 mail.church.example",
        .rules = {{"https://mail.church.example/autodiscover/autodiscover.svc",
                   "401 then ews " GOOD_EWS}}};
    cr_expect(run(&honest).found);
}

/* Addresses that a server may want us to ask about instead. */
static const char *const address_lures[] = {
    "pat.rivera@evil.example",
    "pat.rivera@church.example.evil.example",
    "pat.rivera@example",
    "pat.rivera@mychurch.example",
    "pat.rivera@partner.example",
    "pat.rivera@localhost",
    "pat.rivera@127.0.0.1",
    "pat.rivera@[127.0.0.1]",
    "pat.rivera@10.0.0.1",
    "pat.rivera@2130706433",
    "pat.rivera@church.example.",
    "pat.rivera@church.example:22",
    "pat.rivera@church.example/x",
    "pat.rivera@church.example@evil.example",
    "@evil.example",
    "evil.example",
    "pat.rivera@",
    "pat.rivera@chur\xd1\x81h.example",
    "pat rivera@church.example",
    "pat.rivera@evil.example#x",
    "pat.rivera@tenant.mail.onmicrosoft.com",
    "pat.rivera@church.example",
    "",
};

Test(autodiscover_hostile, lures_by_address)
{
    for (size_t i = 0; i < ARRAY_LEN(address_lures); i++) {
        struct scene s = {
            .name = "soap addr", .rules = {{SOAP_URL, "addr %s"}}, .says = address_lures[i]};
        cr_expect(!run(&s).found);
        s.name = "pox addr";
        s.rules[0] = (struct rule){POX_URL, "401 then addr %s"};
        cr_expect(!run(&s).found);
    }
}

/* What is no answer. */
static const char *const bodies[] = {
    "giant",
    "deep",
    "cut",
    "close",
    "status 200",
    "status 204",
    "status 400",
    "status 403",
    "status 405",
    "status 456",
    "status 502",
    "typed text/html",
    "typed text/html; charset=utf-8; x=xml",
    "typed application/xhtml+xml; html",
    "typed application/octet-stream",
    "typed text/plain",
    "typed application/json",
    "raw ",
    "raw <",
    "raw \x01\x02\x03",
    "raw <?xml version=\"1.0\"?>",
    "raw <html><head><title>Welcome</title></head><body></body></html>",
    "raw <!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "
    "\"&c;&c;&c;&c;&c;&c;&c;&c;\">]><a>&d;</a>",
    "raw <!DOCTYPE a [<!ENTITY x SYSTEM \"https://evil.example/x\">]><a>&x;</a>",
    "raw <!DOCTYPE a SYSTEM \"https://evil.example/x.dtd\"><a/>",
    "raw <?xml-stylesheet href=\"https://evil.example/x\"?><a/>",
    "raw <a xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include "
    "href=\"https://evil.example/\"/></a>",
    "raw " SOAP_OPEN "<UserSettings/>",
    "raw " SOAP_OPEN "<UserSettings/>" SOAP_CLOSE,
    "raw " SOAP_OPEN "<ErrorCode>NoError</ErrorCode></UserResponse><UserResponse>" SOAP_CLOSE,
    "raw " POX_OPEN "<Account><Action>settings</Action></Account>" POX_CLOSE,
    "raw " POX_OPEN "<Account><Action>redirectUrl</Action></Account>" POX_CLOSE,
    "raw " POX_OPEN "<Account><Action>run</Action></Account>" POX_CLOSE,
};

Test(autodiscover_hostile, what_is_no_answer)
{
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct scene s = {.name = "body",
                          .says = bodies[i],
                          .rules = {{SOAP_URL, bodies[i]}, {POX_URL, bodies[i]}}};
        struct outcome_of o = run(&s);
        cr_expect(!o.found, "%s: found %s", bodies[i], o.ad.url);
    }
}

/* Ways that do not end. */
static const struct scene long_ways[] = {
    {"to itself", NULL, {{SOAP_URL, "302 " SOAP_URL}}, NULL, NULL},
    {"to itself in capitals",
     NULL,
     {{SOAP_URL, "302 HTTPS://CHURCH.EXAMPLE:443/autodiscover/autodiscover.svc"}},
     NULL,
     NULL},
    {"two in a circle",
     NULL,
     {{SOAP_URL, "302 https://a.church.example/x"},
      {"https://a.church.example/x", "302 " SOAP_URL}},
     NULL,
     NULL},
    {"eleven hops",
     NULL,
     {{SOAP_URL, "302 https://a.church.example/1"},
      {"https://a.church.example/1", "302 https://a.church.example/2"},
      {"https://a.church.example/2", "302 https://a.church.example/3"},
      {"https://a.church.example/3", "302 https://a.church.example/4"},
      {"https://a.church.example/4", "302 https://a.church.example/5"},
      {"https://a.church.example/5", "302 https://a.church.example/6"},
      {"https://a.church.example/6", "302 https://a.church.example/7"},
      {"https://a.church.example/7", "302 https://a.church.example/8"},
      {"https://a.church.example/8", "302 https://a.church.example/9"},
      {"https://a.church.example/9", "302 https://a.church.example/10"},
      {"https://a.church.example/10", "302 https://a.church.example/11"}},
     NULL,
     NULL},
    {"addresses in a circle",
     NULL,
     {{SOAP_URL, "addr pat.rivera@youth.church.example"},
      {"https://youth.church.example/autodiscover/autodiscover.svc",
       "addr pat.rivera@church.example"}},
     NULL,
     NULL},
};

Test(autodiscover_hostile, ways_that_do_not_end)
{
    for (size_t i = 0; i < ARRAY_LEN(long_ways); i++) {
        struct outcome_of o = run(&long_ways[i]);
        cr_expect(!o.found);
        cr_expect_str_eq(o.err.code, "autodiscover.redirects", "%s: %s", long_ways[i].name,
                         o.err.code);
        cr_expect(world.requests.n <= 24, "%s: %zu requests", long_ways[i].name, world.requests.n);
    }
}
