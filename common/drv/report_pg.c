#include "common/drv/report_pg.h"

#include "common/base/arena.h"

#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"

/* A link that somebody or something still has to make right. */
#define DIRTY                                                                                      \
    "(l.state = 'active' AND l.want IS DISTINCT FROM l.have AND l.hold IS NULL"                    \
    " AND l.dead_for IS DISTINCT FROM coalesce(l.want, '\\x00'))"
#define DEAD                                                                                       \
    "(l.state = 'active' AND l.want IS DISTINCT FROM l.have"                                       \
    " AND l.dead_for IS NOT DISTINCT FROM coalesce(l.want, '\\x00'))"

#define MAILBOX_COLUMNS                                                                            \
    "m.id, m.address, count(l.want) AS wanted, count(l.have) AS synced,"                           \
    " count(*) FILTER (WHERE " DIRTY "), count(i.person),"                                         \
    " count(*) FILTER (WHERE l.hold IS NOT NULL AND l.want IS DISTINCT FROM l.have),"              \
    " count(*) FILTER (WHERE l.state = 'kept'), count(*) FILTER (WHERE " DEAD "),"                 \
    " count(*) FILTER (WHERE l.state = 'hidden'),"                                                 \
    " CASE WHEN m.parked_until > now() THEN m.parked_why END,"                                     \
    " (extract(epoch FROM m.parked_until - now()) * 1000)::bigint,"                                \
    " coalesce(m.lease_until > now(), false),"                                                     \
    " m.verified >= (SELECT generation FROM cluster),"                                             \
    " m.clear_requested IS NOT NULL AND m.clear_done IS NULL"
#define MAILBOX_TABLES                                                                             \
    " FROM mailbox m LEFT JOIN link l ON l.mailbox = m.id"                                         \
    " LEFT JOIN intent i ON i.mailbox = l.mailbox AND i.person = l.person"

static void
read_mailbox(const struct pg_result *r, size_t row, struct arena *a, struct report_mailbox *m)
{
    m->id = pg_i64(r, row, 0);
    m->address = arena_strdup(a, pg_text(r, row, 1));
    m->wanted = pg_i64(r, row, 2);
    m->synced = pg_i64(r, row, 3);
    m->pending = pg_i64(r, row, 4);
    m->open = pg_i64(r, row, 5);
    m->held = pg_i64(r, row, 6);
    m->kept = pg_i64(r, row, 7);
    m->dead = pg_i64(r, row, 8);
    m->hidden = pg_i64(r, row, 9);
    m->parked_why = arena_strdup(a, pg_text(r, row, 10));
    m->parked_ms = pg_i64(r, row, 11);
    m->leased = pg_bool(r, row, 12);
    m->verified = pg_bool(r, row, 13);
    m->clearing = pg_bool(r, row, 14);
}

int report_mailboxes(
    struct pg *pg, struct arena *a, struct report_mailbox **ret, size_t *n, struct err *err)
{
    static const struct pg_stmt stmt = {"report_mailboxes", "SELECT " MAILBOX_COLUMNS MAILBOX_TABLES
                                                            " GROUP BY m.id ORDER BY m.address"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        read_mailbox(r, i, a, &(*ret)[i]);
    return 0;
}

int report_run_mailboxes(struct pg *pg,
                         struct arena *a,
                         int64_t run,
                         struct report_mailbox **ret,
                         size_t *n,
                         struct err *err)
{
    /* An item counts once whatever it took: "unknown" creates that were settled, retries, ... */
    static const struct pg_stmt stmt = {
        "report_run_mailboxes", "WITH done AS (SELECT j.mailbox,"
                                "   count(DISTINCT j.person) FILTER (WHERE j.op = 'create' AND "
                                "j.outcome IN ('done', 'unknown')) AS created,"
                                "   count(DISTINCT j.person) FILTER (WHERE j.op = 'update' AND "
                                "j.outcome IN ('done', 'unknown')) AS updated,"
                                "   count(DISTINCT j.person) FILTER (WHERE j.op = 'delete' AND "
                                "j.outcome IN ('done', 'unknown')) AS deleted"
                                "   FROM journal j WHERE j.run = $1::bigint GROUP BY j.mailbox),"
                                " boxes AS (SELECT " MAILBOX_COLUMNS ","
                                "   count(*) FILTER (WHERE l.want IS NOT NULL AND l.want = l.have "
                                "AND l.run IS DISTINCT FROM $1::bigint)"
                                "   AS unchanged" MAILBOX_TABLES " GROUP BY m.id)"
                                "SELECT boxes.*, coalesce(created, 0), coalesce(updated, 0), "
                                "coalesce(deleted, 0) FROM boxes"
                                " LEFT JOIN done ON done.mailbox = boxes.id WHERE wanted > 0 OR "
                                "synced > 0 OR done.mailbox IS NOT NULL"
                                " ORDER BY address"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, run);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct report_mailbox *m = &(*ret)[i];
        read_mailbox(r, i, a, m);
        m->unchanged = pg_i64(r, i, 15);
        m->created = pg_i64(r, i, 16);
        m->updated = pg_i64(r, i, 17);
        m->deleted = pg_i64(r, i, 18);
        m->failed = m->dead + m->pending;
    }
    return 0;
}

int report_run(struct pg *pg, struct arena *a, int64_t run, struct report_run *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_run",
        "SELECT r.id, r.state, r.message, r.phase, r.counts::text, r.trigger, r.done, r.total,"
        " (extract(epoch FROM now() - r.requested_at) * 1000)::bigint,"
        " (extract(epoch FROM coalesce(r.finished_at, now()) - r.started_at) * 1000)::bigint,"
        /* two counts, each over a small index: dirty links, and open writes of clean ones */
        " (SELECT count(*) FROM link l WHERE l.run = r.id AND " DIRTY ")"
        " + (SELECT count(*) FROM intent i JOIN link l ON l.mailbox = i.mailbox AND l.person = "
        "i.person"
        "   WHERE l.run = r.id AND NOT " DIRTY ")"
        " FROM run r WHERE $1::bigint IN (0, r.id) ORDER BY r.id DESC LIMIT 1"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, run);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *ret = (struct report_run){
        .state = "", .message = "", .phase = "", .counts_json = "{}", .trigger = ""};
    if (pg_rows(r) == 0)
        return 0;
    ret->id = pg_i64(r, 0, 0);
    ret->state = arena_strdup(a, pg_text(r, 0, 1));
    ret->message = arena_strdup(a, pg_text(r, 0, 2));
    ret->phase = arena_strdup(a, pg_text(r, 0, 3));
    ret->counts_json = arena_strdup(a, pg_text(r, 0, 4));
    ret->trigger = arena_strdup(a, pg_text(r, 0, 5));
    ret->done = pg_i64(r, 0, 6);
    ret->total = pg_i64(r, 0, 7);
    ret->age_ms = pg_i64(r, 0, 8);
    ret->took_ms = pg_i64(r, 0, 9);
    ret->left = pg_i64(r, 0, 10);
    return 0;
}

int report_subscribers(struct pg *pg, struct report_subscribers *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_subscribers",
        "SELECT count(*) FILTER (WHERE state = 'ok'), count(*) FILTER (WHERE state = 'no_address'),"
        " count(*) FILTER (WHERE state = 'foreign_domain'), count(*) FILTER (WHERE state = "
        "'address_taken'),"
        " count(*) FILTER (WHERE state = 'not_eligible') FROM subscriber"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *ret = (struct report_subscribers){pg_i64(r, 0, 0), pg_i64(r, 0, 1), pg_i64(r, 0, 2),
                                       pg_i64(r, 0, 3), pg_i64(r, 0, 4)};
    return 0;
}

int report_alive(struct pg *pg, int64_t *ret_workers, bool *ret_leader, struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_alive",
        "SELECT (SELECT count(*) FROM worker_beat WHERE until > now()),"
        " EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
        "   AND (classid::bigint << 32 | objid::bigint) = " PLAN_STORE_PG_LEADER_LOCK
        "   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *ret_workers = pg_i64(r, 0, 0);
    *ret_leader = pg_bool(r, 0, 1);
    return 0;
}

/* Which changes a hold stops, as eight hex digits. */
#define HOLD_DIGEST                                                                                \
    "left(md5(string_agg(l.mailbox || ':' || l.person || ':' || coalesce(encode(l.want, 'hex'), "  \
    "''),"                                                                                         \
    " ',' ORDER BY l.mailbox, l.person)), 8)"

int report_holds(
    struct pg *pg, struct arena *a, struct report_hold **ret, size_t *n, struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_holds",
        "SELECT h.id, count(l.*), (extract(epoch FROM now() - h.made_at) * 1000)::bigint, h.kind, "
        "m.address, h.field, " HOLD_DIGEST " FROM hold h LEFT JOIN mailbox m ON m.id = h.mailbox"
        " JOIN link l ON l.hold = h.id AND l.want IS DISTINCT FROM l.have"
        " WHERE h.state = 'open' GROUP BY h.id, m.address ORDER BY h.id"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        (*ret)[i] = (struct report_hold){pg_i64(r, i, 0),
                                         pg_i64(r, i, 1),
                                         pg_i64(r, i, 2),
                                         arena_strdup(a, pg_text(r, i, 3)),
                                         arena_strdup(a, pg_text(r, i, 4)),
                                         arena_strdup(a, pg_text(r, i, 5)),
                                         arena_strdup(a, pg_text(r, i, 6))};
    return 0;
}

int report_approve(
    struct pg *pg, int64_t hold, const char *digest, int64_t *ret_links, struct err *err)
{
    /* Approved losses leave the guard's window: they must not hold the next ones too. */
    static const struct pg_stmt stmt = {
        "report_approve",
        "WITH fits AS (SELECT l.hold FROM link l WHERE l.hold = $1::bigint AND l.want IS DISTINCT "
        "FROM l.have"
        "   GROUP BY l.hold HAVING " HOLD_DIGEST " = $2::text),"
        " h AS (UPDATE hold SET state = 'approved' FROM fits WHERE hold.id = fits.hold AND "
        "hold.state = 'open'"
        "   RETURNING hold.id, hold.field),"
        " e AS (DELETE FROM person_emptied USING h WHERE person_emptied.field = h.field),"
        " l AS (UPDATE link SET hold = NULL, fell_at = NULL, urgent = true FROM h WHERE link.hold "
        "= h.id"
        "   RETURNING 1)"
        "SELECT count(*) FROM l"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, hold);
    pg_put_text(&p, digest);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *ret_links = pg_i64(r, 0, 0);
    return 0;
}
