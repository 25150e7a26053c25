#include "common/drv/queue_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/conf.h"
#include "common/base/map.h"
#include "common/base/metrics.h"
#include "common/base/str.h"

#include "common/drv/queue_kafka_p.h"

enum { NAME_MAX_BYTES = 200, CLOSE_STEP_MS = 20 };

static const uint64_t wake_value = 1; /* librdkafka keeps the bytes it writes, not the pointer */

int64_t kq_now(const struct kq *q)
{
    return clock_now(loop_clock(q->loop));
}

int kq_err(struct err *err,
           rd_kafka_resp_err_t e,
           enum err_scope scope,
           enum err_when when,
           const char *context,
           const char *text)
{
    char code[sizeof(err->code)];
    const char *name = rd_kafka_err2name(e);
    snprintf(code, sizeof(code), "kafka.%s", name[0] == '_' ? name + 1 : name);
    return err_set(err, scope, when, code, "%s: %s", context, text);
}

/* --- the turn -------------------------------------------------------------------------- */

static void kicked(void *user);

void kq_kick(struct kq *q)
{
    if (!q->kick && !q->closed)
        q->kick = loop_after(q->loop, 0, kicked, q);
}

static void tell_trouble(struct kq *q)
{
    if (!q->troubled)
        return;
    q->troubled = false;
    const struct err err = q->trouble;
    q->h.trouble(&err, q->h.user);
}

/* All that librdkafka has for us, for a bounded time. Handlers may turn the loop themselves: what
 * comes meanwhile waits for the turn after this one. */
static void turn(struct kq *q)
{
    if (q->serving) {
        q->again = true;
        return;
    }
    q->serving = true;
    q->again = false;
    bool more = kq_produce_serve(q, kq_now(q) + KQ_TURN_MS);
    more |= kq_consume_serve(q, kq_now(q) + KQ_TURN_MS);
    kq_positions_serve(q);
    kq_groups_settle(q);
    kq_store_offsets(q);
    tell_trouble(q);
    q->serving = false;
    if (more || q->again || q->groups_due || q->troubled)
        kq_kick(q);
}

static void kicked(void *user)
{
    struct kq *q = user;
    q->kick = NULL;
    turn(q);
}

static void woken(int fd, int events, void *user)
{
    uint64_t n;
    (void)events;
    ssize_t got = read(fd, &n, sizeof(n));
    (void)got; /* one read takes the whole count */
    turn(user);
}

static void ticked(void *user)
{
    struct kq *q = user;
    q->tick = loop_after(q->loop, KQ_TICK_MS, ticked, q);
    turn(q);
}

/* --- the end --------------------------------------------------------------------------- */

/* What a polled queue returns instead of calling back. */
static void on_event(struct kq *q, rd_kafka_event_t *ev)
{
    const char *facility, *text;
    int level;
    switch (rd_kafka_event_type(ev)) {
    case RD_KAFKA_EVENT_LOG:
        if (rd_kafka_event_log(ev, &facility, &text, &level) == 0)
            kq_on_log(q->consumer, level, facility, text);
        break;
    case RD_KAFKA_EVENT_ERROR:
        kq_on_error(q->consumer, rd_kafka_event_error(ev), rd_kafka_event_error_string(ev), q);
        break;
    case RD_KAFKA_EVENT_REBALANCE:
        kq_on_rebalance(q->consumer, rd_kafka_event_error(ev),
                        rd_kafka_event_topic_partition_list(ev), q);
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(ev);
}

/* True: closed, so that destroying does not wait. rd_kafka_consumer_close has no time-out, and
 * 2.0.2 may hang in it when an assignment arrives meanwhile. */
static bool leave(struct kq *q, int64_t deadline)
{
    kq_store_offsets(q);
    rd_kafka_queue_t *last = rd_kafka_queue_new(q->consumer);
    rd_kafka_error_t *e = rd_kafka_consumer_close_queue(q->consumer, last);
    if (e) {
        rd_kafka_error_destroy(e);
    } else {
        /* Not rd_kafka_queue_poll_callback: it ends the process when a message is under way. */
        do {
            rd_kafka_event_t *ev = rd_kafka_queue_poll(last, CLOSE_STEP_MS);
            if (ev)
                on_event(q, ev);
        } while (!rd_kafka_consumer_closed(q->consumer) && kq_now(q) < deadline);
    }
    bool left = e || rd_kafka_consumer_closed(q->consumer);
    rd_kafka_queue_destroy(last);
    return left;
}

static rd_kafka_t *volatile left_behind; /* so that leak checkers see where it is */

static void close_consumer(struct kq *q, int64_t deadline)
{
    if (!q->consumer)
        return;
    bool left = leave(q, deadline);
    rd_kafka_queue_io_event_enable(q->consumer_queue, -1, NULL, 0);
    rd_kafka_queue_io_event_enable(q->urgent_queue, -1, NULL, 0);
    rd_kafka_queue_destroy(q->urgent_queue);
    rd_kafka_queue_destroy(q->consumer_queue);
    /* One that hangs is left to the end of the process: destroying it would hang as well. It wakes
     * nobody any more, and its callbacks come only to those who poll. */
    if (left)
        rd_kafka_destroy_flags(q->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    else
        left_behind = q->consumer;
    q->consumer = NULL;
    kq_parts_drop_all(q);
}

static void close_producer(struct kq *q, int64_t deadline)
{
    while (rd_kafka_outq_len(q->producer) > 0 && !q->fatal[0]) {
        q->report_until_ms = INT64_MAX;
        rd_kafka_flush(q->producer, CLOSE_STEP_MS); /* ends the linger, takes reports */
        if (kq_now(q) >= deadline)
            break;
    }
    rd_kafka_purge(q->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    kq_produce_serve(q, INT64_MAX);
    kq_groups_abandon(q);
    rd_kafka_queue_io_event_enable(q->producer_queue, -1, NULL, 0);
    for (size_t t = 0; t < QUEUE_TOPIC_COUNT; t++)
        if (q->topics[t])
            rd_kafka_topic_destroy(q->topics[t]);
    rd_kafka_queue_destroy(q->producer_queue);
    rd_kafka_destroy(q->producer);
    q->producer = NULL;
    kq_positions_abandon(q);
}

static void kq_close(struct queue *base, uint32_t timeout_ms)
{
    struct kq *q = (struct kq *)base;
    if (q->closed)
        return;
    int64_t deadline = kq_now(q) + timeout_ms;
    q->closed = true;
    atomic_store(&q->closing, true);
    loop_cancel(q->kick);
    loop_cancel(q->tick);
    loop_unwatch(q->watch);
    kq_positions_stop(q);
    if (q->observer && q->observer != q->consumer)
        rd_kafka_destroy_flags(q->observer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    q->observer = NULL;
    close_consumer(q, deadline);
    if (q->producer)
        close_producer(q, deadline);
}

static void kq_free(struct queue *base)
{
    struct kq *q = (struct kq *)base;
    if (!q)
        return;
    kq_close(base, 0);
    close(q->wake_fd);
    for (size_t t = 0; t < QUEUE_TOPIC_COUNT; t++)
        free(q->names[t]);
    map_free(q->groups);
    free(q->group);
    free(q->identity);
    free(q);
}

/* --- the port's table ------------------------------------------------------------------ */

static const char *kq_id(struct queue *base)
{
    return ((struct kq *)base)->identity;
}

static void debug_consumer(const struct kq *q, struct str *out)
{
    size_t unfinished = 0, parts[KQ_TASK_TOPICS] = {0};
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        for (size_t i = 0; i < q->parts[t].n; i++)
            if (q->parts[t].v[i]) {
                parts[t]++;
                unfinished += q->parts[t].v[i]->run.n;
            }
    str_addf(out,
             ",\"consumed\":%" PRIu64 ",\"consumed_urgent\":%" PRIu64
             ",\"unfinished\":%zu,\"paused\":%s,\"partitions\":{\"tasks\":%zu,\"urgent\":%zu}"
             ",\"ready\":{\"tasks\":%zu,\"urgent\":%zu}",
             q->consumed, q->consumed_urgent, unfinished, q->paused ? "true" : "false",
             parts[QUEUE_TASKS], parts[QUEUE_URGENT], rd_kafka_queue_length(q->consumer_queue),
             rd_kafka_queue_length(q->urgent_queue));
}

static void kq_debug(struct queue *base, struct str *out)
{
    const struct kq *q = (const struct kq *)base;
    str_addf(out,
             "{\"driver\":\"kafka\",\"published\":%" PRIu64 ",\"delivered\":%" PRIu64
             ",\"undelivered\":%" PRIu64 ",\"in_flight\":%d,\"open_groups\":%zu,\"fatal\":%s",
             q->published, q->delivered, q->undelivered,
             q->producer ? rd_kafka_outq_len(q->producer) : 0, q->all_groups.n,
             q->fatal[0] ? "true" : "false");
    if (q->consumer)
        debug_consumer(q, out);
    str_putc(out, '}');
}

static const struct queue_ops kafka_ops = {
    .name = "kafka",
    .publish = kq_publish,
    .group_end = kq_group_end,
    .subscribe = kq_subscribe,
    .ack = kq_ack,
    .pause = kq_pause,
    .positions = kq_positions,
    .id = kq_id,
    .close = kq_close,
    .free = kq_free,
    .debug = kq_debug,
};

/* --- the beginning --------------------------------------------------------------------- */

static int open_client(
    struct kq *q, rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret, struct err *err)
{
    char text[160];
    rd_kafka_conf_set_opaque(conf, q);
    *ret = rd_kafka_new(type, conf, text, sizeof(text));
    if (!*ret) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "settings kafka.* do not go together: %s", text);
    }
    return 0;
}

static int open_producer(struct kq *q, const struct queue_kafka_config *cfg, struct err *err)
{
    rd_kafka_conf_t *conf = NULL;
    if (kq_conf(cfg, q, false, &conf, err) < 0 ||
        open_client(q, RD_KAFKA_PRODUCER, conf, &q->producer, err) < 0)
        return -1;
    q->producer_queue = rd_kafka_queue_get_main(q->producer);
    rd_kafka_set_log_queue(q->producer, NULL);
    return 0;
}

static int open_consumer(struct kq *q, const struct queue_kafka_config *cfg, struct err *err)
{
    rd_kafka_conf_t *conf = NULL;
    if (kq_conf(cfg, q, true, &conf, err) < 0 ||
        open_client(q, RD_KAFKA_CONSUMER, conf, &q->consumer, err) < 0)
        return -1;
    q->observer = q->consumer;
    rd_kafka_poll_set_consumer(q->consumer);
    rd_kafka_set_log_queue(q->consumer, NULL);
    q->consumer_queue = rd_kafka_queue_get_consumer(q->consumer);
    q->urgent_queue = rd_kafka_queue_new(q->consumer);
    return 0;
}

static int open_observer(struct kq *q, const struct queue_kafka_config *cfg, struct err *err)
{
    rd_kafka_conf_t *conf = NULL;
    if (kq_conf_observer(cfg, q, &conf, err) < 0)
        return -1;
    return open_client(q, RD_KAFKA_CONSUMER, conf, &q->observer, err);
}

static void start(struct kq *q)
{
    rd_kafka_queue_t *queues[] = {q->producer_queue, q->consumer_queue, q->urgent_queue};
    for (size_t i = 0; i < ARRAY_LEN(queues); i++)
        if (queues[i])
            rd_kafka_queue_io_event_enable(queues[i], q->wake_fd, &wake_value, sizeof(wake_value));
    q->watch = loop_watch(q->loop, q->wake_fd, LOOP_READ, woken, q);
    q->tick = loop_after(q->loop, KQ_TICK_MS, ticked, q);
    kq_kick(q); /* what was said before the queues could wake us */
}

static int name_all(struct kq *q, const struct queue_kafka_config *cfg, struct err *err)
{
    const char *prefix = cfg->topic_prefix ? cfg->topic_prefix : "";
    autovalue(str_release) struct str s = STR_INIT(NAME_MAX_BYTES);
    for (int t = 0; t < QUEUE_TOPIC_COUNT; t++) {
        str_addf(&s, "%s%s", prefix, queue_topic_name((enum queue_topic)t));
        if (s.over)
            return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                           "setting kafka.topic_prefix is too long");
        q->names[t] = str_steal(&s);
    }
    str_addf(&s, "%scontact-sync-workers", prefix);
    q->group = str_steal(&s);
    return 0;
}

/* Names and the producer, which also asks the brokers. NULL with *err. */
static struct kq *begin(const struct queue_kafka_config *cfg, struct err *err)
{
    struct kq *q = xalloc(sizeof(*q));
    q->q.ops = &kafka_ops;
    q->loop = cfg->loop;
    q->metrics = cfg->metrics;
    q->groups = map_new();
    q->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    kq_says_init(q);
    if (name_all(q, cfg, err) == 0 && open_producer(q, cfg, err) == 0)
        return q;
    kq_free(&q->q);
    return NULL;
}

int queue_kafka_new(const struct queue_kafka_config *cfg, struct queue **ret, struct err *err)
{
    struct kq *q = begin(cfg, err);
    if (!q)
        return -1;
    if ((cfg->consumer ? open_consumer(q, cfg, err) : open_observer(q, cfg, err)) < 0 ||
        kq_topics_prepare(q, cfg, NULL, err) < 0) {
        kq_free(&q->q);
        return -1;
    }
    start(q);
    *ret = &q->q;
    return 0;
}

/* --- by the settings ------------------------------------------------------------------- */

struct properties {
    vec(struct queue_kafka_property) v;
};

static void add_property(const char *name, const char *value, void *user)
{
    struct properties *p = user;
    vec_push(&p->v, (struct queue_kafka_property){name, value});
}

static struct queue_kafka_config
config_of(struct loop *l, const struct conf *c, struct properties *given)
{
    conf_each_passthrough(c, add_property, given);
    return (struct queue_kafka_config){
        .loop = l,
        .bootstrap = conf_str(c, "kafka.bootstrap.servers"),
        .topic_prefix = conf_str(c, "kafka.topic_prefix"),
        .partitions = (int)conf_int(c, "kafka.partitions"),
        .replication = (int)conf_int(c, "kafka.replication"),
        .properties = given->v.v,
        .n_properties = given->v.n,
    };
}

int queue_kafka_open(struct loop *l,
                     const struct conf *c,
                     struct metrics *m,
                     bool consumer,
                     struct queue **ret,
                     struct err *err)
{
    struct properties given = {0};
    struct queue_kafka_config cfg = config_of(l, c, &given);
    cfg.metrics = m;
    cfg.consumer = consumer;
    int rc = queue_kafka_new(&cfg, ret, err);
    vec_release(&given.v);
    return rc;
}

int queue_kafka_look(struct loop *l,
                     const struct conf *c,
                     struct queue_kafka_seen *ret,
                     struct err *err)
{
    struct properties given = {0};
    const struct queue_kafka_config cfg = config_of(l, c, &given);
    struct kq *q = begin(&cfg, err);
    int rc = q ? kq_topics_prepare(q, &cfg, ret, err) : -1;
    if (q)
        kq_free(&q->q);
    vec_release(&given.v);
    return rc;
}

static void find_scram(const char *name, const char *value, void *user)
{
    bool *scram = user;
    *scram |= !strncmp(name, "sasl.mechanism", strlen("sasl.mechanism")) && strstr(value, "SCRAM");
}

const char *queue_kafka_shortcoming(const struct conf *c)
{
    enum { SCRAM_MENDED = 0x02060100 };
    bool scram = false;
    conf_each_passthrough(c, find_scram, &scram);
    return scram && rd_kafka_version() < SCRAM_MENDED
               ? "this librdkafka cannot sign in by SCRAM to brokers 4.x"
               : NULL;
}
