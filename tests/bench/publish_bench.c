/*
 * publish_bench: messages a second through the queue's Kafka driver, beside a bare librdkafka
 * produce loop with the same settings, payload and brokers, in turns. The goal is 0.8 of the bare
 * loop.
 *
 * Brokers: those that CONTACT_SYNC_TEST_KAFKA names, else librdkafka's mock cluster in a thread of
 * its own client here (which then shares the cores). PUBLISH_MESSAGES sets the number per round.
 *
 * JSON lines on standard output, a table on standard error.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/guid.h"
#include "common/base/str.h"

#include "common/core/message.h"
#include "common/drv/queue_kafka.h"
#include "common/net/loop.h"

enum {
    MAILBOXES = 20000,
    PARTITIONS = 12,
    GROUP = 10000 /* as an offer */,
    ROUNDS = 8,
    VALUES = 4096
};

struct payload {
    char key[24];
    size_t key_len, n;
    char value[256];
};

static struct payload payloads[VALUES];
static char bootstrap[256], prefix[64];
static long messages = 500000;

static double seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "publish_bench: %s\n", what);
    exit(1);
}

/* What the planner sends, with the keys of many mailboxes. */
static void make_payloads(void)
{
    for (int i = 0; i < VALUES; i++) {
        struct payload *p = &payloads[i];
        int64_t mailbox = 1 + (int64_t)i * 7919 % MAILBOXES;
        struct task t = {.op = TASK_UPSERT, .mailbox = mailbox, .person = 100000 + i, .gen = i};
        autovalue(str_release) struct str s = STR_INIT(sizeof(p->value));
        guid_random(&t.id);
        t.at_ms = clock_wall(clock_real());
        task_encode(&t, &s);
        memcpy(p->value, s.p, s.n);
        p->n = s.n;
        p->key_len = (size_t)snprintf(p->key, sizeof(p->key), "%lld", (long long)mailbox);
    }
}

/* --- the bare loop --------------------------------------------------------------------- */

static rd_kafka_t *bare;
static rd_kafka_topic_t *bare_topic;
static long bare_delivered, bare_failed;

static void reported(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (m->err)
        bare_failed++;
    else
        bare_delivered++;
}

static void bare_open(void)
{
    static const char *const settings[][2] = {
        /* as in queue_kafka_conf.c */
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "5"},
        {"partitioner", "murmur2"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "65536"},
    };
    char text[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof(text));
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof(text)))
            die(text);
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    bare = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (!bare)
        die(text);
    char topic[160];
    snprintf(topic, sizeof(topic), "%s%s", prefix, queue_topic_name(QUEUE_TASKS));
    bare_topic = rd_kafka_topic_new(bare, topic, NULL);
}

static void bare_run(long n)
{
    bare_delivered = bare_failed = 0;
    for (long i = 0; i < n; i++) {
        struct payload *p = &payloads[i % VALUES];
        while (rd_kafka_produce(bare_topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, p->value,
                                p->n, p->key, p->key_len, NULL) < 0)
            rd_kafka_poll(bare, 10);
        if (i % 1000 == 0)
            rd_kafka_poll(bare, 0);
    }
    while (bare_delivered + bare_failed < n)
        rd_kafka_poll(bare, 10);
    if (bare_failed)
        die("the bare loop lost messages");
}

/* --- ours ------------------------------------------------------------------------------ */

static struct loop *loop;
static struct queue *queue;
static long groups_open;

static void group_done(const struct queue_end *ends, size_t n, const struct err *err, void *user)
{
    (void)ends;
    (void)n;
    (void)user;
    if (err)
        die(err->text);
    groups_open--;
}

static void ours_open(void)
{
    struct err err;
    const struct queue_kafka_config cfg = {
        .loop = loop,
        .bootstrap = bootstrap,
        .topic_prefix = prefix,
        .partitions = PARTITIONS,
        .replication = -1,
    };
    if (queue_kafka_new(&cfg, &queue, &err) < 0)
        die(err.text);
}

static void ours_run(long n)
{
    struct err err;
    uint64_t group = 1;
    for (long i = 0; i < n; i++) {
        const struct payload *p = &payloads[i % VALUES];
        int rc;
        while ((rc = queue->ops->publish(queue, QUEUE_TASKS, p->key, p->key_len, p->value, p->n,
                                         group, &err)) == 1)
            loop_turn(loop, 20);
        if (rc < 0)
            die(err.text);
        if (i % GROUP == GROUP - 1 || i == n - 1) {
            groups_open++;
            queue->ops->group_end(queue, group++, group_done, NULL);
        }
    }
    while (groups_open)
        loop_turn(loop, 20);
}

/* --- the rounds ------------------------------------------------------------------------ */

struct result {
    double rate, cpu; /* messages a second; CPU seconds of this process a million messages */
};

static struct result measure(void (*run)(long))
{
    double t = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_PROCESS_CPUTIME_ID);
    run(messages);
    t = seconds(CLOCK_MONOTONIC) - t;
    c = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
    return (struct result){(double)messages / t, c * 1e6 / (double)messages};
}

static void make_mock(void)
{
    char text[200];
    rd_kafka_t *owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
    rd_kafka_mock_cluster_t *mock = rd_kafka_mock_cluster_new(owner, 1);
    snprintf(bootstrap, sizeof(bootstrap), "%s", rd_kafka_mock_cluster_bootstraps(mock));
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++) {
        snprintf(text, sizeof(text), "%s%s", prefix, queue_topic_name((enum queue_topic)t));
        rd_kafka_mock_topic_create(mock, text, PARTITIONS, 1);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    const char *real = getenv("CONTACT_SYNC_TEST_KAFKA"), *n = getenv("PUBLISH_MESSAGES");
    struct guid g;
    char text[GUID_TEXT];
    guid_random(&g);
    snprintf(prefix, sizeof(prefix), "bench-%s.", guid_format(&g, text));
    if (n)
        messages = strtol(n, NULL, 10);
    if (real)
        snprintf(bootstrap, sizeof(bootstrap), "%s", real);
    else
        make_mock();
    make_payloads();
    loop = loop_new(clock_real());
    ours_open(); /* makes the topics */
    bare_open();
    bare_run(messages / 10);
    ours_run(messages / 10);
    double ratios[ROUNDS];
    fprintf(stderr, "%-6s %14s %14s %7s\n", "round", "bare/s", "ours/s", "ratio");
    for (int i = 0; i < ROUNDS; i++) {
        struct result b, o; /* who goes second has the warmer brokers: in turns */
        if (i % 2) {
            b = measure(bare_run);
            o = measure(ours_run);
        } else {
            o = measure(ours_run);
            b = measure(bare_run);
        }
        ratios[i] = o.rate / b.rate;
        fprintf(stderr, "%-6d %14.0f %14.0f %7.2f\n", i + 1, b.rate, o.rate, ratios[i]);
        printf("{\"bench\":\"publish\",\"brokers\":\"%s\",\"round\":%d,\"bytes\":%zu,"
               "\"bare_per_s\":%.0f,\"per_s\":%.0f,\"ratio\":%.3f,"
               "\"bare_cpu_us\":%.2f,\"cpu_us\":%.2f}\n",
               real ? "kafka" : "mock", i + 1, payloads[0].n, b.rate, o.rate, ratios[i], b.cpu,
               o.cpu);
    }
    qsort(ratios, ROUNDS, sizeof(*ratios), by_value);
    printf("{\"bench\":\"publish\",\"brokers\":\"%s\",\"messages\":%ld,\"ratio_median\":%.3f}\n",
           real ? "kafka" : "mock", messages, ratios[ROUNDS / 2]);
    fprintf(stderr, "median ratio %.2f (goal 0.80)\n", ratios[ROUNDS / 2]);
    queue->ops->close(queue, 5000);
    queue_free(queue);
    loop_free(loop);
    rd_kafka_topic_destroy(bare_topic);
    rd_kafka_destroy(bare);
    return 0;
}
