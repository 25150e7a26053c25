/*
 * Messages in: rebalances, offsets, pause.
 *
 * The urgent partitions are forwarded to a queue of their own, so that they can be emptied first
 * and are fetched even while the tasks fetched ahead fill theirs.
 */
#include <string.h>

#include "common/base/log.h"
#include "common/base/metrics.h"

#include "common/drv/queue_kafka_p.h"

/* --- partitions that are ours ---------------------------------------------------------- */

static int task_topic(const struct kq *q, const char *name)
{
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        if (!strcmp(q->names[t], name))
            return t;
    return -1;
}

static struct kq_part *part_get(const struct kq *q, int t, int32_t partition)
{
    if (t < 0 || t >= KQ_TASK_TOPICS || partition < 0 || (size_t)partition >= q->parts[t].n)
        return NULL;
    return q->parts[t].v[partition];
}

static void part_add(struct kq *q, int t, int32_t partition)
{
    if (partition < 0 || partition >= KQ_PARTITIONS_MAX || part_get(q, t, partition))
        return;
    while (q->parts[t].n <= (size_t)partition)
        vec_push(&q->parts[t], NULL);
    struct kq_part *p = xalloc(sizeof(*p));
    p->topic = (enum queue_topic)t;
    p->partition = partition;
    queue_run_init(&p->run);
    q->parts[t].v[partition] = p;
    q->assigned++;
}

static void part_drop(struct kq *q, struct kq_part *p)
{
    kq_lag_gone(q, p);
    for (size_t i = 0; i < q->dirty.n; i++)
        if (q->dirty.v[i] == p)
            vec_swap_remove(&q->dirty, i);
    q->parts[p->topic].v[p->partition] = NULL;
    q->assigned--;
    queue_run_release(&p->run);
    free(p);
}

void kq_parts_drop_all(struct kq *q)
{
    for (int t = 0; t < KQ_TASK_TOPICS; t++) {
        for (size_t i = 0; i < q->parts[t].n; i++)
            if (q->parts[t].v[i])
                part_drop(q, q->parts[t].v[i]);
        vec_release(&q->parts[t]);
    }
    vec_release(&q->dirty);
}

/* --- offsets --------------------------------------------------------------------------- */

void kq_ack(struct queue *base, enum queue_topic t, int32_t partition, int64_t offset)
{
    struct kq *q = (struct kq *)base;
    struct kq_part *p = part_get(q, (int)t, partition);
    if (!p || !queue_run_ack(&p->run, offset) || p->dirty)
        return;
    p->dirty = true;
    vec_push(&q->dirty, p);
    kq_kick(q);
}

void kq_store_offsets(struct kq *q)
{
    if (!q->dirty.n)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)q->dirty.n);
    vec_foreach (p, &q->dirty) {
        (*p)->dirty = false;
        rd_kafka_topic_partition_list_add(list, q->names[(*p)->topic], (*p)->partition)->offset =
            (*p)->run.end;
    }
    vec_clear(&q->dirty);
    /* Refused for partitions that librdkafka has just lost: whoever owns them next works again. */
    rd_kafka_offsets_store(q->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* --- pause ----------------------------------------------------------------------------- */

/* Resuming what is not paused may fetch again what was handed over (2.0.2): strict pairs. */
static void pause_parts(struct kq *q, rd_kafka_topic_partition_list_t *among, bool on)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(among->cnt);
    for (int i = 0; i < among->cnt; i++) {
        const rd_kafka_topic_partition_t *e = &among->elems[i];
        struct kq_part *p = part_get(q, task_topic(q, e->topic), e->partition);
        if (!p || p->paused == on)
            continue;
        p->paused = on;
        rd_kafka_topic_partition_list_add(list, e->topic, e->partition);
    }
    if (list->cnt)
        on ? rd_kafka_pause_partitions(q->consumer, list)
           : rd_kafka_resume_partitions(q->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kq_pause(struct queue *base, bool on)
{
    struct kq *q = (struct kq *)base;
    if (q->paused == on)
        return;
    q->paused = on;
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new((int)q->assigned);
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        for (size_t i = 0; i < q->parts[t].n; i++)
            if (q->parts[t].v[i])
                rd_kafka_topic_partition_list_add(all, q->names[t], (int32_t)i);
    if (all->cnt)
        pause_parts(q, all, on);
    rd_kafka_topic_partition_list_destroy(all);
}

/* --- rebalance ------------------------------------------------------------------------- */

static void forward_urgent(struct kq *q, const rd_kafka_topic_partition_t *e)
{
    rd_kafka_queue_t *part = rd_kafka_queue_get_partition(q->consumer, e->topic, e->partition);
    if (!part)
        return;
    rd_kafka_queue_forward(part, q->urgent_queue);
    rd_kafka_queue_destroy(part);
}

static void tell_rebalance_error(struct kq *q, rd_kafka_error_t *e)
{
    if (!e)
        return;
    kq_trouble(q, rd_kafka_error_code(e), rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
}

static void assign(struct kq *q, rd_kafka_topic_partition_list_t *list, bool cooperative)
{
    for (int i = 0; i < list->cnt; i++) {
        int t = task_topic(q, list->elems[i].topic);
        if (t < 0)
            continue;
        part_add(q, t, list->elems[i].partition);
        if (t == QUEUE_URGENT)
            forward_urgent(q, &list->elems[i]);
    }
    if (cooperative)
        tell_rebalance_error(q, rd_kafka_incremental_assign(q->consumer, list));
    else
        rd_kafka_assign(q->consumer, list);
    if (q->paused)
        pause_parts(q, list, true);
}

static void revoke(struct kq *q, rd_kafka_topic_partition_list_t *list, bool cooperative)
{
    if (rd_kafka_assignment_lost(q->consumer)) {
        if (q->lost)
            metric_add(q->lost, 1);
        log_warn("kafka took all partitions from this member; what was not committed comes again",
                 kv("partitions", list->cnt));
    } else {
        kq_store_offsets(q); /* committed by unassigning */
    }
    pause_parts(q, list, false);
    for (int i = 0; i < list->cnt; i++) {
        struct kq_part *p =
            part_get(q, task_topic(q, list->elems[i].topic), list->elems[i].partition);
        if (!p)
            continue;
        enum queue_topic t = p->topic;
        part_drop(q, p);
        if (q->subscribed && !q->closed)
            q->h.revoked(t, list->elems[i].partition, q->h.user);
    }
    if (cooperative)
        tell_rebalance_error(q, rd_kafka_incremental_unassign(q->consumer, list));
    else
        rd_kafka_assign(q->consumer, NULL);
}

void kq_on_rebalance(rd_kafka_t *rk,
                     rd_kafka_resp_err_t e,
                     rd_kafka_topic_partition_list_t *list,
                     void *opaque)
{
    struct kq *q = opaque;
    bool cooperative = !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
    if (q->rebalances && list->cnt)
        metric_add(q->rebalances, 1);
    log_debug("kafka rebalance", kv("what", rd_kafka_err2name(e)), kv("partitions", list->cnt));
    if (e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        assign(q, list, cooperative);
    else
        revoke(q, list, cooperative);
}

/* --- messages -------------------------------------------------------------------------- */

static void consume_error(struct kq *q, const rd_kafka_message_t *m)
{
    if (kq_needs_human(m->err))
        kq_trouble(q, m->err, rd_kafka_message_errstr(m));
    else
        kq_on_error(q->consumer, m->err, rd_kafka_message_errstr(m), q);
}

static void hand_over(struct kq *q, const rd_kafka_message_t *m)
{
    if (m->err) {
        consume_error(q, m);
        return;
    }
    int t = task_topic(q, rd_kafka_topic_name(m->rkt));
    struct kq_part *p = part_get(q, t, m->partition);
    if (!p || m->offset < 0 || !q->subscribed)
        return;
    queue_run_add(&p->run, m->offset);
    q->consumed++;
    int64_t at = rd_kafka_message_timestamp(m, NULL);
    const struct queue_message out = {
        .topic = (enum queue_topic)t,
        .partition = m->partition,
        .offset = m->offset,
        .at_ms = at > 0 ? at : 0,
        .key = m->key ? m->key : "",
        .key_len = m->key ? m->key_len : 0,
        .value = m->payload ? m->payload : "",
        .value_len = m->payload ? m->len : 0,
    };
    q->h.message(&out, q->h.user);
}

static rd_kafka_message_t *next_message(struct kq *q)
{
    /* The length is asked first, for an empty poll costs a system call. */
    if (rd_kafka_queue_length(q->urgent_queue) > 0) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(q->urgent_queue, 0);
        if (m) {
            q->consumed_urgent++;
            return m;
        }
    }
    return rd_kafka_consumer_poll(q->consumer, 0);
}

bool kq_consume_serve(struct kq *q, int64_t deadline_ms)
{
    if (!q->consumer || q->closed)
        return false;
    for (int n = 0; n < KQ_TURN_MESSAGES; n++) {
        rd_kafka_message_t *m = next_message(q);
        if (!m)
            return false;
        hand_over(q, m);
        rd_kafka_message_destroy(m);
        if (kq_now(q) >= deadline_ms)
            break;
    }
    return true;
}

int kq_subscribe(struct queue *base, const struct queue_handlers *h, struct err *err)
{
    struct kq *q = (struct kq *)base;
    if (!q->consumer)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "kafka.no_consumer",
                       "this queue was opened to publish only");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(KQ_TASK_TOPICS);
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        rd_kafka_topic_partition_list_add(list, q->names[t], RD_KAFKA_PARTITION_UA);
    q->h = *h;
    q->subscribed = true;
    rd_kafka_resp_err_t e = rd_kafka_subscribe(q->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (e) {
        q->subscribed = false;
        return kq_err(err, e, SCOPE_PROCESS, WHEN_NEVER, "Kafka consumer", rd_kafka_err2str(e));
    }
    kq_kick(q);
    return 0;
}
