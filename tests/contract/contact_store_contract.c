/*
 * Included by the tests of the drivers (each test program is one source file).
 */
#include "tests/contract/contact_store_contract.h"

#include <criterion/criterion.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"

#include "tests/contract/contract_contacts.h"

enum { WAIT_MS = 10000, TIMEOUT_MS = 9000, MAX_OPS = 100 };

/* ---- calls that wait ---- */

static struct arena *keep; /* copies of results, for the length of a case */

struct applied {
    bool done;
    unsigned times;
    size_t n;
    struct store_result r[MAX_OPS];
};

static void on_applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct applied *a = user;
    (void)took_ms;
    a->done = true;
    a->times++;
    a->n = n;
    for (size_t i = 0; i < n; i++) {
        a->r[i] = r[i];
        a->r[i].item_id = arena_strdup(keep, r[i].item_id);
        a->r[i].version = arena_strdup(keep, r[i].version);
    }
}

struct listed {
    bool done;
    unsigned times;
    enum outcome outcome;
    struct err err;
    size_t n;
    const struct store_listed *items;
};

static void on_listed(
    const struct store_listed *items, size_t n, enum outcome o, const struct err *err, void *user)
{
    struct listed *l = user;
    struct store_listed *copy = arena_memdup(keep, items, n * sizeof(*copy));
    for (size_t i = 0; i < n; i++) {
        copy[i].item_id = arena_strdup(keep, items[i].item_id);
        copy[i].version = arena_strdup(keep, items[i].version);
        copy[i].hash = arena_strdup(keep, items[i].hash);
    }
    *l = (struct listed){.done = true, .times = l->times + 1, .outcome = o, .n = n, .items = copy};
    cr_expect_eq(err == NULL, o == OUT_DONE, "err and outcome disagree");
    if (err)
        l->err = *err;
}

struct identified {
    bool done;
    unsigned times;
    enum outcome outcome;
    struct err err;
    const char *folder_id;
};

static void
on_identified(const struct store_identity *id, enum outcome o, const struct err *err, void *user)
{
    struct identified *i = user;
    *i = (struct identified){.done = true, .times = i->times + 1, .outcome = o};
    i->folder_id = id ? arena_strdup(keep, id->folder_id) : NULL;
    if (err)
        i->err = *err;
}

static struct store_mailbox mailbox(struct contract_host *h)
{
    return (struct store_mailbox){.id = 1, .address = h->address};
}

static struct applied apply_to(struct contract_host *h,
                               const struct store_mailbox *mb,
                               enum store_verb verb,
                               const struct store_op *ops,
                               size_t n)
{
    struct applied a = {0};
    h->store->ops->apply(h->store, mb, verb, ops, n, TIMEOUT_MS, on_applied, &a);
    cr_assert_not(a.done, "done was called before apply returned");
    cr_assert_eq(loop_wait(h->loop, &a.done, WAIT_MS), 0, "no answer");
    cr_assert_eq(a.n, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(a.r[i].tag, ops[i].tag, "result %zu has another tag", i);
    return a;
}

static struct applied
apply_ops(struct contract_host *h, enum store_verb verb, const struct store_op *ops, size_t n)
{
    struct store_mailbox mb = mailbox(h);
    return apply_to(h, &mb, verb, ops, n);
}

static struct listed
list_in(struct contract_host *h, const struct store_mailbox *mb, const struct guid *keys, size_t n)
{
    struct listed l = {0};
    h->store->ops->list(h->store, mb, keys, n, on_listed, &l);
    cr_assert_not(l.done, "done was called before list returned");
    cr_assert_eq(loop_wait(h->loop, &l.done, WAIT_MS), 0, "no answer");
    return l;
}

static struct listed list_keys(struct contract_host *h, const struct guid *keys, size_t n)
{
    struct store_mailbox mb = mailbox(h);
    struct listed l = list_in(h, &mb, keys, n);
    cr_assert_eq(l.outcome, OUT_DONE, "%s", l.err.text);
    return l;
}

static struct identified identify(struct contract_host *h, const struct store_mailbox *mb)
{
    struct identified i = {0};
    h->store->ops->identify(h->store, mb, on_identified, &i);
    cr_assert_not(i.done, "done was called before identify returned");
    cr_assert_eq(loop_wait(h->loop, &i.done, WAIT_MS), 0, "no answer");
    return i;
}

/* ---- builders ---- */

static struct store_op an_op(unsigned i, const struct contact *after)
{
    return (struct store_op){.tag = 7000 - i,
                             .key = key(i),
                             .hash = HASH,
                             .after = after,
                             .changed = ALL,
                             .cats_before = "",
                             .cats_after = ""};
}

/* A created contact: its operation with id and version filled in, ready for an update. */
static struct store_op
created(struct contract_host *h, unsigned i, const struct contact *c, const char *categories)
{
    struct store_op op = an_op(i, c);
    op.cats_after = categories;
    struct applied a = apply_ops(h, STORE_CREATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    op.before = c;
    op.cats_before = categories;
    op.item_id = a.r[0].item_id;
    op.version = a.r[0].version;
    return op;
}

static void expect_fields(struct contract_host *h, const char *id, const struct contact *want)
{
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++) {
        autofree char *got = h->field(h, id, (enum contact_field)f);
        const char *w = want->f[f];
        cr_expect(w ? got && strcmp(got, w) == 0 : got == NULL, "%s is %s, not %s",
                  contact_field_name((enum contact_field)f), got ? got : "(none)",
                  w ? w : "(none)");
    }
}

static void expect_categories(struct contract_host *h, const char *id, const char *want)
{
    autofree char *got = h->categories(h, id);
    cr_assert_not_null(got);
    cr_expect_str_eq(got, want);
}

/* ---- cases ---- */

static void create_holds_every_field_and_answers_with_id_and_tag(struct contract_host *h)
{
    struct store_op ops[] = {an_op(1, &full), an_op(2, &none), an_op(3, &small)};
    ops[0].cats_after = "Following\nSt\u00E4ff & <Choir>";
    struct applied a = apply_ops(h, STORE_CREATE, ops, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(a.r[i].outcome, OUT_DONE, "%s", a.r[i].err.text);
        cr_assert_not_null(a.r[i].item_id);
        expect_fields(h, a.r[i].item_id, ops[i].after);
        expect_categories(h, a.r[i].item_id, ops[i].cats_after);
    }
    cr_expect_str_neq(a.r[0].item_id, a.r[1].item_id);
    cr_expect_eq(h->count(h), 3u);
}

static void a_full_request_is_answered_item_by_item(struct contract_host *h)
{
    struct store_op ops[MAX_OPS];
    size_t n = h->store->ops->limits(h->store)->max_create;
    cr_assert_leq(n, (size_t)MAX_OPS);
    for (unsigned i = 0; i < n; i++)
        ops[i] = an_op(i, &full);
    struct applied a = apply_ops(h, STORE_CREATE, ops, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(a.r[i].outcome, OUT_DONE, "%zu: %s", i, a.r[i].err.text);
    cr_expect_eq(h->count(h), n);
}

static void update_writes_only_changed_fields(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, "");
    struct contact after = full, want = full;
    h->user_edits(h, op.item_id, CONTACT_JOB_TITLE, "Friend");
    after.f[CONTACT_SURNAME] = want.f[CONTACT_SURNAME] = "Lee";
    after.f[CONTACT_HOME_CITY] = want.f[CONTACT_HOME_CITY] = "Decatur";
    after.f[CONTACT_PHONE_HOME] = want.f[CONTACT_PHONE_HOME] = NULL;
    want.f[CONTACT_JOB_TITLE] = "Friend";
    op.after = &after;
    op.changed = contact_changed(&full, &after);
    op.version = NULL;
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_fields(h, op.item_id, &want);
}

static void update_empties_and_fills_again(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, "");
    op.after = &none;
    op.changed = ALL;
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_fields(h, op.item_id, &none);
    a = apply_ops(h, STORE_UPDATE, &op, 1); /* what is not there can be emptied too */
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    op.after = &full;
    a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_fields(h, op.item_id, &full);
}

static void update_meets_a_newer_version_of_the_same_content_and_wins(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, "Staff");
    op.hash_before = HASH;
    op.hash = HASH2;
    h->user_edits(h, op.item_id, CONTACT_JOB_TITLE, "Friend"); /* op.version is stale now */
    h->user_sorts(h, op.item_id, "Golf\nStaff");
    op.after = &small;
    op.changed = ALL;
    op.cats_after = "Choir";
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_fields(h, op.item_id, &small);
    expect_categories(h, op.item_id, "Golf\nChoir");
}

#include "tests/contract/contact_store_contract_hand.c"

static void categories_of_the_user_stay(struct contract_host *h)
{
    struct store_op op = created(h, 1, &small, "Following\nStaff");
    op.changed = 0;
    h->user_sorts(h, op.item_id, "Golf\nSTAFF\nFollowing\nRed");
    op.cats_after = "Following\nChoir";
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_categories(h, op.item_id, "Golf\nFollowing\nRed\nChoir");
    op.version = a.r[0].version;
    op.cats_before = op.cats_after;
    op.cats_after = "";
    a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_categories(h, op.item_id, "Golf\nRed");
    expect_fields(h, op.item_id, &small);
}

static void the_last_category_goes(struct contract_host *h)
{
    struct store_op op = created(h, 1, &small, "Staff");
    op.changed = 0;
    op.cats_after = "";
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_categories(h, op.item_id, "");
}

static void what_is_gone_is_said_to_be_gone_and_the_rest_is_done(struct contract_host *h)
{
    struct store_op ops[3];
    for (unsigned i = 0; i < 3; i++) {
        ops[i] = created(h, i, &full, "");
        ops[i].cats_after = i == 2 ? "" : "Staff"; /* with and without a look at the item */
        ops[i].after = &small;
    }
    h->user_deletes(h, ops[1].item_id);
    struct applied a = apply_ops(h, STORE_UPDATE, ops, 3);
    cr_expect_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_expect_eq(a.r[1].outcome, OUT_GONE, "%s", outcome_name(a.r[1].outcome));
    cr_expect_eq(a.r[2].outcome, OUT_DONE, "%s", a.r[2].err.text);
    expect_fields(h, ops[0].item_id, &small);
    expect_fields(h, ops[2].item_id, &small);
    h->user_deletes(h, ops[2].item_id);
    ops[2].cats_before = ops[2].cats_after = "";
    a = apply_ops(h, STORE_UPDATE, &ops[2], 1);
    cr_expect_eq(a.r[0].outcome, OUT_GONE, "%s", outcome_name(a.r[0].outcome));
}

static void delete_takes_what_it_is_told_and_twice_is_gone(struct contract_host *h)
{
    struct store_op ops[] = {created(h, 1, &full, ""), created(h, 2, &full, ""),
                             created(h, 3, &full, "")};
    struct applied a = apply_ops(h, STORE_DELETE, ops, 2);
    cr_expect_eq(a.r[0].outcome, OUT_DONE);
    cr_expect_eq(a.r[1].outcome, OUT_DONE);
    cr_expect_eq(h->count(h), 1u);
    a = apply_ops(h, STORE_DELETE, ops, 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(a.r[i].outcome, i < 2 ? OUT_GONE : OUT_DONE, "%s",
                     outcome_name(a.r[i].outcome));
    cr_expect_eq(h->count(h), 0u);
}

static void list_knows_ours_by_key_and_no_others(struct contract_host *h)
{
    struct store_op one = created(h, 1, &full, ""), two = created(h, 2, &small, "");
    autofree char *foreign = h->user_adds(h, "Own");
    struct listed l = list_keys(h, NULL, 0);
    cr_assert_eq(l.n, 2u);
    for (size_t i = 0; i < 2; i++) {
        const struct store_op *op = guid_cmp(&l.items[i].key, &one.key) == 0 ? &one : &two;
        cr_expect_str_eq(l.items[i].item_id, op->item_id);
        cr_expect_str_eq(l.items[i].hash, HASH);
        cr_expect_gt(l.items[i].created_ms, 0);
    }
    l = list_keys(h, &two.key, 1);
    cr_assert_eq(l.n, 1u);
    cr_expect_str_eq(l.items[0].item_id, two.item_id);
    struct guid keys[] = {key(9), one.key, key(8)};
    l = list_keys(h, keys, 3);
    cr_assert_eq(l.n, 1u);
    cr_expect_str_eq(l.items[0].item_id, one.item_id);
    cr_expect_eq(list_keys(h, keys, 1).n, 0u);
    cr_expect_eq(list_keys(h, keys, 0).n, 0u);
}

static void list_is_complete_beyond_a_page_and_names_each_item_once(struct contract_host *h)
{
    enum { REQUESTS = 6 };
    struct store_op ops[MAX_OPS];
    struct guid keys[REQUESTS * MAX_OPS];
    bool seen[REQUESTS * MAX_OPS] = {false};
    for (unsigned r = 0; r < REQUESTS; r++) {
        for (unsigned i = 0; i < MAX_OPS; i++) {
            ops[i] = an_op(r * MAX_OPS + i, &small);
            keys[r * MAX_OPS + i] = ops[i].key;
        }
        apply_ops(h, STORE_CREATE, ops, MAX_OPS);
    }
    struct listed l = list_keys(h, NULL, 0);
    cr_assert_eq(l.n, (size_t)REQUESTS * MAX_OPS);
    for (size_t i = 0; i < l.n; i++) {
        size_t k = (size_t)l.items[i].key.b[14] << 8 | l.items[i].key.b[15];
        cr_assert_not(seen[k], "item %zu came twice", k);
        seen[k] = true;
    }
    cr_expect_eq(list_keys(h, keys, 45).n, 45u);
    cr_expect_eq(list_keys(h, keys, 300).n, 300u);
}

static void doubles_are_listed_both(struct contract_host *h)
{
    struct store_op one = created(h, 1, &full, ""), again = created(h, 1, &full, "");
    cr_expect_str_neq(one.item_id, again.item_id);
    cr_expect_eq(list_keys(h, &one.key, 1).n, 2u);
}

static void strip_takes_our_properties_and_nothing_else(struct contract_host *h)
{
    struct store_op one = created(h, 1, &full, "Staff"), two = created(h, 2, &full, "");
    struct applied a = apply_ops(h, STORE_STRIP, &one, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    struct listed l = list_keys(h, NULL, 0);
    cr_assert_eq(l.n, 1u);
    cr_expect_str_eq(l.items[0].item_id, two.item_id);
    expect_fields(h, one.item_id, &full);
    expect_categories(h, one.item_id, "Staff");
    h->user_deletes(h, two.item_id);
    a = apply_ops(h, STORE_STRIP, &two, 1);
    cr_expect_eq(a.r[0].outcome, OUT_GONE);
}

static void an_update_can_give_another_key_and_hash(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, "");
    struct guid was = op.key;
    op.key = key(77);
    op.hash = HASH2;
    op.changed = 0;
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_expect_eq(list_keys(h, &was, 1).n, 0u);
    struct listed l = list_keys(h, &op.key, 1);
    cr_assert_eq(l.n, 1u);
    cr_expect_str_eq(l.items[0].hash, HASH2);
    expect_fields(h, op.item_id, &full);
}

static void foreign_contacts_are_as_they_were(struct contract_host *h)
{
    autofree char *foreign = h->user_adds(h, "Own");
    struct store_op op = created(h, 1, &full, "Staff");
    h->user_sorts(h, foreign, "Golf");
    op.after = &small;
    apply_ops(h, STORE_UPDATE, &op, 1);
    apply_ops(h, STORE_STRIP, &op, 1);
    apply_ops(h, STORE_DELETE, &op, 1);
    struct listed l = list_keys(h, NULL, 0);
    cr_expect_eq(l.n, 0u);
    cr_assert_eq(h->count(h), 1u);
    autofree char *surname = h->field(h, foreign, CONTACT_SURNAME);
    cr_expect_str_eq(surname, "Own");
    expect_categories(h, foreign, "Golf");
}

static bool no(void *user)
{
    ++*(unsigned *)user;
    return false;
}

static void without_the_right_to_send_nothing_is_sent(struct contract_host *h)
{
    unsigned asked = 0;
    struct store_op create = an_op(2, &full), one = created(h, 1, &full, "");
    struct store_mailbox mb = mailbox(h);
    const struct store_op *op[] = {&create, &one, &one, &one};
    mb.may_send = no;
    mb.user = &asked;
    one.after = &small;
    for (enum store_verb v = STORE_CREATE; v <= STORE_STRIP; v++) {
        struct applied a = apply_to(h, &mb, v, op[v], 1);
        cr_expect_eq(a.r[0].outcome, OUT_NOT_TRIED, "%s", outcome_name(a.r[0].outcome));
        cr_expect_str_eq(a.r[0].err.code, "fenced");
        cr_expect_eq(asked, (unsigned)v + 1, "asked %u times", asked);
    }
    struct listed l = list_in(h, &mb, NULL, 0);
    cr_expect_eq(l.outcome, OUT_NOT_TRIED);
    cr_expect_str_eq(l.err.code, "fenced");
    cr_expect_eq(identify(h, &mb).outcome, OUT_NOT_TRIED);
    cr_expect_eq(h->count(h), 1u);
    expect_fields(h, one.item_id, &full);
    cr_expect_eq(list_keys(h, NULL, 0).n, 1u);
}

static void cancel_answers_every_call_before_it_returns(struct contract_host *h)
{
    struct applied a = {0};
    struct listed l = {0};
    struct identified i = {0};
    struct store_mailbox mb = mailbox(h);
    struct store_op op = an_op(1, &full);
    h->store->ops->apply(h->store, &mb, STORE_CREATE, &op, 1, TIMEOUT_MS, on_applied, &a);
    h->store->ops->list(h->store, &mb, NULL, 0, on_listed, &l);
    h->store->ops->identify(h->store, &mb, on_identified, &i);
    cr_assert_not(a.done || l.done || i.done);
    h->store->ops->cancel(h->store);
    cr_assert(a.done && l.done && i.done);
    cr_expect(a.r[0].outcome == OUT_UNKNOWN || a.r[0].outcome == OUT_NOT_TRIED);
    cr_expect_eq(a.r[0].tag, op.tag);
    cr_expect(l.outcome == OUT_UNKNOWN || l.outcome == OUT_NOT_TRIED);
    cr_expect(i.outcome == OUT_UNKNOWN || i.outcome == OUT_NOT_TRIED);
    created(h, 2, &small, ""); /* the store stays usable */
    cr_expect(a.times == 1 && l.times == 1 && i.times == 1);
}

static void free_answers_too(struct contract_host *h)
{
    struct applied a = {0};
    struct store_mailbox mb = mailbox(h);
    struct store_op op = an_op(1, &full);
    h->store->ops->apply(h->store, &mb, STORE_CREATE, &op, 1, TIMEOUT_MS, on_applied, &a);
    contact_store_free(steal(h->store));
    cr_assert(a.done);
    cr_expect_eq(a.times, 1u);
}

static void a_mailbox_is_known_by_its_folder(struct contract_host *h)
{
    struct store_mailbox mb = mailbox(h);
    struct identified first = identify(h, &mb), again = identify(h, &mb);
    cr_assert_eq(first.outcome, OUT_DONE, "%s", first.err.text);
    cr_assert_not_null(first.folder_id);
    cr_expect_str_eq(first.folder_id, again.folder_id);
    struct store_op op = an_op(1, &full);
    mb.folder_id = first.folder_id;
    struct applied a = apply_to(h, &mb, STORE_CREATE, &op, 1);
    cr_expect_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_expect_eq(list_in(h, &mb, NULL, 0).n, 1u);
}

static void a_folder_that_is_not_there_is_lost(struct contract_host *h)
{
    struct store_mailbox mb = mailbox(h);
    struct store_op op = an_op(1, &full);
    mb.folder_id = "AAMkNoSuchFolder=";
    struct applied a = apply_to(h, &mb, STORE_CREATE, &op, 1);
    cr_expect_eq(a.r[0].outcome, OUT_FOLDER_LOST, "%s", outcome_name(a.r[0].outcome));
    cr_expect_eq(list_in(h, &mb, NULL, 0).outcome, OUT_FOLDER_LOST);
    cr_expect_eq(h->count(h), 0u);
}

static void many_calls_at_once_are_answered_once_each(struct contract_host *h)
{
    enum { CALLS = 12 };
    struct applied a[CALLS] = {{0}};
    struct store_op ops[CALLS];
    struct store_mailbox mb = mailbox(h);
    for (unsigned i = 0; i < CALLS; i++) {
        ops[i] = an_op(i, &small);
        h->store->ops->apply(h->store, &mb, STORE_CREATE, &ops[i], 1, TIMEOUT_MS, on_applied,
                             &a[i]);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        cr_assert_eq(loop_wait(h->loop, &a[i].done, WAIT_MS), 0);
        cr_expect_eq(a[i].r[0].outcome, OUT_DONE, "%s", a[i].r[0].err.text);
        cr_expect_eq(a[i].r[0].tag, ops[i].tag);
    }
    for (unsigned i = 0; i < CALLS; i++)
        cr_expect_eq(a[i].times, 1u);
    cr_expect_eq(list_keys(h, NULL, 0).n, (size_t)CALLS);
}

#include "tests/contract/contact_store_contract_photo.c"

#define CASE(f)                                                                                    \
    {                                                                                              \
#        f, f                                                                                      \
    }
const struct contract_case contact_store_contract[] = {
    CASE(create_holds_every_field_and_answers_with_id_and_tag),
    CASE(a_full_request_is_answered_item_by_item),
    CASE(update_writes_only_changed_fields),
    CASE(update_empties_and_fills_again),
    CASE(update_meets_a_newer_version_of_the_same_content_and_wins),
    CASE(update_meets_its_own_hash_and_leaves_the_item),
    CASE(update_meets_another_content_and_says_so),
    CASE(update_of_unknown_content_wins),
    CASE(what_the_user_moved_or_threw_away_is_listed_with_its_place),
    CASE(categories_of_the_user_stay),
    CASE(the_last_category_goes),
    CASE(what_is_gone_is_said_to_be_gone_and_the_rest_is_done),
    CASE(delete_takes_what_it_is_told_and_twice_is_gone),
    CASE(list_knows_ours_by_key_and_no_others),
    CASE(list_is_complete_beyond_a_page_and_names_each_item_once),
    CASE(doubles_are_listed_both),
    CASE(strip_takes_our_properties_and_nothing_else),
    CASE(an_update_can_give_another_key_and_hash),
    CASE(foreign_contacts_are_as_they_were),
    CASE(without_the_right_to_send_nothing_is_sent),
    CASE(cancel_answers_every_call_before_it_returns),
    CASE(free_answers_too),
    CASE(a_mailbox_is_known_by_its_folder),
    CASE(a_folder_that_is_not_there_is_lost),
    CASE(many_calls_at_once_are_answered_once_each),
    CASE(a_photo_is_put_and_the_version_told),
    CASE(a_photo_that_is_there_is_not_put_again),
    CASE(another_photo_takes_the_place_of_ours),
    CASE(a_photo_goes_and_only_where_there_is_one),
    CASE(a_photo_of_the_user_stays),
    CASE(a_photo_for_what_is_gone_does_not_keep_the_others),
    CASE(photos_fill_a_call),
    CASE(without_the_right_to_send_no_photo_is_put),
    CASE(cancel_answers_for_photos_too),
};
const size_t contact_store_contract_count = ARRAY_LEN(contact_store_contract);

__attribute__((unused)) static struct criterion_test_params contract_indexes(void)
{
    size_t n = contact_store_contract_count, *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
