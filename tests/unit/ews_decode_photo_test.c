/* What answers say of attachments. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "worker/ews/ews_decode.h"

#define OPEN                                                                                       \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "                           \
    "xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" "                    \
    "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><s:Body>"
#define CLOSE "</s:Body></s:Envelope>"
#define ANSWER(op, x)                                                                              \
    OPEN "<m:" op "Response><m:ResponseMessages><m:" op                                            \
         "ResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>" x    \
         "</m:" op "ResponseMessage></m:ResponseMessages></m:" op "Response>" CLOSE
#define ITEM(id, files)                                                                            \
    "<t:Contact><t:ItemId Id=\"" id "\" ChangeKey=\"EQ\"/><t:Attachments>" files                   \
    "</t:Attachments></t:Contact>"
#define FILE_OF(id, more)                                                                          \
    "<t:FileAttachment><t:AttachmentId Id=\"" id "\"/>" more "</t:FileAttachment>"

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
TestSuite(ews_decode_photo, .init = setup, .fini = teardown);

static int decode(const char *text)
{
    return ews_decode(text, strlen(text), arena, &r, &err);
}

Test(ews_decode_photo, each_item_has_its_own_attachments)
{
    cr_assert_eq(decode(ANSWER("GetItem",
                               "<m:Items>" ITEM(
                                   "A", FILE_OF("A1", "<t:ContentId>x</t:ContentId>"
                                                      "<t:IsContactPhoto>true</t:IsContactPhoto>")
                                            FILE_OF("A2", "<t:IsContactPhoto>0</t:IsContactPhoto>"))
                                   ITEM("B", "") ITEM("C", FILE_OF("C1", "")) "</m:Items>")),
                 0, "%s", err.text);
    const struct ews_item *it = r.messages[0].items;
    cr_assert_eq(r.messages[0].n_items, 3u);
    cr_assert_eq(it[0].n_attachments, 2u);
    cr_assert_eq(it[1].n_attachments, 0u);
    cr_assert_eq(it[2].n_attachments, 1u);
    cr_expect_str_eq(it[0].attachments[0].id, "A1");
    cr_expect_str_eq(it[0].attachments[0].content_id, "x");
    cr_expect(it[0].attachments[0].photo && !it[0].attachments[0].no_photo);
    cr_expect_null(it[0].attachments[1].content_id);
    cr_expect(!it[0].attachments[1].photo && it[0].attachments[1].no_photo);
    cr_expect_str_eq(it[2].attachments[0].id, "C1");
    cr_expect(!it[2].attachments[0].photo && !it[2].attachments[0].no_photo);
}

Test(ews_decode_photo, an_item_inside_an_item_is_an_attachment_and_no_item)
{
    cr_assert_eq(decode(ANSWER("GetItem", "<m:Items>"
                                          "<t:Contact><t:ItemId Id=\"A\"/><t:Attachments>"
                                          "<t:ItemAttachment><t:AttachmentId Id=\"A1\"/><t:Contact>"
                                          "<t:ItemId Id=\"Z\"/></t:Contact></t:ItemAttachment>"
                                          "</t:Attachments></t:Contact></m:Items>")),
                 0, "%s", err.text);
    cr_assert_eq(r.messages[0].n_items, 1u);
    cr_expect_str_eq(r.messages[0].items[0].id, "A");
    cr_expect_eq(r.messages[0].items[0].n_attachments, 1u);
}

Test(ews_decode_photo, writing_tells_the_items_new_version)
{
    cr_assert_eq(decode(ANSWER("CreateAttachment",
                               "<m:Attachments><t:FileAttachment><t:AttachmentId Id=\"A1\" "
                               "RootItemId=\"A\" RootItemChangeKey=\"EQ2\"/></t:FileAttachment>"
                               "</m:Attachments>")),
                 0, "%s", err.text);
    cr_expect_str_eq(r.messages[0].root_change_key, "EQ2");
    cr_expect_eq(r.messages[0].n_items, 0u);
    cr_assert_eq(decode(ANSWER("DeleteAttachment",
                               "<m:RootItemId RootItemId=\"A\" RootItemChangeKey=\"EQ3\"/>")),
                 0);
    cr_expect_str_eq(r.messages[0].root_change_key, "EQ3");
    cr_assert_eq(decode(ANSWER("DeleteAttachment", "")), 0);
    cr_expect_null(r.messages[0].root_change_key);
}

static char *repeated(const char *open, const char *what, size_t n, const char *close)
{
    struct str s;
    str_init(&s, EWS_MAX_BYTES);
    str_puts(&s, open);
    for (size_t i = 0; i < n; i++)
        str_puts(&s, what);
    str_puts(&s, close);
    return str_steal(&s);
}

#define ONE_OPEN                                                                                   \
    OPEN "<m:GetItemResponse><m:ResponseMessages><m:GetItemResponseMessage "                       \
         "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode><m:Items><t:Contact>"  \
         "<t:ItemId Id=\"A\"/><t:Attachments>"
#define ONE_CLOSE                                                                                  \
    "</t:Attachments></t:Contact></m:Items></m:GetItemResponseMessage></m:ResponseMessages>"       \
    "</m:GetItemResponse>" CLOSE

Test(ews_decode_photo, a_mark_that_is_endless_is_somebody_elses)
{
    autofree char *text = repeated(ONE_OPEN "<t:FileAttachment><t:AttachmentId Id=\"A1\"/>"
                                            "<t:ContentId>rocksync-",
                                   "a", EWS_MAX_TEXT + 1,
                                   "</t:ContentId></t:FileAttachment>" FILE_OF("A2", "") ONE_CLOSE);
    cr_assert_eq(decode(text), 0, "%s", err.text);
    cr_assert_eq(r.messages[0].items[0].n_attachments, 2u);
    cr_expect_str_eq(r.messages[0].items[0].attachments[0].content_id, "");
}

Test(ews_decode_photo, more_attachments_than_any_contact_has_are_refused)
{
    autofree char *most = repeated(ONE_OPEN, FILE_OF("A1", ""), EWS_MAX_ATTACHMENTS, ONE_CLOSE),
                  *more = repeated(ONE_OPEN, FILE_OF("A1", ""), EWS_MAX_ATTACHMENTS + 1, ONE_CLOSE);
    cr_expect_eq(decode(most), 0, "%s", err.text);
    cr_expect_eq(decode(more), -1);
    cr_expect_str_eq(err.code, "ews.unreadable");
}
