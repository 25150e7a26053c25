/* The lists and columns that we ask for, by name: what is not named is not sent, so that nothing
 * private travels without need. */
#include "producer/rock/rock_query.h"

const struct rock_list rock_entity_types = {.controller = "EntityTypes", .select = "Id,Guid,Name"};
const struct rock_list rock_group_types = {.controller = "GroupTypes", .select = "Id,Guid,Name"};
const struct rock_list rock_group_roles = {.controller = "GroupTypeRoles",
                                           .select = "Id,Guid,Name"};
const struct rock_list rock_defined_types = {.controller = "DefinedTypes",
                                             .select = "Id,Guid,Name"};
const struct rock_list rock_defined_values = {.controller = "DefinedValues",
                                              .select = "Id,Guid,Value,Order"};
const struct rock_list rock_attributes = {.controller = "Attributes",
                                          .select = "Id,Guid,Key,DefaultValue"};
const struct rock_list rock_groups = {
    .controller = "Groups",
    .select = "Id,Guid,Name,GroupTypeId,IsActive,IsArchived,IsSecurityRole"};
const struct rock_list rock_members = {
    .controller = "GroupMembers",
    .select = "Id,GroupId,PersonId,GroupRoleId,GroupMemberStatus,GroupOrder,IsArchived"};
const struct rock_list rock_aliases = {.controller = "PersonAlias",
                                       .select = "Id,Guid,PersonId,AliasPersonId"};
const struct rock_list rock_followings = {
    .controller = "Followings",
    .expand = "PersonAlias",
    .select = "Id,EntityTypeId,EntityId,PurposeKey,PersonAlias/PersonId"};
const struct rock_list rock_values = {.controller = "AttributeValues",
                                      .select = "Id,AttributeId,EntityId,Value"};
/* Selecting the geographic columns of Location has been seen to answer 500: the rest by name.
 * @source reference/rock.md section 4.5 */
const struct rock_list rock_places = {
    .controller = "GroupLocations",
    .expand = "Location",
    .select = "Id,GroupId,GroupLocationTypeValueId,Location/Street1,Location/Street2,Location/City,"
              "Location/State,Location/PostalCode,Location/Country"};
/* BirthDate is computed and may fail for 29 February without a year: its parts do not.
 * @source reference/rock.md section 3.4 */
const struct rock_list rock_people = {
    .controller = "People",
    .expand = "PhoneNumbers,TitleValue,SuffixValue,Photo",
    .select = "Id,RecordTypeValueId,IsDeceased,TitleValueId,FirstName,NickName,MiddleName,LastName,"
              "SuffixValueId,PhotoId,BirthDay,BirthMonth,BirthYear,AnniversaryDate,Email,"
              "IsEmailActive,AgeClassification,PrimaryAliasId,PrimaryFamilyId,PhoneNumbers/Id,"
              "PhoneNumbers/CountryCode,PhoneNumbers/Number,PhoneNumbers/NumberFormatted,"
              "PhoneNumbers/Extension,PhoneNumbers/NumberTypeValueId,"
              "PhoneNumbers/IsMessagingEnabled,PhoneNumbers/IsUnlisted,TitleValue/Value,"
              "SuffixValue/Value,Photo/Guid",
    .include_deceased = true};
const struct rock_list rock_people_brief = {
    .controller = "People", .select = "Id,IsDeceased,PrimaryAliasId", .include_deceased = true};

/*
 * `X eq 5` is an operator, a column, the row that it is taken from and a constant; a column that
 * may be null is one more (a conversion), one behind another entity two (a step of the path, and
 * the entity may be missing).
 * @source System.Web.Http.OData FilterQueryValidator
 */
enum { PLAIN = 4, NULLABLE = 5, STEP = 2 };
const struct rock_column rock_col_id = {"Id", PLAIN};
const struct rock_column rock_col_guid = {"Guid", PLAIN};
const struct rock_column rock_col_group = {"GroupId", PLAIN};
const struct rock_column rock_col_person = {"PersonId", PLAIN};
const struct rock_column rock_col_alias_person = {"AliasPersonId", NULLABLE};
const struct rock_column rock_col_follower = {"PersonAlias/PersonId", PLAIN + STEP};
const struct rock_column rock_col_entity = {"EntityId", NULLABLE};
const struct rock_column rock_col_entity_type = {"EntityTypeId", PLAIN};
const struct rock_column rock_col_attribute_type = {"EntityTypeId", NULLABLE};
const struct rock_column rock_col_attribute = {"AttributeId", PLAIN};
const struct rock_column rock_col_key = {"Key", NULLABLE};
const struct rock_column rock_col_place_type = {"GroupLocationTypeValueId", NULLABLE};
const struct rock_column rock_col_group_type = {"GroupTypeId", PLAIN};
const struct rock_column rock_col_role_type = {"GroupRole/GroupTypeId", PLAIN + STEP};
const struct rock_column rock_col_defined_type = {"DefinedTypeId", PLAIN};
const struct rock_column rock_col_name = {"Name", NULLABLE};
