#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "producer/rock/rock_decode_person.h"

static struct err err;
static struct arena *arena;
static struct rock_person got[4];
static size_t n_got;

static const struct rock_phone_type phone_types[] = {
    {12, DIR_PHONE_MOBILE, "Mobile"}, {13, DIR_PHONE_HOME, "Home"}, {900, DIR_PHONE_OTHER, "Fax"}};
static const struct rock_codes codes = {phone_types, 3, 2, NULL, NULL};

/* The row that reference/rock.md section 3.4 shows. */
static const char greta[] =
    "{\"Id\":812,\"Guid\":\"0b7f2c1e-5d0c-4f0a-9a43-1f5f3b0c9d11\",\"RecordTypeValueId\":1,"
    "\"RecordStatusValueId\":3,\"IsDeceased\":false,\"TitleValueId\":31,\"FirstName\":"
    "\"Margarethe\","
    "\"NickName\":\"Greta\",\"MiddleName\":null,\"LastName\":\"O'Hara-Nkemelu\","
    "\"SuffixValueId\":null,\"PhotoId\":5521,\"BirthDay\":14,\"BirthMonth\":2,\"BirthYear\":null,"
    "\"BirthDate\":\"0001-02-14T00:00:00\",\"Gender\":2,"
    "\"AnniversaryDate\":\"2004-06-12T00:00:00.0000001\",\"Email\":\"greta@example.org\","
    "\"IsEmailActive\":true,\"EmailPreference\":1,\"AgeClassification\":1,\"PrimaryAliasId\":790,"
    "\"PrimaryFamilyId\":3071,\"FullName\":\"Greta O'Hara-Nkemelu\","
    "\"PhoneNumbers\":[{\"Id\":9002,\"PersonId\":812,\"CountryCode\":null,\"Number\":"
    "\"6235550000\","
    "\"NumberFormatted\":null,\"Extension\":null,\"NumberTypeValueId\":null,"
    "\"IsMessagingEnabled\":false,\"IsUnlisted\":true},"
    "{\"Id\":9001,\"PersonId\":812,\"CountryCode\":\"1\",\"Number\":\"6235553322\","
    "\"NumberFormatted\":\"(623) 555-3322\",\"Extension\":\"114\",\"NumberTypeValueId\":12,"
    "\"IsMessagingEnabled\":true,\"IsUnlisted\":false}],"
    "\"TitleValue\":{\"Id\":31,\"Value\":\"Dr.\"},\"SuffixValue\":null,"
    "\"Photo\":{\"Guid\":\"cccccccc-0000-4000-8000-000000000001\"}}";

static void on_person(const struct js *row, int64_t id, void *user)
{
    (void)user;
    struct rock_person p;
    rock_decode_person(row, id, &codes, arena, &p);
    if (n_got < 4)
        got[n_got++] = p;
}

static int decode(const char *body, size_t n)
{
    struct rock_rows rows;

    if (!arena)
        arena = arena_new("test", 1 << 28);
    arena_reset(arena);
    n_got = 0;
    return rock_decode_page(body, n, 0, on_person, NULL, &rows, &err);
}

static int decode_text(const char *body)
{
    return decode(body, strlen(body));
}

static char *page_of(const char *row)
{
    size_t size = strlen(row) + 3;
    char *page = xalloc(size);
    snprintf(page, size, "[%s]", row);
    return page;
}

/* The row with one field replaced; a path like "PhoneNumbers.1.Number". value NULL: taken out. */
static char *changed(const char *path, const char *value)
{
    json_t *row = json_loads(greta, 0, NULL), *at = row;
    autofree char *copy = xstrdup(path);
    char *save = NULL, *step = strtok_r(copy, ".", &save), *next;

    while ((next = strtok_r(NULL, ".", &save))) {
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
        step = next;
    }
    if (value)
        json_object_set_new(at, step, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(at, step);
    json_t *page = json_pack("[o]", row);
    char *text = json_dumps(page, JSON_COMPACT);
    json_decref(page);
    return text;
}

/* ---- a whole person ---- */

Test(rock_decode, a_person)
{
    autofree char *page = page_of(greta);
    const struct dir_person *p = &got[0].p;

    cr_assert(decode_text(page) == 0, "%s", err.text);
    cr_expect(got[0].id == 812 && got[0].alias == 790 && got[0].family == 3071);
    cr_expect(p->rock_id == 812 && !p->business && !p->deceased && p->email_active);
    cr_expect_str_eq(p->first_name, "Margarethe");
    cr_expect_str_eq(p->nick_name, "Greta");
    cr_expect(p->middle_name == NULL);
    cr_expect_str_eq(p->last_name, "O'Hara-Nkemelu");
    cr_expect_str_eq(p->title, "Dr.");
    cr_expect(p->suffix == NULL);
    cr_expect(p->birth_day == 14 && p->birth_month == 2 && p->birth_year == 0);
    cr_expect(p->anniversary_day == 12 && p->anniversary_year == 2004);
    cr_expect(eq(i64, p->photo_id, 5521));
    cr_expect(p->photo_guid.b[0] == 0xcc);
    cr_assert(eq(sz, p->n_phones, 2));
    cr_expect(p->phones[0].id == 9001 && p->phones[0].type == DIR_PHONE_MOBILE);
    cr_expect_str_eq(p->phones[0].type_name, "Mobile");
    cr_expect(p->phones[0].messaging && !p->phones[0].unlisted);
    cr_expect(p->phones[1].type == DIR_PHONE_OTHER && p->phones[1].type_name == NULL);
    cr_expect(p->phones[1].unlisted);
}

/* ---- one field each: what passes and what it means, what fails and where ---- */

static const struct field_case {
    const char *path, *value, *fails; /* fails NULL: passes */
} field_cases[] = {
    {"Id", "null", "[0].Id: missing"},
    {"Id", NULL, "[0].Id: missing"},
    {"Id", "\"812\"", "[0].Id: expected a whole number"},
    {"Id", "812.0", "[0].Id: expected a whole number"},
    {"Id", "0", "[0].Id: the number is out of range"},
    {"Id", "-5", "[0].Id: the number is out of range"},
    {"Id", "2147483648", "[0].Id: the number is out of range"},
    {"Id", "{\"a\":[1,\"x\"]}", "[0].Id: expected a whole number, found an object"},
    {"LastName", "null", NULL},
    {"LastName", NULL, NULL},
    {"LastName", "\"\"", NULL},
    {"LastName", "7", "[0].LastName: expected a string"},
    {"LastName", "[\"x\"]", "[0].LastName: expected a string"},
    {"NickName", "true", "[0].NickName: expected a string"},
    {"Email", "{}", "[0].Email: expected a string"},
    {"IsDeceased", "null", NULL},
    {"IsDeceased", "0", "[0].IsDeceased: expected true or false"},
    {"IsEmailActive", "\"true\"", "[0].IsEmailActive: expected true or false"},
    {"RecordTypeValueId", "null", NULL},
    {"RecordTypeValueId", "\"1\"", "[0].RecordTypeValueId: expected a whole number"},
    {"AgeClassification", "99", NULL},
    {"AgeClassification", "\"Adult\"", "[0].AgeClassification: expected a whole number"},
    {"Gender", "\"anything\"", NULL},
    {"BirthDate", "{}", NULL},
    {"BirthDay", "0", NULL},
    {"BirthDay", "99", NULL},
    {"BirthMonth", "\"2\"", "[0].BirthMonth: expected a whole number"},
    {"BirthYear", "1e3", "[0].BirthYear: expected a whole number"},
    {"AnniversaryDate", "null", NULL},
    {"AnniversaryDate", "\"0001-01-01T00:00:00\"", NULL},
    {"AnniversaryDate", "\"2004-06-31T00:00:00\"", "[0].AnniversaryDate: not a date"},
    {"AnniversaryDate", "\"2004-06-12T00:00:00Z\"", "[0].AnniversaryDate: not a date"},
    {"AnniversaryDate", "\"12.6.2004\"", "[0].AnniversaryDate: not a date"},
    {"AnniversaryDate", "20040612", "[0].AnniversaryDate: expected a string"},
    {"PrimaryAliasId", "null", NULL},
    {"PrimaryAliasId", "-1", "[0].PrimaryAliasId: the number is out of range"},
    {"PhoneNumbers", "null", "[0].PhoneNumbers: missing"},
    {"PhoneNumbers", NULL, "[0].PhoneNumbers: missing"},
    {"PhoneNumbers", "{}", "[0].PhoneNumbers: expected an array"},
    {"PhoneNumbers", "[]", NULL},
    {"PhoneNumbers", "[null]", "[0].PhoneNumbers[0]: expected an object, found null"},
    {"PhoneNumbers", "[7]", "[0].PhoneNumbers[0]: expected an object"},
    {"PhoneNumbers.1.Id", "null", "[0].PhoneNumbers[1].Id: missing"},
    {"PhoneNumbers.1.Number", "null", NULL},
    {"PhoneNumbers.1.Number", "6235553322", "[0].PhoneNumbers[1].Number: expected a string"},
    {"PhoneNumbers.1.IsUnlisted", "null", "[0].PhoneNumbers[1].IsUnlisted: missing"},
    {"PhoneNumbers.1.IsUnlisted", "0", "[0].PhoneNumbers[1].IsUnlisted: expected true or false"},
    {"PhoneNumbers.1.NumberTypeValueId", "77", NULL},
    {"PhoneNumbers.1.CountryCode", "1", "[0].PhoneNumbers[1].CountryCode: expected a string"},
    {"TitleValue", "null", "[0].TitleValue: missing although TitleValueId is there"},
    {"TitleValue", NULL, "[0].TitleValue: missing although TitleValueId is there"},
    {"TitleValue", "\"Dr.\"", "[0].TitleValue: expected an object"},
    {"TitleValue", "{\"Value\":7}", "[0].TitleValue.Value: expected a string"},
    {"TitleValueId", "null", NULL},
    {"SuffixValueId", "32", "[0].SuffixValue: missing although SuffixValueId is there"},
    {"Photo", "null", NULL},
    {"Photo", "{\"Guid\":\"x\"}", "[0].Photo.Guid: expected a Guid"},
    {"More", "{\"deep\":[[[]]]}", NULL},
};

ParameterizedTestParameters(rock_decode, field)
{
    size_t n = ARRAY_LEN(field_cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_decode, field)
{
    const struct field_case *c = &field_cases[*i];
    autofree char *page = changed(c->path, c->value);
    int rc = decode_text(page);

    if (!c->fails) {
        cr_expect(eq(int, rc, 0), "%s = %s: %s", c->path, c->value ? c->value : "(none)", err.text);
        return;
    }
    cr_assert(rc < 0, "%s = %s is taken", c->path, c->value ? c->value : "(none)");
    cr_expect(strstr(err.text, c->fails) == err.text, "wanted \"%s\", is \"%s\"", c->fails,
              err.text);
    cr_expect_str_eq(err.code, "json");
    cr_expect(strstr(err.text, "6235553322") == NULL && strstr(err.text, "Greta") == NULL);
}

Test(rock_decode, what_nobody_knows_is_unknown)
{
    autofree char *age = changed("AgeClassification", "99");
    autofree char *day = changed("BirthDay", "32");

    cr_assert(decode_text(age) == 0);
    cr_expect(eq(int, got[0].p.age_class, 0));
    cr_assert(decode_text(day) == 0);
    cr_expect(eq(int, got[0].p.birth_day, 0));
}

Test(rock_decode, a_business_and_null_flags)
{
    autofree char *business = changed("RecordTypeValueId", "2");
    autofree char *mail = changed("IsEmailActive", "null");

    cr_assert(decode_text(business) == 0);
    cr_expect(got[0].p.business);
    cr_assert(decode_text(mail) == 0);
    cr_expect(got[0].p.email_active);
}

/* Every field null at once: what is required says so, whichever comes first. */
Test(rock_decode, nulls_everywhere)
{
    json_t *row = json_loads(greta, 0, NULL), *value;
    const char *key;
    void *tmp;

    json_object_foreach_safe(row, tmp, key, value) json_object_set_new(row, key, json_null());
    json_object_set_new(row, "Id", json_integer(1));
    json_object_set_new(row, "PhoneNumbers", json_array());
    json_t *page = json_pack("[o]", row);
    autofree char *text = json_dumps(page, 0);
    json_decref(page);
    cr_assert(decode_text(text) == 0, "%s", err.text);
    const struct dir_person *p = &got[0].p;
    cr_expect(p->first_name == NULL && !p->last_name && !p->email && !p->title && !p->n_phones);
    cr_expect(p->birth_day == 0 && p->anniversary_year == 0 && p->photo_id == 0);
}

/* ---- pages ---- */

static const struct {
    const char *name, *body, *fails;
} pages[] = {
    {"empty list", "[]", NULL},
    {"nothing", "", "JSON ends too early"},
    {"an object", "{}", "top level: expected a list"},
    {"an error with 200", "{\"Message\":\"An error has occurred.\"}", "top level: expected a list"},
    {"null", "null", "JSON "},
    {"null row", "[null]", "[0]: expected an object, found null"},
    {"number row", "[7]", "[0]: expected an object"},
    {"list row", "[[]]", "[0]: expected an object"},
    {"error in a row's place", "[{\"Message\":\"An error has occurred.\"}]",
     "[0]: an error message stands where a row should be"},
    {"twice the same Id", "[{\"Id\":5,\"PhoneNumbers\":[]},{\"Id\":5,\"PhoneNumbers\":[]}]",
     "[1].Id: the rows are not in the order"},
    {"descending", "[{\"Id\":5,\"PhoneNumbers\":[]},{\"Id\":4,\"PhoneNumbers\":[]}]",
     "[1].Id: the rows are not in the order"},
    {"something behind", "[] []", "JSON has something behind its end"},
    {"a key twice", "[{\"Id\":5,\"Id\":6}]", "JSON has a key twice"},
    {"not UTF-8", "[{\"Id\":5,\"LastName\":\"\xff\xfe\"}]", "JSON is not valid UTF-8"},
    {"a NUL in text", "[{\"Id\":5,\"LastName\":\"a\\u0000b\"}]", "JSON has a NUL"},
    {"lone surrogate", "[{\"Id\":5,\"LastName\":\"\\ud800\"}]", "JSON "},
    {"HTML", "<!DOCTYPE html><html></html>", "JSON has a syntax error"},
    {"a byte order mark", "\xef\xbb\xbf[]", "JSON has a syntax error"},
};

ParameterizedTestParameters(rock_decode, page)
{
    size_t n = ARRAY_LEN(pages), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_decode, page)
{
    int rc = decode_text(pages[*i].body);

    if (!pages[*i].fails) {
        cr_expect(eq(int, rc, 0), "%s", err.text);
        return;
    }
    cr_assert(rc < 0, "%s is taken", pages[*i].name);
    cr_expect(strstr(err.text, pages[*i].fails) == err.text, "%s: %s", pages[*i].name, err.text);
}

static void count_row(const struct js *row, int64_t id, void *user)
{
    (void)row, (void)id;
    ++*(size_t *)user;
}

Test(rock_decode, a_page_must_be_behind_the_last_one)
{
    static const char body[] = "[{\"Id\":7},{\"Id\":9}]";
    struct rock_rows rows = {0};
    size_t n = 0;

    cr_assert(rock_decode_page(body, strlen(body), 6, count_row, &n, &rows, &err) == 0);
    cr_expect(rows.n == 2 && rows.last == 9 && n == 2);
    cr_expect(rock_decode_page(body, strlen(body), 7, count_row, &n, &rows, &err) < 0);
    cr_assert(rock_decode_page("[]", 2, 41, count_row, &n, &rows, &err) == 0);
    cr_expect(rows.n == 0 && rows.last == 41);
}

Test(rock_decode, every_truncation_fails)
{
    autofree char *page = page_of(greta);
    size_t n = strlen(page);

    cr_assert(decode(page, n) == 0);
    for (size_t i = 0; i < n; i++) {
        autofree char *part = xstrndup(page, i); /* its own block: a read beyond it would show */
        cr_assert(decode(part, i) < 0, "%zu bytes are taken", i);
    }
}

Test(rock_decode, every_byte_flipped_is_taken_or_refused)
{
    autofree char *page = page_of(greta);
    size_t n = strlen(page), refused = 0;

    for (size_t i = 0; i < n; i++) {
        char old = page[i];
        for (int bit = 0; bit < 8; bit++) {
            page[i] = (char)(old ^ (1 << bit));
            refused += decode(page, n) < 0;
        }
        page[i] = old;
    }
    cr_expect(refused > n, "%zu", refused);
}

static char *with_long_name(size_t bytes)
{
    size_t size = bytes + 128;
    char *page = xalloc(size), *name = xalloc(bytes + 1);
    memset(name, 'x', bytes);
    snprintf(page, size, "[{\"Id\":1,\"PhoneNumbers\":[],\"LastName\":\"%s\"}]", name);
    free(name);
    return page;
}

Test(rock_decode, texts_have_a_maximum)
{
    autofree char *most = with_long_name(ROCK_TEXT_MAX);
    autofree char *more = with_long_name(ROCK_TEXT_MAX + 1);
    autofree char *ten_mb = with_long_name(10 << 20);

    cr_expect(decode_text(most) == 0, "%s", err.text);
    cr_expect(decode_text(more) < 0);
    cr_expect(decode_text(ten_mb) < 0);
    cr_expect_str_eq(err.text,
                     "[0].LastName: a text of 10485760 bytes, more than the 1048576 allowed");
}

Test(rock_decode, lists_in_rows_have_a_maximum)
{
    struct str s = STR_INIT(1 << 20);

    str_puts(&s, "[{\"Id\":1,\"PhoneNumbers\":[7");
    for (int i = 0; i < ROCK_LIST_MAX; i++)
        str_puts(&s, ",7");
    str_puts(&s, "]}]");
    cr_expect(decode_text(s.p) < 0);
    cr_expect_str_eq(err.text, "[0].PhoneNumbers: 10001 numbers, more than the 10000 allowed");
    str_release(&s);
}

Test(rock_decode, names_in_any_script)
{
    static const char *const names[] = {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xf0\x9f\x98\x80",
                                        "\xe2\x80\xae"
                                        "drow",
                                        "a\tb\nc", "Na\xcc\x88ve "};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_t *page = json_pack("[{s:i,s:s,s:[]}]", "Id", 1, "LastName", names[i], "PhoneNumbers");
        autofree char *text = json_dumps(page, JSON_ENSURE_ASCII);
        json_decref(page);
        cr_assert(decode_text(text) == 0, "%s", err.text);
        cr_expect_str_eq(got[0].p.last_name, names[i]);
    }
}

/* ---- the other rows ---- */

static struct {
    struct rock_member member;
    struct rock_alias alias;
    struct rock_following following;
    struct rock_value value;
    struct rock_place place;
    struct rock_group group;
    struct rock_lookup lookup;
    bool active;
} last;

static void on_member(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_member(row, id, &last.member);
    last.active = rock_decode_active(row, &last.member);
}
static void on_alias(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_alias(row, id, &last.alias);
}
static void on_following(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_following(row, id, &last.following);
}
static void on_value(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_value(row, id, &last.value);
}
static void on_place(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_place(row, id, arena, &last.place);
}
static void on_group(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_group(row, id, arena, &last.group);
}
static void on_lookup(const struct js *row, int64_t id, void *user)
{
    (void)user;
    rock_decode_lookup(row, id, "Value", arena, &last.lookup);
}

#define G "\"Guid\":\"0b7f2c1e-5d0c-4f0a-9a43-1f5f3b0c9d11\""

static const struct row_case {
    rock_row fn;
    const char *row, *fails;
} row_cases[] = {
    {on_member, "\"GroupId\":2,\"PersonId\":3,\"GroupRoleId\":4,\"GroupMemberStatus\":1", NULL},
    {on_member, "\"PersonId\":3,\"GroupRoleId\":4,\"GroupMemberStatus\":1", "[0].GroupId: missing"},
    {on_member, "\"GroupId\":2,\"PersonId\":null,\"GroupRoleId\":4,\"GroupMemberStatus\":1",
     "[0].PersonId: missing"},
    {on_member, "\"GroupId\":2,\"PersonId\":3,\"GroupRoleId\":4", "[0].GroupMemberStatus: missing"},
    {on_member, "\"GroupId\":2,\"PersonId\":3,\"GroupRoleId\":4,\"GroupMemberStatus\":\"Active\"",
     "[0].GroupMemberStatus: expected a whole number"},
    {on_member, "\"GroupId\":2,\"PersonId\":3,\"GroupRoleId\":4,\"GroupMemberStatus\":99",
     "[0].GroupMemberStatus: unknown status 99"},
    {on_member, "\"GroupId\":2,\"PersonId\":3,\"GroupRoleId\":4,\"GroupMemberStatus\":-1",
     "[0].GroupMemberStatus: unknown status -1"},
    {on_alias, G ",\"PersonId\":3,\"AliasPersonId\":null", NULL},
    {on_alias, "\"PersonId\":3", "[0].Guid: missing"},
    {on_alias, G, "[0].PersonId: missing"},
    {on_alias, "\"Guid\":\"0b7f2c1e\",\"PersonId\":3", "[0].Guid: expected a Guid"},
    {on_following, "\"EntityTypeId\":1,\"EntityId\":2,\"PersonAlias\":{\"PersonId\":3}", NULL},
    {on_following, "\"EntityTypeId\":1,\"EntityId\":2,\"PersonAlias\":null",
     "[0].PersonAlias: missing"},
    {on_following, "\"EntityTypeId\":1,\"EntityId\":2,\"PersonAlias\":{}",
     "[0].PersonAlias.PersonId: missing"},
    {on_following, "\"EntityTypeId\":1,\"PersonAlias\":{\"PersonId\":3}", "[0].EntityId: missing"},
    {on_value, "\"AttributeId\":1,\"EntityId\":null,\"Value\":null", NULL},
    {on_value, "\"EntityId\":2", "[0].AttributeId: missing"},
    {on_value, "\"AttributeId\":1,\"EntityId\":2,\"Value\":true", "[0].Value: expected a string"},
    {on_place, "\"GroupId\":1,\"GroupLocationTypeValueId\":null,\"Location\":{}", NULL},
    {on_place, "\"GroupId\":1,\"Location\":null", "[0].Location: missing"},
    {on_place, "\"GroupId\":1,\"Location\":{\"City\":5}", "[0].Location.City: expected a string"},
    {on_group, G ",\"GroupTypeId\":1,\"IsActive\":true,\"IsSecurityRole\":false", NULL},
    {on_group, G ",\"GroupTypeId\":1,\"IsActive\":null,\"IsSecurityRole\":false",
     "[0].IsActive: missing"},
    {on_group, G ",\"GroupTypeId\":1,\"IsActive\":true", "[0].IsSecurityRole: missing"},
    {on_group, G ",\"IsActive\":true,\"IsSecurityRole\":false", "[0].GroupTypeId: missing"},
    {on_lookup, G ",\"Value\":\"Mobile\"", NULL},
    {on_lookup, "\"Value\":\"Mobile\"", "[0].Guid: missing"},
};

ParameterizedTestParameters(rock_decode, other_rows)
{
    size_t n = ARRAY_LEN(row_cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_decode, other_rows)
{
    const struct row_case *c = &row_cases[*i];
    struct rock_rows rows;
    char body[512];

    arena = arena_new("test", 1 << 20);
    snprintf(body, sizeof(body), "[{\"Id\":77,%s}]", c->row);
    int rc = rock_decode_page(body, strlen(body), 0, c->fn, NULL, &rows, &err);
    if (c->fails) {
        cr_assert(rc < 0, "%s is taken", c->row);
        cr_expect(strstr(err.text, c->fails) == err.text, "%s: %s", c->row, err.text);
    } else {
        cr_expect(eq(int, rc, 0), "%s: %s", c->row, err.text);
    }
    arena_free(arena);
}

Test(rock_decode, memberships_that_count)
{
    static const struct {
        const char *rest;
        bool active;
        int64_t order;
    } rows[] = {{"1,\"IsArchived\":false,\"GroupOrder\":2", true, 2},
                {"1,\"IsArchived\":null", true, INT64_MAX},
                {"1,\"IsArchived\":true", false, INT64_MAX},
                {"0", false, INT64_MAX},
                {"2", false, INT64_MAX}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rock_rows ret;
        char body[256];
        snprintf(body, sizeof(body),
                 "[{\"Id\":1,\"GroupId\":2,\"PersonId\":3,\"GroupRoleId\":4,\"GroupMemberStatus\":"
                 "%s}]",
                 rows[i].rest);
        cr_assert(rock_decode_page(body, strlen(body), 0, on_member, NULL, &ret, &err) == 0);
        cr_expect(last.active == rows[i].active, "%s", rows[i].rest);
        cr_expect(eq(i64, last.member.order, rows[i].order), "%s", rows[i].rest);
    }
}

Test(rock_decode, followings_of_other_features_are_not_plain)
{
    static const struct {
        const char *purpose;
        bool plain;
    } rows[] = {{"null", true}, {"\"\"", true}, {"\"connection-board\"", false}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rock_rows ret;
        char body[256];
        snprintf(body, sizeof(body),
                 "[{\"Id\":1,\"EntityTypeId\":2,\"EntityId\":3,\"PurposeKey\":%s,\"PersonAlias\":"
                 "{\"PersonId\":4}}]",
                 rows[i].purpose);
        cr_assert(rock_decode_page(body, strlen(body), 0, on_following, NULL, &ret, &err) == 0);
        cr_expect(last.following.plain == rows[i].plain, "%s", rows[i].purpose);
    }
}

Test(rock_decode, yes_of_the_opt_out_attribute)
{
    static const char *const yes[] = {"true", "True", " YES ", "1", "1\r\n"};
    static const char *const no[] = {"", " ", "false", "no", "0", "11", "yess", "t", "tru e"};

    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        cr_expect(rock_decode_yes(yes[i]), "\"%s\"", yes[i]);
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        cr_expect(not(rock_decode_yes(no[i])), "\"%s\"", no[i]);
    cr_expect(not(rock_decode_yes(NULL)));
}

Test(rock_decode, messages_of_errors_are_cut_and_printable)
{
    static const struct {
        const char *body, *want;
    } cases[] = {{"{\"Message\":\"The query\\r\\nis bad\"}", "The query  is bad"},
                 {"{\"Message\":7}", ""},
                 {"{\"Message\":\"0123456789012345678901234567890\"}", "0123456789012345678"},
                 {"{\"Message\":\"012345678901234567\xc3\xa9\"}", "012345678901234567"},
                 {"", ""},
                 {"<html>", ""},
                 {"[]", ""}};
    char out[20];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        rock_decode_message(cases[i].body, strlen(cases[i].body), out, sizeof(out));
        cr_expect_str_eq(out, cases[i].want, "%s", cases[i].body);
    }
}
