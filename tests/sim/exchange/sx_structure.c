/*
 * The structural check: what the schema says about the requests that a contact client sends, as a
 * table. It stands in for the schema where its files are missing and agrees with it where they are
 * there (the tests run both).
 */
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/tm.h"

#include "tests/sim/exchange/sx_check.h"
#include "tests/sim/exchange/sx_fields.h"

enum { MAX_DEPTH = 64 };

#define PATH   "FieldURI|IndexedFieldURI|ExtendedFieldURI"
#define FOLDER "FolderId|DistinguishedFolderId"
#define SEARCH                                                                                     \
    "And|Or|Not|Exists|Contains|Excludes|IsEqualTo|IsNotEqualTo|IsGreaterThan|"                    \
    "IsGreaterThanOrEqualTo|IsLessThan|IsLessThanOrEqualTo"
#define ITEM    "Item|Message|CalendarItem|Contact|DistributionList|Task|PostItem"
#define ITEM_ID "ItemId|OccurrenceItemId|RecurringMasterItemId"
#define COMPARE PATH "! FieldURIOrConstant!"

/*
 * children: names in order, '|' between alternatives; then '!' once, '*' any number, '+' at least
 * one, nothing: at most one. attributes: "Name" optional, "Name!" required, "Name=a|b" one of,
 * "Name!=a|b" both.
 */
static const struct rule {
    const char *element, *children, *attributes;
} rules[] = {
    {"Envelope", "Header Body!", NULL},
    {"ExchangeImpersonation", "ConnectingSID!", NULL},
    {"ConnectingSID", "PrincipalName|SID|PrimarySmtpAddress|SmtpAddress!", NULL},
    {"RequestServerVersion", "", "Version!"},
    {"CreateItem", "SavedItemFolderId Items!",
     "MessageDisposition=SaveOnly|SendOnly|SendAndSaveCopy "
     "SendMeetingInvitations=SendToNone|SendOnlyToAll|SendToAllAndSaveCopy"},
    {"SavedItemFolderId", FOLDER "!", NULL},
    {"Items", ITEM "+", NULL},
    {"UpdateItem", "SavedItemFolderId ItemChanges!",
     "ConflictResolution!=NeverOverwrite|AutoResolve|AlwaysOverwrite "
     "MessageDisposition=SaveOnly|SendOnly|SendAndSaveCopy SendMeetingInvitationsOrCancellations "
     "SuppressReadReceipts=true|false|1|0"},
    {"ItemChanges", "ItemChange+", NULL},
    {"ItemChange", ITEM_ID "! Updates!", NULL},
    {"Updates", "AppendToItemField|SetItemField|DeleteItemField+", NULL},
    {"SetItemField", PATH "! " ITEM "!", NULL},
    {"AppendToItemField", PATH "! " ITEM "!", NULL},
    {"DeleteItemField", PATH "!", NULL},
    {"DeleteItem", "ItemIds!",
     "DeleteType!=HardDelete|SoftDelete|MoveToDeletedItems "
     "SendMeetingCancellations=SendToNone|SendOnlyToAll|SendToAllAndSaveCopy "
     "AffectedTaskOccurrences=AllOccurrences|SpecifiedOccurrenceOnly "
     "SuppressReadReceipts=true|false|1|0"},
    {"ItemIds", ITEM_ID "+", NULL},
    {"ItemId", "", "Id! ChangeKey"},
    {"FolderId", "", "Id! ChangeKey"},
    {"DistinguishedFolderId", "Mailbox", "Id! ChangeKey"},
    {"GetItem", "ItemShape! ItemIds!", NULL},
    {"MoveItem", "ToFolderId! ItemIds! ReturnNewItemIds", NULL},
    {"ToFolderId", FOLDER "!", NULL},
    {"FindItem",
     "ItemShape! "
     "IndexedPageItemView|FractionalPageItemView|SeekToConditionPageItemView|CalendarView|"
     "ContactsView GroupBy|DistinguishedGroupBy Restriction SortOrder ParentFolderIds! QueryString",
     "Traversal!=Shallow|SoftDeleted|Associated"},
    {"ItemShape",
     "BaseShape! IncludeMimeContent BodyType UniqueBodyType NormalizedBodyType FilterHtmlContent "
     "ConvertHtmlCodePageToUTF8 InlineImageUrlTemplate BlockExternalImages AddBlankTargetToLinks "
     "MaximumBodySize AdditionalProperties",
     NULL},
    {"FolderShape", "BaseShape! AdditionalProperties", NULL},
    {"AdditionalProperties", PATH "+", NULL},
    {"IndexedPageItemView", "", "MaxEntriesReturned Offset! BasePoint!=Beginning|End"},
    {"IndexedPageFolderView", "", "MaxEntriesReturned Offset! BasePoint!=Beginning|End"},
    {"Restriction", SEARCH "!", NULL},
    {"And", SEARCH "+", NULL},
    {"Or", SEARCH "+", NULL},
    {"Not", SEARCH "!", NULL},
    {"Exists", PATH "!", NULL},
    {"Contains", PATH "! Constant!",
     "ContainmentMode=FullString|Prefixed|Substring|PrefixOnWords|ExactPhrase "
     "ContainmentComparison=Exact|IgnoreCase|IgnoreNonSpacingCharacters|Loose|"
     "IgnoreCaseAndNonSpacingCharacters|LooseAndIgnoreCase|LooseAndIgnoreNonSpace|"
     "LooseAndIgnoreCaseAndIgnoreNonSpace"},
    {"IsEqualTo", COMPARE, NULL},
    {"IsNotEqualTo", COMPARE, NULL},
    {"IsGreaterThan", COMPARE, NULL},
    {"IsGreaterThanOrEqualTo", COMPARE, NULL},
    {"IsLessThan", COMPARE, NULL},
    {"IsLessThanOrEqualTo", COMPARE, NULL},
    {"FieldURIOrConstant", "Constant|" PATH "!", NULL},
    {"Constant", "", "Value!"},
    {"SortOrder", "FieldOrder+", NULL},
    {"FieldOrder", PATH "!", "Order!=Ascending|Descending"},
    {"ParentFolderIds", FOLDER "+", NULL},
    {"FolderIds", FOLDER "+", NULL},
    {"GetFolder", "FolderShape! FolderIds!", NULL},
    {"FindFolder",
     "FolderShape! IndexedPageFolderView|FractionalPageFolderView Restriction ParentFolderIds!",
     "Traversal!=Shallow|Deep|SoftDeleted"},
    {"CreateFolder", "ParentFolderId! Folders!", NULL},
    {"Folders", "Folder|CalendarFolder|ContactsFolder|SearchFolder|TasksFolder+", NULL},
    {"SyncFolderItems",
     "ItemShape! SyncFolderId! SyncState Ignore MaxChangesReturned! SyncScope NumberOfDays "
     "MaximumCount MinimumCount",
     NULL},
    {"SyncFolderId", FOLDER "!", NULL},
    {"ResolveNames", "ParentFolderIds UnresolvedEntry!",
     "ReturnFullContactData!=true|false|1|0 SearchScope "
     "ContactDataShape=IdOnly|Default|AllProperties"},
    {"CreateAttachment", "ParentItemId! Attachments!", NULL},
    {"ParentItemId", "", "Id! ChangeKey"},
    {"Attachments", "ItemAttachment|FileAttachment|ReferenceAttachment+", NULL},
    {"FileAttachment",
     "AttachmentId Name ContentType ContentId ContentLocation Size LastModifiedTime IsInline "
     "IsContactPhoto Content",
     NULL},
    {"AttachmentId", "", "Id!"},
    {"DeleteAttachment", "AttachmentIds!", NULL},
    {"GetAttachment", "AttachmentShape AttachmentIds!", NULL},
    {"AttachmentShape", "IncludeMimeContent BodyType FilterHtmlContent AdditionalProperties", NULL},
    {"AttachmentIds", "AttachmentId+", NULL},
    {"ExtendedProperty", "ExtendedFieldURI! Value|Values!", NULL},
    {"Values", "Value+", NULL},
    {"ExtendedFieldURI", "",
     "DistinguishedPropertySetId=Meeting|Appointment|Common|PublicStrings|Address|InternetHeaders|"
     "CalendarAssistant|UnifiedMessaging|Task|Sharing PropertySetId PropertyTag PropertyName "
     "PropertyId "
     "PropertyType!=ApplicationTime|ApplicationTimeArray|Binary|BinaryArray|Boolean|CLSID|"
     "CLSIDArray|Currency|CurrencyArray|Double|DoubleArray|Error|Float|FloatArray|Integer|"
     "IntegerArray|Long|LongArray|Null|Object|ObjectArray|Short|ShortArray|SystemTime|"
     "SystemTimeArray|String|StringArray"},
    {"FieldURI", "", "FieldURI!"},
    {"IndexedFieldURI", "", "FieldURI! FieldIndex!"},
    {"Body", NULL, "BodyType!=HTML|Text IsTruncated=true|false|1|0"},
    {"Categories", "String*", NULL},
    {"EmailAddresses", "Entry+", NULL},
    {"PhysicalAddresses", "Entry+", NULL},
    {"PhoneNumbers", "Entry+", NULL},
    {"ImAddresses", "Entry+", NULL},
    {"Children", "String*", NULL},
    {"Companies", "String*", NULL},
};

static bool violation(struct sx_fail *fail, const xmlNode *n, const char *what)
{
    sx_refuse(fail, "ErrorSchemaValidation", "The request failed schema validation: %.40s: %.150s",
              (const char *)n->name, what);
    snprintf(fail->xml, sizeof(fail->xml),
             "<t:Value Name=\"LineNumber\">%ld</t:Value><t:Value Name=\"LinePosition\">1</t:Value>"
             "<t:Value Name=\"Violation\">%.40s: %.150s</t:Value>",
             xmlGetLineNo(n), (const char *)n->name, what);
    return false;
}

/* By name, filled before main() runs: a request has thousands of elements. */
static struct map *by_element;

__attribute__((constructor)) static void index_rules(void)
{
    by_element = map_new();
    for (uintptr_t i = 0; i < ARRAY_LEN(rules); i++)
        map_put(by_element, rules[i].element, strlen(rules[i].element), (void *)(i + 1));
}

static const struct rule *rule_of(const xmlNode *n)
{
    if (sx_is(n, SX_NS_SOAP, "Body"))
        return NULL; /* not the notes of a contact */
    uintptr_t i = (uintptr_t)map_get(by_element, n->name, strlen((const char *)n->name));
    return i ? &rules[i - 1] : NULL;
}

/* "a|b|c" of length n holds name */
static bool alternative(const char *list, size_t n, const xmlNode *node)
{
    size_t len = strlen((const char *)node->name);
    for (const char *p = list, *end = list + n; p < end; p += strcspn(p, "|") + 1) {
        size_t part = strcspn(p, "|!*+ ");
        if (part == len && memcmp(p, node->name, len) == 0)
            return true;
    }
    return false;
}

static bool check_children(const struct rule *r, const xmlNode *n, struct sx_fail *fail)
{
    const xmlNode *c = sx_first(n);
    for (const char *p = r->children; *p;) {
        size_t len = strcspn(p, "!*+ ");
        char how = p[len];
        size_t count = 0;
        while (c && alternative(p, len, c) && (count == 0 || how == '*' || how == '+')) {
            count++;
            c = sx_next(c);
        }
        if (count == 0 && (how == '!' || how == '+'))
            return violation(fail, n, "a required element is missing or out of order");
        p += len;
        p += strspn(p, "!*+ ");
    }
    return !c || violation(fail, c, "this element is not expected here");
}

/* The attribute token "Name!=a|b" at p[0..n) against the element's attribute. */
static bool check_attribute(const char *p, size_t n, const xmlNode *node, struct sx_fail *fail)
{
    autofree char *token = xstrndup(p, n);
    char *values = strchr(token, '=');
    if (values)
        *values++ = 0;
    size_t len = strlen(token);
    bool required = len && token[len - 1] == '!';
    if (required)
        token[len - 1] = 0;
    const char *value = sx_attr(node, token);
    if (!value)
        return !required || violation(fail, node, "a required attribute is missing");
    return !values || sx_one_of(values, value) ||
           violation(fail, node, "an attribute's value is not in the enumeration");
}

static bool known_attribute(const char *spec, const xmlAttr *a)
{
    size_t len = strlen((const char *)a->name);
    for (const char *p = spec; *p; p += strspn(p, " ")) {
        if (strncmp(p, (const char *)a->name, len) == 0 && (!p[len] || strchr("!= ", p[len])))
            return true;
        p += strcspn(p, " ");
    }
    return false;
}

static bool check_attributes(const struct rule *r, const xmlNode *n, struct sx_fail *fail)
{
    const char *spec = r->attributes ? r->attributes : "";
    for (const char *p = spec; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        if (!check_attribute(p, len, n, fail))
            return false;
        p += len;
    }
    for (const xmlAttr *a = n->properties; a; a = a->next) {
        if (!a->ns && !known_attribute(spec, a))
            return violation(fail, n, "an attribute is not declared");
    }
    return true;
}

/* Children of a contact come in the order of the field table, each once (ExtendedProperty as often
 * as wanted). */
static bool check_contact(const xmlNode *contact, struct sx_fail *fail)
{
    int last = -1;
    for (const xmlNode *n = sx_first(contact); n; n = sx_next(n)) {
        int field = sx_field_by_name((const char *)n->name);
        if (field == SX_NO_FIELD)
            return violation(fail, n, "this element is not expected here");
        bool again = field == last && sx_field_at(field)->kind == SX_EXTENDED;
        if (field <= last && !again)
            return violation(fail, n, "this element is out of order");
        last = field;
    }
    return true;
}

static bool check_entry(const xmlNode *n, struct sx_fail *fail)
{
    int field = sx_field_by_name((const char *)n->parent->name), last = -1;
    const char *key = sx_attr(n, "Key");
    if (!key)
        return violation(fail, n, "the attribute Key is required");
    if (field == SX_NO_FIELD || sx_field_key(field, key) < 0)
        return violation(fail, n, "the value of Key is not in the enumeration");
    if (sx_field_at(field)->kind != SX_ADDRESSES)
        return !sx_first(n) || violation(fail, n, "text is expected here");
    for (const xmlNode *part = sx_first(n); part; part = sx_next(part)) {
        int sub = sx_address_part((const char *)part->name);
        if (sub <= last)
            return violation(fail, part, "this element is not expected here");
        last = sub;
    }
    return true;
}

static bool
check_typed(const struct sx_field *f, const xmlNode *n, const char *text, struct sx_fail *fail)
{
    struct tm_civil civil;
    int64_t ms;
    /* a dateTime without a zone is a valid xs:dateTime, a bare date is none */
    if (f->kind == SX_DATE &&
        !(strchr(text, 'T') && (tm_parse_utc(text, &ms) || tm_parse_naive(text, &civil))))
        return violation(fail, n, "not a valid xs:dateTime");
    if (f->kind == SX_ENUM && !sx_one_of(f->values, text))
        return violation(fail, n, "the value is not in the enumeration");
    return true;
}

static bool check_field_value(const xmlNode *n, struct arena *a, struct sx_fail *fail)
{
    static const char flags[] = "IsContactPhoto|IsInline"; /* of attachments */
    const char *name = (const char *)n->name, *text = sx_text(n, a);
    int field = sx_field_by_name(name);
    const struct sx_field *f = field == SX_NO_FIELD ? NULL : sx_field_at(field);
    bool flag = f ? f->kind == SX_BOOL : sx_one_of(flags, name);
    if (flag && !sx_one_of("true|false|1|0", text))
        return violation(fail, n, "not a valid xs:boolean");
    return !f || check_typed(f, n, text, fail);
}

static bool check_uri(const xmlNode *n, struct sx_fail *fail)
{
    const char *uri = sx_attr(n, "FieldURI");
    bool ours = uri && (strncmp(uri, "item:", 5) == 0 || strncmp(uri, "contacts:", 9) == 0);
    if (sx_is(n, SX_NS_T, "FieldURI") && ours && sx_field_by_uri(uri) == SX_NO_FIELD)
        return violation(fail, n, "unknown FieldURI");
    if (sx_is(n, SX_NS_T, "IndexedFieldURI") && ours && strncmp(uri, "contacts:", 9) == 0 &&
        strncmp(uri, "contacts:PhysicalAddress:", 25) != 0 &&
        !sx_one_of("contacts:EmailAddress|contacts:ImAddress|contacts:PhoneNumber", uri))
        return violation(fail, n, "not an indexed FieldURI");
    return true;
}

static bool check_rule(const struct rule *r, const xmlNode *n, bool in_folder, struct sx_fail *fail)
{
    if (!in_folder && r->children && !check_children(r, n, fail))
        return false;
    return check_attributes(r, n, fail);
}

static bool check_element(const xmlNode *n, struct arena *a, struct sx_fail *fail)
{
    const char *name = (const char *)n->name;
    if (strcmp(name, "Contact") == 0)
        return check_contact(n, fail);
    if (strcmp(name, "Entry") == 0 && n->parent->name)
        return check_entry(n, fail);
    /* the properties of a folder to be made share names with other structures */
    bool in_folder = n->parent->name &&
                     sx_one_of("Folder|ContactsFolder|CalendarFolder|TasksFolder|SearchFolder",
                               (const char *)n->parent->name);
    const struct rule *r = rule_of(n);
    if (r && !check_rule(r, n, in_folder, fail))
        return false;
    if (!check_uri(n, fail))
        return false;
    return in_folder || sx_first(n) || check_field_value(n, a, fail);
}

/*
 * Namespaces go by place: the envelope's parts, then the operation and its parts in messages,
 * everything else in types.
 * @depth  0 for the envelope
 */
static const char *namespace_at(int depth, bool header)
{
    if (depth < 2)
        return SX_NS_SOAP;
    return !header && depth < 4 ? SX_NS_M : SX_NS_T;
}

static bool
check_tree(const xmlNode *n, int depth, bool header, struct arena *a, struct sx_fail *fail)
{
    if (!sx_is(n, namespace_at(depth, header), (const char *)n->name))
        return violation(fail, n, "the namespace is not the one expected here");
    if (depth > MAX_DEPTH)
        return violation(fail, n, "nested too deeply");
    if (!check_element(n, a, fail))
        return false;
    header |= depth == 1 && strcmp((const char *)n->name, "Header") == 0;
    for (const xmlNode *c = sx_first(n); c; c = sx_next(c)) {
        if (!check_tree(c, depth + 1, header, a, fail))
            return false;
    }
    return true;
}

bool sx_structure_check(const xmlDoc *doc, struct arena *a, struct sx_fail *fail)
{
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (!sx_is(root, SX_NS_SOAP, "Envelope"))
        return violation(fail, root, "a SOAP 1.1 envelope is expected");
    return check_tree(root, 0, false, a, fail);
}
