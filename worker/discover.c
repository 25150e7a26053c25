#include "worker/discover.h"

#include <string.h>

#include "common/base/log.h"

#include "common/drv/endpoint_memory.h"
#include "common/drv/endpoint_pg.h"
#include "common/port/endpoint_cache.h"
#include "worker/autodiscover/discover_store.h"
#include "worker/autodiscover/locator.h"
#include "worker/ews/ews_auth.h"
#include "worker/trace.h"

enum { MAX_RANGES = 64 };

struct discover {
    struct app *app;
    struct ews_auth *auth;
    struct login *login;
    struct ad_policy policy;
    struct address_range ranges[MAX_RANGES];
    struct autodiscover *a;         /* until a store has it */
    struct autodiscover *searching; /* the same, also after that; borrowed then */
    struct trace *trace;            /* may be NULL */
};

static bool is_ews(const char *url)
{
    size_t n = strlen(url);
    return n > 5 && strcasecmp(url + n - 5, ".asmx") == 0;
}

const char *discover_fixed_url(const struct conf *c)
{
    const char *url = conf_str(c, "exchange.url"),
               *pasted = conf_str(c, "exchange.autodiscover_url");
    if (*url)
        return url;
    return is_ews(pasted) ? pasted : NULL;
}

/* ---- signing in ---- */

static void sign(struct http_request *r, void *user)
{
    const struct discover *d = user;
    ews_auth_sign(d->auth, r);
}

static bool can_sign(unsigned offers, void *user)
{
    struct discover *d = user;
    return offers & HTTP_OFFERS(ews_auth_method(d->auth)) || ews_auth_switch(d->auth, offers);
}

static int open_auth(struct discover *d, const struct ews_config *c, struct err *err)
{
    const struct ews_account account = {.method = c->auth,
                                        .user = c->user,
                                        .domain = c->domain,
                                        .password = c->password,
                                        .client_id = c->client_id,
                                        .keytab = c->keytab};
    if (ews_auth_new(&account, ews_auth_can(), &d->auth, err) < 0)
        return -1;
    if (ews_auth_method(d->auth) != HTTP_AUTH_BEARER)
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "OAuth2 needs exchange.url: Exchange Online has one address for all, "
                   "https://outlook.office365.com/EWS/Exchange.asmx");
}

/* ---- the policy ---- */

static int read_ranges(struct discover *d, struct err *err)
{
    const char *const *list;
    size_t n = conf_list(d->app->conf, "exchange.allow_addresses", &list);
    if (n > MAX_RANGES)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "exchange.allow_addresses: more than %d", MAX_RANGES);
    for (size_t i = 0; i < n; i++)
        if (address_range_parse(list[i], &d->ranges[i], err) < 0)
            return err_prefix(err, "exchange.allow_addresses");
    d->policy.ranges = d->ranges;
    d->policy.n_ranges = n;
    return 0;
}

static bool may_connect(const char *host, const struct sockaddr *address, void *user)
{
    const struct discover *d = user;
    return ad_address_allowed(&d->policy, host, address);
}

static int read_policy(struct discover *d, struct err *err)
{
    const struct conf *c = d->app->conf;
    d->policy.url = conf_str(c, "exchange.autodiscover_url");
    d->policy.internal_first = strcmp(conf_str(c, "exchange.autodiscover_prefer"), "internal") == 0;
    conf_list(c, "mail_domains", &d->policy.mail_domains);
    conf_list(c, "exchange.autodiscover_hosts", &d->policy.hosts);
    return read_ranges(d, err);
}

/* ---- searching ---- */

struct autodiscover *discover_open(struct discover *d, struct err *err)
{
    const struct conf *c = d->app->conf;
    struct autodiscover *a;
    const char *const *connect_to;
    conf_list(c, "exchange.connect_to", &connect_to);
    const struct autodiscover_config config = {
        .policy = d->policy,
        .user_agent = conf_str(c, "exchange.user_agent"),
        .ca_file = conf_str(c, "exchange.ca_file"),
        .connect_to = connect_to,
        .dns_servers = conf_str(c, "exchange.dns_servers"),
        .deadline_ms = (uint32_t)conf_int(c, "exchange.autodiscover_deadline"),
        .sign = sign,
        .can_sign = can_sign,
        .sign_user = d,
        .login = d->login,
        .login_key = {ews_auth_name(d->auth), ews_auth_fingerprint(d->auth), NULL}};
    return autodiscover_new(d->app->loop, &config, &a, err) < 0 ? NULL : a;
}

int discover_new(struct app *app, struct account *account, struct discover **ret, struct err *err)
{
    autoptr(discover_free) struct discover *d = xalloc(sizeof(*d));
    d->app = app;
    d->login = account->ews.login;
    if (open_auth(d, &account->ews, err) < 0 || read_policy(d, err) < 0)
        return -1;
    d->a = discover_open(d, err);
    if (!d->a)
        return -1;
    d->searching = d->a;
    account->ews.url = NULL;
    account->ews.may_connect = may_connect;
    account->ews.may_connect_user = d;
    *ret = steal(d);
    return 0;
}

void discover_free(struct discover *d)
{
    if (!d)
        return;
    autodiscover_free(d->a);
    ews_auth_free(d->auth);
    free(d);
}

void discover_secret(struct discover *d, const char *password, struct autodiscover *opened)
{
    ews_auth_replace(d->auth, password);
    autodiscover_login(d->searching, ews_auth_fingerprint(d->auth));
    if (opened)
        autodiscover_login(opened, ews_auth_fingerprint(d->auth));
}

void discover_trace(struct discover *d, struct trace *t)
{
    d->trace = t;
}

static void
trace_step(const struct discover *d, int64_t mailbox, const struct autodiscover_event *e)
{
    bool last = e->step == AD_FOUND || e->step == AD_FAILED;
    if (e->step == AD_WAIT)
        return;
    trace_search(d->trace, mailbox, e->target, last && *e->text ? e->text : e->note, last);
}

/* Hosts only: a URL may say more about a mailbox than a log should. */
static void observe(int64_t mailbox, const struct autodiscover_event *e, void *user)
{
    const struct discover *d = user;
    if (d->trace)
        trace_step(d, mailbox, e);
    struct ad_url u = {.host = ""};
    if (e->target[0] && e->step != AD_SRV)
        ad_url_parse_own(e->target, &u);
    if (e->step == AD_FOUND)
        log_info("Exchange found by Autodiscover", kv("mailbox", mailbox), kv("host", u.host));
    else if (e->step == AD_FAILED)
        log_warn("Autodiscover found no server; a known one stays in use", kv("mailbox", mailbox),
                 kv("code", e->code), kv("text", e->text));
    else
        log_debug("Autodiscover asked", kv("mailbox", mailbox), kv("host", u.host),
                  kv("signed", (bool)e->sign), kv("status", e->status), kv("code", e->code),
                  kv("note", e->note), kv("ms", e->took_ms));
}

static void freed(void *user)
{
    discover_free(user);
}

struct contact_store *discover_wrap(struct discover *d, struct contact_store *inner, struct pg *pg)
{
    const struct conf *c = d->app->conf;
    struct endpoint_cache *cache = pg ? endpoint_pg_new(pg) : endpoint_memory_new(d->app->loop);
    const struct locator_config config = {
        .max_age_ms = (uint32_t)conf_int(c, "exchange.autodiscover_max_age"),
        .refresh_after_ms = (uint32_t)conf_int(c, "exchange.autodiscover_refresh_after"),
        .observe = observe,
        .user = d,
        .freed = freed,
        .metrics = d->app->metrics};
    return discover_store_new(inner, locator_new(d->app->loop, steal(d->a), cache, &config));
}
