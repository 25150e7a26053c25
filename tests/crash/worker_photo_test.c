/*
 * Pictures: behind all contacts, few at a time; whatever goes wrong, none is lost, none is written
 * twice where an answer came, and the user's own stays. Each single call that goes wrong:
 * worker_crash_test.c.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "common/base/str.h"

#include "tests/crash/worker_support.h"
#include "tests/support/worker_rig_p.h"
#include "worker/mailbox_p.h"

enum { PEOPLE = 6, BOXES = 8, CALLS_MAX = 400 };

static const char *address_of(int i)
{
    static char buf[32];
    snprintf(buf, sizeof(buf), "user%d@church.example", i);
    return buf;
}

/* A mailbox that holds its contacts, and of whose people all have a picture. */
static int64_t pictured(struct rig *r, const char *address)
{
    int64_t mb = synced(r, address, PEOPLE);
    for (int i = 0; i < PEOPLE; i++)
        rig_photo_only(r, i, 1);
    return mb;
}

static uint64_t photo_writes(struct rig *r)
{
    return memory_store_stats(rig_server(r)).photo_writes;
}

static void expect_photo(struct rig *r, const char *address, int person, int version)
{
    char mark[STORE_PHOTO_MARK + 1];
    rig_photo_mark(person, version, mark);
    const struct memory_item *it = item_of(r, address, person);
    cr_assert_not_null(it);
    cr_expect(version ? it->photo && strcmp(it->photo, mark) == 0 : !it->photo, "person %d",
              person);
}

/* Calls of the store in the order in which they were made; those named go wrong. */
struct tape {
    struct rig *r;
    struct {
        const char *what;
        int64_t mailbox, at;
        size_t n;
    } call[CALLS_MAX];
    size_t n;
    const char *what; /* NULL: none goes wrong */
    bool each;        /* not only the first one */
    struct rig_fault f;
    size_t sprung;
};

static struct rig_fault record(const struct rig_call *c, void *user)
{
    struct tape *t = user;
    if (c->port == RIG_STORE && t->n < CALLS_MAX) {
        t->call[t->n].what = c->what;
        t->call[t->n].mailbox = c->mailbox;
        t->call[t->n].n = c->n;
        t->call[t->n++].at = rig_now(t->r);
    }
    if (!t->what || strcmp(c->what, t->what) != 0 || (t->sprung && !t->each))
        return (struct rig_fault){.kind = RIG_NONE};
    t->sprung++;
    return t->f;
}

static void watch(struct rig *r, struct tape *t)
{
    t->r = r;
    rig_faults(r, record, t);
}

static bool is(const struct tape *t, size_t i, const char *what)
{
    return i < t->n && strcmp(t->call[i].what, what) == 0;
}

/* ---- the lane ---- */

Test(worker_photo, a_message_brings_all_pictures_of_a_mailbox)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    finish(r);
    for (int i = 0; i < PEOPLE; i++)
        expect_photo(r, pat, i, 1);
    cr_expect_eq(photo_writes(r), (uint64_t)PEOPLE);
    cr_expect_eq(rig_writes(r), 2u, "four, then the rest");
    rig_photo_message(r, mb); /* and nothing a second time */
    rig_count_from_here(r);
    finish(r);
    cr_expect_eq(rig_calls(r, RIG_STORE), 0u);
}

Test(worker_photo, a_message_is_over_as_it_is_read)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 1000});
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    const struct ledger_memory_mailbox *row = ledger_memory_mailbox(rig_rows(r), mb);
    rig_run(r, 1);
    cr_expect_eq(rig_box(r, mb)->outstanding, 0u);
    cr_expect_lt(row->photo_done, row->photo_requested, "and nothing is done yet");
    cr_expect_not(worker_idle(rig_worker_of(rig_worker(r, 0))));
    finish(r);
}

Test(worker_photo, pictures_go_when_no_contact_waits)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 2, .latency_ms = 500});
    struct tape t = {.n = 0};
    int64_t mb[BOXES];
    for (int i = 0; i < BOXES; i++)
        mb[i] = synced(r, address_of(i), PEOPLE);
    for (int p = 0; p < PEOPLE; p++)
        rig_photo_only(r, p, 1);
    watch(r, &t);
    for (int i = 0; i < BOXES; i++)
        rig_photo_message(r, mb[i]); /* they come first */
    for (int i = 0; i < BOXES; i++)
        for (int p = 0; p < PEOPLE; p++)
            rig_want(r, mb[i], p, 2, false);
    finish(r);
    size_t first_photo = t.n, last_update = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (is(&t, i, "photo") && i < first_photo)
            first_photo = i;
        if (is(&t, i, "update"))
            last_update = i;
    }
    cr_expect_lt(last_update, first_photo);
    cr_expect_eq(photo_writes(r), (uint64_t)(BOXES * PEOPLE));
}

/* Photo calls that are out when call i goes out, with it. */
static size_t at_once(const struct tape *t, size_t i, int64_t latency_ms)
{
    size_t n = 0;
    for (size_t k = 0; k <= i; k++)
        n += is(t, k, "photo") && t->call[k].at > t->call[i].at - latency_ms;
    return n;
}

static void quarter(uint32_t connections, size_t most)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = connections, .latency_ms = 900});
    struct tape t = {.n = 0};
    int64_t mb[BOXES];
    size_t seen = 0;
    for (int i = 0; i < BOXES; i++)
        mb[i] = synced(r, address_of(i), PEOPLE);
    for (int p = 0; p < PEOPLE; p++)
        rig_photo_only(r, p, 1);
    watch(r, &t);
    for (int i = 0; i < BOXES; i++)
        rig_photo_message(r, mb[i]);
    finish(r);
    for (size_t i = 0; i < t.n; i++) {
        size_t n = at_once(&t, i, 900);
        seen = n > seen ? n : seen;
    }
    cr_expect_eq(seen, most, "%u connections: %zu at once", connections, seen);
}

Test(worker_photo, pictures_have_a_quarter_of_the_requests_and_one_at_least)
{
    quarter(1, 1);
    quarter(3, 1);
    quarter(8, 2);
    quarter(16, 4);
}

Test(worker_photo, pictures_leave_a_quarter_free_for_contacts_that_come)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 8, .latency_ms = 1000});
    struct tape t = {.n = 0};
    int64_t mb[BOXES];
    for (int i = 0; i < BOXES; i++)
        mb[i] = synced(r, address_of(i), 1);
    int64_t with = pictured(r, pat);
    watch(r, &t);
    for (int i = 0; i < 6; i++)
        rig_want(r, mb[i], 0, 2, false);
    rig_run(r, 100);
    cr_assert_eq(t.n, 6u);
    rig_photo_message(r, with);
    rig_run(r, 700);
    cr_expect_eq(t.n, 6u, "two are left, none of them for pictures");
    rig_run(r, 400);
    cr_expect(is(&t, 6, "photo"));
    finish(r);
}

Test(worker_photo, contacts_of_another_mailbox_find_a_place_at_once)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 2000});
    struct tape t = {.n = 0};
    int64_t mb[BOXES];
    for (int i = 0; i < BOXES; i++)
        mb[i] = synced(r, address_of(i), PEOPLE);
    for (int p = 0; p < PEOPLE; p++)
        rig_photo_only(r, p, 1);
    for (int i = 0; i < BOXES; i++)
        rig_photo_message(r, mb[i]);
    rig_run(r, 500);
    watch(r, &t);
    int64_t from = rig_now(r);
    for (int i = 0; i < 3; i++)
        rig_want(r, mb[BOXES - 1 - i], 0, 2, false);
    rig_run(r, 50);
    cr_assert_eq(t.n, 3u, "%zu", t.n);
    for (size_t i = 0; i < 3; i++) {
        cr_expect(is(&t, i, "update"));
        cr_expect_leq(t.call[i].at - from, 20);
    }
    finish(r);
}

Test(worker_photo, contacts_of_the_same_mailbox_go_after_the_call_under_way)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 1000});
    struct tape t = {.n = 0};
    int64_t mb = pictured(r, pat);
    watch(r, &t);
    rig_photo_message(r, mb);
    rig_run(r, 500);
    cr_assert(t.n == 1 && is(&t, 0, "photo"));
    rig_want(r, mb, 5, 2, false);
    finish(r);
    cr_assert_eq(t.n, 3u);
    cr_expect(is(&t, 1, "update"));
    cr_expect(is(&t, 2, "photo"));
    cr_expect_leq(t.call[1].at - t.call[0].at, 1100);
}

/* A mailbox whose contacts are all written: those of others go before its pictures. */
Test(worker_photo, what_was_taken_for_contacts_stands_in_line_again_for_its_pictures)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 1, .latency_ms = 300});
    struct tape t = {.n = 0};
    int64_t first = pictured(r, pat), mb[BOXES];
    for (int i = 0; i < BOXES; i++)
        mb[i] = synced(r, address_of(i), 1);
    rig_redrive(r, false); /* only the row says that there are pictures */
    watch(r, &t);
    rig_want(r, first, 0, 2, false);
    for (int i = 0; i < BOXES; i++)
        rig_want(r, mb[i], 0, 2, false);
    rig_run(r, 30000);
    size_t photos = 0;
    for (size_t i = 0; i < t.n; i++) {
        bool photo = is(&t, i, "photo");
        cr_expect(photo || !photos, "call %zu", i);
        photos += photo;
    }
    cr_expect_eq(photo_writes(r), (uint64_t)PEOPLE + BOXES);
    rig_redrive(r, true);
    finish(r);
}

/* ---- what comes in between ---- */

Test(worker_photo, a_picture_of_the_users_stays_and_is_not_asked_for_again)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = pictured(r, pat);
    memory_store_user_photo(rig_server(r), pat, item_of(r, pat, 2)->id, true);
    rig_photo_message(r, mb);
    finish(r);
    cr_expect(item_of(r, pat, 2)->own_photo && !item_of(r, pat, 2)->photo);
    cr_expect_str_eq(link_of(r, mb, 2)->photo.left_code, STORE_PHOTO_OWN);
    cr_expect_eq(photo_writes(r), (uint64_t)PEOPLE - 1);
    rig_photo_message(r, mb);
    rig_count_from_here(r);
    finish(r);
    cr_expect_eq(rig_calls(r, RIG_STORE), 0u);
    rig_photo(r, mb, 2, 2); /* another wish: looked at again, and left again */
    finish(r);
    cr_expect(item_of(r, pat, 2)->own_photo && !item_of(r, pat, 2)->photo);
    memory_store_user_photo(rig_server(r), pat, item_of(r, pat, 2)->id, false);
    rig_photo(r, mb, 2, 3);
    finish(r);
    expect_photo(r, pat, 2, 3);
}

Test(worker_photo, a_picture_that_changes_during_its_write_is_written_again)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 1000});
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    rig_run(r, 500);
    rig_photo_only(r, 0, 2);
    rig_photo(r, mb, 1, 0);
    finish(r);
    expect_photo(r, pat, 0, 2);
    expect_photo(r, pat, 1, 0);
}

Test(worker_photo, the_version_that_a_picture_leaves_is_the_one_of_the_next_update)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    finish(r);
    cr_expect_str_eq(link_of(r, mb, 3)->version, item_of(r, pat, 3)->version);
}

Test(worker_photo, no_request_of_a_call_leaves_past_its_flight)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 60000});
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    rig_run(r, 100);
    struct worker *w = rig_worker_of(rig_worker(r, 0));
    struct mailbox *box = map_get_u64(w->mailboxes, (uint64_t)mb);
    int64_t over = ledger_memory_mailbox(rig_rows(r), mb)->photo_flight_until - RIG_DEADLINE_MS;
    cr_assert_eq(box->state, MB_PHOTO_SENDING);
    cr_expect(mailbox_may_send(box));
    rig_run(r, over - rig_now(r) - 1000);
    cr_expect(mailbox_may_send(box), "the lease was renewed meanwhile");
    rig_run(r, 1000);
    cr_expect_not(mailbox_may_send(box));
    finish(r);
}

Test(worker_photo, a_drain_ends_after_the_call_under_way_and_leaves_the_rest)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 1000});
    int64_t waiting = synced(r, "kim@church.example", 1);
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    rig_run(r, 100);
    rig_photo_message(r, waiting); /* has no place: it is simply dropped */
    rig_run(r, 400);
    int64_t ms = rig_drain(r, rig_worker(r, 0));
    cr_expect(ms >= 0 && ms < 1500, "%lld ms", (long long)ms);
    cr_expect_eq(photo_writes(r), 4u);
    cr_expect_eq(ledger_memory_mailbox(rig_rows(r), mb)->lease_until, 0);
    finish(r);
    cr_expect_eq(photo_writes(r), (uint64_t)PEOPLE + 1);
}

Test(worker_photo, partitions_that_go_take_no_pictures_with_them)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 1, .latency_ms = 1000});
    int64_t mb[BOXES];
    for (int i = 0; i < BOXES; i++)
        mb[i] = synced(r, address_of(i), 2);
    for (int p = 0; p < 2; p++)
        rig_photo_only(r, p, 1);
    for (int i = 0; i < BOXES; i++) {
        rig_photo_message(r, mb[i]);
        if (i % 2)
            rig_want(r, mb[i], 0, 2, false);
    }
    rig_run(r, 500); /* most of them wait for a place, half of them with both */
    rig_workers(r, 3);
    rig_run(r, 500);
    rig_redrive(r, false); /* nothing brings back what was dropped */
    rig_run(r, 40000);
    cr_expect_eq(photo_writes(r), (uint64_t)BOXES * 2);
    rig_redrive(r, true);
    finish(r);
}

/* ---- answers ---- */

/* Nothing comes of it for a minute: calls must not follow each other without a pause, and contacts
 * get through where the mailbox does not have to wait. */
static const struct ill_case {
    const char *name;
    struct rig_fault f;
    size_t most; /* calls */
} ill_cases[] = {
    {"not tried", {.kind = RIG_OUTCOME, .outcome = OUT_NOT_TRIED}, 10},
    {"soon", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_SOON}, 10},
    {"later", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER}, 8},
    {"later, items", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_ITEM}, 12},
    {"later, server", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_REMOTE}, 8},
    {"conflict", {.kind = RIG_OUTCOME, .outcome = OUT_CONFLICT, .scope = SCOPE_ITEM}, 12},
    {"gone", {.kind = RIG_OUTCOME, .outcome = OUT_GONE, .scope = SCOPE_ITEM}, 3},
    {"dead", {.kind = RIG_OUTCOME, .outcome = OUT_DEAD, .scope = SCOPE_ITEM}, 3},
    {"split", {.kind = RIG_OUTCOME, .outcome = OUT_SPLIT}, 10},
    {"unknown", {.kind = RIG_UNKNOWN_BEFORE}, 4},
    {"park", {.kind = RIG_OUTCOME, .outcome = OUT_PARK}, 3},
    {"stop", {.kind = RIG_OUTCOME, .outcome = OUT_STOP, .scope = SCOPE_PROCESS}, 8},
    {"folder lost", {.kind = RIG_OUTCOME, .outcome = OUT_FOLDER_LOST}, 4},
};

static void params_free(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(worker_photo, a_store_that_stays_ill_is_not_hammered)
{
    size_t n = ARRAY_LEN(ill_cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n, params_free);
}
ParameterizedTest(const size_t *i, worker_photo, a_store_that_stays_ill_is_not_hammered)
{
    const struct ill_case *c = &ill_cases[*i];
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct tape t = {.what = "photo", .each = true, .f = c->f};
    int64_t mb = pictured(r, pat);
    watch(r, &t);
    rig_photo_message(r, mb);
    rig_run(r, 60000);
    cr_expect(t.sprung > 0 && t.sprung <= c->most, "%s: %zu calls", c->name, t.sprung);
    rig_want(r, mb, 0, 2, false); /* contacts do not wait for what pictures do */
    rig_run(r, 5000);
    bool held = ledger_memory_mailbox(rig_rows(r), mb)->parked_until > rig_now(r);
    const char *number = item_of(r, pat, 0)->field[CONTACT_PHONE_MOBILE];
    cr_expect(held || strcmp(number, "+15550000002") == 0, "%s: %s", c->name, number);
    rig_faults(r, NULL, NULL);
    finish(r);
}

Test(worker_photo, a_server_that_is_busy_with_pictures_does_not_slow_the_contacts_down)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.batch = 40});
    struct tape t = {.what = "photo",
                     .each = true,
                     .f = {.kind = RIG_OUTCOME,
                           .outcome = OUT_RETRY_LATER,
                           .code = "ews.ErrorServerBusy",
                           .after_ms = 3000}};
    int64_t mb = pictured(r, pat);
    watch(r, &t);
    rig_photo_message(r, mb);
    rig_run(r, 20000);
    cr_assert_geq(t.sprung, 1u);
    t.what = NULL;
    rig_run(r, 5000);
    t.n = 0;
    for (int i = 0; i < 40; i++)
        rig_want(r, mb, 100 + i, 1, false);
    rig_run(r, 1000);
    cr_assert(is(&t, 0, "create"));
    cr_expect_eq(t.call[0].n, 40u, "in one request: %zu", t.call[0].n);
    finish(r);
}

Test(worker_photo, an_answer_that_is_lost_keeps_back_pictures_and_no_contact)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct tape t = {.what = "photo", .f = {.kind = RIG_LATE, .delay_ms = 20000}};
    int64_t mb = pictured(r, pat);
    watch(r, &t);
    rig_photo_message(r, mb);
    rig_run(r, 1000);
    cr_assert_eq(t.n, 1u);
    for (int i = 0; i < PEOPLE; i++)
        rig_photo_only(r, i, 2); /* what comes late is of yesterday */
    rig_photo_message(r, mb);
    rig_want(r, mb, 0, 2, false);
    rig_run(r, 1000);
    cr_assert_eq(t.n, 2u);
    cr_expect(is(&t, 1, "update"));
    finish(r);
    for (int i = 0; i < PEOPLE; i++)
        expect_photo(r, pat, i, 2);
    cr_expect_geq(t.call[2].at - t.call[0].at, RIG_DEADLINE_MS);
}

Test(worker_photo, what_is_refused_for_good_is_left_until_it_is_another_one)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct tape t = {.what = "photo",
                     .f = {.kind = RIG_PARTIAL,
                           .items = 3,
                           .outcome = OUT_DEAD,
                           .code = "ews.ErrorAttachmentSizeLimitExceeded"}};
    int64_t mb = pictured(r, pat);
    watch(r, &t);
    rig_photo_message(r, mb);
    finish(r);
    expect_photo(r, pat, 3, 0);
    cr_expect_str_eq(link_of(r, mb, 3)->photo.left_code, "ews.ErrorAttachmentSizeLimitExceeded");
    rig_photo(r, mb, 3, 2);
    finish(r);
    expect_photo(r, pat, 3, 2);
}

Test(worker_photo, a_picture_too_large_for_the_store_is_left_without_a_call)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct tape t = {.n = 0};
    int64_t mb = synced(r, pat, 1);
    size_t len = (1 << 20) + 1;
    autofree char *jpeg = xalloc(len);
    struct guid key = rig_key(0);
    ledger_memory_photo(rig_rows(r), ledger_memory_person(rig_rows(r), &key), jpeg, len);
    watch(r, &t);
    rig_photo_message(r, mb);
    finish(r);
    cr_expect_eq(t.n, 0u);
    cr_expect_str_eq(link_of(r, mb, 0)->photo.left_code, "photo.size");
}

/* ---- nothing to be done ---- */

Test(worker_photo, a_message_for_a_mailbox_that_is_none_leaves_nothing_behind)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = synced(r, pat, 1);
    rig_photo_message(r, mb); /* one without pictures, too */
    rig_photo_message(r, mb + 1000);
    rig_run(r, 5000);
    cr_expect(worker_idle(rig_worker_of(rig_worker(r, 0))));
    cr_expect_eq(rig_writes(r), 0u);
    finish(r);
}

Test(worker_photo, where_the_store_knows_no_pictures_the_message_is_let_go)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = pictured(r, pat);
    struct contact_store *s = &rig_worker(r, 0)->store.base;
    struct contact_store_ops none = *s->ops;
    none.photo = NULL;
    s->ops = &none;
    rig_count_from_here(r);
    rig_photo_message(r, mb);
    rig_run(r, 5000);
    cr_expect_eq(rig_calls(r, RIG_LEDGER), 0u);
    cr_expect_eq(rig_box(r, mb)->outstanding, 0u);
    rig_want(r, mb, 0, 2, false); /* its row says that there are pictures: never mind */
    rig_run(r, 5000);
    cr_expect(worker_idle(rig_worker_of(rig_worker(r, 0))));
    cr_expect_eq(photo_writes(r), 0u);
}

Test(worker_photo, the_debug_page_shows_the_lane)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.latency_ms = 1000});
    autovalue(str_release) struct str s = STR_INIT(1 << 16);
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    rig_run(r, 500);
    worker_debug(rig_worker_of(rig_worker(r, 0)), &s);
    cr_expect_not_null(strstr(s.p, "\"active_photos\":1,\"sending_photos\":1,"), "%s", s.p);
    cr_expect_not_null(strstr(s.p, "\"PHOTO_SENDING\":1"), "%s", s.p);
    cr_expect_not_null(strstr(s.p, "\"photos\":true"), "%s", s.p);
    finish(r);
}
