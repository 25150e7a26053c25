/*
 * ledger_bench: what PostgreSQL takes from a worker: rows written per second through take, then
 * load, flight and record in batches of 50, then release, over 50 mailboxes at once; and mailboxes
 * per second that turn out to have nothing to do (take, load, release).
 *
 * One pool of 4 connections on one loop, as a worker has it. Exchange is left out: every write is
 * done at once. JSON lines on standard output; CPU time is ours, without the server's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/arena.h"

#include "common/core/contact.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/pg.h"
#include "common/net/loop.h"
#include "common/port/ledger.h"
#include "tests/support/test_db.h"

enum { MAILBOXES = 50, LINKS = 1000, BATCH = 50, IDLE_ROUNDS = 40, TTL_MS = 60000 };

static struct ledger *ledger;
static unsigned open_boxes;
static bool all_done;
static unsigned long rows_written, calls;

struct box {
    int64_t id;
    struct ledger_lease lease;
    struct arena *a;
    struct ledger_intent *in;
    struct ledger_result *res;
    size_t n;
    int64_t poke;
    unsigned rounds; /* still to do */
};

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(enum ledger_status st, const char *what, const struct err *err)
{
    calls++;
    if (st == LEDGER_OK)
        return;
    fprintf(stderr, "ledger_bench: %s: status %d %s\n", what, (int)st, err ? err->text : "");
    exit(1);
}

static void take(struct box *b);
static void load(struct box *b);

static void released(enum ledger_status st, const struct err *err, void *user)
{
    struct box *b = user;
    check(st, "release", err);
    if (--b->rounds)
        take(b);
    else
        all_done = --open_boxes == 0;
}

static void recorded(enum ledger_status st, const struct err *err, void *user)
{
    struct box *b = user;
    check(st, "record", err);
    rows_written += b->n;
    load(b);
}

static void flown(enum ledger_status st, const struct err *err, void *user)
{
    struct box *b = user;
    check(st, "flight", err);
    ledger->ops->record(ledger, b->lease, b->res, b->n, true, recorded, b);
}

static void plan_writes(struct box *b, const struct ledger_link *links, size_t n)
{
    arena_reset(b->a);
    b->n = n;
    b->in = arena_alloc(b->a, n * sizeof(*b->in));
    b->res = arena_alloc(b->a, n * sizeof(*b->res));
    for (size_t i = 0; i < n; i++) {
        const struct link_side *want = &links[i].want;
        const char *cats = arena_strdup(b->a, want->cats);
        b->in[i] = (struct ledger_intent){
            .person = links[i].person, .key = want->key, .content = want->content, .cats = cats};
        b->res[i] = (struct ledger_result){
            .person = links[i].person,
            .set_have = true,
            .have = {.set = true, .key = want->key, .content = want->content, .cats = cats},
            .item_id = arena_printf(b->a, "AAMkAGI2-%0120lld", (long long)links[i].person),
            .version = "EQAAABYAAAB0",
            .clear_intent = true,
            .outcome = "done",
            .code = "",
            .op = "create"};
    }
}

static void loaded(enum ledger_status st,
                   const struct ledger_link *links,
                   size_t n,
                   int64_t poke,
                   bool more,
                   const struct err *err,
                   void *user)
{
    struct box *b = user;
    (void)more;
    check(st, "load", err);
    b->poke = poke;
    if (!n) {
        ledger->ops->release(ledger, b->lease, poke, 0, NULL, released, b);
        return;
    }
    plan_writes(b, links, n);
    ledger->ops->flight(ledger, b->lease, 120000, TTL_MS, b->in, n, flown, b);
}

static void load(struct box *b)
{
    ledger->ops->load(ledger, b->lease, BATCH, loaded, b);
}

static void
taken(enum ledger_status st, const struct ledger_mailbox *mb, const struct err *err, void *user)
{
    struct box *b = user;
    check(st, "take", err);
    b->lease = mb->lease;
    load(b);
}

static void take(struct box *b)
{
    ledger->ops->take(ledger, b->id, "bench", TTL_MS, taken, b);
}

/* Every mailbox wants the same people. */
static void fill(struct test_db *db, struct pg *pg)
{
    static const struct pg_stmt insert = {
        "bench_fill",
        "WITH u AS (SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[], $4::text[],"
        "  $5::bytea[]) AS u(id, key, hash, body, state)),"
        " c AS (INSERT INTO content (hash, body) SELECT hash, body FROM u),"
        " p AS (INSERT INTO person (id, key, content) SELECT id, key, hash FROM u)"
        " INSERT INTO link (mailbox, person, want, want_content, want_cats)"
        " SELECT m.id, u.id, u.state, u.hash, 'Staff' FROM mailbox m, u"};
    static struct {
        struct guid key;
        struct sha256 hash, state;
        char body[640];
    } p[LINKS];
    for (int i = 0; i < LINKS; i++) {
        guid_random(&p[i].key);
        snprintf(p[i].body, sizeof(p[i].body), "{\"v\":1,\"fileAs\":\"%0500d\"}", i);
        contact_hash(p[i].body, strlen(p[i].body), &p[i].hash);
        link_state_hash(&p[i].key, &p[i].hash, "Staff", &p[i].state);
    }
    autovalue(pg_params_release) struct pg_params q = {0};
#define COLUMN(type, put)                                                                          \
    pg_array(&q, type);                                                                            \
    for (int i = 0; i < LINKS; i++)                                                                \
        put;                                                                                       \
    pg_array_end(&q)
    COLUMN(PG_INT8, pg_put_i64(&q, i + 1));
    COLUMN(PG_UUID, pg_put_uuid(&q, &p[i].key));
    COLUMN(PG_BYTEA, pg_put_sha(&q, &p[i].hash));
    COLUMN(PG_TEXT, pg_put_text(&q, p[i].body));
    COLUMN(PG_BYTEA, pg_put_sha(&q, &p[i].state));
#undef COLUMN
    struct err err;
    test_db_run(db,
                "INSERT INTO mailbox (id, address, address_fold) SELECT i, i, i"
                " FROM generate_series(1, %d) i",
                MAILBOXES);
    if (pg_call(pg, &insert, &q, NULL, &err) < 0) {
        fprintf(stderr, "ledger_bench: %s\n", err.text);
        exit(1);
    }
    test_db_run(db, "ANALYZE");
}

static void run(struct box *boxes, struct loop *loop, const char *name, unsigned rounds)
{
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    rows_written = calls = 0;
    all_done = false;
    open_boxes = MAILBOXES;
    for (int i = 0; i < MAILBOXES; i++) {
        boxes[i].rounds = rounds;
        take(&boxes[i]);
    }
    if (loop_wait(loop, &all_done, -1) != 0)
        exit(1);
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    unsigned long units = rows_written ? rows_written : MAILBOXES * (unsigned long)rounds;
    printf("{\"bench\":\"%s\",\"seconds\":%.3f,\"%s\":%lu,\"per_s\":%.0f,\"calls_per_s\":%.0f,"
           "\"cpu_us_each\":%.1f}\n",
           name, wall, rows_written ? "rows" : "mailboxes", units, (double)units / wall,
           (double)calls / wall, cpu * 1e6 / (double)units);
}

int main(void)
{
    if (!test_db_available())
        return test_db_skip();
    autoptr(test_db_free) struct test_db *db = test_db_new(true);
    autoptr(loop_free) struct loop *loop = loop_new(clock_real());
    const struct pg_options opt = {.dsn = test_db_dsn(db), .by_key = true};
    autoptr(pg_free) struct pg *pg = pg_new(loop, &opt);
    fill(db, pg);
    ledger = ledger_pg_new(pg);
    static struct box boxes[MAILBOXES];
    for (int i = 0; i < MAILBOXES; i++) {
        boxes[i].id = i + 1;
        boxes[i].a = arena_new("bench box", 1 << 20);
    }
    run(boxes, loop, "ledger_write", 1);
    run(boxes, loop, "ledger_noop_after_burst", IDLE_ROUNDS);
    test_db_run(db, "VACUUM ANALYZE"); /* what autovacuum does within a minute or so */
    run(boxes, loop, "ledger_noop", IDLE_ROUNDS);
    for (int i = 0; i < MAILBOXES; i++)
        arena_free(boxes[i].a);
    ledger_free(ledger);
    return 0;
}
