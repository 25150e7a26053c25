/* What users do to items between two calls. Included by contact_store_contract.c. */

static void update_meets_its_own_hash_and_leaves_the_item(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, ""); /* carries HASH already */
    h->user_edits(h, op.item_id, CONTACT_JOB_TITLE, "Friend");
    op.hash_before = HASH2;
    op.after = &small;
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_expect_not_null(a.r[0].version);
    struct contact want = full;
    want.f[CONTACT_JOB_TITLE] = "Friend";
    expect_fields(h, op.item_id, &want);
}

static void update_meets_another_content_and_says_so(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, ""), other = created(h, 2, &full, "");
    h->user_edits(h, op.item_id, CONTACT_JOB_TITLE, "Friend");
    struct store_op ops[] = {op, other};
    ops[0].hash = ops[1].hash = HASH2;
    ops[0].hash_before = "1:aaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    ops[1].hash_before = HASH;
    ops[0].after = ops[1].after = &small;
    struct applied a = apply_ops(h, STORE_UPDATE, ops, 2);
    cr_expect_eq(a.r[0].outcome, OUT_CONFLICT, "%s", outcome_name(a.r[0].outcome));
    cr_expect_eq(a.r[1].outcome, OUT_DONE, "%s", a.r[1].err.text);
    expect_fields(h, other.item_id, &small);
    struct contact want = full;
    want.f[CONTACT_JOB_TITLE] = "Friend";
    expect_fields(h, op.item_id, &want);
}

static void update_of_unknown_content_wins(struct contract_host *h)
{
    struct store_op op = created(h, 1, &full, "");
    h->user_edits(h, op.item_id, CONTACT_JOB_TITLE, "Friend");
    op.hash = HASH2;
    op.before = NULL;
    op.version = NULL;
    op.inherits = true;
    op.after = &small;
    struct applied a = apply_ops(h, STORE_UPDATE, &op, 1);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    expect_fields(h, op.item_id, &small);
}

static const struct store_listed *with_key(const struct listed *l, const struct guid *k)
{
    for (size_t i = 0; i < l->n; i++)
        if (guid_cmp(&l->items[i].key, k) == 0)
            return &l->items[i];
    return NULL;
}

static void what_the_user_moved_or_threw_away_is_listed_with_its_place(struct contract_host *h)
{
    struct store_mailbox mb = mailbox(h);
    struct store_op here = created(h, 1, &full, ""), moved = created(h, 2, &full, ""),
                    thrown = created(h, 3, &full, "");
    mb.folder_id = identify(h, &mb).folder_id;
    h->user_moves(h, moved.item_id);
    h->user_deletes(h, thrown.item_id);
    struct guid keys[] = {moved.key, thrown.key, here.key};
    for (int by_key = 0; by_key < 2; by_key++) {
        struct listed l = list_in(h, &mb, by_key ? keys : NULL, by_key ? 3 : 0);
        cr_assert_eq(l.outcome, OUT_DONE, "%s", l.err.text);
        cr_assert_eq(l.n, 3u);
        cr_expect_eq(with_key(&l, &here.key)->place, STORE_IN_TARGET);
        cr_expect_eq(with_key(&l, &moved.key)->place, STORE_IN_OTHER);
        cr_expect_eq(with_key(&l, &thrown.key)->place, STORE_IN_TRASH);
        cr_expect_str_neq(with_key(&l, &moved.key)->item_id, moved.item_id);
    }
    struct listed l = list_in(h, &mb, &moved.key, 1);
    moved.item_id = l.items[0].item_id;
    moved.version = l.items[0].version;
    moved.after = &small;
    moved.hash = HASH2;
    moved.hash_before = HASH;
    struct applied a = apply_to(h, &mb, STORE_UPDATE, &moved, 1);
    cr_expect_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    l = list_in(h, &mb, &moved.key, 1);
    cr_expect_eq(l.items[0].place, STORE_IN_OTHER, "it stays where the user put it");
}
