/*
 * plan_store_pg_offer: offers, and what is due and on no queue.
 *
 * The re-driver asks every second, with millions of links of which few are dirty, or a million that
 * are dirty and all on the queue. So it never walks rows: index link_due holds the dirty ones by
 * (offer, mailbox, retry_at), and recursive CTEs hop from one offer to the next, then, in spent
 * offers only, from one mailbox to the next. Cost: one probe per offer that still has dirty links,
 * one per mailbox in those that are spent, and the rows that are taken.
 */
#include <string.h>

#include "common/drv/plan_store_pg_p.h"

/* ---- offers that have no row yet ---- */

static struct plan_offer *find_offer(struct plan_store_pg *s, int64_t id)
{
    vec_foreach (o, &s->offers)
        if (o->id == id)
            return o;
    return NULL;
}

static void forget(struct plan_store_pg *s, struct plan_offer *o)
{
    free(o->queue_id);
    vec_swap_remove(&s->offers, (size_t)(o - s->offers.v));
}

void plan_pg_offers_free(struct plan_store_pg *s)
{
    while (s->offers.n)
        forget(s, s->offers.v);
    vec_release(&s->offers);
}

size_t plan_pg_offer_step(struct plan_store_pg *s,
                          int64_t offer,
                          struct pg_params *p,
                          struct pg_step *step)
{
    static const struct pg_stmt stmt = {"plan_offer",
                                        "INSERT INTO offer (id, queue_id)"
                                        " VALUES ($1::bigint, $2::text) ON CONFLICT DO NOTHING"};
    const struct plan_offer *o = find_offer(s, offer);
    if (!o)
        return 0;
    pg_put_i64(p, o->id);
    pg_put_text(p, o->queue_id);
    *step = (struct pg_step){&stmt, p};
    return 1;
}

void plan_pg_offer_written(struct plan_store_pg *s, int64_t offer)
{
    struct plan_offer *o = find_offer(s, offer);
    if (o)
        forget(s, o);
}

static int op_make(struct plan_store *store, const char *queue_id, int64_t *ret_id, struct err *err)
{
    static const struct pg_stmt stmt = {"plan_offer_id",
                                        "SELECT nextval(pg_get_serial_sequence('offer', 'id'))"};
    struct plan_store_pg *s = plan_pg(store);
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (plan_pg_leads(s, err) < 0)
        return -1;
    vec_foreach (o, &s->offers) {
        if (o->unused && strcmp(o->queue_id, queue_id) == 0) {
            o->unused = false;
            *ret_id = o->id;
            return 0;
        }
    }
    if (pg_call(s->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *ret_id = pg_i64(r, 0, 0);
    vec_push(&s->offers, (struct plan_offer){*ret_id, xstrdup(queue_id), false});
    return 0;
}

static int op_delivered(struct plan_store *store,
                        int64_t offer,
                        const struct queue_end *ends,
                        size_t n,
                        struct err *err)
{
    static const struct pg_stmt done = {"plan_offer_delivered",
                                        "UPDATE offer SET delivered = true WHERE id = $1::bigint"};
    static const struct pg_stmt where = {
        "plan_offer_ends",
        "INSERT INTO offer_end (offer, topic, part, end_offset) SELECT o.id, u.topic, u.part, u.e"
        " FROM offer o, unnest($2::text[], $3::integer[], $4::bigint[]) AS u(topic, part, e)"
        " WHERE o.id = $1::bigint ON CONFLICT (offer, topic, part)"
        " DO UPDATE SET end_offset = greatest(offer_end.end_offset, excluded.end_offset)"};
    struct plan_store_pg *s = plan_pg(store);
    autovalue(pg_params_release) struct pg_params id = {0}, p = {0};
    plan_pg_offer_written(s, offer); /* without a row nothing refers to it */
    pg_put_i64(&id, offer);
    pg_put_i64(&p, offer);
    pg_array(&p, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(&p, queue_topic_name(ends[i].topic));
    pg_array_end(&p);
    pg_array(&p, PG_INT4);
    for (size_t i = 0; i < n; i++)
        pg_put_i32(&p, ends[i].partition);
    pg_array_end(&p);
    pg_array(&p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(&p, ends[i].end);
    pg_array_end(&p);
    const struct pg_step steps[] = {{&done, &id}, {&where, &p}};
    return plan_pg_change_steps(s, steps, 2, NULL, err);
}

/* ---- what is due ---- */

#define OFFER_OF "coalesce(l.offer, 0)"
#define RETRY_OF "coalesce(l.retry_at, '-infinity'::timestamptz)"

/* offers(id): those that dirty links refer to, 0 for none; ascending; ends with a null. */
#define OFFERS                                                                                     \
    " offers(id) AS ((SELECT " OFFER_OF " FROM link l WHERE " PLAN_PG_DIRTY                        \
    "   ORDER BY 1 LIMIT 1)"                                                                       \
    "  UNION ALL SELECT (SELECT " OFFER_OF " FROM link l WHERE " PLAN_PG_DIRTY "   AND " OFFER_OF  \
    " > o.id ORDER BY 1 LIMIT 1) FROM offers o WHERE o.id IS NOT NULL)"

/* boxes(offer, mailbox): the mailboxes that have dirty links with an offer of `from`. */
#define BOXES(from)                                                                                \
    " boxes(offer, mailbox) AS (SELECT s.id, (SELECT l.mailbox FROM link l"                        \
    "   WHERE " PLAN_PG_DIRTY " AND " OFFER_OF " = s.id ORDER BY l.mailbox LIMIT 1)"               \
    "  FROM " from " s WHERE s.id IS NOT NULL"                                                     \
    "  UNION ALL SELECT b.offer, (SELECT l.mailbox FROM link l WHERE " PLAN_PG_DIRTY               \
    "   AND " OFFER_OF " = b.offer AND l.mailbox > b.mailbox ORDER BY l.mailbox LIMIT 1)"          \
    "  FROM boxes b WHERE b.mailbox IS NOT NULL)"

/*
 * Due through an open intent or a look, but not dirty. Few: what is in flight.
 */
#define EXTRA                                                                                      \
    " extra AS MATERIALIZED (SELECT l.mailbox, l.person, " OFFER_OF " AS offer FROM intent i"      \
    "  JOIN link l ON l.mailbox = i.mailbox AND l.person = i.person"                               \
    "  WHERE NOT " PLAN_PG_DIRTY " AND " RETRY_OF " <= now()"                                      \
    "  UNION SELECT l.mailbox, l.person, " OFFER_OF " FROM link l"                                 \
    "  WHERE l.look_at <= now() AND NOT " PLAN_PG_DIRTY " AND " RETRY_OF " <= now())"

/*
 * An offer is spent (nobody will hear of its links through it any more) when it has no row, or
 *  - its queue is another one;
 *  - it was not confirmed in time;
 *  - the group has consumed it: in each partition as far as it goes. A partition that is not
 * among the positions is not consumed;
 *  - the group has consumed everything there is. That is the same, but for an offer that ends
 * behind the end: made after the positions were read, so it has to be old, or the topic was made
 * anew.
 */
#define CLEARING    "m.clear_requested IS NOT NULL AND m.clear_done IS NULL"
#define CLEAR_OFFER "coalesce(m.clear_offer, 0)"
#define PROBE_OFFER "coalesce(p.offer, 0)"
#define PROBING                                                                                    \
    "p.done_at IS NULL AND (p.run_until IS NULL OR p.run_until <= now())"                          \
    " AND p.requested_at > now() - interval '15 minutes'"
#define SPENT                                                                                      \
    " pos AS (SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])"         \
    "  AS u(topic, part, committed, e)),"                                                          \
    " idle AS (SELECT bool_and(committed >= e) AS yes FROM pos),"                                  \
    " spent AS MATERIALIZED (SELECT s.id FROM (SELECT id FROM offers WHERE id IS NOT NULL"         \
    "   UNION SELECT offer FROM extra UNION SELECT " CLEAR_OFFER " FROM mailbox m WHERE " CLEARING \
    "   UNION SELECT " PROBE_OFFER " FROM probe p WHERE " PROBING                                  \
    "  ) s LEFT JOIN offer o ON o.id = s.id"                                                       \
    "  WHERE o.id IS NULL OR o.queue_id <> $1::text"                                               \
    "  OR (NOT o.delivered AND o.made_at < now() - $6::bigint * interval '1 millisecond')"         \
    "  OR (o.delivered AND NOT EXISTS (SELECT FROM offer_end d"                                    \
    "   LEFT JOIN pos ON pos.topic = d.topic AND pos.part = d.part"                                \
    "   WHERE d.offer = o.id AND (pos.committed >= d.end_offset) IS NOT TRUE))"                    \
    "  OR (o.delivered AND (SELECT yes FROM idle)"                                                 \
    "   AND o.made_at < now() - $6 * interval '1 millisecond'))"

/* Whoever holds the lease works from the rows: what was offered before is in its hands. */
#define FREE_BOX(unless)                                                                           \
    "(m.parked_until IS NULL OR m.parked_until <= now()) AND (" unless                             \
    " m.lease_until IS NULL OR m.lease_until <= now())"

/*
 * MATERIALIZED and OFFSET 0 hold the planner to the order of the steps: it knows neither how few
 * offers are spent nor how few mailboxes are free, and would read all dirty rows first.
 */
#define DUE                                                                                        \
    "WITH RECURSIVE" OFFERS "," EXTRA "," SPENT "," BOXES(                                         \
        "spent") ","                                                                               \
                 " ready AS MATERIALIZED (SELECT b.offer, b.mailbox FROM boxes b"                  \
                 "  JOIN mailbox m ON m.id = b.mailbox WHERE " FREE_BOX(                           \
                     "b.offer = 0 OR") "),"                                                        \
                                       " due AS (SELECT x.mailbox, x.person FROM ready r"          \
                                       "  CROSS JOIN LATERAL (SELECT l.mailbox, l.person FROM "    \
                                       "link l WHERE " PLAN_PG_DIRTY "   AND " OFFER_OF            \
                                       " = r.offer AND l.mailbox = r.mailbox AND " RETRY_OF        \
                                       " <= now()"                                                 \
                                       "   OFFSET 0) x"                                            \
                                       "  UNION ALL SELECT x.mailbox, x.person FROM extra x JOIN " \
                                       "spent s ON s.id = x.offer"                                 \
                                       "  JOIN mailbox m ON m.id = x.mailbox WHERE " FREE_BOX(     \
                                           "") /* a Clear: no person */                            \
        " UNION ALL SELECT m.id, 0 FROM mailbox m JOIN spent s"                                    \
        "  ON s.id = " CLEAR_OFFER "  WHERE " CLEARING " AND " FREE_BOX(                           \
            CLEAR_OFFER " = 0 OR") /* a probe: also of a mailbox that rests or is at work */       \
        " UNION ALL SELECT p.mailbox, -1 FROM probe p JOIN spent s ON s.id = " PROBE_OFFER         \
        "  WHERE " PROBING ")"

static const struct pg_stmt due_any = {"plan_due_any", DUE " SELECT EXISTS (SELECT FROM due)"};

/*
 * Locked rows are being written right now: skipped, the next pass looks again. So this never waits
 * for a link, whatever the order.
 */
static const struct pg_stmt due_take = {
    "plan_due_take",
    DUE ", few AS MATERIALIZED (SELECT * FROM due LIMIT $8::bigint),"
        " locked AS MATERIALIZED (SELECT l.mailbox, l.person FROM few"
        "  JOIN link l ON l.mailbox = few.mailbox AND l.person = few.person"
        "  FOR NO KEY UPDATE OF l SKIP LOCKED),"
        " taken AS (UPDATE link l SET offer = $7::bigint FROM locked k"
        "  WHERE l.mailbox = k.mailbox AND l.person = k.person"
        "  RETURNING l.mailbox, l.person, l.urgent, l.want IS NULL AS deletes),"
        " clears AS MATERIALIZED (SELECT m.id FROM few JOIN mailbox m ON m.id = few.mailbox"
        "  WHERE few.person = 0 FOR NO KEY UPDATE OF m SKIP LOCKED),"
        " sent AS (UPDATE mailbox m SET clear_offer = $7 FROM clears k WHERE m.id = k.id"
        "  RETURNING m.id AS mailbox, 0::bigint AS person, true AS urgent, true AS deletes),"
        " probes AS MATERIALIZED (SELECT p.id FROM few JOIN probe p ON p.mailbox = few.mailbox"
        "  WHERE few.person = -1 AND " PROBING " FOR NO KEY UPDATE OF p SKIP LOCKED),"
        " asked AS (UPDATE probe p SET offer = $7 FROM probes k WHERE p.id = k.id"
        "  RETURNING p.mailbox, -1::bigint AS person, true AS urgent, false AS deletes)"
        " SELECT t.mailbox, t.person, m.gen, t.urgent, t.deletes, (SELECT count(*) FROM few)"
        " FROM (SELECT * FROM taken UNION ALL SELECT * FROM sent"
        "  UNION ALL SELECT * FROM asked) t"
        " JOIN mailbox m ON m.id = t.mailbox ORDER BY t.mailbox, t.person"};

static void put_due(struct pg_params *p,
                    const char *queue_id,
                    const struct queue_position *pos,
                    size_t n,
                    uint32_t undelivered_ms)
{
    pg_put_text(p, queue_id);
    pg_array(p, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(p, queue_topic_name(pos[i].topic));
    pg_array_end(p);
    pg_array(p, PG_INT4);
    for (size_t i = 0; i < n; i++)
        pg_put_i32(p, pos[i].partition);
    pg_array_end(p);
    pg_array(p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(p, pos[i].committed);
    pg_array_end(p);
    pg_array(p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(p, pos[i].end);
    pg_array_end(p);
    pg_put_i64(p, undelivered_ms);
}

static int take_due(struct plan_store_pg *s,
                    const struct pg_params *due,
                    int64_t offer,
                    struct pg_result **ret,
                    struct err *err)
{
    autovalue(pg_params_release) struct pg_params row = {0};
    struct pg_step steps[2];
    size_t n = plan_pg_offer_step(s, offer, &row, steps);
    steps[n++] = (struct pg_step){&due_take, due};
    if (plan_pg_change_steps(s, steps, n, ret, err) < 0)
        return -1;
    plan_pg_offer_written(s, offer);
    return 0;
}

static void
read_offered(const struct pg_result *r, struct arena *a, struct plan_offered **ret, size_t *n)
{
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        (*ret)[i] = (struct plan_offered){pg_i64(r, i, 0), pg_i64(r, i, 1), pg_i64(r, i, 2),
                                          pg_bool(r, i, 3), pg_bool(r, i, 4)};
}

static int op_redrive(struct plan_store *store,
                      struct arena *a,
                      const char *queue_id,
                      const struct queue_position *pos,
                      size_t n_pos,
                      int64_t offer,
                      uint32_t undelivered_ms,
                      size_t max,
                      struct plan_offered **ret,
                      size_t *n,
                      bool *more,
                      struct err *err)
{
    struct plan_store_pg *s = plan_pg(store);
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *any = NULL, *r = NULL;
    if (plan_pg_leads(s, err) < 0)
        return -1;
    put_due(&p, queue_id, pos, n_pos, undelivered_ms);
    if (pg_call(s->pg, &due_any, &p, &any, err) < 0)
        return -1;
    if (pg_bool(any, 0, 0)) {
        pg_put_i64(&p, offer);
        pg_put_i64(&p, (int64_t)max);
        if (take_due(s, &p, offer, &r, err) < 0)
            return -1;
    }
    read_offered(r, a, ret, n);
    *more = *n > 0 && (size_t)pg_i64(r, 0, 5) == max;
    struct plan_offer *unused = find_offer(s, offer);
    if (unused)
        unused->unused = true;
    return 0;
}

static int op_oldest(struct plan_store *store, int64_t *ret_age_ms, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_oldest",
        "WITH RECURSIVE" OFFERS
        "," BOXES("offers") " SELECT greatest(0, extract(epoch FROM"
                            " now() - min(o.made_at)) * 1000)::bigint FROM boxes b JOIN offer o ON "
                            "o.id = b.offer"
                            " WHERE EXISTS (SELECT FROM link l WHERE " PLAN_PG_DIRTY
                            " AND " OFFER_OF " = b.offer"
                            "  AND l.mailbox = b.mailbox AND " RETRY_OF " <= now())"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(store)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *ret_age_ms = pg_i64(r, 0, 0);
    return 0;
}

void plan_pg_add_offer(struct plan_store_ops *o)
{
    o->offer_make = op_make;
    o->offer_delivered = op_delivered;
    o->redrive = op_redrive;
    o->oldest_dirty_ms = op_oldest;
}
