/*
 * Scenes of a worker's life that are more than one call going wrong: messages, partitions, urgent
 * work, stopping, two mailboxes that are one, what users do meanwhile.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "tests/crash/worker_support.h"

static const char *const kim = "kim@church.example";

static void params_free(struct criterion_test_params *p)
{
    cr_free(p->params);
}

static struct criterion_test_params indexes(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n, params_free);
}

static const char *address_of(char *buf, size_t n, int i)
{
    snprintf(buf, n, "user%d@church.example", i);
    return buf;
}

/* The first call of that name goes wrong, or each. */
struct trap {
    const char *what;
    bool each;
    struct rig_fault f;
    size_t sprung;
};

static struct rig_fault spring(const struct rig_call *c, void *user)
{
    struct trap *t = user;
    if (strcmp(c->what, t->what) != 0 || (t->sprung && !t->each))
        return (struct rig_fault){.kind = RIG_NONE};
    t->sprung++;
    return t->f;
}

/* ---- rows that cannot be written ---- */

Test(worker_scene, content_that_is_gone_is_skipped_and_the_others_are_written)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    for (int i = 0; i < 4; i++)
        rig_want(r, mb, i, 1, false);
    static const struct sha256 erased = {{1}};
    link_of(r, mb, 2)->want.content = erased;
    rig_run(r, 30000);
    cr_expect_null(item_of(r, pat, 2));
    cr_expect_not_null(item_of(r, pat, 3));
    cr_expect_gt(link_of(r, mb, 2)->retry_at, rig_now(r), "looked at again later");
    cr_expect_not(link_of(r, mb, 2)->dead);
    rig_want(r, mb, 2, 2, false);
    finish(r);
}

Test(worker_scene, content_that_is_gone_alone_is_skipped)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    static const struct sha256 erased = {{1}};
    rig_want(r, mb, 0, 1, false)->want.content = erased;
    rig_run(r, 30000);
    cr_expect_gt(link_of(r, mb, 0)->retry_at, rig_now(r));
    rig_want(r, mb, 0, 0, false);
    finish(r);
}

/* ---- parking and resting ---- */

static const struct parked_case {
    const char *name;
    struct rig_fault f;
    int64_t at_least_ms;
} parked_cases[] = {
    {"park", {.kind = RIG_OUTCOME, .outcome = OUT_PARK, .code = "ews.ErrorQuota"}, 30000},
    {"account", {.kind = RIG_OUTCOME, .outcome = OUT_STOP, .code = "http.403"}, 10000},
    {"later",
     {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .code = "ews.ErrorServerBusy"},
     5000},
    {"named",
     {.kind = RIG_OUTCOME,
      .outcome = OUT_RETRY_LATER,
      .code = "ews.ErrorServerBusy",
      .after_ms = 9000},
     9000},
};

ParameterizedTestParameters(worker_scene, a_parked_mailbox_says_why_and_rests)
{
    return indexes(ARRAY_LEN(parked_cases));
}
ParameterizedTest(const size_t *i, worker_scene, a_parked_mailbox_says_why_and_rests)
{
    const struct parked_case *c = &parked_cases[*i];
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct trap t = {.what = "create", .f = c->f};
    int64_t mb = rig_mailbox(r, pat);
    rig_faults(r, spring, &t);
    rig_want(r, mb, 0, 1, false);
    rig_run(r, 900);
    const struct ledger_memory_mailbox *row = ledger_memory_mailbox(rig_rows(r), mb);
    cr_expect_str_eq(row->parked_why ? row->parked_why : "(null)", c->f.code);
    cr_expect_geq(row->parked_until, rig_now(r) + c->at_least_ms - 1000);
    cr_expect_eq(row->lease_until, 0);
    uint64_t calls = rig_calls(r, RIG_STORE);
    rig_run(r, c->at_least_ms - 1500);
    cr_expect_eq(rig_calls(r, RIG_STORE), calls, "%s: nothing is sent meanwhile", c->name);
    finish(r);
}

/* Nothing comes of it for a minute: requests must not follow each other without a pause. */
static const struct hammer_case {
    const char *name, *what;
    struct rig_fault f;
} hammer_cases[] = {
    {"not tried", "create", {.kind = RIG_OUTCOME, .outcome = OUT_NOT_TRIED}},
    {"not tried, endpoint",
     "create",
     {.kind = RIG_OUTCOME, .outcome = OUT_NOT_TRIED, .scope = SCOPE_REMOTE}},
    {"folder lost", "create", {.kind = RIG_OUTCOME, .outcome = OUT_FOLDER_LOST}},
    {"folder lost when listed", "list", {.kind = RIG_OUTCOME, .outcome = OUT_FOLDER_LOST}},
    {"list not tried", "list", {.kind = RIG_OUTCOME, .outcome = OUT_NOT_TRIED}},
    {"soon", "create", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_SOON}},
    {"later", "create", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER}},
    {"later, items",
     "create",
     {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_ITEM}},
    {"conflict", "update", {.kind = RIG_OUTCOME, .outcome = OUT_CONFLICT, .scope = SCOPE_ITEM}},
    {"gone", "update", {.kind = RIG_OUTCOME, .outcome = OUT_GONE, .scope = SCOPE_ITEM}},
    {"unknown", "update", {.kind = RIG_UNKNOWN_BEFORE}},
    {"identify", "identify", {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER}},
};

ParameterizedTestParameters(worker_scene, an_endpoint_that_stays_ill_is_not_hammered)
{
    return indexes(ARRAY_LEN(hammer_cases));
}
ParameterizedTest(const size_t *i, worker_scene, an_endpoint_that_stays_ill_is_not_hammered)
{
    const struct hammer_case *c = &hammer_cases[*i];
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    struct trap t = {.what = c->what, .each = true, .f = c->f};
    int64_t mb = rig_mailbox(r, pat);
    if (!strcmp(c->what, "update")) {
        rig_want(r, mb, 0, 1, false);
        finish(r);
    }
    rig_faults(r, spring, &t);
    rig_want(r, mb, 0, 2, false);
    rig_run(r, 60000);
    cr_expect_leq(t.sprung, 200u, "%s: %zu requests in a minute", c->name, t.sprung);
    rig_faults(r, NULL, NULL);
    finish(r);
}

/* ---- urgent work ---- */

static void order_of(const struct rig_call *c, int64_t *seen, size_t *n)
{
    if (c->port == RIG_STORE && c->ops && *n < 400)
        seen[(*n)++] = c->mailbox;
}

struct sequence {
    int64_t mailbox[400];
    size_t n;
};

static struct rig_fault watch(const struct rig_call *c, void *user)
{
    struct sequence *s = user;
    order_of(c, s->mailbox, &s->n);
    return (struct rig_fault){.kind = RIG_NONE};
}

Test(worker_scene, urgent_rows_of_another_mailbox_are_written_next)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 2, .batch = 5, .latency_ms = 1000});
    struct sequence s = {.n = 0};
    int64_t mb[8];
    char text[64];
    for (int i = 0; i < 8; i++) {
        mb[i] = rig_mailbox(r, address_of(text, sizeof(text), i));
        rig_want(r, mb[i], 99, 1, false);
    }
    finish(r);
    for (int i = 0; i < 7; i++)
        for (int p = 0; p < 50; p++)
            rig_want(r, mb[i], p, 1, false);
    rig_run(r, 6500);
    rig_faults(r, watch, &s);
    rig_want(r, mb[7], 0, 1, true);
    rig_run(r, 3000);
    size_t at = 0;
    while (at < s.n && s.mailbox[at] != mb[7])
        at++;
    cr_expect_leq(at, 2u, "%zu requests of others went out before it", at);
    cr_expect_not_null(item_of(r, address_of(text, sizeof(text), 7), 0));
    finish(r);
}

Test(worker_scene, urgent_rows_of_a_mailbox_that_is_loading_are_written_next)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.batch = 5, .latency_ms = 1000});
    int64_t mb = rig_mailbox(r, pat);
    for (int p = 0; p < 200; p++)
        rig_want(r, mb, p, 1, false);
    rig_run(r, 8500);
    rig_want(r, mb, 300, 1, true);
    rig_run(r, 2500); /* what is out, and one more */
    cr_expect_not_null(item_of(r, pat, 300));
    cr_expect_null(item_of(r, pat, 199));
    finish(r);
}

/* A place in the ordinary line, then one in the urgent line: neither outlives the mailbox. */
Test(worker_scene, a_mailbox_that_turns_urgent_while_it_waits_leaves_nothing_behind)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 1, .batch = 2, .latency_ms = 1000});
    char text[64];
    int64_t mb[12];
    for (int i = 0; i < 12; i++)
        mb[i] = rig_mailbox(r, address_of(text, sizeof(text), i));
    for (int i = 0; i < 12; i++)
        for (int p = 0; p < 3; p++)
            rig_want(r, mb[i], p, 1, false);
    rig_run(r, 500);
    for (int i = 0; i < 12; i++)
        rig_want(r, mb[11 - i], 1, 2, true);
    rig_run(r, 20000);
    for (int i = 0; i < 12; i++)
        rig_want(r, mb[i], 2, 3, i % 2);
    finish(r);
}

/* ---- the queue ---- */

Test(worker_scene, a_partition_that_goes_elsewhere_takes_its_waiting_mailboxes_with_it)
{
    autoptr(rig_free) struct rig *r =
        rig_new(&(struct rig_options){.connections = 1, .batch = 2, .latency_ms = 500});
    char text[64];
    int64_t mb[10];
    for (int i = 0; i < 10; i++) {
        mb[i] = rig_mailbox(r, address_of(text, sizeof(text), i));
        for (int p = 0; p < 4; p++)
            rig_want(r, mb[i], p, 1, p == 3);
    }
    rig_redrive(r, false); /* messages alone must do */
    rig_run(r, 700);
    rig_workers(r, 3);
    rig_run(r, 1500);
    rig_workers(r, 1);
    rig_run(r, 1200);
    rig_workers(r, 2);
    rig_run(r, 1000);
    rig_redrive(r, true);
    finish(r);
}

Test(worker_scene, the_holder_of_a_lease_does_what_the_others_are_told)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.batch = 2, .latency_ms = 500});
    int64_t mb = rig_mailbox(r, pat);
    rig_redrive(r, false);
    for (int p = 0; p < 6; p++)
        rig_want(r, mb, p, 1, false);
    rig_run(r, 1200);
    rig_workers(r, 4); /* the partition moves, the lease does not */
    rig_run(r, 100);
    for (int p = 6; p < 12; p++)
        rig_want(r, mb, p, 1, false);
    finish(r);
    cr_expect_eq(rig_creates(r, 3), 1u);
}

Test(worker_scene, a_message_that_cannot_be_read_is_set_aside)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    rig_bytes(r, "no task");
    rig_bytes(r, "");
    rig_want(r, mb, 0, 1, false);
    finish(r);
    cr_expect_eq(rig_bytes_acked(r), 2u);
}

/* ---- stopping ---- */

struct drain_case {
    uint64_t calls;
    enum rig_fault_kind kind;
};

static struct rig_fault never_at(const struct rig_call *c, void *user)
{
    const struct drain_case *d = user;
    enum rig_fault_kind k = c->port == RIG_STORE && c->number == d->calls ? d->kind : RIG_NONE;
    return (struct rig_fault){.kind = k};
}

/* Stops after so many milliseconds. */
static void drain_at(int ms, enum rig_fault_kind kind, uint64_t call)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.batch = 2, .latency_ms = 100});
    struct drain_case d = {call, kind};
    int64_t mb = rig_mailbox(r, pat), other = rig_mailbox(r, kim);
    rig_faults(r, never_at, &d);
    for (int p = 0; p < 6; p++) {
        rig_want(r, mb, p, 1, false);
        rig_want(r, other, p, 1, p == 5);
    }
    rig_run(r, ms);
    struct rig_worker *w = rig_worker(r, 0);
    rig_want(r, mb, 7, 1, true);
    int64_t took = rig_drain(r, w);
    cr_assert(took >= 0 && took <= 9600, "at %d ms, call %d: took %d ms", ms, (int)call, (int)took);
    if (kind == RIG_NONE) {
        cr_assert_leq(took, 500, "at %d ms: took %d ms though all was answered", ms, (int)took);
        for (int64_t id = mb; id <= other; id++)
            cr_assert_eq(ledger_memory_mailbox(rig_rows(r), id)->lease_owner, NULL);
    }
    finish(r);
    for (int p = 0; p < 8; p++)
        cr_assert_leq(rig_creates(r, p), 2u, "at %d ms: person %d", ms, p);
}

Test(worker_scene, a_worker_told_to_stop_ends_what_is_out_and_gives_its_leases_back)
{
    for (int ms = 0; ms < 1000; ms += 7)
        drain_at(ms, RIG_NONE, 0);
}

Test(worker_scene, a_worker_told_to_stop_does_not_wait_for_ever)
{
    for (uint64_t call = 1; call < 12; call++)
        drain_at(900, RIG_NEVER, call);
}

Test(worker_scene, messages_that_come_while_it_stops_do_not_keep_it)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.batch = 2, .latency_ms = 300});
    int64_t mb = rig_mailbox(r, pat), other = rig_mailbox(r, kim);
    rig_want(r, mb, 0, 1, false);
    rig_run(r, 400);
    rig_want(r, other, 0, 1, false); /* on its way when the stop comes */
    cr_expect_leq(rig_drain(r, rig_worker(r, 0)), 1000);
    finish(r);
}

/* ---- time ---- */

struct slept {
    struct rig_fault late;
    bool gone;
};

static struct rig_fault late_after_sleep(const struct rig_call *c, void *user)
{
    struct slept *s = user;
    if (s->gone || strcmp(c->what, "create") != 0)
        return (struct rig_fault){.kind = RIG_NONE};
    s->gone = true;
    return s->late;
}

/* A machine sleeps between the row that says until when a write may land and the write itself. */
static void slept(uint32_t sleep_ms, uint32_t lands_after_ms)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    rig_want(r, mb, 0, 1, false);
    finish(r);
    rig_count_from_here(r);
    struct slept s = {
        .late = {.kind = RIG_STOP_LATE, .sleep_ms = sleep_ms, .delay_ms = lands_after_ms}};
    rig_faults(r, late_after_sleep, &s);
    rig_want(r, mb, 1, 1, false);
    finish(r);
    rig_run(r, 2 * RIG_DEADLINE_MS);
    cr_assert_null(rig_wrong(r), "slept %u: %s", sleep_ms, rig_wrong(r));
    cr_expect_eq(rig_creates(r, 1), 1u, "slept %u, landed %u later: made %zu times", sleep_ms,
                 lands_after_ms, rig_creates(r, 1));
}

Test(worker_scene, a_write_after_a_sleep_lands_within_its_deadline_or_is_not_sent)
{
    for (uint32_t sleep = 0; sleep <= RIG_LEASE_MS; sleep += 400)
        slept(sleep, RIG_DEADLINE_MS - 500);
}

/* A release whose answer is lost is repeated; what came in between is not part of it. */
Test(worker_scene, a_repeated_release_does_not_cover_newer_messages)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = rig_mailbox(r, pat);
    rig_redrive(r, false);
    rig_fault_first(r, "release", (struct rig_fault){.kind = RIG_AWAY_AFTER});
    rig_want(r, mb, 0, 1, false);
    rig_run(r, 150);
    rig_want(r, mb, 1, 1, false);
    finish(r);
}
