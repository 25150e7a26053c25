/* What the Rock simulator's OData reader accepts and refuses, over six people. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "tests/unit/sim_rock_support.h"

TestSuite(sim_rock_odata);

/* A parameter is an index: pointers would not survive the trip into the test's process. */
static void free_indexes(struct criterion_test_params *p)
{
    cr_free(p->params);
}
static struct criterion_test_params case_indexes(size_t n)
{
    size_t *index = cr_malloc(n * sizeof(*index));
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    return cr_make_param_array(size_t, index, n, free_indexes);
}

/* Ann (f), Bob (m), Cyd O'Hara, dora, "Eve " and Finn, who is deceased. */
static struct church *six(void)
{
    struct church *c = a_church();
    const struct {
        const char *first, *last, *email;
        int8_t gender;
    } rows[] = {{"Ann", "Adams", "ann@example.org", 2},
                {"Bob", "Baker", NULL, 1},
                {"Cyd", "O'Hara", "", 0},
                {"dora", "Dahl", "dora@example.org", 2},
                {"Eve ", "Müller", NULL, 2},
                {"Finn", "Frost", NULL, 1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct person *p = person_of(c, a_person(c, rows[i].first, rows[i].last));
        p->email = rows[i].email;
        p->gender = rows[i].gender;
        p->is_deceased = i == 5;
        p->birth_year = i == 1 ? 1980 : NULL_INT;
        p->suffix_id = i == 2
                           ? ((struct defined_value *)church_by_guid(
                                  c, TABLE_DEFINED_VALUE, "407e7e45-7b2e-4fcd-9605-ecb1339f2453"))
                                 ->row.id
                           : NULL_INT;
        p->row.modified = i == 3 ? NULL_TICKS : (INT64_C(739000) + (int64_t)i) * TICKS_DAY;
    }
    return c;
}

static const struct filter_case {
    const char *name, *filter, *want;
} filter_cases[] = {
    {"everybody but the deceased", "", "Ann,Bob,Cyd,dora,Eve "},
    {"equality ignores case", "FirstName eq 'ANN'", "Ann"},
    {"equality ignores trailing blanks", "FirstName eq 'Eve'", "Eve "},
    {"doubled quote", "LastName eq 'O''Hara'", "Cyd"},
    {"text outside ASCII", "LastName eq 'Müller'", "Eve "},
    {"ne", "FirstName ne 'Ann' and FirstName ne 'Bob'", "Cyd,dora,Eve "},
    {"and binds tighter than or", "FirstName eq 'Ann' or FirstName eq 'Bob' and Email ne null",
     "Ann"},
    {"parentheses", "(FirstName eq 'Ann' or FirstName eq 'Bob') and Email ne null", "Ann"},
    {"not", "not (FirstName eq 'Ann')", "Bob,Cyd,dora,Eve "},
    {"not of a property", "not IsDeceased", "Ann,Bob,Cyd,dora,Eve "},
    {"null", "Email eq null", "Bob,Eve "},
    {"empty text is not null", "Email eq ''", "Cyd"},
    {"true", "IsEmailActive eq true", "Ann,Bob,Cyd,dora,Eve "},
    {"number of a nullable column", "BirthYear ge 1980", "Bob"},
    {"null is never greater", "BirthYear lt 9999", "Bob"},
    {"enum by name", "Gender eq 'Female'", "Ann,dora,Eve "},
    {"substringof", "substringof('O', LastName) eq true", "Cyd"},
    {"startswith", "startswith(FirstName,'d')", "dora"},
    {"endswith", "endswith(Email,'.ORG')", "Ann,dora"},
    {"tolower", "tolower(FirstName) eq 'dora'", "dora"},
    {"length", "length(FirstName) eq 4", "dora,Eve "},
    {"slash path", "SuffixValue/Value eq 'Mobile'", "Cyd"},
    {"date", "ModifiedDateTime ge datetime'2024-04-27T00:00:00'", "Cyd,Eve "},
    {"date with a fraction", "ModifiedDateTime lt datetime'2024-04-25T00:00:00.0000001'", "Ann"},
    {"year", "year(ModifiedDateTime) eq 2024", "Ann,Bob,Cyd,Eve "},
    {"guid",
     "RecordTypeValue/Guid eq guid'36CF10D6-C695-413D-8E7C-4546EFEF385E' and FirstName lt 'B'",
     "Ann"},
    {"literal first", "'Bob' eq FirstName", "Bob"},
    {"negative number", "Id gt -1 and FirstName eq 'Bob'", "Bob"},
};

ParameterizedTestParameters(sim_rock_odata, filter_gives)
{
    return case_indexes(ARRAY_LEN(filter_cases));
}

ParameterizedTest(const size_t *i, sim_rock_odata, filter_gives)
{
    const struct filter_case *t = &filter_cases[*i];
    struct church *c = six();
    struct api api;
    api_init(&api, c, A_TOKEN);
    char target[2048];
    snprintf(target, sizeof(target), "/api/People?$filter=%s&$select=FirstName", t->filter);
    autofree char *got = api_column(&api, target, "FirstName");
    cr_expect_str_eq(got, t->want, "%s", t->name);
    church_free(c);
}

#define NOT_VALID "status 400: The query specified in the URI is not valid. "
static const struct refuse_case {
    const char *name, *query, *want; /* want: start of the answer */
} refuse_cases[] = {
    {"enum as a number", "$filter=Gender eq 1",
     NOT_VALID
     "A binary operator with incompatible types was detected. Found operand types 'Edm.String' and "
     "'Edm.Int32' for operator kind 'Equal'."},
    {"enum member that does not exist", "$filter=Gender eq 'Neither'",
     NOT_VALID "The string 'Neither' is not a valid"},
    {"in operator", "$filter=Id in (1,2)",
     NOT_VALID "Syntax error at position 3 in 'Id in (1,2)'."},
    {"contains", "$filter=contains(FirstName,'x')",
     NOT_VALID "An unknown function with name 'contains' was found."},
    {"date with Z", "$filter=ModifiedDateTime gt datetime'2026-01-05T01:00:00Z'",
     NOT_VALID "Unrecognized 'Edm.DateTime' literal 'datetime'2026-01-05T01:00:00Z'' at '20'"},
    {"date with an offset", "$filter=ModifiedDateTime gt datetime'2026-01-05T01:00:00-07:00'",
     NOT_VALID "Unrecognized 'Edm.DateTime' literal"},
    {"date that does not exist", "$filter=ModifiedDateTime gt datetime'2026-02-30T00:00:00'",
     NOT_VALID "Unrecognized 'Edm.DateTime' literal"},
    {"date in v4 form", "$filter=ModifiedDateTime gt 2026-01-05T01:00:00",
     NOT_VALID "Syntax error"},
    {"guid in v4 form", "$filter=Guid eq aab2e9f4-e828-4fee-8467-73dc9dab784c", NOT_VALID},
    {"guid as text", "$filter=Guid eq 'aab2e9f4-e828-4fee-8467-73dc9dab784c'",
     NOT_VALID "A binary operator with incompatible types was detected."},
    {"bad guid", "$filter=Guid eq guid'aab2e9f4'", NOT_VALID "Unrecognized 'Edm.Guid' literal"},
    {"double equals", "$filter=Id == 1", NOT_VALID "Syntax error"},
    {"upper-case operator", "$filter=Id EQ 1", NOT_VALID "Syntax error"},
    {"unknown property", "$filter=Nickname eq 'x'",
     NOT_VALID "Could not find a property named 'Nickname' on type 'Rock.Model.Person'."},
    {"Aliases cannot be reached", "$expand=Aliases",
     NOT_VALID "Could not find a property named 'Aliases' on type 'Rock.Model.Person'."},
    {"list property in a filter", "$filter=PhoneNumbers/Number eq '1'",
     NOT_VALID "Could not find a property named 'PhoneNumbers'"},
    {"computed member in a filter", "$filter=FullName eq 'x'",
     NOT_VALID "Could not find a property named 'FullName'"},
    {"computed member in an order", "$orderby=FullName",
     NOT_VALID "Could not find a property named 'FullName'"},
    {"text that never ends", "$filter=FirstName eq 'x",
     NOT_VALID "There is an unterminated string literal"},
    {"missing operand", "$filter=Id eq", NOT_VALID "Syntax error"},
    {"open parenthesis", "$filter=(Id eq 1", NOT_VALID "Syntax error"},
    {"two filters in one", "$filter=Id eq 1 Id eq 2", NOT_VALID "Syntax error"},
    {"no boolean", "$filter=FirstName",
     NOT_VALID "The $filter expression must evaluate to a single boolean"},
    {"not of text", "$filter=not FirstName",
     NOT_VALID "A unary operator with an incompatible type"},
    {"and of texts", "$filter=FirstName and LastName",
     NOT_VALID "A binary operator with incompatible types"},
    {"number too large", "$filter=Id eq 99999999999", NOT_VALID "Syntax error"},
    {"wrong argument", "$filter=startswith(Id,'1')",
     NOT_VALID "No function signature for the function"},
    {"any", "$filter=PhoneNumbers/any(p: p/Id eq 1)", NOT_VALID},
    {"expand of a column", "$expand=FirstName",
     NOT_VALID "Property 'FirstName' on type 'Rock.Model.Person' is not a"},
    {"expand in v4 form", "$expand=PhoneNumbers($select=Id)", NOT_VALID "Syntax error"},
    {"select outside of expand", "$select=PhoneNumbers/Number",
     NOT_VALID "The navigation property 'PhoneNumbers'"},
    {"select of nothing known", "$select=Id,Shoe",
     NOT_VALID "Could not find a property named 'Shoe'"},
    {"six orders", "$orderby=Id,FirstName,LastName,Email,Guid,Gender",
     NOT_VALID "The number of clauses in $orderby query option exceeded"},
    {"negative top", "$top=-1", NOT_VALID "Invalid value '-1' for $top query option found."},
    {"skip of a word", "$skip=all", NOT_VALID "Invalid value 'all' for $skip query option found."},
    {"count option", "$count=true", "status 400: The query parameter '$count' is not supported."},
};

ParameterizedTestParameters(sim_rock_odata, query_is_refused)
{
    return case_indexes(ARRAY_LEN(refuse_cases));
}

ParameterizedTest(const size_t *i, sim_rock_odata, query_is_refused)
{
    const struct refuse_case *t = &refuse_cases[*i];
    struct church *c = six();
    struct api api;
    api_init(&api, c, A_TOKEN);
    char target[2048];
    snprintf(target, sizeof(target), "/api/People?%s", t->query);
    autofree char *got = api_column(&api, target, "FirstName");
    cr_expect(strncmp(got, t->want, strlen(t->want)) == 0, "%s: %s", t->name, got);
    church_free(c);
}

/* A term on a column that is never null costs four nodes and an "or"; a nullable one five. */
static char *with_terms(struct api *api, const char *controller, const char *column, int terms)
{
    char target[2048];
    int n = snprintf(target, sizeof(target), "/api/%s?$filter=", controller);
    for (int i = 0; i < terms; i++)
        n += snprintf(target + n, sizeof(target) - (size_t)n, "%s%s eq %d", i ? " or " : "", column,
                      i + 1);
    return api_column(api, target, "Id");
}

Test(sim_rock_odata, twenty_ids_fit_into_a_filter_and_twenty_one_do_not)
{
    struct church *c = six();
    struct api api;
    api_init(&api, c, A_TOKEN);
    autofree char *fits = with_terms(&api, "PhoneNumbers", "PersonId", 20);
    autofree char *over = with_terms(&api, "PhoneNumbers", "PersonId", 21);
    autofree char *nullable = with_terms(&api, "AttributeValues", "EntityId", 17);
    cr_expect(eq(str, fits, ""));
    cr_expect(strstr(over, "The node count limit of '100' has been exceeded") != NULL, "%s", over);
    cr_expect(strstr(nullable, "The node count limit of '100'") != NULL, "%s", nullable);
    church_free(c);
}

Test(sim_rock_odata, keyset_paging_sees_each_row_once)
{
    struct church *c = six();
    struct api api;
    api_init(&api, c, A_TOKEN);
    int last = 0, pages = 0;
    char all[256] = "";
    for (;; pages++) {
        char target[256];
        snprintf(target, sizeof(target),
                 "/api/People?$filter=Id gt %d&$orderby=Id&$top=2&$select=Id,FirstName", last);
        autofree char *names = api_column(&api, target, "FirstName");
        autofree char *ids = api_column(&api, target, "Id");
        if (!*ids)
            break;
        strncat(all, names, sizeof(all) - strlen(all) - 1);
        strncat(all, ";", sizeof(all) - strlen(all) - 1);
        const char *comma = strrchr(ids, ',');
        last = (int)strtol(comma ? comma + 1 : ids, NULL, 10);
    }
    cr_expect(eq(str, all, "Ann,Bob;Cyd,dora;Eve ;"));
    cr_expect(eq(int, pages, 3));
    church_free(c);
}

static const struct order_case {
    const char *query, *want;
} order_cases[] = {
    {"$orderby=FirstName desc", "Eve ,dora,Cyd,Bob,Ann"},
    {"$orderby=Email,Id desc", "Eve ,Bob,Cyd,Ann,dora"},
    {"$orderby=ModifiedDateTime desc", "Eve ,Cyd,Bob,Ann,dora"},
    {"$orderby=SuffixValue/Value desc,FirstName", "Cyd,Ann,Bob,dora,Eve "},
    {"$top=2", "Ann,Bob"},
    {"$skip=3", "dora,Eve "},
    {"$orderby=FirstName&$top=2&$skip=1", "Bob,Cyd"},
    {"$top=0", ""},
    {"$inlinecount=allpages&$top=1", "Ann"},
    {"includeDeceased=true&$skip=4", "Eve ,Finn"},
    {"$filter=Id gt 2147483647", ""},
};

ParameterizedTestParameters(sim_rock_odata, order_and_window)
{
    return case_indexes(ARRAY_LEN(order_cases));
}

ParameterizedTest(const size_t *i, sim_rock_odata, order_and_window)
{
    const struct order_case *t = &order_cases[*i];
    struct church *c = six();
    struct api api;
    api_init(&api, c, A_TOKEN);
    char target[512];
    snprintf(target, sizeof(target), "/api/People?%s", t->query);
    autofree char *got = api_column(&api, target, "FirstName");
    cr_expect_str_eq(got, t->want, "%s", t->query);
    church_free(c);
}

/* What an index answers must be what a walk over the table answers. */
Test(sim_rock_odata, lookup_by_ids_equals_the_walk)
{
    struct church *c = six();
    struct api api;
    api_init(&api, c, A_TOKEN);
    autofree char *ids =
        api_column(&api, "/api/People?$filter=FirstName eq 'Bob' or FirstName eq 'dora'", "Id");
    int bob, dora;
    cr_assert(eq(int, sscanf(ids, "%d,%d", &bob, &dora), 2));
    char target[256];
    snprintf(target, sizeof(target),
             "/api/People?$filter=Id eq %d or Id eq %d or Id eq %d or Id eq 5", dora, bob, bob);
    autofree char *names = api_column(&api, target, "FirstName");
    cr_expect(eq(str, names, "Bob,dora"));
    snprintf(target, sizeof(target),
             "/api/PersonAlias?$filter=(PersonId eq %d or PersonId eq %d) and Id gt 0", dora, bob);
    autofree char *owners = api_column(&api, target, "PersonId");
    cr_expect(eq(str, owners, ids));
    church_free(c);
}
