#include "worker/autodiscover/autodiscover.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/guid.h"
#include "common/base/str.h"

#include "common/net/dns.h"
#include "common/net/http.h"
#include "common/net/loop.h"

enum {
    DEADLINE_MS = 60 * 1000,
    REQUEST_MS = 15 * 1000,
    CONNECT_MS = 8 * 1000,
    CONNECTIONS = 16,
    LOGIN_AGAIN_MS = 300,
    GET_BYTES = 64 * 1024, /* a web server may say something beside its redirect */
    MAX_REQUEST = 8 * 1024
};

struct autodiscover_search {
    struct autodiscover *a;
    LIST_ENTRY(autodiscover_search) list;
    struct ad_plan *plan; /* NULL: failed before it began */
    autodiscover_observe observe;
    autodiscover_done done;
    void *user;
    struct err err;
    int64_t until_ms, step_ms;
    struct str body; /* of the request */
    /* what is under way */
    struct http_call *call;
    struct dns_query *query;
    struct loop_timer *timer, *deadline;
    bool asking;    /* the login port, whether we may sign */
    bool signed_in; /* a signed request is out: the port wants to know what comes of it */
};

struct autodiscover {
    struct loop *l;
    struct ad_policy policy;
    char *url, *user_agent, *ca_file;
    char **mail_domains, **hosts;
    struct address_range *ranges;
    uint32_t deadline_ms, request_ms;
    void (*sign)(struct http_request *r, void *user);
    bool (*can_sign)(unsigned offers, void *user);
    void *sign_user;
    struct login *login;
    char *account, *secret, owner[GUID_TEXT];
    struct http_client *https, *http; /* the second one for the one step that is not https */
    struct dns *dns;
    LIST_HEAD(, autodiscover_search) searches;
};

static void step(struct autodiscover_search *s);

/* ---- what happened ---- */

static void tell(struct autodiscover_search *s, struct autodiscover_event e)
{
    if (!s->observe)
        return;
    e.target = e.target ? e.target : "";
    e.code = e.code ? e.code : "";
    e.text = e.text ? e.text : "";
    e.note = e.note ? e.note : s->plan ? ad_plan_note(s->plan) : "";
    s->observe(&e, s->user);
}

static struct login_key key_of(const struct autodiscover *a)
{
    return (struct login_key){a->account, a->secret, a->owner};
}

static void report_login(struct autodiscover_search *s, enum login_report what)
{
    struct login_key key = key_of(s->a);
    if (s->signed_in && s->a->login)
        s->a->login->ops->report(s->a->login, &key, what, NULL, NULL);
    s->signed_in = false;
}

static void search_free(struct autodiscover_search *s)
{
    if (s->asking)
        s->a->login->ops->forget(s->a->login, s);
    report_login(s, LOGIN_UNCLEAR);
    LIST_REMOVE(s, list);
    http_cancel(s->call);
    dns_cancel(s->query);
    loop_cancel(s->timer);
    loop_cancel(s->deadline);
    ad_plan_free(s->plan);
    str_release(&s->body);
    free(s);
}

static void finish(struct autodiscover_search *s, const struct ad_found *found)
{
    struct ad_found copy;
    struct err err = s->err;
    autodiscover_done done = s->done;
    void *user = s->user;
    if (found) {
        copy = *found;
        tell(s, (struct autodiscover_event){.step = AD_FOUND, .target = copy.url});
    } else {
        tell(s, (struct autodiscover_event){.step = AD_FAILED, .code = err.code, .text = err.text});
    }
    search_free(s);
    done(found ? &copy : NULL, found ? NULL : &err, user);
}

static void on_deadline(void *user)
{
    struct autodiscover_search *s = user;
    s->deadline = NULL;
    ad_plan_err(s->plan, &s->err);
    if (strcmp(s->err.code, "autodiscover.not_found") == 0)
        err_set(&s->err, SCOPE_MAILBOX, WHEN_LATER, "autodiscover.deadline",
                "Autodiscover: no server found within %u s", s->a->deadline_ms / 1000);
    finish(s, NULL);
}

/* The event's strings are the action's, which go with the answer. */
static void answered(struct autodiscover_search *s, const struct ad_answer *answer)
{
    struct ad_action action = *ad_plan_action(s->plan);
    const char *target = action.url ? action.url : action.name;
    autofree char *copy = xstrdup(target);
    ad_plan_answer(s->plan, answer);
    if (action.step != AD_WAIT)
        tell(s, (struct autodiscover_event){
                    .step = action.step,
                    .protocol = action.protocol,
                    .target = copy,
                    .sign = action.sign,
                    .status = answer->status,
                    .code = answer->err ? answer->err->code : NULL,
                    .text = answer->err ? answer->err->text : NULL,
                    .took_ms = (uint32_t)(clock_now(loop_clock(s->a->l)) - s->step_ms),
                    .body = answer->body,
                    .body_len = answer->body_len});
    step(s);
}

static void on_http(const struct http_response *r, const struct err *err, void *user)
{
    struct autodiscover_search *s = user;
    const struct autodiscover *a = s->a;
    bool refused = !err && r->status == 401;
    bool ours = !refused || !r->offers || !a->can_sign || a->can_sign(r->offers, a->sign_user);
    s->call = NULL;
    report_login(s, err || !ours ? LOGIN_UNCLEAR : refused ? LOGIN_REFUSED : LOGIN_ACCEPTED);
    answered(s, &(struct ad_answer){.err = err,
                                    .status = r->status,
                                    .cannot_sign = refused && (!ours || !a->sign),
                                    .content_type = r->content_type,
                                    .location = r->location,
                                    .body = r->body,
                                    .body_len = r->body_len,
                                    .retry_after_ms = r->retry_after_ms});
}

static void on_srv(const struct dns_srv *v, size_t n, const struct err *err, void *user)
{
    struct autodiscover_search *s = user;
    s->query = NULL;
    answered(s, &(struct ad_answer){.err = err, .srv = v, .n_srv = n, .retry_after_ms = -1});
}

static void on_wait(void *user)
{
    struct autodiscover_search *s = user;
    s->timer = NULL;
    answered(s, &(struct ad_answer){.retry_after_ms = -1});
}

/* ---- what to do ---- */

static uint32_t time_left(const struct autodiscover_search *s)
{
    int64_t left = s->until_ms - clock_now(loop_clock(s->a->l));
    if (left > s->a->request_ms)
        left = s->a->request_ms;
    return left > 1 ? (uint32_t)left : 1;
}

static void send_document(struct autodiscover_search *s)
{
    const struct ad_action *action = ad_plan_action(s->plan);
    static const char *const soap[] = {
        "Content-Type: text/xml; charset=utf-8", "Accept: text/xml",
        "SOAPAction: \"http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/"
        "GetUserSettings\"",
        NULL};
    static const char *const pox[] = {"Content-Type: text/xml; charset=utf-8", "Accept: text/xml",
                                      NULL};
    str_clear(&s->body);
    ad_encode(action->protocol, action->url, action->address, &s->body);
    struct http_request r = {.method = "POST",
                             .url = action->url,
                             .headers = action->protocol == AD_SOAP ? soap : pox,
                             .body = s->body.p,
                             .body_len = s->body.n,
                             .timeout_ms = time_left(s)};
    if (action->sign && s->a->sign) {
        s->a->sign(&r, s->a->sign_user);
        s->signed_in = true;
    }
    s->call = http_send(s->a->https, &r, on_http, s);
}

static void ask_login(void *user);

/* Whether the account may sign in now, as all workers see it. */
static void on_login(enum login_answer answer, void *user)
{
    struct autodiscover_search *s = user;
    struct err err;
    s->asking = false;
    switch (answer) {
    case LOGIN_GO:
    case LOGIN_TRY:
        send_document(s);
        break;
    case LOGIN_WAIT:
    case LOGIN_AWAY:
        s->timer = loop_after(s->a->l, LOGIN_AGAIN_MS, ask_login, s);
        break;
    case LOGIN_STOPPED:
        err_set(&err, SCOPE_REMOTE, WHEN_LATER, "auth.refused",
                "the account is stopped: its password was refused twice");
        answered(s, &(struct ad_answer){.err = &err, .retry_after_ms = -1});
        break;
    }
}

static void ask_login(void *user)
{
    struct autodiscover_search *s = user;
    struct login_key key = key_of(s->a);
    s->timer = NULL;
    s->asking = true;
    s->a->login->ops->ask(s->a->login, &key, on_login, s);
}

static void get(struct autodiscover_search *s, const struct ad_action *action)
{
    const struct http_request r = {
        .method = "GET", .url = action->url, .timeout_ms = time_left(s), .fresh_connection = true};
    s->call = http_send(s->a->http, &r, on_http, s);
}

static void step(struct autodiscover_search *s)
{
    const struct ad_action *action = ad_plan_action(s->plan);
    s->step_ms = clock_now(loop_clock(s->a->l));
    switch (action->step) {
    case AD_ASK:
        if (action->sign && s->a->sign && s->a->login)
            ask_login(s);
        else
            send_document(s);
        break;
    case AD_GET:
        get(s, action);
        break;
    case AD_SRV:
        s->query = dns_srv(s->a->dns, action->name, time_left(s), on_srv, s);
        break;
    case AD_WAIT:
        s->timer = loop_after(s->a->l, action->wait_ms, on_wait, s);
        break;
    case AD_FOUND:
        finish(s, ad_plan_found(s->plan));
        break;
    case AD_FAILED:
        ad_plan_err(s->plan, &s->err);
        finish(s, NULL);
        break;
    }
}

static void on_start(void *user)
{
    struct autodiscover_search *s = user;
    s->timer = NULL;
    if (s->plan)
        step(s);
    else
        finish(s, NULL);
}

struct autodiscover_search *autodiscover_find(struct autodiscover *a,
                                              const char *address,
                                              const char *known,
                                              autodiscover_observe observe,
                                              autodiscover_done done,
                                              void *user)
{
    struct autodiscover_search *s = xalloc(sizeof(*s));
    s->a = a;
    s->observe = observe;
    s->done = done;
    s->user = user;
    str_init(&s->body, MAX_REQUEST);
    LIST_INSERT_HEAD(&a->searches, s, list);
    s->timer = loop_after(a->l, 0, on_start, s);
    if (ad_plan_new(&a->policy, address, known, &s->plan, &s->err) == 0) {
        s->until_ms = clock_now(loop_clock(a->l)) + a->deadline_ms;
        s->deadline = loop_after(a->l, a->deadline_ms, on_deadline, s);
    }
    return s;
}

void autodiscover_cancel(struct autodiscover_search *s)
{
    if (s)
        search_free(s);
}

/* ---- life ---- */

static bool may_connect(const char *host, const struct sockaddr *address, void *user)
{
    const struct autodiscover *a = user;
    return ad_address_allowed(&a->policy, host, address);
}

static char **copy_list(const char *const *v)
{
    size_t n = 0;
    while (v && v[n])
        n++;
    char **copy = xalloc((n + 1) * sizeof(*copy));
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(v[i]);
    return copy;
}

static void free_list(char **v)
{
    for (char **p = v; p && *p; p++)
        free(*p);
    free(v);
}

static void copy_policy(struct autodiscover *a, const struct ad_policy *from)
{
    a->mail_domains = copy_list(from->mail_domains);
    a->hosts = copy_list(from->hosts);
    a->url = xstrdup(from->url);
    a->ranges = xalloc((from->n_ranges + 1) * sizeof(*a->ranges));
    if (from->n_ranges)
        memcpy(a->ranges, from->ranges, from->n_ranges * sizeof(*a->ranges));
    a->policy = (struct ad_policy){.mail_domains = (const char *const *)a->mail_domains,
                                   .hosts = (const char *const *)a->hosts,
                                   .url = a->url,
                                   .ranges = a->ranges,
                                   .n_ranges = from->n_ranges,
                                   .internal_first = from->internal_first};
}

static struct http_client *
client(struct autodiscover *a, const struct autodiscover_config *c, bool allow_http)
{
    const struct http_limits limits = {.max_connections = CONNECTIONS,
                                       .connect_timeout_ms = CONNECT_MS,
                                       .max_response_bytes = allow_http ? GET_BYTES : AD_MAX_BYTES,
                                       .user_agent = a->user_agent,
                                       .ca_file = a->ca_file,
                                       .allow_http = allow_http,
                                       .may_connect = may_connect,
                                       .may_connect_user = a,
                                       .connect_to = c->connect_to};
    return http_client_new(a->l, &limits);
}

static const char *or_null(const char *setting)
{
    return setting && *setting ? setting : NULL;
}

int autodiscover_new(struct loop *l,
                     const struct autodiscover_config *c,
                     struct autodiscover **ret,
                     struct err *err)
{
    autoptr(autodiscover_free) struct autodiscover *a = xalloc(sizeof(*a));
    a->l = l;
    LIST_INIT(&a->searches);
    copy_policy(a, &c->policy);
    a->user_agent = xstrdup(or_null(c->user_agent));
    a->ca_file = xstrdup(or_null(c->ca_file));
    a->deadline_ms = c->deadline_ms ? c->deadline_ms : DEADLINE_MS;
    a->request_ms = c->request_ms ? c->request_ms : REQUEST_MS;
    a->sign = c->sign;
    a->can_sign = c->can_sign;
    a->sign_user = c->sign_user;
    a->login = c->login;
    a->account = xstrdup(c->login_key.account);
    a->secret = xstrdup(c->login_key.secret);
    struct guid guid;
    guid_random(&guid);
    guid_format(&guid, a->owner);
    if (ad_policy_check(&a->policy, err) < 0 || dns_new(l, c->dns_servers, &a->dns, err) < 0)
        return -1;
    a->https = client(a, c, false);
    a->http = client(a, c, true);
    *ret = steal(a);
    return 0;
}

void autodiscover_free(struct autodiscover *a)
{
    if (!a)
        return;
    while (!LIST_EMPTY(&a->searches))
        search_free(LIST_FIRST(&a->searches));
    http_client_free(a->https);
    http_client_free(a->http);
    dns_free(a->dns);
    free_list(a->mail_domains);
    free_list(a->hosts);
    free(a->url);
    free(a->user_agent);
    free(a->ca_file);
    free(a->ranges);
    free(a->account);
    free(a->secret);
    free(a);
}

void autodiscover_login(struct autodiscover *a, const char *fingerprint)
{
    free(a->secret);
    a->secret = xstrdup(fingerprint);
}

const struct ad_policy *autodiscover_policy(const struct autodiscover *a)
{
    return &a->policy;
}
