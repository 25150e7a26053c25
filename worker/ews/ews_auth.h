/*
 * ews_auth: the service account: how it signs in, and its password. With ews_oauth the only module
 * that sees a secret.
 *
 * "auto" is Kerberos where there is a keytab, OAuth2 where there is a client id, else NTLM, and
 * Basic where the server offers no NTLM or libcurl has none: a server's 401 names what it offers,
 * before any password was sent.
 * @source  reference/ews.md section 3
 */
#ifndef SYNC_WORKER_EWS_AUTH_H
#define SYNC_WORKER_EWS_AUTH_H

#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/net/http.h"

struct ews_auth;

struct ews_account {    /* everything is copied; NULL and "" are the same */
    const char *method; /* "auto", "basic" (default), "ntlm", "negotiate", "oauth2" */
    /* With a domain, and a user that names none (no backslash, no @), the login is DOMAIN\user. */
    const char *user, *domain;
    const char *password;  /* of the user, or the client's secret */
    const char *client_id; /* OAuth2 */
    const char *url;       /* of Exchange: names the account in messages to other workers */
    bool keytab;           /* there is one */
};

/* What this process' libcurl can do: HTTP_OFFERS bits. */
unsigned ews_auth_can(void);
/*
 * @can  ews_auth_can(), in tests anything
 * @err  code "conf": no such method, one that this libcurl has not, or that lacks what it needs
 */
int ews_auth_new(const struct ews_account *a, unsigned can, struct ews_auth **ret, struct err *err)
    must_check;
void ews_auth_free(struct ews_auth *a); /* wipes the password; NULL is fine */
/* The account's password is another one from now on. */
void ews_auth_replace(struct ews_auth *a, const char *password);

enum http_auth ews_auth_method(const struct ews_auth *a);
/* r borrows from a. A token is not its business. */
void ews_auth_sign(const struct ews_auth *a, struct http_request *r);
/* The server offers (HTTP_OFFERS) something else. true: "auto" has changed to what it offers. */
bool ews_auth_switch(struct ews_auth *a, unsigned offers);
/* For common/port/login.h: who logs in where, and which password it is. The fingerprint is a slow
 * hash, cut so short that thousands of guesses fit it. */
const char *ews_auth_name(const struct ews_auth *a);
const char *ews_auth_fingerprint(const struct ews_auth *a);
const char *ews_auth_secret(const struct ews_auth *a); /* for ews_oauth; borrowed */
/* The account is stopped: refused twice. OUT_STOP's error, "auth.refused". */
void ews_auth_refusal(const struct ews_auth *a, struct err *err);
/* The server does not offer the method: "auth.not_offered". */
void ews_auth_not_offered(const struct ews_auth *a, unsigned offers, struct err *err);
CLEANUP_DEFINE(struct ews_auth, ews_auth_free);

#endif
