/*
 * church: the tables of a make-believe Rock RMS server, in memory.
 *
 * Rows of a table lie in one array sorted by Id; Ids only grow and have gaps, as on a lived-in
 * server. A deleted row stays as a tombstone (`gone`) and is never handed out. Row pointers are
 * valid until the next row is added to the same table. Text is UTF-8, lives as long as the church,
 * and NULL means SQL NULL (as do NULL_INT and NULL_TICKS). Not thread safe: the caller holds the
 * simulator's lock.
 */
#ifndef SIM_ROCK_CHURCH_H
#define SIM_ROCK_CHURCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/guid.h"
#include "common/base/vec.h"

#define NULL_INT   INT32_MIN
#define NULL_TICKS INT64_MIN
#define TICKS_SEC                                                                                  \
    INT64_C(10000000) /* a tick is 100 ns since 0001-01-01, naive local time, as in .NET */
#define TICKS_DAY (TICKS_SEC * 86400)

#define CHURCH_INDEXES 6 /* columns of one table that church_find may be asked for */

enum table_id {
    TABLE_ENTITY_TYPE,
    TABLE_DEFINED_TYPE,
    TABLE_DEFINED_VALUE,
    TABLE_GROUP_TYPE,
    TABLE_GROUP_TYPE_ROLE,
    TABLE_CAMPUS,
    TABLE_BINARY_FILE,
    TABLE_PERSON,
    TABLE_PERSON_ALIAS,
    TABLE_PHONE_NUMBER,
    TABLE_GROUP,
    TABLE_GROUP_MEMBER,
    TABLE_LOCATION,
    TABLE_GROUP_LOCATION,
    TABLE_FOLLOWING,
    TABLE_ATTRIBUTE,
    TABLE_ATTRIBUTE_VALUE,
    TABLE_COUNT
};

struct row { /* first member of every row */
    int32_t id;
    bool gone;
    struct guid guid;
    int64_t created, modified; /* ticks; NULL_TICKS on rows that imports wrote */
};

struct entity_type {
    struct row row;
    const char *name, *assembly_name, *friendly_name;
};
struct defined_type {
    struct row row;
    const char *name;
};
struct defined_value {
    struct row row;
    int32_t defined_type_id, order;
    const char *value, *description;
    bool is_active;
};
struct group_type {
    struct row row;
    const char *name;
    int32_t inherited_group_type_id, order;
};
struct group_type_role {
    struct row row;
    int32_t group_type_id, order;
    const char *name;
    bool is_leader;
};
struct campus {
    struct row row;
    const char *name;
    bool is_active;
};
enum picture { PICTURE_JPEG, PICTURE_PNG, PICTURE_HUGE, PICTURE_TEXT };
struct binary_file {
    struct row row;
    const char *file_name, *mime_type;
    int32_t file_size;
    enum picture picture; /* huge: cannot be made smaller; text: is no picture */
    bool needs_login;     /* its type asks for the right to view: cookies only, no REST key */
};
struct person {
    struct row row;
    int32_t record_type_id, record_status_id, connection_status_id, marital_status_id;
    int32_t title_id, suffix_id, photo_id;
    int32_t birth_day, birth_month, birth_year;
    int32_t primary_alias_id, primary_family_id, primary_campus_id;
    const char *first_name, *nick_name, *middle_name, *last_name, *email;
    int64_t anniversary, deceased_date;
    int8_t gender, email_preference, communication_preference, age_classification;
    bool is_deceased, is_email_active, is_system;
};
struct person_alias {
    struct row row;
    int32_t person_id, alias_person_id;
    struct guid alias_person_guid;
    const char *name;
};
struct phone_number {
    struct row row;
    int32_t person_id, type_id;
    const char *country_code, *number, *formatted, *extension, *description;
    bool is_messaging_enabled, is_unlisted;
};
struct group {
    struct row row;
    int32_t group_type_id, parent_group_id, campus_id, order;
    const char *name, *description;
    int64_t inactive_at, archived_at;
    bool is_active, is_archived, is_security_role, is_public, is_system;
};
enum member_status { MEMBER_INACTIVE, MEMBER_ACTIVE, MEMBER_PENDING }; /* as in Rock's JSON */
struct group_member {
    struct row row;
    int32_t group_id, person_id, group_role_id, group_type_id, group_order;
    int64_t added_at, inactive_at, archived_at;
    int8_t status; /* enum member_status */
    bool is_archived;
};
struct location {
    struct row row;
    const char *street1, *street2, *city, *county, *state, *postal_code, *country;
    bool is_active;
};
struct group_location {
    struct row row;
    int32_t group_id, location_id, type_id, order;
    bool is_mailing, is_mapped;
};
struct following {
    struct row row;
    int32_t entity_type_id, entity_id, person_alias_id;
    const char *purpose_key;
};
struct attribute {
    struct row row;
    int32_t entity_type_id, field_type_id, order;
    const char *key, *name, *default_value, *qualifier_column, *qualifier_value;
};
struct attribute_value {
    struct row row;
    int32_t attribute_id, entity_id;
    const char *value;
};

/* Ids of the rows that every church has; filled by church_new. */
struct church_known {
    int32_t person_type, alias_type, group_entity_type, member_entity_type, following_type,
        preference_type, value_type;
    int32_t phone_types, mobile, home_phone, work_phone, other_phone;
    int32_t titles, suffixes, home_address, work_address, previous_address;
    int32_t active_record, inactive_record, pending_record;
    int32_t person_record, business_record, nameless_record, rest_record;
    int32_t family, unit, security_role, small_group, serving_team,
        unit_child; /* group types; unit_child inherits unit */
    int32_t adult, child, unit_leader, unit_staff, security_member, small_leader, small_member,
        team_leader, team_member;
    int32_t employer, position;                     /* attributes */
    int32_t country_codes, match_rule, format_rule; /* a defined type; attributes of its values */
    int32_t pref_following, pref_staff,
        pref_groups;        /* attributes of the old preference store; 0 when absent */
    int32_t eligible_group; /* group whose active members are the users */
    int32_t campus;
};

/* What a user chose; belongs to the person, not to the address. */
struct choice {
    int32_t person_id;
    bool follow, staff;
    struct guid *groups; /* in the church's arena */
    size_t n_groups;
};

struct church_index {
    size_t offset;
    uint32_t built; /* table version it was built for; 0 = never */
    uint32_t mask, *heads, *next;
};

struct table {
    void *rows;
    size_t n, cap, row_size;
    int32_t next_id;
    uint32_t version; /* moves with every change; starts at 1 */
    struct church_index index[CHURCH_INDEXES];
    size_t n_index;
};

struct church {
    struct table table[TABLE_COUNT];
    struct arena *arena;
    struct church_known known;
    const char *domain; /* mail domain of the users */
    int64_t now;        /* ticks; each change moves it a little */
    uint64_t rng;
    vec(struct choice) choices;
};

/* A church with lookup rows (types, defined values, attributes, the eligible group) and nobody in
 * it. */
struct church *church_new(uint64_t seed, const char *domain);
void church_free(struct church *c); /* NULL is fine */
CLEANUP_DEFINE(struct church, church_free);

/* Adds a zeroed row with next Id, a Guid from the seed, created and modified now. Valid until the
 * next add. */
void *church_add(struct church *c, enum table_id t);
void *
church_row(const struct church *c, enum table_id t, int32_t id); /* NULL when absent or deleted */
void *church_by_guid(const struct church *c, enum table_id t, const char *guid);
/* Next live row (by Id) after prev whose int column at offset equals key; prev NULL = the first. */
void *church_find(struct church *c, enum table_id t, size_t offset, int32_t key, const void *prev);
void *
church_next(const struct church *c, enum table_id t, const void *prev); /* next live row, any key */
/* To be called after a row's columns changed: stamps ModifiedDateTime and voids the indexes. */
void church_touch(struct church *c, enum table_id t, void *row);
void church_delete(struct church *c, enum table_id t, void *row);
/* For fixed well-known Guids. */
void church_set_guid(void *row, const char *guid);
uint64_t church_random(struct church *c);                /* 64 bits, from the seed */
uint32_t church_below(struct church *c, uint32_t bound); /* 0..bound-1 */
const char *church_text(struct church *c,
                        const char *s); /* copy that lives as long as the church */

/* for (struct group *g = NULL; (g = church_next(c, TABLE_GROUP, g));) */
#define church_each(c, t, var) while (((var) = church_next((c), (t), (var))))
#define church_each_by(c, t, type, column, key, var)                                               \
    while (((var) = church_find((c), (t), offsetof(struct type, column), (key), (var))))

#endif
