#include "worker/ews/ews_store.h"

#include <string.h>

#include "worker/ews/ews_encode_photo.h"
#include "worker/ews/ews_oauth.h"
#include "worker/ews/ews_p.h"

enum {
    DEFAULT_CONNECTIONS = 20,
    DEFAULT_READ_TIMEOUT_MS = 120 * 1000,
    CONNECT_TIMEOUT_MS = 10 * 1000,
    DEFAULT_RESPONSE_BYTES = 8 << 20,
};

/* @source  reference/ews.md section 10: 5..100 items, 400 KB */
static const struct store_limits limits = {.max_create = 100,
                                           .max_update = 100,
                                           .max_delete = 100,
                                           .max_bytes = 400 * 1024,
                                           .max_photos = EWS_PHOTOS,
                                           .max_photo_bytes = EWS_PHOTO_BYTES};

static const struct {
    const char *setting, *type;
} delete_types[] = {
    {"hard", "HardDelete"}, {"soft", "SoftDelete"}, {"trash", "MoveToDeletedItems"}};

static const char *delete_type_of(const char *setting)
{
    for (size_t i = 0; i < ARRAY_LEN(delete_types); i++)
        if (strcmp(delete_types[i].setting, setting) == 0)
            return delete_types[i].type;
    return NULL;
}

static const char *ews_where(struct contact_store *base, const struct store_mailbox *mb)
{
    const struct ews_store *s = (struct ews_store *)base;
    return mb->endpoint ? mb->endpoint : s->url;
}

static const struct store_limits *ews_limits(struct contact_store *base)
{
    return &((struct ews_store *)base)->limits;
}

/* Callbacks may start new calls: those stay. */
static void ews_cancel(struct contact_store *base)
{
    struct ews_store *s = (struct ews_store *)base;
    struct ews_calls ending = TAILQ_HEAD_INITIALIZER(ending);
    TAILQ_CONCAT(&ending, &s->calls, list);
    while (!TAILQ_EMPTY(&ending)) {
        struct ews_call *c = TAILQ_FIRST(&ending);
        TAILQ_REMOVE(&ending, c, list);
        TAILQ_INSERT_TAIL(&s->calls, c, list); /* where the call expects to be */
        ews_call_cancel(c);
    }
}

static void ews_free(struct contact_store *base)
{
    struct ews_store *s = (struct ews_store *)base;
    if (!s)
        return;
    while (!TAILQ_EMPTY(&s->calls)) /* again for what the callbacks began */
        ews_cancel(base);
    http_client_free(s->http);
    ews_oauth_free(s->oauth);
    ews_gate_free(s->gate);
    ews_auth_free(s->auth);
    ews_versions_free(s->versions);
    ews_primaries_free(s->primaries);
    free(s->url);
    free(s->folder);
    free(s->anchor_header);
    free(s);
}

static const struct contact_store_ops store_ops = {
    .name = "ews",
    .limits = ews_limits,
    .apply = ews_apply,
    .list = ews_list,
    .identify = ews_identify,
    .legacy = ews_legacy,
    .photo = ews_photo,
    .where = ews_where,
    .cancel = ews_cancel,
    .free = ews_free,
};

static bool given(const char *setting)
{
    return setting && *setting;
}

static int check(const struct ews_config *c, struct err *err)
{
    if (given(c->url) && strncmp(c->url, "https://", 8) != 0 &&
        !(c->allow_http && strncmp(c->url, "http://", 7) == 0)) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "the Exchange URL must begin with https://");
    }
    if (given(c->version) && !ews_version_of(c->version)) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "unknown Exchange version: %.40s",
                       c->version);
    }
    if (given(c->delete_type) && !delete_type_of(c->delete_type)) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "unknown delete type: %.40s",
                       c->delete_type);
    }
    return 0;
}

static struct http_client *client(struct loop *l, const struct ews_config *c)
{
    size_t max = c->max_response_bytes ? c->max_response_bytes : DEFAULT_RESPONSE_BYTES;
    struct http_limits http = {
        .max_connections = c->connections ? c->connections : DEFAULT_CONNECTIONS,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .max_response_bytes = max < EWS_MAX_BYTES ? max : EWS_MAX_BYTES,
        .user_agent = c->user_agent,
        .ca_file = c->ca_file,
        .allow_http = c->allow_http,
        .may_connect = c->may_connect,
        .may_connect_user = c->may_connect_user,
        .connect_to = c->connect_to,
    };
    return http_client_new(l, &http);
}

static void on_token(const struct err *err, void *user)
{
    struct ews_store *s = user;
    ews_gate_token(s->gate, err);
}

static int sign_in(struct ews_store *s, const struct ews_config *config, struct err *err)
{
    const struct ews_account account = {.method = config->auth,
                                        .user = config->user,
                                        .domain = config->domain,
                                        .password = config->password,
                                        .client_id = config->client_id,
                                        .url = config->url,
                                        .keytab = config->keytab};
    if (ews_auth_new(&account, ews_auth_can(), &s->auth, err) < 0)
        return -1;
    s->gate = ews_gate_new(s, config->login, config->resumed, config->user_data);
    if (ews_auth_method(s->auth) != HTTP_AUTH_BEARER)
        return 0;
    const struct ews_oauth_config oauth = {.token_url = config->token_url,
                                           .client_id = config->client_id,
                                           .secret = config->password,
                                           .scope = config->scope,
                                           .user_agent = config->user_agent,
                                           .ca_file = config->ca_file,
                                           .allow_http = config->allow_http,
                                           .done = on_token,
                                           .user = s};
    return ews_oauth_new(s->l, &oauth, &s->oauth, err);
}

int ews_store_new(struct loop *l,
                  const struct ews_config *config,
                  struct contact_store **ret,
                  struct err *err)
{
    if (check(config, err) < 0)
        return -1;
    struct ews_store *s = xalloc(sizeof(*s));
    TAILQ_INIT(&s->calls);
    s->base.ops = &store_ops;
    s->l = l;
    if (sign_in(s, config, err) < 0) {
        ews_free(&s->base);
        return -1;
    }
    s->http = client(l, config);
    s->primaries = ews_primaries_new();
    s->versions =
        ews_versions_new(ews_version_of(given(config->version) ? config->version : "2013"));
    s->version_found = config->version_found;
    s->trace = config->trace;
    s->user = config->user_data;
    s->url = xstrdup(config->url);
    s->anchor_header = xstrdup(config->anchor_header ? config->anchor_header : "X-AnchorMailbox");
    s->delete_type = delete_type_of(given(config->delete_type) ? config->delete_type : "hard");
    s->read_timeout_ms =
        config->read_timeout_ms ? config->read_timeout_ms : DEFAULT_READ_TIMEOUT_MS;
    s->limits = limits;
    s->limits.own_trash = strcmp(s->delete_type, "MoveToDeletedItems") == 0;
    s->limits.named_folder = given(config->folder);
    s->folder = given(config->folder) ? xstrdup(config->folder) : NULL;
    *ret = &s->base;
    return 0;
}

void ews_store_secret(struct contact_store *base, const char *secret)
{
    struct ews_store *s = (struct ews_store *)base;
    ews_auth_replace(s->auth, secret);
    if (s->oauth)
        ews_oauth_replace(s->oauth, secret);
    ews_gate_renew(s->gate);
}

void ews_store_version(struct contact_store *base, int64_t mailbox, const char *version)
{
    ews_versions_put(((struct ews_store *)base)->versions, mailbox, version);
}
