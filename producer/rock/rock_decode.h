/*
 * rock_decode: Rock's JSON lists as structs. Pure.
 *
 * Strict where it counts: a wrong type, an Id that is missing or out of order, null where a list
 * was asked for, an expanded row that is not there, a text beyond 1 MiB fail the page. Tolerant
 * elsewhere: further fields, a $select that was ignored, numbers of enums that only describe.
 *
 * Row decoders leave failures in the row's reader (js_failed) and copy texts into the arena.
 * @source reference/rock.md sections 3.4 and 5
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_DECODE_H
#define SYNC_PRODUCER_ROCK_ROCK_DECODE_H

#include "common/base/js.h"

#include "common/core/directory.h"

enum { ROCK_TEXT_MAX = 1 << 20, ROCK_BODY_MAX = 64 << 20, ROCK_LIST_MAX = 10000 };

/* Called for each row of a page, in order; id is the row's Id. */
typedef void (*rock_row)(const struct js *row, int64_t id, void *user);
struct rock_rows { /* what a page held */
    size_t n;
    int64_t last; /* largest Id; `after` when there was none */
};
/*
 * Reads one page: a bare list of objects with growing Id, all greater than after.
 *
 * @return  -1 with *err (code "json", no values in the text) when any row is bad
 */
int rock_decode_page(const char *body,
                     size_t n,
                     int64_t after,
                     rock_row fn,
                     void *user,
                     struct rock_rows *ret,
                     struct err *err) must_check;
/* {"Message":"..."} of an error answer, printable and cut, into out[0..size); "" when it is
 * something else. */
void rock_decode_message(const char *body, size_t n, char *out, size_t size);

struct rock_lookup { /* entity types, group types, roles, defined types and values, attributes */
    int64_t id;
    struct guid guid;
    const char *name; /* "" when it has none */
};
void rock_decode_lookup(const struct js *row,
                        int64_t id,
                        const char *name_key,
                        struct arena *a,
                        struct rock_lookup *ret);

struct rock_group {
    int64_t id, type;
    struct guid guid;
    const char *name;
    bool active, archived, security_role;
};
void rock_decode_group(const struct js *row, int64_t id, struct arena *a, struct rock_group *ret);

enum { ROCK_MEMBER_INACTIVE, ROCK_MEMBER_ACTIVE, ROCK_MEMBER_PENDING };
struct rock_member {
    int64_t id, group, person, role;
    int64_t order;  /* GroupOrder; INT64_MAX for null, which is last */
    int64_t status; /* not checked: rock_decode_active does */
    bool archived;
};
void rock_decode_member(const struct js *row, int64_t id, struct rock_member *ret);
/* Whether the membership counts. A status that we do not know fails: it decides who is in. */
bool rock_decode_active(const struct js *row, const struct rock_member *m);

struct rock_alias {
    int64_t id, person;
    int64_t of; /* AliasPersonId: the Person.Id that it was made for; 0 = unknown */
    struct guid guid;
};
void rock_decode_alias(const struct js *row, int64_t id, struct rock_alias *ret);

struct rock_following {
    int64_t id, entity_type, entity;
    int64_t follower; /* Person.Id */
    bool plain;       /* no PurposeKey: a person's own choice, not another feature's row */
};
void rock_decode_following(const struct js *row, int64_t id, struct rock_following *ret);

struct rock_value {
    int64_t id, attribute;
    int64_t entity;   /* 0 = null */
    const char *text; /* NULL when null; borrowed from the page */
};
void rock_decode_value(const struct js *row, int64_t id, struct rock_value *ret);

struct rock_place { /* a group's address */
    int64_t group, id;
    int64_t type; /* 0 = null */
    struct dir_address address;
};
void rock_decode_place(const struct js *row, int64_t id, struct arena *a, struct rock_place *ret);

/* Texts in js values: NULL when absent; beyond ROCK_TEXT_MAX fails. Copied into a. */
const char *rock_decode_text(const struct js *o, const char *key, struct arena *a);
/* Ids: above 0, 32 bits. The optional form gives 0 for null. */
int64_t rock_decode_id(const struct js *o, const char *key);
int64_t rock_decode_id_opt(const struct js *o, const char *key);

#endif
