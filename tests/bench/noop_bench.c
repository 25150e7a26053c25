/*
 * noop_bench: messages whose links are clean already, through a whole worker: decoded, collected by
 * mailbox, lease, rows looked at, released, acked. Over the queue of one process, and over real
 * Kafka where CONTACT_SYNC_TEST_KAFKA names one; rows in real PostgreSQL.
 *
 * Messages lie on the queue before the clock starts, at the first one that the worker takes;
 * joining the group is not counted. per_cpu_s is messages a second of this process's CPU,
 * librdkafka's threads included. JSON lines.
 *
 * When instructions are counted, the rows are in memory too: nothing of a server's timing is in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/metrics.h"
#include "common/base/str.h"

#include "common/core/message.h"
#include "common/drv/ledger_memory.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/pg.h"
#include "common/drv/queue_kafka.h"
#include "common/drv/queue_memory.h"
#include "tests/bench/bench_count.h"
#include "tests/support/test_db.h"
#include "worker/memory/memory_store.h"
#include "worker/worker.h"

enum { LINKS = 100, PARTITIONS = 12 };
static int mailboxes = 500, per_mailbox = 1000, messages;

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
    for (int i = 0; i < messages; i++) {
        struct task t = {.op = TASK_UPSERT,
                         .mailbox = 1 + i / per_mailbox,
                         .person = 1 + i % per_mailbox,
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

BENCH_COUNTED static void consume_all(struct bench *b, struct queue *q, const char *name)
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
    while ((metric_value(taken) - before < messages || !worker_idle(w)) &&
           now(CLOCK_MONOTONIC) < limit)
        loop_turn(b->loop, 100);
    if (metric_value(taken) - before < messages)
        fail(name, "not all messages came");
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("{\"bench\":\"noop\",\"queue\":\"%s\",\"messages\":%d,\"mailboxes\":%d,\"per_s\":%.0f,"
           "\"per_cpu_s\":%.0f,\"cpu_us_each\":%.2f}\n",
           name, messages, mailboxes, messages / wall, messages / cpu, cpu * 1e6 / messages);
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

/* Links that are clean, made as a worker leaves them: by the rows' own planner and our hand. */
static struct ledger_memory_rows *clean_rows(void)
{
    struct ledger_memory_rows *rows = ledger_memory_rows_new(clock_real());
    for (int m = 0; m < mailboxes; m++) {
        char address[48];
        snprintf(address, sizeof(address), "user%d@church.example", m);
        struct ledger_memory_mailbox *mb =
            ledger_memory_mailbox_add(rows, ledger_memory_text(rows, address));
        mb->folder_id = ledger_memory_text(rows, address);
        mb->verified = 1;
        for (int p = 0; p < LINKS; p++) {
            struct guid key = {{(uint8_t)p}};
            struct ledger_memory_link *l =
                ledger_memory_want(rows, mb->id, ledger_memory_person(rows, &key), "{\"v\":1}", "");
            l->have = l->want;
            l->item_id = l->version = "item";
        }
    }
    return rows;
}

static void count(struct bench *b)
{
    mailboxes = 50, per_mailbox = 200, messages = mailboxes * per_mailbox;
    autoptr(ledger_memory_rows_free) struct ledger_memory_rows *rows = clean_rows();
    b->ledger = ledger_memory_new(rows, b->loop);
    over_memory(b);
    ledger_free(b->ledger);
}

static void measure(struct bench *b)
{
    messages = mailboxes * per_mailbox;
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
        mailboxes, per_mailbox, LINKS);
    const struct pg_options opt = {.dsn = test_db_dsn(db), .by_key = true};
    autoptr(pg_free) struct pg *pg = pg_new(b->loop, &opt);
    b->ledger = ledger_pg_new(pg);
    over_memory(b);
    over_kafka(b);
    ledger_free(b->ledger);
}

int main(void)
{
    if (!bench_counting() && !test_db_available())
        return test_db_skip();
    autoptr(loop_free) struct loop *loop = loop_new(clock_real());
    struct memory_store *store = memory_store_new(loop, &(struct memory_options){0});
    struct bench b = {.loop = loop, .metrics = metrics_new(), .store = memory_store_port(store)};
    if (bench_counting())
        count(&b);
    else
        measure(&b);
    contact_store_free(b.store);
    metrics_free(b.metrics);
    return 0;
}
