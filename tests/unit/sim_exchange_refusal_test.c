/*
 * What the Exchange simulator refuses, and with what: logins, impersonation, bad envelopes, bad
 * structure (with the EWS schema and without it), items against the server's rules.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

#include "tests/sim/exchange/sim_exchange.h"
#include "tests/support/sim_ews.h"

#define SCHEMA "../shared/ews-schema"
#define PAT    "pat@church.example"

static struct sim_exchange *sim;
static struct sim_client *client;

static void start_with(const char *schema)
{
    struct sim_exchange_options o = {.schema = schema, .seed = 7};
    struct err err = {0};
    int status;
    sim = sim_exchange_start(&o, &err);
    cr_assert(sim != NULL, "%s", err.text);
    client = sim_client_new(sim_exchange_port(sim));
    free(sim_exchange_control(sim, "POST", "/control/mailboxes",
                              "{\"mailboxes\":[{\"address\":\"" PAT
                              "\",\"aliases\":[\"patricia@church.example\"]},"
                              "\"pat.rivera@church.example\"]}",
                              &status));
    cr_assert(eq(int, status, 200));
}

static void setup(void)
{
    start_with(NULL);
}

static void teardown(void)
{
    sim_client_free(client);
    sim_exchange_stop(sim);
}

TestSuite(sim_exchange_refusal, .init = setup, .fini = teardown);

static long stat_of(const char *name)
{
    int status;
    autofree char *text = sim_exchange_control(sim, "GET", "/control/stats", NULL, &status);
    json_t *o = json_loads(text, 0, NULL);
    long v = (long)json_integer_value(json_object_get(o, name));
    json_decref(o);
    return v;
}

static void control(const char *path, const char *body)
{
    int status;
    free(sim_exchange_control(sim, "POST", path, body, &status));
    cr_assert(eq(int, status, 200));
}

static void expect(const struct sim_reply *r, long status, const char *code, const char *name)
{
    autofree char *got = sim_ews_code(r->body, 0);
    cr_expect(eq(long, r->status, status), "%s: %s", name, r->body);
    cr_expect(got && strcmp(got, code) == 0, "%s: %s instead of %s: %s", name, got ? got : "none",
              code, r->body);
}

#define GET_CONTACTS                                                                               \
    "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></"                              \
    "m:FolderShape><m:FolderIds>" SIM_EWS_CONTACTS "</m:FolderIds></m:GetFolder>"
#define VERSION(v) "<t:RequestServerVersion Version=\"" v "\"/>"
#define AS(kind, who)                                                                              \
    "<t:ExchangeImpersonation><t:ConnectingSID><t:" kind ">" who "</t:" kind                       \
    "></t:ConnectingSID></t:ExchangeImpersonation>"

/* --- login and mailbox --- */

Test(sim_exchange_refusal, a_wrong_password_or_none_is_401_with_a_challenge)
{
    static const char *const logins[] = {"", "Authorization: Basic c3ZjLXN5bmM6d3Jvbmc=\n"};
    for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
        autofree char *headers = NULL;
        cr_assert(asprintf(&headers, "Content-Type: text/xml\n%s", logins[i]) > 0);
        autovalue(sim_reply_release) struct sim_reply r =
            sim_client_send(client, "POST", "/EWS/Exchange.asmx", headers, "<x/>");
        cr_expect(eq(long, r.status, 401));
        cr_expect(strstr(r.headers, "WWW-Authenticate: Basic") != NULL);
    }
    cr_expect(eq(long, stat_of("unauthorized"), 2));
    control("/control/settings", "{\"login\":false}");
    autovalue(sim_reply_release) struct sim_reply off = sim_ews(client, PAT, GET_CONTACTS);
    cr_expect(eq(long, off.status, 401), "logins can be switched off");
}

static const struct header_case {
    const char *name, *headers, *code; /* code NoError: accepted */
} header_cases[] = {
    {"primary address", VERSION("Exchange2013_SP1") AS("PrimarySmtpAddress", PAT), "NoError"},
    {"any case", AS("PrimarySmtpAddress", "PAT@Church.Example"), "NoError"},
    {"principal name", AS("PrincipalName", PAT), "NoError"},
    {"smtp address", AS("SmtpAddress", PAT), "NoError"},
    {"alias as smtp address", AS("SmtpAddress", "patricia@church.example"), "NoError"},
    {"alias as primary", AS("PrimarySmtpAddress", "patricia@church.example"),
     "ErrorNonPrimarySmtpAddress"},
    {"unknown", AS("PrimarySmtpAddress", "no@church.example"), "ErrorNonExistentMailbox"},
    {"no address", AS("PrimarySmtpAddress", "pat"), "ErrorInvalidSmtpAddress"},
    {"sid", AS("SID", "S-1-5-21-1-2-3-1001"), "ErrorInvalidUserSid"},
    {"nobody, and the account has no mailbox", VERSION("Exchange2013_SP1"),
     "ErrorMissingEmailAddress"},
    {"twice", AS("SmtpAddress", PAT) AS("SmtpAddress", PAT), "ErrorDuplicateSOAPHeader"},
    {"old version", VERSION("Exchange2007_SP1") AS("SmtpAddress", PAT), "NoError"},
    {"unknown version", VERSION("Exchange2525") AS("SmtpAddress", PAT),
     "ErrorInvalidServerVersion"},
    {"newer than the server", VERSION("V2017_07_11") AS("SmtpAddress", PAT),
     "ErrorInvalidServerVersion"},
};

Test(sim_exchange_refusal, judges_version_and_impersonation)
{
    for (size_t i = 0; i < ARRAY_LEN(header_cases); i++) {
        const struct header_case *c = &header_cases[i];
        autovalue(sim_reply_release) struct sim_reply r =
            sim_ews_with(client, c->headers, GET_CONTACTS);
        expect(&r, strcmp(c->code, "NoError") == 0 ? 200 : 500, c->code, c->name);
    }
}

Test(sim_exchange_refusal, an_alias_refusal_names_the_primary_address)
{
    autovalue(sim_reply_release) struct sim_reply r =
        sim_ews_with(client, AS("PrimarySmtpAddress", "patricia@church.example"), GET_CONTACTS);
    cr_expect(strstr(r.body, "<t:Value Name=\"Primary\">" PAT "</t:Value>") != NULL, "%s", r.body);
}

Test(sim_exchange_refusal, the_role_and_single_mailboxes_can_be_switched_off)
{
    control("/control/mailboxes/" PAT, "{\"refuse\":\"ErrorAccountDisabled\"}");
    autovalue(sim_reply_release) struct sim_reply one = sim_ews(client, PAT, GET_CONTACTS);
    expect(&one, 500, "ErrorAccountDisabled", "refused mailbox");
    control("/control/mailboxes/" PAT, "{\"refuse\":null}");
    control("/control/settings", "{\"impersonation\":false}");
    autovalue(sim_reply_release) struct sim_reply all = sim_ews(client, PAT, GET_CONTACTS);
    expect(&all, 500, "ErrorImpersonateUserDenied", "no role");
}

/* --- envelopes
 * ----------------------------------------------------------------------------------------------------
 */

#define ENVELOPE                                                                                   \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""                            \
    " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\""                    \
    " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"

static const struct raw_case {
    const char *name, *body, *code;
} raw_cases[] = {
    {"no XML", "hello", "ErrorSchemaValidation"},
    {"empty", "", "ErrorSchemaValidation"},
    {"cut off", ENVELOPE "<s:Body><m:GetItem>", "ErrorSchemaValidation"},
    {"control character", ENVELOPE "<s:Body>\x0b</s:Body></s:Envelope>", "ErrorSchemaValidation"},
    {"character reference", ENVELOPE "<s:Body>&#x1F;</s:Body></s:Envelope>",
     "ErrorSchemaValidation"},
    {"invalid UTF-8", ENVELOPE "<s:Body>\xff\xfe</s:Body></s:Envelope>", "ErrorSchemaValidation"},
    {"DTD", "<!DOCTYPE x [<!ENTITY a \"b\">]>" ENVELOPE "<s:Body/></s:Envelope>",
     "ErrorSchemaValidation"},
    {"other root", "<x/>", "ErrorSchemaValidation"},
    {"empty body", ENVELOPE "<s:Body/></s:Envelope>", "ErrorInvalidRequest"},
    {"two operations", ENVELOPE "<s:Body>" GET_CONTACTS GET_CONTACTS "</s:Body></s:Envelope>",
     "ErrorInvalidRequest"},
    {"unknown operation", ENVELOPE "<s:Body><m:SendEverything/></s:Body></s:Envelope>",
     "ErrorInvalidRequest"},
};

Test(sim_exchange_refusal, bad_envelopes_are_faults_and_counted)
{
    for (size_t i = 0; i < ARRAY_LEN(raw_cases); i++) {
        autovalue(sim_reply_release) struct sim_reply r =
            sim_client_send(client, "POST", "/EWS/Exchange.asmx",
                            "Content-Type: text/xml\nAuthorization: Basic c3ZjLXN5bmM6c2VjcmV0\n",
                            raw_cases[i].body);
        expect(&r, 500, raw_cases[i].code, raw_cases[i].name);
    }
    cr_expect(eq(long, stat_of("invalid"), (long)ARRAY_LEN(raw_cases)));
}

Test(sim_exchange_refusal, other_methods_paths_and_content_types_are_refused)
{
    static const struct {
        const char *method, *path, *type;
        long status;
    } cases[] = {{"GET", "/EWS/Exchange.asmx", "text/xml", 405},
                 {"POST", "/EWS/Other.asmx", "text/xml", 404},
                 {"POST", "/EWS/Exchange.asmx", "application/json", 415},
                 {"GET", "/control/nothing", "text/xml", 404}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autofree char *headers = NULL;
        cr_assert(asprintf(&headers,
                           "Content-Type: %s\nAuthorization: Basic c3ZjLXN5bmM6c2VjcmV0\n",
                           cases[i].type) > 0);
        autovalue(sim_reply_release) struct sim_reply r =
            sim_client_send(client, cases[i].method, cases[i].path, headers,
                            cases[i].method[0] == 'P' ? "<x/>" : NULL);
        cr_expect(eq(long, r.status, cases[i].status), "%s", cases[i].path);
    }
}

/* --- items
 * --------------------------------------------------------------------------------------------------------
 */

#define EXT(attributes, value)                                                                     \
    "<t:ExtendedProperty><t:ExtendedFieldURI " attributes "/>" value "</t:ExtendedProperty>"
#define SET_ID "PropertySetId=\"38b99066-ef57-4efc-a07f-0e0f6a97188e\" "
#define X(n)   n n n n n n n n

static const struct item_case {
    const char *name, *properties, *code;
    bool fault; /* the whole request */
} item_cases[] = {
    {"fine", "<t:GivenName>A</t:GivenName><t:Surname>B</t:Surname>", "NoError", false},
    {"order", "<t:Surname>B</t:Surname><t:GivenName>A</t:GivenName>", "ErrorSchemaValidation",
     true},
    {"twice", "<t:GivenName>A</t:GivenName><t:GivenName>A</t:GivenName>", "ErrorSchemaValidation",
     true},
    {"unknown element", "<t:Nonsense>A</t:Nonsense>", "ErrorSchemaValidation", true},
    {"namespace", "<m:GivenName>A</m:GivenName>", "ErrorSchemaValidation", true},
    {"key attribute", "<t:PhoneNumbers><t:Entry key=\"Pager\">1</t:Entry></t:PhoneNumbers>",
     "ErrorSchemaValidation", true},
    {"key value", "<t:PhoneNumbers><t:Entry Key=\"pager\">1</t:Entry></t:PhoneNumbers>",
     "ErrorSchemaValidation", true},
    {"e-mail index",
     "<t:EmailAddresses><t:Entry Key=\"EmailAddress4\">a@b.c</t:Entry></t:EmailAddresses>",
     "ErrorSchemaValidation", true},
    {"bare date", "<t:Birthday>1984-03-09</t:Birthday>", "ErrorSchemaValidation", true},
    {"enumeration", "<t:PostalAddressIndex>Work</t:PostalAddressIndex>", "ErrorSchemaValidation",
     true},
    {"address order",
     "<t:PhysicalAddresses><t:Entry "
     "Key=\"Home\"><t:City>A</t:City><t:Street>B</t:Street></t:Entry></t:PhysicalAddresses>",
     "ErrorSchemaValidation", true},
    {"no body type", "<t:Body>x</t:Body>", "ErrorSchemaValidation", true},
    {"no property type", EXT(SET_ID "PropertyName=\"A\"", "<t:Value>x</t:Value>"),
     "ErrorSchemaValidation", true},
    {"e-mail",
     "<t:EmailAddresses><t:Entry Key=\"EmailAddress1\">nobody</t:Entry></t:EmailAddresses>",
     "ErrorInvalidContactEmailAddress", false},
    {"old date", "<t:Birthday>1400-03-09T11:59:00Z</t:Birthday>", "ErrorItemSavePropertyError",
     false},
    {"too long", "<t:GivenName>" X(X(X("a"))) "</t:GivenName>", "ErrorItemSavePropertyError",
     false},
    {"read-only", "<t:ContactSource>Store</t:ContactSource>", "ErrorInvalidPropertySet", false},
    {"directory", "<t:Alias>a</t:Alias>", "ErrorInvalidPropertyRequest", false},
    {"class", "<t:ItemClass>IPM.Note</t:ItemClass>", "ErrorObjectTypeChanged", false},
    {"set without name", EXT(SET_ID "PropertyType=\"String\"", "<t:Value>x</t:Value>"),
     "ErrorInvalidExtendedProperty", false},
    {"name and id",
     EXT(SET_ID "PropertyName=\"A\" PropertyId=\"1\" PropertyType=\"String\"",
         "<t:Value>x</t:Value>"),
     "ErrorInvalidExtendedProperty", false},
    {"two sets",
     EXT(SET_ID "DistinguishedPropertySetId=\"Common\" PropertyName=\"A\" PropertyType=\"String\"",
         "<t:Value>x</t:Value>"),
     "ErrorInvalidExtendedProperty", false},
    {"tag and name",
     EXT("PropertyTag=\"0x3A45\" PropertyName=\"A\" PropertyType=\"String\"",
         "<t:Value>x</t:Value>"),
     "ErrorInvalidExtendedProperty", false},
    {"custom tag", EXT("PropertyTag=\"0x8001\" PropertyType=\"String\"", "<t:Value>x</t:Value>"),
     "ErrorNoPropertyTagForCustomProperties", false},
    {"property type",
     EXT(SET_ID "PropertyName=\"A\" PropertyType=\"Object\"", "<t:Value>x</t:Value>"),
     "ErrorUnsupportedMapiPropertyType", false},
    {"value of type",
     EXT(SET_ID "PropertyName=\"A\" PropertyType=\"Integer\"", "<t:Value>x</t:Value>"),
     "ErrorInvalidExtendedPropertyValue", false},
    {"array without values",
     EXT(SET_ID "PropertyName=\"A\" PropertyType=\"StringArray\"", "<t:Value>x</t:Value>"),
     "ErrorInvalidExtendedPropertyValue", false},
};

static void run_item_cases(void)
{
    for (size_t i = 0; i < ARRAY_LEN(item_cases); i++) {
        const struct item_case *c = &item_cases[i];
        autofree char *xml = NULL;
        cr_assert(
            asprintf(&xml,
                     "<m:CreateItem><m:Items><t:Contact>%s</t:Contact></m:Items></m:CreateItem>",
                     c->properties) > 0);
        autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, PAT, xml);
        expect(&r, c->fault ? 500 : 200, c->code, c->name);
    }
    cr_expect(eq(long, stat_of("created"), 1));
}

Test(sim_exchange_refusal, judges_items_without_the_schema)
{
    run_item_cases();
}

Test(sim_exchange_refusal, judges_items_with_the_schema_alike)
{
    if (access(SCHEMA "/envelope/ews-envelope.xsd", R_OK) != 0)
        cr_skip_test("the EWS schema files are not here");
    teardown();
    start_with(SCHEMA);
    run_item_cases();
}

Test(sim_exchange_refusal, a_contact_cannot_be_made_in_a_mail_folder_or_an_unknown_one)
{
    static const struct {
        const char *folder, *code;
    } cases[] = {
        {"<t:DistinguishedFolderId Id=\"inbox\"/>", "ErrorCannotCreateContactInNonContactFolder"},
        {"<t:FolderId Id=\"AAMkNone=\"/>", "ErrorFolderNotFound"},
        {"<t:FolderId Id=\"\"/>", "ErrorInvalidIdEmpty"},
        {"<t:FolderId Id=\"a b\"/>", "ErrorInvalidIdMalformed"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autofree char *xml = NULL;
        cr_assert(asprintf(&xml,
                           "<m:CreateItem><m:SavedItemFolderId>%s</"
                           "m:SavedItemFolderId><m:Items><t:Contact/></m:Items></m:CreateItem>",
                           cases[i].folder) > 0);
        autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, PAT, xml);
        expect(&r, 200, cases[i].code, cases[i].folder);
    }
}

Test(sim_exchange_refusal, folders_have_their_rules)
{
#define MAKE(folder)                                                                               \
    "<m:CreateFolder><m:ParentFolderId>" SIM_EWS_CONTACTS "</m:ParentFolderId><m:Folders>" folder  \
    "</m:Folders></m:CreateFolder>"
    static const struct {
        const char *xml, *code;
    } cases[] = {
        {MAKE("<t:ContactsFolder><t:DisplayName>Rock</t:DisplayName></t:ContactsFolder>"),
         "NoError"},
        {MAKE("<t:ContactsFolder><t:DisplayName>rock</t:DisplayName></t:ContactsFolder>"),
         "ErrorFolderExists"},
        {MAKE("<t:Folder><t:FolderClass>IPF.Contact.Rock</t:FolderClass><t:DisplayName>Own</"
              "t:DisplayName></t:Folder>"),
         "NoError"},
        {MAKE("<t:ContactsFolder><t:FolderClass>IPF.Contact.Rock</t:FolderClass><t:DisplayName>X</"
              "t:DisplayName></t:ContactsFolder>"),
         "ErrorNoFolderClassOverride"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, PAT, cases[i].xml);
        expect(&r, 200, cases[i].code, cases[i].xml);
    }
}

/* --- the sample requests --- */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t cap = 0;
    cr_assert(f != NULL, "%s", path);
    cr_assert(getdelim(&text, &cap, 0, f) > 0);
    fclose(f);
    return text;
}

/* req-* are good requests (their ids are of nowhere), bad-* are not; the schema-valid one is
 * refused per item. */
static void run_samples(void)
{
    DIR *dir = opendir(SCHEMA "/samples");
    size_t good = 0, bad = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        bool is_good = strncmp(e->d_name, "req-", 4) == 0,
             attachment = strstr(e->d_name, "attachment") != NULL;
        bool is_bad = strncmp(e->d_name, "bad-", 4) == 0 && !strstr(e->d_name, "schema-valid");
        autofree char *path = NULL;
        if ((!is_good && !is_bad) || attachment)
            continue;
        cr_assert(asprintf(&path, SCHEMA "/samples/%s", e->d_name) > 0);
        autofree char *body = read_file(path);
        autovalue(sim_reply_release) struct sim_reply r = sim_client_send(
            client, "POST", "/EWS/Exchange.asmx",
            "Content-Type: text/xml\nAuthorization: Basic c3ZjLXN5bmM6c2VjcmV0\n", body);
        cr_expect(eq(long, r.status, is_good ? 200 : 500), "%s: %s", e->d_name, r.body);
        good += is_good;
        bad += is_bad;
    }
    closedir(dir);
    cr_expect(good >= 9 && bad >= 6, "%zu good and %zu bad samples", good, bad);
}

Test(sim_exchange_refusal, tells_good_samples_from_bad_ones_with_the_schema_and_without)
{
    if (access(SCHEMA "/samples", R_OK) != 0)
        cr_skip_test("the EWS samples are not here");
    run_samples();
    teardown();
    start_with(SCHEMA);
    run_samples();
}
