/*
 * The Exchange simulator, operation by operation, through HTTP as a client sees it. Answers are
 * checked against the EWS schema where its files are at hand.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "tests/sim/exchange/sim_exchange.h"
#include "tests/sim/exchange/sx_check.h"
#include "tests/support/sim_ews.h"

#define SCHEMA "../shared/ews-schema"
#define PAT    "pat@church.example"
#define SAM    "sam@church.example"
#define IDS_AND_KEYS                                                                               \
    "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>" SIM_EWS_KEY_PATH                   \
    "</t:AdditionalProperties>"

static struct sim_exchange *sim;
static struct sim_client *client;

static void setup(void)
{
    struct sim_exchange_options o = {.seed = 7, .account = "svc@church.example"};
    struct err err = {0};
    sim = sim_exchange_start(&o, &err);
    cr_assert(sim != NULL, "%s", err.text);
    client = sim_client_new(sim_exchange_port(sim));
    int status;
    free(sim_exchange_control(sim, "POST", "/control/mailboxes",
                              "{\"mailboxes\":[{\"address\":\"" PAT
                              "\",\"aliases\":[\"patricia@church.example\"]},\"" SAM
                              "\"],\"foreign\":0}",
                              &status));
    cr_assert(eq(int, status, 200));
}

static bool have_schema(void)
{
    return access(SCHEMA "/envelope/ews-envelope.xsd", R_OK) == 0;
}

static void teardown(void)
{
    sim_client_free(client);
    sim_exchange_stop(sim);
}

TestSuite(sim_exchange, .init = setup, .fini = teardown);

/* An answer is what the schema promises, too. */
static void check_answer(const char *xml)
{
    static struct sx_schema *schema;
    struct err err = {0};
    struct sx_fail fail = {0};
    if (!have_schema())
        return;
    if (!schema)
        schema = sx_schema_load(SCHEMA, &err);
    cr_assert(schema != NULL, "%s", err.text);
    xmlDoc *doc = sx_xml_parse(xml, strlen(xml), &fail);
    cr_assert(doc != NULL, "%s", fail.text);
    cr_expect(sx_schema_check(schema, doc, &fail), "%s\n%s", fail.text, xml);
    xmlFreeDoc(doc);
}

static struct sim_reply call(const char *operation)
{
    struct sim_reply r = sim_ews(client, PAT, operation);
    cr_assert(eq(int, r.curl, 0));
    check_answer(r.body);
    return r;
}

static json_t *control(const char *method, const char *path, const char *body)
{
    int status;
    autofree char *text = sim_exchange_control(sim, method, path, body, &status);
    cr_assert(eq(int, status, 200), "%s", text);
    return json_loads(text, 0, NULL);
}

static long number_at(const char *path, const char *name)
{
    json_t *o = control("GET", path, NULL);
    long v = (long)json_integer_value(json_object_get(o, name));
    json_decref(o);
    return v;
}

static void expect_text(json_t *o, const char *name, const char *want)
{
    const char *got = json_string_value(json_object_get(o, name));
    cr_expect(got && strcmp(got, want) == 0, "%s is %s, expected %s", name, got ? got : "absent",
              want);
}

/* ItemId attributes of contact i of an answer, ready to paste into a request. */
static char *id_of(const struct sim_reply *r, size_t i)
{
    char *id = sim_between(r->body, "<t:ItemId ", "/>", i);
    cr_assert(id != NULL, "no item %zu in %s", i, r->body);
    return id;
}

static char *make(unsigned first, unsigned n)
{
    autofree char *xml = sim_ews_create(first, n);
    autovalue(sim_reply_release) struct sim_reply r = call(xml);
    cr_assert(eq(sz, sim_count(r.body, "ResponseClass=\"Success\""), n));
    return id_of(&r, 0);
}

static char *format(const char *fmt, const char *a, const char *b)
{
    autovalue(str_release) struct str s;
    str_init(&s, 1 << 20);
    for (const char *p = fmt; *p; p++) {
        if (p[0] == '$' && (p[1] == '1' || p[1] == '2'))
            str_puts(&s, *++p == '1' ? a : b);
        else
            str_putc(&s, *p);
    }
    return str_steal(&s);
}

static struct sim_reply callf(const char *fmt, const char *a, const char *b)
{
    autofree char *xml = format(fmt, a, b);
    return call(xml);
}

static void expect_code(const struct sim_reply *r, size_t i, const char *code)
{
    autofree char *got = sim_ews_code(r->body, i);
    cr_expect(got && strcmp(got, code) == 0, "message %zu: %s, expected %s: %s", i,
              got ? got : "none", code, r->body);
}

/* --- CreateItem, GetItem --- */

/* clang-format off */
static const char full_contact[] =
    "<m:CreateItem><m:SavedItemFolderId>" SIM_EWS_CONTACTS "</m:SavedItemFolderId><m:Items><t:Contact>"
    "<t:ItemClass>IPM.Contact</t:ItemClass><t:Body BodyType=\"Text\">two\nlines</t:Body>"
    "<t:Categories><t:String>Staff</t:String><t:String>Youth &amp; Co</t:String></t:Categories>"
    "<t:ExtendedProperty>" SIM_EWS_KEY_PATH "<t:Value>k1</t:Value></t:ExtendedProperty>"
    "<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag=\"0x3A45\" PropertyType=\"String\"/><t:Value>Dr.</t:Value></t:ExtendedProperty>"
    "<t:FileAs>Ro, Ana</t:FileAs><t:DisplayName>Ana Ro \xF0\x9F\x98\x80</t:DisplayName><t:GivenName>Ana</t:GivenName>"
    "<t:CompanyName>A &lt;B&gt;</t:CompanyName>"
    "<t:EmailAddresses><t:Entry Key=\"EmailAddress1\" Name=\"Ana\" RoutingType=\"SMTP\">ana@example.org</t:Entry></t:EmailAddresses>"
    "<t:PhysicalAddresses><t:Entry Key=\"Home\"><t:Street>1 Mill\nApt 2</t:Street><t:City>Springfield</t:City></t:Entry></t:PhysicalAddresses>"
    "<t:PhoneNumbers><t:Entry Key=\"BusinessPhone\">1</t:Entry><t:Entry Key=\"MobilePhone\">+1 217 555 0103</t:Entry></t:PhoneNumbers>"
    "<t:Birthday>1984-03-09T11:59:00Z</t:Birthday><t:Surname>Ro</t:Surname></t:Contact></m:Items></m:CreateItem>";
/* clang-format on */

Test(sim_exchange, keeps_every_property_it_was_given)
{
    autovalue(sim_reply_release) struct sim_reply made = call(full_contact);
    autofree char *id = id_of(&made, 0);
    autovalue(sim_reply_release) struct sim_reply got = callf(
        "<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</"
        "t:BaseShape><t:AdditionalProperties>" SIM_EWS_KEY_PATH
        "</t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId $1/></m:ItemIds></m:GetItem>",
        id, NULL);
    static const char *const parts[] = {
        "<t:Body BodyType=\"Text\">two\nlines</t:Body>",
        "<t:Categories><t:String>Staff</t:String><t:String>Youth &amp; "
        "Co</t:String></t:Categories>",
        "<t:Value>k1</t:Value>",
        "<t:DisplayName>Ana Ro \xF0\x9F\x98\x80</t:DisplayName>",
        "<t:CompanyName>A &lt;B&gt;</t:CompanyName>",
        "<t:Entry Key=\"EmailAddress1\" Name=\"Ana\" "
        "RoutingType=\"SMTP\">ana@example.org</t:Entry>",
        "<t:Street>1 Mill\nApt 2</t:Street><t:City>Springfield</t:City>",
        "<t:Entry Key=\"BusinessPhone\">1</t:Entry><t:Entry Key=\"MobilePhone\">+1 217 555 "
        "0103</t:Entry>",
        "<t:Birthday>1984-03-09T11:59:00Z</t:Birthday>",
        "<t:CompleteName><t:Title>Dr.</t:Title><t:FirstName>Ana</t:FirstName><t:LastName>Ro</"
        "t:LastName>",
        "<t:DateTimeCreated>",
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        cr_expect(strstr(got.body, parts[i]) != NULL, "missing %s in %s", parts[i], got.body);
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL),
           *items = json_object_get(mailbox, "items");
    json_t *fields = json_object_get(json_array_get(items, 0), "fields");
    expect_text(fields, "HomeCity", "Springfield");
    expect_text(fields, "Birthday", "1984-03-09");
    expect_text(fields, "Title", "Dr.");
    json_decref(mailbox);
}

Test(sim_exchange, answers_one_message_per_item_in_order_and_saves_the_good_ones)
{
    autovalue(sim_reply_release) struct sim_reply r =
        call("<m:CreateItem><m:Items><t:Contact><t:GivenName>A</t:GivenName></t:Contact>"
             "<t:Contact><t:HasPicture>true</t:HasPicture></t:Contact>"
             "<t:Contact><t:GivenName>C</t:GivenName></t:Contact></m:Items></m:CreateItem>");
    expect_code(&r, 0, "NoError");
    expect_code(&r, 1, "ErrorInvalidPropertySet");
    expect_code(&r, 2, "NoError");
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "contacts"), 2));
    cr_expect(eq(long, number_at("/control/stats", "invalid"), 1));
}

Test(sim_exchange, builds_file_as_when_a_mapping_asks_for_it)
{
    autovalue(sim_reply_release) struct sim_reply r =
        call("<m:CreateItem><m:Items><t:Contact><t:FileAsMapping>LastCommaFirst</t:FileAsMapping>"
             "<t:GivenName>Sam</t:GivenName><t:Surname>O'Neil</t:Surname></t:Contact></m:Items></"
             "m:CreateItem>");
    autofree char *id = id_of(&r, 0);
    autovalue(sim_reply_release) struct sim_reply got =
        callf("<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></"
              "m:ItemShape><m:ItemIds><t:ItemId $1/>"
              "</m:ItemIds></m:GetItem>",
              id, NULL);
    cr_expect(strstr(got.body, "<t:FileAs>O'Neil, Sam</t:FileAs>") != NULL, "%s", got.body);
}

/* --- ids
 * -------------------------------------------------------------------------------------------------------
 */

Test(sim_exchange, ids_differ_by_case_alone_and_are_compared_exactly)
{
    autofree char *xml = sim_ews_create(0, 4);
    autovalue(sim_reply_release) struct sim_reply r = call(xml);
    bool twins = false;
    for (size_t i = 0; i + 1 < 4; i++) {
        autofree char *a = sim_between(r.body, "<t:ItemId Id=\"", "\"", i);
        autofree char *b = sim_between(r.body, "<t:ItemId Id=\"", "\"", i + 1);
        twins |= strcmp(a, b) != 0 && strcasecmp(a, b) == 0;
    }
    cr_expect(twins);
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "contacts"), 4));
}

Test(sim_exchange, an_id_of_another_mailbox_is_not_found)
{
    autofree char *id = make(0, 1);
    autofree char *xml = format("<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId "
                                "$1/></m:ItemIds></m:DeleteItem>",
                                id, NULL);
    autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, SAM, xml);
    expect_code(&r, 0, "ErrorItemNotFound");
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "contacts"), 1));
}

/* --- UpdateItem
 * ------------------------------------------------------------------------------------------------
 */

/* clang-format off */
#define UPDATE(how, changes) \
    "<m:UpdateItem ConflictResolution=\"" how "\"><m:ItemChanges><t:ItemChange><t:ItemId $1/>" \
    "<t:Updates>" changes "</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>"
#define BY_ID(how, attributes) \
    "<m:UpdateItem ConflictResolution=\"" how "\"><m:ItemChanges><t:ItemChange><t:ItemId " attributes "/>" \
    "<t:Updates>" SURNAME("B") "</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>"
#define SET(path, value) "<t:SetItemField>" path "<t:Contact>" value "</t:Contact></t:SetItemField>"
#define APPEND(path, value) "<t:AppendToItemField>" path "<t:Contact>" value "</t:Contact></t:AppendToItemField>"
#define DELETE(path) "<t:DeleteItemField>" path "</t:DeleteItemField>"
#define FIELD(uri) "<t:FieldURI FieldURI=\"" uri "\"/>"
#define PHONE(key) "<t:IndexedFieldURI FieldURI=\"contacts:PhoneNumber\" FieldIndex=\"" key "\"/>"
#define CITY "<t:IndexedFieldURI FieldURI=\"contacts:PhysicalAddress:City\" FieldIndex=\"Home\"/>"
#define EMAIL "<t:IndexedFieldURI FieldURI=\"contacts:EmailAddress\" FieldIndex=\"EmailAddress1\"/>"
#define EMAILS(entries) "<t:EmailAddresses>" entries "</t:EmailAddresses>"
#define PHONES(entries) "<t:PhoneNumbers>" entries "</t:PhoneNumbers>"
#define ENTRY(key, text) "<t:Entry Key=\"" key "\">" text "</t:Entry>"
#define HOME(parts) "<t:PhysicalAddresses><t:Entry Key=\"Home\">" parts "</t:Entry></t:PhysicalAddresses>"
#define SURNAME(text) SET(FIELD("contacts:Surname"), "<t:Surname>" text "</t:Surname>")

static const char many_changes[] = UPDATE("AlwaysOverwrite",
    SURNAME("Lee")
    SET(PHONE("MobilePhone"), PHONES(ENTRY("MobilePhone", "9")))
    SET(CITY, HOME("<t:City>Decatur</t:City>"))
    SET(FIELD("item:Categories"), "<t:Categories><t:String>Rock</t:String></t:Categories>")
    DELETE(PHONE("BusinessPhone"))
    DELETE(PHONE("Pager"))
    DELETE(FIELD("contacts:CompanyName")));
/* clang-format on */

Test(sim_exchange, updates_sets_and_deletes_single_properties)
{
    autovalue(sim_reply_release) struct sim_reply made = call(full_contact);
    autofree char *id = id_of(&made, 0);
    autovalue(sim_reply_release) struct sim_reply r = callf(many_changes, id, NULL);
    expect_code(&r, 0, "NoError");
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL);
    json_t *item = json_array_get(json_object_get(mailbox, "items"), 0),
           *fields = json_object_get(item, "fields");
    expect_text(fields, "Surname", "Lee");
    expect_text(fields, "MobilePhone", "9");
    expect_text(fields, "HomeCity", "Decatur");
    expect_text(fields, "HomeStreet", "1 Mill\nApt 2");
    cr_expect(json_object_get(fields, "BusinessPhone") == NULL &&
              json_object_get(fields, "CompanyName") == NULL);
    cr_expect(eq(sz, json_array_size(json_object_get(item, "categories")), 1));
    cr_expect(eq(int, (int)json_integer_value(json_object_get(item, "version")), 2));
    json_decref(mailbox);
}

/* clang-format off */
static const struct update_case {
    const char *name, *xml, *code;
} update_cases[] = {
    {"two properties", UPDATE("AutoResolve", SET(FIELD("contacts:Surname"), "<t:GivenName>A</t:GivenName><t:Surname>B</t:Surname>")),
     "ErrorIncorrectUpdatePropertyCount"},
    {"two entries", UPDATE("AutoResolve", SET(PHONE("Pager"), PHONES(ENTRY("MobilePhone", "1") ENTRY("Pager", "1")))),
     "ErrorIncorrectUpdatePropertyCount"},
    {"two parts", UPDATE("AutoResolve", SET(CITY, HOME("<t:Street>1</t:Street><t:City>2</t:City>"))),
     "ErrorIncorrectUpdatePropertyCount"},
    {"other property", UPDATE("AutoResolve", SET(FIELD("contacts:Surname"), "<t:GivenName>A</t:GivenName>")),
     "ErrorUpdatePropertyMismatch"},
    {"other key", UPDATE("AutoResolve", SET(PHONE("Pager"), PHONES(ENTRY("MobilePhone", "1")))), "ErrorUpdatePropertyMismatch"},
    {"empty entry", UPDATE("AutoResolve", SET(PHONE("Pager"), PHONES(ENTRY("Pager", "")))), "ErrorInvalidPropertySet"},
    {"whole dictionary", UPDATE("AutoResolve", SET(FIELD("contacts:PhoneNumbers"), PHONES(ENTRY("Pager", "1")))),
     "ErrorInvalidPropertySet"},
    {"read-only", UPDATE("AutoResolve", SET(FIELD("contacts:HasPicture"), "<t:HasPicture>true</t:HasPicture>")),
     "ErrorInvalidPropertySet"},
    {"directory", UPDATE("AutoResolve", SET(FIELD("contacts:Alias"), "<t:Alias>a</t:Alias>")), "ErrorInvalidPropertyRequest"},
    {"delete class", UPDATE("AutoResolve", DELETE(FIELD("item:ItemClass"))), "ErrorInvalidPropertyDelete"},
    {"append", UPDATE("AutoResolve", APPEND(FIELD("contacts:Surname"), "<t:Surname>A</t:Surname>")), "ErrorInvalidPropertyAppend"},
    {"class", UPDATE("AutoResolve", SET(FIELD("item:ItemClass"), "<t:ItemClass>IPM.Note</t:ItemClass>")), "ErrorObjectTypeChanged"},
    {"e-mail", UPDATE("AutoResolve", SET(EMAIL, EMAILS(ENTRY("EmailAddress1", "nobody")))), "ErrorInvalidContactEmailAddress"},
    {"no key", BY_ID("NeverOverwrite", "Id=\"$2\""), "ErrorChangeKeyRequiredForWriteOperations"},
    {"bad key", BY_ID("AlwaysOverwrite", "Id=\"$2\" ChangeKey=\"xyz\""), "ErrorInvalidChangeKey"},
};
/* clang-format on */

Test(sim_exchange, refuses_updates_that_a_server_refuses_and_changes_nothing)
{
    autofree char *attributes = make(0, 1);
    autofree char *id = sim_between(attributes, "Id=\"", "\"", 0);
    for (size_t i = 0; i < ARRAY_LEN(update_cases); i++) {
        autovalue(sim_reply_release) struct sim_reply r =
            callf(update_cases[i].xml, attributes, id);
        autofree char *code = sim_ews_code(r.body, 0);
        cr_expect(code && strcmp(code, update_cases[i].code) == 0, "%s: %s", update_cases[i].name,
                  r.body);
    }
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL);
    cr_expect(eq(int,
                 (int)json_integer_value(json_object_get(
                     json_array_get(json_object_get(mailbox, "items"), 0), "version")),
                 1));
    json_decref(mailbox);
}

Test(sim_exchange, never_overwrite_with_a_stale_key_is_a_conflict)
{
    autofree char *old = make(0, 1);
    autovalue(sim_reply_release) struct sim_reply first =
        callf(UPDATE("NeverOverwrite", SURNAME("B")), old, NULL);
    expect_code(&first, 0, "NoError");
    autovalue(sim_reply_release) struct sim_reply second =
        callf(UPDATE("NeverOverwrite", SURNAME("C")), old, NULL);
    expect_code(&second, 0, "ErrorIrresolvableConflict");
    json_decref(control("POST", "/control/settings", "{\"stale_code\":\"ErrorStaleObject\"}"));
    autovalue(sim_reply_release) struct sim_reply third =
        callf(UPDATE("NeverOverwrite", SURNAME("C")), old, NULL);
    expect_code(&third, 0, "ErrorStaleObject");
    autovalue(sim_reply_release) struct sim_reply always =
        callf(UPDATE("AlwaysOverwrite", SURNAME("D")), old, NULL);
    expect_code(&always, 0, "NoError");
}

/* --- DeleteItem, FindItem, SyncFolderItems, folders --- */

Test(sim_exchange, deletes_hard_soft_and_to_deleted_items)
{
    static const char *const types[] = {"HardDelete", "SoftDelete", "MoveToDeletedItems"};
    for (unsigned i = 0; i < 3; i++) {
        autofree char *id = make(i, 1);
        autovalue(sim_reply_release) struct sim_reply r = callf(
            "<m:DeleteItem DeleteType=\"$2\"><m:ItemIds><t:ItemId $1/></m:ItemIds></m:DeleteItem>",
            id, types[i]);
        expect_code(&r, 0, "NoError");
        autovalue(sim_reply_release) struct sim_reply again = callf(
            "<m:DeleteItem DeleteType=\"$2\"><m:ItemIds><t:ItemId $1/></m:ItemIds></m:DeleteItem>",
            id, types[i]);
        expect_code(&again, 0, "ErrorItemNotFound");
    }
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "contacts"), 0));
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "purged"), 1));
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "recoverable"), 1));
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "deleted"), 1));
}

/* clang-format off */
#define FIND(max, restriction) \
    "<m:FindItem Traversal=\"Shallow\"><m:ItemShape>" IDS_AND_KEYS "</m:ItemShape>" \
    "<m:IndexedPageItemView MaxEntriesReturned=\"" max "\" Offset=\"$1\" BasePoint=\"Beginning\"/>" restriction \
    "<m:SortOrder><t:FieldOrder Order=\"Ascending\">" FIELD("item:DateTimeCreated") "</t:FieldOrder></m:SortOrder>" \
    "<m:ParentFolderIds>" SIM_EWS_CONTACTS "</m:ParentFolderIds></m:FindItem>"
#define ONLY(expression) "<m:Restriction>" expression "</m:Restriction>"
#define EXISTS(path) "<t:Exists>" path "</t:Exists>"
#define CONSTANT(value) "<t:Constant Value=\"" value "\"/>"
#define KEY_IS(value) \
    "<t:IsEqualTo>" SIM_EWS_KEY_PATH "<t:FieldURIOrConstant>" CONSTANT(value) "</t:FieldURIOrConstant></t:IsEqualTo>"
#define CONTAINS(mode, how, path, value) \
    "<t:Contains ContainmentMode=\"" mode "\" ContainmentComparison=\"" how "\">" path CONSTANT(value) "</t:Contains>"

static const struct find_case {
    const char *xml;
    size_t n; /* of five contacts */
} find_cases[] = {
    {FIND("10", ONLY(KEY_IS("key-3"))), 1},
    {FIND("10", ONLY(KEY_IS("KEY-3"))), 0},
    {FIND("10", ONLY("<t:Or>" KEY_IS("key-1") KEY_IS("key-2") KEY_IS("none") "</t:Or>")), 2},
    {FIND("10", ONLY("<t:Not>" KEY_IS("key-1") "</t:Not>")), 4},
    {FIND("10", ONLY("<t:And>" KEY_IS("key-1") CONTAINS("Prefixed", "IgnoreCase", FIELD("contacts:DisplayName"), "PERSON") "</t:And>")), 1},
    {FIND("10", ONLY(CONTAINS("FullString", "Exact", SIM_EWS_KEY_PATH, "key"))), 0},
};
/* clang-format on */

Test(sim_exchange, a_page_holds_250_items_with_a_restriction_and_1000_without)
{
    for (unsigned i = 0; i < 3; i++)
        free(make(i * 100, 100));
    autovalue(sim_reply_release) struct sim_reply all = callf(FIND("5000", ""), "0", NULL);
    cr_expect(eq(sz, sim_count(all.body, "<t:Contact>"), 300));
    cr_expect(strstr(all.body, "TotalItemsInView=\"300\" IncludesLastItemInRange=\"true\"") !=
              NULL);
    static const char exists[] = FIND("1000", ONLY("<t:Exists>" SIM_EWS_KEY_PATH "</t:Exists>"));
    autovalue(sim_reply_release) struct sim_reply some = callf(exists, "0", NULL);
    cr_expect(eq(sz, sim_count(some.body, "<t:Contact>"), 250));
    cr_expect(strstr(some.body, "IndexedPagingOffset=\"250\" TotalItemsInView=\"300\" "
                                "IncludesLastItemInRange=\"false\"") != NULL);
    autovalue(sim_reply_release) struct sim_reply rest = callf(exists, "250", NULL);
    cr_expect(eq(sz, sim_count(rest.body, "<t:Contact>"), 50));
}

Test(sim_exchange, finds_by_key_with_or_not_and_contains)
{
    free(make(0, 5));
    for (size_t i = 0; i < ARRAY_LEN(find_cases); i++) {
        autovalue(sim_reply_release) struct sim_reply r = callf(find_cases[i].xml, "0", NULL);
        cr_expect(eq(sz, sim_count(r.body, "<t:Contact>"), find_cases[i].n), "case %zu: %s", i,
                  r.body);
    }
    autovalue(sim_reply_release) struct sim_reply body =
        callf(FIND("10", ONLY("<t:Exists>" FIELD("item:Body") "</t:Exists>")), "0", NULL);
    expect_code(&body, 0, "ErrorUnsupportedPathForQuery");
}

#define SYNC                                                                                       \
    "<m:SyncFolderItems><m:ItemShape>" IDS_AND_KEYS                                                \
    "</m:ItemShape><m:SyncFolderId>" SIM_EWS_CONTACTS                                              \
    "</m:SyncFolderId><m:SyncState>$1</m:SyncState><m:MaxChangesReturned>2</"                      \
    "m:MaxChangesReturned></m:SyncFolderItems>"

static char *sync_from(const char *state, size_t creates, size_t updates, size_t deletes)
{
    autovalue(sim_reply_release) struct sim_reply r = callf(SYNC, state, NULL);
    cr_expect(eq(sz, sim_count(r.body, "<t:Create>"), creates), "%s", r.body);
    cr_expect(eq(sz, sim_count(r.body, "<t:Update>"), updates), "%s", r.body);
    cr_expect(eq(sz, sim_count(r.body, "<t:Delete>"), deletes), "%s", r.body);
    return sim_between(r.body, "<m:SyncState>", "<", 0);
}

Test(sim_exchange, sync_tells_what_came_changed_and_went)
{
    autofree char *id = make(0, 3);
    autofree char *one = sync_from("", 2, 0, 0);
    autofree char *two = sync_from(one, 1, 0, 0);
    autovalue(sim_reply_release) struct sim_reply set =
        callf(UPDATE("AlwaysOverwrite", SURNAME("D")), id, NULL);
    autofree char *three = sync_from(two, 0, 1, 0);
    autovalue(sim_reply_release) struct sim_reply del =
        callf("<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId "
              "$1/></m:ItemIds></m:DeleteItem>",
              id, NULL);
    autofree char *four = sync_from(three, 0, 0, 1);
    autofree char *five = sync_from(four, 0, 0, 0);
    autovalue(sim_reply_release) struct sim_reply bad = callf(SYNC, "bm9uc2Vuc2U=", NULL);
    expect_code(&bad, 0, "ErrorInvalidSyncStateData");
}
