/* plan_store_pg_users: who syncs, into which mailbox. */
#include <string.h>

#include "common/base/str.h"
#include "common/base/text.h"

#include "common/drv/plan_store_pg_p.h"

#define FOLD_ARENA_MAX (512u << 20)

/* ---- subscribers ---- */

static int read_choices(const struct pg_result *r,
                        size_t row,
                        struct arena *a,
                        struct plan_subscriber *u,
                        struct err *err)
{
    const char *text = pg_text(r, row, 3);
    if (prefs_decode(text, strlen(text), a, &u->prefs, err) == 0)
        return 0;
    /* None is not the same as not readable: that would empty the mailbox. */
    return err_prefix(err, "the choices of subscriber %lld cannot be read", (long long)u->id);
}

static int op_subscribers(
    struct plan_store *s, struct arena *a, struct plan_subscriber **ret, size_t *n, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_subscribers",
        "SELECT id, person_key, address, choices::text, version, eligible, state, mailbox,"
        " coalesce(lost_at > " PLAN_PG_WINDOW ", false) FROM subscriber ORDER BY id"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(s)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct plan_subscriber *u = &(*ret)[i];
        u->id = pg_i64(r, i, 0);
        pg_uuid(r, i, 1, &u->person_key);
        u->address = arena_strdup(a, pg_text(r, i, 2));
        u->version = pg_i64(r, i, 4);
        u->eligible = pg_bool(r, i, 5);
        u->state = arena_strdup(a, pg_text(r, i, 6));
        u->mailbox = pg_i64(r, i, 7);
        u->lost_recently = pg_bool(r, i, 8);
        if (read_choices(r, i, a, u, err) < 0)
            return -1;
    }
    return 0;
}

static int op_save(struct plan_store *s,
                   const struct guid *person_key,
                   const char *address,
                   const struct prefs *prefs,
                   struct err *err)
{
    /* Who was merged away and saves again is somebody again; the next run says who. */
    static const struct pg_stmt stmt = {
        "plan_subscriber_save",
        "INSERT INTO subscriber AS s (person_key, address, choices)"
        " VALUES ($1::uuid, coalesce($2::text, ''), $3::text::jsonb)"
        " ON CONFLICT (person_key) DO UPDATE SET choices = excluded.choices,"
        " version = s.version + 1, address = coalesce(nullif(excluded.address, ''), s.address),"
        " state = CASE WHEN s.state = 'merged' THEN 'ok' ELSE s.state END"};
    autovalue(str_release) struct str choices = STR_INIT(PREFS_MAX_BYTES);
    autovalue(pg_params_release) struct pg_params p = {0};
    prefs_encode(prefs, &choices);
    pg_put_uuid(&p, person_key);
    pg_put_text(&p, address);
    pg_put_text(&p, choices.p);
    return pg_call(plan_pg(s)->pg, &stmt, &p, NULL, err);
}

#define SEEN                                                                                       \
    "unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::text[])"                      \
    " AS u(id, address, fold, eligible, state)"
#define SEEN_BOX "u.state = 'ok' AND m.address_fold = u.fold"

static const struct pg_stmt seen_boxes = {
    "plan_seen_boxes",
    "INSERT INTO mailbox (address, address_fold) SELECT DISTINCT ON (u.fold) u.address, u.fold"
    " FROM " SEEN " WHERE u.state = 'ok' AND u.fold IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM mailbox m WHERE m.address_fold = u.fold)"
    " ORDER BY u.fold, u.id ON CONFLICT (address_fold) DO NOTHING"};

/* A mailbox that got another owner, or has none any more: plan again. */
static const struct pg_stmt seen_void = {
    "plan_seen_void", "WITH moved AS (SELECT s.mailbox AS old, m.id AS new FROM " SEEN
                      "  JOIN subscriber s ON s.id = u.id LEFT JOIN mailbox m ON " SEEN_BOX
                      "  WHERE s.mailbox IS DISTINCT FROM m.id)"
                      " UPDATE mailbox SET want_digest = NULL WHERE want_digest IS NOT NULL"
                      " AND id IN (SELECT old FROM moved UNION SELECT new FROM moved)"};

static const struct pg_stmt seen_users = {
    "plan_seen_users",
    "UPDATE subscriber s SET address = v.address, eligible = v.eligible, state = v.state,"
    " mailbox = v.mailbox, lost_at = CASE WHEN v.state = 'ok' THEN NULL"
    "  WHEN s.mailbox IS NOT NULL THEN now() ELSE s.lost_at END"
    " FROM (SELECT u.*, m.id AS mailbox FROM " SEEN " LEFT JOIN mailbox m ON " SEEN_BOX ") v"
    " WHERE s.id = v.id AND (s.address, s.eligible, s.state, s.mailbox)"
    " IS DISTINCT FROM (v.address, v.eligible, v.state, v.mailbox)"};

static const struct pg_stmt seen_read = {
    "plan_seen_read", "SELECT s.mailbox FROM unnest($1::bigint[]) WITH ORDINALITY AS u(id, n)"
                      " LEFT JOIN subscriber s ON s.id = u.id ORDER BY u.n"};

static void put_seen(struct pg_params *p, const struct plan_subscriber *subs, size_t n)
{
    autoptr(arena_free) struct arena *a = arena_new("folded addresses", FOLD_ARENA_MAX);
    pg_array(p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(p, subs[i].id);
    pg_array_end(p);
    pg_array(p, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(p, subs[i].address ? subs[i].address : "");
    pg_array_end(p);
    pg_array(p, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(p, text_fold(a, subs[i].address));
    pg_array_end(p);
    pg_array(p, PG_BOOL);
    for (size_t i = 0; i < n; i++)
        pg_put_bool(p, subs[i].eligible);
    pg_array_end(p);
    pg_array(p, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(p, subs[i].state);
    pg_array_end(p);
}

static int op_seen(struct plan_store *s, struct plan_subscriber *subs, size_t n, struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0}, ids = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    put_seen(&p, subs, n);
    pg_array(&ids, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(&ids, subs[i].id);
    pg_array_end(&ids);
    const struct pg_step steps[] = {
        {&seen_boxes, &p}, {&seen_void, &p}, {&seen_users, &p}, {&seen_read, &ids}};
    if (plan_pg_change_steps(plan_pg(s), steps, ARRAY_LEN(steps), &r, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        subs[i].mailbox = pg_i64(r, i, 0);
    return 0;
}

static int
op_merge(struct plan_store *s, const struct guid *from, const struct guid *to, struct err *err)
{
    static const struct pg_stmt orphan = {
        "plan_merge_orphan", "UPDATE mailbox SET want_digest = NULL WHERE id ="
                             " (SELECT mailbox FROM subscriber WHERE person_key = $1::uuid)"};
    /* A row is choices of one's own, also when it says "nothing". */
    static const struct pg_stmt give = {
        "plan_merge_give", "INSERT INTO subscriber (person_key, address, choices)"
                           " SELECT $2::uuid, address, choices FROM subscriber"
                           " WHERE person_key = $1::uuid ON CONFLICT (person_key) DO NOTHING"};
    /* Not lost: the guard does not count merges. */
    static const struct pg_stmt close = {
        "plan_merge_close", "UPDATE subscriber SET state = 'merged', mailbox = NULL, lost_at = NULL"
                            " WHERE person_key = $1::uuid"};
    autovalue(pg_params_release) struct pg_params one = {0}, both = {0};
    pg_put_uuid(&one, from);
    pg_put_uuid(&both, from);
    pg_put_uuid(&both, to);
    const struct pg_step steps[] = {{&orphan, &one}, {&give, &both}, {&close, &one}};
    return plan_pg_change_steps(plan_pg(s), steps, ARRAY_LEN(steps), NULL, err);
}

/* ---- mailboxes ---- */

static int op_mailboxes(
    struct plan_store *s, struct arena *a, struct plan_mailbox **ret, size_t *n, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_mailboxes",
        "SELECT m.id, m.address, m.want_digest, coalesce(i.n, 0), coalesce(f.n, 0),"
        " m.planned_version FROM mailbox m"
        " LEFT JOIN (SELECT mailbox, count(*) AS n FROM link WHERE have IS NOT NULL"
        "  GROUP BY mailbox) i ON i.mailbox = m.id"
        " LEFT JOIN (SELECT mailbox, count(*) AS n FROM link WHERE fell_at > " PLAN_PG_WINDOW
        "  GROUP BY mailbox) f ON f.mailbox = m.id ORDER BY m.id"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(s)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct plan_mailbox *m = &(*ret)[i];
        m->id = pg_i64(r, i, 0);
        m->address = arena_strdup(a, pg_text(r, i, 1));
        m->has_digest = pg_sha(r, i, 2, &m->digest);
        m->synced = (size_t)pg_i64(r, i, 3);
        m->fell = (size_t)pg_i64(r, i, 4);
        m->planned_version = pg_i64(r, i, 5);
    }
    return 0;
}

static int op_totals(struct plan_store *s, struct plan_totals *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_totals", "SELECT (SELECT count(*) FROM link WHERE have IS NOT NULL),"
                       " (SELECT count(*) FROM link WHERE fell_at > " PLAN_PG_WINDOW "),"
                       " count(*) FILTER (WHERE state = 'ok'),"
                       " count(*) FILTER (WHERE lost_at > " PLAN_PG_WINDOW ") FROM subscriber"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(s)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *ret = (struct plan_totals){(size_t)pg_i64(r, 0, 0), (size_t)pg_i64(r, 0, 1),
                                (size_t)pg_i64(r, 0, 2), (size_t)pg_i64(r, 0, 3)};
    return 0;
}

void plan_pg_add_users(struct plan_store_ops *o)
{
    o->subscribers = op_subscribers;
    o->subscriber_save = op_save;
    o->subscribers_seen = op_seen;
    o->subscriber_merge = op_merge;
    o->mailboxes = op_mailboxes;
    o->totals = op_totals;
}
