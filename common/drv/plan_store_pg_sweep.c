/*
 * plan_store_pg_sweep: deletes what nothing refers to and what is older than its retention. Chunk
 * by chunk, each a transaction of its own, so that nobody waits long for any.
 */
#include "common/drv/plan_store_pg_p.h"

#define CHUNK     "2000"
#define CHUNK_N   2000
#define MAX_CHUNK 5000 /* of one sweep and kind; the next sweep goes on */

/* A link of these says nothing: wanted by nobody, not there, not remembered by the guard. */
static const struct pg_stmt sweep_links = {
    "plan_sweep_links",
    "DELETE FROM link l USING (SELECT l.mailbox, l.person FROM link l"
    "  WHERE l.want IS NULL AND l.have IS NULL AND l.state = 'active' AND l.look_at IS NULL"
    "  AND (l.fell_at IS NULL OR l.fell_at < " PLAN_PG_WINDOW ")"
    "  AND NOT EXISTS (SELECT FROM intent i WHERE i.mailbox = l.mailbox AND i.person = l.person)"
    "  ORDER BY l.mailbox, l.person LIMIT " CHUNK " FOR UPDATE OF l SKIP LOCKED) x"
    " WHERE l.mailbox = x.mailbox AND l.person = x.person"};

/* Without its row an offer is spent; only dirty links ask for it. */
static const struct pg_stmt sweep_offers = {
    "plan_sweep_offers",
    "DELETE FROM offer WHERE id IN (SELECT o.id FROM offer o"
    " WHERE o.made_at < now() - interval '1 hour' AND NOT EXISTS (SELECT FROM link l"
    "  WHERE " PLAN_PG_DIRTY " AND coalesce(l.offer, 0) = o.id) ORDER BY o.id LIMIT " CHUNK ")"};

static const struct pg_stmt sweep_journal = {
    "plan_sweep_journal",
    "DELETE FROM journal WHERE ctid = ANY (ARRAY(SELECT ctid FROM journal"
    " WHERE at < now() - $1::bigint * interval '1 day' ORDER BY at LIMIT " CHUNK "))"};

static const struct pg_stmt sweep_probes = {
    "plan_sweep_probes",
    "DELETE FROM probe WHERE ctid = ANY (ARRAY(SELECT ctid FROM probe"
    " WHERE requested_at < now() - $1::bigint * interval '1 day' ORDER BY requested_at"
    " LIMIT " CHUNK "))"};

static const struct pg_stmt sweep_emptied = {
    "plan_sweep_emptied",
    "DELETE FROM person_emptied WHERE ctid = ANY (ARRAY(SELECT ctid FROM person_emptied"
    " WHERE at <= " PLAN_PG_WINDOW " LIMIT " CHUNK "))"};

static const struct pg_stmt sweep_beats = {
    "plan_sweep_beats", "DELETE FROM worker_beat WHERE until < now() - interval '1 hour'"};

/* A hold that was approved while a run put further links behind it waits for another approval. */
static const struct pg_stmt sweep_hold_again = {
    "plan_sweep_hold_again", "UPDATE hold SET state = 'open' WHERE state <> 'open'"
                             " AND EXISTS (SELECT FROM link l WHERE l.hold = hold.id)"};

/* Everybody behind it came back (or its run ended before it had any). */
static const struct pg_stmt sweep_hold_empty = {
    "plan_sweep_hold_empty", "UPDATE hold SET state = 'empty' WHERE state = 'open'"
                             " AND made_at < now() - interval '1 hour'"
                             " AND NOT EXISTS (SELECT FROM link l WHERE l.hold = hold.id)"};

static const struct pg_stmt sweep_holds = {
    "plan_sweep_holds", "DELETE FROM hold WHERE state <> 'open'"
                        " AND made_at < now() - interval '90 days'"
                        " AND NOT EXISTS (SELECT FROM link l WHERE l.hold = hold.id)"};

static const struct pg_stmt sweep_runs = {"plan_sweep_runs",
                                          "DELETE FROM run WHERE id IN (SELECT r.id FROM run r"
                                          " WHERE r.finished_at < now() - interval '90 days'"
                                          " AND NOT EXISTS (SELECT FROM hold h WHERE h.run = r.id)"
                                          " ORDER BY r.id LIMIT " CHUNK ")"};

/* Nobody has a contact of theirs any more: the picture goes, and is fetched again with the next
 * one. */
static const struct pg_stmt sweep_faces = {
    "plan_sweep_faces",
    "UPDATE person_photo SET got = false, hash = NULL, failure = NULL, tries = 0, retry_at = NULL,"
    " raised = true WHERE person IN (SELECT p.person FROM person_photo p"
    "  WHERE p.hash IS NOT NULL AND NOT EXISTS (SELECT FROM link l WHERE l.person = p.person)"
    "  ORDER BY p.person LIMIT " CHUNK ")"};

static const struct pg_stmt sweep_faceless = {
    "plan_sweep_faceless",
    "DELETE FROM person_photo WHERE person IN (SELECT p.person FROM person_photo p"
    "  WHERE p.ref_id = 0 AND NOT EXISTS (SELECT FROM link l WHERE l.person = p.person)"
    "  ORDER BY p.person LIMIT " CHUNK ")"};

/* What items hold they are known by hash for; the picture itself is of no use any more. */
static const struct pg_stmt sweep_pictures = {
    "plan_sweep_pictures",
    "DELETE FROM photo WHERE hash IN (SELECT f.hash FROM photo f"
    " WHERE NOT EXISTS (SELECT FROM person_photo p WHERE p.hash = f.hash) LIMIT " CHUNK ")"};

/*
 * One page of contents behind $1, by hash. Those that nothing refers to are marked, and go when
 * they still are so after an hour: a worker that has loaded a link may be about to write down an
 * intent for a content that the planner has replaced meanwhile, and a run writes contents before
 * the rows that refer to them.
 */
static const struct pg_stmt sweep_contents = {
    "plan_sweep_contents",
    "WITH page AS MATERIALIZED (SELECT hash, unused_since FROM content WHERE hash > $1::bytea"
    "  ORDER BY hash LIMIT " CHUNK "),"
    " unused AS MATERIALIZED (SELECT hash, unused_since FROM page"
    "  WHERE NOT EXISTS (SELECT FROM person p WHERE p.content = page.hash)"
    "  AND NOT EXISTS (SELECT FROM link l WHERE l.want_content = page.hash)"
    "  AND NOT EXISTS (SELECT FROM link l WHERE l.have_content = page.hash"
    "   AND l.have_content IS DISTINCT FROM l.want_content)"
    "  AND NOT EXISTS (SELECT FROM intent i WHERE i.content = page.hash)),"
    " marked AS (UPDATE content c SET unused_since = now() FROM unused u"
    "  WHERE c.hash = u.hash AND u.unused_since IS NULL),"
    " gone AS (DELETE FROM content c USING unused u WHERE c.hash = u.hash"
    "  AND u.unused_since < now() - interval '1 hour' AND c.unused_since IS NOT NULL)"
    " SELECT hash FROM page ORDER BY hash DESC LIMIT 1"};

static int sweep_contents_all(struct plan_store_pg *s, struct err *err)
{
    struct sha256 at = {{0}};
    for (int i = 0; i < MAX_CHUNK && !loop_quitting(s->loop); i++) {
        autovalue(pg_params_release) struct pg_params p = {0};
        autoptr(pg_result_free) struct pg_result *r = NULL;
        pg_put_sha(&p, &at);
        if (plan_pg_change(s, &sweep_contents, &p, &r, err) < 0)
            return -1;
        if (!pg_sha(r, 0, 0, &at))
            return 0;
    }
    return 0;
}

static int sweep_all(struct plan_store_pg *s,
                     const struct pg_stmt *stmt,
                     const struct pg_params *p,
                     struct err *err)
{
    for (int i = 0; i < MAX_CHUNK && !loop_quitting(s->loop); i++) {
        autoptr(pg_result_free) struct pg_result *r = NULL;
        if (plan_pg_change(s, stmt, p, &r, err) < 0)
            return -1;
        if (pg_affected(r) < CHUNK_N)
            return 0;
    }
    return 0;
}

static int op_sweep(struct plan_store *store, uint32_t journal_days, struct err *err)
{
    /* Referring rows first. */
    static const struct pg_stmt *const all[] = {
        &sweep_links,      &sweep_offers,     &sweep_emptied, &sweep_beats,
        &sweep_hold_again, &sweep_hold_empty, &sweep_holds,   &sweep_runs,
        &sweep_faces,      &sweep_faceless,   &sweep_pictures};
    struct plan_store_pg *s = plan_pg(store);
    autovalue(pg_params_release) struct pg_params days = {0};
    pg_put_i64(&days, journal_days);
    if (sweep_all(s, &sweep_journal, &days, err) < 0 || sweep_all(s, &sweep_probes, &days, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (sweep_all(s, all[i], NULL, err) < 0)
            return -1;
    return sweep_contents_all(s, err);
}

void plan_pg_add_sweep(struct plan_store_ops *o)
{
    o->sweep = op_sweep;
}
