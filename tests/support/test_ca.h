/*
 * test_ca: a certificate authority for one test, and certificates for the names it is asked for.
 */
#ifndef SYNC_TESTS_SUPPORT_TEST_CA_H
#define SYNC_TESTS_SUPPORT_TEST_CA_H

#include "common/base/cleanup.h"

struct test_ca;

struct test_ca_pair { /* PEM */
    char *cert, *key;
};

struct test_ca *test_ca_new(void);
void test_ca_free(struct test_ca *ca);              /* removes its file; NULL is fine */
const char *test_ca_file(const struct test_ca *ca); /* PEM, of the authority */
/*
 * @names  "DNS:church.example,DNS:*.church.example", as subjectAltName is written for OpenSSL
 * @days   good from now on; negative: ended so many days ago
 */
struct test_ca_pair test_ca_issue(struct test_ca *ca, const char *names, int days);
void test_ca_pair_release(struct test_ca_pair *p);
CLEANUP_DEFINE(struct test_ca, test_ca_free);
CLEANUP_VALUE(struct test_ca_pair, test_ca_pair_release);

#endif
