/*
 * The life of a picture from the source to the item, on a real PostgreSQL: the producer on one
 * connection, a worker's ledger on others, with changes in the middle.
 */
#include "common/drv/ledger_pg.h"
#include "common/drv/report_photos.h"
#include "common/port/ledger.h"
#include "tests/contract/plan_store_photo.h"

#define CASE(name) Test(plan_store_photo_life, name, .init = setup, .fini = teardown, .timeout = 60)

enum { TTL = 60000 };

static struct ledger *ledger;

static void setup(void)
{
    fx_setup_leading();
    ledger = ledger_pg_new(pools[1]);
}

static void teardown(void)
{
    ledger_free(ledger);
    fx_teardown();
}

/* ---- the worker's side ---- */

struct heard {
    bool done;
    enum ledger_status st;
    struct ledger_mailbox mb;
    struct ledger_photo photos[8];
    char items[8][32];
    size_t n;
    int64_t requested;
};

static void
on_taken(enum ledger_status st, const struct ledger_mailbox *mb, const struct err *e, void *user)
{
    struct heard *h = user;
    (void)e;
    h->done = true;
    h->st = st;
    if (mb)
        h->mb = *mb;
}

static void on_done(enum ledger_status st, const struct err *e, void *user)
{
    struct heard *h = user;
    (void)e;
    h->done = true;
    h->st = st;
}

static void on_photos(enum ledger_status st,
                      const struct ledger_photo *v,
                      size_t n,
                      int64_t requested,
                      const struct err *e,
                      void *user)
{
    struct heard *h = user;
    (void)e;
    *h = (struct heard){.done = true, .st = st, .n = n, .requested = requested};
    cr_assert(le(sz, n, 8));
    for (size_t i = 0; i < n; i++) {
        h->photos[i] = v[i];
        snprintf(h->items[i], sizeof(h->items[i]), "%s", v[i].item_id);
        h->photos[i].item_id = h->items[i];
    }
}

static void hear(struct heard *h, enum ledger_status st)
{
    cr_assert(eq(int, loop_wait(loop, &h->done, 20000), 0));
    cr_assert(eq(int, h->st, st));
    h->done = false;
}

static struct ledger_lease taken(int64_t box, bool photos)
{
    struct heard h = {0};
    ledger->ops->take(ledger, box, "worker", TTL, on_taken, &h);
    hear(&h, LEDGER_OK);
    cr_expect(eq(int, h.mb.photos, photos));
    return h.mb.lease;
}

static struct heard due(struct ledger_lease lease)
{
    struct heard h = {0};
    ledger->ops->photos(ledger, lease, 8, 1 << 20, on_photos, &h);
    hear(&h, LEDGER_OK);
    for (size_t i = 0; i < h.n; i++)
        h.photos[i].item_id = h.items[i];
    return h;
}

static void take_off(struct ledger_lease lease, const struct heard *h)
{
    struct heard done = {0};
    struct ledger_photo v[8];
    memcpy(v, h->photos, sizeof(v));
    for (size_t i = 0; i < h->n; i++)
        v[i].item_id = h->items[i];
    ledger->ops->photo_flight(ledger, lease, TTL, TTL, v, h->n, on_done, &done);
    hear(&done, LEDGER_OK);
}

static void land(struct ledger_lease lease, const struct heard *h)
{
    struct heard done = {0};
    struct ledger_photo_result r[8];
    for (size_t i = 0; i < h->n; i++)
        r[i] = (struct ledger_photo_result){.person = h->photos[i].person,
                                            .item_id = h->items[i],
                                            .end = PHOTO_HELD,
                                            .set = h->photos[i].set,
                                            .hash = h->photos[i].hash,
                                            .version = "v2",
                                            .outcome = "done",
                                            .code = ""};
    ledger->ops->photo_record(ledger, lease, r, h->n, true, on_done, &done);
    hear(&done, LEDGER_OK);
}

static void over(struct ledger_lease lease, int64_t requested, enum ledger_status st)
{
    struct heard done = {0};
    ledger->ops->photo_over(ledger, lease, requested, on_done, &done);
    hear(&done, st);
}

static void released(struct ledger_lease lease)
{
    struct heard done = {0};
    ledger->ops->release(ledger, lease, 0, 0, NULL, on_done, &done);
    hear(&done, LEDGER_OK);
}

/* A worker's whole turn; how many pictures it wrote. */
static size_t turn(int64_t box)
{
    struct ledger_lease lease = taken(box, true);
    struct heard h = due(lease);
    size_t n = h.n;
    if (n) {
        take_off(lease, &h);
        land(lease, &h);
        h = due(lease);
        cr_expect(eq(sz, h.n, 0));
    }
    over(lease, h.requested, LEDGER_OK);
    released(lease);
    return n;
}

/* ---- the whole life ---- */

CASE(from_seen_to_written_and_nothing_is_due_any_more)
{
    int64_t box = synced("ann@church.example", 2);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    cr_expect(eq(sz, n_offered(), 1));
    cr_expect(eq(sz, turn(box), 1));
    COL("version", box, 1, "v2");
    cr_expect(eq(i64, OPEN(box), 0));
    SQL("UPDATE mailbox SET photo_offered_at = NULL");
    cr_expect(eq(sz, n_offered(), 0));
    taken(box, false);
}

CASE(a_picture_that_changes_while_it_is_written_is_written_again)
{
    int64_t box = synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    struct ledger_lease lease = taken(box, true);
    struct heard h = due(lease);
    cr_assert(eq(sz, h.n, 1));
    take_off(lease, &h);
    seen(1, 6);
    there(1, 6, "other face");
    land(lease, &h);
    over(lease, h.requested, LEDGER_MORE);
    raised(10);
    struct heard h2 = due(lease);
    cr_assert(eq(sz, h2.n, 1));
    cr_expect(memcmp(&h2.photos[0].hash, &h.photos[0].hash, sizeof(struct sha256)) != 0);
    take_off(lease, &h2);
    land(lease, &h2);
    over(lease, h2.requested, LEDGER_OK);
    released(lease);
    cr_expect(eq(i64, OPEN(box), 0));
}

CASE(what_is_told_between_the_last_look_and_its_end_stays_open)
{
    int64_t box = synced("ann@church.example", 2);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    struct ledger_lease lease = taken(box, true);
    struct heard h = due(lease);
    take_off(lease, &h);
    land(lease, &h);
    struct heard last = due(lease);
    cr_assert(eq(sz, last.n, 0));
    seen(2, 6);
    there(2, 6, "face of two");
    /* its contact comes first, and rests */
    SQL("UPDATE link SET want = '\\x01', retry_at = now() + interval '1 h' WHERE person = 2");
    raised(10);
    over(lease, last.requested, LEDGER_OK);
    released(lease);
    cr_expect(eq(i64, OPEN(box), 1));
    cr_expect(eq(sz, n_offered(), 1));
}

CASE(who_has_no_picture_any_more_gets_ours_taken_off)
{
    int64_t box = synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    cr_expect(eq(sz, turn(box), 1));
    seen(1, 0);
    cr_expect(eq(sz, raised(10), 1));
    struct ledger_lease lease = taken(box, true);
    struct heard h = due(lease);
    cr_assert(eq(sz, h.n, 1));
    cr_expect(h.photos[0].set == false);
    take_off(lease, &h);
    land(lease, &h);
    over(lease, h.requested, LEDGER_OK);
    released(lease);
    cr_expect(eq(i64, OPEN(box), 0));
    seen(1, 0);
    cr_expect(eq(sz, raised(10), 0));
}

CASE(switched_off_all_of_ours_come_off_and_switched_on_they_come_back)
{
    int64_t box = synced("ann@church.example", 2);
    for (int i = 1; i <= 2; i++) {
        seen(i, i);
        there(i, i, "face");
    }
    raised(10);
    cr_expect(eq(sz, turn(box), 2));
    OK(S->ops->photos_off(S, &err));
    cr_expect(eq(sz, n_wanted(), 0));
    cr_expect(eq(sz, raised(10), 2));
    cr_expect(eq(sz, turn(box), 2));
    OK(S->ops->photos_off(S, &err));
    cr_expect(eq(sz, raised(10), 0), "once");
    seen(1, 1);
    cr_expect(eq(sz, n_wanted(), 1));
}

/* ---- merges, and what is kept ---- */

static void rekeyed(int64_t box, int64_t from, int64_t to)
{
    struct plan_rekey k = {from, to};
    struct plan_want w = want(to);
    struct plan_drop d = {.person = from};
    struct plan p = a_plan(box);
    p.rekeys = &k;
    p.wants = &w;
    p.drops = &d;
    p.n_rekeys = p.n_wants = p.n_drops = 1;
    apply(&p);
}

#define HELD(box, person)                                                                          \
    COUNT("SELECT count(*) FROM link_photo o JOIN person_photo p ON p.person = %d"                 \
          " WHERE o.mailbox = %lld AND o.person = %d AND o.hash = p.hash",                         \
          person, (long long)(box), person)

CASE(a_merge_takes_along_what_the_item_holds)
{
    int64_t box = synced("ann@church.example", 1);
    a_person(2);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    cr_expect(eq(sz, turn(box), 1));
    SQL("INSERT INTO link (mailbox, person) VALUES (%lld, 2);"
        "INSERT INTO link_photo (mailbox, person, item_id, hash, left_for, attempts)"
        " VALUES (%lld, 2, 'of long ago', '\\x00', '\\x02', 7)",
        (long long)box, (long long)box);
    seen(2, 6);
    there(2, 6, "face"); /* the same picture: the survivor has it */
    raised(10);
    rekeyed(box, 1, 2);
    written(box);
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM link_photo"), 1));
    cr_expect(eq(i64, HELD(box, 2), 1));
    SQL("UPDATE link_photo SET item_id = (SELECT item_id FROM link WHERE person = 2)");
    struct ledger_lease lease = taken(box, true);
    cr_expect(eq(sz, due(lease).n, 0), "no second picture");
}

CASE(the_survivor_without_a_picture_gets_the_item_without_one)
{
    int64_t box = synced("ann@church.example", 1);
    a_person(2);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    cr_expect(eq(sz, turn(box), 1));
    seen(2, 6);
    seen(2, 0);
    rekeyed(box, 1, 2);
    SQL("UPDATE link SET have = want WHERE person = 2");
    struct ledger_lease lease = taken(box, false);
    struct heard h = due(lease);
    cr_assert(eq(sz, h.n, 1));
    cr_expect(h.photos[0].set == false);
}

CASE(the_survivor_who_never_had_a_picture_gets_the_item_without_one)
{
    int64_t box = synced("ann@church.example", 1);
    a_person(2);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    cr_expect(eq(sz, turn(box), 1));
    seen(2, 0);
    rekeyed(box, 1, 2);
    SQL("UPDATE link SET have = want WHERE person = 2");
    struct ledger_lease lease = taken(box, false);
    struct heard h = due(lease);
    cr_assert(eq(sz, h.n, 1));
    cr_expect(h.photos[0].set == false);
    seen_at(2, 7, 1);
    cr_expect(eq(sz, n_wanted(), 1), "any read is newer");
}

CASE(what_was_kept_and_is_wanted_again_as_it_is_is_told)
{
    int64_t box = synced("ann@church.example", 2);
    drop(box, (struct plan_drop){.person = 1, .keep = true});
    seen(1, 5);
    there(1, 5, "face"); /* fetched before it was kept, say */
    raised(10);
    struct ledger_lease lease = taken(box, true);
    over(lease, due(lease).requested, LEDGER_OK);
    released(lease);
    cr_expect(eq(i64, OPEN(box), 0));
    struct plan p = a_plan(box);
    struct plan_want w[] = {want(1), want(2)};
    w[0].back = w[1].back = true;
    p.wants = &w[1];
    p.n_wants = 1;
    apply(&p);
    cr_expect(eq(i64, OPEN(box), 0));
    p.wants = w;
    p.n_wants = 2;
    apply(&p);
    cr_expect(eq(i64, OPEN(box), 1));
    cr_expect(eq(sz, turn(box), 1));
}

CASE(who_is_erased_takes_the_rows_along)
{
    int64_t box = synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    turn(box);
    SQL("DELETE FROM link; DELETE FROM person");
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_photo"), 0));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM link_photo"), 0));
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM photo"), 0));
}

CASE(the_status_counts_what_waits_what_is_there_and_what_failed)
{
    struct report_photos r = {0};
    int64_t box = synced("ann@church.example", 4);
    OK(report_photos(pools[0], arena, &r, &err));
    cr_expect(r.held == 0 && r.people == 0 && r.mailboxes == 0 && r.n_unread == 0 && r.n_left == 0);
    for (int i = 1; i <= 4; i++)
        seen(i, i);
    there(1, 1, "face");
    raised(10);
    cr_expect(eq(sz, turn(box), 1));
    none(2, 2);
    again(3, 3, 1000);
    raised(10);
    SQL("INSERT INTO link_photo (mailbox, person, item_id, hash, left_for, left_code)"
        " VALUES (%lld, 4, 'i', '', '\\x02', 'photo.own')",
        (long long)box);
    OK(report_photos(pools[0], arena, &r, &err));
    cr_expect(eq(i64, r.held, 1));
    cr_expect(eq(i64, r.people, 2));
    cr_expect(eq(i64, r.mailboxes, 0));
    cr_assert(eq(sz, r.n_unread, 2));
    cr_expect(eq(str, (char *)(uintptr_t)r.unread[0].code, "away"));
    cr_expect(eq(str, (char *)(uintptr_t)r.unread[1].code, "unfit"));
    cr_assert(eq(sz, r.n_left, 1));
    cr_expect(eq(str, (char *)(uintptr_t)r.left[0].code, "photo.own"));
    there(4, 4, "face of four");
    raised(10);
    OK(report_photos(pools[0], arena, &r, &err));
    cr_expect(eq(i64, r.mailboxes, 1));
}

int main(int argc, char **argv)
{
    if (!test_db_available())
        return test_db_skip();
    struct criterion_test_set *tests = criterion_initialize();
    int result = 0;
    if (criterion_handle_args(argc, argv, true))
        result = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return result;
}
