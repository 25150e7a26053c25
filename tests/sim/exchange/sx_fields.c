#include "tests/sim/exchange/sx_fields.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/map.h"

#define I(name, kind, max, values)                                                                 \
    {                                                                                              \
        name, "item:" name, kind, max, values                                                      \
    }
#define C(name, kind, max, values)                                                                 \
    {                                                                                              \
        name, "contacts:" name, kind, max, values                                                  \
    }
#define FILE_AS                                                                                    \
    "None|LastCommaFirst|FirstSpaceLast|Company|LastCommaFirstCompany|CompanyLastFirst|LastFirst|" \
    "LastFirstCompany|CompanyLastCommaFirst|LastFirstSuffix|LastSpaceFirstCompany|"                \
    "CompanyLastSpaceFirst|LastSpaceFirst|DisplayName|FirstName|LastFirstMiddleSuffix|LastName|"   \
    "Empty"

/* Names are limited to 255 characters in MAPI; the others are generous bounds, so that a client's
 * cutting is tested. */
static const struct sx_field fields[] = {
    I("MimeContent", SX_COMPUTED, 0, NULL),
    I("ItemId", SX_COMPUTED, 0, NULL),
    I("ParentFolderId", SX_COMPUTED, 0, NULL),
    I("ItemClass", SX_TEXT, 255, NULL),
    I("Subject", SX_TEXT, 255, NULL),
    I("Sensitivity", SX_ENUM, 0, "Normal|Personal|Private|Confidential"),
    I("Body", SX_BODY, 0, NULL),
    I("Attachments", SX_COMPUTED, 0, NULL),
    I("DateTimeReceived", SX_COMPUTED, 0, NULL),
    I("Size", SX_COMPUTED, 0, NULL),
    I("Categories", SX_LIST, 255, NULL),
    I("Importance", SX_ENUM, 0, "Low|Normal|High"),
    I("InReplyTo", SX_TEXT, 1024, NULL),
    I("IsSubmitted", SX_COMPUTED, 0, NULL),
    I("IsDraft", SX_COMPUTED, 0, NULL),
    I("IsFromMe", SX_COMPUTED, 0, NULL),
    I("IsResend", SX_COMPUTED, 0, NULL),
    I("IsUnmodified", SX_COMPUTED, 0, NULL),
    I("InternetMessageHeaders", SX_COMPUTED, 0, NULL),
    I("DateTimeSent", SX_COMPUTED, 0, NULL),
    I("DateTimeCreated", SX_COMPUTED, 0, NULL),
    I("ResponseObjects", SX_COMPUTED, 0, NULL),
    I("ReminderDueBy", SX_DATE, 0, NULL),
    I("ReminderIsSet", SX_BOOL, 0, NULL),
    I("ReminderNextTime", SX_DATE, 0, NULL),
    I("ReminderMinutesBeforeStart", SX_INT, 0, NULL),
    I("DisplayCc", SX_COMPUTED, 0, NULL),
    I("DisplayTo", SX_COMPUTED, 0, NULL),
    I("HasAttachments", SX_COMPUTED, 0, NULL),
    {"ExtendedProperty", "", SX_EXTENDED, 0, NULL},
    I("Culture", SX_TEXT, 32, NULL),
    I("EffectiveRights", SX_COMPUTED, 0, NULL),
    I("LastModifiedName", SX_COMPUTED, 0, NULL),
    I("LastModifiedTime", SX_COMPUTED, 0, NULL),
    I("IsAssociated", SX_COMPUTED, 0, NULL),
    I("WebClientReadFormQueryString", SX_COMPUTED, 0, NULL),
    I("WebClientEditFormQueryString", SX_COMPUTED, 0, NULL),
    I("ConversationId", SX_COMPUTED, 0, NULL),
    I("UniqueBody", SX_COMPUTED, 0, NULL),
    I("Flag", SX_COMPUTED, 0, NULL),
    I("StoreEntryId", SX_COMPUTED, 0, NULL),
    I("InstanceKey", SX_COMPUTED, 0, NULL),
    I("NormalizedBody", SX_COMPUTED, 0, NULL),
    I("EntityExtractionResult", SX_COMPUTED, 0, NULL),
    I("PolicyTag", SX_COMPUTED, 0, NULL),
    I("ArchiveTag", SX_COMPUTED, 0, NULL),
    I("RetentionDate", SX_COMPUTED, 0, NULL),
    I("Preview", SX_COMPUTED, 0, NULL),
    I("RightsManagementLicenseData", SX_COMPUTED, 0, NULL),
    I("PredictedActionReasons", SX_COMPUTED, 0, NULL),
    I("IsClutter", SX_COMPUTED, 0, NULL),
    I("NextPredictedAction", SX_COMPUTED, 0, NULL),
    I("GroupingAction", SX_COMPUTED, 0, NULL),
    I("BlockStatus", SX_COMPUTED, 0, NULL),
    I("HasBlockedImages", SX_COMPUTED, 0, NULL),
    I("TextBody", SX_COMPUTED, 0, NULL),
    I("IconIndex", SX_COMPUTED, 0, NULL),
    I("MimeContentUTF8", SX_COMPUTED, 0, NULL),
    C("FileAs", SX_TEXT, 512, NULL),
    C("FileAsMapping", SX_ENUM, 0, FILE_AS),
    C("DisplayName", SX_TEXT, 512, NULL),
    C("GivenName", SX_TEXT, 255, NULL),
    C("Initials", SX_TEXT, 255, NULL),
    C("MiddleName", SX_TEXT, 255, NULL),
    C("Nickname", SX_TEXT, 255, NULL),
    C("CompleteName", SX_COMPUTED, 0, NULL),
    C("CompanyName", SX_TEXT, 255, NULL),
    C("EmailAddresses", SX_EMAILS, 1123, NULL),
    C("PhysicalAddresses", SX_ADDRESSES, 1024, NULL),
    C("PhoneNumbers", SX_PHONES, 255, NULL),
    C("AssistantName", SX_TEXT, 255, NULL),
    C("Birthday", SX_DATE, 0, NULL),
    C("BusinessHomePage", SX_TEXT, 2048, NULL),
    C("Children", SX_LIST, 255, NULL),
    C("Companies", SX_LIST, 255, NULL),
    C("ContactSource", SX_COMPUTED, 0, NULL),
    C("Department", SX_TEXT, 255, NULL),
    C("Generation", SX_TEXT, 255, NULL),
    C("ImAddresses", SX_IMS, 255, NULL),
    C("JobTitle", SX_TEXT, 255, NULL),
    C("Manager", SX_TEXT, 255, NULL),
    C("Mileage", SX_TEXT, 255, NULL),
    C("OfficeLocation", SX_TEXT, 255, NULL),
    C("PostalAddressIndex", SX_ENUM, 0, "None|Business|Home|Other"),
    C("Profession", SX_TEXT, 255, NULL),
    C("SpouseName", SX_TEXT, 255, NULL),
    C("Surname", SX_TEXT, 255, NULL),
    C("WeddingAnniversary", SX_DATE, 0, NULL),
    C("HasPicture", SX_COMPUTED, 0, NULL),
    C("PhoneticFullName", SX_DIRECTORY, 0, NULL),
    C("PhoneticFirstName", SX_DIRECTORY, 0, NULL),
    C("PhoneticLastName", SX_DIRECTORY, 0, NULL),
    C("Alias", SX_DIRECTORY, 0, NULL),
    C("Notes", SX_DIRECTORY, 0, NULL),
    C("Photo", SX_DIRECTORY, 0, NULL),
    C("UserSMIMECertificate", SX_DIRECTORY, 0, NULL),
    C("MSExchangeCertificate", SX_DIRECTORY, 0, NULL),
    C("DirectoryId", SX_DIRECTORY, 0, NULL),
    C("ManagerMailbox", SX_DIRECTORY, 0, NULL),
    C("DirectReports", SX_DIRECTORY, 0, NULL),
};
_Static_assert(ARRAY_LEN(fields) <= SX_MAX_FIELDS, "raise SX_MAX_FIELDS");

static const char *const email_keys[] = {"EmailAddress1", "EmailAddress2", "EmailAddress3", NULL};
static const char *const im_keys[] = {"ImAddress1", "ImAddress2", "ImAddress3", NULL};
static const char *const address_keys[] = {"Home", "Business", "Other", NULL};
static const char *const phone_keys[] = {
    "AssistantPhone", "BusinessFax",      "BusinessPhone", "BusinessPhone2", "Callback",
    "CarPhone",       "CompanyMainPhone", "HomeFax",       "HomePhone",      "HomePhone2",
    "Isdn",           "MobilePhone",      "OtherFax",      "OtherTelephone", "Pager",
    "PrimaryPhone",   "RadioPhone",       "Telex",         "TtyTddPhone",    NULL};
static const char *const address_parts[] = {"Street",          "City",       "State",
                                            "CountryOrRegion", "PostalCode", NULL};

int sx_field_count(void)
{
    return (int)ARRAY_LEN(fields);
}

const struct sx_field *sx_field_at(int field)
{
    return &fields[field];
}

/* Filled before main() runs and kept to the end, so that lookups need no lock: 100 string compares
 * per element would show in a profile. */
static struct map *by_name, *by_uri;

__attribute__((constructor)) static void index_fields(void)
{
    by_name = map_new();
    by_uri = map_new();
    for (uintptr_t i = 0; i < ARRAY_LEN(fields); i++) {
        map_put(by_name, fields[i].name, strlen(fields[i].name), (void *)(i + 1));
        map_put(by_uri, fields[i].uri, strlen(fields[i].uri), (void *)(i + 1));
    }
}

int sx_field_by_name(const char *name)
{
    return (int)(uintptr_t)map_get(by_name, name, strlen(name)) - 1;
}

int sx_field_by_uri(const char *uri)
{
    return *uri ? (int)(uintptr_t)map_get(by_uri, uri, strlen(uri)) - 1 : SX_NO_FIELD;
}

static int find(const char *const *list, const char *name)
{
    for (int i = 0; name && list[i]; i++) {
        if (strcmp(list[i], name) == 0)
            return i;
    }
    return -1;
}

static const char *const *keys_of(int field)
{
    switch (fields[field].kind) {
    case SX_EMAILS:
        return email_keys;
    case SX_ADDRESSES:
        return address_keys;
    case SX_PHONES:
        return phone_keys;
    case SX_IMS:
        return im_keys;
    default:
        return NULL;
    }
}

const char *sx_field_key_name(int field, int key)
{
    const char *const *keys = keys_of(field);
    for (int i = 0; keys && keys[i]; i++) {
        if (i == key)
            return keys[i];
    }
    return NULL;
}

int sx_field_key(int field, const char *name)
{
    const char *const *keys = keys_of(field);
    return keys ? find(keys, name) : -1;
}

const char *sx_address_part_name(int sub)
{
    return sub >= 0 && sub < (int)ARRAY_LEN(address_parts) ? address_parts[sub] : NULL;
}

int sx_address_part(const char *name)
{
    return find(address_parts, name);
}

const char *sx_email_attribute(int sub)
{
    static const char *const names[] = {NULL, "Name", "RoutingType", "MailboxType"};
    return sub >= 0 && sub < (int)ARRAY_LEN(names) ? names[sub] : NULL;
}

bool sx_field_indexed(const char *uri, const char *index, uint32_t *ret_code)
{
    static const struct {
        const char *uri, *field;
    } paths[] = {{"contacts:EmailAddress", "EmailAddresses"},
                 {"contacts:ImAddress", "ImAddresses"},
                 {"contacts:PhoneNumber", "PhoneNumbers"}};
    static const char address[] = "contacts:PhysicalAddress:";
    int field = SX_NO_FIELD, sub = 0;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (strcmp(paths[i].uri, uri) == 0)
            field = sx_field_by_name(paths[i].field);
    }
    if (strncmp(uri, address, strlen(address)) == 0) {
        field = sx_field_by_name("PhysicalAddresses");
        sub = sx_address_part(uri + strlen(address));
    }
    int key = field == SX_NO_FIELD ? -1 : sx_field_key(field, index);
    if (key < 0 || sub < 0)
        return false;
    *ret_code = SX_CODE(field, key, sub);
    return true;
}

bool sx_one_of(const char *list, const char *value)
{
    size_t n = strlen(value);
    for (const char *p = list; p && *p && n;) {
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, value, n) == 0)
            return true;
        p += len + (p[len] == '|');
    }
    return false;
}
