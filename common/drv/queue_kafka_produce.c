/* Messages out, and the groups that are confirmed together. */
#include <string.h>

#include "common/base/map.h"

#include "common/drv/queue_kafka_p.h"

enum {
    LOOK_EVERY = 256,   /* reports between looks at the clock */
    REPORT_EVERY = 1000 /* messages between looks at the reports, while nobody turns the loop */
};

/* --- groups ---------------------------------------------------------------------------- */

static struct kq_group *group_of(struct kq *q, uint64_t id)
{
    if (q->last_group && q->last_group->id == id)
        return q->last_group;
    struct kq_group *g = map_get_u64(q->groups, id);
    if (!g) {
        g = xalloc(sizeof(*g));
        g->id = id;
        map_put_u64(q->groups, id, g);
        vec_push(&q->all_groups, g);
    }
    q->last_group = g;
    return g;
}

static void group_free(struct kq_group *g)
{
    for (size_t t = 0; t < QUEUE_TOPIC_COUNT; t++)
        vec_release(&g->end[t]);
    free(g);
}

static void group_tell(struct kq_group *g)
{
    vec(struct queue_end) ends = {0};
    g->told = true;
    for (size_t t = 0; !g->failed && t < QUEUE_TOPIC_COUNT; t++)
        for (size_t p = 0; p < g->end[t].n; p++)
            if (g->end[t].v[p])
                vec_push(&ends,
                         (struct queue_end){(enum queue_topic)t, (int32_t)p, g->end[t].v[p]});
    g->done(ends.v, ends.n, g->failed ? &g->err : NULL, g->user);
    vec_release(&ends);
}

static bool group_due(const struct kq_group *g)
{
    return g->ended && (g->told ? g->outstanding == 0 : g->failed || g->outstanding == 0);
}

void kq_groups_settle(struct kq *q)
{
    if (!q->groups_due)
        return;
    q->groups_due = false;
    for (size_t i = 0; i < q->all_groups.n;) {
        struct kq_group *g = q->all_groups.v[i];
        if (group_due(g) && !g->told)
            group_tell(g); /* may publish and end groups: g->all_groups grows at its end */
        if (group_due(g) && g->outstanding == 0) {
            group_free(g);
            vec_swap_remove(&q->all_groups, i);
        } else {
            i++;
        }
    }
}

void kq_groups_abandon(struct kq *q)
{
    q->last_group = NULL;
    for (size_t i = 0; i < q->all_groups.n; i++) {
        struct kq_group *g = q->all_groups.v[i];
        if (g->outstanding && !g->failed) {
            g->failed = true;
            err_set(&g->err, SCOPE_REMOTE, WHEN_UNKNOWN, "kafka.closed",
                    "the queue was closed before all messages were confirmed");
        }
        if (g->ended && !g->told)
            group_tell(g);
    }
    vec_foreach (g, &q->all_groups)
        group_free(*g);
    vec_release(&q->all_groups);
    map_free(q->groups);
    q->groups = NULL;
}

void kq_group_end(struct queue *base, uint64_t group, queue_group_done done, void *user)
{
    struct kq *q = (struct kq *)base;
    struct kq_group *g = group_of(q, group);
    q->last_group = NULL;
    map_del_u64(q->groups, group);
    g->ended = true;
    g->done = done;
    g->user = user;
    if (group_due(g)) {
        q->groups_due = true;
        kq_kick(q);
    }
}

/* --- messages -------------------------------------------------------------------------- */

static int refuse(struct kq *q, enum queue_topic t, rd_kafka_resp_err_t e, struct err *err)
{
    switch (e) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return 1;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return kq_err(err, e, SCOPE_ITEM, WHEN_NEVER, q->names[t], "message too large");
    case RD_KAFKA_RESP_ERR__FATAL:
        return kq_err(err, e, SCOPE_PROCESS, WHEN_NEVER, "Kafka producer", q->fatal);
    default:
        return kq_err(err, e, SCOPE_REMOTE, WHEN_LATER, q->names[t], rd_kafka_err2str(e));
    }
}

int kq_publish(struct queue *base,
               enum queue_topic t,
               const char *key,
               size_t key_len,
               const char *value,
               size_t value_len,
               uint64_t group,
               struct err *err)
{
    struct kq *q = (struct kq *)base;
    if (q->closed)
        return err_set(err, SCOPE_PROCESS, WHEN_LATER, "kafka.closed", "the queue is closed");
    if (q->fatal[0])
        return refuse(q, t, RD_KAFKA_RESP_ERR__FATAL, err);
    struct kq_group *g = group ? group_of(q, group) : NULL;
    /* The C interface takes the value as void * and copies it. */
    if (rd_kafka_produce(q->topics[t], RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                         (void *)(uintptr_t)value, value_len, key, key_len, g) < 0)
        return refuse(q, t, rd_kafka_last_error(), err);
    if (g)
        g->outstanding++;
    /* Reports are only counted here, what follows from them waits for the loop. Taken soon they
     * give back memory that the processor still holds near. */
    if (++q->published % REPORT_EVERY == 0 && kq_produce_serve(q, kq_now(q) + 1))
        kq_kick(q);
    if (q->groups_due)
        kq_kick(q);
    return 0;
}

static enum queue_topic topic_of(const struct kq *q, const rd_kafka_topic_t *rkt)
{
    size_t t = 0;
    while (t < QUEUE_TOPIC_COUNT - 1 && q->topics[t] != rkt)
        t++;
    return (enum queue_topic)t;
}

static void note_end(struct kq_group *g, enum queue_topic t, int32_t partition, int64_t offset)
{
    /* Where the broker recognised a repeat it does not say where the first one lies. Left out: the
     * offer then looks consumed a little early and is at worst made twice. */
    if (offset < 0 || partition < 0 || partition >= KQ_PARTITIONS_MAX)
        return;
    size_t p = (size_t)partition;
    while (g->end[t].n <= p)
        vec_push(&g->end[t], 0);
    if (g->end[t].v[p] <= offset)
        g->end[t].v[p] = offset + 1;
}

void kq_on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct kq *q = opaque;
    struct kq_group *g = m->_private;
    if (m->err)
        q->undelivered++;
    else
        q->delivered++;
    if (++q->reports % LOOK_EVERY == 0 && kq_now(q) >= q->report_until_ms)
        rd_kafka_yield(rk); /* the rest stays in the queue */
    if (!g)
        return;
    enum queue_topic t = topic_of(q, m->rkt);
    g->outstanding--;
    if (!m->err) {
        note_end(g, t, m->partition, m->offset);
    } else if (!g->failed) {
        bool sent = rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
        g->failed = true;
        kq_err(&g->err, m->err, SCOPE_REMOTE, sent ? WHEN_UNKNOWN : WHEN_LATER, q->names[t],
               rd_kafka_err2str(m->err));
    }
    if (group_due(g))
        q->groups_due = true;
}

bool kq_produce_serve(struct kq *q, int64_t deadline_ms)
{
    q->report_until_ms = deadline_ms;
    rd_kafka_poll(q->producer, 0);
    return kq_now(q) >= deadline_ms;
}
