#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "tests/contract/contact_store_contract.c"
#include "tests/contract/memory_host.h"
#include "worker/memory/faulty_store.h"

static struct contract_host h;
static struct clock_fake fake;

/* Over a memory store on a clock that the test moves. */
static void open_faulty(const struct faulty_fault *faults, size_t n)
{
    struct faulty_plan plan = {.faults = faults, .n = n};
    clock_fake_init(&fake, 1000000);
    open_host(&h, loop_new(&fake.clock));
    h.store = faulty_store_new(h.loop, h.store, &plan);
    keep = arena_new("contract", (size_t)64 << 20);
}

static void close_faulty(void)
{
    contact_store_free(h.store);
    loop_free(h.loop);
    arena_free(keep);
}

static void turn(void)
{
    while (loop_turn(h.loop, 0) > 0)
        ;
}

static struct applied a;
static struct store_mailbox mb;

static void begin_create(const struct store_op *ops, size_t n)
{
    a = (struct applied){0};
    mb = mailbox(&h);
    h.store->ops->apply(h.store, &mb, STORE_CREATE, ops, n, TIMEOUT_MS, on_applied, &a);
    turn();
}

ParameterizedTestParameters(contact_store_faulty, keeps_the_contract_without_faults)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i, contact_store_faulty, keeps_the_contract_without_faults)
{
    open_faulty(NULL, 0);
    contact_store_contract[*i].run(&h);
    close_faulty();
}

static const struct kind_case {
    const char *name;
    struct faulty_fault fault;
    bool answered;            /* without the clock moving */
    enum outcome first, last; /* then, of three creates */
    size_t there;             /* items, then */
    bool answered_later;      /* after the delay */
    size_t there_later;
} kinds[] = {
    {"fail",
     {.call = 1, .kind = FAULTY_FAIL, .outcome = OUT_RETRY_LATER},
     true,
     OUT_RETRY_LATER,
     OUT_RETRY_LATER,
     0,
     true,
     0},
    {"unknown before",
     {.call = 1, .kind = FAULTY_UNKNOWN_BEFORE},
     true,
     OUT_UNKNOWN,
     OUT_UNKNOWN,
     0,
     true,
     0},
    {"unknown after",
     {.call = 1, .kind = FAULTY_UNKNOWN_AFTER},
     true,
     OUT_UNKNOWN,
     OUT_UNKNOWN,
     3,
     true,
     3},
    {"late",
     {.call = 1, .kind = FAULTY_LATE, .delay_ms = 500},
     true,
     OUT_UNKNOWN,
     OUT_UNKNOWN,
     0,
     true,
     3},
    {"delay",
     {.call = 1, .kind = FAULTY_DELAY, .delay_ms = 500},
     false,
     OUT_DONE,
     OUT_DONE,
     3,
     true,
     3},
    {"never", {.call = 1, .kind = FAULTY_NEVER}, false, OUT_DONE, OUT_DONE, 3, false, 3},
    {"partial",
     {.call = 1, .kind = FAULTY_PARTIAL, .outcome = OUT_NOT_TRIED, .items = 1},
     true,
     OUT_DONE,
     OUT_NOT_TRIED,
     1,
     true,
     1},
    {"partial of none",
     {.call = 1, .kind = FAULTY_PARTIAL, .outcome = OUT_NOT_TRIED},
     true,
     OUT_NOT_TRIED,
     OUT_NOT_TRIED,
     0,
     true,
     0},
    {"another call", {.call = 2, .kind = FAULTY_FAIL}, true, OUT_DONE, OUT_DONE, 3, true, 3},
    {"every call",
     {.call = 0, .kind = FAULTY_FAIL, .outcome = OUT_STOP},
     true,
     OUT_STOP,
     OUT_STOP,
     0,
     true,
     0},
    {"another verb",
     {.call = 1, .verbs = FAULTY_VERB(STORE_UPDATE), .kind = FAULTY_FAIL},
     true,
     OUT_DONE,
     OUT_DONE,
     3,
     true,
     3},
    {"this verb",
     {.call = 1, .verbs = FAULTY_VERB(STORE_CREATE), .kind = FAULTY_FAIL, .outcome = OUT_SPLIT},
     true,
     OUT_SPLIT,
     OUT_SPLIT,
     0,
     true,
     0},
};

ParameterizedTestParameters(contact_store_faulty, does_each_kind_of_harm)
{
    size_t n = ARRAY_LEN(kinds), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, contact_store_faulty, does_each_kind_of_harm)
{
    const struct kind_case *k = &kinds[*i];
    struct contact changing = small;
    struct store_op ops[] = {an_op(1, &small), an_op(2, &changing), an_op(3, &small)};
    open_faulty(&k->fault, 1);
    begin_create(ops, 3);
    cr_assert_eq(a.done, k->answered, "%s", k->name);
    cr_expect_eq(count(&h), k->there, "%s: %zu", k->name, count(&h));
    if (k->answered)
        changing.f[CONTACT_SURNAME] = "the caller's own again";
    clock_fake_advance(&fake, 500);
    turn();
    cr_assert_eq(a.done, k->answered_later, "%s", k->name);
    cr_expect_eq(count(&h), k->there_later, "%s: %zu", k->name, count(&h));
    const struct memory_item *it = memory_store_by_key(h.state, h.address, &ops[1].key);
    cr_expect(!it || strcmp(it->field[CONTACT_SURNAME], "Lee") == 0, "%s", k->name);
    if (!a.done) {
        h.store->ops->cancel(h.store);
        cr_assert(a.done);
        cr_expect_eq(a.r[0].outcome, OUT_UNKNOWN);
    } else {
        cr_expect_str_eq(outcome_name(a.r[0].outcome), outcome_name(k->first), "%s", k->name);
        cr_expect_str_eq(outcome_name(a.r[2].outcome), outcome_name(k->last), "%s", k->name);
        cr_expect_eq(a.r[0].item_id != NULL, k->first == OUT_DONE, "%s", k->name);
    }
    cr_expect_eq(a.times, 1u);
    cr_expect_eq(faulty_store_calls(h.store), 1u);
    close_faulty();
}

Test(contact_store_faulty, asks_for_leave_before_it_does_harm)
{
    struct faulty_fault faults[] = {{.call = 1, .kind = FAULTY_UNKNOWN_BEFORE},
                                    {.call = 2, .kind = FAULTY_LATE, .delay_ms = 5},
                                    {.call = 3, .kind = FAULTY_FAIL}};
    struct store_op op = an_op(1, &small);
    unsigned asked = 0;
    open_faulty(faults, 3);
    struct store_mailbox fenced = mailbox(&h);
    fenced.may_send = no;
    fenced.user = &asked;
    for (unsigned i = 1; i <= 3; i++) {
        struct applied r = apply_to(&h, &fenced, STORE_CREATE, &op, 1);
        cr_expect_eq(r.r[0].outcome, OUT_NOT_TRIED);
        cr_expect_str_eq(r.r[0].err.code, "fenced");
        cr_expect_eq(asked, i);
    }
    clock_fake_advance(&fake, 5);
    turn();
    cr_expect_eq(count(&h), 0u);
    close_faulty();
}

Test(contact_store_faulty, a_read_that_would_be_unknown_is_for_later)
{
    struct faulty_fault faults[] = {
        {.call = 1, .verbs = FAULTY_LIST, .kind = FAULTY_UNKNOWN_AFTER},
        {.call = 2,
         .verbs = FAULTY_IDENTIFY,
         .kind = FAULTY_FAIL,
         .outcome = OUT_PARK,
         .after_ms = 7000},
        {.call = 3, .verbs = FAULTY_LIST, .kind = FAULTY_LATE, .delay_ms = 5}};
    open_faulty(faults, 3);
    struct store_mailbox m = mailbox(&h);
    cr_expect_eq(list_in(&h, &m, NULL, 0).outcome, OUT_RETRY_LATER);
    struct identified i = identify(&h, &m);
    cr_expect_eq(i.outcome, OUT_PARK);
    cr_expect_eq(i.err.after_ms, 7000u);
    cr_expect_eq(list_in(&h, &m, NULL, 0).outcome, OUT_DONE);
    close_faulty();
}

static struct faulty_fault every_third(uint64_t call, unsigned verb, size_t n, void *user)
{
    (void)verb, (void)n, ++*(unsigned *)user;
    return (struct faulty_fault){.kind = call % 3 == 0 ? FAULTY_UNKNOWN_AFTER : FAULTY_NONE};
}

Test(contact_store_faulty, a_function_may_decide)
{
    unsigned asked = 0;
    struct faulty_plan plan = {.decide = every_third, .user = &asked};
    clock_fake_init(&fake, 1000000);
    open_host(&h, loop_new(&fake.clock));
    h.store = faulty_store_new(h.loop, h.store, &plan);
    keep = arena_new("contract", (size_t)64 << 20);
    for (unsigned i = 1; i <= 6; i++) {
        struct store_op op = an_op(i, &small);
        begin_create(&op, 1);
        cr_expect_eq(a.r[0].outcome, i % 3 ? OUT_DONE : OUT_UNKNOWN);
    }
    cr_expect_eq(asked, 6u);
    cr_expect_eq(count(&h), 6u);
    close_faulty();
}

Test(contact_store_faulty, a_photo_that_comes_late_is_a_copy)
{
    struct faulty_fault late = {.verbs = FAULTY_PHOTO, .kind = FAULTY_LATE, .delay_ms = 500};
    open_faulty(&late, 1);
    struct store_op op = created(&h, 1, &small, "");
    char mark[] = "aa", jpeg[] = "\xff\xd8";
    struct store_photo p = {
        .tag = 7, .item_id = op.item_id, .mark = mark, .jpeg = jpeg, .len = sizeof(jpeg)};
    mb = mailbox(&h);
    a = (struct applied){0};
    h.store->ops->photo(h.store, &mb, &p, 1, TIMEOUT_MS, on_applied, &a);
    turn();
    cr_assert(a.done);
    cr_expect_eq(a.r[0].outcome, OUT_UNKNOWN);
    cr_expect_eq(a.r[0].tag, 7u);
    mark[0] = 'b';
    cr_expect_null(item(&h, op.item_id)->photo);
    clock_fake_advance(&fake, 500);
    turn();
    cr_expect_str_eq(item(&h, op.item_id)->photo, "aa");
    close_faulty();
}
