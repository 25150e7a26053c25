/*
 * ews_store: contact_store (common/port/contact_store.h) over Exchange Web Services.
 *
 * One account for all mailboxes, impersonating each; a pool of connections shared by all. Writes go
 * out once (http.h send_once). How it signs in: ews_auth.h; how a wrong password does not lock the
 * account: ews_gate.h. A server that is too old for our version is asked as an older client would,
 * once and for that mailbox from then on (ews_version.h).
 *
 * An update whose categories change reads the item's categories first and keeps the user's own. One
 * that meets a newer ChangeKey than we know reads it and tries once more. Codes of errors:
 * ews_error.h; also "auth.refused", "auth.not_offered", "auth.waiting", "oauth.*", "canceled",
 * "ews.deadline", "ews.wrong_count", "ews.unreadable", "ews.too_big", "ews.paging",
 * "ews.too_many_items".
 * @source  reference/ews.md; design section 6 rules 4, 8, 11
 */
#ifndef SYNC_WORKER_EWS_STORE_H
#define SYNC_WORKER_EWS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#include "common/port/contact_store.h"

struct login;
struct loop;
struct sockaddr;

struct ews_trace { /* one request and what came of it; borrowed for the callback */
    int64_t mailbox_id;
    const char *mailbox, *url; /* address; of the service */
    const char *operation;     /* "CreateItemResponse" ... */
    int status;                /* of HTTP; 0: no answer, see err */
    const struct err *err;     /* NULL: there was an answer */
    uint32_t took_ms;
    const char *request, *answer; /* as sent and received: with all that stands in contacts */
    size_t n_request, n_answer;
};

/* Everything is copied. NULL, "" and 0 mean the default where one is named. */
struct ews_config {
    /* https://host/EWS/Exchange.asmx; http:// only with allow_http. NULL: every mailbox comes with
     * an endpoint of its own. */
    const char *url;
    const char *auth;          /* default "basic"; see ews_auth.h */
    const char *user, *domain; /* domain may be NULL: see ews_auth.h */
    const char *password;      /* or the OAuth2 client's secret; wiped when the store is freed */
    bool keytab;               /* Kerberos' environment names one */
    const char *client_id, *token_url, *scope; /* OAuth2; scope: see ews_oauth.h */
    /* What all workers know of the account together, borrowed; NULL: this process alone. */
    struct login *login;
    void (*resumed)(void *user); /* the account works again after OUT_STOP; may be NULL */
    /* A mailbox's server is older than `version`; may be NULL. version is static. */
    void (*version_found)(int64_t mailbox, const char *version, void *user);
    void (*trace)(const struct ews_trace *t, void *user); /* each request; may be NULL */
    void *user_data;                                      /* for both */
    /* Where connections may go, and where they go instead: http.h. */
    bool (*may_connect)(const char *host, const struct sockaddr *address, void *user);
    void *may_connect_user;
    const char *const *connect_to;
    const char *version;     /* see ews_version.h; default: 2013 SP1 */
    const char *user_agent;  /* administrators allow or block clients by it */
    const char *ca_file;     /* NULL: the system's */
    const char *delete_type; /* "hard" (default), "soft", "trash" */
    const char *folder;      /* name of a folder below Contacts; default: Contacts itself */
    /* Name of the header that routes to the mailbox's server. NULL: X-AnchorMailbox, "": none. */
    const char *anchor_header;
    uint32_t connections;      /* default 20 */
    uint32_t read_timeout_ms;  /* of each request of list and identify; default 120 s */
    size_t max_response_bytes; /* default 8 MiB, at most 16 MiB */
    bool allow_http;
};

/* err: SCOPE_PROCESS, code "conf": a URL, version or delete type that is none, a way to sign in
 * that lacks something. */
int ews_store_new(struct loop *l,
                  const struct ews_config *config,
                  struct contact_store **ret,
                  struct err *err) must_check;

/* The account's password, or its client's secret, is another one. A stopped account goes on. */
void ews_store_secret(struct contact_store *s, const char *secret);

/* What a mailbox's server took before (version_found), of an earlier process. */
void ews_store_version(struct contact_store *s, int64_t mailbox, const char *version);

#endif
