#include "worker/autodiscover/ad_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "worker/autodiscover/ad_plan_p.h"

enum {
    MAX_CANDIDATES = 128, /* waiting at once; more than all rules together can make */
};

static const char *const reason_codes[] = {
    [REASON_NONE] = "autodiscover.not_found",
    [REASON_NOT_FOUND] = "autodiscover.not_found",
    [REASON_UNREADABLE] = "autodiscover.unreadable",
    [REASON_TLS] = "autodiscover.tls",
    [REASON_ADDRESS] = "autodiscover.address",
    [REASON_SERVER] = "autodiscover.server",
    [REASON_BUSY] = "autodiscover.busy",
    [REASON_REDIRECTS] = "autodiscover.redirects",
    [REASON_NOT_OFFERED] = "auth.not_offered",
    [REASON_LOGIN] = "auth.refused",
    [REASON_USER] = NULL, /* the server's own code behind "autodiscover." */
    [REASON_HOST] = "autodiscover.host",
};

/* ---- reasons ---- */

void ad_plan_blame(struct ad_plan *p, enum ad_reason reason, const char *code, const char *fmt, ...)
{
    char text[160], own[sizeof(p->err.code)];
    va_list ap;
    if (reason <= p->reason)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    snprintf(own, sizeof(own), "autodiscover.%s", code ? code : "");
    p->reason = reason;
    err_set(&p->err, SCOPE_MAILBOX, WHEN_LATER, reason_codes[reason] ? reason_codes[reason] : own,
            "Autodiscover: %s", text);
}

void ad_plan_host(const char *url, char host[AD_MAX_HOST + 1])
{
    struct ad_url u;
    host[0] = '\0';
    if (!ad_url_parse_own(url, &u))
        memcpy(host, u.host, sizeof(u.host));
}

/* ---- candidates ---- */

static void add(struct ad_plan *p, const struct ad_candidate *c)
{
    if (p->queue.n < MAX_CANDIDATES)
        vec_push(&p->queue, *c);
}

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n >= k && strcasecmp(path + n - k, end) == 0;
}

/* Of .../autodiscover.svc. */
static bool pox_sibling(const struct ad_url *u, char *ret)
{
    size_t n = strlen(u->text);
    if (!ends_with(u->path, ".svc"))
        return false;
    snprintf(ret, AD_MAX_URL + 1, "%.*sxml", (int)(n - 3), u->text);
    return true;
}

static enum ad_protocol protocol_of(const struct ad_url *u, enum ad_protocol otherwise)
{
    if (ends_with(u->path, ".svc"))
        return AD_SOAP;
    return ends_with(u->path, ".xml") ? AD_POX : otherwise;
}

void ad_plan_add(struct ad_plan *p, const struct ad_url *u, enum ad_protocol otherwise)
{
    struct ad_candidate first = {.step = AD_ASK, .protocol = protocol_of(u, otherwise)}, second;
    snprintf(first.url, sizeof(first.url), "%s", u->text);
    second = first;
    second.only_with_server = true;
    if (first.protocol == AD_SOAP && pox_sibling(u, second.url)) {
        second.protocol = AD_POX;
        add(p, &second); /* first in, last out */
    }
    add(p, &first);
}

static void add_host(struct ad_plan *p, const char *prefix, const char *domain)
{
    char text[AD_MAX_URL + 1];
    struct ad_url u;
    snprintf(text, sizeof(text), "https://%s%s/autodiscover/autodiscover.svc", prefix, domain);
    if (!ad_url_parse(text, &u) && ad_url_allowed(p->policy, p->own_domain, &u))
        ad_plan_add(p, &u, AD_SOAP);
}

/* What an administrator wrote may stop anywhere: https://mail.example.org, .../autodiscover/ */
static void add_configured(struct ad_plan *p)
{
    char text[2 * AD_MAX_URL];
    struct ad_url u;
    if (ad_url_parse_own(p->policy->url, &u))
        return;
    if (!ends_with(u.path, ".svc") && !ends_with(u.path, ".xml")) {
        size_t n = strlen(u.text);
        while (n > 0 && u.text[n - 1] == '/')
            n--;
        bool folder = ends_with(u.path, "/autodiscover") || ends_with(u.path, "/autodiscover/");
        snprintf(text, sizeof(text), "%.*s%s/autodiscover.svc", (int)n, u.text,
                 folder ? "" : "/autodiscover");
        if (ad_url_parse_own(text, &u))
            return;
    }
    ad_plan_add(p, &u, AD_SOAP);
}

/* From the address now asked about; what is asked first is added last. */
void ad_plan_restart(struct ad_plan *p)
{
    struct ad_candidate get = {.step = AD_GET}, srv = {.step = AD_SRV};
    char text[2 * AD_MAX_HOST];
    struct ad_url u;
    vec_clear(&p->queue);
    if (p->policy->url && *p->policy->url) {
        add_configured(p);
        return;
    }
    snprintf(srv.url, sizeof(srv.url), "_autodiscover._tcp.%s", p->domain);
    snprintf(text, sizeof(text), "https://autodiscover.%s", p->domain);
    snprintf(get.url, sizeof(get.url), "http://autodiscover.%s/autodiscover/autodiscover.xml",
             p->domain);
    if (!ad_url_parse(text, &u) && ad_url_allowed(p->policy, p->own_domain, &u)) {
        add(p, &srv);
        add(p, &get);
    }
    add_host(p, "autodiscover.", p->domain);
    add_host(p, "", p->domain);
}

/* ---- what was tried ---- */

static bool listed(char *const *v, size_t n, const char *host)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], host) == 0)
            return true;
    return false;
}

bool ad_plan_tried(const struct ad_plan *p, const char *url)
{
    for (size_t i = 0; i < p->tried.n; i++)
        if (strcmp(p->tried.v[i].url, url) == 0 &&
            strcasecmp(p->tried.v[i].address, p->address) == 0)
            return true;
    return false;
}

void ad_plan_end(struct ad_plan *p, enum ad_step step)
{
    p->action = (struct ad_action){.step = step};
}

void ad_plan_begin(struct ad_plan *p)
{
    const struct ad_candidate *c = &p->now;
    p->action = (struct ad_action){.step = c->step,
                                   .protocol = c->protocol,
                                   .url = c->step == AD_SRV ? NULL : c->url,
                                   .name = c->step == AD_SRV ? c->url : NULL,
                                   .address = c->step == AD_ASK ? p->address : NULL,
                                   .sign = c->sign};
}

static bool usable(struct ad_plan *p, const struct ad_candidate *c)
{
    char host[AD_MAX_HOST + 1];
    if (ad_plan_tried(p, c->url))
        return false;
    ad_plan_host(c->url, host);
    return c->step != AD_ASK || !((c->only_with_server && listed(p->absent.v, p->absent.n, host)) ||
                                  listed(p->refused.v, p->refused.n, host));
}

void ad_plan_next(struct ad_plan *p)
{
    while (p->queue.n > 0 && p->steps < AD_MAX_STEPS && p->refusals < AD_MAX_REFUSALS) {
        p->now = p->queue.v[--p->queue.n];
        if (!usable(p, &p->now))
            continue;
        vec_push(&p->tried, (struct ad_tried){xstrdup(p->address), xstrdup(p->now.url)});
        p->steps++;
        ad_plan_begin(p);
        return;
    }
    ad_plan_end(p, AD_FAILED);
}

/* ---- life ---- */

int ad_plan_new(const struct ad_policy *policy,
                const char *address,
                const char *known,
                struct ad_plan **ret,
                struct err *err)
{
    struct ad_plan *p = xalloc(sizeof(*p));
    struct ad_url u;
    const char *why;
    p->policy = policy;
    p->note = "";
    if (!ad_address_domain(address, p->own_domain, &why)) {
        free(p);
        return err_set(err, SCOPE_MAILBOX, WHEN_NEVER, "autodiscover.mail_address",
                       "Autodiscover: the mailbox's address: %s", why);
    }
    memcpy(p->domain, p->own_domain, sizeof(p->domain));
    snprintf(p->address, sizeof(p->address), "%s", address);
    ad_plan_restart(p);
    if (known && *known && !ad_url_parse_own(known, &u) &&
        ad_url_allowed(policy, p->own_domain, &u))
        ad_plan_add(p, &u, AD_SOAP);
    ad_plan_next(p);
    *ret = p;
    return 0;
}

static void free_all(char **v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(v[i]);
}

void ad_plan_free(struct ad_plan *p)
{
    if (!p)
        return;
    vec_foreach (t, &p->tried) {
        free(t->address);
        free(t->url);
    }
    free_all(p->absent.v, p->absent.n);
    free_all(p->refused.v, p->refused.n);
    vec_release(&p->tried);
    vec_release(&p->absent);
    vec_release(&p->refused);
    vec_release(&p->queue);
    free(p);
}

const struct ad_action *ad_plan_action(const struct ad_plan *p)
{
    return &p->action;
}

const char *ad_plan_note(const struct ad_plan *p)
{
    return p->note;
}

const struct ad_found *ad_plan_found(const struct ad_plan *p)
{
    return p->action.step == AD_FOUND ? &p->found : NULL;
}

void ad_plan_err(const struct ad_plan *p, struct err *err)
{
    if (p->reason != REASON_NONE)
        *err = p->err;
    else
        err_set(err, SCOPE_MAILBOX, WHEN_LATER, "autodiscover.not_found",
                "Autodiscover: no server found for %.100s", p->domain);
}
