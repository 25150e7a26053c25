/*
 * ews_fields: how each field of a contact is written in EWS. One table, in the order the schema
 * demands, drives CreateItem and UpdateItem alike. Pure.
 *
 * A new field is one row here. Rows of one dictionary (PhysicalAddresses, PhoneNumbers) stand
 * together, and the parts of one address too: the encoder opens the enclosing elements when they
 * change.
 * @source  reference/ews.md section 6; the XSD's sequence of ContactItemType
 */
#ifndef SYNC_WORKER_EWS_FIELDS_H
#define SYNC_WORKER_EWS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/core/contact.h"

enum ews_kind {
    EWS_TAG,     /* extended property by MAPI tag; element is the tag, uri NULL. Stands before all
                    others */
    EWS_PLAIN,   /* <t:element>value</t:element> */
    EWS_DATE,    /* the same with T11:59:00Z behind the date */
    EWS_ENTRY,   /* <t:dictionary><t:Entry Key="key">value</t:Entry></t:dictionary> */
    EWS_ADDRESS, /* <t:dictionary><t:Entry
                    Key="key"><t:element>value</t:element></t:Entry></t:dictionary> */
};

struct ews_field {
    enum contact_field field;
    enum ews_kind kind;
    const char
        *element; /* local name in the types namespace; the tag for EWS_TAG; NULL for EWS_ENTRY */
    const char *uri;        /* FieldURI */
    const char *dictionary; /* EWS_ENTRY, EWS_ADDRESS; compared as a pointer */
    const char *key;        /* FieldIndex, and Key of the entry; compared as a pointer */
};

extern const struct ews_field ews_fields[];
extern const size_t ews_field_count;

/* The field of a path that the server names (ews_problem.at): "contacts:JobTitle",
 * "contacts:PhoneNumber:MobilePhone", "0x3A45". false: none of ours. */
bool ews_field_at(const char *path, enum contact_field *ret);

/*
 * Noon, one minute early: the same calendar date everywhere from UTC-11 to UTC+12. Midnight UTC is
 * the day before in the Americas.
 * @source  reference/ews.md section 6 (Birthday)
 */
#define EWS_DATE_SUFFIX "T11:59:00Z"

/* The product's own named properties. They never change (design section 11). */
#define EWS_PROPERTY_SET "38b99066-ef57-4efc-a07f-0e0f6a97188e"
#define EWS_KEY_NAME     "RockSyncKey"
#define EWS_HASH_NAME    "RockSyncHash"
#define EWS_FOLDER_NAME  "RockSyncFolder" /* on a folder that we made; any value */

/*
 * What the original plugin wrote into its contacts. The types are not known: asked for as both.
 * @source  reference/rock.md section 15 (Tagging)
 */
#define EWS_LEGACY_SET    "89081642-d565-47af-9534-4f9653e2267e"
#define EWS_LEGACY_PERSON "RockPersonId"
#define EWS_LEGACY_MARK   "RockLastUpdated"

#endif
