#include "tests/sim/exchange/sx_auth.h"

#include <string.h>
#include <time.h>

#include "common/base/digest.h"
#include "common/base/guid.h"

#include "tests/sim/exchange/sx_auth_p.h"

enum { TEXT_MAX = 8192, MESSAGE_MAX = 16384 };

static const char *const names[SX_METHODS] = {"basic", "ntlm", "negotiate", "bearer"};
static const char *const schemes[SX_METHODS] = {"Basic realm=\"sim-exchange\"", "NTLM", "Negotiate",
                                                "Bearer realm=\"sim-exchange\""};

double sx_auth_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- life --- */

static bool set_methods(struct sx_auth *a, const char *text)
{
    bool offers[SX_METHODS] = {false};
    for (const char *p = text; *p; p += *p == ',') {
        size_t n = strcspn(p, ","), m = 0;
        while (m < SX_METHODS && (strlen(names[m]) != n || strncasecmp(names[m], p, n) != 0))
            m++;
        if (m == SX_METHODS)
            return false;
        offers[m] = true;
        p += n;
    }
    memcpy(a->offers, offers, sizeof(offers));
    return true;
}

static char *text_or(const char *text, const char *otherwise)
{
    return xstrdup(text ? text : otherwise);
}

struct sx_auth *sx_auth_new(const struct sx_auth_options *o, struct err *err)
{
    autoptr(sx_auth_free) struct sx_auth *a = xalloc(sizeof(*a));
    a->logins = map_new();
    a->user = text_or(o->user, "svc-sync");
    a->password = text_or(o->password, "secret");
    a->domain = text_or(o->domain, "CHURCH");
    a->keytab = xstrdup(o->keytab);
    a->oauth.client = text_or(o->client, "app-sync");
    a->oauth.tenant = text_or(o->tenant, "church");
    a->oauth.token_s = o->token_s > 0 ? o->token_s : 3600;
    a->oauth.promise_s = o->promise_s;
    if (!set_methods(a, o->methods ? o->methods : "basic")) {
        err_set(err, SCOPE_PROCESS, WHEN_NEVER, "sim.auth", "unknown way to sign in: %.60s",
                o->methods);
        return NULL;
    }
    if (a->offers[SX_NEGOTIATE] && (!sx_negotiate_there() || !a->keytab)) {
        err_set(err, SCOPE_PROCESS, WHEN_NEVER, "sim.auth", "%s",
                sx_negotiate_there() ? "negotiate needs a keytab"
                                     : "negotiate: this program is built without krb5-gssapi");
        return NULL;
    }
    return steal(a);
}

static void login_clear(struct sx_login *l)
{
    sx_negotiate_end(&l->gss);
    free(l->token);
    l->token = NULL;
}

void sx_auth_free(struct sx_auth *a)
{
    if (!a)
        return;
    map_foreach (it, a->logins) {
        login_clear(it.value);
        free(it.value);
    }
    map_free(a->logins);
    sx_oauth_release(&a->oauth);
    free(a->user);
    free(a->password);
    free(a->domain);
    free(a->keytab);
    free(a);
}

static struct sx_login *login_of(struct sx_auth *a, const struct sim_req *req)
{
    struct sx_login *l = map_get_u64(a->logins, req->connection);
    if (!l) {
        l = xalloc(sizeof(*l));
        map_put_u64(a->logins, req->connection, l);
    }
    return l;
}

/* --- answers --- */

/* 401 with everything that is offered; first: instead of the bare name of its method. */
static bool
ask(struct sx_auth *a, struct sim_req *req, int method, const char *first, const char *more)
{
    autovalue(str_release) struct str lines = STR_INIT(4 * MESSAGE_MAX);
    for (int m = 0; m < SX_METHODS; m++) {
        if (a->offers[m] && (method < 0 || m == method))
            str_addf(&lines, "WWW-Authenticate: %s%s%s\n", schemes[m], first ? " " : "",
                     first ? first : "");
    }
    str_addf(&lines, "X-FEServer: SIMFE01\n%s", more ? more : "");
    struct sim_answer answer = {.status = 401,
                                .content_type = "text/html",
                                .headers = lines.p,
                                .body = "<html><body>401 - Unauthorized</body></html>"};
    sim_http_answer(req, &answer);
    return false;
}

static bool refuse(struct sx_auth *a, struct sim_req *req)
{
    a->counts.refused++;
    return ask(a, req, -1, NULL, NULL);
}

static bool accept_login(struct sx_auth *a, struct sx_login *l, enum sx_method m)
{
    l->in = l->fresh = true;
    l->by = m;
    l->epoch = a->epoch;
    l->challenged = false;
    l->done += m == SX_NTLM || m == SX_NEGOTIATE;
    a->counts.ok[m]++;
    return true;
}

void sx_auth_headers(struct sx_auth *a, const struct sim_req *req, struct str *lines)
{
    struct sx_login *l = map_get_u64(a->logins, req->connection);
    if (!l || !l->fresh || l->by != SX_NEGOTIATE)
        return;
    l->fresh = false;
    if (l->token)
        str_addf(lines, "WWW-Authenticate: Negotiate %s\n", l->token);
    str_puts(lines, "Persistent-Auth: true\n");
}

/* --- the methods --- */

/* DOMAIN\user, user@anything and user are all the user. */
static bool is_user(const struct sx_auth *a, const char *name, size_t n)
{
    const char *slash = memchr(name, '\\', n);
    if (slash) {
        size_t domain = (size_t)(slash - name);
        if (domain != strlen(a->domain) || strncasecmp(name, a->domain, domain) != 0)
            return false;
        n -= domain + 1;
        name = slash + 1;
    }
    const char *at = memchr(name, '@', n);
    if (at && !strchr(a->user, '@'))
        n = (size_t)(at - name);
    return n == strlen(a->user) && strncasecmp(name, a->user, n) == 0;
}

static bool basic(struct sx_auth *a, struct sim_req *req, struct sx_login *l, const char *value)
{
    char text[TEXT_MAX];
    long n = base64_decode(value, strlen(value), text, sizeof(text) - 1);
    const char *colon = n > 0 ? memchr(text, ':', (size_t)n) : NULL;
    if (!colon)
        return refuse(a, req);
    text[n] = 0;
    if (!is_user(a, text, (size_t)(colon - text)) || strcmp(colon + 1, a->password) != 0)
        return refuse(a, req);
    accept_login(a, l, SX_BASIC);
    l->in = false; /* of this request alone */
    return true;
}

static bool ntlm_challenge(
    struct sx_auth *a, struct sim_req *req, struct sx_login *l, const uint8_t *msg, size_t n)
{
    autovalue(str_release) struct str out = STR_INIT(MESSAGE_MAX), text = STR_INIT(2 * MESSAGE_MAX);
    struct guid g;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    guid_random(&g);
    memcpy(l->challenge, g.b, sizeof(l->challenge));
    l->challenged = true;
    l->in = false;
    l->begun++;
    a->counts.begun[SX_NTLM]++;
    sx_ntlm_challenge(&out, msg, n, l->challenge, a->domain, "MAIL",
                      (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    base64_encode(&text, out.p, out.n);
    return ask(a, req, SX_NTLM, text.p, NULL);
}

static bool ntlm(struct sx_auth *a, struct sim_req *req, struct sx_login *l, const char *value)
{
    uint8_t msg[MESSAGE_MAX];
    long n = base64_decode(value, strlen(value), msg, sizeof(msg));
    int type = n > 0 ? sx_ntlm_type(msg, (size_t)n) : 0;
    if (type == 1)
        return ntlm_challenge(a, req, l, msg, (size_t)n);
    if (type != 3 || !l->challenged) { /* the proof for another connection's challenge */
        a->counts.malformed++;
        return refuse(a, req);
    }
    enum sx_ntlm_verdict v =
        sx_ntlm_check(msg, (size_t)n, l->challenge, a->user, a->domain, a->password);
    l->challenged = false;
    a->counts.v1 += v == SX_NTLM_V1;
    a->counts.malformed += v == SX_NTLM_MALFORMED;
    return v == SX_NTLM_OK ? accept_login(a, l, SX_NTLM) : refuse(a, req);
}

static bool negotiate(struct sx_auth *a, struct sim_req *req, struct sx_login *l, const char *value)
{
    autofree char *answer = NULL;
    if (!l->gss) {
        l->begun++;
        a->counts.begun[SX_NEGOTIATE]++;
    }
    int r = sx_negotiate_accept(&l->gss, a->keytab, a->user, value, &answer);
    if (r == 0)
        return ask(a, req, SX_NEGOTIATE, answer, NULL);
    if (r < 0)
        return refuse(a, req);
    free(l->token);
    l->token = steal(answer);
    return accept_login(a, l, SX_NEGOTIATE);
}

/* @source  x-ms-diagnostics: reference/ews.md section 2 */
static bool bearer(struct sx_auth *a, struct sim_req *req, struct sx_login *l, const char *value)
{
    switch (sx_oauth_check(&a->oauth, value)) {
    case SX_TOKEN_GOOD:
        accept_login(a, l, SX_BEARER);
        l->in = false;
        return true;
    case SX_TOKEN_EXPIRED:
        return ask(a, req, SX_BEARER, "error=\"invalid_token\"",
                   "x-ms-diagnostics: 2000002;reason=\"The token has expired.\";"
                   "error_category=\"token_expired\"\n");
    default:
        a->counts.refused++;
        return ask(a, req, SX_BEARER, NULL,
                   "x-ms-diagnostics: 2000000;reason=\"The token has an invalid signature.\";"
                   "error_category=\"invalid_signature\"\n");
    }
}

bool sx_auth_login(struct sx_auth *a, struct sim_req *req, bool reject)
{
    static bool (*const check[SX_METHODS])(struct sx_auth *, struct sim_req *, struct sx_login *,
                                           const char *) = {basic, ntlm, negotiate, bearer};
    const char *given = sim_req_header(req, "Authorization");
    struct sx_login *l = login_of(a, req);
    if (reject)
        return refuse(a, req);
    for (int m = 0; given && m < SX_METHODS; m++) {
        size_t n = strlen(names[m]);
        if (a->offers[m] && strncasecmp(given, names[m], n) == 0 && given[n] == ' ')
            return check[m](a, req, l, given + n + 1);
    }
    l->fresh = false;
    if (!given && l->in && l->epoch == a->epoch)
        return true;
    l->in = false;
    a->counts.asked++;
    return ask(a, req, -1, NULL, NULL);
}

/* --- control --- */

static json_t *per_connection(const struct sx_auth *a)
{
    json_int_t with = 0, begun = 0, done = 0;
    map_foreach (it, a->logins) {
        const struct sx_login *l = it.value;
        with += l->done > 0;
        begun = l->begun > begun ? l->begun : begun;
        done = l->done > done ? l->done : done;
    }
    return json_pack("{s:I, s:I, s:I}", "logged_in", with, "max_begun", begun, "max_done", done);
}

static json_t *counts_json(const struct sx_auth *a)
{
    const struct sx_auth_counts *c = &a->counts;
    json_t *o = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:{s:I, s:I, s:I, s:s}}", "refused", (json_int_t)c->refused,
        "asked", (json_int_t)c->asked, "ntlm_v1", (json_int_t)c->v1, "malformed",
        (json_int_t)c->malformed, "connections", per_connection(a), "tokens", "issued",
        (json_int_t)a->oauth.issued, "refused", (json_int_t)a->oauth.refused, "expired",
        (json_int_t)a->oauth.expired, "last", a->oauth.n ? a->oauth.v[a->oauth.n - 1].text : "");
    for (int m = 0; m < SX_METHODS; m++)
        json_object_set_new(
            o, names[m],
            json_pack("{s:I, s:I}", "ok", (json_int_t)c->ok[m], "begun", (json_int_t)c->begun[m]));
    return o;
}

static bool set_number(struct sx_auth *a, const char *name, const json_t *v)
{
    if (strcmp(name, "token_s") == 0 && json_is_number(v))
        a->oauth.token_s = json_number_value(v);
    else if (strcmp(name, "promise_s") == 0 && json_is_number(v))
        a->oauth.promise_s = json_number_value(v);
    else if (strcmp(name, "token_status") == 0 && json_is_integer(v))
        a->oauth.status = (int)json_integer_value(v);
    else
        return false;
    return true;
}

static bool set_one(struct sx_auth *a, const char *name, const json_t *v)
{
    if (strcmp(name, "forget_logins") == 0) {
        a->epoch++;
    } else if (strcmp(name, "expire_tokens") == 0) {
        sx_oauth_expire(&a->oauth);
    } else if (strcmp(name, "password") == 0 && json_is_string(v)) {
        free(a->password);
        a->password = xstrdup(json_string_value(v));
    } else if (strcmp(name, "methods") == 0 && json_is_string(v)) {
        return set_methods(a, json_string_value(v));
    } else {
        return set_number(a, name, v);
    }
    return true;
}

static void reset(struct sx_auth *a)
{
    a->counts = (struct sx_auth_counts){0};
    a->oauth.issued = a->oauth.refused = a->oauth.expired = 0;
    map_foreach (it, a->logins) {
        struct sx_login *l = it.value;
        l->begun = l->done = 0;
    }
}

int sx_auth_control(struct sx_auth *a, const char *method, json_t *body, json_t **ret)
{
    const char *name;
    json_t *v;
    if (strcmp(method, "DELETE") == 0)
        reset(a);
    if (strcmp(method, "POST") == 0) {
        json_object_foreach(body, name, v)
        {
            if (!set_one(a, name, v)) {
                *ret = json_pack("{s:s}", "error", name);
                return 400;
            }
        }
    }
    *ret = counts_json(a);
    return 200;
}
