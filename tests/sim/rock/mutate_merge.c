/*
 * Merging and deleting people. The merge follows spCrm_PersonMerge as reference/rock.md section 6
 * tells it, together with what Rock's merge page does right before it: copy the numbers that the
 * winner lacks, save the winner.
 */
#include "tests/sim/rock/mutate.h"
#include "tests/sim/rock/mutate_p.h"

/* Archived memberships count here: a survivor who has only an archived one loses the loser's, as
 * Rock really does. */
static bool has_membership(struct church *c, int32_t person_id, int32_t group_id, int32_t role_id)
{
    struct group_member *m = NULL;
    church_each_by(c, TABLE_GROUP_MEMBER, group_member, person_id, person_id, m)
    {
        if (m->group_id == group_id && m->group_role_id == role_id)
            return true;
    }
    return false;
}

static void merge_memberships(struct church *c, int32_t loser, int32_t winner)
{
    struct group_member *m = NULL;
    while ((m = church_find(c, TABLE_GROUP_MEMBER, offsetof(struct group_member, person_id), loser,
                            NULL))) {
        if (has_membership(c, winner, m->group_id, m->group_role_id)) {
            church_delete(c, TABLE_GROUP_MEMBER, m);
        } else {
            m->person_id = winner;
            church_touch(c, TABLE_GROUP_MEMBER, m);
        }
    }
}

static bool has_phone_type(struct church *c, int32_t person_id, int32_t type_id)
{
    struct phone_number *p = NULL;
    church_each_by(c, TABLE_PHONE_NUMBER, phone_number, person_id, person_id, p)
    {
        if (p->type_id == type_id)
            return true;
    }
    return false;
}

static void merge_phones(struct church *c, int32_t loser, int32_t winner)
{
    struct phone_number *p = NULL;
    while ((p = church_find(c, TABLE_PHONE_NUMBER, offsetof(struct phone_number, person_id), loser,
                            NULL))) {
        if (!has_phone_type(c, winner, p->type_id)) {
            struct phone_number copy = *p;
            struct phone_number *added = church_add(c, TABLE_PHONE_NUMBER);
            copy.row = added->row;
            copy.person_id = winner;
            *added = copy;
            p = church_find(c, TABLE_PHONE_NUMBER, offsetof(struct phone_number, person_id), loser,
                            NULL);
        }
        church_delete(c, TABLE_PHONE_NUMBER, p);
    }
}

static void merge_values(struct church *c, int32_t loser, int32_t winner)
{
    struct attribute_value *v = NULL;
    while ((v = church_find(c, TABLE_ATTRIBUTE_VALUE, offsetof(struct attribute_value, entity_id),
                            loser, NULL))) {
        if (mutate_value_of(c, winner, v->attribute_id)) {
            church_delete(c, TABLE_ATTRIBUTE_VALUE, v);
        } else {
            v->entity_id = winner;
            church_touch(c, TABLE_ATTRIBUTE_VALUE, v);
        }
    }
}

static void merge_aliases(struct church *c, int32_t loser, int32_t winner)
{
    struct person_alias *a = NULL;
    while ((a = church_find(c, TABLE_PERSON_ALIAS, offsetof(struct person_alias, person_id), loser,
                            NULL))) {
        a->person_id = winner;
        church_touch(c, TABLE_PERSON_ALIAS, a);
    }
    struct following *f = NULL;
    church_each_by(c, TABLE_FOLLOWING, following, entity_id, loser, f)
    {
        if (f->entity_type_id == c->known.person_type) {
            f->entity_id = winner;
            church_touch(c, TABLE_FOLLOWING, f);
            f = NULL; /* the chain changed under us */
        }
    }
}

/* A merged user's choices: the survivor's count, else the loser's become the survivor's. */
static void merge_choices(struct church *c, int32_t loser, int32_t winner)
{
    bool has = mutate_find_choice(c, winner) != NULL;
    for (size_t i = 0; i < c->choices.n; i++) {
        if (c->choices.v[i].person_id != loser)
            continue;
        if (has)
            vec_remove(&c->choices, i);
        else
            c->choices.v[i].person_id = winner;
        return;
    }
}

bool mutate_merge(struct church *c, int32_t loser_id, int32_t winner_id)
{
    struct person *loser = church_row(c, TABLE_PERSON, loser_id);
    struct person *winner = church_row(c, TABLE_PERSON, winner_id);
    if (!loser || !winner || loser == winner)
        return false;
    merge_memberships(c, loser_id, winner_id);
    merge_phones(c, loser_id, winner_id);
    merge_values(c, loser_id, winner_id);
    merge_aliases(c, loser_id, winner_id);
    merge_choices(c, loser_id, winner_id);
    church_delete(c, TABLE_PERSON, loser);
    church_touch(c, TABLE_PERSON, winner);
    return true;
}

static void delete_all(struct church *c, enum table_id t, size_t offset, int32_t key)
{
    for (void *r = NULL; (r = church_find(c, t, offset, key, NULL));)
        church_delete(c, t, r);
}

static void delete_followings(struct church *c, int32_t alias_id)
{
    delete_all(c, TABLE_FOLLOWING, offsetof(struct following, person_alias_id), alias_id);
    struct following *f = NULL;
    church_each_by(c, TABLE_FOLLOWING, following, entity_id, alias_id, f)
    {
        if (f->entity_type_id == c->known.alias_type)
            church_delete(c, TABLE_FOLLOWING, f);
    }
}

bool mutate_delete_person(struct church *c, int32_t person_id)
{
    struct person *p = church_row(c, TABLE_PERSON, person_id);
    if (!p)
        return false;
    struct person_alias *a = NULL;
    while ((a = church_find(c, TABLE_PERSON_ALIAS, offsetof(struct person_alias, person_id),
                            person_id, NULL))) {
        delete_followings(c, a->row.id);
        church_delete(c, TABLE_PERSON_ALIAS, a);
    }
    delete_all(c, TABLE_GROUP_MEMBER, offsetof(struct group_member, person_id), person_id);
    delete_all(c, TABLE_PHONE_NUMBER, offsetof(struct phone_number, person_id), person_id);
    delete_all(c, TABLE_ATTRIBUTE_VALUE, offsetof(struct attribute_value, entity_id), person_id);
    for (size_t i = 0; i < c->choices.n; i++) {
        if (c->choices.v[i].person_id == person_id) {
            vec_remove(&c->choices, i);
            break;
        }
    }
    church_delete(c, TABLE_PERSON, p);
    return true;
}
