/*
 * ews_decode_p: what ews_decode.c (SAX events to places) and ews_collect.c (places to structs)
 * share. Nobody else's.
 */
#ifndef SYNC_WORKER_EWS_DECODE_P_H
#define SYNC_WORKER_EWS_DECODE_P_H

#include <libxml/parser.h>
#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "worker/ews/ews_decode.h"

enum place { /* where in the document; the table in ews_decode.c says which element leads where */
             PLACE_DOCUMENT,
             PLACE_ENVELOPE,
             PLACE_HEADER,
             PLACE_VERSION,
             PLACE_BODY,
             PLACE_FAULT,
             PLACE_FAULT_CODE,
             PLACE_DETAIL,
             PLACE_DETAIL_CODE,
             PLACE_OPERATION,
             PLACE_MESSAGES,
             PLACE_MESSAGE,
             PLACE_CODE,
             PLACE_MESSAGE_XML,
             PLACE_MESSAGE_VALUE,
             PLACE_MESSAGE_PATH,
             PLACE_ROOT_FOLDER,
             PLACE_FOLDERS,
             PLACE_FOLDER,
             PLACE_FOLDER_ID,
             PLACE_FOLDER_PROPERTY,
             PLACE_FOLDER_PROPERTY_PATH,
             PLACE_FOLDER_PROPERTY_VALUE,
             PLACE_ITEMS,
             PLACE_ITEM,
             PLACE_ITEM_ID,
             PLACE_ATTACHMENTS,
             PLACE_ATTACHMENT,
             PLACE_ATTACHMENT_ID,
             PLACE_CONTENT_ID,
             PLACE_IS_PHOTO,
             PLACE_WRITTEN, /* Attachments of a message: those that were written */
             PLACE_WRITTEN_FILE,
             PLACE_ROOT_ID,
             PLACE_CREATED,
             PLACE_CATEGORIES,
             PLACE_CATEGORY,
             PLACE_PROPERTY,
             PLACE_PROPERTY_PATH,
             PLACE_PROPERTY_VALUE,
             PLACE_ELSEWHERE,
};

enum property {
    PROPERTY_OTHER,
    PROPERTY_KEY,
    PROPERTY_HASH,
    PROPERTY_FOLDER,
    PROPERTY_LEGACY_PERSON,
    PROPERTY_LEGACY_MARK
};

/* While the arrays grow, messages and items hold counts; ews_decode sets the pointers at the end.
 */
struct decoder {
    xmlParserCtxtPtr xml;
    struct arena *arena;
    struct ews_response response;
    vec(struct ews_message) messages;
    vec(struct ews_item) items;
    vec(const char *) categories;
    vec(struct ews_attachment) attachments;
    vec(struct ews_folder) folders;
    enum place stack[EWS_MAX_DEPTH];
    size_t depth;
    bool collecting;
    struct str text;
    bool is_error, is_success; /* ResponseClass of the message */
    char value_name[32];       /* Name of the MessageXml value */
    enum property property;
    bool saw_body, invalid_char, recovering;
    const char *why; /* refused; static text */
};

struct attributes {
    const xmlChar **v; /* five pointers each: local name, prefix, URI, value, end of value */
    int n;
};

/* The first reason counts; parsing ends. why: static text, completes "the answer cannot be read: ".
 */
void ews_refuse(struct decoder *d, const char *why);
/* An element begins at place. */
void ews_collect_enter(struct decoder *d, enum place place, const char *name, struct attributes at);
/* An element whose text was collected ends. */
void ews_collect_text(struct decoder *d, enum place place, const char *text);

#endif
