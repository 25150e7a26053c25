#include "worker/ews/ews_error.h"

#include <string.h>

#include "common/base/cleanup.h"

#include "worker/ews/ews_fields.h"

enum { MINUTES = 60 * 1000, HOURS = 60 * MINUTES };
enum {
    DONE_ON_FOLDER = 1, /* what shall be there is there */
    FOLDER_ON_FIND = 2, /* where no item id was sent, the code means the folder's */
    ONCE_MORE = 4,      /* a write is tried once more as it is ... */
    NAMES_FIELD = 8,    /* ... or without the field that the answer names */
    MEANS_EMAIL = 16,   /* that is the e-mail address where it names none */
    OF_ALL = 32,        /* the account's trouble when it is all mailboxes' */
};

struct code_row {
    const char *code;
    enum outcome outcome;
    enum err_scope scope;
    uint32_t after_ms; /* usual wait; 0: our policy decides */
    unsigned flags;
};

/* clang-format off */
static const struct code_row codes[] = {
    /* Busy: wait as long as the server says. */
    {"ErrorServerBusy", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorExceededConnectionCount", OUT_RETRY_LATER, SCOPE_REMOTE, 0, 0},
    {"ErrorTooManyObjectsOpened", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorInternalServerTransientError", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorInsufficientResources", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorNotEnoughMemory", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    /* The batch took longer than the server allows: a part of it may be done. */
    {"ErrorTimeoutExpired", OUT_UNKNOWN, SCOPE_MAILBOX, 0, 0},
    {"ErrorMailboxStoreUnavailable", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorMailboxFailover", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorADUnavailable", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorADOperation", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorMailboxMoveInProgress", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorConnectionFailed", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorCrossSiteRequest", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorNoRespondingCASInDestinationSite", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, 0},
    {"ErrorInternalServerError", OUT_RETRY_LATER, SCOPE_ITEM, 0, 0},
    {"ErrorBatchProcessingStopped", OUT_NOT_TRIED, SCOPE_MAILBOX, 0, 0},
    /* Gone, or changed. */
    {"ErrorItemNotFound", OUT_GONE, SCOPE_ITEM, 0, FOLDER_ON_FIND},
    {"ErrorFolderNotFound", OUT_FOLDER_LOST, SCOPE_MAILBOX, 0, 0},
    {"ErrorParentFolderNotFound", OUT_FOLDER_LOST, SCOPE_MAILBOX, 0, 0},
    {"ErrorSyncFolderNotFound", OUT_FOLDER_LOST, SCOPE_MAILBOX, 0, 0},
    {"ErrorFolderExists", OUT_RETRY_LATER, SCOPE_MAILBOX, 0, DONE_ON_FOLDER},
    {"ErrorInvalidSyncStateData", OUT_GONE, SCOPE_MAILBOX, 0, 0},
    {"ErrorStaleObject", OUT_CONFLICT, SCOPE_ITEM, 0, 0},
    {"ErrorChangeKeyRequiredForWriteOperations", OUT_CONFLICT, SCOPE_ITEM, 0, 0},
    {"ErrorChangeKeyRequired", OUT_CONFLICT, SCOPE_ITEM, 0, 0},
    {"ErrorIrresolvableConflict", OUT_CONFLICT, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidChangeKey", OUT_CONFLICT, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidIdMalformed", OUT_GONE, SCOPE_ITEM, 0, FOLDER_ON_FIND},
    {"ErrorInvalidId", OUT_GONE, SCOPE_ITEM, 0, FOLDER_ON_FIND},
    {"ErrorInvalidIdEmpty", OUT_GONE, SCOPE_ITEM, 0, FOLDER_ON_FIND},
    /* Refused for this content, or by our mistake. */
    {"ErrorItemCorrupt", OUT_DEAD, SCOPE_ITEM, 0, ONCE_MORE},
    {"ErrorItemSave", OUT_DEAD, SCOPE_ITEM, 0, ONCE_MORE},
    {"ErrorItemPropertyRequestFailed", OUT_DEAD, SCOPE_ITEM, 0, ONCE_MORE},
    {"ErrorInvalidPropertySet", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidPropertyRequest", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidPropertyForOperation", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidPropertyDelete", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorUpdatePropertyMismatch", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorIncorrectUpdatePropertyCount", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorObjectTypeChanged", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidExtendedProperty", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorItemSavePropertyError", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD},
    {"ErrorPropertyUpdate", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD},
    {"ErrorDataSizeLimitExceeded", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD},
    {"ErrorInvalidContactEmailAddress", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD | MEANS_EMAIL},
    {"ErrorInvalidContactEmailIndex", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD | MEANS_EMAIL},
    {"ErrorPropertyValidationFailure", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD},
    {"ErrorInvalidValueForProperty", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD},
    {"ErrorInvalidExtendedPropertyValue", OUT_DEAD, SCOPE_ITEM, 0, NAMES_FIELD},
    /* A photo. One that went between our look and our hand: the user was faster, look again. */
    {"ErrorInvalidAttachmentId", OUT_RETRY_LATER, SCOPE_ITEM, 0, 0},
    {"ErrorAttachmentSizeLimitExceeded", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorAttachmentNestLevelLimitExceeded", OUT_DEAD, SCOPE_ITEM, 0, 0},
    {"ErrorRequiredPropertyMissing", OUT_DEAD, SCOPE_ITEM, 0, 0},
    /* Refused whole. */
    {"ErrorSchemaValidation", OUT_SPLIT, SCOPE_ITEM, 0, 0},
    {"ErrorInvalidRequest", OUT_SPLIT, SCOPE_ITEM, 0, 0},
    {"ErrorRequestStreamTooBig", OUT_SPLIT, SCOPE_ITEM, 0, 0},
    {"ErrorMessageSizeExceeded", OUT_SPLIT, SCOPE_ITEM, 0, 0},
    {"ErrorExceededFindCountLimit", OUT_SPLIT, SCOPE_MAILBOX, 0, 0},
    /* This mailbox. A wrong folder is one mailbox's trouble too, though the reference calls it configuration. */
    {"ErrorCannotCreateContactInNonContactFolder", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorQuotaExceeded", OUT_PARK, SCOPE_MAILBOX, 24 * HOURS, 0},
    {"ErrorNonExistentMailbox", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorMissingEmailAddress", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorInvalidSmtpAddress", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorNonPrimarySmtpAddress", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorAccountDisabled", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorMailboxConfiguration", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorOrganizationAccessBlocked", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorImpersonateUserDenied", OUT_PARK, SCOPE_MAILBOX, 30 * MINUTES, OF_ALL},
    {"ErrorInvalidUserPrincipalName", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorInvalidUserSid", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorSidNotFound", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorAccessDenied", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorCreateItemAccessDenied", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorCannotDeleteObject", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    /* The service account or its settings: somebody must mend it. */
    {"ErrorImpersonationDenied", OUT_STOP, SCOPE_REMOTE, 0, 0},
    {"ErrorImpersonationFailed", OUT_STOP, SCOPE_REMOTE, 0, 0},
    {"ErrorInvalidExchangeImpersonationHeaderData", OUT_STOP, SCOPE_REMOTE, 0, 0},
    {"ErrorPasswordExpired", OUT_STOP, SCOPE_REMOTE, 0, 0},
    {"ErrorPasswordChangeRequired", OUT_STOP, SCOPE_REMOTE, 0, 0},
    {"ErrorCallerIsInvalidADAccount", OUT_STOP, SCOPE_REMOTE, 0, 0},
    /* Too old for every version we could ask with (ews_version.h): one mailbox's server. */
    {"ErrorInvalidServerVersion", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorIncorrectSchemaVersion", OUT_PARK, SCOPE_MAILBOX, 0, 0},
    {"ErrorInvalidSchemaVersionForMailboxVersion", OUT_PARK, SCOPE_MAILBOX, 0, 0},
};

/* What a status means for a request that wrote; `read` for one that did not. */
static const struct status_row {
    int status;
    enum outcome write, read;
    enum err_scope scope;
    const char *text;
} statuses[] = {
    {400, OUT_SPLIT, OUT_PARK, SCOPE_MAILBOX, "the server or a proxy calls the request malformed"},
    {401, OUT_STOP, OUT_STOP, SCOPE_REMOTE, "user name or password refused"},
    {403, OUT_STOP, OUT_STOP, SCOPE_REMOTE, "access to Exchange Web Services is forbidden (policy, user-agent list or EWS switched off)"},
    {404, OUT_STOP, OUT_STOP, SCOPE_REMOTE, "there is no Exchange Web Service at this URL"},
    {408, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE, "the server waited too long for the request"},
    {413, OUT_SPLIT, OUT_SPLIT, SCOPE_MAILBOX, "the request is too big for the server or a proxy"},
    {429, OUT_RETRY_LATER, OUT_RETRY_LATER, SCOPE_REMOTE, "too many requests"},
    {440, OUT_STOP, OUT_STOP, SCOPE_REMOTE, "a forms-based sign-in stands in front of the server"},
    {449, OUT_STOP, OUT_STOP, SCOPE_REMOTE, "the server wants the device provisioned: wrong URL"},
    {456, OUT_STOP, OUT_STOP, SCOPE_REMOTE, "the service account is locked or blocked"},
    {500, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE, "server error without a SOAP answer"},
    {502, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE, "a proxy lost the server"},
    {503, OUT_RETRY_LATER, OUT_RETRY_LATER, SCOPE_REMOTE, "the server is not available"},
    {504, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE, "a proxy did not wait for the server"},
};
/* clang-format on */

static bool writes(enum ews_verb verb)
{
    return verb == EWS_CREATE || verb == EWS_UPDATE || verb == EWS_DELETE;
}

static enum err_when when_of(enum outcome o)
{
    switch (o) {
    case OUT_UNKNOWN:
        return WHEN_UNKNOWN;
    case OUT_DEAD:
    case OUT_STOP:
        return WHEN_NEVER;
    default:
        return WHEN_LATER;
    }
}

/* A read that failed did no harm: it is simply done again. */
static enum outcome for_verb(enum outcome o, enum ews_verb verb)
{
    return o == OUT_UNKNOWN && !writes(verb) ? OUT_RETRY_LATER : o;
}

static const struct code_row *find_row(const char *code)
{
    for (size_t i = 0; code && i < ARRAY_LEN(codes); i++)
        if (strcmp(codes[i].code, code) == 0)
            return &codes[i];
    return NULL;
}

static enum outcome row_outcome(const struct code_row *row, enum ews_verb verb)
{
    if (!row)
        return OUT_RETRY_LATER;
    if (row->flags & DONE_ON_FOLDER && verb == EWS_FIND)
        return OUT_DONE;
    if (row->flags & FOLDER_ON_FIND && (verb == EWS_FIND || verb == EWS_CREATE))
        return OUT_FOLDER_LOST;
    return for_verb(row->outcome, verb);
}

static enum err_scope scope_of(enum outcome o, const struct code_row *row, enum err_scope least)
{
    enum err_scope scope = row ? row->scope : SCOPE_ITEM;
    if (o == OUT_FOLDER_LOST)
        scope = SCOPE_MAILBOX;
    return scope < least ? least : scope;
}

static uint32_t wait_of(const struct ews_problem *p, const struct code_row *row)
{
    uint32_t after_ms = p->backoff_ms ? p->backoff_ms : (row ? row->after_ms : 0);
    return after_ms < EWS_MAX_BACKOFF_MS ? after_ms : EWS_MAX_BACKOFF_MS;
}

static void fill(const struct ews_problem *p,
                 enum outcome o,
                 enum err_scope scope,
                 uint32_t after_ms,
                 struct err *err)
{
    char code[sizeof(err->code)] = "ews.";
    const char *name = *p->code ? p->code : "no_code";
    size_t n = strnlen(name, sizeof(code) - 5);
    memcpy(code + 4, name, n);
    code[4 + n] = '\0';
    err_set(err, scope, when_of(o), code, "Exchange answered %s%s%s%s%s", name,
            p->inner_code ? ", inside " : "", p->inner_code ? p->inner_code : "",
            p->at ? ", at " : "", p->at ? p->at : "");
    err->after_ms = after_ms;
}

/* ErrorInternalServerError may hide the true code. */
static const struct code_row *true_row(const struct ews_problem *p)
{
    const struct code_row *row = find_row(p->code);
    const struct code_row *inner = find_row(p->inner_code);
    return row && inner && strcmp(row->code, "ErrorInternalServerError") == 0 ? inner : row;
}

enum outcome ews_error_item(const struct ews_problem *p, enum ews_verb verb, struct err *err)
{
    const struct code_row *row = true_row(p);
    enum outcome o = row_outcome(row, verb);
    /* A message that contradicts itself, or says nothing, proves nothing. */
    if (!*p->code || strcmp(p->code, "NoError") == 0)
        o = for_verb(OUT_UNKNOWN, verb);
    if (o != OUT_DONE)
        fill(p, o, scope_of(o, row, SCOPE_ITEM), wait_of(p, row), err);
    return o;
}

enum ews_again ews_error_again(const struct ews_problem *p, enum contact_field *field)
{
    const struct code_row *row = true_row(p);
    unsigned flags = row ? row->flags : 0;
    if (flags & ONCE_MORE)
        return EWS_AGAIN_SAME;
    if (!(flags & NAMES_FIELD))
        return EWS_AGAIN_NO;
    if (ews_field_at(p->at, field))
        return EWS_AGAIN_WITHOUT;
    *field = CONTACT_EMAIL;
    return flags & MEANS_EMAIL ? EWS_AGAIN_WITHOUT : EWS_AGAIN_NO;
}

/* A request that is called malformed is one mailbox's or contact's; when all are, a proxy stands in
 * between that does not let them pass. */
bool ews_error_of_all(const char *err_code)
{
    const struct code_row *row = strncmp(err_code, "ews.", 4) == 0 ? find_row(err_code + 4) : NULL;
    return row ? row->flags & OF_ALL : strcmp(err_code, "http.400") == 0;
}

static bool of_one_item(enum outcome o)
{
    return o == OUT_DONE || o == OUT_GONE || o == OUT_CONFLICT || o == OUT_DEAD || o == OUT_SPLIT;
}

enum outcome
ews_error_fault(const struct ews_problem *p, enum ews_verb verb, size_t n, struct err *err)
{
    const struct code_row *row = true_row(p);
    enum outcome o = row_outcome(row, verb);
    bool of_item = of_one_item(o);
    if (of_item && n > 1)
        o = OUT_SPLIT;
    else if (o == OUT_DONE)
        o = OUT_GONE;
    bool may_be_item = of_item || (o == OUT_RETRY_LATER && *p->code && !p->backoff_ms &&
                                   (!row || row->scope == SCOPE_ITEM));
    fill(p, o, scope_of(o, row, may_be_item ? SCOPE_ITEM : SCOPE_MAILBOX), wait_of(p, row), err);
    return o;
}

static enum outcome
set(struct err *err, enum outcome o, enum err_scope scope, const char *code, const char *text)
{
    err_set(err, scope, when_of(o), code, "%s", text);
    return o;
}

/* The error page of the service itself is a passing fault; a sign-in page is a wrong URL or a
 * proxy. Nothing is followed. */
static enum outcome
redirect(const struct ews_http *h, enum ews_verb verb, const char *code, struct err *err)
{
    if (strcasestr(h->location, "/ews/genericerrorpage.htm")) {
        return set(err, for_verb(OUT_UNKNOWN, verb), SCOPE_REMOTE, code,
                   "Exchange sent its error page");
    }
    return set(err, OUT_STOP, SCOPE_REMOTE, code,
               "Exchange wants to send us elsewhere (a sign-in page, or the wrong URL)");
}

static enum outcome
other_status(const struct ews_http *h, enum ews_verb verb, const char *code, struct err *err)
{
    if (h->status == 200 && h->html) {
        return set(err, OUT_STOP, SCOPE_REMOTE, code,
                   "a web page answered instead of Exchange: wrong URL or a sign-in page");
    }
    if (h->status >= 400 && h->status < 500)
        return set(err, OUT_STOP, SCOPE_REMOTE, code, "the server refuses the request");
    return set(err, for_verb(OUT_UNKNOWN, verb), SCOPE_REMOTE, code,
               "no answer that Exchange would give");
}

static const struct status_row *find_status(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return NULL;
}

enum outcome ews_error_http(const struct ews_http *h, enum ews_verb verb, struct err *err)
{
    char code[] = "http.000";
    unsigned status = h->status > 0 && h->status < 1000 ? (unsigned)h->status : 0;
    for (int i = 7; i > 4; i--, status /= 10)
        code[i] = (char)('0' + status % 10);
    enum outcome o;
    const struct status_row *row = find_status(h->status);
    if (row)
        o = set(err, writes(verb) ? row->write : row->read, row->scope, code, row->text);
    else if (h->status >= 300 && h->status < 400)
        o = redirect(h, verb, code, err);
    else
        o = other_status(h, verb, code, err);
    if (h->retry_after_ms > 0 && o == OUT_RETRY_LATER) {
        err->after_ms = h->retry_after_ms < (int64_t)EWS_MAX_BACKOFF_MS
                            ? (uint32_t)h->retry_after_ms
                            : EWS_MAX_BACKOFF_MS;
    }
    return o;
}

enum outcome ews_error_transport(const struct err *from, enum ews_verb verb, struct err *err)
{
    /* TLS: connect, certificate not verified (also its older number). Repeating does not mend a
     * certificate. */
    static const char *const tls[] = {"curl.35", "curl.51", "curl.60"};
    enum outcome o = OUT_RETRY_LATER;
    *err = *from;
    if (strcmp(from->code, "http.fenced") == 0) {
        return set(err, OUT_NOT_TRIED, SCOPE_MAILBOX, "fenced",
                   "the lease on the mailbox is gone: nothing was sent");
    }
    if (strcmp(from->code, "http.header") ==
        0) { /* the only header from outside is the mailbox's address */
        return set(err, OUT_PARK, SCOPE_MAILBOX, "ews.bad_address",
                   "the mailbox's address has a line break");
    }
    if (from->when == WHEN_UNKNOWN || strcmp(from->code, "http.too_big") == 0)
        o = for_verb(OUT_UNKNOWN, verb);
    else if (from->when == WHEN_NEVER)
        o = OUT_STOP; /* the URL is none */
    for (size_t i = 0; i < ARRAY_LEN(tls); i++)
        if (strcmp(from->code, tls[i]) == 0 && from->when != WHEN_UNKNOWN)
            o = OUT_STOP;
    err->when = when_of(o);
    return o;
}

enum outcome ews_error_unreadable(const struct err *from, enum ews_verb verb, struct err *err)
{
    enum outcome o = for_verb(OUT_UNKNOWN, verb);
    *err = *from;
    err->when = when_of(o);
    return o;
}
