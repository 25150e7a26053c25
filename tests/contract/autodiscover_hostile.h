/*
 * autodiscover_hostile: the network that is made up for autodiscover_hostile_test.c, the record of
 * what happened in it, and the judge. Part of that one program.
 */
#ifndef SYNC_TESTS_CONTRACT_AUTODISCOVER_HOSTILE_H
#define SYNC_TESTS_CONTRACT_AUTODISCOVER_HOSTILE_H

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

#endif
