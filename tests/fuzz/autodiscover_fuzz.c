/*
 * What Autodiscover reads from strangers: documents (S, P), SRV answers (D), URLs (U), mail
 * addresses (M), and whole conversations (C), in which the bytes are what servers answer, step by
 * step. The first byte chooses. No crash; what is taken is within its maxima; a conversation ends,
 * speaks to allowed hosts only, and signs only what was answered 401 over https.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "worker/autodiscover/ad_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const domains[] = {"church.example", NULL};
static const char *const hosts[] = {"mail.partner.example", "*.hosted.example", NULL};
static const struct ad_policy policies[] = {
    {.mail_domains = domains, .hosts = hosts},
    {.mail_domains = domains, .hosts = hosts, .internal_first = true},
    {.url = "https://10.0.0.5:4443/autodiscover/autodiscover.svc"},
};

static void check_reply(enum ad_protocol protocol, const uint8_t *p, size_t n)
{
    struct ad_reply r;
    struct err err;
    if (ad_decode(protocol, (const char *)p, n, &r, &err) < 0) {
        assert(strcmp(err.code, "autodiscover.unreadable") == 0);
        return;
    }
    assert(strlen(r.target) <= AD_MAX_URL && strlen(r.external) <= AD_MAX_URL &&
           strlen(r.internal) <= AD_MAX_URL && strlen(r.code) <= AD_MAX_CODE);
    assert(strspn(r.code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
           strlen(r.code));
    assert((r.says == AD_SAYS_ERROR) == (r.code[0] != '\0') || r.says != AD_SAYS_ERROR);
    assert(r.says != AD_SAYS_SETTINGS || r.external[0] || r.internal[0]);
    assert((r.says != AD_SAYS_URL && r.says != AD_SAYS_ADDRESS) || r.target[0]);
}

static void check_srv(const uint8_t *p, size_t n)
{
    struct dns_srv v[DNS_MAX_SRV];
    int k = dns_srv_parse(p, n, v, DNS_MAX_SRV);
    for (int i = 0; i < k; i++) {
        assert(strlen(v[i].target) <= DNS_MAX_NAME && v[i].target[0]);
        assert(i == 0 || v[i].priority >= v[i - 1].priority);
    }
}

static void check_url(const char *text)
{
    struct ad_url u, again;
    if (ad_url_parse(text, &u))
        return;
    assert(strncmp(u.text, "https://", 8) == 0 && u.port && strchr(u.host, '.'));
    assert(strspn(u.host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(u.host));
    assert(!ad_url_parse(u.text, &again) && strcmp(again.text, u.text) == 0);
    if (ad_url_allowed(&policies[0], "church.example", &u))
        assert(ad_host_inside(u.host, "church.example") ||
               ad_host_inside(u.host, "hosted.example") ||
               strcmp(u.host, "mail.partner.example") == 0);
}

static void check_address(const char *text)
{
    char domain[AD_MAX_HOST + 1];
    const char *why;
    if (ad_address_domain(text, domain, &why))
        assert(strlen(domain) <= AD_MAX_HOST && strchr(domain, '.'));
}

/* ---- conversations ---- */

struct script {
    const uint8_t *p;
    size_t n;
};

static uint8_t byte(struct script *s)
{
    if (!s->n)
        return 0;
    s->n--;
    return *s->p++;
}

/* Up to the next 0xff, NUL-terminated, in malloc'd memory so that a byte too far is seen. */
static char *text(struct script *s, size_t *ret_n)
{
    size_t n = 0;
    while (n < s->n && s->p[n] != 0xff)
        n++;
    char *copy = malloc(n + 1);
    if (!copy)
        abort();
    if (n)
        memcpy(copy, s->p, n);
    copy[n] = '\0';
    s->p += n < s->n ? n + 1 : n;
    s->n -= n < s->n ? n + 1 : n;
    *ret_n = n;
    return copy;
}

static void check_action(const struct ad_policy *policy, const struct ad_action *a, bool may_sign)
{
    struct ad_url u;
    assert(!a->sign || (a->step == AD_ASK && may_sign));
    if (a->step == AD_ASK)
        assert(!ad_url_parse_own(a->url, &u) && ad_url_allowed(policy, "church.example", &u));
    else if (a->step == AD_GET)
        assert(strncmp(a->url, "http://autodiscover.", 20) == 0 && !a->address);
    else if (a->step == AD_WAIT)
        assert(a->wait_ms > 0 && a->wait_ms <= 60000);
}

static void converse(struct script *s)
{
    static const int statuses[] = {200, 200, 200, 302, 301, 401, 500, 503, 404, 0};
    const struct ad_policy *policy = &policies[byte(s) % ARRAY_LEN(policies)];
    struct ad_plan *p;
    struct err err;
    char signed_url[AD_MAX_URL + 1] = "";
    assert(ad_plan_new(policy, "pat@church.example", NULL, &p, &err) == 0);
    unsigned steps = 0, refusals = 0;
    const struct ad_action *a;
    while ((a = ad_plan_action(p))->step < AD_FOUND) {
        assert(++steps <= 2 * AD_MAX_STEPS);
        check_action(policy, a, a->url && strcmp(signed_url, a->url) == 0);
        struct ad_answer answer = {.retry_after_ms = -1};
        size_t n = 0, n_location;
        autofree char *body = text(s, &n), *location = text(s, &n_location);
        answer.status = statuses[byte(s) % ARRAY_LEN(statuses)];
        answer.content_type = byte(s) & 1 ? "text/html" : "text/xml";
        answer.body = body;
        answer.body_len = n;
        answer.location = location;
        struct dns_srv srv = {.port = 443};
        if (a->step == AD_SRV && n < sizeof(srv.target)) {
            memcpy(srv.target, body, n + 1);
            answer.srv = &srv;
            answer.n_srv = 1;
        }
        if (answer.status == 0) {
            err_set(&err, SCOPE_REMOTE, WHEN_LATER, "curl.7", "x");
            answer.err = &err;
        }
        refusals += a->sign && answer.status == 401;
        assert(refusals <= AD_MAX_REFUSALS);
        if (a->step == AD_ASK && answer.status == 401)
            snprintf(signed_url, sizeof(signed_url), "%s", a->url);
        ad_plan_answer(p, &answer);
    }
    if (a->step == AD_FOUND) {
        struct ad_url u;
        assert(!ad_url_parse_own(ad_plan_found(p)->url, &u) &&
               ad_url_allowed(policy, "church.example", &u));
    } else {
        ad_plan_err(p, &err);
        assert(err.code[0]);
    }
    ad_plan_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct script s = {data + 1, size - 1};
    size_t n;
    autofree char *z = NULL;
    switch (*data) {
    case 'S':
        check_reply(AD_SOAP, s.p, s.n);
        break;
    case 'P':
        check_reply(AD_POX, s.p, s.n);
        break;
    case 'D':
        check_srv(s.p, s.n);
        break;
    case 'U':
        z = text(&s, &n);
        check_url(z);
        break;
    case 'M':
        z = text(&s, &n);
        check_address(z);
        break;
    default:
        converse(&s);
        break;
    }
    return 0;
}
