/*
 * plan_store_bench: the producer's rows: persons_write of 100,000 people, plans of 500 rows a
 * mailbox, and what the re-driver's pass costs when everything is dirty and on the queue, when
 * everything is clean, and when everything waits in parked mailboxes. Prints JSON lines.
 *
 * Needs CONTACT_SYNC_TEST_DSN; the database is its own and gone afterwards. What a statement costs
 * is mostly the server's: its settings (fsync, shared_buffers) belong to each number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/core/contact.h"
#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "common/net/loop.h"
#include "tests/support/test_db.h"

enum { PEOPLE = 100000, MAILBOXES = 200, EACH = 500, PASSES = 50, PER_OFFER = 10000 / EACH };

static struct test_db *db;
static struct loop *loop;
static struct pg *pool;
static struct plan_store *store;
static struct arena *arena;
static struct plan_person_write *people;
static int64_t boxes[MAILBOXES];

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int r, const struct err *err)
{
    if (r == 0)
        return;
    fprintf(stderr, "plan_store_bench: %s: %s\n", err->code, err->text);
    exit(1);
}

static void rows_line(const char *what, size_t rows, double took)
{
    printf("{\"bench\":\"plan_store\",\"what\":\"%s\",\"rows\":%zu,\"seconds\":%.3f,"
           "\"rows_per_s\":%.0f}\n",
           what, rows, took, (double)rows / took);
    fflush(stdout);
}

static void make_people(int version)
{
    autovalue(str_release) struct str body = STR_INIT(CONTACT_MAX_BYTES);
    struct contact c = {.f = {0}};
    for (size_t i = 0; i < PEOPLE; i++) {
        arena_reset(arena);
        str_clear(&body);
        c.f[CONTACT_DISPLAY_NAME] = arena_printf(arena, "Surname%zu, Given%zu", i, i);
        c.f[CONTACT_FILE_AS] = c.f[CONTACT_DISPLAY_NAME];
        c.f[CONTACT_EMAIL] = arena_printf(arena, "person%zu@church.example", i);
        c.f[CONTACT_PHONE_MOBILE] = arena_printf(arena, "+1602555%04zu", i % 10000);
        c.f[CONTACT_HOME_STREET] = arena_printf(arena, "%d Example Street", version);
        contact_encode(&c, &body);
        struct plan_person_write *w = &people[i];
        w->key =
            (struct guid){{0x40, 0, 0, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        w->rock_id = (int64_t)i + 1;
        contact_hash(body.p, body.n, &w->content);
        free((void *)(uintptr_t)w->body);
        w->body = xstrdup(body.p);
    }
}

static void bench_people(const char *what, int version)
{
    struct err err;
    make_people(version);
    double start = seconds();
    check(store->ops->persons_write(store, people, PEOPLE, 1000 + version, &err), &err);
    rows_line(what, PEOPLE, seconds() - start);
}

static void make_boxes(void)
{
    for (size_t i = 0; i < MAILBOXES; i++)
        boxes[i] = test_db_i64(db,
                               "INSERT INTO mailbox (address, address_fold)"
                               " VALUES ('u%zu@example.org', 'u%zu@example.org') RETURNING id",
                               i, i);
}

static void bench_apply(const char *what, int version)
{
    struct err err;
    struct plan_want w[EACH];
    double start = seconds();
    int64_t offer = 0;
    for (size_t b = 0; b < MAILBOXES; b++) {
        if (b % PER_OFFER == 0)
            check(store->ops->offer_make(store, "bench", &offer, &err), &err);
        for (size_t i = 0; i < EACH; i++) {
            const struct plan_person_write *p = &people[(b * 131 + i * 7) % PEOPLE];
            w[i] = (struct plan_want){.person = p->id, .content = p->content, .cats = "Staff"};
            link_state_hash(&p->key, &p->content, w[i].cats, &w[i].state);
            w[i].state.b[0] ^= (uint8_t)version;
        }
        struct plan plan = {.mailbox = boxes[b],
                            .offer = offer,
                            .read_at_ms = 1000 + version,
                            .wants = w,
                            .n_wants = EACH};
        enum plan_applied applied;
        int64_t gen;
        check(store->ops->apply(store, &plan, &applied, &gen, &err), &err);
    }
    rows_line(what, (size_t)MAILBOXES * EACH, seconds() - start);
}

/* @return  rows taken by the last pass */
static size_t pass(size_t max)
{
    struct err err;
    struct plan_offered *v;
    size_t n;
    bool more;
    int64_t offer;
    const struct queue_position pos = {QUEUE_TASKS, 0, 1, 2};
    arena_reset(arena);
    check(store->ops->offer_make(store, "bench", &offer, &err), &err);
    check(store->ops->redrive(store, arena, "bench", &pos, 1, offer, 600000, max, &v, &n, &more,
                              &err),
          &err);
    return n;
}

static void bench_passes(const char *what)
{
    double start = seconds();
    for (int i = 0; i < PASSES; i++) {
        if (pass(5000) != 0) {
            fprintf(stderr, "plan_store_bench: %s: nothing should be due\n", what);
            exit(1);
        }
    }
    printf("{\"bench\":\"plan_store\",\"what\":\"redrive, %s\",\"links\":%d,\"ms\":%.2f}\n", what,
           MAILBOXES * EACH, (seconds() - start) * 1000 / PASSES);
    fflush(stdout);
}

static void bench_redrive(void)
{
    test_db_run(db, "ANALYZE");
    bench_passes("all dirty and on the queue");
    test_db_run(db,
                "DELETE FROM offer; UPDATE mailbox SET parked_until = now() + interval '1 day'");
    bench_passes("all dirty and parked");
    test_db_run(db, "UPDATE mailbox SET parked_until = NULL");
    size_t rows = 0, n;
    double start = seconds();
    while ((n = pass(5000)) > 0)
        rows += n;
    rows_line("redrive, offered again", rows, seconds() - start);
    test_db_run(db, "UPDATE link SET have = want, have_content = want_content");
    test_db_run(db, "VACUUM ANALYZE link");
    bench_passes("all clean");
}

static void bench_reading(void)
{
    struct err err;
    struct plan_mailbox *m;
    struct plan_row *rows;
    size_t n, total = 0;
    double start = seconds();
    check(store->ops->mailboxes(store, arena, &m, &n, &err), &err);
    rows_line("mailboxes, synced links counted", (size_t)MAILBOXES * EACH, seconds() - start);
    start = seconds();
    for (size_t i = 0; i < MAILBOXES; i++) {
        check(store->ops->links(store, arena, boxes[i], &rows, &n, &err), &err);
        total += n;
    }
    rows_line("links", total, seconds() - start);
    start = seconds();
    check(store->ops->sweep(store, 30, &err), &err);
    rows_line("sweep, contents looked at", 2 * PEOPLE, seconds() - start);
}

int main(void)
{
    if (!test_db_available())
        return test_db_skip();
    db = test_db_new(true);
    loop = loop_new(clock_real());
    const struct pg_options opt = {.dsn = test_db_dsn(db)};
    pool = pg_new(loop, &opt);
    store = plan_store_pg_new(loop, pool);
    arena = arena_new("bench", 256 << 20);
    people = xalloc(PEOPLE * sizeof(*people));
    struct err err;
    bool leads = false;
    check(store->ops->lead(store, &leads, &err), &err);
    bench_people("persons_write, new", 1);
    bench_people("persons_write, changed", 2);
    make_boxes();
    bench_apply("apply, new links", 1);
    bench_apply("apply, changed links", 2);
    bench_redrive();
    bench_reading();
    for (size_t i = 0; i < PEOPLE; i++)
        free((void *)(uintptr_t)people[i].body);
    free(people);
    plan_store_free(store);
    pg_free(pool);
    loop_free(loop);
    arena_free(arena);
    test_db_free(db);
    return leads ? 0 : 1;
}
