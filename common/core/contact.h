/*
 * contact: one contact as a mailbox should hold it, its canonical form and its content hash.
 *
 * A contact is an array of strings, one per field of CONTACT_FIELDS; NULL means "the contact has no
 * such field" (an emptied field in Rock is an absent field here and is deleted from the item).
 * Values are clean (text_clean), within the field's maximum and never "". Adding a field = one row
 * here, one row in the store's field table (worker/ews/ews_fields.c), one line in fieldmap.c.
 *
 * Canonical form: {"v":1,"<name>":"<value>",...}, fields in the order of this table, absent ones
 * left out, compact, UTF-8, escapes as jansson writes them. Content hash: SHA-256 of those bytes.
 * Equal contacts have equal bytes.
 */
#ifndef SYNC_CORE_CONTACT_H
#define SYNC_CORE_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/guid.h"

struct arena;
struct str;

/* X(enum suffix, canonical name, max bytes). Order is part of the canonical form: append only,
 * never reorder. */
#define CONTACT_FIELDS(X)                                                                          \
    X(FILE_AS, "fileAs", 255)                                                                      \
    X(DISPLAY_NAME, "displayName", 255)                                                            \
    X(GIVEN_NAME, "givenName", 255)                                                                \
    X(MIDDLE_NAME, "middleName", 255)                                                              \
    X(SURNAME, "surname", 255)                                                                     \
    X(SUFFIX, "suffix", 255)                                                                       \
    X(TITLE, "title", 255)                                                                         \
    X(COMPANY, "company", 255)                                                                     \
    X(JOB_TITLE, "jobTitle", 255)                                                                  \
    X(EMAIL, "email", 255)                                                                         \
    X(PHONE_MOBILE, "phoneMobile", 64)                                                             \
    X(PHONE_HOME, "phoneHome", 64)                                                                 \
    X(PHONE_HOME2, "phoneHome2", 64)                                                               \
    X(PHONE_BUSINESS, "phoneBusiness", 64)                                                         \
    X(PHONE_OTHER, "phoneOther", 64)                                                               \
    X(HOME_STREET, "homeStreet", 1024)                                                             \
    X(HOME_CITY, "homeCity", 255)                                                                  \
    X(HOME_STATE, "homeState", 255)                                                                \
    X(HOME_POSTAL, "homePostal", 64)                                                               \
    X(HOME_COUNTRY, "homeCountry", 255)                                                            \
    X(WORK_STREET, "workStreet", 1024)                                                             \
    X(WORK_CITY, "workCity", 255)                                                                  \
    X(WORK_STATE, "workState", 255)                                                                \
    X(WORK_POSTAL, "workPostal", 64)                                                               \
    X(WORK_COUNTRY, "workCountry", 255)                                                            \
    X(BIRTHDAY, "birthday", 10)       /* YYYY-MM-DD */                                             \
    X(ANNIVERSARY, "anniversary", 10) /* YYYY-MM-DD */

enum contact_field {
#define X(id, name, max) CONTACT_##id,
    CONTACT_FIELDS(X)
#undef X
        CONTACT_FIELD_COUNT
};

struct contact {
    const char *f[CONTACT_FIELD_COUNT]; /* borrowed from an arena */
};

#define CONTACT_MAX_BYTES (16 * 1024) /* canonical form */

const char *contact_field_name(enum contact_field f); /* canonical name */
size_t contact_field_max(enum contact_field f);       /* bytes */

/* A set of fields (bit i: field i) as canonical names joined by commas, and back; unknown names are
 * ignored, NULL is the empty set. */
#define CONTACT_NAMES_MAX 1024
char *contact_names(uint64_t fields, char buf[CONTACT_NAMES_MAX]); /* returns buf */
uint64_t contact_named(const char *names);

/* Appends the canonical form. Values must be valid UTF-8 (asserted by jansson's refusal). */
void contact_encode(const struct contact *c, struct str *out);
/* Reads a canonical form; strings are copied to a. Unknown fields are ignored, unknown versions and
 * wrong types refused. */
int contact_decode(const char *p, size_t n, struct arena *a, struct contact *ret, struct err *err)
    must_check;
void contact_hash(const char *canonical, size_t n, struct sha256 *ret);
/* Bit i set: field i differs (set, emptied or changed). before may be NULL: unknown, so every field
 * counts as changed. */
uint64_t contact_changed(const struct contact *before, const struct contact *after);

/*
 * The state of one link: what is (or should be) in the mailbox for one person. Two sides are equal
 * iff their hashes are. It is the exclusive or of the two hashes below: one link's state costs
 * nothing where these two are at hand, and they are shared by many links. (For two states to be
 * equal by accident the differences of two pairs of SHA-256 would have to be the same.)
 *
 * @key      the person's sync key, as carried by the item (RockSyncKey)
 * @content  content hash
 * @cats     category names, sorted bytewise, joined by LF; "" when none
 */
void link_state_hash(const struct guid *key,
                     const struct sha256 *content,
                     const char *cats,
                     struct sha256 *ret);
/* SHA-256 of byte 1, key, content hash. */
void link_person_hash(const struct guid *key, const struct sha256 *content, struct sha256 *ret);
/* SHA-256 of byte 2, category names. */
void link_cats_hash(const char *cats, struct sha256 *ret);
static inline void
link_state_of(const struct sha256 *person, const struct sha256 *cats, struct sha256 *ret)
{
    uint64_t p[4], c[4]; /* by words: no compiler may assume that ret overlaps neither */

    memcpy(p, person->b, sizeof(p));
    memcpy(c, cats->b, sizeof(c));
    for (size_t i = 0; i < 4; i++)
        p[i] ^= c[i];
    memcpy(ret->b, p, sizeof(p));
}

/*
 * Text of the item's RockSyncHash property: "1:<bind>:<state>", 16 and 32 hex digits. bind =
 * SHA-256 of the folder id: it tells an item written for this mailbox from one dragged in from
 * another. state = first 16 bytes of the link state hash.
 */
#define ITEM_HASH_TEXT 52
void item_hash_format(const char *folder_id, const struct sha256 *state, char out[ITEM_HASH_TEXT]);
enum item_hash_match {
    ITEM_HASH_OTHER = 0,
    ITEM_HASH_OURS,
    ITEM_HASH_SAME
}; /* OURS: written for this folder, another state */
enum item_hash_match
item_hash_match(const char *text, const char *folder_id, const struct sha256 *state);

#endif
