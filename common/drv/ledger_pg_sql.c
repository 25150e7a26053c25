/*
 * ledger_pg_sql: the statements of ledger_pg, and why they are right when others write at the same
 * time (READ COMMITTED).
 *
 * The trap of that level: a statement that waits for a row lock goes on with the newest version of
 * *that row* (EvalPlanQual) but sees everything else, CTEs, subselects and joined rows, as it was
 * before it waited. So no statement here both waits for the mailbox row and decides by other rows:
 *
 *  - Operations that look at several rows are two steps of one transaction. Step 1
 * (ledger_sql_lock) locks the mailbox row and checks the epoch; step 2 starts afterwards, with a
 * snapshot of its own, and sees what whoever held the lock before has committed. Whoever writes
 * rows of a mailbox (this file, the planner) locks its row first, so nothing that step 2 read can
 * change before the commit. When step 1 found another epoch it holds no lock; step 2 checks again
 * and cannot find ours, since epochs only grow.
 *  - Operations of one row (take, renew, unverify) are one UPDATE whose WHERE and SET use columns
 * of that row and constants only: after a wait, both are computed anew from the newest version.
 *
 * Lock order: the mailbox row, then links and intents; one mailbox in a transaction. The lock is
 * FOR NO KEY UPDATE, which the foreign keys of link, hold and subscriber do not wait for.
 *
 * Time is the server's. Where being early is the safe side (is that lease over? how long may a
 * write still land?) it is statement_timestamp(), which is before any wait and the same all through
 * the statement; where being late is (how long is this one good for?) it is clock_timestamp().
 */
#include "common/drv/ledger_pg_p.h"

#define MS " * interval '1 millisecond'"
#define LEFT_MS(t)                                                                                 \
    "greatest(0, ceil(extract(epoch FROM " t " - statement_timestamp()) * 1000))::bigint"

/* Held by us. A released lease keeps its epoch, for the release that is repeated. */
#define OURS "id = $1::bigint AND lease_epoch = $2::bigint AND lease_until IS NOT NULL"

const struct pg_stmt ledger_sql_lock = {
    "ledger_lock", "SELECT 1 FROM mailbox WHERE id = $1::bigint AND lease_epoch = $2::bigint"
                   " FOR NO KEY UPDATE"};

const struct pg_stmt ledger_sql_lock_folder = {
    "ledger_lock_folder",
    "SELECT 1 FROM mailbox WHERE id = $1::bigint AND lease_epoch = $2::bigint FOR UPDATE"};

/* ---- the lease ---- */

#define FREE                                                                                       \
    "(lease_until IS NULL OR lease_until <= statement_timestamp() OR lease_owner = $2::text)"

/*
 * A free lease becomes ours, a held one is poked, a parked mailbox is left alone. lease_until tells
 * which it was: only a grant sets exactly this value and this owner.
 */
const struct pg_stmt ledger_sql_take = {
    "ledger_take",
    "UPDATE mailbox SET"
    " lease_epoch = lease_epoch + CASE WHEN " FREE " THEN 1 ELSE 0 END,"
    " poke = poke + CASE WHEN " FREE " THEN 0 ELSE 1 END,"
    " lease_owner = CASE WHEN " FREE " THEN $2::text ELSE lease_owner END,"
    " lease_until = CASE WHEN " FREE " THEN statement_timestamp() + $3::bigint" MS
    " ELSE lease_until END"
    " WHERE id = $1::bigint AND (parked_until IS NULL OR parked_until <= statement_timestamp())"
    " RETURNING lease_owner = $2::text AND lease_until = statement_timestamp() + $3::bigint" MS};

const struct pg_stmt ledger_sql_taken = {
    "ledger_taken",
    "SELECT m.id, m.lease_epoch, m.address, m.folder_id, m.endpoint, m.gen,"
    " m.verified = (SELECT generation FROM cluster), " LEFT_MS("m.flight_until") ", " LEFT_MS(
        "m.parked_until") ", m.parked_why, m.park_attempts, m.former_folders,"
                          " m.clear_requested IS NOT NULL AND m.clear_done IS NULL,"
                          " m.photo_requested > m.photo_done"
                          " AND coalesce(m.photo_at <= statement_timestamp(), true)"
                          " FROM mailbox m WHERE m.id = $1::bigint"};

const struct pg_stmt ledger_sql_renew = {
    "ledger_renew", "UPDATE mailbox SET lease_until ="
                    " greatest(lease_until, clock_timestamp() + $3::bigint" MS ")"
                    " WHERE " OURS};

const struct pg_stmt ledger_sql_unverify = {"ledger_unverify",
                                            "UPDATE mailbox SET verified = 0 WHERE " OURS};

/* ---- due rows: the definition of ledger.h ---- */

#define MAY_WRITE                                                                                  \
    "(l.state = 'active' AND l.hold IS NULL AND l.want IS DISTINCT FROM l.have"                    \
    " AND l.dead_for IS DISTINCT FROM coalesce(l.want, '\\x00'::bytea))"
#define RESTED "(l.retry_at IS NULL OR l.retry_at <= statement_timestamp())"
#define LOOK   "coalesce(l.look_at <= statement_timestamp(), false)"
#define INDEXED                                                                                    \
    "(l.want IS DISTINCT FROM l.have OR l.look_at IS NOT NULL)" /* as index link_dirty */

/* Two ways to become due, each with an index: by the link, and by an open intent of a clean link.
 */
#define DUE(columns)                                                                               \
    "SELECT " columns " FROM link l"                                                               \
    " LEFT JOIN intent i ON i.mailbox = l.mailbox AND i.person = l.person"                         \
    " WHERE l.mailbox = $1::bigint AND " INDEXED " AND " RESTED                                    \
    " AND (i.person IS NOT NULL OR " LOOK " OR " MAY_WRITE ")"                                     \
    " UNION ALL SELECT " columns " FROM intent i"                                                  \
    " JOIN link l ON l.mailbox = i.mailbox AND l.person = i.person"                                \
    " WHERE i.mailbox = $1::bigint AND NOT " INDEXED " AND " RESTED

#define LINK_COLUMNS                                                                               \
    "l.person, l.gen, l.urgent, " LOOK " AS look, " MAY_WRITE " AS dirty, l.attempts,"             \
    " l.want, l.want_content, l.want_cats, l.have, l.have_content, l.have_cats, l.have_key,"       \
    " l.item_id, l.version, i.op, i.key, i.content, i.cats, i.looks, i.sent_at, l.lacks"
#define LINK_ORDER                                                                                 \
    " ORDER BY d.urgent DESC, d.op IS NULL,"                                                       \
    " CASE WHEN d.want IS NULL THEN 0 WHEN d.have IS NOT NULL THEN 1 ELSE 2 END, d.person"

/* Read before the rows: what is committed later pokes later. */
const struct pg_stmt ledger_sql_poke = {"ledger_poke", "SELECT poke FROM mailbox WHERE " OURS};

/* Subselects, not joins: in a church of a few thousand people the planner would rather read and
 * hash the whole table, for each load anew. */
#define PERSON_KEY "(SELECT key FROM person WHERE id = d.person)"
#define WANT_BODY  "(SELECT body FROM content WHERE hash = d.want_content)"
#define HAVE_BODY  "(SELECT body FROM content WHERE hash = d.have_content)"
#define OPEN_BODY  "(SELECT body FROM content WHERE hash = d.content)"

const struct pg_stmt ledger_sql_load = {
    "ledger_load",
    "WITH due AS (" DUE(
        LINK_COLUMNS) "), d AS (SELECT * FROM due d" LINK_ORDER " LIMIT $2::bigint + 1)"
                      " SELECT d.person, d.gen, d.urgent, d.look, d.dirty, d.attempts, " PERSON_KEY
                      ", d.want, d.want_content, " WANT_BODY ", d.want_cats,"
                      " d.have, d.have_content, " HAVE_BODY ", d.have_cats, d.have_key,"
                      " d.item_id, d.version,"
                      " d.op, d.key, d.content, " OPEN_BODY ", d.cats, d.looks,"
                      " (extract(epoch FROM statement_timestamp() - d.sent_at) * 1000)::bigint, "
                      "d.lacks"
                      " FROM d" LINK_ORDER};

/* Returns: ours?, done? A release that is repeated finds the lease gone and says done. */
const struct pg_stmt ledger_sql_release = {
    "ledger_release",
    "WITH lease AS (SELECT id, lease_until IS NULL AS over, poke FROM mailbox"
    "  WHERE id = $1::bigint AND lease_epoch = $2::bigint),"
    " fit AS (SELECT id, over FROM lease WHERE over OR $4::bigint > 0"
    "  OR (poke = $3::bigint AND NOT EXISTS (" DUE(
        "1") "))),"
             " up AS (UPDATE mailbox m SET lease_owner = NULL, lease_until = NULL,"
             "  parked_until = CASE WHEN $4 > 0 THEN clock_timestamp() + $4" MS " END,"
             "  parked_why = CASE WHEN $4 > 0 THEN $5::text END,"
             "  park_attempts = CASE WHEN $4 > 0 THEN m.park_attempts + 1 ELSE 0 END"
             "  FROM fit WHERE m.id = fit.id AND NOT fit.over)"
             " SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM fit)"};

/* ---- writes ---- */

/*
 * All or nothing: ON CONFLICT DO NOTHING could not take back the rows before the conflict, so
 * clashes are looked for first. That is exact, because every writer of this mailbox's intents holds
 * the lock of step 1. Returns: ours?, done?
 */
const struct pg_stmt ledger_sql_flight = {
    "ledger_flight",
    "WITH lease AS (SELECT id FROM mailbox WHERE " OURS " AND lease_until > clock_timestamp()),"
    " a AS (SELECT * FROM unnest($5::bigint[], $6::text[], $7::uuid[], $8::bytea[], $9::text[],"
    "  $10::bytea[]) AS u(person, op, key, content, cats, state)),"
    " fit AS (SELECT id FROM lease WHERE"
    "  NOT EXISTS (SELECT FROM a JOIN intent i ON i.mailbox = $1 AND i.person = a.person)"
    "  AND NOT EXISTS (SELECT FROM a WHERE NOT EXISTS (SELECT FROM link l"
    "   WHERE l.mailbox = $1 AND l.person = a.person AND (l.have IS NULL) = (a.op = 'create')))),"
    " made AS (INSERT INTO intent (mailbox, person, op, key, content, cats, state, epoch, sent_at)"
    "  SELECT fit.id, a.person, a.op, a.key, a.content, a.cats, a.state, $2, clock_timestamp()"
    "  FROM fit, a ORDER BY a.person),"
    " up AS (UPDATE mailbox m SET"
    "  flight_until = greatest(m.flight_until, clock_timestamp() + $3::bigint" MS "),"
    "  lease_until = greatest(m.lease_until, clock_timestamp() + $4::bigint" MS ")"
    "  FROM fit WHERE m.id = fit.id)"
    " SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM fit)"};

/*
 * dead_for is what was sent (the intent's state): the planner may have put another want there
 * meanwhile, which has not been tried. A content that was erased meanwhile is referred to no more;
 * its hash is still what the item holds.
 */
const struct pg_stmt ledger_sql_record = {
    "ledger_record",
    "WITH lease AS (SELECT id FROM mailbox WHERE " OURS "),"
    " r AS (SELECT u.*, c.hash AS kept, i.person IS NOT NULL AS open, i.state AS sent"
    "  FROM lease, unnest($4::bigint[], $5::boolean[], $6::bytea[], $7::bytea[], $8::text[],"
    "  $9::uuid[], $10::text[], $11::text[], $12::boolean[], $13::boolean[], $14::bigint[],"
    "  $15::boolean[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::boolean[], "
    "$21::text[])"
    "  AS u(person, set_have, have, content, cats, key, item_id, version, clear_intent, look_done,"
    "  look_in, dead, retry_in, outcome, code, op, hide, lacks)"
    "  LEFT JOIN content c ON c.hash = u.content"
    "  LEFT JOIN intent i ON i.mailbox = $1 AND i.person = u.person),"
    " n AS (SELECT r.*, l.want, l.run, CASE WHEN r.set_have THEN r.have ELSE l.have END AS now"
    "  FROM r JOIN link l ON l.mailbox = $1 AND l.person = r.person),"
    " up AS (UPDATE link l SET have = n.now,"
    "  have_content = CASE WHEN n.set_have THEN n.kept ELSE l.have_content END,"
    "  have_cats = CASE WHEN n.set_have THEN n.cats ELSE l.have_cats END,"
    "  have_key = CASE WHEN n.set_have THEN n.key ELSE l.have_key END,"
    "  lacks = CASE WHEN n.set_have THEN n.lacks ELSE l.lacks END,"
    "  item_id = CASE WHEN n.set_have THEN n.item_id ELSE l.item_id END,"
    "  version = CASE WHEN n.set_have THEN n.version ELSE l.version END,"
    "  look_at = CASE WHEN n.look_in > 0 THEN clock_timestamp() + n.look_in" MS
    "   WHEN n.look_done AND NOT n.open THEN NULL ELSE l.look_at END,"
    "  retry_at = CASE WHEN n.retry_in > 0 THEN clock_timestamp() + n.retry_in" MS " END,"
    "  attempts = CASE WHEN n.retry_in > 0 THEN l.attempts + 1 ELSE 0 END,"
    "  dead_for = CASE WHEN n.dead THEN coalesce(n.sent, l.want, '\\x00'::bytea)"
    "   WHEN l.want IS DISTINCT FROM n.now THEN l.dead_for END,"
    "  dead_code = CASE WHEN n.dead THEN n.code"
    "   WHEN l.want IS DISTINCT FROM n.now THEN l.dead_code END,"
    "  state = CASE WHEN n.hide AND l.state = 'active' THEN 'hidden'"
    "   WHEN n.set_have AND n.have IS NOT NULL AND l.state = 'hidden' THEN 'active'"
    "   ELSE l.state END,"
    "  urgent = l.urgent AND l.want IS DISTINCT FROM n.now"
    "  FROM n WHERE l.mailbox = $1 AND l.person = n.person),"
    " gone AS (DELETE FROM intent i USING n"
    "  WHERE i.mailbox = $1 AND i.person = n.person AND n.clear_intent),"
    " looked AS (UPDATE intent i SET looks = i.looks + 1 FROM n"
    "  WHERE i.mailbox = $1 AND i.person = n.person AND n.look_done AND NOT n.clear_intent),"
    " said AS (INSERT INTO journal (mailbox, person, run, op, outcome, code)"
    "  SELECT $1, n.person, n.run, n.op, n.outcome, n.code FROM n WHERE n.op IS NOT NULL),"
    /* a subselect, not a join: see PERSON_KEY */
    " need AS MATERIALIZED (SELECT coalesce(bool_or(EXISTS (" LEDGER_PHOTO_NEED ")), false) AS yes"
    "  FROM n WHERE n.set_have AND n.have IS NOT NULL AND n.have = n.want),"
    " over AS (UPDATE mailbox m SET"
    "  flight_until = CASE WHEN $3::boolean THEN NULL ELSE m.flight_until END,"
    "  photo_requested = m.photo_requested + CASE WHEN need.yes THEN 1 ELSE 0 END,"
    "  photo_at = CASE WHEN need.yes THEN NULL ELSE m.photo_at END,"
    "  photo_offered_at = CASE WHEN need.yes THEN NULL ELSE m.photo_offered_at END"
    "  FROM lease, need WHERE m.id = lease.id"
    "  AND (need.yes OR ($3::boolean AND m.flight_until IS NOT NULL)))"
    " SELECT EXISTS (SELECT FROM lease)"};

/* ---- the mailbox as a whole ---- */

/* Returns: ours?, done? A first contact (no folder before) leaves the digest. Intents stay: they
 * are settled by key, in the folder that is there now. What is not wanted is looked for: nothing
 * else makes it due, and its item may have moved along. */
const struct pg_stmt ledger_sql_identify = {
    "ledger_identify",
    "WITH lease AS (SELECT id, folder_id FROM mailbox WHERE " OURS "),"
    " fit AS (SELECT id, folder_id IS DISTINCT FROM $3::text AS other FROM lease"
    "  WHERE NOT EXISTS (SELECT FROM mailbox x WHERE x.folder_id = $3 AND x.id <> $1)),"
    " voided AS (UPDATE link l SET have = NULL, have_content = NULL,"
    "  have_key = NULL, item_id = NULL, version = NULL,"
    "  look_at = CASE WHEN l.want IS NULL THEN statement_timestamp() END FROM fit"
    "  WHERE fit.other AND l.mailbox = fit.id AND (l.have IS NOT NULL OR l.look_at IS NOT NULL)),"
    " up AS (UPDATE mailbox m SET folder_id = $3, server_version = $4::text,"
    "  verified = CASE WHEN fit.other THEN 0 ELSE m.verified END,"
    "  former_folders = CASE WHEN fit.other AND m.folder_id IS NOT NULL THEN array_to_string("
    "   (m.folder_id || string_to_array(nullif(m.former_folders, ''), E'\\n'))[1:20], E'\\n')"
    "   ELSE m.former_folders END,"
    "  want_digest = CASE WHEN fit.other AND m.folder_id IS NOT NULL THEN NULL ELSE m.want_digest "
    "END"
    "  FROM fit WHERE m.id = fit.id)"
    " SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM fit)"};

const struct pg_stmt ledger_sql_known = {
    "ledger_known",
    "SELECT l.person, coalesce(l.have_key, p.key), l.want, l.have, i.state, i.op,"
    " l.item_id, concat_ws(E'\\n', nullif(l.have_cats, ''), nullif(i.cats, '')), p.rock_id,"
    " (SELECT string_agg(f.rock_id::text, ',') FROM person_former f WHERE f.person = p.id), p.key"
    " FROM link l JOIN person p ON p.id = l.person"
    " LEFT JOIN intent i ON i.mailbox = l.mailbox AND i.person = l.person"
    " WHERE l.mailbox = $1::bigint"
    " AND (l.have IS NOT NULL OR l.want IS NOT NULL OR i.person IS NOT NULL)"
    " ORDER BY l.person"};

/* A step of its own: DO NOTHING waits for another's insert of the same key, and only the next step
 * sees that row. */
const struct pg_stmt ledger_sql_adopt_persons = {
    "ledger_adopt_persons",
    "INSERT INTO person (key) SELECT f.key FROM unnest($3::uuid[]) AS f(key)"
    " WHERE EXISTS (SELECT FROM mailbox WHERE " OURS ")"
    " AND NOT EXISTS (SELECT FROM person p WHERE p.key = f.key)"
    " ORDER BY f.key ON CONFLICT (key) DO NOTHING"};

/* A row that has an item already, or a write open, is left alone: found is what no row knows. */
const struct pg_stmt ledger_sql_adopt = {
    "ledger_adopt",
    "WITH lease AS (SELECT id FROM mailbox WHERE " OURS "),"
    " f AS (SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::boolean[])"
    "  AS u(key, item_id, version, remove)),"
    " made AS (INSERT INTO link (mailbox, person, state, have, have_cats, have_key, item_id,"
    "  version)"
    "  SELECT lease.id, p.id, CASE WHEN f.remove THEN 'active' ELSE 'kept' END,"
    "  '\\x00'::bytea, '', f.key, f.item_id, f.version"
    "  FROM lease, f JOIN person p ON p.key = f.key"
    "  WHERE NOT EXISTS (SELECT FROM intent i WHERE i.mailbox = $1 AND i.person = p.id)"
    "  ORDER BY p.id"
    "  ON CONFLICT (mailbox, person) DO UPDATE SET have = excluded.have,"
    "  have_content = NULL, have_cats = coalesce(link.have_cats, ''), have_key = excluded.have_key,"
    "  item_id = excluded.item_id, version = excluded.version,"
    "  state = CASE WHEN excluded.state = 'active' AND link.want IS NULL THEN 'active'"
    "   ELSE link.state END WHERE link.have IS NULL),"
    " up AS (UPDATE mailbox m SET"
    "  verified = CASE WHEN $7::boolean THEN (SELECT generation FROM cluster) ELSE m.verified END,"
    "  want_digest = CASE WHEN EXISTS (SELECT FROM f) THEN NULL ELSE m.want_digest END"
    "  FROM lease WHERE m.id = lease.id)"
    " SELECT EXISTS (SELECT FROM lease)"};

/* What a Clear shall take away is made to go, whatever kept it. */
const struct pg_stmt ledger_sql_clear_rows = {
    "ledger_clear_rows", "UPDATE link l SET state = 'active', hold = NULL FROM mailbox m"
                         " WHERE m.id = $1::bigint AND m.lease_epoch = $2::bigint"
                         " AND m.lease_until IS NOT NULL AND l.mailbox = m.id AND l.want IS NULL"
                         " AND l.have IS NOT NULL AND (l.state = 'kept' OR l.hold IS NOT NULL)"};

/* Returns: ours?, done? */
const struct pg_stmt ledger_sql_cleared = {
    "ledger_cleared",
    "WITH lease AS (SELECT id FROM mailbox WHERE " OURS "),"
    " fit AS (SELECT id FROM lease WHERE NOT EXISTS (SELECT FROM intent i WHERE i.mailbox = $1)"
    "  AND NOT EXISTS (SELECT FROM link l WHERE l.mailbox = $1 AND l.want IS NULL"
    "   AND l.have IS NOT NULL)),"
    " up AS (UPDATE mailbox m SET clear_done = clock_timestamp(), clear_offer = NULL FROM fit"
    "  WHERE m.id = fit.id AND m.clear_requested IS NOT NULL AND m.clear_done IS NULL)"
    " SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM fit)"};

const struct pg_stmt ledger_sql_legacy = {
    "ledger_legacy",
    "UPDATE mailbox SET legacy_since = CASE WHEN legacy_marks IS DISTINCT FROM $3::bytea"
    "  THEN statement_timestamp() ELSE legacy_since END,"
    " legacy_marks = $3, legacy_count = $4::integer WHERE " OURS
    " RETURNING (extract(epoch FROM statement_timestamp() - legacy_since) * 1000)::bigint"};

/* ---- workers ---- */

const struct pg_stmt ledger_sql_beat = {
    "ledger_beat",
    "WITH old AS (DELETE FROM worker_beat WHERE owner IN (SELECT owner FROM worker_beat"
    "  WHERE until < now() - interval '1 hour' AND owner <> $1::text FOR UPDATE SKIP LOCKED))"
    " INSERT INTO worker_beat (owner, until) VALUES ($1, clock_timestamp() + $2::bigint" MS ")"
    " ON CONFLICT (owner) DO UPDATE SET until = excluded.until"};

const struct pg_stmt ledger_sql_alive = {
    "ledger_alive", "SELECT count(*) FROM worker_beat WHERE until > statement_timestamp()"};
