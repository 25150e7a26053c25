#include "producer/publish.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

enum { BACKPRESSURE_MS = 20, CONFIRM_TIMEOUT_MS = 120 * 1000 };

/* Owned by whoever ends last: the publisher, or the callback that came after it gave up. */
struct confirmation {
    int64_t offer;
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

/* No more messages under the open offer; its confirmation comes while the next ones are sent. */
static void end_offer(struct publisher *p)
{
    struct confirmation *c = xalloc(sizeof(*c));
    c->offer = p->offer;
    c->arena = arena_new("ends of an offer", 16 << 20);
    p->offer = 0;
    vec_push(&p->ended, c);
    p->queue->ops->group_end(p->queue, (uint64_t)c->offer, delivered, c);
}

/* The oldest confirmation: into its row, or why not. */
static int settle_first(struct publisher *p, struct err *err)
{
    struct confirmation *c = p->ended.v[0];
    int rc = 0;
    vec_remove(&p->ended, 0);
    if (c->failed) {
        *err = c->err;
        rc = -1;
    } else {
        rc = p->store->ops->offer_delivered(p->store, c->offer, c->ends, c->n, err);
    }
    confirmation_free(c);
    return rc;
}

int publisher_offer(struct publisher *p, int64_t *ret_offer, struct err *err)
{
    if (p->offer && p->in_offer >= PUBLISH_OFFER_MAX)
        end_offer(p);
    while (p->ended.n && p->ended.v[0]->done && !p->ended.v[0]->failed)
        if (settle_first(p, err) < 0)
            return -1;
    if (!p->offer) {
        const char *id = p->queue->ops->id(p->queue);
        if (p->store->ops->offer_make(p->store, id, &p->offer, err) < 0)
            return -1;
        p->in_offer = 0;
        guid_random(&p->base);
    }
    *ret_offer = p->offer;
    return 0;
}

/* As random as the offer's base, and another one for each message of it. */
static struct guid message_id(const struct publisher *p)
{
    struct guid id = p->base;
    for (size_t i = 0; i < sizeof(uint32_t); i++)
        id.b[sizeof(id.b) - 1 - i] ^= (uint8_t)(p->in_offer >> 8 * i);
    return id;
}

int publisher_send(struct publisher *p,
                   enum task_op op,
                   int64_t mailbox,
                   int64_t person,
                   int64_t gen,
                   bool urgent,
                   struct err *err)
{
    const struct task t = {.id = message_id(p),
                           .op = op,
                           .mailbox = mailbox,
                           .person = person,
                           .gen = gen,
                           .at_ms = clock_wall(loop_clock(p->loop))};
    if (!p->text.p)
        str_init(&p->text, TASK_MAX_BYTES);
    str_clear(&p->text);
    task_encode(&t, &p->text);
    char key[24];
    int key_len = snprintf(key, sizeof(key), "%lld", (long long)mailbox);
    enum queue_topic topic = urgent ? QUEUE_URGENT : QUEUE_TASKS;
    int rc;
    while ((rc = p->queue->ops->publish(p->queue, topic, key, (size_t)key_len, p->text.p, p->text.n,
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

int publisher_confirm(struct publisher *p, struct err *err)
{
    int rc = 0;
    if (p->offer)
        end_offer(p);
    while (p->ended.n) {
        struct err last;
        if (loop_wait(p->loop, &p->ended.v[0]->done, CONFIRM_TIMEOUT_MS) < 0) {
            publisher_release(p);
            return err_set(err, SCOPE_REMOTE, WHEN_LATER, "publish.unconfirmed",
                           "the queue has not confirmed an offer; it is published again later");
        }
        if (settle_first(p, &last) < 0 && rc == 0) {
            *err = last;
            rc = -1;
        }
    }
    return rc;
}

void publisher_release(struct publisher *p)
{
    vec_foreach (c, &p->ended) {
        if ((*c)->done)
            confirmation_free(*c);
        else
            (*c)->abandoned = true;
    }
    vec_release(&p->ended);
    str_release(&p->text);
}
