#include "tests/sim/rock/mutate.h"

#include <string.h>

#include "tests/sim/rock/mutate_p.h"

static struct person *person_row(const struct church *c, int32_t id)
{
    return church_row(c, TABLE_PERSON, id);
}

static struct phone_number *phone_of(struct church *c, int32_t person_id, int32_t type_id)
{
    struct phone_number *p = NULL;
    church_each_by(c, TABLE_PHONE_NUMBER, phone_number, person_id, person_id, p)
    {
        if (p->type_id == type_id)
            return p;
    }
    return NULL;
}

int32_t mutate_set_phone(struct church *c, int32_t person_id, int32_t type_id, const char *digits)
{
    if (!person_row(c, person_id))
        return 0;
    struct phone_number *p = phone_of(c, person_id, type_id);
    if (!p) {
        p = church_add(c, TABLE_PHONE_NUMBER);
        p->person_id = person_id;
        p->type_id = type_id;
    }
    p->country_code = "1";
    p->number = church_text(c, digits);
    p->formatted = strlen(digits) == 10
                       ? arena_printf(c->arena, "(%.3s) %.3s-%s", digits, digits + 3, digits + 6)
                       : p->number;
    church_touch(c, TABLE_PHONE_NUMBER, p);
    church_touch(c, TABLE_PERSON, person_row(c, person_id));
    return p->row.id;
}

bool mutate_clear_phone(struct church *c, int32_t person_id, int32_t type_id)
{
    struct person *person = person_row(c, person_id);
    struct phone_number *p = person ? phone_of(c, person_id, type_id) : NULL;
    if (!p)
        return false;
    church_delete(c, TABLE_PHONE_NUMBER, p);
    church_touch(c, TABLE_PERSON, person);
    return true;
}

static int32_t member_role(const struct church *c, int32_t group_type_id)
{
    int32_t first = NULL_INT;
    struct group_type_role *r = NULL;
    church_each(c, TABLE_GROUP_TYPE_ROLE, r)
    {
        if (r->group_type_id != group_type_id)
            continue;
        if (!r->is_leader)
            return r->row.id;
        if (first == NULL_INT)
            first = r->row.id;
    }
    return first;
}

bool mutate_join(struct church *c, int32_t group_id, int32_t person_id)
{
    const struct group *g = church_row(c, TABLE_GROUP, group_id);
    if (!g || !person_row(c, person_id))
        return false;
    int32_t role = member_role(c, g->group_type_id);
    struct group_member *m = NULL;
    church_each_by(c, TABLE_GROUP_MEMBER, group_member, person_id, person_id, m)
    {
        if (m->group_id == group_id && m->status == MEMBER_ACTIVE && !m->is_archived)
            return false;
        if (m->group_id == group_id && m->group_role_id == role)
            break; /* comes back */
    }
    if (!m) {
        m = church_add(c, TABLE_GROUP_MEMBER);
        m->group_id = group_id;
        m->person_id = person_id;
        m->group_role_id = role;
        m->group_type_id = g->group_type_id;
        m->group_order = NULL_INT;
        m->added_at = m->row.created;
    }
    m->status = MEMBER_ACTIVE;
    m->is_archived = false;
    m->inactive_at = m->archived_at = NULL_TICKS;
    church_touch(c, TABLE_GROUP_MEMBER, m);
    return true;
}

bool mutate_leave(struct church *c, int32_t group_id, int32_t person_id, enum leave_how how)
{
    bool any = false;
    struct group_member *m = NULL;
    church_each_by(c, TABLE_GROUP_MEMBER, group_member, person_id, person_id, m)
    {
        if (m->group_id != group_id || m->is_archived || m->status != MEMBER_ACTIVE)
            continue;
        any = true;
        if (how == LEAVE_DELETE) {
            church_delete(c, TABLE_GROUP_MEMBER, m);
            continue;
        }
        m->is_archived = how == LEAVE_ARCHIVE;
        m->archived_at = m->is_archived ? c->now : NULL_TICKS;
        m->status = how == LEAVE_INACTIVE ? MEMBER_INACTIVE : m->status;
        church_touch(c, TABLE_GROUP_MEMBER, m);
    }
    return any;
}

bool mutate_follow(struct church *c, int32_t follower_id, int32_t person_id)
{
    const struct person *follower = person_row(c, follower_id), *p = person_row(c, person_id);
    if (!follower || !p)
        return false;
    struct following *f = church_add(c, TABLE_FOLLOWING);
    f->entity_type_id = c->known.alias_type;
    f->entity_id = p->primary_alias_id;
    f->person_alias_id = follower->primary_alias_id;
    return true;
}

static int32_t alias_owner(const struct church *c, int32_t alias_id)
{
    const struct person_alias *a = church_row(c, TABLE_PERSON_ALIAS, alias_id);
    return a ? a->person_id : 0;
}

bool mutate_unfollow(struct church *c, int32_t follower_id, int32_t person_id)
{
    bool any = false;
    struct following *f = NULL;
    church_each(c, TABLE_FOLLOWING, f)
    {
        int32_t target = f->entity_type_id == c->known.person_type  ? f->entity_id
                         : f->entity_type_id == c->known.alias_type ? alias_owner(c, f->entity_id)
                                                                    : 0;
        if (target != person_id || alias_owner(c, f->person_alias_id) != follower_id)
            continue;
        if (f->purpose_key && *f->purpose_key)
            continue;
        church_delete(c, TABLE_FOLLOWING, f);
        any = true;
    }
    return any;
}

bool mutate_deceased(struct church *c, int32_t person_id, bool is_deceased)
{
    struct person *p = person_row(c, person_id);
    if (!p || p->is_deceased == is_deceased)
        return false;
    p->is_deceased = is_deceased;
    p->deceased_date = is_deceased ? c->now / TICKS_DAY * TICKS_DAY : NULL_TICKS;
    church_touch(c, TABLE_PERSON, p);
    return true;
}

bool mutate_person_text(struct church *c, int32_t person_id, const char *field, const char *value)
{
    struct person *p = person_row(c, person_id);
    if (!p)
        return false;
    const struct {
        const char *field;
        const char **at;
    } columns[] = {{"FirstName", &p->first_name},
                   {"NickName", &p->nick_name},
                   {"MiddleName", &p->middle_name},
                   {"LastName", &p->last_name},
                   {"Email", &p->email}};
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        if (strcmp(columns[i].field, field) == 0) {
            *columns[i].at = church_text(c, value);
            church_touch(c, TABLE_PERSON, p);
            return true;
        }
    }
    return false;
}

struct attribute_value *mutate_value_of(struct church *c, int32_t entity_id, int32_t attribute_id)
{
    struct attribute_value *v = NULL;
    church_each_by(c, TABLE_ATTRIBUTE_VALUE, attribute_value, entity_id, entity_id, v)
    {
        if (v->attribute_id == attribute_id)
            return v;
    }
    return NULL;
}

bool mutate_attribute(struct church *c, int32_t person_id, int32_t attribute_id, const char *value)
{
    if (!person_row(c, person_id) || !church_row(c, TABLE_ATTRIBUTE, attribute_id))
        return false;
    struct attribute_value *v = mutate_value_of(c, person_id, attribute_id);
    if (!value) {
        if (v)
            church_delete(c, TABLE_ATTRIBUTE_VALUE, v);
        return v != NULL;
    }
    if (!v) {
        v = church_add(c, TABLE_ATTRIBUTE_VALUE);
        v->attribute_id = attribute_id;
        v->entity_id = person_id;
    }
    v->value = church_text(c, value);
    church_touch(c, TABLE_ATTRIBUTE_VALUE, v);
    return true;
}

int32_t mutate_photo(
    struct church *c, int32_t person_id, enum picture picture, int32_t bytes, bool needs_login)
{
    if (!person_row(c, person_id))
        return 0;
    struct binary_file *f = church_add(c, TABLE_BINARY_FILE);
    int32_t id = f->row.id;
    f->file_name = "photo.jpg";
    f->mime_type = picture == PICTURE_PNG    ? "image/png"
                   : picture == PICTURE_TEXT ? "application/pdf"
                                             : "image/jpeg";
    f->file_size = bytes;
    f->picture = picture;
    f->needs_login = needs_login;
    struct person *p = church_row(c, TABLE_PERSON, person_id);
    p->photo_id = id;
    church_touch(c, TABLE_PERSON, p);
    return id;
}

bool mutate_no_photo(struct church *c, int32_t person_id)
{
    struct person *p = church_row(c, TABLE_PERSON, person_id);
    if (!p || p->photo_id == NULL_INT)
        return false;
    p->photo_id = NULL_INT;
    church_touch(c, TABLE_PERSON, p);
    return true;
}

bool mutate_lose_photo(struct church *c, int32_t person_id)
{
    const struct person *p = church_row(c, TABLE_PERSON, person_id);
    struct binary_file *f =
        p && p->photo_id != NULL_INT ? church_row(c, TABLE_BINARY_FILE, p->photo_id) : NULL;
    if (!f)
        return false;
    church_delete(c, TABLE_BINARY_FILE, f);
    return true;
}

bool mutate_rename_group(struct church *c, int32_t group_id, const char *name)
{
    struct group *g = church_row(c, TABLE_GROUP, group_id);
    if (!g)
        return false;
    g->name = church_text(c, name);
    church_touch(c, TABLE_GROUP, g);
    return true;
}

bool mutate_group_state(struct church *c, int32_t group_id, bool is_active, bool is_archived)
{
    struct group *g = church_row(c, TABLE_GROUP, group_id);
    if (!g || (g->is_active == is_active && g->is_archived == is_archived))
        return false;
    g->is_active = is_active;
    g->is_archived = is_archived;
    g->inactive_at = is_active ? NULL_TICKS : c->now;
    g->archived_at = is_archived ? c->now : NULL_TICKS;
    church_touch(c, TABLE_GROUP, g);
    return true;
}

const struct choice *mutate_find_choice(const struct church *c, int32_t person_id)
{
    for (size_t i = 0; i < c->choices.n; i++)
        if (c->choices.v[i].person_id == person_id)
            return &c->choices.v[i];
    return NULL;
}

void mutate_choice(struct church *c, const struct choice *choice)
{
    struct choice copy = *choice;
    copy.groups = copy.n_groups ? arena_memdup(c->arena, choice->groups,
                                               choice->n_groups * sizeof(*choice->groups))
                                : NULL;
    vec_foreach (ch, &c->choices) {
        if (ch->person_id == choice->person_id) {
            *ch = copy;
            return;
        }
    }
    vec_push(&c->choices, copy);
}
