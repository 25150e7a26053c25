/*
 * sim_rock_support: small churches by hand, and requests without sockets, for the tests of the Rock
 * simulator.
 */
#ifndef SYNC_TESTS_UNIT_SIM_ROCK_SUPPORT_H
#define SYNC_TESTS_UNIT_SIM_ROCK_SUPPORT_H

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/rock/api.h"
#include "tests/sim/rock/church.h"
#include "tests/sim/rock/mutate.h"

#define A_TOKEN "key"

static inline struct church *a_church(void)
{
    return church_new(1, "church.example");
}

static inline int32_t a_group(struct church *c, int32_t type, const char *name)
{
    struct group *g = church_add(c, TABLE_GROUP);
    g->group_type_id = type;
    g->parent_group_id = g->campus_id = NULL_INT;
    g->inactive_at = g->archived_at = NULL_TICKS;
    g->name = name;
    g->is_active = true;
    return g->row.id;
}

static inline struct group_member *a_member(struct church *c, int32_t group, int32_t person)
{
    int32_t type = ((struct group *)church_row(c, TABLE_GROUP, group))->group_type_id;
    struct group_member *m = church_add(c, TABLE_GROUP_MEMBER);
    m->group_id = group;
    m->person_id = person;
    m->group_role_id = c->known.small_member;
    m->group_type_id = type;
    m->group_order = NULL_INT;
    m->status = MEMBER_ACTIVE;
    m->added_at = m->inactive_at = m->archived_at = NULL_TICKS;
    return m;
}

/* With an alias and a family of their own. */
static inline int32_t a_person(struct church *c, const char *first, const char *last)
{
    int32_t family = a_group(c, c->known.family, "Family");
    struct person *p = church_add(c, TABLE_PERSON);
    p->record_type_id = c->known.person_record;
    p->record_status_id = c->known.active_record;
    p->connection_status_id = p->marital_status_id = p->title_id = p->suffix_id = p->photo_id =
        NULL_INT;
    p->birth_day = p->birth_month = p->birth_year = p->primary_campus_id = NULL_INT;
    p->anniversary = p->deceased_date = NULL_TICKS;
    p->primary_family_id = family;
    p->first_name = p->nick_name = first;
    p->last_name = last;
    p->is_email_active = true;
    int32_t id = p->row.id;
    struct guid guid = p->row.guid;
    struct person_alias *a = church_add(c, TABLE_PERSON_ALIAS);
    a->person_id = a->alias_person_id = id;
    a->alias_person_guid = guid;
    p->primary_alias_id = a->row.id;
    a_member(c, family, id)->group_role_id = c->known.adult;
    return id;
}

static inline struct person *person_of(struct church *c, int32_t id)
{
    return church_row(c, TABLE_PERSON, id);
}

static inline struct phone_number *
a_phone(struct church *c, int32_t person, int32_t type, const char *number)
{
    struct phone_number *p = church_add(c, TABLE_PHONE_NUMBER);
    p->person_id = person;
    p->type_id = type;
    p->country_code = "1";
    p->number = number;
    return p;
}

static inline struct location *
an_address(struct church *c, int32_t family, int32_t type, const char *street)
{
    struct location *l = church_add(c, TABLE_LOCATION);
    l->street1 = street;
    l->is_active = true;
    struct group_location *gl = church_add(c, TABLE_GROUP_LOCATION);
    gl->group_id = family;
    gl->location_id = l->row.id;
    gl->type_id = type;
    return l;
}

/* Somebody whose mailbox is judged, without choices. */
static inline int32_t a_user(struct church *c, const char *first, const char *email)
{
    int32_t id = a_person(c, first, "User");
    person_of(c, id)->email = email;
    a_member(c, c->known.eligible_group, id);
    return id;
}

static inline void chooses(struct church *c, int32_t user, bool follow, bool staff, int32_t group)
{
    struct guid guid = {{0}};
    if (group)
        guid = ((struct group *)church_row(c, TABLE_GROUP, group))->row.guid;
    struct choice ch = {user, follow, staff, &guid, group ? 1 : 0};
    mutate_choice(c, &ch);
}

/* Percent-encodes blanks, quotes and what is not ASCII. */
static inline void url_encode(const char *s, char *out, size_t size)
{
    size_t n = 0;
    for (; *s && n + 4 < size; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch <= ' ' || ch == '"' || ch == '\'' || ch >= 0x7f)
            n += (size_t)snprintf(out + n, size - n, "%%%02X", ch);
        else
            out[n++] = *s;
    }
    out[n] = '\0';
}

/* GET with the right key; target is encoded here. The caller releases ret->body. */
static inline void api_get(struct api *api, const char *target, struct api_answer *ret)
{
    char encoded[8192];
    url_encode(target, encoded, sizeof(encoded));
    struct api_request req = {"GET", encoded, A_TOKEN, ""};
    api_handle(api, &req, ret);
}

/* One column of a list answer, joined by commas: "Ann,Bob"; "status 400: message" for a refusal.
 * malloc'd. */
static inline char *api_column(struct api *api, const char *target, const char *column)
{
    struct api_answer a;
    struct str out;
    str_init(&out, 1 << 20);
    api_get(api, target, &a);
    json_t *doc = a.body.n ? json_loads(a.body.p, 0, NULL) : NULL;
    if (a.status != 200)
        str_addf(&out, "status %d: %s", a.status,
                 json_string_value(json_object_get(doc, "Message")));
    for (size_t i = 0; i < json_array_size(doc); i++) {
        const json_t *v = json_object_get(json_array_get(doc, i), column);
        if (i)
            str_putc(&out, ',');
        if (json_is_integer(v))
            str_addf(&out, "%d", (int)json_integer_value(v));
        else
            str_puts(&out, json_is_string(v) ? json_string_value(v) : "null");
    }
    json_decref(doc);
    str_release(&a.body);
    str_puts(&out, "");
    return out.n ? str_steal(&out) : xstrdup("");
}

#endif
