/* hand_pg: Clear and Remove, and contacts that were deleted by hand, as rows. */
#include "common/drv/hand_pg.h"
#include "tests/contract/plan_store_fixture.h"

#define HAND_TEST(name) Test(hand_pg, name, .init = fx_setup_leading, .fini = fx_teardown)

static int64_t box;

/* Two persons in a mailbox with an owner, one of them synced. */
static void a_user(void)
{
    box = a_mailbox("Pat@church.example");
    int64_t p[] = {a_person(1), a_person(2)};
    wanted(box, p, 2, an_offer("q"));
    SQL("UPDATE link SET have = want, item_id = 'i' WHERE person = (SELECT min(person) FROM link)");
    SQL("INSERT INTO subscriber (person_key, address, choices, mailbox)"
        " SELECT gen_random_uuid(), 'pat@church.example',"
        " '{\"v\":1,\"follow\":true,\"staff\":true,\"groups\":[]}', id FROM mailbox");
}

HAND_TEST(a_mailbox_is_found_by_its_users_address_in_any_case)
{
    int64_t id;
    a_user();
    OK(hand_mailbox(pools[0], "PAT@church.example", &id, &err));
    cr_expect(eq(i64, id, box));
    OK(hand_mailbox(pools[0], "kim@church.example", &id, &err));
    cr_expect(eq(i64, id, 0));
}

HAND_TEST(a_clear_blanks_choices_and_wants_nothing)
{
    int64_t items;
    a_user();
    SQL("UPDATE link SET state = 'kept', fell_at = now() WHERE have IS NOT NULL");
    OK(hand_clear(pools[0], box, &items, &err));
    cr_expect(eq(i64, items, 1));
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM link WHERE want IS NOT NULL OR state <> 'active'"
                       " OR offer IS NOT NULL OR fell_at IS NOT NULL OR NOT urgent"),
                 0));
    cr_expect(eq(i64, COUNT("SELECT version FROM subscriber"), 2));
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM subscriber WHERE choices->>'follow' = 'false'"
                       " AND choices->>'staff' = 'false'"),
                 1));
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM mailbox WHERE clear_requested IS NOT NULL"
                       " AND clear_done IS NULL AND want_digest IS NULL"),
                 1));
    struct hand_clear_state s;
    OK(hand_clear_state(pools[0], arena, box, &s, &err));
    cr_expect(s.asked && !s.done && s.left == 1 && s.open == 0 && !s.wait);
    SQL("UPDATE mailbox SET clear_done = now()");
    OK(hand_clear_state(pools[0], arena, box, &s, &err));
    cr_expect(s.done);
    cr_expect(eq(int, hand_clear(pools[0], box + 1, NULL, &err), -1));
}

HAND_TEST(a_plan_of_before_the_clear_is_dropped)
{
    int64_t gen;
    a_user();
    OK(hand_clear(pools[0], box, NULL, &err));
    struct plan plan = {.mailbox = box,
                        .subscriber = COUNT("SELECT id FROM subscriber"),
                        .subscriber_version = 1,
                        .read_at_ms = 1790000000000};
    enum plan_applied applied;
    OK(S->ops->apply(S, &plan, &applied, &gen, &err));
    cr_expect(eq(int, applied, PLAN_STALE));
}

HAND_TEST(hidden_contacts_are_listed_and_restored)
{
    struct hand_hidden *h;
    size_t n;
    int64_t count;
    a_user();
    SQL("UPDATE link SET state = 'hidden', have = NULL, offer = 1");
    OK(hand_hidden(pools[0], arena, box, &h, &n, &err));
    cr_assert(eq(sz, n, 2));
    cr_expect(h[0].wanted && h[0].body != NULL);
    OK(hand_restore(pools[0], box, h[1].person, &count, &err));
    cr_expect(eq(i64, count, 1));
    OK(hand_restore(pools[0], box, h[1].person, &count, &err));
    cr_expect(eq(i64, count, 0));
    OK(hand_restore(pools[0], box, 0, &count, &err));
    cr_expect(eq(i64, count, 1));
    cr_expect(
        eq(i64, COUNT("SELECT count(*) FROM link WHERE state = 'active' AND offer IS NULL"), 2));
}

HAND_TEST(merges_of_before_are_known_by_person)
{
    bool wanted_ = false;
    OK(S->ops->former_wanted(S, &wanted_, &err));
    cr_expect(wanted_, "no mailbox yet: all are to be looked into");
    a_user();
    OK(S->ops->former_wanted(S, &wanted_, &err));
    cr_expect(wanted_);
    const struct plan_former f[] = {{71, key_of(1)}, {72, key_of(2)}, {73, key_of(99)}};
    OK(S->ops->former_write(S, f, 3, &err));
    const struct plan_former again[] = {{71, key_of(2)}, {71, key_of(2)}};
    OK(S->ops->former_write(S, again, 2, &err));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_former"), 2));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_former WHERE person = 2"), 2));
    SQL("UPDATE mailbox SET folder_id = 'f'");
    OK(S->ops->former_wanted(S, &wanted_, &err));
    cr_expect_not(wanted_);
}

HAND_TEST(kept_contacts_of_people_are_found)
{
    struct plan_kept *kept;
    size_t n;
    a_user();
    SQL("UPDATE person SET rock_id = 500 + id");
    SQL("UPDATE link SET state = 'kept' WHERE person = 2");
    const int64_t ids[] = {501, 502, 503};
    OK(S->ops->kept(S, arena, ids, 3, &kept, &n, &err));
    cr_assert(eq(sz, n, 1));
    struct guid key = key_of(2);
    cr_expect(eq(int, guid_cmp(&kept[0].key, &key), 0));
    cr_expect(eq(i64, kept[0].mailbox, box));
}

int main(int argc, char *argv[])
{
    if (!test_db_available())
        return test_db_skip();
    struct criterion_test_set *tests = criterion_initialize();
    int ok = criterion_handle_args(argc, argv, true) ? criterion_run_all_tests(tests) : 1;
    criterion_finalize(tests);
    return !ok;
}
