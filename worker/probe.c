#include "worker/probe.h"

#include <stdio.h>
#include <string.h>

#include "common/net/http.h"
#include "common/net/loop.h"
#include "worker/autodiscover/autodiscover.h"

enum { WAY_MS = 15000, WRITE_MS = 20000, SOON_DAYS = 14, DAY_MS = 24 * 3600 * 1000 };

static const char part[] = "Exchange";

struct probe {
    struct probe_parts with;
    struct checkup *c;
    probe_done done;
    void *user;
    struct http_client *http;
    struct loop_timer *end;
    struct autodiscover_search *searching;
    char *mailbox, *url, *folder_id, *item_id;
    char host[256];
    struct diagnosis_facts facts;
    int64_t begun_ms;
    struct contact contact;
    struct store_op op;
    struct store_mailbox reach;
    char hash[ITEM_HASH_TEXT];
};

static uint32_t took(const struct probe *p)
{
    return (uint32_t)(clock_now(loop_clock(p->with.loop)) - p->begun_ms);
}

/* The next step; those before it have ended. */
static void begin(struct probe *p)
{
    p->begun_ms = clock_now(loop_clock(p->with.loop));
    if (p->with.progress)
        p->with.progress(p->with.progress_user);
}

static void finished(void *user)
{
    struct probe *p = user;
    p->end = NULL;
    p->done(p->user);
}

static void finish(struct probe *p)
{
    p->end = loop_after(p->with.loop, 0, finished, p);
}

static void bad(struct probe *p, const char *name, const struct err *err)
{
    checkup_bad(p->c, part, name, CHECKUP_FAILED, took(p), err, &p->facts);
}

/* The steps after the one that failed. */
static void skip_from(struct probe *p, const char *first)
{
    static const char *const names[] = {"discovery",   "name",    "connection",
                                        "certificate", "sign-in", "impersonation",
                                        "mailbox",     "write",   "delete"};
    bool reached = false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (reached && (p->mailbox || i < 4))
            checkup_skip(p->c, part, names[i], "not tried");
        reached |= !strcmp(names[i], first);
    }
}

static void fail_at(struct probe *p, const char *name, const struct err *err)
{
    bad(p, name, err);
    skip_from(p, name);
    finish(p);
}

static bool is_of(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(code, *list))
            return true;
    return false;
}

/* --- a marked contact ---------------------------------------------------------------------- */

static void mark(struct probe *p)
{
    struct sha256 state;
    struct guid key;
    guid_random(&key);
    p->contact = (struct contact){0};
    p->contact.f[CONTACT_FILE_AS] = "Contact sync: a test, may be deleted";
    p->contact.f[CONTACT_DISPLAY_NAME] = p->contact.f[CONTACT_FILE_AS];
    sha256_of(key.b, sizeof(key.b), &state);
    item_hash_format(p->folder_id, &state, p->hash);
    p->op = (struct store_op){.key = key,
                              .hash = p->hash,
                              .after = &p->contact,
                              .changed = (UINT64_C(1) << CONTACT_FIELD_COUNT) - 1,
                              .cats_before = "",
                              .cats_after = ""};
}

static void deleted(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct probe *p = user;
    (void)n, (void)took_ms;
    if (r->outcome == OUT_DONE)
        checkup_ok(p->c, part, "delete", took(p), "the test contact is gone again");
    else
        bad(p, "delete", &r->err);
    finish(p);
}

static void written(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct probe *p = user;
    (void)n, (void)took_ms;
    if (r->outcome != OUT_DONE) {
        fail_at(p, "write", &r->err);
        return;
    }
    checkup_ok(p->c, part, "write", took(p), "a test contact was written");
    p->item_id = xstrdup(r->item_id);
    p->op.item_id = p->item_id;
    p->op.after = NULL;
    begin(p);
    p->with.store->ops->apply(p->with.store, &p->reach, STORE_DELETE, &p->op, 1, WRITE_MS, deleted,
                              p);
}

/* --- who we are to the server ---------------------------------------------------------------- */

/* Which step an answer to the first signed request stands for. */
static const char *step_of(const char *code)
{
    static const char *const sign_in[] = {"http.200",
                                          "http.301",
                                          "http.302",
                                          "http.307",
                                          "http.401",
                                          "http.403",
                                          "http.404",
                                          "http.440",
                                          "http.449",
                                          "http.456",
                                          "ews.ErrorPasswordExpired",
                                          "ews.ErrorPasswordChangeRequired",
                                          "ews.ErrorCallerIsInvalidADAccount",
                                          "ews.ErrorInvalidServerVersion",
                                          NULL};
    static const char *const impersonation[] = {
        "ews.ErrorImpersonationDenied", "ews.ErrorImpersonationFailed",
        "ews.ErrorImpersonateUserDenied", "ews.ErrorInvalidExchangeImpersonationHeaderData", NULL};
    if (is_of(code, sign_in) || !strncmp(code, "auth.", 5) || !strncmp(code, "oauth.", 6) ||
        !strncmp(code, "curl.", 5))
        return "sign-in";
    return is_of(code, impersonation) ? "impersonation" : "mailbox";
}

static void
identified(const struct store_identity *id, enum outcome o, const struct err *err, void *user)
{
    struct probe *p = user;
    const char *failed = o == OUT_DONE ? "" : step_of(err->code);
    if (strcmp(failed, "sign-in") != 0)
        checkup_ok(p->c, part, "sign-in", took(p), "%s is let in",
                   p->with.user ? p->with.user : "the account");
    if (*failed && strcmp(failed, "mailbox") == 0)
        checkup_ok(p->c, part, "impersonation", 0, "allowed");
    if (*failed) {
        fail_at(p, failed, err);
        return;
    }
    checkup_ok(p->c, part, "impersonation", 0, "allowed for %s", p->mailbox);
    checkup_ok(p->c, part, "mailbox", 0, "its contacts folder is there; the server says %s",
               *id->server_version ? id->server_version : "no version");
    p->folder_id = xstrdup(id->folder_id);
    p->reach.folder_id = p->folder_id;
    mark(p);
    begin(p);
    p->with.store->ops->apply(p->with.store, &p->reach, STORE_CREATE, &p->op, 1, WRITE_MS, written,
                              p);
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void sign_in(struct probe *p)
{
    if (!p->mailbox) {
        finish(p);
        return;
    }
    p->reach = (struct store_mailbox){
        .id = p->with.mailbox_id, .address = p->mailbox, .endpoint = p->url, .may_send = always};
    begin(p);
    p->with.store->ops->identify(p->with.store, &p->reach, identified, p);
}

/* --- the way there --------------------------------------------------------------------------- */

static void certificate(struct probe *p, const struct http_response *r)
{
    int64_t left = (r->expires_ms - clock_wall(loop_clock(p->with.loop))) / DAY_MS;
    struct err err;
    if (!r->expires_ms) {
        checkup_ok(p->c, part, "certificate", 0, "none: http");
    } else if (left < SOON_DAYS) {
        err_set(&err, SCOPE_REMOTE, WHEN_NEVER, "tls.expires_soon",
                "the certificate ends in %lld days", (long long)left);
        checkup_bad(p->c, part, "certificate", CHECKUP_WARNING, 0, &err, &p->facts);
    } else {
        checkup_ok(p->c, part, "certificate", 0, "%lld days left, issued by %s", (long long)left,
                   r->issuer);
    }
}

static void way_failed(struct probe *p, const struct err *err)
{
    static const char *const tls[] = {"curl.35", "curl.51", "curl.58", "curl.60", "curl.77", NULL};
    const char *failed = !strcmp(err->code, "curl.6") ? "name"
                         : is_of(err->code, tls)      ? "certificate"
                                                      : "connection";
    if (strcmp(failed, "name") != 0)
        checkup_ok(p->c, part, "name", 0, "%s has an address", p->host);
    if (!strcmp(failed, "certificate"))
        checkup_ok(p->c, part, "connection", 0, "something answers");
    fail_at(p, failed, err);
}

static void answered(const struct http_response *r, const struct err *err, void *user)
{
    struct probe *p = user;
    if (err) {
        way_failed(p, err);
        return;
    }
    checkup_ok(p->c, part, "name", 0, "%s has an address", p->host);
    checkup_ok(p->c, part, "connection", took(p), "a web server answers");
    certificate(p, r);
    sign_in(p);
}

/* A request without a login: what a stranger sees. Any answer will do. */
static void knock(struct probe *p)
{
    const struct http_request r = {.method = "GET",
                                   .url = p->url,
                                   .timeout_ms = WAY_MS,
                                   .fresh_connection = true,
                                   .want_certificate = true};
    begin(p);
    http_send(p->http, &r, answered, p);
}

/* --- where it is ----------------------------------------------------------------------------- */

static void go_to(struct probe *p, const char *url)
{
    struct err err;
    p->url = xstrdup(url);
    sscanf(url, "%*[a-zA-Z]://%255[^/:]", p->host);
    p->facts = (struct diagnosis_facts){p->with.user, p->mailbox, p->host, p->url};
    if (ad_host_is_online(p->host)) {
        err_set(&err, SCOPE_REMOTE, WHEN_NEVER, "exchange.online", "%s", diagnosis_online);
        checkup_bad(p->c, part, "endpoint", CHECKUP_WARNING, 0, &err, &p->facts);
    }
    knock(p);
}

static void discovered(const struct ad_found *found, const struct err *err, void *user)
{
    struct probe *p = user;
    p->searching = NULL;
    if (err) {
        fail_at(p, "discovery", err);
        return;
    }
    checkup_ok(p->c, part, "discovery", took(p), "%s says %s", found->via, found->url);
    go_to(p, found->url);
}

static void discover(struct probe *p)
{
    p->facts = (struct diagnosis_facts){.user = p->with.user, .mailbox = p->mailbox};
    if (!p->mailbox) {
        checkup_skip(p->c, part, "discovery", "by a mailbox's address: --mailbox");
        finish(p);
        return;
    }
    begin(p);
    p->searching = autodiscover_find(p->with.search, p->mailbox, NULL, NULL, discovered, p);
}

struct probe *probe_start(const struct probe_parts *parts,
                          const char *mailbox,
                          struct checkup *c,
                          probe_done done,
                          void *user)
{
    struct probe *p = xalloc(sizeof(*p));
    const struct http_limits limits = {.max_connections = 1,
                                       .ca_file = parts->ca_file,
                                       .user_agent = "contact-sync",
                                       .connect_to = parts->connect_to,
                                       .allow_http = parts->allow_http};
    p->with = *parts;
    p->c = c;
    p->done = done;
    p->user = user;
    p->mailbox = xstrdup(mailbox);
    p->http = http_client_new(parts->loop, &limits);
    if (parts->url)
        go_to(p, parts->url);
    else
        discover(p);
    return p;
}

void probe_free(struct probe *p)
{
    if (!p)
        return;
    loop_cancel(p->end);
    autodiscover_cancel(p->searching);
    http_client_free(p->http);
    free(p->url);
    free(p->mailbox);
    free(p->folder_id);
    free(p->item_id);
    free(p);
}
