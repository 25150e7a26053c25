/*
 * One request to Exchange and what its answer means.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/guid.h"

#include "worker/ews/ews_oauth.h"
#include "worker/ews/ews_p.h"

enum { HEADER_MAX = 1024, KEEP_BYTES = 64 << 20 };

struct ews_call *ews_call_new(struct ews_store *s,
                              const struct ews_call_ops *ops,
                              size_t size,
                              const struct store_mailbox *mb)
{
    struct ews_call *c = xalloc(size);
    c->ops = ops;
    c->s = s;
    c->mb = mb;
    c->answer = arena_new("ews answer", EWS_ARENA_BYTES);
    c->keep = arena_new("ews call", KEEP_BYTES);
    c->target = (struct ews_target){
        ews_versions_get(s->versions, mb->id),
        arena_strdup(c->keep, ews_primaries_get(s->primaries, mb->id, mb->address)), mb->folder_id};
    str_init(&c->body, s->limits.max_bytes);
    TAILQ_INSERT_TAIL(&s->calls, c, list);
    return c;
}

void ews_call_free(struct ews_call *c)
{
    TAILQ_REMOVE(&c->s->calls, c, list);
    ews_gate_forget(c);
    loop_cancel(c->later);
    if (c->http)
        http_cancel(c->http);
    arena_free(c->answer);
    arena_free(c->keep);
    str_release(&c->body);
    free(c);
}

static void on_later(void *user)
{
    struct ews_call *c = user;
    struct err err = c->verdict_err;
    c->later = NULL;
    c->ops->failed(c, c->verdict, &err);
}

void ews_call_fail_later(struct ews_call *c, enum outcome o, const struct err *err)
{
    c->verdict = o;
    c->verdict_err = *err;
    c->later = loop_after(c->s->l, 0, on_later, c);
}

static bool writes(const struct ews_call *c)
{
    return c->verb == EWS_CREATE || c->verb == EWS_UPDATE || c->verb == EWS_DELETE;
}

void ews_call_cancel(struct ews_call *c)
{
    bool unknown = c->http && c->asked && writes(c);
    struct err err;
    if (c->http) {
        http_cancel(c->http);
        c->http = NULL;
    }
    loop_cancel(c->later);
    c->later = NULL;
    err_set(&err, SCOPE_MAILBOX, unknown ? WHEN_UNKNOWN : WHEN_LATER, "canceled",
            "the call was canceled");
    c->ops->failed(c, unknown ? OUT_UNKNOWN : OUT_NOT_TRIED, &err);
}

static bool may_send(void *user)
{
    struct ews_call *c = user;
    if (c->mb->may_send && !c->mb->may_send(c->mb->user))
        return false;
    c->asked = true;
    return true;
}

static bool is_web_page(const struct http_response *r)
{
    const char *p = r->body + strspn(r->body, " \t\r\n\xEF\xBB\xBF");
    return strcasestr(r->content_type, "html") || strncasecmp(p, "<!doctype html", 14) == 0 ||
           strncasecmp(p, "<html", 5) == 0;
}

static int check_answer(struct ews_call *c, const struct ews_response *r, struct err *err)
{
    if (strcmp(r->operation, c->operation) != 0)
        return err_set(err, SCOPE_REMOTE, WHEN_UNKNOWN, "ews.unreadable",
                       "the answer is not the one to our question");
    if (r->n_messages != c->n)
        return err_set(err, SCOPE_MAILBOX, WHEN_UNKNOWN, "ews.wrong_count",
                       "%zu results for %zu operations", r->n_messages, c->n);
    return 0;
}

/* A busy server may answer with one message instead of one for each operation. No other code is
 * taken as a word on all of them: the missing messages could have been of operations that were
 * done. */
static bool is_busy_whole(const struct ews_response *r)
{
    return r->n_messages == 1 && !r->messages[0].ok &&
           strcmp(r->messages[0].problem.code, "ErrorServerBusy") == 0;
}

/* The request in its envelope for an older server: only the version in the header changes. */
static bool rewrite_version(struct str *body, const char *from, const char *to)
{
    char old[64];
    autovalue(str_release) struct str out = STR_INIT(body->max + sizeof(old));
    snprintf(old, sizeof(old), "RequestServerVersion Version=\"%s\"", from);
    const char *at = strstr(body->p, old);
    if (!at)
        return false;
    size_t before = (size_t)(at - body->p), after = before + strlen(old);
    str_add(&out, body->p, before);
    str_addf(&out, "RequestServerVersion Version=\"%s\"", to);
    str_add(&out, body->p + after, body->n - after);
    str_clear(body);
    str_add(body, out.p, out.n);
    return !body->over;
}

/* A server that does not know our version has done nothing. It is asked again as an older one would
 * be, and this mailbox from then on. */
static bool step_down(struct ews_call *c, const struct ews_problem *p)
{
    struct ews_store *s = c->s;
    const char *below = ews_version_below(c->target.version);
    if (!ews_version_refused(p->code) || !below ||
        !rewrite_version(&c->body, c->target.version, below))
        return false;
    c->target.version = below;
    ews_versions_put(s->versions, c->mb->id, below);
    if (s->version_found)
        s->version_found(c->mb->id, below, s->user);
    if (ews_gate_pass(c))
        ews_call_go(c);
    return true;
}

/* A mailbox that is known to us by a second address, and says which is its first, is asked again by
 * that, once; nothing was done. */
static bool rename_mailbox(struct ews_call *c, const struct ews_problem *p)
{
    struct ews_store *s = c->s;
    if (strcmp(p->code, "ErrorNonPrimarySmtpAddress") != 0 || !p->primary || c->renamed ||
        !ews_primary_rewrite(&c->body, p->primary))
        return false;
    c->renamed = true;
    c->target.address = arena_strdup(c->keep, p->primary);
    ews_primaries_put(s->primaries, c->mb->id, c->mb->address, p->primary);
    if (ews_gate_pass(c))
        ews_call_go(c);
    return true;
}

/* What one mailbox is refused for is the account's trouble when it is all mailboxes': several in a
 * row, and a good answer to nobody between them. */
static enum outcome of_all(struct ews_call *c, enum outcome o, struct err *err)
{
    struct ews_store *s = c->s;
    size_t i = 0;
    if (!c->mb->id || !ews_error_of_all(err->code))
        return o;
    while (i < s->n_denied && s->denied[i] != c->mb->id)
        i++;
    if (i == s->n_denied && i < EWS_DENIED_ALL)
        s->denied[s->n_denied++] = c->mb->id;
    if (s->n_denied < EWS_DENIED_ALL)
        return o;
    err->scope = SCOPE_REMOTE;
    err->when = WHEN_NEVER;
    return OUT_STOP;
}

static void failed(struct ews_call *c, enum outcome o, struct err *err)
{
    o = of_all(c, o, err);
    c->ops->failed(c, o, err);
}

/* Status 200 or 500 with what may be SOAP. */
static void
on_soap(struct ews_call *c, const struct http_response *http, const struct ews_http *status)
{
    struct ews_response r;
    struct err why, err;
    enum outcome o;
    bool readable = ews_decode(http->body, http->body_len, c->answer, &r, &why) == 0;
    if (readable && r.fault) {
        if (step_down(c, &r.problem) || rename_mailbox(c, &r.problem))
            return;
        o = ews_error_fault(&r.problem, c->verb, c->n, &err);
    } else if (readable && is_busy_whole(&r)) {
        o = ews_error_fault(&r.messages[0].problem, c->verb, c->n, &err);
    } else if (readable && check_answer(c, &r, &why) == 0) {
        c->s->n_denied = 0;
        c->ops->answered(c, &r);
        return;
    } else if (status->status == 500) {
        o = ews_error_http(status, c->verb, &err);
    } else {
        o = ews_error_unreadable(&why, c->verb, &err);
    }
    failed(c, o, &err);
}

static const char *url_of(const struct ews_call *c)
{
    return c->mb->endpoint ? c->mb->endpoint : c->s->url;
}

static void trace(const struct ews_call *c, const struct http_response *http, const struct err *err)
{
    const struct ews_trace t = {.mailbox_id = c->mb->id,
                                .mailbox = c->mb->address,
                                .url = url_of(c),
                                .operation = c->operation,
                                .status = http->status,
                                .err = err,
                                .took_ms = http->took_ms,
                                .request = c->body.p,
                                .n_request = c->body.n,
                                .answer = http->body,
                                .n_answer = http->body_len};
    c->s->trace(&t, c->s->user);
}

static void on_answer(const struct http_response *http, const struct err *http_err, void *user)
{
    struct ews_call *c = user;
    struct ews_http status = {http->status, is_web_page(http), http->location,
                              http->retry_after_ms};
    struct err err;
    c->http = NULL;
    c->took_ms += http->took_ms;
    if (c->s->trace)
        trace(c, http, http_err);
    if (!http_err && http->status == 401) { /* proves that nothing was done, even of a write */
        c->asked = false;
        ews_gate_refused(c, http);
        return;
    }
    ews_gate_answered(c, !http_err);
    if (http_err) {
        enum outcome o = ews_error_transport(http_err, c->verb, &err);
        c->ops->failed(c, o, &err);
    } else if ((http->status == 200 || http->status == 500) && !status.html) {
        on_soap(c, http, &status);
    } else {
        enum outcome o = ews_error_http(&status, c->verb, &err);
        failed(c, o, &err);
    }
}

void ews_call_go(struct ews_call *c)
{
    autovalue(str_release) struct str anchor = STR_INIT(HEADER_MAX), id = STR_INIT(HEADER_MAX);
    char text[GUID_TEXT];
    struct guid guid;
    guid_random(&guid);
    str_puts(&id, "client-request-id: ");
    str_puts(&id, guid_format(&guid, text));
    str_puts(&anchor, c->s->anchor_header);
    str_puts(&anchor, ": ");
    str_puts(&anchor, c->target.address);
    const char *headers[] = {
        "Content-Type: text/xml; charset=utf-8", "Accept: text/xml",
        "return-client-request-id: true",        id.p,
        *c->s->anchor_header ? anchor.p : NULL,  NULL,
    };
    struct http_request r = {
        .method = "POST",
        .url = url_of(c),
        .headers = headers,
        .body = c->body.p,
        .body_len = c->body.n,
        .timeout_ms = c->timeout_ms,
        .send_once = writes(c),
        .fresh_connection = c->retried,
        .may_send = may_send,
        .may_send_user = c,
    };
    ews_auth_sign(c->s->auth, &r);
    if (c->s->oauth)
        r.token = ews_oauth_token(c->s->oauth, &c->token);
    c->asked = false;
    c->http = http_send(c->s->http, &r, on_answer, c);
}

void ews_call_send(struct ews_call *c, const struct ews_request *r)
{
    struct err err;
    c->verb = r->verb;
    c->operation = r->operation;
    c->n = r->n;
    c->timeout_ms = r->timeout_ms;
    c->retried = c->renewed = false;
    c->switched = 0;
    if (c->body.over) {
        err_set(&err, SCOPE_ITEM, WHEN_LATER, "ews.too_big", "the request is longer than %zu bytes",
                c->body.max);
        ews_call_fail_later(c, OUT_SPLIT, &err);
        return;
    }
    if (ews_gate_pass(c))
        ews_call_go(c);
}
