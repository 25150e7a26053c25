/* ledger_pg: see ledger_pg.h; the statements and why they are right: ledger_pg_sql.c. */
#include "common/drv/ledger_pg.h"

#include <string.h>

#include "common/drv/ledger_pg_p.h"

static struct ledger_pg *self(struct ledger *l)
{
    return (struct ledger_pg *)l;
}

struct ledger_call *ledger_call_new(struct ledger *l, void *user)
{
    struct ledger_call *c = xalloc(sizeof(*c));
    c->l = self(l);
    c->user = user;
    c->next = c->l->calls;
    if (c->next)
        c->next->prev = c;
    c->l->calls = c;
    return c;
}

/* Takes the call off the list into *ret and frees it. false: the ledger is gone, nobody to tell. */
bool ledger_call_end(void *user, struct ledger_call *ret)
{
    struct ledger_call *c = user;
    *ret = *c;
    if (c->l) {
        if (c->next)
            c->next->prev = c->prev;
        if (c->prev)
            c->prev->next = c->next;
        else
            c->l->calls = c->next;
    }
    free(c);
    return ret->l != NULL;
}

void ledger_put_lease(struct pg_params *p, struct ledger_lease lease)
{
    pg_put_i64(p, lease.mailbox);
    pg_put_i64(p, lease.epoch);
}

/* Runs `stmt` behind the lock of the mailbox row, in one transaction. */
void ledger_locked(struct ledger *l,
                   const struct pg_stmt *lock,
                   struct ledger_lease lease,
                   const struct pg_stmt *stmt,
                   const struct pg_params *p,
                   pg_done done,
                   struct ledger_call *c)
{
    autovalue(pg_params_release) struct pg_params key = {0};
    ledger_put_lease(&key, lease);
    const struct pg_step steps[] = {{lock, &key}, {stmt, p}};
    pg_exec_steps(self(l)->pg, steps, 2, done, c);
}

/* The last step of a locked operation says: ours? done? */
enum ledger_status
ledger_status_of(enum pg_status st, const struct pg_result *r, enum ledger_status undone)
{
    if (st != PG_OK)
        return LEDGER_AWAY;
    if (!pg_bool(r, 0, 0))
        return LEDGER_FENCED;
    return pg_bool(r, 0, 1) ? LEDGER_OK : undone;
}

/* ---- lease ---- */

static void
take_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    if (st != PG_OK) {
        c.fn.taken(LEDGER_AWAY, NULL, err, c.user);
        return;
    }
    if (pg_rows(r) == 0) {
        c.fn.taken(LEDGER_NO_ROW, NULL, NULL, c.user);
        return;
    }
    const struct pg_result *up = pg_result_of(r, 0);
    bool parked = pg_rows(up) == 0, granted = pg_bool(up, 0, 0);
    struct ledger_mailbox mb;
    ledger_read_mailbox(r, &mb);
    if (parked) {
        mb.lease.epoch = 0;
        if (!mb.parked_ms)
            mb.parked_ms = 1; /* the park ended between the two steps: ask again */
    }
    c.fn.taken(parked || granted ? LEDGER_OK : LEDGER_BUSY, parked || granted ? &mb : NULL, NULL,
               c.user);
}

static void op_take(struct ledger *l,
                    int64_t mailbox,
                    const char *owner,
                    uint32_t ttl_ms,
                    ledger_taken done,
                    void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.taken = done;
    autovalue(pg_params_release) struct pg_params p = {0}, key = {0};
    pg_put_i64(&p, mailbox);
    pg_put_text(&p, owner);
    pg_put_i64(&p, ttl_ms);
    pg_put_i64(&key, mailbox);
    const struct pg_step steps[] = {{&ledger_sql_take, &p}, {&ledger_sql_taken, &key}};
    pg_exec_steps(c->l->pg, steps, 2, take_done, c);
}

/* For statements that tell by the number of rows they changed. */
static void
one_row_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    enum ledger_status ours = pg_affected(r) > 0 ? LEDGER_OK : LEDGER_FENCED;
    c.fn.done(st == PG_OK ? ours : LEDGER_AWAY, err, c.user);
}

static void
op_renew(struct ledger *l, struct ledger_lease lease, uint32_t ttl_ms, ledger_done done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_i64(&p, ttl_ms);
    pg_exec(c->l->pg, &ledger_sql_renew, &p, one_row_done, c);
}

static void op_unverify(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_exec(c->l->pg, &ledger_sql_unverify, &p, one_row_done, c);
}

static void
release_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (ledger_call_end(user, &c))
        c.fn.done(ledger_status_of(st, r, LEDGER_MORE), err, c.user);
}

static void op_release(struct ledger *l,
                       struct ledger_lease lease,
                       int64_t poke,
                       uint32_t park_ms,
                       const char *why,
                       ledger_done done,
                       void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_i64(&p, poke);
    pg_put_i64(&p, park_ms);
    pg_put_text(&p, why);
    ledger_locked(l, &ledger_sql_lock, lease, &ledger_sql_release, &p, release_done, c);
}

/* ---- rows ---- */

static void
load_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    const struct pg_result *poke = pg_result_of(r, 0);
    if (st != PG_OK || pg_rows(poke) == 0) {
        c.fn.loaded(st == PG_OK ? LEDGER_FENCED : LEDGER_AWAY, NULL, 0, 0, false, err, c.user);
        return;
    }
    size_t n = pg_rows(r) < c.max ? pg_rows(r) : c.max;
    autofree struct ledger_link *links = ledger_read_links(r, n);
    c.fn.loaded(LEDGER_OK, links, n, pg_i64(poke, 0, 0), pg_rows(r) > n, NULL, c.user);
}

static void
op_load(struct ledger *l, struct ledger_lease lease, uint32_t max, ledger_loaded done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.loaded = done;
    c->max = max;
    autovalue(pg_params_release) struct pg_params key = {0}, p = {0};
    ledger_put_lease(&key, lease);
    pg_put_i64(&p, lease.mailbox);
    pg_put_i64(&p, max);
    const struct pg_step steps[] = {{&ledger_sql_poke, &key}, {&ledger_sql_load, &p}};
    pg_exec_steps(c->l->pg, steps, 2, load_done, c);
}

static void
flight_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (ledger_call_end(user, &c))
        c.fn.done(ledger_status_of(st, r, LEDGER_CONFLICT), err, c.user);
}

static void op_flight(struct ledger *l,
                      struct ledger_lease lease,
                      uint32_t deadline_ms,
                      uint32_t ttl_ms,
                      const struct ledger_intent *in,
                      size_t n,
                      ledger_done done,
                      void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_i64(&p, deadline_ms);
    pg_put_i64(&p, ttl_ms);
    ledger_put_intents(&p, in, n);
    ledger_locked(l, &ledger_sql_lock, lease, &ledger_sql_flight, &p, flight_done, c);
}

/* For statements that say only: ours? */
void ledger_ours_done(enum pg_status st,
                      const struct pg_result *r,
                      const struct err *err,
                      void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    enum ledger_status ours = pg_bool(r, 0, 0) ? LEDGER_OK : LEDGER_FENCED;
    c.fn.done(st == PG_OK ? ours : LEDGER_AWAY, err, c.user);
}

static void op_record(struct ledger *l,
                      struct ledger_lease lease,
                      const struct ledger_result *r,
                      size_t n,
                      bool flight_over,
                      ledger_done done,
                      void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_bool(&p, flight_over);
    ledger_put_results(&p, r, n);
    ledger_locked(l, &ledger_sql_lock, lease, &ledger_sql_record, &p, ledger_ours_done, c);
}

/* ---- the mailbox as a whole ---- */

static void
identify_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    /* Two at once: the second one meets the unique index instead of the check. */
    if (st == PG_ERROR && strcmp(err->code, "pg.23505") == 0)
        c.fn.done(LEDGER_CONFLICT, err, c.user);
    else
        c.fn.done(ledger_status_of(st, r, LEDGER_CONFLICT), err, c.user);
}

static void op_identify(struct ledger *l,
                        struct ledger_lease lease,
                        const char *folder_id,
                        const char *server_version,
                        ledger_done done,
                        void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_text(&p, folder_id);
    pg_put_text(&p, server_version);
    ledger_locked(l, &ledger_sql_lock_folder, lease, &ledger_sql_identify, &p, identify_done, c);
}

static void
known_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    if (st != PG_OK || pg_rows(pg_result_of(r, 0)) == 0) {
        c.fn.listed(st == PG_OK ? LEDGER_FENCED : LEDGER_AWAY, NULL, 0, err, c.user);
        return;
    }
    autofree struct ledger_known *rows = ledger_read_known(r);
    c.fn.listed(LEDGER_OK, rows, pg_rows(r), NULL, c.user);
}

static void op_known(struct ledger *l, struct ledger_lease lease, ledger_listed done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.listed = done;
    autovalue(pg_params_release) struct pg_params key = {0}, p = {0};
    ledger_put_lease(&key, lease);
    pg_put_i64(&p, lease.mailbox);
    const struct pg_step steps[] = {{&ledger_sql_poke, &key}, {&ledger_sql_known, &p}};
    pg_exec_steps(c->l->pg, steps, 2, known_done, c);
}

static void op_adopt(struct ledger *l,
                     struct ledger_lease lease,
                     const struct ledger_found *f,
                     size_t n,
                     bool verified,
                     ledger_done done,
                     void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params key = {0}, persons = {0}, p = {0};
    ledger_put_lease(&key, lease);
    ledger_put_lease(&persons, lease);
    ledger_put_found(&persons, f, n, false);
    ledger_put_lease(&p, lease);
    ledger_put_found(&p, f, n, true);
    pg_put_bool(&p, verified);
    const struct pg_step steps[] = {
        {&ledger_sql_lock, &key}, {&ledger_sql_adopt_persons, &persons}, {&ledger_sql_adopt, &p}};
    pg_exec_steps(c->l->pg, steps, 3, ledger_ours_done, c);
}

static void
cleared_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (ledger_call_end(user, &c))
        c.fn.done(ledger_status_of(st, r, LEDGER_MORE), err, c.user);
}

static void op_cleared(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.done = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    const struct pg_step steps[] = {
        {&ledger_sql_lock, &p}, {&ledger_sql_clear_rows, &p}, {&ledger_sql_cleared, &p}};
    pg_exec_steps(c->l->pg, steps, 3, cleared_done, c);
}

static void
legacy_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (!ledger_call_end(user, &c))
        return;
    bool ours = st == PG_OK && pg_rows(r) > 0;
    c.fn.legacy(ours          ? LEDGER_OK
                : st == PG_OK ? LEDGER_FENCED
                              : LEDGER_AWAY,
                ours ? pg_i64(r, 0, 0) : 0, err, c.user);
}

static void op_legacy(struct ledger *l,
                      struct ledger_lease lease,
                      const struct sha256 *marks,
                      size_t n,
                      ledger_legacy_done done,
                      void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.legacy = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    ledger_put_lease(&p, lease);
    pg_put_sha(&p, marks);
    pg_put_i32(&p, (int32_t)n);
    pg_exec(c->l->pg, &ledger_sql_legacy, &p, legacy_done, c);
}

static void
beat_done(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    struct ledger_call c;
    if (ledger_call_end(user, &c))
        c.fn.beat(st == PG_OK ? LEDGER_OK : LEDGER_AWAY, (uint32_t)pg_i64(r, 0, 0), err, c.user);
}

static void
op_beat(struct ledger *l, const char *owner, uint32_t ttl_ms, ledger_beat_done done, void *user)
{
    struct ledger_call *c = ledger_call_new(l, user);
    c->fn.beat = done;
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_text(&p, owner);
    pg_put_i64(&p, ttl_ms);
    const struct pg_step steps[] = {{&ledger_sql_beat, &p}, {&ledger_sql_alive, NULL}};
    pg_exec_steps(c->l->pg, steps, 2, beat_done, c);
}

static bool op_healthy(struct ledger *l)
{
    return pg_healthy(self(l)->pg);
}

static void op_free(struct ledger *l)
{
    if (!l)
        return;
    for (struct ledger_call *c = self(l)->calls; c; c = c->next)
        c->l = NULL; /* the pool still calls back, and finds nobody */
    free(l);
}

static const struct ledger_ops ops = {
    .name = "pg",
    .take = op_take,
    .load = op_load,
    .flight = op_flight,
    .record = op_record,
    .renew = op_renew,
    .release = op_release,
    .identify = op_identify,
    .known = op_known,
    .adopt = op_adopt,
    .unverify = op_unverify,
    .cleared = op_cleared,
    .legacy = op_legacy,
    .photos = ledger_pg_photos,
    .photo_flight = ledger_pg_photo_flight,
    .photo_record = ledger_pg_photo_record,
    .photo_over = ledger_pg_photo_over,
    .beat = op_beat,
    .healthy = op_healthy,
    .free = op_free,
};

struct ledger *ledger_pg_new(struct pg *pg)
{
    struct ledger_pg *l = xalloc(sizeof(*l));
    l->base.ops = &ops;
    l->pg = pg;
    return &l->base;
}
