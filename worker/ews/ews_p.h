/*
 * ews_p: what the files of the EWS driver share: the store, and a call on its way (one or several
 * requests).
 *
 * ews_store.c owns the store; ews_call.c sends requests and finds out what their answers mean;
 * ews_apply.c, ews_list.c and ews_photo.c are the calls: they encode, and hear of a good answer
 * (answered) or of a verdict on all of it (failed).
 */
#ifndef SYNC_WORKER_EWS_P_H
#define SYNC_WORKER_EWS_P_H

#include <sys/queue.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/net/http.h"
#include "common/net/loop.h"
#include "worker/ews/ews_auth.h"
#include "worker/ews/ews_decode.h"
#include "worker/ews/ews_encode.h"
#include "worker/ews/ews_error.h"
#include "worker/ews/ews_gate.h"
#include "worker/ews/ews_primary.h"
#include "worker/ews/ews_store.h"
#include "worker/ews/ews_version.h"

struct ews_call;
TAILQ_HEAD(ews_calls, ews_call);

enum { EWS_DENIED_ALL = 3 }; /* mailboxes in a row: it is not the mailbox */

struct ews_store {
    struct contact_store base;
    struct loop *l;
    struct http_client *http;
    struct ews_auth *auth;
    struct ews_oauth *oauth; /* NULL: another way to sign in */
    struct ews_gate *gate;
    struct ews_versions *versions;
    struct ews_primaries *primaries;
    void (*version_found)(int64_t mailbox, const char *version, void *user); /* may be NULL */
    void (*trace)(const struct ews_trace *t, void *user);                    /* likewise */
    void *user;
    char *url, *anchor_header;
    const char *delete_type; /* static */
    char *folder;            /* name of the target folder; NULL: the default one */
    uint32_t read_timeout_ms;
    struct store_limits limits;
    struct ews_calls calls;
    int64_t denied[EWS_DENIED_ALL]; /* mailboxes that were, since the last good answer */
    size_t n_denied;
};

struct ews_call_ops {
    /* The response is the one to the request, with one message per operation. Borrowed; gone with
     * the next request. */
    void (*answered)(struct ews_call *c, const struct ews_response *r);
    /* The request as a whole: no usable answer. Also for a call that is canceled. */
    void (*failed)(struct ews_call *c, enum outcome o, const struct err *err);
};

struct ews_call { /* first member of each kind of call */
    const struct ews_call_ops *ops;
    TAILQ_ENTRY(ews_call) list;
    struct ews_store *s;
    const struct store_mailbox *mb;
    struct ews_target target;
    struct arena *answer; /* of the last response */
    struct arena *keep;   /* for the life of the call */
    struct str body;
    /* the request under way */
    struct http_call *http;
    struct loop_timer *later; /* a verdict that must not come before the port's function returns */
    enum ews_verb verb;
    const char *operation; /* response element expected */
    size_t n;              /* response messages expected */
    bool asked;            /* may_send said yes: bytes may have left */
    /* signing in (ews_gate.h) */
    bool retried;          /* after a 401, on a fresh connection */
    bool at_door;          /* waits to be let out ... */
    int64_t at_door_ms;    /* ... since */
    bool needs_token;      /* waits for it */
    bool renamed;          /* the mailbox, to its primary address */
    bool renewed;          /* the token, for this request */
    unsigned switched;     /* methods, for this request */
    enum http_auth method; /* it went out with */
    uint64_t token;        /* likewise: its number */
    uint32_t timeout_ms;
    enum outcome verdict;
    struct err verdict_err;
    uint32_t took_ms; /* by the server, over all requests */
};

/* size: of the struct that begins with the call. Zeroed; in the store's list. */
struct ews_call *ews_call_new(struct ews_store *s,
                              const struct ews_call_ops *ops,
                              size_t size,
                              const struct store_mailbox *mb);
void ews_call_free(struct ews_call *c); /* takes it off the list; no callback */

/* Sends c->body, which the caller has just encoded. What comes of it, comes later, through ops. */
struct ews_request {
    enum ews_verb verb;
    const char *operation;
    size_t n;
    uint32_t timeout_ms;
};
void ews_call_send(struct ews_call *c, const struct ews_request *r);
/* Sends it now, past the gate. */
void ews_call_go(struct ews_call *c);
/* failed() with this, from the loop. */
void ews_call_fail_later(struct ews_call *c, enum outcome o, const struct err *err);
/* Stops the request and calls failed(): OUT_UNKNOWN where bytes of a write may have left, else
 * OUT_NOT_TRIED. */
void ews_call_cancel(struct ews_call *c);

/* The functions of the port. */
void ews_apply(struct contact_store *s,
               const struct store_mailbox *mb,
               enum store_verb verb,
               const struct store_op *ops,
               size_t n,
               uint32_t timeout_ms,
               store_apply_done done,
               void *user);
void ews_list(struct contact_store *s,
              const struct store_mailbox *mb,
              const struct guid *keys,
              size_t n_keys,
              store_list_done done,
              void *user);
void ews_identify(struct contact_store *s,
                  const struct store_mailbox *mb,
                  store_identify_done done,
                  void *user);
void ews_legacy(struct contact_store *s,
                const struct store_mailbox *mb,
                store_legacy_done done,
                void *user);
void ews_photo(struct contact_store *s,
               const struct store_mailbox *mb,
               const struct store_photo *photos,
               size_t n,
               uint32_t timeout_ms,
               store_apply_done done,
               void *user);

#endif
