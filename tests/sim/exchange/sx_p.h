/*
 * sx_p: the simulator's state, shared by its parts. Everything runs on the HTTP loop's thread.
 */
#ifndef SYNC_SIM_SX_P_H
#define SYNC_SIM_SX_P_H

#include <jansson.h>

#include "tests/sim/common/sim_http.h"
#include "tests/sim/exchange/sim_exchange.h"
#include "tests/sim/exchange/sx_budget.h"
#include "tests/sim/exchange/sx_call.h"

struct sx_auth;
struct sx_autodiscover;
struct sx_store;
struct sx_faults;
struct sx_schema;

enum { SX_REASONS = 20, SX_OPS = 20 };

struct sx_stats {
    uint64_t calls[SX_OPS]; /* by index of sx_op_at; requests that reached an operation */
    uint64_t created, updated, deleted;
    uint64_t attached, detached;
    uint64_t second_photos;     /* contact photos given to a contact that had one */
    uint64_t users_photos_lost; /* photos of users that a client took away or put another over */
    uint64_t faults[SX_FAULT_KINDS]; /* taken, by kind */
    uint64_t invalid;                /* requests and items refused for the client's own mistake */
    uint64_t refused_values;         /* items refused for a value: too long, no e-mail address */
    char *reasons[SX_REASONS];       /* the last invalid ones, a ring */
    uint64_t unauthorized, soap_faults;
    uint64_t anchor_missing, anchor_wrong; /* X-AnchorMailbox against the impersonated mailbox */
    uint64_t foreign_cookies;              /* a cookie that was set for another mailbox */
    uint64_t no_user_agent, no_request_id;
    uint64_t throttled;       /* refused by a budget */
    uint64_t over_late_saves; /* writes to a mailbox that still had a late save pending */
    unsigned in_flight, max_in_flight, max_per_mailbox;
    uint64_t bytes_in, bytes_out;
};

struct sx_settings {
    double latency_ms, item_ms;
    unsigned concurrency;
    double max_attachment; /* bytes of one attachment; 0 = as a request holds */
    struct sx_budget_rules budget;
    bool no_role;           /* impersonation is denied to everybody: ErrorImpersonateUserDenied */
    bool reject_login;      /* every login is answered 401 */
    bool keep_photos;       /* a contact photo does not take the place of the one before */
    const char *stale_code; /* ErrorIrresolvableConflict or ErrorStaleObject */
};

struct sx {
    struct sim_http *http;
    struct sx_auth *auth;
    struct sx_autodiscover *autodiscover;
    struct sx_store *store;
    struct sx_faults *faults;
    struct sx_schema *schema; /* NULL = structural check only */
    struct sx_settings settings;
    struct sx_stats stats;
    struct sim_http_stats http_base; /* at the last reset */
    char *account, *any_mailbox, *max_version;
    uint64_t seed;
    size_t foreign; /* for each new mailbox */
};

/* sx_service.c: one EWS request from the wire to the answer. */
void sx_serve(struct sx *x, struct sim_req *req);
/* Counts a refusal that the client could have avoided. c may be NULL. */
void sx_note_refusal(struct sx *x, const struct sx_call *c, const struct sx_fail *fail);
struct sx_mailbox *sx_mailbox_for(struct sx *x,
                                  const char *address); /* makes it where --any-mailbox says so */

/* sx_soap.c: envelopes. */
struct sx_header {
    const char *version;              /* RequestServerVersion, NULL = none */
    const char *sid_kind, *sid_value; /* child of ConnectingSID, NULL = no impersonation */
};
/* Header and the operation's element. False with *fail: a SOAP fault. */
bool sx_soap_read(const xmlDoc *doc,
                  struct arena *a,
                  struct sx_header *ret,
                  const xmlNode **ret_body,
                  struct sx_fail *fail);
void sx_soap_open(struct str *out, const char *op);
void sx_soap_close(struct str *out, const char *op);
void sx_soap_fault(struct str *out, const struct sx_fail *fail);
bool sx_version_known(const char *version, const char *newest);
bool sx_version_old(const char *version); /* Exchange 2007, which NULL stands for */
/* False with *fail: the operation names what Exchange 2007 did not have. */
bool sx_version_2007_check(const xmlNode *operation, struct sx_fail *fail);

/* sx_control.c: the control API. *ret_body is a new reference. Returns the HTTP status. */
int sx_control(
    struct sx *x, const char *method, const char *path, const char *body, json_t **ret_body);

/* The user's or the client's delete: HardDelete, SoftDelete, MoveToDeletedItems. */
void sx_delete(struct sx_item *it, const char *type);
/* n foreign contacts of the mailbox's own, made from the seed; marked for verification.
 * sx_foreign.c */
void sx_seed_foreign(struct sx *x, struct sx_mailbox *mb, size_t n);

#endif
