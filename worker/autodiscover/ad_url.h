/*
 * ad_url: where Autodiscover may go, and with what. Pure.
 *
 * A URL that a server named is followed, used or signed only when
 *   - it is https, without user, password and fragment, and its host is a plain DNS name: no IP
 *     address in any spelling, no last dot, nothing but letters, digits, hyphens and dots (a name
 * in another script is there as xn--...);
 *   - its host is inside the domain of the mailbox's own address, inside one of mail_domains, or
 *     in the configured list, and its port is 443 or the one that the list names. Inside means the
 *     name itself or below it: never a parent;
 * and a connection to it is made only to a public address, or to a private one when its host is
 * inside mail_domains, or to one in the configured ranges. The host of the configured URL is the
 * administrator's own word: it may be an IP address, have any port and a private address.
 * @source  reference/ews.md section 4 (redirect safety); docs/adr/0017-autodiscover.md
 */
#ifndef SYNC_AUTODISCOVER_AD_URL_H
#define SYNC_AUTODISCOVER_AD_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#include "common/net/address.h"

enum { AD_MAX_URL = 1000, AD_MAX_HOST = 253, AD_MAX_ADDRESS = 320 };

struct ad_url {
    char text[AD_MAX_URL + 1]; /* scheme and host in lower case, port 443 left out */
    char host[AD_MAX_HOST + 1];
    const char *path; /* in text: "/autodiscover/autodiscover.svc"; "" for none */
    uint16_t port;
};

/* Everything is borrowed; lists end with NULL; NULL is the empty list. */
struct ad_policy {
    const char *const *mail_domains;
    const char *const *hosts; /* "mail.example.org", "*.example.org" (below it), with or without
                                 ":8443" */
    const char *url;          /* configured Autodiscover URL; NULL or "": none */
    const struct address_range *ranges; /* allowed whatever they are */
    size_t n_ranges;
    bool internal_first; /* InternalEwsUrl before ExternalEwsUrl */
};

/* A URL from outside. NULL when it is fine, else why it is none for us: static text. */
const char *ad_url_parse(const char *text, struct ad_url *ret);
/* One that an administrator wrote: the host may be an IPv4 address or a single label too. */
const char *ad_url_parse_own(const char *text, struct ad_url *ret);
/* Is `host` (lower case) `domain` or below it? Any case of domain; never for an empty one. */
bool ad_host_inside(const char *host, const char *domain);
/* May its host be asked, and get the password? domain: of the mailbox's own address. */
bool ad_url_allowed(const struct ad_policy *p, const char *domain, const struct ad_url *u);
/* May a connection for host (as the URL has it) go to this address? */
bool ad_address_allowed(const struct ad_policy *p, const char *host, const struct sockaddr *a);
/* The domain of a mail address in lower case; NULL with *why: not an address that we can ask about.
 * ret: AD_MAX_HOST + 1 bytes. */
const char *ad_address_domain(const char *address, char *ret, const char **why);
/* Is it one of Microsoft's own, where EWS ends (reference/ews.md section 1)? */
bool ad_host_is_online(const char *host);
/* What is wrong with the settings alone. err: SCOPE_PROCESS, "conf" */
int ad_policy_check(const struct ad_policy *p, struct err *err) must_check;

#endif
