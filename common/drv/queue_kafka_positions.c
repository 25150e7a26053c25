/*
 * How far the group is. librdkafka tells committed offsets and the ends of partitions by blocking
 * calls, so they are made on a thread of this driver's own, which hands the answer to the loop: one
 * question at a time, nothing of the loop's touched.
 *
 * Not by its asynchronous admin request for a group's offsets: that one crashes the process when
 * the coordinator's connection breaks under it (librdkafka issue 4605, open in newer versions too).
 * rd_kafka_committed on a consumer that never subscribes asks the same and joins nothing.
 *
 * The committed offsets are asked first: a partition's end is then never before what was committed.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/drv/queue_kafka_p.h"

enum {
    CACHE_MS = 500,
    COMMITTED_TIMEOUT_MS = 3000,
    BLOCKING_TIMEOUT_MS = 2000, /* each of three; close waits for one of them at most */
    PASSING_MS = 50,
    PASSING_TRIES = 20
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

struct kq_asker {
    pthread_t thread;
    sem_t asked;
    rd_kafka_topic_partition_list_t *question; /* handed over by `asked` */
};

/* --- on the asker's thread ------------------------------------------------------------- */

static rd_kafka_resp_err_t ask_once(const struct kq *q, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(q->observer, list, BLOCKING_TIMEOUT_MS);
    for (int i = 0; !code && i < list->cnt; i++)
        code = list->elems[i].err;
    for (int i = 0; !code && i < list->cnt; i++)
        if (list->elems[i].offset < 0)
            code = RD_KAFKA_RESP_ERR__NO_OFFSET;
    return code;
}

/* The topic or the group was made a moment ago, or a broker has just gone. */
static bool passes_soon(rd_kafka_resp_err_t e)
{
    return e == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           e == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           e == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE || e == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
           e == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           e == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

/* True: another try may do. Waits a little; nobody waits on this thread. */
static bool try_again(const struct kq *q, rd_kafka_resp_err_t e, int tries)
{
    static const struct timespec pause = {.tv_nsec = PASSING_MS * 1000000};
    if (!passes_soon(e) || tries >= PASSING_TRIES || atomic_load(&q->closing))
        return false;
    nanosleep(&pause, NULL);
    return true;
}

/* Offsets of all partitions of list, which come back in it; -1: end, -2: beginning. */
static int
ask_offsets(const struct kq *q, rd_kafka_topic_partition_list_t *list, int64_t which, struct err *e)
{
    rd_kafka_resp_err_t code;
    int tries = 0;
    do {
        for (int i = 0; i < list->cnt; i++)
            list->elems[i].offset = which;
        code = atomic_load(&q->closing) ? RD_KAFKA_RESP_ERR__DESTROY : ask_once(q, list);
    } while (try_again(q, code, ++tries));
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
        rd_kafka_metadata(q->observer, 0, NULL, &md, BLOCKING_TIMEOUT_MS))
        return;
    for (int i = 0; i < md->topic_cnt; i++)
        for (int t = 0; t < KQ_TASK_TOPICS; t++)
            if (!md->topics[i].err && !strcmp(md->topics[i].topic, q->names[t]))
                a->partitions[t] = md->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(md);
}

static rd_kafka_resp_err_t ask_committed(const struct kq *q, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t e = rd_kafka_committed(q->observer, list, COMMITTED_TIMEOUT_MS);
    for (int i = 0; !e && i < list->cnt; i++)
        e = list->elems[i].err;
    return e;
}

static struct kq_positions *answer(const struct kq *q, rd_kafka_topic_partition_list_t *list)
{
    struct kq_positions *a = xalloc(sizeof(*a));
    rd_kafka_resp_err_t e;
    int tries = 0;
    do
        e = ask_committed(q, list);
    while (try_again(q, e, ++tries));
    if (e) {
        a->failed = true;
        away(&a->err, e, NULL);
    } else {
        fill_from(q, a, list);
        count_partitions(q, a);
    }
    return a;
}

static void *asker_main(void *user)
{
    struct kq *q = user;
    uint64_t one = 1;
    for (;;) {
        while (sem_wait(&q->asker->asked) < 0)
            ;
        if (atomic_load(&q->closing))
            return NULL;
        answer_free(atomic_exchange(&q->answer, answer(q, q->asker->question)));
        rd_kafka_topic_partition_list_destroy(q->asker->question);
        q->asker->question = NULL;
        ssize_t sent = write(q->wake_fd, &one, sizeof(one));
        (void)sent; /* fails only when the counter is full, and then the loop is awake */
    }
}

/* --- on the loop ----------------------------------------------------------------------- */

static bool fresh(const struct kq *q)
{
    return q->cache && kq_now(q) - q->cached_ms < CACHE_MS;
}

static void asker_start(struct kq *q)
{
    q->asker = xalloc(sizeof(*q->asker));
    sem_init(&q->asker->asked, 0, 0);
    sigset_t all, before; /* signals are the loop's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&q->asker->thread, NULL, asker_main, q) != 0)
        out_of_memory("thread");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void kq_positions_stop(struct kq *q)
{
    if (!q->asker)
        return;
    sem_post(&q->asker->asked);
    pthread_join(q->asker->thread, NULL);
    if (q->asker->question)
        rd_kafka_topic_partition_list_destroy(q->asker->question);
    sem_destroy(&q->asker->asked);
    free(q->asker);
    q->asker = NULL;
}

static void ask(struct kq *q)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(q->partitions[0] + q->partitions[1]);
    for (int t = 0; t < KQ_TASK_TOPICS; t++)
        if (q->partitions[t])
            rd_kafka_topic_partition_list_add_range(list, q->names[t], 0, q->partitions[t] - 1);
    if (!q->asker)
        asker_start(q);
    q->asker->question = list;
    q->asking = true;
    sem_post(&q->asker->asked);
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

/* Takes over an answer of the asker. */
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
