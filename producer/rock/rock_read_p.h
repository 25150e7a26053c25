/*
 * rock_read_p: one reading of Rock, stage by stage.
 *
 *   server      ids that differ from server to server (types, roles, attributes); how numbers are
 *               formatted
 *   groups      eligible, chosen and staff groups, then their active members
 *   followings  of those eligible people who were asked for; followed aliases become people
 *   people      the union of all, once; merged ones lead to their survivors; keys
 *   details     employer, position, opt-out, attributes asked for, families, addresses
 *   build       the directory
 *
 * A struct rock_read is zeroed, opened, filled by the stages in this order and released. Each stage
 * fails with one line for people.
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_READ_P_H
#define SYNC_PRODUCER_ROCK_ROCK_READ_P_H

#include "common/base/arena.h"

#include "common/port/directory_source.h"
#include "producer/rock/rock_decode_person.h"
#include "producer/rock/rock_fetch.h"
#include "producer/rock/rock_format.h"
#include "producer/rock/rock_ids.h"
#include "producer/rock/rock_table.h"

struct rock_photos;

/* Rows of the last snapshot that was whole: a table that was full and is empty fails the next. */
struct rock_counts {
    size_t followings, values, places, phones;
};

struct rock_source {
    struct directory_source base;
    struct loop *l;
    struct rock_fetch *fetch;
    struct rock_photos *photos;
    char *opt_out; /* key of the opt-out attribute; "" = none */
    char *default_country;
    struct rock_counts last;
};

struct rock_asked {              /* an attribute of the request; in its order */
    int64_t id;                  /* 0: Rock has none with this key */
    const char *key, *otherwise; /* as Rock writes it; its default value */
};

struct rock_server { /* Ids on this server; 0 = not there */
    int64_t person_entity, alias_entity, value_entity;
    int64_t unit_type, family_type, security_type, child_role;
    int64_t phone_kinds, country_codes; /* defined types */
    int64_t home_place, work_place, business;
    int64_t employer, position, opt_out; /* attributes */
    vec(struct rock_phone_type) phone_types;
    vec(struct rock_asked) asked;
    struct rock_formats *formats; /* NULL: none */
};

struct rock_follow {       /* one following, plain, of somebody asked for */
    int64_t follower;      /* Person.Id */
    int64_t alias, person; /* who is followed; person 0 until the alias is resolved */
};

struct rock_origin { /* alias by the person it was made for */
    int64_t of;
    int64_t person; /* who has it now; another than `of` after a merge */
    int64_t alias;
    struct guid guid;
};

struct rock_family { /* a person in a family */
    int64_t person, order, row, group, role;
};

struct rock_read {
    struct rock_source *s;
    struct rock_fetch *f;
    const struct source_request *rq;
    struct arena *keep; /* of the directory to be */
    struct rock_server server;
    vec(struct rock_group) groups;          /* ascending Guids */
    vec(struct rock_member) members;        /* active; ascending (group, person) */
    struct rock_ids eligible, staff_groups; /* people; groups */
    struct rock_ids followers;              /* eligible people whose followings were asked for */
    vec(struct rock_follow) follows;        /* ascending follower */
    vec(struct rock_alias) aliases;         /* ascending id; those that were needed */
    vec(struct rock_origin) origins;        /* ascending of; those that were needed */
    struct rock_ids wanted;                 /* people of the snapshot, as memberships name them */
    struct rock_ids opted_out;              /* everybody who did, where that was asked for */
    vec(struct dir_former) former;          /* likewise; ascending by was */
    vec(struct rock_person) people;         /* ascending id */
    vec(struct rock_family) families;       /* ascending (person, order, row) */
    vec(struct rock_place) places;          /* ascending (group, type, id) */
    struct rock_counts counts;
};

void rock_read_release(struct rock_read *r);
CLEANUP_VALUE(struct rock_read, rock_read_release);

int rock_read_server(struct rock_read *r, struct err *err) must_check;
/* The church's rules for phone numbers; a Rock without any is fine. */
int rock_read_formats(struct rock_read *r, struct err *err) must_check;
/* Eligible group (must be there, active, not archived), chosen ones, staff; then members. */
int rock_read_groups(struct rock_read *r, struct err *err) must_check;
int rock_read_members(struct rock_read *r, struct err *err) must_check;
const struct rock_group *rock_find_group(const struct rock_read *r, const struct guid *guid);
/* Whether people of this group may be synced: not for security roles and families. */
bool rock_group_usable(const struct rock_read *r, const struct rock_group *g);
int rock_read_followings(struct rock_read *r, struct err *err) must_check;
int rock_read_people(struct rock_read *r, struct err *err) must_check;
/* The person's key goes into p.key. */
int rock_read_keys(struct rock_read *r, struct err *err) must_check;
int rock_read_details(struct rock_read *r, struct err *err) must_check;
int rock_read_opted_out(struct rock_read *r, struct err *err) must_check;
int rock_read_former(struct rock_read *r, struct err *err) must_check;
/* Values of the attributes of the request. */
int rock_read_asked(struct rock_read *r, const struct rock_ids *people, struct err *err) must_check;
int rock_build(struct rock_read *r, int64_t read_at_ms, struct directory **ret, struct err *err)
    must_check;

/* Parts of stages that resolve and old_prefs use as well. */
int rock_read_aliases(struct rock_read *r, const struct rock_ids *ids, struct err *err) must_check;
int rock_read_origins(struct rock_read *r, const struct rock_ids *of, struct err *err) must_check;
const struct rock_alias *rock_find_alias(const struct rock_read *r, int64_t id);
const struct rock_origin *rock_find_origin(const struct rock_read *r, int64_t of);
struct rock_person *rock_find_person(const struct rock_read *r, int64_t id);
/* The person whom an id of the memberships means now: itself, or the survivor of a merge; NULL when
 * there is none. */
struct rock_person *rock_person_now(const struct rock_read *r, int64_t id);

/*
 * Fails when a list that had `before` rows has none now and Rock shows no row of it at all: then it
 * is not the data that changed. One user's empty list is data.
 */
int rock_confirm_empty(struct rock_read *r,
                       const struct rock_list *list,
                       size_t now,
                       size_t before,
                       struct err *err) must_check;
struct rock_progress rock_progress_of(const struct rock_read *r, const char *what, size_t of);

/* The port's other two calls. */
int rock_resolve(struct rock_read *r,
                 const struct guid *keys,
                 size_t n,
                 struct source_resolved *ret,
                 struct err *err) must_check;
int rock_old_prefs(struct rock_read *r,
                   struct arena *a,
                   struct source_old_prefs **ret,
                   size_t *n,
                   struct err *err) must_check;

#endif
