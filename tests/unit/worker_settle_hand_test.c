#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#include "tests/unit/settle_support.h"
#include "worker/settle_p.h"

/* ---- what users do (rule 9) ---- */

static struct store_listed placed(enum item_kind k, const char *id, enum store_place place)
{
    struct store_listed it = an_item(k, id, now - MINUTE);
    it.place = place;
    return it;
}

Test(worker_settle, an_item_that_the_user_moved_is_followed)
{
    struct ledger_link l = a_link(INTENT_UPDATE, 0);
    struct store_listed it = placed(ITEM_BEFORE, "new id", STORE_IN_OTHER);
    struct settle_plan p = settled(&l, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].have.set && p.results.v[0].clear_intent && !p.results.v[0].hide);
    cr_expect_str_eq(p.results.v[0].item_id, "new id");
    cr_expect_eq(p.results.v[0].have.content.b[0], 1, "its content is known");
    cr_expect_eq(p.extras.n, 0u);
    settle_plan_release(&p);
}

Test(worker_settle, an_item_in_the_target_folder_goes_before_one_elsewhere)
{
    struct ledger_link l = a_link(INTENT_CREATE, 0);
    struct store_listed items[] = {placed(ITEM_INTENDED, "moved", STORE_IN_OTHER),
                                   placed(ITEM_INTENDED, "here", STORE_IN_TARGET)};
    items[0].created_ms -= MINUTE; /* the older one, too */
    struct settle_plan p = settled(&l, items, 2);
    cr_expect_str_eq(p.results.v[0].item_id, "here");
    settle_plan_release(&p);
}

enum gone_verdict { G_AGAIN, G_HIDDEN, G_NOTHING, G_LATER, G_ASK };

static const struct gone_case {
    const char *name;
    enum intent_op op;
    uint32_t looks;
    bool trash;
    enum item_kind trashed;
    enum settle_missing missing;
    bool recreate, unwanted;
    enum gone_verdict verdict;
} gone_cases[] = {
    {"thrown away, at once", INTENT_UPDATE, 0, true, ITEM_BEFORE, SETTLE_ASK, 0, 0, G_HIDDEN},
    {"thrown away after the write", INTENT_UPDATE, 0, true, ITEM_INTENDED, SETTLE_ASK, 0, 0,
     G_HIDDEN},
    {"thrown away, among many", INTENT_UPDATE, 1, true, ITEM_BEFORE, SETTLE_MANY, 0, 0, G_HIDDEN},
    {"thrown away, made anew by setting", INTENT_UPDATE, 0, true, ITEM_BEFORE, SETTLE_ASK, 1, 0,
     G_NOTHING},
    {"an older one lies in the trash", INTENT_UPDATE, 0, true, ITEM_OTHER, SETTLE_ASK, 0, 0,
     G_AGAIN},
    {"an older one in the trash, second look", INTENT_UPDATE, 1, true, ITEM_OTHER, SETTLE_ASK, 0, 0,
     G_ASK},
    {"missing, first look", INTENT_UPDATE, 0, false, NO_ITEM, SETTLE_ASK, 0, 0, G_AGAIN},
    {"missing, how many?", INTENT_UPDATE, 1, false, NO_ITEM, SETTLE_ASK, 0, 0, G_ASK},
    {"missing, few", INTENT_UPDATE, 1, false, NO_ITEM, SETTLE_FEW, 0, 0, G_HIDDEN},
    {"missing, many", INTENT_UPDATE, 1, false, NO_ITEM, SETTLE_MANY, 0, 0, G_LATER},
    {"missing, many, much later", INTENT_UPDATE, 2, false, NO_ITEM, SETTLE_MANY, 0, 0, G_NOTHING},
    {"missing, made anew by setting", INTENT_UPDATE, 1, false, NO_ITEM, SETTLE_ASK, 1, 0,
     G_NOTHING},
    {"a create in the trash, first look", INTENT_CREATE, 0, true, ITEM_INTENDED, SETTLE_ASK, 0, 0,
     G_AGAIN},
    {"changed, and not wanted since", INTENT_UPDATE, 1, false, NO_ITEM, SETTLE_ASK, 0, 1,
     G_NOTHING},
    {"somebody else's lies in the trash", INTENT_UPDATE, 1, true, ITEM_OTHER_KEY, SETTLE_ASK, 0, 0,
     G_ASK},
    {"to be deleted anyway", INTENT_DELETE, 1, false, NO_ITEM, SETTLE_ASK, 0, 1, G_NOTHING},
    {"ours, wanted again since", INTENT_DELETE, 1, false, NO_ITEM, SETTLE_FEW, 0, 0, G_NOTHING},
    {"ours, in the trash, wanted again since", INTENT_DELETE, 1, true, ITEM_BEFORE, SETTLE_FEW, 0,
     0, G_NOTHING},
    {"a create is nobody's choice", INTENT_CREATE, 1, true, ITEM_INTENDED, SETTLE_ASK, 0, 0,
     G_NOTHING},
};

ParameterizedTestParameters(worker_settle, what_is_not_there_any_more)
{
    return indexes(ARRAY_LEN(gone_cases));
}
/* The words are those that the journal keeps. */
static void
expect_gone(const struct gone_case *c, const struct settle_rules *r, const struct settle_plan *p)
{
    static const struct {
        const char *op, *outcome, *code;
    } words[] = {
        [G_AGAIN] = {"settle", "unknown", ""},
        [G_HIDDEN] = {"hide", "done", "user.deleted"},
        [G_NOTHING] = {"settle", "done", ""},
        [G_LATER] = {"settle", "retry_later", "many.missing"},
    };
    const struct ledger_result *got = p->results.v;
    bool over = c->verdict == G_HIDDEN || c->verdict == G_NOTHING;
    uint32_t later = c->verdict == G_LATER ? r->look_again_ms : r->gap_ms;
    cr_expect_eq(got->person, 5);
    cr_expect_str_eq(got->op, words[c->verdict].op, "%s", c->name);
    cr_expect_str_eq(got->outcome, words[c->verdict].outcome, "%s", c->name);
    cr_expect_str_eq(got->code, words[c->verdict].code, "%s", c->name);
    cr_expect_eq(got->set_have, over, "%s", c->name);
    cr_expect_eq(got->clear_intent, over, "%s", c->name);
    cr_expect_eq(got->look_done, !over, "%s", c->name);
    cr_expect_eq(got->retry_in_ms, over ? 0 : later, "%s", c->name);
    cr_expect_eq(got->look_in_ms, over && c->op == INTENT_CREATE ? r->look_again_ms : 0, "%s",
                 c->name);
    cr_expect_eq(got->hide, c->verdict == G_HIDDEN, "%s", c->name);
    cr_expect_not(got->have.set, "%s", c->name);
    cr_expect_eq(p->hidden, (size_t)(c->verdict == G_HIDDEN), "%s", c->name);
    cr_expect_eq(p->later, (size_t)(c->verdict == G_LATER), "%s", c->name);
    cr_expect_eq(p->rebuilt,
                 (size_t)(c->verdict == G_NOTHING && c->op == INTENT_UPDATE && !c->unwanted), "%s",
                 c->name);
}

ParameterizedTest(const size_t *i, worker_settle, what_is_not_there_any_more)
{
    const struct gone_case *c = &gone_cases[*i];
    struct ledger_link l = a_link(c->op, c->looks);
    struct store_listed it = placed(c->trashed, "thrown away", STORE_IN_TRASH);
    struct settle_rules r = rules;
    struct settle_plan p = {0};
    r.recreate = c->recreate;
    r.missing = c->missing;
    l.want.set = !c->unwanted;
    settle_links(&l, 1, &it, c->trash, folder, &r, &p);
    cr_expect_eq(p.extras.n, 0u, "%s: the trash is the user's", c->name);
    cr_expect_eq(p.missing, (size_t)(c->verdict == G_ASK), "%s", c->name);
    cr_assert_eq(p.results.n, (size_t)(c->verdict != G_ASK), "%s", c->name);
    if (c->verdict != G_ASK)
        expect_gone(c, &r, &p);
    cr_expect_not(p.relist, "%s", c->name);
    settle_plan_release(&p);
}

Test(worker_settle, an_item_that_never_had_our_key_is_not_called_deleted)
{
    struct ledger_link l = a_link(INTENT_UPDATE, 1);
    memset(&l.have.content, 0, sizeof(l.have.content)); /* taken over, not written yet */
    l.have.body = NULL;
    struct settle_plan p = settled(&l, NULL, 0);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].set_have && !p.results.v[0].hide && p.relist);
    cr_expect_eq(p.rebuilt, 1u);
    settle_plan_release(&p);
}

Test(worker_settle, one_taken_over_and_thrown_away_is_the_users_choice_unless_it_is_a_colleagues)
{
    struct ledger_link l = a_link(INTENT_UPDATE, 1);
    struct store_listed it = placed(ITEM_OTHER, "thrown away", STORE_IN_TRASH);
    memset(&l.have.content, 0, sizeof(l.have.content));
    struct settle_plan p = settled(&l, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].hide && !p.relist);
    settle_plan_release(&p);
    it = placed(ITEM_ELSEWHERE, "a colleague's", STORE_IN_TRASH);
    p = settled(&l, &it, 1);
    cr_expect(!p.results.v[0].hide && p.relist);
    settle_plan_release(&p);
    it = placed(ITEM_OTHER_KEY, "another person's", STORE_IN_TRASH);
    p = settled(&l, &it, 1);
    cr_expect(!p.results.v[0].hide && p.relist);
    settle_plan_release(&p);
}

Test(worker_settle, a_late_look_at_many_missing_makes_anew_at_once)
{
    struct ledger_link l = {.person = 5, .look = true, .item_id = "mine"};
    struct settle_rules r = rules;
    struct settle_plan p = {0};
    l.want = l.have = a_side(5, 2, "Staff");
    r.missing = SETTLE_MANY;
    settle_links(&l, 1, NULL, 0, folder, &r, &p);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].set_have && p.results.v[0].look_done && !p.results.v[0].hide);
    cr_expect_not(p.results.v[0].clear_intent);
    cr_expect(p.rebuilt == 1 && p.later == 0);
    settle_plan_release(&p);
}

Test(worker_settle, former_folders_are_known_by_ids_of_up_to_1024_bytes)
{
    struct ledger_link l = a_link(INTENT_CREATE, 1);
    struct link_side s = a_side(5, 2, "Staff");
    for (size_t n = 1020; n < 1030; n++) {
        char *id = arena_alloc(arena, n + 1);
        struct store_listed it = placed(ITEM_INTENDED, "a", STORE_IN_TARGET);
        struct settle_rules r = rules;
        memset(id, 'x', n);
        it.hash = hash_of(&s, id);
        for (int last = 0; last < 2; last++) {
            struct settle_plan p = {0};
            r.former = arena_printf(arena, last ? "first\n%s" : "%s\nlast\n", id);
            settle_links(&l, 1, &it, 1, folder, &r, &p);
            cr_expect_eq(p.extras.n, (size_t)(n > 1024), "%zu", n);
            settle_plan_release(&p);
        }
        r.former = "";
        cr_expect(settle_is_strange(&it, folder, &r));
    }
}

Test(worker_settle, a_colleagues_contact_is_not_ours_but_one_of_a_former_folder_is)
{
    struct ledger_link l = a_link(INTENT_CREATE, 1);
    struct store_listed it = placed(ITEM_ELSEWHERE, "dragged in", STORE_IN_TARGET);
    struct settle_rules r = rules;
    struct settle_plan p = settled(&l, &it, 1);
    cr_expect(p.results.v[0].set_have && !p.results.v[0].have.set);
    cr_expect_str_eq(extras(&p, false), "dragged in");
    settle_plan_release(&p);
    r.former = "first\nelsewhere\nother";
    p = (struct settle_plan){0};
    settle_links(&l, 1, &it, 1, folder, &r, &p);
    cr_expect_str_eq(p.results.v[0].item_id, "dragged in");
    cr_expect_eq(p.extras.n, 0u);
    settle_plan_release(&p);
}

/* ---- how many are missing ---- */

enum { ROWS = 100 };

static const struct census_case {
    size_t rows, there, trashed;
    enum settle_missing verdict;
} census_cases[] = {
    {8, 3, 0, SETTLE_FEW},     {8, 2, 0, SETTLE_MANY},    {100, 90, 0, SETTLE_FEW},
    {100, 89, 0, SETTLE_MANY}, {100, 80, 10, SETTLE_FEW}, {3, 0, 0, SETTLE_FEW},
};

ParameterizedTestParameters(worker_settle, few_or_many_are_missing)
{
    return indexes(ARRAY_LEN(census_cases));
}
ParameterizedTest(const size_t *i, worker_settle, few_or_many_are_missing)
{
    const struct census_case *c = &census_cases[*i];
    struct ledger_known rows[ROWS + 1];
    struct store_listed items[ROWS + 1];
    for (size_t k = 0; k <= c->rows; k++) { /* the last one is not asked about */
        const char *id = arena_printf(arena, "item %zu", k);
        rows[k] = a_row((uint32_t)k + 1, 1, id);
        items[k] = listed((uint32_t)k + 1, 1, id, MINUTE);
        items[k].place = k < c->there ? STORE_IN_TARGET : STORE_IN_TRASH;
    }
    cr_expect_eq(settle_census(rows, c->rows, items, c->there + c->trashed), c->verdict);
    struct settle_rules r = rules;
    struct settle_plan p = {0};
    r.missing = c->verdict;
    rows[c->there + c->trashed].intent = true; /* settle_links speaks of that one */
    settle_rest(rows, c->rows, items, c->there + c->trashed, &r, &p);
    cr_expect_eq(p.results.n, c->rows - c->there - c->trashed - 1);
    vec_foreach (x, &p.results)
        cr_expect(x->set_have && !x->have.set && x->hide == (c->verdict == SETTLE_FEW));
    vec_foreach (x, &p.results) {
        bool few = c->verdict == SETTLE_FEW;
        cr_expect_eq(x->person, (int64_t)(c->there + c->trashed + 2) + (x - p.results.v));
        cr_expect_str_eq(x->op, few ? "hide" : "settle");
        cr_expect_str_eq(x->code, few ? "user.deleted" : "many.missing");
    }
    cr_expect_eq(p.hidden, c->verdict == SETTLE_FEW ? p.results.n : 0);
    cr_expect_eq(p.rebuilt, c->verdict == SETTLE_MANY ? p.results.n : 0);
    settle_plan_release(&p);
}

/* 100 rows with an item allow 10 missing; those that are not wanted, or never had one, are not. */
Test(worker_settle, only_wanted_contacts_with_an_item_can_be_missing)
{
    struct ledger_known rows[ROWS + 20];
    struct store_listed items[ROWS];
    struct settle_plan p = {0};
    for (uint32_t k = 0; k < ROWS + 20; k++)
        rows[k] = a_row(k + 1, 1, k < ROWS ? arena_printf(arena, "item %u", k) : NULL);
    for (uint32_t k = 0; k < ROWS; k++)
        items[k] = listed(k + 1, 1, rows[k].item_id, MINUTE);
    for (size_t k = 80; k < 90; k++)
        rows[k].wanted = false;
    cr_expect_eq(settle_census(rows, ROWS + 20, items, 80), SETTLE_FEW);
    rows[89].wanted = true;
    cr_expect_eq(settle_census(rows, ROWS + 20, items, 80), SETTLE_MANY);
    struct settle_rules r = rules;
    r.missing = SETTLE_MANY;
    settle_rest(rows, ROWS + 20, items, 80, &r, &p);
    cr_expect_eq(p.results.n, 11u);
    settle_plan_release(&p);
}

/* ---- a whole mailbox, and users ---- */

Test(worker_settle, after_a_restore_what_lies_in_the_trash_stays_deleted_unless_we_put_it_there)
{
    struct ledger_known row = a_row(1, 1, "was");
    struct store_listed it = listed(1, 1, "thrown away", MINUTE);
    it.place = STORE_IN_TRASH;
    struct settle_plan p = mailbox(&row, 1, &it, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].hide && !p.results.v[0].have.set && p.results.v[0].set_have);
    cr_expect_str_eq(p.results.v[0].op, "hide");
    cr_expect_str_eq(p.results.v[0].code, "user.deleted");
    cr_expect_eq(p.hidden, 1u);
    settle_plan_release(&p);
    rules.own_trash = true;
    p = mailbox(&row, 1, &it, 1);
    cr_expect(!p.results.v[0].hide && p.results.v[0].set_have && !p.results.v[0].have.set);
    settle_plan_release(&p);
    rules.own_trash = false;
    rules.recreate = true;
    p = mailbox(&row, 1, &it, 1);
    cr_expect(!p.results.v[0].hide && p.hidden == 0, "made anew by setting");
    settle_plan_release(&p);
    rules.recreate = false;
    row.wanted = false;
    p = mailbox(&row, 1, &it, 1);
    cr_expect(!p.results.v[0].hide && p.results.v[0].set_have, "not wanted: nobody's choice");
    settle_plan_release(&p);
    row.wanted = true;
    it.hash = NULL;
    p = mailbox(&row, 1, &it, 1);
    cr_expect(!p.results.v[0].hide, "nobody can tell what it held");
    settle_plan_release(&p);
    it = listed(1, 9, "thrown away", MINUTE);
    it.place = STORE_IN_TRASH;
    p = mailbox(&row, 1, &it, 1);
    cr_expect(!p.results.v[0].hide, "not what the row knows");
    settle_plan_release(&p);
    p = mailbox(&row, 1, NULL, 0);
    cr_expect(!p.results.v[0].hide && p.results.v[0].person == 1);
    settle_plan_release(&p);
}

Test(worker_settle, an_item_taken_over_keeps_the_names_that_may_be_ours)
{
    struct ledger_known row = a_row(1, 1, NULL);
    row.cats = "Choir\nStaff";
    struct store_listed it = listed(1, 9, "a", MINUTE);
    struct settle_plan p = mailbox(&row, 1, &it, 1);
    cr_expect_str_eq(p.results.v[0].have.cats, "Choir\nStaff");
    settle_plan_release(&p);
}

Test(worker_settle, a_colleagues_contact_does_not_become_a_rows)
{
    struct ledger_known row = a_row(2, 1, NULL);
    struct link_side s = a_side(2, 1, "");
    struct store_listed it = listed(2, 1, "dragged in", MINUTE);
    it.hash = hash_of(&s, "elsewhere");
    struct settle_plan p = mailbox(&row, 1, &it, 1);
    cr_expect_eq(p.results.n, 0u);
    cr_expect_str_eq(extras(&p, false), "dragged in");
    settle_plan_release(&p);
}

/* ---- merges, and what is not known ---- */

/* The write that gives it the person's own key was under way, or a restore forgot it. */
Test(worker_settle, an_item_that_a_merge_brought_is_known_by_its_id_whichever_key_it_carries)
{
    struct ledger_known row = a_row(1, 1, "other's");
    struct store_listed item = listed(2, 1, "other's", 10);
    row.own = guid_of(2);
    struct settle_plan p = mailbox(&row, 1, &item, 1);
    cr_expect_eq(p.extras.n, 0u);
    cr_expect_eq(p.found.n, 0u);
    cr_assert_eq(p.results.n, 1u);
    cr_expect(p.results.v[0].have.set);
    cr_expect_eq(guid_cmp(&p.results.v[0].have.key, &item.key), 0);
    settle_plan_release(&p);
}

Test(worker_settle, an_item_of_unknown_content_is_nothing_new_the_second_time)
{
    struct ledger_known row = a_row(1, 1, "adopted");
    struct store_listed item = listed(1, 2, "adopted", 10);
    row.have = (struct sha256){{0}};
    struct settle_plan p = mailbox(&row, 1, &item, 1);
    cr_expect_eq(p.results.n, 0u);
    settle_plan_release(&p);
    item.item_id = "moved";
    p = mailbox(&row, 1, &item, 1);
    cr_assert_eq(p.results.n, 1u);
    cr_expect_str_eq(p.results.v[0].item_id, "moved");
    settle_plan_release(&p);
}

Test(worker_settle, what_an_open_write_may_have_given_its_key_is_left_to_that_write)
{
    struct ledger_known row = a_row(1, 1, "other's");
    struct store_listed item = listed(2, 1, "moved by the user", 10);
    row.own = guid_of(2);
    row.intent = true;
    row.intent_op = INTENT_UPDATE;
    struct settle_plan p = mailbox(&row, 1, &item, 1);
    cr_expect_eq(p.extras.n, 0u);
    cr_expect_eq(p.found.n, 0u);
    cr_expect_eq(p.results.n, 0u);
    settle_plan_release(&p);
}
