/*
 * Schedules from a seed: several workers and mailboxes, a planner that changes its mind, and calls
 * that go wrong by chance. Once the faults end, everything comes to rest as the rows want it.
 *
 * CONTACT_SYNC_SEED=n runs that one schedule, CONTACT_SYNC_SEEDS=n so many.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/worker_rig_use.h"
#include "tests/unit/core_support.h"

enum { SEEDS = 400, SHARES = 8, BOXES = 3, PEOPLE = 12, STEPS = 30 };

struct schedule {
    uint64_t seed;
    uint64_t one_in; /* calls that go wrong */
    struct rig *r;
    int64_t mb[BOXES];
};

/* Together at most the server's deadline: what a call may take from its flight to its effect. */
enum { FREEZE_MAX_MS = 14000, LATE_MAX_MS = 23000 };

static struct rig_fault store_fault(struct schedule *s)
{
    static const enum outcome outcomes[] = {OUT_NOT_TRIED,   OUT_RETRY_SOON, OUT_RETRY_LATER,
                                            OUT_GONE,        OUT_CONFLICT,   OUT_PARK,
                                            OUT_FOLDER_LOST, OUT_UNKNOWN,    OUT_STOP};
    static const enum rig_fault_kind kinds[] = {
        RIG_STOP_BEFORE, RIG_STOP_AFTER,     RIG_STOP_LATE,     RIG_FREEZE, RIG_OUTCOME,
        RIG_OUTCOME,     RIG_UNKNOWN_BEFORE, RIG_UNKNOWN_AFTER, RIG_LATE,   RIG_PARTIAL};
    struct rig_fault f = {.kind = kinds[rnd_below(&s->seed, ARRAY_LEN(kinds))],
                          .outcome = outcomes[rnd_below(&s->seed, ARRAY_LEN(outcomes))],
                          .scope = SCOPE_ITEM + rnd_below(&s->seed, 3),
                          .code = "http.503",
                          .items = rnd_below(&s->seed, 3)};
    f.delay_ms = (uint32_t)rnd_below(&s->seed, f.kind == RIG_FREEZE ? FREEZE_MAX_MS : LATE_MAX_MS);
    if (rnd_below(&s->seed, 4) == 0)
        f.after_ms = (uint32_t)rnd_below(&s->seed, 5000);
    return f;
}

static struct rig_fault ledger_fault(struct schedule *s)
{
    static const enum rig_fault_kind kinds[] = {RIG_STOP_BEFORE, RIG_STOP_AFTER, RIG_AWAY_BEFORE,
                                                RIG_AWAY_AFTER,  RIG_FENCE,      RIG_FREEZE};
    return (struct rig_fault){.kind = kinds[rnd_below(&s->seed, ARRAY_LEN(kinds))],
                              .delay_ms = (uint32_t)rnd_below(&s->seed, 2 * RIG_LEASE_MS)};
}

static struct rig_fault by_chance(const struct rig_call *c, void *user)
{
    struct schedule *s = user;
    if (!s->one_in || rnd_below(&s->seed, s->one_in))
        return (struct rig_fault){.kind = RIG_NONE};
    return c->port == RIG_STORE ? store_fault(s) : ledger_fault(s);
}

static void plan(struct schedule *s)
{
    int64_t mb = s->mb[rnd_below(&s->seed, BOXES)];
    size_t n = 1 + rnd_below(&s->seed, 8);
    bool urgent = rnd_below(&s->seed, 5) == 0;
    for (size_t i = 0; i < n; i++) {
        int version = (int)rnd_below(&s->seed, 5); /* 0: not at all */
        rig_want(s->r, mb, (int)rnd_below(&s->seed, PEOPLE), version, urgent);
    }
}

static void some_worker(struct schedule *s, void (*do_it)(struct schedule *, struct rig_worker *))
{
    struct rig_worker *w = rig_worker(s->r, rnd_below(&s->seed, 3));
    if (w)
        do_it(s, w);
}

static void kill_it(struct schedule *s, struct rig_worker *w)
{
    (void)s;
    rig_kill(w);
}

static void drain_it(struct schedule *s, struct rig_worker *w)
{
    rig_drain(s->r, w); /* it may die, or stand still, meanwhile */
}

static void step(struct schedule *s)
{
    switch (rnd_below(&s->seed, 10)) {
    case 0:
        some_worker(s, kill_it);
        break;
    case 1:
        some_worker(s, drain_it);
        break;
    case 2:
        rig_workers(s->r, 1 + (uint32_t)rnd_below(&s->seed, 3));
        break;
    default:
        plan(s);
    }
    static const int64_t waits[] = {0, 5, 30, 200, 1500, 20000};
    rig_run(s->r, waits[rnd_below(&s->seed, ARRAY_LEN(waits))]);
}

static void run(uint64_t seed)
{
    struct schedule s = {.seed = seed * 1000003};
    const struct rig_options o = {.workers = 1 + (uint32_t)rnd_below(&s.seed, 3),
                                  .connections = 1 + (uint32_t)rnd_below(&s.seed, 4),
                                  .batch = 1 + (uint32_t)rnd_below(&s.seed, 6),
                                  .latency_ms = 1 + (uint32_t)rnd_below(&s.seed, 300)};
    autoptr(rig_free) struct rig *r = s.r = rig_new(&o);
    static const uint64_t chances[] = {0, 50, 20, 8, 4};
    for (int i = 0; i < BOXES; i++) {
        char text[32];
        snprintf(text, sizeof(text), "user%d@church.example", i);
        s.mb[i] = rig_mailbox(r, text);
    }
    s.one_in = chances[rnd_below(&s.seed, ARRAY_LEN(chances))];
    rig_faults(r, by_chance, &s);
    for (int i = 0; i < STEPS; i++)
        step(&s);
    rig_faults(r, NULL, NULL);
    const char *wrong = rig_finish(r);
    cr_assert_null(wrong, "CONTACT_SYNC_SEED=%llu: %s", (unsigned long long)seed, wrong);
}

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

static void params_free(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(worker_random, everything_comes_to_rest_as_the_rows_want_it)
{
    size_t *v = cr_malloc(SHARES * sizeof(*v));
    for (size_t i = 0; i < SHARES; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, SHARES, params_free);
}
ParameterizedTest(const size_t *share, worker_random, everything_comes_to_rest_as_the_rows_want_it)
{
    uint64_t one = number_of("CONTACT_SYNC_SEED"), n = number_of("CONTACT_SYNC_SEEDS");
    if (one) {
        if (*share == 0)
            run(one);
        return;
    }
    for (uint64_t seed = 1 + *share; seed <= (n ? n : SEEDS); seed += SHARES)
        run(seed);
}
