#include "tests/sim/rock/lookups.h"

#include <string.h>

#define CORE_ASSEMBLY "Rock, Version=17.7.0.0, Culture=neutral, PublicKeyToken=null"

static const struct {
    const char *name, *friendly, *guid;
    size_t known;
} entity_types[] = {
    {"Rock.Model.Person", "Person", "72657ed8-d16e-492e-ac12-144c5e7567e7",
     offsetof(struct church_known, person_type)},
    {"Rock.Model.PersonAlias", "Person Alias", "90f5e87b-f0d5-4617-8ae9-eb57e673f36f",
     offsetof(struct church_known, alias_type)},
    {"Rock.Model.Group", "Group", "9bbfda11-0d22-40d5-902f-60adfbc88987",
     offsetof(struct church_known, group_entity_type)},
    {"Rock.Model.GroupMember", "Group Member", "49668b95-fedc-43dd-8085-d2b0d6343c48",
     offsetof(struct church_known, member_entity_type)},
    {"Rock.Model.Following", "Following", "d9ad7a30-92f2-467b-a3f9-37ca246f90bd",
     offsetof(struct church_known, following_type)},
    {"Rock.Model.DefinedValue", "Defined Value", "53d4bf38-c49e-4a52-8b0e-5e016fb9574e",
     offsetof(struct church_known, value_type)},
    {"Rock.Model.Person.Value", "Person Value", NULL,
     offsetof(struct church_known, preference_type)},
};

enum {
    PHONE_TYPE,
    PHONE_COUNTRY,
    TITLE,
    SUFFIX,
    ADDRESS_TYPE,
    RECORD_STATUS,
    RECORD_TYPE,
    CONNECTION,
    MARITAL,
    N_TYPES
};
static const struct {
    const char *name, *guid;
} defined_types[N_TYPES] = {
    [PHONE_TYPE] = {"Phone Type", "8345dd45-73c6-4f5e-bebd-b77fc83f18fd"},
    [PHONE_COUNTRY] = {"Phone Country Code", "45e9ef7c-91c7-45ab-92c1-1d6219293847"},
    [TITLE] = {"Title", NULL},
    [SUFFIX] = {"Suffix", NULL},
    [ADDRESS_TYPE] = {"Group Location Type", NULL},
    [RECORD_STATUS] = {"Record Status", NULL},
    [RECORD_TYPE] = {"Record Type", NULL},
    [CONNECTION] = {"Connection Status", NULL},
    [MARITAL] = {"Marital Status", NULL},
};

#define KNOWN(m) (offsetof(struct church_known, m) + 1) /* 0 = not remembered */
static const struct {
    int type;
    const char *value, *guid;
    size_t known;
} defined_values[] = {
    {RECORD_TYPE, "Person", "36cf10d6-c695-413d-8e7c-4546efef385e", KNOWN(person_record)},
    {RECORD_TYPE, "Business", "bf64add3-e70a-44ce-9c4b-e76bbed37550", KNOWN(business_record)},
    {RECORD_TYPE, "Nameless Person", "721300ed-1267-4da0-b4f2-6c6b5b17b1c5",
     KNOWN(nameless_record)},
    {RECORD_TYPE, "REST User", "e2261a84-831d-4234-9be0-4d628bbe751e", KNOWN(rest_record)},
    {RECORD_STATUS, "Active", "618f906c-c33d-4fa3-8aef-e58cb7b63f1e", KNOWN(active_record)},
    {RECORD_STATUS, "Inactive", "1dad99d5-41a9-4865-8366-f269902b80a4", KNOWN(inactive_record)},
    {RECORD_STATUS, "Pending", "283999ec-7346-42e3-b807-bce9b2babb49", KNOWN(pending_record)},
    {PHONE_TYPE, "Mobile", "407e7e45-7b2e-4fcd-9605-ecb1339f2453", KNOWN(mobile)},
    {PHONE_TYPE, "Home", "aa8732fb-2cea-4c76-8d6d-6aaa2c6a4303", KNOWN(home_phone)},
    {PHONE_TYPE, "Work", "2cc66d5a-f61c-4b74-9af9-590a9847c13c", KNOWN(work_phone)},
    {PHONE_TYPE, "Fax", NULL, KNOWN(other_phone)},
    {TITLE, "Mr.", NULL, 0},
    {TITLE, "Mrs.", NULL, 0},
    {TITLE, "Ms.", NULL, 0},
    {TITLE, "Dr.", NULL, 0},
    {TITLE, "Rev.", NULL, 0},
    {SUFFIX, "Jr.", NULL, 0},
    {SUFFIX, "Sr.", NULL, 0},
    {SUFFIX, "Ph.D.", NULL, 0},
    {SUFFIX, "III", NULL, 0},
    {ADDRESS_TYPE, "Home", "8c52e53c-2a66-435a-ae6e-5ee307d9a0dc", KNOWN(home_address)},
    {ADDRESS_TYPE, "Work", "e071472a-f805-4fc4-917a-d5e3c095c35c", KNOWN(work_address)},
    {ADDRESS_TYPE, "Previous", "853d98f1-6e08-4321-861b-520b4106cfe0", KNOWN(previous_address)},
    {CONNECTION, "Member", NULL, 0},
    {CONNECTION, "Visitor", NULL, 0},
    {MARITAL, "Married", NULL, 0},
    {MARITAL, "Single", NULL, 0},
    {PHONE_COUNTRY, "1", NULL, 0},
    {PHONE_COUNTRY, "1", NULL, 0},
    {PHONE_COUNTRY, "1", NULL, 0},
    {PHONE_COUNTRY, "44", NULL, 0},
    {PHONE_COUNTRY, "49", NULL, 0},
    {PHONE_COUNTRY, "91", NULL, 0},
};

/* What the entries of the country list say, in its order; Britain's is the church's own.
 * @source reference/rock.md section 5.2 */
static const struct {
    const char *code, *match, *format;
} phone_rules[] = {
    {"1", "^(\\d{3})(\\d{4})$", "$1-$2"},
    {"1", "^(\\d{3})(\\d{3})(\\d{4})$", "($1) $2-$3"},
    {"1", "^1(\\d{3})(\\d{3})(\\d{4})$", "($1) $2-$3"},
    {"44", "^(?<area>\\d{4})(?<line>\\d{6})\\z", "0${area} ${line}"},
};

static const struct {
    const char *name, *guid;
    size_t known;
} group_types[] = {
    {"Security Role", "aece949f-704c-483e-a4fb-93d5e4720c4c",
     offsetof(struct church_known, security_role)},
    {"Family", "790e3215-3b10-442b-af69-616c0dcb998e", offsetof(struct church_known, family)},
    {"Organization Unit", GUID_UNIT_TYPE, offsetof(struct church_known, unit)},
    {"Small Group", "50fcfb30-f51a-49df-86f4-2b176ea1820b",
     offsetof(struct church_known, small_group)},
    {"Serving Team", NULL, offsetof(struct church_known, serving_team)},
    {"Campus Organization Unit", NULL, offsetof(struct church_known, unit_child)},
};

static const struct {
    size_t type; /* which group type, as an offset into church_known */
    const char *name, *guid;
    bool leader;
    size_t known;
} roles[] = {
    {offsetof(struct church_known, family), "Adult", "2639f9a5-2aae-4e48-a8c3-4ffe86681e42", false,
     offsetof(struct church_known, adult)},
    {offsetof(struct church_known, family), "Child", "c8b1814f-6aa7-4055-b2d7-48fe20429cb9", false,
     offsetof(struct church_known, child)},
    {offsetof(struct church_known, unit), "Leader", "8438d6c5-db92-4c99-947b-60e9100f223d", true,
     offsetof(struct church_known, unit_leader)},
    {offsetof(struct church_known, unit), "Staff", "17e516fc-76a4-4bf4-9b6f-0f859b13f563", false,
     offsetof(struct church_known, unit_staff)},
    {offsetof(struct church_known, security_role), "Member", NULL, false,
     offsetof(struct church_known, security_member)},
    {offsetof(struct church_known, small_group), "Leader", NULL, true,
     offsetof(struct church_known, small_leader)},
    {offsetof(struct church_known, small_group), "Member", NULL, false,
     offsetof(struct church_known, small_member)},
    {offsetof(struct church_known, serving_team), "Leader", NULL, true,
     offsetof(struct church_known, team_leader)},
    {offsetof(struct church_known, serving_team), "Member", NULL, false,
     offsetof(struct church_known, team_member)},
};

static int32_t *known_at(struct church *c, size_t offset)
{
    return (int32_t *)((char *)&c->known + offset);
}

static void add_entity_types(struct church *c)
{
    for (size_t i = 0; i < ARRAY_LEN(entity_types); i++) {
        struct entity_type *e = church_add(c, TABLE_ENTITY_TYPE);
        e->name = entity_types[i].name;
        e->friendly_name = entity_types[i].friendly;
        e->assembly_name = i + 1 < ARRAY_LEN(entity_types)
                               ? arena_printf(c->arena, "%s, %s", e->name, CORE_ASSEMBLY)
                               : NULL; /* a value's name is no class */
        if (entity_types[i].guid)
            church_set_guid(e, entity_types[i].guid);
        *known_at(c, entity_types[i].known) = e->row.id;
    }
}

static void add_defined_values(struct church *c)
{
    int32_t types[N_TYPES];
    for (int i = 0; i < N_TYPES; i++) {
        struct defined_type *t = church_add(c, TABLE_DEFINED_TYPE);
        t->name = defined_types[i].name;
        if (defined_types[i].guid)
            church_set_guid(t, defined_types[i].guid);
        types[i] = t->row.id;
    }
    c->known.phone_types = types[PHONE_TYPE];
    c->known.country_codes = types[PHONE_COUNTRY];
    c->known.titles = types[TITLE];
    c->known.suffixes = types[SUFFIX];
    for (size_t i = 0; i < ARRAY_LEN(defined_values); i++) {
        struct defined_value *v = church_add(c, TABLE_DEFINED_VALUE);
        v->defined_type_id = types[defined_values[i].type];
        v->value = defined_values[i].value;
        v->order = (int32_t)i;
        v->is_active = true;
        if (defined_values[i].guid)
            church_set_guid(v, defined_values[i].guid);
        if (defined_values[i].known)
            *known_at(c, defined_values[i].known - 1) = v->row.id;
    }
}

static void add_group_types(struct church *c)
{
    for (size_t i = 0; i < ARRAY_LEN(group_types); i++) {
        struct group_type *t = church_add(c, TABLE_GROUP_TYPE);
        t->name = group_types[i].name;
        t->order = (int32_t)i;
        t->inherited_group_type_id = NULL_INT;
        if (group_types[i].guid)
            church_set_guid(t, group_types[i].guid);
        *known_at(c, group_types[i].known) = t->row.id;
    }
    struct group_type *child = church_row(c, TABLE_GROUP_TYPE, c->known.unit_child);
    child->inherited_group_type_id = c->known.unit;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct group_type_role *r = church_add(c, TABLE_GROUP_TYPE_ROLE);
        r->group_type_id = *known_at(c, roles[i].type);
        r->name = roles[i].name;
        r->is_leader = roles[i].leader;
        r->order = (int32_t)i;
        if (roles[i].guid)
            church_set_guid(r, roles[i].guid);
        *known_at(c, roles[i].known) = r->row.id;
    }
}

static int32_t
add_attribute(struct church *c, int32_t entity_type, const char *key, const char *name)
{
    struct attribute *a = church_add(c, TABLE_ATTRIBUTE);
    a->entity_type_id = entity_type;
    a->field_type_id = 1;
    a->key = key;
    a->name = name;
    a->qualifier_column = a->qualifier_value = "";
    return a->row.id;
}

static void add_value(struct church *c, int32_t attribute, int32_t entity, const char *text)
{
    struct attribute_value *v = church_add(c, TABLE_ATTRIBUTE_VALUE);
    v->attribute_id = attribute;
    v->entity_id = entity;
    v->value = text;
}

/* The k-th entry of a code has the k-th rule of that code. */
static void add_phone_rules(struct church *c)
{
    const char *type = arena_printf(c->arena, "%d", c->known.country_codes);
    int32_t *const ids[] = {&c->known.match_rule, &c->known.format_rule};
    static const char *const keys[] = {"MatchRegEx", "FormatRegEx"};
    size_t next = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        *ids[i] = add_attribute(c, c->known.value_type, keys[i], keys[i]);
        struct attribute *a = church_row(c, TABLE_ATTRIBUTE, *ids[i]);
        a->qualifier_column = "DefinedTypeId";
        a->qualifier_value = type;
    }
    struct defined_value *v = NULL;
    church_each_by(c, TABLE_DEFINED_VALUE, defined_value, defined_type_id, c->known.country_codes,
                   v)
    {
        if (next == ARRAY_LEN(phone_rules) || strcmp(v->value, phone_rules[next].code) != 0)
            continue;
        add_value(c, c->known.match_rule, v->row.id, phone_rules[next].match);
        add_value(c, c->known.format_rule, v->row.id, phone_rules[next++].format);
    }
}

void lookups_add(struct church *c)
{
    add_entity_types(c);
    add_defined_values(c);
    add_group_types(c);
    c->known.employer = add_attribute(c, c->known.person_type, "Employer", "Employer");
    c->known.position = add_attribute(c, c->known.person_type, "Position", "Position");
    add_phone_rules(c);
    struct campus *campus = church_add(c, TABLE_CAMPUS);
    campus->name = "Main Campus";
    campus->is_active = true;
    c->known.campus = campus->row.id;
    struct group *g = church_add(c, TABLE_GROUP);
    church_set_guid(g, GUID_ELIGIBLE_GROUP);
    g->name = "RSR - Staff Members";
    g->group_type_id = c->known.security_role;
    g->parent_group_id = g->campus_id = NULL_INT;
    g->inactive_at = g->archived_at = NULL_TICKS;
    g->is_active = g->is_security_role = g->is_system = true;
    c->known.eligible_group = g->row.id;
}

void lookups_add_preferences(struct church *c, int block_id)
{
    int32_t type = c->known.preference_type;
    const char *keys[] = {"IncludeFollowing", "IncludeStaff", "Groups"};
    int32_t *ids[] = {&c->known.pref_following, &c->known.pref_staff, &c->known.pref_groups};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *key =
            arena_printf(c->arena, "MineCartStudio.SyncContacts.%d.%s", block_id, keys[i]);
        *ids[i] = add_attribute(c, type, key, key);
    }
}

const char *lookups_value(const struct church *c, int32_t defined_value_id)
{
    const struct defined_value *v = church_row(c, TABLE_DEFINED_VALUE, defined_value_id);
    return v ? v->value : NULL;
}
