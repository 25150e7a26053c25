#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "producer/rock/rock_ids.h"
#include "producer/rock/rock_query.h"
#include "producer/rock/rock_table.h"

static struct err err;

/* The caller frees. */
static char *path_of(const struct rock_list *l, const char *filter, struct rock_page page)
{
    struct str out = STR_INIT(16384);

    cr_assert(rock_query_path(l, filter, &page, &out, &err) == 0, "%s", err.text);
    return str_steal(&out);
}

/* ---- paths ---- */

static const struct path_case {
    const char *name;
    const struct rock_list *list;
    const char *filter;
    struct rock_page page;
    const char *want;
} path_cases[] = {
    {"a list as it is",
     &rock_group_types,
     NULL,
     {0, 0, 200},
     "/api/GroupTypes?$select=Id,Guid,Name&$orderby=Id&$top=200"},
    {"the next page",
     &rock_group_types,
     NULL,
     {812, 0, 50},
     "/api/GroupTypes?$filter=Id%20gt%20812&$select=Id,Guid,Name&$orderby=Id&$top=50"},
    {"a range",
     &rock_group_types,
     NULL,
     {812, 1600, 50},
     "/api/GroupTypes?$filter=Id%20gt%20812%20and%20Id%20le%201600&$select=Id,Guid,Name&$orderby=Id"
     "&$top=50"},
    {"a filter and the next page",
     &rock_values,
     "AttributeId eq 5",
     {9, 0, 1},
     "/api/AttributeValues?$filter=AttributeId%20eq%205%20and%20Id%20gt%209&$select=Id,AttributeId,"
     "EntityId,Value&$orderby=Id&$top=1"},
    {"deceased people too",
     &rock_people_brief,
     "Id eq 812",
     {0, 0, 200},
     "/api/People?$filter=Id%20eq%20812&$select=Id,IsDeceased,PrimaryAliasId&$orderby=Id&$top=200"
     "&includeDeceased=true"},
    {"expanded",
     &rock_followings,
     NULL,
     {0, 0, 200},
     "/api/Followings?$expand=PersonAlias&$select=Id,EntityTypeId,EntityId,PurposeKey,PersonAlias/"
     "PersonId&$orderby=Id&$top=200"},
    {"what has a meaning in a URL is encoded",
     &rock_attributes,
     "Key eq 'a&b=c#d+e%f \"g\" \xc3\xa9'",
     {0, 0, 200},
     "/api/Attributes?$filter=Key%20eq%20%27a%26b=c%23d%2Be%25f%20%22g%22%20%C3%A9%27&$select=Id,"
     "Guid,Key,DefaultValue&$orderby=Id&$top=200"},
};

ParameterizedTestParameters(rock_query, path)
{
    size_t n = ARRAY_LEN(path_cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_query, path)
{
    const struct path_case *c = &path_cases[*i];
    autofree char *path = path_of(c->list, c->filter, c->page);

    cr_expect_str_eq(path, c->want, "%s", c->name);
}

Test(rock_query, the_largest_id)
{
    const struct rock_list l = {.controller = "People", .select = "Id", .newest = true};
    autofree char *path = path_of(&l, NULL, (struct rock_page){0, 0, 1});

    cr_expect_str_eq(path, "/api/People?$select=Id&$orderby=Id%20desc&$top=1");
}

Test(rock_query, no_logins_are_asked_for)
{
    cr_expect(strstr(rock_people.expand, "Users") == NULL);
    cr_expect(strstr(rock_people.select, "BirthDate") == NULL);
}

Test(rock_query, too_long_is_refused_before_it_is_sent)
{
    struct str out = STR_INIT(1 << 20);
    char filter[2048];
    const struct rock_page page = {0, 0, 200};

    memset(filter, ' ', sizeof(filter) - 1);
    filter[sizeof(filter) - 1] = '\0';
    cr_expect(rock_query_path(&rock_people, filter, &page, &out, &err) < 0);
    cr_expect_str_eq(err.code, "rock.query");
    cr_expect(strstr(err.text, "People") != NULL);
    str_release(&out);
}

/* ---- filters ---- */

Test(rock_query, filters_are_joined_conjuncts)
{
    autovalue(rock_filter_release) struct rock_filter f = ROCK_FILTER_INIT;
    const int64_t groups[] = {21, 22}, one[] = {7};
    const char *const keys[] = {"O'Hara", "''"};
    struct guid g;

    cr_assert(guid_parse("AAB2E9F4-E828-4FEE-8467-73DC9DAB784C", &g));
    rock_filter_ids(&f, &rock_col_group, groups, 2);
    rock_filter_raw(&f, "IsActive eq true");
    rock_filter_ids(&f, &rock_col_person, one, 1);
    rock_filter_guids(&f, &rock_col_guid, &g, 1);
    rock_filter_texts(&f, &rock_col_key, keys, 2);
    cr_expect_str_eq(f.text.p,
                     "(GroupId eq 21 or GroupId eq 22) and IsActive eq true and PersonId eq 7"
                     " and Guid eq guid'aab2e9f4-e828-4fee-8467-73dc9dab784c'"
                     " and (Key eq 'O''Hara' or Key eq '''''')");
    cr_expect(eq(u32, f.terms, 7));
}

/* Full batches of every shape that is used stay within the server's limits, with the largest ids.
 */
static void expect_fits(const struct rock_list *l,
                        struct rock_filter *f,
                        const struct rock_column *col,
                        size_t least)
{
    int64_t ids[ROCK_TERMS_MAX];
    struct guid guids[ROCK_TERMS_MAX];
    size_t room = rock_filter_room(f, col);

    memset(guids, 0xff, sizeof(guids));
    for (size_t i = 0; i < ROCK_TERMS_MAX; i++)
        ids[i] = INT32_MAX;
    cr_assert(room >= least && room < ROCK_TERMS_MAX, "%s: %zu", col->name, room);
    if (strcmp(col->name, "Guid") == 0)
        rock_filter_guids(f, col, guids, room);
    else
        rock_filter_ids(f, col, ids, room);
    cr_expect(f->terms < ROCK_TERMS_MAX);
    cr_expect(f->nodes + 5 <= ROCK_NODES_MAX, "%s: %u nodes", col->name, f->nodes);
    autofree char *path = path_of(l, f->text.p, (struct rock_page){INT32_MAX, 0, 5000});
    cr_expect(strlen(path) < 2048);
    rock_filter_release(f);
    *f = (struct rock_filter)ROCK_FILTER_INIT;
}

Test(rock_query, full_batches_fit)
{
    struct rock_filter f = ROCK_FILTER_INIT;
    const int64_t three[] = {INT32_MAX, INT32_MAX, INT32_MAX};

    expect_fits(&rock_people, &f, &rock_col_id, 19);
    expect_fits(&rock_groups, &f, &rock_col_guid, 19);
    expect_fits(&rock_aliases, &f, &rock_col_alias_person, 16);
    rock_filter_raw(&f, "GroupMemberStatus eq 'Active'");
    expect_fits(&rock_members, &f, &rock_col_group, 17);
    rock_filter_ids(&f, &rock_col_role_type, three, 1);
    expect_fits(&rock_members, &f, &rock_col_person, 17);
    rock_filter_ids(&f, &rock_col_entity_type, three, 2);
    expect_fits(&rock_followings, &f, &rock_col_follower, 12);
    rock_filter_ids(&f, &rock_col_attribute, three, 3);
    expect_fits(&rock_values, &f, &rock_col_entity, 12);
    rock_filter_ids(&f, &rock_col_place_type, three, 2);
    expect_fits(&rock_places, &f, &rock_col_group, 16);
}

Test(rock_query, a_full_filter_has_no_room)
{
    autovalue(rock_filter_release) struct rock_filter f = ROCK_FILTER_INIT;
    int64_t ids[30] = {0};

    rock_filter_ids(&f, &rock_col_id, ids, 30);
    cr_expect(eq(sz, rock_filter_room(&f, &rock_col_id), 0));
}

/* ---- which way is cheaper ---- */

Test(rock_table, few_ids_are_read_in_batches_and_many_by_a_walk)
{
    cr_expect(not(rock_table_walk_is_cheaper(19, 19, true, 3000, 200, 4)));
    cr_expect(not(rock_table_walk_is_cheaper(300, 19, true, 100000, 200, 4)));
    cr_expect(rock_table_walk_is_cheaper(1500, 19, true, 3000, 200, 4));
    cr_expect(rock_table_walk_is_cheaper(20000, 19, true, 100000, 200, 4));
    cr_expect(not(rock_table_walk_is_cheaper(20000, 19, true, UINT64_C(50) << 30, 200, 4)));
    cr_expect(rock_table_walk_is_cheaper(4000, 16, false, 80000, 200, 4));
    cr_expect(not(rock_table_walk_is_cheaper(4000, 16, true, 80000, 200, 4)));
}

/* ---- sets of ids ---- */

Test(rock_ids, sorted_without_doubles_and_found)
{
    autovalue(rock_ids_release) struct rock_ids s = {0}, missing = {0}, none = {0};
    static const int64_t rows[] = {3, 7, 9};

    rock_ids_sort(&none);
    cr_expect(not(rock_ids_has(&none, 1)));
    vec_push(&s, 9);
    vec_push(&s, 1);
    vec_push(&s, 9);
    vec_push(&s, INT64_MAX);
    vec_push(&s, 1);
    rock_ids_sort(&s);
    cr_assert(eq(sz, s.n, 3));
    cr_expect(rock_ids_has(&s, 1) && rock_ids_has(&s, 9) && rock_ids_has(&s, INT64_MAX));
    cr_expect(not(rock_ids_has(&s, 0) || rock_ids_has(&s, 5)));
    rock_ids_missing(&s, rows, 3, sizeof(rows[0]), &missing);
    cr_assert(eq(sz, missing.n, 2));
    cr_expect(missing.v[0] == 1 && missing.v[1] == INT64_MAX);
    cr_expect(rock_ids_row(rows, 3, sizeof(rows[0]), 7) == 1);
    cr_expect(rock_ids_row(rows, 0, sizeof(rows[0]), 7) == -1);
}

Test(rock_ids, of_rows_with_one_id_one_is_kept)
{
    struct row {
        int64_t id;
        int x;
    } rows[] = {{5, 1}, {2, 2}, {5, 3}, {2, 4}, {1, 5}};
    size_t n = rock_ids_unique_rows(rows, 5, sizeof(rows[0]));

    cr_assert(eq(sz, n, 3));
    cr_expect(rows[0].id == 1 && rows[1].id == 2 && rows[2].id == 5);
    cr_expect(rows[0].x == 5);
}
