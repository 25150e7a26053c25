/*
 * dns: DNS questions that libcurl does not ask, on the loop, by c-ares: where a service is (SRV).
 *
 * Names are asked as they are, never with a search domain. Answers are hostile: at most
 * DNS_MAX_SRV records are looked at, targets are host names or the record is passed over.
 */
#ifndef SYNC_NET_DNS_H
#define SYNC_NET_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct loop;
struct dns;
struct dns_query;

enum { DNS_MAX_SRV = 16, DNS_MAX_NAME = 253 };

struct dns_srv {
    char target[DNS_MAX_NAME + 1]; /* lower case, letters, digits, hyphens and dots; no last dot */
    uint16_t port, priority, weight;
};

/*
 * Best first: lowest priority, then highest weight. n 0 with err NULL: there is no such service.
 * err: SCOPE_REMOTE, WHEN_LATER; codes "dns.timeout", "dns.refused", "dns.bad_answer",
 * "dns.failed".
 */
typedef void (*dns_srv_done)(const struct dns_srv *v, size_t n, const struct err *err, void *user);

/* @servers  "127.0.0.1:5353,...", NULL or "": the system's. err: SCOPE_PROCESS, "conf" */
int dns_new(struct loop *l, const char *servers, struct dns **ret, struct err *err) must_check;
void dns_free(struct dns *d); /* questions end without callbacks; NULL is fine */
/* done is called once, from the loop, never from inside. */
struct dns_query *
dns_srv(struct dns *d, const char *name, uint32_t timeout_ms, dns_srv_done done, void *user);
void dns_cancel(struct dns_query *q); /* no callback afterwards; NULL is fine */

/* The records of an answer, best first; at most max. -1: the answer cannot be read. Pure. */
int dns_srv_parse(const uint8_t *answer, size_t n, struct dns_srv *ret, size_t max);
CLEANUP_DEFINE(struct dns, dns_free);

#endif
