#include "worker/ews/ews_auth.h"

#include <openssl/evp.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/secret.h"
#include "common/base/str.h"

#include "worker/ews/ews_version.h"

enum {
    LOGIN_MAX = 1024,
    NAME_MAX_BYTES = 4096,
    FINGERPRINT = 4,        /* bytes: too few to tell a right guess from 4 billion wrong ones */
    ITERATIONS = 100 * 1000 /* about 50 ms */
};

struct ews_auth {
    enum http_auth method;
    bool may_switch;
    unsigned can;
    char *login, *name;
    struct secret *password;
    char fingerprint[2 * FINGERPRINT + 1];
};

static const struct {
    const char *setting, *name;
} methods[] = {
    [HTTP_AUTH_BASIC] = {"basic", "Basic"},
    [HTTP_AUTH_NTLM] = {"ntlm", "NTLM"},
    [HTTP_AUTH_NEGOTIATE] = {"negotiate", "Negotiate (Kerberos)"},
    [HTTP_AUTH_BEARER] = {"oauth2", "OAuth2"},
};

unsigned ews_auth_can(void)
{
    unsigned can = 0;
    for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
        if (http_can((enum http_auth)m))
            can |= HTTP_OFFERS(m);
    }
    return can;
}

static bool given(const char *text)
{
    return text && *text;
}

static int conf(struct err *err, const char *text)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s", text);
}

/* --- which method --- */

static enum http_auth best(const struct ews_account *a, unsigned can)
{
    if (given(a->client_id))
        return HTTP_AUTH_BEARER;
    if (a->keytab)
        return HTTP_AUTH_NEGOTIATE;
    return can & HTTP_OFFERS(HTTP_AUTH_NTLM) ? HTTP_AUTH_NTLM : HTTP_AUTH_BASIC;
}

static int choose(const struct ews_account *a, unsigned can, enum http_auth *ret, bool *ret_auto)
{
    const char *setting = given(a->method) ? a->method : "basic";
    *ret_auto = strcmp(setting, "auto") == 0;
    if (*ret_auto) {
        *ret = best(a, can);
        return 0;
    }
    for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
        if (strcmp(methods[m].setting, setting) == 0) {
            *ret = (enum http_auth)m;
            return 0;
        }
    }
    return -1;
}

static int check_library(enum http_auth method, unsigned can, struct err *err)
{
    if (can & HTTP_OFFERS(method))
        return 0;
    if (method == HTTP_AUTH_NTLM)
        return conf(err,
                    "this system's libcurl cannot do NTLM (it is left out from version 8.20 on "
                    "unless asked for): sign in with exchange.auth = negotiate and a keytab, "
                    "or basic over https");
    return conf(err,
                "this system's libcurl cannot do Kerberos (it needs GSS-API): take a build that "
                "has it, or another exchange.auth");
}

static int check_needs(const struct ews_account *a, enum http_auth method, struct err *err)
{
    if (method == HTTP_AUTH_BEARER)
        return given(a->client_id) && given(a->password)
                   ? 0
                   : conf(err, "OAuth2 needs exchange.oauth_client_id and its secret "
                               "(exchange.oauth_secret_file)");
    if (given(a->url) && ews_is_online(a->url))
        return conf(err, "Exchange Online takes no user and password: it needs an app registration "
                         "and exchange.auth = oauth2 (docs/sign-in.md)");
    if (method == HTTP_AUTH_NEGOTIATE)
        return 0; /* a ticket may come from elsewhere than a keytab */
    return given(a->user) ? 0 : conf(err, "exchange.user is not set");
}

/* --- life --- */

static char *login_of(const struct ews_account *a)
{
    autovalue(str_release) struct str login = STR_INIT(LOGIN_MAX);
    if (given(a->domain) && given(a->user) && !strpbrk(a->user, "\\@")) {
        str_puts(&login, a->domain);
        str_putc(&login, '\\');
    }
    str_puts(&login, given(a->user) ? a->user : "");
    return str_steal(&login);
}

/* Case does not matter to a directory, and one account must not count as two. */
static char *name_of(const struct ews_account *a, const char *login, enum http_auth method)
{
    autovalue(str_release) struct str name = STR_INIT(NAME_MAX_BYTES);
    const char *host = given(a->url) ? strstr(a->url, "://") : NULL;
    str_puts(&name, method == HTTP_AUTH_BEARER ? a->client_id : login);
    if (host) {
        str_puts(&name, " at ");
        str_add(&name, host + 3, strcspn(host + 3, "/?#"));
    }
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] >= 'A' && name.p[i] <= 'Z')
            name.p[i] = (char)(name.p[i] + 'a' - 'A');
    }
    return str_steal(&name);
}

static void set_fingerprint(struct ews_auth *a)
{
    const char *password = secret_text(a->password);
    struct sha256 salt;
    uint8_t key[FINGERPRINT];
    sha256_of(a->name, strlen(a->name), &salt);
    if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt.b, sizeof(salt.b), ITERATIONS,
                          EVP_sha256(), sizeof(key), key) != 1)
        out_of_memory("libcrypto");
    hex_encode(key, sizeof(key), a->fingerprint);
}

int ews_auth_new(const struct ews_account *config,
                 unsigned can,
                 struct ews_auth **ret,
                 struct err *err)
{
    enum http_auth method;
    bool may_switch;
    if (choose(config, can, &method, &may_switch) < 0)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "unknown way to sign in: %.40s",
                       config->method);
    if (check_needs(config, method, err) < 0 || check_library(method, can, err) < 0)
        return -1;
    struct ews_auth *a = xalloc(sizeof(*a));
    const char *password = config->password ? config->password : "";
    a->method = method;
    a->may_switch = may_switch && (method == HTTP_AUTH_NTLM || method == HTTP_AUTH_BASIC);
    a->can = can;
    a->login = login_of(config);
    a->name = name_of(config, a->login, method);
    a->password = secret_new(password, strlen(password));
    set_fingerprint(a);
    *ret = a;
    return 0;
}

void ews_auth_replace(struct ews_auth *a, const char *password)
{
    secret_free(a->password);
    a->password = secret_new(password, strlen(password));
    set_fingerprint(a);
}

void ews_auth_free(struct ews_auth *a)
{
    if (!a)
        return;
    secret_free(a->password);
    free(a->login);
    free(a->name);
    free(a);
}

/* --- use --- */

enum http_auth ews_auth_method(const struct ews_auth *a)
{
    return a->method;
}

void ews_auth_sign(const struct ews_auth *a, struct http_request *r)
{
    r->auth = a->method;
    if (a->method == HTTP_AUTH_NEGOTIATE || a->method == HTTP_AUTH_BEARER)
        return;
    r->user = a->login;
    r->password = secret_text(a->password);
}

bool ews_auth_switch(struct ews_auth *a, unsigned offers)
{
    static const enum http_auth order[] = {HTTP_AUTH_NTLM, HTTP_AUTH_BASIC};
    for (size_t i = 0; a->may_switch && i < ARRAY_LEN(order); i++) {
        if (order[i] != a->method && (offers & a->can & HTTP_OFFERS(order[i]))) {
            a->method = order[i];
            return true;
        }
    }
    return false;
}

const char *ews_auth_name(const struct ews_auth *a)
{
    return a->name;
}

const char *ews_auth_fingerprint(const struct ews_auth *a)
{
    return a->fingerprint;
}

const char *ews_auth_secret(const struct ews_auth *a)
{
    return secret_text(a->password);
}

void ews_auth_refusal(const struct ews_auth *a, struct err *err)
{
    static const char *const what[] = {
        [HTTP_AUTH_BASIC] = "user name or password (exchange.user, exchange.password_file)",
        [HTTP_AUTH_NTLM] = "user name or password (exchange.user, exchange.password_file)",
        [HTTP_AUTH_NEGOTIATE] = "Kerberos ticket, or there was none (keytab, SPN, clock)",
        [HTTP_AUTH_BEARER] = "OAuth2 client (id, secret, consent)",
    };
    err_set(err, SCOPE_REMOTE, WHEN_NEVER, "auth.refused",
            "refused twice: %s; no worker logs in until it is another one, or `contact-sync "
            "resume`",
            what[a->method]);
}

void ews_auth_not_offered(const struct ews_auth *a, unsigned offers, struct err *err)
{
    autovalue(str_release) struct str list = STR_INIT(256);
    for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
        if (offers & HTTP_OFFERS(m))
            str_addf(&list, "%s%s", list.n ? ", " : "", methods[m].name);
    }
    err_set(err, SCOPE_REMOTE, WHEN_NEVER, "auth.not_offered",
            "Exchange does not offer to sign in by %s; it offers %s: see exchange.auth",
            methods[a->method].name, list.n ? list.p : "nothing known");
}
