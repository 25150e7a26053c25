#include "tests/sim/exchange/sx_autodiscover.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/exchange/sx_auth.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_store.h"
#include "tests/sim/exchange/sx_xml.h"

#define NS_A        "http://schemas.microsoft.com/exchange/2010/Autodiscover"
#define NS_REQUEST  "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
#define NS_OUTLOOK  "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
#define NS_RESPONSE "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
#define NS_WSA      "http://www.w3.org/2005/08/addressing"

enum { MAX_TEXT = 1 << 20, ARENA = 1 << 20 };

struct sx_autodiscover {
    json_t *config, *hosts, *signed_hosts; /* requests by host; those with credentials */
    uint64_t soap, pox, get, unauthorized, invalid, found, ews_gone;
};

struct sx_autodiscover *sx_autodiscover_new(void)
{
    struct sx_autodiscover *d = xalloc(sizeof(*d));
    d->config = json_object();
    d->hosts = json_object();
    d->signed_hosts = json_object();
    return d;
}

void sx_autodiscover_free(struct sx_autodiscover *d)
{
    if (!d)
        return;
    json_decref(d->config);
    json_decref(d->hosts);
    json_decref(d->signed_hosts);
    free(d);
}

/* ---- one request ---- */

struct question {
    struct sx *x;
    struct sx_autodiscover *d;
    struct sim_req *req;
    struct arena *a;
    char host[300]; /* without the port */
    bool soap;
    const json_t *rule;
};

static bool in_list(const json_t *list, const char *host)
{
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
    {
        if (json_is_string(v) && strcasecmp(json_string_value(v), host) == 0)
            return true;
    }
    return false;
}

static void host_of(const struct sim_req *req, char *ret, size_t size)
{
    const char *host = sim_req_header(req, "Host");
    snprintf(ret, size, "%.*s", host ? (int)strcspn(host, ":") : 0, host ? host : "");
}

static bool fits(const json_t *rule, const char *member, const char *value)
{
    const char *want = json_string_value(json_object_get(rule, member));
    return !want || (value && strcasecmp(want, value) == 0);
}

/* Takes one of its times. */
static const json_t *rule_for(struct question *q, const char *address)
{
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(q->d->config, "rules"), i, rule)
    {
        json_t *left = json_object_get(rule, "times");
        if (!fits(rule, "host", q->host) || !fits(rule, "protocol", q->soap ? "soap" : "pox") ||
            !fits(rule, "address", address) || json_integer_value(left) < 0)
            continue;
        if (json_integer_value(left) == 1)
            json_object_set_new(rule, "times", json_integer(-1));
        else if (json_integer_value(left) > 1)
            json_object_set_new(rule, "times", json_integer(json_integer_value(left) - 1));
        return rule;
    }
    return NULL;
}

static const char *what(const struct question *q)
{
    const char *text = json_string_value(json_object_get(q->rule, "do"));
    return text ? text : "";
}

static const char *member(const struct question *q, const char *name)
{
    const char *text = json_string_value(json_object_get(q->rule, name));
    return text ? text : "";
}

static void answer(struct question *q, struct sim_answer a, struct str *body)
{
    autovalue(str_release) struct str lines = STR_INIT(MAX_TEXT);
    str_puts(&lines, "X-SOAP-Enabled: True\nX-FEServer: SIMFE01\n");
    sx_auth_headers(q->x->auth, q->req, &lines);
    if (a.headers)
        str_puts(&lines, a.headers);
    a.headers = lines.p;
    a.content_type = a.content_type ? a.content_type : "text/xml; charset=utf-8";
    a.body = body->p;
    a.n_body = body->n;
    if (strcmp(what(q), "slow") == 0)
        a.delay_ms = (uint32_t)json_integer_value(json_object_get(q->rule, "ms"));
    if (strcmp(what(q), "cut") == 0) {
        a.abort = SIM_ABORT_TRUNCATE;
        a.cut_at = body->n / 2;
        a.plain = true;
    }
    sim_http_answer(q->req, &a);
}

static void answer_html(struct question *q, int status, const char *headers)
{
    autovalue(str_release) struct str body = STR_INIT(MAX_TEXT);
    str_puts(&body, "<html><head><title>Our church</title></head><body>Welcome</body></html>");
    answer(q,
           (struct sim_answer){.status = status, .content_type = "text/html", .headers = headers},
           &body);
}

/* What a rule wants that has no document. false: it wants something else. */
static bool answer_by_rule(struct question *q)
{
    const char *w = what(q);
    char location[4096];
    if (strcmp(w, "html") == 0) {
        answer_html(q, 200, NULL);
    } else if (strcmp(w, "status") == 0) {
        answer_html(q, (int)json_integer_value(json_object_get(q->rule, "status")), NULL);
    } else if (strcmp(w, "redirect") == 0) {
        snprintf(location, sizeof(location), "Location: %s\n", member(q, "target"));
        answer_html(q, 302, location);
    } else if (strcmp(w, "drop") == 0) {
        sim_http_answer(q->req, &(struct sim_answer){.abort = SIM_ABORT_CLOSE});
    } else {
        return false;
    }
    return true;
}

static void invalid(struct question *q)
{
    q->d->invalid++;
}

/* ---- where Exchange is ---- */

static void external_url(const struct question *q, const char *address, struct str *out)
{
    const json_t *own = json_object_get(q->d->config, "mailboxes"), *v;
    const char *name;
    json_t *each;
    json_object_foreach((json_t *)(uintptr_t)own, name, each)
    {
        if (strcasecmp(name, address) == 0) {
            str_puts(out, json_string_value(each));
            return;
        }
    }
    v = json_object_get(q->d->config, "external");
    if (json_is_string(v))
        str_puts(out, json_string_value(v));
    else
        str_addf(out, "https://%s/EWS/Exchange.asmx", q->host);
}

static const char *internal_url(const struct question *q)
{
    return json_string_value(json_object_get(q->d->config, "internal"));
}

/* ---- POX ---- */

static void pox_error(struct question *q, const char *code, const char *message)
{
    autovalue(str_release) struct str out = STR_INIT(MAX_TEXT);
    str_addf(&out,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" NS_RESPONSE
             "\"><Response><Error Time=\"09:15:02.1234567\" Id=\"1054084152\"><ErrorCode>%s"
             "</ErrorCode><Message>%s</Message><DebugData/></Error></Response></Autodiscover>",
             code, message);
    answer(q, (struct sim_answer){.status = 200}, &out);
}

static void pox_protocol(struct str *out, const char *type, const char *url)
{
    str_addf(out, "<Protocol><Type>%s</Type><ASUrl>", type);
    sx_escape(out, url);
    str_puts(out, "</ASUrl><EwsUrl>");
    sx_escape(out, url);
    str_puts(out, "</EwsUrl></Protocol>");
}

static void pox_account(struct question *q, const char *address, struct str *out)
{
    autovalue(str_release) struct str url = STR_INIT(MAX_TEXT);
    const char *w = what(q), *internal = internal_url(q);
    str_puts(out, "<Account><AccountType>email</AccountType><Action>");
    if (strcmp(w, "redirect_url") == 0) {
        str_puts(out, "redirectUrl</Action><RedirectUrl>");
        sx_escape(out, member(q, "target"));
        str_puts(out, "</RedirectUrl>");
    } else if (strcmp(w, "redirect_address") == 0) {
        str_puts(out, "redirectAddr</Action><RedirectAddr>");
        sx_escape(out, member(q, "target"));
        str_puts(out, "</RedirectAddr>");
    } else {
        q->d->found++;
        external_url(q, address, &url);
        str_puts(out, "settings</Action>");
        if (internal)
            pox_protocol(out, "EXCH", internal);
        pox_protocol(out, "EXPR", url.p);
    }
    str_puts(out, "</Account>");
}

/* The address; NULL: refused, and answered. */
static const char *pox_request(struct question *q, const xmlDoc *doc)
{
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const char *address = "", *schema = "";
    bool ok = root && sx_is(root, NS_REQUEST, "Autodiscover") && sx_first(root) &&
              sx_is(sx_first(root), NS_REQUEST, "Request");
    for (const xmlNode *n = ok ? sx_first(sx_first(root)) : NULL; n; n = sx_next(n)) {
        if (sx_is(n, NS_REQUEST, "EMailAddress"))
            address = sx_text(n, q->a);
        else if (sx_is(n, NS_REQUEST, "AcceptableResponseSchema"))
            schema = sx_text(n, q->a);
    }
    if (*address && strcmp(schema, NS_OUTLOOK) == 0)
        return address;
    invalid(q);
    if (*address)
        pox_error(q, "601", "Provider is not available");
    else
        pox_error(q, "600", "Invalid Request");
    return NULL;
}

static void pox_answer(struct question *q, const char *address)
{
    autovalue(str_release) struct str out = STR_INIT(MAX_TEXT);
    str_puts(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" NS_RESPONSE
                   "\"><Response xmlns=\"" NS_OUTLOOK "\"><User><DisplayName>Mailbox</DisplayName>"
                   "<AutoDiscoverSMTPAddress>");
    sx_escape(&out, address);
    str_puts(&out, "</AutoDiscoverSMTPAddress></User>");
    pox_account(q, address, &out);
    str_puts(&out, "</Response></Autodiscover>");
    answer(q, (struct sim_answer){.status = 200}, &out);
}

static void serve_pox(struct question *q, xmlDoc *doc)
{
    const char *address = pox_request(q, doc);
    if (!address)
        return;
    q->rule = rule_for(q, address);
    const char *w = what(q);
    if (answer_by_rule(q))
        return;
    if (strcmp(w, "error") == 0 || strcmp(w, "busy") == 0 || strcmp(w, "fault") == 0)
        pox_error(q, *member(q, "code") ? member(q, "code") : "603", "Active Directory is busy");
    else if (!*w && !sx_mailbox_for(q->x, address))
        pox_error(q, "500", "The e-mail address can't be found.");
    else
        pox_answer(q, address);
}

/* ---- SOAP ---- */

static const xmlNode *child(const xmlNode *n, const char *ns, const char *name)
{
    for (n = n ? sx_first(n) : NULL; n; n = sx_next(n))
        if (sx_is(n, ns, name))
            return n;
    return NULL;
}

static void soap_fault(struct question *q, const char *text)
{
    autovalue(str_release) struct str out = STR_INIT(MAX_TEXT);
    str_addf(&out,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<s:Envelope xmlns:s=\"" SX_NS_SOAP
             "\"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>%s</faultstring>"
             "</s:Fault></s:Body></s:Envelope>",
             text);
    answer(q, (struct sim_answer){.status = 500}, &out);
}

static void soap_setting(struct str *out, const char *name, const char *value)
{
    str_addf(out, "<UserSetting i:type=\"StringSetting\"><Name>%s</Name><Value>", name);
    sx_escape(out, value);
    str_puts(out, "</Value></UserSetting>");
}

static void
soap_settings(struct question *q, const char *address, const xmlNode *wanted, struct str *out)
{
    autovalue(str_release) struct str url = STR_INIT(MAX_TEXT), errors = STR_INIT(MAX_TEXT);
    external_url(q, address, &url);
    str_puts(out, "<UserSettings>");
    for (const xmlNode *n = wanted ? sx_first(wanted) : NULL; n; n = sx_next(n)) {
        const char *name = sx_text(n, q->a);
        if (strcmp(name, "ExternalEwsUrl") == 0)
            soap_setting(out, name, url.p);
        else if (strcmp(name, "InternalEwsUrl") == 0 && internal_url(q))
            soap_setting(out, name, internal_url(q));
        else if (strcmp(name, "EwsSupportedSchemas") == 0)
            soap_setting(out, name,
                         "Exchange2007, Exchange2007_SP1, Exchange2010, "
                         "Exchange2010_SP1, Exchange2010_SP2, Exchange2013");
        else if (strcmp(name, "AutoDiscoverSMTPAddress") == 0)
            soap_setting(out, name, address);
        else if (strcmp(name, "UserDisplayName") == 0)
            soap_setting(out, name, "Mailbox");
        else {
            str_puts(&errors, "<UserSettingError><ErrorCode>SettingIsNotAvailable</ErrorCode>"
                              "<ErrorMessage/><SettingName>");
            sx_escape(&errors, name);
            str_puts(&errors, "</SettingName></UserSettingError>");
        }
    }
    str_puts(out, "</UserSettings>");
    str_addf(out, "<UserSettingErrors>%s</UserSettingErrors>", errors.p);
}

static void
soap_user(struct question *q, const char *address, const xmlNode *wanted, struct str *out)
{
    const char *w = what(q), *code = "NoError", *target = NULL;
    if (strcmp(w, "redirect_url") == 0) {
        code = "RedirectUrl";
        target = member(q, "target");
    } else if (strcmp(w, "redirect_address") == 0) {
        code = "RedirectAddress";
        target = member(q, "target");
    } else if (strcmp(w, "error") == 0) {
        code = member(q, "code");
    } else if (strcmp(w, "busy") == 0) {
        code = "ServerBusy";
    } else if (!sx_mailbox_for(q->x, address)) {
        code = "InvalidUser";
    }
    str_addf(out, "<UserResponse><ErrorCode>%s</ErrorCode><ErrorMessage>%s</ErrorMessage>", code,
             code);
    if (target) {
        str_puts(out, "<RedirectTarget>");
        sx_escape(out, target);
        str_puts(out, "</RedirectTarget>");
    } else {
        str_puts(out, "<RedirectTarget i:nil=\"true\"/>");
    }
    if (strcmp(code, "NoError") == 0) {
        q->d->found++;
        soap_settings(q, address, wanted, out);
    } else {
        str_puts(out, "<UserSettingErrors/><UserSettings/>");
    }
    str_puts(out, "</UserResponse>");
}

/* Action and version are what a server checks first. */
static const xmlNode *soap_request(const xmlDoc *doc, struct arena *a, const char **why)
{
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *header = child(root, SX_NS_SOAP, "Header"),
                  *body = child(root, SX_NS_SOAP, "Body");
    const xmlNode *action = child(header, NS_WSA, "Action");
    const xmlNode *version = child(header, NS_A, "RequestedServerVersion");
    const xmlNode *message = child(body, NS_A, "GetUserSettingsRequestMessage");
    *why = !root || !sx_is(root, SX_NS_SOAP, "Envelope") ? "not a SOAP envelope"
           : !action || strcmp(sx_text(action, a), NS_A "/Autodiscover/GetUserSettings") != 0
               ? "the Action header is not that of GetUserSettings"
           : !version || strncmp(sx_text(version, a), "Exchange20", 10) != 0
               ? "the RequestedServerVersion header is missing"
           : !child(header, NS_WSA, "To") ? "the To header is missing"
           : !message                     ? "the body is not GetUserSettingsRequestMessage"
                                          : NULL;
    return *why ? NULL : child(message, NS_A, "Request");
}

static void serve_soap(struct question *q, xmlDoc *doc)
{
    autovalue(str_release) struct str out = STR_INIT(MAX_TEXT);
    const char *why;
    const xmlNode *request = soap_request(doc, q->a, &why);
    const xmlNode *users = child(request, NS_A, "Users");
    const xmlNode *wanted = child(request, NS_A, "RequestedSettings");
    const xmlNode *first = users ? child(sx_first(users), NS_A, "Mailbox") : NULL;
    if (!first || !wanted || !sx_first(wanted)) {
        invalid(q);
        soap_fault(q, why ? why : "Users and RequestedSettings must not be empty");
        return;
    }
    q->rule = rule_for(q, sx_text(first, q->a));
    if (answer_by_rule(q))
        return;
    if (strcmp(what(q), "fault") == 0) {
        soap_fault(q, "An internal server error occurred.");
        return;
    }
    str_puts(&out,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<s:Envelope xmlns:s=\"" SX_NS_SOAP
             "\" xmlns:a=\"" NS_WSA "\"><s:Header><a:Action s:mustUnderstand=\"1\">" NS_A
             "/Autodiscover/GetUserSettingsResponse</a:Action><h:ServerVersionInfo xmlns:h=\"" NS_A
             "\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><h:MajorVersion>15"
             "</h:MajorVersion><h:MinorVersion>1</h:MinorVersion><h:MajorBuildNumber>2507"
             "</h:MajorBuildNumber><h:MinorBuildNumber>6</h:MinorBuildNumber><h:Version>"
             "Exchange2016</h:Version></h:ServerVersionInfo></s:Header><s:Body>"
             "<GetUserSettingsResponseMessage xmlns=\"" NS_A
             "\"><Response xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"
             "<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>");
    for (const xmlNode *user = sx_first(users); user; user = sx_next(user)) {
        const xmlNode *mailbox = child(user, NS_A, "Mailbox");
        soap_user(q, mailbox ? sx_text(mailbox, q->a) : "", wanted, &out);
    }
    str_puts(&out, "</UserResponses></Response></GetUserSettingsResponseMessage></s:Body>"
                   "</s:Envelope>");
    answer(q, (struct sim_answer){.status = 200}, &out);
}

/* ---- serving ---- */

static void count(json_t *by_host, const char *host)
{
    json_int_t n = json_integer_value(json_object_get(by_host, host));
    json_object_set_new(by_host, host, json_integer(n + 1));
}

static void serve(struct question *q, bool post)
{
    char location[4096];
    const char *target = json_string_value(json_object_get(q->d->config, "get"));
    const json_t *hosts = json_object_get(q->d->config, "hosts");
    if (hosts && !in_list(hosts, q->host)) {
        answer_html(q, 404, NULL);
        return;
    }
    if (!post && target) { /* without a sign-in */
        snprintf(location, sizeof(location), "Location: %s\n", target);
        answer_html(q, 302, location);
        return;
    }
    if (!sx_auth_login(q->x->auth, q->req, q->x->settings.reject_login)) {
        q->d->unauthorized++;
        return;
    }
    struct sx_fail fail;
    xmlDoc *doc = post ? sx_xml_parse(q->req->body, q->req->n_body, &fail) : NULL;
    if (q->soap)
        serve_soap(q, doc);
    else
        serve_pox(q, doc);
    if (doc)
        xmlFreeDoc(doc);
}

bool sx_autodiscover_serve(struct sx *x, struct sim_req *req)
{
    bool soap = strcasecmp(req->path, "/autodiscover/autodiscover.svc") == 0;
    bool post = strcmp(req->method, "POST") == 0;
    if (!soap && strcasecmp(req->path, "/autodiscover/autodiscover.xml") != 0)
        return false;
    struct question q = {.x = x, .d = x->autodiscover, .req = req, .soap = soap};
    q.a = arena_new("autodiscover", ARENA);
    host_of(req, q.host, sizeof(q.host));
    count(q.d->hosts, q.host);
    if (sim_req_header(req, "Authorization"))
        count(q.d->signed_hosts, q.host);
    if (!post)
        q.d->get++;
    else if (soap)
        q.d->soap++;
    else
        q.d->pox++;
    serve(&q, post);
    arena_free(q.a);
    return true;
}

bool sx_autodiscover_gone(struct sx *x, struct sim_req *req)
{
    char host[300];
    host_of(req, host, sizeof(host));
    if (!in_list(json_object_get(x->autodiscover->config, "gone"), host))
        return false;
    x->autodiscover->ews_gone++;
    sim_http_answer_text(req, 404, "text/html", "<html><body>404 - not found</body></html>");
    return true;
}

/* ---- control ---- */

static void clear_counts(struct sx_autodiscover *d)
{
    d->soap = d->pox = d->get = d->unauthorized = d->invalid = d->found = d->ews_gone = 0;
    json_object_clear(d->hosts);
    json_object_clear(d->signed_hosts);
}

int sx_autodiscover_control(struct sx_autodiscover *d,
                            const char *method,
                            json_t *body,
                            json_t **ret)
{
    const char *name;
    json_t *v;
    if (strcmp(method, "DELETE") == 0)
        clear_counts(d);
    if (strcmp(method, "POST") == 0) {
        json_object_foreach(body, name, v)
        {
            if (json_is_null(v))
                json_object_del(d->config, name);
            else
                json_object_set_new(d->config, name, json_deep_copy(v));
        }
    }
    *ret = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:O}", "soap",
                     (json_int_t)d->soap, "pox", (json_int_t)d->pox, "get", (json_int_t)d->get,
                     "unauthorized", (json_int_t)d->unauthorized, "invalid", (json_int_t)d->invalid,
                     "found", (json_int_t)d->found, "ews_gone", (json_int_t)d->ews_gone, "hosts",
                     d->hosts, "signed", d->signed_hosts, "config", d->config);
    return 200;
}
