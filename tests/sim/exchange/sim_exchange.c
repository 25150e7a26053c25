#include "tests/sim/exchange/sim_exchange.h"

#include <libxml/parser.h>
#include <string.h>

#include "common/base/str.h"

#include "tests/sim/exchange/sx_auth.h"
#include "tests/sim/exchange/sx_autodiscover.h"
#include "tests/sim/exchange/sx_check.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_store.h"

struct sim_exchange {
    struct sx x;           /* the loop's */
    struct sim_http *http; /* ours */
};

static void answer_json(struct sim_req *req, int status, json_t *body)
{
    autofree char *text = json_dumps(body, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    sim_http_answer_text(req, status, "application/json", text ? text : "{}");
    json_decref(body);
}

static void handle(struct sim_req *req, void *user)
{
    struct sx *x = user;
    json_t *body;
    x->http = req->server; /* requests may come before sim_http_start has returned */
    if (strncmp(req->path, "/control/", 9) == 0) {
        int status = sx_control(x, req->method, req->path, req->body, &body);
        answer_json(req, status, body);
    } else if (sx_auth_token(x->auth, req) || sx_autodiscover_serve(x, req)) {
        return;
    } else if (strcasecmp(req->path, "/EWS/Exchange.asmx") != 0) {
        sim_http_answer_text(req, 404, "text/html", "<html><body>404 - not found</body></html>");
    } else if (sx_autodiscover_gone(x, req)) {
        return;
    } else if (strcmp(req->method, "POST") != 0) {
        struct sim_answer a = {.status = 405,
                               .headers = "Allow: POST\n",
                               .content_type = "text/html",
                               .body = "<html><body>POST only</body></html>"};
        sim_http_answer(req, &a);
    } else {
        sx_serve(x, req);
    }
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void release(struct sx *x)
{
    sx_auth_free(x->auth);
    sx_autodiscover_free(x->autodiscover);
    sx_store_free(x->store);
    sx_faults_free(x->faults);
    sx_schema_free(x->schema);
    for (size_t i = 0; i < SX_REASONS; i++)
        free(x->stats.reasons[i]);
    free(x->account);
    free(x->any_mailbox);
    free(x->max_version);
}

struct sim_exchange *sim_exchange_start(const struct sim_exchange_options *o, struct err *err)
{
    struct sim_exchange *s = xalloc(sizeof(*s));
    struct sx *x = &s->x;
    xmlInitParser();
    x->seed = o->seed;
    x->autodiscover = sx_autodiscover_new();
    x->foreign = o->foreign;
    x->store = sx_store_new(o->seed);
    x->faults = sx_faults_new(o->seed);
    x->account = xstrdup(o->account);
    x->any_mailbox = xstrdup(o->any_mailbox);
    x->max_version = xstrdup(or_else(o->max_version, "Exchange2016"));
    x->settings = (struct sx_settings){.latency_ms = o->latency_ms,
                                       .item_ms = o->item_ms,
                                       .concurrency = o->concurrency,
                                       .stale_code = "ErrorIrresolvableConflict"};
    if (x->account)
        sx_store_add(x->store, x->account);
    struct sim_http_options http = {.port = o->port,
                                    .port_file = o->port_file,
                                    .gzip = !o->no_gzip,
                                    .handler = handle,
                                    .user = x};
    struct sx_auth_options auth = {.methods = o->auth,
                                   .user = o->user,
                                   .password = o->password,
                                   .domain = o->domain,
                                   .keytab = o->keytab,
                                   .client = o->client,
                                   .tenant = o->tenant,
                                   .token_s = o->token_s,
                                   .promise_s = o->promise_s};
    if (!(x->auth = sx_auth_new(&auth, err)) ||
        (o->schema && !(x->schema = sx_schema_load(o->schema, err))) ||
        !(s->http = sim_http_start(&http, err))) {
        release(x);
        free(s);
        return NULL;
    }
    return s;
}

uint16_t sim_exchange_port(const struct sim_exchange *s)
{
    return sim_http_port(s->http);
}

void sim_exchange_stop(struct sim_exchange *s)
{
    if (!s)
        return;
    sim_http_stop(s->http);
    release(&s->x);
    free(s);
}

struct control_call {
    struct sim_exchange *s;
    const char *method, *path, *body;
    int status;
    json_t *result;
};

static void run_control(void *user)
{
    struct control_call *c = user;
    c->s->x.http = c->s->http;
    c->status = sx_control(&c->s->x, c->method, c->path, c->body, &c->result);
}

char *sim_exchange_control(
    struct sim_exchange *s, const char *method, const char *path, const char *body, int *ret_status)
{
    struct control_call c = {.s = s, .method = method, .path = path, .body = body};
    sim_http_call(s->http, run_control, &c);
    char *text = json_dumps(c.result, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    json_decref(c.result);
    if (ret_status)
        *ret_status = c.status;
    return text;
}
