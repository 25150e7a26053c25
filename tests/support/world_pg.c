#include "tests/support/world_pg.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#include "common/drv/hand_pg.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/migrate.h"
#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "common/drv/report_audit.h"
#include "common/net/loop.h"
#include "common/port/ledger.h"
#include "tests/support/test_db.h"

enum { PRODUCERS = 2, POLL_MS = 50, FENCE_MS = 12000 };

struct world_pg {
    const struct clock *clock;
    struct loop *loop; /* of real time: sockets */
    struct test_db *db;
    char path[64];
    int fd;
    int64_t told;
    struct pg *pool[PRODUCERS];
    struct plan_store *store[PRODUCERS];
};

/* ---- time ---- */

void world_pg_tell_time(struct world_pg *p)
{
    int64_t ms = clock_wall(p->clock);
    char text[32];
    if (ms == p->told)
        return;
    int n =
        snprintf(text, sizeof(text), "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
    if (pwrite(p->fd, text, (size_t)n, 0) != n)
        abort();
    p->told = ms;
}

static void make_clock(struct world_pg *p)
{
    static const char *const names[] = {"clock_timestamp", "statement_timestamp", "now"};
    snprintf(p->path, sizeof(p->path), "/tmp/contact-sync-clock.XXXXXX");
    p->fd = mkstemp(p->path);
    if (p->fd < 0 || fchmod(p->fd, 0644) < 0)
        abort();
    world_pg_tell_time(p);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        test_db_run(p->db,
                    "CREATE FUNCTION public.%s() RETURNS timestamptz LANGUAGE sql %s AS "
                    "$$SELECT pg_catalog.to_timestamp(pg_catalog.pg_read_file('%s')::float8)$$",
                    names[i], i ? "STABLE" : "VOLATILE", p->path);
    test_db_run(p->db, "DO $$BEGIN EXECUTE format('ALTER DATABASE %%I SET search_path TO public,"
                       " pg_catalog', current_database()); END$$;"
                       " SET search_path TO public, pg_catalog");
    for (size_t i = 0; i < migrate_script_count; i++)
        test_db_run(p->db, "%s", migrate_scripts[i].sql);
}

struct world_pg *world_pg_new(const struct clock *clock)
{
    struct world_pg *p = xalloc(sizeof(*p));
    p->clock = clock;
    p->db = test_db_new(false);
    make_clock(p);
    p->loop = loop_new(clock_real());
    return p;
}

static void end_store(struct world_pg *p, int i)
{
    plan_store_free(p->store[i]);
    pg_free(p->pool[i]);
}

void world_pg_free(struct world_pg *p)
{
    if (!p)
        return;
    for (int i = 0; i < PRODUCERS; i++)
        end_store(p, i);
    loop_free(p->loop);
    test_db_free(p->db);
    close(p->fd);
    unlink(p->path);
    free(p);
}

static struct pg *pool_new(struct world_pg *p, bool by_key)
{
    const struct pg_options opt = {.dsn = test_db_dsn(p->db), .connections = 1, .by_key = by_key};
    return pg_new(p->loop, &opt);
}

struct plan_store *world_pg_plan(struct world_pg *p, int i)
{
    end_store(p, i);
    p->pool[i] = pool_new(p, false);
    p->store[i] = plan_store_pg_new(p->loop, p->pool[i]);
    return p->store[i];
}

void world_pg_end_leader(struct world_pg *p)
{
    test_db_run(p->db, "SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l JOIN pg_database d"
                       " ON d.oid = l.database WHERE l.locktype = 'advisory' AND l.granted"
                       " AND d.datname = current_database()");
}

/* ---- questions ---- */

bool world_pg_quiet(struct world_pg *p)
{
    world_pg_tell_time(p);
    return test_db_i64(p->db, "SELECT (SELECT count(*) FROM mailbox WHERE lease_until > now()"
                              "  OR (clear_requested IS NOT NULL AND clear_done IS NULL))"
                              " + (SELECT count(*) FROM intent)"
                              " + (SELECT count(*) FROM link WHERE look_at IS NOT NULL"
                              "  OR (state = 'active' AND hold IS NULL"
                              "   AND want IS DISTINCT FROM have"
                              "   AND dead_for IS DISTINCT FROM coalesce(want, '\\x00')))") == 0;
}

bool world_pg_held(struct world_pg *p)
{
    return test_db_i64(p->db, "SELECT count(*) FROM link WHERE hold IS NOT NULL") > 0;
}

const char *world_pg_pictures(struct world_pg *p)
{
    return test_db_text(p->db,
                        "SELECT string_agg(m.address || ' ' || l.item_id || ' ' ||"
                        "  CASE WHEN o.hash = '' THEN '-' ELSE encode(o.hash, 'hex') END, E'\\n')"
                        " FROM link_photo o JOIN link l USING (mailbox, person, item_id)"
                        " JOIN mailbox m ON m.id = o.mailbox WHERE o.hash <> '\\x00'");
}

int64_t world_pg_mailbox(struct world_pg *p, const char *address)
{
    return test_db_i64(p->db, "SELECT coalesce((SELECT id FROM mailbox WHERE address = '%s'), 0)",
                       address);
}

bool world_pg_run_done(struct world_pg *p, int64_t run)
{
    return test_db_i64(p->db, "SELECT count(*) FROM run WHERE id = %lld AND state = 'success'",
                       (long long)run) > 0;
}

bool world_pg_clear(struct world_pg *p, int64_t mailbox)
{
    autoptr(pg_free) struct pg *pg = pool_new(p, false);
    struct err err;
    world_pg_tell_time(p);
    if (hand_clear(pg, mailbox, NULL, &err) < 0)
        abort();
    return test_db_i64(p->db, "SELECT count(*) FROM subscriber WHERE mailbox = %lld",
                       (long long)mailbox) > 0;
}

void world_pg_unhide(struct world_pg *p, int64_t mailbox)
{
    autoptr(pg_free) struct pg *pg = pool_new(p, false);
    struct err err;
    int64_t n;
    world_pg_tell_time(p);
    if (hand_restore(pg, mailbox, 0, &n, &err) < 0)
        abort();
}

void world_pg_audit(struct world_pg *p, int64_t mailbox)
{
    autoptr(pg_free) struct pg *pg = pool_new(p, false);
    struct err err;
    bool asked;
    world_pg_tell_time(p);
    if (report_audit_repair(pg, mailbox, &asked, &err) < 0)
        abort();
}

size_t world_pg_approve(struct world_pg *p)
{
    world_pg_tell_time(p);
    return (size_t)test_db_i64(
        p->db,
        "WITH h AS (UPDATE hold SET state = 'approved' WHERE state = 'open'),"
        " e AS (DELETE FROM person_emptied),"
        " l AS (UPDATE link SET fell_at = CASE WHEN hold IS NULL THEN fell_at END, hold = NULL,"
        "  dead_for = NULL, dead_code = NULL, urgent = true"
        "  WHERE hold IS NOT NULL OR dead_for IS NOT NULL RETURNING 1) SELECT count(*) FROM l");
}

/* ---- a worker's ledger ---- */

struct ledger_sync {
    struct ledger base;
    struct world_pg *p;
    struct loop *l;
    struct pg *pool;
    struct ledger *in;
    struct answer *open; /* calls */
    bool lose, after_effect;
};

struct answer { /* of one call: heard on the worker's loop, where it waits in real time */
    struct answer *next;
    struct ledger_sync *s;
    struct loop_timer *timer;
    bool heard, lost, sent;
    enum { TAKEN, LOADED, LISTED, LEGACY, PHOTOS, BEATEN, DONE } kind;
    union {
        ledger_taken taken;
        ledger_loaded loaded;
        ledger_listed listed;
        ledger_legacy_done legacy;
        ledger_photos_done photos;
        ledger_beat_done beat;
        ledger_done done;
    } fn;
    void *user;
};

static void forget(struct answer *a)
{
    struct answer **at = &a->s->open;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    loop_cancel(a->timer);
    free(a);
}

static void say_away(struct answer *a)
{
    struct err err;
    err_set(&err, SCOPE_REMOTE, WHEN_UNKNOWN, "world.away", "the rows are away");
    switch (a->kind) {
    case TAKEN:
        a->fn.taken(LEDGER_AWAY, NULL, &err, a->user);
        break;
    case LOADED:
        a->fn.loaded(LEDGER_AWAY, NULL, 0, 0, false, &err, a->user);
        break;
    case LISTED:
        a->fn.listed(LEDGER_AWAY, NULL, 0, &err, a->user);
        break;
    case LEGACY:
        a->fn.legacy(LEDGER_AWAY, 0, &err, a->user);
        break;
    case PHOTOS:
        a->fn.photos(LEDGER_AWAY, NULL, 0, 0, &err, a->user);
        break;
    case BEATEN:
        a->fn.beat(LEDGER_AWAY, 0, &err, a->user);
        break;
    case DONE:
        a->fn.done(LEDGER_AWAY, &err, a->user);
        break;
    }
}

/* An answer may come while another one is waited for. */
static void await(void *user)
{
    struct answer *a = user;
    a->timer = NULL;
    while (a->sent && !a->heard)
        loop_turn(a->s->p->loop, POLL_MS);
    if (a->lost)
        say_away(a);
    forget(a);
}

static struct answer *ask(struct ledger *l, int kind, void *user)
{
    struct ledger_sync *s = (struct ledger_sync *)l;
    struct answer *a = xalloc(sizeof(*a));
    *a = (struct answer){.next = s->open, .s = s, .kind = kind, .user = user, .sent = true};
    s->open = a;
    a->lost = s->lose;
    a->sent = !s->lose || s->after_effect;
    s->lose = false;
    a->timer = loop_after(s->l, 0, await, a);
    world_pg_tell_time(s->p);
    return a;
}

#define HEARD(a) ((a)->heard = true, !(a)->lost)

static void
h_taken(enum ledger_status st, const struct ledger_mailbox *mb, const struct err *err, void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.taken(st, mb, err, a->user);
}
static void h_loaded(enum ledger_status st,
                     const struct ledger_link *links,
                     size_t n,
                     int64_t poke,
                     bool more,
                     const struct err *err,
                     void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.loaded(st, links, n, poke, more, err, a->user);
}
static void h_listed(enum ledger_status st,
                     const struct ledger_known *rows,
                     size_t n,
                     const struct err *err,
                     void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.listed(st, rows, n, err, a->user);
}
static void h_legacy(enum ledger_status st, int64_t quiet_ms, const struct err *err, void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.legacy(st, quiet_ms, err, a->user);
}
static void h_photos(enum ledger_status st,
                     const struct ledger_photo *photos,
                     size_t n,
                     int64_t requested,
                     const struct err *err,
                     void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.photos(st, photos, n, requested, err, a->user);
}
static void h_beat(enum ledger_status st, uint32_t alive, const struct err *err, void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.beat(st, alive, err, a->user);
}
static void h_done(enum ledger_status st, const struct err *err, void *user)
{
    struct answer *a = user;
    if (HEARD(a))
        a->fn.done(st, err, a->user);
}

#define ASK(KIND, field, op, hear, ...)                                                            \
    do {                                                                                           \
        struct answer *a_ = ask(l, KIND, user);                                                    \
        struct ledger *in_ = a_->s->in;                                                            \
        a_->fn.field = done;                                                                       \
        if (a_->sent)                                                                              \
            in_->ops->op(in_, ##__VA_ARGS__, hear, a_);                                            \
    } while (0)

static void l_take(struct ledger *l,
                   int64_t mailbox,
                   const char *owner,
                   uint32_t ttl_ms,
                   ledger_taken done,
                   void *user)
{
    ASK(TAKEN, taken, take, h_taken, mailbox, owner, ttl_ms);
}
static void
l_load(struct ledger *l, struct ledger_lease lease, uint32_t max, ledger_loaded done, void *user)
{
    ASK(LOADED, loaded, load, h_loaded, lease, max);
}
static void l_flight(struct ledger *l,
                     struct ledger_lease lease,
                     uint32_t deadline_ms,
                     uint32_t ttl_ms,
                     const struct ledger_intent *in,
                     size_t n,
                     ledger_done done,
                     void *user)
{
    ASK(DONE, done, flight, h_done, lease, deadline_ms, ttl_ms, in, n);
}
static void l_record(struct ledger *l,
                     struct ledger_lease lease,
                     const struct ledger_result *r,
                     size_t n,
                     bool flight_over,
                     ledger_done done,
                     void *user)
{
    ASK(DONE, done, record, h_done, lease, r, n, flight_over);
}
static void
l_renew(struct ledger *l, struct ledger_lease lease, uint32_t ttl_ms, ledger_done done, void *user)
{
    ASK(DONE, done, renew, h_done, lease, ttl_ms);
}
static void l_release(struct ledger *l,
                      struct ledger_lease lease,
                      int64_t poke,
                      uint32_t park_ms,
                      const char *why,
                      ledger_done done,
                      void *user)
{
    ASK(DONE, done, release, h_done, lease, poke, park_ms, why);
}
static void l_identify(struct ledger *l,
                       struct ledger_lease lease,
                       const char *folder_id,
                       const char *server_version,
                       ledger_done done,
                       void *user)
{
    ASK(DONE, done, identify, h_done, lease, folder_id, server_version);
}
static void l_known(struct ledger *l, struct ledger_lease lease, ledger_listed done, void *user)
{
    ASK(LISTED, listed, known, h_listed, lease);
}
static void l_adopt(struct ledger *l,
                    struct ledger_lease lease,
                    const struct ledger_found *f,
                    size_t n,
                    bool verified,
                    ledger_done done,
                    void *user)
{
    ASK(DONE, done, adopt, h_done, lease, f, n, verified);
}
static void l_unverify(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    ASK(DONE, done, unverify, h_done, lease);
}
static void l_cleared(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    ASK(DONE, done, cleared, h_done, lease);
}
static void l_legacy(struct ledger *l,
                     struct ledger_lease lease,
                     const struct sha256 *marks,
                     size_t n,
                     ledger_legacy_done done,
                     void *user)
{
    ASK(LEGACY, legacy, legacy, h_legacy, lease, marks, n);
}
static void l_photos(struct ledger *l,
                     struct ledger_lease lease,
                     uint32_t max,
                     size_t max_bytes,
                     ledger_photos_done done,
                     void *user)
{
    ASK(PHOTOS, photos, photos, h_photos, lease, max, max_bytes);
}
static void l_photo_flight(struct ledger *l,
                           struct ledger_lease lease,
                           uint32_t deadline_ms,
                           uint32_t ttl_ms,
                           const struct ledger_photo *photos,
                           size_t n,
                           ledger_done done,
                           void *user)
{
    ASK(DONE, done, photo_flight, h_done, lease, deadline_ms, ttl_ms, photos, n);
}
static void l_photo_record(struct ledger *l,
                           struct ledger_lease lease,
                           const struct ledger_photo_result *r,
                           size_t n,
                           bool flight_over,
                           ledger_done done,
                           void *user)
{
    ASK(DONE, done, photo_record, h_done, lease, r, n, flight_over);
}
static void l_photo_over(
    struct ledger *l, struct ledger_lease lease, int64_t requested, ledger_done done, void *user)
{
    ASK(DONE, done, photo_over, h_done, lease, requested);
}
static void
l_beat(struct ledger *l, const char *owner, uint32_t ttl_ms, ledger_beat_done done, void *user)
{
    ASK(BEATEN, beat, beat, h_beat, owner, ttl_ms);
}

static bool l_healthy(struct ledger *l)
{
    (void)l;
    return true; /* it is only ever slow to connect */
}

/* The calls first: what they wait for goes with the pool. */
static void l_free(struct ledger *l)
{
    struct ledger_sync *s = (struct ledger_sync *)l;
    ledger_free(s->in);
    pg_free(s->pool);
    while (s->open)
        forget(s->open);
    free(s);
}

static const struct ledger_ops ledger_ops = {
    .name = "world_pg",
    .take = l_take,
    .load = l_load,
    .flight = l_flight,
    .record = l_record,
    .renew = l_renew,
    .release = l_release,
    .identify = l_identify,
    .known = l_known,
    .adopt = l_adopt,
    .unverify = l_unverify,
    .cleared = l_cleared,
    .legacy = l_legacy,
    .photos = l_photos,
    .photo_flight = l_photo_flight,
    .photo_record = l_photo_record,
    .photo_over = l_photo_over,
    .beat = l_beat,
    .healthy = l_healthy,
    .free = l_free,
};

struct ledger *world_pg_ledger(struct loop *l, void *world_pg)
{
    struct ledger_sync *s = xalloc(sizeof(*s));
    s->base.ops = &ledger_ops;
    s->p = world_pg;
    s->l = l;
    s->pool = pool_new(world_pg, true);
    s->in = ledger_pg_new(s->pool);
    return &s->base;
}

void world_pg_lose(struct ledger *l, bool after_effect)
{
    struct ledger_sync *s = (struct ledger_sync *)l;
    s->lose = true;
    s->after_effect = after_effect;
}

void world_pg_fence(struct ledger *l, int64_t mailbox)
{
    struct ledger_sync *s = (struct ledger_sync *)l;
    world_pg_tell_time(s->p);
    test_db_run(s->p->db,
                "UPDATE mailbox SET lease_epoch = lease_epoch + 1, lease_owner = 'another',"
                " lease_until = now() + %d * interval '1 millisecond' WHERE id = %lld",
                FENCE_MS, (long long)mailbox);
}
