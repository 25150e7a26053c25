/*
 * directory: one snapshot of Rock: people, groups, memberships, followings, eligible users. Values
 * only, in one arena.
 *
 * People are indexed 0..n_people-1 in ascending order of key; lists of people are ascending arrays
 * of such indexes without doubles. A snapshot is complete or does not exist: a source never hands
 * out half of one (design section 5).
 */
#ifndef SYNC_CORE_DIRECTORY_H
#define SYNC_CORE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/guid.h"

struct arena;

enum dir_phone_type { DIR_PHONE_OTHER, DIR_PHONE_MOBILE, DIR_PHONE_HOME, DIR_PHONE_WORK };

struct dir_phone { /* ordered by Id within a person */
    int64_t id;
    enum dir_phone_type type;
    const char *type_name; /* Rock's own name of the type ("Mobile", "Direct line"); may be NULL */
    const char *country_code; /* digits; NULL on old rows */
    const char *number;       /* digits without country code */
    const char *formatted; /* NumberFormatted; where imports left it out, by the church's rules */
    const char *extension; /* NULL or text */
    bool unlisted, messaging;
};

struct dir_address {
    const char *street1, *street2, *city, *state, *postal,
        *country; /* as stored; NULL when absent */
};

struct dir_attribute { /* what the request named (source_request.attributes) */
    const char *key, *value;
};

/* Which picture of a person: another picture is another ref, so it tells versions apart. */
struct photo_ref {
    int64_t id;       /* BinaryFile id; 0: none */
    struct guid guid; /* the same by Guid; nil where the source does not say */
};

struct dir_person {
    struct guid key; /* Guid of the primary alias: the person's identity everywhere in this product
                        (reference/rock.md section 6) */
    int64_t rock_id; /* Person.Id */
    bool business, deceased, email_active, opted_out;
    int age_class; /* AgeClassification: 0 unknown, 1 adult, 2 child; child by family role already
                      applied when it was 0 */
    const char *first_name, *nick_name, *middle_name, *last_name, *suffix,
        *title; /* raw; NULL when absent */
    const char *email, *employer, *position;
    int birth_day, birth_month, birth_year;                   /* 0 = unknown */
    int anniversary_day, anniversary_month, anniversary_year; /* 0 = none */
    const struct dir_address *home, *work;                    /* NULL when none */
    const struct dir_phone *phones;
    size_t n_phones;
    const struct dir_attribute *attributes; /* those that have a value */
    size_t n_attributes;
    int64_t photo_id; /* of struct photo_ref */
    struct guid photo_guid;
};

struct dir_list { /* ascending indexes into people */
    const uint32_t *v;
    size_t n;
};

struct dir_group {
    struct guid guid;
    int64_t rock_id;
    const char *name;
    bool usable;             /* exists, active, not archived, not a security role or family */
    struct dir_list members; /* active members */
};

struct dir_user {            /* an eligible person */
    uint32_t person;         /* index */
    struct dir_list follows; /* whom they follow, all their aliases; read only for users the request
                                asked for */
};

struct dir_former { /* a merge: whom an old Person.Id means now */
    int64_t was, now;
};

struct directory {
    struct arena *arena; /* owns everything below */
    int64_t read_at_ms;  /* wall clock when the read began */
    const struct dir_person *people;
    size_t n_people;
    const struct dir_group *groups; /* those asked for, ordered by guid */
    size_t n_groups;
    const struct dir_user *users; /* ordered by person index */
    size_t n_users;
    const char *const *unknown_attributes; /* keys asked for that Rock does not have */
    size_t n_unknown_attributes;
    struct dir_list staff; /* active members of all active groups of type Organization Unit */
    /* Person.Id of everybody who opted out, whether among people or not; ascending. Where the
     * request asks for it and the source has not got them all in people anyway. */
    const int64_t *opted_out;
    size_t n_opted_out;
    const struct dir_former *former; /* merges, where the request asks for them; ascending by was */
    size_t n_former;
};

void directory_free(struct directory *d); /* NULL is fine; frees the arena that holds d too */
/* -1 when absent. Binary search. */
long directory_find_person(const struct directory *d, const struct guid *key);
const struct dir_group *directory_find_group(const struct directory *d, const struct guid *guid);

#endif
