#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "producer/fixture/fixture_decode.h"
#include "producer/fixture/fixture_source.h"

#define ANN    "aaaaaaaa-0000-4000-8000-000000000001"
#define BOB    "aaaaaaaa-0000-4000-8000-000000000002"
#define NOBODY "aaaaaaaa-0000-4000-8000-000000000009"
#define CHOIR  "bbbbbbbb-0000-4000-8000-000000000001"

static struct err err;

static int decode(const char *text, size_t n, struct fixture *f)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 26);
    return fixture_decode(text, n, a, f, &err);
}

/* A document around one person and one group; NULL: nothing more in them. */
static const char *document(const char *person, const char *group, const char *top)
{
    static char text[8192];

    snprintf(text, sizeof(text),
             "{\"v\":1,\"people\":[{\"key\":\"" ANN "\"%s%s}],\"groups\":[{\"guid\":\"" CHOIR
             "\",\"name\":\"Choir\"%s%s}]%s%s}",
             person ? "," : "", person ? person : "", group ? "," : "", group ? group : "",
             top ? "," : "", top ? top : "");
    return text;
}

Test(fixture_decode, least_document)
{
    struct fixture f;
    const char *text = document(NULL, NULL, NULL);

    cr_assert(decode(text, strlen(text), &f) == 0, "%s", err.text);
    cr_expect(eq(sz, f.n_people, 1));
    cr_expect(eq(sz, f.n_groups, 1));
}

Test(fixture_decode, defaults_of_a_person)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    struct fixture f;
    const char *text =
        document("\"first_name\":\"Ann\",\"phones\":[{\"number\":\"1\",\"type\":\"home\"}],"
                 "\"birthday\":\"1980-02-29\",\"home\":null",
                 NULL, NULL);

    cr_assert(fixture_decode(text, strlen(text), a, &f, &err) == 0, "%s", err.text);
    const struct dir_person *p = &f.people[0].p;
    cr_expect(eq(i64, p->rock_id, 1));
    cr_expect(p->email_active);
    cr_expect_str_eq(p->nick_name, "Ann");
    cr_expect(p->home == NULL);
    cr_expect(p->birth_year == 1980 && p->birth_month == 2 && p->birth_day == 29);
    cr_expect(p->phones[0].type == DIR_PHONE_HOME);
    cr_expect_str_eq(p->phones[0].type_name, "Home");
    cr_expect(eq(i64, p->phones[0].id, 1));
    cr_expect(f.groups[0].active && !f.groups[0].archived && !f.groups[0].closed);
}

/* ---- refusals, each with its place ---- */

static const struct bad_case {
    const char *person, *group, *top, *want;
} bad_cases[] = {
    {"\"frist_name\":\"Ann\"", NULL, NULL, "people[0].frist_name: unknown field"},
    {"\"first_name\":7", NULL, NULL, "people[0].first_name: expected a string"},
    {"\"business\":\"no\"", NULL, NULL, "people[0].business: expected true or false"},
    {"\"id\":0", NULL, NULL, "people[0].id: the number is out of range"},
    {"\"age\":\"old\"", NULL, NULL, "people[0].age: not one of the words"},
    {"\"birthday\":\"1981-02-29\"", NULL, NULL, "people[0].birthday: not a date"},
    {"\"birthday\":\"--02-30\"", NULL, NULL, "people[0].birthday: not a date"},
    {"\"birthday\":\"14.2.1980\"", NULL, NULL, "people[0].birthday: not a date"},
    {"\"anniversary\":\"2004-06-12T00:00:00\"", NULL, NULL, "people[0].anniversary: not a date"},
    {"\"home\":{\"zip\":\"1\"}", NULL, NULL, "people[0].home.zip: unknown field"},
    {"\"home\":[]", NULL, NULL, "people[0].home: expected an object"},
    {"\"phones\":{}", NULL, NULL, "people[0].phones: expected an array"},
    {"\"phones\":[{}]", NULL, NULL, "people[0].phones[0].number: missing"},
    {"\"phones\":[{\"number\":\"1\",\"type\":\"fax\"}]", NULL, NULL,
     "people[0].phones[0].type: not one of the words"},
    {"\"photo\":{\"id\":1}", NULL, NULL, "people[0].photo.guid: missing"},
    {"\"photo\":{\"jpeg\":\"/9j*\"}", NULL, NULL, "people[0].photo.jpeg: not base64"},
    {"\"photo\":{\"jpeg\":7}", NULL, NULL, "people[0].photo.jpeg: expected a string"},
    {"\"aliases\":[\"x\"]", NULL, NULL, "people[0].aliases[0]: expected a Guid"},
    {"\"aliases\":[\"" ANN "\"]", NULL, NULL, "people[0]: a key or alias that is there twice"},
    {"\"follows\":[\"" NOBODY "\"]", NULL, NULL, "people[0].follows[0]: names nobody"},
    {"\"follows\":[null]", NULL, NULL, "people[0].follows[0]: missing"},
    {NULL, "\"members\":[\"" ANN "\",\"" NOBODY "\"]", NULL, "groups[0].members[1]: names nobody"},
    {NULL, "\"member\":[]", NULL, "groups[0].member: unknown field"},
    {NULL, "\"active\":1", NULL, "groups[0].active: expected true or false"},
    {NULL, NULL, "\"more\":1", "more: unknown field"},
    {NULL, NULL, "\"old_prefs\":[{}]", "old_prefs[0].person: missing"},
    {NULL, NULL, "\"old_prefs\":[{\"person\":\"" ANN "\",\"groups\":[1]}]",
     "old_prefs[0].groups[0]: expected a string"},
};

ParameterizedTestParameters(fixture_decode, refuses)
{
    size_t n = ARRAY_LEN(bad_cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, fixture_decode, refuses)
{
    const struct bad_case *b = &bad_cases[*i];
    const char *text = document(b->person, b->group, b->top);
    struct fixture f;

    cr_assert(decode(text, strlen(text), &f) < 0, "%s", text);
    cr_expect(strstr(err.text, b->want) == err.text, "wanted \"%s\", is \"%s\"", b->want, err.text);
}

Test(fixture_decode, refuses_a_group_that_is_there_twice)
{
    static const char text[] = "{\"v\":1,\"people\":[],\"groups\":[{\"guid\":\"" CHOIR
                               "\",\"name\":\"a\"},{\"guid\":\"" CHOIR "\",\"name\":\"b\"}]}";
    struct fixture f;

    cr_assert(decode(text, strlen(text), &f) < 0);
    cr_expect(strstr(err.text, "twice") != NULL, "%s", err.text);
}

Test(fixture_decode, refuses_other_versions_and_shapes)
{
    static const char *const texts[] = {"{\"v\":2,\"people\":[],\"groups\":[]}",
                                        "{\"people\":[],\"groups\":[]}",
                                        "{\"v\":1,\"groups\":[]}",
                                        "{\"v\":1,\"people\":[]}",
                                        "[]",
                                        "",
                                        "{\"v\":1,\"people\":[[]],\"groups\":[]}",
                                        "{\"v\":1,\"people\":[null],\"groups\":[]}"};
    struct fixture f;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        cr_expect(decode(texts[i], strlen(texts[i]), &f) < 0, "%s", texts[i]);
}

static void read_town(struct str *text)
{
    FILE *in = fopen("tests/contract/town.json", "re");
    char block[4096];
    size_t n;

    cr_assert(in != NULL);
    while ((n = fread(block, 1, sizeof(block), in)) > 0)
        str_add(text, block, n);
    fclose(in);
}

Test(fixture_decode, refuses_every_truncation)
{
    autovalue(str_release) struct str text = STR_INIT(1 << 20);
    struct fixture f;

    read_town(&text);
    cr_assert(decode(text.p, text.n, &f) == 0, "%s", err.text);
    while (text.n && text.p[text.n - 1] != '}')
        text.n--;
    for (size_t n = 0; n < text.n; n++)
        cr_assert(decode(text.p, n, &f) < 0, "%zu bytes are taken", n);
}

/* ---- the driver's own: files ---- */

Test(fixture_source, errors_name_file_and_place)
{
    char path[] = "/tmp/fixture-XXXXXX";
    struct directory_source *s = NULL;
    const char *text = document("\"follows\":[\"" NOBODY "\"]", NULL, NULL);
    int fd = mkstemp(path);

    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    cr_expect(fixture_source_new(path, &s, &err) < 0);
    unlink(path);
    cr_expect(strstr(err.text, path) == err.text &&
                  strstr(err.text, ": people[0].follows[0]: names nobody"),
              "%s", err.text);
    cr_expect_str_eq(err.code, "fixture");
}

Test(fixture_source, a_missing_file_and_a_folder_are_errors)
{
    struct directory_source *s = NULL;

    cr_expect(fixture_source_new("/nonexistent/people.json", &s, &err) < 0);
    cr_expect_str_eq(err.text, "/nonexistent/people.json: No such file or directory");
    cr_expect(fixture_source_new("/tmp", &s, &err) < 0);
    cr_expect_str_eq(err.text, "/tmp: cannot be read");
    cr_expect(s == NULL);
}

Test(fixture_source, a_file_that_breaks_fails_the_next_call_whole)
{
    char path[] = "/tmp/fixture-XXXXXX";
    struct directory_source *s = NULL;
    struct directory *d = NULL;
    const char *text = document(NULL, "\"members\":[\"" ANN "\"]", NULL);
    struct source_request rq = {0};
    int fd = mkstemp(path);

    cr_assert(guid_parse(CHOIR, &rq.eligible_group));
    cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    cr_assert(fixture_source_new(path, &s, &err) == 0, "%s", err.text);
    cr_assert(s->ops->snapshot(s, &rq, &d, &err) == 0, "%s", err.text);
    cr_expect(eq(sz, d->n_users, 1));
    directory_free(d);
    d = NULL;
    cr_assert(ftruncate(fd, 40) == 0);
    close(fd);
    cr_expect(s->ops->snapshot(s, &rq, &d, &err) < 0);
    cr_expect(d == NULL);
    cr_expect(strstr(err.text, "ends too early") != NULL, "%s", err.text);
    unlink(path);
    directory_source_free(s);
}
