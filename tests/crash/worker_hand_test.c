/*
 * What users do with the contacts: move them, throw them away, edit them, copy them. Clear and
 * Remove. Contacts of the program before this one. Each also with a worker that dies at every step.
 */
#include "tests/crash/worker_support.h"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR };
static const char *const kim = "kim@church.example";

/* ---- moved ---- */

Test(worker_hand, a_contact_that_the_user_moved_is_updated_where_it_is)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    memory_store_user_moves(rig_server(r), pat, item_of(r, pat, 1)->id);
    rig_want(r, mb, 1, 2, false);
    finish(r);
    cr_expect_eq(item_of(r, pat, 1)->place, STORE_IN_OTHER);
    cr_expect_eq(rig_creates(r, 1), 0u);
    cr_expect_eq(items(r, pat), 5u);
}

Test(worker_hand, a_contact_that_the_user_moved_is_deleted_where_it_is)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    memory_store_user_moves(rig_server(r), pat, item_of(r, pat, 1)->id);
    rig_want(r, mb, 1, 0, false);
    finish(r);
    cr_expect_eq(items(r, pat), 4u);
}

Test(worker_hand, moved_contacts_are_known_after_a_restore)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    for (int i = 0; i < 4; i++)
        memory_store_user_moves(rig_server(r), pat, item_of(r, pat, i)->id);
    ++*ledger_memory_generation(rig_rows(r));
    rig_want(r, mb, 9, 1, false);
    finish(r);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(rig_creates(r, i), 0u);
    cr_expect_eq(items(r, pat), 6u);
}

/* ---- deleted ---- */

Test(worker_hand, a_contact_that_the_user_threw_away_stays_away_until_restored)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    memory_store_user_trashes(rig_server(r), pat, item_of(r, pat, 1)->id);
    for (int version = 2; version < 5; version++) {
        rig_want(r, mb, 1, version, false);
        finish(r);
    }
    cr_expect_eq(link_of(r, mb, 1)->state, LINK_HIDDEN);
    cr_expect_eq(items(r, pat), 4u);
    cr_expect_eq(rig_creates(r, 1), 0u);
    link_of(r, mb, 1)->state = LINK_ACTIVE; /* Restore */
    finish(r);
    cr_expect_eq(items(r, pat), 5u);
    cr_expect_eq(rig_creates(r, 1), 1u);
}

Test(worker_hand, a_contact_that_the_user_deleted_for_good_stays_away)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    memory_store_user_deletes(rig_server(r), pat, item_of(r, pat, 1)->id);
    memory_store_user_deletes(rig_server(r), pat, item_of(r, pat, 2)->id);
    rig_want(r, mb, 1, 2, false);
    finish(r);
    cr_expect_eq(link_of(r, mb, 1)->state, LINK_HIDDEN);
    cr_expect_eq(link_of(r, mb, 2)->state, LINK_HIDDEN, "seen in the same listing");
    cr_expect_eq(items(r, pat), 3u);
}

Test(worker_hand, what_the_user_takes_out_of_the_trash_is_synced_again)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 3);
    struct guid key = rig_key(1);
    memory_store_user_trashes(rig_server(r), pat, item_of(r, pat, 1)->id);
    rig_want(r, mb, 1, 2, false);
    finish(r);
    cr_assert(memory_store_user_undoes(rig_server(r), pat, &key));
    ++*ledger_memory_generation(rig_rows(r)); /* the next listing of everything */
    rig_want(r, mb, 0, 2, false);
    finish(r);
    cr_expect_eq(link_of(r, mb, 1)->state, LINK_ACTIVE);
    cr_expect_eq(rig_creates(r, 1), 0u);
    cr_expect_eq(items(r, pat), 3u);
}

Test(worker_hand, many_that_are_missing_at_once_are_made_anew_after_a_while)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 40);
    for (int i = 0; i < 30; i++)
        memory_store_user_deletes(rig_server(r), pat, item_of(r, pat, i)->id);
    rig_want(r, mb, 3, 2, false);
    rig_run(r, RIG_LOOK_AGAIN_MS / 2);
    cr_expect_eq(items(r, pat), 10u, "not at once");
    finish(r);
    cr_expect_eq(items(r, pat), 40u);
    cr_expect_eq(link_of(r, mb, 7)->state, LINK_ACTIVE);
}

Test(worker_hand, an_items_late_return_is_no_loss)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 40);
    struct guid key;
    for (int i = 0; i < 30; i++) {
        key = rig_key(i);
        memory_store_user_trashes(rig_server(r), pat, item_of(r, pat, i)->id);
    }
    for (int i = 0; i < 30; i++) { /* somebody undoes it before anything is written */
        key = rig_key(i);
        cr_assert(memory_store_user_undoes(rig_server(r), pat, &key));
    }
    for (int i = 0; i < 30; i++)
        rig_want(r, mb, i, 2, false);
    finish(r);
    cr_expect_eq(items(r, pat), 40u);
    for (int i = 0; i < 30; i++)
        cr_expect_eq(rig_creates(r, i), 0u);
}

/* ---- edited ---- */

Test(worker_hand, an_edit_between_two_updates_stays)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 3);
    memory_store_user_edits(rig_server(r), pat, item_of(r, pat, 1)->id, CONTACT_EMAIL,
                            "own@example.org");
    memory_store_user_notes(rig_server(r), pat, item_of(r, pat, 1)->id, "likes figs");
    for (int version = 2; version < 6; version++) {
        rig_want(r, mb, 1, version, false);
        rig_run(r, 30000);
    }
    cr_expect_str_eq(item_of(r, pat, 1)->field[CONTACT_EMAIL], "own@example.org");
    cr_expect_str_eq(item_of(r, pat, 1)->note, "likes figs");
    cr_expect_str_eq(item_of(r, pat, 1)->field[CONTACT_PHONE_MOBILE], "+15550001005");
    cr_expect_eq(rig_creates(r, 1), 0u);
}

/* ---- Clear and Remove ---- */

Test(worker_hand, a_clear_takes_all_that_is_ours_and_nothing_else)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 20);
    struct contact own = {{[CONTACT_SURNAME] = "Own"}};
    memory_store_user_adds(rig_server(r), pat, &own, "Golf");
    memory_store_user_copies(rig_server(r), pat, item_of(r, pat, 3)->id, pat);
    memory_store_user_moves(rig_server(r), pat, item_of(r, pat, 4)->id);
    memory_store_user_trashes(rig_server(r), pat, item_of(r, pat, 5)->id);
    link_of(r, mb, 6)->state = LINK_KEPT;
    rig_foreign(r, mb, 2); /* the copy is the user's from now on */
    rig_clear(r, mb);
    finish(r);
    cr_expect_eq(items(r, pat), 2u);
    cr_expect_not(ledger_memory_mailbox(rig_rows(r), mb)->clear);
}

Test(worker_hand, a_clear_works_where_the_rows_know_nothing)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 20);
    struct ledger_memory_link *l;
    for (int i = 0; i < 20; i++) {
        l = link_of(r, mb, i);
        l->want.set = l->have.set = false;
        l->item_id = l->version = NULL;
    }
    rig_clear(r, mb);
    finish(r);
    cr_expect_eq(items(r, pat), 0u);
}

Test(worker_hand, a_save_right_after_a_clear_wins)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 20);
    rig_clear(r, mb);
    for (int i = 15; i < 25; i++)
        rig_want(r, mb, i, 2, true);
    finish(r);
    cr_expect_eq(items(r, pat), 10u);
    for (int i = 15; i < 20; i++)
        cr_expect_eq(rig_creates(r, i), 0u);
}

Test(worker_hand, a_clear_of_a_mailbox_that_was_never_seen_is_done)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    rig_clear(r, mb);
    finish(r);
    cr_expect_eq(rig_writes(r), 0u);
}

Test(worker_hand, a_clear_waits_for_a_write_that_is_not_known)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 5);
    rig_fault_first(r, "create", (struct rig_fault){.kind = RIG_LATE, .delay_ms = 20000});
    rig_want(r, mb, 7, 1, false);
    rig_run(r, 1000);
    rig_clear(r, mb);
    finish(r);
    cr_expect_eq(items(r, pat), 0u);
}

/* ---- contacts of the program before this one ---- */

static void legacy_contacts(struct rig *r, int n, const char *cats, int64_t written_ms)
{
    struct contact c = {{[CONTACT_SURNAME] = "Legacy"}};
    for (int i = 0; i < n; i++) {
        struct guid key = rig_key(i);
        const char *id = memory_store_user_adds(rig_server(r), pat, &c, cats);
        memory_store_user_notes(rig_server(r), pat, id, "a note");
        memory_store_legacy(rig_server(r), pat, id, ledger_memory_person(rig_rows(r), &key), "1",
                            written_ms);
    }
}

Test(worker_hand, contacts_of_the_program_before_are_taken_over)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.legacy_quiet_ms = DAY});
    int64_t mb = rig_mailbox(r, pat);
    legacy_contacts(r, 5, "Friends", rig_now(r) - 10 * (int64_t)DAY);
    for (int i = 2; i < 8; i++)
        rig_want(r, mb, i, 1, false);
    rig_foreign(r, mb, 2);
    rig_run(r, HOUR);
    cr_expect_eq(items(r, pat), 8u, "5 that were there, 3 new ones");
    for (int i = 2; i < 5; i++) {
        const struct memory_item *it = item_of(r, pat, i);
        cr_assert_not_null(it);
        cr_expect_eq(it->legacy_person, 0, "its old marks are gone");
        cr_expect_str_eq(it->note, "a note");
        cr_expect_not_null(strstr(it->categories, "Friends"));
        cr_expect_eq(rig_creates(r, i), 0u);
    }
    for (int i = 0; i < 2; i++)
        cr_expect_null(item_of(r, pat, i), "nobody wants them: left as they are");
    cr_expect_eq(memory_store_foreign_touched(rig_server(r)), 0u);
}

Test(worker_hand, a_contact_of_somebody_merged_since_is_the_survivors)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.legacy_quiet_ms = DAY});
    int64_t mb = rig_mailbox(r, pat);
    struct contact c = {{[CONTACT_SURNAME] = "Legacy"}};
    const char *id = memory_store_user_adds(rig_server(r), pat, &c, "");
    memory_store_legacy(rig_server(r), pat, id, 5007, "1", rig_now(r) - 10 * (int64_t)DAY);
    rig_want(r, mb, 1, 1, false)->former = "5001,5007";
    rig_want(r, mb, 2, 1, false)->former = "5002";
    finish(r);
    cr_expect_eq(items(r, pat), 2u);
    cr_expect_eq(rig_creates(r, 1), 0u);
    cr_expect_eq(rig_creates(r, 2), 1u);
}

Test(worker_hand, the_mailbox_waits_while_the_program_before_still_writes)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.legacy_quiet_ms = 4 * HOUR});
    int64_t mb = rig_mailbox(r, pat);
    legacy_contacts(r, 3, "", rig_now(r));
    for (int i = 0; i < 3; i++)
        rig_want(r, mb, i, 1, false);
    rig_run(r, 3 * HOUR);
    cr_expect_eq(rig_writes(r), 0u);
    cr_expect_str_eq(ledger_memory_mailbox(rig_rows(r), mb)->parked_why, "legacy.running");
    memory_store_legacy(rig_server(r), pat, "Item-1", 1, "2", rig_now(r)); /* it writes again */
    rig_run(r, 3 * HOUR);
    cr_expect_eq(rig_writes(r), 0u);
    finish(r);
    cr_expect_eq(items(r, pat), 3u);
    cr_expect_eq(rig_creates(r, 0) + rig_creates(r, 1) + rig_creates(r, 2), 0u);
}

Test(worker_hand, a_take_over_that_was_not_heard_of_is_found)
{
    static const enum rig_fault_kind kinds[] = {RIG_UNKNOWN_BEFORE, RIG_UNKNOWN_AFTER,
                                                RIG_STOP_AFTER, RIG_STOP_BEFORE};
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.legacy_quiet_ms = DAY});
        int64_t mb = rig_mailbox(r, pat);
        legacy_contacts(r, 4, "", rig_now(r) - 10 * (int64_t)DAY);
        rig_fault_first(r, "update", (struct rig_fault){.kind = kinds[k]});
        for (int i = 0; i < 4; i++)
            rig_want(r, mb, i, 1, false);
        finish(r);
        cr_expect_eq(items(r, pat), 4u, "kind %zu", k);
        for (int i = 0; i < 4; i++)
            cr_expect_eq(rig_creates(r, i), 0u);
    }
}

/* ---- a death at every step ---- */

struct nth {
    enum rig_port port;
    uint64_t at;
    enum rig_fault_kind kind;
};

static struct rig_fault at_nth(const struct rig_call *c, void *user)
{
    const struct nth *n = user;
    bool hit = c->port == n->port && c->number == n->at;
    return (struct rig_fault){.kind = hit ? n->kind : RIG_NONE};
}

static void busy_day(struct rig *r, struct nth *fault)
{
    int64_t mb = synced(r, pat, 12), other = synced(r, kim, 3);
    struct contact own = {{[CONTACT_SURNAME] = "Own"}};
    memory_store_user_adds(rig_server(r), pat, &own, "Golf");
    memory_store_user_moves(rig_server(r), pat, item_of(r, pat, 1)->id);
    memory_store_user_trashes(rig_server(r), pat, item_of(r, pat, 2)->id);
    memory_store_user_deletes(rig_server(r), pat, item_of(r, pat, 3)->id);
    memory_store_user_moves(rig_server(r), pat, item_of(r, pat, 4)->id);
    rig_foreign(r, mb, 1);
    rig_count_from_here(r);
    if (fault)
        rig_faults(r, at_nth, fault);
    for (int i = 1; i < 4; i++)
        rig_want(r, mb, i, 2, false);
    rig_want(r, mb, 4, 0, false);
    rig_run(r, 20000);
    rig_clear(r, mb);
    rig_want(r, mb, 0, 3, true);
    rig_want(r, other, 1, 2, false);
    finish(r);
    cr_expect_eq(items(r, pat), 2u);
    cr_expect_not_null(item_of(r, pat, 0));
    cr_expect_eq(items(r, kim), 3u);
}

static void deaths(enum rig_port port, enum rig_fault_kind kind)
{
    struct rig *clean = rig_new(NULL);
    busy_day(clean, NULL);
    uint64_t calls = rig_calls(clean, port);
    rig_free(clean);
    cr_assert_gt(calls, 5u);
    for (uint64_t at = 1; at <= calls; at++) {
        autoptr(rig_free) struct rig *r = rig_new(NULL);
        struct nth fault = {port, at, kind};
        busy_day(r, &fault);
    }
}

Test(worker_hand, the_same_end_after_a_death_before_any_request)
{
    deaths(RIG_STORE, RIG_STOP_BEFORE);
}
Test(worker_hand, the_same_end_after_a_death_after_any_request)
{
    deaths(RIG_STORE, RIG_STOP_AFTER);
}
Test(worker_hand, the_same_end_after_a_death_before_any_change_of_rows)
{
    deaths(RIG_LEDGER, RIG_STOP_BEFORE);
}
Test(worker_hand, the_same_end_after_a_death_after_any_change_of_rows)
{
    deaths(RIG_LEDGER, RIG_STOP_AFTER);
}
Test(worker_hand, the_same_end_when_any_answer_is_lost)
{
    deaths(RIG_STORE, RIG_UNKNOWN_AFTER);
}
Test(worker_hand, the_same_end_when_another_worker_takes_over)
{
    deaths(RIG_LEDGER, RIG_FENCE);
}
