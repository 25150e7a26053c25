/*
 * dns_fake: a DNS server on loopback (UDP, a thread of its own) that knows the SRV records it was
 * told, and can misbehave. Questions it has no record for: the name does not exist.
 */
#ifndef SYNC_TESTS_SUPPORT_DNS_FAKE_H
#define SYNC_TESTS_SUPPORT_DNS_FAKE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

enum dns_fake_mood {
    DNS_FAKE_HONEST,
    DNS_FAKE_SILENT,
    DNS_FAKE_REFUSES,   /* RCODE 5 */
    DNS_FAKE_FAILS,     /* RCODE 2 */
    DNS_FAKE_GARBAGE,   /* random bytes behind the right id */
    DNS_FAKE_CUT,       /* half of the answer */
    DNS_FAKE_LOOPS,     /* a name that points to itself */
    DNS_FAKE_OTHER_TYPE /* the record is an A record */
};

struct dns_fake;

struct dns_fake *dns_fake_start(void);
void dns_fake_stop(struct dns_fake *d);                 /* NULL is fine */
const char *dns_fake_servers(const struct dns_fake *d); /* "127.0.0.1:PORT" */
/* Before the question comes. target may hold any bytes but NUL; labels end at '.'. */
void dns_fake_srv(struct dns_fake *d,
                  const char *name,
                  unsigned priority,
                  unsigned weight,
                  unsigned port,
                  const char *target);
void dns_fake_clear(struct dns_fake *d);
void dns_fake_mood(struct dns_fake *d, enum dns_fake_mood mood);
size_t dns_fake_questions(struct dns_fake *d); /* so far */
CLEANUP_DEFINE(struct dns_fake, dns_fake_stop);

#endif
