/* ledger_contract_rows: what is due, and what a result does to a row. See ledger_contract.h. */

/* ---- load ---- */

CASE(a_wanted_contact_is_due_with_all_that_a_write_needs)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    const struct ledger_link *l = &rows->links[0];
    struct guid key = key_of(1);
    struct sha256 content = hash_of(ANN);
    cr_expect(eq(i64, l->person, person(1)));
    cr_expect(gt(i64, l->gen, 0));
    cr_expect(l->dirty == true);
    cr_expect(l->intent == false);
    cr_expect(l->look == false);
    cr_expect(l->want.set == true);
    cr_expect(eq(int, guid_cmp(&l->want.key, &key), 0));
    cr_expect(eq(int, memcmp(&l->want.content, &content, sizeof(content)), 0));
    cr_expect(eq(str, (char *)(uintptr_t)l->want.body, ANN));
    cr_expect(eq(str, (char *)(uintptr_t)l->want.cats, "Staff"));
    cr_expect(l->have.set == false);
    cr_expect(l->item_id == NULL);
}

CASE(rows_come_urgent_first_then_intents_deletes_updates_creates)
{
    struct ledger_lease lease = taken();
    synced(lease, 2, ANN);
    synced(lease, 3, ANN);
    wanted(1, ANN);                      /* create */
    fx_want(box, person(2), BEN, "");    /* update */
    fx_want(box, person(3), NULL, NULL); /* delete */
    wanted(4, ANN);                      /* create with an open intent */
    wanted(5, ANN);                      /* urgent create */
    fx_set(box, person(5), FX_URGENT, 1);
    struct ledger_intent in = intent(INTENT_CREATE, 4, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 5));
    static const unsigned order[] = {5, 4, 3, 2, 1};
    for (size_t i = 0; i < 5; i++)
        cr_expect(eq(i64, rows->links[i].person, person(order[i])), "place %zu", i);
    cr_expect(rows->links[0].urgent == true);
    cr_expect(rows->more == false);
}

CASE(rows_beyond_the_maximum_are_announced)
{
    struct ledger_lease lease = taken();
    for (unsigned i = 0; i < 7; i++)
        wanted(i, ANN);
    struct answer *rows = load(lease, 5);
    cr_expect(eq(sz, rows->n, 5));
    cr_expect(rows->more == true);
    rows = load(lease, 7);
    cr_expect(eq(sz, rows->n, 7));
    cr_expect(rows->more == false);
}

CASE(rows_of_other_mailboxes_are_not_shown)
{
    int64_t other = fx_mailbox("ben@church.example");
    fx_want(other, person(1), ANN, "");
    cr_expect(eq(sz, due(taken()), 0));
}

CASE(held_hidden_and_kept_rows_are_not_due)
{
    struct ledger_lease lease = taken();
    for (unsigned i = 1; i <= 3; i++)
        wanted(i, ANN);
    fx_set(box, person(1), FX_HELD, 1);
    fx_set(box, person(2), FX_STATE, LINK_HIDDEN);
    fx_set(box, person(3), FX_STATE, LINK_KEPT);
    cr_expect(eq(sz, due(lease), 0));
    cr_expect(eq(int, release(lease, 0, 0), LEDGER_OK));
}

CASE(an_open_intent_is_due_whatever_the_row_says_but_then_nothing_is_written)
{
    struct ledger_lease lease = taken();
    struct ledger_intent in[3];
    for (unsigned i = 1; i <= 3; i++) {
        wanted(i, ANN);
        in[i - 1] = intent(INTENT_CREATE, i, ANN);
    }
    cr_assert(eq(int, flight(lease, in, 3), LEDGER_OK));
    fx_set(box, person(1), FX_HELD, 1);
    fx_set(box, person(2), FX_STATE, LINK_HIDDEN);
    fx_set(box, person(3), FX_STATE, LINK_KEPT);
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 3));
    for (size_t i = 0; i < 3; i++) {
        cr_expect(rows->links[i].intent == true);
        cr_expect(rows->links[i].dirty == false);
    }
}

/* ---- record ---- */

CASE(a_written_contact_is_clean_and_remembers_its_item)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    cr_expect(eq(sz, due(lease), 0));
    fx_want(box, person(1), BEN, "Staff");
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    const struct ledger_link *l = &rows->links[0];
    cr_expect(l->have.set == true);
    cr_expect(eq(str, (char *)(uintptr_t)l->have.body, ANN));
    cr_expect(eq(str, (char *)(uintptr_t)l->have.cats, "Staff"));
    cr_expect(eq(str, (char *)(uintptr_t)l->item_id, "AAMk-1"));
    cr_expect(eq(str, (char *)(uintptr_t)l->version, "CQAA"));
}

CASE(fields_that_the_store_did_not_take_are_remembered_until_the_next_write)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_result r = written(1, ANN);
    r.lacks = UINT64_C(1) << CONTACT_EMAIL | UINT64_C(1) << CONTACT_JOB_TITLE;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0), "not before something changes");
    fx_want(box, person(1), BEN, "Staff");
    cr_expect(eq(u64, load(lease, 10)->links[0].lacks, r.lacks));
    struct ledger_result later = result(1, "retry_later");
    cr_assert(eq(int, record(lease, &later, 1, true), LEDGER_OK));
    cr_expect(eq(u64, load(lease, 10)->links[0].lacks, r.lacks), "a try that did nothing");
    r = written(1, BEN);
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    fx_want(box, person(1), ANN, "Staff");
    cr_expect(eq(u64, load(lease, 10)->links[0].lacks, 0));
}

CASE(categories_and_keys_count_as_content)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    fx_want(box, person(1), ANN, "Following\nStaff");
    cr_expect(eq(sz, due(lease), 1));
    fx_want(box, person(1), ANN, "Staff");
    cr_expect(eq(sz, due(lease), 0));
    struct ledger_result r = written(1, ANN);
    r.have.key = key_of(77); /* the item still carries the key of a merged person */
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 1));
}

CASE(recording_twice_is_recording_once)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    struct ledger_result r = written(1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    struct answer *rows = known(lease);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(eq(int, memcmp(&rows->known[0].want, &rows->known[0].have, 32), 0));
    cr_expect(rows->known[0].intent == false);
}

CASE(what_a_result_does_not_name_stays)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    fx_want(box, person(1), BEN, "Staff");
    struct ledger_intent in = intent(INTENT_UPDATE, 1, BEN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_result r = result(1, "unknown");
    cr_assert(eq(int, record(lease, &r, 1, false), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].intent == true);
    cr_expect(rows->links[0].have.set == true);
    cr_expect(eq(str, (char *)(uintptr_t)rows->links[0].item_id, "AAMk-1"));
}

CASE(a_deleted_contact_leaves_nothing_behind)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    fx_want(box, person(1), NULL, NULL);
    cr_expect(eq(sz, due(lease), 1));
    struct ledger_intent in = intent(INTENT_DELETE, 1, NULL);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(eq(int, (int)rows->links[0].intent_op, INTENT_DELETE));
    cr_expect(rows->links[0].intended.set == false);
    struct ledger_result r = result(1, "done");
    r.set_have = r.clear_intent = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    cr_expect(eq(sz, known(lease)->n, 0));
}

CASE(an_item_of_unknown_content_is_written_over)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_result r = written(1, ANN);
    r.have_content_unknown = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].dirty == true);
    cr_expect(rows->links[0].have.set == true);
    cr_expect(rows->links[0].have.body == NULL);
    cr_expect(eq(str, (char *)(uintptr_t)rows->links[0].have.cats, "Staff"));
    cr_expect(eq(str, (char *)(uintptr_t)rows->links[0].item_id, "AAMk-1"));
    fx_want(box, person(1), NULL, NULL);
    cr_expect(eq(sz, due(lease), 1), "and deleted when it is not wanted");
}

CASE(looks_of_an_open_intent_are_counted)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_result r = result(1, "unknown");
    r.look_done = true;
    for (uint32_t i = 1; i <= 2; i++) {
        cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
        cr_expect(eq(u32, load(lease, 10)->links[0].intent_looks, i));
    }
}

CASE(a_settled_create_is_looked_at_once_more)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_result r = written(1, ANN);
    r.look_in_ms = 30000;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    fx_pass(31000);
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].look == true);
    cr_expect(rows->links[0].dirty == false);
    struct ledger_result seen = result(1, "done");
    seen.look_done = true;
    cr_assert(eq(int, record(lease, &seen, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
}

CASE(a_refused_want_is_not_tried_again_until_it_changes)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_result r = result(1, "dead");
    r.dead = r.clear_intent = true;
    r.code = "ews.ErrorInvalidProperty";
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    fx_want(box, person(1), BEN, "Staff");
    cr_expect(eq(sz, due(lease), 1));
    fx_want(box, person(1), ANN, "Staff");
    cr_expect(eq(sz, due(lease), 0));
}

CASE(a_want_that_came_during_the_refused_write_is_tried)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    fx_want(box, person(1), BEN, "Staff");
    struct ledger_result r = result(1, "dead");
    r.dead = r.clear_intent = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 1));
}

CASE(a_refused_delete_is_not_tried_again)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    fx_want(box, person(1), NULL, NULL);
    struct ledger_result r = result(1, "dead");
    r.dead = true;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    fx_want(box, person(1), BEN, "Staff");
    cr_expect(eq(sz, due(lease), 1));
}

CASE(a_row_to_be_tried_later_waits_and_counts)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_result r = result(1, "retry_later");
    r.retry_in_ms = 30000;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    fx_pass(31000);
    cr_assert(eq(sz, due(lease), 1));
    cr_expect(eq(u32, load(lease, 10)->links[0].attempts, 1));
    cr_assert(eq(int, renew(lease), LEDGER_OK));
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    fx_pass(31000);
    cr_expect(eq(u32, load(lease, 10)->links[0].attempts, 2));
    r.retry_in_ms = 0;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(u32, load(lease, 10)->links[0].attempts, 0));
}

CASE(an_intent_waits_for_its_retry_too)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    struct ledger_result r = result(1, "unknown");
    r.retry_in_ms = 30000;
    cr_assert(eq(int, record(lease, &r, 1, false), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
    fx_pass(31000);
    cr_expect(eq(sz, due(lease), 1));
}

CASE(urgency_ends_when_the_row_is_clean)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    fx_set(box, person(1), FX_URGENT, 1);
    struct ledger_result r = result(1, "retry_later");
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, person(1), FX_IS_URGENT), 1));
    r = written(1, ANN);
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, person(1), FX_IS_URGENT), 0));
}

CASE(results_are_told_in_the_journal_with_the_run_that_wanted_them)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    fx_set(box, person(1), FX_RUN, 42);
    struct ledger_result r = written(1, ANN), quiet = result(1, "retry_soon");
    quiet.op = NULL;
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_assert(eq(int, record(lease, &quiet, 1, true), LEDGER_OK));
    cr_expect(eq(i64, fx_get(box, person(1), FX_JOURNAL_ROWS), 1));
    cr_expect(eq(i64, fx_get(box, person(1), FX_JOURNAL_RUN), 42));
}

CASE(a_result_for_a_person_without_a_row_is_passed_over)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_result r[] = {written(2, BEN), written(1, ANN)};
    cr_expect(eq(int, record(lease, r, 2, true), LEDGER_OK));
    cr_expect(eq(sz, due(lease), 0));
}
