/*
 * What an answer means: settings, a redirect, a busy server, a reason why not.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "worker/autodiscover/ad_plan_p.h"

enum {
    MAX_BUSY = 2, /* waits at one URL */
    BUSY_WAIT_MS = 2000,
    BUSY_MAX_WAIT_MS = 10000,
    HTTPS_PORT = 443
};

/* ---- redirects ---- */

static bool hop(struct ad_plan *p)
{
    if (p->hops++ < AD_MAX_HOPS)
        return true;
    p->note = "redirected too often";
    ad_plan_blame(p, REASON_REDIRECTS, NULL, "more than %d redirects", AD_MAX_HOPS);
    vec_clear(&p->queue);
    return false;
}

static void to_url(struct ad_plan *p, const char *text)
{
    struct ad_url u;
    const char *why = ad_url_parse(text, &u);
    if (why) { /* our own configured host may be one that no stranger may name */
        if (ad_url_parse_own(text, &u) || !ad_url_allowed(p->policy, p->own_domain, &u)) {
            p->note = "redirected to what is no URL for us";
            ad_plan_blame(p, REASON_UNREADABLE, NULL, "redirected to a URL that is refused: %s",
                          why);
            return;
        }
    }
    if (!ad_url_allowed(p->policy, p->own_domain, &u)) {
        p->note = "redirected to a host that is not allowed";
        ad_plan_blame(p, REASON_HOST, NULL,
                      "redirected to %.100s:%u, which is not in exchange.autodiscover_hosts%s",
                      u.host, u.port,
                      ad_host_is_online(u.host) ? " (this is Exchange Online)" : "");
        return;
    }
    p->note = "redirected";
    if (ad_plan_tried(p, u.text)) {
        p->note = "redirected in a circle";
        ad_plan_blame(p, REASON_REDIRECTS, NULL, "redirected in a circle, at %.100s", u.host);
        return;
    }
    if (hop(p))
        ad_plan_add(p, &u, p->now.protocol);
}

static bool seen_address(const struct ad_plan *p, const char *address)
{
    for (size_t i = 0; i < p->tried.n; i++)
        if (strcasecmp(p->tried.v[i].address, address) == 0)
            return true;
    return false;
}

static void to_address(struct ad_plan *p, const char *address)
{
    char domain[AD_MAX_HOST + 1];
    const char *why;
    p->note = "redirected to another address";
    if (!ad_address_domain(address, domain, &why)) {
        p->note = "redirected to what is no address";
        ad_plan_blame(p, REASON_UNREADABLE, NULL, "redirected to another mail address, but %s",
                      why);
        return;
    }
    if (seen_address(p, address)) {
        p->note = "redirected in a circle";
        ad_plan_blame(p, REASON_REDIRECTS, NULL, "redirected to a mail address a second time");
        return;
    }
    if (!hop(p))
        return;
    memcpy(p->address, address, strlen(address) + 1); /* ad_address_domain saw its length */
    memcpy(p->domain, domain, sizeof(domain));
    ad_plan_restart(p);
    if (!p->queue.n) {
        p->note = "redirected to an address whose hosts are not allowed";
        ad_plan_blame(p, REASON_HOST, NULL,
                      "redirected to an address of %.100s, whose hosts are not in "
                      "exchange.autodiscover_hosts%s",
                      domain, ad_host_is_online(domain) ? " (this is Exchange Online)" : "");
    }
}

/* ---- answers ---- */

/* A URL of EWS that an answer named, checked; "" when it is none for us. */
static void take_ews_url(struct ad_plan *p, const char *text, char *ret)
{
    struct ad_url u;
    ret[0] = '\0';
    if (!text[0])
        return;
    const char *why = ad_url_parse(text, &u);
    if (why && (ad_url_parse_own(text, &u) || !ad_url_allowed(p->policy, p->own_domain, &u))) {
        ad_plan_blame(p, REASON_UNREADABLE, NULL, "the address of Exchange is refused: %s", why);
    } else if (!ad_url_allowed(p->policy, p->own_domain, &u)) {
        ad_plan_blame(
            p, REASON_HOST, NULL,
            "Exchange is said to be at %.100s:%u, which is not in exchange.autodiscover_hosts%s",
            u.host, u.port, ad_host_is_online(u.host) ? " (this is Exchange Online)" : "");
    } else {
        memcpy(ret, u.text, sizeof(u.text));
    }
}

static bool settings(struct ad_plan *p, const struct ad_reply *r)
{
    struct ad_found *f = &p->found;
    bool inner = p->policy->internal_first;
    take_ews_url(p, inner ? r->internal : r->external, f->url);
    take_ews_url(p, inner ? r->external : r->internal, f->alt);
    if (!f->url[0]) {
        memcpy(f->url, f->alt, sizeof(f->url));
        f->alt[0] = '\0';
    }
    if (strcmp(f->url, f->alt) == 0)
        f->alt[0] = '\0';
    if (!f->url[0]) {
        p->note = "it names no URL of Exchange that is allowed";
        return false;
    }
    snprintf(f->via, sizeof(f->via), "%s", p->now.url);
    snprintf(f->address, sizeof(f->address), "%s", p->address);
    f->protocol = p->now.protocol;
    p->note = "found";
    ad_plan_end(p, AD_FOUND);
    return true;
}

/* Waits at this URL, then asks it again. false: often enough. */
static bool wait_busy(struct ad_plan *p, int64_t retry_after_ms)
{
    if (p->now.busy++ >= MAX_BUSY || p->steps >= AD_MAX_STEPS)
        return false;
    int64_t ms = retry_after_ms > 0 ? retry_after_ms : (int64_t)BUSY_WAIT_MS * p->now.busy;
    if (ms > BUSY_MAX_WAIT_MS)
        return false;
    p->steps++;
    p->action = (struct ad_action){.step = AD_WAIT, .wait_ms = (uint32_t)ms};
    return true;
}

/* true: the action is set. */
static bool error_code(struct ad_plan *p, const char *code, const char *host)
{
    static const char *const of_user[] = {"InvalidUser", "InvalidDomain", "NotFederated", "500"};
    p->note = "it says error";
    if (strcmp(code, "ServerBusy") == 0) {
        p->note = "busy";
        ad_plan_blame(p, REASON_BUSY, NULL, "%.100s is busy", host);
        return wait_busy(p, -1);
    }
    for (size_t i = 0; i < ARRAY_LEN(of_user); i++) {
        if (strcmp(code, of_user[i]))
            continue;
        p->note = "it does not know the user";
        ad_plan_blame(p, REASON_USER, i == 3 ? "InvalidUser" : code,
                      "%.100s says %s about this mailbox", host, code);
        return false;
    }
    ad_plan_blame(p, REASON_SERVER, NULL, "%.100s says %s", host, code);
    return false;
}

static bool is_xml(const char *type)
{
    return type && strcasestr(type, "xml") && !strcasestr(type, "html");
}

/* true: the action is set; false: go on to the next candidate. */
static bool document(struct ad_plan *p, const struct ad_answer *a, const char *host)
{
    struct ad_reply r;
    struct err err;
    if (!is_xml(a->content_type)) {
        p->note = a->content_type && strcasestr(a->content_type, "html") ? "a web page"
                                                                         : "no XML by its type";
        ad_plan_blame(p, REASON_NOT_FOUND, NULL, "%.100s answers, but it is no Autodiscover server",
                      host);
        return false;
    }
    if (ad_decode(p->now.protocol, a->body ? a->body : "", a->body_len, &r, &err) < 0) {
        p->note = "an answer that cannot be read";
        ad_plan_blame(p, REASON_UNREADABLE, NULL, "%.60s: %.90s", host, err.text);
        return false;
    }
    switch (r.says) {
    case AD_SAYS_SETTINGS:
        return settings(p, &r);
    case AD_SAYS_ADDRESS:
        to_address(p, r.target);
        return false;
    case AD_SAYS_URL:
        to_url(p, r.target);
        return false;
    case AD_SAYS_ERROR:
        return error_code(p, r.code, host);
    }
    return false;
}

/* 401: with credentials now, or they are refused here. */
static bool login(struct ad_plan *p, const struct ad_answer *a, const char *host)
{
    if (a->cannot_sign) {
        p->note = "it offers no sign-in that is ours";
        ad_plan_blame(p, REASON_NOT_OFFERED, NULL,
                      "%.100s does not offer the way to sign in that exchange.auth names", host);
        return false;
    }
    if (!p->now.sign) {
        p->note = "it wants a sign-in";
        p->now.sign = true;
        p->steps++;
        ad_plan_begin(p);
        return true;
    }
    p->note = "it refuses the sign-in";
    p->refusals++;
    vec_push(&p->refused, xstrdup(host));
    ad_plan_blame(p, REASON_LOGIN, NULL, "%.100s refuses the user or the password", host);
    return false;
}

static bool transport(struct ad_plan *p, const struct err *err, const char *host)
{
    static const char *const tls[] = {"curl.35", "curl.51", "curl.58", "curl.60", "curl.77"};
    p->note = "no answer";
    if (strcmp(err->code, "auth.refused") == 0) { /* before it was asked */
        p->note = "not asked: the account may not sign in";
        p->refusals = AD_MAX_REFUSALS;
        ad_plan_blame(p, REASON_LOGIN, NULL, "%.120s", err->text);
        return false;
    }
    vec_push(&p->absent, xstrdup(host));
    if (strcmp(err->code, "http.address") == 0) {
        p->note = "its address is not allowed";
        ad_plan_blame(p, REASON_ADDRESS, NULL, "%.100s has an address that is not allowed", host);
        return false;
    }
    if (strcmp(err->code, "http.too_big") == 0) {
        p->note = "an answer that is too long";
        ad_plan_blame(p, REASON_UNREADABLE, NULL, "%.100s answers too much", host);
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(tls); i++) {
        if (strcmp(err->code, tls[i]))
            continue;
        p->note = "its certificate is not trusted";
        ad_plan_blame(p, REASON_TLS, NULL, "%.120s", err->text);
        return false;
    }
    ad_plan_blame(p, REASON_NOT_FOUND, NULL, "no server found; the last one asked: %.100s", host);
    return false;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool asked(struct ad_plan *p, const struct ad_answer *a)
{
    char host[AD_MAX_HOST + 1];
    ad_plan_host(p->now.url, host);
    if (a->err)
        return transport(p, a->err, host);
    if (is_redirect(a->status)) {
        to_url(p, a->location ? a->location : "");
        return false;
    }
    if (a->status == 401)
        return login(p, a, host);
    if (a->status == 503 || a->status == 429) {
        p->note = "busy";
        ad_plan_blame(p, REASON_BUSY, NULL, "%.100s answers HTTP %d", host, a->status);
        return wait_busy(p, a->retry_after_ms);
    }
    if (a->status == 200 || (a->status == 500 && is_xml(a->content_type)))
        return document(p, a, host);
    p->note = "another HTTP status";
    ad_plan_blame(p, a->status >= 500 ? REASON_SERVER : REASON_NOT_FOUND, NULL,
                  "%.100s answers HTTP %d", host, a->status);
    return false;
}

/* Only where it points to counts: nothing that comes over http is believed. */
static void got(struct ad_plan *p, const struct ad_answer *a)
{
    p->note = "no redirect";
    p->now.protocol = AD_POX;
    if (!a->err && (a->status == 301 || a->status == 302) && a->location)
        to_url(p, a->location);
    else
        ad_plan_blame(p, REASON_NOT_FOUND, NULL, "no server found for %.100s", p->domain);
}

static void resolved(struct ad_plan *p, const struct ad_answer *a)
{
    char text[AD_MAX_URL + 1];
    size_t before = p->hops;
    p->note = a->err ? "no answer" : "no such record";
    if (a->err || !a->n_srv)
        ad_plan_blame(p, REASON_NOT_FOUND, NULL, "no server found for %.100s", p->domain);
    for (size_t i = a->n_srv; i-- > 0;) { /* the best is asked first: added last */
        if (a->srv[i].port != HTTPS_PORT || !a->srv[i].target[0])
            continue;
        snprintf(text, sizeof(text), "https://%s/autodiscover/autodiscover.svc", a->srv[i].target);
        p->now.protocol = AD_SOAP;
        p->hops = (unsigned)before; /* one record is one hop, however many hosts it names */
        to_url(p, text);
    }
}

void ad_plan_answer(struct ad_plan *p, const struct ad_answer *a)
{
    switch (p->action.step) {
    case AD_ASK:
        if (asked(p, a))
            return;
        break;
    case AD_GET:
        got(p, a);
        break;
    case AD_SRV:
        resolved(p, a);
        break;
    case AD_WAIT:
        ad_plan_begin(p);
        return;
    default:
        return;
    }
    ad_plan_next(p);
}
