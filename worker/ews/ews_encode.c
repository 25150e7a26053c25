#include "worker/ews/ews_encode.h"

#include <string.h>

#include "worker/ews/ews_encode_p.h"
#include "worker/ews/ews_fields.h"
#include "worker/ews/ews_xml.h"

#define KEY_OPEN        "<t:ExtendedProperty>" KEY_PATH "<t:Value>"
#define HASH_OPEN       "<t:ExtendedProperty>" HASH_PATH "<t:Value>"
#define VALUE_CLOSE     "</t:Value></t:ExtendedProperty>"
#define SET_OPEN        "<t:SetItemField>"
#define SET_CLOSE       "</t:Contact></t:SetItemField>"
#define FIELD_OFF(path) "<t:DeleteItemField>" path "</t:DeleteItemField>"

/*
 * What an e-mail entry leaves behind in the Address property set when it is deleted: display name,
 * type, address, original display name of the first address.
 * @source  reference/ews.md section 7
 */
static const unsigned email_remains[] = {32896, 32898, 32899, 32900};

void ews_envelope_open(struct str *out, const struct ews_target *t)
{
    ews_xml_lit(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                     "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
                     "xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" "
                     "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"
                     "<s:Header><t:RequestServerVersion Version=\"");
    ews_xml_attr(out, t->version);
    ews_xml_lit(out, "\"/><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>");
    ews_xml_text(out, t->address);
    ews_xml_lit(
        out,
        "</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>");
}

void ews_envelope_close(struct str *out)
{
    ews_xml_lit(out, "</s:Body></s:Envelope>\n");
}

void ews_folder_element(struct str *out, const char *folder_id)
{
    if (!folder_id) {
        ews_xml_lit(out, "<t:DistinguishedFolderId Id=\"contacts\"/>");
        return;
    }
    ews_xml_lit(out, "<t:FolderId Id=\"");
    ews_xml_attr(out, folder_id);
    ews_xml_lit(out, "\"/>");
}

void ews_item_element(struct str *out, const char *id, const char *change_key)
{
    ews_xml_lit(out, "<t:ItemId Id=\"");
    ews_xml_attr(out, id);
    if (change_key) {
        ews_xml_lit(out, "\" ChangeKey=\"");
        ews_xml_attr(out, change_key);
    }
    ews_xml_lit(out, "\"/>");
}

static void element_open(struct str *out, const char *name)
{
    ews_xml_lit(out, "<t:");
    str_puts(out, name);
    str_putc(out, '>');
}

static void element_close(struct str *out, const char *name)
{
    ews_xml_lit(out, "</t:");
    str_puts(out, name);
    str_putc(out, '>');
}

static void entry_open(struct str *out, const char *key)
{
    ews_xml_lit(out, "<t:Entry Key=\"");
    str_puts(out, key);
    ews_xml_lit(out, "\">");
}

static void key_property(struct str *out, const struct guid *key)
{
    char text[GUID_TEXT];
    ews_xml_lit(out, KEY_OPEN);
    str_puts(out, guid_format(key, text));
    ews_xml_lit(out, VALUE_CLOSE);
}

static void hash_property(struct str *out, const char *hash)
{
    ews_xml_lit(out, HASH_OPEN);
    ews_xml_text(out, hash);
    ews_xml_lit(out, VALUE_CLOSE);
}

static void tag_path(struct str *out, const char *tag)
{
    ews_xml_lit(out, "<t:ExtendedFieldURI PropertyTag=\"");
    str_puts(out, tag);
    ews_xml_lit(out, "\" PropertyType=\"String\"/>");
}

static void category(struct str *out, const char *name, size_t n)
{
    ews_xml_lit(out, "<t:String>");
    ews_xml_text_n(out, name, n);
    ews_xml_lit(out, "</t:String>");
}

/* LF-joined; nothing at all when there is none. */
static void categories_of_list(struct str *out, const char *list)
{
    bool open = false;
    while (list && *list) {
        size_t n = strcspn(list, "\n");
        if (n > 0) {
            str_puts(out, open ? "" : "<t:Categories>");
            category(out, list, n);
            open = true;
        }
        list += n + (list[n] == '\n');
    }
    str_puts(out, open ? "</t:Categories>" : "");
}

/* The value alone, inside whatever encloses it. */
static void field_value(struct str *out, const struct ews_field *f, const char *value)
{
    switch (f->kind) {
    case EWS_TAG:
        ews_xml_lit(out, "<t:ExtendedProperty>");
        tag_path(out, f->element);
        ews_xml_lit(out, "<t:Value>");
        ews_xml_text(out, value);
        ews_xml_lit(out, VALUE_CLOSE);
        break;
    case EWS_ENTRY:
        entry_open(out, f->key);
        ews_xml_text(out, value);
        ews_xml_lit(out, "</t:Entry>");
        break;
    case EWS_PLAIN:
    case EWS_DATE:
    case EWS_ADDRESS:
        element_open(out, f->element);
        ews_xml_text(out, value);
        if (f->kind == EWS_DATE)
            ews_xml_lit(out, EWS_DATE_SUFFIX);
        element_close(out, f->element);
        break;
    }
}

struct nesting { /* which enclosing elements of a dictionary are open */
    const char *dictionary, *address;
};

/* Closes and opens what lies between the field before and f; f NULL closes all. */
static void nest(struct str *out, struct nesting *open, const struct ews_field *f)
{
    const char *dictionary = f ? f->dictionary : NULL;
    const char *address = f && f->kind == EWS_ADDRESS ? f->key : NULL;
    if (open->address && open->address != address)
        ews_xml_lit(out, "</t:Entry>");
    if (open->dictionary != dictionary) {
        if (open->dictionary)
            element_close(out, open->dictionary);
        if (dictionary)
            element_open(out, dictionary);
    }
    if (address && open->address != address)
        entry_open(out, address);
    *open = (struct nesting){dictionary, address};
}

static void contact(struct str *out, const struct contact *c)
{
    struct nesting open = {NULL, NULL};
    for (size_t i = 0; i < ews_field_count; i++) {
        const struct ews_field *f = &ews_fields[i];
        if (c->f[f->field]) {
            nest(out, &open, f);
            field_value(out, f, c->f[f->field]);
        }
    }
    nest(out, &open, NULL);
}

void ews_encode_create(struct str *out,
                       const struct ews_target *t,
                       const struct store_op *ops,
                       size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:CreateItem><m:SavedItemFolderId>");
    ews_folder_element(out, t->folder_id);
    ews_xml_lit(out, "</m:SavedItemFolderId><m:Items>");
    for (size_t i = 0; i < n; i++) {
        ews_xml_lit(out, "<t:Contact>");
        categories_of_list(out, ops[i].cats_after);
        key_property(out, &ops[i].key);
        if (ops[i].hash)
            hash_property(out, ops[i].hash);
        contact(out, ops[i].after);
        ews_xml_lit(out, "</t:Contact>");
    }
    ews_xml_lit(out, "</m:Items></m:CreateItem>");
    ews_envelope_close(out);
}

/* The path of a field, as Set and Delete name it. */
static void field_path(struct str *out, const struct ews_field *f)
{
    if (f->kind == EWS_TAG) {
        tag_path(out, f->element);
        return;
    }
    str_puts(out, f->key ? "<t:IndexedFieldURI FieldURI=\"" : "<t:FieldURI FieldURI=\"");
    str_puts(out, f->uri);
    if (f->key) {
        ews_xml_lit(out, "\" FieldIndex=\"");
        str_puts(out, f->key);
    }
    ews_xml_lit(out, "\"/>");
}

static void field_delete(struct str *out, const struct ews_field *f)
{
    ews_xml_lit(out, "<t:DeleteItemField>");
    field_path(out, f);
    ews_xml_lit(out, "</t:DeleteItemField>");
    for (size_t i = 0; f->field == CONTACT_EMAIL && i < ARRAY_LEN(email_remains); i++) {
        str_addf(out,
                 "<t:DeleteItemField><t:ExtendedFieldURI DistinguishedPropertySetId=\"Address\" "
                 "PropertyId=\"%u\" "
                 "PropertyType=\"String\"/></t:DeleteItemField>",
                 email_remains[i]);
    }
}

/* One property per SetItemField: two are refused by the server, though not by the schema. */
static void field_set(struct str *out, const struct ews_field *f, const char *value)
{
    struct nesting open = {NULL, NULL};
    ews_xml_lit(out, SET_OPEN);
    field_path(out, f);
    ews_xml_lit(out, "<t:Contact>");
    nest(out, &open, f);
    field_value(out, f, value);
    nest(out, &open, NULL);
    ews_xml_lit(out, SET_CLOSE);
}

static void our_properties(struct str *out, const struct store_op *op)
{
    ews_xml_lit(out, SET_OPEN KEY_PATH "<t:Contact>");
    key_property(out, &op->key);
    ews_xml_lit(out, SET_CLOSE);
    if (op->hash) {
        ews_xml_lit(out, SET_OPEN HASH_PATH "<t:Contact>");
        hash_property(out, op->hash);
        ews_xml_lit(out, SET_CLOSE);
    }
}

static void change_categories(struct str *out, struct ews_names names)
{
    if (names.n == 0) {
        ews_xml_lit(out, "<t:DeleteItemField>" CATEGORIES "</t:DeleteItemField>");
        return;
    }
    ews_xml_lit(out, SET_OPEN CATEGORIES "<t:Contact><t:Categories>");
    for (size_t i = 0; i < names.n; i++)
        category(out, names.v[i], strlen(names.v[i]));
    ews_xml_lit(out, "</t:Categories>" SET_CLOSE);
}

static void change(struct str *out, const struct ews_change *c)
{
    ews_xml_lit(out, "<t:ItemChange>");
    ews_item_element(out, c->op->item_id, c->change_key);
    ews_xml_lit(out, "<t:Updates>");
    our_properties(out, c->op);
    if (c->set_categories)
        change_categories(out, c->categories);
    if (c->op->inherits)
        ews_xml_lit(out, FIELD_OFF(LEGACY_PERSON_INT) FIELD_OFF(LEGACY_PERSON_TEXT)
                             FIELD_OFF(LEGACY_MARK_TIME) FIELD_OFF(LEGACY_MARK_TEXT));
    for (size_t i = 0; i < ews_field_count; i++) {
        const struct ews_field *f = &ews_fields[i];
        if (!(c->op->changed >> f->field & 1))
            continue;
        if (c->op->after->f[f->field])
            field_set(out, f, c->op->after->f[f->field]);
        else
            field_delete(out, f);
    }
    ews_xml_lit(out, "</t:Updates></t:ItemChange>");
}

#define UPDATE_OPEN  "<m:UpdateItem ConflictResolution=\"NeverOverwrite\"><m:ItemChanges>"
#define STRIP_OPEN   "<m:UpdateItem ConflictResolution=\"AlwaysOverwrite\"><m:ItemChanges>"
#define UPDATE_CLOSE "</m:ItemChanges></m:UpdateItem>"

void ews_encode_update(struct str *out,
                       const struct ews_target *t,
                       const struct ews_change *changes,
                       size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, UPDATE_OPEN);
    for (size_t i = 0; i < n; i++)
        change(out, &changes[i]);
    ews_xml_lit(out, UPDATE_CLOSE);
    ews_envelope_close(out);
}

void ews_encode_strip(struct str *out,
                      const struct ews_target *t,
                      const struct store_op *ops,
                      size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, STRIP_OPEN);
    for (size_t i = 0; i < n; i++) {
        ews_xml_lit(out, "<t:ItemChange>");
        ews_item_element(out, ops[i].item_id, NULL);
        ews_xml_lit(out, "<t:Updates><t:DeleteItemField>" KEY_PATH
                         "</t:DeleteItemField><t:DeleteItemField>" HASH_PATH
                         "</t:DeleteItemField></t:Updates></t:ItemChange>");
    }
    ews_xml_lit(out, UPDATE_CLOSE);
    ews_envelope_close(out);
}

/* Without ChangeKey: a delete is meant whatever the item holds by now. */
void ews_encode_delete(struct str *out,
                       const struct ews_target *t,
                       const char *delete_type,
                       const struct store_op *ops,
                       size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:DeleteItem DeleteType=\"");
    ews_xml_attr(out, delete_type);
    ews_xml_lit(out, "\"><m:ItemIds>");
    for (size_t i = 0; i < n; i++)
        ews_item_element(out, ops[i].item_id, NULL);
    ews_xml_lit(out, "</m:ItemIds></m:DeleteItem>");
    ews_envelope_close(out);
}
