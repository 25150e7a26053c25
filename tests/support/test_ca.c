#include "tests/support/test_ca.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct test_ca {
    EVP_PKEY *key;
    X509 *cert;
    long serial;
    char file[64];
};

enum { DAY = 24 * 3600 };

static void must(int ok)
{
    if (!ok)
        abort();
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(e && X509_add_ext(cert, e, -1));
    X509_EXTENSION_free(e);
}

static X509 *cert_new(struct test_ca *ca, EVP_PKEY *key, const char *name, int days)
{
    X509 *cert = X509_new();
    X509_NAME *subject = X509_NAME_new();
    must(cert && subject && X509_set_version(cert, 2) &&
         ASN1_INTEGER_set(X509_get_serialNumber(cert), ++ca->serial));
    long from = days < 0 ? (days - 10) * (long)DAY : -DAY;
    must(X509_gmtime_adj(X509_getm_notBefore(cert), from) &&
         X509_gmtime_adj(X509_getm_notAfter(cert), days * (long)DAY) && X509_set_pubkey(cert, key));
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                    -1, 0));
    must(X509_set_subject_name(cert, subject));
    must(X509_set_issuer_name(cert, ca->cert ? X509_get_subject_name(ca->cert) : subject));
    X509_NAME_free(subject);
    return cert;
}

struct test_ca *test_ca_new(void)
{
    struct test_ca *ca = xalloc(sizeof(*ca));
    ca->key = EVP_EC_gen("P-256");
    must(ca->key != NULL);
    X509 *cert = cert_new(ca, ca->key, "Test authority", 30);
    extend(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(cert, cert, NID_key_usage, "critical,keyCertSign");
    extend(cert, cert, NID_subject_key_identifier, "hash");
    must(X509_sign(cert, ca->key, EVP_sha256()) > 0);
    ca->cert = cert;
    snprintf(ca->file, sizeof(ca->file), "/tmp/test-ca-XXXXXX");
    int fd = mkstemp(ca->file);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    must(f && PEM_write_X509(f, cert) && fclose(f) == 0);
    return ca;
}

void test_ca_free(struct test_ca *ca)
{
    if (!ca)
        return;
    unlink(ca->file);
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    free(ca);
}

const char *test_ca_file(const struct test_ca *ca)
{
    return ca->file;
}

static char *text_of(BIO *bio)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    char *text = xstrndup(p, (size_t)n);
    BIO_free(bio);
    return text;
}

struct test_ca_pair test_ca_issue(struct test_ca *ca, const char *names, int days)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = cert_new(ca, key, "Test server", days);
    BIO *cert_out = BIO_new(BIO_s_mem()), *key_out = BIO_new(BIO_s_mem());
    extend(cert, ca->cert, NID_subject_alt_name, names);
    extend(cert, ca->cert, NID_ext_key_usage, "serverAuth");
    extend(cert, ca->cert, NID_authority_key_identifier, "keyid");
    must(X509_sign(cert, ca->key, EVP_sha256()) > 0 && PEM_write_bio_X509(cert_out, cert) &&
         PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL));
    X509_free(cert);
    EVP_PKEY_free(key);
    return (struct test_ca_pair){text_of(cert_out), text_of(key_out)};
}

void test_ca_pair_release(struct test_ca_pair *p)
{
    free(p->cert);
    free(p->key);
    *p = (struct test_ca_pair){0};
}
