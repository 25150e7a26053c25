/*
 * address: what kind of place an IP address is, for requests whose target somebody else chose
 * (a redirect, a DNS answer). Pure.
 *
 * Addresses that carry an IPv4 address inside (mapped, compatible, translated, NAT64, 6to4, ISATAP)
 * are what that one is. Ranges are written as CIDR ("10.1.0.0/16", "127.0.0.1", "fd00::/8").
 * @source  IANA special-purpose address registries (RFC 6890 and updates); RFC 4291, 6052, 8215,
 * 3056, 4380, 5214; addresses of cloud metadata services by their vendors' documentation
 */
#ifndef SYNC_NET_ADDRESS_H
#define SYNC_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct sockaddr;

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_PRIVATE,  /* RFC 1918, shared space (RFC 6598), unique local */
    ADDRESS_FORBIDDEN /* loopback, link-local, metadata, multicast, reserved, or no IP at all */
};

struct address_range {
    uint8_t base[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;    /* of base that count, 0..128 */
};

enum address_kind address_kind(const struct sockaddr *a);
/* "forbidden" and so on, for people. */
const char *address_kind_name(enum address_kind k);

/* Host bits are ignored. err: SCOPE_PROCESS, "conf". */
int address_range_parse(const char *text, struct address_range *ret, struct err *err) must_check;
/* By the address as it stands, or by the IPv4 address inside it. */
bool address_in(const struct sockaddr *a, const struct address_range *ranges, size_t n);

enum { ADDRESS_TEXT = 46 };
/* "192.0.2.1", "2001:db8::1"; "?" for no IP. */
const char *address_format(const struct sockaddr *a, char buf[ADDRESS_TEXT]);

#endif
