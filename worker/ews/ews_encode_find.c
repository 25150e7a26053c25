/* ews_encode_find: requests that read: items, folders. See ews_encode.h. */
#include <string.h>

#include "worker/ews/ews_encode_p.h"

#define CREATED "<t:FieldURI FieldURI=\"item:DateTimeCreated\"/>"
/* A fixed order, or the set moves under the paging. */
#define OLDEST_FIRST                                                                               \
    "<m:SortOrder><t:FieldOrder Order=\"Ascending\">" CREATED "</t:FieldOrder></m:SortOrder>"
#define FIND_OPEN                                                                                  \
    "<m:FindItem Traversal=\"Shallow\"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"             \
    "<t:AdditionalProperties>"
#define SHAPE_CLOSE "</t:AdditionalProperties></m:ItemShape>"
#define TRASH       "<t:DistinguishedFolderId Id=\"deleteditems\"/>"

static void key_equals(struct str *out, const struct guid *key)
{
    char text[GUID_TEXT];
    ews_xml_lit(out, "<t:IsEqualTo>" KEY_PATH "<t:FieldURIOrConstant><t:Constant Value=\"");
    str_puts(out, guid_format(key, text));
    ews_xml_lit(out, "\"/></t:FieldURIOrConstant></t:IsEqualTo>");
}

static void restriction(struct str *out, const struct guid *keys, size_t n_keys)
{
    if (!keys) {
        ews_xml_lit(out, "<t:Exists>" KEY_PATH "</t:Exists>");
        return;
    }
    if (n_keys > 1)
        ews_xml_lit(out, "<t:Or>");
    for (size_t i = 0; i < n_keys; i++)
        key_equals(out, &keys[i]);
    if (n_keys > 1)
        ews_xml_lit(out, "</t:Or>");
}

static void page(struct str *out, int max, uint32_t offset)
{
    str_addf(
        out,
        "<m:IndexedPageItemView MaxEntriesReturned=\"%d\" Offset=\"%u\" BasePoint=\"Beginning\"/>",
        max, (unsigned)offset);
}

void ews_encode_find(struct str *out, const struct ews_target *t, const struct ews_search *s)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, FIND_OPEN CREATED KEY_PATH HASH_PATH SHAPE_CLOSE);
    page(out, EWS_FIND_PAGE, s->offset);
    ews_xml_lit(out, "<m:Restriction>");
    restriction(out, s->keys, s->n_keys);
    ews_xml_lit(out, "</m:Restriction>" OLDEST_FIRST "<m:ParentFolderIds>");
    for (size_t i = 0; i < s->n_folders; i++)
        ews_folder_element(out, s->folders[i]);
    if (s->trash)
        ews_xml_lit(out, TRASH);
    if (!s->n_folders && !s->trash)
        ews_folder_element(out, NULL);
    ews_xml_lit(out, "</m:ParentFolderIds></m:FindItem>");
    ews_envelope_close(out);
}

void ews_encode_find_legacy(struct str *out, const struct ews_target *t, uint32_t offset)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, FIND_OPEN CREATED LEGACY_PERSON_INT LEGACY_PERSON_TEXT LEGACY_MARK_TIME
                         LEGACY_MARK_TEXT SHAPE_CLOSE);
    page(out, EWS_FIND_PAGE, offset);
    ews_xml_lit(out, "<m:Restriction><t:Or><t:Exists>" LEGACY_PERSON_INT
                     "</t:Exists><t:Exists>" LEGACY_PERSON_TEXT "</t:Exists></t:Or>"
                     "</m:Restriction>" OLDEST_FIRST "<m:ParentFolderIds>");
    ews_folder_element(out, NULL);
    ews_xml_lit(out, "</m:ParentFolderIds></m:FindItem>");
    ews_envelope_close(out);
}

void ews_encode_find_foreign(struct str *out, const struct ews_target *t, const char *folder_id)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, FIND_OPEN CREATED SHAPE_CLOSE);
    page(out, 1, 0);
    ews_xml_lit(out, "<m:Restriction><t:Not><t:Exists>" KEY_PATH "</t:Exists></t:Not>"
                     "</m:Restriction><m:ParentFolderIds>");
    ews_folder_element(out, folder_id);
    ews_xml_lit(out, "</m:ParentFolderIds></m:FindItem>");
    ews_envelope_close(out);
}

void ews_encode_get_state(struct str *out,
                          const struct ews_target *t,
                          const struct ews_change *changes,
                          size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"
                     "<t:AdditionalProperties>" CATEGORIES HASH_PATH SHAPE_CLOSE "<m:ItemIds>");
    for (size_t i = 0; i < n; i++)
        ews_item_element(out, changes[i].op->item_id, NULL);
    ews_xml_lit(out, "</m:ItemIds></m:GetItem>");
    ews_envelope_close(out);
}

/* ---- folders ---- */

void ews_encode_get_folder(struct str *out, const struct ews_target *t)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></"
                     "m:FolderShape><m:FolderIds>");
    ews_folder_element(out, NULL);
    ews_xml_lit(out, "</m:FolderIds></m:GetFolder>");
    ews_envelope_close(out);
}

static void folder_page(struct str *out)
{
    str_addf(out,
             "<m:IndexedPageFolderView MaxEntriesReturned=\"%d\" Offset=\"0\" "
             "BasePoint=\"Beginning\"/>",
             (int)EWS_FIND_FOLDERS);
}

/* Only plain contacts folders: those of other classes below IPF.Contact are programs' own (people
 * whom Outlook remembers, the address list of a phone), and no user moves anything there. */
void ews_encode_find_folders(struct str *out, const struct ews_target *t)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:FindFolder Traversal=\"Deep\"><m:FolderShape><t:BaseShape>IdOnly"
                     "</t:BaseShape></m:FolderShape>");
    folder_page(out);
    ews_xml_lit(out, "<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI=\"folder:FolderClass\"/>"
                     "<t:FieldURIOrConstant><t:Constant Value=\"IPF.Contact\"/>"
                     "</t:FieldURIOrConstant></t:IsEqualTo></m:Restriction><m:ParentFolderIds>"
                     "<t:DistinguishedFolderId Id=\"msgfolderroot\"/>" TRASH
                     "</m:ParentFolderIds></m:FindFolder>");
    ews_envelope_close(out);
}

void ews_encode_find_folder(struct str *out, const struct ews_target *t, const char *name)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:FindFolder Traversal=\"Shallow\"><m:FolderShape><t:BaseShape>IdOnly"
                     "</t:BaseShape><t:AdditionalProperties>" FOLDER_PATH
                     "</t:AdditionalProperties></m:FolderShape>");
    folder_page(out);
    ews_xml_lit(out, "<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI=\"folder:DisplayName\"/>"
                     "<t:FieldURIOrConstant><t:Constant Value=\"");
    ews_xml_attr(out, name);
    ews_xml_lit(out, "\"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>"
                     "<m:ParentFolderIds>");
    ews_folder_element(out, NULL);
    ews_xml_lit(out, "</m:ParentFolderIds></m:FindFolder>");
    ews_envelope_close(out);
}

void ews_encode_create_folder(struct str *out, const struct ews_target *t, const char *name)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:CreateFolder><m:ParentFolderId>");
    ews_folder_element(out, NULL);
    ews_xml_lit(out, "</m:ParentFolderId><m:Folders><t:ContactsFolder><t:DisplayName>");
    ews_xml_text(out, name);
    ews_xml_lit(out, "</t:DisplayName><t:ExtendedProperty>" FOLDER_PATH
                     "<t:Value>1</t:Value></t:ExtendedProperty></t:ContactsFolder></m:Folders>"
                     "</m:CreateFolder>");
    ews_envelope_close(out);
}
