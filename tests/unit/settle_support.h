/* settle_support: links, rows and items for the tests of settling. */
#ifndef SYNC_TESTS_UNIT_SETTLE_SUPPORT_H
#define SYNC_TESTS_UNIT_SETTLE_SUPPORT_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "common/base/arena.h"

#include "tests/unit/core_support.h"
#include "worker/settle.h"

enum { MINUTE = 60 * 1000 };
static const int64_t now = 1764000000000;
static struct settle_rules rules = {
    .gap_ms = 2000, .look_again_ms = 600000, .now_ms = 1764000000000};
static const char *const folder = "folder";
static struct arena *arena;

static void setup(void)
{
    arena = arena_new("test", 64 << 20);
}
static void teardown(void)
{
    arena_free(arena);
}
TestSuite(worker_settle, .init = setup, .fini = teardown);

static struct link_side a_side(uint32_t key, uint8_t content, const char *cats)
{
    struct link_side s = {.set = true, .key = guid_of(key), .cats = cats, .body = "x"};
    s.content.b[0] = content;
    return s;
}

static const char *hash_of(const struct link_side *s, const char *of_folder)
{
    struct sha256 state;
    char *text = arena_alloc(arena, ITEM_HASH_TEXT);
    link_state_hash(&s->key, &s->content, s->cats, &state);
    item_hash_format(of_folder, &state, text);
    return text;
}

/* Person 5; content 1 was there before, 2 is wanted and was written. */
static struct ledger_link a_link(enum intent_op op, uint32_t looks)
{
    struct ledger_link l = {.person = 5, .dirty = true, .intent = true, .intent_op = op};
    l.intent_looks = looks;
    l.intent_age_ms = MINUTE;
    l.want = a_side(5, 2, "Staff");
    if (op != INTENT_CREATE) {
        l.have = a_side(5, 1, "Following");
        l.item_id = "mine";
        l.version = "v1";
    }
    if (op == INTENT_DELETE)
        l.want.set = false;
    else
        l.intended = a_side(5, 2, "Staff");
    return l;
}

enum item_kind {
    NO_ITEM,
    ITEM_INTENDED,  /* by key, what was written */
    ITEM_BEFORE,    /* what was there before */
    ITEM_OTHER,     /* ours, another content */
    ITEM_UNHASHED,  /* our key, no hash */
    ITEM_ELSEWHERE, /* written for another folder */
    ITEM_OTHER_KEY, /* somebody else's */
};

static struct store_listed an_item(enum item_kind k, const char *id, int64_t made_ms)
{
    struct link_side s = a_side(5, k == ITEM_INTENDED || k == ITEM_ELSEWHERE ? 2 : 1,
                                k == ITEM_BEFORE ? "Following" : "Staff");
    if (k == ITEM_OTHER)
        s.content.b[0] = 9;
    if (k == ITEM_OTHER_KEY)
        s.key = guid_of(6);
    return (struct store_listed){
        .item_id = id,
        .version = "v9",
        .key = s.key,
        .created_ms = made_ms,
        .hash =
            k == ITEM_UNHASHED ? NULL : hash_of(&s, k == ITEM_ELSEWHERE ? "elsewhere" : folder)};
}

static struct settle_plan
settled(const struct ledger_link *l, const struct store_listed *items, size_t n)
{
    struct settle_plan p = {0};
    settle_links(l, 1, items, n, folder, &rules, &p);
    return p;
}

static void params_free(struct criterion_test_params *p)
{
    cr_free(p->params);
}

static struct criterion_test_params indexes(size_t n)
{
    size_t *v = cr_malloc(sizeof(*v) * n);
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n, params_free);
}

static const char *extras(const struct settle_plan *p, bool doubles)
{
    const char *text = "";
    vec_foreach (x, &p->extras) {
        if (x->is_double == doubles)
            text = arena_printf(arena, "%s%s", text, x->item_id);
    }
    return text;
}

static struct ledger_known a_row(uint32_t person, uint8_t content, const char *item)
{
    struct ledger_known k = {
        .person = person, .key = guid_of(person), .own = guid_of(person), .item_id = item};
    struct link_side s = a_side(person, content, "");
    k.has = item != NULL;
    k.wanted = true;
    link_state_hash(&s.key, &s.content, "", &k.want);
    if (item)
        k.have = k.want;
    return k;
}

static struct store_listed listed(uint32_t person, uint8_t content, const char *id, int64_t age)
{
    struct link_side s = a_side(person, content, "");
    return (struct store_listed){.item_id = id,
                                 .version = "v",
                                 .key = s.key,
                                 .hash = hash_of(&s, folder),
                                 .created_ms = now - age};
}

static struct settle_plan
mailbox(const struct ledger_known *rows, size_t n, const struct store_listed *items, size_t n_items)
{
    struct settle_plan p = {0};
    settle_mailbox(rows, n, items, n_items, folder, &rules, &p);
    return p;
}

#endif
