/* Families, their people and businesses. */
#include <string.h>

#include "tests/sim/rock/generate_p.h"

int32_t gen_group(struct gen *g, int32_t type, int32_t parent, const char *name)
{
    struct group *gr = church_add(g->c, TABLE_GROUP);
    gr->group_type_id = type;
    gr->parent_group_id = parent;
    gr->campus_id = gen_pct(g, 50) ? g->c->known.campus : NULL_INT;
    gr->name = name;
    gr->inactive_at = gr->archived_at = NULL_TICKS;
    gr->is_active = true;
    gr->is_security_role = type == g->c->known.security_role;
    return gr->row.id;
}

void gen_member(struct gen *g, int32_t group_id, int32_t person_id, int32_t role_id)
{
    struct church *c = g->c;
    const struct group *gr = church_row(c, TABLE_GROUP, group_id);
    int32_t type = gr->group_type_id;
    struct group_member *m = church_add(c, TABLE_GROUP_MEMBER);
    m->group_id = group_id;
    m->person_id = person_id;
    m->group_role_id = role_id;
    m->group_type_id = type;
    m->group_order = NULL_INT;
    m->status = MEMBER_ACTIVE;
    m->added_at = m->row.created;
    m->inactive_at = m->archived_at = NULL_TICKS;
    if (gen_pct(g, 4))
        m->row.modified = NULL_TICKS;
}

static void set_dates(struct gen *g, struct person *p, bool adult)
{
    struct church *c = g->c;
    p->birth_day = p->birth_month = p->birth_year = NULL_INT;
    p->anniversary = p->deceased_date = NULL_TICKS;
    if (gen_pct(g, 75)) {
        p->birth_day = 1 + (int32_t)church_below(c, 28);
        p->birth_month = 1 + (int32_t)church_below(c, 12);
        if (gen_pct(g, 85))
            p->birth_year =
                adult ? 1935 + (int32_t)church_below(c, 70) : 2009 + (int32_t)church_below(c, 16);
    }
    if (gen_pct(g, 2)) { /* 29 February, half of them without or in the wrong year */
        p->birth_day = 29;
        p->birth_month = 2;
        p->birth_year = gen_pct(g, 50) ? 1984 : gen_pct(g, 50) ? 1985 : NULL_INT;
    }
    if (gen_pct(g, 2))
        p->birth_day = NULL_INT; /* month and year only */
    if (adult && gen_pct(g, 30))
        p->anniversary = (INT64_C(715000) + church_below(c, 22000)) * TICKS_DAY;
}

static void set_email(struct gen *g, struct person *p, const char *family_email)
{
    struct church *c = g->c;
    p->is_email_active = !gen_pct(g, 4);
    if (family_email && gen_pct(g, 30))
        p->email = family_email;
    else if (gen_pct(g, 82))
        p->email = arena_printf(c->arena, "member%d@example.org", p->row.id);
    else if (gen_pct(g, 20))
        p->email = gen_pct(g, 50) ? "" : "  ";
    else if (gen_pct(g, 10))
        p->email = arena_printf(c->arena, " Member%d@Example.ORG ", p->row.id);
}

static void set_names(struct gen *g, struct person *p, const char *family_name)
{
    const struct odd_name *odd = NULL;
    if (g->odd_used < names_odd_count && gen_pct(g, 20))
        odd = &names_odd[g->odd_used++];
    else if (gen_pct(g, 3))
        odd = &names_odd[church_below(g->c, (uint32_t)names_odd_count)];
    p->first_name = odd ? odd->first : gen_pick(g, &names_first);
    p->nick_name = gen_pct(g, 12) ? gen_pick(g, &names_first) : p->first_name;
    if (gen_pct(g, 3))
        p->nick_name = gen_pct(g, 50) ? NULL : "";
    p->last_name = odd ? odd->last : family_name;
    if (gen_pct(g, 30))
        p->middle_name = gen_pick(g, &names_first);
    else if (gen_pct(g, 20))
        p->middle_name = "";
}

/* Values of one defined type lie side by side; first and n come from the lookups. */
static int32_t some_value(struct gen *g, int32_t defined_type)
{
    int32_t ids[16];
    uint32_t n = 0;
    struct defined_value *v = NULL;
    church_each_by(g->c, TABLE_DEFINED_VALUE, defined_value, defined_type_id, defined_type,
                   v) if (n < 16) ids[n++] = v->row.id;
    return n ? ids[church_below(g->c, n)] : NULL_INT;
}

static void set_status(struct gen *g, struct person *p, bool adult)
{
    const struct church_known *k = &g->c->known;
    p->record_type_id = k->person_record;
    p->record_status_id = gen_pct(g, 6)   ? k->inactive_record
                          : gen_pct(g, 1) ? k->pending_record
                                          : k->active_record;
    p->connection_status_id = p->marital_status_id = NULL_INT;
    p->title_id = adult && gen_pct(g, 10) ? some_value(g, k->titles) : NULL_INT;
    p->suffix_id = adult && gen_pct(g, 5) ? some_value(g, k->suffixes) : NULL_INT;
    p->primary_campus_id = k->campus;
    p->gender = (int8_t)church_below(g->c, 3);
    p->communication_preference = 1;
    p->age_classification = gen_pct(g, 3) ? 0 : adult ? 1 : 2;
    p->is_deceased = gen_pct(g, 2);
    if (p->is_deceased && gen_pct(g, 70))
        p->deceased_date = INT64_C(739000) * TICKS_DAY;
}

static void add_alias(struct gen *g, int32_t person_id)
{
    struct church *c = g->c;
    struct person_alias *a = church_add(c, TABLE_PERSON_ALIAS);
    int32_t alias_id = a->row.id;
    struct person *p = church_row(c, TABLE_PERSON, person_id);
    a->person_id = a->alias_person_id = person_id;
    a->alias_person_guid = p->row.guid;
    p->primary_alias_id = alias_id;
}

static void add_photo(struct gen *g, int32_t person_id)
{
    struct church *c = g->c;
    struct binary_file *f = church_add(c, TABLE_BINARY_FILE);
    f->file_name = "photo.jpg";
    f->mime_type = "image/jpeg";
    f->file_size = 700 + (int32_t)church_below(c, 9000);
    ((struct person *)church_row(c, TABLE_PERSON, person_id))->photo_id = f->row.id;
}

static void add_work(struct gen *g, int32_t person_id)
{
    struct church *c = g->c;
    const struct {
        int32_t attribute;
        const struct names *from;
    } kinds[] = {{c->known.employer, &names_employer}, {c->known.position, &names_job}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!gen_pct(g, 22))
            continue;
        struct attribute_value *v = church_add(c, TABLE_ATTRIBUTE_VALUE);
        v->attribute_id = kinds[i].attribute;
        v->entity_id = person_id;
        v->value = gen_pct(g, 5) ? "" : gen_pick(g, kinds[i].from);
    }
}

static struct person *
add_person(struct gen *g, int32_t family_id, const char *last, const char *email, bool adult)
{
    struct person *p = church_add(g->c, TABLE_PERSON);
    p->primary_family_id = family_id;
    p->photo_id = NULL_INT;
    set_status(g, p, adult);
    set_names(g, p, last);
    set_dates(g, p, adult);
    set_email(g, p, email);
    if (gen_pct(g, 4))
        p->row.modified = NULL_TICKS;
    int32_t id = p->row.id;
    add_alias(g, id);
    if (gen_pct(g, 20))
        add_photo(g, id);
    gen_member(g, family_id, id, adult ? g->c->known.adult : g->c->known.child);
    gen_phones(g, id, adult);
    if (adult)
        add_work(g, id);
    vec_push(&g->everyone, id);
    p = church_row(g->c, TABLE_PERSON, id);
    if (adult && !p->is_deceased)
        vec_push(&g->adults, id);
    return p;
}

static void add_business(struct gen *g)
{
    struct church *c = g->c;
    const char *name = arena_printf(c->arena, "%s %s", gen_pick(g, &names_last),
                                    gen_pct(g, 50) ? "& Sons, Inc." : "GmbH");
    int32_t family =
        gen_group(g, c->known.family, NULL_INT, arena_printf(c->arena, "%s Business", name));
    gen_addresses(g, family, true);
    struct person *p = church_add(c, TABLE_PERSON);
    p->record_type_id = c->known.business_record;
    p->record_status_id = c->known.active_record;
    p->connection_status_id = p->marital_status_id = p->title_id = p->suffix_id = p->photo_id =
        NULL_INT;
    p->birth_day = p->birth_month = p->birth_year = p->primary_campus_id = NULL_INT;
    p->anniversary = p->deceased_date = NULL_TICKS;
    p->primary_family_id = family;
    p->last_name = name;
    p->email = arena_printf(c->arena, "office%d@example.org", p->row.id);
    p->is_email_active = true;
    int32_t id = p->row.id;
    add_alias(g, id);
    gen_member(g, family, id, c->known.adult);
    gen_phones(g, id, true);
    vec_push(&g->everyone, id);
}

/* A child that also lives with another family: GroupOrder says which one comes first. */
static void add_second_home(struct gen *g, int32_t family_id, int32_t person_id)
{
    struct group_member *m = NULL;
    gen_member(g, family_id, person_id, g->c->known.child);
    struct table *members = &g->c->table[TABLE_GROUP_MEMBER];
    m = (struct group_member *)members->rows + (members->n - 1);
    m->group_order = gen_pct(g, 50) ? 0 : gen_pct(g, 50) ? 1 : NULL_INT;
}

static void add_family(struct gen *g)
{
    struct church *c = g->c;
    const char *last = gen_pick(g, &names_last), *email = NULL;
    int32_t family =
        gen_group(g, c->known.family, NULL_INT, arena_printf(c->arena, "%s Family", last));
    gen_addresses(g, family, false);
    uint32_t adults = 1 + gen_pct(g, 60), children = gen_pct(g, 40) ? 1 + church_below(c, 4) : 0;
    for (uint32_t i = 0; i < adults; i++)
        email = add_person(g, family, last, email, true)->email;
    for (uint32_t i = 0; i < children; i++)
        add_person(g, family, last, email, false);
    if (gen_pct(g, 4) && g->everyone.n > 20)
        add_second_home(g, family, g->everyone.v[church_below(c, (uint32_t)g->everyone.n - 12)]);
}

void gen_people(struct gen *g, uint32_t count)
{
    while (g->everyone.n < count) {
        if (gen_pct(g, 3))
            add_business(g);
        else
            add_family(g);
    }
}
