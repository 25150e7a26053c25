/*
 * account: the settings of Exchange and its service account, as the EWS driver wants them.
 */
#ifndef SYNC_WORKER_ACCOUNT_H
#define SYNC_WORKER_ACCOUNT_H

#include "common/base/secret.h"
#include "common/base/str.h"

#include "common/app/app.h"
#include "common/app/sealed.h"
#include "worker/ews/ews_store.h"

struct account {
    struct ews_config ews; /* borrows from the settings and from below */
    struct secret *secret;
    char *token_url;
    const char *sealed; /* the name of the secret, where it came out of the database; else NULL */
};

/* What a sealed secret of Exchange is for, by the settings. The lines lie in text. */
struct account_secret {
    struct sealed_for f;
    struct str text[SEALED_LINES];
};
/* name: "exchange.password" or "exchange.oauth_secret"; else -1, code "conf". */
int account_secret_for(const struct conf *c,
                       const char *name,
                       struct account_secret *ret,
                       struct err *err) must_check;
void account_secret_release(struct account_secret *a);
CLEANUP_VALUE(struct account_secret, account_secret_release);

/*
 * Reads settings and secrets; names the keytab in the process' environment (Kerberos looks there)
 * and forbids core dumps.
 *
 * @err  code "conf"
 */
int account_read(struct app *app, struct account *ret, struct err *err) must_check;
void account_release(struct account *a);
/* What an operator should know at the start: one line each, for Exchange Online. */
void account_announce(const struct app *app);
CLEANUP_VALUE(struct account, account_release);

#endif
