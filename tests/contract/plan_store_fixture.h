/*
 * plan_store_fixture: two producers' stores over one database of the test's own, and builders of
 * rows. The second connection of the races is the test's (test_db.h) or the other store's.
 */
#ifndef SYNC_TESTS_CONTRACT_PLAN_STORE_FIXTURE_H
#define SYNC_TESTS_CONTRACT_PLAN_STORE_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "common/net/loop.h"
#include "tests/support/test_db.h"

static struct test_db *db;
static struct loop *loop;
static struct pg *pools[2];
static struct plan_store *stores[2];
static struct arena *arena;
static struct err err;

#define S      stores[0]
#define OK(fn) cr_assert(eq(int, (fn), 0), "%s: %s", err.code, err.text)
#define REFUSED(fn, why)                                                                           \
    do {                                                                                           \
        cr_assert(eq(int, (fn), -1));                                                              \
        cr_expect(eq(str, err.code, (char *)(uintptr_t)(why)), "%s", err.text);                    \
    } while (0)
#define COUNT(...) test_db_i64(db, __VA_ARGS__)
#define SQL(...)   test_db_run(db, __VA_ARGS__)

static inline bool leads(int i)
{
    bool yes = false;
    OK(stores[i]->ops->lead(stores[i], &yes, &err));
    return yes;
}

static inline void fx_setup(void)
{
    db = test_db_new(true);
    loop = loop_new(clock_real());
    arena = arena_new("test", 256 << 20);
    for (int i = 0; i < 2; i++) {
        const struct pg_options opt = {.dsn = test_db_dsn(db), .connections = 2};
        pools[i] = pg_new(loop, &opt);
        stores[i] = plan_store_pg_new(loop, pools[i]);
    }
}

static inline void fx_setup_leading(void)
{
    fx_setup();
    cr_assert(leads(0));
}

static inline void fx_teardown(void)
{
    for (int i = 0; i < 2; i++) {
        plan_store_free(stores[i]);
        pg_free(pools[i]);
    }
    arena_free(arena);
    loop_free(loop);
    test_db_free(db);
}

/* ---- rows ---- */

static inline struct guid key_of(int n)
{
    struct guid g = {{0x40, (uint8_t)(n >> 8), (uint8_t)n}};
    return g;
}

static inline struct sha256 hash_of(int n)
{
    struct sha256 h;
    sha256_of(&n, sizeof(n), &h);
    return h;
}

/* person n with content n; its row id is n. */
static inline int64_t a_person(int n)
{
    char key[GUID_TEXT], hex[65];
    struct guid g = key_of(n);
    struct sha256 h = hash_of(n);
    hex_encode(h.b, sizeof(h.b), hex);
    SQL("INSERT INTO content (hash, body) VALUES ('\\x%s', '{\"v\":1}') ON CONFLICT DO NOTHING;"
        "INSERT INTO person (id, key, content) VALUES (%d, '%s', '\\x%s')",
        hex, n, guid_format(&g, key), hex);
    return n;
}

static inline int64_t a_mailbox(const char *address)
{
    return COUNT("INSERT INTO mailbox (address, address_fold, want_digest)"
                 " VALUES ('%s', '%s', '\\x01') RETURNING id",
                 address, address);
}

static inline int64_t a_subscriber(int n)
{
    char key[GUID_TEXT];
    struct guid g = key_of(n);
    return COUNT("INSERT INTO subscriber (person_key, address)"
                 " VALUES ('%s', 'u%d@example.org') RETURNING id",
                 guid_format(&g, key), n);
}

static inline struct plan_want want(int64_t person)
{
    struct plan_want w = {
        .person = person, .state = hash_of(1000 + (int)person), .content = hash_of((int)person)};
    w.cats = "Staff";
    return w;
}

static inline struct plan a_plan(int64_t mailbox)
{
    struct plan p = {.mailbox = mailbox, .read_at_ms = 1700000000000, .digest = hash_of(77)};
    return p;
}

static inline int64_t an_offer(const char *queue)
{
    int64_t id = 0;
    OK(S->ops->offer_make(S, queue, &id, &err));
    cr_assert(id > 0);
    return id;
}

static inline int64_t apply(const struct plan *p)
{
    enum plan_applied applied = PLAN_STALE;
    int64_t gen = 0;
    OK(S->ops->apply(S, p, &applied, &gen, &err));
    cr_assert(eq(int, applied, PLAN_APPLIED));
    return gen;
}

static inline bool is_stale(const struct plan *p)
{
    enum plan_applied applied = PLAN_APPLIED;
    int64_t gen = 0;
    OK(S->ops->apply(S, p, &applied, &gen, &err));
    return applied == PLAN_STALE;
}

/* persons wanted in a mailbox, in one plan with an offer. */
static inline int64_t wanted(int64_t mailbox, const int64_t *persons, size_t n, int64_t offer)
{
    struct plan_want w[16];
    struct plan p = a_plan(mailbox);
    for (size_t i = 0; i < n; i++)
        w[i] = want(persons[i]);
    p.wants = w;
    p.n_wants = n;
    p.offer = offer;
    return apply(&p);
}

/* The worker's part: everything wanted is there. */
static inline void written(int64_t mailbox)
{
    SQL("UPDATE link SET have = want, have_content = want_content, have_cats = want_cats,"
        " have_key = (SELECT key FROM person WHERE id = person), item_id = 'item-' || person,"
        " version = 'v1' WHERE mailbox = %lld AND want IS NOT NULL",
        (long long)mailbox);
}

static inline void drop(int64_t mailbox, struct plan_drop d)
{
    struct plan p = a_plan(mailbox);
    p.drops = &d;
    p.n_drops = 1;
    apply(&p);
}

static inline const char *col(const char *column, int64_t mailbox, int64_t person)
{
    const char *t =
        test_db_text(db, "SELECT (%s)::text FROM link WHERE mailbox = %lld AND person = %lld",
                     column, (long long)mailbox, (long long)person);
    return t ? t : "-";
}

#define COL(column, mailbox, person, value)                                                        \
    cr_expect(eq(str, (char *)(uintptr_t)col(column, mailbox, person), (char *)(uintptr_t)(value)))

#endif
