/*
 * ews_error: what every way of failing means, in the neutral words of core/outcome.h. Pure tables.
 *
 * Failures come as a response message (one item), as a SOAP fault (the request as a whole, nothing
 * was done), as an HTTP status, or as no answer at all. A write whose failure does not prove that
 * nothing happened is OUT_UNKNOWN; a read never is: it is OUT_RETRY_LATER. A code that nobody knows
 * is OUT_RETRY_LATER and keeps its text ("ews.ErrorSomethingNew").
 *
 * In struct err: after_ms is the server's back-off, else what is usual for the code, else 0. Codes:
 * "ews.<ResponseCode>", "http.<status>", "curl.<n>", "fenced".
 * @source  reference/ews.md sections 10-12, one row per code; tests/unit/ews_error_test.c has one
 * too
 */
#ifndef SYNC_WORKER_EWS_ERROR_H
#define SYNC_WORKER_EWS_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#include "common/core/contact.h"
#include "common/core/outcome.h"
#include "worker/ews/ews_decode.h"

enum ews_verb {
    EWS_CREATE,
    EWS_UPDATE, /* and strip */
    EWS_DELETE,
    EWS_GET,  /* items by id */
    EWS_FIND, /* a folder, or what is in it */
};

#define EWS_MAX_BACKOFF_MS (24u * 3600 * 1000) /* a server that names more is not believed */

/* One response message that is not ok. OUT_DONE leaves *err alone. */
enum outcome ews_error_item(const struct ews_problem *p, enum ews_verb verb, struct err *err);
/* A fault, as the outcome of each of n operations: what concerns one item only is no verdict on
 * many (OUT_SPLIT). An internal error, or a code that nobody knows, may be one item's doing:
 * SCOPE_ITEM. Never OUT_DONE. */
enum outcome
ews_error_fault(const struct ews_problem *p, enum ews_verb verb, size_t n, struct err *err);

enum ews_again {
    EWS_AGAIN_NO,
    EWS_AGAIN_SAME,   /* as it was: it may have been the moment */
    EWS_AGAIN_WITHOUT /* without the field that the server does not take */
};
/* Is a create or update that was refused for good (OUT_DEAD) worth one more try? *field is set with
 * EWS_AGAIN_WITHOUT. */
enum ews_again ews_error_again(const struct ews_problem *p, enum contact_field *field);
/* What one mailbox was refused for, which is the account's trouble when all mailboxes are. */
bool ews_error_of_all(const char *err_code);

struct ews_http {
    int status;
    bool html;              /* the body is a web page */
    const char *location;   /* of a redirect, or "" */
    int64_t retry_after_ms; /* -1: none */
};
/* A status with a body that is no SOAP. */
enum outcome ews_error_http(const struct ews_http *h, enum ews_verb verb, struct err *err);
/* No answer: from is what the HTTP client said. */
enum outcome ews_error_transport(const struct err *from, enum ews_verb verb, struct err *err);
/* An answer that cannot be read, or not the one to our question; from says why (ews_decode). */
enum outcome ews_error_unreadable(const struct err *from, enum ews_verb verb, struct err *err);

#endif
