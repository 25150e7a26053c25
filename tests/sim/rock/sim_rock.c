#include "tests/sim/rock/sim_rock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"

#include "tests/sim/rock/control.h"
#include "tests/sim/rock/sim_rock_p.h"

struct pending { /* a request between arrival and answer */
    struct sim_rock *sim;
    struct sim_req *req;
    const struct fault_rule *rule;
};

static struct counted *counted_of(struct counters *n, const char *endpoint)
{
    size_t i = 0;
    while (i < n->n && strcmp(n->by[i].endpoint, endpoint) != 0)
        i++;
    if (i == n->n && n->n < COUNTED_MAX)
        n->by[n->n++] = (struct counted){.endpoint = endpoint};
    return &n->by[i < COUNTED_MAX ? i : 0];
}

static void count(struct counters *n, const struct api_answer *a)
{
    struct counted *by = counted_of(n, a->endpoint);
    by->requests++;
    by->status_2xx += a->status / 100 == 2;
    by->status_4xx += a->status / 100 == 4;
    by->status_5xx += a->status / 100 == 5;
    n->requests++;
    n->bytes_out += a->body.n;
    if (a->query_bytes > n->longest_query)
        n->longest_query = a->query_bytes;
    if (a->filter_terms > n->most_terms)
        n->most_terms = a->filter_terms;
}

static void finish(void *user)
{
    struct pending *p = user;
    struct sim_rock *s = p->sim;
    struct api_request req = {p->req->method, p->req->target,
                              sim_req_header(p->req, "Authorization-Token"), p->req->body};
    struct api_answer answer;
    struct sim_answer out = {0};
    api_handle(&s->api, &req, &answer);
    if (p->rule)
        faults_apply(p->rule, &answer, &out);
    count(&s->counters, &answer);
    out.status = answer.status;
    out.content_type = answer.content_type;
    out.body = answer.body.p;
    out.n_body = answer.body.n;
    s->counters.concurrent--;
    sim_http_answer(p->req, &out);
    str_release(&answer.body);
    free(p);
}

/* "/api/People(5)?..." -> "People": enough for a fault rule to find its requests before they are
 * read. */
static void endpoint_of(const char *path, char *out, size_t size)
{
    const char *s = strncasecmp(path, "/api/", 5) == 0 ? path + 5 : path + (*path == '/');
    snprintf(out, size, "%.*s", (int)strcspn(s, "/(."), s);
}

static void handle(struct sim_req *req, void *user)
{
    struct sim_rock *s = user;
    if (strncmp(req->path, "/control/", 9) == 0) {
        struct control_answer answer;
        control_handle(s, req->method, req->target, req->body, &answer);
        struct sim_answer out = {.status = answer.status,
                                 .content_type = "application/json",
                                 .body = answer.body.p,
                                 .n_body = answer.body.n};
        sim_http_answer(req, &out);
        str_release(&answer.body);
        return;
    }
    char endpoint[32];
    endpoint_of(req->path, endpoint, sizeof(endpoint));
    struct pending *p = xalloc(sizeof(*p));
    *p = (struct pending){s, req, faults_pick(&s->faults, endpoint, clock_now(clock_real()))};
    uint32_t wait_ms = s->latency_ms;
    if (p->rule) {
        s->counters.faults++;
        wait_ms += p->rule->kind == FAULT_SLOW ? p->rule->ms : 0;
    }
    if (++s->counters.concurrent > s->counters.max_concurrent)
        s->counters.max_concurrent = s->counters.concurrent;
    if (wait_ms)
        sim_http_after(s->http, (int64_t)wait_ms * 1000, finish, p);
    else
        finish(p);
}

struct sim_rock *sim_rock_start(const struct sim_rock_options *options, struct err *err)
{
    struct sim_rock *s = xalloc(sizeof(*s));
    s->church = options->church ? options->church : church_generate(&options->size);
    s->seed = options->size.seed;
    s->token = xstrdup(options->token ? options->token : SIM_ROCK_TOKEN);
    s->latency_ms = options->latency_ms;
    api_init(&s->api, s->church, s->token);
    faults_init(&s->faults, options->fault_seed + 1);
    struct sim_http_options http = {.port = options->port,
                                    .port_file = options->port_file,
                                    .gzip = true,
                                    .handler = handle,
                                    .user = s};
    s->http = sim_http_start(&http, err);
    if (!s->http) {
        sim_rock_stop(s);
        return NULL;
    }
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", (unsigned)sim_http_port(s->http));
    return s;
}

void sim_rock_stop(struct sim_rock *s)
{
    if (!s)
        return;
    sim_http_stop(s->http);
    church_free(s->church);
    control_forget(s);
    free(s->token);
    free(s);
}

uint16_t sim_rock_port(const struct sim_rock *s)
{
    return sim_http_port(s->http);
}

const char *sim_rock_url(const struct sim_rock *s)
{
    return s->url;
}

struct with {
    struct church *church;
    void (*fn)(struct church *c, void *user);
    void *user;
};

static void run_with(void *user)
{
    struct with *w = user;
    w->fn(w->church, w->user);
}

void sim_rock_with(struct sim_rock *s, void (*fn)(struct church *c, void *user), void *user)
{
    struct with w = {s->church, fn, user};
    sim_http_call(s->http, run_with, &w);
}

struct control_job {
    struct sim_rock *sim;
    const char *method, *target, *body;
    struct control_answer answer;
};

static void run_control(void *user)
{
    struct control_job *job = user;
    control_handle(job->sim, job->method, job->target, job->body, &job->answer);
}

char *sim_rock_control(
    struct sim_rock *s, const char *method, const char *target, const char *body, int *status)
{
    struct control_job job = {
        .sim = s, .method = method, .target = target, .body = body ? body : ""};
    sim_http_call(s->http, run_control, &job);
    *status = job.answer.status;
    return str_steal(&job.answer.body);
}
