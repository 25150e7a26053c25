/*
 * One EWS request: login, parsing, checks, mailbox, fault plan, service time, operation, answer.
 *
 * Nothing is saved before the service time is over, unless a fault says so. All waiting is a timer:
 * other connections go on meanwhile.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/guid.h"

#include "tests/sim/exchange/sx_auth.h"
#include "tests/sim/exchange/sx_check.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_store.h"

enum { CALL_MEMORY = 256 << 20 };

static void call_free(struct sx_call *c)
{
    if (c->doc)
        xmlFreeDoc(c->doc);
    arena_free(c->arena);
    free(c);
}

/* --- counting --- */

static void note_invalid(struct sx *x, const char *op, const struct sx_fail *fail)
{
    char **slot = &x->stats.reasons[x->stats.invalid++ % SX_REASONS];
    free(*slot);
    if (asprintf(slot, "%s: %s: %s", op, fail->code, fail->text) < 0)
        abort();
}

void sx_note_refusal(struct sx *x, const struct sx_call *c, const struct sx_fail *fail)
{
    static const char values[] =
        "ErrorInvalidContactEmailAddress|ErrorItemSavePropertyError|ErrorPropertyUpdate|"
        "ErrorDataSizeLimitExceeded|ErrorAttachmentSizeLimitExceeded";
    static const char weather[] =
        "ErrorItemNotFound|ErrorInvalidAttachmentId|ErrorFolderNotFound|ErrorParentFolderNotFound|"
        "ErrorSyncFolderNotFound|ErrorToFolderNotFound|ErrorFolderExists|"
        "ErrorIrresolvableConflict|ErrorStaleObject|ErrorInvalidSyncStateData|"
        "ErrorNameResolutionNoResults|ErrorNonExistentMailbox|ErrorAccessDenied|"
        "ErrorExceededConnectionCount|ErrorImpersonateUserDenied|"
        "ErrorNonPrimarySmtpAddress";
    if (sx_one_of(values, fail->code))
        x->stats.refused_values++;
    else if (!sx_one_of(weather, fail->code))
        note_invalid(x, c && c->op ? c->op->name : "request", fail);
}

static size_t op_index(const struct sx_op *op)
{
    size_t i = 0;
    while (sx_op_at(i) != op)
        i++;
    return i;
}

static void enter(struct sx_call *c)
{
    struct sx_stats *st = &c->x->stats;
    c->in_flight = true;
    c->mb->in_flight++;
    st->in_flight++;
    if (c->mb->in_flight > c->mb->max_in_flight)
        c->mb->max_in_flight = c->mb->in_flight;
    if (c->mb->in_flight > st->max_per_mailbox)
        st->max_per_mailbox = c->mb->in_flight;
    if (st->in_flight > st->max_in_flight)
        st->max_in_flight = st->in_flight;
    if (c->op->writes && c->mb->late_saves)
        st->over_late_saves++;
}

static void leave(struct sx_call *c)
{
    if (!c->in_flight)
        return;
    c->in_flight = false;
    c->mb->in_flight--;
    c->x->stats.in_flight--;
}

/* --- answers --- */

/* A cookie that routes to a mailbox's server: a client that carries it over to another mailbox is
 * counted. */
static unsigned cookie_of(const struct sx_mailbox *mb)
{
    unsigned h = 5381;
    for (const char *p = mb->address; *p; p++)
        h = h * 33 + (unsigned char)*p;
    return h;
}

static void
add_headers(struct sx *x, struct str *lines, const struct sim_req *req, const struct sx_mailbox *mb)
{
    struct guid id;
    char text[GUID_TEXT];
    const char *echo = sim_req_header(req, "return-client-request-id"),
               *theirs = sim_req_header(req, "client-request-id");
    guid_random(&id);
    str_addf(lines,
             "request-id: %s\nX-FEServer: SIMFE01\nX-CalculatedBETarget: "
             "simbe01.example\nCache-Control: private\n",
             guid_format(&id, text));
    if (mb)
        str_addf(lines, "Set-Cookie: X-BackEndCookie=%08x; path=/EWS; HttpOnly\n", cookie_of(mb));
    sx_auth_headers(x->auth, req, lines);
    if (echo && theirs && strcasecmp(echo, "true") == 0 && strlen(theirs) < 100)
        str_addf(lines, "client-request-id: %s\n", theirs);
}

static void send_xml(struct sx *x,
                     struct sim_req *req,
                     const struct sx_mailbox *mb,
                     int status,
                     const struct str *body,
                     struct sim_answer a)
{
    autovalue(str_release) struct str lines = STR_INIT(65536);
    add_headers(x, &lines, req, mb);
    a.status = status;
    a.content_type = "text/xml; charset=utf-8";
    a.headers = lines.p;
    a.body = body->p;
    a.n_body = body->n;
    x->stats.bytes_out += body->n;
    sim_http_answer(req, &a);
}

static void send_fault(struct sx *x,
                       struct sim_req *req,
                       const struct sx_mailbox *mb,
                       const struct sx_fail *fail)
{
    autovalue(str_release) struct str out = STR_INIT(SX_MAX_ANSWER);
    sx_soap_fault(&out, fail);
    x->stats.soap_faults++;
    send_xml(x, req, mb, 500, &out, (struct sim_answer){0});
}

static void abort_with(struct sx_call *c, enum sim_abort how)
{
    struct sim_answer a = {.abort = how};
    leave(c);
    sim_http_answer(c->req, &a);
    c->req = NULL;
}

static void send_status(struct sx_call *c, int status, const char *html)
{
    autovalue(str_release) struct str headers = STR_INIT(4096);
    if (c->hit.retry_after)
        str_addf(&headers, "Retry-After: %d\n", c->hit.retry_after);
    if (c->hit.kind == SX_FAULT_HTTP_STATUS && *c->hit.location)
        str_addf(&headers, "Location: %s\n", c->hit.location);
    struct sim_answer a = {.status = status,
                           .content_type = "text/html; charset=utf-8",
                           .headers = headers.p,
                           .body = html};
    leave(c);
    sim_http_answer(c->req, &a);
    c->req = NULL;
}

static void insert(struct str *xml, const char *before, const char *what)
{
    autovalue(str_release) struct str out = STR_INIT(SX_MAX_ANSWER);
    const char *at = strstr(xml->p, before);
    size_t n = at ? (size_t)(at - xml->p) : 0;
    str_add(&out, xml->p, n);
    str_puts(&out, what);
    str_add(&out, xml->p + n, xml->n - n);
    str_clear(xml);
    str_add(xml, out.p, out.n);
}

static const char bomb[] =
    "<!DOCTYPE s:Envelope [<!ENTITY a "
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\">"
    "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">"
    "<!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\">"
    "<!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\">]>";

/* Bad input for clients: what the plan wants of an answer that is otherwise complete. */
static void spoil(enum sx_fault_kind kind, struct str *xml, struct sim_answer *a)
{
    switch (kind) {
    case SX_FAULT_TRUNCATED_XML:
        xml->n /= 2;
        xml->p[xml->n] = 0;
        break;
    case SX_FAULT_TRUNCATED_BODY:
        a->abort = SIM_ABORT_TRUNCATE;
        a->cut_at = xml->n / 2;
        a->plain = true;
        break;
    case SX_FAULT_DTD:
        insert(xml, "<s:Envelope", "<!DOCTYPE s:Envelope [<!ELEMENT note (#PCDATA)>]>");
        break;
    case SX_FAULT_ENTITY_BOMB:
        insert(xml, "</s:Header>", "<t:Note>&h;</t:Note>");
        insert(xml, "<s:Envelope", bomb);
        break;
    case SX_FAULT_BAD_CHARREF:
        insert(xml, "</s:Header>", "<t:Note>x&#x1F;y</t:Note>");
        break;
    default:
        break;
    }
}

static void send_result(struct sx_call *c, struct str *xml)
{
    struct sim_answer a = {0};
    if (!c->req)
        return; /* cut off before */
    if (c->hit.kind == SX_FAULT_DROP_AFTER_SAVE || c->hit.kind == SX_FAULT_HALF_BATCH_DROP) {
        abort_with(c, SIM_ABORT_CLOSE);
        return;
    }
    if (c->hit.kind == SX_FAULT_HTTP_502) {
        send_status(
            c, 502,
            "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>");
        return;
    }
    spoil(c->hit.kind, xml, &a);
    leave(c);
    send_xml(c->x, c->req, c->mb, 200, xml, a);
    c->req = NULL;
}

/* --- service --- */

static void perform(struct sx_call *c, struct str *xml)
{
    if (c->late_save)
        c->mb->late_saves--;
    c->late_save = false;
    sx_soap_open(xml, c->op->name);
    sx_run(c, xml);
    sx_soap_close(xml, c->op->name);
}

/* The service time is over. */
static void serve(void *user)
{
    struct sx_call *c = user;
    autovalue(str_release) struct str xml = STR_INIT(SX_MAX_ANSWER);
    perform(c, &xml);
    send_result(c, &xml);
    call_free(c);
}

struct late { /* an answer that is ready and waits */
    struct sx_call *c;
    struct str xml;
};

static void answer_late(void *user)
{
    struct late *l = user;
    send_result(l->c, &l->xml);
    call_free(l->c);
    str_release(&l->xml);
    free(l);
}

static void save_now_answer_later(struct sx_call *c)
{
    struct late *l = xalloc(sizeof(*l));
    l->c = c;
    str_init(&l->xml, SX_MAX_ANSWER);
    perform(c, &l->xml);
    sim_http_after(c->x->http, (int64_t)c->hit.ms * 1000, answer_late, l);
}

static void busy_fail(const struct sx_call *c, struct sx_fail *fail)
{
    sx_refuse(fail, c->hit.code, "The server cannot service this request right now.");
    snprintf(fail->xml, sizeof(fail->xml), "<t:Value Name=\"BackOffMilliseconds\">%u</t:Value>",
             c->hit.back_off_ms);
}

static void send_busy(struct sx_call *c)
{
    struct sx_fail fail;
    autovalue(str_release) struct str xml = STR_INIT(SX_MAX_ANSWER);
    busy_fail(c, &fail);
    leave(c);
    if (strcmp(c->hit.shape, "fault") == 0) {
        send_fault(c->x, c->req, c->mb, &fail);
        return;
    }
    sx_soap_open(&xml, c->op->name);
    sx_message(c, "Error", &fail, &xml);
    sx_soap_close(&xml, c->op->name);
    send_xml(c->x, c->req, c->mb, 200, &xml, (struct sim_answer){0});
}

/* Faults that answer at once and save nothing. False: another kind, the call goes on. */
static bool refused_by_plan(struct sx_call *c)
{
    struct sx_fail fail;
    switch (c->hit.kind) {
    case SX_FAULT_RESET_BEFORE_SAVE:
        abort_with(c, SIM_ABORT_RESET);
        return true;
    case SX_FAULT_HTTP_503:
        send_status(c, 503, "<html><body>The service is unavailable.</body></html>");
        return true;
    case SX_FAULT_HTTP_STATUS:
        send_status(c, c->hit.status, "<html><body>refused</body></html>");
        return true;
    case SX_FAULT_HTML_200:
        send_status(c, 200,
                    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign "
                    "in</form></body></html>");
        return true;
    case SX_FAULT_SOAP_FAULT:
        sx_refuse(&fail, c->hit.code, "The request was refused by the fault plan.");
        leave(c);
        send_fault(c->x, c->req, c->mb, &fail);
        return true;
    case SX_FAULT_SERVER_BUSY:
        if (strcmp(c->hit.shape, "item") == 0)
            return false;
        send_busy(c);
        return true;
    default:
        return false;
    }
}

/* Microseconds of service; -1: the mailbox's budget is used up and that has been said. */
static int64_t service_time(struct sx_call *c)
{
    const struct sx_settings *s = &c->x->settings;
    int64_t us = (int64_t)((s->latency_ms + s->item_ms * (double)c->items) * 1000);
    us = sx_budget_charge(&c->mb->budget, &s->budget, us, clock_now(clock_real()),
                          &c->hit.back_off_ms);
    if (us < 0) {
        c->x->stats.throttled++;
        c->hit.code = "ErrorServerBusy";
        c->hit.shape = "fault";
        send_busy(c);
    }
    return us;
}

static void schedule(struct sx_call *c)
{
    if (refused_by_plan(c)) {
        call_free(c);
        return;
    }
    int64_t us = service_time(c);
    if (us < 0) {
        call_free(c);
    } else if (c->hit.kind == SX_FAULT_LATE_ANSWER) {
        save_now_answer_later(c);
    } else if (c->hit.kind == SX_FAULT_LATE_SAVE) {
        abort_with(c, SIM_ABORT_CLOSE);
        c->late_save = true;
        c->mb->late_saves++;
        sim_http_after(c->x->http, (int64_t)c->hit.ms * 1000, serve, c);
    } else if (us > 0) {
        sim_http_after(c->x->http, us, serve, c);
    } else {
        serve(c);
    }
}

/* --- from the wire to a call --- */

struct sx_mailbox *sx_mailbox_for(struct sx *x, const char *address)
{
    struct sx_mailbox *mb = sx_store_find(x->store, address);
    const char *at = strchr(address, '@');
    if (!mb && x->any_mailbox && at && strcasecmp(at + 1, x->any_mailbox) == 0) {
        mb = sx_store_add(x->store, address);
        sx_seed_foreign(x, mb, x->foreign);
    }
    return mb;
}

static bool resolve(struct sx_call *c, const struct sx_header *h, struct sx_fail *fail)
{
    struct sx *x = c->x;
    if (!h->sid_kind) {
        c->mb = x->account ? sx_store_find(x->store, x->account) : NULL;
        return c->mb || sx_refuse(fail, "ErrorMissingEmailAddress",
                                  "The account has no mailbox: name one by impersonation.");
    }
    if (x->settings.no_role)
        return sx_refuse(fail, "ErrorImpersonateUserDenied",
                         "The account does not have permission to impersonate the requested user.");
    if (strcmp(h->sid_kind, "SID") == 0)
        return sx_refuse(fail, "ErrorInvalidUserSid", "Mailboxes are not known by SID here.");
    if (!strchr(h->sid_value, '@'))
        return sx_refuse(fail, "ErrorInvalidSmtpAddress", "The SMTP address format is invalid.");
    c->mb = sx_mailbox_for(x, h->sid_value);
    if (!c->mb)
        return sx_refuse(fail, "ErrorNonExistentMailbox",
                         "The SMTP address has no mailbox associated with it.");
    if (strcmp(h->sid_kind, "PrimarySmtpAddress") == 0 &&
        strcasecmp(h->sid_value, c->mb->address) != 0) {
        sx_refuse(fail, "ErrorNonPrimarySmtpAddress",
                  "The primary SMTP address must be specified: %.150s", c->mb->address);
        snprintf(fail->xml, sizeof(fail->xml), "<t:Value Name=\"Primary\">%.200s</t:Value>",
                 c->mb->address);
        return false;
    }
    return !c->mb->refuse || sx_refuse(fail, c->mb->refuse, "The mailbox is refused.");
}

static bool check_version(struct sx_call *c, const char *version, struct sx_fail *fail)
{
    if (version && !sx_version_known(version, c->x->max_version))
        return sx_refuse(fail, "ErrorInvalidServerVersion",
                         "The specified server version is invalid.");
    c->old = sx_version_old(version);
    return !c->old || sx_version_2007_check(c->body, fail);
}

static bool read_request(struct sx_call *c, struct sx_fail *fail)
{
    struct sx *x = c->x;
    struct sx_header header = {0};
    c->doc = sx_xml_parse(c->req->body, c->req->n_body, fail);
    if (!c->doc || (x->schema && !sx_schema_check(x->schema, c->doc, fail)) ||
        !sx_structure_check(c->doc, c->arena, fail) ||
        !sx_soap_read(c->doc, c->arena, &header, &c->body, fail))
        return false;
    c->op = sx_op_find((const char *)c->body->name);
    if (!c->op || !sx_is(c->body, SX_NS_M, c->op->name))
        return sx_refuse(fail, "ErrorInvalidRequest", "The operation is not simulated: %.60s",
                         (const char *)c->body->name);
    c->items = c->op->list ? sx_children(sx_child(c->body, c->op->list)) : 1;
    return check_version(c, header.version, fail) && resolve(c, &header, fail);
}

static void note_headers(struct sx_call *c)
{
    struct sx_stats *st = &c->x->stats;
    const char *anchor = sim_req_header(c->req, "X-AnchorMailbox"),
               *cookie = sim_req_header(c->req, "Cookie");
    const char *ours = cookie ? strstr(cookie, "X-BackEndCookie=") : NULL;
    char expected[32];
    st->anchor_missing += anchor == NULL;
    st->anchor_wrong += anchor && strcasecmp(anchor, c->mb->address) != 0;
    st->no_user_agent += sim_req_header(c->req, "User-Agent") == NULL;
    st->no_request_id += sim_req_header(c->req, "client-request-id") == NULL;
    snprintf(expected, sizeof(expected), "X-BackEndCookie=%08x", cookie_of(c->mb));
    st->foreign_cookies += ours && strncmp(ours, expected, strlen(expected)) != 0;
}

static void plan(struct sx_call *c)
{
    c->hit = sx_faults_match(c->x->faults, c->op->name, c->mb->address, ++c->mb->calls);
    if (c->hit.kind == SX_FAULT_NONE)
        return;
    c->x->stats.faults[c->hit.kind]++;
    c->hit.code = arena_strdup(
        c->arena, c->hit.code); /* the plan may be replaced while the call is in service */
    c->hit.shape = arena_strdup(c->arena, c->hit.shape);
}

static void begin(struct sx_call *c)
{
    struct sx_fail fail = {0};
    if (!read_request(c, &fail)) {
        sx_note_refusal(c->x, c, &fail);
        send_fault(c->x, c->req, NULL, &fail);
        call_free(c);
        return;
    }
    assert(c->op && c->mb);
    c->x->stats.calls[op_index(c->op)]++;
    note_headers(c);
    if (c->x->settings.concurrency && c->mb->in_flight >= c->x->settings.concurrency) {
        sx_refuse(&fail, "ErrorExceededConnectionCount",
                  "You have exceeded the available concurrent connections.");
        send_fault(c->x, c->req, c->mb, &fail);
        call_free(c);
        return;
    }
    enter(c);
    plan(c);
    schedule(c);
}

void sx_serve(struct sx *x, struct sim_req *req)
{
    const char *type = sim_req_header(req, "Content-Type");
    x->stats.bytes_in += req->n_body;
    if (!sx_auth_login(x->auth, req, x->settings.reject_login)) {
        x->stats.unauthorized++;
        return;
    }
    if (!type || strncasecmp(type, "text/xml", 8) != 0) {
        struct sx_fail fail;
        sx_refuse(&fail, "ErrorInvalidRequest", "The content type is not text/xml.");
        note_invalid(x, "request", &fail);
        sim_http_answer_text(req, 415, "text/plain", "the content type must be text/xml\n");
        return;
    }
    struct sx_call *c = xalloc(sizeof(*c));
    c->x = x;
    c->req = req;
    c->arena = arena_new("ews call", CALL_MEMORY);
    begin(c);
}
