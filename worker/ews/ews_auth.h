/*
 * ews_auth: the service account. The only module that sees the password.
 */
#ifndef SYNC_WORKER_EWS_AUTH_H
#define SYNC_WORKER_EWS_AUTH_H

#include "common/base/cleanup.h"

#include "common/net/http.h"

struct ews_auth;

/*
 * Copies all three. With a domain, and a user that names none (no backslash, no @), the login is
 * DOMAIN\user.
 *
 * @domain  NULL or "" for none
 */
struct ews_auth *ews_auth_new(const char *user, const char *domain, const char *password);
void ews_auth_free(struct ews_auth *a); /* wipes the password; NULL is fine */
void ews_auth_sign(const struct ews_auth *a, struct http_request *r); /* r borrows from a */
CLEANUP_DEFINE(struct ews_auth, ews_auth_free);

#endif
