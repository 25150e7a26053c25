#include "common/drv/login_pg.h"

#include <sys/queue.h>

#include "common/drv/pg.h"

struct login_pg;

struct question { /* on its way */
    login_done done;
    void *user;
    LIST_ENTRY(question) list;
};

struct login_pg {
    struct login base;
    struct pg *pg;
    LIST_HEAD(, question) questions;
};

#define FRESH "proven_at > now() - $4::bigint * interval '1 ms'"

/* The row is taken for a try where that is needed and free. A row that somebody else makes at the
 * same moment is not seen yet: nothing is stopped or fresh, so the answer is to wait. */
static const struct pg_stmt ask_stmt = {
    "login_ask",
    "WITH t AS (INSERT INTO login AS l (account, secret, trier, try_until)"
    "  VALUES ($1::text, $2::text, $3::text, now() + $5::bigint * interval '1 ms')"
    "  ON CONFLICT (account, secret) DO UPDATE SET trier = excluded.trier,"
    "   try_until = excluded.try_until, changed_at = now()"
    "  WHERE NOT l.stopped AND NOT coalesce(l." FRESH ", false)"
    "   AND (l.trier IS NULL OR l.trier = $3::text OR l.try_until < now())"
    "  RETURNING 1)"
    " SELECT EXISTS (SELECT FROM t), EXISTS (SELECT FROM login WHERE account = $1::text"
    "  AND secret = $2::text AND stopped),"
    " EXISTS (SELECT FROM login WHERE account = $1::text AND secret = $2::text AND " FRESH ")"};

static const struct pg_stmt accepted_stmt = {
    "login_accepted",
    "UPDATE login SET refusals = 0, proven_at = now(), trier = NULL, try_until = NULL,"
    " changed_at = now() WHERE account = $1::text AND secret = $2::text AND NOT stopped"};

/* Counted: the try, and the first refusal of a login that worked. */
static const struct pg_stmt refused_stmt = {
    "login_refused",
    "UPDATE login SET refusals = refusals + 1, stopped = refusals + 1 >= $4::integer,"
    " proven_at = NULL, trier = NULL, try_until = NULL, changed_at = now()"
    " WHERE account = $1::text AND secret = $2::text AND NOT stopped"
    " AND (trier = $3::text OR proven_at IS NOT NULL)"};

static const struct pg_stmt unclear_stmt = {
    "login_unclear", "UPDATE login SET trier = NULL, try_until = NULL WHERE account = $1::text"
                     " AND secret = $2::text AND trier = $3::text"};

static const struct pg_stmt now_stmt = {
    "login_now", "SELECT false, stopped, coalesce(" FRESH ", false) FROM login"
                 " WHERE account = $1::text AND secret = $2::text AND $3::text IS NOT NULL"};

static const struct pg_stmt sweep_stmt = {
    "login_sweep", "DELETE FROM login WHERE account = $1::text AND secret <> $2::text"
                   " AND changed_at < now() - interval '90 days'"};

static enum login_answer read_answer(const struct pg_result *r)
{
    if (!pg_rows(r))
        return LOGIN_WAIT;
    if (pg_bool(r, 0, 1))
        return LOGIN_STOPPED;
    if (pg_bool(r, 0, 0))
        return LOGIN_TRY;
    return pg_bool(r, 0, 2) ? LOGIN_GO : LOGIN_WAIT;
}

static void
answered(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct question *q = user;
    (void)err;
    LIST_REMOVE(q, list);
    if (q->done)
        q->done(st == PG_OK ? read_answer(r) : LOGIN_AWAY, q->user);
    free(q);
}

static struct question *question(struct login_pg *l, login_done done, void *user)
{
    struct question *q = xalloc(sizeof(*q));
    *q = (struct question){.done = done, .user = user};
    LIST_INSERT_HEAD(&l->questions, q, list);
    return q;
}

static void put_key(struct pg_params *p, const struct login_key *k)
{
    pg_put_text(p, k->account);
    pg_put_text(p, k->secret);
}

static void put_asker(struct pg_params *p, const struct login_key *k)
{
    put_key(p, k);
    pg_put_text(p, k->owner);
}

static void pg_ask(struct login *base, const struct login_key *k, login_done done, void *user)
{
    struct login_pg *l = (struct login_pg *)base;
    autovalue(pg_params_release) struct pg_params p = {0};
    put_asker(&p, k);
    pg_put_i64(&p, LOGIN_PROVEN_MS);
    pg_put_i64(&p, LOGIN_TRY_MS);
    pg_exec(l->pg, &ask_stmt, &p, answered, question(l, done, user));
}

static void pg_report(struct login *base,
                      const struct login_key *k,
                      enum login_report what,
                      login_done done,
                      void *user)
{
    struct login_pg *l = (struct login_pg *)base;
    autovalue(pg_params_release) struct pg_params p = {0}, key = {0}, now = {0};
    put_key(&key, k);
    put_asker(&now, k);
    pg_put_i64(&now, LOGIN_PROVEN_MS);
    put_key(&p, k);
    if (what != LOGIN_ACCEPTED)
        pg_put_text(&p, k->owner);
    if (what == LOGIN_REFUSED)
        pg_put_i32(&p, LOGIN_REFUSALS);
    const struct pg_stmt *stmt = what == LOGIN_ACCEPTED  ? &accepted_stmt
                                 : what == LOGIN_REFUSED ? &refused_stmt
                                                         : &unclear_stmt;
    const struct pg_step steps[] = {{stmt, &p}, {&sweep_stmt, &key}, {&now_stmt, &now}};
    pg_exec_steps(l->pg, steps, ARRAY_LEN(steps), answered, question(l, done, user));
}

static void pg_forget(struct login *base, void *user)
{
    struct question *q;
    LIST_FOREACH(q, &((struct login_pg *)base)->questions, list)
    {
        if (q->user == user)
            q->done = NULL;
    }
}

static void pg_login_free(struct login *base)
{
    struct login_pg *l = (struct login_pg *)base;
    struct question *q;
    if (!l)
        return;
    while ((q = LIST_FIRST(&l->questions))) {
        LIST_REMOVE(q, list);
        free(q);
    }
    free(l);
}

struct login *login_pg_new(struct pg *pg)
{
    static const struct login_ops ops = {
        .ask = pg_ask, .report = pg_report, .forget = pg_forget, .free = pg_login_free};
    struct login_pg *l = xalloc(sizeof(*l));
    l->base.ops = &ops;
    l->pg = pg;
    LIST_INIT(&l->questions);
    return &l->base;
}

int login_pg_resume(
    struct pg *pg, const char *why, int64_t *ret_accounts, int64_t *ret_mailboxes, struct err *err)
{
    static const struct pg_stmt accounts = {
        "login_resume", "UPDATE login SET stopped = false, refusals = 0, trier = NULL,"
                        " try_until = NULL, changed_at = now() WHERE stopped"};
    static const struct pg_stmt mailboxes = {
        "login_unpark", "UPDATE mailbox SET parked_until = NULL, parked_why = NULL,"
                        " park_attempts = 0 WHERE parked_why = $1::text AND parked_until > now()"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, why);
    const struct pg_step steps[] = {{&accounts, NULL}, {&mailboxes, &p}};
    if (pg_call_steps(pg, steps, ARRAY_LEN(steps), &r, err) < 0)
        return -1;
    *ret_accounts = pg_affected(pg_result_of(r, 0));
    *ret_mailboxes = pg_affected(pg_result_of(r, 1));
    return 0;
}
