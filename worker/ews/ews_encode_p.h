/*
 * ews_encode_p: what the files of ews_encode share: writes (ews_encode.c), reads
 * (ews_encode_find.c).
 */
#ifndef SYNC_WORKER_EWS_ENCODE_P_H
#define SYNC_WORKER_EWS_ENCODE_P_H

#include "worker/ews/ews_encode.h"
#include "worker/ews/ews_fields.h"
#include "worker/ews/ews_xml.h"

#define KEY_PATH                                                                                   \
    "<t:ExtendedFieldURI PropertySetId=\"" EWS_PROPERTY_SET "\" PropertyName=\"" EWS_KEY_NAME      \
    "\" PropertyType=\"String\"/>"
#define HASH_PATH                                                                                  \
    "<t:ExtendedFieldURI PropertySetId=\"" EWS_PROPERTY_SET "\" PropertyName=\"" EWS_HASH_NAME     \
    "\" PropertyType=\"String\"/>"
#define FOLDER_PATH                                                                                \
    "<t:ExtendedFieldURI PropertySetId=\"" EWS_PROPERTY_SET "\" PropertyName=\"" EWS_FOLDER_NAME   \
    "\" PropertyType=\"String\"/>"
#define LEGACY_PATH(name, type)                                                                    \
    "<t:ExtendedFieldURI PropertySetId=\"" EWS_LEGACY_SET "\" PropertyName=\"" name                \
    "\" PropertyType=\"" type "\"/>"
#define LEGACY_PERSON_INT  LEGACY_PATH(EWS_LEGACY_PERSON, "Integer")
#define LEGACY_PERSON_TEXT LEGACY_PATH(EWS_LEGACY_PERSON, "String")
#define LEGACY_MARK_TIME   LEGACY_PATH(EWS_LEGACY_MARK, "SystemTime")
#define LEGACY_MARK_TEXT   LEGACY_PATH(EWS_LEGACY_MARK, "String")
#define CATEGORIES         "<t:FieldURI FieldURI=\"item:Categories\"/>"

void ews_envelope_open(struct str *out, const struct ews_target *t);
void ews_envelope_close(struct str *out);
void ews_folder_element(struct str *out, const char *folder_id); /* NULL: the default one */
void ews_item_element(struct str *out, const char *id, const char *change_key);

#endif
