/*
 * The content belongs to the broker, which all members share. Handing over, revoking and answering
 * are done by one timer of the broker's.
 */
#include "common/drv/queue_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/guid.h"
#include "common/base/map.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/net/loop.h"

#define TASK_TOPICS 2 /* QUEUE_TASKS and QUEUE_URGENT: those that are consumed */
enum { TURN_MESSAGES = 1000, COMPACT_AT = 1024, ID_BYTES = 64 };

struct message {
    int64_t at_ms;
    uint32_t key_len, value_len;
    char bytes[]; /* key, then value */
};

struct partition {
    vec(struct message *) v; /* from offset `base` on; NULL: acked */
    int64_t base;
    size_t head;          /* in v: the first that is not acked, what the group has committed */
    size_t next;          /* in v: to be handed over */
    struct member *owner; /* NULL: nobody's */
};

struct group {
    uint64_t id;
    int64_t end[QUEUE_TOPIC_COUNT][QUEUE_MEMORY_PARTITIONS];
};

struct question { /* group_end or positions, to be answered from the loop */
    struct member *asker;
    struct group *group; /* NULL: positions */
    queue_group_done group_done;
    queue_positions_done positions_done;
    void *user;
};

struct broker {
    struct loop *loop;
    struct loop_timer *due;
    char id[ID_BYTES];
    size_t waiting;                         /* messages held */
    int64_t uncollected[QUEUE_TOPIC_COUNT]; /* next offsets of topics that nobody consumes */
    struct partition parts[TASK_TOPICS][QUEUE_MEMORY_PARTITIONS];
    vec(struct member *) members;
    vec(struct question) questions;
    struct map *groups;
    bool deal;               /* members came or left */
    bool working, again;     /* handlers may turn the loop */
    struct message *in_hand; /* lent to a handler */
    bool in_hand_acked;
};

struct member {
    struct queue q;
    struct broker *b;
    struct queue_handlers h;
    bool subscribed, paused, closed;
    uint64_t handed_over;
};

/* --- the broker's turn ----------------------------------------------------------------- */

static void work(void *user);

static void kick(struct broker *b)
{
    if (b->working)
        b->again = true;
    else if (!b->due)
        b->due = loop_after(b->loop, 0, work, b);
}

static struct member *owner_of(const struct broker *b, int p)
{
    size_t n = 0;
    vec_foreach (m, &b->members)
        n += (*m)->subscribed;
    if (!n)
        return NULL;
    size_t which = (size_t)p % n;
    vec_foreach (m, &b->members)
        if ((*m)->subscribed && which-- == 0)
            return *m;
    return NULL;
}

static void deal(struct broker *b)
{
    if (!b->deal)
        return;
    b->deal = false;
    for (int t = 0; t < TASK_TOPICS; t++) {
        for (int p = 0; p < QUEUE_MEMORY_PARTITIONS; p++) {
            struct partition *part = &b->parts[t][p];
            struct member *was = part->owner, *is = owner_of(b, p);
            if (was == is)
                continue;
            part->owner = is;
            part->next = part->head; /* what was not acked comes again */
            if (was)
                was->h.revoked((enum queue_topic)t, p, was->h.user);
        }
    }
}

static void free_message(struct broker *b, struct message *m)
{
    if (m == b->in_hand)
        b->in_hand_acked = true; /* lent: freed when the handler is back */
    else
        free(m);
}

static void hand_over(struct broker *b, int t, int p)
{
    struct partition *part = &b->parts[t][p];
    struct message *m = part->v.v[part->next];
    const struct queue_message out = {
        .topic = (enum queue_topic)t,
        .partition = p,
        .offset = part->base + (int64_t)part->next,
        .at_ms = m->at_ms,
        .key = m->bytes,
        .key_len = m->key_len,
        .value = m->bytes + m->key_len,
        .value_len = m->value_len,
    };
    part->next++;
    part->owner->handed_over++;
    b->in_hand = m;
    b->in_hand_acked = false;
    part->owner->h.message(&out, part->owner->h.user);
    b->in_hand = NULL;
    if (b->in_hand_acked)
        free(m);
}

/* True: at least one message of that topic was handed over. Round robin over the partitions. */
static bool deliver_round(struct broker *b, int t, int *left)
{
    bool any = false;
    for (int p = 0; p<QUEUE_MEMORY_PARTITIONS && * left> 0 && !b->deal; p++) {
        struct partition *part = &b->parts[t][p];
        if (!part->owner || part->owner->paused)
            continue;
        while (part->next < part->v.n && !part->v.v[part->next])
            part->next++; /* acked by the partition's owner before */
        if (part->next == part->v.n)
            continue;
        hand_over(b, t, p);
        --*left;
        any = true;
    }
    return any;
}

static void deliver(struct broker *b)
{
    int left = TURN_MESSAGES;
    bool any = true;
    while (any && left > 0 && !b->deal) {
        any = deliver_round(b, QUEUE_URGENT, &left);
        if (!any)
            any = deliver_round(b, QUEUE_TASKS, &left);
    }
    if (any || b->deal)
        b->again = true;
}

/* --- answers --------------------------------------------------------------------------- */

static void answer_group(const struct question *qu, const struct err *err)
{
    struct queue_end ends[QUEUE_TOPIC_COUNT * QUEUE_MEMORY_PARTITIONS];
    size_t n = 0;
    for (int t = 0; !err && t < QUEUE_TOPIC_COUNT; t++)
        for (int p = 0; p < QUEUE_MEMORY_PARTITIONS; p++)
            if (qu->group->end[t][p])
                ends[n++] = (struct queue_end){(enum queue_topic)t, p, qu->group->end[t][p]};
    qu->group_done(ends, n, err, qu->user);
    free(qu->group);
}

static void answer_positions(const struct broker *b, const struct question *qu)
{
    struct queue_position v[TASK_TOPICS * QUEUE_MEMORY_PARTITIONS];
    size_t n = 0;
    for (int t = 0; t < TASK_TOPICS; t++)
        for (int p = 0; p < QUEUE_MEMORY_PARTITIONS; p++) {
            const struct partition *part = &b->parts[t][p];
            v[n++] =
                (struct queue_position){(enum queue_topic)t, p, part->base + (int64_t)part->head,
                                        part->base + (int64_t)part->v.n};
        }
    qu->positions_done(v, n, NULL, qu->user);
}

static void answer(struct broker *b)
{
    __typeof__(b->questions) questions = b->questions;
    memset(&b->questions, 0, sizeof(b->questions));
    vec_foreach (qu, &questions) {
        if (qu->group)
            answer_group(qu, NULL);
        else
            answer_positions(b, qu);
    }
    vec_release(&questions);
}

static void work(void *user)
{
    struct broker *b = user;
    b->due = NULL;
    b->working = true;
    b->again = false;
    deal(b);
    answer(b);
    deliver(b);
    b->working = false;
    if (b->again)
        kick(b);
}

/* --- publishing ------------------------------------------------------------------------ */

static struct group *group_of(struct broker *b, uint64_t id)
{
    struct group *g = map_get_u64(b->groups, id);
    if (!g) {
        g = xalloc(sizeof(*g));
        g->id = id;
        map_put_u64(b->groups, id, g);
    }
    return g;
}

static bool consumed(enum queue_topic t)
{
    return t == QUEUE_TASKS || t == QUEUE_URGENT;
}

static int partition_of(const char *key, size_t n)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)key[i]) * 16777619u;
    return (int)(h % QUEUE_MEMORY_PARTITIONS);
}

static int64_t append(struct broker *b,
                      enum queue_topic t,
                      int p,
                      const char *key,
                      size_t key_len,
                      const char *value,
                      size_t value_len)
{
    if (!consumed(t))
        return b->uncollected[t]++;
    struct partition *part = &b->parts[t][p];
    struct message *m = xalloc(sizeof(*m) + key_len + value_len);
    m->at_ms = clock_wall(loop_clock(b->loop));
    m->key_len = (uint32_t)key_len;
    m->value_len = (uint32_t)value_len;
    if (key_len)
        memcpy(m->bytes, key, key_len);
    if (value_len)
        memcpy(m->bytes + key_len, value, value_len);
    vec_push(&part->v, m);
    b->waiting++;
    return part->base + (int64_t)part->v.n - 1;
}

static int publish(struct queue *base,
                   enum queue_topic t,
                   const char *key,
                   size_t key_len,
                   const char *value,
                   size_t value_len,
                   uint64_t group,
                   struct err *err)
{
    struct member *me = (struct member *)base;
    struct broker *b = me->b;
    if (me->closed)
        return err_set(err, SCOPE_PROCESS, WHEN_LATER, "memory.closed", "the queue is closed");
    if (key_len > UINT16_MAX || value_len > 1 << 20) /* as Kafka's default for a message */
        return err_set(err, SCOPE_ITEM, WHEN_NEVER, "memory.too_large", "message too large");
    if (b->waiting >= QUEUE_MEMORY_MAX)
        return 1;
    int p = consumed(t) ? partition_of(key, key_len) : 0;
    int64_t offset = append(b, t, p, key, key_len, value, value_len);
    if (group)
        group_of(b, group)->end[t][p] = offset + 1;
    kick(b);
    return 0;
}

static void group_end(struct queue *base, uint64_t group, queue_group_done done, void *user)
{
    struct member *me = (struct member *)base;
    struct group *g = group_of(me->b, group);
    map_del_u64(me->b->groups, group);
    vec_push(&me->b->questions,
             (struct question){.asker = me, .group = g, .group_done = done, .user = user});
    kick(me->b);
}

/* --- consuming ------------------------------------------------------------------------- */

static int subscribe(struct queue *base, const struct queue_handlers *h, struct err *err)
{
    struct member *me = (struct member *)base;
    if (me->closed)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "memory.closed", "the queue is closed");
    me->h = *h;
    me->subscribed = true;
    me->b->deal = true;
    kick(me->b);
    return 0;
}

/* Forgets what is acked at the front, now and then. */
static void compact(struct partition *part)
{
    while (part->head < part->v.n && !part->v.v[part->head])
        part->head++;
    if (part->next < part->head)
        part->next = part->head;
    if (part->head < COMPACT_AT || part->head < part->v.n / 2)
        return;
    part->v.n -= part->head;
    memmove(part->v.v, part->v.v + part->head, part->v.n * sizeof(*part->v.v));
    part->base += (int64_t)part->head;
    part->next -= part->head;
    part->head = 0;
}

static void ack(struct queue *base, enum queue_topic t, int32_t p, int64_t offset)
{
    struct member *me = (struct member *)base;
    struct broker *b = me->b;
    if (!consumed(t) || p < 0 || p >= QUEUE_MEMORY_PARTITIONS)
        return;
    struct partition *part = &b->parts[t][p];
    if (part->owner != me || offset < part->base || offset >= part->base + (int64_t)part->next)
        return;
    size_t i = (size_t)(offset - part->base);
    if (!part->v.v[i])
        return;
    free_message(b, part->v.v[i]);
    part->v.v[i] = NULL;
    b->waiting--;
    compact(part);
}

static void pause_flow(struct queue *base, bool on)
{
    struct member *me = (struct member *)base;
    if (me->paused == on)
        return;
    me->paused = on;
    if (!on)
        kick(me->b);
}

static void positions(struct queue *base, queue_positions_done done, void *user)
{
    struct member *me = (struct member *)base;
    vec_push(&me->b->questions,
             (struct question){.asker = me, .positions_done = done, .user = user});
    kick(me->b);
}

/* --- life ------------------------------------------------------------------------------ */

static const char *id(struct queue *base)
{
    return ((struct member *)base)->b->id;
}

static void broker_free(struct broker *b)
{
    loop_cancel(b->due);
    for (int t = 0; t < TASK_TOPICS; t++)
        for (int p = 0; p < QUEUE_MEMORY_PARTITIONS; p++) {
            vec_foreach (m, &b->parts[t][p].v)
                free(*m);
            vec_release(&b->parts[t][p].v);
        }
    map_foreach (it, b->groups)
        free(it.value);
    map_free(b->groups);
    vec_release(&b->members);
    vec_release(&b->questions);
    free(b);
}

/* Nobody else would tell those who wait. What they published is there; where, nobody needs. */
static void end_questions(struct member *me)
{
    struct err err;
    err_set(&err, SCOPE_REMOTE, WHEN_UNKNOWN, "memory.closed", "the queue was closed");
    struct broker *b = me->b;
    for (size_t i = 0; i < b->questions.n;) {
        struct question qu = b->questions.v[i];
        if (qu.asker != me) {
            i++;
            continue;
        }
        vec_remove(&b->questions, i);
        if (qu.group)
            answer_group(&qu, &err);
        else
            qu.positions_done(NULL, 0, &err, qu.user);
    }
}

static void close_member(struct queue *base, uint32_t timeout_ms)
{
    struct member *me = (struct member *)base;
    struct broker *b = me->b;
    (void)timeout_ms;
    if (me->closed)
        return;
    me->closed = true;
    me->subscribed = false;
    end_questions(me);
    for (int t = 0; t < TASK_TOPICS; t++)
        for (int p = 0; p < QUEUE_MEMORY_PARTITIONS; p++) {
            struct partition *part = &b->parts[t][p];
            if (part->owner == me) {
                part->owner = NULL;
                part->next = part->head;
            }
        }
    b->deal = true;
    kick(b);
}

static void free_member(struct queue *base)
{
    struct member *me = (struct member *)base;
    if (!me)
        return;
    close_member(base, 0);
    struct broker *b = me->b;
    for (size_t i = 0; i < b->members.n; i++)
        if (b->members.v[i] == me) {
            vec_remove(&b->members, i);
            break;
        }
    if (!b->members.n)
        broker_free(b);
    free(me);
}

static void debug(struct queue *base, struct str *out)
{
    const struct member *me = (const struct member *)base;
    const struct broker *b = me->b;
    size_t parts[TASK_TOPICS] = {0}, ready[TASK_TOPICS] = {0};
    for (int t = 0; t < TASK_TOPICS; t++)
        for (int p = 0; p < QUEUE_MEMORY_PARTITIONS; p++) {
            const struct partition *part = &b->parts[t][p];
            parts[t] += part->owner == me;
            ready[t] += part->v.n - part->next;
        }
    str_addf(out,
             "{\"driver\":\"memory\",\"members\":%zu,\"handed_over\":%" PRIu64
             ",\"unfinished\":%zu,\"paused\":%s,\"changes\":%" PRId64 ",\"dead\":%" PRId64,
             b->members.n, me->handed_over, b->waiting - ready[QUEUE_TASKS] - ready[QUEUE_URGENT],
             me->paused ? "true" : "false", b->uncollected[QUEUE_CHANGES],
             b->uncollected[QUEUE_DEAD]);
    str_addf(out,
             ",\"partitions\":{\"tasks\":%zu,\"urgent\":%zu}"
             ",\"ready\":{\"tasks\":%zu,\"urgent\":%zu}}",
             parts[QUEUE_TASKS], parts[QUEUE_URGENT], ready[QUEUE_TASKS], ready[QUEUE_URGENT]);
}

static const struct queue_ops memory_ops = {
    .name = "memory",
    .publish = publish,
    .group_end = group_end,
    .subscribe = subscribe,
    .ack = ack,
    .pause = pause_flow,
    .positions = positions,
    .id = id,
    .close = close_member,
    .free = free_member,
    .debug = debug,
};

static struct queue *join(struct broker *b)
{
    struct member *me = xalloc(sizeof(*me));
    me->q.ops = &memory_ops;
    me->b = b;
    vec_push(&b->members, me);
    return &me->q;
}

struct queue *queue_memory_new(struct loop *l)
{
    struct broker *b = xalloc(sizeof(*b));
    struct guid g;
    guid_random(&g);
    char text[GUID_TEXT];
    snprintf(b->id, sizeof(b->id), "memory/%s", guid_format(&g, text));
    b->loop = l;
    b->groups = map_new();
    return join(b);
}

struct queue *queue_memory_join(struct queue *member)
{
    return join(((struct member *)member)->b);
}
