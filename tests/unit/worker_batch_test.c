#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#include "common/base/arena.h"

#include "tests/unit/core_support.h"
#include "worker/batch.h"

static const struct store_limits wide = {
    .max_create = 100, .max_update = 100, .max_delete = 100, .max_bytes = 1 << 20};
static const char body[] = "{\"v\":1,\"fileAs\":\"Rivera, Pat\",\"phoneMobile\":\"+15550100\"}";
static const char body_before[] = "{\"v\":1,\"fileAs\":\"Rivera, Pat\",\"jobTitle\":\"Cook\"}";
static struct arena *arena;

static void setup(void)
{
    arena = arena_new("test", 64 << 20);
}
static void teardown(void)
{
    arena_free(arena);
}
TestSuite(worker_batch, .init = setup, .fini = teardown);

static struct link_side a_side(uint32_t person, const char *text)
{
    struct link_side s = {.set = text != NULL, .key = guid_of(person), .cats = ""};
    s.body = text;
    if (text)
        contact_hash(text, strlen(text), &s.content);
    return s;
}

static struct ledger_link a_link(uint32_t person, const char *want, const char *have)
{
    struct ledger_link l = {.person = person, .dirty = true};
    l.want = a_side(person, want);
    l.have = a_side(person, have);
    l.item_id = have ? arena_printf(arena, "item%u", person) : NULL;
    return l;
}

static struct batch next(const struct ledger_link *l, unsigned char *marks, size_t n, uint32_t size)
{
    struct batch b;
    if (!batch_next(l, marks, n, &wide, size, "folder", arena, &b))
        b.n = 0;
    return b;
}

/* ---- what a link asks for ---- */

static const struct need_case {
    const char *name;
    bool want, body, have, dirty, intent, look;
    enum batch_need need;
    enum store_verb verb; /* with BATCH_WRITE */
} need_cases[] = {
    {"new", true, true, false, true, false, false, BATCH_WRITE, STORE_CREATE},
    {"changed", true, true, true, true, false, false, BATCH_WRITE, STORE_UPDATE},
    {"fell out", false, false, true, true, false, false, BATCH_WRITE, STORE_DELETE},
    {"clean", true, true, true, false, false, false, BATCH_NOTHING, 0},
    {"erased", true, false, false, true, false, false, BATCH_NO_CONTENT, 0},
    {"erased, item there", true, false, true, true, false, false, BATCH_NO_CONTENT, 0},
    {"never was", false, false, false, true, false, false, BATCH_NOTHING, 0},
    {"open write", true, true, true, true, true, false, BATCH_SETTLE, 0},
    {"open write, clean", true, true, true, false, true, false, BATCH_SETTLE, 0},
    {"look", true, true, true, false, false, true, BATCH_SETTLE, 0},
};

static void params_free(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(worker_batch, a_link_asks_for)
{
    size_t *v = cr_malloc(sizeof(*v) * ARRAY_LEN(need_cases));
    for (size_t i = 0; i < ARRAY_LEN(need_cases); i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, ARRAY_LEN(need_cases), params_free);
}
ParameterizedTest(const size_t *i, worker_batch, a_link_asks_for)
{
    const struct need_case *c = &need_cases[*i];
    struct ledger_link l = {.dirty = c->dirty, .intent = c->intent, .look = c->look};
    l.want.set = c->want;
    l.want.body = c->body ? body : NULL;
    l.have.set = c->have;
    cr_expect_eq(batch_need_of(&l), c->need, "%s", c->name);
    if (c->need == BATCH_WRITE)
        cr_expect_eq(batch_verb(&l), c->verb, "%s", c->name);
}

/* ---- operations ---- */

Test(worker_batch, a_create_carries_key_hash_contact_and_categories)
{
    struct ledger_link l = a_link(7, body, NULL);
    unsigned char marks[1] = {0};
    l.want.cats = "Staff";
    struct batch b = next(&l, marks, 1, 50);
    cr_assert_eq(b.n, 1u);
    struct sha256 state;
    char hash[ITEM_HASH_TEXT];
    link_state_hash(&l.want.key, &l.want.content, "Staff", &state);
    item_hash_format("folder", &state, hash);
    cr_expect_eq(b.verb, STORE_CREATE);
    cr_expect_eq(guid_cmp(&b.ops[0].key, &l.want.key), 0);
    cr_expect_str_eq(b.ops[0].hash, hash);
    cr_expect_str_eq(b.ops[0].after->f[CONTACT_PHONE_MOBILE], "+15550100");
    cr_expect_str_eq(b.ops[0].cats_after, "Staff");
    cr_expect_str_eq(b.ops[0].cats_before, "");
    cr_expect_null(b.ops[0].item_id);
    cr_expect_null(b.ops[0].before);
    cr_expect_null(b.ops[0].hash_before);
    cr_expect(b.ops[0].changed == 0 && !b.ops[0].inherits);
    cr_expect_eq(b.intents[0].op, INTENT_CREATE);
    cr_expect_eq(b.intents[0].person, 7);
    cr_expect_str_eq(b.intents[0].cats, "Staff");
    cr_expect_eq(memcmp(&b.intents[0].content, &l.want.content, sizeof(l.want.content)), 0);
    cr_expect_eq(marks[0], BATCH_TAKEN);
}

Test(worker_batch, an_update_names_the_fields_that_differ_and_the_new_key)
{
    struct ledger_link l = a_link(7, body, body_before);
    unsigned char marks[1] = {0};
    l.have.key = guid_of(99); /* a merge */
    l.have.cats = "Following";
    struct batch b = next(&l, marks, 1, 50);
    cr_assert_eq(b.n, 1u);
    cr_expect_eq(b.verb, STORE_UPDATE);
    cr_expect_eq(b.ops[0].changed, UINT64_C(1) << CONTACT_JOB_TITLE | UINT64_C(1)
                                                                          << CONTACT_PHONE_MOBILE);
    cr_expect_eq(guid_cmp(&b.ops[0].key, &l.want.key), 0);
    cr_expect_str_eq(b.ops[0].item_id, "item7");
    cr_expect_str_eq(b.ops[0].cats_before, "Following");
    cr_expect_eq(guid_cmp(&b.intents[0].key, &l.want.key), 0);
    cr_expect_eq(b.intents[0].op, INTENT_UPDATE);
    cr_expect_str_eq(b.ops[0].before->f[CONTACT_JOB_TITLE], "Cook");
}

/* Ours by its hash; without one that we know, whatever the item carries is inherited. */
Test(worker_batch, an_update_tries_again_what_the_store_did_not_take)
{
    struct ledger_link l = a_link(1, body, body);
    unsigned char marks[1] = {0};
    l.lacks = UINT64_C(1) << CONTACT_FILE_AS;
    l.want.cats = "Staff"; /* only that differs */
    struct batch b = next(&l, marks, 1, 10);
    cr_assert_eq(b.n, 1u);
    cr_expect_eq(b.ops[0].changed, UINT64_C(1) << CONTACT_FILE_AS);
}

Test(worker_batch, an_update_names_the_hash_that_the_item_has_or_takes_what_is_there)
{
    struct ledger_link l = a_link(7, body, body_before);
    unsigned char marks[1] = {0};
    struct sha256 state;
    char hash[ITEM_HASH_TEXT];
    l.version = "v3";
    link_state_hash(&l.have.key, &l.have.content, "", &state);
    item_hash_format("folder", &state, hash);
    struct batch b = next(&l, marks, 1, 50);
    cr_assert_eq(b.n, 1u);
    cr_expect_str_eq(b.ops[0].hash_before, hash);
    cr_expect_not(b.ops[0].inherits);
    cr_expect_str_eq(b.ops[0].version, "v3");
    marks[0] = BATCH_OPEN;
    memset(&l.have.content, 0, sizeof(l.have.content));
    b = next(&l, marks, 1, 50);
    cr_assert_eq(b.n, 1u);
    cr_expect_null(b.ops[0].hash_before);
    cr_expect(b.ops[0].inherits);
}

Test(worker_batch, names_of_a_side_that_is_not_set_do_not_count)
{
    struct ledger_link l[] = {a_link(7, body, NULL), a_link(8, NULL, body_before),
                              a_link(9, NULL, body_before)};
    unsigned char marks[3] = {0};
    l[0].have.cats = l[1].want.cats = l[1].have.cats = "Staff";
    l[2].have.cats = l[2].want.cats = NULL;
    struct batch b = next(l, marks, 3, 50);
    cr_expect_eq(b.verb, STORE_CREATE);
    cr_expect_str_eq(b.ops[0].cats_before, "");
    b = next(l, marks, 3, 50);
    cr_assert_eq(b.n, 2u);
    cr_expect_eq(b.verb, STORE_DELETE);
    cr_expect_str_eq(b.ops[0].cats_before, "Staff");
    cr_expect_str_eq(b.ops[1].cats_before, "", "none are known");
    for (size_t i = 0; i < 2; i++) {
        cr_expect_str_eq(b.ops[i].cats_after, "");
        cr_expect_str_eq(b.intents[i].cats, "");
    }
}

Test(worker_batch, an_item_whose_content_is_not_known_is_written_whole)
{
    struct ledger_link l = a_link(7, body, body_before);
    unsigned char marks[1] = {0};
    l.have.body = NULL;
    struct batch b = next(&l, marks, 1, 50);
    cr_assert_eq(b.n, 1u);
    cr_expect_null(b.ops[0].before);
    cr_expect_eq(b.ops[0].changed, (UINT64_C(1) << CONTACT_FIELD_COUNT) - 1);
}

Test(worker_batch, a_delete_carries_what_the_item_carries)
{
    struct ledger_link l = a_link(7, NULL, body_before);
    unsigned char marks[1] = {0};
    l.have.key = guid_of(99);
    struct batch b = next(&l, marks, 1, 50);
    cr_assert_eq(b.n, 1u);
    cr_expect_eq(b.verb, STORE_DELETE);
    cr_expect_eq(guid_cmp(&b.ops[0].key, &l.have.key), 0);
    cr_expect_eq(b.intents[0].op, INTENT_DELETE);
}

/* ---- which ones ---- */

Test(worker_batch, one_verb_a_request_and_urgent_ones_by_themselves)
{
    struct ledger_link l[] = {a_link(1, body, NULL), a_link(2, body, body_before),
                              a_link(3, body, NULL), a_link(4, NULL, body_before),
                              a_link(5, body, NULL)};
    unsigned char marks[5] = {0};
    l[0].urgent = true;
    struct batch b = next(l, marks, 5, 50);
    cr_expect_eq(b.n, 1u);
    cr_expect_eq(b.ops[0].tag, 0u);
    b = next(l, marks, 5, 50);
    cr_expect_eq(b.n, 1u);
    cr_expect_eq(b.verb, STORE_UPDATE);
    b = next(l, marks, 5, 50);
    cr_expect_eq(b.n, 2u);
    cr_expect_eq(b.verb, STORE_CREATE);
    cr_expect_eq(b.ops[1].tag, 4u);
    b = next(l, marks, 5, 50);
    cr_expect_eq(b.verb, STORE_DELETE);
    cr_expect_eq(next(l, marks, 5, 50).n, 0u);
}

Test(worker_batch, what_failed_three_times_goes_by_itself)
{
    static const struct {
        uint32_t attempts[4];
        uint32_t sizes[4]; /* of the requests in their order; 0: no more */
    } rows[] = {
        {{0, 1, 2, 0}, {4}},       {{0, 3, 0, 0}, {3, 1}},       {{3, 0, 0, 0}, {1, 3}},
        {{2, 3, 4, 2}, {2, 1, 1}}, {{9, 9, 9, 9}, {1, 1, 1, 1}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ledger_link l[4];
        unsigned char marks[4] = {0};
        for (uint32_t k = 0; k < 4; k++) {
            l[k] = a_link(k, body, NULL);
            l[k].attempts = rows[i].attempts[k];
        }
        for (size_t k = 0; k < 4; k++)
            cr_expect_eq(next(l, marks, 4, 50).n, rows[i].sizes[k], "row %zu, request %zu", i, k);
        cr_expect_eq(next(l, marks, 4, 50).n, 0u);
    }
}

Test(worker_batch, sizes_keep_to_the_smaller_limit)
{
    struct ledger_link l[30];
    const struct store_limits narrow = {
        .max_create = 7, .max_update = 100, .max_delete = 100, .max_bytes = 1 << 20};
    struct batch b;
    unsigned char marks[30] = {0};
    for (uint32_t i = 0; i < 30; i++)
        l[i] = a_link(i, body, NULL);
    cr_expect_eq(next(l, marks, 30, 11).n, 11u);
    cr_expect(batch_next(l, marks, 30, &narrow, 11, "folder", arena, &b));
    cr_expect_eq(b.n, 7u);
    cr_expect_eq(b.ops[0].tag, 11u);
}

Test(worker_batch, each_verb_has_its_limit)
{
    const struct store_limits lim = {
        .max_create = 2, .max_update = 3, .max_delete = 4, .max_bytes = 1 << 20};
    for (int verb = 0; verb < 3; verb++) {
        struct ledger_link l[9];
        unsigned char marks[9] = {0};
        struct batch b;
        for (uint32_t i = 0; i < 9; i++)
            l[i] = a_link(i, verb == 2 ? NULL : body, verb == 0 ? NULL : body_before);
        cr_assert(batch_next(l, marks, 9, &lim, 50, "folder", arena, &b));
        cr_expect_eq(b.n, (size_t)verb + 2);
    }
}

/* So many bytes are reckoned for one: exactly two fit, or one where a byte is missing. */
Test(worker_batch, what_one_operation_adds_to_a_request)
{
    const size_t text = 2048 + 4 * (sizeof(body) - 1) + 2 * strlen("Staff"), id = strlen("item1");
    const size_t one[] = {text, text + id, 128 + id};
    for (int verb = 0; verb < 3; verb++) {
        for (size_t less = 0; less < 2; less++) {
            struct store_limits lim = wide;
            struct ledger_link l[3];
            unsigned char marks[3] = {0};
            struct batch b;
            lim.max_bytes = 2 * one[verb] - less;
            for (uint32_t i = 0; i < 3; i++) {
                l[i] = a_link(i, verb == 2 ? NULL : body, verb == 0 ? NULL : body_before);
                l[i].want.cats = "Staff";
            }
            cr_assert(batch_next(l, marks, 3, &lim, 50, "folder", arena, &b));
            cr_expect_eq(b.n, 2 - less, "verb %d", verb);
        }
    }
}

Test(worker_batch, bytes_have_a_limit_but_one_always_fits)
{
    struct ledger_link l[10];
    unsigned char marks[10] = {0};
    const struct store_limits lim = {
        .max_create = 100, .max_update = 100, .max_delete = 100, .max_bytes = 6000};
    struct batch b;
    size_t seen = 0;
    for (uint32_t i = 0; i < 10; i++)
        l[i] = a_link(i, body, NULL);
    while (batch_next(l, marks, 10, &lim, 50, "folder", arena, &b)) {
        cr_expect(b.n >= 1 && b.n <= 3);
        seen += b.n;
    }
    cr_expect_eq(seen, 10u);
}

Test(worker_batch, what_cannot_be_read_is_set_aside_and_holds_nobody_up)
{
    struct ledger_link l[] = {a_link(1, "{}", NULL), a_link(2, body, NULL),
                              a_link(3, "{\"v\":9}", NULL), a_link(4, body, NULL)};
    unsigned char marks[4] = {0};
    struct batch b = next(l, marks, 4, 50);
    cr_assert_eq(b.n, 2u);
    cr_expect_eq(b.ops[0].tag, 1u);
    cr_expect_eq(b.ops[1].tag, 3u);
    cr_expect_eq(marks[0], BATCH_UNUSABLE);
    cr_expect_eq(marks[2], BATCH_UNUSABLE);
    unsigned char none[1] = {0};
    cr_expect_eq(next(l, none, 1, 50).n, 0u);
    cr_expect_eq(none[0], BATCH_UNUSABLE);
}

Test(worker_batch, links_to_be_settled_first_are_left_alone)
{
    struct ledger_link l[] = {a_link(1, body, NULL), a_link(2, body, NULL)};
    unsigned char marks[2] = {0};
    l[0].intent = true;
    struct batch b = next(l, marks, 2, 50);
    cr_expect_eq(b.n, 1u);
    cr_expect_eq(b.ops[0].tag, 1u);
    cr_expect_eq(marks[0], BATCH_OPEN);
}

/* Whatever the mix: every writable link is in exactly one batch. */
Test(worker_batch, nobody_is_forgotten_and_nobody_comes_twice)
{
    uint64_t seed = 5;
    for (int round = 0; round < 200; round++) {
        struct ledger_link l[40];
        unsigned char marks[40] = {0}, seen[40] = {0};
        arena_reset(arena);
        for (uint32_t i = 0; i < 40; i++) {
            l[i] = a_link(i, rnd(&seed) % 4 ? body : NULL, rnd(&seed) % 2 ? body_before : NULL);
            l[i].urgent = rnd(&seed) % 5 == 0;
            l[i].dirty = rnd(&seed) % 6 != 0;
            l[i].intent = rnd(&seed) % 9 == 0;
        }
        for (;;) {
            struct batch b = next(l, marks, 40, 1 + (uint32_t)(rnd(&seed) % 9));
            if (!b.n)
                break;
            for (size_t i = 0; i < b.n; i++) {
                seen[b.ops[i].tag]++;
                cr_assert_eq(b.intents[i].person, (int64_t)b.ops[i].tag);
                cr_assert_eq(batch_verb(&l[b.ops[i].tag]), b.verb);
                cr_assert_eq(l[b.ops[i].tag].urgent, l[b.ops[0].tag].urgent);
            }
        }
        for (size_t i = 0; i < 40; i++)
            cr_assert_eq(seen[i], batch_need_of(&l[i]) == BATCH_WRITE, "round %d, link %zu", round,
                         i);
    }
}
