/*
 * ews_decode: answers of Exchange Web Services as structs. Pure; the bytes are hostile until they
 * have passed.
 *
 * Knows the response documents of CreateItem, UpdateItem, DeleteItem, GetItem, FindItem, GetFolder,
 * FindFolder, CreateFolder, CreateAttachment and DeleteAttachment, and SOAP faults. Elements are
 * known by namespace and local name, never by prefix; unknown ones are skipped. A DOCTYPE, a broken
 * document, more depth, items or text than the limits below: an error. A server that writes
 * character references which XML forbids is read a second time in recovery mode, which drops them
 * (`repaired`); nothing else is ever recovered from.
 * @source  reference/ews.md sections 2, 8, 10, 11, 15
 */
#ifndef SYNC_WORKER_EWS_DECODE_H
#define SYNC_WORKER_EWS_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/guid.h"

struct arena;

enum {
    EWS_MAX_BYTES = 16 << 20, /* of a document */
    EWS_MAX_ID = 1024,        /* bytes; Exchange's are at most 512 */
    EWS_MAX_MESSAGES = 1000,
    EWS_MAX_ITEMS = 2000,       /* in one document */
    EWS_MAX_CATEGORIES = 4000,  /* in one document */
    EWS_MAX_FOLDERS = 1000,     /* in one document */
    EWS_MAX_ATTACHMENTS = 4000, /* in one document */
    EWS_MAX_DEPTH = 64,
    EWS_MAX_TEXT = 4096, /* of one element that we read */
    EWS_MAX_ADDRESS = 320,
    EWS_MAX_HASH = 127, /* of RockSyncHash; a longer one is not ours and is cut */
    EWS_MAX_MARK = 63,  /* of what the original plugin wrote; a longer one is cut */
    EWS_ARENA_BYTES =
        64 << 20, /* more than the limits above, and folding the categories, can fill */
};

struct ews_problem { /* what a response message or a fault says about its trouble; strings are clean
                        ASCII */
    const char *code;       /* ResponseCode as text, known or not; "": none to go by */
    const char *inner_code; /* the one that ErrorInternalServerError hides, or NULL */
    const char *at; /* path of the property ("contacts:PhoneNumber:MobilePhone"), or the line, that
                       the server names; or NULL. Never a value */
    uint32_t backoff_ms; /* BackOffMilliseconds; 0: none */
    const char *primary; /* address that the mailbox wants to be known by; or NULL */
};

struct ews_attachment {
    const char *id;         /* NULL when absent */
    const char *content_id; /* the mark that its maker gave it, or NULL */
    bool photo, no_photo;   /* what IsContactPhoto says; neither: nothing, as of Exchange 2007 */
};

struct ews_item {
    const char *id, *change_key; /* NULL when absent */
    bool has_key;                /* RockSyncKey is there and is a Guid */
    struct guid key;
    const char *hash;   /* RockSyncHash, or NULL */
    int64_t created_ms; /* 0 unknown */
    const char *const *categories;
    size_t n_categories;
    const struct ews_attachment *attachments; /* where the request asked for them */
    size_t n_attachments;
    int64_t legacy_person;   /* RockPersonId of the original plugin; 0 none that can be read */
    const char *legacy_mark; /* its RockLastUpdated, or NULL */
    bool legacy;             /* carries one of the two */
};

struct ews_folder {
    const char *id;
    bool ours; /* carries the mark of a folder that we made */
};

struct ews_message {
    bool ok;                    /* done, completely */
    struct ews_problem problem; /* when not ok */
    const struct ews_item *items;
    size_t n_items;
    const struct ews_folder *folders; /* those with an id */
    size_t n_folders;
    const char *root_change_key; /* CreateAttachment, DeleteAttachment: the item's; or NULL */
    int64_t next_offset;         /* FindItem, FindFolder: IndexedPagingOffset; -1 when absent */
    bool last_page;              /* FindItem, FindFolder: IncludesLastItemInRange */
};

struct ews_response {
    bool fault; /* a SOAP fault: the request as a whole was refused, there are no messages */
    struct ews_problem problem; /* of the fault */
    const char *operation;      /* local name of the body's element, "" with a fault */
    const char *server_version; /* "15.2.2562.17 V2017_07_11", or NULL */
    const struct ews_message *messages;
    size_t n_messages;
    bool repaired;
};

/*
 * @p    n bytes; any content
 * @a    all strings and arrays live there; made for EWS_ARENA_BYTES and empty
 * @ret  set on success only
 * @return  -1: unreadable, with SCOPE_REMOTE, WHEN_UNKNOWN, code "ews.unreadable" and a text
 * without any of the content
 */
int ews_decode(const char *p, size_t n, struct arena *a, struct ews_response *ret, struct err *err)
    must_check;

#endif
