#include "tests/sim/exchange/sx_path.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/guid.h"
#include "common/base/text.h"
#include "common/base/tm.h"

#include "tests/sim/exchange/sx_content.h"
#include "tests/sim/exchange/sx_fields.h"

enum { EXTENDED_MAX_BYTES = 32768 };

bool sx_is_path(const xmlNode *n)
{
    return sx_is(n, SX_NS_T, "FieldURI") || sx_is(n, SX_NS_T, "IndexedFieldURI") ||
           sx_is(n, SX_NS_T, "ExtendedFieldURI");
}

/* DistinguishedPropertySetId and PropertySetId name the same sets. @source MS-OXPROPS section 1.3.2
 */
static const char *set_guid(const char *distinguished)
{
    static const struct {
        const char *name, *guid;
    } sets[] = {
        {"Address", "00062004-0000-0000-c000-000000000046"},
        {"Appointment", "00062002-0000-0000-c000-000000000046"},
        {"CalendarAssistant", "11000e07-b51b-40d6-af21-caa85edab1d0"},
        {"Common", "00062008-0000-0000-c000-000000000046"},
        {"InternetHeaders", "00020386-0000-0000-c000-000000000046"},
        {"Meeting", "6ed8da90-450b-101b-98da-00aa003f1305"},
        {"PublicStrings", "00020329-0000-0000-c000-000000000046"},
        {"Sharing", "00062040-0000-0000-c000-000000000046"},
        {"Task", "00062003-0000-0000-c000-000000000046"},
        {"UnifiedMessaging", "4442858e-a9e3-4e80-b900-317a210cc15b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        if (strcmp(sets[i].name, distinguished) == 0)
            return sets[i].guid;
    }
    return NULL;
}

static bool number(const char *s, long min, long max, long *ret)
{
    char *end;
    errno = 0;
    long v = strtol(s, &end, strncasecmp(s, "0x", 2) == 0 ? 16 : 10);
    if (end == s || *end || errno || v < min || v > max)
        return false;
    *ret = v;
    return true;
}

static bool read_tag(struct sx_path *p, const char *tag, struct arena *a, struct sx_fail *fail)
{
    long v;
    if (!number(tag, 1, 0xffff, &v))
        return sx_refuse(fail, "ErrorInvalidExtendedProperty",
                         "PropertyTag is not a 16-bit number.");
    if (v >= 0x8000 && v <= 0xfffe)
        return sx_refuse(fail, "ErrorNoPropertyTagForCustomProperties",
                         "A property of the custom range is addressed by set and name or id.");
    p->extended = arena_printf(a, "tag/0x%lx/%s", (unsigned long)v, p->type);
    return true;
}

static bool read_named(struct sx_path *p, struct arena *a, struct sx_fail *fail)
{
    const xmlNode *n = p->node;
    const char *set = sx_attr(n, "PropertySetId"), *name = sx_attr(n, "PropertyName"),
               *id = sx_attr(n, "PropertyId");
    const char *distinguished = sx_attr(n, "DistinguishedPropertySetId");
    struct guid guid;
    char text[GUID_TEXT];
    long v = 0;
    if (!set == !distinguished || !name == !id)
        return sx_refuse(fail, "ErrorInvalidExtendedProperty",
                         "An extended property is one set, one name or id, and a type.");
    if (distinguished)
        set = set_guid(distinguished);
    if (!set || !guid_parse(set, &guid) || (name && !*name) ||
        (id && !number(id, 0, 0x7fffffff, &v)))
        return sx_refuse(fail, "ErrorInvalidExtendedProperty", "Set, name or id is not valid.");
    guid_format(&guid, text);
    p->extended = name ? arena_printf(a, "%s/%s/%s", text, name, p->type)
                       : arena_printf(a, "%s/#%ld/%s", text, v, p->type);
    return true;
}

static bool read_extended(struct sx_path *p, struct arena *a, struct sx_fail *fail)
{
    const xmlNode *n = p->node;
    const char *tag = sx_attr(n, "PropertyTag");
    p->kind = SX_PATH_EXTENDED;
    p->type = sx_attr(n, "PropertyType");
    if (!p->type)
        return sx_refuse(fail, "ErrorInvalidExtendedProperty", "PropertyType is missing.");
    if (sx_one_of("Object|ObjectArray|Null|Error", p->type))
        return sx_refuse(fail, "ErrorUnsupportedMapiPropertyType",
                         "This property type is not supported.");
    if (!tag)
        return read_named(p, a, fail);
    if (sx_attr(n, "PropertySetId") || sx_attr(n, "DistinguishedPropertySetId") ||
        sx_attr(n, "PropertyName") || sx_attr(n, "PropertyId"))
        return sx_refuse(fail, "ErrorInvalidExtendedProperty",
                         "PropertyTag goes with PropertyType alone.");
    return read_tag(p, tag, a, fail);
}

bool sx_path_read(const xmlNode *n, struct arena *a, struct sx_path *ret, struct sx_fail *fail)
{
    *ret = (struct sx_path){.kind = SX_PATH_OTHER, .node = n, .field = SX_NO_FIELD};
    if (sx_is(n, SX_NS_T, "ExtendedFieldURI"))
        return read_extended(ret, a, fail);
    ret->uri = sx_attr(n, "FieldURI");
    if (!ret->uri)
        return sx_refuse(fail, "ErrorInvalidPropertyRequest", "A path without FieldURI.");
    if (sx_is(n, SX_NS_T, "IndexedFieldURI")) {
        const char *index = sx_attr(n, "FieldIndex");
        if (index && sx_field_indexed(ret->uri, index, &ret->code)) {
            ret->kind = SX_PATH_INDEXED;
            ret->field = SX_CODE_FIELD(ret->code);
        } else if (strncmp(ret->uri, "contacts:", 9) == 0) {
            sx_refuse(fail, "ErrorInvalidPropertyRequest",
                      "The index is not valid for the property.");
            sx_path_blame(fail, ret);
            return false;
        }
        return true;
    }
    ret->field = sx_field_by_uri(ret->uri);
    if (ret->field != SX_NO_FIELD)
        ret->kind = SX_PATH_FIELD;
    else if (strncmp(ret->uri, "folder:", 7) == 0)
        ret->kind = SX_PATH_FOLDER;
    return true;
}

void sx_path_write(struct str *out, const struct sx_path *p)
{
    str_puts(out, "<t:");
    str_puts(out, (const char *)p->node->name);
    for (const xmlAttr *at = p->node->properties; at; at = at->next) {
        str_putc(out, ' ');
        str_puts(out, (const char *)at->name);
        str_puts(out, "=\"");
        sx_escape(out,
                  at->children && at->children->content ? (const char *)at->children->content : "");
        str_putc(out, '"');
    }
    str_puts(out, "/>");
}

void sx_path_blame(struct sx_fail *fail, const struct sx_path *p)
{
    autovalue(str_release) struct str xml = STR_INIT(sizeof(fail->xml) - 1);
    sx_path_write(&xml, p);
    if (!xml.over)
        memcpy(fail->xml, xml.p, xml.n + 1);
}

bool sx_path_writable(const struct sx_path *p, struct sx_fail *fail)
{
    enum sx_kind kind = p->kind == SX_PATH_FIELD ? sx_field_at(p->field)->kind : SX_COMPUTED;
    if (p->kind == SX_PATH_EXTENDED || p->kind == SX_PATH_INDEXED)
        return true;
    switch (kind) {
    case SX_DIRECTORY:
        sx_refuse(fail, "ErrorInvalidPropertyRequest",
                  "The property is one of directory contacts.");
        break;
    case SX_COMPUTED:
    case SX_EMAILS: /* dictionaries are set entry by entry */
    case SX_ADDRESSES:
    case SX_PHONES:
    case SX_IMS:
        sx_refuse(fail, "ErrorInvalidPropertySet", "Set action is invalid for property.");
        break;
    default:
        return true;
    }
    sx_path_blame(fail, p);
    return false;
}

static bool real(const char *s)
{
    char *end;
    strtod(s, &end);
    return end != s && !*end;
}

static bool base64ish(const char *s)
{
    for (; *s; s++) {
        if (!isalnum((unsigned char)*s) && !strchr("+/=\n\r\t ", *s))
            return false;
    }
    return true;
}

/* One value of a scalar type. @source PropertyType (MAPI types) in the web service reference */
static bool fits(const char *type, size_t n_type, const char *s)
{
    autofree char *t = xstrndup(type, n_type);
    struct guid g;
    int64_t ms;
    long v;
    if (strcmp(t, "Boolean") == 0)
        return sx_one_of("true|false|1|0", s);
    if (strcmp(t, "Short") == 0)
        return number(s, -32768, 32767, &v);
    if (strcmp(t, "Integer") == 0)
        return number(s, INT32_MIN, INT32_MAX, &v);
    if (strcmp(t, "Long") == 0 || strcmp(t, "Currency") == 0)
        return number(s, INT64_MIN, INT64_MAX, &v);
    if (strcmp(t, "Double") == 0 || strcmp(t, "Float") == 0 || strcmp(t, "ApplicationTime") == 0)
        return real(s);
    if (strcmp(t, "SystemTime") == 0)
        return tm_parse_utc(s, &ms);
    if (strcmp(t, "CLSID") == 0)
        return guid_parse(s, &g);
    return strcmp(t, "Binary") != 0 || base64ish(s);
}

static bool is_array(const char *type, size_t *ret_base)
{
    size_t n = strlen(type);
    bool array = n > 5 && strcmp(type + n - 5, "Array") == 0;
    *ret_base = array ? n - 5 : n;
    return array;
}

const char *sx_extended_value(const xmlNode *property,
                              const struct sx_path *p,
                              struct arena *a,
                              struct sx_fail *fail)
{
    size_t n_base;
    bool array = is_array(p->type, &n_base);
    const xmlNode *value = sx_child(property, array ? "Values" : "Value");
    autovalue(str_release) struct str joined = STR_INIT(EXTENDED_MAX_BYTES);
    bool ok = value != NULL;
    const xmlNode *one = array ? sx_first(value) : value;
    for (bool first = true; ok && one; one = array ? sx_next(one) : NULL, first = false) {
        const char *text = sx_text(one, a);
        ok = fits(p->type, n_base, text);
        if (!first)
            str_puts(&joined, SX_ARRAY_SEPARATOR);
        str_puts(&joined, text);
    }
    if (ok && !joined.over)
        return arena_strdup(a, joined.p);
    if (joined.over)
        sx_refuse(fail, "ErrorDataSizeLimitExceeded", "An extended property holds at most 32 KB.");
    else
        sx_refuse(fail, "ErrorInvalidExtendedPropertyValue",
                  "The value does not fit the property type.");
    sx_path_blame(fail, p);
    return NULL;
}

void sx_extended_write(struct str *out, const struct sx_path *p, const char *text)
{
    size_t n_base;
    str_puts(out, "<t:ExtendedProperty>");
    sx_path_write(out, p);
    if (!is_array(p->type, &n_base)) {
        sx_element(out, "Value", text);
    } else {
        autofree char *copy = xstrdup(text);
        char *rest = copy;
        str_puts(out, "<t:Values>");
        for (char *one; (one = strsep(&rest, SX_ARRAY_SEPARATOR));)
            sx_element(out, "Value", one);
        str_puts(out, "</t:Values>");
    }
    str_puts(out, "</t:ExtendedProperty>");
}
