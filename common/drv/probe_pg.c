#include "common/drv/probe_pg.h"

#include <sys/queue.h>

#include "common/base/arena.h"

#include "common/drv/pg.h"

/* ---- asking ---- */

int probe_pg_ask(struct pg *pg, int64_t mailbox, const char *by, int64_t *ret_id, struct err *err)
{
    /* One that nobody began in time stands in the way of no other. */
    static const struct pg_stmt expire = {"probe_expire",
                                          "UPDATE probe SET done_at = now(), ok = false"
                                          " WHERE mailbox = $1::bigint AND done_at IS NULL"
                                          " AND requested_at <= now() - interval '15 minutes'"
                                          " AND (run_until IS NULL OR run_until <= now())"};
    static const struct pg_stmt ask = {
        "probe_ask", "INSERT INTO probe AS p (mailbox, requested_by)"
                     " SELECT id, $2::text FROM mailbox WHERE id = $1::bigint"
                     " ON CONFLICT (mailbox) WHERE done_at IS NULL"
                     " DO UPDATE SET requested_by = p.requested_by RETURNING p.id"};
    autovalue(pg_params_release) struct pg_params p = {0}, key = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&key, mailbox);
    pg_put_i64(&p, mailbox);
    pg_put_text(&p, by);
    const struct pg_step steps[] = {{&expire, &key}, {&ask, &p}};
    if (pg_call_steps(pg, steps, ARRAY_LEN(steps), &r, err) < 0)
        return -1;
    if (!pg_rows(r))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "user.unknown", "there is no such mailbox");
    *ret_id = pg_i64(r, 0, 0);
    return 0;
}

int probe_pg_state(
    struct pg *pg, struct arena *a, int64_t id, struct probe_state *ret, struct err *err)
{
    static const struct pg_stmt stmt = {"probe_state",
                                        "SELECT run_until IS NOT NULL, done_at IS NOT NULL,"
                                        " coalesce(ok, (answer->>'ok')::boolean), answer::text"
                                        " FROM probe WHERE id = $1::bigint"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, id);
    if (pg_call(pg, &stmt, &p, &r, err) < 0)
        return -1;
    *ret = (struct probe_state){.done = true, .answer = "{\"ok\":false,\"steps\":[]}"};
    if (!pg_rows(r))
        return 0;
    ret->begun = pg_bool(r, 0, 0);
    ret->done = pg_bool(r, 0, 1);
    ret->ok = pg_bool(r, 0, 2);
    ret->answer = arena_strdup(a, pg_text(r, 0, 3));
    return 0;
}

/* ---- running ---- */

struct claim { /* outlives the book when that is freed first */
    struct probe_book *b;
    LIST_ENTRY(claim) list;
    probe_claimed claimed;
    void *user;
};

struct probe_book {
    struct pg *pg;
    LIST_HEAD(, claim) claims;
};

struct probe_book *probe_book_new(struct pg *pg)
{
    struct probe_book *b = xalloc(sizeof(*b));
    b->pg = pg;
    LIST_INIT(&b->claims);
    return b;
}

void probe_book_free(struct probe_book *b)
{
    struct claim *c;
    if (!b)
        return;
    while ((c = LIST_FIRST(&b->claims))) {
        LIST_REMOVE(c, list);
        c->b = NULL;
    }
    free(b);
}

static void claimed(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct claim c = *(struct claim *)user;
    (void)err;
    if (c.b)
        LIST_REMOVE((struct claim *)user, list);
    free(user);
    if (!c.b)
        return;
    if (st == PG_OK && pg_rows(r))
        c.claimed(pg_i64(r, 0, 0), pg_text(r, 0, 1), c.user);
    else
        c.claimed(0, NULL, c.user);
}

void probe_book_claim(struct probe_book *b,
                      int64_t mailbox,
                      const struct guid *runner,
                      uint32_t alive_ms,
                      probe_claimed done,
                      void *user)
{
    static const struct pg_stmt stmt = {
        "probe_claim",
        "UPDATE probe p SET runner = $2::uuid, answer = '{\"ok\":true,\"steps\":[]}',"
        " run_until = clock_timestamp() + $3::bigint * interval '1 millisecond'"
        " FROM mailbox m WHERE p.mailbox = $1::bigint AND m.id = p.mailbox AND p.done_at IS NULL"
        " AND (p.run_until IS NULL OR p.run_until <= statement_timestamp())"
        " AND p.requested_at > now() - interval '15 minutes' RETURNING p.id, m.address"};
    autovalue(pg_params_release) struct pg_params p = {0};
    struct claim *c = xalloc(sizeof(*c));
    *c = (struct claim){.b = b, .claimed = done, .user = user};
    LIST_INSERT_HEAD(&b->claims, c, list);
    pg_put_i64(&p, mailbox);
    pg_put_uuid(&p, runner);
    pg_put_i64(&p, alive_ms);
    pg_exec_owned(b->pg, &stmt, &p, claimed, c);
}

static void
forgotten(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    (void)st, (void)r, (void)err, (void)user;
}

void probe_book_write(struct probe_book *b,
                      int64_t id,
                      const struct guid *runner,
                      uint32_t alive_ms,
                      const char *answer,
                      bool ok,
                      bool done)
{
    static const struct pg_stmt stmt = {
        "probe_write", "UPDATE probe SET answer = $4::text::jsonb,"
                       " run_until = clock_timestamp() + $3::bigint * interval '1 millisecond',"
                       " ok = CASE WHEN $6::boolean THEN $5::boolean END,"
                       " done_at = CASE WHEN $6 THEN clock_timestamp() END"
                       " WHERE id = $1::bigint AND runner = $2::uuid AND done_at IS NULL"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, id);
    pg_put_uuid(&p, runner);
    pg_put_i64(&p, alive_ms);
    pg_put_text(&p, answer);
    pg_put_bool(&p, ok);
    pg_put_bool(&p, done);
    pg_exec(b->pg, &stmt, &p, forgotten, NULL);
}
