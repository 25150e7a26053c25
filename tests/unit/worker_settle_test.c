#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#include "tests/unit/settle_support.h"

/* ---- one link, one item or none ---- */

enum verdict {
    AGAIN,        /* one more look */
    NOTHING,      /* nothing is there */
    HAS_INTENDED, /* the write arrived */
    HAS_BEFORE,   /* it did not */
    HAS_UNKNOWN,  /* an item, its content not known */
};

static const struct one_case {
    const char *name;
    enum intent_op op;
    uint32_t looks;
    enum item_kind item;
    enum verdict verdict;
} one_cases[] = {
    {"create, none, first look", INTENT_CREATE, 0, NO_ITEM, AGAIN},
    {"create, none, second look", INTENT_CREATE, 1, NO_ITEM, NOTHING},
    {"create, none, later look", INTENT_CREATE, 7, NO_ITEM, NOTHING},
    {"create, arrived", INTENT_CREATE, 0, ITEM_INTENDED, HAS_INTENDED},
    {"create, arrived late", INTENT_CREATE, 1, ITEM_INTENDED, HAS_INTENDED},
    {"create, another content", INTENT_CREATE, 0, ITEM_OTHER, HAS_UNKNOWN},
    {"create, no hash", INTENT_CREATE, 0, ITEM_UNHASHED, HAS_UNKNOWN},
    {"create, another person", INTENT_CREATE, 0, ITEM_OTHER_KEY, AGAIN},
    {"update, arrived", INTENT_UPDATE, 0, ITEM_INTENDED, HAS_INTENDED},
    {"update, not arrived", INTENT_UPDATE, 0, ITEM_BEFORE, HAS_BEFORE},
    {"update, another content", INTENT_UPDATE, 0, ITEM_OTHER, HAS_UNKNOWN},
    {"update, no hash", INTENT_UPDATE, 0, ITEM_UNHASHED, HAS_UNKNOWN},
    {"update, gone, first look", INTENT_UPDATE, 0, NO_ITEM, AGAIN},
    {"delete, arrived, first look", INTENT_DELETE, 0, NO_ITEM, AGAIN},
    {"delete, arrived, second look", INTENT_DELETE, 1, NO_ITEM, NOTHING},
    {"delete, not arrived", INTENT_DELETE, 0, ITEM_BEFORE, HAS_BEFORE},
    {"delete, another content", INTENT_DELETE, 1, ITEM_OTHER, HAS_UNKNOWN},
};

ParameterizedTestParameters(worker_settle, an_open_write_and_what_is_there)
{
    return indexes(ARRAY_LEN(one_cases));
}

static void
expect_there(const struct one_case *c, const struct ledger_result *r, const struct ledger_link *l)
{
    cr_expect(r->set_have && r->have.set && r->clear_intent, "%s", c->name);
    cr_expect_str_eq(r->item_id, "mine");
    cr_expect_str_eq(r->version, "v9");
    cr_expect_eq(guid_cmp(&r->have.key, &l->want.key), 0);
    cr_expect_eq(r->have_content_unknown, c->verdict == HAS_UNKNOWN, "%s", c->name);
    if (c->verdict == HAS_INTENDED)
        cr_expect_eq(r->have.content.b[0], 2, "%s", c->name);
    if (c->verdict == HAS_BEFORE)
        cr_expect_eq(r->have.content.b[0], 1, "%s", c->name);
    cr_expect_eq(r->retry_in_ms, 0u);
}

ParameterizedTest(const size_t *i, worker_settle, an_open_write_and_what_is_there)
{
    const struct one_case *c = &one_cases[*i];
    struct ledger_link l = a_link(c->op, c->looks);
    struct store_listed it = an_item(c->item, "mine", now);
    struct settle_plan p = settled(&l, &it, c->item != NO_ITEM);
    cr_assert_eq(p.results.n, 1u);
    const struct ledger_result *r = &p.results.v[0];
    cr_expect_eq(p.extras.n, 0u);
    cr_expect_eq(r->person, 5);
    if (c->verdict == AGAIN) {
        cr_expect(!r->set_have && !r->clear_intent && r->look_done, "%s", c->name);
        cr_expect_eq(r->retry_in_ms, rules.gap_ms);
        cr_expect_eq(r->look_in_ms, 0u);
    } else if (c->verdict == NOTHING) {
        cr_expect(r->set_have && !r->have.set && r->clear_intent, "%s", c->name);
        cr_expect_eq(r->look_in_ms, c->op == INTENT_CREATE ? rules.look_again_ms : 0, "%s",
                     c->name);
    } else {
        expect_there(c, r, &l);
    }
    settle_plan_release(&p);
}

/* ---- categories that may be ours ---- */

Test(worker_settle, an_item_of_unknown_content_keeps_the_names_that_may_be_ours)
{
    struct ledger_link l = a_link(INTENT_UPDATE, 0);
    struct store_listed it = an_item(ITEM_OTHER, "mine", now);
    struct settle_plan p = settled(&l, &it, 1);
    cr_expect_str_eq(p.results.v[0].have.cats, "Following\nStaff");
    settle_plan_release(&p);
    l = a_link(INTENT_CREATE, 0);
    p = settled(&l, &it, 1);
    cr_expect_str_eq(p.results.v[0].have.cats, "Staff");
    settle_plan_release(&p);
}

/* ---- several items ---- */

static const struct many_case {
    const char *name;
    enum intent_op op;
    struct {
        enum item_kind kind;
        const char *id;
        int64_t age_ms;
    } item[3];
    const char *keeps, *deletes, *strips;
} many_cases[] = {
    {"a double of the create",
     INTENT_CREATE,
     {{ITEM_INTENDED, "a", 30000}, {ITEM_INTENDED, "b", 20000}},
     "a",
     "b",
     ""},
    {"the older one stays, in whatever order",
     INTENT_CREATE,
     {{ITEM_INTENDED, "b", 20000}, {ITEM_INTENDED, "a", 30000}},
     "a",
     "b",
     ""},
    {"the link's own by id, though it is younger",
     INTENT_UPDATE,
     {{ITEM_BEFORE, "x", 90 * MINUTE}, {ITEM_BEFORE, "mine", 1000}},
     "mine",
     "",
     "x"},
    {"a copy made long ago",
     INTENT_UPDATE,
     {{ITEM_INTENDED, "mine", 99 * MINUTE}, {ITEM_BEFORE, "copy", 90 * MINUTE}},
     "mine",
     "",
     "copy"},
    {"a copy of another content made now",
     INTENT_UPDATE,
     {{ITEM_INTENDED, "mine", 99 * MINUTE}, {ITEM_OTHER, "copy", 10}},
     "mine",
     "",
     "copy"},
    {"nobody knows when it was made",
     INTENT_CREATE,
     {{ITEM_INTENDED, "a", 30000}, {ITEM_INTENDED, "b", -1}},
     "b",
     "a",
     ""},
    {"dragged from a colleague",
     INTENT_CREATE,
     {{ITEM_INTENDED, "a", 30000}, {ITEM_ELSEWHERE, "b", 10}},
     "a",
     "",
     "b"},
    {"another person's is nothing to us",
     INTENT_CREATE,
     {{ITEM_INTENDED, "a", 30000}, {ITEM_OTHER_KEY, "b", 10}},
     "a",
     "",
     ""},
    {"three of a create",
     INTENT_CREATE,
     {{ITEM_INTENDED, "b", 20000}, {ITEM_INTENDED, "a", 30000}, {ITEM_INTENDED, "c", 10}},
     "a",
     "bc",
     ""},
};

ParameterizedTestParameters(worker_settle, one_item_stays_and_the_others_go_or_are_the_users)
{
    return indexes(ARRAY_LEN(many_cases));
}
ParameterizedTest(const size_t *i, worker_settle, one_item_stays_and_the_others_go_or_are_the_users)
{
    const struct many_case *c = &many_cases[*i];
    struct ledger_link l = a_link(c->op, 0);
    struct store_listed items[3];
    size_t n = 0;
    for (; n < 3 && c->item[n].id; n++)
        items[n] = an_item(c->item[n].kind, c->item[n].id,
                           c->item[n].age_ms < 0 ? 0 : now - c->item[n].age_ms);
    struct settle_plan p = settled(&l, items, n);
    cr_assert_eq(p.results.n, 1u);
    cr_expect_str_eq(p.results.v[0].item_id, c->keeps, "%s: %s", c->name, p.results.v[0].item_id);
    cr_expect_str_eq(extras(&p, true), c->deletes, "%s", c->name);
    cr_expect_str_eq(extras(&p, false), c->strips, "%s", c->name);
    settle_plan_release(&p);
}

/* ---- looks and keys ---- */

Test(worker_settle, a_later_look_finds_the_late_double)
{
    struct ledger_link l = {.person = 5, .look = true, .item_id = "a"};
    l.want = l.have = a_side(5, 2, "Staff");
    struct store_listed items[] = {an_item(ITEM_INTENDED, "late", now - 9 * MINUTE),
                                   an_item(ITEM_INTENDED, "a", now - 8 * MINUTE)};
    struct settle_plan p = settled(&l, items, 2);
    cr_expect_str_eq(p.results.v[0].item_id, "a");
    cr_expect(p.results.v[0].look_done && !p.results.v[0].clear_intent);
    cr_expect_str_eq(extras(&p, true), "late");
    settle_plan_release(&p);
}

Test(worker_settle, a_look_that_finds_nothing_is_a_missing_contact)
{
    struct ledger_link l = {.person = 5, .look = true, .item_id = "a"};
    struct settle_rules r = rules;
    l.want = l.have = a_side(5, 2, "Staff");
    struct settle_plan p = settled(&l, NULL, 0);
    cr_expect(p.results.n == 0 && p.missing == 1);
    settle_plan_release(&p);
    r.missing = SETTLE_FEW;
    p = (struct settle_plan){0};
    settle_links(&l, 1, NULL, 0, folder, &r, &p);
    cr_expect(p.results.v[0].set_have && !p.results.v[0].have.set && p.results.v[0].look_done);
    cr_expect(p.results.v[0].hide);
    settle_plan_release(&p);
}

Test(worker_settle, after_a_merge_both_keys_are_looked_for)
{
    struct ledger_link l = a_link(INTENT_UPDATE, 0);
    struct guid keys[2];
    l.have.key = guid_of(77);
    cr_assert_eq(settle_keys(&l, 1, keys), 2u);
    cr_expect_eq(guid_cmp(&keys[0], &l.intended.key), 0);
    cr_expect_eq(guid_cmp(&keys[1], &l.have.key), 0);
    struct store_listed it = {.item_id = "mine", .version = "v1", .key = l.have.key};
    it.hash = hash_of(&l.have, folder);
    struct settle_plan p = settled(&l, &it, 1);
    cr_expect_eq(guid_cmp(&p.results.v[0].have.key, &l.have.key), 0, "still the old key");
    cr_expect_eq(p.results.v[0].have.content.b[0], 1);
    settle_plan_release(&p);
}

Test(worker_settle, links_without_an_open_write_are_left_alone)
{
    struct ledger_link l[3] = {a_link(INTENT_CREATE, 0), a_link(INTENT_CREATE, 0),
                               a_link(INTENT_DELETE, 0)};
    struct guid keys[6];
    struct settle_plan p = {0};
    l[1].intent = false;
    cr_expect_eq(settle_keys(l, 3, keys), 2u);
    settle_links(l, 3, NULL, 0, folder, &rules, &p);
    cr_expect_eq(p.results.n, 2u);
    settle_plan_release(&p);
}

/* ---- a whole mailbox ---- */

Test(worker_settle, a_mailbox_that_is_as_its_rows_say_needs_nothing)
{
    struct ledger_known rows[] = {a_row(1, 1, "a"), a_row(2, 1, NULL)};
    struct store_listed items[] = {listed(1, 1, "a", 0)};
    struct settle_plan p = mailbox(rows, 2, items, 1);
    cr_expect_eq(p.results.n + p.extras.n + p.found.n, 0u);
    settle_plan_release(&p);
}

static const struct row_case {
    const char *name;
    struct {
        uint8_t content;
        const char *item;
        bool intent;
    } row;
    struct {
        uint8_t content;
        const char *id;
    } item; /* id NULL: none is there */
    bool changes, has;
} row_cases[] = {
    {"gone", {1, "a", false}, {0, NULL}, true, false},
    {"another content", {1, "a", false}, {9, "a"}, true, true},
    {"another id", {1, "a", false}, {1, "b"}, true, true},
    {"an item that the row did not know", {1, NULL, false}, {1, "b"}, true, true},
    {"none and none", {1, NULL, false}, {0, NULL}, false, false},
    {"open write, gone", {1, "a", true}, {0, NULL}, false, false},
    {"open write, there", {1, NULL, true}, {1, "b"}, false, false},
};

ParameterizedTestParameters(worker_settle, rows_follow_what_is_there)
{
    return indexes(ARRAY_LEN(row_cases));
}
ParameterizedTest(const size_t *i, worker_settle, rows_follow_what_is_there)
{
    const struct row_case *c = &row_cases[*i];
    struct ledger_known row = a_row(1, c->row.content, c->row.item);
    row.intent = c->row.intent;
    struct store_listed it = listed(1, c->item.content, c->item.id, 0);
    struct settle_plan p = mailbox(&row, 1, &it, c->item.id != NULL);
    cr_expect_eq(p.results.n, c->changes, "%s", c->name);
    cr_expect_eq(p.extras.n + p.found.n, 0u, "%s", c->name);
    if (c->changes) {
        cr_expect(p.results.v[0].set_have);
        cr_expect_eq(p.results.v[0].have.set, c->has, "%s", c->name);
    }
    if (c->has) {
        cr_expect(p.results.v[0].have_content_unknown);
        cr_expect_str_eq(p.results.v[0].item_id, c->item.id);
    }
    settle_plan_release(&p);
}

Test(worker_settle, items_that_no_row_knows_are_found_or_the_users)
{
    struct store_listed items[] = {listed(1, 1, "ours", 0), listed(2, 1, "from elsewhere", 0),
                                   listed(3, 1, "no hash", 0)};
    struct link_side s = a_side(2, 1, "");
    items[1].hash = hash_of(&s, "elsewhere");
    items[2].hash = NULL;
    struct settle_plan p = mailbox(NULL, 0, items, 3);
    cr_assert_eq(p.found.n, 1u);
    cr_expect_str_eq(p.found.v[0].item_id, "ours");
    cr_assert_eq(p.extras.n, 2u);
    cr_expect_not(p.extras.v[0].is_double || p.extras.v[1].is_double);
    settle_plan_release(&p);
}

Test(worker_settle, of_several_items_the_rows_own_stays_else_the_oldest)
{
    struct ledger_known own = a_row(1, 1, "own"), unknown = a_row(1, 1, NULL);
    struct store_listed items[] = {listed(1, 1, "young", 10), listed(1, 1, "old", 1000),
                                   listed(1, 1, "own", 100)};
    struct settle_plan p = mailbox(&own, 1, items, 3);
    cr_expect_eq(p.results.n, 0u);
    cr_assert_eq(p.extras.n, 2u);
    cr_expect_str_eq(extras(&p, false), "youngold");
    settle_plan_release(&p);
    p = mailbox(&unknown, 1, items, 3);
    cr_assert_eq(p.results.n, 1u);
    cr_expect_str_eq(p.results.v[0].item_id, "old");
    settle_plan_release(&p);
}
