/*
 * publish_bench: messages published a second by the producer's own path (task, queue_kafka, offers
 * confirmed) and by a bare librdkafka loop with the same topic, key, bytes and client settings, in
 * turns. Real Kafka: CONTACT_SYNC_TEST_KAFKA.
 *
 * The rows' side of an offer is left out (one statement each 10,000 messages). JSON lines; the last
 * one has the medians and their ratio.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/guid.h"
#include "common/base/str.h"

#include "common/drv/queue_kafka.h"
#include "producer/publish.h"

enum { MESSAGES = 400000, ROUNDS = 5, MAILBOXES = 2000, PARTITIONS = 12, FLUSH_MS = 60000 };

struct took {
    double wall, cpu;
};

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct took took_begin(void)
{
    return (struct took){now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct took took_end(struct took t)
{
    return (struct took){now(CLOCK_MONOTONIC) - t.wall, now(CLOCK_PROCESS_CPUTIME_ID) - t.cpu};
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "publish_bench: %s: %s\n", what, why);
    exit(1);
}

static int64_t mailbox_of(int i)
{
    return 1 + i / 50 % MAILBOXES; /* as a plan publishes: mailbox after mailbox */
}

/* --- ours ------------------------------------------------------------------------------ */

static int64_t offers;

static int offer_make(struct plan_store *s, const char *id, int64_t *ret, struct err *err)
{
    (void)s;
    (void)id;
    (void)err;
    *ret = ++offers;
    return 0;
}

static int offer_delivered(
    struct plan_store *s, int64_t offer, const struct queue_end *ends, size_t n, struct err *err)
{
    (void)s;
    (void)offer;
    (void)ends;
    (void)err;
    return n ? 0 : -1;
}

static struct queue *open_queue(struct loop *loop, const char *bootstrap, const char *prefix)
{
    const struct queue_kafka_config cfg = {.loop = loop,
                                           .bootstrap = bootstrap,
                                           .topic_prefix = prefix,
                                           .partitions = PARTITIONS,
                                           .replication = -1};
    struct queue *q = NULL;
    struct err err;
    if (queue_kafka_new(&cfg, &q, &err) < 0)
        fail("queue", err.text);
    return q;
}

static struct took ours(struct loop *loop, struct queue *q)
{
    static const struct plan_store_ops ops = {.offer_make = offer_make,
                                              .offer_delivered = offer_delivered};
    struct plan_store store = {&ops};
    autovalue(publisher_release) struct publisher p = {.loop = loop, .store = &store, .queue = q};
    struct took t = took_begin();
    struct err err;
    for (int i = 0; i < MESSAGES; i++) {
        int64_t offer;
        if (publisher_offer(&p, &offer, &err) < 0 ||
            publisher_send(&p, TASK_UPSERT, mailbox_of(i), i + 1, 7, false, &err) < 0)
            fail("publish", err.text);
    }
    if (publisher_confirm(&p, &err) < 0)
        fail("confirm", err.text);
    return took_end(t);
}

/* --- bare ------------------------------------------------------------------------------ */

static unsigned long delivered;

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (m->err)
        fail("bare delivery", rd_kafka_err2str(m->err));
    delivered++;
}

static rd_kafka_t *open_bare(const char *bootstrap)
{
    static const char *const conf_of[][2] = {
        {"linger.ms", "5"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "65536"},
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"partitioner", "murmur2"},
    };
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok = rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, why, sizeof(why)) == 0;
    for (size_t i = 0; ok && i < ARRAY_LEN(conf_of); i++)
        ok = rd_kafka_conf_set(conf, conf_of[i][0], conf_of[i][1], why, sizeof(why)) == 0;
    if (!ok)
        fail("bare settings", why);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!rk)
        fail("bare client", why);
    return rk;
}

static struct took bare(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
    autovalue(str_release) struct str value = STR_INIT(TASK_MAX_BYTES);
    struct task task = {.op = TASK_UPSERT, .mailbox = 1000, .person = 200000, .gen = 7};
    guid_random(&task.id);
    task.at_ms = 1795392000000;
    task_encode(&task, &value);
    struct took t = took_begin();
    delivered = 0;
    for (int i = 0; i < MESSAGES; i++) {
        char key[24];
        int n = snprintf(key, sizeof(key), "%lld", (long long)mailbox_of(i));
        while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.p, value.n,
                                key, (size_t)n, NULL) != 0)
            rd_kafka_poll(rk, 5);
        rd_kafka_poll(rk, 0);
    }
    if (rd_kafka_flush(rk, FLUSH_MS) != 0 || delivered != MESSAGES)
        fail("bare flush", "not everything was delivered");
    return took_end(t);
}

/* --- both ------------------------------------------------------------------------------ */

static int order(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof(*v), order);
    return v[ROUNDS / 2];
}

static double say(const char *who, int round, struct took t)
{
    double rate = MESSAGES / t.wall;
    printf("{\"bench\":\"publish_round\",\"who\":\"%s\",\"round\":%d,\"per_s\":%.0f,"
           "\"cpu_us_each\":%.2f}\n",
           who, round, rate, t.cpu * 1e6 / MESSAGES);
    fflush(stdout);
    return rate;
}

int main(void)
{
    const char *bootstrap = getenv("CONTACT_SYNC_TEST_KAFKA");
    if (!bootstrap) {
        printf("skipped: needs Kafka in CONTACT_SYNC_TEST_KAFKA\n");
        return 77;
    }
    char prefix[64], name[96];
    snprintf(prefix, sizeof(prefix), "bench-publish-%d.", (int)getpid());
    snprintf(name, sizeof(name), "%s%s", prefix, queue_topic_name(QUEUE_TASKS));
    autoptr(loop_free) struct loop *loop = loop_new(clock_real());
    struct queue *q = open_queue(loop, bootstrap, prefix);
    rd_kafka_t *rk = open_bare(bootstrap);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    double a[ROUNDS], b[ROUNDS], ratio[ROUNDS];
    bare(rk, topic); /* the broker warms up */
    for (int i = 0; i < ROUNDS; i++) {
        a[i] = say("ours", i, ours(loop, q));
        b[i] = say("bare", i, bare(rk, topic));
        ratio[i] = a[i] / b[i];
    }
    printf("{\"bench\":\"publish\",\"per_s\":%.0f,\"bare_per_s\":%.0f,\"ratio\":%.3f}\n", median(a),
           median(b), median(ratio));
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(rk);
    q->ops->close(q, 1000);
    queue_free(q);
    return 0;
}
