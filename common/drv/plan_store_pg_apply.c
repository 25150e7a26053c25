/*
 * plan_store_pg_apply: one mailbox's plan, one transaction, one round trip.
 *
 * Step 1 locks the mailbox row, as everybody does who writes its links; step 2 begins afterwards
 * and refuses the plan when it is not ours to make (deposed) or not fresh (choices or snapshot are
 * newer). What the later steps read cannot change any more.
 */
#include <string.h>

#include "common/drv/plan_store_pg_p.h"

#define GEN "(SELECT gen + 1 FROM mailbox WHERE id = $1)"

static const struct pg_stmt apply_lock = {
    "plan_apply_lock", "SELECT 1 FROM mailbox WHERE id = $1::bigint FOR NO KEY UPDATE"};

/* The subscriber's row is locked too: a save waits until we are done, then it is the newer one. */
static const struct pg_stmt apply_check = {
    "plan_apply_check",
    "SELECT demand((SELECT true FROM cluster WHERE plan_epoch = $1::bigint FOR SHARE), 'CS001'),"
    " demand((SELECT planned_read_at <= $3::timestamptz FROM mailbox WHERE id = $2::bigint),"
    "  'CS002'),"
    " demand($4::bigint = 0 OR (SELECT true FROM subscriber WHERE id = $4"
    "  AND version = $5::bigint FOR SHARE), 'CS002')"};

/* What may be re-keyed: `from` has an item, `to` has none, no write is open on either. */
#define REKEYS                                                                                     \
    " FROM (SELECT DISTINCT ON (u.to_) u.from_, u.to_"                                             \
    "  FROM unnest($5::bigint[], $6::bigint[]) AS u(from_, to_) ORDER BY u.to_, u.from_) k"        \
    " JOIN link f ON f.mailbox = $1::bigint AND f.person = k.from_ AND f.have IS NOT NULL"         \
    " LEFT JOIN link t ON t.mailbox = $1 AND t.person = k.to_"                                     \
    " WHERE k.from_ <> k.to_ AND t.have IS NULL AND NOT EXISTS (SELECT FROM intent i"              \
    "  WHERE i.mailbox = $1 AND i.person IN (k.from_, k.to_))"

static const struct pg_stmt apply_rekey_rows = {
    "plan_apply_rekey_rows",
    "INSERT INTO link (mailbox, person) SELECT $1::bigint, k.to_" REKEYS
    " AND t.person IS NULL ORDER BY k.to_ ON CONFLICT (mailbox, person) DO NOTHING"};

/* What is known of the item's picture goes with it; somebody of whose picture nothing is known has
 * none, so it comes off (the read is no read: it is older than any). Both updates see the rows as
 * they were before this statement. A hidden person whose other self the user kept is there again.
 * The other row wants nothing any more, so nobody looks for the item by its key. A worker that
 * listed the mailbox before would give the item back to the row that it was taken from: it is
 * fenced, and begins again with the rows as they are. */
static const struct pg_stmt apply_rekey = {
    "plan_apply_rekey",
    "WITH k AS (SELECT k.to_, f.*" REKEYS " AND t.person IS NOT NULL),"
    " given AS (UPDATE link l SET have = k.have, have_content = k.have_content,"
    "  have_cats = k.have_cats, have_key = k.have_key, item_id = k.item_id, version = k.version,"
    "  lacks = k.lacks,"
    "  gen = " GEN ", run = $2::bigint, offer = $3::bigint, urgent = $4::boolean,"
    "  retry_at = NULL, attempts = 0, dead_for = NULL, dead_code = NULL,"
    "  state = CASE WHEN l.state = 'hidden' THEN 'active' ELSE l.state END"
    "  FROM k WHERE l.mailbox = $1 AND l.person = k.to_),"
    " taken AS (DELETE FROM link_photo o USING k WHERE o.mailbox = $1 AND o.person = k.person),"
    " pictured AS (INSERT INTO link_photo AS t (mailbox, person, item_id, hash, left_for,"
    "  left_code, attempts, retry_at) SELECT $1, k.to_, o.item_id, o.hash, o.left_for,"
    "  o.left_code, o.attempts, o.retry_at FROM k JOIN link_photo o"
    "  ON o.mailbox = $1 AND o.person = k.person ON CONFLICT (mailbox, person) DO UPDATE"
    "  SET item_id = excluded.item_id, hash = excluded.hash, left_for = excluded.left_for,"
    "  left_code = excluded.left_code, attempts = excluded.attempts,"
    "  retry_at = excluded.retry_at),"
    " faceless AS (INSERT INTO person_photo (person, ref_id, read_at, got)"
    "  SELECT k.to_, 0, to_timestamp(0), true FROM k JOIN link_photo o"
    "  ON o.mailbox = $1 AND o.person = k.person ON CONFLICT (person) DO NOTHING),"
    " fenced AS (UPDATE mailbox m SET lease_epoch = lease_epoch + 1, lease_owner = NULL,"
    "  lease_until = NULL WHERE m.id = $1 AND m.lease_until IS NOT NULL AND EXISTS (SELECT FROM k))"
    " UPDATE link l SET want = NULL, want_content = NULL, want_cats = NULL,"
    " have = NULL, have_content = NULL, have_cats = NULL, have_key = NULL,"
    " item_id = NULL, version = NULL, lacks = NULL, look_at = NULL,"
    " dead_for = NULL, dead_code = NULL"
    " FROM k WHERE l.mailbox = $1 AND l.person = k.person"};

/* A held change is on no queue: without an offer it goes out as soon as it is approved. */
static const struct pg_stmt apply_wants = {
    "plan_apply_wants",
    "INSERT INTO link AS l (mailbox, person, want, want_content, want_cats, gen, run, offer,"
    " urgent, hold) SELECT $1::bigint, u.person, u.want, u.content, u.cats, " GEN ", $2::bigint,"
    " CASE WHEN u.hold IS NULL THEN $3::bigint END, $4::boolean, u.hold"
    " FROM unnest($5::bigint[], $6::bytea[], $7::bytea[], $8::text[], $9::bigint[])"
    " AS u(person, want, content, cats, hold) ORDER BY u.person"
    " ON CONFLICT (mailbox, person) DO UPDATE SET want = excluded.want,"
    " want_content = excluded.want_content, want_cats = excluded.want_cats, gen = excluded.gen,"
    " run = excluded.run, offer = excluded.offer, urgent = excluded.urgent, hold = excluded.hold,"
    " retry_at = NULL, attempts = 0, fell_at = NULL,"
    " dead_for = CASE WHEN l.want = excluded.want THEN l.dead_for END,"
    " dead_code = CASE WHEN l.want = excluded.want THEN l.dead_code END,"
    " state = CASE WHEN l.state = 'hidden' THEN 'hidden' ELSE 'active' END"};

/*
 * Hidden rows stay hidden and only want nothing any more. A kept row keeps its item; where there is
 * none (and none may be under way, or there unseen) nothing has to be remembered. What may be there
 * unseen the worker looks for: nothing else would make it due.
 */
static const struct pg_stmt apply_drops = {
    "plan_apply_drops",
    "UPDATE link l SET want = NULL, want_content = NULL, want_cats = NULL,"
    " gen = " GEN ", run = $2::bigint, urgent = $4::boolean, retry_at = NULL, attempts = 0,"
    " dead_for = CASE WHEN l.want IS NULL THEN l.dead_for END,"
    " dead_code = CASE WHEN l.want IS NULL THEN l.dead_code END,"
    " state = CASE WHEN l.state = 'hidden' THEN 'hidden' WHEN d.keep AND d.item THEN 'kept'"
    "  ELSE 'active' END,"
    " look_at = CASE WHEN d.unseen THEN now() ELSE l.look_at END,"
    " hold = CASE WHEN d.item AND NOT d.keep AND l.state <> 'hidden' THEN d.hold END,"
    " offer = CASE WHEN d.hold IS NULL OR NOT d.item THEN $3::bigint END,"
    " fell_at = CASE WHEN d.counted AND d.item THEN coalesce(l.fell_at, now())"
    "  ELSE l.fell_at END"
    " FROM (SELECT u.*, x.have IS NOT NULL OR i.person IS NOT NULL OR s.unseen AS item, s.unseen"
    "  FROM unnest($5::bigint[], $6::boolean[], $7::boolean[], $8::bigint[])"
    "  AS u(person, keep, counted, hold)"
    "  JOIN link x ON x.mailbox = $1::bigint AND x.person = u.person"
    "  LEFT JOIN intent i ON i.mailbox = $1 AND i.person = u.person"
    "  CROSS JOIN LATERAL (SELECT x.want IS NOT NULL AND x.have IS NULL AND i.person IS NULL"
    "   AND x.state <> 'hidden'"
    "   AND " PLAN_PG_BLIND " AS unseen) s) d"
    " WHERE l.mailbox = $1 AND l.person = d.person"};

/* Of contacts that were kept, and are wanted just as they are, a picture may be due: no write will
 * tell of it. OFFSET 0: looked up one by one, and mostly there are none. */
static const struct pg_stmt apply_mailbox = {
    "plan_apply_mailbox",
    "UPDATE mailbox m SET gen = gen + 1, want_digest = $2::bytea,"
    " planned_read_at = $3::timestamptz, planned_version = $4::bigint,"
    " photo_requested = m.photo_requested + x.due::int,"
    " photo_at = CASE WHEN x.due THEN NULL ELSE m.photo_at END,"
    " photo_offered_at = CASE WHEN x.due THEN NULL ELSE m.photo_offered_at END"
    " FROM (SELECT EXISTS (SELECT FROM unnest($5::bigint[]) AS u(person)"
    "  CROSS JOIN LATERAL (SELECT FROM photo_due d WHERE d.mailbox = $1::bigint"
    "   AND d.person = u.person OFFSET 0) d) AS due) x"
    " WHERE m.id = $1 RETURNING m.gen"};

enum { CHECK, OFFER, REKEY, WANTS, DROPS, MAILBOX, PARAM_COUNT };

struct steps { /* of one apply */
    struct pg_params p[PARAM_COUNT], lock;
    struct pg_step v[PG_MAX_STEPS];
    size_t n;
};

static void steps_release(struct steps *st)
{
    for (size_t i = 0; i < PARAM_COUNT; i++)
        pg_params_release(&st->p[i]);
    pg_params_release(&st->lock);
}
CLEANUP_VALUE(struct steps, steps_release);

static void add(struct steps *st, const struct pg_stmt *stmt, const struct pg_params *p)
{
    st->v[st->n++] = (struct pg_step){stmt, p};
}

static void put_common(struct pg_params *p, const struct plan *plan)
{
    pg_put_i64(p, plan->mailbox);
    plan_pg_put_id(p, plan->run);
    plan_pg_put_id(p, plan->offer);
    pg_put_bool(p, plan->urgent);
}

static void add_check(struct steps *st, const struct plan_store_pg *s, const struct plan *plan)
{
    pg_put_i64(&st->lock, plan->mailbox);
    add(st, &apply_lock, &st->lock);
    struct pg_params *p = &st->p[CHECK];
    pg_put_i64(p, s->epoch);
    pg_put_i64(p, plan->mailbox);
    pg_put_ms(p, plan->read_at_ms);
    pg_put_i64(p, plan->subscriber);
    pg_put_i64(p, plan->subscriber_version);
    add(st, &apply_check, p);
}

static void add_rekeys(struct steps *st, const struct plan *plan)
{
    struct pg_params *p = &st->p[REKEY];
    put_common(p, plan);
    PG_COLUMN(p, PG_INT8, plan->rekeys, plan->n_rekeys, pg_put_i64(p, row->from));
    PG_COLUMN(p, PG_INT8, plan->rekeys, plan->n_rekeys, pg_put_i64(p, row->to));
    add(st, &apply_rekey_rows, p);
    add(st, &apply_rekey, p);
}

static void add_wants(struct steps *st, const struct plan *plan)
{
    struct pg_params *p = &st->p[WANTS];
    size_t n = plan->n_wants;
    put_common(p, plan);
    PG_COLUMN(p, PG_INT8, plan->wants, n, pg_put_i64(p, row->person));
    PG_COLUMN(p, PG_BYTEA, plan->wants, n, pg_put_sha(p, &row->state));
    PG_COLUMN(p, PG_BYTEA, plan->wants, n, pg_put_sha(p, &row->content));
    PG_COLUMN(p, PG_TEXT, plan->wants, n, pg_put_text(p, row->cats ? row->cats : ""));
    PG_COLUMN(p, PG_INT8, plan->wants, n, plan_pg_put_id(p, row->hold));
    add(st, &apply_wants, p);
}

static void add_drops(struct steps *st, const struct plan *plan)
{
    struct pg_params *p = &st->p[DROPS];
    size_t n = plan->n_drops;
    put_common(p, plan);
    PG_COLUMN(p, PG_INT8, plan->drops, n, pg_put_i64(p, row->person));
    PG_COLUMN(p, PG_BOOL, plan->drops, n, pg_put_bool(p, row->keep));
    PG_COLUMN(p, PG_BOOL, plan->drops, n, pg_put_bool(p, row->counted));
    PG_COLUMN(p, PG_INT8, plan->drops, n, plan_pg_put_id(p, row->hold));
    add(st, &apply_drops, p);
}

static void add_mailbox(struct steps *st, const struct plan *plan)
{
    struct pg_params *p = &st->p[MAILBOX];
    pg_put_i64(p, plan->mailbox);
    pg_put_sha(p, plan->void_digest ? NULL : &plan->digest);
    pg_put_ms(p, plan->read_at_ms);
    pg_put_i64(p, plan->subscriber_version);
    pg_array(p, PG_INT8);
    for (size_t i = 0; i < plan->n_wants; i++)
        if (plan->wants[i].back)
            pg_put_i64(p, plan->wants[i].person);
    pg_array_end(p);
    add(st, &apply_mailbox, p);
}

static int op_apply(struct plan_store *store,
                    const struct plan *plan,
                    enum plan_applied *ret,
                    int64_t *ret_gen,
                    struct err *err)
{
    struct plan_store_pg *s = plan_pg(store);
    if (plan_pg_leads(s, err) < 0)
        return -1;
    autovalue(steps_release) struct steps st = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    add_check(&st, s, plan);
    st.n += plan_pg_offer_step(s, plan->offer, &st.p[OFFER], &st.v[st.n]);
    if (plan->n_rekeys)
        add_rekeys(&st, plan);
    if (plan->n_wants)
        add_wants(&st, plan);
    if (plan->n_drops)
        add_drops(&st, plan);
    add_mailbox(&st, plan);
    if (pg_call_steps(s->pg, st.v, st.n, &r, err) < 0) {
        if (strcmp(err->code, PLAN_PG_STALE) != 0)
            return plan_pg_refused(s, err);
        *ret = PLAN_STALE;
        return 0;
    }
    plan_pg_offer_written(s, plan->offer);
    *ret = PLAN_APPLIED;
    *ret_gen = pg_i64(r, 0, 0);
    return 0;
}

void plan_pg_add_apply(struct plan_store_ops *o)
{
    o->apply = op_apply;
}
