/*
 * ews_store: contact_store (common/port/contact_store.h) over Exchange Web Services.
 *
 * One account for all mailboxes, impersonating each; a pool of connections shared by all. Writes go
 * out once (http.h send_once). A 401 is tried once more on a fresh connection, one at a time and
 * not at all while the last such try was refused too, so that a wrong password does not lock the
 * account: then OUT_STOP.
 *
 * An update whose categories change reads the item's categories first and keeps the user's own. One
 * that meets a newer ChangeKey than we know reads it and tries once more. Codes of errors:
 * ews_error.h; also "canceled", "ews.deadline", "ews.wrong_count", "ews.unreadable", "ews.too_big",
 * "ews.paging", "ews.too_many_items".
 * @source  reference/ews.md; design section 6 rules 4, 8, 11
 */
#ifndef SYNC_WORKER_EWS_STORE_H
#define SYNC_WORKER_EWS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#include "common/port/contact_store.h"

struct loop;

/* Everything is copied. NULL, "" and 0 mean the default where one is named. */
struct ews_config {
    const char *url;           /* https://host/EWS/Exchange.asmx; http:// only with allow_http */
    const char *user, *domain; /* domain may be NULL: see ews_auth.h */
    const char *password;      /* wiped when the store is freed */
    const char *version;       /* see ews_version_of; default: 2013 SP1 */
    const char *user_agent;    /* administrators allow or block clients by it */
    const char *ca_file;       /* NULL: the system's */
    const char *delete_type;   /* "hard" (default), "soft", "trash" */
    /* Name of the header that routes to the mailbox's server. NULL: X-AnchorMailbox, "": none. */
    const char *anchor_header;
    uint32_t connections;      /* default 20 */
    uint32_t read_timeout_ms;  /* of each request of list and identify; default 120 s */
    size_t max_response_bytes; /* default 8 MiB, at most 16 MiB */
    bool allow_http;
};

/* err: SCOPE_PROCESS, code "conf": a URL, version or delete type that is none. */
int ews_store_new(struct loop *l,
                  const struct ews_config *config,
                  struct contact_store **ret,
                  struct err *err) must_check;

/*
 * The RequestServerVersion for a setting: the schema's own names ("Exchange2010_SP2"), or "2007",
 * "2010", "2013", "2016", "2019", "SE", "online"; any case. NULL: unknown. Pure.
 */
const char *ews_version_of(const char *setting);

#endif
