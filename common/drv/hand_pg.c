/* hand_pg: see hand_pg.h. Lock order as everywhere: the mailbox row, subscribers, then links. */
#include "common/drv/hand_pg.h"

#include "common/base/arena.h"

#include "common/drv/pg.h"

int hand_mailbox(struct pg *pg, const char *address, int64_t *ret, struct err *err)
{
    /* The subscriber's address is the newer one; a mailbox that nobody has any more has its own. */
    static const struct pg_stmt stmt = {
        "hand_mailbox", "SELECT mailbox FROM (SELECT mailbox, 0 AS nth FROM subscriber"
                        "  WHERE lower(address) = lower($1::text) AND mailbox IS NOT NULL"
                        " UNION ALL SELECT id, 1 FROM mailbox WHERE lower(address) = lower($1)) x"
                        " ORDER BY nth LIMIT 1"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, address);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *ret = pg_rows(r) ? pg_i64(r, 0, 0) : 0;
    return 0;
}

static const struct pg_stmt lock_mailbox = {
    "hand_lock", "SELECT 1 FROM mailbox WHERE id = $1::bigint FOR NO KEY UPDATE"};

/* ---- Clear ---- */

int hand_clear(struct pg *pg, int64_t mailbox, int64_t *ret_items, struct err *err)
{
    static const struct pg_stmt choices = {
        "hand_clear_choices",
        "UPDATE subscriber SET version = version + 1,"
        " choices = '{\"v\":1,\"follow\":false,\"staff\":false,\"groups\":[]}'"
        " WHERE mailbox = $1::bigint"};
    static const struct pg_stmt links = {
        "hand_clear_links",
        "UPDATE link l SET want = NULL, want_content = NULL, want_cats = NULL, state = 'active',"
        " hold = NULL, fell_at = NULL, urgent = true, offer = NULL, retry_at = NULL, attempts = 0,"
        " dead_for = NULL, dead_code = NULL, gen = m.gen + 1"
        " FROM mailbox m WHERE m.id = $1::bigint AND l.mailbox = m.id"};
    /* It does not wait for the program before this one: its contacts are none of ours. */
    static const struct pg_stmt ask = {
        "hand_clear_ask",
        "UPDATE mailbox SET gen = gen + 1, want_digest = NULL, clear_requested = now(),"
        " clear_done = NULL, clear_offer = NULL,"
        " parked_until = CASE WHEN parked_why = 'legacy.running' THEN NULL ELSE parked_until END"
        " WHERE id = $1::bigint RETURNING (SELECT count(*) FROM link l"
        "  WHERE l.mailbox = $1 AND l.have IS NOT NULL)"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, mailbox);
    const struct pg_step steps[] = {{&lock_mailbox, &p}, {&choices, &p}, {&links, &p}, {&ask, &p}};
    if (pg_call_steps(pg, steps, ARRAY_LEN(steps), &r, err) < 0)
        return -1;
    if (!pg_rows(r))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "user.unknown", "there is no such mailbox");
    if (ret_items)
        *ret_items = pg_i64(r, 0, 0);
    return 0;
}

int hand_clear_state(
    struct pg *pg, struct arena *a, int64_t mailbox, struct hand_clear_state *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "hand_clear_state",
        "SELECT m.clear_requested IS NOT NULL, m.clear_done IS NOT NULL,"
        " (SELECT count(*) FROM link l WHERE l.mailbox = m.id AND l.have IS NOT NULL"
        "  AND l.want IS NULL), (SELECT count(*) FROM intent i WHERE i.mailbox = m.id),"
        " CASE WHEN m.parked_until > now() THEN m.parked_why END"
        " FROM mailbox m WHERE m.id = $1::bigint"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, mailbox);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *ret = (struct hand_clear_state){0};
    if (!pg_rows(r))
        return 0;
    ret->asked = pg_bool(r, 0, 0);
    ret->done = ret->asked && pg_bool(r, 0, 1);
    ret->left = pg_i64(r, 0, 2);
    ret->open = pg_i64(r, 0, 3);
    ret->wait = arena_strdup(a, pg_text(r, 0, 4));
    return 0;
}

/* ---- hidden ---- */

int hand_hidden(struct pg *pg,
                struct arena *a,
                int64_t mailbox,
                struct hand_hidden **ret,
                size_t *n,
                struct err *err)
{
    static const struct pg_stmt stmt = {
        "hand_hidden", "SELECT l.person, p.rock_id, p.key, l.want IS NOT NULL, c.body"
                       " FROM link l JOIN person p ON p.id = l.person LEFT JOIN content c ON "
                       "c.hash = l.want_content"
                       " WHERE l.mailbox = $1::bigint AND l.state = 'hidden' ORDER BY l.person"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, mailbox);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct hand_hidden *h = &(*ret)[i];
        h->person = pg_i64(r, i, 0);
        h->rock_id = pg_i64(r, i, 1);
        pg_uuid(r, i, 2, &h->key);
        h->wanted = pg_bool(r, i, 3);
        h->body = arena_strdup(a, pg_text(r, i, 4));
    }
    return 0;
}

int hand_restore(struct pg *pg, int64_t mailbox, int64_t person, int64_t *ret_n, struct err *err)
{
    /* Without an offer it goes to the queue with the next look of the re-driver. */
    static const struct pg_stmt stmt = {
        "hand_restore",
        "UPDATE link SET state = 'active', urgent = true, offer = NULL, retry_at = NULL,"
        " attempts = 0 WHERE mailbox = $1::bigint AND state = 'hidden'"
        " AND $2::bigint IN (0, person)"};
    autovalue(pg_params_release) struct pg_params p = {0}, key = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&key, mailbox);
    pg_put_i64(&p, mailbox);
    pg_put_i64(&p, person);
    const struct pg_step steps[] = {{&lock_mailbox, &key}, {&stmt, &p}};
    if (pg_call_steps(pg, steps, 2, &r, err) < 0)
        return -1;
    *ret_n = pg_affected(r);
    return 0;
}
