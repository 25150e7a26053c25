#include "worker/ews/ews_fields.h"

#include <string.h>

#include "common/base/cleanup.h"

static const char addresses[] = "PhysicalAddresses", phones[] = "PhoneNumbers",
                  emails[] = "EmailAddresses";
static const char home[] = "Home", business[] = "Business";

#define PLAIN(id, name)                                                                            \
    {                                                                                              \
        CONTACT_##id, EWS_PLAIN, name, "contacts:" name, NULL, NULL                                \
    }
#define DATE(id, name)                                                                             \
    {                                                                                              \
        CONTACT_##id, EWS_DATE, name, "contacts:" name, NULL, NULL                                 \
    }
#define PHONE(id, key)                                                                             \
    {                                                                                              \
        CONTACT_##id, EWS_ENTRY, NULL, "contacts:PhoneNumber", phones, key                         \
    }
#define PART(id, name, key)                                                                        \
    {                                                                                              \
        CONTACT_##id, EWS_ADDRESS, name, "contacts:PhysicalAddress:" name, addresses, key          \
    }

/* clang-format off */
const struct ews_field ews_fields[] = {
    /* Title is read-only in CompleteName: only the MAPI property can be written (PR_DISPLAY_NAME_PREFIX). */
    {CONTACT_TITLE, EWS_TAG, "0x3A45", NULL, NULL, NULL},
    PLAIN(FILE_AS, "FileAs"),
    PLAIN(DISPLAY_NAME, "DisplayName"),
    PLAIN(GIVEN_NAME, "GivenName"),
    PLAIN(MIDDLE_NAME, "MiddleName"),
    PLAIN(COMPANY, "CompanyName"),
    {CONTACT_EMAIL, EWS_ENTRY, NULL, "contacts:EmailAddress", emails, "EmailAddress1"},
    PART(HOME_STREET, "Street", home),
    PART(HOME_CITY, "City", home),
    PART(HOME_STATE, "State", home),
    PART(HOME_COUNTRY, "CountryOrRegion", home),
    PART(HOME_POSTAL, "PostalCode", home),
    PART(WORK_STREET, "Street", business),
    PART(WORK_CITY, "City", business),
    PART(WORK_STATE, "State", business),
    PART(WORK_COUNTRY, "CountryOrRegion", business),
    PART(WORK_POSTAL, "PostalCode", business),
    PHONE(PHONE_BUSINESS, "BusinessPhone"),
    PHONE(PHONE_HOME, "HomePhone"),
    PHONE(PHONE_HOME2, "HomePhone2"),
    PHONE(PHONE_MOBILE, "MobilePhone"),
    PHONE(PHONE_OTHER, "OtherTelephone"),
    DATE(BIRTHDAY, "Birthday"),
    PLAIN(SUFFIX, "Generation"),
    PLAIN(JOB_TITLE, "JobTitle"),
    PLAIN(SURNAME, "Surname"),
    DATE(ANNIVERSARY, "WeddingAnniversary"),
};
/* clang-format on */
const size_t ews_field_count = ARRAY_LEN(ews_fields);
_Static_assert(ARRAY_LEN(ews_fields) == CONTACT_FIELD_COUNT, "one row per field of a contact");

static bool is_path(const struct ews_field *f, const char *path)
{
    if (f->kind == EWS_TAG)
        return strcasecmp(path, f->element) == 0;
    size_t n = strlen(f->uri);
    if (strncmp(path, f->uri, n) != 0)
        return false;
    return f->key ? path[n] == ':' && strcmp(path + n + 1, f->key) == 0 : !path[n];
}

bool ews_field_at(const char *path, enum contact_field *ret)
{
    for (size_t i = 0; path && i < ews_field_count; i++) {
        if (!is_path(&ews_fields[i], path))
            continue;
        *ret = ews_fields[i].field;
        return true;
    }
    return false;
}
