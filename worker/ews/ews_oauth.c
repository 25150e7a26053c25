#include "worker/ews/ews_oauth.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/js.h"
#include "common/base/secret.h"
#include "common/base/str.h"

#include "common/net/http.h"

enum {
    FORM_MAX = 64 * 1024,
    ANSWER_MAX = 256 * 1024,
    TOKEN_MAX = 64 * 1024,
    LIFE_MAX_S = 24 * 3600,
    LIFE_DEFAULT_S = 3600,
    TIMEOUT_MS = 20 * 1000,
    EARLY_MS = 5 * 60 * 1000, /* renewed so long before the end, or at three quarters of its life */
    RENEW_GAP_MS = 10 * 1000, /* between two tries while the old one is good */
};

static const char default_scope[] = "https://outlook.office365.com/.default";

struct ews_oauth {
    struct loop *l;
    struct http_client *http;
    char *url, *client_id, *scope;
    struct secret *secret, *token;
    uint64_t number;
    int64_t renew_ms, end_ms; /* of the token */
    struct http_call *call;
    struct str form; /* while it is out */
    bool waited_for;
    void (*done)(const struct err *err, void *user);
    void *user;
};

void ews_oauth_field(struct str *form, const char *name, const char *value)
{
    if (form->n)
        str_putc(form, '&');
    str_puts(form, name);
    str_putc(form, '=');
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
            str_putc(form, (char)c);
        else
            str_addf(form, "%%%02X", c);
    }
}

/* --- the answer --- */

/* The error's name where it is one; else NULL. */
static const char *name_of(const json_t *doc)
{
    const char *error = json_string_value(json_object_get(doc, "error"));
    size_t n = error ? strspn(error, "abcdefghijklmnopqrstuvwxyz_") : 0;
    return n > 0 && n < 40 && !error[n] ? error : NULL;
}

/* Will it pass? What has no name was not said by the endpoint itself. */
static bool passes(const char *error, int status)
{
    return !error || status == 408 || status == 429 || status >= 500 || status < 400 ||
           strcmp(error, "temporarily_unavailable") == 0;
}

/* "oauth.invalid_client" and the number that Microsoft's pages explain; nothing else of what the
 * server says is repeated. */
static int refused(const json_t *doc, int status, struct err *err)
{
    const char *error = name_of(doc);
    const char *text = json_string_value(json_object_get(doc, "error_description"));
    const char *aad = text ? strstr(text, "AADSTS") : NULL;
    int digits = aad ? (int)strspn(aad + 6, "0123456789") : 0;
    char code[48];
    if (error)
        snprintf(code, sizeof(code), "oauth.%s", error);
    else
        snprintf(code, sizeof(code), "oauth.http.%d", status);
    return err_set(err, SCOPE_REMOTE, passes(error, status) ? WHEN_LATER : WHEN_NEVER, code,
                   "the token endpoint answered %d %s%s%.*s", status, error ? error : "",
                   digits ? " AADSTS" : "", digits < 12 ? digits : 12, aad ? aad + 6 : "");
}

/* Microsoft's older endpoint writes the number as text. */
static int64_t life_of(const json_t *doc)
{
    const json_t *v = json_object_get(doc, "expires_in");
    int64_t s = json_is_integer(v)  ? json_integer_value(v)
                : json_is_string(v) ? strtoll(json_string_value(v), NULL, 10)
                                    : LIFE_DEFAULT_S;
    if (s < 1)
        return 1;
    return s < LIFE_MAX_S ? s : LIFE_MAX_S;
}

/* RFC 6750 2.1: what may stand in a header, without blanks. */
static bool is_token(const char *text)
{
    size_t n = 0;
    for (; text[n]; n++) {
        if (text[n] <= ' ' || text[n] > '~' || n >= TOKEN_MAX)
            return false;
    }
    return n > 0;
}

int ews_oauth_parse(int status,
                    const char *body,
                    size_t n,
                    struct secret **ret_token,
                    int64_t *ret_life_s,
                    struct err *err)
{
    struct err why;
    json_t *doc = js_parse(body, n, ANSWER_MAX, &why);
    const char *token = json_string_value(json_object_get(doc, "access_token"));
    int r = 0;
    if (status != 200 || json_object_get(doc, "error")) {
        r = refused(doc, status, err);
    } else if (!token || !is_token(token)) {
        r = err_set(err, SCOPE_REMOTE, WHEN_LATER, "oauth.unreadable",
                    "the token endpoint's answer holds no token");
    } else {
        *ret_token = secret_new(token, strlen(token));
        *ret_life_s = life_of(doc);
        explicit_bzero((char *)(uintptr_t)token, strlen(token)); /* ours: the document dies here */
    }
    json_decref(doc);
    return r;
}

/* --- fetching --- */

static int64_t now_of(const struct ews_oauth *o)
{
    return clock_now(loop_clock(o->l));
}

static void wipe_form(struct ews_oauth *o)
{
    if (o->form.n)
        explicit_bzero(o->form.p, o->form.n);
    str_release(&o->form);
}

static void forget(struct ews_oauth *o)
{
    secret_free(o->token);
    o->token = NULL;
}

static void keep(struct ews_oauth *o, struct secret *token, int64_t life_s)
{
    int64_t life_ms = life_s * 1000, early = life_ms / 4;
    forget(o);
    o->token = token;
    o->number++;
    o->end_ms = now_of(o) + life_ms;
    o->renew_ms = o->end_ms - (early < EARLY_MS ? early : EARLY_MS);
}

static void fetched(const struct http_response *r, const struct err *http_err, void *user)
{
    struct ews_oauth *o = user;
    struct secret *token = NULL;
    struct err err;
    int64_t life_s = 0;
    bool waited_for = o->waited_for;
    o->call = NULL;
    o->waited_for = false;
    wipe_form(o);
    if (http_err) {
        err_set(&err, SCOPE_REMOTE, WHEN_LATER, http_err->code, "token endpoint: %s",
                http_err->text);
    } else if (ews_oauth_parse(r->status, r->body, r->body_len, &token, &life_s, &err) == 0) {
        keep(o, token, life_s);
    } else if (r->retry_after_ms > 0) {
        err.after_ms = r->retry_after_ms < 3600000 ? (uint32_t)r->retry_after_ms : 3600000;
    }
    if (!token) /* the old one, if it is still good, is used on */
        o->renew_ms = now_of(o) + RENEW_GAP_MS;
    if (waited_for)
        o->done(token ? NULL : &err, o->user);
}

static void fetch(struct ews_oauth *o)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "Accept: application/json", NULL};
    if (o->call)
        return;
    str_init(&o->form, FORM_MAX);
    ews_oauth_field(&o->form, "grant_type", "client_credentials");
    ews_oauth_field(&o->form, "client_id", o->client_id);
    ews_oauth_field(&o->form, "client_secret", secret_text(o->secret));
    ews_oauth_field(&o->form, "scope", o->scope);
    struct http_request r = {.method = "POST",
                             .url = o->url,
                             .headers = headers,
                             .body = o->form.p,
                             .body_len = o->form.n,
                             .timeout_ms = TIMEOUT_MS};
    o->call = http_send(o->http, &r, fetched, o);
}

const char *ews_oauth_token(struct ews_oauth *o, uint64_t *ret_number)
{
    int64_t now = now_of(o);
    if (o->token && now >= o->end_ms)
        forget(o);
    if (!o->token || now >= o->renew_ms)
        fetch(o);
    o->waited_for |= !o->token;
    *ret_number = o->number;
    return o->token ? secret_text(o->token) : NULL;
}

void ews_oauth_replace(struct ews_oauth *o, const char *secret)
{
    secret_free(o->secret);
    o->secret = secret_new(secret, strlen(secret));
    forget(o);
}

void ews_oauth_drop(struct ews_oauth *o, uint64_t number)
{
    if (number == o->number)
        forget(o);
}

/* --- life --- */

int ews_oauth_new(struct loop *l,
                  const struct ews_oauth_config *c,
                  struct ews_oauth **ret,
                  struct err *err)
{
    if (strncmp(c->token_url, "https://", 8) != 0 &&
        !(c->allow_http && strncmp(c->token_url, "http://", 7) == 0)) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "the address of the token endpoint must begin with https://");
    }
    struct http_limits limits = {.max_connections = 1,
                                 .max_response_bytes = ANSWER_MAX,
                                 .user_agent = c->user_agent,
                                 .ca_file = c->ca_file,
                                 .allow_http = c->allow_http};
    struct ews_oauth *o = xalloc(sizeof(*o));
    o->l = l;
    o->http = http_client_new(l, &limits);
    o->url = xstrdup(c->token_url);
    o->client_id = xstrdup(c->client_id);
    o->scope = xstrdup(c->scope && *c->scope ? c->scope : default_scope);
    o->secret = secret_new(c->secret, strlen(c->secret));
    o->done = c->done;
    o->user = c->user;
    *ret = o;
    return 0;
}

void ews_oauth_free(struct ews_oauth *o)
{
    if (!o)
        return;
    http_client_free(o->http);
    wipe_form(o);
    forget(o);
    secret_free(o->secret);
    free(o->url);
    free(o->client_id);
    free(o->scope);
    free(o);
}
