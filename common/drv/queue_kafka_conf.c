/*
 * Settings of the two clients: ours, then the operator's, then those that the port's promises rest
 * on. Facts about librdkafka 2.0.2: reference/platform.md sections 3 and 5.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/drv/queue_kafka_p.h"

struct property {
    const char *name, *value;
};

static const struct property common_defaults[] = {
    {"client.id", "contact-sync"},
    {"socket.keepalive.enable", "true"},
};

static const struct property producer_defaults[] = {
    {"linger.ms", "5"},
    {"queue.buffering.max.messages", "100000"},
    {"queue.buffering.max.kbytes", "65536"},
    {"message.timeout.ms", "120000"}, /* below redrive.undelivered: what failed is offered again */
};

/*
 * Memory: what is fetched ahead counts twice (urgent and tasks have a queue each) and an answer of
 * the broker once more, up to fetch.max.bytes. In the shortest messages (some 130 bytes) librdkafka
 * spends three times their size on each.
 */
static const struct property consumer_defaults[] = {
    {"partition.assignment.strategy", "range"}, /* see queue_kafka.h */
    {"heartbeat.interval.ms", "2000"},
    {"session.timeout.ms", "45000"},
    {"auto.commit.interval.ms", "1000"},
    {"auto.offset.reset", "earliest"},
    {"statistics.interval.ms", "5000"},
    {"queued.min.messages", "20000"},
    {"queued.max.messages.kbytes", "8192"},
    {"fetch.message.max.bytes", "262144"},
    {"fetch.max.bytes", "2097152"},
};

static const struct property producer_fixed[] = {
    {"log.queue", "true"},
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"partitioner", "murmur2"}, /* equal keys, equal partition; the same as Java's clients */
};

static const struct property consumer_fixed[] = {
    {"log.queue", "true"},
    {"enable.auto.commit", "true"}, /* no commits of our own: 2.0.2 loses assignments by them */
    {"enable.auto.offset.store", "false"},
};

/* Properties that an operator may not set, or only to `only`. */
static const struct refused {
    const char *name, *only, *why;
} refused[] = {
    {"enable.auto.commit", "true", "offsets are committed by librdkafka itself"},
    {"enable.auto.offset.store", "false", "an offset is stored when its result is durable"},
    {"enable.idempotence", "true", "messages must not be lost or swapped on a retry"},
    {"acks", "all", "a message counts when all replicas have it"},
    {"request.required.acks", "-1", "a message counts when all replicas have it"},
    {"log.queue", "true", "logs are taken on the loop"},
    {"partitioner", "murmur2", "equal keys must go to the same partition"},
    {"auto.offset.reset", "earliest", "a group without offsets starts at the first message"},
    {"transactional.id", NULL, "no transactions are used"},
    {"group.id", NULL, "the group is kafka.topic_prefix + contact-sync-workers"},
    {"metadata.broker.list", NULL, "use kafka.bootstrap.servers"},
    {"enable.partition.eof", "false", "the end of a partition is no message"},
};

static int bad(struct err *err, const char *name, const char *why)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "setting kafka.%s: %s", name, why);
}

static int check_allowed(const struct property *p, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const struct refused *r = &refused[i];
        if (strcmp(p->name, r->name) || (r->only && !strcasecmp(p->value, r->only)))
            continue;
        if (r->only)
            return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                           "setting kafka.%s can only be %s: %s", r->name, r->only, r->why);
        return bad(err, r->name, r->why);
    }
    /* The nonce sent twice: brokers of 4.x answer "invalid credentials" to the right password. */
    if (!strncmp(p->name, "sasl.mechanism", 14) && strstr(p->value, "SCRAM") &&
        rd_kafka_version() < 0x020601ff)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "setting kafka.%s: librdkafka %s cannot log in by SCRAM to brokers of 4.x; "
                       "use PLAIN over TLS, or librdkafka 2.6.1 or newer",
                       p->name, rd_kafka_version_str());
    return 0;
}

/* Own texts: librdkafka's would repeat the value, which may be a secret. */
static int set(rd_kafka_conf_t *conf, const struct property *p, struct err *err)
{
    char text[256];
    switch (rd_kafka_conf_set(conf, p->name, p->value, text, sizeof(text))) {
    case RD_KAFKA_CONF_OK:
        return 0;
    case RD_KAFKA_CONF_UNKNOWN:
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "setting kafka.%s: librdkafka %s has no such property", p->name,
                       rd_kafka_version_str());
    default:
        return bad(err, p->name, "librdkafka does not accept this value");
    }
}

static int
set_all(rd_kafka_conf_t *conf, const struct property *p, size_t n, bool spare, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        /* The newer group protocol refuses what the broker decides there. */
        if (spare && (!strcmp(p[i].name, "partition.assignment.strategy") ||
                      !strcmp(p[i].name, "heartbeat.interval.ms") ||
                      !strcmp(p[i].name, "session.timeout.ms")))
            continue;
        if (set(conf, &p[i], err) < 0)
            return -1;
    }
    return 0;
}

static bool newer_protocol(const struct queue_kafka_config *cfg)
{
    for (size_t i = 0; i < cfg->n_properties; i++)
        if (!strcmp(cfg->properties[i].name, "group.protocol") &&
            !strcasecmp(cfg->properties[i].value, "consumer"))
            return true;
    return false;
}

static int set_given(rd_kafka_conf_t *conf, const struct queue_kafka_config *cfg, struct err *err)
{
    for (size_t i = 0; i < cfg->n_properties; i++) {
        const struct property p = {cfg->properties[i].name, cfg->properties[i].value};
        if (check_allowed(&p, err) < 0 || set(conf, &p, err) < 0)
            return -1;
    }
    return 0;
}

static int set_consumer(rd_kafka_conf_t *conf,
                        const struct queue_kafka_config *cfg,
                        const struct kq *q,
                        struct err *err)
{
    const struct property group = {"group.id", q->group};
    /* From 2.2.0 a full prefetch is looked at again soon; before, a second later. */
    const struct property backoff = {"fetch.queue.backoff.ms", "50"};
    if (set_all(conf, consumer_defaults, ARRAY_LEN(consumer_defaults), newer_protocol(cfg), err) <
            0 ||
        (rd_kafka_version() >= 0x020200ff && set(conf, &backoff, err) < 0) ||
        set_given(conf, cfg, err) < 0 ||
        set_all(conf, consumer_fixed, ARRAY_LEN(consumer_fixed), false, err) < 0 ||
        set(conf, &group, err) < 0)
        return -1;
    rd_kafka_conf_set_rebalance_cb(conf, kq_on_rebalance);
    return 0;
}

static int
set_producer(rd_kafka_conf_t *conf, const struct queue_kafka_config *cfg, struct err *err)
{
    if (set_all(conf, producer_defaults, ARRAY_LEN(producer_defaults), false, err) < 0 ||
        set_given(conf, cfg, err) < 0 ||
        set_all(conf, producer_fixed, ARRAY_LEN(producer_fixed), false, err) < 0)
        return -1;
    rd_kafka_conf_set_dr_msg_cb(conf, kq_on_report);
    return 0;
}

int kq_conf(const struct queue_kafka_config *cfg,
            const struct kq *q,
            bool consumer,
            rd_kafka_conf_t **ret,
            struct err *err)
{
    const struct property bootstrap = {"bootstrap.servers", cfg->bootstrap};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (set_all(conf, common_defaults, ARRAY_LEN(common_defaults), false, err) < 0 ||
        set(conf, &bootstrap, err) < 0 ||
        (consumer ? set_consumer(conf, cfg, q, err) : set_producer(conf, cfg, err)) < 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    rd_kafka_conf_set_log_cb(conf, kq_on_log);
    rd_kafka_conf_set_error_cb(conf, kq_on_error);
    if (consumer)
        rd_kafka_conf_set_stats_cb(conf, kq_on_stats);
    *ret = conf;
    return 0;
}

int kq_conf_observer(const struct queue_kafka_config *cfg,
                     const struct kq *q,
                     rd_kafka_conf_t **ret,
                     struct err *err)
{
    /* Nobody polls it: what the other clients say as well is not said by this one. */
    const struct property quiet[] = {{"statistics.interval.ms", "0"}, {"log.queue", "false"}};
    if (kq_conf(cfg, q, true, ret, err) < 0)
        return -1;
    rd_kafka_conf_set_log_cb(*ret, NULL);
    rd_kafka_conf_set_error_cb(*ret, NULL);
    rd_kafka_conf_set_stats_cb(*ret, NULL);
    rd_kafka_conf_set_rebalance_cb(*ret, NULL);
    if (set_all(*ret, quiet, ARRAY_LEN(quiet), false, err) == 0)
        return 0;
    rd_kafka_conf_destroy(*ret);
    return -1;
}
