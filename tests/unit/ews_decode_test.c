#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"

#include "worker/ews/ews_decode.h"

#define OPEN                                                                                       \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"                                                 \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "                           \
    "xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" "                    \
    "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"                       \
    "<s:Header><t:ServerVersionInfo MajorVersion=\"15\" MinorVersion=\"2\" "                       \
    "MajorBuildNumber=\"2562\" MinorBuildNumber=\"17\" Version=\"V2017_07_11\"/></s:Header>"       \
    "<s:Body>"
#define CLOSE "</s:Body></s:Envelope>"
#define CREATE(x)                                                                                  \
    OPEN "<m:CreateItemResponse><m:ResponseMessages>" x                                            \
         "</m:ResponseMessages></m:CreateItemResponse>" CLOSE
#define OK_ITEM(id)                                                                                \
    "<m:CreateItemResponseMessage ResponseClass=\"Success\">"                                      \
    "<m:ResponseCode>NoError</m:ResponseCode><m:Items><t:Contact>"                                 \
    "<t:ItemId Id=\"" id "\" ChangeKey=\"EQAA\"/></t:Contact></m:Items>"                           \
    "</m:CreateItemResponseMessage>"
#define BAD_ITEM(class, code, more)                                                                \
    "<m:CreateItemResponseMessage ResponseClass=\"" class "\"><m:MessageText>A person's name."     \
                                                          "</m:MessageText><m:ResponseCode>" code  \
                                                          "</m:ResponseCode>" more "<m:Items/></"  \
                                                          "m:CreateItemResponseMessage>"

static struct arena *arena;
static struct ews_response r;
static struct err err;

static void setup(void)
{
    arena = arena_new("test", EWS_ARENA_BYTES);
}
static void teardown(void)
{
    arena_free(arena);
}
TestSuite(ews_decode, .init = setup, .fini = teardown);

static int decode(const char *text)
{
    return ews_decode(text, strlen(text), arena, &r, &err);
}

Test(ews_decode, reads_a_batch_that_was_partly_done)
{
    cr_assert_eq(decode(CREATE(OK_ITEM("AAMkNew1=") BAD_ITEM("Error", "ErrorItemSave", "")
                                   BAD_ITEM("Warning", "ErrorBatchProcessingStopped", ""))),
                 0, "%s", err.text);
    cr_assert_eq(r.n_messages, 3u);
    cr_expect_str_eq(r.operation, "CreateItemResponse");
    cr_expect_str_eq(r.server_version, "15.2.2562.17 V2017_07_11");
    cr_expect_not(r.repaired);
    cr_expect(r.messages[0].ok);
    cr_expect_str_eq(r.messages[0].items[0].id, "AAMkNew1=");
    cr_expect_str_eq(r.messages[0].items[0].change_key, "EQAA");
    cr_expect_not(r.messages[1].ok);
    cr_expect_str_eq(r.messages[1].problem.code, "ErrorItemSave");
    cr_expect_eq(r.messages[1].n_items, 0u);
    cr_expect_str_eq(r.messages[2].problem.code, "ErrorBatchProcessingStopped");
}

Test(ews_decode, knows_names_by_namespace_whatever_the_prefix)
{
    cr_assert_eq(decode("<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body>"
                        "<DeleteItemResponse "
                        "xmlns=\"http://schemas.microsoft.com/exchange/services/2006/messages\">"
                        "<ResponseMessages><DeleteItemResponseMessage ResponseClass=\"Success\">"
                        "<ResponseCode>NoError</ResponseCode></DeleteItemResponseMessage>"
                        "</ResponseMessages></DeleteItemResponse></Body></Envelope>"),
                 0, "%s", err.text);
    cr_assert_eq(r.n_messages, 1u);
    cr_expect(r.messages[0].ok);
}

Test(ews_decode, takes_nothing_from_another_namespace)
{
    cr_assert_eq(decode(CREATE("<m:CreateItemResponseMessage ResponseClass=\"Success\" "
                               "xmlns:x=\"urn:other\"><x:ResponseCode>NoError</x:ResponseCode>"
                               "<x:Items><t:Contact/></x:Items></m:CreateItemResponseMessage>")),
                 0);
    cr_expect_not(r.messages[0].ok);
    cr_expect_str_eq(r.messages[0].problem.code, "");
    cr_expect_eq(r.n_messages, 1u);
    cr_expect_eq(r.messages[0].n_items, 0u);
}

Test(ews_decode, reads_what_a_message_tells_about_its_trouble)
{
    cr_assert_eq(decode(CREATE(BAD_ITEM(
                     "Error", "ErrorInternalServerError",
                     "<m:MessageXml><t:FieldURI FieldURI=\"contacts:EmailAddress\"/>"
                     "<t:Value Name=\"BackOffMilliseconds\">297749</t:Value>"
                     "<t:Value Name=\"InnerErrorResponseCode\">ErrorItemSavePropertyError</t:Value>"
                     "</m:MessageXml>"))),
                 0);
    const struct ews_problem *p = &r.messages[0].problem;
    cr_expect_eq(p->backoff_ms, 297749u);
    cr_expect_str_eq(p->inner_code, "ErrorItemSavePropertyError");
    cr_expect_str_eq(p->at, "contacts:EmailAddress");
}

static const struct {
    const char *text;
    uint32_t ms;
} backoffs[] = {{"0", 0},
                {"-5", 0},
                {"abc", 0},
                {"1.5", 0},
                {"", 0},
                {"15", 15},
                {"99999999999999999999", UINT32_MAX}};

Test(ews_decode, believes_only_numbers_as_back_off)
{
    for (size_t i = 0; i < ARRAY_LEN(backoffs); i++) {
        char text[2000];
        snprintf(text, sizeof(text),
                 CREATE(BAD_ITEM("Error", "ErrorServerBusy",
                                 "<m:MessageXml><t:Value Name=\"BackOffMilliseconds\">%s</t:Value>"
                                 "</m:MessageXml>")),
                 backoffs[i].text);
        cr_assert_eq(decode(text), 0);
        cr_expect_eq(r.messages[0].problem.backoff_ms, backoffs[i].ms, "%s", backoffs[i].text);
    }
}

#define FAULT(inner)                                                                               \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>"          \
    "<faultcode xmlns:a=\"http://schemas.microsoft.com/exchange/services/2006/types\">"            \
    "a:ErrorServerBusy</faultcode><faultstring xml:lang=\"en-US\">Busy.</faultstring>" inner       \
    "</s:Fault></s:Body></s:Envelope>"

Test(ews_decode, reads_a_fault_whose_message_xml_is_in_the_types_namespace)
{
    cr_assert_eq(
        decode(FAULT(
            "<detail><e:ResponseCode xmlns:e=\"http://schemas.microsoft.com/exchange/services/"
            "2006/errors\">ErrorServerBusy</e:ResponseCode><t:MessageXml "
            "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><t:Value "
            "Name=\"BackOffMilliseconds\">297749</t:Value></t:MessageXml></detail>")),
        0);
    cr_expect(r.fault);
    cr_expect_str_eq(r.problem.code, "ErrorServerBusy");
    cr_expect_eq(r.problem.backoff_ms, 297749u);
    cr_expect_eq(r.n_messages, 0u);
}

Test(ews_decode, falls_back_to_the_fault_code)
{
    cr_assert_eq(decode(FAULT("")), 0);
    cr_expect_str_eq(r.problem.code, "ErrorServerBusy");
}

#define SET "PropertySetId=\"38B99066-EF57-4efc-a07f-0e0f6a97188e\" PropertyType=\"String\""

Test(ews_decode, reads_a_page_of_items)
{
    cr_assert_eq(
        decode(OPEN "<m:FindItemResponse><m:ResponseMessages><m:FindItemResponseMessage "
                    "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                    "<m:RootFolder IndexedPagingOffset=\"250\" TotalItemsInView=\"612\" "
                    "IncludesLastItemInRange=\"false\"><t:Items><t:Contact>"
                    "<t:ItemId Id=\"A=\" ChangeKey=\"C\"/><t:Categories><t:String>Golf</t:String>"
                    "<t:String>R&amp;D</t:String></t:Categories>"
                    "<t:DateTimeCreated>2026-11-23T03:00:00Z</t:DateTimeCreated>"
                    "<t:ExtendedProperty><t:ExtendedFieldURI PropertyName=\"RockSyncHash\" " SET
                    "/><t:Value>1:aa:bb</t:Value></t:ExtendedProperty>"
                    "<t:ExtendedProperty><t:ExtendedFieldURI PropertyName=\"RockSyncKey\" " SET
                    "/><t:Value>0B7F2C1E-5d0c-4f0a-9a43-1f5f3b0c9d11</t:Value>"
                    "</t:ExtendedProperty></t:Contact><t:DistributionList>"
                    "<t:ItemId Id=\"B=\"/></t:DistributionList></t:Items></m:RootFolder>"
                    "</m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse>" CLOSE),
        0, "%s", err.text);
    const struct ews_message *m = &r.messages[0];
    cr_assert_eq(m->n_items, 2u);
    cr_expect_eq(m->next_offset, 250);
    cr_expect_not(m->last_page);
    const struct ews_item *a = &m->items[0], *b = &m->items[1];
    char text[GUID_TEXT];
    cr_expect(a->has_key);
    cr_expect_str_eq(guid_format(&a->key, text), "0b7f2c1e-5d0c-4f0a-9a43-1f5f3b0c9d11");
    cr_expect_str_eq(a->hash, "1:aa:bb");
    cr_expect_eq(a->created_ms, INT64_C(1795402800000));
    cr_assert_eq(a->n_categories, 2u);
    cr_expect_str_eq(a->categories[1], "R&D");
    cr_expect_str_eq(b->id, "B=");
    cr_expect_not(b->has_key);
    cr_expect_null(b->hash);
    cr_expect_eq(b->n_categories, 0u);
}

Test(ews_decode, a_property_of_another_set_is_not_our_key)
{
    cr_assert_eq(
        decode(CREATE("<m:X ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                      "<m:Items><t:Contact><t:ExtendedProperty><t:ExtendedFieldURI "
                      "PropertySetId=\"00020329-0000-0000-c000-000000000046\" "
                      "PropertyName=\"RockSyncKey\" PropertyType=\"String\"/>"
                      "<t:Value>0b7f2c1e-5d0c-4f0a-9a43-1f5f3b0c9d11</t:Value>"
                      "</t:ExtendedProperty></t:Contact></m:Items></m:X>")),
        0);
    cr_expect_not(r.messages[0].items[0].has_key);
}

Test(ews_decode, reads_the_id_of_a_folder)
{
    cr_assert_eq(decode(OPEN "<m:GetFolderResponse><m:ResponseMessages><m:GetFolderResponseMessage "
                             "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                             "<m:Folders><t:ContactsFolder><t:FolderId Id=\"F=\" ChangeKey=\"x\"/>"
                             "</t:ContactsFolder></m:Folders></m:GetFolderResponseMessage>"
                             "</m:ResponseMessages></m:GetFolderResponse>" CLOSE),
                 0);
    cr_assert_eq(r.messages[0].n_folders, 1u);
    cr_expect_str_eq(r.messages[0].folders[0].id, "F=");
    cr_expect_not(r.messages[0].folders[0].ours);
}

#define FOLDERS(content)                                                                           \
    "<m:FindFolderResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError"               \
    "</m:ResponseCode><m:RootFolder IndexedPagingOffset=\"2\" IncludesLastItemInRange=\"true\">"   \
    "<t:Folders>" content "</t:Folders></m:RootFolder></m:FindFolderResponseMessage>"

Test(ews_decode, reads_folders_of_several_answers_and_our_mark)
{
    cr_assert_eq(decode(OPEN "<m:FindFolderResponse><m:ResponseMessages>" FOLDERS(
                     "<t:ContactsFolder><t:FolderId Id=\"A=\"/></t:ContactsFolder>"
                     "<t:Folder><t:DisplayName>no id</t:DisplayName></t:Folder>") FOLDERS("")
                            FOLDERS("<t:ContactsFolder><t:FolderId "
                                    "Id=\"B=\"/><t:ExtendedProperty>"
                                    "<t:ExtendedFieldURI "
                                    "PropertySetId=\"38B99066-ef57-4efc-a07f-0e0f6a97188e\" "
                                    "PropertyName=\"RockSyncFolder\" PropertyType=\"String\"/>"
                                    "<t:Value>1</t:Value></t:ExtendedProperty></"
                                    "t:ContactsFolder>") "</m:ResponseMessages></"
                                                         "m:FindFolderResponse>" CLOSE),
                 0);
    cr_assert_eq(r.n_messages, 3u);
    cr_expect_eq(r.messages[0].n_folders, 2u);
    cr_expect_null(r.messages[0].folders[1].id);
    cr_expect_eq(r.messages[1].n_folders, 0u);
    cr_expect_str_eq(r.messages[2].folders[0].id, "B=");
    cr_expect(r.messages[2].folders[0].ours);
    cr_expect(r.messages[2].last_page);
}

Test(ews_decode, refuses_every_truncation)
{
    static const char whole[] = CREATE(OK_ITEM("A=") BAD_ITEM("Error", "ErrorItemSave", ""));
    cr_assert_eq(decode(whole), 0);
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        char *cut = xstrndup(whole, n); /* of its own size: reading beyond shows in asan */
        cr_assert_eq(ews_decode(cut, n, arena, &r, &err), -1, "%zu bytes were taken", n);
        free(cut);
    }
    cr_expect_str_eq(err.code, "ews.unreadable");
    cr_expect_eq(err.when, WHEN_UNKNOWN);
}

/* Repairing must not open a back door for truncated documents. */
Test(ews_decode, refuses_every_truncation_of_what_it_would_repair)
{
    static const char whole[] = CREATE(OK_ITEM("A=") BAD_ITEM("Error", "Error&#x1F;Save", ""));
    cr_assert_eq(decode(whole), 0);
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        cr_assert_eq(ews_decode(whole, n, arena, &r, &err), -1, "%zu bytes were taken", n);
}

Test(ews_decode, survives_every_flipped_byte)
{
    static const char whole[] = CREATE(OK_ITEM("A=") BAD_ITEM("Error", "ErrorItemSave", ""));
    for (size_t i = 0; i < sizeof(whole) - 1; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            autofree char *flipped = xstrndup(whole, sizeof(whole) - 1);
            flipped[i] = (char)(flipped[i] ^ (1 << bit));
            if (ews_decode(flipped, sizeof(whole) - 1, arena, &r, &err) == 0)
                cr_expect_leq(r.n_messages, 2u);
        }
    }
}

Test(ews_decode, repairs_forbidden_character_references_and_says_so)
{
    cr_assert_eq(decode(CREATE("<m:X ResponseClass=\"Error\"><m:MessageText>x&#x0;y&#x1F;"
                               "</m:MessageText><m:ResponseCode>Error&#x1F;ItemSave"
                               "</m:ResponseCode></m:X>" OK_ITEM("A&#x1;B"))),
                 0, "%s", err.text);
    cr_expect(r.repaired);
    cr_assert_eq(r.n_messages, 2u);
    cr_expect_str_eq(r.messages[0].problem.code, "ErrorItemSave");
    cr_expect_str_eq(r.messages[1].items[0].id, "AB");
}

#define BOMB                                                                                       \
    "<!DOCTYPE s:Envelope [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">"           \
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>"

static const struct {
    const char *name, *text;
} refused[] = {
    {"empty", ""},
    {"blank", "  \n"},
    {"text", "Server Error"},
    {"a web page", "<html><body><h1>Sign in</h1></body></html>"},
    {"HTML5", "<!DOCTYPE html><html><body>Sign in</body></html>"},
    {"JSON", "{\"error\":1}"},
    {"another document", "<a/>"},
    {"an envelope without a body", "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/"
                                   "envelope/\"/>"},
    {"the https namespace", "<s:Envelope xmlns:s=\"https://schemas.xmlsoap.org/soap/envelope/\">"
                            "<s:Body><a/></s:Body></s:Envelope>"},
    {"a DOCTYPE", "<!DOCTYPE s:Envelope>" CREATE("")},
    {"a DOCTYPE from elsewhere", "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>"},
    {"an entity bomb", BOMB "<s:Envelope xmlns:s=\"x\">&c;</s:Envelope>"},
    {"an unknown entity", "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
                          "<s:Body>&nbsp;</s:Body></s:Envelope>"},
    {"crossed tags", "<a><b></a></b>"},
    {"two roots", CREATE("") "<a/>"},
    {"broken UTF-8", CREATE("<m:X>\xFF\xFE</m:X>")},
};

Test(ews_decode, refuses_what_is_no_answer)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const char *p = refused[i].text;
        cr_expect_eq(decode(p), -1, "%s was taken", refused[i].name);
        cr_expect_str_eq(err.code, "ews.unreadable", "%s", refused[i].name);
    }
}

/* What the parser's converters say of a broken byte would stand in the worker's log. */
Test(ews_decode, no_encoding_makes_the_parser_write_to_stderr)
{
    static const struct {
        const char *name, *text;
        size_t n;
    } cases[] = {
        {"UTF-16 with a broken pair", "<\0?\0x\0m\0l\0\xDC\xDC\xDC\xDC", 14},
        {"UTF-16 with a mark", "\xFF\xFE<\0a\0/\0>\0\xD8\xD8\xD8\xD8", 14},
        {"UCS-4", "\0\0\0<\0\0\0a\xFF\xFF\xFF\xFF", 12},
        {"a zero byte", "<a>\0</a>", 8},
    };
    FILE *heard = tmpfile();
    int kept = dup(2);
    cr_assert(heard && kept >= 0);
    dup2(fileno(heard), 2);
    int results[ARRAY_LEN(cases)];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        results[i] = ews_decode(cases[i].text, cases[i].n, arena, &r, &err);
    dup2(kept, 2);
    cr_expect_eq(lseek(fileno(heard), 0, SEEK_END), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_expect_eq(results[i], -1, "%s was taken", cases[i].name);
    cr_expect_str_eq(err.text, "the answer cannot be read: it is not UTF-8");
    fclose(heard);
    close(kept);
}

Test(ews_decode, reads_what_is_utf8_whatever_encoding_it_claims)
{
    static const char text[] = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>"
                               "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
                               "<s:Body><m:Zoe\xC3\xAB xmlns:m=\"http://schemas.microsoft.com/"
                               "exchange/services/2006/messages\"/></s:Body></s:Envelope>";
    cr_assert_eq(decode(text), 0, "%s", err.text);
    cr_expect_str_eq(r.operation, "Zoe__"); /* read as Latin-1 these two bytes would be four */
}

Test(ews_decode, refuses_a_doctype_by_name)
{
    cr_assert_eq(decode(BOMB "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
                             "<s:Body>&c;</s:Body></s:Envelope>"),
                 -1);
    cr_expect_str_eq(err.text, "the answer cannot be read: it has a DOCTYPE");
}

Test(ews_decode, refuses_depth_beyond_its_limit)
{
    autovalue(str_release) struct str s;
    str_init(&s, 1 << 20);
    for (int i = 0; i < 10000; i++)
        str_puts(&s, "<a>");
    cr_assert_eq(ews_decode(s.p, s.n, arena, &r, &err), -1);
    cr_expect_str_eq(err.text, "the answer cannot be read: elements are too deep");
}

static int decode_many(const char *open, const char *each, size_t n, const char *close)
{
    autovalue(str_release) struct str s;
    str_init(&s, 64 << 20);
    str_puts(&s, open);
    for (size_t i = 0; i < n; i++)
        str_puts(&s, each);
    str_puts(&s, close);
    return ews_decode(s.p, s.n, arena, &r, &err);
}

#define MESSAGES       OPEN "<m:R><m:ResponseMessages>"
#define MESSAGES_CLOSE "</m:ResponseMessages></m:R>" CLOSE
#define ITEMS          MESSAGES "<m:M><m:Items>"
#define ITEMS_CLOSE    "</m:Items></m:M>" MESSAGES_CLOSE
#define NAMES          ITEMS "<t:Contact><t:Categories>"
#define NAMES_CLOSE    "</t:Categories></t:Contact>" ITEMS_CLOSE

Test(ews_decode, takes_as_many_of_everything_as_it_says_and_no_more)
{
    cr_expect_eq(decode_many(MESSAGES, "<m:M/>", EWS_MAX_MESSAGES, MESSAGES_CLOSE), 0);
    cr_expect_eq(r.n_messages, (size_t)EWS_MAX_MESSAGES);
    cr_expect_eq(decode_many(MESSAGES, "<m:M/>", EWS_MAX_MESSAGES + 1, MESSAGES_CLOSE), -1);
    cr_expect_eq(decode_many(ITEMS, "<t:C/>", EWS_MAX_ITEMS, ITEMS_CLOSE), 0);
    cr_expect_eq(decode_many(ITEMS, "<t:C/>", EWS_MAX_ITEMS + 1, ITEMS_CLOSE), -1);
    cr_expect_eq(decode_many(NAMES, "<t:String>a</t:String>", EWS_MAX_CATEGORIES, NAMES_CLOSE), 0);
    cr_expect_eq(r.messages[0].items[0].n_categories, (size_t)EWS_MAX_CATEGORIES);
    cr_expect_eq(decode_many(NAMES, "<t:String>a</t:String>", EWS_MAX_CATEGORIES + 1, NAMES_CLOSE),
                 -1);
    cr_expect_eq(decode_many(NAMES "<t:String>", "a", EWS_MAX_TEXT, "</t:String>" NAMES_CLOSE), 0);
    cr_expect_eq(decode_many(NAMES "<t:String>", "a", EWS_MAX_TEXT + 1, "</t:String>" NAMES_CLOSE),
                 -1);
    cr_expect_eq(decode_many(OPEN "<m:R>", " ", EWS_MAX_BYTES, "</m:R>" CLOSE), -1);
}

/* The most that the limits let into the arena, in one document. */
Test(ews_decode, fills_its_arena_never)
{
    cr_expect_eq(decode_many(ITEMS "<t:C>",
                             "<t:ExtendedProperty><t:ExtendedFieldURI PropertyName=\"RockSyncHash\""
                             " " SET "/><t:Value>x</t:Value></t:ExtendedProperty>",
                             80000, "</t:C>" ITEMS_CLOSE),
                 0);
    cr_expect_eq(decode_many(OPEN, "<m:a/>", 2000000, CLOSE), 0);
    cr_expect_leq(arena_bytes(arena), (size_t)EWS_ARENA_BYTES);
}

Test(ews_decode, takes_ids_of_512_bytes_whole_and_refuses_giants)
{
    cr_expect_eq(decode_many(ITEMS "<t:C><t:ItemId Id=\"", "&quot;", 512, "\"/></t:C>" ITEMS_CLOSE),
                 0, "%s", err.text);
    cr_expect_eq(strlen(r.messages[0].items[0].id), 512u);
    cr_expect_eq(
        decode_many(ITEMS "<t:C><t:ItemId Id=\"", "a", EWS_MAX_ID + 1, "\"/></t:C>" ITEMS_CLOSE),
        -1);
}

Test(ews_decode, keeps_unknown_codes_as_text_fit_for_a_log)
{
    cr_assert_eq(decode(CREATE(BAD_ITEM("Error", "ErrorOf\nTomorrow{}", ""))), 0);
    cr_expect_str_eq(r.messages[0].problem.code, "ErrorOf_Tomorrow__");
}

Test(ews_decode, success_needs_the_code_and_not_the_class_error)
{
    cr_assert_eq(decode(CREATE(BAD_ITEM("Error", "NoError", "") BAD_ITEM("Success", "", "")
                                   BAD_ITEM("Warning", "NoError", "")
                                       BAD_ITEM("Success", "ErrorItemSave", ""))),
                 0);
    cr_expect_not(r.messages[0].ok);
    cr_expect_not(r.messages[1].ok);
    cr_expect(r.messages[2].ok);
    cr_expect_not(r.messages[3].ok);
    cr_expect_str_eq(r.messages[3].problem.code, "");
}
