/*
 * What there is on the brokers, at the program's start: reach them, make the topics that are
 * missing, look at the settings of those that are there. All blocking, within one deadline.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/drv/queue_kafka_p.h"

enum {
    REACH_MS = 8000,  /* for the first answer of a broker */
    STEP_MS = 1000,   /* between looks at what the client says */
    CREATE_MS = 8000, /* for topics, until they are seen */
    CHECK_MS = 2000,  /* for their settings: not worth more */
    CHANGES_PARTITIONS = 12,
    RETENTION_MS = 7 * 24 * 3600 * 1000,
    RETENTION_LEAST_MS = 24 * 3600 * 1000
};

/* Lets the client say what it has to say (q->last_error), for at most ms. */
static void hear(struct kq *q, int ms)
{
    q->report_until_ms = INT64_MAX;
    rd_kafka_poll(q->producer, ms);
}

static int unreachable(struct kq *q, const char *bootstrap, rd_kafka_resp_err_t e, struct err *err)
{
    hear(q, 0);
    if (q->last_code && q->last_code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        e = q->last_code;
    bool human = kq_needs_human(e) || e == RD_KAFKA_RESP_ERR__SSL;
    char what[160];
    snprintf(what, sizeof(what), "%s (kafka.bootstrap.servers = %.60s)",
             human ? "Kafka refuses us, check kafka.security.*, kafka.sasl.*, kafka.ssl.*"
                   : "no Kafka broker answers",
             bootstrap);
    return kq_err(err, e, SCOPE_PROCESS, human ? WHEN_NEVER : WHEN_LATER, what,
                  q->last_error[0] ? q->last_error : rd_kafka_err2str(e));
}

static void
note(const struct kq *q, const struct rd_kafka_metadata *md, struct queue_kafka_seen *seen)
{
    *seen = (struct queue_kafka_seen){0};
    for (int i = 0; i < md->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *m = &md->topics[i];
        for (int t = 0; t < QUEUE_TOPIC_COUNT; t++)
            if (!m->err && !strcmp(m->topic, q->names[t]))
                seen->partitions[t] = m->partition_cnt;
    }
}

/* All topics, for naming one could make it, with the broker's settings instead of ours. */
static rd_kafka_resp_err_t look(struct kq *q, int ms, struct queue_kafka_seen *seen)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_resp_err_t e = rd_kafka_metadata(q->producer, 1, NULL, &md, ms);
    if (e)
        return e;
    note(q, md, seen);
    rd_kafka_metadata_destroy(md);
    return 0;
}

static int
reach(struct kq *q, const char *bootstrap, struct queue_kafka_seen *seen, struct err *err)
{
    int64_t deadline = kq_now(q) + REACH_MS;
    rd_kafka_resp_err_t e;
    while ((e = look(q, STEP_MS, seen))) {
        hear(q, 0);
        if (kq_now(q) >= deadline || kq_needs_human(q->last_code) ||
            q->last_code == RD_KAFKA_RESP_ERR__SSL)
            return unreachable(q, bootstrap, e, err);
        if (e != RD_KAFKA_RESP_ERR__TIMED_OUT)
            hear(q, 100);
    }
    return 0;
}

/* --- making ---------------------------------------------------------------------------- */

static int partitions_wanted(enum queue_topic t, int partitions)
{
    if (t == QUEUE_DEAD)
        return 1;
    if (t == QUEUE_CHANGES && partitions > CHANGES_PARTITIONS)
        return CHANGES_PARTITIONS;
    return partitions;
}

static int cannot_make(const char *topic, rd_kafka_resp_err_t e, const char *text, struct err *err)
{
    char what[200];
    snprintf(what, sizeof(what),
             "topic %.80s is missing and cannot be made; create it, with cleanup.policy=delete",
             topic);
    return kq_err(err, e, SCOPE_PROCESS, WHEN_NEVER, what, text);
}

static int check_made(const rd_kafka_event_t *ev, struct err *err)
{
    const rd_kafka_CreateTopics_result_t *res =
        rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)ev);
    size_t n = 0;
    const rd_kafka_topic_result_t **topics =
        res ? rd_kafka_CreateTopics_result_topics(res, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t e = rd_kafka_topic_result_error(topics[i]);
        const char *text = rd_kafka_topic_result_error_string(topics[i]);
        if (e && e != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) /* another program was faster */
            return cannot_make(rd_kafka_topic_result_name(topics[i]), e,
                               text ? text : rd_kafka_err2str(e), err);
    }
    return 0;
}

static size_t name_new(const struct kq *q,
                       const struct queue_kafka_config *cfg,
                       const struct queue_kafka_seen *seen,
                       rd_kafka_NewTopic_t **topics)
{
    size_t n = 0;
    char retention[32], text[128];
    snprintf(retention, sizeof(retention), "%d", RETENTION_MS);
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++) {
        if (seen->partitions[t])
            continue;
        topics[n] = rd_kafka_NewTopic_new(q->names[t],
                                          partitions_wanted((enum queue_topic)t, cfg->partitions),
                                          cfg->replication, text, sizeof(text));
        if (!topics[n])
            continue;
        rd_kafka_NewTopic_set_config(topics[n], "cleanup.policy", "delete");
        rd_kafka_NewTopic_set_config(topics[n], "retention.ms", retention);
        n++;
    }
    return n;
}

static int make(struct kq *q,
                const struct queue_kafka_config *cfg,
                const struct queue_kafka_seen *seen,
                const char *first,
                struct err *err)
{
    rd_kafka_NewTopic_t *topics[QUEUE_TOPIC_COUNT];
    size_t n = name_new(q, cfg, seen, topics);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(q->producer);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(q->producer, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    char text[128];
    rd_kafka_AdminOptions_set_operation_timeout(options, CREATE_MS / 2, text, sizeof(text));
    rd_kafka_AdminOptions_set_request_timeout(options, CREATE_MS / 2 + 500, text, sizeof(text));
    rd_kafka_CreateTopics(q->producer, topics, n, options, answers);
    rd_kafka_event_t *ev = rd_kafka_queue_poll(answers, CREATE_MS);
    int rc;
    if (!ev)
        rc = cannot_make(first, RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer", err);
    else if (rd_kafka_event_error(ev))
        rc = cannot_make(first, rd_kafka_event_error(ev), rd_kafka_event_error_string(ev), err);
    else
        rc = check_made(ev, err);
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(answers);
    rd_kafka_NewTopic_destroy_array(topics, n);
    return rc;
}

static const char *first_missing(const struct kq *q, const struct queue_kafka_seen *seen)
{
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++)
        if (!seen->partitions[t])
            return q->names[t];
    return NULL;
}

/* The leaders of all partitions answer. Before they do, 2.16.0 has been seen to report a message as
 * delivered that no broker kept. */
static bool led(struct kq *q, const struct queue_kafka_seen *seen)
{
    int n = 0;
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++)
        n += seen->partitions[t];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++)
        rd_kafka_topic_partition_list_add_range(list, q->names[t], 0, seen->partitions[t] - 1);
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = RD_KAFKA_OFFSET_END;
    rd_kafka_resp_err_t e = rd_kafka_offsets_for_times(q->producer, list, STEP_MS);
    for (int i = 0; !e && i < list->cnt; i++)
        e = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    return !e;
}

static int make_missing(struct kq *q,
                        const struct queue_kafka_config *cfg,
                        struct queue_kafka_seen *seen,
                        struct err *err)
{
    const char *missing = first_missing(q, seen);
    if (!missing)
        return 0;
    if (make(q, cfg, seen, missing, err) < 0)
        return -1;
    /* What was made is known to the brokers a moment later. */
    int64_t deadline = kq_now(q) + CREATE_MS;
    while (look(q, STEP_MS, seen) || first_missing(q, seen) || !led(q, seen)) {
        if (kq_now(q) >= deadline)
            return kq_err(err, RD_KAFKA_RESP_ERR__TIMED_OUT, SCOPE_PROCESS, WHEN_LATER, missing,
                          "the topic was made and is not seen; try again");
        hear(q, 50);
    }
    return 0;
}

/* --- looking at those that were there -------------------------------------------------- */

static void
note_setting(struct queue_kafka_seen *seen, const char *topic, const char *name, const char *value)
{
    if (!value)
        return;
    if (!strcmp(name, "retention.ms")) {
        long long ms = strtoll(value, NULL, 10);
        if (ms >= 0 && ms < RETENTION_LEAST_MS)
            seen->brief = topic;
    } else if (!strcmp(name, "cleanup.policy") && strstr(value, "compact")) {
        seen->compacted = topic;
    }
}

static void
note_settings(const struct kq *q, const rd_kafka_event_t *ev, struct queue_kafka_seen *seen)
{
    const rd_kafka_DescribeConfigs_result_t *res =
        rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *)(uintptr_t)ev);
    size_t n = 0;
    const rd_kafka_ConfigResource_t **resources =
        res ? rd_kafka_DescribeConfigs_result_resources(res, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        size_t entries = 0;
        const rd_kafka_ConfigEntry_t **e = rd_kafka_ConfigResource_configs(resources[i], &entries);
        bool urgent = !strcmp(rd_kafka_ConfigResource_name(resources[i]), q->names[QUEUE_URGENT]);
        const char *topic = queue_topic_name(urgent ? QUEUE_URGENT : QUEUE_TASKS);
        for (size_t k = 0; k < entries; k++)
            note_setting(seen, topic, rd_kafka_ConfigEntry_name(e[k]),
                         rd_kafka_ConfigEntry_value(e[k]));
    }
}

/* Who may not see settings, or asks a broker that cannot tell, works all the same. */
static void look_at_settings(struct kq *q, struct queue_kafka_seen *seen)
{
    rd_kafka_ConfigResource_t *of[KQ_TASK_TOPICS];
    char text[128];
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        of[t] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, q->names[t]);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(q->producer);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(q->producer, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, CHECK_MS, text, sizeof(text));
    rd_kafka_DescribeConfigs(q->producer, of, KQ_TASK_TOPICS, options, answers);
    rd_kafka_event_t *ev = rd_kafka_queue_poll(answers, CHECK_MS);
    if (ev) {
        if (!rd_kafka_event_error(ev))
            note_settings(q, ev, seen);
        rd_kafka_event_destroy(ev);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(answers);
    rd_kafka_ConfigResource_destroy_array(of, KQ_TASK_TOPICS);
}

static void warn_of_settings(const struct queue_kafka_seen *seen)
{
    if (seen->brief)
        log_warn("kafka topic keeps messages for less than a day: a backlog older than that is "
                 "lost and made again",
                 kv("topic", seen->brief));
    if (seen->compacted)
        log_warn("kafka topic is compacted: waiting messages of a mailbox vanish but for the last "
                 "one; set cleanup.policy=delete",
                 kv("topic", seen->compacted));
}

static int
look_all(struct kq *q, const char *bootstrap, struct queue_kafka_seen *ret, struct err *err)
{
    *ret = (struct queue_kafka_seen){0};
    if (reach(q, bootstrap, ret, err) < 0)
        return -1;
    if (ret->partitions[QUEUE_TASKS] && ret->partitions[QUEUE_URGENT])
        look_at_settings(q, ret);
    return 0;
}

static int identify(struct kq *q, struct err *err)
{
    char *cluster = rd_kafka_clusterid(q->producer, STEP_MS);
    if (!cluster)
        return kq_err(err, RD_KAFKA_RESP_ERR__TIMED_OUT, SCOPE_PROCESS, WHEN_LATER, "Kafka",
                      "the brokers do not tell the id of their cluster (older than 0.10.1?)");
    autovalue(str_release) struct str id = STR_INIT(1024);
    str_addf(&id, "%.200s/%s", cluster, q->group);
    q->identity = str_steal(&id);
    rd_kafka_mem_free(q->producer, cluster);
    return 0;
}

int kq_topics_prepare(struct kq *q,
                      const struct queue_kafka_config *cfg,
                      struct queue_kafka_seen *ret_seen,
                      struct err *err)
{
    struct queue_kafka_seen seen;
    if (look_all(q, cfg->bootstrap, ret_seen ? ret_seen : &seen, err) < 0)
        return -1;
    if (ret_seen)
        return 0;
    warn_of_settings(&seen);
    if (make_missing(q, cfg, &seen, err) < 0 || identify(q, err) < 0)
        return -1;
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        q->partitions[t] =
            seen.partitions[t] < KQ_PARTITIONS_MAX ? seen.partitions[t] : KQ_PARTITIONS_MAX;
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++)
        q->topics[t] = rd_kafka_topic_new(q->producer, q->names[t], NULL);
    return 0;
}
