#include "tests/sim/rock/entities.h"

#include <string.h>
#include <strings.h>

#include "common/base/str.h"

#include "tests/sim/rock/entities_p.h"

static const struct column entity_type_columns[] = {
    BASE_COLUMNS, TEXT(entity_type, name, "Name"), TEXT(entity_type, assembly_name, "AssemblyName"),
    TEXT(entity_type, friendly_name, "FriendlyName")};
static const struct column defined_type_columns[] = {
    MODEL_COLUMNS, TEXT(defined_type, name, "Name"), NOTHING("Description")};
static const struct column defined_value_columns[] = {
    MODEL_COLUMNS,
    INT(defined_value, defined_type_id, "DefinedTypeId"),
    INT(defined_value, order, "Order"),
    TEXT(defined_value, value, "Value"),
    TEXT(defined_value, description, "Description"),
    BOOL(defined_value, is_active, "IsActive"),
};
static const struct column group_type_columns[] = {
    MODEL_COLUMNS, TEXT(group_type, name, "Name"),
    INT_OR_NULL(group_type, inherited_group_type_id, "InheritedGroupTypeId"),
    INT(group_type, order, "Order"), NOTHING("Description")};
static const struct column group_type_role_columns[] = {
    MODEL_COLUMNS, INT(group_type_role, group_type_id, "GroupTypeId"),
    INT(group_type_role, order, "Order"), TEXT(group_type_role, name, "Name"),
    BOOL(group_type_role, is_leader, "IsLeader")};
static const struct column campus_columns[] = {MODEL_COLUMNS, TEXT(campus, name, "Name"),
                                               BOOL(campus, is_active, "IsActive")};
static const struct column binary_file_columns[] = {
    MODEL_COLUMNS, TEXT(binary_file, file_name, "FileName"),
    TEXT(binary_file, mime_type, "MimeType"), INT_OR_NULL(binary_file, file_size, "FileSize")};
static const struct column attribute_columns[] = {
    MODEL_COLUMNS,
    INT_OR_NULL(attribute, entity_type_id, "EntityTypeId"),
    INT(attribute, field_type_id, "FieldTypeId"),
    INT(attribute, order, "Order"),
    TEXT(attribute, key, "Key"),
    TEXT(attribute, name, "Name"),
    TEXT(attribute, default_value, "DefaultValue"),
    TEXT(attribute, qualifier_column, "EntityTypeQualifierColumn"),
    TEXT(attribute, qualifier_value, "EntityTypeQualifierValue"),
};
static const struct column attribute_value_columns[] = {
    MODEL_COLUMNS, INT(attribute_value, attribute_id, "AttributeId"),
    INDEXED_OR_NULL(attribute_value, entity_id, "EntityId"), TEXT(attribute_value, value, "Value")};
static const struct nav attribute_value_navs[] = {
    {"Attribute", TABLE_ATTRIBUTE, false, offsetof(struct attribute_value, attribute_id)}};
static const struct column following_columns[] = {
    MODEL_COLUMNS,
    INT(following, entity_type_id, "EntityTypeId"),
    INDEXED(following, entity_id, "EntityId"),
    INDEXED(following, person_alias_id, "PersonAliasId"),
    TEXT(following, purpose_key, "PurposeKey"),
};
static const struct nav following_navs[] = {
    {"PersonAlias", TABLE_PERSON_ALIAS, false, offsetof(struct following, person_alias_id)},
    {"EntityType", TABLE_ENTITY_TYPE, false, offsetof(struct following, entity_type_id)}};

#define ENTITY(t, table, controller, class)                                                        \
    {                                                                                              \
        table, controller, "Rock.Model." class, COLUMNS(t##_columns), NULL, 0, NULL                \
    }
#define ENTITY_NAVS(t, table, controller, class)                                                   \
    {                                                                                              \
        table, controller, "Rock.Model." class, COLUMNS(t##_columns), NAVS(t##_navs), NULL         \
    }

static const struct entity small_entities[] = {
    ENTITY(entity_type, TABLE_ENTITY_TYPE, "EntityTypes", "EntityType"),
    ENTITY(defined_type, TABLE_DEFINED_TYPE, "DefinedTypes", "DefinedType"),
    ENTITY(defined_value, TABLE_DEFINED_VALUE, "DefinedValues", "DefinedValue"),
    ENTITY(group_type, TABLE_GROUP_TYPE, "GroupTypes", "GroupType"),
    ENTITY(group_type_role, TABLE_GROUP_TYPE_ROLE, "GroupTypeRoles", "GroupTypeRole"),
    ENTITY(campus, TABLE_CAMPUS, "Campuses", "Campus"),
    ENTITY(binary_file, TABLE_BINARY_FILE, NULL, "BinaryFile"),
    ENTITY_NAVS(following, TABLE_FOLLOWING, "Followings", "Following"),
    ENTITY(attribute, TABLE_ATTRIBUTE, "Attributes", "Attribute"),
    ENTITY_NAVS(attribute_value, TABLE_ATTRIBUTE_VALUE, "AttributeValues", "AttributeValue"),
};

const struct entity *entity_of(enum table_id t)
{
    for (size_t i = 0; i < ARRAY_LEN(small_entities); i++)
        if (small_entities[i].table == t)
            return &small_entities[i];
    for (size_t i = 0; i < entities_people_count; i++)
        if (entities_people[i].table == t)
            return &entities_people[i];
    return NULL;
}

const struct entity *entity_by_controller(const char *name)
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        const struct entity *e = entity_of((enum table_id)t);
        if (e->controller && strcasecmp(e->controller, name) == 0)
            return e;
    }
    return NULL;
}

static bool named(const char *name, const char *s, size_t n)
{
    return strncmp(name, s, n) == 0 && name[n] == '\0';
}

int entity_column(const struct entity *e, const char *name, size_t n)
{
    for (size_t i = 0; i < e->n_columns; i++)
        if (named(e->columns[i].name, name, n))
            return (int)i;
    return -1;
}

int entity_nav(const struct entity *e, const char *name, size_t n)
{
    for (size_t i = 0; i < e->n_navs; i++)
        if (named(e->navs[i].name, name, n))
            return (int)i;
    return -1;
}

void entity_json_text(struct str *out, const char *s)
{
    if (!s) {
        str_puts(out, "null");
        return;
    }
    str_putc(out, '"');
    const char *from = s;
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch >= 0x20 && ch != '"' && ch != '\\')
            continue;
        str_add(out, from, (size_t)(s - from));
        from = s + 1;
        if (ch == '"' || ch == '\\')
            str_addf(out, "\\%c", ch);
        else
            str_addf(out, "\\u%04x", ch);
    }
    str_add(out, from, (size_t)(s - from));
    str_putc(out, '"');
}
