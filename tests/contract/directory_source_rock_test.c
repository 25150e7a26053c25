/* The Rock driver on the town of the contract. */
#include "tests/contract/directory_source_contract.c"
#include "tests/contract/rock_rig.h"
#include "tests/contract/rock_town.c"
#include "tests/sim/rock/sim_rock_p.h"

static struct rock_rig rig;

static void open_town(void)
{
    static const char *const settings[] = {"opt_out_attribute=donotsync", NULL};
    const struct sim_rock_options o = {.church = build_town()};

    rock_rig_open(&rig, &o, settings);
}

static void close_town(void)
{
    rock_rig_close(&rig);
}

ParameterizedTestParameters(directory_source_rock, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i,
                  directory_source_rock,
                  keeps_the_contract,
                  .init = open_town,
                  .fini = close_town,
                  .timeout = 60)
{
    directory_source_contract[*i].run(rig.source);
}

/* ---- what is Rock's own ---- */

static struct err err;

static bool list_has(const struct directory *d, const struct dir_list *l, const char *key)
{
    struct guid g = guid_of(key);
    for (size_t i = 0; i < l->n; i++)
        if (guid_cmp(&d->people[l->v[i]].key, &g) == 0)
            return true;
    return false;
}

/* What happens in Rock while it is read: once, after the first rows of `when`. */
static struct {
    const char *when;
    void (*what)(struct church *c, void *user);
    bool done;
} meanwhile;

static void on_progress(const char *what, size_t done, size_t of, void *user)
{
    (void)done, (void)of, (void)user;
    if (meanwhile.done || strcmp(what, meanwhile.when) != 0)
        return;
    meanwhile.done = true;
    sim_rock_with(rig.sim, meanwhile.what, NULL);
}

static struct directory *read_while(const char *when, void (*what)(struct church *c, void *user))
{
    struct guid followers[] = {guid_of(ANN)}, groups[] = {guid_of(CHOIR)};
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE),
                                      .followers = followers,
                                      .n_followers = 1,
                                      .staff = true,
                                      .groups = groups,
                                      .n_groups = 1,
                                      .progress = on_progress};
    struct directory *d = NULL;

    meanwhile.when = when;
    meanwhile.what = what;
    cr_assert(rig.source->ops->snapshot(rig.source, &rq, &d, &err) == 0, "%s", err.text);
    cr_assert(meanwhile.done);
    return d;
}

static int32_t id_of(struct church *c, const char *key)
{
    return ((struct person_alias *)church_by_guid(c, TABLE_PERSON_ALIAS, key))->person_id;
}

static void merge_bob_into_hal(struct church *c, void *user)
{
    (void)user;
    mutate_merge(c, id_of(c, BOB), id_of(c, HAL));
}

#define TOWN_TEST(name)                                                                            \
    Test(directory_source_rock, name, .init = open_town, .fini = close_town, .timeout = 60)

/* Memberships named Bob; when his turn comes there is only Hal. */
TOWN_TEST(who_is_merged_meanwhile_is_the_survivor)
{
    struct directory *d = read_while("followings", merge_bob_into_hal);

    cr_expect(not(is_there(d, BOB)));
    cr_expect(is_there(d, HAL));
    cr_expect(list_has(d, &d->groups[0].members, HAL));
    cr_expect(list_has(d, &d->users[0].follows, HAL));
    directory_free(d);
}

static void merge_ann_into_hal(struct church *c, void *user)
{
    (void)user;
    mutate_merge(c, id_of(c, ANN), id_of(c, HAL));
}

TOWN_TEST(a_user_who_is_merged_meanwhile_keeps_their_followings)
{
    struct directory *d = read_while("followings", merge_ann_into_hal);
    struct guid hal = guid_of(HAL);
    long at = directory_find_person(d, &hal);
    const struct dir_user *u = NULL;

    for (size_t i = 0; i < d->n_users; i++)
        if ((long)d->users[i].person == at)
            u = &d->users[i];
    cr_assert(u != NULL);
    cr_expect(list_has(d, &u->follows, BOB) && list_has(d, &u->follows, EVE));
    directory_free(d);
}

static void lose_two(struct church *c, void *user)
{
    (void)user;
    mutate_delete_person(c, id_of(c, BOB));
    mutate_deceased(c, id_of(c, EVE), true);
}

TOWN_TEST(who_is_deleted_or_dies_meanwhile_is_left_out)
{
    struct directory *d = read_while("followings", lose_two);

    cr_expect(not(is_there(d, BOB) || is_there(d, EVE)));
    cr_expect(eq(sz, d->groups[0].members.n, 1));
    directory_free(d);
}

static void forget_primary_aliases(struct church *c, void *user)
{
    (void)user;
    person_of(c, id_of(c, BOB))->primary_alias_id = NULL_INT;
    person_of(c, id_of(c, GUS))->primary_alias_id = 77777; /* another server's */
    struct person_alias *a = church_by_guid(c, TABLE_PERSON_ALIAS, PAM);
    a->alias_person_id = NULL_INT;
    person_of(c, a->person_id)->primary_alias_id = NULL_INT;
    for (int i = 0; i < TABLE_COUNT; i++)
        c->table[i].version++; /* indexes anew */
}

TOWN_TEST(people_without_a_primary_alias_have_their_own_or_oldest_one)
{
    sim_rock_with(rig.sim, forget_primary_aliases, NULL);
    struct directory *d = everything(rig.source);
    cr_expect(is_there(d, BOB) && is_there(d, GUS) && is_there(d, PAM));
    directory_free(d);
}

static void delete_aliases_of_pam(struct church *c, void *user)
{
    (void)user;
    int32_t pam = id_of(c, PAM);
    person_of(c, pam)->primary_alias_id = NULL_INT;
    church_delete(c, TABLE_PERSON_ALIAS, church_by_guid(c, TABLE_PERSON_ALIAS, PAM));
}

TOWN_TEST(a_person_without_any_alias_fails_with_the_remedy)
{
    struct guid groups[] = {guid_of(CHOIR)};
    const struct source_request rq = {
        .eligible_group = guid_of(ELIGIBLE), .groups = groups, .n_groups = 1};
    struct directory *d = NULL;

    sim_rock_with(rig.sim, delete_aliases_of_pam, NULL);
    cr_expect(rig.source->ops->snapshot(rig.source, &rq, &d, &err) < 0);
    cr_expect(strstr(err.text, "/api/PersonAlias has no row for Person") &&
                  strstr(err.text, "Rock Cleanup"),
              "%s", err.text);
}

static void archive_eligible(struct church *c, void *user)
{
    (void)user;
    mutate_group_state(c, c->known.eligible_group, true, true);
}

TOWN_TEST(an_archived_eligible_group_is_not_there)
{
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE)};
    struct directory *d = NULL;

    sim_rock_with(rig.sim, archive_eligible, NULL);
    cr_expect(rig.source->ops->snapshot(rig.source, &rq, &d, &err) < 0);
    cr_expect(strstr(err.text, "the eligible group " ELIGIBLE " is not in Rock") == err.text, "%s",
              err.text);
}

/* Second home of a grown child: GroupOrder decides, null comes last. */
static void second_family(struct church *c, void *user)
{
    (void)user;
    int32_t bob = id_of(c, BOB), family = a_group(c, c->known.family, "Second");
    struct group_member *m = a_member(c, family, bob);
    m->group_role_id = c->known.adult;
    m->group_order = 5;
    an_address(c, family, c->known.home_address, "2 Second Street");
    an_address(c, family, c->known.work_address, "3 Work Road");
    church_touch(c, TABLE_GROUP_MEMBER, church_row(c, TABLE_GROUP_MEMBER, m->row.id));
}

TOWN_TEST(addresses_come_from_the_first_family_that_has_one)
{
    sim_rock_with(rig.sim, second_family, NULL);
    struct directory *d = everything(rig.source);
    const struct dir_person *bob = somebody(d, BOB);
    cr_assert(bob->home && bob->work);
    cr_expect_str_eq(bob->home->street1, "2 Second Street");
    cr_expect_str_eq(bob->work->street1, "3 Work Road");
    directory_free(d);
}

Test(directory_source_rock,
     an_opt_out_attribute_that_is_not_there_is_a_setting_to_mend,
     .timeout = 60)
{
    static const char *const settings[] = {"opt_out_attribute=It's not there", NULL};
    const struct sim_rock_options o = {.church = build_town()};
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE)};
    struct directory *d = NULL;

    rock_rig_open(&rig, &o, settings);
    cr_expect(rig.source->ops->snapshot(rig.source, &rq, &d, &err) < 0);
    cr_expect_str_eq(err.code, "conf");
    cr_expect_str_eq(err.text,
                     "opt_out_attribute: Rock has no person attribute with the key It's not"
                     " there");
    rock_rig_close(&rig);
}

static void with_another_block(struct church *c, void *user)
{
    (void)user;
    int32_t fay = id_of(c, FAY);
    old_choice(c, c->known.pref_groups, fay, "");
    lookups_add_preferences(c, 999);
    old_choice(c, c->known.pref_staff, fay, "true");
    old_choice(c, c->known.pref_following, fay, NULL);
}

TOWN_TEST(old_choices_of_two_blocks_add_up)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    struct guid group = guid_of(ELIGIBLE);
    struct source_old_prefs *prefs = NULL;
    size_t n = 0;

    sim_rock_with(rig.sim, with_another_block, NULL);
    cr_assert(rig.source->ops->old_prefs(rig.source, &group, a, &prefs, &n, &err) == 0, "%s",
              err.text);
    cr_assert(eq(sz, n, 2));
    cr_expect(prefs[1].staff && !prefs[1].follow && prefs[1].n_groups == 0);
}

static void with_broken_list(struct church *c, void *user)
{
    (void)user;
    old_choice(c, c->known.pref_groups, id_of(c, FAY), "12|x");
}

TOWN_TEST(old_choices_that_are_no_ids_fail)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    struct guid group = guid_of(ELIGIBLE);
    struct source_old_prefs *prefs = NULL;
    size_t n = 0;

    sim_rock_with(rig.sim, with_broken_list, NULL);
    cr_expect(rig.source->ops->old_prefs(rig.source, &group, a, &prefs, &n, &err) < 0);
    cr_expect(strstr(err.text, "].Value: not a list of group ids") != NULL, "%s", err.text);
}

/* ---- attributes on request ---- */

static void attributes_of_all_kinds(struct church *c, void *user)
{
    (void)user;
    int32_t bob = ((struct person_alias *)church_by_guid(c, TABLE_PERSON_ALIAS, BOB))->person_id;
    for (int i = 0; i < 23; i++) {
        int32_t id = person_attribute(c, arena_printf(c->arena, "Key%d", i));
        mutate_attribute(c, bob, id, arena_printf(c->arena, "value %d", i));
    }
    int32_t with_default = person_attribute(c, "Desk");
    ((struct attribute *)church_row(c, TABLE_ATTRIBUTE, with_default))->default_value = "reception";
    mutate_attribute(c, bob, with_default, "12");
    char one[GUID_TEXT], two[GUID_TEXT];
    struct defined_value *v = church_row(c, TABLE_DEFINED_VALUE, value_named(c, "Jr."));
    guid_format(&v->row.guid, one);
    v = church_row(c, TABLE_DEFINED_VALUE, value_named(c, "Sr."));
    guid_format(&v->row.guid, two);
    mutate_attribute(c, bob, person_attribute(c, "One"), church_text(c, one));
    mutate_attribute(c, bob, person_attribute(c, "Two"), arena_printf(c->arena, "%s,%s", two, one));
    mutate_attribute(c, bob, person_attribute(c, "Nobody"), BOB);
}

Test(directory_source_rock,
     attributes_come_by_the_dozen_and_with_their_defaults,
     .init = open_town,
     .fini = close_town,
     .timeout = 60)
{
    const char *keys[29];
    char text[26][16];
    struct guid choir = guid_of(CHOIR);
    struct directory *d = NULL;

    sim_rock_with(rig.sim, attributes_of_all_kinds, NULL);
    for (int i = 0; i < 24; i++) {
        snprintf(text[i], sizeof(text[i]), "key%d", i);
        keys[i] = text[i];
    }
    keys[24] = "Desk";
    keys[25] = "Employer";
    keys[26] = "One";
    keys[27] = "Two";
    keys[28] = "Nobody";
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE),
                                      .groups = &choir,
                                      .n_groups = 1,
                                      .attributes = keys,
                                      .n_attributes = ARRAY_LEN(keys)};
    cr_assert(rig.source->ops->snapshot(rig.source, &rq, &d, &err) == 0, "%s", err.text);
    const struct dir_person *bob = somebody(d, BOB), *eve = somebody(d, EVE);
    cr_expect(eq(sz, bob->n_attributes, 28));
    cr_assert(eq(sz, eve->n_attributes, 1));
    cr_expect_str_eq(eve->attributes[0].key, "Desk");
    cr_expect_str_eq(eve->attributes[0].value, "reception");
    for (size_t i = 0; i < bob->n_attributes; i++) {
        if (strcmp(bob->attributes[i].key, "Desk") == 0)
            cr_expect_str_eq(bob->attributes[i].value, "12");
        if (strcmp(bob->attributes[i].key, "Key7") == 0)
            cr_expect_str_eq(bob->attributes[i].value, "value 7");
        if (strcmp(bob->attributes[i].key, "Employer") == 0)
            cr_expect_str_eq(bob->attributes[i].value, "Example Ltd");
        if (strcmp(bob->attributes[i].key, "One") == 0)
            cr_expect_str_eq(bob->attributes[i].value, "Jr.");
        if (strcmp(bob->attributes[i].key, "Two") == 0)
            cr_expect_str_eq(bob->attributes[i].value, "Sr., Jr.");
        if (strcmp(bob->attributes[i].key, "Nobody") == 0)
            cr_expect_str_eq(bob->attributes[i].value, BOB, "no entry: as it stands");
    }
    cr_expect(eq(sz, d->n_unknown_attributes, 1));
    cr_expect_str_eq(d->unknown_attributes[0], "key23");
    directory_free(d);
}

/* ---- rendered by Rock ---- */

static struct source_rendered rendered[3];
static int64_t rendered_ids[3];

static int render(struct arena *a, const char *lava)
{
    static const char *const who[] = {ANN, BOB, GUS};
    struct directory *d = everything(rig.source);

    for (size_t i = 0; i < ARRAY_LEN(who); i++)
        rendered_ids[i] = somebody(d, who[i])->rock_id;
    directory_free(d);
    return rig.source->ops->render(rig.source, lava, rendered_ids, 3, a, rendered, &err);
}

static void allow_to_render(void)
{
    rig.sim->api.may_render = true;
}

static void numbers_at_work(struct church *c, void *user)
{
    int32_t bob = ((struct person_alias *)church_by_guid(c, TABLE_PERSON_ALIAS, BOB))->person_id;
    struct phone_number *p = a_phone(c, bob, c->known.work_phone, "6235550144");
    (void)user;
    p->formatted = "(623) 555-0144";
}

Test(directory_source_rock,
     rock_renders_for_many_in_one_request,
     .init = open_town,
     .fini = close_town,
     .timeout = 60)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 16 << 20);

    allow_to_render();
    sim_rock_with(rig.sim, numbers_at_work, NULL);
    cr_assert(render(a, "{{ Person.NickName }}: {% assign n = Person | PhoneNumber:'Work' %}"
                        "{% if n != null %}{{ n }}{% endif %} of {{ Person | Campus | "
                        "Property:'Name' }}") == 0,
              "%s", err.text);
    cr_expect_str_eq(rendered[0].text, "Ann:  of Main Campus");
    cr_expect_str_eq(rendered[1].text, "Bob: (623) 555-0144 of Main Campus");
    cr_expect_str_eq(rendered[2].text, "Gus:  of Main Campus", "not the number of the one before");
}

Test(directory_source_rock,
     one_persons_lava_error_is_that_persons_alone,
     .init = open_town,
     .fini = close_town,
     .timeout = 60)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 16 << 20);

    allow_to_render();
    cr_assert(render(a, "x") == 0, "%s", err.text);
    rig.sim->api.render_broken = (int32_t)rendered_ids[1];
    cr_assert(render(a, "{{ Person | PhoneNumber:'Work' }}.") == 0, "%s", err.text);
    cr_expect_str_eq(rendered[0].text, ".");
    cr_expect(rendered[1].text == NULL);
    cr_expect_str_eq(rendered[2].text, ".");
    cr_assert(render(a, "{% nosuchtag %}") == 0, "%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(rendered); i++)
        cr_expect(rendered[i].text == NULL);
}

Test(directory_source_rock,
     without_the_right_to_render_nothing_is_rendered,
     .init = open_town,
     .fini = close_town,
     .timeout = 60)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 16 << 20);

    cr_assert(render(a, "x") < 0);
    cr_expect(strstr(err.text, "Edit right on POST api/Lava/RenderTemplate") != NULL, "%s",
              err.text);
    cr_expect(err.when == WHEN_NEVER);
}
