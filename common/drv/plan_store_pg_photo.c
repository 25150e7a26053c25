/*
 * plan_store_pg_photo: which picture people have, the pictures, and who is to write them.
 *
 * Only the one producer that leads writes person_photo and photo; workers read them. What a worker
 * decides by them it decides behind the lock of the mailbox row (ledger_pg_photo.c), and `raise`
 * counts photo_requested up under that lock in a transaction behind the one that changed the
 * picture: so whoever decided by the old picture is told of the new one.
 */
#include "common/drv/plan_store_pg_p.h"

#define CHUNK 4000u

static const struct guid *guid_of(const struct photo_ref *ref)
{
    return guid_is_nil(&ref->guid) ? NULL : &ref->guid;
}

/* ---- what runs see ---- */

static const struct pg_stmt sql_seen = {
    "plan_photos_seen",
    "INSERT INTO person_photo AS p (person, ref_id, ref_guid, read_at, got)"
    " SELECT u.person, u.ref_id, u.ref_guid, $4::timestamptz, u.ref_id = 0"
    "  FROM unnest($1::bigint[], $2::bigint[], $3::uuid[]) AS u(person, ref_id, ref_guid)"
    "  LEFT JOIN person_photo o ON o.person = u.person"
    "  WHERE (o.person IS NOT NULL OR u.ref_id <> 0)"
    "  AND (o.ref_id, o.ref_guid) IS DISTINCT FROM (u.ref_id, u.ref_guid) ORDER BY u.person"
    " ON CONFLICT (person) DO UPDATE SET ref_id = excluded.ref_id, ref_guid = excluded.ref_guid,"
    " read_at = excluded.read_at, got = excluded.got, failure = NULL, tries = 0, retry_at = NULL,"
    " hash = CASE WHEN NOT excluded.got THEN p.hash END,"
    " raised = p.raised AND (NOT excluded.got OR p.hash IS NULL)"
    " WHERE p.read_at <= excluded.read_at"};

static int op_seen(
    struct plan_store *s, const struct plan_photo *v, size_t n, int64_t read_at_ms, struct err *err)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t some = n - at < CHUNK ? n - at : CHUNK;
        autovalue(pg_params_release) struct pg_params p = {0};
        PG_COLUMN(&p, PG_INT8, v + at, some, pg_put_i64(&p, row->person));
        PG_COLUMN(&p, PG_INT8, v + at, some, pg_put_i64(&p, row->ref.id));
        PG_COLUMN(&p, PG_UUID, v + at, some, pg_put_uuid(&p, guid_of(&row->ref)));
        pg_put_ms(&p, read_at_ms);
        if (plan_pg_change(plan_pg(s), &sql_seen, &p, NULL, err) < 0)
            return -1;
    }
    return 0;
}

static int op_off(struct plan_store *s, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_photos_off", "UPDATE person_photo SET ref_id = 0, ref_guid = NULL, got = true,"
                           " failure = NULL, tries = 0, retry_at = NULL, hash = NULL,"
                           " raised = raised AND hash IS NULL"
                           " WHERE ref_id <> 0 OR hash IS NOT NULL OR NOT got"};
    return plan_pg_change(plan_pg(s), &stmt, NULL, NULL, err);
}

/* ---- fetching ---- */

/* Somebody has a contact of theirs, or is to have one. */
#define LINKED                                                                                     \
    "EXISTS (SELECT FROM link l WHERE l.person = p.person AND l.state = 'active'"                  \
    " AND l.want IS NOT NULL)"

static int op_wanted(struct plan_store *s,
                     struct arena *a,
                     int64_t after,
                     size_t max,
                     struct plan_photo **ret,
                     size_t *n,
                     struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_photos_wanted", "SELECT p.person, p.ref_id, p.ref_guid, p.tries FROM person_photo p"
                              " WHERE NOT p.got AND p.person > $1::bigint"
                              " AND (p.retry_at IS NULL OR p.retry_at <= now()) AND " LINKED
                              " ORDER BY p.person LIMIT $2::bigint"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, after);
    pg_put_i64(&p, (int64_t)max);
    if (pg_call(plan_pg(s)->pg, &stmt, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct plan_photo *w = &(*ret)[i];
        w->person = pg_i64(r, i, 0);
        w->ref.id = pg_i64(r, i, 1);
        pg_uuid(r, i, 2, &w->ref.guid);
        w->tries = (uint32_t)pg_i64(r, i, 3);
    }
    return 0;
}

static const struct pg_stmt sql_pictures = {
    "plan_photos_pictures",
    "INSERT INTO photo (hash, jpeg) SELECT DISTINCT ON (u.hash) u.hash, u.jpeg"
    " FROM unnest($1::bytea[], $2::bytea[]) AS u(hash, jpeg) WHERE u.hash IS NOT NULL"
    " ORDER BY u.hash ON CONFLICT (hash) DO NOTHING"};

static const struct pg_stmt sql_store = {
    "plan_photos_store",
    "UPDATE person_photo p SET got = NOT u.again, failure = u.failure,"
    " hash = CASE WHEN u.again THEN p.hash ELSE u.hash END,"
    " raised = p.raised AND (u.again OR p.hash IS NOT DISTINCT FROM u.hash),"
    " tries = CASE WHEN u.again THEN p.tries + 1 ELSE 0 END,"
    " retry_at = CASE WHEN u.again THEN now() + u.wait * interval '1 millisecond' END"
    " FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::boolean[], $5::bytea[], $6::text[],"
    "  $7::bigint[]) AS u(person, ref_id, ref_guid, again, hash, failure, wait)"
    " WHERE p.person = u.person AND NOT p.got AND p.ref_id = u.ref_id"
    " AND p.ref_guid IS NOT DISTINCT FROM u.ref_guid"};

static int op_store(struct plan_store *s, const struct plan_photo_got *g, size_t n, struct err *err)
{
    autofree struct sha256 *hashes = xalloc((n + 1) * sizeof(*hashes));
    for (size_t i = 0; i < n; i++)
        sha256_of(g[i].jpeg, g[i].len, &hashes[i]);
    autovalue(pg_params_release) struct pg_params p = {0}, pictures = {0};
#define HASH (row->end == PLAN_PHOTO_THERE ? &hashes[row - g] : NULL)
    PG_COLUMN(&pictures, PG_BYTEA, g, n, pg_put_sha(&pictures, HASH));
    PG_COLUMN(&pictures, PG_BYTEA, g, n,
              pg_put_bytes(&pictures, HASH ? row->jpeg : NULL, row->len));
    PG_COLUMN(&p, PG_INT8, g, n, pg_put_i64(&p, row->person));
    PG_COLUMN(&p, PG_INT8, g, n, pg_put_i64(&p, row->ref.id));
    PG_COLUMN(&p, PG_UUID, g, n, pg_put_uuid(&p, guid_of(&row->ref)));
    PG_COLUMN(&p, PG_BOOL, g, n, pg_put_bool(&p, row->end == PLAN_PHOTO_AGAIN));
    PG_COLUMN(&p, PG_BYTEA, g, n, pg_put_sha(&p, HASH));
    PG_COLUMN(&p, PG_TEXT, g, n, pg_put_text(&p, row->failure));
    PG_COLUMN(&p, PG_INT8, g, n, pg_put_i64(&p, row->retry_in_ms));
#undef HASH
    const struct pg_step steps[] = {{&sql_pictures, &pictures}, {&sql_store, &p}};
    return plan_pg_change_steps(plan_pg(s), steps, ARRAY_LEN(steps), NULL, err);
}

/* ---- telling the mailboxes ---- */

#define UNTOLD                                                                                     \
    "(SELECT p.person FROM person_photo p WHERE NOT p.raised ORDER BY p.person LIMIT $1::bigint)"
/*
 * Of the people of `from`, whatever the state of the link: a worker may be at making it active, or
 * at recording its item, and have decided by the old picture. OFFSET 0 holds the planner to going
 * by person: it knows no better than that nobody waits to be told, and would read all links.
 */
#define BOXES_OF(from)                                                                             \
    "(SELECT DISTINCT x.mailbox FROM " from " u"                                                   \
    " CROSS JOIN LATERAL (SELECT l.mailbox FROM link l WHERE l.person = u.person OFFSET 0) x)"

static const struct pg_stmt sql_raise_lock = {
    "plan_photos_raise_lock",
    "SELECT 1 FROM mailbox m WHERE m.id IN " BOXES_OF(UNTOLD) " ORDER BY m.id FOR NO KEY UPDATE"};

static const struct pg_stmt sql_raise = {
    "plan_photos_raise",
    "WITH few AS MATERIALIZED " UNTOLD ","
    " told AS (UPDATE person_photo p SET raised = true FROM few WHERE p.person = few.person),"
    " up AS (UPDATE mailbox m SET photo_requested = photo_requested + 1, photo_at = NULL,"
    "  photo_offered_at = NULL FROM " BOXES_OF("few") " b WHERE m.id = b.mailbox)"
                                                      " SELECT count(*) FROM few"};

static int op_raise(struct plan_store *s, size_t max, size_t *ret_n, struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, (int64_t)max);
    const struct pg_step lock = {&sql_raise_lock, &p}, raise = {&sql_raise, &p};
    if (plan_pg_change_locked(plan_pg(s), &lock, &raise, &r, err) < 0)
        return -1;
    *ret_n = (size_t)pg_i64(r, 0, 0);
    return 0;
}

/* Who has a lease works from the rows, and looks for pictures before it is given back. A mailbox
 * whose row is locked is skipped, so that this waits for nobody. */
static const struct pg_stmt sql_offer = {
    "plan_photos_offer",
    "WITH few AS MATERIALIZED (SELECT m.id FROM mailbox m WHERE m.photo_requested > m.photo_done"
    "  AND (m.parked_until IS NULL OR m.parked_until <= now())"
    "  AND (m.lease_until IS NULL OR m.lease_until <= now())"
    "  AND (m.photo_at IS NULL OR m.photo_at <= now())"
    "  AND (m.photo_offered_at IS NULL OR m.photo_offered_at <= now() - interval '1 minute')"
    "  ORDER BY m.photo_offered_at NULLS FIRST, m.id LIMIT $1::bigint"
    "  FOR NO KEY UPDATE SKIP LOCKED)"
    " UPDATE mailbox m SET photo_offered_at = now() FROM few WHERE m.id = few.id"
    " RETURNING m.id, m.gen"};

static int op_offer(struct plan_store *s,
                    struct arena *a,
                    size_t max,
                    struct plan_photo_box **ret,
                    size_t *n,
                    struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, (int64_t)max);
    if (plan_pg_change(plan_pg(s), &sql_offer, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        (*ret)[i] = (struct plan_photo_box){pg_i64(r, i, 0), pg_i64(r, i, 1)};
    return 0;
}

static int op_count(struct plan_store *s, struct plan_photo_counts *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_photos_count",
        "SELECT (SELECT count(*) FROM person_photo p WHERE NOT p.got AND " LINKED "),"
        " (SELECT count(*) FROM mailbox WHERE photo_requested > photo_done)"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(s)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    ret->people = (size_t)pg_i64(r, 0, 0);
    ret->mailboxes = (size_t)pg_i64(r, 0, 1);
    return 0;
}

void plan_pg_add_photo(struct plan_store_ops *o)
{
    o->photos_seen = op_seen;
    o->photos_off = op_off;
    o->photos_wanted = op_wanted;
    o->photos_store = op_store;
    o->photos_raise = op_raise;
    o->photos_offer = op_offer;
    o->photos_count = op_count;
}
