/*
 * rock_town: the town of directory_source_contract.h as the rows of a make-believe Rock. Included
 * by the tests that need it.
 */
#include "tests/contract/directory_source_contract.h"
#include "tests/sim/rock/lookups.h"
#include "tests/sim/rock/ticks.h"
#include "tests/unit/sim_rock_support.h"

static int32_t somebody_new(struct church *c, const char *first, const char *last, const char *key)
{
    int32_t id = a_person(c, first, last);
    church_set_guid(church_row(c, TABLE_PERSON_ALIAS, person_of(c, id)->primary_alias_id), key);
    return id;
}

static int32_t some_group(struct church *c, int32_t type, const char *name, const char *guid)
{
    int32_t id = a_group(c, type, name);
    church_set_guid(church_row(c, TABLE_GROUP, id), guid);
    return id;
}

static int32_t value_named(const struct church *c, const char *text)
{
    const struct defined_value *v = NULL;
    church_each(c, TABLE_DEFINED_VALUE, v)
    {
        if (strcmp(v->value, text) == 0)
            return v->row.id;
    }
    return NULL_INT;
}

static void fill_bob(struct church *c, int32_t bob)
{
    struct binary_file *f = church_add(c, TABLE_BINARY_FILE);
    struct person *p = person_of(c, bob);
    p->photo_id = f->row.id;
    p->nick_name = "Bob";
    p->middle_name = "Lee";
    p->suffix_id = value_named(c, "Jr.");
    p->title_id = value_named(c, "Dr.");
    p->email = "bob@example.org";
    p->birth_day = 29;
    p->birth_month = 2;
    p->anniversary = ticks_of_date(2004, 6, 12);
    int32_t family = p->primary_family_id;
    mutate_attribute(c, bob, c->known.employer, "Example Ltd");
    mutate_attribute(c, bob, c->known.position, "Baker");
    struct phone_number *mobile = a_phone(c, bob, c->known.mobile, "6235550101");
    mobile->extension = "114";
    a_phone(c, bob, c->known.home_phone, "6235550102")->is_unlisted = true;
    a_phone(c, bob, c->known.other_phone, "6235550103")->country_code = NULL;
    struct location *l = an_address(c, family, c->known.home_address, "1 Example Way");
    l->city = "Springfield";
    l->postal_code = "85001";
}

static void old_choice(struct church *c, int32_t attribute, int32_t person, const char *value)
{
    struct attribute_value *v = church_add(c, TABLE_ATTRIBUTE_VALUE);
    v->attribute_id = attribute;
    v->entity_id = person;
    v->value = value;
}

static int32_t person_attribute(struct church *c, const char *key)
{
    struct attribute *a = church_add(c, TABLE_ATTRIBUTE);
    a->entity_type_id = c->known.person_type;
    a->key = a->name = key;
    a->qualifier_column = a->qualifier_value = "";
    return a->row.id;
}

static struct church *build_town(void)
{
    struct church *c = a_church();
    church_set_guid(church_row(c, TABLE_GROUP, c->known.eligible_group), ELIGIBLE);
    int32_t ann = somebody_new(c, "Ann", "Adams", ANN), ann2 = somebody_new(c, "Ann", "A.", ANN2);
    int32_t bob = somebody_new(c, "Robert", "O'Hara-Nkemelu", BOB);
    int32_t cid = somebody_new(c, NULL, "Cid's Garage", CID);
    int32_t dee = somebody_new(c, "Dee", "Dunn", DEE);
    int32_t eve = somebody_new(c, "Eve", "Ellis", EVE), eve2 = somebody_new(c, "E.", "E.", EVE2);
    int32_t fay = somebody_new(c, "Fay", "Field", FAY), gus = somebody_new(c, "Gus", "Green", GUS);
    int32_t hal = somebody_new(c, "Hal", "Hill", HAL), pam = somebody_new(c, "Pam", "Price", PAM);
    int32_t unit = some_group(c, c->known.unit, "Unit", UNIT);
    int32_t nested = some_group(c, c->known.unit, "Nested unit", NESTED);
    int32_t idle = some_group(c, c->known.unit, "Idle unit", IDLE_UNIT);
    int32_t inherits = a_group(c, c->known.unit_child, "Campus");
    int32_t choir = some_group(c, c->known.small_group, "Choir, Tuesday", CHOIR);
    int32_t old = some_group(c, c->known.small_group, "Old choir", OLD_CHOIR);
    int32_t crew = some_group(c, c->known.small_group, "Crew", CREW);

    fill_bob(c, bob);
    person_of(c, cid)->record_type_id = c->known.business_record;
    person_of(c, eve)->is_email_active = false;
    mutate_attribute(c, fay, person_attribute(c, "DoNotSync"), " Yes ");
    mutate_attribute(c, bob, person_attribute(c, "OfficePhone"), "623 555 0199");
    ((struct group *)church_row(c, TABLE_GROUP, crew))->is_security_role = true;
    ((struct group *)church_row(c, TABLE_GROUP, nested))->parent_group_id = unit;
    struct group_member *m = NULL; /* Pam is the child of her family */
    church_each_by(c, TABLE_GROUP_MEMBER, group_member, person_id, pam, m) m->group_role_id =
        c->known.child;
    const int32_t members[][2] = {{c->known.eligible_group, ann},
                                  {c->known.eligible_group, fay},
                                  {unit, fay},
                                  {nested, gus},
                                  {nested, fay},
                                  {idle, hal},
                                  {inherits, hal},
                                  {choir, eve},
                                  {choir, bob},
                                  {choir, dee},
                                  {choir, eve},
                                  {choir, pam},
                                  {old, hal},
                                  {crew, hal}};
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        a_member(c, members[i][0], members[i][1]);
    a_member(c, choir, gus)->status = MEMBER_INACTIVE;
    a_member(c, choir, hal)->status = MEMBER_PENDING;
    a_member(c, choir, hal)->is_archived = true;
    const int32_t followed[][2] = {{ann, eve2}, {ann2, bob}, {ann, dee}, {ann, eve},
                                   {ann, cid},  {fay, hal},  {hal, gus}};
    for (size_t i = 0; i < ARRAY_LEN(followed); i++)
        mutate_follow(c, followed[i][0], followed[i][1]);
    mutate_merge(c, eve2, eve);
    mutate_merge(c, ann2, ann);
    mutate_deceased(c, dee, true);
    mutate_group_state(c, idle, false, false);
    mutate_group_state(c, old, false, false);
    lookups_add_preferences(c, 283);
    old_choice(c, c->known.pref_following, ann, "True");
    old_choice(c, c->known.pref_staff, ann, "False");
    old_choice(c, c->known.pref_groups, ann, arena_printf(c->arena, "%d|999999", choir));
    old_choice(c, c->known.pref_staff, hal, "True");
    return c;
}
