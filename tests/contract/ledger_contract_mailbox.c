/* ledger_contract_mailbox: folders, listings, workers, and lost connections. See
 * ledger_contract.h. */

/* ---- the mailbox as a whole ---- */

CASE(the_folder_tells_which_mailbox_it_is)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, 0, FX_PLANNED), 1), "a first contact is no reason to plan again");
    synced(lease, 1, ANN);
    cr_assert(eq(int, adopt(lease, NULL, 0, true), LEDGER_OK));
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0), "the same folder changes nothing");
    struct answer *a = take(0);
    cr_expect(a->mb.verified == true);
    cr_expect(eq(str, (char *)(uintptr_t)a->mb.folder_id, "Folder-1"));
}

CASE(another_folder_voids_what_was_known)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    synced(lease, 1, ANN);
    wanted(2, BEN);
    struct ledger_intent in = intent(INTENT_CREATE, 2, BEN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    cr_assert(eq(int, adopt(lease, NULL, 0, true), LEDGER_OK));
    cr_assert(eq(int, identify(lease, "folder-1"), LEDGER_OK), "ids differ by case");
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 2));
    cr_expect(rows->links[0].intent == true, "a write that may still land stays open");
    cr_expect(rows->links[1].have.set == false);
    cr_expect(rows->links[1].item_id == NULL);
    cr_expect(eq(i64, fx_get(box, 0, FX_PLANNED), 0));
    cr_expect(take(0)->mb.verified == false);
}

/* Items that moved along carry them still; nobody else would ever take them off. */
CASE(another_folder_leaves_the_categories_that_may_be_ours)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    synced(lease, 1, ANN);
    synced(lease, 2, ANN);
    fx_want(box, person(2), NULL, NULL);
    cr_assert(eq(int, identify(lease, "Folder-2"), LEDGER_OK));
    struct answer *a = known(lease);
    cr_assert(eq(sz, a->n, 1));
    cr_expect(eq(str, (char *)(uintptr_t)a->known[0].cats, "Staff"));
    struct ledger_found f = {.key = key_of(2), .item_id = "moved", .version = "v"};
    cr_assert(eq(int, adopt(lease, &f, 1, true), LEDGER_OK));
    a = known(lease);
    cr_assert(eq(sz, a->n, 2));
    cr_expect(eq(str, (char *)(uintptr_t)a->known[0].cats, "Staff"));
    cr_expect(eq(str, (char *)(uintptr_t)a->known[1].cats, "Staff"));
}

/* It may have moved along, and a listing of everything may never come: nothing else is due. */
CASE(another_folder_has_what_is_not_wanted_looked_for)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    synced(lease, 1, ANN);
    fx_want(box, person(1), NULL, NULL);
    cr_assert(eq(int, identify(lease, "Folder-2"), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].look == true);
    cr_expect(rows->links[0].have.set == false);
    cr_expect(eq(int, release(lease, rows->poke, 0), LEDGER_MORE));
}

/* The planner moves items between rows (merges) while a worker holds what it loaded before. */
CASE(a_write_of_a_row_whose_item_came_or_went_meanwhile_is_refused)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    wanted(2, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_CONFLICT), "it has an item");
    in = intent(INTENT_UPDATE, 2, ANN);
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_CONFLICT), "it has none");
    in = intent(INTENT_DELETE, 2, ANN);
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_CONFLICT), "it has none");
    struct ledger_intent both[] = {intent(INTENT_UPDATE, 1, ANN), intent(INTENT_CREATE, 2, ANN)};
    cr_expect(eq(int, flight(lease, both, 2), LEDGER_OK));
}

CASE(two_rows_cannot_be_one_mailbox)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    box = fx_mailbox("ann.decker@church.example");
    lease = taken();
    cr_expect(eq(int, identify(lease, "Folder-1"), LEDGER_CONFLICT));
    cr_expect(take(0)->mb.folder_id == NULL);
}

CASE(known_lists_every_row_that_has_or_may_have_an_item)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    wanted(2, BEN);
    synced(lease, 3, ANN);
    fx_want(box, person(3), NULL, NULL);
    synced(lease, 4, ANN);
    fx_want(box, person(4), NULL, NULL);
    struct ledger_result gone = result(4, "done");
    gone.set_have = true;
    cr_assert(eq(int, record(lease, &gone, 1, true), LEDGER_OK));
    struct ledger_result unknown = written(3, ANN);
    unknown.have_content_unknown = true;
    unknown.have.key = key_of(33);
    cr_assert(eq(int, record(lease, &unknown, 1, true), LEDGER_OK));
    struct ledger_intent in = intent(INTENT_CREATE, 2, BEN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct answer *a = known(lease);
    cr_assert(eq(sz, a->n, 3));
    static const struct sha256 none;
    for (size_t i = 0; i < a->n; i++) {
        const struct ledger_known *k = &a->known[i];
        struct guid key = k->person == person(3)   ? key_of(33)
                          : k->person == person(2) ? key_of(2)
                                                   : key_of(1);
        struct sha256 state;
        struct sha256 content = hash_of(k->person == person(2) ? BEN : ANN);
        link_state_hash(&key, &content, "Staff", &state);
        cr_expect(eq(int, guid_cmp(&k->key, &key), 0));
        cr_expect(eq(int, k->wanted, k->person != person(3)));
        cr_expect(eq(int, k->has, k->person != person(2)));
        cr_expect(eq(int, k->intent, k->person == person(2)));
        cr_expect(eq(int, memcmp(&k->want, k->wanted ? &state : &none, 32), 0));
        cr_expect(eq(int, memcmp(&k->have, k->person == person(1) ? &state : &none, 32), 0));
        cr_expect(eq(int, memcmp(&k->intended, k->intent ? &state : &none, 32), 0));
        cr_expect(eq(int, k->item_id != NULL, k->has));
    }
}

CASE(items_that_no_row_knows_are_adopted_for_the_next_plan)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    wanted(2, BEN);
    person(3);
    struct ledger_found f[] = {{key_of(4), "item-4", "v4", false},
                               {key_of(1), "item-1", "v1", false},
                               {key_of(2), "item-2", "v2", false},
                               {key_of(3), "item-3", "v3", false},
                               {key_of(4), "item-4-double", "v5", false}};
    cr_assert(eq(int, adopt(lease, f, 5, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, 0, FX_PLANNED), 0));
    struct answer *a = known(lease);
    cr_assert(eq(sz, a->n, 4));
    int seen = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct ledger_known *k = &a->known[i];
        unsigned n = k->key.b[2];
        seen |= 1 << n;
        cr_expect(k->has == true);
        cr_expect(eq(int, k->wanted, n < 3));
        const char *id = n == 1 ? "AAMk-1" : n == 2 ? "item-2" : n == 3 ? "item-3" : "item-4";
        cr_expect(eq(str, (char *)(uintptr_t)k->item_id, (char *)(uintptr_t)id));
    }
    cr_expect(eq(int, seen, 0x1e));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1), "adopted rows rest until they are planned");
    cr_expect(eq(i64, rows->links[0].person, person(2)));
    cr_expect(rows->links[0].have.set == true);
    cr_expect(take(0)->mb.verified == true);
}

CASE(a_row_with_an_open_write_is_not_adopted)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_found f = {key_of(1), "item-1", "v1", false};
    cr_assert(eq(int, adopt(lease, &f, 1, false), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].have.set == false);
    cr_expect(take(0)->mb.verified == false);
}

CASE(verified_ends_with_a_restore_or_a_message_from_the_future)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, adopt(lease, NULL, 0, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, 0, FX_PLANNED), 1), "nothing found: nothing to plan");
    cr_expect(take(0)->mb.verified == true);
    cr_assert(eq(int, unverify(taken()), LEDGER_OK));
    cr_expect(take(0)->mb.verified == false);
    cr_assert(eq(int, adopt(taken(), NULL, 0, true), LEDGER_OK));
    cr_expect(take(0)->mb.verified == true);
    fx_restore();
    cr_expect(take(0)->mb.verified == false);
}

CASE(workers_alive_are_counted)
{
    struct answer *a = answer_new(), *b = answer_new(), *c = answer_new();
    struct ledger *l = fx_ledger(0);
    l->ops->beat(l, "worker-a", 10000, on_beat, a);
    cr_expect(eq(u32, wait_for(a)->alive, 1));
    l->ops->beat(l, "worker-b", 60000, on_beat, b);
    cr_expect(eq(u32, wait_for(b)->alive, 2));
    fx_pass(20000);
    l->ops->beat(l, "worker-b", 60000, on_beat, c);
    cr_expect(eq(u32, wait_for(c)->alive, 1));
}

/* ---- away ---- */

CASE(a_lost_connection_is_away_and_comes_back_by_itself)
{
    struct ledger_lease lease = taken();
    cr_expect(fx_ledger(0)->ops->healthy(fx_ledger(0)) == true);
    wanted(1, ANN);
    fx_break();
    struct ledger_result r = written(1, ANN);
    enum ledger_status st = record(lease, &r, 1, true);
    cr_expect(eq(int, st, LEDGER_AWAY));
    while (st == LEDGER_AWAY) {
        loop_turn(fx_loop(), 50);
        st = record(lease, &r, 1, true);
    }
    cr_expect(eq(int, st, LEDGER_OK), "the same epoch still holds");
    cr_expect(eq(sz, due(lease), 0));
    cr_expect(fx_ledger(0)->ops->healthy(fx_ledger(0)) == true);
}

static void never(enum ledger_status st, const struct err *err, void *user)
{
    (void)st;
    (void)err;
    *(bool *)user = true;
}

CASE(a_freed_ledger_calls_nobody_back)
{
    struct ledger_lease lease = taken();
    bool called = false;
    struct ledger *l = fx_ledger(0);
    l->ops->renew(l, lease, TTL, never, &called);
    l->ops->unverify(l, lease, never, &called);
    fx_free_ledger(0);
    struct answer *a = take_as(1, "worker-b", TTL); /* the loop goes on */
    (void)a;
    while (loop_turn(fx_loop(), 20) > 0)
        ;
    cr_expect(called == false);
}

/* ---- what users do ---- */

CASE(a_contact_that_the_user_deleted_is_hidden_and_rests)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    wanted(1, BEN);
    cr_assert(eq(sz, due(lease), 1));
    struct ledger_result r = result(1, "done");
    r.set_have = r.hide = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, person(1), FX_STATE_NOW), LINK_HIDDEN));
    cr_expect(eq(sz, due(lease), 0));
    wanted(1, ANN);
    cr_expect(eq(sz, due(lease), 0), "whatever is wanted");
    fx_set(box, person(1), FX_STATE, LINK_ACTIVE);
    cr_expect(eq(sz, due(lease), 1), "until it is restored");
}

CASE(a_hidden_contact_that_is_there_again_is_shown)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    struct ledger_result r = result(1, "done");
    r.set_have = r.hide = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    r = written(1, ANN);
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, person(1), FX_STATE_NOW), LINK_ACTIVE));
}

CASE(kept_contacts_are_never_hidden)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    fx_set(box, person(1), FX_STATE, LINK_KEPT);
    struct ledger_result r = result(1, "done");
    r.set_have = r.hide = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, person(1), FX_STATE_NOW), LINK_KEPT));
}

CASE(folders_of_before_are_remembered)
{
    struct ledger_lease lease = taken();
    cr_expect(eq(str, (char *)(uintptr_t)take(0)->mb.former, ""));
    lease = take(0)->mb.lease;
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
    cr_assert(eq(int, identify(lease, "Folder-2"), LEDGER_OK));
    cr_assert(eq(int, identify(lease, "Folder-3"), LEDGER_OK));
    cr_expect(eq(str, (char *)(uintptr_t)take(0)->mb.former, "Folder-2\nFolder-1"));
}

CASE(known_names_the_categories_that_may_be_on_the_item)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    wanted(2, ANN);
    synced(lease, 3, ANN);
    fx_want(box, person(3), ANN, "Choir");
    struct ledger_intent in = intent(INTENT_UPDATE, 3, ANN);
    in.cats = "Choir";
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct answer *a = known(lease);
    cr_assert(eq(sz, a->n, 3));
    for (size_t i = 0; i < a->n; i++) {
        const char *want = a->known[i].person == person(1)   ? "Staff"
                           : a->known[i].person == person(2) ? ""
                                                             : "Staff\nChoir";
        cr_expect(eq(str, (char *)(uintptr_t)a->known[i].cats, (char *)(uintptr_t)want));
    }
}

/* ---- Clear ---- */

CASE(a_clear_is_done_when_nothing_is_left_that_is_not_wanted)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    synced(lease, 2, ANN);
    cr_expect(take(0)->mb.clear == false);
    fx_clear(box);
    struct answer *a = take(0);
    cr_expect(a->mb.clear == true);
    lease = a->mb.lease;
    fx_want(box, person(1), NULL, NULL);
    fx_set(box, person(1), FX_STATE, LINK_KEPT);
    cr_expect(eq(int, cleared(lease), LEDGER_MORE));
    cr_expect(eq(sz, due(lease), 1), "what was kept goes too");
    struct ledger_intent in = intent(INTENT_DELETE, 1, NULL);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_result gone = result(1, "done");
    gone.set_have = true;
    cr_assert(eq(int, record(lease, &gone, 1, true), LEDGER_OK));
    cr_expect(eq(int, cleared(lease), LEDGER_MORE), "a write is open");
    gone.clear_intent = true;
    cr_assert(eq(int, record(lease, &gone, 1, true), LEDGER_OK));
    cr_expect(eq(int, cleared(lease), LEDGER_OK), "what is wanted stays");
    cr_expect(take(0)->mb.clear == false);
    lease.epoch--;
    cr_expect(eq(int, cleared(lease), LEDGER_FENCED));
}

CASE(what_a_clear_finds_is_due)
{
    struct ledger_lease lease = taken();
    wanted(2, ANN);
    struct ledger_found f[] = {{key_of(1), "item-1", "v", true}, {key_of(2), "item-2", "v", true}};
    cr_assert(eq(int, adopt(lease, f, 2, true), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 2));
    cr_expect(eq(i64, rows->links[0].person, person(1)));
    cr_expect(rows->links[0].want.set == false);
    cr_expect(rows->links[1].want.set && rows->links[1].have.set);
}

/* ---- the program before this one ---- */

CASE(marks_rest_as_long_as_they_are_the_same)
{
    struct ledger_lease lease = taken();
    struct sha256 one = hash_of(ANN), two = hash_of(BEN);
    cr_expect(eq(i64, legacy(lease, &one)->quiet_ms, 0));
    fx_pass(5000);
    struct answer *a = legacy(lease, &one);
    cr_expect(a->quiet_ms >= 5000 && a->quiet_ms < 60000);
    cr_expect(legacy(lease, &two)->quiet_ms < 5000);
    lease.epoch--;
    cr_expect(eq(int, legacy(lease, &two)->st, LEDGER_FENCED));
}
