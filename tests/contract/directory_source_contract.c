/* The cases; included by the test of each driver. */
#include "tests/contract/directory_source_contract.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/arena.h"

static struct guid guid_of(const char *text)
{
    struct guid g;

    cr_assert(guid_parse(text, &g), "%s", text);
    return g;
}

static const char *const everything_groups[] = {CHOIR, OLD_CHOIR, CREW, NO_GROUP};

/* Everything that anybody could choose. */
static struct directory *everything(struct directory_source *s)
{
    struct guid followers[] = {guid_of(ANN2)}, groups[4];
    struct directory *d = NULL;
    struct err err;

    for (size_t i = 0; i < 4; i++)
        groups[i] = guid_of(everything_groups[i]);
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE),
                                      .followers = followers,
                                      .n_followers = 1,
                                      .staff = true,
                                      .groups = groups,
                                      .n_groups = 4};
    cr_assert(s->ops->snapshot(s, &rq, &d, &err) == 0, "%s", err.text);
    return d;
}

static const struct dir_person *somebody(const struct directory *d, const char *key)
{
    struct guid g = guid_of(key);
    long i = directory_find_person(d, &g);

    cr_assert(i >= 0, "%s is not there", key);
    return &d->people[i];
}

static bool is_there(const struct directory *d, const char *key)
{
    struct guid g = guid_of(key);
    return directory_find_person(d, &g) >= 0;
}

/* The list holds exactly these keys, which are in ascending order. */
static void expect_list(const struct directory *d,
                        const struct dir_list *l,
                        const char *const *keys,
                        size_t n,
                        const char *what)
{
    char text[GUID_TEXT];

    cr_expect(eq(sz, l->n, n), "%s", what);
    for (size_t i = 0; i < n && i < l->n; i++)
        cr_expect_str_eq(guid_format(&d->people[l->v[i]].key, text), keys[i], "%s", what);
}

static void people_are_the_union_of_the_wishes_by_key(struct directory_source *s)
{
    static const char *const keys[] = {ANN, BOB, CID, EVE, FAY, GUS, PAM};
    struct directory *d = everything(s);
    char text[GUID_TEXT];

    cr_expect(eq(sz, d->n_people, ARRAY_LEN(keys)));
    for (size_t i = 0; i < d->n_people && i < ARRAY_LEN(keys); i++)
        cr_expect_str_eq(guid_format(&d->people[i].key, text), keys[i]);
    cr_expect(d->read_at_ms > INT64_C(1700000000000));
    directory_free(d);
}

static void users_are_the_members_of_the_eligible_group(struct directory_source *s)
{
    struct directory *d = everything(s);

    cr_assert(eq(sz, d->n_users, 2));
    cr_expect(somebody(d, ANN) == &d->people[d->users[0].person]);
    cr_expect(somebody(d, FAY) == &d->people[d->users[1].person]);
    directory_free(d);
}

static void followings_go_through_aliases_without_doubles_and_the_dead(struct directory_source *s)
{
    static const char *const followed[] = {BOB, CID, EVE};
    struct directory *d = everything(s);

    expect_list(d, &d->users[0].follows, followed, 3, "Ann");
    expect_list(d, &d->users[1].follows, NULL, 0, "Fay was not asked for");
    directory_free(d);
}

static void staff_are_the_members_of_active_units(struct directory_source *s)
{
    static const char *const staff[] = {FAY, GUS};
    struct directory *d = everything(s);

    expect_list(d, &d->staff, staff, 2, "staff");
    cr_expect(not(is_there(d, HAL)));
    directory_free(d);
}

static void chosen_groups_have_their_living_members_once(struct directory_source *s)
{
    static const char *const choir[] = {BOB, EVE, PAM};
    struct directory *d = everything(s);

    cr_assert(eq(sz, d->n_groups, 4));
    cr_expect(d->groups[0].usable);
    cr_expect_str_eq(d->groups[0].name, "Choir, Tuesday");
    expect_list(d, &d->groups[0].members, choir, 3, "choir");
    directory_free(d);
}

static void groups_that_cannot_be_synced_are_unusable_and_empty(struct directory_source *s)
{
    struct directory *d = everything(s);
    char text[GUID_TEXT];

    for (size_t i = 1; i < d->n_groups; i++) {
        cr_expect_str_eq(guid_format(&d->groups[i].guid, text), everything_groups[i]);
        cr_expect(not(d->groups[i].usable), "%s", text);
        cr_expect(eq(sz, d->groups[i].members.n, 0), "%s", text);
    }
    cr_expect_str_eq(d->groups[2].name, "Crew");
    directory_free(d);
}

static void a_person_has_all_their_fields(struct directory_source *s)
{
    struct directory *d = everything(s);
    const struct dir_person *p = somebody(d, BOB);

    cr_expect_str_eq(p->first_name, "Robert");
    cr_expect_str_eq(p->nick_name, "Bob");
    cr_expect_str_eq(p->middle_name, "Lee");
    cr_expect_str_eq(p->last_name, "O'Hara-Nkemelu");
    cr_expect_str_eq(p->suffix, "Jr.");
    cr_expect_str_eq(p->title, "Dr.");
    cr_expect_str_eq(p->email, "bob@example.org");
    cr_expect_str_eq(p->employer, "Example Ltd");
    cr_expect_str_eq(p->position, "Baker");
    cr_expect(p->email_active && !p->business && !p->deceased && !p->opted_out);
    cr_expect(p->birth_day == 29 && p->birth_month == 2 && p->birth_year == 0);
    cr_expect(p->anniversary_day == 12 && p->anniversary_month == 6 && p->anniversary_year == 2004);
    cr_assert(p->home != NULL);
    cr_expect_str_eq(p->home->street1, "1 Example Way");
    cr_expect(p->home->street2 == NULL);
    cr_expect_str_eq(p->home->city, "Springfield");
    cr_expect_str_eq(p->home->postal, "85001");
    cr_expect(p->work == NULL);
    cr_expect(p->photo_id > 0 && !guid_is_nil(&p->photo_guid));
    directory_free(d);
}

static void phones_are_there_by_id_with_their_types(struct directory_source *s)
{
    struct directory *d = everything(s);
    const struct dir_person *p = somebody(d, BOB);

    cr_assert(eq(sz, p->n_phones, 3));
    cr_expect(p->phones[0].id < p->phones[1].id && p->phones[1].id < p->phones[2].id);
    cr_expect(p->phones[0].type == DIR_PHONE_MOBILE && !p->phones[0].unlisted);
    cr_expect_str_eq(p->phones[0].country_code, "1");
    cr_expect_str_eq(p->phones[0].number, "6235550101");
    cr_expect_str_eq(p->phones[0].formatted, "(623) 555-0101");
    cr_expect_str_eq(p->phones[0].extension, "114");
    cr_expect(p->phones[1].type == DIR_PHONE_HOME && p->phones[1].unlisted);
    cr_expect(p->phones[2].type == DIR_PHONE_OTHER);
    cr_expect_str_eq(p->phones[2].type_name, "Fax");
    cr_expect(p->phones[2].country_code == NULL);
    directory_free(d);
}

static void flags_of_people_are_there(struct directory_source *s)
{
    struct directory *d = everything(s);

    cr_expect(somebody(d, CID)->business);
    cr_expect_str_eq(somebody(d, CID)->last_name, "Cid's Garage");
    cr_expect(somebody(d, FAY)->opted_out);
    cr_expect(somebody(d, PAM)->age_class == 2);
    cr_expect(not(somebody(d, EVE)->email_active));
    cr_expect(somebody(d, GUS)->phones == NULL || somebody(d, GUS)->n_phones == 0);
    directory_free(d);
}

static void attributes_that_were_asked_for_are_there(struct directory_source *s)
{
    static const char *const keys[] = {"officephone", "Misspelt"};
    struct guid choir = guid_of(CHOIR);
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE),
                                      .groups = &choir,
                                      .n_groups = 1,
                                      .attributes = keys,
                                      .n_attributes = ARRAY_LEN(keys)};
    struct directory *d = NULL;
    struct err err;

    cr_assert(s->ops->snapshot(s, &rq, &d, &err) == 0, "%s", err.text);
    const struct dir_person *bob = somebody(d, BOB);
    cr_assert(eq(sz, bob->n_attributes, 1));
    cr_expect_str_eq(bob->attributes[0].key, "OfficePhone");
    cr_expect_str_eq(bob->attributes[0].value, "623 555 0199");
    cr_expect(eq(sz, somebody(d, EVE)->n_attributes, 0));
    cr_assert(eq(sz, d->n_unknown_attributes, 1));
    cr_expect_str_eq(d->unknown_attributes[0], "Misspelt");
    directory_free(d);
    d = everything(s);
    cr_expect(eq(sz, somebody(d, BOB)->n_attributes, 0), "nobody asked");
    cr_expect(eq(sz, d->n_unknown_attributes, 0));
    directory_free(d);
}

static void what_nobody_asked_for_is_not_read(struct directory_source *s)
{
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE)};
    struct directory *d = NULL;
    struct err err;

    cr_assert(s->ops->snapshot(s, &rq, &d, &err) == 0, "%s", err.text);
    cr_expect(eq(sz, d->n_people, 2));
    cr_expect(eq(sz, d->n_users, 2));
    cr_expect(eq(sz, d->n_groups, 0));
    cr_expect(eq(sz, d->staff.n, 0));
    directory_free(d);
}

static void followers_who_are_not_eligible_are_not_read(struct directory_source *s)
{
    struct guid followers[] = {guid_of(HAL), guid_of(GONE)};
    const struct source_request rq = {
        .eligible_group = guid_of(ELIGIBLE), .followers = followers, .n_followers = 2};
    struct directory *d = NULL;
    struct err err;

    cr_assert(s->ops->snapshot(s, &rq, &d, &err) == 0, "%s", err.text);
    cr_expect(eq(sz, d->n_people, 2));
    directory_free(d);
}

static void the_eligible_group_must_be_there_and_active(struct directory_source *s)
{
    static const char *const groups[] = {NO_GROUP, IDLE_UNIT};

    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct source_request rq = {.eligible_group = guid_of(groups[i])};
        struct directory *d = NULL;
        struct err err = {0};
        cr_expect(s->ops->snapshot(s, &rq, &d, &err) < 0);
        cr_expect(d == NULL);
        cr_expect(strstr(err.text, "eligible group") && strstr(err.text, groups[i]), "%s",
                  err.text);
    }
}

static void fates_are_told_at_the_same_index(struct directory_source *s)
{
    const struct guid keys[] = {guid_of(EVE2), guid_of(GONE), guid_of(BOB),
                                guid_of(DEE),  guid_of(EVE),  guid_of(EVE2)};
    static const enum source_fate fates[] = {SOURCE_MERGED,   SOURCE_GONE,  SOURCE_THERE,
                                             SOURCE_DECEASED, SOURCE_THERE, SOURCE_MERGED};
    struct source_resolved res[6];
    struct err err;
    char text[GUID_TEXT];

    cr_assert(s->ops->resolve(s, keys, 6, res, &err) == 0, "%s", err.text);
    for (size_t i = 0; i < 6; i++)
        cr_expect(eq(int, (int)res[i].fate, (int)fates[i]), "%zu", i);
    cr_expect_str_eq(guid_format(&res[0].survivor, text), EVE);
    cr_expect_str_eq(guid_format(&res[5].survivor, text), EVE);
    cr_expect(s->ops->resolve(s, keys, 0, res, &err) == 0);
}

static void old_choices_of_eligible_people_are_there(struct directory_source *s)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    struct guid group = guid_of(ELIGIBLE);
    struct source_old_prefs *prefs = NULL;
    struct err err;
    char text[GUID_TEXT];
    size_t n = 0;

    cr_assert(s->ops->old_prefs(s, &group, a, &prefs, &n, &err) == 0, "%s", err.text);
    cr_assert(eq(sz, n, 1));
    cr_expect_str_eq(guid_format(&prefs[0].person, text), ANN);
    cr_expect(prefs[0].follow && !prefs[0].staff);
    cr_assert(eq(sz, prefs[0].n_groups, 1));
    cr_expect_str_eq(guid_format(&prefs[0].groups[0], text), CHOIR);
}

const struct contract_case directory_source_contract[] = {
    {"people_are_the_union_of_the_wishes_by_key", people_are_the_union_of_the_wishes_by_key},
    {"users_are_the_members_of_the_eligible_group", users_are_the_members_of_the_eligible_group},
    {"followings_go_through_aliases_without_doubles_and_the_dead",
     followings_go_through_aliases_without_doubles_and_the_dead},
    {"staff_are_the_members_of_active_units", staff_are_the_members_of_active_units},
    {"chosen_groups_have_their_living_members_once", chosen_groups_have_their_living_members_once},
    {"groups_that_cannot_be_synced_are_unusable_and_empty",
     groups_that_cannot_be_synced_are_unusable_and_empty},
    {"a_person_has_all_their_fields", a_person_has_all_their_fields},
    {"phones_are_there_by_id_with_their_types", phones_are_there_by_id_with_their_types},
    {"flags_of_people_are_there", flags_of_people_are_there},
    {"attributes_that_were_asked_for_are_there", attributes_that_were_asked_for_are_there},
    {"what_nobody_asked_for_is_not_read", what_nobody_asked_for_is_not_read},
    {"followers_who_are_not_eligible_are_not_read", followers_who_are_not_eligible_are_not_read},
    {"the_eligible_group_must_be_there_and_active", the_eligible_group_must_be_there_and_active},
    {"fates_are_told_at_the_same_index", fates_are_told_at_the_same_index},
    {"old_choices_of_eligible_people_are_there", old_choices_of_eligible_people_are_there},
};
const size_t directory_source_contract_count = ARRAY_LEN(directory_source_contract);

static struct criterion_test_params contract_indexes(void)
{
    size_t n = directory_source_contract_count, *v = cr_malloc(n * sizeof(*v));

    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
