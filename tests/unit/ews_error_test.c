#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "worker/ews/ews_error.h"

static struct criterion_test_params indexes(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}

enum { MINUTES = 60 * 1000, HOURS = 60 * MINUTES };

/* What a response message with this code means for an update of one item. */
static const struct code_case {
    const char *code;
    enum outcome want;
    enum err_scope scope;
    uint32_t after_ms;
} code_cases[] = {
    {"ErrorServerBusy", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorExceededConnectionCount", OUT_RETRY_LATER, SCOPE_REMOTE, 0},
    {"ErrorTooManyObjectsOpened", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorInternalServerTransientError", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorInsufficientResources", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorNotEnoughMemory", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorTimeoutExpired", OUT_UNKNOWN, SCOPE_MAILBOX, 0},
    {"ErrorMailboxStoreUnavailable", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorMailboxFailover", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorADUnavailable", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorADOperation", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorMailboxMoveInProgress", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorConnectionFailed", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorCrossSiteRequest", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorNoRespondingCASInDestinationSite", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorInternalServerError", OUT_RETRY_LATER, SCOPE_ITEM, 0},
    {"ErrorBatchProcessingStopped", OUT_NOT_TRIED, SCOPE_MAILBOX, 0},
    {"ErrorItemNotFound", OUT_GONE, SCOPE_ITEM, 0},
    {"ErrorFolderNotFound", OUT_FOLDER_LOST, SCOPE_MAILBOX, 0},
    {"ErrorParentFolderNotFound", OUT_FOLDER_LOST, SCOPE_MAILBOX, 0},
    {"ErrorSyncFolderNotFound", OUT_FOLDER_LOST, SCOPE_MAILBOX, 0},
    {"ErrorFolderExists", OUT_RETRY_LATER, SCOPE_MAILBOX, 0},
    {"ErrorInvalidSyncStateData", OUT_GONE, SCOPE_MAILBOX, 0},
    {"ErrorStaleObject", OUT_CONFLICT, SCOPE_ITEM, 0},
    {"ErrorChangeKeyRequiredForWriteOperations", OUT_CONFLICT, SCOPE_ITEM, 0},
    {"ErrorChangeKeyRequired", OUT_CONFLICT, SCOPE_ITEM, 0},
    {"ErrorIrresolvableConflict", OUT_CONFLICT, SCOPE_ITEM, 0},
    {"ErrorInvalidChangeKey", OUT_CONFLICT, SCOPE_ITEM, 0},
    {"ErrorInvalidIdMalformed", OUT_GONE, SCOPE_ITEM, 0},
    {"ErrorInvalidId", OUT_GONE, SCOPE_ITEM, 0},
    {"ErrorInvalidIdEmpty", OUT_GONE, SCOPE_ITEM, 0},
    {"ErrorItemCorrupt", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorItemSave", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorItemPropertyRequestFailed", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorPropertyValidationFailure", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidValueForProperty", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidPropertySet", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidPropertyRequest", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidPropertyForOperation", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidPropertyDelete", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorUpdatePropertyMismatch", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorIncorrectUpdatePropertyCount", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorObjectTypeChanged", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidExtendedProperty", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorItemSavePropertyError", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorPropertyUpdate", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorDataSizeLimitExceeded", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidContactEmailAddress", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidContactEmailIndex", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidExtendedPropertyValue", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorInvalidAttachmentId", OUT_RETRY_LATER, SCOPE_ITEM, 0},
    {"ErrorAttachmentSizeLimitExceeded", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorAttachmentNestLevelLimitExceeded", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorRequiredPropertyMissing", OUT_DEAD, SCOPE_ITEM, 0},
    {"ErrorSchemaValidation", OUT_SPLIT, SCOPE_ITEM, 0},
    {"ErrorInvalidRequest", OUT_SPLIT, SCOPE_ITEM, 0},
    {"ErrorRequestStreamTooBig", OUT_SPLIT, SCOPE_ITEM, 0},
    {"ErrorMessageSizeExceeded", OUT_SPLIT, SCOPE_ITEM, 0},
    {"ErrorExceededFindCountLimit", OUT_SPLIT, SCOPE_MAILBOX, 0},
    {"ErrorCannotCreateContactInNonContactFolder", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorQuotaExceeded", OUT_PARK, SCOPE_MAILBOX, 24 * HOURS},
    {"ErrorNonExistentMailbox", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorMissingEmailAddress", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorInvalidSmtpAddress", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorNonPrimarySmtpAddress", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorAccountDisabled", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorMailboxConfiguration", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorOrganizationAccessBlocked", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorImpersonateUserDenied", OUT_PARK, SCOPE_MAILBOX, 30 * MINUTES},
    {"ErrorInvalidUserPrincipalName", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorInvalidUserSid", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorSidNotFound", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorAccessDenied", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorCreateItemAccessDenied", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorCannotDeleteObject", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorImpersonationDenied", OUT_STOP, SCOPE_REMOTE, 0},
    {"ErrorImpersonationFailed", OUT_STOP, SCOPE_REMOTE, 0},
    {"ErrorInvalidExchangeImpersonationHeaderData", OUT_STOP, SCOPE_REMOTE, 0},
    {"ErrorPasswordExpired", OUT_STOP, SCOPE_REMOTE, 0},
    {"ErrorPasswordChangeRequired", OUT_STOP, SCOPE_REMOTE, 0},
    {"ErrorCallerIsInvalidADAccount", OUT_STOP, SCOPE_REMOTE, 0},
    {"ErrorInvalidServerVersion", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorIncorrectSchemaVersion", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorInvalidSchemaVersionForMailboxVersion", OUT_PARK, SCOPE_MAILBOX, 0},
    {"ErrorOfTomorrow", OUT_RETRY_LATER, SCOPE_ITEM, 0},
    {"NoError", OUT_UNKNOWN, SCOPE_ITEM, 0}, /* in a message that is an error */
    {"", OUT_UNKNOWN, SCOPE_ITEM, 0},
};

static enum err_when when_of(enum outcome o)
{
    if (o == OUT_UNKNOWN)
        return WHEN_UNKNOWN;
    return o == OUT_DEAD || o == OUT_STOP ? WHEN_NEVER : WHEN_LATER;
}

ParameterizedTestParameters(ews_error, of_an_item)
{
    return indexes(ARRAY_LEN(code_cases));
}
ParameterizedTest(size_t *i, ews_error, of_an_item)
{
    const struct code_case *c = &code_cases[*i];
    struct ews_problem p = {.code = c->code};
    struct err err;
    char code[100];
    enum outcome o = ews_error_item(&p, EWS_UPDATE, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->want), "%s", c->code);
    cr_expect_eq(err.scope, c->scope, "%s", c->code);
    cr_expect_eq(err.when, when_of(c->want), "%s", c->code);
    cr_expect_eq(err.after_ms, c->after_ms, "%s", c->code);
    snprintf(code, sizeof(code), "ews.%s", *c->code ? c->code : "no_code");
    cr_expect_str_eq(err.code, code);
}

/* --- one more try --- */

static const struct again_case {
    const char *code, *at;
    enum ews_again want;
    enum contact_field field;
} again_cases[] = {
    {"ErrorItemCorrupt", NULL, EWS_AGAIN_SAME, 0},
    {"ErrorItemSave", NULL, EWS_AGAIN_SAME, 0},
    {"ErrorItemPropertyRequestFailed", "contacts:JobTitle", EWS_AGAIN_SAME, 0},
    {"ErrorItemSavePropertyError", "contacts:JobTitle", EWS_AGAIN_WITHOUT, CONTACT_JOB_TITLE},
    {"ErrorItemSavePropertyError", NULL, EWS_AGAIN_NO, 0},
    {"ErrorItemSavePropertyError", "item:Subject", EWS_AGAIN_NO, 0},
    {"ErrorPropertyUpdate", "contacts:PhoneNumber:MobilePhone", EWS_AGAIN_WITHOUT,
     CONTACT_PHONE_MOBILE},
    {"ErrorDataSizeLimitExceeded", "contacts:PhysicalAddress:Street:Home", EWS_AGAIN_WITHOUT,
     CONTACT_HOME_STREET},
    {"ErrorDataSizeLimitExceeded", "contacts:PhysicalAddress:Street", EWS_AGAIN_NO, 0},
    {"ErrorPropertyValidationFailure", "contacts:PhysicalAddress:CountryOrRegion:Business",
     EWS_AGAIN_WITHOUT, CONTACT_WORK_COUNTRY},
    {"ErrorInvalidValueForProperty", "contacts:Birthday", EWS_AGAIN_WITHOUT, CONTACT_BIRTHDAY},
    {"ErrorInvalidExtendedPropertyValue", "0x3a45", EWS_AGAIN_WITHOUT, CONTACT_TITLE},
    {"ErrorInvalidExtendedPropertyValue", "RockSyncKey", EWS_AGAIN_NO, 0},
    {"ErrorInvalidContactEmailAddress", "contacts:EmailAddress:EmailAddress1", EWS_AGAIN_WITHOUT,
     CONTACT_EMAIL},
    {"ErrorInvalidContactEmailAddress", NULL, EWS_AGAIN_WITHOUT, CONTACT_EMAIL},
    {"ErrorInvalidContactEmailIndex", "line 7", EWS_AGAIN_WITHOUT, CONTACT_EMAIL},
    {"ErrorInvalidPropertySet", "contacts:JobTitle", EWS_AGAIN_NO, 0},
    {"ErrorInvalidPropertyRequest", "contacts:JobTitle", EWS_AGAIN_NO, 0},
    {"ErrorOfTomorrow", "contacts:JobTitle", EWS_AGAIN_NO, 0},
};

ParameterizedTestParameters(ews_error, one_more_try)
{
    return indexes(ARRAY_LEN(again_cases));
}
ParameterizedTest(size_t *i, ews_error, one_more_try)
{
    const struct again_case *c = &again_cases[*i];
    const struct ews_problem p = {.code = c->code, .at = c->at};
    enum contact_field field = CONTACT_FIELD_COUNT;
    cr_expect_eq(ews_error_again(&p, &field), c->want, "%s %s", c->code, c->at ? c->at : "");
    if (c->want == EWS_AGAIN_WITHOUT)
        cr_expect_eq(field, c->field, "%s", c->code);
}

Test(ews_error, what_all_mailboxes_are_refused_for_is_the_accounts_trouble)
{
    static const char *const of_all[] = {"ews.ErrorImpersonateUserDenied", "http.400"};
    static const char *const of_one[] = {"ews.ErrorAccessDenied", "ews.ErrorNonExistentMailbox",
                                         "http.413", "ErrorImpersonateUserDenied", ""};
    for (size_t i = 0; i < ARRAY_LEN(of_all); i++)
        cr_expect(ews_error_of_all(of_all[i]), "%s", of_all[i]);
    for (size_t i = 0; i < ARRAY_LEN(of_one); i++)
        cr_expect_not(ews_error_of_all(of_one[i]), "%s", of_one[i]);
}

/* The same code, another verb. */
static const struct verb_case {
    const char *code;
    enum ews_verb verb;
    enum outcome want;
} verb_cases[] = {
    {"ErrorItemNotFound", EWS_DELETE, OUT_GONE},
    {"ErrorItemNotFound", EWS_GET, OUT_GONE},
    {"ErrorItemNotFound", EWS_CREATE, OUT_FOLDER_LOST},
    {"ErrorItemNotFound", EWS_FIND, OUT_FOLDER_LOST},
    {"ErrorInvalidIdMalformed", EWS_CREATE, OUT_FOLDER_LOST},
    {"ErrorInvalidIdMalformed", EWS_FIND, OUT_FOLDER_LOST},
    {"ErrorInvalidIdMalformed", EWS_DELETE, OUT_GONE},
    {"ErrorInvalidId", EWS_CREATE, OUT_FOLDER_LOST},
    {"ErrorInvalidId", EWS_FIND, OUT_FOLDER_LOST},
    {"ErrorInvalidIdEmpty", EWS_FIND, OUT_FOLDER_LOST},
    {"ErrorFolderExists", EWS_FIND, OUT_DONE},
    {"ErrorFolderExists", EWS_CREATE, OUT_RETRY_LATER},
    {"ErrorTimeoutExpired", EWS_CREATE, OUT_UNKNOWN},
    {"ErrorTimeoutExpired", EWS_DELETE, OUT_UNKNOWN},
    {"ErrorTimeoutExpired", EWS_GET, OUT_RETRY_LATER},
    {"ErrorTimeoutExpired", EWS_FIND, OUT_RETRY_LATER},
};

ParameterizedTestParameters(ews_error, depends_on_the_verb)
{
    return indexes(ARRAY_LEN(verb_cases));
}
ParameterizedTest(size_t *i, ews_error, depends_on_the_verb)
{
    const struct verb_case *c = &verb_cases[*i];
    struct err err;
    enum outcome o = ews_error_item(&(struct ews_problem){.code = c->code}, c->verb, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->want), "%s %d", c->code, (int)c->verb);
}

/* What verb_cases says of a look, else what an update would be told: only that a look leaves
 * nothing unknown. */
static enum outcome of_a_look(const struct code_case *c)
{
    for (size_t i = 0; i < ARRAY_LEN(verb_cases); i++)
        if (verb_cases[i].verb == EWS_FIND && strcmp(verb_cases[i].code, c->code) == 0)
            return verb_cases[i].want;
    return c->want == OUT_UNKNOWN ? OUT_RETRY_LATER : c->want;
}

Test(ews_error, every_other_code_means_the_same_to_a_look)
{
    for (size_t i = 0; i < ARRAY_LEN(code_cases); i++) {
        struct err err = {0};
        struct ews_problem p = {.code = code_cases[i].code};
        enum outcome want = of_a_look(&code_cases[i]), o = ews_error_item(&p, EWS_FIND, &err);
        cr_expect_str_eq(outcome_name(o), outcome_name(want), "%s", code_cases[i].code);
        if (want == OUT_FOLDER_LOST)
            cr_expect_eq(err.scope, SCOPE_MAILBOX, "%s", code_cases[i].code);
        if (want == OUT_DONE)
            cr_expect_eq(err.code[0], 0, "%s: there is nothing to tell", code_cases[i].code);
    }
}

Test(ews_error, a_fault_about_a_folder_that_is_there_is_no_item_of_ours)
{
    struct err err;
    struct ews_problem p = {.code = "ErrorFolderExists"};
    cr_expect_eq(ews_error_fault(&p, EWS_FIND, 1, &err), OUT_GONE);
    cr_expect_eq(ews_error_fault(&p, EWS_FIND, 2, &err), OUT_SPLIT);
}

Test(ews_error, an_internal_error_is_what_it_hides)
{
    struct err err;
    struct ews_problem p = {.code = "ErrorInternalServerError",
                            .inner_code = "ErrorQuotaExceeded",
                            .at = "contacts:Surname"};
    cr_expect_eq(ews_error_item(&p, EWS_CREATE, &err), OUT_PARK);
    cr_expect_str_eq(err.code, "ews.ErrorInternalServerError");
    cr_expect_str_eq(err.text, "Exchange answered ErrorInternalServerError, inside "
                               "ErrorQuotaExceeded, at contacts:Surname");
    p.inner_code = "ErrorOfTomorrow";
    cr_expect_eq(ews_error_item(&p, EWS_CREATE, &err), OUT_RETRY_LATER);
    p.code = "ErrorServerBusy"; /* only the internal error hides another */
    p.inner_code = "ErrorQuotaExceeded";
    cr_expect_eq(ews_error_item(&p, EWS_CREATE, &err), OUT_RETRY_LATER);
}

Test(ews_error, obeys_the_back_off_in_every_shape_but_not_beyond_a_day)
{
    struct err err;
    struct ews_problem p = {.code = "ErrorServerBusy", .backoff_ms = 297749};
    cr_expect_eq(ews_error_item(&p, EWS_CREATE, &err), OUT_RETRY_LATER);
    cr_expect_eq(err.after_ms, 297749u);
    cr_expect_eq(ews_error_fault(&p, EWS_CREATE, 50, &err), OUT_RETRY_LATER);
    cr_expect_eq(err.after_ms, 297749u);
    cr_expect_eq(err.scope, SCOPE_MAILBOX);
    p.backoff_ms = UINT32_MAX;
    ews_error_item(&p, EWS_CREATE, &err);
    cr_expect_eq(err.after_ms, (uint32_t)EWS_MAX_BACKOFF_MS);
}

/* A fault says nothing about one of many. */
static const struct fault_case {
    const char *code;
    size_t n;
    enum outcome want;
    enum err_scope scope;
} fault_cases[] = {
    {"ErrorServerBusy", 50, OUT_RETRY_LATER, SCOPE_MAILBOX},
    {"ErrorInternalServerError", 50, OUT_RETRY_LATER, SCOPE_ITEM},
    {"ErrorInternalServerTransientError", 50, OUT_RETRY_LATER, SCOPE_MAILBOX},
    {"ErrorSchemaValidation", 50, OUT_SPLIT, SCOPE_ITEM},
    {"ErrorSchemaValidation", 1, OUT_SPLIT, SCOPE_ITEM},
    {"ErrorItemSave", 50, OUT_SPLIT, SCOPE_ITEM},
    {"ErrorItemSave", 1, OUT_DEAD, SCOPE_ITEM},
    {"ErrorItemNotFound", 50, OUT_SPLIT, SCOPE_ITEM},
    {"ErrorItemNotFound", 1, OUT_GONE, SCOPE_ITEM},
    {"ErrorStaleObject", 2, OUT_SPLIT, SCOPE_ITEM},
    {"ErrorImpersonateUserDenied", 50, OUT_PARK, SCOPE_MAILBOX},
    {"ErrorImpersonationDenied", 50, OUT_STOP, SCOPE_REMOTE},
    {"ErrorFolderNotFound", 50, OUT_FOLDER_LOST, SCOPE_MAILBOX},
    {"ErrorTimeoutExpired", 50, OUT_UNKNOWN, SCOPE_MAILBOX},
    {"ErrorOfTomorrow", 50, OUT_RETRY_LATER, SCOPE_ITEM},
    {"", 50, OUT_RETRY_LATER, SCOPE_MAILBOX},
};

ParameterizedTestParameters(ews_error, of_a_fault)
{
    return indexes(ARRAY_LEN(fault_cases));
}
ParameterizedTest(size_t *i, ews_error, of_a_fault)
{
    const struct fault_case *c = &fault_cases[*i];
    struct err err;
    enum outcome o =
        ews_error_fault(&(struct ews_problem){.code = c->code}, EWS_DELETE, c->n, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->want), "%s", c->code);
    cr_expect_eq(err.scope, c->scope, "%s", c->code);
}

static const struct http_case {
    const char *name;
    struct ews_http http;
    enum outcome write, read;
    enum err_scope scope;
} http_cases[] = {
    {"web page", {200, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"no content", {204, false, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"error page",
     {302, false, "https://mail.church.example/ews/genericerrorpage.htm?aspxerrorpath=/x", -1},
     OUT_UNKNOWN,
     OUT_RETRY_LATER,
     SCOPE_REMOTE},
    {"sign-in",
     {302, false, "https://mail.church.example/owa/auth/logon.aspx", -1},
     OUT_STOP,
     OUT_STOP,
     SCOPE_REMOTE},
    {"elsewhere", {301, false, "https://other.example/", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"the first redirect", {300, false, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"the last redirect", {399, false, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"before redirects", {299, false, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"the last refusal", {499, false, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"a page where none belongs", {201, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"no page", {200, false, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"smallest status", {1, false, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"malformed", {400, true, "", -1}, OUT_SPLIT, OUT_PARK, SCOPE_MAILBOX},
    {"login", {401, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"forbidden", {403, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"wrong path", {404, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"method", {405, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"request timeout", {408, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"too big", {413, true, "", -1}, OUT_SPLIT, OUT_SPLIT, SCOPE_MAILBOX},
    {"too many", {429, true, "", 7000}, OUT_RETRY_LATER, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"forms sign-in", {440, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"provisioning", {449, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"locked", {456, true, "", -1}, OUT_STOP, OUT_STOP, SCOPE_REMOTE},
    {"overload", {500, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"proxy", {502, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"unavailable", {503, true, "", 7000}, OUT_RETRY_LATER, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"gateway timeout", {504, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"version", {505, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
    {"nonsense", {999, true, "", -1}, OUT_UNKNOWN, OUT_RETRY_LATER, SCOPE_REMOTE},
};

ParameterizedTestParameters(ews_error, of_a_status)
{
    return indexes(ARRAY_LEN(http_cases));
}
ParameterizedTest(size_t *i, ews_error, of_a_status)
{
    const struct http_case *c = &http_cases[*i];
    struct err err;
    char code[20];
    enum outcome o = ews_error_http(&c->http, EWS_CREATE, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->write), "%s", c->name);
    cr_expect_eq(err.scope, c->scope, "%s", c->name);
    cr_expect_eq(err.when, when_of(c->write), "%s", c->name);
    cr_expect_eq(err.after_ms, c->http.retry_after_ms > 0 ? 7000u : 0u, "%s", c->name);
    snprintf(code, sizeof(code), "http.%03d", c->http.status);
    cr_expect_str_eq(err.code, code);
    o = ews_error_http(&c->http, EWS_FIND, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->read), "%s", c->name);
}

Test(ews_error, each_known_status_has_words_of_its_own)
{
    static const int known[] = {418, 599, 400, 401, 403, 404, 408, 413,
                                429, 440, 449, 456, 500, 502, 503, 504};
    struct err errs[ARRAY_LEN(known)];
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct ews_http h = {.status = known[i], .location = "", .retry_after_ms = -1};
        ews_error_http(&h, EWS_CREATE, &errs[i]);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(errs[k].text, errs[i].text, "%d and %d", known[k], known[i]);
    }
}

Test(ews_error, a_status_of_more_than_three_digits_or_none_is_told_as_none)
{
    static const int statuses[] = {-1, 0, 1000, 12345};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct err err;
        struct ews_http h = {.status = statuses[i], .location = "", .retry_after_ms = -1};
        cr_expect_eq(ews_error_http(&h, EWS_CREATE, &err), OUT_UNKNOWN);
        cr_expect_str_eq(err.code, "http.000");
    }
}

Test(ews_error, a_status_asks_for_a_day_at_most_and_only_where_we_come_back)
{
    struct err err;
    struct ews_http h = {.status = 503, .location = "", .retry_after_ms = EWS_MAX_BACKOFF_MS};
    ews_error_http(&h, EWS_CREATE, &err);
    cr_expect_eq(err.after_ms, (uint32_t)EWS_MAX_BACKOFF_MS);
    h.retry_after_ms = INT64_MAX;
    ews_error_http(&h, EWS_CREATE, &err);
    cr_expect_eq(err.after_ms, (uint32_t)EWS_MAX_BACKOFF_MS);
    h.retry_after_ms = 1;
    ews_error_http(&h, EWS_CREATE, &err);
    cr_expect_eq(err.after_ms, 1u);
    h.status = 401;
    ews_error_http(&h, EWS_CREATE, &err);
    cr_expect_eq(err.after_ms, 0u);
}

static const struct transport_case {
    const char *code;
    enum err_when when;
    enum outcome write, read;
} transport_cases[] = {
    {"curl.6", WHEN_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER},
    {"curl.7", WHEN_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER},
    {"curl.28", WHEN_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER}, /* while connecting */
    {"curl.28", WHEN_UNKNOWN, OUT_UNKNOWN, OUT_RETRY_LATER},
    {"curl.52", WHEN_UNKNOWN, OUT_UNKNOWN, OUT_RETRY_LATER},
    {"curl.56", WHEN_UNKNOWN, OUT_UNKNOWN, OUT_RETRY_LATER},
    {"curl.18", WHEN_UNKNOWN, OUT_UNKNOWN, OUT_RETRY_LATER},
    {"curl.35", WHEN_LATER, OUT_STOP, OUT_STOP},
    {"curl.51", WHEN_LATER, OUT_STOP, OUT_STOP},
    {"curl.60", WHEN_LATER, OUT_STOP, OUT_STOP},
    {"curl.35", WHEN_UNKNOWN, OUT_UNKNOWN, OUT_RETRY_LATER},
    {"curl.3", WHEN_NEVER, OUT_STOP, OUT_STOP},
    {"http.too_big", WHEN_LATER, OUT_UNKNOWN, OUT_RETRY_LATER},
    {"http.fenced", WHEN_LATER, OUT_NOT_TRIED, OUT_NOT_TRIED},
    {"http.header", WHEN_NEVER, OUT_PARK, OUT_PARK},
};

ParameterizedTestParameters(ews_error, of_no_answer)
{
    return indexes(ARRAY_LEN(transport_cases));
}
ParameterizedTest(size_t *i, ews_error, of_no_answer)
{
    const struct transport_case *c = &transport_cases[*i];
    struct err from, err;
    err_set(&from, SCOPE_REMOTE, c->when, c->code, "x");
    enum outcome o = ews_error_transport(&from, EWS_CREATE, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->write), "%s", c->code);
    cr_expect_eq(err.when, when_of(c->write), "%s", c->code);
    o = ews_error_transport(&from, EWS_FIND, &err);
    cr_expect_str_eq(outcome_name(o), outcome_name(c->read), "%s", c->code);
}

Test(ews_error, being_fenced_has_the_ports_code)
{
    struct err from, err;
    err_set(&from, SCOPE_REMOTE, WHEN_LATER, "http.fenced", "x");
    ews_error_transport(&from, EWS_CREATE, &err);
    cr_expect_str_eq(err.code, "fenced");
}

Test(ews_error, an_unreadable_answer_to_a_write_is_unknown)
{
    struct err from, err;
    err_set(&from, SCOPE_REMOTE, WHEN_UNKNOWN, "ews.unreadable", "x");
    cr_expect_eq(ews_error_unreadable(&from, EWS_DELETE, &err), OUT_UNKNOWN);
    cr_expect_eq(ews_error_unreadable(&from, EWS_FIND, &err), OUT_RETRY_LATER);
    cr_expect_eq(err.when, WHEN_LATER);
}
