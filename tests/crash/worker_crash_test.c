/*
 * Whatever call of a worker goes wrong, and however: at rest each mailbox holds exactly what its
 * rows want (design section 6). A clean run of a scenario counts the calls; then each of them goes
 * wrong once, in each way of the table.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/worker_rig_use.h"

/* ---- scenarios ---- */

enum { PEOPLE = 12 };
static const char *const address = "pat@church.example";

static int64_t a_mailbox(struct rig *r)
{
    static const struct contact own = {{[CONTACT_SURNAME] = "Own"}};
    int64_t mb = rig_mailbox(r, address);
    memory_store_user_adds(rig_server(r), address, &own, "Golf");
    rig_foreign(r, mb, 1);
    return mb;
}

static void synced(struct rig *r, int64_t mb, int people)
{
    for (int i = 0; i < people; i++)
        rig_want(r, mb, i, 1, false);
    const char *wrong = rig_finish(r);
    cr_assert_null(wrong, "before it began: %s", wrong);
}

static void first_load(struct rig *r, int64_t mb)
{
    for (int i = 0; i < 6; i++)
        rig_want(r, mb, i, 1, false);
}

static void six_synced(struct rig *r, int64_t mb)
{
    synced(r, mb, 6);
}

static void changes(struct rig *r, int64_t mb)
{
    rig_want(r, mb, 0, 2, false);
    rig_want(r, mb, 1, 3, false);
    rig_want(r, mb, 2, 0, false);
    rig_want(r, mb, 3, 0, false);
    rig_want(r, mb, 6, 1, false);
    rig_want(r, mb, 7, 1, false);
    rig_want(r, mb, 8, 1, true);
}

/* After a merge the survivor's row has the other's item. */
static void merged(struct rig *r, int64_t mb)
{
    struct guid from = rig_key(0), to = rig_key(9);
    struct ledger_memory_link *old =
        ledger_memory_link(rig_rows(r), mb, ledger_memory_person(rig_rows(r), &from));
    rig_want(r, mb, 9, 2, false);
    struct ledger_memory_link *l =
        ledger_memory_link(rig_rows(r), mb, ledger_memory_person(rig_rows(r), &to));
    l->have = old->have;
    l->item_id = old->item_id;
    l->version = old->version;
    memset(&old->have, 0, sizeof(old->have));
    old->item_id = old->version = NULL;
    old->want.set = false;
}

/* The rows are of yesterday: they know nothing of 4 and 5, hold 0 for what it was, and miss that 2
 * went. */
static void yesterday(struct rig *r, int64_t mb)
{
    synced(r, mb, 4);
    struct ledger_memory_rows *rows = rig_rows(r);
    struct ledger_memory_link copy[4];
    for (size_t i = 0; i < 4; i++)
        copy[i] = *ledger_memory_link_at(rows, mb, i);
    rig_want(r, mb, 0, 4, false);
    rig_want(r, mb, 2, 0, false);
    rig_want(r, mb, 4, 1, false);
    rig_want(r, mb, 5, 1, false);
    const char *wrong = rig_finish(r);
    cr_assert_null(wrong, "before it began: %s", wrong);
    for (size_t i = 0; i < 6; i++) {
        struct ledger_memory_link *l = ledger_memory_link_at(rows, mb, i);
        if (i < 4) {
            *l = copy[i];
            continue;
        }
        l->want.set = l->have.set = false;
        l->item_id = l->version = NULL;
    }
    ledger_memory_mailbox(rows, mb)->gen = 4;
}

static void restored(struct rig *r, int64_t mb)
{
    ++*ledger_memory_generation(rig_rows(r));
    for (int i = 0; i < 6; i++)
        rig_want(r, mb, i, i == 2 ? 0 : 3, false);
}

/* Nobody said that the database was restored: a message tells. */
static void ahead(struct rig *r, int64_t mb)
{
    rig_message(r, mb, 5, 99, false);
    for (int i = 3; i < 6; i++)
        rig_want(r, mb, i, 1, false);
}

static void pictures(struct rig *r, int64_t mb)
{
    for (int i = 0; i < 6; i++)
        rig_photo(r, mb, i, 1);
}

static void six_pictured(struct rig *r, int64_t mb)
{
    synced(r, mb, 6);
    pictures(r, mb);
    const char *wrong = rig_finish(r);
    cr_assert_null(wrong, "before it began: %s", wrong);
}

static void pictures_change(struct rig *r, int64_t mb)
{
    for (int i = 0; i < 4; i++)
        rig_photo(r, mb, i, i < 2 ? 2 : 0);
}

/* Contacts that go, change and come, with their pictures. */
static void both(struct rig *r, int64_t mb)
{
    pictures_change(r, mb);
    changes(r, mb);
    rig_photo_only(r, 6, 1);
    rig_photo_only(r, 7, 1);
}

static const struct scenario {
    const char *name;
    void (*before)(struct rig *r, int64_t mb); /* NULL: an empty mailbox */
    void (*act)(struct rig *r, int64_t mb);
    uint64_t
        said_at; /* ledger call that makes durable what only the message said; 0: rows say all */
} scenarios[] = {
    {"first load", NULL, first_load, 0},
    {"changes", six_synced, changes, 0},
    {"merge", six_synced, merged, 0},
    {"restored", yesterday, restored, 0},
    {"message ahead of its row", yesterday, ahead, 2},
    {"pictures", six_synced, pictures, 0},
    {"pictures change", six_pictured, pictures_change, 0},
    {"contacts and pictures", six_pictured, both, 0},
};

/* ---- faults ---- */

static const struct fault_case {
    const char *name;
    enum rig_port port;
    struct rig_fault f;
} faults[] = {
    {"stop before", RIG_STORE, {.kind = RIG_STOP_BEFORE}},
    {"stop after", RIG_STORE, {.kind = RIG_STOP_AFTER}},
    {"stop, done later", RIG_STORE, {.kind = RIG_STOP_LATE, .delay_ms = 3000}},
    {"stop, done at the end of the deadline",
     RIG_STORE,
     {.kind = RIG_STOP_LATE, .delay_ms = 23000}},
    {"frozen within the lease", RIG_STORE, {.kind = RIG_FREEZE, .delay_ms = 6000}},
    {"frozen to the end of the lease", RIG_STORE, {.kind = RIG_FREEZE, .delay_ms = 11000}},
    {"frozen past the lease", RIG_STORE, {.kind = RIG_FREEZE, .delay_ms = 60000}},
    {"unknown, not done", RIG_STORE, {.kind = RIG_UNKNOWN_BEFORE}},
    {"unknown, done", RIG_STORE, {.kind = RIG_UNKNOWN_AFTER}},
    {"unknown, done later", RIG_STORE, {.kind = RIG_LATE, .delay_ms = 5000}},
    {"unknown, done at the end", RIG_STORE, {.kind = RIG_LATE, .delay_ms = 23000}},
    {"not tried", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_NOT_TRIED}},
    {"not tried, endpoint",
     RIG_STORE,
     {.kind = RIG_OUTCOME, .outcome = OUT_NOT_TRIED, .scope = SCOPE_REMOTE}},
    {"retry soon", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_SOON}},
    {"retry later", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER}},
    {"retry later, named time",
     RIG_STORE,
     {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .after_ms = 7000}},
    {"retry later, endpoint",
     RIG_STORE,
     {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_REMOTE}},
    {"retry later, items",
     RIG_STORE,
     {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .scope = SCOPE_ITEM}},
    {"gone", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_GONE, .scope = SCOPE_ITEM}},
    {"conflict", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_CONFLICT, .scope = SCOPE_ITEM}},
    {"split", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_SPLIT}},
    {"park", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_PARK}},
    {"stop of the account",
     RIG_STORE,
     {.kind = RIG_OUTCOME, .outcome = OUT_STOP, .scope = SCOPE_PROCESS, .code = "http.403"}},
    {"folder lost", RIG_STORE, {.kind = RIG_OUTCOME, .outcome = OUT_FOLDER_LOST}},
    {"half done, rest unknown",
     RIG_STORE,
     {.kind = RIG_PARTIAL, .outcome = OUT_UNKNOWN, .items = 1}},
    {"half done, rest not tried",
     RIG_STORE,
     {.kind = RIG_PARTIAL, .outcome = OUT_NOT_TRIED, .items = 1}},
    {"half done, rest later",
     RIG_STORE,
     {.kind = RIG_PARTIAL, .outcome = OUT_RETRY_LATER, .items = 1}},
    {"half done, rest busy",
     RIG_STORE,
     {.kind = RIG_PARTIAL,
      .outcome = OUT_RETRY_LATER,
      .scope = SCOPE_MAILBOX,
      .after_ms = 500,
      .items = 1}},
    {"half done, rest gone", RIG_STORE, {.kind = RIG_PARTIAL, .outcome = OUT_GONE, .items = 1}},
    {"half done, rest conflicts",
     RIG_STORE,
     {.kind = RIG_PARTIAL, .outcome = OUT_CONFLICT, .items = 1}},
    {"rows: stop before", RIG_LEDGER, {.kind = RIG_STOP_BEFORE}},
    {"rows: stop after", RIG_LEDGER, {.kind = RIG_STOP_AFTER}},
    {"rows: away, not done", RIG_LEDGER, {.kind = RIG_AWAY_BEFORE}},
    {"rows: away, done", RIG_LEDGER, {.kind = RIG_AWAY_AFTER}},
    {"rows: another took over", RIG_LEDGER, {.kind = RIG_FENCE}},
    {"rows: answer within the lease", RIG_LEDGER, {.kind = RIG_FREEZE, .delay_ms = 6000}},
    {"rows: answer after the lease", RIG_LEDGER, {.kind = RIG_FREEZE, .delay_ms = 60000}},
};

struct nth {
    const struct fault_case *c;
    uint64_t number;
};

static struct rig_fault at_nth(const struct rig_call *call, void *user)
{
    const struct nth *f = user;
    if (f->c && call->port == f->c->port && call->number == f->number)
        return f->c->f;
    return (struct rig_fault){.kind = RIG_NONE};
}

/* One run. Returns how many calls the port of the fault had. */
static uint64_t run_with(const struct scenario *s, const struct fault_case *c, uint64_t number)
{
    autoptr(rig_free) struct rig *r = rig_new(&(struct rig_options){.batch = 2});
    struct nth f = {number ? c : NULL, number};
    int64_t mb = a_mailbox(r);
    if (s->before)
        s->before(r, mb);
    rig_faults(r, at_nth, &f);
    rig_count_from_here(r);
    s->act(r, mb);
    const char *wrong = rig_finish(r);
    rig_run(r, 2 * RIG_LEASE_MS); /* whatever was left behind shows itself */
    wrong = wrong ? wrong : rig_wrong(r);
    cr_assert_null(wrong, "%s, %s, call %d: %s", s->name, c->name, (int)number, wrong);
    for (int i = 0; i < PEOPLE; i++)
        cr_assert_leq(rig_creates(r, i), 1u, "%s, %s, call %d: person %d made %zu times", s->name,
                      c->name, (int)number, i, rig_creates(r, i));
    return rig_calls(r, c->port);
}

static void params_free(struct criterion_test_params *p)
{
    cr_free(p->params);
}

static struct criterion_test_params pairs(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n, params_free);
}

ParameterizedTestParameters(worker_crash, one_call_goes_wrong)
{
    return pairs(ARRAY_LEN(scenarios) * ARRAY_LEN(faults));
}
ParameterizedTest(const size_t *i, worker_crash, one_call_goes_wrong)
{
    const struct scenario *s = &scenarios[*i / ARRAY_LEN(faults)];
    const struct fault_case *c = &faults[*i % ARRAY_LEN(faults)];
    uint64_t calls = run_with(s, c, 0);
    cr_assert_gt(calls, 0u);
    for (uint64_t n = 1; n <= calls; n++) {
        /* A worker that loses its lease before that loses the hint as well: the next one finds the
         * lease taken and lets the message go. `migrate --after-restore` is what operators run. */
        bool lost = c->f.kind == RIG_STOP_BEFORE || c->f.kind == RIG_STOP_AFTER ||
                    c->f.kind == RIG_FENCE || c->f.kind == RIG_FREEZE;
        if (c->port == RIG_STORE || !lost || n > s->said_at)
            run_with(s, c, n);
    }
}
