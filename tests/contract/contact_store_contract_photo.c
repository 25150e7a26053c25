/* The pictures of contacts. Included by contact_store_contract.c. A store that knows none, or whose
 * host cannot see them, passes. */
#include <stdio.h>

#include "common/base/digest.h"

static bool knows_photos(struct contract_host *h)
{
    bool knows = h->store->ops->photo != NULL;
    cr_assert_eq(knows, h->store->ops->limits(h->store)->max_photos > 0, "limits and ops disagree");
    if (!knows || !h->photo)
        printf("SKIPPED: photos: %s\n", knows ? "the host does not show them" : "none here");
    return knows && h->photo;
}

/* Number i of our pictures for an item; its mark is the sum that the host will see. */
static struct store_photo a_photo(const struct store_op *op, unsigned i)
{
    struct sha256 sum;
    char *mark = arena_alloc(keep, STORE_PHOTO_MARK + 1);
    char *jpeg = arena_printf(keep, "\xff\xd8\xff\xe0 picture %u", i);
    sha256_of(jpeg, strlen(jpeg), &sum);
    hex_encode(sum.b, sizeof(sum.b), mark);
    return (struct store_photo){.tag = 9000 + i,
                                .item_id = op->item_id,
                                .version = op->version,
                                .mark = mark,
                                .jpeg = jpeg,
                                .len = strlen(jpeg)};
}

static struct store_photo no_photo(const struct store_op *op)
{
    return (struct store_photo){.tag = 8000, .item_id = op->item_id, .version = op->version};
}

static struct applied photo_in(struct contract_host *h,
                               const struct store_mailbox *mb,
                               const struct store_photo *v,
                               size_t n)
{
    struct applied a = {0};
    h->store->ops->photo(h->store, mb, v, n, TIMEOUT_MS, on_applied, &a);
    cr_assert_not(a.done, "done was called before photo returned");
    cr_assert_eq(loop_wait(h->loop, &a.done, WAIT_MS), 0, "no answer");
    cr_assert_eq(a.n, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(a.r[i].tag, v[i].tag, "result %zu has another tag", i);
    return a;
}

static struct store_result put_photo(struct contract_host *h, struct store_photo photo)
{
    struct store_mailbox mb = mailbox(h);
    struct applied a = photo_in(h, &mb, &photo, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s: %s", a.r[0].err.code, a.r[0].err.text);
    return a.r[0];
}

static void expect_photo(struct contract_host *h, const char *id, const char *mark)
{
    autofree char *shown = h->photo(h, id);
    cr_expect(mark ? shown && strcmp(shown, mark) == 0 : shown == NULL, "shown: %s, not %s",
              shown ? shown : "none", mark ? mark : "none");
}

static void a_photo_is_put_and_the_version_told(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    struct store_result r = put_photo(h, ours);
    cr_expect_str_eq(r.err.code, "");
    cr_assert_not_null(r.version);
    cr_expect_str_neq(r.version, op.version);
    expect_photo(h, op.item_id, ours.mark);
    expect_fields(h, op.item_id, &full);
    op.version = r.version; /* which is the item's: no look is needed for the next update */
    op.hash_before = "1:aaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    op.after = &small;
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_expect_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_photo(h, op.item_id, ours.mark);
}

static void a_photo_that_is_there_is_not_put_again(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    put_photo(h, ours);
    struct store_result r = put_photo(h, ours);
    cr_expect_null(r.version, "it was written");
    cr_expect_str_eq(r.err.code, "");
    expect_photo(h, op.item_id, ours.mark);
}

static void another_photo_takes_the_place_of_ours(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct store_op op = created(h, 1, &full, "");
    struct store_photo one = a_photo(&op, 1), two = a_photo(&op, 2);
    struct store_result first = put_photo(h, one), second = put_photo(h, two);
    cr_assert(first.version && second.version);
    cr_expect_str_neq(first.version, second.version);
    expect_photo(h, op.item_id, two.mark);
    put_photo(h, no_photo(&op)); /* and it was the only one */
    expect_photo(h, op.item_id, NULL);
}

static void a_photo_goes_and_only_where_there_is_one(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct store_op op = created(h, 1, &full, "");
    cr_expect_null(put_photo(h, no_photo(&op)).version);
    put_photo(h, a_photo(&op, 1));
    cr_expect_not_null(put_photo(h, no_photo(&op)).version);
    expect_photo(h, op.item_id, NULL);
}

static void a_photo_of_the_user_stays(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    put_photo(h, ours);
    h->user_sets_photo(h, op.item_id, true);
    autofree char *theirs = h->photo(h, op.item_id);
    cr_assert_not_null(theirs);
    struct store_result r = put_photo(h, a_photo(&op, 2));
    cr_expect_str_eq(r.err.code, STORE_PHOTO_OWN);
    cr_expect_null(r.version);
    put_photo(h, no_photo(&op));
    expect_photo(h, op.item_id, theirs);
    h->user_sets_photo(h, op.item_id, false);
    put_photo(h, ours);
    expect_photo(h, op.item_id, ours.mark);
}

static void a_photo_for_what_is_gone_does_not_keep_the_others(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct store_mailbox mb = mailbox(h);
    struct store_op ops[] = {created(h, 1, &full, ""), created(h, 2, &full, ""),
                             created(h, 3, &full, "")};
    struct store_photo v[] = {a_photo(&ops[0], 1), a_photo(&ops[1], 2), a_photo(&ops[2], 3)};
    h->user_deletes(h, ops[1].item_id);
    struct applied a = photo_in(h, &mb, v, 3);
    cr_expect_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_expect_eq(a.r[1].outcome, OUT_GONE, "%s", outcome_name(a.r[1].outcome));
    cr_expect_eq(a.r[2].outcome, OUT_DONE, "%s", a.r[2].err.text);
    expect_photo(h, ops[0].item_id, v[0].mark);
    expect_photo(h, ops[2].item_id, v[2].mark);
}

static void photos_fill_a_call(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    const struct store_limits *limits = h->store->ops->limits(h->store);
    struct store_mailbox mb = mailbox(h);
    struct store_photo v[MAX_OPS];
    size_t n = limits->max_photos < MAX_OPS ? limits->max_photos : MAX_OPS;
    size_t len = limits->max_photo_bytes / n;
    char *jpeg = arena_alloc(keep, len);
    memcpy(jpeg, "\xff\xd8\xff\xe0", 4);
    for (size_t i = 0; i < n; i++) {
        struct store_op op = created(h, (unsigned)i, &small, "");
        v[i] = a_photo(&op, (unsigned)i);
        v[i].jpeg = jpeg; /* the mark is only a name */
        v[i].len = len;
    }
    struct applied a = photo_in(h, &mb, v, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(a.r[i].outcome, OUT_DONE, "%zu: %s", i, a.r[i].err.text);
    a = photo_in(h, &mb, v, n);
    for (size_t i = 0; i < n; i++)
        cr_expect(a.r[i].outcome == OUT_DONE && !a.r[i].version, "%zu was put again", i);
}

static void without_the_right_to_send_no_photo_is_put(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    unsigned asked = 0;
    struct store_mailbox mb = mailbox(h);
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    mb.may_send = no;
    mb.user = &asked;
    struct applied a = photo_in(h, &mb, &ours, 1);
    cr_expect_eq(a.r[0].outcome, OUT_NOT_TRIED, "%s", outcome_name(a.r[0].outcome));
    cr_expect_str_eq(a.r[0].err.code, "fenced");
    cr_expect_eq(asked, 1u);
    expect_photo(h, op.item_id, NULL);
}

static void cancel_answers_for_photos_too(struct contract_host *h)
{
    if (!knows_photos(h))
        return;
    struct applied a = {0};
    struct store_mailbox mb = mailbox(h);
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    h->store->ops->photo(h->store, &mb, &ours, 1, TIMEOUT_MS, on_applied, &a);
    h->store->ops->cancel(h->store);
    cr_assert(a.done);
    cr_expect(a.r[0].outcome == OUT_UNKNOWN || a.r[0].outcome == OUT_NOT_TRIED);
    put_photo(h, ours);
    cr_expect_eq(a.times, 1u);
    expect_photo(h, op.item_id, ours.mark);
}
