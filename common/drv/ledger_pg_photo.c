/*
 * ledger_pg_photo: pictures (ledger.h). What is due is the view photo_due of schemas/sql.
 *
 * As in ledger_pg_sql.c: whatever decides by other rows runs behind the lock of the mailbox row.
 * The producer, too, counts photo_requested up under that lock, after it has committed what it
 * counts for: so `over` either sees it, or finds another number.
 */
#include <string.h>

#include "common/drv/ledger_pg_p.h"

#define MS     " * interval '1 millisecond'"
#define OURS   "m.id = $1::bigint AND m.lease_epoch = $2::bigint AND m.lease_until IS NOT NULL"
#define RESTED "(d.retry_at IS NULL OR d.retry_at <= statement_timestamp())"

/* ---- what is due ---- */

static const struct pg_stmt sql_requested = {"ledger_photo_requested",
                                             "SELECT m.photo_requested FROM mailbox m WHERE " OURS};

/* octet_length does not read the picture. The first one goes whatever its size: one that is larger
 * than the limit was never stored. */
static const struct pg_stmt sql_photos = {
    "ledger_photos",
    "WITH d AS MATERIALIZED (SELECT d.* FROM photo_due d WHERE d.mailbox = $1::bigint"
    "  AND " RESTED " AND NOT EXISTS (SELECT FROM mailbox m WHERE m.id = $1"
    "   AND m.photo_flight_until > statement_timestamp()) ORDER BY d.person LIMIT $2::bigint),"
    " few AS MATERIALIZED (SELECT d.*,"
    "  sum((SELECT octet_length(jpeg) FROM photo WHERE hash = d.want)) OVER (ORDER BY d.person)"
    "   AS bytes, row_number() OVER (ORDER BY d.person) AS n FROM d)"
    " SELECT f.person, f.item_id, f.version, f.want,"
    " (SELECT jpeg FROM photo WHERE hash = f.want), f.attempts"
    " FROM few f WHERE f.n = 1 OR coalesce(f.bytes, 0) <= $3::bigint ORDER BY f.person"};

static void read_photo(const struct pg_result *r, size_t i, struct ledger_photo *p)
{
    p->person = pg_i64(r, i, 0);
    p->item_id = pg_text(r, i, 1);
    p->version = pg_text(r, i, 2);
    p->set = pg_sha(r, i, 3, &p->hash);
    p->jpeg = pg_bytes(r, i, 4, &p->len);
    p->attempts = (uint32_t)pg_i64(r, i, 5);
}

static void
photos_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    const struct pg_result *requested = pg_result_of(r, 0);
    if (st != PG_OK || pg_rows(requested) == 0) {
        c.fn.photos(st == PG_OK ? LEDGER_FENCED : LEDGER_AWAY, NULL, 0, 0, err, c.user);
        return;
    }
    size_t n = pg_rows(r);
    autofree struct ledger_photo *v = xalloc((n + 1) * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        read_photo(r, i, &v[i]);
    c.fn.photos(LEDGER_OK, v, n, pg_i64(requested, 0, 0), NULL, c.user);
}

void ledger_pg_photos(struct ledger *l,
                      struct ledger_lease lease,
                      uint32_t max,
                      size_t max_bytes,
                      ledger_photos_done done,
                      void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.photos = done;
    autovalue(pg_params_release) struct pg_params key = {0}, p = {0};
    ledger_put_lease(&key, lease);
    pg_put_i64(&p, lease.mailbox);
    pg_put_i64(&p, max);
    pg_put_i64(&p, (int64_t)max_bytes);
    const struct pg_step steps[] = {{&sql_requested, &key}, {&sql_photos, &p}};
    pg_exec_steps(c->l->pg, steps, 2, photos_done, c);
}

/* ---- before and after a write ---- */

static const struct pg_stmt sql_flight = {
    "ledger_photo_flight",
    "WITH lease AS (SELECT m.id FROM mailbox m WHERE " OURS
    "  AND m.lease_until > clock_timestamp()),"
    " void AS (INSERT INTO link_photo AS o (mailbox, person, item_id, hash)"
    "  SELECT lease.id, u.person, u.item_id, '\\x00'"
    "  FROM lease, unnest($5::bigint[], $6::text[]) AS u(person, item_id)"
    "  JOIN link l ON l.mailbox = $1 AND l.person = u.person ORDER BY u.person"
    "  ON CONFLICT (mailbox, person) DO UPDATE SET item_id = excluded.item_id,"
    "  hash = excluded.hash, left_for = NULL, left_code = NULL, retry_at = NULL,"
    "  attempts = CASE WHEN o.item_id = excluded.item_id THEN o.attempts ELSE 0 END),"
    " up AS (UPDATE mailbox m SET"
    "  photo_flight_until ="
    "   greatest(m.photo_flight_until, clock_timestamp() + $3::bigint" MS "),"
    "  lease_until = greatest(m.lease_until, clock_timestamp() + $4::bigint" MS ")"
    "  FROM lease WHERE m.id = lease.id)"
    " SELECT EXISTS (SELECT FROM lease)"};

void ledger_pg_photo_flight(struct ledger *l,
                            struct ledger_lease lease,
                            uint32_t deadline_ms,
                            uint32_t ttl_ms,
                            const struct ledger_photo *photos,
                            size_t n,
                            ledger_done done,
                            void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_i64(&p, deadline_ms);
    pg_put_i64(&p, ttl_ms);
    pg_array(&p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(&p, photos[i].person);
    pg_array_end(&p);
    pg_array(&p, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(&p, photos[i].item_id);
    pg_array_end(&p);
    ledger_locked(l, &ledger_sql_lock, lease, &sql_flight, &p, ledger_ours_done, c);
}

/* wish: what was to be there; `held`, `left`, `rests`: enum ledger_photo_end as three columns. */
static const struct pg_stmt sql_record = {
    "ledger_photo_record",
    "WITH lease AS (SELECT m.id FROM mailbox m WHERE " OURS "),"
    " r AS (SELECT u.* FROM lease, unnest($4::bigint[], $5::text[], $6::bytea[], $7::boolean[],"
    "  $8::boolean[], $9::bigint[], $10::text[], $11::text[], $12::text[])"
    "  AS u(person, item_id, wish, held, leaves, rest_ms, version, outcome, code)),"
    " up AS (UPDATE link_photo o SET hash = CASE WHEN r.held THEN r.wish ELSE o.hash END,"
    "  left_for = CASE WHEN r.leaves THEN r.wish END,"
    "  left_code = CASE WHEN r.leaves THEN r.code END,"
    "  retry_at = CASE WHEN r.rest_ms > 0 THEN clock_timestamp() + r.rest_ms" MS " END,"
    "  attempts = CASE WHEN r.rest_ms > 0 THEN o.attempts + 1 ELSE 0 END"
    "  FROM r WHERE o.mailbox = $1 AND o.person = r.person AND o.item_id = r.item_id),"
    " known AS (UPDATE link l SET version = r.version FROM r"
    "  WHERE l.mailbox = $1 AND l.person = r.person AND l.item_id = r.item_id"
    "  AND r.version IS NOT NULL),"
    " said AS (INSERT INTO journal (mailbox, person, op, outcome, code)"
    "  SELECT $1, r.person, 'photo', r.outcome, r.code FROM r WHERE r.outcome IS NOT NULL),"
    " over AS (UPDATE mailbox m SET photo_flight_until = NULL FROM lease"
    "  WHERE m.id = lease.id AND $3::boolean AND m.photo_flight_until IS NOT NULL)"
    " SELECT EXISTS (SELECT FROM lease)"};

static void put_wish(struct pg_params *p, const struct ledger_photo_result *r)
{
    pg_put_bytes(p, r->set ? &r->hash : (const void *)"", r->set ? sizeof(r->hash) : 0);
}

static void put_results(struct pg_params *p, const struct ledger_photo_result *r, size_t n)
{
    PG_COLUMN(p, PG_INT8, r, n, pg_put_i64(p, row->person));
    PG_COLUMN(p, PG_TEXT, r, n, pg_put_text(p, row->item_id));
    PG_COLUMN(p, PG_BYTEA, r, n, put_wish(p, row));
    PG_COLUMN(p, PG_BOOL, r, n, pg_put_bool(p, row->end == PHOTO_HELD));
    PG_COLUMN(p, PG_BOOL, r, n, pg_put_bool(p, row->end == PHOTO_LEFT));
    PG_COLUMN(p, PG_INT8, r, n, pg_put_i64(p, row->end == PHOTO_RESTS ? row->retry_in_ms : 0));
    PG_COLUMN(p, PG_TEXT, r, n, pg_put_text(p, row->version));
    PG_COLUMN(p, PG_TEXT, r, n, pg_put_text(p, row->outcome));
    PG_COLUMN(p, PG_TEXT, r, n, pg_put_text(p, row->code ? row->code : ""));
}

void ledger_pg_photo_record(struct ledger *l,
                            struct ledger_lease lease,
                            const struct ledger_photo_result *r,
                            size_t n,
                            bool flight_over,
                            ledger_done done,
                            void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_bool(&p, flight_over);
    put_results(&p, r, n);
    ledger_locked(l, &ledger_sql_lock, lease, &sql_record, &p, ledger_ours_done, c);
}

/* ---- the end of a turn ---- */

/* Returns: ours?, done? A number that grew meanwhile stays ahead of photo_done. */
static const struct pg_stmt sql_over = {
    "ledger_photo_over",
    "WITH lease AS (SELECT m.id, m.photo_flight_until FROM mailbox m WHERE " OURS "),"
    " rest AS (SELECT count(*) AS n, min(greatest(d.retry_at, lease.photo_flight_until)) AS until,"
    "  coalesce(bool_or(" RESTED " AND coalesce(lease.photo_flight_until <= statement_timestamp(),"
    "   true)), false) AS due"
    "  FROM lease JOIN photo_due d ON d.mailbox = lease.id),"
    " up AS (UPDATE mailbox m SET"
    "  photo_done = CASE WHEN rest.n = 0 THEN greatest(m.photo_done, $3::bigint)"
    "   ELSE m.photo_done END,"
    "  photo_at = rest.until FROM lease, rest WHERE m.id = lease.id AND NOT rest.due)"
    " SELECT EXISTS (SELECT FROM lease), NOT (SELECT due FROM rest)"};

static void
over_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (ledger_call_end(user, &c))
        c.fn.done(ledger_status_of(st, r, LEDGER_MORE), err, c.user);
}

void ledger_pg_photo_over(
    struct ledger *l, struct ledger_lease lease, int64_t requested, ledger_done done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_i64(&p, requested);
    ledger_locked(l, &ledger_sql_lock, lease, &sql_over, &p, over_done, c);
}
