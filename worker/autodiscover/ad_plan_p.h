/*
 * ad_plan_p: what ad_plan.c (candidates, which one is next) and ad_plan_answer.c (what an answer
 * means) share. Nobody else's.
 */
#ifndef SYNC_AUTODISCOVER_AD_PLAN_P_H
#define SYNC_AUTODISCOVER_AD_PLAN_P_H

#include <stdbool.h>

#include "common/base/vec.h"

#include "worker/autodiscover/ad_plan.h"

/* Reasons, from the one that says least to the one that says most. */
enum ad_reason {
    REASON_NONE,
    REASON_NOT_FOUND,
    REASON_UNREADABLE,
    REASON_TLS,
    REASON_ADDRESS,
    REASON_SERVER,
    REASON_BUSY,
    REASON_REDIRECTS,
    REASON_NOT_OFFERED,
    REASON_LOGIN, /* may be of some other server that wants a password */
    REASON_USER,  /* proves that the password is right */
    REASON_HOST   /* somebody has to allow it */
};

struct ad_candidate {
    enum ad_step step; /* AD_ASK, AD_GET, AD_SRV */
    enum ad_protocol protocol;
    bool only_with_server; /* a second try at a host: not where the first found nobody */
    bool sign;
    unsigned busy; /* waits so far */
    char url[AD_MAX_URL + 1];
};

struct ad_tried {
    char *address, *url;
};

struct ad_plan {
    const struct ad_policy *policy;
    char own_domain[AD_MAX_HOST + 1]; /* of the mailbox's address: what "inside" means */
    char domain[AD_MAX_HOST + 1];     /* of the address that is asked about now */
    char address[AD_MAX_ADDRESS + 1];
    vec(struct ad_candidate) queue; /* the next one is the last of the array */
    struct ad_candidate now;
    struct ad_action action;
    vec(struct ad_tried) tried;
    vec(char *) absent;  /* hosts where nobody answered */
    vec(char *) refused; /* hosts that refused the credentials */
    unsigned hops, steps, refusals;
    enum ad_reason reason;
    struct err err;
    const char *note;
    struct ad_found found;
};

/* The heaviest reason stays, of equals the first. The text goes into logs: host names and fixed
 * words only. code: of REASON_USER, the server's own; else NULL. */
void ad_plan_blame(struct ad_plan *p, enum ad_reason reason, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void ad_plan_host(const char *url, char host[AD_MAX_HOST + 1]); /* "" for what is no URL */
/* A place by its URL: SOAP, then POX; a URL that says neither is asked by `otherwise` alone. */
void ad_plan_add(struct ad_plan *p, const struct ad_url *u, enum ad_protocol otherwise);
void ad_plan_restart(struct ad_plan *p); /* all candidates for p->address, and none of before */
bool ad_plan_tried(const struct ad_plan *p, const char *url);
void ad_plan_end(struct ad_plan *p, enum ad_step step);
void ad_plan_begin(struct ad_plan *p); /* p->now, as it is */
void ad_plan_next(struct ad_plan *p);

#endif
