/*
 * noop_bench: messages whose links are clean already, through a whole worker: decoded, collected by
 * mailbox, lease, rows looked at, released, acked. Over the queue of one process, and over real
 * Kafka where CONTACT_SYNC_TEST_KAFKA names one; rows in real PostgreSQL.
 *
 * Messages lie on the queue before the clock starts, at the first one that the worker takes;
 * joining the group is not counted. per_cpu_s is messages a second of this process's CPU,
 * librdkafka's threads included. JSON lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/metrics.h"
#include "common/base/str.h"

#include "common/core/message.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/pg.h"
#include "common/drv/queue_kafka.h"
#include "common/drv/queue_memory.h"
#include "tests/support/test_db.h"
#include "worker/memory/memory_store.h"
#include "worker/worker.h"

enum {
    MAILBOXES = 500,
    PER_MAILBOX = 1000,
    MESSAGES = MAILBOXES * PER_MAILBOX,
    LINKS = 100,
    PARTITIONS = 12
};

struct bench {
    struct loop *loop;
    struct metrics *metrics;
    struct ledger *ledger;
    struct contact_store *store;
};

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "noop_bench: %s: %s\n", what, why);
    exit(1);
}

static void stored(const struct queue_end *ends, size_t n, const struct err *err, void *user)
{
    (void)ends;
    (void)n;
    if (err)
        fail("publish", err->text);
    *(bool *)user = true;
}

static void publish_all(struct bench *b, struct queue *q)
{
    autovalue(str_release) struct str value = STR_INIT(TASK_MAX_BYTES);
    struct err err;
    bool done = false;
    for (int i = 0; i < MESSAGES; i++) {
        struct task t = {.op = TASK_UPSERT,
                         .mailbox = 1 + i / PER_MAILBOX,
                         .person = 1 + i % PER_MAILBOX,
                         .at_ms = 1795392000000};
        guid_random(&t.id);
        str_clear(&value);
        task_encode(&t, &value);
        char key[24];
        int n = snprintf(key, sizeof(key), "%lld", (long long)t.mailbox), rc;
        while ((rc = q->ops->publish(q, QUEUE_TASKS, key, (size_t)n, value.p, value.n, 1, &err)) ==
               1)
            loop_turn(b->loop, 20);
        if (rc < 0)
            fail("publish", err.text);
    }
    q->ops->group_end(q, 1, stored, &done);
    if (loop_wait(b->loop, &done, 120000) < 0)
        fail("publish", "not confirmed");
}

static void consume_all(struct bench *b, struct queue *q, const char *name)
{
    static const struct worker_settings s = {.connections = 20,
                                             .lease_ttl_ms = 60000,
                                             .lease_margin_ms = 12000,
                                             .server_deadline_ms = 120000,
                                             .hold_ms = 5000,
                                             .batch_start = 50,
                                             .batch_min = 5,
                                             .batch_target_ms = 5000,
                                             .settle_gap_ms = 2000,
                                             .look_again_ms = 600000,
                                             .pending_max = 200000,
                                             .beat_ms = 5000,
                                             .drain_ms = 8000};
    const struct worker_parts parts = {
        .loop = b->loop, .queue = q, .ledger = b->ledger, .store = b->store, .metrics = b->metrics};
    struct metric_series *taken =
        metrics_counter(b->metrics, "contact_sync_messages_total", "Task messages taken.");
    autoptr(worker_free) struct worker *w = worker_new(&parts, &s);
    double before = metric_value(taken), limit = now(CLOCK_MONOTONIC) + 120;
    struct err err;
    if (worker_start(w, &err) < 0)
        fail("worker", err.text);
    while (metric_value(taken) == before && now(CLOCK_MONOTONIC) < limit)
        loop_turn(b->loop, 100);
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    while ((metric_value(taken) - before < MESSAGES || !worker_idle(w)) &&
           now(CLOCK_MONOTONIC) < limit)
        loop_turn(b->loop, 100);
    if (metric_value(taken) - before < MESSAGES)
        fail(name, "not all messages came");
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("{\"bench\":\"noop\",\"queue\":\"%s\",\"messages\":%d,\"mailboxes\":%d,\"per_s\":%.0f,"
           "\"per_cpu_s\":%.0f,\"cpu_us_each\":%.2f}\n",
           name, MESSAGES, MAILBOXES, MESSAGES / wall, MESSAGES / cpu, cpu * 1e6 / MESSAGES);
    fflush(stdout);
}

static void over_memory(struct bench *b)
{
    struct queue *q = queue_memory_new(b->loop);
    publish_all(b, q);
    consume_all(b, q, "memory");
    queue_free(q);
}

static void over_kafka(struct bench *b)
{
    char prefix[64];
    snprintf(prefix, sizeof(prefix), "bench-noop-%d.", (int)getpid());
    struct queue_kafka_config cfg = {.loop = b->loop,
                                     .bootstrap = getenv("CONTACT_SYNC_TEST_KAFKA"),
                                     .topic_prefix = prefix,
                                     .partitions = PARTITIONS,
                                     .replication = -1};
    struct queue *q = NULL;
    struct err err;
    if (!cfg.bootstrap) {
        fprintf(stderr, "noop_bench: without Kafka (CONTACT_SYNC_TEST_KAFKA)\n");
        return;
    }
    if (queue_kafka_new(&cfg, &q, &err) < 0)
        fail("queue", err.text);
    publish_all(b, q);
    q->ops->close(q, 1000);
    queue_free(q);
    cfg.consumer = true;
    if (queue_kafka_new(&cfg, &q, &err) < 0)
        fail("queue", err.text);
    consume_all(b, q, "kafka");
    q->ops->close(q, 1000);
    queue_free(q);
}

int main(void)
{
    if (!test_db_available())
        return test_db_skip();
    autoptr(test_db_free) struct test_db *db = test_db_new(true);
    test_db_run(
        db,
        "INSERT INTO mailbox (id, address, address_fold, folder_id, verified)"
        " SELECT i, i, i, 'folder-' || i, 1 FROM generate_series(1, %d) i;"
        "INSERT INTO person (id, key) SELECT i, gen_random_uuid() FROM generate_series(1, %d) i;"
        "INSERT INTO content (hash, body) VALUES (sha256('x'), '{\"v\":1}');"
        "INSERT INTO link (mailbox, person, want, want_content, want_cats, have, have_content, "
        "have_cats)"
        " SELECT m.id, p.id, sha256('s'), sha256('x'), '', sha256('s'), sha256('x'), ''"
        " FROM mailbox m, person p WHERE p.id <= %d; ANALYZE",
        MAILBOXES, PER_MAILBOX, LINKS);
    autoptr(loop_free) struct loop *loop = loop_new(clock_real());
    const struct pg_options opt = {.dsn = test_db_dsn(db)};
    autoptr(pg_free) struct pg *pg = pg_new(loop, &opt);
    struct memory_store *store = memory_store_new(loop, &(struct memory_options){0});
    struct bench b = {loop, metrics_new(), ledger_pg_new(pg), memory_store_port(store)};
    over_memory(&b);
    over_kafka(&b);
    contact_store_free(b.store);
    ledger_free(b.ledger);
    metrics_free(b.metrics);
    return 0;
}
