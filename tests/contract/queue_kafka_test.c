/*
 * The queue over Kafka keeps the port's promises: on librdkafka's mock cluster, or on the brokers
 * that CONTACT_SYNC_TEST_KAFKA names (host:port), each test with topics of its own.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "common/base/guid.h"
#include "common/base/metrics.h"

#include "common/drv/queue_kafka.h"
#include "tests/contract/queue_contract.h"

/* One time-out for the suite: one on each test as well makes Criterion 2.4.1 leak. */
TestSuite(queue_kafka, .timeout = 120);

enum { PARTITIONS = 4, PRODUCE = 0 };

static rd_kafka_t *mock_owner;
static rd_kafka_mock_cluster_t *mock;
static char bootstrap[256], prefix[64];
static struct metrics *metrics;
/* The mock lets a second member in when the session of the first could have ended. */
static struct queue_kafka_property more[4] = {{"session.timeout.ms", "3000"},
                                              {"heartbeat.interval.ms", "500"}};
static size_t n_more = 2;

static void make_mock(void)
{
    char text[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "4", text,
                      sizeof(text)); /* it has no brokers, and says so */
    mock_owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    mock = rd_kafka_mock_cluster_new(mock_owner, 1);
    snprintf(bootstrap, sizeof(bootstrap), "%s", rd_kafka_mock_cluster_bootstraps(mock));
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++) { /* it has no admin requests */
        snprintf(text, sizeof(text), "%s%s", prefix, queue_topic_name((enum queue_topic)t));
        rd_kafka_mock_topic_create(mock, text, PARTITIONS, 1);
    }
}

static void queue_contract_begin(void)
{
    const char *real = getenv("CONTACT_SYNC_TEST_KAFKA");
    struct guid g;
    char text[GUID_TEXT];
    guid_random(&g);
    snprintf(prefix, sizeof(prefix), "test-%s.", guid_format(&g, text));
    metrics = metrics_new();
    if (real && *real)
        snprintf(bootstrap, sizeof(bootstrap), "%s", real);
    else
        make_mock();
}

static struct queue_kafka_config config(void)
{
    return (struct queue_kafka_config){
        .loop = qc_loop,
        .metrics = metrics,
        .bootstrap = bootstrap,
        .topic_prefix = prefix,
        .partitions = PARTITIONS,
        .replication = -1,
        .consumer = true,
        .properties = more,
        .n_properties = n_more,
    };
}

static struct queue *queue_contract_member(void)
{
    const struct queue_kafka_config cfg = config();
    struct queue *q = NULL;
    int rc = queue_kafka_new(&cfg, &q, &qc_err);
    cr_assert(eq(int, rc, 0), "%s", qc_err.text);
    return q;
}

static struct queue *queue_contract_small(void)
{
    more[n_more++] = (struct queue_kafka_property){"queue.buffering.max.messages", "2000"};
    more[n_more++] = (struct queue_kafka_property){"linger.ms", "500"};
    return queue_contract_member();
}

static void queue_contract_end(void)
{
    cr_expect(eq(dbl,
                 metric_value(metrics_counter(metrics, "contact_sync_assignment_lost_total",
                                              "Times the group took all partitions from this "
                                              "member")),
                 0));
    metrics_free(metrics);
    if (mock) {
        rd_kafka_mock_cluster_destroy(mock);
        rd_kafka_destroy(mock_owner);
    }
}

QUEUE_CONTRACT(queue_kafka)

/* --- beyond the contract --------------------------------------------------------------- */

#define KAFKA_TEST(name)                                                                           \
    static void name(void);                                                                        \
    Test(queue_kafka, name)                                                                        \
    {                                                                                              \
        qc_loop = loop_new(clock_real());                                                          \
        queue_contract_begin();                                                                    \
        name();                                                                                    \
        queue_contract_end();                                                                      \
        loop_free(qc_loop);                                                                        \
    }                                                                                              \
    static void name(void)

KAFKA_TEST(a_message_that_the_broker_refuses_fails_its_group)
{
    if (!mock)
        return; /* a real broker refuses nothing on request */
    qc_member(a);
    qc_open(&a);
    struct qc_done d = {0}, next = {0};
    rd_kafka_mock_push_request_errors(mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE);
    qc_publish(&a, QUEUE_TASKS, "k", "x", 5);
    qc_end(&a, 5, &d);
    QC_UNTIL(d.times);
    cr_expect(d.failed);
    cr_expect(eq(str, d.err.code, (char *)"kafka.INVALID_MSG_SIZE"));
    cr_expect(eq(sz, d.ends.n, 0));
    qc_publish(&a, QUEUE_TASKS, "k", "y", 6);
    qc_end(&a, 6, &next);
    QC_UNTIL(next.times);
    cr_expect(not(next.failed), "%s", next.err.text);
    vec_release(&next.ends);
}

KAFKA_TEST(errors_that_pass_are_retried)
{
    if (!mock)
        return;
    qc_member(a);
    qc_open(&a);
    rd_kafka_mock_push_request_errors(mock, PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                      RD_KAFKA_RESP_ERR__TRANSPORT);
    qc_publish_n(&a, QUEUE_TASKS, "k", 1000);
}

static int troubles;
static struct err trouble;

static void note_trouble(const struct err *err, void *user)
{
    (void)user;
    cr_assert(not(qc_inside));
    trouble = *err;
    troubles++;
}

KAFKA_TEST(what_needs_a_human_is_told_from_the_loop)
{
    if (!mock)
        return;
    qc_member(a);
    qc_open(&a);
    char topic[160];
    snprintf(topic, sizeof(topic), "%s%s", prefix, queue_topic_name(QUEUE_TASKS));
    rd_kafka_mock_topic_set_error(mock, topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    const struct queue_handlers h = {qc_message, qc_revoked, note_trouble, &a};
    int rc;
    QC_CALL(rc = a.q->ops->subscribe(a.q, &h, &qc_err));
    cr_assert(eq(int, rc, 0));
    QC_UNTIL(troubles);
    cr_expect(eq(str, trouble.code, (char *)"kafka.TOPIC_AUTHORIZATION_FAILED"));
    cr_expect(eq(int, trouble.scope, SCOPE_PROCESS));
    cr_expect(strstr(trouble.text, topic) != NULL, "%s", trouble.text);
}

KAFKA_TEST(lag_is_exported_for_the_partitions_held)
{
    more[n_more++] = (struct queue_kafka_property){"statistics.interval.ms", "100"};
    qc_member(a);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 10);
    qc_ack(&a, &a.got.v[0]);
    qc_ack(&a, &a.got.v[1]);
    char part[16];
    snprintf(part, sizeof(part), "%d", a.got.v[0].partition);
    struct metric_series *lag =
        metrics_series(metrics_family(metrics, METRIC_GAUGE, "contact_sync_lag",
                                      "Messages of a partition that the group has not finished",
                                      "topic", "partition", NULL, 0),
                       queue_topic_name(QUEUE_TASKS), part);
    QC_UNTIL(metric_value(lag) == 8);
}

KAFKA_TEST(members_share_each_topic_alike)
{
    qc_member(a);
    qc_member(b);
    qc_open(&a);
    qc_subscribe(&a);
    qc_open(&b);
    qc_subscribe(&b);
    QC_UNTIL(qc_debug(&a, "partitions", "tasks") == PARTITIONS / 2 &&
             qc_debug(&a, "partitions", "urgent") == PARTITIONS / 2 &&
             qc_debug(&b, "partitions", "tasks") == PARTITIONS / 2 &&
             qc_debug(&b, "partitions", "urgent") == PARTITIONS / 2);
    for (int i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        qc_publish(&a, i % 2 ? QUEUE_TASKS : QUEUE_URGENT, key, "x", 1);
    }
    qc_confirm(&a, 1);
    QC_UNTIL(a.got.n + b.got.n == 40);
    vec_foreach (g, &a.got) /* what goes to one partition goes to one member, whatever the topic */
        vec_foreach (h, &b.got)
            cr_expect(ne(int, g->partition, h->partition));
}

KAFKA_TEST(a_member_that_only_publishes_is_no_consumer)
{
    struct queue_kafka_config cfg = config();
    struct queue *q = NULL;
    cfg.consumer = false;
    cr_assert(eq(int, queue_kafka_new(&cfg, &q, &qc_err), 0), "%s", qc_err.text);
    const struct queue_handlers h = {qc_message, qc_revoked, qc_trouble, NULL};
    cr_expect(eq(int, q->ops->subscribe(q, &h, &qc_err), -1));
    struct qc_inbox in = {.q = q};
    qc_publish_n(&in, QUEUE_TASKS, "k", 5);
    int64_t end = 0;
    for (int p = 0; p < PARTITIONS; p++)
        end += qc_position(&in, QUEUE_TASKS, p).end;
    cr_expect(eq(i64, end, 5));
    queue_free(q);
}

KAFKA_TEST(closing_takes_no_longer_than_it_may_when_brokers_are_gone)
{
    if (!mock)
        return;
    qc_member(a);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 5);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 5);
    struct qc_done d = {0};
    rd_kafka_mock_broker_set_down(mock, -1);
    qc_publish(&a, QUEUE_TASKS, "k", "x", 5);
    qc_end(&a, 5, &d);
    int64_t before = clock_now(clock_real());
    a.q->ops->close(a.q, 1000);
    cr_expect(lt(i64, clock_now(clock_real()) - before, 5000));
    cr_expect(eq(int, d.times, 1));
    cr_expect(d.failed);
}

Test(queue_kafka, brokers_out_of_reach_are_said_with_the_setting)
{
    qc_loop = loop_new(clock_real());
    struct queue_kafka_config cfg = config();
    struct queue *q = NULL;
    cfg.bootstrap = "127.0.0.1:1";
    cfg.metrics = NULL;
    cr_assert(eq(int, queue_kafka_new(&cfg, &q, &qc_err), -1));
    cr_expect(eq(int, qc_err.when, WHEN_LATER));
    cr_expect(strstr(qc_err.text, "kafka.bootstrap.servers = 127.0.0.1:1") != NULL, "%s",
              qc_err.text);
    loop_free(qc_loop);
}

static const struct refusal {
    const char *name, *value, *says;
} refusals[] = {
    {"enable.auto.commit", "false", "can only be true"},
    {"enable.auto.offset.store", "true", "can only be false"},
    {"enable.idempotence", "false", "can only be true"},
    {"acks", "1", "can only be all"},
    {"request.required.acks", "0", "can only be -1"},
    {"partitioner", "random", "can only be murmur2"},
    {"auto.offset.reset", "latest", "can only be earliest"},
    {"transactional.id", "x", "no transactions"},
    {"group.id", "x", "kafka.topic_prefix"},
    {"no.such.property", "x", "has no such property"},
    {"linger.ms", "secret", "does not accept this value"},
    {"queue.buffering.max.messages", "-5", "does not accept this value"},
};

Test(queue_kafka, settings_that_break_promises_are_refused_by_name)
{
    qc_loop = loop_new(clock_real());
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *r = &refusals[i];
        struct queue_kafka_config cfg = config();
        struct queue *q = NULL;
        more[0] = (struct queue_kafka_property){r->name, r->value};
        cfg.n_properties = 1;
        cfg.bootstrap = "127.0.0.1:1";
        cfg.metrics = NULL;
        cr_assert(eq(int, queue_kafka_new(&cfg, &q, &qc_err), -1), "%s", r->name);
        cr_expect(eq(str, qc_err.code, (char *)"conf"));
        cr_expect(strstr(qc_err.text, r->name) && strstr(qc_err.text, r->says), "%s", qc_err.text);
        cr_expect(strstr(qc_err.text, "secret") == NULL);
    }
    loop_free(qc_loop);
}

Test(queue_kafka, scram_is_refused_where_the_library_cannot)
{
    qc_loop = loop_new(clock_real());
    struct queue_kafka_config cfg = config();
    struct queue *q = NULL;
    more[0] = (struct queue_kafka_property){"sasl.mechanism", "SCRAM-SHA-256"};
    more[1] = (struct queue_kafka_property){"security.protocol", "SASL_PLAINTEXT"};
    cfg.n_properties = 2;
    cfg.bootstrap = "127.0.0.1:1";
    cfg.metrics = NULL;
    cr_assert(eq(int, queue_kafka_new(&cfg, &q, &qc_err), -1));
    bool old = rd_kafka_version() < 0x020601ff;
    cr_expect(eq(int, old, strstr(qc_err.text, "SCRAM") != NULL), "%s", qc_err.text);
    loop_free(qc_loop);
}

/* Most of the time passes in waiting for a group to form: more tests at once than there are cores.
 */
int main(int argc, char **argv)
{
    struct criterion_test_set *tests = criterion_initialize();
    criterion_options.jobs = 8;
    int failed = 0;
    if (criterion_handle_args(argc, argv, true))
        failed = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return failed;
}
