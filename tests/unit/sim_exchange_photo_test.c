/*
 * Attachments of the Exchange simulator, contact photos above all. Answers are checked against the
 * EWS schema where its files are at hand.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/str.h"

#include "tests/sim/exchange/sim_exchange.h"
#include "tests/sim/exchange/sx_check.h"
#include "tests/support/sim_ews.h"

#define SCHEMA "../shared/ews-schema"
#define PAT    "pat@church.example"
#define JPEG   "/9j/4AAQ" /* FF D8 FF E0 00 10 */
#define JPEG_2 "/9j/4AAR"
#define HEADERS(version)                                                                           \
    "<t:RequestServerVersion Version=\"" version "\"/><t:ExchangeImpersonation><t:ConnectingSID>"  \
    "<t:PrimarySmtpAddress>" PAT "</t:PrimarySmtpAddress></t:ConnectingSID>"                       \
    "</t:ExchangeImpersonation>"
#define FILE_OF(photo, mark, content)                                                              \
    "<t:FileAttachment><t:Name>ContactPicture.jpg</t:Name><t:ContentType>image/jpeg"               \
    "</t:ContentType><t:ContentId>" mark "</t:ContentId><t:IsContactPhoto>" photo                  \
    "</t:IsContactPhoto><t:Content>" content "</t:Content></t:FileAttachment>"
#define ATTACH(file)                                                                               \
    "<m:CreateAttachment><m:ParentItemId $1/><m:Attachments>" file                                 \
    "</m:Attachments></m:CreateAttachment>"
#define DETACH                                                                                     \
    "<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId $1/></m:AttachmentIds>"                  \
    "</m:DeleteAttachment>"
#define GET_FILE                                                                                   \
    "<m:GetAttachment><m:AttachmentIds><t:AttachmentId $1/></m:AttachmentIds></m:GetAttachment>"
#define LOOK                                                                                       \
    "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"            \
    "<t:FieldURI FieldURI=\"item:Attachments\"/><t:FieldURI FieldURI=\"item:HasAttachments\"/>"    \
    "<t:FieldURI FieldURI=\"contacts:HasPicture\"/></t:AdditionalProperties></m:ItemShape>"        \
    "<m:ItemIds><t:ItemId $1/></m:ItemIds></m:GetItem>"

static struct sim_exchange *sim;
static struct sim_client *client;

static void start_with(const char *schema)
{
    struct sim_exchange_options o = {.seed = 7, .schema = schema};
    struct err err = {0};
    int status;
    sim = sim_exchange_start(&o, &err);
    cr_assert(sim != NULL, "%s", err.text);
    client = sim_client_new(sim_exchange_port(sim));
    free(sim_exchange_control(sim, "POST", "/control/mailboxes",
                              "{\"mailboxes\":[\"" PAT "\",\"sam@church.example\"],\"foreign\":0}",
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

TestSuite(sim_exchange_photo, .init = setup, .fini = teardown);

static void check_answer(const char *xml)
{
    static struct sx_schema *schema;
    struct err err = {0};
    struct sx_fail fail = {0};
    if (access(SCHEMA "/envelope/ews-envelope.xsd", R_OK) != 0)
        return;
    if (!schema)
        schema = sx_schema_load(SCHEMA, &err);
    cr_assert(schema != NULL, "%s", err.text);
    xmlDoc *doc = sx_xml_parse(xml, strlen(xml), &fail);
    cr_assert(doc != NULL, "%s", fail.text);
    cr_expect(sx_schema_check(schema, doc, &fail), "%s\n%s", fail.text, xml);
    xmlFreeDoc(doc);
}

/* The operation with attributes in the place of $1. */
static char *filled(const char *operation, const char *attributes)
{
    const char *at = strstr(operation, "$1");
    char *xml;
    cr_assert(at != NULL);
    cr_assert(asprintf(&xml, "%.*s%s%s", (int)(at - operation), operation, attributes, at + 2) > 0);
    return xml;
}

static struct sim_reply call(const char *operation, const char *attributes)
{
    autofree char *xml = filled(operation, attributes);
    struct sim_reply r = sim_ews(client, PAT, xml);
    cr_assert(eq(int, r.curl, 0));
    check_answer(r.body);
    return r;
}

/* What a call answers, its only message's code. */
static char *code(const char *operation, const char *attributes)
{
    autovalue(sim_reply_release) struct sim_reply r = call(operation, attributes);
    return sim_ews_code(r.body, 0);
}

static void expect_code(const char *operation, const char *attributes, const char *want)
{
    autofree char *got = code(operation, attributes);
    cr_expect(got && strcmp(got, want) == 0, "%s, expected %s", got ? got : "none", want);
}

static json_t *control(const char *method, const char *path, const char *body)
{
    int status;
    autofree char *text = sim_exchange_control(sim, method, path, body, &status);
    cr_assert(eq(int, status, 200), "%s", text);
    return json_loads(text, 0, NULL);
}

static char *a_contact(unsigned n)
{
    autofree char *xml = sim_ews_create(n, 1);
    autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, PAT, xml);
    char *id = sim_between(r.body, "<t:ItemId ", "/>", 0);
    cr_assert(id != NULL, "%s", r.body);
    return id;
}

/* Attaches and returns the attachment's id as an attribute. */
static char *attached(const char *item, const char *operation)
{
    autovalue(sim_reply_release) struct sim_reply r = call(operation, item);
    autofree char *id = sim_between(r.body, "<t:AttachmentId Id=\"", "\"", 0);
    char *attribute;
    cr_assert(id != NULL, "%s", r.body);
    cr_assert(asprintf(&attribute, "Id=\"%s\"", id) > 0);
    return attribute;
}

/* The id without the version. */
static char *bare(const char *item)
{
    return xstrndup(item, (size_t)(strstr(item, " ChangeKey") - item));
}

static void expect_part(const struct sim_reply *r, const char *part)
{
    cr_expect(strstr(r->body, part) != NULL, "missing %s in %s", part, r->body);
}

/* --- what goes well --- */

Test(sim_exchange_photo, is_there_after_it_was_attached)
{
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    autovalue(sim_reply_release) struct sim_reply look = call(LOOK, item);
    expect_part(&look, "<t:Name>ContactPicture.jpg</t:Name><t:ContentType>image/jpeg"
                       "</t:ContentType><t:ContentId>rocksync-1</t:ContentId><t:Size>6</t:Size>");
    expect_part(&look, "<t:IsInline>false</t:IsInline><t:IsContactPhoto>true</t:IsContactPhoto>"
                       "</t:FileAttachment>");
    expect_part(&look, "<t:HasAttachments>true</t:HasAttachments>");
    expect_part(&look, "<t:HasPicture>true</t:HasPicture>");
    autovalue(sim_reply_release) struct sim_reply file = call(GET_FILE, photo);
    expect_part(&file, "<t:Content>" JPEG "</t:Content>");
}

Test(sim_exchange_photo, is_not_there_before)
{
    autofree char *item = a_contact(1);
    autovalue(sim_reply_release) struct sim_reply look = call(LOOK, item);
    cr_expect(strstr(look.body, "<t:Attachments>") == NULL, "%s", look.body);
    expect_part(&look, "<t:HasAttachments>false</t:HasAttachments>");
    expect_part(&look, "<t:HasPicture>false</t:HasPicture>");
}

Test(sim_exchange_photo, changes_the_version_of_its_item_and_says_so)
{
    autofree char *item = a_contact(1);
    autovalue(sim_reply_release) struct sim_reply made =
        call(ATTACH(FILE_OF("true", "rocksync-1", JPEG)), item);
    autofree char *key = sim_between(made.body, "RootItemChangeKey=\"", "\"", 0);
    autofree char *id = sim_between(made.body, "<t:AttachmentId ", " RootItemId", 0);
    cr_assert(key && id);
    cr_expect(strstr(item, key) == NULL, "the version is the one before");
    autovalue(sim_reply_release) struct sim_reply look = call(LOOK, item);
    expect_part(&look, key);
    autovalue(sim_reply_release) struct sim_reply gone = call(DETACH, id);
    autofree char *after = sim_between(gone.body, "RootItemChangeKey=\"", "\"", 0);
    cr_assert(after != NULL, "%s", gone.body);
    cr_expect(strcmp(after, key) != 0);
    autovalue(sim_reply_release) struct sim_reply again = call(LOOK, item);
    expect_part(&again, after);
    expect_part(&again, "<t:HasPicture>false</t:HasPicture>");
}

Test(sim_exchange_photo, makes_an_update_by_the_old_version_a_conflict)
{
    static const char update[] =
        "<m:UpdateItem ConflictResolution=\"NeverOverwrite\"><m:ItemChanges><t:ItemChange>"
        "<t:ItemId $1/><t:Updates><t:SetItemField><t:FieldURI FieldURI=\"contacts:GivenName\"/>"
        "<t:Contact><t:GivenName>Bo</t:GivenName></t:Contact></t:SetItemField></t:Updates>"
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>";
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    expect_code(update, item, "ErrorIrresolvableConflict");
}

Test(sim_exchange_photo, is_a_change_to_who_syncs_the_folder)
{
    static const char sync[] =
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        "<m:SyncFolderId>" SIM_EWS_CONTACTS "</m:SyncFolderId>$1"
        "<m:MaxChangesReturned>10</m:MaxChangesReturned></m:SyncFolderItems>";
    autofree char *item = a_contact(1);
    autovalue(sim_reply_release) struct sim_reply first = call(sync, "");
    autofree char *state = sim_between(first.body, "<m:SyncState>", "</m:SyncState>", 0);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    autofree char *since;
    cr_assert(asprintf(&since, "<m:SyncState>%s</m:SyncState>", state) > 0);
    autovalue(sim_reply_release) struct sim_reply second = call(sync, since);
    expect_part(&second, "<t:Update>");
}

Test(sim_exchange_photo, several_files_of_one_item_have_a_message_each)
{
    autofree char *item = a_contact(1);
    autovalue(sim_reply_release) struct sim_reply r =
        call(ATTACH(FILE_OF("true", "a", JPEG) FILE_OF("false", "b", JPEG_2)), item);
    cr_expect(eq(sz, sim_count(r.body, "ResponseClass=\"Success\""), 2), "%s", r.body);
}

/* --- what is refused --- */

Test(sim_exchange_photo, of_an_item_that_is_gone_is_not_found)
{
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    json_decref(control("POST", "/control/mailboxes/" PAT "/actions",
                        "{\"action\":\"delete\",\"select\":{\"key\":\"key-1\"}}"));
    expect_code(ATTACH(FILE_OF("true", "rocksync-1", JPEG)), item, "ErrorItemNotFound");
    expect_code(DETACH, photo, "ErrorItemNotFound");
    expect_code(GET_FILE, photo, "ErrorItemNotFound");
}

Test(sim_exchange_photo, that_is_gone_is_an_invalid_attachment_id)
{
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    expect_code(DETACH, photo, "NoError");
    expect_code(DETACH, photo, "ErrorInvalidAttachmentId");
    expect_code(GET_FILE, photo, "ErrorInvalidAttachmentId");
}

static const struct {
    const char *name, *operation, *attributes, *code;
} refusals[] = {
    {"an item's id", GET_FILE, "Id=\"AAMkAGIAAAQ=\"", "ErrorInvalidAttachmentId"},
    {"a blank in an id", DETACH, "Id=\"AA Mk\"", "ErrorInvalidIdMalformed"},
    {"no id", DETACH, "Id=\"\"", "ErrorInvalidIdEmpty"},
    {"no content", ATTACH("<t:FileAttachment><t:Name>a</t:Name></t:FileAttachment>"), NULL,
     "ErrorRequiredPropertyMissing"},
    {"no name", ATTACH("<t:FileAttachment><t:Content>" JPEG "</t:Content></t:FileAttachment>"),
     NULL, "ErrorRequiredPropertyMissing"},
    {"an item in an item",
     ATTACH("<t:ItemAttachment><t:Name>a</t:Name><t:Contact/></t:ItemAttachment>"), NULL,
     "ErrorInvalidItemForOperationCreateItemAttachment"},
    {"content before its mark",
     ATTACH("<t:FileAttachment><t:Name>a</t:Name><t:Content>" JPEG "</t:Content>"
            "<t:ContentId>x</t:ContentId></t:FileAttachment>"),
     NULL, "ErrorSchemaValidation"},
    {"a photo that is neither", ATTACH(FILE_OF("maybe", "x", JPEG)), NULL, "ErrorSchemaValidation"},
    {"content that is no base64", ATTACH(FILE_OF("true", "x", "####")), NULL,
     "ErrorSchemaValidation"},
};

static void expect_refusals(void)
{
    autofree char *item = a_contact(1);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const char *attributes = refusals[i].attributes ? refusals[i].attributes : item;
        autofree char *xml = filled(refusals[i].operation, attributes);
        autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, PAT, xml);
        cr_expect(strstr(r.body, refusals[i].code) != NULL, "%s: %s", refusals[i].name, r.body);
    }
}

Test(sim_exchange_photo, request_that_is_wrong_is_refused)
{
    expect_refusals();
}

Test(sim_exchange_photo, request_that_is_wrong_is_refused_with_the_schema_alike)
{
    if (access(SCHEMA "/envelope/ews-envelope.xsd", R_OK) != 0)
        cr_skip_test("the EWS schema files are not here");
    teardown();
    start_with(SCHEMA);
    expect_refusals();
}

Test(sim_exchange_photo, that_is_too_large_is_refused)
{
    autofree char *item = a_contact(1);
    json_decref(control("POST", "/control/settings", "{\"max_attachment\":5}"));
    expect_code(ATTACH(FILE_OF("true", "x", JPEG)), item, "ErrorAttachmentSizeLimitExceeded");
    json_decref(control("POST", "/control/settings", "{\"max_attachment\":6}"));
    expect_code(ATTACH(FILE_OF("true", "x", JPEG)), item, "NoError");
}

Test(sim_exchange_photo, is_unknown_to_exchange_2007)
{
    static const char plain[] =
        ATTACH("<t:FileAttachment><t:Name>a</t:Name><t:ContentId>x</t:ContentId><t:Content>" JPEG
               "</t:Content></t:FileAttachment>");
    autofree char *item = a_contact(1), *id = bare(item),
                  *photo = filled(ATTACH(FILE_OF("true", "x", JPEG)), id),
                  *look = filled(LOOK, item), *file = filled(plain, item);
    autovalue(sim_reply_release) struct sim_reply refused =
        sim_ews_with(client, HEADERS("Exchange2007_SP1"), photo);
    expect_part(&refused, "ErrorSchemaValidation");
    autovalue(sim_reply_release) struct sim_reply has =
        sim_ews_with(client, HEADERS("Exchange2007_SP1"), look);
    expect_part(&has, "ErrorSchemaValidation");
    autovalue(sim_reply_release) struct sim_reply taken =
        sim_ews_with(client, HEADERS("Exchange2007_SP1"), file);
    expect_part(&taken, "NoError");
    autovalue(sim_reply_release) struct sim_reply newer =
        sim_ews_with(client, HEADERS("Exchange2010"), photo);
    expect_part(&newer, "NoError");
}

/* --- the user, and who looks --- */

static json_t *first_item(json_t *mailbox)
{
    return json_array_get(json_object_get(mailbox, "items"), 0);
}

static void expect_shown(const char *want)
{
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL);
    const char *got = json_string_value(json_object_get(first_item(mailbox), "photo"));
    cr_expect(want ? got && strcmp(got, want) == 0 : !got, "%s, expected %s", got ? got : "none",
              want ? want : "none");
    json_decref(mailbox);
}

static const char *sum_of(const char *base64, char hex[65])
{
    uint8_t bytes[64];
    struct sha256 sum;
    long n = base64_decode(base64, strlen(base64), bytes, sizeof(bytes));
    sha256_of(bytes, (size_t)n, &sum);
    hex_encode(sum.b, sizeof(sum.b), hex);
    return hex;
}

Test(sim_exchange_photo, of_the_user_takes_the_place_of_ours)
{
    char hex[65];
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    expect_shown(sum_of(JPEG, hex));
    json_decref(control("POST", "/control/mailboxes/" PAT "/actions",
                        "{\"action\":\"photo\",\"select\":{\"key\":\"key-1\"},\"jpeg\":\"" JPEG_2
                        "\"}"));
    expect_shown(sum_of(JPEG_2, hex));
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL),
           *list = json_object_get(first_item(mailbox), "attachments"),
           *one = json_array_get(list, 0);
    cr_assert(eq(sz, json_array_size(list), 1));
    cr_expect(strcmp(json_string_value(json_object_get(one, "by")), "user") == 0);
    cr_expect(json_string_value(json_object_get(one, "content_id")) == NULL);
    json_decref(mailbox);
    json_decref(control("POST", "/control/mailboxes/" PAT "/actions",
                        "{\"action\":\"photo\",\"select\":{\"key\":\"key-1\"},\"remove\":true}"));
    expect_shown(NULL);
}

Test(sim_exchange_photo, goes_with_a_copy_and_with_a_move)
{
    char hex[65];
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    json_decref(control("POST", "/control/mailboxes/" PAT "/actions",
                        "{\"action\":\"copy\",\"select\":{\"key\":\"key-1\"},\"to\":\"drafts\"}"));
    json_decref(control("POST", "/control/mailboxes/" PAT "/actions",
                        "{\"action\":\"move\",\"select\":{\"key\":\"key-1\"},\"to\":\"Friends\"}"));
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL),
           *items = json_object_get(mailbox, "items"), *it;
    size_t i;
    cr_assert(eq(sz, json_array_size(items), 2));
    json_array_foreach(items, i, it)
        cr_expect(json_string_value(json_object_get(it, "photo")) &&
                  strcmp(json_string_value(json_object_get(it, "photo")), sum_of(JPEG, hex)) == 0);
    json_decref(mailbox);
    expect_code(GET_FILE, photo, "ErrorItemNotFound"); /* its id was made of the item's */
}

Test(sim_exchange_photo, on_a_users_own_contact_is_told_as_touched)
{
    json_decref(control("POST", "/control/mailboxes/" PAT "/foreign", "{\"count\":1}"));
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL);
    autofree char *item;
    cr_assert(asprintf(&item, "Id=\"%s\"",
                       json_string_value(json_object_get(first_item(mailbox), "id"))) > 0);
    json_decref(mailbox);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    json_t *foreign = control("GET", "/control/foreign", NULL);
    cr_expect(eq(long, (long)json_integer_value(json_object_get(foreign, "touched")), 1));
    json_decref(foreign);
}

Test(sim_exchange_photo, a_second_one_takes_the_place_of_the_first_and_of_the_users)
{
    autofree char *item = a_contact(1), *id = bare(item);
    autofree char *one = attached(id, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    autofree char *two = attached(id, ATTACH(FILE_OF("true", "rocksync-2", JPEG_2)));
    expect_code(DETACH, one, "ErrorInvalidAttachmentId");
    json_decref(control("POST", "/control/mailboxes/" PAT "/actions",
                        "{\"action\":\"photo\",\"select\":{\"key\":\"key-1\"}}"));
    autofree char *three = attached(id, ATTACH(FILE_OF("true", "rocksync-3", JPEG)));
    json_t *stats = control("GET", "/control/stats", NULL);
    cr_expect(eq(long, (long)json_integer_value(json_object_get(stats, "users_photos_lost")), 1));
    json_decref(stats);
}

Test(sim_exchange_photo, for_a_version_of_yesterday_is_a_conflict)
{
    autofree char *item = a_contact(1);
    autofree char *one = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    expect_code(ATTACH(FILE_OF("true", "rocksync-2", JPEG)), item, "ErrorIrresolvableConflict");
    autofree char *id = bare(item), *broken;
    cr_assert(asprintf(&broken, "%s ChangeKey=\"nonsense\"", id) > 0);
    expect_code(ATTACH(FILE_OF("true", "rocksync-2", JPEG)), broken, "ErrorInvalidChangeKey");
}

Test(sim_exchange_photo, a_second_one_is_counted)
{
    autofree char *item = a_contact(1), *id = bare(item);
    json_decref(control("POST", "/control/settings", "{\"photo_replaces\":false}"));
    autofree char *one = attached(id, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    autofree char *two = attached(id, ATTACH(FILE_OF("true", "rocksync-2", JPEG_2)));
    expect_code(DETACH, one, "NoError");
    json_t *stats = control("GET", "/control/stats", NULL);
    cr_expect(eq(long, (long)json_integer_value(json_object_get(stats, "second_photos")), 1));
    cr_expect(eq(long, (long)json_integer_value(json_object_get(stats, "attached")), 2));
    cr_expect(eq(long, (long)json_integer_value(json_object_get(stats, "detached")), 1));
    json_decref(stats);
}

Test(sim_exchange_photo, is_compared_where_one_is_expected)
{
    char hex[65], body[400];
    autofree char *item = a_contact(1);
    autofree char *photo = attached(item, ATTACH(FILE_OF("true", "rocksync-1", JPEG)));
    static const char *const wanted[] = {JPEG, JPEG_2};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        snprintf(body, sizeof(body),
                 "{\"fields\":[\"photo\"],\"mailboxes\":{\"" PAT "\":[{\"key\":\"key-1\","
                 "\"photo\":\"%s\"}]}}",
                 sum_of(wanted[i], hex));
        json_t *verdict = control("POST", "/control/compare", body);
        cr_expect(eq(int, json_is_true(json_object_get(verdict, "ok")), i == 0));
        json_decref(verdict);
    }
}
