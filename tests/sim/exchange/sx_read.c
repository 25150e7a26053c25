#include "tests/sim/exchange/sx_read.h"

#include <stdio.h>
#include <string.h>

#include "common/base/tm.h"

#include "tests/sim/exchange/sx_content.h"
#include "tests/sim/exchange/sx_fields.h"

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static bool check_email(const char *text, struct sx_fail *fail)
{
    const char *at = strchr(text, '@');
    if (at && at != text && at[1] && !strpbrk(text, " \t\n<>"))
        return true;
    return sx_refuse(fail, "ErrorInvalidContactEmailAddress", "The e-mail address is not valid.");
}

static bool check_date(const char *text, struct sx_fail *fail)
{
    int64_t ms;
    if (!tm_parse_utc(text, &ms))
        return sx_refuse(fail, "ErrorSchemaValidation", "Not an xs:dateTime with a zone.");
    if (ms < tm_days_from_civil(1601, 1, 1) * 86400000) /* FILETIME starts there */
        return sx_refuse(fail, "ErrorItemSavePropertyError", "The date is before 1601.");
    return true;
}

bool sx_check_value(uint32_t code, const char *text, struct sx_fail *fail)
{
    const struct sx_field *f = sx_field_at(SX_CODE_FIELD(code));
    if (f->max_chars && characters(text) > f->max_chars)
        return sx_refuse(fail, "ErrorItemSavePropertyError", "%s is longer than %u characters.",
                         f->name, f->max_chars);
    if (f->kind == SX_EMAILS && SX_CODE_SUB(code) == 0)
        return check_email(text, fail);
    if (f->kind == SX_DATE)
        return check_date(text, fail);
    if (strcmp(f->name, "ItemClass") == 0 && strncmp(text, "IPM.Contact", 11) != 0)
        return sx_refuse(fail, "ErrorObjectTypeChanged", "The item class does not fit a contact.");
    return true;
}

static bool store(struct sx_content *c, uint32_t code, const char *text, struct sx_fail *fail)
{
    if (!sx_check_value(code, text, fail))
        return false;
    sx_content_set(c, code, text);
    return true;
}

static bool
read_list(int field, const xmlNode *n, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    int i = 0;
    sx_content_clear_field(c, field);
    for (const xmlNode *s = sx_first(n); s; s = sx_next(s)) {
        if (i >= SX_MAX_LIST)
            return sx_refuse(fail, "ErrorItemSavePropertyError", "Too many entries.");
        if (!store(c, SX_CODE(field, i++, 0), sx_text(s, a), fail))
            return false;
    }
    return true;
}

static bool read_address(int field,
                         int key,
                         const xmlNode *entry,
                         struct arena *a,
                         struct sx_content *c,
                         struct sx_fail *fail)
{
    for (const xmlNode *part = sx_first(entry); part; part = sx_next(part)) {
        int sub = sx_address_part((const char *)part->name);
        if (sub < 0)
            return sx_refuse(fail, "ErrorSchemaValidation", "Unknown part of an address.");
        if (!store(c, SX_CODE(field, key, sub), sx_text(part, a), fail))
            return false;
    }
    return true;
}

static bool read_email(int field,
                       int key,
                       const xmlNode *entry,
                       struct arena *a,
                       struct sx_content *c,
                       struct sx_fail *fail)
{
    for (int sub = 0; sub < 4; sub++)
        sx_content_set(c, SX_CODE(field, key, sub), NULL);
    for (int sub = 1; sx_email_attribute(sub); sub++) {
        const char *value = sx_attr(entry, sx_email_attribute(sub));
        if (value)
            sx_content_set(c, SX_CODE(field, key, sub), value);
    }
    return store(c, SX_CODE(field, key, 0), sx_text(entry, a), fail);
}

static bool read_entry(
    int field, const xmlNode *entry, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    enum sx_kind kind = sx_field_at(field)->kind;
    const char *name = sx_attr(entry, "Key");
    int key = sx_field_key(field, name);
    if (key < 0 && kind == SX_EMAILS)
        return sx_refuse(fail, "ErrorInvalidContactEmailIndex", "The e-mail index is not valid.");
    if (key < 0)
        return sx_refuse(fail, "ErrorInvalidPropertySet", "This key is not supported.");
    if (kind == SX_ADDRESSES)
        return read_address(field, key, entry, a, c, fail);
    if (kind == SX_EMAILS)
        return read_email(field, key, entry, a, c, fail);
    return store(c, SX_CODE(field, key, 0), sx_text(entry, a), fail);
}

static bool read_dictionary(
    int field, const xmlNode *n, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    for (const xmlNode *e = sx_first(n); e; e = sx_next(e)) {
        /* a new contact simply does not get an empty number; in a Set it is an error (read_indexed)
         */
        if (sx_field_at(field)->kind == SX_PHONES && !*sx_text(e, a))
            continue;
        if (!read_entry(field, e, a, c, fail))
            return false;
    }
    return true;
}

static bool
read_extended(const xmlNode *n, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    struct sx_path path;
    if (!sx_path_read(sx_child(n, "ExtendedFieldURI"), a, &path, fail))
        return false;
    const char *value = sx_extended_value(n, &path, a, fail);
    if (!value)
        return false;
    sx_content_set_extended(c, path.extended, value);
    return true;
}

static bool
read_body(int field, const xmlNode *n, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    const char *type = sx_attr(n, "BodyType");
    sx_content_set(c, SX_CODE(field, 0, 1), type ? type : "Text");
    return store(c, SX_CODE(field, 0, 0), sx_text(n, a), fail);
}

/* One child of t:Contact. */
static bool
read_property(const xmlNode *n, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    int field = sx_field_by_name((const char *)n->name);
    if (field == SX_NO_FIELD)
        return sx_refuse(fail, "ErrorSchemaValidation", "Unknown element %.60s.",
                         (const char *)n->name);
    switch (sx_field_at(field)->kind) {
    case SX_COMPUTED:
        return sx_refuse(fail, "ErrorInvalidPropertySet", "Set action is invalid for property %s.",
                         sx_field_at(field)->uri);
    case SX_DIRECTORY:
        return sx_refuse(fail, "ErrorInvalidPropertyRequest", "%s is one of directory contacts.",
                         sx_field_at(field)->uri);
    case SX_EXTENDED:
        return read_extended(n, a, c, fail);
    case SX_LIST:
        return read_list(field, n, a, c, fail);
    case SX_EMAILS:
    case SX_ADDRESSES:
    case SX_PHONES:
    case SX_IMS:
        return read_dictionary(field, n, a, c, fail);
    case SX_BODY:
        return read_body(field, n, a, c, fail);
    default:
        return store(c, SX_CODE(field, 0, 0), sx_text(n, a), fail);
    }
}

/* Names the property in MessageXml, as far as a FieldURI can. */
static void blame_element(const xmlNode *n, struct sx_fail *fail)
{
    int field = sx_field_by_name((const char *)n->name);
    if (field == SX_NO_FIELD || fail->xml[0] || sx_field_at(field)->kind == SX_EXTENDED)
        return;
    snprintf(fail->xml, sizeof(fail->xml), "<t:FieldURI FieldURI=\"%s\"/>",
             sx_field_at(field)->uri);
}

bool sx_read_contact(const xmlNode *contact,
                     struct arena *a,
                     struct sx_content *c,
                     struct sx_fail *fail)
{
    if (!sx_is(contact, SX_NS_T, "Contact"))
        return sx_refuse(fail, "ErrorInvalidItemForOperationCreateItem",
                         "Only contacts are simulated.");
    for (const xmlNode *n = sx_first(contact); n; n = sx_next(n)) {
        if (!read_property(n, a, c, fail)) {
            blame_element(n, fail);
            return false;
        }
    }
    if (!sx_content_get(c, SX_CODE(sx_field_by_name("FileAs"), 0, 0)))
        sx_build_file_as(c);
    return true;
}

/* --- UpdateItem --- */

static bool mismatch(struct sx_fail *fail, const struct sx_path *p)
{
    sx_refuse(fail, "ErrorUpdatePropertyMismatch",
              "The property in the path and in the item differ.");
    sx_path_blame(fail, p);
    return false;
}

static bool wrong_count(struct sx_fail *fail, const struct sx_path *p)
{
    sx_refuse(fail, "ErrorIncorrectUpdatePropertyCount",
              "An update sets exactly one property per SetItemField.");
    sx_path_blame(fail, p);
    return false;
}

/* Set of one dictionary entry, or of one part of an address. */
static bool read_indexed(const struct sx_path *p,
                         const xmlNode *dict,
                         struct arena *a,
                         struct sx_content *c,
                         struct sx_fail *fail)
{
    const struct sx_field *f = sx_field_at(p->field);
    const xmlNode *entry = sx_first(dict);
    if (sx_children(dict) != 1)
        return wrong_count(fail, p);
    const char *key = sx_attr(entry, "Key");
    if (!key || sx_field_key(p->field, key) != SX_CODE_KEY(p->code))
        return mismatch(fail, p);
    if (f->kind == SX_ADDRESSES) {
        if (sx_children(entry) != 1)
            return wrong_count(fail, p);
        if (sx_address_part((const char *)sx_first(entry)->name) != SX_CODE_SUB(p->code))
            return mismatch(fail, p);
    } else if (!*sx_text(entry, a)) {
        sx_refuse(fail, "ErrorInvalidPropertySet",
                  "An empty entry cannot be set: delete the field.");
        sx_path_blame(fail, p);
        return false;
    }
    return read_entry(p->field, entry, a, c, fail);
}

static bool same_extended(const struct sx_path *p,
                          const xmlNode *property,
                          struct arena *a,
                          struct sx_fail *fail)
{
    struct sx_path inner;
    if (!sx_path_read(sx_child(property, "ExtendedFieldURI"), a, &inner, fail))
        return false;
    return strcmp(inner.extended, p->extended) == 0 || mismatch(fail, p);
}

static bool
set_field(const struct sx_path *p, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    const xmlNode *item = sx_next(p->node), *property = sx_first(item);
    if (!sx_is(item, SX_NS_T, "Contact") && !sx_is(item, SX_NS_T, "Item"))
        return mismatch(fail, p);
    if (sx_children(item) != 1)
        return wrong_count(fail, p);
    if (!sx_path_writable(p, fail))
        return false;
    if (p->kind == SX_PATH_EXTENDED) {
        if (!sx_is(property, SX_NS_T, "ExtendedProperty"))
            return mismatch(fail, p);
        return same_extended(p, property, a, fail) && read_extended(property, a, c, fail);
    }
    if (sx_field_by_name((const char *)property->name) != p->field)
        return mismatch(fail, p);
    if (p->kind == SX_PATH_INDEXED)
        return read_indexed(p, property, a, c, fail);
    return read_property(property, a, c, fail);
}

static bool delete_field(const struct sx_path *p, struct sx_content *c, struct sx_fail *fail)
{
    struct sx_fail unused;
    if (p->kind == SX_PATH_EXTENDED) {
        sx_content_set_extended(c, p->extended, NULL);
        return true;
    }
    if (!sx_path_writable(p, &unused) || (p->uri && strcmp(p->uri, "item:ItemClass") == 0)) {
        sx_refuse(fail, "ErrorInvalidPropertyDelete", "Delete action is invalid for property.");
        sx_path_blame(fail, p);
        return false;
    }
    if (p->kind == SX_PATH_FIELD)
        sx_content_clear_field(c, p->field);
    else
        sx_content_set(c, p->code, NULL);
    if (p->kind == SX_PATH_INDEXED && sx_field_at(p->field)->kind == SX_EMAILS) {
        for (int sub = 1; sub < 4; sub++)
            sx_content_set(c, SX_CODE(p->field, SX_CODE_KEY(p->code), sub), NULL);
    }
    return true;
}

/* Only Body can grow (recipient lists could too, contacts have none). */
static bool
append_field(const struct sx_path *p, struct arena *a, struct sx_content *c, struct sx_fail *fail)
{
    const xmlNode *property = sx_first(sx_next(p->node));
    uint32_t body = SX_CODE(sx_field_by_name("Body"), 0, 0);
    if (!p->uri || strcmp(p->uri, "item:Body") != 0) {
        sx_refuse(fail, "ErrorInvalidPropertyAppend", "Append action is invalid for property.");
        sx_path_blame(fail, p);
        return false;
    }
    if (!sx_is(property, SX_NS_T, "Body"))
        return mismatch(fail, p);
    const char *old = sx_content_get(c, body);
    return store(c, body, arena_printf(a, "%s%s", old ? old : "", sx_text(property, a)), fail);
}

/* A long value in an update is ErrorPropertyUpdate where a create says ErrorItemSavePropertyError.
 */
static bool refused(const struct sx_path *p, struct sx_fail *fail)
{
    if (strcmp(fail->code, "ErrorItemSavePropertyError") == 0)
        fail->code = "ErrorPropertyUpdate";
    if (!fail->xml[0])
        sx_path_blame(fail, p);
    return false;
}

bool sx_read_updates(const xmlNode *updates,
                     struct arena *a,
                     struct sx_content *c,
                     struct sx_fail *fail)
{
    uint32_t mapping = SX_CODE(sx_field_by_name("FileAsMapping"), 0, 0);
    int file_as = sx_field_by_name("FileAs");
    bool explicit_file_as = false;
    for (const xmlNode *u = sx_first(updates); u; u = sx_next(u)) {
        struct sx_path p;
        if (!sx_path_read(sx_first(u), a, &p, fail))
            return false;
        bool ok = sx_is(u, SX_NS_T, "SetItemField")      ? set_field(&p, a, c, fail)
                  : sx_is(u, SX_NS_T, "DeleteItemField") ? delete_field(&p, c, fail)
                                                         : append_field(&p, a, c, fail);
        if (!ok)
            return refused(&p, fail);
        explicit_file_as |= p.kind == SX_PATH_FIELD && p.field == file_as;
    }
    if (explicit_file_as)
        sx_content_set(c, mapping, NULL);
    else
        sx_build_file_as(c);
    return true;
}

/* --- FileAs --- */

static const char *part(const struct sx_content *c, const char *name)
{
    const char *text = sx_content_get(c, SX_CODE(sx_field_by_name(name), 0, 0));
    return text ? text : "";
}

void sx_build_file_as(struct sx_content *c)
{
    /* L last, F first, M middle, S suffix, C company, D display name; other characters stand
     * between present parts */
    static const struct {
        const char *mapping, *pattern;
    } rules[] = {
        {"LastCommaFirst", "L, F"},
        {"FirstSpaceLast", "F L"},
        {"Company", "C"},
        {"LastCommaFirstCompany", "L, F\nC"},
        {"CompanyLastFirst", "C\nLF"},
        {"LastFirst", "LF"},
        {"LastFirstCompany", "LF\nC"},
        {"CompanyLastCommaFirst", "C\nL, F"},
        {"LastFirstSuffix", "LF S"},
        {"LastSpaceFirstCompany", "L F\nC"},
        {"CompanyLastSpaceFirst", "C\nL F"},
        {"LastSpaceFirst", "L F"},
        {"DisplayName", "D"},
        {"FirstName", "F"},
        {"LastFirstMiddleSuffix", "LF M S"},
        {"LastName", "L"},
    };
    const char *mapping = part(c, "FileAsMapping"), *pattern = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (strcmp(rules[i].mapping, mapping) == 0)
            pattern = rules[i].pattern;
    }
    if (!pattern)
        return;
    autovalue(str_release) struct str text = STR_INIT(4096), between = STR_INIT(16);
    for (; *pattern; pattern++) {
        static const char letters[] = "LFMSCD";
        static const char *const names[] = {"Surname",    "GivenName",   "MiddleName",
                                            "Generation", "CompanyName", "DisplayName"};
        const char *letter = strchr(letters, *pattern);
        if (!letter) {
            str_putc(&between, *pattern);
            continue;
        }
        const char *value = part(c, names[letter - letters]);
        if (*value && text.n)
            str_add(&text, between.p, between.n);
        str_puts(&text, value);
        str_clear(&between);
    }
    sx_content_set(c, SX_CODE(sx_field_by_name("FileAs"), 0, 0), text.n ? text.p : NULL);
}
