/* ledger_contract: the cases. Included by the test program of each driver; see ledger_contract.h.
 */
#include "tests/contract/ledger_contract.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/core/contact.h"

#define TTL        60000u
#define CASE(name) Test(ledger, name, .init = setup, .fini = teardown, .timeout = 60)

#define ANN "{\"v\":1,\"fileAs\":\"Decker, Ann\"}"
#define BEN "{\"v\":1,\"fileAs\":\"Decker, Ben\"}"

/* ---- sequential calls ---- */

struct answer { /* of any call; copies live until the end of the test */
    bool done;
    enum ledger_status st;
    struct ledger_mailbox mb;
    struct ledger_link links[64];
    struct ledger_known known[64];
    size_t n;
    int64_t poke;
    bool more;
    uint32_t alive;
};

static struct arena *memory;
static int64_t box;

static void setup(void)
{
    memory = arena_new("ledger contract", 1 << 24);
    fx_setup();
    box = fx_mailbox("ann@church.example");
}

static void teardown(void)
{
    fx_teardown();
    arena_free(memory);
}

static const char *keep(const char *s)
{
    return arena_strdup(memory, s);
}

static struct answer *answer_new(void)
{
    return arena_alloc(memory, sizeof(struct answer));
}

static void
on_taken(enum ledger_status st, const struct ledger_mailbox *mb, const struct err *err, void *user)
{
    struct answer *a = user;
    cr_assert(a->done == false, "answered twice");
    cr_expect(eq(int, st == LEDGER_AWAY, err != NULL));
    a->done = true;
    a->st = st;
    if (mb) {
        a->mb = *mb;
        a->mb.address = keep(mb->address);
        a->mb.folder_id = keep(mb->folder_id);
        a->mb.parked_why = keep(mb->parked_why);
    }
}

static void on_loaded(enum ledger_status st,
                      const struct ledger_link *links,
                      size_t n,
                      int64_t poke,
                      bool more,
                      const struct err *err,
                      void *user)
{
    struct answer *a = user;
    (void)err;
    cr_assert(a->done == false, "answered twice");
    *a = (struct answer){.done = true, .st = st, .n = n, .poke = poke, .more = more};
    cr_assert(le(sz, n, 64));
    for (size_t i = 0; i < n; i++) {
        a->links[i] = links[i];
        struct link_side *sides[] = {&a->links[i].want, &a->links[i].have, &a->links[i].intended};
        for (int k = 0; k < 3; k++) {
            sides[k]->body = keep(sides[k]->body);
            sides[k]->cats = keep(sides[k]->cats);
        }
        a->links[i].item_id = keep(links[i].item_id);
        a->links[i].version = keep(links[i].version);
    }
}

static void on_listed(enum ledger_status st,
                      const struct ledger_known *rows,
                      size_t n,
                      const struct err *err,
                      void *user)
{
    struct answer *a = user;
    (void)err;
    *a = (struct answer){.done = true, .st = st, .n = n};
    cr_assert(le(sz, n, 64));
    for (size_t i = 0; i < n; i++) {
        a->known[i] = rows[i];
        a->known[i].item_id = keep(rows[i].item_id);
    }
}

static void on_done(enum ledger_status st, const struct err *err, void *user)
{
    struct answer *a = user;
    (void)err;
    cr_assert(a->done == false, "answered twice");
    a->done = true;
    a->st = st;
}

static void on_beat(enum ledger_status st, uint32_t alive, const struct err *err, void *user)
{
    struct answer *a = user;
    (void)err;
    a->done = true;
    a->st = st;
    a->alive = alive;
}

static struct answer *wait_for(struct answer *a)
{
    cr_assert(a->done == false, "answered from inside the call");
    cr_assert(eq(int, loop_wait(fx_loop(), &a->done, 20000), 0));
    return a;
}

static struct answer *take_as(int i, const char *owner, uint32_t ttl)
{
    struct answer *a = answer_new();
    fx_ledger(i)->ops->take(fx_ledger(i), box, owner, ttl, on_taken, a);
    return wait_for(a);
}

static struct answer *take(int i)
{
    return take_as(i, i ? "worker-b" : "worker-a", TTL);
}

static struct ledger_lease taken(void)
{
    struct answer *a = take(0);
    cr_assert(eq(int, a->st, LEDGER_OK));
    return a->mb.lease;
}

static struct answer *load(struct ledger_lease lease, uint32_t max)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->load(fx_ledger(0), lease, max, on_loaded, a);
    return wait_for(a);
}

static enum ledger_status
flight(struct ledger_lease lease, const struct ledger_intent *in, size_t n)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->flight(fx_ledger(0), lease, 120000, TTL, in, n, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status
record(struct ledger_lease lease, const struct ledger_result *r, size_t n, bool over)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->record(fx_ledger(0), lease, r, n, over, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status renew(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->renew(fx_ledger(0), lease, TTL, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status release(struct ledger_lease lease, int64_t poke, uint32_t park)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->release(fx_ledger(0), lease, poke, park, "quota", on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status identify(struct ledger_lease lease, const char *folder)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->identify(fx_ledger(0), lease, folder, "15.1", on_done, a);
    return wait_for(a)->st;
}

static struct answer *known(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->known(fx_ledger(0), lease, on_listed, a);
    return wait_for(a);
}

static enum ledger_status
adopt(struct ledger_lease lease, const struct ledger_found *f, size_t n, bool verified)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->adopt(fx_ledger(0), lease, f, n, verified, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status unverify(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->unverify(fx_ledger(0), lease, on_done, a);
    return wait_for(a)->st;
}

/* ---- rows ---- */

static struct guid key_of(unsigned n)
{
    return (struct guid){{0xaa, (uint8_t)(n >> 8), (uint8_t)n}};
}

static int64_t person(unsigned n)
{
    struct guid key = key_of(n);
    return fx_person(&key);
}

static struct sha256 hash_of(const char *body)
{
    struct sha256 h;
    contact_hash(body, strlen(body), &h);
    return h;
}

static struct ledger_intent intent(enum intent_op op, unsigned n, const char *body)
{
    struct ledger_intent in = {.person = person(n), .op = op, .key = key_of(n), .cats = "Staff"};
    if (op != INTENT_DELETE)
        in.content = hash_of(body);
    return in;
}

static struct ledger_result result(unsigned n, const char *outcome)
{
    return (struct ledger_result){
        .person = person(n), .op = "create", .outcome = outcome, .code = ""};
}

/* Done: the item holds body, with the categories of intent(). */
static struct ledger_result written(unsigned n, const char *body)
{
    struct ledger_result r = result(n, "done");
    r.set_have = r.clear_intent = true;
    r.have = (struct link_side){
        .set = true, .key = key_of(n), .content = hash_of(body), .cats = "Staff"};
    r.item_id = "AAMk-1";
    r.version = "CQAA";
    return r;
}

static int64_t wanted(unsigned n, const char *body)
{
    int64_t p = person(n);
    fx_want(box, p, body, "Staff");
    return p;
}

/* A clean link with an item. */
static int64_t synced(struct ledger_lease lease, unsigned n, const char *body)
{
    int64_t p = wanted(n, body);
    struct ledger_result r = written(n, body);
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    return p;
}

static size_t due(struct ledger_lease lease)
{
    struct answer *a = load(lease, 50);
    cr_assert(eq(int, a->st, LEDGER_OK));
    return a->n;
}

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
    struct ledger_found f = {key_of(9), "item-9", "v"};
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

/* ---- the mailbox as a whole ---- */

CASE(the_folder_tells_which_mailbox_it_is)
{
    struct ledger_lease lease = taken();
    cr_assert(eq(int, identify(lease, "Folder-1"), LEDGER_OK));
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
    struct ledger_found f[] = {{key_of(4), "item-4", "v4"},
                               {key_of(1), "item-1", "v1"},
                               {key_of(2), "item-2", "v2"},
                               {key_of(3), "item-3", "v3"},
                               {key_of(4), "item-4-double", "v5"}};
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
    struct ledger_found f = {key_of(1), "item-1", "v1"};
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
