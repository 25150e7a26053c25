/*
 * autodiscover: finds where Exchange is for a mailbox. Does what ad_plan says, on the loop: HTTPS
 * by net/http, SRV by net/dns.
 *
 * Every connection is checked by address at the moment it is made (ad_url.h), certificates are
 * verified, redirects are taken by the plan alone, credentials come from a callback and only for
 * requests that the plan wants signed. Nothing is kept between two searches: that is the endpoint
 * cache's part (discover_store.h).
 */
#ifndef SYNC_AUTODISCOVER_AUTODISCOVER_H
#define SYNC_AUTODISCOVER_AUTODISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/port/login.h"
#include "worker/autodiscover/ad_plan.h"

struct autodiscover;
struct autodiscover_search;
struct http_request;
struct loop;

struct autodiscover_config { /* everything is copied; NULL, "" and 0 mean none, or the default */
    struct ad_policy policy;
    const char *user_agent, *ca_file;
    const char *const *connect_to; /* http.h */
    const char *dns_servers;       /* dns.h */
    uint32_t deadline_ms;          /* of a search; 0: 60 s */
    uint32_t request_ms;           /* of one step; 0: 15 s */
    /* Puts the service account's credentials into r, which borrows from user; NULL: there are
     * none. */
    void (*sign)(struct http_request *r, void *user);
    /* Can we sign in by one of these (HTTP_OFFERS)? NULL: always. */
    bool (*can_sign)(unsigned offers, void *user);
    void *sign_user;
    /* Asked before each request that is signed, told what came of it; borrowed; NULL: nobody is.
     * The key is copied but for its owner, which autodiscover makes. */
    struct login *login;
    struct login_key login_key;
};

/* One step that was done, or the end (AD_FOUND, AD_FAILED). For traces and the doctor. */
struct autodiscover_event { /* borrowed for the callback */
    enum ad_step step;
    enum ad_protocol protocol; /* AD_ASK */
    const char *target;        /* URL or name asked; AD_FOUND: the URL of Exchange; else "" */
    bool sign;                 /* with credentials */
    int status;                /* 0: no answer, or not HTTP */
    const char *code;          /* of the error; "" none */
    const char *note;          /* what it came to, in a few words */
    const char *text;          /* of the error, for people; "" none */
    uint32_t took_ms;
    const char *body; /* of the answer, hostile; may hold the user's address */
    size_t body_len;
};
typedef void (*autodiscover_observe)(const struct autodiscover_event *e, void *user);
/* One of found and err. Codes of err: ad_plan_err; also "autodiscover.deadline". */
typedef void (*autodiscover_done)(const struct ad_found *found, const struct err *err, void *user);

/* err: SCOPE_PROCESS, "conf" */
int autodiscover_new(struct loop *l,
                     const struct autodiscover_config *config,
                     struct autodiscover **ret,
                     struct err *err) must_check;
void autodiscover_free(struct autodiscover *a); /* searches end without callbacks; NULL is fine */
/* The account's password is another one: its fingerprint, for the login port. */
void autodiscover_login(struct autodiscover *a, const char *fingerprint);
const struct ad_policy *autodiscover_policy(const struct autodiscover *a);

/*
 * @known    Autodiscover URL that worked for this domain before; NULL none
 * @observe  may be NULL; must not cancel or free
 * @done     once, from the loop, never from inside; may begin searches, and free a
 */
struct autodiscover_search *autodiscover_find(struct autodiscover *a,
                                              const char *address,
                                              const char *known,
                                              autodiscover_observe observe,
                                              autodiscover_done done,
                                              void *user);
void autodiscover_cancel(struct autodiscover_search *s); /* no callbacks; NULL is fine */
CLEANUP_DEFINE(struct autodiscover, autodiscover_free);

#endif
