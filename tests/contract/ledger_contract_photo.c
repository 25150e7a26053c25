/* ledger_contract_photo: pictures. */
#include "tests/contract/ledger_contract.h"

#define FACE  "a face"
#define OTHER "another face"

static size_t photos_due(struct ledger_lease lease)
{
    struct answer *a = photos(lease, 10, 1000);
    cr_assert(eq(int, a->st, LEDGER_OK));
    return a->n;
}

/* The only picture that is due. */
static struct ledger_photo the_photo(struct ledger_lease lease)
{
    struct answer *a = photos(lease, 10, 1000);
    cr_assert(eq(sz, a->n, 1));
    return a->photos[0];
}

static struct ledger_photo_result ended(const struct ledger_photo *p, enum ledger_photo_end end)
{
    return (struct ledger_photo_result){.person = p->person,
                                        .item_id = p->item_id,
                                        .end = end,
                                        .set = p->set,
                                        .hash = p->hash,
                                        .outcome = "done",
                                        .code = ""};
}

static void photo_ends(struct ledger_lease lease, enum ledger_photo_end end)
{
    struct ledger_photo p = the_photo(lease);
    struct ledger_photo_result r = ended(&p, end);
    cr_assert(eq(int, photo_flight(lease, &p, 1), LEDGER_OK));
    cr_assert(eq(int, photo_record(lease, &r, 1, true), LEDGER_OK));
}

/* A clean link of somebody with a picture that its item holds. */
static int64_t pictured(struct ledger_lease lease, unsigned n)
{
    int64_t p = synced(lease, n, ANN);
    fx_photo(p, FACE, strlen(FACE));
    photo_ends(lease, PHOTO_HELD);
    return p;
}

static bool photos_open(void)
{
    struct answer *a = take(0);
    cr_assert(eq(int, a->st, LEDGER_OK));
    return a->mb.photos;
}

CASE(a_picture_is_due_when_its_contact_is_there)
{
    struct ledger_lease lease = taken();
    int64_t p = wanted(1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    cr_expect(eq(sz, photos_due(lease), 0));
    synced(lease, 1, ANN);
    struct ledger_photo got = the_photo(lease);
    cr_expect(eq(i64, got.person, p));
    cr_expect(eq(str, (char *)(uintptr_t)got.item_id, "AAMk-1"));
    cr_expect(eq(str, (char *)(uintptr_t)got.version, "CQAA"));
    cr_expect(got.set && got.len == strlen(FACE) && memcmp(got.jpeg, FACE, got.len) == 0);
    struct sha256 h;
    sha256_of(FACE, strlen(FACE), &h);
    cr_expect(memcmp(&h, &got.hash, sizeof(h)) == 0);
    fx_want(box, p, BEN, "Staff");
    cr_expect(eq(sz, photos_due(lease), 0), "the contact comes first");
}

CASE(a_contact_that_is_hidden_or_kept_gets_no_picture)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    fx_set(box, p, FX_STATE, LINK_HIDDEN);
    cr_expect(eq(sz, photos_due(lease), 0));
    fx_set(box, p, FX_STATE, LINK_KEPT);
    cr_expect(eq(sz, photos_due(lease), 0));
    fx_set(box, p, FX_STATE, LINK_ACTIVE);
    cr_expect(eq(sz, photos_due(lease), 1));
}

CASE(a_picture_that_is_held_is_not_due_until_it_is_another)
{
    struct ledger_lease lease = taken();
    int64_t p = pictured(lease, 1);
    cr_expect(eq(sz, photos_due(lease), 0));
    fx_photo(p, FACE, strlen(FACE));
    cr_expect(eq(sz, photos_due(lease), 0), "the same");
    fx_photo(p, OTHER, strlen(OTHER));
    photo_ends(lease, PHOTO_HELD);
    cr_expect(eq(sz, photos_due(lease), 0));
    fx_photo(p, NULL, 0);
    struct ledger_photo got = the_photo(lease);
    cr_expect(got.set == false && got.len == 0);
    photo_ends(lease, PHOTO_HELD);
    cr_expect(eq(sz, photos_due(lease), 0), "none of ours is there");
}

CASE(somebody_who_never_had_a_picture_needs_none_taken_off)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, NULL, 0);
    cr_expect(eq(sz, photos_due(lease), 0));
}

CASE(the_version_of_a_write_is_the_links)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    struct ledger_photo got = the_photo(lease);
    struct ledger_photo_result r = ended(&got, PHOTO_HELD);
    r.version = "CQAB";
    cr_assert(eq(int, photo_flight(lease, &got, 1), LEDGER_OK));
    cr_assert(eq(int, photo_record(lease, &r, 1, true), LEDGER_OK));
    fx_want(box, p, BEN, "Staff");
    cr_expect(eq(str, (char *)(uintptr_t)load(lease, 1)->links[0].version, "CQAB"));
    cr_expect(eq(i64, fx_get(box, p, FX_JOURNAL_ROWS), 2), "the create and the picture");
}

CASE(a_picture_whose_fate_is_unknown_is_due_after_the_deadline)
{
    struct ledger_lease lease = taken();
    int64_t p = pictured(lease, 1);
    fx_photo(p, OTHER, strlen(OTHER));
    struct ledger_photo got = the_photo(lease);
    struct ledger_photo_result r = ended(&got, PHOTO_UNKNOWN);
    cr_assert(eq(int, photo_flight(lease, &got, 1), LEDGER_OK));
    cr_expect(eq(sz, photos_due(lease), 0), "it may still land");
    cr_assert(eq(int, photo_record(lease, &r, 1, false), LEDGER_OK));
    fx_photo(p, FACE, strlen(FACE));
    struct answer *a = photos(lease, 10, 1000);
    cr_expect(eq(sz, a->n, 0));
    cr_expect(eq(int, photo_over(lease, a->requested), LEDGER_OK));
    cr_expect(photos_open() == false);
    fx_want(box, p, BEN, "Staff");
    cr_expect(eq(sz, due(take(0)->mb.lease), 1), "the contact does not wait for it");
    fx_want(box, p, ANN, "Staff");
    fx_pass(120001);
    cr_expect(photos_open() == true);
    cr_expect(eq(sz, photos_due(take(0)->mb.lease), 1), "although it was held before");
}

CASE(a_picture_that_is_left_is_due_again_when_it_is_another)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    photo_ends(lease, PHOTO_LEFT);
    cr_expect(eq(sz, photos_due(lease), 0));
    fx_photo(p, OTHER, strlen(OTHER));
    cr_expect(eq(sz, photos_due(lease), 1));
}

CASE(a_picture_rests_and_then_knows_how_often)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    struct ledger_photo got = the_photo(lease);
    struct ledger_photo_result r = ended(&got, PHOTO_RESTS);
    r.retry_in_ms = 5000;
    cr_assert(eq(int, photo_flight(lease, &got, 1), LEDGER_OK));
    cr_assert(eq(int, photo_record(lease, &r, 1, true), LEDGER_OK));
    struct answer *a = photos(lease, 10, 1000);
    cr_expect(eq(sz, a->n, 0));
    cr_expect(eq(int, photo_over(lease, a->requested), LEDGER_OK));
    cr_expect(photos_open() == false);
    fx_pass(5001);
    cr_expect(photos_open() == true);
    cr_expect(eq(u32, the_photo(take(0)->mb.lease).attempts, 1));
}

CASE(an_item_made_anew_has_no_picture_yet)
{
    struct ledger_lease lease = taken();
    int64_t p = pictured(lease, 1);
    struct ledger_result r = written(1, ANN);
    r.item_id = "AAMk-2";
    cr_assert(eq(int, photo_over(lease, photos(lease, 1, 1)->requested), LEDGER_OK));
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    cr_expect(photos_open() == true, "told by the record itself");
    lease = take(0)->mb.lease;
    cr_expect(eq(str, (char *)(uintptr_t)the_photo(lease).item_id, "AAMk-2"));
    fx_photo(p, NULL, 0);
    cr_expect(eq(sz, photos_due(lease), 1), "it may be the old one, moved");
}

CASE(a_record_asks_for_pictures_only_where_there_are_some)
{
    struct ledger_lease lease = taken();
    synced(lease, 1, ANN);
    cr_expect(photos_open() == false);
    int64_t p = wanted(2, ANN);
    fx_photo(p, FACE, strlen(FACE));
    lease = take(0)->mb.lease;
    cr_assert(eq(int, photo_over(lease, photos(lease, 1, 1)->requested), LEDGER_OK));
    cr_expect(photos_open() == false);
    lease = take(0)->mb.lease;
    synced(lease, 2, ANN);
    cr_expect(photos_open() == true);
    lease = take(0)->mb.lease;
    photo_ends(lease, PHOTO_HELD);
    cr_assert(eq(int, photo_over(lease, photos(lease, 1, 1)->requested), LEDGER_OK));
    synced(lease, 2, BEN);
    cr_expect(photos_open() == false, "the update leaves it there");
}

CASE(a_turn_is_over_when_nothing_is_due_and_nothing_came_meanwhile)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    int64_t requested = photos(lease, 1, 1)->requested;
    cr_expect(eq(int, photo_over(lease, requested), LEDGER_MORE));
    photo_ends(lease, PHOTO_HELD);
    fx_photo(p, FACE, strlen(FACE));
    cr_expect(eq(int, photo_over(lease, requested), LEDGER_OK));
    cr_expect(photos_open() == true, "something was asked for since");
    lease = take(0)->mb.lease;
    cr_expect(eq(int, photo_over(lease, photos(lease, 1, 1)->requested), LEDGER_OK));
    cr_expect(photos_open() == false);
}

CASE(pictures_come_in_batches_of_so_many_and_so_large)
{
    struct ledger_lease lease = taken();
    for (unsigned i = 1; i <= 5; i++) {
        struct ledger_result r = written(i, ANN);
        char id[16];
        snprintf(id, sizeof(id), "item-%u", i);
        wanted(i, ANN);
        r.item_id = id;
        cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
        fx_photo(person(i), FACE, strlen(FACE));
    }
    cr_expect(eq(sz, photos(lease, 3, 1000)->n, 3));
    cr_expect(eq(sz, photos(lease, 10, 2 * strlen(FACE))->n, 2));
    cr_expect(eq(sz, photos(lease, 10, 1)->n, 1), "one goes whatever its size");
}

CASE(who_lost_the_lease_changes_no_pictures)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    struct ledger_photo got = the_photo(lease);
    struct ledger_photo_result r = ended(&got, PHOTO_HELD);
    cr_assert(eq(int, photo_flight(lease, &got, 1), LEDGER_OK));
    struct ledger_lease old = lease;
    old.epoch--;
    cr_expect(eq(int, photos(old, 1, 1)->st, LEDGER_FENCED));
    cr_expect(eq(int, photo_flight(old, &got, 1), LEDGER_FENCED));
    cr_expect(eq(int, photo_record(old, &r, 1, true), LEDGER_FENCED));
    cr_expect(eq(int, photo_over(old, 9), LEDGER_FENCED));
    fx_pass(120001);
    lease = take(0)->mb.lease;
    cr_expect(eq(sz, photos_due(lease), 1));
}

CASE(a_picture_recorded_without_a_connection_is_recorded_again)
{
    struct ledger_lease lease = taken();
    int64_t p = synced(lease, 1, ANN);
    fx_photo(p, FACE, strlen(FACE));
    struct ledger_photo got = the_photo(lease);
    struct ledger_photo_result r = ended(&got, PHOTO_HELD);
    cr_assert(eq(int, photo_flight(lease, &got, 1), LEDGER_OK));
    fx_break();
    cr_expect(eq(int, photo_record(lease, &r, 1, true), LEDGER_AWAY));
    enum ledger_status st;
    while ((st = photo_record(lease, &r, 1, true)) == LEDGER_AWAY)
        loop_turn(fx_loop(), 10);
    cr_expect(eq(int, st, LEDGER_OK), "safe to repeat");
    cr_expect(eq(sz, photos_due(lease), 0));
}
