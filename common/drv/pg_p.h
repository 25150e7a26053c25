/*
 * pg_p: what the files of pg share: one connection (pg_conn.c), the pool (pg.c), sessions
 * (pg_session.c), results (pg_result.c).
 *
 * A connection has a queue of items in the order in which they were sent; answers come in the same
 * order. In pipeline mode an item ends with its Sync, in plain mode (sessions: COPY is not possible
 * in a pipeline) with libpq's NULL, and there is one at a time.
 */
#ifndef SYNC_DRV_PG_P_H
#define SYNC_DRV_PG_P_H

#include <libpq-fe.h>

#include "common/base/map.h"

#include "common/drv/pg.h"

struct pg_result { /* an element of all[n]: one per step */
    PGresult *res;
    struct pg_result *all;
    size_t n;
};
struct pg_result *pg_result_new(size_t n);
/* Moves the rows out of a result that a callback borrows. */
struct pg_result *pg_result_take(const struct pg_result *r);

enum pg_item_kind {
    PG_ITEM_PREPARE, /* of steps[0] */
    PG_ITEM_CALL,
    PG_ITEM_TEXT /* plain text, perhaps with data to copy */
};

struct pg_item {
    struct pg_item *next;
    enum pg_item_kind kind;
    pg_done done; /* NULL for PREPARE and LISTEN */
    void *user;
    bool owns_user; /* free(user) when the item ends without its callback */
    const char *text;
    const void *data; /* COPY */
    size_t data_len;
    struct pg_result *res; /* n of them */
    size_t got;
    bool failed;
    struct err err;
    size_t n;
    struct {
        const struct pg_stmt *stmt;
        struct pg_params params;
    } steps[];
};
/* Parameters are copied. */
struct pg_item *pg_item_new(
    enum pg_item_kind kind, const struct pg_step *steps, size_t n, pg_done done, void *user);
void pg_item_free(struct pg_item *it);
/* Calls done and frees. st PG_OK: the item's own outcome. */
void pg_item_end(struct pg_item *it, enum pg_status st, const struct err *err);

enum pg_conn_state { PG_CONN_DOWN, PG_CONN_CONNECTING, PG_CONN_UP };

struct pg_conn;
struct pg_conn_events { /* from the loop; any may be NULL */
    void (*up)(struct pg_conn *c);
    void (*down)(struct pg_conn *c, const struct err *why); /* also: could not connect */
    void (*ended)(struct pg_conn *c);                       /* an item ended: there is room */
    void (*notified)(struct pg_conn *c, const char *channel, const char *payload);
};

struct pg_conn {
    struct loop *loop;
    const struct pg_options *opt; /* complete: no zeros left */
    const struct pg_conn_events *events;
    void *user;
    bool pipeline;

    PGconn *pq;
    enum pg_conn_state state;
    unsigned made; /* counts attempts: tells a callback's caller that this is another connection */
    struct loop_watch *watch;
    struct loop_timer *deadline; /* connecting: of the attempt; up: looks at quiet_since */
    struct loop_timer *broken;   /* a send failed: told on the next turn */
    int64_t quiet_since;
    uint32_t answer_ms;
    struct pg_item *head, **tail;
    unsigned open;        /* items that are calls or text */
    struct map *prepared; /* by address of pg_stmt; asked for, perhaps not answered yet */
    struct err prepare_err;
    bool *gone; /* set when the connection is freed inside one of its callbacks */
};

void pg_conn_init(struct pg_conn *c,
                  struct loop *l,
                  const struct pg_options *opt,
                  const struct pg_conn_events *ev,
                  void *user);
void pg_conn_close(struct pg_conn *c); /* open items end without callbacks, as does `down` */
void pg_conn_release(struct pg_conn *c);
void pg_conn_open(struct pg_conn *c); /* from PG_CONN_DOWN */
/* Sends; the connection owns the item and ends it. Only while PG_CONN_UP. */
void pg_conn_send(struct pg_conn *c, struct pg_item *it);
bool pg_conn_prepared(const struct pg_conn *c, const struct pg_stmt *s);

/* pg_link.c: parameters of a connection attempt, and the server's errors. */
PGconn *pg_link_start(const struct pg_options *opt);
void pg_link_error(const PGresult *res, struct err *err);
void pg_link_away(const PGconn *pq, struct err *err); /* pq NULL: no connection */

/* pg_session.c: how sequential code waits for an item. The waiter is the item's user. */
struct pg_waiter;
struct pg_waiter *pg_waiter_new(struct pg_item *it);
/* Frees w (at once, or when the item ends after the loop quit). */
int pg_waiter_wait(struct pg_waiter *w, struct loop *l, struct pg_result **ret, struct err *err)
    must_check;

/* pg.c */
struct loop *pg_loop(const struct pg *pg);
const struct pg_options *pg_opts(const struct pg *pg);
void pg_session_count(struct pg *pg, int by);

#endif
