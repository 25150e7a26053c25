/* Sequential use of the loop: waiting for calls, and a connection of one's own. */
#include "common/drv/pg_session.h"

#include <assert.h>
#include <string.h>

#include "common/drv/pg_p.h"

struct pg_waiter {
    bool done, left; /* left: nobody waits any more */
    enum pg_status st;
    struct pg_result *res;
    struct err err;
};

static void
waiter_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct pg_waiter *w = user;
    if (w->left) {
        free(w);
        return;
    }
    w->done = true;
    w->st = st;
    if (r)
        w->res = pg_result_take(r);
    if (err)
        w->err = *err;
}

struct pg_waiter *pg_waiter_new(struct pg_item *it)
{
    struct pg_waiter *w = xalloc(sizeof(*w));
    it->done = waiter_done;
    it->user = w;
    it->owns_user = true;
    return w;
}

int pg_waiter_wait(struct pg_waiter *w, struct loop *l, struct pg_result **ret, struct err *err)
{
    if (loop_wait(l, &w->done, -1) != 0) {
        w->left = true;
        return err_set(err, SCOPE_PROCESS, WHEN_UNKNOWN, "pg.stopped",
                       "stopped while the database was asked");
    }
    int r = w->st == PG_OK ? 0 : -1;
    if (r == 0 && ret)
        *ret = steal(w->res);
    if (r != 0)
        *err = w->err;
    pg_result_free(w->res);
    free(w);
    return r;
}

struct pg_session {
    struct pg *pg;
    struct pg_conn conn;
    bool settled; /* the attempt to connect is over */
    struct err err;
};

static void session_up(struct pg_conn *c)
{
    struct pg_session *s = c->user;
    s->settled = true;
}

static void session_down(struct pg_conn *c, const struct err *why)
{
    struct pg_session *s = c->user;
    s->settled = true;
    s->err = *why;
}

static const struct pg_conn_events session_events = {.up = session_up, .down = session_down};

struct pg_session *pg_session_open(struct pg *pg, struct err *err)
{
    struct pg_session *s = xalloc(sizeof(*s));
    s->pg = pg;
    pg_session_count(pg, 1);
    pg_conn_init(&s->conn, pg_loop(pg), pg_opts(pg), &session_events, s);
    s->conn.pipeline = false;
    s->conn.answer_ms = 3600 * 1000; /* one statement may be a long one: a migration, a COPY */
    pg_conn_open(&s->conn);
    if (loop_wait(pg_loop(pg), &s->settled, -1) != 0) {
        err_set(err, SCOPE_PROCESS, WHEN_LATER, "pg.stopped", "stopped while connecting");
        pg_session_free(s);
        return NULL;
    }
    if (s->conn.state != PG_CONN_UP) {
        *err = s->err;
        pg_session_free(s);
        return NULL;
    }
    return s;
}

void pg_session_free(struct pg_session *s)
{
    if (!s)
        return;
    pg_session_count(s->pg, -1);
    pg_conn_release(&s->conn);
    free(s);
}

bool pg_session_alive(const struct pg_session *s)
{
    return s->conn.state == PG_CONN_UP && !s->conn.broken;
}

static int
session_item(struct pg_session *s, struct pg_item *it, struct pg_result **ret, struct err *err)
{
    if (!pg_session_alive(s)) {
        pg_item_free(it);
        pg_link_away(NULL, err);
        return -1;
    }
    assert(!s->conn.head);
    struct pg_waiter *w = pg_waiter_new(it);
    pg_conn_send(&s->conn, it);
    int r = pg_waiter_wait(w, pg_loop(s->pg), ret, err);
    if (r < 0 && strcmp(err->code, "pg.stopped") == 0)
        pg_conn_close(&s->conn); /* nobody waits any more, and the data to copy is the caller's */
    return r;
}

int pg_session_call(struct pg_session *s,
                    const struct pg_stmt *st,
                    const struct pg_params *p,
                    struct pg_result **ret,
                    struct err *err)
{
    static const struct pg_params none;
    const struct pg_step step = {st, p ? p : &none};
    if (!pg_conn_prepared(&s->conn, st) &&
        session_item(s, pg_item_new(PG_ITEM_PREPARE, &step, 1, NULL, NULL), NULL, err) < 0)
        return -1;
    return session_item(s, pg_item_new(PG_ITEM_CALL, &step, 1, NULL, NULL), ret, err);
}

int pg_session_run(struct pg_session *s, const char *sql, struct err *err)
{
    struct pg_item *it = pg_item_new(PG_ITEM_TEXT, NULL, 0, NULL, NULL);
    it->text = sql;
    return session_item(s, it, NULL, err);
}

int pg_session_copy(
    struct pg_session *s, const char *sql, const void *data, size_t n, struct err *err)
{
    assert(n <= PG_MAX_PARAM_BYTES);
    struct pg_item *it = pg_item_new(PG_ITEM_TEXT, NULL, 0, NULL, NULL);
    it->text = sql;
    it->data = data;
    it->data_len = n;
    return session_item(s, it, NULL, err);
}
