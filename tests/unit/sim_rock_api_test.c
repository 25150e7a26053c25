/* The refusals and shapes of REST v1 that the Rock simulator promises (reference: the checklist of
 * a fake Rock server). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/unit/sim_rock_support.h"

struct fixture {
    struct church *c;
    struct api api;
    int32_t ann, bob;
};

static void setup(struct fixture *f)
{
    f->c = a_church();
    f->ann = a_person(f->c, "Ann", "Adams");
    f->bob = a_person(f->c, "Bob", "Baker");
    api_init(&f->api, f->c, A_TOKEN);
}

/* Body of a GET as JSON; NULL when it is none. The caller decrefs. */
static json_t *get_json(struct fixture *f, const char *target, int *status)
{
    struct api_answer a;
    api_get(&f->api, target, &a);
    json_t *doc = a.body.n ? json_loads(a.body.p, 0, NULL) : NULL;
    *status = a.status;
    str_release(&a.body);
    return doc;
}

/* Functions: jansson's macros do not go into an assertion's argument. */
static bool is_null(const json_t *v)
{
    return json_typeof(v) == JSON_NULL;
}

static bool is_list(const json_t *v)
{
    return v && json_typeof(v) == JSON_ARRAY;
}

static const json_t *row(const json_t *list, size_t i)
{
    return json_array_get(list, i);
}

Test(sim_rock_api, without_the_key_everything_is_401_and_empty)
{
    struct fixture f;
    setup(&f);
    const char *keys[] = {NULL, "", "wrong"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct api_request req = {"GET", "/api/People", keys[i], ""};
        struct api_answer a;
        api_handle(&f.api, &req, &a);
        cr_expect(eq(int, a.status, 401));
        cr_expect(eq(sz, a.body.n, 0));
        cr_expect(a.content_type == NULL);
        str_release(&a.body);
    }
    church_free(f.c);
}

Test(sim_rock_api, a_missing_right_is_401_on_that_controller_only)
{
    struct fixture f;
    setup(&f);
    f.api.denied[TABLE_PHONE_NUMBER] = true;
    int status;
    json_t *doc = get_json(&f, "/api/PhoneNumbers", &status);
    cr_expect(eq(int, status, 401));
    cr_expect(doc == NULL);
    doc = get_json(&f, "/api/People?$expand=PhoneNumbers", &status);
    cr_expect(eq(int, status, 200));
    json_decref(doc);
    church_free(f.c);
}

Test(sim_rock_api, a_row_has_pascal_case_names_explicit_nulls_and_enum_numbers)
{
    struct fixture f;
    setup(&f);
    struct person *p = person_of(f.c, f.ann);
    p->gender = 2;
    p->birth_day = 14;
    p->birth_month = 2;
    p->row.modified = INT64_C(739000) * TICKS_DAY + 5170000;
    int status;
    json_t *doc = get_json(&f, "/api/People?$filter=FirstName eq 'Ann'", &status);
    const json_t *ann = row(doc, 0);
    cr_assert(is_list(doc));
    cr_assert(ann != NULL);
    cr_expect(is_null(json_object_get(ann, "Email")));
    cr_expect(is_null(json_object_get(ann, "PhoneNumbers")), "not expanded: null");
    cr_expect(is_null(json_object_get(ann, "BirthYear")));
    cr_expect(eq(int, (int)json_integer_value(json_object_get(ann, "Gender")), 2));
    cr_expect_str_eq(json_string_value(json_object_get(ann, "BirthDate")), "0001-02-14T00:00:00");
    cr_expect_str_eq(json_string_value(json_object_get(ann, "ModifiedDateTime")),
                     "2024-04-25T00:00:00.517");
    cr_expect_str_eq(json_string_value(json_object_get(ann, "FullName")), "Ann Adams");
    json_decref(doc);
    church_free(f.c);
}

Test(sim_rock_api, times_have_no_zone_and_up_to_seven_fraction_digits)
{
    static const struct {
        int64_t fraction;
        const char *want;
    } cases[] = {{0, "2024-04-25T00:00:00"},
                 {5000000, "2024-04-25T00:00:00.5"},
                 {30000, "2024-04-25T00:00:00.003"},
                 {1234567, "2024-04-25T00:00:00.1234567"},
                 {1, "2024-04-25T00:00:00.0000001"}};
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        person_of(f.c, f.ann)->row.modified = INT64_C(739000) * TICKS_DAY + cases[i].fraction;
        autofree char *got = api_column(&f.api, "/api/People?$top=1", "ModifiedDateTime");
        cr_expect_str_eq(got, cases[i].want);
    }
    church_free(f.c);
}

Test(sim_rock_api, expand_gives_lists_and_single_objects_two_levels_deep)
{
    struct fixture f;
    setup(&f);
    a_phone(f.c, f.ann, f.c->known.mobile, "6235550101");
    a_phone(f.c, f.ann, f.c->known.home_phone, "6235550102");
    int32_t group = a_group(f.c, f.c->known.small_group, "Choir");
    a_member(f.c, group, f.ann);
    char target[256];
    snprintf(target, sizeof(target),
             "/api/GroupMembers?$filter=GroupId eq %d&$expand=Person/PhoneNumbers,GroupRole&"
             "$select=Id,GroupRole/Name,Person/Email,Person/PhoneNumbers/Number",
             group);
    int status;
    json_t *doc = get_json(&f, target, &status);
    const json_t *member = row(doc, 0), *person = json_object_get(member, "Person");
    const json_t *phones = json_object_get(person, "PhoneNumbers");
    cr_assert(eq(int, status, 200));
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(member, "GroupRole"), "Name")), "Member");
    cr_expect(eq(sz, json_object_size(member), 3), "Id, GroupRole, Person");
    cr_expect(eq(sz, json_object_size(person), 2), "Email, PhoneNumbers");
    cr_expect(eq(sz, json_array_size(phones), 2));
    cr_expect_str_eq(json_string_value(json_object_get(row(phones, 1), "Number")), "6235550102");
    json_decref(doc);
    church_free(f.c);
}

Test(sim_rock_api, an_expansion_that_select_does_not_name_is_pruned)
{
    struct fixture f;
    setup(&f);
    int status;
    json_t *doc = get_json(&f, "/api/People?$expand=PhoneNumbers&$select=Id", &status);
    cr_expect(eq(sz, json_object_size(row(doc, 0)), 1));
    json_decref(doc);
    church_free(f.c);
}

Test(sim_rock_api, three_levels_of_expand_are_refused_but_families_take_four)
{
    struct fixture f;
    setup(&f);
    char target[256];
    autofree char *deep =
        api_column(&f.api, "/api/Followings?$expand=PersonAlias/Person/PhoneNumbers", "Id");
    cr_expect(strstr(deep, "The maximum depth allowed is 2.") != NULL, "%s", deep);
    snprintf(target, sizeof(target),
             "/api/Groups/GetFamilies/%d?$expand=Members/Person/PhoneNumbers/"
             "NumberTypeValue,GroupType,Campus,"
             "GroupLocations/Location,GroupLocations/GroupLocationTypeValue",
             f.ann);
    autofree char *families = api_column(&f.api, target, "Name");
    cr_expect_str_eq(families, "Family");
    church_free(f.c);
}

Test(sim_rock_api, group_cannot_be_reached_from_group_member)
{
    struct fixture f;
    setup(&f);
    autofree char *got = api_column(&f.api, "/api/GroupMembers?$expand=Group", "Id");
    cr_expect_str_eq(
        got,
        "status 400: The query specified in the URI is not valid. Could not find a property named "
        "'Group' on type 'Rock.Model.GroupMember'.");
    church_free(f.c);
}

Test(sim_rock_api, count_is_400_and_long_queries_are_404_in_html)
{
    struct fixture f;
    setup(&f);
    autofree char *count = api_column(&f.api, "/api/People/$count", "Id");
    cr_expect_str_eq(count, "status 400: The value '$count' is not valid for Int32.");
    char target[3000] = "/api/People?x=";
    memset(target + strlen(target), 'a', 2046);
    struct api_answer a;
    api_get(&f.api, target, &a);
    cr_expect(eq(int, a.status, 200), "2048 bytes are allowed");
    str_release(&a.body);
    target[strlen(target)] = 'a';
    api_get(&f.api, target, &a);
    cr_expect(eq(int, a.status, 404));
    cr_expect(strncmp(a.content_type, "text/html", 9) == 0);
    str_release(&a.body);
    church_free(f.c);
}

Test(sim_rock_api, archived_and_deceased_rows_are_absent_unless_reached_by_expand)
{
    struct fixture f;
    setup(&f);
    int32_t group = a_group(f.c, f.c->known.small_group, "Choir");
    a_member(f.c, group, f.ann)->is_archived = true;
    a_member(f.c, group, f.bob);
    person_of(f.c, f.bob)->is_deceased = true;
    char target[256];
    snprintf(target, sizeof(target), "/api/GroupMembers?$filter=GroupId eq %d", group);
    autofree char *members = api_column(&f.api, target, "PersonId");
    cr_expect_str_eq(members, "");
    snprintf(target, sizeof(target), "/api/Groups?$filter=Id eq %d&$expand=Members", group);
    int status;
    json_t *doc = get_json(&f, target, &status);
    cr_expect(eq(sz, json_array_size(json_object_get(row(doc, 0), "Members")), 2),
              "Group.Members hides nothing");
    json_decref(doc);
    mutate_group_state(f.c, group, true, true);
    autofree char *groups = api_column(&f.api, target, "Id");
    cr_expect_str_eq(groups, "");
    autofree char *people = api_column(&f.api, "/api/People", "FirstName");
    cr_expect_str_eq(people, "Ann");
    church_free(f.c);
}

Test(sim_rock_api, single_rows_by_path_ignore_options_and_by_key_take_them)
{
    struct fixture f;
    setup(&f);
    char target[128];
    int status;
    snprintf(target, sizeof(target), "/api/People/%d?$expand=PhoneNumbers&$select=Id", f.ann);
    json_t *doc = get_json(&f, target, &status);
    cr_expect(json_object_size(doc) > 20);
    cr_expect(is_null(json_object_get(doc, "PhoneNumbers")));
    json_decref(doc);
    snprintf(target, sizeof(target), "/api/People(%d)?$expand=PhoneNumbers&$select=Id,PhoneNumbers",
             f.ann);
    doc = get_json(&f, target, &status);
    cr_expect(eq(sz, json_object_size(doc), 2));
    cr_expect(is_list(json_object_get(doc, "PhoneNumbers")));
    json_decref(doc);
    church_free(f.c);
}

Test(sim_rock_api, unknown_ids_routes_and_verbs)
{
    struct fixture f;
    setup(&f);
    int status;
    json_t *doc = get_json(&f, "/api/People/999999", &status);
    cr_expect(doc == NULL && status == 404, "unknown id: 404, empty");
    autofree char *route = api_column(&f.api, "/api/Persons", "Id");
    cr_expect(strncmp(route, "status 404: No HTTP resource was found", 38) == 0, "%s", route);
    struct api_request req = {"DELETE", "/api/People/1", A_TOKEN, ""};
    struct api_answer a;
    api_handle(&f.api, &req, &a);
    cr_expect(eq(int, a.status, 405));
    str_release(&a.body);
    church_free(f.c);
}

Test(sim_rock_api, a_merge_deletes_the_person_and_points_the_alias_at_the_survivor)
{
    struct fixture f;
    setup(&f);
    int32_t group = a_group(f.c, f.c->known.small_group, "Choir");
    a_member(f.c, group, f.ann);
    a_member(f.c, group, f.bob);
    a_phone(f.c, f.ann, f.c->known.mobile, "6235550101");
    a_phone(f.c, f.ann, f.c->known.home_phone, "6235550102");
    a_phone(f.c, f.bob, f.c->known.mobile, "6235550103");
    mutate_attribute(f.c, f.ann, f.c->known.employer, "Bakery");
    mutate_attribute(f.c, f.ann, f.c->known.position, "Baker");
    mutate_attribute(f.c, f.bob, f.c->known.position, "Owner");
    cr_assert(mutate_merge(f.c, f.ann, f.bob));

    char target[128], bob[16];
    int status;
    snprintf(bob, sizeof(bob), "%d", f.bob);
    snprintf(target, sizeof(target), "/api/People/%d", f.ann);
    json_decref(get_json(&f, target, &status));
    cr_expect(eq(int, status, 404));
    snprintf(target, sizeof(target), "/api/PersonAlias?$filter=AliasPersonId eq %d", f.ann);
    autofree char *survivor = api_column(&f.api, target, "PersonId");
    cr_expect_str_eq(survivor, bob);
    snprintf(target, sizeof(target), "/api/GroupMembers?$filter=GroupId eq %d", group);
    autofree char *members = api_column(&f.api, target, "PersonId");
    cr_expect_str_eq(members, bob, "same group and role: one row is left");
    snprintf(target, sizeof(target), "/api/PhoneNumbers?$filter=PersonId eq %d", f.bob);
    autofree char *numbers = api_column(&f.api, target, "Number");
    cr_expect_str_eq(numbers, "6235550103,6235550102", "the type that was missing is copied");
    snprintf(target, sizeof(target), "/api/AttributeValues?$filter=EntityId eq %d", f.bob);
    autofree char *values = api_column(&f.api, target, "Value");
    cr_expect_str_eq(values, "Bakery,Owner", "only where the survivor had none");
    church_free(f.c);
}

/* Rock's issue 6038, which the product must see as a plain removal. */
Test(sim_rock_api, a_merge_drops_the_membership_when_the_survivor_has_an_archived_one)
{
    struct fixture f;
    setup(&f);
    int32_t group = a_group(f.c, f.c->known.small_group, "Choir");
    a_member(f.c, group, f.ann);
    a_member(f.c, group, f.bob)->is_archived = true;
    cr_assert(mutate_merge(f.c, f.ann, f.bob));
    char target[128];
    snprintf(target, sizeof(target), "/api/GroupMembers?$filter=GroupId eq %d", group);
    autofree char *members = api_column(&f.api, target, "PersonId");
    cr_expect_str_eq(members, "");
    church_free(f.c);
}

Test(sim_rock_api, deleting_a_person_takes_the_aliases_along)
{
    struct fixture f;
    setup(&f);
    mutate_follow(f.c, f.ann, f.bob);
    cr_assert(mutate_delete_person(f.c, f.bob));
    char target[128];
    snprintf(target, sizeof(target), "/api/PersonAlias?$filter=AliasPersonId eq %d", f.bob);
    autofree char *aliases = api_column(&f.api, target, "Id");
    autofree char *followings = api_column(&f.api, "/api/Followings", "Id");
    cr_expect_str_eq(aliases, "");
    cr_expect_str_eq(followings, "");
    church_free(f.c);
}

Test(sim_rock_api, people_by_email_and_start_up_lookups)
{
    struct fixture f;
    setup(&f);
    person_of(f.c, f.bob)->email = "bob@example.org";
    autofree char *by_email =
        api_column(&f.api, "/api/People/GetByEmail/bob@example.org", "FirstName");
    cr_expect_str_eq(by_email, "Bob");
    autofree char *type =
        api_column(&f.api,
                   "/api/EntityTypes?$filter=Guid eq "
                   "guid'90F5E87B-F0D5-4617-8AE9-EB57E673F36F'&$select=Id,AssemblyName",
                   "AssemblyName");
    cr_expect(strstr(type, "Version=17.7.0.0") != NULL);
    autofree char *phone_types = api_column(
        &f.api, "/api/DefinedTypes?$filter=Guid eq guid'8345DD45-73C6-4F5E-BEBD-B77FC83F18FD'",
        "Name");
    cr_expect_str_eq(phone_types, "Phone Type");
    autofree char *employer =
        api_column(&f.api, "/api/Attributes?$filter=Key eq 'Employer'", "Key");
    cr_expect_str_eq(employer, "Employer");
    church_free(f.c);
}

Test(sim_rock_api, photos_come_without_a_key_and_unknown_ones_are_404)
{
    struct fixture f;
    setup(&f);
    struct binary_file *file = church_add(f.c, TABLE_BINARY_FILE);
    char target[128], guid[GUID_TEXT];
    snprintf(target, sizeof(target), "/GetImage.ashx?guid=%s&maxwidth=240",
             guid_format(&file->row.guid, guid));
    struct api_request req = {"GET", target, NULL, ""};
    struct api_answer a;
    api_handle(&f.api, &req, &a);
    cr_expect(eq(int, a.status, 200));
    cr_expect(a.body.n > 100 && memcmp(a.body.p, "\xFF\xD8\xFF\xE0", 4) == 0, "a JPEG");
    cr_expect(memcmp(a.body.p + a.body.n - 2, "\xFF\xD9", 2) == 0);
    str_release(&a.body);
    req.target = "/GetImage.ashx?guid=00000000-0000-0000-0000-000000000001";
    api_handle(&f.api, &req, &a);
    cr_expect(eq(int, a.status, 404));
    str_release(&a.body);
    church_free(f.c);
}

static const struct {
    const char *name;
    struct binary_file file;
    bool login, no_ids; /* of the server */
    const char *query;  /* $ the Id, ! the Guid */
    int status;
    const char *type;
    size_t least, most;
} images[] = {
    {"as it is", {.file_size = 50000}, false, false, "id=$", 200, "image/jpeg", 49000, 51000},
    {"made small",
     {.file_size = 50000},
     false,
     false,
     "guid=!&maxwidth=240",
     200,
     "image/jpeg",
     11000,
     13000},
    {"small already",
     {.file_size = 5000},
     false,
     false,
     "guid=!&maxheight=240",
     200,
     "image/jpeg",
     4900,
     5100},
    {"a PNG",
     {.picture = PICTURE_PNG},
     false,
     false,
     "guid=!&maxwidth=240",
     200,
     "image/png",
     60,
     80},
    {"a PNG as JPEG",
     {.picture = PICTURE_PNG},
     false,
     false,
     "guid=!&format=jpg",
     200,
     "image/jpeg",
     300,
     500},
    {"huge",
     {.picture = PICTURE_HUGE},
     false,
     false,
     "guid=!&maxwidth=240&format=jpg",
     200,
     "image/jpeg",
     3000000,
     3200000},
    {"no picture",
     {.picture = PICTURE_TEXT},
     false,
     false,
     "guid=!&format=jpg",
     200,
     "application/octet-stream",
     5,
     50},
    {"of a type that needs a login",
     {.needs_login = true},
     false,
     false,
     "guid=!",
     403,
     "text/html",
     1,
     2000},
    {"where all need a login", {.file_size = 1}, true, false, "guid=!", 403, "text/html", 1, 2000},
    {"by id where ids are not told",
     {.file_size = 1},
     false,
     true,
     "id=$",
     400,
     "text/html",
     1,
     2000},
    {"by guid where ids are not told",
     {.file_size = 1},
     false,
     true,
     "guid=!",
     200,
     "image/jpeg",
     300,
     500},
};

static char *image_target(const char *query, const struct binary_file *f)
{
    char target[160] = "/GetImage.ashx?", guid[GUID_TEXT];
    size_t n = strlen(target);
    for (const char *p = query; *p; p++) {
        if (*p == '$')
            n += (size_t)snprintf(target + n, sizeof(target) - n, "%d", f->row.id);
        else if (*p == '!')
            n += (size_t)snprintf(target + n, sizeof(target) - n, "%s",
                                  guid_format(&f->row.guid, guid));
        else
            target[n++] = *p;
    }
    return xstrndup(target, n);
}

Test(sim_rock_api, photos_come_as_they_are_asked_for)
{
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        struct binary_file *file = church_add(f.c, TABLE_BINARY_FILE);
        struct row row = file->row;
        struct api_answer a;
        *file = images[i].file;
        file->row = row;
        f.api.images_need_login = images[i].login;
        f.api.no_ids = images[i].no_ids;
        autofree char *target = image_target(images[i].query, file);
        struct api_request req = {"GET", target, NULL, ""};
        api_handle(&f.api, &req, &a);
        cr_expect(eq(int, a.status, images[i].status), "%s", images[i].name);
        cr_expect(a.content_type &&
                      strncmp(a.content_type, images[i].type, strlen(images[i].type)) == 0,
                  "%s: %s", images[i].name, a.content_type ? a.content_type : "none");
        cr_expect(a.body.n >= images[i].least && a.body.n <= images[i].most, "%s: %zu bytes",
                  images[i].name, a.body.n);
        str_release(&a.body);
    }
    church_free(f.c);
}

Test(sim_rock_api, lava_needs_the_edit_right_and_answers_a_json_string)
{
    struct fixture f;
    setup(&f);
    struct api_request req = {"POST", "/api/Lava/RenderTemplate", A_TOKEN, "say \"hi\""};
    struct api_answer a;
    api_handle(&f.api, &req, &a);
    cr_expect(eq(int, a.status, 401));
    str_release(&a.body);
    f.api.may_render = true;
    api_handle(&f.api, &req, &a);
    cr_expect_str_eq(a.body.p, "\"say \\\"hi\\\"\"");
    str_release(&a.body);
    f.api.rendered = "Lava Error: Unknown filter";
    api_handle(&f.api, &req, &a);
    cr_expect(eq(int, a.status, 200), "a Lava error comes inside a 200");
    str_release(&a.body);
    church_free(f.c);
}

Test(sim_rock_api, the_v4_dialect_refuses_what_v3_needs_and_takes_bare_literals)
{
    struct fixture f;
    setup(&f);
    f.api.v4 = true;
    autofree char *v3 = api_column(
        &f.api, "/api/GroupTypes?$filter=Guid eq guid'AAB2E9F4-E828-4FEE-8467-73DC9DAB784C'",
        "Name");
    cr_expect(strncmp(v3, "status 400", 10) == 0, "%s", v3);
    autofree char *v4 = api_column(
        &f.api, "/api/GroupTypes?$filter=Guid eq AAB2E9F4-E828-4FEE-8467-73DC9DAB784C", "Name");
    cr_expect_str_eq(v4, "Organization Unit");
    autofree char *path = api_column(&f.api, "/api/GroupMembers?$expand=Person/PhoneNumbers", "Id");
    cr_expect(strncmp(path, "status 400", 10) == 0, "%s", path);
    church_free(f.c);
}

Test(sim_rock_api, text_of_any_kind_survives_the_json)
{
    struct fixture f;
    setup(&f);
    const char *odd = "O'\"Brien\\ \t\n 田中 👩‍👩‍👧 \x01";
    person_of(f.c, f.ann)->last_name = odd;
    autofree char *got = api_column(&f.api, "/api/People?$top=1", "LastName");
    cr_expect_str_eq(got, odd);
    church_free(f.c);
}
