/* pg: the pool. See pg.h. */
#include "common/drv/pg.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/guid.h"
#include "common/base/vec.h"

#include "common/drv/pg_p.h"

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS   10000

struct slot { /* a connection that is made again whenever it is lost */
    struct pg *pg;
    struct pg_conn conn;
    struct loop_timer *retry;
    unsigned failures;
};

struct channel {
    const char *name;
    pg_notified fn;
    void *user;
    char listen[80];
};

struct pg {
    struct loop *loop;
    struct pg_options opt;
    char *dsn, *application_name;
    struct slot *slots;
    unsigned next; /* where the search for a connection begins */
    struct pg_item *waiting, **waiting_tail;
    struct pg_item *refused, **refused_tail; /* to be told on the next turn */
    struct loop_timer *refuse;
    struct err away; /* why the last connection was lost or not made */
    struct slot *listener;
    vec(struct channel *) channels;
    int sessions;
};

static void append(struct pg_item ***tail, struct pg_item *it)
{
    **tail = it;
    *tail = &it->next;
}

static struct pg_item *take_first(struct pg_item **head, struct pg_item ***tail)
{
    struct pg_item *it = *head;
    if (!it)
        return NULL;
    *head = it->next;
    it->next = NULL;
    if (!*head)
        *tail = head;
    return it;
}

/* Half of the delay is random, so that the workers of a restarted server do not come as one. */
static int64_t retry_delay(unsigned failures)
{
    struct guid rnd;
    guid_random(&rnd);
    uint64_t delay = RETRY_FIRST_MS;
    for (unsigned i = 1; i < failures && delay < RETRY_MAX_MS; i++)
        delay *= 2;
    if (delay > RETRY_MAX_MS)
        delay = RETRY_MAX_MS;
    return (int64_t)(delay / 2 + (rnd.b[0] | (unsigned)rnd.b[1] << 8) % (delay / 2));
}

static void on_retry(void *user)
{
    struct slot *s = user;
    s->retry = NULL;
    pg_conn_open(&s->conn);
}

static void on_refuse(void *user)
{
    struct pg *pg = user;
    pg->refuse = NULL;
    /* Only those that are here now: callbacks may call again, and be refused again, next turn. */
    struct pg_item *list = pg->refused;
    pg->refused = NULL;
    pg->refused_tail = &pg->refused;
    struct err err = pg->away;
    while (list) {
        struct pg_item *it = list;
        list = it->next;
        pg_item_end(it, PG_AWAY, &err);
    }
}

static void refuse(struct pg *pg, struct pg_item *it)
{
    append(&pg->refused_tail, it);
    if (!pg->refuse)
        pg->refuse = loop_after(pg->loop, 0, on_refuse, pg);
}

/* The connection for the next call: the idlest, round robin among equals. NULL: none has room. */
static struct pg_conn *pick(struct pg *pg)
{
    struct pg_conn *best = NULL;
    for (unsigned i = 0; i < pg->opt.connections; i++) {
        struct pg_conn *c = &pg->slots[(pg->next + i) % pg->opt.connections].conn;
        if (c->state == PG_CONN_UP && !c->broken && c->open < pg->opt.depth &&
            (!best || c->open < best->open))
            best = c;
    }
    if (++pg->next >= pg->opt.connections)
        pg->next = 0;
    return best;
}

static bool hope(const struct pg *pg)
{
    for (unsigned i = 0; i < pg->opt.connections; i++) {
        if (pg->slots[i].conn.state != PG_CONN_DOWN)
            return true;
    }
    return false;
}

/* Sends what waits as far as there is room; without hope it ends. */
static void serve_waiting(struct pg *pg)
{
    while (pg->waiting) {
        struct pg_conn *c = pick(pg);
        if (!c)
            break;
        pg_conn_send(c, take_first(&pg->waiting, &pg->waiting_tail));
    }
    if (hope(pg))
        return;
    for (struct pg_item *it; (it = take_first(&pg->waiting, &pg->waiting_tail));)
        refuse(pg, it);
}

static void slot_up(struct pg_conn *c)
{
    struct slot *s = c->user;
    s->failures = 0;
    serve_waiting(s->pg);
}

static void slot_down(struct pg_conn *c, const struct err *why)
{
    struct slot *s = c->user;
    s->pg->away = *why;
    s->failures++;
    s->retry = loop_after(s->pg->loop, retry_delay(s->failures), on_retry, s);
    serve_waiting(s->pg);
}

static void slot_ended(struct pg_conn *c)
{
    serve_waiting(((struct slot *)c->user)->pg);
}

static const struct pg_conn_events slot_events = {
    .up = slot_up, .down = slot_down, .ended = slot_ended};

static void slot_init(struct slot *s, struct pg *pg, const struct pg_conn_events *ev)
{
    s->pg = pg;
    pg_conn_init(&s->conn, pg->loop, &pg->opt, ev, s);
    pg_conn_open(&s->conn);
}

static void slot_release(struct slot *s)
{
    loop_cancel(steal(s->retry));
    pg_conn_release(&s->conn);
}

struct pg *pg_new(struct loop *l, const struct pg_options *opt)
{
    struct pg *pg = xalloc(sizeof(*pg));
    pg->loop = l;
    pg->opt = *opt;
    pg->opt.dsn = pg->dsn = xstrdup(opt->dsn);
    pg->application_name = xstrdup(opt->application_name ? opt->application_name : "contact-sync");
    pg->opt.application_name = pg->application_name;
#define DEFAULT(field, value) pg->opt.field = opt->field ? opt->field : (value)
    DEFAULT(connections, 4);
    DEFAULT(depth, 8);
    DEFAULT(connect_timeout_ms, 10000);
    DEFAULT(statement_timeout_ms, 60000);
    DEFAULT(answer_timeout_ms, pg->opt.statement_timeout_ms + 15000);
#undef DEFAULT
    pg_link_away(NULL, &pg->away);
    pg->waiting_tail = &pg->waiting;
    pg->refused_tail = &pg->refused;
    pg->slots = xalloc(pg->opt.connections * sizeof(*pg->slots));
    for (unsigned i = 0; i < pg->opt.connections; i++)
        slot_init(&pg->slots[i], pg, &slot_events);
    return pg;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    assert(pg->sessions == 0);
    for (unsigned i = 0; i < pg->opt.connections; i++)
        slot_release(&pg->slots[i]);
    if (pg->listener)
        slot_release(pg->listener);
    loop_cancel(pg->refuse);
    for (struct pg_item *it; (it = take_first(&pg->waiting, &pg->waiting_tail));)
        pg_item_free(it);
    for (struct pg_item *it; (it = take_first(&pg->refused, &pg->refused_tail));)
        pg_item_free(it);
    vec_foreach (ch, &pg->channels)
        free(*ch);
    vec_release(&pg->channels);
    free(pg->listener);
    free(pg->slots);
    free(pg->dsn);
    free(pg->application_name);
    free(pg);
}

bool pg_healthy(const struct pg *pg)
{
    for (unsigned i = 0; i < pg->opt.connections; i++) {
        if (pg->slots[i].conn.state == PG_CONN_UP)
            return true;
    }
    return false;
}

struct loop *pg_loop(const struct pg *pg)
{
    return pg->loop;
}

const struct pg_options *pg_opts(const struct pg *pg)
{
    return &pg->opt;
}

void pg_session_count(struct pg *pg, int by)
{
    pg->sessions += by;
}

static void submit(struct pg *pg, struct pg_item *it)
{
    append(&pg->waiting_tail, it);
    serve_waiting(pg);
}

void pg_exec_steps(struct pg *pg, const struct pg_step *steps, size_t n, pg_done done, void *user)
{
    submit(pg, pg_item_new(PG_ITEM_CALL, steps, n, done, user));
}

void pg_exec(
    struct pg *pg, const struct pg_stmt *s, const struct pg_params *p, pg_done done, void *user)
{
    const struct pg_step step = {s, p};
    pg_exec_steps(pg, &step, 1, done, user);
}

void pg_exec_owned(
    struct pg *pg, const struct pg_stmt *s, const struct pg_params *p, pg_done done, void *user)
{
    const struct pg_step step = {s, p};
    struct pg_item *it = pg_item_new(PG_ITEM_CALL, &step, 1, done, user);
    it->owns_user = true;
    submit(pg, it);
}

int pg_call_steps(
    struct pg *pg, const struct pg_step *steps, size_t n, struct pg_result **ret, struct err *err)
{
    struct pg_item *it = pg_item_new(PG_ITEM_CALL, steps, n, NULL, NULL);
    struct pg_waiter *w = pg_waiter_new(it);
    submit(pg, it);
    return pg_waiter_wait(w, pg->loop, ret, err);
}

int pg_call(struct pg *pg,
            const struct pg_stmt *s,
            const struct pg_params *p,
            struct pg_result **ret,
            struct err *err)
{
    const struct pg_step step = {s, p};
    return pg_call_steps(pg, &step, 1, ret, err);
}

/* LISTEN has taken effect: what was said before it was not heard. */
static void
listening(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    (void)r;
    (void)err;
    const struct channel *ch = user;
    if (st == PG_OK)
        ch->fn(NULL, ch->user);
}

static void send_listen(struct pg *pg, struct channel *ch)
{
    struct pg_item *it = pg_item_new(PG_ITEM_TEXT, NULL, 0, listening, ch);
    it->text = ch->listen;
    pg_conn_send(&pg->listener->conn, it);
}

static void listener_up(struct pg_conn *c)
{
    struct slot *s = c->user;
    s->failures = 0;
    vec_foreach (ch, &s->pg->channels)
        send_listen(s->pg, *ch);
}

static void listener_down(struct pg_conn *c, const struct err *why)
{
    (void)why;
    struct slot *s = c->user;
    s->failures++;
    s->retry = loop_after(s->pg->loop, retry_delay(s->failures), on_retry, s);
}

static void listener_notified(struct pg_conn *c, const char *channel, const char *payload)
{
    struct slot *s = c->user;
    for (size_t i = 0; i < s->pg->channels.n; i++) {
        const struct channel *ch = s->pg->channels.v[i];
        if (strcmp(ch->name, channel) == 0)
            ch->fn(payload, ch->user);
    }
}

static const struct pg_conn_events listener_events = {
    .up = listener_up, .down = listener_down, .notified = listener_notified};

void pg_listen(struct pg *pg, const char *channel, pg_notified fn, void *user)
{
    struct channel *ch = xalloc(sizeof(*ch));
    ch->name = channel;
    ch->fn = fn;
    ch->user = user;
    assert(strlen(channel) < sizeof(ch->listen) - 10);
    snprintf(ch->listen, sizeof(ch->listen), "LISTEN %s", channel);
    vec_push(&pg->channels, ch);
    if (!pg->listener) {
        pg->listener = xalloc(sizeof(*pg->listener));
        slot_init(pg->listener, pg, &listener_events);
    } else if (pg->listener->conn.state == PG_CONN_UP) {
        send_listen(pg, ch);
    }
}
