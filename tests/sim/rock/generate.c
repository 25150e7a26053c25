#include "tests/sim/rock/generate.h"

#include "tests/sim/rock/generate_p.h"

/* The person behind the REST key, and a nameless record that a text message left. */
static void add_other_records(struct church *c)
{
    const int32_t types[] = {c->known.rest_record, c->known.nameless_record};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct person_alias *a = church_add(c, TABLE_PERSON_ALIAS);
        struct person *p = church_add(c, TABLE_PERSON);
        p->record_type_id = types[i];
        p->record_status_id = c->known.active_record;
        p->connection_status_id = p->marital_status_id = p->title_id = p->suffix_id = p->photo_id =
            NULL_INT;
        p->birth_day = p->birth_month = p->birth_year = NULL_INT;
        p->primary_family_id = p->primary_campus_id = NULL_INT;
        p->anniversary = p->deceased_date = NULL_TICKS;
        p->last_name = i == 0 ? "Contact Sync" : NULL;
        p->is_system = i == 0;
        p->primary_alias_id = a->row.id;
        a->person_id = a->alias_person_id = p->row.id;
        a->alias_person_guid = p->row.guid;
    }
}

/* Stamps inside the hour that occurs twice (1 November 2026), and with every number of fraction
 * digits. */
static void odd_stamps(struct church *c)
{
    static const int64_t fractions[] = {0,       5000000, 1200000, 5170000,
                                        1234000, 9999900, 1234560, 1234567};
    int64_t twice = (INT64_C(739616) + 304) * TICKS_DAY + 90 * 60 * TICKS_SEC;
    size_t i = 0;
    struct person *p = NULL;
    church_each(c, TABLE_PERSON, p)
    {
        if (p->row.modified == NULL_TICKS)
            continue;
        if (i % 7 == 3)
            p->row.modified =
                p->row.modified / TICKS_SEC * TICKS_SEC + fractions[i / 7 % ARRAY_LEN(fractions)];
        if (i % 97 == 11)
            p->row.modified = twice + (int64_t)i * TICKS_SEC / 10;
        i++;
    }
}

struct church *church_generate(const struct church_size *size)
{
    struct church *c = church_new(size->seed, size->domain ? size->domain : "church.example");
    struct gen g = {.c = c};
    if (size->eligible_group)
        church_set_guid(church_row(c, TABLE_GROUP, c->known.eligible_group), size->eligible_group);
    add_other_records(c);
    gen_people(&g, size->people);
    gen_users(&g, size->users);
    gen_units(&g);
    gen_small_groups(&g);
    gen_followings(&g);
    gen_choices(&g);
    gen_merges(&g);
    odd_stamps(c);
    vec_release(&g.everyone);
    vec_release(&g.adults);
    vec_release(&g.users);
    vec_release(&g.small);
    vec_release(&g.idle);
    return c;
}
