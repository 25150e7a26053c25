/* The judge, who belongs where: each rule on a church of a few people whose answer is plain to see.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/sim/rock/model.h"
#include "tests/unit/sim_rock_support.h"

#define USER "uma@church.example"

static int by_person(const void *a, const void *b)
{
    return ((const struct model_item *)a)->person_id - ((const struct model_item *)b)->person_id;
}

/* "Ann=Following,Staff Bob=Choir": a mailbox by person id; "none" when there is no such mailbox.
 * malloc'd. */
static char *
holds_with(struct church *c, const char *address, const struct model_pref *prefs, size_t n)
{
    autoptr(model_free) struct model *m = model_new(c, prefs, n, address);
    struct str out;
    str_init(&out, 1 << 20);
    if (m->n_mailboxes == 0)
        return xstrdup("none");
    struct model_mailbox *mb = &m->mailboxes[0];
    qsort(mb->items, mb->n_items, sizeof(*mb->items), by_person);
    for (size_t i = 0; i < mb->n_items; i++) {
        str_addf(&out, "%s%s=", i ? " " : "", person_of(c, mb->items[i].person_id)->first_name);
        for (size_t k = 0; k < mb->items[i].n_categories; k++)
            str_addf(&out, "%s%s", k ? "," : "", mb->items[i].categories[k]);
    }
    return out.n ? str_steal(&out) : xstrdup("");
}

static char *holds(struct church *c, const char *address)
{
    return holds_with(c, address, NULL, 0);
}

#define expect_holds(c, want)                                                                      \
    do {                                                                                           \
        autofree char *got_ = holds(c, USER);                                                      \
        cr_expect_str_eq(got_, want);                                                              \
    } while (0)

Test(sim_rock_model, following_staff_and_groups_add_up_to_categories)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A"),
            bob = a_person(c, "Bob", "B");
    int32_t unit = a_group(c, c->known.unit, "Care"),
            choir = a_group(c, c->known.small_group, "Choir");
    a_member(c, unit, ann);
    a_member(c, unit, uma);
    a_member(c, choir, ann);
    a_member(c, choir, bob);
    mutate_follow(c, uma, ann);
    chooses(c, uma, true, true, choir);
    expect_holds(c, "Uma=Staff Ann=Choir,Following,Staff Bob=Choir");
    chooses(c, uma, false, false, 0);
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, only_active_members_of_active_groups_count)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), choir = a_group(c, c->known.small_group, "Choir");
    a_member(c, choir, a_person(c, "Ann", "A"))->status = MEMBER_INACTIVE;
    a_member(c, choir, a_person(c, "Bob", "B"))->status = MEMBER_PENDING;
    a_member(c, choir, a_person(c, "Cyd", "C"))->is_archived = true;
    int32_t dora = a_person(c, "Dora", "D"), eve = a_person(c, "Eve", "E");
    a_member(c, choir, dora);
    a_member(c, choir, dora)->group_role_id = c->known.small_leader; /* twice, by role */
    a_member(c, choir, eve);
    person_of(c, eve)->is_deceased = true;
    chooses(c, uma, false, false, choir);
    expect_holds(c, "Dora=Choir");
    mutate_group_state(c, choir, false, false);
    expect_holds(c, "");
    mutate_group_state(c, choir, true, true);
    expect_holds(c, "");
    mutate_group_state(c, choir, true, false);
    expect_holds(c, "Dora=Choir");
    church_delete(c, TABLE_GROUP, church_row(c, TABLE_GROUP, choir));
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, inactive_records_children_and_businesses_are_in)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), choir = a_group(c, c->known.small_group, "Choir");
    int32_t ann = a_person(c, "Ann", "A"), kid = a_person(c, "Kid", "K"),
            shop = a_person(c, "Shop", "S");
    a_member(c, choir, ann);
    a_member(c, choir, kid);
    a_member(c, choir, shop);
    person_of(c, ann)->record_status_id = c->known.inactive_record;
    person_of(c, kid)->age_classification = 2;
    person_of(c, shop)->record_type_id = c->known.business_record;
    chooses(c, uma, false, false, choir);
    expect_holds(c, "Ann=Choir Kid=Choir Shop=Choir");
    church_free(c);
}

Test(sim_rock_model, staff_means_active_units_of_exactly_that_type)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER);
    int32_t closed = a_group(c, c->known.unit, "Closed"),
            below = a_group(c, c->known.unit, "Below");
    ((struct group *)church_row(c, TABLE_GROUP, closed))->is_active = false;
    ((struct group *)church_row(c, TABLE_GROUP, below))->parent_group_id = closed;
    a_member(c, closed, a_person(c, "Ann", "A"));
    a_member(c, below, a_person(c, "Bob", "B"));
    a_member(c, a_group(c, c->known.unit_child, "Campus"), a_person(c, "Cyd", "C"));
    chooses(c, uma, false, true, 0);
    expect_holds(c, "Bob=Staff");
    church_free(c);
}

static struct following *last_following(struct church *c)
{
    struct table *t = &c->table[TABLE_FOLLOWING];
    return (struct following *)t->rows + (t->n - 1);
}

Test(sim_rock_model, followings_by_alias_and_by_person_without_a_purpose)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A"),
            bob = a_person(c, "Bob", "B");
    int32_t cyd = a_person(c, "Cyd", "C"), dora = a_person(c, "Dora", "D");
    mutate_follow(c, uma, ann);
    last_following(c)->purpose_key = "";
    mutate_follow(c, uma, bob);
    last_following(c)->purpose_key = "board";
    mutate_follow(c, uma, cyd);
    last_following(c)->entity_type_id = c->known.person_type;
    last_following(c)->entity_id = cyd;
    mutate_follow(c, uma, dora);
    last_following(c)->entity_type_id = c->known.group_entity_type;
    mutate_follow(c, ann, dora); /* somebody else's */
    chooses(c, uma, true, false, 0);
    expect_holds(c, "Ann=Following Cyd=Following");
    cr_expect(mutate_unfollow(c, uma, ann));
    expect_holds(c, "Cyd=Following");
    church_free(c);
}

Test(sim_rock_model, merged_followers_and_merged_followed_people)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), old = a_person(c, "Old", "O"),
            ann = a_person(c, "Ann", "A");
    int32_t bob = a_person(c, "Bob", "B");
    mutate_follow(c, old, ann); /* by Uma's other record */
    mutate_follow(c, uma, ann);
    mutate_follow(c, uma, bob);
    chooses(c, uma, true, false, 0);
    mutate_merge(c, old, uma);
    expect_holds(c, "Ann=Following Bob=Following");
    mutate_merge(c, ann, bob);
    expect_holds(c, "Bob=Following");
    mutate_delete_person(c, bob);
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, merged_users_keep_the_survivors_choices_else_the_others)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), other = a_user(c, "Other", "other@church.example");
    int32_t ann = a_person(c, "Ann", "A");
    mutate_follow(c, other, ann);
    chooses(c, other, true, false, 0);
    mutate_merge(c, other, uma);
    expect_holds(c, "Ann=Following");
    int32_t third = a_user(c, "Third", "third@church.example");
    chooses(c, third, false, false, 0);
    mutate_merge(c, third, uma);
    expect_holds(c, "Ann=Following");
    church_free(c);
}

static const struct {
    const char *first, *second, *want; /* names of two groups with the same member */
} name_cases[] = {
    {"Choir", "CHOIR", "CHOIR"},                    /* the first by name, bytewise */
    {"staff", "Hikers", "Hikers,Staff"},            /* Staff comes before groups */
    {"A, B; C", "Z", "A  B  C,Z"},                  /* separators become blanks */
    {" Padded ", "b", "Padded,b"},                  /* bytewise: capitals first */
    {"Jose\xCC\x81", "Jos\xC3\x89", "Jos\xC3\x89"}, /* NFC, then case */
    {"Straße", "STRASSE", "STRASSE"},
};

Test(sim_rock_model, categories_are_cleaned_and_equal_but_for_case_is_one)
{
    for (size_t i = 0; i < ARRAY_LEN(name_cases); i++) {
        struct church *c = a_church();
        int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A");
        int32_t ids[] = {a_group(c, c->known.small_group, name_cases[i].first),
                         a_group(c, c->known.small_group, name_cases[i].second)};
        struct guid guids[2];
        for (size_t k = 0; k < 2; k++) {
            a_member(c, ids[k], ann);
            guids[k] = ((struct group *)church_row(c, TABLE_GROUP, ids[k]))->row.guid;
        }
        a_member(c, a_group(c, c->known.unit, "Unit"), ann);
        bool staff = i == 1;
        struct choice ch = {uma, false, staff, guids, 2};
        mutate_choice(c, &ch);
        char want[128];
        snprintf(want, sizeof(want), "Ann=%s", name_cases[i].want);
        expect_holds(c, want);
        church_free(c);
    }
}

/* The master list of a mailbox knows each category once: who is in only one of two such groups has
 * that name too. */
Test(sim_rock_model, names_are_one_in_the_whole_mailbox)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A"),
            bob = a_person(c, "Bob", "B");
    int32_t ids[] = {
        a_group(c, c->known.small_group, "Choir"), a_group(c, c->known.small_group, "CHOIR"),
        a_group(c, c->known.small_group, "staff"), a_group(c, c->known.small_group, "Idle")};
    struct guid guids[4];
    for (size_t i = 0; i < 4; i++)
        guids[i] = ((struct group *)church_row(c, TABLE_GROUP, ids[i]))->row.guid;
    a_member(c, ids[0], ann);
    a_member(c, ids[1], bob);
    a_member(c, ids[2], bob);
    struct choice ch = {uma, false, false, guids, 4};
    mutate_choice(c, &ch);
    expect_holds(c, "Ann=CHOIR Bob=CHOIR,staff");
    ch.staff = true;
    mutate_choice(c, &ch);
    expect_holds(c, "Ann=CHOIR Bob=CHOIR,Staff");
    church_free(c);
}

Test(sim_rock_model, security_roles_and_families_are_no_choice)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A");
    int32_t role = a_group(c, c->known.security_role, "Admins");
    a_member(c, role, ann);
    chooses(c, uma, false, false, role);
    expect_holds(c, "");
    chooses(c, uma, false, false, person_of(c, ann)->primary_family_id);
    expect_holds(c, "");
    int32_t flagged = a_group(c, c->known.small_group, "Flagged");
    a_member(c, flagged, ann);
    chooses(c, uma, false, false, flagged);
    expect_holds(c, "Ann=Flagged");
    ((struct group *)church_row(c, TABLE_GROUP, flagged))->is_security_role = true;
    expect_holds(c, "");
    church_free(c);
}

Test(sim_rock_model, who_has_a_mailbox)
{
    struct church *c = a_church();
    a_user(c, "Uma", USER);
    a_user(c, "None", NULL);
    a_user(c, "Blank", "  ");
    a_user(c, "Far", "far@elsewhere.example.net");
    a_user(c, "Twin", "UMA@church.example");
    a_user(c, "Big", " Big@CHURCH.example ");
    int32_t gone = a_user(c, "Gone", "gone@church.example"),
            dead = a_user(c, "Dead", "dead@church.example");
    mutate_leave(c, c->known.eligible_group, gone, LEAVE_INACTIVE);
    mutate_deceased(c, dead, true);
    autoptr(model_free) struct model *m = model_new(c, NULL, 0, NULL);
    cr_assert(eq(sz, m->n_mailboxes, 2));
    cr_expect_str_eq(m->mailboxes[0].address, USER);
    cr_expect_str_eq(m->mailboxes[1].address, "Big@CHURCH.example");
    cr_assert(eq(sz, m->n_skipped, 4));
    const char *why[] = {"no address", "no address", "address outside the domain",
                         "address of another user"};
    for (size_t i = 0; i < 4; i++)
        cr_expect_str_eq(m->skipped[i].why, why[i]);
    mutate_group_state(c, c->known.eligible_group, false, false);
    autofree char *none = holds(c, USER);
    cr_expect_str_eq(none, "none");
    church_free(c);
}

Test(sim_rock_model, posted_choices_replace_the_churchs_own)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", USER), ann = a_person(c, "Ann", "A");
    mutate_follow(c, uma, ann);
    struct model_pref pref = {"Uma@Church.Example", {.follow = true}};
    autofree char *with = holds_with(c, USER, &pref, 1);
    autofree char *without = holds(c, USER);
    cr_expect_str_eq(with, "Ann=Following");
    cr_expect_str_eq(without, "");
    church_free(c);
}
