/* What librdkafka says by itself: log lines, errors, statistics. All served on the loop's thread.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/js.h"
#include "common/base/log.h"
#include "common/base/metrics.h"

#include "common/drv/queue_kafka_p.h"

enum { SAY_AGAIN_MS = 10 * 1000, STATS_MAX = 64 << 20 };

/* --- log lines ------------------------------------------------------------------------- */

/* While brokers are away librdkafka repeats itself: one line a facility in ten seconds. */
static bool may_say(struct kq *q, const char *what, uint64_t *kept_back)
{
    struct kq_said *oldest = &q->said[0];
    int64_t now = kq_now(q);
    for (size_t i = 0; i < ARRAY_LEN(q->said); i++) {
        struct kq_said *s = &q->said[i];
        if (!strncmp(s->what, what, sizeof(s->what) - 1)) {
            if (s->what[0] && now - s->at_ms < SAY_AGAIN_MS) {
                s->kept_back++;
                return false;
            }
            oldest = s;
            break;
        }
        if (s->at_ms < oldest->at_ms)
            oldest = s;
    }
    *kept_back = strncmp(oldest->what, what, sizeof(oldest->what) - 1) ? 0 : oldest->kept_back;
    snprintf(oldest->what, sizeof(oldest->what), "%s", what);
    oldest->at_ms = now;
    oldest->kept_back = 0;
    return true;
}

void kq_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kq *q = rd_kafka_opaque(rk);
    uint64_t kept_back = 0;
    /* CONFWARN: a property of the other of our two clients. */
    bool quiet = level > 5 || !strcmp(facility, "CONFWARN");
    if (quiet) {
        log_debug("kafka client", kv("facility", facility), kv("text", text));
        return;
    }
    if (!may_say(q, facility, &kept_back))
        return;
    if (kept_back)
        log_warn("kafka client", kv("facility", facility), kv("text", text),
                 kv("kept_back", kept_back));
    else
        log_warn("kafka client", kv("facility", facility), kv("text", text));
}

/* --- errors ---------------------------------------------------------------------------- */

bool kq_needs_human(rd_kafka_resp_err_t e)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        return true;
    default:
        return false;
    }
}

void kq_trouble(struct kq *q, rd_kafka_resp_err_t e, const char *text)
{
    struct err err;
    kq_err(&err, e, SCOPE_PROCESS, WHEN_NEVER, "Kafka", text);
    if (!q->subscribed || q->closed) {
        log_error("kafka trouble", log_err(&err));
        return;
    }
    q->trouble = err;
    q->troubled = true;
    kq_kick(q);
}

void kq_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kq *q = opaque;
    rd_kafka_resp_err_t e = (rd_kafka_resp_err_t)code;
    char fatal[sizeof(q->fatal)];
    if (e == RD_KAFKA_RESP_ERR__FATAL) {
        /* The code itself says nothing; what happened is asked for. */
        rd_kafka_resp_err_t why = rd_kafka_fatal_error(rk, fatal, sizeof(fatal));
        if (rk == q->producer)
            snprintf(q->fatal, sizeof(q->fatal), "%s", fatal);
        kq_trouble(q, why ? why : e, fatal);
        return;
    }
    if (e != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !q->last_error[0]) {
        snprintf(q->last_error, sizeof(q->last_error), "%s", reason);
        q->last_code = e;
    }
    uint64_t kept_back = 0;
    if (kq_needs_human(e))
        kq_trouble(q, e, reason);
    else if (may_say(q, rd_kafka_err2name(e), &kept_back))
        log_warn("kafka out of reach, the client tries again", kv("code", rd_kafka_err2name(e)),
                 kv("text", reason), kv("kept_back", kept_back));
}

/* --- statistics ------------------------------------------------------------------------ */

static void set_lag(struct kq *q, enum queue_topic t, int32_t partition, double lag)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", partition);
    metric_set(metrics_series(q->lag, queue_topic_name(t), number), lag);
}

void kq_lag_gone(struct kq *q, const struct kq_part *p)
{
    if (q->lag) /* its next owner counts it */
        set_lag(q, p->topic, p->partition, 0);
}

static void lag_of_topic(struct kq *q, enum queue_topic t, json_t *partitions)
{
    const char *id;
    json_t *p;
    json_object_foreach(partitions, id, p)
    {
        json_t *lag = json_object_get(p, "consumer_lag");
        char *rest;
        long n = strtol(id, &rest, 10);
        if (*rest || n < 0 || (size_t)n >= q->parts[t].n || !q->parts[t].v[n])
            continue;
        /* -1: nothing committed yet, or not known yet */
        if (json_is_integer(lag) && json_integer_value(lag) >= 0)
            set_lag(q, t, (int32_t)n, (double)json_integer_value(lag));
    }
}

int kq_on_stats(rd_kafka_t *rk, char *json, size_t n, void *opaque)
{
    struct kq *q = opaque;
    struct err err;
    (void)rk;
    if (!q->lag)
        return 0;
    json_t *root = js_parse(json, n, STATS_MAX, &err);
    if (!root)
        return 0;
    json_t *topics = json_object_get(root, "topics");
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        lag_of_topic(q, (enum queue_topic)t,
                     json_object_get(json_object_get(topics, q->names[t]), "partitions"));
    json_decref(root);
    return 0; /* librdkafka frees the text */
}

void kq_says_init(struct kq *q)
{
    if (!q->metrics)
        return;
    q->lag = metrics_family(q->metrics, METRIC_GAUGE, "contact_sync_lag",
                            "Messages of a partition that the group has not finished", "topic",
                            "partition", NULL, 0);
    q->lost = metrics_counter(q->metrics, "contact_sync_assignment_lost_total",
                              "Times the group took all partitions from this member");
    q->rebalances = metrics_counter(q->metrics, "contact_sync_rebalances_total",
                                    "Times partitions came to or left this member");
}
