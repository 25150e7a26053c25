#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/js.h"

static struct err err;
static bool failed;

static json_t *parsed(const char *text)
{
    json_t *v = js_parse(text, strlen(text), 1 << 20, &err);

    cr_assert(v != NULL, "%s", err.text);
    return v;
}

static const char person[] =
    "{\"Id\": 7, \"Guid\": \"38b99066-ef57-4efc-a07f-0e0f6a97188e\", \"NickName\": \"Ted\","
    " \"LastName\": null, \"IsDeceased\": false, \"Score\": 1.5, \"Empty\": \"\","
    " \"Photo\": {\"Id\": 9}, \"PhoneNumbers\": [{\"Number\": \"6235553322\"},"
    " {\"Number\": {\"secret\": \"6235550000\"}}, null, \"text\"]}";

Test(js, reads_every_type)
{
    json_t *v = parsed(person);
    struct js o = js_root(v, &err, &failed), photo = js_object(&o, "Photo"),
              phones = js_array(&o, "PhoneNumbers"), first = js_at(&phones, 0);
    struct guid g;
    int64_t i = 5;

    cr_expect(js_int(&o, "Id", 0, 100) == 7);
    cr_expect(js_int_opt(&photo, "Id", 0, 9, &i) && i == 9);
    cr_expect_str_eq(js_str(&o, "NickName"), "Ted");
    cr_expect_str_eq(js_str(&o, "Empty"), "");
    cr_expect_str_eq(js_str_opt(&first, "Number"), "6235553322");
    cr_expect(not(js_bool(&o, "IsDeceased")));
    cr_expect(not(js_bool_opt(&o, "IsDeceased", true)));
    cr_expect(js_guid(&o, "Guid", &g) && g.b[0] == 0x38);
    cr_expect(js_guid_opt(&o, "Guid", &g));
    cr_expect(eq(sz, js_len(&phones), 4));
    cr_expect(not(js_failed(&o)));
    json_decref(v);
}

Test(js, absent_and_null_are_absent)
{
    json_t *v = parsed(person);
    struct js o = js_root(v, &err, &failed);
    static const char *const keys[] = {"LastName", "Nothing"};
    struct guid g = {{1}};
    int64_t i = 5;

    for (size_t k = 0; k < 2; k++) {
        struct js none = js_object_opt(&o, keys[k]), list = js_array_opt(&o, keys[k]);

        cr_expect(js_str_opt(&o, keys[k]) == NULL);
        cr_expect(not(js_int_opt(&o, keys[k], 0, 9, &i)));
        cr_expect(eq(i64, i, 5), "untouched");
        cr_expect(js_bool_opt(&o, keys[k], true));
        cr_expect(not(js_guid_opt(&o, keys[k], &g)));
        cr_expect(eq(int, g.b[0], 1), "untouched");
        cr_expect(none.v == NULL && list.v == NULL);
        cr_expect(eq(sz, js_len(&list), 0));
        cr_expect(js_at(&list, 0).v == NULL);
        cr_expect(js_str_opt(&none, "x") == NULL, "reads below an absent object are absent");
    }
    cr_expect(not(js_failed(&o)));
    json_decref(v);
}

enum how { STR, STR_OPT, INT, INT_OPT, BOOL, BOOL_OPT, GUID, GUID_OPT, OBJ, OBJ_OPT, ARR, ARR_OPT };

static void read_one(enum how how, const struct js *o, const char *key)
{
    struct guid g;
    int64_t i;

    switch (how) {
    case STR:
        cr_expect_str_eq(js_str(o, key), "");
        break;
    case STR_OPT:
        cr_expect(js_str_opt(o, key) == NULL);
        break;
    case INT:
        cr_expect(js_int(o, key, -5, 5) == 0);
        break;
    case INT_OPT:
        cr_expect(not(js_int_opt(o, key, -5, 5, &i)));
        break;
    case BOOL:
        cr_expect(not(js_bool(o, key)));
        break;
    case BOOL_OPT:
        cr_expect(js_bool_opt(o, key, true));
        break;
    case GUID:
        cr_expect(not(js_guid(o, key, &g)));
        break;
    case GUID_OPT:
        cr_expect(not(js_guid_opt(o, key, &g)));
        break;
    case OBJ:
        cr_expect(js_object(o, key).v == NULL);
        break;
    case OBJ_OPT:
        cr_expect(js_object_opt(o, key).v == NULL);
        break;
    case ARR:
        cr_expect(js_array(o, key).v == NULL);
        break;
    case ARR_OPT:
        cr_expect(js_array_opt(o, key).v == NULL);
        break;
    }
}

static const struct {
    enum how how;
    const char *key;
    char *want;
} error_rows[] = {
    {STR, "Nothing", "Nothing: missing"},
    {STR, "LastName", "LastName: missing"},
    {INT, "LastName", "LastName: missing"},
    {BOOL, "Nothing", "Nothing: missing"},
    {GUID, "Nothing", "Nothing: missing"},
    {OBJ, "Nothing", "Nothing: missing"},
    {ARR, "LastName", "LastName: missing"},
    {STR, "Id", "Id: expected a string, found a whole number"},
    {STR_OPT, "Photo", "Photo: expected a string, found an object"},
    {STR_OPT, "PhoneNumbers", "PhoneNumbers: expected a string, found an array"},
    {INT, "NickName", "NickName: expected a whole number, found a string"},
    {INT, "Score", "Score: expected a whole number, found a number with a fraction"},
    {INT_OPT, "Score", "Score: expected a whole number, found a number with a fraction"},
    {INT, "Id", "Id: the number is out of range (-5 to 5)"},
    {INT_OPT, "Id", "Id: the number is out of range (-5 to 5)"},
    {BOOL, "Id", "Id: expected true or false, found a whole number"},
    {BOOL_OPT, "NickName", "NickName: expected true or false, found a string"},
    {GUID, "NickName", "NickName: expected a Guid, found another string"},
    {GUID_OPT, "Empty", "Empty: expected a Guid, found another string"},
    {GUID_OPT, "Id", "Id: expected a string, found a whole number"},
    {OBJ, "IsDeceased", "IsDeceased: expected an object, found true or false"},
    {OBJ_OPT, "PhoneNumbers", "PhoneNumbers: expected an object, found an array"},
    {ARR, "Photo", "Photo: expected an array, found an object"},
    {ARR_OPT, "Id", "Id: expected an array, found a whole number"},
};

Test(js, errors_name_the_place_and_the_kind)
{
    json_t *v = parsed(person);

    for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++) {
        struct js o = js_root(v, &err, &failed);

        memset(&err, 0, sizeof(err));
        read_one(error_rows[i].how, &o, error_rows[i].key);
        cr_expect(js_failed(&o));
        cr_expect(eq(str, err.text, error_rows[i].want));
        cr_expect(eq(str, err.code, "json"));
        cr_expect(eq(int, err.when, WHEN_NEVER));
    }
    json_decref(v);
}

Test(js, errors_name_the_whole_path_and_no_values)
{
    json_t *v = json_pack("[n, n, {}, o]", parsed(person));
    struct js root = js_root(v, &err, &failed), o = js_at(&root, 3),
              phones = js_array(&o, "PhoneNumbers"), second = js_at(&phones, 1),
              text = js_at(&phones, 3), absent = js_at(&phones, 4);

    js_str(&second, "Number");
    cr_expect(eq(str, err.text, "[3].PhoneNumbers[1].Number: expected a string, found an object"));
    failed = false;
    js_str(&text, "Number");
    cr_expect(eq(str, err.text, "[3].PhoneNumbers[3]: expected an object, found a string"));
    failed = false;
    js_str(&absent, "Number");
    cr_expect(eq(str, err.text, "[3].PhoneNumbers[4].Number: missing"));
    failed = false;
    js_str(&root, "Number");
    cr_expect(eq(str, err.text, "top level: expected an object, found an array"));
    failed = false;
    cr_expect(eq(sz, js_len(&o), 0));
    cr_expect(eq(str, err.text, "[3]: expected an array, found an object"));
    json_decref(v);
}

Test(js, elements_are_read_without_a_key)
{
    json_t *v = parsed("[\"a\", 5, [true]]");
    struct js root = js_root(v, &err, &failed), a = js_at(&root, 0), b = js_at(&root, 1),
              c = js_at(&root, 2), d = js_at(&c, 0);

    cr_expect_str_eq(js_str(&a, NULL), "a");
    cr_expect(js_int(&b, NULL, 0, 5) == 5);
    cr_expect(js_bool(&d, NULL));
    cr_expect(not(js_failed(&root)));
    js_str(&d, NULL);
    cr_expect(eq(str, err.text, "[2][0]: expected a string, found true or false"));
    json_decref(v);
}

Test(js, the_first_error_sticks_and_silences_the_rest)
{
    json_t *v = parsed(person);
    struct js o = js_root(v, &err, &failed);

    js_int(&o, "NickName", 0, 1);
    js_str(&o, "Nothing");
    cr_expect(eq(str, err.text, "NickName: expected a whole number, found a string"));
    cr_expect(js_int(&o, "Id", 0, 100) == 0, "zero values from here on");
    cr_expect_str_eq(js_str(&o, "NickName"), "");
    cr_expect(js_fail(&o, "Id", "own check") == -1);
    cr_expect(eq(str, err.text, "NickName: expected a whole number, found a string"));
    json_decref(v);
}

Test(js, callers_add_checks_of_their_own)
{
    json_t *v = parsed(person);
    struct js o = js_root(v, &err, &failed), photo = js_object(&o, "Photo");

    cr_expect(js_fail(&photo, "Id", "unknown kind %d", 3) == -1);
    cr_expect(js_failed(&o));
    cr_expect(eq(str, err.text, "Photo.Id: unknown kind 3"));
    json_decref(v);
}

static const struct {
    const char *text;
    const char *want; /* beginning of the error; NULL: parses */
} parse_rows[] = {
    {"{}", NULL},
    {" [1, 2] \n", NULL},
    {"", "JSON ends too early"},
    {"{\"a\": ", "JSON ends too early"},
    {"{\"secret\": \"ann", "JSON ends too early"},
    {"{} x", "JSON has something behind its end"},
    {"[1] [2]", "JSON has something behind its end"},
    {"{\"a\": 1, \"a\": 2}", "JSON has a key twice in one object"},
    {"[\"\xff\"]", "JSON is not valid UTF-8"},
    {"[\"\\u0000\"]", "JSON has a NUL character in a string"},
    {"{\"a\\u0000b\": 1}", "JSON has a NUL character in a string"},
    {"[99999999999999999999]", "JSON has a number that is out of range"},
    {"[1e999]", "JSON has a number that is out of range"},
    {"[secret]", "JSON has a syntax error"},
    {"<!DOCTYPE html><title>secret</title>", "JSON has a syntax error"},
    {"\"secret\"", "JSON has a syntax error"},
    {"[NaN]", "JSON has a syntax error"},
    {"[1,]", "JSON has a syntax error"},
};

Test(js, parse_refuses_what_is_not_json_and_quotes_nothing_of_it)
{
    for (size_t i = 0; i < sizeof(parse_rows) / sizeof(parse_rows[0]); i++) {
        size_t n = strlen(parse_rows[i].text);
        char *text = n ? memcpy(malloc(n), parse_rows[i].text, n) : NULL; /* no NUL behind it */
        json_t *v = js_parse(text, n, 1000, &err);

        if (!parse_rows[i].want) {
            cr_expect(v != NULL, "%s", parse_rows[i].text);
        } else {
            cr_expect(v == NULL, "%s", parse_rows[i].text);
            cr_expect(strncmp(err.text, parse_rows[i].want, strlen(parse_rows[i].want)) == 0,
                      "%s: %s", parse_rows[i].text, err.text);
            cr_expect(strstr(err.text, "secret") == NULL, "%s", err.text);
        }
        json_decref(v);
        free(text);
    }
}

Test(js, parse_has_limits)
{
    static char deep[100001];

    cr_expect(js_parse("[1]", 3, 2, &err) == NULL);
    cr_expect(eq(str, err.text, "JSON of 3 bytes is longer than the 2 allowed"));
    memset(deep, '[', sizeof(deep) - 1);
    cr_expect(js_parse(deep, sizeof(deep) - 1, 1 << 20, &err) == NULL);
    cr_expect(strstr(err.text, "nested too deeply") != NULL, "%s", err.text);
}

Test(js, every_truncation_is_an_error)
{
    for (size_t n = 0; n < sizeof(person) - 1; n++)
        cr_expect(js_parse(person, n, 1000, &err) == NULL, "%zu bytes", n);
}

Test(js, a_very_long_path_still_makes_a_text)
{
    struct js chain[200];
    json_t *v = parsed("{}");

    chain[0] = js_root(v, &err, &failed);
    for (size_t i = 1; i < 200; i++) {
        chain[i] = chain[0];
        chain[i].up = &chain[i - 1];
        chain[i].key = "AnAttributeKeyThatIsRatherLongAndGoesOnAndOnForever";
    }
    js_str(&chain[199], "x");
    cr_expect(strstr(err.text, ": missing") != NULL, "%s", err.text);
    json_decref(v);
}
