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
    l.intended.cats = "";
    p = settled(&l, &it, 1);
    cr_expect_str_eq(p.results.v[0].have.cats, "Following");
    settle_plan_release(&p);
    l = a_link(INTENT_CREATE, 0);
    p = settled(&l, &it, 1);
    cr_expect_str_eq(p.results.v[0].have.cats, "Staff");
    cr_expect_eq(p.texts.n, 0u);
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
    {"the link's own by id, though it is listed first",
     INTENT_UPDATE,
     {{ITEM_BEFORE, "mine", 1000}, {ITEM_BEFORE, "x", 90 * MINUTE}},
     "mine",
     "",
     "x"},
    {"the link's own by id, though it says that it was written for another folder",
     INTENT_UPDATE,
     {{ITEM_ELSEWHERE, "mine", 1000}},
     "mine",
     "",
     ""},
    {"of the same age the one that is listed first",
     INTENT_CREATE,
     {{ITEM_INTENDED, "a", 30000}, {ITEM_INTENDED, "b", 30000}},
     "a",
     "b",
     ""},
    {"a double of what was there before",
     INTENT_UPDATE,
     {{ITEM_INTENDED, "mine", 99 * MINUTE}, {ITEM_BEFORE, "late", 10}},
     "mine",
     "late",
     ""},
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

/* By the server's clock, which may differ by five minutes. */
static const struct made_case {
    const char *name;
    bool intent;
    int64_t age_ms;
    bool is_double;
} made_cases[] = {
    {"as old as the write can be", true, 6 * MINUTE, true},
    {"older than the write", true, 6 * MINUTE + 1, false},
    {"a late double, as old as two late looks", false, 25 * MINUTE, true},
    {"older than two late looks", false, 25 * MINUTE + 1, false},
};

ParameterizedTestParameters(worker_settle, a_double_is_no_older_than_the_write)
{
    return indexes(ARRAY_LEN(made_cases));
}
ParameterizedTest(const size_t *i, worker_settle, a_double_is_no_older_than_the_write)
{
    const struct made_case *c = &made_cases[*i];
    struct ledger_link l = a_link(INTENT_UPDATE, 0);
    if (!c->intent)
        l = (struct ledger_link){
            .person = 5, .look = true, .item_id = "mine", .have = l.want, .want = l.want};
    struct store_listed items[] = {an_item(ITEM_INTENDED, "mine", now - 99 * MINUTE),
                                   an_item(ITEM_INTENDED, "copy", now - c->age_ms)};
    struct settle_plan p = settled(&l, items, 2);
    cr_assert_eq(p.extras.n, 1u, "%s", c->name);
    cr_expect_eq(p.extras.v[0].is_double, c->is_double, "%s", c->name);
    cr_expect_str_eq(p.extras.v[0].item_id, "copy");
    cr_expect_str_eq(p.extras.v[0].version, "v9");
    cr_expect_eq(guid_cmp(&p.extras.v[0].key, &l.want.key), 0);
    settle_plan_release(&p);
}

/* What an earlier write intended says nothing once its intent is gone. */
Test(worker_settle, without_an_open_write_only_what_is_there_counts)
{
    struct ledger_link l = a_link(INTENT_UPDATE, 0);
    struct store_listed it = an_item(ITEM_INTENDED, "mine", now);
    l.intent = false;
    l.look = true;
    struct settle_plan p = settled(&l, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].have_content_unknown);
    cr_expect_str_eq(p.results.v[0].have.cats, "Following");
    cr_expect_eq(p.texts.n, 0u);
    settle_plan_release(&p);
    it.place = STORE_IN_TRASH;
    p = settled(&l, &it, 1);
    cr_expect(p.results.n == 0 && p.missing == 1, "not what the row knows lies in the trash");
    settle_plan_release(&p);
}

/* ---- looks and keys ---- */

static const struct keys_case {
    const char *name;
    bool intent, intended, have, merged;
    uint32_t keys[2]; /* 0 none */
} keys_cases[] = {
    {"create", true, true, false, false, {5}},
    {"update", true, true, true, false, {5}},
    {"update after a merge", true, true, true, true, {5, 77}},
    {"delete", true, false, true, false, {5}},
    {"delete after a merge", true, false, true, true, {77}},
    {"delete of what is gone", true, false, false, false, {5}},
    {"look", false, false, true, true, {77}},
    {"look, an old write's key does not matter", false, true, true, true, {77}},
    {"look whose item is gone", false, false, false, false, {5}},
};

/* In the second place, so that the keys of the first link lie before it. */
Test(worker_settle, the_keys_that_are_looked_for)
{
    for (size_t i = 0; i < ARRAY_LEN(keys_cases); i++) {
        const struct keys_case *c = &keys_cases[i];
        struct ledger_link l[2] = {{.person = 4, .look = true},
                                   {.person = 5, .look = true, .intent = c->intent}};
        struct guid keys[4];
        l[0].want = a_side(4, 1, "");
        l[1].want = a_side(5, 1, "");
        l[1].intended = a_side(5, 1, "");
        l[1].intended.set = c->intended;
        l[1].have = a_side(c->merged ? 77 : 5, 1, "");
        l[1].have.set = c->have;
        size_t n = settle_keys(l, 2, keys);
        cr_assert_eq(n, c->keys[1] ? 3u : 2u, "%s: %zu", c->name, n);
        for (size_t k = 1; k < n; k++) {
            struct guid want = guid_of(c->keys[k - 1]);
            cr_expect_eq(guid_cmp(&keys[k], &want), 0, "%s", c->name);
        }
    }
}

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

/* A merge gave the person another key between the write and the listing. */
Test(worker_settle, a_write_is_found_by_the_key_that_it_was_written_with)
{
    struct ledger_link l = a_link(INTENT_CREATE, 0);
    struct store_listed it = an_item(ITEM_INTENDED, "new", now);
    l.want.key = guid_of(88);
    struct settle_plan p = settled(&l, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].clear_intent && p.results.v[0].have.set);
    cr_expect_str_eq(p.results.v[0].item_id, "new");
    cr_expect_eq(guid_cmp(&p.results.v[0].have.key, &l.intended.key), 0);
    settle_plan_release(&p);
    l.intent = false; /* now it is no more than what was once */
    l.look = true;
    p = settled(&l, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].set_have && !p.results.v[0].have.set, "another's item is not taken");
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

/* Made at the same time: the first that is listed. */
Test(worker_settle, of_items_that_no_row_knows_the_oldest_of_a_key_is_ours)
{
    struct store_listed items[] = {listed(1, 1, "young", 10), listed(1, 1, "old", 1000),
                                   listed(1, 1, "as old", 1000), listed(2, 1, "alone", 0)};
    struct settle_plan p = mailbox(NULL, 0, items, 4);
    cr_assert_eq(p.found.n, 2u);
    vec_foreach (f, &p.found) {
        bool one = strcmp(f->item_id, "old") == 0;
        cr_expect(one || strcmp(f->item_id, "alone") == 0, "%s", f->item_id);
        cr_expect_eq(guid_cmp(&f->key, &items[one ? 1 : 3].key), 0);
        cr_expect_str_eq(f->version, "v");
        cr_expect_not(f->remove, "only a Clear says so");
    }
    cr_expect_str_eq(extras(&p, false), "youngas old");
    settle_plan_release(&p);
}

/* A merge gave the row another's item, to be written with the person's own key; before a restore we
 * had made one with it. */
Test(worker_settle, what_a_restore_forgot_is_a_double_of_the_item_that_a_merge_brings)
{
    struct ledger_known row = a_row(1, 1, "other's");
    struct store_listed items[] = {listed(1, 1, "other's", 1000), listed(2, 1, "forgotten", 10),
                                   listed(3, 1, "unknown", 10)};
    row.own = guid_of(2);
    struct settle_plan p = mailbox(&row, 1, items, 3);
    cr_assert_eq(p.extras.n, 1u);
    cr_expect_str_eq(extras(&p, true), "forgotten");
    cr_assert_eq(p.found.n, 1u);
    cr_expect_str_eq(p.found.v[0].item_id, "unknown");
    settle_plan_release(&p);
    row.wanted = false;
    p = mailbox(&row, 1, items, 3);
    cr_expect_eq(p.extras.n, 0u, "nothing will be written with that key");
    settle_plan_release(&p);
}

Test(worker_settle, a_row_takes_the_item_in_the_target_folder_then_the_first_of_the_oldest)
{
    struct ledger_known row = a_row(1, 1, NULL);
    struct store_listed items[] = {listed(1, 1, "elsewhere", 1000), listed(1, 1, "a", 100),
                                   listed(1, 1, "b", 100)};
    items[0].place = STORE_IN_OTHER;
    struct settle_plan p = mailbox(&row, 1, items, 3);
    cr_assert_eq(p.results.n, 1u);
    cr_expect_str_eq(p.results.v[0].item_id, "a");
    cr_expect_str_eq(p.results.v[0].version, "v");
    cr_expect_eq(p.results.v[0].person, 1);
    cr_expect_eq(guid_cmp(&p.results.v[0].have.key, &items[1].key), 0);
    cr_expect_str_eq(p.results.v[0].have.cats, "");
    cr_expect_str_eq(extras(&p, false), "elsewhereb");
    cr_expect_str_eq(p.extras.v[0].version, "v");
    cr_expect_eq(guid_cmp(&p.extras.v[0].key, &row.key), 0);
    settle_plan_release(&p);
    row = a_row(1, 1, "elsewhere");
    p = mailbox(&row, 1, items, 3);
    cr_expect_eq(p.results.n, 0u, "its own, though it lies elsewhere and comes first");
    settle_plan_release(&p);
}

Test(worker_settle, an_item_of_the_rows_id_is_its_own_whatever_folder_it_was_written_for)
{
    struct ledger_known row = a_row(1, 1, "own");
    struct link_side s = a_side(1, 1, "");
    struct store_listed it = listed(1, 1, "own", 0);
    it.hash = hash_of(&s, "elsewhere");
    struct settle_plan p = mailbox(&row, 1, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].have.set && p.results.v[0].have_content_unknown);
    cr_expect_eq(p.extras.n, 0u);
    settle_plan_release(&p);
}

Test(worker_settle, a_row_that_knows_no_item_is_told_of_the_one_with_its_id)
{
    struct ledger_known row = a_row(1, 1, "a");
    struct store_listed it = listed(1, 1, "a", 0);
    row.has = false;
    struct settle_plan p = mailbox(&row, 1, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].have.set);
    settle_plan_release(&p);
    row.has = true;
    it.hash = NULL;
    p = mailbox(&row, 1, &it, 1);
    cr_expect_eq(p.results.n, 1u, "nobody can tell what it holds");
    settle_plan_release(&p);
}

Test(worker_settle, doubles_of_a_row_with_an_open_write_and_the_trash_are_left_alone)
{
    struct ledger_known rows[] = {a_row(1, 1, "a"), a_row(2, 1, "b")};
    struct store_listed items[] = {listed(1, 1, "a", 0), listed(1, 1, "copy", 0),
                                   listed(2, 1, "b", 0), listed(2, 1, "thrown away", 0),
                                   listed(3, 1, "nobody's, thrown away", 0)};
    rows[0].intent = true;
    items[3].place = items[4].place = STORE_IN_TRASH;
    struct settle_plan p = mailbox(rows, 2, items, 5);
    cr_expect_eq(p.results.n + p.extras.n + p.found.n, 0u);
    settle_plan_release(&p);
}
