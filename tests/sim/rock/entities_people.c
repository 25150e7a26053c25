/* The tables about people and groups: what REST v1 shows of them. */
#include <string.h>

#include "common/base/str.h"

#include "tests/sim/rock/entities_p.h"
#include "tests/sim/rock/lookups.h"
#include "tests/sim/rock/ticks.h"

static const char *const gender_names[] = {"Unknown", "Male", "Female", NULL};
static const char *const email_preference_names[] = {"EmailAllowed", "NoMassEmails", "DoNotEmail",
                                                     NULL};
static const char *const communication_names[] = {"None", "Email", "SMS", "PushNotification", NULL};
static const char *const age_names[] = {"Unknown", "Adult", "Child", NULL};
static const char *const status_names[] = {"Inactive", "Active", "Pending", NULL};

/* "Greta O'Hara Jr."; a business is its last name. @source reference/rock.md section 5.1 */
static void full_name(struct church *c, const void *row, struct str *out)
{
    const struct person *p = row;
    const char *suffix = lookups_value(c, p->suffix_id), *last = p->last_name ? p->last_name : "";
    if (p->record_type_id == c->known.business_record) {
        entity_json_text(out, last);
        return;
    }
    struct str name;
    str_init(&name, 4096);
    str_addf(&name, "%s %s%s%s", p->nick_name ? p->nick_name : "", last, suffix ? " " : "",
             suffix ? suffix : "");
    entity_json_text(out, name.p);
    str_release(&name);
}

/* Year 0001 when the year is unknown; null without day or month. 29 February moves to 28 in a year
 * that has none. */
static void birth_date(struct church *c, const void *row, struct str *out)
{
    (void)c;
    const struct person *p = row;
    if (p->birth_day == NULL_INT || p->birth_month == NULL_INT) {
        str_puts(out, "null");
        return;
    }
    int year = p->birth_year == NULL_INT ? 1 : p->birth_year;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int day = p->birth_month == 2 && p->birth_day == 29 && !leap ? 28 : p->birth_day;
    char text[TICKS_TEXT];
    str_addf(out, "\"%s\"", ticks_format(ticks_of_date(year, p->birth_month, day), text));
}

static void photo_url(struct church *c, const void *row, struct str *out)
{
    (void)c;
    const struct person *p = row;
    if (p->photo_id == NULL_INT)
        str_puts(out, "\"/Assets/Images/person-no-photo-unknown.svg\"");
    else
        str_addf(out, "\"/GetImage.ashx?id=%d\"", p->photo_id);
}

static void formatted_with_code(struct church *c, const void *row, struct str *out)
{
    (void)c;
    const struct phone_number *p = row;
    struct str text;
    str_init(&text, 256);
    if (p->country_code && *p->country_code)
        str_addf(&text, "+%s ", p->country_code);
    str_puts(&text, p->formatted ? p->formatted : "");
    entity_json_text(out, text.p);
    str_release(&text);
}

static void full_number(struct church *c, const void *row, struct str *out)
{
    (void)c;
    const struct phone_number *p = row;
    str_addf(out, "\"%s%s\"", p->country_code ? p->country_code : "", p->number ? p->number : "");
}

static void formatted_address(struct church *c, const void *row, struct str *out)
{
    (void)c;
    const struct location *l = row;
    struct str text;
    str_init(&text, 4096);
    str_addf(&text, "%s\r\n%s, %s %s", l->street1 ? l->street1 : "", l->city ? l->city : "",
             l->state ? l->state : "", l->postal_code ? l->postal_code : "");
    entity_json_text(out, text.p);
    str_release(&text);
}

static bool person_hidden(const struct church *c, const void *row, bool include_deceased)
{
    (void)c;
    return ((const struct person *)row)->is_deceased && !include_deceased;
}

static bool group_hidden(const struct church *c, const void *row, bool include_deceased)
{
    (void)c;
    (void)include_deceased;
    return ((const struct group *)row)->is_archived;
}

/* @source reference/rock.md section 4.2: archived rows and deceased people are excluded */
static bool group_member_hidden(const struct church *c, const void *row, bool include_deceased)
{
    const struct group_member *m = row;
    const struct person *p = church_row(c, TABLE_PERSON, m->person_id);
    return m->is_archived || !p || (p->is_deceased && !include_deceased);
}

static const struct column person_columns[] = {
    MODEL_COLUMNS,
    BOOL(person, is_system, "IsSystem"),
    INT_OR_NULL(person, record_type_id, "RecordTypeValueId"),
    INT_OR_NULL(person, record_status_id, "RecordStatusValueId"),
    INT_OR_NULL(person, connection_status_id, "ConnectionStatusValueId"),
    INT_OR_NULL(person, marital_status_id, "MaritalStatusValueId"),
    BOOL(person, is_deceased, "IsDeceased"),
    TIME(person, deceased_date, "DeceasedDate"),
    INT_OR_NULL(person, title_id, "TitleValueId"),
    TEXT(person, first_name, "FirstName"),
    TEXT(person, nick_name, "NickName"),
    TEXT(person, middle_name, "MiddleName"),
    TEXT(person, last_name, "LastName"),
    INT_OR_NULL(person, suffix_id, "SuffixValueId"),
    INT_OR_NULL(person, photo_id, "PhotoId"),
    INT_OR_NULL(person, birth_day, "BirthDay"),
    INT_OR_NULL(person, birth_month, "BirthMonth"),
    INT_OR_NULL(person, birth_year, "BirthYear"),
    COMPUTED("BirthDate", birth_date),
    ENUM(person, gender, "Gender", gender_names),
    TIME(person, anniversary, "AnniversaryDate"),
    TEXT(person, email, "Email"),
    BOOL(person, is_email_active, "IsEmailActive"),
    NOTHING("EmailNote"),
    ENUM(person, email_preference, "EmailPreference", email_preference_names),
    ENUM(person, communication_preference, "CommunicationPreference", communication_names),
    ENUM(person, age_classification, "AgeClassification", age_names),
    INT_OR_NULL(person, primary_alias_id, "PrimaryAliasId"),
    INT_OR_NULL(person, primary_family_id, "PrimaryFamilyId"),
    INT_OR_NULL(person, primary_campus_id, "PrimaryCampusId"),
    NOTHING("GraduationYear"),
    NOTHING("SystemNote"),
    COMPUTED("FullName", full_name),
    COMPUTED("PhotoUrl", photo_url),
};
static const struct nav person_navs[] = {
    {"PhoneNumbers", TABLE_PHONE_NUMBER, true, offsetof(struct phone_number, person_id)},
    {"Users", -1, true, 0},
    {"Photo", TABLE_BINARY_FILE, false, offsetof(struct person, photo_id)},
    {"TitleValue", TABLE_DEFINED_VALUE, false, offsetof(struct person, title_id)},
    {"SuffixValue", TABLE_DEFINED_VALUE, false, offsetof(struct person, suffix_id)},
    {"RecordStatusValue", TABLE_DEFINED_VALUE, false, offsetof(struct person, record_status_id)},
    {"RecordTypeValue", TABLE_DEFINED_VALUE, false, offsetof(struct person, record_type_id)},
    {"ConnectionStatusValue", TABLE_DEFINED_VALUE, false,
     offsetof(struct person, connection_status_id)},
    {"MaritalStatusValue", TABLE_DEFINED_VALUE, false, offsetof(struct person, marital_status_id)},
};

static const struct column person_alias_columns[] = {
    BASE_COLUMNS,
    INDEXED(person_alias, person_id, "PersonId"),
    INDEXED_OR_NULL(person_alias, alias_person_id, "AliasPersonId"),
    UUID(person_alias, alias_person_guid, "AliasPersonGuid"),
    TEXT(person_alias, name, "Name"),
};
static const struct nav person_alias_navs[] = {
    {"Person", TABLE_PERSON, false, offsetof(struct person_alias, person_id)}};

static const struct column phone_number_columns[] = {
    MODEL_COLUMNS,
    INDEXED(phone_number, person_id, "PersonId"),
    TEXT(phone_number, country_code, "CountryCode"),
    TEXT(phone_number, number, "Number"),
    TEXT(phone_number, formatted, "NumberFormatted"),
    TEXT(phone_number, extension, "Extension"),
    INT_OR_NULL(phone_number, type_id, "NumberTypeValueId"),
    BOOL(phone_number, is_messaging_enabled, "IsMessagingEnabled"),
    BOOL(phone_number, is_unlisted, "IsUnlisted"),
    TEXT(phone_number, description, "Description"),
    COMPUTED("NumberFormattedWithCountryCode", formatted_with_code),
    COMPUTED("FullNumber", full_number),
};
static const struct nav phone_number_navs[] = {
    {"NumberTypeValue", TABLE_DEFINED_VALUE, false, offsetof(struct phone_number, type_id)}};

static const struct column group_columns[] = {
    MODEL_COLUMNS,
    BOOL(group, is_system, "IsSystem"),
    INT_OR_NULL(group, parent_group_id, "ParentGroupId"),
    INT(group, group_type_id, "GroupTypeId"),
    INT_OR_NULL(group, campus_id, "CampusId"),
    TEXT(group, name, "Name"),
    TEXT(group, description, "Description"),
    BOOL(group, is_security_role, "IsSecurityRole"),
    BOOL(group, is_active, "IsActive"),
    INT(group, order, "Order"),
    BOOL(group, is_public, "IsPublic"),
    BOOL(group, is_archived, "IsArchived"),
    TIME(group, archived_at, "ArchivedDateTime"),
    TIME(group, inactive_at, "InactiveDateTime"),
};
static const struct nav group_navs[] = {
    {"GroupType", TABLE_GROUP_TYPE, false, offsetof(struct group, group_type_id)},
    {"Campus", TABLE_CAMPUS, false, offsetof(struct group, campus_id)},
    {"Schedule", -1, false, 0},
    {"Members", TABLE_GROUP_MEMBER, true, offsetof(struct group_member, group_id)},
    {"GroupLocations", TABLE_GROUP_LOCATION, true, offsetof(struct group_location, group_id)},
};

static const struct column group_member_columns[] = {
    MODEL_COLUMNS,
    INDEXED(group_member, group_id, "GroupId"),
    INT(group_member, group_type_id, "GroupTypeId"),
    INDEXED(group_member, person_id, "PersonId"),
    INT(group_member, group_role_id, "GroupRoleId"),
    ENUM(group_member, status, "GroupMemberStatus", status_names),
    NOTHING("Note"),
    INT_OR_NULL(group_member, group_order, "GroupOrder"),
    TIME(group_member, added_at, "DateTimeAdded"),
    TIME(group_member, inactive_at, "InactiveDateTime"),
    BOOL(group_member, is_archived, "IsArchived"),
    TIME(group_member, archived_at, "ArchivedDateTime"),
};
static const struct nav group_member_navs[] = {
    {"Person", TABLE_PERSON, false, offsetof(struct group_member, person_id)},
    {"GroupRole", TABLE_GROUP_TYPE_ROLE, false, offsetof(struct group_member, group_role_id)},
};

static const struct column location_columns[] = {
    MODEL_COLUMNS,
    NOTHING("Name"),
    BOOL(location, is_active, "IsActive"),
    TEXT(location, street1, "Street1"),
    TEXT(location, street2, "Street2"),
    TEXT(location, city, "City"),
    TEXT(location, county, "County"),
    TEXT(location, state, "State"),
    TEXT(location, postal_code, "PostalCode"),
    TEXT(location, country, "Country"),
    COMPUTED("FormattedAddress", formatted_address),
};

static const struct column group_location_columns[] = {
    MODEL_COLUMNS,
    INDEXED(group_location, group_id, "GroupId"),
    INDEXED(group_location, location_id, "LocationId"),
    INT_OR_NULL(group_location, type_id, "GroupLocationTypeValueId"),
    BOOL(group_location, is_mailing, "IsMailingLocation"),
    BOOL(group_location, is_mapped, "IsMappedLocation"),
    INT(group_location, order, "Order"),
};
static const struct nav group_location_navs[] = {
    {"Location", TABLE_LOCATION, false, offsetof(struct group_location, location_id)},
    {"GroupLocationTypeValue", TABLE_DEFINED_VALUE, false,
     offsetof(struct group_location, type_id)},
};

const struct entity entities_people[] = {
    {TABLE_PERSON, "People", "Rock.Model.Person", COLUMNS(person_columns), NAVS(person_navs),
     person_hidden},
    {TABLE_PERSON_ALIAS, "PersonAlias", "Rock.Model.PersonAlias", COLUMNS(person_alias_columns),
     NAVS(person_alias_navs), NULL},
    {TABLE_PHONE_NUMBER, "PhoneNumbers", "Rock.Model.PhoneNumber", COLUMNS(phone_number_columns),
     NAVS(phone_number_navs), NULL},
    {TABLE_GROUP, "Groups", "Rock.Model.Group", COLUMNS(group_columns), NAVS(group_navs),
     group_hidden},
    {TABLE_GROUP_MEMBER, "GroupMembers", "Rock.Model.GroupMember", COLUMNS(group_member_columns),
     NAVS(group_member_navs), group_member_hidden},
    {TABLE_LOCATION, "Locations", "Rock.Model.Location", COLUMNS(location_columns), NULL, 0, NULL},
    {TABLE_GROUP_LOCATION, "GroupLocations", "Rock.Model.GroupLocation",
     COLUMNS(group_location_columns), NAVS(group_location_navs), NULL},
};
const size_t entities_people_count = ARRAY_LEN(entities_people);
