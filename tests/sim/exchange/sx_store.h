/*
 * sx_store: mailboxes, folders and items, with Exchange's rules for ids.
 *
 * Ids are case-sensitive, at most 512 bytes, unique over all mailboxes, and change when an item
 * moves. Items come in pairs whose ids differ only in the case of one letter: a client that
 * compares them carelessly is found out. A ChangeKey names one version of an item. Nothing here
 * knows XML or HTTP. One thread.
 * @source reference: EWS identifiers in Exchange; DeleteItem DeleteType
 */
#ifndef SYNC_SIM_SX_STORE_H
#define SYNC_SIM_SX_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "tests/sim/exchange/sx_attachment.h"
#include "tests/sim/exchange/sx_budget.h"
#include "tests/sim/exchange/sx_content.h"

struct map;
struct sx_store;

enum { SX_CHANGE_KEY = 40, SX_ID_MAX = 512 }; /* bytes with NUL; bytes without */

struct sx_item {
    struct sx_folder *folder; /* never NULL */
    size_t at;                /* index in folder->items */
    uint64_t serial,
        version; /* serial: for life; version: grows with each write, names the ChangeKey */
    char *id;
    int64_t created_ms, modified_ms;
    uint64_t entered, touched; /* mailbox sequence numbers: came into this folder, last write */
    bool long_id;
    struct sx_content content;
    vec(struct sx_attachment) attachments; /* in order of arrival */
};

struct sx_folder {
    struct sx_mailbox *mailbox;
    struct sx_folder *parent;  /* NULL for root */
    const char *distinguished; /* static, NULL for the user's own */
    char *id, *name, *class_name;
    vec(struct sx_extended) extended; /* named properties */
    uint64_t serial;
    vec(struct sx_item *) items;
};

struct sx_gone { /* for SyncFolderItems */
    uint64_t seq, entered;
    const struct sx_folder *folder;
    char *id;
};

struct sx_foreign { /* an item that is the user's own, as the control API left it */
    uint64_t serial;
    struct sha256 sum;
};

struct sx_mailbox {
    struct sx_store *store;
    char *address; /* primary SMTP address, lower case */
    vec(char *) aliases;
    char *refuse;                    /* fault that every call for it gets, NULL = none */
    vec(struct sx_folder *) folders; /* parents before children */
    vec(struct sx_gone) gone;
    vec(struct sx_foreign) foreign;
    struct map *creates; /* RockSyncKey -> times an item with it was created */
    uint64_t seq;
    size_t purged; /* items that HardDelete removed */
    unsigned in_flight, max_in_flight;
    unsigned late_saves; /* writes whose client was already cut off and that are not saved yet */
    unsigned max_keys_created; /* largest value in creates */
    uint64_t calls;            /* for fault decisions */
    struct sx_budget budget;
};

struct sx_store *sx_store_new(uint64_t seed);
void sx_store_free(struct sx_store *s);
struct sx_blobs *sx_store_blobs(struct sx_store *s);

/* Mailboxes in order of creation. add returns the existing one for a known address. */
struct sx_mailbox *sx_store_add(struct sx_store *s, const char *address);
bool sx_store_add_alias(struct sx_mailbox *mb, const char *alias); /* false: somebody has it */
struct sx_mailbox *sx_store_find(const struct sx_store *s,
                                 const char *address); /* alias too; any case */
size_t sx_store_count(const struct sx_store *s);
struct sx_mailbox *sx_store_at(const struct sx_store *s, size_t i);
void sx_mailbox_empty(struct sx_mailbox *mb); /* all items, foreign ones too, and its counters */

struct sx_folder *sx_folder_distinguished(const struct sx_mailbox *mb, const char *name);
struct sx_folder *sx_folder_by_id(const struct sx_store *s, const char *id);
struct sx_folder *sx_folder_child(const struct sx_folder *parent,
                                  const char *name); /* NULL when none */
struct sx_folder *sx_folder_add(struct sx_folder *parent, const char *name, const char *class_name);
void sx_folder_set_extended(struct sx_folder *f, const char *id, const char *text); /* copies */
void sx_folder_move(struct sx_folder *f, struct sx_folder *parent); /* its id stays */
bool sx_folder_in_trash(const struct sx_folder *f); /* below Deleted Items, however deep */
void sx_folder_remove(struct sx_folder *f); /* for good, with what it holds; has no children */
bool sx_folder_is_contacts(const struct sx_folder *f); /* class IPF.Contact or below */
bool sx_folder_is_live(const struct sx_folder *f);     /* likewise, and not thrown away */

struct sx_item *sx_item_by_id(const struct sx_store *s, const char *id);
struct sx_item *sx_item_by_serial(const struct sx_mailbox *mb, uint64_t serial); /* walks */
/* Takes the content's memory. now_ms becomes DateTimeCreated. */
struct sx_item *
sx_item_add(struct sx_folder *f, struct sx_content *content, int64_t now_ms, bool long_id);
void sx_item_replace(struct sx_item *it,
                     struct sx_content *content,
                     int64_t now_ms);                   /* takes the memory */
void sx_item_touch(struct sx_item *it, int64_t now_ms); /* it has changed: a new ChangeKey */
void sx_item_move(struct sx_item *it, struct sx_folder *to, int64_t now_ms); /* new id */
void sx_item_remove(struct sx_item *it);                                     /* for good */
void sx_item_change_key(const struct sx_item *it, char out[SX_CHANGE_KEY]);
/* Version that a ChangeKey of this item names: 0 = not one of this item's keys, malformed: -1. */
int64_t sx_item_key_version(const struct sx_item *it, const char *change_key);
const char *sx_item_key(const struct sx_item *it); /* its RockSyncKey, NULL */

/* Foreign items: their whole state under one sum. mark records (again) what the user has. */
void sx_foreign_mark(struct sx_item *it);
void sx_foreign_forget(struct sx_mailbox *mb, uint64_t serial);
size_t sx_foreign_touched(const struct sx_mailbox *mb,
                          struct sha256 *ret_sum); /* of them, changed or gone */

#endif
