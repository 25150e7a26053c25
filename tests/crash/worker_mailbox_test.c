/*
 * Mailboxes that are not what they were: two addresses of one, folders that move, copies that users
 * make, rows older than the mailbox.
 */
#include "tests/crash/worker_support.h"

static const char *const kim = "kim@church.example";

Test(worker_mailbox, an_unchanged_mailbox_costs_no_request)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    rig_message(r, mb, 3, ledger_memory_mailbox(rig_rows(r), mb)->gen, false);
    finish(r);
    cr_expect_eq(rig_calls(r, RIG_STORE), 0u);
}

Test(worker_mailbox, two_addresses_of_one_mailbox_are_one_mailbox)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    memory_store_alias(rig_server(r), pat, kim);
    int64_t second = ledger_memory_mailbox_add(rig_rows(r), kim)->id;
    for (int i = 0; i < 3; i++) {
        rig_want(r, mb, i, 1, false);
        rig_link_only(r, second, i, 1);
    }
    rig_run(r, 60000);
    const struct ledger_memory_mailbox *a = ledger_memory_mailbox(rig_rows(r), mb);
    const struct ledger_memory_mailbox *b = ledger_memory_mailbox(rig_rows(r), second);
    cr_expect_eq(items(r, pat), 3u);
    cr_expect_eq((a->folder_id != NULL) + (b->folder_id != NULL), 1);
    const struct ledger_memory_mailbox *loser = a->folder_id ? b : a;
    cr_expect_str_eq(loser->parked_why, "mailbox.same_folder");
    cr_expect_eq(memory_store_doubles(rig_server(r)), 0u);
}

Test(worker_mailbox, a_folder_that_moved_is_found_and_its_items_are_adopted)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    memory_store_new_folder(rig_server(r), pat, true);
    rig_want(r, mb, 5, 1, false);
    finish(r);
    cr_expect_eq(items(r, pat), 6u);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(rig_creates(r, i), 0u);
}

Test(worker_mailbox, a_mailbox_made_anew_is_filled_again)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    memory_store_new_folder(rig_server(r), pat, false);
    rig_want(r, mb, 5, 1, false);
    finish(r);
    cr_expect_eq(items(r, pat), 6u);
}

Test(worker_mailbox, an_update_of_an_item_that_the_user_deleted_makes_it_again_where_so_set)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.recreate = true});
    int64_t mb = synced(r, pat, 3);
    memory_store_user_deletes(rig_server(r), pat, item_of(r, pat, 1)->id);
    rig_want(r, mb, 1, 2, false);
    finish(r);
    cr_expect_eq(rig_creates(r, 1), 1u);
}

Test(worker_mailbox, fields_and_categories_of_the_users_hand_stay)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 1);
    const struct memory_item *it = item_of(r, pat, 0);
    memory_store_user_edits(rig_server(r), pat, it->id, CONTACT_EMAIL, "own@example.org");
    memory_store_user_sorts(rig_server(r), pat, it->id, "Golf\nStaff");
    rig_want(r, mb, 0, 4, false);
    rig_run(r, 30000);
    it = item_of(r, pat, 0);
    cr_expect_str_eq(it->field[CONTACT_EMAIL], "own@example.org");
    cr_expect_str_eq(it->field[CONTACT_PHONE_MOBILE], "+15550000004");
    cr_expect_not_null(strstr(it->categories, "Golf"));
    cr_expect_eq(rig_writes(r), 1u);
}

/* A copy in one's own mailbox carries our properties, hash and all. */
static void copied(enum rig_fault_kind kind, const char *what)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 3);
    rig_run(r, 3600 * 1000);
    memory_store_user_copies(rig_server(r), pat, item_of(r, pat, 1)->id, pat);
    rig_run(r, 3600 * 1000);
    rig_fault_first(r, what, (struct rig_fault){.kind = kind});
    rig_want(r, mb, 1, 2, false);
    rig_foreign(r, mb, 1);
    finish(r);
    cr_expect_eq(items(r, pat), 4u, "the user's copy stays, as theirs");
}

Test(worker_mailbox, a_users_copy_survives_the_settling_of_its_original)
{
    copied(RIG_UNKNOWN_BEFORE, "update");
    copied(RIG_UNKNOWN_AFTER, "update");
}

Test(worker_mailbox, a_users_copy_is_the_users_after_a_restore)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 3);
    memory_store_user_copies(rig_server(r), pat, item_of(r, pat, 1)->id, pat);
    rig_foreign(r, mb, 1);
    ++*ledger_memory_generation(rig_rows(r));
    rig_want(r, mb, 4, 1, false);
    finish(r);
    cr_expect_eq(items(r, pat), 5u);
}

Test(worker_mailbox, an_item_dragged_from_a_colleague_is_the_users_own)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    synced(r, kim, 3);
    int64_t mb = synced(r, pat, 0);
    memory_store_user_copies(rig_server(r), kim, item_of(r, kim, 1)->id, pat);
    rig_foreign(r, mb, 1);
    rig_want(r, mb, 0, 1, false); /* first contact: everything is listed */
    finish(r);
    cr_expect_eq(items(r, pat), 2u);
}

Test(worker_mailbox, what_yesterdays_rows_do_not_know_waits_for_the_next_plan)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 3);
    struct ledger_memory_link *l = link_of(r, mb, 2);
    l->want.set = l->have.set = false;
    l->item_id = l->version = NULL;
    l->state = LINK_KEPT;
    ++*ledger_memory_generation(rig_rows(r));
    rig_want(r, mb, 0, 2, false);
    rig_run(r, 30000);
    cr_expect(l->have.set && l->have_unknown, "the item is known again");
    cr_expect_not(ledger_memory_mailbox(rig_rows(r), mb)->planned);
    cr_expect_not_null(item_of(r, pat, 2));
}
