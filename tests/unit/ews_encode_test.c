#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/arena.h"

#include "tests/unit/ews_support.h"
#include "worker/ews/ews_encode_photo.h"
#include "worker/ews/ews_fields.h"

enum { MAX_BYTES = 400 * 1024 };

static const char *const two_categories[] = {"Golf", "Staff & <Choir>"};

#define expect_xpath(out, expression, want)                                                        \
    do {                                                                                           \
        autofree char *got_ = ews_test_xpath((out), (expression));                                 \
        cr_expect_str_eq(got_, (want), "%s: %s", (expression), got_);                              \
    } while (0)

#define FIELD_BIT(f) (UINT64_C(1) << CONTACT_##f)

/* ---- all requests, against the schema ---- */

static void create_full(struct str *out)
{
    struct contact c = ews_test_contact(), none = {{0}};
    struct store_op ops[] = {ews_test_op(1, &c), ews_test_op(2, &none)};
    ops[0].cats_after = "Following\nStaff & <Choir>";
    ews_encode_create(out, &ews_test_target, ops, 2);
}
static void create_in_default_folder(struct str *out)
{
    struct ews_target t = ews_test_target;
    struct contact c = {{[CONTACT_SURNAME] = "\x01\xFF]]>&<>\"'\r\n"}};
    struct store_op op = ews_test_op(1, &c);
    t.folder_id = NULL;
    ews_encode_create(out, &t, &op, 1);
}
static void update_sets_all(struct str *out)
{
    struct contact c = ews_test_contact();
    struct store_op op = ews_test_op(1, &c);
    struct ews_change change = {&op, op.version, true, {two_categories, 2}};
    ews_encode_update(out, &ews_test_target, &change, 1);
}
static void update_empties_all(struct str *out)
{
    struct contact none = {{0}};
    struct store_op op = ews_test_op(1, &none);
    struct ews_change change = {&op, NULL, true, {NULL, 0}};
    ews_encode_update(out, &ews_test_target, &change, 1);
}
static void update_only_ours(struct str *out)
{
    struct contact c = ews_test_contact();
    struct store_op op = ews_test_op(1, &c);
    struct ews_change change = {&op, op.version, false, {NULL, 0}};
    op.changed = 0;
    ews_encode_update(out, &ews_test_target, &change, 1);
}
static void delete_two(struct str *out)
{
    struct store_op ops[] = {ews_test_op(1, NULL), ews_test_op(2, NULL)};
    ews_encode_delete(out, &ews_test_target, "HardDelete", ops, 2);
}
static void strip_two(struct str *out)
{
    struct store_op ops[] = {ews_test_op(1, NULL), ews_test_op(2, NULL)};
    ews_encode_strip(out, &ews_test_target, ops, 2);
}
static void find_all(struct str *out)
{
    static const char *const folders[] = {"AAMkFolder=", "AAMk&Other="};
    ews_encode_find(out, &ews_test_target, &(struct ews_search){folders, 2, true, NULL, 0, 500});
}
static void find_one(struct str *out)
{
    struct guid k = ews_test_key(1);
    ews_encode_find(out, &ews_test_target, &(struct ews_search){.keys = &k, .n_keys = 1});
}
static void find_twenty(struct str *out)
{
    struct guid k[EWS_FIND_KEYS];
    for (unsigned i = 0; i < EWS_FIND_KEYS; i++)
        k[i] = ews_test_key(i);
    ews_encode_find(out, &ews_test_target,
                    &(struct ews_search){.keys = k, .n_keys = EWS_FIND_KEYS, .trash = true});
}
static void get_state(struct str *out)
{
    struct store_op op = ews_test_op(1, NULL);
    struct ews_change change = {.op = &op};
    ews_encode_get_state(out, &ews_test_target, &change, 1);
}
static void update_inherits(struct str *out)
{
    struct contact c = ews_test_contact();
    struct store_op op = ews_test_op(1, &c);
    struct ews_change change = {&op, op.version, true, {two_categories, 2}};
    op.inherits = true;
    ews_encode_update(out, &ews_test_target, &change, 1);
}
static void find_legacy(struct str *out)
{
    ews_encode_find_legacy(out, &ews_test_target, 250);
}
static void find_foreign(struct str *out)
{
    ews_encode_find_foreign(out, &ews_test_target, "AAMkNamed=");
}
static void find_folders(struct str *out)
{
    ews_encode_find_folders(out, &ews_test_target);
}
static void find_folder(struct str *out)
{
    ews_encode_find_folder(out, &ews_test_target, "Church & \"more\"");
}
static void create_folder(struct str *out)
{
    ews_encode_create_folder(out, &ews_test_target, "Church & <more>");
}
static void get_folder(struct str *out)
{
    ews_encode_get_folder(out, &ews_test_target);
}

static const struct store_photo a_photo = {
    .item_id = "AAMk&Item=", .mark = "00ff", .jpeg = "\xff\xd8\xff", .len = 3};

static void get_attachments(struct str *out)
{
    struct store_photo v[] = {a_photo, a_photo};
    ews_encode_get_attachments(out, &ews_test_target, v, 2);
}
static void delete_attachments(struct str *out)
{
    static const char *const ids[] = {"AAMkItem1=Ab", "AAMk\"&Item2=Ab"};
    ews_encode_delete_attachments(out, &ews_test_target, ids, 2);
}
static void create_photo(struct str *out)
{
    ews_encode_create_photo(out, &ews_test_target, &a_photo, "EQ&7");
}

static const struct request_case {
    const char *name;
    void (*encode)(struct str *out);
} requests[] = {
    {"create, full and empty", create_full},
    {"create in the default folder", create_in_default_folder},
    {"update, all set", update_sets_all},
    {"update, all emptied", update_empties_all},
    {"update, only our properties", update_only_ours},
    {"delete", delete_two},
    {"strip", strip_two},
    {"find all", find_all},
    {"find one", find_one},
    {"find twenty", find_twenty},
    {"get state", get_state},
    {"update that inherits", update_inherits},
    {"find legacy", find_legacy},
    {"find foreign", find_foreign},
    {"find folders", find_folders},
    {"find folder", find_folder},
    {"create folder", create_folder},
    {"get folder", get_folder},
    {"get attachments", get_attachments},
    {"delete attachments", delete_attachments},
    {"create photo", create_photo},
};

ParameterizedTestParameters(ews_encode, is_valid_by_the_schema)
{
    size_t n = ARRAY_LEN(requests), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, ews_encode, is_valid_by_the_schema)
{
    if (!ews_test_schema_there())
        return;
    autovalue(str_release) struct str out = STR_INIT(MAX_BYTES);
    requests[*i].encode(&out);
    autofree char *complaint = ews_test_invalid(out.p, out.n);
    cr_expect_null(complaint, "%s: %s", requests[*i].name, complaint);
    cr_expect_not(out.over);
}

/* ---- what is in them ---- */

Test(ews_encode, impersonates_and_names_the_version)
{
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    get_folder(&out);
    expect_xpath(&out, "string(//t:RequestServerVersion/@Version)", "Exchange2013_SP1");
    expect_xpath(&out, "string(//t:ConnectingSID/t:PrimarySmtpAddress)",
                 "pat.rivera@church.example");
    expect_xpath(&out, "string(//t:DistinguishedFolderId/@Id)", "contacts");
}

Test(ews_encode, create_writes_each_field_where_it_belongs)
{
    static const struct {
        const char *path, *want;
    } all[] = {
        {"FileAs", "Nakamura, Aiko"},
        {"DisplayName", "Nakamura, Aiko"},
        {"GivenName", "Aiko"},
        {"MiddleName", "R."},
        {"Surname", "Nakamura"},
        {"Generation", "Jr."},
        {"CompanyName", "Riverside & Sons"},
        {"JobTitle", "Deacon"},
        {"EmailAddresses/t:Entry[@Key='EmailAddress1']", "aiko@example.org"},
        {"PhoneNumbers/t:Entry[@Key='MobilePhone']", "+12175550103"},
        {"PhoneNumbers/t:Entry[@Key='HomePhone']", "+12175550102"},
        {"PhoneNumbers/t:Entry[@Key='HomePhone2']", "+12175550104"},
        {"PhoneNumbers/t:Entry[@Key='BusinessPhone']", "(217) 555-0101 x114"},
        {"PhoneNumbers/t:Entry[@Key='OtherTelephone']", "+12175550105"},
        {"PhysicalAddresses/t:Entry[@Key='Home']/t:Street", "12 Mill Lane\nApt 4"},
        {"PhysicalAddresses/t:Entry[@Key='Home']/t:City", "Springfield"},
        {"PhysicalAddresses/t:Entry[@Key='Home']/t:State", "IL"},
        {"PhysicalAddresses/t:Entry[@Key='Home']/t:PostalCode", "62701"},
        {"PhysicalAddresses/t:Entry[@Key='Home']/t:CountryOrRegion", "US"},
        {"PhysicalAddresses/t:Entry[@Key='Business']/t:Street", "1 Church Road"},
        {"PhysicalAddresses/t:Entry[@Key='Business']/t:City", "Decatur"},
        {"PhysicalAddresses/t:Entry[@Key='Business']/t:PostalCode", "62521"},
        {"Birthday", "1984-03-09T11:59:00Z"},
        {"WeddingAnniversary", "2010-06-19T11:59:00Z"},
        {"ExtendedProperty[t:ExtendedFieldURI/@PropertyTag='0x3A45']/t:Value", "Dr."},
        {"ExtendedProperty[t:ExtendedFieldURI/@PropertyName='RockSyncKey']/t:Value",
         "0b7f2c1e-5d0c-4f0a-9a43-1f5f00000001"},
        {"ExtendedProperty[t:ExtendedFieldURI/@PropertyName='RockSyncHash']/t:Value",
         EWS_TEST_HASH},
        {"Categories/t:String[1]", "Following"},
        {"Categories/t:String[2]", "Staff & <Choir>"},
    };
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    create_full(&out);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char path[200];
        snprintf(path, sizeof(path), "string(//t:Contact[1]/t:%s)", all[i].path);
        expect_xpath(&out, path, all[i].want);
    }
    expect_xpath(&out, "count(//t:Contact[2]/*)", "2"); /* key and hash */
    expect_xpath(&out, "string(//m:SavedItemFolderId/t:FolderId/@Id)", "AAMkFolder=");
}

Test(ews_encode, create_replaces_what_no_document_may_hold)
{
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    create_in_default_folder(&out);
    expect_xpath(&out, "string(//t:Surname)", "\uFFFD\uFFFD]]>&<>\"'\n");
}

/* The schema would take more; a server answers ErrorIncorrectUpdatePropertyCount. */
Test(ews_encode, update_has_one_property_in_each_set)
{
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    update_sets_all(&out);
    expect_xpath(&out, "count(//t:SetItemField)", "30"); /* fields, key, hash, categories */
    expect_xpath(&out, "count(//t:SetItemField[count(t:Contact/*) != 1])", "0");
    expect_xpath(&out, "count(//t:SetItemField[count(.//t:Entry) > 1 or count(.//t:Entry/*) > 1])",
                 "0");
    expect_xpath(&out, "count(//t:DeleteItemField)", "0");
    expect_xpath(&out, "string(//t:ItemId/@ChangeKey)", "EQAAABYx");
    expect_xpath(&out, "string(//m:UpdateItem/@ConflictResolution)", "NeverOverwrite");
}

Test(ews_encode, update_deletes_what_was_emptied_and_the_remains_of_an_email)
{
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    update_empties_all(&out);
    expect_xpath(&out, "count(//t:SetItemField)", "2");     /* key and hash */
    expect_xpath(&out, "count(//t:DeleteItemField)", "32"); /* fields, 4 remains, categories */
    expect_xpath(&out, "count(//t:DeleteItemField[*/@DistinguishedPropertySetId='Address'])", "4");
    expect_xpath(&out,
                 "sum(//t:DeleteItemField/t:ExtendedFieldURI[@DistinguishedPropertySetId]/"
                 "@PropertyId)",
                 "131593"); /* 32896 + 32898 + 32899 + 32900 */
    expect_xpath(&out, "count(//t:DeleteItemField/t:FieldURI[@FieldURI='item:Categories'])", "1");
    expect_xpath(&out, "count(//t:ItemId/@ChangeKey)", "0");
}

Test(ews_encode, update_touches_only_changed_fields_and_our_properties)
{
    struct contact c = {{[CONTACT_SURNAME] = "Lee", [CONTACT_GIVEN_NAME] = "Aiko"}};
    struct store_op op = ews_test_op(1, &c);
    struct ews_change change = {&op, NULL, false, {NULL, 0}};
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    op.changed = FIELD_BIT(SURNAME) | FIELD_BIT(PHONE_HOME);
    ews_encode_update(&out, &ews_test_target, &change, 1);
    expect_xpath(&out, "count(//t:Updates/*)", "4");
    expect_xpath(&out, "string(//t:SetItemField[t:FieldURI]/t:Contact/t:Surname)", "Lee");
    expect_xpath(&out, "string(//t:DeleteItemField/t:IndexedFieldURI/@FieldIndex)", "HomePhone");
    expect_xpath(&out, "count(//t:GivenName)", "0");
}

Test(ews_encode, delete_and_strip_name_items_and_nothing_else)
{
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    delete_two(&out);
    expect_xpath(&out, "string(//m:DeleteItem/@DeleteType)", "HardDelete");
    expect_xpath(&out, "count(//t:ItemId[@Id='AAMkItem1=' and not(@ChangeKey)])", "2");
    str_clear(&out);
    strip_two(&out);
    expect_xpath(&out, "count(//t:ItemChange)", "2");
    expect_xpath(&out, "count(//t:ItemChange[1]//t:DeleteItemField)", "2");
    expect_xpath(&out, "count(//t:SetItemField)", "0");
}

Test(ews_encode, find_pages_in_a_fixed_order)
{
    autovalue(str_release) struct str out;
    str_init(&out, MAX_BYTES);
    find_all(&out);
    expect_xpath(&out, "string(//m:IndexedPageItemView/@Offset)", "500");
    expect_xpath(&out, "string(//m:IndexedPageItemView/@MaxEntriesReturned)", "250");
    expect_xpath(&out, "string(//m:SortOrder//@FieldURI)", "item:DateTimeCreated");
    expect_xpath(&out, "string(//t:Exists/t:ExtendedFieldURI/@PropertyName)", "RockSyncKey");
    str_clear(&out);
    find_twenty(&out);
    expect_xpath(&out, "count(//t:Or/t:IsEqualTo)", "20");
    expect_xpath(&out, "string(//t:IsEqualTo[3]//t:Constant/@Value)",
                 "0b7f2c1e-5d0c-4f0a-9a43-1f5f00000002");
}

Test(ews_encode, an_id_of_512_bytes_with_any_character_stays_whole)
{
    char id[513];
    struct store_op op = ews_test_op(1, NULL);
    autovalue(str_release) struct str out;
    memset(id, '"', 512);
    id[512] = '\0';
    op.item_id = id;
    str_init(&out, MAX_BYTES);
    ews_encode_delete(&out, &ews_test_target, "HardDelete", &op, 1);
    expect_xpath(&out, "string-length(//t:ItemId/@Id)", "512");
}

Test(ews_encode, a_request_beyond_the_limit_says_so)
{
    struct contact c = ews_test_contact();
    struct store_op ops[100];
    autovalue(str_release) struct str out;
    for (unsigned i = 0; i < 100; i++)
        ops[i] = ews_test_op(i, &c);
    str_init(&out, 50 * 1024);
    ews_encode_create(&out, &ews_test_target, ops, 100);
    cr_expect(out.over);
}

Test(ews_encode, a_hundred_full_contacts_fit_a_request)
{
    struct contact c = ews_test_contact();
    struct store_op ops[100];
    autovalue(str_release) struct str out;
    for (unsigned i = 0; i < 100; i++)
        ops[i] = ews_test_op(i, &c);
    str_init(&out, MAX_BYTES);
    ews_encode_create(&out, &ews_test_target, ops, 100);
    cr_expect_not(out.over);
}

/* ---- photos ---- */

Test(ews_encode, a_photo_names_its_item_its_mark_and_what_it_is)
{
    autovalue(str_release) struct str out = STR_INIT(MAX_BYTES);
    create_photo(&out);
    expect_xpath(&out, "string(//m:ParentItemId/@Id)", "AAMk&Item=");
    expect_xpath(&out, "string(//m:ParentItemId/@ChangeKey)", "EQ&7");
    expect_xpath(&out, "string(//t:FileAttachment/t:ContentId)", "rocksync-00ff");
    expect_xpath(&out, "string(//t:FileAttachment/t:IsContactPhoto)", "true");
    expect_xpath(&out, "string(//t:FileAttachment/t:Content)", "/9j/");
}

Test(ews_encode, a_photo_that_does_not_fit_is_too_big)
{
    autovalue(str_release) struct str out = STR_INIT(1000);
    static char jpeg[1000];
    struct store_photo photo = a_photo;
    photo.jpeg = jpeg;
    photo.len = sizeof(jpeg);
    ews_encode_create_photo(&out, &ews_test_target, &photo, NULL);
    cr_expect(out.over);
}
