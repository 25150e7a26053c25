/* Which picture people have, the pictures, and who is told: on a real PostgreSQL. */
#include "tests/contract/plan_store_photo.h"

#define CASE(name)                                                                                 \
    Test(plan_store_photo, name, .init = fx_setup_leading, .fini = fx_teardown, .timeout = 60)

/* ---- what is seen ---- */

CASE(a_picture_that_is_seen_is_wanted_until_it_is_fetched)
{
    struct plan_photo *v;
    synced("ann@church.example", 2);
    seen(1, 5);
    seen(2, 0);
    cr_assert(eq(sz, wanted_behind(0, 10, &v), 1));
    cr_expect(eq(i64, v->person, 1));
    cr_expect(eq(i64, v->ref.id, 5));
    struct photo_ref five = ref(5);
    cr_expect(eq(int, guid_cmp(&v->ref.guid, &five.guid), 0));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_photo"), 1),
              "nobody without one has a row");
    cr_expect(eq(sz, counts().people, 1));
    there(1, 5, "face");
    cr_expect(eq(sz, n_wanted(), 0));
    seen(1, 5);
    cr_expect(eq(sz, n_wanted(), 0), "the same again");
    seen(1, 6);
    cr_expect(eq(sz, n_wanted(), 1), "another one");
    IS("hash IS NOT NULL", 1, "true");
}

CASE(whom_nobody_has_as_a_contact_is_not_fetched)
{
    int64_t box = synced("ann@church.example", 1);
    a_person(2);
    seen(1, 5);
    seen(2, 5);
    cr_expect(eq(sz, n_wanted(), 1));
    SQL("UPDATE link SET state = 'hidden'");
    cr_expect(eq(sz, n_wanted(), 0));
    int64_t two = 2;
    wanted(box, &two, 1, 0);
    cr_expect(eq(sz, n_wanted(), 1));
    cr_expect(eq(sz, counts().people, 1));
}

CASE(slices_go_by_person)
{
    struct plan_photo *v;
    synced("ann@church.example", 5);
    for (int i = 1; i <= 5; i++)
        seen(i, i);
    cr_assert(eq(sz, wanted_behind(0, 2, &v), 2));
    cr_expect(eq(i64, v[1].person, 2));
    cr_assert(eq(sz, wanted_behind(v[1].person, 10, &v), 3));
    cr_expect(eq(i64, v[0].person, 3));
}

CASE(an_older_read_overwrites_nothing)
{
    synced("ann@church.example", 1);
    seen_at(1, 6, READ + 100);
    seen_at(1, 5, READ + 99);
    IS("ref_id", 1, "6");
    seen_at(1, 0, READ + 99);
    IS("ref_id", 1, "6");
    seen_at(1, 0, READ + 100);
    IS("ref_id", 1, "0");
}

CASE(people_who_are_not_in_a_read_keep_their_picture)
{
    synced("ann@church.example", 2);
    seen(1, 5);
    there(1, 5, "face");
    seen(2, 5);
    IS("ref_id", 1, "5");
    IS("hash IS NOT NULL", 1, "true");
}

CASE(many_people_are_seen_in_one_call)
{
    enum { N = 9001 };
    static struct plan_photo p[N];
    SQL("INSERT INTO person (id, key) SELECT n, gen_random_uuid() FROM generate_series(1, %d) n",
        N);
    for (int i = 0; i < N; i++)
        p[i] = (struct plan_photo){.person = i + 1, .ref = {i % 2 ? i : 0, {{0}}}};
    OK(S->ops->photos_seen(S, p, N, READ * 1000LL, &err));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_photo WHERE ref_guid IS NULL"), N / 2));
}

/* ---- what came of fetching ---- */

CASE(an_answer_about_a_picture_that_was_replaced_meanwhile_is_nothing)
{
    synced("ann@church.example", 1);
    seen(1, 5);
    seen(1, 6);
    there(1, 5, "old face");
    none(1, 5);
    again(1, 5, 1000);
    IS("got, hash IS NULL, tries, raised", 1, "(f,t,0,t)");
    seen(1, 0);
    there(1, 6, "late face");
    IS("got, hash IS NULL", 1, "(t,t)");
}

CASE(a_picture_is_there_once_however_many_have_it)
{
    synced("ann@church.example", 3);
    for (int i = 1; i <= 3; i++)
        seen(i, i);
    struct plan_photo_got g[3];
    for (int i = 0; i < 3; i++)
        g[i] = (struct plan_photo_got){.person = i + 1,
                                       .ref = ref(i + 1),
                                       .end = PLAN_PHOTO_THERE,
                                       .jpeg = i < 2 ? "same" : "else",
                                       .len = 4};
    OK(S->ops->photos_store(S, g, 3, &err));
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM photo"), 2));
    cr_expect(eq(i64,
                 COUNT("SELECT count(*) FROM person_photo p JOIN photo f ON f.hash = p.hash"
                       " WHERE f.hash = sha256(f.jpeg)"),
                 3));
}

CASE(what_cannot_be_fetched_waits_its_time_and_the_one_before_stays)
{
    struct plan_photo *v;
    synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    seen(1, 6);
    again(1, 6, 60000);
    cr_expect(eq(sz, n_wanted(), 0));
    IS("hash IS NOT NULL, raised, failure, tries", 1, "(t,t,away,1)");
    SQL("UPDATE person_photo SET retry_at = now()");
    cr_assert(eq(sz, wanted_behind(0, 10, &v), 1));
    cr_expect(eq(u32, v->tries, 1));
    there(1, 6, "face");
    IS("raised, tries, failure IS NULL, retry_at IS NULL", 1, "(t,0,t,t)");
}

CASE(a_picture_of_no_use_takes_the_one_before_away)
{
    synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    seen(1, 6);
    IS("raised", 1, "true");
    none(1, 6);
    IS("got, hash IS NULL, raised, failure", 1, "(t,t,f,unfit)");
}

/* ---- telling and offering ---- */

CASE(the_mailboxes_of_a_person_are_told_once)
{
    int64_t a = synced("ann@church.example", 2), b = synced("ben@church.example", 1);
    int64_t other = a_mailbox("cleo@church.example");
    seen(2, 5);
    there(2, 5, "face");
    cr_expect(eq(sz, raised(10), 1));
    cr_expect(eq(i64, OPEN(a), 1));
    cr_expect(eq(i64, OPEN(b), 0));
    cr_expect(eq(sz, raised(10), 0));
    seen(1, 6);
    there(1, 6, "face");
    cr_expect(eq(sz, raised(10), 1));
    cr_expect(eq(i64, OPEN(a), 2));
    cr_expect(eq(i64, OPEN(b), 1));
    cr_expect(eq(i64, OPEN(other), 0));
    cr_expect(eq(sz, counts().mailboxes, 2));
}

CASE(telling_goes_by_batches)
{
    int64_t box = synced("ann@church.example", 5);
    for (int i = 1; i <= 5; i++) {
        seen(i, i);
        there(i, i, "face");
    }
    cr_expect(eq(sz, raised(2), 2));
    cr_expect(eq(sz, raised(2), 2));
    cr_expect(eq(sz, raised(2), 1));
    cr_expect(eq(i64, OPEN(box), 3));
}

CASE(a_mailbox_is_offered_once_a_minute_and_when_there_is_something_new)
{
    struct plan_photo_box *v;
    int64_t box = synced("ann@church.example", 2);
    seen(1, 5);
    there(1, 5, "face");
    cr_expect(eq(sz, n_offered(), 0));
    raised(10);
    cr_assert(eq(sz, offered(10, &v), 1));
    cr_expect(eq(i64, v->mailbox, box));
    cr_expect(eq(i64, v->gen, COUNT("SELECT gen FROM mailbox")));
    cr_expect(eq(sz, n_offered(), 0));
    SQL("UPDATE mailbox SET photo_offered_at = photo_offered_at - interval '61 s'");
    cr_expect(eq(sz, n_offered(), 1));
    seen(2, 6);
    there(2, 6, "face");
    raised(10);
    cr_expect(eq(sz, n_offered(), 1));
}

CASE(a_mailbox_that_rests_or_is_at_work_is_not_offered)
{
    static const char *const why[] = {"parked_until = now() + interval '1 h'",
                                      "lease_until = now() + interval '1 h'",
                                      "photo_at = now() + interval '1 h'"};
    synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    for (size_t i = 0; i < ARRAY_LEN(why); i++) {
        SQL("UPDATE mailbox SET parked_until = NULL, lease_until = NULL, photo_at = NULL");
        SQL("UPDATE mailbox SET %s", why[i]);
        cr_expect(eq(sz, n_offered(), 0), "%s", why[i]);
    }
    SQL("UPDATE mailbox SET parked_until = now(), lease_until = now(), photo_at = now()");
    cr_expect(eq(sz, n_offered(), 1));
}

CASE(offers_are_bounded_and_the_next_ones_follow)
{
    char name[40];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "u%d@church.example", i);
        synced(name, 1);
    }
    struct plan_photo_box *v;
    seen(1, 5);
    there(1, 5, "face");
    raised(10);
    cr_expect(eq(sz, offered(2, &v), 2));
    cr_expect(eq(sz, offered(2, &v), 2));
    cr_expect(eq(sz, offered(2, &v), 1));
}

CASE(who_does_not_lead_changes_nothing)
{
    struct plan_store *z = stores[1];
    struct plan_photo p = {.person = 1, .ref = ref(5)};
    struct plan_photo_got g = {.person = 1, .ref = ref(5), .end = PLAN_PHOTO_NONE};
    struct plan_photo_box *v;
    size_t n;
    synced("ann@church.example", 1);
    REFUSED(z->ops->photos_seen(z, &p, 1, 1, &err), "plan.deposed");
    REFUSED(z->ops->photos_off(z, &err), "plan.deposed");
    REFUSED(z->ops->photos_store(z, &g, 1, &err), "plan.deposed");
    REFUSED(z->ops->photos_raise(z, 1, &n, &err), "plan.deposed");
    REFUSED(z->ops->photos_offer(z, arena, 1, &v, &n, &err), "plan.deposed");
    SQL("UPDATE cluster SET plan_epoch = plan_epoch + 1");
    REFUSED(S->ops->photos_raise(S, 1, &n, &err), "plan.deposed");
}

/* ---- the sweep ---- */

CASE(a_picture_that_nobody_has_any_more_is_deleted)
{
    synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    seen(1, 6);
    there(1, 6, "other face");
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM photo"), 2));
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM photo"), 1));
    IS("hash IS NOT NULL", 1, "true");
}

CASE(the_picture_of_somebody_without_a_contact_is_deleted_and_fetched_again_when_there_is_one)
{
    int64_t box = synced("ann@church.example", 1);
    seen(1, 5);
    there(1, 5, "face");
    SQL("DELETE FROM link");
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM photo"), 0));
    cr_expect(eq(sz, n_wanted(), 0));
    int64_t one = 1;
    wanted(box, &one, 1, 0);
    cr_expect(eq(sz, n_wanted(), 1));
    SQL("DELETE FROM link");
    seen(1, 0);
    sweep();
    cr_expect(eq(i64, COUNT("SELECT count(*) FROM person_photo"), 0));
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
