#include "worker/account.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/app/sealed.h"
#include "common/app/secret_file.h"
#include "common/net/http.h"
#include "worker/discover.h"
#include "worker/ews/ews_version.h"

#define PASSWORD   "exchange.password_file"
#define OAUTH_FILE "exchange.oauth_secret_file"

enum { URL_MAX = 8192 };

static int conf_error(struct err *err, const char *text)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s", text);
}

static int check_url(const struct conf *c, struct err *err)
{
    bool clear = strncasecmp(conf_str(c, "exchange.url"), "http://", 7) == 0;
    if (clear && !conf_bool(c, "exchange.allow_http")) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "exchange.url (%s) is http://, over which the password would travel in "
                       "clear; exchange.allow_http permits that",
                       conf_origin(c, "exchange.url"));
    }
    if (!clear && !http_can_tls())
        return conf_error(err, "this system's libcurl cannot do https");
    return 0;
}

static bool is(const struct conf *c, const char *setting, const char *word)
{
    return strcmp(conf_str(c, setting), word) == 0;
}

static bool by_oauth(const struct conf *c)
{
    return is(c, "exchange.auth", "oauth2") ||
           (is(c, "exchange.auth", "auto") && conf_is_set(c, "exchange.oauth_client_id"));
}

static bool by_ticket(const struct conf *c)
{
    return is(c, "exchange.auth", "negotiate") ||
           (is(c, "exchange.auth", "auto") && conf_is_set(c, "exchange.keytab_file"));
}

/* Tickets are kept in memory: nothing of them lies on disk, and a worker needs no other's. */
static void kerberos_environment(const struct conf *c)
{
    if (conf_is_set(c, "exchange.keytab_file"))
        setenv("KRB5_CLIENT_KTNAME", conf_str(c, "exchange.keytab_file"), 1);
    setenv("KRB5CCNAME", "MEMORY:contact-sync", 0);
}

static int token_url(const struct conf *c, char **ret, struct err *err)
{
    autovalue(str_release) struct str url = STR_INIT(URL_MAX);
    const char *tenant = conf_str(c, "exchange.oauth_tenant");
    if (conf_is_set(c, "exchange.oauth_token_url")) {
        *ret = xstrdup(conf_str(c, "exchange.oauth_token_url"));
        return 0;
    }
    if (!*tenant || strspn(tenant, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789.-") != strlen(tenant))
        return conf_error(err, "OAuth2 needs exchange.oauth_tenant, the organisation's id or "
                               "domain, or exchange.oauth_token_url");
    str_addf(&url, "https://login.microsoftonline.com/%s/oauth2/v2.0/token", tenant);
    *ret = str_steal(&url);
    return 0;
}

/* --- secrets that lie in the database ---------------------------------------------------- */

static void put_list(struct str *s, const struct conf *c, const char *setting)
{
    const char *const *list;
    size_t n = conf_list(c, setting, &list);
    for (size_t i = 0; i < n; i++)
        str_addf(s, " %s", list[i]);
}

/* Where the password may go: the server that is set, or all that Autodiscover may lead to. */
static void put_servers(struct str *s, const struct conf *c)
{
    const char *url = discover_fixed_url(c);
    const char *host = url ? strstr(url, "://") : NULL;
    if (host) {
        str_add(s, url, (size_t)(host - url) + 3 + strcspn(host + 3, "/?#"));
    } else {
        str_addf(s, "autodiscover %s", conf_str(c, "exchange.autodiscover_url"));
        put_list(s, c, "mail_domains");
        put_list(s, c, "exchange.autodiscover_hosts");
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->p[i] >= 'A' && s->p[i] <= 'Z')
            s->p[i] = (char)(s->p[i] + 'a' - 'A');
}

int account_secret_for(const struct conf *c,
                       const char *name,
                       struct account_secret *ret,
                       struct err *err)
{
    bool oauth = strcmp(name, "exchange.oauth_secret") == 0;
    if (!oauth && strcmp(name, "exchange.password") != 0)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "%.60s is no secret that can be sealed; there are exchange.password and "
                       "exchange.oauth_secret",
                       name);
    memset(ret, 0, sizeof(*ret));
    for (int i = 0; i < SEALED_LINES; i++)
        str_init(&ret->text[i], SEAL_TEXT_MAX);
    str_puts(&ret->text[0], conf_str(c, oauth ? "exchange.oauth_client_id" : "exchange.user"));
    if (oauth)
        str_addf(&ret->text[1], "%s %s", conf_str(c, "exchange.oauth_tenant"),
                 conf_str(c, "exchange.oauth_token_url"));
    else
        str_puts(&ret->text[1], conf_str(c, "exchange.domain"));
    put_servers(&ret->text[2], c);
    ret->f = (struct sealed_for){
        .name = oauth ? "exchange.oauth_secret" : "exchange.password",
        .what = {oauth ? "exchange.oauth_client_id" : "exchange.user",
                 oauth ? "exchange.oauth_tenant or exchange.oauth_token_url" : "exchange.domain",
                 "server (exchange.url, or where Autodiscover may lead)"}};
    for (int i = 0; i < SEALED_LINES; i++)
        ret->f.lines[i] = ret->text[i].n ? ret->text[i].p : "";
    return 0;
}

void account_secret_release(struct account_secret *a)
{
    for (int i = 0; i < SEALED_LINES; i++)
        str_release(&a->text[i]);
}

/* A file wins, then a credential, then the database. */
static int
read_one(struct app *app, const char *file, const char *name, struct account *a, struct err *err)
{
    autovalue(account_secret_release) struct account_secret what = {0};
    if (secret_file_there(app, file) || !sealed_can_open(app))
        return secret_file_read(app, file, &a->secret, err);
    if (account_secret_for(app->conf, name, &what, err) < 0)
        return -1;
    a->sealed = what.f.name;
    return sealed_read(app, &what.f, &a->secret, err);
}

/* What the way to sign in needs. */
static int read_secret(struct app *app, struct account *a, struct err *err)
{
    const struct conf *c = app->conf;
    if (by_oauth(c)) {
        if (token_url(c, &a->token_url, err) < 0)
            return -1;
        return read_one(app, OAUTH_FILE, "exchange.oauth_secret", a, err);
    }
    if (by_ticket(c)) {
        kerberos_environment(c);
        return 0;
    }
    if (app_need(app, "exchange.user", err) < 0)
        return -1;
    return read_one(app, PASSWORD, "exchange.password", a, err);
}

int account_read(struct app *app, struct account *ret, struct err *err)
{
    const struct conf *c = app->conf;
    autovalue(account_release) struct account a = {0};
    if (check_url(c, err) < 0 || read_secret(app, &a, err) < 0)
        return -1;
    secret_no_core();
    const char *const *connect_to;
    conf_list(c, "exchange.connect_to", &connect_to);
    a.ews = (struct ews_config){
        .url = discover_fixed_url(c),
        .connect_to = connect_to,
        .auth = conf_str(c, "exchange.auth"),
        .user = conf_str(c, "exchange.user"),
        .domain = conf_str(c, "exchange.domain"),
        .password = secret_text(a.secret),
        .keytab = conf_is_set(c, "exchange.keytab_file"),
        .client_id = conf_str(c, "exchange.oauth_client_id"),
        .token_url = a.token_url,
        .scope = conf_str(c, "exchange.oauth_scope"),
        .version = conf_str(c, "exchange.version"),
        .user_agent = conf_str(c, "exchange.user_agent"),
        .ca_file = conf_str(c, "exchange.ca_file"),
        .delete_type = conf_str(c, "delete_type"),
        .folder = conf_str(c, "exchange.folder"),
        .connections = (uint32_t)conf_int(c, "exchange.connections"),
        .allow_http = conf_bool(c, "exchange.allow_http"),
    };
    *ret = a;
    a = (struct account){0};
    return 0;
}

void account_release(struct account *a)
{
    secret_free(a->secret);
    free(a->token_url);
    *a = (struct account){0};
}

void account_announce(const struct app *app)
{
    if (ews_is_online(conf_str(app->conf, "exchange.url")) ||
        strcmp(conf_str(app->conf, "exchange.version"), "online") == 0)
        log_warn("Exchange Online", kv("note", ews_online_notice));
}
