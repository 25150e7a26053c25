/*
 * The token endpoint: client credentials, as Entra ID answers them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/guid.h"

#include "tests/sim/exchange/sx_auth_p.h"

enum { FORM_MAX = 16384 };

void sx_oauth_release(struct sx_oauth *o)
{
    free(o->client);
    free(o->tenant);
    free(o->v);
}

void sx_oauth_expire(struct sx_oauth *o)
{
    for (size_t i = 0; i < o->n; i++)
        o->v[i].until_s = 0;
}

enum sx_bearer sx_oauth_check(struct sx_oauth *o, const char *token)
{
    for (size_t i = 0; i < o->n; i++) {
        if (strcmp(o->v[i].text, token) != 0)
            continue;
        if (sx_auth_now() < o->v[i].until_s)
            return SX_TOKEN_GOOD;
        o->expired++;
        return SX_TOKEN_EXPIRED;
    }
    return SX_TOKEN_UNKNOWN;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The value of a form field, decoded; NULL when absent. Caller frees. */
static char *form(const char *body, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = body; p && *p; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL) {
        if (strncmp(p, name, len) != 0 || p[len] != '=')
            continue;
        autovalue(str_release) struct str out = STR_INIT(FORM_MAX);
        for (p += len + 1; *p && *p != '&'; p++) {
            if (*p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
                str_putc(&out, (char)(hex(p[1]) << 4 | hex(p[2])));
                p += 2;
            } else {
                str_putc(&out, *p == '+' ? ' ' : *p);
            }
        }
        return str_steal(&out);
    }
    return NULL;
}

static void
refuse(struct sx_oauth *o, struct sim_req *req, int status, const char *error, const char *text)
{
    char body[512];
    o->refused++;
    snprintf(body, sizeof(body), "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, text);
    sim_http_answer_text(req, status, "application/json; charset=utf-8", body);
}

static void issue(struct sx_oauth *o, struct sim_req *req)
{
    struct guid g;
    char body[512];
    o->v = xrealloc(o->v, (o->n + 1) * sizeof(*o->v));
    struct sx_token *t = &o->v[o->n++];
    guid_random(&g);
    guid_format(&g, t->text);
    t->until_s = sx_auth_now() + o->token_s;
    o->issued++;
    double promise = o->promise_s > 0 ? o->promise_s : o->token_s;
    snprintf(body, sizeof(body),
             "{\"token_type\":\"Bearer\",\"expires_in\":%.0f,\"ext_expires_in\":%.0f,"
             "\"access_token\":\"%s\"}",
             ceil(promise), ceil(promise), t->text);
    sim_http_answer_text(req, 200, "application/json; charset=utf-8", body);
}

static bool same(char *given, const char *want)
{
    bool ok = given && strcmp(given, want) == 0;
    free(given);
    return ok;
}

/* @source  RFC 6749 4.4.2 and 5.2; the descriptions are those of Entra ID, shortened */
static void judge_form(struct sx_auth *a, struct sim_req *req)
{
    struct sx_oauth *o = &a->oauth;
    const struct {
        const char *field, *want, *error, *text;
        int status;
    } rules[] = {
        {"grant_type", "client_credentials", "unsupported_grant_type",
         "AADSTS70003: unsupported grant type.", 400},
        {"scope", "https://outlook.office365.com/.default", "invalid_scope",
         "AADSTS70011: the scope is not valid.", 400},
        {"client_id", o->client, "unauthorized_client", "AADSTS700016: application not found.",
         400},
        {"client_secret", a->password, "invalid_client",
         "AADSTS7000215: Invalid client secret provided.", 401},
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (!same(form(req->body, rules[i].field), rules[i].want)) {
            refuse(o, req, rules[i].status, rules[i].error, rules[i].text);
            return;
        }
    }
    issue(o, req);
}

bool sx_auth_token(struct sx_auth *a, struct sim_req *req)
{
    struct sx_oauth *o = &a->oauth;
    static const char tail[] = "/oauth2/v2.0/token";
    size_t n = strlen(req->path);
    if (n < sizeof(tail) || strcmp(req->path + n - (sizeof(tail) - 1), tail) != 0)
        return false;
    const char *type = sim_req_header(req, "Content-Type");
    if (o->status)
        sim_http_answer_text(req, o->status, "text/html", "<html>not now</html>");
    else if (strncmp(req->path + 1, o->tenant, strlen(o->tenant)) != 0 ||
             n != 1 + strlen(o->tenant) + sizeof(tail) - 1)
        refuse(o, req, 400, "invalid_request", "AADSTS90002: Tenant not found.");
    else if (strcmp(req->method, "POST") != 0 || !type ||
             strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
        refuse(o, req, 400, "invalid_request", "AADSTS900144: the request body is not a form.");
    else
        judge_form(a, req);
    return true;
}
