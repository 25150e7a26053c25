/*
 * Two workers, each a thread with a loop and connections of its own, at one mailbox in one
 * database: whose lease it is, what a former holder may still write, and that no wake-up is lost.
 * A main of its own: nothing of a test library runs in the threads.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "common/core/contact.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/pg.h"
#include "common/net/loop.h"
#include "common/port/ledger.h"
#include "tests/support/test_db.h"

enum { WORKERS = 2, ROUNDS = 150, PEOPLE = 4, LONG_MS = 60000, SHORT_MS = 1, WAIT_MS = 30000 };

struct shared {
    const char *dsn;
    atomic_int inside;   /* workers between a long lease's grant and its release */
    atomic_llong newest; /* epoch granted last, as far as anybody has heard */
    atomic_int bad;      /* what must not be, counted */
    atomic_int busy, granted, fenced, conflicts, more;
};

struct worker {
    struct shared *sh;
    int number;
    struct loop *loop;
    struct pg *pg;
    struct ledger *l;
    bool done;
    enum ledger_status st;
    struct ledger_lease lease;
    int64_t poke;
    size_t n_links;
    bool intents;
};

static void wrong(struct worker *w, const char *what)
{
    printf("worker %d, epoch %lld: %s\n", w->number, (long long)w->lease.epoch, what);
    atomic_fetch_add(&w->sh->bad, 1);
}

static enum ledger_status heard(struct worker *w)
{
    if (loop_wait(w->loop, &w->done, WAIT_MS) < 0)
        wrong(w, "no answer");
    w->done = false;
    return w->st;
}

static void on_done(enum ledger_status st, const struct err *err, void *user)
{
    struct worker *w = user;
    (void)err;
    w->st = st;
    w->done = true;
}

static void
on_taken(enum ledger_status st, const struct ledger_mailbox *mb, const struct err *err, void *user)
{
    struct worker *w = user;
    if (st == LEDGER_OK)
        w->lease = mb->lease;
    on_done(st, err, user);
}

static void on_loaded(enum ledger_status st,
                      const struct ledger_link *links,
                      size_t n,
                      int64_t poke,
                      bool more,
                      const struct err *err,
                      void *user)
{
    struct worker *w = user;
    (void)more;
    w->poke = poke;
    w->n_links = n;
    w->intents = false;
    for (size_t i = 0; i < n; i++)
        w->intents |= links[i].intent;
    on_done(st, err, user);
}

static enum ledger_status take(struct worker *w, uint32_t ttl_ms)
{
    static const char *const owners[WORKERS] = {"worker-a", "worker-b"};
    w->l->ops->take(w->l, 1, owners[w->number], ttl_ms, on_taken, w);
    return heard(w);
}

static enum ledger_status load(struct worker *w)
{
    w->l->ops->load(w->l, w->lease, 100, on_loaded, w);
    return heard(w);
}

static enum ledger_status flight(struct worker *w, int64_t person, uint32_t ttl_ms)
{
    const struct ledger_intent in = {.person = person, .op = INTENT_DELETE, .cats = ""};
    w->l->ops->flight(w->l, w->lease, SHORT_MS, ttl_ms, &in, 1, on_done, w);
    return heard(w);
}

/* The write came to nothing: the intent goes. */
static enum ledger_status record(struct worker *w, int64_t person)
{
    const struct ledger_result r = {
        .person = person, .clear_intent = true, .op = "delete", .outcome = "retry_later"};
    w->l->ops->record(w->l, w->lease, &r, 1, true, on_done, w);
    return heard(w);
}

static enum ledger_status release(struct worker *w, uint32_t park_ms)
{
    w->l->ops->release(w->l, w->lease, w->poke, park_ms, "race", on_done, w);
    return heard(w);
}

/* A grant is newer than every grant that anybody had heard of before it was asked for. */
static void granted(struct worker *w, long long before)
{
    long long now = atomic_load(&w->sh->newest);
    if (w->lease.epoch <= before)
        wrong(w, "an epoch was given out again");
    while (w->lease.epoch > now &&
           !atomic_compare_exchange_weak(&w->sh->newest, &now, w->lease.epoch))
        ;
    atomic_fetch_add(&w->sh->granted, 1);
}

/* A lease that nobody outlives: the two are never inside together, nothing is fenced. */
static void exclusive_round(struct worker *w, int round)
{
    long long before = atomic_load(&w->sh->newest);
    enum ledger_status st = take(w, LONG_MS);
    if (st == LEDGER_BUSY || (st == LEDGER_OK && !w->lease.epoch)) { /* or parked */
        atomic_fetch_add(&w->sh->busy, 1);
        return;
    }
    if (st != LEDGER_OK) {
        wrong(w, "neither granted nor busy");
        return;
    }
    granted(w, before);
    if (atomic_fetch_add(&w->sh->inside, 1))
        wrong(w, "two leases at once");
    int64_t person = 1 + round % PEOPLE;
    if (load(w) != LEDGER_OK || flight(w, person, LONG_MS) != LEDGER_OK ||
        record(w, person) != LEDGER_OK)
        wrong(w, "fenced under a lease that is ours");
    atomic_fetch_sub(&w->sh->inside, 1);
    /* The rows stay due, so a release that is not a park has to be refused. */
    if (release(w, 0) != LEDGER_MORE)
        wrong(w, "released with work to do");
    atomic_fetch_add(&w->sh->more, 1);
    if (release(w, SHORT_MS) != LEDGER_OK)
        wrong(w, "not released");
}

/* Leases that run out at once: whoever is not the newest changes nothing. */
static void zombie_round(struct worker *w, int round)
{
    long long before = atomic_load(&w->sh->newest);
    if (take(w, SHORT_MS) != LEDGER_OK || !w->lease.epoch)
        return;
    granted(w, before);
    int64_t person = 1 + round % PEOPLE;
    enum ledger_status st = flight(w, person, SHORT_MS);
    atomic_fetch_add(st == LEDGER_CONFLICT ? &w->sh->conflicts : &w->sh->fenced,
                     st == LEDGER_CONFLICT || st == LEDGER_FENCED);
    long long newest = atomic_load(&w->sh->newest); /* before the record is asked for */
    st = record(w, person);
    if (st == LEDGER_OK && newest > w->lease.epoch)
        wrong(w, "recorded although somebody newer had the lease");
    atomic_fetch_add(&w->sh->fenced, st == LEDGER_FENCED);
    (void)!release(w, SHORT_MS);
}

static void *run(void *user)
{
    struct worker *w = user;
    const struct pg_options opt = {.dsn = w->sh->dsn, .connections = 2, .by_key = true};
    w->loop = loop_new(clock_real());
    w->pg = pg_new(w->loop, &opt);
    w->l = ledger_pg_new(w->pg);
    for (int i = 0; i < ROUNDS && !atomic_load(&w->sh->bad); i++)
        exclusive_round(w, i);
    return NULL;
}

static void *run_zombies(void *user)
{
    struct worker *w = user;
    for (int i = 0; i < ROUNDS && !atomic_load(&w->sh->bad); i++)
        zombie_round(w, i);
    return NULL;
}

static void in_threads(void *(*fn)(void *), struct worker *w)
{
    pthread_t t[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&t[i], NULL, fn, &w[i]))
            abort();
    for (int i = 0; i < WORKERS; i++)
        pthread_join(t[i], NULL);
}

static void make_rows(struct test_db *db)
{
    test_db_run(db,
                "INSERT INTO mailbox (address, address_fold, folder_id, verified)"
                " VALUES ('ann@church.example', 'ann@church.example', 'F', 1);"
                "INSERT INTO person (key) SELECT gen_random_uuid() FROM generate_series(1, %d);"
                "INSERT INTO link (mailbox, person, have, have_cats, have_key, item_id)"
                " SELECT 1, id, '\\x00', '', key, 'item-' || id FROM person",
                PEOPLE);
}

int main(void)
{
    if (!test_db_available())
        return test_db_skip();
    autoptr(test_db_free) struct test_db *db = test_db_new(true);
    make_rows(db);
    struct shared sh = {.dsn = test_db_dsn(db)};
    struct worker w[WORKERS] = {{.sh = &sh, .number = 0}, {.sh = &sh, .number = 1}};
    in_threads(run, w);
    int alone = atomic_load(&sh.granted);
    in_threads(run_zombies, w);
    for (int i = 0; i < WORKERS; i++) {
        ledger_free(w[i].l);
        pg_free(w[i].pg);
        loop_free(w[i].loop);
    }
    printf("granted %d, busy %d; with short leases granted %d, fenced %d, conflicts %d\n", alone,
           atomic_load(&sh.busy), atomic_load(&sh.granted) - alone, atomic_load(&sh.fenced),
           atomic_load(&sh.conflicts));
    if (!alone || atomic_load(&sh.granted) == alone)
        puts("nothing was granted: nothing is shown");
    return atomic_load(&sh.bad) || !alone || atomic_load(&sh.granted) == alone;
}
