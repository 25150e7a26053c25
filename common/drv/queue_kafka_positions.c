/*
 * How far the group is. librdkafka 2.0.2 lists committed offsets asynchronously, but tells where a
 * partition begins and ends by blocking calls only. So the first answer is taken on its background
 * thread, which asks for the rest and hands everything to the loop: one question at a time, nothing
 * of the loop's touched.
 *
 * The committed offsets are asked first: a partition's end is then never before what was committed.
 */
#include <string.h>
#include <unistd.h>

#include "common/drv/queue_kafka_p.h"

enum {
    CACHE_MS = 500,
    COMMITTED_TIMEOUT_MS = 5000,
    BLOCKING_TIMEOUT_MS = 2000 /* each of three; close waits for one of them at most */
};

static void answer_free(struct kq_positions *a)
{
    if (!a)
        return;
    vec_release(&a->v);
    free(a);
}

static int away(struct err *err, rd_kafka_resp_err_t e, const char *text)
{
    return kq_err(err, e, SCOPE_REMOTE, WHEN_LATER, "positions of the consumer group",
                  text ? text : rd_kafka_err2str(e));
}

/* --- on librdkafka's background thread ------------------------------------------------- */

/* Offsets of all partitions of list, which come back in it; -1: end, -2: beginning. */
static int
ask_offsets(const struct kq *q, rd_kafka_topic_partition_list_t *list, int64_t which, struct err *e)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = which;
    if (atomic_load(&q->closing))
        return away(e, RD_KAFKA_RESP_ERR__DESTROY, NULL);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(q->producer, list, BLOCKING_TIMEOUT_MS);
    for (int i = 0; !code && i < list->cnt; i++)
        code = list->elems[i].err;
    for (int i = 0; !code && i < list->cnt; i++)
        if (list->elems[i].offset < 0)
            code = RD_KAFKA_RESP_ERR__NO_OFFSET;
    return code ? away(e, code, NULL) : 0;
}

static int64_t offset_in(const rd_kafka_topic_partition_list_t *list,
                         const rd_kafka_topic_partition_t *of)
{
    const rd_kafka_topic_partition_t *e =
        rd_kafka_topic_partition_list_find(list, of->topic, of->partition);
    return e ? e->offset : -1;
}

static void fill(const struct kq *q,
                 struct kq_positions *a,
                 const rd_kafka_topic_partition_list_t *committed,
                 const rd_kafka_topic_partition_list_t *low,
                 const rd_kafka_topic_partition_list_t *high)
{
    for (int i = 0; i < high->cnt; i++) {
        const rd_kafka_topic_partition_t *e = &high->elems[i];
        int64_t done = offset_in(committed, e), first = offset_in(low, e);
        /* Out of range, the group starts over at the first message there is: also when nothing was
         * committed, and when messages were removed before they were read. */
        if (done < first || done > e->offset)
            done = first;
        vec_push(&a->v, (struct queue_position){
                            .topic = strcmp(e->topic, q->names[0]) ? QUEUE_URGENT : QUEUE_TASKS,
                            .partition = e->partition,
                            .committed = done,
                            .end = e->offset,
                        });
    }
}

static void fill_from(const struct kq *q,
                      struct kq_positions *a,
                      const rd_kafka_topic_partition_list_t *committed)
{
    rd_kafka_topic_partition_list_t *low = rd_kafka_topic_partition_list_copy(committed);
    rd_kafka_topic_partition_list_t *high = rd_kafka_topic_partition_list_copy(committed);
    a->failed = ask_offsets(q, low, RD_KAFKA_OFFSET_BEGINNING, &a->err) < 0 ||
                ask_offsets(q, high, RD_KAFKA_OFFSET_END, &a->err) < 0;
    if (!a->failed)
        fill(q, a, committed, low, high);
    rd_kafka_topic_partition_list_destroy(low);
    rd_kafka_topic_partition_list_destroy(high);
}

/* An operator may add partitions at any time: from the next question on they count. */
static void count_partitions(const struct kq *q, struct kq_positions *a)
{
    const struct rd_kafka_metadata *md;
    if (atomic_load(&q->closing) ||
        rd_kafka_metadata(q->producer, 0, NULL, &md, BLOCKING_TIMEOUT_MS))
        return;
    for (int i = 0; i < md->topic_cnt; i++)
        for (int t = 0; t < KQ_TASK_TOPICS; t++)
            if (!md->topics[i].err && !strcmp(md->topics[i].topic, q->names[t]))
                a->partitions[t] = md->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(md);
}

void kq_positions_background(rd_kafka_t *rk, rd_kafka_event_t *ev, void *opaque)
{
    struct kq *q = opaque;
    struct kq_positions *a = xalloc(sizeof(*a));
    const rd_kafka_ListConsumerGroupOffsets_result_t *res =
        rd_kafka_event_ListConsumerGroupOffsets_result(ev);
    size_t n = 0;
    const rd_kafka_group_result_t **groups =
        res ? rd_kafka_ListConsumerGroupOffsets_result_groups(res, &n) : NULL;
    const rd_kafka_error_t *bad = n ? rd_kafka_group_result_error(groups[0]) : NULL;
    (void)rk;
    if (rd_kafka_event_error(ev) || !n) {
        a->failed = true;
        away(&a->err, rd_kafka_event_error(ev), rd_kafka_event_error_string(ev));
    } else if (bad) {
        a->failed = true;
        away(&a->err, rd_kafka_error_code(bad), rd_kafka_error_string(bad));
    } else {
        fill_from(q, a, rd_kafka_group_result_partitions(groups[0]));
        count_partitions(q, a);
    }
    rd_kafka_event_destroy(ev);
    answer_free(atomic_exchange(&q->answer, a));
    uint64_t one = 1;
    ssize_t sent = write(q->wake_fd, &one, sizeof(one));
    (void)sent; /* fails only when the counter is full, and then the loop is awake */
}

/* --- on the loop ----------------------------------------------------------------------- */

static bool fresh(const struct kq *q)
{
    return q->cache && kq_now(q) - q->cached_ms < CACHE_MS;
}

static void ask(struct kq *q)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(q->partitions[0] + q->partitions[1]);
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        if (q->partitions[t])
            rd_kafka_topic_partition_list_add_range(list, q->names[t], 0, q->partitions[t] - 1);
    rd_kafka_ListConsumerGroupOffsets_t *of = rd_kafka_ListConsumerGroupOffsets_new(q->group, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(q->producer, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    char text[128];
    rd_kafka_AdminOptions_set_request_timeout(options, COMMITTED_TIMEOUT_MS, text, sizeof(text));
    rd_kafka_ListConsumerGroupOffsets(q->producer, &of, 1, options, q->background_queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(of);
    q->asking = true;
}

void kq_positions(struct queue *base, queue_positions_done done, void *user)
{
    struct kq *q = (struct kq *)base;
    vec_push(&q->waiters, (struct kq_waiter){done, user});
    if (fresh(q))
        kq_kick(q);
    else if (!q->asking && !q->closed)
        ask(q);
}

static void tell(struct kq *q, const struct kq_positions *a)
{
    __typeof__(q->waiters) waiters = q->waiters;
    memset(&q->waiters, 0, sizeof(q->waiters));
    vec_foreach (w, &waiters)
        w->done(a->failed ? NULL : a->v.v, a->failed ? 0 : a->v.n, a->failed ? &a->err : NULL,
                w->user);
    vec_release(&waiters);
}

/* Takes over an answer of the background thread. */
static void take(struct kq *q, struct kq_positions *a)
{
    q->asking = false;
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        if (a->partitions[t] > q->partitions[t] && a->partitions[t] < KQ_PARTITIONS_MAX)
            q->partitions[t] = a->partitions[t];
    answer_free(q->cache);
    q->cache = a->failed ? NULL : a;
    q->cached_ms = kq_now(q);
    tell(q, a);
    if (a->failed)
        answer_free(a);
}

void kq_positions_serve(struct kq *q)
{
    struct kq_positions *a = atomic_exchange(&q->answer, NULL);
    if (a)
        take(q, a);
    else if (q->waiters.n && fresh(q))
        tell(q, q->cache);
    else if (q->waiters.n && !q->asking)
        ask(q); /* the answer that was kept went stale meanwhile */
}

void kq_positions_abandon(struct kq *q)
{
    struct kq_positions closed = {.failed = true};
    away(&closed.err, RD_KAFKA_RESP_ERR__DESTROY, NULL);
    tell(q, &closed);
    answer_free(q->cache);
    answer_free(atomic_exchange(&q->answer, NULL));
    q->cache = NULL;
}
