/*
 * ews_oauth: a token for Exchange by OAuth2 client credentials: fetched when first needed, renewed
 * before it ends, one request at a time.
 * @source  RFC 6749 4.4; reference/ews.md section 3
 */
#ifndef SYNC_WORKER_EWS_OAUTH_H
#define SYNC_WORKER_EWS_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/net/loop.h"

struct ews_oauth;
struct secret;

struct ews_oauth_config {  /* everything is copied */
    const char *token_url; /* https; http only with allow_http */
    const char *client_id;
    const char *secret;
    const char *scope; /* NULL, "": https://outlook.office365.com/.default */
    const char *user_agent, *ca_file;
    bool allow_http;
    /*
     * The fetch that somebody waited for is over. err NULL: there is a token. WHEN_NEVER: refused
     * ("oauth.invalid_client"); else trouble that passes. From the loop.
     */
    void (*done)(const struct err *err, void *user);
    void *user;
};

/* err: code "conf" */
int ews_oauth_new(struct loop *l,
                  const struct ews_oauth_config *c,
                  struct ews_oauth **ret,
                  struct err *err) must_check;
void ews_oauth_free(struct ews_oauth *o); /* NULL is fine; done is not called any more */
/* Another secret from now on; what the one before had brought is forgotten. */
void ews_oauth_replace(struct ews_oauth *o, const char *secret);
/* The token, borrowed until the next turn of the loop, and its number. NULL: there is none yet,
 * done will tell. One that ends soon is renewed meanwhile. */
const char *ews_oauth_token(struct ews_oauth *o, uint64_t *ret_number);
/* Exchange does not take that one any more. */
void ews_oauth_drop(struct ews_oauth *o, uint64_t number);

/*
 * What a token endpoint answered. Pure.
 *
 * @ret_life_s  1 second to 1 day
 * @return      -1 with *err: WHEN_NEVER for a refusal that repeating does not mend
 */
int ews_oauth_parse(int status,
                    const char *body,
                    size_t n,
                    struct secret **ret_token,
                    int64_t *ret_life_s,
                    struct err *err) must_check;
/* name=value of a form, escaped. @source RFC 3986 2.1 */
struct str;
void ews_oauth_field(struct str *form, const char *name, const char *value);
CLEANUP_DEFINE(struct ews_oauth, ews_oauth_free);

#endif
