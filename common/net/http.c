#include "common/net/http.h"

#include <assert.h>

#include "common/net/http_p.h"

enum { KEEP_ANSWER_BYTES = 256 * 1024 }; /* an idle call gives larger buffers back */

/* ---- lists ---- */

static struct http_calls *list_of(struct http_client *c, enum http_call_state state)
{
    switch (state) {
    case CALL_QUEUED:
        return &c->queued;
    case CALL_ACTIVE:
        return &c->active;
    case CALL_FINISHED:
        return &c->finished;
    case CALL_IDLE:
        return &c->idle;
    case CALL_DELIVERING:
        break;
    }
    return NULL;
}

static void move_to(struct http_call *call, enum http_call_state state)
{
    struct http_client *c = call->c;
    assert(c);
    struct http_calls *from = list_of(c, call->state), *to = list_of(c, state);
    if (from)
        TAILQ_REMOVE(from, call, list);
    if (to)
        TAILQ_INSERT_TAIL(to, call, list);
    c->n_active += (state == CALL_ACTIVE) - (call->state == CALL_ACTIVE);
    c->n_idle += (state == CALL_IDLE) - (call->state == CALL_IDLE);
    call->state = state;
}

/* ---- calls as reusable things ---- */

static struct http_call *call_take(struct http_client *c)
{
    struct http_call *call = TAILQ_FIRST(&c->idle);
    if (call) {
        move_to(call, CALL_DELIVERING); /* of no list; the caller puts it where it belongs */
        return call;
    }
    call = xalloc(sizeof(*call));
    call->c = c;
    call->state = CALL_DELIVERING;
    str_init(&call->answer, c->limits.max_response_bytes);
    http_easy_init(call);
    return call;
}

static void call_destroy(struct http_call *call)
{
    move_to(call, CALL_DELIVERING);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    str_release(&call->answer);
    curl_free(call->location);
    free(call);
}

static void call_give_back(struct http_call *call)
{
    struct http_client *c = call->c;
    if (c->freed || c->n_idle >= c->limits.max_connections) {
        call_destroy(call);
        return;
    }
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(call->headers);
    call->headers = NULL;
    curl_free(call->location);
    call->location = NULL;
    if (call->answer.cap > KEEP_ANSWER_BYTES)
        str_release(&call->answer);
    str_clear(&call->answer);
    call->body = NULL;
    call->body_len = call->offset = 0;
    call->result = CURLE_OK;
    call->attempts = 0;
    call->offers = 0;
    call->token_expired = call->disclaimed = false;
    call->handed = call->allowed = call->refused = call->fenced = call->too_big = call->bad_header =
        false;
    call->wrong_address = false;
    call->reason[0] = '\0';
    move_to(call, CALL_IDLE);
}

/* ---- driving ---- */

void http_enter(struct http_client *c)
{
    c->depth++;
}

void http_leave(struct http_client *c)
{
    if (--c->depth > 0 || !c->freed)
        return;
    curl_global_cleanup();
    free(c);
}

static void start_queued(struct http_client *c)
{
    struct http_call *call;
    while (c->n_active < c->limits.max_connections && (call = TAILQ_FIRST(&c->queued))) {
        move_to(call, CALL_ACTIVE);
        if (curl_multi_add_handle(c->multi, call->easy) != CURLM_OK)
            out_of_memory("curl");
    }
}

static void deliver(struct http_call *call)
{
    struct http_response r;
    struct err err;
    move_to(call, CALL_DELIVERING);
    bool ok = http_result(call, &r, &err) == 0;
    call->done(&r, ok ? NULL : &err, call->user);
    call_give_back(call);
}

void http_drain(struct http_client *c)
{
    struct http_call *call;
    struct CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(c->multi, &left))) {
        CURL *easy = msg->easy_handle;
        CURLcode result = msg->data.result; /* msg dies with the removal */
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
        call->result = result;
        curl_multi_remove_handle(c->multi, easy);
        move_to(call, CALL_FINISHED);
    }
    start_queued(c); /* first, so that the connections work while the callbacks do */
    while (!c->freed && (call = TAILQ_FIRST(&c->finished)))
        deliver(call);
}

static void on_kick(void *user)
{
    struct http_client *c = user;
    c->kick = NULL;
    http_enter(c);
    http_drain(c);
    http_leave(c);
}

struct http_call *
http_send(struct http_client *c, const struct http_request *r, http_done done, void *user)
{
    struct http_call *call = call_take(c);
    call->done = done;
    call->user = user;
    http_easy_set(call, r);
    if (call->bad_header || call->result != CURLE_OK) {
        move_to(call, CALL_FINISHED);
        if (!c->kick)
            c->kick = loop_after(c->l, 0, on_kick, c);
        return call;
    }
    move_to(call, CALL_QUEUED);
    start_queued(c);
    return call;
}

void http_cancel(struct http_call *call)
{
    if (!call || call->state == CALL_DELIVERING)
        return;
    assert(call->state != CALL_IDLE);
    struct http_client *c = call->c;
    if (call->state == CALL_ACTIVE)
        curl_multi_remove_handle(c->multi, call->easy);
    call_give_back(call);
    start_queued(c);
}

/* ---- life ---- */

static struct curl_slist *copy_list(const char *const *v)
{
    struct curl_slist *list = NULL;
    for (; v && *v; v++) {
        struct curl_slist *longer = curl_slist_append(list, *v);
        if (!longer)
            out_of_memory("curl");
        list = longer;
    }
    return list;
}

struct http_client *http_client_new(struct loop *l, const struct http_limits *limits)
{
    struct http_client *c = xalloc(sizeof(*c));
    c->l = l;
    c->limits = *limits;
    c->limits.user_agent = c->user_agent = xstrdup(limits->user_agent);
    c->limits.ca_file = c->ca_file = xstrdup(limits->ca_file);
    c->connect_to = copy_list(limits->connect_to);
    c->limits.connect_to = NULL;
    if (!c->limits.max_connections)
        c->limits.max_connections = 1;
    if (!c->limits.max_response_bytes)
        c->limits.max_response_bytes = HTTP_DEFAULT_MAX_BYTES;
    if (!c->limits.connect_timeout_ms)
        c->limits.connect_timeout_ms = HTTP_DEFAULT_CONNECT_MS;
    TAILQ_INIT(&c->queued);
    TAILQ_INIT(&c->active);
    TAILQ_INIT(&c->finished);
    TAILQ_INIT(&c->idle);
    http_mux_init(c);
    return c;
}

static void destroy_all(struct http_client *c, struct http_calls *calls)
{
    struct http_call *call;
    while ((call = TAILQ_FIRST(calls))) {
        if (call->state == CALL_ACTIVE)
            curl_multi_remove_handle(c->multi, call->easy);
        call_destroy(call);
    }
}

void http_client_free(struct http_client *c)
{
    if (!c || c->freed)
        return;
    c->freed = true;
    http_enter(c);
    destroy_all(c, &c->queued);
    destroy_all(c, &c->active);
    destroy_all(c, &c->finished);
    destroy_all(c, &c->idle);
    http_mux_release(c);
    loop_cancel(c->kick);
    free(c->user_agent);
    free(c->ca_file);
    curl_slist_free_all(c->connect_to);
    http_leave(c);
}
