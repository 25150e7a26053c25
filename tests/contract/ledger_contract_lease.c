/* ledger_contract_lease: who may write, and what a flight leaves behind. See ledger_contract.h. */

/* ---- lease ---- */

CASE(a_free_mailbox_is_granted_to_one)
{
    struct answer *a = take(0), *b = take(1);
    cr_expect(eq(int, a->st, LEDGER_OK));
    cr_expect(eq(i64, a->mb.lease.mailbox, box));
    cr_expect(gt(i64, a->mb.lease.epoch, 0));
    cr_expect(eq(str, (char *)(uintptr_t)a->mb.address, "ann@church.example"));
    cr_expect(a->mb.folder_id == NULL);
    cr_expect(a->mb.verified == false);
    cr_expect(eq(u32, a->mb.flight_ms, 0));
    cr_expect(eq(u32, a->mb.parked_ms, 0));
    cr_expect(eq(int, b->st, LEDGER_BUSY));
}

CASE(of_many_who_ask_at_once_one_is_granted)
{
    struct answer *a[8];
    int ok = 0, busy = 0;
    for (int i = 0; i < 8; i++) {
        a[i] = answer_new();
        struct ledger *l = fx_ledger(i % 2);
        char owner[] = {'w', (char)('0' + i), 0};
        l->ops->take(l, box, owner, TTL, on_taken, a[i]);
    }
    for (int i = 0; i < 8; i++) {
        cr_assert(eq(int, loop_wait(fx_loop(), &a[i]->done, 20000), 0));
        ok += a[i]->st == LEDGER_OK;
        busy += a[i]->st == LEDGER_BUSY;
    }
    cr_expect(eq(int, ok, 1));
    cr_expect(eq(int, busy, 7));
}

CASE(an_unknown_mailbox_has_no_row)
{
    box = 4711;
    cr_expect(eq(int, take(0)->st, LEDGER_NO_ROW));
}

CASE(a_lease_that_ran_out_goes_to_the_next_with_a_higher_epoch)
{
    struct ledger_lease old = taken();
    fx_pass(TTL + 1000);
    struct answer *b = take(1);
    cr_assert(eq(int, b->st, LEDGER_OK));
    cr_expect(gt(i64, b->mb.lease.epoch, old.epoch));
}

CASE(a_renewed_lease_is_held_on)
{
    struct ledger_lease lease = taken();
    fx_pass(TTL - 20000);
    cr_assert(eq(int, renew(lease), LEDGER_OK));
    fx_pass(TTL - 20000);
    cr_expect(eq(int, take(1)->st, LEDGER_BUSY));
}

CASE(an_owner_whose_grant_was_lost_is_granted_again)
{
    struct ledger_lease lost = taken();
    struct answer *again = take(0);
    cr_assert(eq(int, again->st, LEDGER_OK));
    cr_expect(gt(i64, again->mb.lease.epoch, lost.epoch));
    cr_expect(eq(int, renew(lost), LEDGER_FENCED));
}

static void expect_fenced(struct ledger_lease old)
{
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    struct ledger_result r = written(1, ANN);
    struct ledger_found f = {key_of(9), "item-9", "v", false};
    cr_expect(eq(int, load(old, 10)->st, LEDGER_FENCED));
    cr_expect(eq(int, flight(old, &in, 1), LEDGER_FENCED));
    cr_expect(eq(int, record(old, &r, 1, true), LEDGER_FENCED));
    cr_expect(eq(int, renew(old), LEDGER_FENCED));
    cr_expect(eq(int, identify(old, "folder"), LEDGER_FENCED));
    cr_expect(eq(int, known(old)->st, LEDGER_FENCED));
    cr_expect(eq(int, adopt(old, &f, 1, true), LEDGER_FENCED));
    cr_expect(eq(int, unverify(old), LEDGER_FENCED));
}

CASE(who_lost_the_lease_changes_nothing)
{
    struct ledger_lease old = taken();
    wanted(1, ANN);
    fx_pass(TTL + 1000);
    struct ledger_lease mine = take_as(0, "worker-c", TTL)->mb.lease;
    expect_fenced(old);
    cr_expect(eq(int, release(old, 0, 0), LEDGER_FENCED));
    cr_expect(eq(int, release(old, 0, 5000), LEDGER_FENCED));
    struct answer *rows = load(mine, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].intent == false);
    cr_expect(rows->links[0].have.set == false);
    cr_expect(eq(sz, known(mine)->n, 1), "nothing was adopted");
    cr_expect(fx_get(box, 0, FX_PLANNED) == 1);
    struct answer *me = take_as(0, "worker-c", TTL);
    cr_expect(me->mb.folder_id == NULL);
    cr_expect(eq(u32, me->mb.flight_ms, 0));
}

CASE(who_released_the_lease_changes_nothing)
{
    struct ledger_lease old = taken();
    cr_assert(eq(int, release(old, 0, 0), LEDGER_OK));
    wanted(1, ANN);
    expect_fenced(old);
}

CASE(a_release_may_be_repeated)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, release(lease, 0, 0), LEDGER_OK));
    cr_expect(eq(int, release(lease, 0, 0), LEDGER_OK));
    cr_expect(eq(int, take(1)->st, LEDGER_OK));
    cr_expect(eq(int, release(lease, 0, 0), LEDGER_FENCED));
}

CASE(a_poke_during_the_lease_refuses_the_release_that_has_not_seen_it)
{
    struct ledger_lease lease = taken();
    int64_t poke = load(lease, 10)->poke;
    cr_assert(eq(int, take(1)->st, LEDGER_BUSY));
    cr_expect(eq(int, release(lease, poke, 0), LEDGER_MORE));
    cr_expect(eq(int, take(1)->st, LEDGER_BUSY), "still held");
    poke = load(lease, 10)->poke;
    cr_expect(eq(int, release(lease, poke, 0), LEDGER_OK));
    cr_expect(eq(int, take(1)->st, LEDGER_OK));
}

CASE(a_release_with_due_rows_is_refused)
{
    struct ledger_lease lease = taken();
    int64_t poke = load(lease, 10)->poke;
    wanted(1, ANN);
    cr_expect(eq(int, release(lease, poke, 0), LEDGER_MORE));
    struct ledger_result r = written(1, ANN);
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(eq(int, release(lease, poke, 0), LEDGER_OK));
}

CASE(a_release_with_an_open_intent_on_a_clean_row_is_refused)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    struct ledger_intent in = intent(INTENT_UPDATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    cr_expect(eq(int, release(lease, 0, 0), LEDGER_MORE));
}

CASE(a_parked_mailbox_rests_and_is_not_granted)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    cr_assert(eq(int, release(lease, 0, 30000), LEDGER_OK));
    struct answer *a = take(1);
    cr_assert(eq(int, a->st, LEDGER_OK));
    cr_expect(eq(i64, a->mb.lease.epoch, 0));
    cr_expect(gt(u32, a->mb.parked_ms, 20000));
    cr_expect(le(u32, a->mb.parked_ms, 30000));
    cr_expect(eq(str, (char *)(uintptr_t)a->mb.parked_why, "quota"));
    cr_expect(eq(u32, a->mb.park_attempts, 1));
    fx_pass(31000);
    a = take(1);
    cr_assert(eq(int, a->st, LEDGER_OK));
    cr_expect(gt(i64, a->mb.lease.epoch, lease.epoch));
    cr_expect(eq(u32, a->mb.parked_ms, 0));
    cr_expect(eq(u32, a->mb.park_attempts, 1));
}

CASE(parks_in_a_row_are_counted_until_a_plain_release)
{
    for (uint32_t i = 1; i <= 3; i++) {
        cr_assert(eq(int, release(taken(), 0, 1000), LEDGER_OK));
        fx_pass(2000);
        struct answer *a = take(0);
        cr_expect(eq(u32, a->mb.park_attempts, i));
    }
    cr_assert(eq(int, release(taken(), 0, 0), LEDGER_OK));
    cr_expect(eq(u32, take(0)->mb.park_attempts, 0));
}

/* ---- flight ---- */

CASE(the_next_holder_sees_how_long_a_write_may_still_land)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    fx_pass(TTL + 1000);
    struct answer *b = take(1);
    cr_assert(eq(int, b->st, LEDGER_OK));
    cr_expect(gt(u32, b->mb.flight_ms, 120000 - TTL - 11000));
    cr_expect(le(u32, b->mb.flight_ms, 120000 - TTL));
}

CASE(a_flight_that_is_over_holds_nobody_up)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    struct ledger_result r = written(1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_assert(eq(int, release(lease, 0, 0), LEDGER_OK));
    cr_expect(eq(u32, take(1)->mb.flight_ms, 0));
}

CASE(a_flight_that_is_not_over_stays)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, flight(lease, NULL, 0), LEDGER_OK));
    cr_assert(eq(int, record(lease, NULL, 0, false), LEDGER_OK));
    cr_assert(eq(int, release(lease, 0, 1), LEDGER_OK));
    fx_pass(1000);
    cr_expect(gt(u32, take(1)->mb.flight_ms, 100000));
}

CASE(a_flight_renews_the_lease)
{
    struct ledger_lease lease = taken();
    fx_pass(TTL - 20000);
    cr_assert(eq(int, flight(lease, NULL, 0), LEDGER_OK));
    fx_pass(TTL - 20000);
    cr_expect(eq(int, take(1)->st, LEDGER_BUSY));
}

CASE(no_flight_begins_on_a_lease_that_ran_out)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    fx_pass(TTL + 1000);
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_FENCED));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].intent == false);
}

CASE(an_open_intent_refuses_the_whole_next_flight)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    wanted(2, ANN);
    wanted(3, BEN);
    struct ledger_intent first[] = {intent(INTENT_CREATE, 1, ANN), intent(INTENT_CREATE, 2, ANN)};
    struct ledger_intent second[] = {intent(INTENT_CREATE, 3, BEN), intent(INTENT_CREATE, 2, ANN)};
    cr_assert(eq(int, flight(lease, first, 2), LEDGER_OK));
    cr_expect(eq(int, flight(lease, second, 2), LEDGER_CONFLICT));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 3));
    cr_expect(eq(int, rows->links[0].intent + rows->links[1].intent, 2));
    cr_expect(rows->links[2].intent == false);
    cr_expect(eq(i64, rows->links[2].person, person(3)));
}

CASE(a_flight_for_a_person_without_a_row_is_a_conflict)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in[] = {intent(INTENT_CREATE, 1, ANN), intent(INTENT_CREATE, 2, ANN)};
    cr_expect(eq(int, flight(lease, in, 2), LEDGER_CONFLICT));
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    cr_expect(rows->links[0].intent == false);
}

CASE(an_open_intent_tells_what_may_have_been_written)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_assert(eq(int, flight(lease, &in, 1), LEDGER_OK));
    fx_want(box, person(1), BEN, "Following\nStaff");
    fx_pass(5000);
    struct answer *rows = load(lease, 10);
    cr_assert(eq(sz, rows->n, 1));
    const struct ledger_link *l = &rows->links[0];
    cr_expect(l->intent == true);
    cr_expect(eq(int, (int)l->intent_op, INTENT_CREATE));
    cr_expect(l->intended.set == true);
    cr_expect(eq(str, (char *)(uintptr_t)l->intended.body, ANN));
    cr_expect(eq(str, (char *)(uintptr_t)l->intended.cats, "Staff"));
    cr_expect(eq(int, guid_cmp(&l->intended.key, &in.key), 0));
    cr_expect(ge(i64, l->intent_age_ms, 5000));
    cr_expect(lt(i64, l->intent_age_ms, 15000));
    cr_expect(eq(u32, l->intent_looks, 0));
    cr_expect(eq(str, (char *)(uintptr_t)l->want.body, BEN));
    cr_expect(eq(str, (char *)(uintptr_t)l->want.cats, "Following\nStaff"));
}
