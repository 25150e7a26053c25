/* pg_conn: one connection. See pg_p.h. */
#include <assert.h>
#include <string.h>

#include "common/drv/pg_p.h"

static void on_event(int fd, int events, void *user);
static void on_deadline(void *user);

static void *dup_bytes(const void *p, size_t n)
{
    void *to = xalloc(n ? n : 1);
    if (n > 0)
        memcpy(to, p, n);
    return to;
}

struct pg_item *
pg_item_new(enum pg_item_kind kind, const struct pg_step *steps, size_t n, pg_done done, void *user)
{
    struct pg_item *it = xalloc(sizeof(*it) + n * sizeof(it->steps[0]));
    it->kind = kind;
    it->done = done;
    it->user = user;
    it->n = n;
    it->res = pg_result_new(n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        it->steps[i].stmt = steps[i].stmt;
        const struct pg_params *p = steps[i].params;
        if (!p)
            continue;
        assert(!p->array_at);
        it->steps[i].params = *p;
        /* PREPARE needs the types only. */
        it->steps[i].params.buf = kind == PG_ITEM_PREPARE ? NULL : dup_bytes(p->buf, p->n);
    }
    return it;
}

void pg_item_free(struct pg_item *it)
{
    for (size_t i = 0; i < it->n; i++)
        pg_params_release(&it->steps[i].params);
    if (it->owns_user)
        free(it->user);
    pg_result_free(it->res);
    free(it);
}

void pg_item_end(struct pg_item *it, enum pg_status st, const struct err *err)
{
    if (st == PG_OK && it->failed) {
        st = PG_ERROR;
        err = &it->err;
    }
    it->owns_user = false;
    if (it->done)
        it->done(st, st == PG_OK ? &it->res[it->res->n - 1] : NULL, st == PG_OK ? NULL : err,
                 it->user);
    pg_item_free(it);
}

void pg_conn_init(struct pg_conn *c,
                  struct loop *l,
                  const struct pg_options *opt,
                  const struct pg_conn_events *ev,
                  void *user)
{
    memset(c, 0, sizeof(*c));
    c->loop = l;
    c->opt = opt;
    c->events = ev;
    c->user = user;
    c->pipeline = true;
    c->answer_ms = opt->answer_timeout_ms;
    c->tail = &c->head;
    c->prepared = map_new();
}

/* To PG_CONN_DOWN; the items stay. */
static void hang_up(struct pg_conn *c)
{
    loop_unwatch(steal(c->watch));
    loop_cancel(steal(c->deadline));
    loop_cancel(steal(c->broken));
    PQfinish(steal(c->pq));
    map_free(c->prepared);
    c->prepared = map_new();
    c->state = PG_CONN_DOWN;
}

void pg_conn_close(struct pg_conn *c)
{
    hang_up(c);
    while (c->head) {
        struct pg_item *it = c->head;
        c->head = it->next;
        pg_item_free(it);
    }
    c->tail = &c->head;
    c->open = 0;
}

void pg_conn_release(struct pg_conn *c)
{
    pg_conn_close(c);
    if (c->gone)
        *c->gone = true;
    map_free(steal(c->prepared));
}

bool pg_conn_prepared(const struct pg_conn *c, const struct pg_stmt *s)
{
    return map_get_u64(c->prepared, (uintptr_t)s) != NULL;
}

static struct pg_item *pop(struct pg_conn *c)
{
    struct pg_item *it = c->head;
    c->head = it->next;
    it->next = NULL;
    if (!c->head)
        c->tail = &c->head;
    if (it->kind != PG_ITEM_PREPARE)
        c->open--;
    return it;
}

/*
 * Ends an item. Returns false when a callback freed the connection. Callbacks may wait (turn the
 * loop), so this nests; each level has its own mark and passes it on outwards.
 */
static bool
end_item(struct pg_conn *c, struct pg_item *it, enum pg_status st, const struct err *err)
{
    bool gone = false, *outer = c->gone;
    c->gone = &gone;
    pg_item_end(it, st, err);
    if (!gone && c->events->ended && c->state == PG_CONN_UP)
        c->events->ended(c);
    if (gone) {
        if (outer)
            *outer = true;
        return false;
    }
    c->gone = outer;
    return true;
}

static void lost(struct pg_conn *c, const struct err *why)
{
    struct err err = *why; /* may lie in what is freed now */
    hang_up(c);
    while (c->head) {
        if (!end_item(c, pop(c), PG_AWAY, &err))
            return;
        assert(c->state == PG_CONN_DOWN); /* who opens it again waits for `down` */
    }
    if (c->events->down)
        c->events->down(c, &err);
}

static void lost_by_libpq(struct pg_conn *c)
{
    struct err err;
    pg_link_away(c->pq, &err);
    lost(c, &err);
}

static void on_broken(void *user)
{
    struct pg_conn *c = user;
    c->broken = NULL;
    lost_by_libpq(c);
}

/*
 * From inside a call: nobody's callback may run now. libpq may have closed the descriptor, and the
 * next thing that the program opens would get the same number: the watch goes at once.
 */
static void lost_soon(struct pg_conn *c)
{
    loop_unwatch(steal(c->watch));
    if (!c->broken)
        c->broken = loop_after(c->loop, 0, on_broken, c);
}

static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

void pg_conn_open(struct pg_conn *c)
{
    assert(c->state == PG_CONN_DOWN);
    c->state = PG_CONN_CONNECTING;
    c->made++;
    c->pq = pg_link_start(c->opt);
    if (!c->pq || PQstatus(c->pq) == CONNECTION_BAD) {
        lost_soon(c);
        return;
    }
    PQsetNoticeReceiver(c->pq, ignore_notice, NULL);
    c->watch = loop_watch(c->loop, PQsocket(c->pq), LOOP_WRITE, on_event, c);
    c->deadline = loop_after(c->loop, c->opt->connect_timeout_ms, on_deadline, c);
}

static void connected(struct pg_conn *c)
{
    loop_cancel(steal(c->deadline));
    if (PQsetnonblocking(c->pq, 1) != 0 || (c->pipeline && !PQenterPipelineMode(c->pq))) {
        lost_by_libpq(c);
        return;
    }
    c->state = PG_CONN_UP;
    c->watch = loop_watch(c->loop, PQsocket(c->pq), LOOP_READ, on_event, c);
    if (c->events->up)
        c->events->up(c);
}

static void connect_step(struct pg_conn *c)
{
    /* libpq may close this descriptor and go on with another one (next address of the host). */
    loop_unwatch(steal(c->watch));
    switch (PQconnectPoll(c->pq)) {
    case PGRES_POLLING_READING:
        c->watch = loop_watch(c->loop, PQsocket(c->pq), LOOP_READ, on_event, c);
        break;
    case PGRES_POLLING_WRITING:
        c->watch = loop_watch(c->loop, PQsocket(c->pq), LOOP_WRITE, on_event, c);
        break;
    case PGRES_POLLING_OK:
        connected(c);
        break;
    default:
        lost_by_libpq(c);
    }
}

static void on_deadline(void *user)
{
    struct pg_conn *c = user;
    c->deadline = NULL;
    int64_t quiet = clock_now(loop_clock(c->loop)) - c->quiet_since;
    if (c->state == PG_CONN_UP && !c->head)
        return;
    if (c->state == PG_CONN_UP && quiet < (int64_t)c->answer_ms) {
        c->deadline = loop_after(c->loop, (int64_t)c->answer_ms - quiet, on_deadline, c);
        return;
    }
    struct err err;
    err_set(&err, SCOPE_REMOTE, WHEN_UNKNOWN, "pg.away", "database: no answer in time");
    lost(c, &err);
}

static int flush(struct pg_conn *c)
{
    int left = PQflush(c->pq);
    if (left >= 0 && c->watch)
        loop_watch_events(c->watch, left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
    return left < 0 ? -1 : 0;
}

static bool send_step(struct pg_conn *c, const struct pg_stmt *s, const struct pg_params *p)
{
    const char *values[PG_MAX_PARAMS];
    int lengths[PG_MAX_PARAMS], formats[PG_MAX_PARAMS];
    for (int i = 0; i < p->count; i++) {
        values[i] = p->v[i].len < 0 ? NULL : (const char *)p->buf + p->v[i].at;
        lengths[i] = p->v[i].len;
        formats[i] = 1;
    }
    return PQsendQueryPrepared(c->pq, s->name, p->count, values, lengths, formats, 1);
}

static bool send_prepare(struct pg_conn *c, const struct pg_stmt *s, const struct pg_params *p)
{
    Oid types[PG_MAX_PARAMS];
    for (int i = 0; i < p->count; i++)
        types[i] = p->v[i].oid;
    map_put_u64(c->prepared, (uintptr_t)s, c);
    return PQsendPrepare(c->pq, s->name, s->sql, p->count, types);
}

static bool send_item(struct pg_conn *c, struct pg_item *it)
{
    switch (it->kind) {
    case PG_ITEM_PREPARE:
        return send_prepare(c, it->steps[0].stmt, &it->steps[0].params);
    case PG_ITEM_TEXT: /* the simple protocol is not for pipelines */
        return c->pipeline ? PQsendQueryParams(c->pq, it->text, 0, NULL, NULL, NULL, NULL, 1)
                           : PQsendQuery(c->pq, it->text);
    default:
        for (size_t i = 0; i < it->n; i++) {
            if (!send_step(c, it->steps[i].stmt, &it->steps[i].params))
                return false;
        }
        return true;
    }
}

static void push(struct pg_conn *c, struct pg_item *it)
{
    *c->tail = it;
    c->tail = &it->next;
    if (it->kind != PG_ITEM_PREPARE)
        c->open++;
    if (!send_item(c, it) || (c->pipeline && !PQpipelineSync(c->pq)))
        lost_soon(c);
}

void pg_conn_send(struct pg_conn *c, struct pg_item *it)
{
    assert(c->state == PG_CONN_UP && (c->pipeline || !c->head));
    if (!c->head)
        c->quiet_since = clock_now(loop_clock(c->loop));
    /* A Sync of its own closes each Parse, so that a call that fails does not undo it. */
    for (size_t i = 0; c->pipeline && it->kind == PG_ITEM_CALL && i < it->n; i++) {
        const struct pg_step step = {it->steps[i].stmt, &it->steps[i].params};
        if (!pg_conn_prepared(c, step.stmt))
            push(c, pg_item_new(PG_ITEM_PREPARE, &step, 1, NULL, NULL));
    }
    push(c, it);
    if (!c->broken && flush(c) != 0)
        lost_soon(c);
    if (!c->deadline)
        c->deadline = loop_after(c->loop, c->answer_ms, on_deadline, c);
}

/* The server wants the rows of a COPY. libpq buffers what the socket does not take. */
static int feed(struct pg_conn *c, struct pg_item *it)
{
    static const size_t chunk = 1 << 20;
    const char *p = it->data;
    for (size_t left = it->data_len; left > 0;) {
        size_t n = left < chunk ? left : chunk;
        if (PQputCopyData(c->pq, p, (int)n) != 1)
            return -1;
        p += n;
        left -= n;
    }
    it->data_len = 0;
    if (PQputCopyEnd(c->pq, it->data ? NULL : "no data") != 1)
        return -1;
    return flush(c);
}

static void fail_item(struct pg_conn *c, struct pg_item *it, const PGresult *r)
{
    if (it->failed)
        return;
    it->failed = true;
    pg_link_error(r, &it->err);
    if (it->kind == PG_ITEM_PREPARE) {
        map_del_u64(c->prepared, (uintptr_t)it->steps[0].stmt);
        c->prepare_err = it->err;
    } else if (strcmp(it->err.code, "pg.26000") == 0 && c->prepare_err.code[0]) {
        it->err = c->prepare_err; /* not prepared: why not says more */
    }
}

/* Takes one result of the first item. Returns -1 when the connection cannot be used further. */
static int take(struct pg_conn *c, PGresult *r)
{
    struct pg_item *it = c->head;
    size_t slot = it->got < it->res->n ? it->got : it->res->n - 1;
    switch (PQresultStatus(r)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        PQclear(it->res[slot].res);
        it->res[slot].res = r;
        it->got++;
        return 0;
    case PGRES_COPY_IN:
        PQclear(r);
        return feed(c, it);
    case PGRES_PIPELINE_ABORTED:
        PQclear(r);
        return 0;
    case PGRES_FATAL_ERROR:
        fail_item(c, it, r);
        PQclear(r);
        return 0;
    default:
        PQclear(r);
        return -1;
    }
}

/* The first item is complete: in a pipeline by its Sync, else by the NULL behind its results. */
static bool ends_item(const struct pg_conn *c, const PGresult *r)
{
    return c->pipeline ? r && PQresultStatus(r) == PGRES_PIPELINE_SYNC : !r;
}

/* Reads what has arrived. Returns 0; 1 when the connection was freed or closed meanwhile; -1 lost.
 */
static int read_results(struct pg_conn *c)
{
    bool was_null = false;
    unsigned made = c->made;
    while (c->head && !PQisBusy(c->pq)) {
        PGresult *r = PQgetResult(c->pq);
        if (ends_item(c, r)) {
            PQclear(r);
            if (PQstatus(c->pq) == CONNECTION_BAD)
                return -1; /* the end of the connection is not the end of the command */
            if (!end_item(c, pop(c), PG_OK, NULL) || c->made != made || !c->pq)
                return 1;
            was_null = false;
            continue;
        }
        if (r && take(c, r) < 0)
            return -1;
        if (!r && was_null)
            break; /* NULL parts the results of two statements; two in a row: nothing there yet */
        was_null = !r;
    }
    return 0;
}

static int read_notices(struct pg_conn *c)
{
    unsigned made = c->made;
    bool gone = false, *outer = c->gone;
    c->gone = &gone;
    for (PGnotify *n; !gone && c->made == made && c->pq && (n = PQnotifies(c->pq));) {
        if (c->events->notified)
            c->events->notified(c, n->relname, n->extra);
        PQfreemem(n);
    }
    if (gone) {
        if (outer)
            *outer = true;
        return 1;
    }
    c->gone = outer;
    return c->made == made && c->pq ? 0 : 1;
}

static void on_event(int fd, int events, void *user)
{
    (void)fd;
    struct pg_conn *c = user;
    if (c->state == PG_CONN_CONNECTING) {
        connect_step(c);
        return;
    }
    if (events & LOOP_READ)
        c->quiet_since = clock_now(loop_clock(c->loop));
    if (((events & LOOP_READ) && !PQconsumeInput(c->pq)) || flush(c) != 0) {
        lost_by_libpq(c);
        return;
    }
    int r = read_results(c);
    if (r == 0)
        r = read_notices(c);
    if (r != 1 && (r < 0 || PQstatus(c->pq) == CONNECTION_BAD))
        lost_by_libpq(c);
}
