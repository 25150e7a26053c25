#include "producer/publish.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

enum { BACKPRESSURE_MS = 20, CONFIRM_TIMEOUT_MS = 120 * 1000 };

int publisher_offer(struct publisher *p, int64_t *ret_offer, struct err *err)
{
    if (p->offer && p->in_offer >= PUBLISH_OFFER_MAX && publisher_confirm(p, err) < 0)
        return -1;
    if (!p->offer) {
        const char *id = p->queue->ops->id(p->queue);
        if (p->store->ops->offer_make(p->store, id, &p->offer, err) < 0)
            return -1;
        p->in_offer = 0;
    }
    *ret_offer = p->offer;
    return 0;
}

int publisher_send(struct publisher *p,
                   enum task_op op,
                   int64_t mailbox,
                   int64_t person,
                   int64_t gen,
                   bool urgent,
                   struct err *err)
{
    struct task t = {.op = op, .mailbox = mailbox, .person = person, .gen = gen};
    guid_random(&t.id);
    t.at_ms = clock_wall(loop_clock(p->loop));
    autovalue(str_release) struct str value = STR_INIT(TASK_MAX_BYTES);
    task_encode(&t, &value);
    char key[24];
    int key_len = snprintf(key, sizeof(key), "%lld", (long long)mailbox);
    enum queue_topic topic = urgent ? QUEUE_URGENT : QUEUE_TASKS;
    int rc;
    while ((rc = p->queue->ops->publish(p->queue, topic, key, (size_t)key_len, value.p, value.n,
                                        (uint64_t)p->offer, err)) == 1) {
        loop_turn(p->loop, BACKPRESSURE_MS);
        if (loop_quitting(p->loop))
            return err_set(err, SCOPE_PROCESS, WHEN_LATER, "publish.stopped",
                           "stopped while the queue was full");
    }
    if (rc == 0) {
        p->in_offer++;
        p->total++;
    }
    return rc;
}

/* Owned by whoever ends last: the waiter, or the callback that came after the waiter gave up. */
struct confirmation {
    bool done, abandoned;
    bool failed;
    struct err err;
    struct arena *arena;
    struct queue_end *ends;
    size_t n;
};

static void confirmation_free(struct confirmation *c)
{
    arena_free(c->arena);
    free(c);
}

static void delivered(const struct queue_end *ends, size_t n, const struct err *err, void *user)
{
    struct confirmation *c = user;
    if (c->abandoned) {
        confirmation_free(c);
        return;
    }
    c->failed = err != NULL;
    if (err)
        c->err = *err;
    c->ends = arena_memdup(c->arena, ends, n * sizeof(*ends));
    c->n = n;
    c->done = true;
}

int publisher_confirm(struct publisher *p, struct err *err)
{
    if (!p->offer)
        return 0;
    int64_t offer = p->offer;
    p->offer = 0;
    struct confirmation *c = xalloc(sizeof(*c));
    c->arena = arena_new("ends of an offer", 16 << 20);
    p->queue->ops->group_end(p->queue, (uint64_t)offer, delivered, c);
    if (loop_wait(p->loop, &c->done, CONFIRM_TIMEOUT_MS) < 0) {
        c->abandoned = true;
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "publish.unconfirmed",
                       "the queue has not confirmed an offer; it is published again later");
    }
    int rc = 0;
    if (c->failed) {
        *err = c->err;
        rc = -1;
    } else {
        rc = p->store->ops->offer_delivered(p->store, offer, c->ends, c->n, err);
    }
    confirmation_free(c);
    return rc;
}
