/*
 * ad_plan: Autodiscover as a state machine: what came of the last step in, what to do next out.
 * Pure: no I/O, no clock. The driver (autodiscover.h) does what the action says and ends the whole
 * at its deadline.
 *
 * Candidates, in order: the URL that worked last for this domain; then the configured one and
 * nothing else, or, from the address: https://DOMAIN, https://autodiscover.DOMAIN (each SOAP, then
 * POX where there is a server at all), a redirect by http://autodiscover.DOMAIN, the SRV record
 * _autodiscover._tcp.DOMAIN. A redirect is followed at once; when it leads nowhere the next
 * candidate has its turn.
 *
 * Each URL is asked without credentials first. They go only to a URL that ad_url allows and that
 * answered 401, over https; after two refusals it is over, so that a wrong password locks nobody
 * out. At most AD_MAX_HOPS redirects of all kinds, no URL twice for one address, AD_MAX_STEPS
 * steps.
 * @source  reference/ews.md section 4
 */
#ifndef SYNC_AUTODISCOVER_AD_PLAN_H
#define SYNC_AUTODISCOVER_AD_PLAN_H

#include "common/base/cleanup.h"

#include "common/net/dns.h"
#include "worker/autodiscover/ad_codec.h"
#include "worker/autodiscover/ad_url.h"

enum { AD_MAX_HOPS = 10, AD_MAX_STEPS = 64, AD_MAX_REFUSALS = 2 };

enum ad_step {
    AD_ASK,  /* POST the document of `protocol` about `address` to `url`; sign: with credentials */
    AD_GET,  /* GET the http URL, no credentials, nothing of anybody's in it */
    AD_SRV,  /* ask DNS for `name` */
    AD_WAIT, /* wait_ms, then answer with an empty struct */
    AD_FOUND,
    AD_FAILED
};

struct ad_action { /* strings live until the next answer */
    enum ad_step step;
    enum ad_protocol protocol;
    const char *url, *address, *name;
    bool sign;
    uint32_t wait_ms;
};

struct ad_answer {         /* what came of an action; borrowed for the call */
    const struct err *err; /* no answer: transport, DNS; NULL when there was one */
    int status;
    bool cannot_sign; /* of a 401: none of the ways that it offers is ours */
    const char *content_type, *location, *body;
    size_t body_len;
    int64_t retry_after_ms; /* -1: none */
    const struct dns_srv *srv;
    size_t n_srv;
};

struct ad_found {
    char url[AD_MAX_URL + 1]; /* EWS; checked and allowed */
    char alt[AD_MAX_URL + 1]; /* the other one; "" when there is none or it is not allowed */
    char via[AD_MAX_URL + 1]; /* Autodiscover URL that said so */
    char address[AD_MAX_ADDRESS + 1]; /* the one that was asked about in the end */
    enum ad_protocol protocol;
};

struct ad_plan;

/*
 * @policy  borrowed for the plan's life
 * @known   an Autodiscover URL that worked for this domain before; NULL or one that is not allowed
 *          any more: none
 * @err     SCOPE_MAILBOX, WHEN_NEVER, "autodiscover.mail_address"
 */
int ad_plan_new(const struct ad_policy *policy,
                const char *address,
                const char *known,
                struct ad_plan **ret,
                struct err *err) must_check;
void ad_plan_free(struct ad_plan *p); /* NULL is fine */
/* What to do now; the same until it is answered. */
const struct ad_action *ad_plan_action(const struct ad_plan *p);
/* Not after AD_FOUND or AD_FAILED. */
void ad_plan_answer(struct ad_plan *p, const struct ad_answer *a);
/* What the last answer came to, in a few words: "a web page", "redirected". For traces. */
const char *ad_plan_note(const struct ad_plan *p);
const struct ad_found *ad_plan_found(const struct ad_plan *p); /* NULL before AD_FOUND */
/*
 * Why not, the most telling reason of all candidates: also for a plan that is given up before its
 * end. Codes, heaviest first: "autodiscover.host" (sent to a host that is not allowed: the text
 * names it), "autodiscover.InvalidUser" and the like, "auth.refused", "auth.not_offered",
 * "autodiscover.redirects" (a loop, or too many), "autodiscover.busy", "autodiscover.server",
 * "autodiscover.address" (the host has a forbidden address), "autodiscover.tls",
 * "autodiscover.unreadable", "autodiscover.not_found"; all SCOPE_MAILBOX, WHEN_LATER.
 */
void ad_plan_err(const struct ad_plan *p, struct err *err);
CLEANUP_DEFINE(struct ad_plan, ad_plan_free);

#endif
